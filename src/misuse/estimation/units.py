"""Units of misuse calls, and bounds over who made the unidentified ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

MEASURES = (
    "misuse_calls",
    "handling_seconds",
    "unit_seconds",
    "days_work",
    "days_work_handling",
    "month_handling_seconds",
    "month_unit_seconds",
)


@dataclass(frozen=True)
class Units:
    """The units of one window and way of counting; `values` has a column per measure."""

    values: Floats
    can_persist: Flags
    is_identified: Flags
    threshold: int

    def column(self, measure: str) -> Floats:
        return self.values[:, MEASURES.index(measure)]

    @cached_property
    def is_persistent(self) -> Flags:
        return self.can_persist & self.is_identified & (self.column("misuse_calls") >= self.threshold)

    @cached_property
    def is_below(self) -> Flags:
        """Those whom unidentified calls could lift over the threshold."""
        return self.can_persist & self.is_identified & (self.column("misuse_calls") < self.threshold)

    @cached_property
    def costs(self) -> Floats:
        """Unidentified calls that would lift each of those below."""
        return self.threshold - self.column("misuse_calls")[self.is_below]


@dataclass(frozen=True)
class CallBounds:
    """The most that persistent callers, and their calls, can be; exact."""

    callers_high: int
    calls_high: int


def call_bounds(units: Units) -> CallBounds:
    """The most persistent callers and calls of theirs, whoever made the unidentified calls.

    Lifting the cheapest first is exact, not a rule of thumb: a caller on c calls costs threshold - c
    and brings c, so of any two the cheaper brings more. Whatever calls are left go to somebody
    persistent, so they all count as soon as there is one, if need be one made of them alone.
    """
    import numpy as np

    calls = units.column("misuse_calls")
    persistent = int(calls[units.is_persistent].sum())
    callers = int(units.is_persistent.sum())
    unidentified = int(calls[~units.is_identified].sum())
    costs = np.sort(units.costs)
    lifted = int(np.searchsorted(np.cumsum(costs), unidentified, side="right"))
    spare = unidentified - int(costs[:lifted].sum())
    fresh = spare // units.threshold
    if callers + lifted + fresh == 0:
        return CallBounds(0, 0)
    gained = int((units.threshold - costs[:lifted]).sum())
    return CallBounds(callers + lifted + fresh, persistent + unidentified + gained)


def outer_bound(units: Units, measure: str) -> float:
    """A figure that persistent callers' total of any measure cannot exceed; it may not be reached.

    The best choice of whom to lift is a knapsack; a knapsack whose last item may be cut is at least as good.
    """
    import numpy as np

    values = units.column(measure)
    known = float(values[units.is_persistent].sum())
    unidentified = int(units.column("misuse_calls")[~units.is_identified].sum())
    if call_bounds(units).callers_high == 0:
        return known
    gains, costs = values[units.is_below], units.costs
    order = np.lexsort((costs, -gains / costs))
    before = np.cumsum(costs[order]) - costs[order]
    parts = np.clip((unidentified - before) / costs[order], 0.0, 1.0)
    return known + float(values[~units.is_identified].sum()) + float((gains[order] * parts).sum())
