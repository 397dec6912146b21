"""This year against last: the change by hand, its error against resampling, and how often it held the truth."""

from __future__ import annotations

import numpy as np
import pytest

from misuse.estimation.interrupted import Change
from misuse.estimation.refused import Refused
from misuse.estimation.years import relative_change


def years(seed: int, callers: int = 3_000, change: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Callers of heavy tail who call in both years at their own rate."""
    rng = np.random.default_rng(seed)
    rate = rng.lognormal(0.0, 1.2, rng.poisson(callers))
    return rng.poisson(rate), rng.poisson(rate * change)


def found(last: np.ndarray, this: np.ndarray) -> Change:
    change = relative_change(last, this)
    assert isinstance(change, Change)
    return change


def test_the_point_is_one_sum_over_the_other() -> None:
    assert found(np.array([1000, 0, 600]), np.array([400, 300, 100])).point == pytest.approx(800 / 1600 - 1)


def test_the_error_is_that_of_drawing_callers_again() -> None:
    last, this = years(1)
    rng = np.random.default_rng(2)
    drawn = rng.poisson(1.0, size=(4_000, len(last))).astype(float)
    logs = np.log(drawn @ this) - np.log(drawn @ last)
    change = found(last, this)
    width = (np.log1p(change.high) - np.log1p(change.low)) / 2 / 1.96
    assert width == pytest.approx(logs.std(), rel=0.08)


@pytest.mark.parametrize("change", [1.0, 0.8])
def test_intervals_hold_a_planted_change(change: float) -> None:
    held = sum(
        interval.low <= change - 1 <= interval.high
        for interval in (found(*years(seed, callers=1_000, change=change)) for seed in range(400))
    )
    assert 366 <= held <= 393  # 95% of 400, three standard errors either way


def test_one_enormous_caller_makes_a_wide_interval() -> None:
    """All of a change that hangs on one caller is no news: the others did not change."""
    last, this = np.append(np.ones(400, dtype=int), 0), np.append(np.ones(400, dtype=int), 300)
    change = found(last, this)
    assert change.low < 0 < change.high


def test_too_few_calls_are_refused() -> None:
    change = relative_change(np.array([99]), np.array([500]))
    assert isinstance(change, Refused)
    assert "99" in change.reason


def test_nothing_changed_exactly() -> None:
    same = np.array([60, 60])
    assert found(same, same) == Change(0.0, 0.0, 0.0)
