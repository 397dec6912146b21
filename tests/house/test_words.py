"""The words people read: a caller is never called a name, and nothing says to leave a call unanswered."""

from __future__ import annotations

import re

import pytest

from misuse.advice import says_unanswered
from tests.house import tree

NEUTRAL = re.compile(r"\boffenders?\b|\bculprits?\b|\btime[ -]wasters?\b", re.IGNORECASE)
SHOWN = ("src/", "flows/", "sql/")
LISTS_THE_WORDS = "src/misuse/advice.py"  # so that they are not written


def shown() -> list[tuple[str, str]]:
    """Every text that the program may show, with its place; comments and docstrings are not shown."""
    texts = []
    for source in tree.under(*SHOWN):
        if source.name == LISTS_THE_WORDS:
            continue
        if source.path.suffix == ".py":
            texts += [(f"{source.name}:{line}", text) for line, text in source.strings]
        elif source.path.suffix in (".sql", ".toml", ".typ", ".html", ".css", ".js", ".json", ".txt", ".jinja"):
            lines = tree.without_comments(source).splitlines()
            texts += [(f"{source.name}:{number}", line) for number, line in enumerate(lines, 1)]
    return texts


def test_callers_are_called_callers() -> None:
    found = [f"{place}: {NEUTRAL.search(text).group()}" for place, text in shown() if NEUTRAL.search(text)]  # type: ignore[union-attr]
    assert not found, tree.told(found, "a word that judges; the neutral one is 'persistent caller'")


def test_nothing_says_to_leave_a_call_alone() -> None:
    found = [place for place, text in shown() if says_unanswered(text)]
    assert not found, tree.told(found, "a text that could be read as leave to not answer or attend")


@pytest.mark.parametrize(
    ("text", "is_forbidden"),
    [
        ("do not answer calls from this line", True),
        ("Units need not attend.", True),
        ("ignore this caller", True),
        ("block the number", True),
        ("ignore calls from it", True),
        ("bar this line", True),
        ("no response is needed", True),
        ("every call is answered on its own facts", False),
        ("Nothing here is a reason not to answer or attend.", False),
        ("it bars the call from being treated as misuse", False),
        ("count callers, or bare numbers", False),
        ("not counted: a hard stop bars the call", False),
        ("readers never go back", False),
        ("stop entered: the list leaves the caller out", False),
    ],
)
def test_the_rule_knows_what_is_forbidden(text: str, is_forbidden: bool) -> None:
    assert says_unanswered(text) == is_forbidden
