"""SQL lives in files, each with a header that says what it makes."""

from __future__ import annotations

import ast
import re
from collections import Counter

import duckdb
import pytest
import sqlglot

from misuse import schemas
from tests.house import tree

LONGEST_FILE = 100
# What makes a text a statement, and not a sentence with a word in common.
STATEMENT = re.compile(
    r"\bselect\b.+\bfrom\b"
    r"|\binsert\s+(?:or\s+\w+\s+)?into\b"
    r"|\bupdate\s+\S+\s+set\b"
    r"|\bdelete\s+from\b"
    r"|\bcreate\s+(?:or\s+replace\s+|temp\w*\s+)*(?:table|view|macro|schema|index|trigger)\b"
    r"|\bcreate\s+or\s+replace\b"
    r"|\balter\s+table\b"
    r"|\battach\s+'"
    r"|\bcopy\b.+\bto\s+'",
    re.IGNORECASE | re.DOTALL,
)
DROP = re.compile(r"\bdrop\s+(?:table|view|schema)\b", re.IGNORECASE)
# A name cannot be a parameter. These few put a name of the project's own, or a path, into a fixed frame.
FRAMES = {
    "src/misuse/models.py": "makes a table of a model: both names are the model file's own",
}
CLOCK_OR_CHANCE = re.compile(
    r"\b(?:now|today|random|uuid|uuidv4|gen_random_uuid|get_current_timestamp|setseed)\s*\("
    r"|\bcurrent_(?:timestamp|date|time)\b|\blocaltime(?:stamp)?\b|\busing\s+sample\b",
    re.IGNORECASE,
)
# Relations that no model makes: Python does.
MADE_IN_PYTHON = {
    "tasking_list",
    "window_thresholds",
    "lorenz",
    "rank_stability",
    "control_charts",
    "campaign_effects",
    "campaign_series",
    "list_differences",
    "code_error_rates",
    "caller_chances",
    "equality",
}
# What Python hands to models: a file's rows, the estimates as reckoned, the batch at the door, two sides of a comparison,
# what is made of a part of the calls and what a script makes of that.
HANDED_IN = {
    "raw_rows", "order_pairs", "logged_numbers", "lines_put_away", "estimate_rows", "landing_calls", "arriving_rows", "standing_rows",
    "arriving_calls", "arriving_tallies", "touched_callers", "leaving_calls", "replaced_batch",
}  # fmt: skip
CHECK_FIELDS = ("Door: (?:landing|publication)", "Severity: (?:fail|warn)", "Limits: ", "Finding: ", "Next: ")


def test_no_sql_is_put_together_from_strings() -> None:
    found = []
    for source in tree.program():
        for node in ast.walk(source.tree):
            text = _built(node)
            is_statement = STATEMENT.search(text) or (isinstance(node, ast.JoinedStr) and DROP.search(text))
            if is_statement and source.name not in FRAMES:
                found.append(source.at(node))
    assert not found, tree.told(found, "SQL built from strings: put it under sql/, with $parameters")


def _built(node: ast.AST) -> str:
    """The fixed part of a text that is put together: an f-string, %, format, or + with anything but text."""
    if isinstance(node, ast.JoinedStr):
        return tree.literal(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        texts = [part for part in (node.left, node.right) if _is_text(part)]
        if len(texts) == 1 or (isinstance(node.op, ast.Mod) and texts):
            return " ".join(_constants(node))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "replace"):
        return " ".join(_constants(node.func.value))
    return ""


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _constants(node: ast.AST) -> list[str]:
    return [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]


@pytest.mark.parametrize(
    ("code", "is_built"),
    [
        ('f"select * from {x}"', True),
        ('"delete from %s" % x', True),
        ('"insert into {} values (1)".format(x)', True),
        ('"select a from " + x', True),
        ('"select a from b"', False),
        ('f"select the file {x}"', False),
        ('f"updated {x} of {y}"', False),
    ],
)
def test_the_rule_tells_statements_from_sentences(code: str, is_built: bool) -> None:
    nodes = list(ast.walk(ast.parse(code)))
    assert any(STATEMENT.search(_built(node)) for node in nodes) == is_built


def test_every_file_opens_with_what_it_is() -> None:
    found = [source.name for source in tree.sql() if not tree.header(source)]
    assert not found, tree.told(found, "a SQL file without a header")


def test_models_state_their_grain_and_key() -> None:
    found = []
    for source in _models():
        words = tree.header(source)
        if not re.search(r"\b[Oo]ne row\b", words):
            found.append(f"{source.name}: no grain ('One row per …')")
        if not re.search(r"\bKey: ", words) and not re.search(r"\b[Oo]ne row\b(?! per)", words):
            found.append(f"{source.name}: no key ('Key: …')")
    assert not found, tree.told(found, "a model says what one row is, and what tells rows apart")


def test_checks_state_their_door_and_severity() -> None:
    found = [
        f"{source.name}: {field}"
        for source in tree.sql("checks")
        for field in CHECK_FIELDS
        if not re.search(rf"(?m)^-- {field}", source.text)
    ]
    assert not found, tree.told(found, "a check's header says when it runs, how hard it is and what to do")


def test_checks_are_named_as_assertions() -> None:
    found = [source.name for source in tree.sql("checks") if not source.path.name.startswith("assert_")]
    assert not found, tree.told(found, "a check's name says what holds: assert_…")


# Long for a reason: each lists the same few things once a field of the call record.
LONG_FOR_A_REASON = {
    "sql/linkage/macros.sql": "the words and levels of the comparisons, of use only together",
    "sql/staging/macros.sql": "the macros of parsing, of use only together",
    "sql/staging/staged_rows.sql": "five times and three durations side by side, each with its parameters",
}


def test_files_are_short() -> None:
    found = [
        f"{source.name} ({len(source.lines)})"
        for source in tree.sql()
        if len(source.lines) > LONGEST_FILE
        and not source.name.startswith("sql/schema/")
        and source.name not in LONG_FOR_A_REASON
    ]
    assert not found, tree.told(found, f"over {LONGEST_FILE} lines of SQL")


def test_headers_name_just_the_parameters() -> None:
    found = []
    with duckdb.connect() as con:
        for source in [*_models(), *tree.sql("checks")]:
            words = tree.header(source)
            # Staging takes a source's whole declaration; its headers describe it in words.
            if source.name.startswith("sql/staging/") or source.name.endswith("macros.sql"):
                continue
            statements = con.extract_statements(source.text)
            used = {name for statement in statements for name in statement.named_parameters}
            named = set(re.findall(r"\$(\w+)", words))
            found += [f"{source.name}: ${name} is not in its header" for name in used - named]
            found += [f"{source.name}: ${name} is in its header alone" for name in named - used]
    assert not found, tree.told(found, "a header names the parameters that its model takes")


def test_every_file_parses() -> None:
    found = []
    with duckdb.connect() as con:
        for source in tree.sql():
            if "dialect:sqlite" in source.text:
                continue
            try:
                con.extract_statements(source.text)
            except duckdb.Error as error:
                found.append(f"{source.name}: {str(error).splitlines()[0]}")
    assert not found, tree.told(found, "SQL that DuckDB cannot read")


def test_models_ask_no_clock_and_no_chance() -> None:
    found = [
        f"{source.name}:{number}"
        for source in tree.sql()
        for number, line in enumerate(tree.without_comments(source).splitlines(), 1)
        if CLOCK_OR_CHANCE.search(line)
    ]
    assert not found, tree.told(found, "SQL that reads the clock or draws lots: the moment is a parameter")


def test_every_published_relation_is_a_model_of_its_name() -> None:
    made = {source.path.stem for source in _models()} | MADE_IN_PYTHON
    missing = [relation.name for relation in schemas.PUBLISHED if relation.name not in made]
    assert not missing, tree.told(missing, "published relations that no model is named for")


def test_models_read_only_what_is_there() -> None:
    declared = {name for source in tree.sql("schema") for name in re.findall(r"create table (\w+)", source.text)}
    there = declared | {source.path.stem for source in [*_models(), *tree.sql("rules")]} | MADE_IN_PYTHON | HANDED_IN
    found = []
    for source in [*_models(), *tree.sql("checks")]:
        for statement in filter(None, sqlglot.parse(source.text, read="duckdb")):
            parts = {part.alias for part in statement.find_all(sqlglot.exp.CTE)}
            names = {table.name for table in statement.find_all(sqlglot.exp.Table) if table.name} - parts
            found += [f"{source.name}: {name}" for name in names - there]
    assert not found, tree.told(found, "a model reads a relation that nothing makes")


def test_models_have_names_of_their_own() -> None:
    names = Counter(source.path.stem for source in _models() if source.path.stem != "macros")
    found = [name for name, times in names.items() if times > 1 or not re.fullmatch(r"[a-z][a-z0-9_]*", name)]
    assert not found, tree.told(found, "two models of one name, or a name that is no relation's")


def _models() -> list[tree.Source]:
    return [source for source in tree.sql(*tree.MODEL_FOLDERS) if source.path.name != "macros.sql"]
