"""What the casebook's events amount to: users, live stops, cases, the last cycle; and the tables a run reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from misuse.casebook.events import Event, read

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
)


def case_reference(caller_id: str) -> str:
    """The case's reference, the same for a caller wherever it is reckoned."""
    return "K-" + caller_id[1:11].upper()


def users(con: sa.Connection) -> dict[str, str]:
    """Role by operating-system user, those taken off the list left out."""
    held = {event.data["user"]: event.data["role"] for event in read(con, "user_added", "user_changed")}
    return {user: role for user, role in held.items() if role != NO_ROLE}


def live_stops(con: sa.Connection) -> dict[str, Event]:
    """By caller, the entry that stands; of several, the first, unless a later one is urgent."""
    live: dict[str, Event] = {}
    for event in read(con, "stop_entered", "stop_lifted"):
        caller = str(event.caller_id)
        if event.kind == "stop_lifted":
            live.pop(caller, None)
        elif caller not in live or (event.data["is_urgent"] and not live[caller].data["is_urgent"]):
            live[caller] = event
    return live


def cases(con: sa.Connection) -> dict[str, dict[str, Any]]:
    """Each case as its events leave it, by reference."""
    found: dict[str, dict[str, Any]] = {}
    for event in read(con, "case_opened", "case_moved"):
        data = event.data
        new = {"caller_id": event.caller_id, "opened_at": event.at, "moves": 0}
        case = found.setdefault(str(event.case_ref), new)
        case["status"] = data["to"]
        case["moves"] += event.kind == "case_moved"
        case.update({key: data.get(key) for key in ("lane", "owner", "review_date") if key in data or key not in case})
    return found


def _case_row(case_ref: str, case: Mapping[str, Any]) -> tuple[Any, ...]:
    review_date = date.fromisoformat(str(case["review_date"])) if case["review_date"] else None
    return (
        case_ref,
        case["caller_id"],
        case["opened_at"],
        case["status"],
        case["lane"],
        case["owner"],
        review_date,
        case["moves"],
    )


def _move_row(event: Event) -> tuple[Any, ...]:
    data = event.data
    who = (event.event_id, event.case_ref, event.caller_id, event.at)
    return (*who, data["move"], data["from"], data["to"], event.actor_role, event.run_id)


def _last_cycle(con: sa.Connection, as_of: date | None) -> list[tuple[Any, ...]]:
    frozen = [(date.fromisoformat(e.data["as_of"]), e.event_id, e) for e in read(con, "list_frozen")]
    earlier = [item for item in frozen if as_of is None or item[0] < as_of]
    if not earlier:
        return []
    day, _, event = max(earlier, key=lambda item: item[:2])
    return [(row["caller_id"], day) for row in event.data["eligible"]]


def tables(con: sa.Connection, as_of: date | None) -> dict[str, list[tuple[Any, ...]]]:
    """The tables a run reads; see `Casebook.tables`."""
    looks = {str(event.caller_id): event for event in read(con, "look_acknowledged")}
    return {
        "casebook_stops": [(c, e.at, bool(e.data["is_urgent"])) for c, e in sorted(live_stops(con).items())],
        "casebook_cases": [_case_row(ref, case) for ref, case in sorted(cases(con).items())],
        "casebook_moves": [_move_row(event) for event in read(con, "case_moved")],
        "casebook_acknowledgements": [(c, e.at, e.data.get("urgent_stops_seen")) for c, e in sorted(looks.items())],
        "last_cycle": _last_cycle(con, as_of),
    }
