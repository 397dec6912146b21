"""Every command is there, has help, and asking for help costs nothing."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from functools import cache

import pytest

from misuse.cli import run_command
from misuse.cli.parser import make_parser
from misuse.settings import QUIET_ENVIRONMENT
from tests.house import tree

# What the design asked for, and `retention`, which the scheduler's job is by hand; the register of shared lines, and the checks
# without which blind safeguards keep enforcement shut, have commands of their own, as has coding calls again. What the
# review room does of cases, meetings and people's rights can be done without a browser: case, cycle, rights.
COMMANDS = {
    "demo", "synth", "source", "ingest", "batch", "run", "estimate", "callers", "list", "look", "why", "find", "identify",
    "stop", "sql", "status", "runs", "publish", "serve", "schedule", "identity", "users", "audit", "backup", "restore",
    "retention", "shared-lines", "safeguards", "vault", "coding", "case", "cycle", "rights",
}  # fmt: skip
HEAVY = (
    "duckdb", "polars", "numpy", "pandas", "pyarrow", "prefect", "great_expectations", "sqlalchemy", "altair",
    "vl_convert", "typst", "xlsxwriter", "phonenumbers", "sklearn", "rich", "fastapi", "pydantic", "starlette", "uvicorn", "jinja2", "argon2",
)  # fmt: skip


@cache
def commands() -> dict[str, argparse.ArgumentParser]:
    """Every command and its parser, actions such as `batch list` too."""
    found: dict[str, argparse.ArgumentParser] = {}

    def visit(parser: argparse.ArgumentParser, prefix: str) -> None:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for name, child in action.choices.items():
                    found[f"{prefix}{name}"] = child
                    visit(child, f"{prefix}{name} ")

    visit(make_parser(), "")
    return found


def test_the_commands_are_those_of_the_design() -> None:
    names = {name.split()[0] for name in commands()}
    assert names == COMMANDS


@pytest.mark.parametrize("name", sorted(commands()))
def test_help_says_what_a_command_does(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([*name.split(), "--help"], {}) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: misuse {name}")
    assert name in " ".join(shown.split())


def test_every_command_is_described() -> None:
    found = []
    for name, parser in [("", make_parser()), *commands().items()]:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                described = {choice.dest for choice in action._choices_actions if choice.help}
                found += [f"{name} {child}".strip() for child in action.choices if child not in described]
    assert not found, tree.told(found, "commands without a line of help")


def test_every_option_is_described() -> None:
    found = [
        f"misuse {name} {action.option_strings[0]}"
        for name, parser in commands().items()
        for action in parser._actions
        if action.option_strings and not action.help
    ]
    assert not found, tree.told(found, "options without a word of help")


def test_commands_point_at_functions_that_are_there() -> None:
    import ast

    found = []
    for name, parser in commands().items():
        target = parser.get_default("run")
        if not target:
            continue
        module, _, function = target.partition(":")
        path = tree.ROOT / "src/misuse/cli" / f"{module}.py"
        body = ast.parse(path.read_text(encoding="utf-8")).body
        if function not in {node.name for node in body if isinstance(node, ast.FunctionDef)}:
            found.append(f"misuse {name} -> {target}")
    assert not found, tree.told(found, "commands without a function")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["run", "--help"], ["no-such-command"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import json, sys\n"
        "from misuse.cli import run_command\n"
        "run_command(sys.argv[1:], {})\n"
        "print('\\n' + json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded.intersection(HEAVY), tree.told(sorted(loaded.intersection(HEAVY)), "loaded for help alone")


def test_a_command_silences_telemetry_before_anything_else() -> None:
    environ: dict[str, str] = {}
    assert run_command(["--version"], environ) == 0
    assert QUIET_ENVIRONMENT.items() <= environ.items()


def test_nothing_is_written_for_help(tmp_path: os.PathLike[str]) -> None:
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "misuse", "--help"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert "tasking list" in done.stdout
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - the fixture's type is a bare path
