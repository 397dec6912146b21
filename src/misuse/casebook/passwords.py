"""Passwords: argon2 hashes in a table of their own, each vouched for by the event that set it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from misuse.casebook import keeping
from misuse.casebook.events import Actor, Broken, Event, read
from misuse.casebook.recording import Pen

if TYPE_CHECKING:
    import sqlalchemy as sa


@cache
def _table() -> sa.Table:
    import sqlalchemy as sa

    return sa.Table(
        "passwords", sa.MetaData(), sa.Column("user_name", sa.Text(), primary_key=True), sa.Column("hash", sa.Text()),
        sa.Column("event_id", sa.Integer()),
    )  # fmt: skip


def put(pen: Pen, who: Actor, at: datetime, user: str, hashed: str) -> Event:
    """Set a user's password by its hash."""
    event = pen.add("password_set", who, at, {"user": user, "hash_digest": keeping.mac(pen.key, f"{user}|{hashed}")})
    table = _table()
    pen.con.execute(table.delete().where(table.c.user_name == user))
    pen.con.execute(table.insert().values(user_name=user, hash=hashed, event_id=event.event_id))
    return event


def of(con: sa.Connection, key: str, user: str) -> tuple[str, int] | None:
    """A user's hash and the event that set it; None where none is set, or it is not the one that was set."""
    table = _table()
    row = con.execute(table.select().where(table.c.user_name == user)).first()
    events = [event for event in read(con, "password_set") if event.data["user"] == user]
    if row is None or not events or events[-1].event_id != row.event_id:
        return None
    is_own = events[-1].data["hash_digest"] == keeping.mac(key, f"{user}|{row.hash}")
    return (str(row.hash), int(row.event_id)) if is_own else None


def faults(con: sa.Connection, key: str) -> Iterator[Broken]:
    """Passwords that are not the ones that were set: by another hash, by an earlier event, by none; and those that are gone.

    What an event holds of a password is a MAC of it: a hash put in by hand, or another user's, has another. One whose event
    was put away, or holds no digest, is bound to nothing and opens nothing: that is no fault of the chain.
    """
    set_by = {str(event.data.get("user")): event for event in read(con, "password_set") if isinstance(event.data, dict)}
    held = {str(row.user_name): row for row in con.execute(_table().select())}
    told = {event.event_id for event in read(con, "password_set", with_put_away=True)}
    for user, event in set_by.items():
        row = held.get(user)
        if row is None:
            yield Broken(event.event_id, "the password that it set is gone")
        elif row.event_id != event.event_id:
            yield Broken(event.event_id, "another password than the one that it set is kept for the user")
        elif "hash_digest" in event.data and event.data["hash_digest"] != keeping.mac(key, f"{user}|{row.hash}"):
            yield Broken(event.event_id, "the password that it set was changed")
    for user, row in held.items():
        if user not in set_by and row.event_id not in told:
            yield Broken(int(row.event_id or 0), "a password is kept that no event set")
