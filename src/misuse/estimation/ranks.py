"""How firm the order of the most prolific is.

Drawing callers afresh fails for the most prolific: no draw of a log holds more of a caller than the log does. So here
the callers stay, and each one's calling is drawn afresh: as many misuse calls as it made on average, in episodes that
come by chance (a negative binomial). That says how far the order hangs on single episodes, not what anyone does next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

LISTED, TOP = 50, 10
_TAIL = 0.025
# Who can't come within this many standard deviations of the last one listed takes no part.
_REACH = 6.0
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class RankStability:
    """A caller by place in what was given: its rank (1: most calls), a 95% interval of it, the chance of the top."""

    place: int
    rank: int
    rank_low: int
    rank_high: int
    p_top: float


def rank_stability(
    calls: Floats, squares: Floats, *, replicates: int, seed: int, listed: int = LISTED, top: int = TOP
) -> list[RankStability]:
    """Rank intervals and the chance of being among the `top`, for the `listed` callers with most calls, in rank order.

    `calls`: misuse calls of every caller who may be ranked; `squares`: each one's sum of squared episode sizes (calls
    in an episode). Callers alike in both get the same interval and chance, and rank as they were given; equal draws
    are parted by lot. The result does not depend on the order of the callers otherwise.
    """
    import numpy as np

    squares = np.maximum(squares, calls)
    order = np.lexsort((-squares, -calls))
    calls, squares = calls[order], squares[order]
    shown = min(listed, len(order))
    if shown == 0:
        return []
    size = _taking_part(calls, squares, shown)
    ranks = _drawn_ranks(calls[:size], squares[:size], shown, replicates, seed)
    rows = []
    for at in range(shown):
        alike = (calls[:shown] == calls[at]) & (squares[:shown] == squares[at])
        theirs = ranks[:, alike]
        low, high = np.quantile(theirs, [_TAIL, 1.0 - _TAIL], method="closest_observation")
        rows.append(RankStability(int(order[at]), at + 1, int(low), int(high), float((theirs <= top).mean())))
    return rows


def _taking_part(calls: Floats, squares: Floats, shown: int) -> int:
    """How many of the callers, most calls first, could come near those shown."""
    import numpy as np

    spread = _REACH * np.sqrt(squares)
    lowest = float((calls - spread)[:shown].min())
    return max(int(np.flatnonzero(calls + spread >= lowest)[-1]) + 1, shown)


def _drawn_ranks(calls: Floats, squares: Floats, shown: int, replicates: int, seed: int) -> Ints:
    """Per replicate, the ranks of the first `shown`."""
    import numpy as np

    rng = np.random.default_rng(seed)
    ranks = np.zeros((replicates, shown), dtype=np.int64)
    # A Poisson count about a gamma rate has this variance beyond the Poisson's own.
    beyond = np.maximum(squares - calls, 1e-9 * np.maximum(calls, 1.0))
    shape, scale = calls**2 / beyond, beyond / np.maximum(calls, 1e-300)
    step = max(1, _CELLS_AT_ONCE // len(calls))
    for start in range(0, replicates, step):
        size = (min(step, replicates - start), len(calls))
        drawn = rng.poisson(rng.gamma(shape, scale, size=size)) + rng.random(size)
        own = drawn[:, :shown].copy()
        drawn.sort(axis=1)
        for row in range(size[0]):
            ranks[start + row] = size[1] - np.searchsorted(drawn[row], own[row])
    return ranks
