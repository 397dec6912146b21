"""The vault: the only opener of vault.duckdb, and the keeper of both keys.

The vault key encrypts the file and rotates. The token key makes the pseudonyms and never changes,
since with another key every caller would be a stranger. Neither is ever printed, nor put into SQL
text where an error could quote it.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from misuse import store
from misuse.errors import LockHeld, MisuseError, ResourceError, StoreError, is_of_rights, is_out_of_room
from misuse.settings import SQL_ROOT, Settings
from misuse.vault import keys

if TYPE_CHECKING:
    import duckdb

_ROTATES_WITHIN = timedelta(minutes=30)

__all__ = ["attach", "attached", "cipher_extension", "migrate", "token_key", "vault_key", "vault_path"]


def vault_path(settings: Settings) -> Path:
    """Where the vault lies."""
    return settings.home / "vault.duckdb"


def vault_key(settings: Settings) -> str:
    """The key in force; made on first use, never when a vault is there already."""
    return keys.held(settings, "vault", guarded=(vault_path(settings),))


def token_key(settings: Settings) -> str:
    """The key of every pseudonym; made on first use, never when a warehouse or a vault is there already."""
    return keys.held(settings, "token", guarded=(settings.home / "warehouse.duckdb", vault_path(settings)))


def cipher_extension() -> Path:
    """The extension that carries the cipher for writing; reading needs the key alone."""
    import duckdb
    import duckdb_extension_httpfs

    root = Path(duckdb_extension_httpfs.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    return root / "httpfs.duckdb_extension"


@contextlib.contextmanager
def attached(
    con: duckdb.DuckDBPyConnection, settings: Settings, *, read_only: bool = False, beside_warehouse: bool = False
) -> Iterator[None]:
    """The vault attached as `vault`, its schema up to date, until the block ends.

    `beside_warehouse`: `con` is the open warehouse, under the writer lock, and the vault must be the one that belongs
    to it: made with the same token key, and holding what identifies its calls.
    Errors: StoreError for a wrong key, another vault or a damaged file, without the engine's own words.
    """
    import duckdb

    if beside_warehouse:
        _refuse_a_lost_vault(con, settings)
    attach(con, settings, read_only=read_only)
    try:
        if beside_warehouse:
            _refuse_another_vault(con, settings)
            clear_unfinished(settings)
        yield
    except duckdb.Error as error:
        known = trouble(error, vault_path(settings))
        if known is None:
            raise
        raise known from None
    finally:
        _detach(con)


def _detach(con: duckdb.DuckDBPyConnection) -> None:
    import duckdb

    # A transaction that broke off would keep the vault attached, and its error hide the one that broke it.
    with contextlib.suppress(duckdb.TransactionException):
        con.execute("rollback")
    con.execute("detach vault")


def attach(con: duckdb.DuckDBPyConnection, settings: Settings, *, read_only: bool = False) -> None:
    """Attach the vault as `vault`; see `attached`."""
    is_new = not vault_path(settings).exists()
    open_with_its_key(con, settings, read_only=read_only and not is_new)
    if is_new or not read_only:
        migrate(con, settings)


def open_with_its_key(con: duckdb.DuckDBPyConnection, settings: Settings, *, read_only: bool = False) -> str:
    """Attach the vault as `vault` and return the key that opened it.

    The key of a rotation that was ended between its two steps is moved into place: the vault was in place already.
    """
    path = vault_path(settings)
    for key in keys.vault_keys(settings, guarded=(path,)):
        if _opens(con, path, key, read_only=read_only):
            path.chmod(0o600)
            keys.adopt(settings, key)
            return key
    raise StoreError(
        f"the vault at {path} does not open with the key in {keys.source(settings, 'vault')}",
        next_step="put back from escrow the key it was made with: after a rotation the newest, for an older copy the one "
        "of its time",
    )


def attach_to_read(con: duckdb.DuckDBPyConnection, settings: Settings, path: Path) -> None:
    """Attach a copy of the vault as `vault`, for reading alone, with the key in force. Errors: StoreError for another."""
    for key in keys.vault_keys(settings, guarded=(path,)):
        if _opens(con, path, key, read_only=True):
            return
    raise StoreError(
        f"the vault in {path.parent.name} does not open with the key in {keys.source(settings, 'vault')}",
        next_step="give the vault key of the time of the backup, from escrow: a rotation draws a new one",
    )


_TO_WRITE = "attach if not exists $path as vault (encryption_key $key)"
_TO_READ = "attach if not exists $path as vault (encryption_key $key, read_only)"


def _opens(con: duckdb.DuckDBPyConnection, path: Path, key: str, *, read_only: bool) -> bool:
    """Attach with a key; False where it is the wrong one."""
    import duckdb

    try:
        con.load_extension(str(cipher_extension()))
        con.execute(with_literals(_TO_READ if read_only else _TO_WRITE, path, key))
    except duckdb.Error as error:
        if "wrong encryption key" in str(error).lower():
            return False
        raise _attach_error(path, error) from None
    return True


def with_literals(statement: str, path: Path, key: str) -> str:
    """ATTACH takes no bind parameters; quoted literals are all it offers."""
    return statement.replace("$path", _quoted(str(path))).replace("$key", _quoted(key))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _attach_error(path: Path, error: Exception) -> MisuseError:
    words = str(error).lower()
    if "set lock" in words:
        return LockHeld(f"the vault at {path} is open in another process", next_step="wait for it, then try again")
    if is_of_rights(error):
        return StoreError(
            f"the vault at {path} cannot be opened or made there", next_step="check the rights of the file and folder"
        )
    return trouble(error, path) or _damaged(path)


def trouble(error: Exception, path: Path) -> MisuseError | None:
    """What an engine's error says of the store itself, in our words; None where it says nothing of that kind."""
    if is_out_of_room(error):
        if "out of memory" in str(error).lower():
            return ResourceError(
                "the engine ran out of the memory it may take, and of disk to spill to",
                next_step="raise settings.memory_limit in misuse.toml, or free disk, then the same again",
            )
        return ResourceError(f"no room on the disk of {path}", next_step="free some, then try again")
    words = str(error).lower()
    is_ours = str(path).lower() in words or "aes tag" in words
    if is_ours and any(sign in words for sign in ("aes tag", "could not read", "checksum", "corrupt")):
        return _damaged(path)
    return None


def _damaged(path: Path) -> StoreError:
    return StoreError(
        f"the vault at {path} is damaged or is no vault",
        next_step="put back a copy from the last backup of the data home",
    )


# ── the vault that belongs to this warehouse ───────────────────────────────────────────────────

_HAS_CALLS = "select count(*) from (select 1 from call_records limit 1)"
# Pseudonyms that the present token key would not make.
_FOREIGN_TOKENS = """
select count(*)
from (select number_token, e164 from vault.numbers limit 1) as one
where number_token <> token_of('number', e164)
"""
# Of some call, and of one of the newest batch: the vault's half is written first, so that it is always there.
_UNIDENTIFIED = """
select count(*)
from (
    (select call_key, content_digest from call_records limit 1)
    union all
    (
        select call_key, content_digest
        from call_records
        where
            batch_id = (
                select batch_id from batch_ledger where withdrawn_at is null order by ingested_at desc, batch_id limit 1
            )
        limit 1
    )
) as held
anti join vault.call_details as details
    on held.call_key = details.call_key and held.content_digest = details.content_digest
"""


def _refuse_a_lost_vault(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    path = vault_path(settings)
    if not path.exists() and _count(con, _HAS_CALLS):
        raise StoreError(
            f"the vault is missing from {path}, and with it what identifies the calls in the warehouse",
            next_step="put it back from the last backup of the data home; without one, move warehouse.duckdb away too and "
            "ingest the logs again",
        )


def _refuse_another_vault(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    path = vault_path(settings)
    if _count(con, _FOREIGN_TOKENS):
        raise StoreError(
            f"the vault at {path} was made with another token key than the one in {keys.source(settings, 'token')}",
            next_step="put back the vault, or the token key, that belongs to this data home; nothing was changed",
        )
    if _count(con, _UNIDENTIFIED):
        raise StoreError(
            f"the vault at {path} lacks what identifies the calls in the warehouse: it is another's, or an older copy",
            next_step="put back vault and warehouse from one and the same backup; nothing was changed",
        )


def _count(con: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = con.execute(statement).fetchone()
    return int(row[0]) if row else 0


# ── its schema, and what a broken-off rotation leaves ──────────────────────────────────────────


def migrate(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Bring the attached vault's schema to the latest version; forward only, with a copy made first.

    Errors: StoreError for a vault that a newer program has written.
    """
    con.execute("create table if not exists vault.schema_version (version integer primary key)")
    have = _count(con, "select coalesce(max(version), 0) from vault.schema_version")
    scripts = {int(path.stem.rpartition("_")[2]): path for path in (SQL_ROOT / "schema").glob("vault_*.sql")}
    if have > max(scripts):
        raise StoreError("the vault was written by a newer program", next_step="use that program's version")
    due = sorted(version for version in scripts if version > have)
    if due and have:
        _copy(con, settings, have)
    for version in due:
        _run(con, version, scripts[version].read_text(encoding="utf-8"))


def _run(con: duckdb.DuckDBPyConnection, version: int, script: str) -> None:
    """One script in one transaction, with the vault as the place where its tables are made."""
    home = con.execute("select current_catalog()").fetchone()
    try:
        with store.transaction(con):
            con.execute("use vault")
            con.execute(script)
            con.execute("insert into schema_version values ($version)", {"version": version})
    finally:
        con.execute("use " + '"' + str(home[0] if home else "memory") + '"')


def copies(settings: Settings) -> list[Path]:
    """Copies of the vault made before its schema changed, each opened by the key of its time."""
    return sorted((settings.home / "backups").glob("vault-version-*.duckdb"))


def _copy(con: duckdb.DuckDBPyConnection, settings: Settings, version: int) -> None:
    con.execute("checkpoint vault")
    copy = settings.home / "backups" / f"vault-version-{version}.duckdb"
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy2(vault_path(settings), copy)  # with its mode, and encrypted as it is


def unfinished(settings: Settings) -> list[Path]:
    """What a rotation makes before the exchange."""
    path = vault_path(settings)
    named = path.with_name(path.name + ".next")
    made = [*named.parent.glob(named.name + "*"), keys.next_path(settings)]
    return [left for left in made if left.exists()]


def broken_off(settings: Settings, now: datetime) -> str:
    """What a rotation left that ended before the exchange, in words; "" for nothing, or while one may be under way."""
    times = [path.stat().st_mtime for path in unfinished(settings)]
    newest = datetime.fromtimestamp(max(times, default=0), tz=UTC)
    if not times or now - newest <= _ROTATES_WITHIN:
        return ""
    return f"a change of its key broke off on {newest:%d %B %Y}; the key in force opens it, and what is left goes then"


def clear_unfinished(settings: Settings) -> None:
    """Remove it, once the vault has opened with the key in force. The caller holds the writer lock."""
    for left in unfinished(settings):
        left.unlink(missing_ok=True)
