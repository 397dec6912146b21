"""The command line within the tests' own process: what a command prints and its exit code, without starting Python anew.

A program of its own costs a second of imports, a `run` four. tests/pipeline/test_cli_contract.py starts the real ones.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from misuse.cli import run_command


def misuse(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What `misuse WORDS` on a home leaves: exit code, standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_command(words, {**os.environ, "MISUSE_HOME": str(home)})
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def another_writes(home: Path) -> Iterator[None]:
    """Another process holds the home's writer lock."""
    code = (
        "import sys; from pathlib import Path; from misuse import warehouse; from misuse.settings import Settings\n"
        "with warehouse.writer(Settings(home=Path(sys.argv[1]))): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline()
        try:
            yield
        finally:
            other.kill()
