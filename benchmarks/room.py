"""Twenty people clicking in the review room: how long each page takes, on a home that has a run.

`python -m benchmarks.room HOME --password-of NAME=PASSWORD …` serves a home on loopback in a process of its own, signs everybody
named in, and lets as many people as asked for click through its pages, each with a pause as a reader makes. It ends by itself.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from urllib.parse import urlencode

PAGES = (
    "/monday", "/list", "/list?part=all&sort=d90", "/list?lane=support&part=all", "/looks", "/cases", "/estimates", "/quality",
    "/runs", "/cycles", "/cycles/C1", "/cycles/C1/minutes", "/actions", "/lessons", "/links", "/taskings", "/coding",
    "/process", "/rights", "/audit", "/why",
)  # fmt: skip
LIMIT_MS = 300


class Person(threading.Thread):
    """One reader: signs in, then clicks until the time is up."""

    def __init__(
        self, port: int, name: str, password: str, seed: int, until: float, pause: tuple[float, float]
    ) -> None:
        super().__init__(daemon=True)
        self._port, self._name, self._password, self._until, self._pause = port, name, password, until, pause
        self._chance = random.Random(seed)  # noqa: S311 - where a reader clicks next
        self._cookie = ""
        self.taken: dict[str, list[float]] = defaultdict(list)
        self.failed: list[str] = []

    def run(self) -> None:
        token = self._token(self._ask("GET", "/sign-in")[1])
        self._ask("POST", "/sign-in", urlencode({"form_token": token, "name": self._name, "password": self._password}))
        text = self._ask("GET", "/list")[1]
        listed = re.findall(r'href="(/cases/K-[0-9A-F]{10})"', text)
        pages = [
            path for path in PAGES if f'href="/{path[1:].replace("?", "/").partition("/")[0]}"' in text
        ]  # of the menu
        time.sleep(self._chance.uniform(0, 3))
        while time.perf_counter() < self._until:
            case = self._chance.choice(listed)
            path = self._chance.choice((*pages, case, case, case, f"{case}/calls"))
            started = time.perf_counter()
            status, _ = self._ask("GET", path)
            self.taken[re.sub(r"K-[0-9A-F]{10}", "K-…", path)].append(1000 * (time.perf_counter() - started))
            if status != 200:
                self.failed.append(f"{path}: {status}")
            time.sleep(self._chance.uniform(*self._pause))

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        con = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Cookie": self._cookie} if self._cookie else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        con.request(method, path, body, headers)
        reply = con.getresponse()
        text = reply.read().decode()
        given = reply.getheader("Set-Cookie")
        self._cookie = given.partition(";")[0] if given else self._cookie
        con.close()
        return reply.status, text

    @staticmethod
    def _token(text: str) -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', text)
        assert found is not None
        return found.group(1)


def main() -> int:
    """Serve, click, tell; 1 where a page's median is over the limit, or one failed."""
    options = _options()
    serving = subprocess.Popen(
        [sys.executable, "-m", "misuse", "serve", "--port", str(options.port)],
        env={**os.environ, "MISUSE_HOME": options.home},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(options.port)
        until = time.perf_counter() + options.seconds
        users = [given.split("=", 1) for given in options.user]
        people = [
            Person(options.port, *users[number % len(users)], seed=number, until=until, pause=(1.0, 4.0))
            for number in range(options.people)
        ]
        for person in people:
            person.start()
        for person in people:
            person.join(options.seconds + 60)
    finally:
        serving.terminate()
        serving.wait(20)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return _tell(people, options.people, used.ru_utime + used.ru_stime)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", help="a home with a run and a list frozen for a meeting (C1)")
    parser.add_argument("--user", action="append", required=True, metavar="NAME=PASSWORD", help="somebody of the group")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=45.0)
    parser.add_argument("--port", type=int, default=8997)
    return parser.parse_args()


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            con = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            con.request("GET", "/sign-in")
            con.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the room did not start")


def _tell(people: list[Person], count: int, processor: float) -> int:
    taken: dict[str, list[float]] = defaultdict(list)
    for person in people:
        for path, times in person.taken.items():
            taken[path] += times
    print(f"{count} people, {sum(map(len, taken.values()))} pages; milliseconds: median, 95th percentile, longest")
    for path, times in sorted(taken.items()):
        last = sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]
        print(f"  {path:36} {len(times):4}  {statistics.median(times):6.0f} {last:6.0f} {max(times):6.0f}")
    whole = sorted(time for times in taken.values() for time in times)
    over = sum(time > LIMIT_MS for time in whole)
    print(
        f"  in all: median {statistics.median(whole):.0f}, 95th {whole[int(len(whole) * 0.95)]:.0f}; over {LIMIT_MS}: {over}"
    )
    print(
        f"  the room's processor time, its start among it: {processor:.1f} s, {1000 * processor / len(whole):.0f} ms a page"
    )
    failed = [one for person in people for one in person.failed]
    print(f"  failed: {failed[:5] or 'none'}")
    return int(bool(failed) or any(statistics.median(times) > LIMIT_MS for times in taken.values()))


if __name__ == "__main__":
    sys.exit(main())
