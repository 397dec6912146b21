"""Stopped calls that came without a number are on no list of callers, and are told all the same, wherever looks are."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from misuse import published_callers
from misuse.settings import Settings
from tests.commands import misuse
from tests.logs import COLUMNS, MOBILES, write_csv
from tests.pipeline.test_nothing_leaks import LAYOUT

pytestmark = pytest.mark.usefixtures("unreported_file")  # nobody reads their papers

START = datetime(2025, 12, 1, 20)


def call(number: str, at: int, **given: str) -> dict[str, str]:
    received = (START + timedelta(days=at)).isoformat(sep=" ")
    plain = {"ref": f"{number}-{at}", "received": received, "cli": number, "code": "HOAX", "version": "1"}
    return dict.fromkeys(COLUMNS, "") | plain | {"borough": "Camden"} | given


def test_a_run_a_look_and_the_hook_tell_of_stopped_calls_of_nobody(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "misuse.toml").write_text(LAYOUT, encoding="utf-8")
    silent = [call("", day, markers="domestic_abuse") for day in range(14)]
    log = write_csv(tmp_path / "log.csv", [*silent, *(call(MOBILES[1], day) for day in range(30))])
    assert misuse(home, "ingest", str(log), "--source", "calls").returncode == 0
    ran = misuse(home, "run", "--as-of", "2025-12-20")
    assert ran.returncode == 0, ran.stderr
    assert "Beside the look list, 14 stopped calls of nobody known" in ran.stdout
    assert "of nobody known to be looked at tonight" in ran.stderr
    looked = misuse(home, "look")
    assert "1 caller to be looked at" in looked.stdout, "a call of nobody is nobody's row"
    assert "14 stopped calls of nobody known" in looked.stdout
    shown = misuse(home, "sql", "-f", "stopped_with_no_caller")
    assert shown.stdout.count("CAMDEN") == 14
    line = published_callers.urgent_line(Settings(home=home))
    assert line.startswith("URGENT  ")
    assert line.endswith("of nobody known to be looked at tonight → misuse look")
