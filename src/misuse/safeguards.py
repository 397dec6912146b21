"""Which safeguards the logs that are in can set off, and what a person checked by other means where they cannot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from misuse import casebook, publication, rules, sources
from misuse.errors import UsageError
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

_LIVE_SOURCES = "select distinct source from batches where not is_withdrawn order by source"


def listed(settings: Settings, today: date) -> list[dict[str, Any]]:
    """One row a safeguard, in the order of the rules.

    Keys: rule_id, title, is_stop, blind_in (sources whose log can never set it off, or of which that cannot be told), is_blind
    (there is such a source), checked_at, checked_by_role, until, is_covered (a check counts today).
    """
    with casebook.opened(settings) as book:
        checks = book.safeguard_checks()
    if not settings.current_path.exists():
        return judged(settings, today, checks, settings.sources)
    with publication.opened(settings) as con:
        return judged(settings, today, checks, live_sources(con))


def live_sources(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Sources whose calls are in, as published."""
    return [str(row[0]) for row in con.execute(_LIVE_SOURCES).fetchall()]


def undeclared(settings: Settings) -> list[str]:
    """Sources whose calls are in, as published, and whose layout is declared no more: what they leave blind cannot be told."""
    if not settings.current_path.exists():
        return []
    with publication.opened(settings) as con:
        return _undeclared(settings, live_sources(con))


def judged(
    settings: Settings, today: date, checks: Mapping[str, casebook.SafeguardCheck], names: Iterable[str]
) -> list[dict[str, Any]]:
    """The same, of checks and sources in hand."""
    reviewed = rules.load()
    blind = _blind(settings, reviewed, names)
    rows = []
    for rule in reviewed.hard_stops:
        check = checks.get(rule.id)
        rows.append(
            {
                "rule_id": rule.id,
                "title": rule.title,
                "is_stop": rule.is_stop,
                "blind_in": blind.get(rule.id, []),
                "is_blind": rule.id in blind,
                "checked_at": check.event.at if check else None,
                "checked_by_role": check.event.actor_role if check else None,
                "until": check.until if check else None,
                "is_covered": bool(check and check.until >= today),
            }
        )
    return rows


def unsupported(layout: sources.Layout) -> list[dict[str, Any]]:
    """Safeguards that a log so laid out cannot set off, or by some of their ways only, in the order of the rules.

    Keys: rule_id, title, is_stop, is_blind (it can by none), why, markers (those that would set it off).
    """
    reviewed, has = rules.load(), {*layout.columns, *layout.constants}
    blind = set(reviewed.blind_in(layout).names)
    supplied = _supplied(reviewed, layout)
    rows = []
    for rule in reviewed.hard_stops:
        why = [*_unmarked(rule, layout, has, supplied), *_unheard(rule, has)]
        if why:
            told = {"rule_id": rule.id, "title": rule.title, "is_stop": rule.is_stop, "is_blind": rule.id in blind}
            rows.append({**told, "why": "; ".join(why), "markers": list(rule.markers)})
    return rows


def _supplied(reviewed: rules.Rules, layout: sources.Layout) -> set[str]:
    """The rules' markers that a log so laid out says it brings."""
    every = {word for rule in reviewed.hard_stops for word in (*rule.markers, rule.id)}
    return {word for text in layout.markers_supplied for word in rules.borne(text, every)}


def _unmarked(rule: rules.HardStop, layout: sources.Layout, has: set[str], supplied: set[str]) -> list[str]:
    """Why none of a rule's markers can come."""
    if not rule.markers:
        return []
    if "markers" not in has:
        return ["markers is not mapped"]
    if not layout.markers_supplied:
        return ["markers_supplied is not declared"]
    if supplied & {*rule.markers, rule.id}:
        return []
    return [f"markers_supplied names none of its {len(rule.markers)} markers"]


def _unheard(rule: rules.HardStop, has: set[str]) -> list[str]:
    """Why neither its codewords nor its pattern can be seen."""
    lacking = ["remarks is not mapped"] if rule.codewords and "remarks" not in has else []
    if rule.pattern in rules.SEEN_BY_CODES and not ("cli" in has and has & {"opening_code", "closing_code"}):
        lacking.append("cli and opening_code or closing_code are not mapped")
    return lacking


def record(settings: Settings, rule_id: str, until: date, *, reason: str, actor: str, now: datetime) -> None:
    """Record that somebody checked by other means what a safeguard would have told, and until when that counts.

    Errors: UsageError for an unknown rule or a day too far off; Refused for whoever may not.
    """
    known = [rule.id for rule in rules.load().hard_stops]
    if rule_id not in known:
        raise UsageError("no safeguard has that name", next_step=f"they are: {', '.join(known)}")
    with casebook.opened(settings) as book:
        payload = {"rule_id": rule_id, "reason": reason, "until": until.isoformat()}
        book.record("safeguard_checked", actor=actor, occurred_at=now, payload=payload)


def stops() -> tuple[str, ...]:
    """The rules whose stop a person may lift from a caller."""
    return tuple(rule.id for rule in rules.load().hard_stops if rule.is_stop)


def unseen(settings: Settings, reviewed: rules.Rules, names: Iterable[str]) -> frozenset[str]:
    """The rules that the log of at least one of the sources can never set off, whatever somebody checked by other means."""
    return frozenset(_blind(settings, reviewed, names))


def unmarked(settings: Settings, reviewed: rules.Rules, names: Iterable[str], rule_id: str) -> bool:
    """Whether the log of at least one of the sources brings none of a rule's markers, or cannot be told to."""
    names = list(names)
    if _undeclared(settings, names):
        return True
    rule = next(rule for rule in reviewed.hard_stops if rule.id == rule_id)
    return any(
        _unmarked(rule, layout, {*layout.columns, *layout.constants}, _supplied(reviewed, layout))
        for _, layout in _layouts(settings, names)
    )


def _layouts(settings: Settings, names: Iterable[str]) -> Iterator[tuple[str, sources.Layout]]:
    """The layouts of those of the sources that are declared, by name."""
    for name in sorted(set(sources.source_names(settings)).intersection(names)):
        yield name, sources.load_layout(settings, name)


def _undeclared(settings: Settings, names: Iterable[str]) -> list[str]:
    return sorted(set(names).difference(sources.source_names(settings)))


def _blind(settings: Settings, reviewed: rules.Rules, names: Iterable[str]) -> dict[str, list[str]]:
    """By rule, the sources in use that can never set it off; one whose layout is declared no more is taken to be such."""
    names = list(names)
    lost = _undeclared(settings, names)
    found = {rule.id: list(lost) for rule in reviewed.hard_stops if lost}
    for name, layout in _layouts(settings, names):
        for rule_id in reviewed.blind_in(layout).names:
            found.setdefault(rule_id, []).append(name)
    return found
