"""What goes and, above all, what stays."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from misuse import casebook, cycle, models, retention, warehouse
from misuse.settings import Settings

NOW = datetime(2026, 3, 1, 5, 0)  # as the stores keep time: UTC without a zone
RUNS = [f"202601{day:02d}-0a1b2c3d4e" for day in range(1, 10)]
PLANTED = "07700 900123"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, keep_published=3, keep_rejected_days=30)


def aged(path: Path, days: float, *, is_folder: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_folder:
        path.mkdir()
        (path / "list.csv").write_text("a report")
    else:
        path.write_text("x")
    at = (NOW.replace(tzinfo=UTC) - timedelta(days=days)).timestamp()
    os.utime(path, (at, at))
    return path


def frozen(settings: Settings, run_id: str, at: datetime) -> None:
    payload = {"as_of": "2026-01-01", "digest": "0", "eligible": []}
    with casebook.opened(settings) as book:
        book.record("list_frozen", actor=casebook.PIPELINE, occurred_at=at, run_id=run_id, payload=payload)


@pytest.fixture
def reports(settings: Settings) -> Callable[[], list[str]]:
    """Nine runs' reports, the last the newest, and what is left of them."""
    for age, run_id in enumerate(reversed(RUNS)):
        aged(settings.reports_path / run_id, age, is_folder=True)
    return lambda: sorted(path.name for path in settings.reports_path.iterdir())


def test_the_newest_reports_stay(settings: Settings, reports: Callable[[], list[str]]) -> None:
    assert retention.retain(settings, NOW).report_folders == 6
    assert reports() == RUNS[-3:]


def test_what_a_meeting_decided_on_stays_for_good(settings: Settings, reports: Callable[[], list[str]]) -> None:
    frozen(settings, RUNS[0], NOW)
    retention.retain(settings, NOW)
    retention.retain(settings, NOW + timedelta(days=4000))
    assert reports() == [RUNS[0], *RUNS[-3:]]


def test_reports_of_a_run_that_is_still_published_stay(settings: Settings, reports: Callable[[], list[str]]) -> None:
    settings.published_path.mkdir()
    (settings.published_path / f"{RUNS[1]}.duckdb").touch()
    (settings.published_path / "current.duckdb").symlink_to(f"{RUNS[1]}.duckdb")
    retention.retain(settings, NOW)
    assert reports() == [RUNS[1], *RUNS[-3:]]


def test_old_published_copies_go_but_never_the_current_one(settings: Settings) -> None:
    copies = [aged(settings.published_path / f"{run_id}.duckdb", 9 - place) for place, run_id in enumerate(RUNS)]
    settings.current_path.symlink_to(copies[0].name)
    assert retention.retain(settings, NOW).published_copies == 5
    left = {path.name for path in settings.published_path.iterdir()}
    assert left == {"current.duckdb", copies[0].name, *(path.name for path in copies[-3:])}


def test_scratch_goes_after_a_day(settings: Settings) -> None:
    old = [
        aged(settings.home / "scratch" / "spill.tmp", 2),
        aged(settings.home / ".scheduler.json.77", 2),
        aged(settings.home / "scratch" / "folder", 2, is_folder=True),
    ]
    young = [aged(settings.home / "scratch" / "now.tmp", 0.5), aged(settings.home / "last_run.json", 9)]
    assert retention.retain(settings, NOW).scratch_files == 3
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in young)


def test_logs_go_when_their_days_are_over(settings: Settings) -> None:
    """They hold names in clear, and go by when they were taken in."""
    log = settings.inbox_path / "calls" / "taken" / "b-log.csv"
    log.parent.mkdir(parents=True)
    log.write_text(PLANTED)
    taken_at = datetime.fromtimestamp(log.stat().st_ctime, UTC).replace(tzinfo=None)
    day = timedelta(days=settings.keep_taken_days)
    assert retention.retain(settings, taken_at + day - timedelta(minutes=1)).taken_logs == 0
    assert log.exists()
    assert retention.retain(settings, taken_at + day + timedelta(minutes=1)).taken_logs == 1
    assert not log.exists()


def test_rejected_rows_go_when_their_days_are_over(settings: Settings) -> None:
    reject(settings, {1: 31, 2: 30, 3: 29, 4: 0})
    assert retention.retain(settings, NOW).rejected_rows == 1
    with warehouse.opened(settings, with_vault=True) as con:
        assert con.execute("select row_number from vault.rejected_rows order by 1").fetchall() == [(2,), (3,), (4,)]


def reject(settings: Settings, days_by_row: dict[int, int]) -> None:
    with warehouse.opened(settings, with_vault=True) as con:
        for row, days in days_by_row.items():
            con.execute(
                "insert into vault.rejected_rows values ('b', $row, 'no time', $raw, $at)",
                {"row": row, "raw": PLANTED, "at": NOW - timedelta(days=days)},
            )


def test_a_dry_run_counts_and_removes_nothing(settings: Settings, reports: Callable[[], list[str]]) -> None:
    reject(settings, {1: 31})
    aged(settings.home / ".scheduler.json.77", 2)
    would = retention.retain(settings, NOW, dry_run=True)
    assert would.counts() == {
        "published_copies": 0,
        "report_folders": 6,
        "scratch_files": 1,
        "rejected_rows": 1,
        "taken_logs": 0,
        "unconfirmed_numbers": 0,
        "replaced_models": 0,
    }
    assert reports() == RUNS
    assert "report folders would go: 6" in would.lines()
    assert not casebook.casebook_path(settings).exists()
    assert retention.retain(settings, NOW).counts() == would.counts()


def test_a_dry_run_counts_the_copies_that_take_too_much_room(settings: Settings) -> None:
    for day in (1, 2, 3):
        copy = aged(settings.published_path / f"{RUNS[day]}.duckdb", 10 - day)
        os.truncate(copy, 600_000_000)  # of holes: it takes no room
        os.utime(copy, (day, day))
    settings.current_path.symlink_to(f"{RUNS[3]}.duckdb")
    narrow = replace(settings, published_gigabytes=1)
    would = retention.retain(narrow, NOW, dry_run=True)
    assert would.counts()["published_copies"] == 2
    assert retention.retain(narrow, NOW).counts() == would.counts()


def test_the_casebook_says_how_many_and_nothing_more(settings: Settings) -> None:
    reject(settings, {1: 31})
    done = retention.retain(settings, NOW)
    with casebook.opened(settings) as book:
        (event,) = book.entries("retention_done")
        assert book.verify() is None
    assert event.data == {"counts": done.counts()}
    assert event.actor == "pipeline"
    assert PLANTED not in event.payload


def test_an_empty_home_is_no_trouble(settings: Settings) -> None:
    assert set(retention.retain(settings, NOW).counts().values()) == {0}


class TestCycle:
    """The tasking cycle's cadence: its cron line only offers days, the terms of reference decide, or `cycle_days`."""

    def test_the_first_list_is_due(self, settings: Settings) -> None:
        assert cycle.is_due(settings, NOW)

    @pytest.mark.parametrize(("days", "is_due"), [(0, False), (7, False), (13, False), (14, True), (21, True)])
    def test_the_next_is_due_after_the_cycle(self, settings: Settings, days: int, is_due: bool) -> None:
        frozen(settings, RUNS[0], NOW)
        assert cycle.is_due(settings, NOW + timedelta(days=days)) is is_due

    def test_terms_of_reference_go_before_the_settings(self, settings: Settings) -> None:
        frozen(settings, RUNS[0], NOW)
        with casebook.opened(settings) as book:
            book.set_user("ada", "administrator", actor="ada", occurred_at=NOW)
            book.set_user("cha", "chair", actor="ada", occurred_at=NOW)
            terms = {"purpose": "p", "scope": "s", "commissioner": "c", "cadence_days": 7}
            book.record("terms_set", actor="cha", occurred_at=NOW, payload=terms)
        assert cycle.cadence_days(settings) == 7
        assert not cycle.is_due(settings, NOW + timedelta(days=6))
        assert cycle.is_due(settings, NOW + timedelta(days=7))
        assert cycle.due_on(settings) == (NOW + timedelta(days=7)).date()

    def test_days_are_local_so_a_clock_change_does_not_put_it_off(self, settings: Settings) -> None:
        frozen(settings, RUNS[0], datetime(2026, 3, 16, 7, 0, 40))
        assert cycle.is_due(settings, datetime(2026, 3, 30, 6, 0, 20))  # 07:00 by then


def test_only_numbers_on_which_nothing_hangs_are_quiet() -> None:
    """Of eleven numbers the first alone goes: silent for years, of one holder, linked to nobody, and all its calls counted."""
    then, names = (
        datetime(2023, 5, 1),
        "alone loose_a loose_b reach_a reach_b passed hit kept corrected silent late".split(),
    )
    token = {name: uuid.uuid5(uuid.NAMESPACE_URL, name) for name in names}
    level = {"loose_a": ("l", "l"), "loose_b": ("l", "l"), "reach_a": ("reach_a", "r"), "reach_b": ("reach_b", "r")}
    with duckdb.connect() as con:
        con.execute(
            "create table caller_numbers (token uuid, spell_id varchar, caller_id varchar, standard_id varchar, "
            "loose_id varchar, reach_id varchar, spells integer, last_call_at timestamp)"
        )
        for name in (*names, "passed"):
            loose, reach = level.get(name, (name, name))
            last = datetime(2025, 12, 1) if name == "late" else then
            con.execute(
                "insert into caller_numbers values (?, ?, ?, ?, ?, ?, 1, ?)",
                [token[name], f"s_{name}", name, name, loose, reach, last],
            )
        con.execute("create table stop_reach as select 'nobody' as caller_id")
        con.execute("create table call_hits as select 'hit' as caller_id")
        con.execute("create table call_stops as select null::uuid as token")
        con.execute(
            "create table call_records (call_key uuid, batch_id varchar, received_at timestamp, number_token uuid, premises_token uuid)"
        )
        for number, name in enumerate(names):
            ends = (then - timedelta(days=120), then) if name == "silent" else (then - timedelta(days=119), then)
            for place, at in enumerate(ends):
                key = uuid.UUID(int=10 * number + place)
                con.execute("insert into call_records values (?, 'b1', ?, ?, null)", [key, at, token[name]])
        con.execute("create table calls as select call_key, batch_id, received_at from call_records")
        con.execute(
            "update call_records set batch_id = 'b2' where number_token = $token", {"token": token["corrected"]}
        )
        values = {"before": datetime(2025, 1, 1), "kept_spells": ["s_kept"], "number_gap_days": 120}
        found = models.select(con, "retention/quiet_lines", values).fetchall()
    assert found == [(token["alone"],)]
