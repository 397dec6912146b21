"""What came of decisions, the cross-borough problem profile, and the Monday page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from misuse import cycle, models, published_callers, store, wording
from misuse.casebook import Event
from misuse.room import actions, boroughs, care, cases, comparing, told
from misuse.room.desk import Desk, rows


def results(desk: Desk, cycle_id: str) -> dict[str, Any]:
    """What was decided in earlier meetings, calls per 30 days before and since, beside callers eligible but not taken.

    Keys: cases[{case_ref, caller_id, decided_at, cycle, lane, option, not_taken (those left of the list it was taken from,
    over the same days: cycle, callers, rates), and the rates: days_before, days_since, per_30_before, per_30_since,
    genuine_per_30_before, genuine_per_30_since}], taken and not_taken (all of these together, each caller once, from the
    first action; callers, compared, mean rates), note. A comparison, not an effect: callers picked for being high fall anyway.
    """
    desk.permit("read_lists", "results")
    with desk.book() as book, desk.published() as con:
        actions.frozen_list(book, cycle_id)
        known = book.cases()
        beside = comparing.Beside(desk, book, con)
        acted = [event for event in book.entries("case_moved") if event.data["to"] == "under_action"]
        found, left = [], set[str]()
        for event in acted:
            if event.data.get("meeting") == cycle_id:
                continue
            caller = cases.caller_of(con, known[str(event.case_ref)])
            measured = comparing.rates_of(con, [caller], desk.day_of(event.at))
            left.update(beside.left(event)[1])
            found.append(
                {
                    "case_ref": event.case_ref,
                    "caller_id": caller,
                    "decided_at": event.at,
                    "cycle": event.data.get("meeting"),
                    "lane": event.data.get("lane"),
                    "option": event.data.get("option"),
                    **told.rates(measured, 1),
                    "not_taken": beside.of(event),
                }
            )
    span = {"span_days": comparing.SPAN_DAYS}
    return {"cases": found, **_together(found, len(left)), **span, "note": NOTE}


NOTE = (
    "A comparison, not an effect: callers who are picked because they call most fall afterwards whatever is done. Read the "
    "fall beside that of the eligible callers not taken, and the genuine calls beside the misuse calls."
)
_MEANS = ("per_30_before", "per_30_since", "genuine_per_30_before", "genuine_per_30_since")


def _together(found: Sequence[dict[str, Any]], left: int) -> dict[str, Any]:
    """Taken and not taken, each caller once, from the first action: means over those who have both a before and a since.

    Those not taken are averaged as often as somebody was taken beside them, so over the same days and lists.
    """
    first: dict[str, dict[str, Any]] = {}
    for row in found:
        first.setdefault(row["caller_id"], row)
    pairs = [(row, row["not_taken"]) for row in first.values() if _has_both(row)]
    return {
        "taken": {"callers": len(first), **_mean([row for row, _ in pairs])},
        "not_taken": {"callers": left, **_mean([other for _, other in pairs if _has_both(other)])},
    }


def _has_both(row: Mapping[str, Any]) -> bool:
    return row["per_30_before"] is not None and row["per_30_since"] is not None


def _mean(compared: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The mean of each rate, and of the days measured; None and no days where nobody is compared."""
    size = len(compared)
    days = {name: round(sum(row[name] for row in compared) / max(size, 1)) for name in ("days_before", "days_since")}
    rates = {name: round(sum(row[name] for row in compared) / size, 2) if size else None for name in _MEANS}
    return {"compared": size, **days, **rates}


def problem_profile(desk: Desk, cycle_id: str | None = None) -> dict[str, Any]:
    """Persistent callers' misuse across boroughs, as published.

    Keys: run_id, as_of, boroughs[{borough, misuse_calls, callers, callers_of_several_boroughs, calls_of_those}],
    lanes {lane: listed callers}, flags {flag: listed callers}, told[sentence].
    """
    desk.permit("read_process", "profile")
    with desk.published() as con, desk.book() as book:
        areas = store.rows(models.select(con, "room/problem_profile", {}))
        listed = rows(con, "select lane, flags from tasking_list")
        as_of = con.execute("select max(as_of) from windows").fetchone()
        run_id, frozen = desk.run_id, book.frozen_lists().get(cycle_id or "")
    lanes = Counter(row["lane"] for row in listed)
    flags = Counter(flag for row in listed for flag in row["flags"] or ())
    areas.sort(key=lambda row: row["borough"] == "not recorded")
    whole = sum(int(row["misuse_calls"]) for row in areas)
    across = sum(int(row["calls_of_those"]) for row in areas)
    return {
        "cycle": cycle_id,
        "run_id": run_id,
        "as_of": as_of[0] if as_of else None,
        "boroughs": areas,
        "lanes": dict(lanes),
        "flags": dict(flags),
        "told": [*_of_another_run(run_id, as_of, frozen), *_profile_told(areas, whole, across)],
    }


def _of_another_run(run_id: str, as_of: tuple[date] | None, frozen: Event | None) -> list[str]:
    """What a meeting's profile is of, where the run that is published is not the one whose list it froze."""
    if frozen is None or frozen.run_id == run_id or not as_of or as_of[0] is None:
        return []
    return [
        f"These are figures of the newest run ({run_id}, calls to the end of {as_of[0].day} {as_of[0]:%B %Y}), not of the "
        "one whose list was frozen."
    ]


def _profile_told(areas: list[dict[str, Any]], whole: int, across: int) -> list[str]:
    if not areas:
        return ["No misuse call of a persistent caller is published."]
    first = next((area for area in areas if area["borough"] != "not recorded"), areas[0])
    return [
        f"{wording.place(first['borough'])} has most: {first['misuse_calls']:,} of {whole:,} misuse calls by {first['callers']:,} callers.",
        f"{across:,} of the {whole:,} are by callers whose misuse falls in more than one borough: no borough sees them whole.",
    ]


def monday(desk: Desk) -> dict[str, Any]:
    """What to know and to do this morning.

    Keys: run_id, as_of, entered, left, changed (rows of the list that no stop reaches, against the newest frozen one), to_prepare (such
    rows of parts 1 to 3 that nobody has prepared, left or decided since it was frozen), overdue[{kind, ref, told, since}], approvals[case rows], must_reconcile,
    halted, looks{urgent, unseen, all}, links_waiting, next_freeze.
    """
    desk.permit("read_lists", "monday")
    with desk.published() as con, desk.book() as book:
        published = rows(con, "select * from tasking_list order by part, rank")
        frozen = list(book.frozen_lists().values())
        earlier = {row["caller_id"]: row for row in frozen[-1].data["eligible"]} if frozen else {}
        done = book.entries("case_prepared", "case_left", "case_moved")
        seen_to = {event.case_ref for event in done if frozen and event.event_id > frozen[-1].event_id}
        stopped = published_callers.stopped(con, book.live_stops())
        found = cases.case_rows(book, desk.today)
        waiting = published_callers.open_suggestions(con)
        listed = [row for row in published if row["caller_id"] not in stopped]
        now = {row["caller_id"] for row in listed}
        left = _left(desk, con, [row for caller, row in earlier.items() if caller not in now], found, stopped)
    return {
        "run_id": desk.run_id,
        "as_of": published[0]["as_of"] if published else None,
        "entered": [row for row in listed if row["caller_id"] not in earlier] if frozen else [],
        "left": left,
        "changed": [_change(row, earlier[row["caller_id"]]) for row in listed if _is_changed(row, earlier)],
        "to_prepare": [row for row in listed if row["part"] < 4 and row["case_ref"] not in seen_to],
        "overdue": _overdue(desk, found),
        "approvals": [row for row in found if row["pending"]],
        "must_reconcile": [row for row in found if row["must_reconcile"]],
        "halted": [row for row in found if row["status"] == "halted"],
        "looks": care.look_counts(desk),
        "links_waiting": waiting,
        "next_freeze": cycle.due_on(desk.settings),
    }


_GONE = """
select callers.caller_id, callers.is_stopped, callers.identity_kind, headline.misuse_calls
from callers
left join caller_windows as headline on callers.caller_id = headline.caller_id and headline.window_name = 'headline'
where list_contains($callers, callers.caller_id)
"""


def _left(
    desk: Desk, con: Any, gone: list[dict[str, Any]], found: list[dict[str, Any]], stopped: Mapping[str, bool]
) -> list[dict[str, Any]]:
    """Whoever was on the newest frozen list and is on it no more, each with why."""
    if not gone:
        return []
    held = {row["caller_id"]: row for row in rows(con, _GONE, {"callers": [row["caller_id"] for row in gone]})}
    known = {row["case_ref"]: row for row in found}
    return [
        {
            **row,
            "why": _why_left(
                desk, held.get(row["caller_id"]), known.get(row.get("case_ref")), row["caller_id"] in stopped
            ),
        }
        for row in gone
    ]


def _why_left(
    desk: Desk, held: Mapping[str, Any] | None, case: Mapping[str, Any] | None, is_stopped: bool
) -> str:  # fmt: skip
    if is_stopped:
        return "stopped by a person since"
    if held is None:
        return "merged or split: the run takes the numbers to be somebody else's"
    if held["is_stopped"]:
        return "stopped by a safeguard of the rules"
    if held["identity_kind"] != "person":
        return "taken for a shared line or premises now"
    if case is not None and case["status"] in ("closed", "suppressed"):
        return f"the case was {case['status']}" + (
            f" until {case['review_date']}" if case["status"] == "suppressed" else ""
        )
    calls = int(held["misuse_calls"] or 0)
    if calls < desk.settings.threshold:
        return f"{wording.of(calls, 'misuse call')} in the window now, under {desk.settings.threshold}"
    return "no longer on the list"


def _is_changed(row: Mapping[str, Any], earlier: Mapping[str, Mapping[str, Any]]) -> bool:
    was = earlier.get(row["caller_id"])
    return was is not None and (was["part"] != row["part"])


def _change(row: Mapping[str, Any], was: Mapping[str, Any]) -> dict[str, Any]:
    why = (row.get("reasons") or [None])[-1]
    return {**row, "part_was": was["part"], "rank_was": was["rank"], "why": why}


def _overdue(desk: Desk, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    reviews = [
        {"kind": "review", "ref": row["case_ref"], "told": f"review of {row['case_ref']}", "since": row["review_date"]}
        for row in found
        if row["is_overdue"]
    ]
    late = [
        {"kind": "action", "ref": row["action_id"], "told": row["action"], "since": row["deadline"]}
        for row in actions.actions(desk, overdue=True)
    ]
    asked = [
        {
            "kind": "tasking",
            "ref": row["tasking_id"],
            "told": f"{row['borough']}: {row['ask']}",
            "since": row["deadline"],
        }
        for row in boroughs.taskings(desk)
        if row["is_overdue"]
    ]
    return sorted([*reviews, *late, *asked], key=lambda row: row["since"] or date.max)
