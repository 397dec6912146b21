"""Events of the casebook: what may be recorded, how each is chained to the one before, reading and adding."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from misuse.errors import UsageError

if TYPE_CHECKING:
    import sqlalchemy as sa

GENESIS = "0" * 64

# What may be recorded, and what its payload must hold.
KINDS: Mapping[str, tuple[str, ...]] = {
    "user_added": ("user", "role"),
    "user_changed": ("user", "role"),
    "stop_entered": ("reason", "is_urgent"),
    "stop_lifted": ("reason",),
    "case_opened": ("to",),
    "case_moved": ("move", "from", "to", "reason"),
    "note_added": ("note",),
    "look_acknowledged": (),
    "list_frozen": ("as_of", "digest", "eligible"),
    "identity_read": ("way", "reason"),
    "vault_key_rotated": ("reason",),  # never the key
    "sql_run": ("statement",),
    "batch_withdrawn": ("batch_id", "reason"),
    "run_published": ("as_of",),
    "retention_done": (),
    "rule_overridden": ("rule_id", "reason"),
    # Who is calling. Stops, looks and cases carry `spells` too: number-holding spells outlive a caller's id.
    "link_decided": ("decision", "spells_a", "spells_b", "reason"),
    "link_undone": ("event_id", "reason"),
    "shared_line_registered": ("lines", "reason"),
    "shared_line_removed": ("token", "reason"),
    "safeguard_checked": ("rule_id", "reason", "until"),
    "identity_model_trained": ("model_digest", "status"),
    "identity_model_accepted": ("model_digest", "reason"),
    "identity_model_rejected": ("model_digest", "reason"),
    "callers_published": ("sets",),
    "stops_published": ("stops",),
    # Calls coded again by two people blind to each other: misuse.casebook.coding.
    "coding_sample_drawn": ("sample", "coders", "calls", "seed", "reason"),
    "calls_coded": ("sample", "verdicts"),
    "calls_settled": ("sample", "verdicts"),
    "coding_sample_withdrawn": ("sample", "reason"),
    "coding_model_trained": ("document",),
}


@dataclass(frozen=True)
class Actor:
    """Who does something: the operating-system user and the role it is mapped to."""

    name: str
    role: str


@dataclass(frozen=True)
class Event:
    """One recorded event. `digest` covers everything else."""

    event_id: int
    occurred_at: str
    actor: str
    actor_role: str
    kind: str
    caller_id: str | None
    case_ref: str | None
    run_id: str | None
    payload: str
    previous_digest: str
    digest: str

    @property
    def at(self) -> datetime:
        """When it happened, UTC without a zone."""
        return datetime.fromisoformat(self.occurred_at)

    @property
    def data(self) -> dict[str, Any]:
        """The payload."""
        document: dict[str, Any] = json.loads(self.payload)
        return document

    def reckoned_digest(self) -> str:
        """What `digest` must be."""
        content = {key: value for key, value in asdict(self).items() if key != "digest"}
        return hashlib.sha256(canonical(content).encode()).hexdigest()


@dataclass(frozen=True)
class Broken:
    """The first event at which the chain does not hold."""

    event_id: int
    why: str

    def __str__(self) -> str:
        return f"{self.event_id} ({self.why})"


def canonical(document: Any) -> str:
    """The one way of writing a document down, so that its digest can be reckoned again."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)


def _stamp(at: datetime) -> str:
    utc = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    return utc.isoformat(timespec="microseconds")


@cache
def _table() -> sa.Table:
    import sqlalchemy as sa

    names = [name for name in Event.__dataclass_fields__ if name != "event_id"]
    texts = [sa.Column(name, sa.Text()) for name in names]
    return sa.Table("events", sa.MetaData(), sa.Column("event_id", sa.Integer(), primary_key=True), *texts)


def read(con: sa.Connection, *kinds: str, caller_id: str | None = None, case_ref: str | None = None) -> list[Event]:
    """Events in order: all, or of some kinds, of one caller, of one case."""
    table = _table()
    query = table.select().order_by(table.c.event_id)
    if kinds:
        query = query.where(table.c.kind.in_(kinds))
    if caller_id is not None:
        query = query.where(table.c.caller_id == caller_id)
    if case_ref is not None:
        query = query.where(table.c.case_ref == case_ref)
    return [Event(**row._mapping) for row in con.execute(query)]


def last_event(con: sa.Connection) -> Event | None:
    """The event the next one follows."""
    table = _table()
    row = con.execute(table.select().order_by(table.c.event_id.desc()).limit(1)).first()
    return Event(**row._mapping) if row else None


def add(
    con: sa.Connection,
    kind: str,
    actor: Actor,
    at: datetime,
    payload: Mapping[str, Any],
    caller_id: str | None = None,
    case_ref: str | None = None,
    run_id: str | None = None,
) -> Event:
    """Add one event behind the last. The transaction must have shut other writers out.

    Errors: UsageError for a payload that lacks what its kind needs.
    """
    for need in KINDS[kind]:
        if payload.get(need) is None or not str(payload[need]).strip():
            raise UsageError(f"{kind.replace('_', ' ')}: a {need} is needed", next_step=f"give it with --{need}")
    last = last_event(con)
    number, previous = (last.event_id + 1, last.digest) if last else (1, GENESIS)
    text = canonical(payload)
    draft = Event(number, _stamp(at), actor.name, actor.role, kind, caller_id, case_ref, run_id, text, previous, "")
    event = Event(**{**asdict(draft), "digest": draft.reckoned_digest()})
    con.execute(_table().insert().values(**asdict(event)))
    return event
