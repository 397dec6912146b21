"""Findings of campaigns in logs drawn by caller, not by the estimator's own kind of noise: a slice of the benchmark."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks import campaigns
from misuse.reckoning.series import is_finding

SOME = ("town, 78 weeks", "120 callers, 78 weeks", "400 callers, 78 weeks", "400 callers, 140 weeks")


def findings(kind: str, numbers: range) -> int:
    return sum(is_finding(found, weeks) for found, weeks in campaigns.effects(kind, 0.0, numbers))


def no_more_than_five_in_a_hundred(found: int, logs: int) -> bool:
    return bool(stats.binomtest(found, logs, 0.05, alternative="greater").pvalue > 0.01)


def test_with_nothing_planted_findings_are_few() -> None:
    """Standard errors from the series alone found something in every sixth of these logs."""
    found = {kind: findings(kind, range(1_000, 1_012)) for kind in SOME}
    assert no_more_than_five_in_a_hundred(sum(found.values()), 12 * len(SOME)), found


def test_a_planted_fall_is_within_its_interval() -> None:
    found = [effect for kind in SOME[:3] for effect, _ in campaigns.effects(kind, -0.4, range(2_000, 2_008))]
    held = [effect.mean.low <= -0.4 <= effect.mean.high for effect in found]
    assert sum(held) >= len(found) - 4  # 24 at 95%: five outside would be one in two hundred
    assert np.median([effect.mean.point for effect in found]) == pytest.approx(-0.4, abs=0.1)


def test_the_page_says_what_the_benchmark_found() -> None:
    text = campaigns.PAGE.read_text(encoding="utf-8")
    assert campaigns.page(campaigns.kept()) == text.partition(campaigns.START)[2].partition(campaigns.END)[0]
    assert {cell["kind"] for cell in campaigns.kept() if not cell["planted"]} == set(campaigns.KINDS)


def test_the_benchmark_kept_what_it_claims() -> None:
    """Over all logs, and under seven in a hundred of each kind but for chance."""
    none = [cell for cell in campaigns.kept() if not cell["planted"]]
    assert no_more_than_five_in_a_hundred(sum(cell["findings"] for cell in none), sum(cell["logs"] for cell in none))
    for cell in none:
        assert no_more_than_five_in_a_hundred(cell["findings"], cell["logs"]), cell
        assert no_more_than_five_in_a_hundred(cell["without_zero"], cell["logs"]), cell
    for cell in campaigns.kept():
        assert no_more_than_five_in_a_hundred(cell["logs"] - cell["held"], cell["logs"]), cell


@pytest.mark.deep
@pytest.mark.parametrize("kind", campaigns.KINDS)
def test_findings_are_few_in_logs_of_every_kind(kind: str) -> None:
    """Other logs than the benchmark's."""
    assert no_more_than_five_in_a_hundred(findings(kind, range(5_000, 5_150)), 150)
