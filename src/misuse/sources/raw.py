"""A file -> the temp table `raw_file`: the mapped columns as text, c0, c1, …, in the file's order, nothing parsed.

What cannot be read as a record is set aside in the temp table `rejected_raw` as it is met.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from misuse.errors import InputError, MisuseError, ResourceError, is_out_of_room
from misuse.sources.columns import resolve
from misuse.sources.grammar import Grammar
from misuse.sources.layout import Layout
from misuse.sources.plain import length_of_bom, private_file
from misuse.sources.records import LONGEST_RECORD, Scan, Scanner
from misuse.sources.refetch import fetch

if TYPE_CHECKING:
    import duckdb

# Hands over, by the second argument, the text of the rows numbered (with the reason why) in the first.
Fetch = Callable[[dict[int, str], Callable[[int, str, bytes | str], None]], None]
FLUSH_BYTES = 16 << 20
COPY = 4 << 20
LONG_VALUE = 10_000
MOST_COLUMNS = 2_000  # no log has a tenth; matching names to more takes minutes


@dataclass
class RawFile:
    """What was found before any parsing. `records` counts every record, those set aside too."""

    records: int
    names: tuple[str, ...]  # the file's columns in its order
    mapped: dict[str, str]  # column as the layout spells it -> column of raw_file
    dropped: list[int] = field(default_factory=list)
    oddities: dict[str, int] = field(default_factory=dict)
    unread_sheets: tuple[str, ...] = ()  # of a workbook: they hold rows, and the layout says nothing of them
    masked: tuple[str, ...] = ()  # keys of objects that may identify, as they may be shown
    is_typed: bool = False
    clocks: frozenset[str] = frozenset()  # the file's columns whose type is a time of day
    untidy: frozenset[str] | None = None  # columns of raw_file to be trimmed and nulled yet; None: any may be
    odd_space: frozenset[str] | None = None  # columns with runs of spaces and the like; None: any may have some
    has_long_value: bool = True
    fetch: Fetch = lambda _reasons, _add: None


class Rejects:
    """Collects rows set aside and writes them to `rejected_raw` by the batch."""

    def __init__(self, con: duckdb.DuckDBPyConnection, *, keep: bool = False) -> None:
        self.con = con
        self.rows: list[tuple[int, str, str]] = []
        self.bytes = 0
        if not keep:
            con.execute("create or replace temp table rejected_raw (row_number bigint, reason varchar, raw varchar)")

    def add(self, number: int, reason: str, raw: bytes | str) -> None:
        """Set one row aside; bytes that are no text are kept escaped."""
        text = raw if isinstance(raw, str) else raw.decode("utf-8", "backslashreplace")
        self.rows.append((number, reason, text.replace("\0", "\\x00")))
        self.bytes += len(text)
        if self.bytes > FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self.rows:
            import pyarrow as pa

            numbers, reasons, raws = (list(column) for column in zip(*self.rows, strict=True))
            table = pa.table({"row_number": pa.array(numbers, pa.int64()), "reason": reasons, "raw": raws})
            self.con.register("rejects_held", table)
            self.con.execute("insert into rejected_raw select row_number, reason, raw from rejects_held")
            self.con.unregister("rejects_held")
        self.rows, self.bytes = [], 0


_KEEP = {
    "raw_file": "create or replace temp table raw_file as select * from raw_file_source",
    "json_lines": "create or replace temp table json_lines as select * from raw_file_source",
}
_COUNT = {"raw_file": "select count(*) from raw_file", "json_lines": "select count(*) from json_lines"}


def keep(con: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, table: str = "raw_file") -> int:
    """Make a temp table of a relation, in its order, which numbers the rows; returns how many there are."""
    con.register("raw_file_source", relation)
    (was,) = con.execute("select current_setting('preserve_insertion_order')").fetchone() or (True,)
    con.execute("set preserve_insertion_order = true")
    try:
        con.execute(_KEEP[table])
    finally:
        con.execute("set preserve_insertion_order = $was", {"was": was})
        con.unregister("raw_file_source")
    found = con.execute(_COUNT[table]).fetchone()
    return int(found[0]) if found else 0


def read_delimited(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    plain: Path,
    layout: Layout,
    scratch: Path,
    advance: Callable[[float], None],
) -> RawFile:
    """CSV and TSV: pre-scan, a clean copy where one is wanted, then DuckDB's strict reader."""
    plain = with_newlines(plain, scratch)
    names, start = header(path, plain, layout)
    width = len(names) + layout.trailing_delimiter
    grammar = Grammar(layout.delimiter.encode(), layout.quote.encode(), width, layout.last_line_may_be_unterminated)
    mapped = resolve(path, layout, names)
    rejects = Rejects(con)
    scan = Scanner(grammar, start, rejects.add).run(plain, advance)
    rejects.flush()
    is_headed = layout.header and layout.skip_rows == 0 and _ends_alike(plain, start, scan)
    if scan.edits or scan.is_mixed or (start and not is_headed):
        source, is_headed = clean_copy(plain, scan, scratch), False
    else:
        source = plain
    rows = 0
    if scan.records > len(scan.dropped):
        rows = _load(
            con, path, source, layout, scratch, width, {c: f"c{names.index(c)}" for c in mapped.values()}, is_headed
        )
    else:
        _empty(con, list(mapped.values()), names)
    _agree(path, rows, scan)
    return RawFile(
        records=scan.records,
        names=names,
        mapped={asked: f"c{names.index(column)}" for asked, column in mapped.items()},
        dropped=scan.dropped,
        untidy=None if scan.is_doubtful else frozenset(f"c{n}" for n in scan.outer_space),
        odd_space=None if scan.is_doubtful or layout.delimiter == "\t" else frozenset(f"c{n}" for n in scan.odd_space),
        has_long_value=scan.longest > LONG_VALUE,
        oddities={
            "not_ascii": scan.non_ascii,
            "blank_lines": scan.blank_lines,
            "quote_inside_field": scan.inner_quotes,
        },
        fetch=lambda reasons, add: fetch(plain, start, grammar, reasons, add),
    )


def _ends_alike(plain: Path, start: int, scan: Scan) -> bool:
    """Does the header end its line as the records do? DuckDB takes one way to a file."""
    with plain.open("rb") as file:
        file.seek(max(start - 2, 0))
        return (file.read(2) == b"\r\n") == bool(scan.crlf)


def _agree(path: Path, rows: int, scan: Scan) -> None:
    if rows != scan.records - len(scan.dropped):
        raise InputError(
            f"{path}: the reader found {rows} rows and the count before it {scan.records - len(scan.dropped)}",
            next_step="check delimiter and quote in its layout with 'misuse source check'; nothing went in",
        )


def _empty(con: duckdb.DuckDBPyConnection, columns: list[str], names: Sequence[str]) -> None:
    """`raw_file` without rows, for a file that has a header alone or nothing that can be read."""
    from duckdb import ConstantExpression

    null = ConstantExpression(None).cast("VARCHAR")
    places = [f"c{names.index(column)}" for column in dict.fromkeys(columns)] or ["c0"]
    keep(con, con.sql("select 1 where false").project(*(null.alias(place) for place in places)))


def _load(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    source: Path,
    layout: Layout,
    scratch: Path,
    width: int,
    wanted: dict[str, str],
    is_headed: bool,
) -> int:
    """Let DuckDB read the clean file strictly, the mapped columns only."""
    import duckdb

    link = scratch / "input.csv"  # a name without wildcards or a suffix that means something
    link.unlink(missing_ok=True)
    link.symlink_to(source.resolve())
    try:
        relation = con.read_csv(
            str(link),
            header=is_headed,
            sep=layout.delimiter,
            quotechar=layout.quote,
            escapechar=layout.quote,
            auto_detect=False,
            columns={f"c{n}": "VARCHAR" for n in range(width)},
            strict_mode=True,
            na_values=null_spellings(layout.nulls),
            max_line_size=4 * LONGEST_RECORD,
        )
        return keep(con, relation.project(*(duckdb.ColumnExpression(c) for c in dict.fromkeys(wanted.values()))))
    except duckdb.Error as error:
        raise unreadable(path, error) from None


def read_lines(con: duckdb.DuckDBPyConnection, path: Path, source: Path, scratch: Path, scan: Scan) -> None:
    """Make the temp table `json_lines`: one text a line."""
    import duckdb

    con.execute("create or replace temp table json_lines (line varchar)")
    rows = 0
    if scan.records > len(scan.dropped):
        link = scratch / "input.csv"
        link.symlink_to(source.resolve())
        try:
            relation = con.read_csv(
                str(link),
                header=False,
                sep="\x01",  # never in JSON; the scan sets a line aside that has one
                quotechar="",
                escapechar="",
                auto_detect=False,
                columns={"line": "VARCHAR"},
                max_line_size=4 * LONGEST_RECORD,
            )
            rows = keep(con, relation, "json_lines")
        except duckdb.Error as error:
            raise unreadable(path, error) from None
    _agree(path, rows, scan)


def null_spellings(words: Sequence[str]) -> list[str]:
    """The null words as they are commonly spelled: DuckDB's reader compares them letter by letter."""
    spelled = {form for word in words for form in (word, word.lower(), word.upper(), word.capitalize(), word.title())}
    return sorted({form.strip() for form in spelled} | {""})


def unreadable(path: Path, error: Exception) -> MisuseError:
    """The error for a file that DuckDB gave up on: never its own words, which can quote a row."""
    if is_out_of_room(error):
        return ResourceError(
            f"{path} was not read: disk or memory ran out",
            next_step="free some, or raise settings.memory_limit, then again",
        )
    return InputError(
        f"{path} cannot be read as declared ({type(error).__name__})",
        next_step="check format, delimiter, quote and encoding in its layout with 'misuse source check'",
    )


def with_newlines(plain: Path, scratch: Path) -> Path:
    """The file, or a copy with newlines where it ends its lines with carriage returns alone."""
    with plain.open("rb") as file:
        head = file.read(LONGEST_RECORD)
        if b"\n" in head or b"\r" not in head:
            return plain
        copy = scratch / "newlines"
        with private_file(copy) as target:
            target.write(head.replace(b"\r", b"\n"))
            while chunk := file.read(COPY):
                target.write(chunk.replace(b"\r", b"\n"))
    return copy


def header(path: Path, plain: Path, layout: Layout) -> tuple[tuple[str, ...], int]:
    """The file's column names and where its first record begins."""
    with plain.open("rb") as file:
        head = file.read(2 * LONGEST_RECORD)
    start = length_of_bom(head)
    for _line in range(layout.skip_rows):
        start = head.find(b"\n", start) + 1 or len(head)
    if start >= len(head):
        raise InputError(f"{path} holds no header and no rows", next_step="ask the source to send it again")
    first, end = _first_record(path, head, start, layout)
    width = max(len(first), len(layout.column_names))
    if width > MOST_COLUMNS:
        raise InputError(
            f"{path}: its first line has {width:,} columns", next_step="check delimiter and quote in its layout"
        )
    if not layout.header:
        names = layout.column_names or tuple(str(n + 1) for n in range(len(first) - layout.trailing_delimiter))
        return names, start
    names = tuple(name.strip().removeprefix("\ufeff") for name in first)
    if layout.trailing_delimiter and names and not names[-1]:
        names = names[:-1]
    return names, end


def _first_record(path: Path, head: bytes, start: int, layout: Layout) -> tuple[list[str], int]:
    """The fields of the first record and the place just past it."""
    end, quotes = start, 0
    while end < len(head) and end - start <= LONGEST_RECORD:
        line_start, end = end, head.find(b"\n", end) + 1 or len(head)
        quotes += head.count(layout.quote.encode(), line_start, end) if layout.quote else 0
        if quotes % 2 == 0:
            break
    record = head[start:end]
    if len(record) > LONGEST_RECORD or b"\0" in record:
        raise InputError(f"{path}: its first line is no header", next_step="check format and encoding in its layout")
    try:
        text = record.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise InputError(
            f"{path}: its first line is not UTF-8", next_step="set encoding, for instance 'cp1252'"
        ) from None
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=layout.delimiter,
        quotechar=layout.quote or None,
        quoting=quoting,
        skipinitialspace=True,
    )
    try:
        rows = list(reader)
    except csv.Error:  # a field of more than 128 kB
        raise InputError(
            f"{path}: its first line is no header", next_step="check format and quote in its layout"
        ) from None
    return (rows[0] if rows else [""]), end


def clean_copy(plain: Path, scan: Scan, scratch: Path) -> Path:
    """The records that stand, one after another, without header or what was set aside."""
    target = scratch / "clean"
    edits = [(scan.start, scan.start, b""), *scan.edits, (scan.size, scan.size, b"")]
    with plain.open("rb") as file, private_file(target) as out:
        for (_start, end, clean), (following, _end, _clean) in pairwise(edits):
            out.write(clean.replace(b"\r\n", b"\n") if scan.is_mixed else clean)
            file.seek(end)
            left = following - end
            held = b""
            while left > 0 and (chunk := file.read(min(COPY, left))):
                left -= len(chunk)
                chunk = held + chunk
                held = b"\r" if scan.is_mixed and chunk.endswith(b"\r") and left > 0 else b""
                chunk = chunk[:-1] if held else chunk
                out.write(chunk.replace(b"\r\n", b"\n") if scan.is_mixed else chunk)
    return target
