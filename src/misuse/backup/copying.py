"""Files copied with their digests, on the disk before anything is said of them."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from misuse.errors import MisuseError, ResourceError, StoreError, is_out_of_room
from misuse.vault import keys

CHUNK = 1 << 20


def copy(source: Path, target: Path) -> tuple[int, str]:
    """Copy one regular file into a new one of mode 0600; its bytes and SHA-256. Nothing that a link leads to is copied."""
    digest, size = hashlib.sha256(), 0
    writing = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with _plain(source) as old, os.fdopen(os.open(target, writing, 0o600), "wb") as new:
        while chunk := old.read(CHUNK):
            digest.update(chunk)
            size += new.write(chunk)
        new.flush()
        os.fsync(new.fileno())
    return size, digest.hexdigest()


def _plain(path: Path) -> io.BufferedReader:
    """A regular file, open for reading; nothing else is waited for, a pipe that nobody writes to least of all."""
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise StoreError(f"{path} is no plain file", next_step="take it out of there, then try again")
    return file


def digest_of(path: Path) -> tuple[int, str]:
    """A regular file's bytes and SHA-256."""
    with _plain(path) as file:
        return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()


def write(path: Path, text: str) -> None:
    """A new small file of mode 0600, on the disk when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def folder(path: Path) -> None:
    """A new folder for its owner alone."""
    path.mkdir(mode=0o700)


def in_place(half: Path, whole: Path) -> None:
    """Give a finished folder its name, in one step, all of it on the disk before and after."""
    for path in [half, *(found for found in half.rglob("*") if found.is_dir() and not found.is_symlink())]:
        keys.synced(path)
    half.rename(whole)
    keys.synced(whole.parent)


@contextlib.contextmanager
def half_made(path: Path, what: str) -> Iterator[Path]:
    """A folder to fill, removed again if the block fails. Errors: ResourceError for want of room, StoreError for rights."""
    try:
        folder(path)
        yield path
    except BaseException as error:
        shutil.rmtree(path, ignore_errors=True)
        if isinstance(error, MisuseError) or not isinstance(error, OSError | MemoryError):
            raise
        raise trouble(error, what) from None


def trouble(error: OSError | MemoryError, what: str) -> MisuseError:
    """What the system's error means, in our words."""
    if is_out_of_room(error):
        return ResourceError(f"no room for {what}; nothing half-made was left", next_step="free some, then try again")
    told = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
    is_readable = not isinstance(error, OSError) or error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM)
    step = "look at the disk, then try again" if is_readable else "check the rights of the folder, then try again"
    return StoreError(f"{what} could not be made: {told}; nothing half-made was left", next_step=step)


def refuse_without_room(where: Path, needed: int, what: str) -> None:
    """Errors: ResourceError before anything is written, where it would not fit."""
    free = shutil.disk_usage(where).free
    if free < needed:
        raise ResourceError(
            f"{what} needs {needed / 1e9:.2f} GB and {where} has {free / 1e9:.2f} GB free",
            next_step="free some, or name another folder",
        )


def walk(root: Path, is_left_out: Callable[[Path], bool]) -> Iterator[Path]:
    """Everything under a folder, parents first, links not followed; what vanished meanwhile is passed over."""
    with contextlib.suppress(FileNotFoundError):
        for path in sorted(root.iterdir()):
            if is_left_out(path):
                continue
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from walk(path, is_left_out)
