"""Every status line: what brings it about, that it names a cause and a command, and whether it is a problem."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from misuse import batch_note, casebook, last_run, notes, staleness, status
from misuse.settings import Settings

NOW = datetime(2026, 1, 2, 6, 30, tzinfo=UTC)
RUN_ID = "20251231-0a1b2c3d4e"
NO_PROCESS = 2**22 + 1  # above what Linux gives out


def hours_ago(hours: float) -> str:
    return (NOW - timedelta(hours=hours)).isoformat()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def publish(settings: Settings, as_of: date = date(2026, 1, 1), arrived: str = "2026-01-02 02:31:00") -> None:
    settings.published_path.mkdir()
    path = settings.published_path / f"{RUN_ID}.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table runs (run_id varchar, as_of date, started_at timestamp)")
        con.execute(
            "create table batches (batch_id varchar, source varchar, ingested_at timestamp, is_withdrawn boolean)"
        )
        con.execute("insert into runs by name select $r as run_id, $a as as_of", {"r": RUN_ID, "a": as_of})
        con.execute(
            "insert into batches by name select 'b' as batch_id, 'metcall' as source,"
            " $t::timestamp as ingested_at, false as is_withdrawn",
            {"t": arrived},
        )
    settings.current_path.symlink_to(path.name)


def noted_run(settings: Settings, **changes: Any) -> None:
    ended = {"run_id": RUN_ID, "status": "published", "started_at": hours_ago(4), "finished_at": hours_ago(3.9)}
    notes.write(last_run.path(settings), {**ended, "pid": os.getpid(), **changes})


def beat(settings: Settings, **changes: Any) -> None:
    alive = {
        "pid": os.getpid(),
        "started_at": hours_ago(30),
        "beat_at": hours_ago(0),
        "server": "up",
        "port": 4200,
        "next_runs": {"nightly": hours_ago(-20)},
    }
    notes.write(status.scheduler_path(settings), {**alive, **changes})


def words(settings: Settings) -> list[str]:
    return [line.key for line in status.status(settings, NOW).lines]


def line(settings: Settings, key: str) -> status.Line:
    return next(line for line in status.status(settings, NOW).lines if line.key == key)


def test_all_is_well(settings: Settings) -> None:
    publish(settings)
    noted_run(settings)
    beat(settings)
    found = status.status(settings, NOW)
    keys = ["ok published", "ok last run", "ok identity", "ok files", "ok scheduler", "ok disk"]
    assert [line.key for line in found.lines] == keys
    assert found.problems == ()
    assert found.exit_code(check=True) == 0
    assert "as of 2026-01-01, 6 h old" in found.as_text()
    assert "next nightly 2026-01-03 02:30" in found.as_text()


def test_the_line_on_identity_says_which_model_links_and_what_waits_for_a_person(settings: Settings) -> None:
    publish(settings)
    assert line(settings, "ok identity").command == "misuse identity train"
    with duckdb.connect(str(settings.current_path.resolve())) as con:
        con.execute("create table caller_links as select unnest(['suggested', 'automatic', 'suggested']) as status")
    note = {"in_force": {"digest": "a1", "made_at": "2025-12-01T10:00:00"}}
    notes.write(status.identity_path(settings), note)
    assert "model a1 of 2025-12-01" in line(settings, "ok identity").text
    assert "2 suggested links wait" in line(settings, "ok identity").text
    assert line(settings, "ok identity").command == "misuse identity links"
    assert "NEW model" not in words(settings)
    notes.write(
        status.identity_path(settings), note | {"candidate": {"digest": "b2", "made_at": "2026-01-01T10:00:00"}}
    )
    assert line(settings, "NEW model").command == "misuse identity diff"
    assert not line(settings, "NEW model").is_problem


def test_nothing_set_up_says_what_to_type(settings: Settings) -> None:
    found = status.status(replace(settings, home=settings.home / "absent"), NOW)
    assert [line.key for line in found.lines] == ["EMPTY home"]
    assert "misuse demo" in found.as_text()
    assert found.exit_code(check=True) == 1
    assert found.exit_code(check=False) == 0


def test_json_says_the_same(settings: Settings) -> None:
    noted_run(settings)
    document = json.loads(json.dumps(status.status(settings, NOW).as_json()))
    assert document["problems"] == 1
    assert document["ok"] is False
    assert [line["text"] for line in document["lines"]] == status.status(settings, NOW).as_text().splitlines()


class Case(NamedTuple):
    key: str
    arrange: Callable[[Settings], object]
    cause: str
    command: str


CASES = [
    Case("NONE published", lambda s: noted_run(s), "no list has been published", "misuse run"),
    Case(
        "STALE as-of", lambda s: publish(s, date(2025, 12, 30)), "as of 2025-12-30, 54 h old, over 36 h", "misuse run"
    ),
    Case(
        "FAILED last run", lambda s: noted_run(s, status="failed", error="3 checks"), "because 3 checks", "misuse run"
    ),
    Case("FAILED last run", lambda s: noted_run(s, status="failed", error="x", next_step="do y"), "because x", "do y"),
    Case("DIED last run", lambda s: noted_run(s, status="running", pid=NO_PROCESS), "was cut off", "misuse run"),
    Case("DEAD scheduler", lambda s: beat(s, beat_at=hours_ago(1)), "last beat 2026-01-02 05:30", "systemctl restart"),
    Case("DEAD scheduler", lambda s: beat(s, pid=NO_PROCESS), f"process {NO_PROCESS}", "misuse schedule"),
    Case("STOPPED scheduler", lambda s: beat(s, stopped_at=hours_ago(1)), "stopped at 2026-01-02 05:30", "schedule"),
    Case("DEAF scheduler", lambda s: beat(s, server="down"), "server on port 4200 is down", "misuse schedule"),
    Case("LATE nightly", lambda s: beat(s, next_runs={"nightly": hours_ago(4)}), "was due at", "misuse schedule"),
    Case("UNPLANNED nightly", lambda s: beat(s, next_runs={"nightly": None}), "no run is planned", "misuse schedule"),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.key}-{number}" for number, case in enumerate(CASES)])
def test_a_problem_has_a_line_with_cause_and_command(settings: Settings, case: Case) -> None:
    case.arrange(settings)
    found = line(settings, case.key)
    assert found.is_problem
    assert case.cause in found.text
    assert case.command in found.command
    assert status.status(settings, NOW).exit_code(check=True) == 1


def test_a_run_under_way_is_no_problem_until_it_takes_too_long(settings: Settings) -> None:
    real = datetime.now(tz=UTC) + timedelta(seconds=1)
    noted_run(settings, status="running", started_at=real.isoformat(), finished_at=None)
    assert status.status(settings, real).lines[1].key == "RUNNING last run"
    slow = status.status(settings, real + timedelta(hours=7)).lines[1]
    assert slow.key == "SLOW last run"
    assert f"kill {os.getpid()}" in slow.command


def test_a_process_number_used_again_after_a_boot_is_not_the_run(settings: Settings) -> None:
    noted_run(settings, status="running", started_at="2020-01-01T00:00:00+00:00", finished_at=None)
    assert line(settings, "DIED last run").is_problem


def test_a_run_not_published_has_its_times_as_the_published_ones_have(settings: Settings) -> None:
    noted_run(settings, run_id="20260101-ffffffffff", status="failed", started_at="2026-01-02T02:30:00+00:00")
    (row,) = last_run.unpublished_run(settings, {RUN_ID})
    assert str(row["started_at"]) == "2026-01-02 02:30:00"
    assert row["finished_at"].tzinfo is None


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"b": False}, ""),
        ({"b": True}, "1 file withdrawn since"),
        ({"b": False, "c": False, "d": True}, "1 file came in since"),
        ({"b": True, "b-2": False, "c": False}, "2 files came in and 1 file withdrawn since"),
    ],
)
def test_files_in_or_out_since_what_is_shown_are_told(settings: Settings, held: dict[str, bool], said: str) -> None:
    publish(settings)
    noted_run(settings)
    notes.write(batch_note.note_path(settings), {"is_withdrawn": held})
    if not said:
        assert "NEW calls" not in words(settings)
        return
    found = line(settings, "NEW calls")
    assert said in found.cause
    assert found.command == "misuse run"
    assert not found.is_problem, "files come by day, and the night reads them"
    noted_run(settings, status="running", started_at=datetime.now(tz=UTC).isoformat(), finished_at=None)
    assert "NEW calls" not in words(settings), "a run is at it"


def test_a_skipped_run_is_no_problem(settings: Settings) -> None:
    noted_run(settings, status="skipped")
    assert "nothing new" in line(settings, "ok last run").cause


def test_a_damaged_copy_is_told_not_raised(settings: Settings) -> None:
    publish(settings)
    settings.current_path.resolve().write_bytes(b"not a database")
    assert "misuse publish" in line(settings, "DAMAGED published").command


class TestMissingFiles:
    def test_a_source_is_late_by_what_it_declares(self, settings: Settings) -> None:
        declared = replace(settings, sources={"metcall": {"expected_every_hours": 3}})
        publish(declared)
        late = line(declared, "MISSING metcall")
        assert "since 2026-01-02 02:31; one is expected every 3 h" in late.cause
        assert "inbox/metcall" in late.command

    def test_a_file_in_the_inbox_has_come(self, settings: Settings) -> None:
        declared = replace(settings, sources={"metcall": {"expected_every_hours": 3}})
        publish(declared)
        drop(declared, "metcall", "calls.csv", NOW - timedelta(hours=1))
        assert "MISSING metcall" not in words(declared)

    def test_half_of_a_file_has_not_come_and_no_run_left_it(self, settings: Settings) -> None:
        declared = replace(settings, sources={"metcall": {"expected_every_hours": 3}})
        publish(declared)
        noted_run(declared)
        drop(declared, "metcall", "calls.csv.part", NOW - timedelta(hours=1))
        assert "MISSING metcall" in words(declared)
        drop(declared, "metcall", "older.csv.part", NOW - timedelta(hours=20))
        assert "LEFT metcall" not in words(declared)

    def test_a_file_that_went_in_since_the_run_has_come(self, settings: Settings) -> None:
        declared = replace(settings, sources={"metcall": {"expected_every_hours": 3}})
        publish(declared)
        note = {"is_withdrawn": {}, "arrived": {"metcall": hours_ago(1)}}
        notes.write(batch_note.note_path(declared), note)
        assert "MISSING metcall" not in words(declared)
        notes.write(batch_note.note_path(declared), note | {"arrived": {"metcall": hours_ago(3.1)}})
        assert "MISSING metcall" in words(declared)

    def test_a_source_that_never_sent_is_missing(self, settings: Settings) -> None:
        declared = replace(settings, sources={"metcall": {"expected_every_hours": 24}})
        noted_run(declared)
        assert "ever" in line(declared, "MISSING metcall").cause

    def test_nothing_is_expected_of_a_source_without_a_declaration_or_a_scheduler(self, settings: Settings) -> None:
        publish(settings, arrived="2025-11-01 00:00:00")
        assert "MISSING metcall" not in words(settings)
        beat(settings)
        assert "MISSING metcall" in words(settings)

    def test_zero_means_never_expected(self, settings: Settings) -> None:
        quiet = replace(settings, sources={"metcall": {"expected_every_hours": 0}})
        publish(quiet, arrived="2025-11-01 00:00:00")
        beat(quiet)
        assert "MISSING metcall" not in words(quiet)


def drop(settings: Settings, source: str, name: str, at: datetime) -> None:
    path = settings.inbox_path / source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    os.utime(path, (at.timestamp(), at.timestamp()))


def test_a_file_the_last_run_left_is_told(settings: Settings) -> None:
    noted_run(settings)
    drop(settings, "metcall", "early.csv", NOW - timedelta(hours=5))
    drop(settings, "metcall", "taken/old.csv", NOW - timedelta(days=5))
    drop(settings, "metcall", "new.csv", NOW - timedelta(hours=1))
    left = line(settings, "LEFT metcall")
    assert "could not take early.csv" in left.cause
    assert "misuse source check" in left.command


def test_a_file_beside_the_folders_is_told(settings: Settings) -> None:
    noted_run(settings)
    drop(settings, ".", "stray.csv", NOW)
    assert "stray.csv" in line(settings, "LEFT inbox").cause


def test_a_change_of_the_vaults_key_that_broke_off_is_told(settings: Settings) -> None:
    noted_run(settings)
    coming = settings.home / "vault.duckdb.next"
    coming.write_text("x")
    os.utime(coming, (NOW.timestamp() - 60, NOW.timestamp() - 60))
    assert "LEFT vault" not in words(settings), "one may be under way"
    os.utime(coming, (NOW.timestamp() - 7200, NOW.timestamp() - 7200))
    broken_off = line(settings, "LEFT vault")
    assert broken_off.is_problem
    assert "misuse vault rotate" in broken_off.command


def test_a_full_disk_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    noted_run(settings)
    usage = shutil.disk_usage(settings.home)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    assert line(settings, "DISK home").is_problem


def test_a_casebook_that_cannot_be_read_is_a_line_and_no_error(settings: Settings) -> None:
    noted_run(settings)
    book = casebook.casebook_path(settings)
    book.write_bytes(b"this is not a casebook" * 500)
    os.utime(book, (4e9, 4e9))  # as if somebody had recorded something since the run
    shut = line(settings, "SHUT casebook")
    assert shut.is_problem
    assert "damaged" in shut.cause
    assert shut.command == "restore a backup"


def test_a_casebook_that_takes_no_writing_is_told_though_nothing_came_since(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = casebook.casebook_path(settings)
    book.write_bytes(b"x")
    noted_run(settings)
    os.utime(book, (1e9, 1e9))
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # root may write to anything
    shut = line(settings, "SHUT casebook")
    assert shut.is_problem
    assert "cannot be written" in shut.cause


def test_a_scheduler_never_started_is_no_line_at_all(settings: Settings) -> None:
    noted_run(settings)
    assert not [key for key in words(settings) if "scheduler" in key]


def test_half_written_and_foreign_files_are_read_as_empty(settings: Settings) -> None:
    for text in ("", "{", "[1]", "null"):
        last_run.path(settings).write_text(text)
        status.scheduler_path(settings).write_text(text)
        assert "DEAD scheduler" in words(settings)


def test_small_files_are_for_the_service_account_alone(settings: Settings) -> None:
    beat(settings)
    assert status.scheduler_path(settings).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in settings.home.iterdir()] == ["scheduler.json"]


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 3, 28), "2026-03-29T00:00"),
        (date(2026, 3, 29), "2026-03-29T23:00"),
        (date(2026, 7, 1), "2026-07-01T23:00"),
    ],
)
def test_a_day_ends_at_local_midnight(day: date, end: str) -> None:
    assert staleness.end_of_day(day, "Europe/London") == datetime.fromisoformat(end + "+00:00")
