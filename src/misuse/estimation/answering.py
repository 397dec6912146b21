"""What persistent callers go together with for others: answering delay and Immediate calls, in the same hours.

Hours with much handling of persistent callers' misuse are set against other hours of the same borough and hour of the
week, adjusted for how many calls of others there were. It is an association: busy evenings bring more of everything,
and what is not in the log is not adjusted for. The outcome is of calls that are not misuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from misuse.estimation.figures import Figure
from misuse.estimation.refused import Refused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Flags = NDArray[np.bool_]

MUCH = 0.75  # the quarter of a cell's hours with most handling of persistent callers
FEWEST_DAYS = 30
FEWEST_CALLS = 100  # of either kind of hour
LATE_MINUTES = 30.0
_TAIL = 0.025
_MOST_ONE_BY_ONE = 20_000
_BINS = 2_000


@dataclass(frozen=True)
class Calls:
    """One outcome of others' calls, a value per call: where and when it was, and how the hour was."""

    outcome: Floats
    cell: Whole  # borough and hour of the week, numbered from 0
    day: Whole  # numbered from 0
    is_busy: Flags  # in an hour with much handling of persistent callers' misuse
    volume: Floats  # others' calls in that hour (and borough)
    weight: Floats | None = None  # calls that a value is the mean of; None: one each


@dataclass(frozen=True)
class Association:
    """An outcome in hours with much persistent-caller handling and in others, as adjusted, and their difference."""

    busy: float
    quiet: float
    difference: float
    low: float
    high: float
    unadjusted: float
    calls: int
    busy_calls: int
    days: int


def busy_hours(seconds: Floats, cell: Whole) -> Flags:
    """Hours in the top quarter of their cell by seconds of handling persistent callers; none without any seconds."""
    import numpy as np

    order = np.lexsort((seconds, cell))
    count = np.bincount(cell)
    start = np.cumsum(count) - count
    at = start + np.ceil(MUCH * count).astype(np.int64) - 1
    limit = seconds[order][np.clip(at, 0, len(seconds) - 1)]
    return np.asarray((seconds > limit[cell]) & (seconds > 0.0))


def association(calls: Calls, *, replicates: int, seed: int, is_median: bool = False) -> Association | Refused:
    """The adjusted difference of an outcome between hours with much handling of persistent callers and others.

    Calls of a cell without both kinds of hours say nothing and are left out. Within cells the outcome is regressed on
    the kind of hour, the volume (over its mean) and its square; the difference is the coefficient of the former. The
    median is of what is left when cell and volume are taken out. The interval is a bootstrap of whole days
    (percentiles), since an hour's calls, and a day's hours, share their troubles; cell means are held as they are.
    """
    import numpy as np

    known = np.isfinite(calls.outcome)
    if is_median and calls.weight is not None:
        raise ValueError("a median is of calls one by one")
    kept = known & _has_both(calls.cell, calls.is_busy & known, ~calls.is_busy & known)
    outcome, cell, busy = calls.outcome[kept], calls.cell[kept], calls.is_busy[kept]
    days, day = np.unique(calls.day[kept], return_inverse=True)
    weight = np.ones(len(outcome)) if calls.weight is None else calls.weight[kept]
    busy_calls, every = round(float(weight[busy].sum())), round(float(weight.sum()))
    if len(days) < FEWEST_DAYS or min(busy_calls, every - busy_calls) < FEWEST_CALLS:
        return Refused(
            f"{busy_calls} calls in hours with much handling and {every - busy_calls} in comparable ones, on "
            f"{len(days)} days: at least {FEWEST_CALLS} of each on {FEWEST_DAYS} days are needed"
        )
    volume = calls.volume[kept] / np.average(calls.volume[kept], weights=weight) - 1.0
    columns = _within(np.stack([busy.astype(np.float64), volume, volume**2, outcome], axis=1), cell, weight)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(days), np.full(len(days), 1.0 / len(days)), size=replicates).astype(np.float64)
    if is_median:
        middles = [float(np.median(part)) for part in (outcome, outcome[busy], outcome[~busy])]
        difference, differences = _median(columns, busy, day, drawn)
    else:
        middles = [float(np.average(outcome[part], weights=weight[part])) for part in (busy | True, busy, ~busy)]
        difference, differences = _mean(columns, weight, day, drawn)
    low, high = np.quantile(differences, [_TAIL, 1.0 - _TAIL])
    centre, part = middles[0], busy_calls / every
    return Association(
        *(centre + (1.0 - part) * difference, centre - part * difference, difference),
        *(min(float(low), difference), max(float(high), difference)),
        middles[1] - middles[2],
        *(every, busy_calls, len(days)),
    )


def _has_both(cell: Whole, busy: Flags, quiet: Flags) -> Flags:
    import numpy as np

    count = int(cell.max(initial=-1)) + 1
    some = [np.bincount(cell, part, minlength=count) > 0 for part in (busy, quiet)]
    return np.asarray((some[0] & some[1])[cell])


def _within(columns: Floats, cell: Whole, weight: Floats) -> Floats:
    """Each column less its mean in the cell."""
    import numpy as np

    whole = np.bincount(cell, weight)
    count = np.where(whole > 0.0, whole, 1.0)
    means = np.stack([np.bincount(cell, column * weight) / count for column in columns.T], axis=1)
    return np.asarray(columns - means[cell])


def _mean(columns: Floats, weight: Floats, day: Whole, drawn: Floats) -> tuple[float, Floats]:
    """The coefficient of the kind of hour; days enter by their cross-products, so a replicate costs little."""
    import numpy as np

    width = columns.shape[1]
    products = np.stack(
        [np.bincount(day, weight * columns[:, i] * columns[:, j]) for i in range(width) for j in range(width)], axis=1
    )
    whole, each = (part.reshape(-1, width, width) for part in (products.sum(axis=0), drawn @ products))
    return float(_coefficients(whole)[0, 0]), _coefficients(each)[:, 0]


def _coefficients(products: Floats) -> Floats:
    """Least squares of the last column on the others, from cross-products."""
    import numpy as np

    left, right = products[:, :-1, :-1], products[:, :-1, -1:]
    ridge = 1e-12 * np.trace(left, axis1=1, axis2=2)[:, None, None] * np.eye(left.shape[1])
    return np.asarray(np.linalg.solve(left + ridge, right)[..., 0])


def _median(columns: Floats, busy: Flags, day: Whole, drawn: Floats) -> tuple[float, Floats]:
    """The difference of medians of the outcome without what cell and volume explain."""
    import numpy as np

    coefficients = _coefficients((columns.T @ columns)[None])[0]
    rest = columns[:, -1] - columns[:, 1:-1] @ coefficients[1:]
    order = np.argsort(rest, kind="stable")
    rest, day, is_busy = rest[order], day[order], busy[order]
    one, other = ((rest[part], day[part]) for part in (is_busy, ~is_busy))
    point = float(np.median(one[0]) - np.median(other[0]))
    return point, _medians(*one, drawn) - _medians(*other, drawn)


def _medians(values: Floats, day: Whole, drawn: Floats) -> Floats:
    """The median of sorted values under each replicate's weights of days; of many values, to a fine bin's middle."""
    import numpy as np

    if len(values) > _MOST_ONE_BY_ONE:
        edges = np.linspace(0, len(values), _BINS + 1).astype(np.int64)
        middles = values[(edges[:-1] + edges[1:]) // 2]
        bins = np.repeat(np.arange(_BINS), np.diff(edges))
        table = np.bincount(bins * drawn.shape[1] + day, minlength=_BINS * drawn.shape[1]).reshape(_BINS, -1)
        within = np.cumsum(drawn @ table.T.astype(np.float64), axis=1)
        return np.asarray(middles[(within < within[:, -1:] / 2.0).sum(axis=1)])
    found = np.empty(len(drawn))
    for replicate, weights in enumerate(drawn):
        reached = np.cumsum(weights[day])
        found[replicate] = values[np.searchsorted(reached, reached[-1] / 2.0)]
    return found


MEASURES: Mapping[str, tuple[str, str]] = {
    "answering_delay_seconds": ("seconds", "mean seconds to answer"),
    "share_graded_immediate": ("share", "share of calls graded Immediate"),
    "immediate_minutes_mean": ("minutes", "mean minutes to arrive at an Immediate call"),
    "immediate_minutes_median": ("minutes", "median minutes to arrive at an Immediate call"),
    "immediate_share_late": ("share", "share of Immediate calls over thirty minutes"),
}


def genuine_cost(answering: Calls, graded: Calls, minutes: Calls, *, replicates: int, seed: int) -> list[Figure]:
    """The five measures, each as its level in hours with much persistent-caller handling, in others, and the difference.

    `answering`: seconds to answer; `graded`: 1.0 for calls graded Immediate, 0.0 for others; `minutes`: minutes to
    arrive at Immediate calls, NaN where nobody did. Rows: `…_busy`, `…_quiet` (points) and `…_difference` (interval).
    """
    import numpy as np

    late = replace(minutes, outcome=np.where(np.isnan(minutes.outcome), np.nan, minutes.outcome > LATE_MINUTES))
    of = dict(zip(MEASURES, (answering, graded, minutes, minutes, late), strict=True))
    figures = []
    for name, calls in of.items():
        found = association(calls, replicates=replicates, seed=seed, is_median=name.endswith("median"))
        figures += _rows(name, found, replicates)
    return figures


def _rows(name: str, found: Association | Refused, replicates: int) -> list[Figure]:
    unit, what = MEASURES[name]
    if isinstance(found, Refused):
        return [Figure(f"{name}_{part}", unit, f"not reckoned: {found.reason}") for part in ("busy", "quiet")] + [
            Figure(f"{name}_difference", f"{unit}_difference", f"not reckoned: {found.reason}")
        ]
    how = (
        f"{what}, of calls that are not misuse, within borough and hour of the week, adjusted for volume; {found.busy_calls} "
        f"calls in hours with much persistent-caller handling, {found.calls - found.busy_calls} in others"
    )
    ends = f"; an association, not an effect; {replicates} bootstrap draws of {found.days} days"
    return [
        Figure(f"{name}_busy", unit, how, found.busy),
        Figure(f"{name}_quiet", unit, how, found.quiet),
        Figure(f"{name}_difference", f"{unit}_difference", how + ends, found.difference, found.low, found.high),
    ]
