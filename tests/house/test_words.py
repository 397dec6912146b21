"""The words people read: a caller is never called a name, and nothing says to leave a call unanswered."""

from __future__ import annotations

import re

import pytest

from tests.house import tree

NEUTRAL = re.compile(r"\boffenders?\b|\bculprits?\b|\btime[ -]wasters?\b", re.IGNORECASE)
LEAVE = r"(?:answer|attend|respond|deploy|dispatch)(?:ed|ing)?"
ITS = r"(?:the|this|these|that|those|their|his|her|any|all|further|future|such)"
UNANSWERED = re.compile(
    r"\b(?:do not|don['’]t|does not|need not|needn['’]t|must not|should not|never|stop|cease|refuse to|without|no need to"
    rf"|not to|rather than|instead of)\s+(?:be\s+)?{LEAVE}\b"
    r"|\b(?:ignor|disregard|dismiss|deprioriti[sz]|downgrad|divert|reject|screen out)(?:e|es|ed|ing|s)?\s+"
    rf"(?:{ITS}\s+)?(?:callers?|calls|emergenc(?:y|ies)|call from)\b"
    rf"|\b(?:block|bar)(?:s|k?ing|ring|red|ked)?\s+{ITS}\s+(?:number|line)s?\b"
    r"|\bhang(?:ing)? up on\b|\bno (?:response|answer|deployment|attendance) (?:is )?(?:needed|required|necessary)\b"
    r"|\bcall[ -]barring\b",
    re.IGNORECASE,
)
# A sentence that says no such thing is meant may name it.
DENIAL = re.compile(
    r"\b(?:nothing|no (?:page|list|output|row|entry|case|line)|(?:not|never|no) (?:a )?(?:reason|ground)s?)\b",
    re.IGNORECASE,
)
SHOWN = ("src/", "flows/", "sql/")


def shown() -> list[tuple[str, str]]:
    """Every text that the program may show, with its place; comments and docstrings are not shown."""
    texts = []
    for source in tree.under(*SHOWN):
        if source.path.suffix == ".py":
            texts += [(f"{source.name}:{line}", text) for line, text in source.strings]
        elif source.path.suffix in (".sql", ".toml", ".typ", ".html", ".css", ".js", ".json", ".txt", ".jinja"):
            lines = tree.without_comments(source).splitlines()
            texts += [(f"{source.name}:{number}", line) for number, line in enumerate(lines, 1)]
    return texts


def says_unanswered(text: str) -> bool:
    """Whether a text tells anyone to leave a call alone."""
    sentences = re.split(r"(?<=[.!?;:])\s", text)
    return any(UNANSWERED.search(s) and not DENIAL.search(s) for s in sentences)


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
