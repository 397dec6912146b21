"""JSON Lines, Parquet and XLSX -> `raw_file`, every mapped column as text; times in ISO 8601."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from misuse.errors import InputError
from misuse.sources.columns import find, required_columns, resolve
from misuse.sources.grammar import Grammar
from misuse.sources.layout import Layout
from misuse.sources.plain import FREE_SIZE, length_of_bom
from misuse.sources.raw import (
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

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_Found = TypeVar("_Found")
KEYS_LOOKED_AT = 10_000

_KEYS = """
select distinct unnest(json_keys(line)) as name
from (
    select line from json_lines
    where case when json_valid(line) then json_type(line) = 'OBJECT' else false end
    limit 10000
)
order by name
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
    names = tuple(str(row[0]) for row in con.execute(_KEYS).fetchall())
    nested = [c for c in layout.mapped_columns if "." in c and not find(c, names) and find(c.split(".")[0], names)]
    known = (*names, *nested)
    is_empty = not names and scan.records == len(scan.dropped)
    optional = layout.mapped_columns if is_empty else set(layout.mapped_columns) - required_columns(layout)
    mapped = resolve(path, layout, known, optional=optional)
    columns = {asked: f"c{n}" for n, asked in enumerate(layout.mapped_columns)}
    _extract(con, path, {columns[asked]: _pointer(mapped.get(asked, ""), names) for asked in columns})
    absent = {f"column_absent:{asked}": scan.records for asked in columns if asked not in mapped}
    return RawFile(
        records=scan.records,
        names=known,
        mapped=columns,
        dropped=scan.dropped,
        oddities={"not_ascii": scan.non_ascii, "blank_lines": scan.blank_lines, **absent},
        fetch=lambda reasons, add: fetch(plain, start, grammar, reasons, add),
    )


def _pointer(name: str, names: Sequence[str]) -> str:
    """The JSON pointer to a column: a key of the object, or keys joined by '.' into what it holds."""
    keys = [name] if name in names else name.split(".")
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys) if name else ""


def _extract(con: duckdb.DuckDBPyConnection, path: Path, pointers: dict[str, str]) -> None:
    """`raw_file` from `json_lines`: a text column a pointer, and why a line is no record."""
    import duckdb
    from duckdb import CaseExpression, ColumnExpression, ConstantExpression, FunctionExpression

    line, null = ColumnExpression("line"), ConstantExpression(None).cast("VARCHAR")
    is_valid = FunctionExpression("json_valid", line)
    is_object = FunctionExpression("json_type", ColumnExpression("valid")) == ConstantExpression("OBJECT")
    valid = con.table("json_lines").project(line, CaseExpression(is_valid, line).otherwise(null).alias("valid"))
    columns = [
        (
            FunctionExpression("json_text", ColumnExpression("valid"), ConstantExpression(pointer)) if pointer else null
        ).alias(name)
        for name, pointer in pointers.items()
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
            return tuple(con.read_parquet(str(plain)).columns)
        except duckdb.Error as error:
            raise unreadable(path, error) from None
    names: dict[str, None] = {}
    with plain.open(encoding="utf-8-sig", errors="replace") as file:
        for line in islice(file, KEYS_LOOKED_AT):
            names |= dict.fromkeys(_keys(line))
    return tuple(names)


def _keys(line: str) -> list[str]:
    try:
        found = json.loads(line)
    except ValueError:
        return []
    if not isinstance(found, dict):
        return []
    inner = {key: [f"{key}.{k}" for k in value] if isinstance(value, dict) else [key] for key, value in found.items()}
    return [name for names in inner.values() for name in names]


def read_parquet(con: duckdb.DuckDBPyConnection, path: Path, plain: Path, layout: Layout, scratch: Path) -> RawFile:
    """Parquet: the types it has, written as text."""
    import duckdb

    _refuse_truncated(path, plain)
    Rejects(con)
    link = scratch / "input.parquet"
    link.symlink_to(plain.resolve())
    try:
        relation = con.read_parquet(str(link))
        types = dict(zip(relation.columns, (str(kind) for kind in relation.types), strict=True))
        mapped = resolve(path, layout, relation.columns)
        columns = {asked: f"c{n}" for n, asked in enumerate(mapped)}
        texts = [_as_text(mapped[asked], types[mapped[asked]]).alias(name) for asked, name in columns.items()]
        rows = keep(con, relation.project(*texts))
        counted = con.execute("select num_rows from parquet_file_metadata($path)", {"path": str(link)}).fetchone()
    except duckdb.Error as error:
        raise unreadable(path, error) from None
    if not counted or counted[0] != rows:
        raise InputError(f"{path} does not hold the rows it says it holds", next_step="ask for the file again")

    def fetch_json(reasons: dict[int, str], add: Add) -> None:
        found = con.execute(
            "select file_row_number + 1, to_json(r) from read_parquet($path, file_row_number = true) as r"
            " where file_row_number + 1 in (select unnest($numbers))",
            {"path": str(link), "numbers": list(reasons)},
        )
        while batch := found.fetchmany(10_000):
            for number, text in batch:
                add(number, reasons[number], text[:LONGEST_RAW])

    return RawFile(rows, tuple(relation.columns), columns, is_typed=True, fetch=fetch_json)


def _refuse_truncated(path: Path, plain: Path) -> None:
    """Errors: InputError for a Parquet file that does not end as one."""
    with plain.open("rb") as file:
        file.seek(max(0, plain.stat().st_size - 4))
        if file.read(4) != b"PAR1" or plain.stat().st_size < 12:
            raise InputError(
                f"{path} is a truncated Parquet file",
                next_step="wait for the transfer to end, or ask for the file again",
            )


def _as_text(name: str, kind: str) -> duckdb.Expression:
    """A typed column as the text that the staging models read."""
    from duckdb import CaseExpression, ColumnExpression, ConstantExpression, FunctionExpression

    column = ColumnExpression(name)
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
    texts = {place: _cell_text(table.column(int(place[1:]))) for place in places.values()}
    Rejects(con)
    raw = pa.table(texts)
    keep(con, con.from_arrow(raw))

    def fetch_cells(reasons: dict[int, str], add: Add) -> None:
        for number, reason in reasons.items():
            row = table.slice(number - 1, 1).to_pylist()[0].values()
            add(number, reason, layout.delimiter.join(str(cell) for cell in row if cell is not None)[:LONGEST_RAW])

    return RawFile(table.num_rows, names, places, oddities={"blank_lines": blank}, is_typed=True, fetch=fetch_cells)


def fullest_sheet(path: Path, plain: Path, layout: Layout) -> str:
    """The sheet with the most rows, where the first is empty or all but empty; else nothing."""

    def rows_of(book: Any) -> dict[str, int]:
        return {name: int(book.load_sheet(name, header_row=None).height) for name in book.sheet_names}

    rows = _in_book(path, plain, layout, rows_of)
    first, fullest = next(iter(rows), ""), max(rows, key=lambda name: rows[name], default="")
    return fullest if rows and rows[first] < 3 and rows[fullest] > max(1, rows[first]) else ""


def _sheet(path: Path, plain: Path, layout: Layout) -> pa.Table:
    """The sheet's cells, all as text, its header row among them."""
    import pyarrow as pa

    def load(book: Any) -> pa.Table:
        if layout.sheet and layout.sheet not in book.sheet_names:
            raise InputError(
                f"{path} has no sheet '{layout.sheet}'", next_step=f"it has {', '.join(book.sheet_names[:5])}"
            )
        sheet = book.load_sheet(layout.sheet or 0, header_row=None, dtypes="string")
        return pa.table(sheet.to_arrow())

    return _in_book(path, plain, layout, load)


def _in_book(path: Path, plain: Path, layout: Layout, take: Callable[[Any], _Found]) -> _Found:
    """What `take` finds in the workbook, once its size is seen to be sane."""
    import fastexcel
    import pyarrow as pa

    try:
        with zipfile.ZipFile(plain) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > max(FREE_SIZE, plain.stat().st_size * layout.max_uncompressed_ratio):
            raise InputError(
                f"{path} unpacks to over {layout.max_uncompressed_ratio} times its size",
                next_step="if that is right, raise max_uncompressed_ratio in its [sources] table",
            )
        return take(fastexcel.read_excel(str(plain)))
    except zipfile.BadZipFile:
        raise InputError(
            f"{path} cannot be read as XLSX: it is truncated or damaged",
            next_step="wait for the transfer to end, or ask for the file again",
        ) from None
    except (fastexcel.FastExcelError, pa.ArrowInvalid) as error:
        raise InputError(
            f"{path} cannot be read as XLSX ({type(error).__name__})",
            next_step="open and save it again, or ask for it again",
        ) from None


def _cell_text(column: pa.ChunkedArray) -> Any:
    """Cells as text: a time of day without the day that a spreadsheet gives it, a date without midnight."""
    import pyarrow.compute as pc

    text = pc.replace_substring_regex(column.cast("string"), r"^1899-12-3[01] ", "")
    midnight = pc.match_substring_regex(text, r"^\d{4}-\d\d-\d\d 00:00:00(\.0+)?$")
    if pc.all(midnight).as_py() and text.null_count < len(text):
        return pc.utf8_slice_codeunits(text, 0, 10)
    return text
