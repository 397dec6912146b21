"""Documents keep step with what they describe."""

from __future__ import annotations

import ast
import re
import tomllib

import pytest

from misuse import schemas
from misuse.errors import MisuseError
from misuse.settings import QUIET_ENVIRONMENT, Settings, from_document
from tests import settings_page
from tests.house import tree
from tests.house.test_cli_help import commands

LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)")
BLOCK = re.compile(r"(?ms)^```toml\n(.*?)^```")
COMMAND_LINE = re.compile(r"(?m)(?:`|^\s*(?:\$ )?)(?:[A-Z_]+=\S+ )*misuse ([a-z][^`\n]*)")
CHANGELOG_PARTS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def pages() -> list[tree.Source]:
    """The pages that people read."""
    return tree.under("README.md", "CHANGELOG.md", "docs/", suffix=".md")


def test_every_command_is_documented() -> None:
    words = " ".join(" ".join(page.text.split()) for page in pages())
    found = [name for name in commands() if not re.search(rf"\bmisuse {re.escape(name)}\b", words)]
    assert not found, tree.told(found, "commands that no page names (as `misuse COMMAND`)")


def test_every_command_is_in_the_analysts_table() -> None:
    page = (tree.ROOT / "docs" / "analysts.md").read_text(encoding="utf-8")
    table = page.split("## Every command")[1]
    missing = [name for name in {name.split()[0] for name in commands()} if not re.search(rf"`misuse {name}\b", table)]
    assert not missing, tree.told(missing, "commands that 'Every command' leaves out")


def test_no_page_names_a_command_that_is_not_there() -> None:
    known = {name.split()[0] for name in commands()}
    found = [
        f"{page.name}: misuse {name}"
        for page in pages()
        for name in re.findall(r"(?m)(?:`|^\s*(?:\$ )?)misuse ([a-z][a-z-]+)\b", page.text)
        if name not in known
    ]
    assert not found, tree.told(found, "a command that is not there")


def test_no_page_names_an_option_that_is_not_there() -> None:
    found = [
        f"{page.name}: misuse {name} {option}"
        for page in pages()
        for line in COMMAND_LINE.findall(page.text)
        for name, option in options_of(line.split("  ")[0])
        if option not in {"--help", "--version", "--config"} | known_options(name)
    ]
    assert not found, tree.told(found, "an option that the command does not have")


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("callers --at-least 8", [("callers", "--at-least")]),
        ("identity diff MODEL --accept --reason", [("identity diff", "--accept"), ("identity diff", "--reason")]),
        ("users add NAME --role chair", [("users", "--role")]),
        ("safeguards record RULE --until DATE", [("safeguards record", "--until")]),
        ("nothing --at-all", [("", "--at-all")]),
    ],
)
def test_an_option_is_looked_up_under_its_command(line: str, options: list[tuple[str, str]]) -> None:
    assert options_of(line) == options
    assert "--freeze" in known_options("list")
    assert "--freeze" not in known_options("callers") | known_options("")


def options_of(line: str) -> list[tuple[str, str]]:
    """Each option of what follows `misuse` on a line, with the command it is given to; "" for one that is not there."""
    words, name = line.split(), ""
    for count in (1, 2):
        if " ".join(words[:count]) in commands():
            name = " ".join(words[:count])
    return [(name, option) for option in re.findall(r"(?<=\s)--[a-z][a-z-]+", line)]


def known_options(name: str) -> set[str]:
    """The options of one command."""
    parser = commands().get(name)
    return {option for action in parser._actions for option in action.option_strings} if parser else set()


def test_every_status_line_is_in_the_table() -> None:
    page = (tree.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.split("## Every status line")[1].split("\n## ")[0]
    rows = set(re.findall(r"(?m)^\| `([^`]+)` \|", table))
    made = status_lines()
    assert len(made) > 20
    missing = [pattern for pattern in made if not any(re.fullmatch(pattern, row) for row in rows)]
    assert not missing, tree.told(missing, "lines of the status that docs/operations.md does not explain")
    unmade = [row for row in rows - {"ok"} if not any(re.fullmatch(pattern, row) for pattern in made)]
    assert not unmade, tree.told(unmade, "lines in docs/operations.md that the status never shows")


def status_lines() -> set[str]:
    """What each line of the status begins with, as a pattern: a subject that is looked up is a word in capitals there.

    One that is well may also be told by the row `ok`, which stands for all.
    """
    (source,) = tree.under("src/misuse/status.py", suffix=".py")
    made = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Line":
            word, subject = node.args[:2]
            shown = re.escape(subject.value) if isinstance(subject, ast.Constant) else "[A-Z]+"
            words = [part.value for part in ast.walk(word) if isinstance(part, ast.Constant)]
            assert words, f"{source.name}:{node.lineno}: a word that is reckoned"
            made |= {f"ok(?: {shown})?" if said == "ok" else f"{said} {shown}" for said in words}
    return made


def test_the_settings_page_is_in_step() -> None:
    assert settings_page.PAGE.read_text(encoding="utf-8") == settings_page.page(), "run: python -m tests.settings_page"


def test_every_setting_has_a_meaning() -> None:
    assert {f"{table}.{key}" for table, key, _ in settings_page.declared()} == set(settings_page.MEANINGS)


def test_every_variable_of_the_environment_is_documented() -> None:
    used = {
        text
        for source in tree.program()
        for _, text in source.strings
        if re.fullmatch(r"MISUSE_[A-Z_]+", text) and text not in QUIET_ENVIRONMENT and text not in vars(schemas)
    }
    assert used <= set(settings_page.ENVIRONMENT), used - set(settings_page.ENVIRONMENT)


@pytest.mark.parametrize("table", ["settings", "schedule", "limits"])
def test_a_file_of_every_default_is_the_default(table: str) -> None:
    defaults = {key: value for name, key, value in settings_page.declared() if name == table}
    home = Settings().home
    assert from_document({table: defaults}, home=home) == from_document({}, home=home)


def test_examples_of_settings_can_be_read() -> None:
    found = []
    for page in pages():
        for block in BLOCK.findall(page.text):
            try:
                from_document(tomllib.loads(block), home=Settings().home)
            except (MisuseError, tomllib.TOMLDecodeError) as error:
                found.append(f"{page.name}: {str(error).splitlines()[0]}")
    assert not found, tree.told(found, "an example of misuse.toml that misuse refuses")


def test_links_lead_somewhere() -> None:
    found = [
        f"{page.name}: {target}"
        for page in pages()
        for target in LINK.findall(page.text)
        if not target.startswith(("http:", "https:", "mailto:")) and not (page.path.parent / target).exists()
    ]
    assert not found, tree.told(found, "a link to nothing")


def test_the_index_has_every_page() -> None:
    index = (tree.ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    missing = [
        page.name
        for page in pages()
        if page.name.startswith("docs/") and f"({page.name[5:]})" not in index + "(README.md)"
    ]
    assert not missing, tree.told(missing, "pages that docs/README.md does not lead to")


def test_the_changelog_is_kept() -> None:
    text = (tree.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"(?m)^## \[Unreleased\]", text)
    assert set(re.findall(r"(?m)^### (.+)$", text)) <= CHANGELOG_PARTS


def test_decisions_are_dated_in_order() -> None:
    text = (tree.ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    dates = re.findall(r"(?m)^## (\d{4}-\d\d-\d\d)$", text)
    assert dates
    assert dates == sorted(dates)


def test_the_dependencies_beyond_the_users_are_explained() -> None:
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    text = (tree.ROOT / "docs" / "decisions.md").read_text(encoding="utf-8").lower()
    names = [re.split(r"[<>=!~;\[ ]", requirement)[0].lower() for requirement in named]
    missing = [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)]
    assert not missing, tree.told(missing, "dependencies without a line in docs/decisions.md")


def test_make_says_what_it_can_make() -> None:
    makefile = (tree.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^\.PHONY: (.*)$", makefile)[0].split())
    described = set(re.findall(r"(?m)^([a-z-]+):.*## ", makefile))
    assert targets == described
    assert {"run", "test", "check", "schedule", "bench", "setup"} <= targets


def test_no_setting_is_without_effect() -> None:
    from datetime import date

    from misuse import pipeline

    code = "\n".join(source.text for source in tree.program() if source.name != "src/misuse/settings.py")
    statements = "\n".join(source.text for source in tree.sql())
    found = [key for _, key, _ in settings_page.declared() if not re.search(rf"\b{key}\b", code + statements)]
    supplied = pipeline.parameters(Settings(), "run", date(2025, 12, 31))
    found += [f"${name}" for name in supplied if not re.search(rf"\${name}\b", statements)]
    assert not found, tree.told(found, "a setting or parameter that changes nothing")
