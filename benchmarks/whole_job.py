"""The whole job in a process of its own, measured step by step: a log in the inbox to the published list and its papers.

    python -m benchmarks.whole_job HOME LOG.csv [LOG.csv …]

It calls the steps that `misuse run` calls, in its order, and prints what each cost as one line of JSON.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from benchmarks import measured
from misuse import pipeline, settings
from misuse.inbox import TAKEN
from misuse.ingest import SYNTHETIC_SOURCE

LONG_AGO = 1_000_000_000  # a file's age, so that nobody waits for it to stop growing


def deliver(home: Path, log: Path) -> Path:
    """Put the log in the inbox, as a sender would have some time ago, and return its folder there.

    Sending it is no part of the job, nor a second copy.
    """
    folder = home / "inbox" / SYNTHETIC_SOURCE
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / log.name
    try:
        target.hardlink_to(log)
    except OSError:  # another disk
        shutil.copyfile(log, target)
    os.utime(target, (LONG_AGO, LONG_AGO))
    return folder


def job(
    home: Path,
    logs: Sequence[Path],
    memory_limit: str | None = None,
    as_of: date | None = None,
    *,
    takes_away: bool = False,
) -> dict[str, measured.Cost]:
    """Every step's cost, with the default memory limit unless another is given, and for the last whole day unless for another.

    Several files go in one after the other; where it `takes_away`, each is removed once it is in, which costs nothing here.
    """
    own = settings.load({"MISUSE_HOME": str(home)}, Path.cwd())
    if memory_limit:
        own = dataclasses.replace(own, memory_limit=memory_limit)
    now = datetime.now(UTC).replace(tzinfo=None)
    opened: list[str] = []

    def take_in() -> None:
        _, errors = pipeline.take_inbox(own, now, "bench")
        if errors:
            raise SystemExit(f"the log did not go in: {errors[0]}")

    costs: dict[str, measured.Cost] = {}
    with pipeline.writer(own):
        for log in logs:
            inbox = deliver(home, log)
            cost = measured.here(take_in)
            costs["ingest"] = costs["ingest"].and_then(cost) if "ingest" in costs else cost
            if takes_away:
                log.unlink()
                (taken,) = (inbox / TAKEN).glob(f"*-{log.name}")
                taken.unlink()
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
    parser.add_argument("log", nargs="+", type=Path)
    parser.add_argument("--memory-limit", help="instead of the default")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, help="the day spoken for, where the log breaks off within it"
    )
    parser.add_argument(
        "--take-away", action="store_true", help="remove each file once it is in: a disk may hold no more"
    )
    options = parser.parse_args()
    os.environ.update(settings.QUIET_ENVIRONMENT)
    costs = job(options.home, options.log, options.memory_limit, options.as_of, takes_away=options.take_away)
    print(json.dumps({name: cost.as_json() for name, cost in costs.items()}))


if __name__ == "__main__":
    main()
