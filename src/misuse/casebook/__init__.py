"""The casebook: an append-only, hash-chained record of who decided, saw or stopped what, and why.

Nothing is ever changed or deleted: users, stops, links, shared lines, cases and the last cycle are read off the events.
The reasons people give live only here. Every time is an argument. Only this package imports SQLAlchemy.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import review
from misuse.casebook import chain, coding, disposing, keeping, moving, opening, payloads, spells, state
from misuse.casebook.casefile import Casefile, casefile, casefiles
from misuse.casebook.chain import Anchor
from misuse.casebook.events import GENESIS, Actor, Broken, Draft, Event, last_event, read, stamp
from misuse.casebook.kinds import KINDS, OWN_METHOD, PERMISSION_OF_KIND
from misuse.casebook.recording import FIRST_USER, PIPELINE, Pen, role_of
from misuse.casebook.recording import actor as acting
from misuse.casebook.spells import LinkDecision, SafeguardCheck, SharedLine
from misuse.casebook.state import LiveStop
from misuse.casebook.tables import tables as rows_of_tables
from misuse.errors import LockHeld, Refused, StoreError, UsageError
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
]


def casebook_path(settings: Settings) -> Path:
    """Where the casebook lies."""
    return settings.home / "casebook.sqlite"


def opened(settings: Settings) -> Casebook:
    """The casebook of a data home, made on first use; a context manager."""
    return Casebook.open(casebook_path(settings), key=settings.casebook_key)


class Casebook:
    """The open casebook. Open it anew for each command; every call is a transaction of its own."""

    def __init__(self, engine: sa.Engine, path: Path, key: str = "") -> None:
        self._engine = engine
        self._path = path
        self._given_key = key

    @classmethod
    def open(cls, path: Path, *, key: str = "", schema_root: Path = SQL_ROOT / "schema") -> Casebook:
        """Open the casebook, making it on first use and bringing an older one forward, copy first.

        `key` is the casebook's key where the environment gives it; else it lies in keys/casebook.key beside the file, made
        with the first event. Reading takes no key. Errors: StoreError for a damaged file or one written by a newer program.
        """
        import sqlalchemy as sa

        opening.prepare(path, schema_root, key)
        engine = sa.create_engine(
            "sqlite://", creator=lambda: opening.connect(path), poolclass=sa.pool.NullPool, hide_parameters=True
        )

        @sa.event.listens_for(engine, "begin")
        def begin(con: sa.Connection) -> None:
            writing = con.get_execution_options().get("writing", False)
            con.exec_driver_sql("begin immediate" if writing else "begin")

        return cls(engine, path, key)

    def __enter__(self) -> Casebook:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

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
        for the same run it changes nothing. An acknowledged look may carry `urgent_stops_seen`: how many urgent stops
        the look list showed of the caller. What is of a caller is kept with the caller's spells, given or known here;
        a stop is lifted from those, by `rule_id` a rule's.
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
        links than the casebook does. `seen_as` are the spells of the caller as whom the case was looked at: from
        then on it is of these. Stops are read again here, as the move commits.
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

    def set_user(self, name: str, role: str, *, actor: str, occurred_at: datetime, is_new: bool | None = None) -> Event:
        """Add a user or give another role; role `none` takes the user off the list. The first is an administrator.

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
            return pen.add(kind, who, occurred_at, {"user": name, "role": role})

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

    # Who may

    def users(self) -> list[dict[str, str]]:
        """Name and role of each operating-system user on the list, by name."""
        with self._connection() as con:
            return [{"name": name, "role": role} for name, role in sorted(state.users(con).items())]

    def role_of(self, user: str) -> str | None:
        """The user's role, or None. Where no users were ever named, everybody local is an analyst."""
        with self._connection() as con:
            return role_of(state.users(con), user)

    def permitted(self, action: str, user: str) -> Actor:
        """The user as an actor, if `review.PERMISSIONS` lets the user's role do `action`.

        Errors: Refused with the command that would give the role.
        """
        with self._connection() as con:
            return acting(con, user, action)

    # Reading

    def entries(self, *kinds: str, caller_id: str | None = None, case_ref: str | None = None) -> list[Event]:
        """Events in order: all, or of some kinds, of one caller, of one case."""
        with self._connection() as con:
            return read(con, *kinds, caller_id=caller_id, case_ref=case_ref)

    def events(self, reader: str = "") -> list[dict[str, Any]]:
        """Every event for export, its payload opened beside the text that the digest covers.

        A coder of a sample is not told the other's verdicts before both have finished.
        """
        with self._connection() as con:
            found, certificates = read(con, with_put_away=True), disposing.certificates(con)
        return [
            asdict(event)
            | {"data": data, "put_away_by": certificates.get(event.event_id)}
            | ({"payload": coding.WITHHELD} if data != event.data else {})
            for event, data in zip(found, coding.blinded(found, reader), strict=True)
        ]

    def count(self) -> int:
        """How many events there are."""
        with self._connection() as con:
            last = last_event(con)
        return last.event_id if last else 0

    def head(self) -> str:
        """The digest of the last event: it stands for the whole casebook."""
        with self._connection() as con:
            last = last_event(con)
        return last.digest if last else GENESIS

    def decision_head(self, *, without_run: str = "") -> str:
        """The digest of the last event that a run's result depends on; reads leave it where it is.

        What a run itself recorded (stops published, cases halted) is such an event, but not for that run: `without_run`
        leaves its own out.
        """
        with self._connection() as con:
            decisions = [
                event
                for event in read(con, *state.DECISIONS)
                if event.run_id != without_run
                or event.actor != PIPELINE
                or event.kind in ("list_frozen", "case_opened")
            ]
        return decisions[-1].digest if decisions else GENESIS

    def verify(self, head: str | None = None) -> Broken | None:
        """The first event that was changed, is missing, out of order or was cut off; None if the chain holds.

        `head` is one noted earlier, on a run or on minutes: a chain that lacks it was cut off.
        """
        return next(iter(self.faults([head] if head else [])), None)

    def faults(self, heads: Sequence[str] = ()) -> list[Broken]:
        """Every event at which the chain does not hold, also against the heads noted outside it.

        Errors: StoreError for a missing or another key.
        """
        with self._connection() as con:
            if last_event(con) is None and not heads and not self.anchors():
                return []
            key = self._key(con)
            chain.check_key(con, key)
            return chain.faults(con, key, chain.anchors(self._path, key), heads)

    def anchors(self) -> list[Anchor]:
        """The heads noted outside the chain, in order; the last is that of the newest record."""
        return chain.anchors(self._path)

    def anchor(self, why: str, at: datetime, run_id: str | None = None) -> str:
        """Note the head outside the chain, on a run or a paper that prints it; the head."""
        with self._connection() as con:
            last = last_event(con)
        if last is not None:
            chain.note_anchor(self._path, Anchor(last.event_id, last.digest, stamp(at), why, run_id))
        return last.digest if last else GENESIS

    def live_stops(self) -> list[LiveStop]:
        """The stops that people entered and that stand, with the spells on which they do."""
        with self._connection() as con:
            return state.live_stops(con)

    def link_decisions(self) -> list[LinkDecision]:
        """What people decided on links and what still holds, in the order in which it was decided."""
        with self._connection() as con:
            return spells.link_decisions(con)

    def shared_lines(self) -> dict[str, SharedLine]:
        """The register of shared lines by token."""
        with self._connection() as con:
            return spells.shared_lines(con)

    def safeguard_checks(self) -> dict[str, SafeguardCheck]:
        """The newest check of each safeguard that somebody made by other means."""
        with self._connection() as con:
            return spells.safeguard_checks(con)

    def carried_stops(self) -> list[tuple[tuple[str, ...], str]]:
        """Stops kept over a change of model and not lifted since: spells and rule."""
        with self._connection() as con:
            return spells.carried_stops(con)

    def spells_of(self, caller_id: str) -> list[str]:
        """The spells of a caller by any id it was ever published under."""
        with self._connection() as con:
            return spells.spells_of(con, caller_id)

    def model_decision(self, model_digest: str) -> Mapping[str, Any] | None:
        """Whether a model was last accepted or rejected (`kind`), and when (`at`); None where nobody decided."""
        with self._connection() as con:
            return spells.model_decision(con, model_digest)

    def cases(self) -> dict[str, dict[str, Any]]:
        """Each case as its events leave it, by reference."""
        with self._connection() as con:
            return state.cases(con)

    def casefile(self, case_ref: str) -> Casefile:
        """What a case's own events amount to since it last moved."""
        with self._connection() as con:
            return casefile(con, case_ref)

    def casefiles(self) -> dict[str, Casefile]:
        """Every case's, by reference."""
        with self._connection() as con:
            return casefiles(con)

    def evidence(self, event_id: int) -> tuple[Event, str]:
        """A decision and the evidence frozen with it, decrypted.

        Errors: InputError where none was frozen or it was put away; StoreError for another key.
        """
        with self._connection() as con:
            return disposing.evidence(con, self._key(con), event_id)

    def tables(self, as_of: date | None = None) -> dict[str, list[tuple[Any, ...]]]:
        """Rows of the tables that a run reads, each in the column order of its file under sql/rules/.

        last_cycle is the newest list frozen for a day before `as_of`, so that freezing a day's list does not
        change that day's list; without `as_of`, the newest of all.
        """
        with self._connection() as con:
            return rows_of_tables(con, as_of)

    def _key(self, con: sa.Connection) -> str:
        """The key of the chain, made with the first event."""
        return keeping.held(self._path, self._given_key, is_used=last_event(con) is not None)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Pen]:
        """One transaction that shuts other writers out; the newest head is noted outside once it stands."""
        with self._connection(writing=True) as con:
            pen = Pen(con, self._key(con))
            chain.keep_lost_head(con, self._path, pen.key)
            yield pen
        if pen.last is not None:
            chain.note_head(self._path, pen.key, pen.last)

    @contextlib.contextmanager
    def _connection(self, *, writing: bool = False) -> Iterator[sa.Connection]:
        """One transaction; a writing one shuts other writers out from its start."""
        import sqlalchemy as sa

        try:
            with self._engine.execution_options(writing=writing).begin() as con:
                yield con
        except sa.exc.DBAPIError as error:
            if "locked" in str(error.orig):
                raise LockHeld("somebody else is writing to the casebook", next_step="try again") from None
            raise StoreError(
                f"the casebook cannot be used: {error.orig}", next_step="misuse audit verify; else restore a backup"
            ) from None


def _check_user(name: str, role: str) -> None:
    roles = [known for known in review.ROLES if known != PIPELINE]
    if role not in (*roles, state.NO_ROLE) or not name.strip() or name == PIPELINE:
        raise UsageError(
            "a user needs a name and a known role",
            next_step=f"the roles are: {', '.join(roles)}; and {state.NO_ROLE}, to take a user off the list",
        )
