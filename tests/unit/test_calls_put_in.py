"""The table of calls, brought up to date from the last run's, is row for row the one that is made from nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest

from misuse import detection, models
from misuse.settings import SQL_ROOT

VALUES: dict[str, Any] = {"end_at": datetime(2026, 1, 1), "reporting_zone": "Europe/London"}
NARROW = """
create table caller_numbers as
select ('b' || lpad((range % 40)::varchar, 31, '0'))::uuid as token, 's' || range as spell_id, 'c' || range as caller_id,
    'person' as identity_kind, timestamp '2020-01-01' as spell_from, timestamp '2030-01-01' as spell_to
from range(40);
create table coded_calls as
select call_key, 'n1' as line_id, false as is_doubtful, null::varchar as doubt_kind, true as is_misuse,
    1::integer as episode_number
from call_records where hash(call_key) % 3 = 0;
create table stopped_calls as select call_key from call_records where hash(call_key) % 7 = 0;
"""


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        for path in sorted((SQL_ROOT / "schema").glob("warehouse_*.sql")):
            connection.execute(path.read_text(encoding="utf-8"))
        arrive(connection, 0, 2000)
        connection.execute(NARROW)
        yield connection


def arrive(con: duckdb.DuckDBPyConnection, first: int, calls: int) -> None:
    con.execute(
        "insert into call_records by name select ('a' || lpad(n::varchar, 31, '0'))::uuid as call_key, "
        "('d' || lpad(n::varchar, 31, '0'))::uuid as content_digest, 'b1' as batch_id, n as row_number, "
        "'synthetic' as source, '999' as channel, ('b' || lpad((n % 50)::varchar, 31, '0'))::uuid as number_token, "
        "'mobile' as number_kind, timestamp '2025-03-01' + to_minutes(cast(n as integer)) as received_at, "
        "n::integer % 90 as talk_seconds, "
        "case when n % 2 = 0 then 'HOAX' end as closing_code from range($first, $last) as made(n)",
        {"first": first, "last": first + calls},
    )


def night(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Calls come, are corrected and withdrawn; spells change hands; a stop comes and another goes."""
    draw = random.Random(seed)
    arrive(con, 2000 * (seed + 1), draw.randint(1, 20))
    pick = {"seed": str(seed)}
    con.execute("delete from call_records where hash(call_key || $seed) % 60 = 0", pick)
    con.execute("update call_records set talk_seconds = null, grade = 'I' where hash(call_key || $seed) % 60 = 1", pick)
    con.execute("update caller_numbers set caller_id = 'cnew' where hash(spell_id || $seed) % 60 = 2", pick)
    con.execute(
        "update caller_numbers set spell_to = timestamp '2025-03-02' where hash(spell_id || $seed) % 40 = 3", pick
    )
    con.execute("delete from stopped_calls where hash(call_key || $seed) % 20 = 4", pick)
    con.execute(
        "insert into stopped_calls select call_key from call_records where hash(call_key || $seed) % 80 = 5 "
        "and call_key not in (from stopped_calls)",
        pick,
    )
    con.execute("update coded_calls set episode_number = 2 where hash(call_key || $seed) % 60 = 6", pick)


def rows(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    return con.execute("from calls order by call_key").fetchall()


@pytest.mark.parametrize("seed", range(4))
def test_calls_put_in_night_by_night_are_those_made_anew(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    detection._bring_calls_up(con, VALUES)
    ways = []
    for step in range(4):
        before = len(rows(con))
        night(con, 10 * seed + step)
        later = VALUES | {"end_at": datetime(2026, 1, 1 + step)}
        ways.append(put_in(con, later))
        found = rows(con)
        models.build(con, "detection/calls", later)
        assert found == rows(con)
        assert len(found) != before or step
    assert any(ways)


def put_in(con: duckdb.DuckDBPyConnection, values: dict[str, Any]) -> bool:
    """Bring the calls up, and tell whether they were put in: the table is then the one that was there."""
    con.execute("comment on table calls is 'kept'")
    detection._bring_calls_up(con, values)
    return con.execute("select comment from duckdb_tables() where table_name = 'calls'").fetchone() == ("kept",)


def test_calls_of_another_model_or_another_zone_are_made_anew(con: duckdb.DuckDBPyConnection) -> None:
    detection._bring_calls_up(con, VALUES)
    con.execute("update marks set value = 'another' where name = 'calls'")
    con.execute("update calls set line_id = 'wrong'; alter table calls drop column ward")
    detection._bring_calls_up(con, VALUES)
    first = rows(con)
    assert first
    detection._bring_calls_up(con, VALUES | {"reporting_zone": "Asia/Tokyo"})
    moved = rows(con)
    models.build(con, "detection/calls", VALUES | {"reporting_zone": "Asia/Tokyo"})
    assert moved == rows(con) != first


def test_a_run_cut_off_between_its_statements_is_mended_by_the_next(con: duckdb.DuckDBPyConnection) -> None:
    detection._bring_calls_up(con, VALUES)
    whole = rows(con)
    con.execute("delete from calls where hash(call_key) % 30 = 0")
    detection._bring_calls_up(con, VALUES)
    assert rows(con) == whole


def test_calls_after_as_of_go_again_when_it_is_set_back(con: duckdb.DuckDBPyConnection) -> None:
    detection._bring_calls_up(con, VALUES)
    earlier = VALUES | {"end_at": datetime(2025, 3, 2)}
    assert put_in(con, earlier)
    found = rows(con)
    models.build(con, "detection/calls", earlier)
    assert found == rows(con)
    assert 0 < len(found) < 2000
