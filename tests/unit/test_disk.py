"""How long the disk will do: growth read from kept copies, told in time, and never made up."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta

import pytest

from misuse import disk, notes, status
from misuse.settings import Settings


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "published").mkdir()
    return Settings(home=tmp_path, keep_published=5)


def sparse(path, size):
    """A file of a size that takes no room."""
    with path.open("wb") as file:
        file.truncate(size)


def copies(settings, *sizes, days=1, start=date(2026, 1, 1)):
    for number, size in enumerate(sizes):
        sparse(settings.published_path / f"{start + timedelta(days=number * days):%Y%m%d}-{number:010x}.duckdb", size)


def free(monkeypatch, size):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=size))


def test_what_takes_the_room_is_told_apart(settings):
    sparse(settings.home / "warehouse.duckdb", 3000)
    sparse(settings.home / "vault.duckdb", 2000)
    sparse(settings.home / "casebook.sqlite", 500)
    copies(settings, 700, 800)
    (settings.home / "reports").mkdir()
    sparse(settings.home / "reports" / "list.pdf", 90)
    found = disk.disk(settings)
    assert (found.stores, found.published, found.rest, found.copies) == (5500, 1500, 90, 2)


def test_growth_is_of_every_copy_kept_and_of_the_stores(settings):
    sparse(settings.home / "warehouse.duckdb", 3300)
    copies(settings, 1000, 1050, 1100)
    assert disk.disk(settings).daily_growth == pytest.approx(50 * (5 + 3300 / 1100))


@pytest.mark.parametrize("sizes", [(), (1000,), (1000, 1100)])
def test_too_few_copies_tell_nothing(settings, sizes):
    copies(settings, *sizes)
    assert disk.disk(settings).days is None


def test_a_log_that_shrinks_needs_no_room(settings):
    copies(settings, 1100, 1000, 900)
    assert disk.disk(settings).days is None


def test_short_room_is_told_in_days(settings, monkeypatch):
    copies(settings, 10**9, 11 * 10**8, 12 * 10**8)
    a_day = 10**8 * 5
    free(monkeypatch, disk.LEAST_FREE_BYTES + 40 * a_day + 1)
    assert (disk.disk(settings).days, disk.disk(settings).is_short) == (40, False)
    free(monkeypatch, disk.LEAST_FREE_BYTES + 12 * a_day + 1)
    found = disk.disk(settings)
    assert (found.days, found.is_short) == (12, True)
    (line,) = status._disk(settings)
    assert line.word == "DISK"
    assert line.is_problem
    assert "room for about 12 days" in line.cause
    assert line.command


def test_no_room_for_a_run_is_told_first(settings, monkeypatch):
    sparse(settings.home / "warehouse.duckdb", 4 * 10**9)
    free(monkeypatch, 5 * 10**9)
    (line,) = status._disk(settings)
    assert line.word == "DISK"
    assert "a run may need 8.0 GB" in line.cause
    free(monkeypatch, 50 * 10**9)
    (line,) = status._disk(settings)
    assert (line.word, line.is_problem) == ("ok", False)
    assert "50.0 GB free; stores 4.0 GB" in line.cause


@pytest.mark.parametrize(("hours", "word"), [(5, "ok"), (49, "ok"), (51, "OLD")])
def test_a_backup_that_is_due_is_told(settings, hours, word):
    now = datetime(2026, 1, 9, 6, tzinfo=UTC)
    assert list(status._backup(settings, now)) == [], "who backs up by other means is not told off"
    taken = (now - timedelta(hours=hours)).replace(tzinfo=None).isoformat()
    notes.write(status.last_backup_path(settings), {"taken_at": taken, "name": "misuse-x", "bytes": 1})
    (line,) = status._backup(settings, now)
    assert (line.word, line.is_problem) == (word, word == "OLD")
    assert "misuse-x" in line.cause
