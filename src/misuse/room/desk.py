"""Who sits at the desk, and when: what every question and action of the room begins with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from misuse import casebook, publication, review, store, wording
from misuse.casebook import Actor, Casebook, Event
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Desk:
    """The settings, the user's name as `misuse users` has it, and the time: UTC without a zone."""

    settings: Settings
    actor: str
    now: datetime

    @contextlib.contextmanager
    def book(self) -> Iterator[Casebook]:
        """The casebook."""
        with casebook.opened(self.settings) as book:
            yield book

    @contextlib.contextmanager
    def published(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The published copy, for reading."""
        with publication.opened(self.settings) as con:
            yield con

    @property
    def today(self) -> date:
        """The local day."""
        return self.day_of(self.now)

    def day_of(self, at: datetime) -> date:
        """The local day of a stored time: clocks that run by days and months begin on it."""
        return wording.local_day(at, self.settings.reporting_zone)

    @property
    def run_id(self) -> str:
        """The published run."""
        return self.settings.current_path.resolve().stem

    def permit(self, action: str, what: str = "") -> Actor:
        """The user, if the role permits the action; a refusal is recorded.

        Errors: Refused with the roles that may.
        """
        with self.book() as book:
            return book.admit(action, self.actor, occurred_at=self.now, what=what)

    def may(self, action: str) -> bool:
        """Whether the role permits the action."""
        with self.book() as book:
            return review.may_do(action, book.role_of(self.actor))

    def record(self, kind: str, payload: Mapping[str, Any], **of: Any) -> Event:
        """Record an event as this user's, now; a refusal is recorded too. `of`: caller_id, case_ref, run_id."""
        from misuse.casebook.kinds import PERMISSION_OF_KIND

        if PERMISSION_OF_KIND.get(kind):
            self.permit(PERMISSION_OF_KIND[kind], kind)
        with self.book() as book:
            return book.record(kind, actor=self.actor, occurred_at=self.now, payload=payload, **of)


def local(settings: Settings, at: datetime) -> datetime:
    """A stored time in the reporting zone, without one."""
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(settings.reporting_zone)).replace(tzinfo=None)


def day(text: str) -> date:
    """A day as forms give it. Errors: UsageError."""
    return review.written(text)


def rows(
    con: duckdb.DuckDBPyConnection, statement: str, values: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """A query's rows as dicts; identifiers of calls as text."""
    return store.rows(con.execute(statement, dict(values or {})), _plain)


_PLAIN = frozenset({type(None), str, int, float, bool, date, datetime, list})


def _plain(value: Any) -> Any:
    return value if type(value) in _PLAIN else str(value)
