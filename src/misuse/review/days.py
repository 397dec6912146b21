"""Days that people give: written one way, coming and not past, and near enough that somebody will look. The clock is an argument."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from misuse.errors import UsageError
from misuse.review.moves import DATES, LONGEST_SUPPRESSION_DAYS, words

LONGEST_YEARS = 5
LONGEST_DAYS = LONGEST_YEARS * 366


def written(text: str, what: str = "day") -> date:
    """A day as forms and commands give it. Errors: UsageError for what is none, or is written another way."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:  # the program writes days down as given: one way of writing, so
        raise UsageError(f"the {what} is no date", next_step="write it as 2026-01-31")
    return found


def coming(text: str, today: date, what: str = "day") -> date:
    """The same of a day from today on. Errors: UsageError for one that is past, or beyond all sense."""
    found = written(text, what)
    if not today <= found <= today + timedelta(days=LONGEST_DAYS):
        why = "past" if found < today else f"more than {LONGEST_YEARS} years away"
        raise UsageError(
            f"the {what} is {why}", next_step=f"give a day from {today.isoformat()} on, within {LONGEST_YEARS} years"
        )
    return found


def check_days(move: str, given: Mapping[str, Any], today: date) -> None:
    """Whether the days given with a move are real and coming, and a suppression's near enough.

    Errors: UsageError naming the one that is not.
    """
    if move == "suppress" and given.get("until"):
        until = written(str(given["until"]))
        if not today <= until <= today + timedelta(days=LONGEST_SUPPRESSION_DAYS):
            raise UsageError(
                f"a suppression counts from today, for {LONGEST_SUPPRESSION_DAYS} days at most",
                next_step="give an earlier or later day",
            )
    for name in DATES:
        if given.get(name):
            coming(str(given[name]), today, words(name))
