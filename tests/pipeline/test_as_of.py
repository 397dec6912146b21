"""The day that a run speaks for: one that is over, near the log; and the way back from one that was not."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from misuse import intake, ledger, pipeline, status, warehouse
from misuse.errors import CheckFailed, MisuseError, Refused, UsageError
from misuse.reckoning import changes
from misuse.settings import Settings
from tests.commands import misuse
from tests.logs import NOW, random_rows, settings_for, write_csv

pytestmark = pytest.mark.usefixtures("unreported_file")  # nobody reads their papers

LAST_DAY = date(2025, 12, 10)  # of the log
AHEAD = date(2026, 3, 1)  # as an earlier release would have spoken for on NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with forty days of calls."""
    found = settings_for(tmp_path / "home")
    for outcome in intake.ingest_files(
        found, [write_csv(tmp_path / "log.csv", random_rows(61, 200))], "calls", actor="tester", now=NOW
    ):
        assert not isinstance(outcome, MisuseError)
    return found


def run(settings: Settings, as_of: date | None = None, *, now: datetime = NOW, force: bool = False):
    return pipeline.run(settings, as_of=as_of, clock=lambda: now, actor="tester", force=force)


@pytest.mark.parametrize("as_of", [NOW.date(), NOW.date() + timedelta(days=1), date(2030, 1, 1)])
def test_a_day_that_is_not_over_is_spoken_for_by_no_run(settings: Settings, as_of: date) -> None:
    for speak in (lambda: run(settings, as_of), lambda: pipeline.begin(settings, as_of, NOW, force=True)):
        with pytest.raises(UsageError, match=f"{as_of} is not over") as refused:
            speak()
        assert "misuse run" in refused.value.next_step
    assert not settings.current_path.exists()
    assert not (settings.home / "last_run.json").exists(), "a mistyped day is no failed run"


def test_a_day_is_over_by_the_reporting_zone(settings: Settings) -> None:
    late = datetime(2025, 12, 14, 23, 30)  # half past eleven in London, half past twelve in Berlin
    with pytest.raises(UsageError, match="is not over"):
        ledger.refuse_unended(late.date(), late, "Europe/London")
    ledger.refuse_unended(late.date(), late, "Europe/Berlin")


def test_a_day_to_come_is_a_mistake_of_usage_on_the_command_line(settings: Settings) -> None:
    done = misuse(settings.home, "run", "--as-of", "2999-01-01")
    assert (done.returncode, done.stdout) == (2, "")
    assert "2999-01-01 is not over" in done.stderr
    assert "Next: misuse run" in done.stderr


def test_a_home_without_calls_publishes_no_empty_list(tmp_path: Path) -> None:
    empty = settings_for(tmp_path / "home")
    for as_of in (None, date(2025, 10, 1)):
        with pytest.raises(UsageError, match="no calls") as refused:
            run(empty, as_of)
        assert "misuse ingest" in refused.value.next_step
    assert not list(tmp_path.rglob("current.duckdb"))


def test_an_as_of_so_far_off_the_log_that_nothing_is_counted_is_not_published(settings: Settings) -> None:
    first = run(settings)
    for as_of, now in ((LAST_DAY + timedelta(days=400), NOW + timedelta(days=500)), (date(2025, 10, 1), NOW)):
        with pytest.raises(CheckFailed, match="an empty headline: none of the 200 calls") as failed:
            run(settings, as_of, now=now, force=True)
        assert "misuse run, without --as-of" in failed.value.message
        assert settings.current_path.resolve().stem == first.run_id


def test_a_day_off_the_end_of_the_log_may_be_spoken_for_and_is_said(settings: Settings) -> None:
    earlier = run(settings, LAST_DAY - timedelta(days=5))
    stale, later, _ = earlier.warnings
    assert stale == f"STALE: as of the end of {LAST_DAY - timedelta(days=5)}, 40 days old, over 36 hours"
    assert later.endswith(f"which this run speaks for, not counted; the last whole day of the log is {LAST_DAY}")
    after = run(settings, LAST_DAY + timedelta(days=35), now=NOW)
    assert after.as_of == LAST_DAY + timedelta(days=35)
    assert after.warnings[0].startswith(f"the last whole day of the log is {LAST_DAY}: the 35 days after it")


def test_calls_after_the_last_whole_day_are_said_to_be(settings: Settings) -> None:
    with warehouse.opened(settings) as con:
        morning = datetime.combine(LAST_DAY, datetime.min.time()) + timedelta(hours=9)
        assert ledger.off_the_log(con, LAST_DAY, NOW, "Europe/London") == []
        (said,) = ledger.off_the_log(con, LAST_DAY - timedelta(days=1), morning, "Europe/London")
    assert said.endswith(f"later than {LAST_DAY - timedelta(days=1)}, the last whole day of the log, not counted yet")


def test_a_typed_day_that_is_refused_leaves_the_last_run_as_it_was(settings: Settings) -> None:
    good, told = run(settings), settings.home / "last_run.json"
    before = told.read_bytes()
    with pytest.raises(Refused, match=f"the published list speaks for {LAST_DAY}, later than 2020-01-01"):
        run(settings, date(2020, 1, 1))
    assert told.read_bytes() == before
    assert "ok last run" in {line.key for line in status.status(settings, NOW).lines}
    assert run(settings).run_id == good.run_id


def test_a_file_taken_out_since_the_run_is_told_until_the_next(settings: Settings) -> None:
    run(settings)
    assert "NEW calls" not in {line.key for line in status.status(settings, NOW).lines}
    later = write_csv(settings.home / "later.csv", random_rows(62, 30))
    (outcome,) = intake.ingest_files(settings, [later], "calls", actor="tester", now=NOW)
    (told,) = (line for line in status.status(settings, NOW).lines if line.key == "NEW calls")
    assert "1 file came in since" in told.cause
    run(settings)
    assert not isinstance(outcome, MisuseError)
    intake.withdraw(settings, outcome.batch_id, reason="a trial", actor="tester", now=NOW)
    (told,) = (line for line in status.status(settings, NOW).lines if line.key == "NEW calls")
    assert "1 file withdrawn since" in told.cause
    run(settings)
    assert "NEW calls" not in {line.key for line in status.status(settings, NOW).lines}


def test_a_night_that_is_refused_is_told_as_failed(settings: Settings) -> None:
    spoken_ahead(settings)
    with pytest.raises(Refused):
        run(settings)
    assert "FAILED last run" in {line.key for line in status.status(settings, NOW).lines}


def spoken_ahead(settings: Settings) -> str:
    """A home of an earlier release, where a run of NOW spoke for a day to come."""
    ahead = run(settings, AHEAD, now=datetime(2026, 3, 2, 3))
    with warehouse.opened(settings) as con:
        con.execute("update run_ledger set started_at = $now where as_of = $ahead", {"now": NOW, "ahead": AHEAD})
    return ahead.run_id


def test_the_refusal_leads_out_of_a_home_that_speaks_for_a_day_to_come(settings: Settings) -> None:
    ahead = spoken_ahead(settings)
    with pytest.raises(Refused, match=f"the published list speaks for {AHEAD}, a day that is not over") as refused:
        run(settings)
    words = refused.value.next_step.split(" puts ")[0].split()
    assert words == ["misuse", "run", "--as-of", str(LAST_DAY), "--force"]
    assert run(settings, date.fromisoformat(words[3]), force=True).as_of == LAST_DAY
    assert run(settings).status == "skipped", "the nights go on by themselves"
    with warehouse.opened(settings) as con:
        assert ledger.is_latest(con, LAST_DAY), "what was published ahead is no later run"
        assert changes.earlier_copy(con, settings.current_path.resolve().stem, settings) is None
        assert settings.published_path.joinpath(f"{ahead}.duckdb").exists()
