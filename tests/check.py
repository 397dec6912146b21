"""`make check`: formatting, lint, types, SQL lint and import layers; every failure is shown, not the first alone.

The house's own habits (SQL's place, the clock's, sizes, words, numbers) are tests, in tests/house.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
AT_ONCE = 2  # each is one process, SQLFluff two: more would only queue


@dataclass(frozen=True)
class Tool:
    """One command, and what mends most of what it finds."""

    name: str
    command: tuple[str, ...]
    mend: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a tool said."""

    tool: Tool
    is_good: bool
    seconds: float
    output: str


# The slowest first, so that the others run beside it.
TOOLS = (
    Tool(
        "SQL lint",
        ("sqlfluff", "lint", "sql", "--processes", "2", "--nocolor", "--disable-progress-bar"),
        "sqlfluff fix sql --rules layout,capitalisation",
    ),
    Tool("types", ("mypy", "--no-error-summary")),
    Tool("import layers", ("lint-imports", "--no-logo")),
    Tool("lint", ("ruff", "check", "--quiet", "--output-format", "concise", "."), "ruff check --fix ."),
    Tool("formatting", ("ruff", "format", "--check", "--quiet", "--output-format", "concise", "."), "ruff format ."),
)


def run_tool(tool: Tool) -> Outcome:
    """Run one tool to its end."""
    started = time.perf_counter()
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [str(BIN / tool.command[0]), *tool.command[1:]],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    output = "\n".join(part.strip() for part in (done.stdout, done.stderr) if part.strip())
    return Outcome(tool, done.returncode == 0, time.perf_counter() - started, output)


def main() -> int:
    """Run every tool; 1 if any found something."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(run_tool, TOOLS))
    failed = [outcome for outcome in outcomes if not outcome.is_good]
    for outcome in failed:
        mend = f" (mend: .venv/bin/{outcome.tool.mend})" if outcome.tool.mend else ""
        print(f"── {outcome.tool.name}{mend}\n{outcome.output}\n")
    for outcome in outcomes:
        print(f"{'ok  ' if outcome.is_good else 'FAIL'} {outcome.tool.name} ({outcome.seconds:.1f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
