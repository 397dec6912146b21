"""The home that every trial starts from a copy of, the logs that go into it, and a model in plain Python of the calls in."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.logs import COLUMNS, MOBILES, random_rows, write_csv
from tests.pipeline.test_nothing_leaks import LAYOUT
from tests.survival.nursery import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]
LONG_AGO = 1_600_000_000  # a file touched then is settled
Row = Mapping[str, str]


class Nursery:
    """The process that forks children, from the side that asks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)  # a child without rights writes down what it says too
        environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
        command = [sys.executable, "-m", "tests.survival.nursery"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT, text=True
        )
        assert self._answer()["ready"]

    def at_once(self, *children: dict[str, Any], longest: float = 120.0) -> list[dict[str, Any]]:
        """Run children at the same time; how each ended."""
        given = [{"folder": str(self.folder), **child, "home": str(child["home"])} for child in children]
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"folder": str(self.folder), "children": given, "longest": longest}) + "\n")
        self.process.stdin.flush()
        found: list[dict[str, Any]] = self._answer()["children"]
        return found

    def child(self, home: Path, *words: str, **how: Any) -> dict[str, Any]:
        """Run one child: a command by its words, or `does`."""
        return self.at_once({"home": home, **({"words": list(words)} if words else {}), **how})[0]

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the nursery died"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@dataclass
class Stage:
    """The template home, the logs, and what is expected of them."""

    root: Path
    template: Path
    logs: dict[str, Path]
    rows: dict[str, list[Row]]
    facts: dict[str, Any] = field(default_factory=dict)

    def home(self, name: str, *, base: Path | None = None) -> Path:
        """A fresh copy of the template."""
        target = self.root / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(base or self.template, target, symlinks=True)
        return target

    def deliver(self, home: Path, name: str) -> Path:
        """Put a log into the inbox, whole and settled."""
        target = home / "inbox" / "calls" / f"{name}.csv"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.logs[name], target)
        os.utime(target, (LONG_AGO, LONG_AGO))
        return target

    def calls_in(self, *names: str) -> list[list[Any]]:
        """The calls that must be in once these files are: of each reference its highest version, once."""
        return calls_in(row for name in names for row in self.rows[name])


def calls_in(rows: Iterable[Row]) -> list[list[Any]]:
    """The brute-force model: call id, when received (UTC), closing code, 1; in order."""
    best: dict[str, Row] = {}
    for row in rows:
        if not is_good(row):
            continue
        held = best.get(row["ref"])
        if held is None or int(row["version"]) > int(held["version"]):
            best[row["ref"]] = row
    found = [[ref, row["received"], " ".join(row["code"].split()).upper(), 1] for ref, row in best.items()]
    return sorted(found)


def is_good(row: Row) -> bool:
    """Whether the row can go in at all: the stage's bad rows have no time."""
    return row["received"] != "no time"


def _ann() -> list[Row]:
    """Two numbers of one person, for a model to link, and calls enough for a case."""
    found = []
    for number, name in ((MOBILES[901], "Ann Otherly"), (MOBILES[902], "Ann Otherley")):
        for at in range(11):
            moment = (datetime(2025, 11, 10) + timedelta(days=at, hours=int(number[-1]))).isoformat(sep=" ")
            row = dict.fromkeys(COLUMNS, "") | {"received": moment, "answered": moment, "ended": moment, "cli": number}
            row |= {"ref": f"{number[-3:]}-{at}", "name": name, "address": f"{number[-1]} Invented Row", "code": "HOAX"}
            found.append(row | {"borough": "Camden", "version": "1"})
    return found


def make_rows(seed: int) -> dict[str, list[Row]]:
    """Four logs: the first; a second with corrections, repeats and bad rows; a third; one to be withdrawn."""
    chance = random.Random(seed)
    first: list[Row] = [*random_rows(seed, 160, start=datetime(2025, 11, 1)), *_ann()]
    corrected = [{**row, "code": "RTC", "version": "2"} for row in chance.sample(first, 12)]
    repeated = chance.sample(first, 9)
    bad = [{**row, "ref": f"bad-{number}", "received": "no time"} for number, row in enumerate(first[:3])]
    second = [*random_rows(seed + 1, 60), *corrected, *repeated, *bad]
    return {
        "first": first,
        "second": second,
        "third": [*random_rows(seed + 2, 40), *({**row, "version": "3"} for row in corrected[:4])],
        "extra": [*random_rows(seed + 3, 30), *({**row, "code": "THEFT", "version": "4"} for row in corrected[4:8])],
    }


LISTED = "select caller_id from tasking_list"
KNOWN = "select caller_id from caller_windows where window_name = 'headline' order by misuse_calls desc, caller_id"


def build(root: Path, nursery: Nursery, seed: int = 1) -> Stage:
    """The template: two logs in and published, a user, a stop, a model in force, a list frozen, its cases opened."""
    rows = make_rows(seed)
    logs = {name: write_csv(root / f"{name}.csv", found) for name, found in rows.items()}
    template = root / "template"
    (template / "inbox" / "calls").mkdir(parents=True)
    (template / "misuse.toml").write_text(LAYOUT, encoding="utf-8")
    stage = Stage(root, template, logs, rows)
    user = "root" if os.getuid() == 0 else __import__("getpass").getuser()
    for words in (
        ("users", "add", user, "--role", "administrator"),
        ("ingest", str(logs["first"]), str(logs["extra"]), "--source", "calls"),
        ("identity", "train"),
        ("users", "add", "cha", "--role", "chair"),
        ("run",),
    ):
        done = nursery.child(template, *words)
        assert done["code"] == 0, (words, done["err"])
    assert nursery.child(template, does="freeze")["code"] == 0
    # By SQL, in one question for both.
    listed = {row["caller_id"] for row in json.loads(nursery.child(template, "sql", "--json", LISTED)["out"])}
    known = [row["caller_id"] for row in json.loads(nursery.child(template, "sql", "--json", KNOWN)["out"])]
    batches = json.loads(nursery.child(template, "batch", "list", "--json")["out"])
    stage.facts = {
        "caller": next(caller for caller in known if caller not in listed),
        **{row["file_name"].removesuffix(".csv"): row["batch_id"] for row in batches},
    }
    done = nursery.child(template, "run")
    assert done["code"] == 0, done["err"]
    _back_up(stage, nursery)
    candidate = stage.home("candidate")
    done = nursery.child(candidate, "identity", "train", weight=-9.0)
    assert done["code"] == 0, done["err"]
    return stage


def _back_up(stage: Stage, nursery: Nursery) -> None:
    """A backup of the template, and the escrowed copy of its keys."""
    outside, safe = stage.root / "kept", stage.root / "safe"
    outside.mkdir()
    shutil.copytree(stage.template / "keys", safe)
    done = nursery.child(stage.home("backed up"), "backup", str(outside))
    assert done["code"] == 0, done["err"]
    stage.facts |= {"backup": str(next(outside.iterdir())), "safe": str(safe)}
