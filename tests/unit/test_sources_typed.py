"""JSON Lines, Parquet and XLSX: what a line lacks costs that line alone; a cell's type outranks what is declared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from misuse import sources
from misuse.errors import InputError
from misuse.progress import Silent
from misuse.sources.layout import from_declaration
from misuse.sources.reading import SourceRead

NOW = datetime(2026, 1, 1)
AT = "2025-06-01T10:00:00Z"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def read(con: duckdb.DuckDBPyConnection, path: Path, **declared: Any) -> tuple[SourceRead, list[dict[str, Any]]]:
    layout = from_declaration("test", declared)
    result = sources.read(con, path, layout, scratch=path.parent / "scratch", now=NOW, tracker=Silent())
    cursor = con.execute("select * from parsed_rows order by row_number")
    names = [column[0] for column in cursor.description or ()]
    return result, [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def read_json(
    con: duckdb.DuckDBPyConnection, folder: Path, objects: Sequence[Mapping[str, Any]], columns: Mapping[str, Any]
) -> tuple[SourceRead, list[dict[str, Any]]]:
    path = folder / "calls.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in objects), encoding="utf-8")
    return read(con, path, format="jsonl", columns={"call_id": "id", "received_at": "at", **columns})


@pytest.mark.parametrize("turned", [False, True])
def test_a_key_of_few_lines_is_read_wherever_they_stand(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, *, turned: bool
) -> None:
    plain = [{"id": n, "at": AT} for n in range(10_100)]
    marked = [{"id": "m", "at": AT, "mk": "DOMESTIC ABUSE", "Ward Name": "N1", "from": {"number": "07700900123"}}]
    columns = {"markers": "mk", "ward": "ward_name", "cli": "from.number", "grade": "from.grade", "borough": "nowhere"}
    result, rows = read_json(con, tmp_path, (marked + plain) if turned else (plain + marked), columns)
    (found,) = (row for row in rows if row["markers"])
    assert (found["call_id"], found["markers"], found["ward"]) == ("m", "DOMESTIC ABUSE", "N1")
    assert found["cli"] == "07700900123"
    assert result.oddities == {"column_absent:from.grade": 10_101, "column_absent:nowhere": 10_101}


def test_a_required_key_that_no_line_has_is_another_layout(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    columns = {"received_at": "t.queued"}
    with pytest.raises(InputError, match=r"no column 't\.queued'"):
        read_json(con, tmp_path, [{"id": 1, "t": {"answered": AT}}], columns)


def test_a_key_written_with_a_dot_takes_nothing_from_other_lines(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lines: list[dict[str, Any]] = [
        {"id": 1, "at": AT, "flags": {"markers": ["DA", "FIRE"]}},
        {"id": 2, "at": AT, "flags.markers": "ALARM"},
        {"id": 3, "at": AT, "flags": {"markers": "DA"}, "flags.markers": "ALARM"},
        {"id": 4, "at": AT, "flags": {"other": 1}},
        {"id": 5, "at": AT, "flags": "none", "flags.markers": ["A", "B"]},
    ]
    _result, rows = read_json(con, tmp_path, lines, {"markers": "flags.markers"})
    assert [row["markers"] for row in rows] == ["DA;FIRE", "ALARM", "DA", None, "A;B"]


def test_any_number_of_keys_hides_none_that_is_mapped(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = [{f"a{n}x{k}": 1 for k in range(30)} | {"id": n, "at": AT, "Zone Name": "N1"} for n in range(100)]
    result, rows = read_json(con, tmp_path, lines, {"ward": "zone_name"})
    assert {row["ward"] for row in rows} == {"N1"}
    assert len(result.columns) == 2_000


def test_a_time_of_day_in_parquet_is_read_whatever_is_declared(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    con.execute(
        "copy (select 1 as id, date '2025-01-01' as day, time '23:58:00' as clock, time '00:05:07.5' as ended) to '"
        f"{path}' (format parquet)"
    )
    _result, rows = read(
        con,
        path,
        format="parquet",
        columns={"call_id": "id", "received_at": ["day", "clock"], "ended_at": "ended"},
        times={"formats": ["%d/%m/%Y %H:%M"], "ended_at": {"formats": ["%H:%M"], "time_only": True}},
    )
    assert rows[0]["received_at"] == datetime(2025, 1, 1, 23, 58)
    assert rows[0]["ended_at"] == datetime(2025, 1, 2, 0, 5, 7, 500000)


def sheet_of(path: Path, rows: Sequence[Sequence[tuple[Any, str] | str]]) -> None:
    """A workbook whose cells are texts, or values each with its number format."""
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Calls")
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, place, cell)
                else:
                    sheet.write_number(number, place, cell[0], book.add_format({"num_format": cell[1]}))


DAY, CLOCK = (45658, "dd/mm/yyyy"), (0.5, "hh:mm:ss")  # 1 January 2025, noon


def test_cells_with_types_and_texts_stand_in_one_column(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "calls.xlsx"
    sheet_of(
        path,
        [
            ["id", "day", "time", "ended"],
            ["1", DAY, CLOCK, (0.5 + 1 / 96, "hh:mm")],
            ["2", "01/01/2025", "12:00 PM", "12:15"],
            ["3", DAY, "12:00 PM", (45658.5 + 1 / 96, "dd/mm/yyyy hh:mm")],
            ["4", "01/01/2025", CLOCK, "12:15"],
            ["5", DAY, (1439 / 1440, "hh:mm"), (1 + 1 / 1440, "hh:mm")],
            ["6", DAY, CLOCK, "soon"],
        ],
    )
    result, rows = read(
        con,
        path,
        format="xlsx",
        columns={"call_id": "id", "received_at": ["day", "time"], "ended_at": "ended"},
        times={"formats": ["%d/%m/%Y %I:%M %p"], "ended_at": {"formats": ["%H:%M"], "time_only": True}},
    )
    noon, ended = datetime(2025, 1, 1, 12), datetime(2025, 1, 1, 12, 15)
    assert [row["received_at"] for row in rows] == [noon] * 4 + [datetime(2025, 1, 1, 23, 59), noon]
    assert [row["ended_at"] for row in rows] == [ended] * 4 + [datetime(2025, 1, 2, 0, 1), None]
    assert result.oddities == {"time_unreadable:ended_at": 1}


@pytest.mark.parametrize("declared", ["auto", "hh:mm:ss", "hh:mm"])
def test_a_sheet_s_durations_may_be_longer_than_a_day(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, declared: str
) -> None:
    path = tmp_path / "calls.xlsx"
    days = [0, 1 / 48, 1, 1.25, 44.5, 46]
    sheet_of(
        path,
        [
            ["id", "at", "talk", "born"],
            *([str(n), "2025-01-01 12:00", (days, "[h]:mm:ss"), (1, "dd/mm/yyyy")] for n, days in enumerate(days)),
            ["t", "2025-01-01 12:00", "26:00:00", (2, "dd/mm/yyyy")],
        ],
    )
    columns = {"call_id": "id", "received_at": "at", "talk_seconds": "talk", "birth_date": "born"}
    result, rows = read(con, path, format="xlsx", columns=columns, durations={"unit": declared})
    assert [row["talk_seconds"] for row in rows] == [0, 1800, 86_400, 108_000, 3_844_800, None, 93_600]
    assert result.oddities == {"duration_unreadable:talk_seconds": 1}
    assert {row["birth_date"] for row in rows} == {"1900-01-01", "1900-01-02"}
