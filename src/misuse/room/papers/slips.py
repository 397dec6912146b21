"""A borough's one-page tasking, pseudonymous or identified, its return slip, and the support referral."""

from __future__ import annotations

from typing import Any

from misuse import wording
from misuse.room import boroughs, cases, grounds, packs, papers, vaulted
from misuse.room.desk import Desk


def tasking_pdf(desk: Desk, tasking_id: str) -> bytes:
    """The one-page tasking: who (by case), where, why, risk, vulnerability, the ask, deadline, what not to do."""
    held = boroughs.tasking(desk, tasking_id)
    return papers.pdf(
        papers.paper(desk, f"Tasking {tasking_id}", _tasking(held), subtitle=f"For {wording.place(held['borough'])}"),
        desk.now,
    )


def identified_pdf(desk: Desk, tasking_id: str, recipient: str, reason: str, expires_on: str) -> bytes:
    """The same with who it is, for one named recipient: a look and a disclosure, both recorded before it is made.

    Errors: Refused without the roles for both; UsageError for a day too far off.
    """
    desk.permit("disclose", "identified edition")
    held = boroughs.tasking(desk, tasking_id)
    known = vaulted.identify(
        desk, str(held["caller_id"]), f"identified edition of {tasking_id} for {recipient}: {reason}"
    )
    given = boroughs.disclose(desk, tasking_id, recipient, reason, expires_on)
    last = papers.day(given["expires_on"])
    blocks = [
        papers.para(
            f"For {recipient} alone, until {last}. Not to be copied or passed on; to be destroyed on that day.",
            "warning",
        ),
        papers.facts(
            [
                ("Numbers", known["numbers"]),
                ("Premises", known["premises"]),
                ("Subscriber", known["subscriber_names"]),
                ("Address of the line", known["subscriber_addresses"]),
                ("Named in calls as", known["person_names"]),
            ]
        ),
        papers.para("The subscriber need not be who called. Who called is not proved by this page.", "small"),
        *_tasking(held),
    ]
    mark = f"{recipient}\nuntil {last}"
    made = papers.paper(
        desk,
        f"Tasking {tasking_id}, identified",
        blocks,
        subtitle=f"For {wording.place(held['borough'])}",
        watermark=mark,
        handling="Police use only. Names a person: for the recipient named alone.",
    )
    return papers.pdf(made, desk.now)


def _tasking(held: dict[str, Any]) -> list[papers.Block]:
    return [
        papers.para("A stop was entered: nothing on this page is to be done.", "warning") if held["is_halted"] else {},
        papers.para(held["ask"], "box"),
        papers.facts(
            [
                ("Case", held["case_ref"]),
                ("Where", [wording.place(name) for name in held["where"]] or "not known"),
                ("Misuse calls", held["calls_told"]),
                ("As the run told to", held["grounds_as_of"] or grounds.UNKNOWN),
                ("By when", held["deadline"]),
                (
                    "Decided",
                    f"{held['lane'] or 'no lane'}{': ' + cases.title_of(held['option']) if held['option'] else ''}",
                ),
                ("Asked by", held["by"]),
            ]
        ),
        papers.heading("Why"),
        papers.listed(held["why"]),
        papers.heading("Risk and vulnerability"),
        papers.para(held["risk"]),
        papers.para(held["vulnerability"]),
        papers.heading("It may be wrong"),
        papers.listed(held["doubts"]),
        papers.heading("What not to do"),
        papers.para(held["not_to_do"]),
        papers.para(
            "The borough owns the action; neighbourhood officers are asked through it. Answer by screen or return slip.",
            "small",
        ),
    ]


def return_slip_pdf(desk: Desk, tasking_id: str) -> bytes:
    """The slip to send back where there is no screen."""
    held = boroughs.tasking(desk, tasking_id)
    blocks = [
        papers.facts(
            [
                ("Tasking", tasking_id),
                ("Case", held["case_ref"]),
                ("Borough", wording.place(held["borough"])),
                ("By when", held["deadline"]),
            ]
        ),
        papers.para(held["ask"], "box"),
        papers.heading("Answer"),
        papers.para("☐ accepted     ☐ refused, because:     ☐ done     ☐ debrief:".replace("☐", "[  ]")),
        papers.lines(
            ["What was done, or why not", "", "", "What came of it", "", "Name and rank", "Date", "Signature"]
        ),
        papers.para(
            f"Return to: {desk.settings.force}, Tasking and Coordination Group. Name nobody on this slip.", "small"
        ),
    ]
    return papers.pdf(papers.paper(desk, f"Return slip for tasking {tasking_id}", blocks), desk.now)


def referral_pdf(desk: Desk, referral_id: str) -> bytes:
    """The support referral: the minimum the health liaison needs."""
    held = packs.referral_of(desk, referral_id)
    blocks = [
        papers.facts(
            [
                ("Referral", referral_id),
                ("Case", held["case_ref"]),
                ("Lawful basis", held["lawful_basis"]),
                ("Referred by", held["by"]),
                ("On", papers.moment(desk, held["at"])),
            ]
        ),
        papers.heading("Concern, in the referrer's words"),
        papers.para(held["concern"], "box"),
        papers.heading("Pattern, in figures alone"),
        papers.facts(list(held["pattern"].items())),
        papers.heading("Answer"),
        papers.para("Back to the police goes one of three answers and nothing else: known; plan exists; hold tasking."),
        papers.lines(["Answer", "Name and role", "Date"]),
    ]
    note = "Health liaison only. No diagnosis, treatment or record is asked for or to be given."
    return papers.pdf(papers.paper(desk, f"Support referral {referral_id}", blocks, handling=note), desk.now)
