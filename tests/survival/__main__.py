"""`make survive`: at least five hundred kills, every other mishap, twenty thousand fuzzed files; then what came of it."""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import bench
from tests.survival import fuzz, mishaps, page, stage, trials

# Kills by scenario, of every five hundred.
SHARES = {
    "run": 100, "report": 20, "ingest": 50, "withdraw": 45, "casebook": 40, "rotate": 45, "backup": 45, "restore": 45,
    "accept": 40, "dispose": 45, "retention": 25,
}  # fmt: skip
RUNS = 0.1  # of kills outside a run, after which a whole run is made too
ENDED_BY_A_RUN = ("run", "report", "dispose")  # a disposal whose certificate stands is ended by the next run


def say(text: str) -> None:
    """A line to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def theatre(root: Path, kills: float, mishaps_each: int, seed: int, stopped: threading.Event) -> trials.Tally:
    """One worker's trials, until all are done or it is told to stop."""
    root.mkdir()
    chance = random.Random(seed)
    nursery = stage.Nursery(root / "said")
    found = trials.Theatre(stage.build(root, nursery, seed), nursery)
    for scenario in trials.SCENARIOS:
        for how in _ways(found, scenario, chance, kills) if not stopped.is_set() else ():
            if stopped.is_set():
                break
            found.kill(scenario, how, runs=scenario.name in ENDED_BY_A_RUN or chance.random() < RUNS)
        say(f"{scenario.name:10} {found.tally.kills} kills so far, {len(found.tally.troubles)} troubles")
    for mishap in mishaps.ALL:
        for _ in range(mishaps_each):
            if not stopped.is_set():
                mishap(found, chance)
        say(f"{mishap.__name__:14} {found.tally.faults} faults so far, {len(found.tally.troubles)} troubles")
    nursery.close()
    return found.tally


def _ways(
    found: trials.Theatre, scenario: trials.Scenario, chance: random.Random, kills: float
) -> list[dict[str, Any]]:
    share = max(1, round(SHARES[scenario.name] * kills / 500))
    return list(trials.ways_to_kill(found.rehearse(scenario), chance, share))


def main() -> int:
    """Run it all; 1 if anything was lost, doubled, half there or unsaid."""
    options = _options()
    started, at, stopped = time.monotonic(), datetime.now(UTC), threading.Event()
    machine = bench.machine() | {"commit": _commit()}
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with contextlib.ExitStack() as stack:
        if options.minutes:
            timer = threading.Timer(60 * options.minutes, stopped.set)
            timer.start()
            stack.callback(timer.cancel)
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="survive-")))
        pool = stack.enter_context(ThreadPoolExecutor(options.workers))
        share = options.kills / options.workers
        works = [
            pool.submit(
                theatre, root / f"worker{number}", share, options.mishaps, options.seed + 1000 * number, stopped
            )
            for number in range(options.workers)
        ]
        tally = trials.Tally()
        for work in works:
            tally.add(work.result())
        fuzzed = fuzz.run(root / "fuzz", options.files, options.seed, options.workers, stopped)
    held = outcome(tally, fuzzed) | {
        "machine": machine,
        "commit": machine["commit"],
        "date": at.date().isoformat(),
        "seconds": round(time.monotonic() - started),
        "is_whole": not stopped.is_set(),
        "asked": {name: getattr(options, name) for name in ("kills", "files", "mishaps", "workers", "seed")},
    }
    if options.write:
        page.write(held)
    return summary(held)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--files", type=int, default=20000)
    parser.add_argument("--mishaps", type=int, default=5, help="of each kind, by each worker")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=0, help="stop then, whatever is left; 0: never")
    parser.add_argument("--write", action="store_true", help="keep the outcome, and put it into docs/security.md")
    return parser.parse_args()


def _commit() -> str:
    """Which commit this is; a plus behind it where files differ from it."""
    git = shutil.which("git") or "git"
    told = [
        subprocess.run([git, *words], capture_output=True, text=True, check=False, cwd=stage.ROOT).stdout.strip()
        for words in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
    ]
    return told[0] + ("+" if told[1] else "")


def outcome(tally: trials.Tally, fuzzed: fuzz.Tally) -> dict[str, Any]:
    """What was counted, as it is kept."""
    counted = {name: value for name, value in asdict(tally).items() if name not in ("tried", "ways", "troubles")}
    ways = {name: [len(tally.tried.get(name, ())), there] for name, there in tally.ways.items()}
    read = {name: value for name, value in asdict(fuzzed).items() if name != "troubles"}
    troubles = [trouble[:1500] for trouble in (*tally.troubles, *fuzzed.troubles)]
    return {"trials": {**counted, "ways": ways}, "fuzz": read, "troubles": troubles}


def summary(held: dict[str, Any]) -> int:
    """Print what came of it; 1 where anything did."""
    say("\n" + page.tables(held))
    for trouble in held["troubles"][:50]:
        say(f"TROUBLE {trouble}")
    return 1 if held["troubles"] or held["trials"]["calls_in"] != held["trials"]["calls_found"] else 0


if __name__ == "__main__":
    sys.exit(main())
