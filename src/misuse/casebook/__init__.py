"""The casebook: an append-only, hash-chained record of who decided, saw or stopped what, and why.

Nothing is ever changed or deleted: users, stops, links, shared lines, cases and the last cycle are read off the events.
The reasons people give live only here. Every time is an argument. Only this package imports SQLAlchemy.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import review
from misuse.casebook import chain, disposing, keeping, moving, opening, passwords, payloads, publishing, state
from misuse.casebook import holders as spells_held
from misuse.casebook.chain import Anchor
from misuse.casebook.events import GENESIS, Actor, Broken, Draft, Event, last_event
from misuse.casebook.holders import Holding
from misuse.casebook.kinds import KINDS, OWN_METHOD, PERMISSION_OF_KIND
from misuse.casebook.reading import Reading
from misuse.casebook.recording import FIRST_USER, PIPELINE, Pen
from misuse.casebook.recording import actor as acting
from misuse.casebook.spells import LinkDecision, SafeguardCheck, SharedLine
from misuse.casebook.state import LiveStop
from misuse.errors import InputError, Refused, ResourceError, StoreError, UsageError
from misuse.settings import SQL_ROOT, Settings

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = [
    "GENESIS",
    "KINDS",
    "PIPELINE",
    "Actor",
    "Anchor",
    "Broken",
    "Casebook",
    "Event",
    "LinkDecision",
    "LiveStop",
    "SafeguardCheck",
    "SharedLine",
    "casebook_path",
    "opened",
    "opened_to_read",
]


def casebook_path(settings: Settings) -> Path:
    """Where the casebook lies."""
    return settings.home / "casebook.sqlite"


def opened(settings: Settings) -> Casebook:
    """The casebook of a data home, made on first use; a context manager."""
    return Casebook.open(casebook_path(settings), key=settings.casebook_key, published=settings.current_path)


def opened_to_read(settings: Settings) -> Casebook:
    """As `opened`; where nothing can be written beside it, the casebook as it lies, and `only_read` says why."""
    return Casebook.open(
        casebook_path(settings), key=settings.casebook_key, published=settings.current_path, to_read=True
    )


class Casebook(Reading):
    """The open casebook. Open it anew for each command; every call is a transaction of its own."""

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        key: str = "",
        schema_root: Path = SQL_ROOT / "schema",
        published: Path | None = None,
        to_read: bool = False,
    ) -> Casebook:
        """Open the casebook, making it on first use and bringing an older one forward, copy first.

        `key` is the casebook's key where the environment gives it; else it lies in keys/casebook.key beside the file, made
        with the first event. Reading takes no key. `published` is the link to the published copy, if there is one: events
        are of the run it then shows. Whoever comes `to_read` reads a copy in memory where the disk takes no writing.
        Errors: StoreError for a damaged file or one written by a newer program.
        """
        import sqlalchemy as sa

        try:
            opening.prepare(path, schema_root, key)
        except (StoreError, ResourceError) as error:
            lying = opening.as_it_lies(path, schema_root) if to_read else None
            if lying is None:
                raise
            memory = sa.create_engine("sqlite://", creator=lambda: lying, poolclass=sa.pool.StaticPool)
            return cls(memory, path, key, published, only_read=error.message)
        engine = sa.create_engine(
            "sqlite://",
            creator=lambda: opening.connect(path),
            poolclass=sa.pool.QueuePool,
            pool_size=8,
            max_overflow=-1,
            hide_parameters=True,
        )

        @sa.event.listens_for(engine, "connect")
        def remember(_: object, record: sa.pool.ConnectionPoolEntry) -> None:
            record.info["file"] = opening.file_of(path)

        @sa.event.listens_for(engine, "checkout")
        def check(_: object, record: sa.pool.ConnectionPoolEntry, __: object) -> None:
            if record.info.get("file") != opening.file_of(path):  # restored or put back under a running room
                raise sa.exc.DisconnectionError

        @sa.event.listens_for(engine, "begin")
        def begin(con: sa.Connection) -> None:
            writing = con.get_execution_options().get("writing", False)
            con.exec_driver_sql("begin immediate" if writing else "begin")

        return cls(engine, path, key, published)

    def __enter__(self) -> Casebook:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    def copy_to(self, target: Path) -> tuple[int, str]:
        """Copy the casebook as of one moment into a new file; how many events the copy holds, and its head."""
        opening.copy_to(self._path, target)
        with Casebook.open(target, key=self._given_key) as copy:
            return copy.count(), copy.head()

    # Recording

    def record(
        self,
        kind: str,
        *,
        actor: str,
        occurred_at: datetime,
        payload: Mapping[str, Any] | None = None,
        caller_id: str | None = None,
        case_ref: str | None = None,
        run_id: str | None = None,
    ) -> Event:
        """Record one event, if the actor's role permits it; for a read of an identity, before it is shown.

        A list frozen opens the cases of its parts 1 to 3, whoever a stop bars at this moment left out; frozen again
        for the same run it changes nothing. An acknowledged look may carry `urgent_stops_seen` and `stops_seen`:
        how many urgent stops the look list showed of the caller, and the ids of all. What is of a caller is kept with
        the caller's spells, given or known here; a stop is lifted from those, by `rule_id` a rule's.
        Errors: Refused for whoever may not; UsageError for a payload that lacks what its kind needs or says nothing
        sensible; InputError for lifting, undoing or removing what does not stand.
        """
        if kind in OWN_METHOD:
            raise ValueError(f"{kind} has a method of its own")
        with self._writing() as pen:
            who = acting(pen.con, actor, PERMISSION_OF_KIND.get(kind))
            if kind == "list_frozen":
                return moving.freeze(pen, who, occurred_at, payload or {}, run_id)
            whole = payloads.completed(
                pen.con, kind, Draft(who, occurred_at, payload or {}, caller_id, case_ref, run_id)
            )
            event = pen.add(kind, who, occurred_at, whole, caller_id, case_ref, run_id)
            if kind == "stop_entered":
                moving.halt_stopped(pen, who, occurred_at, event)
            return event

    def admit(self, action: str, actor: str, *, occurred_at: datetime, what: str = "") -> Actor:
        """As `permitted`, and a refusal is recorded. Errors: Refused with the roles that may."""
        try:
            return self.permitted(action, actor)
        except Refused as refused:
            payload = {"what": what or action, "why": refused.message}
            self.record("access_refused", actor=actor, occurred_at=occurred_at, payload=payload)
            raise

    def move_case(
        self,
        case_ref: str,
        move: str,
        given: Mapping[str, Any],
        *,
        actor: str,
        occurred_at: datetime,
        run_id: str,
        **known: Any,
    ) -> Event:
        """Make a move that `review.MOVES` allows, on the case as it stands at this moment.

        `known` are the further fields of `moving.Wanted`. `bars` are the caller's `enforcement_bars` of the published
        tasking list, and 'hard_stop' where a stop reaches the caller through others: what is published knows more of
        links than the casebook does. `seen_as` are the spells of the caller as whom the case was looked at: reviewed
        or reconciled, it is of these from then on. Stops are read again here, as the move commits.
        Errors: InputError for an unknown case; Refused for a move that may not be made.
        """
        with self._writing() as pen:
            wanted = moving.Wanted(case_ref, move, given, run_id, **known)
            return moving.move(pen, acting(pen.con, actor), occurred_at, wanted)

    def halt(
        self, references: Sequence[str], *, reason: str, actor: str, occurred_at: datetime, run_id: str | None = None
    ) -> list[str]:
        """Halt cases that a stop reaches through others, whoever knows of it; which of them were halted."""
        with self._writing() as pen:
            who = acting(pen.con, actor, None if actor == PIPELINE else "stop")
            moves = moving.halt(pen, who, occurred_at, references, reason, run_id)
        return [str(event.case_ref) for event in moves]

    def expire(self, occurred_at: datetime) -> list[str]:
        """End the suppressions whose last day is past; of which cases."""
        with self._writing() as pen:
            return [str(event.case_ref) for event in moving.expire(pen, occurred_at)]

    def set_user(
        self,
        name: str,
        role: str,
        *,
        actor: str,
        occurred_at: datetime,
        is_new: bool | None = None,
        borough: str | None = None,
    ) -> Event:
        """Add a user or give another role; role `none` takes the user off the list. The first is an administrator.

        Whoever has the role borough is of one: `borough`.

        Errors: UsageError for an unknown role, for adding whom the list has or changing whom it lacks; Refused
        for whoever may not, and for the last administrator's leaving.
        """
        _check_user(name, role)
        with self._writing() as pen:
            users = state.users(pen.con)
            if is_new is not None and is_new == (name in users):
                has = "is on the list already" if is_new else "is not on the list"
                raise UsageError(
                    f"{name} {has}", next_step=f"misuse users {'change' if is_new else 'add'} NAME --role ROLE"
                )
            if not users and role != "administrator":
                raise Refused("the first user must be an administrator", next_step=FIRST_USER)
            who = acting(pen.con, actor, "change_users" if users else None)
            remaining = {**users, name: role}.values()
            if "administrator" not in remaining:
                raise Refused("the last administrator stays one", next_step="name another administrator first")
            kind = "user_changed" if name in users else "user_added"
            return pen.add(
                kind, who, occurred_at, {"user": name, "role": role} | ({"borough": borough} if borough else {})
            )

    def dispose(
        self,
        event_ids: Sequence[int],
        *,
        reason: str,
        actor: str,
        occurred_at: datetime,
        leaves: Mapping[str, Any] | None = None,
    ) -> Event:
        """Put away what events say, and the evidence frozen with them; the certificate, which names them.

        The chain still verifies. `leaves` is what the certificate keeps: bounds of spells, never what was said.
        Errors: Refused for whoever may not and for what everything else rests on; InputError for no such event.
        """
        with self._writing() as pen:
            who = acting(pen.con, actor, "dispose")
            certificate = disposing.dispose(pen, who, occurred_at, sorted(set(event_ids)), reason, leaves or {})
        with self._connection() as con:
            disposing.wipe(con)
        return certificate

    def publish_holders(
        self,
        holders: Iterable[Holding],
        hits: Iterable[tuple[str, str, str]],
        *,
        occurred_at: datetime,
        run_id: str,
        versions: Mapping[str, Any] | None = None,
    ) -> Event:
        """Keep who held the numbers that passed on, and by which hits rules stop whom, as a run is about to publish them.

        `holders`: the number's first spell, the spell, its first and last call (UTC, ISO 8601; none for the number's last
        spell). `hits`: caller, rule, hit. Events of before are read by them from then on. `versions` are the run's, as
        `run_published` tells them.
        """
        with self._writing() as pen:
            found = publishing.change(pen.con, holders, hits)
            payload = {**found.told, **(versions or {})}
            event = pen.add("holders_published", Actor(PIPELINE, PIPELINE), occurred_at, payload, run_id=run_id)
            publishing.keep(pen.con, event, found)
            return event

    def set_password(self, user: str, hashed: str, *, actor: str, occurred_at: datetime) -> Event:
        """Set a user's password by its argon2 hash: one's own, or anybody's for whoever may change users.

        Errors: Refused for whoever may not; InputError for one who is not on the list.
        """
        with self._writing() as pen:
            who = acting(pen.con, actor, None if user == actor else "change_users")
            if user not in state.users(pen.con):
                raise InputError(
                    "nobody of that name is on the list of users", next_step="misuse users add NAME --role ROLE"
                )
            return passwords.put(pen, who, occurred_at, user, hashed)

    def password_of(self, user: str) -> tuple[str, int] | None:
        """A user's hash and the number of the event that set it; None where none is set."""
        with self._connection() as con:
            return passwords.of(con, self._key(con), user)

    def seal(self, text: str, bound_to: str) -> str:
        """A text encrypted with the casebook's key, as an event may keep it; `unseal` opens it as just that."""
        with self._connection() as con:
            return keeping.seal(self._key(con), text, bound_to).hex()

    def unseal(self, sealed: str, bound_to: str) -> str:
        """What `seal` sealed. Errors: StoreError for another key, or a text that was changed."""
        with self._connection() as con:
            return keeping.unseal(self._key(con), bytes.fromhex(sealed), bound_to)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Pen]:
        """One transaction that shuts other writers out; the newest head is noted outside once it stands."""
        with self._connection(writing=True) as con:
            stops = functools.partial(self._remembered, con, "live_stops", state.live_stops)
            pen = Pen(con, self._key(con), con.info.get(spells_held.SHOWN), stops)
            # Or a head noted with the right key would be kept as one that was tampered with.
            chain.check_key(con, pen.key)
            chain.keep_lost_head(con, self._path, pen.key)
            yield pen
        if pen.last is not None:
            self._note_head(pen.key, pen.last)

    def _note_head(self, key: str, last: Event) -> None:
        """Note the newest event of whoever wrote: others may have, and noted theirs, between our transaction and this."""
        with chain.alone_with_head(self._path):
            with self._connection() as con:
                newest = last_event(con)
            chain.note_head(self._path, key, newest if newest and newest.event_id > last.event_id else last)


def _check_user(name: str, role: str) -> None:
    roles = [known for known in review.ROLES if known != PIPELINE]
    if role not in (*roles, state.NO_ROLE) or not name.strip() or name == PIPELINE:
        raise UsageError(
            "a user needs a name and a known role",
            next_step=f"the roles are: {', '.join(roles)}; and {state.NO_ROLE}, to take a user off the list",
        )
