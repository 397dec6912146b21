"""What the data home takes of its disk, and for how long what is free will do: read from a listing, no store opened."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from misuse.settings import Settings

LEAST_FREE_BYTES = 1 << 30
SHORT_DAYS = 30  # room for less is told: long enough to order a disk
LEAST_DAYS = 2  # between the copies that growth is read from


@dataclass(frozen=True)
class Disk:
    """Bytes: free, of the stores, of published copies, of everything else in the home; what a run may need; growth."""

    free: int
    stores: int
    published: int
    rest: int
    copies: int
    daily_growth: float | None  # None where no two kept copies tell

    @property
    def needed(self) -> int:
        """A run writes the stores' size about once more: published copy, spilling, backup before a migration."""
        return max(LEAST_FREE_BYTES, 2 * self.stores)

    @property
    def days(self) -> int | None:
        """For how many days of the log there is room, as it grows now; None where that cannot be told or it shrinks."""
        if not self.daily_growth or self.daily_growth <= 0:
            return None
        return max(0, int((self.free - self.needed) / self.daily_growth))

    @property
    def is_short(self) -> bool:
        """Whether somebody must act."""
        return self.free < self.needed or (self.days is not None and self.days < SHORT_DAYS)

    def cause(self, home: Path) -> str:
        """The line of the status."""
        told = f"{_size(self.free)} free under {home}" if self.is_short else f"{_size(self.free)} free"
        if self.free < self.needed:
            told += f", a run may need {_size(self.needed)}"
        told += (
            f"; stores {_size(self.stores)}, {self.copies} published {_size(self.published)}, else {_size(self.rest)}"
        )
        return told if self.days is None else f"{told}; as the log grows, room for {_days(self.days)}"


def disk(settings: Settings) -> Disk:
    """Look at the home and its disk. Files that vanish meanwhile are not counted."""
    copies = published_copies(settings)
    stores = sum(_bytes(path) for path in settings.home.glob("*.duckdb"))
    stores += sum(_bytes(path) for path in settings.home.glob("casebook.sqlite*"))
    published = _total(settings.published_path)
    return Disk(
        free=shutil.disk_usage(settings.home).free,
        stores=stores,
        published=published,
        rest=max(0, _total(settings.home) - stores - published),
        copies=len(copies),
        daily_growth=_growth(settings, copies, stores),
    )


def published_copies(settings: Settings) -> list[tuple[date, int]]:
    """Of each kept copy the day it speaks for and its bytes, earliest first."""
    found = []
    for path in settings.published_path.glob("*.duckdb"):
        if path.is_symlink():
            continue
        try:
            found.append((datetime.strptime(path.stem[:8], "%Y%m%d").date(), _bytes(path)))  # noqa: DTZ007 - a day
        except ValueError:
            continue
    return sorted(found)


def _growth(settings: Settings, copies: list[tuple[date, int]], stores: int) -> float | None:
    """Bytes a day: as the copies grew, each of those kept, and the stores in the same measure."""
    if not copies or (copies[-1][0] - copies[0][0]).days < LEAST_DAYS or not copies[-1][1]:
        return None
    (first, before), (last, now) = copies[0], copies[-1]
    a_day = (now - before) / (last - first).days
    return a_day * (settings.keep_published + stores / now)


def _total(folder: Path) -> int:
    return sum(_bytes(Path(root) / name) for root, _, names in os.walk(folder) for name in names)


def _bytes(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _days(count: int) -> str:
    return "over two years" if count > 730 else f"about {count} days"
