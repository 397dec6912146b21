"""Reading the casebook: who may, events, the chain verified, and what the events amount to."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from misuse.casebook import chain, coding, disposing, keeping, opening, passwords, rooms, spells, state
from misuse.casebook.casefile import KINDS as CASEFILE_KINDS
from misuse.casebook.casefile import Casefile, casefile, casefiles
from misuse.casebook.chain import Anchor
from misuse.casebook.events import GENESIS, Actor, Broken, Event, digest_of_newest, last_event, read, stamp
from misuse.casebook.holders import PUBLISHED, SHOWN, Holders, Holding, taken
from misuse.casebook.recording import PIPELINE, role_of
from misuse.casebook.recording import actor as acting
from misuse.casebook.rows import MAKING
from misuse.casebook.spells import LinkDecision, SafeguardCheck, SharedLine
from misuse.casebook.state import LiveStop
from misuse.casebook.tables import tables as rows_of_tables
from misuse.errors import LockHeld, StoreError

if TYPE_CHECKING:
    import sqlalchemy as sa

Value = TypeVar("Value")
# What a chain's events amount to, by casebook and question: the same until the chain goes on. Never changed by a reader.
_REMEMBERED: dict[tuple[Path, str], tuple[str, Any]] = {}


_BEARS_ON: Mapping[str, tuple[str, ...]] = {
    "cases": ("case_opened", "case_moved", "disposed", "run_published", PUBLISHED),
    "casefiles": (*CASEFILE_KINDS, "disposed"),
    "live_stops": (
        *("stop_entered", "stop_lifted", "stops_published", "link_decided", "link_undone"),
        *("disposed", "run_published", PUBLISHED),
    ),
}


class Reading:
    """An open casebook, for reading."""

    def __init__(
        self, engine: sa.Engine, path: Path, key: str = "", published: Path | None = None, only_read: str = ""
    ) -> None:
        self._engine = engine
        self._path = path
        self._given_key = key
        self._published = published
        self.only_read = only_read  # why nothing can be recorded, where it was opened to read and that is so

    # Who may

    def users(self) -> list[dict[str, str]]:
        """Name and role of each operating-system user on the list, by name."""
        with self._connection() as con:
            return [{"name": name, "role": role} for name, role in sorted(state.users(con).items())]

    def borough_of(self, user: str) -> str | None:
        """The borough whose taskings a user of the role borough sees; None for everybody else."""
        with self._connection() as con:
            return state.boroughs(con).get(user)

    def boroughs(self) -> dict[str, str]:
        """The borough of each user who has one."""
        with self._connection() as con:
            return state.boroughs(con)

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

    def entries(
        self, *kinds: str, caller_id: str | None = None, case_ref: str | None = None, since: datetime | None = None
    ) -> list[Event]:
        """Events in order: all, or of some kinds, of one caller, of one case, since a time."""
        with self._connection() as con:
            return read(con, *kinds, caller_id=caller_id, case_ref=case_ref, since=since)

    def newest(self, most: int, *kinds: str, **of: Any) -> list[Event]:
        """The newest so many, in order: of what `entries` takes, and by an `actor`, `before` an event's number."""
        with self._connection() as con:
            return read(con, *kinds, newest=most, **of)

    def published_digests(self, *, since_disposal: bool = False) -> dict[str, str]:
        """The SHA-256 of each run's copy as it was published, by run; if asked only of copies since the last disposal."""
        found: dict[str, str] = {}
        for event in self.entries("run_published", "disposed"):
            if event.kind == "disposed" and since_disposal:
                found.clear()
            elif "published_sha256" in event.data:
                found[str(event.run_id)] = str(event.data["published_sha256"])
        return found

    def events(self, reader: str = "") -> list[dict[str, Any]]:
        """Every event for export, its payload opened beside the text that the digest covers.

        A coder of a sample is not told the other's verdicts before both have finished.
        """
        with self._connection() as con:
            found, certificates = read(con, with_put_away=True), disposing.certificates(con)
        return [{**row, "put_away_by": certificates.get(row["event_id"])} for row in self.opened(reader, found)]

    def opened(self, reader: str, found: Sequence[Event]) -> list[dict[str, Any]]:
        """Events with their payload opened (`data`), less what the reader is not to know yet.

        A coder of a sample is not told the other's verdicts, nor a judge of a link the other's judgement, before both
        are in.
        """
        blind = coding.blinded(self.entries(*coding.EVENTS), reader)
        drawn = {event.event_id: data for event, data in zip(self.entries(*coding.EVENTS), blind, strict=True)}
        with self._connection() as con:
            hidden = rooms.hidden_judgements(con, reader)
        return [_opened(event, drawn.get(event.event_id, event.data), event.event_id in hidden) for event in found]

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
        """Every event at which the chain does not hold, also against the heads noted outside it, and passwords that none set.

        Errors: StoreError for a missing or another key.
        """
        with self._connection() as con:
            if last_event(con) is None and not heads and not self.anchors():
                return []
            key = self._key(con)
            chain.check_key(con, key)
            found = chain.faults(con, key, chain.anchors(self._path, key), heads)
            return sorted([*found, *passwords.faults(con, key)], key=lambda broken: broken.event_id)

    def anchors(self) -> list[Anchor]:
        """The heads noted outside the chain, in order; the last is that of the newest record."""
        return chain.anchors(self._path)

    def key(self) -> str:
        """The key of the chain, made on first use. Errors: StoreError where events have one and it is gone."""
        with self._connection() as con:
            return self._key(con)

    def anchor(self, why: str, at: datetime, run_id: str | None = None) -> str:
        """Note the head outside the chain, on a run or a paper that prints it; the head."""
        with self._connection() as con:
            last = last_event(con)
        if last is not None:
            chain.note_anchor(self._path, Anchor(last.event_id, last.digest, stamp(at), why, run_id))
        return last.digest if last else GENESIS

    def frozen_lists(self) -> dict[str, Event]:
        """Frozen lists by cycle (C1 …), in the order in which they were frozen, less whoever was put away since."""
        with self._connection() as con:
            frozen = state.frozen_lists(con)
        return dict(zip(state.cycle_ids(frozen), frozen, strict=True))

    def live_stops(self) -> list[LiveStop]:
        """The stops that people entered and that stand, with the spells on which they do."""
        with self._connection() as con:
            return self._remembered(con, "live_stops", state.live_stops)

    def link_decisions(self) -> list[LinkDecision]:
        """What people decided on links and what still holds, in the order in which it was decided."""
        with self._connection() as con:
            return spells.link_decisions(con)

    def holders(self) -> Holders:
        """Whom events mean by the spells that they name, as the run that is shown published who held which number."""
        with self._connection() as con:
            return taken(con)

    def link_judgements(self) -> dict[tuple[str, str], list[Event]]:
        """What people judged, blind, of pairs of spells that are still those judged; in order."""
        with self._connection() as con:
            return rooms.link_judgements(con)

    def standing_decisions(self) -> list[LinkDecision]:
        """What people decided on links and nobody undid, whole, also what has lapsed since."""
        with self._connection() as con:
            return spells.standing_decisions(con)

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
            return self._remembered(con, "cases", state.cases)

    def casefile(self, case_ref: str) -> Casefile:
        """What a case's own events amount to since it last moved."""
        with self._connection() as con:
            return casefile(con, case_ref)

    def casefiles(self) -> dict[str, Casefile]:
        """Every case's, by reference."""
        with self._connection() as con:
            return self._remembered(con, "casefiles", casefiles)

    def evidence(self, event_id: int) -> tuple[Event, str]:
        """A decision and the evidence frozen with it, decrypted.

        Errors: InputError where none was frozen or it was put away; StoreError for another key.
        """
        with self._connection() as con:
            return disposing.evidence(con, self._key(con), event_id)

    def tables(
        self, as_of: date | None = None, *, holders: Sequence[Holding] | None = None
    ) -> dict[str, list[tuple[Any, ...]]]:
        """Rows of the tables that a run reads, each in the column order of its file under sql/rules/.

        Spells are those of now: by `holders`, who held the numbers that passed on, else as the newest run published.

        last_cycle is the newest list frozen for a day before `as_of`, so that freezing a day's list does not
        change that day's list; without `as_of`, the newest of all.
        """
        with self._connection() as con:
            return rows_of_tables(con, as_of, holders)

    def _key(self, con: sa.Connection) -> str:
        """The key of the chain, made with the first event."""
        return keeping.held(self._path, self._given_key, is_used=last_event(con) is not None)

    def _remembered(self, con: sa.Connection, name: str, make: Callable[[sa.Connection], Value]) -> Value:
        """What the events of some kinds amount to, made anew only where one of them, or a certificate, came since."""
        key, newest = (self._path, name), f"{digest_of_newest(con, _BEARS_ON[name])} {con.info[SHOWN]}"
        with MAKING:
            held = _REMEMBERED.get(key)
            if held is None or held[0] != newest:
                held = _REMEMBERED[key] = (newest, make(con))
        found: Value = held[1]
        return found

    def _shown(self) -> str | None:
        """The run whose copy is shown, if there is one."""
        return self._published.resolve().stem if self._published and self._published.exists() else None

    @contextlib.contextmanager
    def _connection(self, *, writing: bool = False) -> Iterator[sa.Connection]:
        """One transaction; a writing one shuts other writers out from its start."""
        import sqlalchemy as sa

        try:
            with self._engine.execution_options(writing=writing).begin() as con:
                con.info[SHOWN] = self._shown()
                yield con
        except (sa.exc.DBAPIError, sqlite3.Error) as error:  # SQLite's own where many rows are read past SQLAlchemy
            found = getattr(error, "orig", error)
            why = str(found)
            if "locked" in why:
                raise LockHeld("somebody else is writing to the casebook", next_step="try again") from None
            if isinstance(found, sqlite3.Error) and opening.is_no_damage(found):
                raise opening.trouble(self._path, found) from None
            raise StoreError(
                f"the casebook cannot be used: {why}", next_step="misuse audit verify; else restore a backup"
            ) from None


def _opened(event: Event, data: dict[str, Any], is_hidden: bool) -> dict[str, Any]:
    row = asdict(event)
    if is_hidden:
        data = {**data, "decision": coding.WITHHELD, "reason": coding.WITHHELD}
    return {**row, "data": data, **({"payload": coding.WITHHELD} if data != event.data else {})}
