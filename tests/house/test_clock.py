"""Time, environment and chance are arguments: only the edge of the program looks them up."""

from __future__ import annotations

import ast

import pytest

from tests.house import tree

# Where the outside comes in, once.
DOORS = ("src/misuse/cli/", "src/misuse/__main__.py", "src/misuse/settings.py", "flows/")
LOOKED_UP = {
    "datetime.now", "datetime.utcnow", "datetime.today", "datetime.datetime.now", "datetime.datetime.utcnow",
    "date.today", "datetime.date.today", "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime",
    "os.environ", "os.getenv", "os.getenvb", "os.getlogin", "getpass.getuser", "socket.gethostname", "platform.node",
    "uuid.uuid1", "uuid.uuid4", "Path.cwd", "os.getcwd", "Path.home",
}  # fmt: skip
# Chance without a seed. `np.random.default_rng(seed)` has one.
CHANCE = ("random.", "np.random.", "numpy.random.")
SEEDED = {"Generator", "default_rng", "SeedSequence", "Philox", "PCG64", "Random"}
# Keys must be unguessable, so they are the one thing that is drawn.
DRAWS_KEYS = {"src/misuse/vault/", "src/misuse/web/"}


def test_only_the_doors_look_outside() -> None:
    found = [
        f"{source.at(node)} {name}"
        for source in tree.program()
        if not source.name.startswith(DOORS)
        for node, name in _looked_up(source.tree)
    ]
    assert not found, tree.told(found, "the clock, the environment or chance, looked up and not given")


def test_only_keys_are_drawn_at_random() -> None:
    found = [
        f"{source.at(node)} {name}"
        for source in tree.python("src/")
        if not source.name.startswith(tuple(DRAWS_KEYS))
        for node, name in tree.imports(source)
        if name.split(".")[0] == "secrets"
    ]
    assert not found, tree.told(found, "secrets are drawn where keys are made")


@pytest.mark.parametrize(
    ("code", "is_lookup"),
    [
        ("datetime.now(UTC)", True),
        ("os.environ['A']", True),
        ("random.random()", True),
        ("np.random.normal()", True),
        ("np.random.default_rng()", True),
        ("np.random.default_rng(seed)", False),
        ("rng.random()", False),
        ("time.perf_counter()", False),
        ("from os import environ", True),
        ("from random import choice", True),
    ],
)
def test_the_rule_knows_a_lookup(code: str, is_lookup: bool) -> None:
    assert bool(_looked_up(ast.parse(code))) == is_lookup


def _looked_up(module: ast.Module) -> list[tuple[ast.AST, str]]:
    found: list[tuple[ast.AST, str]] = []
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute):
            name = tree.dotted(node)
            if name in LOOKED_UP or (name.startswith(CHANCE) and not _is_module(name) and node.attr not in SEEDED):
                found.append((node, name))
        elif isinstance(node, ast.Call):
            name = tree.dotted(node.func)
            if name.rsplit(".", 1)[-1] in ("default_rng", "Random") and not (node.args or node.keywords):
                found.append((node, f"{name}() without a seed"))
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [
                (node, name)
                for name in names
                if name in LOOKED_UP or (name.startswith("random.") and name != "random.Random")
            ]
    return found


def _is_module(name: str) -> bool:
    return name in ("np.random", "numpy.random")
