"""Who is signed in: sessions kept here, named by signed cookies, and the one-time tokens of their forms.

A cookie holds a name drawn at random and its signature, nothing of a person. Sessions live as long as the program: a
restart signs everybody out. A form's token is good for one sending within its session, so neither a forged nor a
replayed form does anything.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from misuse.settings import Web

COOKIE = "misuse_session"
MOST_SESSIONS = 5000  # of people who never signed in: the oldest go
ANONYMOUS_MINUTES = 30


@dataclass
class Session:
    """One browser's visit. `user` is empty until somebody signs in."""

    name: str
    began_at: datetime
    seen_at: datetime
    user: str = ""
    credentials: str = ""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    spent: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def form_token(self) -> str:
        """A new token for the forms of one page."""
        nonce = secrets.token_urlsafe(12)
        return f"{nonce}.{_signature(self.secret, nonce)}"

    def spend(self, token: str) -> str:
        """Take a form's token; what is wrong with it, or nothing. Once spent it is good for no other sending."""
        nonce, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), _signature(self.secret, nonce).encode()):
            return "forged"
        with self.lock:  # two sendings at once are two threads
            if nonce in self.spent:
                return "replayed"
            self.spent.add(nonce)
        return ""

    def take_said(self) -> list[str]:
        """What is to be said on the next page, once."""
        said, self.said = self.said, []
        return said


class Sessions:
    """Every session of the program, safe to share between threads."""

    def __init__(self, web: Web) -> None:
        self._key = secrets.token_bytes(32)
        self._idle = timedelta(minutes=web.idle_minutes)
        self._longest = timedelta(hours=web.longest_hours)
        self._lock = threading.Lock()
        self._held: dict[str, Session] = {}

    def find(self, cookie: str, now: datetime) -> Session | None:
        """The session that a cookie names, if its signature holds and it has not ended."""
        name, _, signature = cookie.partition(".")
        if not hmac.compare_digest(signature.encode(), _signature(self._key, name).encode()):
            return None
        with self._lock:
            session = self._held.get(name)
            if session is None or self._has_ended(session, now):
                self._held.pop(name, None)
                return None
            session.seen_at = now
            return session

    def begin(self, now: datetime, *, user: str = "", credentials: str = "") -> Session:
        """A new session under a new name: signing in never goes on under a name that was there before."""
        session = Session(secrets.token_urlsafe(24), now, now, user, credentials)
        with self._lock:
            self._held = {name: held for name, held in self._held.items() if not self._has_ended(held, now)}
            for name in [n for n, held in self._held.items() if not held.user][
                : max(0, len(self._held) - MOST_SESSIONS)
            ]:
                del self._held[name]
            self._held[session.name] = session
        return session

    def end(self, session: Session) -> None:
        """The session is over; its cookie names nothing from now on."""
        with self._lock:
            self._held.pop(session.name, None)

    def end_others(self, user: str, kept: Session | None = None) -> None:
        """Every other session of a user is over: after a new password."""
        with self._lock:
            self._held = {n: s for n, s in self._held.items() if s.user != user or s is kept}

    def cookie(self, session: Session) -> str:
        """What the browser is given."""
        return f"{session.name}.{_signature(self._key, session.name)}"

    def _has_ended(self, session: Session, now: datetime) -> bool:
        if not session.user:
            return now - session.seen_at > timedelta(minutes=ANONYMOUS_MINUTES)
        return now - session.seen_at > self._idle or now - session.began_at > self._longest


def _signature(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
