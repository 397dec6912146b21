"""The calls: who, when, what it was and how it was coded. One array a fact, no loop over calls."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from misuse.synth import codes, population, rhythm
from misuse.synth.population import Spells, Town
from misuse.synth.rhythm import Clock
from misuse.synth.settings import SyntheticSettings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.signedinteger[Any]]

# Of the calls in a misuser's stream: coded misuse though in earnest, and misuse coded as something
# else. So about one misuse code in eleven is wrong.
MISCODED_MISUSE = 0.085
MISSED_MISUSE = 0.05
BLANK_CLOSING = 0.008
PUBLIC_MISCODED = 0.0004
OWN_STYLE = 0.65  # of a misuser's calls bear their usual code

# Of what is kept of every call: a hundred million of them stand in memory at once. The rest are places in short tables.
_WIDTHS = {"time": np.int64, "person": np.int32, "line": np.int32}

_PUBLIC = np.array([0.0 if code.group == "misuse" else code.weight for code in codes.CODES])
_GENUINE = np.array([code.weight if code.group == "genuine" else 0.0 for code in codes.CODES])
_MISUSE = np.array([code.weight if code.group == "misuse" else 0.0 for code in codes.CODES])
_MISSED_AS = np.array([codes.INDEX[name] for name in ("NON EMERGENCY", "ADVICE", "ABANDONED", "SILENT CALL")])


@dataclass(frozen=True)
class Calls:
    """Calls as parallel arrays. `line` is the true line; what the log shows of it comes later."""

    time: Ints
    person: Ints
    line: Ints
    true_code: Ints
    closing: Ints
    role: Ints
    marker: Ints
    channel: Ints

    def __len__(self) -> int:
        return len(self.time)

    def take(self, where: npt.NDArray[np.generic]) -> Calls:
        """The calls at these places, or where true."""
        return Calls(*(getattr(self, f.name)[where] for f in fields(self)))


def stack(parts: list[Calls]) -> Calls:
    """All parts, one after the other."""
    return Calls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Calls)))


def made(time: Ints, person: Ints, true_code: Ints, closing: Ints, role: int, marker: Ints | None = None) -> Calls:
    """Calls of one role on the 999 channel, each from the line of its person's own index."""
    none = np.zeros(len(time), dtype=np.int16)
    marks, roles = none if marker is None else marker, np.full_like(none, role)
    facts = (time, person, person, true_code, closing, roles, marks, none)
    named = zip(fields(Calls), facts, strict=True)
    return Calls(*(np.array(values, dtype=_WIDTHS.get(field.name, np.int16)) for field, values in named))


def drawn(weights: Floats, size: int, rng: np.random.Generator) -> Ints:
    """Indices by weight."""
    return np.searchsorted(np.cumsum(weights / weights.sum()), rng.random(size), side="right").clip(0, len(weights) - 1)


def spell_times(spells: Spells, clock: Clock, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """The times of every call of every spell and the spell it belongs to: bursts within the spell."""
    owner = np.repeat(np.arange(len(spells.calls)), spells.calls)
    first_burst = np.concatenate([[0], np.cumsum(spells.bursts)[:-1]]).astype(np.int64)
    burst_owner = np.repeat(np.arange(len(spells.calls)), spells.bursts)
    place = rng.random(len(burst_owner))
    days = spells.start[burst_owner] + spells.length[burst_owner] * place
    burst_time = rhythm.misuse_times(clock, days, rng)
    burst = first_burst[owner] + (rng.random(len(owner)) * spells.bursts[owner]).astype(np.int64)
    gap = rng.exponential(14 * 60, len(owner)).astype(np.int64)  # most of a burst falls within an hour
    return burst_time[burst] + gap, owner


def _in_log(calls: Calls, clock: Clock) -> Calls:
    return calls.take((calls.time >= clock.first) & (calls.time < clock.last))


def misuser_calls(town: Town, clock: Clock, rng: np.random.Generator) -> Calls:
    """The streams of those who misuse 999, code errors included."""
    time, owner = spell_times(town.spells, clock, rng)
    size = len(time)
    style = drawn(_MISUSE, len(town.misusers), rng)
    usual = rng.random(size) < OWN_STYLE
    coded = np.where(usual, style[owner], drawn(_MISUSE, size, rng))
    chance = rng.random(size)
    in_earnest = chance < MISCODED_MISUSE
    missed = chance > 1 - MISSED_MISUSE
    true_code = np.where(in_earnest, drawn(_GENUINE, size, rng), coded)
    closing = np.where(missed, _MISSED_AS[rng.integers(0, len(_MISSED_AS), size)], coded)
    closing = np.where((rng.random(size) < BLANK_CLOSING) & ~missed, codes.BLANK, closing)
    marker = _misuser_markers(town.spells, owner, rng)
    calls = made(time, town.misusers[owner], true_code, closing, population.MISUSER, marker)
    return _in_log(calls, clock)


def _misuser_markers(spells: Spells, owner: Ints, rng: np.random.Generator) -> Ints:
    """Support flags on many who call often, and a stop on a few of them: misuse and need may be one person's."""
    often = spells.calls >= 7
    chance = rng.random(len(spells.calls))
    trait = np.zeros(len(spells.calls), dtype=np.int64)
    for name, low, high in (
        ("mental_health", 0.0, 0.24),
        ("mental_health;vulnerable", 0.24, 0.32),
        ("vulnerable", 0.32, 0.42),
        ("dementia", 0.42, 0.426),
        ("child", 0.426, 0.434),
        ("suicidal", 0.434, 0.444),
    ):
        trait[often & (chance >= low) & (chance < high)] = codes.MARKER_INDEX[name]
    return np.where(rng.random(len(owner)) < 0.55, trait[owner], 0)


def misuser_genuine_calls(town: Town, clock: Clock, rng: np.random.Generator) -> Calls:
    """Those who misuse 999 also need it: a call or so a month while they are about."""
    spells = town.spells
    often = spells.calls >= 6
    rate = np.where(often, rng.gamma(1.2, 0.8, len(spells.calls)) * (spells.length + 30) / 30, 0.0)
    owner = np.repeat(np.arange(len(rate)), rng.poisson(rate))
    days = spells.start[owner] - 15 + rng.random(len(owner)) * (spells.length[owner] + 30)
    time = rhythm.misuse_times(clock, days, rng)
    true_code = drawn(_GENUINE, len(owner), rng)
    return _in_log(made(time, town.misusers[owner], true_code, true_code, population.MISUSER), clock)


def persona_calls(town: Town, clock: Clock, rng: np.random.Generator) -> list[Calls]:
    """People in need whose calls were coded misuse, with the marker that tells."""
    parts = []
    for index, persona in enumerate(population.PERSONAS):
        time, owner = spell_times(town.persona_spells[index], clock, rng)
        size = len(time)
        true_code = np.full(size, codes.INDEX[persona.true_code])
        coded = rng.random(size) < population.PERSONA_CODED
        closing = np.where(coded, codes.INDEX[persona.coded_as], true_code)
        marker = np.where(rng.random(size) < persona.marker_share, codes.MARKER_INDEX[persona.marker], 0)
        person = town.persona_people[index][owner]
        parts.append(_in_log(made(time, person, true_code, closing, population.FIRST_PERSONA + index, marker), clock))
    return parts


def shared_line_calls(town: Town, clock: Clock, weights: Floats, rng: np.random.Generator) -> Calls:
    """Calls from lines with many users: the line is the place's, the person whoever picked it up."""
    shared = town.shared
    size_misuse, size_other = int(shared.misuse_calls.sum()), int(shared.other_calls.sum())
    place = np.arange(len(shared.kind))
    line = np.concatenate([np.repeat(place, shared.misuse_calls), np.repeat(place, shared.other_calls)])
    first_user = np.concatenate([[0], np.cumsum(shared.users)[:-1]]).astype(np.int64)
    user = (shared.users[line] * rng.random(len(line)) ** 1.4).astype(np.int64)
    time = rhythm.general_times(clock, weights, size_misuse + size_other, rng)
    coded = drawn(_MISUSE, size_misuse, rng)
    other = drawn(_PUBLIC, size_other, rng)
    meant = np.where(rng.random(size_misuse) < 0.85, coded, drawn(_GENUINE, size_misuse, rng))
    names = np.array([codes.MARKER_INDEX[name] for name in codes.SHARED_MARKERS])
    shown = shared.is_marked[line] & (rng.random(len(line)) < 0.92)
    marker = np.where(shown, names[shared.kind[line]], 0)
    true_code, closing = np.concatenate([meant, other]), np.concatenate([coded, other])
    person = town.public + first_user[line] + user
    calls = made(time, person, true_code, closing, population.SHARED_USER, marker)
    return replace(calls, line=(town.public + line).astype(calls.line.dtype))


def public_calls(
    size: int, town: Town, settings: SyntheticSettings, clock: Clock, weights: Floats, rng: np.random.Generator
) -> Calls:
    """Everybody else's calls: most people once, some often; with 101's among them."""
    total = size + settings.total_101
    person = _anybody(total, town, rng)
    time = rhythm.general_times(clock, weights, total, rng)
    true_code = drawn(_PUBLIC, total, rng).astype(np.int16)
    miscoded = rng.random(total) < PUBLIC_MISCODED
    closing = np.where(miscoded, drawn(_MISUSE, total, rng), true_code)
    closing = np.where(rng.random(total) < 0.004, codes.BLANK, closing).astype(np.int16)
    calls = made(time, person, true_code, closing, population.CALLER, _public_markers(person, true_code, town, rng))
    calls.channel[size:] = 1
    # 101 has misuse of its own; it is not the headline's.
    rare = size + np.flatnonzero(rng.random(total - size) < 0.006)
    calls.true_code[rare] = calls.closing[rare] = drawn(_MISUSE, len(rare), rng)
    return calls


def _anybody(size: int, town: Town, rng: np.random.Generator) -> Ints:
    """One of the public for each call: some of them often."""
    often = rng.random(size) < 0.25
    chance = rng.random(size)
    person = (town.public * np.where(often, chance**1.5, chance)).astype(np.int64)
    person = (person * 7_368_787 + 12_345) % town.public if np.gcd(7_368_787, town.public) == 1 else person
    return person.astype(np.int32)


def _public_markers(person: Ints, true_code: Ints, town: Town, rng: np.random.Generator) -> Ints:
    """Markers by what the call is about; frequent misusers get theirs with their own calls only."""
    name = np.zeros(len(codes.CODES), dtype=np.int64)
    chance = np.zeros(len(codes.CODES))
    for code, (marker, share) in codes.CODE_MARKERS.items():
        name[codes.INDEX[code]], chance[codes.INDEX[code]] = codes.MARKER_INDEX[marker], share
    plays_a_part = np.zeros(town.public, dtype=bool)
    plays_a_part[town.misusers[town.spells.calls >= 7]] = True
    shown = (rng.random(len(person)) < chance[true_code]) & ~plays_a_part[person]
    return np.where(shown, name[true_code], 0).astype(np.int16)


def all_calls(town: Town, settings: SyntheticSettings, clock: Clock, streams: dict[str, np.random.Generator]) -> Calls:
    """Every call of the log, ordered by time; lines not yet changed or handed on."""
    weights = rhythm.general_weights(clock, settings.start, streams["rhythm"])
    planted = stack(
        [
            misuser_calls(town, clock, streams["misuse"]),
            misuser_genuine_calls(town, clock, streams["genuine"]),
            *persona_calls(town, clock, streams["personas"]),
            shared_line_calls(town, clock, weights, streams["shared"]),
        ]
    )
    rest = max(settings.total_999 - len(planted), 0)
    calls = stack([planted, public_calls(rest, town, settings, clock, weights, streams["public"])])
    return calls.take(np.argsort(calls.time, kind="stable"))
