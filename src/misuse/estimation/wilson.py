"""The interval of a rate counted in a group, as Wilson (1927, J. Am. Statist. Assoc. 22) has it."""

from __future__ import annotations

from math import sqrt

_NORMAL = 1.959963984540054  # 97.5% of a normal lie below


def interval(count: int, whole: int) -> tuple[float, float]:
    """The rates under which so many of so many would be no surprise, at 95%.

    Errors: ValueError where the whole is nothing or less than the count.
    """
    if not 0 <= count <= whole or not whole:
        raise ValueError("a rate is of something, and of no less than it counts")
    rate, square = count / whole, _NORMAL**2
    middle = (rate + square / (2 * whole)) / (1 + square / whole)
    half = _NORMAL / (1 + square / whole) * sqrt(rate * (1 - rate) / whole + square / (4 * whole**2))
    return max(min(middle - half, rate), 0.0), min(max(middle + half, rate), 1.0)
