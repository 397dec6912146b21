"""Every threshold at once, against counting each by itself."""

from __future__ import annotations

import numpy as np
import pytest

from misuse.estimation import MEASURES, Units
from misuse.estimation.thresholds import THRESHOLDS, ambulance_line, over_the_line, share_intervals


def counts(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    year = rng.zipf(2.1, 3_000).clip(max=900).astype(np.float64)
    return np.stack([year, rng.binomial(year.astype(int), 0.25).astype(np.float64), np.ceil(year / 2.5)], axis=1)


def test_every_threshold_is_what_counting_it_alone_gives() -> None:
    table = counts()
    wholes = table.sum(axis=0) + 77.0
    found = over_the_line(table, wholes)
    assert found.thresholds.tolist() == list(range(3, 51)) == list(THRESHOLDS)
    for row, threshold in enumerate(found.thresholds):
        for way in range(3):
            theirs = table[:, way][table[:, way] >= threshold]
            assert found.callers[row, way] == len(theirs)
            assert found.sums[row, way] == theirs.sum()
            assert found.shares[row, way] == pytest.approx(theirs.sum() / wholes[way])


def test_calls_of_those_with_so_many_episodes() -> None:
    table = counts()
    found = over_the_line(table[:, 2:], np.array([table[:, 0].sum()]), sums=table[:, :1], thresholds=[10, 4])
    for row, threshold in enumerate((10, 4)):
        assert found.sums[row, 0] == table[:, 0][table[:, 2] >= threshold].sum()


def test_a_share_of_nothing_is_no_number_and_nobody_is_nobody() -> None:
    found = over_the_line(np.zeros((0, 2)), np.array([0.0, 5.0]))
    assert np.isnan(found.shares[:, 0]).all()
    assert not found.shares[:, 1].any()
    assert not found.callers.any()


@pytest.mark.parametrize(
    ("month", "quarter", "is_over"), [(5, 5, True), (4, 11, False), (0, 12, True), (4, 12, True), (5, 11, True)]
)
def test_the_ambulance_services_line(month: float, quarter: float, is_over: bool) -> None:
    assert ambulance_line(np.array([month]), np.array([quarter])).tolist() == [is_over]


def test_intervals_hold_the_share_at_every_threshold() -> None:
    calls = counts()[:, 0]
    values = np.zeros((len(calls), len(MEASURES)))
    values[:, 0] = calls
    everyone = np.ones(len(calls), dtype=np.bool_)
    units = Units(values, everyone, everyone, 10)
    found = share_intervals(units, replicates=200, seed=1, thresholds=[3, 10, 50, 2_000])
    shares = over_the_line(values[:, :1], np.array([calls.sum()]), thresholds=[3, 10, 50]).shares[:, 0]
    assert found[3] is None
    for interval, share in zip(found[:3], shares, strict=True):
        assert interval is not None
        assert interval.low < share < interval.high
