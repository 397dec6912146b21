"""An independent reckoning in plain Python: what the SQL models must come to, sharing no code with them.

Rows are dictionaries of text as a CSV gives them: call_id, received_at (UTC, ISO), channel, number (usable, as one
likes to write it), premises, bad_number (malformed or placeholder), opening_code, closing_code, qualifiers,
result_code, markers, remarks, handling_seconds, unit_seconds, subscriber_name, subscriber_postcode, person_name,
birth_date, subscriber_address, incident_location. Missing or empty is not measured.
"""

from __future__ import annotations

import calendar
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from tests import dangers, holders, marks
from tests.holders import Spell

UTC = ZoneInfo("UTC")


@dataclass
class Rules:
    closing: frozenset[str] = frozenset()
    opening: frozenset[str] = frozenset()
    qualifiers: frozenset[str] = frozenset()
    results: frozenset[str] = frozenset()
    doubtful_results: frozenset[str] = frozenset()
    doubtful_qualifiers: frozenset[str] = frozenset()
    call_stops: frozenset[str] = frozenset()
    caller_stops: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    markers: frozenset[str] = frozenset()  # of every rule, whatever it does
    codewords: tuple[str, ...] = ()
    caller_codewords: tuple[str, ...] = ()
    unknown: frozenset[str] = frozenset()  # closing codes that say they are not known
    doubts_absent: bool = False  # a blank one too, where most calls have one
    patterns: dangers.Patterns = field(default_factory=dangers.Patterns)
    stopped_by_person: frozenset[Spell] = frozenset()
    same: tuple[tuple[Spell, Spell], ...] = ()  # whom people hold for one


@dataclass
class Call:
    call_id: str
    at: datetime
    day: date
    channel: str
    spell: Spell | None
    line: str | None
    handling: int | None
    unit: int | None
    coded: bool
    contradicted: bool
    unknown: bool
    text: Mapping[str, str]
    bars_call: bool
    bars_caller: bool
    marks_shared: bool
    stopped: bool = False
    doubtful: bool = False
    misuse: bool = False
    caller: str | None = None


@dataclass
class Window:
    calls: int = 0
    misuse: int = 0
    unidentified: int = 0
    bridge: list[tuple[str, int, int, int]] = field(default_factory=list)
    persistent: list[dict[str, Any]] = field(default_factory=list)
    handling: tuple[int, int, int] = (0, 0, 0)  # persistent, all misuse, all calls
    unit: tuple[int, int, int] = (0, 0, 0)
    by_number: tuple[int, int, int] = (
        0,
        0,
        0,
    )  # persons' numbers over the line, their calls, and those calls' handling
    days_work: tuple[float, float] | None = None
    hours: tuple[float, float] | None = None
    stopped: frozenset[str] = frozenset()  # ids of coded misuse calls that a stop bars
    doubtful: frozenset[str] = frozenset()


def reckon(
    rows: Iterable[Mapping[str, str | None]],
    rules: Rules,
    *,
    as_of: date,
    window_days: int | None,
    threshold: int = 10,
    channel: str = "999",
    zone: str = "Europe/London",
    name_of: Callable[[frozenset[Spell]], str] = holders.name,
    gap: timedelta = timedelta(hours=1),
    silence: timedelta = timedelta(days=120),
    settled: timedelta = timedelta(days=90),
) -> Window:
    """The window's figures; `window_days` None is since the log's start. `name_of` names the caller of some spells.

    A spell is a number, or "p:" and premises, and which of its holders in turn: 1 is the first.
    """
    end = _midnight(as_of + timedelta(days=1), zone)
    rows = [row for row in rows if datetime.fromisoformat(row["received_at"] or "") < end]
    held, silent = holders.held(rows, end, silence, settled)
    has_closing = 2 * sum(bool((row.get("closing_code") or "").strip()) for row in rows) > len(rows)
    calls = [_call(row, rules, zone, spell, has_closing) for row, spell in zip(rows, held, strict=True)]
    spells = {call.spell for call in calls if call.spell}
    marked = {call.spell for call in calls if call.marks_shared and call.spell and not call.spell[0].startswith("p:")}
    shared = {spell for group in holders.joined(spells, silent) if group & marked for spell in group}
    nobodys = shared | {spell for spell in spells if spell[0].startswith("p:")}
    links = [pair for pair in rules.same if not nobodys & set(pair)]
    callers = {spell: name_of(group) for group in holders.joined(spells, links) for spell in group}
    of_one_number = [pair for pair in itertools.pairwise(sorted(spells)) if pair[0][0] == pair[1][0]]
    reach = holders.joined(spells, [*links, *of_one_number])
    barred = {call.spell for call in calls if call.bars_caller and call.spell} | rules.stopped_by_person
    stopped = {spell for group in reach if group & barred for spell in group}
    danger = dangers.find(_seen(calls, callers, reach, spells - nobodys), rules.patterns)
    for place, call in enumerate(calls):
        call.caller = callers[call.spell] if call.spell else None
        call.stopped = call.bars_call or call.bars_caller or call.spell in stopped
        call.stopped = (
            call.stopped or place in danger.calls or (call.caller in danger.callers and call.spell is not None)
        )
        call.doubtful = call.coded and not call.stopped and (call.contradicted or call.unknown)
        call.misuse = call.coded and not call.stopped and not call.doubtful
    first_day = min((call.day for call in calls), default=as_of + timedelta(days=1))
    start_day = first_day if window_days is None else as_of - timedelta(days=window_days - 1)
    start = _midnight(start_day, zone)
    inside = [call for call in calls if start <= call.at and call.channel == channel]
    persons = {callers[spell] for spell in spells - nobodys}
    return _window(inside, persons.__contains__, threshold, gap, max(start_day, first_day), as_of)


def _seen(
    calls: list[Call], callers: Mapping[Spell, str], reach: Iterable[frozenset[Spell]], persons: set[Spell]
) -> list[dangers.Seen]:
    """The calls as a safeguard sees them."""
    may_be = {spell: group for group in reach for spell in group}
    found = []
    for c in calls:
        whose = (callers[c.spell], may_be[c.spell]) if c.spell else (None, None)
        found.append(dangers.Seen(c.at, c.line, c.spell, *whose, c.spell in persons, c.coded, c.text))
    return found


def _call(row: Mapping[str, str | None], rules: Rules, zone: str, spell: Spell | None, has_closing: bool) -> Call:
    at = datetime.fromisoformat(row["received_at"] or "")
    text = {name: (row.get(name) or "").strip() for name in row}
    get = lambda name: text.get(name, "")  # noqa: E731
    qualifiers, markers = set(filter(None, get("qualifiers").split(";"))), get("markers")
    closing, opening, result = get("closing_code"), get("opening_code"), get("result_code")
    is_unsaid = closing in rules.unknown or not closing
    by_closing = closing in rules.closing
    coded = by_closing or (is_unsaid and opening in rules.opening)
    coded = coded or bool(qualifiers & rules.qualifiers) or result in rules.results
    line = get("number") or ("p:" + get("premises") if get("premises") else None)
    if line is None and get("bad_number"):
        line = "bad:" + get("bad_number")
    spoken = any(re.search(pattern, get("remarks").lower()) for pattern in rules.codewords)
    spoken_of_all = any(re.search(pattern, get("remarks").lower()) for pattern in rules.caller_codewords)
    return Call(
        call_id=get("call_id"),
        at=at,
        day=at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date(),
        channel=get("channel") or "999",
        spell=spell,
        line=line,
        handling=int(get("handling_seconds")) if get("handling_seconds") else None,
        unit=int(get("unit_seconds")) if get("unit_seconds") else None,
        coded=coded,
        contradicted=result in rules.doubtful_results or bool(qualifiers & rules.doubtful_qualifiers),
        bars_call=spoken or marks.bears(markers, rules.call_stops, rules.markers),
        unknown=not by_closing and (closing in rules.unknown or (not closing and rules.doubts_absent and has_closing)),
        text=text,
        bars_caller=spoken_of_all or marks.bears(markers, rules.caller_stops, rules.markers),
        marks_shared=marks.bears(markers, rules.shared, rules.markers),
    )


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def _window(
    inside: list[Call], is_person: Callable[[str | None], bool], threshold: int, gap: timedelta, first: date, last: date
) -> Window:
    misuse = [call for call in inside if call.misuse]
    by_caller: dict[str, list[Call]] = defaultdict(list)
    for call in misuse:
        if call.caller is not None:
            by_caller[call.caller].append(call)
    persistent = {name: part for name, part in by_caller.items() if is_person(name) and len(part) >= threshold}
    theirs = [call for part in persistent.values() for call in part]
    found = Window(len(inside), len(misuse), sum(call.caller is None for call in misuse))
    found.stopped = frozenset(call.call_id for call in inside if call.coded and call.stopped)
    found.doubtful = frozenset(call.call_id for call in inside if call.doubtful)
    found.by_number = _by_number(misuse, is_person, threshold)
    found.bridge = _bridge(inside, is_person, threshold)
    found.bridge.append(("after_linkage", len(persistent), len(theirs), len(misuse)))
    for kind in ("handling", "unit"):
        sums = tuple(sum(getattr(call, kind) or 0 for call in part) for part in (theirs, misuse, inside))
        setattr(found, kind, sums)
    entries = [_entry(name, part, threshold, gap) for name, part in persistent.items()]
    found.persistent = sorted(entries, key=lambda e: (-e["calls"], -e["work"], e["tenth"]))
    _monthly(found, inside, misuse, theirs, first, last)
    return found


def _entry(name: str, calls: list[Call], threshold: int, gap: timedelta) -> dict[str, Any]:
    calls = sorted(calls, key=lambda call: call.at)
    episodes = 1 + sum(later.at - earlier.at > gap for earlier, later in itertools.pairwise(calls))
    work = sum((call.handling or 0) + (call.unit or 0) for call in calls)
    tenth = calls[threshold - 1].at
    return {"caller": name, "calls": len(calls), "work": work, "tenth": tenth, "episodes": episodes}


def _by_number(misuse: list[Call], is_person: Callable[[str | None], bool], threshold: int) -> tuple[int, int, int]:
    of_line: dict[str | None, list[Call]] = defaultdict(list)
    for call in misuse:
        if is_person(call.caller):
            of_line[call.line].append(call)
    over = [part for part in of_line.values() if len(part) >= threshold]
    theirs = [call for part in over for call in part]
    return len(over), len(theirs), sum(call.handling or 0 for call in theirs)


def _bridge(
    inside: list[Call], is_person: Callable[[str | None], bool], threshold: int
) -> list[tuple[str, int, int, int]]:
    coded = [call for call in inside if call.coded]
    unstopped = [call for call in coded if not call.stopped]
    misuse = [call for call in unstopped if not call.doubtful]
    steps = [("coded_misuse", len({call.line for call in coded if call.line}), len(coded), len(coded))]

    def step(name: str, calls: list[Call], keep: Callable[[Call], bool]) -> None:
        tally = Counter(call.line for call in calls if call.line and keep(call))
        over = {line: count for line, count in tally.items() if count >= threshold}
        steps.append((name, len(over), sum(over.values()), len(calls)))

    step("by_number", coded, lambda call: True)
    step("less_stopped", unstopped, lambda call: True)
    step("less_doubtful", misuse, lambda call: True)
    step("less_unidentified", misuse, lambda call: call.caller is not None)
    step("less_shared_lines", misuse, lambda call: is_person(call.caller))
    return steps


def _monthly(
    found: Window, inside: list[Call], misuse: list[Call], theirs: list[Call], first: date, last: date
) -> None:
    months = {(call.day.year, call.day.month) for call in inside}
    whole = []
    for year, month in sorted(months):
        length = calendar.monthrange(year, month)[1]
        if date(year, month, 1) >= first and date(year, month, length) <= last:
            whole.append((year, month, length))
    if not whole:
        return
    part = lambda calls, year, month: [c for c in calls if (c.day.year, c.day.month) == (year, month)]  # noqa: E731
    days, hours = [], []
    for calls in (theirs, misuse):
        total = sum(
            (Fraction(len(part(calls, y, m)) * length, len(part(inside, y, m))) for y, m, length in whole), Fraction()
        )
        seconds = sum(call.handling or 0 for y, m, _ in whole for call in part(calls, y, m))
        days.append(float(total / len(whole)))
        hours.append(seconds / 3600 / len(whole))
    found.days_work, found.hours = (days[0], days[1]), (hours[0], hours[1])
