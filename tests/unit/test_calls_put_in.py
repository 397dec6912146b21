"""The tables of calls and tallies, brought up from the last run's, are row for row those that are made from nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest

from misuse import kept_calls, models
from misuse.settings import SQL_ROOT

VALUES: dict[str, Any] = {"end_at": datetime(2026, 1, 1), "reporting_zone": "Europe/London"}
NARROW = """
create table spells as
select ('b' || lpad(range::varchar, 31, '0'))::uuid as token, 's' || range as spell_id, 'c' || range as caller_id,
    'person' as identity_kind, timestamp '-infinity' as spell_from, timestamp 'infinity' as spell_to
from range(400);
create table ends (end_at timestamp);
create view caller_numbers as
select spells.*, count(*) as calls,
    bit_xor(hash(hash(call_records.batch_id, call_records.call_key, call_records.content_digest))) as fingerprint
from spells
inner join call_records
    on spells.token = call_records.number_token and call_records.received_at >= spells.spell_from
        and call_records.received_at < spells.spell_to and call_records.received_at < (select end_at from ends)
group by all;
create table coded_calls as
select call_key, 'n1' as line_id, false as is_doubtful, null::varchar as doubt_kind, true as is_misuse,
    1::integer as episode_number
from call_records where hash(call_key) % 3 = 0;
create table stopped_calls as select call_key from call_records where hash(call_key) % 7 = 0;
"""


@pytest.fixture(autouse=True)
def half_of_all_may_be_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two thousand calls in two days a night makes more stale than of millions."""
    monkeypatch.setattr(kept_calls, "_MOST", 2)


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
        "'synthetic' as source, '999' as channel, "
        "case when n % 450 < 400 then ('b' || lpad((n % 450)::varchar, 31, '0'))::uuid end as number_token, "
        "'mobile' as number_kind, timestamp '2025-03-01' + to_minutes(cast(n as integer)) as received_at, "
        "n::integer % 90 as talk_seconds, "
        "case when n % 2 = 0 then 'HOAX' end as closing_code, 'B' || n % 7 as borough from range($first, $last) as made(n)",
        {"first": first, "last": first + calls},
    )


def night(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Calls come, are corrected and withdrawn; spells change hands; a stop comes and another goes."""
    draw = random.Random(seed)
    arrive(con, 2000 * (seed + 1), draw.randint(1, 20))
    pick = {"seed": str(seed)}
    con.execute("delete from call_records where hash(call_key || $seed) % 200 = 0", pick)
    con.execute(
        "update call_records set talk_seconds = null, grade = 'I', content_digest = uuid(), batch_id = 'b' || $seed "
        "where hash(call_key || $seed) % 200 = 1",
        pick,
    )
    con.execute("update call_records set batch_id = 'b' || $seed where hash(call_key || $seed) % 300 = 7", pick)
    con.execute("update call_records set number_token = null where hash(call_key || $seed) % 500 = 8", pick)
    con.execute("update spells set caller_id = 'cnew' where hash(spell_id || $seed) % 200 = 2", pick)
    pass_on(con, seed)
    con.execute("delete from stopped_calls where hash(call_key || $seed) % 100 = 4", pick)
    con.execute(
        "insert into stopped_calls select call_key from call_records where hash(call_key || $seed) % 300 = 5 "
        "and call_key not in (from stopped_calls)",
        pick,
    )
    con.execute("update coded_calls set episode_number = 2 where hash(call_key || $seed) % 100 = 6", pick)


def bring_up(con: duckdb.DuckDBPyConnection, values: dict[str, Any]) -> bool:
    con.execute("delete from ends")
    con.execute("insert into ends values ($end_at)", {"end_at": values["end_at"]})
    return kept_calls.bring_up(con, values)


def pass_on(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Some numbers pass to somebody else."""
    con.execute(
        "create or replace temp table later as select * replace (spell_id || '+' as spell_id, 'c' || spell_id as "
        "caller_id, timestamp '2025-03-02' as spell_from) from spells "
        "where hash(spell_id || $seed) % 90 = 3 and spell_to > timestamp '2025-03-02' "
        "and spell_from < timestamp '2025-03-02'",
        {"seed": str(seed)},
    )
    con.execute(
        "update spells set spell_to = timestamp '2025-03-02' where spell_id || '+' in (select spell_id from later)"
    )
    con.execute("insert into spells from later")


def rows(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """Every call and every tally."""
    calls = con.execute("from calls order by call_key").fetchall()
    return calls + con.execute("from caller_tallies order by caller_id").fetchall()


def made_anew(con: duckdb.DuckDBPyConnection, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    for name in kept_calls.KEPT:
        models.build(con, name, values)
    return rows(con)


@pytest.mark.parametrize("seed", range(4))
def test_calls_put_in_night_by_night_are_those_made_anew(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    bring_up(con, VALUES)
    ways = []
    for step in range(4):
        before = rows(con)
        night(con, 10 * seed + step)
        later = VALUES | {"end_at": datetime(2026, 1, 1 + step)}
        ways.append(bring_up(con, later))
        found = rows(con)
        assert found == made_anew(con, later)
        assert found != before
    assert sum(ways) > 1


@pytest.mark.parametrize("share", [7, 8, 9])
def test_rows_that_pass_to_another_batch_are_put_in(con: duckdb.DuckDBPyConnection, share: int) -> None:
    """As where a batch is withdrawn and another bears the same rows: of a number one call, or two, or all."""
    bring_up(con, VALUES)
    before = rows(con)
    con.execute("update call_records set batch_id = 'b2' where row_number % 450 < $share", {"share": share})
    assert bring_up(con, VALUES)
    found = rows(con)
    assert found == made_anew(con, VALUES) != before


def test_calls_of_another_model_or_another_zone_are_made_anew(con: duckdb.DuckDBPyConnection) -> None:
    bring_up(con, VALUES)
    whole = rows(con)
    con.execute("update marks set value = 'another' where name = 'calls'")
    con.execute("update calls set line_id = 'wrong'; alter table calls drop column ward")
    assert not bring_up(con, VALUES)
    assert rows(con) == whole
    assert bring_up(con, VALUES), "what was made anew is gone on from"
    assert not bring_up(con, VALUES | {"reporting_zone": "Asia/Tokyo"})
    moved = rows(con)
    assert moved == made_anew(con, VALUES | {"reporting_zone": "Asia/Tokyo"}) != whole


def test_a_run_cut_off_between_its_statements_is_mended_by_the_next(con: duckdb.DuckDBPyConnection) -> None:
    bring_up(con, VALUES)
    whole = rows(con)
    con.execute("delete from calls where hash(call_key) % 30 = 0")
    bring_up(con, VALUES)
    assert rows(con) == whole


def test_calls_after_as_of_go_again_when_it_is_set_back(con: duckdb.DuckDBPyConnection) -> None:
    bring_up(con, VALUES)
    whole = rows(con)
    earlier = VALUES | {"end_at": datetime(2025, 3, 2, 9)}
    assert bring_up(con, earlier)
    found = rows(con)
    assert found == made_anew(con, earlier)
    assert 0 < len(found) < len(whole)
