"""The schedule as it is served: a real server, a real worker, runs that really fire. One server for all of them."""

from __future__ import annotations

import base64
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from flows import serve, steps, surroundings
from flows.api import Api
from flows.children import Child, child_environment
from misuse import last_run, notes, status, warehouse
from misuse.errors import LockHeld, UsageError
from misuse.settings import Schedule, Settings

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = Path(__file__).parent / "stand_in"
AUTH = "misuse:a password of the tests"
PLANTED = "07700 900123"  # stand_in quotes it in an error
CONFIG = """
[settings]
notification_hook = "sh -c 'cat >> hook.log'"

[schedule]
nightly = "* * * * *"
tasking_cycle = ""
port = 0
"""


@dataclass
class Scheduler:
    """A `misuse schedule` that is up."""

    process: subprocess.Popen[bytes]
    settings: Settings
    log: Path

    @property
    def api(self) -> Api:
        return Api(int(self.beat["port"]), AUTH)

    @property
    def beat(self) -> dict[str, Any]:
        return notes.read(status.scheduler_path(self.settings))

    def children(self, word: str) -> list[psutil.Process]:
        found = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in found if any(word in part for part in child.cmdline())]

    def run(self, name: str) -> tuple[str, str]:
        """Start a run by hand and wait for its end."""
        run_id = self.api.start(self.api.deployments()[name])
        wait_for(lambda: self.api.state(run_id)[0] in ("COMPLETED", "FAILED", "CRASHED"), 60, f"the end of {name}")
        return self.api.state(run_id)

    def steps(self) -> list[str]:
        path = self.settings.home / "steps.log"
        return path.read_text().splitlines() if path.exists() else []

    def heard(self) -> str:
        path = self.settings.home / "hook.log"
        return path.read_text() if path.exists() else ""


def wait_for(is_so: Callable[[], object], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.25)


@pytest.fixture(scope="session")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    home = tmp_path_factory.mktemp("home")
    (home / "misuse.toml").write_text(CONFIG)
    environment = {
        **os.environ,
        "MISUSE_HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(STAND_IN), str(ROOT), str(ROOT / "src")]),
        "PREFECT_SERVER_API_AUTH_STRING": AUTH,
    }
    start = "import os, pathlib; from flows import serve; from misuse import settings;"
    start += "raise SystemExit(serve.main(settings.load(os.environ, pathlib.Path.cwd()), os.environ))"
    log = home / "stderr.log"
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-c", start], env=environment, cwd=home, stderr=file)
    made = Scheduler(process, Settings(home=home), log)
    try:
        wait_for(lambda: (made.beat.get("next_runs") or {}).get("nightly"), 120, "the first plan")
        yield made
    finally:
        family = [made.process.pid, *(child.pid for child in made.children(""))] if process.poll() is None else []
        process.kill()
        process.wait()
        for pid in family[1:]:
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
class TestServed:
    """In order: each finds the scheduler as the one before left it; the last stops it."""

    def test_a_scheduled_run_really_fires(self, scheduler: Scheduler) -> None:
        wait_for(lambda: "finish 20260101-0a1b2c3d4e" in scheduler.steps(), 100, "a run that nobody started")
        assert scheduler.steps()[:6] == [
            "take_inbox",
            "begin None",
            "identify 20260101-0a1b2c3d4e",
            "detect 20260101-0a1b2c3d4e",
            "publish 20260101-0a1b2c3d4e",
            "finish 20260101-0a1b2c3d4e",
        ]
        now, nightly = datetime.now(tz=UTC), scheduler.api.deployments()["nightly"]
        assert (
            scheduler.api.answer(nightly, now.replace(second=0, microsecond=0), now + timedelta(seconds=5)) == "begun"
        )
        assert scheduler.api.answer(nightly, now + timedelta(days=1), now + timedelta(days=2)) == "none"

    def test_the_heartbeat_tells_what_is_next(self, scheduler: Scheduler) -> None:
        now = datetime.now(tz=UTC)
        assert now - datetime.fromisoformat(scheduler.beat["beat_at"]) < timedelta(seconds=30)
        assert set(scheduler.beat["next_runs"]) == {"nightly", "retention"}
        lines = status.status(scheduler.settings, now).lines
        assert [line.word for line in lines if line.subject == "scheduler"] == ["ok"]

    def test_only_this_account_can_ask_or_read(self, scheduler: Scheduler) -> None:
        stranger = Api(scheduler.api.port, "somebody:else")
        with pytest.raises(ValueError, match="401"):
            stranger.deployments()
        assert (scheduler.settings.home / "prefect").stat().st_mode & 0o777 == 0o700
        listening = {
            connection.laddr.ip
            for child in psutil.Process(scheduler.process.pid).children(recursive=True)
            for connection in child.net_connections()
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {"127.0.0.1"}

    def test_while_another_writes_a_run_ends_quietly(self, scheduler: Scheduler) -> None:
        with warehouse.writer(scheduler.settings):
            assert scheduler.run("nightly") == ("COMPLETED", "Skipped")
        assert "FAILED" not in scheduler.heard()

    def test_with_nothing_new_a_run_ends_quietly(self, scheduler: Scheduler) -> None:
        (scheduler.settings.home / "nothing_new").touch()
        assert scheduler.run("nightly") == ("COMPLETED", "Skipped")
        (scheduler.settings.home / "nothing_new").unlink()

    def test_a_failed_step_is_recorded_told_and_quotes_nothing(self, scheduler: Scheduler) -> None:
        (scheduler.settings.home / "fail").touch()
        assert scheduler.run("nightly") == ("FAILED", "Failed")
        (scheduler.settings.home / "fail").unlink()
        assert any(line.startswith("fail 20260101-0a1b2c3d4e ValueError at ") for line in scheduler.steps())
        assert "FAILED nightly ValueError at " in scheduler.heard()
        assert "→ misuse run" in scheduler.heard()
        for text in (scheduler.heard(), scheduler.log.read_text(), *texts_of(scheduler.settings.home / "prefect")):
            assert PLANTED not in text

    def test_prefect_keeps_no_parameter_and_no_result(self, scheduler: Scheduler) -> None:
        with sqlite3.connect(f"file:{scheduler.settings.home}/prefect/prefect.db?mode=ro", uri=True) as con:
            given = {row[0] for row in con.execute("select parameters from flow_run")}
        con.close()
        assert given <= {"{}", '{"as_of":null}', '{"as_of": null}'}
        kept = [path.read_bytes() for path in (scheduler.settings.home / "prefect").glob("storage/*")]
        assert all(b"UnforeseenError" in base64.b64decode(pickled) for pickled in kept), "only how a run failed"

    def test_retention_runs_too(self, scheduler: Scheduler) -> None:
        assert scheduler.run("retention") == ("COMPLETED", "Completed")

    def test_a_server_that_dies_is_started_again(self, scheduler: Scheduler) -> None:
        for child in scheduler.children("prefect"):
            if "server" in child.cmdline():
                child.kill()
        wait_for(lambda: scheduler.beat["server"] != "up", 30, "the heartbeat to tell")
        wait_for(lambda: scheduler.beat["server"] == "up", 90, "the server to be up again")
        assert scheduler.run("nightly") == ("COMPLETED", "Completed")

    def test_it_stops_cleanly_when_told(self, scheduler: Scheduler) -> None:
        children = psutil.Process(scheduler.process.pid).children(recursive=True)
        scheduler.process.send_signal(signal.SIGTERM)
        assert scheduler.process.wait(60) == 0
        assert psutil.wait_procs(children, timeout=10)[1] == []
        assert scheduler.beat["stopped_at"]
        assert "STOPPED scheduler" in {line.key for line in status.status(scheduler.settings, datetime.now(UTC)).lines}


def texts_of(folder: Path) -> Iterator[str]:
    """Every value of every table of Prefect's database, and every other small file."""
    con = sqlite3.connect(f"file:{folder}/prefect.db?mode=ro", uri=True)
    for (table,) in con.execute("select name from sqlite_master where type = 'table'").fetchall():
        for row in con.execute('select * from "' + table + '"'):
            yield from (
                value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in row if value
            )
    con.close()
    yield from (base64.b64decode(path.read_bytes()).decode(errors="replace") for path in folder.glob("storage/*"))


@dataclass
class FakeApi:
    """A server with given runs, to see what is made up."""

    port: int = 4200
    said: str = "none"
    upcoming: datetime | None = None
    started: tuple[str, ...] = ()

    def deployments(self) -> dict[str, str]:
        return {"nightly": "the nightly"}

    def answer(self, _deployment_id: str, _due: datetime, _now: datetime) -> str:
        return self.said

    def next_run(self, _deployment_id: str, _now: datetime) -> datetime | None:
        return self.upcoming

    def start(self, deployment_id: str) -> str:
        self.started += (deployment_id,)
        return "a run"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    plan = Schedule(nightly="30 2 * * *", tasking_cycle="", retention="")
    return Settings(home=tmp_path, notification_hook="sh -c 'cat >> hook.log'", schedule=plan)


class TestMissedNights:
    NOW = datetime.now(tz=UTC)
    DUE = NOW - timedelta(hours=6)
    TOMORROW = NOW + timedelta(hours=18)

    def caught_up(self, settings: Settings, api: FakeApi, due: datetime | None, **noted: object) -> serve.Scheduler:
        notes.write(status.scheduler_path(settings), {"next_runs": {"nightly": due and due.isoformat()}})
        if noted:
            notes.write(last_run.path(settings), noted)
        made = serve.Scheduler(settings, api, {})  # type: ignore[arg-type]
        for _ in range(3):
            made._catch_up()
        return made

    def test_one_run_makes_up_the_nights_that_were_missed(self, settings: Settings) -> None:
        api = FakeApi(upcoming=self.TOMORROW)
        made = self.caught_up(settings, api, self.DUE)
        assert api.started == ("the nightly",)
        assert made.due == {"nightly": self.TOMORROW.isoformat()}
        assert (settings.home / "hook.log").read_text().startswith("MADE UP nightly was due at ")

    def test_a_night_that_ran_is_not_made_up(self, settings: Settings) -> None:
        api = FakeApi(said="begun", upcoming=self.TOMORROW)
        made = self.caught_up(settings, api, self.DUE)
        assert api.started == ()
        assert made.due == {"nightly": self.TOMORROW.isoformat()}

    def test_a_night_that_waits_its_turn_is_remembered_until_it_begins(self, settings: Settings) -> None:
        """The worker's next start would make Prefect forget it."""
        api = FakeApi(said="waiting", upcoming=self.TOMORROW)
        made = self.caught_up(settings, api, self.DUE)
        assert api.started == ()
        assert made.due == {"nightly": self.DUE.isoformat()}

    def test_a_run_gets_a_few_minutes_to_appear_by_itself(self, settings: Settings) -> None:
        api = FakeApi(upcoming=self.TOMORROW)
        due = datetime.now(tz=UTC) - timedelta(minutes=1)
        made = self.caught_up(settings, api, due)
        assert api.started == ()
        assert made.due == {"nightly": due.isoformat()}

    def test_the_first_start_has_missed_nothing(self, settings: Settings) -> None:
        api = FakeApi(upcoming=self.TOMORROW)
        self.caught_up(settings, api, None)
        assert api.started == ()

    def test_a_run_that_was_cut_off_is_made_up_once(self, settings: Settings) -> None:
        api = FakeApi(upcoming=self.TOMORROW)
        cut_off = {"status": "running", "pid": 2**22 + 1, "started_at": self.DUE.isoformat()}
        self.caught_up(settings, api, self.TOMORROW, **cut_off)
        assert api.started == ("the nightly",)

    def test_a_flow_without_an_hour_is_never_made_up(self, settings: Settings) -> None:
        api = FakeApi()
        quiet = replace(settings, schedule=Schedule(nightly="", tasking_cycle="", retention=""))
        assert self.caught_up(quiet, api, self.DUE).due == {}
        assert api.started == ()


class TestWatch:
    def test_a_new_problem_is_told_once(self, settings: Settings) -> None:
        made = serve.Scheduler(settings, FakeApi(), {})  # type: ignore[arg-type]
        made._look()
        made._look()
        again = serve.Scheduler(settings, FakeApi(), {})  # type: ignore[arg-type]
        again._look()
        assert (settings.home / "hook.log").read_text().count("EMPTY home") == 1

    def test_a_failed_run_is_left_to_the_flow_to_tell(self, settings: Settings) -> None:
        notes.write(last_run.path(settings), {"status": "failed", "error": "x"})
        serve.Scheduler(settings, FakeApi(), {})._look()  # type: ignore[arg-type]
        assert "FAILED" not in (settings.home / "hook.log").read_text()


class TestAlone:
    """What a flow makes of a lock that somebody else holds."""

    @pytest.fixture(autouse=True)
    def _at_home(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(surroundings, "settings", lambda: settings)

    def test_a_store_held_in_the_middle_of_a_run_is_a_failure_and_is_told(self, settings: Settings) -> None:
        def body() -> None:
            raise LockHeld("the vault is open in another process", next_step="close it there, then try again")

        with pytest.raises(LockHeld, match="the vault is open"):
            steps.alone("nightly")(body)()
        heard = (settings.home / "hook.log").read_text()
        assert "FAILED nightly the vault is open in another process → close it there" in " ".join(heard.split())

    def test_a_writer_at_work_is_waited_for_quietly(self, settings: Settings) -> None:
        with warehouse.writer(settings):
            holder = subprocess.run(
                [sys.executable, "-c", ALONE], env={**os.environ, "HELD_HOME": str(settings.home)}, check=True,
                capture_output=True, text=True,
            )  # fmt: skip
        assert holder.stdout.split() == ["Skipped"]
        assert not (settings.home / "hook.log").exists()


# A process of its own: in one, a second time the lock is free.
ALONE = """
import os, pathlib
from flows import steps, surroundings
from misuse.settings import Settings
surroundings.settings = lambda: Settings(home=pathlib.Path(os.environ["HELD_HOME"]))
print(steps.alone("nightly")(lambda: None)().name)
"""


def test_a_second_scheduler_is_refused(settings: Settings) -> None:
    with serve._only_one(settings), pytest.raises(LockHeld, match="a scheduler already runs"):
        serve.main(settings, {})


def test_a_taken_port_is_named(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = replace(settings, schedule=Schedule(port=other.getsockname()[1]))
        with pytest.raises(UsageError, match=f"port {taken.schedule.port} on 127.0.0.1 is taken"):
            serve.main(taken, {})


def test_children_get_a_quiet_private_prefect(settings: Settings) -> None:
    given = {"PREFECT_API_KEY": "cloud", "PREFECT_API_URL": "elsewhere", "PATH": "/bin"}
    made = child_environment(settings, given, 4200, "user:word")
    assert "PREFECT_API_KEY" not in made
    assert made["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert made["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert made["DO_NOT_TRACK"] == "1"
    assert made["MISUSE_HOME"] == str(settings.home)
    assert made["PATH"] == "/bin"


def test_a_child_that_keeps_ending_is_started_ever_more_slowly(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    child = Child("worker", [sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ), tmp_path / "folder")
    pauses = []
    for _ in range(4):
        child.not_before = 0.0
        assert child.revive()
        assert child.process is not None
        child.process.wait()
        assert not child.is_alive
        child.not_before = time.monotonic() + 60
        assert not child.revive()
        pauses.append(child.pause)
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    assert "ended with code 3; again in 8 s" in capfd.readouterr().err
