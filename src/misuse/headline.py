"""The headline in a reader's words, and where its figures come from."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from misuse import coding_error, detection
from misuse.errors import UsageError
from misuse.reckoning import told
from misuse.settings import Settings
from misuse.staleness import header
from misuse.wording import (
    IF_ALIKE,
    aligned,
    apart,
    few_coded,
    interval,
    is_claimed,
    nobody,
    of,
    timed,
    uncounted,
    unidentified,
)
from misuse.wording import share as percent

if TYPE_CHECKING:
    import duckdb

LONGEST_WINDOW_DAYS = 36_525  # a century; longer than that, ask for since_log_start

_KINDS = "select identity_kind, count(*) from callers group by identity_kind"
_MODEL = "select identity_model from runs where run_id = $run_id"
_LEVELS = {
    "number": "by number, whoever held it",
    "strict": "strict: joined by the program and by people",
    "standard": "standard: likely suggestions confirmed too",
    "loose": "loose: every suggestion confirmed too",
}
_NOT_RECKONED = "not reckoned: "
_NO_MONTH = ", since the log covers no whole calendar month of the window"
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
    further = told.document(con) | {"corrected": coding_error.told(con)}
    return _completed(con, detection.headline(con)) | further


def recounted(
    con: duckdb.DuckDBPyConnection, settings: Settings, *, window: str | None, threshold: int | None, counted_by: str
) -> dict[str, Any]:
    """The same with another window, threshold or way of counting, by the same models on the published calls."""
    days: int | None = settings.window_days
    if window == "since_log_start":
        days = None
    elif window is not None:
        if not window.isdecimal() or not 1 <= int(window) <= LONGEST_WINDOW_DAYS:
            raise UsageError(f"'{window}' is no window", next_step="a number of days, or since_log_start")
        days = int(window)
    if threshold is not None and threshold < 1:
        raise UsageError("the threshold is at least 1", next_step="--threshold 10")
    changed = dataclasses.replace(settings, threshold=settings.threshold if threshold is None else threshold)
    found = detection.recount(con, changed, window_days=days, counted_by=counted_by)
    # Reckoned by a run, for the published window alone.
    return _completed(con, found) | dict.fromkeys((*told.KEYS, "corrected"))


def _completed(con: duckdb.DuckDBPyConnection, document: dict[str, Any]) -> dict[str, Any]:
    """With what only the published copy tells: kinds of caller, and the model that linked them."""
    row = con.execute(_MODEL, {"run_id": document["run_id"]}).fetchone()
    identity = document["identity"] | {"model": row[0] if row else None}
    return document | {"identity": identity, "callers_by_kind": _kinds(con)}


def _kinds(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many callers of each kind the log holds, whatever they called for."""
    found = dict(con.execute(_KINDS).fetchall())
    return {kind: found.get(kind, 0) for kind in ("person", "shared_line", "premises")}


def sentences(document: dict[str, Any], settings: Settings, now: datetime) -> list[str]:
    """The headline and its bridge as lines to read."""
    lines: list[str | None] = [
        header(document["run_id"], date.fromisoformat(document["as_of"]), settings, now),
        "",
        *_headline(document, settings),
        *_apart(document),
        _corrected(document),
        _bounds(document),
        _workload(document),
        _days_work(document),
        _since_start(document),
        _log_growth(document),
        *_money(document),
        *_lately(document),
        _safeguards(document),
        "",
        *_bridge(document),
        "",
        *_identity(document),
    ]
    return [line for line in lines if line is not None]


def _uncounted(document: dict[str, Any]) -> str:
    """Why no person can be counted, where none can."""
    kinds = document.get("callers_by_kind")
    return uncounted(kinds["person"], kinds["shared_line"]) if kinds else ""


def _headline(document: dict[str, Any], settings: Settings) -> list[str]:
    window, share = document["window"], document["share_of_misuse"]
    period = f"the window {window['name']}, {window['from'][:10]} to before {window['to'][:10]}"
    of_calls = f"of {_number(document['calls'])} calls on the {settings.headline_channel} channel."
    if not document["persistent_callers"]:
        said = nobody(_uncounted(document), document["misuse_calls"] or 0, document["threshold"], period)
        return [f"{said.removesuffix('.')},", of_calls]
    return [
        f"{of(document['persistent_callers'], 'persistent caller')} made {_number(document['persistent_misuse_calls'])} of "
        f"{of(document['misuse_calls'], 'misuse call')}: {percent(share['point'])}{_interval(share, _method(document, 'share_of_misuse'))}",
        f"in {period}, {of_calls}",
        *_ways(document),
    ]


def _ways(document: dict[str, Any]) -> list[str]:
    """What a caller is, where it is not what every other page means."""
    if document["counted_by"] != "number":
        return []
    return ["by number: each number is a caller of its own, whoever held it; shared lines and premises are nobody's."]


def _bounds(document: dict[str, Any]) -> str | None:
    share = document["share_of_misuse"]
    if not document["misuse_calls"]:
        return None
    unknown = document["unidentified_misuse_calls"] or 0
    is_counted = not _uncounted(document)
    return unidentified(unknown, share["bound_low"], share["bound_high"], is_counted=is_counted) or None


def _workload(document: dict[str, Any]) -> str | None:
    share = document["share_of_handling"]
    hours = document["hours_per_month"]
    if document["misuse_calls"] == 0:
        return "handling time and days' work: none, since no misuse call was counted."
    if hours["all_misuse"] is None and share["point"] is None:
        return f"handling time: not measured{_why_not(document, 'share_of_handling', ' by this log')}."
    known = _timed(document, "handling")
    if _uncounted(document):
        every = hours["all_misuse"]
        return f"misuse handling time: {'not measured' if every is None else f'{every:,.1f} hours a month{known}'}."
    by_month = (
        f"hours a month: not measured{_why_not(document, 'hours_all_misuse', _NO_MONTH)}."
        if hours["all_misuse"] is None
        else f"{_number(hours['persistent'], 1)} of {_number(hours['all_misuse'], 1)} hours a month{known}."
    )
    spread = _interval(share, _method(document, "share_of_handling"))
    return f"of misuse handling time: {percent(share['point'])}{spread}; {by_month}"


def _timed(document: dict[str, Any], kind: str) -> str:
    """Of how many misuse calls a figure of time knows it, where that is not nearly all: the rest are in none."""
    said = timed(document.get(f"{kind}_measured_calls"), document["misuse_calls"])
    return f", {said}" if said else ""


def _why_not(document: dict[str, Any], name: str, usual: str) -> str:
    """Why a figure was not reckoned, as its method says; the usual reason of a count made afresh, which has no methods."""
    method = _method(document, name) or ""
    return f": {method.removeprefix(_NOT_RECKONED)}" if method.startswith(_NOT_RECKONED) else usual


def _days_work(document: dict[str, Any]) -> str | None:
    work = document["days_work_per_month"]
    if document["misuse_calls"] == 0:
        return None  # said with the handling time
    if work["all_misuse"]["point"] is None:
        return f"days' work: not measured{_why_not(document, 'days_work_all_misuse', _NO_MONTH)}."
    every = f"a month, in days' work: all misuse {_number(work['all_misuse']['point'], 2)} (reading A of 2005)"
    if _uncounted(document):
        return every + "."
    return f"{every}, persistent callers {_number(work['persistent']['point'], 2)} (reading B)."


def _since_start(document: dict[str, Any]) -> str:
    start = document["since_log_start"]
    lead = f"since {start['window']['from'][:10]} (the report's own definition, no window): "
    if datetime.fromisoformat(start["window"]["from"]) >= datetime.fromisoformat(document["window"]["from"]):
        return lead + "the same, since the window holds the whole log."
    if _uncounted(document):
        return " ".join([f"{lead}{of(start['misuse_calls'] or 0, 'misuse call')}.", *_apart(start)])
    share = percent(start["share_of_misuse"]["point"])
    return f"{lead}{of(start['persistent_callers'] or 0, 'caller')}, {share} of misuse."


def _corrected(document: dict[str, Any]) -> str | None:
    """The same with coding error reckoned with, or why it is not."""
    told = document.get("corrected")
    if told is None:
        return None
    callers, found = told["persistent_callers"], told["share_of_misuse"]
    if callers["point"] is None:
        return f"codes {told['method']}"
    few = few_coded(told["method"])
    return (
        f"codes err; by calls coded again: {callers['point']:,.0f} persistent callers ({callers['low']:,.0f} to "
        f"{callers['high']:,.0f}), {percent(found['point'])} of misuse ({percent(found['low'])} to {percent(found['high'])}): "
        f"95% intervals {IF_ALIKE}{'; ' * bool(few)}{few}."
    )


def _log_growth(document: dict[str, Any]) -> str | None:
    """That the share since the log's start is no trend, wherever it is printed."""
    growth = document.get("log_growth")
    return f"log growth: {growth['warning']}" if growth and not _uncounted(document) else None


def _money(document: dict[str, Any]) -> list[str]:
    """Handlers and pounds behind the hours, where a rate is stated."""
    handlers, costs = document.get("full_time"), document.get("cost_per_month")
    if not handlers or not costs or _uncounted(document):
        return []
    said = []
    if handlers["all_misuse"]["point"] is not None:
        said.append(
            f"full-time handlers: persistent callers {_number(handlers['persistent']['point'], 2)}, all misuse "
            f"{_number(handlers['all_misuse']['point'], 2)}{_timed(document, 'handling')}."
        )
    for kind, words in (("handling", "handling"), ("unit", "units")):
        if costs[kind]["all_misuse"]["point"] is not None:
            is_cashable = document["figures"][f"{kind}_cost_all_misuse"]["method"].find("; cashable") >= 0
            said.append(
                f"cost of {words} a month at the stated rate: persistent callers £{_number(costs[kind]['persistent']['point'])}, "
                f"all misuse £{_number(costs[kind]['all_misuse']['point'])} ({'cashable' if is_cashable else 'not cashable'})"
                f"{_timed(document, kind)}."
            )
    return said


def _lately(document: dict[str, Any]) -> list[str]:
    """Who came and went since the run before, and what a campaign's date brought."""
    moved = document.get("differences") or []
    said = []
    if moved:
        counts = {way: sum(row["movement"] == way for row in moved) for way in ("entered", "left")}
        touched = sum(bool(row["decisions"]) for row in moved)
        said.append(
            f"since the run as of {moved[0]['previous_as_of']}: {counts['entered']} came over the threshold, "
            f"{counts['left']} left it; {touched} of them with an earlier decision (relation list_differences)."
        )
    for row in document.get("campaigns") or []:
        if row["figure"] == "mean" and row["point"] is not None:
            verdict = "a finding" if row["is_finding"] else "not told from chance"
            said.append(
                f"since {row['campaign']} ({row['began']}): misuse {row['point']:+.0%} relative to genuine calls "
                f"(95% interval {row['low']:+.0%} to {row['high']:+.0%}), {verdict}."
            )
    return said


def _apart(document: dict[str, Any]) -> list[str]:
    """Shared lines and premises over the threshold: never a person's, so said apart."""
    said = apart(document["apart"], document["shared_line_threshold"], document["misuse_calls"])
    return said if _uncounted(document) else [f"apart from persons: {line}" for line in said]


def _safeguards(document: dict[str, Any]) -> str | None:
    """What this log cannot warn of."""
    told = document.get("safeguards")
    if not told or not told["blind"]:
        return None
    return f"{told['blind']} of {told['of']} safeguards blind: this log never says what they look for (misuse source check)."


def _identity(document: dict[str, Any]) -> list[str]:
    """The same count at every level of identity, and which model stands behind it."""
    identity = document["identity"]
    rows = [
        (
            name,
            _number(level["persistent_callers"]),
            _number(level["persistent_misuse_calls"]),
            percent(level["share_of_misuse"]),
        )
        for name, level in ((_LEVELS[key], identity["levels"][key]) for key in _LEVELS)
    ]
    model = identity["model"]
    said = (
        f"numbers linked by the model {model[:12]}; the headline is the strict count."
        if model
        else "no model links numbers yet, so each holder of a number is a caller: misuse identity train"
    )
    return [*aligned(("who is one caller", "callers", "calls", "share"), rows), said]


def _bridge(document: dict[str, Any]) -> list[str]:
    rows = [
        (
            _STEPS.get(step["step"], step["step"]).format(threshold=document["threshold"]),
            _number(step["callers"]),
            _number(step["calls"]),
            percent(step["share"]),
        )
        for step in document["bridge"]
    ]
    return aligned(("bridge", "callers", "calls", "share"), rows)


def _number(value: float | None, digits: int = 0) -> str:
    return "not measured" if value is None else f"{value:,.{digits}f}"


def _method(document: dict[str, Any], name: str) -> str | None:
    """How a figure of the run was reckoned; a count made afresh has no methods."""
    method: str | None = (document.get("figures") or {}).get(name, {}).get("method")
    return method


def _interval(figure: dict[str, Any], method: str | None) -> str:
    if figure.get("low") is None or figure.get("high") is None:
        return ""
    ends = percent(figure["low"]), percent(figure["high"])
    # Without a method nothing bears out that it is 95%.
    return (
        f" (interval {ends[0]} to {ends[1]})"
        if method is None
        else f" ({interval(*ends, is_claimed=is_claimed(method))})"
    )
