"""People's decisions as the tables that a run reads, and whom a stop follows where the number of a call was corrected.

A stop is on a number's holder. When a correction gives a call of theirs to another number, whoever has that number is
stopped too: the stop was on the person, and the number was wrong. What was under a stop, the last published copy tells,
since it is what people saw; the run's publication keeps it in the casebook from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from misuse import callers, casebook, ingest, models, publication, store
from misuse.errors import StoreError
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import polars as pl


def load(con: duckdb.DuckDBPyConnection, settings: Settings, as_of: date) -> None:
    """Make the tables of decisions for a run that speaks for `as_of`; its number-holding spells have been found."""
    with casebook.opened(settings) as book:
        for table, rows in book.tables(as_of, holders=callers.holdings(con)).items():
            models.script(con, f"rules/{table}", {})
            ingest.insert_rows(con, table, rows)
        under = _calls_under(settings, book.live_stops())
    models.script(con, "rules/moved_stops", {})
    if under is not None and len(under):
        con.register("calls_under_stops", under)
        models.append(con, "identities/moved_stops", {}, relation="moved_stops")
        con.unregister("calls_under_stops")


def _calls_under(settings: Settings, stops: Sequence[casebook.LiveStop]) -> pl.DataFrame | None:
    """The calls that the published copy has of whom the stops reach; None where there is no stop, or no copy to read."""
    on = [(stop.event.event_id, spell, False) for stop in stops for spell in (*stop.spells, *stop.linked)]
    on += [(stop.event.event_id, spell, True) for stop in stops for spell in stop.kept]
    if not on:
        return None
    named = dict(zip(("stop_ids", "spell_ids", "are_kept"), map(list, zip(*on, strict=True)), strict=True))
    try:
        with publication.opened(settings) as copy:
            is_told = store.holds(copy, "caller_spells")
            return models.select(copy, "identities/calls_under_stops", named).pl() if is_told else None
    except StoreError:  # nothing is published, or what is cannot be read: a run makes it anew
        return None
