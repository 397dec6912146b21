"""The vault: the only opener of vault.duckdb, and the keeper of both keys.

The vault key encrypts the file and rotates. The token key makes the pseudonyms and never changes,
since with another key every caller would be a stranger. Neither is ever printed, nor put into SQL
text where an error could quote it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from misuse.errors import StoreError
from misuse.settings import SQL_ROOT, Settings

if TYPE_CHECKING:
    import duckdb

KEY_BYTES = 32


def vault_path(settings: Settings) -> Path:
    """Where the vault lies."""
    return settings.home / "vault.duckdb"


def vault_key(settings: Settings) -> str:
    """The key that opens the vault; made on first use, never when a vault is there already."""
    return _key(settings, "vault", settings.vault_key, guarded=vault_path(settings))


def token_key(settings: Settings) -> str:
    """The key of every pseudonym; made on first use, never when a warehouse is there already."""
    return _key(settings, "token", settings.token_key, guarded=settings.home / "warehouse.duckdb")


def _key(settings: Settings, name: str, given: str, *, guarded: Path) -> str:
    if given:
        return given
    path = settings.home / "keys" / f"{name}.key"
    if path.is_file():
        key = path.read_text(encoding="ascii", errors="replace").strip()
        if len(key) < KEY_BYTES:
            raise StoreError(f"the {name} key at {path} is too short to be one", next_step="restore it from escrow")
        return key
    if guarded.exists():
        raise StoreError(
            f"{guarded.name} exists but the {name} key is missing from {path}",
            next_step=f"restore the key file from escrow, or set MISUSE_{name.upper()}_KEY",
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = secrets.token_hex(KEY_BYTES)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key + "\n")
    return key


def cipher_extension() -> Path:
    """The extension that carries the cipher for writing; reading needs the key alone."""
    import duckdb
    import duckdb_extension_httpfs

    root = Path(duckdb_extension_httpfs.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    return root / "httpfs.duckdb_extension"


@contextlib.contextmanager
def attached(con: duckdb.DuckDBPyConnection, settings: Settings, *, read_only: bool = False) -> Iterator[None]:
    """The vault attached as `vault`, its schema up to date, until the block ends.

    Errors: StoreError for a wrong key or a damaged file, without the engine's own words.
    """
    attach(con, settings, read_only=read_only)
    try:
        yield
    finally:
        con.execute("detach vault")


def attach(con: duckdb.DuckDBPyConnection, settings: Settings, *, read_only: bool = False) -> None:
    """Attach the vault as `vault`; see `attached`."""
    import duckdb

    path = vault_path(settings)
    is_new = not path.exists()
    key = vault_key(settings)
    statement = _ATTACH_TO_READ if read_only and not is_new else _ATTACH_TO_WRITE
    try:
        if statement is _ATTACH_TO_WRITE:
            con.load_extension(str(cipher_extension()))
        con.execute(statement.replace("$path", _quoted(str(path))).replace("$key", _quoted(key)))
    except duckdb.Error as error:
        raise _attach_error(path, error) from None
    if is_new:
        path.chmod(0o600)
    if not read_only or is_new:
        migrate(con)


_ATTACH_TO_WRITE = "attach if not exists $path as vault (encryption_key $key)"
_ATTACH_TO_READ = "attach if not exists $path as vault (encryption_key $key, read_only)"


def _quoted(text: str) -> str:
    """ATTACH takes no bind parameters; a quoted literal is all it offers."""
    return "'" + text.replace("'", "''") + "'"


def _attach_error(path: Path, error: Exception) -> StoreError:
    words = str(error).lower()
    if "key" in words or "decrypt" in words or "encrypt" in words:
        return StoreError(
            f"the vault at {path} does not open with this key",
            next_step="put back the key it was made with (keys/vault.key, or MISUSE_VAULT_KEY)",
        )
    if "lock" in words:
        return StoreError(f"the vault at {path} is open in another process", next_step="wait for it, then try again")
    return StoreError(
        f"the vault at {path} is damaged or is no vault",
        next_step="put back a copy from the last backup of the data home",
    )


def migrate(con: duckdb.DuckDBPyConnection) -> None:
    """Bring the attached vault's schema to the latest version; forward only."""
    con.execute("create table if not exists vault.schema_version (version integer primary key)")
    found = con.execute("select coalesce(max(version), 0) from vault.schema_version").fetchone()
    have = found[0] if found else 0
    before = con.execute("select current_catalog()").fetchone()
    for path in sorted((SQL_ROOT / "schema").glob("vault_*.sql")):
        version = int(path.stem.rpartition("_")[2])
        if version <= have:
            continue
        con.execute("begin")
        con.execute("use vault")
        con.execute(path.read_text(encoding="utf-8"))
        con.execute("insert into schema_version values ($version)", {"version": version})
        con.execute("commit")
        if before:
            con.execute("use " + '"' + str(before[0]) + '"')
