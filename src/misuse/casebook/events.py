"""Events of the casebook: how each is chained to the one before, reading and adding. Their kinds: misuse.casebook.kinds.

The chain is a MAC over the event's row, in which what the event says stands as a salted hash: contents can be put away,
with a certificate, and the chain still verifies.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from misuse import wording
from misuse.casebook import keeping
from misuse.casebook.kinds import KINDS
from misuse.errors import StoreError, UsageError

if TYPE_CHECKING:
    import sqlalchemy as sa

GENESIS = "0" * 64
NOTHING = "{}"  # what is left to read of contents that were put away

# What the MAC covers, in no particular order: the canonical text sorts them.
ENVELOPE = (
    "event_id", "occurred_at", "actor", "actor_role", "kind", "run_id", "in_force_run", "rules_version", "model_version",
    "content_hash", "earlier_mac", "previous_digest",
)  # fmt: skip
CONTENT = ("caller_id", "case_ref", "payload", "before", "after")


@dataclass(frozen=True)
class Actor:
    """Who does something: the user and the role it is mapped to."""

    name: str
    role: str


@dataclass(frozen=True)
class Event:
    """One recorded event. `digest` covers everything else, `content_hash` what it says and of whom.

    `in_force_run` is the run that was published when it was recorded, so the one that was looked at; `rules_version` and
    `model_version` are that run's.
    """

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
    before: str | None = None
    after: str | None = None
    in_force_run: str | None = None
    rules_version: str | None = None
    model_version: str | None = None
    salt: str = ""
    content_hash: str = ""
    earlier_mac: str | None = None

    @property
    def at(self) -> datetime:
        """When it happened, UTC without a zone."""
        return datetime.fromisoformat(self.occurred_at)

    @property
    def data(self) -> dict[str, Any]:
        """The payload."""
        document: dict[str, Any] = json.loads(self.payload)
        return document

    @property
    def is_put_away(self) -> bool:
        """Whether what it said is gone."""
        return not self.salt

    def reckoned_hash(self) -> str:
        """What `content_hash` must be."""
        return keeping.salted(self.salt, canonical({name: getattr(self, name) for name in CONTENT}))

    def reckoned_digest(self, key: str) -> str:
        """What `digest` must be."""
        return keeping.mac(key, canonical({name: getattr(self, name) for name in ENVELOPE}))


@dataclass(frozen=True)
class Broken:
    """An event at which the chain does not hold."""

    event_id: int
    why: str

    def __str__(self) -> str:
        return f"{self.event_id} ({self.why})"


@dataclass(frozen=True)
class Draft:
    """An event about to be recorded."""

    actor: Actor
    at: datetime
    payload: Mapping[str, Any]
    caller_id: str | None = None
    case_ref: str | None = None
    run_id: str | None = None


def canonical(document: Any) -> str:
    """The one way of writing a document down, so that its digest can be reckoned again."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)


def stamp(at: datetime) -> str:
    """A time as events keep it: UTC without a zone, to the microsecond."""
    utc = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    return utc.isoformat(timespec="microseconds")


@cache
def tables() -> tuple[sa.Table, sa.Table, sa.Table, sa.Table]:
    """Tables events, contents, extracts, disposals."""
    import sqlalchemy as sa

    def table(name: str, *columns: str) -> sa.Table:
        texts = [sa.Column(column, sa.Text()) for column in columns]
        return sa.Table(name, sa.MetaData(), sa.Column("event_id", sa.Integer(), primary_key=True), *texts)

    disposals = sa.Table(
        "disposals", sa.MetaData(), sa.Column("event_id", sa.Integer(), primary_key=True),
        sa.Column("certificate_id", sa.Integer()),
    )  # fmt: skip
    extracts = sa.Table(
        "extracts", sa.MetaData(), sa.Column("event_id", sa.Integer(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary()),
    )  # fmt: skip
    return table("events", *ENVELOPE[1:], "digest"), table("contents", "salt", *CONTENT), extracts, disposals


def read(
    con: sa.Connection,
    *kinds: str,
    caller_id: str | None = None,
    case_ref: str | None = None,
    with_put_away: bool = False,
    since: datetime | None = None,
    actor: str | None = None,
    before: int | None = None,
    newest: int | None = None,
) -> list[Event]:
    """Events in order: all, or of some kinds, of one caller, of one case, since a time, by one actor, before a number.

    `newest` leaves out all but so many at the end. Those whose contents were put away say nothing any more; they come only when asked for.
    """
    events, contents, *_ = tables()
    joined = events.join(contents, events.c.event_id == contents.c.event_id, isouter=with_put_away)
    query = joined.select().order_by(events.c.event_id)
    if kinds:
        query = query.where(events.c.kind.in_(kinds))
    if caller_id is not None:
        query = query.where(contents.c.caller_id == caller_id)
    if case_ref is not None:
        query = query.where(contents.c.case_ref == case_ref)
    if since is not None:
        query = query.where(events.c.occurred_at >= stamp(since))
    if actor is not None:
        query = query.where(events.c.actor == actor)
    if before is not None:
        query = query.where(events.c.event_id < before)
    if newest is not None:
        query = query.order_by(None).order_by(events.c.event_id.desc()).limit(newest)
        return [_event(row) for row in con.execute(query)][::-1]
    return [_event(row) for row in con.execute(query)]


def _event(row: sa.Row[Any]) -> Event:
    found = dict(zip(_COLUMNS, row, strict=True))
    found["payload"] = NOTHING if found["payload"] is None else found["payload"]
    found["salt"] = found["salt"] or ""
    found.pop("content_of")
    return Event(**found)


_COLUMNS = (*("event_id", *ENVELOPE[1:], "digest"), *("content_of", "salt", *CONTENT))


def last_event(con: sa.Connection, *kinds: str, run_id: str | None = None) -> Event | None:
    """The event the next one follows; or the last of some kinds, of a run."""
    events, contents, *_ = tables()
    joined = events.join(contents, events.c.event_id == contents.c.event_id, isouter=True)
    query = joined.select().order_by(events.c.event_id.desc()).limit(1)
    query = query.where(events.c.kind.in_(kinds)) if kinds else query
    row = con.execute(query if run_id is None else query.where(events.c.run_id == run_id)).first()
    return _event(row) if row else None


def digest_of_newest(con: sa.Connection, kinds: Sequence[str]) -> str:
    """The digest of the newest event of some kinds, without reading what it says; empty where there is none."""
    events, *_ = tables()
    query = events.select().with_only_columns(events.c.digest).where(events.c.kind.in_(kinds))
    row = con.execute(query.order_by(events.c.event_id.desc()).limit(1)).first()
    return str(row[0]) if row else ""


def make(con: sa.Connection, kind: str, draft: Draft, published: str | None = None) -> Event:
    """The event that would come next, unchained: number, the run in force and its versions, no salt and no digest.

    `published` names the run in force where there is a copy of it: the newest `run_published` may still be of an earlier
    one, for it is recorded only once the reports are written.

    Errors: UsageError for a payload that lacks what its kind needs.
    """
    for need in KINDS[kind]:
        if draft.payload.get(need) is None or wording.is_blank(draft.payload[need]):
            raise UsageError(f"{kind.replace('_', ' ')}: a {need} is needed", next_step=f"give it with --{need}")
    last, run = last_event(con), last_event(con, "run_published")
    if published and (run is None or run.run_id != published):
        run = last_event(con, "run_published", "holders_published", run_id=published)
    in_force = run.data if run else {}
    return Event(
        event_id=last.event_id + 1 if last else 1,
        occurred_at=stamp(draft.at),
        actor=draft.actor.name,
        actor_role=draft.actor.role,
        kind=kind,
        caller_id=draft.caller_id,
        case_ref=draft.case_ref,
        run_id=draft.run_id,
        payload=canonical(draft.payload),
        previous_digest=last.digest if last else GENESIS,
        digest="",
        in_force_run=published or (run.run_id if run else None),
        rules_version=in_force.get("rules_digest"),
        model_version=in_force.get("model_digest"),
    )


def chained(event: Event, key: str) -> Event:
    """The event with salt, hash and digest."""
    salted = replace(event, salt=keeping.drawn_salt())
    hashed = replace(salted, content_hash=salted.reckoned_hash())
    return replace(hashed, digest=hashed.reckoned_digest(key))


def write(con: sa.Connection, event: Event) -> None:
    """Put a chained event behind the last. The transaction must have shut other writers out."""
    events, contents, *_ = tables()
    row = asdict(event)
    con.execute(events.insert().values({name: row[name] for name in (*ENVELOPE, "digest")}))
    con.execute(contents.insert().values({name: row[name] for name in ("event_id", "salt", *CONTENT)}))


def check_key(con: sa.Connection, key: str) -> None:
    """Note which key the chain is made with, at its first event.

    Errors: StoreError where it was made with another.
    """
    import sqlalchemy as sa

    known = con.execute(sa.text(_FINGERPRINT)).scalar()
    own = keeping.fingerprint(key)
    if known is None:
        con.execute(sa.text(_NOTE_FINGERPRINT), {"fingerprint": own})
    elif known != own:
        raise StoreError(
            "the casebook was recorded with another key than the one given",
            next_step="restore keys/casebook.key from escrow; it is never replaced",
        )


_FINGERPRINT = "select fingerprint from chain_key"
_NOTE_FINGERPRINT = "insert into chain_key (fingerprint) values (:fingerprint)"
