"""`python -m misuse` and the `misuse` command: clock, environment and standard streams enter here."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from misuse.cli import run_command

    sys.exit(run_command(sys.argv[1:], os.environ))


if __name__ == "__main__":
    main()
