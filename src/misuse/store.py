"""What is asked of any store through its connection: all of a block's writes or none, a table's rows, the marks of a warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
