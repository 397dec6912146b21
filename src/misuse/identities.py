"""The two ways back from a pseudonym: find (number or address to caller) and identify (caller to numbers).

Each needs a permitted role and a reason, and is recorded before anything is shown.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from misuse import casebook, models, numbers, sources, warehouse
from misuse.errors import UsageError
from misuse.settings import Settings


def find(
    settings: Settings, *, number: str | None, address: str | None, reason: str, actor: str, now: datetime
) -> list[dict[str, Any]]:
    """Callers known by a number, or at an address: caller_id, identity_kind, calls.

    Errors: Refused without a permitted role, UsageError without a reason or for an unreadable number.
    """
    _permit(settings, actor, reason)
    with warehouse.opened(settings, with_vault=True) as con:
        if number is not None:
            tokens = _number_tokens(settings, con, number)
            found = models.select(con, "identities/find_by_token", {"tokens": tokens})
        else:
            found = models.select(con, "identities/find_by_address", {"address": address})
        rows = [dict(zip(("caller_id", "identity_kind", "calls"), row, strict=True)) for row in found.fetchall()]
    _record(settings, "find", actor, reason, now, [row["caller_id"] for row in rows])
    return rows


def _number_tokens(settings: Settings, con: Any, number: str) -> list[str]:
    """Tokens of the number as dialled in any region a source declares."""
    regions = {sources.load_layout(settings, name).region for name in sources.source_names(settings)} or {"GB"}
    parsed = {numbers.parse(number.strip(), region).e164 for region in sorted(regions)} - {None}
    if not parsed:
        raise UsageError("that is no usable telephone number", next_step="write it as dialled, or as +44…")
    return [
        str(con.execute("select token_of('number', $e164)::varchar", {"e164": e164}).fetchone()[0])
        for e164 in sorted(value for value in parsed if value)
    ]


def identify(settings: Settings, caller: str, *, reason: str, actor: str, now: datetime) -> dict[str, Any]:
    """What the vault holds of a caller: numbers, premises, subscriber names and addresses, person names.

    Errors: Refused without a permitted role, UsageError without a reason or for an unknown caller.
    """
    _permit(settings, actor, reason)
    from misuse import explain

    with warehouse.opened(settings, with_vault=True) as con:
        caller_id = explain.resolve_caller(con, caller)
        _record(settings, "identify", actor, reason, now, [caller_id])
        row = models.scalar(con, "identities/identify", {"caller_id": caller_id})
    names = ("numbers", "premises", "subscriber_names", "subscriber_addresses", "person_names")
    return {"caller_id": caller_id} | {name: sorted(value or []) for name, value in zip(names, row, strict=True)}


def _permit(settings: Settings, actor: str, reason: str) -> None:
    if not reason.strip():
        raise UsageError("a look at an identity needs a reason", next_step='add --reason "…"')
    with casebook.opened(settings) as book:
        book.permitted("see_identity", actor)


def _record(settings: Settings, way: str, actor: str, reason: str, now: datetime, callers: list[str]) -> None:
    with casebook.opened(settings) as book:
        book.record(
            "identity_read",
            actor=actor,
            occurred_at=now,
            caller_id=callers[0] if len(callers) == 1 else None,
            payload={"way": way, "reason": reason, "callers": callers},
        )
