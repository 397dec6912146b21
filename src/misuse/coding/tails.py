"""The distribution of a number of misuse calls where each call is misuse with its own probability: exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

_NEARLY_ONE = 1.0 - 1e-15
_AT_ONCE = 2_048  # columns that stay in the processor's cache


def at_least(probability: Floats, owner: Whole, callers: int, threshold: int) -> Floats:
    """Each caller's probability of at least `threshold` misuse calls, each call having its own (Poisson-binomial).

    `owner`: the caller of each call, 0 to `callers` - 1. One call of every caller at a time enters the distribution
    of the numbers below the threshold; callers with a call left are the first rows, so it costs calls × threshold.
    Calls must be misuse independently of each other, given their probabilities.
    """
    import numpy as np

    count = np.bincount(owner, minlength=callers)
    busiest = np.argsort(-count, kind="stable")
    row = np.empty(callers, dtype=np.int64)
    row[busiest] = np.arange(callers)
    order = np.argsort(row[owner], kind="stable")
    ordered, start = probability[order], np.cumsum(count[busiest]) - count[busiest]
    below = np.zeros((threshold, callers))
    below[0] = 1.0
    remaining = np.searchsorted(-count[busiest], -np.arange(count.max(initial=0)), side="left")
    for turn, rows in enumerate(remaining):
        chance = ordered[start[:rows] + turn]
        moved = below[:, :rows] * chance
        below[:, :rows] -= moved
        below[1:, :rows] += moved[:-1]
    result = np.empty(callers)
    result[busiest] = np.clip(1.0 - below.sum(axis=0), 0.0, 1.0)
    return result


def below_threshold(counts: Whole, place: Whole, chance: Floats, threshold: int) -> Floats:
    """Probabilities of 0 to `threshold` - 1 misuse calls (rows) for each case (columns).

    A case has `counts` calls in each stratum (rows), each misuse with the chance of the stratum (rows of `chance`)
    at the case's place (columns): the sum of a binomial a stratum, by convolution cut off at the threshold. Exact,
    since every term is positive.
    """
    import numpy as np

    below = np.zeros((threshold, counts.shape[1]))
    below[0] = 1.0
    for start in range(0, counts.shape[1], _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        for calls, rates in zip(counts[:, part], chance, strict=True):
            most_first = np.argsort(-calls, kind="stable")
            some = most_first[: np.count_nonzero(calls)]
            if len(some):
                masses = _binomial(calls[some], place[part][some], rates, threshold)
                below[:, start + some] = _sum_of(below[:, start + some], masses, calls[some])
    return below


def _binomial(calls: Whole, place: Whole, rates: Floats, threshold: int) -> Floats:
    """Masses at 0 to `threshold` - 1; cases of equal calls and place are reckoned once."""
    import numpy as np
    from scipy.special import gammaln

    pairs, which = np.unique(calls * len(rates) + place, return_inverse=True)
    calls, rate = pairs // len(rates), np.clip(rates[pairs % len(rates)], 1e-300, _NEARLY_ONE)
    number = np.arange(threshold)[:, None]
    rest = np.maximum(calls - number, 0)
    ways = gammaln(calls + 1.0) - gammaln(number + 1.0) - gammaln(rest + 1.0)
    masses = np.exp(np.minimum(ways + number * np.log(rate) + rest * np.log1p(-rate), 0.0))
    return np.where(number <= calls, masses, 0.0)[:, which]


def _sum_of(left: Floats, right: Floats, calls: Whole) -> Floats:
    """Masses of the sum; `right` has none above its `calls`, which fall from column to column."""
    import numpy as np

    total = np.zeros_like(left)
    for number in range(min(len(left), int(calls[0]) + 1)):
        some = int(np.searchsorted(-calls, -number, side="right"))
        total[number:, :some] += right[number, :some] * left[: len(left) - number, :some]
    return total
