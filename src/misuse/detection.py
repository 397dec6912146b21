"""Detection and first estimates: which models make them, in which order, and the headline read back.

The set logic is in sql/, one model a file; the statistics are in misuse.estimation. The same models
count afresh from a published copy, for another window or threshold: there is no second implementation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse import estimation, kept_calls, models, shared_lines, store
from misuse.errors import StoreError
from misuse.settings import Settings
from misuse.wording import local, timed_calls

if TYPE_CHECKING:
    import duckdb

# What deciding who is a caller starts from: misuse.callers goes on from here.
FIRST_MODELS: tuple[str, ...] = (
    "detection/windows",
    "detection/call_stops",
)
# From callers, rules and people's decisions to the published calls.
CALL_MODELS: tuple[str, ...] = (
    "callers/caller_identities",
    "detection/code_verdicts",
    "detection/code_contents",
    "detection/call_contents",
    "detection/fault_bursts",
    "detection/busy_persons",
    "detection/frequent_contacts",
    "detection/new_content",
    "detection/tie_marks",
    "detection/tied_details",
    "detection/tied_calls",
    "detection/lone_ties",
    "detection/marker_ties",
    "detection/rule_reach",
    "detection/entered_stops",
    "detection/stop_reach",
    "detection/caller_stops",
    "detection/call_hits",
    "detection/stopped_calls",
    "detection/coded_calls",
    "detection/calls",
    "detection/caller_tallies",
)
# These need only `calls` and `windows`, so they also run on a published copy.
COUNT_MODELS: tuple[str, ...] = (
    "detection/window_calls",
    "detection/caller_windows",
    "detection/line_windows",
    "detection/bridge",
)
LIST_MODELS: tuple[str, ...] = (
    "marts/caller_spells",
    "marts/caller_changes",
    "detection/callers",
    "marts/caller_links",
    "detection/persistent_callers",
    "detection/case_callers",
    "detection/second_references",
    "detection/caller_cases",
    "detection/caller_patterns",
    "detection/caller_confirmations",
    "detection/caller_flags",
    "detection/caller_looks",
    "detection/unseen_stops",
    "detection/fault_calls",
    "detection/recent_calls",
    "marts/concentration",
    "marts/misuse_monthly",
    "marts/demand_daily",
    "marts/shared_lines",
    "marts/shared_line_suggestions",
    "marts/tasking_candidates",
    "detection/stopped_contacts",
    "marts/look_list",
    "marts/stopped_calls_of_nobody",
)
# Temporary, so in no file that is not encrypted.
IDENTIFYING = frozenset({"detection/tie_marks", "detection/tied_details"})
# Read by models of this step alone: a million rows that no file need hold.
PASSING = frozenset(
    {
        "callers/caller_identities",
        "detection/code_contents",
        "detection/call_contents",
        "detection/fault_bursts",
        "detection/busy_persons",
        "detection/frequent_contacts",
        "detection/tied_calls",
        "detection/lone_ties",
        "detection/marker_ties",
        "detection/stopped_contacts",
    }
)
TEMPORARY = IDENTIFYING | PASSING
# Large, and done with: what comes after needs the memory.
SPENT = {"detection/tied_calls": ("tied_details",), "detection/marker_ties": ("tie_marks", "tied_calls")}
VIEWS = frozenset({"marts/caller_spells"})  # a million rows that are there already
MODELS: tuple[str, ...] = FIRST_MODELS + CALL_MODELS + COUNT_MODELS + LIST_MODELS
ESTIMATE_MODELS: tuple[str, ...] = (
    "estimates/window_totals",
    "estimates/window_months",
    "estimates/window_units",
)

# RE2 has no pattern that never matches; a character that is neither space nor not space is one.
_NO_PATTERN = r"[^\s\S]"
_CODEWORDS = "select pattern from rule_codewords where pattern is not null order by pattern"
_WORDS_HEARD = "select pattern from rule_words where pattern is not null order by pattern"


def prepare(con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Build windows and the stops of single calls; returns the parameters with `end_at`, the end of as-of.

    The vault is attached as `vault`; rules and the casebook's tables are loaded.
    """
    available = {**parameters, "codeword_pattern": codeword_pattern(con)}
    models.build(con, "detection/windows", available)
    available["end_at"] = end_of_as_of(con)
    models.build(con, "detection/call_stops", available)
    return available


def detect(
    con: duckdb.DuckDBPyConnection,
    parameters: Mapping[str, Any],
    *,
    shared_line_model: Mapping[str, Any] | None = None,
) -> None:
    """Build every later detection model, from number-holding spells to the candidates for the lists.

    `prepare` and the steps of misuse.callers have been taken; the vault is attached. `shared_line_model` is the
    document of the model in force, which suggests shared lines.
    """
    available = {**parameters, "heard_pattern": heard_pattern(con), "end_at": end_of_as_of(con)}
    for name in MODELS[len(FIRST_MODELS) :]:
        if name == "marts/shared_line_suggestions":
            shared_lines.suggest(con, shared_line_model)
        if name in VIEWS:
            models.view(con, name)
            continue
        if name == kept_calls.CALLS:
            kept_calls.bring_up(con, available)
        if name not in kept_calls.KEPT:
            models.build(con, name, available, temporary=name in TEMPORARY)
        for spent in SPENT.get(name, ()):
            models.drop(con, spent)
    for name in TEMPORARY:
        models.drop(con, models.relation_name(name))


def end_of_as_of(con: duckdb.DuckDBPyConnection) -> datetime | None:
    """The first moment after as-of: what is received from then on counts for nothing."""
    row = con.execute("select max(window_to) from windows").fetchone()
    return row[0] if row else None


def codeword_pattern(con: duckdb.DuckDBPyConnection) -> str:
    """Every codeword pattern as one, which DuckDB compiles once instead of once a remark."""
    return _as_one(con, _CODEWORDS)


def heard_pattern(con: duckdb.DuckDBPyConnection) -> str:
    """The same of what a safeguard hears only where its own pattern is met."""
    return _as_one(con, _WORDS_HEARD)


def _as_one(con: duckdb.DuckDBPyConnection, patterns_query: str) -> str:
    patterns = [pattern for (pattern,) in con.execute(patterns_query).fetchall()]
    return "|".join(f"(?:{pattern})" for pattern in patterns) or _NO_PATTERN


# ── estimates ──────────────────────────────────────────────────────────────────────────────────

_TOTALS = """
select
    window_totals.*, coalesce(months.months, 0) as months, coalesce(months.handling_months, 0) as handling_months,
    coalesce(months.unit_months, 0) as unit_months, months.month_days
from window_totals
left join (
    select window_name, months, handling_months, unit_months, avg(days) as month_days
    from window_months
    group by window_name, months, handling_months, unit_months
) as months
    on window_totals.window_name = months.window_name
order by window_totals.window_name
"""
# Ordered by value, ties being alike in all that counts: the seed then gives the same draws for any
# order of input and any pseudonyms.
_UNITS = """
select
    is_identified, can_persist, misuse_calls::double as misuse_calls,
    handling_seconds::double as handling_seconds, unit_seconds::double as unit_seconds,
    days_work::double as days_work, days_work_handling::double as days_work_handling,
    month_handling_seconds::double as month_handling_seconds, month_unit_seconds::double as month_unit_seconds
from window_units
where window_name = $window_name and counted_by = $counted_by
order by all
"""
_SPAN = "select window_from, window_to from windows where window_name = $window_name"
COUNTED_BY = ("caller", "number")
_SCRATCH = ("windows", *(models.relation_name(name) for name in (*COUNT_MODELS, *ESTIMATE_MODELS)), "estimates")
_DROP = {name: "drop table if exists temp." + name for name in _SCRATCH}


def estimate(
    con: duckdb.DuckDBPyConnection,
    parameters: Mapping[str, Any],
    *,
    replicates: int,
    seed: int,
    window_names: Sequence[str] = ("headline", "since_log_start", "d365", "d90", "d30"),
    counted_by: Sequence[str] = COUNTED_BY,
    temporary: bool = False,
) -> None:
    """Make the table `estimates` from `calls` and `window_calls`; its working tables go again."""
    for name in ESTIMATE_MODELS:
        models.build(con, name, parameters, temporary=True)
    totals = _by_window(con)
    done: dict[tuple[Any, ...], list[estimation.Figure]] = {}
    rows: list[tuple[str, str, estimation.Figure]] = []
    for window_name in window_names:
        span = con.execute(_SPAN, {"window_name": window_name}).fetchone() or ()
        for way in counted_by:
            if (*span, way) not in done:  # the headline's window is often d365 under another name
                units = _units(con, window_name, way, int(parameters["threshold"]))
                done[*span, way] = estimation.figures(units, totals[window_name], replicates=replicates, seed=seed)
            rows += [(window_name, way, row) for row in done[*span, way]]
    con.register("estimate_rows", estimation.frame(rows))
    models.build(con, "estimates/estimates", parameters, temporary=temporary)
    con.unregister("estimate_rows")
    models.append(con, "estimates/identity_levels", parameters, relation="estimates")
    for name in ESTIMATE_MODELS:
        con.execute(_DROP[models.relation_name(name)])


def _by_window(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, float | None]]:
    rows = store.rows(con.execute(_TOTALS))
    return {
        row.pop("window_name"): {key: None if value is None else float(value) for key, value in row.items()}
        for row in rows
    }


def _units(con: duckdb.DuckDBPyConnection, window_name: str, counted_by: str, threshold: int) -> estimation.Units:
    import numpy as np

    columns = con.execute(_UNITS, {"window_name": window_name, "counted_by": counted_by}).fetchnumpy()
    values = np.column_stack([np.asarray(columns[name], dtype=np.float64) for name in estimation.MEASURES])
    can_persist, is_identified = (
        np.asarray(columns[name], dtype=np.bool_) for name in ("can_persist", "is_identified")
    )
    return estimation.Units(values, can_persist, is_identified, threshold)


# ── the headline, read back ────────────────────────────────────────────────────────────────────

_WINDOW = """
select as_of, run_id, window_name, window_from, window_to, threshold, shared_line_threshold, reporting_zone
from windows
where window_name = $window_name
"""
_FIGURES = """
select estimate, point, low, high, bound_low, bound_high, method
from estimates
where window_name = $window_name and counted_by = $counted_by
"""
_BRIDGE = "select step, callers, calls, share from bridge where window_name = $window_name order by step_number"
_LEVELS = """
select counted_by, estimate, point from estimates
where window_name = $window_name and counted_by in ('standard', 'loose')
"""
_SAFEGUARDS = """
select numerator, denominator, method from estimates where estimate = 'safeguards_blind' and window_name = 'headline'
"""
_COUNTS = ("calls", "misuse_calls", "unidentified_misuse_calls", "persistent_callers", "persistent_misuse_calls")
_ENDS = ("point", "low", "high", "bound_low", "bound_high")
_BY_LEVEL = ("persistent_callers", "persistent_misuse_calls", "share_of_misuse")


def headline(
    con: duckdb.DuckDBPyConnection, *, window_name: str = "headline", counted_by: str = "caller"
) -> dict[str, Any]:
    """The document of `misuse estimate --json`, read from `windows`, `estimates` and `bridge` wherever they are.

    A figure that was not reckoned is None, never absent. Which model linked callers the relation `runs` knows, so
    `identity` has None for it here.
    """
    row = con.execute(_WINDOW, {"window_name": window_name}).fetchone()
    if row is None:
        raise StoreError("no window of that name in this copy", next_step="misuse run, then try again")
    return {
        "as_of": row[0].isoformat(),
        "run_id": row[1],
        **(_document(con, window_name, counted_by) or {}),
        "safeguards": _safeguards(con),
        "identity": {"model": None, "levels": _levels(con, window_name)},
        "since_log_start": _document(con, "since_log_start", counted_by),
    }


def _document(con: duckdb.DuckDBPyConnection, window_name: str, counted_by: str) -> dict[str, Any] | None:
    row = con.execute(_WINDOW, {"window_name": window_name}).fetchone()
    if row is None:
        return None
    _, _, name, window_from, window_to, threshold, shared_line_threshold, zone = row
    wanted = {"window_name": window_name, "counted_by": counted_by}
    found = {
        estimate: dict(zip((*_ENDS, "method"), parts, strict=True))
        for estimate, *parts in con.execute(_FIGURES, wanted).fetchall()
    }
    unknown = dict.fromkeys((*_ENDS, "method"))

    def figure(estimate: str, *ends: str) -> dict[str, float | None]:
        return {end: found.get(estimate, unknown)[end] for end in ends}

    def timed(*names: str) -> int | None:
        """Misuse calls whose time is known, by the first of these figures that has a value."""
        row = next((found[name] for name in names if found.get(name, unknown)["point"] is not None), None)
        part = timed_calls(row["method"]) if row else None
        return part[0] if part else _whole(found.get("misuse_calls", unknown)["point"]) if row else None

    steps = con.execute(_BRIDGE, {"window_name": window_name}).fetchall()
    return {
        "window": {
            "name": name,
            "from": local(window_from, zone).isoformat(),
            "to": local(window_to, zone).isoformat(),
        },
        "threshold": threshold,
        "shared_line_threshold": shared_line_threshold,
        "counted_by": counted_by,
        **{count: _whole(found.get(count, unknown)["point"]) for count in _COUNTS},
        **{share: figure(share, *_ENDS) for share in ("share_of_misuse", "share_of_handling", "share_of_deployment")},
        "days_work_per_month": {
            who: figure(f"days_work_{who}", "point", "low", "high") for who in ("persistent", "all_misuse")
        },
        "hours_per_month": {who: found.get(f"hours_{who}", unknown)["point"] for who in ("persistent", "all_misuse")},
        "handling_measured_calls": timed("share_of_handling", "hours_all_misuse"),
        "unit_measured_calls": timed("share_of_deployment", "unit_hours_all_misuse"),
        "apart": _apart(con, window_name),
        "bridge": [dict(zip(("step", "callers", "calls", "share"), step, strict=True)) for step in steps] or None,
    }


def _levels(con: duckdb.DuckDBPyConnection, window_name: str) -> dict[str, dict[str, float | int | None]]:
    """Persistent callers by how surely numbers are one person's, shared lines apart: number (each by itself, whoever
    held it), strict (the headline), standard and loose (were suggestions confirmed).
    """
    steps = {step: figures for step, *figures in con.execute(_BRIDGE, {"window_name": window_name}).fetchall()}
    found = {
        (level, name): point for level, name, point in con.execute(_LEVELS, {"window_name": window_name}).fetchall()
    }
    levels: dict[str, dict[str, float | int | None]] = {}
    for level, step in (("number", "less_shared_lines"), ("strict", "after_linkage")):
        levels[level] = dict(zip(_BY_LEVEL, steps.get(step, [None, None, None]), strict=True))
    for level in ("standard", "loose"):
        callers, calls, share = (found.get((level, name)) for name in _BY_LEVEL)
        levels[level] = dict(zip(_BY_LEVEL, (_whole(callers), _whole(calls), share), strict=True))
    return levels


def _safeguards(con: duckdb.DuckDBPyConnection) -> dict[str, Any] | None:
    """How many safeguards the sources leave blind, of how many, and which; nothing for a count made afresh."""
    row = con.execute(_SAFEGUARDS).fetchone()
    if row is None:
        return None
    return {"blind": round(row[0]), "of": round(row[1]), "method": row[2]}


def _apart(con: duckdb.DuckDBPyConnection, window_name: str) -> dict[str, dict[str, int]]:
    found = models.select(con, "reports/lines_apart", {}).fetchall()
    kinds = {
        kind: {"callers": int(callers), "misuse_calls": int(calls)}
        for window, kind, _, callers, calls in found
        if window == window_name
    }
    return {kind: kinds.get(kind, {"callers": 0, "misuse_calls": 0}) for kind in ("shared_line", "premises")}


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


# ── the same reckoning, asked another way ──────────────────────────────────────────────────────

_PUBLISHED_RUN = "select run_id, as_of from windows where window_name = 'headline'"
_CALL_RECORDS = "create or replace temp view call_records as select received_at, channel from calls"
_FORGET_CALL_RECORDS = "drop view if exists temp.call_records"


def recount(
    con: duckdb.DuckDBPyConnection, settings: Settings, *, window_days: int | None, counted_by: str = "caller"
) -> dict[str, Any]:
    """The headline of another window (None: since the log's start), threshold or way of counting.

    Works on a read-only published copy: the models run on its `calls`, their results are temporary and
    gone afterwards. Errors: StoreError where the copy names no run.
    """
    run = con.execute(_PUBLISHED_RUN).fetchone()
    if run is None:
        raise StoreError("this copy names no run", next_step="misuse run, then try again")
    values = {
        "run_id": run[0],
        "as_of": run[1],
        "reporting_zone": settings.reporting_zone,
        "window_days": window_days or 1,
        "threshold": settings.threshold,
        "shared_line_threshold": settings.shared_line_threshold,
        "headline_channel": settings.headline_channel,
    }
    name = "headline" if window_days else "since_log_start"
    with _scratch(con):
        for model in ("detection/windows", *COUNT_MODELS):
            models.build(con, model, values, temporary=True)
        estimate(
            con,
            values,
            replicates=settings.bootstrap_replicates,
            seed=settings.seed,
            window_names=tuple(dict.fromkeys((name, "since_log_start"))),
            counted_by=(counted_by,),
            temporary=True,
        )
        document = headline(con, window_name=name, counted_by=counted_by)
    if window_days and window_days != settings.window_days:
        document["window"]["name"] = f"d{window_days}"
    return document


@contextmanager
def _scratch(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Temporary relations shadow the copy's own for as long as the reckoning lasts."""
    con.execute(_CALL_RECORDS)
    try:
        yield
    finally:
        con.execute(_FORGET_CALL_RECORDS)
        for statement in _DROP.values():
            con.execute(statement)
