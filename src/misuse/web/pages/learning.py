"""What outlasts a meeting: actions, lessons, bids of boroughs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misuse.web import forms
from misuse.web.forms import Field
from misuse.web.visits import Page, Redirect

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit

_ABOUT = (
    ("worked", "It worked"),
    ("did_not_work", "It did not work"),
    ("process", "How we work"),
    ("safeguarding", "Safeguarding"),
)
_LESSON = (
    Field("told", "Lesson", "area", "What was tried, what came of it, what to do another time. Name nobody."),
    Field("about", "What it is about", "choice", choices=_ABOUT),
    Field("case_ref", "Case", is_required=False),
)
_BID = (
    Field("borough", "Borough"),
    Field("resource", "What is asked for", hint="Officers, hours, a visit, a letter."),
    forms.reason("Why, and what it will change."),
    Field("case_ref", "Case", is_required=False),
)


def actions(visit: Visit) -> Answer:
    """One's own actions, or everybody's."""
    from misuse.room import actions as room_actions

    is_all = visit.query.get("show") == "all"
    rows = room_actions.actions(visit.desk, mine=not is_all)
    return Page("actions.html", {"title": "Actions" if is_all else "My actions", "rows": rows, "is_all": is_all})


def update_action(visit: Visit) -> Answer:
    """Say what became of an action."""
    from misuse.room import actions as room_actions

    told = forms.needed(visit, "told", "Enter what was done")
    room_actions.update_action(visit.desk, visit.path["action"], forms.needed(visit, "state", "Choose the state"), told)
    return Redirect("/actions", f"Action {visit.path['action']} was updated")


def lessons(visit: Visit) -> Answer:
    """The register of lessons, and the form that adds to it."""
    from misuse.room import actions as room_actions

    values = {"title": "Lessons", "rows": room_actions.lessons(visit.desk), "fields": forms.filled(visit, _LESSON)}
    return Page("lessons.html", {**values, "problem": visit.problem})


def add_lesson(visit: Visit) -> Answer:
    """Add a lesson."""
    from misuse.room import actions as room_actions

    told = forms.needed(visit, "told", "Enter the lesson")
    room_actions.add_lesson(
        visit.desk, told, visit.form.text("about") or "process", visit.form.text("case_ref") or None
    )
    return Redirect("/lessons", "The lesson was added")


def bids(visit: Visit) -> Answer:
    """Bids of boroughs, each with its outcome and why."""
    from misuse.room import actions as room_actions

    fields = [forms.valued(field, visit.user.get("borough") if field.name == "borough" else None) for field in _BID]
    values = {"title": "Bids", "rows": room_actions.bids(visit.desk), "fields": forms.filled(visit, fields)}
    return Page("bids.html", {**values, "problem": visit.problem})


def bid(visit: Visit) -> Answer:
    """Make a bid."""
    from misuse.room import actions as room_actions

    borough, resource, reason = (
        forms.needed(visit, name, f"Enter the {name}") for name in ("borough", "resource", "reason")
    )
    room_actions.bid(visit.desk, borough, resource, reason, visit.form.text("case_ref") or None)
    return Redirect("/bids", "The bid goes before the next meeting")


def decide_bid(visit: Visit) -> Answer:
    """Decide a bid; its borough gets the reason."""
    from misuse.room import actions as room_actions

    outcome = forms.needed(visit, "outcome", "Choose the outcome")
    room_actions.decide_bid(visit.desk, visit.path["bid"], outcome, forms.needed(visit, "reason", "Enter why"))
    return Redirect("/bids", "The outcome is recorded with its reason")
