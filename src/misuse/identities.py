"""The ways back from a pseudonym: find (number or address to caller), identify (caller to numbers), rejected rows as read,
and the remarks of calls that somebody codes again.

Each needs a permitted role and a reason, and is recorded before anything is shown, also when nothing is found or it is refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse import casebook, explain, models, numbers, sources, store, warehouse
from misuse.errors import UsageError
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

_DETAILS = ("subscriber_names", "subscriber_addresses", "person_names", "birth_dates")


def find(
    settings: Settings, *, number: str | None, address: str | None, reason: str, actor: str, now: datetime
) -> list[dict[str, Any]]:
    """Callers who ever held a number, a row a time they held it, or who called from an address, as of the last run.

    Keys: caller_id, identity_kind, held_from and held_to (UTC; None without an end, and by address), first_call_at,
    last_call_at, calls.
    Errors: Refused without a permitted role; UsageError without a reason, for an unreadable number, before any run.
    """
    _permit(settings, actor, reason, now, "find")
    with warehouse.opened(settings, with_vault=True) as con:
        _refuse_without_run(con)
        tokens = _number_tokens(settings, con, number) if number is not None else []
        if number is not None:
            rows = _rows(con, "find_by_token", {"tokens": tokens})
        else:
            rows = _rows(con, "find_by_address", {"address": address})
    callers = list(dict.fromkeys(row["caller_id"] for row in rows))
    way = {"way": "find", "by": "address" if number is None else "number", "tokens": tokens}
    _record(settings, way, actor, reason, now, callers)
    return rows


def _number_tokens(settings: Settings, con: duckdb.DuckDBPyConnection, number: str) -> list[str]:
    """Tokens of the number as dialled in any region a source declares."""
    return [str(row["token"]) for row in _rows(con, "line_tokens", {"e164s": dialled(settings, number)})]


def dialled(settings: Settings, number: str) -> list[str]:
    """The number in its international form, as dialled in any region a source declares. Errors: UsageError for none."""
    regions = {sources.load_layout(settings, name).region for name in sources.source_names(settings)} or {"GB"}
    parsed = {numbers.parse(number.strip(), region).e164 for region in sorted(regions)}
    if not any(parsed):
        raise UsageError("that is no usable telephone number", next_step="write it as dialled, or as +44…")
    return sorted(value for value in parsed if value)


def identify(settings: Settings, caller: str, *, reason: str, actor: str, now: datetime) -> dict[str, Any]:
    """What the vault holds of a caller: numbers, premises, subscriber names and addresses, person names, birth dates.

    Key `held` has a row for each time with a number or premises: line, held_from, held_to, first_call_at, last_call_at,
    calls.
    Errors: Refused without a permitted role, UsageError without a reason, InputError for an unknown caller.
    """
    _permit(settings, actor, reason, now, "identify")
    with warehouse.opened(settings, with_vault=True) as con:
        _refuse_without_run(con)
        caller_id = explain.resolve_caller(con, caller)
        _record(settings, {"way": "identify"}, actor, reason, now, [caller_id])
        held = _rows(con, "lines_of_caller", {"caller_id": caller_id})
        details = models.scalar(con, "identities/details_of_caller", {"caller_id": caller_id})
    return {
        "caller_id": caller_id,
        "numbers": sorted({row["line"] for row in held if not row["is_premises"]}),
        "premises": sorted({row["line"] for row in held if row["is_premises"]}),
        **{name: sorted(values or []) for name, values in zip(_DETAILS, details, strict=True)},
        "held": [{key: value for key, value in row.items() if key != "is_premises"} for row in held],
    }


def rejected(
    settings: Settings, batch_id: str, *, limit: int, reason: str, actor: str, now: datetime
) -> dict[str, Any]:
    """The rejected rows of a batch as they were read, to be mended at their source.

    Keys: batch_id, source, file_name, rejected, kept (those not yet past their time), rows[{row_number, reason, raw}].
    Errors: Refused without a permitted role; UsageError without a reason, or for a batch that is not in.
    """
    _permit(settings, actor, reason, now, "rejected_rows")
    if limit < 1:
        raise UsageError("the limit must be at least 1", next_step="leave --limit out for 20 rows")
    with warehouse.opened(settings, with_vault=True) as con:
        batches = _rows(con, "rejected_batch", {"batch_id": batch_id})
        if not batches:
            raise UsageError("no batch of that id is in", next_step="misuse batch list shows them")
        rows = _rows(con, "rejected_rows_of_batch", {"batch_id": batch_id, "at_most": limit})
    _record(settings, {"way": "rejected_rows", "batch_id": batch_id, "rows": len(rows)}, actor, reason, now, [])
    return batches[0] | {"rows": rows}


def of_sample(
    settings: Settings, numbers: dict[str, int], *, sample: str, reason: str, actor: str, now: datetime
) -> dict[int, dict[str, Any]]:
    """What the vault holds of calls that somebody codes again: the source's call id, references, remarks.

    `numbers` maps a call's key to its number in the sample, by which they come back. No number, name or address is
    among them, though a remark may say one.
    Errors: Refused without a permitted role; UsageError without a reason.
    """
    _permit(settings, actor, reason, now, "coding")
    _record(settings, {"way": "coding", "sample": sample, "calls": sorted(numbers.values())}, actor, reason, now, [])
    with warehouse.opened(settings, with_vault=True) as con:
        rows = _rows(con, "details_of_calls", {"call_keys": list(numbers)})
    return {numbers[row.pop("call_key")]: row for row in rows}


# Made by the first run, and with spells of numbers only by one of this version.
_RUN_WAS_MADE = """
select count(*)
from duckdb_columns()
where
    database_name = current_database()
    and (table_name = 'caller_numbers' and column_name = 'spell_id' or table_name = 'calls' and column_name = 'batch_id')
"""


def _refuse_without_run(con: duckdb.DuckDBPyConnection) -> None:
    row = con.execute(_RUN_WAS_MADE).fetchone()
    if not row or row[0] < 2:
        raise UsageError("no run has told callers apart yet", next_step="misuse run")


def _rows(con: duckdb.DuckDBPyConnection, name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    return store.rows(models.select(con, f"identities/{name}", values))


def _permit(settings: Settings, actor: str, reason: str, now: datetime, way: str) -> None:
    if not reason.strip():
        raise UsageError("a look at an identity needs a reason", next_step='add --reason "…"')
    with casebook.opened(settings) as book:
        book.admit("see_identity", actor, occurred_at=now, what=way)


def _record(
    settings: Settings, way: dict[str, Any], actor: str, reason: str, now: datetime, callers: list[str]
) -> None:
    with casebook.opened(settings) as book:
        book.record(
            "identity_read",
            actor=actor,
            occurred_at=now,
            caller_id=callers[0] if len(callers) == 1 else None,
            payload={**way, "reason": reason, "callers": callers},
        )
