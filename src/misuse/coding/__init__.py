"""How far a misuse code can be trusted, and what that does to a count of ten.

A sample of calls, drawn by stratum, is coded again by two people blind to each other; a third settles where
they differ. From that: the share of each stratum's calls that truly are misuse, and from those shares each
caller's probability of truly having the threshold's number of misuse calls. A stratum is a code (or a group of
codes) among the calls of callers with at least the threshold's number of calls of any kind, or among all other
calls: only the former can be over the line, so that is where the sample must look, for missed calls too.

Arithmetic on arrays alone: no store, no clock; chance comes from the seed given.
"""

from misuse.coding import classifier
from misuse.coding.callers import Corrected, Estimate, corrected
from misuse.coding.rates import Agreement, Rates, Tally, agreement, verdict_rates
from misuse.coding.recalibration import Verdicts
from misuse.coding.reliability import Reliability, reliability
from misuse.coding.sampling import drawn, shared_out, sizes
from misuse.coding.tails import at_least

__all__ = [
    "Agreement",
    "Corrected",
    "Estimate",
    "Rates",
    "Reliability",
    "Tally",
    "Verdicts",
    "agreement",
    "at_least",
    "classifier",
    "corrected",
    "drawn",
    "reliability",
    "shared_out",
    "sizes",
    "verdict_rates",
]
