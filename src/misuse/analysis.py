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
        run_id = _run_id(con)
        timer = threading.Timer(limit, con.interrupt)
        try:
            statement = _only_statement(con, text)
            bound = _bound(statement, text, parameters or {})
            timer.start()
            found = con.execute(statement, bound)
            columns, rows = found.description or [], found.fetchall()
        except (duckdb.Error, MemoryError, RuntimeError) as error:
            raise _mistake(error, settings, text, parameters or {}, limit) from None
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

    if text.encode("utf-8", "replace").decode() != text:
        raise UsageError("the statement is not UTF-8", next_step="type or save it as text in UTF-8")
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
        named = ", ".join(
            name if re.fullmatch(r"[a-z_]\w*", name) else MASK for name in strange
        )  # a value, where no name is given
        raise UsageError(f"the statement has no parameter {named}", next_step=f"it has: {known}")
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


def _mistake(error: Exception, settings: Settings, text: str, given: Mapping[str, Any], limit: float) -> MisuseError:
    """DuckDB's own words, without any path and without what was typed as a value."""
    # An interruption while rows are fetched comes within another error's words.
    if type(error).__name__ == "InterruptException" or "INTERRUPT Error" in str(error):
        return too_long(limit)
    if is_out_of_room(error):
        return ResourceError("the statement needs more memory than it may have", next_step="aggregate first")
    if isinstance(error, RuntimeError):
        raise error
    if "PermissionException" in type(error).__name__:
        return UsageError(
            "the statement reaches outside the published copy, which is not permitted",
            next_step="use the relations that `show tables` lists",
        )
    words = str(error).replace(str(settings.published_path.resolve()), "published")
    words = re.sub(r"(?<![\w.])(?:/[\w.@+-]+){2,}/?", "a path", words)
    is_of_words = type(error).__name__ in _OF_WORDS
    return UsageError(
        _without_values(words, text, given, is_of_words=is_of_words),
        next_step="`show tables` and `describe calls` tell what there is",
    )


# ── what may be kept and said of a statement ───────────────────────────────────────────────────

# What the program itself made up for a person may stay: an auditor asks whose calls were read.
_PSEUDONYM = re.compile(r"[cs][0-9a-f]{16}|K-[0-9A-F]{10}")
_PSEUDONYM_QUOTED = re.compile(rf"'(?:{_PSEUDONYM.pattern})'")
_LONG_NUMBER = re.compile(r"\d(?:[ ._()-]?\d){5,}")  # six digits or more, however they are spaced
# What a token that is no text begins with: a quoted name, a word or number, signs that begin no comment.
_HEAD = re.compile(r'"(?:[^"]|"")*"|[\w.$]+(?:(?<=[eE])[-+]\d+)?|(?:(?!--|/\*)[-+*/<>=~!@#%^&|?:.,;()\[\]{}$`])+')
_PLAIN_NAME = re.compile(r'"[a-z_]+"')
_PLAIN, _KEPT, _TEXT, _REST = "plain", "kept", "text", "rest"


def masked(text: str) -> str:
    """The statement without what somebody may have typed of a person: texts, comments, long runs of digits."""
    told, plain = "", ""
    for kind, words in _pieces(text):
        if kind == _PLAIN:
            plain += words
            continue
        shown = {_KEPT: words, _TEXT: f"{words[0]}{MASK}{words[0]}" if words[0] in "'\"" else MASK, _REST: MASK}[kind]
        told, plain = told + _LONG_NUMBER.sub(DIGITS, plain) + shown, ""
    return told + _LONG_NUMBER.sub(DIGITS, plain)


def pseudonyms(text: str, given: Mapping[str, Any]) -> dict[str, str]:
    """Those of the values for the statement's parameters that the program made up for a person; no other may be kept."""
    wanted = set(re.findall(r"\$(\w+)", masked(text)))
    return {
        name: value
        for name, value in given.items()
        if name in wanted and isinstance(value, str) and _PSEUDONYM.fullmatch(value)
    }


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """A statement in pieces, each plain, a pseudonym kept, a text, or the rest: comments, and what is no token.

    The engine's own lexer cuts it, since where a text ends hangs on escapes, tags and nesting. It gives up at what it
    cannot read: that is the last token's rest.
    """
    import duckdb

    whole = text.encode("utf-8", "replace")
    tokens = duckdb.tokenize(whole.decode())
    starts = [start for start, _ in tokens]
    yield from _rest(whole[: starts[0] if starts else None].decode())
    for (start, kind), end in zip(tokens, [*starts[1:], None], strict=False):
        piece = whole[start:end].decode()
        if kind == duckdb.token_type.string_const:
            kept = _PSEUDONYM_QUOTED.match(piece)
            head = kept.group() if kept else piece.rstrip()
            yield (_KEPT if kept else _TEXT), head
        else:
            found = _HEAD.match(piece)
            head = found.group() if found else ""
            yield (_TEXT if head.startswith('"') and not _PLAIN_NAME.fullmatch(head) else _PLAIN), head
        yield from _rest(piece[len(head) :])


def _rest(piece: str) -> Iterator[tuple[str, str]]:
    """What lies between two tokens: blanks are plain, comments not."""
    words = piece.strip()
    before, _, after = piece.partition(words) if words else (piece, "", "")
    yield from ((kind, part) for kind, part in ((_PLAIN, before), (_REST, words), (_PLAIN, after)) if part)


# Errors that the engine has of a statement's words; the others have them of values, and may quote one.
_OF_WORDS = frozenset({"ParserException", "SyntaxException", "BinderException", "CatalogException"})
_ECHO = re.compile(r"\s*\nLINE (\d+): ")


def _without_values(words: str, text: str, given: Mapping[str, Any], *, is_of_words: bool) -> str:
    """An error's words without the echo of the statement, and without what stands in its texts or was given for it."""
    echo = _ECHO.search(words)
    line = int(echo.group(1)) if echo else 1
    words = words[: echo.start()] if echo else words.strip()
    if not is_of_words:
        words = re.sub(r"(['\"]).*\1", rf"\1{MASK}\1", (words.splitlines() or [""])[0])
    words = re.sub(r'(?s)(?<=at or near ").*(?=")', lambda found: masked(found.group()), words)
    typed = _typed(text, given)
    words = re.sub(r"\w{2,}", lambda found: MASK if found.group().lower() in typed else found.group(), words)
    return _LONG_NUMBER.sub(DIGITS, words) + (f" (line {line})" if line > 1 else "")


def _typed(text: str, given: Mapping[str, Any]) -> set[str]:
    """The words of a statement's texts, of what of it is no statement, and of the values given for it, in lower case."""
    pieces = list(_pieces(text))
    private = [words for kind, words in pieces if kind == _TEXT]
    private += [words for kind, words in pieces[-1:] if kind == _REST]
    private += [value for value in given.values() if isinstance(value, str)]
    return {word.lower() for words in private for word in re.findall(r"\w{2,}", words)}
