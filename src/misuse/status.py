"""How things stand, a line each with its cause and a command: for the morning, for `--check`, for the scheduler.

Everything is read from small files, a listing of the inbox and the published copy, so that it takes a fraction of a
second and works while a run writes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from misuse import batch_note, casebook, disk, inbox, last_run, notes, publication, published_callers, vault, wording
from misuse.errors import MisuseError
from misuse.settings import Settings
from misuse.staleness import hours_old

DEAD_AFTER = timedelta(seconds=90)  # without a heartbeat
LATE_AFTER = timedelta(hours=2)  # after its hour, since one run waits for another
SLOW_AFTER = timedelta(hours=6)
BACKUP_AFTER = timedelta(hours=50)  # two nights, and an hour for each
USUAL_HOURS = 36.0  # between files of a source that declares no `expected_every_hours`, where a scheduler is in use
RESTART = "misuse schedule (or: systemctl restart misuse)"

PUBLISHED_RUN = "select as_of, started_at from runs where run_id = $run_id"
LAST_ARRIVALS = "select source, max(ingested_at) from batches where not is_withdrawn group by source order by source"


@dataclass(frozen=True)
class Line:
    """One thing looked at: a word, what it is about, the cause, and what to type."""

    word: str  # ok, or in capitals what is the matter
    subject: str
    cause: str
    command: str = ""
    is_problem: bool = False

    @property
    def text(self) -> str:
        """The line as shown."""
        line = f"{self.word:<8}{self.subject}  {self.cause}"
        return f"{line} → {self.command}" if self.command else line

    def __str__(self) -> str:
        return self.text

    @property
    def key(self) -> str:
        """What stays the same while the problem does."""
        return f"{self.word} {self.subject}"


@dataclass(frozen=True)
class Status:
    """Every line, in the order a reader wants them."""

    home: str
    checked_at: datetime
    lines: tuple[Line, ...]

    @property
    def problems(self) -> tuple[Line, ...]:
        """The lines somebody must act on."""
        return tuple(line for line in self.lines if line.is_problem)

    def exit_code(self, *, check: bool) -> int:
        """1 where a check was asked for and something is the matter, else 0."""
        return 1 if check and self.problems else 0

    def as_json(self) -> dict[str, Any]:
        """The same for a program."""
        lines = [{**dataclasses.asdict(line), "text": line.text} for line in self.lines]
        return {
            "home": self.home,
            "checked_at": self.checked_at.isoformat(),
            "ok": not self.problems,
            "problems": len(self.problems),
            "lines": lines,
        }

    def as_text(self) -> str:
        """The same for a person."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True)
class _Published:
    """What stands behind the current pointer."""

    run_id: str
    as_of: date | None
    began: datetime | None
    arrivals: Mapping[str, datetime]
    suggestions: int = 0
    batches: Mapping[str, bool] = field(default_factory=dict)


def status(settings: Settings, now: datetime) -> Status:
    """Look at everything. Reads only; never raises for something that is broken, but says so."""
    now = notes.in_utc(now)
    if not settings.current_path.exists() and not last_run.path(settings).exists():
        lines: tuple[Line, ...] = (_nothing_yet(settings), *_scheduler(settings, now))
    else:
        found = _read_published(settings)
        lines = (
            *_published(settings, found, now),
            *_last_run(settings, now),
            *_left(settings, now),
            *_stops(settings, found),
            *_calls(settings, found),
            *_identity(settings, found),
            *_arrivals(settings, found, now),
            *_scheduler(settings, now),
            *_backup(settings, now),
            *_disk(settings),
        )
    return Status(str(settings.home), now, lines)


def _nothing_yet(settings: Settings) -> Line:
    if (settings.home / "warehouse.duckdb").exists():
        return Line("EMPTY", "list", "calls are in, but no list was ever published", "misuse run", is_problem=True)
    command = "misuse demo (a synthetic year), or misuse source draft FILE, then misuse run"
    return Line("EMPTY", "home", f"nothing has been set up in {settings.home}", command, is_problem=True)


def _read_published(settings: Settings) -> _Published | str | None:
    """What is published; None where nothing is, a reason where it can't be read."""
    if not settings.current_path.exists():
        return None
    import duckdb

    try:
        with publication.opened(settings) as con:
            run_id = settings.current_path.resolve().stem
            as_of, began = con.execute(PUBLISHED_RUN, {"run_id": run_id}).fetchone() or (None, None)
            arrivals = dict(con.execute(LAST_ARRIVALS).fetchall())
            told = dict(con.execute(batch_note.TOLD).fetchall())
            return _Published(run_id, as_of, began, arrivals, published_callers.open_suggestions(con), told)
    except (MisuseError, OSError, duckdb.Error) as error:
        return type(error).__name__


def _published(settings: Settings, found: _Published | str | None, now: datetime) -> Iterator[Line]:
    if found is None:
        yield Line("NONE", "published", "no list has been published yet", "misuse run", is_problem=True)
    elif isinstance(found, str):
        cause = f"the published copy cannot be read ({found})"
        yield Line(
            "DAMAGED",
            "published",
            cause,
            "misuse publish lists the copies kept; misuse publish RUN points readers at one",
            is_problem=True,
        )
    elif found.as_of is None:
        yield Line("ok", "published", f"run {found.run_id}")
    else:
        age = timedelta(hours=hours_old(found.as_of, settings, now))
        cause = f"run {found.run_id} as of {found.as_of}, {_span(age)} old"
        if age <= timedelta(hours=settings.stale_after_hours):
            yield Line("ok", "published", cause)
        else:
            cause += f", over {settings.stale_after_hours} h"
            command = f"put the missing log in {settings.inbox_path} and type misuse run"
            yield Line("STALE", "as-of", cause, command, is_problem=True)


def _last_run(settings: Settings, now: datetime) -> Iterator[Line]:
    last = notes.read(last_run.path(settings))
    state, run_id = last.get("status"), last.get("run_id") or "with no id"
    started, finished = notes.moment(last.get("started_at")), notes.moment(last.get("finished_at"))
    when = f"at {_local(finished or started, settings)}"
    if state == "failed":
        said = " ".join(str(last.get("error") or "no cause was recorded").split())
        command = str(last.get("next_step") or "misuse run")
        yield Line("FAILED", "last run", f"{run_id} {when}, because {said}", command, is_problem=True)
    elif last_run.is_run_dead(last):
        cause = f"{run_id} began {when} and was cut off: its process is gone"
        yield Line("DIED", "last run", cause, "misuse run", is_problem=True)
    elif state == "running" and started is not None and now - started > SLOW_AFTER:
        cause = f"{run_id} has been at it for {_span(now - started)}, process {last.get('pid')}"
        yield Line("SLOW", "last run", cause, f"kill {last.get('pid')}, then misuse run", is_problem=True)
    elif state == "running":
        yield Line("RUNNING", "last run", f"{run_id} since {_local(started, settings)}")
    elif state == "skipped":
        yield Line("ok", "last run", f"skipped {when}: nothing new had come in")
    elif state == "published":
        yield Line("ok", "last run", f"{run_id} published {when}")


def _arrivals(settings: Settings, found: _Published | str | None, now: datetime) -> Iterator[Line]:
    """A line for each source whose files are late, one for all that came."""
    known = found.arrivals if isinstance(found, _Published) else {}
    noted = notes.read(batch_note.note_path(settings)).get("arrived")  # since the run that is shown, too
    waiting = _waiting(settings)
    punctual = []
    for source in sorted({*settings.sources, *known}):
        every = _expected_hours(settings, source, source in known)
        if every is None:
            continue
        taken = notes.moment(noted.get(source)) if isinstance(noted, dict) else None
        times = (known.get(source), taken, *waiting.get(source, {}).values())
        came = max((notes.in_utc(at) for at in times if at is not None), default=None)
        if came is None or now - came > timedelta(hours=every):
            since = f"since {_local(came, settings)}" if came else "ever"
            cause = f"no file from {source} {since}; one is expected every {every:g} h"
            command = f"put it in {settings.inbox_path / source}, or check the feed"
            yield Line("MISSING", source, cause, command, is_problem=True)
        else:
            punctual.append(source)
    if punctual:
        yield Line("ok", "files", f"on time from {', '.join(punctual)}")


def _expected_hours(settings: Settings, source: str, is_known: bool) -> float | None:
    """How often a file of the source should come; None where nobody expects one."""
    declared = settings.sources.get(source, {}).get("expected_every_hours")
    if isinstance(declared, int | float) and not isinstance(declared, bool) and 0 <= declared <= 1_000_000:
        return float(declared) or None
    is_fed = is_known or (settings.inbox_path / source).is_dir()
    return USUAL_HOURS if is_fed and scheduler_path(settings).exists() else None


def _left(settings: Settings, now: datetime) -> Iterator[Line]:
    """A line for each inbox folder in which the last run left a file: what it takes, it moves away; half a rotation too."""
    if cause := vault.broken_off(settings, now):
        yield Line("LEFT", "vault", cause, "misuse run, then misuse vault rotate --reason WHY", is_problem=True)
    last = notes.read(last_run.path(settings))
    began = notes.moment(last.get("started_at"))
    for path in inbox.beside_folders(settings):
        command = f"move it into the folder of its source, {settings.inbox_path}/NAME/"
        name = wording.without_telephone_numbers(path.name)
        yield Line("LEFT", "inbox", f"{name} lies where no run looks", command, is_problem=True)
    for cause, command in inbox.passed_over(settings):
        yield Line("LEFT", "inbox", cause, command, is_problem=True)
    if began is None or last.get("status") not in ("published", "skipped", "failed"):
        return
    for source, files in _waiting(settings).items():
        left = [name for name, at in files.items() if at < began]
        if left:
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            name = wording.without_telephone_numbers(left[0])
            command = f"misuse source check {settings.inbox_path / source / name} --source {source}"
            yield Line("LEFT", source, f"the last run could not take {name}{more}", command, is_problem=True)


def _waiting(settings: Settings) -> dict[str, dict[str, datetime]]:
    """By source, the files that the next run would take, and when each was last written; what a run takes meanwhile is left out."""
    found: dict[str, dict[str, datetime]] = {}
    for source, path in inbox.files(settings):
        with contextlib.suppress(FileNotFoundError):
            found.setdefault(source, {})[path.name] = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    return found


def _scheduler(settings: Settings, now: datetime) -> Iterator[Line]:
    """Nothing at all where no scheduler was ever started here."""
    if not scheduler_path(settings).exists():
        return
    beat = notes.read(scheduler_path(settings))
    beaten, stopped = notes.moment(beat.get("beat_at")), notes.moment(beat.get("stopped_at"))
    if stopped is not None:
        cause = f"stopped at {_local(stopped, settings)}; nothing will run"
        yield Line("STOPPED", "scheduler", cause, RESTART, is_problem=True)
    elif beaten is None or now - beaten > DEAD_AFTER or not last_run.is_alive(int(beat.get("pid") or 0), None):
        cause = f"last beat {_local(beaten, settings)}, process {beat.get('pid', 'unknown')}"
        yield Line("DEAD", "scheduler", cause, RESTART, is_problem=True)
    elif beat.get("server") != "up":
        since = notes.moment(beat.get("started_at"))
        is_new = beat.get("server") == "starting" and since is not None and now - since < timedelta(minutes=5)
        cause = f"its server on port {beat.get('port')} is {beat.get('server')}"
        yield Line("ok" if is_new else "DEAF", "scheduler", cause, "" if is_new else RESTART, is_problem=not is_new)
    else:
        yield from _next_runs(settings, beat, now)


def _next_runs(settings: Settings, beat: Mapping[str, Any], now: datetime) -> Iterator[Line]:
    plan = {name: notes.moment(text) for name, text in (beat.get("next_runs") or {}).items()}
    began = notes.moment(beat.get("started_at"))
    is_settled = began is not None and now - began > timedelta(minutes=5)
    for name, due in plan.items():
        if due is None and is_settled:
            cause = f"{name} has an hour in misuse.toml, but no run is planned"
            yield Line("UNPLANNED", name, cause, RESTART, is_problem=True)
        elif due is not None and now - due > LATE_AFTER:
            cause = f"{name} was due at {_local(due, settings)} and has not begun"
            yield Line("LATE", name, cause, RESTART, is_problem=True)
    ahead = [f"{name} {_local(due, settings)}" for name, due in plan.items() if due]
    yield Line("ok", "scheduler", f"process {beat.get('pid')}; next {', '.join(ahead) or 'nothing'}")


def _backup(settings: Settings, now: datetime) -> Iterator[Line]:
    """How old the newest backup is; nothing where none was ever taken: the operator's own tools may do it."""
    noted = notes.read(last_backup_path(settings))
    taken = notes.moment(noted.get("taken_at"))
    if taken is None:
        return
    cause = f"{noted.get('name')} taken {_span(now - taken)} ago"
    if now - taken > BACKUP_AFTER:
        yield Line("OLD", "backup", cause, "misuse backup FOLDER, and look why its timer did not", is_problem=True)
    else:
        yield Line("ok", "backup", cause)


def last_backup_path(settings: Settings) -> Path:
    """Where the newest backup is noted."""
    return settings.home / "last_backup.json"


def _disk(settings: Settings) -> Iterator[Line]:
    found = disk.disk(settings)
    cause = found.cause(settings.home)
    if found.is_short:
        yield Line("DISK", "home", cause, "free space, or lower keep_published in misuse.toml", is_problem=True)
    else:
        yield Line("ok", "disk", cause)


def scheduler_path(settings: Settings) -> Path:
    """Where the scheduler's heartbeat is."""
    return settings.home / "scheduler.json"


def _may_know_more(book: Path, noted: Path) -> bool:
    """Whether the casebook may hold stops that the last run did not read: opening it costs more than all else here."""
    last = notes.read(noted)
    if last.get("status") not in ("published", "skipped") or last.get("is_behind"):
        return book.exists()
    ended = noted.stat().st_mtime_ns
    files = (book, book.with_name(book.name + "-wal"))
    return any(path.exists() and path.stat().st_mtime_ns > ended for path in files)


def _stops(settings: Settings, found: _Published | str | None) -> Iterator[Line]:
    """Stops that a person entered and no published list shows yet: since the run that is shown began, not since it ended."""
    book = casebook.casebook_path(settings)
    if book.exists() and not os.access(book, os.W_OK):  # rights, or a disk mounted for reading
        cause = f"nothing can be recorded: {book.name} cannot be written"
        yield Line(
            "SHUT", "casebook", cause, "give back the right, or look why the disk is for reading", is_problem=True
        )
        return
    if not _may_know_more(book, last_run.path(settings)):
        return
    began = notes.in_utc(found.began) if isinstance(found, _Published) and found.began else None
    try:
        with casebook.opened_to_read(settings) as reading:
            stops = reading.live_stops()
            why, live = reading.only_read, [stop for stop in stops if began is None or notes.in_utc(stop.at) > began]
    except MisuseError as error:
        yield Line("SHUT", "casebook", error.message, error.next_step or "misuse audit verify", is_problem=True)
        return
    if why:
        yield Line(
            "SHUT", "casebook", f"nothing can be recorded: {why}", "free space, or give back the right", is_problem=True
        )
    if live:
        cause = f"{len(live)} entered since the list was begun; `misuse list` and `misuse look` follow them already"
        yield Line("NEW", "stops", cause, "misuse run", is_problem=False)


def _calls(settings: Settings, found: _Published | str | None) -> Iterator[Line]:
    """Files that came in or went out since what is published; nothing while a run is at work, which reads them."""
    last = notes.read(last_run.path(settings))
    if not isinstance(found, _Published) or (last.get("status") == "running" and not last_run.is_run_dead(last)):
        return
    if cause := batch_note.since(notes.read(batch_note.note_path(settings)), found.batches):
        yield Line("NEW", "calls", cause, "misuse run", is_problem=False)


def _identity(settings: Settings, found: _Published | str | None) -> Iterator[Line]:
    """Whether a model links numbers to callers, and what waits for a person. Not asked of the vault: a run may hold it."""
    note = notes.read(identity_path(settings))
    in_force, candidate = note.get("in_force") or {}, note.get("candidate") or {}
    if not in_force:
        yield Line(
            "ok", "identity", "no model is trained, so each number is a caller of its own", "misuse identity train"
        )
        return
    waiting = found.suggestions if isinstance(found, _Published) else 0
    open_links = (
        f"; {wording.of(waiting, 'suggested link')} {'waits' if waiting == 1 else 'wait'} for a person"
        if waiting
        else ""
    )
    cause = (
        f"model {in_force.get('digest')} of {str(in_force.get('made_at'))[:10]} links numbers to callers{open_links}"
    )
    yield Line("ok", "identity", cause, "misuse identity links" if waiting else "")
    if candidate:
        cause = f"candidate {candidate.get('digest')} of {str(candidate.get('made_at'))[:10]} waits for a decision"
        yield Line("NEW", "model", cause, "misuse identity diff")


def identity_path(settings: Settings) -> Path:
    """Where the model in force and a waiting candidate are noted, by digest and day."""
    return settings.home / "identity.json"


def _local(at: datetime | None, settings: Settings) -> str:
    return f"{at.astimezone(ZoneInfo(settings.reporting_zone)):%Y-%m-%d %H:%M}" if at else "an unknown time"


def _span(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    if hours < 1:
        return f"{max(0, round(hours * 60))} min"
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"
