"""What the room sees of the vault: by role, with a reason, recorded before it is shown. Never the warehouse.

Which calls are a caller's the published copy tells; the vault tells what stands on them. So a look waits for no run, but for
a run that is writing to the vault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from misuse import explain, models, numbers, vault, warehouse
from misuse.errors import UsageError
from misuse.room.desk import Desk, rows

_CALLS = """
select call_key::varchar as call_key, coalesce(spell_id, '') as spell_id, received_at
from calls where caller_id = $caller_id order by received_at, call_key
"""


def identify(desk: Desk, caller: str, reason: str) -> dict[str, Any]:
    """What the vault holds of a caller, with the keys of `misuse.identities.identify`; held_from and held_to are None.

    Errors: Refused without a permitted role; UsageError without a reason; InputError for an unknown caller; LockHeld while
    a run writes to the vault.
    """
    with desk.published() as con:
        caller_id = explain.resolve_caller(con, caller)
        calls = rows(con, _CALLS, {"caller_id": caller_id})
    _record(desk, {"way": "identify"}, reason, [caller_id])
    keys = [call["call_key"] for call in calls]
    values = {
        "call_keys": keys,
        "spells": [call["spell_id"] for call in calls],
        "times": [call["received_at"] for call in calls],
    }
    held = [{**row, "line": _line(row)} for row in _select(desk, "room/details_of_lines", values)]
    (known,) = _select(desk, "room/details_of_person", {"call_keys": keys})
    return {
        "caller_id": caller_id,
        "numbers": sorted({row["line"] for row in held if not row["is_premises"]}),
        "premises": sorted({row["line"] for row in held if row["is_premises"]}),
        **{name: sorted(values or []) for name, values in known.items()},
        "held": [
            {"line": row["line"], "held_from": None, "held_to": None}
            | {name: row[name] for name in ("first_call_at", "last_call_at", "calls")}
            for row in held
        ],
    }


def _line(row: dict[str, Any]) -> str:
    """A number in its international form where it can be read; logs write one number in several ways."""
    return str(row["line"]) if row["is_premises"] else numbers.parse(row["line"], "GB").e164 or str(row["line"])


def schedule(desk: Desk, caller_id: str, call_keys: Sequence[str], reason: str) -> dict[str, dict[str, Any]]:
    """References of calls by call_key: call_id, incident_ref, recording_ref, handler_ref, versions. Errors as `identify`."""
    _record(desk, {"way": "schedule", "calls": len(call_keys)}, reason, [caller_id])
    found = _select(desk, "room/details_of_schedule", {"call_keys": list(call_keys)})
    return {row["call_key"]: row for row in found}


def _record(desk: Desk, way: dict[str, Any], reason: str, callers: list[str]) -> None:
    if not reason.strip():
        raise UsageError("a look at an identity needs a reason", next_step="say why it is needed; name nobody")
    desk.permit("see_identity", str(way["way"]))
    desk.record("identity_read", {**way, "reason": reason, "callers": callers}, caller_id=callers[0])


def _select(desk: Desk, name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    settings = desk.settings
    with (
        warehouse.in_memory(settings, warehouse.scratch_path(settings)) as con,
        vault.attached(con, settings, read_only=True),
    ):
        found = models.select(con, name, values)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
