"""What a command prints for people: nothing that a terminal would obey, and no end of it that ends the work."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from misuse import wording
from misuse.cli import coding, run_command
from misuse.cli.bars import table_text
from misuse.cli.context import Context
from tests import published_fixture


def test_a_table_shows_what_a_terminal_would_obey() -> None:
    shown = table_text(["code\x1b[2J"], [["\x1b]0;title\x07MIS\nUSE\u202e\x9b1m"]])
    assert not any(letter in shown for letter in "\x1b\x07\u202e\x9b")
    assert shown.count("\n") == 2
    assert "MIS\\nUSE" in shown


def test_what_is_said_keeps_its_lines_and_obeys_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    context = Context(SimpleNamespace(), {}, SimpleNamespace())  # type: ignore[arg-type]
    context.say("one\n\ttwo – café \x1b[31m")
    context.note("night\r.csv")
    told = capsys.readouterr()
    assert told.out == "one\n\ttwo – café \\x1b[31m\n"
    assert told.err == "night\\r.csv\n"
    assert wording.inert("", is_cell=True) == ""


_WORKS = """
import sys
sys.argv = ["misuse", "status"]
from misuse import cli
def work(arguments, environ):
    from misuse.cli.bars import Bars
    for _ in range(3):
        print("beside the work", file=sys.stderr, flush=True)
    sys.stderr.isatty()
    with Bars(sys.stderr).step("A step"):
        print("done")
    return 0
cli.run_command = work
from misuse.__main__ import main
main()
"""


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-"])
def test_nobody_need_hear_how_far_it_is(stderr: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$0" -c "$1" {stderr}', sys.executable, _WORKS], stdout=subprocess.PIPE, text=True, env=os.environ,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "done\n")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_spreadsheet_runs_a_cell(start: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "published").mkdir()
    published_fixture.empty(tmp_path / "published" / "bare.duckdb")
    (tmp_path / "published" / "current.duckdb").symlink_to("bare.duckdb")
    statement = f"select chr({ord(start)}) || '1+1' as asked"
    assert run_command(["sql", statement, "--csv"], {"MISUSE_HOME": str(tmp_path)}) == 0
    assert list(csv.reader(io.StringIO(capsys.readouterr().out, newline="")))[1][0].startswith("'")
    coding._print_csv([{"call": "k1", "closing_code": f"{start}1+1"}])
    assert list(csv.reader(io.StringIO(capsys.readouterr().out, newline="")))[1][1].startswith("'")
