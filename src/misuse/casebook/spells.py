"""Who is calling, as people decided it: links, shared lines, checks of safeguards, models; and the callers published.

Everything is told of number-holding spells ('s' and hexadecimal digits): they stay when callers merge and split.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from typing import TYPE_CHECKING, Any

from misuse.casebook.events import Event, read

if TYPE_CHECKING:
    import sqlalchemy as sa

PERSON = "person"  # the rule of a stop that somebody entered
CARRIED = "carried"  # in place of a hit: the stop was carried over a change of model
DECISIONS_ON_LINKS = ("same", "not_same")
_SPELL = re.compile(r"s[0-9a-f]{16}")

Pair = tuple[str, str]


@dataclass(frozen=True)
class LinkDecision:
    """What somebody decided of every pair of one spell of `spells_a` and one of `spells_b`, where it still holds."""

    link_id: int
    decision: str
    spells_a: tuple[str, ...]
    spells_b: tuple[str, ...]
    event: Event

    @property
    def pairs(self) -> frozenset[Pair]:
        """The pairs of different spells it speaks of, each in order."""
        return pairs(self.spells_a, self.spells_b)


@dataclass(frozen=True)
class SharedLine:
    """A number that is many people's, as somebody registered it."""

    token: str
    kind: str
    event: Event


@dataclass(frozen=True)
class SafeguardCheck:
    """Another check in place of a safeguard that a log leaves blind, and the last day on which it counts."""

    rule_id: str
    until: date
    event: Event


def is_spell(text: object) -> bool:
    """Whether it is the id of a number-holding spell."""
    return isinstance(text, str) and bool(_SPELL.fullmatch(text))


def pairs(spells_a: Iterable[str], spells_b: Iterable[str]) -> frozenset[Pair]:
    """Every pair of one of these and one of those, each in order, none of a spell with itself."""
    return frozenset((min(a, b), max(a, b)) for a, b in product(spells_a, spells_b) if a != b)


def sole_spell(caller_id: str) -> str:
    """The spell of a caller who is one number-holding spell: ids of before linkage are all such."""
    return "s" + caller_id[1:]


def known_spells(event: Event) -> tuple[str, ...]:
    """The spells of the caller whom an event is about; an event that names none is older than linkage."""
    named = event.data.get("spells")
    return tuple(sorted(named)) if named else (sole_spell(str(event.caller_id)),)


def caller_sets(con: sa.Connection) -> dict[str, tuple[tuple[str, ...], Event]]:
    """Every published caller of several spells: its spells, and the event that first told of it."""
    sets: dict[str, tuple[tuple[str, ...], Event]] = {}
    for event in read(con, "callers_published"):
        for caller_id, members in event.data["sets"].items():
            sets.setdefault(caller_id, (tuple(sorted(members)), event))
    return sets


def spells_of(con: sa.Connection, caller_id: str) -> list[str]:
    """The spells of a caller by its id: those it was published with, else the one that its id names."""
    known = caller_sets(con).get(caller_id)
    return list(known[0]) if known else [sole_spell(caller_id)]


def standing_decisions(con: sa.Connection) -> list[LinkDecision]:
    """Decisions on links that nobody undid, whole, in the order in which they were made."""
    undone = {int(event.data["event_id"]) for event in read(con, "link_undone")}
    return [
        LinkDecision(e.event_id, e.data["decision"], tuple(e.data["spells_a"]), tuple(e.data["spells_b"]), e)
        for e in read(con, "link_decided")
        if e.event_id not in undone
    ]


def link_decisions(con: sa.Connection) -> list[LinkDecision]:
    """The same, less every pair on which a newer one speaks: one partly overruled falls into its pairs."""
    standing = standing_decisions(con)
    newest = {pair: decided.link_id for decided in standing for pair in sorted(decided.pairs)}
    found: list[LinkDecision] = []
    for decided in standing:
        left = sorted(pair for pair in decided.pairs if newest[pair] == decided.link_id)
        if len(left) == len(decided.pairs):
            found.append(decided)
        else:
            found += [LinkDecision(decided.link_id, decided.decision, (a,), (b,), decided.event) for a, b in left]
    return found


def shared_lines(con: sa.Connection) -> dict[str, SharedLine]:
    """The register of shared lines by token, as its events leave it."""
    found: dict[str, SharedLine] = {}
    for event in read(con, "shared_line_registered", "shared_line_removed"):
        data = event.data
        if event.kind == "shared_line_removed":
            found.pop(data["token"], None)
        else:
            found |= {line["token"]: SharedLine(line["token"], line["kind"], event) for line in data["lines"]}
    return found


def safeguard_checks(con: sa.Connection) -> dict[str, SafeguardCheck]:
    """The newest check of each rule."""
    return {
        event.data["rule_id"]: SafeguardCheck(
            event.data["rule_id"], date.fromisoformat(str(event.data["until"])), event
        )
        for event in read(con, "safeguard_checked")
    }


def rule_lifts(con: sa.Connection) -> list[tuple[list[str], str, datetime, list[str] | None, datetime | None]]:
    """Lifts of a rule's stop: spells, rule, when; the files and the newest call that whoever lifted it could see."""
    lifts = [(event, event.data) for event in read(con, "stop_lifted")]
    return [
        (
            list(known_spells(event)),
            str(data["rule_id"]),
            event.at,
            data.get("seen_batches"),
            _time(data.get("seen_to")),
        )
        for event, data in lifts
        if data.get("rule_id")
    ]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def carried_stops(con: sa.Connection) -> list[tuple[tuple[str, ...], str]]:
    """Stops kept over a change of model, less what was lifted since: spells and rule ('person': somebody's entry)."""
    found: list[tuple[set[str], str]] = []
    for event in read(con, "identity_model_accepted", "stop_lifted"):
        if event.kind == "identity_model_accepted":
            found += [(set(stop["spells"]), stop["rule_id"]) for stop in event.data.get("carried") or ()]
            continue
        lifted, rule = set(known_spells(event)), event.data.get("rule_id") or PERSON
        found = [(spells - lifted if of == rule else spells, of) for spells, of in found]
    return sorted({(tuple(sorted(spells)), rule) for spells, rule in found if spells})


@dataclass(frozen=True)
class KeptStop:
    """A stop as runs published it on spells of other numbers than the one that was hit: it stays there.

    `hit` is the marked call, the event of a person's stop, or CARRIED. Without spells it is of that call alone, which a
    pattern found: what is known of the caller may change, and the call stays barred.
    """

    rule_id: str
    hit: str
    is_silent_only: bool
    spells: tuple[str, ...]


def kept_stops(con: sa.Connection) -> list[KeptStop]:
    """What runs published, less what was lifted since of stops that people entered and of carried ones.

    A marked call's stop stays here when it is lifted: which hits a lift speaks of, the models know.
    """
    calls: set[tuple[str, str]] = set()
    found: dict[tuple[str, str, bool], set[str]] = {}
    for event in read(con, "stops_published", "stop_lifted"):
        if event.kind == "stops_published":
            for stop in event.data["stops"]:
                key = (stop["rule_id"], stop["hit"], bool(stop["is_silent_only"]))
                found.setdefault(key, set()).update(stop["spells"])
                calls |= set() if stop["spells"] else {key[:2]}
            continue
        lifted, rule = set(known_spells(event)), event.data.get("rule_id") or PERSON
        for key, members in found.items():
            if key[0] == rule and (rule == PERSON or key[1] == CARRIED):
                members -= lifted
    of_calls = [KeptStop(rule, hit, False, ()) for rule, hit in sorted(calls)]
    return of_calls + [KeptStop(*key, tuple(sorted(members))) for key, members in sorted(found.items()) if members]


def model_decision(con: sa.Connection, model_digest: str) -> Mapping[str, Any] | None:
    """What was last decided of a model: its event's kind and when; None where nobody has."""
    events = [
        event
        for event in read(con, "identity_model_accepted", "identity_model_rejected")
        if event.data["model_digest"] == model_digest
    ]
    return {"kind": events[-1].kind, "at": events[-1].at} if events else None
