"""Callers' own calls shifted in time: held against every caller at every time, written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from misuse.estimation import spells
from misuse.estimation.spells import CallerPeriods, redrawn

Series = np.ndarray[Any, Any]


def log(rng: np.random.Generator, count: int, callers: int, most: float) -> tuple[CallerPeriods, Series, Series]:
    """Callers with a spell each, beside calls of one's own; who called what (a row a caller), and all calls."""
    made = np.zeros((callers, count))
    for caller in range(callers):
        first, last = sorted(rng.integers(count, size=2))
        made[caller, first : last + 1] = rng.poisson(rng.uniform(0.5, most), last + 1 - first)
    caller, period = np.nonzero(made)
    return CallerPeriods(caller, period, made[caller, period]), made, made.sum(axis=0) + 200.0


def spread(made: Series, count: int) -> Series:
    """How much periods so far apart vary together, every caller at every time as likely, and single calls by chance."""
    apart = np.zeros(count)
    for row in made:
        for lag in range(count):
            apart[lag] += np.mean([row[at] * row[(at + lag) % count] for at in range(count)]) - row.mean() ** 2
    apart[0] += 200.0
    return apart


@pytest.mark.parametrize("count", [24, 25])
@pytest.mark.parametrize("one_by_one", [0, 5, 100])
def test_the_spread_is_that_of_every_caller_at_every_time(
    count: int, one_by_one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether callers are moved one by one or by their waves, in one lot or many."""
    monkeypatch.setattr(spells, "_ONE_BY_ONE", one_by_one)
    monkeypatch.setattr(spells, "_AT_ONCE", 7)
    rng = np.random.default_rng(1)
    callers, made, calls = log(rng, count, 30, 4.0)
    level = np.full(count, 1_000.0)  # far above, so that logs may be undone
    drawn = np.exp(redrawn(callers, calls, level, 20_000, rng)) * 1_000.0
    assert drawn.mean() == pytest.approx(calls.mean(), rel=0.01)
    apart = drawn - drawn.mean()
    found = [np.mean(apart * np.roll(apart, -lag, axis=1)) for lag in range(count)]
    theirs = spread(made, count)
    assert np.allclose(found, theirs, atol=0.05 * theirs[0])


def test_one_caller_keeps_the_shape_of_the_spell() -> None:
    callers = CallerPeriods(np.zeros(3, dtype=int), np.array([4, 5, 6]), np.array([100.0, 300.0, 200.0]))
    calls = np.full(12, 1e-9)
    calls[4:7] += callers.calls
    drawn = np.exp(redrawn(callers, calls, np.full(12, 1.0), 50, np.random.default_rng(2)))
    for row in drawn:
        top = int(row.argmax())
        assert row[[top - 1, top, (top + 1) % 12]] == pytest.approx([100.0, 300.0, 200.0], rel=1e-3)


def test_without_callers_calls_come_one_by_one() -> None:
    calls = np.full(30, 400.0)
    drawn = redrawn(CallerPeriods.none(), calls, calls, 5_000, np.random.default_rng(3))
    assert drawn.std() == pytest.approx(1 / 20, rel=0.03)
    assert np.corrcoef(drawn[:, 3], drawn[:, 4])[0, 1] == pytest.approx(0.0, abs=0.1)


def test_the_seed_decides() -> None:
    callers, _, calls = log(np.random.default_rng(4), 20, 150, 3.0)
    one, same, other = (redrawn(callers, calls, calls, 10, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()
