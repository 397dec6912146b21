"""Small numbers kept back, held against somebody who subtracts: every table that fits what is shown is written out."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misuse.estimation.suppression import LEAST, hidden, withheld
from misuse.reckoning import equality


def fitting(
    counts: dict[tuple[str, str], int], kept: frozenset[tuple[str, str]], most: int
) -> list[dict[tuple[str, str], int]]:
    """Every table with the same totals of columns and rows that agrees with what is shown."""
    cells = sorted(kept)
    found = []
    for values in product(range(most + 1), repeat=len(cells)):
        guess = counts | dict(zip(cells, values, strict=True))
        if all(
            sum(v for c, v in guess.items() if c[side] == line) == sum(v for c, v in counts.items() if c[side] == line)
            for side in (0, 1)
            for line in {cell[side] for cell in counts}
        ):
            found.append(guess)
    return found


@pytest.mark.parametrize(("count", "is_kept"), [(0, False), (1, True), (LEAST - 1, True), (LEAST, False)])
def test_the_edge(count: int, is_kept: bool) -> None:
    cells = {("a", "x"): count, ("b", "x"): 40, ("c", "x"): 50}
    assert (("a", "x") in hidden(cells, told_rows=())) == is_kept


def test_one_kept_back_alone_could_be_told_from_the_total() -> None:
    cells = {("a", "x"): 3, ("b", "x"): 9, ("c", "x"): 50}
    assert hidden(cells, told_rows=()) == {("a", "x"), ("b", "x")}


def test_two_that_make_less_than_five_are_not_enough() -> None:
    cells = {("a", "x"): 1, ("b", "x"): 2, ("c", "x"): 9, ("d", "x"): 50}
    assert hidden(cells, told_rows=()) == {("a", "x"), ("b", "x"), ("c", "x")}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=4, max_size=4))
def test_nobody_can_tell_a_small_number_by_subtraction(values: list[int]) -> None:
    """In a table of two groups and two parts, both ways adding up, no small count is the only one that fits."""
    cells = dict(zip(product("ab", "xy"), values, strict=True))
    kept = hidden(cells, told_rows="ab")
    tables = fitting(cells, kept, 9)
    for cell, count in cells.items():
        if 0 < count < LEAST:
            assert cell in kept
            if len(kept) < len(cells):
                others = {table[cell] for table in tables}
                assert len(others) > 1 or sum(values) < 2 * LEAST


def row(group: str, measure: str, value: int, of_all: int) -> dict[str, object]:
    return {"dimension": "d", "group_name": group, "measure": measure, "value": value, "of_all": of_all}


def test_a_small_list_does_not_show_through_its_lanes() -> None:
    """Three of a group are on the list: neither that nor the whole of its lanes may be read."""
    counts = [
        row(group, measure, value, whole)
        for group, listed in (("a", 3), ("b", 8), ("c", 60))
        for measure, value, whole in (
            (equality._LISTED, listed, 900),
            *((f"lane {name}", listed if name == "support" else 0, listed) for name in ("support", "technical")),
        )
    ]
    shown = {(r["group_name"], r["measure"]): r for r in equality.told(counts)}
    assert shown["a", "lane technical"]["of_all"] is None, "the whole of its lanes is how many are listed"
    assert shown["b", "lane technical"]["of_all"] is None, "and so it is where that is kept back for another's sake"
    for measure in (equality._LISTED, "lane support"):
        assert shown["a", measure]["is_suppressed"]
        assert shown["a", measure]["of_all"] is None
        assert shown["a", measure]["rate"] is None
        assert shown["b", measure]["is_suppressed"], "or the total would tell a's"
    assert shown["c", "lane support"]["value"] == 60
    assert shown["c", "lane support"]["rate"] == 1.0


def test_what_a_rate_is_of_is_not_told_by_another_dimension() -> None:
    """Three persons of Ealing: another dimension tells that there are 95, so a second borough is kept back beside them."""
    boroughs = {"Ealing": 3, "Camden": 72, "Brent": 20}
    counts = [
        {"dimension": "home borough", "group_name": group, "measure": measure, "value": 0, "of_all": persons}
        for group, persons in boroughs.items()
        for measure in ("persons over the threshold", "persons stopped", "doubtful calls")
    ]
    shown = {(row["group_name"], row["measure"]): row["of_all"] for row in equality.told(counts)}
    for measure in ("persons over the threshold", "persons stopped", "doubtful calls"):
        assert [shown[group, measure] for group in boroughs] == [None, 72, None]


@pytest.mark.parametrize(("is_total_kept", "is_more_kept"), [(True, False), (False, True)])
def test_no_more_is_kept_back_than_a_known_total_asks_for(is_total_kept: bool, is_more_kept: bool) -> None:
    """Behind unknown parts of a known total stand five at least; where the total is unknown too, its parts tell nothing."""
    values: dict[tuple[str, ...], int] = {("t",): 53, ("a",): 1, ("b",): 2, ("c",): 50}
    small: list[tuple[str, ...]] = [("a",), ("b",), *([("t",)] if is_total_kept else [])]
    kept = withheld(values, [(("t",), [("a",), ("b",), ("c",)])], small)
    assert (("c",) in kept) == is_more_kept
