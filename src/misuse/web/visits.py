"""What a page gets, and what it may answer; no framework."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse import wording
from misuse.errors import UsageError
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

    from misuse.casebook import Casebook
    from misuse.room import Desk
    from misuse.web.published import Published
    from misuse.web.sessions import Session, Sessions

LONGEST_TEXT = 4000


@dataclass(frozen=True)
class Form:
    """A form as it was sent: names and values, never a file."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The field's text, its ends trimmed; empty where none was sent that can be seen. Errors: UsageError for far too long a one."""
        value = self.values.get(name) or [""]
        text = value[0].replace("\r\n", "\n").strip()
        if len(text) > LONGEST_TEXT:
            raise UsageError(f"a field holds at most {LONGEST_TEXT:,} characters", next_step="shorten it")
        return "" if wording.is_blank(text) else text

    def many(self, name: str) -> list[str]:
        """Every value of a field of tick boxes."""
        return [value.strip() for value in self.values.get(name, ()) if value.strip()]


def desk_of(settings: Settings, published: Published, name: str, now: datetime) -> Desk:
    """A desk that reads copy and casebook through what the program holds open, not opened anew for every question."""
    from misuse.room import Desk

    class OpenDesk(Desk):
        @contextlib.contextmanager
        def published(self) -> Iterator[duckdb.DuckDBPyConnection]:
            with published.opened() as con:
                yield con

        @contextlib.contextmanager
        def book(self) -> Iterator[Casebook]:
            yield published.book

    return OpenDesk(settings, name, now)


@dataclass(frozen=True)
class Visit:
    """One request of somebody signed in (or about to be)."""

    settings: Settings
    published: Published
    sessions: Sessions
    now: datetime  # UTC without a zone
    route: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    form: Form
    session: Session
    user: Mapping[str, Any]  # as room.people.whoami tells; empty for nobody
    peer: str = ""
    renew: Callable[[Session], None] = lambda session: None  # go on under another session
    problem: UsageError | None = None  # what was wrong with the form that was sent

    @property
    def desk(self) -> Desk:
        """The desk at which this person acts."""
        return self.desk_as(str(self.user["name"]))

    def desk_as(self, name: str) -> Desk:
        """The desk of whoever has just signed in."""
        return desk_of(self.settings, self.published, name, self.now)

    def number(self, name: str) -> int:
        """A number of the address; 0 where it is none, or beyond all sense."""
        text = self.query.get(name, "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0

    def page_of(self, rows: Sequence[Any], at_once: int) -> Shown:
        """The page of the rows that the address asks for."""
        at = max(1, self.number("page"))
        first = (at - 1) * at_once
        return Shown(rows[first : first + at_once], at, first + 1, len(rows))

    @property
    def role(self) -> str:
        """The person's role; empty for nobody."""
        return str(self.user.get("role") or "")


@dataclass(frozen=True)
class Shown:
    """One page of many rows."""

    rows: Sequence[Any]
    at: int
    first: int
    total: int

    @property
    def is_more(self) -> bool:
        """Whether another page follows."""
        return self.first + len(self.rows) - 1 < self.total


@dataclass(frozen=True)
class Page:
    """A page to show: a template and what it shows."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True)
class Redirect:
    """Go elsewhere, with a word on what was done."""

    to: str
    said: str = ""


@dataclass(frozen=True)
class Download:
    """A file to keep."""

    content: bytes
    name: str
    media: str


Answer = Page | Redirect | Download
