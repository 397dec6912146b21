"""What the room tells, made from what it knows: rows of cases, offered moves, options, history. Pure but for its types."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from misuse import review
from misuse.casebook import Event
from misuse.casebook.casefile import JUDGEMENTS, Casefile
from misuse.rules.kinds import Option

NOT_HISTORY = frozenset(
    {"case_read", "note_added", "health_note_added", "health_notes_read", "evidence_read", "casebook_read"}
)
# What reads as a sentence beside the kind; the rest of a payload is in the audit.
_TOLD = (
    "reason", "finding", "outcome", "activity", "lane", "option", "owner", "review_date", "until", "ground", "answer",
    "ask", "borough", "deadline", "told", "verdict", "need", "how", "dissent", "why_not_support", "action", "lead",
)  # fmt: skip
_LABELS = {
    "lane": "Lane", "option": "Option", "owner": "Who owns the action", "review_date": "Looked at again on",
    "reason": "Reason", "finding": "Finding, the calls opened", "outcome": "What became of it",
    "activity": "What was done", "until": "Last day", "ground": "Ground",
}  # fmt: skip
_KINDS = {
    "review_date": "date", "until": "date", "lane": "choice", "option": "choice", "outcome": "choice",
    "activity": "choice", "ground": "choice",
}  # fmt: skip


def case_row(
    reference: str, case: Mapping[str, Any], file: Casefile, today: date, stopped: Collection[str]
) -> dict[str, Any]:
    """One case in a list of them."""
    due = date.fromisoformat(str(case["review_date"])) if case["review_date"] else None
    is_open = case["status"] in review.OPEN_STATES
    return {
        "case_ref": reference,
        "caller_id": case["caller_id"],
        "status": case["status"],
        "lane": case["lane"],
        "option": case.get("option"),
        "owner": case["owner"],
        "borough": case.get("borough"),
        "review_date": due,
        "outcome": case.get("outcome"),
        "activity": case.get("activity"),
        "opened_at": case["opened_at"],
        "last_moved_at": case["last_moved_at"],
        "moves": case["moves"],
        "is_stopped": bool(set(stopped).intersection(case["spells"])),
        "is_overdue": is_open and due is not None and due < today,
        "must_reconcile": bool(file.reports),
        "pending": pending(file),
    }


def pending(file: Casefile) -> dict[str, Any] | None:
    """What waits for approval: event_id, proposed_by, proposed_at, option, reason, calls."""
    if file.proposal is None:
        return None
    data = file.proposal.data
    return {
        "event_id": file.proposal.event_id,
        "proposed_by": file.proposal.actor,
        "proposed_at": file.proposal.at,
        "option": data.get("option"),
        "reason": data["reason"],
        "calls": list(data.get("calls") or ()),
    }


def judged_sums(file: Casefile) -> dict[str, int]:
    """How many calls were judged what."""
    verdicts = [judgement.verdict for judgement in file.judged.values()]
    return {name: verdicts.count(name) for name in JUDGEMENTS}


def event_line(event: Event) -> dict[str, Any]:
    """One line of a case's history: event_id, at, by, role, kind, move, told, before, after."""
    data = event.data
    said = [
        f"{name.replace('_', ' ')}: {words_of(name, data[name])}"
        for name in _TOLD
        if data.get(name) not in (None, "", [])
    ]
    if event.kind == "case_prepared":
        said.insert(0, f"for {data['cycle']}: {data['move'].replace('_', ' ')}")
    return {
        "event_id": event.event_id,
        "at": event.at,
        "by": event.actor,
        "role": event.actor_role,
        "kind": event.kind,
        "move": data.get("move") if event.kind == "case_moved" else None,
        "told": "; ".join(said),
        "has_evidence": bool(data.get("extract")),
        "before": json.loads(event.before) if event.before else None,
        "after": json.loads(event.after) if event.after else None,
    }


_NAMES = frozenset({"outcome", "activity", "lane", "option", "ground", "answer", "verdict"})


def words_of(name: str, value: Any) -> str:
    """A value as a reader has it: names of the program's in words, what people wrote as they wrote it."""
    return str(value).replace("_", " ") if name in _NAMES else str(value)


def note(event: Event) -> dict[str, Any]:
    """A note: event_id, at, by, role, note."""
    return {
        "event_id": event.event_id,
        "at": event.at,
        "by": event.actor,
        "role": event.actor_role,
        "note": event.data["note"],
    }


def lesson(event: Event) -> dict[str, Any]:
    """A lesson: event_id, at, by, about, told, case_ref."""
    data = event.data
    return {
        "event_id": event.event_id,
        "at": event.at,
        "by": event.actor,
        "about": data["about"],
        "told": data["told"],
        "case_ref": event.case_ref,
    }


def rates(found: Iterable[Mapping[str, Any]], callers: int) -> dict[str, Any]:
    """Calls per caller and 30 days before and since, genuine ones beside them; None where nothing was measured.

    Keys: days_before, days_since (days that were measured), per_30_before, per_30_since, genuine_per_30_before,
    genuine_per_30_since.
    """
    found = list(found)
    days = max((float(row["days_since"]) for row in found), default=0.0)
    earlier = max((float(row["days_before"]) for row in found), default=0.0)

    def mean(name: str, length: float) -> float | None:
        return round(sum(row[name] for row in found) / callers * 30 / length, 2) if callers and length >= 1 else None

    return {
        "days_before": round(earlier),
        "days_since": round(days),
        "per_30_before": mean("before", earlier),
        "per_30_since": mean("since", days),
        "genuine_per_30_before": mean("genuine_before", earlier),
        "genuine_per_30_since": mean("genuine_since", days),
    }


def option(one: Option, file: Casefile, day: date) -> dict[str, Any]:
    """An option with its preconditions, met or not."""
    needs = []
    for need in one.needs:
        event = file.met.get((one.id, need))
        needs.append(
            {
                "text": need,
                "is_met": event is not None,
                "how": event.data["how"] if event else None,
                "by": event.actor if event else None,
                "at": event.at if event else None,
            }
        )
    return {
        "id": one.id,
        "lane": one.lane,
        "title": one.title,
        "basis": one.review.source,
        "is_open": one.is_open(day),
        "valid_from": None if one.valid_from == date.min else one.valid_from,
        "valid_to": None if one.valid_to == date.max else one.valid_to,
        "needs": needs,
        "is_ready": one.is_open(day) and all(need["is_met"] for need in needs),
    }


def offered(
    status: str, move: str, role: str, actor: str, file: Casefile, standing: Sequence[str], known: Sequence[Option],
    day: date,
) -> dict[str, Any]:  # fmt: skip
    """A move as it is offered: what it needs, its fields, whether this person may make it now, and if not why."""
    legal = review.MOVES[status, move]
    why_not = _why_not(legal, move, role, actor, file, standing)
    wanted = [*legal.needs, *(["option"] if move == "act" else [])]
    return {
        "move": move,
        "to": legal.to,
        "label": legal.label,
        "needs": list(legal.needs),
        "fields": [field(name, move, True, known, day) for name in wanted],
        "may": why_not is None,
        "why_not": why_not,
    }


def _why_not(
    legal: review.Move, move: str, role: str, actor: str, file: Casefile, standing: Sequence[str]
) -> str | None:
    if role not in legal.roles:
        return f"it takes one of: {', '.join(sorted(legal.roles - {'pipeline'}))}"
    if legal.not_by and file.proposal and file.proposal.actor == actor:
        return "whoever proposed it does not approve it"
    if not review.may_pass(move, {}, standing):
        met = [bar for bar in standing if not review.may_pass(move, {}, [bar])]
        return "; ".join(review.BARS[bar].because if bar in review.BARS else bar for bar in met)
    own, others = bool(file.opened.get(actor)), any(file.opened.values())
    if legal.opened and not (own if legal.opened == "mover" else others):
        return "the calls were not opened yet"
    return None


def field(name: str, move: str, is_required: bool, known: Sequence[Option], day: date) -> dict[str, Any]:
    """A field of a form: name, label, kind (text, date, choice), choices [{value, text}], is_required."""
    choices: list[dict[str, str]] = []
    if name == "option":
        open_now = [
            one for one in known if one.is_open(day) and (one.lane == review.ENFORCEMENT) == (move == "propose")
        ]
        choices = [{"value": one.id, "text": one.title, "lane": one.lane} for one in open_now]
    elif name == "lane":
        choices = [{"value": lane, "text": lane} for lane in review.LANES if lane != review.ENFORCEMENT]
    elif name in review.CHOICES:
        held = review.CHOICES[name]
        choices = [{"value": key, "text": held[key] if isinstance(held, Mapping) else key} for key in held]
    return {
        "name": name,
        "label": _LABELS.get(name, name.replace("_", " ").capitalize()),
        "kind": _KINDS.get(name, "text"),
        "choices": choices,
        "is_required": is_required,
    }
