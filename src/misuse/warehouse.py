"""The warehouse: the only opener of warehouse.duckdb, one writer at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from misuse import batch_note, store, vault
from misuse.errors import LockHeld, ResourceError, StoreError, is_of_rights, is_out_of_room
from misuse.settings import SQL_ROOT, Settings

if TYPE_CHECKING:
    import duckdb

_held: dict[Path, tuple[IO[str], int]] = {}
_held_guard = threading.RLock()


def warehouse_path(settings: Settings) -> Path:
    """Where the warehouse lies."""
    return settings.home / "warehouse.duckdb"


def scratch_path(settings: Settings) -> Path:
    """Where spilled and half-made files lie; emptied by retention."""
    path = settings.home / "scratch"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def writer(settings: Settings) -> Iterator[None]:
    """Hold the writer lock; a second time in one process is free.

    The lock is the kernel's, so that it ends with the process, however that ends.
    Errors: LockHeld when another process writes.
    """
    path = settings.home / "writer.lock"
    try:
        settings.home.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(settings.home, error) from None
    with _held_guard:
        file, depth = _held.get(path, (None, 0))
        if file is None:
            file = _lock(path)
        _held[path] = (file, depth + 1)
    try:
        yield
    finally:
        with _held_guard:
            file, depth = _held.pop(path)
            if depth > 1:
                _held[path] = (file, depth - 1)
            else:
                file.close()


def _lock(path: Path) -> IO[str]:
    try:
        file = path.open("a+", encoding="ascii")
        path.chmod(0o600)
    except OSError as error:
        raise _unwritable(path.parent, error) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise LockHeld(
            f"another run is writing to {path.parent} (process {holder})",
            next_step="wait for it to end, then try again; `misuse status` shows how far it is",
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _unwritable(home: Path, error: OSError) -> StoreError:
    return StoreError(
        f"the data home {home} cannot be written to: {error.strerror}",
        next_step="check the rights of the folder, or name another one with MISUSE_HOME",
    )


@contextlib.contextmanager
def opened(settings: Settings, *, with_vault: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse open for writing under the writer lock, its schema up to date.

    Temporary files are encrypted, since with the vault attached a spilled sort would hold its rows.
    Errors: StoreError also where a block that is read later turns out to be damaged.
    """
    import duckdb

    with writer(settings):
        con = _connect(settings)
        try:
            _prepare(con, settings)
            if with_vault:
                with vault.attached(con, settings, beside_warehouse=True):
                    yield con
            else:
                yield con
        except duckdb.Error as error:
            if any(sign in str(error).lower() for sign in _DAMAGE):
                raise _damaged(warehouse_path(settings)) from None
            raise
        finally:
            con.close()


def _connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    import duckdb

    path = warehouse_path(settings)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": settings.memory_limit,
        "temp_directory": str(scratch_path(settings)),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        # What needs an order says so: to keep one besides costs the second core. Reading a log keeps it (sources.raw).
        "preserve_insertion_order": "false",
        "temp_file_encryption": "true",
        # What new stores are written in: texts go to disk a third faster than in the format that every release reads.
        "storage_compatibility_version": "v1.4.0",
    }
    if settings.threads:
        config["threads"] = str(settings.threads)
    is_new = not path.exists()
    _clear_scratch(scratch_path(settings), is_new=is_new)
    if is_new:
        _refuse_a_lost_one(settings)
        vault.token_key(settings)
    try:
        con = duckdb.connect(str(path), config=config)
    except duckdb.Error as error:
        raise _open_error(path, error) from None
    if is_new:
        path.chmod(0o600)
    return con


def _refuse_a_lost_one(settings: Settings) -> None:
    """Where files went in or a copy is published there was a warehouse: a new one would publish the next file as all there is.

    Nor would it keep the vault: what identifies calls that it does not hold is swept.
    """
    if settings.current_path.exists() or batch_note.note_path(settings).exists():
        raise StoreError(
            f"the warehouse at {warehouse_path(settings)} is missing, though files went into it before",
            next_step=f"misuse restore a backup, or put the file back; {_ANEW}",
        )


_ANEW = (
    "to begin anew from the logs, move it, vault.duckdb, batches.json and the folder published out of the data home and ingest "
    "every log again"
)


def _clear_scratch(scratch: Path, *, is_new: bool) -> None:
    """What a killed run left belongs to nobody, since the lock is ours; and some of it is in clear.

    Before there is a warehouse nothing is ours: a folder of that name may be anybody's.
    Errors: StoreError where a new home has such files.
    """
    if is_new and any(scratch.iterdir()):
        raise StoreError(
            f"{scratch} holds files, and this would be a new data home: what lies in its folder scratch is removed",
            next_step="set MISUSE_HOME to another folder, or move those files away",
        )
    for left in scratch.iterdir():
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


@contextlib.contextmanager
def in_memory(settings: Settings, scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of no file, for looking at a log without touching a store; spills, encrypted, into `scratch`."""
    import duckdb

    con = duckdb.connect(
        ":memory:",
        config={"memory_limit": settings.memory_limit, "temp_directory": str(scratch), "temp_file_encryption": "true"},
    )
    try:
        con.load_extension(str(vault.cipher_extension()))
        con.execute("set TimeZone = 'UTC'")
        con.execute("set enable_progress_bar = false")
        yield con
    finally:
        con.close()


def settle(settings: Settings) -> None:
    """Have what a killed process left in a log beside a store in the store's file itself; does nothing where there is none.

    Errors: as `opened`.
    """
    stores = (warehouse_path(settings), vault.vault_path(settings))
    if any(path.with_name(path.name + ".wal").exists() for path in stores):
        with opened(settings, with_vault=stores[1].exists()):
            pass  # closing writes what the logs held


def attach_to_read(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attach a copy of a warehouse as `stored`, for reading alone: its schema stays what it is."""
    con.execute(vault.with_literals("attach $path as stored (read_only)", path, ""))


def engine() -> str:
    """The engine's version: digests of rows are comparable only within one."""
    import duckdb

    return str(duckdb.__version__)


def _open_error(path: Path, error: Exception) -> StoreError | ResourceError | LockHeld:
    words = str(error).lower()
    if "lock" in words:
        return LockHeld(f"{path} is open in another process", next_step="close it there, then try again")
    if is_out_of_room(error):
        return ResourceError(f"no room on the disk of {path}", next_step="free some, then try again")
    if is_of_rights(error):
        return StoreError(
            f"the warehouse at {path} may not be read and written by this user", next_step="check its rights"
        )
    return _damaged(path)


# As the engine says it of a block; the vault's own are told before (vault.trouble).
_DAMAGE = ("checksum", "corrupt database", "could not read from file", "failed to read")


def _damaged(path: Path) -> StoreError:
    return StoreError(
        f"the warehouse at {path} is damaged or is no warehouse",
        next_step=f"misuse restore a backup; {_ANEW}",
    )


def _prepare(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    con.load_extension(str(vault.cipher_extension()))
    con.execute("set TimeZone = 'UTC'")
    con.execute("set enable_progress_bar = false")
    migrate(con, settings)
    con.execute("set variable token_key = $key", {"key": vault.token_key(settings)})
    for name in ("macros", "code_only"):
        con.execute((SQL_ROOT / "schema" / f"{name}.sql").read_text(encoding="utf-8"))
    _verify_token_key(con)


def migrate(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Bring the warehouse's schema to the latest version, forward only, with a copy made first.

    Errors: StoreError for a warehouse that a newer program has written.
    """
    con.execute("create table if not exists schema_version (version integer primary key)")
    found = con.execute("select coalesce(max(version), 0) from schema_version").fetchone()
    have = found[0] if found else 0
    scripts = sorted((SQL_ROOT / "schema").glob("warehouse_*.sql"))
    if have > _version(scripts[-1]):
        raise StoreError("the warehouse was written by a newer program", next_step="use that program's version")
    due = [path for path in scripts if _version(path) > have]
    if due and have:
        con.execute("checkpoint")
        copy = settings.home / "backups" / f"warehouse-version-{have}.duckdb"
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(warehouse_path(settings), copy)
    for path in due:
        with store.transaction(con):
            con.execute(path.read_text(encoding="utf-8"))
            con.execute("insert into schema_version values ($version)", {"version": _version(path)})


def _version(path: Path) -> int:
    return int(path.stem.rpartition("_")[2])


def _verify_token_key(con: duckdb.DuckDBPyConnection) -> None:
    """A warehouse remembers the token of a fixed word, so that another key is noticed before it harms."""
    con.execute("insert or ignore into marks select 'token_key', token_of('check', 'misuse')::varchar")
    row = con.execute(
        "select value = token_of('check', 'misuse')::varchar from marks where name = 'token_key'"
    ).fetchone()
    if row is None or not row[0]:
        raise StoreError(
            "the token key is not the one this warehouse was made with",
            next_step="put back keys/token.key (or MISUSE_TOKEN_KEY) from escrow; with another every caller is a stranger",
        )
