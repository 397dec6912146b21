"""Faults put into a child process: at which commit, rename or statement it dies, what room and rights it has, what its clock says.

Nothing of the program knows of this. The child is forked, and these few functions of the system and of the two engines are
wrapped in it alone.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.logs import NOW

# Statements that write of their own accord, besides `commit`.
_WRITES = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*(commit|checkpoint|create|insert|update|delete|drop|alter|copy|attach|detach)\b",
    re.IGNORECASE,
)
_COMMITS = re.compile(r"\bcommit\b", re.IGNORECASE)


class Plan:
    """Where a child dies: before or after the n-th point; or every point is noted in a file and none kills."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.kill_at = int(plan.get("kill_at", 0))
        self.is_after = plan.get("when") == "after"
        self.kinds = set(plan.get("kinds", ("rename", "commit", "statement")))
        self.noted = Path(plan["note"]) if plan.get("note") else None
        self.count = 0

    def around(self, kind: str, label: str, function: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Call a function that changes something, dying before or after it if this is the point."""
        if kind not in self.kinds:
            return function(*args, **named)
        self.count += 1
        is_it = self.count == self.kill_at
        if self.noted:
            with self.noted.open("a", encoding="utf-8") as file:
                file.write(f"{kind} {label}\n")
        if is_it and not self.is_after:
            die()
        found = function(*args, **named)
        if is_it:
            die()
        return found


def die() -> None:
    """End as a power cut would have it: no clearing up follows."""
    os.kill(os.getpid(), signal.SIGKILL)


def install(plan: dict[str, Any]) -> None:
    """Put a job's faults into this process, which is a child of its own."""
    at = Plan(plan)
    for name in ("rename", "replace", "symlink", "link"):
        setattr(os, name, _renaming(at, getattr(os, name)))
    _engines(at)
    if plan.get("file_bytes"):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(plan["file_bytes"]), resource.RLIM_INFINITY))
    if plan.get("memory_bytes"):
        resource.setrlimit(resource.RLIMIT_AS, (int(plan["memory_bytes"]), resource.RLIM_INFINITY))
    _set_clock(NOW + timedelta(days=float(plan.get("shift_days", 0))))


def _renaming(at: Plan, real: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(source: Any, target: Any, *args: Any, **named: Any) -> Any:
        return at.around("rename", Path(os.fsdecode(target)).name, real, source, target, *args, **named)

    return wrapped


def _engines(at: Plan) -> None:
    import duckdb

    real = duckdb.DuckDBPyConnection.execute

    def execute(con: Any, query: Any, *args: Any, **named: Any) -> Any:
        found = _WRITES.match(query) if isinstance(query, str) else None
        if found is None and not (isinstance(query, str) and _COMMITS.search(query)):
            return real(con, query, *args, **named)
        kind = "commit" if _COMMITS.search(query) else "statement"
        label = " ".join(query.split())[:60] if found else "script"
        return at.around(kind, label, real, con, query, *args, **named)

    duckdb.DuckDBPyConnection.execute = execute  # type: ignore[method-assign]
    plain = sqlite3.connect

    class Watched(sqlite3.Connection):
        def execute(self, statement: str, *args: Any) -> Any:
            if _COMMITS.match(statement.strip()):
                return at.around("commit", "casebook", super().execute, statement, *args)
            return super().execute(statement, *args)

        def commit(self) -> None:
            if self.in_transaction:
                at.around("commit", "casebook", super().commit)

    sqlite3.connect = lambda *args, **named: plain(*args, **{"factory": Watched, **named})  # type: ignore[assignment]


def _set_clock(at: datetime) -> None:
    """What the command line takes for now: the same moment in every child, so that lists can be compared to the last cell."""
    from misuse.cli import context

    class Standing(datetime):
        @classmethod
        def now(cls, zone: Any = None) -> datetime:
            return at.replace(tzinfo=zone)

    context.datetime = Standing  # type: ignore[attr-defined]
