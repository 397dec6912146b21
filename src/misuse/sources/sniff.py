"""How a file is written - format, encoding, delimiter, header - from its first bytes: for `source draft` only."""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

from misuse.errors import InputError
from misuse.sources.plain import length_of_bom

HEAD = 1 << 20


def head_of(path: Path) -> bytes:
    """The first bytes of the file, unpacked where it is gzip."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise InputError(
            f"{path} cannot be opened: {error.strerror}", next_step="check its name and permissions"
        ) from None
    if not head:
        raise InputError(f"{path} is empty", next_step="ask the source to send it again")
    if head.startswith(b"\x1f\x8b"):
        try:
            return zlib.decompressobj(wbits=31).decompress(head, HEAD)
        except zlib.error:
            raise InputError(
                f"{path} is damaged: its gzip data cannot be unpacked", next_step="ask for the file again"
            ) from None
    return head


def sniff(path: Path) -> dict[str, Any]:
    """The plain keys of a layout that the file's own bytes settle."""
    head = head_of(path)
    if head.startswith(b"PK\x03\x04"):
        return {"format": "xlsx"}
    if head.startswith(b"PAR1"):
        return {"format": "parquet"}
    encoding, text = _decoded(head)
    found: dict[str, Any] = {} if encoding == "utf-8" else {"encoding": encoding}
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and _is_object(lines[0]):
        return {"format": "jsonl", **found}
    if text.lstrip().startswith("["):
        raise InputError(f"{path} is one JSON list, not JSON Lines", next_step="write one object a line")
    if not lines:
        raise InputError(f"{path} holds no lines", next_step="ask the source to send it again")
    delimiter, counts = _delimiter(text)
    found = {"format": "tsv" if delimiter == "\t" else "csv", **found}
    if delimiter not in ",\t":
        found["delimiter"] = delimiter
    usual = Counter(counts[1:] or counts).most_common(1)[0][0]
    skip = next((n for n, count in enumerate(counts) if count >= usual - 1 and count > 1), 0) if usual > 1 else 0
    if skip:
        found["skip_rows"] = skip
    rows = _rows(text, delimiter)[skip:]
    if not _is_header(rows):
        found["header"] = False
        if names := _told_apart(rows[0]):
            found |= {"skip_rows": skip + 1, "column_names": names}
    elif usual == len(rows[0]) + 1 and all(not row[-1] for row in rows[1:50] if len(row) == usual):
        found["trailing_delimiter"] = True
    return found


def _decoded(head: bytes) -> tuple[str, str]:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", head[: len(head) // 2 * 2].decode("utf-16", "replace")
    body = head[length_of_bom(head) :]
    try:
        return "utf-8", body.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start > len(body) - 4 and len(head) >= HEAD:
            return "utf-8", body.decode("utf-8", "ignore")
        bad = sum(1 for line in body.split(b"\n") if b"\xff" in line or not _reads(line))
        if bad <= body.count(b"\n") // 200 and any(
            byte > 127 and _reads(line) for line in body.split(b"\n") for byte in line[:1]
        ):
            return "utf-8", body.decode("utf-8", "replace")
    encoding = "cp1252" if re.search(rb"[\x80-\x9f]", body) else "latin-1"
    return encoding, body.decode(encoding, "replace")


def _reads(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _rows(text: str, delimiter: str, most: int = 400) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True):
            rows.append(row)
            if len(rows) >= most:
                break
    except csv.Error:
        pass  # what was read before it tells enough
    return [row for row in rows if row] or [[""]]


def _delimiter(text: str) -> tuple[str, list[int]]:
    """The delimiter under which most rows have the same, greatest number of columns."""
    best: tuple[float, str, list[int]] = (-1.0, ",", [1])
    for delimiter in ",\t;|":
        counts = [len(row) for row in _rows(text, delimiter)]
        width, times = Counter(counts).most_common(1)[0]
        score = (times / len(counts)) * min(width, 12) if width > 1 else 0.0
        if score > best[0]:
            best = (score, delimiter, counts)
    return best[1], best[2]


def _is_header(rows: list[list[str]]) -> bool:
    """Are the first row's cells names, none of them twice?"""
    names = _header_names(rows[0])
    return bool(names) and len(set(names)) == len(names)


def _header_names(cells: list[str]) -> list[str]:
    """The cells as names, where none is empty but the last and none a number or a date; else none."""
    names = [cell.strip() for cell in cells]
    filled = names[:-1] if names and not names[-1] else names
    is_value = re.compile(r"[+-]?[\d\s.,:/()\-]+|.*\d{4}-\d\d-\d\d.*|.*\d:\d\d.*")
    return filled if all(filled) and not any(map(is_value.fullmatch, filled)) else []


def _told_apart(cells: list[str]) -> tuple[str, ...]:
    """Names for a header whose only flaw is that a name comes twice: no layout can say which of them it means."""
    names = _header_names(cells)
    if len(names) < len(cells) or len(set(names)) == len(names) or any(map(re.compile(r"\n|\d{3}").search, names)):
        return ()  # of several lines, or perhaps a first row and no names
    seen: Counter[str] = Counter()
    apart = []
    for name in names:
        seen[name] += 1
        apart.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return tuple(apart) if len(set(apart)) == len(apart) else ()
