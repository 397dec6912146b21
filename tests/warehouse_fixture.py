"""An invented warehouse at the publication door: the published relations and the ledger they come from."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from misuse import models, quality, schemas
from misuse.settings import SQL_ROOT, Settings
from tests import published_fixture

RUN_ID = published_fixture.RUN_ID
AS_OF = published_fixture.AS_OF
NOW = datetime(2026, 1, 1, 2, 35)


def empty_warehouse() -> duckdb.DuckDBPyConnection:
    """The schema's tables and nothing in them."""
    con = duckdb.connect(":memory:")
    con.execute("set TimeZone = 'UTC'")
    con.execute("set enable_progress_bar = false")
    for path in sorted((SQL_ROOT / "schema").glob("warehouse_*.sql")):
        con.execute(path.read_text(encoding="utf-8"))
    return con


def warehouse(tmp_path: Path, persons: int = 25) -> duckdb.DuckDBPyConnection:
    """A whole invented year, every sum agreeing with every other."""
    published = published_fixture.build(tmp_path / "invented.duckdb", persons=persons)
    con = empty_warehouse()
    con.execute("attach '" + str(published) + "' as invented (read_only)")
    for relation in schemas.PUBLISHED:
        con.execute("create or replace table " + relation.name + " as from invented." + relation.name)
    con.execute("detach invented")
    con.execute("create table caller_flags (caller_id varchar, is_by_person boolean)")
    con.execute(_LEDGER)
    models.build(con, "detection/windows", quality.publication_parameters(Settings(), RUN_ID, AS_OF) | _WINDOWS)
    models.build(con, "marts/batches", {})
    models.build(con, "marts/runs", {})
    return con


_WINDOWS = {name: getattr(Settings(), name) for name in ("window_days", "shared_line_threshold")}
_LEDGER = """
insert into call_records by name
select call_key, call_key as content_digest, 'b0001' as batch_id, row_number() over () as row_number, source, channel,
    number_kind, received_at, talk_seconds, wrap_seconds, closing_code, grade, borough, units_assigned, unit_seconds
from calls;
insert into batch_ledger by name
select 'b0001' as batch_id, 'invented' as source, 'invented.csv' as file_name, 'x' as file_digest, 'y' as layout_digest,
    count(*) as rows_read, count(*) as accepted, 0 as rejected, 0 as duplicate, 0 as superseded,
    timestamp '2026-01-01' as ingested_at, 'tester' as ingested_by
from call_records;
alter table calls add column batch_id varchar default 'b0001'; -- which the published copy leaves out
insert into run_ledger by name
select run_id, as_of, started_at, finished_at, status, code_version, 's' as settings_digest, 'r' as rules_digest,
    'i' as input_digest, 'h' as casebook_head, calls, misuse_calls, persistent_callers, failed_checks, warned_checks
from runs;
create or replace table demand_daily as
select local_date, channel, coalesce(borough, 'not recorded') as borough, count(*) as calls,
    count(*) filter (where is_coded_misuse) as coded_misuse_calls, count(*) filter (where is_misuse) as misuse_calls,
    count(*) filter (where is_misuse and caller_id is null) as unidentified_misuse_calls,
    sum(handling_seconds) as handling_seconds, sum(unit_seconds) as unit_seconds
from calls group by all;
insert into estimates
select * replace ('calls' as estimate, (select count(*) from calls) as point) from estimates where estimate = 'misuse_calls';
update tasking_list set part = 3 where part = 4 and rank <= 13; -- until capacity
"""


def landing(con: duckdb.DuckDBPyConnection, days: int, a_day: int, *, start: str, batch: str = "b0002") -> None:
    """Put `a_day` calls on each of `days` local days from `start` at the door, every eighth of them coded HOAX."""
    con.execute("create or replace temp table landing_calls as from call_records limit 0")
    con.execute(_LAND, {"days": days, "a_day": a_day, "start": start, "batch": batch})


_LAND = """
insert into landing_calls by name
select
    md5($batch || day || '-' || call)::uuid as call_key, md5('d' || $batch || day || '-' || call)::uuid as content_digest,
    $batch as batch_id, row_number() over () as row_number, 'invented' as source, '999' as channel,
    'mobile' as number_kind, md5('n' || call)::uuid as number_token,
    $start::timestamp + to_days(day::integer) + to_seconds(call * 86399 // $a_day) as received_at,
    90 as talk_seconds, 30 as wrap_seconds,
    case when call % 8 = 0 then 'HOAX' else 'BURGLARY' end as closing_code, 'S' as grade, 'Camden' as borough
from range($days) as days (day), range($a_day) as calls (call)
"""


def take_in(con: duckdb.DuckDBPyConnection) -> None:
    """What stands at the door goes in."""
    con.execute("insert into call_records by name from landing_calls")
