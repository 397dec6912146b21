"""A new key for the vault: the whole file encrypted anew beside the old one, compared, then put into its place.

At any moment there is a vault and, beside it, a key that opens it. The order is what does it:
the new key lies in keys/vault.key.next before a vault that needs it is in place; the exchange of the
vaults is one rename; then the new key takes the old one's name, and whoever opens the vault between
those two steps finds the key under the first name and completes the second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse.errors import MisuseError, StoreError, UsageError
from misuse.settings import Settings
from misuse.vault import (
    clear_unfinished,
    copies,
    keys,
    migrate,
    open_with_its_key,
    trouble,
    unfinished,
    vault_path,
    with_literals,
)

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Rotation:
    """What was encrypted anew, and what the administrator has left to do."""

    tables: int
    rows: int
    copies_removed: int
    key_file: Path | None  # None: the key comes from the environment

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "tables": self.tables,
            "rows": self.rows,
            "copies_removed": self.copies_removed,
            "key_file": str(self.key_file) if self.key_file else None,
        }


def rotate(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    *,
    new_key_file: Path | None = None,
    before_exchange: Callable[[], None],
) -> Rotation:
    """Encrypt the vault with a new key. `con` is a database of no file with encrypted spills; the caller holds the
    writer lock. `before_exchange` records it: no exchange goes unrecorded, and one that it refuses doesn't happen.

    Errors: StoreError for a key in force that doesn't open the vault, or a copy that isn't the same; ResourceError for
    want of room. After an error before the exchange the old vault and its key stand.
    """
    import duckdb

    path = vault_path(settings)
    if not path.exists():
        raise UsageError("there is no vault yet, so no key to rotate", next_step="misuse ingest FILE --source NAME")
    key = keys.new(settings, new_key_file)
    old = open_with_its_key(con, settings)
    if key == old:
        raise UsageError("the vault opens with that key already", next_step=_say_which(settings))
    clear_unfinished(settings)
    try:
        migrate(con, settings)
        if not settings.vault_key:
            keys.write(keys.next_path(settings), key)
        found = _encrypted_anew(con, path, key)
        _close(con, path)
        before_exchange()
    except (duckdb.Error, OSError, MisuseError) as error:
        clear_unfinished(settings)
        known = None if isinstance(error, MisuseError) else trouble(error, path)
        if known is None:
            raise
        raise known from None
    _exchange(settings)
    return Rotation(
        tables=len(found),
        rows=sum(content.rows for content in found.values()),
        copies_removed=_remove_copies(settings),
        key_file=None if settings.vault_key else keys.key_path(settings, "vault"),
    )


def _say_which(settings: Settings) -> str:
    if settings.vault_key_new:
        return "set MISUSE_VAULT_KEY to the new key and unset MISUSE_VAULT_KEY_NEW: the rotation is done"
    return "name a file with another key, or none, to have one drawn"


_FRESH_TO_WRITE = "attach $path as fresh (encryption_key $key)"
_FRESH_TO_READ = "attach $path as fresh (encryption_key $key, read_only)"


def _encrypted_anew(con: duckdb.DuckDBPyConnection, path: Path, key: str) -> dict[str, Content]:
    """Copy the attached vault into a file beside it and return what both hold.

    Compared is the file as it lies there, closed and opened again.
    """
    fresh = path.with_name(path.name + ".next")
    con.execute(with_literals(_FRESH_TO_WRITE, fresh, key))
    fresh.chmod(0o600)
    con.execute("copy from database vault to fresh")
    con.execute("detach fresh")
    con.execute(with_literals(_FRESH_TO_READ, fresh, key))
    found, made = contents(con, "vault"), contents(con, "fresh")
    con.execute("detach fresh")
    if found != made or _logs(fresh):
        raise _unlike()
    keys.synced(fresh)
    return found


def _unlike() -> StoreError:
    return StoreError(
        "the vault encrypted anew is not the same as the old one, which stands with its key",
        next_step="try again; if it happens twice, keep both and report it",
    )


def _close(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """The old vault's last writes are in its file, and no log of them is left that the new one would take for its own."""
    con.execute("checkpoint vault")
    con.execute("detach vault")
    if _logs(path):
        raise _unlike()


def _logs(path: Path) -> list[Path]:
    return list(path.parent.glob(path.name + ".wal*"))


def _exchange(settings: Settings) -> None:
    """Two renames. After the first the new vault is in place, and its key is found under one name or the other."""
    path = vault_path(settings)
    keys.replace(path.with_name(path.name + ".next"), path)
    if not settings.vault_key and keys.next_path(settings) in unfinished(settings):
        keys.replace(keys.next_path(settings), keys.key_path(settings, "vault"))


def _remove_copies(settings: Settings) -> int:
    """Copies from before a change of schema still open with the old key, which may be why it was rotated."""
    found = copies(settings)
    for copy in found:
        copy.unlink(missing_ok=True)
    return len(found)


# ── the same content ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Content:
    """One table: its declaration, and its rows free of their order."""

    declaration: str
    rows: int
    digests: tuple[int, ...]


_TABLES = """
select table_name, sql || coalesce(comment, '')
from duckdb_tables()
where database_name = $database
order by table_name
"""
_ROWS = """
select count(*), coalesce(sum(cast(hash(held) as hugeint)), 0), coalesce(bit_xor(hash(held)), 0)
from query_table($relation) as held
"""


def contents(con: duckdb.DuckDBPyConnection, database: str) -> dict[str, Content]:
    """What an attached database holds, by table."""
    found = {}
    for name, declaration in con.execute(_TABLES, {"database": database}).fetchall():
        rows, *digests = con.execute(_ROWS, {"relation": f"{database}.{name}"}).fetchone() or (0,)
        found[str(name)] = Content(str(declaration), int(rows), tuple(int(digest) for digest in digests))
    return found
