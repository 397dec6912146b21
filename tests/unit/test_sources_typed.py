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
