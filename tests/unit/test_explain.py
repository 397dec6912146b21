"""Why a caller is, or is not, listed: every call by its rule, from an invented published file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import duckdb
import pytest

from misuse import explain, schemas
from misuse.errors import InputError

A, B, SHARED, STOPPED, QUIET = (
    "caa00000000000001",
    "caa00000000000002",
    "cbb00000000000003",
    "ccc00000000000004",
    "cdd00000000000005",
)
FROM, TO = datetime.fromisoformat("2025-01-01T00:00"), datetime.fromisoformat("2026-01-01T00:00")

# caller  how many  received          channel  coded  stopped  doubtful  ->  verdict
CALLS = """
a        8   2025-03-01T10:00  999  yes  no   no   counted
a        1   2025-04-01T10:00  999  yes  yes  no   stopped_call
a        2   2025-04-02T10:00  999  yes  no   yes  doubtful_contradicted
a        3   2025-04-03T10:00  101  yes  no   no   other_channel
a        4   2024-12-31T23:59  999  yes  no   no   outside_window
a        5   2025-05-01T10:00  999  no   no   no   not_coded_misuse
a        1   2026-01-01T00:00  999  yes  no   no   outside_window
b        12  2025-06-01T10:00  999  yes  no   no   counted
shared   30  2025-06-02T10:00  999  yes  no   no   shared_line
stopped  11  2025-06-03T10:00  999  yes  yes  no   stopped_caller
stopped  1   2025-06-04T10:00  101  yes  yes  no   other_channel
quiet    2   2025-06-05T10:00  999  no   no   no   not_coded_misuse
"""
NAMES = {"a": A, "b": B, "shared": SHARED, "stopped": STOPPED, "quiet": QUIET}
KINDS = {SHARED: "shared_line"}


def create(con: duckdb.DuckDBPyConnection) -> None:
    for relation in schemas.PUBLISHED:
        columns = ", ".join(" ".join((column.name, column.type)) for column in relation.columns)
        con.execute("create table " + relation.name + " (" + columns + ")")


def put(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> None:
    """One row; columns not given are null."""
    columns = con.table(name).columns
    assert set(values) <= set(columns), name
    con.table(name).insert([values.get(column) for column in columns])


def put_window(con: duckdb.DuckDBPyConnection) -> None:
    """The headline's window, with the line and the channel of its run."""
    as_run = {"run_id": "r1", "as_of": date(2025, 12, 31), "threshold": 10, "channel": "999"}
    as_run["reporting_zone"] = "Europe/London"
    put(con, "windows", window_name="headline", window_from=FROM, window_to=TO, **as_run)


def fill(con: duckdb.DuckDBPyConnection) -> None:
    create(con)
    put(con, "runs", run_id="r0", as_of=date(2031, 1, 1), started_at=TO, status="failed")
    put_window(con)
    number = 0
    for name, many, at, channel, coded, stopped, doubtful, _ in map(str.split, CALLS.strip().splitlines()):
        for _each in range(int(many)):
            number += 1
            put(
                con,
                "calls",
                call_key=format(number * 7919 << 96, "032x"),
                caller_id=NAMES[name],
                channel=channel,
                received_at=datetime.fromisoformat(at),
                received_local=datetime.fromisoformat(at),
                closing_code="HOAX" if coded == "yes" else "BURGLARY",
                is_coded_misuse=coded == "yes",
                is_stopped=stopped == "yes",
                is_doubtful=doubtful == "yes",
                doubt_kind="contradicted" if doubtful == "yes" else None,
            )
    fill_callers(con)
    fill_lists(con)


def fill_callers(con: duckdb.DuckDBPyConnection) -> None:
    sums = {A: (11, 1, 2, 8), B: (12, 0, 0, 12), SHARED: (30, 0, 0, 30), STOPPED: (11, 11, 0, 0)}
    for caller in NAMES.values():
        kind = KINDS.get(caller, "person")
        put(
            con,
            "callers",
            caller_id=caller,
            identity_kind=kind,
            number_count=1,
            is_stopped=caller == STOPPED,
            home_borough="Camden",
        )
        if caller in sums:
            counts = zip(
                ("coded_misuse_calls", "stopped_calls", "doubtful_calls", "misuse_calls"), sums[caller], strict=True
            )
            put(
                con,
                "caller_windows",
                caller_id=caller,
                window_name="headline",
                window_from=FROM,
                window_to=TO,
                episodes=1,
                **dict(counts),
            )


def fill_lists(con: duckdb.DuckDBPyConnection) -> None:
    put(
        con,
        "tasking_list",
        caller_id=B,
        rank=1,
        part=3,
        lane="engagement",
        status="listed",
        flags=[],
        reasons=["Twelve."],
        doubts=["One night."],
    )
    put(
        con,
        "look_list",
        caller_id=STOPPED,
        look_reasons=["ten_or_more_coded", "hard_stop"],
        acknowledged_at=datetime.fromisoformat("2025-07-01T23:30"),
        is_urgent=True,
        duty_role="Metcall duty officer",
    )
    put(con, "caller_changes", caller_id=B, other_caller_id="cee0000000000000f", change="merged", run_id="r1")
    for caller in (A, QUIET):
        put(con, "caller_changes", caller_id=caller, other_caller_id="cef0000000000000f", change="split", run_id="r1")
    put(con, "cases", case_ref="K-0123456789", caller_id=B)
    put(con, "cases", case_ref="K-9876543210", caller_id="c99")


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        fill(opened)
        yield opened


@pytest.mark.parametrize("name", NAMES)
def test_every_call_is_counted_or_not_by_the_rule_that_decides(con: duckdb.DuckDBPyConnection, name: str) -> None:
    expected: dict[str, int] = {}
    for caller, many, *_, verdict in map(str.split, CALLS.strip().splitlines()):
        if caller == name:
            expected[verdict] = expected.get(verdict, 0) + int(many)
    told = explain.why(con, NAMES[name])
    assert told.sums == expected
    assert sum(told.sums.values()) == len(told.calls)


@pytest.mark.parametrize("name", ["a", "b", "shared", "stopped"])
def test_the_sums_agree_with_the_published_window(con: duckdb.DuckDBPyConnection, name: str) -> None:
    told = explain.why(con, NAMES[name])
    sums = {verdict: told.sums.get(verdict, 0) for verdict in explain.VERDICTS}
    assert sums["stopped_call"] + sums["stopped_caller"] == told.caller["stopped_calls"]
    assert sums["doubtful_contradicted"] == told.caller["doubtful_calls"]
    assert sums["counted"] + sums["shared_line"] + sums["premises"] == told.caller["misuse_calls"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a", "Not on the tasking list: two short of ten: 8 misuse calls in the window."),
        ("b", "On the tasking list: rank 1, part 3 (next most prolific)."),
        ("shared", "Not on the tasking list: shared line: never shown as a person."),
        ("stopped", "Not on the tasking list: a hard stop bars the caller; see the look list."),
        ("quiet", "Not on the tasking list: no misuse call counts in the window; the line is ten."),
    ],
)
def test_the_conclusion_in_a_sentence(con: duckdb.DuckDBPyConnection, name: str, said: str) -> None:
    told = explain.why(con, NAMES[name])
    assert told.sentence == said
    assert said in told.render()


def test_another_threshold_has_its_own_words(con: duckdb.DuckDBPyConnection) -> None:
    """The run's own, whatever the settings have been changed to since."""
    con.execute("update windows set threshold = 20")
    assert "12 short of 20" in explain.why(con, A).sentence


def test_the_text_holds_every_coded_call_the_sums_and_both_lists(con: duckdb.DuckDBPyConnection) -> None:
    text = explain.why(con, A).render()
    assert text.count("HOAX") == 19
    assert "a person, 1 number, most calls in Camden" in text
    assert "window: the 365 days to then, channel 999" in text
    assert "    8  counted" in text
    assert "   24  in all" in text
    assert "Not on the look list." in text
    stopped = explain.why(con, STOPPED).render()
    assert "On the look list: coded misuse reaches the line" in stopped
    assert "Who looks: Metcall duty officer. Tonight. Looked at on 2 July 2025." in stopped, "by the local clock"
    listed = explain.why(con, B).render()
    assert "It may be wrong: One night." in listed
    assert "offender" not in (text + stopped + listed).lower()


def test_the_document_holds_every_call_and_goes_into_json(con: duckdb.DuckDBPyConnection) -> None:
    document = explain.why(con, A).as_json()
    assert len(document["calls"]) == 24
    assert {call["rule"] for call in document["calls"]} <= set(explain.VERDICTS.values())
    assert document["tasking_list"] is None
    assert json.loads(json.dumps(document, default=str))["conclusion"].startswith("Not on")


def test_one_call(con: duckdb.DuckDBPyConnection) -> None:
    calls = explain.why(con, A).calls
    doubtful = next(call for call in calls if call["verdict"] == "doubtful_contradicted")
    told = explain.why(con, A, call_key=str(doubtful["call_key"])[:8])
    assert told.call == doubtful
    assert told.render().endswith("not counted: doubtful, its own facts contradict its misuse code")
    assert told.as_json()["call"]["verdict"] == "doubtful_contradicted"
    for wrong in ("ffffffff", "0", "x' or true"):
        with pytest.raises(InputError) as error:
            explain.why(con, A, call_key=wrong)
        assert wrong not in error.value.message or wrong == "0"


@pytest.mark.parametrize(
    ("text", "caller"),
    [
        (A, A),
        (A.upper(), A),
        ("cbb", SHARED),
        ("K-CC00000000", STOPPED),
        (" k-cc00000000 ", STOPPED),
        ("cee0000000000000f", B),
        ("cee0", B),
        ("K-EE00000000", B),
        ("K-0123456789", B),
        ("caa00000000000001", A),
    ],
)
def test_a_caller_is_found_by_id_beginning_case_or_earlier_id(
    con: duckdb.DuckDBPyConnection, text: str, caller: str
) -> None:
    assert explain.resolve_caller(con, text) == caller


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cff", "no caller cff in the published run"),
        ("caa", "begins several caller ids"),
        ("K-FFFFFFFFFF", "no caller K-FFFFFFFFFF"),
        ("K-9876543210", "no caller K-9876543210"),
        ("cef0000000000000f", f"cef0000000000000f is several callers now: {A}, {QUIET}"),
        ("K-EF00000000", f"is several callers now: {A}, {QUIET}"),
    ],
)
def test_an_unknown_or_shared_beginning_is_told(con: duckdb.DuckDBPyConnection, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        explain.resolve_caller(con, text)
    assert error.value.next_step


@pytest.mark.parametrize("typed", ["07700 900123", "12 Quillmarsh Road", "' or 1=1 --", "", "c%"])
def test_what_cannot_be_an_id_is_never_repeated(con: duckdb.DuckDBPyConnection, typed: str) -> None:
    with pytest.raises(InputError, match="neither a caller id") as error:
        explain.resolve_caller(con, typed)
    assert not typed or typed not in str(error.value)
    assert "misuse find" in error.value.next_step


def test_a_file_without_a_coded_call_in_the_window_still_explains() -> None:
    with duckdb.connect() as con:
        create(con)
        put_window(con)
        put(con, "callers", caller_id=A, identity_kind="person", number_count=1, is_stopped=False)
        put(
            con,
            "calls",
            call_key=format(1, "032x"),
            caller_id=A,
            channel="999",
            received_at=FROM,
            received_local=FROM,
            is_coded_misuse=True,
            is_stopped=False,
            is_doubtful=False,
        )
        told = explain.why(con, A)
        assert told.sums == {"outside_window": 1}
        assert "no code" in told.render()
