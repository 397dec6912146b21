"""Days and months as clocks reckon them."""

from __future__ import annotations

from datetime import date, timedelta


def add_months(day: date, months: int) -> date:
    """The same day some months on, or that month's last."""
    whole = day.year * 12 + day.month - 1 + months
    first = date(whole // 12, whole % 12 + 1, 1)
    following = add_first(first)
    return min(first + timedelta(days=day.day - 1), following - timedelta(days=1))


def add_first(first: date) -> date:
    """The first of the month after a first of a month."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)
