"""Bounds against brute force, intervals against plain resampling and known truth."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misuse.estimation import MEASURES, Units, call_bounds, figures, outer_bound, resampling

TOTALS: dict[str, float | None] = {
    "calls": 10_000,
    "handling_seconds": 1_000_000,
    "unit_seconds": 500_000,
    "coded_misuse_calls": 100,
    "stopped_calls": 3,
    "stopped_unidentified_calls": 1,
    "doubtful_calls": 2,
    "doubtful_unidentified_calls": 0,
    "misuse_calls": 95,
    "unidentified_misuse_calls": 5,
    "handling_measured_calls": 9_000,
    "unit_measured_calls": 4_000,
    "misuse_handling_measured_calls": 95,
    "misuse_unit_measured_calls": 40,
    "months": 12,
}


def units_of(
    persons: list[int], unidentified: int = 0, shared: list[int] | None = None, *, threshold: int = 10, seed: int = 0
) -> Units:
    """Units with the given misuse calls; the other measures at random."""
    shared = shared or []
    calls = np.array([*persons, *shared, *[1] * unidentified], dtype=np.float64)
    rng = np.random.default_rng(seed)
    values = np.zeros((len(calls), len(MEASURES)))
    values[:, 0] = calls
    values[:, 1:] = calls[:, None] * rng.integers(1, 200, size=(len(calls), len(MEASURES) - 1))
    kinds = np.array(["p"] * len(persons) + ["s"] * len(shared) + ["u"] * unidentified)
    return Units(values, kinds == "p", kinds != "u", threshold)


def brute_force(units: Units, measure: str) -> tuple[int, float, float]:
    """The most callers, calls and measure over every way of giving each unidentified call to somebody."""
    calls = units.column("misuse_calls")
    worth = units.column(measure)
    persons = [i for i in range(len(calls)) if units.can_persist[i] and units.is_identified[i]]
    strays = [i for i in range(len(calls)) if not units.is_identified[i]]
    owners = [*persons, *(f"new {n}" for n in range(len(strays) // units.threshold)), None]
    best = (0, 0.0, 0.0)
    for choice in itertools.product(owners, repeat=len(strays)):
        count = {owner: calls[owner] if isinstance(owner, int) else 0.0 for owner in owners[:-1]}
        total = {owner: worth[owner] if isinstance(owner, int) else 0.0 for owner in owners[:-1]}
        for stray, owner in zip(strays, choice, strict=True):
            if owner is not None:
                count[owner] += 1
                total[owner] += worth[stray]
        over = [owner for owner in count if count[owner] >= units.threshold]
        found = (len(over), sum(count[o] for o in over), sum(total[o] for o in over))
        best = tuple(max(pair) for pair in zip(best, found, strict=True))  # type: ignore[assignment]
    return best


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(1, 5), max_size=4),
    st.integers(0, 4),
    st.lists(st.integers(1, 6), max_size=2),
    st.integers(1, 4),
)
def test_bounds_hold_against_every_assignment(
    persons: list[int], unidentified: int, shared: list[int], threshold: int
) -> None:
    units = units_of(persons, unidentified, shared, threshold=threshold)
    callers, calls, seconds = brute_force(units, "handling_seconds")
    bounds = call_bounds(units)
    assert bounds.callers_high == callers
    assert bounds.calls_high == calls
    assert outer_bound(units, "handling_seconds") >= seconds - 1e-9


def test_lifting_is_more_than_adding_the_unidentified() -> None:
    """Two unknown calls can bring a caller on nine over ten: eleven calls more, not two."""
    units = units_of([20, 9, 3], unidentified=2)
    assert call_bounds(units).calls_high == 20 + 2 + 9
    assert call_bounds(units).callers_high == 2


def by_name(units: Units, **changes: Any) -> dict[str, Any]:
    rows = figures(units, {**TOTALS, **changes}, replicates=300, seed=3)
    return {row.estimate: row for row in rows}


def heavy_tailed(count: int, seed: int) -> list[int]:
    rng = np.random.default_rng(seed)
    small = rng.geometric(0.6, size=count)
    large = np.minimum(np.floor(10 * rng.pareto(1.6, size=count) + 10), 1_500)
    return [int(calls) for calls in np.where(rng.random(count) < 0.03, large, np.minimum(small, 9))]


def test_points_lie_within_their_intervals_and_bounds() -> None:
    for seed in range(10):
        for row in by_name(units_of(heavy_tailed(400, seed), 30, [40, 3], seed=seed)).values():
            if row.low is not None:
                assert row.low <= row.point <= row.high, row.estimate
            if row.bound_low is not None:
                assert row.bound_low <= row.point <= row.bound_high + 1e-12, row.estimate
            assert row.unit != "share" or row.point is None or 0 <= row.point <= 1
            assert row.method


def test_the_seed_decides() -> None:
    units = units_of(heavy_tailed(300, 1), 10)
    assert by_name(units) == by_name(units)
    other = {row.estimate: row for row in figures(units, TOTALS, replicates=300, seed=4)}
    assert other["share_of_misuse"].low != by_name(units)["share_of_misuse"].low


def test_what_the_log_does_not_measure_is_null_and_says_why() -> None:
    rows = by_name(units_of([12, 3]), misuse_unit_measured_calls=0, months=0)
    assert rows["share_of_deployment"].point is None
    assert "does not measure" in rows["share_of_deployment"].method
    assert rows["days_work_persistent"].point is None
    assert "no whole local month" in rows["days_work_persistent"].method
    assert rows["share_of_misuse"].point == 12 / 15
    assert "not claimed" in rows["share_of_misuse"].method


@pytest.mark.parametrize(("persons", "share"), [([3, 2], 0.0), ([12, 15], 1.0)])
def test_no_interval_where_one_side_is_empty(persons: list[int], share: float) -> None:
    row = by_name(units_of(persons))["share_of_misuse"]
    assert (row.point, row.low, row.high) == (share, None, None)


def test_no_misuse_at_all() -> None:
    rows = by_name(units_of([]), misuse_calls=0)
    assert rows["misuse_calls"].point == 0
    assert rows["persistent_callers"].bound_high == 0
    assert rows["share_of_misuse"].point is None


def test_the_normal_remainder_resembles_drawing_every_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    units = units_of(heavy_tailed(6_000, 5), 500)
    monkeypatch.setattr(resampling, "DRAWN_SINGLY", 10**9)
    every = resampling.resampled_sums(units, 2_000, 1)
    monkeypatch.setattr(resampling, "DRAWN_SINGLY", 1_000)
    some = resampling.resampled_sums(units, 2_000, 2)
    for name in ("persistent", "persistent_squares", "others", "others_squares"):
        one, other = getattr(every, name), getattr(some, name)
        deviation = one.std(axis=0)
        assert np.all(np.abs(one.mean(axis=0) - other.mean(axis=0)) < 0.15 * deviation), name
        assert np.allclose(other.std(axis=0), deviation, rtol=0.1), name
    correlation = [np.corrcoef(s.persistent[:, 0] + s.others[:, 0], s.others[:, 1])[0, 1] for s in (every, some)]
    assert abs(correlation[0] - correlation[1]) < 0.05


def test_resampling_is_plain_resampling() -> None:
    """Against the obvious loop, on a sample small enough for it."""
    units = units_of(heavy_tailed(200, 6), 20)
    rng = np.random.default_rng(9)
    plain = []
    for _ in range(3_000):
        drawn = rng.integers(0, len(units.values), size=len(units.values))
        calls = units.column("misuse_calls")[drawn]
        plain.append((calls[units.is_persistent[drawn]].sum(), calls.sum()))
    sums = resampling.resampled_sums(units, 3_000, 1)
    ours = np.stack([sums.persistent[:, 0], sums.persistent[:, 0] + sums.others[:, 0]], axis=1)
    assert np.allclose(ours.mean(axis=0), np.mean(plain, axis=0), rtol=0.03)
    assert np.allclose(np.cov(ours.T), np.cov(np.array(plain).T), rtol=0.15)


def test_the_studentised_interval_covers_better_than_percentiles() -> None:
    """On a planted heavy tail; a hundred samples of 1,500 callers."""
    truth_sample = np.array(heavy_tailed(3_000_000, 77), dtype=np.float64)
    truth = truth_sample[truth_sample >= 10].sum() / truth_sample.sum()
    hits = {"studentised": 0, "percentile": 0}
    for seed in range(100):
        units = units_of(heavy_tailed(1_500, 1_000 + seed))
        drawn = resampling.resampled_sums(units, 400, seed)
        interval = resampling.share_interval(
            resampling.observed_sums(units), drawn, "misuse_calls", int(units.is_persistent.sum())
        )
        assert interval is not None
        hits["studentised"] += interval.low <= truth <= interval.high
        share = drawn.persistent[:, 0] / (drawn.persistent[:, 0] + drawn.others[:, 0])
        low, high = np.quantile(share, [0.025, 0.975])
        hits["percentile"] += low <= truth <= high
    assert hits["studentised"] >= hits["percentile"]
    assert hits["studentised"] >= 82
