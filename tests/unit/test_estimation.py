"""Bounds against brute force, intervals against plain resampling and known truth."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misuse.estimation import MEASURES, Units, call_bounds, figures, intervals, outer_bound, resampling, tails
from misuse.estimation.intervals import total_interval
from misuse.estimation.resampling import draws

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
    "handling_months": 12,
    "unit_months": 12,
    "month_days": 1_000_000.0,  # units of a test have days' work by the thousand
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


def shared_out(calls: int, people: int) -> list[tuple[int, ...]]:
    """Every way to share so many alike calls out among so many people."""
    if people == 0:
        return [()] if calls == 0 else []
    return [(first, *rest) for first in range(calls + 1) for rest in shared_out(calls - first, people - 1)]


def test_call_bounds_are_exact_for_every_small_log() -> None:
    """All logs of up to three persons of up to five calls, five unidentified calls, thresholds up to five."""
    ways = {(strays, people): shared_out(strays, people) for strays in range(6) for people in range(10)}
    for threshold, size, strays in itertools.product(range(1, 6), range(4), range(6)):
        unseen = strays // threshold + 1  # somebody below the threshold takes what is left over
        for persons in itertools.combinations_with_replacement(range(1, 6), size):
            known = (*persons, *[0] * unseen)
            callers, calls = 0, 0
            for given_out in ways[strays, size + unseen]:
                over = [own + more for own, more in zip(known, given_out, strict=True) if own + more >= threshold]
                callers, calls = max(callers, len(over)), max(calls, sum(over))
            found = call_bounds(units_of(list(persons), strays, threshold=threshold))
            assert (found.callers_high, found.calls_high) == (callers, calls), (persons, strays, threshold)


def test_a_shared_line_lifts_nothing() -> None:
    assert call_bounds(units_of([], 1, [9])).calls_high == 0


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


def test_time_that_was_measured_of_others_alone_is_not_nought_of_the_persistent() -> None:
    units = units_of([12, 3], shared=[4])
    units.values[0, [name != "misuse_calls" and "unit" not in name for name in MEASURES]] = 0
    rows = by_name(units)
    for name in ("share_of_handling", "share_of_all_handling", "hours_persistent", "days_work_handling_persistent"):
        assert rows[name].point is None, name
        assert "on any call of a persistent caller" in rows[name].method
    assert rows["hours_all_misuse"].point > 0
    assert rows["share_of_deployment"].point > 0


def test_what_the_log_does_not_measure_is_null_and_says_why() -> None:
    rows = by_name(units_of([12, 3]), misuse_unit_measured_calls=0, months=0)
    assert rows["share_of_deployment"].point is None
    assert "does not measure" in rows["share_of_deployment"].method
    assert rows["days_work_persistent"].point is None
    assert "no whole local month" in rows["days_work_persistent"].method
    assert rows["share_of_misuse"].point == 12 / 15
    assert "95% is not claimed" in rows["share_of_misuse"].method


@pytest.mark.parametrize(("persons", "share"), [([3, 2], 0.0), ([12, 15], 1.0)])
def test_no_interval_where_one_side_is_empty(persons: list[int], share: float) -> None:
    row = by_name(units_of(persons))["share_of_misuse"]
    assert (row.point, row.low, row.high) == (share, None, None)


def test_no_misuse_at_all() -> None:
    rows = by_name(units_of([]), misuse_calls=0)
    assert rows["misuse_calls"].point == 0
    assert rows["persistent_callers"].bound_high == 0
    assert rows["share_of_misuse"].point is None


def test_no_part_is_larger_than_what_it_is_part_of() -> None:
    """Three callers, one of them with nearly all calls: a draw of hers many times over has many more calls in all."""
    units = units_of([500, 12, 10], shared=[60])
    units = Units(
        np.repeat(units.column("misuse_calls")[:, None], len(MEASURES), axis=1) * 25.0 / 582,
        units.can_persist,
        units.is_identified,
        10,
    )
    units.values[:, 0] *= 582 / 25.0
    rows = by_name(units, calls=700, handling_seconds=30.4, misuse_calls=582, month_days=30.4)
    for who in ("all_misuse", "persistent"):
        row = rows[f"days_work_{who}"]
        assert row.low is not None
        assert row.high is not None
        assert 0 <= row.low <= row.point <= row.high < 30.4
    share = rows["share_of_calls"]
    assert share.low <= share.point <= share.high < 1.0
    # Other calls are held as they were: an end of so many calls is so much of these calls and the others.
    total = total_interval(draws(units, 300, 3), "misuse_calls")
    assert total is not None
    assert share.high == pytest.approx(total.high / (total.high + 700 - 522))
    assert share.low == pytest.approx(total.low / (total.low + 700 - 522))


def test_where_every_call_is_theirs_they_are_the_whole() -> None:
    units = units_of([30, 20])
    units = Units(
        np.repeat(units.column("misuse_calls")[:, None], len(MEASURES), axis=1) / 50 * 30.4,
        units.can_persist,
        units.is_identified,
        10,
    )
    units.values[:, 0] *= 50 / 30.4
    row = by_name(units, calls=50, misuse_calls=50, month_days=30.4)["days_work_all_misuse"]
    assert row.point == pytest.approx(30.4)
    assert row.high == pytest.approx(30.4)


# ── drawing callers afresh ─────────────────────────────────────────────────────────────────────


def shuffled(units: Units, seed: int) -> Units:
    order = np.random.default_rng(seed).permutation(len(units.values))
    return Units(units.values[order], units.can_persist[order], units.is_identified[order], units.threshold)


def test_the_order_of_the_units_does_not_matter() -> None:
    units = units_of(heavy_tailed(500, 8), 40, [30, 2])
    assert by_name(units) == by_name(shuffled(units, 1))


def test_a_caller_is_drawn_a_poisson_number_of_times() -> None:
    times = np.array(resampling._TIMES)
    assert times.sum() == 65_536
    assert times @ np.arange(len(times)) == 65_536
    expected = [math.exp(-1.0) / math.factorial(k) for k in range(len(times))]
    assert np.abs(times / 65_536 - expected).max() < 3e-5


def moments(sums: resampling.Sums) -> tuple[np.ndarray, np.ndarray]:
    both = np.stack([sums.persistent[:, 0], sums.others[:, 0], sums.persistent_squares[:, 0], sums.persistent[:, 1]])
    return both.mean(axis=1), np.cov(both)


def test_resampling_is_plain_resampling() -> None:
    """Against the obvious loop, on a sample small enough for it."""
    units = units_of(heavy_tailed(200, 6), 20)
    rng = np.random.default_rng(9)
    plain = []
    for _ in range(4_000):
        drawn = np.repeat(np.arange(len(units.values)), rng.poisson(1.0, len(units.values)))
        calls, other = units.values[drawn, 0], units.values[drawn, 1]
        kept = units.is_persistent[drawn]
        plain.append((calls[kept].sum(), calls[~kept].sum(), (calls[kept] ** 2).sum(), other[kept].sum()))
    means, covariance = moments(resampling.draws(units, 4_000, 1).plain.sums)
    expected = np.array(plain)
    assert np.allclose(means, expected.mean(axis=0), rtol=0.03)
    scale = np.sqrt(np.outer(covariance.diagonal(), covariance.diagonal()))
    assert np.abs((covariance - np.cov(expected.T)) / scale).max() < 0.12


def test_alike_callers_drawn_together_are_as_drawn_apart() -> None:
    together = units_of(heavy_tailed(3_000, 5), 200)
    together.values[:, 1:] = 0.0
    values = together.values.copy()
    values[:, 6] = np.arange(len(values))  # now no two are alike
    apart = Units(values, together.can_persist, together.is_identified, together.threshold)
    for one, other in zip(*(_firsts(resampling.draws(units, 4_000, 2)) for units in (together, apart)), strict=True):
        assert abs(one.mean() - other.mean()) < 0.1 * one.std()
        assert abs(one.std() / other.std() - 1) < 0.07


def _firsts(found: resampling.Draws) -> list[np.ndarray]:
    sums = found.plain.sums
    return [sums.persistent[:, 0], sums.others[:, 0], sums.persistent_squares[:, 0], sums.others_squares[:, 0]]


def test_the_normal_remainder_resembles_drawing_every_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    units = units_of(heavy_tailed(4_000, 5), 500)
    monkeypatch.setattr(resampling, "OTHERS_DRAWN_SINGLY", 10**9)
    every = resampling.draws(units, 2_000, 1).plain.sums
    monkeypatch.setattr(resampling, "OTHERS_DRAWN_SINGLY", 100)
    some = resampling.draws(units, 2_000, 2).plain.sums
    for name in ("others", "others_squares"):
        one, other = getattr(every, name), getattr(some, name)
        deviation = one.std(axis=0)
        assert np.all(np.abs(one.mean(axis=0) - other.mean(axis=0)) < 0.15 * deviation), name
        assert np.allclose(other.std(axis=0), deviation, rtol=0.1), name
    correlation = [np.corrcoef(s.others[:, 0], s.others[:, 1])[0, 1] for s in (every, some)]
    assert abs(correlation[0] - correlation[1]) < 0.05


def test_a_log_without_persistent_callers_and_one_without_anybody() -> None:
    for units in (units_of([3, 2], 4), units_of([])):
        found = resampling.draws(units, 50, 1)
        assert found.persistent_callers == 0
        assert intervals.share_interval(found, "misuse_calls") is None
        assert intervals.total_interval(found, "misuse_calls") is None


# ── intervals ──────────────────────────────────────────────────────────────────────────────────


def test_with_light_tails_the_total_is_as_uncertain_as_the_closed_form_says() -> None:
    """A Poisson number of callers: the variance of their total is the sum of squares."""
    calls = np.random.default_rng(4).poisson(20, 20_000) + 1
    units = units_of(calls.tolist(), threshold=18)
    interval = intervals.total_interval(resampling.draws(units, 4_000, 1), "misuse_calls")
    kept = calls[calls >= 18].astype(float)
    assert interval is not None
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * math.sqrt((kept**2).sum()), rel=0.05)
    assert (interval.high + interval.low) / 2 == pytest.approx(kept.sum(), rel=0.001)


def test_with_light_tails_the_share_is_as_uncertain_as_the_closed_form_says() -> None:
    calls = np.random.default_rng(5).poisson(20, 20_000) + 1
    units = units_of(calls.tolist(), threshold=18)
    interval = intervals.share_interval(resampling.draws(units, 4_000, 1), "misuse_calls")
    kept, rest = calls[calls >= 18].astype(float), calls[calls < 18].astype(float)
    share = kept.sum() / calls.sum()
    error = math.sqrt((1 - share) ** 2 * (kept**2).sum() + share**2 * (rest**2).sum()) / calls.sum()
    assert interval is not None
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.05)


def test_with_three_persistent_callers_a_share_has_no_upper_end_but_one() -> None:
    found = resampling.draws(units_of([40, 12, 11, *[1] * 200]), 2_000, 1)
    interval = intervals.share_interval(found, "misuse_calls")
    assert interval is not None
    assert interval.high == 1.0
    assert 0.0 < interval.low < 63 / 263


# ── the tail ───────────────────────────────────────────────────────────────────────────────────


def pareto_excesses(shape: float, scale: float, size: int, seed: int) -> np.ndarray:
    chance = np.random.default_rng(seed).random(size)
    return scale * (chance**-shape - 1.0) / shape


@pytest.mark.parametrize("shape", [0.3, 0.6, 0.9])
def test_a_planted_tail_is_recovered_from_many_callers(shape: float) -> None:
    values = 50.0 + pareto_excesses(shape, 40.0, 40_000, 3)
    tail = tails.fitted(values, 10, 1e9)
    assert tail is not None
    assert tail.count == 1_200
    assert tail.shape == pytest.approx(shape, abs=0.1)
    above = np.sort(values)[-1_200:]
    assert tail.start == pytest.approx(above[0], rel=0.01)
    assert np.median(tail.cells()) == pytest.approx(np.median(above), rel=0.03)


def test_a_tail_of_few_is_held_to_be_heavy() -> None:
    tail = tails.fitted(np.array([10.0, 11, 12, 13, 14]), 10, 5_000.0)
    assert tail is not None
    assert tail.count == 5
    assert tail.shape > 0.6
    assert tail.start == 9.5


def test_alike_callers_have_a_tail_too_and_nobody_has_none() -> None:
    tail = tails.fitted(np.array([12.0, 12.0]), 10, 5_000.0)
    assert tail is not None
    assert (tail.count, tail.shape) == (2, tails.EXPECTED_SHAPE)
    assert tails.fitted(np.array([0.0, 0.0]), 10, 5_000.0) is None
    assert tails.fitted(np.array([]), 10, 5_000.0) is None


@pytest.mark.parametrize(("shape", "end"), [(0.9, 4_000.0), (0.4, 900.0), (-0.2, 200.0), (1.2, 4_000.0)])
def test_the_cells_of_a_tail_have_its_mean_and_its_quantiles(shape: float, end: float) -> None:
    tail = tails.Tail(30.0, 9, shape, 40.0, min(end, 40.0 / -shape if shape < 0 else end))
    cells = tail.cells()
    assert np.all(np.diff(cells) <= 1e-6)
    assert cells.mean() == pytest.approx(tail.mean)
    assert cells[0] <= tail.start + tail.end * (1 + 1e-9)
    # By brute force: values of the uncut distribution, those beyond the end thrown away.
    values = pareto_excesses(shape, 40.0, 2_000_000, 8)
    values = 30.0 + values[values <= tail.end]
    assert values.mean() == pytest.approx(tail.mean, rel=0.01)
    assert np.quantile(values, 0.99) == pytest.approx(cells[655], rel=0.02)
