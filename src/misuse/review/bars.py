"""What keeps a case from a move whoever asks, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from misuse.errors import Refused
from misuse.review.moves import BARRED_BY_STOP, ENFORCEMENT, ENFORCING, words

HARD_STOP = "hard_stop"


@dataclass(frozen=True)
class Bar:
    """Why a case is kept from action, and what a person can do about it."""

    because: str
    next_step: str


# By the names in `tasking_list.enforcement_bars`. A hard stop bars every action, the others enforcement alone.
BARS: Mapping[str, Bar] = {
    HARD_STOP: Bar("a hard stop bars action on this caller", "look first, then lift the stop"),
    "urgent_stop_unseen": Bar(
        "an urgent hard stop on a call of this caller waits, and nobody has looked at it",
        "look at the caller and say so: misuse look --acknowledge CALLER",
    ),
    "unconfirmed_links": Bar(
        "enforcement never rests on links that no person has confirmed, and without them the count is too low",
        'compare the records, then misuse identity same CALLER --reason "…"',
    ),
    "below_threshold": Bar(
        "the misuse calls in the window are under the line", "misuse why CALLER shows every call and how it counts"
    ),
    "changed_identity": Bar(
        "the case was decided on other numbers than are now taken as this person",
        "look at the case again on the numbers as they are now (move 'review'); the next run opens the lane",
    ),
    "must_reconcile": Bar(
        "callers merged or split since the case was decided on, and nobody has reconciled it",
        "look at the calls as they are now, then make the move 'reconcile'",
    ),
    "calls_unconfirmed": Bar(
        "fewer misuse calls than the line were confirmed one by one",
        "open the calls and confirm or refute each",
    ),
    "safeguards_blind": Bar(
        "the logs leave safeguards blind, and nobody has recorded another check of them",
        'misuse safeguards lists them; after the check: misuse safeguards record RULE --until DATE --reason "…"',
    ),
}


def may_pass(move: str, given: Mapping[str, Any], bars: Sequence[str]) -> bool:
    """Whether no bar keeps the case from the move."""
    return not _standing_bars(move, given, bars)


def check_bars(move: str, given: Mapping[str, Any], bars: Sequence[str]) -> None:
    """Errors: Refused naming every bar in the way and what to do about each."""
    standing = _standing_bars(move, given, bars)
    if standing:
        raise Refused(
            "; ".join(bar.because for bar in standing), next_step="; ".join(bar.next_step for bar in standing)
        )


def _standing_bars(move: str, given: Mapping[str, Any], bars: Sequence[str]) -> list[Bar]:
    """The bars that this move meets; one of a name not known here bars enforcement all the same."""
    is_enforcing = move in ENFORCING or (move == "act" and given.get("lane") == ENFORCEMENT)
    met = [name for name in dict.fromkeys(bars) if (move in BARRED_BY_STOP if name == HARD_STOP else is_enforcing)]
    unknown = "enforcement is barred: {}"
    return [
        BARS.get(name) or Bar(unknown.format(words(name)), "misuse why CALLER says what stands in the way")
        for name in met
    ]
