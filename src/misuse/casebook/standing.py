"""What stood before an event and what stands after it, for every kind that changes something which events amount to.

A kind without a reader adds what it says and changes nothing that stood: its payload is all there is to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from misuse.casebook import spells, state
from misuse.casebook.events import Draft

if TYPE_CHECKING:
    import sqlalchemy as sa

Reader = Callable[["sa.Connection", Draft], Any]


def _user(con: sa.Connection, draft: Draft) -> Any:
    return {"role": state.users(con).get(str(draft.payload.get("user")))}


def _spells(con: sa.Connection, draft: Draft) -> list[str]:
    named = draft.payload.get("spells")
    return list(named) if named else spells.spells_of(con, draft.caller_id) if draft.caller_id else []


def _stops(con: sa.Connection, draft: Draft) -> Any:
    wanted = set(_spells(con, draft))
    found = [stop for stop in state.live_stops(con) if wanted.intersection(stop.spells)]
    rules = [rule for members, rule in spells.carried_stops(con) if wanted.intersection(members)]
    lifted = [rule for members, rule, *_ in spells.rule_lifts(con) if wanted.intersection(members)]
    return {"stops": [stop.event.event_id for stop in found], "carried": sorted(rules), "rules_lifted": sorted(lifted)}


def _case(con: sa.Connection, draft: Draft) -> Any:
    case = state.cases(con).get(str(draft.case_ref))
    return state.told(case) if case else None


def _links(con: sa.Connection, draft: Draft) -> Any:
    standing = spells.standing_decisions(con)
    if draft.payload.get("event_id") is not None:
        return {"stands": any(decided.link_id == draft.payload["event_id"] for decided in standing)}
    wanted = spells.pairs(draft.payload["spells_a"], draft.payload["spells_b"])
    return {
        "decisions": [[decided.link_id, decided.decision] for decided in standing if decided.pairs.intersection(wanted)]
    }


def _lines(con: sa.Connection, draft: Draft) -> Any:
    named: Iterable[Mapping[str, Any]] = draft.payload.get("lines") or [{"token": draft.payload.get("token")}]
    held = spells.shared_lines(con)
    return {line["token"]: held[line["token"]].kind if line["token"] in held else None for line in named}


def _check(con: sa.Connection, draft: Draft) -> Any:
    check = spells.safeguard_checks(con).get(str(draft.payload.get("rule_id")))
    return {"until": check.until.isoformat() if check else None}


def _model(con: sa.Connection, draft: Draft) -> Any:
    decided = spells.model_decision(con, str(draft.payload.get("model_digest")))
    return {"decided": decided["kind"] if decided else None}


READERS: Mapping[str, Reader] = {
    "user_added": _user,
    "user_changed": _user,
    "stop_entered": _stops,
    "stop_lifted": _stops,
    "case_opened": _case,
    "case_moved": _case,
    "link_decided": _links,
    "link_undone": _links,
    "shared_line_registered": _lines,
    "shared_line_removed": _lines,
    "safeguard_checked": _check,
    "identity_model_accepted": _model,
    "identity_model_rejected": _model,
}
