"""How often a campaign's finding is none, how often its interval holds what was planted, and what it can find.

    python -m benchmarks.campaigns                      # every kind of log, nothing planted and a fall planted; minutes
    python -m benchmarks.campaigns --kinds "town, 78 weeks" --logs 50
    python -m benchmarks.campaigns --write              # puts the table into docs/methods.md

Writes benchmarks/campaigns.json cell by cell and goes on where it stopped (--again: from the start). A log is weeks of
misuse calls by caller, drawn as people call and not as the estimator supposes, and of genuine calls; a finding is
what a run would print. The date is any that leaves thirty weeks before and fifteen after.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.coverage import between
from misuse.estimation.interrupted import WEEK, Effect, interrupted
from misuse.estimation.spells import CallerPeriods
from misuse.reckoning.series import is_finding
from misuse.synth import population

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STORE = Path(__file__).parent / "campaigns.json"
PAGE = Path(__file__).parents[1] / "docs/methods.md"
START, END = "<!-- campaigns -->\n", "<!-- /campaigns -->\n"
LOGS, PLANTED = 120, (0.0, -0.3)
TOWN, WEEKLY = 20_000, 20_000


@dataclass(frozen=True)
class Weeks:
    """Calls by caller (row) and week, of callers who call once, and genuine ones."""

    repeated: Ints
    single: Ints
    genuine: Ints

    def after(self, at: int, change: float, rng: np.random.Generator) -> Weeks:
        """From a week on each misuse call made only with a chance."""
        if not change:
            return self
        repeated, single = self.repeated.copy(), self.single.copy()
        repeated[:, at:] = rng.binomial(repeated[:, at:], 1.0 + change)
        single[at:] = rng.binomial(single[at:], 1.0 + change)
        return Weeks(repeated, single, self.genuine)

    @property
    def callers(self) -> CallerPeriods:
        """As the run reads them."""
        repeated = self.repeated[self.repeated.any(axis=1)]
        caller, week = np.nonzero(repeated)
        return CallerPeriods(caller, week, repeated[caller, week].astype(np.float64))


# ── logs ───────────────────────────────────────────────────────────────────────────────────────


def town(rng: np.random.Generator, weeks: int) -> Weeks:
    """The synthetic town's spells, each drawn by itself."""
    tail, chances = population.tail(population.TOP_CALLS)
    days = weeks * 7
    calls = tail[np.searchsorted(np.cumsum(chances), rng.random(TOWN), side="right").clip(0, len(tail) - 1)]
    start = rng.random(TOWN) * (days + population.LONGEST_SPELL) - population.LONGEST_SPELL
    length = np.minimum(8.0 * calls**0.55 * np.exp(rng.normal(0.0, 0.5, TOWN)), population.LONGEST_SPELL)
    caller = np.repeat(np.arange(TOWN), calls)
    time = np.repeat(start, calls) + np.repeat(length, calls) * rng.random(calls.sum())
    inside = (time >= 0) & (time < days)
    made = np.zeros((TOWN, weeks), dtype=np.int64)
    np.add.at(made, (caller[inside], (time[inside] // 7).astype(int)), 1)
    total = made.sum(axis=1)
    return Weeks(made[total > 1], made[total == 1].sum(axis=0), rng.poisson(WEEKLY, weeks))


def heavy(callers: int, drift: float = 0.0) -> Callable[[np.random.Generator, int], Weeks]:
    """Spells of sixteen weeks in the mean, at rates that fall as a power, in bursts; genuine calls may drift."""

    def drawn(rng: np.random.Generator, weeks: int) -> Weeks:
        made = np.zeros((callers, weeks), dtype=np.int64)
        start, length = rng.uniform(-80, weeks, callers), rng.exponential(16, callers)
        rate = np.minimum((1 - rng.random(callers)) ** (-1 / 1.3), 60) * 0.3
        for caller, (begins, lasts, calls) in enumerate(zip(start, length, rate, strict=True)):
            first, last = max(0, int(np.ceil(begins))), min(weeks, int(begins + lasts) + 1)
            if last > first:
                made[caller, first:last] = rng.poisson(calls * rng.gamma(1, 1, last - first))
        single = rng.poisson(30 * callers / 400, weeks)
        walk = np.exp(drift * np.cumsum(rng.normal(0, 0.2, weeks)))
        return Weeks(made, single, rng.poisson(1_500 * callers / 400 * walk))

    return drawn


def shocks(memory: float) -> Callable[[np.random.Generator, int], Weeks]:
    """No caller of many calls, but shocks with memory that all misuse shares, and others that it shares with genuine."""

    def walk(rng: np.random.Generator, weeks: int, part: float, spread: float) -> Floats:
        steps = rng.normal(0, spread, weeks)
        steps[0] /= np.sqrt(1 - part**2)
        for week in range(1, weeks):
            steps[week] += part * steps[week - 1]
        return steps

    def drawn(rng: np.random.Generator, weeks: int) -> Weeks:
        time = np.arange(weeks)
        both = 0.003 * time + 0.15 * np.sin(2 * np.pi * time / WEEK.a_year) + walk(rng, weeks, 0.6, 0.1)
        levels = 500.0 * np.exp(both + walk(rng, weeks, memory, 0.05)), 12_500.0 * np.exp(both)
        misuse, genuine = (rng.poisson(level * rng.gamma(100.0, 0.01, weeks)) for level in levels)
        return Weeks(np.zeros((0, weeks), dtype=np.int64), misuse, genuine)

    return drawn


KINDS: dict[str, tuple[int, Callable[[np.random.Generator, int], Weeks]]] = {
    "town, 78 weeks": (78, town),
    "town, 130 weeks": (130, town),
    "120 callers, 78 weeks": (78, heavy(120)),
    "400 callers, 78 weeks": (78, heavy(400)),
    "400 callers, 140 weeks": (140, heavy(400)),
    "4,000 callers, 78 weeks": (78, heavy(4_000)),
    "400 callers, genuine calls drift, 78 weeks": (78, heavy(400, 0.05)),
    "shocks of memory 0.4, 78 weeks": (78, shocks(0.4)),
    "shocks of memory 0.7, 130 weeks": (130, shocks(0.7)),
}


def effects(kind: str, change: float, numbers: range) -> Iterator[tuple[Effect, int]]:
    """What is found in each log of a kind with so much planted, and its weeks; too thin ones are left out."""
    weeks, drawn = KINDS[kind]
    for number in numbers:
        rng = np.random.default_rng([number, weeks, 5])
        at = int(rng.integers(30, weeks - 15))
        log = drawn(rng, weeks).after(at, change, rng)
        found = interrupted(
            (log.repeated.sum(axis=0) + log.single).astype(np.float64),
            np.full(weeks, 7.0),
            at,
            period=WEEK,
            seed=number,
            control=log.genuine.astype(np.float64),
            callers=log.callers,
        )
        if isinstance(found, Effect):
            yield found, weeks


def cell(kind: str, change: float, logs: int) -> dict[str, Any]:
    """Of so many logs: how many were reckoned, printed as a finding, had zero outside, and held what was planted."""
    row = {"kind": kind, "planted": change, "logs": 0, "findings": 0, "without_zero": 0, "held": 0}
    widths = []
    for found, weeks in effects(kind, change, range(logs)):
        row["logs"] += 1
        row["findings"] += is_finding(found, weeks)
        row["without_zero"] += found.mean.is_finding
        row["held"] += found.mean.low <= change <= found.mean.high
        widths.append(np.log1p(found.mean.high) - np.log1p(found.mean.low))
    return {**row, "factor": float(f"{np.exp(np.median(widths) / 2.0):.4g}")}


# ── the table ──────────────────────────────────────────────────────────────────────────────────


def page(cells: list[dict[str, Any]]) -> str:
    """The table of docs/methods.md."""
    fall = f"{-100 * PLANTED[1]:.0f}%"
    lines = [
        f"| log | logs | nothing planted: printed | zero outside | a fall of {fall}: printed | held | half width, times |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    of = {(found["kind"], found["planted"]): found for found in cells}

    def rate(found: dict[str, Any], name: str) -> str:
        return f"{100 * found[name] / found['logs']:.1f}%"

    for kind in KINDS:
        none, fallen = (of.get((kind, change)) for change in PLANTED)
        if none:
            said = [rate(none, name) for name in ("findings", "without_zero")]
            said += [rate(fallen, name) if fallen else "not tried" for name in ("findings", "held")]
            lines.append(f"| {kind} | {none['logs']} | {' | '.join(said)} | {none['factor']:.2f} |")
    unplanted = [found for found in cells if not found["planted"]]
    printed, logs = (sum(found[name] for found in unplanted) for name in ("findings", "logs"))
    return "\n".join([*lines, "", f"Over all logs with nothing planted: {printed} findings of {logs:,}.", ""])


def kept() -> list[dict[str, Any]]:
    """The cells reckoned so far."""
    found: list[dict[str, Any]] = json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else []
    return found


def main() -> None:
    """Reckon, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", help="separated by semicolons")
    parser.add_argument("--logs", type=int, default=LOGS)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.write:
        between(PAGE, START, END, page(kept()))
        return
    cells = [] if options.again else kept()
    done = {(found["kind"], found["planted"]) for found in cells}
    wanted = options.kinds.split(";") if options.kinds else list(KINDS)
    with ProcessPoolExecutor(2) as pool:
        jobs = [
            pool.submit(cell, kind, change, options.logs)
            for change in PLANTED
            for kind in wanted
            if (kind, change) not in done
        ]
        for job in as_completed(jobs):
            found = job.result()
            print(json.dumps(found), flush=True)
            cells = sorted([*cells, found], key=lambda row: (list(KINDS).index(row["kind"]), -row["planted"]))
            STORE.write_text(json.dumps(cells, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
