"""Every window, threshold and way of counting side by side, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from misuse import estimation
from misuse.estimation import coverage, thresholds
from misuse.estimation.figures import Figure
from misuse.estimation.intervals import Interval
from misuse.reckoning.tables import Placed, arrays, keep, rows
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

# Of the headline window so many thresholds have an interval, of the others fewer: each takes a resample.
MANY_THRESHOLDS = (*range(3, 21), *range(25, 51, 5))
FEW_THRESHOLDS = (3, 5, 8, 10, 12, 15, 20, 30, 50)
MOST_REPLICATES = 1000
_COUNTED = "select * from threshold_counts order by window_name, counted, threshold"
_SPANS = "select window_name, first_date, last_date from counting_windows where is_covered order by window_name"
_UNITS = """
select caller_id is not null as is_identified, may_persist, misuse_calls::double as misuse_calls
from caller_counts where window_name = $window_name
order by all
"""
_OWN = """
select window_name, low, high from estimates where estimate = 'share_of_misuse' and counted_by = 'caller'
"""
_AMBULANCE = "select * from ambulance_line order by counted"
_LINE = (
    f"persons with {thresholds.AMBULANCE_MONTH} in the last whole month or {thresholds.AMBULANCE_QUARTER} in the last "
    "three (the ambulance services' line, FreCaNN)"
)

_LINE_PARTS = (("callers", "callers"), ("misuse_calls", "calls"), ("share", "share"))
_NOT_HELD = "not reckoned: the log does not hold the last three whole months"


def reckon(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any], settings: Settings) -> list[Placed]:
    """Make `window_thresholds`; return the figures of the ambulance services' line."""
    found = rows(con, _COUNTED, {})
    sizes: dict[str, int] = {}
    intervals = _intervals(con, settings, sizes)
    for row in found:
        interval = intervals.get((row["window_name"], row["threshold"])) if row["counted"] == "calls" else None
        low, high = (interval.low, interval.high) if interval else (None, None)
        row |= {"run_id": values["run_id"], "as_of": values["as_of"]}
        row |= {
            "low": estimation.rounded(low),
            "high": estimation.rounded(high),
            "method": _method(row, interval, sizes),
        }
    keep(con, "window_thresholds", found)
    return _ambulance(con)


def _method(row: Mapping[str, Any], interval: Interval | None, sizes: Mapping[str, int]) -> str:
    if row["all_misuse_calls"] is None:
        return "not reckoned: the log does not hold every day of this window"
    what = (
        f"misuse calls of persons with {row['threshold']} or more {row['counted']} in the window, over all misuse calls"
    )
    if interval is None:
        return f"{what}; no interval reckoned"
    trusted = coverage.said("share_of_calls", sizes[row["window_name"]], row["callers"])
    return f"{what}; interval: callers resampled, studentised, the heaviest also from a fitted tail; {trusted}"


def _intervals(
    con: duckdb.DuckDBPyConnection, settings: Settings, sizes: dict[str, int]
) -> dict[tuple[str, int], Interval]:
    """By window and threshold; `sizes` gets each window's callers, a nobody a call.

    The run's own threshold has the headline's interval, not another draw's.
    """
    done: dict[tuple[Any, ...], tuple[int, dict[int, Interval]]] = {}
    found: dict[tuple[str, int], Interval] = {}
    spans = {row["window_name"]: (row["first_date"], row["last_date"]) for row in rows(con, _SPANS, {})}
    for name in sorted(spans, key=lambda name: (name != "headline", name)):
        if spans[name] not in done:
            lines = MANY_THRESHOLDS if name == "headline" else FEW_THRESHOLDS
            done[spans[name]] = _of_window(con, name, lines, settings)
        sizes[name], drawn = done[spans[name]]
        found |= {(name, line): interval for line, interval in drawn.items()}
    for own in rows(con, _OWN, {}):
        if own["low"] is not None:
            found[own["window_name"], settings.threshold] = Interval(own["low"], own["high"])
    return found


def _of_window(
    con: duckdb.DuckDBPyConnection, window_name: str, lines: Sequence[int], settings: Settings
) -> tuple[int, dict[int, Interval]]:
    """How many callers the window has, and the interval at each threshold."""
    import numpy as np

    columns = arrays(con, _UNITS, {"window_name": window_name})
    times = np.where(columns["is_identified"], 1, columns["misuse_calls"]).astype(np.int64)  # a nobody a call
    identified = np.repeat(columns["is_identified"], times)
    values = np.zeros((len(identified), len(estimation.MEASURES)))
    values[:, 0] = np.where(identified, np.repeat(columns["misuse_calls"], times), 1.0)
    units = estimation.Units(values, np.repeat(columns["may_persist"], times), identified, settings.threshold)
    replicates = min(settings.bootstrap_replicates, MOST_REPLICATES)
    found = thresholds.share_intervals(units, replicates=replicates, seed=settings.seed, thresholds=lines)
    drawn = {line: interval for line, interval in zip(lines, found, strict=True) if interval is not None}
    return len(identified), drawn


def _ambulance(con: duckdb.DuckDBPyConnection) -> list[Placed]:
    figures = []
    for row in rows(con, _AMBULANCE, {}):
        name = "ambulance_line" if row["counted"] == "episodes" else "ambulance_line_by_calls"
        how = f"{_LINE}, counting {row['counted']}"
        whole = row["all_misuse_calls"]
        if whole is None:
            figures += [Figure(f"{name}_{part}", unit, _NOT_HELD) for part, unit in _LINE_PARTS]
            continue
        share = row["misuse_calls"] / whole if whole else None
        figures += [
            Figure(f"{name}_callers", "callers", how, row["callers"]),
            Figure(
                f"{name}_misuse_calls", "calls", f"misuse calls in the last three months of {how}", row["misuse_calls"]
            ),
            Figure(
                f"{name}_share",
                "share",
                f"their share of misuse calls in the last three months: {how}; no interval: none was tried for two lines at once"
                if whole
                else "not reckoned: no misuse call in these months",
                share,
                numerator=row["misuse_calls"] if whole else None,
                denominator=whole or None,
            ),
        ]
    return [("quarter", "caller", figure) for figure in figures]
