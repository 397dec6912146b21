"""How far a call's probability of being misuse hangs on who calls, learned from the verdicts themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

# Even beforehand between errors by code alone (0), by what a call is, whoever calls (1), and a little beyond.
_SLOPES, _STEEPEST = 26, 1.25
_MOST_LOG_ODDS, _HALVINGS, _REACH = 8.0, 40, 20.0
_FEWEST = 20


@dataclass(frozen=True)
class Verdicts:
    """What was found of single calls of callers who could be over the line: one entry a call."""

    caller: Whole  # row of the counts
    stratum: Whole
    is_misuse: NDArray[np.bool_]
    group: Whole  # of each stratum: strata whose codes err in the same way, from nought


def recalibrated(
    chance: Floats,
    calls: Floats,
    share: Floats,
    posterior: Floats,
    verdicts: Verdicts,
    rng: np.random.Generator,
) -> Floats:
    """`chance` (a row a stratum, a column a share of misuse) with its log odds stretched as the verdicts tell.

    The log odds become offset + slope × log odds. Slope 1: codes err by what a call is, so a code is wrong more often
    where the caller has more other calls to be wrong about. Slope 0: they err by code alone. One slope a group of
    strata, drawn from its posterior under an even prior; a group of few verdicts keeps slope 1. Each stratum's offset
    keeps its share of misuse, `share`, over its `calls` (expected, in the shape of `chance`).
    `posterior`: for each verdict's caller, how likely each share of misuse is (a column a share).
    """
    import numpy as np

    slopes = np.linspace(0.0, _STEEPEST, _SLOPES)
    odds = _log_odds(chance)
    ways = [_raked(slope * odds, calls, share) for slope in slopes]
    found = chance.copy()
    for name in np.unique(verdicts.group):
        rows = np.flatnonzero(verdicts.group[verdicts.stratum] == name)
        if len(rows) < _FEWEST:
            continue
        logs = np.array([_log_likelihood(way, posterior[rows], verdicts, rows) for way in ways])
        steps = np.cumsum(np.exp(logs - logs.max()))
        members = verdicts.group == name
        found[members] = ways[int(np.searchsorted(steps, rng.random() * steps[-1]))][members]
    return found


def _log_odds(chance: Floats) -> Floats:
    import numpy as np

    kept = np.clip(chance, 1e-9, 1.0 - 1e-9)
    return np.asarray(np.clip(np.log(kept / (1.0 - kept)), -_MOST_LOG_ODDS, _MOST_LOG_ODDS))


def _raked(odds: Floats, calls: Floats, share: Floats) -> Floats:
    """Chances of these log odds, each row moved until its mean over its calls is its share: by halving."""
    import numpy as np

    low, high = np.full(len(odds), -_REACH), np.full(len(odds), _REACH)
    weight = calls / np.maximum(calls.sum(axis=1, keepdims=True), 1e-300)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        is_less = (weight * _expit(odds + middle[:, None])).sum(axis=1) < share
        low, high = np.where(is_less, middle, low), np.where(is_less, high, middle)
    return _expit(odds + high[:, None])


def _log_likelihood(way: Floats, posterior: Floats, verdicts: Verdicts, rows: Whole) -> float:
    import numpy as np

    likely = np.clip((posterior * way[verdicts.stratum[rows]]).sum(axis=1), 1e-9, 1.0 - 1e-9)
    return float(np.log(np.where(verdicts.is_misuse[rows], likely, 1.0 - likely)).sum())


def _expit(value: Floats) -> Floats:
    import numpy as np

    return np.asarray(1.0 / (1.0 + np.exp(-value)))
