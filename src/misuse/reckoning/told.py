"""What `misuse estimate --json` says beyond the headline, read from a published copy; and the log-growth warning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from misuse import wording
from misuse.reckoning.tables import rows

if TYPE_CHECKING:
    import duckdb

KEYS = (
    *("figures", "windows", "thresholds", "ambulance_line", "rest_of_misuse", "full_time", "cost_per_month"),
    *("concentration", "rank_stability", "log_growth", "year_on_year", "charts", "campaigns", "answering"),
    *("sensitivity", "differences", "reason_totals", "equality"),
)
_FIGURES = """
select estimate, unit, point, low, high, bound_low, bound_high, numerator, denominator, method
from estimates
where
    counted_by = 'caller'
    and window_name = case
        when estimate like 'log_growth%' or estimate like 'year_on_year%' then 'since_log_start'
        when estimate like 'ambulance_line%' then 'quarter'
        else 'headline'
    end
order by estimate
"""
_WINDOWS = """
select
    lines.window_name, lines.first_date as from_date, lines.last_date as to_date, lines.counted,
    lines.threshold, lines.callers, lines.misuse_calls, lines.all_misuse_calls, lines.share, lines.low, lines.high
from window_thresholds as lines
inner join windows on windows.window_name = 'headline' and lines.threshold = windows.threshold
order by lines.window_name, lines.counted
"""
_THRESHOLDS = """
select counted, threshold, callers, misuse_calls, share, low, high
from window_thresholds where window_name = 'headline' order by counted, threshold
"""
_PARTS = "select * exclude (run_id, as_of) from misuse_parts order by part, below_misuse_calls desc, value"
_RANKS = "select * exclude (run_id, as_of) from rank_stability order by rank limit 10"
_CHARTS = """
select * exclude (run_id, as_of, method) from control_charts
where split = 'all' or signal is not null order by split, value, measure, month
"""
_CAMPAIGNS = "select * exclude (run_id, as_of) from campaign_effects order by began, campaign, figure"
_SENSITIVITY = "select * exclude (run_id, as_of) from sensitivity order by kind, way"
_DIFFERENCES = (
    "select * exclude (run_id, as_of) from list_differences order by movement, misuse_calls_now desc, caller_id, "
    "previous_caller_id"
)
_TOTALS = "select * exclude (run_id, as_of) from reason_totals order by reason"
_EQUALITY = "select * exclude (run_id, as_of) from equality order by all"
_ENDS = ("point", "low", "high")
_OUTCOMES = (
    *("answering_delay_seconds", "share_graded_immediate", "immediate_minutes_mean"),
    *("immediate_minutes_median", "immediate_share_late"),
)
_TOPS = ("gini", "top_1_share", "top_10_share", "top_50_share", "callers_making_half")
Figures = Mapping[str, Mapping[str, Any]]


def document(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Every key of KEYS. `figures` holds every estimate with its method; the others arrange them for a reader."""
    figures = {row.pop("estimate"): row for row in rows(con, _FIGURES, {})}
    return {
        "figures": figures,
        "windows": rows(con, _WINDOWS, {}),
        "thresholds": rows(con, _THRESHOLDS, {}),
        "ambulance_line": {
            counted: {name: _ends(figures, f"{lead}_{name}")["point"] for name in ("callers", "misuse_calls", "share")}
            for counted, lead in (("episodes", "ambulance_line"), ("calls", "ambulance_line_by_calls"))
        },
        "rest_of_misuse": _rest(con, figures),
        "full_time": _by_whom(figures, "full_time"),
        "cost_per_month": {kind: _by_whom(figures, f"{kind}_cost") for kind in ("handling", "unit")},
        "concentration": {name: _ends(figures, name) for name in _TOPS},
        "rank_stability": rows(con, _RANKS, {}),
        "log_growth": log_growth(figures),
        "year_on_year": {name: _ends(figures, f"year_on_year_{name}") for name in ("misuse_calls", "share")},
        "charts": rows(con, _CHARTS, {}),
        "campaigns": rows(con, _CAMPAIGNS, {}),
        "answering": {
            name: {
                "busy": _ends(figures, f"{name}_busy")["point"],
                "quiet": _ends(figures, f"{name}_quiet")["point"],
                "difference": _ends(figures, f"{name}_difference"),
            }
            for name in _OUTCOMES
        },
        "sensitivity": rows(con, _SENSITIVITY, {}),
        "differences": rows(con, _DIFFERENCES, {}),
        "reason_totals": rows(con, _TOTALS, {}),
        "equality": rows(con, _EQUALITY, {}),
    }


def _ends(figures: Figures, name: str) -> dict[str, Any]:
    found = figures.get(name, {})
    return {end: found.get(end) for end in _ENDS}


def _by_whom(figures: Figures, name: str) -> dict[str, dict[str, Any]]:
    return {who: _ends(figures, f"{name}_{who}") for who in ("persistent", "all_misuse")}


def _rest(con: duckdb.DuckDBPyConnection, figures: Figures) -> dict[str, Any]:
    names = ("callers_below", "misuse_calls_below", "misuse_calls_apart", "misuse_calls_101", "misuse_calls_below_101")
    by: dict[str, list[dict[str, Any]]] = {}
    for row in rows(con, _PARTS, {}):
        by.setdefault(row.pop("part").replace(" ", "_"), []).append(row)
    return {**{name: _ends(figures, name)["point"] for name in names}, "by": by}


# ── the log-growth warning ─────────────────────────────────────────────────────────────────────


def log_growth(figures: Figures) -> dict[str, Any]:
    """The warning's parts, its verdict (no change, rose, fell; null where it cannot be told) and its sentence."""
    parts = {name: _ends(figures, f"log_growth_{name}") for name in ("observed", "like_for_like", "by_length")}
    observed = figures.get("log_growth_observed", {})
    told = {
        "share_earlier": observed.get("denominator"),
        "share_now": observed.get("numerator"),
        **parts,
        "verdict": _verdict(parts["like_for_like"]),
        "method": observed.get("method"),
    }
    return told | {"warning": _warning(told)}


def _verdict(change: Mapping[str, float | None]) -> str | None:
    point, low, high = (change[end] for end in _ENDS)
    if point is None or low is None or high is None:
        return None
    if low <= 0.0 <= high:
        return "no change"
    return "rose" if point > 0.0 else "fell"


def _warning(told: Mapping[str, Any]) -> str:
    lead = "the share since the log's start rises as the log grows, if nobody changes: it is no trend."
    if told["verdict"] is None:
        return f"{lead} How much of it is the longer log cannot be told yet."
    change, length = told["like_for_like"], told["by_length"]
    ends = (f"{100 * change[end]:+.1f}" for end in ("low", "high"))
    sure = wording.interval(*ends, is_claimed=wording.is_claimed(told["method"]))
    return (
        f"{lead} Counted in whole periods of thirty days back from as-of, so that up to 29 first days of the log are left "
        f"out, it went from {told['share_earlier']:.1%} to {told['share_now']:.1%}; the longer log alone explains "
        f"{100 * length['point']:+.1f} points. Like for like: {told['verdict']} ({100 * change['point']:+.1f} points, {sure})."
    )


def warning(con: duckdb.DuckDBPyConnection) -> str:
    """The log-growth warning of the run whose relations are open."""
    return str(log_growth({row.pop("estimate"): row for row in rows(con, _FIGURES, {})})["warning"])
