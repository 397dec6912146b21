"""One month of calls as the text of the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from misuse.synth import codes, lines, population, words
from misuse.synth.behaviour import Facts
from misuse.synth.calls import Calls
from misuse.synth.population import SharedLines, pick, unit
from misuse.synth.rhythm import Clock

Ints = npt.NDArray[np.signedinteger[Any]]
Flags = npt.NDArray[np.bool_]

# The log's columns, in order. rules/synthetic_source.toml declares them.
COLUMNS = (
    "call_date", "call_number", "received_at", "answered_time", "ended_time", "talk_seconds", "wrap_seconds",
    "channel", "cli", "cli_status", "subscriber_name", "subscriber_address", "subscriber_postcode", "person_name",
    "birth_date", "opening_code", "closing_code", "qualifiers", "result_code", "grade", "borough", "ward",
    "incident_location", "incident_ref", "linked_ref", "handler_ref", "units_assigned", "unit_seconds",
    "first_assigned_time", "arrived_time", "markers", "remarks", "recording_ref", "version",
)  # fmt: skip

_SALT_FIRST, _SALT_LAST, _SALT_HOUSE, _SALT_STREET, _SALT_POST, _SALT_BIRTH, _SALT_KNOWN, _SALT_SLIP = range(11, 19)


@dataclass(frozen=True)
class Log:
    """The whole log before it is text."""

    calls: Calls
    facts: Facts
    state: Ints  # what is shown of the line
    national: Ints  # national significant number of every line
    kinds: npt.NDArray[np.int8]
    shared: SharedLines
    public: int
    day: Ints  # local day of the log
    number: Ints  # the CAD number within its day
    clock: Clock
    start: date


def _lookup(options: tuple[str, ...], at: Ints) -> pl.Series:
    return pl.Series(options, dtype=pl.String).gather(at)


def _optional(options: tuple[str, ...], at: Ints, shown: Flags) -> pl.Series:
    """Options by index, blank where not shown."""
    return _lookup((*options, ""), np.where(shown, at, len(options)))


@cache
def _seconds_of_day() -> tuple[str, ...]:
    return (*(f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86400)), "")


def _time_of_day(log: Log, time: Ints, after: Ints) -> pl.Series:
    """London wall time `after` seconds after each time; blank where `after` is negative."""
    moment = time + after
    local = (moment + log.clock.offsets(moment)) % 86400
    return _lookup(_seconds_of_day(), np.where(after < 0, 86400, local))


def _days(log: Log, form: str) -> tuple[str, ...]:
    return tuple((log.start + timedelta(n)).strftime(form).upper() for n in range(int(log.day[-1]) + 1))


def month(log: Log, where: slice, rng: np.random.Generator) -> pl.DataFrame:
    """The log's rows in this part of it, every column text."""
    calls = log.calls.take(np.arange(where.start, where.stop))
    facts = Facts(**{name: getattr(log.facts, name)[where] for name in Facts.__dataclass_fields__})
    columns = {
        **_times(log, calls, facts, where),
        **_coded(calls, facts),
        **_line(log, calls, log.state[where], rng),
        **_subscriber(log, calls),
        **_person(calls, facts, rng),
        **_incident(log, calls, facts, where, rng),
        **_notes(calls, facts, where, rng),
    }
    frame = pl.DataFrame([pl.Series(name, columns[name]) for name in COLUMNS])
    return frame.select(pl.when(pl.all() != "").then(pl.all()))  # blank, and not a quoted nothing


def _times(log: Log, calls: Calls, facts: Facts, where: slice) -> dict[str, pl.Series]:
    offset = log.clock.offsets(calls.time)
    day = _lookup(_days(log, "%Y-%m-%d"), log.day[where])
    zone = _lookup(("+00:00", "+01:00"), offset // 3600)
    clock = _time_of_day(log, calls.time, np.zeros(len(calls), dtype=np.int64))
    ended = np.where(facts.talk < 0, -1, facts.answer + facts.talk)
    return {
        "call_date": day,
        "call_number": pl.Series(log.number[where]).cast(pl.String),
        "received_at": pl.DataFrame([day.alias("d"), clock.alias("c"), zone.alias("z")]).select(
            pl.concat_str([pl.col("d"), pl.lit("T"), pl.col("c"), pl.col("z")])
        )[:, 0],
        "answered_time": _time_of_day(log, calls.time, facts.answer),
        "ended_time": _time_of_day(log, calls.time, ended),
        "talk_seconds": _number(facts.talk),
        "wrap_seconds": _number(facts.wrap),
        "first_assigned_time": _time_of_day(log, calls.time, facts.assigned),
        "arrived_time": _time_of_day(log, calls.time, facts.arrived),
        "units_assigned": _number(facts.units),
        "unit_seconds": _number(facts.unit_seconds),
    }


def _number(values: Ints) -> pl.Series:
    series = pl.Series(values).cast(pl.String)
    return series.set(pl.Series(values < 0), "")


def _coded(calls: Calls, facts: Facts) -> dict[str, pl.Series]:
    return {
        "channel": _lookup(codes.CHANNELS, calls.channel),
        "opening_code": _lookup(codes.CODE_NAMES, facts.opening),
        "closing_code": _lookup(codes.CODE_NAMES, calls.closing),
        "qualifiers": _lookup(codes.QUALIFIERS, facts.qualifier),
        "result_code": _lookup(codes.RESULTS, facts.result),
        "grade": _lookup(codes.GRADES, facts.grade),
        "markers": _lookup(codes.MARKER_SETS, calls.marker),
        "version": _lookup(("1",), np.zeros(len(calls), dtype=np.int64)),
    }


def _line(log: Log, calls: Calls, state: Ints, rng: np.random.Generator) -> dict[str, pl.Series]:
    """The number as presented, in one of four ways of writing, or not at all."""
    way = np.searchsorted([0.60, 0.975, 0.993], rng.random(len(calls)), side="right")
    way = np.where(state == lines.MALFORMED, 4 + rng.integers(0, 3, len(calls)), way)
    way = np.where(state == lines.PLACEHOLDER, 7, np.where((state > 0) & (state < lines.MALFORMED), 8, way))
    national = pl.Series("n", log.national[calls.line]).cast(pl.String)
    n = pl.col("n")
    spaced = pl.concat_str([pl.lit("0"), n.str.slice(0, 4), pl.lit(" "), n.str.slice(4)])
    written = [
        pl.concat_str([pl.lit("+44"), n]), pl.concat_str([pl.lit("0"), n]), spaced, pl.concat_str([pl.lit("0044"), n]),
        pl.concat_str([pl.lit("0"), n.str.slice(0, 6)]), pl.lit("UNKNOWN"), pl.lit("ANON"), pl.lit("0" * 10),
    ]  # fmt: skip
    cli = pl.coalesce(pl.when(pl.col("way") == index).then(form) for index, form in enumerate(written))
    frame = pl.DataFrame([national, pl.Series("way", way)])
    status = np.where(state >= lines.MALFORMED, lines.PRESENTED, state)
    return {
        "cli": frame.select(cli)[:, 0],
        "cli_status": _lookup(codes.CLI_STATUS, status),
    }


def _subscriber(log: Log, calls: Calls) -> dict[str, pl.Series]:
    """Who holds the line and where it is, as the operator's record has it: slips and all."""
    line, person = calls.line, calls.person
    place = (line >= log.public) & (line < log.public + len(log.shared.kind))
    further = (line != person) & ~place
    known = (unit(line, _SALT_KNOWN) < np.array([0.70, 0.95, 0.6])[log.kinds[line]]) | place
    holder = np.where(place, line, person)
    slip = further & (unit(line, _SALT_SLIP) < 0.45)
    last = pick(holder, _SALT_LAST, len(words.LAST_NAMES)) + np.where(slip, len(words.LAST_NAMES), 0)
    street = pick(holder, _SALT_STREET, len(words.STREETS))
    street = street + np.where(further & (unit(line, _SALT_SLIP) > 0.3), len(words.STREETS), 0)
    kind = np.where(place, log.shared.kind[np.where(place, line - log.public, 0)], 0)
    frame = pl.DataFrame(
        {
            "first": _lookup(words.FIRST_NAMES, pick(holder, _SALT_FIRST, len(words.FIRST_NAMES))),
            "last": _lookup(words.LAST_NAMES + words.LAST_NAMES_MISSPELT, last),
            "place": _lookup(tuple(words.PLACE_WORDS[name] for name in codes.SHARED_MARKERS), kind),
            "house": pl.Series(1 + pick(holder, _SALT_HOUSE, 140)).cast(pl.String),
            "street": _lookup(words.STREETS + words.STREETS_SHORTENED, street),
            "borough": _lookup(_BOROUGH_NAMES, population.home_boroughs(holder)),
            "postcode": _postcodes(holder),
            "is_place": place,
            "known": known,
        }
    )
    name = pl.when("is_place").then(pl.concat_str(["last", "place"], separator=" ")).otherwise(_FULL_NAME)
    address = pl.concat_str(["house", pl.lit(" "), "street", pl.lit(", "), "borough"])
    found = frame.select(
        subscriber_name=pl.when("known").then(name).otherwise(pl.lit("")),
        subscriber_address=pl.when("known").then(address).otherwise(pl.lit("")),
        subscriber_postcode=pl.when("known").then("postcode").otherwise(pl.lit("")),
    )
    return {column: found[column] for column in found.columns}


_FULL_NAME = pl.concat_str(["first", "last"], separator=" ")
_BOROUGH_NAMES = tuple(name for name, _ in codes.BOROUGHS)
_WARD_NAMES = tuple(f"{name} {ward:02d}" for name in _BOROUGH_NAMES for ward in range(1, codes.WARDS_PER_BOROUGH + 1))


@cache
def _all_postcodes() -> tuple[str, ...]:
    """Postcodes of the area ZZ, which does not exist."""
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    return tuple(f"ZZ{a} {b}{c}{d}" for a in range(1, 25) for b in range(1, 10) for c in letters for d in letters[::2])


def _postcodes(holder: Ints) -> pl.Series:
    return _lookup(_all_postcodes(), pick(holder, _SALT_POST, len(_all_postcodes())))


def _person(calls: Calls, facts: Facts, rng: np.random.Generator) -> dict[str, pl.Series]:
    """Who the caller said they were: given in earnest now and then, in misuse seldom."""
    asked = np.where(facts.is_truly_misuse, 0.12, np.where(facts.grade < 4, 0.40, 0.08))
    given = rng.random(len(calls)) < asked
    heard_wrong = rng.random(len(calls)) < 0.08
    last = pick(calls.person, _SALT_LAST, len(words.LAST_NAMES)) + np.where(heard_wrong, len(words.LAST_NAMES), 0)
    frame = pl.DataFrame(
        {
            "first": _lookup(words.FIRST_NAMES, pick(calls.person, _SALT_FIRST, len(words.FIRST_NAMES))),
            "last": _lookup(words.LAST_NAMES + words.LAST_NAMES_MISSPELT, last),
            "given": given,
        }
    )
    born = pick(calls.person, _SALT_BIRTH, len(_births()))
    return {
        "person_name": frame.select(pl.when("given").then(_FULL_NAME).otherwise(pl.lit("")))[:, 0],
        "birth_date": _optional(_births(), born, given & (rng.random(len(calls)) < 0.12)),
    }


@cache
def _births() -> tuple[str, ...]:
    return tuple((date(1940, 1, 1) + timedelta(n)).strftime("%d/%m/%Y") for n in range(0, 25_000, 3))


def _incident(log: Log, calls: Calls, facts: Facts, where: slice, rng: np.random.Generator) -> dict[str, pl.Series]:
    size = len(calls)
    graded = facts.grade < 4
    number = log.number[where]
    linked = number - rng.integers(1, 25, size)
    follows = (calls.true_code == codes.INDEX["DUPLICATE"]) & (linked > 0)
    ward = facts.borough * codes.WARDS_PER_BOROUGH + rng.integers(0, codes.WARDS_PER_BOROUGH, size)
    frame = pl.DataFrame(
        {
            "number": number,
            "linked": linked,
            "day": _lookup(_days(log, "/%d%b%y"), log.day[where]),
            "house": rng.integers(1, 180, size),
            "street": _lookup(words.STREETS, rng.integers(0, len(words.STREETS), size)),
            "borough": _lookup(_BOROUGH_NAMES, facts.borough),
            "graded": graded,
            "follows": follows,
        }
    )
    blank = pl.lit("")
    found = frame.select(
        incident_ref=pl.when("graded").then(pl.concat_str(["number", "day"])).otherwise(blank),
        linked_ref=pl.when("follows").then(pl.concat_str(["linked", "day"])).otherwise(blank),
        incident_location=pl.when("graded")
        .then(pl.concat_str(["house", pl.lit(" "), "street", pl.lit(", "), "borough"]))
        .otherwise(blank),
    )
    located = graded | (rng.random(size) < 0.85)
    return {
        **{column: found[column] for column in found.columns},
        "borough": _optional(_BOROUGH_NAMES, facts.borough, located),
        "ward": _optional(_WARD_NAMES, ward, graded),
    }


@cache
def _remarks() -> tuple[tuple[str, ...], dict[str, tuple[int, int]]]:
    """All remarks in one row, and where each group's begin and how many there are."""
    every: list[str] = []
    spans = {}
    for name, remarks in (*words.REMARKS.items(), ("codeword", words.CODEWORD_REMARKS)):
        spans[name] = (len(every), len(remarks))
        every.extend(remarks)
    return tuple(every), spans


def _notes(calls: Calls, facts: Facts, where: slice, rng: np.random.Generator) -> dict[str, pl.Series]:
    size = len(calls)
    every, spans = _remarks()
    groups = [spans[code.group] for code in codes.CODES]
    first = np.array([start for start, _ in groups])[calls.true_code]
    count = np.array([many for _, many in groups])[calls.true_code]
    codeword = calls.marker == codes.MARKER_INDEX["codeword"]
    first = np.where(codeword, spans["codeword"][0], first)
    count = np.where(codeword, spans["codeword"][1], count)
    noted = codeword | (rng.random(size) < np.where(facts.is_coded_misuse, 0.65, 0.30))
    at = first + (rng.random(size) * count).astype(np.int64)
    handler = tuple(f"H{n:04d}" for n in range(1, 641))
    serial = pl.Series(np.arange(where.start, where.stop) + 10_000_000).cast(pl.String)
    return {
        "remarks": _optional(every, at, noted),
        "handler_ref": _optional(handler, rng.integers(0, len(handler), size), facts.answer >= 0),
        "recording_ref": pl.DataFrame([serial.alias("s")]).select(pl.concat_str([pl.lit("R"), pl.col("s")]))[:, 0],
    }
