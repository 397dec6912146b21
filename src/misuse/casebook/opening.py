"""Opening the casebook's file: made for its owner alone, brought forward by migrations, a copy first."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from misuse.casebook import chain, keeping, resealing
from misuse.errors import ResourceError, StoreError, is_out_of_room


def connect(path: Path) -> sqlite3.Connection:
    """A connection that leaves transactions to its user and lets no trigger be passed by."""
    _give_back_the_right(path)
    con = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    con.execute("pragma recursive_triggers = on")
    con.execute("pragma synchronous = full")
    con.execute("pragma secure_delete = on")
    return con


def _give_back_the_right(path: Path) -> None:
    """SQLite makes the files beside the casebook with its rights: made while it was read-only, they would stay so for ever."""
    if os.access(path, os.W_OK):
        for beside in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            if beside.exists() and not os.access(beside, os.W_OK):
                with contextlib.suppress(OSError):
                    beside.chmod(0o600)


def file_of(path: Path) -> tuple[int, int] | None:
    """Which file lies at the path now; a connection kept open stays with the one that it opened."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _scripts(schema_root: Path) -> dict[int, Path]:
    """The migrations, by the version that each brings."""
    return {int(script.stem.rsplit("_", 1)[1]): script for script in schema_root.glob("casebook_*.sql")}


def prepare(path: Path, schema_root: Path, given_key: str = "") -> None:
    """Make the file if need be, for its owner alone, and run the migrations it lacks.

    Events of version 1 are chained anew, which takes the casebook's key.
    """
    scripts = _scripts(schema_root)
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    if not path.exists() or not path.stat().st_size:
        _refuse_a_lost_one(path)
    if not path.exists():  # closing any handle on a file that is open already would give up its locks, for this process
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    try:
        with contextlib.closing(connect(path)) as con:
            version = _version(con)
            if version > max(scripts):
                raise StoreError("the casebook was written by a newer program", next_step="use that program's version")
            if version == max(scripts):
                return
            if version:
                _copy(con, path, version)
            con.execute("pragma journal_mode = wal")
            con.execute("begin immediate")
            for number in range(_version(con) + 1, max(scripts) + 1):
                _run(con, scripts[number].read_text(encoding="utf-8"))
                if number == _KEYED:
                    _reseal(con, path, given_key)
                con.execute("delete from schema_version")
                con.execute("insert into schema_version values (?)", (number,))
            con.execute("commit")
    except sqlite3.Error as error:
        raise trouble(path, error) from None


def as_it_lies(path: Path, schema_root: Path) -> sqlite3.Connection | None:
    """The casebook read into memory, for reading alone, where SQLite can make nothing beside it: a full disk, one for reading.

    None where that would not be all that was recorded: a writing lies beside it, or it waits to be brought forward.
    """
    beside = path.with_name(f"{path.name}-wal")
    try:
        before = path.stat()
        if beside.exists() and beside.stat().st_size:
            return None
        written = bytearray(path.read_bytes())
        after = path.stat()  # whoever wrote meanwhile may have brought the log of writes in, and taken it away
        if (beside.exists() and beside.stat().st_size) or _is_other(before, after):
            return None
        written[_JOURNAL] = b"\x01\x01"  # a casebook in memory has no file to write ahead into
        con = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        con.deserialize(bytes(written))
        con.execute("pragma query_only = on")
        is_current = _version(con) == max(_scripts(schema_root))
    except (OSError, sqlite3.Error):
        return None
    return con if is_current else None


def _is_other(before: os.stat_result, after: os.stat_result) -> bool:
    return any(
        getattr(before, name) != getattr(after, name)
        for name in ("st_dev", "st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
    )


def _refuse_a_lost_one(path: Path) -> None:
    """A head is noted after every record: where one lies, people's decisions were recorded, and no new book takes their place."""
    if chain.head_path(path).exists() or chain.anchors_path(path).exists():
        raise StoreError(
            f"{path.name} is missing or empty, and what is noted beside it says that decisions and stops were recorded in it",
            next_step="misuse restore a backup; or put the file back",
        )


_RIGHTS = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")
_DISK = "SQLITE_IOERR"


def is_no_damage(error: BaseException) -> bool:
    """Whether an error of SQLite's tells of rights, the disk or its limits, and not of what is written."""
    return _name(error).startswith((*_RIGHTS, _DISK))


def _name(error: BaseException) -> str:
    return str(getattr(error, "sqlite_errorname", "") or "")


def trouble(path: Path, error: sqlite3.Error) -> StoreError | ResourceError:
    """What an error of SQLite's means for whoever runs this: room, rights, the disk, or damage."""
    name = _name(error)
    if is_out_of_room(error) or _is_full(path, error):
        return ResourceError(f"no room on the disk of {path}", next_step="free some, then try again")
    if name.startswith(_RIGHTS):
        return StoreError(
            f"{path.name} cannot be opened for writing: its rights, its folder's or the disk's do not let this user",
            next_step="check who owns it and whether the disk is mounted read-only, then try again",
        )
    if name.startswith(_DISK):
        return StoreError(
            f"{path.name} cannot be read or written: {error}",
            next_step="check the disk, and the quota and the largest file that this user may write, then try again",
        )
    return StoreError(f"{path.name} is no casebook or is damaged: {error}", next_step="restore a backup")


def _is_full(path: Path, error: sqlite3.Error) -> bool:
    """Whether an error of reading or writing is for want of room: SQLite says only that the file it maps could not grow."""
    return (
        _name(error).startswith((_DISK, "SQLITE_CANTOPEN", "SQLITE_READONLY"))
        and shutil.disk_usage(path.parent).free < _SHARED_BYTES
    )


_JOURNAL = slice(18, 20)  # of a file's head: how it is written and read, https://www.sqlite.org/fileformat2.html
_SHARED_BYTES = 1 << 16  # more than the file beside the casebook that its readers share takes to be made
_KEYED = 2  # the version that brought the keyed chain


def _reseal(con: sqlite3.Connection, path: Path, given_key: str) -> None:
    waiting = resealing.count(con)
    resealing.reseal(con, keeping.held(path, given_key, is_used=False) if waiting else "")


def _version(con: sqlite3.Connection) -> int:
    if not con.execute("select 1 from sqlite_master where name = 'schema_version'").fetchone():
        return 0
    return int(con.execute("select max(version) from schema_version").fetchone()[0])


def _copy(con: sqlite3.Connection, path: Path, version: int) -> None:
    """A copy beside the casebook before it is brought forward; an earlier copy is kept."""
    target = path.with_name(f"{path.stem}.before-{version + 1:03}.sqlite")
    with contextlib.suppress(FileExistsError):
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with contextlib.closing(sqlite3.connect(target)) as copy:
            con.backup(copy)


def copy_to(path: Path, target: Path) -> None:
    """The casebook as of one moment into a new file for its owner alone, whoever writes meanwhile.

    Errors: ResourceError for want of room; StoreError for a damaged file.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with contextlib.closing(connect(path)) as con, contextlib.closing(sqlite3.connect(target)) as copy:
            con.backup(copy)
    except sqlite3.Error as error:
        if is_out_of_room(error):
            raise ResourceError(f"no room for a copy of {path.name}", next_step="free some, then try again") from None
        raise StoreError(f"{path.name} cannot be copied: it is damaged", next_step="restore a backup") from None


def _run(con: sqlite3.Connection, script: str) -> None:
    """A script's statements one by one, inside the transaction that is open."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            con.execute(statement)
            statement = ""
