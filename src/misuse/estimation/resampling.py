"""Sums over callers drawn afresh: each a Poisson number of times with mean one, all their calls together.

So the number of callers varies too, as it does from year to year. The persistent are drawn in two ways: from the
log's own, and with the heaviest of them from a fitted tail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from misuse.estimation.tails import MOST_CALLS, Tail, fitted
from misuse.estimation.units import MEASURES, Units

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Kinds of caller below the threshold that are drawn one by one; the lighter rest enter as one normal sum.
OTHERS_DRAWN_SINGLY = 300
# From so many callers on, intervals called 95% held the truth in 93 to 97% of trials (coverage.TRIALS).
NOMINAL_FROM_UNITS = 30_000


def claim(callers: int) -> str:
    """What an interval over so few callers must say of itself; nothing where trials bear 95% out."""
    return "" if callers >= NOMINAL_FROM_UNITS else "; with so few callers 95% coverage is not claimed"


_DRAWS_AT_ONCE = 4_000_000
# Of 65,536 equally likely draws, how many are 0, 1, 2, … times: Poisson of mean one, the mean exactly.
_TIMES = (24109, 24109, 12055, 4018, 1005, 202, 33, 5)


@dataclass(frozen=True)
class Sums:
    """Per replicate (rows) and measure (columns): sums and sums of squares of persistent callers and of others."""

    persistent: Floats
    persistent_squares: Floats
    others: Floats
    others_squares: Floats


@dataclass(frozen=True)
class Drawn:
    """One way of drawing: the sums drawn, and those of what they were drawn from."""

    sums: Sums
    source: Sums


@dataclass(frozen=True)
class Draws:
    """A log's sums and two ways of drawing them afresh; `plain.source` is what was observed."""

    callers: int
    persistent_callers: int
    replicates: int
    plain: Drawn
    spliced: Drawn

    @property
    def observed(self) -> Sums:
        """The log itself, as its only replicate."""
        return self.plain.source


def draws(units: Units, replicates: int, seed: int) -> Draws:
    """A log's sums, and those of callers drawn afresh `replicates` times; the same for any order of the units.

    Alike callers are drawn together, which is exact. Those below the threshold are many and light: beyond the
    heaviest kinds of them, their sum is taken from its normal limit.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    kept, times = _kinds(units.values[units.is_persistent])
    tails = _tails(kept, times, units.threshold)
    starts = np.array([tail.start if tail else np.inf for tail in tails])
    singly = _with_squares(np.hstack([kept, np.where(kept <= starts, kept, 0.0)]))
    whole, body, whole_squares, body_squares = np.split(_drawn(singly, times, replicates, rng), 4, axis=1)
    known, part, known_squares, part_squares = np.split(times[None, :] @ singly, 4, axis=1)
    above, above_squares = _tail_sums(tails, replicates, rng)
    expected_above = np.array([[tail.count * tail.mean if tail else 0.0 for tail in tails]])
    rest, rest_times = _kinds(units.values[~units.is_persistent])
    others = _others(_with_squares(rest), rest_times, replicates, rng)
    known_others = np.split(rest_times[None, :] @ _with_squares(rest), 2, axis=1)
    plain = Drawn(Sums(whole, whole_squares, *others), Sums(known, known_squares, *known_others))
    spliced = Drawn(
        Sums(body + above, body_squares + above_squares, *others),
        Sums(part + expected_above, part_squares, *known_others),
    )
    return Draws(len(units.values), int(times.sum()), replicates, plain, spliced)


def _kinds(values: Floats) -> tuple[Floats, Floats]:
    """The different rows, heaviest first, and how many there are of each."""
    import numpy as np

    keys = values[:, values.any(axis=0)]  # a column of noughts orders nothing
    ordered = values[np.lexsort(keys.T[::-1])[::-1]] if keys.shape[1] else values
    is_first = np.ones(len(ordered), dtype=np.bool_)
    is_first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    places = np.flatnonzero(is_first)
    return ordered[places], np.diff(np.append(places, len(ordered))).astype(np.float64)


def _with_squares(values: Floats) -> Floats:
    import numpy as np

    return np.hstack([values, values**2])


def _drawn(values: Floats, times: Floats, replicates: int, rng: np.random.Generator) -> Floats:
    """Sums of the rows, each as often as a Poisson draw of mean `times` says, `replicates` times."""
    import numpy as np

    single = times == 1.0
    table = np.repeat(np.arange(len(_TIMES), dtype=np.uint8), _TIMES)
    sums = np.zeros((replicates, values.shape[1]))
    step = max(1, _DRAWS_AT_ONCE // max(len(values), 1))
    for start in range(0, replicates, step):
        part = sums[start : start + step]
        draws_of_one = rng.integers(0, len(table), size=(len(part), int(single.sum())), dtype=np.uint16)
        part += table[draws_of_one].astype(np.float64) @ values[single]
        many = rng.poisson(times[~single], size=(len(part), int((~single).sum())))
        part += many.astype(np.float64) @ values[~single]
    return sums


# ── the persistent: the heaviest from a fitted tail ────────────────────────────────────────────


def _tails(kept: Floats, times: Floats, threshold: int) -> list[Tail | None]:
    import numpy as np

    totals = times @ kept
    a_call = totals / totals[0] if len(kept) else totals
    return [
        fitted(np.repeat(kept[:, at], times.astype(np.int64)), threshold, MOST_CALLS * float(a_call[at]))
        for at in range(len(MEASURES))
    ]


def _tail_sums(tails: Sequence[Tail | None], replicates: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Sums, and sums of squares, of Poisson many draws from each tail; zero where a measure has none."""
    import numpy as np

    sums = np.zeros((2, replicates, len(tails)))
    for at, tail in enumerate(tails):
        if tail is None:
            continue
        counts = rng.poisson(tail.count, size=replicates)
        ends = np.append(0, np.cumsum(counts))
        cells = tail.cells()
        drawn = np.append(cells[rng.integers(0, len(cells), size=int(ends[-1]), dtype=np.uint16)], 0.0)
        for power in (0, 1):
            sums[power, :, at] = np.where(counts > 0, np.add.reduceat(drawn ** (power + 1), ends[:-1]), 0.0)
    return sums[0], sums[1]


# ── the others ─────────────────────────────────────────────────────────────────────────────────


def _others(values: Floats, times: Floats, replicates: int, rng: np.random.Generator) -> list[Floats]:
    """Their sums and sums of squares."""
    import numpy as np

    sums = _drawn(values[:OTHERS_DRAWN_SINGLY], times[:OTHERS_DRAWN_SINGLY], replicates, rng)
    sums += _normal(values[OTHERS_DRAWN_SINGLY:], times[OTHERS_DRAWN_SINGLY:], replicates, rng)
    return np.split(np.maximum(sums, 0.0), 2, axis=1)


def _normal(values: Floats, times: Floats, replicates: int, rng: np.random.Generator) -> Floats:
    """The normal limit of what `_drawn` gives."""
    import numpy as np

    if len(values) == 0:
        return np.zeros((replicates, values.shape[1]))
    scale = np.maximum(np.abs(values).max(axis=0), 1e-300)
    scaled = values / scale
    spread, directions = np.linalg.eigh(scaled.T @ (times[:, None] * scaled))
    noise = rng.standard_normal((replicates, len(spread))) * np.sqrt(np.maximum(spread, 0.0))
    return np.asarray((times @ scaled + noise @ directions.T) * scale)
