"""Every threshold and window at once: how many callers are over the line, and their share, from counts by caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
