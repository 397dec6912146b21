"""The figures of one window and way of counting, each with its method in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from misuse.estimation import coverage
from misuse.estimation.call_bounds import call_bounds, outer_bound
from misuse.estimation.intervals import Interval, share_interval, total_interval
from misuse.estimation.resampling import Draws, draws
from misuse.estimation.units import MEASURES, Units


@dataclass(frozen=True)
class Figure:
    """One row of `estimates`, without run and window."""

    estimate: str
    unit: str
    method: str
    point: float | None = None
    low: float | None = None
    high: float | None = None
    bound_low: float | None = None
    bound_high: float | None = None
    numerator: float | None = None
    denominator: float | None = None


COUNTS = {
    "calls": "all calls on the headline channel in the window",
    "coded_misuse_calls": "calls whose codes are in the misuse code list",
    "stopped_calls": "coded misuse calls that a hard stop bars",
    "stopped_unidentified_calls": "stopped calls without a caller: they cannot be on the look list",
    "doubtful_calls": "coded misuse calls, not stopped, of unknown, defaulted or contradicted code",
    "doubtful_unidentified_calls": "doubtful calls without a caller",
    "misuse_calls": "coded misuse, neither stopped nor doubtful",
    "unidentified_misuse_calls": "misuse calls with no usable number or premises",
}
_WHAT = {"misuse_calls": "misuse calls", "handling_seconds": "handling time", "unit_seconds": "unit time"}
_MEASURED = {
    "handling_seconds": "misuse_handling_measured_calls",
    "days_work_handling": "misuse_handling_measured_calls",
    "month_handling_seconds": "misuse_handling_measured_calls",
    "unit_seconds": "misuse_unit_measured_calls",
    "month_unit_seconds": "misuse_unit_measured_calls",
}
_SHARES_OF_MISUSE = {
    "share_of_misuse": "misuse_calls",
    "share_of_handling": "handling_seconds",
    "share_of_deployment": "unit_seconds",
}
_SHARES_OF_ALL = {
    "share_of_calls": ("misuse_calls", "calls"),
    "share_of_all_handling": ("handling_seconds", "handling_seconds"),
    "share_of_all_deployment": ("unit_seconds", "unit_seconds"),
}
_MONTHLY = {
    "days_work": ("days_a_month", "days_work", 1.0, "calls over the mean calls a day of the same month"),
    "days_work_handling": (
        *("days_a_month", "days_work_handling", 1.0),
        "handling time over the mean handling time a day of the same month",
    ),
    "hours": ("hours_a_month", "month_handling_seconds", 3600.0, "hours of handling"),
    "unit_hours": ("hours_a_month", "month_unit_seconds", 3600.0, "hours of units"),
}
_MONTHS = {  # in which the measure was taken; calls are known in every month
    "days_work_handling": "handling_months",
    "month_handling_seconds": "handling_months",
    "month_unit_seconds": "unit_months",
}
_KINDS: Mapping[tuple[bool, bool], coverage.Kind] = {  # by whether all misuse counts, and by calls
    (False, True): "total_of_calls",
    (False, False): "total_of_time",
    (True, True): "all_calls",
    (True, False): "all_time",
}
Totals = Mapping[str, float | None]


def figures(units: Units, totals: Totals, *, replicates: int, seed: int) -> list[Figure]:
    """Every figure of one window and way of counting.

    `totals` is its row of window_totals, with `months`, how many whole ones there are, and `month_days`, their mean length.
    """
    sample = _Sample(units, totals, draws(units, replicates, seed))
    rows = [Figure(name, "calls", method, point=totals[name]) for name, method in COUNTS.items()]
    rows += _counts_of_persistent(sample)
    rows += [_share_of_misuse(sample, name) for name in _SHARES_OF_MISUSE]
    rows += [_share_of_all(sample, name) for name in _SHARES_OF_ALL]
    rows += [_monthly(sample, name, all_misuse=which) for name in _MONTHLY for which in (False, True)]
    return rows


@dataclass(frozen=True)
class _Sample:
    units: Units
    totals: Totals
    draws: Draws

    def persistent(self, measure: str) -> float:
        return float(self.draws.observed.persistent[0, MEASURES.index(measure)])

    def misuse(self, measure: str) -> float:
        return self.persistent(measure) + float(self.draws.observed.others[0, MEASURES.index(measure)])

    def lacking(self, measure: str, *, all_misuse: bool = False) -> str:
        """Why this log cannot support a figure of the measure, of persistent callers or of all misuse; empty where it can."""
        if not self.totals["misuse_calls"]:
            return "not reckoned: no misuse call in this window"
        if measure in _MEASURED and not self.totals[_MEASURED[measure]]:
            return "not reckoned: this log does not measure it on any misuse call"
        # No time at all over ten calls and more is a source that has none to tell, and no quick handler.
        is_timed = _MEASURED.get(measure) != "misuse_handling_measured_calls" or self.persistent("handling_seconds") > 0
        if not all_misuse and self.draws.persistent_callers and not is_timed:
            return "not reckoned: this log does not measure it on any call of a persistent caller"
        return ""

    def measured(self, measure: str) -> str:
        if measure not in _MEASURED or self.totals[_MEASURED[measure]] == self.totals["misuse_calls"]:
            return ""
        return f"; measured on {self.totals[_MEASURED[measure]]:.0f} of {self.totals['misuse_calls']:.0f} misuse calls"

    def lacking_months(self, measure: str) -> str:
        """Why there is no month to average the measure over; empty where there is."""
        if not self.totals["months"]:
            return "not reckoned: no whole local month in this window"
        return "" if self._months(measure) else "not reckoned: it was measured in no whole local month of this window"

    def averaged(self, measure: str) -> str:
        months, every = self._months(measure), self.totals["months"]
        of = "" if months == every else f" in which it was measured, of {every:.0f}"
        return f"averaged over {months:.0f} whole months{of}"

    def _months(self, measure: str) -> float | None:
        return self.totals[_MONTHS.get(measure, "months")]

    def interval_method(self, interval: Interval | None, kind: coverage.Kind) -> str:
        if interval is None:
            return "; no interval: there is nothing to resample on one side"
        callers, persistent = self.draws.callers, self.draws.persistent_callers
        return (
            f"; interval: {callers} callers resampled {self.draws.replicates} times, studentised, the heaviest also "
            f"from a fitted tail; {coverage.said(kind, callers, persistent)}"
        )


def _counts_of_persistent(sample: _Sample) -> list[Figure]:
    bounds = call_bounds(sample.units)
    callers, calls = sample.draws.persistent_callers, sample.persistent("misuse_calls")
    how = f"at least {sample.units.threshold} misuse calls in the window; bounds: whoever made the unidentified calls"
    high, calls_high = float(bounds.callers_high), float(bounds.calls_high)
    return [
        Figure("persistent_callers", "callers", how, float(callers), bound_low=callers, bound_high=high),
        Figure("persistent_misuse_calls", "calls", how, calls, bound_low=calls, bound_high=calls_high),
    ]


def _highest(sample: _Sample, measure: str) -> float:
    if measure == "misuse_calls":
        return float(call_bounds(sample.units).calls_high)
    return outer_bound(sample.units, measure)


def _share_of_misuse(sample: _Sample, name: str) -> Figure:
    measure = _SHARES_OF_MISUSE[name]
    top, bottom = sample.persistent(measure), sample.misuse(measure)
    lacking = sample.lacking(measure) or ("" if bottom else "not reckoned: nothing to divide by")
    if lacking:
        return Figure(name, "share", lacking)
    interval = share_interval(sample.draws, measure)
    held = sample.interval_method(interval, "share_of_calls" if measure == "misuse_calls" else "share_of_time")
    exact = "exact" if measure == "misuse_calls" else "outer"
    method = (
        f"{_WHAT[measure]} of persistent callers over that of all misuse calls, shared lines and unidentified included"
        f"{sample.measured(measure)}{held}; {exact} bounds over who made unidentified calls"
    )
    low, high = (interval.low, interval.high) if interval else (None, None)
    most = min(_highest(sample, measure) / bottom, 1.0)
    return Figure(name, "share", method, top / bottom, low, high, top / bottom, most, top, bottom)


def _share_of_all(sample: _Sample, name: str) -> Figure:
    measure, whole = _SHARES_OF_ALL[name]
    bottom = sample.totals[whole]
    lacking = sample.lacking(measure) or ("" if bottom else "not reckoned: nothing to divide by")
    if lacking or not bottom:
        return Figure(name, "share", lacking)
    top = sample.persistent(measure)
    interval = total_interval(sample.draws, measure)
    held = sample.interval_method(interval, "total_of_calls" if measure == "misuse_calls" else "total_of_time")
    method = (
        f"{_WHAT[measure]} of persistent callers' misuse calls over that of all calls on the channel"
        f"{sample.measured(measure)}{held}, other calls held as they were"
    )
    ends = _of_whole(interval, top, bottom)
    low, high = (ends.low / bottom, ends.high / bottom) if ends else (None, None)
    most = min(_highest(sample, measure) / bottom, 1.0)
    return Figure(name, "share", method, top / bottom, low, high, top / bottom, most, top, bottom)


def _of_whole(interval: Interval | None, part: float, whole: float) -> Interval | None:
    """The interval of a part that is counted in the whole too: only what is not of the part is held as it was.

    Held against a whole that does not grow with it the part could come out larger than that: days' work of 671 a month.
    Each end stays where it is among the draws, so it holds the truth as often.
    """
    if interval is None:
        return None
    whole = max(whole, part)  # handling time may be of fewer months, and these longer ones
    rest = whole - part
    low, high = (whole * end / (rest + end) if end else 0.0 for end in (interval.low, interval.high))
    return Interval(low, high)


def _monthly(sample: _Sample, name: str, *, all_misuse: bool) -> Figure:
    unit, measure, scale, what = _MONTHLY[name]
    estimate = f"{name}_all_misuse" if all_misuse else f"{name}_persistent"
    lacking = sample.lacking(measure, all_misuse=all_misuse) or sample.lacking_months(measure)
    if lacking:
        return Figure(estimate, unit, lacking)
    total = sample.misuse(measure) if all_misuse else sample.persistent(measure)
    interval = total_interval(sample.draws, measure, all_misuse=all_misuse)
    held = sample.interval_method(interval, _KINDS[all_misuse, measure == "days_work"])
    method = (
        f"{what}, {'all misuse' if all_misuse else 'persistent callers'}, {sample.averaged(measure)}"
        f"{sample.measured(measure)}{held}, other calls held as they were"
    )
    if unit == "days_a_month":
        interval = _of_whole(interval, total, sample.totals["month_days"] or total)
    low, high = (interval.low / scale, interval.high / scale) if interval else (None, None)
    bounds = (None, None) if all_misuse else (total / scale, outer_bound(sample.units, measure) / scale)
    return Figure(estimate, unit, method, total / scale, low, high, *bounds)
