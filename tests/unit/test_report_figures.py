"""What the pack and the workbook count for themselves, against a count by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

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
