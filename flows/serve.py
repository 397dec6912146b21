"""`misuse schedule`: keeps a Prefect server on loopback and the flows' worker alive, and says how it is.

The server's records lie in home/prefect, open to the service account alone. Each start makes a new password for the
server, handed to the children in their environment: other users of the machine can neither read nor start runs.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import FrameType

from flows.api import Api
from flows.children import Child, child_environment
from misuse import last_run, notes, notify, status
from misuse.errors import LockHeld, UsageError
from misuse.settings import Settings

BEAT_SECONDS = 15.0  # how often the heartbeat is written; `misuse status` calls 90 s without one dead
LOOK_SECONDS = 300.0  # how often the status is looked at for new problems
DEAF_SECONDS = 180.0  # how long the server may fail to answer before it is started anew
GRACE = timedelta(minutes=3)  # how long after its hour a run may still appear by itself


def main(settings: Settings, environ: Mapping[str, str]) -> int:
    """Keep the schedule until told to stop by SIGTERM or SIGINT; 0 then.

    Errors: LockHeld when a scheduler already runs on this home; UsageError when the port is taken.
    """
    settings.home.mkdir(mode=0o750, parents=True, exist_ok=True)
    with _only_one(settings):
        port = _free_port(settings.schedule.port)
        auth = environ.get("PREFECT_SERVER_API_AUTH_STRING") or f"misuse:{secrets.token_urlsafe(24)}"
        scheduler = Scheduler(settings, Api(port, auth), child_environment(settings, environ, port, auth))
        with _told_to_stop() as stopped:
            scheduler.run(stopped)
    return 0


class Scheduler:
    """The two children, what is due, and the heartbeat that tells of them."""

    def __init__(self, settings: Settings, api: Api, environment: Mapping[str, str]) -> None:
        self.settings = settings
        self.api = api
        self.path = status.scheduler_path(settings)
        before = notes.read(self.path)
        self.due: dict[str, str | None] = dict(before.get("next_runs") or {})
        self.told: list[str] = list(before.get("told") or [])
        self.server_state = "starting"
        self.started_at = _now()
        self.heard_at = time.monotonic()
        self.server = Child("server", server_command(api.port), environment, settings.home / "prefect")
        self.worker = Child("worker", [sys.executable, "-m", "flows.worker"], environment, settings.home / "prefect")
        self.died = last_run.is_run_dead(notes.read(last_run.path(settings)))

    def run(self, stopped: Callable[[], bool]) -> None:
        """Start, look after and in the end stop the children."""
        beats, looks = _Every(BEAT_SECONDS), _Every(LOOK_SECONDS, first=LOOK_SECONDS / 5)
        self._say("the scheduler starts; its server takes up to half a minute")
        try:
            while not stopped():
                self._tend()
                if beats.is_due():
                    self._beat()
                if looks.is_due():
                    self._look()
                time.sleep(0.5)
        finally:
            self._say("the scheduler stops")
            self.worker.stop()
            self.server.stop()
            self._write(stopped_at=_now().isoformat())

    def _tend(self) -> None:
        """Children that ended are started again, the worker once the server answers."""
        if self.server.revive():
            self._turn("starting")
        elif not self.server.is_alive:
            self._turn("down")
        if self.server_state == "starting" and self.api.is_healthy():
            self._turn("up")
            self._say(f"the server answers on 127.0.0.1:{self.api.port}")
        if self.server_state == "up":
            self.worker.revive()

    def _turn(self, state: str) -> None:
        """The server's state, told at once when it changes."""
        if state != self.server_state:
            self.server_state, self.heard_at = state, time.monotonic()
            self._write()

    def _beat(self) -> None:
        """Ask after the server, catch up with what was missed, write the heartbeat."""
        if self.server_state == "up":
            try:
                self._catch_up()
                self.heard_at = time.monotonic()
            except Exception as error:  # noqa: BLE001  # whatever it is, the schedule goes on
                self._say(f"the server did not answer as it should: {type(error).__name__}")
        if time.monotonic() - self.heard_at > DEAF_SECONDS:
            self._say("the server is started anew")
            self.server.stop()
        self._write()

    def _catch_up(self) -> None:
        """Note what is due next; what was due and never came is made up by one run.

        Serving a flow anew makes Prefect forget its overdue runs, so the hour last noted is what remembers them.
        """
        now, plan = _now(), self.settings.schedule
        known = self.api.deployments()
        wanted = {"nightly": plan.nightly, "tasking_cycle": plan.tasking_cycle, "retention": plan.retention}
        for name in [name for name, line in wanted.items() if line]:
            if name not in known:
                self.due.setdefault(name, None)
                continue
            due = notes.moment(self.due.get(name))
            if due is None or due > now or self._is_met(name, known[name], due, now):
                upcoming = self.api.next_run(known[name], now)
                self.due[name] = upcoming.isoformat() if upcoming else None
        self.due = {name: due for name, due in self.due.items() if wanted.get(name)}
        if self.died and "nightly" in known:
            self.died = False
            self._make_up("nightly", known["nightly"], "was cut off")

    def _is_met(self, name: str, deployment_id: str, due: datetime, now: datetime) -> bool:
        """Whether a run has answered the hour that is past: Prefect's own, or after a while one of ours."""
        answer = self.api.answer(deployment_id, due, now)
        if answer != "none" or now - due < GRACE:
            return answer == "begun"
        self._make_up(name, deployment_id, f"was due at {due:%Y-%m-%d %H:%M} UTC and missed")
        return True

    def _make_up(self, name: str, deployment_id: str, why: str) -> None:
        self.api.start(deployment_id)
        self._tell(f"MADE UP {name} {why}; one run now makes it up → misuse status")

    def _look(self) -> None:
        """A new problem is told once. Failed runs are told by the flow that failed."""
        try:
            found = status.status(self.settings, _now()).problems
        except Exception as error:  # noqa: BLE001  # the watch must not end the watched
            self._say(f"the status could not be read: {type(error).__name__} → misuse status")
            return
        self.told = [key for key in self.told if key in {line.key for line in found}]
        for line in found:
            if line.key not in self.told:
                self.told.append(line.key)
                if line.word != "FAILED":
                    self._tell(line.text)
                self._write()  # a slow hook must not make the heartbeat late

    def _tell(self, line: str) -> None:
        self._say(line)
        said = notify.notify(self.settings, line)
        if said:
            self._say(said)

    def _write(self, **more: str) -> None:
        beat = {
            "pid": os.getpid(),
            "started_at": self.started_at.isoformat(),
            "beat_at": _now().isoformat(),
            "server": self.server_state,
            "port": self.api.port,
            "next_runs": self.due,
            "told": self.told,
            **more,
        }
        with contextlib.suppress(OSError):  # a full disk is no reason to stop
            notes.write(self.path, beat)

    @staticmethod
    def _say(text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


class _Every:
    """Something due every so many seconds."""

    def __init__(self, seconds: float, first: float = 0.0) -> None:
        self.seconds = seconds
        self.next = time.monotonic() + first

    def is_due(self) -> bool:
        if time.monotonic() < self.next:
            return False
        self.next = time.monotonic() + self.seconds
        return True


def server_command(port: int) -> list[str]:
    """How the Prefect server is started."""
    return [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]


def _now() -> datetime:
    return datetime.now(tz=UTC)


@contextlib.contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    with (settings.home / "scheduler.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = notes.read(status.scheduler_path(settings)).get("pid", "unknown")
            raise LockHeld(
                f"a scheduler already runs on {settings.home}, process {pid}", next_step="misuse status tells how it is"
            ) from None
        yield


def _free_port(port: int) -> int:
    """The port if nobody listens on it; any free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise UsageError(
                f"port {port} on 127.0.0.1 is taken", next_step="set another as schedule.port in misuse.toml"
            ) from None
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _told_to_stop() -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM or SIGINT has come."""
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)

    before = {number: signal.signal(number, hear) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: bool(heard)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
