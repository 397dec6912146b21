"""What is held of a person, as a paper that the person can read: the answer to a subject access request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from misuse import wording
from misuse.reports import wording as report_wording
from misuse.room import papers
from misuse.room.desk import Desk

_LAW = (
    "You may say what is wrong, or why you should not be listed: it is recorded beside what it speaks of, and answered. You "
    "may ask that it be put right, erased or restricted, and you may complain to the Information Commissioner (Data "
    "Protection Act 2018, sections 45 to 47 and 165)."
)
_WRITTEN = ("remarks", "markers", "free_text_codes")


def access_pdf(desk: Desk, held: Mapping[str, Any]) -> bytes:
    """The paper, of what `misuse.room.rights.subject_access` gave: in plain words, as section 45 of the Data Protection
    Act 2018 asks for it. Times are local; nobody else is named.
    """
    made = papers.paper(
        desk,
        "What is held of you",
        _blocks(desk, held),
        subtitle="Asked for by you, or on your behalf",
        handling="For the person whom it is about, and whoever they choose.",
    )
    return papers.pdf(made, desk.now)


def _blocks(desk: Desk, held: Mapping[str, Any]) -> list[papers.Block]:
    calls = held["calls"]
    return [
        papers.para(
            f"{desk.settings.force} counts calls to the police that its call-takers recorded as misuse, to see who may need "
            "help and whom to speak to. This is what it holds of you for that, and what it took it to mean.",
            "box",
        ),
        papers.para(f"Decisions taken by a program: {held['decisions_by_program'].lower()}"),
        papers.heading("Who you are taken to be"),
        *_identity(desk, held),
        papers.heading("Lists that you are on"),
        *_listed(desk, held),
        *(block for case in held["cases"] for block in _case(desk, case)),
        papers.heading("What was asked of boroughs"),
        papers.table(
            ("When", "Borough", "What was asked", "State"),
            [
                (papers.moment(desk, row["sent_at"]), wording.place(row["borough"]), row["ask"], _plain(row["state"]))
                for row in held["taskings"]
            ],
            ("auto", "auto", "1fr", "auto"),
            empty="Nothing.",
        ),
        papers.heading("What you may do"),
        papers.para(_LAW),
        papers.page(),
        papers.heading(f"Your calls: {wording.of(len(calls), 'call')}"),
        papers.table(
            ("Received, local time", "By", "Recorded as", "Result", "Borough", "Seconds", "Counted"),
            [_call(call) for call in calls],
            ("auto", "auto", "1fr", "auto", "auto", "auto", "auto"),
        ),
        papers.para("Seconds: of talk and of writing it up. A dash: nothing was recorded.", "small"),
        *_written(calls),
    ]


def _written(calls: Sequence[Mapping[str, Any]]) -> list[papers.Block]:
    """What call-takers wrote, of the calls on which anything stands."""
    found = [
        (f"{call['received_local']:%Y-%m-%d %H:%M}", call.get("incident_ref"), call.get("incident_location"), said)
        for call in calls
        if (said := "; ".join(str(call[name]) for name in _WRITTEN if call.get(name))) or call.get("incident_location")
    ]
    return [
        papers.heading("What was written of them"),
        papers.table(
            ("Received", "Incident", "Where", "Written"), found, ("auto", "auto", "4fr", "7fr"), empty="Nothing."
        ),
    ]


def _identity(desk: Desk, held: Mapping[str, Any]) -> list[papers.Block]:
    known = held["identity"]
    return [
        papers.facts(
            [
                ("Known here as", known["caller_id"]),
                ("Numbers", known["numbers"]),
                ("Premises", known["premises"]),
                ("Subscriber", known["subscriber_names"]),
                ("Address of the line", known["subscriber_addresses"]),
                ("Named in calls as", known["person_names"]),
                ("Born", known["birth_dates"]),
            ]
        ),
        papers.table(
            ("Line", "First call", "Last call", "Calls"),
            [
                (
                    row["line"],
                    papers.moment(desk, row["first_call_at"]),
                    papers.moment(desk, row["last_call_at"]),
                    row["calls"],
                )
                for row in known["held"]
            ],
            ("1fr", "auto", "auto", "auto"),
        ),
        papers.para(
            "Earlier versions of some calls are held too: what they alone said is left out, for it may be of somebody else."
            if known["has_versions"]
            else ""
        ),
    ]


def _listed(desk: Desk, held: Mapping[str, Any]) -> list[papers.Block]:
    threshold = desk.settings.threshold
    looks = [
        f"For somebody to look at, whatever the counts say: {report_wording.looks(row, threshold)}."
        for row in held["look"]
    ]
    return [
        *(block for row in held["listed"] for block in _listing(row)),
        papers.listed(looks),
        papers.para("" if held["listed"] or looks else "None."),
    ]


def _listing(row: Mapping[str, Any]) -> list[papers.Block]:
    return [
        papers.para("For the tasking meeting, as a caller to speak of. Why, and why it may be wrong:"),
        papers.listed([*(row["reasons"] or []), *(row["doubts"] or [])]),
        papers.facts(
            [
                ("Calls counted as misuse, in the year or window that the list is made by", row["misuse_calls_window"]),
                ("Your other calls in it", row["genuine_calls_window"]),
                ("What the rules recommend first", _plain(row["lane"])),
            ]
        ),
    ]


def _case(desk: Desk, case: Mapping[str, Any]) -> list[papers.Block]:
    history: Sequence[Mapping[str, Any]] = case["history"]
    return [
        papers.heading(f"Case {case['case_ref']}, {_plain(case['status'])}"),
        papers.table(
            ("When", "By", "What", ""),
            [
                (papers.moment(desk, row["at"]), row["role"], _plain(row["move"] or row["kind"]), row["told"])
                for row in history
            ],
            ("auto", "auto", "auto", "1fr"),
        ),
    ]


def _call(call: Mapping[str, Any]) -> tuple[Any, ...]:
    codes = [call[name] for name in ("opening_code", "closing_code", "qualifiers") if call[name]]
    return (
        f"{call['received_local']:%Y-%m-%d %H:%M}",
        call["channel"],
        " / ".join(codes) or None,
        call["result_code"],
        wording.place(call["borough"]) if call["borough"] else None,
        call["handling_seconds"],
        _counted(call),
    )


def _counted(call: Mapping[str, Any]) -> str:
    if call["is_misuse"]:
        return "as misuse"
    if call["is_stopped"]:
        return "no: protected"
    if call["is_doubtful"]:
        return "no: in doubt"
    return "no"


def _plain(name: str | None) -> str | None:
    return name.replace("_", " ") if name else None
