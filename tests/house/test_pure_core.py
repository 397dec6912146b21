"""The core thinks and does nothing else: no store, no clock, no environment, no framework, no knowledge of its neighbours."""

from __future__ import annotations

import ast
import sys

from tests.house import tree

CORE = ("advice", "numbers", "identity", "estimation", "coding", "tasking", "review")
MAY_IMPORT = {
    "misuse": {"schemas", "settings", "errors", "progress", "wording"},
    "others": {"numpy", "polars", "scipy", "sklearn", "phonenumbers", "pyarrow"},
}
# Of the standard library, what reaches outside.
OUTSIDE = {
    "os", "sys", "time", "random", "secrets", "getpass", "socket", "subprocess", "sqlite3", "shutil", "tempfile", "pathlib",
    "io", "threading", "multiprocessing", "asyncio", "urllib", "http", "logging", "platform", "signal", "glob",
}  # fmt: skip
# Calls that touch a file or a screen.
TOUCHES = {"open", "print", "input", "exec", "eval", "__import__"}


def core() -> list[tuple[str, tree.Source]]:
    """The core's files, each with the module it belongs to."""
    return [
        (name, source)
        for name in CORE
        for source in tree.python("src/misuse/")
        if source.name == f"src/misuse/{name}.py" or source.name.startswith(f"src/misuse/{name}/")
    ]


def test_the_core_is_there() -> None:
    assert {"numbers", "estimation", "tasking", "review"} <= {name for name, _ in core()}


def test_the_core_imports_nothing_that_reaches_outside() -> None:
    found = []
    for module, source in core():
        for node, name in tree.imports(source):
            first, _, rest = name.partition(".")
            if first == "misuse":
                second = rest.split(".")[0]
                good = not second or second == module or second in MAY_IMPORT["misuse"]
            elif first in sys.stdlib_module_names:
                good = first not in OUTSIDE
            else:
                good = first in MAY_IMPORT["others"]
            if not good:
                found.append(f"{source.at(node)} {name}")
    assert not found, tree.told(found, "the pure core imports what it must not")


def test_the_core_touches_nothing() -> None:
    found = [
        f"{source.at(node)} {node.func.id}"
        for _, source in core()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TOUCHES
    ]
    assert not found, tree.told(found, "the pure core touches a file or a screen")


def test_the_core_keeps_no_state() -> None:
    found = [
        source.at(node)
        for _, source in core()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Global | ast.Nonlocal)
    ]
    assert not found, tree.told(found, "the pure core keeps state between calls")
