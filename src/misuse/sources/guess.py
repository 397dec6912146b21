"""What a column seems to hold, from its name and a sample of its values: for `source draft` only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import product

from misuse.sources.shapes import is_absent, is_name_or_address, is_strong_number, may_be_number

SAMPLE = 3000

_DATES = tuple(
    "%Y-%m-%d|%Y/%m/%d|%d/%m/%Y|%m/%d/%Y|%d-%m-%Y|%m-%d-%Y|%d.%m.%Y|%Y%m%d|%d/%m/%y|%m/%d/%y|%d-%m-%y|%m-%d-%y|%d.%m.%y"
    "|%d %b %Y|%d-%b-%Y|%d-%b-%y|%b %d %Y|%b %d, %Y|%d %B %Y|%B %d, %Y|%a %b %d %Y|%A, %B %d, %Y".split("|")
)
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%I:%M:%S%p", "%I:%M%p", "%H:%M:%S.%f", "%H%M", "%H%M%S")
# What a spreadsheet or a data portal leaves behind a date whose time is in another column.
_MIDNIGHTS = ("", "T00:00:00.000", " 00:00:00", " 12:00:00 AM", "T00:00:00", " 0:00", " 00:00")
_STAMPS = tuple(
    date + join + clock + zone
    for date, join, clock, zone in product(_DATES, (" ", "T", ", "), _CLOCKS, ("", "%z", " %z"))
    if join != "T" or date in ("%Y-%m-%d", "%Y%m%d")
)
_PAIRS = tuple(date + midnight + " " + clock for date, midnight, clock in product(_DATES, _MIDNIGHTS, _CLOCKS))
# What a layout reads undeclared: an offset may stand apart only where the time does, and behind no fraction.
_ISO = re.compile(r"%Y-%m-%d(?:[ T]%H:%M(?::%S(?:\.%f)?)?(?:%z)?| %H:%M(?::%S)? %z)?")
_OFFSET = r"(Z|[+-]\d\d(:?\d\d)?)"
_ISO_VALUE = re.compile(rf"\d{{4}}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?{_OFFSET}?| \d\d:\d\d(:\d\d)? {_OFFSET})?")

_CLOCK_VALUE = re.compile(r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?")


def parses(value: str, fmt: str) -> bool:
    """Does the format read the whole value?"""
    if "%z" in fmt:
        value = re.sub(r"([+-]\d\d)$", r"\g<1>00", value)  # an offset of whole hours, which DuckDB reads
    try:
        datetime.strptime(value, fmt)  # noqa: DTZ007
    except ValueError:
        return False
    return True


def may_parse(value: str, fmt: str) -> bool:
    """Has the value the signs that the format has? False where `parses` is, and it costs a thousandth.

    Python compiles a format anew whenever five others came between, and there are over a thousand to try.
    """
    held, own = _signs(value), _signs(fmt)
    if held[:2] != own[:2]:  # strokes and commas are in no part of a format
        return False
    has_zone, has_words = "%z" in fmt, bool(_WORDS.search(fmt))
    is_plain = not has_zone and not has_words
    if any(count < least or (is_plain and count > least) for count, least in zip(held[2:], own[2:], strict=True)):
        return False
    has_letters = bool(_LETTER.search(value))
    if has_zone and not has_letters:  # no Z: then a sign before the offset
        return not has_words and ("+" in value or held[2] > own[2])
    return has_letters if has_words else has_zone or not has_letters


@lru_cache(maxsize=8192)
def _signs(text: str) -> tuple[int, ...]:
    return tuple(map(text.count, "/,-:."))


_WORDS = re.compile(r"%[bBaAp]|T|AM")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Formats:
    """Time formats that read a column; `is_ambiguous` when the day and the month cannot be told apart.

    `unfit` of the `looked_at` values are read only with the day and the month the other way round.
    """

    formats: tuple[str, ...]
    share: float
    is_ambiguous: bool = False
    other: str = ""
    unfit: int = 0
    looked_at: int = 0

    @property
    def remark(self) -> str:
        """What a person must look into before they are believed."""
        if self.is_ambiguous:
            return f"day and month cannot be told apart in this file: it may be '{self.other}'"
        if not self.unfit:
            return ""
        first = "day" if "month" in map(_order, self.formats) else "month"
        return (
            f"{self.unfit} of {self.looked_at} different values do not fit and seem to have the {first} first; more such "
            "may be misread unseen: ask the source"
        )

    @property
    def is_default(self) -> bool:
        """Would a layout read it without any formats declared?"""
        return all(_ISO.fullmatch(text) for text in self.formats)


def time_formats(values: Sequence[str], *, prefers_month: bool, candidates: Sequence[str] = ()) -> Formats:
    """The fewest formats that read the values; empty where under half of them are times."""
    distinct = list(dict.fromkeys(values))[:600]
    if not distinct:
        return Formats((), 0.0)
    if sum(bool(_ISO_VALUE.fullmatch(v)) for v in distinct) >= 0.97 * len(distinct):
        return Formats(("%Y-%m-%d",), 1.0)
    pool = candidates or (*_STAMPS, *_DATES)
    probes = [distinct[n * len(distinct) // 12] for n in range(min(12, len(distinct)))]
    alive = [fmt for fmt in pool if any(may_parse(probe, fmt) and parses(probe, fmt) for probe in probes)]
    reads = {fmt: {v for v in distinct if parses(v, fmt)} for fmt in alive}
    chosen: list[str] = []
    done: set[str] = set()
    other = ""
    turned: list[str] = []
    while reads and len(chosen) < 4:
        most = max(len(hit - done) for hit in reads.values())
        if most <= 0.005 * len(distinct):
            break
        best = [fmt for fmt, hit in reads.items() if len(hit - done) == most]
        best.sort(key=lambda fmt: (_is_month_first(fmt) != prefers_month, len(fmt)))
        rivals = [fmt for fmt in best if _is_month_first(fmt) != _is_month_first(best[0]) and "%b" not in fmt.lower()]
        other = other or (rivals[0] if rivals and not chosen and _swapped(best[0], rivals[0]) else "")
        chosen.append(best[0])
        done |= reads[best[0]]
        if order := _order(best[0]):  # with both a day-first and a month-first format, most dates would be read by luck
            turned = [fmt for fmt in pool if _order(fmt) not in ("", order)]
            reads = {fmt: hit for fmt, hit in reads.items() if fmt not in turned}
    share = len(done) / len(distinct)
    if share < 0.5:
        return Formats((), share)
    left = (value for value in distinct if value not in done)
    unfit = sum(any(may_parse(value, fmt) and parses(value, fmt) for fmt in turned) for value in left)
    return Formats(tuple(chosen), share, bool(other), other, unfit, len(distinct))


def _is_month_first(fmt: str) -> bool:
    return fmt.startswith(("%m", "%b", "%B"))


def _order(fmt: str) -> str:
    """Whether the day or the month comes first, where both are numbers and one could be taken for the other."""
    return {"%d": "day", "%m": "month"}.get(fmt[:2], "") if "%m" in fmt and "%d" in fmt else ""


def _swapped(one: str, two: str) -> bool:
    return one.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m") == two


@dataclass(frozen=True)
class Column:
    """One column of the file with a sample of its values, outer space and null words gone."""

    name: str
    values: tuple[str, ...]
    prefers_month: bool = False
    is_typed_clock: bool = False

    @cached_property
    def words(self) -> str:
        """The name in lower case, its words apart: callTypeDesc -> call type desc."""
        apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", self.name)
        return re.sub(r"[^a-z0-9]+", " ", apart.lower()).strip()

    def named(self, pattern: str) -> bool:
        return bool(re.search(pattern, self.words))

    def share(self, pattern: str) -> float:
        """Share of the values that match from end to end."""
        return sum(bool(re.fullmatch(pattern, v)) for v in self.values) / len(self.values) if self.values else 0.0

    @cached_property
    def distinct(self) -> int:
        return len(set(self.values))

    @cached_property
    def epoch(self) -> str:
        """The unit of a column of seconds or milliseconds since 1970, between 2001 and 2050."""
        if not self.named(r"time|date|at$|ts$|stamp|start|end|epoch|creat|receiv|clos|open"):
            return ""
        if self.share(r"(1\d|2[0-4])\d{8}(\.\d+)?") > 0.97:
            return "seconds"
        return "milliseconds" if self.share(r"(1\d|2[0-4])\d{11}") > 0.97 else ""

    @cached_property
    def formats(self) -> Formats:
        if self.share(r"[^:]*\d[^:]*[-/. ,]?[^:]*.*") < 0.5 or self.share(r"[\d.]{1,7}|\d{9,}") > 0.5 or self.is_clock:
            return Formats((), 0.0)
        return time_formats(self.values, prefers_month=self.prefers_month)

    @cached_property
    def is_time(self) -> bool:
        return bool(self.epoch or self.formats.formats)

    @cached_property
    def is_date_only(self) -> bool:
        """Dates without a time of day, or all at midnight."""
        midnight = r".*([T ](00:00(:00(\.0+)?)?|0:00(:00)?|12:00(:00)? ?AM))Z?"
        return self.is_time and not self.epoch and (self.share(r"[^:]*") > 0.97 or self.share(midnight) > 0.97)

    @cached_property
    def may_be_clock(self) -> bool:
        """What a clock shows, or durations below a day."""
        clocks = [v for v in self.values if _CLOCK_VALUE.fullmatch(v)]
        if not clocks or len(clocks) < 0.97 * len(self.values):
            return False
        return max(int(v.split(":")[0]) for v in clocks) < 24  # a word among them, such as TBC, is no hour

    @cached_property
    def is_clock(self) -> bool:
        """Times of day without a date, by the clock and not a duration."""
        if self.may_be_clock:
            is_named = self.is_typed_clock or self.named(r"time|\bat\b|clock")
            return is_named and not self.named(r"duration|elapsed|talk|length|wait|handle|wrap")
        return self.named(r"\btime\b") and self.share(r"([01]\d|2[0-3])[0-5]\d") > 0.97

    @cached_property
    def is_phone(self) -> bool:
        if self.is_named_phone and not self.numbers:
            return bool(self.values)
        given = self.numbers
        if not given or self.is_time:
            return False
        number = r"\+?[\d\s().\-]{7,18}"
        digits = [re.sub(r"\D", "", v) for v in given if re.fullmatch(number, v)]
        share = sum(7 <= len(d) <= 15 for d in digits) / len(given)
        if self.is_named_phone:
            return share > 0.5
        if self.named(_LIKE_A_LINE):
            is_serial = list(given) == sorted(set(given)) and not any(map(is_strong_number, given))
            return not is_serial and sum(map(may_be_number, given)) > 0.5 * len(given)
        spaced = r"(\+|00|0|1[ -]?)?\(?[1-9]\d{2,4}\)?[\s.\-]\d{3,4}[\s.\-]?\d{3,4}"
        is_spaced = sum(bool(re.fullmatch(spaced, v)) for v in given) > 0.8 * len(given)
        return share > 0.9 and (is_spaced or sum(map(is_strong_number, given)) > 0.8 * len(given))

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """The values without the words that stand for no number."""
        return tuple(v for v in self.values if not is_absent(v))

    @cached_property
    def is_named_phone(self) -> bool:
        return self.named(_PHONE_NAMES)

    @cached_property
    def may_identify(self) -> bool:
        """Does it hold telephone numbers, names or addresses, were it only now and then? Then it is no part of an id."""
        if not self.values:
            return False
        if self.is_phone or self.is_named_phone or any(map(is_absent, self.values)):
            return True
        weak = sum(map(may_be_number, self.values)) / len(self.values)
        people = sum(map(is_name_or_address, self.values)) / len(self.values)
        is_repeated = self.distinct < 0.7 * len(self.values)
        return people > 0.2 or any(map(is_strong_number, self.values)) or (weak > 0.5 and is_repeated)

    @cached_property
    def is_code(self) -> bool:
        """Few values over and over."""
        return bool(self.values) and self.distinct <= max(2, min(300, len(self.values) // 3))

    @cached_property
    def is_number(self) -> bool:
        return self.share(r"-?\d+(\.\d+)?") > 0.97

    @cached_property
    def is_duration(self) -> bool:
        return self.share(r"\d{1,3}:\d\d(:\d\d)?") > 0.97 or self.is_number


# Names that say it outright, and names that say it where the values agree.
_PHONE_NAMES = (
    r"phone|\bcli\b|\bani\b|msisdn|mobile|\btel\b|caller (number|no|id)|(calling|from|origin\w*) (number|no|line)"
)
_LIKE_A_LINE = r"^((caller|calling|contact|from|presented|originating|a|b)( |$))?(number|num|no|line|party|s number)?$"


def region_of(phones: Sequence[str], *, is_day_first: bool = False) -> str:
    """The country whose national numbers these look like; empty where it cannot be told."""
    digits = [re.sub(r"[^\d+]", "", v) for v in phones if not is_absent(v)]
    usual = len(digits) or 1
    # A spreadsheet takes the leading nought: most that are left are mobiles, 7 and nine digits.
    lost = sum(bool(re.fullmatch(r"7\d{9}", d)) for d in digits)
    british = sum(bool(re.fullmatch(r"(\+44|0044|44|0)[1-9]\d{8,9}", d)) for d in digits)
    if lost + british > 0.5 * usual or (is_day_first and lost + british > 0.1 * usual):
        return "GB"
    if sum(bool(re.fullmatch(r"(\+?1)?[2-9]\d{9}", d)) for d in digits) > 0.7 * usual:
        return "US"
    return ""


def paired_formats(dates: Sequence[str], clocks: Sequence[str], *, prefers_month: bool) -> Formats:
    """Formats of a date and a time of day joined by a space, as a layout joins them."""
    joined = [f"{date} {clock}" for date, clock in zip(dates, clocks, strict=False)]
    return time_formats(joined, prefers_month=prefers_month, candidates=_PAIRS)
