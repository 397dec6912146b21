"""Callers and their number-holding spells as the published copy has them, and whom a stop entered since then reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse import casebook, explain, models, publication, store
from misuse.errors import InputError
from misuse.schemas import LOOK_LIST
from misuse.settings import Settings
from misuse.wording import of

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Known:
    """Somebody named on the command line: the caller, and the spells that were meant."""

    caller_id: str
    identity_kind: str
    spells: tuple[str, ...]


def open_suggestions(con: duckdb.DuckDBPyConnection) -> int:
    """How many links wait for a person; none where the copy is older than linkage."""
    row = con.execute(_OPEN_SUGGESTIONS).fetchone() if store.holds(con, "caller_links") else None
    return int(row[0]) if row else 0


@dataclass(frozen=True)
class OfNobody:
    """Stopped calls that no known caller made: no row of the look list can be theirs. `tonight` are urgent and new."""

    calls: int = 0
    urgent: int = 0
    new: int = 0
    tonight: int = 0

    @property
    def sentence(self) -> str:
        """What is said of them wherever the look list is told; nothing where there are none."""
        if not self.calls:
            return ""
        which = f"{of(self.calls, 'stopped call')} of nobody known: {self.urgent:,} urgent, {self.new:,} new"
        return (
            f"Beside the look list, {which}. No number that can be used came with them, so no caller stands for them."
        )


def of_nobody(con: duckdb.DuckDBPyConnection) -> OfNobody:
    """The stopped calls of nobody known in the published window; none where the copy is of before they were told."""
    row = con.execute(_OF_NOBODY).fetchone() if store.holds(con, "stopped_calls_of_nobody") else None
    return OfNobody(*row) if row else OfNobody()


_OF_NOBODY = """
select
    count(*), count(*) filter (where is_urgent), count(*) filter (where is_new),
    count(*) filter (where is_urgent and is_new)
from stopped_calls_of_nobody
"""


def urgent_line(settings: Settings) -> str:
    """What a run just published to be looked at at once, for the notification hook: how many callers of the look list, and
    new stopped calls of nobody known.

    Nothing where nobody and nothing is.
    """
    if not settings.current_path.exists():
        return ""
    with publication.opened(settings) as con:
        row = con.execute(_URGENT).fetchone() if store.holds(con, "look_list") else None
        calls = of_nobody(con).tonight
    waiting = [f"{of(row[0], 'caller')} of the look list"] if row and row[0] else []
    waiting += [f"{of(calls, 'stopped call')} of nobody known"] if calls else []
    return f"URGENT  {' and '.join(waiting)} to be looked at tonight → misuse look" if waiting else ""


_URGENT = "select count(*) from look_list where is_urgent"
_OPEN_SUGGESTIONS = "select count(*) from caller_links where status = 'suggested'"


def spells_of(con: duckdb.DuckDBPyConnection, caller_id: str) -> list[str]:
    """The spells of a published caller, in order; empty where the copy does not tell."""
    if not store.holds(con, "caller_spells"):
        return []
    found = models.select(con, "identities/own_spells", {"caller_id": caller_id})
    return [str(row[0]) for row in found.fetchall()]


def known(con: duckdb.DuckDBPyConnection, text: str) -> Known:
    """Whom a caller id, its beginning, a case reference, an earlier id or a spell's id means.

    A spell's id means that spell alone. Errors: InputError for one that the copy does not hold, or a copy that tells
    nothing of spells.
    """
    if not store.holds(con, "caller_spells"):
        raise InputError("the published copy is older than linkage", next_step="misuse run, then try again")
    name = text.strip().lower()
    asked = {"caller_id": None, "spell_id": name}
    if not name.startswith("s"):
        asked = {"caller_id": explain.resolve_caller(con, text), "spell_id": None}
    rows = models.select(con, "identities/spells_of_caller", asked).fetchall()
    if not rows:
        raise InputError(
            "no caller and no number of a caller has that id in the published run",
            next_step="misuse identity links lists the ids, misuse callers the callers",
        )
    return Known(str(rows[0][1]), str(rows[0][2]), tuple(str(row[0]) for row in rows))


def stopped(con: duckdb.DuckDBPyConnection, stops: Iterable[casebook.LiveStop]) -> dict[str, bool]:
    """Callers whom the stops reach, and whether one of those is urgent.

    A stop reaches everyone in reach of a stopped spell, or of one that a person has said to be the same's since, and
    whoever else it was published on; the caller it was entered on by that id too, if the id leads to nobody else now.
    """
    stops = list(stops)
    reached = {stop.caller_id: stop.is_urgent for stop in stops}
    if not stops or not store.holds(con, "caller_spells"):
        return reached
    for (caller_id,) in con.execute(_PUBLISHED, {"callers": sorted(reached)}).fetchall():
        del reached[caller_id]
    spells = sorted({spell for stop in stops for spell in (*stop.spells, *stop.linked)})
    urgent = sorted({spell for stop in stops if stop.is_urgent for spell in (*stop.spells, *stop.linked)})
    found = models.select(con, "identities/reached_callers", {"spells": spells, "urgent_spells": urgent}).fetchall()
    kept = sorted({spell for stop in stops for spell in stop.kept})
    urgent = sorted({spell for stop in stops if stop.is_urgent for spell in stop.kept})
    if kept:
        found += con.execute(_HOLDING, {"spells": kept, "urgent_spells": urgent}).fetchall()
    for caller_id, is_urgent in found:
        reached[caller_id] = bool(is_urgent) or reached.get(caller_id, False)
    return reached


_PUBLISHED = """
select caller_id from caller_spells where list_contains($callers, caller_id)
union
select other_caller_id from caller_changes where list_contains($callers, other_caller_id)
"""
_HOLDING = """
select caller_id, bool_or(list_contains($urgent_spells, spell_id)) as is_urgent
from caller_spells
where list_contains($spells, spell_id)
group by caller_id
"""


def stopped_now(
    con: duckdb.DuckDBPyConnection, settings: Settings, book: casebook.Casebook | None = None
) -> dict[str, bool]:
    """Callers whom a person's stop bars at this moment, whether or not a run has seen it, and whether urgently.

    `book` is the casebook where it is open already.
    """
    if book is not None:
        return stopped(con, book.live_stops())
    if not casebook.casebook_path(settings).exists():
        return {}
    with casebook.opened_to_read(settings) as opened:
        return stopped(con, opened.live_stops())


def enforcement_bars(
    con: duckdb.DuckDBPyConnection, settings: Settings, caller_id: str, book: casebook.Casebook | None = None
) -> tuple[str, ...]:
    """What keeps a caller from action now: the bars of the published list, and 'hard_stop' where a stop reaches them.

    Of whom no list tells, nothing is known: 'not_listed' bars. The bar of an urgent stop that nobody had looked at falls
    with a look since the run, which `book` tells.
    """
    bars: list[Any] = [NOT_LISTED]
    if store.holds(con, "tasking_list"):
        columns = con.table("tasking_list").columns
        if "enforcement_bars" in columns:
            row = con.execute(_BARS, {"caller_id": caller_id}).fetchone()
            bars = list(row[0] or []) if row else [NOT_LISTED]
    if URGENT_STOP_UNSEEN in bars and book is not None:
        look = look_of(con, book, caller_id)
        bars = [bar for bar in bars if bar != URGENT_STOP_UNSEEN or look is None or look["waits"]]
    stop = ["hard_stop"] if caller_id in stopped_now(con, settings, book) else []
    return tuple(dict.fromkeys([*stop, *map(str, bars)]))


NOT_LISTED = "not_listed"
URGENT_STOP_UNSEEN = "urgent_stop_unseen"
_BARS = "select enforcement_bars from tasking_list where caller_id = $caller_id"


def look_of(con: duckdb.DuckDBPyConnection, book: casebook.Casebook, caller_id: str) -> dict[str, Any] | None:
    """A caller's row of the look list, or None; with who looked since the run, and what a stop entered since it changes.

    Further keys: seen_at and seen_by (of a look since the run; else when the run knew of one, and None); waits (an urgent
    stop is there that nobody has looked at, by now); is_since_run (whom only a stop since the run put there).
    """
    stopped_since = since_run(con, book.live_stops())
    found = store.rows(con.execute(_LOOK, {"caller_id": caller_id}))
    if not found and caller_id not in stopped_since:
        return None
    row, since = found[0] if found else added_look(caller_id), None
    own = set(spells_of(con, caller_id))
    holders = book.holders()
    for event in book.entries("look_acknowledged"):
        # As a run takes it: a look at all that the caller is, and at nobody else, who surely is the same still.
        is_theirs = own == set(holders.sure_of(event, event.data.get("spells") or ())) if own else False
        if is_theirs and (row["acknowledged_at"] is None or event.at > row["acknowledged_at"]):
            since = event
    seen_at = since.at if since else row["acknowledged_at"]
    is_new = waits_since(stopped_since.get(caller_id), seen_at)
    return {
        **row,
        "is_since_run": not found,
        "seen_at": seen_at,
        "seen_by": since.actor if since else None,
        "is_urgent": bool(row["is_urgent"]) or is_new or (not found and stopped_since[caller_id] is not None),
        "waits": is_new or (bool(row["is_urgent"]) and not (since and has_seen(since, row))),
    }


def since_run(con: duckdb.DuckDBPyConnection, stops: Iterable[casebook.LiveStop]) -> dict[str, datetime | None]:
    """Callers whom a stop reaches that was entered since the published run began; when the newest urgent one was, if any was."""
    began = con.execute(_BEGAN).fetchone()
    found: dict[str, datetime | None] = {}
    for stop in sorted(stops, key=lambda stop: stop.at):
        if began is None or began[0] is None or stop.at > began[0]:
            found |= {caller: stop.at if stop.is_urgent else found.get(caller) for caller in stopped(con, [stop])}
    return found


def waits_since(urgent_at: datetime | None, seen_at: datetime | None) -> bool:
    """Whether an urgent stop entered since the run waits: nobody looked after it was entered."""
    return urgent_at is not None and (seen_at is None or seen_at < urgent_at)


def added_look(caller_id: str) -> dict[str, Any]:
    """The row of somebody whom a stop entered since the run puts on the look list; what only a run reckons is None."""
    return dict.fromkeys(LOOK_LIST.column_names) | {
        "caller_id": caller_id,
        "look_reasons": ["hard_stop", "new_hard_stop"],
        "is_stopped": True,
        "is_urgent": False,
        "is_new": True,
    }


_BEGAN = "select max(started_at) from runs"


def has_seen(look: casebook.Event, row: Mapping[str, Any]) -> bool:
    """Whether a look since the run saw every stop that a row of the look list tells of."""
    if row["acknowledged_at"] is not None and look.at <= row["acknowledged_at"]:
        return False  # the run knew of it
    seen = look.data.get("stops_seen")
    if seen is not None and row.get("stop_ids") is not None:
        return set(seen).issuperset(row["stop_ids"])
    return int(look.data.get("urgent_stops_seen") or 0) >= int(row.get("urgent_stops") or 0)


def seen_by_a_look(con: duckdb.DuckDBPyConnection, caller_id: str) -> dict[str, Any]:
    """What somebody saw who looked at a caller of the published list: the payload of look_acknowledged."""
    found = store.rows(con.execute(_LOOK, {"caller_id": caller_id}))
    seen: dict[str, Any] = {"urgent_stops_seen": int(found[0].get("urgent_stops") or 0)} if found else {}
    if found and found[0].get("stop_ids") is not None:  # not in older copies
        seen["stops_seen"] = list(found[0]["stop_ids"])
    return {"spells": spells_of(con, caller_id), **seen}


_LOOK = "select * from look_list where caller_id = $caller_id"
