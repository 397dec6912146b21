"""What speaks for the person: genuine calls, vulnerability, coding doubts, other users of the number; and how far it is known who called."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from misuse import store
from misuse.casebook import Casebook, Event
from misuse.room.desk import rows
from misuse.wording import of

if TYPE_CHECKING:
    import duckdb

_CALLER = "select * from callers where caller_id = $caller_id"
_LINKS = "select status, count(*) as links from caller_links where caller_a = $caller_id or caller_b = $caller_id group by status"
_LISTED = "select as_of, flags, doubts from tasking_list where caller_id = $caller_id"
_SPELLS = "select split_reason from caller_spells where caller_id = $caller_id"
_BASIS = {
    "single_number": "One number is taken as one person: nobody has shown that one person alone used it.",
    "linked": "Several numbers are joined by what their records have in common; a program joined them.",
    "confirmed": "Several numbers are one person's by decisions that people recorded.",
}


def listed_when_decided(book: Casebook, events: Sequence[Event]) -> list[dict[str, Any]]:
    """The caller's rows of the list that were frozen with the case's decisions, in order; those that listed nobody left out."""
    frozen = [event for event in events if event.kind == "case_moved" and event.data.get("extract")]
    found = [json.loads(book.evidence(event.event_id)[1]).get("listed") for event in frozen]
    return [row for row in found if row]


def known(con: duckdb.DuckDBPyConnection, caller: str, decided_on: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """How it is known who called, and what is not.

    `decided_on` are the rows of the list that decisions were taken on: what was told then is told now, though the caller is
    listed no more. Keys: told, support_first, genuine_calls, links, flags {flag: None, or the day of the run that told it},
    doubts, is_reckoned (some list told of flags and doubts).
    """
    held = next(iter(rows(con, _CALLER, {"caller_id": caller})), {})
    listed = next(iter(rows(con, _LISTED, {"caller_id": caller})), None)
    spells = rows(con, _SPELLS, {"caller_id": caller}) if store.holds(con, "caller_spells") else []
    links = {row["status"]: row["links"] for row in rows(con, _LINKS, {"caller_id": caller})} if spells else {}
    told = [
        _BASIS.get(str(held.get("identity_basis")), "How the caller was decided is not known."),
        f"{of(int(held.get('number_count') or 0), 'number')}; {links.get('confirmed', 0)} links confirmed by people, "
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
        "support_first": bool(held.get("support_first")) or any("support_first" in _flags(row) for row in decided_on),
        "genuine_calls": int(held.get("genuine_calls") or 0),
        "links": links,
        "flags": {flag: str(row["as_of"]) for row in decided_on for flag in _flags(row)}
        | dict.fromkeys(_flags(listed or {})),
        "doubts": _doubts(listed, decided_on),
        "is_reckoned": bool(listed or decided_on),
    }


def _flags(row: Mapping[str, Any]) -> list[str]:
    return [str(flag) for flag in row.get("flags") or ()]


def _doubts(listed: Mapping[str, Any] | None, decided_on: Sequence[Mapping[str, Any]]) -> list[str]:
    """Doubts of this run's list; of a caller whom it does not list, those that the last decision was taken on.

    A chance is a score, and no score goes to court: the sentence that gives one stays out.
    """
    row = listed or (decided_on[-1] if decided_on else {})
    told = [str(doubt) for doubt in row.get("doubts") or () if "chance" not in doubt]
    return told if listed else [f"{doubt} (As the run to {row['as_of']} told.)" for doubt in told]


def schedule(calls: Sequence[Mapping[str, Any]], held: Mapping[str, Any], stops: Sequence[Event]) -> dict[str, Any]:
    """The exculpatory schedule. Keys: told (sentences), calls (genuine, barred, doubtful, refuted ones, each with `why`)."""
    found = [{**call, "why": why} for call in calls if (why := _why(call))]
    count = {name: sum(1 for call in found if call["why"] == name) for name in _WHYS}
    unjudged = sum(1 for call in calls if call["is_misuse"] and call["judged"] is None)
    struck = sum(1 for call in calls if call["is_stopped"] and not call["is_coded_misuse"])
    told = [
        f"{of(count['genuine'], 'genuine call')} in the window; {held['genuine_calls']} in the whole log.",
        f"{count['barred']} calls coded misuse are barred by a safeguard and not counted; a safeguard's hard stop stands on "
        f"{of(struck, 'other call')} too.",
        f"{count['doubtful']} calls coded misuse are doubtful by their own facts and not counted.",
        f"{count['refuted']} calls were opened and found not to be misuse; of {count['cannot tell']} nobody could tell; "
        f"on {unjudged} of those that count nobody gave a verdict, whoever opened them.",
        "A vulnerability is known to the log." if held["support_first"] else "The log knows of no vulnerability, which is not the same as none.",
        f"Stops entered or lifted on these numbers: {len(stops)}." if stops else "No person ever entered a stop on these numbers.",
    ]  # fmt: skip
    told += [words + _when(held["flags"][flag]) for flag, words in _SPEAKING.items() if flag in held["flags"]]
    if not held["is_reckoned"]:
        told.append(
            "Whether the pattern is that of a faulty handset or of a line of many people, and what else makes the list doubtful, "
            "was not reckoned: this run lists the caller no more, and no decision was taken on a list that did."
        )
    if held["links"].get("suggested"):
        told.append("Other people may have used the numbers: links to others are suggested and not decided.")
    return {"told": [*told, *held["doubts"]], "calls": found, "count": count}


_SPEAKING = {
    "may_be_shared_line": "A number behaves as a line of many people.",
    "handset_fault": "The pattern is that of a faulty handset.",
}


def _when(as_of: str | None) -> str:
    return f" (As the run to {as_of} told, on which it was decided.)" if as_of else ""


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
