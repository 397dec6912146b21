"""Tests test: each asserts something, and a skipped one says why."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house import tree

ASSERTING = re.compile(r"^_?(?:assert|check|expect|fails?_|raises|warns|verify)")
SHORTEST_REASON = 12


def asserts(function: ast.AST) -> bool:
    """Whether a test can fail for more than an error: an assert, or a call that is one by its name."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if ASSERTING.match(name):
                return True
    return False


def reason_of(call: ast.Call) -> str:
    """The reason that a skip gives."""
    given = [keyword.value for keyword in call.keywords if keyword.arg in ("reason", "msg")]
    given += call.args[-1:]
    texts = [part.value for part in given if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return texts[0] if texts else ""


def test_every_test_asserts() -> None:
    found = [
        f"{source.at(node)} {node.name}"
        for source in tree.python("tests/")
        for node in tree.functions(source)
        if node.name.startswith("test_") and source.path.name.startswith("test_") and not asserts(node)
    ]
    assert not found, tree.told(found, "tests with nothing asserted")


def test_every_skip_says_why() -> None:
    found = []
    for source in tree.python("tests/"):
        for node in ast.walk(source.tree):
            name = tree.dotted(node.func) if isinstance(node, ast.Call) else tree.dotted(node)
            if not re.fullmatch(r"pytest\.(?:skip|xfail|importorskip|mark\.(?:skip|skipif|xfail))", name):
                continue
            if isinstance(node, ast.Call) and len(reason_of(node)) < SHORTEST_REASON:
                found.append(source.at(node))
        calls = {id(n.func) for n in ast.walk(source.tree) if isinstance(n, ast.Call)}
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and id(node) not in calls:
                bare = re.fullmatch(r"pytest\.mark\.(?:skip|skipif|xfail)", tree.dotted(node))
                found += [source.at(node)] if bare else []
    assert not found, tree.told(found, "a skipped test that does not say why")


def test_names_of_tests_are_their_own() -> None:
    found = []
    for source in tree.python("tests/"):
        names = [node.name for node in source.tree.body if isinstance(node, ast.FunctionDef)]
        found += [f"{source.name} {name}" for name in set(names) if names.count(name) > 1]
    assert not found, tree.told(found, "two functions of one name: the first never runs")


@pytest.mark.parametrize(
    ("code", "is_asserting"),
    [
        ("def test(): assert 1", True),
        ("def test():\n    with pytest.raises(ValueError): f()", True),
        ("def test(): assert_frame_equal(a, b)", True),
        ("def test(): run()", False),
    ],
)
def test_the_rule_knows_an_assertion(code: str, is_asserting: bool) -> None:
    assert asserts(ast.parse(code)) == is_asserting
