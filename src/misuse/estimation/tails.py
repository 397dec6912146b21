"""The heaviest callers' tail: a generalised Pareto spliced on above a high value, held to be heavy until many say not.

A log of a few thousand callers seldom holds a caller as heavy as the population's heaviest, so drawing its own
callers again can't show how much one more of those would move a total. A fitted tail can.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# The tail holds half of the callers, at most this many times the square root of their number, and where there
# are so many at least FEWEST_IN_TAIL.
TAIL_FRACTION = 0.5
TAIL_ROOTS = 6.0
FEWEST_IN_TAIL = 10
# A tail's shape is drawn towards one that barely has a mean, as if so many callers had shown it.
EXPECTED_SHAPE = 0.9
EXPECTED_WEIGHT = 30.0
EXPECTED_SCALE_WEIGHT = 3.0
# Nobody is thought to make more misuse calls than this in a window, or than twice the most that anybody made.
MOST_CALLS = 5_000.0
BEYOND_MOST = 2.0
_CELLS = 65_536


@dataclass(frozen=True)
class Tail:
    """Values above `start`: `count` of them; generalised Pareto of this shape and scale, cut off at `end` above start."""

    start: float
    count: int
    shape: float
    scale: float
    end: float

    @property
    def beyond(self) -> float:
        """The chance that a value, were it not cut off, would lie beyond the end."""
        return float(max(1.0 + self.shape * self.end / self.scale, 0.0) ** (-1.0 / self.shape))

    @property
    def mean(self) -> float:
        """The mean value."""
        import numpy as np

        return self.start + float(self._partial_mean(np.ones(1))[0])

    def cells(self) -> Floats:
        """The means of 65,536 equally likely cells, heaviest first: a draw is one of them, and their mean the tail's."""
        import numpy as np

        edges = self._partial_mean(np.arange(_CELLS + 1) / _CELLS)
        return np.asarray(self.start + np.diff(edges) * _CELLS)

    def _partial_mean(self, surviving: Floats) -> Floats:
        """The mean excess times the chance, over the heaviest so many of the tail."""
        beyond = self.beyond
        uncut = beyond + (1.0 - beyond) * surviving
        power = 1.0 - self.shape
        grown = (uncut**power - (beyond**power if beyond > 0.0 else 0.0)) / power
        return (self.scale / self.shape) * (grown - (uncut - beyond)) / (1.0 - beyond)


def fitted(values: Floats, threshold: int, most: float) -> Tail | None:
    """The tail of the positive among these values, `most` being the most a caller can have; None where none is."""
    import numpy as np

    ordered = np.sort(values[values > 0.0])
    if len(ordered) == 0:
        return None
    start = _start(ordered, threshold)
    excesses = ordered[ordered > start] - start
    shape, scale = _drawn_in(excesses, start)
    end = max(most, BEYOND_MOST * float(ordered[-1])) - start
    if shape < 0.0:
        end = min(end, -scale / shape)
    return Tail(start, len(excesses), shape, scale, end)


def _drawn_in(excesses: Floats, start: float) -> tuple[float, float]:
    """Shape and scale, drawn towards those of a Pareto tail that barely has a mean."""
    size = len(excesses)
    shape, median = EXPECTED_SHAPE, float(excesses[size // 2])
    if excesses[0] < excesses[-1]:
        fit, scale = _shape_and_scale(excesses)
        median = scale * _median(fit)
        shape = (size * fit + EXPECTED_WEIGHT * EXPECTED_SHAPE) / (size + EXPECTED_WEIGHT)
        shape += 1e-6 * (abs(shape) < 1e-6 or abs(shape - 1.0) < 1e-6)  # two values that the formulas divide by
    expected_median = EXPECTED_SHAPE * start * _median(EXPECTED_SHAPE)
    weight = size / (size + EXPECTED_SCALE_WEIGHT)
    median = median**weight * expected_median ** (1.0 - weight)
    return shape, median / _median(shape)


def _median(shape: float) -> float:
    return float((2.0**shape - 1.0) / shape) if abs(shape) > 1e-9 else 0.6931471805599453


def _start(ordered: Floats, threshold: int) -> float:
    """Half way between the tail's lightest and the next below; a little below the lightest of all."""
    import numpy as np

    size = len(ordered)
    wanted = max(int(min(TAIL_FRACTION * size, TAIL_ROOTS * size**0.5)), FEWEST_IN_TAIL)
    lightest = float(ordered[max(size - wanted, 0)])
    below = int(np.searchsorted(ordered, lightest, side="left"))
    if below == 0:
        return lightest * (1.0 - 0.5 / threshold)
    return 0.5 * (lightest + float(ordered[below - 1]))


def _shape_and_scale(excesses: Floats) -> tuple[float, float]:
    """Zhang and Stephens (2009), Technometrics 51(3):316-325: a likelihood average over a grid, quick and never failing."""
    import numpy as np

    size = len(excesses)
    grid = np.arange(1, 30 + int(size**0.5) + 1)
    quartile = excesses[max(int(size / 4 + 0.5) - 1, 0)]
    rate = (1.0 - np.sqrt(len(grid) / (grid - 0.5))) / (3.0 * quartile) + 1.0 / excesses[-1]
    rate = rate[np.abs(rate) > 1e-12]
    shapes = np.log1p(-np.outer(rate, excesses)).mean(axis=1)
    fit = size * (np.log(-rate / shapes) - shapes - 1.0)
    weights = np.exp(fit - fit.max())
    best = float(rate @ weights / weights.sum())
    shape = float(np.log1p(-best * excesses).mean())
    return shape, -shape / best
