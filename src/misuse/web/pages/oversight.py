"""Audit, administration, the rights of people, and the page on how all this works."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from misuse import cycle, review
from misuse.web import access, forms
from misuse.web.forms import Field, Missing
from misuse.web.pages.door import SHORTEST_PASSWORD
from misuse.web.visits import Download, Page, Redirect

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit

AT_ONCE = 50
_ROLES = [(role, role.capitalize()) for role in review.ROLES if role != "pipeline"]
_ADD = (
    Field("name", "User name"),
    Field("role", "Role", "choice", choices=[("", "Choose"), *_ROLES]),
    Field("borough", "Borough", hint="For the role borough: it sees its own alone.", is_required=False),
    Field("password", "First password", "password", f"At least {SHORTEST_PASSWORD} characters; they change it.", is_required=False),
)  # fmt: skip


def audit(visit: Visit) -> Answer:
    """What was done and seen, by whom, and whether the record is whole. Reading it is recorded too."""
    from misuse.casebook import KINDS
    from misuse.room import audit as room_audit

    query = visit.query
    before = visit.number("before") or None
    wanted = {name: query.get(name) or None for name in ("kind", "case_ref", "actor")}
    rows = room_audit.events(
        visit.desk,
        kind=wanted["kind"],
        case_ref=wanted["case_ref"],
        actor=wanted["actor"],
        before=before,
        limit=AT_ONCE,
    )
    if wanted["case_ref"]:
        rows = _with_callers_own(visit, rows, wanted, before)
    head, is_asked = query.get("head") or None, query.get("check") == "now"
    check = partial(room_audit.verify, visit.desk, head)
    state = check() if head or is_asked else visit.published.lately("the record", visit.now, check)
    values = {
        "title": "Audit",
        "rows": rows,
        "state": state,
        "wanted": wanted,
        "kinds": sorted(KINDS),
        "actors": room_audit.actors(visit.desk),
        "at_once": AT_ONCE,
        "head": head,
    }
    return Page("audit.html", values)


def export(visit: Visit) -> Answer:
    """Every event, for whoever checks the record elsewhere. Reading it is recorded too."""
    from misuse.room import audit as room_audit

    found = {"marking": visit.settings.protective_marking, "events": room_audit.export_events(visit.desk)}
    content = json.dumps(found, indent=1, default=str, ensure_ascii=False).encode()
    return Download(content, "casebook_events.json", "application/json")


def _with_callers_own(
    visit: Visit, rows: list[dict[str, Any]], wanted: Mapping[str, str | None], before: int | None
) -> list[dict[str, Any]]:
    """A case's events and those of its caller that name no case, such as stops and looks; newest first."""
    from misuse.room import audit as room_audit

    callers = {row["caller_id"] for row in rows if row["caller_id"]}
    found = {row["event_id"]: row for row in rows}
    for caller in sorted(callers):
        own = room_audit.events(
            visit.desk, kind=wanted["kind"], caller=caller, actor=wanted["actor"], before=before, limit=AT_ONCE
        )
        found |= {row["event_id"]: row for row in own}
    return [found[number] for number in sorted(found, reverse=True)][:AT_ONCE]


def administration(visit: Visit) -> Answer:
    """Who may do what, and the forms that change it."""
    from misuse.room import people

    values = {"title": "Administration", "rows": people.users(visit.desk), "roles": _ROLES}
    fields = forms.filled(visit, _ADD)
    return Page("administration.html", {**values, "fields": fields, "problem": visit.problem})


def add_user(visit: Visit) -> Answer:
    """Add a user."""
    from misuse.room import people

    name, role = forms.needed(visit, "name", "Enter the name"), forms.needed(visit, "role", "Choose the role")
    borough, password = visit.form.text("borough") or None, visit.form.text("password") or None
    people.add_user(visit.desk, name, role, borough=borough, password=password)
    return Redirect("/administration", f"{name} is {role}")


def user_page(visit: Visit) -> Answer:
    """The forms that change one user."""
    from misuse.errors import InputError
    from misuse.room import people

    row = next((row for row in people.users(visit.desk) if row["name"] == visit.path["user"]), None)
    if row is None:
        raise InputError("nobody of that name is on the list", next_step="go back to administration")
    return Page("user.html", {"title": f"User {row['name']}", "row": row, "roles": _ROLES, "problem": visit.problem})


def change_user(visit: Visit) -> Answer:
    """Give a user another role, or none."""
    from misuse.room import people

    name, role = visit.path["user"], forms.needed(visit, "role", "Choose the role")
    people.change_user(visit.desk, name, role, borough=visit.form.text("borough") or None)
    visit.sessions.end_others(name, visit.session)
    return Redirect("/administration", f"{name} is now {role}")


def reset_password(visit: Visit) -> Answer:
    """Give a user a new first password; every session of theirs ends."""
    from misuse.room import people

    name, password = visit.path["user"], forms.needed(visit, "password", "Enter the new password")
    if len(password) < SHORTEST_PASSWORD:
        raise Missing("password", f"The password needs at least {SHORTEST_PASSWORD} characters")
    people.set_password(visit.desk, name, password)
    visit.sessions.end_others(name, visit.session)
    return Redirect("/administration", f"{name} has a new password")


def process(visit: Visit) -> Answer:
    """How a case goes, who does what, what boroughs can ask for: anyone may read it."""
    moves = [(state, move, legal) for (state, move), legal in review.MOVES.items()]
    sees = {**review.PERMISSIONS, **access.SEES}
    values = {
        "title": "How this works", "moves": moves, "owners": review.OWNERS, "permissions": sees, "roles": _ROLES,
        "cadence_days": cycle.cadence_days(visit.settings),
    }  # fmt: skip
    return Page("process.html", values)
