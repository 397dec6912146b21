"""Who somebody is and what they may; signing in; users and their passwords."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from misuse import casebook, review
from misuse.casebook import Casebook
from misuse.errors import Refused, UsageError
from misuse.room.desk import Desk
from misuse.settings import Settings

# Failed sign-ins within the span, after which the name or the place has to wait.
THROTTLE_SPAN = timedelta(minutes=15)
MOST_BY_NAME, MOST_BY_ORIGIN = 5, 20
SHORTEST_PASSWORD = 12
_WRONG = "that name and password do not open the room"
_ASK = "try again, or ask an administrator for a new password"
# Verified where there is no hash, so that an unknown name takes as long as a wrong password.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b3dWRWJTmaaJObG7bVxpXRWgYA"


def whoami(desk: Desk) -> dict[str, Any]:
    """Keys: name, role (None without one), borough, may (actions of `review.PERMISSIONS`)."""
    with desk.book() as book:
        return _who(book, desk.actor)


def _who(book: Casebook, name: str) -> dict[str, Any]:
    role = book.role_of(name)
    may = frozenset(action for action in review.PERMISSIONS if review.may_do(action, role))
    return {"name": name, "role": role, "borough": book.borough_of(name), "may": may}


def may(desk: Desk, action: str) -> bool:
    """Whether the role permits the action."""
    return desk.may(action)


def check(desk: Desk, action: str, what: str = "") -> None:
    """Errors: Refused where the role does not permit the action; recorded as a refusal of `what`."""
    desk.permit(action, what)


def record_refusal(desk: Desk, what: str, why: str) -> None:
    """Record that something was refused before it got here: a forged or replayed request, another's tasking."""
    with desk.book() as book:
        book.record("access_refused", actor=desk.actor, occurred_at=desk.now, payload={"what": what, "why": why})


def sign_in(settings: Settings, name: str, password: str, *, origin: str, now: datetime) -> dict[str, Any]:
    """Who signed in, as `whoami` tells.

    Errors: Refused, in the same words whatever is wrong; after a few failures of a name or from a place, for a while.
    """
    with casebook.opened(settings) as book:
        _throttle(book, name, origin, now)
        held = book.password_of(name) if book.role_of(name) and book.users() else None
        if not _verified(held[0] if held else _NOBODY, password) or held is None:
            _failed(book, name, origin, now)
            raise Refused(_WRONG, next_step=_ASK)
        book.record("signed_in", actor=name, occurred_at=now, payload={"origin": origin})
        return _who(book, name)


def sign_in_trusted(settings: Settings, name: str, *, origin: str, now: datetime) -> dict[str, Any]:
    """Who the force's own gateway says it is. Errors: Refused for one who is not on the list."""
    with casebook.opened(settings) as book:
        if not book.users() or not book.role_of(name):
            _failed(book, name, origin, now)
            raise Refused(
                "your name is on no list of users here", next_step="an administrator adds you: misuse users add"
            )
        book.record("signed_in", actor=name, occurred_at=now, payload={"origin": origin, "by": "gateway"})
        return _who(book, name)


def sign_out(desk: Desk) -> None:
    """Record that the user signed out."""
    with desk.book() as book:
        book.record("signed_out", actor=desk.actor, occurred_at=desk.now)


def _throttle(book: Casebook, name: str, origin: str, now: datetime) -> None:
    failures = book.entries("sign_in_failed", since=now - THROTTLE_SPAN)
    since = [event.at for event in book.entries("signed_in", since=now - THROTTLE_SPAN) if event.actor == name]
    begun = max(since, default=now - THROTTLE_SPAN)
    by_name = sum(1 for event in failures if event.data.get("user") == name and event.at >= begun)
    by_origin = sum(1 for event in failures if event.data["origin"] == origin)
    if by_name >= MOST_BY_NAME or by_origin >= MOST_BY_ORIGIN:
        raise Refused("too many sign-ins failed; wait a quarter of an hour", next_step=_ASK)


def _failed(book: Casebook, name: str, origin: str, now: datetime) -> None:
    """A name that nobody has is not written down: somebody may have typed a password into its box."""
    known = any(user["name"] == name for user in book.users())
    actor = name if known else "nobody known"
    book.record(
        "sign_in_failed", actor=actor, occurred_at=now, payload={"origin": origin, "user": name if known else None}
    )


def _verified(hashed: str, password: str) -> bool:
    import argon2

    try:
        return argon2.PasswordHasher().verify(hashed, password)
    except argon2.exceptions.VerificationError:
        return False


def hashed(password: str) -> str:
    """The argon2 hash of a password. Errors: UsageError for one that is too short."""
    import argon2

    if len(password) < SHORTEST_PASSWORD or not password.strip():
        raise UsageError(
            f"a password has at least {SHORTEST_PASSWORD} characters", next_step="take three or four words together"
        )
    return argon2.PasswordHasher().hash(password)


def set_password(desk: Desk, name: str, password: str, *, old: str | None = None) -> None:
    """Set one's own password, giving the old one, or, as an administrator, anybody's.

    Errors: Refused for whoever may not, or for a wrong old one; UsageError for a short one.
    """
    with desk.book() as book:
        if name == desk.actor and (old is not None or not desk.may("change_users")):
            held = book.password_of(name)
            if held is None or not _verified(held[0], old or ""):
                raise Refused("the old password is not that one", next_step="an administrator can set a new one")
        elif name != desk.actor:
            desk.permit("change_users", "set_password")
        book.set_password(name, hashed(password), actor=desk.actor, occurred_at=desk.now)


def credentials_version(desk: Desk) -> str:
    """What the user's session was begun under: another value means that password or role changed since, and it ends."""
    with desk.book() as book:
        held = book.password_of(desk.actor)
        added = book.entries("user_added", "user_changed")
        changes = [event.event_id for event in added if event.data["user"] == desk.actor]
    return f"{held[1] if held else 0}-{max(changes, default=0)}"


def users(desk: Desk) -> list[dict[str, Any]]:
    """Keys: name, role, borough, has_password, last_sign_in_at. Errors: Refused for whoever may not change users."""
    desk.permit("change_users", "users")
    with desk.book() as book:
        seen = {event.actor: event.at for event in book.entries("signed_in")}
        return [
            {
                **user,
                "borough": book.borough_of(user["name"]),
                "has_password": book.password_of(user["name"]) is not None,
                "last_sign_in_at": seen.get(user["name"]),
            }
            for user in book.users()
        ]


def add_user(desk: Desk, name: str, role: str, *, borough: str | None = None, password: str | None = None) -> None:
    """Add a user. Errors: as `Casebook.set_user`; UsageError for a borough's user without one, or a short password."""
    _permit(desk)
    kept = hashed(password) if password else None  # first, or a short one would leave a user without any
    _set(desk, name, role, borough, is_new=True)
    if kept:
        with desk.book() as book:
            book.set_password(name, kept, actor=desk.actor, occurred_at=desk.now)


def change_user(desk: Desk, name: str, role: str, *, borough: str | None = None) -> None:
    """Give a user another role; `none` takes the user off the list."""
    _set(desk, name, role, borough, is_new=False)


def _set(desk: Desk, name: str, role: str, borough: str | None, *, is_new: bool) -> None:
    if role == "borough" and not (borough or "").strip():
        raise UsageError("a user of the role borough is of one borough", next_step="name it")
    _permit(desk)
    with desk.book() as book:
        kept = borough if role == "borough" else None
        book.set_user(name, role, actor=desk.actor, occurred_at=desk.now, is_new=is_new, borough=kept)


def _permit(desk: Desk) -> None:
    """Whoever is the first user adds themselves."""
    with desk.book() as book:
        is_first = not book.users()
    if not is_first:
        desk.permit("change_users", "users")
