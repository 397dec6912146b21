"""The log-growth warning: a growing log in a stationary population, and a real change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from misuse.estimation import growth
from misuse.estimation.growth import Growth
from misuse.estimation.refused import Refused

Calls = np.ndarray[Any, Any]
THRESHOLD = 10


def population(seed: int, *, months: int = 30, arrivals: int = 200, change: float = 1.0) -> Calls:
    """Callers arrive evenly, before the log too, and call in spells of a few months at heavy-tailed rates.

    `change`: from the middle of the log on, those who call often call so many times as often.
    """
    rng = np.random.default_rng(seed)
    before = 40
    callers = arrivals * (months + before)
    first = rng.integers(-before, months, callers)[:, None]
    length = rng.geometric(0.25, callers)[:, None]
    rate = np.minimum(0.3 * (rng.pareto(1.6, callers) + 1), 30)[:, None]
    month = np.arange(months)
    rates = rate * ((month >= first) & (month < first + length))
    rates = rates * np.where((month >= months // 2) & (rate > 3), change, 1.0)
    calls = rng.poisson(rates)
    return calls[calls.sum(axis=1) > 0]


def found(calls: Calls, earlier: int = 12, replicates: int = 300, seed: int = 1) -> Growth:
    result = growth.growth(calls, earlier, THRESHOLD, replicates=replicates, seed=seed)
    assert isinstance(result, Growth)
    return result


def share(calls: Calls, start: int, stop: int) -> float:
    """The share by loops over callers."""
    numbers = [int(sum(row[start:stop])) for row in calls.tolist()]
    return sum(number for number in numbers if number >= THRESHOLD) / sum(numbers)


def test_points_by_loops() -> None:
    calls = population(1, arrivals=20)
    result = found(calls)
    first, last, whole = share(calls, 0, 12), share(calls, 18, 30), share(calls, 0, 30)
    assert (result.earlier_share, result.share) == pytest.approx((first, whole))
    assert result.observed.point == pytest.approx(whole - first)
    assert result.like_for_like.point == pytest.approx(last - first)
    assert result.by_length.point == pytest.approx(whole - last)
    assert result.observed.point == pytest.approx(result.like_for_like.point + result.by_length.point)


def test_errors_are_those_of_resampling_callers() -> None:
    """Linearised, against callers drawn one by one; a light tail, so that the spread is known."""
    rng = np.random.default_rng(3)
    calls = rng.poisson(rng.gamma(2.0, 0.4, size=(1_500, 1)) * np.ones((1, 10)))
    calls = calls[calls.sum(axis=1) > 0]
    windows = np.stack([calls[:, :4].sum(axis=1), calls[:, -4:].sum(axis=1), calls.sum(axis=1)], axis=1).astype(float)
    sample = growth._Sample(windows, np.ones((1, len(calls))), np.ones((1, len(calls))), 5)
    plain: dict[tuple[int, int], list[float]] = {(2, 0): [], (1, 0): [], (2, 1): []}
    for _ in range(1_500):
        drawn = windows[rng.integers(0, len(windows), len(windows))]
        shares = [drawn[drawn[:, at] >= 5, at].sum() / drawn[:, at].sum() for at in range(3)]
        for left, right in plain:
            plain[left, right].append(shares[left] - shares[right])
    for pair, values in plain.items():
        _, error = sample._reckoned(sample.whole, *pair)
        assert error[0] == pytest.approx(np.std(values), rel=0.08), pair


@given(st.integers(0, 10_000), st.integers(1, 5))
def test_points_lie_within_their_intervals(seed: int, earlier: int) -> None:
    result = growth.growth(population(seed, months=6, arrivals=15), earlier, 3, replicates=60, seed=seed)
    if isinstance(result, Growth):
        for part in (result.observed, result.like_for_like, result.by_length):
            assert part.low <= part.point <= part.high


@pytest.mark.parametrize("earlier", [0, 6, 9])
def test_a_date_outside_the_log_is_refused(earlier: int) -> None:
    assert isinstance(growth.growth(population(1, months=6), earlier, 3, replicates=10, seed=1), Refused)


def test_too_few_callers_are_refused() -> None:
    result = growth.growth(np.ones((50, 12), dtype=np.int64), 6, 10, replicates=10, seed=1)
    assert isinstance(result, Refused)
    assert "too few" in result.reason


@pytest.mark.parametrize(("callers", "is_refused"), [(growth.FEWEST_CALLERS - 1, True), (growth.FEWEST_CALLERS, False)])
def test_just_the_fewest_callers_are_enough(callers: int, is_refused: bool) -> None:
    """Five callers over the threshold in every window are compared, four are not."""
    calls = np.array([[THRESHOLD, THRESHOLD]] * callers + [[1, 1]] * 40)
    result = growth.growth(calls, 1, THRESHOLD, replicates=50, seed=1)
    assert isinstance(result, Refused) == is_refused


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.0, 0.2, "no change"), (-0.2, 0.0, "no change"), (0.01, 0.2, "rose"), (-0.2, -0.01, "fell")],
)
def test_an_interval_that_ends_at_nought_says_no_change(low: float, high: float, verdict: str) -> None:
    """Only an interval without nought, its ends counted in, is a change."""
    change = growth.Difference((low + high) / 2, low, high)
    assert Growth(0.5, 0.5, change, change, change, "").verdict == verdict


def naive_trend(shares: list[float]) -> bool:
    """Whether a straight line through the since-start shares is `significantly` rising."""
    line = stats.linregress(np.arange(len(shares)), shares)
    return bool(line.slope > 0 and line.pvalue < 0.05)


def since_start(calls: Calls) -> list[float]:
    """The share as read at the end of each period: the line that must not be taken for a trend."""
    made = np.cumsum(calls, axis=1)
    return list(np.where(made >= THRESHOLD, made, 0).sum(axis=0) / made.sum(axis=0))


def findings(seeds: range) -> tuple[int, int]:
    """How often something is found like for like, and by the naive trend."""
    ours = naive = 0
    for seed in seeds:
        calls = population(seed)
        ours += found(calls, seed=seed).verdict != "no change"
        naive += naive_trend(since_start(calls))
    return ours, naive


def test_a_growing_log_of_a_stationary_population_says_no_change() -> None:
    seeds = range(40)
    ours, naive = findings(seeds)
    assert stats.binomtest(ours, len(seeds), 0.05).pvalue > 0.01
    assert naive >= 36  # nine in ten: the naive trend says otherwise


@pytest.mark.deep
def test_the_rate_of_findings_where_nothing_changed() -> None:
    seeds = range(1_000, 1_400)
    ours, naive = findings(seeds)
    assert stats.binomtest(ours, len(seeds), 0.05).pvalue > 0.01
    assert naive > 0.9 * len(seeds)


def test_the_longer_log_explains_what_it_adds() -> None:
    result = found(population(5, arrivals=800))
    assert result.verdict == "no change"
    assert result.by_length.low > 0
    assert result.observed.point > 0
    calls = population(5)
    by_length = [
        np.mean([share(calls, at, at + length) for at in range(calls.shape[1] + 1 - length)]) for length in (1, 6, 30)
    ]
    assert by_length == sorted(by_length)


def test_a_real_change_is_found() -> None:
    rise = [found(population(seed, change=3.0), seed=seed).verdict for seed in range(8)]
    fall = [found(population(seed, change=0.4), seed=seed).verdict for seed in range(8)]
    assert rise.count("rose") >= 7
    assert fall.count("fell") >= 7


def test_the_seed_decides() -> None:
    calls = population(6, arrivals=20)
    assert found(calls) == found(calls)
    assert found(calls, seed=2).like_for_like != found(calls).like_for_like
