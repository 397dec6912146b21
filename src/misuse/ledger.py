"""The run ledger in the warehouse: what a run is made from, its id, and the day that it speaks for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

from misuse import models, publication, sources
from misuse.errors import UsageError
from misuse.settings import Settings
from misuse.staleness import end_of_day
from misuse.wording import local_day, of

if TYPE_CHECKING:
    import duckdb

# The settings that bear on what is published; the others only on how or when.
RESULT_SETTINGS = (
    "threshold",
    "shared_line_threshold",
    "window_days",
    "episode_gap_minutes",
    "number_gap_days",
    "number_gap_settled_days",
    "headline_channel",
    "reporting_zone",
    "capacity",
    "cycle_days",
    "bootstrap_replicates",
    "seed",
    "duty_role",
)


def default_as_of(con: duckdb.DuckDBPyConnection, now: datetime, zone: str) -> date:
    """The last local day that has ended and that the log covers.

    Errors: UsageError where the log has no such day.
    """
    last = last_day(con, now, zone)
    if last is None:
        raise _nothing_in("no calls of a day that has ended are in yet")
    return last


def refuse_without_calls(calls: int) -> None:
    """A list of nobody, by a log of nothing, would stand in the way of every later day. Errors: UsageError."""
    if not calls:
        raise _nothing_in("no calls are in yet")


def _nothing_in(what: str) -> UsageError:
    return UsageError(
        what, next_step="misuse ingest FILE --source NAME, or put files into the inbox folder of their source"
    )


def last_day(con: duckdb.DuckDBPyConnection, now: datetime, zone: str) -> date | None:
    """The same, or None."""
    row = models.select(con, "ingest/last_day", {"reporting_zone": zone, "before": today(now, zone)}).fetchone()
    return cast(date, row[0]) if row and row[0] else None


def today(now: datetime, zone: str) -> date:
    """The local day that goes on."""
    return local_day(now, zone)


def refuse_unended(as_of: date | None, now: datetime, zone: str) -> None:
    """Today is never spoken for, nor a day to come: its calls are still to be made, and no later run could take its place.

    Errors: UsageError.
    """
    if as_of is not None and as_of >= today(now, zone):
        raise UsageError(
            f"{as_of} is not over, and a run speaks for whole days",
            next_step="misuse run, which speaks for the last whole day of the log",
        )


def calls_after(con: duckdb.DuckDBPyConnection, as_of: date, zone: str) -> int:
    """Calls that are in but later than the run speaks for."""
    end = end_of_day(as_of, zone)
    row = con.execute(
        "select count(*) from call_records where received_at >= $end", {"end": end.replace(tzinfo=None)}
    ).fetchone()
    return int(row[0]) if row else 0


def off_the_log(con: duckdb.DuckDBPyConnection, as_of: date, now: datetime, zone: str) -> list[str]:
    """Where the day spoken for is not the log's last whole one, or calls are in that are later, in sentences."""
    later, last = calls_after(con, as_of, zone), last_day(con, now, zone)
    said = []
    if last is not None and last < as_of:
        days = of((as_of - last).days, "day")
        said.append(
            f"the last whole day of the log is {last}: the {days} after it, to {as_of}, are counted as if quiet"
        )
    if later and as_of == last:
        said.append(f"{of(later, 'call')} later than {as_of}, the last whole day of the log, not counted yet")
    elif later:
        whole = f"; the last whole day of the log is {last}" if last is not None and last > as_of else ""
        said.append(f"{of(later, 'call')} later than {as_of}, which this run speaks for, not counted{whole}")
    return said


def run_id(as_of: date, *parts: str) -> str:
    """A run's id, a function of the day it speaks for and of the digests of all that it is made from."""
    return f"{as_of:%Y%m%d}-{hashlib.sha256('|'.join((as_of.isoformat(), *parts)).encode()).hexdigest()[:10]}"


def settings_digest(settings: Settings, layouts: dict[str, Any]) -> str:
    """SHA-256 over the settings and source declarations that bear on what is published."""
    values = {name: getattr(settings, name) for name in RESULT_SETTINGS}
    values["rates"] = asdict(settings.rates)
    values["campaigns"] = {name: day.isoformat() for name, day in settings.campaigns.items()}
    values["layouts"] = {name: layout.digest for name, layout in layouts.items()}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def layouts(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, sources.Layout]:
    """The layouts of the sources whose calls are in, by name.

    Errors: UsageError where one is declared no more: no code of its calls would mean anything, and nobody would be told.
    """
    held = [str(row[0]) for row in con.execute("select distinct source from call_records order by 1").fetchall()]
    if lost := sorted(set(held) - set(sources.source_names(settings))):
        raise UsageError(
            f"calls of {', '.join(lost)} are in, and {settings.config_path or 'misuse.toml'} declares no such source: none would count",
            next_step=f"declare [sources.{lost[0]}] again, or take its files out: misuse batch list, misuse batch withdraw",
        )
    return {name: sources.load_layout(settings, name) for name in held}


def open_run(con: duckdb.DuckDBPyConnection, **values: Any) -> None:
    """Enter a run: run_id, as_of, now, version, head, settings_digest, rules_digest, input_digest, model_digest."""
    con.execute(_INSERT_RUN, values)


_INSERT_RUN = """
insert or replace into run_ledger by name
select
    $run_id as run_id, $as_of as as_of, $now as started_at, 'running' as status, $version as code_version,
    $settings_digest as settings_digest, $rules_digest as rules_digest, $input_digest as input_digest,
    $model_digest as model_digest, $head as casebook_head
"""


def times(con: duckdb.DuckDBPyConnection, name: str) -> tuple[date, datetime]:
    """A run's as-of and when it began. Errors: UsageError for an unknown run."""
    row = con.execute("select as_of, started_at from run_ledger where run_id = $run_id", {"run_id": name}).fetchone()
    if row is None:
        raise UsageError(f"no run {name}", next_step="see `misuse runs`")
    return row[0], row[1]


def versions(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, str | None]:
    """What a run was made with: rules_digest, model_digest (None without a model), code_version."""
    row = con.execute(_VERSIONS, {"run_id": name}).fetchone() or (None, None, None)
    return {"rules_digest": row[0], "model_digest": row[1] or None, "code_version": row[2]}


_VERSIONS = "select rules_digest, model_digest, code_version from run_ledger where run_id = $run_id"


def current_run(con: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[str, date] | None:
    """The run whose copy is published and its as-of, if its file is there."""
    if not settings.current_path.exists():
        return None
    name = settings.current_path.resolve().stem
    row = con.execute("select as_of from run_ledger where run_id = $run_id", {"run_id": name}).fetchone()
    return (name, row[0]) if row else None


def is_told(con: duckdb.DuckDBPyConnection, settings: Settings) -> bool:
    """Whether the published copy knows every file that is in or was taken out: one may change no call, and is told of."""
    held = con.execute("select batch_id, withdrawn_at is not null from batch_ledger").fetchall()
    with publication.opened(settings) as copy:
        told = copy.execute("select batch_id, is_withdrawn from batches").fetchall()
    return set(held) == set(told)


def is_latest(con: duckdb.DuckDBPyConnection, as_of: date) -> bool:
    """Whether no run was published that speaks for a later day."""
    row = con.execute(_LATEST).fetchone()
    return row is None or row[0] is None or as_of >= row[0]


# A run that spoke for a day not yet over, as earlier releases let one, is no later one: it would be so for years.
_LATEST = "select max(as_of) from run_ledger where status = 'published' and as_of <= started_at::date"


def count(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Enter what a run counted."""
    con.execute(_COUNTS, {"run_id": name})


_COUNTS = """
update run_ledger set
    calls = (select count(*) from calls),
    misuse_calls = (
        select point::bigint from estimates
        where estimate = 'misuse_calls' and window_name = 'headline' and counted_by = 'caller'
    ),
    persistent_callers = (select count(*) from persistent_callers)
where run_id = $run_id
"""


def publish(con: duckdb.DuckDBPyConnection, name: str, now: datetime) -> None:
    """Enter that a run's copy is published."""
    con.execute(_PUBLISHED, {"run_id": name, "now": now})


_PUBLISHED = "update run_ledger set finished_at = $now, status = 'published' where run_id = $run_id"


def fail(con: duckdb.DuckDBPyConnection, settings: Settings, name: str, now: datetime) -> None:
    """Enter that a run failed, though it was entered as published before its copy was there; what readers have, is."""
    is_current = settings.current_path.resolve().stem == name
    con.execute(_FAILED, {"run_id": name, "now": now, "is_current": is_current})


_FAILED = """
update run_ledger set finished_at = $now, status = 'failed'
where run_id = $run_id and not (status = 'published' and $is_current)
"""


def last_said_published(con: duckdb.DuckDBPyConnection) -> str | None:
    """The run that began last, where the ledger says that it was published."""
    row = con.execute(_LAST).fetchone()
    return row[0] if row else None


_LAST = """
select run_id from run_ledger
where started_at = (select max(started_at) from run_ledger) and status = 'published'
"""
