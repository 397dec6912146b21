"""What persistent handling goes together with: against least squares with every cell, and planted truth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misuse.estimation import answering
from misuse.estimation.answering import Association, Calls
from misuse.estimation.refused import Refused


def log(
    seed: int, *, effect: float = 0.0, by_volume: float = 8.0, days: int = 90, hours: int = 6, calls: int = 4
) -> Calls:
    """Calls of others in a few hours a day: cells differ, days have troubles of their own, volume drives both."""
    rng = np.random.default_rng(seed)
    day, hour = (part.ravel() for part in np.meshgrid(np.arange(days), np.arange(hours), indexing="ij"))
    cell = hour + hours * (day % 7)
    volume = rng.gamma(20, 1 / 20, len(day)) * (1 + 0.2 * (hour % 3))
    seconds = rng.gamma(1.5, 200 * volume**2) * (rng.random(len(day)) < 0.8)
    busy = answering.busy_hours(seconds, cell)
    number = rng.poisson(calls * volume)
    each = np.repeat(np.arange(len(day)), number)
    trouble = rng.normal(0, 2, days)[day[each]] + rng.normal(0, 1, len(day))[each]
    level = 12 + 2 * (cell[each] % 5) + by_volume * (volume[each] - 1) + effect * busy[each] + trouble
    outcome = level + rng.exponential(5, len(each)) - 5
    return Calls(outcome, cell[each], day[each], busy[each], volume[each])


def found(calls: Calls, *, is_median: bool = False, seed: int = 1, replicates: int = 300) -> Association:
    result = answering.association(calls, replicates=replicates, seed=seed, is_median=is_median)
    assert isinstance(result, Association)
    return result


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), min_size=1, max_size=60))
def test_busy_hours_by_loops(hours: list[tuple[int, int]]) -> None:
    cell, seconds = np.array([part[0] for part in hours]), np.array([part[1] for part in hours], dtype=float)
    busy = answering.busy_hours(seconds, cell)
    for at, (own, amount) in enumerate(hours):
        same = sorted(other for place, other in hours if place == own)
        limit = same[-(-3 * len(same) // 4) - 1]  # three quarters of the cell's hours have no more
        assert busy[at] == (amount > limit and amount > 0)


def test_the_difference_is_least_squares_with_every_cell() -> None:
    calls = log(1, effect=2.0)
    volume = calls.volume / calls.volume.mean() - 1
    cells = (calls.cell[:, None] == np.unique(calls.cell)).astype(float)
    matrix = np.column_stack([calls.is_busy, volume, volume**2, cells])
    expected = np.linalg.lstsq(matrix, calls.outcome, rcond=None)[0][0]
    result = found(calls)
    assert result.difference == pytest.approx(expected)
    assert result.busy - result.quiet == pytest.approx(expected)
    part = result.busy_calls / result.calls
    assert part * result.busy + (1 - part) * result.quiet == pytest.approx(calls.outcome.mean())


def test_replicates_are_days_drawn_again() -> None:
    """The spread of the bootstrap against days written out as often as drawn."""
    calls = log(2, days=45)
    columns = answering._within(
        np.column_stack([calls.is_busy, calls.volume, calls.volume**2, calls.outcome]).astype(float),
        calls.cell,
        np.ones(len(calls.cell)),
    )
    rng = np.random.default_rng(3)
    drawn = rng.multinomial(45, np.full(45, 1 / 45), size=4)
    _, ours = answering._mean(columns, np.ones(len(calls.cell)), calls.day, drawn.astype(float))
    for row, weights in enumerate(drawn):
        written = np.repeat(columns, weights[calls.day], axis=0)
        expected = np.linalg.lstsq(written[:, :-1], written[:, -1], rcond=None)[0][0]
        assert ours[row] == pytest.approx(expected)


def test_weighted_medians_by_writing_out() -> None:
    rng = np.random.default_rng(4)
    values, day = np.sort(rng.normal(size=101)), rng.integers(0, 7, 101)
    drawn = rng.multinomial(7, np.full(7, 1 / 7), size=20)
    for weights, median in zip(drawn, answering._medians(values, day, drawn.astype(float)), strict=True):
        written = np.sort(np.repeat(values, weights[day]))
        assert median == written[(len(written) + 1) // 2 - 1]


def test_a_mean_of_many_weighs_as_many() -> None:
    """Hours with the mean of their calls, weighed by how many, against the calls one by one."""
    calls = log(5, effect=2.0)
    order = np.lexsort((calls.volume, calls.cell, calls.day))
    _, first, back = np.unique(calls.day * 1000 + calls.cell, return_index=True, return_inverse=True)
    weight = np.bincount(back).astype(float)
    mean = np.bincount(back, calls.outcome) / weight
    hours = Calls(mean, calls.cell[first], calls.day[first], calls.is_busy[first], calls.volume[first], weight)
    assert len(hours.outcome) < len(order) / 2
    for ours, theirs in zip(vars(found(hours)).values(), vars(found(calls)).values(), strict=True):
        assert ours == pytest.approx(theirs)


def test_a_median_of_means_is_refused() -> None:
    calls = log(5)
    with pytest.raises(ValueError, match="one by one"):
        answering.association(replace(calls, weight=np.ones(len(calls.outcome))), replicates=9, seed=1, is_median=True)


def test_a_median_of_many_is_near_the_one_written_out() -> None:
    rng = np.random.default_rng(6)
    values, day = np.sort(rng.normal(size=50_000)), rng.integers(0, 60, 50_000)
    drawn = rng.multinomial(60, np.full(60, 1 / 60), size=5)
    for weights, median in zip(drawn, answering._medians(values, day, drawn.astype(float)), strict=True):
        assert median == pytest.approx(np.median(np.repeat(values, weights[day])), abs=0.002)


def test_volume_is_not_taken_for_an_effect() -> None:
    """Busy hours have more calls, and those wait longer: the plain difference says so, the adjusted one does not."""
    results = [found(log(seed), seed=seed) for seed in range(20)]
    assert np.mean([result.unadjusted for result in results]) > 1.0
    assert abs(np.mean([result.difference for result in results])) < 0.15
    assert sum(result.low <= 0 <= result.high for result in results) >= 17


def test_a_planted_difference_is_recovered() -> None:
    for is_median in (False, True):
        results = [found(log(seed, effect=2.0), seed=seed, is_median=is_median) for seed in range(15)]
        assert np.mean([result.difference for result in results]) == pytest.approx(2.0, abs=0.25)
        assert sum(result.low <= 2.0 <= result.high for result in results) >= 12
        assert sum(result.low > 0 for result in results) >= 14


@pytest.mark.slow
@pytest.mark.parametrize("is_median", [False, True])
def test_intervals_cover(is_median: bool) -> None:
    hits = [
        result.low <= 1.0 <= result.high
        for result in (found(log(seed, effect=1.0), seed=seed, is_median=is_median) for seed in range(300))
    ]
    assert 0.91 <= np.mean(hits) <= 0.98


def test_a_median_is_not_moved_by_a_few_hours_lost() -> None:
    calls = log(5)
    lost = np.random.default_rng(5).random(len(calls.outcome)) < 0.01 * calls.is_busy
    strayed = replace(calls, outcome=np.where(lost, 5_000.0, calls.outcome))
    assert abs(found(strayed, is_median=True).difference) < 5
    assert found(strayed).difference > 20


def test_cells_without_both_kinds_of_hours_say_nothing() -> None:
    calls = log(6, days=60)
    more = 500
    only_quiet = Calls(
        np.append(calls.outcome, np.full(more, 900.0)),
        np.append(calls.cell, np.full(more, 999)),
        np.append(calls.day, np.zeros(more, dtype=np.int64)),
        np.append(calls.is_busy, np.zeros(more, dtype=bool)),
        np.append(calls.volume, np.ones(more)),
    )
    assert found(only_quiet) == found(calls)


def test_too_little_is_refused() -> None:
    result = answering.association(log(7, days=28), replicates=10, seed=1)
    assert isinstance(result, Refused)
    assert "28 days" in result.reason


def rows(**changes: Any) -> dict[str, Any]:
    calls = log(8, effect=3.0)
    minutes = replace(calls, outcome=np.where(calls.outcome > 40, np.nan, calls.outcome * 2))
    graded = replace(calls, outcome=(calls.outcome > 15).astype(float))
    given = {"answering": calls, "graded": graded, "minutes": minutes, **changes}
    figures = answering.genuine_cost(**given, replicates=100, seed=1)
    return {figure.estimate: figure for figure in figures}


def test_the_five_measures_each_with_its_method() -> None:
    found_rows = rows()
    assert len(found_rows) == 3 * len(answering.MEASURES)
    for name, (unit, _) in answering.MEASURES.items():
        difference = found_rows[f"{name}_difference"]
        assert difference.unit == f"{unit}_difference"
        assert "association" in difference.method
        assert "adjusted for volume" in difference.method
        assert difference.low <= difference.point <= difference.high
        busy, quiet = found_rows[f"{name}_busy"].point, found_rows[f"{name}_quiet"].point
        assert busy - quiet == pytest.approx(difference.point)
    assert 0 <= found_rows["immediate_share_late_quiet"].point <= 1


def test_a_measure_that_the_log_lacks_says_so() -> None:
    calls = log(8)
    nothing = replace(calls, outcome=np.full(len(calls.outcome), np.nan))
    found_rows = rows(minutes=nothing)
    assert found_rows["immediate_minutes_mean_difference"].point is None
    assert "not reckoned" in found_rows["immediate_share_late_busy"].method
    assert found_rows["answering_delay_seconds_difference"].point is not None


def test_the_seed_decides() -> None:
    calls = log(9)
    assert found(calls) == found(calls)
    assert found(calls, seed=2).low != found(calls).low
