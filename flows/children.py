"""The scheduler's two child processes: their environment, their start, their end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from misuse.settings import QUIET_ENVIRONMENT, Settings

STOP_SECONDS = 20.0
LONGEST_PAUSE_SECONDS = 60.0
KEPT_RUN_DAYS = 30
_PARENT_DIED = 1  # PR_SET_PDEATHSIG


def child_environment(settings: Settings, environ: Mapping[str, str], port: int, auth: str) -> dict[str, str]:
    """What the server and the worker start with: the caller's environment, with Prefect told to keep to itself."""
    inherited = {name: value for name, value in environ.items() if not name.startswith("PREFECT_")}
    own = {
        "MISUSE_HOME": str(settings.home.resolve()),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).resolve().parents[1]), environ.get("PYTHONPATH", "")]),
        "PYTHONWARNINGS": "ignore",  # Prefect's own, at its end
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PREFECT_HOME": str((settings.home / "prefect").resolve()),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_AUTH_STRING": auth,
        "PREFECT_API_AUTH_STRING": auth,
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_RUNNER_POLL_FREQUENCY": "5",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(KEPT_RUN_DAYS * 86400),
    }
    if settings.config_path is not None:
        own["MISUSE_CONFIG"] = str(settings.config_path.resolve())
    return inherited | QUIET_ENVIRONMENT | own


class Child:
    """A process that is started again when it ends, each time after a longer pause."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.command = list(command)
        self.environment = dict(environment)
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.pause = 0.0
        self.not_before = 0.0
        self.born = 0.0

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def revive(self) -> bool:
        """Start it if it does not run and its pause is over; whether it was started."""
        if self.is_alive:
            return False
        if self.process is not None:
            self._mourn(self.process.returncode)
        if time.monotonic() < self.not_before:
            return False
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self.born = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a banner; what is wrong goes to standard error
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        return True

    def stop(self) -> None:
        """End it and its own children: asked first, made to after a while."""
        if self.process is None:
            return
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(STOP_SECONDS)
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _mourn(self, code: int) -> None:
        lasted = time.monotonic() - self.born
        self.pause = 1.0 if lasted > 600 else min(LONGEST_PAUSE_SECONDS, max(1.0, self.pause * 2))
        self.not_before = time.monotonic() + self.pause
        self.process = None
        sys.stderr.write(f"the scheduler's {self.name} ended with code {code}; again in {self.pause:.0f} s\n")

    def _signal(self, number: int) -> None:
        """To the whole process group, which its flow runs belong to."""
        with contextlib.suppress(ProcessLookupError):
            if self.process is not None:
                os.killpg(self.process.pid, number)


def _end_with_parent() -> None:
    """On Linux the child is told to stop when the scheduler dies, however it dies."""
    ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGTERM)
