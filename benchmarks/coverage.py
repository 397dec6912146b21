"""How often the 95% intervals hold the truth: synthetic logs of many sizes, drawn from heavy tails whose truth is known.

    python -m benchmarks.coverage                        # every tail and size, 2,000 logs each; ten minutes on one core
    python -m benchmarks.coverage --tails town --sizes 300,3000 --logs 500
    python -m benchmarks.coverage --write                # puts the result into misuse.estimation.coverage and docs/intervals.md
    python -m benchmarks.coverage --bounds               # 2,000 logs, the makers of some calls hidden: seconds
    python -m benchmarks.coverage --time                 # 10,000 draws of 40,000 callers with seven measures

Writes benchmarks/coverage.json cell by cell and goes on where it stopped (--again: from the start). A log is as many
callers as a Poisson draw says, each drawn by itself; the truth is the population's, reckoned from its chances. A log
without a persistent caller gets no interval and counts neither way.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from misuse.estimation import MEASURES, Units, call_bounds, outer_bound
from misuse.estimation.intervals import Interval, share_interval, total_interval
from misuse.estimation.resampling import Draws, draws
from misuse.synth import population

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Population = tuple[Ints, Floats]  # misuse calls of a caller, and the chance of each

STORE = Path(__file__).parent / "coverage.json"
TABLE = Path(__file__).parents[1] / "src/misuse/estimation/coverage.py"
PAGE = Path(__file__).parents[1] / "docs/intervals.md"
SIZES = (100, 300, 500, 1_000, 3_000, 10_000, 15_000, 30_000, 100_000)
LOGS, REPLICATES, THRESHOLD = 2_000, 1_000, 10
SLICE = 40  # of each cell's logs, counted apart: what a test draws again
TIMED = ("town", "lognormal")  # tails whose logs also carry times


# ── populations ────────────────────────────────────────────────────────────────────────────────


def power(exponent: float, top: int) -> Population:
    """Calls in a window falling as a power, up to a top."""
    calls = np.arange(1, top + 1)
    chances = calls ** (-exponent)
    return calls, chances / chances.sum()


def town() -> Population:
    """The synthetic town's spells, each drawn by itself, as a year's log cuts them."""
    rng, year, size = np.random.default_rng(1), 365.0, 1_000_000
    calls, chances = population.tail(population.TOP_CALLS)
    seen = np.zeros(population.TOP_CALLS + 1)
    for _ in range(20):
        spell = calls[np.searchsorted(np.cumsum(chances), rng.random(size), side="right").clip(0, len(calls) - 1)]
        start = rng.random(size) * (year + population.LONGEST_SPELL) - population.LONGEST_SPELL
        length = np.minimum(8.0 * spell**0.55 * np.exp(rng.normal(0.0, 0.5, size)), population.LONGEST_SPELL)
        length = np.where(spell == 1, 1e-9, length)
        inside = np.clip((np.minimum(start + length, year) - np.maximum(start, 0.0)) / length, 0.0, 1.0)
        seen += np.bincount(rng.binomial(spell, inside), minlength=len(seen))
    return np.arange(1, len(seen)), seen[1:] / seen[1:].sum()


def lognormal() -> Population:
    """One call, and Poisson many more about a lognormal rate."""
    nodes = np.linspace(-5.0, 6.0, 2_001)
    weights = np.exp(-(nodes**2) / 2.0)
    rates = np.exp(-0.5 + 1.7 * nodes)
    more = np.arange(int(rates[-1] * 1.3))
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(more[1:]))])
    chances = np.zeros(len(more))
    for weight, rate in zip(weights / weights.sum(), rates, strict=True):
        chances += weight * np.exp(more * np.log(rate) - rate - log_factorial)
    return more + 1, chances / chances.sum()


def stretched() -> Population:
    """A stretched exponential: heavier than any exponential, lighter than any power."""
    calls = np.arange(1, 20_001)
    edges = np.exp(-((np.arange(20_001) / 0.6) ** 0.4))
    return calls, (edges[:-1] - edges[1:]) / (edges[:-1] - edges[1:]).sum()


TAILS: dict[str, Callable[[], Population]] = {
    "town": town,
    "power 2.185 to 1,800": lambda: power(population.TAIL_EXPONENT, population.TOP_CALLS),
    "power 2.185 to 5,000": lambda: power(population.TAIL_EXPONENT, 5_000),
    "power 2 to 1,800": lambda: power(2.0, 1_800),
    "power 2.5 to 5,000": lambda: power(2.5, 5_000),
    "lognormal": lognormal,
    "stretched exponential": stretched,
}

# ── logs ───────────────────────────────────────────────────────────────────────────────────────

HANDLING, UNIT = MEASURES.index("handling_seconds"), MEASURES.index("unit_seconds")
CALL_SECONDS, CALL_SPREAD, CALLER_SPREAD = 150.0, 0.8, 0.4
SENT, UNIT_SECONDS, UNIT_SPREAD = 0.12, 2_400.0, 0.9


def log_of(people: Population, callers: int, rng: np.random.Generator, *, timed: bool) -> Units:
    """One log of about so many misuse callers."""
    calls, chances = people
    size = rng.poisson(callers)
    drawn = calls[np.searchsorted(np.cumsum(chances), rng.random(size), side="right").clip(0, len(calls) - 1)]
    values = np.zeros((size, len(MEASURES)))
    values[:, 0] = drawn
    if timed and size:
        starts = np.append(0, np.cumsum(drawn)[:-1])
        total, own = int(drawn.sum()), rng.lognormal(0.0, CALLER_SPREAD, size)
        talk = rng.lognormal(np.log(CALL_SECONDS), CALL_SPREAD, total)
        away = np.where(rng.random(total) < SENT, rng.lognormal(np.log(UNIT_SECONDS), UNIT_SPREAD, total), 0.0)
        values[:, HANDLING] = own * np.add.reduceat(talk, starts)
        values[:, UNIT] = np.add.reduceat(away, starts)
    everyone = np.ones(size, dtype=np.bool_)
    return Units(values, everyone, everyone, THRESHOLD)


def truths(people: Population, callers: int) -> dict[str, float]:
    """What the intervals are to hold; seconds a call don't depend on how many calls a caller makes."""
    calls, chances = people
    mean, kept = float(calls @ chances), float((calls * (calls >= THRESHOLD)) @ chances)
    a_call = CALL_SECONDS * float(np.exp((CALL_SPREAD**2 + CALLER_SPREAD**2) / 2.0))
    share, total, everything = kept / mean, callers * kept, callers * mean
    return {
        "share_of_calls": share, "share_of_calls, studentised alone": share, "share_of_calls, percentiles": share,
        "total_of_calls": total, "all_calls": everything, "share_of_time": share, "share_of_unit_time": share,
        "total_of_time": total * a_call, "all_time": everything * a_call,
    }  # fmt: skip


def intervals(found: Draws, *, timed: bool) -> dict[str, Interval | None]:
    """Every interval of one log, and two that were tried before, by name."""
    alone = Draws(found.callers, found.persistent_callers, found.replicates, found.plain, found.plain)
    kept, rest = found.plain.sums.persistent[:, 0], found.plain.sums.others[:, 0]
    low, high = np.quantile(kept / np.maximum(kept + rest, 1.0), [0.025, 0.975])
    made = {
        "share_of_calls": share_interval(found, "misuse_calls"),
        "share_of_calls, studentised alone": share_interval(alone, "misuse_calls"),
        "share_of_calls, percentiles": Interval(float(low), float(high)),
        "total_of_calls": total_interval(found, "misuse_calls"),
        "all_calls": total_interval(found, "misuse_calls", all_misuse=True),
    }
    if timed:
        made["share_of_time"] = share_interval(found, "handling_seconds")
        made["share_of_unit_time"] = share_interval(found, "unit_seconds")
        made["total_of_time"] = total_interval(found, "handling_seconds")
        made["all_time"] = total_interval(found, "handling_seconds", all_misuse=True)
    return made


def cell(tail: str, people: Population, callers: int, *, logs: int, replicates: int = REPLICATES) -> dict[str, Any]:
    """Of so many logs of one size: how many intervals were given, how many held, how wide they were beside the truth."""
    timed, truth = tail in TIMED, truths(people, callers)
    names = [name for name in truth if timed or "time" not in name]
    tally = {name: {"given": 0, "held": 0, "held_in_slice": 0, "too_low": 0, "width": 0.0} for name in names}
    for number in range(logs):
        rng = np.random.default_rng([callers, number])
        units = log_of(people, callers, rng, timed=timed)
        if not units.is_persistent.any():
            continue
        for name, interval in intervals(draws(units, replicates, number), timed=timed).items():
            if interval is None:
                continue
            held = interval.low <= truth[name] <= interval.high
            row = tally[name]
            row["given"] += 1
            row["held"] += held
            row["held_in_slice"] += held and number < SLICE
            row["too_low"] += interval.high < truth[name]
            row["width"] += (interval.high - interval.low) / truth[name]
    for row in tally.values():
        row["width"] = float(f"{row['width'] / max(row['given'], 1):.3g}")
    persistent = callers * float(people[1][people[0] >= THRESHOLD].sum())
    return {
        "tail": tail, "callers": callers, "persistent": int(persistent), "logs": logs, "replicates": replicates,
        "share": float(f"{truth['share_of_calls']:.6g}"), "intervals": tally,
    }  # fmt: skip


# ── bounds ─────────────────────────────────────────────────────────────────────────────────────

HIDDEN = 0.3  # at most so large a part of a log's calls has no number
FEW = 200  # callers of a log


def hidden(people: Population, rng: np.random.Generator) -> tuple[Units, tuple[int, float, float]]:
    """A log some of whose calls came without a number, and the truth: persistent callers, their calls and seconds.

    Some callers withhold it always, others now and then, so that whom it hides is no matter of chance alone.
    """
    calls, chances = people
    made = calls[np.searchsorted(np.cumsum(chances), rng.random(FEW), side="right").clip(0, len(calls) - 1)]
    maker = np.repeat(np.arange(FEW), made)
    seconds = rng.lognormal(np.log(CALL_SECONDS), CALL_SPREAD, len(maker))
    habit = np.where(rng.random(FEW) < 0.1, 1.0, rng.uniform(0.0, HIDDEN, FEW))
    is_shown = rng.random(len(maker)) >= habit[maker]
    over = made >= THRESHOLD
    truth = int(over.sum()), float(made[over].sum()), float(seconds[over[maker]].sum())
    left = np.bincount(maker[is_shown], minlength=FEW)
    spent = np.bincount(maker[is_shown], weights=seconds[is_shown], minlength=FEW)
    known = left > 0
    values = np.zeros((int(known.sum()) + int((~is_shown).sum()), len(MEASURES)))
    values[:, 0] = np.append(left[known], np.ones((~is_shown).sum()))
    values[:, HANDLING] = np.append(spent[known], seconds[~is_shown])
    is_identified = np.arange(len(values)) < known.sum()
    return Units(values, np.ones(len(values), dtype=np.bool_), is_identified, THRESHOLD), truth


def bounds_held(people: Population, logs: int) -> dict[str, int]:
    """Of so many logs, in how many each figure lay within its bounds."""
    held = {"callers": 0, "calls": 0, "time": 0}
    for number in range(logs):
        units, (callers, calls, seconds) = hidden(people, np.random.default_rng([FEW, number]))
        high = call_bounds(units)
        low = {
            name: float(units.column(name)[units.is_persistent].sum()) for name in ("misuse_calls", "handling_seconds")
        }
        held["callers"] += int(units.is_persistent.sum()) <= callers <= high.callers_high
        held["calls"] += low["misuse_calls"] <= calls <= high.calls_high
        held["time"] += low["handling_seconds"] - 1e-6 <= seconds <= outer_bound(units, "handling_seconds") + 1e-6
    return held


# ── the table ──────────────────────────────────────────────────────────────────────────────────

# What an interval's coverage is taken from: time was tried under two tails, so the others' calls speak for it too.
KINDS = {
    "share_of_calls": ("share_of_calls",),
    "share_of_time": ("share_of_time", "share_of_unit_time", "share_of_calls"),
    "total_of_calls": ("total_of_calls",),
    "total_of_time": ("total_of_time", "total_of_calls"),
    "all_calls": ("all_calls",),
    "all_time": ("all_time", "all_calls"),
}


def summary(cells: list[dict[str, Any]]) -> list[tuple[int, int, dict[str, tuple[float, float]]]]:
    """By size: callers, the fewest persistent under any tail, and the least and the most coverage of each kind.

    A size that some tail still lacks is left out.
    """
    rows = []
    for callers in sorted({found["callers"] for found in cells}):
        alike = [found for found in cells if found["callers"] == callers]
        if {found["tail"] for found in alike} != set(TAILS):
            continue
        rows.append(_held(alike))
    return rows


def _held(alike: list[dict[str, Any]]) -> tuple[int, int, dict[str, tuple[float, float]]]:
    """Of cells of one size: callers, the fewest persistent, and the least and the most coverage of each kind."""
    held = {}
    for kind, names in KINDS.items():
        rates = [
            round(100.0 * found["intervals"][name]["held"] / found["intervals"][name]["given"], 1)
            for found in alike
            for name in names
            if name in found["intervals"]
        ]
        held[kind] = (min(rates), max(rates))
    return alike[0]["callers"], min(found["persistent"] for found in alike), held


def by_tail(cells: list[dict[str, Any]]) -> list[tuple[str, int, int, dict[str, tuple[float, float]]]]:
    """The same of each tail by itself, at every size that it was tried at: tail, callers, persistent, coverage."""
    return [(found["tail"], *_held([found])) for found in cells]


def rates(cells: list[dict[str, Any]], callers: int, name: str) -> str:
    """The least and the most coverage of one interval at one size, over the tails."""
    found = [
        100.0 * cell["intervals"][name]["held"] / cell["intervals"][name]["given"]
        for cell in cells
        if cell["callers"] == callers and name in cell["intervals"]
    ]
    return f"{min(found):.1f}–{max(found):.1f}"


def page(cells: list[dict[str, Any]]) -> str:
    """The tables of docs/intervals.md."""
    lines = [
        "| callers | persistent, at least | share of calls | share of time | calls | time | all calls | all time |"
    ]
    lines.append("|---:" * 8 + "|")
    for callers, persistent, held in summary(cells):
        spans = [f"{low:.1f}–{high:.1f}" for low, high in held.values()]
        lines.append(f"| {callers:,} | {persistent:,} | {' | '.join(spans)} |")
    tried = ("share_of_calls, percentiles", "share_of_calls, studentised alone", "share_of_calls")
    lines += ["", "| callers | percentiles | studentised alone | with the fitted tail |", "|---:" * 4 + "|"]
    for callers, *_ in summary(cells):
        lines.append(f"| {callers:,} | {' | '.join(rates(cells, callers, name) for name in tried)} |")
    sizes = [callers for callers, *_ in summary(cells)]
    lines += ["", f"| tail | share | {' | '.join(f'{size:,}' for size in sizes)} |"]
    lines.append("|---|---:" + "|---:" * len(sizes) + "|")
    for tail in TAILS:
        own = [cell for cell in cells if cell["tail"] == tail and cell["callers"] in sizes]
        found = [rates(own, cell["callers"], "share_of_calls").split("–")[0] for cell in own]
        lines.append(f"| {tail} | {100 * own[0]['share']:.1f}% | {' | '.join(found)} |")
    return "\n".join(lines) + "\n"


def between(path: Path, start: str, end: str, text: str) -> None:
    """Put a text between two lines of a file."""
    before, _, rest = path.read_text(encoding="utf-8").partition(start)
    path.write_text(f"{before}{start}{text}{end}{rest.partition(end)[2]}", encoding="utf-8")


def write(cells: list[dict[str, Any]]) -> None:
    """What the program says of its intervals, and the page: both from the same cells."""
    rows = [
        f"    Trials('{tail}', {size:_}, {persistent:_}, {held}),\n".replace("'", '"')
        for tail, size, persistent, held in by_tail(cells)
    ]
    between(TABLE, "TRIALS: tuple[Trials, ...] = (\n", ")\n# fmt: on", "".join(rows))
    between(PAGE, "nothing that is printed calls it a 95% interval.\n\n", "\nThe first table", page(cells))


def timed_draws() -> float:
    """Seconds for the intervals of a year: 40,000 misuse callers, calls and times, 10,000 draws."""
    units = log_of(power(population.TAIL_EXPONENT, population.TOP_CALLS), 40_000, np.random.default_rng(1), timed=True)
    units.values[:, UNIT + 1 :] = units.values[:, [HANDLING]] * np.random.default_rng(2).random((len(units.values), 4))
    started = time.perf_counter()
    intervals(draws(units, 10_000, 1), timed=True)
    return time.perf_counter() - started


def main() -> None:
    """Do what the options ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tails", default=";".join(TAILS), help="names, parted by semicolons")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--logs", type=int, default=LOGS)
    parser.add_argument("--store", type=Path, default=STORE)
    parser.add_argument("--again", action="store_true")
    for name in ("--write", "--time", "--bounds"):
        parser.add_argument(name, action="store_true")
    options = parser.parse_args()
    kept = json.loads(options.store.read_text(encoding="utf-8")) if options.store.exists() else []
    if options.write:
        write(kept)
    elif options.bounds:
        for tail in options.tails.split(";"):
            print(f"{tail:22} of {options.logs:,} logs within bounds:", bounds_held(TAILS[tail](), options.logs))
    elif options.time:
        print(f"{timed_draws():.2f} s for 10,000 draws of 40,000 callers")
    else:
        fill(options, kept)


def fill(options: argparse.Namespace, kept: list[dict[str, Any]]) -> None:
    """Make the cells that are missing, keeping each as it is done."""
    for callers in map(int, options.sizes.split(",")):
        for tail in options.tails.split(";"):
            done = [c for c in kept if (c["tail"], c["callers"], c["logs"]) == (tail, callers, options.logs)]
            if done and not options.again:
                continue
            started = time.perf_counter()
            found = cell(tail, TAILS[tail](), callers, logs=options.logs)
            kept = [c for c in kept if (c["tail"], c["callers"]) != (tail, callers)] + [found]
            kept.sort(key=lambda c: (c["callers"], list(TAILS).index(c["tail"])))
            options.store.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
            held = {name: f"{100 * row['held'] / row['given']:.1f}" for name, row in found["intervals"].items()}
            print(f"{callers:>7,} {tail:22} {time.perf_counter() - started:6.0f} s", held, flush=True)


if __name__ == "__main__":
    main()
