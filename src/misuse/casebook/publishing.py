"""What a run publishes of who held which number and of the hits by which rules stop whom: kept, digested, verified.

There are hundreds of thousands of both, and a night changes some hundred: all go by the driver, and are put in order once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from misuse.casebook.events import Event, canonical
from misuse.casebook.holders import PUBLISHED, SHOWN, Holding, publications, shown_of
from misuse.casebook.rows import fetched, uncollected

if TYPE_CHECKING:
    import sqlalchemy as sa

Hit = tuple[str, str, str]  # a caller, a rule, and what the rule was hit by


@dataclass(frozen=True)
class Change:
    """What a publication closes and opens of holders, and which hits stand with it, all in order."""

    closed: list[Holding]
    opened: list[Holding]
    hits: list[Hit]

    @property
    def told(self) -> dict[str, Any]:
        """What the event that publishes them says of them."""
        return {
            "digest": digest_of([_texts_of(row) for row in self.closed], [_texts_of(row) for row in self.opened]),
            "hits_digest": digest_of(self.hits),
            "closed": len(self.closed),
            "opened": len(self.opened),
        }


def digest_of(*rows: Sequence[Sequence[str]]) -> str:
    """A digest of one list of rows or several, each in order."""
    return hashlib.sha256(canonical(rows).encode()).hexdigest()


@uncollected()
def change(con: sa.Connection, current: Iterable[Holding], hits: Iterable[Hit]) -> Change:
    """What differs between the newest publication and what is held now."""
    before = set(fetched(con, _STANDING))
    after = dict.fromkeys(current)  # as they come, which is nearly in order
    closed, opened = before.difference(after), [row for row in after if row not in before]
    standing = list(dict.fromkeys(sorted(hits)))
    return Change(sorted(closed, key=_texts_of), sorted(opened, key=_texts_of), standing)


_STANDING = "select number_id, spell_id, first_call_at, last_call_at from holders where until_event is null"


def _texts_of(row: Holding) -> list[str]:
    return [text or "" for text in row]


@uncollected()
def keep(con: sa.Connection, event: Event, found: Change) -> None:
    """Keep what an event published: holders as they changed, and the hits; those of before the shown run go."""
    shown = max(publications(con).get(str(con.info.get(SHOWN)), ()), default=0)
    held: set[Hit] = set(fetched(con, _STANDING_HITS))
    gone, new = sorted(held.difference(found.hits)), [hit for hit in found.hits if hit not in held]
    at = event.event_id
    _each(con, _CLOSE, [(at, *row[:2]) for row in found.closed])
    _each(con, _OPEN, [(*row, at) for row in found.opened])
    _each(con, _CLOSE_HIT, [(at, *hit) for hit in gone])
    _each(con, _OPEN_HIT, [(*hit, at) for hit in new])
    con.exec_driver_sql(_FORGET_HITS, (shown,))


def _each(con: sa.Connection, statement: str, values: list[tuple[Any, ...]]) -> None:
    """Run a statement for each of the values, by the driver: with values by name half a million take five times as long."""
    if values:
        con.exec_driver_sql(statement, values)


_CLOSE = "update holders set until_event = ? where number_id = ? and spell_id = ? and until_event is null"
_OPEN = """
insert into holders (number_id, spell_id, first_call_at, last_call_at, since_event) values (?, ?, ?, ?, ?)
"""
_STANDING_HITS = "select caller_id, rule_id, hit from stop_hits where until_event is null"
_CLOSE_HIT = """
update stop_hits set until_event = ? where caller_id = ? and rule_id = ? and hit = ? and until_event is null
"""
_OPEN_HIT = "insert into stop_hits (caller_id, rule_id, hit, since_event) values (?, ?, ?, ?)"
_FORGET_HITS = "delete from stop_hits where until_event <= ?"


def hits(con: sa.Connection, caller_id: str, rule_id: str) -> list[str]:
    """The hits by which a rule stops a caller in the run that is shown."""
    import sqlalchemy as sa

    values = {"caller": caller_id, "rule": rule_id, "shown": shown_of(con, publications(con))}
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
