"""Who held which number when, in plain Python by the words of the rule: an oracle that shares nothing with the models.

A number passes on where, from some call on, all that carry a subscriber's name and postcode carry somebody else's; or
by a silence that ended long enough ago, unless the same subscriber, or the same name and date of birth, are known on
both sides. It compares every two calls of a number, so it is slow.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from difflib import SequenceMatcher

Row = Mapping[str, str | None]
Spell = tuple[str, int]
FILLERS = {"MR", "MRS", "UNKNOWN", "PREPAID", "CUSTOMER"}


def held(
    rows: Sequence[Row], end: datetime, silence: timedelta, settled: timedelta
) -> tuple[list[Spell | None], list[tuple[Spell, Spell]]]:
    """Of each row, the number or premises and its holder, counted as each became known; None without either.

    Beside them the holders that nothing but a silence parts, two by two.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        if row.get("number"):
            places[str(row["number"])].append(at)
        elif row.get("premises"):
            places["p:" + str(row["premises"])].append(at)
    found: list[Spell | None] = [None] * len(rows)
    silent: list[tuple[Spell, Spell]] = []
    for line, members in places.items():
        starts = {} if line.startswith("p:") else _starts([rows[at] for at in members], end, silence, settled)
        order = sorted(starts, key=lambda start: (starts[start], start))
        for at in members:
            began = max((start for start in starts if start <= _when(rows[at])), default=None)
            found[at] = (line, 1 if began is None else 2 + order.index(began))
        turns = [(line, 1), *((line, 2 + order.index(start)) for start in sorted(starts))]
        pairs = zip(itertools.pairwise(turns), sorted(starts), strict=True)
        silent += [pair for pair, start in pairs if starts[start] > start]  # a new subscriber counts at once
    return found, silent


def joined(spells: Iterable[Spell], pairs: Iterable[tuple[Spell, Spell]]) -> list[frozenset[Spell]]:
    """The sets into which pairs join the spells."""
    sets = {spell: frozenset([spell]) for spell in spells}
    for one, other in pairs:
        if one in sets and other in sets:
            whole = sets[one] | sets[other]
            sets |= dict.fromkeys(whole, whole)
    return list(set(sets.values()))


def name(spells: frozenset[Spell]) -> str:
    """A name for the caller of these spells."""
    return " + ".join(f"{line}#{holder}" for line, holder in sorted(spells))


def _starts(rows: list[Row], end: datetime, silence: timedelta, settled: timedelta) -> dict[datetime, datetime]:
    """When each holder but the first begins, and from when on that counts."""
    moments = sorted({_when(row) for row in rows})
    if len(moments) == 1:
        return {}
    # What is the same on both sides of a moment parts nobody there: each of these spans is one holder's.
    of_line, of_person = ("subscriber_name", "subscriber_postcode"), ("person_name", "birth_date")
    subscribers = _spans([row for row in rows if _words(row) or _postcode(row)], of_line, _same_subscriber)
    persons = _spans([row for row in rows if _person(row)], of_person, lambda a, b: _person(a) == _person(b))
    detailed = {_when(row) for row in rows if _words(row) or _postcode(row)}
    starts, cuts = {}, [moments[0]]
    for before, at in itertools.pairwise(moments):
        is_known = any(first < at <= last for first, last in subscribers)
        is_person = any(first < at <= last for first, last in persons)
        if at - before >= silence and at < end - settled and not is_known and not is_person:
            starts[at] = at + settled
        if not is_known and at in detailed:
            cuts.append(at)
    return starts | {at: at for at in _new_subscribers(rows, cuts)}


def _spans(
    rows: list[Row], details: tuple[str, str], is_same: Callable[[Row, Row], bool]
) -> set[tuple[datetime, datetime]]:
    """From when to when each two details that are the same were seen."""
    seen: dict[tuple[str | None, ...], list[Row]] = defaultdict(list)
    for row in rows:
        seen[tuple(row.get(name) for name in details)].append(row)
    kinds = [(part[0], min(map(_when, part)), max(map(_when, part))) for part in seen.values()]
    return {(min(a[1], b[1]), max(a[2], b[2])) for a in kinds for b in kinds if is_same(a[0], b[0])}


def _new_subscribers(rows: list[Row], cuts: list[datetime]) -> set[datetime]:
    """Of the moments that part all details before from all since, those that begin a known subscriber's time."""
    parts = {at: [row for row in rows if max(cut for cut in cuts if cut <= _when(row)) == at] for at in cuts}
    known = [at for at in cuts if any(map(_is_whole, parts[at]))]
    return set(known[1:])


def _same_subscriber(one: Row, other: Row) -> bool:
    if _postcode(one) and _postcode(one) == _postcode(other):
        return True
    return any(SequenceMatcher(None, a, b).ratio() > 0.75 for a in _words(one) for b in _words(other))


def _is_whole(row: Row) -> bool:
    return bool(_words(row) and _postcode(row))


def _words(row: Row) -> list[str]:
    words = re.findall(r"[A-Z]{2,}", (row.get("subscriber_name") or "").upper())
    return [word for word in words if word not in FILLERS]


def _postcode(row: Row) -> str:
    return re.sub(r"\W", "", row.get("subscriber_postcode") or "").upper()


def _person(row: Row) -> str:
    person, birth = " ".join((row.get("person_name") or "").upper().split()), (row.get("birth_date") or "").strip()
    return f"{person} {birth}" if person and birth else ""


def _when(row: Row) -> datetime:
    return datetime.fromisoformat(row["received_at"] or "")
