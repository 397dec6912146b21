"""What hard stops find by themselves, in plain Python by the words of the rules: an oracle that shares nothing with SQL.

Silent calls of numbers with an address or person in common with a marked call; wordless calls within minutes; something
new from a frequent contact. It keeps every call in memory and is slow.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests import marks


@dataclass(frozen=True)
class Patterns:
    """The reviewed words and figures."""

    silent: tuple[str, ...] = ()
    handset: tuple[str, ...] = ()
    duplicate: tuple[str, ...] = ()
    nowhere: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()  # every code of the misuse list, misuse or not
    words: tuple[str, ...] = ()
    marks: frozenset[str] = frozenset()  # markers whose ties count
    markers: frozenset[str] = frozenset()  # of every rule
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Seen:
    """One call as a safeguard sees it."""

    at: datetime
    line: str | None
    spell: Hashable
    caller: Hashable
    reach: Hashable
    is_person: bool
    coded: bool
    text: Mapping[str, str]

    def is_of(self, words: Collection[str], *fields: str) -> bool:
        return any(f" {word} " in f" {_plain(self.text.get(name, ''))} " for name in fields for word in words)


@dataclass
class Found:
    """Calls barred, by position; callers of whom every call is."""

    calls: set[int] = field(default_factory=set)
    callers: set[Hashable] = field(default_factory=set)


def find(calls: Sequence[Seen], patterns: Patterns) -> Found:
    """What the patterns bar."""
    found = Found()
    if patterns.limits:
        silent = [call.is_of(patterns.silent, "opening_code", "closing_code") for call in calls]
        _bursts(calls, silent, patterns, found)
        _news(calls, silent, patterns, found)
        _ties(calls, silent, patterns, found)
    return found


def _plain(code: str) -> str:
    return " ".join(re.findall("[A-Z0-9]+", code.upper()))


def _bursts(calls: Sequence[Seen], silent: Sequence[bool], patterns: Patterns, found: Found) -> None:
    least, span = patterns.limits["calls"], timedelta(minutes=patterns.limits["minutes"])
    lines: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for place, call in enumerate(calls):
        if call.spell and call.line and (silent[place] or call.is_of(patterns.handset, "opening_code", "closing_code")):
            lines[call.line].append((call.at, place))
    for wordless in lines.values():
        for start, _ in wordless:
            run = [place for at, place in wordless if start <= at <= start + span]
            if len(run) >= least:
                found.calls.update(run)


def _news(calls: Sequence[Seen], silent: Sequence[bool], patterns: Patterns, found: Found) -> None:
    persons: dict[Hashable, list[int]] = defaultdict(list)
    for place, call in enumerate(calls):
        if call.is_person:
            persons[call.reach].append(place)
    for places in persons.values():
        places.sort(key=lambda place: calls[place].at)
        found.calls.update(_new_of_one(calls, silent, patterns, places))


def _new_of_one(
    calls: Sequence[Seen], silent: Sequence[bool], patterns: Patterns, places: Sequence[int]
) -> Iterator[int]:
    limits, span = patterns.limits, timedelta(hours=patterns.limits["hours"])
    times = [calls[place].at for place in places]
    silences: dict[Hashable, datetime | None] = {}
    codes: dict[Hashable, dict[str, datetime | None]] = defaultdict(dict)
    last: dict[str, datetime] = {}
    for place in places:
        call = calls[place]
        before = bisect_left(times, call.at) - bisect_left(times, call.at - timedelta(days=limits["days"]))
        is_frequent = before >= limits["contacts"]
        if silent[place] and call.line not in silences:
            silences[call.line] = call.at if is_frequent else None
        code, known = _news_code(call, patterns), codes[call.line]
        if code and code not in known:
            known[code] = call.at if is_frequent and len(known) < limits["kinds"] else None
        is_repeat = code in last and call.at - last[code] <= span
        if code:
            last[code] = call.at
        is_duplicate = call.is_of(patterns.duplicate, "closing_code")
        if not is_frequent or not (call.coded or is_duplicate or silent[place]):
            continue
        since = silences.get(call.line) if silent[place] else None
        new_since = known.get(code) if code and not is_duplicate else None
        if (
            any(re.search(word, call.text.get("remarks", "").lower()) for word in patterns.words)
            or (silent[place] and (is_duplicate or (since is not None and call.at <= since + span)))
            or (code and is_duplicate and not is_repeat)
            or (new_since is not None and call.at <= new_since + span)
        ):
            yield place


def _news_code(call: Seen, patterns: Patterns) -> str:
    code = _plain(call.text.get("opening_code", ""))
    quiet = (*patterns.silent, *patterns.handset, *patterns.duplicate)
    return "" if code in patterns.listed or call.is_of(quiet, "opening_code") else code


def _ties(calls: Sequence[Seen], silent: Sequence[bool], patterns: Patterns, found: Found) -> None:
    holders: dict[tuple[str, str], dict[Hashable, list[tuple[int, bool]]]] = defaultdict(lambda: defaultdict(list))
    lone: dict[tuple[str, str], set[int]] = defaultdict(set)  # silent, of nobody known
    marked: dict[tuple[str, str], set[Hashable]] = defaultdict(set)
    lines = {call.line: call.reach for call in calls if _is_marked(call, patterns) and call.spell}
    for place, call in enumerate(calls):
        for via, value, is_home in _in_common(call, patterns):
            if call.spell is not None:
                holders[via, value][call.spell].append((place, is_home))
            elif silent[place]:
                lone[via, value].add(place)
            if _is_marked(call, patterns):
                marked[via, value].add(call.reach)
            elif via == "address" and call.spell and call.line in lines:
                marked[via, value].add(lines[call.line])
    silenced: set[Hashable] = set()
    spells: dict[Hashable, set[Hashable]] = defaultdict(set)
    for call in calls:
        spells[call.caller].add(call.spell)
    for key, reaches in marked.items():
        lines: dict[str | None, set[Hashable]] = defaultdict(set)
        for call in (calls[place] for bearers in holders[key].values() for place, _ in bearers):
            lines[call.line].update({call.caller} if len(spells[call.caller]) > 1 else ())
        numbers = {min(several, key=str) if several else line for line, several in lines.items()}
        if len(numbers) > patterns.limits["most_numbers"]:
            continue
        found.calls.update(lone[key])
        for bearers in holders[key].values():
            call, at_home = calls[bearers[0][0]], any(home or silent[place] for place, home in bearers)
            if reaches - {call.reach} and (at_home or len(bearers) >= patterns.limits["place_calls"]):
                (found.callers if key[0] != "place" and call.is_person else silenced).add(call.caller)
    found.calls.update(place for place, call in enumerate(calls) if silent[place] and call.caller in silenced)


def _is_marked(call: Seen, patterns: Patterns) -> bool:
    return marks.bears(call.text.get("markers", ""), patterns.marks, patterns.markers)


def _in_common(call: Seen, patterns: Patterns) -> Iterator[tuple[str, str, bool]]:
    home, where = (
        call.text.get("subscriber_address") or call.text.get("premises", ""),
        call.text.get("incident_location", ""),
    )
    postcode = "".join(re.findall("[A-Z0-9]+", call.text.get("subscriber_postcode", "").upper())) or _last_postcode(
        home
    )
    person = "".join(sorted("".join(_name(call.text.get("person_name", "")))))
    born = _day(call.text.get("birth_date", ""))
    if person and born and person not in {"".join(sorted(word)) for word in patterns.nowhere}:
        yield "person", f"{person}|{born}", True
    if home and _spelled(home) not in patterns.nowhere:
        if postcode:
            yield "address", f"{_spelled(home)}|{postcode}", True
            yield "place", _spelled(home) + postcode, True
            for via in ("address", "place") if _door(home, postcode) else ():
                yield via, _door(home, postcode), True
        if len(_spelled(home)) >= 6:
            yield "place", _spelled(home), True
    if len(_spelled(where)) >= 6 and _spelled(where) not in patterns.nowhere:
        yield "place", _spelled(where), False
        if _door(where, _last_postcode(where)):
            yield "place", _door(where, _last_postcode(where)), False


def _spelled(place: str) -> str:
    words = re.findall("[A-Z0-9]+", place.upper())
    return "".join(re.sub("(REET|NUE|UARE|CENT)$", "", word) for word in words).replace("ROAD", "RD")


def _last_postcode(place: str) -> str:
    found = re.search(r"\b([A-Z]{1,2}\d[A-Z0-9]?) ?(\d[A-Z]{2})\W*$", place.upper())
    return "".join(found.groups()) if found else ""


def _door(place: str, postcode: str) -> str:
    if not re.fullmatch(r"[A-Z]{1,2}\d[A-Z0-9]?\d[A-Z]{2}", postcode):
        return ""
    own = {postcode, postcode[:-3], postcode[-3:]}
    words = [word for word in re.findall("[A-Z0-9]+", place.upper()) if word not in own]
    parts = [part for word in words for part in re.findall("[0-9]+|[A-Z]+", word)]
    told = sorted(part.lstrip("0") for part in parts if part.isdigit() or len(part) == 1)
    return f"{postcode} {' '.join(told)}" if any(part.isdigit() for part in told) else ""


def _name(name: str) -> list[str]:
    titles = {"MR", "MRS", "MS", "MISS", "DR"}
    return [word for word in re.findall("[A-Z0-9]+", name.upper()) if word not in titles]


def _day(born: str) -> str:
    parts = re.findall("[0-9]+", born)
    first, month, last = parts if len(parts) == 3 else (born, "", "")
    year, day = (first, last) if len(first) == 4 else (last, first)
    return f"{year}|{month.zfill(2)}|{day.zfill(2)}" if born else ""
