"""What the command line asks and records of whoever moves the pointer or reads a person: as the review room does."""

from __future__ import annotations

import getpass
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from misuse import casebook, review
from misuse.casebook import Event, opening
from misuse.errors import InputError, LockHeld, Refused, StoreError, UsageError
from misuse.settings import Settings
from misuse.web import access, routes
from tests import commands, published_fixture, room_fixture
from tests.room_fixture import NOW

ME = getpass.getuser()
RUN = published_fixture.RUN_ID
EARLIER = "20251230-0a1b2c3d4e"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A staffed home with two kept copies; nobody of this machine is on the list."""
    settings = room_fixture.home(tmp_path_factory.mktemp("steering") / "home")
    earlier = settings.published_path / f"{EARLIER}.duckdb"
    shutil.copy(settings.current_path.resolve(), earlier)
    with duckdb.connect(str(earlier)) as con:
        con.execute("insert into runs by name select $id as run_id, date '2025-12-30' as as_of", {"id": EARLIER})
    return settings.home


@pytest.fixture
def settings(template: Path, tmp_path: Path) -> Settings:
    return Settings(home=Path(shutil.copytree(template, tmp_path / "home", symlinks=True)))


@pytest.fixture
def as_role(settings: Settings) -> Callable[[str], None]:
    """Give whoever runs the tests a role."""

    def give(role: str) -> None:
        with casebook.opened(settings) as book:
            book.set_user(ME, role, actor="ada", occurred_at=NOW, borough="Camden" if role == "borough" else None)

    return give


def events(settings: Settings, kind: str) -> list[Event]:
    with casebook.opened(settings) as book:
        return [event for event in book.entries(kind) if event.actor == ME]


def unstaffed(settings: Settings) -> None:
    """A home in which nobody was ever given a role."""
    for path in settings.home.glob("casebook*"):
        path.unlink()


# ── moving the pointer ─────────────────────────────────────────────────────────────────────────


def test_moving_the_pointer_is_recorded_with_from_to_and_whether_it_was_forced(
    settings: Settings, as_role: Callable[[str], None]
) -> None:
    as_role("reviewer")
    assert commands.misuse(settings.home, "publish", EARLIER).returncode == Refused.exit_code
    assert settings.current_path.resolve().stem == RUN
    assert commands.misuse(settings.home, "publish", EARLIER, "--force").returncode == 0
    assert settings.current_path.resolve().stem == EARLIER
    (event,) = events(settings, "pointer_moved")
    assert event.data == {"from": RUN, "to": EARLIER, "forced": True}
    assert (event.actor_role, event.in_force_run) == ("reviewer", RUN)
    assert commands.misuse(settings.home, "publish", RUN).returncode == 0
    assert events(settings, "pointer_moved")[-1].data == {"from": EARLIER, "to": RUN, "forced": False}


def test_the_pointer_stays_while_another_process_writes(settings: Settings, as_role: Callable[[str], None]) -> None:
    as_role("reviewer")
    with commands.another_writes(settings.home):
        assert commands.misuse(settings.home, "publish", EARLIER, "--force").returncode == LockHeld.exit_code
        listed = commands.misuse(settings.home, "publish", "--json")
    assert listed.returncode == 0, "to list the copies takes no lock"
    assert [row["run_id"] for row in json.loads(listed.stdout) if row["is_current"]] == [RUN]
    assert not events(settings, "pointer_moved")


@pytest.mark.parametrize("role", sorted(review.ROLES[:-1]))
def test_the_pointer_is_moved_by_role(settings: Settings, as_role: Callable[[str], None], role: str) -> None:
    as_role(role)
    done = commands.misuse(settings.home, "publish", EARLIER, "--force")
    if role in review.PERMISSIONS["move_pointer"]:
        assert done.returncode == 0, done.stderr
        return
    assert done.returncode == Refused.exit_code
    assert settings.current_path.resolve().stem == RUN
    assert events(settings, "access_refused")[-1].data["what"] == "publish"
    assert commands.misuse(settings.home, "publish").returncode == 0, "whoever asks what is kept needs no role"


def test_a_pointer_that_cannot_be_recorded_is_not_moved(
    settings: Settings, as_role: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_role("administrator")
    with _busy(settings, monkeypatch):
        assert commands.misuse(settings.home, "publish", EARLIER, "--force").returncode == LockHeld.exit_code
    assert settings.current_path.resolve().stem == RUN


def test_where_nobody_has_a_role_yet_the_pointer_can_be_moved(settings: Settings) -> None:
    unstaffed(settings)
    assert commands.misuse(settings.home, "publish", EARLIER, "--force").returncode == 0
    assert events(settings, "pointer_moved")[0].actor_role == "analyst"


def test_a_run_that_is_not_kept_makes_nothing_in_an_empty_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert commands.misuse(home, "publish", RUN).returncode == UsageError.exit_code
    for words in (("why", "c0"), ("list",), ("look",), ("callers",)):
        assert commands.misuse(home, *words).returncode == StoreError.exit_code, words
    assert not home.exists()


# ── reading a person ───────────────────────────────────────────────────────────────────────────

# Each command that reads people, and the page of the room that shows the same.
PAGES = {
    ("list",): "/list",
    ("list", "--json"): "/list",
    ("callers",): "/list",
    ("look",): "/looks",
    ("look", "--json"): "/looks",
    ("why", "CALLER"): "/why/{caller}",
    ("why", "CALLER", "--json"): "/why/{caller}",
    ("identity", "links", "CALLER"): "/why/{caller}",
}


def caller(settings: Settings) -> str:
    with duckdb.connect(str(settings.current_path), read_only=True) as con:
        return str(con.execute("select caller_id from tasking_list order by rank").fetchall()[0][0])


def read(settings: Settings, words: tuple[str, ...]) -> Any:
    return commands.misuse(settings.home, *(caller(settings) if word == "CALLER" else word for word in words))


@pytest.mark.parametrize("role", sorted(review.ROLES[:-1]))
def test_a_command_reads_people_for_the_roles_of_the_rooms_page(
    settings: Settings, as_role: Callable[[str], None], role: str
) -> None:
    as_role(role)
    for words, page in PAGES.items():
        route = next(route for route in routes.ROUTES if route.path == page and route.method == "GET")
        before = len(events(settings, "access_refused"))
        done = read(settings, words)
        if access.may(route.permission, role) or role == "administrator":  # who keeps the machine holds its files
            assert done.returncode == 0, (words, done.stderr)
        else:
            assert (done.returncode, done.stdout) == (Refused.exit_code, ""), words
            assert len(events(settings, "access_refused")) == before + 1, words


def test_each_reading_of_a_person_is_recorded_and_a_list_is_not(
    settings: Settings, as_role: Callable[[str], None]
) -> None:
    as_role("analyst")
    for words in PAGES:
        assert read(settings, words).returncode == 0, words
    found = events(settings, "case_read")
    assert [event.caller_id for event in found] == [caller(settings)] * 2, "one for each `why`, none for a list"
    assert {(event.actor_role, event.payload) for event in found} == {("analyst", "{}")}
    assert commands.misuse(settings.home, "why", "c0000000000000000").returncode == InputError.exit_code
    assert len(events(settings, "case_read")) == 2, "nobody was read"


def test_where_nobody_has_a_role_yet_people_are_read_and_recorded(settings: Settings) -> None:
    unstaffed(settings)
    for words in PAGES:
        assert read(settings, words).returncode == 0, words
    assert [event.actor_role for event in events(settings, "case_read")] == ["analyst"] * 2


def test_a_reading_that_cannot_be_recorded_shows_nothing(
    settings: Settings, as_role: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_role("analyst")
    with _busy(settings, monkeypatch):
        done = read(settings, ("why", "CALLER"))
    assert (done.returncode, done.stdout) == (LockHeld.exit_code, "")
    assert "somebody else is writing to the casebook" in done.stderr


def _busy(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Another program writes to the casebook and does not end; whoever waits gives up at once."""

    class Busy:
        def __enter__(self) -> None:
            path = casebook.casebook_path(settings)
            monkeypatch.setattr(opening, "connect", lambda path: _impatient(path))
            self.con = sqlite3.connect(path, isolation_level=None)
            self.con.execute("begin immediate")

        def __exit__(self, *_: object) -> None:
            self.con.close()

    return Busy()


def _impatient(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=0.01, isolation_level=None, check_same_thread=False)
