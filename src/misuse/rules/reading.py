"""The rule files read and checked: every entry whole, typed and under review, or the file is refused."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from misuse.errors import StoreError
from misuse.rules import kinds
from misuse.rules.kinds import CodeGroup, CodeList, Doubt, HardStop, Option, Review

_REVIEW_KEYS = tuple(f.name for f in fields(Review))


def items(root: Path, name: str, table: str) -> Iterator[tuple[str, dict[str, Any], Review]]:
    """Each entry of a file, with where it stands, its own keys, and its review (the file's, overridden)."""
    path = root / f"{name}.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise damaged(f"{path.name} cannot be read: {error}") from None
    for number, entry in enumerate(document.get(table, []), start=1):
        where = f"{path.name}, {table} {entry.get('id', number)}"
        review = {**document.get("review", {}), **{key: entry.pop(key) for key in _REVIEW_KEYS if key in entry}}
        if name == "options":  # an option's reason to be there is its basis in law or practice
            review = {"source": entry.pop("basis", ""), "why": entry.get("title", ""), **review}
        yield where, entry, _review(where, review)


def _review(where: str, values: dict[str, Any]) -> Review:
    for key in _REVIEW_KEYS:
        if not values.get(key):
            raise damaged(f"{where}: '{key}' is missing")
    if not isinstance(values["next_review"], date):
        raise damaged(f"{where}: 'next_review' must be a date")
    return Review(**values)


def _take(where: str, entry: dict[str, Any], needed: Mapping[str, type], optional: Mapping[str, Any]) -> dict[str, Any]:
    """The entry's values, typed, with defaults; lists become tuples."""
    unknown = sorted(set(entry) - set(needed) - set(optional))
    missing = sorted(set(needed) - set(entry))
    if unknown or missing:
        raise damaged(f"{where}: " + (f"unknown key '{unknown[0]}'" if unknown else f"'{missing[0]}' is missing"))
    values = {**optional, **entry}
    for key, kind in {**needed, **{key: type(value) for key, value in optional.items()}}.items():
        if isinstance(values[key], list):
            values[key] = tuple(values[key])
        if not isinstance(values[key], kind):
            raise damaged(f"{where}: '{key}' is of the wrong kind")
    return values


def _one_of(where: str, key: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise damaged(f"{where}: '{key}' must be one of {', '.join(allowed)}")


def hard_stop(where: str, entry: dict[str, Any], review: Review) -> HardStop:
    """A rule, its expressions compiled and its pattern's figures all there."""
    needed = {"id": str, "title": str, "scope": str, "is_stop": bool, "is_urgent": bool}
    lists: dict[str, tuple[str, ...]] = {"markers": (), "codewords": (), "words": ()}
    traits: dict[str, Any] = {"pattern": "", "limits": {}, "duty_role": ""}
    traits |= dict.fromkeys(("support_first", "makes_shared_line", "is_fault"), False)
    values = _take(where, entry, needed, {**lists, **traits})
    _one_of(where, "scope", values["scope"], kinds.SCOPES)
    _one_of(where, "pattern", values["pattern"], tuple(kinds.PATTERNS))
    if not values["markers"] and not values["pattern"]:
        raise damaged(f"{where}: it has neither markers nor a pattern, so it can never be set off")
    for pattern in (*values["codewords"], *values["words"]):
        try:
            re.compile(pattern)
        except re.error as error:
            raise damaged(f"{where}: a codeword is no regular expression: {error}") from None
    _check_limits(where, values["pattern"], values["limits"])
    return HardStop(**values, review=review)


def _check_limits(where: str, pattern: str, limits: Mapping[str, Any]) -> None:
    if set(limits) != set(kinds.PATTERNS[pattern]):
        named = ", ".join(kinds.PATTERNS[pattern]) or "nothing"
        raise damaged(f"{where}: 'limits' must give just: {named}")
    if not all(type(limit) is int and limit > 0 for limit in limits.values()):
        raise damaged(f"{where}: 'limits' are whole numbers over nought")


def code_list(where: str, entry: dict[str, Any], review: Review) -> CodeList:
    """A list of words that patterns share."""
    values = _take(where, entry, {"id": str, "title": str, "words": tuple}, {})
    _one_of(where, "id", values["id"], kinds.CODE_LISTS)
    return CodeList(**values, review=review)


def code_group(where: str, entry: dict[str, Any], review: Review) -> CodeGroup:
    """Codes of misuse, or of what only looks like it."""
    needed = {"codes": tuple, "title": str, "intent": str, "is_misuse": bool}
    values = _take(where, entry, needed, {"field": "closing_code"})
    _one_of(where, "field", values["field"], kinds.MISUSE_FIELDS)
    _one_of(where, "intent", values["intent"], kinds.INTENTS)
    if values["is_misuse"] and values["intent"] == "unintentional":
        raise damaged(f"{where}: what nobody meant is not misuse")
    return CodeGroup(**values, review=review)


def doubt(where: str, entry: dict[str, Any], review: Review) -> Doubt:
    """Codes that cast doubt, and how. Only an unknown closing code may be a blank one."""
    values = _take(where, entry, {"field": str, "kind": str, "codes": tuple, "title": str}, {"absent": False})
    _one_of(where, "field", values["field"], kinds.DOUBT_FIELDS)
    _one_of(where, "kind", values["kind"], kinds.DOUBT_KINDS)
    if (values["field"] == "closing_code") != (values["kind"] == "unknown"):
        raise damaged(f"{where}: a closing code is unknown, and only a closing code; other fields contradict")
    if values["absent"] and values["kind"] != "unknown":
        raise damaged(f"{where}: 'absent' is for a code that is unknown")
    return Doubt(**values, review=review)


def option(where: str, entry: dict[str, Any], review: Review) -> Option:
    """An option with its days in law."""
    needed = {"id": str, "lane": str, "title": str, "needs": tuple}
    values = _take(where, entry, needed, {"valid_from": date.min, "valid_to": date.max})
    _one_of(where, "lane", values["lane"], kinds.LANES)
    return Option(**values, review=review)


def damaged(message: str) -> StoreError:
    """The error of a rule file that cannot be used as it stands."""
    return StoreError(f"the rules are damaged: {message}", next_step="mend that line, or reinstall the program")
