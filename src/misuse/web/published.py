"""The published copy as pages read it: one open copy for everybody, opened anew when the pointer moves.

A copy never changes, so that what was read of it once is kept: by the run, the query and its parameters.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from misuse import casebook, models, publication, store
from misuse.settings import Settings
from misuse.web.once import Once
from misuse.web.reading import Answers, Reader

if TYPE_CHECKING:
    import duckdb

    from misuse.casebook import Casebook

Row = dict[str, Any]
Value = TypeVar("Value")
Shown = tuple[Path, tuple[int, int] | None]
KEPT_READS = 400
MOMENT, LATELY = timedelta(seconds=20), timedelta(minutes=10)


def shown(settings: Settings) -> Shown:
    """Which copy is current: its path and its file, since a run that keeps its id publishes another file at the same path."""
    target = settings.current_path.resolve()
    try:
        found = target.stat()
    except FileNotFoundError:
        return target, None
    return target, (found.st_dev, found.st_ino)


class _Copy:
    """One open copy, closed by the last who leaves it once it is stale."""

    def __init__(self, settings: Settings, seen: Shown) -> None:
        self.seen = seen
        self._open = contextlib.ExitStack()
        self.con = self._open.enter_context(publication.opened(settings))
        self.readers = 0
        self.is_stale = False
        self.reads: OrderedDict[Any, Any] = OrderedDict()
        self.answers = Answers()
        self.once = Once()

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of one's own, which names relations as `publication.opened` has it."""
        with contextlib.closing(self.con.cursor()) as cursor:
            cursor.execute("use published")
            yield cursor

    def close(self) -> None:
        """Close it for good."""
        self._open.close()


class Published:
    """Reads of the published copy, safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._copy: _Copy | None = None
        self._moments: dict[str, tuple[datetime, Any]] = {}
        self._once = Once()
        self._remaking: set[str] = set()

    @cached_property
    def book(self) -> Casebook:
        """The casebook. Every question and record is a connection and a transaction of its own, so threads may share it."""
        return casebook.opened(self._settings)

    @contextlib.contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of one's own to the copy that is current now. Errors: StoreError where nothing is published."""
        with self._entered() as copy, copy.cursor() as cursor:
            yield cast("duckdb.DuckDBPyConnection", Reader(cursor, copy.answers))

    def rows(self, name: str, **values: Any) -> list[Row]:
        """The rows of `sql/web/name.sql`, as dicts; not to be changed, since the next reader gets the same."""
        found: list[Row] = self._kept((name, _frozen(values)), lambda con: _rows(con, name, values))
        return found

    def row(self, name: str, **values: Any) -> Row | None:
        """The one row of `sql/web/name.sql`, if there is one."""
        found = self.rows(name, **values)
        return found[0] if found else None

    def for_a_moment(self, name: str, now: datetime, make: Callable[[], Value], moment: timedelta = MOMENT) -> Value:
        """What `make` gives, or gave under this name a moment ago: for what is slow to look up and need not be newest."""
        found: Value = self._made(name, now, make, moment)[1]
        return found

    def lately(self, name: str, now: datetime, make: Callable[[], Value]) -> Value:
        """What `make` gives, or gave under this name less than LATELY ago: for what is slow to look up and tells its age.

        After a MOMENT whoever reads it sets off another look, and does not wait for it.
        """
        made_at, found = self._made(name, now, make, LATELY)
        if now - made_at >= MOMENT and name not in self._remaking:
            self._remaking.add(name)
            threading.Thread(target=self._remake, args=(name, now, make), daemon=True).start()
        return found

    def _made(self, name: str, now: datetime, make: Callable[[], Value], moment: timedelta) -> tuple[datetime, Value]:
        with self._once.making(name):
            earlier = self._moments.get(name)
            if earlier is None or not timedelta() <= now - earlier[0] < moment:
                earlier = self._moments[name] = (now, make())
            return earlier

    def _remake(self, name: str, now: datetime, make: Callable[[], Any]) -> None:
        try:
            self._moments[name] = (now, make())
        except Exception:  # noqa: BLE001 - the next reader looks for itself and is told
            self._moments.pop(name, None)
        finally:
            self._remaking.discard(name)

    def run(self) -> Row:
        """The run that the copy is of: run_id, as_of, finished_at, calls and what its checks said."""
        found = self.row("run")
        return found or {}

    def _kept(self, key: Any, read: Callable[[duckdb.DuckDBPyConnection], Any]) -> Any:
        with self._entered() as copy:
            with copy.once.making(key):
                with self._lock:
                    if key in copy.reads:
                        copy.reads.move_to_end(key)
                        return copy.reads[key]
                with copy.cursor() as cursor:
                    found = read(cursor)
                with self._lock:
                    copy.reads[key] = found
                    while len(copy.reads) > KEPT_READS:
                        copy.reads.popitem(last=False)
            return found

    @contextlib.contextmanager
    def _entered(self) -> Iterator[_Copy]:
        copy = self._enter()
        try:
            yield copy
        finally:
            self._leave(copy)

    def _enter(self) -> _Copy:
        seen = shown(self._settings)  # before it is opened: what is published meanwhile the next reader sees
        with self._lock:
            if self._copy is None or self._copy.seen != seen:
                fresh = _Copy(self._settings, seen)
                stale, self._copy = self._copy, fresh
                if stale is not None:
                    stale.is_stale = True
                    if not stale.readers:
                        stale.close()
            self._copy.readers += 1
            return self._copy

    def _leave(self, copy: _Copy) -> None:
        with self._lock:
            copy.readers -= 1
            if copy.is_stale and not copy.readers:
                copy.close()


def _rows(con: duckdb.DuckDBPyConnection, name: str, values: Mapping[str, Any]) -> list[Row]:
    return store.rows(models.select(con, f"web/{name}", values))


def _frozen(values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(sorted((key, tuple(value) if isinstance(value, list) else value) for key, value in values.items()))
