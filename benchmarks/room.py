"""Twenty people clicking in the review room: how long each page takes, on a home that has a run and a list frozen (C1).

`python -m benchmarks.room HOME --user NAME=PASSWORD …` serves a home on loopback in a process of its own, signs as many people
in as asked for, all at once, and then lets each click through the pages at random, a third of the clicks on cases; with
`--while-others-sign-in` whoever is in begins. After each page
they read for a while, on the average `--pause-seconds`: people read for longer than the three that stand there, and with 0 the
machine is asked for all it gives. With `--republish` the pointer moves at half time to another name of the same copy, as it does
after a run: what was remembered of the first does not count for the second. Clients and room share the machine's cores. What it
prints stands in docs/performance.md. It ends by itself: with 1 where a page failed or a page's median is over 300 ms.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
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
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.bench import machine

PAGES = (
    "/monday", "/list", "/list?part=all&sort=d90", "/list?lane=support&part=all", "/looks", "/cases", "/estimates", "/quality",
    "/runs", "/cycles", "/cycles/C1", "/cycles/C1/minutes", "/actions", "/lessons", "/links", "/taskings", "/coding",
    "/process", "/rights", "/audit", "/why",
)  # fmt: skip
LIMIT_MS = 300
LONGEST_START = 60


class Person(threading.Thread):
    """One reader: signs in, then clicks until the time is up."""

    def __init__(
        self, port: int, name: str, password: str, seed: int, seconds: float, pause: float, are_in: threading.Barrier
    ) -> None:
        super().__init__(daemon=True)
        self._port, self._name, self._password, self._pause = port, name, password, pause
        self._seconds, self._are_in = seconds, are_in
        self._chance = random.Random(seed)  # noqa: S311 - where a reader clicks next
        self._cookie = ""
        self.taken: dict[str, list[float]] = defaultdict(list)
        self.failed: list[str] = []

    def run(self) -> None:
        listed, pages = self._signed_in()
        self._are_in.wait()
        until = time.perf_counter() + self._seconds
        self._read(first=True)
        while listed and time.perf_counter() < until:
            case = self._chance.choice(listed)
            path = self._chance.choice((*pages, *[case] * (len(pages) // 3), *[f"{case}/calls"] * (len(pages) // 6)))
            self._timed("GET", path)
            self._read()

    def _signed_in(self) -> tuple[list[str], list[str]]:
        """The cases of the list, and the pages that the person's menu leads to."""
        token = self._token(self._ask("GET", "/sign-in")[1])
        form = urlencode({"form_token": token, "name": self._name, "password": self._password})
        if self._timed("POST", "/sign-in", form)[0] != 303:
            return [], []
        text = self._ask("GET", "/list")[1]
        menu = [path for path in PAGES if f'href="/{path[1:].replace("?", "/").partition("/")[0]}"' in text]
        return re.findall(r'href="(/cases/K-[0-9A-F]{10})"', text), menu

    def _read(self, *, first: bool = False) -> None:
        time.sleep(self._chance.uniform(0 if first else self._pause / 2, self._pause if first else self._pause * 1.5))

    def _timed(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        started = time.perf_counter()
        status, text = self._ask(method, path, body)
        name = "signing in" if method == "POST" else re.sub(r"K-[0-9A-F]{10}", "K-…", path)
        self.taken[name].append(1000 * (time.perf_counter() - started))
        if status != (303 if method == "POST" else 200):
            self.failed.append(f"{name}: {status}")
        return status, text

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
    """Serve, click, tell."""
    options = _options()
    held = machine()
    serving = subprocess.Popen(
        [sys.executable, "-m", "misuse", "serve", "--port", str(options.port)],
        env={**os.environ, "MISUSE_HOME": options.home},
        stderr=subprocess.DEVNULL,
    )
    try:
        start = _wait(options.port)
        people = _click(options)
    finally:
        serving.terminate()
        serving.wait(20)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{held['processor']}, {held['cores']} cores; Python {held['python']}; commit {held['commit']}, ", end="")
    print(f"load before {held['load_before']}, niceness {held['niceness']}. Ready after {start:.1f} s. ", end="")
    return _tell(people, options, used.ru_utime + used.ru_stime)


def _click(options: argparse.Namespace) -> list[Person]:
    are_in = threading.Barrier(1 if options.while_others_sign_in else options.people)
    users = [given.split("=", 1) for given in options.user]
    people = [
        Person(options.port, name, password, number, options.seconds, options.pause_seconds, are_in)
        for number, (name, password) in zip(range(options.people), itertools.cycle(users), strict=False)
    ]
    for person in people:
        person.start()
    current = (Path(options.home) / "published" / "current.duckdb").resolve()
    again = current.with_stem(f"{current.stem}-again")
    if options.republish:
        time.sleep(options.seconds / 2)
        again.hardlink_to(current)
        _point(again)
    for person in people:
        person.join(options.seconds + 60)
    if options.republish:
        _point(current)
        again.unlink()
    return people


def _point(copy: Path) -> None:
    """Move the pointer, as a publication does."""
    beside = copy.with_name("current.duckdb.tmp")
    beside.symlink_to(copy.name)
    beside.replace(copy.with_name("current.duckdb"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", help="a home with a run and a list frozen for a meeting (C1)")
    parser.add_argument("--user", action="append", required=True, metavar="NAME=PASSWORD", help="somebody of the group")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pause-seconds", type=float, default=3.0, help="how long each reads a page, on the average")
    parser.add_argument("--republish", action="store_true", help="move the pointer at half time, as a run does")
    parser.add_argument("--while-others-sign-in", action="store_true", help="click before everybody is signed in")
    parser.add_argument("--port", type=int, default=8997)
    return parser.parse_args()


def _wait(port: int) -> float:
    """How long the room took to answer, in seconds."""
    began = time.perf_counter()
    while time.perf_counter() - began < LONGEST_START:
        try:
            con = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            con.request("GET", "/sign-in")
            con.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return time.perf_counter() - began
    raise SystemExit("the room did not start")


def _tell(people: list[Person], options: argparse.Namespace, processor: float) -> int:
    taken: dict[str, list[float]] = defaultdict(list)
    for person in people:
        for path, times in person.taken.items():
            taken[path] += times
    signing_in = taken.pop("signing in")
    print(
        f"{options.people} people reading {options.pause_seconds:g} s between two pages, for {options.seconds:g} s",
        end=", each as soon as they are signed in" if options.while_others_sign_in else "",
    )
    print(f"{', another copy published at half time' if options.republish else ''}.\n")
    print("| page | views | median ms | 95th | longest |\n|---|---|---|---|---|")
    for path, times in sorted(taken.items()):
        print(_line(f"`{path}`", times))
    whole = [time for times in taken.values() for time in times]
    print(_line("**all pages**", whole))
    print(_line("signing in, all at once", signing_in))
    over = sum(time > LIMIT_MS for time in whole)
    failed = [one for person in people for one in person.failed]
    print(
        f"\nOver {LIMIT_MS} ms: {over} of {len(whole):,}. Processor time of the room, its start and sign-ins among it: ",
        end="",
    )
    print(
        f"{processor:.1f} s, {1000 * processor / len(whole):.0f} ms a page. Failed: {len(failed)} {failed[:5] or ''}".strip()
        + "."
    )
    return int(bool(failed) or any(statistics.median(times) > LIMIT_MS for times in taken.values()))


def _line(name: str, times: list[float]) -> str:
    last = sorted(times)[min(len(times) - 1, int(len(times) * 0.95))]
    return f"| {name} | {len(times):,} | {statistics.median(times):.0f} | {last:.0f} | {max(times):.0f} |"


if __name__ == "__main__":
    sys.exit(main())
