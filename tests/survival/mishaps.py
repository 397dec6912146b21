"""What else befalls a home: no room, no rights, no key, another's clock, damaged files, two runs at once, a file half written.

Each says what must be said, leaves the published list whole, and is over once its cause is.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.survival.stage import LONG_AGO, ROOT
from tests.survival.trials import CODES, SCENARIOS, Theatre

RUN = SCENARIOS[0]
KEYS = ("vault.key", "token.key", "casebook.key")
STORES = ("warehouse.duckdb", "vault.duckdb", "casebook.sqlite", "published", "last_run.json", "identity.json", "casebook.head",
          "casebook.anchors", "misuse.toml")  # fmt: skip


def said_well(answer: dict[str, Any], *, codes: set[int] = CODES, words: str = "") -> None:
    """A message and not a traceback, a documented code, and what to do next wherever something was wrong."""
    assert answer["code"] in codes, f"code {answer['code']}: {answer['err'][-1200:]}"
    assert "Traceback" not in answer["err"], answer["err"][-1500:]
    assert "fault of the program" not in answer["err"], answer["err"][-800:]
    assert not answer.get("is_hung"), "it hung"
    if answer["code"]:
        assert "Next:" in answer["err"], f"says nothing of what to do: {answer['err'][-400:]}"
    assert words in answer["err"], f"does not say {words!r}: {answer['err'][-400:]}"


@contextlib.contextmanager
def mishap(theatre: Theatre, kind: str) -> Iterator[Path]:
    """A fresh home with a log waiting, to befall; then the run that must complete, and the comparison."""
    clean = theatre.rehearse(RUN)
    home = theatre.set_up(RUN)
    theatre.count(kind)
    try:
        yield home
        seen = theatre.examine(home, is_whole=False)["published"]["current"]
        assert seen in {clean.before["published"]["current"], clean.after["published"]["current"]}, (
            "neither old nor new list"
        )
        theatre.recover(RUN, home, clean, runs=True)
    except AssertionError as error:
        theatre.tally.troubles.append(f"{kind}: {error}")


def no_room(theatre: Theatre, chance: random.Random) -> None:
    """No file may grow beyond a size, as on a full disk."""
    size = int(2 ** chance.uniform(12, 24.5))
    with mishap(theatre, "no room") as home:
        said_well(theatre.nursery.child(home, "run", faults={"file_bytes": size}))


def full_disk(theatre: Theatre, chance: random.Random) -> None:
    """A disk of its own that fills up while a run writes; skipped where nothing may be mounted."""
    disk = theatre.stage.root / f"{theatre.name}-disk"
    disk.mkdir(exist_ok=True)
    used = sum(path.stat().st_size for path in theatre.stage.template.rglob("*") if path.is_file())
    megabytes = used // 2**20 + int(2 ** chance.uniform(0, 5.5))
    if _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(disk)):
        return
    try:
        with mishap(theatre, "full disk") as home:
            shutil.copytree(home, disk / "home", symlinks=True)
            said_well(theatre.nursery.child(disk / "home", "run"))
            shutil.rmtree(home)
            shutil.copytree(disk / "home", home, symlinks=True)  # more room is found
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False, capture_output=True)


def no_rights(theatre: Theatre, chance: random.Random) -> None:
    """A folder or file of the home may be read and not written."""
    part = chance.choice(
        [".", "published", "scratch", "keys", "vault.duckdb", "warehouse.duckdb", "casebook.sqlite", "reports"]
    )
    with mishap(theatre, f"read-only {part}") as home, read_only(home, part) as is_so:
        if is_so:
            said_well(theatre.nursery.child(home, "run"))


@contextlib.contextmanager
def read_only(home: Path, part: str) -> Iterator[bool]:
    """One part of the home that nobody can write to: for root, who may write anywhere, mounted so. False where it can't be."""
    target = home / part
    if os.getuid():
        mode = target.stat().st_mode & 0o777
        target.chmod(0o500 if target.is_dir() else 0o400)
        yield True
        target.chmod(mode)
        return
    mounted = not _mount("--bind", str(target), str(target))
    try:
        yield mounted and not _mount("-o", "remount,bind,ro", str(target))
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(target)], check=False, capture_output=True)


def _mount(*words: str) -> int:
    return subprocess.run(["mount", *words], check=False, capture_output=True).returncode


def no_key(theatre: Theatre, chance: random.Random) -> None:
    """A key is gone, another's, empty or open to all; put back, all is well."""
    name, way = chance.choice(KEYS), chance.choice(["gone", "another", "empty", "open"])
    with mishap(theatre, f"{way} {name}") as home:
        path = home / "keys" / name
        kept = path.read_bytes()
        if way == "gone":
            path.unlink()
        elif way == "open":
            path.chmod(0o644)
        else:
            path.write_bytes(b"" if way == "empty" else b"9" * 64 + b"\n")
        answer = theatre.nursery.child(home, "run")
        said_well(answer, codes={5}, words="key")
        path.unlink(missing_ok=True)
        path.write_bytes(kept)
        path.chmod(0o600)


def clock(theatre: Theatre, chance: random.Random) -> None:
    """The clock is years off, either way, for one run."""
    days = chance.choice([-36500, -9000, -800, -41, -1, 1, 40, 400, 9000])
    with mishap(theatre, "clock") as home:
        said_well(theatre.nursery.child(home, "run", faults={"shift_days": days}))


def two_at_once(theatre: Theatre, chance: random.Random) -> None:
    """Two runs start together: one does the work, the other says that it waits."""
    with mishap(theatre, "two runs at once") as home:
        answers = theatre.nursery.at_once({"words": ["run"], "home": home}, {"words": ["run"], "home": home})
        for answer in answers:
            said_well(answer, codes={0, 4})
        assert 0 in {answer["code"] for answer in answers}, "neither did the work"


def still_written(theatre: Theatre, chance: random.Random) -> None:
    """Somebody is still writing the log: it is left alone, or taken whole once it stands still."""
    with mishap(theatre, "file still written") as home:
        path = home / "inbox" / "calls" / "second.csv"
        whole = path.read_bytes()
        cut = chance.randrange(len(whole) // 4, len(whole) * 3 // 4)
        path.write_bytes(whole[:cut])
        at = time.time() - 400_000_000  # the children's clock stands in January 2026
        writer = threading.Thread(target=_write_slowly, args=(path, whole[cut:], at))
        writer.start()
        answer = theatre.nursery.child(home, "run")
        writer.join()
        said_well(answer, codes={0, 3})
        assert not list((home / "inbox/calls").glob("taken/*second*")), "a file still written was taken"


def _write_slowly(path: Path, rest: bytes, at: float) -> None:
    """Write on, a piece at a time, until well after the run has begun."""
    step = max(1, len(rest) // 60)
    for begin in range(0, len(rest), step):
        with path.open("ab") as file:
            file.write(rest[begin : begin + step])
        time.sleep(0.1)
    os.utime(path, (LONG_AGO, LONG_AGO))


def cut_short(theatre: Theatre, chance: random.Random) -> None:
    """A log arrives cut off in the middle; then whole."""
    with mishap(theatre, "log cut short") as home:
        path = home / "inbox" / "calls" / "second.csv"
        whole = path.read_bytes()
        path.write_bytes(whole[: chance.randrange(len(whole))])
        os.utime(path, (LONG_AGO, LONG_AGO))
        answer = theatre.nursery.child(home, "ingest", str(path), "--source", "calls", "--json")
        said_well(answer, codes={0, 3})
        balanced(answer)
        if answer["code"] == 0 or list_of_batches(theatre, home):
            for batch in list_of_batches(theatre, home):
                theatre.nursery.child(home, "batch", "withdraw", batch, "--reason", "it was cut short")
        path.unlink(missing_ok=True)
        theatre.stage.deliver(home, "second")
        withdrawn_rejects(theatre, home)


def list_of_batches(theatre: Theatre, home: Path) -> list[str]:
    """Batches that are in and were not in the template."""
    import json

    rows = json.loads(theatre.nursery.child(home, "batch", "list", "--json")["out"])
    known = set(theatre.stage.facts.values())
    return [row["batch_id"] for row in rows if row["batch_id"] not in known and row["state"] == "in"]


def withdrawn_rejects(theatre: Theatre, home: Path) -> None:
    """Rejected rows of the withdrawn reading went with it."""
    found = theatre.examine(home)
    assert found["unbalanced"] == 0


def balanced(answer: dict[str, Any]) -> None:
    """Rows read are accepted, rejected, duplicate or superseded, each once."""
    import json

    with contextlib.suppress(ValueError):
        for row in json.loads(answer["out"] or "[]"):
            assert row["rows"] == row["accepted"] + row["rejected"] + row["duplicate"] + row["superseded"], row


LISTED = ["sql", "select * from tasking_list"]


def flipped(theatre: Theatre, chance: random.Random) -> None:
    """Bytes of a store are not what they were. Every command says so or answers; the backup brings the home back."""
    clean = theatre.rehearse(RUN)
    name = chance.choice(STORES)
    theatre.count(f"bytes flipped in {name}")
    home = theatre.set_up(RUN)
    outside, safe = theatre.stage.root / f"{theatre.name}-backups", theatre.stage.root / f"{theatre.name}-safe"
    for folder in (outside, safe):
        shutil.rmtree(folder, ignore_errors=True)
    outside.mkdir()
    shutil.copytree(home / "keys", safe)
    try:
        said_well(theatre.nursery.child(home, "backup", str(outside)), codes={0})
        _flip(home, name, chance)
        for words in (["status"], LISTED, ["run"], LISTED, ["audit", "verify"], ["batch", "list"]):
            answer = theatre.nursery.child(home, *words)
            said_well(answer)
        backup = next(outside.iterdir())
        shutil.rmtree(home)
        said_well(theatre.nursery.child(home, "restore", str(backup), "--keys", str(safe)), codes={0})
        theatre.stage.deliver(home, "second")
        theatre.recover(RUN, home, clean, runs=True)
    except AssertionError as error:
        theatre.tally.troubles.append(f"bytes flipped in {name}: {error}")


def _flip(home: Path, name: str, chance: random.Random) -> None:
    path = home / name
    if path.is_dir():
        path = (path / "current.duckdb").resolve()
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 8, 64])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    if chance.random() < 0.3:
        del content[chance.randrange(len(content)) :]
    path.write_bytes(content)


def real_command(theatre: Theatre, chance: random.Random) -> None:
    """The command itself, as typed, killed at some moment."""
    with mishap(theatre, "kill of the real command") as home:
        theatre.tally.kills += 1
        theatre.tally.real_kills += 1
        environment = {
            **os.environ,
            "MISUSE_HOME": str(home),
            "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
        }
        command = [sys.executable, "-m", "misuse", "run"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(chance.uniform(0.5, 14))
            child.kill()


Mishap = Callable[[Theatre, random.Random], None]
ALL: tuple[Mishap, ...] = (
    no_room, full_disk, no_rights, no_key, clock, two_at_once, still_written, cut_short, flipped, real_command,
)  # fmt: skip
