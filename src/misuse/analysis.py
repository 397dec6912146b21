"""Analysts' SQL on the published copy: one statement that reads, in a sandbox, against the clock.

Saved queries are files of sql/queries: a question, parameters with defaults, one select.
"""

from __future__ import annotations

import contextlib
import re
import resource
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import models, publication
from misuse.errors import MisuseError, ResourceError, UsageError, is_out_of_room
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import polars

Value = int | float | str | date | None

MASK = "***"
# What the program itself made up for a person may stay: an auditor asks whose calls were read.
_PSEUDONYM = re.compile(r"'(?:c[0-9a-f]{16}|K-[0-9A-F]{10})'")
DIGITS = "######"
ROOM = 1 << 30  # bytes that fetched rows may take, over the engine's memory limit
GRACE = 10.0  # seconds over its limit after which the command ends a statement that heeds no interruption
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Result:
    """What a statement gave."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    run_id: str
    seconds: float
    types: tuple[str, ...] = ()

    def frame(self) -> polars.DataFrame:
        """The rows as a Polars frame."""
        import polars as pl

        return pl.DataFrame(self.rows, schema=list(self.columns), orient="row", infer_schema_length=None)


@dataclass(frozen=True)
class SavedQuery:
    """A question that is asked again and again, its parameters with their defaults, and its SQL."""

    name: str
    question: str
    text: str
    defaults: Mapping[str, Value] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


def saved_queries() -> list[SavedQuery]:
    """Every saved query, by name."""
    return [_read_query(name) for name in models.names("queries")]


@cache
def _read_query(name: str) -> SavedQuery:
    text = models.text(name)
    defaults, notes = declared_parameters(text)
    return SavedQuery(models.relation_name(name), text.splitlines()[0].removeprefix("-- "), text, defaults, notes)


_PARAMETER = re.compile(r"^-- param (\w+) = ('(?:[^']|'')*'|[^\s,;]+)(?:[,;]\s*(.*))?$", re.MULTILINE)


def declared_parameters(text: str) -> tuple[dict[str, Value], dict[str, str]]:
    """Defaults and notes of lines `-- param name = default; note`."""
    found = _PARAMETER.findall(text)
    return {name: _default(word) for name, word, _ in found}, {name: note for name, _, note in found}


def _default(word: str) -> Value:
    """A default's value: null, 'text', a number or a date, as it is written."""
    if word.lower() == "null":
        return None
    if word.startswith("'"):
        return word[1:-1].replace("''", "'")
    for kind in (int, float, date.fromisoformat):
        try:
            value: Value = kind(word)
        except ValueError:
            continue
        return value
    return word


def _given(name: str, value: Any, default: Value) -> Any:
    """A parameter as given, of its default's kind: the command line hands over text."""
    if not isinstance(value, str) or default is None or isinstance(default, str):
        return value
    try:
        return date.fromisoformat(value) if isinstance(default, date) else type(default)(value)
    except ValueError:
        kind = {int: "a whole number", float: "a number"}.get(type(default), "a date as 2025-12-31")
        raise UsageError(f"the parameter {name} must be {kind}") from None


def run_sql(
    settings: Settings,
    text: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    limit_seconds: float | None = None,
) -> Result:
    """Run one statement that reads on the published copy and fetch all it gives.

    Parameters are bound, never pasted in; defaults come from the text's `-- param` lines.
    Errors: UsageError for a statement that is refused or mistaken, ResourceError for one that takes too
    long or too much memory, StoreError where nothing is published.
    """
    import duckdb

    limit = settings.sql_seconds if limit_seconds is None else limit_seconds
    started = time.perf_counter()
    with publication.opened(settings) as con, _bounded(con):
        path = str(settings.published_path.resolve())
        run_id = _run_id(con)
        timer = threading.Timer(limit, con.interrupt)
        try:
            statement = _only_statement(con, text)
            bound = _bound(statement, text, parameters or {})
            timer.start()
            found = con.execute(statement, bound)
            columns, rows = found.description or [], found.fetchall()
        except (duckdb.Error, MemoryError, RuntimeError) as error:
            raise _mistake(error, path, limit) from None
        finally:
            timer.cancel()
    return Result(
        columns=tuple(str(column[0]) for column in columns),
        rows=rows,
        run_id=run_id,
        seconds=time.perf_counter() - started,
        types=tuple(str(column[1]) for column in columns),
    )


def _run_id(con: duckdb.DuckDBPyConnection) -> str:
    """The run whose copy is open: the name of its file, since the pointer may have moved since."""
    row = con.execute(
        "select parse_filename(path, true) from duckdb_databases() where database_name = 'published'"
    ).fetchone()
    return str(row[0]) if row else ""


def _only_statement(con: duckdb.DuckDBPyConnection, text: str) -> duckdb.Statement:
    """The one statement of the text. The sandbox would stop the others too; here they get a plain word."""
    import duckdb

    statements = con.extract_statements(text)
    if not statements:
        raise UsageError("there is no statement", next_step='misuse sql "select * from runs"')
    if len(statements) > 1:
        raise UsageError(
            "one statement at a time", next_step="remove what follows the first semicolon; write pivots as filters"
        )
    if statements[0].type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
        raise UsageError(
            f"{statements[0].type.name} is not for the published copy, which can only be read",
            next_step="begin with select, from, with, describe, show, summarize or explain",
        )
    return statements[0]


def _bound(statement: duckdb.Statement, text: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A value for each parameter that the statement names. Errors: UsageError for one too few or too many."""
    defaults, _ = declared_parameters(text)
    wanted = set(statement.named_parameters)
    if strange := sorted(given.keys() - wanted - defaults.keys()):
        known = ", ".join(sorted(wanted)) or "none"
        raise UsageError(f"the statement has no parameter {', '.join(strange)}", next_step=f"it has: {known}")
    if missing := sorted(wanted - given.keys() - defaults.keys()):
        raise UsageError(
            f"the statement wants a value for {', '.join(missing)}",
            next_step=f"give it with --param {missing[0]}=VALUE, or write -- param {missing[0]} = VALUE above it",
        )
    return {name: _given(name, given[name], defaults.get(name)) if name in given else defaults[name] for name in wanted}


@contextlib.contextmanager
def _bounded(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Hold this process to the engine's memory limit and room for rows: the engine counts neither what is fetched from it
    nor a text that one function makes. Linux alone tells what is held already, and bounds it."""
    if not _STATUS.exists():
        yield
        return
    found = con.execute("select parse_formatted_bytes(current_setting('memory_limit'))").fetchone()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = _data_bytes() + (found[0] if found else 0) + ROOM
    resource.setrlimit(resource.RLIMIT_DATA, (most if soft == resource.RLIM_INFINITY else min(most, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _data_bytes() -> int:
    """Bytes of memory that this process holds for itself."""
    lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmData:"))


def too_long(limit: float) -> ResourceError:
    """What is said of a statement that did not end in its time."""
    return ResourceError(
        f"stopped after {limit:g} seconds", next_step="narrow it by date or caller, or raise --seconds"
    )


def _mistake(error: Exception, path: str, limit: float) -> MisuseError:
    """DuckDB's own words, which on published data quote nothing that identifies, without any path."""
    # An interruption while rows are fetched comes within another error's words.
    if type(error).__name__ == "InterruptException" or "INTERRUPT Error" in str(error):
        return too_long(limit)
    if is_out_of_room(error):
        return ResourceError("the statement needs more memory than it may have", next_step="aggregate first")
    if isinstance(error, RuntimeError):
        raise error
    words = str(error).replace(path, "published")
    words = re.sub(r"(?<![\w.])(?:/[\w.@+-]+){2,}/?", "a path", words).strip()
    if "PermissionException" in type(error).__name__:
        return UsageError(
            "the statement reaches outside the published copy, which is not permitted",
            next_step="use the relations that `show tables` lists",
        )
    return UsageError(words, next_step="`show tables` and `describe calls` tell what there is")


_SENSITIVE = re.compile(
    r"""
      '(?:[^']|'')*(?:'|$)            # a text, or one that never ends
    | (\$\w*\$).*?(?:\1|$)            # a text between dollars
    | "(?:[^"]|"")*(?:"|$)            # a quoted name
    | --[^\n]*                        # a comment
    | /\*.*?(?:\*/|$)
    | \d(?:[ ._()-]?\d){5,}           # six digits or more, however they are spaced
    """,
    re.VERBOSE | re.DOTALL,
)


def masked(text: str) -> str:
    """The statement without what somebody may have typed of a person: texts, comments, long runs of digits."""
    return _SENSITIVE.sub(_mask, text)


def _mask(match: re.Match[str]) -> str:
    found = match.group()
    if _PSEUDONYM.fullmatch(found):
        return found
    if found[0] == '"' and re.fullmatch(r'"[a-z_]+"', found):
        return found
    if found[0] in "'\"":
        return found[0] + MASK + found[0]
    return DIGITS if found[0].isdigit() else MASK
