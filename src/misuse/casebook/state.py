"""What the casebook's events amount to: users, stops that stand, cases, the last cycle."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from misuse.casebook.events import Event, read
from misuse.casebook.holders import Holders, taken
from misuse.casebook.spells import (
    PERSON,
    KeptStop,
    Stopped,
    kept_stops,
    known_spells,
    link_decisions,
    one_with,
    sole_spell,
    stopped,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

NO_ROLE = "none"  # what a user who was taken off the list holds
# The kinds that bear on what a run publishes.
DECISIONS = (
    "stop_entered",
    "stop_lifted",
    "case_opened",
    "case_moved",
    "look_acknowledged",
    "list_frozen",
    "rule_overridden",
    "link_decided",
    "link_undone",
    "shared_line_registered",
    "shared_line_removed",
    "safeguard_checked",
    "identity_model_accepted",
    "stops_published",
    "coding_sample_drawn",
    "calls_coded",
    "calls_settled",
    "coding_sample_withdrawn",
    "coding_model_trained",
    "delisted",
)


@dataclass(frozen=True)
class LiveStop:
    """A stop that somebody entered, and those of its spells that nobody has lifted it from.

    `kept` are spells of others that a run published it on, when they might have been the same person; `linked` those
    of whom people say now that they are.
    """

    event: Event
    spells: tuple[str, ...]
    kept: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()

    @property
    def caller_id(self) -> str:
        """The caller it was entered on, by the id of that time."""
        return str(self.event.caller_id)

    @property
    def at(self) -> datetime:
        """When it was entered, UTC without a zone."""
        return self.event.at

    @property
    def is_urgent(self) -> bool:
        """Whether it is to be looked at the same night."""
        return bool(self.event.data["is_urgent"])


def case_reference(caller_id: str, *, is_taken: bool = False) -> str:
    """The case's reference, the same for a caller wherever it is reckoned; a second one where the first is another's."""
    digits = hashlib.sha256(f"{caller_id}#2".encode()).hexdigest() if is_taken else caller_id[1:]
    return "K-" + digits[:10].upper()


def users(con: sa.Connection) -> dict[str, str]:
    """Role by operating-system user, those taken off the list left out."""
    held = {event.data["user"]: event.data["role"] for event in read(con, "user_added", "user_changed")}
    return {user: role for user, role in held.items() if role != NO_ROLE}


def boroughs(con: sa.Connection) -> dict[str, str]:
    """The borough of each user who has one."""
    held = {event.data["user"]: event.data.get("borough") for event in read(con, "user_added", "user_changed")}
    return {user: borough for user, borough in held.items() if borough}


def live_stops(
    con: sa.Connection, holders: Holders | None = None, kept_on: Iterable[KeptStop] | None = None
) -> list[LiveStop]:
    """Stops that stand, by caller and as they were entered: one entered anew on the same spells is another danger.

    A stop is lifted spell by spell: on a caller who was split since, it goes on for the others. `kept_on` are the kept
    stops where they are known already.
    """
    events = read(con, "stop_entered", "stop_lifted")
    if not events:
        return []
    holders = holders or taken(con)
    entered: list[tuple[Event, Stopped]] = []
    for event in events:
        if event.kind == "stop_entered":
            entered.append((event, stopped(event, known_spells(event), holders)))
        elif not event.data.get("rule_id"):
            for _, on in entered:
                on.lift(event, holders)
    on_others = kept_stops(con, holders, rule_id=PERSON) if kept_on is None else kept_on
    published = {stop.hit: stop.spells for stop in on_others if stop.rule_id == PERSON}
    decisions = link_decisions(con, holders)
    stops: list[LiveStop] = []
    for event, on in entered:
        if not on.is_lifted:
            kept = set(published.get(str(event.event_id), ())) - on.now
            linked = one_with(on.now, decisions)
            stops.append(LiveStop(event, tuple(sorted(on.now)), tuple(sorted(kept)), tuple(sorted(linked))))
    return sorted(stops, key=lambda stop: (stop.caller_id, stop.event.event_id))


# What a move may settle of a case; it stands until another move says otherwise.
_FIELDS = ("lane", "owner", "review_date", "option", "borough", "outcome", "activity")


def is_past(day: object, today: date) -> bool:
    """Whether a day, as a case keeps it, is over."""
    return bool(day) and date.fromisoformat(str(day)) < today


def cases(con: sa.Connection, holders: Holders | None = None) -> dict[str, dict[str, Any]]:
    """Each case as its events leave it, by reference; `spells` are its caller's when it was opened or looked at again.

    `is_parted`: since then more is known of who held one of these numbers when, and it may be of several people.
    """
    events = read(con, "case_opened", "case_moved")
    if not events:
        return {}
    holders = holders or taken(con)
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        data = event.data
        case = found.setdefault(str(event.case_ref), {"caller_id": event.caller_id, "opened_at": event.at, "moves": 0})
        case["status"] = data["to"]
        case["moves"] += event.kind == "case_moved"
        case["last_moved_at"] = event.at
        if data.get("spells") or "spells" not in case:
            named = known_spells(event)
            case["spells"] = holders.all_of(event, named)
            case["is_parted"] = bool(holders.unsure_of(event, named))
        case.update({key: data.get(key) for key in _FIELDS if key in data or key not in case})
    return found


_NOT_TOLD = frozenset({"opened_at", "last_moved_at", "moves", "is_parted"})


def told(case: Mapping[str, Any]) -> dict[str, Any]:
    """A case as an event tells what stood: everything but when it was opened."""
    return {name: value for name, value in case.items() if name not in _NOT_TOLD}


def is_stopped(spells: Iterable[str], stops: Iterable[LiveStop]) -> bool:
    """Whether one of the stops stands on any of the spells."""
    wanted = set(spells)
    return any(wanted.intersection((*stop.spells, *stop.kept, *stop.linked)) for stop in stops)


def row_spells(row: Mapping[str, Any]) -> list[str]:
    """The spells of a row of a frozen list; lists of before linkage name none."""
    return list(row.get("spells") or [sole_spell(row["caller_id"])])


def case_holders(found: Mapping[str, Mapping[str, Any]], rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Which caller of the rows each case now is of: the one with most of its spells, ties by the first of them."""
    holder = {spell: row["caller_id"] for row in rows for spell in row_spells(row)}
    followed: dict[str, str] = {}
    for reference, case in found.items():
        callers = [holder[spell] for spell in case["spells"] if spell in holder]
        if callers:
            followed[reference] = max(callers, key=callers.count)  # of equals the first
    return followed


def frozen_lists(con: sa.Connection) -> list[Event]:
    """Frozen lists in the order in which they were frozen; one from which somebody was put away stands in its old place."""
    return sorted(read(con, "list_frozen"), key=place_of)


def place_of(frozen: Event) -> int:
    """The number of the event by which a list was first frozen."""
    return int(frozen.data.get("redacts") or frozen.event_id)


def cycle_ids(frozen: Iterable[Event]) -> list[str]:
    """C and a number for each, as it was given when it was frozen; lists of before that are counted."""
    return [str(event.data.get("cycle") or f"C{number}") for number, event in enumerate(frozen, 1)]


def last_cycle(con: sa.Connection, as_of: date | None) -> tuple[date, Event] | None:
    """Day and event of the newest list frozen for a day before `as_of`; without `as_of`, the newest of all."""
    frozen = [(date.fromisoformat(e.data["as_of"]), place_of(e), e) for e in read(con, "list_frozen")]
    earlier = [item for item in frozen if as_of is None or item[0] < as_of]
    if not earlier:
        return None
    day, _, event = max(earlier, key=lambda item: item[:2])
    return day, event
