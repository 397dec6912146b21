"""Whom an event means by a number-holding spell, once more is known of who held the number when.

The ids of a number's spells count its holders, so a call that comes in late and tells of a further holder, or a silence
that settles, may leave an id with other calls than it had. An event therefore speaks of the calls that the spell had in
the run which whoever recorded it saw: of a time with the number, from the holder's first call to the last one known.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

from misuse.casebook.events import Event, digest_of_newest, read
from misuse.casebook.rows import MAKING, fetched, uncollected

if TYPE_CHECKING:
    import sqlalchemy as sa

PUBLISHED = "holders_published"
SHOWN = "shown_run"  # of a connection: the run whose copy people look at
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


# A row of the history: a holding, and the publications from which and until which it held.
_Row = tuple[str, str, str, str | None, int, int | None]


@dataclass(frozen=True)
class Holders:
    """Who held which number, as every run published it, and as it is taken to be now.

    Now is the run that is shown, so that events and the published copy speak of the same spells.
    """

    history: dict[str, list[_Row]]
    now: dict[str, list[Holding]]
    published_by: dict[str, list[int]]
    ends: dict[str, str]
    at: int  # the publication that is now, or every one there is
    put_away: list[tuple[int, tuple[Meant, ...]]] = field(default_factory=list)

    @cached_property
    def _numbers(self) -> dict[str, str]:
        """The number of every spell of one that ever passed on."""
        found = {row[1]: number for number, rows in self.history.items() for row in rows}
        for number, rows in self.now.items():
            if number not in self._steady:
                found.update((row[1], number) for row in rows)
        return found

    @cached_property
    def _steady(self) -> dict[str, tuple[int, str]]:
        """Numbers held now as they were published: since which publication, and the first call of the last spell.

        Nearly all are, so most names need no second look: see `_is_as_named`.
        """
        found = {}
        for number, rows in self.history.items():
            held = self.now.get(number)
            if held is None:
                continue
            standing = [row[:4] for row in rows if row[5] is None]
            standing.sort(key=_FIRST_CALL)
            if standing == held and _is_apart(held):
                changed_at = max([row[5] or row[4] for row in rows])
                found[number] = changed_at, held[-1][2]
        return found

    @cached_property
    def _gone(self) -> frozenset[str]:
        """Spells and numbers of which certificates put something away."""
        return frozenset(name for _, gone in self.put_away for one in gone for name in (one.name, one.number) if name)

    @cached_property
    def _publications(self) -> list[int]:
        return sorted(at for times in self.published_by.values() for at in times)

    def meant(self, event: Event, name: str) -> Meant:
        """What the event means by the spell's id."""
        number = self._numbers.get(name)
        if number is None:
            return Meant(name, None, _ALWAYS, _NEVER)
        at, end = self._seen(event)
        rows = self._rows(number, at)
        for _, spell, since, until, *_ in rows:
            if spell == name:
                return Meant(name, number, since, until or end)
        if name != number or rows:
            return Meant(name, None, _ALWAYS, _NEVER)
        return Meant(name, number, _ALWAYS, end)

    def of(self, event: Event, meant: Meant) -> tuple[str, ...]:
        """The spells that now hold the time, the newest first; none where it was put away since the event."""
        if any(event.event_id < at and any(one.holds(meant) for one in gone) for at, gone in self.put_away):
            return ()
        return _holding(self.now, meant)

    def all_of(self, event: Event, names: Iterable[str]) -> tuple[str, ...]:
        """Every spell that may be meant, in the order of the names, of one name the newest first."""
        found: dict[str, None] = {}
        seen = self._seen(event)
        for name in names:
            if self._is_as_named(name, *seen):
                found[name] = None
            else:
                found.update(dict.fromkeys(self.of(event, self.meant(event, name))))
        return tuple(found)

    def own_of(self, event: Event, names: Iterable[str]) -> tuple[str, ...]:
        """Of these, the spells of which nobody holds a part whom the event does not name."""
        named = list(dict.fromkeys(names))
        found = (spell for name in named for spell in self._own(event, name, named))
        return tuple(dict.fromkeys(found))

    def sure_of(self, event: Event, names: Iterable[str]) -> tuple[str, ...]:
        """Of those in turn, the spells that are one holder's then and now."""
        named = list(dict.fromkeys(names))
        found = (spell for name in named for spell in self._sure(event, name, named))
        return tuple(dict.fromkeys(found))

    def unsure_of(self, event: Event, names: Iterable[str]) -> tuple[str, ...]:
        """The names that are several holders' now, or of whom another is one holder with somebody the event leaves out."""
        named = list(dict.fromkeys(names))
        return tuple(name for name in named if not self._sure(event, name, named))

    def former(self) -> dict[str, tuple[str, ...]]:
        """Spells once published whose times other spells hold now, and these; some of the ids are given again."""
        found: dict[str, dict[str, None]] = {}
        for number, rows in self.history.items():
            # Of a steady number each spell that stands has its own time still.
            left = [row for row in rows if row[5] is not None] if number in self._steady else rows
            for _, spell, since, _, from_event, _ in left:
                meant = Meant(spell, number, since, since)
                is_gone = any(one.holds(meant) for _, gone in self.put_away for one in gone)
                if from_event <= self.at and not is_gone:
                    found.setdefault(spell, {}).update(dict.fromkeys(_holding(self.now, meant)))
        heirs = {spell: tuple(name for name in sorted(spells) if name != spell) for spell, spells in found.items()}
        return {spell: names for spell, names in heirs.items() if names}

    def has(self, spell: str) -> bool:
        """Whether some number has the spell now, as far as is known here: what never passed on is not."""
        number = self._numbers.get(spell)
        return number is not None and spell in ([row[1] for row in self.now.get(number, ())] or [number])

    def held(self) -> list[Holding]:
        """Who held the numbers that passed on, as now."""
        return [row for rows in self.now.values() for row in rows]

    def _own(self, event: Event, name: str, named: Collection[str]) -> tuple[str, ...]:
        meant = self.meant(event, name)
        found = self.of(event, meant)
        if meant.number is None:
            return found
        others = [row[1] for row in self._rows(meant.number, self._seen(event)[0]) if row[1] not in named]
        taken_by = {spell for other in others for spell in self.of(event, self.meant(event, other))}
        return tuple(spell for spell in found if spell not in taken_by)

    def _sure(self, event: Event, name: str, named: Collection[str]) -> tuple[str, ...]:
        found = self.of(event, self.meant(event, name))
        return self._own(event, name, named) if len(found) == 1 else ()

    def _is_as_named(self, name: str, at: int, end: str) -> bool:
        """Whether the name, seen at publication `at`, surely means the spell of that name and no other.

        So it is where the number never passed on, or where the publication told of it what is told now. `of` finds the
        same, and is asked in every other case.
        """
        number = self._numbers.get(name)
        if name in self._gone or number in self._gone:
            return False
        if number is None:
            return True
        changed_at, last_from = self._steady.get(number, _NOT_STEADY)
        return changed_at <= at and last_from <= end

    def _rows(self, number: str, at: int) -> list[_Row]:
        """The number's spells as they were published at an event."""
        return [row for row in self.history.get(number, ()) if _stood(row, at)]

    def _seen(self, event: Event) -> tuple[int, str]:
        """The publication that whoever recorded the event saw, and the first moment of which it knew nothing.

        Where that run published none, being older than this record, the first one there is tells best.
        """
        run = str(event.run_id or event.in_force_run)
        told = self.published_by.get(run, [])
        before = bisect_left(told or self._publications, event.event_id)
        at = next(iter((told or self._publications)[max(before - 1, 0) :]), 0)
        return at, self.ends.get(run, event.occurred_at)


_FIRST_CALL = itemgetter(2)
_NOT_STEADY = (sys.maxsize, _NEVER)


def _is_apart(spells: Sequence[Holding]) -> bool:
    """Whether each of a number's spells ends before the next begins, and none before it begins itself."""
    free_from = _ALWAYS
    for _, _, since, until in spells:
        if since <= free_from or (until or since) < since:
            return False
        free_from = until or _NEVER
    return True


def _stood(row: _Row, at: int) -> bool:
    *_, from_event, to_event = row
    return from_event <= at and (to_event is None or to_event > at)


def _holding(held: Mapping[str, Sequence[Holding]], meant: Meant) -> tuple[str, ...]:
    """The spells that hold a time, the newest first. A spell lasts until the next one's first call, the first from ever."""
    if meant.number is None:
        return (meant.name,)
    spells = held.get(meant.number) or [(meant.number, meant.number, _ALWAYS, None)]
    starts = [_ALWAYS, *(since for _, _, since, _ in spells[1:]), _NEVER]
    found = [
        spell
        for (_, spell, *_), since, until in zip(spells, starts, starts[1:], strict=False)
        if since <= meant.until and until > meant.since
    ]
    return tuple(reversed(found))


def renamed(names: Iterable[str], was: Iterable[Holding], now: Iterable[Holding]) -> dict[str, tuple[str, ...]]:
    """By a spell as it `was` held, the spells that hold its time `now`, where two stores speak of different runs."""
    before, after = _by_number(was), _by_number(now)
    times = {spell: Meant(spell, number, since, until or _NEVER) for number, spell, since, until in _flat(before)}
    whole = {number: Meant(number, number, _ALWAYS, _NEVER) for number in after if number not in before}
    return {name: _holding(after, times.get(name) or whole.get(name) or Meant(name, None, "", "")) for name in names}


def _flat(held: Mapping[str, Sequence[Holding]]) -> Iterator[Holding]:
    return (row for rows in held.values() for row in rows)


def _by_number(rows: Iterable[Holding]) -> dict[str, list[Holding]]:
    """The holdings of each number, the earlier first."""
    found: defaultdict[str, list[Holding]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    for held in found.values():
        held.sort(key=_FIRST_CALL)
    return dict(found)


def taken(con: sa.Connection, current: Sequence[Holding] | None = None) -> Holders:
    """Who held which number, now being the run that is shown; or `current`, what a run is about to publish."""
    key = (
        digest_of_newest(con, (PUBLISHED,)),
        digest_of_newest(con, ("run_published", "disposed")),
        str(con.info.get(SHOWN)),
    )
    if current is not None:
        return _read(con, current)
    with MAKING:
        if key not in _REMEMBERED or not key[0]:
            known = next((held for at, held in _REMEMBERED.items() if key[0] and at[0] == key[0]), None)
            found = _read(con, None, known)
            _REMEMBERED.clear()
            _REMEMBERED[key] = found
        return _REMEMBERED[key]


@uncollected()
def _read(con: sa.Connection, current: Sequence[Holding] | None, known: Holders | None = None) -> Holders:
    """As `taken`; `known` was taken of the same publications, whichever run was shown."""
    published_by = publications(con)
    shown = shown_of(con, published_by)
    history = known.history if known else _history(con)
    standing = (row[:4] for rows in history.values() for row in rows if _stood(row, shown))
    now = known.now if known and known.at == shown else _by_number(standing if current is None else current)
    at = shown if current is None else max((at for times in published_by.values() for at in times), default=0)
    found = Holders(history, now, published_by, _ends(con) if published_by else {}, at)
    return replace(found, put_away=_put_away(con, found))


def publications(con: sa.Connection) -> dict[str, list[int]]:
    """The publications of every run, in order."""
    found: dict[str, list[int]] = {}
    for event in read(con, PUBLISHED):
        found.setdefault(str(event.run_id), []).append(event.event_id)
    return found


def _history(con: sa.Connection) -> dict[str, list[_Row]]:
    found: defaultdict[str, list[_Row]] = defaultdict(list)
    for row in fetched(con, _ALL):
        found[row[0]].append(row)
    return dict(found)


def shown_of(con: sa.Connection, published_by: Mapping[str, Sequence[int]]) -> int:
    """The publication of the run that is shown; the newest where none is, or where it published none."""
    told = published_by.get(str(con.info.get(SHOWN))) or [at for times in published_by.values() for at in times]
    return max(told, default=0)


_ALL = """
select number_id, spell_id, first_call_at, last_call_at, since_event, until_event from holders order by since_event
"""


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
        (event.event_id, tuple(holders.meant(event, name) for name in _left_by(event)))
        for event in read(con, "disposed")
    ]


def _left_by(certificate: Event) -> Sequence[str]:
    return (certificate.data.get("leaves") or {}).get("spells") or ()
