"""Every shape of file, every reason for setting a row aside, every row accounted for."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
import stat
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misuse import sources
from misuse.errors import InputError, ResourceError
from misuse.progress import Silent
from misuse.sources.layout import Layout, from_declaration
from misuse.sources.reading import SourceRead

NOW = datetime(2026, 1, 1)
DRAMA_NUMBER = "07700900123"
FTC = Path(__file__).parents[3] / "shared" / "data" / "ftc_dnc_2021-07-08.csv"

COLUMNS = {"call_id": "id", "received_at": "at", "cli": "phone"}
ROWS = b"id,at,phone\n1,2025-06-01 10:00:00,07700900123\n2,2025-06-01 11:00:00,07700900124\n"

Reader = Callable[..., tuple[SourceRead, list[dict[str, Any]], list[tuple[int, str, str]]]]


def layout_of(**keys: Any) -> Layout:
    return from_declaration("test", {"columns": COLUMNS, **keys})


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def read_file(con: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> Any:
    scratch = path.parent / "scratch"
    result = sources.read(con, path, layout, scratch=scratch, now=NOW, tracker=Silent())
    assert list(scratch.iterdir()) == []
    parsed = con.execute("select * from parsed_rows order by row_number")
    names = [column[0] for column in parsed.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in parsed.fetchall()]
    rejected = con.execute("select row_number, reason, raw from rejected_raw order by row_number").fetchall()
    assert result.rows == len(rows) + len(rejected)
    numbers = [row["row_number"] for row in rows] + [row[0] for row in rejected]
    assert sorted(numbers) == list(range(1, result.rows + 1))
    return result, rows, rejected


@pytest.fixture
def read(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Reader:
    def read_bytes(data: bytes, name: str = "calls.csv", **keys: Any) -> Any:
        path = tmp_path / name
        path.write_bytes(data)
        return read_file(con, path, layout_of(**keys))

    return read_bytes


def numbers(rejected: list[tuple[int, str, str]]) -> list[tuple[int, str]]:
    return [(number, reason) for number, reason, _raw in rejected]


@pytest.mark.parametrize(
    "data",
    [
        ROWS,
        ROWS.replace(b"\n", b"\r\n"),
        ROWS.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + ROWS,
        b"\xc3\xaf\xc2\xbb\xc2\xbf" + ROWS,
        ROWS.replace(b"\n", b"\r\n", 1),
        ROWS + b"\n\n",
        ROWS.replace(b"1,", b"\n1,", 1),
        gzip.compress(ROWS, mtime=0),
        gzip.compress(ROWS[:20], mtime=0) + gzip.compress(ROWS[20:], mtime=0),
        ROWS.replace(b"07700900123", b'"07700900123"'),
        ROWS.replace(b"07700900123", b'  "07700900123" '),
        ROWS.replace(b"07700900123", b"  07700900123\t"),
        ROWS.replace(b"id,at", b"ID, At "),
    ],
)
def test_one_log_written_in_many_ways(read: Reader, data: bytes) -> None:
    result, rows, rejected = read(data)
    assert (result.rows, rejected) == (2, [])
    assert [(row["call_id"], row["received_at"], row["cli"]) for row in rows] == [
        ("1", datetime(2025, 6, 1, 9), "07700900123"),
        ("2", datetime(2025, 6, 1, 10), "07700900124"),
    ]
    assert rows[0]["channel"] == "999"


@pytest.mark.parametrize(
    ("keys", "data"),
    [
        ({"format": "tsv"}, ROWS.replace(b",", b"\t")),
        ({"delimiter": ";"}, ROWS.replace(b",", b";")),
        ({"delimiter": "|", "quote": "'"}, ROWS.replace(b",", b"|").replace(b"07700900123", b"'07700900123'")),
        ({"encoding": "utf-16"}, ROWS.decode().encode("utf-16")),
        ({"encoding": "cp1252"}, ROWS),
        ({"header": False, "column_names": ["id", "at", "phone"]}, ROWS.split(b"\n", 1)[1]),
        (
            {"header": False, "columns": {"call_id": "1", "received_at": "2", "cli": "3"}},
            b"\xef\xbb\xbf" + ROWS.split(b"\n", 1)[1],
        ),
        ({"skip_rows": 2}, b'A report, "of calls\n\n' + ROWS),
        ({"trailing_delimiter": True}, ROWS.replace(b"3\n", b"3,\n").replace(b"4\n", b"4,\n")),
        ({"last_line_may_be_unterminated": True}, ROWS.rstrip()),
    ],
)
def test_layouts_of_text(read: Reader, keys: dict[str, Any], data: bytes) -> None:
    _result, rows, rejected = read(data, **keys)
    assert rejected == []
    assert [(row["call_id"], row["cli"]) for row in rows] == [("1", "07700900123"), ("2", "07700900124")]


def test_jsonl(read: Reader) -> None:
    lines = [
        json.dumps({"id": 1, "at": "2025-06-01T10:00:00Z", "phone": "07700900123", "in": {"n": [1, "b"]}}),
        "not json",
        "[1]",
        "",
        json.dumps({"id": 2, "at": 1748772000000, "phone": None}),
        json.dumps({"id": "3", "at": "2025-06-01 11:00"})[:-3],
    ]
    columns = {**COLUMNS, "qualifiers": "in.n", "ward": "nowhere"}
    result, rows, rejected = read("\n".join(lines).encode(), format="jsonl", columns=columns)
    assert numbers(rejected) == [
        (2, "not_json"),
        (3, "not_an_object"),
        (4, "unreadable_received_at"),
        (5, "unterminated_last_line"),
    ]
    assert [(r["row_number"], r["call_id"], r["received_at"], r["qualifiers"]) for r in rows] == [
        (1, "1", datetime(2025, 6, 1, 10), "1;B")
    ]
    assert result.oddities["column_absent:nowhere"] == 5


def test_jsonl_in_milliseconds_without_a_last_newline(read: Reader) -> None:
    data = b'{"id": 1, "at": 1748772000500}\n{"id": 2, "at": "1748772000000"}'
    _result, rows, _rejected = read(
        data, format="jsonl", columns={"call_id": "id", "received_at": "at"}, times={"epoch": "milliseconds"}
    )
    assert [row["received_at"] for row in rows] == [datetime(2025, 6, 1, 10, 0, 0, 500000), datetime(2025, 6, 1, 10)]


def test_parquet_keeps_its_types(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    con.execute(
        "copy (select 1.0::double as id, timestamptz '2025-06-01 10:00:00+01' as at, 7700900123 as phone,"
        " timestamp_ns '2025-06-01 10:00:05.5' as answered, ['a', 'b'] as q, interval 90 seconds as talk"
        " union all select 2, null, null, null, null, null) to '" + str(path) + "' (format parquet)"
    )
    columns = {**COLUMNS, "answered_at": "answered", "qualifiers": "q", "talk_seconds": "talk"}
    layout = layout_of(format="parquet", columns=columns, times={"formats": ["%d/%m/%Y %H:%M"]})
    _result, rows, rejected = read_file(con, path, layout)
    assert numbers(rejected) == [(2, "no_received_at")]
    assert rows[0]["call_id"] == "1"
    assert rows[0]["cli"] == "7700900123"
    assert rows[0]["received_at"] == datetime(2025, 6, 1, 9)
    assert rows[0]["answered_at"] == datetime(2025, 6, 1, 9, 0, 5, 500000)
    assert (rows[0]["qualifiers"], rows[0]["talk_seconds"]) == ("A;B", 90)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_parquet_duration_is_so_many_seconds(con: duckdb.DuckDBPyConnection, tmp_path: Path, unit: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "calls.parquet"
    spans = pa.array([timedelta(seconds=270), timedelta(seconds=5), None], pa.duration(unit))
    times = ["2025-06-01 10:00:00"] * 3
    pq.write_table(pa.table({"call_id": ["1", "2", "3"], "received_at": times, "talk": spans}), path)
    columns = {"call_id": "call_id", "received_at": "received_at", "talk_seconds": "talk"}
    layout = layout_of(format="parquet", columns=columns)
    sources.read(con, path, layout, scratch=tmp_path / "scratch", now=NOW, tracker=Silent())
    found = con.execute("select talk_seconds from parsed_rows order by row_number").fetchall()
    assert found == [(270,), (5,), (None,)]


@pytest.mark.parametrize("strange", ["a.b", 'a"."b', 'x"y', "*", "", "x), (select 1) --"])
def test_a_parquet_column_of_any_name_is_that_column(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, strange: str
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "calls.parquet"
    at = [datetime(2025, 6, 1, 10)] * 2
    pq.write_table(
        pa.table({"id": ["1", None], "at": at, "from.number": [DRAMA_NUMBER] * 2, strange: ["x", "y"]}), path
    )
    layout = layout_of(format="parquet", columns={**COLUMNS, "cli": "from.number"})
    _result, rows, rejected = read_file(con, path, layout)
    assert [row["cli"] for row in rows] == [DRAMA_NUMBER]
    assert numbers(rejected) == [(2, "no_call_id")]


def test_xlsx_with_real_dates(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "calls.xlsx"
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("Cover").write(0, 0, "nothing here")
    sheet = book.add_worksheet("Calls")
    day, clock = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format({"num_format": "hh:mm:ss"})
    sheet.write_row(0, 0, ["Log of calls"])
    sheet.write_row(1, 0, ["id", "day", "time", "phone", "answered"])
    for row, minute in ((2, 1), (4, 2)):
        sheet.write(row, 0, row)
        sheet.write_datetime(row, 1, datetime(2025, 6, 1), day)
        sheet.write_datetime(row, 2, datetime(1899, 12, 31, 23, 58, minute), clock)
        sheet.write(row, 3, 7700900123)
        sheet.write_datetime(row, 4, datetime(1899, 12, 31, 0, 1, minute), clock)
    book.close()
    layout = layout_of(
        format="xlsx",
        sheet="Calls",
        skip_rows=1,
        columns={"call_id": "id", "received_at": ["day", "time"], "cli": "phone", "answered_at": "answered"},
        times={"time_only": ["answered_at"]},
    )
    result, rows, _rejected = read_file(con, path, layout)
    assert result.oddities == {"blank_lines": 1}
    assert [(row["call_id"], row["cli"]) for row in rows] == [("2", "7700900123"), ("4", "7700900123")]
    assert rows[0]["received_at"] == datetime(2025, 6, 1, 22, 58, 1)
    assert rows[0]["answered_at"] == datetime(2025, 6, 1, 23, 1, 1)


def test_a_text_among_the_dates_of_a_sheet_costs_only_itself(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "calls.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Calls")
        day, clock = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format({"num_format": "hh:mm:ss"})
        sheet.write_row(0, 0, ["id", "day", "time", "seen"])
        for row in (1, 2):
            sheet.write(row, 0, row)
            sheet.write_datetime(row, 1, datetime(2025, 6, row), day)
            sheet.write_datetime(row, 2, datetime(1899, 12, 31, 9, 30, row), clock)
            sheet.write_datetime(row, 3, datetime(2025, 6, 1, 12 * (row - 1)), day)
        sheet.write_row(3, 0, ["3", "End of report"])
    columns = {"call_id": "id", "received_at": ["day", "time"], "remarks": "seen"}
    _result, rows, rejected = read_file(con, path, layout_of(format="xlsx", columns=columns))
    assert [row["received_at"] for row in rows] == [datetime(2025, 6, 1, 8, 30, 1), datetime(2025, 6, 2, 8, 30, 2)]
    assert numbers(rejected) == [(3, "unreadable_received_at")]
    # Where other cells have a time of day, midnight is one.
    assert [row["remarks"] for row in rows] == ["2025-06-01 00:00:00", "2025-06-01 12:00:00"]


GOOD = b"%d,2025-06-01 10:00:00,07700900123\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"2,2025-06-01 10:00:00\n", "too_few_columns"),
        (b"2,2025-06-01 10:00:00,a,b\n", "too_many_columns"),
        (b",2025-06-01 10:00:00,07700900123\n", "no_call_id"),
        (b"NULL,2025-06-01 10:00:00,07700900123\n", "no_call_id"),
        (b"2,n/a,07700900123\n", "no_received_at"),
        (b"2,soon,07700900123\n", "unreadable_received_at"),
        (b"2,infinity,07700900123\n", "unreadable_received_at"),
        (b"2,2026-01-03 00:00:00,07700900123\n", "received_in_future"),
        (b"2,1969-01-03 00:00:00,07700900123\n", "received_before_1970"),
        (b"2,2025-06-01 10:00:00,077\x000900123\n", "null_byte"),
        (b"2,2025-06-01 10:00:00,077\xff0900123\n", "bad_encoding"),
        (b'2,2025-06-01 10:00:00,"07700900123\n', "broken_quote"),
        (b'2,"2025-06-01 10:00:00"x,07700900123\n', "broken_quote"),
        (b"2,2025-06-01 10:00:00,077\r00900123\n", "stray_carriage_return"),
        (b"2,2025-06-01 10:00:00," + b"9" * (1 << 20) + b"\n", "record_over_1mb"),
        (b"2,2025-06-01 10:00:00," + b"9" * (20 << 20) + b"\n", "record_over_1mb"),
    ],
)
def test_a_bad_record_costs_only_itself(read: Reader, line: bytes, reason: str) -> None:
    data = b"id,at,phone\n" + GOOD % 1 + line + b"".join(GOOD % n for n in range(3, 50))
    result, rows, rejected = read(data)
    assert numbers(rejected) == [(2, reason)]
    assert result.rejected == {reason: 1}
    assert [row["call_id"] for row in rows] == ["1", *(str(n) for n in range(3, 50))]
    assert len(rejected[0][2]) <= 64 << 10
    if len(line) < 1000:
        assert rejected[0][2].startswith(line.decode("utf-8", "backslashreplace").split("\0")[0].rstrip()[:10])


def test_the_last_line_cut_short(read: Reader) -> None:
    result, rows, rejected = read(ROWS.rstrip()[:-2])
    assert numbers(rejected) == [(2, "unterminated_last_line")]
    assert [row["call_id"] for row in rows] == ["1"]
    assert any("last_line_may_be_unterminated" in advice for advice in result.advice())


def test_quotes_that_hold_newlines_and_quotes(read: Reader) -> None:
    data = (
        b'id,at,phone\n"1\n""a""",2025-06-01 10:00:00,"x, y"\n2,2025-06-01 10:00:00,5" pipe\n3,2025-06-01 10:00:00,\n'
    )
    result, rows, rejected = read(data)
    assert rejected == []
    assert [(r["call_id"], r["cli"]) for r in rows] == [('1\n"a"', "x, y"), ("2", '5" pipe'), ("3", None)]
    assert result.oddities["quote_inside_field"] == 1


def test_many_bad_rows_are_each_numbered(read: Reader) -> None:
    lines = [GOOD % n if n % 3 else b"%d,only\n" % n if n % 2 else b'%d,"2025\n' % n for n in range(1, 4000)]
    _result, rows, rejected = read(b"id,at,phone\n" + b"".join(lines))
    assert {n for n, _reason in numbers(rejected)} == set(range(3, 4000, 3))
    assert all(row["call_id"] == str(row["row_number"]) for row in rows)
    assert {reason for _n, reason in numbers(rejected)} == {"too_few_columns", "broken_quote"}


def test_a_whole_window_of_records_and_more(read: Reader) -> None:
    lines = [b'%d,2025-06-01 10:00:00,"a,\n""%d"""\n' % (n, n) for n in range(300_000)]
    lines[200_000] = b'200000,2025-06-01 10:00:00,"stray\n'
    _result, rows, rejected = read(b"id,at,phone\n" + b"".join(lines))
    assert len(rows) + len(rejected) >= 300_000
    assert rejected[0][:2] == (200_001, "broken_quote")
    assert len(rejected) < 5
    assert rows[-1]["call_id"] == "299999"


def test_header_alone_is_no_error(read: Reader) -> None:
    for data in (b"id,at,phone\n", b"id,at,phone"):
        result, rows, _rejected = read(data)
        assert (result.rows, rows) == (0, [])
    assert read(b"\n", format="jsonl")[0].rows == 0


def test_a_parquet_column_whose_name_is_no_text_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    con.execute(
        "copy (select 'A1' as id, '2025-06-01 10:00:00' as at, '' as phone) to '" + str(path) + "' (format parquet)"
    )
    path.write_bytes(path.read_bytes().replace(b"phone", b"ph\xf3ne"))
    with pytest.raises(InputError, match="a column whose name is no text in UTF-8"):
        read_file(con, path, layout_of(format="parquet"))


@pytest.mark.parametrize(
    ("name", "data", "keys", "says"),
    [
        ("a.csv", b"", {}, "is empty"),
        ("a.csv", b"\xef\xbb\xbf", {}, "no header"),
        ("a.csv.gz", ROWS, {}, "not gzip"),
        ("a.csv.gz", gzip.compress(ROWS, mtime=0)[:-12], {}, "truncated gzip"),
        ("a.csv.gz", gzip.compress(ROWS, mtime=0)[:30] + b"x" * 30, {}, "gzip"),
        (
            "a.csv.gz",
            gzip.compress(b"0" * (80 << 20), mtime=0),
            {"max_uncompressed_ratio": 20},
            "unpacks to over 20 times",
        ),
        ("a.csv", ROWS.replace(b"phone", b"telephone"), {}, "no column 'phone'"),
        ("a.csv", ROWS.split(b"\n", 1)[1], {}, "not laid out"),
        ("a.csv", ROWS.replace(b"phone", b"at"), {"columns": {"call_id": "id", "received_at": "at"}}, "more than one"),
        ("a.csv", ROWS.decode().encode("utf-16"), {}, "UTF-16"),
        ("a.csv", ROWS.decode().encode("utf-16-le"), {"encoding": "utf-16"}, "byte order mark"),
        ("a.csv", b"PAR1" + ROWS, {}, "is parquet"),
        ("a.parquet", ROWS, {"format": "parquet"}, "not parquet"),
        ("a.parquet", b"PAR1" + ROWS, {"format": "parquet"}, "truncated Parquet"),
        ("a.parquet", b"PAR1" + ROWS + b"PAR1", {"format": "parquet"}, "cannot be read"),
        ("a.xlsx", ROWS, {"format": "xlsx"}, "not xlsx"),
        ("a.xlsx", b"PK\x03\x04" + ROWS, {"format": "xlsx"}, "cannot be read as XLSX"),
        ("a.jsonl", b'{"id": 1, "phone": "07700900123"}\n', {"format": "jsonl"}, "no column 'at'"),
    ],
)
def test_a_file_that_cannot_be_taken_is_named(
    read: Reader, name: str, data: bytes, keys: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        read(data, name=name, **keys)
    assert name in str(caught.value)
    assert caught.value.next_step
    assert DRAMA_NUMBER not in str(caught.value)
    assert "2025-06-01" not in str(caught.value)


def test_a_missing_file_is_named(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.csv cannot be opened"):
        read_file(con, tmp_path / "gone.csv", layout_of())


def test_want_of_memory_is_no_fault_of_the_file(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(ROWS)
    con.execute("set memory_limit = '1MB'")
    with pytest.raises(ResourceError, match=r"calls\.csv was not read: disk or memory ran out") as caught:
        read_file(con, path, layout_of())
    assert "memory_limit" in str(caught.value.next_step)


def test_what_is_copied_is_private(tmp_path: Path) -> None:
    from misuse.sources.plain import private_file

    with private_file(tmp_path / "copy") as file:
        file.write(b"x")
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600


def test_a_file_name_with_wildcards(read: Reader) -> None:
    assert read(ROWS, name="calls[1]*?.csv")[0].rows == 2


# One connection for the many small files that Hypothesis makes.
SHARED = duckdb.connect()
SHARED.execute("set TimeZone = 'UTC'")

_PIECES = st.sampled_from(
    [
        b"1",
        b",",
        b",",
        b",",
        b'"',
        b"\n",
        b"\n",
        b"\r\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xc3\xa9",
        b" ",
        b'""',
        b"NULL",
        b"2025-06-01",
        b"\t",
        b"a",
    ]
)


@given(data=st.lists(_PIECES, max_size=60).map(b"".join), may_end=st.booleans())
@settings(max_examples=120, derandomize=True, deadline=None, database=None)
def test_rows_read_are_rows_in_and_rows_set_aside(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, may_end: bool
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(b"id,at,phone\n" + data)
    with contextlib.nullcontext(SHARED) as con:
        _result, rows, rejected = read_file(con, path, layout_of(last_line_may_be_unterminated=may_end))
        assert all(reason and re.fullmatch(r"[a-z0-9_]+", reason) for _n, reason, _raw in rejected)
        assert all(row["call_id"] and row["received_at"] for row in rows)


@given(
    cells=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
            st.text('a", \n\r\té;|', max_size=8),
        ),
        max_size=12,
    )
)
@settings(max_examples=50, derandomize=True, deadline=None, database=None)
def test_well_written_text_comes_back(tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]) -> None:
    import csv
    import io

    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "at", "name", "note"])
    writer.writerows([str(n), "2025-06-01 10:00:00", *pair] for n, pair in enumerate(cells))
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_bytes(out.getvalue().encode())
    columns = {"call_id": "id", "received_at": "at", "person_name": "name", "remarks": "note"}
    with contextlib.nullcontext(SHARED) as con:
        _result, rows, rejected = read_file(con, path, from_declaration("t", {"columns": columns, "nulls": [""]}))
    assert rejected == []
    spaces = " \t\r\n\u00a0\ufeff"
    expected = [tuple(cell.strip(spaces) or None for cell in pair) for pair in cells]
    assert [(row["person_name"], row["remarks"]) for row in rows] == expected


@pytest.mark.skipif(not FTC.is_file(), reason="the FTC's log is not beside the project")
def test_a_real_log_is_accounted_for(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    layout = from_declaration(
        "ftc",
        {
            "columns": {
                "call_id": ["{row}", "Created_Date"],
                "received_at": "Created_Date",
                "cli": "Company_Phone_Number",
                "closing_code": "Subject",
            },
            "constants": {"channel": 999},
            "times": {"zone": "America/New_York"},
            "numbers": {"region": "US"},
            "misuse": {"all": True},
            "orders": [{"name": "violation_after_complaint", "earlier": "Violation_Date", "later": "Created_Date"}],
        },
    )
    result = sources.read(con, FTC, layout, scratch=tmp_path, now=NOW, tracker=Silent())
    assert (result.rows, dict(result.rejected)) == (14034, {})
    assert result.oddities["violation_after_complaint"] == 442
    assert result.oddities["not_ascii"] == 4
    assert result.oddities["inner_double_spaces:Subject"] > 2000
    found = con.execute("select count(*) - count(cli), count_if(cli = '0000000000') from parsed_rows").fetchone()
    assert found == (671, 10)  # two of them a word that says so
    blank = con.execute("select count(*) from parsed_rows where length(cli) <> 10").fetchone()
    assert blank == (170,)


def test_words_for_no_number_are_no_numbers(read: Reader) -> None:
    words = ["Withheld", "UNKNOWN", "International  withheld", "not available", "07700900123", "odd"]
    data = b"id,at,phone\n" + b"".join(b"%d,2025-06-01,%s\n" % (n, w.encode()) for n, w in enumerate(words))
    result, rows, _rejected = read(data)
    assert [(row["cli"], row["cli_status"]) for row in rows] == [
        (None, "UNAVAILABLE (WITHHELD)"),
        (None, "UNAVAILABLE (UNKNOWN)"),
        (None, "UNAVAILABLE (INTERNATIONAL WITHHELD)"),
        (None, "UNAVAILABLE"),
        ("07700900123", None),
        ("odd", None),
    ]
    assert result.oddities["number_withheld_word"] == 4
    _result, rows, _rejected = read(data, absent_words=["Odd"], constants={"cli_status": "given"})
    assert [row["cli"] for row in rows] == [*words[:2], "International  withheld", *words[3:5], None]
    assert rows[-1]["cli_status"] == "GIVEN"
    _result, rows, _rejected = read(data, absent_words=[])
    assert rows[-1]["cli"] == "odd"


def test_a_header_alone_is_told(read: Reader) -> None:
    result, rows, _rejected = read(ROWS.split(b"\n")[0] + b"\n")
    assert (rows, dict(result.oddities)) == ([], {"no_rows": 1})
    assert "no rows" in result.advice()[0]


@pytest.mark.parametrize("cells", [[], [["id", "at", "phone"]]])
def test_a_sheet_without_rows(con: duckdb.DuckDBPyConnection, tmp_path: Path, cells: list[list[str]]) -> None:
    import xlsxwriter

    path = tmp_path / "calls.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for n, row in enumerate(cells):
            sheet.write_row(n, 0, row)
    if cells:
        result, rows, _rejected = read_file(con, path, layout_of(format="xlsx"))
        assert (rows, result.oddities["no_rows"]) == ([], 1)
    else:
        with pytest.raises(InputError, match="no header"):
            read_file(con, path, layout_of(format="xlsx"))
