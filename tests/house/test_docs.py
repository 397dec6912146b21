"""Documents keep step with what they describe."""

from __future__ import annotations

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
CHANGELOG_PARTS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def pages() -> list[tree.Source]:
    """The pages that people read."""
    return tree.under("README.md", "CHANGELOG.md", "docs/", suffix=".md")


def test_every_command_is_documented() -> None:
    words = " ".join(" ".join(page.text.split()) for page in pages())
    found = [name for name in commands() if not re.search(rf"\bmisuse {re.escape(name)}\b", words)]
    assert not found, tree.told(found, "commands that no page names (as `misuse COMMAND`)")


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
    options = {
        option for parser in commands().values() for action in parser._actions for option in action.option_strings
    }
    options |= {"--help", "--version", "--config"}
    found = [
        f"{page.name}: {option}"
        for page in pages()
        for line in re.findall(r"(?m)(?:`|^\s*(?:\$ )?)(misuse [a-z][^`\n]*)", page.text)
        for option in re.findall(r"(?<=\s)--[a-z][a-z-]+", line.split("  ")[0])
        if option not in options
    ]
    assert not found, tree.told(found, "an option that no command has")


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
