"""Calls before and since a decision, beside those of whom nobody acted on: a comparison, not an effect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from misuse import models, review, store
from misuse.casebook import Casebook
from misuse.room import told
from misuse.room.desk import Desk
from misuse.room.in_run import of_run

if TYPE_CHECKING:
    import duckdb

SPAN_DAYS = 90  # before and after an action, in which calls are compared


def rates_of(con: duckdb.DuckDBPyConnection, callers: Iterable[str], at: Any) -> list[dict[str, Any]]:
    """Misuse and genuine calls of each caller, in a span before and since a moment (sql/room/rate_of_calls.sql)."""
    return store.rows(
        models.select(con, "room/rate_of_calls", {"callers": list(callers), "at": at, "span_days": SPAN_DAYS})
    )


def not_taken(desk: Desk, book: Casebook, con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Eligible callers of the newest frozen list on whom nobody acted, over the same span since it was frozen."""
    frozen = list(book.frozen_lists().values())
    if not frozen:
        return {"callers": 0} | told.rates([], 0)
    left = _left(book, con, frozen[-1].data["eligible"])
    key = (str(desk.settings.home), desk.run_id, frozen[-1].event_id, left)
    held = _COMPARED.get(key)
    if held is None:
        held = {"callers": len(left), **told.rates(rates_of(con, left, frozen[-1].at), len(left))}
        _COMPARED.clear()
        _COMPARED[key] = held
    return held


def _left(book: Casebook, con: duckdb.DuckDBPyConnection, eligible: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The callers of now whom the list held and on whom nobody acted: by their spells, since a caller's id is its spells'."""
    held = book.cases()
    moves = [event for event in book.entries("case_moved") if event.data["to"] in review.OPEN_STATES]
    acted = {spell for event in moves for spell in held.get(str(event.case_ref), {}).get("spells", ())}
    pool = {spell for row in eligible for spell in row.get("spells") or ()}
    values = {"pool": sorted(pool), "acted": sorted(acted)}
    key = ("callers left", *values["pool"], "", *values["acted"])
    found = of_run(con, key, lambda: models.select(con, "room/callers_left", values).fetchall())
    return tuple(str(caller) for (caller,) in found)


# The comparison with those not taken reads every call: the same for each page until run, list or decisions change.
_COMPARED: dict[tuple[str, str, int, tuple[str, ...]], dict[str, Any]] = {}
