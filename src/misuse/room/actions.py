"""What a meeting leaves behind: the action table, debriefs, the lessons register, boroughs' bids."""

from __future__ import annotations

from datetime import date
from typing import Any

from misuse import advice, review
from misuse.casebook import Casebook, Event
from misuse.errors import InputError, Refused
from misuse.room import cases, told
from misuse.room.desk import Desk


def frozen_list(book: Casebook, cycle_id: str) -> Event:
    """The event of a frozen list. Errors: InputError for no such cycle."""
    found = book.frozen_lists().get(cycle_id)
    if found is None:
        raise InputError(f"there is no cycle {cycle_id}", next_step="freeze the list for a meeting first")
    return found


def still_open(book: Casebook, cycle_id: str) -> Event:
    """The same, of a meeting whose minutes nobody signed. Errors: Refused where somebody did: what is signed stands."""
    frozen = frozen_list(book, cycle_id)
    if any(event.data["cycle"] == cycle_id for event in book.entries("minutes_signed")):
        raise Refused(
            f"the minutes of {cycle_id} are signed", next_step="take it to the case itself, or to the next meeting"
        )
    return frozen


def actions(desk: Desk, *, mine: bool = False, overdue: bool = False) -> list[dict[str, Any]]:
    """The action table: action_id, cycle, case_ref, action, lead, deadline, milestone, target, state, told, is_overdue."""
    desk.permit("read_lists", "actions")
    with desk.book() as book:
        found = action_rows(book, desk.today)
    return [row for row in found if (not mine or row["lead"] == desk.actor) and (not overdue or row["is_overdue"])]


def action_rows(book: Casebook, today: date) -> list[dict[str, Any]]:
    """The same, of an open casebook."""
    updates = {event.data["action_id"]: event.data for event in book.entries("action_updated")}
    found = []
    for event in book.entries("action_set"):
        data, now = event.data, updates.get(event.data["action_id"], {})
        state = now.get("state", "open")
        deadline = date.fromisoformat(str(data["deadline"]))
        found.append(
            {
                **{name: data[name] for name in ("action_id", "cycle", "action", "lead", "milestone", "target")},
                "case_ref": event.case_ref,
                "deadline": deadline,
                "state": state,
                "told": now.get("told"),
                "is_overdue": state == "open" and deadline < today,
            }
        )
    return found


def set_action(
    desk: Desk, cycle_id: str, case_ref: str | None, action: str, lead: str, deadline: str, milestone: str, target: str
) -> str:
    """Add a row to the action table: lead, deadline, milestone, target; its number.

    Errors: UsageError for a deadline that is no coming day, or words that give leave not to answer; Refused where the minutes are signed.
    """
    review.coming(deadline, desk.today, "deadline")
    for what, words in (("action", action), ("milestone", milestone), ("target", target)):
        advice.refuse_leave(what, words)
    with desk.book() as book:
        still_open(book, cycle_id)
    payload = {
        "cycle": cycle_id,
        "action": action,
        "lead": lead,
        "deadline": deadline,
        "milestone": milestone,
        "target": target,
    }
    reference = cases.reference_of(desk, case_ref) if case_ref else None
    return str(desk.record("action_set", payload, case_ref=reference).data["action_id"])


def update_action(desk: Desk, action_id: str, state: str, text: str) -> None:
    """Say how an action stands: open, done or dropped."""
    desk.record("action_updated", {"action_id": action_id, "state": state, "told": text})


def debrief(desk: Desk, cycle_id: str, case_ref: str | None, text: str) -> None:
    """Tell the meeting what was done and what came of it."""
    with desk.book() as book:
        still_open(book, cycle_id)
    reference = cases.reference_of(desk, case_ref) if case_ref else None
    desk.record("debriefed", {"cycle": cycle_id, "told": text}, case_ref=reference)


def lessons(desk: Desk) -> list[dict[str, Any]]:
    """The lessons register, newest first: event_id, at, by, about, told, case_ref."""
    desk.permit("read_process", "lessons")
    with desk.book() as book:
        return [told.lesson(event) for event in book.entries("lesson_added")][::-1]


def add_lesson(desk: Desk, text: str, about: str, case_ref: str | None = None) -> None:
    """Add a lesson, which boroughs read: it worked, did_not_work, or is about process or safeguarding.

    Errors: UsageError for words that give leave not to answer.
    """
    advice.refuse_leave("lesson", text)
    reference = cases.reference_of(desk, case_ref) if case_ref else None
    desk.record("lesson_added", {"told": text, "about": about}, case_ref=reference)


def bids(desk: Desk) -> list[dict[str, Any]]:
    """Bids, newest first: bid_id, borough, resource, reason, case_ref, at, by, outcome, outcome_reason. A borough sees its own."""
    who = desk.permit("bid", "bids") if not desk.may("read_lists") else None
    with desk.book() as book:
        own = book.borough_of(desk.actor) if who and who.role == "borough" else None
        found = bid_rows(book)
    return [row for row in found if own is None or row["borough"].casefold() == own.casefold()][::-1]


def bid_rows(book: Casebook) -> list[dict[str, Any]]:
    """The same, of an open casebook."""
    decided = {event.data["bid_id"]: event for event in book.entries("bid_decided")}
    return [
        {
            **{name: event.data[name] for name in ("bid_id", "borough", "resource", "reason")},
            "case_ref": event.case_ref,
            "at": event.at,
            "by": event.actor,
            "outcome": _outcome(decided.get(event.data["bid_id"]), "outcome"),
            "outcome_reason": _outcome(decided.get(event.data["bid_id"]), "reason"),
        }
        for event in book.entries("bid_made")
    ]


def _same(one: str, other: str | None) -> bool:
    return one.casefold().strip() == (other or "").casefold().strip()


def _outcome(event: Event | None, name: str) -> Any:
    return event.data[name] if event else None


def bid(desk: Desk, borough: str, resource: str, reason: str, case_ref: str | None = None) -> str:
    """Bid for a resource; its number. A borough's user bids for the borough alone."""
    who = desk.permit("bid", "bid")
    with desk.book() as book:
        own = book.borough_of(desk.actor)
        asked = {event.case_ref for event in book.entries("tasked") if _same(event.data["borough"], own)}
    if who.role == "borough" and not _same(borough, own):
        raise Refused("a borough bids for itself", next_step=f"bid as {own}")
    if case_ref and who.role == "borough" and case_ref.strip().upper() not in asked:
        raise InputError(
            "the borough has no tasking on such a case", next_step="leave the case out, or see your taskings"
        )
    case_ref = cases.reference_of(desk, case_ref) if case_ref else None
    payload = {"borough": borough, "resource": resource, "reason": reason}
    return str(desk.record("bid_made", payload, case_ref=case_ref).data["bid_id"])


def decide_bid(desk: Desk, bid_id: str, outcome: str, reason: str) -> None:
    """Give a borough the outcome of its bid, once, with the reason: granted, part or refused.

    Errors: UsageError for a reason that gives leave not to answer; Refused where it has its outcome.
    """
    advice.refuse_leave("reason", reason)
    desk.record("bid_decided", {"bid_id": bid_id, "outcome": outcome, "reason": reason})
