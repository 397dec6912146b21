"""Coding error from end to end: planted in a synthetic log, found by two simulated coders, reckoned with by a run.

A slice of `python -m benchmarks.coding`, which does it with a whole year.
"""

from __future__ import annotations

import pytest

from benchmarks import coding as benchmark


@pytest.mark.slow
def test_planted_code_error_is_found_and_corrected(tmp_path):
    found = benchmark.trial(
        tmp_path / "home", days=150, calls_per_day=500, calls=900, missed=0.3, seed=1, bootstrap_replicates=50, threads=2
    )  # fmt: skip
    point, low, high = found.corrected
    assert found.true > 20
    assert found.raw_error < -0.2
    assert abs(found.corrected_error) < abs(found.raw_error) / 2
    assert low <= found.true <= high
    assert low < point < high < 2 * low
    # Of so few callers chance alone makes some: each bin's share may lie two standard errors off.
    number = found.calibration.number
    chance = 2 * (0.25 * number).clip(0) ** 0.5
    assert found.calibration.calibration_error < 0.02 + chance[1:-1].sum() / number.sum()
    assert f"{found.sampled} calls coded again" in found.method
    assert "kappa" in found.method
