"""Sizes that stay readable."""

from __future__ import annotations

import statistics

from tests.house import tree

LONGEST_MODULE = 450
LONGEST_FUNCTION = 60
MEDIAN_FUNCTION = 10
LARGE_FUNCTION = 30  # nine in ten are no longer


def test_modules_are_short() -> None:
    found = [f"{source.name} ({len(source.lines)})" for source in tree.program() if len(source.lines) > LONGEST_MODULE]
    assert not found, tree.told(found, f"modules over {LONGEST_MODULE} lines; make it a package")


def test_functions_are_short() -> None:
    found = [
        f"{source.at(node)} {node.name} ({length})"
        for source in tree.python("src/", "flows/", "tests/", "benchmarks/")
        for node in tree.functions(source)
        if (length := _length(node)) > LONGEST_FUNCTION
    ]
    assert not found, tree.told(found, f"functions over {LONGEST_FUNCTION} lines")


def test_most_functions_are_shorter_still() -> None:
    lengths = sorted(_length(node) for source in tree.program() for node in tree.functions(source))
    assert statistics.median(lengths) <= MEDIAN_FUNCTION
    assert lengths[int(len(lengths) * 0.9)] <= LARGE_FUNCTION


def _length(node: object) -> int:
    return int(getattr(node, "end_lineno", 0)) - int(getattr(node, "lineno", 0)) + 1
