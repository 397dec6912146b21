"""The tables a run reads of the casebook: rows in the column order of the file of each name under sql/rules/."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from misuse.casebook import coding, spells, state
from misuse.casebook.events import Event, canonical, read
from misuse.casebook.holders import Holders, Holding, taken
from misuse.casebook.rows import uncollected

if TYPE_CHECKING:
    import sqlalchemy as sa

Row = tuple[Any, ...]
PUT_AWAY = "put_away"  # the rule that a bar goes by from then on (sql/detection/stopped_calls.sql)


@uncollected()
def tables(con: sa.Connection, as_of: date | None, current: Sequence[Holding] | None = None) -> dict[str, list[Row]]:
    """The tables a run reads; see `Casebook.tables`."""
    holders = taken(con, current)
    kept = spells.kept_stops(con, holders)
    stops = state.live_stops(con, holders, kept)
    drawn = coding.samples(read(con, *coding.EVENTS))
    return {
        "casebook_stops": [(s.caller_id, list(s.spells), s.at, s.is_urgent, s.event.event_id) for s in stops],
        "casebook_lifts": list(spells.rule_lifts(con, holders)),
        "casebook_cases": [_case_row(ref, case) for ref, case in sorted(state.cases(con, holders).items())],
        "casebook_moves": [_move_row(event) for event in read(con, "case_moved")],
        "casebook_acknowledgements": _acknowledgements(con, holders),
        "casebook_links": [
            (d.link_id, d.decision, list(d.spells_a), list(d.spells_b), d.event.at)
            for d in spells.link_decisions(con, holders)
        ],
        "casebook_shared_lines": [
            (token, line.kind, line.event.at) for token, line in sorted(spells.shared_lines(con).items())
        ],
        "casebook_safeguard_checks": [
            (rule, check.event.at, check.until) for rule, check in sorted(spells.safeguard_checks(con).items())
        ],
        "casebook_caller_sets": [
            (caller, list(members), event.run_id, event.at)
            for caller, (members, event) in sorted(spells.caller_sets(con, holders).items())
            if members
        ],
        "casebook_former_spells": [(spell, list(now)) for spell, now in sorted(holders.former().items())],
        "casebook_carried_stops": [(list(members), rule) for members, rule in spells.carried_stops(con, holders)],
        "casebook_kept_stops": [*_kept_stops(stops, kept), *_barred(con)],
        "casebook_coded_calls": coding.rows(drawn),
        "casebook_coding_samples": coding.sample_rows(drawn),
        "casebook_coding_models": [
            (event.at, canonical(event.data["document"])) for event in read(con, "coding_model_trained")[-1:]
        ],
        "last_cycle": _last_cycle(con, as_of, holders),
    }


def _kept_stops(stops: Sequence[state.LiveStop], kept_on: Sequence[spells.KeptStop]) -> list[Row]:
    """Those of rules and carried ones; of the stops that people entered, while they stand somewhere."""
    of_people = [(spells.PERSON, str(stop.event.event_id), False, list(stop.kept)) for stop in stops if stop.kept]
    others = [
        (kept.rule_id, kept.hit, kept.is_silent_only, list(kept.spells))
        for kept in kept_on
        if kept.rule_id != spells.PERSON or kept.hit == spells.CARRIED
    ]
    return of_people + others


def _barred(con: sa.Connection) -> list[Row]:
    """Calls that a rule barred when their caller was put away, by the certificates, and by those that a restoring applied."""
    leaves = [event.data.get("leaves") or {} for event in read(con, "disposed")]
    restored = [event.data for event in read(con, "backup_restored")]
    found = {str(call) for left in (*leaves, *restored) for call in left.get("barred") or ()}
    return [(PUT_AWAY, call, False, []) for call in sorted(found)]


def _case_row(case_ref: str, case: Mapping[str, Any]) -> Row:
    review_date = date.fromisoformat(str(case["review_date"])) if case["review_date"] else None
    return (
        case_ref,
        case["caller_id"],
        list(case["spells"]),
        case["opened_at"],
        case["status"],
        case["lane"],
        case["owner"],
        review_date,
        case["moves"],
        case["is_parted"],
    )


def _move_row(event: Event) -> Row:
    data = event.data
    who = (event.event_id, event.case_ref, event.caller_id, event.at)
    return (*who, data["move"], data["from"], data["to"], event.actor_role, event.run_id)


def _acknowledgements(con: sa.Connection, holders: Holders) -> list[Row]:
    """A look counts for those alone who surely are the people looked at."""
    looks = {str(event.caller_id): event for event in read(con, "look_acknowledged")}
    rows = [
        (
            caller,
            event.at,
            event.data.get("urgent_stops_seen"),
            sorted(holders.sure_of(event, spells.known_spells(event))),
            event.data.get("stops_seen"),
        )
        for caller, event in sorted(looks.items())
    ]
    return [row for row in rows if row[3]]


def _last_cycle(con: sa.Connection, as_of: date | None, holders: Holders) -> list[Row]:
    found = state.last_cycle(con, as_of)
    if found is None:
        return []
    day, event = found
    rows = [
        (row["caller_id"], day, list(holders.all_of(event, state.row_spells(row)))) for row in event.data["eligible"]
    ]
    return [row for row in rows if row[2]]
