"""The whole job in a process of its own, measured step by step: a log in the inbox to the published list and its papers.

    python -m benchmarks.whole_job HOME LOG.csv

It calls the steps that `misuse run` calls, in its order, and prints what each cost as one line of JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from benchmarks import measured
from misuse import pipeline, settings
from misuse.ingest import SYNTHETIC_SOURCE

LONG_AGO = 1_000_000_000  # a file's age, so that nobody waits for it to stop growing


def deliver(home: Path, log: Path) -> None:
    """Put the log in the inbox, as a sender would have some time ago: sending it is no part of the job, nor a second copy."""
    folder = home / "inbox" / SYNTHETIC_SOURCE
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / log.name
    try:
        target.hardlink_to(log)
    except OSError:  # another disk
        shutil.copyfile(log, target)
    os.utime(target, (LONG_AGO, LONG_AGO))


def job(home: Path, log: Path, memory_limit: str | None = None, as_of: date | None = None) -> dict[str, measured.Cost]:
    """Every step's cost, with the default memory limit unless another is given, and for the last whole day unless for another."""
    own = settings.load({"MISUSE_HOME": str(home)}, Path.cwd())
    if memory_limit:
        own = dataclasses.replace(own, memory_limit=memory_limit)
    now = datetime.now(UTC).replace(tzinfo=None)
    deliver(home, log)
    taken: list[object] = []
    opened: list[str] = []

    def take_in() -> None:
        outcomes, errors = pipeline.take_inbox(own, now, "bench")
        if errors:
            raise SystemExit(f"the log did not go in: {errors[0]}")
        taken.extend(outcomes)

    costs: dict[str, measured.Cost] = {}
    with pipeline.writer(own):
        costs["ingest"] = measured.here(take_in)
        costs["begin"] = measured.here(lambda: opened.append(pipeline.begin(own, as_of, now)))
        (run_id,) = opened
        if not run_id:
            raise SystemExit("the published list answers these inputs already")
        for name in pipeline.STEPS:
            costs[name] = measured.here(partial(pipeline.step, own, run_id, name, now))
        costs["finish"] = measured.here(partial(pipeline.finish, own, run_id, now))
    return costs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--memory-limit", help="instead of the default")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, help="the day spoken for, where the log breaks off within it"
    )
    options = parser.parse_args()
    os.environ.update(settings.QUIET_ENVIRONMENT)
    costs = job(options.home, options.log, options.memory_limit, options.as_of)
    print(json.dumps({name: cost.as_json() for name, cost in costs.items()}))


if __name__ == "__main__":
    main()
