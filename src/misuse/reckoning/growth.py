"""The log-growth warning of a run, from callers' calls in 30-day periods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from misuse import estimation
from misuse.estimation import growth, years
from misuse.estimation.figures import Figure
from misuse.estimation.interrupted import Change
from misuse.estimation.refused import Refused
from misuse.estimation.resampling import claim
from misuse.reckoning.tables import Placed, arrays
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

A_YEAR = 12  # periods: a log of two years is held against itself a year ago, a shorter one against its first half
PERIOD_DAYS = 30
_PERIODS = "select unit_id, period, periods, misuse_calls from caller_periods order by unit_id, period"
_PARTS = {
    "log_growth_observed": "the share since the log's start, now less then: not a trend",
    "log_growth_like_for_like": "the same of as many days before each date: what changed",
    "log_growth_by_length": "the rest: what the longer log alone explains",
}


def reckon(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any], settings: Settings) -> list[Placed]:
    """Observed, like for like, and by length, with their verdict in the method; and this year against last."""
    calls = _calls(con)
    periods = calls.shape[1]
    earlier = periods - A_YEAR if periods >= 2 * A_YEAR else periods // 2
    found = growth.growth(
        calls, earlier, settings.threshold, replicates=settings.bootstrap_replicates, seed=settings.seed
    )
    by_year = _by_year(calls, settings) if periods >= 2 * A_YEAR else None
    grown = [*figures(found, periods, earlier), *_years(by_year, len(calls))]
    return [("since_log_start", "caller", figure) for figure in grown]


def figures(found: growth.Growth | Refused, periods: int, earlier: int) -> list[Figure]:
    """The three differences as rows of estimates."""
    if isinstance(found, Refused):
        return [Figure(name, "share_difference", f"not reckoned: {found.reason}") for name in _PARTS]
    parts = (found.observed, found.like_for_like, found.by_length)
    dates = f"{PERIOD_DAYS * periods} days of log against its first {PERIOD_DAYS * earlier}"
    return [
        Figure(
            name,
            "share_difference",
            f"{what}; {dates}; verdict: {found.verdict}; {found.method}",
            estimation.rounded(part.point),
            part.low,
            part.high,
            numerator=estimation.rounded(found.share) if name == "log_growth_observed" else None,
            denominator=estimation.rounded(found.earlier_share) if name == "log_growth_observed" else None,
        )
        for (name, what), part in zip(_PARTS.items(), parts, strict=True)
    ]


def _by_year(calls: Any, settings: Settings) -> tuple[Change | Refused, growth.Growth | Refused]:
    """The last year of twelve periods against the one before: misuse calls, and the share over the threshold in each."""
    import numpy as np

    this, last = calls[:, -A_YEAR:].sum(axis=1), calls[:, -2 * A_YEAR : -A_YEAR].sum(axis=1)
    share = growth.growth(
        np.stack([last, this], axis=1), 1, settings.threshold,
        replicates=settings.bootstrap_replicates, seed=settings.seed,
    )  # fmt: skip
    return years.relative_change(last, this), share


def _years(found: tuple[Change | Refused, growth.Growth | Refused] | None, callers: int) -> list[Figure]:
    span = f"the last {A_YEAR * PERIOD_DAYS} days against the {A_YEAR * PERIOD_DAYS} before"
    names = (("year_on_year_misuse_calls", "relative_change"), ("year_on_year_share", "share_difference"))
    if found is None:
        return [Figure(name, unit, "not reckoned: the log is shorter than two years") for name, unit in names]
    change = found[0]
    share = found[1] if isinstance(found[1], Refused) else found[1].like_for_like
    how = (
        f"misuse calls, {span}; interval: callers vary by chance, linearised, widened by Student's t{claim(callers)}",
        f"share of misuse of persons with threshold calls in each year, {span}; interval as of the log-growth warning{claim(callers)}",
    )
    return [
        Figure(name, unit, f"not reckoned: {part.reason}")
        if isinstance(part, Refused)
        else Figure(name, unit, method, estimation.rounded(part.point), part.low, part.high)
        for (name, unit), part, method in zip(names, (change, share), how, strict=True)
    ]


def _calls(con: duckdb.DuckDBPyConnection) -> Any:
    """A row per unit, a column per period; in an order of values, so that pseudonyms move nothing."""
    import numpy as np

    columns = arrays(con, _PERIODS, {})
    if not len(columns["unit_id"]):
        return np.zeros((0, 0), dtype=np.int64)
    _, unit = np.unique(columns["unit_id"].astype(str), return_inverse=True)
    table = np.zeros((int(unit.max()) + 1, int(columns["periods"][0])), dtype=np.int64)
    table[unit, columns["period"].astype(np.int64)] = columns["misuse_calls"].astype(np.int64)
    return table[np.lexsort(table.T[::-1])]
