"""Who is calling, as people decided it: links, shared lines, checks of safeguards, models; and the callers published.

Everything is told of number-holding spells ('s' and hexadecimal digits): they stay when callers merge and split. An
event is read as of the holders whom whoever recorded it saw: `holders` is who held which number as it is known now,
else as the newest run published it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from typing import TYPE_CHECKING, Any

from misuse.casebook.events import Event, read
from misuse.casebook.holders import Holders, Meant, taken

if TYPE_CHECKING:
    import sqlalchemy as sa

PERSON = "person"  # the rule of a stop that somebody entered
CARRIED = "carried"  # in place of a hit: the stop was carried over a change of model
DECISIONS_ON_LINKS = ("same", "not_same")
_SPELL = re.compile(r"s[0-9a-f]{16}")

Pair = tuple[str, str]


@dataclass(frozen=True)
class LinkDecision:
    """What somebody decided of every pair of one spell of `spells_a` and one of `spells_b`, where it still holds.

    `lapsed` are those it named of whom more is known now: a number passed on, or never did. It is to be decided again.
    """

    link_id: int
    decision: str
    spells_a: tuple[str, ...]
    spells_b: tuple[str, ...]
    event: Event
    lapsed: tuple[str, ...] = ()

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
    """The ids of the spells of the caller whom an event is about; an event that names none is older than linkage."""
    named = event.data.get("spells")
    return tuple(sorted(named)) if named else (sole_spell(str(event.caller_id)),)


def caller_sets(con: sa.Connection, holders: Holders | None = None) -> dict[str, tuple[tuple[str, ...], Event]]:
    """Every published caller of several spells: its spells, and the event that told of it.

    That is the first one; where an id was given again, to the numbers of others, the newest.
    """
    holders = holders or taken(con)
    sets: dict[str, tuple[tuple[str, ...], Event]] = {}
    for event in read(con, "callers_published"):
        for caller_id, members in event.data["sets"].items():
            meant = tuple(sorted(holders.all_of(event, members)))
            if caller_id not in sets or sets[caller_id][0] != meant:
                sets[caller_id] = meant, event
    return sets


def spells_of(con: sa.Connection, caller_id: str) -> list[str]:
    """The spells of a caller by its id: those it was published with, else the one that its id names."""
    holders = taken(con)
    known = caller_sets(con, holders).get(caller_id)
    sole = sole_spell(caller_id)
    return list(known[0] if known else (sole,) if holders.has(sole) else holders.former().get(sole, (sole,)))


def standing_decisions(con: sa.Connection, holders: Holders | None = None) -> list[LinkDecision]:
    """Decisions on links that nobody undid, whole, in the order in which they were made; they may have lapsed."""
    holders = holders or taken(con)
    undone = {int(event.data["event_id"]) for event in read(con, "link_undone")}
    return [_decision(event, holders) for event in read(con, "link_decided") if event.event_id not in undone]


def _decision(event: Event, holders: Holders) -> LinkDecision:
    """A side that names every holder of a number speaks of the number, however often it passed on."""
    sides = [tuple(event.data[side]) for side in ("spells_a", "spells_b")]
    sure = [tuple(sorted(holders.sure_of(event, side))) for side in sides]
    lapsed = tuple(dict.fromkeys(name for side in sides for name in holders.unsure_of(event, side)))
    return LinkDecision(event.event_id, event.data["decision"], sure[0], sure[1], event, lapsed)


def link_decisions(con: sa.Connection, holders: Holders | None = None) -> list[LinkDecision]:
    """The same, less every pair on which a newer one speaks: one partly overruled falls into its pairs."""
    standing = [decided for decided in standing_decisions(con, holders) if decided.pairs]
    newest = {pair: decided.link_id for decided in standing for pair in sorted(decided.pairs)}
    found: list[LinkDecision] = []
    for decided in standing:
        left = sorted(pair for pair in decided.pairs if newest[pair] == decided.link_id)
        if len(left) == len(decided.pairs):
            found.append(decided)
        else:
            found += [LinkDecision(decided.link_id, decided.decision, (a,), (b,), decided.event) for a, b in left]
    return found


def one_with(names: Iterable[str], decisions: Iterable[LinkDecision]) -> frozenset[str]:
    """Other spells of whom people said that they are the same person's as these, one by way of another too.

    Whoever was said to be another than one of these is not among them, nor whoever is known through them alone.
    """
    given, beside, parted = set(names), dict[str, set[str]](), set[str]()
    for decided in decisions:
        sides = (set(decided.spells_a), set(decided.spells_b))
        if decided.decision == "same":
            for spell in sides[0] | sides[1]:
                beside.setdefault(spell, set()).update(*sides)
        else:
            parted |= {spell for one, other in (sides, sides[::-1]) if given & one for spell in other}
    found, newest = set(given), set(given)
    while newest:
        newest = {spell for name in newest for spell in beside.get(name, ())} - found - parted
        found |= newest
    return frozenset(found - given)


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


def rule_lifts(con: sa.Connection, holders: Holders | None = None) -> list[tuple[list[str], str, datetime, list[str]]]:
    """Lifts of a rule's stop: spells, rule, when, and the hits that it lifts.

    They are those that stood when somebody looked, so a lift speaks of whoever the time is now, and of nobody who has
    another's calls as well: these may be hits of their own.
    """
    holders = holders or taken(con)
    return [
        (
            sorted(holders.own_of(event, known_spells(event))),
            str(event.data["rule_id"]),
            event.at,
            list(event.data.get("hits") or ()),
        )
        for event in read(con, "stop_lifted")
        if event.data.get("rule_id")
    ]


@dataclass
class Stopped:
    """The spells that a stop is on, each by what it meant, less what lifts that came later speak of."""

    spells: dict[Meant, set[str]]

    def lift(self, event: Event, holders: Holders) -> None:
        """Take off whom a lift names: whole where it means all that the stop did, else those surely meant."""
        names = known_spells(event)
        meant, sure = [holders.meant(event, name) for name in names], set(holders.sure_of(event, names))
        for one, found in list(self.spells.items()):
            left = found - sure
            if any(lifted.holds(one) for lifted in meant) or (found and not left):
                del self.spells[one]
            else:
                self.spells[one] = left

    @property
    def is_lifted(self) -> bool:
        """Whether lifts took everything off. Where those it was entered on were put away it may stand on others."""
        return not self.spells

    @property
    def now(self) -> frozenset[str]:
        """The spells that it still stands on."""
        return frozenset(spell for found in self.spells.values() for spell in found)


def stopped(event: Event, names: Iterable[str], holders: Holders) -> Stopped:
    """A stop as an event put it on spells: on everyone who may be meant."""
    meant = [holders.meant(event, name) for name in names]
    return Stopped({one: set(holders.of(event, one)) for one in meant})


def carried_stops(con: sa.Connection, holders: Holders | None = None) -> list[tuple[tuple[str, ...], str]]:
    """Stops kept over a change of model, less what was lifted since: spells and rule ('person': somebody's entry)."""
    holders = holders or taken(con)
    found: list[tuple[Stopped, str]] = []
    for event in read(con, "identity_model_accepted", "stop_lifted"):
        if event.kind == "identity_model_accepted":
            carried = event.data.get("carried") or ()
            found += [(stopped(event, stop["spells"], holders), stop["rule_id"]) for stop in carried]
            continue
        rule = event.data.get("rule_id") or PERSON
        for stop, of in found:
            if of == rule:
                stop.lift(event, holders)
    return sorted({(tuple(sorted(stop.now)), rule) for stop, rule in found if stop.now})


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


def kept_stops(con: sa.Connection, holders: Holders | None = None, *, rule_id: str | None = None) -> list[KeptStop]:
    """What runs published, and whom an entered stop reached at once, less what was lifted since of these and of carried ones.

    Of one rule alone where it is named: no rule's stops bear on another's. A marked call's stop stays here when it is lifted: which hits a lift speaks of, the models know.
    """
    holders = holders or taken(con)
    calls: set[tuple[str, str]] = set()
    found: dict[tuple[str, str, bool], Stopped] = {}
    stays: dict[tuple[str, str, bool], set[str]] = {}  # nearly all: of no lift here
    for event in read(con, "stops_published", "stop_entered", "stop_lifted"):
        if event.kind != "stop_lifted":
            for stop in _published(event):
                if rule_id not in (None, stop["rule_id"]):
                    continue
                key = (stop["rule_id"], stop["hit"], bool(stop["is_silent_only"]))
                if not stop["spells"]:
                    calls.add(key[:2])
                if not _is_lifted_here(key):
                    stays.setdefault(key, set()).update(holders.all_of(event, stop["spells"]))
                    continue
                held = found.setdefault(key, Stopped({})).spells
                for meant, spells in stopped(event, stop["spells"], holders).spells.items():
                    held.setdefault(meant, set()).update(spells)
            continue
        rule = event.data.get("rule_id") or PERSON
        for key, on_whom in found.items():
            if key[0] == rule:
                on_whom.lift(event, holders)
    of_calls = [KeptStop(rule, hit, False, ()) for rule, hit in sorted(calls)]
    left = stays | {key: set(on.now) for key, on in found.items()}
    return of_calls + [KeptStop(*key, tuple(sorted(left[key]))) for key in sorted(left) if left[key]]


def _is_lifted_here(key: tuple[str, str, bool]) -> bool:
    """Whether a lift may take a kept stop (rule, hit) off: one that somebody entered, or that was carried over."""
    return key[0] == PERSON or key[1] == CARRIED


def _published(event: Event) -> Sequence[Mapping[str, Any]]:
    """The stops of a run; or one that somebody entered, on those whom it reached at once through others."""
    if event.kind == "stops_published":
        stops: Sequence[Mapping[str, Any]] = event.data["stops"]
        return stops
    reached = event.data.get("reached")
    at_once = {"rule_id": PERSON, "hit": str(event.event_id), "is_silent_only": False, "spells": reached}
    return [at_once] if reached else []


def model_decision(con: sa.Connection, model_digest: str) -> Mapping[str, Any] | None:
    """What was last decided of a model: its event's kind and when; None where nobody has."""
    events = [
        event
        for event in read(con, "identity_model_accepted", "identity_model_rejected")
        if event.data["model_digest"] == model_digest
    ]
    return {"kind": events[-1].kind, "at": events[-1].at} if events else None
