"""Nothing that anybody reads advises to leave a call unanswered or a person unattended: people have died of it.

Every option, rule, lane, state and bar; every template and string of the program; every command's help; every page of
the documents; and a set of reports as written, decoded. Sentences that say that no such thing is meant may name it.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest

from misuse import reports, review, rules, schemas
from misuse.progress import Silent
from misuse.settings import PROJECT_ROOT, SQL_ROOT, Settings
from tests import published_fixture
from tests.house import tree
from tests.house.test_cli_help import commands
from tests.house.test_words import says_unanswered

WHOSE = (
    r"(?:(?:the|this|these|that|those|their|his|her|its|any|all|every|further|future|such|repeat|persistent|an?)\s+)*"
)
CALL = r"(?:callers?|calls|call(?! from being| to the|-)|999|emergenc(?:y|ies))"
LINE = r"(?:numbers?|lines?|handsets?|telephones?|phones?|sims?)"
NOT = (
    r"(?:do not|don['’]t|does not|need not|needn['’]t|must not|should not|shall not|cannot be|never|no need to|not to|"
    r"stop|cease|refuse to|decline to|avoid|without|instead of|rather than|not be|no longer)"
)
ADVICE = re.compile(
    rf"\b{NOT}\s+(?:be\s+)?(?:answer|attend|respond|deploy|di?e?spatch|assist|help)(?:ed|ing)?\b"
    rf"|\b{NOT}\s+(?:be\s+)?(?:send|sent|take|taken|accept|accepted|pick(?:ed)? up|put through|call(?:ed)? back|visit(?:ed)?)"
    rf"\s+{WHOSE}(?:{CALL}|officers|units|anybody|anyone|a response)\b"
    rf"|\b(?:ignor|disregard|dismiss|deprioriti[sz]|downgrad|divert|reject|refus|declin|drop|terminat|screen out|cut off|"
    rf"hang up on|clos)(?:e|es|ed|ing|s|ped|ping)?\s+{WHOSE}{CALL}\b"
    rf"|\b(?:block|cut off|disconnect|suspend|terminat|withdraw|blacklist|blocklist|throttl|unplug)(?:e|s|ed|es|ing|ting)?"
    rf"\s+{WHOSE}(?:{LINE}|service)\b|\bbar(?:s|red|ring)?\s+{WHOSE}(?:{LINE}|service)\b"
    r"|\b(?:no|without)\s+(?:police\s+)?(?:response|attendance|deployment|answer|reply|units?|officers?|visit)\s+"
    r"(?:(?:is|are|was|will be|to be|need be|should be)\s+)?(?:needed|required|necessary|sent|made|given|justified|warranted)\b"
    rf"|\bleav(?:e|es|ing)\s+{WHOSE}{CALL}?\s*(?:unanswered|unattended|to ring)\b"
    rf"|\b(?:back of the queue|lowest priority|low priority)\b|\bhang(?:ing)? up on\b|\bcall[ -]barring\b|\bdisconnection\b"
    rf"|\btreat(?:ed|s)?\s+{WHOSE}{CALL}\s+as\s+(?:a\s+)?(?:hoax|nuisance|time[ -]wast)",
    re.IGNORECASE,
)
# Sentences that say that no such thing is meant, or tell what others did, may name it.
DENIAL = re.compile(
    r"\bnothing\b|\bnobody may\b|\bno (?:page|list|output|row|entry|case|line|text|option|advice)\b"
    r"|\b(?:not|never|no) (?:a |the )?(?:reason|ground|word)s?\b|\badvice (?:not )?to\b|\badvis(?:es|ing) not to\b"
    r"|\bnever (?:advise|say|tell|mean)s?\b|\bsay(?:s|ing)? not to\b|\bwas (?:closed|dismissed|seen)\b",
    re.IGNORECASE,
)


MACHINE = re.compile(r"\bserver does not answer\b")


def advises(text: str) -> bool:
    """Whether a text tells, or could be read to tell, anybody to leave a call or a person alone."""
    text = MACHINE.sub("", text)
    sentences = re.split(r"(?<=[.!?;:])\s+|\n{2,}|\n(?=[-*|#])", re.sub(r"[`*_]", "", text))
    return says_unanswered(text) or any(
        ADVICE.search(whole) and not DENIAL.search(whole) for whole in (" ".join(s.split()) for s in sentences)
    )


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Every text in a value of the project's own, however deep."""
    if isinstance(value, str):
        yield place, value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _texts(getattr(value, field.name), f"{place}.{field.name}")
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _texts(part, f"{place}[{key}]")
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part, place)


def of_rules() -> Iterator[tuple[str, str]]:
    """Options, hard stops, doubts and code lists, each text of them but the expressions that are listened for."""
    reviewed = rules.load()
    for kind in ("hard_stops", "code_lists", "misuse_codes", "doubts", "options"):
        for rule in getattr(reviewed, kind):
            for place, text in _texts(rule, f"{kind} {getattr(rule, 'id', rule.title)}"):
                if not place.endswith((".codewords", ".words", ".codes", ".markers")):
                    yield place, text


def of_decisions() -> Iterator[tuple[str, str]]:
    """States, moves, bars and permissions of the review."""
    for name in dir(review):
        if name.isupper():
            yield from _texts(getattr(review, name), f"review.{name}")


def of_program() -> Iterator[tuple[str, str]]:
    """Every string, template, model's comment for a published column, and SQL text that is no comment."""
    for source in tree.under("src/", "flows/", "sql/"):
        if source.path.suffix == ".py":
            yield from ((f"{source.name}:{line}", text) for line, text in source.strings)
        elif source.path.suffix in (".typ", ".html", ".sql", ".jinja", ".txt", ".json"):
            for line, text in enumerate(tree.without_comments(source).splitlines(), 1):
                yield f"{source.name}:{line}", text
    for relation in schemas.PUBLISHED:
        yield from _texts(relation, f"schemas.{relation.name}")


def of_commands() -> Iterator[tuple[str, str]]:
    """The help of every command."""
    for name, parser in commands().items():
        yield f"misuse {name} --help", parser.format_help()


def of_documents() -> Iterator[tuple[str, str]]:
    """Every page."""
    for page in tree.under("README.md", "CHANGELOG.md", "docs/", suffix=".md"):
        yield page.name, page.text


@pytest.mark.parametrize(
    ("shown", "fewest"),
    [(of_rules, 300), (of_decisions, 30), (of_program, 2000), (of_commands, 30), (of_documents, 12)],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_nothing_advises_to_leave_a_call_alone(shown: Callable[[], Iterator[tuple[str, str]]], fewest: int) -> None:
    texts = list(shown())
    assert len(texts) >= fewest, "the walk has lost its way"
    found = [f"{place}: {_cause(text)}" for place, text in texts if advises(text)]
    assert not found, tree.told(found, "a text that could be read as leave not to answer or attend")


def _cause(text: str) -> str:
    said = ADVICE.search(" ".join(re.sub(r"[`*_]", "", text).split()))
    return f"… {said.group()} …" if said else "see tests/house/test_words.py"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of reports from an invented published file."""
    root = tmp_path_factory.mktemp("advice")
    published = published_fixture.build(root / "run.duckdb", persons=14)
    reports.write(published, root / "out", Settings(), datetime(2026, 1, 1, 2, 31, tzinfo=UTC), Silent())
    return root / "out"


def decoded(path: Path) -> Iterator[str]:
    """What a report says, as its reader sees it."""
    if path.suffix == ".pdf":
        yield from (page.extract_text() for page in pypdf.PdfReader(path).pages)
    elif path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        yield from (str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value)
    elif path.suffix == ".csv":
        yield from (cell for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"))) for cell in row)
    elif path.suffix in (".svg", ".json", ".html"):
        yield re.sub(r"<[^>]*>", " ", path.read_text(encoding="utf-8"))


def test_no_report_advises_to_leave_a_call_alone(written: Path) -> None:
    texts = [(file.name, text) for file in sorted(written.rglob("*")) for text in decoded(file)]
    assert {Path(name).suffix for name, _ in texts} >= {".pdf", ".xlsx", ".csv", ".svg", ".json"}
    found = [f"{name}: {_cause(text)}" for name, text in texts if advises(text)]
    assert not found, tree.told(found, "a report that could be read as leave not to answer or attend")


PLANTED = """
Do not answer calls from this number.
Units need not attend.
Ignore the call.
Ignore further calls from this address.
No response is required.
No officers will be sent.
Refuse to attend.
Block the number.
Bar this line until the review.
Terminate the call.
Terminate all calls from persistent callers.
Ask the provider to disconnect the line.
Disconnection of the handset.
Calls from her should not be put through: never pick up such calls.
Leave the call unanswered.
Officers are not to be deployed.
Downgrade every call from this caller.
Close the call without a visit; no attendance was justified.
Put him at the back of the queue.
Treat the call as a hoax.
Rather than attend, write a letter.
Stop sending units; don't dispatch.
Withdraw service from the line.
Dismiss her calls.
""".strip().splitlines()

ALLOWED = """
Every call is answered on its own facts.
Nothing here is a reason not to answer or attend.
A hard stop bars the call from being treated as misuse.
It bars every call of that caller from counting.
Stop entered: the list leaves the caller out.
Two silent 999 calls were closed as duplicate.
The line stays connected.
No output tells anyone not to answer or attend.
Contact the provider about a fault on the line.
Not counted: a hard stop bars the call.
A look clears what it saw.
The call was taken for misuse.
Calls in all.
""".strip().splitlines()


@pytest.mark.parametrize("text", PLANTED)
def test_planted_advice_is_found(text: str) -> None:
    assert advises(text)


@pytest.mark.parametrize("text", ALLOWED)
def test_what_is_no_advice_is_let_be(text: str) -> None:
    assert not advises(text)


def test_a_planted_option_template_and_report_would_be_found(written: Path, tmp_path: Path) -> None:
    option = dataclasses.replace(rules.load().options[0], title="Ask the control room to ignore calls from the number")
    assert any(advises(text) for _, text in _texts(option, "option"))
    book = openpyxl.load_workbook(next(written.rglob("tasking_list.xlsx")))
    book.active["A1"] = "Units need not attend"
    book.save(tmp_path / "planted.xlsx")
    assert any(map(advises, decoded(tmp_path / "planted.xlsx")))
    page = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8") + "\n\nDo not answer calls from such numbers.\n"
    assert advises(page)
    statement = (SQL_ROOT / "marts" / "look_list.sql").read_text(encoding="utf-8")
    assert advises(statement.replace("'hard_stop'", "'no response needed'"))
