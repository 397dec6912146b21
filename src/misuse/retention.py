"""What is kept no longer than it must be: old published copies and reports, scratch files, rejected rows, logs taken in long
ago, who held the numbers of quiet callers on whom nobody ever acted, and models of identity that another replaced.

What a frozen list was decided on stays, and so do the casebook and the calls themselves. Prefect's own records of
runs are pruned by its server (flows/children.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from misuse import casebook, disposal, models, publication, vault, warehouse
from misuse.settings import Settings

SCRATCH_DAYS = 1.0  # a half-made file so old belongs to nobody


@dataclass(frozen=True)
class Retained:
    """How many of each went, or would go."""

    published_copies: int
    report_folders: int
    scratch_files: int
    rejected_rows: int
    taken_logs: int
    unconfirmed_numbers: int
    replaced_models: int
    is_dry_run: bool = False

    def counts(self) -> dict[str, int]:
        """The numbers alone."""
        return {name: int(count) for name, count in asdict(self).items() if name != "is_dry_run"}

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For a person."""
        verb = "would go" if self.is_dry_run else "gone"
        return [f"{name.replace('_', ' ')} {verb}: {count:,}" for name, count in self.counts().items()]


def retain(settings: Settings, now: datetime, *, dry_run: bool = False) -> Retained:
    """Remove what is past its time and record the counts in the casebook; a dry run only counts.

    Errors: LockHeld while a run writes.
    """
    with warehouse.writer(settings):
        done = Retained(
            published_copies=_published_copies(settings, dry_run=dry_run),
            report_folders=_removed(old_reports(settings), dry_run=dry_run),
            scratch_files=_removed(stale_scratch(settings, now), dry_run=dry_run),
            rejected_rows=_rejected_rows(settings, now, dry_run=dry_run),
            taken_logs=_removed(old_taken_logs(settings, now), dry_run=dry_run),
            unconfirmed_numbers=disposal.never_confirmed(settings, now, dry_run=dry_run),
            replaced_models=_replaced_models(settings, now, dry_run=dry_run),
            is_dry_run=dry_run,
        )
        if not dry_run:
            with casebook.opened(settings) as book:
                counts = {"counts": done.counts()}
                book.record("retention_done", actor=casebook.PIPELINE, occurred_at=now, payload=counts)
    return done


def old_reports(settings: Settings) -> list[Path]:
    """Report folders past the newest few, unless a list of theirs was frozen or their run is still published."""
    if not settings.reports_path.is_dir():
        return []
    folders = [path for path in settings.reports_path.iterdir() if path.is_dir() and not path.is_symlink()]
    newest_first = sorted(folders, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    kept = frozen_runs(settings) | {path.stem for path in settings.published_path.glob("*.duckdb")}
    return [path for path in newest_first[settings.keep_published :] if path.name not in kept]


def frozen_runs(settings: Settings) -> set[str]:
    """Runs whose list a meeting decided on."""
    if not casebook.casebook_path(settings).exists():
        return set()
    with casebook.opened(settings) as book:
        return {event.run_id for event in book.entries("list_frozen") if event.run_id}


def stale_scratch(settings: Settings, now: datetime) -> list[Path]:
    """Spilled and half-made files that nobody has touched for a day."""
    before = (now.replace(tzinfo=UTC) if now.tzinfo is None else now) - timedelta(days=SCRATCH_DAYS)
    return [path for path in _scratch(settings.home) if path.lstat().st_mtime < before.timestamp()]


def old_taken_logs(settings: Settings, now: datetime) -> list[Path]:
    """Logs taken from the inbox so long ago that the vault alone should hold what they hold."""
    before = (now.replace(tzinfo=UTC) if now.tzinfo is None else now) - timedelta(days=settings.keep_taken_days)
    taken = settings.inbox_path.glob("*/taken/*")
    return sorted(path for path in taken if path.is_file() and path.stat().st_ctime < before.timestamp())


def _scratch(home: Path) -> Iterator[Path]:
    folder = home / "scratch"
    if folder.is_dir():
        yield from folder.iterdir()
    yield from home.glob(".*.json.*")
    yield from home.glob("*.json.tmp")


def _removed(paths: list[Path], *, dry_run: bool) -> int:
    """Remove files and folders; how many."""
    for path in () if dry_run else paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return len(paths)


def _published_copies(settings: Settings, *, dry_run: bool) -> int:
    return len(publication.surplus(settings) if dry_run else publication.collect(settings))


def _rejected_rows(settings: Settings, now: datetime, *, dry_run: bool) -> int:
    """Rejected rows hold a caller's data in their raw text."""
    if not (vault.vault_path(settings).exists() and warehouse.warehouse_path(settings).exists()):
        return 0
    utc = now.astimezone(UTC).replace(tzinfo=None) if now.tzinfo else now
    values = {"before": utc - timedelta(days=settings.keep_rejected_days)}
    name = "retention/due_rejected_rows" if dry_run else "retention/delete_rejected_rows"
    with warehouse.opened(settings, with_vault=True) as con:
        row = models.select(con, name, values).fetchone()
        return int(row[0]) if row else 0


def _replaced_models(settings: Settings, now: datetime, *, dry_run: bool) -> int:
    """Models that another replaced hold the names of those who were in the log when they were made."""
    if not (vault.vault_path(settings).exists() and warehouse.warehouse_path(settings).exists()):
        return 0
    values = {"before": disposal.earlier(now, settings.rights.keep_unconfirmed_months)}
    with warehouse.opened(settings, with_vault=True) as con:
        due = len(models.select(con, "retention/due_models", values).fetchall())
        if due and not dry_run:
            models.build(con, "retention/due_models", values, temporary=True)
            models.script(con, "retention/forget_models", {})
            models.drop_temporary(con, "due_models")
    return due
