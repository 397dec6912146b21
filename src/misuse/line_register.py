"""The register of shared lines: numbers that are many people's, put in and taken out by people.

A number becomes a token before anything is kept: the casebook holds tokens and kinds, never a number or a name.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import casebook, explain, models, numbers, publication, rules, sources, store, warehouse
from misuse.errors import InputError, UsageError
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

MOST_TOLD = 10  # bad rows named one by one
_BYTES_READ = 20_000_000


@dataclass(frozen=True)
class Registered:
    """What a registration did: lines put in, lines that were in already under that kind."""

    lines: int
    known: int


@dataclass(frozen=True)
class _Row:
    line: int
    number: str
    kind: str


def kinds() -> tuple[str, ...]:
    """The kinds of shared line, as the reviewed rules name them."""
    reviewed = rules.load()
    return tuple(rule.id for rule in reviewed.hard_stops if rule.makes_shared_line)


def register(
    settings: Settings, number: str, kind: str, *, reason: str, actor: str, now: datetime, by_caller: bool = False
) -> Registered:
    """Put one number into the register; `by_caller` means by the id of its caller, so that nobody need see it.

    Errors: Refused for whoever may not; UsageError for an unknown kind or an unusable number; InputError for a caller
    of several numbers.
    """
    kind = _kind(kind)
    _permit(settings, actor, reason, now)
    with warehouse.opened(settings) as con:
        tokens = [_token_of_caller(con, settings, number)] if by_caller else _tokens_of(con, settings, number)
    return _record(settings, dict.fromkeys(tokens, kind), reason=reason, actor=actor, now=now)


def load(settings: Settings, path: Path, *, reason: str, actor: str, now: datetime) -> Registered:
    """Put a CSV file's numbers into the register, all or none. Columns number and kind; others are not read.

    Errors: InputError naming the line of every bad row, never what is in it; Refused for whoever may not.
    """
    rows = _rows(path)
    _permit(settings, actor, reason, now)
    with warehouse.opened(settings) as con:
        lines, bad = _read(con, settings, rows)
    if bad:
        raise _bad(path, bad)
    return _record(settings, lines, reason=reason, actor=actor, now=now)


def remove(settings: Settings, number: str, *, reason: str, actor: str, now: datetime, by_caller: bool = False) -> int:
    """Take a number out of the register; how many tokens went. Errors: InputError for one that is not in it."""
    _permit(settings, actor, reason, now)
    with casebook.opened(settings) as book:
        held = book.shared_lines()
    with warehouse.opened(settings) as con:
        tokens = [_token_of_caller(con, settings, number)] if by_caller else _tokens_of(con, settings, number)
    leaving = [token for token in tokens if token in held]
    if not leaving:
        raise InputError("that number is not in the register", next_step="misuse shared-lines list")
    with casebook.opened(settings) as book:
        for token in leaving:
            payload = {"token": token, "reason": reason}
            book.record("shared_line_removed", actor=actor, occurred_at=now, payload=payload)
    return len(leaving)


def listed(settings: Settings) -> list[dict[str, Any]]:
    """The register: caller_id, kind, registered_at, actor_role, calls, last_call_at; no calls where it never called."""
    with casebook.opened(settings) as book:
        held = book.shared_lines()
    calls = _calls(settings, [_first_spell(token) for token in held])
    rows = []
    for token, line in held.items():
        caller, number_of_calls, last = calls.get(_first_spell(token), ("c" + _first_spell(token)[1:], 0, None))
        row = {
            "caller_id": caller,
            "kind": line.kind,
            "registered_at": line.event.at,
            "actor_role": line.event.actor_role,
        }
        rows.append(row | {"calls": number_of_calls, "last_call_at": last})
    return sorted(rows, key=lambda row: (row["kind"], row["caller_id"]))


def suggested(settings: Settings) -> list[dict[str, Any]]:
    """Numbers that behave as shared lines and are in no register, most likely first, as published."""
    with publication.opened(settings) as con:
        if not store.holds(con, "shared_line_suggestions"):
            return []
        return store.rows(con.execute("select * from shared_line_suggestions order by probability desc, spell_id"))


# ── from numbers to tokens ─────────────────────────────────────────────────────────────────────


def _tokens_of(con: duckdb.DuckDBPyConnection, settings: Settings, number: str) -> list[str]:
    """The tokens of a number as dialled in any region a source declares."""
    found = _e164s(number, _regions(settings))
    if not found:
        raise UsageError("that is no usable telephone number", next_step="write it as dialled, or as +44…")
    return _tokens(con, found)


def _regions(settings: Settings) -> list[str]:
    return sorted({sources.load_layout(settings, name).region for name in sources.source_names(settings)} or {"GB"})


def _e164s(number: str, regions: Sequence[str]) -> list[str]:
    parsed = {numbers.parse(number.strip(), region).e164 for region in regions}
    return sorted(e164 for e164 in parsed if e164)


def _tokens(con: duckdb.DuckDBPyConnection, e164s: Sequence[str]) -> list[str]:
    return [str(token) for _, token in models.select(con, "identities/line_tokens", {"e164s": list(e164s)}).fetchall()]


def _token_of_caller(con: duckdb.DuckDBPyConnection, settings: Settings, caller: str) -> str:
    with publication.opened(settings) as published:
        caller_id = explain.resolve_caller(published, caller)
    tokens = models.select(con, "identities/token_of_caller", {"caller_id": caller_id}).fetchall()
    if len(tokens) != 1:
        raise InputError(
            f"{caller_id} has {'several numbers' if tokens else 'no number'}, so the register needs the number itself",
            next_step='misuse identify CALLER --reason "…", then --number NUMBER',
        )
    return str(tokens[0][0])


def _first_spell(token: str) -> str:
    return "s" + token.replace("-", "")[:16]


# ── a file ─────────────────────────────────────────────────────────────────────────────────────


def _rows(path: Path) -> list[_Row]:
    """The file's rows with the line each begins on."""
    if not path.is_file():
        raise InputError(f"no file at {path}", next_step="check the path")
    if path.stat().st_size > _BYTES_READ:
        raise InputError(
            f"{path.name} is too large to be a register of lines", next_step="check that it is the right file"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is no UTF-8 text", next_step="save it as CSV in UTF-8") from None
    return list(_parsed(path, text))


def _parsed(path: Path, text: str) -> Iterator[_Row]:
    lines = text.splitlines(keepends=True)
    head = lines[0] if lines else ""
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        heading = [name.strip().lower() for name in next(reader, [])]
        if not {"number", "kind"} <= set(heading):
            raise InputError(
                f"{path.name} needs the columns number and kind in its first line",
                next_step="other columns, a name say, may stand beside them and are not read",
            )
        places = heading.index("number"), heading.index("kind")
        begins = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                number, kind = (cells[place].strip() if place < len(cells) else "" for place in places)
                yield _Row(begins, number, kind)
            begins = reader.line_num + 1
    except csv.Error:
        raise InputError(
            f"{path.name}, line {reader.line_num}: this is no CSV", next_step="save it anew as CSV, one line a row"
        ) from None


def _read(
    con: duckdb.DuckDBPyConnection, settings: Settings, rows: Sequence[_Row]
) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """Kind by token, and what is wrong with which line."""
    regions, known = _regions(settings), {_folded(kind): kind for kind in kinds()}
    bad: list[tuple[int, str]] = []
    e164s: dict[str, tuple[int, str]] = {}
    for row in rows:
        kind, found = known.get(_folded(row.kind)), _e164s(row.number, regions)
        if not found:
            bad.append((row.line, "no usable number"))
        if kind is None:
            bad.append((row.line, "no known kind"))
        for e164 in found if kind else ():
            earlier = e164s.setdefault(e164, (row.line, str(kind)))
            if earlier[1] != kind:
                bad.append((row.line, f"the number of line {earlier[0]} with another kind"))
    tokens = _tokens(con, list(e164s)) if e164s and not bad else []
    return {token: kind for token, (_, kind) in zip(tokens, e164s.values(), strict=bool(tokens))}, bad


def _bad(path: Path, bad: Sequence[tuple[int, str]]) -> InputError:
    told = "; ".join(f"line {line}: {why}" for line, why in bad[:MOST_TOLD])
    more = f"; and {len(bad) - MOST_TOLD} more" if len(bad) > MOST_TOLD else ""
    return InputError(
        f"{path.name}: nothing was registered: {told}{more}",
        next_step=f"mend those lines; the kinds are: {', '.join(kinds())}",
    )


# ── the casebook ───────────────────────────────────────────────────────────────────────────────


def _kind(text: str) -> str:
    known = {_folded(kind): kind for kind in kinds()}
    kind = known.get(_folded(text))
    if kind is None:
        raise UsageError("that is no kind of shared line", next_step=f"the kinds are: {', '.join(known.values())}")
    return kind


def _folded(text: str) -> str:
    return "_".join(text.lower().replace("-", " ").replace("_", " ").split())


def _permit(settings: Settings, actor: str, reason: str, now: datetime) -> None:
    """Before a number is looked at: who is not permitted learns nothing from the answer."""
    if not reason.strip():
        raise UsageError("the register needs a reason", next_step='add --reason "…"')
    with casebook.opened(settings) as book:
        book.admit("register_shared_line", actor, occurred_at=now)


def _record(settings: Settings, lines: Mapping[str, str], *, reason: str, actor: str, now: datetime) -> Registered:
    """Record what is new. Nothing is recorded where the register says all of it already."""
    with casebook.opened(settings) as book:
        held = book.shared_lines()
        new = {token: kind for token, kind in lines.items() if token not in held or held[token].kind != kind}
        if new:
            told = [{"token": token, "kind": kind} for token, kind in sorted(new.items())]
            payload = {"lines": told, "reason": reason}
            book.record("shared_line_registered", actor=actor, occurred_at=now, payload=payload)
    return Registered(len(new), len(lines) - len(new))


def _calls(settings: Settings, spells: Sequence[str]) -> dict[str, tuple[str, int, datetime | None]]:
    """Caller, calls and last call by first spell, where a copy is published and knows the number."""
    if not settings.current_path.exists() or not spells:
        return {}
    with publication.opened(settings) as con:
        if not store.holds(con, "caller_spells"):
            return {}
        found = models.select(con, "identities/registered_lines", {"spells": list(spells)}).fetchall()
    return {spell: (caller, int(calls), last) for spell, caller, calls, last in found}
