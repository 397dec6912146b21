"""Change over time: XmR charts by month, and an interrupted series for each campaign of the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from misuse import estimation
from misuse.estimation import control_charts, interrupted
from misuse.estimation.refused import Refused
from misuse.estimation.spells import CallerPeriods
from misuse.reckoning.tables import arrays, keep, rows
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

_POINTS = "select * from chart_points order by split, value, month"
_WEEKS = "select * from campaign_weeks order by campaign, week"
_CALLERS = """
select dense_rank() over (order by callers.caller_id) - 1 as caller, callers.week - weeks.first_week as period,
    callers.misuse_calls
from campaign_callers as callers
cross join (select min(week) as first_week from campaign_weeks where campaign = $campaign) as weeks
where callers.campaign = $campaign
order by callers.caller_id, callers.week
"""
# What each measure divides, and by what; less of any is better.
_MEASURES = {
    "misuse_calls_a_day": ("misuse_calls", "days", 1.0),
    "share_of_calls": ("misuse_calls", "calls", 1.0),
    "share_of_regulars": ("regular_misuse_calls", "misuse_calls", 1.0),
    "handling_hours_a_day": ("handling_seconds", "days", 3600.0),
}
TWO_YEARS = 105  # weeks: from there on the series has its seasons taken out
_SHORT = (
    "under two years no season is taken out, so a finding asks that misuse calls by themselves changed the same way"
)
Row = dict[str, Any]


def reckon(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any], settings: Settings) -> None:
    """Make `control_charts`, `campaign_effects` and `campaign_series`."""
    stamp = {"run_id": values["run_id"], "as_of": values["as_of"]}
    points = rows(con, _POINTS, {})
    charted: list[Row] = []
    for (split, value), group in groupby(points, key=itemgetter("split", "value")):  # some sixty series
        months = list(group)
        for measure in _MEASURES:
            charted += [{**stamp, "split": split, "value": value, **row} for row in _chart(months, measure)]
    keep(con, "control_charts", charted)
    effects: list[Row] = []
    series: list[Row] = []
    for campaign, group in groupby(rows(con, _WEEKS, {}), key=itemgetter("campaign")):
        weeks = list(group)
        found = _interrupted(weeks, _callers(con, campaign), settings)
        effects += [
            {**stamp, "campaign": campaign, "began": weeks[0]["began"], **row} for row in _effects(found, len(weeks))
        ]
        series += [{**stamp, **row} for row in _lines(weeks, found)]
    effects += [{**stamp, **row} for row in _without_weeks(settings, {row["campaign"] for row in effects})]
    keep(con, "campaign_effects", effects)
    keep(con, "campaign_series", series)


# ── charts ─────────────────────────────────────────────────────────────────────────────────────


def _chart(months: list[Row], measure: str) -> Iterator[Row]:
    """A row a month: the value, its limits, what a rule says, and the same month a year before."""
    import numpy as np

    top, bottom, scale = _MEASURES[measure]
    points = [row[top] / (row[bottom] * scale) if row[bottom] and row[top] is not None else None for row in months]
    before = {row["month"]: point for row, point in zip(months, points, strict=True)}
    known = np.array([np.nan if point is None else point for point in points])
    chart = control_charts.xmr(known, better="lower")
    for at, row in enumerate(months):
        yield {
            "measure": measure,
            "month": row["month"],
            "point": estimation.rounded(points[at]),
            "year_before": estimation.rounded(before.get(row["month"].replace(year=row["month"].year - 1))),
            **_limits(chart, at),
        }


def _limits(chart: control_charts.Chart | Refused, at: int) -> Row:
    if isinstance(chart, Refused):
        blank = dict.fromkeys(("mean", "lower", "upper", "is_trial", "signal", "reading"))
        return {**blank, "method": f"not reckoned: {chart.reason}"}
    return {
        "mean": estimation.rounded(chart.mean),
        "lower": estimation.rounded(max(chart.lower, 0.0)),
        "upper": estimation.rounded(chart.upper),
        "is_trial": chart.is_trial,
        "signal": chart.words[at] or None,
        "reading": chart.reading[at] or None,
        "method": f"{chart.method}; a lower limit below nothing is drawn at nothing",
    }


# ── campaigns ──────────────────────────────────────────────────────────────────────────────────


def _callers(con: duckdb.DuckDBPyConnection, campaign: str) -> CallerPeriods:
    """Who made a campaign's misuse calls, week by week."""
    import numpy as np

    found = arrays(con, _CALLERS, {"campaign": campaign})
    return CallerPeriods(
        np.asarray(found["caller"], dtype=np.int64),
        np.asarray(found["period"], dtype=np.int64),
        np.asarray(found["misuse_calls"], dtype=np.float64),
    )


def _interrupted(weeks: list[Row], callers: CallerPeriods, settings: Settings) -> interrupted.Effect | Refused:
    import numpy as np

    columns = {
        name: np.array([row[name] for row in weeks], dtype=np.float64) for name in ("misuse_calls", "genuine_calls")
    }
    return interrupted.interrupted(
        columns["misuse_calls"],
        np.full(len(weeks), 7.0),
        sum(row["week"] < 0 for row in weeks),
        period=interrupted.WEEK,
        seed=settings.seed,
        control=columns["genuine_calls"],
        callers=callers,
    )


def _effects(found: interrupted.Effect | Refused, weeks: int) -> Iterator[Row]:
    """The mean change, which a finding hangs on, and beside it step, slope, and what each series did alone."""
    names = ("mean", "step", "slope", "alone", "control")
    if isinstance(found, Refused):
        for name in names:
            yield {"figure": name, "method": f"not reckoned: {found.reason}"}
        return
    for name in names:
        change = getattr(found, name)
        yield {
            "figure": name,
            **{end: estimation.rounded(getattr(change, end)) for end in ("point", "low", "high")},
            "is_finding": is_finding(found, weeks) if name == "mean" else change.is_finding,
            "method": found.method if weeks >= TWO_YEARS else f"{found.method}; {_SHORT}",
        }


def is_finding(found: interrupted.Effect, weeks: int) -> bool:
    """Under two years the control's own season may look like an effect: then misuse by itself must have changed too."""
    own = found.alone
    return found.mean.is_finding and (
        weeks >= TWO_YEARS or (own.is_finding and (own.point > 0.0) == (found.mean.point > 0.0))
    )


def _lines(weeks: list[Row], found: interrupted.Effect | Refused) -> Iterator[Row]:
    for at, row in enumerate(weeks):
        drawn = {} if isinstance(found, Refused) else {"fitted": found.fitted[at], "expected": found.expected[at]}
        kept = {name: row[name] for name in ("campaign", "week", "first_date", "misuse_calls", "genuine_calls")}
        yield kept | {name: estimation.rounded(float(value)) for name, value in drawn.items()}


def _without_weeks(settings: Settings, done: set[str]) -> Iterator[Row]:
    """Campaigns that began before the log, or after as-of."""
    for campaign, began in sorted(settings.campaigns.items()):
        if campaign not in done:
            why = "not reckoned: the log holds no whole week before it, or none after it began"
            yield {"campaign": campaign, "began": began, "figure": "mean", "method": why}
