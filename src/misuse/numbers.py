"""Telephone numbers: which strings are usable, what they are in E.164, and what kind of line.

The answers are libphonenumber's (Google's library of national numbering plans, in its Python port).
Its own rules are regular expressions, so the well-formed numbers of a log go through them set-wise
in SQL (sql/staging/number_forms.sql, with `Plan` as its parameters) and only odd distinct strings
come to `parse`, which costs some 30 microseconds each.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata, PhoneNumber

# Kinds that a caller may be made of; the others are counted apart.
UNUSABLE_KINDS = ("absent", "malformed", "placeholder")

# The SQL knows how a number is dialled abroad where that is one plain prefix; elsewhere every string goes through `parse`.
_PLAIN_INTERNATIONAL_PREFIXES = frozenset({"00", "011"})
# Text relay: libphonenumber takes 18002 0 for a national prefix too. Sixteen digits are more than the SQL decides on.
_PLAIN_NATIONAL_PREFIXES = {"GB": "0|180020"}

_NEVER = "[^\\d\\D]"  # matches nothing: a plan without such numbers
_LETTER_AFTER = re.compile(r"\d\W*[^\W\d_]")
_SAME_DIGIT = re.compile(r"(\d)\1{4,}")
_COUNTING = frozenset({"1234567890", "0123456789", "01234567890", "123456789", "12345678901", "9876543210"})
# What people key in for a number after its first figures, as 07000 000000 and 020 1234 5678. Seven alike at least: 0800 1111 is
# Childline.
_FILLED_UP = re.compile(r"\d{0,3}?(\d)\1{6,}")
_KEYPAD_RUN = re.compile(r"[127]?0?(12345678(90?)?|98765432(10?)?)")


@dataclass(frozen=True)
class Plan:
    """One region's numbering plan as the patterns that libphonenumber matches national numbers with."""

    region: str
    country_code: str
    national_prefix: str
    international_prefix: str
    is_set_wise: bool
    general: str
    premium: str
    toll_free: str
    shared_cost: str
    voip: str
    rare: str  # any of the four above, or of the kinds that are 'other' and asked for after them
    fixed: str
    mobile: str
    in_code: str  # what no code has in it: as many digits as the region's numbers have


@dataclass(frozen=True)
class ParsedNumber:
    """What a string is: `e164` is None where it is no usable number."""

    e164: str | None
    kind: str


@cache
def plan(region: str) -> Plan:
    """The numbering plan of an ISO region such as GB.

    Errors: ValueError for a region that libphonenumber does not know.
    """
    from phonenumbers import PhoneMetadata

    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None:
        raise ValueError(f"no numbering plan for the region {region}")

    def pattern(description: object) -> str:
        found = getattr(description, "national_number_pattern", None)
        return found or _NEVER

    before_lines = (
        metadata.premium_rate, metadata.toll_free, metadata.shared_cost, metadata.voip, metadata.personal_number,
        metadata.pager, metadata.uan, metadata.voicemail,
    )  # fmt: skip
    return Plan(
        region=region,
        country_code=str(metadata.country_code),
        national_prefix=metadata.national_prefix or "",
        international_prefix=metadata.international_prefix or "",
        is_set_wise=_is_set_wise(region, metadata),
        general=pattern(metadata.general_desc),
        premium=pattern(metadata.premium_rate),
        toll_free=pattern(metadata.toll_free),
        shared_cost=pattern(metadata.shared_cost),
        voip=pattern(metadata.voip),
        rare="|".join(f"(?:{pattern(kind)})" for kind in before_lines),
        fixed=pattern(metadata.fixed_line),
        mobile=pattern(metadata.mobile),
        in_code=_in_code(max(getattr(metadata.mobile, "possible_length", ()) or (9,))),
    )


def _in_code(digits: int) -> str:
    """Nine digits of any script, whatever stands between them; where the region's numbers are shorter, so many that no letter leads:
    a ward of E05000026 is a code.
    """
    run = r"(\p{Nd}[^[:alnum:]]*)"
    shorter = [] if digits >= 9 else [rf"(^|[^[:alnum:]]){run}{{{max(digits, 8)},}}"]
    return "|".join([*shorter, rf"{run}{{9,}}"])


def _is_set_wise(region: str, metadata: PhoneMetadata) -> bool:
    """Whether the region's numbers are dialled so plainly that the SQL can tell what libphonenumber would make of them."""
    from phonenumbers import region_code_for_country_code

    plain = metadata.national_prefix or ""
    return (
        region_code_for_country_code(metadata.country_code or 0) == region
        and (metadata.national_prefix_for_parsing or "") == _PLAIN_NATIONAL_PREFIXES.get(region, plain)
        and not metadata.national_prefix_transform_rule
        and metadata.international_prefix in _PLAIN_INTERNATIONAL_PREFIXES
    )


def is_placeholder(text: str) -> bool:
    """Whether the digits are one digit repeated or a count from one end of the keypad to the other."""
    digits = _digits(text)
    return bool(_SAME_DIGIT.fullmatch(digits)) or digits in _COUNTING


def _digits(text: str) -> str:
    """The digits of a text, of any script, as 0 to 9."""
    return "".join(str(unicodedata.digit(mark)) for mark in text if mark.isdecimal())


def is_filled_up(national: str) -> bool:
    """Whether a number without its prefix and country's code is a placeholder: one digit over all but its first three, or
    a run over the keypad.
    """
    return bool(_FILLED_UP.fullmatch(national) or _KEYPAD_RUN.fullmatch(national))


def parse(text: str, region: str) -> ParsedNumber:
    """What libphonenumber makes of one string dialled in `region`.

    A number as long as a fixed or mobile one but outside every allocated range stays usable, as
    `unallocated`: ranges are opened faster than programs are updated, and a caller must not vanish for that. With a
    letter among or after its digits it is malformed, since then nobody can tell which number was meant, and so it is
    with a nought in front where its country's numbers have none. Letters that libphonenumber would dial, as of 07700
    900XXX, make a number malformed wherever it lies: they stand for what somebody left out.
    """
    import phonenumbers
    from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

    seen = _visible(text)
    if is_placeholder(seen):
        return ParsedNumber(None, "placeholder")
    try:
        number = phonenumbers.parse(seen, region)
    except phonenumbers.NumberParseException:
        return ParsedNumber(None, "malformed")
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return ParsedNumber(None, "malformed")
    national = phonenumbers.national_significant_number(number)
    if is_filled_up(national):
        return ParsedNumber(None, "placeholder")
    if national not in _digits(seen) and any(map(str.isalpha, seen)):
        return ParsedNumber(None, "malformed")
    # An extension belongs to the switchboard, not to the line.
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    line = phonenumbers.number_type(number)
    kind = _KIND_NAMES.get(line, "other")
    if line == PhoneNumberType.UNKNOWN:
        has_letter = number.extension is None and _LETTER_AFTER.search(seen)
        if (
            not _is_line_length(number)
            or has_letter
            or (national.startswith("0") and not _may_begin_with_nought(number))
        ):
            return ParsedNumber(None, "malformed")
        kind = "unallocated"
    elif number.country_code != phonenumbers.country_code_for_region(region):
        kind = "international"
    return ParsedNumber(e164, kind)


def _visible(text: str) -> str:
    """The text without marks that nobody sees, such as those that turn the direction of writing; tabs as spaces."""
    if text.isprintable():
        return text
    kinds = ((mark, unicodedata.category(mark)) for mark in text)
    return "".join(" " if kind == "Cc" else mark for mark, kind in kinds if kind != "Cf")


def _is_line_length(number: PhoneNumber) -> bool:
    """Whether the number is as long as its country's fixed or mobile lines; short service numbers are not lines."""
    import phonenumbers
    from phonenumbers import PhoneMetadata

    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None:
        return False
    lengths = {
        length
        for description in (metadata.fixed_line, metadata.mobile)
        for length in (
            getattr(description, "possible_length", ()) or getattr(metadata.general_desc, "possible_length", ())
        )
    }
    return len(phonenumbers.national_significant_number(number)) in lengths


def _may_begin_with_nought(number: PhoneNumber) -> bool:
    """Whether lines of the number's country have a nought in front abroad too, as Italy's have."""
    from phonenumbers import PhoneMetadata, region_code_for_country_code

    metadata = PhoneMetadata.metadata_for_region(region_code_for_country_code(number.country_code or 0), None)
    lines = (metadata.fixed_line, metadata.mobile) if metadata else ()
    return any((getattr(line, "example_number", None) or "").startswith("0") for line in lines)


def parse_many(texts: Iterable[str], region: str) -> list[ParsedNumber]:
    """`parse` for each of some distinct strings, in their order."""
    return [parse(text, region) for text in texts]


# phonenumbers.PhoneNumberType values by name, spelled out so that importing this module stays cheap.
_KIND_NAMES = {0: "fixed", 1: "mobile", 2: "fixed_or_mobile", 3: "freephone", 6: "voip"}
