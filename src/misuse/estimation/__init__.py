"""Estimates from units: shares, days' work, their intervals, and bounds over the unidentified calls.

A unit is a caller with its misuse calls, or one unidentified misuse call, which is taken for a caller of
its own. Everything here is arithmetic on arrays: no store, no clock; chance comes from the seed given.
"""

from misuse.estimation.call_bounds import call_bounds, outer_bound
from misuse.estimation.figures import Figure, figures
from misuse.estimation.rows import frame, rounded, rounded_figure
from misuse.estimation.units import MEASURES, Units

__all__ = ["MEASURES", "Figure", "Units", "call_bounds", "figures", "frame", "outer_bound", "rounded", "rounded_figure"]
