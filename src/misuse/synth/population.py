"""Who lives in the synthetic London: misusers and their spells, people in need who look like them, lines.

The population is stationary: spells begin before the log and end after it, so that a share counted
over a longer log grows although nobody behaves differently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from misuse.synth import codes, ranges
from misuse.synth.settings import SyntheticSettings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Calibrated on twelve-month logs of reading A to 43% of misuse by persons of ten or more (docs/synthetic.md).
TAIL_EXPONENT = 2.185  # chance of n misuse calls in a spell falls as n to the minus this
TOP_CALLS = 1800  # in one spell, of which the log sees a part
LONGEST_SPELL = 400.0  # days
PERSON_STREAM = 1.055  # of the target, so that true misuse meets it: some of the stream is code error
PEOPLE_PER_DAILY_CALL = 190
GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Spells:
    """Spells of calling, one a person: how many calls, from when, how long, in how many bursts."""

    calls: Ints
    start: Floats  # days from the log's start, before it where negative
    length: Floats  # days
    bursts: Ints


@dataclass(frozen=True)
class Persona:
    """People whose calls are coded misuse and are none, and the marker that tells."""

    name: str
    count: float  # in a year of London
    median_calls: float
    spread: float
    calls_per_burst: float
    spell_days: float
    marker: str
    marker_share: float
    true_code: str
    coded_as: str
    most: int = 0  # the busiest of them, where one is planted


PERSONAS: tuple[Persona, ...] = (
    Persona("silent_victim", 24, 20, 0.45, 2, 120, "domestic_abuse", 0.8, "SILENT CALL", "SILENT NUISANCE", 45),
    Persona("handset_fault", 14, 60, 0.7, 12, 40, "handset_fault", 0.7, "POCKET DIAL", "SILENT NUISANCE", 260),
    Persona("dementia", 13, 34, 0.6, 3, 180, "dementia", 0.7, "CONCERN FOR SAFETY", "NUISANCE CALL"),
    Persona("hate_victim", 5, 40, 0.4, 1.5, 300, "hate_crime", 0.6, "HATE CRIME", "INAPPROPRIATE 999", 108),
    Persona("child", 10, 20, 0.4, 4, 60, "child", 0.6, "CHILD PLAYING", "HOAX"),
    Persona("frequent_contact", 6, 24, 0.3, 1.5, 300, "repeat_victim", 0.6, "DOMESTIC", "NUISANCE CALL"),
    Persona("suicidal", 9, 26, 0.45, 2.5, 150, "suicidal", 0.9, "MENTAL HEALTH CRISIS", "NUISANCE CALL"),
    Persona("sos_fault", 8, 34, 0.5, 6, 30, "sos_fault", 0.8, "POCKET DIAL", "NUISANCE CALL"),
    Persona("language", 4, 20, 0.3, 2, 90, "language", 0.6, "CONCERN FOR SAFETY", "ABUSIVE CALL"),
    Persona("care_alarm", 6, 30, 0.4, 3, 150, "care_alarm", 0.8, "SILENT CALL", "SILENT NUISANCE"),
    Persona("medical_alarm", 4, 26, 0.4, 3, 150, "medical_alarm", 0.8, "SILENT CALL", "SILENT NUISANCE"),
    Persona("silent_55", 3, 18, 0.2, 2, 90, "silent_55", 0.4, "SILENT CALL", "SILENT NUISANCE"),
    Persona("codeword", 2, 16, 0.2, 1, 200, "codeword", 0.8, "DOMESTIC", "HOAX"),
    Persona("missing_person", 2, 16, 0.2, 3, 30, "missing_person", 0.9, "MISSING PERSON", "NUISANCE CALL"),
    Persona("hospital_walkout", 2, 16, 0.2, 3, 20, "hospital_walkout", 0.9, "MISSING PERSON", "NUISANCE CALL"),
    Persona("overdose", 2, 16, 0.2, 2, 60, "overdose", 0.9, "COLLAPSE ILLNESS INJURY", "ABUSIVE CALL"),
    Persona("child_abduction", 1, 16, 0.2, 2, 90, "child_abduction", 0.9, "DOMESTIC", "NUISANCE CALL"),
)
ALWAYS = ("silent_victim", "handset_fault", "dementia")  # one of each even in a small town
PERSONA_CODED = 0.80  # of their calls, coded misuse

# What a person is in truth. Below CALLER come the personas, in order.
ROLES = ("caller", "misuser", "shared_line_user", "next_holder", *(persona.name for persona in PERSONAS))
CALLER, MISUSER, SHARED_USER, NEXT_HOLDER, FIRST_PERSONA = 0, 1, 2, 3, 4


@dataclass(frozen=True)
class SharedLines:
    """Lines with many users: kind, users, calls in the log, whether the log marks them."""

    kind: Ints  # index into codes.SHARED_MARKERS
    users: Ints
    misuse_calls: Ints
    other_calls: Ints
    is_marked: npt.NDArray[np.bool_]


SHARED_COUNTS = (60, 25, 40, 10, 50, 40, 20, 25)  # a year of London, by codes.SHARED_MARKERS


@dataclass(frozen=True)
class Town:
    """Everyone: the general public first, those with a part to play drawn from among them."""

    public: int  # persons 0..public, each with the line of the same index
    misusers: Ints
    spells: Spells
    persona_people: tuple[Ints, ...]
    persona_spells: tuple[Spells, ...]
    shared: SharedLines


def tail(top: int) -> tuple[Ints, Floats]:
    """Possible numbers of calls in a spell and the chance of each."""
    support = np.arange(1, top + 1)
    chances = support ** (-TAIL_EXPONENT)
    return support, chances / chances.sum()


def misuse_spells(settings: SyntheticSettings, rng: np.random.Generator) -> Spells:
    """Spells enough for the target, drawn in strata so that the heavy tail hardly varies by seed."""
    top = max(int(TOP_CALLS * min(1.0, settings.misuse_scale) ** 0.4), 40)
    support, chances = tail(top)
    span = settings.days + LONGEST_SPELL
    wanted = PERSON_STREAM * settings.misuse_target * span / settings.days
    people = max(round(wanted / float(support @ chances)), 1)
    strata = (np.arange(people) + rng.random(people)) / people
    calls = support[np.searchsorted(np.cumsum(chances), strata, side="right").clip(0, top - 1)][::-1]
    start = ((rng.random() + np.arange(people) * GOLDEN) % 1.0) * span - LONGEST_SPELL
    length = 8.0 * calls**0.55 * np.exp(rng.normal(0.0, 0.5, people))
    length = np.where(calls == 1, 0.0, np.minimum(length, LONGEST_SPELL))
    per_burst = np.where(calls > 2, rng.uniform(1.0, 5.0, people), 1.0)
    return Spells(calls, start.astype(np.float64), length, np.ceil(calls / per_burst).astype(np.int64))


def persona_spells(persona: Persona, settings: SyntheticSettings, rng: np.random.Generator) -> Spells:
    """Spells of people in need, as many as the town is large."""
    span = settings.days + persona.spell_days
    expected = persona.count * settings.misuse_scale * span / (365.0 + persona.spell_days)
    people = int(expected + rng.random())
    if persona.name in ALWAYS and settings.misuse_target > 200:
        people = max(people, 1)
    calls = np.rint(persona.median_calls * np.exp(rng.normal(0.0, persona.spread, people))).astype(np.int64).clip(2)
    start = rng.random(people) * span - persona.spell_days
    if people and (persona.most or persona.name in ALWAYS):
        inside = max(settings.days - persona.spell_days, 0.0)
        start[0] = rng.random() * inside
        if settings.misuse_scale > 0.5:
            calls[0] = max(persona.most, calls[0])
    length = np.full(people, min(persona.spell_days, float(settings.days)))
    return Spells(calls, start, length, np.ceil(calls / persona.calls_per_burst).astype(np.int64))


def shared_lines(settings: SyntheticSettings, rng: np.random.Generator) -> SharedLines:
    """Care homes, kiosks and the like: each with many users and some calls coded misuse."""
    counts = np.maximum(np.rint(np.array(SHARED_COUNTS) * settings.scale).astype(np.int64), 0)
    counts[0] = max(counts[0], 1)
    kind = np.repeat(np.arange(len(counts)), counts)
    size = len(kind)
    year = settings.days / 365
    mean = 13.5 * settings.misuse_scale / settings.scale * year
    return SharedLines(
        kind,
        rng.integers(8, 90, size),
        rng.poisson(mean * np.exp(rng.normal(-0.4, 0.9, size))),
        rng.poisson(60 * year * np.exp(rng.normal(-0.3, 0.7, size))),
        rng.random(size) < 0.90,
    )


def public_size(settings: SyntheticSettings) -> int:
    """How many people may call; drama numbers are few, so a drama town is small."""
    wanted = round(PEOPLE_PER_DAILY_CALL * settings.calls_per_day)
    if settings.drama:
        wanted = min(wanted, ranges.capacity(ranges.MOBILE, drama=True))
    return max(wanted, 200)


def town(settings: SyntheticSettings, rng: np.random.Generator) -> Town:
    """Everyone, with the parts given out."""
    spells = misuse_spells(settings, rng)
    # Spells that cannot touch the log need no person.
    near = (spells.start + spells.length > -1) & (spells.start < settings.days)
    spells = Spells(spells.calls[near], spells.start[near], spells.length[near], spells.bursts[near])
    others = tuple(persona_spells(persona, settings, rng) for persona in PERSONAS)
    public = public_size(settings)
    sizes = [len(spells.calls), *(len(other.calls) for other in others)]
    public = max(public, 3 * sum(sizes)) if not settings.drama else public
    drawn = rng.permutation(public)[: sum(sizes)]
    parts = np.split(drawn, np.cumsum(sizes)[:-1])
    return Town(public, parts[0], spells, tuple(parts[1:]), others, shared_lines(settings, rng))


def line_kinds(public: int, extra: Ints, rng: np.random.Generator, *, drama: bool) -> npt.NDArray[np.int8]:
    """Mobile, fixed or VoIP for every line of the public, then the given kinds."""
    chance = rng.random(public)
    cut = (0.80, 0.985) if drama else (0.80, 0.98)
    kinds = np.where(chance < cut[0], ranges.MOBILE, np.where(chance < cut[1], ranges.FIXED, ranges.VOIP))
    return np.concatenate([kinds, extra]).astype(np.int8)


def home_boroughs(people: Ints) -> Ints:
    """Where each person lives: a fixed function of who they are."""
    weights = np.array([weight for _, weight in codes.BOROUGHS], dtype=float)
    return np.searchsorted(np.cumsum(weights / weights.sum()), unit(people, 7)).clip(0, len(weights) - 1)


def scatter(keys: npt.NDArray[np.integer], salt: int) -> npt.NDArray[np.uint64]:
    """A fixed 64-bit scatter of keys (splitmix64), for traits that need no array of their own."""
    mixed = keys.astype(np.uint64) + np.uint64(salt * 0x9E3779B97F4A7C15 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def pick(keys: npt.NDArray[np.integer], salt: int, options: int) -> Ints:
    """One of `options` for each key, always the same for the same key."""
    return (scatter(keys, salt) % np.uint64(options)).astype(np.int64)


def unit(keys: npt.NDArray[np.integer], salt: int) -> Floats:
    """A number between 0 and 1 for each key, always the same for the same key."""
    return (scatter(keys, salt) >> np.uint64(11)).astype(np.float64) / float(2**53)
