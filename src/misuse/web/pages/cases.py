"""Cases: all of them, one of them whole, its calls one by one, and why somebody is or is not on the list."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from misuse import published_callers
from misuse.errors import InputError
from misuse.web import access, forms, pictures
from misuse.web.forms import Field
from misuse.web.visits import Page, Redirect
from misuse.wording import local_day

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit

CALLS_A_PAGE = 40
BARRED_SHOWN = 5
VERDICTS = (("confirmed", "Misuse: confirmed"), ("refuted", "Not misuse: refuted"), ("cannot_tell", "Cannot tell"))
_FIND = (
    Field("number", "Telephone number", hint="As dialled, or beginning +44.", is_required=False),
    Field("address", "Or an address, as the log has it", is_required=False),
    forms.reason("Kept with your name: this looks into what identifies people."),
)


def listing(visit: Visit) -> Answer:
    """Every case, those that wait for somebody first."""
    from misuse.room import cases

    wanted = visit.query.get("state", "")
    found = cases.cases(visit.desk)
    states = sorted({row["status"] for row in found})
    rows = [row for row in found if not wanted or row["status"] == wanted]
    order = ("halted", "proposed", "under_action", "under_review", "listed", "suppressed", "waiting", "closed")
    rows.sort(key=lambda row: (not row["is_overdue"], order.index(row["status"]), str(row["review_date"] or "9")))
    return Page("cases.html", {"title": "Cases", "rows": rows, "states": states, "wanted": wanted, "all": len(found)})


def go(visit: Visit) -> Answer:
    """To the case that a reference or a caller id means; a posted form, so that nothing typed stands in an address.

    Whoever has no case is gone to by the caller's id: the reference made of it may be somebody else's.
    """
    from misuse import explain
    from misuse.room import cases

    text = forms.needed(visit, "ref", "Enter a case reference or a caller id")
    with contextlib.suppress(InputError):
        return Redirect("/cases/" + cases.reference_of(visit.desk, text))
    with visit.published.opened() as con:
        return Redirect("/cases/" + explain.resolve_caller(con, text))


def page(visit: Visit) -> Answer:
    """One case whole, or a caller who has none yet. The reading is recorded."""
    from misuse import explain
    from misuse.room import cases

    try:
        case = cases.case(visit.desk, visit.path["ref"])
    except InputError:
        case = _without_case(visit, visit.path["ref"])
    caller = str(case["caller_id"])
    weeks = visit.published.rows("case_weeks", caller_id=caller)
    days = [(local_day(move["at"], visit.settings.reporting_zone), str(move["lane"] or "")) for move in case["tried"]]
    values = {
        "title": f"Case {case['case_ref']}",
        "case": case,
        "caller": visit.published.row("case_caller", caller_id=caller) or {},
        "windows": {row["window_name"]: row for row in visit.published.rows("case_windows", caller_id=caller)},
        "totals": visit.published.row("misuse_totals") or {},
        "weeks": weeks,
        "timeline": pictures.timeline(weeks, days),
        "heat": pictures.heat(visit.published.rows("case_hours", caller_id=caller)),
        "kinds": _kinds(visit.published.rows("case_kinds", caller_id=caller)),
        "unjudged": sum(1 for call in case["calls"] if call["is_coded_misuse"] and not call["judged"]),
        "barred": [call for call in case["calls"] if call["is_stopped"]][: -BARRED_SHOWN - 1 : -1],
        "reasons": explain.LOOK_REASONS,
        "problem": visit.problem,
        **_beside(visit, case),
    }
    return Page("case.html", values)


def _without_case(visit: Visit, text: str) -> dict[str, Any]:
    """What the run says of a caller who has no case; that somebody read it is recorded."""
    from misuse.room import care, explaining

    desk = visit.desk
    told = care.why(desk, text).as_json()
    desk.record("case_read", {}, caller_id=told["caller"]["caller_id"])
    caller = str(told["caller"]["caller_id"])
    listed = visit.published.row("listed_row", caller_id=caller)
    calls = [{**call, "judged": None} for call in told["calls"] or ()]
    with desk.published() as con, desk.book() as book:
        look = published_callers.look_of(con, book, caller)
        is_vulnerable = bool(told["caller"].get("support_first")) or bool(look and look["waits"])
        tests = explaining.of_caller(con, desk, caller, listed, is_vulnerable=is_vulnerable, look=look, calls=calls)
    return {
        **{name: [] for name in _EMPTY},
        "case_ref": told["caller"]["case_ref"],
        "caller_id": caller,
        "status": None,
        "is_vulnerable": is_vulnerable,
        "calls": calls,
        "listed": listed,
        "look": look,
        "tests": tests,
    }


_EMPTY = (
    "stops", "bars_told", "opened", "history", "notes", "tried", "lessons", "links", "options", "moves",
)  # fmt: skip


def _beside(visit: Visit, case: Mapping[str, Any]) -> dict[str, Any]:
    """What other parts of the room hold of the case, as far as the role may see it."""
    from misuse.room import boroughs, care, packs

    desk, ref = visit.desk, case["case_ref"]
    found: dict[str, Any] = {"links": care.links(desk, str(case["caller_id"]))}
    if case["status"] is None:
        return found
    if access.may("read_tasking", visit.role):
        found["taskings"] = [row for row in boroughs.taskings(desk) if row["case_ref"] == ref]
    if access.may("read_referral", visit.role):
        found["referrals"] = [row for row in packs.referrals(desk) if row["case_ref"] == ref]
    if access.may("make_pack", visit.role):
        found["packs"] = packs.packs(desk, ref)
    return found


def _kinds(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    def of(kind: str, *, is_misuse: bool) -> list[Mapping[str, Any]]:
        return [row for row in rows if row["kind"] == kind and row["is_misuse"] == is_misuse]

    return {
        "misuse_codes": pictures.shares(of("code", is_misuse=True)),
        "other_codes": pictures.shares(of("code", is_misuse=False)),
        "boroughs": pictures.shares(of("borough", is_misuse=True)),
        "days": [dict(row) for row in of("day", is_misuse=True)],
    }


def calls(visit: Visit) -> Answer:
    """The case's calls, to be opened and judged one by one."""
    from misuse.room import cases

    case = cases.case(visit.desk, visit.path["ref"])
    wanted = visit.query.get("show", "misuse")
    rows = [row for row in case["calls"] if wanted == "all" or row["is_coded_misuse"]]
    rows = rows if wanted != "open" else [row for row in rows if not row["judged"]]
    return Page(
        "calls.html",
        {
            "title": f"Calls of case {case['case_ref']}",
            "case": case,
            "shown": visit.page_of(rows[::-1], CALLS_A_PAGE),
            "wanted": wanted,
            "verdicts": VERDICTS,
            "unjudged": sum(1 for call in case["calls"] if call["is_coded_misuse"] and not call["judged"]),
            "problem": visit.problem,
        },
    )


def why_page(visit: Visit) -> Answer:
    """The form that asks why (not) this person: by reference, number or address."""
    fields = forms.filled(visit, _FIND)
    return Page("why_form.html", {"title": "Why (not) this person", "fields": fields, "problem": visit.problem})


def why_go(visit: Visit) -> Answer:
    """To the page that says why, of whom a reference or an id means."""
    from misuse import explain

    text = forms.needed(visit, "caller", "Enter a case reference or a caller id")
    with visit.published.opened() as con:
        return Redirect("/why/" + explain.resolve_caller(con, text))


def find(visit: Visit) -> Answer:
    """The callers behind a number or at an address; recorded before anything is shown."""
    from misuse.room import care

    number, address = visit.form.text("number"), visit.form.text("address")
    if not number and not address:
        raise forms.Missing("number", "Enter a number or an address")
    reason = forms.needed(visit, "reason", "Enter why you look")
    rows = care.find(visit.desk, number=number or None, address=None if number else address, reason=reason)
    return Page("found.html", {"title": "Found", "rows": rows, "by": "number" if number else "address"})


def why(visit: Visit) -> Answer:
    """Why a caller is, or is not, on the list: every call, counted or not, and by which rule. The reading is recorded."""
    from misuse import explain
    from misuse.room import care

    desk = visit.desk
    told = care.why(desk, visit.path["caller"]).as_json()
    caller = str(told["caller"]["caller_id"])
    desk.record("case_read", {}, caller_id=caller)
    with desk.published() as con, desk.book() as book:
        is_stopped = caller in published_callers.stopped_now(con, visit.settings, book)
    values = {"title": "Why (not) this person", "told": told, "is_stopped": is_stopped, "verdicts": explain.VERDICTS}
    values["links"] = [row for row in care.links(desk, caller) if row["may_judge"] or row["may_settle"]]
    coded = [call for call in told["calls"] if call["is_coded_misuse"]]
    return Page(
        "why.html", {**values, "reasons": explain.LOOK_REASONS, "shown": visit.page_of(coded[::-1], CALLS_A_PAGE)}
    )
