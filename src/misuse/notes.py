"""Small files of one JSON object each, by which one process tells another: read as they are, replaced whole."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def read(path: Path) -> dict[str, Any]:
    """A small file's object; empty where it is absent or unreadable."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a small file as a whole: a reader sees the old or the new one. Readable by its owner alone."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
        file.write("\n")
    scratch.replace(path)


def moment(text: object) -> datetime | None:
    """A time from its ISO form, in UTC where it names no zone."""
    try:
        return in_utc(datetime.fromisoformat(text)) if isinstance(text, str) else None
    except ValueError:
        return None


def in_utc(at: datetime) -> datetime:
    """The time with its zone; what is stored has none and means UTC."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
