"""Putting away what events say, with a certificate that names them and keeps no more than bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse.casebook import keeping, state
from misuse.casebook.events import Actor, Event, read, tables
from misuse.casebook.holders import Holders, taken
from misuse.casebook.recording import Pen, bound_to
from misuse.errors import InputError, Refused

if TYPE_CHECKING:
    import sqlalchemy as sa

# Who may do what, certificates, and what the chain rests on are never put away.
KEPT = frozenset({"user_added", "user_changed", "casebook_resealed", "disposed", "run_published", "holders_published"})


def dispose(
    pen: Pen, who: Actor, at: datetime, event_ids: Sequence[int], reason: str, leaves: Mapping[str, Any]
) -> Event:
    """Record the certificate, then delete contents and extracts; see `Casebook.dispose`."""
    _, contents, extracts, disposals = tables()
    held = {event.event_id: event for event in read(pen.con)}
    if not event_ids or not set(event_ids) <= held.keys():
        raise InputError("no such event, or what it said was put away before", next_step="misuse audit export")
    if any(held[event_id].kind in KEPT for event_id in event_ids):
        raise Refused("certificates, runs and who may do what are never put away", next_step="name other events")
    holders = taken(pen.con)  # before the certificate, by which those who go are nobody any more
    payload = {"events": list(event_ids), "reason": reason, "leaves": dict(leaves)}
    certificate = pen.add("disposed", who, at, payload)
    pen.con.execute(
        disposals.insert(), [{"event_id": number, "certificate_id": certificate.event_id} for number in event_ids]
    )
    for table in (contents, extracts):
        pen.con.execute(table.delete().where(table.c.event_id.in_(event_ids)))
    gone = set(leaves.get("spells") or ())
    for frozen in (held[number] for number in event_ids if gone and held[number].kind == "list_frozen"):
        _freeze_without(pen, who, frozen, gone, holders)
    return certificate


def _freeze_without(pen: Pen, who: Actor, frozen: Event, gone: set[str], holders: Holders) -> None:
    """The list again, less whoever was put away: others were decided on by it. Its digest stays that of the list as made."""
    data = frozen.data
    left = [row for row in data["eligible"] if not gone.intersection(holders.all_of(frozen, state.row_spells(row)))]
    out = {row["caller_id"] for row in data["eligible"]} - {row["caller_id"] for row in left}
    again = {
        **data,
        "eligible": left,
        "stopped": [caller for caller in data.get("stopped") or () if caller not in out],
        "redacts": state.place_of(frozen),
        "frozen_by": data.get("frozen_by") or frozen.actor,
        "redacted": int(data.get("redacted") or 0) + len(out),
    }
    pen.add("list_frozen", who, frozen.at, again, run_id=frozen.run_id)


def certificates(con: sa.Connection) -> dict[int, int]:
    """The certificate's event by the event that was put away."""
    *_, disposals = tables()
    return {row.event_id: row.certificate_id for row in con.execute(disposals.select())}


def evidence(con: sa.Connection, key: str, event_id: int) -> tuple[Event, str]:
    """See `Casebook.evidence`."""
    _, _, extracts, _ = tables()
    row = con.execute(extracts.select().where(extracts.c.event_id == event_id)).first()
    found = [event for event in read(con, "case_moved") if event.event_id == event_id]
    if row is None or not found:
        raise InputError("no evidence was frozen with that event, or it was put away", next_step="misuse case CASE")
    return found[0], keeping.unseal(key, bytes(row.sealed), bound_to(found[0]))


def wipe(con: sa.Connection) -> None:
    """Have what was deleted gone from the write-ahead log too; deleted pages are overwritten as they are freed."""
    con.exec_driver_sql("commit")
    con.exec_driver_sql("pragma wal_checkpoint(truncate)")
    con.exec_driver_sql("begin")
