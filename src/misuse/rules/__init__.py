"""The reviewed rules: what bars a call from misuse, what is misuse, what casts doubt, what may be done.

They are data, one TOML file each beside this module, with author, checker and next review date.
`load` reads and checks all four; `Rules` gives the rows that the SQL models join.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from misuse.rules import reading
from misuse.rules.kinds import (
    CODE_LISTS,
    LANES,
    PATTERNS,
    CodeGroup,
    CodeList,
    Doubt,
    HardStop,
    Option,
    Review,
)
from misuse.rules.markers import borne
from misuse.settings import RULES_ROOT

__all__ = [
    "CODE_LISTS",
    "LANES",
    "PATTERNS",
    "CodeGroup",
    "CodeList",
    "Doubt",
    "HardStop",
    "Option",
    "Review",
    "Rules",
    "Safeguards",
    "SourceLists",
    "borne",
    "load",
    "parts",
    "spellings",
    "tables",
]

# Patterns that codes alone can set off; ties start from a marked call.
SEEN_BY_CODES = frozenset({"burst", "new_content"})


class SourceLists(Protocol):
    """What one source declares of its own, by field; an empty list takes the reviewed defaults."""

    @property
    def misuse(self) -> Mapping[str, Sequence[str]]: ...

    @property
    def is_all_misuse(self) -> bool: ...

    @property
    def doubt(self) -> Mapping[str, Sequence[str]]: ...


class SourceFields(Protocol):
    """What one source's log holds: the fields it maps, the markers it says it supplies."""

    @property
    def columns(self) -> Collection[str]: ...

    @property
    def markers_supplied(self) -> Collection[str]: ...


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
    code_lists: tuple[CodeList, ...] = ()

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

    def stop_rows(self) -> list[tuple[str | bool, ...]]:
        """Rows of rule_stops: a rule each, whether it has markers or not."""
        return [
            (
                *(r.id, r.scope, r.is_urgent, r.support_first, r.is_stop, r.makes_shared_line, r.duty_role, r.pattern),
                r.is_fault,
            )
            for r in self.hard_stops
        ]

    def pattern_rows(self) -> list[tuple[str | int | None, ...]]:
        """Rows of rule_patterns: rule_id, pattern, then every pattern's figures, empty but for the rule's own."""
        names = [name for figures in PATTERNS.values() for name in figures]
        return [(r.id, r.pattern, *map(r.limits.get, names)) for r in self.hard_stops if r.pattern]

    def codeword_rows(self) -> list[tuple[str, str]]:
        """Rows of rule_codewords: rule_id, pattern."""
        return [(rule.id, pattern) for rule in self.hard_stops for pattern in rule.codewords]

    def word_rows(self) -> list[tuple[str, str]]:
        """Rows of rule_words: rule_id, pattern; heard only where the rule's own pattern is met."""
        return [(rule.id, pattern) for rule in self.hard_stops for pattern in rule.words]

    def list_rows(self) -> list[tuple[str, str]]:
        """Rows of rule_lists: list_id, words; list `listed` is every code of the misuse list, misuse or not."""
        named = [(group.id, " ".join(parts(word))) for group in self.code_lists for word in group.words]
        listed = [("listed", " ".join(parts(code))) for group in self.misuse_codes for code in group.codes]
        return list(dict.fromkeys([*named, *listed]))

    def misuse_code_rows(self, sources: Mapping[str, SourceLists]) -> list[tuple[str, str, str]]:
        """Rows of rule_misuse_codes: source, field, code."""
        default = _by_field((group.field, group.codes) for group in self.misuse_codes if group.is_misuse)
        every = {"*": ("*",)}
        return [
            (name, *row)
            for name in sorted(sources)
            for row in _code_rows(every if sources[name].is_all_misuse else sources[name].misuse or default)
        ]

    def doubt_rows(self, sources: Mapping[str, SourceLists]) -> list[tuple[str, str, str | None, str]]:
        """Rows of rule_doubts: source, field, code, kind.

        A source's own lists take the place of the reviewed ones but for the unknown closing codes, which stand for
        all; a code of its own is a contradiction unless the reviewed lists know it as a default. No code: a blank one.
        """
        reviewed = {(d.field, code): d.kind for d in self.doubts for code in spellings(d.codes)}
        unknown: list[tuple[str, str | None, str]] = [
            (*row, kind) for row, kind in reviewed.items() if kind == "unknown"
        ]
        unknown += [(d.field, None, d.kind) for d in self.doubts if d.absent]
        shown = {row: kind for row, kind in reviewed.items() if kind != "unknown"}
        found: list[tuple[str, str, str | None, str]] = []
        for name in sorted(sources):
            own = {row: shown.get(row, "contradicted") for row in _code_rows(sources[name].doubt)}
            found += [(name, *row, kind) for row, kind in (own or shown).items()]
            found += [(name, *row) for row in unknown]
        return found

    def options_for(self, day: date) -> dict[str, tuple[str, ...]]:
        """Titles of the options that stand in law on `day`, by lane, least intrusive first."""
        return {lane: tuple(o.title for o in self.options if o.lane == lane and o.is_open(day)) for lane in LANES}

    def blind_in(self, source: SourceFields) -> Safeguards:
        """Which rules can never fire on the log of a source so declared."""
        has = set(source.columns)
        return self.safeguards_blind(
            set(source.markers_supplied) if "markers" in has else set(),
            has_remarks="remarks" in has,
            has_codes="cli" in has and bool(has & {"opening_code", "closing_code"}),
        )

    def safeguards_blind(
        self, markers_supplied: set[str], *, has_remarks: bool = False, has_codes: bool = False
    ) -> Safeguards:
        """Which rules can never fire on a source that supplies just these markers (any spelling, or a rule's id).

        `has_remarks`: codewords can be heard; `has_codes`: numbers and codes are there, so that patterns can be seen.
        """

        every = {word for rule in self.hard_stops for word in (*rule.markers, rule.id)}
        supplied = {word for text in markers_supplied for word in borne(text, every)}

        def sees(rule: HardStop) -> bool:
            return (
                bool(supplied & {*rule.markers, rule.id})
                or (has_remarks and bool(rule.codewords))
                or (has_codes and rule.pattern in SEEN_BY_CODES)
            )

        names = tuple(rule.id for rule in self.hard_stops if not sees(rule))
        return Safeguards(len(names), len(self.hard_stops), names)


def spellings(words: Sequence[str]) -> tuple[str, ...]:
    """Each word folded as call records fold codes, with `_`, `-` and a space between its parts."""
    return tuple(dict.fromkeys(_fold(re.sub(r"[_\- ]+", joint, word)) for word in words for joint in "_- "))


def _fold(word: str) -> str:
    return " ".join(word.upper().split())


def parts(word: str) -> list[str]:
    """The letters and figures of a word or code in upper case, whatever stands between them."""
    return re.findall(r"[A-Z0-9]+", word.upper())


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
        "rule_stops": list(rules.stop_rows()),
        "rule_patterns": list(rules.pattern_rows()),
        "rule_codewords": list(rules.codeword_rows()),
        "rule_words": list(rules.word_rows()),
        "rule_lists": list(rules.list_rows()),
        "rule_misuse_codes": list(rules.misuse_code_rows(sources)),
        "rule_doubts": list(rules.doubt_rows(sources)),
    }


def load(root: Path = RULES_ROOT) -> Rules:
    """The rules under `root`.

    Errors: StoreError naming file, rule and key for one that is missing, unknown or ill-formed.
    """
    rules = Rules(
        hard_stops=tuple(reading.hard_stop(*item) for item in reading.items(root, "hard_stops", "rule")),
        misuse_codes=tuple(reading.code_group(*item) for item in reading.items(root, "misuse_codes", "code")),
        doubts=tuple(reading.doubt(*item) for item in reading.items(root, "doubts", "doubt")),
        options=tuple(reading.option(*item) for item in reading.items(root, "options", "option")),
        code_lists=tuple(reading.code_list(*item) for item in reading.items(root, "hard_stops", "list")),
    )
    named = {
        "hard_stops": [r.id for r in rules.hard_stops],
        "options": [o.id for o in rules.options],
        "hard_stops' lists": [c.id for c in rules.code_lists],
    }
    for kind, ids in named.items():
        if len(ids) != len(set(ids)):
            raise reading.damaged(f"{kind}.toml names a rule twice")
    if any(rule.pattern for rule in rules.hard_stops) and len(rules.code_lists) < len(CODE_LISTS):
        raise reading.damaged(f"hard_stops.toml must have the lists {', '.join(CODE_LISTS)}")
    return rules
