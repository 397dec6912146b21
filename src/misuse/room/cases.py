"""Cases: what is known of one, which moves it has, and making them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from misuse import advice, explain, models, published_callers, review, rules, store
from misuse.casebook import Casebook, Event
from misuse.casebook.casefile import Casefile
from misuse.casebook.state import case_reference
from misuse.errors import InputError, Refused, UsageError
from misuse.room import comparing, explaining, told
from misuse.room.desk import Desk, rows
from misuse.room.in_run import of_run
from misuse.rules.kinds import Option

if TYPE_CHECKING:
    import duckdb

SAID = (
    "reason",
    "finding",
    "dissent",
    "why_not_support",
)  # what people write of a move: it goes into minutes and papers
_LISTED = "select * from tasking_list where caller_id = $caller_id"
_LINKS = "select * from caller_links where caller_a = $caller_id or caller_b = $caller_id order by probability desc nulls last"
_VULNERABLE = "select support_first from callers where caller_id = $caller_id"
_WINDOW = "select window_to, as_of from windows where window_name = 'headline'"


def caller_of(con: duckdb.DuckDBPyConnection, case: Mapping[str, Any]) -> str:
    """The caller that a case is of in the published run."""
    spells = tuple(case["spells"])
    found = of_run(con, ("caller", *spells), lambda: _heir(con, spells, str(case["caller_id"])))
    return str(found or case["caller_id"])


def _heir(con: duckdb.DuckDBPyConnection, spells: Sequence[str], was: str) -> str | None:
    """Who has most of the spells; where it is all of them still whoever had them, a range of the copy tells so."""
    if spells and set(published_callers.spells_of(con, was)).issuperset(spells):
        return was
    row = models.select(con, "room/caller_of_spells", {"spells": list(spells)}).fetchone()
    return str(row[0]) if row else None


def reference_of(desk: Desk, ref_or_caller: str) -> str:
    """The case's reference from itself or from its caller. Errors: InputError where there is no case."""
    name = ref_or_caller.strip()
    with desk.book() as book:
        cases = book.cases()
    if name.upper() in cases:
        return name.upper()
    with desk.published() as con:
        caller = explain.resolve_caller(con, name)
        found = _case_of(con, cases, caller)
    if found is None:
        raise InputError("there is no case of that caller", next_step="cases open when a list is frozen for a meeting")
    return found


def _case_of(con: duckdb.DuckDBPyConnection, cases: Mapping[str, Mapping[str, Any]], caller: str) -> str | None:
    spells = set(published_callers.spells_of(con, caller))
    mine = [ref for ref, case in cases.items() if case["caller_id"] == caller or spells.intersection(case["spells"])]
    return max(mine, key=lambda ref: (cases[ref]["status"] != "closed", cases[ref]["opened_at"]), default=None)


def reference_for(con: duckdb.DuckDBPyConnection, book: Casebook, caller: str) -> str:
    """The reference of a caller's case, or the one that a case of the caller would get."""
    known = book.cases()
    is_taken = case_reference(caller) in known
    return _case_of(con, known, caller) or case_reference(caller, is_taken=is_taken)


def cases(desk: Desk) -> list[dict[str, Any]]:
    """Every case, those that wait longest first.

    Keys: case_ref, caller_id (as at its opening), status, lane, option, owner, borough, review_date, opened_at,
    last_moved_at, moves, is_stopped, is_overdue, must_reconcile, pending (None, or as `told.pending`).
    """
    desk.permit("read_lists", "cases")
    with desk.book() as book:
        return case_rows(book, desk.today)


def case_rows(book: Casebook, today: date) -> list[dict[str, Any]]:
    """The same, of an open casebook."""
    files, stops = book.casefiles(), book.live_stops()
    stopped = {spell for stop in stops for spell in (*stop.spells, *stop.kept)}
    found = [
        told.case_row(reference, case, files.get(reference, Casefile()), today, stopped)
        for reference, case in book.cases().items()
    ]
    return sorted(found, key=lambda row: (row["status"] == "closed", row["review_date"] or date.max, row["case_ref"]))


def case(desk: Desk, ref_or_caller: str) -> dict[str, Any]:
    """One case whole, as docs/review-room.md lists it; the reading is recorded.

    Errors: Refused for whoever may not; InputError for no such case.
    """
    desk.permit("read_case", "case_read")
    reference = reference_of(desk, ref_or_caller)
    desk.record("case_read", {}, case_ref=reference)
    with desk.book() as book, desk.published() as con:
        found = book.cases()[reference]
        file = book.casefile(reference)
        caller = caller_of(con, found)
        stops = _stops(book, con, caller)
        stopped = {spell for stop in book.live_stops() for spell in (*stop.spells, *stop.kept)}
        row = told.case_row(reference, found, file, desk.today, stopped)
        look = published_callers.look_of(con, book, caller)
        is_vulnerable = _is_vulnerable(con, caller, stops, look)
        bars = list(published_callers.enforcement_bars(con, desk.settings, caller, book))
        events = book.entries(case_ref=reference)
        calls = calls_of(con, desk, caller, file)
        listed = next(iter(rows(con, _LISTED, {"caller_id": caller})), None)
        return {
            **row,
            "caller_id": caller,
            "spells": list(found["spells"]),
            "stops": stops,
            "bars": bars,
            "bars_told": [review.BARS[bar].because if bar in review.BARS else bar.replace("_", " ") for bar in bars],
            "is_vulnerable": is_vulnerable,
            "default_lane": _default_lane(is_vulnerable=is_vulnerable),
            "calls": calls,
            "opened": [{"by": by, "calls": len(calls)} for by, calls in sorted(file.opened.items())],
            "judged": told.judged_sums(file),
            "history": [told.event_line(event) for event in events if event.kind not in told.NOT_HISTORY],
            "notes": [told.note(event) for event in events if event.kind == "note_added"],
            **_tried(desk, book, con, caller, events),
            "lessons": _lessons(book, reference, found),
            "links": _links(con, caller),
            "options": option_rows(desk, file, None),
            "moves": offered_moves(desk, found, file, bars, stops),
            "listed": listed,
            "look": look,
            "tests": explaining.of_caller(
                con, desk, caller, listed, is_vulnerable=is_vulnerable, look=look, calls=calls
            ),
        }


def _is_vulnerable(
    con: duckdb.DuckDBPyConnection, caller: str, stops: Sequence[Mapping[str, Any]], look: Mapping[str, Any] | None
) -> bool:
    """What nobody has looked at may be danger: until somebody has, it speaks for the person as a stop does."""
    row = con.execute(_VULNERABLE, {"caller_id": caller}).fetchone()
    return bool(stops) or bool(look and look["waits"]) or bool(row and row[0])


def _stops(book: Casebook, con: duckdb.DuckDBPyConnection, caller: str) -> list[dict[str, Any]]:
    """Stops that reach the caller: people's, with their reasons, and that a rule's does, never which marker."""
    reach = set(reach_of(con, caller))
    found = [
        {
            "kind": "person",
            "reason": stop.event.data["reason"],
            "at": stop.at,
            "by": stop.event.actor,
            "is_urgent": stop.is_urgent,
        }
        for stop in book.live_stops()
        if reach.intersection((*stop.spells, *stop.kept))
    ]
    row = con.execute("select is_stopped from callers where caller_id = $caller_id", {"caller_id": caller}).fetchone()
    if row and row[0] and not found:
        found.append({"kind": "rule", "reason": None, "at": None, "by": None, "is_urgent": False})
    return found


def reach_of(con: duckdb.DuckDBPyConnection, caller: str) -> list[str]:
    """The spells whose stops reach a caller."""
    if not store.holds(con, "caller_spells"):
        return []
    return list(of_run(con, ("reach", caller), lambda: _reach(con, caller)))


def _reach(con: duckdb.DuckDBPyConnection, caller: str) -> list[str]:
    """Most callers are in reach of nobody else: then the caller's own spells are all, and no other row is read."""
    shared = of_run(con, ("shared reach",), lambda: _column(con, "room/shared_reaches", {}))
    if not shared.intersection(_column(con, "room/reaches_of_caller", {"caller_id": caller})):
        return published_callers.spells_of(con, caller)
    return [str(row[0]) for row in models.select(con, "room/reach_of_caller", {"caller_id": caller}).fetchall()]


def _column(con: duckdb.DuckDBPyConnection, name: str, values: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(row[0]) for row in models.select(con, name, values).fetchall())


def calls_of(con: duckdb.DuckDBPyConnection, desk: Desk, caller: str, file: Casefile) -> list[dict[str, Any]]:
    """Every call of a caller: how it counts, and what somebody judged it to be."""
    values = {"caller_id": caller, "headline_channel": desk.settings.headline_channel}
    calls = store.rows(models.select(con, "explain/why_calls", values), _text)
    for call in calls:
        judgement = file.judged.get(call["call_key"])
        call["rule"] = explain.VERDICTS[call["verdict"]]
        call["judged"] = judgement.verdict if judgement else None
        call["judged_by"] = judgement.by if judgement else None
        call["judged_at"] = judgement.at if judgement else None
    return calls


def _text(value: Any) -> Any:
    return str(value) if type(value).__name__ == "UUID" else value


def _tried(
    desk: Desk, book: Casebook, con: duckdb.DuckDBPyConnection, caller: str, events: Iterable[Event]
) -> dict[str, Any]:
    """Each action decided, and calls per 30 days before and since: a comparison, not an effect.

    Keys: tried, each with its not_taken (those left of its own list, over its own days); not_taken, the newest one's.
    """
    acted = [event for event in events if event.kind == "case_moved" and event.data["to"] == "under_action"]
    beside = comparing.Beside(desk, book, con)
    tried = [
        {
            "at": event.at,
            "lane": event.data.get("lane"),
            "option": event.data.get("option"),
            **told.rates(comparing.rates_of(con, [caller], desk.day_of(event.at)), 1),
            "not_taken": beside.of(event),
            "is_comparison_only": True,
        }
        for event in acted
    ]
    return {"tried": tried, "not_taken": beside.of(acted[-1] if acted else None)}


def _lessons(book: Casebook, reference: str, case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lessons of this case and of others in the same lane or by the same option."""
    cases = book.cases()
    similar = {
        ref
        for ref, other in cases.items()
        if ref == reference
        or (case["lane"] and other["lane"] == case["lane"])
        or (case.get("option") and other.get("option") == case.get("option"))
    }
    return [told.lesson(event) for event in book.entries("lesson_added") if event.case_ref in similar]


def _links(con: duckdb.DuckDBPyConnection, caller: str) -> list[dict[str, Any]]:
    return rows(con, _LINKS, {"caller_id": caller}) if store.holds(con, "caller_links") else []


# ── options ────────────────────────────────────────────────────────────────────────────────────


def options(desk: Desk, ref: str, lane: str | None = None) -> list[dict[str, Any]]:
    """What the group may choose, least intrusive first, by the date of law.

    Keys: id, lane, title, basis, is_open (in law today), valid_from, valid_to, needs[{text, is_met, how, by, at}].
    """
    desk.permit("read_case", "options")
    with desk.book() as book:
        return option_rows(desk, book.casefile(reference_of(desk, ref)), lane)


def option_rows(desk: Desk, file: Casefile, lane: str | None) -> list[dict[str, Any]]:
    """The same, of a casefile in hand."""
    return [told.option(one, file, desk.today) for one in known_options() if lane in (None, one.lane)]


@cache
def known_options() -> tuple[Option, ...]:
    """The options of this release, as reviewed."""
    return rules.load().options


def title_of(option: str) -> str:
    """An option's title; of one that the table has no more, its id in words."""
    return next((one.title for one in known_options() if one.id == option), option.replace("_", " "))


def meet(desk: Desk, ref: str, option: str, need: str, how: str) -> None:
    """Record that a precondition of an option is met, and how that is known.

    Errors: UsageError for an option or a precondition that it does not have, or without a word on how.
    """
    if need not in _option(option).needs:
        raise UsageError("that option has no such precondition", next_step="take one as the case lists them")
    payload = {"option": option, "need": need, "how": how}
    desk.record("precondition_met", payload, case_ref=reference_of(desk, ref))


def _option(name: str) -> Option:
    found = [option for option in known_options() if option.id == name]
    if not found:
        raise UsageError(f"no option is called '{name}'", next_step="the case lists its options")
    return found[0]


# ── moves ──────────────────────────────────────────────────────────────────────────────────────


def offered(desk: Desk, ref: str) -> list[dict[str, Any]]:
    """The moves that the case has: move, to, label, needs, fields, may, why_not (a sentence; None where nothing bars it),
    default_lane, pending (as `told.pending`), seen (to be given back with the move, so that none is made on a case that moved meanwhile).
    """
    desk.permit("read_case", "moves")
    reference = reference_of(desk, ref)
    with desk.book() as book, desk.published() as con:
        found, file = book.cases()[reference], book.casefile(reference)
        caller = caller_of(con, found)
        bars = list(published_callers.enforcement_bars(con, desk.settings, caller, book))
        stops = _stops(book, con, caller)
        look = published_callers.look_of(con, book, caller)
        default = {"default_lane": _default_lane(is_vulnerable=_is_vulnerable(con, caller, stops, look))}
        return [row | default for row in offered_moves(desk, found, file, bars, stops)]


def _default_lane(*, is_vulnerable: bool) -> str:
    """Whatever speaks of vulnerability makes support what is chosen unless somebody says why not."""
    return "support" if is_vulnerable else "engagement"


def offered_moves(
    desk: Desk, case: Mapping[str, Any], file: Casefile, bars: Sequence[str], stops: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The same, of a case in hand."""
    with desk.book() as book:
        role = book.role_of(desk.actor) or ""
    must_reconcile = bool(file.reports) or "changed_identity" in bars
    standing = [*(["hard_stop"] if stops else []), *bars, *(["must_reconcile"] if file.reports else [])]
    if len(file.confirmed()) < desk.settings.threshold:
        standing.append("calls_unconfirmed")
    further = {"pending": told.pending(file), "seen": case["moves"]}
    return [
        told.offered(case["status"], move, role, desk.actor, file, standing, known_options(), desk.today) | further
        for move in review.legal_moves(case["status"])
        if move != "halt" and (move != "reconcile" or must_reconcile)
    ]


def move(desk: Desk, ref: str, move: str, given: Mapping[str, Any], *, seen: int | None = None) -> dict[str, Any]:
    """Make a move, with the evidence of the published run frozen with it; stops are read again as it commits.

    `seen` is what `offered` gave: a case that moved since is not moved by whoever looked before.

    Keys: event_id, status, head. Errors: Refused for what bars it; UsageError for an option that is not in law or whose
    preconditions are not met, or words that could be read as leave not to answer; InputError for no such case.
    """
    reference = reference_of(desk, ref)
    for name in SAID:
        advice.refuse_leave(name.replace("_", " "), str(given.get(name) or ""), is_account=True)
    with desk.book() as book, desk.published() as con:
        found, file = book.cases()[reference], book.casefile(reference)
        caller = caller_of(con, found)
        check_option(desk, move, given, file)
        _check_ground(con, book, reference, caller, move, given)
        stops = _stops(book, con, caller)
        event = book.move_case(
            reference,
            move,
            {name: value for name, value in given.items() if value not in (None, "", [])},
            actor=desk.actor,
            occurred_at=desk.now,
            run_id=desk.run_id,
            bars=published_callers.enforcement_bars(con, desk.settings, caller, book),
            seen_as=published_callers.spells_of(con, caller),
            reach=reach_of(con, caller),
            is_vulnerable=_is_vulnerable(con, caller, stops, published_callers.look_of(con, book, caller)),
            least_confirmed=desk.settings.threshold,
            evidence=_extract(con, desk, caller, file),
            seen=seen,
            today=desk.today,
        )
        return {"event_id": event.event_id, "status": event.data["to"], "head": event.digest}


def check_option(desk: Desk, move: str, given: Mapping[str, Any], file: Casefile) -> None:
    """Whoever acts chooses from the table, in law today and with each precondition met; so it still is as it is approved.

    Errors: UsageError for another option, or none.
    """
    if move not in ("act", "propose", "approve"):
        return
    name = given.get("option") if move != "approve" else (told.pending(file) or {}).get("option")
    if not name:
        if move == "act" and given.get("lane") in review.LANES and given["lane"] != review.ENFORCEMENT:
            raise UsageError(
                "whoever acts chooses an option of the lane", next_step="the case lists them, least intrusive first"
            )
        return
    option = _option(str(name))
    lane = given.get("lane") if move == "act" else review.ENFORCEMENT
    if option.lane != lane or not option.is_open(desk.today):
        raise UsageError(
            f"'{option.title}' is no option of the lane {lane} in law today", next_step="the case lists those that are"
        )
    unmet = [need for need in option.needs if (option.id, need) not in file.met]
    if unmet:
        raise UsageError(
            f"not recorded as met: {'; '.join(unmet)}",
            next_step="record each precondition with how it is known to be met",
        )


def _check_ground(
    con: duckdb.DuckDBPyConnection, book: Casebook, reference: str, caller: str, move: str, given: Mapping[str, Any]
) -> None:
    """Reopening on new calls takes new calls. Errors: Refused where there are none."""
    if move != "reopen" or given.get("ground") != "new_calls":
        return
    closed = [event.at for event in book.entries("case_moved", case_ref=reference) if event.data["to"] == "closed"]
    row = con.execute(_LAST_MISUSE, {"caller_id": caller}).fetchone()
    if not row or row[0] is None or not closed or row[0] <= closed[-1]:
        raise Refused(
            "no misuse call since the case was closed is published", next_step="give another ground, if there is one"
        )


_LAST_MISUSE = "select max(received_at) from calls where caller_id = $caller_id and is_misuse"


def _extract(con: duckdb.DuckDBPyConnection, desk: Desk, caller: str, file: Casefile) -> str:
    """What the decision is taken on, as the run publishes it: list row, windows, every call, links, judgements."""
    why = explain.why(con, caller)
    document = {
        "run_id": desk.run_id,
        "why": why.as_json(),
        "listed": next(iter(rows(con, _LISTED, {"caller_id": caller})), None),
        "links": _links(con, caller),
        "judged": {key: judgement.verdict for key, judgement in file.judged.items()},
        "opened": {by: sorted(calls) for by, calls in file.opened.items()},
    }
    return json.dumps(document, default=str, sort_keys=True)
