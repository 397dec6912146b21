"""Analysts' SQL: what may be asked is answered, what may not is refused, and every saved query runs."""

from __future__ import annotations

import dataclasses
import os
import re
import resource
import threading
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misuse import analysis, casebook
from misuse.cli import run_command
from misuse.errors import ResourceError, StoreError, UsageError
from misuse.settings import SQL_ROOT, Settings
from tests import published_fixture


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("home"), memory_limit="1GB")
    published_fixture.build(settings.published_path / f"{published_fixture.RUN_ID}.duckdb", persons=12)
    settings.current_path.symlink_to(f"{published_fixture.RUN_ID}.duckdb")
    return settings


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("bare"))
    published_fixture.empty(settings.published_path / "bare.duckdb")
    settings.current_path.symlink_to("bare.duckdb")
    return settings


def test_statement_gives_columns_rows_run_and_frame(settings: Settings) -> None:
    result = analysis.run_sql(
        settings,
        "select caller_id, misuse_calls from persistent_callers where rank <= $top order by rank",
        parameters={"top": 3},
    )
    assert result.columns == ("caller_id", "misuse_calls")
    assert len(result.rows) == 3
    assert result.run_id == published_fixture.RUN_ID
    frame = result.frame()
    assert frame.shape == (3, 2)
    assert frame.schema["misuse_calls"] == pl.Int64


@pytest.mark.parametrize(
    "text",
    [
        "from runs",
        "with x as (select 1 as a) select * from x",
        "describe calls",
        "show tables",
        "summarize select 1 as a",
        "explain select * from calls",
        "values (1)",
        "select * from runs -- with a remark",
        "select * from runs;",
    ],
)
def test_statements_that_read_are_answered(text: str, settings: Settings) -> None:
    assert analysis.run_sql(settings, text).columns


@pytest.mark.parametrize(
    "text",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from read_blob('/etc/passwd')",
        "select * from glob('/etc/*')",
        "select * from '/etc/passwd'",
        "select * from 'https://example.org/x.csv'",
        "select * from query('select * from read_text(''/etc/passwd'')')",
        "copy calls to '/tmp/misuse-escape.csv'",
        "copy (select 1) to '/tmp/misuse-escape.csv'",
        "explain analyze copy calls to '/tmp/misuse-escape.csv'",
        "export database '/tmp/misuse-escape'",
        "attach '/tmp/misuse-escape.duckdb' as other",
        "detach published",
        "install httpfs",
        "load httpfs",
        "set memory_limit = '100GB'",
        "set enable_external_access = true",
        "reset lock_configuration",
        "pragma enable_progress_bar",
        "call pragma_version()",
        "use memory",
        "create table kept as select 1",
        "create temp table kept as select 1",
        "create macro m() as 1",
        "insert into runs select * from runs",
        "update runs set run_id = 'x'",
        "delete from runs",
        "drop table runs",
        "begin",
        "checkpoint",
        "vacuum",
        "prepare p as select 1",
        "select * from duckdb_secrets()",
        "select * from settings",
        "select getenv('HOME')",
        "select 1; select 2",
        "select 1; drop table runs",
        "",
        "-- nothing",
        "selct 1",
    ],
)
def test_statements_that_reach_further_are_refused(text: str, settings: Settings) -> None:
    with pytest.raises(UsageError) as refusal:
        analysis.run_sql(settings, text)
    assert refusal.value.next_step
    assert str(settings.home) not in str(refusal.value)
    assert "root:" not in str(refusal.value)
    assert not list(Path("/tmp").glob("misuse-escape*"))  # noqa: S108 - where the escapes would have gone


def test_explain_analyze_of_a_write_writes_nothing(settings: Settings) -> None:
    with pytest.raises(UsageError):
        analysis.run_sql(settings, "explain analyze delete from runs")
    assert analysis.run_sql(settings, "select count(*) from runs").rows == [(1,)]


def test_frames_of_the_program_are_out_of_reach(settings: Settings) -> None:
    secret_frame = pl.DataFrame({"a": [1]})
    assert secret_frame.height == 1
    with pytest.raises(UsageError):
        analysis.run_sql(settings, "select * from secret_frame")


def test_long_statement_is_stopped(settings: Settings) -> None:
    started = time.perf_counter()
    with pytest.raises(ResourceError, match=r"stopped after 0\.5 seconds"):
        analysis.run_sql(
            settings, "select count(*) from calls a, calls b, calls c where a.call_key <> b.call_key", limit_seconds=0.5
        )
    assert time.perf_counter() - started < 10


def test_greedy_statement_is_stopped_and_spills_nothing(settings: Settings) -> None:
    tight = Settings(home=settings.home, memory_limit="60MB")
    with pytest.raises(ResourceError):
        analysis.run_sql(tight, "select list(a.call_key || b.call_key) from calls a, calls b", limit_seconds=20)
    assert {path.name for path in settings.published_path.iterdir()} == {
        "current.duckdb",
        f"{published_fixture.RUN_ID}.duckdb",
    }


def test_what_the_engine_does_not_count_is_bounded_too(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with pytest.raises(ResourceError, match="more memory"):
        analysis.run_sql(settings, "select length(repeat('x', 3000000000))")
    monkeypatch.setattr(analysis, "ROOM", 0)
    tight = Settings(home=settings.home, memory_limit="200MB")
    with pytest.raises(ResourceError, match="more memory"):
        analysis.run_sql(tight, "select a, a + 1 from range(100000000) r(a)")
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_rows_that_never_end_are_stopped_and_no_mistake(settings: Settings) -> None:
    with pytest.raises(ResourceError, match=r"stopped after 0\.3 seconds"):
        analysis.run_sql(settings, "select * from range(100000000)", limit_seconds=0.3)


def test_a_statement_that_heeds_no_interruption_is_ended(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended: list[int] = []
    is_ended = threading.Event()

    def endless(*_: object, **__: object) -> analysis.Result:
        assert is_ended.wait(30)
        return analysis.Result((), [], "", 0.0)

    monkeypatch.setattr(analysis, "GRACE", 0.1)
    monkeypatch.setattr(analysis, "run_sql", endless)
    monkeypatch.setattr(os, "_exit", lambda code: (ended.append(code), is_ended.set()))
    run_command(["sql", "--seconds", "1", "select 1"], {"MISUSE_HOME": str(settings.home)})
    assert ended == [ResourceError.exit_code]
    assert "stopped after 1 seconds" in capsys.readouterr().err


def test_a_statement_that_is_no_text_is_a_mistake_of_whoever_typed_it(settings: Settings) -> None:
    with pytest.raises(UsageError, match="the statement is not UTF-8"):
        analysis.run_sql(settings, "select '\udcff'")


def test_mistake_is_explained_without_paths(settings: Settings) -> None:
    with pytest.raises(UsageError, match="nope"):
        analysis.run_sql(settings, "select nope from calls")
    with pytest.raises(UsageError) as refusal:
        analysis.run_sql(settings, "select * from '/srv/misuse/var/warehouse.duckdb'")
    assert "warehouse" not in str(refusal.value)


def test_parameters_are_bound_and_named(settings: Settings) -> None:
    text = "-- param top = 2; how many\n-- param since = 2025-01-01\nselect $top as top, $since as since, $word as word"
    found = analysis.run_sql(settings, text, parameters={"top": "5", "word": "x'; drop table runs --"})
    assert found.rows == [(5, date(2025, 1, 1), "x'; drop table runs --")]
    with pytest.raises(UsageError, match="wants a value for word"):
        analysis.run_sql(settings, text)
    with pytest.raises(UsageError, match="no parameter tpo"):
        analysis.run_sql(settings, text, parameters={"tpo": "5", "word": ""})
    with pytest.raises(UsageError, match="top must be a whole number"):
        analysis.run_sql(settings, text, parameters={"top": "five", "word": ""})
    with pytest.raises(UsageError, match="since must be a date"):
        analysis.run_sql(settings, text, parameters={"since": "yesterday", "word": ""})


def test_times_are_utc_whatever_the_machine_says(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        zone = analysis.run_sql(settings, "select current_setting('TimeZone') as zone").rows
    finally:
        monkeypatch.undo()
        time.tzset()
    assert zone == [("UTC",)]


def test_nothing_published_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing is published"):
        analysis.run_sql(Settings(home=tmp_path), "select 1")


def test_masked_statement_holds_nothing_of_a_person() -> None:
    text = """select * from calls -- asked by J. Doe of 07700900123
    where caller_id = 'c0123456789abcdef' and borough = 'Joan Doe''s' and x = 07700900123 /* Doe */
    and "Doe 07700900123" = $$Doe$$ and y = 07700 900 123 and z > 2025 and "ok_name" = $a$Doe$a$ and w = 'Doe unfinished"""
    masked = analysis.masked(text)
    for word in ("Doe", "Joan", "07700", "900", "123 "):
        assert word not in masked
    for word in ("select * from calls", "'c0123456789abcdef'", "2025", '"ok_name"', "where caller_id ="):
        assert word in masked


# How a statement can hold a name, as DuckDB reads it, and what of it stays.
HELD = {
    r"select e'Joe \' Bloggs', 1": "select ***, 1",
    "select e'Joe'\n'Roe \\' Bloggs', 1": "select ***, 1",
    "select 'Joe''s ''Bloggs''', 1": "select '***', 1",
    "select 'Joe'\n  'Bloggs', 1": "select '***', 1",
    "select $$Joe 'Bloggs$$, 1": "select ***, 1",
    "select $a$ 'Joe $$ Bloggs $b$ $a$, 1": "select ***, 1",
    "select /* a /* Joe */ Bloggs */ 1": "select *** 1",
    "select 1 -- Joe's /* Bloggs\nfrom calls": "select 1 ***\nfrom calls",
    "-- Joe Bloggs\nselect 1": "***\nselect 1",
    "select 1 --'\n, 'Joe Bloggs' --'": "select 1 ***\n, '***'",
    'select "Joe ""Bloggs\'", 1': 'select "***", 1',
    "select N'Joe', x'Bloggs', 1": "select N'***', ***, 1",
    "select U&'Joe', 1": "select ***",
    "select 'Joe Bloggs": "select ***",
    "select e'Joe \\": "select ***",
    "select $$ Joe Bloggs": "select ***",
    "/* Joe Bloggs": "***",
    "'Joe Bloggs": "***",
    "select é, 'Joe', date'2025-01-01', 07700 900 384": "select é, '***', date'***', ######",
    "from calls where caller_id = 'c0123456789abcdef' -- Joe": "from calls where caller_id = 'c0123456789abcdef' ***",
    "from x where s in ('s0123456789abcdef', 'K-0123456789', 'K-JOE')": (
        "from x where s in ('s0123456789abcdef', 'K-0123456789', '***')"
    ),
    "select 'a' || \ud800 'Joe'": "select '***' || ? '***'",
}


@pytest.mark.parametrize("text", HELD, ids=range(len(HELD)))
def test_masked_statement_ends_its_texts_where_the_engine_does(text: str) -> None:
    assert analysis.masked(text) == HELD[text]


CONTENT = st.text(alphabet="'\"\\$*/- \né", max_size=8).map(lambda noise: f"{noise}Joe{noise[::-1]}")
HOLDERS = (
    CONTENT.map(lambda text: "'" + text.replace("'", "''") + "'"),
    CONTENT.map(lambda text: "e'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"),
    CONTENT.map(lambda text: f"$q$ {text} $q$"),
    CONTENT.map(lambda text: '"' + text.replace('"', '""') + '"'),
    CONTENT.map(lambda text: "1 --" + text.replace("\n", " ") + "\n"),
    CONTENT.map(lambda text: "1 /* /*" + re.sub(r"[*/]", "", text) + "*/ Joe */"),
)


@given(st.lists(st.one_of(HOLDERS), min_size=1, max_size=5))
def test_nothing_in_texts_names_or_comments_is_kept_and_the_rest_is(parts: list[str]) -> None:
    masked = analysis.masked(f"select {', '.join(parts)}, ok_name from calls")
    assert "Joe" not in masked
    assert masked.startswith("select ")
    assert masked.endswith(", ok_name from calls")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("select 'Joe Bloggs 07700900384'::int", "Could not convert string '***' to INT32"),
        ("select * from calls where local_date = 'Joe Bloggs'", '"***"'),
        ("select nope from calls where caller_id = 'Joe Bloggs'", 'column "nope" not found'),
        ("select 'Joe Bloggs',\n'x'\nfrom calls\nwher nope = 1", "syntax error"),
        ("select 1\nfrom calls\nwhere nope = 'Joe Bloggs'", "(line 3)"),
        ("select * from calls where caller_id = 'Joe Bloggs", "unterminated quoted string"),
        ("select 1 /* Joe Bloggs", "unterminated"),
        ("select strptime('Joe Bloggs', '%d')", "Could not parse string"),
        ("select error('Joe ' || 'Bloggs')", "***"),
        ('select * from "Joe Bloggs"', "Table with name *** *** does not exist"),
        ("select current_setting('Joe Bloggs')", "unrecognized configuration parameter"),
        ("select regexp_matches('a', '(Joe Bloggs')", "missing )"),
        ("select 07700900384::tinyint", "out of range"),
        ("select $who::int", "Could not convert"),
        ("select error($who)", "***"),
    ],
)
def test_an_error_holds_no_value(settings: Settings, text: str, told: str) -> None:
    named = {"who": "Bloggs, Joe 07700900384"} if "$who" in text else {}
    with pytest.raises(UsageError) as refusal:
        analysis.run_sql(settings, text, parameters=named)
    words = str(refusal.value)
    assert told in words
    for value in ("joe", "bloggs", "7700900384", "line 1"):
        assert value not in words.lower()


def test_a_value_given_without_a_name_is_not_said(settings: Settings) -> None:
    with pytest.raises(UsageError, match="no parameter") as refusal:
        analysis.run_sql(settings, "select $who", parameters={"Joe Bloggs": "", "who": "x"})
    assert "Joe" not in str(refusal.value)


def test_a_statement_without_quotes_around_it_is_not_said_again(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["sql", "select", "1", "Joe Bloggs"], ["find", "--number", "07700", "900384", "--reason", "x"]):
        assert run_command(words, {}) == UsageError.exit_code
        told = capsys.readouterr().err
        assert "too many: put quotes" in told
        assert not {"Joe", "900384"}.intersection(told.split())
    assert run_command(["sql", "--sceonds=5", "select 1"], {}) == UsageError.exit_code
    assert "no option --sceonds here" in capsys.readouterr().err


def test_of_the_values_given_only_pseudonyms_are_kept() -> None:
    given = {
        "caller": "c0123456789abcdef", "spell": "s0123456789abcdef", "case_ref": "K-0123456789", "name": "Joe Bloggs",
        "number": "07700900384", "near": "c0123456789abcdef0", "top": 3, "Joe": "c0123456789abcdef",
    }  # fmt: skip
    text = "select $caller, $spell, $case_ref, $name, $number, $near, $top -- $Joe"
    assert analysis.pseudonyms(text, given) == {name: given[name] for name in ("caller", "spell", "case_ref")}


def test_the_record_of_a_statement_says_whose_calls_were_read(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    environ = {"MISUSE_HOME": str(settings.home)}
    caller = published_fixture.caller_id(1)
    asked = "select $caller as caller, $who as who"
    assert run_command(["sql", "-f", "one_caller_by_month", "-p", f"caller={caller}"], environ) == 0
    assert run_command(["sql", asked, "-p", f"caller={caller}", "-p", "who=Joe Bloggs"], environ) == 0
    assert run_command(["sql", "select 1"], environ) == 0
    assert run_command(["sql", "-f", "select 'Joe Bloggs'"], environ) == UsageError.exit_code
    assert "Joe" not in capsys.readouterr().err
    with casebook.opened(settings) as book:
        told = [event.data for event in book.entries("sql_run")][-3:]
    assert told[0]["parameters"] == f"caller={caller}"
    assert told[1:] == [{"statement": asked, "parameters": f"caller={caller}"}, {"statement": "select 1"}]


@pytest.mark.parametrize("query", analysis.saved_queries(), ids=lambda query: query.name)
def test_saved_query_runs(query: analysis.SavedQuery, settings: Settings, bare: Settings) -> None:
    assert query.question.endswith("?") or "?" in query.question or query.question.endswith(".")
    result = analysis.run_sql(settings, query.text)
    assert len(set(result.columns)) == len(result.columns)
    assert result.frame().height == len(result.rows)
    analysis.run_sql(
        settings, query.text, parameters={name: str(v) for name, v in query.defaults.items() if v is not None}
    )
    analysis.run_sql(bare, query.text)  # a run with nothing in it
    again = analysis.run_sql(settings, query.text)
    assert again.rows == result.rows  # its order is decided


def test_saved_queries_are_enough_and_tell_their_parameters() -> None:
    saved = analysis.saved_queries()
    assert len(saved) >= 12
    assert len(saved) == len(list((SQL_ROOT / "queries").glob("*.sql")))
    for query in saved:
        assert all(query.notes[name] for name in query.defaults), query.name
        assert len(query.text.splitlines()) <= 60


@pytest.mark.parametrize(
    "name",
    [
        "repeats_within_minutes",
        "stopped_by_safeguards",
        "doubtful_codes_by_borough",
        "calls_doubled",
        "boroughs_sharing_callers",
    ],
)
def test_calls_of_another_channel_change_no_answer_of_the_headlines(
    name: str, settings: Settings, tmp_path: Path
) -> None:
    """Nor do those of before its window."""
    calls = published_fixture.invented(12, 20051208)["calls"]
    key = pl.lit("f") + pl.col("call_key").str.slice(1)
    elsewhere = calls.with_columns(
        call_key=key, channel=pl.lit("101"), received_at=pl.col("received_at") + timedelta(minutes=5)
    )
    other = dataclasses.replace(settings, home=tmp_path)
    made = published_fixture.build(
        other.published_path / f"{published_fixture.RUN_ID}.duckdb", persons=12, calls=pl.concat([calls, elsewhere])
    )
    other.current_path.symlink_to(made.name)
    text = next(query.text for query in analysis.saved_queries() if query.name == name)
    expected = analysis.run_sql(settings, text).rows
    assert expected
    assert analysis.run_sql(other, text).rows == expected


@pytest.mark.parametrize(("tenth_at", "is_lately"), [("2025-09-22 22:59", False), ("2025-09-22 23:00", True)])
def test_lately_are_local_days_over_a_clock_change(
    tenth_at: str, is_lately: bool, settings: Settings, tmp_path: Path
) -> None:
    rows = published_fixture.invented(12, 20051208)
    caller = rows["persistent_callers"]["caller_id"][0]
    tenth = pl.when(pl.col("caller_id") == caller).then(datetime.fromisoformat(tenth_at)).otherwise("tenth_misuse_at")
    other = dataclasses.replace(settings, home=tmp_path)
    made = published_fixture.build(
        other.published_path / f"{published_fixture.RUN_ID}.duckdb",
        persons=12,
        caller_windows=rows["caller_windows"].with_columns(tenth_misuse_at=tenth),
    )
    other.current_path.symlink_to(made.name)
    text = next(query.text for query in analysis.saved_queries() if query.name == "crossed_lately")
    found = analysis.run_sql(other, text, parameters={"days": 100}).frame()
    assert (caller in found["caller_id"]) is is_lately


def test_saved_queries_answer_their_question(settings: Settings) -> None:
    saved = {query.name: query.text for query in analysis.saved_queries()}
    listed = analysis.run_sql(settings, "select caller_id, misuse_calls from persistent_callers").rows
    crossing = analysis.run_sql(settings, saved["about_to_cross"], parameters={"active_days": 365, "short_by": 9}).rows
    assert crossing
    assert all(1 <= row[1] <= 9 and row[2] == 10 - row[1] for row in crossing)
    assert not {row[0] for row in crossing} & {row[0] for row in listed}
    standing = analysis.run_sql(settings, saved["new_and_old_persistent"]).frame()
    assert standing["persistent_callers"].sum() == len(listed)
    codes = analysis.run_sql(settings, saved["workload_by_code"], parameters={"days": 400}).frame()
    assert (
        codes["misuse_calls"].sum()
        == analysis.run_sql(settings, "select count(*) from calls where is_misuse").rows[0][0]
    )
    stopped = analysis.run_sql(settings, saved["stopped_by_safeguards"]).frame()
    assert (
        stopped["coded_misuse_calls"] == stopped["stopped_calls"] + stopped["doubtful_calls"] + stopped["misuse_calls"]
    ).all()
    one = analysis.run_sql(settings, saved["one_caller_by_month"], parameters={"caller": listed[0][0]}).frame()
    assert one["misuse_calls"].sum() == listed[0][1]
