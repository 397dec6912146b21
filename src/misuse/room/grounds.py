"""What a run tells of a caller, as it is put to others: where, why, how many calls, what speaks against it.

A tasking keeps it as it was when it was sent: a later run, on which the caller may be stopped or listed no more, does not
rewrite what a borough was asked on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from misuse import publication, store
from misuse.casebook import Event
from misuse.room import cases
from misuse.room.desk import Desk, rows

if TYPE_CHECKING:
    import duckdb

SHOWN_BOROUGHS = 5
COUNTS = ("window", "d90", "d30")
UNKNOWN = "not known any more"
NOT_RECKONED = "Doubts are reckoned for whoever is on the list, and this caller was not on it: none is reckoned, which is not the same as none."
LOST = (
    "Not known any more: it was sent before the grounds of a tasking were kept with it, and the list of that day is gone. "
    "That is not the same as none: ask the sender."
)
_LISTED = "select * from tasking_list where caller_id = $caller_id"
_CALLER = "select home_borough, support_first from callers where caller_id = $caller_id"
_WINDOWS = "select window_name, misuse_calls from caller_windows where caller_id = $caller_id"
_AS_OF = "select max(as_of) from runs where run_id = $run_id"


def of_caller(con: duckdb.DuckDBPyConnection, caller: str, run_id: str) -> dict[str, Any]:
    """What one run's copy tells of a caller, to be kept.

    Keys: run_id, as_of, caller_id, is_listed, where[], why[], doubts[] (None: not reckoned, as of whom no list tells),
    calls{window, d90, d30} (None: not told), support_first.
    """
    listed = next(iter(rows(con, _LISTED, {"caller_id": caller})), None)
    held = next(iter(rows(con, _CALLER, {"caller_id": caller})), {})
    found = con.execute(_AS_OF, {"run_id": run_id}).fetchone()
    home = [held["home_borough"]] if held.get("home_borough") else []
    return {
        "run_id": run_id,
        "as_of": str(found[0]) if found and found[0] else None,
        "caller_id": caller,
        "is_listed": listed is not None,
        "where": list((listed or {}).get("boroughs") or ())[:SHOWN_BOROUGHS] or home,
        "why": list((listed or {}).get("reasons") or ()),
        "doubts": list(listed.get("doubts") or ()) if listed else None,
        "calls": _counts(con, caller, listed),
        "support_first": bool(held.get("support_first")),
    }


def _counts(con: duckdb.DuckDBPyConnection, caller: str, listed: Mapping[str, Any] | None) -> dict[str, int | None]:
    """Misuse calls in the spans that a tasking names; who has no row in a window that was reckoned has none there."""
    if listed is not None:
        return {name: listed[f"misuse_calls_{name}"] for name in COUNTS}
    if not store.holds(con, "caller_windows"):
        return dict.fromkeys(COUNTS)
    held = {row["window_name"]: row["misuse_calls"] for row in rows(con, _WINDOWS, {"caller_id": caller})}
    return (
        {name: int(held.get("headline" if name == "window" else name) or 0) for name in COUNTS}
        if held
        else dict.fromkeys(COUNTS)
    )


def when_tasked(desk: Desk, event: Event, case: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a tasking was sent on: as kept with it, else as the run that it names tells while its copy is kept.

    None where neither is to be had: it is not known any more.
    """
    kept: dict[str, Any] | None = event.data.get("grounds")
    if kept is not None or not event.run_id:
        return kept
    with publication.opened_kept(desk.settings, event.run_id) as con:
        return None if con is None else of_caller(con, cases.caller_of(con, case), event.run_id)


def told_calls(counts: Mapping[str, int | None]) -> str:
    """How many calls in which span, in words; what is not known says so."""
    if all(counts.get(name) is None for name in COUNTS):
        return UNKNOWN
    said = {name: UNKNOWN if counts.get(name) is None else str(counts[name]) for name in COUNTS}
    return f"{said['window']} in the window, {said['d90']} in 90 days, {said['d30']} in 30 days"


def told_doubts(grounds: Mapping[str, Any] | None) -> list[str]:
    """Why it may be wrong, in sentences; that nothing is known is never told as if nothing were there."""
    if grounds is None:
        return [LOST]
    if grounds["doubts"] is None:
        return [NOT_RECKONED]
    return list(grounds["doubts"]) or ["The run reckoned no particular doubt. That is not the same as none."]
