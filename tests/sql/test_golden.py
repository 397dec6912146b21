"""Golden cases of the models: tests/sql/<model>/<case>.txt holds small tables and what must come of them.

    # why the case is there
    params: threshold=3
    build: detection/windows          (models made before the one under test; optional)
    == call_records                   (input tables; columns not named are null)
    call_key | received_at
    a1       | 2025-01-01 00:00
    == expect                         (only the columns named are compared)
    call_key | is_misuse

Keys and tokens are hex, filled up with noughts; `c:a1` and `n:a1` are the caller and the line of token a1, `s:a1` its
first number-holding spell and `s:a1#2` its second; `c{a1,b1#2}` is the caller of these two spells.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from misuse import callers, coding_error, detection, models, reckoning, shared_lines
from misuse.schemas import TASKING_LIST
from misuse.settings import SQL_ROOT, Settings

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*/*.txt"))
PARAMETERS: dict[str, Any] = {
    "run_id": "r1",
    "as_of": date(2025, 12, 31),
    "reporting_zone": "Europe/London",
    "window_days": 365,
    "threshold": 3,
    "episode_gap_seconds": 3600,
    "headline_channel": "999",
    "duty_role": "duty officer",
    "cycle_days": 14,
    "shared_line_threshold": 15,
    "number_gap_days": 120,
    "number_gap_settled_days": 90,
    "identity_model": "m1",
    "review_weight": 0.0,
    **reckoning.stated(Settings()),
    "rules_changed": False,
}
MODELS = (
    *callers.SPELL_MODELS, *callers.LINK_MODELS, "callers/caller_numbers", *detection.MODELS, *detection.ESTIMATE_MODELS, *shared_lines.MODELS,
    "estimates/identity_levels", *reckoning.MODELS, *reckoning.APPENDED,
    *reckoning.CHANGE_MODELS, *reckoning.EQUALITY_MODELS,
    *coding_error.MODELS, *coding_error.FACTS,
)  # fmt: skip


@dataclass
class Case:
    parameters: dict[str, Any]
    build: list[str]
    inputs: dict[str, tuple[list[str], list[list[str | None]]]] = field(default_factory=dict)
    expected: tuple[list[str], list[list[str | None]]] = field(default_factory=lambda: ([], []))


def read_case(path: Path) -> Case:
    case = Case(dict(PARAMETERS), [])
    table: str | None = None
    columns: list[str] = []
    rows: list[list[str | None]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("params:"):
            case.parameters |= {key: _value(key, value) for key, value in re.findall(r"(\w+)=(\S+)", line)}
        elif line.startswith("build:"):
            case.build = line.removeprefix("build:").split()
        elif line.startswith("== "):
            table, columns, rows = line[3:].strip(), [], []
        elif not columns:
            columns[:] = [name.strip() for name in line.split("|")]
            if table == "expect":
                case.expected = (columns, rows)
            else:
                case.inputs[str(table)] = (columns, rows)
        else:
            cells = [cell.strip() for cell in line.split("|")]
            assert len(cells) == len(columns), f"{path.name}: {line}"
            rows.append([cell or None for cell in cells])
    return case


def _value(key: str, value: str) -> Any:
    kind = type(PARAMETERS[key])
    if kind is list:
        return value.split(",")
    return date.fromisoformat(value) if kind is date else kind(value)


def _expanded(cell: str | None, kind: str) -> str | None:
    if cell is None:
        return None
    if kind == "UUID":
        return cell.ljust(32, "0")
    cell = re.sub(r"\bc\{([0-9a-f#,]+)\}", lambda found: "c" + _caller(found[1]), cell)
    return re.sub(r"\b([cns]):([0-9a-f]+(?:#\d+)?)", lambda found: found[1] + _spell(found[2]), cell)


def _spell(text: str) -> str:
    token, _, number = text.partition("#")
    whole = token.ljust(32, "0")
    return hashlib.sha256(f"{whole}#{number}".encode()).hexdigest()[:16] if number else whole[:16]


def _caller(text: str) -> str:
    spells = sorted("s" + _spell(part) for part in text.split(","))
    return hashlib.sha256(",".join(spells).encode()).hexdigest()[:16]


@pytest.fixture(scope="module")
def template() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table there is, empty: so the types of each are the models' own."""
    con = duckdb.connect(":memory:")
    empty_warehouse(con)
    prepared = detection.prepare(con, PARAMETERS)
    callers.find_spells(con, prepared)
    callers.keep_records(con, prepared, forgets=True)
    callers.link(con, prepared, None)
    models.build(con, "callers/caller_numbers", prepared)
    detection.detect(con, PARAMETERS)
    detection.estimate(con, PARAMETERS, replicates=10, seed=1)
    con.execute("drop view caller_spells")  # a case may fill it
    listed = ", ".join(f"{column.name} {column.type}" for column in TASKING_LIST.columns)
    con.execute("create table tasking_list (" + listed + ")")
    con.execute("attach ':memory:' as previous")
    con.execute("create table previous.calls as from calls; create table previous.windows as from windows")
    for name in (
        *callers.SPELL_MODELS,
        *(name for name in detection.MODELS if name in detection.TEMPORARY),
        *detection.VIEWS,
        *detection.ESTIMATE_MODELS,
        *shared_lines.MODELS,
        *reckoning.MODELS,
        *reckoning.CHANGE_MODELS,
        *reckoning.EQUALITY_MODELS,
    ):
        models.build(con, name, prepared)
    con.execute("create table call_bands (call_key varchar, band varchar)")
    for name in (*coding_error.MODELS, *coding_error.FACTS):
        models.build(con, name, {})
    yield con
    con.close()


def empty_warehouse(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("set TimeZone = 'UTC'; attach ':memory:' as vault; use vault")
    for path in sorted((SQL_ROOT / "schema").glob("vault_*.sql")):
        con.execute(path.read_text(encoding="utf-8"))
    con.execute("use memory")
    with_tokens(con)
    for path in [*sorted((SQL_ROOT / "schema").glob("warehouse_*.sql")), *sorted((SQL_ROOT / "rules").glob("*.sql"))]:
        con.execute(path.read_text(encoding="utf-8"))
    # A case names only the columns that matter to it. A mark is set by its key.
    tables = con.execute("select database_name, table_name from duckdb_tables() where table_name <> 'marks'").fetchall()
    for database, table in tables:
        name = f"{database}.{table}"
        con.execute("create or replace table " + name + " as select * from " + name + " limit 0")


def with_tokens(con: duckdb.DuckDBPyConnection) -> None:
    """What makes pseudonyms, which each connection has for itself."""
    con.execute("set variable token_key = 'golden'")
    con.execute((SQL_ROOT / "schema" / "macros.sql").read_text(encoding="utf-8"))


def fill(con: duckdb.DuckDBPyConnection, table: str, columns: list[str], rows: list[list[str | None]]) -> None:
    kinds = {name: str(kind) for name, kind, *_ in con.execute("describe " + table).fetchall()}
    missing = set(columns) - set(kinds)
    assert not missing, f"{table} has no column {missing}"
    values = {name: [_expanded(row[i], kinds[name]) for row in rows] for i, name in enumerate(columns)}
    con.register("case_rows", pl.DataFrame(values, schema=dict.fromkeys(columns, pl.String)))
    names = ", ".join(columns)
    con.execute("insert into " + table + " (" + names + ") select " + names + " from case_rows")
    con.unregister("case_rows")


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_golden(path: Path, template: duckdb.DuckDBPyConnection) -> None:
    case = read_case(path)
    con = template.cursor()
    con.execute("set TimeZone = 'UTC'; use memory")
    with_tokens(con)
    (model,) = [
        f"{file.parent.name}/{file.stem}"
        for file in SQL_ROOT.glob(f"*/{path.parent.name}.sql")
        if file.parent.name not in {"identities", "web"}
    ]
    relation = models.relation_name(model)
    _empty(con)
    for table, (columns, rows) in case.inputs.items():
        fill(con, table, columns, rows)
    patterns = {"codeword_pattern": detection.codeword_pattern(con), "heard_pattern": detection.heard_pattern(con)}
    parameters = {**case.parameters, **patterns}
    for name in (*case.build, model):
        models.build(con, name, {**parameters, "end_at": detection.end_of_as_of(con)})
    columns, rows = case.expected
    con.execute(
        "create or replace temp table expected as select " + ", ".join(columns) + " from " + relation + " limit 0"
    )
    fill(con, "expected", columns, rows)
    found = con.execute("select " + ", ".join(columns) + " from " + relation + " order by all").fetchall()
    wanted = con.execute("from expected order by all").fetchall()
    assert len(found) == len(wanted), found
    for row, wanted_row in zip(found, wanted, strict=True):
        for name, cell, wanted_cell in zip(columns, row, wanted_row, strict=True):
            expected = pytest.approx(wanted_cell, rel=1e-9) if isinstance(wanted_cell, float) else wanted_cell
            assert cell == expected, f"{name} in {row}"


def _empty(con: duckdb.DuckDBPyConnection) -> None:
    tables = con.execute(
        "select database_name || '.' || table_name from duckdb_tables() where not temporary and not internal"
    ).fetchall()
    for (table,) in tables:
        con.execute("delete from " + table)


def test_every_model_of_detection_has_a_golden_case() -> None:
    tested = {path.parent.name for path in CASES}
    names = {models.relation_name(name) for name in MODELS}
    assert names <= tested, sorted(names - tested)
