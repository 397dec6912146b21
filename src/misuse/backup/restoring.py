"""Putting a backup back: into an empty home, compared file by file and table by table, opened, and only then in place."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from misuse import casebook, disposal, vault, warehouse
from misuse.backup import copying, manifest, reading
from misuse.backup.manifest import Manifest
from misuse.casebook import keeping
from misuse.errors import Refused, StoreError, UsageError
from misuse.progress import Silent, Tracker
from misuse.settings import Settings
from misuse.vault import keys

KEYS = ("vault", "token", "casebook")


@dataclass(frozen=True)
class Restored:
    """A home that was put back, and what is left to do."""

    home: Path
    manifest: Manifest
    newer_certificates: tuple[str, ...]
    faults: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "home": str(self.home),
            "digest": self.manifest.digest,
            "taken_at": self.manifest.at,
            "files": len(self.manifest.files),
            "bytes": self.manifest.size,
            "published": dict(self.manifest.published),
            "casebook": dict(self.manifest.casebook),
            "newer_certificates": list(self.newer_certificates),
            "faults": list(self.faults),
        }


def checked(backup: Path, settings: Settings, escrow: Path | None = None) -> Manifest:
    """A backup's manifest, each file read and compared with it; its seal too, where the casebook key is to be had.

    Errors: StoreError naming what is missing, damaged, or more than it should be.
    """
    found, seal = manifest.read(backup)
    key = _casebook_key(settings, escrow)
    if key:
        manifest.refuse_another_seal(found, seal, key, backup)
    for name, entry in found.files.items():
        try:
            held = copying.digest_of(backup / name)
        except OSError as error:
            raise StoreError(f"{backup / name}: {os.strerror(error.errno or 0)}", next_step=_ANOTHER) from None
        if held != (entry["bytes"], entry["sha256"]):
            raise StoreError(f"{backup / name} is not as it was backed up", next_step=_ANOTHER)
    return found


_ANOTHER = "use another backup; this one is damaged"


def _casebook_key(settings: Settings, escrow: Path | None) -> str:
    path = (escrow or settings.home / "keys") / "casebook.key"
    if settings.casebook_key:
        return settings.casebook_key
    return keys.read(path, "the casebook key") if path.exists() else ""


def _refuse_unsealed(settings: Settings, escrow: Path | None) -> None:
    if escrow is not None:
        _keys_in(escrow)
    if not _casebook_key(settings, escrow):
        raise StoreError(
            "the casebook key was not given, and without it nobody can tell whether the backup was changed",
            next_step="add --keys FOLDER, the escrowed copy of keys/ with all three, or set MISUSE_CASEBOOK_KEY",
        )


def _keys_in(escrow: Path) -> list[str]:
    present = [name for name in KEYS if (escrow / f"{name}.key").exists()]
    if not present:
        raise UsageError(
            f"{escrow} holds none of {', '.join(f'{name}.key' for name in KEYS)}",
            next_step="name the folder with the escrowed copy of keys/",
        )
    return present


def restore(
    backup: Path,
    settings: Settings,
    *,
    escrow: Path | None,
    now: datetime,
    actor: str,
    is_late_wanted: bool = False,
    tracker: Tracker | None = None,
) -> Restored:
    """Put a backup back as the data home `settings.home`, which must be empty or absent; keys from the folder `escrow`,
    else from the environment.

    Everything is put into a folder beside it, compared with the manifest, opened with the keys, brought to this program's
    schema, and takes its name in one step. What certificates of newer backups beside it put away is put away again.
    Errors: Refused for a home that is not empty, or a backup past its day unless wanted; StoreError for a backup that is
    damaged or changed, and for keys that are not its own; ResourceError for want of room. After an error there is no home.
    """
    home = settings.home
    _refuse_a_home(home)
    _refuse_unsealed(settings, escrow)
    found = checked(backup, settings, escrow)
    if now.date() > found.last_day and not is_late_wanted:
        raise Refused(
            f"{backup} was to be gone by {found.gone_by}: it may hold people who were put away since",
            next_step="restore a newer one; where there is none, add --late, then put them away again",
        )
    home.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    copying.refuse_without_room(home.parent, found.size, "the restored home")
    _clear_half_made(home)
    with copying.half_made(home.parent / f".{home.name}.restoring-{os.getpid()}", f"the data home {home}") as half:
        inside = dataclasses.replace(settings, home=half)
        with (tracker or Silent()).step("Copying the backup"):
            _filled(backup, found, half, escrow)
        with (tracker or Silent()).step("Comparing and opening it"):
            _refuse_another(found, inside)
            newer = _newer_certificates(backup, found, inside)
            faults = _opened(found, inside, newer, backup, now, actor)
        _in_place(half, home)
    told = tuple(f"{left.get('case_ref', 'a person')}, put away {day}" for day, left in newer)
    return Restored(home, found, told, faults)


def _refuse_a_home(home: Path) -> None:
    if os.path.lexists(home) and (home.is_symlink() or not home.is_dir() or any(home.iterdir())):
        raise Refused(
            f"{home} is not empty, and a backup is never put back over anything",
            next_step="name another home with MISUSE_HOME, or move this one away",
        )
    if home.is_mount():
        raise UsageError(f"{home} is a disk's own folder", next_step="name a folder inside it with MISUSE_HOME")


def _clear_half_made(home: Path) -> None:
    """What a killed restore left; one that is still at it has a process."""
    for left in home.parent.glob(f".{home.name}.restoring-*"):
        if not Path("/proc", left.name.rpartition("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)


def _filled(backup: Path, found: Manifest, half: Path, escrow: Path | None) -> None:
    """Folders, files, links and keys; each file compared once more as it was copied."""
    for name in sorted(found.folders):
        copying.folder(half / name)
    for name, entry in found.files.items():
        if copying.copy(backup / name, half / name) != (entry["bytes"], entry["sha256"]):
            raise StoreError(f"{backup / name} changed while it was read", next_step=_ANOTHER)
        (half / name).chmod(int(entry["mode"]) & 0o750)
        os.utime(half / name, ns=(int(entry["changed"]),) * 2)  # what is kept, and what goes, is decided by age
    for name, target in found.links.items():
        (half / name).symlink_to(target)
    for name, (mode, changed) in sorted(found.folders.items(), reverse=True):
        (half / name).chmod(mode & 0o750)
        os.utime(half / name, ns=(changed, changed))
    if escrow is not None:
        _keys_from(escrow, half)
    half.chmod(0o750)


def _keys_from(escrow: Path, half: Path) -> None:
    for name in _keys_in(escrow):
        keys.write(half / "keys" / f"{name}.key", keys.read(escrow / f"{name}.key", f"the {name} key"))


def _refuse_another(found: Manifest, inside: Settings) -> None:
    """What the stores say now is what they said when the backup was taken."""
    if not inside.vault_key and "vault.duckdb" in found.files and not keys.key_path(inside, "vault").exists():
        raise StoreError(
            "the vault key was not given, and a backup holds none",
            next_step="add --keys FOLDER, the escrowed copy of keys/",
        )
    held = reading.tables(inside.home, inside, warehouse.scratch_path(inside))
    if found.engine == warehouse.engine() and held != {store: dict(tables) for store, tables in found.tables.items()}:
        differing = sorted(store for store in found.tables if held.get(store) != found.tables[store])
        raise StoreError(f"rows of {', '.join(differing)} are not those that were backed up", next_step=_ANOTHER)
    if found.engine == warehouse.engine() and reading.published(inside.home, dict(found.links)) != found.published:
        raise StoreError("the published list is not the one that was backed up", next_step=_ANOTHER)


def _newer_certificates(backup: Path, found: Manifest, inside: Settings) -> list[tuple[str, Mapping[str, Any]]]:
    """Certificates in the newest backup of the same home beside this one that this one lacks: of which day, and what they
    leave: lines, and the calls that stay barred."""
    newest, path = found, None
    for sibling in backup.parent.glob(f"{backup.name.rpartition('-')[0]}-*"):
        with contextlib.suppress(StoreError):
            other, _ = manifest.read(sibling)
            if other.casebook_key == found.casebook_key and other.at > newest.at:
                newest, path = other, sibling
    if path is None:
        return []
    beside = warehouse.scratch_path(inside) / "newer"
    copying.folder(beside)
    copying.copy(path / "casebook.sqlite", beside / "casebook.sqlite")
    key = keeping.held(casebook.casebook_path(inside), inside.casebook_key, is_used=True)
    with casebook.Casebook.open(beside / "casebook.sqlite", key=key) as book:
        since = [event for event in book.entries("disposed") if event.event_id > int(found.casebook["events"])]
    shutil.rmtree(beside)
    return [(event.occurred_at[:10], event.data.get("leaves") or {}) for event in since]


def _opened(
    found: Manifest,
    inside: Settings,
    newer: list[tuple[str, Mapping[str, Any]]],
    backup: Path,
    now: datetime,
    actor: str,
) -> tuple[str, ...]:
    """Open every store as a run would, which brings an older schema forward; record the restoring. Faults of the record."""
    if (inside.home / "warehouse.duckdb").exists():
        with warehouse.opened(inside, with_vault=vault.vault_path(inside).exists()) as con:
            disposal.forget(con, [line for _, left in newer for line in left.get("lines") or ()])
    shutil.rmtree(inside.home / "backups", ignore_errors=True)  # the backup itself is the copy before a migration
    with casebook.opened(inside) as book:
        if (book.count(), book.head()) != (found.casebook["events"], found.casebook["head"]):
            raise StoreError("the casebook is not the one that was backed up", next_step=_ANOTHER)
        faults = tuple(map(str, book.faults()))
        barred = sorted({str(call) for _, left in newer for call in left.get("barred") or ()})
        payload: dict[str, Any] = {"backup": backup.name, "digest": found.digest, "taken_at": found.taken_at}
        payload |= {"barred": barred} if barred else {}
        book.record("backup_restored", actor=actor, occurred_at=now, payload=payload)
    for left in ("casebook.sqlite-wal", "casebook.sqlite-shm", "writer.lock"):
        (inside.home / left).unlink(missing_ok=True)
    return faults


def _in_place(half: Path, home: Path) -> None:
    try:
        copying.in_place(half, home)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise Refused(f"{home} was made meanwhile", next_step="move it away, then try again") from None
        raise
