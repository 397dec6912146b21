"""Everything beyond the headline, through the real pipeline: sums by hand, an empty log, two runs and what moved."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from misuse import headline, intake, pipeline, reckoning
from misuse.errors import MisuseError
from misuse.reckoning import told
from misuse.schemas import STATISTICS
from misuse.settings import Rates, Settings
from tests.logs import COLUMNS, MOBILES, NOW, SOURCE, random_rows, settings_for, write_csv

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("methods.md", "coding.md")
AS_OF = date(2025, 11, 4)


def published(settings: Settings, statement: str) -> list[dict[str, Any]]:
    with duckdb.connect(str(settings.current_path), read_only=True) as con:
        found = con.execute(statement)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def run(settings: Settings, as_of: date | None = None) -> None:
    """A run without its papers, which tests/pipeline/test_papers.py reads."""
    run_id = pipeline.begin(settings, as_of, NOW)
    for name in pipeline.STEPS:
        if name != "report":
            pipeline.step(settings, run_id, name, NOW)
    pipeline.finish(settings, run_id, NOW)


def take(settings: Settings, path: Path) -> None:
    for outcome in intake.ingest_files(settings, [path], "calls", actor="tester", now=NOW):
        if isinstance(outcome, MisuseError):
            raise outcome


def call(ref: str, received: datetime, cli: str = MOBILES[1], seconds: int = 60, **other: str) -> dict[str, str]:
    """A row of a log of tests.logs, a misuse call unless `code` says otherwise."""
    ended = received + timedelta(seconds=5 + seconds)
    times = {"received": received, "answered": received + timedelta(seconds=5), "ended": ended}
    row = dict.fromkeys(COLUMNS, "") | {name: at.isoformat(sep=" ") for name, at in times.items()}
    return row | {"ref": ref, "cli": cli, "code": "HOAX", "borough": "Camden", "version": "1"} | other


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One log of random rows, run twice: as of ten days before its end, then with all of it and a campaign."""
    folder = tmp_path_factory.mktemp("reckoning")
    settings = settings_for(
        folder / "home",
        threshold=5,
        rates=Rates(handler_hour_pounds=30.0, source="an invented rate"),
        campaigns={"visits": date(2025, 11, 20), "before the log": date(2020, 1, 1)},
    )
    take(settings, write_csv(folder / "calls.csv", random_rows(7, count=900, days=60)))
    run(settings, as_of=AS_OF)
    run(settings)
    return settings


def test_thresholds_are_those_of_plain_counting(home: Settings) -> None:
    calls = published(
        home,
        "select caller_id, identity_kind, local_date, episode_number from calls where is_misuse and channel = '999'",
    )
    for row in published(home, "select * from window_thresholds"):
        if row["window_name"] == "quarter":  # the log starts in its last month
            assert row["callers"] is row["misuse_calls"] is row["all_misuse_calls"] is None
            continue
        inside = [call for call in calls if row["first_date"] <= call["local_date"] <= row["last_date"]]
        people = [call for call in inside if call["identity_kind"] == "person"]
        made = Counter(call["caller_id"] for call in people)
        episodes = Counter(caller for caller, _ in {(call["caller_id"], call["episode_number"]) for call in people})
        reached = made if row["counted"] == "calls" else episodes
        over = [caller for caller, count in reached.items() if count >= row["threshold"]]
        assert row["callers"] == len(over)
        assert row["misuse_calls"] == sum(made[caller] for caller in over)
        assert row["all_misuse_calls"] == len(inside)


def test_the_runs_own_threshold_has_the_headlines_interval(home: Settings) -> None:
    rows = published(
        home,
        "select window_thresholds.low, window_thresholds.high, estimates.low as own_low, "
        "estimates.high as own_high from window_thresholds "
        "inner join estimates using (window_name) where threshold = 5 and counted = 'calls' "
        "and estimate = 'share_of_misuse' and counted_by = 'caller'",
    )
    assert len(rows) == 5
    assert all((row["low"], row["high"]) == (row["own_low"], row["own_high"]) for row in rows)


def test_every_interval_of_a_share_says_how_far_it_can_be_trusted(home: Settings) -> None:
    """By the size of its own window: so small a log never claims 95%."""
    rows = published(home, "select * from window_thresholds where low is not null")
    rows += published(
        home, "select * from estimates where low is not null and unit = 'share' and estimate like 'share_of%'"
    )
    assert len(rows) > 30
    assert all("95% is not claimed" in row["method"] for row in rows)


def test_costs_are_hours_at_the_stated_rate(home: Settings) -> None:
    found = {
        row["estimate"]: row
        for row in published(home, "select * from estimates where window_name = 'headline' and counted_by = 'caller'")
    }
    for who in ("persistent", "all_misuse"):
        hours, cost = found[f"hours_{who}"], found[f"handling_cost_{who}"]
        assert cost["point"] == pytest.approx(30.0 * hours["point"])
        assert "an invented rate" in cost["method"]
        assert "not cashable" in cost["method"]
        assert found[f"full_time_{who}"]["point"] == pytest.approx(hours["point"] / 125)
        assert found[f"unit_cost_{who}"]["point"] is None


def test_every_figure_says_how_it_was_reckoned_or_why_not(home: Settings) -> None:
    for relation in ("estimates", "control_charts", "campaign_effects", "window_thresholds"):
        rows = published(home, "select * from " + relation)
        assert rows, relation
        assert all(row["method"] for row in rows)
    missing = published(home, "select * from estimates where point is null")
    assert all("not " in row["method"] for row in missing), missing


def test_the_page_of_methods_names_every_figure_and_relation(home: Settings) -> None:
    words = set(re.findall(r"`(\w+)`", "".join((DOCS / name).read_text(encoding="utf-8") for name in PAGES)))
    names = {row["estimate"] for row in published(home, "select distinct estimate from estimates")}
    names |= {relation.name for relation in STATISTICS}
    assert names <= words, sorted(names - words)


def test_campaigns_of_the_settings_are_each_told_of(home: Settings) -> None:
    rows = published(home, "select * from campaign_effects order by campaign, figure")
    assert {row["campaign"] for row in rows} == {"visits", "before the log"}
    assert all(row["point"] is None for row in rows), "forty days are no series"
    weeks = published(home, "select * from campaign_series order by week")
    assert [row["first_date"] for row in weeks][:2] == [date(2025, 11, 6), date(2025, 11, 13)]


def test_what_moved_since_the_run_before(home: Settings) -> None:
    rows = published(home, "select * from list_differences")
    before = Counter(
        row["caller_id"]
        for row in published(home, "select caller_id from calls where is_misuse and identity_kind = 'person'"
                             " and channel = '999' and local_date <= date '2025-11-04'")
    )  # fmt: skip
    after = {row["caller_id"]: row["misuse_calls"] for row in published(home, "select * from persistent_callers")}
    entered = {caller for caller in after if before[caller] < 5}
    assert entered
    assert {row["caller_id"] for row in rows if row["movement"] == "entered"} == entered
    for row in rows:
        assert row["previous_as_of"] == AS_OF
        assert row["misuse_calls_now"] == after.get(row["caller_id"], row["misuse_calls_now"])
        if row["movement"] == "entered" and row["previous_caller_id"] == row["caller_id"]:
            assert row["misuse_calls_before"] == before[row["caller_id"]]
            assert row["decisive"]


def test_without_what_came_since_the_headline_is_the_run_befores(home: Settings) -> None:
    """Nothing but new calls came between the two runs, so without them the earlier headline stands."""
    (row,) = published(home, "select * from reason_totals")
    calls = published(
        home,
        "select caller_id, identity_kind from calls where is_misuse and channel = '999' and local_date <= date '2025-11-04'",
    )
    made = Counter(call["caller_id"] for call in calls if call["identity_kind"] == "person")
    over = [count for count in made.values() if count >= 5]
    assert row["reason"] == "new_calls"
    assert row["callers_without"] == len(over)
    assert row["share_without"] == pytest.approx(sum(over) / len(calls))


def test_sensitivity_of_the_runs_own_reckoning_is_nothing(home: Settings) -> None:
    rows = {(row["kind"], row["way"]): row for row in published(home, "select * from sensitivity")}
    same = rows["window", "since_log_start"]  # sixty days: both windows hold the whole log
    assert (same["entered"], same["left_it"], same["share_change"]) == (0, 0, 0)
    (number,) = published(
        home,
        "select point from estimates where estimate = 'persistent_callers' and window_name = 'headline' and counted_by = 'number'",
    )
    assert rows.pop(("identity", "number"))["callers"] == number["point"]
    for row in rows.values():
        assert (
            row["callers"] == len(published(home, "select * from persistent_callers")) + row["entered"] - row["left_it"]
        )


def test_the_document_holds_every_key_and_every_figure_with_its_method(home: Settings) -> None:
    with duckdb.connect(str(home.current_path), read_only=True) as con:
        document = headline.published(con)
        again = headline.recounted(con, home, window="30", threshold=None, counted_by="caller")
        said = "\n".join(headline.sentences(document, home, NOW))
    assert set(told.KEYS) <= document.keys()
    assert all(document[key] is not None for key in told.KEYS)
    assert all(again[key] is None for key in told.KEYS), "what a run alone reckons is null, never absent"
    json.dumps(document, default=str)
    assert all(figure["method"] for figure in document["figures"].values())
    assert document["figures"]["share_of_misuse"]["point"] == document["share_of_misuse"]["point"]
    rest = document["rest_of_misuse"]
    assert rest["misuse_calls_below"] + rest["misuse_calls_apart"] + document["persistent_misuse_calls"] + document[
        "unidentified_misuse_calls"
    ] == document["misuse_calls"]  # fmt: skip
    assert "it is no trend" in said
    assert "£" in said
    assert "came over the threshold" in said


def test_every_run_warns_of_log_growth(home: Settings) -> None:
    outcome = pipeline.run(home, as_of=None, clock=lambda: NOW, actor="tester")
    assert any(warning.startswith("log growth: ") for warning in outcome.warnings)


def test_groups_add_up_and_small_numbers_are_kept_back(home: Settings) -> None:
    rows = published(home, "select * from equality")
    assert {row["dimension"] for row in rows} == {"home borough", "kind of line", "vulnerability"}
    for row in rows:
        assert row["is_suppressed"] == (row["value"] is None)
        assert not row["is_suppressed"] or row["of_all"] is row["rate"] is None
        assert not 0 < (row["value"] or 0) < 5
    persons = published(
        home,
        "select count(*) as persons from caller_windows inner join callers using (caller_id) where window_name = 'headline' "
        "and caller_windows.coded_misuse_calls > 0 and identity_kind = 'person'",
    )
    whole = [row for row in rows if row["dimension"] == "kind of line" and row["measure"] == "persons stopped"]
    if not any(row["is_suppressed"] for row in whole):
        assert sum(row["of_all"] for row in whole) == persons[0]["persons"]


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Nine days of November."""
    folder = tmp_path_factory.mktemp("short")
    settings = settings_for(folder / "home")
    take(settings, write_csv(folder / "calls.csv", random_rows(3, count=60, days=9)))
    run(settings)
    return settings


def test_the_first_run_has_nothing_to_be_held_against(short: Settings) -> None:
    assert published(short, "select * from list_differences") == []


def test_of_whole_months_that_the_log_does_not_hold_nothing_is_told(short: Settings) -> None:
    (told_of,) = published(
        short,
        "select distinct callers, misuse_calls, all_misuse_calls, share, low, high, method from window_thresholds "
        "where window_name in ('month', 'quarter')",
    )
    assert told_of.pop("method") == "not reckoned: the log does not hold every day of this window"
    assert set(told_of.values()) == {None}
    figures = published(short, "select point, method from estimates where estimate like 'ambulance_line%'")
    assert len(figures) == 6
    assert {(row["point"], row["method"].split(":")[0]) for row in figures} == {(None, "not reckoned")}
    assert not published(short, "select * from sensitivity where way in ('month', 'quarter')")
    with duckdb.connect(str(short.current_path), read_only=True) as con:
        document = headline.published(con)
    assert document["ambulance_line"]["calls"] == {"callers": None, "misuse_calls": None, "share": None}


def test_a_number_that_was_never_passed_on_stops_no_run(tmp_path: Path) -> None:
    """A correction says that the second holder was the first: one caller of what were two, under the id of the lesser."""
    columns = {**SOURCE["columns"], "subscriber_postcode": "postcode"}
    settings = settings_for(tmp_path / "home", sources={"calls": {**SOURCE, "columns": columns}})
    first, second = ("Brendle Osfarrow", "ZZ1 1AA"), ("Quimby Valtross", "ZZ9 9ZZ")
    rows = [
        call(f"R{day}", datetime(2025, 6, 1, 12) + timedelta(days=day), name=name, postcode=postcode)
        for day in range(25)
        for name, postcode in [first if day < 5 else second]
    ]
    header = (*COLUMNS, "postcode")
    take(settings, write_csv(tmp_path / "calls.csv", rows, header))
    run(settings)
    assert [row["misuse_calls"] for row in published(settings, "select misuse_calls from persistent_callers")] == [20]
    fixed = [{**row, "name": first[0], "postcode": first[1], "version": "2"} for row in rows[5:]]
    take(settings, write_csv(tmp_path / "fixed.csv", fixed, header))
    for _ in range(2):
        run(settings)
        assert [row["misuse_calls"] for row in published(settings, "select misuse_calls from persistent_callers")] == [
            25
        ]
    assert published(settings, "select * from list_differences") == []


@pytest.fixture(scope="module")
def half_measured(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Eight months of which four have no time of answer or end: of ten minutes a call, two calls a day."""
    folder = tmp_path_factory.mktemp("half_measured")
    settings = settings_for(folder / "home")
    rows = []
    for day in range(243):
        for n in range(2):
            row = call(f"R{day}-{n}", datetime(2025, 1, 1, 12 + n) + timedelta(days=day), MOBILES[day % 5], 600)
            rows.append(row if day >= 120 else row | {"answered": "", "ended": ""})
    take(settings, write_csv(folder / "calls.csv", rows))
    run(settings)
    return settings


def test_what_was_not_measured_is_no_nought_on_a_chart(half_measured: Settings) -> None:
    rows = published(
        half_measured,
        "select month, point, signal, method from control_charts "
        "where split = 'all' and measure = 'handling_hours_a_day' order by month",
    )
    assert [row["point"] is None for row in rows] == [True] * 4 + [False] * 4
    assert {row["signal"] for row in rows} == {None}
    assert all(row["method"].startswith("not reckoned: ") for row in rows)


def test_hours_a_month_are_of_months_that_were_measured(half_measured: Settings) -> None:
    found = {
        row["estimate"]: row
        for row in published(
            half_measured, "select * from estimates where window_name = 'headline' and counted_by = 'caller'"
        )
    }
    hours = sum(2 * days * 600 / 3600 for days in (31, 30, 31, 31)) / 4
    assert found["hours_all_misuse"]["point"] == pytest.approx(hours)
    assert found["days_work_handling_all_misuse"]["point"] == pytest.approx((31 + 30 + 31 + 31) / 4)
    assert "4 whole months in which it was measured, of 8" in found["hours_all_misuse"]["method"]
    assert found["days_work_all_misuse"]["point"] == pytest.approx(243 / 8)
    assert found["unit_hours_all_misuse"]["point"] is None
    assert found["full_time_all_misuse"]["point"] == pytest.approx(
        hours / (half_measured.rates.handler_hours_a_year / 12)
    )


def test_a_log_starts_with_the_headlines_channel(tmp_path: Path) -> None:
    """A 101 log two years older: before the first 999 call there is no nought of misuse, in no figure."""
    columns = {**SOURCE["columns"], "channel": "line"}
    settings = settings_for(
        tmp_path / "home", sources={"calls": {**SOURCE, "columns": columns}}, campaigns={"visits": date(2025, 3, 1)}
    )
    rows = [
        call(f"O{week}", datetime(2023, 1, 1, 12) + timedelta(weeks=week), code="THEFT", line="101")
        for week in range(150)
    ]
    for day in range(200):
        at = datetime(2025, 2, 1, 9) + timedelta(days=day)
        rows += [call(f"R{day}-{n}", at + timedelta(hours=n), MOBILES[day * n % 7], line="999") for n in range(3)]
    take(settings, write_csv(tmp_path / "calls.csv", rows, (*COLUMNS, "line")))
    run(settings)
    start = "select first_date from windows where window_name = 'since_log_start'"
    assert published(settings, start) == [{"first_date": date(2025, 2, 1)}]
    assert published(settings, "select min(month) as first from misuse_monthly") == [{"first": date(2025, 2, 1)}]
    assert published(settings, "select min(month) as first from control_charts") == [{"first": date(2025, 2, 1)}]
    assert published(settings, "select min(week) as first from campaign_series") == [{"first": -4}]
    (year,) = published(settings, "select point, method from estimates where estimate = 'year_on_year_misuse_calls'")
    assert (year["point"], year["method"]) == (None, "not reckoned: the log is shorter than two years")


def test_a_log_without_misuse_is_reckoned_all_the_same(tmp_path: Path) -> None:
    rows = [row | {"code": "BURGLARY"} for row in random_rows(3, count=60, days=9)]
    settings = settings_for(tmp_path / "home")
    take(settings, write_csv(tmp_path / "calls.csv", rows))
    run(settings)
    assert published(settings, "select * from lorenz") == []
    assert published(settings, "select * from rank_stability") == []
    assert published(settings, "select distinct share from window_thresholds") == [{"share": None}]


def test_another_rate_is_another_run(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "home")
    take(settings, write_csv(tmp_path / "calls.csv", random_rows(3, count=60, days=9)))
    run(settings)
    first = settings.current_path.resolve()
    run(replace(settings, rates=Rates(handler_hour_pounds=1.0)))
    assert settings.current_path.resolve() != first
    assert reckoning.stated(settings)["handler_hour_pounds"] == 0.0
    assert (NOW - datetime(2025, 11, 1)) > timedelta(days=9)
