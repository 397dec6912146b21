"""Calls before and since a decision, beside those of whom nobody acted on: a comparison, not an effect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from misuse import models, review, store
from misuse.casebook import Casebook, Event
from misuse.casebook.state import place_of
from misuse.room import told
from misuse.room.desk import Desk
from misuse.room.in_run import of_run

if TYPE_CHECKING:
    import duckdb

SPAN_DAYS = 90  # before and after an action, in which calls are compared


def rates_of(con: duckdb.DuckDBPyConnection, callers: Iterable[str], on: date) -> list[dict[str, Any]]:
    """Misuse and genuine calls of each caller, in a span before and since a day (sql/room/rate_of_calls.sql)."""
    values = {"callers": list(callers), "on_date": on, "span_days": SPAN_DAYS}
    return store.rows(models.select(con, "room/rate_of_calls", values))


class Beside:
    """Eligible callers on whom nobody acted, to hold actions against: of each frozen list, looked up once for a page."""

    def __init__(self, desk: Desk, book: Casebook, con: duckdb.DuckDBPyConnection) -> None:
        self._desk, self._book, self._con = desk, book, con
        self._left: dict[str, tuple[str, ...]] = {}

    @cached_property
    def _frozen(self) -> list[tuple[str, Event]]:
        return list(self._book.frozen_lists().items())

    @cached_property
    def _acted(self) -> frozenset[str]:
        return _acted(self._book)

    def left(self, event: Event) -> tuple[str | None, tuple[str, ...]]:
        """Cycle and callers left of the list that an action was taken from: the newest that was frozen by then."""
        earlier = [(cycle, frozen) for cycle, frozen in self._frozen if place_of(frozen) < event.event_id]
        if not earlier:
            return None, ()  # it is past its time, and was put away
        cycle, frozen = earlier[-1]
        if cycle not in self._left:
            self._left[cycle] = _left(self._con, frozen.data["eligible"], self._acted)
        return cycle, self._left[cycle]

    def of(self, event: Event | None) -> dict[str, Any]:
        """What became of those left, over the same days as are measured of the action.

        Keys: cycle (None: no list to compare with), callers, and those of `told.rates`.
        """
        cycle, left = self.left(event) if event else (None, ())
        if event is None or not left:
            return {"cycle": cycle, "callers": 0} | told.rates([], 0)
        on = self._desk.day_of(event.at)
        key = ("rates of those left", on.isoformat(), *left)
        rates = of_run(self._con, key, lambda: told.rates(rates_of(self._con, left, on), len(left)))
        return {"cycle": cycle, "callers": len(left), **rates}


def _acted(book: Casebook) -> frozenset[str]:
    """The spells of cases on which somebody acted."""
    held = book.cases()
    moves = [event for event in book.entries("case_moved") if event.data["to"] in review.OPEN_STATES]
    return frozenset(spell for event in moves for spell in held.get(str(event.case_ref), {}).get("spells", ()))


def _left(
    con: duckdb.DuckDBPyConnection, eligible: Iterable[Mapping[str, Any]], acted: frozenset[str]
) -> tuple[str, ...]:
    """The callers of now whom a list held and on whom nobody acted: by their spells, since a caller's id is its spells'."""
    pool = {spell for row in eligible for spell in row.get("spells") or ()}
    values = {"pool": sorted(pool), "acted": sorted(acted)}
    key = ("callers left", *values["pool"], "", *values["acted"])
    found = of_run(con, key, lambda: models.select(con, "room/callers_left", values).fetchall())
    return tuple(str(caller) for (caller,) in found)
