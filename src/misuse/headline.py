"""The headline in a reader's words, and where its figures come from."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from misuse import detection
from misuse.errors import UsageError
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

_STEPS = {
    "coded_misuse": "coded misuse",
    "by_number": "by number, at least {threshold} (the 2005 count)",
    "less_stopped": "less stopped",
    "less_doubtful": "less doubtful",
    "less_unidentified": "less unidentified",
    "less_shared_lines": "less shared lines",
    "after_linkage": "after linkage = final",
}


def published(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """`misuse estimate --json` from the published relations."""
    return detection.headline(con)


def recounted(
    con: duckdb.DuckDBPyConnection, settings: Settings, *, window: str | None, threshold: int | None, counted_by: str
) -> dict[str, Any]:
    """The same with another window, threshold or way of counting, by the same models on the published calls."""
    days: int | None = settings.window_days
    if window == "since_log_start":
        days = None
    elif window is not None:
        if not window.isdigit() or int(window) < 1:
            raise UsageError(f"'{window}' is no window", next_step="a number of days, or since_log_start")
        days = int(window)
    if threshold is not None and threshold < 1:
        raise UsageError("the threshold is at least 1", next_step="--threshold 10")
    changed = dataclasses.replace(settings, threshold=threshold or settings.threshold)
    return detection.recount(con, changed, window_days=days, counted_by=counted_by)


def sentences(document: dict[str, Any], settings: Settings, now: datetime) -> list[str]:
    """The headline and its bridge as lines to read."""
    window = document["window"]
    share = document["share_of_misuse"]
    lines: list[str | None] = [
        f"{settings.protective_marking} · run {document['run_id']} · as of the end of {document['as_of']}{_age(document, settings, now)}",
        "",
        f"{_number(document['persistent_callers'])} persistent callers made {_number(document['persistent_misuse_calls'])} of "
        f"{_number(document['misuse_calls'])} misuse calls: {_percent(share['point'])}{_interval(share)}",
        f"in the window {window['name']}, {window['from'][:10]} to before {window['to'][:10]}, of "
        f"{_number(document['calls'])} calls on the {settings.headline_channel} channel.",
        _bounds(document),
        _workload(document),
        _days_work(document),
        _since_start(document),
        _apart(document),
        _safeguards(document),
        "",
        *_bridge(document),
    ]
    return [line for line in lines if line is not None]


def _age(document: dict[str, Any], settings: Settings, now: datetime) -> str:
    end = datetime.fromisoformat(document["window"]["to"])
    hours = (now - end.replace(tzinfo=None) + (end.utcoffset() or timedelta())) / timedelta(hours=1)
    if hours <= settings.stale_after_hours:
        return f" ({max(hours, 0):.0f} hours old)"
    return f" · STALE: {hours / 24:,.0f} days old"


def _bounds(document: dict[str, Any]) -> str:
    share = document["share_of_misuse"]
    return (
        f"{_number(document['unidentified_misuse_calls'])} misuse calls carry no usable number: whoever made them, the share is "
        f"between {_percent(share['bound_low'])} and {_percent(share['bound_high'])}."
    )


def _workload(document: dict[str, Any]) -> str:
    share = document["share_of_handling"]
    hours = document["hours_per_month"]
    if share["point"] is None:
        return "handling time: not measured by this log."
    return (
        f"of misuse handling time: {_percent(share['point'])}{_interval(share)}; "
        f"{_number(hours['persistent'], 1)} of {_number(hours['all_misuse'], 1)} hours a month."
    )


def _days_work(document: dict[str, Any]) -> str:
    work = document["days_work_per_month"]
    if work["all_misuse"]["point"] is None:
        return "days' work: not measured, since the log covers no whole calendar month of the window."
    return (
        f"a month, in days' work: all misuse {_number(work['all_misuse']['point'], 2)} (reading A of 2005), "
        f"persistent callers {_number(work['persistent']['point'], 2)} (reading B)."
    )


def _since_start(document: dict[str, Any]) -> str:
    start = document["since_log_start"]
    return (
        f"since {start['window']['from'][:10]} (the report's own definition, no window): "
        f"{_number(start['persistent_callers'])} callers, {_percent(start['share_of_misuse']['point'])} of misuse."
    )


def _apart(document: dict[str, Any]) -> str | None:
    """Shared lines and premises over the threshold: never a person's, so said apart."""
    lines, premises = document["apart"]["shared_line"], document["apart"]["premises"]
    if not lines["callers"] + premises["callers"]:
        return None
    return (
        f"apart from persons, with at least {document['threshold']}: {_number(lines['callers'])} shared lines "
        f"({_number(lines['misuse_calls'])} misuse calls) and {_number(premises['callers'])} premises "
        f"({_number(premises['misuse_calls'])})."
    )


def _safeguards(document: dict[str, Any]) -> str | None:
    """What this log cannot warn of."""
    told = document.get("safeguards")
    if not told or not told["blind"]:
        return None
    return f"{told['blind']} of {told['of']} safeguards blind: this log never says what they look for (misuse source check)."


def _bridge(document: dict[str, Any]) -> list[str]:
    from misuse.wording import aligned

    rows = [
        (
            _STEPS.get(step["step"], step["step"]).format(threshold=document["threshold"]),
            _number(step["callers"]),
            _number(step["calls"]),
            _percent(step["share"]),
        )
        for step in document["bridge"]
    ]
    return aligned(("bridge", "callers", "calls", "share"), rows)


def _number(value: float | None, digits: int = 0) -> str:
    return "not measured" if value is None else f"{value:,.{digits}f}"


def _percent(value: float | None) -> str:
    return "not measured" if value is None else f"{100 * value:.1f}%"


def _interval(figure: dict[str, Any]) -> str:
    if figure.get("low") is None or figure.get("high") is None:
        return ""
    return f" (95% interval {_percent(figure['low'])} to {_percent(figure['high'])})"
