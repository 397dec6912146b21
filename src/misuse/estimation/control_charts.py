"""XmR charts as NHS England's "Making data count" draws them: which points are more than chance.

Limits: mean ± 2.66 × mean moving range (2.66 = 3 / 1.128, 1.128 being the mean range of two normal draws of
standard deviation one). No point is screened out of the moving range, as in the programme's own workbook.
The four rules, as the programme's R package applies them (github.com/nhs-r-community/NHSRplotthedots,
R/ptd_spc_standard.R and R/ptd_calculate_point_type.R; the workbook lets one choose 6 for 7, its issue 202):

1. outside: a point beyond a limit;
2. shift: seven points in a row on one side of the mean (a point on the mean ends the run);
3. trend: seven points in a row, each higher than the last, or each lower (equal points end the run);
4. two of three: of three points in a row on one side of the mean, two or more beyond two thirds of the way to the
   limit; points beyond the limit count too since November 2023 (its issue 194), and only the far ones are marked.

Where rules meet, the first of outside, trend, two of three, shift speaks (its pull request 180).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from misuse.estimation.refused import Refused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Signs = NDArray[np.int8]

LIMIT = 2.66
NEAR = LIMIT * 2.0 / 3.0
RUN = 7
FEWEST = 7  # below this no rule but the first could speak
# The workbook shows limits from thirteen points on (issue 194); fewer are drawn as trial limits.
FEWEST_FOR_LIMITS = 13
RULES = ("outside", "trend", "two_of_three", "shift")
_WORDS = {
    "outside": ("below its lower limit", "above its upper limit"),
    "trend": (f"part of {RUN} points each lower than the last", f"part of {RUN} points each higher than the last"),
    "two_of_three": ("one of two in three near its lower limit", "one of two in three near its upper limit"),
    "shift": (f"part of {RUN} points below the mean", f"part of {RUN} points above the mean"),
}


@dataclass(frozen=True)
class Chart:
    """One series with its limits; a sign a point: 1 up, -1 down, 0 nothing found."""

    mean: float
    lower: float
    upper: float
    is_trial: bool
    signs: dict[str, Signs]  # by rule
    direction: Signs  # of the rule that speaks
    words: tuple[str, ...]  # what it says, "" for chance
    reading: tuple[str, ...]  # improvement, concern or change; "" for chance
    method: str

    @property
    def is_special(self) -> NDArray[np.bool_]:
        """Points that are more than chance."""
        import numpy as np

        return np.asarray(self.direction != 0)


def xmr(values: Floats, *, baseline: int | None = None, better: str = "neither") -> Chart | Refused:
    """The chart of a series without gaps, one value a period.

    `baseline`: limits from the first so many points alone (before a known change); all points where it is None.
    `better`: lower, higher or neither: which way is improvement.
    """
    import numpy as np

    if better not in ("lower", "higher", "neither"):
        raise ValueError("better is lower, higher or neither")
    basis = values if baseline is None else values[:baseline]
    if len(basis) < FEWEST:
        return Refused(f"{len(basis)} points: no chart of fewer than {FEWEST}")
    if not np.all(np.isfinite(values)):
        return Refused("a period has no value: an XmR chart needs every one")
    mean, reach = float(basis.mean()), float(np.abs(np.diff(basis)).mean())
    side = np.sign(values - mean).astype(np.int8)
    signs = {
        "outside": side * (np.abs(values - mean) > LIMIT * reach),
        "trend": _trend(values),
        "two_of_three": _two_of_three(side, np.abs(values - mean) > NEAR * reach),
        "shift": _run(side, RUN),
    }
    speaks, direction = _first(signs)
    is_trial = len(basis) < FEWEST_FOR_LIMITS
    method = f"mean ± {LIMIT} × mean moving range of {len(basis)} points" + ("; trial limits, few points" * is_trial)
    words = tuple(
        _WORDS[RULES[rule]][int(sign > 0)] if sign else "" for rule, sign in zip(speaks, direction, strict=True)
    )
    reading = tuple(_reading(int(sign), better) for sign in direction)
    return Chart(mean, mean - LIMIT * reach, mean + LIMIT * reach, is_trial, signs, direction, words, reading, method)


def _reading(sign: int, better: str) -> str:
    if not sign:
        return ""
    if better == "neither":
        return "change"
    return "improvement" if (sign > 0) == (better == "higher") else "concern"


def _first(signs: dict[str, Signs]) -> tuple[NDArray[np.int64], Signs]:
    """Which rule speaks for each point, and which way it points."""
    import numpy as np

    every = np.stack([signs[rule] for rule in RULES])
    speaks = np.argmax(every != 0, axis=0)
    return speaks, every[speaks, np.arange(every.shape[1])]


def _run(side: Signs, length: int) -> Signs:
    """The sign of points that are part of `length` or more of one sign in a row."""
    import numpy as np

    starts = np.flatnonzero(np.diff(side, prepend=side[0] + 3))
    lengths = np.diff(np.append(starts, len(side)))
    return np.asarray(side * np.repeat(lengths >= length, lengths))


def _trend(values: Floats) -> Signs:
    """A run of steps has one point more than steps; where two trends share a point, the later one has it."""
    import numpy as np

    steps = _run(np.sign(np.diff(values)).astype(np.int8), RUN - 1)
    before, after = np.append(steps, 0), np.append(0, steps)
    return np.where(before != 0, before, after).astype(np.int8)


def _two_of_three(side: Signs, is_far: NDArray[np.bool_]) -> Signs:
    import numpy as np

    threes = np.lib.stride_tricks.sliding_window_view(side, 3).sum(axis=1)
    far = np.lib.stride_tricks.sliding_window_view(is_far, 3).sum(axis=1)
    found = (np.abs(threes) == 3) & (far >= 2)
    within = np.convolve(found, np.ones(3), mode="full") > 0
    return np.asarray(side * (within & is_far)).astype(np.int8)
