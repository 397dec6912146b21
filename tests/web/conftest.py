"""One small room for the tests of a file, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web import rooms


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> rooms.Room:
    """The room as made, which no test changes: they copy it."""
    return rooms.make(tmp_path_factory.mktemp("room"))


@pytest.fixture(scope="module")
def room(made: rooms.Room, tmp_path_factory: pytest.TempPathFactory) -> rooms.Room:
    """A copy of the room that the tests of one file share, with its list frozen for a meeting."""
    copy = rooms.copied(made, tmp_path_factory.mktemp("copy") / "home")
    from misuse.room import meetings

    meetings.freeze(copy.desk("cho"))
    return copy


@pytest.fixture
def fresh(made: rooms.Room, tmp_path: Path) -> rooms.Room:
    """A copy of one's own."""
    return rooms.copied(made, tmp_path / "home")
