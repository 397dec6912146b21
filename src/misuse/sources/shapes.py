"""What a text shows by its shape alone: a telephone number, a name, an address, a word that stands for no number."""

from __future__ import annotations

import re
from collections.abc import Iterable

# In the number's column these say that no number came, and why; compared in lower case, runs of space one.
ABSENT_WORDS = (
    *("withheld", "number withheld", "withheld number", "cli withheld", "caller withheld", "withheld by caller"),
    *("international withheld", "withheld international", "int withheld", "number restricted", "cli restricted"),
    *("unknown", "unknown number", "number unknown", "unknown caller", "not known", "nk", "n/k"),
    *("unavailable", "number unavailable", "cli unavailable", "unavailable number", "not available", "na"),
    *("anonymous", "anonymous caller", "anon", "private", "private number", "restricted", "blocked", "suppressed"),
    *("no number", "no cli", "no caller id", "not provided", "not recorded", "not presented", "not given", "none"),
    *("nil", "blank", "out of area", "international", "payphone withheld", "(blank)", "(withheld)", "(unknown)"),
)

# Of a place besides: said of many callers, it would be one.
NO_PLACE_WORDS = (
    *("unknown address", "address unknown", "unknown location", "location unknown", "unknown premises", "not stated"),
    *("no address", "no location", "no fixed abode", "nfa", "address withheld", "location withheld"),
)

# Strong: no serial number is written so. Weak: digits that may be a number, or a long serial number.
STRONG_NUMBER = r"\+[0-9]{9,15}|00[1-9][0-9]{8,13}|0[1235789][0-9]{8,9}|44[1-9][0-9]{8,9}"
WRITTEN_NUMBER = r"(\+?1[ .\-]?)?(\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[\-. ])[0-9]{3}[\-. ][0-9]{4}"
WEAK_NUMBER = r"1?[2-9][0-9]{2}[2-9][0-9]{6}|[1-37][0-9]{8,9}"
_STRONG, _WRITTEN, _WEAK = (re.compile(pattern) for pattern in (STRONG_NUMBER, WRITTEN_NUMBER, WEAK_NUMBER))
_NAME = re.compile(r"[A-Za-z][A-Za-z'.\-]+,? [A-Za-z][A-Za-z'. \-]+")
_ADDRESS = re.compile(r"(\d+[A-Za-z]?|flat \d+\w?|unit \d+\w?),? [A-Za-z]{2,}.*", re.IGNORECASE)


def no_place_words(declared: Iterable[str]) -> list[str]:
    """What says in a place's column that none is known, as places are compared: the words of a layout and our own."""
    return sorted(
        {re.sub(r"[\s,]+", " ", word.strip().upper()) for word in (*ABSENT_WORDS, *NO_PLACE_WORDS, *declared)}
    )


def is_absent(text: str) -> bool:
    """Does the text only say that no number came?"""
    return " ".join(text.split()).lower() in ABSENT_WORDS


def is_strong_number(text: str) -> bool:
    """Is it written as only a telephone number is?"""
    return bool(_WRITTEN.fullmatch(text) or _STRONG.fullmatch(_compact(text)))


def may_be_number(text: str) -> bool:
    """Is it a telephone number, or digits that could be one?"""
    return is_strong_number(text) or bool(_WEAK.fullmatch(_compact(text)))


def holds_number(text: str) -> bool:
    """Could any part of the text be a telephone number?"""
    return any(may_be_number(part.strip()) for part in (text, *re.split(r"[|;,/_:]", text)))


def may_be_prose(text: str) -> bool:
    """Could this be a number or free text that strayed to where a code or a name of a field stands?"""
    return sum(map(str.isdigit, text)) >= 6 or len(text) > 80


def is_name_or_address(text: str) -> bool:
    """Is it written as a person's name or a street address is?"""
    return bool(_NAME.fullmatch(text) or _ADDRESS.fullmatch(text))


def _compact(text: str) -> str:
    return re.sub(r"[\s().\-]", "", text)
