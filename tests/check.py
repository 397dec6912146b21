"""`make check`: formatting, lint, types, SQL lint, import layers and dependencies; every failure is shown, not the first alone.

The house's own habits (SQL's place, the clock's, sizes, words, numbers) are tests, in tests/house.
SQLFluff keeps no cache and needs 45 s for all of sql/: files that it passed are remembered here by their digests.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
AT_ONCE = 2  # each is one process, SQLFluff two: more would only queue
PASSED = ROOT / ".sqlfluff_cache" / "passed"  # digests of files, each with the linter and what it was told


@dataclass(frozen=True)
class Tool:
    """One command, and what mends most of what it finds."""

    name: str
    command: tuple[str, ...]
    mend: str = ""
    tells: bool = False  # what it says is shown though it found nothing


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
        ("sqlfluff", "lint", "--processes", "2", "--nocolor", "--disable-progress-bar"),
        "sqlfluff fix sql --rules layout,capitalisation",
    ),
    Tool("types", ("mypy", "--no-error-summary")),
    Tool("import layers", ("lint-imports", "--no-logo")),
    Tool("lint", ("ruff", "check", "--quiet", "--output-format", "concise", "."), "ruff check --fix ."),
    Tool("dependencies", ("python", "-m", "tests.audit"), tells=True),
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


def digests() -> dict[Path, str]:
    """Every SQL file with the digest of its text, the linter's version and its settings."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        told = repr((version("sqlfluff"), tomllib.load(file)["tool"]["sqlfluff"])).encode()
    return {
        path: hashlib.sha256(told + path.read_bytes()).hexdigest() for path in sorted((ROOT / "sql").rglob("*.sql"))
    }


def lint_sql(tool: Tool) -> Outcome:
    """SQLFluff on the files that did not pass as they are now; what passes is remembered."""
    found = digests()
    passed = set(PASSED.read_text().split()) if PASSED.exists() else set()
    owed = [str(path.relative_to(ROOT)) for path, digest in found.items() if digest not in passed]
    if not owed:
        return Outcome(tool, True, 0.0, "")
    outcome = run_tool(replace(tool, command=(*tool.command, *owed)))
    if outcome.is_good:
        PASSED.parent.mkdir(exist_ok=True)
        PASSED.write_text("\n".join(found.values()))
    return outcome


def check(tool: Tool) -> Outcome:
    """Run one tool, SQLFluff on what it has not passed."""
    return lint_sql(tool) if tool.command[0] == "sqlfluff" else run_tool(tool)


def main() -> int:
    """Run every tool; 1 if any found something."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(check, TOOLS))
    failed = [outcome for outcome in outcomes if not outcome.is_good]
    for outcome in failed:
        mend = f" (mend: .venv/bin/{outcome.tool.mend})" if outcome.tool.mend else ""
        print(f"── {outcome.tool.name}{mend}\n{outcome.output}\n")
    for outcome in outcomes:
        told = f": {outcome.output}" if outcome.tool.tells and outcome.is_good else ""
        print(f"{'ok  ' if outcome.is_good else 'FAIL'} {outcome.tool.name} ({outcome.seconds:.1f} s){told}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
