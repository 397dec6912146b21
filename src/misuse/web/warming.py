"""Pages looked at by nobody, before the first reader and after each publication: what a run takes once is then taken.

Such a look records nothing and changes nothing: its desk has the casebook to read alone.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from misuse import review
from misuse.casebook import Actor
from misuse.casebook.reading import Reading
from misuse.errors import MisuseError, Refused
from misuse.room import Desk
from misuse.web.published import shown
from misuse.web.routes import ROUTES, Route
from misuse.web.sessions import Session
from misuse.web.visits import Form, Page, Visit

if TYPE_CHECKING:
    import duckdb

    from misuse.casebook import Casebook
    from misuse.web.door import Door

NOBODY = "nobody"
SEES_MOST = "chair"
WATCH_SECONDS = 1.0
_LISTED = "select case_ref from tasking_list where part < 4 order by part, rank"


class _Unwritable:
    """A casebook of which nothing but what reads it can be had."""

    def __init__(self, book: Casebook) -> None:
        self._book = book

    def __getattr__(self, name: str) -> Any:
        if not hasattr(Reading, name):
            raise Refused("nobody writes")
        return getattr(self._book, name)


class _NobodysVisit(Visit):
    """A visit at a desk that may look at everything, and of which nothing is recorded."""

    @property
    def desk(self) -> Desk:
        published = self.published

        class NobodysDesk(Desk):
            @contextlib.contextmanager
            def published(self) -> Iterator[duckdb.DuckDBPyConnection]:
                with published.opened() as con:
                    yield con

            @contextlib.contextmanager
            def book(self) -> Iterator[Any]:
                yield _Unwritable(published.book)

            def permit(self, action: str, what: str = "") -> Actor:
                return Actor(NOBODY, SEES_MOST)

            def may(self, action: str) -> bool:
                return True

            def record(self, kind: str, payload: Any, **of: Any) -> Any:
                return None

        return NobodysDesk(self.settings, NOBODY, self.now)


class Warmer:
    """Looks at the room's pages as a run is published: those of the menu, the newest meeting, the cases of the list."""

    def __init__(self, door: Door, handler: Callable[[str], Callable[..., Any]]) -> None:
        self._door = door
        self._handler = handler
        self._seen: object = None

    def look(self) -> None:
        """Look at every page that takes no more than its address, and at one case. Never an error."""
        self._seen = shown(self._door.settings)
        for route in ROUTES:
            if route.method == "GET" and "{" not in route.path and not route.is_export and _is_of_the_room(route):
                self._visit(route)
        for meeting in self._meetings()[-1:]:
            self._visit_at("/cycles/{cycle}", {"cycle": meeting})
            self._visit_at("/cycles/{cycle}/minutes", {"cycle": meeting})
        for case in self._listed()[:1]:
            self._case(case)

    def look_at_cases(self, pause: Callable[[], object]) -> None:
        """Look at the cases of the list one after the other, with a pause after each: readers come first."""
        for case in self._listed():
            self._case(case)
            pause()

    def watch(self, ended: threading.Event) -> None:
        """Until it is ended: as soon as the pointer moves, look at everything again."""
        self.look_at_cases(lambda: ended.wait(WATCH_SECONDS / 4))
        while not ended.wait(WATCH_SECONDS):
            if shown(self._door.settings) != self._seen:
                self.look()
                gc.freeze()
                self.look_at_cases(lambda: ended.wait(WATCH_SECONDS / 4))

    def _case(self, case: str) -> None:
        self._visit_at("/cases/{ref}", {"ref": case})

    def _visit_at(self, path: str, values: dict[str, str]) -> None:
        self._visit(next(route for route in ROUTES if (route.method, route.path) == ("GET", path)), values)

    def _visit(self, route: Route, path: dict[str, str] | None = None) -> None:
        door = self._door
        user = {"name": NOBODY, "role": SEES_MOST, "borough": None, "may": frozenset(review.PERMISSIONS)}
        now = door.now()
        session = Session("", now, now)
        visit = _NobodysVisit(
            door.settings, door.published, door.sessions, now, route.name, path or {}, {}, Form(), session, user
        )
        try:
            answer = self._handler(route.handler)(visit)
            if isinstance(answer, Page):
                door.render_for(answer, session, user, route)
        except MisuseError:  # nothing is published or frozen yet: the pages say so
            return
        except Exception as error:  # noqa: BLE001 - whoever opens the page is told; the room is served all the same
            door.note(f"misuse serve: {type(error).__name__} at a first look at {route.path}")

    def _meetings(self) -> list[str]:
        with contextlib.suppress(MisuseError):
            return list(self._door.published.book.frozen_lists())
        return []

    def _listed(self) -> list[str]:
        with contextlib.suppress(MisuseError), self._door.published.opened() as con:
            return [str(case) for (case,) in con.execute(_LISTED).fetchall()]
        return []


def _is_of_the_room(route: Route) -> bool:
    return not route.handler.startswith("door:")
