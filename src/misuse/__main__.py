"""`python -m misuse` and the `misuse` command: clock, environment and standard streams enter here."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO, Any


class Unheard:
    """Standard error that a full disk or a closed pipe does not stop: what it cannot say any more goes nowhere."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._give_up()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def main() -> None:
    """Run the command line and leave with its exit code."""
    from misuse.cli import run_command

    # What is said there is beside the work: a run must not end because nobody can hear how far it is.
    sys.stderr = Path(os.devnull).open("w") if sys.stderr is None else Unheard(sys.stderr)  # noqa: SIM115  # open until the end
    sys.exit(run_command(sys.argv[1:], os.environ))


if __name__ == "__main__":
    main()
