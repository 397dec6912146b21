"""Same or not the same, and calls coded again: both blind until two people are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from misuse.errors import InputError
from misuse.web import forms
from misuse.web.forms import Field, Missing
from misuse.web.visits import Page, Redirect

if TYPE_CHECKING:
    from misuse.web.visits import Answer, Visit

CODED_AT_ONCE = 20
LINKS_AT_ONCE = 40
VERDICTS = (("misuse", "Misuse"), ("not_misuse", "Not misuse"), ("cannot_tell", "Cannot tell"))
SHOWN = ("received_local", "talk_seconds", "grade", "borough", "units_assigned", "qualifiers", "result_code")


def links(visit: Visit) -> Answer:
    """Suggested links that wait for people, surest first."""
    from misuse.room import care

    rows = [row for row in care.links(visit.desk) if row["status"] == "suggested" or row["mine"]]
    rows.sort(key=lambda row: (bool(row["mine"]), -(row["probability"] or 0)))
    shown = {"shown": visit.page_of(rows, LINKS_AT_ONCE), "lapsed": care.lapsed(visit.desk)}
    return Page("links.html", {"title": "Same person, or not the same", **shown})


def link_page(visit: Visit) -> Answer:
    """One link: what agrees and what differs, and the form that says same or not the same."""
    row = _link(visit)
    choices = (("same", "The same person"), ("not_same", "Not the same person"))
    fields = (Field("decision", "They are", "radios", choices=choices), forms.reason())
    here = f"/links/{visit.path['a']}/{visit.path['b']}"
    values = {"title": "Same, or not the same?", "row": row, "here": here, "fields": forms.filled(visit, fields)}
    return Page("link.html", {**values, "problem": visit.problem})


def judge_link(visit: Visit) -> Answer:
    """Say same or not the same; a third person settles where two differ."""
    from misuse.room import care

    decision = forms.needed(visit, "decision", "Choose same or not the same")
    reason = forms.needed(visit, "reason", "Enter why")
    a, b = visit.path["a"], visit.path["b"]
    if visit.form.text("settles") == "yes":
        care.settle_link(visit.desk, a, b, decision, reason)
        return Redirect("/links", "Settled")
    done = care.judge_link(visit.desk, a, b, decision, reason)
    said = {
        "waiting": "Recorded; the other person's opinion is waited for",
        "agreed": "Both agree: it holds from the next run",
    }
    return Redirect("/links", said.get(str(done["state"]), "The two opinions differ; a third person settles it"))


def _link(visit: Visit) -> dict[str, Any]:
    from misuse.room import care

    pair = {visit.path["a"], visit.path["b"]}
    found = [row for row in care.links(visit.desk) if {row["spell_a"], row["spell_b"]} == pair]
    if not found:
        raise InputError("there is no such link in the published run", next_step="go back to the links")
    row: dict[str, Any] = found[0]
    return row


def coding(visit: Visit) -> Answer:
    """Samples of calls to be coded again, and how far each is."""
    from misuse import double_coding

    rows = double_coding.status(visit.settings)
    return Page("coding.html", {"title": "Coding again, blind", "rows": rows, "me": visit.user["name"]})


def sample(visit: Visit) -> Answer:
    """The calls of a sample that wait for whoever asks, without their codes."""
    from misuse import double_coding

    name = str(visit.user["name"])
    opened = double_coding.opened_sample(visit.settings, visit.path["sample"], name)
    rows = double_coding.to_code(visit.settings, opened, actor=name, now=visit.now, is_identified=False, reason="")
    values = {"title": f"Sample {opened.sample_id}", "rows": rows[:CODED_AT_ONCE], "left": len(rows), "shown": SHOWN}
    return Page("sample.html", {**values, "sample": opened.sample_id, "verdicts": VERDICTS, "problem": visit.problem})


def code(visit: Visit) -> Answer:
    """Record verdicts on calls of a sample."""
    from misuse import double_coding

    name = str(visit.user["name"])
    sent = {key.removeprefix("call-"): visit.form.text(key) for key in visit.form.values if key.startswith("call-")}
    verdicts = {
        int(number): verdict for number, verdict in sent.items() if number.isdecimal() and len(number) < 10 and verdict
    }
    if not verdicts:
        raise Missing("judge", "Code at least one call")
    opened = double_coding.opened_sample(visit.settings, visit.path["sample"], name)
    double_coding.record(visit.settings, opened, verdicts, note="", actor=name, now=visit.now)
    return Redirect(f"/coding/{opened.sample_id}", f"{len(verdicts)} calls were coded under your name")
