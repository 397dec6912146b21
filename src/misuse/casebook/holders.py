"""Whom an event means by a number-holding spell, once more is known of who held the number when.

The ids of a number's spells count its holders, so a call that comes in late and tells of a further holder, or a silence
that settles, may leave an id with other calls than it had. An event therefore speaks of the calls that the spell had in
the run which whoever recorded it saw: of a time with the number, from the holder's first call to the last one known.
"""

from __future__ import annotations

import hashlib
import json
import threading
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from misuse.casebook.events import Event, canonical, digest_of_newest, read

if TYPE_CHECKING:
    import sqlalchemy as sa

PUBLISHED = "holders_published"
SHOWN = "shown_run"  # of a connection: the run whose copy people look at
# A number that passed on: its first spell's id, the spell's, the first and the last call. The last spell has no end.
Holding = tuple[str, str, str, str | None]
Hit = tuple[str, str, str]  # a caller, a rule, and what the rule was hit by
_ALWAYS, _NEVER = "", "~"  # before and after every time in ISO 8601
_REMEMBERED: dict[tuple[str, str, str], Holders] = {}
MAKING = threading.RLock()  # twenty people at once make what is remembered once


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


# A row of the history: the spell, its first and last call, the publications from which and until which it held.
_Row = tuple[str, str, str | None, int, int | None]


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
    named: dict[str, str]  # the number of every spell of the history
    put_away: list[tuple[int, tuple[Meant, ...]]] = field(default_factory=list)

    @cached_property
    def _numbers(self) -> dict[str, str]:
        """The number of every spell of one that ever passed on."""
        return self.named | {row[1]: number for number, rows in self.now.items() for row in rows}

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
        for spell, since, until, *_ in rows:
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
        found = (spell for name in names for spell in self.of(event, self.meant(event, name)))
        return tuple(dict.fromkeys(found))

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
            for spell, since, _, from_event, _ in rows:
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
        others = [row[0] for row in self._rows(meant.number, self._seen(event)[0]) if row[0] not in named]
        taken_by = {spell for other in others for spell in self.of(event, self.meant(event, other))}
        return tuple(spell for spell in found if spell not in taken_by)

    def _sure(self, event: Event, name: str, named: Collection[str]) -> tuple[str, ...]:
        found = self.of(event, self.meant(event, name))
        return self._own(event, name, named) if len(found) == 1 else ()

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
    found: dict[str, list[Holding]] = {}
    for row in sorted(rows, key=lambda row: (row[0], row[2])):
        found.setdefault(row[0], []).append(row)
    return found


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


def _read(con: sa.Connection, current: Sequence[Holding] | None, known: Holders | None = None) -> Holders:
    """As `taken`; `known` was taken of the same publications, whichever run was shown."""
    published_by = _published_by(con)
    shown = _shown(con, published_by)
    history = known.history if known else _history(con)
    named = known.named if known else {row[0]: number for number, rows in history.items() for row in rows}
    standing = ((number, *row[:3]) for number, rows in history.items() for row in rows if _stood(row, shown))
    now = known.now if known and known.at == shown else _by_number(standing if current is None else current)
    at = shown if current is None else max((at for times in published_by.values() for at in times), default=0)
    found = Holders(history, now, published_by, _ends(con) if published_by else {}, at, named)
    return replace(found, put_away=_put_away(con, found))


def _published_by(con: sa.Connection) -> dict[str, list[int]]:
    """The publications of every run, in order."""
    found: dict[str, list[int]] = {}
    for event in read(con, PUBLISHED):
        found.setdefault(str(event.run_id), []).append(event.event_id)
    return found


def _history(con: sa.Connection) -> dict[str, list[_Row]]:
    found: dict[str, list[_Row]] = {}
    for number, spell, since, until, from_event, to_event in _all(con):
        found.setdefault(number, []).append((spell, since, until, from_event, to_event))
    return found


def _shown(con: sa.Connection, published_by: Mapping[str, Sequence[int]]) -> int:
    """The publication of the run that is shown; the newest where none is, or where it published none."""
    told = published_by.get(str(con.info.get(SHOWN))) or [at for times in published_by.values() for at in times]
    return max(told, default=0)


def _all(con: sa.Connection) -> list[tuple[str, str, str, str | None, int, int | None]]:
    """Every row, past SQLAlchemy: there may be a hundred thousand."""
    cursor = con.connection.cursor()
    try:
        rows: list[tuple[str, str, str, str | None, int, int | None]] = cursor.execute(_ALL).fetchall()
        return rows
    finally:
        cursor.close()


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


# ── publishing ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Change:
    """What a publication closes and opens of holders, and which hits stand with it."""

    closed: list[Holding]
    opened: list[Holding]
    hits: frozenset[Hit]

    @property
    def told(self) -> dict[str, Any]:
        """What the event that publishes them says of them."""
        return {
            "digest": digest_of(self.closed, self.opened),
            "hits_digest": digest_of(self.hits),
            "closed": len(self.closed),
            "opened": len(self.opened),
        }


def digest_of(*rows: Iterable[Sequence[str | None]]) -> str:
    """A digest of rows in no order, of one list or several."""
    text = canonical([sorted([text or "" for text in row] for row in some) for some in rows])
    return hashlib.sha256(text.encode()).hexdigest()


def change(con: sa.Connection, current: Iterable[Holding], hits: Iterable[Hit]) -> Change:
    """What differs between the newest publication and what is held now."""
    before, after = {(row[0], row[1], row[2], row[3]) for row in _all(con) if row[5] is None}, set(current)
    return Change(sorted(before - after, key=_in_order), sorted(after - before, key=_in_order), frozenset(hits))


def _in_order(row: Holding) -> list[str]:
    return [text or "" for text in row]


def keep(con: sa.Connection, event: Event, found: Change) -> None:
    """Keep what an event published: holders as they changed, and the hits; those of before the shown run go."""
    import sqlalchemy as sa

    shown = max(_published_by(con).get(str(con.info.get(SHOWN)), ()), default=0)
    held = {(row[0], row[1], row[2]) for row in con.execute(sa.text(_STANDING_HITS))}
    steps: tuple[tuple[str, Iterable[Sequence[str | None]]], ...] = (
        (_CLOSE, (row[:2] for row in found.closed)),
        (_OPEN, found.opened),
        (_CLOSE_HIT, sorted(held - found.hits)),
        (_OPEN_HIT, sorted(found.hits - held)),
    )
    for statement, rows in steps:
        values = [dict(zip("abcd", row, strict=False)) | {"at": event.event_id} for row in rows]
        if values:
            con.execute(sa.text(statement), values)
    con.execute(sa.text(_FORGET_HITS), {"shown": shown})


_CLOSE = "update holders set until_event = :at where number_id = :a and spell_id = :b and until_event is null"
_OPEN = """
insert into holders (number_id, spell_id, first_call_at, last_call_at, since_event) values (:a, :b, :c, :d, :at)
"""
_STANDING_HITS = "select caller_id, rule_id, hit from stop_hits where until_event is null"
_CLOSE_HIT = """
update stop_hits set until_event = :at where caller_id = :a and rule_id = :b and hit = :c and until_event is null
"""
_OPEN_HIT = "insert into stop_hits (caller_id, rule_id, hit, since_event) values (:a, :b, :c, :at)"
_FORGET_HITS = "delete from stop_hits where until_event <= :shown"


def hits(con: sa.Connection, caller_id: str, rule_id: str) -> list[str]:
    """The hits by which a rule stops a caller in the run that is shown."""
    import sqlalchemy as sa

    values = {"caller": caller_id, "rule": rule_id, "shown": _shown(con, _published_by(con))}
    return [hit for (hit,) in con.execute(sa.text(_HITS_OF), values)]


_HITS_OF = """
select distinct hit from stop_hits
where
    caller_id = :caller and rule_id = :rule
    and since_event <= :shown and (until_event is null or until_event > :shown)
order by hit
"""


def faults(con: sa.Connection, events: Iterable[Event]) -> list[int]:
    """Publications whose rows are not those that their event holds the digest of, and events that rows name wrongly."""
    import sqlalchemy as sa

    told = {event.event_id: event.data for event in events if event.kind == PUBLISHED and not event.is_put_away}
    opened, closed = _texts(con, _OPENED_TEXT), _texts(con, _CLOSED_TEXT)
    found = {
        number
        for number, data in told.items()
        if data["digest"] != _digest_of_texts(closed.get(number, ""), opened.get(number, ""))
    }
    found |= {max(number, 1) for number in {*closed, *opened} - told.keys()}
    newest = max(told, default=0)
    standing = str(con.execute(sa.text(_STANDING_HITS_TEXT)).scalar() or "")
    if (told[newest]["hits_digest"] if told else digest_of([])) != _digest_of_texts(standing):
        found.add(max(newest, 1))
    return sorted(found)


def _texts(con: sa.Connection, query: str) -> dict[int, str]:
    """By event, the rows that it opened or closed as `digest_of` writes them down."""
    import sqlalchemy as sa

    return {int(number): str(rows) for number, rows in con.execute(sa.text(query))}


def _digest_of_texts(*rows: str) -> str:
    """As `digest_of`, of rows that SQLite wrote down: a hundred thousand, and other threads need not wait for it."""
    text = ",".join(f"[{_escaped(some)}]" for some in rows)
    return hashlib.sha256(f"[{text}]".encode()).hexdigest()


def _escaped(text: str) -> str:
    """JSON with what is not plain ASCII escaped as `canonical` has it."""
    is_plain = text.isascii() and "\\" not in text
    return text if is_plain else json.dumps(json.loads(f"[{text}]"), separators=(",", ":"))[1:-1]


_OPENED_TEXT = """
select since_event, group_concat(told)
from (
    select since_event, json_array(number_id, spell_id, first_call_at, coalesce(last_call_at, '')) as told
    from holders
    order by since_event, number_id, spell_id, first_call_at, coalesce(last_call_at, '')
)
group by since_event
"""
_CLOSED_TEXT = """
select closed_by, group_concat(told)
from (
    select
        case when until_event > since_event then until_event else -1 end as closed_by,
        json_array(number_id, spell_id, first_call_at, coalesce(last_call_at, '')) as told
    from holders
    where until_event is not null
    order by closed_by, number_id, spell_id, first_call_at, coalesce(last_call_at, '')
)
group by closed_by
"""
_STANDING_HITS_TEXT = """
select group_concat(told)
from (
    select json_array(caller_id, rule_id, hit) as told
    from stop_hits
    where until_event is null
    order by caller_id, rule_id, hit
)
"""
