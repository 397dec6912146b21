"""Pages from templates: everything that is put in is escaped, and every page shows its marking, run and freshness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from misuse import __version__, staleness, wording
from misuse.errors import MisuseError
from misuse.web import access, words
from misuse.web.routes import MENU, Route, route_of

if TYPE_CHECKING:
    import jinja2

    from misuse.settings import Settings
    from misuse.web.published import Published
    from misuse.web.sessions import Session
    from misuse.web.visits import Page


class Renderer:
    """Makes pages of templates for one settings."""

    def __init__(self, settings: Settings, published: Published) -> None:
        self._settings = settings
        self._published = published
        self._zone = ZoneInfo(settings.reporting_zone)

    def page(
        self, page: Page, session: Session | None, user: Mapping[str, Any], now: datetime, route: Route | None
    ) -> str:
        """The page's text."""
        role = str(user.get("role") or "")
        shown = {
            "user": user,
            "role": role,
            "may": lambda permission: access.may(permission, role),
            "menu": self._menu(role, route),
            "form_token": session.form_token() if session else "",
            "said": session.take_said() if session else [],
            "run": self.freshness(now) if user else {},
            "now": now,
        }
        return self._environment.get_template(page.template).render(**{**shown, **page.values})

    def warm(self) -> None:
        """Compile every page's template."""
        for name in self._environment.list_templates(filter_func=lambda name: "/" not in name):
            self._environment.get_template(name)

    def freshness(self, now: datetime) -> dict[str, Any]:
        """The run in sight: its id, as-of, how old it is in words, whether it is stale."""
        try:
            run = self._published.run()
        except MisuseError as error:
            return {"missing": error.message, "next_step": error.next_step}
        if not run:
            return {}
        hours = staleness.hours_old(run["as_of"], self._settings, now)
        return {**run, "age": wording.age(hours), "is_stale": hours > self._settings.stale_after_hours}

    def _menu(self, role: str, route: Route | None) -> list[dict[str, Any]]:
        """The places of the menu that the role may open."""
        if not role:
            return []
        here = route.path if route else ""
        found = []
        for path, label in MENU:
            place = route_of("GET", path)
            if place is not None and access.may(place.permission, role):
                is_here = here == path or here.startswith((path + "/", path + "."))
                found.append({"href": path, "text": label, "current": here == path, "active": is_here})
        return found

    @cached_property
    def _environment(self) -> jinja2.Environment:
        import jinja2

        loader = jinja2.ChoiceLoader(
            [
                jinja2.PackageLoader("misuse.web"),
                jinja2.PrefixLoader({"govuk_frontend_jinja": jinja2.PackageLoader("govuk_frontend_jinja")}),
            ]
        )
        made = jinja2.Environment(
            loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, auto_reload=False
        )
        made.globals.update(settings=self._settings, version=__version__, words=words)
        made.filters.update(
            day=words.day,
            moment=self._moment,
            count=words.count,
            decimal=words.decimal,
            share=words.share,
            plain=words.plain,
            listed=words.listed,
            capfirst=words.capfirst,
            told=words.told,
            interval=words.interval,
            of=wording.of,
            option=_option,
            querytext=lambda values: urlencode({key: value for key, value in values.items() if value}),
            zip_empty=lambda names: [(name, "") for name in names],
            place=words.place,
            places=words.places,
            urlquery=lambda values: urlencode(values),
            as_dict=asdict,
        )
        return made

    def _moment(self, at: datetime | None) -> str:
        """A moment kept in UTC as a local one."""
        if at is None:
            return "–"
        return words.moment(at.replace(tzinfo=UTC).astimezone(self._zone))


def _option(name: object) -> str:
    from misuse.room import cases

    return cases.title_of(str(name)) if name else words.NONE
