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

from misuse import advice, reports, review, rules, schemas
from misuse.errors import UsageError
from misuse.progress import Silent
from misuse.settings import PROJECT_ROOT, SQL_ROOT, Settings
from tests import published_fixture
from tests.house import tree
from tests.house.test_cli_help import commands
from tests.house.test_words import LISTS_THE_WORDS

MACHINE = re.compile(r"\bserver does not answer\b")


def advises(text: str) -> bool:
    """Whether a text tells, or could be read to tell, anybody to leave a call or a person alone."""
    return advice.advises(MACHINE.sub("", text))


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
        if source.name == LISTS_THE_WORDS:
            continue
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
    said = advice.cause(text)
    return f"… {said} …" if said else "see tests/house/test_words.py"


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


TYPED = """
Do not answer calls.
DO  NOT ANSWER
don’t answer
dont attend
no need to attend
Not to be attended.
Officers should not respond
do not send officers
never send anyone
do not send a car
Ignore calls
ignore her
ignore the phone
Hang up.
hang up at once
put the phone down
leave him be
let it ring
calls may go unanswered
Do not pick up
cut the caller off
Nothing will come of it: do not answer.
Do n\u200bot answer
d\uff4f not answer
No response is needed.
No attendance
Rather than attend, write
""".strip().splitlines()
WELCOME = """
Visit and ask what would help
serve the warning, with a support worker
not at night
Do not visit alone
Do not ignore her calls
never refuse to answer
Do not stop answering
Go in plain clothes, with the health liaison
Every call goes on being answered
Ask whether the alarm was attended to by the council
none known
Ask who calls from this line at night, since when, and what was said to the caller then?
Do not call at the workplace
Do not name the neighbours; do not send letters to the old address
Do not tell the family
""".strip().splitlines()


@pytest.mark.parametrize("text", [*TYPED, "do not\nanswer"])
def test_what_is_typed_and_gives_leave_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="goes on being answered"):
        advice.refuse_leave("what is asked", text)


@pytest.mark.parametrize("text", WELCOME)
def test_what_is_typed_and_gives_no_leave_goes_in(text: str) -> None:
    assert not advice.gives_leave(text)
    assert not advice.gives_leave(text, is_forbidding=True)


@pytest.mark.parametrize(
    "text", ["Answer her calls.", "visit at night, attend alone", "Sending officers", "be late; respond"]
)
def test_a_bare_word_under_what_not_to_do_says_so_too(text: str) -> None:
    advice.refuse_leave("what is asked", text)
    with pytest.raises(UsageError):
        advice.refuse_leave("what not to do", text, is_forbidding=True)


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
