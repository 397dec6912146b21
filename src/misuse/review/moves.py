"""States of a case and the legal moves between them: where each leads, by whom, and what it takes.

`MOVES` is the one place that says so; docs/review-room.md's diagram is made from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from misuse import wording
from misuse.errors import Refused, UsageError
from misuse.review.permissions import DECIDERS, LISTERS, NAMED

LANES = ("technical", "support", "engagement", "enforcement")
ENFORCEMENT = "enforcement"

# Each state and who sees to it that the case leaves it again.
OWNERS: Mapping[str, str] = {
    "waiting": "chair",
    "listed": "chair",
    "proposed": "authoriser",
    "under_action": "reviewer",
    "under_review": "reviewer",
    "halted": "reviewer",
    "suppressed": "pipeline",
    "closed": "chair",
}
STATES = tuple(OWNERS)
# A case in one of these has been decided on and is not at its end; the others say where the list put it, or that it ended.
OPEN_STATES = ("proposed", "under_action", "under_review", "halted")

# What closing takes, each from a list: what became of it, and what was done.
OUTCOMES: Mapping[str, str] = {
    "calls_ended": "misuse calls ended",
    "calls_fewer": "misuse calls became fewer",
    "calls_as_before": "misuse calls went on as before",
    "calls_more": "misuse calls became more",
    "need_met": "a need was found and is met by others",
    "fault_mended": "a fault was mended",
    "not_this_person": "somebody else called, or nobody can tell who",
    "not_misuse": "the calls were not misuse",
    "court_decided": "a court decided",
    "merged": "went on in another case of the same person",
    "died_or_moved": "the person died or moved away",
}
ACTIVITIES: Mapping[str, str] = {
    "none": "nothing was done",
    "repair": "check or repair of a handset, line or alarm",
    "visit": "visit or conversation",
    "letter": "letter of advice",
    "agreement": "agreement with the caller",
    "referral": "referral to health, care or safeguarding",
    "joint_plan": "plan with another service",
    "warning": "warning, served and dated",
    "notice": "notice or order",
    "proceedings": "proceedings",
}
# On what a closed case may be reopened.
GROUNDS: Mapping[str, str] = {
    "new_calls": "misuse calls since it was closed",
    "new_information": "something came to be known that was not",
    "closed_in_error": "it was closed in error",
    "representation": "the person asked for it to be looked at again",
}
LONGEST_SUPPRESSION_DAYS = 184


@dataclass(frozen=True)
class Move:
    """One legal move: where it leads, who may make it, what has to come with it.

    `opened`: whose opening of calls it takes since the case last moved: anybody's, the mover's own, or nobody's ("").
    `not_by`: who may not make it though the role would do: the proposer.
    """

    to: str
    roles: frozenset[str]
    needs: tuple[str, ...] = ("reason",)
    opened: str = "anybody"
    not_by: str = ""
    label: str = ""


_CHAIRS = frozenset({"chair", "authoriser"})
_LIST = Move("listed", LISTERS, opened="", label="Put on the list")
_WAIT = Move("waiting", LISTERS, opened="", label="Let it wait")
_ACT = Move("under_action", DECIDERS, ("reason", "lane", "owner", "review_date"), label="Act, short of enforcement")
_LOOK_AGAIN = Move("under_review", DECIDERS, ("reason", "owner", "review_date"), label="Look again on a day")
_PROPOSE = Move(
    "proposed", DECIDERS, ("reason", "option", "owner", "review_date"), "mover", label="Propose enforcement"
)
_CLOSE = Move("closed", _CHAIRS, ("reason", "outcome", "activity"), label="Close")
_SUPPRESS = Move("suppressed", _CHAIRS, ("reason", "until"), label="Keep off the list for a time")
_HALT = Move("halted", NAMED | {"pipeline"}, opened="", label="Halt: a stop stands")
_RECONCILE = Move("under_review", DECIDERS, label="Reconcile: callers merged or split")

MOVES: Mapping[tuple[str, str], Move] = {
    ("waiting", "list"): _LIST,
    ("waiting", "act"): _ACT,
    ("waiting", "review"): _LOOK_AGAIN,
    ("waiting", "propose"): _PROPOSE,
    ("waiting", "suppress"): _SUPPRESS,
    ("waiting", "reconcile"): _RECONCILE,
    ("waiting", "close"): _CLOSE,
    ("waiting", "halt"): _HALT,
    ("listed", "wait"): _WAIT,
    ("listed", "act"): _ACT,
    ("listed", "review"): _LOOK_AGAIN,
    ("listed", "propose"): _PROPOSE,
    ("listed", "suppress"): _SUPPRESS,
    ("listed", "reconcile"): _RECONCILE,
    ("listed", "close"): _CLOSE,
    ("listed", "halt"): _HALT,
    ("proposed", "approve"): Move(
        "under_action", frozenset({"authoriser"}), ("reason", "finding"), "mover", "proposer", "Approve enforcement"
    ),
    ("proposed", "refuse"): Move("under_review", _CHAIRS, label="Refuse enforcement"),
    ("proposed", "withdraw"): Move("under_review", DECIDERS, opened="", label="Take the proposal back"),
    ("proposed", "reconcile"): _RECONCILE,
    ("proposed", "halt"): _HALT,
    ("under_action", "act"): _ACT,
    ("under_action", "review"): _LOOK_AGAIN,
    ("under_action", "propose"): _PROPOSE,
    ("under_action", "reconcile"): _RECONCILE,
    ("under_action", "close"): _CLOSE,
    ("under_action", "halt"): _HALT,
    ("under_review", "act"): _ACT,
    ("under_review", "review"): _LOOK_AGAIN,
    ("under_review", "propose"): _PROPOSE,
    ("under_review", "reconcile"): _RECONCILE,
    ("under_review", "close"): _CLOSE,
    ("under_review", "halt"): _HALT,
    ("halted", "resume"): Move(
        "under_review", DECIDERS, ("reason", "owner", "review_date"), "mover", label="Go on: the stop was lifted"
    ),
    ("halted", "close"): _CLOSE,
    ("suppressed", "expire"): Move("waiting", DECIDERS | {"pipeline"}, opened="", label="End the suppression"),
    ("suppressed", "halt"): _HALT,
    ("closed", "reopen"): Move("listed", _CHAIRS, ("reason", "ground"), label="Reopen"),
}

# What a stop bars while it stands: whatever would act on the caller, or bring the case back to where somebody may.
BARRED_BY_STOP = frozenset({"act", "propose", "approve", "resume", "reopen", "list"})
# What the bars on enforcement bear on.
ENFORCING = frozenset({"propose", "approve"})

CHOICES: Mapping[str, Collection[str]] = {
    "lane": LANES,
    "outcome": OUTCOMES,
    "activity": ACTIVITIES,
    "ground": GROUNDS,
}
DATES = ("review_date", "until")  # misuse.review.days says what a day must be


def may(state: str, move: str, role: str, given: Mapping[str, Any] | None = None) -> bool:
    """Whether the move is legal from this state, for this role, with what is given."""
    return _objection(state, move, role, given or {}) is None


def check(state: str, move: str, role: str, given: Mapping[str, Any] | None = None) -> Move:
    """The move, if `may`.

    Errors: Refused saying what stands in the way and what would do.
    """
    objection = _objection(state, move, role, given or {})
    if objection is not None:
        raise objection
    return MOVES[state, move]


def check_given(state: str, move: str, given: Mapping[str, Any]) -> None:
    """Whether what is given fits the move, whoever is to make it: for what is put down beforehand.

    Errors: UsageError saying what is missing or does not fit; Refused for no such move.
    """
    if (state, move) not in MOVES:
        check(state, move, "", given)
    for objection in _unmet(move, MOVES[state, move], given):
        raise UsageError(objection.message, next_step=objection.next_step)


def legal_moves(state: str) -> tuple[str, ...]:
    """Moves that lead out of, or renew, a state."""
    return tuple(move for known, move in MOVES if known == state)


def _objection(state: str, move: str, role: str, given: Mapping[str, Any]) -> Refused | None:
    """Why the move is not to be made, or None."""
    legal = MOVES.get((state, move))
    if legal is None:
        known = ", ".join(legal_moves(state)) or "none"
        because = "a hard stop halted the case, so it" if state == "halted" else f"a case that is {words(state)}"
        return Refused(f"{because} has no move '{move}'", next_step=f"its moves are: {known}")
    if role not in legal.roles:
        return Refused(
            f"the role {role} may not '{move}' here; it takes one of: {', '.join(sorted(legal.roles))}",
            next_step="ask somebody who holds that role",
        )
    return next(_unmet(move, legal, given), None)


def _unmet(move: str, legal: Move, given: Mapping[str, Any]) -> Iterator[Refused]:
    for need in legal.needs:
        if wording.is_blank(given.get(need)):
            yield Refused(f"'{move}' needs {words(need)}", next_step=f"give it with --{need.replace('_', '-')}")
    for name, choices in CHOICES.items():
        if given.get(name) and given[name] not in choices:
            yield Refused(f"no {name} is called '{given[name]}'", next_step=f"there are: {', '.join(choices)}")
    if move == "act" and given.get("lane") == ENFORCEMENT:
        yield Refused(
            "enforcement is proposed by one person and approved by another",
            next_step="make the move 'propose'; an authoriser who did not propose it approves",
        )


def words(name: str) -> str:
    """A name as a person reads it."""
    return name.replace("_", " ")


def diagram() -> str:
    """The states and moves as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> listed: a list is frozen"]
    for (state, move), legal in MOVES.items():
        roles = "anybody named" if legal.roles >= NAMED else ", ".join(sorted(legal.roles))
        lines.append(f"    {state} --> {legal.to}: {move} ({roles})")
    return "\n".join([*lines, "    closed --> [*]"]) + "\n"


def table() -> str:
    """The same as a table for the page: from, move, to, who, what it takes."""
    lines = ["| from | move | to | who | takes | calls opened |", "|---|---|---|---|---|---|"]
    for (state, move), legal in MOVES.items():
        roles = "anybody named, or a run" if legal.roles >= NAMED else ", ".join(sorted(legal.roles))
        but = f", never the {legal.not_by}" if legal.not_by else ""
        opened = {"anybody": "by anybody", "mover": "by whoever moves", "": "–"}[legal.opened]
        needs = ", ".join(words(need) for need in legal.needs)
        lines.append(f"| {words(state)} | {move} | {words(legal.to)} | {roles}{but} | {needs} | {opened} |")
    return "\n".join(lines) + "\n"
