"""Adding an event: who may, what stood before and after, the chain, the evidence that goes with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse import review
from misuse.casebook import chain, events, keeping, standing, state
from misuse.casebook.events import Actor, Draft, Event
from misuse.errors import Refused

if TYPE_CHECKING:
    import sqlalchemy as sa

    from misuse.casebook.state import LiveStop

PIPELINE = "pipeline"
FIRST_USER = "misuse users add NAME --role administrator"


class Pen:
    """What adds to the casebook, within one writing transaction that shuts other writers out."""

    def __init__(
        self, con: sa.Connection, key: str, published: str | None, live_stops: Callable[[], list[LiveStop]]
    ) -> None:
        self.con = con
        self.key = key
        self.published = published
        self.live_stops = live_stops  # as they stand in this transaction
        self.last: Event | None = None

    def add(
        self,
        kind: str,
        actor: Actor,
        at: datetime,
        payload: Mapping[str, Any],
        caller_id: str | None = None,
        case_ref: str | None = None,
        run_id: str | None = None,
        extract: str | None = None,
    ) -> Event:
        """Add one event behind the last; `extract` is evidence to freeze with it.

        Errors: UsageError for a payload that lacks what its kind needs.
        """
        events.check_key(self.con, self.key)
        draft = Draft(actor, at, payload, caller_id, case_ref, run_id)
        event = events.make(self.con, kind, draft, self.published)
        sealed = None
        if extract is not None:
            sealed = keeping.seal(self.key, extract, bound_to(event))
            event = replace(event, payload=events.canonical({**payload, "extract": chain.digest_of(sealed)}))
        event = events.chained(self._with_standing(event, draft), self.key)
        events.write(self.con, event)
        if sealed is not None:
            _, _, extracts, _ = events.tables()
            self.con.execute(extracts.insert().values(event_id=event.event_id, sealed=sealed))
        self.last = event
        return event

    def _with_standing(self, event: Event, draft: Draft) -> Event:
        """The event with what stood before it and after it, of whatever its kind bears on."""
        reader = standing.READERS.get(event.kind)
        if reader is None:
            return event
        before = reader(self.con, draft)
        tried = self.con.begin_nested()
        events.write(self.con, events.chained(event, self.key))
        after = reader(self.con, draft)
        tried.rollback()
        return replace(event, before=events.canonical(before), after=events.canonical(after))


def bound_to(event: Event) -> str:
    """What an extract is sealed for: it opens as no other event's."""
    return f"{event.case_ref}|{event.event_id}|{event.occurred_at}"


def role_of(users: Mapping[str, str], user: str) -> str | None:
    """The user's role. Where no users were ever named, everybody local is an analyst."""
    if user == PIPELINE:
        return PIPELINE
    return users.get(user) if users else "analyst"


def actor(con: sa.Connection, user: str, action: str | None = None) -> Actor:
    """The user with the role held now; with an action, only if the role permits it."""
    users = state.users(con)
    role = role_of(users, user)
    if action is not None and not users and not review.may_do(action, role):
        raise Refused(
            f"to {action.replace('_', ' ')} takes a named user with a role, and no users are named yet",
            next_step=f"name the first: {FIRST_USER}",
        )
    if action is not None:
        review.check_may(action, role)
    return Actor(user, role or state.NO_ROLE)
