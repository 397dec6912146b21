"""Nothing leaves the machine: what a dependency would send is off wherever a process starts."""

from __future__ import annotations

import re
from pathlib import Path

from flows.children import child_environment
from misuse.settings import QUIET_ENVIRONMENT, Settings
from tests.house import tree

# Who starts processes, and how each is quiet.
STARTERS = {
    "flows/children.py": "gives QUIET_ENVIRONMENT",
    "flows/serve.py": "through flows/children.py",
    "src/misuse/sources/workbook.py": "gives no environment at all, and loads nothing that sends",
    "src/misuse/notify.py": "the user's own hook, with the environment of the command, which is quiet",
}
# Importing these sends, or looks for somewhere to send.
TALKATIVE = ("prefect", "great_expectations")
WANTED = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "GX_ANALYTICS_ENABLED": "false"}
REMOTE = re.compile(r"(?:src|href|url)\s*[=(]\s*[\"']?\s*(?:https?:)?//(?!127\.0\.0\.1|localhost)", re.IGNORECASE)


def test_the_switches_are_set() -> None:
    assert WANTED.items() <= QUIET_ENVIRONMENT.items()


def test_processes_start_only_where_they_start_quiet() -> None:
    found = [
        f"{source.at(node)} {name}"
        for source in tree.program()
        for node, name in tree.imports(source)
        if name.split(".")[0] in ("subprocess", "multiprocessing") and source.name not in STARTERS
    ]
    assert not found, tree.told(found, "processes are started elsewhere too; see to their environment")


def test_children_of_the_scheduler_are_quiet(tmp_path: Path) -> None:
    loud = dict.fromkeys(QUIET_ENVIRONMENT, "true")
    environment = child_environment(Settings(home=tmp_path), loud, 4200, "a:b")
    assert QUIET_ENVIRONMENT.items() <= environment.items()
    assert environment["PREFECT_API_URL"].startswith("http://127.0.0.1:")


def test_talkative_packages_are_loaded_inside_functions_or_by_the_flows() -> None:
    found = [
        f"{source.at(node)} {name}"
        for source in tree.python("src/")
        for node, name in tree.imports(source)
        if name.split(".")[0] in TALKATIVE and node in source.tree.body
    ]
    assert not found, tree.told(found, "imported before the switches can be set")


def test_pages_load_nothing_from_elsewhere() -> None:
    found = [
        f"{source.name}:{number}"
        for source in tree.under("src/")
        if source.path.suffix in (".html", ".css", ".js", ".typ", ".svg")
        for number, line in enumerate(source.lines, 1)
        if REMOTE.search(line)
    ]
    assert not found, tree.told(found, "a page that loads from another host")


def test_the_tests_are_quiet_too() -> None:
    body = (tree.ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    assert "QUIET_ENVIRONMENT" in body
