"""What a run, a backup and a model record has the time at which it was done; and how old a list is, is said wherever it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from misuse import casebook, intake, last_run, pipeline, status, warehouse
from misuse.backup import back_up
from misuse.errors import MisuseError
from misuse.settings import Settings
from tests.commands import misuse
from tests.logs import NOW, random_rows, settings_for, write_csv
from tests.pipeline.test_nothing_leaks import LAYOUT


class Clock:
    """One that goes on by a minute whenever it is asked."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        self.at += timedelta(minutes=1)
        return self.at


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str]:
    """A home after a run by a clock that goes, during whose estimates somebody stopped a caller; and the run's id."""
    root = tmp_path_factory.mktemp("times")
    settings, clock = settings_for(root / "home", token_key=""), Clock()  # so that commands find its key
    settings.home.mkdir()
    (settings.home / "misuse.toml").write_text(LAYOUT, encoding="utf-8")
    log = write_csv(root / "log.csv", random_rows(62, 300))
    assert not [
        outcome
        for outcome in intake.ingest_files(settings, [log], "calls", actor="tester", now=NOW)
        if isinstance(outcome, MisuseError)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(pipeline._STEPS, "estimate", ("Estimating", _stopping(clock, pipeline.estimate)))
        outcome = pipeline.run(settings, as_of=None, clock=clock, actor="tester")
    return settings, outcome.run_id


def _stopping(clock: Clock, real: Callable[..., None]) -> Callable[..., None]:
    def estimate(settings: Settings, *given: object) -> None:
        real(settings, *given)
        with warehouse.opened(settings) as con:
            ((caller, spells),) = con.execute(
                "select caller_id, list(spell_id order by spell_id) from caller_spells group by caller_id "
                "order by sum(calls) desc, caller_id limit 1"
            ).fetchall()
        with casebook.opened(settings) as book:
            payload = {"reason": "seen meanwhile", "is_urgent": False, "spells": spells}
            book.record("stop_entered", actor="analyst", occurred_at=clock(), caller_id=caller, payload=payload)

    return estimate


def test_a_run_ends_after_it_began_and_its_events_are_in_the_order_of_their_times(lived: tuple[Settings, str]) -> None:
    settings, run_id = lived
    told = json.loads((settings.home / "last_run.json").read_text())
    with warehouse.opened(settings) as con:
        ((began, ended),) = con.execute("select started_at, finished_at from run_ledger").fetchall()
    assert ended - began > timedelta(minutes=len(pipeline.STEPS)), "the clock was asked at each step"
    assert (told["started_at"], told["finished_at"]) == (last_run.utc_text(began), last_run.utc_text(ended))
    with casebook.opened(settings) as book:
        events = book.entries()
    times = [event.at for event in events]
    assert times == sorted(times)
    kinds = [event.kind for event in events]
    assert kinds.index("stop_entered") < kinds.index("run_published"), "the stop came meanwhile"
    assert events[kinds.index("run_published")].at == ended
    made = json.loads((settings.reports_path / run_id / "manifest.json").read_text())["made_at"]
    assert began < datetime.fromisoformat(made).replace(tzinfo=None) < ended


def test_a_stop_entered_while_a_run_is_at_work_is_told_though_the_run_ended_later(lived: tuple[Settings, str]) -> None:
    settings, _ = lived
    (line,) = [line for line in status.status(settings, NOW + timedelta(hours=1)).lines if line.key == "NEW stops"]
    assert line.cause.startswith("1 entered since the list was begun")


def test_a_backup_is_recorded_when_it_is_taken(lived: tuple[Settings, str], tmp_path: Path) -> None:
    settings, _ = lived
    clock = Clock()
    done = back_up(settings, tmp_path, clock=clock, actor="tester")
    with casebook.opened(settings) as book:
        (event,) = book.entries("backup_taken")
    assert f"{event.at - timedelta(minutes=1):%Y%m%dT%H%M%SZ}" in done.path.name


@pytest.mark.parametrize("words", [("list",), ("list", "--part", "1"), ("look",), ("estimate",)], ids=" ".join)
def test_each_header_names_the_run_and_how_stale_it_is(lived: tuple[Settings, str], words: tuple[str, ...]) -> None:
    settings, run_id = lived
    header, *_ = misuse(settings.home, *words).stdout.splitlines()
    assert f" · run {run_id} · as of the end of 2025-12-10 · STALE: " in header
    assert header.endswith(" days old")


def test_programs_are_told_that_it_is_stale(lived: tuple[Settings, str]) -> None:
    settings, _ = lived
    for words in (("estimate",), ("estimate", "--window", "30")):
        (warning,) = json.loads(misuse(settings.home, *words, "--json").stdout)["warnings"]
        assert warning.startswith("STALE: as of the end of 2025-12-10, "), words


def test_a_run_that_was_refused_has_no_id(lived: tuple[Settings, str]) -> None:
    settings, run_id = lived
    refused = misuse(settings.home, "run", "--as-of", "2025-12-01", "--json")
    told = json.loads(refused.stdout)
    assert (refused.returncode, told["status"], told["run_id"]) == (6, "failed", None)
    assert json.loads((settings.home / "last_run.json").read_text())["run_id"] == run_id, "a typed day is no failed run"
    failed = {"run_id": None, "status": "failed", "finished_at": "2025-12-11T03:00:00+00:00"}
    (settings.home / "last_run.json").write_text(json.dumps(failed))
    first, second, *_ = json.loads(misuse(settings.home, "runs", "--json").stdout)
    assert (first["run_id"], first["as_of"], first["status"]) == (None, None, "failed")
    assert second["run_id"] == run_id
    assert misuse(settings.home, "runs").returncode == 0
    assert "with no id at" in misuse(settings.home, "status").stdout
    (settings.home / "last_run.json").write_text(json.dumps({"run_id": "", "status": "failed"}))
    assert json.loads(misuse(settings.home, "runs", "--json").stdout)[0]["run_id"] is None, "an earlier release's"
