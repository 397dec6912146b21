"""Files to feed the readers: good logs in every format, spoilt in one of many ways, each a function of a seed and a number."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.logs import COLUMNS, random_rows

FORMATS = ("csv", "tsv", "jsonl", "parquet", "xlsx")
ENCODINGS = (
    "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "cp437", "cp037", "shift_jis", "utf-7",
    "euc_jp", "gb18030", "koi8-r", "mac_roman", "big5", "iso2022_jp",
)  # fmt: skip
TIMES = (
    "0001-01-01 00:00:00", "9999-12-31 23:59:59", "10000-01-01 00:00:00", "-0044-03-15 12:00:00", "2025-02-29 10:00:00",
    "2025-13-01 00:00:00", "1969-12-31 23:59:59", "2025-03-30 01:30:00", "2025-10-26 01:30:00", "2025-06-01 24:00:00",
    "2025-06-01 23:59:60", "1e308", "-1", "99999999999999999999", "2025-06-01T10:00:00+99:99", "2262-04-12 00:00:00", "",
    "294247-01-10 04:00:54", "01/02/03", "NaT", "infinity",
)  # fmt: skip
ODD = (
    "\x00", "\ufeff", "\u202e", "\x1b[2J", "=1+1", '"', '""', "'", "\\", "\r", "\n", "\r\n", ",", "\t", "\u2028", "\x85", "\x0c",
    "\U0001f4de", "e\u0301", "\ud7ff", "\uffff", "NULL", "nan", "-0", "0" * 400, "9" * 30, "<script>alert(1)</script>", "%s%n",
    "../../etc/passwd", "$(reboot)", "'; drop table calls; --", "{{7*7}}",
)  # fmt: skip
Rows = list[dict[str, Any]]


def make(folder: Path, seed: int, number: int) -> tuple[Path, str, str]:
    """One file: its path, the format it is given as, and what was done to it."""
    chance = random.Random(f"{seed}-{number}")
    form = chance.choice((*FORMATS, *FORMATS[:4]))  # a workbook costs a process of its own
    rows: Rows = [dict(row) for row in random_rows(chance.randrange(10**6), chance.choice([0, 1, 3, 20, 60]), days=30)]
    told = []
    for spoil in chance.sample(ROW_SPOILERS, chance.choice([0, 1, 1, 2])):
        rows = spoil(rows, chance)
        told.append(spoil.__name__)
    content = WRITERS[form](rows, chance)
    for spoil_bytes in chance.sample(BYTE_SPOILERS, chance.choice([0, 1, 1, 2, 3])):
        content = spoil_bytes(content, chance)
        told.append(spoil_bytes.__name__)
    path = folder / f"{number}.{chance.choice([form, form, 'dat'])}"
    path.write_bytes(content)
    return path, form, f"{form} {' '.join(told) or 'good'}"


# ── rows ───────────────────────────────────────────────────────────────────────────────────────


def odd_times(rows: Rows, chance: random.Random) -> Rows:
    """Times that are none, or of another age."""
    for row in rows:
        if chance.random() < 0.4:
            row[chance.choice(["received", "answered", "ended"])] = chance.choice(TIMES)
    return rows


def odd_texts(rows: Rows, chance: random.Random) -> Rows:
    """What steers terminals, spreadsheets, browsers, shells and parsers."""
    for row in rows:
        if chance.random() < 0.4:
            row[chance.choice(COLUMNS)] = chance.choice(ODD) * chance.choice([1, 1, 2, 50])
    return rows


def huge_record(rows: Rows, chance: random.Random) -> Rows:
    """A record over a megabyte."""
    for row in rows[:1]:
        row[chance.choice(COLUMNS)] = chance.choice(["x", "é", '"', "\n", ","]) * chance.choice([1_100_000, 2_500_000])
    return rows


def same_ids(rows: Rows, chance: random.Random) -> Rows:
    """One id for several calls, or none."""
    for row in rows:
        if chance.random() < 0.5:
            row["ref"] = chance.choice(["same", "", "R", " "])
    return rows


def lost_columns(rows: Rows, chance: random.Random) -> Rows:
    """A column is missing everywhere, or in places."""
    gone = chance.choice(COLUMNS)
    everywhere = chance.random() < 0.5
    return [{k: v for k, v in row.items() if k != gone or not (everywhere or chance.random() < 0.3)} for row in rows]


def odd_types(rows: Rows, chance: random.Random) -> Rows:
    """Numbers, truths, lists and nothing where text is expected."""
    values: list[Any] = [None, True, 0, -1, 1e308, [1, [2]], {"a": {"b": None}}, 2**63, ""]
    for row in rows:
        if chance.random() < 0.3:
            row[chance.choice(COLUMNS)] = chance.choice(values)
    return rows


ROW_SPOILERS = (odd_times, odd_texts, huge_record, same_ids, lost_columns, odd_types)


# ── formats ────────────────────────────────────────────────────────────────────────────────────


def _delimited(mark: str) -> Callable[[Rows, random.Random], bytes]:
    def write(rows: Rows, chance: random.Random) -> bytes:
        names = list(rows[0]) if rows else list(COLUMNS)
        end = chance.choice(["\n", "\n", "\r\n", "\r"])
        lines = [names, *([row.get(name) for name in names] for row in rows)]
        if chance.random() < 0.1:
            lines = [[*line, *("x" for _ in range(300))] for line in lines]
        text = end.join(mark.join(_field(value, mark, chance) for value in line) for line in lines)
        return (text + (end if chance.random() < 0.9 else "")).encode("utf-8", "surrogatepass")

    return write


def _field(value: Any, mark: str, chance: random.Random) -> str:
    text = "" if value is None else str(value)
    if any(sign in text for sign in (mark, '"', "\n", "\r")) and chance.random() < 0.9:
        return '"' + text.replace('"', '""') + '"'
    return text


def _jsonl(rows: Rows, chance: random.Random) -> bytes:
    lines = [json.dumps(row, ensure_ascii=chance.random() < 0.5) for row in rows]
    extra = [
        "[" * 3000 + "]" * 3000,
        '{"ref": NaN}',
        "null",
        '{"ref":1,"ref":2}',
        '{"a":' * 2000,
        "{}",
        "[1]",
        '"x"',
        "1e999",
        "",
    ]
    if chance.random() < 0.3:
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(extra))
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


def _parquet(rows: Rows, chance: random.Random) -> bytes:
    import polars as pl

    buffer = io.BytesIO()
    texts = [
        {k: None if v is None else str(v).encode("utf-8", "replace").decode() for k, v in row.items()} for row in rows
    ]
    names = list(dict.fromkeys(name for row in texts for name in row)) or list(COLUMNS)
    frame = pl.DataFrame(
        {name: [row.get(name) for row in texts] for name in names}, schema=dict.fromkeys(names, pl.String)
    )
    frame = _retyped(frame, chance)
    frame.write_parquet(buffer, compression=chance.choice(["zstd", "snappy", "gzip", "uncompressed", "lz4"]))
    return buffer.getvalue()


def _retyped(frame: Any, chance: random.Random) -> Any:
    import polars as pl

    if not frame.width or chance.random() < 0.5:
        return frame
    kinds = {
        "datetime": lambda c: c.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False),
        "binary": lambda c: c.cast(pl.Binary),
        "list": lambda c: c.str.split(" "),
        "struct": lambda c: pl.struct(c.alias("inner")),
        "categorical": lambda c: c.cast(pl.Categorical),
        "float": lambda c: c.str.len_chars().cast(pl.Float64) / 0,
        "null": lambda c: pl.lit(None),
        "duration": lambda c: c.str.len_chars().cast(pl.Duration("us")),
        "decimal": lambda c: c.str.len_chars().cast(pl.Decimal(38, 2)),
    }
    name = chance.choice(frame.columns)
    return frame.with_columns(kinds[chance.choice(sorted(kinds))](pl.col(name)).alias(name))


def _xlsx(rows: Rows, chance: random.Random) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    names = list(rows[0]) if rows else list(COLUMNS)
    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet()
        for at, line in enumerate([names, *([row.get(name) for name in names] for row in rows)]):
            for place, value in enumerate(line):
                text = (
                    value
                    if isinstance(value, int | float) and abs(value) < 1e300
                    else ""
                    if value is None
                    else str(value)
                )
                sheet.write(at, place, text[:32000].replace("\x00", "") if isinstance(text, str) else text)
    return _spoilt_zip(buffer.getvalue(), chance) if chance.random() < 0.3 else buffer.getvalue()


def _spoilt_zip(content: bytes, chance: random.Random) -> bytes:
    """The workbook's inner files spoilt, or blown up beyond all proportion."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        chosen = chance.choice(old.namelist())
        way = chance.choice(["flip", "cut", "flip", "cut", "bomb", "entities", "gone", "traversal"])
        for name in old.namelist():
            inner = old.read(name)
            if name == chosen and way == "gone":
                continue
            if name == chosen and way == "flip":
                inner = flip(inner, chance)
            elif name == chosen and way == "cut":
                inner = inner[: len(inner) // 2]
            elif name.endswith("sheet1.xml") and way == "bomb":
                inner = inner.replace(
                    b"</sheetData>", b'<row r="900000"><c r="A900000"/></row>' * 400_000 + b"</sheetData>"
                )
            elif name == chosen and way == "entities":
                inner = ENTITIES + inner.split(b"?>", 1)[-1]
            new.writestr("../" + name if name == chosen and way == "traversal" else name, inner)
    return out.getvalue()


ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
)
WRITERS: dict[str, Callable[[Rows, random.Random], bytes]] = {
    "csv": _delimited(","), "tsv": _delimited("\t"), "jsonl": _jsonl, "parquet": _parquet, "xlsx": _xlsx,
}  # fmt: skip


# ── bytes ──────────────────────────────────────────────────────────────────────────────────────


def flip(content: bytes, chance: random.Random) -> bytes:
    """Some bits the other way."""
    changed = bytearray(content)
    for _ in range(chance.choice([1, 3, 30]) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(content: bytes, chance: random.Random) -> bytes:
    """Cut short, at either end."""
    at = chance.randrange(len(content) + 1)
    return content[:at] if chance.random() < 0.8 else content[at:]


def nulls(content: bytes, chance: random.Random) -> bytes:
    """Null bytes in the middle."""
    at = chance.randrange(len(content) + 1)
    return content[:at] + b"\x00" * chance.choice([1, 7, 4096]) + content[at:]


def noise(content: bytes, chance: random.Random) -> bytes:
    """Any bytes in the middle."""
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.randbytes(chance.choice([1, 40, 3000])) + content[at:]


def twice(content: bytes, chance: random.Random) -> bytes:
    """A piece once more, elsewhere."""
    a, b = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    at = chance.randrange(len(content) + 1)
    return content[:at] + content[a:b] + content[at:]


def encoded(content: bytes, chance: random.Random) -> bytes:
    """In another encoding than anybody declared."""
    return content.decode("utf-8", "replace").encode(chance.choice(ENCODINGS), "replace")


def packed(content: bytes, chance: random.Random) -> bytes:
    """Gzip: whole, cut short, twice, or of fifty megabytes of one byte."""
    way = chance.randrange(30)
    if way == 0:
        content = content + chance.choice([b"\x00", b"a", b"\n", b'"']) * 50_000_000
    whole = gzip.compress(gzip.compress(content, 1) if way == 1 else content, 1)
    return whole[: len(whole) * 2 // 3] if way == 2 else whole


BYTE_SPOILERS = (flip, cut, nulls, noise, twice, encoded, packed)


# ── declarations ───────────────────────────────────────────────────────────────────────────────


def spoilt_declaration(text: str, chance: random.Random) -> bytes:
    """A misuse.toml with lines gone, doubled, swapped, or values that are none."""
    lines = text.splitlines()
    for _ in range(chance.choice([1, 1, 2, 4])):
        at = chance.randrange(len(lines))
        way = chance.randrange(6)
        if way == 0:
            del lines[at]
        elif way == 1:
            lines.insert(chance.randrange(len(lines)), lines[at])
        elif way == 2:
            lines[at] = lines[at].split("=")[0] + "= " + chance.choice(_VALUES)
        elif way == 3:
            lines[at] = lines[at].replace("=", chance.choice(["==", ":", "", "= ="]))
        elif way == 4:
            lines[at] = flip(lines[at].encode(), chance).decode("utf-8", "replace")
        else:
            lines.insert(at, chance.choice(_VALUES).join(["[sources.", "]"]))
        lines = lines or [""]
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    return encoded(content, chance) if chance.random() < 0.1 else content


_VALUES = (
    '""', "[]", "{}", "0", "-1", "1e400", "nan", "true", '"\\u0000"', '["a", 1]', "1979-05-27", '"' + "x" * 9000 + '"', '"../../x"',
    "[[1]]", '{ formats = ["%Q"] }', '{ epoch = "s" }', '["%Y" , "%"]', '"Mars/Olympus"', "99999999999999999999",
)  # fmt: skip
