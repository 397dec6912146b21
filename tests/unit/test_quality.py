"""Every check holds on what is right, fails on what offends it, and no result or page holds a planted value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from misuse import models, quality, schemas
from misuse.quality import expectations, pages
from misuse.quality.checks import Check, CheckResult, measure
from misuse.settings import SQL_ROOT, Limits, Settings
from tests import warehouse_fixture as invented

LANDING_OFFENCES = {
    "assert_landing_columns_are_declared": "alter table landing_calls drop column ward",
    "assert_landing_keys_are_whole": "update landing_calls set call_key = (select min(call_key) from landing_calls)",
    "assert_landing_amounts_are_possible": "update landing_calls set talk_seconds = -1 where row_number = 3",
    "assert_landing_amounts_are_plausible": "update landing_calls set wrap_seconds = 86401 where row_number = 3",
    "assert_landing_dates_are_possible": "update landing_calls set received_at = '2105-01-01' where row_number = 3",
    "assert_landing_days_have_calls": "delete from landing_calls where received_at::date = '2025-02-12'",
    "assert_landing_volume_holds": "delete from landing_calls where received_at::date = '2025-02-12' and row_number % 5 > 0",
    "assert_landing_misuse_share_holds": "update landing_calls set closing_code = 'hoax' where received_at::date = '2025-02-12'",
    "assert_landing_codes_are_known": "update landing_calls set closing_code = 'NEW ' || row_number where row_number % 50 = 0",
    "assert_landing_calls_come_once": "insert into landing_calls by name select * replace (uuid() as call_key) "
    "from landing_calls where row_number % 10 = 0",
    "assert_landing_codes_stand_alone": "update landing_calls set closing_code = 'ABUSIVE; HOAX' where row_number % 9 = 0",
    "assert_landing_channels_are_known": "update landing_calls set channel = 'EMERGENCY' where row_number % 10 > 0",
    "assert_landing_markers_are_known": "update parsed_rows set markers = 'KIOSK;DOM ABSE' where row_number % 8 = 0",
    "assert_landing_nulls_do_not_rise": "update landing_calls set number_token = null",
}

PUBLICATION_OFFENCES = {
    "assert_misuse_is_parted": "update misuse_parts set misuse_calls = misuse_calls + 1 where part = 'hour' and value = '09'",
    "assert_keys_are_unique": "insert into estimates from estimates limit 1",
    "assert_ledger_adds_up": "delete from call_records where row_number = 1",
    "assert_headline_window_holds_calls": "update windows set window_from = window_to where window_name = 'headline'",
    "assert_headline_channel_has_calls": "update calls set channel = 'EMERGENCY'",
    "assert_calls_are_those_received": "update call_records set received_at = '2026-01-01 00:00:00' where row_number = 1",
    "assert_calls_stand_in_one_source": "update calls set line_id = caller_id where is_misuse; "
    "insert into calls select * replace ('another' as source, received_at + interval 7 seconds as received_at) "
    "from calls where is_misuse",
    "assert_call_flags_agree": "update callers set is_stopped = true where misuse_calls > 0",
    "assert_caller_sums_are_all_calls": "update callers set misuse_calls = misuse_calls + 1 where misuse_calls > 40",
    "assert_caller_windows_are_nested": "update caller_windows set misuse_calls = 900 where window_name = 'd30'",
    "assert_persistent_callers_are_right": "delete from persistent_callers where rank = 1",
    "assert_bridge_narrows": "update bridge set callers = 9000 where step = 'less_doubtful'",
    "assert_bridge_ends_at_headline": "update estimates set point = point + 0.01 where estimate = 'share_of_misuse'",
    "assert_shares_are_shares": "update estimates set high = 1.2 where estimate = 'share_of_misuse'",
    "assert_list_is_within_capacity": "update tasking_list set part = 2",
    "assert_list_holds_only_eligible": "update callers set identity_kind = 'shared_line'",
    "assert_list_is_ranked": "update tasking_list set rank = rank + 1 where rank > 3",
    "assert_look_list_is_complete": "delete from look_list where coded_misuse_calls > 30",
    "assert_days_and_months_add_up": "delete from demand_daily where local_date = '2025-06-01'",
    "assert_rows_are_this_runs": "update tasking_list set run_id = 'another' where rank = 2",
    "assert_callers_are_their_spells": "update caller_spells set loose_id = 'c0' where caller_id < 'c1'",
    "assert_spells_are_all_calls": "update caller_spells set calls = calls + 1 where caller_id < 'c1'",
    "assert_links_tell_no_values": "insert into caller_links by name select 's1' as spell_a, 's2' as spell_b, "
    "'c1' as caller_a, 'c2' as caller_b, 'refused' as status, ['postcode ZZ1 1AA agrees'] as reasons",
    "assert_levels_are_nested": "update estimates set point = 0 where counted_by = 'loose'",
    "assert_enforcement_stays_shut": "update tasking_list set misuse_calls_confirmed = 3 where rank = 2",
    "rows_of_tasking_list": "update tasking_list set handling_hours = -1 where rank = 1",
    "rows_of_estimates": "update estimates set unit = 'furlongs' where unit = 'share'",
    "rows_of_bridge": "update bridge set share = null where step_number = 2",
    "rows_of_persistent_callers": "update persistent_callers set rank = 1",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    con = invented.warehouse(tmp_path_factory.mktemp("invented"))
    yield con
    con.close()


@pytest.fixture
def publication_door(whole: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, as it was before each test."""
    whole.execute("begin")
    yield whole
    whole.execute("rollback")


@pytest.fixture
def landing_door() -> Iterator[duckdb.DuckDBPyConnection]:
    """Six quiet weeks in, three more days at the door."""
    con = invented.empty_warehouse()
    con.execute("create table rule_misuse_codes (source varchar, field varchar, code varchar)")
    con.execute("insert into rule_misuse_codes values ('invented', 'closing_code', 'hoax')")
    invented.landing(con, 42, 400, start="2024-12-31", batch="b0001")
    invented.take_in(con)
    invented.landing(con, 3, 400, start="2025-02-11")
    con.execute((SQL_ROOT / "schema" / "macros.sql").read_text(encoding="utf-8"))
    con.execute((SQL_ROOT / "rules" / "rule_hard_stops.sql").read_text(encoding="utf-8"))
    con.execute("insert into rule_hard_stops (marker) values ('kiosk'), ('domestic_abuse')")
    con.execute(_MARKED)
    con.execute("create table replaced_batch as select '' as batch_id")
    yield con
    con.close()


_MARKED = """
create table parsed_rows as
select
    row_number,
    case row_number % 3 when 0 then 'KIOSK' when 1 then 'DOMESTIC ABUSE (HIGH), --' end as markers
from landing_calls
"""


def at_landing(con: duckdb.DuckDBPyConnection, settings: Settings, **more: object) -> dict[str, CheckResult]:
    results = quality.check_landing(con, batch_id="b0002", settings=settings, now=invented.NOW, **more)  # type: ignore[arg-type]
    return {result.name: result for result in results}


def at_publication(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, CheckResult]:
    results = quality.check_publication(con, run_id=invented.RUN_ID, settings=settings, now=invented.NOW)
    return {result.name: result for result in results}


def one_at_publication(con: duckdb.DuckDBPyConnection, settings: Settings, name: str) -> CheckResult:
    """One check, since all of them for each offence would take long."""
    for mart in expectations.MARTS:
        if name == f"rows_of_{mart.name}":
            return expectations.validate_mart(con, mart, settings, invented.RUN_ID, invented.NOW)
    check = next(check for check in quality.checks("publication") if check.name == name)
    metric = measure(con, check, quality.publication_parameters(settings, invented.RUN_ID, invented.AS_OF), settings)
    return expectations.judge([metric], settings.home, "publication", invented.RUN_ID, invented.NOW)[0]


def offending(results: dict[str, CheckResult]) -> set[str]:
    return {name for name, result in results.items() if not result.holds}


def test_every_check_has_an_offence_that_it_finds() -> None:
    files = {path.stem for path in (SQL_ROOT / "checks").glob("*.sql")}
    found = LANDING_OFFENCES.keys() | PUBLICATION_OFFENCES.keys()
    assert files == {name for name in found if name.startswith("assert_")}
    assert found - files == {f"rows_of_{mart.name}" for mart in expectations.MARTS}


def test_checks_are_short_and_say_door_severity_limits_finding_and_next_step() -> None:
    for path in (SQL_ROOT / "checks").glob("*.sql"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 100, path.name
    every = quality.checks("landing") + quality.checks("publication")
    assert len(every) == len(list((SQL_ROOT / "checks").glob("*.sql")))
    for check in every:
        low, high = check.bounds(Settings())
        assert low <= high
        assert check.finding
        assert check.next_step


def test_quiet_landing_holds(landing_door: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    assert offending(at_landing(landing_door, settings)) == set()


@pytest.mark.parametrize("name", sorted(LANDING_OFFENCES))
def test_landing_offence_is_found(name: str, landing_door: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    landing_door.execute(LANDING_OFFENCES[name])
    result = at_landing(landing_door, settings)[name]
    assert not result.holds
    assert result.value is not None
    assert not result.low <= result.value <= result.high
    assert "Next: " in result.sentence


def test_words_in_the_channels_column_are_shown_where_they_may_be_channels(
    landing_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    landing_door.execute("update landing_calls set channel = 'LINE ' || row_number % 5")
    found = at_landing(landing_door, settings)["assert_landing_channels_are_known"]
    assert "(LINE 0, LINE 1, LINE 2, LINE 3, LINE 4)" in found.sentence
    landing_door.execute("update landing_calls set channel = 'JANE EXAMPLE ' || row_number % 6")
    found = at_landing(landing_door, settings)["assert_landing_channels_are_known"]
    assert "(6 different words)" in found.sentence
    assert "JANE" not in found.sentence


def test_calls_of_a_number_and_second_that_are_in_already_are_told(
    landing_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    def told() -> CheckResult:
        return at_landing(landing_door, settings)["assert_landing_calls_come_once"]

    landing_door.execute(
        "insert into call_records by name select * replace (uuid() as call_key, 'b0009' as batch_id) "
        "from landing_calls where row_number % 3 = 0"
    )
    assert told().sentence.startswith(
        "33% of the calls with a number are of the number and second of another call: 400 calls"
    )
    landing_door.execute("update replaced_batch set batch_id = 'b0009'")
    assert told().holds, "a batch that goes out does not count twice"
    landing_door.execute("update replaced_batch set batch_id = ''")
    for table in ("call_records", "landing_calls"):
        landing_door.execute("update " + table + " set received_at = date_trunc('minute', received_at)")
    assert told().holds, "a log without seconds cannot tell"


@pytest.mark.parametrize(
    ("closing", "opening", "told"),
    [
        ("HOAX;ABUSIVE", None, True),
        ("abusive / Hoax", None, True),
        ("CRIME,hoax", None, True),
        ("HOAXER;ABUSIVE", None, False),
        ("BURGLARY;THEFT", "HOAX", False),
        (None, "HOAX|ABUSIVE", False),  # the list has it for closing codes alone
        ("SILENT/HOAX", None, False),  # the list has the cell as it stands
    ],
)
def test_a_misuse_code_beside_another_in_a_cell_is_told_by_counts(
    landing_door: duckdb.DuckDBPyConnection, settings: Settings, closing: str | None, opening: str | None, told: bool
) -> None:
    landing_door.execute("insert into rule_misuse_codes values ('invented', 'closing_code', 'Silent/Hoax')")
    landing_door.execute(
        "update landing_calls set closing_code = $closing, opening_code = $opening where row_number % 10 = 0",
        {"closing": closing, "opening": opening},
    )
    found = at_landing(landing_door, settings)["assert_landing_codes_stand_alone"]
    assert found.holds != told
    assert not told or found.sentence.startswith("10.0% of the calls have a misuse code beside another")
    assert not told or "(1 different cells)" in found.sentence


def test_invented_publication_holds(publication_door: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    assert offending(at_publication(publication_door, settings)) == set()


def test_a_correction_that_leaves_the_time_alone_is_another_version(
    publication_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    publication_door.execute(
        "update call_records set batch_id = 'b0002', closing_code = 'BURGLARY' where row_number < 3"
    )
    result = one_at_publication(publication_door, settings, "assert_calls_are_those_received")
    assert (result.holds, result.value) == (False, 2.0)


@pytest.mark.parametrize("name", sorted(PUBLICATION_OFFENCES))
def test_publication_offence_is_found(
    name: str, publication_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    publication_door.execute(PUBLICATION_OFFENCES[name])
    result = one_at_publication(publication_door, settings, name)
    assert not result.holds
    assert result.severity == "fail"
    assert result.value is not None


@pytest.mark.parametrize("window", ["d30", "d90", "d365"])
def test_each_window_is_held_against_the_next_longer_one(
    window: str, publication_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    """A count that adds up, and is more than a longer window's, is found whichever the two are."""
    publication_door.execute(
        "update caller_windows set misuse_calls = 900, coded_misuse_calls = 900 + stopped_calls + doubtful_calls "
        "where window_name = $window",
        {"window": window},
    )
    result = one_at_publication(publication_door, settings, "assert_caller_windows_are_nested")
    assert not result.holds
    assert "not nested" in result.sentence
    assert "add up" not in result.sentence


# The list's first caller fallen under the threshold: only a case under action or review keeps one there.
FALLEN = """
create temp table fallen as select caller_id from tasking_list where rank = (select max(rank) from tasking_list);
update tasking_list set misuse_calls_window = 2, episodes = 0, part = 1, status = $status
where caller_id in (from fallen);
update caller_windows set misuse_calls = 2, coded_misuse_calls = 2, is_persistent = false
where window_name = 'headline' and caller_id in (from fallen);
delete from persistent_callers where caller_id in (from fallen);
delete from look_list where caller_id in (from fallen);
update calls set is_stopped = false where caller_id in (from fallen);
delete from cases where caller_id in (from fallen);
insert into cases by name
select 'K-FALLEN' as case_ref, caller_id, timestamp '2025-12-15' as opened_at, $status as status, 1 as moves from fallen;
drop table fallen;
"""


@pytest.mark.parametrize(
    ("status", "may_stay"), [("under_action", True), ("under_review", True), ("listed", False), ("closed", False)]
)
def test_only_an_open_case_keeps_a_caller_under_the_threshold_on_the_list(
    status: str, may_stay: bool, publication_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    for statement in FALLEN.replace("$status", f"'{status}'").strip().split(";")[:-1]:
        publication_door.execute(statement)
    about_the_list = {"assert_list_holds_only_eligible", "assert_look_list_is_complete", "rows_of_tasking_list"}
    for name in sorted(about_the_list):
        assert one_at_publication(publication_door, settings, name).holds is may_stay, name


def test_a_stopped_caller_with_a_case_is_looked_for_whatever_the_counts(
    publication_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    one = "(select min(caller_id) from callers where caller_id not in (select caller_id from look_list))"
    publication_door.execute("create or replace temp table chosen as select " + one + " as caller_id")
    publication_door.execute(
        "update callers set is_stopped = true, coded_misuse_calls = 0, calls = 2 where caller_id in (from chosen)"
    )
    assert one_at_publication(publication_door, settings, "assert_look_list_is_complete").holds
    publication_door.execute(
        "insert into cases by name select 'K-STOPPED' as case_ref, caller_id, 'under_action' as status from chosen"
    )
    assert not one_at_publication(publication_door, settings, "assert_look_list_is_complete").holds


def test_whoever_a_person_stopped_is_looked_for_whatever_the_counts(
    publication_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    publication_door.execute("""
        insert into caller_flags by name
        select caller_id, true as is_by_person
        from callers
        where caller_id not in (select caller_id from look_list) and caller_id not in (select caller_id from caller_flags)
        order by caller_id limit 1
    """)
    assert not one_at_publication(publication_door, settings, "assert_look_list_is_complete").holds


@pytest.mark.parametrize(
    ("apart_seconds", "calls", "holds"), [(7, 2, True), (7, 3, False), (11, 3, True), (-7, 3, False)]
)
def test_three_calls_of_two_sources_at_one_moment_are_no_chance(
    apart_seconds: int, calls: int, holds: bool, publication_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    publication_door.execute("update calls set line_id = caller_id where is_misuse")
    publication_door.execute(
        """
        insert into calls
        select * replace ('another' as source, received_at + to_seconds($apart) as received_at)
        from (
            select * from calls where is_misuse and line_id is not null
            qualify row_number() over (partition by line_id order by received_at) = 1
            order by line_id limit $calls
        )
        """,
        {"apart": apart_seconds, "calls": calls},
    )
    assert one_at_publication(publication_door, settings, "assert_calls_stand_in_one_source").holds is holds


def test_a_bridge_without_any_misuse_call_holds(
    publication_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    publication_door.execute("update bridge set callers = 0, calls = 0, misuse_calls = 0, share = null")
    for name in ("rows_of_bridge", "assert_bridge_narrows"):
        assert one_at_publication(publication_door, settings, name).holds, name


@pytest.mark.parametrize("relation", schemas.PUBLISHED, ids=lambda relation: relation.name)
def test_key_check_covers_every_relation(
    relation: schemas.Relation, publication_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    check = next(check for check in quality.checks("publication") if check.name == "assert_keys_are_unique")
    con = publication_door
    con.execute("create or replace table " + relation.name + " as from " + relation.name + " limit 1")
    if con.table(relation.name).aggregate("count(*)").fetchone() == (0,):
        con.execute("insert into " + relation.name + " by name select null as " + relation.key[0])
    con.execute("insert into " + relation.name + " from " + relation.name)
    metric = measure(con, check, {}, settings)
    assert relation.name in metric.scopes


def test_first_load_of_a_source_has_nothing_to_be_compared_with(settings: Settings) -> None:
    with invented.empty_warehouse() as con:
        invented.landing(con, 1, 5000, start="2025-02-11")
        results = at_landing(con, settings)
    assert offending(results) == set()
    assert "assert_landing_misuse_share_holds" not in results  # no code list is loaded yet


def test_another_sources_days_fill_no_gap_and_bear_no_comparison(
    landing_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    landing_door.execute("update landing_calls set source = 'another' where row_number % 4 > 0")
    landing_door.execute("delete from landing_calls where source = 'another' and received_at::date = '2025-02-12'")
    results = at_landing(landing_door, settings)
    assert results["assert_landing_days_have_calls"].value == 1
    assert "another 2025-02-12" in results["assert_landing_days_have_calls"].sentence
    assert "another" not in results["assert_landing_volume_holds"].sentence


def test_gap_before_the_batch_is_counted_across_a_clock_change(settings: Settings) -> None:
    with invented.empty_warehouse() as con:
        invented.landing(con, 20, 50, start="2025-03-10", batch="b0001")
        invented.take_in(con)
        invented.landing(con, 2, 50, start="2025-03-31 00:00:00")
        result = at_landing(con, settings)["assert_landing_days_have_calls"]
    assert result.value == 1  # 30 March, the short day
    assert "2025-03-30 to 2025-03-30" in result.sentence


def test_newest_day_that_is_not_over_is_held_against_the_same_hours(
    landing_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    landing_door.execute("delete from landing_calls where received_at >= '2025-02-13 06:00'")
    assert at_landing(landing_door, settings)["assert_landing_volume_holds"].holds
    landing_door.execute("delete from landing_calls where received_at >= '2025-02-13' and row_number % 3 > 0")
    assert not at_landing(landing_door, settings)["assert_landing_volume_holds"].holds


def test_resent_calls_do_not_count_twice(landing_door: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    landing_door.execute("delete from landing_calls")
    landing_door.execute(
        "insert into landing_calls by name select * replace ('b0002' as batch_id, md5('later' || call_key)::uuid as content_digest) "
        "from call_records where received_at >= '2025-02-01'"
    )
    assert offending(at_landing(landing_door, settings)) == set()


def test_mapped_column_that_is_empty_throughout_is_noticed(
    landing_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    assert at_landing(landing_door, settings, mapped=("cli", "borough"))["assert_landing_nulls_do_not_rise"].holds
    result = at_landing(landing_door, settings, mapped=("cli", "ward"))["assert_landing_nulls_do_not_rise"]
    assert not result.holds
    assert "ward" in result.sentence
    landing_door.execute("update landing_calls set number_token = null")
    result = at_landing(landing_door, settings, mapped=("cli",))["assert_landing_nulls_do_not_rise"]
    assert "cli" in result.sentence
    assert "number_token" not in result.sentence


def test_limits_come_from_the_settings(landing_door: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    landing_door.execute(LANDING_OFFENCES["assert_landing_volume_holds"])
    assert not at_landing(landing_door, settings)["assert_landing_volume_holds"].holds
    loose = replace(settings, limits=Limits(volume_change_share=0.9))
    result = at_landing(landing_door, loose)["assert_landing_volume_holds"]
    assert result.holds
    assert (result.low, result.high) == (-0.9, 0.9)


def test_check_that_cannot_be_measured_does_not_hold(
    publication_door: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    publication_door.execute("alter table look_list rename to other_list")
    results = at_publication(publication_door, settings)
    result = results["assert_look_list_is_complete"]
    assert (result.holds, result.value) == (False, None)
    assert "could not be measured" in result.sentence


@pytest.mark.parametrize("value", ["null", "'nan'::double"])
def test_null_metric_does_not_hold(value: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from misuse import models

    check = Check("assert_odd", "odd", "landing", "fail", ("0", "0"), "{value} {scopes}", "look")
    monkeypatch.setattr(models, "text", lambda _: "select 'x' as scope, " + value + " as value")
    with duckdb.connect() as con:
        metric = measure(con, check, {}, settings)
    assert metric.value is None
    (result,) = expectations.judge([metric], settings.home, "landing", "b1", invented.NOW)
    assert not result.holds


def test_expectation_that_raised_is_no_pass() -> None:
    assert expectations.raised({"raised_exception": True})
    assert expectations.raised({"('m',)": {"raised_exception": True}})
    assert not expectations.raised({"raised_exception": False})


def test_history_goes_to_the_warehouse(landing_door: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    results = at_landing(landing_door, settings)
    at_landing(landing_door, settings)
    rows = landing_door.execute(
        "select run_id, door, count(*), count(distinct check_name), bool_and(holds), max(checked_at) "
        "from check_results group by all"
    ).fetchall()
    assert rows == [("b0002", "landing", 2 * len(results), len(results), True, invented.NOW)]


def test_store_of_results_is_pruned(
    landing_door: duckdb.DuckDBPyConnection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expectations, "KEEP_RESULTS", 3)
    for hour in range(6):
        quality.check_landing(
            landing_door, batch_id=f"b{hour}", settings=settings, now=datetime(2026, 1, 1) + timedelta(hours=hour)
        )
    left = sorted(path.parts[-3] for path in (settings.home / "quality").rglob("results/**/*.json"))
    assert left == ["b3", "b4", "b5"]


def test_no_planted_value_in_results_or_pages(publication_door: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Numbers planted in every text column of rows that break rules stay out of every file of the doors."""
    planted = ("07700900123", "07700 900123", "+447700900123")
    con = publication_door
    con.execute(
        "update tasking_list set lane = '07700900123', identity_kind = '+447700900123', handling_hours = -7700900123"
    )
    con.execute("update estimates set unit = '07700 900123', method = '07700900123', counted_by = '07700900123'")
    con.execute("update callers set caller_id = '07700900123', home_borough = '07700900123' where misuse_calls > 40")
    con.execute("update calls set borough = '07700900123', closing_code = '07700 900123' where is_misuse")
    results = at_publication(con, settings)
    assert {"rows_of_tasking_list", "rows_of_estimates", "assert_call_flags_agree"} <= offending(results)
    invented.landing(con, 40, 400, start="2025-02-11")
    con.execute(
        "update landing_calls set closing_code = '07700 900123', borough = '07700900123' where row_number % 3 = 0"
    )
    sentences = [*results.values(), *at_landing(con, settings).values()]
    quality.build_docs(settings.home, invented.RUN_ID, settings.home / "reports" / "data_docs")
    files = [path for path in settings.home.rglob("*") if path.is_file()]
    assert len(files) > 20
    for text in planted:
        assert not any(text in result.sentence for result in sentences)
        assert not [path.name for path in files if text.encode() in path.read_bytes()]
    assert not [path.name for path in files if b"7700900123" in path.read_bytes()]


def test_data_docs_load_nothing_and_lead_to_every_page(
    landing_door: duckdb.DuckDBPyConnection, settings: Settings, tmp_path: Path
) -> None:
    at_landing(landing_door, settings)
    landing_door.execute("update landing_calls set talk_seconds = -1")
    quality.check_landing(landing_door, batch_id="b0003", settings=settings, now=invented.NOW + timedelta(hours=1))
    index = quality.build_docs(settings.home, "run-1", tmp_path / "data_docs")
    quality.build_docs(settings.home, "run-2", tmp_path / "other_docs")
    text = index.read_text(encoding="utf-8")
    built = sorted((tmp_path / "data_docs").rglob("*.html"))
    assert len(built) == 4  # the index, the suite, two results
    assert text.index("b0003") < text.index("b0002")
    assert text.count('class="no"') == 1
    for page in built:
        content = page.read_text(encoding="utf-8")
        assert not pages.loads_from_elsewhere(content), page.name
        assert page == index or page.relative_to(index.parent).as_posix() in text
    assert (tmp_path / "data_docs" / "index.html").stat().st_size < 20_000


def test_context_sends_no_analytics(landing_door: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    at_landing(landing_door, settings)
    configuration = (settings.home / "quality" / "gx" / "great_expectations.yml").read_text(encoding="utf-8")
    assert "analytics_enabled: false" in configuration


def test_amounts_beyond_reason_are_counted_and_not_stumbled_over() -> None:
    with duckdb.connect() as con:
        con.execute(
            "create table landing_calls as select 90000 as talk_seconds, 1 as wrap_seconds, 3000000 as unit_seconds, "
            "32000 as units_assigned, timestamp '2025-01-01' as received_at, null::timestamp as answered_at, "
            "null::timestamp as ended_at"
        )
        found = dict(con.execute(models.text("checks/assert_landing_amounts_are_plausible")).fetchall())
    assert found["talk over a day"] == 1
    assert found["a unit out for over a week"] == 0
