"""What a reviewed rule is: who wrote and checked it, what it looks for, what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

LANES = ("technical", "support", "engagement", "enforcement")
MISUSE_FIELDS = ("closing_code", "opening_code", "qualifiers", "result_code")
DOUBT_FIELDS = ("result_code", "qualifiers", "closing_code")
DOUBT_KINDS = ("contradicted", "defaulted", "unknown")
SCOPES = ("call", "caller")
INTENTS = ("intentional", "unintentional")
# What a rule may look for beside markers and codewords, and the figures that each of these takes.
PATTERNS: Mapping[str, tuple[str, ...]] = {
    "": (),
    "ties": ("most_numbers", "place_calls"),
    "burst": ("calls", "minutes"),
    "new_content": ("contacts", "days", "kinds", "hours"),
}
CODE_LISTS = ("silent_or_abandoned", "handset", "duplicate", "nowhere")


@dataclass(frozen=True)
class Review:
    """Who wrote a rule, who checked it against its source, and when it is looked at again."""

    source: str
    why: str
    author: str
    checker: str
    next_review: date
    version: int


@dataclass(frozen=True)
class HardStop:
    """A marker, codeword or pattern and what it bars, or (`is_stop` false) what it merely flags."""

    id: str
    title: str
    markers: tuple[str, ...]
    codewords: tuple[str, ...]
    words: tuple[str, ...]
    pattern: str
    limits: Mapping[str, int]
    scope: str
    is_stop: bool
    is_urgent: bool
    support_first: bool
    makes_shared_line: bool
    is_fault: bool
    duty_role: str
    review: Review


@dataclass(frozen=True)
class CodeList:
    """Words by which a pattern knows a code, an address or a person that is none."""

    id: str
    title: str
    words: tuple[str, ...]
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
    """Codes that contradict a misuse code, or tell that nobody chose one or knew it; `absent`: the blank field too."""

    field: str
    kind: str
    codes: tuple[str, ...]
    absent: bool
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
