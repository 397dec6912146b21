"""Who came over the line since the run before and who left it, why, and which earlier decision each touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import disposal, models
from misuse.estimation import differences
from misuse.reckoning.tables import keep, rows
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

MODELS: tuple[str, ...] = (
    "estimates/previous_calls",
    "estimates/previous_window",
    "estimates/matched_callers",
    "estimates/changed_calls",
    "estimates/changed_counts",
    "estimates/reason_totals",
)
# A run that spoke for a day not yet over, as earlier releases let one, would be the one before for years.
_EARLIER = """
select run_id from run_ledger
where status = 'published' and run_id <> $run_id and as_of <= started_at::date
order by as_of desc, started_at desc
"""
_RULES = "select count(distinct rules_digest) > 1 from run_ledger where run_id in ($run_id, $previous)"
_TOTALS = "select * from reason_totals order by reason"
_COUNTS = "select * from changed_counts order by unit_id"
_REASONS = """
select unit_id, direction, reason, count(*) as calls
from changed_calls where unit_id in (select unit_id from changed_counts)
group by unit_id, direction, reason order by unit_id, direction, reason
"""
_THRESHOLDS = """
select windows.threshold, previous_window.threshold, previous_window.run_id, previous_window.as_of
from previous_window cross join windows where windows.window_name = 'headline'
"""


def reckon(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any], settings: Settings) -> None:
    """Make `list_differences` and `reason_totals`; empty before the second run, or where the copy before is not kept."""
    found: list[dict[str, Any]] = []
    totals: list[dict[str, Any]] = []
    previous = earlier_copy(con, values["run_id"], settings)
    if previous is not None:
        with _attached(con, previous):
            rules = con.execute(_RULES, {"run_id": values["run_id"], "previous": previous.stem}).fetchone()
            available = {**values, "rules_changed": bool(rules and rules[0])}
            for name in MODELS:
                models.build(con, name, available, temporary=True)
        found = _differences(con, values)
        totals = [{**_stamp(con, values), **row} for row in rows(con, _TOTALS, {})]
        for name in MODELS:
            models.drop_temporary(con, models.relation_name(name))
    keep(con, "list_differences", found)
    keep(con, "reason_totals", totals)


def earlier_copy(con: duckdb.DuckDBPyConnection, run_id: str, settings: Settings) -> Path | None:
    """The copy of the last other run that was published, if it is kept and holds nobody who was put away since."""
    for (name,) in con.execute(_EARLIER, {"run_id": run_id}).fetchall():
        path = settings.published_path / f"{name}.duckdb"
        if path.is_file():
            return None if disposal.is_before(settings, path) else path
    return None


@contextmanager
def _attached(con: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    literal = "'" + str(path).replace("'", "''") + "'"
    con.execute("attach " + literal + " as previous (read_only)")
    try:
        yield
    finally:
        con.execute("detach previous")


def _stamp(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any]) -> dict[str, Any]:
    """This run, and the one that it is held against."""
    row = con.execute(_THRESHOLDS).fetchone() or (None, None, None, None)
    return {
        "run_id": values["run_id"],
        "as_of": values["as_of"],
        "previous_run_id": row[2],
        "previous_as_of": row[3],
    }


def _differences(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    row = con.execute(_THRESHOLDS).fetchone()
    if row is None:
        return []
    threshold, previous_threshold, *_ = row
    reasons: dict[tuple[str, str], dict[differences.Reason, int]] = {}
    for part in rows(con, _REASONS, {}):
        by = reasons.setdefault((part["unit_id"], part["direction"]), {})
        by[differences.Reason(part["reason"])] = part["calls"]
    counted = {part["unit_id"]: part for part in rows(con, _COUNTS, {})}
    moved = differences.differences(
        (_counted(part, reasons) for part in counted.values()), previous_threshold, threshold
    )
    stamp = _stamp(con, values)
    return [
        {**stamp, **_told(row, counted[row.caller_id])}
        for row in moved
        if row.movement is not differences.Movement.STAYED
    ]


def _counted(
    part: Mapping[str, Any], reasons: Mapping[tuple[str, str], Mapping[differences.Reason, int]]
) -> differences.Counted:
    return differences.Counted(
        part["unit_id"],
        part["before_calls"],
        part["now_calls"],
        reasons.get((part["unit_id"], "gained"), {}),
        reasons.get((part["unit_id"], "lost"), {}),
        part["may_before"],
        part["may_now"],
    )


def _told(row: differences.Difference, part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "caller_id": part["caller_id"],
        "previous_caller_id": part["previous_caller_id"],
        "movement": row.movement.value,
        "misuse_calls_before": row.before,
        "misuse_calls_now": row.now,
        "reasons": [f"{why.reason.value} {why.calls}" if why.calls else why.reason.value for why in row.why],
        "decisive": [why.reason.value for why in row.why if why.is_decisive],
        "decisions": sorted(set(part["decisions"] or [])),
    }
