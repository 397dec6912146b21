"""What time formats and zones a layout may name, and what the staging models need of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from misuse.settings import is_zone

if TYPE_CHECKING:
    from misuse.sources.declaration import Table
    from misuse.sources.layout import TimeRule

# How many microseconds one unit of an epoch column is; 'excel' counts local days from 1899-12-30.
MICROSECONDS_IN = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1, "excel": 0}

# Tried after ISO 8601 where a layout declares none: none of these can be read two ways.
PLAIN_DEFAULTS = (
    "%Y-%m-%d %I:%M:%S %p",
    "%Y-%m-%d %I:%M %p",
    "%Y-%m-%d %H%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y%m%d%H%M%S",
    "%Y%m%dT%H%M%S",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%d-%b-%Y %H:%M:%S",
    "%d-%b-%Y %I:%M:%S %p",
    "%d-%b-%Y",
    "%d %B %Y %H:%M:%S",
    "%b %d %Y %I:%M:%S %p",
    "%b %d %Y %I:%M%p",
    "%b %d, %Y %I:%M:%S %p",
    "%B %d, %Y %I:%M:%S %p",
    "%B %d, %Y %H:%M:%S",
)
# What none of these reads the engine's own reading of ISO 8601 has next; it wants the seconds, and the strokes between.
ZONED_DEFAULTS = (
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S %z",
    "%a, %d %b %Y %H:%M:%S %z",
    "%d/%b/%Y:%H:%M:%S %z",
    "%Y-%m-%dT%H:%M%z",
    "%Y-%m-%d %H:%M%z",
    "%Y-%m-%d %H:%M %z",
    "%Y%m%dT%H%M%S%z",
)
TIME_DEFAULTS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H:%M:%S.%f", "%I:%M:%S%p", "%I:%M%p")

_SPECIFIERS = set("aAbBcdDfgHIjmMnpSTuUVwWxXyYzG-%")


def checked_zone(table: Table, zone: str) -> str:
    """`zone`, once it names a time zone."""
    if not is_zone(zone):
        raise table.wrong("zone", f"names no time zone: '{zone}'; use a name such as 'Europe/London'")
    return zone


def checked_formats(table: Table, formats: Iterable[str]) -> None:
    """Refuse a format that could never read anything."""
    for text in formats:
        letters = re.findall(r"%-?(.)", text)
        if text.count("%") and not letters:
            raise table.wrong("formats", f"holds '{text}', which ends in a bare %")
        if not letters:
            raise table.wrong("formats", f"holds '{text}', which has no part such as %Y or %H")
        if "Z" in letters:
            raise table.wrong("formats", f"holds '{text}': %Z (a zone's name) cannot be read; use %z or set zone")
        for letter in letters:
            if letter not in _SPECIFIERS:
                raise table.wrong("formats", f"holds '{text}', in which %{letter} is unknown")


def _as_zoned(text: str) -> str:
    """A format whose closing letter Z means UTC, as one that reads an offset."""
    return text[:-1] + "%z" if text.endswith("Z") and not text.endswith("%Z") else text


def _beside_types(plain: Sequence[str], rule: TimeRule, *, is_joined: bool) -> list[str]:
    """Declared formats, and those of what a file's own types are written as where ISO 8601 is not the whole text:
    a time of day alone, and a day or a time of day whose other part is the text that the format is of.
    """
    if rule.time_only:
        return [*_TYPED_CLOCKS, *plain]
    halves = [found.groups() for text in plain if is_joined and (found := _DAY_AND_CLOCK.fullmatch(text))]
    clocks = [f"{day} {clock}" for day, _clock in halves for clock in _TYPED_CLOCKS]
    return [*plain, *clocks, *(f"%Y-%m-%d {clock}" for _day, clock in halves)]


_TYPED_CLOCKS = ("%H:%M:%S", "%H:%M:%S.%f")
_DAY_AND_CLOCK = re.compile(r"(.*?%[^HIT]*?) (%-?[HIT].*)")


def parameters(name: str, rule: TimeRule, *, is_typed: bool, is_joined: bool = False) -> dict[str, Any]:
    """The staging models' parameters for one time field, `is_joined` of several columns.

    `is_typed` says that the file's own types may have been written as ISO 8601, whatever is declared.
    """
    declared = [_as_zoned(text) for text in rule.formats]
    plain = [text for text in declared if "%z" not in text]
    plain = _beside_types(plain, rule, is_joined=is_joined) if plain and is_typed else plain
    zoned = [text for text in declared if "%z" in text]
    defaults = TIME_DEFAULTS if rule.time_only else PLAIN_DEFAULTS
    return {
        f"{name}_plain": plain or list(defaults),
        f"{name}_zoned": zoned or list(ZONED_DEFAULTS),
        f"{name}_takes_plain": bool(plain) or not declared,
        f"{name}_takes_iso": is_typed or not declared,
        f"{name}_takes_zoned": bool(zoned) or not declared or is_typed,
        f"{name}_epoch": rule.epoch,
        f"{name}_time_only": rule.time_only,
        f"{name}_zone": rule.zone,
        f"{name}_second": rule.repeated_hour == "second",
    }


@cache
def change_days(zone: str, last_year: int) -> tuple[date, ...]:
    """Local days from 1970 on within which the zone's clocks change, and the days beside them."""
    info = ZoneInfo(zone)
    start, days = datetime(1970, 1, 1, tzinfo=UTC), (last_year + 1 - 1970) * 366
    offsets = [(start + timedelta(days=n)).astimezone(info).utcoffset() for n in range(days)]
    changed = [n for n in range(1, days) if offsets[n] != offsets[n - 1]]
    near = {(start + timedelta(days=n + shift)).date() for n in changed for shift in (-1, 0)}
    return tuple(sorted(near)) or (date(1969, 1, 1),)
