"""Public functions say what they do, and have types."""

from __future__ import annotations

import ast

from tests.house import tree


def test_modules_say_what_they_are() -> None:
    found = [
        source.name
        for source in tree.python("src/", "flows/", "tests/", "benchmarks/")
        if source.text.strip() and not ast.get_docstring(source.tree)
    ]
    assert not found, tree.told(found, "a module without a docstring")


def test_public_functions_and_classes_say_what_they_are() -> None:
    found = [
        f"{source.at(node)} {node.name}"
        for source in tree.program()
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not found, tree.told(found, "a public function or class without a docstring")


def test_functions_have_types() -> None:
    found = []
    for source in tree.program():
        for node in tree.functions(source):
            named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            spread = [part for part in (node.args.vararg, node.args.kwarg) if part]
            bare = [a.arg for a in [*named, *spread] if a.annotation is None and a.arg not in ("self", "cls")]
            if bare or node.returns is None:
                found.append(f"{source.at(node)} {node.name} ({', '.join(bare) or 'what it returns'})")
    assert not found, tree.told(found, "a function without full types")


def test_nothing_is_left_for_later() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "X" + "XX", "NotImplemented" + "Error")
    found = [
        f"{source.name}:{number}"
        for source in tree.sources()
        if source.path.suffix in (".py", ".sql", ".toml", ".md", ".typ", ".html")
        for number, line in enumerate(source.lines, 1)
        if any(word in line.replace(".", " ").replace("(", " ").replace(":", " ").split() for word in words)
    ]
    assert not found, tree.told(found, "unfinished work belongs in an issue")
