"""One trial: a fresh home, one fault, and what must be true right after it and after the next run."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.survival.stage import Nursery, Stage

# What a home is compared by, once all is done: the same as where nothing went wrong.
_SAME = (
    "rows",
    "calls",
    "distinct_calls",
    "superseded",
    "details",
    "rejected",
    "batches",
    "unbalanced",
    "models",
    "stops",
)
CODES = {0, 1, 2, 3, 4, 5, 6, 7, 130}


@dataclass(frozen=True)
class Scenario:
    """A piece of work to be cut off: how its home is set up, what is done, what is done again, which logs are then in."""

    name: str
    does: dict[str, Any]
    logs: tuple[str, ...]
    prepare: Callable[[Stage, Path], None] = lambda stage, home: None
    base: str = "template"
    recorded: str = ""  # the kind of event that must be there once it is done
    proves: Callable[[Theatre, Path], None] = lambda theatre, home: None  # what else must be true then

    def child(self, home: Path, stage: Stage) -> dict[str, Any]:
        """The child that does it."""
        facts = {**stage.facts, "home": str(home), "root": str(home.parent)}
        words = [word.format(**facts) for word in self.does.get("words", ())]
        return {**self.does, **({"words": words} if words else {}), "home": home}


def _second(stage: Stage, home: Path) -> None:
    stage.deliver(home, "second")


def _outside(_: Stage, home: Path) -> None:
    folder = home.parent / f"{home.name}-outside"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


def _empty(_: Stage, home: Path) -> None:
    shutil.rmtree(home)


def _backups_are_whole(theatre: Theatre, home: Path) -> None:
    """A backup that has its name is whole: its every file is compared with its manifest."""
    found = sorted((home.parent / f"{home.name}-outside").iterdir())
    assert found, "there is no backup"
    for path in found:
        told = theatre.nursery.child(home, "restore", str(path), "--check")
        assert told["code"] == 0, f"{path.name} is not whole: {told['err'][-800:]}"


IN = ("first", "extra")
SCENARIOS = (
    Scenario("run", {"words": ["run"]}, (*IN, "second"), _second, recorded="run_published"),
    Scenario("report", {"words": ["run"], "papers": True}, (*IN, "second"), _second, recorded="run_published"),
    Scenario("ingest", {"words": ["ingest", "{root}/second.csv", "--source", "calls"]}, (*IN, "second")),
    Scenario(
        "withdraw",
        {"words": ["batch", "withdraw", "{extra}", "--reason", "a trial"]},
        ("first",),
        recorded="batch_withdrawn",
    ),
    Scenario("casebook", {"words": ["stop", "{caller}", "--reason", "a trial"]}, IN, recorded="stop_entered"),
    Scenario("rotate", {"words": ["vault", "rotate", "--reason", "a trial"]}, IN, recorded="vault_key_rotated"),
    Scenario(
        "backup",
        {"words": ["backup", "{home}-outside"]},
        IN,
        _outside,
        recorded="backup_taken",
        proves=_backups_are_whole,
    ),
    Scenario("restore", {"words": ["restore", "{backup}", "--keys", "{safe}"]}, IN, _empty, recorded="backup_restored"),
    Scenario(
        "accept",
        {"words": ["identity", "diff", "--accept", "--reason", "a trial"]},
        IN,
        base="candidate",
        recorded="identity_model_accepted",
    ),
    Scenario("dispose", {"does": "dispose"}, IN, recorded="disposed"),
    Scenario("retention", {"words": ["retention"]}, IN, recorded="retention_done"),
)


@dataclass
class Clean:
    """A scenario without a fault: how long it takes, which points it has, and what is in the home afterwards."""

    seconds: float
    points: list[str]
    before: dict[str, Any]
    done: dict[str, Any]
    after: dict[str, Any]

    @property
    def around(self) -> list[str]:
        """The renames and commits among its points."""
        return [point for point in self.points if not point.startswith("statement")]


@dataclass
class Tally:
    """What happened in all trials; `troubles` is empty or a finding."""

    faults: int = 0
    kills: int = 0
    real_kills: int = 0
    recoveries: int = 0
    calls_in: int = 0
    calls_found: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    ways: dict[str, int] = field(default_factory=dict)  # by scenario, to die before or after a rename or commit
    tried: dict[str, set[str]] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Take another's in."""
        for name in ("faults", "kills", "real_kills", "recoveries", "calls_in", "calls_found"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for kind, count in other.by_kind.items():
            self.by_kind[kind] = self.by_kind.get(kind, 0) + count
        for name, ways in other.ways.items():
            self.ways[name] = max(ways, self.ways.get(name, 0))
            self.tried.setdefault(name, set()).update(other.tried.get(name, ()))
        self.troubles += other.troubles


class Theatre:
    """A stage and a nursery, and trials in them."""

    def __init__(self, stage: Stage, nursery: Nursery, name: str = "home") -> None:
        self.stage, self.nursery, self.name = stage, nursery, name
        self.tally = Tally()
        self.clean: dict[str, Clean] = {}

    def set_up(self, scenario: Scenario) -> Path:
        """A fresh home for it."""
        home = self.stage.home(self.name, base=self.stage.root / scenario.base)
        scenario.prepare(self.stage, home)
        return home

    def rehearse(self, scenario: Scenario, *, runs: bool = True) -> Clean:
        """The scenario without a fault, and a run after it, remembered; its calls are held against the model in plain Python."""
        name = scenario.name if runs else f"{scenario.name} alone"
        if name not in self.clean:
            home = self.set_up(scenario)
            before = self.examine(home, is_whole=False)
            note = self.stage.root / f"{self.name}-{scenario.name}.points"
            done = self.nursery.child(**scenario.child(home, self.stage), faults={"note": str(note)})
            assert done["code"] == 0, (scenario.name, done["err"])
            middle = self.examine(home, is_whole=False)
            if runs and scenario.name != "run":
                final = self.nursery.child(home, "run")
                assert final["code"] == 0, (scenario.name, final["err"])
            after = self.examine(home)
            assert told_by(after["rows"], self.stage.calls_in(*scenario.logs)), (
                f"{scenario.name}: not what the model says"
            )
            points = note.read_text(encoding="utf-8").splitlines()
            self.clean[name] = Clean(done["seconds"], points, before, middle, after)
        return self.clean[name]

    def examine(self, home: Path, *, is_whole: bool = True) -> dict[str, Any]:
        """What is in the home. Errors: AssertionError where it cannot be read."""
        done = self.nursery.child(home, does="examine", is_whole=is_whole)
        assert done["code"] == 0, f"the home cannot be read: {done['err'][-1500:]}"
        found: dict[str, Any] = json.loads(done["out"])
        return found

    def kill(self, scenario: Scenario, how: dict[str, Any], *, runs: bool = True) -> None:
        """Cut a scenario off in one way and hold the home against what must be; `runs`: a run then makes a list too."""
        clean = self.clean.get(scenario.name) or self.rehearse(scenario, runs=runs)
        home = self.set_up(scenario)
        given = {name: value for name, value in how.items() if name in ("kill_after", "faults")}
        self.count(f"kill in {scenario.name}", kills=1)
        self.tally.ways[scenario.name] = 2 * len(clean.around)
        if "at" in how and "when" in how["faults"]:
            self.tally.tried.setdefault(scenario.name, set()).add(f"{how['faults']['kill_at']} {how['faults']['when']}")
        done = self.nursery.child(**scenario.child(home, self.stage), **given)
        told = f"{scenario.name} {how}"
        try:
            assert done["code"] in (-9, *CODES), f"code {done['code']}: {done['err'][-800:]}"
            assert "Traceback" not in done["err"], done["err"][-1500:]
            self.right_after(home, clean)
            self.recover(scenario, home, clean, runs=runs)
        except AssertionError as error:
            self.tally.troubles.append(f"{told}: {error}")

    def right_after(self, home: Path, clean: Clean) -> None:
        """The published list is the old or the new one, whole, and status says how things stand."""
        seen = self.examine(home, is_whole=False)["published"]
        whole = {state["published"]["current"] for state in (clean.before, clean.done, clean.after)}
        assert seen["current"] in whole, "the published list is neither the old one nor the new one"
        told = self.nursery.child(home, "status")
        assert told["code"] == 0, told["err"][-800:]
        assert told["out"].strip(), "status says nothing"
        last = home / "last_run.json"  # an empty home, to be restored into, has none
        if last.exists() and json.loads(last.read_text(encoding="utf-8"))["status"] == "running":
            assert "DIED" in told["out"], told["out"]
            assert "misuse run" in told["out"], told["out"]

    def recover(self, scenario: Scenario, home: Path, clean: Clean, *, runs: bool) -> None:
        """Do it again, then run: everything is as where nothing went wrong."""
        is_done = scenario.name == "casebook" and self.examine(home)["stops"] >= clean.after["stops"]
        again = {"code": 0} if is_done else self.nursery.child(**scenario.child(home, self.stage))
        assert again["code"] == 0 or is_done_already(again), f"again: {again['code']} {again['err'][-800:]}"
        if runs and scenario.does.get("words") != ["run"]:
            final = self.nursery.child(home, "run")
            assert final["code"] == 0, f"the next run: {final['code']} {final['err'][-800:]}"
        after = self.examine(home)
        wanted = clean.after if runs else {**clean.after, "published": clean.done["published"], "events": {}}
        self.compare(after, wanted, scenario.recorded)
        scenario.proves(self, home)
        self.tally.recoveries += 1
        self.tally.calls_in += len(self.stage.calls_in(*scenario.logs))
        self.tally.calls_found += after["calls"]

    def compare(self, after: dict[str, Any], wanted: dict[str, Any], recorded: str = "") -> None:
        """Nothing lost, nothing doubled, the same list, an unbroken record, nothing half-made left."""
        for name in _SAME:
            assert after[name] == wanted[name], f"{name}: {_difference(after[name], wanted[name])}"
        assert after["published"]["current"] == wanted["published"]["current"], "another list than without the fault"
        assert after["faults"] == [], f"the casebook's record is broken: {after['faults']}"
        assert after["left"] == [], f"left behind: {after['left']}"
        missing = {kind for kind, count in wanted["events"].items() if after["events"].get(kind, 0) < min(count, 1)}
        assert not missing, f"not recorded: {missing}"
        least = wanted["events"].get(recorded, 1) if recorded else 0
        assert after["events"].get(recorded, 0) >= least, f"{recorded} is not in the casebook"
        assert [[after["model"]]] == after["models"], "vault and warehouse name different models"

    def count(self, kind: str, *, kills: int = 0) -> None:
        """One more fault of a kind."""
        self.tally.faults += 1
        self.tally.kills += kills
        self.tally.by_kind[kind] = self.tally.by_kind.get(kind, 0) + 1


def told_by(found: list[list[Any]], wanted: list[list[Any]]) -> bool:
    """Whether just the calls of the model are in; one that was put away has lost its reference and nothing else."""
    known = [row for row in found if row[0] != "put away"]
    gone = [(row[1], row[2]) for row in found if row[0] == "put away" for _ in range(row[3])]
    held = {row[0] for row in known}
    return known == [row for row in wanted if row[0] in held] and sorted(gone) == sorted(
        (row[1], row[2]) for row in wanted if row[0] not in held
    )


def is_done_already(answer: dict[str, Any]) -> bool:
    """Whether doing it again was declined because it had been done before it was cut off."""
    said = ("is withdrawn already", "no candidate waits", "is there already", "has no case", "is not empty")
    return answer["code"] in (2, 3, 6) and any(told in answer["err"] for told in said)


def _difference(found: Any, wanted: Any) -> str:
    if isinstance(found, list) and isinstance(wanted, list):
        a, b = {json.dumps(row) for row in found}, {json.dumps(row) for row in wanted}
        return f"{len(b - a)} lost {sorted(b - a)[:3]}, {len(a - b)} more than there should be {sorted(a - b)[:3]}"
    return f"{found}, not {wanted}"


def ways_to_kill(clean: Clean, chance: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """Before and after every rename and commit first, then before statements that write, then at any moment."""
    around = [
        {"faults": {"kill_at": number, "when": when, "kinds": ["rename", "commit"]}, "at": point}
        for number, point in enumerate(clean.around, 1)
        for when in ("before", "after")
    ]
    chance.shuffle(around)
    statements = [number for number, point in enumerate(clean.points, 1) if point.startswith("statement")]
    drawn = chance.sample(statements, min(len(statements), count // 4))
    within = [{"faults": {"kill_at": number}, "at": clean.points[number - 1]} for number in drawn]
    known = (around + within)[: count * 2 // 3]
    yield from known
    for _ in range(count - len(known)):
        yield {"kill_after": round(chance.uniform(0.02, clean.seconds), 3)}
