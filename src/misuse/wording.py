"""Figures, tables and the sentences that the command line and the reports both say, as plain text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo


def local(moment: datetime, zone: str | ZoneInfo) -> datetime:
    """A stored time, UTC without a zone, as the reporting zone's clock had it, with its offset."""
    there = zone if isinstance(zone, ZoneInfo) else ZoneInfo(zone)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(there)


def local_day(moment: datetime, zone: str | ZoneInfo) -> date:
    """The reporting zone's day at a moment; one without a zone is kept in UTC."""
    return local(moment, zone).date()


def aligned(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a small table: the first column to the left, the others to the right."""
    table = [list(headings), *(list(row) for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(headings))]
    return [
        "  "
        + "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    ]


def of(value: float, one: str, many: str = "") -> str:
    """`no calls`, `1 call`, `2 calls`."""
    number = round(value)
    noun = one if number == 1 else many or one + "s"
    return f"{number:,} {noun}" if number else f"no {noun}"


def mean_of(value: float, one: str) -> str:
    """The same of a mean, of which a part of one is not none: `under one call`."""
    return f"under one {one}" if 0 < value < 1 else of(value, one)


_UNSEEN = "\u2800\u3164\u115f\u1160\uffa0"  # a letter or a sign by their category, and yet nothing to see


def is_blank(text: object) -> bool:
    """Whether nothing of a text can be seen: spaces, and signs without a shape of their own."""
    said = (sign for sign in ("" if text is None else str(text)) if sign not in _UNSEEN)
    return not any(unicodedata.category(sign)[0] in "LNPS" for sign in said)


_SMALL = {"And", "Of", "Upon", "On", "The"}


def place(name: str) -> str:
    """A borough as maps have it: logs shout."""
    if not name.isupper():
        return name
    return " ".join(word.lower() if word in _SMALL else word for word in name.title().split(" "))


def age(hours_old: float) -> str:
    """How old data is, in whole hours gone by, from four days on in whole days; never rounded up."""
    if hours_old >= 96:
        return of(hours_old // 24, "day") + " old"
    return "not yet an hour old" if hours_old < 1 else of(hours_old // 1, "hour") + " old"


def share(value: float | None) -> str:
    """43.1%; a share under a tenth of a percent is not called nought."""
    if value is None:
        return "not measured"
    return "under 0.1%" if 0 < value < 0.0005 else f"{100 * value:.1f}%"


_TIMED = re.compile("measured on ([0-9]+) of ([0-9]+) misuse calls")
NEARLY_ALL = 0.99


def timed_calls(method: str | None) -> tuple[int, int] | None:
    """Of how many misuse calls the time behind a figure is known, and how many there are; None where of all."""
    found = _TIMED.search(method or "")
    return (int(found[1]), int(found[2])) if found else None


def timed(known: float | None, misuse_calls: float | None) -> str:
    """`time known of 1,580 of 2,872 misuse calls (55.0%)`; empty where it is of (nearly) all, or of none."""
    if not known or not misuse_calls or known >= NEARLY_ALL * misuse_calls:
        return ""
    return f"time known of {known:,.0f} of {of(misuse_calls, 'misuse call')} ({share(known / misuse_calls)})"


# Trials of logs of like size held the truth less often than it says, or more often: either way 95% would be untrue.
NOT_CLAIMED = "95% is not claimed at this size of log"
_NOT_CLAIMED = re.compile("95% (coverage )?is not claimed")


def is_claimed(method: str | None) -> bool:
    """Whether a figure's method bears out that its interval is called 95%."""
    return not _NOT_CLAIMED.search(method or "")


def interval(low: str, high: str, *, is_claimed: bool) -> str:
    """`95% interval 40.2% to 46.0%`; called so only where trials of logs of that size bear it out."""
    if is_claimed:
        return f"95% interval {low} to {high}"
    return f"interval {low} to {high}, {NOT_CLAIMED}"


# On what condition an interval of a corrected figure is one of 95%: its method says so at length.
IF_ALIKE = "if codes err alike whoever calls"
_FEW_CODED = re.compile("few calls were coded again: [^;]+")


def few_coded(method: str | None) -> str:
    """`few calls were coded again: …`, as a corrected figure's method says it; empty where enough were."""
    found = _FEW_CODED.search(method or "")
    return found[0] if found else ""


def uncounted(persons: int, lines: int) -> str:
    """Why no person can be counted in this log; nothing where one can."""
    if persons:
        return ""
    if lines:
        return "Every telephone number in this log is a shared line, so persons cannot be counted."
    return "This log has no telephone numbers, so persons cannot be counted."


def apart(found: Mapping[str, Mapping[str, Any]], threshold: int, misuse_calls: int | None) -> list[str]:
    """A sentence each for shared lines and premises over their own threshold, a calendar month's: never a person's."""
    nouns = {"shared_line": ("shared line", "shared lines"), "premises": ("premises", "premises")}
    return [
        f"{of(found[kind]['callers'], *noun)} made {threshold} or more in a calendar month ({of(found[kind]['misuse_calls'], 'call')} in all, "
        f"{share(found[kind]['misuse_calls'] / misuse_calls if misuse_calls else None)} of misuse)."
        for kind, noun in nouns.items()
        if kind in found and found[kind]["callers"]
    ]


def nobody(why_uncounted: str, misuse_calls: int, threshold: int, period: str) -> str:
    """The headline of a window in which no person reached the threshold: not looked for is not the same as none."""
    if not misuse_calls:
        return f"No misuse calls were counted in {period}."
    if why_uncounted:
        return f"{why_uncounted} It holds {of(misuse_calls, 'misuse call')} in {period}."
    return f"Nobody made {threshold} or more of the {of(misuse_calls, 'misuse call')} in {period}."


def unidentified(unknown: int, low: float | None, high: float | None, *, is_counted: bool) -> str:
    """What calls that nobody can be tied to could do to the share."""
    if not unknown:
        return "Every misuse call in the window has a caller." if is_counted else ""
    verb = "carries" if unknown == 1 else "carry"
    said = f"{of(unknown, 'misuse call')} {verb} no usable number and {'stands' if unknown == 1 else 'stand'} in no caller's count"
    if not is_counted:
        return said + "."
    if low is None or high is None:
        return said + "; what they could do to the share is not measured."
    return f"{said}. Whoever made {'it' if unknown == 1 else 'them'}, the share lies between {share(low)} and {share(high)}."


# A telephone number as people write one here: ten or eleven digits from a nought on, or with the country's code, in at most three
# groups. Neither a day nor a moment nor a count from one on is.
_TELEPHONE = re.compile(
    r"(?<!\d)(?:(?:\+|00)?44[ _-]?(?:\(0\)|0)?|0)"
    r"(?:[1-9]\d{8,9}|[1-9]\d{3}[ _-]\d{6}|[1-9]\d{3}[ _-]\d{3}[ _-]\d{3}"
    r"|[1-9]\d{2}[ _-]\d{3}[ _-]\d{4}|[1-9]\d[ _-]\d{4}[ _-]\d{4})(?!\d)"
)


def without_telephone_numbers(text: str) -> str:
    """A name that people gave a file or a folder, without a telephone number in it; somebody's name it cannot tell from others."""
    return _TELEPHONE.sub("number", text)


# What a terminal obeys instead of showing: controls, and the marks that turn the direction of what follows.
_OBEYED = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")
_OBEYED_IN_A_CELL = re.compile(_OBEYED.pattern + "|[\\t\\n\\u2028\\u2029]")


def inert(text: str, *, is_cell: bool = False) -> str:
    """Text that a terminal shows and does not obey: a log's code or a file's name may hold anything."""
    obeyed = _OBEYED_IN_A_CELL if is_cell else _OBEYED
    return obeyed.sub(lambda found: found.group().encode("unicode_escape").decode(), text)
