"""Rights of people and retention: clocks, disposal, representations, correction, access, delisting, the assessment's inputs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from misuse.errors import InputError
from misuse.web import access, forms
from misuse.web.forms import Field
from misuse.web.pages.boroughs import a_day
from misuse.web.visits import Download, Page, Redirect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from misuse.web.visits import Answer, Visit

OUTCOMES = (("upheld", "Upheld"), ("part_upheld", "Upheld in part"), ("not_upheld", "Not upheld"))
_CASE = Field("case_ref", "Case or caller id")
_REPRESENTATION = (
    _CASE,
    Field("told", "What was said", "area", "In the person's own words, without a name, number or address."),
    Field("from_whom", "From whom", hint="The person, a solicitor, a carer. No name."),
)
_CORRECTION = (
    Field("event_id", "Number of the event", "number", "As the audit shows it. Nothing is written over."),
    Field("told", "What is right", "area"),
)
_ACCESS = (
    _CASE,
    forms.reason("Whose request, and how it was checked that it is theirs. It is a look, and recorded as one."),
    Field(
        "form", "As what", "choice",
        hint="Read it before it is given: what would harm somebody is for you to take out.",
        choices=(("paper", "A paper to read"), ("data", "Data, with every field, for a program")),
    ),
)  # fmt: skip
_DELIST = (_CASE, forms.reason("Why the person is kept off the list."), Field("until", "Until", "date"))
_DISPOSE = (
    Field(
        "ground", "On what ground", "choice",
        choices=(("due", "Its time is over"), ("upheld", "A representation was upheld")),
    ),
    forms.reason("What goes is gone in every store, with a certificate. It cannot be taken back."),
)  # fmt: skip


def page(visit: Visit) -> Answer:
    """Every case's clocks, representations and corrections, and what may be done."""
    from misuse.room import rights

    desk = visit.desk
    values = {
        "title": "Rights and retention",
        "clocks": rights.clocks(desk),
        "representations": rights.representations(desk),
        "corrections": rights.corrections(desk),
        "outcomes": OUTCOMES,
        "problem": visit.problem,
    }
    return Page("rights.html", values)


def assessment(visit: Visit) -> Answer:
    """The inputs of the data protection impact assessment, made from what runs."""
    from misuse.room import assessment as made

    text = made.inputs(visit.desk)
    head = f"{visit.settings.protective_marking}\n\n"
    return Download((head + text).encode(), "dpia_inputs.md", "text/markdown; charset=utf-8")


def represent_page(visit: Visit) -> Answer:
    """The form that takes in a representation."""
    return _form(visit, "Take in a representation", _REPRESENTATION, "/rights/representations", "Take it in")


def represent(visit: Visit) -> Answer:
    """Take in what somebody says against being listed."""
    from misuse.room import rights

    ref, told, whom = (_needed(visit, _REPRESENTATION, name) for name in ("case_ref", "told", "from_whom"))
    number = rights.representation(visit.desk, ref, told, whom)
    return Redirect("/rights" if access.may("read_rights", visit.role) else "/", f"Representation {number} is taken in")


def answer_page(visit: Visit) -> Answer:
    """The form that answers a representation."""
    fields = (Field("outcome", "Outcome", "radios", choices=OUTCOMES), forms.reason("The person gets it."))
    name = visit.path["representation"]
    return _form(visit, f"Answer representation {name}", fields, f"/rights/representations/{name}", "Answer it")


def answer(visit: Visit) -> Answer:
    """Answer a representation."""
    from misuse.room import rights

    outcome, reason = forms.needed(visit, "outcome", "Choose the outcome"), forms.needed(visit, "reason", "Enter why")
    rights.answer_representation(visit.desk, visit.path["representation"], outcome, reason)
    return Redirect("/rights", f"Representation {visit.path['representation']} is answered")


def correct_page(visit: Visit) -> Answer:
    """The form that corrects what an event says."""
    return _form(visit, "Correct the record", _CORRECTION, "/rights/corrections", "Record the correction")


def correct(visit: Visit) -> Answer:
    """Record a correction beside what it corrects."""
    from misuse.room import rights

    number = _needed(visit, _CORRECTION, "event_id")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise forms.Missing("event_id", "The number of an event is a whole number")
    rights.correct(visit.desk, int(number), _needed(visit, _CORRECTION, "told"))
    return Redirect(
        "/rights" if access.may("read_rights", visit.role) else "/", "The correction stands beside the event"
    )


def access_page(visit: Visit) -> Answer:
    """The form that gives somebody what is held of them."""
    return _form(visit, "Give a person what is held of them", _ACCESS, "/rights/access", "Make the file")


def give_access(visit: Visit) -> Answer:
    """Everything held of a person, for the person: a paper, or every field."""
    from misuse.room import rights
    from misuse.room.papers import access as paper

    ref, reason = (_needed(visit, _ACCESS, name) for name in ("case_ref", "reason"))
    held = rights.subject_access(visit.desk, ref, reason)
    name = f"subject_access_{held['caller_id']}"
    if visit.form.text("form") != "data":
        return Download(paper.access_pdf(visit.desk, held), f"{name}.pdf", "application/pdf")
    found = {"marking": visit.settings.protective_marking, **held}
    content = json.dumps(found, indent=1, default=str, ensure_ascii=False).encode()
    return Download(content, f"{name}.json", "application/json")


def delist_page(visit: Visit) -> Answer:
    """The form that takes somebody off the list for a time."""
    return _form(visit, "Keep a person off the list", _DELIST, "/rights/delist", "Keep off the list")


def delist(visit: Visit) -> Answer:
    """Take somebody off the list for a time."""
    from misuse.room import rights

    ref, reason = (_needed(visit, _DELIST, name) for name in ("case_ref", "reason"))
    rights.delist(visit.desk, ref, reason, a_day(visit, "until").isoformat())
    return Redirect("/rights", "The person is kept off the list until that day")


def dispose_page(visit: Visit) -> Answer:
    """The form that puts a person away in every store."""
    ref = visit.path["ref"]
    made = _form(visit, "Dispose of what is held", _DISPOSE, f"/rights/cases/{ref}/dispose", "Dispose, for good")
    return Page(made.template, {**made.values, "caption": f"Case {ref}", "danger": True})


def dispose(visit: Visit) -> Answer:
    """Put a person away in every store, with a certificate."""
    from misuse.room import rights

    ref = visit.path["ref"]
    reason = forms.needed(visit, "reason", "Enter why")
    done = rights.dispose(visit.desk, ref, reason, ground=visit.form.text("ground") or "due")
    return Redirect("/rights", f"Disposed of; the certificate is event {done['event_id']}")


def dispose_lists(visit: Visit) -> Answer:
    """Put away frozen lists that are past their time, whole; never the newest."""
    from misuse.room import rights

    gone = rights.dispose_lists(visit.desk, forms.needed(visit, "reason", "Enter why"))
    return Redirect("/rights", f"{len(gone)} frozen lists were put away" if gone else "No frozen list is past its time")


def _needed(visit: Visit, fields: Sequence[Field], name: str) -> str:
    label = next(field.label for field in fields if field.name == name)
    found = forms.needed(visit, name, f"Fill in: {label[:1].lower()}{label[1:]}")
    if name == "case_ref" and not found[:1].isalpha():
        raise InputError("that is neither a case reference nor a caller id", next_step="take it from the list")
    return found


def _form(visit: Visit, title: str, fields: Sequence[Field], action: str, button: str) -> Page:
    return forms.page(visit, title, fields, action=action, button=button, back="/rights", back_text="Rights")
