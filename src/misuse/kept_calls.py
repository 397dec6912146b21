"""The table of calls, and what is counted of callers, kept from run to run: brought up by what differs, or made anew.

The calls of a number-holding spell stand together, as do those of no number on one day. A part whose hash is the last
run's has the same rows, but for what rules say of single calls, and that is compared call by call. So a night costs what
its changes cost, and some scans of narrow columns; nothing has to be known of why something changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from misuse import models, store

if TYPE_CHECKING:
    import duckdb

CALLS, TALLIES = "detection/calls", "detection/caller_tallies"
KEPT = (CALLS, TALLIES)
_PUBLISHED_MARK = "calls_published"  # the run whose copy has all calls but those of unpublished_calls
_MARK = "calls"
_MOST = 10  # over a tenth of the calls, to make them anew is cheaper
_PASSING = ("call_parts", "stale_parts", "stale_calls", "arriving_calls", "differing_calls", "leaving_calls",
            "touched_callers", "arriving_tallies")  # fmt: skip


def bring_up(con: duckdb.DuckDBPyConnection, available: Mapping[str, Any]) -> bool:
    """Make `calls` and `caller_tallies` those of now; whether the last run's were gone on from.

    caller_numbers, coded_calls and stopped_calls are this run's. Parameters: end_at, reporting_zone.
    """
    made_by = _made_by(available)
    models.build(con, "detection/call_parts", available, temporary=True)
    is_kept = store.mark(con, _MARK) == made_by and _put_in(con, available)
    if not is_kept:
        _make_anew(con, available, made_by)
    for name in _PASSING:
        models.drop_temporary(con, name)
    return is_kept


def _made_by(available: Mapping[str, Any]) -> str:
    """The statements, the zone, and the engine, whose hashes and calendar another release may make otherwise."""
    import duckdb as engine

    return f"{models.digest()} {available['reporting_zone']} {engine.__version__}"


def _make_anew(con: duckdb.DuckDBPyConnection, available: Mapping[str, Any], made_by: str) -> None:
    for name in (_MARK, _PUBLISHED_MARK):
        store.forget_mark(con, name)
    with models.sides_as_written(con):
        models.build(con, CALLS, available)
    for name in (TALLIES, "detection/kept_parts", "detection/unpublished_calls"):
        models.build(con, name, available)
    store.set_mark(con, _MARK, made_by)


def _put_in(con: duckdb.DuckDBPyConnection, available: Mapping[str, Any]) -> bool:
    """Put in what differs, all of it or nothing; False where that is much, or where the last run's calls were not whole."""
    for name in ("detection/stale_parts", "detection/stale_calls"):
        models.build(con, name, available, temporary=True)
    if store.count(con, "stale_calls") > store.count(con, "calls") // _MOST:
        return False
    _build_in_place_of(con, "call_records", "detection/stale_records", CALLS, "arriving_calls", available)
    models.build(con, "detection/differing_calls", available, temporary=True)
    with store.transaction(con):
        models.script(con, "detection/put_in_calls", available)
        _build_in_place_of(con, "calls", "detection/calls_of_touched", TALLIES, "arriving_tallies", available)
        models.script(con, "detection/put_in_tallies", available)
    (is_as_received,) = models.scalar(con, "detection/kept_as_received", available)
    return bool(is_as_received)


def _build_in_place_of(
    con: duckdb.DuckDBPyConnection, relation: str, part: str, name: str, made: str, available: Mapping[str, Any]
) -> None:
    """A model's rows as the temporary table `made`, of a part of one relation that it reads.

    A temporary table hides the warehouse's of the same name, also where that is called main's.
    """
    models.drop_temporary(con, relation)
    models.build(con, part, available, temporary=True, relation=relation)
    models.build(con, name, available, temporary=True, relation=made)
    models.drop_temporary(con, relation)


# ── what a publication has to know ─────────────────────────────────────────────────────────────


def are_known_since(con: duckdb.DuckDBPyConnection, run_id: str) -> bool:
    """Whether unpublished_calls tells every call in which `calls` is not the copy that the run published."""
    return store.mark(con, _PUBLISHED_MARK) == run_id


def publish(con: duckdb.DuckDBPyConnection, run_id: str) -> None:
    """From now on unpublished_calls tells what differs from this run's copy. Within the caller's transaction."""
    if store.mark(con, _MARK):
        con.execute("delete from unpublished_calls")
        store.set_mark(con, _PUBLISHED_MARK, run_id)
