"""A list as XLSX: marked on the sheet and on every printed page, text written as text whatever it starts with."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from misuse.room.desk import Desk


def workbook(desk: Desk, title: str, columns: Sequence[str], found: Sequence[Mapping[str, Any]]) -> bytes:
    """The workbook's bytes."""
    import xlsxwriter

    marking = desk.settings.protective_marking
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"title": title, "subject": f"{marking}; run {desk.run_id}", "created": desk.now})
        sheet, bold = book.add_worksheet("list"), book.add_format({"bold": True})
        sheet.write_string(0, 0, f"{marking}. {desk.settings.handling}", bold)
        sheet.write_string(1, 0, f"{title}; run {desk.run_id}; made {desk.now:%Y-%m-%d %H:%M} UTC")
        sheet.set_header("&C&B" + marking.replace("&", "&&"))
        sheet.set_footer("&C&B" + marking.replace("&", "&&") + "&R&P of &N")
        for place, name in enumerate(columns):
            sheet.write_string(3, place, name.replace("_", " "), bold)
        for line, row in enumerate(found, 4):
            for place, name in enumerate(columns):
                _write(sheet, line, place, row.get(name))
        sheet.freeze_panes(4, 0)
    return buffer.getvalue()


def _write(sheet: Any, line: int, place: int, value: Any) -> None:
    from misuse.reports import text

    if value is None:
        sheet.write_blank(line, place, None)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        sheet.write_number(line, place, value)
    elif isinstance(value, date | datetime):
        sheet.write_string(line, place, value.isoformat())
    else:
        sheet.write_string(line, place, text.shown(value, "VARCHAR"))
