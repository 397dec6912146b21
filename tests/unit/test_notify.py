"""The notification hook: one line in, nothing else, and never an exception out."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from misuse import notify, publication, published_callers
from misuse.settings import Settings
from tests import published_fixture, room_fixture


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, notification_hook=f"sh -c 'cat >> {tmp_path}/heard'")


def test_the_hook_gets_one_line_on_its_standard_input(settings: Settings) -> None:
    assert notify.notify(settings, "FAILED  nightly  no room\non the disk → free some") == ""
    assert (settings.home / "heard").read_text() == "FAILED  nightly  no room on the disk → free some\n".replace(
        "  ", " "
    )


def test_without_a_hook_nothing_happens(settings: Settings) -> None:
    assert notify.notify(replace(settings, notification_hook="  "), "a line") == ""


def test_no_shell_reads_the_hook(settings: Settings) -> None:
    quiet = replace(settings, notification_hook="true ; touch made")
    assert notify.notify(quiet, "a line") == ""
    assert not (settings.home / "made").exists()


def test_the_hook_gets_no_key_from_the_environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISUSE_VAULT_KEY", "k" * 64)
    assert notify.notify(replace(settings, notification_hook=f"sh -c 'env > {settings.home}/heard'"), "x") == ""
    assert "MISUSE" not in (settings.home / "heard").read_text()


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("sh -c 'exit 3'", "ended with code 3"),
        ("/no/such/command", "could not be started"),
        ("sh -c 'unclosed", "quotes do not close"),
    ],
)
def test_a_hook_that_fails_is_reported_not_raised(settings: Settings, hook: str, said: str) -> None:
    answer = notify.notify(replace(settings, notification_hook=hook), "a line")
    assert said in answer
    assert "→" in answer


def test_a_hook_that_hangs_is_ended_with_its_children(settings: Settings) -> None:
    began = time.monotonic()
    hanging = replace(settings, notification_hook="sh -c 'sleep 60 & sleep 60'")
    assert "was ended" in notify.notify(hanging, "a line", limit_seconds=0.3)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "secret",
    ["c0123456789abcdef", "K-0123456789", "+447700900123", "07700 900123", "020 7946 0018", "447700900123"],
)
def test_what_looks_like_a_caller_is_struck_out(secret: str) -> None:
    assert notify.one_line(f"MISSING metcall {secret}, since 2026-01-01 02:30") == (
        "MISSING metcall [withheld], since 2026-01-01 02:30"
    )


@pytest.mark.parametrize("plain", ["run 20260101-0a1b2c3d4e as of 2025-12-31, 6 h old", "process 12345, port 4200"])
def test_runs_dates_and_processes_stay(plain: str) -> None:
    assert notify.one_line(plain) == plain


def test_a_line_is_bounded() -> None:
    assert len(notify.one_line("x" * 5000)) == notify.LONGEST_LINE


def test_after_a_run_the_hook_is_told_how_many_cannot_wait_and_of_nobody(tmp_path: Path) -> None:
    settings = room_fixture.home(tmp_path)
    with publication.opened(settings) as con:
        waiting = con.execute("select count(*) from look_list where is_urgent").fetchone()
    assert waiting
    assert waiting[0] > 1
    line = published_callers.urgent_line(settings)
    assert line == f"URGENT  {waiting[0]} callers of the look list to be looked at tonight → misuse look"
    assert notify.one_line(line) == line.replace("  ", " "), "nothing in it is withheld"


def test_new_urgent_stops_of_nobody_known_are_told_too_and_old_ones_no_more(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    calls = pl.DataFrame({"call_key": [str(uuid.UUID(int=n)) for n in range(4)], "is_urgent": [True, True, False, True], "is_new": [True, True, True, False]})  # fmt: skip
    copy = published_fixture.create(settings.published_path / "some.duckdb", {"stopped_calls_of_nobody": calls})
    settings.current_path.symlink_to(copy.name)
    line = published_callers.urgent_line(settings)
    assert line == "URGENT  2 stopped calls of nobody known to be looked at tonight → misuse look"
    with publication.opened(settings) as con:
        told = published_callers.of_nobody(con)
    assert told == published_callers.OfNobody(calls=4, urgent=3, new=3, tonight=2)
    assert "4 stopped calls of nobody known: 3 urgent, 3 new." in told.sentence
    assert published_callers.OfNobody().sentence == ""


def test_where_nobody_is_urgent_or_nothing_is_published_the_hook_is_told_nothing(tmp_path: Path) -> None:
    assert published_callers.urgent_line(Settings(home=tmp_path)) == ""
    bare = Settings(home=tmp_path / "bare")
    published_fixture.empty(bare.published_path / "bare.duckdb")
    bare.current_path.symlink_to("bare.duckdb")
    assert published_callers.urgent_line(bare) == ""
