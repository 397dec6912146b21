"""95% intervals from draws: studentised, the wider of what the log's own callers and a fitted tail give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from misuse.estimation.resampling import Drawn, Draws, Sums
from misuse.estimation.units import MEASURES

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_TAIL = 0.025


@dataclass(frozen=True)
class Interval:
    """Ends of a 95% interval."""

    low: float
    high: float


def share_interval(draws: Draws, measure: str) -> Interval | None:
    """95% interval of the persistent callers' share of a measure; None where nothing, or everything, is theirs.

    Reckoned on the log-odds scale, so it stays within 0 and 1. A draw that lacks persistent callers altogether is
    further away than any other: with three of them or fewer the upper end is 1.
    """
    return _interval(draws, lambda sums: _log_odds(sums, measure), _from_log_odds)


def total_interval(draws: Draws, measure: str, *, all_misuse: bool = False) -> Interval | None:
    """95% interval of a total of the persistent callers', or of all misuse; None where it is nothing.

    Draws of nothing are left out, as a log without any gets no interval.
    """
    return _interval(draws, lambda sums: _total(sums, measure, all_misuse), lambda total: max(total, 0.0))


def _log_odds(sums: Sums, measure: str) -> tuple[Floats, Floats]:
    """The log-odds of the share, infinite where one side is nothing; their standard error by linearisation."""
    import numpy as np

    at = MEASURES.index(measure)
    kept, rest = sums.persistent[:, at], sums.others[:, at]
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log(kept / rest)
        error = np.sqrt(sums.persistent_squares[:, at] / kept**2 + sums.others_squares[:, at] / rest**2)
    return odds, np.where(np.isinf(odds), 1.0, error)


def _from_log_odds(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds)) if odds > -700.0 else 0.0


def _total(sums: Sums, measure: str, all_misuse: bool) -> tuple[Floats, Floats]:
    import numpy as np

    at = MEASURES.index(measure)
    total, squares = sums.persistent[:, at], sums.persistent_squares[:, at]
    if all_misuse:
        total, squares = total + sums.others[:, at], squares + sums.others_squares[:, at]
    return total, np.sqrt(squares)


def _interval(
    draws: Draws, scale: Callable[[Sums], tuple[Floats, Floats]], back: Callable[[float], float]
) -> Interval | None:
    """Studentised by each way of drawing; the outer of their ends, which hold the point."""
    point, error = (float(part[0]) for part in scale(draws.observed))
    if not math.isfinite(point) or not error > 0.0:
        return None
    found = [_quantiles(way, scale) for way in (draws.plain, draws.spliced)]
    lowest, highest = min(0.0, *(pair[0] for pair in found)), max(0.0, *(pair[1] for pair in found))
    return Interval(back(point - highest * error), back(point - lowest * error))


def _quantiles(way: Drawn, scale: Callable[[Sums], tuple[Floats, Floats]]) -> tuple[float, float]:
    """Of the draws' distances from their source, each in its own standard errors."""
    import numpy as np

    centre = float(scale(way.source)[0][0])
    values, errors = scale(way.sums)
    good = errors > 0.0
    lowest, highest = np.quantile(
        (values[good] - centre) / errors[good], [_TAIL, 1.0 - _TAIL], method="closest_observation"
    )
    return float(lowest), float(highest)
