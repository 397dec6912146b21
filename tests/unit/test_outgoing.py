"""A copy made from the one before says what a whole copy says, whatever changed; and from no other copy is one made."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from misuse import outgoing, publication
from misuse.errors import StoreError
from misuse.settings import Settings
from tests import warehouse_fixture as invented


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outgoing")
    with invented.warehouse(folder) as con:
        con.execute("attach '" + str(folder / "warehouse.duckdb") + "' as kept; copy from database memory to kept")
    return folder / "warehouse.duckdb"


@pytest.fixture
def con(template: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'; attach '" + str(template) + "' as kept (read_only)")
        connection.execute("copy from database kept to memory; detach kept")
        yield connection


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def next_run(con: duckdb.DuckDBPyConnection, name: str) -> str:
    con.execute("insert into runs by name select $name as run_id, date '2026-01-01' as as_of", {"name": name})
    return name


def calls_put_in(con: duckdb.DuckDBPyConnection) -> tuple[str, int]:
    (value,) = con.execute("select value from marks where name = 'calls_put_in'").fetchone() or ("",)
    run_id, _, calls = str(value).partition(" ")
    return run_id, int(calls)


def change(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Some calls go, some change their code, their caller or their id; callers and spells come, change and go."""
    draw = random.Random(seed)
    keys = [row[0] for row in con.execute("select call_key from calls order by call_key").fetchall()]
    gone, recoded, renamed = (draw.sample(keys, draw.randint(1, 30)) for _ in range(3))
    con.execute("delete from calls where call_key in (select unnest($keys))", {"keys": gone})
    con.execute(
        "update calls set closing_code = null, is_misuse = not is_misuse where call_key in (select unnest($keys))",
        {"keys": recoded},
    )
    con.execute(
        "update calls set call_key = ('ffff' || substr(call_key::varchar, 5))::uuid, caller_id = 'c0' "
        "where call_key in (select unnest($keys))",
        {"keys": renamed},
    )
    caller = con.execute("select caller_id from callers order by hash(caller_id || $seed) limit 1", {"seed": str(seed)})
    values = {"caller": (caller.fetchone() or ("",))[0]}
    con.execute("update callers set calls = calls + 1, number_kinds = ['payphone'] where caller_id = $caller", values)
    con.execute("delete from caller_spells where caller_id = $caller", values)


@pytest.mark.parametrize("seed", range(2))
def test_copy_from_the_one_before_says_what_a_whole_one_says(
    con: duckdb.DuckDBPyConnection, settings: Settings, seed: int
) -> None:
    base = publication.publish(con, settings, invented.RUN_ID)
    assert calls_put_in(con) == (invented.RUN_ID, 0)
    for night in range(2):
        change(con, 10 * seed + night)
        run_id = next_run(con, f"night-{night}")
        base = publication.publish(con, settings, run_id, base=base)
        put_in_run, calls = calls_put_in(con)
        assert put_in_run == run_id
        assert calls > 0  # it went from the base
    whole = publication.publish(con, settings, next_run(con, "whole"))
    con.execute("delete from runs where run_id = 'whole'")
    assert publication.digest(whole) == publication.digest(base)
    with duckdb.connect(str(base), read_only=True) as copy:
        comments = copy.execute("select count(*) from duckdb_columns() where comment is null and not internal")
        assert comments.fetchone() == (0,)


def keep(con: duckdb.DuckDBPyConnection) -> None:
    """As a run leaves the warehouse: the table of calls is kept, and what is put into it is told."""
    con.execute("create table unpublished_calls (call_key uuid)")
    con.execute("insert into marks values ('calls', 'a model')")


def one_call(con: duckdb.DuckDBPyConnection, change: str) -> None:
    """Change one call, always the same."""
    con.execute("update calls set " + change + " where call_key = (select min(call_key) from calls)")


def copied(path: Path, condition: str) -> int:
    """How many calls of a copy are so."""
    with duckdb.connect(str(path), read_only=True) as copy:
        (calls,) = copy.execute("select count(*) from calls where " + condition).fetchone() or (0,)
    return int(calls)


def test_calls_that_the_run_put_in_are_put_into_the_copy_and_no_others(
    con: duckdb.DuckDBPyConnection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(con)
    base = publication.publish(con, settings, invented.RUN_ID)
    compared: list[str] = []
    compare = outgoing._compare
    monkeypatch.setattr(outgoing, "_compare", lambda *given: (compared.append(given[-1].name), compare(*given)))
    keys = [row[0] for row in con.execute("select call_key from calls order by call_key limit 3").fetchall()]
    con.execute("delete from calls where call_key = $key", {"key": keys[0]})
    con.execute("update calls set ward = 'told' where call_key = $key", {"key": keys[1]})
    for key in (*keys[:2], keys[1]):
        con.execute("insert into unpublished_calls values ($key)", {"key": key})
    base = publication.publish(con, settings, next_run(con, "night"), base=base)
    assert calls_put_in(con) == ("night", 2)
    assert compared == ["callers", "caller_spells"]
    assert con.execute("from unpublished_calls").fetchall() == []
    told = publication.digest(base)
    con.execute("update calls set ward = 'not told' where call_key = $key", {"key": keys[2]})
    con.execute("delete from runs where run_id = 'night'")
    again = publication.publish(con, settings, next_run(con, "night"), base=base)
    assert publication.digest(again) == told


def test_a_publication_cut_off_under_the_id_of_the_one_before_hides_nothing(
    con: duckdb.DuckDBPyConnection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forced run may have the id of the published one, and other rows."""
    keep(con)
    base = publication.publish(con, settings, invented.RUN_ID)
    one_call(con, "ward = 'mended', is_stopped = true")
    con.execute("insert into unpublished_calls select min(call_key) from calls")
    with monkeypatch.context() as cut_off:
        cut_off.setattr(publication, "_sync", lambda _: pytest.fail("cut off"))
        with pytest.raises(pytest.fail.Exception):
            publication.publish(con, settings, invented.RUN_ID, base=base)
    path = publication.publish(con, settings, next_run(con, "night"), base=base)
    assert calls_put_in(con) == ("night", 1)
    assert copied(path, "ward = 'mended' and is_stopped") == 1


def test_a_copy_that_is_not_the_warehouse_is_refused_and_the_next_is_whole(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    keep(con)
    base = publication.publish(con, settings, invented.RUN_ID)
    one_call(con, "is_stopped = not is_stopped")
    with pytest.raises(StoreError, match="calls has not the rows"):  # nobody told of it
        publication.publish(con, settings, next_run(con, "night"), base=base)
    publication.publish(con, settings, "night", base=base)
    assert calls_put_in(con) == ("night", 0)


@pytest.mark.parametrize("trouble", ["made anew", "another copy"])
def test_where_nobody_knows_what_was_put_in_all_calls_are_compared(
    con: duckdb.DuckDBPyConnection, settings: Settings, trouble: str
) -> None:
    keep(con)
    base = publication.publish(con, settings, invented.RUN_ID)
    if trouble == "made anew":
        con.execute("delete from marks where name = 'calls_published'")
    else:
        con.execute("update marks set value = 'another' where name = 'calls_published'")
    one_call(con, "ward = 'changed'")
    path = publication.publish(con, settings, next_run(con, "night"), base=base)
    assert calls_put_in(con) == ("night", 1)
    assert copied(path, "ward = 'changed'") == 1


def test_rows_that_somebody_put_into_the_base_do_not_pass_on(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    base = publication.publish(con, settings, invented.RUN_ID)
    honest = publication.digest(base)
    with duckdb.connect(str(base)) as copy:
        copy.execute(
            "update calls set is_misuse = true, caller_id = 'c0' where not is_misuse and caller_id is not null"
        )
        copy.execute("delete from callers where is_stopped")
    assert publication.digest(publication.publish(con, settings, invented.RUN_ID, base=base)) == honest


def test_base_is_only_the_copy_that_its_run_published(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    path = publication.publish(con, settings, invented.RUN_ID)
    digests = {invented.RUN_ID: publication.file_digest(path)}
    assert publication.base(settings, digests) == path.resolve()
    assert publication.base(settings, {}) is None
    with duckdb.connect(str(path)) as copy:
        copy.execute("create view other as select 1 as one")
    assert publication.base(settings, digests) is None


@pytest.mark.parametrize(
    "statement",
    [
        "create view other as select 1 as one",
        "create macro other() as 1",
        "alter table calls add column other integer",
        "alter table callers alter column calls type varchar",
    ],
)
def test_what_another_release_wrote_is_no_base(
    con: duckdb.DuckDBPyConnection, settings: Settings, statement: str
) -> None:
    base = publication.publish(con, settings, invented.RUN_ID)
    whole = publication.digest(base)
    with duckdb.connect(str(base)) as copy:
        copy.execute(statement)
    one_call(con, "ward = 'changed'")
    path = publication.publish(con, settings, next_run(con, "next"), base=base)
    assert calls_put_in(con) == ("next", 0)  # written whole
    assert publication.digest(path) != whole
    with duckdb.connect(str(path), read_only=True) as copy:
        assert copy.execute("select count(*) from duckdb_views() where not internal").fetchone() == (0,)


def test_all_is_written_anew_once_much_lies_unsorted(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    (calls,) = con.execute("select count(*) from calls").fetchone() or (0,)
    base = publication.publish(con, settings, invented.RUN_ID)
    share = outgoing.UNSORTED_SHARE * 0.6
    found = []
    for night in range(3):
        con.execute(
            "update calls set ward = $ward where hash(call_key) % 100 < $share",
            {"ward": f"w{night}", "share": 100 * share},
        )
        run_id = next_run(con, f"night-{night}")
        base = publication.publish(con, settings, run_id, base=base)
        found.append(calls_put_in(con)[1])
    first, second, third = found
    assert 0 < first < outgoing.UNSORTED_SHARE * calls < second
    assert third == 0
    con.execute("update calls set ward = 'all'")  # more at once than is put in
    publication.publish(con, settings, next_run(con, "last"), base=base)
    assert calls_put_in(con) == ("last", 0)
    with duckdb.connect(str(settings.current_path), read_only=True) as copy:
        order = copy.execute("select coalesce(caller_id, 'none'), received_at from calls").fetchall()
    assert order == sorted(order)


@pytest.mark.parametrize("parts", [2, 3, 16])
def test_calls_sorted_part_by_part_lie_as_those_sorted_at_once(
    con: duckdb.DuckDBPyConnection, settings: Settings, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    con.execute("update calls set caller_id = 'c' || left(md5(caller_id), 16)")
    (calls, nobodys) = con.execute("select count(*), count_if(caller_id is null) from calls").fetchone() or (0, 0)
    assert nobodys
    lie = "select * from calls order by rowid"
    with duckdb.connect(str(publication.publish(con, settings, invented.RUN_ID)), read_only=True) as copy:
        at_once = copy.execute(lie).fetchall()
    monkeypatch.setattr(outgoing, "SORTED_AT_ONCE", -(-calls // parts))
    held = outgoing._parts(con, publication.declared("calls"))
    counts = [count for part in held for (count,) in part.aggregate("count(*)").fetchall()]
    assert len(counts) == parts
    assert sum(counts) == calls == len(at_once)
    assert min(counts[:-1]) > 0
    with duckdb.connect(str(publication.publish(con, settings, next_run(con, "next"))), read_only=True) as copy:
        assert copy.execute(lie).fetchall() == at_once


def test_copy_of_another_count_is_refused(
    con: duckdb.DuckDBPyConnection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = publication.publish(con, settings, invented.RUN_ID)
    con.execute("delete from calls where call_key = (select min(call_key) from calls)")
    monkeypatch.setitem(outgoing.BY_DIFFERENCE, "calls", "select 1")
    with pytest.raises(StoreError, match="calls has not the rows"):
        publication.publish(con, settings, next_run(con, "next"), base=base)
    assert settings.current_path.resolve() == base.resolve()
    assert not list(settings.published_path.glob("*.tmp*"))


def test_a_copy_is_for_any_client_of_duckdb(template: Path, settings: Settings) -> None:
    with duckdb.connect(":memory:", config={"storage_compatibility_version": "v1.4.0"}) as writer:
        writer.execute("set TimeZone = 'UTC'; attach '" + str(template) + "' as kept (read_only)")
        writer.execute("copy from database kept to memory; detach kept")
        path = publication.publish(writer, settings, invented.RUN_ID)
    with duckdb.connect() as reader:
        reader.execute("attach '" + str(path) + "' as copy (read_only)")
        (tags,) = reader.execute("select tags from duckdb_databases() where database_name = 'copy'").fetchone() or ()
    assert tags["storage_version"].startswith("v1.0")
