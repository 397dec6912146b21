"""Every threshold and window at once: how many callers are over the line, and their share, from counts by caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from misuse.estimation.intervals import Interval, share_interval
from misuse.estimation.resampling import draws
from misuse.estimation.units import MEASURES, Units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

THRESHOLDS = range(3, 51)
# The ambulance services' frequent callers: so many in a month, or so many in three (FreCaNN; they count episodes).
AMBULANCE_MONTH, AMBULANCE_QUARTER = 5, 12


@dataclass(frozen=True)
class OverTheLine:
    """By threshold (rows) and way of counting (columns): callers, what is theirs, its share; no number for 0 of 0."""

    thresholds: Ints
    callers: Ints
    sums: Floats
    shares: Floats


def over_the_line(
    counts: Floats, wholes: Floats, *, sums: Floats | None = None, thresholds: Sequence[int] = THRESHOLDS
) -> OverTheLine:
    """Callers at or over each threshold, for every way of counting.

    `counts`: a row a caller who may be persistent, a column a way of counting (a window's calls, its episodes, …).
    `wholes`: what each column's share is of: all misuse, shared lines and unidentified calls included.
    `sums`: what is added up where that is not what is counted, such as the calls of those with so many episodes.
    """
    import numpy as np

    added = counts if sums is None else sums
    lines = np.asarray(list(thresholds), dtype=np.int64)
    top = int(lines.max(initial=0))
    shape = (len(lines), counts.shape[1])
    callers, totals = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    for way in range(counts.shape[1]):  # a handful
        reached = np.minimum(counts[:, way], top).astype(np.int64)
        at_least = np.cumsum(np.bincount(reached, minlength=top + 1)[::-1])[::-1]
        of_them = np.cumsum(np.bincount(reached, weights=added[:, way], minlength=top + 1)[::-1])[::-1]
        callers[:, way], totals[:, way] = at_least[lines], of_them[lines]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(wholes > 0, totals / wholes, np.nan)
    return OverTheLine(lines, callers, totals, shares)


def ambulance_line(month: Floats, quarter: Floats) -> Flags:
    """Who is a frequent caller by the ambulance services' line: five in a month, or twelve in three months."""
    import numpy as np

    return np.asarray((month >= AMBULANCE_MONTH) | (quarter >= AMBULANCE_QUARTER))


def share_intervals(
    units: Units, *, replicates: int, seed: int, thresholds: Sequence[int] = THRESHOLDS
) -> list[Interval | None]:
    """The 95% interval of the persistent callers' share of misuse calls at each threshold; the seed is the same for all."""
    import numpy as np

    values = np.zeros_like(units.values)
    at = MEASURES.index("misuse_calls")
    values[:, at] = units.values[:, at]
    calls_only = replace(units, values=values)
    return [
        share_interval(draws(replace(calls_only, threshold=line), replicates, seed), "misuse_calls")
        for line in thresholds
    ]
