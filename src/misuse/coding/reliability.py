"""Whether probabilities are what they say: of the things given 30%, three in ten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

BINS = 10


@dataclass(frozen=True)
class Reliability:
    """The curve, a value per bin of equal width (NaN where it is empty), and what it comes to."""

    given: Floats  # mean probability
    found: Floats  # how often it was so
    number: Whole
    calibration_error: float  # mean distance of the two, by number (expected calibration error)
    brier: float  # mean squared distance of probability and outcome


def reliability(probability: Floats, outcome: NDArray[np.bool_]) -> Reliability:
    """The reliability of probabilities whose outcomes are known."""
    import numpy as np

    if not len(probability):
        raise ValueError("no probability to set beside an outcome")
    place = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    number = np.bincount(place, minlength=BINS)
    sums = [np.bincount(place, part, BINS) for part in (probability, outcome.astype(np.float64))]
    given, found = (np.where(number, part / np.maximum(number, 1), np.nan) for part in sums)
    error = float(np.abs(sums[0] - sums[1]).sum() / len(probability))
    return Reliability(given, found, number, error, float(np.mean((probability - outcome) ** 2)))
