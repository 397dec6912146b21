"""What speaks for the person: genuine calls, vulnerability, coding doubts, other users of the number; and how far it is known who called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from misuse import store
from misuse.casebook import Event
from misuse.room.desk import rows

if TYPE_CHECKING:
    import duckdb

_CALLER = "select * from callers where caller_id = $caller_id"
_LINKS = "select status, count(*) as links from caller_links where caller_a = $caller_id or caller_b = $caller_id group by status"
_LISTED = "select flags, doubts from tasking_list where caller_id = $caller_id"
_SPELLS = "select split_reason from caller_spells where caller_id = $caller_id"
_BASIS = {
    "single_number": "One number is taken as one person: nobody has shown that one person alone used it.",
    "linked": "Several numbers are joined by what their records have in common; a program joined them.",
    "confirmed": "Several numbers are one person's by decisions that people recorded.",
}


def known(con: duckdb.DuckDBPyConnection, caller: str) -> dict[str, Any]:
    """How it is known who called, and what is not. Keys: told, support_first, genuine_calls, links, flags, doubts."""
    held = next(iter(rows(con, _CALLER, {"caller_id": caller})), {})
    listed = next(iter(rows(con, _LISTED, {"caller_id": caller})), {})
    spells = rows(con, _SPELLS, {"caller_id": caller}) if store.holds(con, "caller_spells") else []
    links = {row["status"]: row["links"] for row in rows(con, _LINKS, {"caller_id": caller})} if spells else {}
    told = [
        _BASIS.get(str(held.get("identity_basis")), "How the caller was decided is not known."),
        f"{held.get('number_count') or 0} numbers; {links.get('confirmed', 0)} links confirmed by people, "
        f"{links.get('automatic', 0)} by a program alone, {links.get('suggested', 0)} suggested and not decided.",
        "A number shows which line called, not who spoke. The registered holder need not be the caller.",
        "Recordings named in the schedule are what may show who spoke: whoever listened, and how the voice was known, is to be "
        "stated by a witness.",
    ]
    turns = sum(1 for row in spells if row["split_reason"])
    if turns:
        told.append(
            f"{turns} of the numbers had an earlier holder; calls before the change of hands are not counted here."
        )
    return {
        "told": told,
        "support_first": bool(held.get("support_first")),
        "genuine_calls": int(held.get("genuine_calls") or 0),
        "links": links,
        "flags": listed.get("flags") or [],
        # A chance is a score, and no score goes to court: the sentence that gives one stays out.
        "doubts": [doubt for doubt in listed.get("doubts") or [] if "chance" not in doubt],
    }


def schedule(calls: Sequence[Mapping[str, Any]], held: Mapping[str, Any], stops: Sequence[Event]) -> dict[str, Any]:
    """The exculpatory schedule. Keys: told (sentences), calls (genuine, barred, doubtful, refuted ones, each with `why`)."""
    found = [{**call, "why": why} for call in calls if (why := _why(call))]
    count = {name: sum(1 for call in found if call["why"] == name) for name in _WHYS}
    unjudged = sum(1 for call in calls if call["is_misuse"] and call["judged"] is None)
    told = [
        f"{count['genuine']} genuine calls in the window; {held['genuine_calls']} in the whole log.",
        f"{count['barred']} calls coded misuse are barred by a safeguard and not counted.",
        f"{count['doubtful']} calls coded misuse are doubtful by their own facts and not counted.",
        f"{count['refuted']} calls were opened and found not to be misuse; of {count['cannot tell']} nobody could tell; "
        f"{unjudged} were opened by nobody.",
        "A vulnerability is known to the log." if held["support_first"] else "The log knows of no vulnerability, which is not the same as none.",
        f"Stops entered or lifted on these numbers: {len(stops)}." if stops else "No person ever entered a stop on these numbers.",
    ]  # fmt: skip
    if "may_be_shared_line" in held["flags"]:
        told.append("A number behaves as a line of many people.")
    if "handset_fault" in held["flags"]:
        told.append("The pattern is that of a faulty handset.")
    if held["links"].get("suggested"):
        told.append("Other people may have used the numbers: links to others are suggested and not decided.")
    return {"told": [*told, *held["doubts"]], "calls": found, "count": count}


_WHYS = ("genuine", "barred", "doubtful", "refuted", "cannot tell")


def _why(call: Mapping[str, Any]) -> str | None:
    if call["judged"] == "refuted":
        return "refuted"
    if call["judged"] == "cannot_tell":
        return "cannot tell"
    if not call["is_coded_misuse"]:
        return "genuine"
    if call["is_stopped"]:
        return "barred"
    return "doubtful" if call["is_doubtful"] else None
