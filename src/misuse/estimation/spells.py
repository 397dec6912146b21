"""What the misuse calls of a period would have been had the same callers' spells begun at other times.

Misuse is a sum of spells: people begin to call, call much or little, and stop, each by himself. Such a sum wanders by
itself, the more so the fewer and the less alike its callers are. If spells begin as they happen, at all times alike,
the sum is shot noise, whose spread is that of the spells seen, each at every time (Campbell 1909; Daley and Vere-Jones
2003, section 6.3). So every caller's own calls are shifted in time by chance, as one piece, round the end of the log
to its start: the random shifts of point processes (Lotwick and Silverman 1982, J. R. Statist. Soc. B 44), a
bootstrap whose cluster is the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_ONE_BY_ONE = 100  # of the callers with most; the others together are near enough normal
_AT_ONCE = 4_096  # callers whose waves are held in memory
_LEAST = 0.05  # of the usual calls: what the normal part may bring a period down to


@dataclass(frozen=True)
class CallerPeriods:
    """Calls of callers, a row for each caller and period with any. Calls in none of the rows are each a caller's only."""

    caller: Ints  # 0, 1, 2, …
    period: Ints
    calls: Floats

    @classmethod
    def none(cls) -> CallerPeriods:
        """Every call a caller's only."""
        import numpy as np

        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, empty.astype(np.float64))


def redrawn(made: CallerPeriods, calls: Floats, level: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Logs of a period's calls over its level, a row a draw: every caller's at times of chance, as long as they were.

    `calls`: all of each period; `level`: what a period's are set against, above nothing. The callers with most are
    moved one by one; of the others the sum is normal, with the spread that moving them would give it.
    """
    import numpy as np

    count = len(calls)
    alone = np.maximum(calls - np.bincount(made.period, weights=made.calls, minlength=count), 0.0)
    size = made.calls / level[made.period]
    everyone = int(made.caller.max()) + 1 if len(made.caller) else 0
    sums = np.bincount(made.caller, weights=size, minlength=everyone)
    most = np.argsort(-sums, kind="stable")[:_ONE_BY_ONE]
    place = np.full(everyone, -1, dtype=np.int64)
    place[most] = np.arange(len(most))
    is_moved = place[made.caller] >= 0
    moved = np.zeros((len(most), count))
    np.add.at(moved, (place[made.caller[is_moved]], made.period[is_moved]), size[is_moved])
    rest = ~is_moved
    power = _power(made.caller[rest], made.period[rest], size[rest], count) + (alone / level**2).sum()
    mean = (size[rest].sum() + (alone / level).sum()) / count
    sums_of_all = mean + _normal(power, count, draws, rng)
    starts = rng.integers(count, size=(len(most), draws))
    for row, start in zip(moved, starts, strict=True):
        around = np.lib.stride_tricks.sliding_window_view(np.concatenate([row, row[:-1]]), count)
        sums_of_all += around[start]
    return np.asarray(np.log(np.maximum(sums_of_all, _LEAST)))


def _power(caller: Ints, period: Ints, size: Floats, count: int) -> Floats:
    """The sum over callers of the squared waves of their calls: what shifts in time leave as it is."""
    import numpy as np

    present, at = np.unique(caller, return_inverse=True)
    total = np.zeros(count // 2 + 1)
    for first in range(0, len(present), _AT_ONCE):  # so many callers at once, not one by one
        own = (at >= first) & (at < first + _AT_ONCE)
        dense = np.zeros((min(_AT_ONCE, len(present) - first), count))
        np.add.at(dense, (at[own] - first, period[own]), size[own])
        total += (np.abs(np.fft.rfft(dense, axis=1)) ** 2).sum(axis=0)
    return total


def _normal(power: Floats, count: int, draws: int, rng: np.random.Generator) -> Floats:
    """Normal series about nothing whose squared waves are `power` in the mean."""
    import numpy as np

    waves = rng.standard_normal((draws, len(power))) + 1j * rng.standard_normal((draws, len(power)))
    waves *= np.sqrt(power / 2.0)
    waves[:, 0] = 0.0  # a shift leaves the sum of all periods as it is
    if count % 2 == 0:
        waves[:, -1] = waves[:, -1].real * np.sqrt(2.0)  # the shortest wave has no other half
    return np.fft.irfft(waves, count, axis=1)
