"""States of a case, the legal moves between them, and who may do what. Pure: no store, no clock.

`MOVES` is the one place that says which move leads where, by whom, and what it needs. `PERMISSIONS`
says the same of what is done outside a case, `BARS` what keeps a case from action whoever asks. Each comes as a pair:
`may…` answers, `check…` raises.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from misuse.errors import Refused

STATES = ("waiting", "listed", "under_action", "under_review", "closed")
# A case in one of these has been decided on; the others merely say where the list put it.
OPEN_STATES = ("under_action", "under_review")
LANES = ("technical", "support", "engagement", "enforcement")

# A local user of a machine on which no users have been named yet is an analyst.
ROLES = (
    "analyst",
    "reviewer",
    "chair",
    "authoriser",
    "borough",
    "health liaison",
    "auditor",
    "administrator",
    "pipeline",
)

_DECIDERS = frozenset({"reviewer", "chair", "authoriser"})
_LISTERS = _DECIDERS | {"pipeline"}
_LANE_ROLES: Mapping[str, frozenset[str]] = {"enforcement": frozenset({"authoriser"})}


@dataclass(frozen=True)
class Move:
    """One legal move: where it leads, who may make it, what has to come with it."""

    to: str
    roles: frozenset[str]
    needs: tuple[str, ...] = ("reason",)


_ACT = Move("under_action", _DECIDERS, ("reason", "lane", "owner", "review_date"))
_LOOK_AGAIN = Move("under_review", _DECIDERS, ("reason", "owner", "review_date"))
_CLOSE = Move("closed", frozenset({"chair", "authoriser"}), ("reason", "outcome"))

MOVES: Mapping[tuple[str, str], Move] = {
    ("waiting", "list"): Move("listed", _LISTERS),
    ("waiting", "act"): _ACT,
    ("waiting", "review"): _LOOK_AGAIN,
    ("waiting", "close"): _CLOSE,
    ("listed", "wait"): Move("waiting", _LISTERS),
    ("listed", "act"): _ACT,
    ("listed", "review"): _LOOK_AGAIN,
    ("listed", "close"): _CLOSE,
    ("under_action", "act"): _ACT,
    ("under_action", "review"): _LOOK_AGAIN,
    ("under_action", "close"): _CLOSE,
    ("under_review", "act"): _ACT,
    ("under_review", "review"): _LOOK_AGAIN,
    ("under_review", "close"): _CLOSE,
    ("closed", "reopen"): Move("listed", frozenset({"chair", "authoriser"})),
}

_NAMED = frozenset(ROLES) - {"pipeline"}
PERMISSIONS: Mapping[str, frozenset[str]] = {
    "stop": _NAMED,  # a stop protects: whoever sees the need may enter it
    "lift_stop": _DECIDERS,
    "acknowledge_look": frozenset({"analyst", "health liaison"}) | _DECIDERS,
    "note": frozenset({"analyst", "borough", "health liaison"}) | _DECIDERS,
    "see_identity": _DECIDERS | {"administrator"},
    "rotate_vault_key": frozenset({"administrator"}),
    "withdraw_batch": frozenset({"analyst", "reviewer", "administrator"}),
    "override_rule": frozenset({"authoriser", "administrator"}),
    "freeze_list": _LISTERS | {"analyst"},
    "change_users": frozenset({"administrator"}),
    "read_casebook": frozenset({"auditor", "administrator"}) | _DECIDERS,
    "decide_link": _DECIDERS,  # who is one person, and who is not
    "register_shared_line": frozenset({"analyst"}) | _DECIDERS,
    "record_safeguard_check": _DECIDERS | {"administrator"},
    "train_model": frozenset({"analyst", "administrator"}) | _DECIDERS,
    "accept_model": frozenset({"authoriser", "administrator"}),
    "publish_callers": frozenset({"pipeline"}),
    "draw_coding_sample": frozenset({"analyst", "administrator"}) | _DECIDERS,
    "code_calls": frozenset({"analyst"}) | _DECIDERS,
    "dispose": frozenset({"administrator"}),  # what is past its time, with a certificate
}

HARD_STOP = "hard_stop"


@dataclass(frozen=True)
class Bar:
    """Why a case is kept from action, and what a person can do about it."""

    because: str
    next_step: str


# By the names in `tasking_list.enforcement_bars`. A hard stop bars every action, the others enforcement alone.
BARS: Mapping[str, Bar] = {
    HARD_STOP: Bar("a hard stop bars action on this caller", "look first, then lift the stop"),
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
    if move != "act":
        return []
    met = [name for name in dict.fromkeys(bars) if name == HARD_STOP or given.get("lane") == "enforcement"]
    unknown = "enforcement is barred: {}"
    return [
        BARS.get(name) or Bar(unknown.format(_words(name)), "misuse why CALLER says what stands in the way")
        for name in met
    ]


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


def may_do(action: str, role: str | None) -> bool:
    """Whether a role may do something outside a case."""
    return role in PERMISSIONS[action]


def check_may(action: str, role: str | None) -> None:
    """Errors: Refused naming the roles that may, and the command that gives one."""
    if may_do(action, role):
        return
    allowed = ", ".join(sorted(PERMISSIONS[action]))
    who = f"the role {role} may not" if role else "you have no role here, so you may not"
    raise Refused(
        f"{who} {action.replace('_', ' ')}; it takes one of: {allowed}",
        next_step="an administrator gives a role with: misuse users add NAME --role ROLE",
    )


def legal_moves(state: str) -> tuple[str, ...]:
    """Moves that lead out of, or renew, a state."""
    return tuple(move for known, move in MOVES if known == state)


def _objection(state: str, move: str, role: str, given: Mapping[str, Any]) -> Refused | None:
    """Why the move is not to be made, or None."""
    legal = MOVES.get((state, move))
    if legal is None:
        known = ", ".join(legal_moves(state)) or "none"
        return Refused(f"a case that is {_words(state)} has no move '{move}'", next_step=f"its moves are: {known}")
    roles = legal.roles & _LANE_ROLES.get(str(given.get("lane") or ""), legal.roles)
    if role not in roles:
        return Refused(
            f"the role {role} may not '{move}' here; it takes one of: {', '.join(sorted(roles))}",
            next_step="ask somebody who holds that role",
        )
    for need in legal.needs:
        if not str(given.get(need) or "").strip():
            return Refused(f"'{move}' needs {_words(need)}", next_step=f"give it with --{need.replace('_', '-')}")
    if given.get("lane") and given["lane"] not in LANES:
        return Refused(f"no lane is called '{given['lane']}'", next_step=f"the lanes are: {', '.join(LANES)}")
    if given.get("review_date") and not _is_date(str(given["review_date"])):
        return Refused("the review date is no date", next_step="write it as 2026-01-31")
    return None


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _words(name: str) -> str:
    return name.replace("_", " ")
