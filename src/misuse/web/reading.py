"""A connection to a published copy that remembers what it was asked: a copy never changes, so nor do its answers.

It stands in for DuckDB's own connection wherever the room asks by `execute`; whatever else is asked of it goes through.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from misuse.web.once import Once

if TYPE_CHECKING:
    import duckdb

MOST_ANSWERS = 3000
MOST_ROWS = 5000  # of one answer that is kept
Row = tuple[Any, ...]


class Answers:
    """What a copy answered, by statement and parameters; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[Any, tuple[Any, list[Row]]] = OrderedDict()
        self._statements: dict[str, Any] = {}
        self.once = Once()

    def find(self, key: Any) -> tuple[Any, list[Row]] | None:
        """Description and rows of an answer, if it is held."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def keep(self, key: Any, description: Any, rows: list[Row]) -> None:
        """Hold an answer; the one that was not asked for longest goes."""
        with self._lock:
            self._held[key] = (description, rows)
            while len(self._held) > MOST_ANSWERS:
                self._held.popitem(last=False)

    def parsed(self, cursor: duckdb.DuckDBPyConnection, sql: str) -> Any:
        """A statement's parts, parsed once."""
        if sql not in self._statements:
            self._statements[sql] = cursor.extract_statements(sql)
        return self._statements[sql]


class Reader:
    """One thread's connection."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, answers: Answers) -> None:
        self._cursor = cursor
        self._answers = answers
        self._asked: tuple[str, Any] | None = None  # answered from memory, so the cursor does not hold it
        self._rows: list[Row] = []
        self.description: Any = None

    def execute(self, sql: str, parameters: Any = None) -> Reader:
        """Ask; the answer is read off this reader."""
        key = (sql, _frozen(parameters))
        self._asked = None
        found = self._answers.find(key)
        if found is None:
            with self._answers.once.making(key):
                found = self._answers.find(key) or self._read(key, sql, parameters)
        self._asked = (sql, parameters)
        self.description, self._rows = found[0], list(found[1])
        return self

    def _read(self, key: Any, sql: str, parameters: Any) -> tuple[Any, list[Row]]:
        done = self._cursor.execute(sql, parameters) if parameters is not None else self._cursor.execute(sql)
        found = (done.description, done.fetchall())
        if len(found[1]) <= MOST_ROWS:
            self._answers.keep(key, *found)
        return found

    def fetchall(self) -> list[Row]:
        """The rows that were not read yet."""
        rows, self._rows = self._rows, []
        return rows

    def fetchone(self) -> Row | None:
        """The next row."""
        return self._rows.pop(0) if self._rows else None

    def extract_statements(self, sql: str) -> Any:
        """A statement's parts."""
        return self._answers.parsed(self._cursor, sql)

    def __getattr__(self, name: str) -> Any:
        """Anything else is the cursor's own, with the last statement run on it."""
        if self._asked is not None:
            sql, parameters = self._asked
            self._asked = None
            self._cursor.execute(sql, parameters) if parameters is not None else self._cursor.execute(sql)
        return getattr(self._cursor, name)


def _frozen(value: Any) -> Any:
    """A parameter as a key."""
    if isinstance(value, Mapping):
        return tuple(sorted((key, _frozen(inner)) for key, inner in value.items()))
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(map(_frozen, value))
    return (type(value).__name__, value)
