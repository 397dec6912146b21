"""Which line a call came on, and what of it the log shows.

People change SIM, keep a second telephone, give a number up; a number given up goes to somebody
else after a gap. A number is missing on 999 for limited-service roaming, VoIP and faults only: to
withhold it does not work there, and a handset without a SIM cannot call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from misuse.synth import population, ranges
from misuse.synth.calls import Calls
from misuse.synth.population import Town
from misuse.synth.rhythm import Clock
from misuse.synth.settings import SyntheticSettings

Ints = npt.NDArray[np.signedinteger[Any]]
Flags = npt.NDArray[np.bool_]
DAY = 86400
SECOND_LINE_SHARE, THIRD_LINE_SHARE = 0.12, 0.02  # of misusers with more than a few calls
CHANGED_SIM = 0.6  # of further lines; the rest are second telephones, used for three calls in ten
HANDED_ON_PUBLIC = 900  # in a year of London
HANDED_ON_MISUSERS = 25

# What the log shows of a line: the first five as codes.CLI_STATUS, then two that look presented.
PRESENTED, ROAMING, VOIP, FAULT, WITHHELD, MALFORMED, PLACEHOLDER = range(7)


@dataclass(frozen=True)
class Further:
    """Lines of people who have another already: from when, and whether in place of it."""

    person: Ints
    line: Ints
    since: Ints
    is_instead: Flags


@dataclass(frozen=True)
class Handed:
    """Lines that change hands: whose until when, whose from when."""

    line: Ints
    until: Ints
    since: Ints
    to: Ints


@dataclass(frozen=True)
class Holding:
    """All that is true of lines beyond everyone's own."""

    further: tuple[Further, ...]
    handed: Handed
    kinds: npt.NDArray[np.int8]  # of every line


def assign(
    calls: Calls, town: Town, settings: SyntheticSettings, clock: Clock, rng: np.random.Generator
) -> tuple[Calls, Holding]:
    """The calls on the lines they came on, and who held which line when."""
    chance = rng.random(len(town.misusers))
    next_line = town.public + len(town.shared.kind)
    further = []
    for share, low, high in ((SECOND_LINE_SHARE, 0.15, 0.80), (THIRD_LINE_SHARE, 0.80, 0.97)):
        further.append(_further(town, chance < share, (low, high), next_line, clock, rng))
        next_line += len(further[-1].line)
        _use(further[-1], calls, rng)
    handed = _hand_on(calls, town, settings, further[0].person, clock, rng)
    calls = _use_handed(handed, calls)
    places = np.full(len(town.shared.kind), ranges.FIXED)
    added = np.where(rng.random(next_line - town.public - len(places)) < 0.85, ranges.MOBILE, ranges.FIXED)
    kinds = population.line_kinds(town.public, np.concatenate([places, added]), rng, drama=settings.drama)
    return calls, Holding(tuple(further), handed, kinds)


def _further(
    town: Town, chosen: Flags, part: tuple[float, float], first: int, clock: Clock, rng: np.random.Generator
) -> Further:
    who = np.flatnonzero(chosen & (town.spells.calls >= 4))
    who = who[np.argsort(town.misusers[who])]
    instead = rng.random(len(who)) < CHANGED_SIM
    day = town.spells.start[who] + town.spells.length[who] * rng.uniform(*part, len(who))
    since = np.where(instead, clock.first + (day * DAY).astype(np.int64), clock.first)
    return Further(town.misusers[who], first + np.arange(len(who)), since, instead)


def _use(further: Further, calls: Calls, rng: np.random.Generator) -> None:
    """Move calls of these people to their further line."""
    if not len(further.person):
        return
    at = np.searchsorted(further.person, calls.person).clip(0, len(further.person) - 1)
    mine = np.flatnonzero(further.person[at] == calls.person)
    entry = at[mine]
    seldom = rng.random(len(mine)) < 0.3
    moved = np.where(further.is_instead[entry], calls.time[mine] >= further.since[entry], seldom)
    calls.line[mine[moved]] = further.line[entry[moved]]


def _hand_on(
    calls: Calls, town: Town, settings: SyntheticSettings, several: Ints, clock: Clock, rng: np.random.Generator
) -> Handed:
    """Numbers given up and given out again, of the public and of misusers whose spell is over."""
    year, days = settings.days / 365, float(settings.days)
    ends = town.spells.start + town.spells.length
    quiet = (ends > 0) & (ends < days - 130) & (town.spells.calls >= 10) & ~np.isin(town.misusers, several)
    ended = rng.permutation(np.flatnonzero(quiet))[: max(round(HANDED_ON_MISUSERS * settings.misuse_scale * year), 1)]
    plain = np.setdiff1d(np.arange(town.public), np.concatenate([town.misusers, *town.persona_people]))
    given = rng.permutation(plain)[: round(HANDED_ON_PUBLIC * settings.scale * year)]
    until_day = np.concatenate([ends[ended] + 18, rng.random(len(given)) * days * 0.6])
    since_day = until_day + rng.uniform(70, 110, len(until_day))
    line = np.concatenate([town.misusers[ended], given])
    order = np.argsort(line)
    to = town.public + int(town.shared.users.sum()) + np.arange(len(line))
    seconds = [clock.first + (day * DAY).astype(np.int64)[order] for day in (until_day, since_day)]
    handed = Handed(line[order], seconds[0], seconds[1], to)
    _plant_next(handed, calls, ended=np.isin(line[order], town.misusers), rng=rng)
    return handed


def _plant_next(handed: Handed, calls: Calls, *, ended: Flags, rng: np.random.Generator) -> None:
    """A few ordinary calls by whoever got a misuser's number: taken from the public's."""
    entry = np.repeat(np.flatnonzero(ended), rng.integers(3, 9, int(ended.sum())))
    ordinary = rng.permutation(np.flatnonzero(calls.role == population.CALLER))[: len(entry)]
    entry = entry[: len(ordinary)]
    fits = calls.time[ordinary] >= handed.since[entry]
    calls.line[ordinary[fits]] = calls.person[ordinary[fits]] = handed.line[entry[fits]]
    calls.marker[ordinary[fits]] = 0


def _use_handed(handed: Handed, calls: Calls) -> Calls:
    """Calls after the change are the next holder's; between the holders the line is dead."""
    if not len(handed.line):
        return calls
    at = np.searchsorted(handed.line, calls.line).clip(0, len(handed.line) - 1)
    mine = handed.line[at] == calls.line
    late = mine & (calls.time >= handed.since[at])
    calls.person[late] = handed.to[at[late]]
    calls.role[late] = population.NEXT_HOLDER
    return calls.take(~mine | (calls.time < handed.until[at]) | late)


def shown(calls: Calls, kinds: npt.NDArray[np.int8], often: Flags, rng: np.random.Generator) -> Ints:
    """What the log shows of each call's line. Misusers who call often stand on lines that mostly show."""
    kind = kinds[calls.line]
    size = len(calls)
    chance = np.array([0.031, 0.016, 0.22])[kind] * np.where(often, 0.6, 1.0)
    reason = np.where(kind == ranges.VOIP, VOIP, np.where(kind == ranges.MOBILE, ROAMING, FAULT))
    reason = np.where((kind == ranges.MOBILE) & (rng.random(size) < 0.25), FAULT, reason)
    state = np.where(rng.random(size) < chance, reason, PRESENTED)
    odd = rng.random(size)
    state = np.where(odd < 0.0012, PLACEHOLDER, np.where(odd < 0.0022, MALFORMED, state))
    # On 101 a caller may withhold the number, and many do.
    return np.where((calls.channel == 1) & (rng.random(size) < 0.30), WITHHELD, state).astype(np.int8)
