"""What the pack and the workbook count for themselves, against a count by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from misuse.reports import data, figures
from misuse.settings import Settings
from tests import published_fixture as fixture

NOW = datetime(2026, 1, 1, 2, 31, tzinfo=UTC)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fixture.build(tmp_path_factory.mktemp("figures") / "run.duckdb")


@pytest.fixture(scope="module")
def pack(published: Path) -> data.Pack:
    return data.read(published, Settings(), NOW)


def test_a_months_calls_are_those_of_the_windows_months(pack: data.Pack) -> None:
    """Beside days' work of the window stand its calls a month; a month before it, or without calls, is none of them."""
    own = figures.workload(pack)
    assert own.whole_months == 12
    older = [row | {"month": row["month"].replace(year=2023), "misuse_calls": 9_000} for row in pack.months]
    quiet = pack.months[0] | {"calls": 0, "misuse_calls": 0, "persistent_misuse_calls": 0}
    assert figures.workload(replace(pack, months=[*older, *pack.months, quiet])) == own
    short = replace(pack, settings=Settings(window_days=60))
    assert figures.workload(short).whole_months == 1
    assert figures.workload(short).calls_all == pack.months[-1]["misuse_calls"]


def listed(made: dict[str, list[datetime]]) -> dict[str, pl.DataFrame]:
    """Misuse calls of these callers alone, all of a length; those over the line and the list, in the list's order."""
    frames = fixture.invented(40, 20051208)
    call = frames["calls"].filter(pl.col("is_misuse") & (pl.col("identity_kind") == "person")).row(0, named=True)
    calls = [
        call | {"call_key": format(1_000 * place + at, "032x"), "caller_id": caller, "received_at": when, "local_date": when.date(), "handling_seconds": 60, "unit_seconds": 0}
        for place, (caller, times) in enumerate(made.items())
        for at, when in enumerate(times)
    ]  # fmt: skip
    start = datetime(2025, 1, 1)
    own = {caller: sorted(when for when in times if when >= start) for caller, times in made.items()}
    order = sorted(own, key=lambda caller: (-len(own[caller]), own[caller][9:10], caller))
    tasked, kept = frames["tasking_list"].to_dicts(), frames["persistent_callers"].to_dicts()
    rows = [
        tasked[0] | {"caller_id": caller, "case_ref": fixture.case_ref(caller), "rank": rank, "misuse_calls_window": len(own[caller]), "part": 3}
        for rank, caller in enumerate(order, 1)
    ]  # fmt: skip
    over = [
        kept[0] | {"caller_id": row["caller_id"], "rank": row["rank"], "misuse_calls": row["misuse_calls_window"]}
        for row in rows
        if row["misuse_calls_window"] >= 10
    ]
    frame = {"calls": calls, "tasking_list": rows, "persistent_callers": over}
    return {name: pl.DataFrame(found, infer_schema_length=None) for name, found in frame.items()}


def changes(made: dict[str, list[datetime]], path: Path) -> data.Changes:
    return data.read(fixture.build(path, **listed(made)), Settings(), NOW).changes


def at(day: datetime, times: int) -> list[datetime]:
    return [day + timedelta(hours=one) for one in range(times)]


JUNE = datetime(2025, 6, 1, 9)
FIRST, SECOND, THIRD = (fixture.caller_id(number) for number in (1, 2, 3))


def test_ranks_that_nothing_moved_have_not_moved(tmp_path: Path) -> None:
    """Alike in calls and hours: whoever reached the threshold first leads, then as now."""
    by_id = sorted((FIRST, SECOND, THIRD), reverse=True)
    found = changes(
        {who: at(JUNE + timedelta(days=place), 12) for place, who in enumerate(by_id)}, tmp_path / "a.duckdb"
    )
    assert found.moved == []
    assert (found.entered, found.left) == ([], [])


def test_an_open_case_below_the_line_has_neither_entered_nor_stayed(tmp_path: Path) -> None:
    over, open_case, fallen = FIRST, SECOND, THIRD
    made = {
        over: at(JUNE, 12),
        open_case: at(datetime(2025, 1, 5), 3),
        fallen: [datetime(2024, 12, 20, 9), *at(JUNE, 9)],  # ten until the first fell out of the window
    }
    found = changes(made, tmp_path / "b.duckdb")
    assert found.entered == []
    assert [row["caller_id"] for row in found.left] == [fallen]
    assert found.moved == []
    late = made | {open_case: at(datetime(2025, 12, 30), 11)}
    assert [row["caller_id"] for row in changes(late, tmp_path / "c.duckdb").entered] == [open_case]
