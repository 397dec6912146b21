"""Signing in and out, one's password, and the first page of each role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misuse.errors import Refused
from misuse.web import access, forms
from misuse.web.forms import Field, Missing
from misuse.web.routes import MENU, route_of
from misuse.web.visits import Page, Redirect

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit

SHORTEST_PASSWORD = 12
_SIGN_IN = (
    Field("name", "User name", autocomplete="username"),
    Field("password", "Password", "password", autocomplete="current-password"),
)
_PASSWORD = (
    Field("old", "Your password now", "password", autocomplete="current-password"),
    Field("new", "New password", "password", f"At least {SHORTEST_PASSWORD} characters.", autocomplete="new-password"),
    Field("again", "New password again", "password", autocomplete="new-password"),
)


def sign_in_page(visit: Visit) -> Answer:
    """The form to sign in."""
    if visit.user:
        return Redirect("/")
    return Page("sign_in.html", {"title": "Sign in", "fields": forms.filled(visit, _SIGN_IN), "problem": visit.problem})


def sign_in(visit: Visit) -> Answer:
    """Sign somebody in, under a session of a new name."""
    from misuse.room import people

    name = forms.needed(visit, "name", "Enter your user name")
    password = visit.form.text("password") or ""
    try:
        who = people.sign_in(visit.settings, name, password, origin=visit.peer, now=visit.now)
    except Refused as refused:
        raise Missing("name", refused.message, next_step=refused.next_step) from None
    visit.sessions.end(visit.session)
    version = people.credentials_version(visit.desk_as(str(who["name"])))
    visit.renew(visit.sessions.begin(visit.now, user=str(who["name"]), credentials=version))
    return Redirect("/")


def sign_out(visit: Visit) -> Answer:
    """End the session."""
    from misuse.room import people

    people.sign_out(visit.desk)
    visit.sessions.end(visit.session)
    visit.renew(visit.sessions.begin(visit.now))
    return Redirect("/sign-in")


def password_page(visit: Visit) -> Answer:
    """The form for one's own password."""
    return forms.page(
        visit,
        "Change your password",
        _PASSWORD,
        action="/password",
        button="Change password",
        intro=["Everywhere else you are signed in, you are signed out."],
    )


def change_password(visit: Visit) -> Answer:
    """Give oneself another password."""
    from misuse.room import people

    new = forms.needed(visit, "new", "Enter a new password")
    if new != visit.form.text("again"):
        raise Missing("again", "The two new passwords differ")
    try:
        people.set_password(visit.desk, str(visit.user["name"]), new, old=visit.form.text("old"))
    except Refused as refused:
        raise Missing("old", refused.message, next_step=refused.next_step) from None
    visit.sessions.end_others(str(visit.user["name"]))
    version = people.credentials_version(visit.desk)
    visit.renew(visit.sessions.begin(visit.now, user=str(visit.user["name"]), credentials=version))
    return Redirect("/", "Your password was changed")


def home(visit: Visit) -> Answer:
    """The first page of the menu that the role may open; an administrator's is that of users."""
    if visit.role == "administrator":
        return Redirect("/administration")
    for path, _ in MENU:
        place = route_of("GET", path)
        if place is not None and access.may(place.permission, visit.role):
            return Redirect(path)
    return Redirect("/password")
