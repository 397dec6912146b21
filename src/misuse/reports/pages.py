"""What the pages of the PDF hold, put into words: a caller's page, part 4, the look list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from misuse.reports import wording
from misuse.reports.data import SINCE, Detail, Pack, Row
from misuse.reports.plots import drawing

SHOWN_CODES = 4
SHOWN_MOVES = 4
SHOWN_LINES, LINE_LENGTH = 8, 240
MONTHS_ON_PAGE = 13


# As many as two sheets of paper hold: a meeting turns pages, a spreadsheet is searched.
WAITING_ROWS_IN_PACK = 80


def caller(pack: Pack, row: Row, detail: Detail) -> dict[str, Any]:
    """One caller's page."""
    return {
        "case": row["case_ref"],
        "caller": row["caller_id"],
        "part": f"Part {row['part']}: {wording.PARTS.get(row['part'], '')}",
        "rank": f"rank {row['rank']:,} of {len(pack.tasking):,}",
        "flags": [wording.FLAGS.get(flag, flag.replace("_", " ")) for flag in row["flags"] or []],
        "summary": _summary(pack, row, detail),
        "months": _months(pack, detail),
        "heat": _heat(detail),
        "windows": _windows(detail),
        "workload": _workload(pack, row, detail),
        "boroughs": _shares(detail.boroughs, drawing.place),
        "misuse_codes": _shares([code for code in detail.codes if code["is_coded_misuse"]]),
        "genuine_codes": _shares([code for code in detail.codes if not code["is_coded_misuse"]]),
        "genuine": _genuine(row),
        "ask": ask(row),
        "reasons": _lines(row["reasons"] or ["No reason was recorded."]),
        "doubts": _lines(wording.doubts(row, detail.caller.get("number_count"), wording.few_coded(pack))),
        "lane": row["lane"] or "none recommended",
        "options": _lines(row["options"] or []),
        "standing": _standing(pack, row, detail),
    }


def _lines(said: list[str]) -> list[str]:
    """As many lines of such length as a page can hold; the workbook has them whole."""
    lines = [line if len(line) <= LINE_LENGTH else line[: LINE_LENGTH - 1].rstrip() + "…" for line in said]
    more = len(lines) - SHOWN_LINES
    return lines if more <= 0 else [*lines[:SHOWN_LINES], f"And {more} more, in the XLSX."]


def _summary(pack: Pack, row: Row, detail: Detail) -> str:
    days = detail.windows.get("headline", {}).get("active_days")
    on = f" on {wording.of(days, 'day')}" if days else ""
    latest = wording.moment(row["last_misuse_at"], pack.zone)
    return (
        f"{wording.of(row['misuse_calls_window'], 'misuse call')} in {wording.period(pack)}, in "
        f"{wording.of(row['episodes'] or 0, 'episode')}{on}: {wording.share(detail.share_of_misuse)} of all misuse calls."
        + (f" Latest: {latest}." if latest else "")
    )


def _months(pack: Pack, detail: Detail) -> list[dict[str, Any]]:
    """The caller's last months, those without a call among them, so that gaps are seen."""
    held = {month["month"]: month for month in detail.months}
    return [
        {
            "label": f"{month:%b}",
            "year": f"{month.year}" if number == 0 or month.month == 1 else "",
            "misuse": held.get(month, {}).get("misuse_calls", 0),
            "genuine": held.get(month, {}).get("genuine_calls", 0),
        }
        for number, month in enumerate(sorted({row["month"] for row in pack.months} | set(held))[-MONTHS_ON_PAGE:])
    ]


def _heat(detail: Detail) -> list[list[int]]:
    """Seven days of twenty-four hours, Monday first."""
    grid = [[0] * 24 for _ in range(7)]
    for cell in detail.hours:
        grid[int(cell["weekday"]) - 1][int(cell["hour"])] = int(cell["misuse_calls"])
    return grid


def _windows(detail: Detail) -> list[list[str]]:
    """Misuse calls, episodes and days of each window; a window without a row holds no coded misuse."""
    rows = []
    for name in (SINCE, "d365", "d90", "d30"):
        held = detail.windows.get(name, {"misuse_calls": 0, "episodes": 0, "active_days": 0})
        rows.append(
            [wording.WINDOWS[name], *(wording.count(held[key]) for key in ("misuse_calls", "episodes", "active_days"))]
        )
    return rows


def _workload(pack: Pack, row: Row, detail: Detail) -> list[list[str]]:
    held = detail.windows.get("headline", {})
    kept = (held.get("stopped_calls") or 0) + (held.get("doubtful_calls") or 0)
    return [
        ["Handling time", wording.hours(row["handling_hours"])],
        ["Unit time", wording.hours(row["unit_hours"])],
        ["Share of all misuse calls", wording.share(detail.share_of_misuse)],
        [
            f"Chance the true count is at threshold{', by few calls coded again' if wording.few_coded(pack) else ''}",
            wording.share(row["p_at_least_threshold"]),
        ],
        ["Coded misuse not counted (stopped or doubtful)", wording.count(kept)],
    ]


def _shares(rows: list[Row], written: Callable[[str], str] | None = None) -> list[list[Any]]:
    """The most frequent names with their calls and share; the rest together."""
    total = sum(row["calls"] for row in rows)
    write = written or _case
    shown = [[write(row["name"]), wording.count(row["calls"]), row["calls"] / total] for row in rows[:SHOWN_CODES]]
    rest = sum(row["calls"] for row in rows[SHOWN_CODES:])
    return [*shown, ["others", wording.count(rest), rest / total]] if rest else shown


def _case(name: str) -> str:
    """Codes come folded to capitals; a page of capitals is hard to read."""
    return name.capitalize() if name.isupper() and len(name) > 4 else name


def _genuine(row: Row) -> str:
    genuine, misuse = row["genuine_calls_window"], row["misuse_calls_window"]
    if genuine is None:
        return "Genuine calls: not measured."
    if not genuine:
        return f"No genuine call in the window beside {wording.of(misuse, 'misuse call')}."
    return f"{wording.of(genuine, 'genuine call')} in the window beside {wording.of(misuse, 'misuse call')}."


def _standing(pack: Pack, row: Row, detail: Detail) -> list[list[str]]:
    moves = [
        f"{wording.short_moment(move['moved_at'], pack.zone)}: {move['move']} ({move['actor_role'] or 'role not recorded'})"
        for move in detail.moves[-SHOWN_MOVES:]
    ]
    return [
        ["Status", row["status"] or "not opened"],
        ["Owner", row["owner"] or "nobody yet"],
        ["Review", wording.day(row["review_date"]) or "no date yet"],
        ["Tried so far", "; ".join(moves) or "nothing recorded"],
    ]  # fmt: skip


def waiting(pack: Pack) -> list[list[str]]:
    """The first of part 4, a line a caller; the CSV and XLSX have it whole."""
    return [
        [
            wording.count(row["rank"]),
            row["case_ref"],
            wording.count(row["misuse_calls_window"]),
            wording.count(row["misuse_calls_d90"]),
            wording.count(row["misuse_calls_d30"]),
            wording.count(row["episodes"]),
            wording.count(row["genuine_calls_window"]),
            wording.hours(row["handling_hours"]),
            wording.hours(row["unit_hours"]),
            row["lane"] or "",
            wording.joined([drawing.place(name) for name in (row["boroughs"] or [])[:2]]),
        ]
        for row in pack.waiting[:WAITING_ROWS_IN_PACK]
    ]


def waiting_note(pack: Pack) -> str:
    """How many wait, how many of them are printed, and where the others are."""
    said = f"{len(pack.waiting):,} people over the threshold for whom this meeting has no place"
    if len(pack.waiting) > WAITING_ROWS_IN_PACK:
        said += f"; here the first {WAITING_ROWS_IN_PACK}"
    return said + "; in full, with reasons, in the CSV and XLSX."


def ask(row: Row) -> str:
    """What the meeting is asked about a caller."""
    if row["part"] == 1:
        due = f"Review due {wording.short_day(row['review_date'])}" if row["review_date"] else "Action due"
        return f"{due}; {row['owner'] or 'no owner named'}. Continue, change or close?"
    if row["misuse_calls_d90"] == 0:
        return "Quiet for 90 days: leave waiting?"
    if row["part"] == 2:
        return "New. Take up? If so lane, owner and review date."
    return "Take up, or leave waiting with a reason?"


# In the order of the list: what is new and urgent leads.
LOOK_GROUPS = (
    ("New this cycle and urgent", True, True),
    ("New this cycle", True, False),
    ("Urgent", False, True),
    ("Others", False, False),
)


LOOK_COLUMNS = (
    "Hard stops: those on the caller and on single calls, of any code. Coded: calls of the window with a misuse code; misuse: those of "
    "them that count. 30 d / before: calls of any kind. A sharp change is three times as many of them, or of genuine ones, as before."
)


def look(pack: Pack, *, whole: bool, most: int | None = None) -> dict[str, Any]:
    """The look list, whole or only what is new this cycle, in groups of which the new and urgent lead.

    Of a list longer than `most` so many, the urgent first: nobody turns over a thousand pages.
    """
    rows = pack.look if whole else [row for row in pack.look if row["is_new"]]
    note = f"Callers who need a human’s look whatever the counts say, never cut by capacity: {len(pack.look):,}. {LOOK_COLUMNS}"
    if not whole:
        note += (
            f" Here: the {len(rows):,} that are new this cycle. All {len(pack.look):,} are in look_list.xlsx and .csv."
        )
    if most is not None and len(rows) > most:
        printed = {id(row) for row in sorted(rows, key=lambda row: (not row["is_urgent"], not row["is_new"]))[:most]}
        unprinted = sum(bool(row["is_urgent"]) and id(row) not in printed for row in rows)
        note += f" Printed here: {most:,}, the urgent first; {unprinted:,} urgent are not. All are in look_list.xlsx and .csv."
        rows = [row for row in rows if id(row) in printed]
    groups = []
    for title, is_new, is_urgent in LOOK_GROUPS:
        held = [row for row in rows if (bool(row["is_new"]), bool(row["is_urgent"])) == (is_new, is_urgent)]
        if held:
            groups.append({"title": f"{title}: {len(held):,}", "rows": [_look_row(pack, row) for row in held]})
    said = [note if pack.look else wording.NOBODY_TO_LOOK_AT, pack.of_nobody.sentence]
    return {"note": " ".join(filter(None, said)), "groups": groups}


def look_summary(pack: Pack) -> list[list[str]]:
    """The list counted by reason and urgency: all, new, new and urgent. A caller may have several reasons."""
    threshold = pack.settings.threshold
    reasons = sorted({reason for row in pack.look for reason in row["look_reasons"] or []})
    kinds = {
        "All on the list": pack.look,
        "urgent": [row for row in pack.look if row["is_urgent"]],
        "support first": [row for row in pack.look if row["support_first"]],
        "not yet looked at": [row for row in pack.look if row["acknowledged_at"] is None],
    } | {
        f"for {wording.LOOKS.get(reason, reason.replace('_', ' ')).format(threshold=threshold)}": [
            row for row in pack.look if reason in (row["look_reasons"] or [])
        ]
        for reason in reasons
    }
    return [
        [
            name,
            f"{len(rows):,}",
            f"{sum(bool(row['is_new']) for row in rows):,}",
            f"{sum(bool(row['is_new'] and row['is_urgent']) for row in rows):,}",
            "",
        ]
        for name, rows in kinds.items()
        if pack.look
    ]


def hard_stops(row: Row) -> str:
    """How many hard stops stand on the caller and on single calls; copies of older releases do not tell."""
    stops = row.get("stop_ids")
    return "–" if stops is None else wording.count(len(stops))


def _look_row(pack: Pack, row: Row) -> list[str]:
    kind = "" if row["identity_kind"] in (None, "person") else row["identity_kind"].replace("_", " ")
    why = [kind, "support first" if row["support_first"] else "", wording.looks(row, pack.settings.threshold)]
    return [
        row["case_ref"],
        "; ".join(part for part in why if part),
        hard_stops(row),
        wording.count(row["coded_misuse_calls"]),
        wording.count(row["misuse_calls"]),
        f"{wording.count(row['calls_d30'])} / {wording.count(row['calls_prior_d30'])}",
        wording.short_moment(row["last_call_at"], pack.zone),
        wording.short_moment(row["acknowledged_at"], pack.zone) or "not yet",
    ]
