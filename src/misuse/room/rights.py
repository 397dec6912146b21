"""People's rights, and how long what is kept stays: clocks, disposal, representations, correction, access, delisting.

The spans are settings ([rights] in misuse.toml): the force's own retention schedule says what they should be.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from misuse import disposal, explain, published_callers
from misuse.casebook import Casebook, Event
from misuse.errors import InputError, Refused
from misuse.room import boroughs, cases, packs, told, vaulted
from misuse.room.casework import add_months
from misuse.room.desk import Desk, day, rows

OPEN, KEPT, REVIEW_DUE, DISPOSAL_DUE = "open", "kept", "review_due", "disposal_due"

# ── clocks and disposal ────────────────────────────────────────────────────────────────────────


def clocks(desk: Desk) -> list[dict[str, Any]]:
    """The clocks of every case, those due first: case_ref, status, is_confirmed (somebody acted on it), review_on,
    retain_until, dispose_by, state (open, kept, review_due, disposal_due).
    """
    desk.permit("read_rights", "clocks")
    with desk.book() as book:
        acted = _acted(book)
        found = [_clock(desk, ref, case, ref in acted) for ref, case in book.cases().items()]
    order = {DISPOSAL_DUE: 0, REVIEW_DUE: 1, OPEN: 2, KEPT: 3}
    return sorted(found, key=lambda row: (order[row["state"]], row["retain_until"] or date.max, row["case_ref"]))


def _acted(book: Casebook) -> set[str]:
    """Cases on which somebody decided something beyond where the list put them."""
    return {
        str(event.case_ref) for event in book.entries("case_moved") if event.data["to"] in ("under_action", "proposed")
    }


def _clock(desk: Desk, reference: str, case: Mapping[str, Any], is_confirmed: bool) -> dict[str, Any]:
    spans = desk.settings.rights
    moved = desk.day_of(case["last_moved_at"])
    is_open = case["status"] != "closed" and is_confirmed
    keep = spans.keep_months if is_confirmed else spans.keep_unconfirmed_months
    until = None if is_open else add_months(moved, keep)
    review_on = (
        date.fromisoformat(str(case["review_date"]))
        if is_open and case["review_date"]
        else add_months(moved, spans.review_months)
    )
    state = OPEN if is_open else KEPT
    if until is not None and until < desk.today:
        state = DISPOSAL_DUE
    elif review_on < desk.today:
        state = REVIEW_DUE
    return {
        "case_ref": reference,
        "status": case["status"],
        "is_confirmed": is_confirmed,
        "review_on": review_on,
        "retain_until": until,
        "dispose_by": until + timedelta(days=spans.dispose_within_days) if until else None,
        "state": state,
    }


def dispose(desk: Desk, ref: str, reason: str, *, ground: str = "due") -> dict[str, Any]:
    """Put away everything held of a case's person; the certificate. `ground`: due, or upheld (a representation was).

    Keys: event_id, events (how many), lines (bounds left), packs, lists (frozen ones made anew without the person), swept
    (copies removed now), backups_by.
    Errors: Refused before its time, while a stop protects the person, or while a call of theirs is in that no run has
    counted; LockHeld while a run writes.
    """
    desk.permit("dispose", "dispose")
    reference = cases.reference_of(desk, ref)
    with desk.book() as book:
        case = book.cases()[reference]
        _check_disposable(desk, book, reference, case, ground)
        events = _events_of(book, reference, case)
        folders = [str(event.data["folder"]) for event in events if event.kind == "pack_made"]
    backups_by = desk.today + timedelta(days=desk.settings.rights.backup_days)

    def certify(lines: list[dict[str, Any]], barred: list[str]) -> Event:
        """Packs go first, since once their events are put away nothing leads to them."""
        for folder in folders:
            shutil.rmtree(packs.folder_of_packs(desk) / folder, ignore_errors=True)
        return _certificate(desk, reference, case, events, {"lines": lines, "barred": barred}, backups_by, reason)

    lines, certificate = disposal.dispose(desk.settings, list(case["spells"]), certify)
    return {
        "event_id": certificate.event_id,
        "events": len(events),
        "lines": len(lines),
        "packs": len(folders),
        "swept": disposal.sweep(desk.settings),
        "lists": sum(1 for event in events if event.kind == "list_frozen"),
        "backups_by": backups_by,
    }


def _certificate(
    desk: Desk,
    reference: str,
    case: Mapping[str, Any],
    events: Sequence[Event],
    left: Mapping[str, Any],
    backups_by: date,
    reason: str,
) -> Event:
    leaves = {
        "spells": list(case["spells"]),
        **left,
        "case_ref": reference,
        "backups_by": backups_by.isoformat(),
        "taken_logs_by": (desk.today + timedelta(days=desk.settings.keep_taken_days)).isoformat(),
        "rejected_rows_by": (desk.today + timedelta(days=desk.settings.keep_rejected_days)).isoformat(),
        "published_by": "the next run",
        "scheduler": "its records hold run ids and names of steps alone",
    }
    with desk.book() as book:
        certificate = book.dispose(
            [event.event_id for event in events], reason=reason, actor=desk.actor, occurred_at=desk.now, leaves=leaves
        )
        book.anchor(f"certificate {certificate.event_id}", desk.now)
    return certificate


def _check_disposable(desk: Desk, book: Casebook, reference: str, case: Mapping[str, Any], ground: str) -> None:
    mine = set(case["spells"])
    by_people = [(*stop.spells, *stop.kept) for stop in book.live_stops()]
    carried = [members for members, _ in book.carried_stops()]
    if any(mine.intersection(spells) for spells in (*by_people, *carried)):
        raise Refused("a stop protects the person, and would go too", next_step="look first, then lift the stop")
    with desk.published() as con:
        if rows(con, _STOPPED_BY_RULE, {"caller_id": cases.caller_of(con, case)}):
            raise Refused(
                "a safeguard's rule stops the person, and what it hangs on would go",
                next_step="keep the case; whoever thinks the rule wrong here has it reviewed",
            )
    if ground == "upheld":
        answered = {
            event.data["representation_id"]: event.data["outcome"] for event in book.entries("representation_answered")
        }
        own = [event.data["representation_id"] for event in book.entries("represented") if event.case_ref == reference]
        if not any(answered.get(number) == "upheld" for number in own):
            raise Refused("no representation on that case was upheld", next_step="answer it first")
    elif _clock(desk, reference, case, reference in _acted(book))["state"] != DISPOSAL_DUE:
        raise Refused("the case is not yet due for disposal", next_step="see its clocks; or uphold a representation")


_STOPPED_BY_RULE = "select 1 from callers where caller_id = $caller_id and is_stopped"
_KEPT_KINDS = ("represented", "representation_answered", "delisted", "disposed")


def _events_of(book: Casebook, reference: str, case: Mapping[str, Any]) -> list[Event]:
    """Every event of the case, and of its caller or numbers outside it. Shared ones stay: frozen lists, runs, users."""
    mine, caller, holders = set(case["spells"]), case["caller_id"], book.holders()
    found = []
    for event in book.entries():
        named = {event.caller_id} | set(event.data.get("callers") or ())
        spells = set(event.data.get("spells") or ()) | {event.data.get("spell_a"), event.data.get("spell_b")}
        if event.kind == "list_frozen":
            spells = {spell for row in event.data["eligible"] for spell in row.get("spells") or ()}
        spells = set(holders.all_of(event, filter(None, spells)))
        is_own = event.case_ref == reference or caller in named or bool(mine.intersection(spells))
        if is_own and event.kind not in (
            *_KEPT_KINDS,
            "callers_published",
            "stops_published",
            "identity_model_accepted",
        ):
            found.append(event)
    return found


def dispose_lists(desk: Desk, reason: str) -> list[int]:
    """Put away frozen lists that are past their time, whole; their events."""
    desk.permit("dispose", "dispose lists")
    with desk.book() as book:
        newest = list(book.frozen_lists().values())[-1:]
        past = [
            event.event_id
            for event in book.frozen_lists().values()
            if event not in newest and add_months(desk.day_of(event.at), desk.settings.rights.keep_months) < desk.today
        ]
        if past:
            book.dispose(past, reason=reason, actor=desk.actor, occurred_at=desk.now)
    return past


# ── representations, correction, access, delisting ─────────────────────────────────────────────


def representation(desk: Desk, ref: str, text: str, from_whom: str) -> str:
    """Take in what somebody says against being listed, or on the person's behalf; its number."""
    payload = {"told": text, "from_whom": from_whom}
    event = desk.record("represented", payload, case_ref=cases.reference_of(desk, ref))
    return str(event.data["representation_id"])


def answer_representation(desk: Desk, representation_id: str, outcome: str, reason: str) -> None:
    """Answer one, once: upheld, part_upheld or not_upheld. Errors: Refused for whoever decided the case, or where it is answered."""
    with desk.book() as book:
        found = [event for event in book.entries("represented") if event.data["representation_id"] == representation_id]
        if not found:
            raise InputError("there is no such representation", next_step="see the list of them")
        deciders = {event.actor for event in book.entries("case_moved", case_ref=found[0].case_ref)}
    if desk.actor in deciders:
        raise Refused(
            "whoever decided on the case judges no representation on it", next_step="ask another chair or authoriser"
        )
    payload = {"representation_id": representation_id, "outcome": outcome, "reason": reason}
    desk.record("representation_answered", payload, case_ref=found[0].case_ref)


def representations(desk: Desk) -> list[dict[str, Any]]:
    """Representations, newest first: representation_id, case_ref, told, from_whom, at, by, outcome, reason, answered_at, due_on."""
    desk.permit("read_rights", "representations")
    with desk.book() as book:
        answers = {event.data["representation_id"]: event for event in book.entries("representation_answered")}
        found = book.entries("represented")
    told_all = []
    for event in reversed(found):
        answer = answers.get(event.data["representation_id"])
        told_all.append(
            {
                **{name: event.data[name] for name in ("representation_id", "told", "from_whom")},
                "case_ref": event.case_ref,
                "at": event.at,
                "by": event.actor,
                "outcome": answer.data["outcome"] if answer else None,
                "reason": answer.data["reason"] if answer else None,
                "answered_at": answer.at if answer else None,
                "due_on": add_months(desk.day_of(event.at), 1),
            }
        )
    return told_all


def correct(desk: Desk, event_id: int, text: str) -> None:
    """Correct what an event says: the correction stands beside it, and is shown with it. Nothing is written over."""
    with desk.book() as book:
        found = [event for event in book.entries() if event.event_id == event_id]
    if not found:
        raise InputError("there is no such event, or it was put away", next_step="see the history of the case")
    desk.record(
        "corrected", {"event_id": event_id, "told": text}, case_ref=found[0].case_ref, caller_id=found[0].caller_id
    )


def corrections(desk: Desk) -> list[dict[str, Any]]:
    """Corrections: event_id (that corrects), of (that is corrected), told, at, by, case_ref."""
    desk.permit("read_rights", "corrections")
    with desk.book() as book:
        return [
            {
                "event_id": event.event_id,
                "of": event.data["event_id"],
                "told": event.data["told"],
                "at": event.at,
                "by": event.actor,
                "case_ref": event.case_ref,
            }
            for event in book.entries("corrected")
        ]


def subject_access(desk: Desk, caller: str, reason: str) -> dict[str, Any]:
    """Everything held of a person, for the person: recorded as a look and as access given.

    Keys: caller_id, identity, calls (each with what call-takers wrote), listed, look, cases[{case_ref, history}], taskings,
    decisions_by_program (none: people decide). Whoever decided stays a role, others' names are left out. What would harm
    somebody is for a person to take out.
    """
    desk.permit("give_access", "subject access")
    known = vaulted.identify(desk, caller, f"subject access: {reason}")
    caller_id = known["caller_id"]
    written = {row["call_key"]: row for row in vaulted.told_of_calls(desk, caller_id, f"subject access: {reason}")}
    desk.record("access_given", {"reason": reason}, caller_id=caller_id)
    with desk.published() as con, desk.book() as book:
        spells = set(published_callers.spells_of(con, caller_id))
        calls = rows(
            con, "select * from calls where caller_id = $caller_id order by received_at", {"caller_id": caller_id}
        )
        listed = rows(con, "select * from tasking_list where caller_id = $caller_id", {"caller_id": caller_id})
        look = rows(con, "select * from look_list where caller_id = $caller_id", {"caller_id": caller_id})
        held = {ref: case for ref, case in book.cases().items() if spells.intersection(case["spells"])}
        return {
            "caller_id": caller_id,
            "identity": known,
            "calls": [{**call, **written.get(str(call["call_key"]), {})} for call in calls],
            "listed": listed,
            "look": look,
            "cases": [
                {"case_ref": ref, "status": case["status"], "history": _history(book, ref)}
                for ref, case in held.items()
            ],
            "taskings": [
                {name: row[name] for name in ("tasking_id", "borough", "ask", "sent_at", "state")}
                for row in boroughs.tasking_rows(book, desk.today)
                if row["case_ref"] in held
            ],
            "decisions_by_program": "None. A program ranks and lists; a named person decides each move of a case.",
        }


def _history(book: Casebook, reference: str) -> list[dict[str, Any]]:
    """What was recorded of a case but looks at it, each in full; notes on health are given by the role that keeps them."""
    found = []
    for event in book.entries(case_ref=reference):
        if event.kind in _LOOKS_AT_IT:
            continue
        line = told.event_line(event)
        more = [f"{name.replace('_', ' ')}: {event.data[name]}" for name in _IN_FULL if event.data.get(name)]
        said = ["kept apart: the health liaison gives it"] if event.kind == "health_note_added" else []
        line["told"] = "; ".join(part for part in (line["told"], *more, *said) if part)
        found.append({name: line[name] for name in ("event_id", "at", "role", "kind", "move", "told")})
    return found


_LOOKS_AT_IT = frozenset({"case_read", "evidence_read", "casebook_read", "health_notes_read"})
_IN_FULL = ("note", "concern", "lawful_basis", "from_whom", "what", "recipient", "expires_on")


def delist(desk: Desk, caller: str, reason: str, until: str) -> dict[str, Any]:
    """Take somebody off the list for a time: the case, if there is one, is kept off until the day. Keys: caller_id, case_ref."""
    last = day(until)
    with desk.published() as con:
        caller_id = explain.resolve_caller(con, caller)
        spells = published_callers.spells_of(con, caller_id)
    reference = cases.reference_of(desk, caller)
    with desk.book() as book:
        status = book.cases()[reference]["status"]
    if status not in ("waiting", "listed"):
        raise Refused(
            f"the case is {status.replace('_', ' ')}", next_step="close it, or take it back to the list, first"
        )
    desk.permit("delist", "delist")
    cases.move(desk, reference, "suppress", {"reason": reason, "until": last.isoformat()})
    payload = {"reason": reason, "until": last.isoformat(), "spells": spells}
    desk.record("delisted", payload, caller_id=caller_id, case_ref=reference)
    return {"caller_id": caller_id, "case_ref": reference}
