"""What a candidate model changes, told from callers by either model; and the stops it must not lose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misuse import model_review, models
from misuse.errors import InputError

CALLERS = "create or replace temp table callers_NAME (spell_id varchar, caller_id varchar, standard_id varchar, reach_id varchar, identity_kind varchar)"


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create temp table spell_misuse (spell_id varchar, misuse_calls bigint)")
        opened.execute("create temp table stop_sources (spell_id varchar, rule_id varchar, last_at timestamp)")
        models.script(opened, "rules/casebook_lifts", {})
        yield opened


def compare(
    con: duckdb.DuckDBPyConnection, then: list[str], now: list[str], misuse: dict[str, int], stops: str = ""
) -> None:
    """Each side as sets of one-letter spells; `stops` are letters on which a stop stands."""
    for name, groups in (("then", then), ("now", now)):
        con.execute(CALLERS.replace("NAME", name))
        rows = [(spell, f"c{group}", f"c{group}", f"c{group}", "person") for group in groups for spell in group]
        con.executemany("insert into callers_" + name + " values (?, ?, ?, ?, ?)", rows)
    con.execute("delete from spell_misuse; delete from stop_sources")
    con.executemany("insert into spell_misuse values (?, ?)", list(misuse.items()) or [("", 0)])
    if stops:
        con.executemany(
            "insert into stop_sources values (?, 'child', timestamp '2025-12-01')", [(spell,) for spell in stops]
        )
    models.build(con, "identities/spell_changes", {}, temporary=True)


def rows(con: duckdb.DuckDBPyConnection, name: str, **values: Any) -> list[dict[str, Any]]:
    found = models.select(con, f"identities/{name}", values)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_merges_splits_and_who_crosses_the_line(con: duckdb.DuckDBPyConnection) -> None:
    misuse = {"a": 6, "b": 5, "c": 12, "d": 3, "e": 7, "f": 6, "g": 20}
    compare(con, ["a", "b", "cd", "ef", "g"], ["ab", "c", "d", "e", "f", "g"], misuse)
    (totals,) = rows(con, "model_totals", threshold=10)
    assert totals == {
        "callers_then": 5, "callers_now": 6, "stay": 1, "merged": 1, "split": 2, "persistent_then": 3, "persistent_now": 3,
    }  # fmt: skip
    changes = [
        (row["caller_then"], row["caller_now"], row["change"]) for row in rows(con, "model_changes", threshold=10)
    ]
    assert changes == [
        ("ca", "cab", "over"), ("cb", "cab", "over"), ("cef", "ce", "under"), ("cef", "cf", "under"),
        ("ccd", "cc", "stays_over"), ("ccd", "cd", "stays_over"),
    ]  # fmt: skip


def test_a_stop_that_no_longer_reaches_somebody_is_carried(con: duckdb.DuckDBPyConnection) -> None:
    compare(con, ["abc", "d"], ["a", "bc", "d"], {}, stops="ad")
    assert rows(con, "carried_stops") == [{"rule_id": "child", "spells": ["b", "c"]}]
    compare(con, ["a", "b"], ["ab"], {}, stops="a")
    assert rows(con, "carried_stops") == []


def test_a_stop_that_was_lifted_is_not_carried_but_others_it_reached_are(con: duckdb.DuckDBPyConnection) -> None:
    compare(con, ["abc"], ["a", "b", "c"], {}, stops="a")
    for day, carried in (("2025-11-30", ["b", "c"]), ("2025-12-02", ["c"])):
        con.execute(
            "insert into casebook_lifts values (['a', 'b'], 'child', $day::timestamp, null, null)", {"day": day}
        )
        assert rows(con, "carried_stops") == [{"rule_id": "child", "spells": carried}]
    con.execute("delete from casebook_lifts")


PARTITIONS = st.lists(st.integers(0, 4), min_size=6, max_size=6)


def grouped(labels: list[int]) -> list[str]:
    return ["".join("abcdef"[at] for at in range(6) if labels[at] == label) for label in sorted(set(labels))]


@given(
    then=PARTITIONS,
    now=PARTITIONS,
    misuse=st.lists(st.integers(0, 12), min_size=6, max_size=6),
    stopped=st.sets(st.sampled_from("abcdef")),
)
def test_the_comparison_agrees_with_a_plain_account(
    con: duckdb.DuckDBPyConnection, then: list[int], now: list[int], misuse: list[int], stopped: set[str]
) -> None:
    calls = dict(zip("abcdef", misuse, strict=True))
    before, after = grouped(then), grouped(now)
    compare(con, before, after, calls, stops="".join(sorted(stopped)))

    def over(group: str) -> bool:
        return sum(calls[spell] for spell in group) >= 10

    (totals,) = rows(con, "model_totals", threshold=10)
    assert totals["stay"] == len(set(before) & set(after))
    assert totals["merged"] == sum(len({g for g in before if set(g) & set(new)}) > 1 for new in after)
    assert totals["split"] == sum(len({g for g in after if set(g) & set(old)}) > 1 for old in before)
    assert (totals["persistent_then"], totals["persistent_now"]) == (sum(map(over, before)), sum(map(over, after)))
    changes = rows(con, "model_changes", threshold=10)
    gained = {f"c{new}" for new in after if over(new) and not any(over(g) for g in before if set(g) & set(new))}
    lost = {f"c{old}" for old in before if over(old) and not any(over(g) for g in after if set(g) & set(old))}
    assert {row["caller_now"] for row in changes if row["change"] == "over"} == gained
    assert {row["caller_then"] for row in changes if row["change"] == "under"} == lost
    reached = {spell for group in before if stopped & set(group) for spell in group}
    reached_still = {spell for group in after if stopped & set(group) for spell in group}
    carried = {spell for row in rows(con, "carried_stops") for spell in row["spells"]}
    assert carried == reached - reached_still
    assert carried | reached_still >= reached, "no stop is lost"


def test_which_model_is_meant() -> None:
    def held(*statuses: str) -> list[dict[str, Any]]:
        return [{"model_digest": f"{at}abc", "status": status} for at, status in enumerate(statuses)]

    choose = model_review._chosen
    assert choose(held("candidate", "in_force", "replaced"), None)["model_digest"] == "0abc"
    assert choose(held("candidate", "in_force", "replaced"), "2a")["model_digest"] == "2abc"
    for wrong in (held("in_force"), held("candidate"), []):
        with pytest.raises(InputError):
            choose(wrong, None)
    for digest in ("1", "9", "", "x"):
        with pytest.raises(InputError):
            choose(held("candidate", "in_force"), digest)
