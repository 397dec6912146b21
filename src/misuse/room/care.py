"""Links judged blind, stops, looks, and looks at an identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from misuse import explain, identity_decisions, published_callers
from misuse.casebook import Casebook, Event
from misuse.errors import InputError, Refused, UsageError
from misuse.room import cases, vaulted
from misuse.room.desk import Desk, rows

WAITING, AGREED, DIFFER, SETTLED = "waiting", "agreed", "differ", "settled"

# ── links ──────────────────────────────────────────────────────────────────────────────────────


def links(desk: Desk, caller: str | None = None) -> list[dict[str, Any]]:
    """Links of a caller, or every open suggestion, as `misuse identity links` tells them, with who has judged.

    Further keys: mine (this user's judgement), state (None, waiting, agreed, differ, settled), both (the two judgements,
    only once both are in), may_judge and may_settle (whether this user may now).
    """
    desk.permit("read_case", "links")
    is_judge = desk.may("decide_link")
    with desk.published() as con, desk.book() as book:
        found: list[dict[str, Any]] = identity_decisions.links_in(con, book, caller)["links"]
        judged = book.link_judgements()
    for row in found:
        row |= _told(judged.get(_pair(row["spell_a"], row["spell_b"]), []), desk.actor, row["decision"])
        is_open = row["status"] == "suggested" and not row["decision"]
        may = is_open and not row["mine"] and is_judge
        row |= {"may_judge": may and row["state"] in (None, WAITING), "may_settle": may and row["state"] == DIFFER}
    return found


def lapsed(desk: Desk) -> list[dict[str, Any]]:
    """Decisions on links that hold no more for some numbers, since more is known of who held them when.

    Keys: event_id, decision, decided_at, lapsed (spells). They are to be made again, or undone.
    """
    desk.permit("read_case", "links")
    with desk.book() as book:
        return [
            {
                "event_id": decided.link_id,
                "decision": decided.decision,
                "decided_at": decided.event.at,
                "lapsed": list(decided.lapsed),
            }
            for decided in book.standing_decisions()
            if decided.lapsed
        ]


def judge_link(desk: Desk, spell_a: str, spell_b: str, decision: str, reason: str) -> dict[str, Any]:
    """Say that two numbers' holders are one person (same) or not (not_same), blind to the other judge.

    Key: state. Where both agree, the decision is recorded and counts from the next run.
    """
    desk.permit("decide_link", "judge link")
    _refuse_unknown(desk, spell_a, spell_b)
    payload = {"spell_a": spell_a, "spell_b": spell_b, "decision": decision, "reason": reason}
    desk.record("link_judged", payload)
    with desk.book() as book:
        judged = _newest(book.link_judgements().get(_pair(spell_a, spell_b), []))
    state = _state(judged)
    if state == AGREED:
        others = ", ".join(sorted(judged))
        _decide(desk, spell_a, spell_b, decision, f"judged blind by {others}: {reason}")
    return {"state": state}


def settle_link(desk: Desk, spell_a: str, spell_b: str, decision: str, reason: str) -> None:
    """Decide a link on which two judges differ, as a third person. Errors: Refused for one of the two."""
    with desk.book() as book:
        judged = _newest(book.link_judgements().get(_pair(spell_a, spell_b), []))
        settled = {_pair(*pair) for decided in book.link_decisions() for pair in decided.pairs}
    if _state(judged) != DIFFER or _pair(spell_a, spell_b) in settled:
        raise InputError("nobody differs on that link", next_step="judge it, blind to the other")
    if desk.actor in judged:
        raise Refused("whoever judged it does not settle it", next_step="ask a third person")
    _decide(desk, spell_a, spell_b, decision, reason)


_KNOWN = "select count(distinct spell_id) from caller_spells where spell_id in ($spell_a, $spell_b)"


def _refuse_unknown(desk: Desk, spell_a: str, spell_b: str) -> None:
    with desk.published() as con:
        known = con.execute(_KNOWN, {"spell_a": spell_a, "spell_b": spell_b}).fetchone()
    if known != (2,):
        raise InputError("there is no such link in the published run", next_step="go back to the links")


def _decide(desk: Desk, spell_a: str, spell_b: str, decision: str, reason: str) -> None:
    payload = {"decision": decision, "spells_a": [spell_a], "spells_b": [spell_b], "reason": reason}
    desk.record("link_decided", payload)


def _pair(spell_a: str, spell_b: str) -> tuple[str, str]:
    return (min(spell_a, spell_b), max(spell_a, spell_b))


def _newest(events: Sequence[Event]) -> dict[str, Event]:
    return {event.actor: event for event in events}


def _state(judged: Mapping[str, Event]) -> str | None:
    if len(judged) < 2:
        return WAITING if judged else None
    return AGREED if len({event.data["decision"] for event in judged.values()}) == 1 else DIFFER


def _told(events: Sequence[Event], reader: str, decision: str | None) -> dict[str, Any]:
    judged = _newest(events)
    state = SETTLED if decision and len(judged) > 1 else _state(judged)
    both = [
        {"by": by, "decision": event.data["decision"], "reason": event.data["reason"], "at": event.at}
        for by, event in judged.items()
    ]
    mine = judged.get(reader)
    return {
        "mine": mine.data["decision"] if mine else None,
        "state": state,
        "both": both if len(judged) > 1 else None,
    }


# ── stops and looks ────────────────────────────────────────────────────────────────────────────


def stop(desk: Desk, caller: str, reason: str, *, is_urgent: bool = False) -> dict[str, Any]:
    """Bar a caller at once: open cases halt, pending approvals are void, lists and minutes leave the caller out.

    Keys: caller_id, reached (callers whom it reaches, this one among them), halted (cases).
    """
    desk.permit("stop", "stop")
    if not reason.strip():
        raise UsageError("a stop needs a reason", next_step="say what was seen or told; name nobody")
    with desk.published() as con, desk.book() as book:
        caller_id = explain.resolve_caller(con, caller)
        spells = published_callers.spells_of(con, caller_id)
        before = {ref for ref, case in book.cases().items() if case["status"] == "halted"}
        others = others_in_reach(con, caller_id)
        payload = {"reason": reason, "is_urgent": is_urgent, "spells": spells, "reached": others}
        book.record("stop_entered", actor=desk.actor, occurred_at=desk.now, caller_id=caller_id, payload=payload)
        reached = sorted({caller_id, *published_callers.stopped(con, _of(book, spells))})
        halt_reached(book, con, reached, actor=desk.actor, now=desk.now)
        halted = sorted(ref for ref, case in book.cases().items() if case["status"] == "halted" and ref not in before)
    return {"caller_id": caller_id, "reached": reached, "halted": halted}


def others_in_reach(con: Any, caller: str) -> list[str]:
    """The spells that a stop on the caller reaches besides the caller's own: whoever may be the same person."""
    return sorted(set(cases.reach_of(con, caller)).difference(published_callers.spells_of(con, caller)))


def _of(book: Casebook, spells: Sequence[str]) -> list[Any]:
    return [stop for stop in book.live_stops() if set(spells).intersection((*stop.spells, *stop.kept))]


def halt_reached(book: Casebook, con: Any, callers: Sequence[str], *, actor: str, now: datetime) -> list[str]:
    """Halt the cases of callers whom a stop reaches through others; which of them."""
    found = [
        reference
        for reference, case in book.cases().items()
        if case["status"] not in ("closed", "halted") and cases.caller_of(con, case) in callers
    ]
    return (
        book.halt(found, reason="a stop reaches the caller through others", actor=actor, occurred_at=now)
        if found
        else []
    )


def lift_stop(
    desk: Desk, caller: str, reason: str, *, rule: str | None = None, seen_run: str | None = None
) -> dict[str, Any]:
    """Lift a person's stop, or with `rule` a rule's: of the hits that stand in the published run, so of what was looked at.

    Keys: caller_id, is_still_stopped. The case stays halted until resumed. Errors: Refused where `seen_run`, the run that
    was looked at, is not the published one any more.
    """
    if seen_run not in (None, desk.run_id):
        raise Refused("another run was published since you looked", next_step="look again, then lift the stop")
    with desk.published() as con:
        caller_id = explain.resolve_caller(con, caller)
        spells = published_callers.spells_of(con, caller_id)
        payload: dict[str, Any] = {"reason": reason, "spells": spells}
        if rule not in (None, "person"):
            payload["rule_id"] = rule
        desk.record("stop_lifted", payload, caller_id=caller_id)
        with desk.book() as book:
            still = caller_id in published_callers.stopped_now(con, desk.settings, book)
    return {"caller_id": caller_id, "is_still_stopped": still}


def stops(desk: Desk) -> list[dict[str, Any]]:
    """Stops that people entered and that stand: event_id, caller_id, at, by, is_urgent, reason."""
    desk.permit("read_looks", "stops")
    with desk.book() as book:
        return [
            {
                "event_id": stop.event.event_id,
                "caller_id": stop.caller_id,
                "at": stop.at,
                "by": stop.event.actor,
                "is_urgent": stop.is_urgent,
                "reason": stop.event.data["reason"],
            }
            for stop in book.live_stops()
        ]


def _looked_at(con: Any, book: Casebook) -> dict[str, Event]:
    """The newest look at each caller, by who that surely is now."""
    holders, found = book.holders(), dict[str, Event]()
    for event in book.entries("look_acknowledged"):
        spells = event.data.get("spells") or ()
        sure = holders.sure_of(event, spells)
        caller = cases.caller_of(con, {"spells": sure, "caller_id": event.caller_id}) if sure or not spells else None
        if caller:
            found[str(caller)] = event
    return found


_LOOKS = "select * from look_list order by is_urgent desc, is_new desc, coded_misuse_calls desc, caller_id"
_STOPPED_SINCE = """
select
    windows.run_id, windows.as_of, callers.caller_id, callers.identity_kind, callers.support_first,
    callers.last_call_at
from callers
inner join windows on windows.window_name = 'headline'
where list_contains($callers, callers.caller_id)
"""


def looks(desk: Desk) -> list[dict[str, Any]]:
    """The look list as `look_rows` gives it."""
    desk.permit("read_looks", "looks")
    with desk.published() as con, desk.book() as book:
        return look_rows(con, book, desk.settings.duty_role)


def look_rows(con: Any, book: Casebook, duty_role: str) -> list[dict[str, Any]]:
    """The look list, urgent first, whom a stop entered since the run puts on it or makes urgent at its head (`is_since_run`).

    Keys: as the published look_list; is_since_run; seen_at (a look since the run, or before); waits (nobody has looked, or
    something urgent is there that nobody has looked at).
    """
    seen, live = _looked_at(con, book), book.live_stops()
    since = published_callers.since_run(con, live)
    found = [_with_looks(row, seen, since) for row in rows(con, _LOOKS)]
    known = {row["caller_id"] for row in found if row["is_stopped"]}
    stopped = {caller: urgent for caller, urgent in published_callers.stopped(con, live).items() if caller not in known}
    facts = {row["caller_id"]: row for row in rows(con, _STOPPED_SINCE, {"callers": sorted(stopped)})}
    # Of whom the run has no call, a stop of before it puts nobody on the list: their calls are others', or gone.
    stopped = {caller: urgent for caller, urgent in stopped.items() if caller in facts or caller in since}
    added = []
    for caller, is_urgent in stopped.items():
        row = published_callers.added_look(caller) | facts.get(caller, {})
        row |= {"case_ref": cases.reference_for(con, book, caller), "is_urgent": is_urgent, "duty_role": duty_role}
        added.append(_with_looks(row, seen, since) | {"is_urgent": is_urgent, "is_since_run": True})
    rest = [row for row in found if row["caller_id"] not in stopped]
    head = sorted(
        [*added, *(row for row in rest if row["is_since_run"])],
        key=lambda row: (not row["is_urgent"], row["caller_id"]),
    )
    return [*head, *(row for row in rest if not row["is_since_run"])]


def _with_looks(
    row: Mapping[str, Any], seen: Mapping[str, Event], since: Mapping[str, datetime | None]
) -> dict[str, Any]:
    """A row with when somebody looked; urgent where an urgent stop came since the run and nobody looked after it."""
    look = seen.get(row["caller_id"])
    seen_at = look.at if look else row["acknowledged_at"]
    is_new = published_callers.waits_since(since.get(row["caller_id"]), seen_at)
    is_unseen = bool(row["is_urgent"]) and not (look and published_callers.has_seen(look, row))
    return {
        **row,
        "seen_at": seen_at,
        "is_urgent": bool(row["is_urgent"]) or is_new,
        "is_since_run": is_new,
        "waits": is_new or is_unseen or seen_at is None,
    }


def stopped_of_nobody(desk: Desk) -> dict[str, Any]:
    """Stopped calls that no known caller made, beside the look list. Keys: sentence (empty where there are none), rows.

    The rows are the newest: received_at, channel, borough, is_urgent, is_new, duty_role.
    """
    desk.permit("read_looks", "looks")
    with desk.published() as con:
        sentence = published_callers.of_nobody(con).sentence
        return {"sentence": sentence, "rows": rows(con, _OF_NOBODY) if sentence else []}


_OF_NOBODY = """
select received_at, channel, borough, is_urgent, is_new, duty_role
from stopped_calls_of_nobody
order by received_at desc, call_key
limit 50
"""


def look_counts(desk: Desk) -> dict[str, int]:
    """How many are on the look list, how many urgent, how many nobody has looked at: all, urgent, unseen."""
    found = looks(desk)
    return {
        "all": len(found),
        "urgent": sum(1 for row in found if row["is_urgent"]),
        "unseen": sum(1 for row in found if row["seen_at"] is None),
    }


def acknowledge(desk: Desk, caller: str) -> None:
    """Record that the user has looked at the caller."""
    with desk.published() as con:
        caller_id = explain.resolve_caller(con, caller)
        payload = published_callers.seen_by_a_look(con, caller_id)
    desk.record("look_acknowledged", payload, caller_id=caller_id)


# ── who it is ──────────────────────────────────────────────────────────────────────────────────


def find(desk: Desk, *, number: str | None = None, address: str | None = None, reason: str) -> list[dict[str, Any]]:
    """The callers behind a number or an address, as `misuse find`; recorded before it is shown. It opens no warehouse."""
    return vaulted.find(desk, number=number, address=address, reason=reason)


def identify(desk: Desk, caller: str, reason: str) -> dict[str, Any]:
    """What the vault holds of a caller, as `misuse identify`; recorded before it is shown. It opens no warehouse."""
    return vaulted.identify(desk, caller, reason)


def why(desk: Desk, caller: str, call_key: str | None = None) -> explain.Explanation:
    """Why a caller is, or is not, on a list."""
    desk.permit("read_lists", "why")
    with desk.published() as con:
        return explain.why(con, caller, call_key=call_key)


def add_health_note(desk: Desk, ref: str, text: str) -> None:
    """Add a note that only the health liaison opens: encrypted in the casebook."""
    if not text.strip():
        raise UsageError("the note says nothing", next_step="write it, or leave it")
    reference = cases.reference_of(desk, ref)
    desk.permit("health_notes", "health note")
    with desk.book() as book:
        sealed = book.seal(text, f"health|{reference}")
    desk.record("health_note_added", {"sealed": sealed}, case_ref=reference)


def health_notes(desk: Desk, ref: str) -> list[dict[str, Any]]:
    """The health notes of a case, opened by their role alone; the reading is recorded. Keys: event_id, at, by, note."""
    reference = cases.reference_of(desk, ref)
    desk.record("health_notes_read", {}, case_ref=reference)
    with desk.book() as book:
        return [
            {
                "event_id": event.event_id,
                "at": event.at,
                "by": event.actor,
                "note": book.unseal(event.data["sealed"], f"health|{reference}"),
            }
            for event in book.entries("health_note_added", case_ref=reference)
        ]
