"""How the last run went, in a small file that `misuse status` reads without opening a store."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from misuse import notes
from misuse.errors import MisuseError, ResourceError, is_out_of_room, of_the_disk
from misuse.schemas import RUNS
from misuse.settings import Settings


def in_our_words(error: BaseException) -> MisuseError:
    """An engine's message can quote a row; what is kept and shown is ours."""
    if isinstance(error, MisuseError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return MisuseError("the run was interrupted", next_step="misuse run")
    if is_out_of_room(error):
        return ResourceError("the run ran out of disk or memory", next_step="free some, then misuse run")
    if refused := of_the_disk(error):
        return refused
    return MisuseError(
        f"a fault of the program ended the run ({type(error).__name__})",
        next_step="misuse run; if it fails again, report the run's id",
    )


def write(
    settings: Settings,
    run_id: str,
    as_of: date | None,
    status: str,
    started_at: datetime,
    finished_at: datetime | None,
    error: MisuseError | None = None,
    *,
    is_behind: bool = False,
) -> None:
    """What `misuse status` reads without opening a store, replaced whole; `run_id` is empty for a run that never began.

    `is_behind` says that stops were entered while the run was at work, so that its list may not know them.
    """
    document = {
        "run_id": run_id or None,
        "as_of": as_of.isoformat() if as_of else None,
        "status": status,
        "started_at": utc_text(started_at),
        "finished_at": utc_text(finished_at) if finished_at else None,
        "error": error.message if error else None,
        "next_step": error.next_step if error else None,
        "is_behind": is_behind,
        "pid": os.getpid(),
    }
    target = path(settings)
    half = target.with_suffix(".json.tmp")
    half.write_text(json.dumps(document, indent=1), encoding="utf-8")
    half.replace(target)


def path(settings: Settings) -> Path:
    """Where the last run says how it went."""
    return settings.home / "last_run.json"


def unpublished_run(settings: Settings, known: set[str]) -> list[dict[str, Any]]:
    """The last run as a row of `runs`, where it failed or goes on and so is not in the published copy."""
    last = notes.read(path(settings))
    if last.get("status") not in ("failed", "running") or last.get("run_id") in known:
        return []
    told = {name: last.get(name) or None for name in ("run_id", "as_of", "status")}
    for name in ("started_at", "finished_at"):  # as the copy has them: in UTC, without a zone
        at = notes.moment(last.get(name))
        told[name] = at.replace(tzinfo=None) if at else None
    return [dict.fromkeys(RUNS.column_names) | told]


def utc_text(moment: datetime) -> str:
    """A moment as ISO text in UTC."""
    utc = ZoneInfo("UTC")
    return (moment.astimezone(utc) if moment.tzinfo else moment.replace(tzinfo=utc)).isoformat(timespec="seconds")


def is_run_dead(last: Mapping[str, Any]) -> bool:
    """Whether the run that says it is running has lost its process."""
    started, pid = notes.moment(last.get("started_at")), last.get("pid")
    if last.get("status") != "running" or not isinstance(pid, int):
        return False
    return not is_alive(pid, started)


def is_alive(pid: int, since: datetime | None) -> bool:
    """Whether the process is there, and is the one that was there then: numbers are used again after a boot."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    born = _born(pid)
    return born is None or since is None or born <= since + timedelta(seconds=2)


def _born(pid: int) -> datetime | None:
    """When a process began, where /proc tells."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
        return datetime.fromtimestamp(int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK"), tz=UTC)
    except (OSError, ValueError, IndexError, StopIteration):
        return None
