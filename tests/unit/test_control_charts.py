"""XmR charts: each rule drawn and told, and against plain loops."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misuse.estimation import control_charts
from misuse.estimation.control_charts import Chart, xmr
from misuse.estimation.refused import Refused


def chart(values: list[float], **how: object) -> Chart:
    found = xmr(np.array(values, dtype=np.float64), **how)  # type: ignore[arg-type]
    assert isinstance(found, Chart)
    return found


def in_words(signs: np.ndarray) -> str:  # type: ignore[type-arg]
    return "".join("-.+"[int(sign) + 1] for sign in signs)


# Around a baseline of mean 10 and moving range 2 (limits 10 ± 5.32, near them 10 ± 3.547), the series tested.
BASELINE = [9.0, 11.0] * 10
DRAWN = [
    ("outside", [10, 16, 10, 4.6, 10], ".+.-."),
    ("outside", [15.3, 4.7, 10], "..."),
    ("shift", [11] * 7, "+++++++"),
    ("shift", [9] * 8, "--------"),
    ("shift", [11] * 6 + [9], "......."),
    ("shift", [11] * 6 + [10] + [11] * 6, "............."),  # a point on the mean ends the run
    ("trend", [12, 11.5, 11, 10.5, 9.5, 9, 8.5], "-------"),
    ("trend", [8, 8.5, 9, 9.5, 10.5, 11, 9], "......."),  # six rising points
    ("trend", [8, 8.5, 9, 9.5, 9.5, 10, 10.5, 11], "........"),  # equal points end it
    ("two_of_three", [10.5, 14, 11, 14, 9.5], ".+.+."),
    ("two_of_three", [14, 9.5, 14], "..."),  # one on the other side
    ("two_of_three", [16, 14, 11], "++."),  # beyond the limit counts (November 2023)
    ("two_of_three", [6, 6, 9, 9], "--.."),
    ("two_of_three", [14, 11, 11, 14], "...."),
]


@pytest.mark.parametrize(("rule", "series", "expected"), DRAWN)
def test_rules_as_drawn(rule: str, series: list[float], expected: str) -> None:
    found = chart([*BASELINE, 10.0, *series], baseline=len(BASELINE))
    assert (found.mean, found.lower, found.upper) == pytest.approx((10, 4.68, 15.32))
    assert in_words(found.signs[rule][len(BASELINE) + 1 :]) == expected


def test_limits_by_hand() -> None:
    found = chart([3, 5, 4, 8, 6, 7, 2])
    reach = (2 + 1 + 4 + 2 + 1 + 5) / 6
    assert found.mean == 5
    assert found.upper == pytest.approx(5 + 2.66 * reach)
    assert found.is_trial
    assert "trial" in found.method
    assert not chart([3, 5, 4, 8, 6, 7, 2] * 2).is_trial


def test_2_66_is_three_over_the_mean_range_of_two() -> None:
    assert pytest.approx(3 / (2 / math.sqrt(math.pi)), abs=0.002) == control_charts.LIMIT


def test_words_and_readings() -> None:
    values = [*BASELINE, 10, 16, 10, 11, 11, 11, 11, 11, 11, 11]
    found = chart(values, baseline=20, better="lower")
    assert found.words[21] == "above its upper limit"
    assert found.reading[21] == "concern"
    assert found.words[-1] == "part of 7 points above the mean"
    assert found.words[20] == found.reading[20] == ""
    assert chart(values, baseline=20, better="higher").reading[21] == "improvement"
    assert chart(values, baseline=20).reading[21] == "change"


def test_the_stronger_rule_speaks() -> None:
    """A fall of seven from above the upper limit: outside speaks for the first point, the fall for the rest."""
    found = chart([*BASELINE, 10, 16, 15, 14.5, 14, 13, 12, 11], baseline=20)
    assert [word.split()[0] for word in found.words[21:]] == ["above", *["part"] * 6]
    assert in_words(found.direction[21:]) == "+------"
    assert found.is_special[21:].all()


@pytest.mark.parametrize("values", [[1.0] * 6, [1.0, 2.0, float("nan")] * 5])
def test_what_cannot_be_drawn_is_refused(values: list[float]) -> None:
    assert isinstance(xmr(np.array(values)), Refused)


def test_better_is_one_of_three() -> None:
    with pytest.raises(ValueError, match="neither"):
        xmr(np.ones(9), better="up")


def test_a_flat_series_has_nothing() -> None:
    assert not chart([5.0] * 20).is_special.any()


def by_loops(values: list[float]) -> dict[str, list[int]]:
    """The rules, one point at a time."""
    mean = sum(values) / len(values)
    reach = sum(abs(b - a) for a, b in itertools.pairwise(values)) / (len(values) - 1)
    sides = [0 if v == mean else (1 if v > mean else -1) for v in values]
    found = {rule: [0] * len(values) for rule in control_charts.RULES}
    for at, value in enumerate(values):
        if abs(value - mean) > 2.66 * reach:
            found["outside"][at] = sides[at]
    for start in range(len(values) - 6):
        seven = range(start, start + 7)
        if abs(sum(sides[at] for at in seven)) == 7:
            for at in seven:
                found["shift"][at] = sides[at]
        rises = [values[at + 1] > values[at] for at in list(seven)[:-1]]
        falls = [values[at + 1] < values[at] for at in list(seven)[:-1]]
        if all(rises) or all(falls):
            for at in seven:
                found["trend"][at] = 1 if all(rises) else -1
    for start in range(len(values) - 2):
        three = range(start, start + 3)
        far = [at for at in three if abs(values[at] - mean) > 2.66 * 2 / 3 * reach]
        if abs(sum(sides[at] for at in three)) == 3 and len(far) >= 2:
            for at in far:
                found["two_of_three"][at] = sides[at]
    return found


@given(st.lists(st.integers(0, 12), min_size=7, max_size=40), st.booleans())
def test_rules_against_loops(values: list[int], is_steady: bool) -> None:
    series = [float(value) for value in (np.cumsum(values) if is_steady else values)]
    found = chart(series)
    for rule, signs in by_loops(series).items():
        assert found.signs[rule].tolist() == signs, rule


def test_false_alarms_are_few_and_known() -> None:
    """Independent normal months, two years: how often a point or a chart is marked by chance."""
    rng = np.random.default_rng(1)
    charts = [chart(list(rng.normal(100, 10, 24))) for _ in range(1_500)]
    points = {rule: np.mean([found.signs[rule] != 0 for found in charts]) for rule in control_charts.RULES}
    assert 0.002 < points["outside"] < 0.008  # 0.0027 with known limits
    assert points["trend"] < 0.01
    assert 0.15 < np.mean([found.is_special.any() for found in charts]) < 0.45


def test_a_shift_of_two_deviations_is_seen() -> None:
    rng = np.random.default_rng(2)
    seen = 0
    for _ in range(200):
        values = list(rng.normal(100, 10, 20)) + list(rng.normal(120, 10, 7))
        found = chart(values, baseline=20)
        seen += bool((found.direction[20:] > 0).any())
    assert seen > 190
