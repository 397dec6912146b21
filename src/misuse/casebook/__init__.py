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
from misuse.casebook import coding, opening, payloads, spells, state
from misuse.casebook.events import GENESIS, KINDS, Actor, Broken, Event, add, last_event, read
from misuse.casebook.spells import LinkDecision, SafeguardCheck, SharedLine
from misuse.casebook.state import LiveStop
from misuse.casebook.tables import tables as rows_of_tables
from misuse.errors import InputError, LockHeld, Refused, StoreError, UsageError
from misuse.settings import SQL_ROOT, Settings

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = [
    "GENESIS",
    "KINDS",
    "PIPELINE",
    "Actor",
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

PIPELINE = "pipeline"
_FIRST_USER = "misuse users add NAME --role administrator"

# What the actor's role must permit before an event of the kind is recorded. Kinds left out tell of what has
# happened already: whoever does it asks `permitted` first, and the record is never refused.
_PERMISSION_OF_KIND: Mapping[str, str] = {
    "stop_entered": "stop",
    "stop_lifted": "lift_stop",
    "look_acknowledged": "acknowledge_look",
    "note_added": "note",
    "identity_read": "see_identity",
    "vault_key_rotated": "rotate_vault_key",
    "rule_overridden": "override_rule",
    "list_frozen": "freeze_list",
    "link_decided": "decide_link",
    "link_undone": "decide_link",
    "shared_line_registered": "register_shared_line",
    "shared_line_removed": "register_shared_line",
    "safeguard_checked": "record_safeguard_check",
    "identity_model_trained": "train_model",
    "identity_model_accepted": "accept_model",
    "identity_model_rejected": "accept_model",
    "callers_published": "publish_callers",
    "stops_published": "publish_callers",
    "coding_sample_drawn": "draw_coding_sample",
    "calls_coded": "code_calls",
    "calls_settled": "code_calls",
    "coding_sample_withdrawn": "draw_coding_sample",
    "coding_model_trained": "train_model",
}
# Recorded by methods of their own, which know the state they change.
_OWN_METHOD = frozenset({"user_added", "user_changed", "case_opened", "case_moved"})


def casebook_path(settings: Settings) -> Path:
    """Where the casebook lies."""
    return settings.home / "casebook.sqlite"


def opened(settings: Settings) -> Casebook:
    """The casebook of a data home, made on first use; a context manager."""
    return Casebook.open(casebook_path(settings))


class Casebook:
    """The open casebook. Open it anew for each command; every call is a transaction of its own."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, path: Path, *, schema_root: Path = SQL_ROOT / "schema") -> Casebook:
        """Open the casebook, making it on first use and bringing an older one forward, copy first.

        Errors: StoreError for a damaged file or one written by a newer program.
        """
        import sqlalchemy as sa

        opening.prepare(path, schema_root)
        engine = sa.create_engine(
            "sqlite://", creator=lambda: opening.connect(path), poolclass=sa.pool.NullPool, hide_parameters=True
        )

        @sa.event.listens_for(engine, "begin")
        def begin(con: sa.Connection) -> None:
            writing = con.get_execution_options().get("writing", False)
            con.exec_driver_sql("begin immediate" if writing else "begin")

        return cls(engine)

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
        if kind in _OWN_METHOD:
            raise ValueError(f"{kind} has a method of its own")
        with self._connection(writing=True) as con:
            who = _actor(con, actor, _PERMISSION_OF_KIND.get(kind))
            if kind == "list_frozen":
                return _freeze(con, who, occurred_at, payload or {}, run_id)
            whole = payloads.completed(con, kind, payloads.Draft(who, occurred_at, caller_id, payload or {}))
            return add(con, kind, who, occurred_at, whole, caller_id, case_ref, run_id)

    def move_case(
        self,
        case_ref: str,
        move: str,
        given: Mapping[str, Any],
        *,
        actor: str,
        occurred_at: datetime,
        run_id: str,
        bars: Sequence[str] = (),
        seen_as: Sequence[str] = (),
    ) -> Event:
        """Make a move that `review.MOVES` allows, on the case as it stands at this moment.

        `bars` are the caller's `enforcement_bars` of the published tasking list, and 'hard_stop' where a stop reaches
        the caller through others: what is published knows more of links than the casebook does. `seen_as` are
        the spells of the caller as whom the case was looked at: from then on it is of these.
        Errors: InputError for an unknown case; Refused for a move that may not be made.
        """
        with self._connection(writing=True) as con:
            who = _actor(con, actor)
            case = state.cases(con).get(case_ref)
            if case is None:
                raise InputError("no such case is open", next_step="cases open when a list is frozen for a meeting")
            legal = review.check(case["status"], move, who.role, given)
            stands = ("hard_stop",) if state.is_stopped(case["spells"], state.live_stops(con)) else ()
            review.check_bars(move, given, (*stands, *bars))
            payload = {**given, "move": move, "from": case["status"], "to": legal.to}
            if seen_as:
                payload["spells"] = sorted(seen_as)
            return add(con, "case_moved", who, occurred_at, payload, case["caller_id"], case_ref, run_id)

    def set_user(self, name: str, role: str, *, actor: str, occurred_at: datetime, is_new: bool | None = None) -> Event:
        """Add a user or give another role; role `none` takes the user off the list. The first is an administrator.

        Errors: UsageError for an unknown role, for adding whom the list has or changing whom it lacks; Refused
        for whoever may not, and for the last administrator's leaving.
        """
        _check_user(name, role)
        with self._connection(writing=True) as con:
            users = state.users(con)
            if is_new is not None and is_new == (name in users):
                has = "is on the list already" if is_new else "is not on the list"
                raise UsageError(
                    f"{name} {has}", next_step=f"misuse users {'change' if is_new else 'add'} NAME --role ROLE"
                )
            if not users and role != "administrator":
                raise Refused("the first user must be an administrator", next_step=_FIRST_USER)
            who = _actor(con, actor, "change_users" if users else None)
            remaining = {**users, name: role}.values()
            if "administrator" not in remaining:
                raise Refused("the last administrator stays one", next_step="name another administrator first")
            kind = "user_changed" if name in users else "user_added"
            return add(con, kind, who, occurred_at, {"user": name, "role": role})

    # Who may

    def users(self) -> list[dict[str, str]]:
        """Name and role of each operating-system user on the list, by name."""
        with self._connection() as con:
            return [{"name": name, "role": role} for name, role in sorted(state.users(con).items())]

    def role_of(self, user: str) -> str | None:
        """The user's role, or None. Where no users were ever named, everybody local is an analyst."""
        with self._connection() as con:
            return _role(state.users(con), user)

    def permitted(self, action: str, user: str) -> Actor:
        """The user as an actor, if `review.PERMISSIONS` lets the user's role do `action`.

        Errors: Refused with the command that would give the role.
        """
        with self._connection() as con:
            return _actor(con, user, action)

    # Reading

    def entries(self, *kinds: str, caller_id: str | None = None, case_ref: str | None = None) -> list[Event]:
        """Events in order: all, or of some kinds, of one caller, of one case."""
        with self._connection() as con:
            return read(con, *kinds, caller_id=caller_id, case_ref=case_ref)

    def events(self, reader: str = "") -> list[dict[str, Any]]:
        """Every event for export, its payload opened beside the text that the digest covers.

        A coder of a sample is not told the other's verdicts before both have finished.
        """
        found = self.entries()
        return [
            asdict(event) | {"data": data} | ({"payload": coding.WITHHELD} if data != event.data else {})
            for event, data in zip(found, coding.blinded(found, reader), strict=True)
        ]

    def head(self) -> str:
        """The digest of the last event: it stands for the whole casebook."""
        with self._connection() as con:
            last = last_event(con)
        return last.digest if last else GENESIS

    def decision_head(self, *, without_run: str = "") -> str:
        """The digest of the last event that a run's result depends on; reads leave it where it is.

        Stops that a run published are such an event, but not for that run itself: `without_run` leaves its own out.
        """
        with self._connection() as con:
            decisions = [
                event
                for event in read(con, *state.DECISIONS)
                if event.kind != "stops_published" or event.run_id != without_run
            ]
        return decisions[-1].digest if decisions else GENESIS

    def verify(self, head: str | None = None) -> Broken | None:
        """The first event that was changed, is missing or out of order; None if the chain holds.

        `head` is one noted earlier, on a run or on minutes: a chain that lacks it was cut off.
        """
        previous, heads, expected = GENESIS, {GENESIS}, 1
        for event in self.entries():
            if event.event_id != expected:
                return Broken(expected, "it is missing")
            if event.previous_digest != previous:
                return Broken(expected, "it does not follow the event before it")
            if event.digest != event.reckoned_digest():
                return Broken(expected, "it was changed after it was recorded")
            previous, expected = event.digest, expected + 1
            heads.add(previous)
        return Broken(expected, "the chain lacks the head it is compared with") if head and head not in heads else None

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

    def tables(self, as_of: date | None = None) -> dict[str, list[tuple[Any, ...]]]:
        """Rows of the tables that a run reads, each in the column order of its file under sql/rules/.

        last_cycle is the newest list frozen for a day before `as_of`, so that freezing a day's list does not
        change that day's list; without `as_of`, the newest of all.
        """
        with self._connection() as con:
            return rows_of_tables(con, as_of)

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


def _role(users: Mapping[str, str], user: str) -> str | None:
    if user == PIPELINE:
        return PIPELINE
    return users.get(user) if users else "analyst"


def _actor(con: sa.Connection, user: str, action: str | None = None) -> Actor:
    """The user with the role held now; with an action, only if the role permits it."""
    users = state.users(con)
    role = _role(users, user)
    if action is not None and not users and not review.may_do(action, role):
        raise Refused(
            f"to {action.replace('_', ' ')} takes a named user with a role, and no users are named yet",
            next_step=f"name the first: {_FIRST_USER}",
        )
    if action is not None:
        review.check_may(action, role)
    return Actor(user, role or state.NO_ROLE)


def _check_user(name: str, role: str) -> None:
    roles = [known for known in review.ROLES if known != PIPELINE]
    if role not in (*roles, state.NO_ROLE) or not name.strip() or name == PIPELINE:
        raise UsageError(
            "a user needs a name and a known role",
            next_step=f"the roles are: {', '.join(roles)}; and {state.NO_ROLE}, to take a user off the list",
        )


def _freeze(con: sa.Connection, who: Actor, at: datetime, payload: Mapping[str, Any], run_id: str | None) -> Event:
    """Record the list with its whole eligible pool, then open the cases that the meeting is to decide on.

    Whoever was stopped since the list was made is neither eligible nor a case, and is named apart; `digest` stays
    that of the list as published. A row may name its `case_ref`; without one a case goes with the caller who holds
    most of its spells, so that it is not opened twice because callers merged.
    """
    earlier = [event for event in read(con, "list_frozen") if event.run_id == run_id]
    if earlier:
        return earlier[0]
    frozen = add(con, "list_frozen", who, at, _less_stopped(con, payload), run_id=run_id)
    rows = frozen.data["eligible"]
    found = state.cases(con)
    held = {caller: reference for reference, caller in sorted(state.case_holders(found, rows).items())}
    for row in rows:
        caller = row["caller_id"]
        reference = row.get("case_ref") or held.get(caller) or state.case_reference(caller)
        if row["part"] < 4 and reference not in found:
            opening_payload = {"to": "listed", "spells": row["spells"]}
            add(con, "case_opened", who, at, opening_payload, caller, reference, run_id)
    return frozen


def _less_stopped(con: sa.Connection, payload: Mapping[str, Any]) -> dict[str, Any]:
    """A list's payload with everybody's spells, without whom a stop bars: their ids go under `stopped`."""
    if payload.get("eligible") is None:
        return dict(payload)  # refused when it is added
    sets, stops = spells.caller_sets(con), state.live_stops(con)
    known = {caller: list(members) for caller, (members, _) in sets.items()}
    listed = [
        {**row, "spells": row.get("spells") or known.get(row["caller_id"]) or state.row_spells(row)}
        for row in payload["eligible"]
    ]
    barred = {row["caller_id"] for row in listed if state.is_stopped(row["spells"], stops)}
    barred |= {row["caller_id"] for row in listed}.intersection(payload.get("stopped") or ())
    kept = [row for row in listed if row["caller_id"] not in barred]
    return {**payload, "eligible": kept, "stopped": sorted(barred)}
