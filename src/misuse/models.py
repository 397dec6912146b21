"""The models under sql/: found by name, run with just the parameters they name.

A model is one bare select in one file; its file's name is the relation's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse.errors import StoreError
from misuse.settings import SQL_ROOT

if TYPE_CHECKING:
    import duckdb


@cache
def text(name: str) -> str:
    """The SQL of `folder/name`, without its closing semicolon."""
    path = SQL_ROOT / f"{name}.sql"
    if not path.is_file():
        raise StoreError(f"the model {name} is missing from {SQL_ROOT}", next_step="reinstall the program")
    return path.read_text(encoding="utf-8").strip().rstrip(";")


@cache
def digest() -> str:
    """A digest of every statement under sql/: with other models the same inputs may give another list."""
    found = hashlib.sha256()
    for path in sorted(SQL_ROOT.rglob("*.sql")):
        found.update(path.relative_to(SQL_ROOT).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:8]


def names(folder: str) -> list[str]:
    """Every model of a folder as `folder/name`, in alphabetical order."""
    return sorted(f"{folder}/{path.stem}" for path in (SQL_ROOT / folder).glob("*.sql"))


def relation_name(name: str) -> str:
    """The relation a model makes: the last part of its name."""
    return Path(name).name


def parameters(con: duckdb.DuckDBPyConnection, sql: str, available: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `available` that the statement names; DuckDB refuses any other.

    Errors: KeyError naming a parameter that nobody supplies, a mistake of ours and not of the input.
    """
    wanted = con.extract_statements(sql)[0].named_parameters
    return {name: available[name] for name in wanted}


def select(con: duckdb.DuckDBPyConnection, name: str, available: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    """Run a model as it stands and return the connection holding its result."""
    sql = text(name)
    return con.execute(sql, parameters(con, sql, available))


def build(
    con: duckdb.DuckDBPyConnection,
    name: str,
    available: Mapping[str, Any],
    *,
    temporary: bool = False,
    relation: str = "",
    over: Mapping[str, str] | None = None,
) -> None:
    """Make, or make anew, the table of the model's name, or of another one given.

    `over` names relations that are not kept, each of a model that reads those before it: all run as one pass.
    """
    opening = "create or replace temp table " if temporary else "create or replace table "
    sql = opening + (relation or relation_name(name)) + " as\n" + _over(over or {}, name)
    con.execute(sql, parameters(con, sql, available))


def _over(under: Mapping[str, str], name: str) -> str:
    if not under:
        return text(name)
    passed = ",\n".join(relation + " as (\n" + text(model) + "\n)" for relation, model in under.items())
    return "with " + passed + "\nselect * from (\n" + text(name) + "\n)"


@contextmanager
def sides_as_written(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Joins with the sides as written. Left to itself DuckDB may hash ten million wide calls to probe with callers."""
    con.execute("set disabled_optimizers = 'build_side_probe_side'")
    try:
        yield
    finally:
        con.execute("reset disabled_optimizers")


def view(con: duckdb.DuckDBPyConnection, name: str, *, temporary: bool = False, relation: str = "") -> None:
    """Make, or make anew, a view of the model's name, or of another one given: one without parameters."""
    opening = "create or replace temp view " if temporary else "create or replace view "
    con.execute(opening + (relation or relation_name(name)) + " as\n" + text(name))


def append(con: duckdb.DuckDBPyConnection, name: str, available: Mapping[str, Any], *, relation: str) -> None:
    """Add a model's rows to a table of ours that has its columns."""
    sql = "insert into " + relation + " by name\n" + text(name)
    con.execute(sql, parameters(con, sql, available))


def drop_temporary(con: duckdb.DuckDBPyConnection, relation: str) -> None:
    """Drop a temporary table of ours, if it is there."""
    con.execute("drop table if exists temp." + relation)


def drop(con: duckdb.DuckDBPyConnection, relation: str) -> None:
    """Drop every table of ours of that name, the temporary one and what an earlier release left in the warehouse."""
    drop_temporary(con, relation)
    con.execute("drop table if exists " + relation)


def script(con: duckdb.DuckDBPyConnection, name: str, available: Mapping[str, Any]) -> None:
    """Run every statement of `folder/name` in order, each with the parameters it names."""
    for statement in con.extract_statements(text(name)):
        con.execute(statement, {key: available[key] for key in statement.named_parameters})


def scalar(con: duckdb.DuckDBPyConnection, name: str, available: Mapping[str, Any]) -> tuple[Any, ...]:
    """The one row of a model that yields one."""
    row = select(con, name, available).fetchone()
    if row is None:
        raise StoreError(f"the model {name} gave no row", next_step="reinstall the program")
    return row
