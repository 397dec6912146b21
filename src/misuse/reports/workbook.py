"""A workbook that carries the marking, run and age of its data on every sheet and printed page."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from misuse.reports import wording
from misuse.reports.data import Pack, Row

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

HEADER_ROW = 5  # below the title, marking, run, warning and the note on blanks
BLANK_NOTE = f"In a column of figures, blank = {wording.NOT_MEASURED}; it is never nought."
FONT = "Calibri"
COUNT, HOURS, SHARE, DATE, MOMENT, TEXT, WRAP = "count", "hours", "share", "date", "moment", "text", "wrap"
NUMBER_FORMATS = {COUNT: "#,##0", HOURS: "#,##0.0", SHARE: "0.0%", DATE: "d mmm yyyy", MOMENT: "d mmm yyyy hh:mm"}


@dataclass(frozen=True)
class Cells:
    """One column of a sheet: its heading, width, how it is written and where its value comes from."""

    heading: str
    width: float
    kind: str
    value: Callable[[Row], Any]


class Book:
    """A workbook under way: its formats, and the marking that every sheet of it carries."""

    def __init__(self, pack: Pack, title: str) -> None:
        import xlsxwriter

        self.pack = pack
        self.buffer = io.BytesIO()
        self.workbook: xlsxwriter.Workbook = xlsxwriter.Workbook(
            self.buffer,
            {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
        )
        made = pack.stamp.made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        self.workbook.set_properties(
            {"title": title, "subject": wording.stamped(pack.stamp), "company": pack.stamp.force, "created": made}
        )
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}

    def format(self, **properties: Any) -> Format:
        """A format by its properties, made once."""
        whole = {"font_name": FONT, "font_size": 10, "valign": "top", **properties}
        key = tuple(sorted(whole.items()))
        if key not in self._formats:
            self._formats[key] = self.workbook.add_format(whole)
        return self._formats[key]

    def kind(self, kind: str, **more: Any) -> Format:
        if kind in NUMBER_FORMATS:
            return self.format(num_format=NUMBER_FORMATS[kind], align="right", **more)
        return self.format(text_wrap=kind == WRAP, align="left", **more)

    def sheet(self, name: str, title: str, *, header: bool = True) -> Worksheet:
        """A sheet with title, marking, run and age at its head, and set up to print."""
        stamp, sheet = self.pack.stamp, self.workbook.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.write_string(0, 0, title, self.format(bold=True, font_size=15, font_color="#1F2A36"))
        sheet.write_string(1, 0, f"{stamp.marking}. {stamp.handling}", self.format(bold=True))
        sheet.write_string(
            2, 0, f"Run {stamp.run_id}; as-of {wording.day(stamp.as_of)}. {wording.freshness(stamp)}.", self.format()
        )
        sheet.write_string(3, 0, wording.stale_warning(stamp), self.format(bold=True, font_color="#A63C00"))
        self._print(sheet, name, header)
        return sheet

    def _print(self, sheet: Worksheet, name: str, header: bool) -> None:
        stamp = self.pack.stamp
        run, marking = _code(stamp.run_id), _code(stamp.marking)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.set_margins(left=0.5, right=0.5, top=0.8, bottom=0.8)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0, HEADER_ROW if header else 3)
        sheet.set_header(f"&C&B{marking}&R&A")
        sheet.set_footer(
            f"&L&8Run {run}\nAs-of {wording.day(stamp.as_of)}&C&B{marking}&R&8Made {stamp.made_at:%d/%m/%Y %H:%M}\n&P of &N"
        )

    def table(
        self, sheet: Worksheet, columns: Sequence[Cells], rows: Sequence[Row], empty: str, note: str = ""
    ) -> None:
        """A header row with filters and the rows under it, or a sentence where there are none; above them a note, if any."""
        head = self.format(
            bold=True,
            font_color="white",
            bg_color="#1F4E79",
            text_wrap=True,
            valign="vcenter",
            border=1,
            border_color="#1F4E79",
        )
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(HEADER_ROW, place, column.heading, head)
        sheet.set_row(HEADER_ROW, 32)
        sheet.write_string(
            HEADER_ROW - 1, 0, f"{note} {BLANK_NOTE}".strip(), self.format(italic=True, font_color="#6B7683")
        )
        for line, row in enumerate(rows, HEADER_ROW + 1):
            for place, column in enumerate(columns):
                self.write(sheet, line, place, column.value(row), column.kind, bottom=1, bottom_color="#DDE2E7")
        if not rows:
            sheet.write_string(HEADER_ROW + 1, 0, empty, self.format(italic=True))
        sheet.autofilter(HEADER_ROW, 0, HEADER_ROW + max(len(rows), 1), len(columns) - 1)
        sheet.freeze_panes(HEADER_ROW + 1, min(3, len(columns) - 1))

    def write(self, sheet: Worksheet, line: int, place: int, value: Any, kind: str, **more: Any) -> None:
        """One cell. Text is written as text whatever it starts with; a figure not measured is left blank, for filters and sums."""
        if value is None:
            sheet.write_blank(line, place, None, self.kind(kind, **more))
        elif kind in (DATE, MOMENT):
            sheet.write_datetime(line, place, value, self.kind(kind, **more))
        elif kind in (COUNT, HOURS, SHARE):
            sheet.write_number(line, place, value, self.kind(kind, **more))
        else:
            sheet.write_string(line, place, str(value), self.kind(kind, **more))

    def bytes(self) -> bytes:
        self.workbook.close()
        return self.buffer.getvalue()


def _code(text: str) -> str:
    """Text inside a header or footer, where & starts a code."""
    return text.replace("&", "&&")
