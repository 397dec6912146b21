"""The set-wise rules against libphonenumber itself, on a large and nasty sample."""

from __future__ import annotations

import dataclasses
import random

import duckdb
import pytest

from misuse import models, numbers


def nasty_numbers(seed: int, count: int) -> list[str]:
    """Well-formed, nearly well-formed and hopeless strings, none of them anybody's on purpose."""
    chance = random.Random(seed)
    prefixes = (
        "",
        "0",
        "+44",
        "0044",
        "44",
        "+1",
        "1",
        "001",
        "+33",
        "+0",
        "+440",
        "(0)",
        "+44(0)",
        "011",
        "07",
        "+447",
        "020",
        "80",
    )
    found = set()
    for _ in range(count):
        text = chance.choice(prefixes) + "".join(
            chance.choice("0123456789") for _ in range(chance.choice((2, 6, 7, 8, 9, 9, 10, 10, 11, 12, 16)))
        )
        if chance.random() < 0.2:
            place = chance.randrange(len(text))
            text = text[:place] + chance.choice(" -.()x+a#\u00a0") + text[place:]
        found.add(text)
    return sorted(found)


@pytest.mark.parametrize("region", ["GB", "US"])
def test_set_wise_rules_say_what_the_library_says(region):
    sample = nasty_numbers(2005, 40_000)
    con = duckdb.connect()
    con.execute("create table distinct_cli as select unnest($sample) as cli", {"sample": sample})
    rows = models.select(con, "staging/number_forms", dataclasses.asdict(numbers.plan(region))).fetchall()
    decided = [(cli, e164, kind) for cli, e164, kind in rows if kind is not None]
    assert len(rows) == len(sample)
    assert len(decided) > 500
    disagreeing = sum(
        (numbers.parse(cli, region).e164, numbers.parse(cli, region).kind) != (e164, kind)
        for cli, e164, kind in decided
    )
    assert disagreeing == 0


def test_ordinary_numbers_need_no_library():
    ordinary = [f"+44 20 7946 0{n:03d}" for n in range(200)] + [f"0808157{n:04d}" for n in range(200)]
    con = duckdb.connect()
    con.execute("create table distinct_cli as select unnest($sample) as cli", {"sample": ordinary})
    rows = models.select(con, "staging/number_forms", dataclasses.asdict(numbers.plan("GB"))).fetchall()
    assert {kind for _, _, kind in rows} == {"freephone", "fixed"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0000000000", "placeholder"),
        ("1111111", "placeholder"),
        ("01234567890", "placeholder"),
        ("anonymous", "malformed"),
        ("123", "malformed"),
        ("020 7946 0123 ext 4", "fixed"),
        ("07700 900123", "unallocated"),  # a drama number: nobody is ever given one
        ("020 7946 0123", "fixed"),
        ("0808 157 0123", "freephone"),
    ],
)
def test_kinds(text, kind):
    assert numbers.parse(text, "GB").kind == kind


def test_one_line_written_in_many_ways_is_one_number():
    ways = ("07700 900123", "+447700900123", "00447700900123", "(07700) 900-123", "447700900123", "7700900123")
    assert {numbers.parse(way, "GB").e164 for way in ways} == {"+447700900123"}


def test_a_number_outside_every_allocated_range_stays_usable():
    parsed = numbers.parse("123-456-7891", "US")
    assert parsed.kind in {"unallocated", "malformed"}
    assert numbers.parse("211 555 0100", "US").kind == "unallocated"


def test_an_unknown_region_is_refused():
    with pytest.raises(ValueError, match="numbering plan"):
        numbers.plan("ZZ")
