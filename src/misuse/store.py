"""What is asked of any store through its connection: all of a block's writes or none, a table's rows, the marks of a warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of the block's writes to one store, or none."""
    con.execute("begin")
    try:
        yield
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")


def count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    """The rows of a table or view of ours."""
    (rows,) = con.table(relation).aggregate("count(*)").fetchone() or (0,)
    return int(rows)


def rows(found: duckdb.DuckDBPyConnection, plain: Callable[[Any], Any] | None = None) -> list[dict[str, Any]]:
    """A result's rows, each by column, every value made `plain` where that is given."""
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, map(plain, row) if plain else row, strict=True)) for row in found.fetchall()]


def holds(con: duckdb.DuckDBPyConnection, relation: str) -> bool:
    """Whether a table of that name is there."""
    return bool(con.execute(_HOLDS, {"relation": relation}).fetchall())


_HOLDS = "select table_name from duckdb_tables() where table_name = $relation"


def mark(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """A small fact that the warehouse keeps of itself; empty where it keeps none of that name."""
    row = con.execute("select value from marks where name = $name", {"name": name}).fetchone()
    return str(row[0]) if row else ""


def set_mark(con: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    """Keep a small fact in place of the one of that name."""
    con.execute("insert or replace into marks values ($name, $value)", {"name": name, "value": value})


def forget_mark(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Keep the fact no longer, if it is there."""
    con.execute("delete from marks where name = $name", {"name": name})
