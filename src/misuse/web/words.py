"""Figures, dates and names of the program as a reader sees them: one way of writing each, for every page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from misuse import wording
from misuse.reports import wording as reported

NONE = "–"
NOT_MEASURED = "not measured"
PARTS = reported.PARTS
FLAGS = reported.FLAGS
STEPS = reported.STEPS
WINDOWS = reported.WINDOWS
ESTIMATES = reported.ESTIMATES
KINDS = {"person": "Person", "shared_line": "Shared line", "premises": "Premises"}
BASES = {
    "single_number": "one number",
    "premises": "premises",
    "linked": "several numbers, joined by the program",
    "confirmed": "several numbers, joined by people",
    "shared_line_marker": "a marker says that the line is shared",
    "shared_line_register": "the register of shared lines",
}
LANES = {"technical": "Technical", "support": "Support", "engagement": "Engagement", "enforcement": "Enforcement"}
# The colours of GOV.UK tags by what a word means: green is well, blue is under way, yellow waits, red must be seen to.
TAGS = {
    "under_action": "blue", "under_review": "light-blue", "listed": "turquoise", "waiting": "grey", "proposed": "yellow",
    "halted": "red", "suppressed": "purple", "closed": "grey", "support": "green", "technical": "grey",
    "engagement": "blue", "enforcement": "orange", "published": "green", "failed": "red", "warned": "yellow",
    "sent": "yellow", "accepted": "blue", "refused": "red", "done": "green", "debriefed": "green", "open": "blue",
    "dropped": "grey", "confirmed": "blue", "refuted": "green", "cannot_tell": "grey", "suggested": "yellow",
    "automatic": "grey",
}  # fmt: skip


def day(value: date | datetime | str | None) -> str:
    """31 December 2025. What somebody once wrote that is no day is told as such."""
    if value is None or value == "":
        return NONE
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value[:10])
        except ValueError:
            return f"“{value}”, which is no day"
    return f"{value.day} {value:%B %Y}"


def moment(value: datetime) -> str:
    """31 Dec 2025, 14:05; the moment is local already."""
    return f"{value.day} {value:%b %Y}, {value:%H:%M}"


def count(value: float | None) -> str:
    """1,234; what was not measured says so."""
    return NOT_MEASURED if value is None else f"{round(value):,}"


def decimal(value: float | None, places: int = 1) -> str:
    """12.3"""
    return NOT_MEASURED if value is None else f"{value:,.{places}f}"


def share(value: float | None) -> str:
    """43.1%"""
    return NOT_MEASURED if value is None else f"{100 * value:.1f}%"


def plain(name: object) -> str:
    """A name of the program's as words: under_action becomes 'under action'."""
    return NONE if name is None or name == "" else str(name).replace("_", " ")


def listed(values: Iterable[object] | None, names: Mapping[str, str] | None = None) -> str:
    """Several names in a row."""
    texts = [(names or {}).get(str(value)) or plain(value) for value in values or ()]
    return ", ".join(texts) or NONE


def told(value: Any, unit: str) -> str:
    """A figure in its unit."""
    if value is None:
        return NOT_MEASURED
    if unit in ("share", "share_difference", "relative_change"):
        return share(value)
    if unit in ("calls", "callers", "safeguards"):
        return count(value)
    return decimal(value, 2 if abs(value) < 10 else 1)


def interval(row: Mapping[str, Any]) -> str:
    """An estimate's interval, called 95% only where its method claims it."""
    return reported.interval(row, lambda value: told(value, row["unit"]))


def capfirst(text: object) -> str:
    """The text with a capital first letter."""
    said = str(text)
    return said[:1].upper() + said[1:]


def place(name: object) -> str:
    """A borough as maps have it: logs shout."""
    return wording.place(plain(name))


def places(names: Iterable[object] | None) -> str:
    """Several boroughs."""
    return ", ".join(map(place, names or ())) or NONE
