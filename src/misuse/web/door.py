"""The door that every request goes through: who is it, may they, was the form ours, and what to say if not.

Refusals are recorded in the casebook under the name of whoever was refused, with the route, never with what was sent.
"""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from misuse.errors import InputError, LockHeld, MisuseError, Refused, ResourceError, UsageError, is_out_of_room
from misuse.settings import Settings
from misuse.web import access
from misuse.web.published import Published
from misuse.web.render import Renderer
from misuse.web.routes import Route, page_of
from misuse.web.sessions import COOKIE, Session, Sessions
from misuse.web.visits import Answer, Form, Page, Redirect, Visit, desk_of

FORM_TOKEN = "form_token"  # noqa: S105 - the field's name
OWN_SITES = ("same-origin", "none", "")
_FORGED = "this form did not come from a page of yours, or your sign-in ended meanwhile"
_REPLAYED = "this form was sent already; it did its work once"


@dataclass
class Arrival:
    """One request as it came, and who it was found to be from."""

    route: Route
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Form | None
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    peer: str
    now: datetime
    session: Session | None = None
    user: Mapping[str, Any] = field(default_factory=dict)
    is_by_gateway: bool = False


class Door:
    """Sessions, permissions and pages of one running room."""

    def __init__(self, settings: Settings, now: Callable[[], datetime], note: Callable[[str], object]) -> None:
        self.settings = settings
        self.now = now
        self.note = note
        self.sessions = Sessions(settings.web)
        self.published = Published(settings)
        self._renderer = Renderer(settings, self.published)

    def arrival(self, route: Route, **given: Any) -> Arrival:
        """A request, with the session that its cookie names."""
        arrived = Arrival(route, now=self.now(), **given)
        if self._is_by_gateway(arrived):  # whoever stands behind it, or one wrong password would count against all
            arrived.peer = arrived.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()[:64] or arrived.peer
        arrived.session = self.sessions.find(arrived.cookies.get(COOKIE, ""), arrived.now)
        return arrived

    def admit(self, arrived: Arrival, handler: Callable[..., Answer], back: Callable[..., Answer] | None) -> Answer:
        """The answer to a request: the page's own, or why there is none."""
        try:
            self._recognise(arrived)
        except MisuseError as error:
            return self._refusal(arrived, error)
        if not arrived.user and arrived.route.permission != access.PUBLIC:
            return Redirect("/sign-in")
        if arrived.session is None:
            arrived.session = self.sessions.begin(arrived.now)
        visit = self.visit(arrived)
        try:
            self._check(arrived, visit)
            answer = handler(visit)
            if isinstance(answer, Redirect) and answer.said:
                arrived.session.said.append(answer.said)
            return answer
        except UsageError as error:
            if back is None or arrived.route.method == "GET":
                return self._refusal(arrived, error)
            return self._again(arrived.route, visit, back, error)
        except MisuseError as error:
            return self._refusal(arrived, error)

    def visit(self, arrived: Arrival) -> Visit:
        """What the page gets."""
        assert arrived.session is not None  # noqa: S101 - `admit` began one
        form = arrived.form or Form()
        return Visit(
            self.settings, self.published, self.sessions, arrived.now, arrived.route.name, arrived.path, arrived.query,
            form, arrived.session, arrived.user, arrived.peer, lambda session: setattr(arrived, "session", session),
        )  # fmt: skip

    def render(self, arrived: Arrival, page: Page) -> str:
        """A page's text, with all that every page shows."""
        session = arrived.session or self.sessions.begin(arrived.now)
        arrived.session = session
        return self._renderer.page(page, session, arrived.user, arrived.now, arrived.route)

    def render_for(self, page: Page, session: Session, user: Mapping[str, Any], route: Route) -> str:
        """A page's text for somebody who did not ask for it."""
        return self._renderer.page(page, session, user, self.now(), route)

    def render_plain(self, page: Page) -> str:
        """A page's text for somebody unknown, somewhere unknown."""
        return self._renderer.page(page, None, {}, self.now(), None)

    def cookie(self, arrived: Arrival) -> tuple[str, str | None]:
        """The cookie's name, and its value where the browser has another."""
        value = self.sessions.cookie(arrived.session) if arrived.session else None
        return COOKIE, None if value == arrived.cookies.get(COOKIE) else value

    def warm(self) -> None:
        """Do once what the first readers would wait for: templates compiled, the copy opened, what both of them import."""
        self._renderer.warm()
        with contextlib.suppress(MisuseError):  # nothing is published yet: the pages say so
            self.published.run()
            with self.published.opened() as con:
                con.execute("select $one", {"one": 1})  # a parameter's first conversion imports pandas

    def fault(self, error: Exception) -> Page:
        """A fault of the program's, or of the machine's."""
        if is_out_of_room(error):
            return self._error(ResourceError("the machine is out of disk or memory", next_step="tell an administrator"))
        message = f"a fault of the program ({type(error).__name__}); nothing half-done was left"
        return self._error(MisuseError(message, next_step="try again, and tell an administrator the time and the page"))

    # Who it is

    def _recognise(self, arrived: Arrival) -> None:
        """The user of the session, as the casebook has them at this moment; a changed password or role ends it."""
        from misuse.room import people

        session = arrived.session
        named = arrived.headers.get(self.settings.web.sign_on_header, "") if self.settings.web.sign_on_header else ""
        if session is None or not session.user or (named and named != session.user):
            arrived.session = None if session is not None and session.user else session
            self._recognise_by_gateway(arrived)
            return
        desk = self._desk(session.user, arrived.now)
        if people.credentials_version(desk) != session.credentials:
            self.sessions.end(session)
            arrived.session = None
            return
        arrived.user = people.whoami(desk)

    def _recognise_by_gateway(self, arrived: Arrival) -> None:
        """Where a force's own gateway names the user, and proves that it is the gateway."""
        from misuse.room import people

        web = self.settings.web
        name = arrived.headers.get(web.sign_on_header, "") if web.sign_on_header else ""
        if not name or not arrived.is_by_gateway:
            return
        arrived.user = people.sign_in_trusted(self.settings, name, origin=arrived.peer, now=arrived.now)
        version = people.credentials_version(self._desk(name, arrived.now))
        arrived.session = self.sessions.begin(arrived.now, user=name, credentials=version)

    def _is_by_gateway(self, arrived: Arrival) -> bool:
        """Whether it came from the gateway's address with the gateway's secret."""
        secret = self.settings.gateway_secret
        if not secret or arrived.peer not in self.settings.web.gateway_addresses.split():
            return False
        arrived.is_by_gateway = hmac.compare_digest(
            arrived.headers.get("x-gateway-secret", "").encode(), secret.encode()
        )
        return arrived.is_by_gateway

    def _desk(self, name: str, now: datetime) -> Any:
        return desk_of(self.settings, self.published, name, now)

    # Whether they may

    def _check(self, arrived: Arrival, visit: Visit) -> None:
        """Errors: Refused, recorded where it is somebody's, for a role that may not and a form that is not ours."""
        if not access.may(arrived.route.permission, visit.role):  # first, or a form that is none would get the page
            raise self._refused(arrived, f"the role {visit.role or 'none'} may not open this page")
        if arrived.route.method == "POST":
            self._check_form(arrived)

    def _check_form(self, arrived: Arrival) -> None:
        if arrived.form is None:
            raise UsageError("that was no form, or too large a one", next_step="go back and send less")
        assert arrived.session is not None  # noqa: S101 - `admit` began one
        wrong = arrived.session.spend(arrived.form.text(FORM_TOKEN))
        if arrived.headers.get("sec-fetch-site", "") not in OWN_SITES:
            wrong = "forged"
        if wrong:
            raise self._refused(arrived, _REPLAYED if wrong == "replayed" else _FORGED)

    def _refused(self, arrived: Arrival, why: str) -> Refused:
        from misuse.room import people

        if arrived.user:
            desk = self._desk(str(arrived.user["name"]), arrived.now)
            people.record_refusal(desk, f"{arrived.route.method} {arrived.route.path}", why)
        step = "go back to the page, load it again and look whether it was done"
        if "role" in why:
            step = "an administrator gives roles; the process page says who does what"
        return Refused(why, next_step=step)

    # What is said

    @staticmethod
    def _next_step(error: MisuseError) -> str:
        """What to do next, unless it is a command of the command line."""
        return "" if "--" in error.next_step or error.next_step.startswith("misuse ") else error.next_step

    def _refusal(self, arrived: Arrival, error: MisuseError) -> Page:
        return self._error(error, is_get=arrived.route.method == "GET")

    def _error(self, error: MisuseError, *, is_get: bool = True) -> Page:
        statuses = ((Refused, 403), (UsageError, 422), (InputError, 404 if is_get else 409), (LockHeld, 503))
        status = next((code for kind, code in statuses if isinstance(error, kind)), 500)
        titles = {
            403: "You may not do this",
            404: "Not found",
            409: "That does not stand any more",
            422: "Something is missing",
        }
        titles |= {503: "Somebody else is writing", 500: "Something went wrong"}
        values = {"title": titles[status], "message": error.message, "next_step": self._next_step(error)}
        return Page("error.html", values, status)

    def _again(self, route: Route, visit: Visit, back: Callable[..., Answer], error: UsageError) -> Answer:
        """The form's own page again, with what was wrong and what was sent.

        What was wrong alone where there is no page, or none that they may open: not everybody who may act may read there.
        """
        if not access.may(page_of(route.back).permission, visit.role):
            return self._error(error, is_get=False)
        try:
            answer = back(replace(visit, problem=error))
        except MisuseError:
            return self._error(error, is_get=False)
        return replace(answer, status=422) if isinstance(answer, Page) else answer
