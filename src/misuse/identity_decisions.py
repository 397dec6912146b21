"""What people decide on who is calling: one and the same, or not; what the program suggests; and undoing it.

A decision is on number-holding spells, so it holds through retraining, merges and splits. It counts from the next run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse import casebook, models, publication, published_callers, store
from misuse.errors import InputError, UsageError
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

SAME, NOT_SAME = "same", "not_same"


@dataclass(frozen=True)
class Decided:
    """One decision as recorded; `in_the_way` are earlier ones of "not the same" that keep it from holding whole."""

    event_id: int
    decision: str
    callers: tuple[str, ...]
    spells: tuple[str, ...]
    in_the_way: tuple[int, ...]


def decide(
    settings: Settings, decision: str, one: str, other: str | None, *, reason: str, actor: str, now: datetime
) -> Decided:
    """Record that two callers are one person, or are not; of one caller alone, that all of its numbers are one person's.

    Each is a caller id, its beginning, a case reference or a spell's id. One who is part of the other is set against
    the rest of it. Errors: Refused for whoever may not; InputError for one whom the published run does not hold;
    UsageError where nothing is left to decide.
    """
    if not reason.strip():
        raise UsageError("a decision needs a reason", next_step='add --reason "…"')
    with publication.opened(settings) as con:
        named = [published_callers.known(con, text) for text in (one, other) if text is not None]
    sides = _sides(decision, [known.spells for known in named])
    if decision == SAME:
        _refuse_lines(named)
    with casebook.opened(settings) as book:
        payload = {"decision": decision, "spells_a": sides[0], "spells_b": sides[1], "reason": reason}
        event = book.record("link_decided", actor=actor, occurred_at=now, payload=payload)
        standing = book.link_decisions()
    callers = tuple(dict.fromkeys(known.caller_id for known in named))
    spells = tuple(sorted({*sides[0], *sides[1]}))
    against = _in_the_way(standing, spells) if decision == SAME else ()
    return Decided(event.event_id, decision, callers, spells, against)


def _sides(decision: str, named: list[tuple[str, ...]]) -> tuple[list[str], list[str]]:
    """The spells that are set against one another."""
    first, second = set(named[0]), set(named[-1])
    if len(named) == 1 or first == second:
        if decision == NOT_SAME:
            raise UsageError("that is one caller", next_step="misuse identity differ A B, of two callers or two spells")
        if len(first) < 2:
            raise UsageError("the caller has one number, so there is no link to confirm", next_step="name two callers")
        return sorted(first), sorted(first)
    if first < second:
        return sorted(first), sorted(second - first)
    return sorted(first - second), sorted(second)


def _refuse_lines(named: Iterable[published_callers.Known]) -> None:
    if any(known.identity_kind != "person" for known in named):
        raise InputError(
            "a shared line or premises is nobody's alone, so it is never one person with another",
            next_step="if it is a person's number after all: misuse shared-lines remove --number NUMBER --reason REASON",
        )


def _in_the_way(standing: Iterable[casebook.LinkDecision], spells: Iterable[str]) -> tuple[int, ...]:
    """Decisions that part two whom "same" decisions, directly or through others, make one with these spells."""
    standing = list(standing)
    groups = _joined([decided.pairs for decided in standing if decided.decision == SAME])
    wanted = {groups[spell] for spell in spells if spell in groups}
    found = {
        decided.link_id
        for decided in standing
        for a, b in decided.pairs
        if decided.decision == NOT_SAME and groups.get(a, a) == groups.get(b, b) and groups.get(a) in wanted
    }
    return tuple(sorted(found))


def _joined(links: Iterable[frozenset[tuple[str, str]]]) -> dict[str, str]:
    """Each spell that people linked, and the lowest of those it is linked with, directly or through others."""
    members: dict[str, set[str]] = {}
    for a, b in (pair for pairs in links for pair in pairs):
        whole = members.get(a, {a}) | members.get(b, {b})
        members |= dict.fromkeys(whole, whole)
    return {spell: min(whole) for spell, whole in members.items()}


def undo(settings: Settings, event_id: int, *, reason: str, actor: str, now: datetime) -> None:
    """Take a decision on a link back, by the number of its event. Errors: InputError for one that does not stand."""
    if not reason.strip():
        raise UsageError("undoing a decision needs a reason", next_step='add --reason "…"')
    with casebook.opened(settings) as book:
        book.record("link_undone", actor=actor, occurred_at=now, payload={"event_id": event_id, "reason": reason})


def links(settings: Settings, caller: str | None) -> dict[str, Any]:
    """Links of a caller, or every open suggestion, most misuse first; with what people decided and is not run yet.

    Keys: caller_id (null for suggestions), links (spell_a, spell_b, caller_a, caller_b, status, probability, weight,
    reasons, misuse_calls_a, misuse_calls_b, decision, event_id), decisions (event_id, decision, spells_a, spells_b,
    lapsed, decided_at, actor_role). A decision has lapsed for spells of whom more is known now: it is told once more,
    after those that hold. Never a name, a number or an address.
    """
    with publication.opened(settings) as con, casebook.opened(settings) as book:
        return links_in(con, book, caller)


def links_in(con: duckdb.DuckDBPyConnection, book: casebook.Casebook, caller: str | None) -> dict[str, Any]:
    """The same, of a copy and a casebook in hand."""
    of = published_callers.known(con, caller) if caller is not None else None
    rows = _links(con, of)
    standing, all_decided = book.link_decisions(), book.standing_decisions()
    decided = {pair: decision for decision in standing for pair in decision.pairs}
    for row in rows:
        found = decided.get((min(row["spell_a"], row["spell_b"]), max(row["spell_a"], row["spell_b"])))
        row["decision"] = found.decision if found else None
        row["event_id"] = found.link_id if found else None
    if of is None:
        rows = [row for row in rows if row["decision"] is None]
    shown = [*standing, *(decision for decision in all_decided if decision.lapsed)]
    told = [_told(decision) for decision in shown if of is None or _speaks_of(decision, of.spells)]
    return {"caller_id": of.caller_id if of else None, "links": rows, "decisions": told}


def _links(con: duckdb.DuckDBPyConnection, of: published_callers.Known | None) -> list[dict[str, Any]]:
    if not store.holds(con, "caller_links"):
        return []
    rows = store.rows(models.select(con, "identities/caller_links", {"caller_id": of.caller_id if of else None}))
    return [row for row in rows if of is None or {row["spell_a"], row["spell_b"]} & set(of.spells)]


def _speaks_of(decision: casebook.LinkDecision, spells: Iterable[str]) -> bool:
    return bool({*decision.spells_a, *decision.spells_b, *decision.lapsed}.intersection(spells))


def _told(decision: casebook.LinkDecision) -> dict[str, Any]:
    return {
        "event_id": decision.link_id,
        "decision": decision.decision,
        "spells_a": list(decision.spells_a),
        "spells_b": list(decision.spells_b),
        "lapsed": list(decision.lapsed),
        "decided_at": decision.event.at,
        "actor_role": decision.event.actor_role,
    }
