"""Lists frozen for a meeting, the cases that they open, and the moves of a case: what is checked as each commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse import review
from misuse.casebook import spells, state
from misuse.casebook.events import Actor, Event, read
from misuse.errors import InputError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from misuse.casebook.recording import Pen


@dataclass(frozen=True)
class Wanted:
    """A move as somebody asks for it.

    `bars` are what is published of the caller's enforcement bars; `seen_as` the spells as whom the case was looked at.
    """

    case_ref: str
    move: str
    given: Mapping[str, Any]
    run_id: str
    bars: Sequence[str] = ()
    seen_as: Sequence[str] = ()


def move(pen: Pen, who: Actor, at: datetime, wanted: Wanted) -> Event:
    """Make a move on the case as it stands at this moment; see `Casebook.move_case`."""
    case = state.cases(pen.con).get(wanted.case_ref)
    if case is None:
        raise InputError("no such case is open", next_step="cases open when a list is frozen for a meeting")
    legal = review.check(case["status"], wanted.move, who.role, wanted.given)
    stands = ("hard_stop",) if state.is_stopped(case["spells"], state.live_stops(pen.con)) else ()
    review.check_bars(wanted.move, wanted.given, (*stands, *wanted.bars))
    payload = {**wanted.given, "move": wanted.move, "from": case["status"], "to": legal.to}
    if wanted.seen_as:
        payload["spells"] = sorted(wanted.seen_as)
    return pen.add("case_moved", who, at, payload, case["caller_id"], wanted.case_ref, wanted.run_id)


def freeze(pen: Pen, who: Actor, at: datetime, payload: Mapping[str, Any], run_id: str | None) -> Event:
    """Record the list with its whole eligible pool, then open the cases that the meeting is to decide on.

    Whoever was stopped since the list was made is neither eligible nor a case, and is named apart; `digest` stays
    that of the list as published. A row may name its `case_ref`; without one a case goes with the caller who holds
    most of its spells, so that it is not opened twice because callers merged.
    """
    earlier = [event for event in read(pen.con, "list_frozen") if event.run_id == run_id]
    if earlier:
        return earlier[0]
    frozen = pen.add("list_frozen", who, at, _less_stopped(pen.con, payload), run_id=run_id)
    rows = frozen.data["eligible"]
    found = state.cases(pen.con)
    held = {caller: reference for reference, caller in sorted(state.case_holders(found, rows).items())}
    for row in rows:
        caller = row["caller_id"]
        reference = row.get("case_ref") or held.get(caller) or state.case_reference(caller)
        if row["part"] < 4 and reference not in found:
            opening_payload = {"to": "listed", "spells": row["spells"]}
            pen.add("case_opened", who, at, opening_payload, caller, reference, run_id)
    return frozen


def _less_stopped(con: sa.Connection, payload: Mapping[str, Any]) -> dict[str, Any]:
    """A list's payload with everybody's spells, without whom a stop bars: their ids go under `stopped`."""
    if payload.get("eligible") is None:
        return dict(payload)  # refused when it is added
    sets, stops = spells.caller_sets(con), state.live_stops(con)
    known = {caller: list(members) for caller, (members, _) in sets.items()}
    listed = [
        {**row, "spells": row.get("spells") or known.get(row["caller_id"]) or state.row_spells(row)}
        for row in payload["eligible"]
    ]
    barred = {row["caller_id"] for row in listed if state.is_stopped(row["spells"], stops)}
    barred |= {row["caller_id"] for row in listed}.intersection(payload.get("stopped") or ())
    kept = [row for row in listed if row["caller_id"] not in barred]
    return {**payload, "eligible": kept, "stopped": sorted(barred)}
