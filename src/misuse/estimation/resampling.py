"""Intervals by resampling callers: drawn with replacement, all their calls together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from misuse.estimation.units import MEASURES, Units

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Below five persistent callers a standard error of theirs means little: then plain percentiles.
FEWEST_FOR_STUDENTISED = 5
# Units drawn one by one; the lighter rest, each below all of these, enters as one normal sum.
DRAWN_SINGLY = 10_000
NOMINAL_FROM_UNITS = 30_000
_DRAWS_AT_ONCE = 4_000_000
_TAIL = 0.025


@dataclass(frozen=True)
class Sums:
    """Per replicate (rows) and measure (columns): sums and sums of squares of persistent units and of others."""

    units: int
    persistent: Floats
    persistent_squares: Floats
    others: Floats
    others_squares: Floats


def observed_sums(units: Units) -> Sums:
    """The sample itself as its only replicate."""
    kept, rest = units.values[units.is_persistent], units.values[~units.is_persistent]
    sums = (part.sum(axis=0, keepdims=True) for part in (kept, kept**2, rest, rest**2))
    return Sums(len(units.values), *sums)


def resampled_sums(units: Units, replicates: int, seed: int) -> Sums:
    """Sums over callers drawn with replacement, as many as there are, `replicates` times.

    The persistent and the heaviest others are drawn singly. The rest are many and light, so the sum of those
    drawn is taken from its normal limit given how many they are: a year's draw costs a third of the time.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    kept, rest = units.values[units.is_persistent], units.values[~units.is_persistent]
    rest = rest[np.lexsort(rest.T[::-1])[::-1]]  # most calls first, then most handling time, …
    cut = max(DRAWN_SINGLY - len(kept), 0)
    heavy, light = _with_squares(rest[:cut]), _with_squares(rest[cut:])
    kept = _with_squares(kept)
    width = kept.shape[1]
    singly = np.zeros((len(kept) + len(heavy), 2 * width))
    singly[: len(kept), :width] = kept
    singly[len(kept) :, width:] = heavy
    total = len(singly) + len(light)
    taken = rng.binomial(total, len(singly) / total, size=replicates)
    sums = _drawn(singly, taken, rng)
    sums[:, width:] += _normal(light, total - taken, rng)
    half = width // 2
    return Sums(total, *(sums[:, start : start + half] for start in range(0, 2 * width, half)))


def _with_squares(values: Floats) -> Floats:
    import numpy as np

    return np.hstack([values, values**2])


def _drawn(values: Floats, taken: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """The sum of `taken[i]` rows drawn with replacement, for each i."""
    import numpy as np

    count, sums = len(values), np.zeros((len(taken), values.shape[1]))
    step = max(1, _DRAWS_AT_ONCE // max(count, 1))
    for start in range(0, len(taken), step):
        part = taken[start : start + step]
        cells = rng.integers(0, count, size=int(part.sum())) + np.repeat(np.arange(len(part)) * count, part)
        weights = np.bincount(cells, minlength=len(part) * count).reshape(len(part), count)
        sums[start : start + step] = weights.astype(np.float64) @ values
    return sums


def _normal(values: Floats, taken: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    import numpy as np

    if len(values) == 0:
        return np.zeros((len(taken), values.shape[1]))
    scale = np.maximum(np.abs(values).max(axis=0), 1e-300)
    scaled = values / scale
    spread, directions = np.linalg.eigh(np.atleast_2d(np.cov(scaled.T, bias=True)))
    noise = rng.standard_normal((len(taken), len(spread))) * np.sqrt(np.maximum(spread, 0.0))
    sums = taken[:, None] * scaled.mean(axis=0) + np.sqrt(taken)[:, None] * (noise @ directions.T)
    return np.asarray(np.maximum(sums, 0.0) * scale)


@dataclass(frozen=True)
class Interval:
    """Ends of a 95% interval, and how they were found."""

    low: float
    high: float
    is_studentised: bool


def share_interval(observed: Sums, drawn: Sums, measure: str, effective: int) -> Interval | None:
    """95% interval of the persistent callers' share; None where nothing, or everything, is theirs.

    Studentised on the log-odds scale: it stays within 0 and 1 and, with tails as heavy as these, covers better
    than percentiles: in a trial 88, 92 and 95% against 85, 88 and 95% at 1,500, 5,000 and 35,000 callers.
    `effective`: the callers that the figure hangs on.
    """
    import numpy as np

    point, error = (part[0] for part in _share(observed, measure))
    if not 0.0 < point < 1.0:
        return None
    points, errors = _share(drawn, measure)
    good = (points > 0.0) & (points < 1.0) & (errors > 0.0)
    if effective < FEWEST_FOR_STUDENTISED or error <= 0.0 or good.sum() < len(points) // 2:
        return _percentiles(points[np.isfinite(points)], point)
    scaled = (_logit(points[good]) - _logit(point)) / (errors[good] / (points[good] * (1.0 - points[good])))
    lower, upper = np.quantile(scaled, [_TAIL, 1.0 - _TAIL])
    width = error / (point * (1.0 - point))
    ends = 1.0 / (1.0 + np.exp(-(_logit(point) - np.array([upper, lower]) * width)))
    return Interval(float(min(ends[0], point)), float(max(ends[1], point)), True)


def _logit(share: Floats) -> Floats:
    import numpy as np

    return np.asarray(np.log(share) - np.log1p(-share))


def total_interval(
    observed: Sums, drawn: Sums, measure: str, effective: int, *, all_misuse: bool = False
) -> Interval | None:
    """95% interval of a total of the persistent callers', or of all misuse; None where it is nothing."""
    import numpy as np

    point, error = (part[0] for part in _total(observed, measure, all_misuse))
    if point <= 0.0:
        return None
    points, errors = _total(drawn, measure, all_misuse)
    good = (points > 0.0) & (errors > 0.0)
    if effective < FEWEST_FOR_STUDENTISED or error <= 0.0 or good.sum() < len(points) // 2:
        return _percentiles(points, point)
    scaled = (np.log(points[good]) - np.log(point)) / (errors[good] / points[good])
    lower, upper = np.quantile(scaled, [_TAIL, 1.0 - _TAIL])
    ends = point * np.exp(-np.array([upper, lower]) * error / point)
    return Interval(float(min(ends[0], point)), float(max(ends[1], point)), True)


def _share(sums: Sums, measure: str) -> tuple[Floats, Floats]:
    """Share and its standard error by linearisation, per replicate."""
    import numpy as np

    at = MEASURES.index(measure)
    kept, rest = sums.persistent[:, at], sums.others[:, at]
    whole = kept + rest
    with np.errstate(divide="ignore", invalid="ignore"):
        share = kept / whole
        squares = (1.0 - share) ** 2 * sums.persistent_squares[:, at] + share**2 * sums.others_squares[:, at]
        return share, np.sqrt(squares) / whole


def _total(sums: Sums, measure: str, all_misuse: bool) -> tuple[Floats, Floats]:
    import numpy as np

    at = MEASURES.index(measure)
    total, squares = sums.persistent[:, at], sums.persistent_squares[:, at]
    if all_misuse:
        total, squares = total + sums.others[:, at], squares + sums.others_squares[:, at]
    return total, np.sqrt(np.maximum(squares - total**2 / sums.units, 0.0))


def _percentiles(points: Floats, point: float) -> Interval | None:
    import numpy as np

    if len(points) == 0:
        return None
    low, high = np.quantile(points, [_TAIL, 1.0 - _TAIL])
    return Interval(float(min(low, point)), float(max(high, point)), False)
