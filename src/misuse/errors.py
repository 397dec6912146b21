"""What can go wrong, as one small tree; the leaves carry the exit code of the command line.

    MisuseError                 1   anything below; a check failed, nothing published
    ├── CheckFailed             1   a publication or landing check does not hold
    ├── UsageError              2   the command's words or a setting are wrong
    │   └── LayoutError         2   a source's declaration in misuse.toml is wrong
    ├── InputError              3   a file that cannot be taken, named
    │   └── KeyCollision        3   one call id for calls that are not one call
    ├── LockHeld                4   another run is writing
    ├── StoreError              5   a store is damaged, missing or locked with another key
    ├── Refused                 6   not permitted, or not permitted here
    └── ResourceError           7   out of disk or of time

A message names what, where and what to do next. It never holds a row's contents: no number,
name, address or remark.
"""

from __future__ import annotations

import errno

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM})
_NO_PATH = (errno.ENAMETOOLONG, errno.ELOOP)
_REFUSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EBUSY, errno.ENOTDIR, errno.EISDIR})
# As DuckDB, SQLite and the system say it.
_NO_ROOM_WORDS = (
    "no space", "disk is full", "disk quota", "file too large", "out of memory", "could not allocate", "cannot allocate",
)  # fmt: skip


class MisuseError(Exception):
    """The root: `exit_code` is what the command returns."""

    exit_code = 1

    def __init__(self, message: str, *, next_step: str = "") -> None:
        self.message = message
        self.next_step = next_step
        self.beside: tuple[MisuseError, ...] = ()  # what went wrong before it, each told in the message already
        super().__init__(f"{message}\n  Next: {next_step}" if next_step else message)


class CheckFailed(MisuseError):
    """A check that guards a door does not hold."""


class UsageError(MisuseError):
    """The command's words or a setting are wrong."""

    exit_code = 2


class LayoutError(UsageError):
    """A source's declaration in misuse.toml is wrong."""


class InputError(MisuseError):
    """A file that cannot be taken."""

    exit_code = 3


class KeyCollision(InputError):
    """One call id stands for calls that are not versions of one call."""


class LockHeld(MisuseError):
    """Another process is writing."""

    exit_code = 4


class StoreError(MisuseError):
    """A store is damaged, missing, or locked with another key."""

    exit_code = 5


class Refused(MisuseError):
    """Not permitted, or not permitted here."""

    exit_code = 6


class ResourceError(MisuseError):
    """Out of disk or of time."""

    exit_code = 7


def of_the_disk(error: BaseException) -> StoreError | UsageError | None:
    """What the system refused of a file, in our words; None for anything else."""
    if not isinstance(error, OSError) or isinstance(error, MisuseError):
        return None
    if error.errno in _NO_PATH:
        return UsageError(
            f"a path that was given is one that no file system takes: {error.strerror}",
            next_step="name another file or folder",
        )
    if error.errno not in _REFUSED:
        return None
    what = error.filename2 or error.filename or "a file of the data home"
    return StoreError(
        f"{what} cannot be written or read: {error.strerror}",
        next_step="check the rights of the file and its folder, and the disk; then the same again",
    )


def is_of_rights(error: BaseException) -> bool:
    """Whether an engine could not open a store's file for want of a right, its own words telling; no damage then."""
    words = str(error).lower()
    return any(told in words for told in ("permission", "read-only", "cannot open file"))


def is_out_of_room(error: BaseException) -> bool:
    """Whether an error of the system or of an engine says that disk or memory ran out."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _NO_ROOM):
        return True
    words = str(error).lower()
    return any(told in words for told in _NO_ROOM_WORDS)
