"""The public summary against somebody who adds and subtracts: every kept number must have room, by linear programming.

The oracle writes the sums down anew from the summary's own CSV, and knows that numbers are whole and not below nought.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from misuse.estimation import suppression
from misuse.reports import data, public, public_page
from misuse.settings import Settings
from tests import published_fixture as fixture

NOW = datetime(2026, 1, 1, 2, 31, tzinfo=UTC)
Cell = tuple[str, ...]
Sums = list[tuple[Cell, list[Cell]]]


def room(values: Mapping[Cell, int | None], sums: Sequence[tuple[Cell, Sequence[Cell]]]) -> dict[Cell, float]:
    """Of each cell kept back, how far apart the least and the most lie that all sums allow."""
    unknown = sorted(cell for cell, value in values.items() if value is None)
    place = {cell: at for at, cell in enumerate(unknown)}
    left = np.zeros((len(sums), len(unknown)))
    right = np.zeros(len(sums))
    for line, (total, parts) in enumerate(sums):
        for cell, sign in [(total, 1.0), *((part, -1.0) for part in parts)]:
            value = values[cell]
            if value is None:
                left[line, place[cell]] += sign
            else:
                right[line] -= sign * value
    found = {}
    for cell, at in place.items():
        way = np.zeros(len(unknown))
        way[at] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            solved = linprog(sign * way, A_eq=left, b_eq=right, bounds=(0, None))
            ends.append(np.inf if solved.status == 3 else sign * solved.fun)
            assert solved.status in (0, 3), "the sums as shown must have a solution"
        found[cell] = ends[1] - ends[0]
    return found


# -- the arithmetic ----------------------------------------------------------------------------------------------------


def crossed(numbers: Sequence[Sequence[int]]) -> tuple[dict[Cell, int], Sums]:
    """A table with the totals of its rows and columns, and their total."""
    rows, columns = len(numbers), len(numbers[0])
    values: dict[Cell, int] = {(str(r), str(c)): numbers[r][c] for r, c in product(range(rows), range(columns))}
    sums: Sums = []
    for r in range(rows):
        values[str(r), "all"] = sum(numbers[r])
        sums.append(((str(r), "all"), [(str(r), str(c)) for c in range(columns)]))
    for c in range(columns):
        values["all", str(c)] = sum(row[c] for row in numbers)
        sums.append((("all", str(c)), [(str(r), str(c)) for r in range(rows)]))
    values["all", "all"] = sum(map(sum, numbers))
    sums.append((("all", "all"), [("all", str(c)) for c in range(columns)]))
    sums.append((("all", "all"), [(str(r), "all") for r in range(rows)]))
    return values, sums


tables = st.integers(1, 4).flatmap(
    lambda columns: st.lists(st.lists(st.integers(0, 14), min_size=columns, max_size=columns), min_size=1, max_size=5)
)


@given(tables)
@settings(max_examples=60)
def test_no_small_number_of_a_table_can_be_told(numbers: list[list[int]]) -> None:
    values, sums = crossed(numbers)
    small = {cell for cell, value in values.items() if 0 < value < suppression.LEAST}
    kept = suppression.withheld(values, sums, small)
    assert small <= kept
    assert not small or kept > small or len(kept) > 1
    shown = {cell: None if cell in kept else value for cell, value in values.items()}
    assert all(wide >= 1 for wide in room(shown, sums).values()), shown


def test_line_by_line_is_not_enough() -> None:
    """Two squares of kept cells joined by one: each line has two unknown, and yet that one is told by adding lines."""
    kept = {(r, c) for r, c in ("0a", "0b", "1a", "1b", "2c", "2d", "3c", "3d", "0c")}
    cells = dict.fromkeys(product("0123", "abcd"), 9)
    sums: Sums = [((r, "all"), [(r, c) for c in "abcd"]) for r in "0123"]
    sums += [(("all", c), [(r, c) for r in "0123"]) for c in "abcd"]
    values = cells | {total: sum(cells[part] for part in parts) for total, parts in sums}
    assert suppression.told(kept, sums) == [("0", "c")]
    shown = {cell: None if cell in kept else value for cell, value in values.items()}
    assert room(shown, sums)["0", "c"] == pytest.approx(0.0)
    more = suppression.withheld(values, sums, kept)
    assert not suppression.told(more, sums)
    assert min(room({cell: None if cell in more else value for cell, value in values.items()}, sums).values()) >= 1


def test_nothing_small_nothing_kept() -> None:
    values, sums = crossed([[5, 9], [0, 12]])
    assert suppression.withheld(values, sums, set()) == frozenset()
    assert suppression.told([], sums) == []


def test_a_known_total_of_few_is_no_hiding_place() -> None:
    """One and two, five in all with another two: two alone would leave three to share."""
    values = {("a",): 1, ("b",): 2, ("c",): 8, ("all",): 11}
    kept = suppression.withheld(values, [(("all",), [("a",), ("b",), ("c",)])], {("a",), ("b",)})
    assert kept == {("a",), ("b",), ("c",)}


# -- the summary -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[1, 3, 7, 40])
def pack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> data.Pack:
    path = fixture.build(tmp_path_factory.mktemp("public") / "run.duckdb", persons=request.param)
    return data.read(path, Settings(), NOW)


def rows(pack: data.Pack) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(public.table(pack).decode())))


def attacked(found: Sequence[Mapping[str, str]]) -> tuple[dict[Cell, int | None], Sums]:
    """What a reader knows: the numbers told, and every sum that the words promise."""
    told = [row for row in found if row["table"] != "headline"]
    values = {
        (r["table"], r["group"], r["made_by"], r["measure"]): int(r["value"]) if r["value"] else None for r in told
    }
    return values, [(total, parts) for total, parts in promised(values) if parts]


def promised(values: Mapping[Cell, Any]) -> Iterator[tuple[Cell, list[Cell]]]:
    who = ("persistent callers", "other persons", "shared lines and premises", "nobody known")
    by = sorted({cell[0] for cell in values if cell[0].startswith("misuse calls by")})
    for cell in values:
        if cell[2] == "all":
            yield cell, [(cell[0], cell[1], name, cell[3]) for name in who]
    for table in by:
        for name in (*who, "all"):
            yield ("misuse calls", "all", name, "misuse calls"), [c for c in values if c[0] == table and c[2] == name]
    persons = "persons by misuse calls made"
    for measure in ("persons", "misuse calls"):
        bands = [cell for cell in values if cell[0] == persons and cell[3] == measure and cell[1] not in who]
        for name in who[:2]:
            side = [cell for cell in bands if (int(cell[1].split()[0].replace(",", "")) >= 10) == (name == who[0])]
            yield (persons, name, "persons", measure), side
            if measure == "misuse calls":
                yield ("misuse calls", "all", name, "misuse calls"), side
    yield (persons, "1", "persons", "misuse calls"), [(persons, "1", "persons", "persons")]


def test_nothing_kept_back_can_be_got_back(pack: data.Pack) -> None:
    values, sums = attacked(rows(pack))
    assert len(sums) > 40
    for total, parts in sums:  # the promises hold of what is told
        if values[total] is not None and all(values[part] is not None for part in parts):
            assert values[total] == sum(values[part] or 0 for part in parts), total
    open_cells = [cell for cell, value in values.items() if value is None]
    assert open_cells, "invented logs are small"
    narrow = {cell: wide for cell, wide in room(values, sums).items() if wide < 1}
    assert not narrow


def test_no_number_of_few_callers_is_told(pack: data.Pack) -> None:
    few = {
        (row["part"], row["value"], row["made_by"])
        for row in pack.public_counts
        if (row["calls"] if row["made_by"] == "nobody known" else row["callers"]) < 5 or row["calls"] < 5
    }
    told = {
        (r["table"].removeprefix("misuse calls").removeprefix(" by ") or "all", r["group"], r["made_by"])
        for r in rows(pack)
        if r["value"] and r["table"].startswith("misuse calls")
    }
    assert not few & told
    assert few or len(pack.persistent) > 20


def test_shares_go_with_what_they_would_tell(pack: data.Pack) -> None:
    found = rows(pack)
    share = [row["value"] for row in found if row["group"] == "persistent callers' share of misuse calls"]
    calls = {r["made_by"]: r["value"] for r in found if r["table"] == "misuse calls"}
    if not calls["persistent callers"] or not calls["all"]:
        assert not any(share)
    page = public_page.page(pack).decode()
    assert ("<figure" in page) is not public.Summary(pack).hides_persistent
    assert "offender" not in page.lower()
    assert pack.stamp.run_id in page


def test_a_rare_code_is_not_named_and_no_label_is_a_formula(pack: data.Pack) -> None:
    """A code is whatever a log says: somebody's name, or what a spreadsheet would run."""
    rare = {
        "part": "code",
        "value": "BRENDLE OSFARROW",
        "made_by": "other persons",
        "calls": 40,
        "callers": 1,
        "most_of_one": 40,
    }
    formula = {
        "part": "code",
        "value": "=HYPERLINK(1)",
        "made_by": "other persons",
        "calls": 40,
        "callers": 9,
        "most_of_one": 9,
    }
    named = replace(pack, public_counts=[*pack.public_counts, rare, formula])
    table, page = public.table(named).decode(), public_page.page(named).decode()
    assert "OSFARROW" not in table + page
    assert public.TOO_FEW in table
    assert "'=HYPERLINK(1)" in table
    assert not [row for row in csv.reader(io.StringIO(table)) if any(cell.startswith("=") for cell in row)]


def test_months_are_named_and_parts_of_one_are_said_to_be(pack: data.Pack) -> None:
    table = next(table for table in public.tables(public.Summary(pack)) if table.title.endswith("by month"))
    assert [row[0] for row in table.rows][:2] == ["January 2025", "February 2025"]
    for is_whole in (True, False):
        months = [row | {"is_whole": is_whole} for row in pack.months]
        (table,) = (
            one for one in public.tables(public.Summary(replace(pack, months=months))) if one.title.endswith("by month")
        )
        assert ("is a part of one" in table.note) is not is_whole


def test_callers_of_merged_rare_codes_may_be_the_same(pack: data.Pack) -> None:
    """Three callers in each of two rare codes are three, and not six who might be told of."""
    rare = [
        {"part": "code", "value": f"RARE {n}", "made_by": "other persons", "calls": 40, "callers": 3, "most_of_one": 14} for n in (1, 2)
    ]  # fmt: skip
    summary = public.Summary(replace(pack, public_counts=[*pack.public_counts, *rare]))
    cell = ("calls", "code", public.TOO_FEW, "other persons")
    assert summary.counts[cell] == (80, 3)
    assert summary.most_of_one[cell] == 28
    assert cell in summary.kept_back


def test_the_page_of_nothing_says_so(tmp_path: Path) -> None:
    nothing = data.read(fixture.empty(tmp_path / "empty.duckdb"), Settings(), NOW)
    page = public_page.page(nothing).decode()
    assert "no calls in the 365 days" in page.lower()
    assert public.table(nothing).decode().startswith("table,group,")


# -- the pictures ------------------------------------------------------------------------------------------------------


def figures_of(page: str) -> list[str]:
    return re.findall("<figure.*?</figure>", page, re.DOTALL)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> data.Pack:
    """Enough persistent callers for their share to be told, and three calls that nobody is known to have made."""
    path = fixture.build(tmp_path_factory.mktemp("large") / "run.duckdb", persons=40)
    pack = data.read(path, Settings(), NOW)
    few = [row | {"calls": 3} if row["made_by"] == public.NOBODY else row for row in pack.public_counts]
    return replace(pack, public_counts=few)


def otherwise(row: data.Row) -> data.Row:
    """The estimate had other calls been without a number: what the tables tell of it is the same."""
    bounds = {end: None if row[end] is None else row[end] + 0.0137 for end in ("bound_low", "bound_high")}
    told = row["estimate"] in {name for name, *_ in (*public.FIGURES, *public.EVERYBODY)}
    more = {} if told or row["point"] is None else {"point": row["point"] + 1}
    ends = {end: None if row[end] is None else row[end] * (1 + 1e-7) for end in ("low", "high")}
    return row | bounds | more | (ends if told else {})


def test_a_picture_tells_nothing_that_the_tables_do_not(large: data.Pack) -> None:
    """Not a coordinate of it changes where only what is kept back, or is in no table, changes."""
    assert ("calls", "all", "all", public.NOBODY) in public.Summary(large).kept_back
    more = [
        row | {"estimate": name, "point": 0.51372549, "bound_high": 0.513725490196}
        for row in large.estimates
        if row["estimate"] == "share_of_handling"
        for name in ("share_of_deployment", "share_of_all_handling", "days_work_handling_persistent")
    ]
    other = replace(large, estimates=[*more, *(otherwise(row) for row in large.estimates if row["point"] is not None)])
    pages = [public_page.page(one).decode() for one in (large, other)]
    drawn = [figures_of(page) for page in pages]
    assert len(drawn[0]) == 2
    assert drawn[0] == drawn[1]
    assert pages[0] == pages[1]


def test_every_number_of_a_picture_is_one_of_the_tables(large: data.Pack) -> None:
    """So none of them narrows a number kept back: by itself, times a total, or less what is told."""
    told = {float(row["value"]) for row in rows(large) if row["value"]}
    for figure in figures_of(public_page.page(large).decode()):
        values = [part for label in re.findall('aria-label="([^"]*)"', figure) for part in label.split("; ")]
        numbers = [
            float(found[2]) / (100 if found[3] else 1)
            for value in values
            if (found := re.fullmatch(r"(x|low|high|from|to|share|days' work a month): ([0-9.]+)(%?)", value))
        ]
        assert numbers
        assert not [n for n in numbers if not any(n in (one, round(one, 1), round(one, 2)) for one in told)], figure


# -- what is claimed ----------------------------------------------------------------------------------------------------


def methods_say(pack: data.Pack, said: str) -> data.Pack:
    return replace(pack, estimates=[row | {"method": said} for row in pack.estimates])


def test_an_interval_is_called_one_of_95_percent_only_where_its_method_claims_it(large: data.Pack) -> None:
    ends = [row["measure"] for row in rows(methods_say(large, "by resampling")) if "end of the" in row["measure"]]
    assert ends
    assert all("95%" in measure for measure in ends)
    doubtful = methods_say(large, "by resampling; with so few callers 95% coverage is not claimed")
    ends = [row["measure"] for row in rows(doubtful) if "end of the" in row["measure"]]
    assert ends
    assert not [measure for measure in ends if "95%" in measure]
    assert "Interval</th>" in public_page.page(doubtful).decode()


@pytest.mark.parametrize("pack", [1, 3], indirect=True)
def test_what_is_claimed_of_a_figure_kept_back_is_not_told(pack: data.Pack) -> None:
    assert public.Summary(pack).hides_persistent
    claimed = methods_say(pack, "by resampling")
    hidden = {name for name, *_ in public.FIGURES} & {row["estimate"] for row in pack.estimates}
    assert hidden
    unclaimed = replace(
        claimed,
        estimates=[
            row | {"method": "95% is not claimed"} if row["estimate"] in hidden else row for row in claimed.estimates
        ],
    )
    assert public.table(unclaimed) == public.table(claimed)
    assert public_page.page(unclaimed) == public_page.page(claimed)


# -- why something is not told -----------------------------------------------------------------------------------------


def counted(pack: data.Pack, made: Mapping[str, tuple[int, int]], **most: int) -> public.Summary:
    """A summary of calls and callers by who made them; of them `most` by one caller, spaces as underscores."""
    most = {name.replace("_", " "): calls for name, calls in most.items()}
    counts = [
        {
            "part": "all",
            "value": "all",
            "made_by": name,
            "calls": calls,
            "callers": callers,
            "most_of_one": most.get(name, 0),
        }
        for name, (calls, callers) in made.items()
        if calls
    ]
    bands = {"persistent callers": 12, "other persons": 3}
    concentration = [
        {"misuse_calls": each, "callers": made[name][1], "calls": made[name][0]}
        for name, each in bands.items()
        if made.get(name, (0, 0))[1]
    ]
    return public.Summary(replace(pack, public_counts=counts, concentration=concentration))


def test_many_that_would_tell_few_are_not_called_few(large: data.Pack) -> None:
    """Three care homes with 180 calls: the twenty persistent callers are told, their calls would tell the homes'."""
    made = {"persistent callers": (390, 20), "other persons": (900, 300), "shared lines and premises": (180, 3)}
    said = public.headline(counted(large, made))
    assert said.startswith("1,470 calls in the 365 days")
    assert "too few" not in said
    assert said.endswith("may not be told: it would tell a number that is kept back, or how much one of them calls.")


def test_a_number_of_which_one_caller_made_more_than_half_is_kept_back(large: data.Pack) -> None:
    made = {"persistent callers": (400, 20), "other persons": (900, 300), "shared lines and premises": (180, 30)}
    cell = ("calls", "all", "all", "persistent callers")
    for most, is_kept in ((200, False), (201, True)):
        summary = counted(large, made, persistent_callers=most)
        assert (cell in summary.kept_back) is is_kept, most
        assert ("400" in public.table(summary.pack).decode()) is not is_kept
        assert summary.tells_bounds is not is_kept
    assert public.KEPT_BACK in public.table(summary.pack).decode()


def test_the_page_says_what_calls_of_nobody_known_could_make_of_the_share(large: data.Pack) -> None:
    """Only where their number is told too."""
    whole = replace(
        large,
        public_counts=[row | {"calls": 30} if row["made_by"] == public.NOBODY else row for row in large.public_counts],
    )
    assert public.Summary(whole).tells_bounds
    assert "the share lies between" in public_page.page(whole).decode()
    assert not public.Summary(large).tells_bounds
    assert "the share lies between" not in public_page.page(large).decode()


def test_no_reason_narrows_what_is_kept_back(large: data.Pack) -> None:
    """Whether it is small itself or beside a small one is not to be seen from the reason."""
    few = {"persistent callers": (36, 3), "other persons": (900, 300)}
    assert public.headline(counted(large, few)).endswith(f"may not be told: {public.WHY_KEPT}.")
    one = {"persistent callers": (12, 1)}
    said = public.headline(counted(large, one))
    assert (
        said
        == f"How many misuse calls were counted in the 365 days to 31 December 2025 may not be told: {public.WHY_KEPT}."
    )


def test_where_there_was_none_nothing_is_kept_back(large: data.Pack) -> None:
    assert (
        public.headline(counted(large, {}))
        == "No calls in the 365 days to 31 December 2025 were counted as misuse of 999."
    )
    nobody = counted(large, {"other persons": (900, 300)})
    assert public.headline(nobody).endswith("were counted as misuse of 999. Nobody made 10 or more of them.")
    lines = counted(replace(large, kinds={"shared_line": 30}), {"shared lines and premises": (900, 30)})
    assert "persons cannot be counted" in public.headline(lines)
    assert "Nobody made" not in public.headline(lines)
