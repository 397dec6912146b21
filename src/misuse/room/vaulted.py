"""What the room sees of the vault: by role, with a reason, recorded before it is shown. Never the warehouse.

Which calls are a caller's the published copy tells; the vault tells what stands on them. So a look waits for no run, but for
a run that is writing to the vault.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from misuse import explain, identities, models, numbers, sources, store, wording
from misuse.errors import Refused, UsageError
from misuse.room.desk import Desk, rows
from misuse.vault import looking

if TYPE_CHECKING:
    import duckdb

_CALLS = """
select call_key::varchar as call_key, coalesce(spell_id, '') as spell_id, source, received_at
from calls where caller_id = $caller_id order by received_at, call_key
"""
# What the published run knew of, oldest first: a version that came in since is of another batch.
_BATCHES = "select batch_id from batches order by ingested_at, batch_id"


def _batches(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [str(batch) for (batch,) in con.execute(_BATCHES).fetchall()]


def identify(desk: Desk, caller: str, reason: str) -> dict[str, Any]:
    """What the vault holds of a caller, with the keys of `misuse.identities.identify`.

    Numbers, names and addresses are of the version of each call that the published run counted: what only an earlier one
    said, or one that came in since, is left out, for it may be of somebody else. `has_versions`: the vault holds others.

    Errors: Refused without a permitted role; UsageError without a reason; InputError for an unknown caller; LockHeld while
    a run writes to the vault.
    """
    with desk.published() as con:
        caller_id = explain.resolve_caller(con, caller)
        calls, batches = rows(con, _CALLS, {"caller_id": caller_id}), _batches(con)
    _record(desk, {"way": "identify"}, reason, [caller_id])
    keys = [call["call_key"] for call in calls]
    regions = _regions(desk, {call["source"] for call in calls})
    values = {
        "call_keys": keys,
        "spells": [call["spell_id"] for call in calls],
        "regions": [regions[call["source"]] for call in calls],
        "times": [call["received_at"] for call in calls],
    }
    with _counted(desk, keys, batches) as con:
        lines = [{**row, "line": _line(row)} for row in _rows(con, "room/details_of_lines", values)]
        (known,) = _rows(con, "room/details_of_person", {})
    times = _times(desk, sorted({row["line"] for row in lines if not row["is_premises"]}))
    held = [
        row
        for row in lines
        if row["is_premises"] or not times.get(row["line"]) or row["spell_id"] in times[row["line"]]
    ]
    has_versions = bool(known.pop("has_versions"))
    return {
        "caller_id": caller_id,
        "numbers": sorted({row["line"] for row in held if not row["is_premises"]}),
        "premises": sorted({row["line"] for row in held if row["is_premises"]}),
        **{name: sorted(values or []) for name, values in known.items()},
        "held": [
            {"line": row["line"]}
            | {name: times.get(row["line"], {}).get(row["spell_id"], {}).get(name) for name in ("held_from", "held_to")}
            | {name: row[name] for name in ("first_call_at", "last_call_at", "calls")}
            for row in held
        ],
        "has_versions": has_versions,
    }


def _regions(desk: Desk, named: AbstractSet[str]) -> dict[str, str]:
    """The region that each source's numbers are dialled in, by its layout; the usual one where it is declared no more."""
    declared = named & set(sources.source_names(desk.settings))
    return {name: sources.load_layout(desk.settings, name).region if name in declared else "GB" for name in named}


def _line(row: dict[str, Any]) -> str:
    """A number in its international form where it can be read; logs write one number in several ways."""
    return (
        str(row["line"]) if row["is_premises"] else numbers.parse(row["line"], row["region"]).e164 or str(row["line"])
    )


def schedule(desk: Desk, caller_id: str, call_keys: Sequence[str], reason: str) -> dict[str, dict[str, Any]]:
    """References of calls by call_key: call_id, incident_ref, recording_ref, handler_ref, versions.

    Errors as `identify`; Refused where a file was read again or taken back since the run, so that references would lack.
    """
    _record(desk, {"way": "schedule", "calls": len(call_keys)}, reason, [caller_id])
    with desk.published() as con:
        batches = _batches(con)
    with _counted(desk, call_keys, batches) as con:
        found = _rows(con, "room/details_of_schedule", {})
    if lacking := len(set(call_keys)) - len(found):
        raise Refused(
            f"the vault holds {wording.of(lacking, 'call')} of these as no run has counted them yet, or not at all",
            next_step="misuse run, then try again",
        )
    return {row["call_key"]: row for row in found}


def told_of_calls(desk: Desk, caller_id: str, reason: str) -> list[dict[str, Any]]:
    """What else stands on a caller's calls, for the person: call_key, call_id, incident_ref, incident_location, markers,
    remarks, free_text_codes. Call-takers' words may name others.

    Errors as `identify`.
    """
    with desk.published() as con:
        calls, batches = rows(con, _CALLS, {"caller_id": caller_id}), _batches(con)
    _record(desk, {"way": "access", "calls": len(calls)}, reason, [caller_id])
    with _counted(desk, [call["call_key"] for call in calls], batches) as con:
        return _rows(con, "room/details_of_access", {})


def find(desk: Desk, *, number: str | None, address: str | None, reason: str) -> list[dict[str, Any]]:
    """Callers who ever held a number, a row a time they held it, or who called from an address.

    Keys and errors as `misuse.identities.find`, and LockHeld while a run writes to the vault. By address, what earlier
    versions of a call said finds it too.
    """
    _permit(desk, "find", reason)
    tokens: list[str] = []
    if number is not None:
        tokens = sorted(_tokens(desk, identities.dialled(desk.settings, number)).values())
        found = _holders(desk, tokens)
    else:
        keys = [row["call_key"] for row in _select(desk, "room/calls_at_address", {"address": address})]
        with desk.published() as con:
            found = _rows(con, "room/callers_of_calls", {"call_keys": keys})
    callers = list(dict.fromkeys(row["caller_id"] for row in found))
    _record(desk, {"way": "find", "by": "address" if number is None else "number", "tokens": tokens}, reason, callers)
    return [{name: value for name, value in row.items() if name not in ("spell_id", "token")} for row in found]


def _times(desk: Desk, e164s: list[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """Of each number, every time that somebody held it, by the id of the spell; held_from and held_to None at an open end."""
    numbers_of = {token: e164 for e164, token in _tokens(desk, e164s).items()}
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in _holders(desk, list(numbers_of)):
        found.setdefault(numbers_of[row["token"]], {})[row["spell_id"]] = row
    return found


def _tokens(desk: Desk, e164s: list[str]) -> dict[str, str]:
    return {row["e164"]: row["token"] for row in _select(desk, "room/tokens_of_numbers", {"e164s": e164s})}


def _holders(desk: Desk, tokens: list[str]) -> list[dict[str, Any]]:
    with desk.published() as con:
        return _rows(con, "room/holders_of_numbers", {"tokens": tokens})


def _permit(desk: Desk, way: str, reason: str) -> None:
    if not reason.strip():
        raise UsageError("a look at an identity needs a reason", next_step="say why it is needed; name nobody")
    desk.permit("see_identity", way)


def _record(desk: Desk, way: dict[str, Any], reason: str, callers: list[str]) -> None:
    _permit(desk, str(way["way"]), reason)
    caller = callers[0] if len(callers) == 1 else None
    desk.record("identity_read", {**way, "reason": reason, "callers": callers}, caller_id=caller)


@contextmanager
def _counted(desk: Desk, call_keys: Sequence[str], batches: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The vault with `counted_details`: what stands on the calls, each in the version that the published run counted."""
    with looking.alone(desk.settings) as con:
        values = {"call_keys": list(call_keys), "batches": list(batches)}
        models.build(con, "room/counted_details", values, temporary=True)
        yield con


def _select(desk: Desk, name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    with looking.alone(desk.settings) as con:
        return _rows(con, name, values)


def _rows(con: duckdb.DuckDBPyConnection, name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    return store.rows(models.select(con, name, values))
