"""Committed files are texts, and hold no key, no address of a package index and no path of somebody's machine."""

from __future__ import annotations

import re

import pytest

from tests.house import tree

LOCKS = ("requirements.lock", "requirements-bootstrap.lock")
# Written in parts, so that this file is not its own find.
MACHINE_PATH = re.compile(r"(?<![\w.\-{}])/(?:" + "|".join(["work", "root", "home", "Users"]) + r")/\w")
INDEX = re.compile(
    r"--(?:extra-)?index-" + r"url\b|--find-" + r"links\b|\bindex-" + r"url\s*=|https?://[^\s\"']*/simple\b"
    r"|https?://[^\s\"'/]*py" + r"pi[^\s\"']*|file:///\w",
    re.IGNORECASE,
)
SECRET = re.compile(
    "-----BEGIN [A-Z ]*PRIVATE " + r"KEY|\bAKIA[0-9A-Z]{16}\b|\bghp_\w{20,}|https?://[^\s/\"'{}:]+:[^\s/\"'{}@]+@"
)
KINDS = {
    ".py",
    ".sql",
    ".md",
    ".toml",
    ".txt",
    ".csv",
    ".json",
    ".html",
    ".js",
    ".css",
    ".svg",
    ".typ",
    ".lock",
    ".conf",
}
WITHOUT_KIND = {".ci/run", ".gitignore", "LICENSE", "Makefile"}


def test_nothing_but_texts_is_committed() -> None:
    """A store, or what a store spilled into the working folder, may hold anything."""
    found = [s.name for s in tree.sources() if s.path.suffix not in KINDS and s.name not in WITHOUT_KIND]
    assert not found, tree.told(found, "no text of a known kind")


def test_no_paths_of_a_machine() -> None:
    found = _lines(MACHINE_PATH)
    assert not found, tree.told(found, "a path that only one machine has")


def test_no_package_index() -> None:
    found = _lines(INDEX)
    assert not found, tree.told(found, "the address of a package index: pip's own settings say it")


def test_no_secrets() -> None:
    found = _lines(SECRET)
    assert not found, tree.told(found, "a key or password")


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_is_whole(name: str) -> None:
    text = (tree.ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    requirements = re.split(r"(?<!\\)\n", text.strip())
    loose = [line.split()[0] for line in requirements if not line.startswith("#") and "--hash=sha256:" not in line]
    assert not loose, tree.told(loose, "requirements without a hash")
    unpinned = [line.split()[0] for line in requirements if not line.startswith("#") and "==" not in line]
    assert not unpinned, tree.told(unpinned, "requirements without a version")


def test_the_lock_holds_what_the_project_asks_for() -> None:
    import tomllib

    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=!~;\[ ]", requirement)[0].lower().replace("_", "-") for requirement in asked}
    lock = (tree.ROOT / LOCKS[0]).read_text(encoding="utf-8")
    locked = {line.split("==")[0].lower() for line in lock.splitlines() if "==" in line and not line.startswith(" ")}
    assert not names - locked, tree.told(sorted(names - locked), "asked for but not locked: make lock")


def _lines(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{source.name}:{number}"
        for source in tree.sources()
        if source.path.suffix != ".lock" and source.name != "tests/house/test_secrets.py"
        for number, line in enumerate(source.lines, 1)
        if pattern.search(line)
    ]
