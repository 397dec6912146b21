"""Two runs held against each other, whatever identity did between them: the sums hold, and nobody is told twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from misuse.reckoning import changes
from misuse.settings import Settings

THRESHOLD = 3
STAMP = {"run_id": "r2", "as_of": date(2026, 1, 1), "headline_channel": "999"}
CALLERS = st.sampled_from([None, "c1", "c2", "c3", "c4", "shared"])
_EARLIER = """
create table windows as
select 'headline' as window_name, 'r1' as run_id, date '2025-12-31' as as_of, timestamp '2025-01-01' as window_from,
    timestamp '2026-01-01' as window_to, cast($threshold as integer) as threshold;
create table calls as
select call_key, before_id as caller_id, if(before_id = 'shared', 'shared_line', 'person') as identity_kind,
    before_misuse as is_coded_misuse, false as is_stopped, false as is_doubtful, before_misuse as is_misuse,
    '999' as channel, timestamp '2025-06-01' as received_at
from made where was_there
"""
_NOW = """
create table windows as
select 'headline' as window_name, timestamp '2025-01-02' as window_from, cast($threshold as integer) as threshold;
create table calls as
select call_key, now_id as caller_id, if(now_id = 'shared', 'shared_line', 'person') as identity_kind,
    now_misuse as is_coded_misuse, false as is_stopped, false as is_doubtful, now_misuse as is_misuse,
    timestamp '2025-06-01' as received_at
from made where is_there;
create table window_calls as select 'headline' as window_name, * from calls;
create table caller_counts as
select 'headline' as window_name, caller_id, coalesce(any_value(identity_kind) = 'person' and caller_id is not null, false)
    as may_persist, count(*) as misuse_calls
from calls where is_misuse group by caller_id;
create table casebook_cases (case_ref varchar, caller_id varchar, status varchar);
create table case_callers (case_ref varchar, caller_id varchar);
create table last_cycle (caller_id varchar, as_of date);
create table run_ledger as
from (values ('r1', 'published', date '2025-12-31', timestamp '2026-01-01 02:00', 'd'),
    ('r2', 'running', date '2026-01-01', timestamp '2026-01-02 02:00', 'd'))
    as runs (run_id, status, as_of, started_at, rules_digest)
"""


@dataclass(frozen=True)
class Call:
    """Whose it was and whose it is; in a log it may be missing, and code or rule may count it in one run alone."""

    before_id: str | None
    now_id: str | None
    was_there: bool = True
    is_there: bool = True
    before_misuse: bool = True
    now_misuse: bool = True


def _mostly() -> st.SearchStrategy[bool]:
    return st.sampled_from([True, True, True, True, False])


def _calls() -> st.SearchStrategy[list[Call]]:
    return st.lists(st.builds(Call, CALLERS, CALLERS, _mostly(), _mostly(), _mostly(), _mostly()), max_size=40)


def reckoned(folder: Path, calls: list[Call]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """`list_differences` and `reason_totals` of these calls in two runs."""
    settings = Settings(home=folder)
    copy = settings.published_path / "r1.duckdb"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.unlink(missing_ok=True)
    names = [*Call.__dataclass_fields__]
    made = pl.DataFrame(
        {name: [getattr(call, name) for call in calls] for name in names},
        schema={name: pl.String if name.endswith("_id") else pl.Boolean for name in names},
    ).with_columns(call_key=pl.format("k{}", pl.int_range(pl.len())))
    with duckdb.connect(str(copy)) as con:
        _fill(con, made, _EARLIER)
    with duckdb.connect() as con:
        _fill(con, made, _NOW)
        changes.reckon(con, STAMP, settings)
        return con.table("list_differences").pl().to_dicts(), con.table("reason_totals").pl().to_dicts()


def _fill(con: duckdb.DuckDBPyConnection, made: pl.DataFrame, statements: str) -> None:
    con.register("made", made)
    for statement in statements.split(";"):
        con.execute(statement, {"threshold": THRESHOLD} if "$threshold" in statement else None)
    con.unregister("made")


def counts(calls: list[Call]) -> tuple[Counter[str], Counter[str]]:
    """Misuse calls by caller before and now."""
    before = Counter(call.before_id for call in calls if call.was_there and call.before_misuse and call.before_id)
    now = Counter(call.now_id for call in calls if call.is_there and call.now_misuse and call.now_id)
    return before, now


def over(made: Counter[str]) -> int:
    return sum(count >= THRESHOLD for caller, count in made.items() if caller != "shared")


@effort(max_examples=40, deadline=None)
@given(calls=_calls())
def test_whatever_ids_do_two_runs_can_be_held_against_each_other(tmp_path_factory: Any, calls: list[Call]) -> None:
    found, totals = reckoned(tmp_path_factory.getbasetemp() / "changes", calls)
    before, now = counts(calls)
    keys = [(row["caller_id"], row["previous_caller_id"]) for row in found]
    assert len(keys) == len(set(keys))
    ways = Counter(row["movement"] for row in found)
    assert over(now) - over(before) == ways["entered"] - ways["left"]
    for row in found:
        assert row["misuse_calls_before"] == before[row["previous_caller_id"]]
        assert row["misuse_calls_now"] in (0, now[row["caller_id"]])
        assert row["reasons"]
    for row in totals:
        assert row["callers"] == over(now)
        assert row["callers_without"] >= 0


def test_who_takes_in_another_and_keeps_the_lesser_ones_id(tmp_path: Path) -> None:
    """c1's five and c2's twenty become one caller, c1: held against c2, who brings more; who was c1 is nobody now."""
    calls = [Call("c1", "c1")] * 5 + [Call("c2", "c1")] * 20
    found, _ = reckoned(tmp_path, calls)
    (row,) = found
    assert (row["caller_id"], row["previous_caller_id"], row["movement"]) == ("c1", "c1", "left")
    assert (row["misuse_calls_before"], row["misuse_calls_now"], row["reasons"]) == (5, 0, ["identity 5"])


def test_ids_that_change_places_move_nobody(tmp_path: Path) -> None:
    assert reckoned(tmp_path, [Call("c1", "c2")] * 7 + [Call("c2", "c1")] * 9) == ([], [])


def test_without_what_identity_brought_each_stands_as_before(tmp_path: Path) -> None:
    """c2, c3 and half of c4 become c1, who had too few: by identity alone, and without it three are over as before."""
    calls = [Call("c1", "c1")] * 2 + [Call("c2", "c1")] * 6 + [Call("c3", "c1")] * 4 + [Call("c4", "c1")] * 2
    found, totals = reckoned(tmp_path, [*calls, *[Call("c4", "c4")] * 3])
    assert [(row["previous_caller_id"], row["movement"]) for row in found] == [("c3", "left")]
    (identity,) = totals
    assert (identity["callers"], identity["callers_without"]) == (2, 3)
