"""The published copy: checked relations in a file of their own behind a stable path, and its only opener here.

A file is written under its run's name, made durable, and only then the pointer `current.duckdb`
moves, in one step: a reader sees the old copy or the new one, whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import outgoing, store
from misuse.errors import MisuseError, Refused, ResourceError, StoreError, UsageError, is_of_rights, is_out_of_room
from misuse.schemas import PUBLISHED, UNDIGESTED, Relation
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import polars

# A run's copy may be collected between reading the pointer and opening it; the pointer then moved on, and may again where
# twenty read at once on two processors. Where nothing is published an attempt costs next to nothing.
OPEN_ATTEMPTS = 50


# ── writing ────────────────────────────────────────────────────────────────────────────────────


def publish(
    con: duckdb.DuckDBPyConnection, settings: Settings, run_id: str, *, force: bool = False, base: Path | None = None
) -> Path:
    """Copy the relations of schemas.PUBLISHED out of the warehouse `con` and point readers at the copy.

    `base` is an earlier copy to go from, as this program published it.
    Errors: Refused where readers would go back to an earlier as-of, unless forced; StoreError where a
    relation is missing or of another shape; ResourceError where the disk is full.
    """
    import duckdb

    target = run_path(settings, run_id)
    if not force:
        _refuse_earlier(settings, _as_of(con, run_id), run_id)
    settings.published_path.mkdir(parents=True, exist_ok=True)
    settings.home.chmod(0o750)
    settings.published_path.chmod(0o750)  # whatever the umask: analysts read as the group
    half = target.with_suffix(".duckdb.tmp")
    _discard(half)
    try:
        calls_put_in = outgoing.write(con, half, base)
    except BaseException as error:
        _discard(half)
        if isinstance(error, duckdb.Error) or is_out_of_room(error):
            raise _write_error(run_id, error) from None
        raise
    half.chmod(0o640)
    _sync(half)
    half.replace(target)
    _point(settings, target)
    outgoing.remember(con, run_id, calls_put_in)
    return target


def base(settings: Settings, digests: Mapping[str, str]) -> Path | None:
    """The copy that readers see, for the next to go from, if it is by its digest what its run published; or None."""
    current = settings.current_path.resolve()
    known = digests.get(current.stem)
    return current if known and current.is_file() and file_digest(current) == known else None


def run_path(settings: Settings, run_id: str) -> Path:
    """Where a run's copy lies. Errors: UsageError for an id that is no plain name."""
    if not run_id or Path(run_id).name != run_id or run_id.startswith(".") or run_id == "current":
        raise UsageError(f"{run_id!r} is no run id", next_step="see `misuse runs`")
    return settings.published_path / f"{run_id}.duckdb"


def _write_error(run_id: str, error: BaseException) -> MisuseError:
    if is_out_of_room(error):
        return ResourceError(f"no room to publish run {run_id}", next_step="free disk space, then misuse run")
    return StoreError(
        f"run {run_id} could not be published: a relation is missing or not as declared ({type(error).__name__})",
        next_step="the earlier list stands; run again, and report the run's id if it fails again",
    )


def _discard(half: Path) -> None:
    for path in (half, half.with_name(half.name + ".wal")):
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _point(settings: Settings, target: Path) -> None:
    """Move the pointer in one step: a link made beside it takes its place."""
    beside = settings.published_path / "current.duckdb.tmp"
    beside.unlink(missing_ok=True)
    beside.symlink_to(target.name)
    beside.replace(settings.current_path)
    _sync(settings.published_path)


def store_frame(con: duckdb.DuckDBPyConnection, name: str, frame: polars.DataFrame) -> None:
    """Make, or make anew, the declared relation `name` from a frame, in declared columns and types."""
    relation = declared(name)
    con.register("incoming_frame", frame)
    try:
        con.execute("drop table if exists " + relation.name)
        outgoing.typed(con.table("incoming_frame"), relation).create(relation.name)
    finally:
        con.unregister("incoming_frame")


def declared(name: str) -> Relation:
    """The declaration of a published relation."""
    return next(relation for relation in PUBLISHED if relation.name == name)


# ── the pointer and what is kept ───────────────────────────────────────────────────────────────


def repoint(
    settings: Settings, run_id: str, *, force: bool = False, before: Callable[[], object] | None = None
) -> None:
    """Point readers at a kept run; `before` is called once nothing stands in the way, to record it.

    Errors: UsageError for a run not kept, Refused for an earlier as-of unless forced.
    """
    target = kept_copy(settings, run_id)
    if not force:
        with _attached(settings, target) as con:
            _refuse_earlier(settings, _as_of(con, run_id), run_id)
    if before is not None:
        before()
    _point(settings, target)


def kept_copy(settings: Settings, run_id: str) -> Path:
    """A kept run's copy. Errors: UsageError for a run not kept."""
    target = run_path(settings, run_id)
    if not target.is_file():
        raise UsageError(f"run {run_id} is not kept", next_step="misuse publish, without a run, lists those that are")
    return target


def _as_of(con: duckdb.DuckDBPyConnection, run_id: str) -> date:
    row = con.execute("select as_of from runs where run_id = $run_id", {"run_id": run_id}).fetchone()
    if row is None:
        raise StoreError(f"the relation runs has no row of run {run_id}", next_step="run again with `misuse run`")
    as_of: date = row[0]
    return as_of


def _refuse_earlier(settings: Settings, as_of: date, run_id: str) -> None:
    if not settings.current_path.exists():
        return
    with opened(settings) as con:
        current = _as_of(con, settings.current_path.resolve().stem)
    if as_of < current:
        raise Refused(
            f"run {run_id} speaks for {as_of}, the published list for {current}: readers never go back",
            next_step="add --force to put the earlier one in its place",
        )


def kept(settings: Settings) -> list[dict[str, Any]]:
    """Every copy that is kept, newest first: run_id, as_of, is_current."""
    found = []
    for path in reversed(_copies(settings)):
        with _attached(settings, path) as con:
            as_of = _as_of(con, path.stem)
        found.append({"run_id": path.stem, "as_of": as_of, "is_current": path == settings.current_path.resolve()})
    return found


def run_history(settings: Settings) -> list[dict[str, Any]]:
    """Every run of the published relation `runs`, newest first."""
    with opened(settings) as con:
        return store.rows(con.execute("select * from runs order by as_of desc, started_at desc, run_id"))


def collect(settings: Settings) -> list[Path]:
    """Remove the surplus copies, and what a crash left half-made; returns the copies that went."""
    old = surplus(settings)
    left = [path for path in settings.published_path.glob("*.duckdb.tmp*") if not path.is_symlink()]
    for path in (*old, *left):
        path.unlink()
    return old


def surplus(settings: Settings) -> list[Path]:
    """All but the last few copies, of these the oldest while they take more than they may together; never the one that
    readers see.
    """
    copies, current = _copies(settings), settings.current_path.resolve()
    room = settings.published_gigabytes * 1_000_000_000 - (current.stat().st_size if current in copies else 0)
    kept = {current}
    for path in reversed(copies[-settings.keep_published :]):
        room -= path.stat().st_size if path != current else 0
        kept |= {path} if room >= 0 else set()
    return [path for path in copies if path not in kept]


def _copies(settings: Settings) -> list[Path]:
    """The copies as resolved paths, oldest first."""
    root = settings.published_path.resolve()
    files = [path for path in root.glob("*.duckdb") if not path.is_symlink()]
    return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))


# ── reading ────────────────────────────────────────────────────────────────────────────────────


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published copy, open for reading only, and nothing else: no file, no network, no setting.

    Errors: StoreError where nothing is published yet or the copy is damaged.
    """
    con = next(filter(None, (_open_current(settings) for _ in range(OPEN_ATTEMPTS))), None)
    if con is None:
        raise StoreError(f"nothing is published at {settings.current_path}", next_step="run: misuse run")
    with contextlib.closing(con):
        yield con


@contextlib.contextmanager
def _attached(settings: Settings, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    con = _open(settings, path)
    if con is None:
        raise StoreError(f"{path} is gone", next_step="misuse publish, without a run, lists what is kept")
    with contextlib.closing(con):
        yield con


@contextlib.contextmanager
def opened_kept(settings: Settings, run_id: str) -> Iterator[duckdb.DuckDBPyConnection | None]:
    """The same of an earlier run's copy; None where it is kept no more."""
    target = run_path(settings, run_id)
    con = _open(settings, target) if target.is_file() else None
    try:
        yield con
    finally:
        if con is not None:
            con.close()


def _open_current(settings: Settings) -> duckdb.DuckDBPyConnection | None:
    target = settings.current_path.resolve()
    return _open(settings, target) if target.is_file() else None


def _open(settings: Settings, path: Path) -> duckdb.DuckDBPyConnection | None:
    """A sandbox of its own with the file attached; None where the file vanished meanwhile.

    Attached, since DuckDB shares an opened file within a process, settings and all, even when it was replaced.
    """
    import duckdb

    con = duckdb.connect(":memory:", config={"temp_directory": "", "python_enable_replacements": "false"})
    try:
        con.execute("attach " + outgoing.literal(str(path)) + " as published (read_only)")
        con.execute(_SANDBOX)
        con.execute("set memory_limit = " + outgoing.literal(settings.memory_limit))
        if settings.threads:
            con.execute("set threads = " + str(settings.threads))
        con.execute("set lock_configuration = true")
    except duckdb.Error as error:
        con.close()
        if not path.exists():
            return None
        if is_of_rights(error):
            raise StoreError(
                f"the published copy {path.name} may not be read by this user", next_step="check its rights"
            ) from None
        raise StoreError(
            f"the published copy {path.name} is damaged", next_step="misuse publish RUN points readers at another"
        ) from None
    return con


_SANDBOX = """
use published;
set TimeZone = 'UTC';
set enable_progress_bar = false;
set autoinstall_known_extensions = false;
set autoload_known_extensions = false;
set enable_external_access = false
"""


# ── digest and dictionary ──────────────────────────────────────────────────────────────────────


def digest(path: Path) -> str:
    """SHA-256 of what a copy says: free of row order, of run ids, and of the relations that tell when and how.

    caller_changes is left out too: it tells which ids earlier runs published.
    """
    total = hashlib.sha256()
    with _attached(Settings(), path) as con:
        for relation in PUBLISHED:
            if relation.name not in UNDIGESTED:
                columns = [name for name in relation.column_names if name != "run_id"]
                found = con.table(relation.name).aggregate(_row_digests(columns)).fetchone()
                total.update("|".join((relation.name, *columns, *map(str, found or ()))).encode())
    return total.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a copy's bytes, which the casebook keeps: a file that was put in its place has another."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_as_published(settings: Settings, digests: Mapping[str, str]) -> bool:
    """Whether the copy that readers see is the one that was published, by digests of runs; true where none is known."""
    current = settings.current_path.resolve()
    known = digests.get(current.stem)
    return known is None or not current.is_file() or file_digest(current) == known


def _row_digests(columns: list[str]) -> str:
    """Rows, and the sum of their hashes: a sum does not mind the order, and tells two equal rows from none."""
    cells = ", ".join("coalesce(" + name + "::varchar, chr(30))" for name in columns)
    row = "concat_ws(chr(31), " + cells + ")"
    return "count(*), sum(md5_number_lower(" + row + ")::hugeint), sum(md5_number_upper(" + row + ")::hugeint)"


def data_dictionary() -> str:
    """docs/data-dictionary.md: every published relation and column, as their comments say."""
    lines = [
        "# Data dictionary",
        "",
        "What `published/current.duckdb` holds, generated from src/misuse/schemas/; the file's own comments say the",
        "same (`select * from duckdb_columns()`). Times are UTC, except columns ending `_local`; the lists as CSV and",
        "every `--json` but that of `misuse sql` give the reporting zone's, with their offset. The relations are",
        "pseudonymous personal data: they hold no number, name, address or remark. Reading the file directly is not",
        "logged; `misuse sql` is.",
    ]
    for relation in PUBLISHED:
        lines += ["", f"## {relation.name}", "", relation.comment, "", f"Key: {', '.join(relation.key)}.", ""]
        lines += ["| column | type | meaning |", "|---|---|---|"]
        lines += [f"| {c.name} | {c.type} | {c.comment.replace('|', '/')} |" for c in relation.columns]
    return "\n".join(lines) + "\n"
