"""Whom an event means by a number-holding spell, once more is known of who held the number when.

The ids of a number's spells count its holders, so a call that comes in late and tells of a further holder, or a silence
that settles, may leave an id with other calls than it had. An event therefore speaks of the calls that the spell had in
the run which whoever recorded it saw: of a time with the number, from the holder's first call to the last one known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from misuse.casebook.events import Event, canonical, digest_of_newest, read

if TYPE_CHECKING:
    import sqlalchemy as sa

PUBLISHED = "holders_published"
# A number that passed on: its first spell's id, the spell's, the first and the last call. The last spell has no end.
Holding = tuple[str, str, str, str | None]
_ALWAYS, _NEVER = "", "~"  # before and after every time in ISO 8601
_REMEMBERED: dict[tuple[str, str, str], Holders] = {}


@dataclass(frozen=True)
class Meant:
    """A time with a number: what an event means by a spell's id. Without a number the id alone is known."""

    name: str
    number: str | None
    since: str
    until: str

    def holds(self, other: Meant) -> bool:
        """Whether it is of the other's number and all of the other's time."""
        if self.number is None or other.number is None:
            return self.name == other.name
        return self.number == other.number and self.since <= other.since and self.until >= other.until


@dataclass(frozen=True)
class _Row:
    spell: str
    since: str
    until: str | None
    from_event: int
    to_event: int | None


@dataclass(frozen=True)
class Holders:
    """Who held which number, as every run published it, and as it is taken to be now."""

    history: dict[str, list[_Row]]
    now: dict[str, list[tuple[str, str]]]
    published_by: dict[str, list[int]]
    ends: dict[str, str]
    put_away: list[tuple[int, tuple[Meant, ...]]] = field(default_factory=list)

    @cached_property
    def _numbers(self) -> dict[str, str]:
        """The number of every spell of one that ever passed on."""
        told = {row.spell: number for number, rows in self.history.items() for row in rows}
        return told | {spell: number for number, spells in self.now.items() for spell, _ in spells}

    def meant(self, event: Event, name: str) -> Meant:
        """What the event means by the spell's id."""
        number = self._numbers.get(name)
        if number is None:
            return Meant(name, None, _ALWAYS, _NEVER)
        at, end = self._seen(event)
        for row in self._rows(number, at):
            if row.spell == name:
                return Meant(name, number, row.since, row.until or end)
        if name != number or self._rows(number, at):
            return Meant(name, None, _ALWAYS, _NEVER)
        return Meant(name, number, _ALWAYS, end)

    def of(self, event: Event, meant: Meant) -> tuple[str, ...]:
        """The spells that now hold the time, the newest first; none where it was put away since the event."""
        if any(event.event_id < at and any(one.holds(meant) for one in gone) for at, gone in self.put_away):
            return ()
        return self._holding(meant)

    def _holding(self, meant: Meant) -> tuple[str, ...]:
        if meant.number is None:
            return (meant.name,)
        held = self.now.get(meant.number) or [(meant.number, _ALWAYS)]
        starts = [_ALWAYS, *(since for _, since in held[1:]), _NEVER]
        found = [
            spell
            for (spell, _), since, until in zip(held, starts, starts[1:], strict=False)
            if since <= meant.until and until > meant.since
        ]
        return tuple(reversed(found))

    def all_of(self, event: Event, names: Iterable[str]) -> tuple[str, ...]:
        """Every spell that may be meant, in the order of the names, of one name the newest first."""
        found = (spell for name in names for spell in self.of(event, self.meant(event, name)))
        return tuple(dict.fromkeys(found))

    def sure_of(self, event: Event, names: Iterable[str]) -> tuple[str, ...]:
        """Of these, the spells that are one holder's then and now, and nobody's whom the event does not name."""
        named = list(dict.fromkeys(names))
        found = (spell for name in named for spell in self._sure(event, name, named))
        return tuple(dict.fromkeys(found))

    def unsure_of(self, event: Event, names: Iterable[str]) -> tuple[str, ...]:
        """The names that are several holders' now, or of whom another is one holder with somebody the event leaves out."""
        named = list(dict.fromkeys(names))
        return tuple(name for name in named if not self._sure(event, name, named))

    def former(self) -> dict[str, tuple[str, ...]]:
        """Spells once published that no number has now, and the spells that hold their times."""
        found = {}
        for number, rows in self.history.items():
            now = {spell for spell, _ in self.now.get(number) or [(number, _ALWAYS)]}
            for spell, row in {row.spell: row for row in rows if row.spell not in now}.items():
                meant = Meant(spell, number, row.since, row.until or row.since)
                if not any(one.holds(meant) for _, gone in self.put_away for one in gone):
                    found[spell] = self._holding(meant)
        return found

    def _sure(self, event: Event, name: str, named: Collection[str]) -> tuple[str, ...]:
        meant = self.meant(event, name)
        found = self.of(event, meant)
        if len(found) != 1 or meant.number is None:
            return found if len(found) == 1 else ()
        others = [row.spell for row in self._rows(meant.number, self._seen(event)[0]) if row.spell not in named]
        taken = {spell for other in others for spell in self.of(event, self.meant(event, other))}
        return () if taken.intersection(found) else found

    def _rows(self, number: str, at: int) -> list[_Row]:
        """The number's spells as they were published at an event."""
        return [
            row
            for row in self.history.get(number, ())
            if row.from_event <= at and (row.to_event is None or row.to_event > at)
        ]

    def _seen(self, event: Event) -> tuple[int, str]:
        """The publication that whoever recorded the event saw, and the first moment of which it knew nothing."""
        run = event.run_id or event.in_force_run
        told = self.published_by.get(str(run), [])
        before = [at for at in told if at < event.event_id]
        known = [at for times in self.published_by.values() for at in times if at < event.event_id]
        at = max(before) if before else min(told) if told else max(known, default=0)
        return at, self.ends.get(str(run), event.occurred_at)


def taken(con: sa.Connection, current: Sequence[Holding] | None = None) -> Holders:
    """Who held which number, by the newest publication; or by `current`, what a run is about to publish."""
    key = (
        str(con.engine.url),
        digest_of_newest(con, (PUBLISHED,)),
        digest_of_newest(con, ("run_published", "disposed")),
    )
    if current is None and key in _REMEMBERED and key[1]:
        return _REMEMBERED[key]
    found = _read(con, current)
    if current is None:
        _REMEMBERED.clear()
        _REMEMBERED[key] = found
    return found


def _read(con: sa.Connection, current: Sequence[Holding] | None) -> Holders:
    import sqlalchemy as sa

    history: dict[str, list[_Row]] = {}
    standing: list[Holding] = []
    for number, spell, since, until, from_event, to_event in con.execute(sa.text(_ALL)):
        history.setdefault(number, []).append(_Row(spell, since, until, from_event, to_event))
        if to_event is None:
            standing.append((number, spell, since, until))
    now: dict[str, list[tuple[str, str]]] = {}
    for number, spell, since, _ in sorted(standing if current is None else current, key=lambda row: (row[0], row[2])):
        now.setdefault(number, []).append((spell, since))
    published_by: dict[str, list[int]] = {}
    for event in read(con, PUBLISHED):
        published_by.setdefault(str(event.run_id), []).append(event.event_id)
    found = Holders(history, now, published_by, _ends(con) if published_by else {})
    return replace(found, put_away=_put_away(con, found))


_ALL = "select number_id, spell_id, first_call_at, last_call_at, since_event, until_event from holders order by since_event"


def _ends(con: sa.Connection) -> dict[str, str]:
    """The first moment after each run's as-of. East of London a day ends earlier, and the moment is a little late."""
    found: dict[str, str] = {}
    for event in read(con, "run_published"):
        if event.run_id and event.data.get("as_of"):
            found[event.run_id] = (date.fromisoformat(str(event.data["as_of"])) + timedelta(days=1)).isoformat()
    return found


def _put_away(con: sa.Connection, holders: Holders) -> list[tuple[int, tuple[Meant, ...]]]:
    """What certificates put away, each by its event."""
    return [
        (event.event_id, tuple(holders.meant(event, name) for name in (event.data.get("leaves") or {}).get("spells") or ()))
        for event in read(con, "disposed")
    ]  # fmt: skip


# ── publishing ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Change:
    """What a publication closes and opens."""

    closed: list[Holding]
    opened: list[Holding]

    @property
    def digest(self) -> str:
        """Of both: the event that publishes them holds it."""
        return digest_of(self.closed, self.opened)


def digest_of(closed: Iterable[Holding], opened: Iterable[Holding]) -> str:
    """What the event of a publication says of the rows that it closed and opened."""
    text = canonical([sorted(map(_told, closed)), sorted(map(_told, opened))])
    return hashlib.sha256(text.encode()).hexdigest()


def _told(row: Holding) -> list[str]:
    return [text or "" for text in row]


def change(con: sa.Connection, current: Iterable[Holding]) -> Change:
    """What differs between the newest publication and what is held now."""
    import sqlalchemy as sa

    before, after = {_holding(row) for row in con.execute(sa.text(_STANDING))}, set(current)
    return Change(sorted(before - after, key=_told), sorted(after - before, key=_told))


def _holding(row: Sequence[str]) -> Holding:
    number, spell, since, until = row
    return number, spell, since, until


_STANDING = "select number_id, spell_id, first_call_at, last_call_at from holders where until_event is null"


def keep(con: sa.Connection, event: Event, found: Change, hits: Iterable[tuple[str, str, str]]) -> None:
    """Keep what an event published: holders as they changed, hits as they are."""
    import sqlalchemy as sa

    if found.closed:
        closed = [{"at": event.event_id, "number": row[0], "spell": row[1]} for row in found.closed]
        con.execute(sa.text(_CLOSE), closed)
    if found.opened:
        names = ("number", "spell", "since", "until")
        opened = [{"at": event.event_id, **dict(zip(names, row, strict=True))} for row in found.opened]
        con.execute(sa.text(_OPEN), opened)
    held, wanted = set(map(_hit, con.execute(sa.text(_HITS)))), set(hits)
    for statement, rows in ((_DROP_HIT, held - wanted), (_ADD_HIT, wanted - held)):
        if rows:
            con.execute(
                sa.text(statement), [dict(zip(("caller", "rule", "hit"), row, strict=True)) for row in sorted(rows)]
            )


def _hit(row: Sequence[str]) -> tuple[str, str, str]:
    caller, rule, hit = row
    return caller, rule, hit


_CLOSE = "update holders set until_event = :at where number_id = :number and spell_id = :spell and until_event is null"
_OPEN = """
insert into holders (number_id, spell_id, first_call_at, last_call_at, since_event)
values (:number, :spell, :since, :until, :at)
"""
_HITS = "select caller_id, rule_id, hit from stop_hits"
_DROP_HIT = "delete from stop_hits where caller_id = :caller and rule_id = :rule and hit = :hit"
_ADD_HIT = "insert into stop_hits (caller_id, rule_id, hit) values (:caller, :rule, :hit)"


def hits(con: sa.Connection, caller_id: str, rule_id: str) -> list[str]:
    """The hits by which a rule stopped a caller in the newest run that was published."""
    import sqlalchemy as sa

    rows = con.execute(sa.text(_HITS_OF), {"caller": caller_id, "rule": rule_id})
    return [hit for (hit,) in rows]


_HITS_OF = "select hit from stop_hits where caller_id = :caller and rule_id = :rule order by hit"


def faults(con: sa.Connection, events: Iterable[Event]) -> list[int]:
    """Publications whose rows are not those that their event holds the digest of."""
    import sqlalchemy as sa

    closed: dict[int, list[Holding]] = {}
    opened: dict[int, list[Holding]] = {}
    for number, spell, since, until, from_event, to_event in con.execute(sa.text(_ALL)):
        opened.setdefault(from_event, []).append((number, spell, since, until))
        closed.setdefault(to_event, []).append((number, spell, since, until))
    return [
        event.event_id
        for event in events
        if event.kind == PUBLISHED
        and not event.is_put_away
        and event.data["digest"] != digest_of(closed.get(event.event_id, ()), opened.get(event.event_id, ()))
    ]
