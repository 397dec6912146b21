"""Wilson's interval against the equation that defines it."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from misuse.estimation import wilson


@given(st.integers(1, 5_000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_each_end_is_as_far_as_its_own_chance_allows(counted: tuple[int, int]) -> None:
    """At an end p the rate lies 1.96 of p's own standard errors away."""
    count, whole = counted
    low, high = wilson.interval(count, whole)
    assert 0 <= low <= count / whole <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert abs(count / whole - end) == pytest.approx(1.959964 * sqrt(end * (1 - end) / whole), rel=1e-5)


@pytest.mark.parametrize("counted", [(1, 0), (0, 0), (-1, 5), (6, 5)])
def test_a_rate_of_nothing_is_refused(counted: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="rate"):
        wilson.interval(*counted)
