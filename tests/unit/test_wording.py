"""What is said of names that people give to files."""

from __future__ import annotations

import itertools

import pytest

from misuse import wording


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("07700900123.csv", "number.csv"),
        ("calls of 07700 900123, week 2.csv", "calls of number, week 2.csv"),
        ("0770-0900-123.csv", "0770-0900-123.csv"),  # nobody writes one so
        ("x_020 7946 0123_y.csv", "x_number_y.csv"),
        ("020-7946-0123", "number"),
        ("0117 496 0123.csv", "number.csv"),
        ("+44 7700 900123.csv", "number.csv"),
        ("+44 (0)7700 900123.csv", "number.csv"),
        ("00447700900123.csv", "number.csv"),
        ("447700900123.csv", "number.csv"),
        ("01632 960123 and 01632 960124.csv", "number and number.csv"),
        ("20251231.csv", "20251231.csv"),
        ("20251231013045.csv", "20251231013045.csv"),
        ("2025-12-31T01-30-45.csv", "2025-12-31T01-30-45.csv"),
        ("01-12-2025 10.30.15.csv", "01-12-2025 10.30.15.csv"),
        ("01_12_2025_0130.csv", "01_12_2025_0130.csv"),
        ("0000000001.csv", "0000000001.csv"),
        ("1735689600.csv", "1735689600.csv"),
        ("export 10204674 rows.csv", "export 10204674 rows.csv"),
    ],
    ids=itertools.count(),
)
def test_a_name_is_told_without_a_telephone_number_and_with_its_days(name: str, told: str) -> None:
    assert wording.without_telephone_numbers(name) == told
