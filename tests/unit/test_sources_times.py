"""Text becomes values: times in every form, both clock changes, durations, codes, keys, versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from misuse import models, sources
from misuse.progress import Silent
from misuse.sources.layout import from_declaration

NOW = datetime(2026, 1, 1)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def parse(con: duckdb.DuckDBPyConnection, folder: Path, lines: list[str], **keys: Any) -> Any:
    """Rows of a '|' file whose columns are named after the fields they are mapped to."""
    path = folder / "calls.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    columns = keys.pop("columns", {name: name for name in lines[0].split("|")})
    layout = from_declaration("t", {"delimiter": "|", "columns": columns, **keys})
    result = sources.read(con, path, layout, scratch=folder / "scratch", now=NOW, tracker=Silent())
    found = con.execute("select * from parsed_rows order by row_number")
    names = [column[0] for column in found.description or ()]
    return result, [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def received(con: duckdb.DuckDBPyConnection, folder: Path, values: list[str], **times: Any) -> list[datetime | None]:
    lines = ["call_id|received_at", *(f"{n}|{value}" for n, value in enumerate(values))]
    _result, rows = parse(con, folder, lines, times=times)
    found = {row["call_id"]: row["received_at"] for row in rows}
    return [found.get(str(n)) for n in range(len(values))]


@pytest.mark.parametrize(
    ("value", "times", "expected"),
    [
        ("2021-07-08 23:59:59", {}, datetime(2021, 7, 8, 22, 59, 59)),
        ("2021-07-08T23:59:59.25", {}, datetime(2021, 7, 8, 22, 59, 59, 250000)),
        ("2021-07-08T23:59:59.1234567", {}, datetime(2021, 7, 8, 22, 59, 59, 123456)),
        ("2021-07-08T23:59:59Z", {}, datetime(2021, 7, 8, 23, 59, 59)),
        ("2021-07-08T23:59:59.5+05:30", {}, datetime(2021, 7, 8, 18, 29, 59, 500000)),
        ("2021-07-08 23:59:59-0400", {}, datetime(2021, 7, 9, 3, 59, 59)),
        ("2021-07-08 23:59:59 -04", {}, datetime(2021, 7, 9, 3, 59, 59)),
        ("2021-07-08 23:59:59 UTC", {}, datetime(2021, 7, 8, 23, 59, 59)),
        ("2021-07-08T23:59:59+14:00", {}, datetime(2021, 7, 8, 9, 59, 59)),
        ("2021-07-08T23:59Z", {}, datetime(2021, 7, 8, 23, 59)),  # Java leaves seconds of nought out
        ("2021-07-08T23:59+01:00", {}, datetime(2021, 7, 8, 22, 59)),
        ("2021-07-08 23:59+01:00", {}, datetime(2021, 7, 8, 22, 59)),
        ("2021-07-08 23:59 -0400", {}, datetime(2021, 7, 9, 3, 59)),
        ("20210708T235959Z", {}, datetime(2021, 7, 8, 23, 59, 59)),
        ("20210708T235959+01:00", {}, datetime(2021, 7, 8, 22, 59, 59)),
        ("2021-07-08T23:59+99:00", {}, None),
        ("2021-07-08T23:59+20", {}, None),  # as long as a time of day with seconds
        ("2021-07-08T23:59:59+99:99", {}, None),  # no zone's: taken, it would move the call by days
        ("2021-07-08 23:59:59-2359", {}, None),
        ("2021-07-08 23:59:59.5+01:75", {}, None),
        ("2021-07-08 11:59:59 PM", {}, datetime(2021, 7, 8, 22, 59, 59)),
        ("2021-07-08 23:59", {}, datetime(2021, 7, 8, 22, 59)),
        ("2021-07-08", {}, datetime(2021, 7, 7, 23)),
        ("08-Jul-2021 23:59:59", {}, datetime(2021, 7, 8, 22, 59, 59)),
        ("20210708T235959", {}, datetime(2021, 7, 8, 22, 59, 59)),
        ("07/08/2021 11:59:59 PM", {}, None),
        ("07/08/2021 11:59:59 PM", {"formats": ["%m/%d/%Y %I:%M:%S %p"]}, datetime(2021, 7, 8, 22, 59, 59)),
        ("7/8/2021 1:05 am", {"formats": ["%m/%d/%Y %I:%M %p"]}, datetime(2021, 7, 8, 0, 5)),
        ("7/8/2021 12:05 AM", {"formats": ["%m/%d/%Y %I:%M %p"], "zone": "UTC"}, datetime(2021, 7, 8, 0, 5)),
        ("08/07/21 23:59", {"formats": ["%d/%m/%y %H:%M"]}, datetime(2021, 7, 8, 22, 59)),
        ("2021-07-08 23:59:59", {"formats": ["%d/%m/%Y"]}, None),
        ("31/02/2021", {"formats": ["%d/%m/%Y"]}, None),
        ("1625788799", {"epoch": "seconds"}, datetime(2021, 7, 8, 23, 59, 59)),
        ("1625788799.5", {"epoch": "seconds"}, datetime(2021, 7, 8, 23, 59, 59, 500000)),
        ("1625788799000", {"epoch": "milliseconds"}, datetime(2021, 7, 8, 23, 59, 59)),
        ("1.625788799E12", {"epoch": "milliseconds"}, datetime(2021, 7, 8, 23, 59, 59)),
        ("44385.5", {"epoch": "excel"}, datetime(2021, 7, 8, 11)),
        ("99999999999999999999", {"epoch": "seconds"}, None),
        ("2021-07-08T23:59:59Z", {"formats": ["%Y-%m-%dT%H:%M:%SZ"]}, datetime(2021, 7, 8, 23, 59, 59)),
        ("2021-07-08 12:00:00", {"zone": "America/New_York"}, datetime(2021, 7, 8, 16)),
        ("epoch", {}, None),
    ],
)
def test_one_instant_in_many_forms(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, value: str, times: dict[str, Any], expected: datetime | None
) -> None:
    assert received(con, tmp_path, [value], **times) == [expected]


def test_every_hour_of_both_clock_changes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Against zoneinfo: fold 0 is the first reading; the hour that does not exist is taken an hour on."""
    from zoneinfo import ZoneInfo

    for zone in ("Europe/London", "America/New_York", "Australia/Sydney", "Asia/Kolkata"):
        for fold, which in ((0, "first"), (1, "second")):
            days = [datetime(2025, 3, 8), datetime(2025, 3, 29), datetime(2025, 4, 5), datetime(2025, 10, 4)]
            days += [datetime(2025, 10, 25), datetime(2025, 11, 1)]
            local = [day + timedelta(minutes=30 * n) for day in days for n in range(120)]
            info = ZoneInfo(zone)
            expected = []
            for moment in local:
                instant = moment.replace(tzinfo=info, fold=fold).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
                exists = instant.replace(tzinfo=ZoneInfo("UTC")).astimezone(info).replace(tzinfo=None) == moment
                expected.append(instant if exists else None)
            found = received(con, tmp_path, [str(m) for m in local], zone=zone, repeated_hour=which)
            assert [f for f, e in zip(found, expected, strict=True) if e] == [e for e in expected if e]


def test_the_repeated_and_the_missing_hour_are_counted(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = [
        "call_id|received_at|ended_at",
        "1|2025-10-26 01:50:00|2025-10-26 01:10:00",
        "2|2025-03-30 01:30:00|2025-03-30 02:30:00",
        "3|2025-06-01 01:30:00|2025-06-01 01:31:00",
    ]
    result, rows = parse(con, tmp_path, lines)
    assert rows[0]["received_at"] == datetime(2025, 10, 26, 0, 50)
    assert rows[0]["ended_at"] == datetime(2025, 10, 26, 1, 10)
    assert dict(result.oddities) == {"time_in_repeated_hour": 1, "time_in_spring_gap": 1}


def test_times_of_day_roll_past_midnight(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = [
        "call_id|received_at|answered_at|ended_at|arrived_at",
        "1|2025-06-01 23:58:00|23:58:10|00:03:00|12:10:00 AM",
        "2|2025-06-01 10:00:00|09:59:58|10:03|",
        "3|2025-06-01T22:30:00Z|23:31:00|00:31|soon",
    ]
    result, rows = parse(con, tmp_path, lines, times={"time_only": ["answered_at", "ended_at", "arrived_at"]})
    assert rows[0]["answered_at"] == datetime(2025, 6, 1, 22, 58, 10)
    assert rows[0]["ended_at"] == datetime(2025, 6, 1, 23, 3)
    assert rows[0]["arrived_at"] == datetime(2025, 6, 1, 23, 10)
    assert rows[1]["answered_at"] == datetime(2025, 6, 1, 8, 59, 58)
    assert rows[2]["answered_at"] == datetime(2025, 6, 1, 22, 31)
    assert rows[2]["ended_at"] == datetime(2025, 6, 1, 23, 31)
    assert dict(result.oddities) == {"answered_before_received": 1, "time_unreadable:arrived_at": 1}


def test_a_time_of_day_in_the_repeated_hour_is_no_next_day(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = [
        "call_id|received_at|ended_at",
        "1|2025-10-26 01:30:00|01:10:00",  # the hour comes again: forty minutes later
        "2|2025-10-25 23:50:00|01:10:00",
        "3|2025-10-26 02:30:00|01:10:00",  # neither reading comes after
    ]
    _, rows = parse(con, tmp_path, lines, times={"time_only": ["ended_at"]})
    assert [row["received_at"] for row in rows] == [
        datetime(2025, 10, 26, 0, 30), datetime(2025, 10, 25, 22, 50), datetime(2025, 10, 26, 2, 30)
    ]  # fmt: skip
    assert [row["ended_at"] for row in rows] == [
        datetime(2025, 10, 26, 1, 10), datetime(2025, 10, 26, 0, 10), datetime(2025, 10, 27, 1, 10)
    ]  # fmt: skip


def test_date_and_time_in_two_columns(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = ["id|day|time", "1|07/08/2021|1:05:09 PM", "2|07/08/2021|N/A", "3||"]
    result, rows = parse(
        con,
        tmp_path,
        lines,
        columns={"call_id": "id", "received_at": ["day", "time"]},
        times={"formats": ["%m/%d/%Y %I:%M:%S %p"]},
    )
    assert [row["received_at"] for row in rows] == [datetime(2021, 7, 8, 12, 5, 9)]
    assert dict(result.rejected) == {"unreadable_received_at": 1, "no_received_at": 1}


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("95", "auto", 95),
        ("1:35", "auto", 95),
        ("0:01:35", "auto", 95),
        ("61:05", "mm:ss", 3665),
        ("01:02:03", "hh:mm:ss", 3723),
        ("1:30", "hh:mm", 5400),
        ("01:30:00", "hh:mm", 5400),
        ("1.5", "minutes", 90),
        ("0.5", "hours", 1800),
        ("1500", "milliseconds", 2),
        ("94.6", "seconds", 95),
        ("-5", "auto", None),
        ("-0:05", "auto", None),
        ("long", "auto", None),
        ("1:2:3:4", "auto", None),
        ("1:x", "auto", None),
        ("99999999", "auto", None),
    ],
)
def test_durations(con: duckdb.DuckDBPyConnection, tmp_path: Path, text: str, unit: str, expected: int | None) -> None:
    lines = ["call_id|received_at|talk_seconds", f"1|2025-06-01 10:00:00|{text}"]
    result, rows = parse(con, tmp_path, lines, durations={"unit": unit})
    assert rows[0]["talk_seconds"] == expected
    assert dict(result.oddities) == ({} if expected is not None else {"duration_unreadable:talk_seconds": 1})


def test_talk_is_derived_from_times_where_absent(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = [
        "call_id|received_at|answered_at|ended_at|talk_seconds",
        "1|2025-06-01 10:00:00|2025-06-01 10:00:05|2025-06-01 10:01:00|",
        "2|2025-06-01 10:00:00|2025-06-01 10:00:05|2025-06-01 10:01:00|7",
        "3|2025-06-01 10:00:00|2025-06-01 10:00:05|2025-06-01 10:00:01|",
    ]
    result, rows = parse(con, tmp_path, lines)
    assert [row["talk_seconds"] for row in rows] == [55, 7, None]
    assert dict(result.oddities) == {"ended_before_answered": 1}


def test_codes_are_folded_and_renamed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = [
        "call_id|received_at|closing_code|qualifiers|grade|remarks",
        "1|2025-06-01 10:00:00| hoax   Call |a;  B ;|immediate|Kept  As It Is",
        "2|2025-06-01 10:00:00|none|;|S|-",
    ]
    result, rows = parse(con, tmp_path, lines, codes={"grade": {"Immediate": "i"}, "qualifiers": {"b": "bee"}})
    assert (rows[0]["closing_code"], rows[0]["qualifiers"], rows[0]["grade"]) == ("HOAX CALL", "A;BEE", "I")
    assert rows[0]["remarks"] == "Kept  As It Is"
    assert (rows[1]["closing_code"], rows[1]["qualifiers"], rows[1]["remarks"]) == ("NONE", None, None)
    assert result.oddities["inner_double_spaces:closing_code"] == 1


def test_composed_keys_and_constants(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = ["day|number|street", "2025-06-01|7|1 High St", "2025-06-01||2 High St", "2025-06-02|7|"]
    result, rows = parse(
        con,
        tmp_path,
        lines,
        columns={"call_id": ["day", "number"], "received_at": "day", "premises": "street"},
        constants={"channel": "101", "borough": "Camden"},
        caller_key="premises",
    )
    assert [row["call_id"] for row in rows] == ["2025-06-01|7", "2025-06-02|7"]
    assert [row["premises"] for row in rows] == ["1 High St", None]
    assert (rows[0]["channel"], rows[0]["borough"]) == ("101", "CAMDEN")
    assert dict(result.rejected) == {"no_call_id": 1}
    columns = {"call_id": ["{file}", "{row}", "number"], "received_at": "day"}
    _result, rows = parse(con, tmp_path, lines, columns=columns)
    assert [row["call_id"] for row in rows] == ["calls.csv|1|7", "calls.csv|2|", "calls.csv|3|7"]


@pytest.mark.parametrize(
    ("kind", "versions"),
    [
        ("integer", ["2", "10", "100"]),
        ("time", ["2025-06-01 10:00", "2025-06-01 10:00:00.5", "2025-12-01"]),
        ("text", ["a", "b", "c"]),
    ],
)
def test_versions_rank_as_text(con: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str, versions: list[str]) -> None:
    lines = ["call_id|received_at|version", *(f"1|2025-06-01 10:00:00|{version}" for version in versions)]
    _result, rows = parse(con, tmp_path, lines, version={"kind": kind})
    ranks = [row["version_rank"] for row in rows]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == 3


@pytest.mark.parametrize(
    ("versions", "found"),
    [
        (["9", "10"], "numbers"),
        (["09", "10"], ""),
        (["9", "10", "10a"], "parts"),
        (["1.2.3", "1.10.2"], "parts"),
        (["V9", "V10"], "parts"),
        (["2.0-draft", "10.0"], "parts"),
        (["V09", "V10", "final"], ""),
        (["B9", "C10"], ""),
        (["28/02/2025 09:00", "01/03/2025 09:00"], "times"),
        (["28-Feb-2025 09:00:00"], "times"),
        (["28.02.2025"], "times"),
        (["Feb 28, 2025 09:00"], "times"),
        (["Fri, 28 Feb 2025 09:00:00"], "times"),
        (["2025-02-28 09:00:00", "2025-03-01T09:00:00"], ""),
        (["2025-02-28 09:00", "2025-2-28 10:00"], "times"),
        (["2025-02-28 9:00", "2025-02-28 10:00"], "times"),
        (["2025-02-28 09:00 AM", "2025-02-28 01:00 PM"], "times"),
        (["2025-10-26T01:30:00+01:00", "2025-10-26T01:10:00+00:00"], "times"),
        (["2025-10-26T01:30:00Z", "2025-10-26T01:10:00Z"], ""),
        (["28/02/2025 09:00", "draft"], ""),
    ],
)
def test_versions_that_text_would_put_in_the_wrong_order_are_odd(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, versions: list[str], found: str
) -> None:
    lines = ["call_id|received_at|version", *(f"1|2025-06-01 10:00:00|{version}" for version in versions)]
    result, _rows = parse(con, tmp_path, lines)
    expected = {f"version_{found}_as_text": len(versions)} if found else {}
    assert {name: count for name, count in result.oddities.items() if name.startswith("version")} == expected
    assert len(result.advice()) == len(expected)
    kinded, _rows = parse(con, tmp_path, lines, version={"kind": "integer"})
    assert not any(name.endswith("_as_text") for name in kinded.oddities)


def test_utc_needs_no_calendar(con) -> None:
    """An instant and its time in UTC are the same microseconds, in every year that a log's text can name."""
    con.execute(models.text("staging/macros"))
    differing = con.execute(
        "with instants as ("
        "select unnest(generate_series("
        "timestamptz '1000-01-01 (BC) 00:00:00+00', timestamptz '12000-01-01 00:00:00+00', interval '17 days 6 hours 1.234567 seconds'"
        ")) as at_time "
        "union all select make_timestamptz(i * 4000000000000000 + 7) from range(-2200, 2300) as far (i) "
        "union all select unnest([null, timestamptz '1582-10-05 00:00:00+00', timestamptz '1969-12-31 23:59:59.999999+00'])"
        ") "
        "select count(*), count_if(in_utc(at_time) is distinct from timezone('UTC', at_time)), "
        "count_if(at_utc(in_utc(at_time)) is distinct from timezone('UTC', in_utc(at_time))) from instants"
    ).fetchone()
    assert differing is not None
    assert differing[0] > 5_000
    assert differing[1:] == (0, 0)
