"""Boroughs: one-page taskings, their return slips, what is overdue, whom a borough is not told of and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from misuse import advice, case_reports, review, store, wording
from misuse.casebook import Casebook, Event
from misuse.errors import InputError, Refused, UsageError
from misuse.room import cases, grounds
from misuse.room.desk import Desk, day, rows
from misuse.room.in_run import of_run

if TYPE_CHECKING:
    import duckdb

LONGEST_DISCLOSURE_DAYS = 92
# From which state a borough may answer what.
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "sent": ("accepted", "refused"),
    "accepted": ("done", "refused"),
    "done": ("debriefed",),
    "refused": ("accepted",),
    "debriefed": (),
}
NEVER = (
    "Every call goes on being answered and met on its merits, whoever makes it. Do not tell anybody that the person is on a "
    "list; do not assume who made a call; do not act on this page alone."
)


def task(desk: Desk, ref: str, borough: str, ask: str, deadline: str, risk: str, not_to_do: str = "") -> str:
    """Ask a borough to do something about a case; the tasking's number. The borough owns the action.

    Errors: Refused where a stop halted the case, nobody decided to act, or telling the borough is withheld; UsageError for a
    deadline that is no coming day, and for words that could be read as leave to leave a call or the person alone.
    """
    reference = cases.reference_of(desk, ref)
    review.coming(deadline, desk.today, "deadline")
    for what, text in (("what is asked", ask), ("risk", risk)):
        advice.refuse_leave(what, text)
    advice.refuse_leave("what not to do", not_to_do, is_forbidding=True)
    with desk.book() as book, desk.published() as con:
        borough = _named(con, book, borough)
        case = book.cases()[reference]
        held = [
            one
            for one in _withheld(book, desk.today)
            if one["case_ref"] == reference and is_same(one["borough"], borough)
        ]
        run_id = desk.run_id
        told = grounds.of_caller(con, cases.caller_of(con, case), run_id)
    status = case["status"]
    if status not in ("under_action", "under_review"):
        raise Refused(
            f"the case is {status.replace('_', ' ')}: a borough is asked once people decided to act or look again",
            next_step="decide on the case first",
        )
    if held:
        raise Refused(
            f"telling {borough} is withheld until {held[0]['until']}", next_step=f"ask {held[0]['by']}, who said so"
        )
    payload = {
        "borough": borough,
        "ask": ask,
        "deadline": deadline,
        "risk": risk,
        "not_to_do": f"{not_to_do.strip().rstrip('.')}. {NEVER}" if not_to_do.strip() else NEVER,
        "grounds": told | {"lane": case["lane"], "option": case.get("option")},
    }
    return str(desk.record("tasked", payload, case_ref=reference, run_id=run_id).data["tasking_id"])


def taskings(desk: Desk) -> list[dict[str, Any]]:
    """Taskings, newest first; a borough's user sees the borough's own.

    Keys: tasking_id, case_ref, borough, ask, deadline, risk, not_to_do, sent_at, by, state, answers[{at, by, answer, told}],
    may_answer, is_overdue, escalated_at, editions[{at, by, recipient, reason, expires_on}], is_halted.
    """
    who = desk.permit("read_tasking", "taskings")
    with desk.book() as book:
        own = book.borough_of(desk.actor) if who.role == "borough" else None
        found = tasking_rows(book, desk.today)
    return [row for row in found if who.role != "borough" or is_same(row["borough"], own)][::-1]


def is_same(one: object, other: object) -> bool:
    """Whether two names are one borough's: logs write them in capitals."""
    return str(one or "").casefold().strip() == str(other or "").casefold().strip() != ""


def tasking_rows(book: Casebook, today: date) -> list[dict[str, Any]]:
    """The same, of an open casebook."""
    answers = _by_number(book.entries("tasking_answered"))
    escalated = _by_number(book.entries("tasking_escalated"))
    disclosed = _by_number(book.entries("disclosed"))
    known = book.cases()
    return [
        _tasking(event, answers, escalated, disclosed, today, known.get(str(event.case_ref), {}).get("status"))
        for event in book.entries("tasked")
    ]


def _by_number(events: list[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(str(event.data.get("tasking_id")), []).append(event)
    return found


def _tasking(
    event: Event,
    answers: Mapping[str, list[Event]],
    escalated: Mapping[str, list[Event]],
    disclosed: Mapping[str, list[Event]],
    today: date,
    status: str | None,
) -> dict[str, Any]:
    data, number = event.data, str(event.data["tasking_id"])
    given = answers.get(number, [])
    state = str(given[-1].data["answer"]) if given else "sent"
    deadline = date.fromisoformat(str(data["deadline"]))
    up = escalated.get(number)
    return {
        **{name: data[name] for name in ("tasking_id", "borough", "ask", "risk", "not_to_do")},
        "case_ref": event.case_ref,
        "deadline": deadline,
        "sent_at": event.at,
        "by": event.actor,
        "state": state,
        "answers": [
            {"at": one.at, "by": one.actor, "answer": one.data["answer"], "told": one.data["told"]} for one in given
        ],
        "may_answer": list(ANSWERS[state]),
        "is_overdue": state in ("sent", "accepted") and deadline < today and status != "halted",
        "escalated_at": up[-1].at if up else None,
        "editions": [
            {
                "at": one.at,
                "by": one.actor,
                "recipient": one.data["recipient"],
                "reason": one.data["reason"],
                "expires_on": date.fromisoformat(str(one.data["expires_on"])),
                "is_expired": date.fromisoformat(str(one.data["expires_on"])) < today,
            }
            for one in disclosed.get(number, [])
        ],
        "is_halted": status == "halted",
    }


def own(desk: Desk, tasking_id: str) -> dict[str, Any]:
    """A tasking that the user may see. Errors: InputError for no such tasking, or another borough's."""
    found = [row for row in taskings(desk) if row["tasking_id"] == tasking_id]
    if not found:
        raise InputError("there is no such tasking of yours", next_step="see the list of them")
    return found[0]


_SUPPORT = "select support_first from callers where caller_id = $caller_id"


def tasking(desk: Desk, tasking_id: str) -> dict[str, Any]:
    """What the one page says: the row, and caller_id, where[], why[], doubts[] (sentences), vulnerability, calls, calls_told,
    lane, option, grounds_run and grounds_as_of (of which run that is; None: not known any more), head, run_id.

    It stays as it was sent, whatever later runs list; a vulnerability or a stop that came since is told too. Pseudonymous:
    no number, name or address.
    """
    row = own(desk, tasking_id)
    with desk.book() as book, desk.published() as con:
        event = next(one for one in book.entries("tasked") if one.data["tasking_id"] == tasking_id)
        case = book.cases()[str(row["case_ref"])]
        caller = cases.caller_of(con, case)
        now = next(iter(rows(con, _SUPPORT, {"caller_id": caller})), {})
        decided = [one for one in book.entries("case_moved", case_ref=event.case_ref) if one.event_id < event.event_id]
        head, run_id = book.head(), desk.run_id
    sent_on = grounds.when_tasked(desk, event, case)
    known = sent_on or {}
    calls = known.get("calls") or dict.fromkeys(grounds.COUNTS)
    return {
        **row,
        "caller_id": caller,
        "where": list(known.get("where") or ()),
        "why": list(known.get("why") or ()) if sent_on else [grounds.LOST],
        "doubts": grounds.told_doubts(sent_on),
        "vulnerability": _vulnerability(bool(now.get("support_first") or known.get("support_first")), row["is_halted"]),
        "calls": calls,
        "calls_told": grounds.told_calls(calls),
        "lane": known.get("lane") or _last(decided, "lane"),
        "option": known.get("option") or _last(decided, "option"),
        "grounds_run": known.get("run_id"),
        "grounds_as_of": date.fromisoformat(known["as_of"]) if known.get("as_of") else None,
        "head": head,
        "run_id": run_id,
    }


def _last(decided: list[Event], name: str) -> str | None:
    """What was last decided before a tasking was sent."""
    return next((str(one.data[name]) for one in reversed(decided) if one.data.get(name)), None)


def _vulnerability(support_first: bool, is_halted: bool) -> str:
    if is_halted:
        return "A stop was entered since: do nothing on this tasking; ask the sender."
    if support_first:
        return "A vulnerability is known: support comes first. What it is, the sender may say; it is not written here."
    return "None is known to the call log. That is not the same as none: look for yourself."


def answer(desk: Desk, tasking_id: str, answer: str, told: str) -> None:
    """A return slip: accepted, refused, done or debriefed, with a word. From paper, a reviewer enters it.

    Errors: Refused where the tasking cannot be answered so now; InputError for another borough's.
    """
    row = own(desk, tasking_id)
    if answer not in row["may_answer"]:
        allowed = ", ".join(row["may_answer"]) or "nothing more"
        raise Refused(f"a tasking that is {row['state']} takes: {allowed}", next_step="see what was answered before")
    advice.refuse_leave("answer", told, is_account=True)
    payload = {"tasking_id": tasking_id, "answer": answer, "told": told}
    desk.record("tasking_answered", payload, case_ref=row["case_ref"])


def escalate(desk: Desk) -> list[str]:
    """Put overdue taskings up to borough management, each once; which. Every run does so too."""
    desk.permit("escalate_tasking", "escalate")
    with desk.book() as book:
        return case_reports.escalate(book, desk.now, desk.today, desk.actor)


def disclose(desk: Desk, tasking_id: str, recipient: str, reason: str, expires_on: str) -> dict[str, Any]:
    """Record a disclosure: an identified edition for one named recipient, with reason and last day.

    Errors: UsageError for a day past or too far off, or nobody named; Refused where a stop halted the case.
    """
    row = own(desk, tasking_id)
    until = day(expires_on)
    if not recipient.strip() or not reason.strip():
        raise UsageError("an identified edition is for one named person, for a reason", next_step="give both")
    if not 0 <= (until - desk.today).days <= LONGEST_DISCLOSURE_DAYS:
        raise UsageError(
            f"an identified edition lasts from today, {LONGEST_DISCLOSURE_DAYS} days at most",
            next_step="give another day",
        )
    if row["is_halted"]:
        raise Refused("a stop halted the case: nobody is identified on it", next_step="look first, then lift the stop")
    payload = {
        "what": "identified tasking",
        "tasking_id": tasking_id,
        "recipient": recipient,
        "reason": reason,
        "expires_on": until.isoformat(),
    }
    desk.record("disclosed", payload, case_ref=row["case_ref"])
    return {"recipient": recipient, "expires_on": until}


def withhold_telling(desk: Desk, ref: str, borough: str, reason: str, until: str) -> None:
    """Withhold from a borough what would compromise an operation: by name, with a reason, until a day."""
    last = day(until)
    if not 0 <= (last - desk.today).days <= LONGEST_DISCLOSURE_DAYS:
        raise UsageError(
            f"it is withheld from today, {LONGEST_DISCLOSURE_DAYS} days at most", next_step="give another day"
        )
    with desk.book() as book, desk.published() as con:
        payload = {"borough": _named(con, book, borough), "reason": reason, "until": last.isoformat()}
    desk.record("telling_withheld", payload, case_ref=cases.reference_of(desk, ref))


def _named(con: duckdb.DuckDBPyConnection, book: Casebook, name: str) -> str:
    """The borough as log and users name it: of another name a tasking would reach nobody, and withholding withhold nothing.

    Errors: InputError for a name that none of them knows, where they know any.
    """
    known = [*of_run(con, ("boroughs",), lambda: _boroughs(con)), *book.boroughs().values()]
    found = next((one for one in known if is_same(one, name)), None)
    if known and not found:
        raise InputError(
            f"no borough of the log, and none of a user, is called {name.strip()!r}",
            next_step="name it as the log does: " + ", ".join(sorted({wording.place(one) for one in known})),
        )
    return found or name


def _boroughs(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [str(one) for (one,) in con.execute(_BOROUGHS).fetchall()] if store.holds(con, "calls") else []


_BOROUGHS = "select distinct borough from calls where borough is not null order by borough"


def withheld(desk: Desk) -> list[dict[str, Any]]:
    """What is withheld from whom today: case_ref, borough, by, reason, until. A borough does not see it."""
    desk.permit("task_borough", "withheld")
    with desk.book() as book:
        return _withheld(book, desk.today)


def _withheld(book: Casebook, today: date) -> list[dict[str, Any]]:
    found = [
        {
            "case_ref": event.case_ref,
            "borough": event.data["borough"],
            "by": event.actor,
            "reason": event.data["reason"],
            "until": date.fromisoformat(str(event.data["until"])),
        }
        for event in book.entries("telling_withheld")
    ]
    return [row for row in found if row["until"] >= today]
