"""Call records in: accepted, rejected with reasons, duplicate, superseded; and out again by withdrawal.

For every file, always: rows read = accepted + rejected + duplicate + superseded. The state that
results is a function of the set of live rows, never of the order in which they came: of a call's
versions the highest rank wins, ties by the layout declared later, then by content digest (`misuse.versions`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import batch_note, keying, models, quality, rules, sources, store, versions, warehouse, wording
from misuse.errors import CheckFailed, InputError, UsageError
from misuse.progress import Silent, Tracker
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

# Invented people and real ones never share a home: a list of both would be a list of nobody.
SYNTHETIC_SOURCE = "synthetic"

READ_AGAIN = "read again with a corrected layout or clock"


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file's rows; the keys of `misuse ingest --json`, and more."""

    file: str
    source: str
    batch_id: str
    rows: int
    accepted: int
    rejected: int
    duplicate: int
    superseded: int
    reasons: dict[str, int] = field(default_factory=dict)
    oddities: dict[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    is_known_file: bool = False
    is_over_limit: bool = False

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self) | {"warnings": list(self.warnings)}

    def reconciles(self) -> bool:
        """Whether every row is accounted for."""
        return self.rows == self.accepted + self.rejected + self.duplicate + self.superseded


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes. Errors: InputError for one that cannot be read, or whose name the ledger cannot keep."""
    if (shown := os.fsencode(path).decode("utf-8", "backslashreplace")) != str(path):
        raise InputError(f"the name of {shown} is no text in UTF-8", next_step="rename the file, then try again")
    sources.refuse_pipe(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, not a log", next_step="name the files inside it") from None
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", next_step="check the path and its rights"
        ) from None


def ingest_file(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    path: Path,
    source: str,
    *,
    actor: str,
    now: datetime,
    tracker: Tracker | None = None,
) -> FileOutcome:
    """Take one file of a declared source in. `con` is the warehouse with the vault attached and rules loaded.

    Errors: InputError for a file that cannot be taken, KeyCollision for an id that is none,
    CheckFailed where a landing check does not hold. After an error nothing of the file is in.
    """
    layout = sources.load_layout(settings, source)
    digest = file_digest(path)
    limit = settings.limits.rejected_share if layout.reject_limit is None else layout.reject_limit
    known = con.execute(
        _KNOWN_FILE, {"digest": digest, "source": source, "layout": layout.digest, "now": now}
    ).fetchone()
    if known is not None:
        return _known_file(con, path, source, known, limit)
    batch_id, replaced = _new_batch_id(con, source, digest), _read_otherwise(con, source, digest)
    sweep(con)
    scratch = warehouse.scratch_path(settings)
    parameters = {
        "source": source,
        "batch_id": batch_id,
        "replaced": replaced,
        **keying.premises_parameters(layout),
        **versions.layout_parameters(con, layout),
        "now": now,
        "actor": actor,
    }
    try:
        with (tracker or Silent()).step(f"Reading {path.name}"):
            keyed = keying.of_source(con, layout.region, parameters)
            read = sources.read(con, path, layout, scratch=scratch, now=now, tracker=tracker or Silent(), keying=keyed)
        with (tracker or Silent()).step(f"Taking {path.name} in"):
            keying.judge_rows(con, parameters)
            found = versions.refuse_collisions(con, path, layout, read, parameters)
            outcome = _outcome(con, path, source, batch_id, read)
            outcome = dataclasses.replace(
                outcome,
                warnings=(
                    *_own_warnings(con, outcome, replaced),
                    *read.sheets_advice(),
                    *versions.warnings(found, layout, outcome.oddities),
                    *_check_landing(con, settings, batch_id, path, now, layout),
                ),
                is_over_limit=outcome.rejected > limit * outcome.rows,
            )
            _write(con, outcome, parameters, digest)
            batch_note.write(con, settings)
    finally:
        keying.forget(con)
    if replaced:
        sweep(con)
    return outcome


_KNOWN_FILE = """
select batch_id, rows_read, rejected
from batch_ledger
where
    file_digest = $digest and source = $source and layout_digest = $layout and withdrawn_at is null
    and not (
        ingested_at + interval 1 day <= $now
        and batch_id in (select reasons.batch_id from batch_reasons as reasons where reason = 'received_in_future')
    )
"""


# The same file under another layout is the same calls read anew, and so it is where a clock that was days behind took calls
# for calls of the future: what the earlier reading put in goes.
_OTHERWISE_READ_FILE = """
select batch_id
from batch_ledger
where file_digest = $digest and source = $source and withdrawn_at is null
order by ingested_at desc, batch_id desc
limit 1
"""


def _read_otherwise(con: duckdb.DuckDBPyConnection, source: str, digest: str) -> str:
    """The live batch of the same file that another layout read; "" for none."""
    row = con.execute(_OTHERWISE_READ_FILE, {"digest": digest, "source": source}).fetchone()
    return str(row[0]) if row else ""


def _known_file(
    con: duckdb.DuckDBPyConnection, path: Path, source: str, known: tuple[Any, ...], limit: float
) -> FileOutcome:
    """The same file again changes nothing: its good rows are duplicates, its bad ones were set aside before."""
    batch_id, rows, rejected = known
    return FileOutcome(
        file=str(path),
        source=source,
        batch_id=batch_id,
        rows=rows,
        accepted=0,
        rejected=rejected,
        duplicate=rows - rejected,
        superseded=0,
        reasons=_stored_reasons(con, batch_id, "rejected"),
        oddities=_stored_reasons(con, batch_id, "oddity"),
        is_known_file=True,
        is_over_limit=rejected > limit * rows,
    )


def _stored_reasons(con: duckdb.DuckDBPyConnection, batch_id: str, kind: str) -> dict[str, int]:
    found = con.execute(
        "select reason, rows from batch_reasons where batch_id = $batch_id and kind = $kind order by reason",
        {"batch_id": batch_id, "kind": kind},
    )
    return {str(reason): int(rows) for reason, rows in found.fetchall()}


def _new_batch_id(con: duckdb.DuckDBPyConnection, source: str, digest: str) -> str:
    """From source and contents; a withdrawn or differently declared file that comes again gets a number behind."""
    stem = "b" + hashlib.sha256(f"{source}\x1f{digest}".encode()).hexdigest()[:14]
    earlier = con.execute(
        "select count(*) from batch_ledger where starts_with(batch_id, $stem)", {"stem": stem}
    ).fetchone()
    return f"{stem}-{earlier[0] + 1}" if earlier and earlier[0] else stem


def _outcome(
    con: duckdb.DuckDBPyConnection, path: Path, source: str, batch_id: str, read: sources.SourceRead
) -> FileOutcome:
    verdicts = dict(
        con.execute("select verdict, count(*) from verdicts where origin = 'arrival' group by verdict").fetchall()
    )
    parsed = con.execute("select count(*) from parsed_rows").fetchone()
    duplicate, superseded = verdicts.get("duplicate", 0), verdicts.get("superseded", 0)
    outcome = FileOutcome(
        file=str(path),
        source=source,
        batch_id=batch_id,
        rows=read.rows,
        accepted=(parsed[0] if parsed else 0) - duplicate - superseded,
        rejected=sum(read.rejected.values()),
        duplicate=duplicate,
        superseded=superseded,
        reasons=dict(sorted(read.rejected.items())),
        oddities=dict(sorted((dict(read.oddities) | _number_oddities(con)).items())),
    )
    if not outcome.reconciles():
        raise InputError(
            f"{path.name}: {read.rows} rows were read but {outcome.accepted + outcome.rejected + duplicate + superseded} "
            "accounted for; nothing of the file went in",
            next_step="this is a fault of the program: keep the file and report it",
        )
    return outcome


def _number_oddities(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    found = con.execute(
        "select 'number_' || number_kind, count(*) from parsed_rows "
        "where number_kind in ('absent', 'malformed', 'placeholder', 'unallocated') group by number_kind"
    )
    oddities = {str(kind): int(rows) for kind, rows in found.fetchall()}
    free_text = con.execute("select count(free_text_codes) from parsed_rows").fetchone()
    return oddities | ({"code_is_free_text": int(free_text[0])} if free_text and free_text[0] else {})


def load_rules(con: duckdb.DuckDBPyConnection, settings: Settings, coming: Collection[str] = ()) -> None:
    """The reviewed rules and each source's code lists as tables, for models and checks; `coming` names those to go in."""
    layouts = {name: sources.load_layout(settings, name) for name in _sources_in_use(con, settings, coming)}
    loaded = rules.load()
    for table, rows in rules.tables(loaded, layouts).items():
        models.script(con, f"rules/{table}", {})
        insert_rows(con, table, rows)


def _sources_in_use(con: duckdb.DuckDBPyConnection, settings: Settings, coming: Collection[str]) -> list[str]:
    held = {str(row[0]) for row in con.execute("select distinct source from batch_ledger").fetchall()}
    return sorted((held | set(coming)) & set(sources.source_names(settings)) | set(settings.sources))


def insert_rows(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Put a few rows of rules or decisions into a table of ours, in one statement."""
    import polars as pl

    if rows:
        frame = pl.DataFrame(rows, schema=con.table(table).columns, orient="row", infer_schema_length=None)
        con.register("rows_to_insert", frame)
        con.table("rows_to_insert").insert_into(table)
        con.unregister("rows_to_insert")


def _check_landing(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    batch_id: str,
    path: Path,
    now: datetime,
    layout: sources.Layout,
) -> tuple[str, ...]:
    unread = sources.premises_advice(layout)
    mapped = [name for name in layout.columns if not (unread and name == "cli")]
    results = quality.check_landing(con, batch_id=batch_id, settings=settings, now=now, mapped=mapped)
    failed = [result.sentence for result in results if not result.holds and result.severity == "fail"]
    if failed:
        raise CheckFailed(f"{path.name}: nothing went in: {'; '.join(failed)}", next_step="mend the file or its layout")
    return (*unread, *(result.sentence for result in results if not result.holds))


def _own_warnings(con: duckdb.DuckDBPyConnection, outcome: FileOutcome, replaced: str) -> Iterator[str]:
    """What nobody may overlook of a file that goes in all the same."""
    if replaced:
        yield f"the file was in as batch {replaced}, read with another layout or by a clock behind: that batch is withdrawn"
    if outcome.accepted and not models.scalar(con, "ingest/landing_misuse", {"source": outcome.source})[0]:
        yield f"no call of this file is coded misuse: fill [sources.{outcome.source}.misuse] with this log's codes for it"


def _write(
    con: duckdb.DuckDBPyConnection,
    outcome: FileOutcome,
    parameters: dict[str, Any],
    digest: str,
) -> None:
    """Vault first, then the warehouse: a transaction writes one file, and a live call is never without its details."""
    with store.transaction(con):
        models.script(con, "ingest/vault_write", parameters)
    with store.transaction(con):
        if parameters["replaced"]:
            models.script(
                con, "ingest/withdraw", parameters | {"batch_id": parameters["replaced"], "reason": READ_AGAIN}
            )
        models.script(con, "ingest/warehouse_write", parameters)
        con.execute(
            "insert into batch_ledger by name select $batch_id as batch_id, $source as source, $file as file_name, "
            "$digest as file_digest, $layout as layout_digest, $rows as rows_read, $accepted as accepted, "
            "$rejected as rejected, $duplicate as duplicate, $superseded as superseded, "
            "(select min(received_at) from landing_calls) as first_received_at, "
            "(select max(received_at) from landing_calls) as last_received_at, "
            "$now as ingested_at, $actor as ingested_by",
            {
                "batch_id": outcome.batch_id,
                "source": outcome.source,
                "file": wording.without_telephone_numbers(Path(outcome.file).name),
                "digest": digest,
                "layout": parameters["layout"],
                "rows": outcome.rows,
                "accepted": outcome.accepted,
                "rejected": outcome.rejected,
                "duplicate": outcome.duplicate,
                "superseded": outcome.superseded,
                "now": parameters["now"],
                "actor": parameters["actor"],
            },
        )
        reasons = [("rejected", *item) for item in outcome.reasons.items()]
        reasons += [("oddity", *item) for item in outcome.oddities.items()]
        if reasons:
            con.executemany(
                "insert into batch_reasons values (?, ?, ?, ?)", [(outcome.batch_id, *reason) for reason in reasons]
            )
        con.execute(
            "insert into layout_turns values ($batch_id, $turn)",
            {"batch_id": outcome.batch_id, "turn": parameters["layout_turn"]},
        )
        versions.rerank(con, outcome.source, parameters["replaced"])


def sweep(con: duckdb.DuckDBPyConnection) -> int:
    """Remove vault rows of versions that are not in the warehouse; returns how many batches were not in order."""
    unswept = len(models.select(con, "ingest/unswept", {}).fetchall())
    if unswept:
        with store.transaction(con):
            models.script(con, "ingest/sweep", {})
    return unswept


def withdraw(
    con: duckdb.DuckDBPyConnection,
    batch_id: str,
    *,
    reason: str,
    actor: str,
    now: datetime,
    before: Callable[[], None] = lambda: None,
) -> None:
    """Take a batch back out; what it superseded is current again. `before` records it: cut off between, it is recorded
    and not done, and done again it is recorded twice, but never done and unrecorded.

    Errors: UsageError for a batch that is not in.
    """
    sweep(con)
    row = con.execute(
        "select withdrawn_at, source from batch_ledger where batch_id = $batch_id", {"batch_id": batch_id}
    ).fetchone()
    if row is None or row[0] is not None:
        state = "is withdrawn already" if row else "is not known"
        raise UsageError(f"batch {batch_id} {state}", next_step="see `misuse batch list`")
    parameters = {"batch_id": batch_id, "reason": reason, "actor": actor, "now": now}
    try:
        models.build(con, "ingest/rehomed", parameters, temporary=True)
        before()
        with store.transaction(con):
            models.script(con, "ingest/withdraw", parameters)
            versions.rerank(con, str(row[1]), batch_id)
        # The vault follows: rows of calls that stay go to their new bearer, the others out.
        sweep(con)
    finally:
        keying.forget(con)
