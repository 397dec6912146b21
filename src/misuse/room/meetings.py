"""The tasking cycle: terms of reference, the frozen list, prepared cases, the meeting, its minutes and what came of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from misuse import advice, models, pipeline, published_callers, review, store
from misuse.casebook import Casebook, Event
from misuse.casebook.state import case_reference
from misuse.errors import InputError, Refused, UsageError
from misuse.room import cases, told
from misuse.room.actions import action_rows, bid_rows, frozen_list, still_open
from misuse.room.desk import Desk

if TYPE_CHECKING:
    import duckdb

STANDING_ITEMS = (
    ("debrief", "Debrief: what was done since the last meeting, and what came of it"),
    ("looks", "Look list: whom somebody has to look at whatever the counts say"),
    ("results", "Results of the last meetings' decisions"),
    ("approvals", "Enforcement that waits for approval"),
    ("decisions", "Cases for decision"),
    ("bids", "Bids from boroughs"),
    ("profile", "Problem profile across boroughs"),
    ("actions", "Actions open or overdue"),
    ("lessons", "Lessons learnt"),
)

# ── terms of reference ─────────────────────────────────────────────────────────────────────────


def terms(desk: Desk) -> dict[str, Any] | None:
    """The terms of reference in force: purpose, scope, commissioner, cadence_days, agenda_items, at, by; None before any."""
    desk.permit("read_process", "terms")
    with desk.book() as book:
        events = book.entries("terms_set")
    return {**events[-1].data, "at": events[-1].at, "by": events[-1].actor} if events else None


def set_terms(
    desk: Desk, purpose: str, scope: str, commissioner: str, cadence_days: int, agenda_items: Sequence[str] = ()
) -> None:
    """Agree terms of reference with whoever commissions the group."""
    if cadence_days < 1:
        raise UsageError("the cadence is a number of days, at least one", next_step="give 14 for every fortnight")
    payload = {
        "purpose": purpose,
        "scope": scope,
        "commissioner": commissioner,
        "cadence_days": cadence_days,
        "agenda_items": [item for item in agenda_items if item.strip()],
    }
    desk.record("terms_set", payload)


# ── cycles ─────────────────────────────────────────────────────────────────────────────────────


def freeze(desk: Desk) -> dict[str, Any]:
    """Freeze the published list for the meeting. Keys: cycle, run_id, as_of, digest. Frozen again, it is the same."""
    desk.permit("freeze_list", "freeze")
    run_id = pipeline.freeze_list(desk.settings, desk.now, desk.actor)
    return next(row for row in _cycles(desk) if row["run_id"] == run_id)


def cycles(desk: Desk) -> list[dict[str, Any]]:
    """Every frozen list, newest first.

    Keys: cycle (C1 …), run_id, as_of, frozen_at, by, digest, eligible, taken_out (who was put away since), stopped, is_minuted.
    """
    desk.permit("read_lists", "cycles")
    return _cycles(desk)[::-1]


def _cycles(desk: Desk) -> list[dict[str, Any]]:
    with desk.book() as book:
        frozen = book.frozen_lists()
        signed = {event.data["cycle"] for event in book.entries("minutes_signed")}
    return [
        {
            "cycle": name,
            "run_id": event.run_id,
            "as_of": date.fromisoformat(str(event.data["as_of"])),
            "frozen_at": event.at,
            "by": event.data.get("frozen_by") or event.actor,
            "digest": event.data["digest"],
            "eligible": len(event.data["eligible"]),
            "taken_out": int(event.data.get("redacted") or 0),
            "stopped": len(event.data.get("stopped") or ()),
            "is_minuted": name in signed,
            "head": event.digest,
        }
        for name, event in frozen.items()
    ]


def cycle(desk: Desk, cycle_id: str) -> dict[str, Any]:
    """A cycle whole: the row of `cycles`, and rows, meeting, decisions, actions, debriefs, agenda, bids, minutes.

    rows: the whole eligible pool as frozen (rank, part, caller_id, case_ref), with is_stopped_since (a stop of a person or
    a rule since it was frozen takes the caller out wherever the list is shown, and so does a case that one halted), status,
    prepared, decision, why_not_taken.
    """
    desk.permit("read_lists", "cycle")
    with desk.book() as book:
        return read_cycle(desk, book, cycle_id)


def read_cycle(desk: Desk, book: Casebook, cycle_id: str) -> dict[str, Any]:
    """The same, of an open casebook."""
    frozen = frozen_list(book, cycle_id)
    known = book.cases()
    events = [event for event in book.entries(*_CYCLE_KINDS) if _is_of(event, cycle_id)]
    decided = [_decision(event) for event in events if event.kind == "case_moved"]
    signed = [event for event in events if event.kind == "minutes_signed"]
    meeting = [event for event in events if event.kind == "meeting_opened"]
    stopped = {spell for stop in book.live_stops() for spell in (*stop.spells, *stop.kept)}
    eligible = frozen.data["eligible"]
    with desk.published() as con:
        reached = set(published_callers.stopped(con, book.live_stops()))
        stopped |= _barred(con, [spell for row in eligible for spell in row.get("spells") or ()])
    head = next(row for row in _cycles(desk) if row["cycle"] == cycle_id)
    rows = [_row(row, known, events, decided, stopped, reached) for row in eligible]
    return {
        **head,
        "rows": rows,
        "stopped_when_frozen": list(frozen.data.get("stopped") or ()),
        "meeting": {**meeting[-1].data, "at": meeting[-1].at, "by": meeting[-1].actor} if meeting else None,
        "decisions": decided,
        "actions": [row for row in action_rows(book, desk.today) if row["cycle"] == cycle_id],
        "debriefs": [_debrief(event) for event in events if event.kind == "debriefed"],
        "bids": _bids(book, signed[-1] if signed else None),
        "agenda": _agenda(desk, book, rows),
        "minutes": {**signed[-1].data, "at": signed[-1].at, "by": signed[-1].actor, "head": signed[-1].digest}
        if signed
        else None,
        "is_redacted": bool(frozen.data.get("redacted")),
    }


def _barred(con: duckdb.DuckDBPyConnection, spells: Sequence[str]) -> set[str]:
    """Those of the spells on whom a rule has a hard stop now, or that are a line of many people: none was when it was frozen."""
    if not spells or not store.holds(con, "caller_spells"):
        return set()
    return {str(spell) for (spell,) in models.select(con, "room/barred_spells", {"spells": list(spells)}).fetchall()}


def _bids(book: Casebook, signed: Event | None) -> list[dict[str, Any]]:
    """The boroughs' bids; of a meeting whose minutes are signed, as they stood then."""
    if signed is None:
        return bid_rows(book)
    decided = {event.data["bid_id"] for event in book.entries("bid_decided") if event.event_id < signed.event_id}
    made = [row for row in bid_rows(book) if row["at"] <= signed.at]
    return [row if row["bid_id"] in decided else {**row, "outcome": None, "outcome_reason": None} for row in made]


_CYCLE_KINDS = ("case_prepared", "case_left", "case_moved", "meeting_opened", "debriefed", "minutes_signed")


def _is_of(event: Event, cycle_id: str) -> bool:
    data = event.data
    return (data.get("meeting") if event.kind == "case_moved" else data.get("cycle")) == cycle_id


def _row(
    row: Mapping[str, Any],
    known: Mapping[str, Mapping[str, Any]],
    events: Sequence[Event],
    decided: Sequence[Mapping[str, Any]],
    stopped: set[str],
    reached: set[str],
) -> dict[str, Any]:
    reference = row.get("case_ref") or case_reference(row["caller_id"])
    case = known.get(reference)
    mine = [event for event in events if event.case_ref == reference]
    prepared = [event for event in mine if event.kind == "case_prepared"]
    left = [event for event in mine if event.kind == "case_left"]
    taken = [one for one in decided if one["case_ref"] == reference]
    why = left[-1].data["reason"] if left else "beyond the meeting's capacity" if row["part"] == 4 else None
    return {
        **{name: row.get(name) for name in ("rank", "part", "caller_id")},
        "case_ref": reference,
        "status": case["status"] if case else None,
        "is_stopped_since": row["caller_id"] in reached
        or bool(stopped.intersection(row.get("spells") or ()))
        or bool(case and case["status"] == "halted"),
        "prepared": {
            **prepared[-1].data,
            "by": prepared[-1].actor,
            "at": prepared[-1].at,
            "event_id": prepared[-1].event_id,
        }
        if prepared
        else None,
        "decision": taken[-1] if taken else None,
        "why_not_taken": None if taken else why,
    }


def _decision(event: Event) -> dict[str, Any]:
    line = told.event_line(event)
    data = event.data
    return {
        "event_id": event.event_id,
        "case_ref": event.case_ref,
        "move": data["move"],
        "to": data["to"],
        "lane": data.get("lane"),
        **{name: data.get(name) for name in ("option", "owner", "review_date", "outcome", "activity")},
        "reason": data["reason"],
        "dissent": data.get("dissent"),
        "by": event.actor,
        "role": event.actor_role,
        "at": event.at,
        "told": line["told"],
    }


def _debrief(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.event_id,
        "case_ref": event.case_ref,
        "told": event.data["told"],
        "by": event.actor,
        "at": event.at,
    }


def _agenda(desk: Desk, book: Casebook, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Standing items, the debrief first, then what the terms of reference add."""
    found = cases.case_rows(book, desk.today)
    count = {
        "approvals": sum(1 for row in found if row["pending"]),
        "decisions": sum(
            1 for row in rows if row["part"] < 4 and not row["is_stopped_since"] and row["decision"] is None
        ),
        "bids": sum(1 for row in bid_rows(book) if row["outcome"] is None),
        "actions": sum(1 for row in action_rows(book, desk.today) if row["state"] == "open"),
    }
    agreed = book.entries("terms_set")
    extra = agreed[-1].data.get("agenda_items") or [] if agreed else []
    items = [
        {"item": item, "told": words, "is_standing": True, "count": count.get(item)} for item, words in STANDING_ITEMS
    ]
    return items + [{"item": "other", "told": words, "is_standing": False, "count": None} for words in extra]


# ── before and in the meeting ──────────────────────────────────────────────────────────────────


def prepare(desk: Desk, cycle_id: str, ref: str, move: str, given: Mapping[str, Any]) -> None:
    """Put down beforehand what will be asked of the meeting; whoever prepares has opened the calls.

    What can be known before is asked for now, not first in the meeting: that days are real and coming, that lane and option
    fit the move, that the option's preconditions are recorded as met.

    Errors: Refused where the user has not opened them, or the case has no such move; UsageError for what does not fit it.
    """
    reference = cases.reference_of(desk, ref)
    with desk.book() as book:
        still_open(book, cycle_id)
        case, file = book.cases()[reference], book.casefile(reference)
    if move not in review.legal_moves(case["status"]):
        raise Refused(f"the case has no move '{move}' now", next_step="see the moves of the case")
    if desk.actor not in file.opened:
        raise Refused("whoever prepares a case opens its calls first", next_step=f"open the calls of {reference}")
    kept = {key: value for key, value in given.items() if value}
    for name in cases.SAID:
        advice.refuse_leave(name.replace("_", " "), str(kept.get(name) or ""), is_account=True)
    review.check_given(case["status"], move, kept)
    review.check_days(move, kept, desk.today)
    cases.check_option(desk, move, kept, file)
    desk.record("case_prepared", {"cycle": cycle_id, "move": move, "given": kept}, case_ref=reference)


def open_meeting(desk: Desk, cycle_id: str, chair: str, attendees: Sequence[str]) -> None:
    """Record who sits: chair and attendees, once.

    Errors: UsageError for a chair who is no user that may hold a meeting; Refused where it is open already.
    """
    present = [name.strip() for name in attendees if name.strip()]
    if not present:
        raise UsageError("a meeting has attendees", next_step="name them")
    desk.permit("hold_meeting", "meeting_opened")
    with desk.book() as book:
        still_open(book, cycle_id)
        if not review.may_do("hold_meeting", book.role_of(chair.strip())):
            raise UsageError(
                "nobody of that user name may take the chair", next_step="name a chair, an authoriser or a reviewer"
            )
    desk.record("meeting_opened", {"cycle": cycle_id, "chair": chair.strip(), "attendees": present})


def decide(
    desk: Desk, cycle_id: str, ref: str, *, dissent: str = "", prepared_as: int | None = None, **changes: Any
) -> dict[str, Any]:
    """Decide a case as it was prepared, with what the meeting changed (`move` too). Keys as `cases.move`.

    `prepared_as` is the event of the preparation that was looked at: one prepared anew meanwhile is not decided.

    Errors: Refused before the meeting is opened, or for whatever bars the move; InputError for a case not prepared.
    """
    reference = cases.reference_of(desk, ref)
    with desk.book() as book:
        held = read_cycle(desk, book, cycle_id)
        still_open(book, cycle_id)
    if held["meeting"] is None:
        raise Refused("the meeting is not open", next_step="open it with its chair and attendees")
    row = next((row for row in held["rows"] if row["case_ref"] == reference), None)
    if row is None or row["prepared"] is None:
        raise InputError("that case was not prepared for the meeting", next_step="open its calls, then prepare it")
    prepared = row["prepared"]
    if prepared_as not in (None, prepared["event_id"]):
        raise Refused("the case was prepared anew since you looked", next_step="look at what is asked now, then decide")
    with desk.book() as book:
        moved = book.entries("case_moved", case_ref=reference)
    if moved and moved[-1].event_id > prepared["event_id"]:
        raise Refused(
            "the case was moved since it was prepared", next_step="look at it as it stands now, and prepare it anew"
        )
    wanted = {**prepared["given"], **changes, "meeting": cycle_id, "dissent": dissent, "prepared_by": prepared["by"]}
    move = str(wanted.pop("move", prepared["move"]))
    return cases.move(desk, reference, move, wanted)


def leave(desk: Desk, cycle_id: str, ref: str, reason: str) -> None:
    """Record why an eligible case is not taken this time. Errors: Refused where the meeting decided it."""
    reference = cases.reference_of(desk, ref)
    with desk.book() as book:
        frozen = still_open(book, cycle_id)
    caller = f"c{reference[2:].lower()}"
    if not any(
        row.get("case_ref") == reference or row["caller_id"].startswith(caller) for row in frozen.data["eligible"]
    ):
        raise InputError("that case is not among the meeting's", next_step="see the frozen list")
    with desk.book() as book:
        decided = [event for event in book.entries("case_moved", case_ref=reference) if _is_of(event, cycle_id)]
    if decided:
        raise Refused("the meeting decided that case", next_step="take it back as a move of the case itself")
    advice.refuse_leave("reason", reason, is_account=True)
    desk.record("case_left", {"cycle": cycle_id, "reason": reason}, case_ref=reference)


def minutes(desk: Desk, cycle_id: str) -> dict[str, Any]:
    """The minutes: the cycle, head (of the casebook as they were signed, or now), terms, and digest of what they say.

    Further key: is_as_signed (None before they are signed). How an action went since, or a case, is not part of what is
    signed. Whoever was stopped since is named as such: a stop overlays minutes too.
    """
    desk.permit("read_lists", "minutes")
    with desk.book() as book:
        held = read_cycle(desk, book, cycle_id)
        signed = held["minutes"]
        held["head"] = signed["head"] if signed else book.head()
    held["terms"] = terms(desk)
    held["minutes_digest"] = _digest(held)
    held["is_as_signed"] = held["minutes_digest"] == signed["digest"] if signed else None
    return held


NOT_AS_SIGNED = {
    True: "What stands here is not what was signed: somebody was put away since, with a certificate.",
    False: "What stands here is not what was signed. Compare it with the paper, and tell the auditor.",
}


def not_reached(held: Mapping[str, Any]) -> list[str]:
    """Cases of the meeting's parts that nobody decided, left or stopped."""
    waiting = [row for row in held["rows"] if row["part"] < 4 and not row["decision"] and not row["why_not_taken"]]
    return [str(row["case_ref"]) for row in waiting if not row["is_stopped_since"]]


_SAID = {
    "decisions": (
        "event_id", "case_ref", "move", "to", "lane", "option", "owner", "review_date", "reason", "dissent", "by", "role", "at",
    ),
    "actions": ("action_id", "case_ref", "action", "lead", "deadline", "milestone", "target"),
    "debriefs": ("event_id", "case_ref", "told", "by", "at"),
    "rows": ("rank", "part", "caller_id", "case_ref", "prepared", "why_not_taken"),
}  # fmt: skip


def _digest(held: Mapping[str, Any]) -> str:
    """A digest of what the minutes say, the same whenever it is taken."""
    said: dict[str, Any] = {name: held[name] for name in ("cycle", "digest", "meeting")}
    said |= {part: [{name: row[name] for name in names} for row in held[part]] for part, names in _SAID.items()}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def sign_minutes(desk: Desk, cycle_id: str) -> dict[str, Any]:
    """Sign the minutes: no further decision is of that meeting. Keys: digest, head (anchored outside the casebook).

    Errors: Refused where they are signed, or the meeting was never opened.
    """
    held = minutes(desk, cycle_id)
    if held["meeting"] is None:
        raise Refused("the meeting was not opened, so there is nothing to sign", next_step="open it")
    with desk.book() as book:
        still_open(book, cycle_id)
    desk.record("minutes_signed", {"cycle": cycle_id, "digest": held["minutes_digest"]})
    with desk.book() as book:
        head = book.anchor(f"minutes of {cycle_id}", desk.now, held["run_id"])
    return {"digest": held["minutes_digest"], "head": head}
