"""The order of the tasking list: ranking, parts within capacity, lanes, and why each person is on it. Pure.

The order is counts that anybody can check: misuse calls, then handling plus unit time, then the earliest
tenth call. A list is put before people; nothing here decides, and enforcement is never recommended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from misuse.schemas import TASKING_LIST
from misuse.wording import local_day

if TYPE_CHECKING:
    import polars as pl

DUE, NEW, NEXT, WAITING = 1, 2, 3, 4
OPEN_STATES = ("proposed", "under_action", "under_review", "halted")
_SURE = 0.95  # chance of truly being over the line, below which the doubt is said
_ORDINALS = ("", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

# What the candidates may lack, since a casebook may be empty or a log not measure it.
_OPTIONAL = {
    "status": "VARCHAR",
    "case_lane": "VARCHAR",
    "owner": "VARCHAR",
    "review_date": "DATE",
    "closed_at": "TIMESTAMP",
    "doubtful_calls_window": "BIGINT",
    "stopped_calls_window": "BIGINT",
    "urgent_stops_unseen": "BIGINT",
    "fault_calls": "BIGINT",
    "most_calls_24_hours": "BIGINT",
    "number_count": "INTEGER",
    "p_at_least_threshold": "DOUBLE",
    "unconfirmed_links": "BIGINT",
    "misuse_calls_confirmed": "BIGINT",
    "is_changed": "BOOLEAN",
}


class Option(Protocol):
    """Something the group may choose: its lane, its wording, and whether the law has it on a day."""

    @property
    def lane(self) -> str: ...

    @property
    def title(self) -> str: ...

    def is_open(self, day: date) -> bool:
        """Whether the option stands in law on `day`."""
        ...


@dataclass(frozen=True)
class Meeting:
    """What the list is made for."""

    run_id: str
    as_of: date
    capacity: int
    threshold: int
    window_days: int
    cycle_days: int
    has_previous_cycle: bool
    zone: ZoneInfo
    is_linked: bool
    blind: Sequence[str]
    options: Mapping[str, list[str]]


def make_list(
    candidates: pl.DataFrame,
    *,
    capacity: int,
    threshold: int,
    as_of: date,
    cycle_days: int,
    has_previous_cycle: bool,
    options: Sequence[Option],
    run_id: str,
    window_days: int = 365,
    reporting_zone: str = "Europe/London",
    is_linked: bool = False,
    blind: Sequence[str] = (),
) -> pl.DataFrame:
    """The tasking list, as `schemas.TASKING_LIST` declares it, in the order of part and rank.

    `options` come least intrusive first. `blind` are the safeguards that the log can never set off and nobody checked
    by other means: they bar enforcement for all. Whoever is no person or is stopped is left out, should the
    candidates hold any; one below the threshold stays only while a case is under action or review.
    """
    import polars as pl

    at_as_of: dict[str, list[str]] = {}
    for option in options:
        if option.is_open(as_of):
            at_as_of.setdefault(option.lane, []).append(option.title)
    zone = ZoneInfo(reporting_zone)
    meeting = Meeting(
        run_id,
        as_of,
        capacity,
        threshold,
        window_days,
        cycle_days,
        has_previous_cycle,
        zone,
        is_linked,
        blind,
        at_as_of,
    )
    placed = _placed(_ranked(_eligible(candidates, threshold)), meeting)
    rows = [_row(facts, meeting) for facts in placed.iter_rows(named=True)]
    schema = {column.name: _polars_type(column.type) for column in TASKING_LIST.columns}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("part", "rank")


def _eligible(candidates: pl.DataFrame, threshold: int) -> pl.DataFrame:
    import polars as pl

    missing = [
        pl.lit(None, _polars_type(kind)).alias(name) for name, kind in _OPTIONAL.items() if name not in candidates
    ]
    frame = candidates.with_columns(missing).with_columns(pl.col("misuse_calls_window").fill_null(0))
    is_open = pl.col("status").is_in(OPEN_STATES).fill_null(value=False)
    allowed = (pl.col("identity_kind") == "person") & ((pl.col("misuse_calls_window") >= threshold) | is_open)
    if "is_stopped" in frame.columns:
        allowed &= ~pl.col("is_stopped").fill_null(value=False)
    return frame.filter(allowed).with_columns(is_open=is_open)


def _ranked(eligible: pl.DataFrame) -> pl.DataFrame:
    """In the list's order, rank from 1. Time that was not measured counts as none."""
    import polars as pl

    seconds = pl.col("handling_seconds").fill_null(0) + pl.col("unit_seconds").fill_null(0)
    ordered = eligible.with_columns(work_seconds=seconds).sort(
        "misuse_calls_window",
        "work_seconds",
        "tenth_misuse_at",
        "caller_id",
        descending=[True, True, False, False],
        nulls_last=True,
    )
    return ordered.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int32))


def _placed(ranked: pl.DataFrame, meeting: Meeting) -> pl.DataFrame:
    """Each row's part. Capacity is for parts 2 and 3; a case under action or review takes no place of theirs."""
    import polars as pl

    horizon = meeting.as_of + timedelta(days=meeting.cycle_days)
    is_closed = (pl.col("status") == "closed").fill_null(value=False)
    is_reopened = is_closed & (pl.col("last_misuse_at") > pl.col("closed_at")).fill_null(value=False)
    is_suppressed = (pl.col("status") == "suppressed").fill_null(value=False) & (
        pl.col("review_date") >= meeting.as_of
    ).fill_null(value=False)
    is_entrant = ~pl.col("is_open") & (~is_closed | is_reopened) & ~is_suppressed
    is_new = is_entrant & (pl.col("is_new") | is_reopened) & meeting.has_previous_cycle
    marked = ranked.with_columns(
        is_due=pl.col("is_open") & (pl.col("review_date") <= horizon).fill_null(value=True),
        is_closed=is_closed & ~is_reopened,
        is_reopened=is_reopened,
        is_suppressed=is_suppressed,
        takes_new=is_new.fill_null(value=False),
        takes_next=is_entrant & ~is_new.fill_null(value=False),
    )
    new_place, next_place = (pl.col(name).cum_sum().cast(pl.Int64) for name in ("takes_new", "takes_next"))
    left = meeting.capacity - pl.col("takes_new").sum().cast(pl.Int64)
    return marked.with_columns(
        part=pl.when("is_due")
        .then(DUE)
        .when(pl.col("takes_new") & (new_place <= meeting.capacity))
        .then(NEW)
        .when(pl.col("takes_next") & (next_place <= left))
        .then(NEXT)
        .otherwise(WAITING)
    )


def _row(facts: dict[str, Any], meeting: Meeting) -> dict[str, Any]:
    """One row of the list from a placed candidate."""
    row = {name: facts[name] for name in TASKING_LIST.column_names if name in facts}
    bars = _bars(facts, meeting)
    lane = _lane(facts, bars)
    decided = facts["status"] if facts["is_open"] or facts["status"] == "closed" or facts["is_suppressed"] else None
    return {
        **row,
        "run_id": meeting.run_id,
        "as_of": meeting.as_of,
        "flags": [*(facts["flags"] or []), *(["reopened"] if facts["is_reopened"] else [])],
        "lane": lane,
        "options": meeting.options.get(lane, []),
        "status": decided or ("waiting" if facts["part"] == WAITING else "listed"),
        "reasons": _reasons(facts, meeting),
        "doubts": [*_doubts(facts, meeting), *_barred(facts, bars, meeting)],
        "is_new": bool(facts["is_new"]) and meeting.has_previous_cycle,
        "unconfirmed_links": facts["unconfirmed_links"] or 0,
        "misuse_calls_confirmed": _confirmed(facts),
        "enforcement_bars": bars,
    }


def _confirmed(facts: Mapping[str, Any]) -> int:
    """Misuse calls that stand without any link that no person confirmed."""
    confirmed = facts["misuse_calls_confirmed"]
    return int(facts["misuse_calls_window"] if confirmed is None else confirmed)


def _bars(facts: Mapping[str, Any], meeting: Meeting) -> list[str]:
    """What bars enforcement, by name; danger first, then the caller's own bars."""
    bars = ["urgent_stop_unseen"] if facts["urgent_stops_unseen"] else []
    if _confirmed(facts) < meeting.threshold:
        bars.append("unconfirmed_links" if facts["unconfirmed_links"] else "below_threshold")
    if facts["is_changed"]:
        bars.append("changed_identity")
    return [*bars, "safeguards_blind"] if meeting.blind else bars


def _barred(facts: Mapping[str, Any], bars: Sequence[str], meeting: Meeting) -> list[str]:
    """Why enforcement is shut, in sentences."""
    links = facts["unconfirmed_links"] or 0
    why = {
        "urgent_stop_unseen": "an urgent hard stop waits for somebody to look at it.",
        "unconfirmed_links": f"{_count(links, 'link')} between these numbers {'is' if links == 1 else 'are'} confirmed by "
        f"nobody, and without {'it' if links == 1 else 'them'} {_confirmed(facts)} misuse calls stand.",
        "below_threshold": f"the misuse calls in the window are under the line of {meeting.threshold}.",
        "changed_identity": "the case was opened on other numbers than are now taken as this person.",
        "safeguards_blind": f"{_count(len(meeting.blind), 'safeguard')} cannot be set off by this log, and nobody has "
        "recorded another check.",
    }
    return [f"Enforcement is shut: {why[bar]}" for bar in bars]


def _lane(facts: Mapping[str, Any], bars: Sequence[str]) -> str:
    """The least intrusive lane that fits; a lane that people decided on stands while their case is open.

    Except enforcement where it is barred. Who may be in danger is not written to about their handset.
    """
    if facts["urgent_stops_unseen"] or facts["support_first"]:
        return "support"
    if "handset_fault" in (facts["flags"] or []):
        return "technical"
    if facts["is_open"] and facts["case_lane"] and not (facts["case_lane"] == "enforcement" and bars):
        return str(facts["case_lane"])
    return "engagement"


def _reasons(facts: Mapping[str, Any], meeting: Meeting) -> list[str]:
    """Why the person is on the list and in this part, in sentences."""
    calls, where = facts["misuse_calls_window"], f"in the {_count(meeting.window_days, 'day')} to {_day(meeting.as_of)}"
    tenth = facts["tenth_misuse_at"]
    reached = f"; the {_ordinal(meeting.threshold)} on {_local_day(tenth, meeting)}" if tenth else ""
    said = [f"{_count(calls, 'misuse call')} {where}{reached}."]
    if calls < meeting.threshold:
        said.append(f"Under the line of {meeting.threshold} now; shown because the case is open.")
    said.append(_place(facts, meeting))
    if facts["support_first"]:
        said.append("A vulnerability is known: support comes first.")
    elif facts["urgent_stops_unseen"]:
        said.append("Until somebody has looked at what may be danger, support comes first.")
    return said


def _place(facts: Mapping[str, Any], meeting: Meeting) -> str:
    """Why this part, in a sentence."""
    if facts["is_open"]:
        return _case_place(facts, meeting)
    if facts["is_closed"]:
        return "The case is closed, and no misuse call since is known."
    if facts["is_suppressed"]:
        return f"Kept off the meeting's part of the list by a person until {_day(facts['review_date'])}."
    if facts["is_reopened"]:
        back = f"Back since the case was closed on {_local_day(facts['closed_at'], meeting)}: misuse calls have gone on"
        return f"{back}." if facts["part"] != WAITING else f"{back}; waits, beyond this cycle's capacity."
    if facts["part"] == NEW:
        return "New since the last cycle."
    if facts["part"] == NEXT:
        return "Among the next most prolific."
    waits = "New since the last cycle, but waits" if facts["takes_new"] else "Waits"
    return f"{waits}: beyond this cycle's capacity of {meeting.capacity}."


def _case_place(facts: Mapping[str, Any], meeting: Meeting) -> str:
    state = str(facts["status"]).replace("_", " ")
    owner = f", owned by {facts['owner']}" if facts["owner"] else ""
    due = facts["review_date"]
    if due is None:
        return f"The case is {state}{owner}, and no review date is set."
    if due < meeting.as_of:
        return f"The case is {state}{owner}; its review is overdue since {_day(due)}."
    when = "is due on" if facts["is_due"] else "is not due before"
    return f"The case is {state}{owner}; its review {when} {_day(due)}."


def _doubts(facts: Mapping[str, Any], meeting: Meeting) -> list[str]:
    """Why the list might be wrong about this person, in sentences; the gravest first."""
    calls, said = facts["misuse_calls_window"], []
    if unseen := facts["urgent_stops_unseen"] or 0:
        said.append(
            f"{_count(unseen, 'urgent hard stop')} on this person's calls that nobody has looked at: look before deciding."
        )
    if stopped := facts["stopped_calls_window"] or 0:
        said.append(f"{_count(stopped, 'more coded call')} barred by a hard stop, not counted: look there first.")
    if doubtful := facts["doubtful_calls_window"] or 0:
        said.append(
            f"{_count(doubtful, 'more coded call')} doubtful, not counted: the code is unknown, defaulted or contradicted."
        )
    if genuine := facts["genuine_calls_window"] or 0:
        said.append(f"Also made {_count(genuine, 'genuine call')} in the window.")
    if calls and "one_bad_night" in (facts["flags"] or []):
        most = facts["most_calls_24_hours"] or 0
        episodes = _count(facts["episodes"], "episode")
        within = f"{most} of {calls} calls came within 24 hours" if most > 1 else f"{calls} calls in all"
        said.append(f"{within}, {episodes} in all: one bad night is not persistence.")
    if "handset_fault" in (facts["flags"] or []):
        said.append(
            f"{_count(facts['fault_calls'] or 0, 'call')} of the window as a faulty handset or line makes them: have it "
            "checked first."
        )
    if "may_be_shared_line" in (facts["flags"] or []):
        said.append("A number behaves as a line of many people: find out first whether it is one.")
    if (facts["number_count"] or 1) > 1:
        links = facts["unconfirmed_links"] or 0
        by = f", by {_count(links, 'link')} that nobody has confirmed" if links else ""
        said.append(f"{facts['number_count']} numbers are taken as one person{by}.")
    elif not meeting.is_linked:
        said.append("One number is taken as one person; linkage has not been run.")
    if facts["p_at_least_threshold"] is None:
        said.append(
            f"Coding has not been double-checked: {_number(meeting.threshold)} coded calls may not be "
            f"{_number(meeting.threshold)} misuse calls."
        )
    elif facts["p_at_least_threshold"] < _SURE:
        said.append(
            f"Codes err: by calls coded again the chance that at least {_number(meeting.threshold)} truly are misuse is "
            f"{facts['p_at_least_threshold']:.0%}."
        )
    if facts["handling_seconds"] is None:
        said.append("No handling time was measured, so the workload is not known.")
    return said


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _number(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def _ordinal(number: int) -> str:
    if number < len(_ORDINALS):
        return _ORDINALS[number]
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _local_day(moment: datetime, meeting: Meeting) -> str:
    return _day(local_day(moment, meeting.zone))


def _polars_type(kind: str) -> pl.DataType:
    import polars as pl

    types: dict[str, pl.DataType] = {
        "VARCHAR": pl.String(),
        "VARCHAR[]": pl.List(pl.String()),
        "DATE": pl.Date(),
        "TIMESTAMP": pl.Datetime("us"),
        "INTEGER": pl.Int32(),
        "BIGINT": pl.Int64(),
        "DOUBLE": pl.Float64(),
        "BOOLEAN": pl.Boolean(),
    }
    return types[kind]
