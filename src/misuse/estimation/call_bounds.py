"""Bounds over who made the unidentified calls: exact for callers and calls, an outer bound for anything else."""

from __future__ import annotations

from dataclasses import dataclass

from misuse.estimation.units import Units


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
