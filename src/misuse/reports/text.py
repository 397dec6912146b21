"""The lists as CSV: one header, one row a caller, every row carrying the marking, the run and the as-of date."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from misuse.reports import wording
from misuse.reports.data import Pack, Row, Stamp
from misuse.schemas import LOOK_LIST, TASKING_LIST, Relation

# What a spreadsheet program would take for the start of a formula, its full-width twins too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
STAMP_COLUMNS = ("marking", "data_to", "made_at", "hours_old")
NUMERIC = ("INTEGER", "BIGINT", "DOUBLE")


def tasking_list(pack: Pack) -> bytes:
    """Parts 1 to 4, whole."""
    return _table(TASKING_LIST, pack.tasking, pack)


def look_list(pack: Pack) -> bytes:
    """The look list, whole."""
    return _table(LOOK_LIST, pack.look, pack)


def neutral(text: str) -> str:
    """Text that no spreadsheet program runs as a formula."""
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def neutral_cell(value: Any) -> Any:
    """A cell with its text neutral; what is no text stays what it is."""
    return neutral(value) if isinstance(value, str) else value


def shown(value: Any, kind: str) -> str:
    """One value as text: lists joined, figures that were not measured said so, nothing run as a formula."""
    if value is None:
        return wording.NOT_MEASURED if kind in NUMERIC else ""
    if isinstance(value, list):
        return neutral(wording.joined(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1 else f"{value:.2f}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, int) else neutral(str(value))


def there(value: Any, zone: ZoneInfo) -> Any:
    """A stored time as the reporting zone's clock had it, with its offset, so that nobody takes it for UTC; else as it is."""
    return wording.local(value, zone) if isinstance(value, datetime) else value


def _table(relation: Relation, rows: Iterable[Row], pack: Pack) -> bytes:
    kinds = {column.name: column.type for column in relation.columns}
    stamp = _stamp_cells(pack.stamp)
    lines = ([shown(there(row[name], pack.zone), kind) for name, kind in kinds.items()] + stamp for row in rows)
    return _bytes([*kinds, *STAMP_COLUMNS], lines)


def _stamp_cells(stamp: Stamp) -> list[str]:
    made = stamp.made_at.isoformat(timespec="seconds")
    return [neutral(stamp.marking), stamp.as_of.isoformat(), made, str(int(stamp.hours_old))]


def _bytes(header: Sequence[str], lines: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 without a byte-order mark, which scripts would read as part of the first name; lines end as RFC 4180 has it."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(header)
    writer.writerows(lines)
    return buffer.getvalue().encode()
