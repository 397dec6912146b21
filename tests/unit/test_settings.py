"""Settings that are wrong are named with their file and key, before any store is looked at."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from misuse import settings
from misuse.cli import run_command
from misuse.errors import UsageError


@pytest.mark.parametrize("amount", ["2600MB", "2.6 GB", "2gb", "2 GiB", "3G", "16MB"])
def test_an_amount_of_memory_that_is_taken_is_one_of_the_engine_too(tmp_path: Path, amount: str) -> None:
    read = settings.from_document({"settings": {"memory_limit": amount}}, home=tmp_path)
    with duckdb.connect(":memory:", config={"memory_limit": read.memory_limit}) as con:
        assert con.execute("select current_setting('memory_limit')").fetchone() != (None,)


@pytest.mark.parametrize(
    "amount", ["2,6 GB", "2 gigs", "1GB'; select 1", "-1GB", "none", "80%", "2600", "", "0GB", "2MB", "٢GB", "1e9GB"]
)
def test_a_mistyped_amount_of_memory_is_named_with_its_file_and_key(tmp_path: Path, amount: str) -> None:
    with pytest.raises(UsageError, match=r"here\.toml: 'settings\.memory_limit' is no amount of memory"):
        settings.from_document(
            {"settings": {"memory_limit": amount}}, home=tmp_path, config_path=tmp_path / "here.toml"
        )


@pytest.mark.parametrize("command", [["run"], ["batch", "list"], ["backup", "elsewhere"]])
def test_a_mistyped_amount_of_memory_is_no_damaged_store(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "misuse.toml").write_text('[settings]\nmemory_limit = "2,6 GB"\n')
    assert run_command(command, {"MISUSE_HOME": str(tmp_path)}) == 2
    told = capsys.readouterr().err
    assert "misuse.toml: 'settings.memory_limit'" in told
    assert "damaged" not in told
