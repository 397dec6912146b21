"""The public summary against somebody who adds and subtracts: every kept number must have room, by linear programming.

The oracle writes the sums down anew from the summary's own CSV, and knows that numbers are whole and not below nought.
"""

from __future__ import annotations

import csv
import io
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
    rare = {"part": "code", "value": "BRENDLE OSFARROW", "made_by": "other persons", "calls": 40, "callers": 1}
    formula = {"part": "code", "value": "=HYPERLINK(1)", "made_by": "other persons", "calls": 40, "callers": 9}
    named = replace(pack, public_counts=[*pack.public_counts, rare, formula])
    table, page = public.table(named).decode(), public_page.page(named).decode()
    assert "OSFARROW" not in table + page
    assert public.TOO_FEW in table
    assert "'=HYPERLINK(1)" in table
    assert not [row for row in csv.reader(io.StringIO(table)) if any(cell.startswith("=") for cell in row)]


def test_the_page_of_nothing_says_so(tmp_path: Path) -> None:
    nothing = data.read(fixture.empty(tmp_path / "empty.duckdb"), Settings(), NOW)
    page = public_page.page(nothing).decode()
    assert "no calls in the 365 days" in page.lower()
    assert public.table(nothing).decode().startswith("table,group,")
