"""Agenda and minutes with the action table."""

from __future__ import annotations

from datetime import date
from typing import Any

from misuse.room import cases, meetings, papers, results, told
from misuse.room.desk import Desk


def agenda_pdf(desk: Desk, cycle_id: str) -> bytes:
    """The agenda: standing items, the cases for decision as prepared, results and problem profile."""
    held = meetings.cycle(desk, cycle_id)
    profile = results.problem_profile(desk, cycle_id)
    came = results.results(desk, cycle_id)
    wanted = [row for row in held["rows"] if row["part"] < 4]
    blocks = [
        papers.facts(
            [("Cycle", cycle_id), ("List", f"run {held['run_id']}, frozen"), ("Digest of the list", held["digest"])]
        ),
        papers.heading("Items"),
        papers.listed([f"{item['told']}{_count(item)}" for item in held["agenda"]]),
        papers.heading("Cases for decision"),
        papers.table(
            ("Case", "Part", "State", "Prepared", "What is asked"),
            [_case(row) for row in wanted],
            ("auto", "auto", "auto", "auto", "1fr"),
        ),
        papers.heading("Results of earlier decisions"),
        papers.para(came["note"], "small"),
        _results(came),
        papers.heading("Problem profile across boroughs"),
        papers.listed(profile["told"]),
    ]
    return _pdf(desk, "Agenda of the Tasking and Coordination Group", held, blocks)


def _count(item: dict[str, Any]) -> str:
    return f" ({item['count']})" if item["count"] else ""


def _case(row: dict[str, Any]) -> tuple[Any, ...]:
    if row["is_stopped_since"]:
        return (
            row["case_ref"],
            row["part"],
            "stopped since",
            "",
            "Nothing: a stop was entered after the list was frozen.",
        )
    prepared = row["prepared"]
    asked = (
        "; ".join(
            f"{name.replace('_', ' ')}: {told.words_of(name, value)}" for name, value in prepared["given"].items()
        )
        if prepared
        else ""
    )
    move = f"{prepared['move']}: {asked}" if prepared else "not prepared"
    return (
        row["case_ref"],
        row["part"],
        (row["status"] or "").replace("_", " "),
        prepared["by"] if prepared else "",
        move,
    )


def _results(came: dict[str, Any]) -> papers.Block:
    rows = [
        (
            row["case_ref"],
            row["lane"],
            row["days_since"],
            row["per_30_before"],
            row["per_30_since"],
            row["genuine_per_30_since"],
        )
        for row in came["cases"]
    ]
    rows.append(
        (
            "Not taken",
            f"{came['not_taken']['callers']} callers",
            came["not_taken"].get("days_since"),
            came["not_taken"].get("per_30_before"),
            came["not_taken"].get("per_30_since"),
            came["not_taken"].get("genuine_per_30_since"),
        )
    )
    headings = ("Case", "Lane", "Days since", "Misuse per 30 days before", "Since", "Genuine since")
    return papers.table(headings, rows)


def minutes_pdf(desk: Desk, cycle_id: str) -> bytes:
    """The minutes: who sat, what was decided with dissent, the action table, and the casebook's head."""
    held = meetings.minutes(desk, cycle_id)
    stopped = [row["case_ref"] for row in held["rows"] if row["is_stopped_since"]]
    since = f"Stopped since the list was frozen: {', '.join(stopped)}. Nothing decided on them is to be done."
    left = [row for row in held["rows"] if row["why_not_taken"] and row["part"] < 4]
    blocks = [
        papers.para(meetings.NOT_AS_SIGNED[held["is_redacted"]], "warning") if held["is_as_signed"] is False else {},
        papers.para(since, "warning") if stopped else {},
        _sitting(desk, held),
        papers.heading("Decisions"),
        _decisions(held),
        papers.heading("Not taken, and why"),
        papers.table(
            ("Case", "Why"),
            [(row["case_ref"], row["why_not_taken"]) for row in left],
            empty="No case of the meeting's parts was left with a reason.",
        ),
        papers.para(_not_reached(held)),
        papers.heading("Actions"),
        _actions(held),
        papers.heading("Debriefs"),
        papers.listed([f"{row['case_ref'] or 'General'}: {row['told']}" for row in held["debriefs"]])
        or papers.para("None."),
        papers.heading("Bids"),
        papers.table(
            ("No.", "Borough", "Resource", "Outcome", "Reason"),
            [
                (row["bid_id"], row["borough"], row["resource"], row["outcome"], row["outcome_reason"])
                for row in held["bids"]
            ],
        ),
    ]
    return _pdf(desk, "Minutes of the Tasking and Coordination Group", held, blocks)


def _not_reached(held: dict[str, Any]) -> str:
    waiting = ", ".join(meetings.not_reached(held))
    if not waiting:
        return "Every other case of the meeting's parts was decided, or is stopped."
    return (
        f"Not reached: {waiting}. Nothing was decided on them here."
        if held["minutes"]
        else f"Not decided yet: {waiting}."
    )


def _sitting(desk: Desk, held: dict[str, Any]) -> papers.Block:
    signed, meeting = held["minutes"], held["meeting"] or {}
    return papers.facts(
        [
            ("Opened", papers.moment(desk, meeting["at"]) if meeting else "not yet"),
            ("Chair", meeting.get("chair")),
            ("Present", "; ".join(meeting.get("attendees") or ())),
            ("List", f"run {held['run_id']}, {held['eligible']} eligible"),
            ("Put away since, with a certificate", held["taken_out"] or None),
            ("Digest of the list", held["digest"]),
            (
                "Digest of the minutes, signed" if signed else "Digest of these minutes",
                (signed or {}).get("digest") or held["minutes_digest"],
            ),
            ("Head of the casebook, signed" if signed else "Head of the casebook", held["head"]),
            ("Signed", f"by {signed['by']}, {papers.moment(desk, signed['at'])}" if signed else "not yet"),
        ]
    )


def _decisions(held: dict[str, Any]) -> papers.Block:
    rows = [
        (
            row["case_ref"],
            _decided(row),
            _owned(row),
            f"{row['by']} ({row['role']})",
            row["reason"] + (f" Dissent: {row['dissent']}" if row["dissent"] else ""),
        )
        for row in held["decisions"]
    ]
    headings = ("Case", "Decision", "Owner, review", "By", "Reason and dissent")
    return papers.table(headings, rows, ("auto", "2fr", "auto", "auto", "3fr"), empty="No case was decided.")


def _decided(row: dict[str, Any]) -> str:
    option = f": {cases.title_of(row['option'])}" if row["option"] else ""
    lane = f", lane {row['lane']}" if row["lane"] else ""
    closing = "".join(f", {told.words_of(name, row[name])}" for name in ("outcome", "activity") if row[name])
    return f"{row['move'].replace('_', ' ')}{option} → {row['to'].replace('_', ' ')}{lane}{closing}"


def _owned(row: dict[str, Any]) -> str | None:
    """Who owns the action, and until when; a suppression ends by itself, everything else is looked at again."""
    last = date.fromisoformat(str(row["review_date"])) if row["review_date"] else None
    day = f"{'until' if row['move'] == 'suppress' else 'review'} {papers.day(last)}" if last else None
    return ", ".join(part for part in (row["owner"], day) if part) or None


def _actions(held: dict[str, Any]) -> papers.Block:
    names = ("action_id", "case_ref", "action", "lead", "deadline", "milestone", "target")
    headings = ("No.", "Case", "Action", "Lead", "Deadline", "Milestone", "Target")
    widths = ("auto", "auto", "1fr", "auto", "auto", "1fr", "1fr")
    return papers.table(headings, [[row[name] for name in names] for row in held["actions"]], widths)


def _pdf(desk: Desk, title: str, held: dict[str, Any], blocks: list[papers.Block]) -> bytes:
    of = (held["run_id"], held["as_of"])  # of the frozen list, whatever was published since
    return papers.pdf(papers.paper(desk, title, blocks, subtitle=f"Cycle {held['cycle']}", of=of), desk.now)
