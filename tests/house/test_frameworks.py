"""Each framework has one home, and each store one opener."""

from __future__ import annotations

import ast

from tests.house import tree

# The only places that may import each. What is not named here is free.
HOMES: dict[str, tuple[str, ...]] = {
    "prefect": ("flows/",),
    "flows": ("flows/", "src/misuse/cli/"),
    "great_expectations": ("src/misuse/quality",),
    "pandas": ("src/misuse/quality",),
    "splink": ("src/misuse/linkage",),
    "sqlalchemy": ("src/misuse/casebook",),
    "sqlite3": ("src/misuse/casebook",),
    "xlsxwriter": ("src/misuse/reports/", "src/misuse/room/sheets.py"),
    "typst": ("src/misuse/reports/", "src/misuse/room/papers/"),
    "altair": ("src/misuse/reports/",),
    "vl_convert": ("src/misuse/reports/",),
    "phonenumbers": ("src/misuse/numbers.py",),
    "sklearn": (
        "src/misuse/linkage",
        "src/misuse/estimation",
        "src/misuse/shared_lines",
        "src/misuse/coding/classifier.py",
    ),
    "sqlglot": ("src/misuse/analysis.py",),
    "rich": ("src/misuse/cli/",),
    "fastapi": ("src/misuse/web/",),
    "starlette": ("src/misuse/web/",),
    "argon2": ("src/misuse/room/people.py",),
    # The network: the flows talk to their own server on loopback, and nothing else talks at all.
    "socket": ("flows/", "src/misuse/web/"),
    "http": ("flows/", "src/misuse/web/"),
    "httpx": ("flows/", "src/misuse/web/"),
    "urllib.request": (),
    "requests": (),
    "smtplib": (),
    # Pickles run what they hold.
    "pickle": (),
    "joblib": (),
}

# Who opens a DuckDB file: the writer of the stores, and those who read a published copy or a scratch one.
OPENERS = {
    "src/misuse/warehouse.py": "the stores, for writing",
    "src/misuse/publication.py": "writes and reads the published copy",
    "src/misuse/analysis.py": "an analyst's query, sandboxed",
    "src/misuse/sources/draft.py": "a scratch database to look at a file in",
    "src/misuse/sources/check.py": "the same",
    "src/misuse/reports/data.py": "reads the published copy",
    "src/misuse/status.py": "reads the published copy",
    "src/misuse/vault/looking.py": "a database of no file, to which the vault is attached",
}


def test_frameworks_are_imported_only_at_home() -> None:
    found = []
    for source in tree.program():
        for node, name in tree.imports(source):
            for framework, homes in HOMES.items():
                if (name + ".").startswith(framework + ".") and not source.name.startswith(homes):
                    found.append(f"{source.at(node)} imports {framework}, at home in {', '.join(homes) or 'nowhere'}")
    assert not found, tree.told(found, "a framework is imported away from its home")


def test_duckdb_files_are_opened_only_by_their_openers() -> None:
    found = []
    for source in tree.program():
        for node in ast.walk(source.tree):
            opens = isinstance(node, ast.Call) and tree.dotted(node.func) == "duckdb.connect"
            hides = isinstance(node, ast.ImportFrom) and node.module == "duckdb" and "connect" in _names(node)
            if (opens or hides) and source.name not in OPENERS:
                found.append(source.at(node))
    assert not found, tree.told(found, "duckdb.connect outside the openers (tests/house/test_frameworks.py)")


def test_the_review_room_has_no_way_to_the_warehouse() -> None:
    """It reads the published copy, writes the casebook, and looks into the vault; a disposal alone reaches the stores."""
    found = [
        f"{source.at(node)} imports {name}"
        for source in tree.python("src/misuse/room/", "src/misuse/web/")
        for node, name in tree.imports(source)
        if (name + ".").startswith(("misuse.warehouse.", "misuse.ingest.", "misuse.intake."))
    ]
    assert not found, tree.told(found, "the room goes by the published copy and the vault")


def test_no_star_imports() -> None:
    found = [
        source.at(node)
        for source in tree.python("src/", "flows/", "tests/", "benchmarks/")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and "*" in _names(node)
    ]
    assert not found, tree.told(found, "a star import hides where names come from")


def _names(node: ast.ImportFrom) -> set[str]:
    return {alias.name for alias in node.names}
