"""The log-growth warning: how much of a change in the since-start share the longer log alone explains.

The share of misuse made by callers with ten or more since the log began rises as the log grows, if nobody changes:
given longer, more callers reach ten. So two dates are compared twice: as read then (all of the log each time), and
like for like (as many months before each date). What is left of the former without the latter is the longer log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from misuse.estimation.refused import Refused
from misuse.estimation.resampling import claim

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

FEWEST_CALLERS = 5
_TAIL = 0.025
_LEAST_FREEDOM = 2.0


@dataclass(frozen=True)
class Difference:
    """A difference of shares, in shares, and its 95% interval."""

    point: float
    low: float
    high: float


@dataclass(frozen=True)
class Growth:
    """Two dates of one log: its share since start at each, and where the difference comes from."""

    earlier_share: float
    share: float
    observed: Difference  # since start now less since start then
    like_for_like: Difference  # of as many periods before each date: what changed
    by_length: Difference  # the rest: what the longer log alone explains
    method: str

    @property
    def verdict(self) -> str:
        """`no change` where the like-for-like interval holds zero, else `rose` or `fell`."""
        change = self.like_for_like
        if change.low <= 0.0 <= change.high:
            return "no change"
        return "rose" if change.point > 0.0 else "fell"


def growth(calls: Whole, earlier: int, threshold: int, *, replicates: int, seed: int) -> Growth | Refused:
    """The share since start at the end of all periods against that at the end of the first `earlier` ones.

    `calls`: misuse calls, a row per caller, a column per period of equal length since the log began; an unidentified
    call is a caller of its own. Callers are resampled, all their calls together, and differences studentised by
    linearised errors; the interval is widened by Student's t with as many degrees of freedom as there are callers
    that the error hangs on.
    """
    import numpy as np

    periods = calls.shape[1]
    if not 0 < earlier < periods:
        return Refused("the earlier date lies within the log, with at least one period before and after")
    windows = np.stack([calls[:, :earlier].sum(axis=1), calls[:, -earlier:].sum(axis=1), calls.sum(axis=1)], axis=1)
    least = int((windows >= threshold).sum(axis=0).min())
    if least < FEWEST_CALLERS:
        return Refused(f"{least} callers with {threshold} or more in one of the windows: too few to compare")
    kinds, callers = np.unique(windows, axis=0, return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(len(calls), callers / len(calls), size=replicates)
    sample = _Sample(kinds.astype(np.float64), callers[None, :].astype(np.float64), drawn.astype(np.float64), threshold)
    method = (
        f"share of callers with {threshold} or more since start, {periods} against {earlier} periods; like for like: "
        f"the last {earlier} against the first {earlier}; studentised bootstrap over {len(calls)} callers, "
        f"{replicates} draws, widened{claim(len(calls))}"
    )
    return Growth(
        float(windows[windows[:, 0] >= threshold, 0].sum() / windows[:, 0].sum()),
        float(windows[windows[:, 2] >= threshold, 2].sum() / windows[:, 2].sum()),
        sample.difference(2, 0),
        sample.difference(1, 0),
        sample.difference(2, 1),
        method,
    )


@dataclass(frozen=True)
class _Sample:
    """Kinds of callers by their calls in each window, callers of each kind, and the same for each replicate."""

    kinds: Floats
    whole: Floats
    drawn: Floats
    threshold: int

    def difference(self, left: int, right: int) -> Difference:
        """The share of one window less that of another."""
        import numpy as np
        from scipy.special import ndtri, stdtrit

        point, error = (float(part[0]) for part in self._reckoned(self.whole, left, right))
        points, errors = self._reckoned(self.drawn, left, right)
        if error <= 0.0 or not len(points):
            return Difference(point, point, point)
        good = errors > 0.0
        lower, upper = np.quantile((points[good] - point) / errors[good], [_TAIL, 1.0 - _TAIL])
        freedom = max(self._hangs_on(left, right), _LEAST_FREEDOM)
        width = error * float(stdtrit(freedom, 1.0 - _TAIL) / ndtri(1.0 - _TAIL))
        low, high = point - float(upper) * width, point - float(lower) * width
        return Difference(point, max(min(low, point), -1.0), min(max(high, point), 1.0))

    def _reckoned(self, callers: Floats, left: int, right: int) -> tuple[Floats, Floats]:
        """Difference and its standard error, a row per replicate, from sums alone."""
        import numpy as np

        one, other = self._window(callers, left), self._window(callers, right)
        both = self.kinds[:, left] * self.kinds[:, right]
        is_left, is_right = self.kinds[:, left] >= self.threshold, self.kinds[:, right] >= self.threshold
        products = (both, both * is_left, both * is_right, both * (is_left & is_right))
        every, of_left, of_right, of_both = (callers @ np.stack(products, axis=1)).T
        cross = of_both - other.share * of_left - one.share * of_right + one.share * other.share * every
        spread = one.spread + other.spread - 2.0 * cross / (one.calls * other.calls)
        return one.share - other.share, np.sqrt(np.maximum(spread, 0.0))

    def _window(self, callers: Floats, at: int) -> _Window:
        import numpy as np

        calls = self.kinds[:, at]
        kept = calls >= self.threshold
        columns = np.stack([calls, calls * kept, calls**2, calls**2 * kept], axis=1)
        total, top, squares, top_squares = (callers @ columns).T
        share = top / total
        spread = ((1.0 - share) ** 2 * top_squares + share**2 * (squares - top_squares)) / total**2
        return _Window(total, share, spread)

    def _hangs_on(self, left: int, right: int) -> float:
        """The callers that the standard error hangs on: (Σe²)² / Σe⁴."""
        parts = self._parts(left) - self._parts(right)
        squares = self.whole[0] * parts**2
        return float(squares.sum() ** 2 / (squares * parts**2).sum())

    def _parts(self, at: int) -> Floats:
        window, calls = self._window(self.whole, at), self.kinds[:, at]
        return ((calls >= self.threshold) - window.share) * calls / window.calls


@dataclass(frozen=True)
class _Window:
    calls: Floats
    share: Floats
    spread: Floats
