"""Taking a backup: every store as of one moment, while the review room goes on writing to the casebook.

The writer lock keeps runs out, so that warehouse, vault and published copies stand still. The casebook has no such lock:
SQLite copies it as of one moment, and its noted heads are copied before, so that the copy's chain holds against them.
"""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import misuse
from misuse import casebook, inbox, notes, status, warehouse
from misuse.backup import copying, manifest, reading
from misuse.backup.manifest import Manifest
from misuse.casebook import keeping
from misuse.errors import MisuseError, Refused, StoreError, UsageError
from misuse.progress import Silent, Tracker
from misuse.settings import Settings
from misuse.vault import keys

PREFIX = "misuse-"
# Keys, what is not taken in yet and holds names in clear, and what is made anew or belongs to a process.
LEFT_OUT = (
    "keys", "inbox", "scratch", "prefect", "backups", "synth", "scheduler.*", "writer.lock", "last_backup.json",
    "*.wal", "*-wal", "*-shm", "*.next", "*.next.*", "casebook.before-*",
)  # fmt: skip
_HALF_MADE = (".*", "*.tmp", "*.tmp.*")  # wherever it lies
_CASEBOOK = ("casebook.sqlite", "casebook.head", "casebook.anchors")
_SMALL = 1 << 13  # a file in which somebody may have left a key


@dataclass(frozen=True)
class Taken:
    """A backup that was taken: where, of what, and which older ones went."""

    path: Path
    manifest: Manifest
    removed: tuple[str, ...]
    faults: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        held = self.manifest
        return {
            "backup": str(self.path),
            "digest": held.digest,
            "taken_at": held.at,
            "gone_by": held.gone_by,
            "files": len(held.files),
            "bytes": held.size,
            "published": held.published.get("run_id"),
            "casebook_events": held.casebook["events"],
            "waiting": held.waiting,
            "removed": list(self.removed),
            "faults": list(self.faults),
        }


def back_up(
    settings: Settings,
    folder: Path,
    *,
    clock: Callable[[], datetime],
    actor: str,
    tracker: Tracker | None = None,
) -> Taken:
    """Take a backup into a new folder under `folder`, compared and recorded; then older ones past their day go.

    It bears the time at which it was begun; that it was taken is recorded when it was.
    Errors: UsageError for a folder that is not there or lies in the data home; LockHeld while a run writes; ResourceError
    for want of room; StoreError for a store that is damaged; Refused for a file that holds a key. After an error nothing
    of it is left.
    """
    folder = _usable(settings, folder)
    with warehouse.writer(settings), casebook.opened(settings) as book:
        key, now = book.key(), clock()
        stem = f"{PREFIX}{keeping.fingerprint(key)[:8]}-"
        name = f"{stem}{now:%Y%m%dT%H%M%SZ}"
        if (folder / name).exists():
            raise UsageError(f"{folder / name} is there already", next_step="try again in a second")
        _clear_half_made(folder, stem)
        warehouse.settle(settings)
        sources = list(_sources(settings))
        copying.refuse_without_room(folder, _size(sources), "a backup")
        with copying.half_made(folder / f".{name}.part", f"a backup in {folder}") as half:
            with (tracker or Silent()).step("Copying the stores"):
                made, faults = _copied(settings, book, half, sources, now)
            with (tracker or Silent()).step("Reading the copy"):
                made = _compared(settings, made, half)
            copying.write(half / manifest.NAME, made.document(key))
            payload = {"backup": name, "digest": made.digest, "files": len(made.files), "bytes": made.size}
            book.record("backup_taken", actor=actor, occurred_at=clock(), payload=payload)
            copying.in_place(half, folder / name)
        _note(settings, folder / name, made)
    return Taken(folder / name, made, tuple(past_their_day(folder, stem, now)), faults)


def _usable(settings: Settings, folder: Path) -> Path:
    found = folder.resolve()
    if not found.is_dir():
        raise UsageError(
            f"there is no folder {folder}", next_step="make it, or mount its disk: a backup belongs on another disk"
        )
    if not settings.home.is_dir():
        raise UsageError(f"there is no data home at {settings.home}", next_step="name it with MISUSE_HOME")
    if found == settings.home.resolve() or settings.home.resolve() in found.parents:
        raise UsageError(
            f"{folder} lies in the data home and would be lost with it", next_step="name a folder on another disk"
        )
    return found


def _sources(settings: Settings) -> Iterator[Path]:
    """Everything of a home that belongs into a backup, folders before what lies in them; wherever the inbox lies, not that."""
    inbox = settings.inbox_path.resolve()
    for path in sorted(settings.home.iterdir()):
        if path.resolve() != inbox and not _is_like(path, (*LEFT_OUT, *_HALF_MADE)):
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from copying.walk(path, lambda inner: inner.resolve() == inbox or _is_like(inner, _HALF_MADE))


def _is_like(path: Path, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(path.name, pattern) for pattern in patterns)


def _size(sources: list[Path]) -> int:
    return sum(path.lstat().st_size for path in sources if path.is_file() and not path.is_symlink())


def _clear_half_made(folder: Path, stem: str) -> None:
    """The lock is ours, so whatever was begun of this home has ended."""
    for left in folder.glob(f".{stem}*.part"):
        shutil.rmtree(left, ignore_errors=True)


def _copied(
    settings: Settings, book: casebook.Casebook, half: Path, sources: list[Path], now: datetime
) -> tuple[Manifest, tuple[str, ...]]:
    """Everything copied into the half-made folder; and what is broken in the casebook's record, told and copied as it is."""
    files = dict(_files(settings.home, half, sources, _CASEBOOK[1:]))
    events, head = book.copy_to(half / _CASEBOOK[0])
    files[_CASEBOOK[0]] = _entry(half / _CASEBOOK[0])
    files |= _files(settings.home, half, sources, (), passed=set(_CASEBOOK))
    links = {_name(settings, path): path.readlink().as_posix() for path in sources if path.is_symlink()}
    folders = {
        _name(settings, path): [path.stat().st_mode & 0o777, path.stat().st_mtime_ns]
        for path in sources
        if path.is_dir() and not path.is_symlink()
    }
    _refuse_keys(settings, half, files)
    made = Manifest(
        taken_at=now.replace(tzinfo=None).isoformat(timespec="seconds"),
        gone_by=(now.date() + timedelta(days=settings.rights.backup_days)).isoformat(),
        program=misuse.__version__,
        engine=warehouse.engine(),
        casebook_key=keeping.fingerprint(book.key()),
        files=dict(sorted(files.items())),
        links=dict(sorted(links.items())),
        tables={},
        published={},
        casebook={"events": events, "head": head},
        folders=dict(sorted(folders.items())),
        waiting=len(inbox.files(settings)),
    )
    return made, tuple(str(fault) for fault in book.faults())


def _name(settings: Settings, path: Path) -> str:
    return path.relative_to(settings.home).as_posix()


def _files(
    home: Path, half: Path, sources: list[Path], only: tuple[str, ...], *, passed: set[str] | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Copy plain files, folders as they come: all but those passed over, or only those named. A store that vanishes is an
    error, a paper that somebody put away meanwhile is not."""
    for path in sources:
        name = path.relative_to(home).as_posix()
        is_wanted = name in only if only else name not in (passed or ())
        if path.is_symlink() or not is_wanted:
            continue
        if path.is_dir():
            copying.folder(half / name)
            continue
        try:
            was = path.stat()
            size, digest = copying.copy(path, half / name)
        except FileNotFoundError:
            if "/" not in name:
                raise StoreError(f"{path} vanished while it was copied", next_step="misuse status") from None
            (half / name).unlink(missing_ok=True)
            continue
        yield name, {"bytes": size, "sha256": digest, "mode": was.st_mode & 0o777, "changed": was.st_mtime_ns}


def _entry(path: Path) -> dict[str, Any]:
    size, digest = copying.digest_of(path)
    keys.synced(path)
    return {"bytes": size, "sha256": digest, "mode": 0o600, "changed": path.stat().st_mtime_ns}


def _refuse_keys(settings: Settings, half: Path, files: dict[str, dict[str, Any]]) -> None:
    """Somebody may have laid a key beside the data. Errors: Refused, naming the file."""
    held = [text.encode() for text in keys.in_use(settings)]
    for name, entry in files.items():
        if entry["bytes"] <= _SMALL and any(key in (half / name).read_bytes() for key in held):
            raise Refused(
                f"{settings.home / name} holds a key, and a backup must not",
                next_step="move it into keys/, which no backup holds, or into escrow",
            )


def _compared(settings: Settings, made: Manifest, half: Path) -> Manifest:
    """The manifest with what the copies hold, once each file reads back as it was read, and each store can be read whole."""
    for name, entry in made.files.items():
        if copying.digest_of(half / name) != (entry["bytes"], entry["sha256"]):
            raise StoreError(
                f"the copy of {name} does not read back as it was written", next_step="look at that disk; try another"
            )
    scratch = warehouse.scratch_path(settings)
    values = {
        **made.__dict__,
        "tables": reading.tables(half, settings, scratch),
        "published": reading.published(half, dict(made.links)),
    }
    return Manifest(**values)


def _note(settings: Settings, path: Path, made: Manifest) -> None:
    """What `misuse status` tells of the newest backup."""
    notes.write(status.last_backup_path(settings), {"taken_at": made.taken_at, "name": path.name, "bytes": made.size})


def past_their_day(folder: Path, stem: str, now: datetime) -> Iterator[str]:
    """Remove this home's backups in the folder that may be kept no longer; the names of what went."""
    today = now.replace(tzinfo=now.tzinfo or UTC).date()
    for path in sorted(folder.glob(f"{stem}*")):
        try:
            is_past = manifest.read(path)[0].last_day < today
        except MisuseError:
            continue  # no manifest, so none of ours to judge
        if is_past:
            shutil.rmtree(path, ignore_errors=True)
            yield path.name
