"""A full disk or memory is told as that, whichever engine says it, wherever it is met."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import duckdb
import pytest

from misuse import cli, last_run
from misuse.casebook import Casebook, opening
from misuse.errors import ResourceError, StoreError, is_out_of_room

OUT_OF_ROOM = [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
    MemoryError(),
    sqlite3.OperationalError("database or disk is full"),
    duckdb.IOException('IO Error: Could not write file "a": No space left on device'),
    duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data of size 2.0 GiB"),
]


@pytest.mark.parametrize("error", OUT_OF_ROOM, ids=lambda error: type(error).__name__)
def test_no_room_is_told_as_that(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(last_run.in_our_words(error), ResourceError)
    assert cli._unexpected(error, {}) == ResourceError.exit_code
    assert "out of disk or memory" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error", [OSError(errno.EROFS, "Read-only file system"), ValueError("full name"), KeyError("disk")]
)
def test_nothing_else_is(error: Exception) -> None:
    assert not is_out_of_room(error)


def full_after(pages: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Casebooks find no room beyond so many pages."""
    real = opening.connect

    def connect(path: Path) -> sqlite3.Connection:
        con = real(path)
        con.execute(f"pragma max_page_count = {pages}")
        return con

    monkeypatch.setattr(opening, "connect", connect)


def test_a_casebook_on_a_full_disk_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "home" / "casebook.sqlite"
    full_after(2, monkeypatch)
    with pytest.raises(ResourceError, match="no room"):
        Casebook.open(path)
    monkeypatch.undo()
    with Casebook.open(path) as book:
        assert book.events() == []
    path.write_bytes(b"this is not a casebook" * 500)
    with pytest.raises(StoreError, match="damaged"):
        Casebook.open(path)
