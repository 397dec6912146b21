"""The auditor's desk: the chain verified, events read and exported, every reading recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from misuse.casebook import KINDS, PIPELINE
from misuse.errors import InputError
from misuse.room import told
from misuse.room.desk import Desk


def verify(desk: Desk, head: str | None = None) -> dict[str, Any]:
    """Whether the chain holds, against heads noted outside and those of published runs too.

    Keys: is_whole, broken[{event_id, why}], head, events, anchors[{at, event_id, head, why, run_id}], runs (heads compared),
    at (when it was checked).
    """
    desk.permit("read_casebook", "verify")
    runs = _heads_of_runs(desk)
    with desk.book() as book:
        faults = book.faults([*([head] if head else []), *runs])
        return {
            "is_whole": not faults,
            "broken": [{"event_id": broken.event_id, "why": broken.why} for broken in faults],
            "head": book.head(),
            "events": book.count(),
            "anchors": [vars(anchor) for anchor in book.anchors()],
            "runs": len(runs),
            "at": desk.now,
        }


def _heads_of_runs(desk: Desk) -> list[str]:
    if not desk.settings.current_path.exists():
        return []
    with desk.published() as con:
        return [str(head) for (head,) in con.execute(_HEADS).fetchall()]


_HEADS = "select distinct casebook_head from runs where casebook_head <> '' order by casebook_head"


def events(
    desk: Desk,
    *,
    kind: str | None = None,
    case_ref: str | None = None,
    caller: str | None = None,
    actor: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 200,
) -> list[dict[str, Any]]:
    """Events, newest first, before an event's number: what was recorded, by whom, with what stood before and after.

    Keys: as `told.event_line`, with caller_id, case_ref, run_id, in_force_run, rules_version, model_version, digest, data,
    put_away_by. The reading is recorded. Errors: InputError for a kind, a case or a user that no event has: what was typed
    may be a person's name, and is not written down.
    """
    desk.permit("read_casebook", "events")
    with desk.book() as book:
        if kind not in (None, *KINDS) or not all(
            book.newest(1, **{name: value}) for name, value in (("case_ref", case_ref), ("actor", actor)) if value
        ):
            raise InputError("no event is of that kind, that case or that user", next_step="look at every event first")
    asked = {"kind": kind, "case_ref": case_ref, "caller": caller, "actor": actor, "before": before}
    what = {name: value for name, value in asked.items() if value is not None}
    desk.record("casebook_read", {"what": "events", **what}, case_ref=case_ref, caller_id=caller)
    with desk.book() as book:
        kinds = (kind,) if kind else ()
        of = {"caller_id": caller, "case_ref": case_ref, "since": since, "actor": actor, "before": before}
        found = book.newest(limit, *kinds, **of)[::-1]
        opened = book.opened(desk.actor, found)
    return [_line(event, row) for event, row in zip(found, opened, strict=True)]


def actors(desk: Desk) -> list[str]:
    """Whoever was ever on the list of users, and the pipeline: by whom events can be."""
    desk.permit("read_casebook", "actors")
    with desk.book() as book:
        return sorted({PIPELINE, *(str(event.data["user"]) for event in book.entries("user_added"))})


def _line(event: Any, opened: dict[str, Any]) -> dict[str, Any]:
    names = ("caller_id", "case_ref", "run_id", "in_force_run", "rules_version", "model_version", "digest")
    return {**told.event_line(event), **{name: getattr(event, name) for name in names}, "data": opened["data"]}


def export_events(desk: Desk) -> list[dict[str, Any]]:
    """Every event, as `misuse audit export`; the reading is recorded."""
    desk.record("casebook_read", {"what": "export"})
    with desk.book() as book:
        return book.events(desk.actor)
