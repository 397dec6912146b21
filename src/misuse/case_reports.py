"""What a run tells the casebook of open cases: whom a stop reached, who merged or split, whose suppression ran out."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from misuse.casebook import PIPELINE, Casebook

if TYPE_CHECKING:
    import duckdb

_STOPPED = """
select cases.case_ref
from cases
inner join callers on cases.caller_id = callers.caller_id
where callers.is_stopped and cases.status not in ('closed', 'halted')
order by cases.case_ref
"""
_SPELLS = """
select case_callers.case_ref, case_callers.caller_id, list(spells.spell_id order by spells.spell_id) as spells
from case_callers
inner join caller_spells as spells on case_callers.caller_id = spells.caller_id
where case_callers.is_changed
group by all
order by case_callers.case_ref
"""


def report(
    con: duckdb.DuckDBPyConnection, book: Casebook, run_id: str, now: datetime, today: date
) -> dict[str, list[str]]:
    """Halt the cases that the run found stopped, report changes of identity into open ones, end suppressions that ran out.

    Keys: halted, reported, expired (cases), escalated (taskings). The same run again reports nothing twice.
    """
    stopped = [str(row[0]) for row in con.execute(_STOPPED).fetchall()]
    halted = (
        book.halt(stopped, reason="a hard stop found by the run", actor=PIPELINE, occurred_at=now, run_id=run_id)
        if stopped
        else []
    )
    return {
        "halted": halted,
        "reported": _changed(con, book, run_id, now),
        "expired": _expired(book, now),
        "escalated": escalate(book, now, today, PIPELINE),
    }


def _changed(con: duckdb.DuckDBPyConnection, book: Casebook, run_id: str, now: datetime) -> list[str]:
    """Cases of which the run takes other numbers to be the person than were decided on."""
    cases, told = book.cases(), []
    for reference, caller, spells in con.execute(_SPELLS).fetchall():
        case: dict[str, Any] | None = cases.get(reference)
        if case is None or case["status"] == "closed" or _is_known(book, reference, list(spells)):
            continue
        gone, new = sorted(set(case["spells"]) - set(spells)), sorted(set(spells) - set(case["spells"]))
        sentence = (
            f"The run takes {len(spells)} numbers' holders to be this person; the case was decided on {len(case['spells'])}: "
            f"{len(new)} new, {len(gone)} now of another or nobody."
        )
        if case["is_parted"]:
            sentence += " More is known now of who held one of them when: it passed on at another time, or never."
        payload = {"told": sentence, "spells": list(spells), "new": new, "gone": gone}
        book.record(
            "case_reported",
            actor=PIPELINE,
            occurred_at=now,
            caller_id=caller,
            case_ref=reference,
            run_id=run_id,
            payload=payload,
        )
        told.append(str(reference))
    return told


def _is_known(book: Casebook, reference: str, spells: list[str]) -> bool:
    """Whether just this was reported and waits to be reconciled."""
    return any(event.data.get("spells") == spells for event in book.casefile(reference).reports)


def _expired(book: Casebook, now: datetime) -> list[str]:
    if not any(case["status"] == "suppressed" for case in book.cases().values()):
        return []
    return book.expire(now)


def escalate(book: Casebook, now: datetime, today: date, actor: str) -> list[str]:
    """Put taskings up to borough management whose deadline was before `today`, the local day; each once; which.

    None of a case that a stop halted.
    """
    answers = {event.data["tasking_id"]: event.data["answer"] for event in book.entries("tasking_answered")}
    up = {event.data["tasking_id"] for event in book.entries("tasking_escalated")}
    halted = {reference for reference, case in book.cases().items() if case["status"] == "halted"}
    told: list[str] = []
    for event in book.entries("tasked"):
        number, data = str(event.data["tasking_id"]), event.data
        is_late = str(data["deadline"]) < today.isoformat() and answers.get(number, "accepted") == "accepted"
        if is_late and number not in up and event.case_ref not in halted:
            payload = {"tasking_id": number, "to": f"management of {data['borough']}"}
            book.record("tasking_escalated", actor=actor, occurred_at=now, case_ref=event.case_ref, payload=payload)
            told.append(number)
    return told
