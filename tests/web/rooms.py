"""A small review room for the tests: a log with hostile texts in every field, a run, users of every role, a frozen list."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest

from misuse import intake, pipeline, publication, rules, safeguards
from misuse.errors import MisuseError
from misuse.room import Desk, people
from misuse.settings import Settings
from tests.logs import NOW, random_rows, settings_for, write_csv

PASSWORD = "four words in a row"  # noqa: S105 - of invented users
# A name for each role; the borough's is of Camden.
USERS = {
    "ada": "administrator", "ana": "analyst", "rex": "reviewer", "roz": "reviewer", "cho": "chair", "aut": "authoriser",
    "bob": "borough", "hea": "health liaison", "aud": "auditor",
}  # fmt: skip
SCRIPT = "<script>document.title='owned'</script>"
HOSTILE = {
    "name": f'"><img src=x onerror=document.title="owned">{SCRIPT}',
    "address": f"'; drop table calls; --{SCRIPT}",
    "remarks": f"=cmd|' /C calc'!A0 {SCRIPT}",
    "code": f"HOAX {SCRIPT}",
    "result": "=HYPERLINK(\"http://evil.invalid\")<b onmouseover=document.title='owned'>",
    "borough": "<svg/onload=document.title='owned'>Camden",
}


@dataclass
class Clock:
    """The room's time, which a test may move on."""

    now: datetime = NOW + timedelta(hours=6)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Room:
    """A home with a run, and the time that its pages see."""

    settings: Settings
    clock: Clock = field(default_factory=Clock)

    def desk(self, name: str) -> Desk:
        """The desk of a user."""
        return Desk(self.settings, name, self.clock())

    def cases(self) -> list[str]:
        """References of the people on the list, in its order."""
        with publication.opened(self.settings) as con:
            return [str(row[0]) for row in con.execute("select case_ref from tasking_list order by rank").fetchall()]

    def open_to_all(self) -> str:
        """A case on the list that no stop, no vulnerability and no link bars from any move."""
        with publication.opened(self.settings) as con:
            row = con.execute(_OPEN_TO_ALL).fetchone()
        assert row is not None
        return str(row[0])

    def events(self, *kinds: str) -> list[Any]:
        """Events of the casebook."""
        with self.desk("aud").book() as book:
            return list(book.entries(*kinds))


_OPEN_TO_ALL = """
select case_ref from tasking_list inner join callers using (caller_id)
where part < 4 and len(enforcement_bars) = 0 and not callers.support_first and not callers.is_stopped
order by rank limit 1
"""


def make(root: Path) -> Room:
    """A home of some 500 calls by 8 persistent people, without reports."""
    settings = settings_for(root / "home", threads=1)
    rows = random_rows(7, count=520)
    for number, row in enumerate(rows):
        if number % 3 == 0:
            row |= {key: value for key, value in HOSTILE.items() if key not in ("code", "borough")}
        if number % 11 == 0:
            row |= {"borough": HOSTILE["borough"]}
        if number % 13 == 0 and row["code"] == "THEFT":
            row |= {"code": HOSTILE["code"]}
    outcomes = list(
        intake.ingest_files(settings, [write_csv(root / "log.csv", rows)], "calls", actor="tester", now=NOW)
    )
    assert not [one for one in outcomes if isinstance(one, MisuseError)]
    room = Room(settings)
    for name, role in USERS.items():
        borough = "Camden" if role == "borough" else None
        people.add_user(room.desk("ada"), name, role, borough=borough, password=PASSWORD)
    for rule in rules.load().hard_stops:  # or blind safeguards would keep enforcement shut for all
        until = NOW.date() + timedelta(days=60)
        safeguards.record(settings, rule.id, until, reason="asked of the desks", actor="rex", now=NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(pipeline._STEPS, "report", ("Writing no reports", lambda *_: None))
        pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester")
    return room


def copied(room: Room, home: Path) -> Room:
    """The same room in a home of its own."""
    shutil.copytree(room.settings.home, home, symlinks=True)
    return Room(dataclasses.replace(room.settings, home=home))


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status_code: int
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8")


class Browser:
    """A browser without a window, in this process: keeps its cookie, follows no redirect by itself."""

    def __init__(self, room: Room, name: str = "", *, app: Any = None, peer: str = "127.0.0.1") -> None:
        from misuse.web.app import make_app

        self.faults: list[str] = []
        self.app = app or make_app(room.settings, room.clock, self.faults.append)
        self.cookie = ""
        self._peer = peer
        if name:
            assert self.sign_in(name).status_code == 303, self.faults

    def sign_in(self, name: str, password: str = PASSWORD) -> Reply:
        """Sign in by the form."""
        return self.post("/sign-in", name=name, password=password)

    def get(self, path: str, **headers: str) -> Reply:
        """Ask for a page."""
        return self._send("GET", path, b"", headers)

    def post(self, path: str, token: str | None = None, headers: dict[str, str] | None = None, **fields: str) -> Reply:
        """Send a form; without a token, with a fresh one of this session."""
        body = urlencode({"form_token": self.token() if token is None else token, **fields}).encode()
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return self._send("POST", path, body, kind | (headers or {}))

    def token(self) -> str:
        """A fresh token, as a page of this session would have one."""
        if not self.cookie:
            self.get("/sign-in")
        door = self.app.state.door
        session = door.sessions.find(self.cookie.partition("=")[2], door.now())
        return str(session.form_token()) if session else ""

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        where, _, query = path.partition("?")
        given = {"host": "127.0.0.1:8999", **({"cookie": self.cookie} if self.cookie else {}), **headers}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": unquote(where), "raw_path": where.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
            "client": (self._peer, 40000), "server": ("127.0.0.1", 8999),
        }  # fmt: skip
        sent: list[Any] = []
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        return self._reply(sent)

    def _reply(self, sent: list[Any]) -> Reply:
        headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        if "set-cookie" in headers:
            self.cookie = headers["set-cookie"].partition(";")[0]
        return Reply(sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent[1:]))
