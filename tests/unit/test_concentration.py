"""Concentration against pairwise and whole-sample reckoning, and against planted truth."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misuse.estimation import concentration
from misuse.estimation.figures import Figure

Counts = np.ndarray[Any, Any]


def heavy_tailed(callers: int, seed: int) -> Counts:
    """Mostly ones and twos, some with many."""
    rng = np.random.default_rng(seed)
    large = np.minimum(np.floor(10 * rng.pareto(1.6, size=callers) + 10), 1_500)
    small = np.minimum(rng.geometric(0.6, size=callers), 9)
    return np.where(rng.random(callers) < 0.03, large, small).astype(np.int64)


def by_name(calls: Counts, replicates: int = 200, seed: int = 1) -> dict[str, Figure]:
    drawn = concentration.weights(calls, replicates, seed)
    return {figure.estimate: figure for figure in concentration.concentration(calls, drawn)}


def pairwise_gini(calls: list[int]) -> Fraction:
    """Mean difference over all pairs, halved, over the mean."""
    apart = sum(abs(a - b) for a in calls for b in calls)
    return Fraction(apart, 2 * len(calls) * sum(calls))


def most_first(calls: list[int], share: Fraction) -> int:
    """How many callers, most calls first, reach the share."""
    made = 0
    for at, number in enumerate(sorted(calls, reverse=True), 1):
        made += number
        if made >= share * sum(calls):
            return at
    return 0


@given(st.lists(st.integers(1, 60), min_size=1, max_size=70))
def test_points_are_those_of_plain_reckoning(calls: list[int]) -> None:
    found = by_name(np.array(calls), replicates=20)
    ordered = sorted(calls, reverse=True)
    assert found["gini"].point == pytest.approx(float(pairwise_gini(calls)), abs=1e-9)
    assert found["callers_making_half"].point == most_first(calls, Fraction(1, 2))
    for top in (1, 10, 50):
        if top <= len(calls):
            assert found[f"top_{top}_share"].point == pytest.approx(sum(ordered[:top]) / sum(calls))
        else:
            assert f"top_{top}_share" not in found
    for threshold in range(3, 51):
        kept = sum(number for number in calls if number >= threshold)
        assert found[f"share_at_least_{threshold}"].point == pytest.approx(kept / sum(calls))


@given(st.lists(st.integers(1, 200), min_size=2, max_size=60))
def test_points_lie_within_their_intervals(calls: list[int]) -> None:
    for figure in by_name(np.array(calls), replicates=60).values():
        assert figure.point is not None
        assert figure.method
        if figure.low is not None and figure.high is not None:
            assert figure.low <= figure.point <= figure.high, figure.estimate


def test_every_replicate_is_the_reckoning_of_its_own_callers() -> None:
    """The weights of a replicate give what its callers, written out, would give."""
    calls = heavy_tailed(300, 3)
    drawn = concentration.weights(calls, 5, 4)
    values = np.unique(calls)
    assert drawn.sum(axis=1).tolist() == [300] * 5
    gini, *_ = concentration._gini_of(values.astype(float), drawn.astype(float))
    half, *_ = concentration._half_of(values.astype(float), drawn.astype(float))
    top, *_ = concentration._top_of(values.astype(float), drawn.astype(float), 10)
    for row, multiples in enumerate(drawn):
        written = np.repeat(values, multiples).tolist()
        assert gini[row] == pytest.approx(float(pairwise_gini(written)))
        assert half[row] == most_first(written, Fraction(1, 2))
        assert top[row] == pytest.approx(sum(sorted(written)[-10:]) / sum(written))


def test_lorenz_by_hand() -> None:
    found = concentration.lorenz(np.array([1, 1, 2, 6]), np.zeros((0, 3), dtype=np.int64))
    at = dict(zip(np.round(found.callers, 2).tolist(), found.calls.tolist(), strict=True))
    assert (at[0.0], at[0.25], at[0.5], at[0.75], at[1.0]) == pytest.approx((0, 0.1, 0.2, 0.4, 1))
    area = np.trapezoid(found.calls, found.callers)
    assert 1 - 2 * area == pytest.approx(float(pairwise_gini([1, 1, 2, 6])), abs=0.001)


def test_lorenz_limits_hold_the_curve() -> None:
    calls = heavy_tailed(400, 5)
    found = concentration.lorenz(calls, concentration.weights(calls, 100, 1))
    assert np.all((found.low <= found.calls) & (found.calls <= found.high))
    assert found.calls[-1] == pytest.approx(1.0)
    assert np.all(np.diff(found.calls) >= 0)


def test_the_standard_errors_are_those_of_resampling() -> None:
    """Linearised, against the spread of three thousand replicates of a tail that is not too heavy."""
    calls = np.random.default_rng(6).geometric(0.05, size=4_000)
    drawn = concentration.weights(calls, 3_000, 7).astype(float)
    values, callers = np.unique(calls, return_counts=True)
    whole = callers[None, :].astype(float)
    for reckon in (
        concentration._gini_of,
        concentration._half_of,
        lambda numbers, weights: concentration._share_of(numbers, weights, numbers >= 40),
        lambda numbers, weights: concentration._top_of(numbers, weights, 400),
    ):
        _, squares, _ = reckon(values.astype(float), whole)
        points, *_ = reckon(values.astype(float), drawn)
        assert math.sqrt(squares[0]) == pytest.approx(points.std(), rel=0.06)


def test_no_callers_and_one_caller() -> None:
    assert concentration.concentration(np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.int64)) == []
    found = by_name(np.array([12]))
    assert found["gini"].point == 0
    assert found["gini"].low is None
    assert found["share_at_least_10"].point == 1
    assert found["callers_making_half"].point == 1


@pytest.mark.parametrize(
    "calls", [[2, 6, 6, 6, 6, 6, 6, 6, 24], [10, 10, 10, 10, 31, 40], [1] * 25 + [59], [12] * 4 + [27]]
)
def test_callers_nearly_all_alike_give_no_endless_interval(calls: list[int]) -> None:
    """Replicates of callers all alike have no error but what rounding leaves, and dividing by that overflowed."""
    for figure in by_name(np.array(calls), replicates=60).values():
        assert figure.point is not None
        if figure.low is not None and figure.high is not None:
            assert 0 <= figure.low <= figure.point <= figure.high < 1e6, figure


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40))
def test_no_interval_reaches_beyond_what_is_possible_or_stops_at_its_point(calls: list[int]) -> None:
    """Of n callers at least one and at most half make half of the calls; a share is between nought and one."""
    for name, figure in by_name(np.array(calls), replicates=60).items():
        if figure.low is None or figure.high is None:
            assert "no interval" in figure.method, name
            continue
        least, most = (1, math.ceil(len(calls) / 2)) if name == "callers_making_half" else (0, 1)
        assert least <= figure.low < figure.high <= most, name
        assert figure.low < figure.point or figure.point == least, name
        assert figure.high > figure.point or figure.point == most, name
        assert (figure.low, figure.high) != (least, most), name


@pytest.mark.parametrize("calls", [[200, *[1] * 30], [5, 5], [10] * 12, [9]])
def test_a_half_that_one_caller_makes_or_all_alike_has_no_interval(calls: list[int]) -> None:
    found = by_name(np.array(calls), replicates=400)["callers_making_half"]
    assert (found.low, found.high) == (None, None)
    assert "no interval: " in found.method


def test_nobody_is_drawn_from_nobody() -> None:
    drawn = concentration.weights(np.zeros(0, dtype=np.int64), 7, 1)
    assert drawn.shape == (7, 0)


def test_a_maximum_has_no_interval() -> None:
    found = by_name(heavy_tailed(500, 8))
    assert found["top_1_share"].low is None
    assert "maximum" in found["top_1_share"].method
    assert "not claimed" in found["gini"].method


def covered(callers: int, samples: int, names: list[str]) -> dict[str, float]:
    """How often the interval holds what a population of three million such callers has."""
    truth = {name: figure.point for name, figure in by_name(heavy_tailed(3_000_000, 77), replicates=0).items()}
    truth["callers_making_half"] = truth["callers_making_half"] / 3_000_000 * callers  # type: ignore[operator]
    hits: dict[str, list[bool]] = {name: [] for name in names}
    for seed in range(samples):
        found = by_name(heavy_tailed(callers, 1_000 + seed), replicates=400, seed=seed)
        for name in names:
            low, high, point = found[name].low, found[name].high, truth[name]
            assert point is not None
            if low is not None and high is not None:
                hits[name].append(low <= point <= high)
    assert min(len(held) for held in hits.values()) >= 0.9 * samples, "some logs say nothing of it, but few"
    return {name: sum(held) / len(held) for name, held in hits.items()}


def test_intervals_cover() -> None:
    found = covered(3_000, 100, ["gini", "share_at_least_3", "share_at_least_10", "callers_making_half"])
    assert min(found.values()) >= 0.85, found


@pytest.mark.deep
def test_intervals_cover_at_thirty_thousand_callers() -> None:
    names = ["gini", "share_at_least_3", "share_at_least_10", "share_at_least_30", "callers_making_half"]
    found = covered(30_000, 300, names)
    assert min(found.values()) >= 0.92, found


def test_half_a_million_draws_are_quick_and_the_seed_decides() -> None:
    calls = heavy_tailed(30_000, 9)
    assert by_name(calls) == by_name(calls)
    assert by_name(calls)["gini"] != by_name(calls, seed=2)["gini"]
