"""Who entered, who left and why."""

from __future__ import annotations

import pytest

from misuse.estimation.differences import (
    Counted,
    Movement,
    Reason,
    Why,
    differences,
)

R = Reason


def only(caller: Counted, before: int = 10, now: int = 10) -> tuple[str, list[tuple[str, int, bool]]]:
    (row,) = differences([caller], before, now)
    return row.movement, [(why.reason, why.calls, why.is_decisive) for why in row.why]


def test_crossed_by_new_calls() -> None:
    caller = Counted("a", 8, 11, {R.NEW_CALLS: 4}, {R.FELL_OUT: 1})
    assert only(caller) == ("entered", [("new_calls", 4, True)])


def test_crossed_by_several_things_none_of_which_would_have_done_alone_or_was_needed() -> None:
    caller = Counted("a", 5, 11, {R.NEW_CALLS: 2, R.LATE_DATA: 3, R.STOP: 1})
    assert only(caller) == ("entered", [("late_data", 3, True), ("new_calls", 2, True), ("stop", 1, False)])


@pytest.mark.parametrize("reason", [R.FELL_OUT, R.STOP, R.DOUBT, R.IDENTITY, R.LATE_DATA, R.RULES])
def test_left_for_any_reason(reason: Reason) -> None:
    assert only(Counted("a", 12, 9, {}, {reason: 3})) == ("left", [(reason, 3, True)])


def test_left_in_spite_of_new_calls() -> None:
    caller = Counted("a", 12, 9, {R.NEW_CALLS: 2}, {R.FELL_OUT: 4, R.DOUBT: 1, R.STOP: 0})
    assert only(caller) == ("left", [("fell_out", 4, True), ("doubt", 1, True)])


def test_what_became_a_shared_line_leaves_whatever_its_calls() -> None:
    caller = Counted("a", 40, 38, {}, {R.FELL_OUT: 2}, may_now=False)
    assert only(caller) == ("left", [("identity", 0, True), ("fell_out", 2, False)])


def test_what_ceased_to_be_one_enters() -> None:
    caller = Counted("a", 40, 40, may_before=False)
    assert only(caller) == ("entered", [("identity", 0, True)])


def test_the_line_moved() -> None:
    assert only(Counted("a", 8, 8), before=10, now=7) == ("entered", [("threshold", 0, True)])
    assert only(Counted("a", 11, 11), before=10, now=12) == ("left", [("threshold", 0, True)])
    assert only(Counted("a", 6, 11, {R.NEW_CALLS: 5}), before=10, now=8) == (
        "entered", [("new_calls", 5, True), ("threshold", 0, False)],
    )  # fmt: skip


def test_who_never_was_over_is_not_told_and_the_order_is_fixed() -> None:
    counted = [
        Counted("never", 3, 4, {R.NEW_CALLS: 1}),
        Counted("line", 90, 90, may_before=False, may_now=False),
        Counted("stays", 50, 50),
        Counted("gone", 10, 9, {}, {R.FELL_OUT: 1}),
        Counted("b", 0, 10, {R.NEW_CALLS: 10}),
        Counted("a", 0, 10, {R.NEW_CALLS: 10}),
        Counted("c", 0, 12, {R.NEW_CALLS: 12}),
    ]
    found = [(row.caller_id, row.movement) for row in differences(counted, 10, 10)]
    entered, left, stayed = Movement
    assert found == [("c", entered), ("a", entered), ("b", entered), ("gone", left), ("stays", stayed)]
    assert found == [(row.caller_id, row.movement) for row in differences(reversed(counted), 10, 10)]


def test_reasons_must_add_up() -> None:
    with pytest.raises(ValueError, match="add up"):
        differences([Counted("a", 8, 11, {R.NEW_CALLS: 2})], 10, 10)


def test_why_is_plain_data() -> None:
    assert Why(R.STOP, 2, is_decisive=True).reason == "stop"
