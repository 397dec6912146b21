"""Passwords: argon2 hashes in a table of their own, each vouched for by the event that set it."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from misuse.casebook import keeping
from misuse.casebook.events import Actor, Event, read
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
