"""Taskings of boroughs: the one page, the identified edition, the return slip, telling withheld."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from misuse.web import access, forms, words
from misuse.web.forms import Field, Missing
from misuse.web.visits import Download, Page, Redirect

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit

PDF = "application/pdf"
ANSWERS = (
    ("accepted", "Accepted: we take it"),
    ("refused", "Refused: we do not, and say why"),
    ("done", "Done: and what was done"),
    ("debriefed", "Debrief: what was learnt"),
)


def listing(visit: Visit) -> Answer:
    """The taskings that the person may see: a borough sees its own alone."""
    from misuse.room import boroughs

    rows = boroughs.taskings(visit.desk)
    rows = sorted(rows, key=lambda row: (row["state"] in ("done", "debriefed", "refused"), str(row["deadline"])))
    withheld = boroughs.withheld(visit.desk) if access.may("task_borough", visit.role) else []
    return Page("taskings.html", {"title": "Taskings", "rows": rows, "withheld": withheld})


def escalate(visit: Visit) -> Answer:
    """Put what is overdue up to borough management now; every run does so too."""
    from misuse.room import boroughs

    up = boroughs.escalate(visit.desk)
    return Redirect("/taskings", f"Gone up: {', '.join(up)}" if up else "Nothing overdue had still to go up")


def page(visit: Visit) -> Answer:
    """One tasking: who, where, why, risk, vulnerability, the ask, the deadline, what not to do; and the return slip."""
    from misuse.room import boroughs

    found = boroughs.tasking(visit.desk, visit.path["tasking"])
    answers = [(value, told) for value, told in ANSWERS if value in found["may_answer"]]
    fields = (
        Field("answer", "Answer", "radios", choices=answers),
        Field("told", "What you want the group to know", "area", "No name, number or address."),
    )
    values = {"title": f"Tasking {visit.path['tasking']}", "found": found, "fields": forms.filled(visit, fields)}
    return Page("tasking.html", {**values, "tasking": visit.path["tasking"], "problem": visit.problem})


def answer(visit: Visit) -> Answer:
    """A return slip, by screen or from paper."""
    from misuse.room import boroughs

    given = forms.needed(visit, "answer", "Choose the answer")
    told = forms.needed(visit, "told", "Enter what the group should know")
    boroughs.answer(visit.desk, visit.path["tasking"], given, told)
    return Redirect(f"/taskings/{visit.path['tasking']}", "The answer is recorded")


def pdf(visit: Visit) -> Answer:
    """The tasking as one page of PDF, pseudonymous."""
    from misuse.room.papers import slips

    name = visit.path["tasking"]
    return Download(slips.tasking_pdf(visit.desk, name), f"tasking_{name}.pdf", PDF)


def slip_pdf(visit: Visit) -> Answer:
    """The return slip on paper."""
    from misuse.room.papers import slips

    name = visit.path["tasking"]
    return Download(slips.return_slip_pdf(visit.desk, name), f"return_slip_{name}.pdf", PDF)


_IDENTIFIED = (
    Field("recipient", "For one named recipient", hint="Who gets this copy; it is printed across the page."),
    forms.reason("Why this person needs the identity. A disclosure, recorded as one."),
    Field("expires_on", "Destroyed by", "date"),
)


def identified_page(visit: Visit) -> Answer:
    """The form of the identified edition."""
    name = visit.path["tasking"]
    return forms.page(
        visit,
        "Identified edition",
        _IDENTIFIED,
        caption=f"Tasking {name}",
        action=f"/taskings/{name}/identified",
        button="Make the identified edition",
        back=f"/taskings/{name}",
        warning="It shows who the person is. It is watermarked for its recipient and logged as a disclosure.",
    )


def identified(visit: Visit) -> Answer:
    """The identified edition for one named recipient."""
    from misuse.room.papers import slips

    name = visit.path["tasking"]
    recipient = forms.needed(visit, "recipient", "Enter who gets it")
    reason = forms.needed(visit, "reason", "Enter why")
    expires = a_day(visit, "expires_on").isoformat()
    return Download(
        slips.identified_pdf(visit.desk, name, recipient, reason, expires), f"tasking_{name}_identified.pdf", PDF
    )


def task_page(visit: Visit) -> Answer:
    """The form that tasks a borough."""
    known = [str(row["value"]) for row in visit.published.rows("tasking_choices") if row["kind"] == "borough"]
    choices = [("", "Choose"), *((name, words.place(name)) for name in known)]
    fields = (
        Field("borough", "Borough", "choice", choices=choices),
        Field(
            "ask", "What is asked", "area", "The borough owns the action; neighbourhood officers are asked through it."
        ),
        Field("deadline", "By", "date"),
        Field("risk", "Risk", "area", "To the person, to officers, to others.", rows=2),
        Field("not_to_do", "What not to do", "area", "What would make it worse.", rows=2),
    )
    return forms.of_case(
        visit,
        "Task a borough",
        fields,
        "task",
        button="Send the tasking",
        intro=["One page, pseudonymous. An identified edition is made apart, for one named recipient."],
    )


def task(visit: Visit) -> Answer:
    """Task a borough."""
    from misuse.room import boroughs

    ref = visit.path["ref"]
    borough = forms.needed(visit, "borough", "Choose the borough")
    ask = forms.needed(visit, "ask", "Enter what is asked")
    deadline = a_day(visit, "deadline").isoformat()
    risk, not_to_do = forms.needed(visit, "risk", "Enter the risk"), visit.form.text("not_to_do")
    tasking_id = boroughs.task(visit.desk, ref, borough, ask, deadline, risk, not_to_do)
    return Redirect(f"/taskings/{tasking_id}", f"Tasking {tasking_id} is sent")


_WITHHOLD = (
    Field("borough", "Borough"),
    forms.reason("Which operation it would compromise."),
    Field("until", "Until", "date"),
)


def withhold_page(visit: Visit) -> Answer:
    """The form that withholds telling a borough."""
    return forms.of_case(
        visit,
        "Withhold telling a borough",
        _WITHHOLD,
        "withhold",
        button="Withhold",
        intro=["Boroughs are told which units act in their area. This is the exception, under your name, and it ends."],
    )


def withhold(visit: Visit) -> Answer:
    """Withhold telling a borough, under a name, with a reason and an end."""
    from misuse.room import boroughs

    ref = visit.path["ref"]
    borough, reason = forms.needed(visit, "borough", "Enter the borough"), forms.needed(visit, "reason", "Enter why")
    boroughs.withhold_telling(visit.desk, ref, borough, reason, a_day(visit, "until").isoformat())
    return Redirect(f"/cases/{ref}", "Telling the borough is withheld")


def a_day(visit: Visit, name: str) -> date:
    """A field that holds a day. Errors: Missing where it is empty or no day."""
    try:
        return date.fromisoformat(forms.needed(visit, name, "Enter the day"))
    except ValueError:
        raise Missing(name, "The day must be written as 2026-01-31") from None
