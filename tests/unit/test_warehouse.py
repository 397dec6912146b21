"""The warehouse's schema: forward only, with a copy first, and never behind a newer program's back."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from misuse import warehouse
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
