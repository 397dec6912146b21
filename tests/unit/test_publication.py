"""The published copy: whole, commented, behind a pointer that moves in one step and never back by itself."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from misuse import publication, schemas
from misuse.errors import Refused, StoreError, UsageError
from misuse.settings import PROJECT_ROOT, Settings
from tests import warehouse_fixture as invented

READER = """
import sys, duckdb
from pathlib import Path
seen, reads = set(), 0
print("ready", flush=True)
while not Path(sys.argv[2]).exists():
    con = duckdb.connect(str(Path(sys.argv[1]).resolve()), read_only=True)
    calls, runs = con.execute("select (select count(*) from calls), (select max(run_id) from bridge)").fetchone()
    con.close()
    seen.add((calls, runs))
    reads += 1
print(reads, sorted(seen), flush=True)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    con = invented.warehouse(tmp_path_factory.mktemp("invented"), persons=6)
    con.execute("create or replace table calls as from calls limit 2000")
    yield con
    con.close()


@pytest.fixture
def con(built: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    built.execute("create or replace table runs as from runs where run_id = $run_id", {"run_id": invented.RUN_ID})
    return built


def run_of(con: duckdb.DuckDBPyConnection, run_id: str, as_of: str = "2025-12-31") -> str:
    """A further run in the ledger of runs, of the same relations."""
    con.execute(
        "insert into runs by name select $run_id as run_id, $as_of::date as as_of, 'published' as status",
        {"run_id": run_id, "as_of": as_of},
    )
    return run_id


def test_copy_holds_just_the_declared_relations_columns_types_and_comments(
    con: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    path = publication.publish(con, settings, invented.RUN_ID)
    with duckdb.connect(str(path), read_only=True) as copy:
        tables = copy.execute("select table_name, comment from duckdb_tables() order by table_name").fetchall()
        columns = copy.execute(
            "select table_name, column_name, data_type, comment from duckdb_columns() where not internal "
            "order by table_name, column_index"
        ).fetchall()
        calls = copy.execute("select count(*) from calls").fetchone()
        order = copy.execute("select coalesce(caller_id, 'none'), received_at from calls").fetchall()
    assert tables == sorted((relation.name, relation.comment) for relation in schemas.PUBLISHED)
    assert columns == [
        (relation.name, column.name, column.type, column.comment)
        for relation in sorted(schemas.PUBLISHED, key=lambda relation: relation.name)
        for column in relation.columns
    ]
    assert calls == con.execute("select count(*) from calls").fetchone()
    assert order == sorted(order)  # a caller's calls lie together


def test_copy_is_for_the_group_and_the_pointer_relative(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    path = publication.publish(con, settings, invented.RUN_ID)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(settings.published_path.stat().st_mode) == 0o750
    assert settings.current_path.readlink() == Path(path.name)
    assert sorted(entry.name for entry in settings.published_path.iterdir()) == sorted([path.name, "current.duckdb"])


def test_pointer_never_goes_back_unless_forced(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    publication.publish(con, settings, invented.RUN_ID)
    earlier = run_of(con, "earlier", "2025-12-30")
    with pytest.raises(Refused, match="never go back"):
        publication.publish(con, settings, earlier)
    assert not (settings.published_path / "earlier.duckdb").exists()
    publication.publish(con, settings, earlier, force=True)
    assert settings.current_path.resolve().stem == earlier
    publication.publish(con, settings, run_of(con, "later", "2026-01-01"))
    with pytest.raises(Refused):
        publication.repoint(settings, earlier)
    publication.repoint(settings, earlier, force=True)
    assert [row["run_id"] for row in publication.kept(settings) if row["is_current"]] == [earlier]
    with pytest.raises(UsageError, match="not kept"):
        publication.repoint(settings, "unheard-of")


def test_failed_publication_leaves_readers_where_they_were(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    publication.publish(con, settings, invented.RUN_ID)
    con.execute("alter table look_list rename to elsewhere")
    try:
        with pytest.raises(StoreError, match="could not be published"):
            publication.publish(con, settings, run_of(con, "broken"))
    finally:
        con.execute("alter table elsewhere rename to look_list")
    assert settings.current_path.resolve().stem == invented.RUN_ID
    assert not list(settings.published_path.glob("*.tmp*"))
    publication.publish(con, settings, "broken")
    assert settings.current_path.resolve().stem == "broken"


def test_half_made_copy_of_a_crash_is_in_nobodys_way(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    settings.published_path.mkdir(parents=True)
    (settings.published_path / f"{invented.RUN_ID}.duckdb.tmp").write_bytes(b"half")
    (settings.published_path / "other.duckdb.tmp").write_bytes(b"half")
    (settings.published_path / "current.duckdb.tmp").symlink_to("nowhere.duckdb")
    publication.publish(con, settings, invented.RUN_ID)
    publication.collect(settings)
    names = {entry.name for entry in settings.published_path.iterdir()}
    assert names == {f"{invented.RUN_ID}.duckdb", "current.duckdb"}


def test_last_few_copies_are_kept_and_always_the_current(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    few = replace(settings, keep_published=2)
    runs = [run_of(con, f"run-{number}") for number in range(5)]
    for number, run_id in enumerate(runs):
        path = publication.publish(con, few, run_id)
        os.utime(path, (number, number))
    publication.repoint(few, "run-0", force=True)
    gone = publication.collect(few)
    assert [path.stem for path in gone] == ["run-1", "run-2"]
    assert [row["run_id"] for row in publication.kept(few)] == ["run-4", "run-3", "run-0"]
    assert [row["run_id"] for row in publication.run_history(few)][:1] != []


def test_digest_minds_contents_and_neither_order_nor_run(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    first = publication.digest(publication.publish(con, settings, invented.RUN_ID))
    con.execute("create temp table kept_calls as from calls")
    con.execute("create temp table kept_bridge as from bridge")
    try:
        con.execute("create or replace table calls as from calls order by hash(call_key)")
        con.execute("update bridge set run_id = 'another'")
        shuffled = publication.publish(con, settings, run_of(con, "shuffled"))
        assert publication.digest(shuffled) == first
        con.execute("update calls set borough = null where call_key = (select min(call_key) from calls)")
        assert publication.digest(publication.publish(con, settings, run_of(con, "changed"))) != first
    finally:
        con.execute("create or replace table calls as from kept_calls")
        con.execute("create or replace table bridge as from kept_bridge")
        con.execute("drop table kept_calls; drop table kept_bridge")


def test_digest_leaves_out_what_earlier_runs_published(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    copy = publication.publish(con, settings, run_of(con, "history"))
    first = publication.digest(copy)
    with duckdb.connect(str(copy)) as other:
        other.execute("insert into caller_changes values ('c1', 'c2', 'alias', 'r')")
    assert publication.digest(copy) == first


@pytest.mark.parametrize(
    "change",
    [
        "insert into caller_links (spell_a, spell_b, status) values ('s1', 's2', 'refused')",
        "update bridge set share = share + 1e-12 where step_number = 7",
        "update tasking_list set flags = ['new'] where rank = 1",
        "update estimates set low = null where estimate = 'share_of_misuse'",
    ],
)
def test_digest_notices(change: str, con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    first = publication.digest(publication.publish(con, settings, invented.RUN_ID))
    con.execute("begin")
    con.execute("select 1")
    con.execute("rollback")
    copy = publication.publish(con, settings, run_of(con, "changed"))
    with duckdb.connect(str(copy)) as other:
        other.execute(change)
    assert publication.digest(copy) != first


def test_frame_becomes_the_declared_relation(con: duckdb.DuckDBPyConnection) -> None:
    with duckdb.connect() as other:
        publication.store_frame(
            other, "caller_changes", pl.DataFrame({n: [None] for n in schemas.CALLER_CHANGES.column_names})
        )
        publication.store_frame(
            other,
            "caller_changes",
            pl.DataFrame({"run_id": ["r"], "change": ["alias"], "caller_id": ["c1"], "other_caller_id": ["c2"]}),
        )
        assert other.execute("from caller_changes").fetchall() == [("c1", "c2", "alias", "r")]


def test_nothing_published_and_a_damaged_copy_are_named(settings: Settings) -> None:
    with pytest.raises(StoreError, match="nothing is published"), publication.opened(settings):
        pass
    settings.published_path.mkdir(parents=True)
    (settings.published_path / "bad.duckdb").write_bytes(b"x" * 20_000)
    settings.current_path.symlink_to("bad.duckdb")
    with pytest.raises(StoreError, match="damaged"), publication.opened(settings):
        pass


def test_reader_gets_the_next_copy_when_the_first_is_collected_under_it(
    con: duckdb.DuckDBPyConnection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publication.publish(con, settings, invented.RUN_ID)
    second = publication.publish(con, settings, run_of(con, "second"))
    publication.repoint(settings, invented.RUN_ID)
    opening = publication._open

    def collected(settings: Settings, path: Path) -> duckdb.DuckDBPyConnection | None:
        if path == first.resolve():
            publication._point(settings, second)
            first.unlink()
        return opening(settings, path)

    monkeypatch.setattr(publication, "_open", collected)
    with publication.opened(settings) as copy:
        assert copy.execute("select path from duckdb_databases() where database_name = 'published'").fetchone() == (
            str(second.resolve()),
        )


def test_reader_goes_on_while_copies_are_collected_under_it(
    con: duckdb.DuckDBPyConnection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    publication.publish(con, settings, invented.RUN_ID)
    opening, collected = publication._open_current, iter(range(20))
    monkeypatch.setattr(publication, "_open_current", lambda s: None if next(collected, 20) < 20 else opening(s))
    with publication.opened(settings) as copy:
        assert copy.execute("select count(*) from runs").fetchone()


def test_another_process_reads_while_new_copies_are_published(
    con: duckdb.DuckDBPyConnection, settings: Settings, tmp_path: Path
) -> None:
    stop = tmp_path / "stop"
    publication.publish(con, settings, invented.RUN_ID)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(settings.current_path), str(stop)], stdout=subprocess.PIPE, text=True
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    for number in range(6):
        publication.publish(con, settings, run_of(con, f"run-{number}"))
    stop.touch()
    told, _ = reader.communicate(timeout=60)
    assert reader.returncode == 0
    calls = con.execute("select count(*) from calls").fetchone()
    assert calls is not None
    assert told.split(" ", 1)[1].strip() == str([(calls[0], invented.RUN_ID)])
    assert int(told.split()[0]) > 0


def test_copies_take_no_more_room_than_they_may(settings: Settings) -> None:
    settings.published_path.mkdir(parents=True)
    for number in range(5):
        path = settings.published_path / f"run-{number}.duckdb"
        with path.open("wb") as file:
            file.truncate(600_000_000)  # of holes: it takes no room
        os.utime(path, (number, number))
    settings.current_path.symlink_to("run-1.duckdb")
    assert publication.collect(replace(settings, published_gigabytes=3)) == []
    gone = publication.collect(replace(settings, published_gigabytes=2))
    assert [path.stem for path in gone] == ["run-0", "run-2"]
    gone = publication.collect(replace(settings, published_gigabytes=1))
    assert [path.stem for path in gone] == ["run-3", "run-4"]
    assert settings.current_path.exists()


def test_old_copy_stays_readable_for_who_holds_it(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    publication.publish(con, settings, invented.RUN_ID)
    with publication.opened(settings) as held:
        publication.publish(con, settings, run_of(con, "second"))
        publication.collect(replace(settings, keep_published=1))
        assert held.execute("select count(*) > 0 from calls").fetchone() == (True,)
        with publication.opened(settings) as fresh:
            assert fresh.execute("select count(*) from runs").fetchone() == (2,)
        assert held.execute("select count(*) from runs").fetchone() == (1,)


def test_run_id_is_a_plain_name(settings: Settings) -> None:
    for name in ("../../etc/passwd", "", ".hidden", "a/b", "current"):
        with pytest.raises(UsageError):
            publication.run_path(settings, name)


def test_data_dictionary_is_in_step() -> None:
    written = (PROJECT_ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert written == publication.data_dictionary(), "write it anew from publication.data_dictionary()"


def test_as_of_is_read_from_the_copy(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    publication.publish(con, settings, invented.RUN_ID)
    assert publication.kept(settings) == [{"run_id": invented.RUN_ID, "as_of": date(2025, 12, 31), "is_current": True}]
