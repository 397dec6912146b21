"""The intervals of every threshold at once, and the ambulance services' line."""

from __future__ import annotations

import numpy as np
import pytest

from misuse.estimation import MEASURES, Units
from misuse.estimation.thresholds import ambulance_line, share_intervals


@pytest.mark.parametrize(
    ("month", "quarter", "is_over"), [(5, 5, True), (4, 11, False), (0, 12, True), (4, 12, True), (5, 11, True)]
)
def test_the_ambulance_services_line(month: float, quarter: float, is_over: bool) -> None:
    assert ambulance_line(np.array([month]), np.array([quarter])).tolist() == [is_over]


def test_intervals_hold_the_share_at_every_threshold() -> None:
    calls = np.random.default_rng(1).zipf(2.1, 3_000).clip(max=900).astype(np.float64)
    values = np.zeros((len(calls), len(MEASURES)))
    values[:, 0] = calls
    everyone = np.ones(len(calls), dtype=np.bool_)
    units = Units(values, everyone, everyone, 10)
    found = share_intervals(units, replicates=200, seed=1, thresholds=[3, 10, 50, 2_000])
    shares = [calls[calls >= threshold].sum() / calls.sum() for threshold in (3, 10, 50)]
    assert found[3] is None
    for interval, share in zip(found[:3], shares, strict=True):
        assert interval is not None
        assert interval.low < share < interval.high
