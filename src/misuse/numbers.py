"""Telephone numbers: which strings are usable, what they are in E.164, and what kind of line.

The answers are libphonenumber's (Google's library of national numbering plans, in its Python port).
Its own rules are regular expressions, so the well-formed numbers of a log go through them set-wise
in SQL (sql/staging/number_forms.sql, with `Plan` as its parameters) and only odd distinct strings
come to `parse`, which costs some 30 microseconds each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

# Kinds that a caller may be made of; the others are counted apart.
UNUSABLE_KINDS = ("absent", "malformed", "placeholder")

# Regions whose national forms the SQL knows; every string of another region goes through `parse`.
SET_WISE_REGIONS = frozenset({"GB", "US"})

_NEVER = "[^\\d\\D]"  # matches nothing: a plan without such numbers
_SAME_DIGIT = re.compile(r"(\d)\1{4,}")
_COUNTING = frozenset({"1234567890", "0123456789", "01234567890", "123456789", "12345678901", "9876543210"})


@dataclass(frozen=True)
class Plan:
    """One region's numbering plan as the patterns that libphonenumber matches national numbers with."""

    region: str
    country_code: str
    national_prefix: str
    is_set_wise: bool
    general: str
    premium: str
    toll_free: str
    shared_cost: str
    voip: str
    personal: str
    pager: str
    universal: str
    fixed: str
    mobile: str


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

    return Plan(
        region=region,
        country_code=str(metadata.country_code),
        national_prefix=metadata.national_prefix or "",
        is_set_wise=region in SET_WISE_REGIONS,
        general=pattern(metadata.general_desc),
        premium=pattern(metadata.premium_rate),
        toll_free=pattern(metadata.toll_free),
        shared_cost=pattern(metadata.shared_cost),
        voip=pattern(metadata.voip),
        personal=pattern(metadata.personal_number),
        pager=pattern(metadata.pager),
        universal=pattern(metadata.uan),
        fixed=pattern(metadata.fixed_line),
        mobile=pattern(metadata.mobile),
    )


def is_placeholder(text: str) -> bool:
    """Whether the digits are one digit repeated or a count from one end of the keypad to the other."""
    digits = re.sub(r"\D", "", text)
    return bool(_SAME_DIGIT.fullmatch(digits)) or digits in _COUNTING


def parse(text: str, region: str) -> ParsedNumber:
    """What libphonenumber makes of one string dialled in `region`.

    A number as long as a fixed or mobile one but outside every allocated range stays usable, as
    `unallocated`: ranges are opened faster than programs are updated, and a caller must not vanish for that.
    """
    import phonenumbers
    from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

    if is_placeholder(text):
        return ParsedNumber(None, "placeholder")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ParsedNumber(None, "malformed")
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return ParsedNumber(None, "malformed")
    # An extension belongs to the switchboard, not to the line.
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    kind = _KIND_NAMES.get(phonenumbers.number_type(number), "other")
    if phonenumbers.number_type(number) == PhoneNumberType.UNKNOWN:
        if not _is_line_length(number):
            return ParsedNumber(None, "malformed")
        kind = "unallocated"
    elif number.country_code != phonenumbers.country_code_for_region(region):
        kind = "international"
    return ParsedNumber(e164, kind)


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


def parse_many(texts: Iterable[str], region: str) -> list[ParsedNumber]:
    """`parse` for each of some distinct strings, in their order."""
    return [parse(text, region) for text in texts]


# phonenumbers.PhoneNumberType values by name, spelled out so that importing this module stays cheap.
_KIND_NAMES = {0: "fixed", 1: "mobile", 2: "fixed_or_mobile", 3: "freephone", 6: "voip"}
