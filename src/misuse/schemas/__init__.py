"""Every table that crosses a boundary, declared once: columns, types, key, grain, comments.

`CALL_RECORD` is what a layout maps to. `PUBLISHED` is what analysts, the reports and the review
room read; its comments become the published file's comments and docs/data-dictionary.md.
Types are DuckDB's. Times are UTC without a zone, except columns ending `_local`.
"""

from __future__ import annotations

from misuse.schemas.coding import CALLER_CHANCES, CODE_ERROR_RATES
from misuse.schemas.counts import (
    BRIDGE,
    CALLER_WINDOWS,
    CALLERS,
    CALLS,
    CONCENTRATION,
    ESTIMATES,
    MISUSE_MONTHLY,
    PERSISTENT_CALLERS,
    WINDOWS,
)
from misuse.schemas.identity import CALLER_CHANGES, CALLER_LINKS, CALLER_SPELLS
from misuse.schemas.lines import SHARED_LINE_SUGGESTIONS, SHARED_LINES
from misuse.schemas.lists import (
    BATCHES,
    CASE_MOVES,
    CASES,
    DEMAND_DAILY,
    LOOK_LIST,
    RUNS,
    STOPPED_CALLS_OF_NOBODY,
    TASKING_LIST,
)
from misuse.schemas.record import CALL_RECORD, IDENTIFYING_FIELDS, PREMISES_FIELD, VERSION_FIELD, Field
from misuse.schemas.relation import Column, Relation
from misuse.schemas.statistics import STATISTICS

PUBLISHED: tuple[Relation, ...] = (
    CALLS,
    CALLERS,
    CALLER_SPELLS,
    CALLER_LINKS,
    WINDOWS,
    CALLER_WINDOWS,
    PERSISTENT_CALLERS,
    ESTIMATES,
    CODE_ERROR_RATES,
    CALLER_CHANCES,
    BRIDGE,
    CONCENTRATION,
    MISUSE_MONTHLY,
    *STATISTICS,
    TASKING_LIST,
    LOOK_LIST,
    STOPPED_CALLS_OF_NOBODY,
    SHARED_LINES,
    SHARED_LINE_SUGGESTIONS,
    CASES,
    CASE_MOVES,
    CALLER_CHANGES,
    DEMAND_DAILY,
    BATCHES,
    RUNS,
)

# Not part of the canonical digest: they tell when, how and what was published before, not what is.
UNDIGESTED = frozenset({"batches", "runs", "caller_changes", "list_differences", "reason_totals"})

__all__ = [
    "BATCHES",
    "BRIDGE",
    "CALLERS",
    "CALLER_CHANCES",
    "CALLER_CHANGES",
    "CALLER_LINKS",
    "CALLER_SPELLS",
    "CALLER_WINDOWS",
    "CALLS",
    "CALL_RECORD",
    "CASES",
    "CASE_MOVES",
    "CODE_ERROR_RATES",
    "CONCENTRATION",
    "DEMAND_DAILY",
    "ESTIMATES",
    "IDENTIFYING_FIELDS",
    "LOOK_LIST",
    "MISUSE_MONTHLY",
    "PERSISTENT_CALLERS",
    "PREMISES_FIELD",
    "PUBLISHED",
    "RUNS",
    "SHARED_LINES",
    "SHARED_LINE_SUGGESTIONS",
    "STATISTICS",
    "STOPPED_CALLS_OF_NOBODY",
    "TASKING_LIST",
    "UNDIGESTED",
    "VERSION_FIELD",
    "WINDOWS",
    "Column",
    "Field",
    "Relation",
]
