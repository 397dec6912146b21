"""What is done on a case: calls judged, notes, moves, stops, preconditions, and the look at an identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from misuse import explain, notify
from misuse.web import access, forms, words
from misuse.web.forms import Field, Missing
from misuse.web.pages import cases as reading
from misuse.web.visits import Page, Redirect

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit

HOOK_SECONDS = 5.0  # for which a page waits
_STOP = (
    forms.reason(
        "What you know, without a name, number or address. It acts at once, on open cases and frozen lists too."
    ),
    Field("is_urgent", "How soon", "checks", choices=(("yes", "To be looked at tonight"),), is_required=False),
)


def judge(visit: Visit) -> Answer:
    """Record the verdicts given on one page of calls; each opens its call."""
    from misuse.room import calls

    ref = visit.path["ref"]
    known = {value for value, _ in reading.VERDICTS}
    given = {
        name.removeprefix("call-"): visit.form.text(name) for name in visit.form.values if name.startswith("call-")
    }
    judged = {key: verdict for key, verdict in given.items() if verdict in known}
    if not judged:
        raise Missing("judge", "Judge at least one call")
    calls.judge_calls(visit.desk, ref, judged)
    return Redirect(f"/cases/{ref}/calls?show=open", f"{len(judged)} calls were judged under your name")


def open_all(visit: Visit) -> Answer:
    """Record that every misuse call of the case was opened."""
    from misuse.room import calls

    ref = visit.path["ref"]
    opened = calls.open_calls(visit.desk, ref)
    return Redirect(f"/cases/{ref}/calls", f"{len(opened)} calls are recorded as opened by you")


def add_note(visit: Visit) -> Answer:
    """Add a note to the case."""
    from misuse.room import calls

    ref = visit.path["ref"]
    calls.note(visit.desk, ref, forms.needed(visit, "note", "Write the note"))
    return Redirect(f"/cases/{ref}#notes", "The note was added")


def move_page(visit: Visit) -> Answer:
    """The form of one move, with what it needs."""
    move = _offered(visit)
    label = move["label"] or move["move"].replace("_", " ").capitalize()
    return forms.of_case(
        visit,
        label,
        [*fields_of(move), Field("seen", "", "hidden", value=visit.form.text("seen") or str(move["seen"]))],
        f"moves/{move['move']}",
        button=label,
        back_text=f"Case {visit.path['ref']}",
        warning=None if move["may"] else move["why_not"],
        intro=[
            *_proposed(move),
            "It is recorded with your name, the run, the rules and a frozen extract of the evidence.",
        ],
    )


def make_move(visit: Visit) -> Answer:
    """Make a move; what it needs is asked of the casebook at this moment, not of the page."""
    from misuse.room import cases

    move, ref = _offered(visit), visit.path["ref"]
    seen = visit.form.text("seen")
    done = cases.move(
        visit.desk, ref, move["move"], given(visit, move), seen=forms.numbered(seen, "the case") if seen else None
    )
    return Redirect(f"/cases/{ref}", f"Recorded: the case is now {str(done['status']).replace('_', ' ')}")


def _proposed(move: Mapping[str, Any]) -> list[str]:
    """What waits for approval, in words, on the forms that end its waiting."""
    from misuse.room import cases

    held = move["pending"]
    if not held:
        return []
    title = cases.title_of(str(held["option"]))
    return [f"{title}, proposed by {held['proposed_by']} on {len(held['calls'])} confirmed calls: “{held['reason']}”"]


def _offered(visit: Visit) -> Mapping[str, Any]:
    from misuse.errors import InputError
    from misuse.room import cases

    found = [row for row in cases.offered(visit.desk, visit.path["ref"]) if row["move"] == visit.path["move"]]
    if not found:
        raise InputError("the case has no such move as it stands", next_step="go back to the case and load it again")
    row: Mapping[str, Any] = found[0]
    return row


_LONG = ("reason", "finding", "dissent", "why_not_support")
_KINDS = {"date": "date", "choice": "choice", "checks": "checks", "list": "area"}


_WHY_NOT_SUPPORT = {
    "name": "why_not_support",
    "label": "Where the person may be vulnerable: why another lane than support",
    "kind": "text",
    "choices": [],
    "is_required": False,
}


def _all_fields(move: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A move's fields, with the one that only some cases take: the casebook asks for it where it does."""
    extra = [_WHY_NOT_SUPPORT] if move["move"] in ("act", "propose", "approve") else []
    return [*move["fields"], *extra]


def fields_of(move: Mapping[str, Any]) -> list[Field]:
    """The fields of a move, as the casebook says what it needs."""
    found = []
    for row in _all_fields(move):
        kind = "area" if row["name"] in _LONG else _KINDS.get(str(row["kind"]), "text")
        choices = [(str(one["value"]), words.capfirst(words.plain(one["text"]))) for one in row["choices"]]
        if kind == "choice":
            choices.insert(0, ("", "Choose"))
        value = move["default_lane"] if (row["name"], move["default_lane"]) == ("lane", "support") else ""
        found.append(Field(row["name"], row["label"], kind, "", value, choices, is_required=bool(row["is_required"])))
    return found


def given(visit: Visit, move: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent of a move's fields. Errors: Missing for a required one left empty."""
    found: dict[str, Any] = {}
    for row in _all_fields(move):
        name = str(row["name"])
        value: Any = visit.form.many(name) if row["kind"] in ("checks", "list") else visit.form.text(name)
        if not value and row["is_required"]:
            raise Missing(name, f"Fill in: {str(row['label']).lower()}")
        if value:
            found[name] = value
    return found


def stop_page(visit: Visit) -> Answer:
    """The form that stops a caller."""
    return forms.of_case(
        visit,
        "Stop: bar this caller from being treated as misuse",
        _STOP,
        "stop",
        button="Stop now",
        danger=True,
        **({} if access.may("read_case", visit.role) else {"back": "/"}),
        intro=["It takes effect at once and halts an open case. Nobody disappears by it: see the look list."],
    )


def stop(visit: Visit) -> Answer:
    """Stop a caller: at once, whatever stands."""
    from misuse.room import care

    ref = visit.path["ref"]
    reason = forms.needed(visit, "reason", "Enter why")
    is_urgent = "yes" in visit.form.many("is_urgent")
    done = care.stop(visit.desk, ref, reason, is_urgent=is_urgent)
    told = notify.notify(visit.settings, notify.URGENT_STOP, limit_seconds=HOOK_SECONDS) if is_urgent else ""
    halted = ", ".join(done["halted"])
    back = f"/cases/{ref}" if access.may("read_case", visit.role) else "/"
    return Redirect(
        back,
        "The stop stands"
        + (f"; halted: {halted}" if halted else "")
        + (f"; nobody was notified: {told}" if told else ""),
    )


def lift_page(visit: Visit) -> Answer:
    """The form that lifts a stop."""
    from misuse import safeguards

    rules = (("", "The stop that a person entered"), *((rule, rule.replace("_", " ")) for rule in safeguards.stops()))
    fields = (
        Field("rule", "Which stop", "choice", choices=rules),
        forms.reason("What you looked at, and what you found."),
    )
    return forms.of_case(
        visit,
        "Lift a stop",
        [*fields, Field("run", "", "hidden", value=visit.form.text("run") or visit.desk.run_id)],
        "lift",
        button="Lift the stop",
    )


def lift(visit: Visit) -> Answer:
    """Lift a stop after a look."""
    from misuse.room import care

    ref = visit.path["ref"]
    reason = forms.needed(visit, "reason", "Enter what you looked at and found")
    rule, seen = visit.form.text("rule") or None, visit.form.text("run") or None
    done = care.lift_stop(visit.desk, ref, reason, rule=rule, seen_run=seen)
    said = "It is still stopped: another stop reaches the caller" if done["is_still_stopped"] else "The stop is lifted"
    return Redirect(f"/cases/{ref}", said)


def identity_page(visit: Visit) -> Answer:
    """The form that asks why somebody looks at an identity."""
    return forms.of_case(
        visit,
        "Look at the identity",
        (forms.reason("Why you need it. Recorded with your name, before it is shown."),),
        "identity",
        button="Show the identity",
        intro=["It shows the numbers, names and addresses that the log holds. Close the page when you are done."],
    )


def identity(visit: Visit) -> Answer:
    """The identity behind a case, once: it is shown, not kept, and recorded first."""
    from misuse.room import care

    ref = visit.path["ref"]
    reason = forms.needed(visit, "reason", "Enter why you look")
    found = care.identify(visit.desk, ref, reason)
    return Page("identity.html", {"title": f"Identity of case {ref}", "found": found, "ref": ref, "reason": reason})


def meet_page(visit: Visit) -> Answer:
    """The form that records a precondition as met."""
    option, need = _need(visit)
    return forms.of_case(
        visit,
        "Record a precondition as met",
        (Field("how", "How you know", "area", "What was done or seen, and when."),),
        f"meet/{visit.path['option']}/{visit.path['need']}",
        button="Record as met",
        part="options",
        caption=f"Case {visit.path['ref']}: {option['title']}",
        intro=[f"Precondition: {need}."],
    )


def meet(visit: Visit) -> Answer:
    """Record a precondition as met."""
    from misuse.room import cases

    _, need = _need(visit)
    ref = visit.path["ref"]
    cases.meet(visit.desk, ref, visit.path["option"], need, forms.needed(visit, "how", "Enter how you know"))
    return Redirect(f"/cases/{ref}#options", "The precondition is recorded as met")


def _need(visit: Visit) -> tuple[Mapping[str, Any], str]:
    """The option and the text of the precondition that an address names by their places."""
    from misuse.errors import InputError
    from misuse.room import cases

    options = [row for row in cases.options(visit.desk, visit.path["ref"]) if row["id"] == visit.path["option"]]
    number = visit.path["need"]
    if not options or forms.numbered(number, "the case") >= len(options[0]["needs"]):
        raise InputError("the option has no such precondition", next_step="go back to the case")
    return options[0], str(options[0]["needs"][int(number)]["text"])


def evidence(visit: Visit) -> Answer:
    """The extract that was frozen with a decision. The reading is recorded."""
    from misuse.room import calls

    event = visit.path["event"]
    found = calls.evidence(visit.desk, forms.numbered(event, "the case"))
    rows = visit.page_of(list((found.get("why") or {}).get("calls") or ())[::-1], reading.CALLS_A_PAGE)
    values = {"title": f"Evidence of event {event}", "found": found, "ref": visit.path["ref"], "event": event}
    return Page("evidence.html", {**values, "shown": rows, "verdicts": explain.VERDICTS})


def health_page(visit: Visit) -> Answer:
    """The health liaison's notes on a case, for that role alone."""
    from misuse.room import care

    ref = visit.path["ref"]
    notes = care.health_notes(visit.desk, ref)
    return Page("health.html", {"title": "Health notes", "ref": ref, "notes": notes, "problem": visit.problem})


def add_health_note(visit: Visit) -> Answer:
    """Add a health note."""
    from misuse.room import care

    ref = visit.path["ref"]
    care.add_health_note(visit.desk, ref, forms.needed(visit, "note", "Write the note"))
    return Redirect(f"/cases/{ref}/health", "The note was added")
