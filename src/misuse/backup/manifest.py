"""What a backup says of itself, and whether that can be believed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from misuse.casebook import keeping
from misuse.errors import StoreError

NAME = "manifest.json"
FORMAT = 1
_LARGEST = 1 << 28  # bytes: some hundred thousand files
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Manifest:
    """A backup's contents. `files`: path to bytes, sha256, mode and changed; `links`: path to target; `tables`: store to table to
    rows and digests; `published`: run_id and digest of the list that readers saw; `casebook`: events and head."""

    taken_at: str
    gone_by: str
    program: str
    engine: str
    casebook_key: str  # its fingerprint, which tells one key from another and says nothing of either
    files: Mapping[str, Mapping[str, Any]]
    links: Mapping[str, str]
    tables: Mapping[str, Mapping[str, list[Any]]]
    published: Mapping[str, str]
    casebook: Mapping[str, Any]
    folders: Mapping[str, list[int]]  # path to mode and time of last change
    waiting: int  # files in the inbox, which are in no backup
    format: int = FORMAT

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(int(entry["bytes"]) for entry in self.files.values())

    @property
    def last_day(self) -> date:
        """The day by which no copy of it may be left, since it may hold what was put away."""
        return date.fromisoformat(self.gone_by)

    @property
    def at(self) -> datetime:
        """When it was taken, UTC without a zone."""
        return datetime.fromisoformat(self.taken_at)

    @property
    def text(self) -> str:
        """The canonical form, which is sealed."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical form: it stands for the whole backup."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def document(self, key: str) -> str:
        """What is written: the contents, their digest and its seal."""
        sealed = {**asdict(self), "digest": self.digest, "seal": keeping.mac(key, self.text)}
        return json.dumps(sealed, indent=1, sort_keys=True) + "\n"


def read(folder: Path) -> tuple[Manifest, str]:
    """A backup's manifest and its seal. Errors: StoreError for none, a damaged one, or one of a newer program."""
    path = folder / NAME
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            raise _no_backup(folder)
        document = json.loads(path.read_text(encoding="utf-8"))
        seal, digest = str(document.pop("seal")), str(document.pop("digest"))
        if int(document["format"]) > FORMAT:
            raise StoreError(f"{folder} was made by a newer program", next_step="use that program's version")
        found = Manifest(**document)
        is_sound = found.digest == digest and _is_sound(found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _no_backup(folder) from None
    if not is_sound:
        raise StoreError(f"the manifest of {folder} was changed or damaged", next_step="use another backup")
    return found, seal


def _no_backup(folder: Path) -> StoreError:
    return StoreError(
        f"{folder} is no whole backup: its {NAME} is missing or cannot be read",
        next_step="name a folder that misuse backup made; one whose name begins with a dot was never finished",
    )


def _is_sound(found: Manifest) -> bool:
    """Whether it names nothing outside the home that it is put back into, and what it says is of the right kind."""
    paths = [*found.files, *found.folders, *found.links]
    inside = [str(PurePosixPath(path).parent / target) for path, target in found.links.items()]
    entries = found.files.values()
    return (
        all(map(_is_inside, [*paths, *inside]))
        and all(_SHA256.fullmatch(entry["sha256"]) and entry["bytes"] >= 0 for entry in entries)
        and bool(found.at and found.last_day)
    )


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and path.parts[:1] != ("keys",)


def refuse_another_seal(found: Manifest, seal: str, key: str, folder: Path) -> None:
    """Errors: StoreError unless the manifest was sealed with the casebook key given."""
    if keeping.fingerprint(key) != found.casebook_key:
        raise StoreError(
            f"the casebook key given is not the one that {folder} was made with",
            next_step="give the keys from escrow that belong to that data home",
        )
    if keeping.mac(key, found.text) != seal:
        raise StoreError(
            f"the manifest of {folder} was not sealed with the casebook key: somebody changed it",
            next_step="keep it as it is, tell the auditor, and use another backup",
        )
