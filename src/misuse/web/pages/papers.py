"""Evidence packs and support referrals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from misuse.web import forms
from misuse.web.forms import Field
from misuse.web.visits import Download, Page, Redirect

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit

PDF = "application/pdf"
MEDIA = {"pdf": PDF, "csv": "text/csv; charset=utf-8", "json": "application/json"}
_REFER = (
    Field("concern", "Concern", "area", "The least that the health liaison needs. No diagnosis."),
    Field("lawful_basis", "Lawful basis for sharing"),
)
ANSWERS = (("known", "Known to us"), ("plan_exists", "A plan exists"), ("hold_tasking", "Hold tasking"))


def pack_page(visit: Visit) -> Answer:
    """The form that makes an evidence pack."""
    return forms.of_case(
        visit,
        "Make an evidence pack",
        (forms.reason("What it is for. It holds references of calls, so it is a look too."),),
        "pack",
        button="Make the pack",
        part="papers",
        intro=[
            "The call schedule, workload, proof of who called and its limits, warnings with dates, what speaks against "
            "it, continuity, the limitation clock and the versions. Never a model's score.",
            "It holds references of calls and recordings, by which the person can be found. Making it is recorded, with its digest and the casebook's head.",
        ],
    )


def make_pack(visit: Visit) -> Answer:
    """Make an evidence pack, and hand its PDF over."""
    from misuse.room import packs

    ref = visit.path["ref"]
    done = packs.evidence_pack(visit.desk, ref, forms.needed(visit, "reason", "Enter what it is for"))
    return Redirect(f"/cases/{ref}#papers", f"The pack is made; digest {str(done['digest'])[:16]}")


def pack_file(visit: Visit) -> Answer:
    """A file of a pack, its hash compared with the recorded one; handing it out is recorded."""
    from misuse.room import packs

    number, name = visit.path["pack"], visit.path["file"]
    content = packs.pack_file(visit.desk, forms.numbered(number, "the case"), name)
    return Download(content, f"pack_{number}_{name}", MEDIA.get(name.rpartition(".")[2], "application/octet-stream"))


def refer_page(visit: Visit) -> Answer:
    """The form of a support referral."""
    return forms.of_case(
        visit,
        "Refer to the health liaison",
        _REFER,
        "refer",
        button="Send the referral",
        part="papers",
        intro=["Back comes only one of three words: known, a plan exists, hold tasking."],
    )


def refer(visit: Visit) -> Answer:
    """Send a support referral."""
    from misuse.room import packs

    ref = visit.path["ref"]
    concern = forms.needed(visit, "concern", "Enter the concern")
    number = packs.referral(visit.desk, ref, concern, forms.needed(visit, "lawful_basis", "Enter the lawful basis"))
    return Redirect(f"/cases/{ref}#papers", f"Referral {number} is sent")


def referrals(visit: Visit) -> Answer:
    """Every referral, and the liaison's answers."""
    from misuse.room import packs

    rows = packs.referrals(visit.desk)
    return Page("referrals.html", {"title": "Support referrals", "rows": rows, "answers": ANSWERS})


def answer_referral(visit: Visit) -> Answer:
    """The liaison's answer: one of three."""
    from misuse.room import packs

    name = visit.path["referral"]
    packs.answer_referral(visit.desk, name, forms.needed(visit, "answer", "Choose an answer"))
    return Redirect("/referrals", f"Referral {name} is answered")


def referral_pdf(visit: Visit) -> Answer:
    """A referral as PDF."""
    from misuse.room.papers import slips

    name = visit.path["referral"]
    return Download(slips.referral_pdf(visit.desk, name), f"referral_{name}.pdf", PDF)
