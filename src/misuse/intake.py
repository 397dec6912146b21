"""Files into the stores and out again: by name, from the inbox, by withdrawal."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from misuse import batch_note, casebook, inbox, ingest, models, sources, store, warehouse, wording
from misuse.errors import InputError, MisuseError, Refused
from misuse.progress import Tracker
from misuse.settings import Settings

LONGEST_NAME_BYTES = 255  # of a name in a folder, on every file system in use
GROWING_SECONDS = 600  # a file touched so recently is watched for growth before it is taken
WATCH_SECONDS = 0.3
FRESH_SECONDS = 30  # one touched only now is watched for longer
FRESH_WATCH_SECONDS = 2.0
TOLD = 3  # refused files that an error names in full


class StillGrowing(InputError):
    """A file that somebody is still writing: no fault, and taken next time."""

    exit_code = 0


class PassedOver(InputError):
    """What lies in a source's folder and is no file: told every time, and no fault of the files beside it."""

    exit_code = 0


def take_inbox(
    settings: Settings, now: datetime, actor: str, tracker: Tracker | None = None
) -> tuple[list[ingest.FileOutcome], list[MisuseError]]:
    """Ingest every settled file of inbox/<source>/, oldest name first; what is taken moves to taken/.

    One file's error never keeps another out: errors are returned, and their files stay where they are.
    """
    waiting = inbox.files(settings)
    growing = growing_files([path for _, path in waiting], now)
    outcomes: list[ingest.FileOutcome] = []
    errors: list[MisuseError] = [_growing(path) for path in sorted(growing)]
    errors += [PassedOver(cause, next_step=command) for cause, command in inbox.passed_over(settings)]
    settled = [(source, path) for source, path in waiting if path not in growing]
    if not settled:
        return outcomes, errors
    _refuse_mixed_inbox(settings, {source for source, _ in settled})
    with warehouse.opened(settings, with_vault=True) as con:
        ingest.load_rules(con, settings, {source for source, _ in settled})
        for source, delivered in settled:
            path = delivered
            try:
                path = inbox.unnumbered(delivered)
                before = _stamp(path)
                outcome = ingest.ingest_file(con, settings, path, source, actor=actor, now=now, tracker=tracker)
                outcomes.append(outcome)
                problem = _problem(outcome, path, is_changed=_stamp(path) != before)
                if problem:
                    errors.append(problem)
                else:
                    _move_to_taken(path, outcome.batch_id)
            except MisuseError as error:
                errors.append(error)
            except OSError as error:
                errors.append(
                    InputError(f"{_told(path)} cannot be moved: {error.strerror}", next_step="check its rights")
                )
    return outcomes, errors


def _growing(path: Path) -> StillGrowing:
    return StillGrowing(f"{_told(path)} is still growing and was left in the inbox", next_step="the next run takes it")


def _told(path: Path) -> str:
    return wording.without_telephone_numbers(path.name)


def with_refused(error: BaseException, refused: Sequence[MisuseError]) -> BaseException:
    """The error that ended a run, with what the inbox refused before: it may be why there was nothing to make a list of."""
    if not refused or not isinstance(error, MisuseError):
        return error
    shown = [f"{one.message.rstrip('.')} → {one.next_step}" if one.next_step else one.message for one in refused[:TOLD]]
    more = [f"{len(refused) - TOLD} more"] if len(refused) > TOLD else []
    told = type(error)(f"{error.message}; left in the inbox: {'; '.join([*shown, *more])}", next_step=error.next_step)
    told.beside = tuple(refused)
    return told


def _stamp(path: Path) -> tuple[int, int] | None:
    """Size and time of last change; None where the file is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _problem(outcome: ingest.FileOutcome, path: Path, *, is_changed: bool) -> MisuseError | None:
    """Why a file that was read stays in the inbox all the same."""
    if is_changed:
        return _growing(path)
    if outcome.is_over_limit:
        return InputError(
            f"{path.name}: {outcome.rejected} of {outcome.rows} rows were rejected, over the limit; the others went in, "
            "and the file stays in the inbox",
            next_step=f"misuse source check {path} --source {outcome.source}; then mend it, or take it out of the inbox",
        )
    return None


def _refuse_mixed_inbox(settings: Settings, found: set[str]) -> None:
    if ingest.SYNTHETIC_SOURCE in found and len(found) > 1:
        raise Refused(
            "the inbox holds the synthetic log beside a real one, and invented and real people never share a home",
            next_step=f"take {settings.inbox_path / ingest.SYNTHETIC_SOURCE} out of it",
        )
    for source in sorted(found):
        refuse_mixture(settings, source)


def growing_files(paths: list[Path], now: datetime) -> set[Path]:
    """Those files that change, or vanish, while they are watched; only ones touched lately are, the latest for longer."""
    moment = now.replace(tzinfo=now.tzinfo or UTC).timestamp()
    stamps = {path: _stamp(path) for path in paths}
    ages = {path: moment - stamp[1] / 1e9 for path, stamp in stamps.items() if stamp}
    recent = [path for path in paths if ages.get(path, 0.0) < GROWING_SECONDS]
    if not recent:
        return set()
    is_fresh = any(ages.get(path, 0.0) < FRESH_SECONDS for path in recent)
    time.sleep(FRESH_WATCH_SECONDS if is_fresh else WATCH_SECONDS)
    return {path for path in recent if _stamp(path) != stamps[path] or stamps[path] is None}


def _move_to_taken(path: Path, batch_id: str) -> None:
    taken = path.parent / inbox.TAKEN
    taken.mkdir(mode=0o700, exist_ok=True)
    shutil.move(path, taken / _shortened(f"{batch_id}-{path.name}"))


def _shortened(name: str) -> str:
    """At most as long as a name in a folder may be; its end, by which the kind of file is known, stays."""
    over = len(name.encode()) - LONGEST_NAME_BYTES
    if over <= 0:
        return name
    stem, kind = Path(name).stem.encode(), Path(name).suffix
    return stem[:-over].decode(errors="ignore") + kind


def withdraw(settings: Settings, batch_id: str, *, reason: str, actor: str, now: datetime) -> None:
    """Take a batch back out and record who did, and why."""
    with casebook.opened(settings) as book:
        book.admit("withdraw_batch", actor, occurred_at=now)

        def record() -> None:
            payload = {"batch_id": batch_id, "reason": reason}
            book.record("batch_withdrawn", actor=actor, occurred_at=now, payload=payload)

        with warehouse.opened(settings, with_vault=True) as con:
            ingest.withdraw(con, batch_id, reason=reason, actor=actor, now=now, before=record)
            batch_note.write(con, settings)


def ingest_files(
    settings: Settings, paths: list[Path], source: str, *, actor: str, now: datetime, tracker: Tracker | None = None
) -> Iterator[ingest.FileOutcome | MisuseError]:
    """Take files in one after another; one file's error never keeps another out."""
    sources.load_layout(settings, source)
    with warehouse.opened(settings, with_vault=True) as con:
        ingest.load_rules(con, settings, {source})
        for path in paths:
            try:
                yield ingest.ingest_file(con, settings, path, source, actor=actor, now=now, tracker=tracker)
            except MisuseError as error:
                yield error


def refuse_mixture(settings: Settings, source: str) -> None:
    """Keep invented people and real ones in homes of their own. Errors: Refused."""
    if not warehouse.warehouse_path(settings).exists():
        return
    held = {str(row["source"]) for row in batch_ledger(settings) if row["state"] == "in"}
    is_synthetic = source == ingest.SYNTHETIC_SOURCE
    if held and (ingest.SYNTHETIC_SOURCE in held) != is_synthetic:
        what = "the synthetic demonstration" if ingest.SYNTHETIC_SOURCE in held else "a real log"
        raise Refused(
            f"{settings.home} holds {what}, and invented and real people never share a home",
            next_step="give this log a home of its own: MISUSE_HOME=another/folder misuse …",
        )


def batch_ledger(settings: Settings) -> list[dict[str, Any]]:
    """Every file taken in, oldest first, withdrawn ones too."""
    with warehouse.opened(settings) as con:
        return store.rows(models.select(con, "ingest/batch_list", {}))
