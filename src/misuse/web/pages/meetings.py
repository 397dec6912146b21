"""The tasking cycle: terms, the frozen list, preparation, the meeting's decisions, minutes, results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from misuse.web import forms, words
from misuse.web.forms import Field, Missing
from misuse.web.visits import Download, Page, Redirect

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit

PDF = "application/pdf"
_TERMS = (
    Field("purpose", "Purpose", "area"),
    Field("scope", "Scope: what is in, and what is not", "area"),
    Field("commissioner", "Commissioned by", hint="A post, not a person."),
    Field("cadence_days", "Days between meetings", "number", value="14"),
    Field(
        "agenda_items",
        "Standing items of the agenda",
        "area",
        "One a line. The debrief is always among them.",
        is_required=False,
    ),
)
_MEETING = (
    Field("chair", "In the chair", hint="The user name."),
    Field("attendees", "Attending", "area", "One a line: post and unit."),
)
_ACTION = (
    Field("case_ref", "Case", hint="Left empty: an action of the group.", is_required=False),
    Field("action", "Action", "area", rows=2),
    Field("lead", "Lead", hint="The user name or post who answers for it."),
    Field("deadline", "Deadline", "date"),
    Field("milestone", "Milestone", hint="What will be seen on the way."),
    Field("target", "Target", hint="What will be true when it is done."),
)


def cycles(visit: Visit) -> Answer:
    """Every meeting, the terms, and the button that freezes the next list."""
    from misuse.room import meetings

    values = {"title": "Meetings", "rows": meetings.cycles(visit.desk), "terms": meetings.terms(visit.desk)}
    return Page("cycles.html", values)


def freeze(visit: Visit) -> Answer:
    """Freeze the published list for the meeting."""
    from misuse.room import meetings

    done = meetings.freeze(visit.desk)
    return Redirect(
        f"/cycles/{done['cycle']}", f"The list of {words.day(done['as_of'])} is frozen; its whole pool is kept"
    )


def terms_page(visit: Visit) -> Answer:
    """The form of the terms of reference."""
    from misuse.room import meetings

    terms = meetings.terms(visit.desk) or {}
    fields = [forms.valued(field, terms.get(field.name)) for field in _TERMS]
    return _form(visit, "Terms of reference", fields, "/cycles/terms", "Set the terms", "/cycles")


def set_terms(visit: Visit) -> Answer:
    """Set the terms of reference."""
    from misuse.room import meetings

    values = {name: forms.needed(visit, name, f"Enter the {name}") for name in ("purpose", "scope", "commissioner")}
    days = forms.needed(visit, "cadence_days", "Enter how many days")
    if not (days.isascii() and days.isdecimal() and len(days) < 4) or not 1 <= int(days) <= 366:
        raise Missing("cadence_days", "The days must be a number from 1 to 366")
    meetings.set_terms(visit.desk, **values, cadence_days=int(days), agenda_items=_lines(visit, "agenda_items"))
    return Redirect("/cycles", "The terms are set")


def cycle(visit: Visit) -> Answer:
    """One meeting: its list, what is prepared, what was decided, agenda, actions."""
    from misuse.room import meetings, results

    found = meetings.cycle(visit.desk, visit.path["cycle"])
    rows = [row for row in found["rows"] if row["part"] < 4]
    values = {
        "title": f"Meeting {found['cycle']}",
        "found": found,
        "rows": rows,
        "waiting": len(found["rows"]) - len(rows),
    }
    return Page("cycle.html", {**values, "profile": results.problem_profile(visit.desk, visit.path["cycle"])})


def prepare_page(visit: Visit) -> Answer:
    """The form that prepares a case: what will be asked of the meeting."""
    from misuse.room import cases

    ref, cycle_id = visit.path["ref"], visit.path["cycle"]
    move = visit.query.get("move") or visit.form.text("move")
    offers = [row for row in cases.offered(visit.desk, ref) if row["move"] not in ("halt", "list", "wait")]
    chosen = next((row for row in offers if row["move"] == move), None)
    fields = forms.filled(visit, _fields(chosen)) if chosen else []
    values = {"title": "Prepare a case", "ref": ref, "cycle": cycle_id, "offers": offers, "chosen": chosen}
    return Page("prepare.html", {**values, "fields": fields, "problem": visit.problem})


def prepare(visit: Visit) -> Answer:
    """Prepare a case for the meeting."""
    from misuse.room import cases, meetings
    from misuse.web.pages import deciding

    ref, cycle_id = visit.path["ref"], visit.path["cycle"]
    move = forms.needed(visit, "move", "Choose what the meeting is asked")
    offered = next((row for row in cases.offered(visit.desk, ref) if row["move"] == move), None)
    if offered is None:
        raise Missing("move", "The case has no such move as it stands")
    meetings.prepare(visit.desk, cycle_id, ref, move, deciding.given(visit, offered))
    return Redirect(f"/cycles/{cycle_id}", f"Case {ref} is prepared")


def decide_page(visit: Visit) -> Answer:
    """The prepared decision, to be made in the meeting with a few keystrokes."""
    from misuse.room import meetings

    ref, cycle_id = visit.path["ref"], visit.path["cycle"]
    found = meetings.cycle(visit.desk, cycle_id)
    row = next((row for row in found["rows"] if row["case_ref"] == ref), None)
    values = {"title": "Decide", "ref": ref, "cycle": cycle_id, "row": row, "found": found, "problem": visit.problem}
    return Page("decide.html", values)


def decide(visit: Visit) -> Answer:
    """Make the prepared decision, or leave the case with why."""
    from misuse.room import meetings

    ref, cycle_id = visit.path["ref"], visit.path["cycle"]
    if visit.form.text("choice") == "leave":
        meetings.leave(visit.desk, cycle_id, ref, forms.needed(visit, "reason", "Enter why it is not taken"))
        return Redirect(f"/cycles/{cycle_id}", f"Case {ref} is left, with why")
    changes: dict[str, Any] = {"reason": visit.form.text("reason")} if visit.form.text("reason") else {}
    text = visit.form.text("prepared_as")
    prepared_as = forms.numbered(text, "the meeting") if text else None
    dissent = visit.form.text("dissent")
    done = meetings.decide(visit.desk, cycle_id, ref, dissent=dissent, prepared_as=prepared_as, **changes)
    return Redirect(f"/cycles/{cycle_id}", f"Case {ref} is now {str(done['status']).replace('_', ' ')}")


def open_page(visit: Visit) -> Answer:
    """The form that opens a meeting."""
    cycle_id = visit.path["cycle"]
    return _form(
        visit, "Open the meeting", _MEETING, f"/cycles/{cycle_id}/open", "Open the meeting", f"/cycles/{cycle_id}"
    )


def open_meeting(visit: Visit) -> Answer:
    """Open the meeting: who is in the chair, who attends."""
    from misuse.room import meetings

    cycle_id = visit.path["cycle"]
    chair = forms.needed(visit, "chair", "Enter who is in the chair")
    meetings.open_meeting(visit.desk, cycle_id, chair, _lines(visit, "attendees"))
    return Redirect(f"/cycles/{cycle_id}", "The meeting is open")


def minutes(visit: Visit) -> Answer:
    """The minutes: what was decided, by whom, on what; the casebook's head beneath."""
    from misuse.room import meetings

    cycle_id = visit.path["cycle"]
    found = meetings.minutes(visit.desk, cycle_id)
    values = {"title": f"Minutes of {cycle_id}", "found": found, "cycle": cycle_id}
    values["not_as_signed"] = meetings.NOT_AS_SIGNED[found["is_redacted"]]
    return Page("minutes.html", values | {"not_reached": meetings.not_reached(found)})


def sign(visit: Visit) -> Answer:
    """Sign the minutes off."""
    from misuse.room import meetings

    cycle_id = visit.path["cycle"]
    done = meetings.sign_minutes(visit.desk, cycle_id)
    return Redirect(f"/cycles/{cycle_id}/minutes", f"The minutes are signed; digest {str(done['digest'])[:16]}")


def minutes_pdf(visit: Visit) -> Answer:
    """The minutes as PDF."""
    from misuse.room.papers import cycle as paper

    cycle_id = visit.path["cycle"]
    return Download(paper.minutes_pdf(visit.desk, cycle_id), f"minutes_{cycle_id}.pdf", PDF)


def agenda_pdf(visit: Visit) -> Answer:
    """The agenda as PDF."""
    from misuse.room.papers import cycle as paper

    cycle_id = visit.path["cycle"]
    return Download(paper.agenda_pdf(visit.desk, cycle_id), f"agenda_{cycle_id}.pdf", PDF)


def results(visit: Visit) -> Answer:
    """What came of earlier decisions: a comparison, not an effect."""
    from misuse.room import results as room_results

    cycle_id = visit.path["cycle"]
    found = room_results.results(visit.desk, cycle_id)
    return Page("results.html", {"title": f"Results before {cycle_id}", "found": found, "cycle": cycle_id})


def action_page(visit: Visit) -> Answer:
    """The form of an action."""
    cycle_id = visit.path["cycle"]
    return _form(
        visit, "Set an action", _ACTION, f"/cycles/{cycle_id}/actions", "Set the action", f"/cycles/{cycle_id}"
    )


def set_action(visit: Visit) -> Answer:
    """Set an action with lead, deadline, milestone and target."""
    from misuse.room import actions

    cycle_id = visit.path["cycle"]
    values = {field.name: forms.needed(visit, field.name, f"Enter the {field.label.lower()}") for field in _ACTION[1:]}
    actions.set_action(visit.desk, cycle_id, visit.form.text("case_ref") or None, **values)
    return Redirect(f"/cycles/{cycle_id}", "The action is set")


def debrief(visit: Visit) -> Answer:
    """Record a debrief."""
    from misuse.room import actions

    cycle_id = visit.path["cycle"]
    told = forms.needed(visit, "debrief", "Enter what was learnt")
    actions.debrief(visit.desk, cycle_id, visit.form.text("case_ref") or None, told)
    return Redirect(f"/cycles/{cycle_id}", "The debrief is recorded")


def _fields(offered: dict[str, Any]) -> list[Field]:
    from misuse.web.pages import deciding

    return deciding.fields_of(offered)


def _form(visit: Visit, title: str, fields: Any, action: str, button: str, back: str) -> Page:
    return forms.page(visit, title, fields, action=action, button=button, back=back)


def _lines(visit: Visit, name: str) -> list[str]:
    return [line.strip() for line in visit.form.text(name).splitlines() if line.strip()]
