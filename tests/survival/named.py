"""Files that the fuzz may or may not come upon, each made on purpose: bombs, giant records, null bytes, encodings, first and last years.

Every log has three calls; what is said of a case is said of the second, or of the whole file.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.logs import COLUMNS, MOBILES
from tests.survival import rubbish

Made = tuple[str, bytes]  # the format it is given as, and its bytes
GIANT = 1_200_000  # characters


def rows(**second: Any) -> rubbish.Rows:
    """Three calls, of which the second is changed."""
    empty = dict.fromkeys(COLUMNS, "")
    found: rubbish.Rows = [
        empty
        | {"ref": f"N{at}", "received": f"2025-06-01 1{at}:00:00", "cli": MOBILES[at], "code": "HOAX", "version": "1"}
        for at in range(3)
    ]
    found[1] |= second
    return found


def written(form: str, **second: Any) -> bytes:
    """The three calls as a file of the format, as any system would write it."""
    if form == "jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows(**second)).encode()
    return rubbish.WRITERS[form](rows(**second), _Plain())


class _Plain(random.Random):
    """Always the usual way."""

    def random(self) -> float:
        return 0.5

    def choice(self, seq: Any) -> Any:
        return seq[0]


def parquet(**columns: list[Any]) -> bytes:
    """Columns as they are, typed by what they hold."""
    import polars as pl

    buffer = io.BytesIO()
    texts = {name: [row[name] for row in rows()] for name in COLUMNS}
    pl.DataFrame(texts | columns, strict=False).write_parquet(buffer)
    return buffer.getvalue()


def workbook(**inner: Callable[[bytes], bytes]) -> bytes:
    """The three calls as a workbook, some of its inner files (by their stem) made into others."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written("xlsx"))) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            stem = name.rpartition("/")[2].partition(".")[0]
            new.writestr(name, inner.get(stem, lambda same: same)(old.read(name)))
    return out.getvalue()


def _many_rows(sheet: bytes) -> bytes:
    more = b"".join(b'<row r="%d"><c r="A%d"/></row>' % (at, at) for at in range(10, 300_000))
    return sheet.replace(b"</sheetData>", more + b"</sheetData>")


def _one_cell(sheet: bytes) -> bytes:
    cell = b'<row r="4"><c r="A4" t="inlineStr"><is><t>' + b"a" * 200_000_000 + b"</t></is></c></row>"
    return sheet.replace(b"</sheetData>", cell + b"</sheetData>")


def _last_corner(sheet: bytes) -> bytes:
    return sheet.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')


def _pointing(sheet: bytes) -> bytes:
    """Two hundred cells more that hold the first shared text."""
    more = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (at, at) for at in range(10, 210))
    return sheet.replace(b"</sheetData>", more + b"</sheetData>")


def _long(texts: bytes) -> bytes:
    """The first shared text made 20 MB long, which is the name of the first column: that column is then another."""
    return texts.replace(b"<si><t>ref</t></si>", b"<si><t>" + b"x" * 20_000_000 + b"</t></si>", 1)


def _entities(inner: bytes) -> bytes:
    return rubbish.ENTITIES + inner.split(b"?>", 1)[-1].replace(b"HOAX", b"&j;")


def packed(text: bytes, times: int) -> bytes:
    """Gzip of a text repeated, made without ever holding it."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(written("csv"))
        for _ in range(times):
            file.write(text)
    return out.getvalue()


def _one_text(length: int, count: int) -> bytes:
    """Many calls with the same remarks, which stand in the file once."""
    import pyarrow as pa

    return _columns(count, remarks=pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), ["x" * length]))


def _one_list(length: int, count: int) -> bytes:
    import pyarrow as pa

    texts = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), ["x" * length])
    return _columns(2, markers=pa.ListArray.from_arrays([0, 1, count], texts))


def _columns(count: int, **columns: Any) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    same = {name: [text] * count for name, text in rows()[0].items()}
    out = io.BytesIO()
    refs = {"ref": [f"N{at}" for at in range(count)]}
    pq.write_table(pa.table({**same, **refs, **columns}), out, compression="zstd")
    return out.getvalue()


def _giant(form: str, text: str) -> Made:
    return form, written(form, remarks=text)


def _year(form: str, year: int) -> Made:
    at = datetime(year, 1, 1)
    if form == "parquet":
        return form, parquet(received=[datetime(2025, 6, 1, 10), at, datetime(2025, 6, 1, 12)])
    return form, written(form, received=f"{year:04}-01-01 00:00:00")


CASES: dict[str, Callable[[], Made]] = {
    "a workbook of many empty rows": lambda: ("xlsx", workbook(sheet1=_many_rows)),
    "a workbook with a cell of 200 MB": lambda: ("xlsx", workbook(sheet1=_one_cell)),
    "a workbook with a cell in the last corner": lambda: ("xlsx", workbook(sheet1=_last_corner)),
    "a workbook where one long text stands in many cells": lambda: ("xlsx", workbook(sheet1=_pointing, sharedStrings=_long)),
    "a workbook whose text is entities of entities": lambda: ("xlsx", workbook(sharedStrings=_entities)),
    "nulls without end in gzip": lambda: ("csv", packed(bytes(1 << 20), 96)),
    "line ends without end in gzip": lambda: ("csv", packed(b"\n" * (1 << 20), 96)),
    "gzip of gzip": lambda: ("csv", gzip.compress(gzip.compress(written("csv"), mtime=0), mtime=0)),
    "a parquet file where one long text stands in every row": lambda: ("parquet", _one_text(2 << 20, 200)),
    "a parquet file where one long text stands in every list": lambda: ("parquet", _one_list(2 << 20, 200)),
    "a parquet file of pages that unpack without end": lambda: ("parquet", _one_text(70 << 20, 1)),
    "a parquet file of records within records": lambda: ("parquet", parquet(remarks=[{"a": "x"}] * 3)),
    "a record over 1 MB, csv": lambda: _giant("csv", "x" * GIANT),
    "a record over 1 MB, tsv": lambda: _giant("tsv", "x" * GIANT),
    "a record over 1 MB, jsonl": lambda: _giant("jsonl", "x" * GIANT),
    "a record over 1 MB, parquet": lambda: _giant("parquet", "x" * GIANT),
    "a record of a million lines, csv": lambda: _giant("csv", "\n" * GIANT),
    "a record of a million quotes, csv": lambda: _giant("csv", '"' * GIANT),
    "an open quote over 1 MB, csv": lambda: ("csv", written("csv").replace(b"N1", b'"N1', 1) + b"x,y\n" * 60_000),
    "brackets without end, jsonl": lambda: ("jsonl", written("jsonl") + b'{"ref":' * GIANT + b"\n"),
    **{f"a null byte, {form}": lambda form=form: (form, written(form, remarks="a\x00b")) for form in rubbish.FORMATS[:4]},
    "a file of null bytes": lambda: ("csv", bytes(100_000)),
    "null bytes after the last line, csv": lambda: ("csv", written("csv") + bytes(4096)),
    **{f"the year {year}, {form}": lambda form=form, year=year: _year(form, year)
       for year in (1, 9999) for form in rubbish.FORMATS},
    **{f"undeclared {name}": lambda name=name: ("csv", written("csv", remarks="é").decode().encode(name, "replace"))
       for name in rubbish.ENCODINGS},
}  # fmt: skip
