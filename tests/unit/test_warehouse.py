"""The warehouse's schema: forward only, with a copy first, and never behind a newer program's back."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from misuse import batch_note, warehouse
from misuse.errors import StoreError
from misuse.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def tables(settings: Settings) -> set[str]:
    with warehouse.opened(settings) as con:
        return {name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()}


def next_version(root: Path, statement: str) -> Path:
    """This program's SQL and a version more."""
    shutil.copytree(warehouse.SQL_ROOT / "schema", root / "schema")
    latest = max(int(path.stem[-3:]) for path in (root / "schema").glob("warehouse_*.sql"))
    (root / "schema" / f"warehouse_{latest + 1:03}.sql").write_text(statement, encoding="utf-8")
    return root


def test_the_schema_goes_forward_with_a_copy_first(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables(settings)
    monkeypatch.setattr(warehouse, "SQL_ROOT", next_version(tmp_path, "create table added (a integer);"))
    assert tables(settings) - before == {"added"}
    assert len(list((settings.home / "backups").glob("warehouse-version-*.duckdb"))) == 1
    monkeypatch.undo()
    with pytest.raises(StoreError, match="newer program"):
        tables(settings)


def test_a_version_that_fails_changes_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tables(settings)
    broken = next_version(tmp_path, "create table added (a integer); select no_such_column from added;")
    with monkeypatch.context() as newer:
        newer.setattr(warehouse, "SQL_ROOT", broken)
        with pytest.raises(duckdb.BinderException):
            tables(settings)
    assert tables(settings) == before


def test_a_lost_warehouse_is_not_made_anew(settings: Settings) -> None:
    """A new one would publish the next file as all there is, and sweep the vault of every other call."""
    tables(settings)
    warehouse.warehouse_path(settings).unlink()
    assert "batch_ledger" in tables(settings), "nothing ever went in"
    warehouse.warehouse_path(settings).unlink()
    batch_note.note_path(settings).write_text("{}")
    with pytest.raises(StoreError, match="is missing, though files went into it before"):
        tables(settings)
    assert not warehouse.warehouse_path(settings).exists()


def test_a_folder_of_somebody_elses_is_not_emptied(settings: Settings) -> None:
    theirs = settings.home / "scratch" / "mine" / "thesis.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("precious")
    with pytest.raises(StoreError, match="set MISUSE_HOME to another folder"):
        tables(settings)
    assert theirs.read_text() == "precious"


def test_what_a_killed_run_left_goes(settings: Settings) -> None:
    tables(settings)
    left = settings.home / "scratch" / "spill.tmp"
    left.write_text("in clear")
    tables(settings)
    assert not left.exists()


@pytest.mark.parametrize("with_vault", [False, True])
def test_a_block_that_turns_out_damaged_is_told_as_that(tmp_path: Path, with_vault: bool) -> None:
    settings = Settings(home=tmp_path / "home")

    def reads(error: duckdb.Error) -> None:
        with warehouse.opened(settings, with_vault=with_vault):
            raise error

    said = "IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2 in block"
    with pytest.raises(StoreError, match=r"warehouse at .* is damaged"):
        reads(duckdb.IOException(said))
    with pytest.raises(duckdb.CatalogException, match="no such table"):
        reads(duckdb.CatalogException("no such table"))
