"""Lists frozen for a meeting, the cases that they open, and the moves of a case: what is checked as each commits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from misuse import review, wording
from misuse.casebook import spells, state
from misuse.casebook.casefile import RECONCILING, Casefile, casefile
from misuse.casebook.events import Actor, Event, read
from misuse.casebook.holders import taken
from misuse.errors import InputError, Refused

if TYPE_CHECKING:
    import sqlalchemy as sa

    from misuse.casebook.recording import Pen

PIPELINE = Actor("pipeline", "pipeline")


@dataclass(frozen=True)
class Wanted:
    """A move as somebody asks for it.

    `bars` are what is published of the caller's enforcement bars; `seen_as` the spells as whom the case was looked at, which it is of once somebody reviewed or reconciled it;
    `reach` the spells whose stops reach the caller, through links too; `least_confirmed` how many calls enforcement rests
    on at least; `evidence` what the decision is taken on, to be frozen with it; `seen` how many moves the case had when
    it was looked at, where that is known; `today` the local day, else that of the time given.
    """

    case_ref: str
    move: str
    given: Mapping[str, Any]
    run_id: str
    bars: Sequence[str] = ()
    seen_as: Sequence[str] = ()
    reach: Sequence[str] = ()
    is_vulnerable: bool = False
    least_confirmed: int = 0
    evidence: str | None = None
    seen: int | None = None
    today: date | None = None


def move(pen: Pen, who: Actor, at: datetime, wanted: Wanted) -> Event:
    """Make a move on the case as it stands at this moment; see `Casebook.move_case`."""
    case = _case(pen, wanted.case_ref, at)
    if wanted.seen is not None and wanted.seen != case["moves"]:
        raise Refused(
            "somebody else moved the case since you looked at it",
            next_step="look at the case as it stands now, then decide",
        )
    legal = review.check(case["status"], wanted.move, who.role, wanted.given)
    file = casefile(pen.con, wanted.case_ref)
    review.check_bars(wanted.move, wanted.given, _bars(pen, case, file, wanted))
    _check_sense(wanted, at, file)
    _check_opened(legal, file, who, wanted)
    _check_one_open_case(pen.con, wanted, case)
    payload = {**_given(wanted, file), "move": wanted.move, "from": case["status"], "to": legal.to}
    if wanted.seen_as and wanted.move in RECONCILING:
        payload["spells"] = sorted(wanted.seen_as)
    return pen.add(
        "case_moved", who, at, payload, case["caller_id"], wanted.case_ref, wanted.run_id, extract=wanted.evidence
    )


def _case(pen: Pen, case_ref: str, at: datetime) -> dict[str, Any]:
    """The case as it stands; a suppression that has run out ends first. Errors: InputError where there is none."""
    case = state.cases(pen.con).get(case_ref)
    if case is None:
        raise InputError("no such case is open", next_step="cases open when a list is frozen for a meeting")
    if case["status"] == "suppressed" and state.is_past(case["review_date"], at.date()):
        expire(pen, at, [case_ref])
        case = state.cases(pen.con)[case_ref]
    return case


def expire(pen: Pen, at: datetime, only: Collection[str] | None = None) -> list[Event]:
    """End every suppression whose last day is past; their moves."""
    return [
        _placed(pen, PIPELINE, at, reference, case, "expire", "its last day is past")
        for reference, case in state.cases(pen.con).items()
        if case["status"] == "suppressed"
        and state.is_past(case["review_date"], at.date())
        and (only is None or reference in only)
    ]


def halt(
    pen: Pen, who: Actor, at: datetime, references: Iterable[str], reason: str, run_id: str | None = None
) -> list[Event]:
    """Halt those of the cases that are neither closed nor halted: whatever waits for approval is void. Their moves."""
    cases = state.cases(pen.con)
    return [
        _placed(pen, who, at, reference, cases[reference], "halt", reason, run_id)
        for reference in references
        if reference in cases and ("halt" in review.legal_moves(cases[reference]["status"]))
    ]


def halt_stopped(pen: Pen, who: Actor, at: datetime, stop: Event) -> None:
    """Halt the cases on whose spells a stop was just entered."""
    wanted = set(taken(pen.con).all_of(stop, spells.known_spells(stop)))
    found = [reference for reference, case in state.cases(pen.con).items() if wanted.intersection(case["spells"])]
    halt(pen, who, at, found, f"a stop was entered (event {stop.event_id})")


def _placed(
    pen: Pen, who: Actor, at: datetime, reference: str, case: Mapping[str, Any], name: str, reason: str,
    run_id: str | None = None,
) -> Event:  # fmt: skip
    legal = review.MOVES[case["status"], name]
    payload = {"reason": reason, "move": name, "from": case["status"], "to": legal.to}
    return pen.add("case_moved", who, at, payload, case["caller_id"], reference, run_id)


def _given(wanted: Wanted, file: Casefile) -> dict[str, Any]:
    """What was given, with what the move itself settles."""
    given = dict(wanted.given)
    if wanted.move == "suppress":
        given["review_date"] = given["until"]
    if wanted.move == "propose":
        given |= {"proposed_lane": review.ENFORCEMENT, "calls": file.confirmed()}
    if wanted.move == "approve" and file.proposal:
        told = file.proposal.data
        given |= {"lane": review.ENFORCEMENT, "proposal": file.proposal.event_id}
        given |= {name: told.get(name) for name in ("option", "owner", "review_date", "borough") if told.get(name)}
    return given


def _bars(pen: Pen, case: Mapping[str, Any], file: Casefile, wanted: Wanted) -> list[str]:
    """What is published of bars, and what the casebook knows at this moment."""
    found = list(wanted.bars)
    if state.is_stopped({*case["spells"], *wanted.reach}, pen.live_stops()):
        found.insert(0, review.HARD_STOP)
    if file.reports:
        found.append("must_reconcile")
    if wanted.move in review.ENFORCING and len(file.confirmed()) < wanted.least_confirmed:
        found.append("calls_unconfirmed")
    return found


def _check_sense(wanted: Wanted, at: datetime, file: Casefile) -> None:
    """Errors: UsageError for a day that is none or not to come; Refused for leaving support aside without saying why."""
    given = wanted.given
    review.check_days(wanted.move, given, wanted.today or at.date())
    leaves_support = wanted.move in review.ENFORCING or (wanted.move == "act" and given.get("lane") != "support")
    said = given.get("why_not_support")
    if wanted.move == "approve" and file.proposal:  # said by whoever proposed it, or else by whoever approves
        said = said or file.proposal.data.get("why_not_support")
    if wanted.is_vulnerable and leaves_support and wording.is_blank(said):
        raise Refused(
            "a vulnerability is known, so support comes first",
            next_step="choose the lane support, or say why another is right: 'why not support'",
        )


def _check_opened(legal: review.Move, file: Casefile, who: Actor, wanted: Wanted) -> None:
    """Errors: Refused where nobody has opened the calls, or the approver has not opened what the proposal rests on."""
    if who.role == "pipeline" or not legal.opened:
        return
    if legal.not_by and file.proposal and who.name in (file.proposal.actor, file.proposal.data.get("prepared_by")):
        raise Refused("whoever proposed or prepared it does not approve it", next_step="ask another authoriser")
    own = file.opened.get(who.name, set())
    if not (own if legal.opened == "mover" else any(file.opened.values())):
        raise Refused(
            "no decision without the calls: open them first",
            next_step=f"misuse case open {wanted.case_ref}; it is recorded which calls were opened, and by whom",
        )
    rests_on = set(file.proposal.data.get("calls") or ()) if wanted.move == "approve" and file.proposal else set()
    if rests_on - own:
        raise Refused(
            f"{len(rests_on - own)} of the calls that the proposal rests on were not opened by you",
            next_step=f"misuse case open {wanted.case_ref}",
        )


def _check_one_open_case(con: sa.Connection, wanted: Wanted, case: Mapping[str, Any]) -> None:
    """Errors: Refused where the caller has another case that is open."""
    if wanted.move not in ("act", "propose", "approve", "resume", "reopen"):
        return
    mine = {*case["spells"], *wanted.seen_as}
    others = [
        reference
        for reference, other in state.cases(con).items()
        if reference != wanted.case_ref and other["status"] in review.OPEN_STATES and mine.intersection(other["spells"])
    ]
    if others:
        raise Refused(
            f"the caller has another open case: {', '.join(others)}",
            next_step="one case a caller: close one with the outcome 'merged'; its decisions stay in it",
        )


def freeze(pen: Pen, who: Actor, at: datetime, payload: Mapping[str, Any], run_id: str | None) -> Event:
    """Record the list with its whole eligible pool, then open the cases that the meeting is to decide on.

    Whoever was stopped since the list was made is neither eligible nor a case, and is named apart; `digest` stays
    that of the list as published. A row may name its `case_ref`; without one a case goes with the caller who holds
    most of its spells, so that it is not opened twice because callers merged.
    """
    earlier = [event for event in read(pen.con, "list_frozen") if event.run_id == run_id]
    if earlier:
        return earlier[0]
    expire(pen, at)
    known = state.cycle_ids(state.frozen_lists(pen.con))
    number = max((int(cycle[1:]) for cycle in known), default=0) + 1
    frozen = pen.add("list_frozen", who, at, {**_less_stopped(pen, payload), "cycle": f"C{number}"}, run_id=run_id)
    rows = frozen.data["eligible"]
    found = state.cases(pen.con)
    held = {caller: reference for reference, caller in sorted(state.case_holders(found, rows).items())}
    for row in rows:
        caller = row["caller_id"]
        reference = row.get("case_ref") or held.get(caller) or _new_reference(row, found)
        if row["part"] < 4 and reference not in found:
            opening_payload = {"to": "listed", "spells": row["spells"]}
            pen.add("case_opened", who, at, opening_payload, caller, reference, run_id)
    return frozen


def _new_reference(row: Mapping[str, Any], found: Mapping[str, Mapping[str, Any]]) -> str:
    """A reference for a case to open, unless it is somebody's whose spells are others: ids of callers are given again."""
    case = found.get(state.case_reference(row["caller_id"]))
    is_others = case is not None and case["spells"] and not set(case["spells"]).intersection(row["spells"])
    return state.case_reference(row["caller_id"], is_taken=bool(is_others))


def _less_stopped(pen: Pen, payload: Mapping[str, Any]) -> dict[str, Any]:
    """A list's payload with everybody's spells, without whom a stop bars: their ids go under `stopped`."""
    if payload.get("eligible") is None:
        return dict(payload)  # refused when it is added
    sets, stops = spells.caller_sets(pen.con), pen.live_stops()
    known = {caller: list(members) for caller, (members, _) in sets.items()}
    listed = [
        {**row, "spells": row.get("spells") or known.get(row["caller_id"]) or state.row_spells(row)}
        for row in payload["eligible"]
    ]
    barred = {row["caller_id"] for row in listed if state.is_stopped(row["spells"], stops)}
    barred |= {row["caller_id"] for row in listed}.intersection(payload.get("stopped") or ())
    kept = [row for row in listed if row["caller_id"] not in barred]
    return {**payload, "eligible": kept, "stopped": sorted(barred)}
