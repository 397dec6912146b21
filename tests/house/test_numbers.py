"""No telephone number that could be anybody's: committed files hold Ofcom's drama numbers alone."""

from __future__ import annotations

import re

import pytest

from tests.house import tree

# Ofcom's numbers for drama, in national form: the fixed beginning, then any digits to the full length.
DRAMA = (
    "01134960", "01144960", "01154960", "01164960", "01174960", "01184960", "01214960", "01314960", "01414960",
    "01514960", "01614960", "02079460", "01914980", "02896496", "02896180", "02920180", "01632960", "08081570",
    "09098790", "03069990", "07700900",
)  # fmt: skip
# What switchboards put for "none", and people key in for one: the rules must name them.
PLACEHOLDER = re.compile(
    r"(\d)\1{5,}$|0?123456789\d{0,2}$|0?0?9876543210$"
    r"|0\d{0,3}?(\d)\2{6,}$|0[127]?0?(12345678(90?)?|98765432(10?)?)$"
)
GROUPED = re.compile(
    r"(?<![\w.+/-])(?:\+|00)?44[ -]?\(?0?\)?[ -]?(?:\d[ -]?){8,9}\d(?![\w.-])"  # abroad's form
    r"|(?<![\w.+/-])\(?0\)?(?:\d[ -]?){2,4}\)?[ -]?(?:\d[ -]?){5,7}\d(?![\w.-])"  # the national form
)
ABROAD = re.compile(r"(?<![\w.+])\+(?!44)[1-9]\d{0,2}[ -]?(?:\(?\d\)?[ -]?){7,11}\d(?![\w.-])")
DATE = re.compile(r"\d\d[ -]\d\d[ -]\d{4}|\d{4}-\d\d-\d\d|\d\d-\d\d-\d\d")
AMERICAN_FICTION = re.compile(r"1\d{3}55501\d\d$")
SKIPPED = {".lock", ".png", ".pdf", ".xlsx", ".gz", ".parquet"}


def national(text: str) -> str:
    """A number's digits in national form."""
    digits = re.sub(r"\D", "", text)
    digits = digits.removeprefix("00") if digits.startswith("0044") else digits
    if digits.startswith("44") and len(digits) >= 11:
        return "0" + digits.removeprefix("44").removeprefix("0")
    return digits


def is_anybodys(text: str) -> bool:
    """Whether a text could be a British line's number and is not for drama."""
    if DATE.search(text):
        return False
    number = national(text)
    if len(number) not in (10, 11) or not re.match(r"0[1-35789]", number):
        return False
    return not number.startswith(DRAMA) and not PLACEHOLDER.match(number)


def test_no_telephone_numbers_outside_the_drama_ranges() -> None:
    found = []
    for source in tree.sources():
        if source.path.suffix in SKIPPED or source.name == "tests/house/test_numbers.py":
            continue
        for number, line in enumerate(source.lines, 1):
            british = any(is_anybodys(match.group()) for match in GROUPED.finditer(line))
            abroad = any(
                not AMERICAN_FICTION.search(re.sub(r"\D", "", match.group())) for match in ABROAD.finditer(line)
            )
            if british or abroad:
                found.append(f"{source.name}:{number}")
    assert not found, tree.told(found, "telephone numbers that are not Ofcom's for drama")


@pytest.mark.parametrize(
    ("text", "is_real"),
    [
        ("07700 900123", False),
        ("+44 7700 900123", False),
        ("020 7946 0123", False),
        ("0000000000", False),
        ("0" + "1234567890", False),
        ("2025-01-31 10:00", False),
        ("01-02" + "-2025 10:00", False),
        ("0.0" + "1234567891", False),
        ("07911 1" + "23456", True),
        ("+447911" + "123456", True),
        ("+44 (0)20 7123 " + "4567", True),
        ("(020) 7123 " + "4567", True),
        ("020-7123-" + "4567", True),
        ("01539 72" + "1234", True),
    ],
)
def test_the_rule_knows_a_number(text: str, is_real: bool) -> None:
    assert any(is_anybodys(match.group()) for match in GROUPED.finditer(text)) == is_real
