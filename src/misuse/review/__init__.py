"""States of a case, the legal moves between them, and who may do what. Pure: no store, no clock.

`MOVES` is the one place that says which move leads where, by whom, and what it needs. `PERMISSIONS`
says the same of what is done outside a case, `BARS` what keeps a case from action whoever asks. Each comes as a pair:
`may…` answers, `check…` raises.
"""

from __future__ import annotations

from misuse.review.bars import BARS, HARD_STOP, Bar, check_bars, may_pass
from misuse.review.days import check_days, coming, written
from misuse.review.moves import (
    ACTIVITIES,
    CHOICES,
    ENFORCEMENT,
    ENFORCING,
    GROUNDS,
    LANES,
    LONGEST_SUPPRESSION_DAYS,
    MOVES,
    OPEN_STATES,
    OUTCOMES,
    OWNERS,
    STATES,
    Move,
    check,
    check_given,
    diagram,
    legal_moves,
    may,
    table,
)
from misuse.review.permissions import PERMISSIONS, ROLES, check_may, may_do

__all__ = [
    "ACTIVITIES",
    "BARS",
    "CHOICES",
    "ENFORCEMENT",
    "ENFORCING",
    "GROUNDS",
    "HARD_STOP",
    "LANES",
    "LONGEST_SUPPRESSION_DAYS",
    "MOVES",
    "OPEN_STATES",
    "OUTCOMES",
    "OWNERS",
    "PERMISSIONS",
    "ROLES",
    "STATES",
    "Bar",
    "Move",
    "check",
    "check_bars",
    "check_days",
    "check_given",
    "check_may",
    "coming",
    "diagram",
    "legal_moves",
    "may",
    "may_do",
    "may_pass",
    "table",
    "written",
]
