"""JSON Lines, Parquet and XLSX -> `raw_file`, every mapped column as text; times in ISO 8601."""

from __future__ import annotations

import functools
import json
import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse.errors import InputError
from misuse.sources import workbook
from misuse.sources.columns import plainly, required_columns, resolve
from misuse.sources.grammar import Grammar
from misuse.sources.layout import DURATION_FIELDS, Layout
from misuse.sources.plain import FREE_SIZE, length_of_bom
from misuse.sources.raw import (
    MOST_COLUMNS,
    RawFile,
    Rejects,
    clean_copy,
    keep,
    read_lines,
    unreadable,
    with_newlines,
)
from misuse.sources.records import LONGEST_RAW, Scanner
from misuse.sources.refetch import Add, fetch
from misuse.sources.shapes import may_be_prose

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# The keys of all lines, those that the layout may mean first: an object keyed by what it tells of has any number.
_KEYS = """
with keys as (select distinct unnest(json_keys(case when json_valid(line) then line end)) as name from json_lines)
select name from keys
order by lower(trim(regexp_replace(name, '[\\s_]+', ' ', 'g'))) not in (select unnest($asked::varchar[])), name
limit $most
"""


def read_jsonl(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    plain: Path,
    layout: Layout,
    scratch: Path,
    advance: Callable[[float], None],
) -> RawFile:
    """JSON Lines: each line on its own, so that a bad one costs only itself."""
    plain = with_newlines(plain, scratch)
    with plain.open("rb") as file:
        start = length_of_bom(file.read(64))
    grammar = Grammar(b"", b"", 0, layout.last_line_may_be_unterminated, is_json=True)
    rejects = Rejects(con)
    scan = Scanner(grammar, start, rejects.add).run(plain, advance)
    rejects.flush()
    source = clean_copy(plain, scan, scratch) if scan.edits or scan.is_mixed or start else plain
    read_lines(con, path, source, scratch, scan)
    asked = {"asked": [plainly(column) for column in layout.mapped_columns], "most": MOST_COLUMNS}
    names = tuple(str(row[0]) for row in con.execute(_KEYS, asked).fetchall())
    known = (*names, *(name for name in _nested(con, layout) if name not in names))
    is_empty = not names and scan.records == len(scan.dropped)
    optional = layout.mapped_columns if is_empty else set(layout.mapped_columns) - required_columns(layout)
    mapped = resolve(path, layout, known, optional=optional)
    columns = {asked: f"c{n}" for n, asked in enumerate(layout.mapped_columns)}
    _extract(con, path, {columns[asked]: _pointers(mapped[asked]) if asked in mapped else () for asked in columns})
    absent = {f"column_absent:{asked}": scan.records for asked in columns if asked not in mapped}
    return RawFile(
        records=scan.records,
        names=known,
        mapped=columns,
        dropped=scan.dropped,
        oddities={"not_ascii": scan.non_ascii, "blank_lines": scan.blank_lines, **absent},
        fetch=lambda reasons, add: fetch(plain, start, grammar, reasons, add),
    )


def _nested(con: duckdb.DuckDBPyConnection, layout: Layout) -> list[str]:
    """Of the columns named 'a.b' those of which some line has the key b inside its object a."""
    from duckdb import CaseExpression, ColumnExpression, ConstantExpression, FunctionExpression

    dotted = [column for column in layout.mapped_columns if "." in column]
    if not dotted:
        return []
    line = ColumnExpression("line")
    valid = CaseExpression(FunctionExpression("json_valid", line), line)
    held = [FunctionExpression("json_exists", valid, ConstantExpression(_pointers(column)[0])) for column in dotted]
    found = con.table("json_lines").aggregate([FunctionExpression("bool_or", is_there) for is_there in held]).fetchone()
    return [column for column, is_there in zip(dotted, found or (), strict=True) if is_there]


def _pointers(name: str) -> list[str]:
    """The JSON pointers to a column: keys joined by '.' into what the object holds, then one key that is written so."""
    ways = [name.split("."), [name]] if "." in name else [[name]]
    return ["".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys) for keys in ways]


def _extract(con: duckdb.DuckDBPyConnection, path: Path, pointers: Mapping[str, Sequence[str]]) -> None:
    """`raw_file` from `json_lines`: a text column for what the first of its pointers finds, and why a line is no record."""
    import duckdb
    from duckdb import CaseExpression, CoalesceOperator, ColumnExpression, ConstantExpression, FunctionExpression

    line, null = ColumnExpression("line"), ConstantExpression(None).cast("VARCHAR")
    is_valid = FunctionExpression("json_valid", line)
    is_object = FunctionExpression("json_type", ColumnExpression("valid")) == ConstantExpression("OBJECT")
    valid = con.table("json_lines").project(line, CaseExpression(is_valid, line).otherwise(null).alias("valid"))
    columns = [
        CoalesceOperator(
            *(FunctionExpression("json_text", ColumnExpression("valid"), ConstantExpression(way)) for way in ways), null
        ).alias(name)
        for name, ways in pointers.items()
    ]
    bad = CaseExpression(ColumnExpression("valid").isnull(), ConstantExpression("not_json"))
    bad = bad.when(is_object, null).otherwise(ConstantExpression("not_an_object"))
    try:
        keep(con, valid.project(bad.alias("bad"), *columns))
        con.execute("drop table json_lines")
    except duckdb.Error as error:
        raise unreadable(path, error) from None


def column_names(con: duckdb.DuckDBPyConnection, path: Path, plain: Path, layout: Layout) -> tuple[str, ...]:
    """The columns a JSON Lines, Parquet or XLSX file has, before any layout is known."""
    import duckdb

    if layout.format == "xlsx":
        rows = _sheet(path, plain, layout).slice(layout.skip_rows, 1).to_pylist()
        return tuple(str(cell).strip() if cell is not None else "" for cell in (rows[0].values() if rows else ()))
    if layout.format == "parquet":
        _refuse_truncated(path, plain)
        try:
            return _names(path, con.read_parquet(str(plain)))
        except duckdb.Error as error:
            raise unreadable(path, error) from None
    names: dict[str, None] = {}
    with plain.open(encoding="utf-8-sig", errors="replace") as file:
        for line in file:
            names |= dict.fromkeys(_keys(line))
            if len(names) > MOST_COLUMNS:
                raise InputError(
                    f"{path}: its objects have over {MOST_COLUMNS:,} different keys",
                    next_step="write its layout by hand",
                )
    return tuple(names)


def _keys(line: str) -> list[str]:
    """The keys of an object and of those in it, MASK for one that may identify."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return []
    if not isinstance(found, dict):
        return []
    names = []
    for key, value in found.items():
        if may_be_prose(key):
            names.append(MASK)
        elif isinstance(value, dict):
            names += [
                f"{key}.{inner if _PLAIN_KEY.fullmatch(inner) and not may_be_prose(inner) else MASK}" for inner in value
            ]
        else:
            names.append(key)
    return names


# An object within may be keyed by what it tells of: a name of a field has no space in it, nor many figures.
MASK = "•••"
_PLAIN_KEY = re.compile(r"[@$#_]?[^\W\d][\w-]*")


def read_parquet(con: duckdb.DuckDBPyConnection, path: Path, plain: Path, layout: Layout, scratch: Path) -> RawFile:
    """Parquet: the types it has, written as text."""
    import duckdb

    _refuse_truncated(path, plain)
    Rejects(con)
    link = scratch / "input.parquet"
    link.symlink_to(plain.resolve())
    try:
        relation = con.read_parquet(str(link)).set_alias(_FILE)
        names = _names(path, relation)
        types = dict(zip(names, (str(kind) for kind in relation.types), strict=True))
        mapped = resolve(path, layout, names)
        plain_columns = _plain_columns(path, types, mapped.values())
        _refuse_bomb(con, path, link, layout, {name: types[name] for name in plain_columns})
        columns = {asked: f"c{n}" for n, asked in enumerate(mapped)}
        units = _duration_units(link)
        texts = [
            _as_text(mapped[asked], types[mapped[asked]], units.get(mapped[asked])).alias(name)
            for asked, name in columns.items()
        ]
        rows = keep(con, relation.project(*texts))
        counted = con.execute("select num_rows from parquet_file_metadata($path)", {"path": str(link)}).fetchone()
    except duckdb.Error as error:
        raise unreadable(path, error) from None
    if not counted or counted[0] != rows:
        raise InputError(f"{path} does not hold the rows it says it holds", next_step="ask for the file again")

    def fetch_json(reasons: dict[int, str], add: Add) -> None:
        rows = con.read_parquet(str(link), file_row_number=True).set_alias(_FILE)
        con.register("parquet_rows", rows.project("file_row_number", *map(_column, plain_columns)))
        found = con.execute(
            "select file_row_number + 1, to_json(r) from parquet_rows as r"
            " where file_row_number + 1 in (select unnest($numbers))",
            {"numbers": list(reasons)},
        )
        while batch := found.fetchmany(10_000):
            for number, text in batch:
                add(number, reasons[number], text[:LONGEST_RAW])
        con.unregister("parquet_rows")

    clocks = frozenset(name for name, kind in types.items() if kind == "TIME")
    return RawFile(rows, names, columns, is_typed=True, clocks=clocks, fetch=fetch_json)


def _names(path: Path, file: duckdb.DuckDBPyRelation) -> tuple[str, ...]:
    """The columns of a Parquet file. Errors: InputError where a name's bytes are none of a text."""
    try:
        return tuple(file.columns)
    except UnicodeDecodeError:
        raise InputError(
            f"{path} has a column whose name is no text in UTF-8", next_step="ask for the file again"
        ) from None


def _refuse_truncated(path: Path, plain: Path) -> None:
    """Errors: InputError for a Parquet file that does not end as one."""
    with plain.open("rb") as file:
        file.seek(max(0, plain.stat().st_size - 4))
        if file.read(4) != b"PAR1" or plain.stat().st_size < 12:
            raise InputError(
                f"{path} is a truncated Parquet file",
                next_step="wait for the transfer to end, or ask for the file again",
            )


def _plain_columns(path: Path, types: Mapping[str, str], mapped: Collection[str]) -> list[str]:
    """Columns of values and of lists of values. Errors: InputError where the layout asks for one of records within records."""
    nested = {
        name for name, kind in types.items() if kind.startswith(("STRUCT", "MAP", "UNION")) or kind.count("[") > 1
    }
    if found := nested.intersection(mapped):
        raise InputError(
            f"{path}: its column '{min(found)}' holds records within records", next_step="ask for it as plain columns"
        )
    return [name for name in types if name not in nested]


def _refuse_bomb(
    con: duckdb.DuckDBPyConnection, path: Path, link: Path, layout: Layout, types: Mapping[str, str]
) -> None:
    """Errors: InputError for a file that grows beyond all proportion. One value of its dictionary may stand in every row."""
    limit = max(FREE_SIZE, link.stat().st_size * layout.max_uncompressed_ratio)
    sizes = [_bytes_in(name, kind) for name, kind in types.items() if kind.startswith(("VARCHAR", "BLOB"))]
    unpacked = con.execute(_UNPACKED, {"path": str(link)}).fetchone()
    if unpacked and unpacked[0] <= limit and sizes:
        file = con.read_parquet(str(link)).set_alias(_FILE)
        unpacked = file.aggregate([functools.reduce(operator.add, sizes)]).fetchone()
    if unpacked and unpacked[0] > limit:
        raise InputError(
            f"{path} unpacks to over {layout.max_uncompressed_ratio} times its size",
            next_step="if that is right, raise max_uncompressed_ratio in its [sources] table",
        )


# Pages, and a byte a value: a run of equal values is one entry of a page, however long.
_UNPACKED = "select coalesce(sum(total_uncompressed_size + num_values), 0) from parquet_metadata($path)"


_FILE = "file"


def _column(name: str) -> duckdb.Expression:
    """A file's column by its very name: by itself DuckDB takes one with a dot, quote or star in it apart."""
    from duckdb import ColumnExpression

    return ColumnExpression(_FILE, name)


def _bytes_in(name: str, kind: str) -> duckdb.Expression:
    """The bytes of a column of texts, or of lists of texts, in all rows."""
    from duckdb import CoalesceOperator, ColumnExpression, ConstantExpression, FunctionExpression, LambdaExpression

    length = "octet_length" if kind.startswith("BLOB") else "strlen"
    column = _column(name)
    each = FunctionExpression(length, ColumnExpression("x") if kind.endswith("]") else column)
    size = FunctionExpression("list_sum", FunctionExpression("list_transform", column, LambdaExpression("x", each)))
    total = FunctionExpression("sum", size if kind.endswith("]") else each)
    return CoalesceOperator(total, ConstantExpression(0))


def _duration_units(link: Path) -> dict[str, int]:
    """How many of its units are a second, by column of durations: Parquet has whole numbers for them, and says what they are
    only in the schema that Arrow leaves beside its own.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(link)
    except (pa.ArrowException, OSError):  # damaged there, or of a kind that only DuckDB reads
        return {}
    return {field.name: _IN_A_SECOND[field.type.unit] for field in schema if pa.types.is_duration(field.type)}


_IN_A_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def _as_text(name: str, kind: str, in_a_second: int | None) -> duckdb.Expression:
    """A typed column as the text that the staging models read; `in_a_second` of one of durations."""
    from duckdb import CaseExpression, ConstantExpression, FunctionExpression

    column = _column(name)
    if in_a_second:
        return (column.cast("DOUBLE") / ConstantExpression(float(in_a_second))).cast("VARCHAR")
    text = column.cast("VARCHAR")
    if kind == "TIMESTAMP WITH TIME ZONE":
        in_utc = FunctionExpression("timezone", ConstantExpression("UTC"), column).cast("VARCHAR")
        stamped = FunctionExpression("concat", in_utc, ConstantExpression("+00:00"))
        return CaseExpression(column.isnotnull(), stamped)
    if kind.startswith("TIMESTAMP"):
        return column.cast("TIMESTAMP").cast("VARCHAR")
    if kind in ("DOUBLE", "FLOAT"):
        is_whole = (FunctionExpression("trunc", column) == column) & (
            FunctionExpression("abs", column) < ConstantExpression(1e15)
        )
        return CaseExpression(is_whole, column.cast("BIGINT").cast("VARCHAR")).otherwise(text)
    if kind.endswith("[]"):
        return FunctionExpression("array_to_string", column, ConstantExpression(";"))
    if kind == "INTERVAL":
        return FunctionExpression("epoch", column).cast("VARCHAR")
    return text


def read_xlsx(con: duckdb.DuckDBPyConnection, path: Path, plain: Path, layout: Layout) -> RawFile:
    """One sheet of a workbook, its cells as text; blank rows are none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = _sheet(path, plain, layout)
    unread = _unread_sheets(path, plain, layout, workbook.sheets(table))
    first = layout.skip_rows + layout.header
    if table.num_rows < first:
        raise InputError(f"{path}: its sheet holds no header", next_step="set sheet and skip_rows in its layout")
    if layout.header:
        cells = table.slice(layout.skip_rows, 1).to_pylist()[0].values()
        names = tuple(str(cell).strip() if cell is not None else "" for cell in cells)
    else:
        names = layout.column_names or tuple(str(n + 1) for n in range(table.num_columns))
    table = table.slice(first)
    is_filled = pa.array([False] * table.num_rows, pa.bool_())
    for column in table.columns:
        is_filled = pc.or_(is_filled, pc.is_valid(column))
    blank = table.num_rows - (pc.sum(is_filled).as_py() or 0)
    table = table.filter(is_filled)
    mapped = resolve(path, layout, names)
    places = {asked: f"c{names.index(column)}" for asked, column in mapped.items()}
    elapsed = {places[piece] for name in DURATION_FIELDS for piece in layout.columns.get(name, ())}
    texts = {place: _cell_text(table.column(int(place[1:])), is_duration=place in elapsed) for place in places.values()}
    Rejects(con)
    raw = pa.table(texts)
    keep(con, con.from_arrow(raw))

    def fetch_cells(reasons: dict[int, str], add: Add) -> None:
        for number, reason in reasons.items():
            row = table.slice(number - 1, 1).to_pylist()[0].values()
            add(number, reason, layout.delimiter.join(str(cell) for cell in row if cell is not None)[:LONGEST_RAW])

    return RawFile(
        table.num_rows,
        names,
        places,
        oddities={"blank_lines": blank, "sheets_not_read": len(unread)},
        unread_sheets=unread,
        is_typed=True,
        fetch=fetch_cells,
    )


def _unread_sheets(path: Path, plain: Path, layout: Layout, names: Sequence[str]) -> tuple[str, ...]:
    """Sheets that hold rows, where the layout names none and so the first alone is read."""
    if layout.sheet or len(names) < 2:
        return ()
    try:
        rows = workbook.heights(path, plain, layout.max_uncompressed_ratio)
    except InputError:
        return tuple(names[1:])  # one that cannot be looked into may hold any
    return sheets_beside(rows, names[0], layout)


def sheets_beside(rows: Mapping[str, int], read: str, layout: Layout) -> tuple[str, ...]:
    """The sheets with more rows than a header takes, but for the one that is read."""
    return tuple(name for name, height in rows.items() if name != read and height > layout.skip_rows + layout.header)


def fullest_sheet(rows: Mapping[str, int]) -> str:
    """The sheet with the most rows, where the first is empty or all but empty; else nothing."""
    first, fullest = next(iter(rows), ""), max(rows, key=lambda name: rows[name], default="")
    return fullest if rows and rows[first] < 3 and rows[fullest] > max(1, rows[first]) else ""


def _sheet(path: Path, plain: Path, layout: Layout) -> pa.Table:
    return workbook.cells(path, plain, layout.sheet, layout.max_uncompressed_ratio)


def _cell_text(column: pa.ChunkedArray, *, is_duration: bool) -> Any:
    """Cells as text: a time of day or a duration without the day that a spreadsheet gives it, a date without midnight.

    Midnight is no time where every cell that is a date has it; a text among them, such as a last line's, is none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.replace_substring_regex(column.cast("string"), r"^1899-12-3[01] ", "")
    if is_duration and pc.any(pc.match_substring_regex(text, _OVER_A_DAY.pattern)).as_py():
        text = pa.array([_OVER_A_DAY.sub(_hours, cell) if cell else cell for cell in text.to_pylist()], pa.string())
    midnight = pc.match_substring_regex(text, r"^\d{4}-\d\d-\d\d 00:00:00(\.0+)?$")
    dated = pc.match_substring_regex(text, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$")
    if pc.any(midnight).as_py() and pc.sum(midnight).as_py() == pc.sum(dated).as_py():
        return pc.if_else(midnight, pc.utf8_slice_codeunits(text, 0, 10), text)
    return text


# A spreadsheet counts a duration in days, of which the first is the last of 1899; none as long as two months is read.
_OVER_A_DAY = re.compile(r"^(1900-0[12]-\d\d) (\d\d)")
_FIRST_DAY = date(1899, 12, 31)


def _hours(found: re.Match[str]) -> str:
    """'1900-01-01 06' -> '30', of '1900-01-01 06:00:00'."""
    return str(24 * (date.fromisoformat(found[1]) - _FIRST_DAY).days + int(found[2]))
