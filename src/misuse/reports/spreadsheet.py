"""The lists as workbooks: filters on, header frozen and repeated in print, marked on every sheet and page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from misuse import wording as plain
from misuse.reports import figures, wording
from misuse.reports.data import HEADLINE, SINCE, Pack, Row
from misuse.reports.workbook import BLANK_NOTE, COUNT, DATE, HEADER_ROW, HOURS, MOMENT, SHARE, TEXT, WRAP, Book, Cells

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

PART_TINTS = {1: "#FBE3D1", 2: "#D9E9F5", 3: "#E4F1EA", 4: "#F2F3F5"}


def tasking_list(pack: Pack) -> bytes:
    """The meeting's workbook: summary, both lists, everyone persistent, the months."""
    book = Book(pack, "Persistent callers to 999: tasking list")
    _summary(book)
    sheet = book.sheet("Tasking list", "Tasking list, parts 1 to 4")
    columns = _tasking_columns(pack)
    book.table(sheet, columns, pack.tasking, "Nobody is eligible for tasking in this window.")
    _tint_parts(book, sheet, len(columns))
    _look_sheet(book)
    _persistent_sheet(book)
    _months_sheet(book)
    return book.bytes()


def look_list(pack: Pack) -> bytes:
    """The look list alone."""
    book = Book(pack, "Persistent callers to 999: look list")
    _look_sheet(book)
    return book.bytes()


def _summary(book: Book) -> None:
    """The headline in sentences, both bridges, and every estimate with its method."""
    pack = book.pack
    sheet = book.sheet("Summary", "Persistent callers to 999", header=False)
    for place, width in enumerate((44, 16, 14, 14, 12, 12, 12, 14, 12, 12, 60)):
        sheet.set_column(place, place, width)
    line = 5
    for number, sentence in enumerate(sentences(pack)):
        sheet.merge_range(line, 0, line, 10, "", book.format())
        look = {"bold": True, "font_size": 13} if number == 0 else {}
        sheet.write_string(line, 0, sentence, book.format(text_wrap=True, **look))
        sheet.set_row(line, 34 if number == 0 else 15 * (1 + len(sentence) // 170))
        line += 1
    for window, title in (
        (HEADLINE, f"Bridge, {wording.period(pack)}"),
        (SINCE, f"Bridge, since {wording.day(pack.first_day)}"),
    ):
        line = _bridge_table(book, sheet, line + 1, title, window)
    _estimates_table(book, sheet, line + 1)
    sheet.freeze_panes(4, 0)


def sentences(pack: Pack) -> list[str]:
    """The summary, a sentence a line; those with nothing to say are left out."""
    said = [
        wording.headline(pack),
        wording.apart(pack),
        wording.since(pack),
        wording.coverage(pack),
        wording.bounds(pack),
        wording.timed(pack),
        *_readings(pack),
        BLANK_NOTE,
    ]
    return [sentence for sentence in said if sentence]


def _readings(pack: Pack) -> list[str]:
    work = figures.workload(pack)
    if work.days_all.point is None:
        return [wording.no_readings(pack)]
    return [
        f"Reading A of the 2005 report: all misuse is {wording.decimal(work.days_all.point, 2)} days' work a month.",
        ""
        if wording.uncounted(pack)
        else f"Reading B: the persistent callers alone are {wording.decimal(work.days_persistent.point, 2)} days' work a month.",
        f"Both are averages over {wording.of(work.whole_months, 'whole month')}: calls of the month over its calls a day.",
    ]


def _headings(book: Book, sheet: Worksheet, line: int, headings: tuple[str, ...]) -> None:
    look = book.format(bold=True, font_color="white", bg_color="#1F4E79", text_wrap=True)
    for place, heading in enumerate(headings):
        sheet.write_string(line, place, heading, look)


def _bridge_table(book: Book, sheet: Worksheet, line: int, title: str, window: str) -> int:
    """One window's bridge; the line after it."""
    pack = book.pack
    sheet.write_string(line, 0, title, book.format(bold=True, font_size=12))
    _headings(book, sheet, line + 1, ("Step", "Callers", "Their misuse calls", "Of misuse calls", "Share"))
    line += 2
    for row in pack.steps(window):
        book.write(sheet, line, 0, wording.step(row["step"], pack.settings.threshold), TEXT)
        for place, name in enumerate(("callers", "calls", "misuse_calls"), 1):
            book.write(sheet, line, place, row[name], COUNT)
        book.write(sheet, line, 4, row["share"], SHARE)
        line += 1
    return line


ESTIMATE_KINDS = {"share": SHARE, "calls": COUNT, "callers": COUNT}


def _estimates_table(book: Book, sheet: Worksheet, line: int) -> None:
    """Every estimate of the run, with interval, bounds and method; filters on."""
    sheet.write_string(line, 0, "Every estimate", book.format(bold=True, font_size=12))
    headings = (
        "Figure",
        "Window",
        "Counted by",
        "Unit",
        "Point",
        "Interval low",
        "Interval high",
        "Interval's level",
        "Bound low",
        "Bound high",
        "How",
    )
    _headings(book, sheet, line + 1, headings)
    rows = book.pack.estimates
    for row_line, row in enumerate(rows, line + 2):
        name = row["estimate"]
        book.write(sheet, row_line, 0, wording.ESTIMATES.get(name, name.replace("_", " ")), TEXT)
        book.write(sheet, row_line, 1, row["window_name"].replace("_", " "), TEXT)
        book.write(sheet, row_line, 2, row["counted_by"], TEXT)
        book.write(sheet, row_line, 3, row["unit"].replace("_", " "), TEXT)
        kind = ESTIMATE_KINDS.get(row["unit"], HOURS)
        for place, column in ((4, "point"), (5, "low"), (6, "high"), (8, "bound_low"), (9, "bound_high")):
            book.write(sheet, row_line, place, row[column], kind)
        level = "95%" if plain.is_claimed(row["method"]) else "95% not claimed"
        if name.startswith("corrected_"):
            level = f"95% {plain.IF_ALIKE}"
        book.write(sheet, row_line, 7, level if row["low"] is not None else None, TEXT)
        book.write(sheet, row_line, 10, row["method"], WRAP)
    sheet.autofilter(line + 1, 0, line + 1 + max(len(rows), 1), len(headings) - 1)


def _yes(value: bool | None) -> str:
    return {True: "yes", False: "no"}.get(value, "")  # type: ignore[arg-type]


def _tasking_columns(pack: Pack) -> list[Cells]:
    return [
        Cells("Rank", 6, COUNT, lambda row: row["rank"]),
        Cells("Part", 6, COUNT, lambda row: row["part"]),
        Cells("Case", 14, TEXT, lambda row: row["case_ref"]),
        Cells("Misuse calls in window", 9, COUNT, lambda row: row["misuse_calls_window"]),
        Cells("Since log began", 9, COUNT, lambda row: row["misuse_calls_lifetime"]),
        Cells("365 days", 8, COUNT, lambda row: row["misuse_calls_d365"]),
        Cells("90 days", 8, COUNT, lambda row: row["misuse_calls_d90"]),
        Cells("30 days", 8, COUNT, lambda row: row["misuse_calls_d30"]),
        Cells("Episodes", 9, COUNT, lambda row: row["episodes"]),
        Cells("Genuine calls in window", 9, COUNT, lambda row: row["genuine_calls_window"]),
        Cells("Handling hours", 12, HOURS, lambda row: row["handling_hours"]),
        Cells("Unit hours", 12, HOURS, lambda row: row["unit_hours"]),
        Cells(
            f"Chance the true count is at threshold{', by few calls coded again' if wording.few_coded(pack) else ''}",
            13,
            SHARE,
            lambda row: row["p_at_least_threshold"],
        ),
        Cells("Boroughs", 22, WRAP, lambda row: wording.joined(row["boroughs"])),
        Cells("Flags", 18, WRAP, wording.flags),
        Cells("Recommended lane", 13, TEXT, lambda row: row["lane"]),
        Cells("Options, least intrusive first", 44, WRAP, lambda row: wording.joined(row["options"])),
        Cells("Owner", 18, WRAP, lambda row: row["owner"]),
        Cells("Review", 12, DATE, lambda row: row["review_date"]),
        Cells("Status", 14, TEXT, lambda row: row["status"]),
        Cells("Why listed", 46, WRAP, lambda row: wording.joined(row["reasons"])),
        Cells("Why it might be wrong", 46, WRAP, lambda row: wording.joined(row["doubts"])),
        Cells("New", 6, TEXT, lambda row: _yes(row["is_new"])),
        *_times(pack, {"first_misuse_at": "First misuse call", "last_misuse_at": "Latest misuse call", "tenth_misuse_at": "Reached threshold"}),
        *_identity(),
    ]  # fmt: skip


def _times(pack: Pack, headings: dict[str, str]) -> list[Cells]:
    """Columns of stored UTC times, shown in the reporting zone; a cell holds no zone."""

    def there(name: str) -> Callable[[Row], Any]:
        def value(row: Row) -> Any:
            local = wording.local(row[name], pack.zone)
            return None if local is None else local.replace(tzinfo=None)

        return value

    return [Cells(heading, 17, MOMENT, there(name)) for name, heading in headings.items()]


def _identity() -> list[Cells]:
    return [
        Cells("Caller", 20, TEXT, lambda row: row["caller_id"]),
        Cells("Run", 26, TEXT, lambda row: row["run_id"]),
        Cells("As-of", 12, DATE, lambda row: row["as_of"]),
    ]


def _tint_parts(book: Book, sheet: Worksheet, width: int) -> None:
    """The first columns tinted by part, so that a part can be found at a glance; the part is also written."""
    first, last = HEADER_ROW + 1, HEADER_ROW + max(len(book.pack.tasking), 1)
    for part, tint in PART_TINTS.items():
        rule = {
            "type": "formula",
            "criteria": f"=$B{first + 1}={part}",
            "format": book.workbook.add_format({"bg_color": tint}),
        }
        sheet.conditional_format(first, 0, last, min(2, width - 1), rule)


def _look_sheet(book: Book) -> None:
    sheet = book.sheet("Look list", "Look list: callers who need a human's look whatever the counts say")
    threshold = book.pack.settings.threshold
    columns = [
        Cells("Urgent", 8, TEXT, lambda row: _yes(row["is_urgent"])),
        Cells("New", 6, TEXT, lambda row: _yes(row["is_new"])),
        Cells("Case", 14, TEXT, lambda row: row["case_ref"]),
        Cells("Why look", 34, WRAP, lambda row: wording.looks(row, threshold)),
        Cells("Kind", 12, TEXT, lambda row: (row["identity_kind"] or "").replace("_", " ")),
        Cells("Coded misuse in window", 10, COUNT, lambda row: row["coded_misuse_calls"]),
        Cells("Of them stopped", 10, COUNT, lambda row: row["stopped_calls"]),
        Cells("Of them doubtful", 10, COUNT, lambda row: row["doubtful_calls"]),
        Cells("Misuse calls", 9, COUNT, lambda row: row["misuse_calls"]),
        Cells("All calls, 30 days", 10, COUNT, lambda row: row["calls_d30"]),
        Cells("30 days before", 10, COUNT, lambda row: row["calls_prior_d30"]),
        Cells(
            "Hard stops, on the caller and on single calls",
            10,
            COUNT,
            lambda row: None if row.get("stop_ids") is None else len(row["stop_ids"]),
        ),
        Cells("Support first", 8, TEXT, lambda row: _yes(row["support_first"])),
        Cells("Who looks", 22, WRAP, lambda row: row["duty_role"]),
        *_times(book.pack, {"acknowledged_at": "Looked at", "last_call_at": "Latest call"}),
        *_identity(),
    ]
    book.table(sheet, columns, book.pack.look, wording.NOBODY_TO_LOOK_AT, book.pack.of_nobody.sentence)


def _persistent_sheet(book: Book) -> None:
    sheet = book.sheet("Persistent callers", f"Everyone with {book.pack.settings.threshold} or more misuse calls")
    cases = {row["caller_id"]: row["case_ref"] for row in book.pack.tasking}
    columns = [
        Cells("Rank", 6, COUNT, lambda row: row["rank"]),
        Cells("Case", 14, TEXT, lambda row: cases.get(row["caller_id"])),
        Cells("Misuse calls", 10, COUNT, lambda row: row["misuse_calls"]),
        Cells("Episodes", 10, COUNT, lambda row: row["episodes"]),
        Cells("Handling hours", 12, HOURS, lambda row: _hours(row["handling_seconds"])),
        Cells("Unit hours", 12, HOURS, lambda row: _hours(row["unit_seconds"])),
        Cells("Share of all misuse calls", 12, SHARE, lambda row: row["share_of_misuse"]),
        *_times(book.pack, {"tenth_misuse_at": "Reached threshold", "last_misuse_at": "Latest misuse call"}),
        *_identity(),
    ]
    book.table(sheet, columns, book.pack.persistent, "Nobody reached the threshold in this window.")


def _months_sheet(book: Book) -> None:
    sheet = book.sheet("Months", f"Month by month, channel {book.pack.settings.headline_channel}")
    stamp = book.pack.stamp
    columns = [
        Cells("Month", 14, TEXT, lambda row: f"{row['month']:%B %Y}"),
        Cells("Whole month", 8, TEXT, lambda row: _yes(row["is_whole"])),
        Cells("Days with calls", 8, COUNT, lambda row: row["days"]),
        Cells("Calls", 11, COUNT, lambda row: row["calls"]),
        Cells("Calls a day", 10, HOURS, lambda row: row["mean_calls_per_day"]),
        Cells("Misuse calls", 10, COUNT, lambda row: row["misuse_calls"]),
        Cells("By persistent callers", 11, COUNT, lambda row: row["persistent_misuse_calls"]),
        Cells("Without a caller", 10, COUNT, lambda row: row["unidentified_misuse_calls"]),
        Cells("Handling hours, all calls", 12, HOURS, lambda row: _hours(row["handling_seconds"])),
        Cells("Handling hours, misuse", 12, HOURS, lambda row: _hours(row["misuse_handling_seconds"])),
        Cells("Handling hours, persistent", 12, HOURS, lambda row: _hours(row["persistent_handling_seconds"])),
        Cells("Unit hours, misuse", 12, HOURS, lambda row: _hours(row["misuse_unit_seconds"])),
        Cells("Unit hours, persistent", 12, HOURS, lambda row: _hours(row["persistent_unit_seconds"])),
        Cells("Run", 26, TEXT, lambda _: stamp.run_id),
        Cells("As-of", 12, DATE, lambda _: stamp.as_of),
    ]
    book.table(sheet, columns, book.pack.months, "No months to show.")


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 3600
