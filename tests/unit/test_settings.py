"""Settings that are wrong are named with their file and key, before any store is looked at."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from misuse import settings
from misuse.cli import run_command
from misuse.cli.context import Context
from misuse.errors import UsageError
from misuse.settings import PROJECT_ROOT as ROOT


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


@pytest.mark.parametrize(
    "zone", ["localtime", "posixrules", "posix/Europe/London", "right/Europe/London", "Nowhere", ""]
)
def test_a_zone_that_the_engine_has_not_is_refused(tmp_path: Path, zone: str) -> None:
    with pytest.raises(UsageError, match="names no time zone"):
        settings.from_document({"settings": {"reporting_zone": zone}}, home=tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "is_taken"),
    [
        ("bootstrap_replicates", 19, False), ("bootstrap_replicates", 20, True),
        ("threads", -1, False), ("threads", 0, True), ("threads", 256, True), ("threads", 257, False),
    ],
)  # fmt: skip
def test_amounts_that_no_machine_can_do_are_refused(tmp_path: Path, key: str, value: int, is_taken: bool) -> None:
    document = {"settings": {key: value}}
    if is_taken:
        assert getattr(settings.from_document(document, home=tmp_path), key) == value
        return
    with pytest.raises(UsageError, match=rf"'(settings\.)?{key}' must be"):
        settings.from_document(document, home=tmp_path)


@pytest.mark.parametrize(
    "inbox",
    [
        "",
        ".",
        "..",
        "/",
        "published",
        "keys/in",
        "in/../reports",
        "./scratch",
        "KEYS",
        "warehouse.duckdb",
        "linked",
        "linked/in",
    ],
)
def test_an_inbox_that_would_take_what_misuse_keeps_is_refused(tmp_path: Path, inbox: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "linked").symlink_to(tmp_path / "keys")
    with pytest.raises(UsageError, match=r"'settings\.inbox' must be a folder of its own"):
        settings.from_document({"settings": {"inbox": inbox}}, home=tmp_path)


@pytest.mark.parametrize("inbox", ["inbox", "in/coming", "../logs", "/srv/logs", "published-elsewhere"])
def test_any_other_folder_may_be_the_inbox(tmp_path: Path, inbox: str) -> None:
    assert settings.from_document({"settings": {"inbox": inbox}}, home=tmp_path).inbox == inbox


def test_every_folder_that_the_code_makes_in_a_home_is_its_own() -> None:
    named = {
        name
        for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("flows/*.py")]
        for name in re.findall(r'home / "([a-z]+)"', path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= set(settings.OWN_FOLDERS)


def test_a_home_that_says_nothing_is_none(tmp_path: Path) -> None:
    """Or keys and stores would be laid into the working directory itself."""
    assert settings.home_path({"MISUSE_HOME": ""}, tmp_path) == settings.home_path({}, tmp_path) == tmp_path / "var"


@pytest.mark.parametrize("home", ["a" * 300, "loop", "loop/inside"])
def test_a_home_that_no_file_system_takes_is_said(
    home: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert run_command(["status"], {"MISUSE_HOME": str(tmp_path / home)}) == 2
    assert "the data home cannot be reached" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["source", "draft"], ["backup"], ["sql", "--file"], ["synth", "--days", "1", "--out"]]
)
def test_a_path_that_no_file_system_takes_is_said(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([*words, str(tmp_path / ("a" * 300))], {"MISUSE_HOME": str(tmp_path)}) == 2
    told = capsys.readouterr().err
    assert "no file system takes: File name too long" in told
    assert "aaa" not in told


def test_a_settings_file_that_no_file_system_takes_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"MISUSE_HOME": str(tmp_path), "MISUSE_CONFIG": str(tmp_path / ("a" * 300))}
    assert run_command(["status"], environ) == 2
    assert "no settings file" in capsys.readouterr().err


def test_a_folder_that_was_removed_under_the_command_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()
    assert run_command(["status"], {"MISUSE_HOME": str(tmp_path)}) == 2
    assert "was removed" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["07700900123"], ["batch", "07700 900123"], ["list", "--limit", "O'Hare"]])
def test_what_was_typed_is_not_said_again(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(words, {}) == 2
    told = capsys.readouterr().err
    assert told
    assert not any(part in told for part in ("07700", "900123", "Hare"))


def test_a_mistyped_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["inges"], {}) == 2
    assert "'inges'" in capsys.readouterr().err


def test_a_user_that_no_list_of_users_has_is_told_by_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_294_000_000)
    assert Context(None, {}, settings.Settings(home=tmp_path)).actor == "uid4294000000"


def test_what_a_terminal_has_no_letters_for_is_spelt_out(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "misuse", "estimate", "--help"],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "MISUSE_HOME": str(tmp_path)},
        capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
