"""Calls of a case opened and judged, notes, and the evidence frozen with a decision."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from misuse.casebook.casefile import JUDGEMENTS
from misuse.errors import InputError, UsageError
from misuse.room import cases
from misuse.room.desk import Desk


def open_calls(desk: Desk, ref: str, call_keys: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Calls of the case, opened: which, and by whom, is recorded. Without keys, all that are coded misuse.

    Errors: InputError for a call that is not the case's.
    """
    reference = cases.reference_of(desk, ref)
    with desk.book() as book, desk.published() as con:
        calls = cases.calls_of(con, desk, cases.caller_of(con, book.cases()[reference]), book.casefile(reference))
    wanted = (
        set(call_keys) if call_keys is not None else {call["call_key"] for call in calls if call["is_coded_misuse"]}
    )
    found = [call for call in calls if call["call_key"] in wanted]
    if len(found) < len(wanted):
        raise InputError("the case has no such call in the published run", next_step="the case lists its calls")
    desk.record("calls_opened", {"calls": [call["call_key"] for call in found]}, case_ref=reference, run_id=desk.run_id)
    return found


def judge_call(desk: Desk, ref: str, call_key: str, verdict: str, note: str = "") -> None:
    """Confirm or refute that a call is misuse; it counts as opened by whoever judges it."""
    judge_calls(desk, ref, {call_key: verdict}, {call_key: note})


def judge_calls(desk: Desk, ref: str, verdicts: Mapping[str, str], notes: Mapping[str, str] | None = None) -> int:
    """The same of several calls at once, by key; how many. None is recorded while one is not the case's or is no verdict."""
    if not set(verdicts.values()).issubset(JUDGEMENTS):
        raise UsageError(f"a verdict is one of: {', '.join(JUDGEMENTS)}", next_step="give one of them")
    desk.permit("judge_call", "judge calls")
    reference = cases.reference_of(desk, ref)
    with desk.book() as book, desk.published() as con:
        calls = cases.calls_of(con, desk, cases.caller_of(con, book.cases()[reference]), book.casefile(reference))
        if not {call["call_key"] for call in calls}.issuperset(verdicts):
            raise InputError("the case has no such call in the published run", next_step="the case lists its calls")
        for key, verdict in verdicts.items():
            told = (notes or {}).get(key, "").strip()
            payload = {"call_key": key, "verdict": verdict, **({"note": told} if told else {})}
            book.record(
                "call_judged",
                actor=desk.actor,
                occurred_at=desk.now,
                case_ref=reference,
                run_id=desk.run_id,
                payload=payload,
            )
    return len(verdicts)


def note(desk: Desk, ref: str, text: str) -> None:
    """Add a note to the case."""
    desk.record("note_added", {"note": text}, case_ref=cases.reference_of(desk, ref))


def evidence(desk: Desk, event_id: int) -> dict[str, Any]:
    """The extract frozen with a decision, decrypted; the reading is recorded.

    Errors: InputError where none was frozen or it was put away.
    """
    desk.permit("read_evidence", "evidence")
    with desk.book() as book:
        event, text = book.evidence(event_id)
    desk.record("evidence_read", {"event_id": event_id}, case_ref=event.case_ref)
    document: dict[str, Any] = json.loads(text)
    return document
