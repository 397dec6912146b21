"""The two keys: where each lies, what a key may look like, and how one is written so that no moment is without one.

A key lies in a file of mode 0600 under the data home, or comes from the environment, and then nothing
is written. No message holds a key or any part of one.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path

from misuse.errors import ResourceError, StoreError
from misuse.settings import Settings

KEY_BYTES = 32
SHORTEST = 32  # characters; fewer were typed by somebody, or cut off
_ESCROW = "restore it from escrow"


def key_path(settings: Settings, name: str) -> Path:
    """Where the file of the key `vault` or `token` lies."""
    return settings.home / "keys" / f"{name}.key"


def next_path(settings: Settings) -> Path:
    """Where a rotation puts the new vault key until the vault that it opens is in place."""
    return key_path(settings, "vault").with_suffix(".key.next")


def source(settings: Settings, name: str) -> str:
    """Where the key comes from, for a message: a variable's name, or a file's path."""
    return _variable(name) if _given(settings, name) else str(key_path(settings, name))


def held(settings: Settings, name: str, *, guarded: tuple[Path, ...]) -> str:
    """The key `vault` or `token`; made on first use, never while a store that it guards is there already.

    Errors: StoreError for a key that is missing, open to others, or none.
    """
    given = _given(settings, name)
    if given:
        return checked(given, f"{_variable(name)} from the environment", f"put the {name} key from escrow into it")
    path = key_path(settings, name)
    if _is_there(path):
        return read(path, f"the {name} key")
    there = [store.name for store in guarded if store.exists()]
    if there:
        raise StoreError(
            f"{there[0]} exists but the {name} key is missing from {path}",
            next_step=f"restore the key file from escrow (mode 0600), or set {_variable(name)}",
        )
    key = drawn()
    write(path, key)
    return key


def vault_keys(settings: Settings, *, guarded: tuple[Path, ...]) -> list[str]:
    """The keys that may open the vault, likeliest first: the one in force, then one that a rotation was to bring.

    Errors: as `held`.
    """
    coming = next_path(settings)
    found = []
    if settings.vault_key or _is_there(key_path(settings, "vault")) or not _is_there(coming):
        found.append(held(settings, "vault", guarded=guarded))
    if not settings.vault_key and _is_there(coming):
        found += _whole(coming)
    return found + ([settings.vault_key_new] if settings.vault_key_new else [])


def _whole(path: Path) -> list[str]:
    """The key in a file that a killed rotation may have left half-written."""
    try:
        return [read(path, "the new vault key")]
    except StoreError:
        return []


def in_use(settings: Settings) -> list[str]:
    """Every key of a home that can be read, the casebook's and one of a rotation too: what must be in no backup."""
    given = [settings.vault_key, settings.token_key, settings.vault_key_new, settings.casebook_key]
    files = sorted((settings.home / "keys").glob("*.key*"))
    return [text for text in (*given, *(key for path in files for key in _whole(path))) if text]


def adopt(settings: Settings, key: str) -> None:
    """The key that opened the vault takes its place in keys/vault.key, where a rotation left it beside."""
    coming = next_path(settings)
    if settings.vault_key or not _is_there(coming) or _whole(coming) != [key]:
        return
    path = key_path(settings, "vault")
    if not _is_there(path) or read(path, "the vault key") != key:
        replace(coming, path)


def read(path: Path, what: str) -> str:
    """The key in a file of mode 0600. Errors: StoreError, naming the file and what to do, never what is in it."""
    try:
        mode = path.stat().st_mode
        text = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{what} at {path} cannot be read: {error.strerror}", next_step="check its rights") from None
    if stat.S_IMODE(mode) & 0o077:
        raise StoreError(
            f"{what} at {path} can be read by others than its owner (mode {stat.S_IMODE(mode):04o})",
            next_step=f"chmod 600 {path}; and where others may have read it: docs/keys.md says what then",
        )
    return checked(text.decode("ascii", errors="replace"), f"{what} at {path}", _ESCROW)


def checked(text: str, what: str, next_step: str) -> str:
    """The key without the end of its line, if it looks like one."""
    key = text.strip()
    if not key:
        raise StoreError(f"{what} is empty", next_step=next_step)
    if not key.isascii() or not key.isprintable() or " " in key:
        raise StoreError(f"{what} holds characters that no key has", next_step=next_step)
    if len(key) < SHORTEST:
        raise StoreError(f"{what} is too short to be one", next_step=next_step)
    return key


def new(settings: Settings, file: Path | None) -> str:
    """The key to rotate to: from a file of mode 0600, from MISUSE_VAULT_KEY_NEW, or drawn.

    Errors: StoreError where the key in force comes from the environment and no new one does.
    """
    if file is not None:
        return read(file, "the new vault key")
    if settings.vault_key_new:
        what = "MISUSE_VAULT_KEY_NEW from the environment"
        return checked(settings.vault_key_new, what, "give it the key to rotate to")
    if settings.vault_key:
        raise StoreError(
            "the vault key comes from MISUSE_VAULT_KEY, so the new one must come from outside too",
            next_step="set MISUSE_VAULT_KEY_NEW, or name a file of mode 0600 with --new-key FILE",
        )
    return drawn()


def drawn() -> str:
    """A key nobody ever had: 256 bits as hexadecimal digits."""
    return secrets.token_hex(KEY_BYTES)


def write(path: Path, key: str) -> None:
    """Put a key into a file of mode 0600: whole on the disk, or not there.

    Errors: StoreError where the folder cannot be written to.
    """
    made = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made.unlink(missing_ok=True)
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(key + "\n")
            file.flush()
            os.fsync(file.fileno())
        replace(made, path)
    except OSError as error:
        kind = ResourceError if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else StoreError
        raise kind(
            f"no key can be written to {path.parent}: {error.strerror}",
            next_step="make the folder writable for this user alone (mode 0700), or give the key in the environment",
        ) from None


def replace(made: Path, path: Path) -> None:
    """Move a file into another's place, in one step that outlasts a power cut."""
    os.replace(made, path)  # noqa: PTH105 - said as the system call it is: nobody sees neither file, nor half of one
    synced(path.parent)


def synced(path: Path) -> None:
    """Have a file's or folder's present state on the disk before anything else happens."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_there(path: Path) -> bool:
    """Whether anything bears the name, were it a link to nothing: what is there is never overwritten with a new key."""
    return os.path.lexists(path)


def _given(settings: Settings, name: str) -> str:
    return settings.vault_key if name == "vault" else settings.token_key


def _variable(name: str) -> str:
    return f"MISUSE_{name.upper()}_KEY"
