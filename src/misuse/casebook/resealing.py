"""A casebook of version 1, whose chain was a plain hash over everything, chained anew with the key."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Mapping
from typing import Any

from misuse.casebook import keeping
from misuse.casebook.events import CONTENT, ENVELOPE, GENESIS, Event, canonical, chained
from misuse.errors import StoreError

_EARLIER = (
    "event_id", "occurred_at", "actor", "actor_role", "kind", "caller_id", "case_ref", "run_id", "payload",
    "previous_digest", "digest",
)  # fmt: skip
_READ = "select * from events_before order by event_id"
_TABLE = "select 1 from sqlite_master where name = 'events_before'"
_DROP = "drop table events_before"
_KEY = "insert into chain_key (fingerprint) values (?)"
_EVENT = "insert into events values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_CONTENT = "insert into contents values (?, ?, ?, ?, ?, ?, ?)"


def count(con: sqlite3.Connection) -> int:
    """Events of version 1 that wait to be chained anew."""
    if not con.execute(_TABLE).fetchone():
        return 0
    return len(con.execute(_READ).fetchall())


def reseal(con: sqlite3.Connection, key: str) -> None:
    """Put every earlier event into the new tables, and one that says so behind them. In the transaction that is open.

    Errors: StoreError where the earlier chain does not hold: what is broken is not sealed over.
    """
    previous, earlier, number = GENESIS, GENESIS, 0
    with contextlib.closing(con.execute(_READ)) as found:
        rows = [dict(zip(_EARLIER, row, strict=True)) for row in found]
    for row in rows:
        _check(row, earlier, number + 1)
        number, earlier = row["event_id"], row["digest"]
        plain = {**row, "previous_digest": previous, "digest": "", "earlier_mac": keeping.mac(key, earlier)}
        previous = _write(con, chained(Event(**plain), key))
    if rows:
        con.execute(_KEY, (keeping.fingerprint(key),))
        told = Event(
            number + 1, rows[-1]["occurred_at"], "pipeline", "pipeline", "casebook_resealed", None, None, None,
            canonical({"earlier_head": earlier, "events": number}), previous, "",
        )  # fmt: skip
        _write(con, chained(told, key))
    con.execute(_DROP)


def _check(row: Mapping[str, Any], previous: str, expected: int) -> None:
    content = {name: value for name, value in row.items() if name != "digest"}
    holds = row["event_id"] == expected and row["previous_digest"] == previous
    if not holds or row["digest"] != hashlib.sha256(canonical(content).encode()).hexdigest():
        raise StoreError(
            f"the casebook's record is broken at event {expected}, so it is not brought forward",
            next_step="keep the file as it is, tell the auditor, and restore a backup",
        )


def _write(con: sqlite3.Connection, event: Event) -> str:
    con.execute(_EVENT, [getattr(event, name) for name in (*ENVELOPE, "digest")])
    con.execute(_CONTENT, [getattr(event, name) for name in ("event_id", "salt", *CONTENT)])
    return event.digest
