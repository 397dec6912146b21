"""Rank stability against the obvious loop, closed forms and plain expectations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from misuse.estimation.ranks import rank_stability


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def episode_squares(calls: np.ndarray, episodes: np.ndarray) -> np.ndarray:
    """The expected sum of squared episode sizes of callers with these calls and episodes, sizes being geometric."""
    return np.asarray(calls * (2.0 * calls / episodes - 1.0))


def test_two_callers_of_single_calls_swap_as_often_as_two_poisson_counts_do() -> None:
    calls = floats(30, 25)
    rows = rank_stability(calls, calls, replicates=40_000, seed=1, top=1)
    chances = [[math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(120)] for mean in (30.0, 25.0)]
    above = sum(p * q for i, p in enumerate(chances[0]) for j, q in enumerate(chances[1]) if i > j)
    even = sum(p * q for p, q in zip(*chances, strict=True))
    assert rows[0].p_top == pytest.approx(above + even / 2, abs=0.01)
    assert rows[0].p_top + rows[1].p_top == pytest.approx(1.0)
    assert [(row.place, row.rank, row.rank_low, row.rank_high) for row in rows] == [(0, 1, 1, 2), (1, 2, 1, 2)]


def test_episodes_make_a_rank_less_firm() -> None:
    calls = floats(60, 40, 38, 36, 34, 32)
    steady = rank_stability(calls, calls, replicates=4_000, seed=2, top=1)
    bursts = rank_stability(calls, episode_squares(calls, calls / 12), replicates=4_000, seed=2, top=1)
    assert steady[0].p_top > bursts[0].p_top + 0.2
    assert steady[1].rank_high <= bursts[1].rank_high


def test_a_count_varies_as_its_episodes_do() -> None:
    """Against episodes drawn one by one: Poisson many, of geometric sizes."""
    rng, calls, episodes = np.random.default_rng(3), 60.0, 20.0
    counts = [rng.geometric(episodes / calls, rng.poisson(episodes)).sum() for _ in range(20_000)]
    assert np.var(counts) == pytest.approx(float(episode_squares(floats(calls), floats(episodes))[0]), rel=0.05)
    assert np.mean(counts) == pytest.approx(calls, rel=0.02)
    rival = 75.0
    beaten = np.mean([count > rng.poisson(rival) for count in counts])
    rows = rank_stability(floats(rival, calls), floats(rival, calls * 5), replicates=20_000, seed=4, top=1)
    assert rows[1].p_top == pytest.approx(float(beaten), abs=0.03)


def test_far_apart_ranks_are_certain_and_the_chances_add_up() -> None:
    calls = floats(*(10_000 / 2**k for k in range(8)))
    rows = rank_stability(calls, calls, replicates=500, seed=5, listed=5, top=3)
    assert [(row.rank_low, row.rank_high) for row in rows] == [(k, k) for k in range(1, 6)]
    assert [row.p_top for row in rows] == [1, 1, 1, 0, 0]
    many = rank_stability(floats(*range(40, 100)), floats(*range(40, 100)), replicates=500, seed=5, listed=60, top=10)
    assert sum(row.p_top for row in many) == pytest.approx(10.0)


def test_those_who_cannot_come_near_change_nothing() -> None:
    calls = floats(500, 450, 430)
    few = rank_stability(calls, calls, replicates=300, seed=6, listed=3, top=1)
    assert few == rank_stability(
        np.append(calls, np.full(4_000, 10.0)), np.append(calls, np.full(4_000, 10.0)),
        replicates=300, seed=6, listed=3, top=1,
    )  # fmt: skip


def test_the_order_given_does_not_matter_and_alike_callers_fare_alike() -> None:
    calls, squares = floats(80, 50, 50, 50, 20, 15), floats(200, 90, 90, 60, 20, 15)
    rows = rank_stability(calls, squares, replicates=400, seed=7, top=2)
    turned = rank_stability(calls[::-1], squares[::-1], replicates=400, seed=7, top=2)
    assert [(r.rank, r.rank_low, r.rank_high, r.p_top) for r in rows] == [
        (r.rank, r.rank_low, r.rank_high, r.p_top) for r in turned
    ]
    alike = [row for row in rows if row.place in (1, 2)]
    assert alike[0].p_top == alike[1].p_top
    assert sorted(row.place for row in turned) == list(range(6))


def test_nobody_to_rank() -> None:
    assert rank_stability(floats(), floats(), replicates=10, seed=1) == []
