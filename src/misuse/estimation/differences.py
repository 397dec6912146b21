"""Between two runs: who is over the line in one and not in the other, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """Why a caller's count differs between two runs, or what it is held against."""

    NEW_CALLS = "new_calls"  # made since the last run's as-of
    LATE_DATA = "late_data"  # made before it, known only now; or withdrawn or corrected since
    FELL_OUT = "fell_out"  # the window moved on
    STOP = "stop"  # a hard stop, now or no longer
    DOUBT = "doubt"  # its own facts contradict its code, now or no longer
    IDENTITY = (
        "identity"  # numbers joined to the caller or parted from it; or it became, or ceased to be, a shared line
    )
    RULES = "rules"  # the misuse code list changed
    THRESHOLD = "threshold"  # the line itself moved


class Movement(StrEnum):
    """Where a caller went."""

    ENTERED = "entered"
    LEFT = "left"
    STAYED = "stayed"


@dataclass(frozen=True)
class Counted:
    """A caller in two runs. `gained` and `lost`: misuse calls by reason; before + gained - lost = now.

    `may_before`, `may_now`: whether it may be persistent at all, which a shared line may not.
    """

    caller_id: str
    before: int
    now: int
    gained: Mapping[Reason, int] = field(default_factory=dict)
    lost: Mapping[Reason, int] = field(default_factory=dict)
    may_before: bool = True
    may_now: bool = True


@dataclass(frozen=True)
class Why:
    """A reason, the calls it brought or took (none where it moved the line), and whether without it nothing had moved."""

    reason: Reason
    calls: int
    is_decisive: bool


@dataclass(frozen=True)
class Difference:
    """A caller over the line in at least one of two runs, with the reasons that point the way it went, weightiest first."""

    caller_id: str
    movement: Movement
    before: int
    now: int
    why: tuple[Why, ...]


def differences(counted: Iterable[Counted], threshold_before: int, threshold_now: int) -> list[Difference]:
    """Who entered, who left, who stayed, and why; those who entered first, most calls first.

    Errors: ValueError where a caller's reasons don't add up to its two counts.
    """
    found = [
        difference
        for caller in counted
        if (difference := _difference(caller, threshold_before, threshold_now)) is not None
    ]
    order = list(Movement)
    return sorted(found, key=lambda row: (order.index(row.movement), -row.now, -row.before, row.caller_id))


def _difference(caller: Counted, threshold_before: int, threshold_now: int) -> Difference | None:
    if caller.before + sum(caller.gained.values()) - sum(caller.lost.values()) != caller.now:
        raise ValueError("a caller's reasons don't add up to the change in its count")
    was_over = caller.may_before and caller.before >= threshold_before
    is_over = caller.may_now and caller.now >= threshold_now
    if not was_over and not is_over:
        return None
    why: list[Why] = []
    movement = Movement.STAYED
    if is_over and not was_over:
        movement, why = Movement.ENTERED, _entered(caller, threshold_before, threshold_now)
    elif was_over and not is_over:
        movement, why = Movement.LEFT, _left(caller, threshold_before, threshold_now)
    return Difference(caller.caller_id, movement, caller.before, caller.now, tuple(why))


def _entered(caller: Counted, threshold_before: int, threshold_now: int) -> list[Why]:
    why = _weighed(caller.gained, lambda calls: caller.now - calls < threshold_now)
    if not caller.may_before:
        why.insert(0, Why(Reason.IDENTITY, 0, is_decisive=True))
    if threshold_now < threshold_before:
        why.append(Why(Reason.THRESHOLD, 0, is_decisive=caller.now < threshold_before))
    return why


def _left(caller: Counted, threshold_before: int, threshold_now: int) -> list[Why]:
    why = _weighed(caller.lost, lambda calls: caller.may_now and caller.now + calls >= threshold_now)
    if not caller.may_now:
        why.insert(0, Why(Reason.IDENTITY, 0, is_decisive=True))
    if threshold_now > threshold_before:
        why.append(Why(Reason.THRESHOLD, 0, is_decisive=caller.may_now and caller.now >= threshold_before))
    return why


def _weighed(calls: Mapping[Reason, int], turns: Callable[[int], bool]) -> list[Why]:
    order = list(Reason)
    weightiest = sorted(calls.items(), key=lambda item: (-item[1], order.index(item[0])))
    return [Why(reason, count, is_decisive=turns(count)) for reason, count in weightiest if count]
