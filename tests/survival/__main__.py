"""`make survive`: at least five hundred kills, every other mishap, twenty thousand fuzzed files; then what came of it."""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.survival import fuzz, mishaps, stage, trials

# Kills by scenario, of every five hundred.
SHARES = {
    "run": 110, "report": 10, "ingest": 70, "withdraw": 50, "casebook": 50, "rotate": 60, "backup": 50, "accept": 40,
    "dispose": 40, "retention": 25,
}  # fmt: skip
RUNS = 0.1  # of kills outside a run, after which a whole run is made too


def say(text: str) -> None:
    """A line to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def theatre(root: Path, kills: float, mishaps_each: int, seed: int) -> trials.Tally:
    """One worker's trials."""
    root.mkdir()
    chance = random.Random(seed)
    nursery = stage.Nursery(root / "said")
    found = trials.Theatre(stage.build(root, nursery, seed), nursery)
    for scenario in trials.SCENARIOS:
        clean = found.rehearse(scenario)
        for how in trials.ways_to_kill(clean, chance, max(1, round(SHARES[scenario.name] * kills / 500))):
            found.kill(scenario, how, runs=scenario.name in ("run", "report") or chance.random() < RUNS)
        say(f"{scenario.name:10} {found.tally.kills} kills so far, {len(found.tally.troubles)} troubles")
    for mishap in mishaps.ALL:
        for _ in range(mishaps_each):
            mishap(found, chance)
    nursery.close()
    return found.tally


def main() -> int:
    """Run it all; 1 if anything was lost, doubled, half there or unsaid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--files", type=int, default=20000)
    parser.add_argument("--mishaps", type=int, default=5, help="of each kind, by each worker")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="survive-")))
        pool = stack.enter_context(ThreadPoolExecutor(options.workers))
        share = options.kills / options.workers
        works = [
            pool.submit(theatre, root / f"worker{number}", share, options.mishaps, options.seed + 1000 * number)
            for number in range(options.workers)
        ]
        tally = trials.Tally()
        for work in works:
            tally.add(work.result())
        fuzzed = fuzz.run(root / "fuzz", options.files, options.seed, options.workers)
    return summary(tally, fuzzed, time.monotonic() - started)


def summary(tally: trials.Tally, fuzzed: fuzz.Tally, seconds: float) -> int:
    """Print what came of it; 1 where anything did."""
    say("")
    for kind, count in sorted(tally.by_kind.items()):
        say(f"  {kind:36} {count:6,}")
    say(f"faults            {tally.faults:,}, of them kills {tally.kills:,}, of the real command {tally.real_kills:,}")
    say(f"recoveries        {tally.recoveries:,}")
    say(f"calls in          {tally.calls_in:,}; accounted for {tally.calls_found:,}")
    say(f"fuzzed files      {fuzzed.files:,}: taken {fuzzed.taken:,}, refused with a message {fuzzed.refused:,}")
    say(
        f"rows read         {fuzzed.rows:,} = {fuzzed.accepted:,} accepted + {fuzzed.rejected:,} rejected + {fuzzed.other:,} others"
    )
    say(f"longest, largest  {fuzzed.longest:.1f} s, {fuzzed.megabytes:,} MB")
    say(f"time              {seconds / 60:.0f} min")
    troubles = [*tally.troubles, *fuzzed.troubles]
    for trouble in troubles[:50]:
        say(f"TROUBLE {trouble[:1500]}")
    say(f"troubles          {len(troubles)}")
    return 1 if troubles or tally.calls_in != tally.calls_found else 0


if __name__ == "__main__":
    sys.exit(main())
