"""What the review room's events are checked for, and completed with, before they are recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from misuse.casebook import spells
from misuse.casebook.casefile import JUDGEMENTS
from misuse.casebook.events import Draft, Event, read
from misuse.casebook.holders import taken
from misuse.errors import InputError, Refused, UsageError

if TYPE_CHECKING:
    import sqlalchemy as sa

Check = Callable[["sa.Connection", Draft], dict[str, Any]]

BID_OUTCOMES = ("granted", "part", "refused")
TASKING_ANSWERS = ("accepted", "refused", "done", "debriefed")
REFERRAL_ANSWERS = ("known", "plan_exists", "hold_tasking")
ACTION_STATES = ("open", "done", "dropped")
REPRESENTATION_OUTCOMES = ("upheld", "part_upheld", "not_upheld")
LESSON_KINDS = ("worked", "did_not_work", "process", "safeguarding")


def _numbered(kind: str, key: str, letter: str) -> Check:
    """Gives the next number of its kind."""

    def check(con: sa.Connection, draft: Draft) -> dict[str, Any]:
        return {**draft.payload, key: f"{letter}{len(read(con, kind, with_put_away=True)) + 1}"}

    return check


def _one_of(key: str, choices: Collection[str], names: tuple[str, str] | None = None) -> Check:
    """Takes one of a list; `names`, a kind and a key: it speaks of one that is there."""

    def check(con: sa.Connection, draft: Draft) -> dict[str, Any]:
        if draft.payload.get(key) not in choices:
            raise UsageError(f"the {key} is one of: {', '.join(choices)}", next_step="give one of them")
        if names:
            named(con, *names, str(draft.payload.get(names[1])))
        return dict(draft.payload)

    return check


def _once(kind: str, key: str, what: str, next_step: str, check: Check | None = None) -> Check:
    """Takes the first that is recorded of each: a page that was opened before it writes nothing over it."""

    def first(con: sa.Connection, draft: Draft) -> dict[str, Any]:
        payload = check(con, draft) if check else dict(draft.payload)
        given = [event for event in read(con, kind) if event.data.get(key) == payload.get(key)]
        if given:
            raise Refused(f"{payload[key]} has its {what} already, by {given[0].actor}", next_step=next_step)
        return payload

    return first


def named(con: sa.Connection, kind: str, key: str, value: str) -> Event:
    """The event of a kind that goes by a number. Errors: InputError where there is none."""
    found = [event for event in read(con, kind) if event.data.get(key) == value]
    if not found:
        raise InputError(f"there is no {value or 'such number'}", next_step="look at the list of them")
    return found[0]


def _calls(_: sa.Connection, draft: Draft) -> dict[str, Any]:
    calls = sorted({str(key) for key in draft.payload.get("calls") or ()})
    if not calls:
        raise UsageError("no call was opened", next_step="name at least one call of the case")
    return {**draft.payload, "calls": calls}


def _judged_link(con: sa.Connection, draft: Draft) -> dict[str, Any]:
    pair = sorted((str(draft.payload.get("spell_a")), str(draft.payload.get("spell_b"))))
    if draft.payload.get("decision") not in spells.DECISIONS_ON_LINKS or not all(map(spells.is_spell, pair)):
        raise UsageError("a judgement is of two numbers' holders: same or not_same", next_step="name two spells")
    others = {event.actor for event in link_judgements(con).get((pair[0], pair[1]), ())}
    if len(others - {draft.actor.name}) > 1 or (draft.actor.name in others and len(others) > 1):
        raise Refused("both have judged that link", next_step="a third person settles it where they differ")
    return {**draft.payload, "spell_a": pair[0], "spell_b": pair[1]}


CHECKS: Mapping[str, Check] = {
    "calls_opened": _calls,
    "call_judged": _one_of("verdict", JUDGEMENTS),
    "link_judged": _judged_link,
    "action_set": _numbered("action_set", "action_id", "A"),
    "action_updated": _one_of("state", ACTION_STATES, ("action_set", "action_id")),
    "bid_made": _numbered("bid_made", "bid_id", "B"),
    "bid_decided": _once(
        "bid_decided", "bid_id", "outcome", "it stands; the borough may bid again",
        _one_of("outcome", BID_OUTCOMES, ("bid_made", "bid_id")),
    ),
    "tasked": _numbered("tasked", "tasking_id", "T"),
    "tasking_answered": _one_of("answer", TASKING_ANSWERS, ("tasked", "tasking_id")),
    "referred": _numbered("referred", "referral_id", "R"),
    "referral_answered": _once(
        "referral_answered", "referral_id", "answer",
        "it stands; a stop halts the case at once, and another answer takes another referral",
        _one_of("answer", REFERRAL_ANSWERS, ("referred", "referral_id")),
    ),
    "lesson_added": _one_of("about", LESSON_KINDS),
    "represented": _numbered("represented", "representation_id", "P"),
    "representation_answered": _once(
        "representation_answered", "representation_id", "answer",
        "it stands; take in a further representation, and answer that",
        _one_of("outcome", REPRESENTATION_OUTCOMES, ("represented", "representation_id")),
    ),
    "meeting_opened": _once(
        "meeting_opened", "cycle", "chair and attendees", "they stand; a debrief tells who came or left later"
    ),
}  # fmt: skip


def link_judgements(con: sa.Connection) -> dict[tuple[str, str], list[Event]]:
    """Judgements by the pair of spells, in order, of those who surely are still the ones judged."""
    holders = taken(con)
    found: dict[tuple[str, str], list[Event]] = {}
    for event in read(con, "link_judged"):
        sides = [holders.sure_of(event, [event.data[side]]) for side in ("spell_a", "spell_b")]
        if all(sides):
            one, other = sorted(side[0] for side in sides)
            found.setdefault((one, other), []).append(event)
    return found


def hidden_judgements(con: sa.Connection, reader: str) -> set[int]:
    """Judgements of links that another made and that wait for a second: nobody is told them before both are in.

    Those that are nobody's pair any more wait for ever.
    """
    both_in = {
        event.event_id
        for judged in link_judgements(con).values()
        if len({event.actor for event in judged}) > 1
        for event in judged
    }
    return {
        event.event_id for event in read(con, "link_judged") if event.actor != reader and event.event_id not in both_in
    }
