"""A process that has everything imported and forks a child for each job, so that five hundred kills take minutes and not hours.

It opens no store itself and starts no thread: what a child inherits is modules alone. Jobs come as lines of JSON on standard
input, answers go as lines to standard output.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.survival import actions, faults

ENVIRONMENT = {"POLARS_MAX_THREADS": "2", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
WARM = (
    "duckdb", "polars", "pyarrow", "numpy", "scipy.stats", "sqlalchemy", "great_expectations", "pandas", "cryptography",
    "misuse.pipeline", "misuse.model_review", "misuse.quality.expectations", "misuse.quality.pages", "misuse.backup",
    "misuse.cli.runs", "misuse.cli.logs", "misuse.cli.backups", "misuse.cli.keeping", "misuse.cli.people", "misuse.cli.lists",
    "misuse.cli.identity", "misuse.cli.service", "misuse.vault.rotation", "misuse.room.rights", "phonenumbers", "rich.progress",
)  # fmt: skip


def serve() -> None:
    """Answer jobs until the input ends."""
    for name in WARM:
        importlib.import_module(name)
    _answer({"ready": True})
    for line in sys.stdin:
        job = json.loads(line)
        _answer(run(job))


def _answer(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Run a job's children at once, kill those whose time is up; of each: how it ended, what it said, how long it took."""
    started = time.monotonic()
    children = {
        fork(child, Path(job["folder"]) / f"child{number}"): number for number, child in enumerate(job["children"])
    }
    waiting, answers = dict(children), [{} for _ in children]
    while waiting:
        elapsed = time.monotonic() - started
        for pid, number in list(waiting.items()):
            child = job["children"][number]
            done, status, used = os.wait4(pid, os.WNOHANG)
            if done:
                answers[number] |= ended(status, used.ru_maxrss, Path(job["folder"]) / f"child{number}") | {
                    "seconds": elapsed
                }
                del waiting[pid]
            elif (child.get("kill_after") and elapsed > child["kill_after"]) or elapsed > job.get("longest", 120):
                os.kill(pid, signal.SIGKILL)
                answers[number]["is_hung"] = elapsed > job.get("longest", 120)
        time.sleep(0.002)
    return {"children": answers}


def fork(child: dict[str, Any], said: Path) -> int:
    """Start a child; its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        for stream, suffix in ((1, ".out"), (2, ".err")):
            os.dup2(os.open(said.with_suffix(suffix), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), stream)
        os.chdir(child["folder"])
        faults.install(child.get("faults", {}))
        code = actions.act(child)
    except BaseException:  # noqa: BLE001 - a child ends here, whatever happened; what happened is on its error stream
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def ended(status: int, kilobytes: int, said: Path) -> dict[str, Any]:
    """How a child ended."""
    texts = [said.with_suffix(suffix).read_text(encoding="utf-8", errors="replace") for suffix in (".out", ".err")]
    return {
        "code": os.waitstatus_to_exitcode(status),
        "out": texts[0][-200_000:],
        "err": texts[1][-20_000:],
        "megabytes": kilobytes // 1024,
    }


if __name__ == "__main__":
    serve()
