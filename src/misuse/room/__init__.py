"""The review room below its pages: every question and action, framework-free, the clock an argument.

Each function takes a `Desk` first: settings, user, time. What a role may not do is refused and recorded; what changes
anything is an event of the casebook. Rows are plain dicts, and every text in them may be hostile.
"""

from __future__ import annotations

from misuse.room import (
    actions,
    assessment,
    audit,
    boroughs,
    calls,
    care,
    cases,
    meetings,
    packs,
    papers,
    people,
    results,
    rights,
)
from misuse.room.desk import Desk

__all__ = [
    "Desk",
    "actions",
    "assessment",
    "audit",
    "boroughs",
    "calls",
    "care",
    "cases",
    "meetings",
    "packs",
    "papers",
    "people",
    "results",
    "rights",
]
