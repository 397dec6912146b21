"""Interrupted series: closed forms, planted effects, and how often nothing is taken for something."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from misuse.estimation import interrupted
from misuse.estimation.interrupted import MONTH, WEEK, Change, Effect, Period
from misuse.estimation.refused import Refused
from misuse.estimation.spells import CallerPeriods

Series = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Plan:
    """A planted series: misuse and genuine calls that share a trend, a season and shocks; misuse has its own too."""

    periods: int = 36
    at: int = 24
    period: Period = MONTH
    misuse: float = 2_000.0
    memory: float = 0.4  # of misuse's own shocks
    own: float = 0.05
    shared: float = 0.10
    spare: float = 200.0  # of the gamma that makes counts more scattered than Poisson
    step: float = 0.0
    slope: float = 0.0
    shared_step: float = 0.0


def memory(rng: np.random.Generator, count: int, part: float, spread: float) -> Series:
    """First-order autoregressive shocks, by the plain loop."""
    shocks = rng.normal(0, spread, count)
    shocks[0] /= np.sqrt(1 - part**2)
    for at in range(1, count):
        shocks[at] += part * shocks[at - 1]
    return shocks


def planted(plan: Plan, seed: int) -> tuple[Series, Series]:
    """Calls of misuse and of the control."""
    rng = np.random.default_rng(seed)
    time = np.arange(plan.periods)
    after = time >= plan.at
    both = 0.003 * time + 0.15 * np.sin(2 * np.pi * time / plan.period.a_year)
    both = both + memory(rng, plan.periods, 0.6, plan.shared) + plan.shared_step * after
    own = memory(rng, plan.periods, plan.memory, plan.own) + after * (plan.step + plan.slope * (time - plan.at))
    levels = plan.misuse * np.exp(both + own), 25 * plan.misuse * np.exp(both)
    misuse, control = (rng.poisson(level * rng.gamma(plan.spare, 1 / plan.spare, plan.periods)) for level in levels)
    return misuse.astype(float), control.astype(float)


def effect(plan: Plan, seed: int, *, has_control: bool = True, is_known: bool = True) -> Effect:
    """Of calls each of which is a caller's only, known as such or not."""
    calls, control = planted(plan, seed)
    found = interrupted.interrupted(
        calls,
        np.full(plan.periods, 30.0),
        plan.at,
        period=plan.period,
        seed=seed,
        control=control if has_control else None,
        callers=CallerPeriods.none() if is_known else None,
    )
    assert isinstance(found, Effect)
    return found


def findings(plan: Plan, seeds: range) -> int:
    return sum(effect(plan, seed).is_finding for seed in seeds)


def test_points_are_least_squares() -> None:
    """A line with a break, written out and solved."""
    calls, control = planted(Plan(periods=20, at=12, step=-0.3), 1)
    days = np.resize([31.0, 28.0, 31.0, 30.0], 20)
    found = interrupted.interrupted(calls, days, 12, period=MONTH, seed=1, control=control)
    assert isinstance(found, Effect)
    time, after = np.arange(20.0), np.arange(20) >= 12
    series = np.log((calls + 0.5) / (control + 0.5))
    matrix = np.column_stack([np.ones(20), time, after, after * (time - 12)])
    _, _, step, slope = np.linalg.lstsq(matrix, series, rcond=None)[0]
    assert np.log1p(found.step.point) == pytest.approx(step)
    assert np.log1p(found.slope.point) == pytest.approx(slope)
    assert np.log1p(found.mean.point) == pytest.approx(step + slope * 3.5)
    assert np.mean(np.log(found.fitted / found.expected)[12:]) == pytest.approx(step + slope * 3.5)
    assert np.allclose(found.fitted[:12], found.expected[:12])


def test_restricted_likelihood_is_that_of_contrasts() -> None:
    """REML is the likelihood of what is orthogonal to the design; differences between noises are all that counts."""
    rng = np.random.default_rng(3)
    line = interrupted._Line(20, 12, MONTH)
    days, calls = np.full(20, 30.0), rng.poisson(400.0, 20).astype(float)
    callers = CallerPeriods(np.repeat([0, 1], 5), np.array([1, 2, 3, 4, 5, 11, 12, 13, 14, 15]), np.full(10, 40.0))
    chance = line.chance(calls, days, callers, rng)
    series = memory(rng, 20, 0.5, 1.0)
    basis = np.linalg.qr(line.matrix, mode="complete")[0][:, line.matrix.shape[1] :]
    by_lag = np.zeros((20, 20))
    apart = chance.drawn - chance.drawn.mean()
    for one in range(20):
        for other in range(20):
            lag = abs(one - other)
            by_lag[one, other] = np.mean(apart * np.roll(apart, lag, axis=1))

    def plain(kind: interrupted._Memory, size: float) -> float:
        root = kind.root(20)
        spread = basis.T @ (by_lag + size * root @ root.T) @ basis
        return float(stats.multivariate_normal(np.zeros(len(spread)), spread).logpdf(basis.T @ series))

    sizes = np.array([0.0, 0.5, 2.0])
    kept = line.contrasts.T @ series
    ours = np.array([interrupted._restricted(kept, spectrum, sizes) for spectrum in chance.spectra])
    theirs = np.array([[plain(kind, size) for size in sizes] for kind in chance.kinds])
    assert np.allclose(ours - ours[0, 0], theirs - theirs[0, 0], rtol=1e-5, atol=1e-3)


def test_series_without_effect_have_the_memory_they_should() -> None:
    for kind in (interrupted._MEMORIES[0], interrupted._MEMORIES[4], interrupted._MEMORIES[-1]):
        noise = interrupted._noise([kind] * 2_000, 6, np.random.default_rng(4))
        assert np.allclose(np.corrcoef(noise.T), kind.root(6) @ kind.root(6).T, atol=0.09)
        assert np.allclose(noise.var(axis=0), 1.0, atol=0.15)


def test_unknown_callers_widen_the_interval() -> None:
    """Whoever is not known may call in spells, and those have long memories."""
    known, unknown = (effect(Plan(), 8, is_known=is_known).mean for is_known in (True, False))
    assert unknown.high - unknown.low > known.high - known.low
    assert unknown.point == known.point
    assert "long memory" in effect(Plan(), 8, is_known=False).method


def test_a_planted_effect_is_recovered() -> None:
    plan = Plan(step=-0.25)
    results = [effect(plan, seed) for seed in range(15)]
    truth = np.expm1(-0.25)
    assert np.mean([result.mean.point for result in results]) == pytest.approx(truth, abs=0.03)
    assert sum(result.mean.low <= truth <= result.mean.high for result in results) >= 13
    assert sum(result.step.low <= truth <= result.step.high for result in results) >= 13


def test_a_fall_of_both_is_no_effect() -> None:
    """The Romanian texts: prank calls fell by 37%, and genuine ones by 39%."""
    result = effect(Plan(periods=48, at=30, shared_step=-0.5, shared=0.03), 5)
    assert not result.is_finding
    assert result.alone.high < 0
    assert result.control is not None
    assert result.control.high < 0


def test_a_slope_is_recovered() -> None:
    results = [effect(Plan(periods=48, step=-0.05, slope=-0.02), seed) for seed in range(12)]
    assert sum(result.slope.low <= np.expm1(-0.02) <= result.slope.high for result in results) >= 10
    truth = np.expm1(-0.05 - 0.02 * 11.5)
    assert sum(result.mean.low <= truth <= result.mean.high for result in results) >= 10


def test_without_control_the_series_stands_alone() -> None:
    result = effect(Plan(shared=0.02, step=-0.4), 6, has_control=False)
    assert result.control is None
    assert result.mean == result.alone
    assert result.mean.high < 0
    assert "no control" in result.method


def test_the_rate_of_findings_without_effect() -> None:
    seeds = range(40)
    assert stats.binomtest(findings(Plan(), seeds), len(seeds), 0.05).pvalue > 0.01


WITHOUT_EFFECT: dict[str, dict[str, Any]] = {
    "three years": {},
    "two years": {"periods": 24, "at": 14, "memory": 0.0},
    "five years": {"periods": 60, "at": 40},
    "long memory": {"periods": 60, "at": 40, "memory": 0.7},
    "weeks": {"periods": 78, "at": 52, "period": WEEK, "misuse": 500.0, "spare": 100.0},
}


@pytest.mark.deep
def test_findings_without_effect_over_many_series() -> None:
    """Consistent with 5% over all, and nowhere far above."""
    seeds = range(300)
    found = {name: findings(replace(Plan(), **changes), seeds) for name, changes in WITHOUT_EFFECT.items()}
    assert stats.binomtest(sum(found.values()), len(found) * len(seeds), 0.05).pvalue > 0.01, found
    assert max(found.values()) < 0.09 * len(seeds), found


@pytest.mark.deep
def test_the_interval_covers_a_planted_effect_over_many_series() -> None:
    truth = np.expm1(-0.2)
    hits = [result.mean.low <= truth <= result.mean.high for result in (effect(Plan(step=-0.2), s) for s in range(300))]
    assert np.mean(hits) > 0.93


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Plan(periods=20, at=5), "at least 8"),
        (Plan(periods=20, at=17), "3 after"),
        (Plan(misuse=3.0), "too few"),
        (Plan(periods=60, at=20, period=WEEK), "26"),
    ],
)
def test_too_little_is_refused_with_its_reason(plan: Plan, words: str) -> None:
    calls, control = planted(plan, 1)
    days = np.full(plan.periods, 30.0)
    found = interrupted.interrupted(calls, days, plan.at, period=plan.period, seed=1, control=control)
    assert isinstance(found, Refused)
    assert words in found.reason


def test_series_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="same periods"):
        interrupted.interrupted(np.ones(20), np.ones(19), 10, period=MONTH, seed=1)


def test_a_change_is_a_finding_where_zero_is_outside() -> None:
    assert Change(-0.2, -0.3, -0.1).is_finding
    assert not Change(-0.2, -0.3, 0.1).is_finding


def test_the_seed_decides() -> None:
    calls, control = planted(Plan(), 7)
    days = np.full(36, 30.0)
    one, same, other = (
        interrupted.interrupted(calls, days, 24, period=MONTH, seed=seed, control=control) for seed in (1, 1, 2)
    )
    assert isinstance(one, Effect)
    assert isinstance(same, Effect)
    assert isinstance(other, Effect)
    assert one.mean == same.mean
    assert one.mean.low != other.mean.low
    assert one.mean.point == other.mean.point
