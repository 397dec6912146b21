"""The reviewed rules: what bars a call from misuse, what is misuse, what casts doubt, what may be done.

They are data, one TOML file each beside this module, with author, checker and next review date.
`load` reads and checks all four; `Rules` gives the rows that the SQL models join.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from misuse.errors import StoreError
from misuse.settings import RULES_ROOT

LANES = ("technical", "support", "engagement", "enforcement")
MISUSE_FIELDS = ("closing_code", "opening_code", "qualifiers", "result_code")
DOUBT_FIELDS = ("result_code", "qualifiers")
SCOPES = ("call", "caller")
INTENTS = ("intentional", "unintentional")
CHECK_OWED = "to be named by the force"


@dataclass(frozen=True)
class Review:
    """Who wrote a rule, who checked it against its source, and when it is looked at again."""

    source: str
    why: str
    author: str
    checker: str
    next_review: date
    version: int

    @property
    def is_check_owed(self) -> bool:
        """Whether the check by a person of the force is still outstanding."""
        return self.checker == CHECK_OWED


@dataclass(frozen=True)
class HardStop:
    """A marker or codeword and what it bars, or (`is_stop` false) what it merely flags."""

    id: str
    title: str
    markers: tuple[str, ...]
    codewords: tuple[str, ...]
    scope: str
    is_stop: bool
    is_urgent: bool
    support_first: bool
    makes_shared_line: bool
    duty_role: str
    review: Review


@dataclass(frozen=True)
class CodeGroup:
    """Codes that mean one thing: misuse or not, meant or not."""

    field: str
    codes: tuple[str, ...]
    title: str
    intent: str
    is_misuse: bool
    review: Review


@dataclass(frozen=True)
class Doubt:
    """Codes that contradict a misuse code."""

    field: str
    codes: tuple[str, ...]
    title: str
    review: Review


@dataclass(frozen=True)
class Option:
    """Something the coordination group may choose, with the days on which the law has it."""

    id: str
    lane: str
    title: str
    valid_from: date
    valid_to: date
    needs: tuple[str, ...]
    review: Review

    def is_open(self, day: date) -> bool:
        """Whether the option stands in law on `day`."""
        return self.valid_from <= day <= self.valid_to


class SourceLists(Protocol):
    """What one source declares of its own, by field; an empty list takes the reviewed defaults."""

    @property
    def misuse(self) -> Mapping[str, Sequence[str]]: ...

    @property
    def is_all_misuse(self) -> bool: ...

    @property
    def doubt(self) -> Mapping[str, Sequence[str]]: ...


class Safeguards(NamedTuple):
    """How many safeguards a log cannot support, of how many, and which."""

    blind: int
    total: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Rules:
    """All four rule files, checked."""

    hard_stops: tuple[HardStop, ...]
    misuse_codes: tuple[CodeGroup, ...]
    doubts: tuple[Doubt, ...]
    options: tuple[Option, ...]

    @cached_property
    def digest(self) -> str:
        """What a run records of the rules it was made with."""
        canonical = json.dumps(asdict(self), sort_keys=True, default=str, ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def hard_stop_rows(self) -> list[tuple[str, str, str, bool, bool, bool, bool, str]]:
        """Rows of rule_hard_stops. An empty duty role stands for the `duty_role` of misuse.toml."""
        return [
            (r.id, m, r.scope, r.is_urgent, r.support_first, r.is_stop, r.makes_shared_line, r.duty_role)
            for r in self.hard_stops
            for m in spellings(r.markers)
        ]

    def codeword_rows(self) -> list[tuple[str, str]]:
        """Rows of rule_codewords: rule_id, pattern."""
        return [(rule.id, pattern) for rule in self.hard_stops for pattern in rule.codewords]

    def misuse_code_rows(self, sources: Mapping[str, SourceLists]) -> list[tuple[str, str, str]]:
        """Rows of rule_misuse_codes: source, field, code."""
        default = _by_field((group.field, group.codes) for group in self.misuse_codes if group.is_misuse)
        every = {"*": ("*",)}
        return [
            (name, *row)
            for name in sorted(sources)
            for row in _code_rows(every if sources[name].is_all_misuse else sources[name].misuse or default)
        ]

    def doubt_rows(self, sources: Mapping[str, SourceLists]) -> list[tuple[str, str, str]]:
        """Rows of rule_doubts: source, field, code."""
        default = _by_field((doubt.field, doubt.codes) for doubt in self.doubts)
        return [(name, *row) for name in sorted(sources) for row in _code_rows(sources[name].doubt or default)]

    def known_codes(self, field: str) -> frozenset[str]:
        """Every spelling of every code of `field` that the default lists hold, misuse or not."""
        groups = [*((g.field, g.codes) for g in self.misuse_codes), *((d.field, d.codes) for d in self.doubts)]
        return frozenset(_by_field(groups).get(field, ()))

    def options_for(self, day: date) -> dict[str, tuple[str, ...]]:
        """Titles of the options that stand in law on `day`, by lane, least intrusive first."""
        return {lane: tuple(o.title for o in self.options if o.lane == lane and o.is_open(day)) for lane in LANES}

    def safeguards_blind(self, markers_supplied: set[str], *, has_remarks: bool = False) -> Safeguards:
        """Which rules can never fire on a source that supplies just these markers (any spelling, or a rule's id)."""
        supplied = {_fold(marker) for marker in markers_supplied}

        def sees(rule: HardStop) -> bool:
            return bool(supplied & {*spellings(rule.markers), *spellings((rule.id,))}) or (
                has_remarks and bool(rule.codewords)
            )

        names = tuple(rule.id for rule in self.hard_stops if not sees(rule))
        return Safeguards(len(names), len(self.hard_stops), names)


def spellings(words: Sequence[str]) -> tuple[str, ...]:
    """Each word folded as call records fold codes, with `_`, `-` and a space between its parts."""
    return tuple(dict.fromkeys(_fold(re.sub(r"[_\- ]+", joint, word)) for word in words for joint in "_- "))


def _fold(word: str) -> str:
    return " ".join(word.upper().split())


def _by_field(groups: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, list[str]]:
    codes: dict[str, list[str]] = {}
    for field, words in groups:
        codes.setdefault(field, []).extend(spellings(words))
    return codes


def _code_rows(lists: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """A declared list stands as it is written, folded; the defaults come in every spelling."""
    for field, codes in lists.items():
        yield from ((field, code) for code in dict.fromkeys(map(_fold, codes)))


def tables(rules: Rules, sources: Mapping[str, SourceLists]) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of the rule tables, each in the column order of its file under sql/rules/."""
    return {
        "rule_hard_stops": list(rules.hard_stop_rows()),
        "rule_codewords": list(rules.codeword_rows()),
        "rule_misuse_codes": list(rules.misuse_code_rows(sources)),
        "rule_doubts": list(rules.doubt_rows(sources)),
    }


def load(root: Path = RULES_ROOT) -> Rules:
    """The rules under `root`.

    Errors: StoreError naming file, rule and key for one that is missing, unknown or ill-formed.
    """
    rules = Rules(
        hard_stops=tuple(_hard_stop(*item) for item in _items(root, "hard_stops", "rule")),
        misuse_codes=tuple(_code_group(*item) for item in _items(root, "misuse_codes", "code")),
        doubts=tuple(_doubt(*item) for item in _items(root, "doubts", "doubt")),
        options=tuple(_option(*item) for item in _items(root, "options", "option")),
    )
    for kind, ids in (("hard_stops", [r.id for r in rules.hard_stops]), ("options", [o.id for o in rules.options])):
        if len(ids) != len(set(ids)):
            raise _damaged(f"{kind}.toml names a rule twice")
    return rules


_REVIEW_KEYS = tuple(f.name for f in fields(Review))


def _items(root: Path, name: str, table: str) -> Iterator[tuple[str, dict[str, Any], Review]]:
    """Each entry of a file, with where it stands, its own keys, and its review (the file's, overridden)."""
    path = root / f"{name}.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise _damaged(f"{path.name} cannot be read: {error}") from None
    for number, entry in enumerate(document.get(table, []), start=1):
        where = f"{path.name}, {table} {entry.get('id', number)}"
        review = {**document.get("review", {}), **{key: entry.pop(key) for key in _REVIEW_KEYS if key in entry}}
        if name == "options":  # an option's reason to be there is its basis in law or practice
            review = {"source": entry.pop("basis", ""), "why": entry.get("title", ""), **review}
        yield where, entry, _review(where, review)


def _review(where: str, values: dict[str, Any]) -> Review:
    for key in _REVIEW_KEYS:
        if not values.get(key):
            raise _damaged(f"{where}: '{key}' is missing")
    if not isinstance(values["next_review"], date):
        raise _damaged(f"{where}: 'next_review' must be a date")
    return Review(**values)


def _take(where: str, entry: dict[str, Any], needed: Mapping[str, type], optional: Mapping[str, Any]) -> dict[str, Any]:
    """The entry's values, typed, with defaults; lists become tuples."""
    unknown = sorted(set(entry) - set(needed) - set(optional))
    missing = sorted(set(needed) - set(entry))
    if unknown or missing:
        raise _damaged(f"{where}: " + (f"unknown key '{unknown[0]}'" if unknown else f"'{missing[0]}' is missing"))
    values = {**optional, **entry}
    for key, kind in {**needed, **{key: type(value) for key, value in optional.items()}}.items():
        if isinstance(values[key], list):
            values[key] = tuple(values[key])
        if not isinstance(values[key], kind):
            raise _damaged(f"{where}: '{key}' is of the wrong kind")
    return values


def _one_of(where: str, key: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise _damaged(f"{where}: '{key}' must be one of {', '.join(allowed)}")


def _hard_stop(where: str, entry: dict[str, Any], review: Review) -> HardStop:
    needed = {"id": str, "title": str, "markers": tuple, "scope": str, "is_stop": bool, "is_urgent": bool}
    optional = {"codewords": (), "support_first": False, "makes_shared_line": False, "duty_role": ""}
    values = _take(where, entry, needed, optional)
    _one_of(where, "scope", values["scope"], SCOPES)
    for pattern in values["codewords"]:
        try:
            re.compile(pattern)
        except re.error as error:
            raise _damaged(f"{where}: a codeword is no regular expression: {error}") from None
    return HardStop(**values, review=review)


def _code_group(where: str, entry: dict[str, Any], review: Review) -> CodeGroup:
    needed = {"codes": tuple, "title": str, "intent": str, "is_misuse": bool}
    values = _take(where, entry, needed, {"field": "closing_code"})
    _one_of(where, "field", values["field"], MISUSE_FIELDS)
    _one_of(where, "intent", values["intent"], INTENTS)
    if values["is_misuse"] and values["intent"] == "unintentional":
        raise _damaged(f"{where}: what nobody meant is not misuse")
    return CodeGroup(**values, review=review)


def _doubt(where: str, entry: dict[str, Any], review: Review) -> Doubt:
    values = _take(where, entry, {"field": str, "codes": tuple, "title": str}, {})
    _one_of(where, "field", values["field"], DOUBT_FIELDS)
    return Doubt(**values, review=review)


def _option(where: str, entry: dict[str, Any], review: Review) -> Option:
    needed = {"id": str, "lane": str, "title": str, "needs": tuple}
    values = _take(where, entry, needed, {"valid_from": date.min, "valid_to": date.max})
    _one_of(where, "lane", values["lane"], LANES)
    return Option(**values, review=review)


def _damaged(message: str) -> StoreError:
    return StoreError(f"the rules are damaged: {message}", next_step="mend that line, or reinstall the program")
