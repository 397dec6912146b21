"""Which columns name each call, as every row of the file shows: for `source draft` only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from misuse.sources.layout import TimeRule
from misuse.sources.naming import Proposal
from misuse.sources.raw import RawFile
from misuse.sources.timing import parameters

if TYPE_CHECKING:
    import duckdb


def call_id(con: duckdb.DuckDBPyConnection, proposal: Proposal, raw: RawFile) -> tuple[str | list[str], str]:
    """The column that names each call, or pieces that do, and what to remark of it.

    A row that comes twice is one call, and one without a time of receipt none: a footer, or extracts that overlap, take
    nothing from an id.
    """
    received = proposal.columns.get("received_at", ())
    if proposal.ids:
        _gather(con, proposal, raw)
        try:
            if found := _chosen(con, proposal, raw):
                return found
        finally:
            con.execute("drop table if exists temp.draft_calls")
    return ["{row}", *received], (
        "no column names each call: what stands in two files, or at another place when sent again, is counted twice, so "
        "files of this source must not overlap"
    )


def _chosen(con: duckdb.DuckDBPyConnection, proposal: Proposal, raw: RawFile) -> tuple[str | list[str], str] | None:
    received = proposal.columns.get("received_at", ())
    version = [raw.mapped[column] for column in proposal.columns.get("version", ())]
    who = next((proposal.columns[key] for key in ("cli", "premises") if key in proposal.columns), ())
    told = [raw.mapped[columns[0]] for columns in (received, who) if columns]

    def is_unique(parts: Sequence[str]) -> bool:
        return _is_unique(con, [raw.mapped[part] for part in parts], version)

    def is_mixed(parts: Sequence[str]) -> bool:
        return bool(version) and len(told) > 1 and _is_mixed(con, [raw.mapped[part] for part in parts], told)

    pairs = [(date, column) for column in proposal.ids for date in proposal.dates]
    for pair in pairs:
        if [_plainly(part) for part in pair] == ["calldate", "callnumber"] and is_unique(pair) and not is_mixed(pair):
            return list(pair), "numbers that restart daily: the date is part of the id"
    alone = [column for column in proposal.ids if is_unique([column])]
    for column in alone:
        if not is_mixed([column]):
            return column, ""
    desks = [
        (column, desk)
        for column in proposal.ids
        for desk in proposal.desks
        if _is_settled(con, [raw.mapped[part] for part in (column, *received)], raw.mapped[desk])
    ]
    for parts in chain(pairs, desks, ((column, *received) for column in proposal.ids if received)):
        if is_unique(parts) and not is_mixed(parts):
            return list(parts), (
                "the id alone stands for different calls, of other times and numbers"
                if alone
                else "the id alone comes more than once"
            )
    return None


def _plainly(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def _gather(con: duckdb.DuckDBPyConnection, proposal: Proposal, raw: RawFile) -> None:
    """What may name the calls, into the temp table `draft_calls`: a row a call, or a state of one."""
    from duckdb import ColumnExpression, ConstantExpression, FunctionExpression

    received = [raw.mapped[column] for column in proposal.columns.get("received_at", ())]
    asked = (proposal.columns.get(key, ()) for key in ("cli", "premises", "version"))
    columns = chain(proposal.ids, proposal.dates, proposal.desks, *asked)
    places = list(dict.fromkeys([*received, *(raw.mapped[column] for column in columns)]))
    file = con.table("raw_file")
    pieces = (FunctionExpression("trimmed", ColumnExpression(place)) for place in received)
    text = FunctionExpression("concat_ws", ConstantExpression(" "), ConstantExpression(None).cast("VARCHAR"), *pieces)
    rows = file.project(
        *(ColumnExpression(place) for place in places),
        text.alias("received_text"),
        FunctionExpression("hash", *(ColumnExpression(place) for place in file.columns)).alias("whole"),
    )
    formats, epoch, _remark = proposal.times.get("received_at", ((), "", ""))
    rule = TimeRule(proposal.zone, tuple(formats), epoch)
    asked_for = ("plain", "zoned", "takes_plain", "takes_iso", "takes_zoned", "epoch")
    known = parameters("received", rule, is_typed=raw.is_typed)
    con.register("draft_rows", rows)
    try:
        con.execute(_GATHER, {name: known[f"received_{name}"] for name in asked_for})
    finally:
        con.unregister("draft_rows")


# Where no time at all can be read every row is looked at.
_GATHER = """
create or replace temp table draft_calls as
with judged as (
    select
        *,
        coalesce(
            read_given(received_text, $epoch, $takes_zoned, $zoned),
            read_local(received_text, $epoch, $takes_iso, $takes_plain, $plain)
        ) is not null as is_readable
    from draft_rows
)
select distinct * exclude (received_text, is_readable) from judged
where is_readable or not (select bool_or(is_readable) from judged)
"""


def _is_unique(con: duckdb.DuckDBPyConnection, places: Sequence[str], version: Sequence[str]) -> bool:
    """Do the columns name each row, or with the version's each state of a call?"""
    from duckdb import ColumnExpression

    columns = [ColumnExpression(place) for place in dict.fromkeys(places)]
    relation = con.table("draft_calls").project(*columns, *(ColumnExpression(place) for place in version))
    whole = relation
    for column in columns:
        whole = whole.filter(column.isnotnull())
    count = len(relation)
    return count > 0 and len(whole) == count and len(relation.distinct()) == count


def _is_mixed(con: duckdb.DuckDBPyConnection, places: Sequence[str], told: Sequence[str]) -> bool:
    """Are most that share an id of other times and of other numbers too? Those are no states of one call."""
    from duckdb import ColumnExpression, ConstantExpression, FunctionExpression

    key = FunctionExpression("concat_ws", ConstantExpression("|"), *(ColumnExpression(place) for place in places))
    received, who = (ColumnExpression(place) for place in told)
    con.register(
        "draft_states",
        con.table("draft_calls").project(key.alias("key"), received.alias("received"), who.alias("who")),
    )
    try:
        row = con.execute(_MIXED).fetchone() or (0, 0)
    finally:
        con.unregister("draft_states")
    return bool(2 * row[0] > row[1])


_MIXED = """
select count(*) filter (times > 1 and callers > 1), count(*)
from (
    select count(distinct received) as times, count(distinct who) as callers
    from draft_states
    group by key
    having count(who) > 1
)
"""


def _is_settled(con: duckdb.DuckDBPyConnection, places: Sequence[str], desk: str) -> bool:
    """Is a call's desk the same in all its states? What changes as the call goes on is no part of its id."""
    from duckdb import ColumnExpression

    calls = con.table("draft_calls").project(*(ColumnExpression(place) for place in dict.fromkeys((*places, desk))))
    return len(calls.distinct()) == len(
        calls.project(*(ColumnExpression(place) for place in dict.fromkeys(places))).distinct()
    )
