"""The project's own files, as the house tests read them: each once, parsed once."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What .gitignore leaves out, for a copy of the tree that is no git checkout.
LEFT_OUT = {
    ".git", ".venv", "var", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis",
    ".import_linter_cache", "dist", "out",
}  # fmt: skip
MODEL_FOLDERS = ("staging", "callers", "detection", "estimates", "marts")


@dataclass(frozen=True)
class Source:
    """One file: where it is, from the project's root, and what it says."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        """The file as text; empty if it is none."""
        try:
            return self.path.read_text(encoding="utf-8-sig")
        except (UnicodeDecodeError, FileNotFoundError):
            return ""

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def docstrings(self) -> set[int]:
        """The identities of the nodes that are docstrings, or strings that stand alone."""
        return {
            id(node.value)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        }

    @cached_property
    def strings(self) -> list[tuple[int, str]]:
        """Every string that is no docstring, with its line; an f-string's parts are joined by a blank."""
        inside = {id(part) for node in ast.walk(self.tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.JoinedStr):
                found.append((node.lineno, literal(node)))
            elif (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in inside | self.docstrings
            ):
                found.append((node.lineno, node.value))
        return found

    def comments(self) -> Iterator[tuple[int, str]]:
        """Every comment of a Python file."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string

    def at(self, node: ast.AST) -> str:
        """Where a node stands, as a person finds it."""
        return f"{self.name}:{getattr(node, 'lineno', 1)}"


def literal(node: ast.JoinedStr) -> str:
    """What an f-string says but for its values."""
    return " ".join(
        part.value for part in node.values if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


@cache
def sources() -> tuple[Source, ...]:
    """Every file that is tracked, or new and not ignored."""
    try:
        listed = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\0")
        paths = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [p for p in ROOT.rglob("*") if not LEFT_OUT.intersection(p.relative_to(ROOT).parts)]
    return tuple(Source(path) for path in sorted(set(paths)) if path.is_file())


def under(*prefixes: str, suffix: str = "") -> list[Source]:
    """Files under any of the folders, or being any of the files, that end so."""
    wanted = tuple(prefixes)
    return [s for s in sources() if s.name.startswith(wanted) and s.name.endswith(suffix)]


def python(*prefixes: str) -> list[Source]:
    """Python files under the folders."""
    return under(*prefixes, suffix=".py")


def program() -> list[Source]:
    """The program's own Python: what runs, not what tests it."""
    return python("src/", "flows/")


def sql(*folders: str) -> list[Source]:
    """SQL files, of these folders of sql/ or of all."""
    return under(*(f"sql/{folder}/" for folder in folders) if folders else ("sql/",), suffix=".sql")


def header(source: Source) -> str:
    """The comment a SQL file opens with, as one line of words."""
    words = []
    for line in source.lines:
        if not line.startswith("--"):
            break
        words.append(line.removeprefix("--").strip())
    return " ".join(words)


def without_comments(source: Source) -> str:
    """A file's text with its comments blanked, so that line numbers stay: SQL, TOML, Typst, HTML."""
    patterns = {
        ".sql": r"--[^\n]*|/\*.*?\*/",
        ".toml": r"(?m)(?:^|(?<=\s))#[^\n]*",
        ".typ": r"(?<!:)//[^\n]*|/\*.*?\*/",
        ".html": r"<!--.*?-->|\{#.*?#\}",
    }
    pattern = patterns.get(source.path.suffix)
    if pattern is None:
        return source.text
    return re.sub(pattern, lambda found: "\n" * found.group().count("\n"), source.text, flags=re.DOTALL)


def imports(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Every module that a file imports, wherever in it, relative ones left out."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node, node.module
            for alias in node.names:
                yield node, f"{node.module}.{alias.name}"


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain; empty where it starts from anything but a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def functions(source: Source) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file, nested ones and methods too."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def told(found: list[str], rule: str) -> str:
    """The message of a failed house test: the rule, then every place."""
    return "\n  ".join([rule, *sorted(set(found))])
