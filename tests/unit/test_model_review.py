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
        opened.execute("create temp table stop_sources (spell_id varchar, rule_id varchar, hit varchar)")
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
            "insert into stop_sources values (?, 'child', 'hit of ' || ?)", [(spell, spell) for spell in stops]
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


def test_a_hit_that_was_lifted_is_not_carried_but_others_and_where_it_was_not_are(
    con: duckdb.DuckDBPyConnection,
) -> None:
    lifts = ((["hit of d"], ["b", "c"]), (["hit of a"], ["c"]), (None, ["c"]))
    compare(con, ["abc"], ["a", "b", "c"], {}, stops="a")
    for hits, carried in lifts:
        con.execute("insert into casebook_lifts values (['a', 'b'], 'child', null, $hits)", {"hits": hits})
        assert rows(con, "carried_stops") == [{"rule_id": "child", "spells": carried}]
    con.execute("delete from casebook_lifts")
    compare(con, ["abd", "c"], ["a", "bd", "c"], {}, stops="ad")
    con.execute("insert into casebook_lifts values (['b'], 'child', null, ['hit of d'])")
    assert rows(con, "carried_stops") == [{"rule_id": "child", "spells": ["b"]}], "what reaches it still was lifted"
    con.execute("delete from casebook_lifts")


# What a run tells the casebook


def fill(con: duckdb.DuckDBPyConnection, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    con.execute("create or replace temp table " + table + " (" + columns + ")")
    con.executemany("insert into " + table + " values (" + ", ".join("?" * len(rows[0])) + ")", rows)


def test_holdings_are_of_numbers_that_passed_on_and_open_at_the_end(con: duckdb.DuckDBPyConnection) -> None:
    day = "2025-05-0{} 10:00:00.5".format
    fill(
        con,
        "number_spells",
        "token varchar, spell_id varchar, spell_number integer, spell_to timestamp, first_call_at timestamp, last_call_at timestamp",
        [
            ("t1", "s1", 1, "infinity", day(1), day(2)),
            ("t2", "s2", 1, day(4), day(1), day(3)),
            ("t2", "s9", 3, day(6), day(4), day(5)),
            ("t2", "s7", 2, "infinity", day(6), day(7)),
        ],
    )
    told = "2025-05-0{}T10:00:00.500000".format
    found = sorted(models.select(con, "identities/holdings", {}).fetchall())
    assert found == [("s2", "s2", told(1), told(3)), ("s2", "s7", told(6), None), ("s2", "s9", told(4), told(5))]


def test_what_stands_is_what_stops_and_of_calls_what_a_pattern_bars(con: duckdb.DuckDBPyConnection) -> None:
    fill(con, "rule_stops", "rule_id varchar, pattern varchar", [("child", None), ("news", "new_content")])
    fill(
        con,
        "stop_reach",
        "caller_id varchar, rule_id varchar, hit varchar, is_stop boolean",
        [
            ("c1", "child", "h1", True),
            ("c2", "child", "h1", True),
            ("c2", "child", "h1", True),
            ("c1", "carers", "h2", False),
            ("c1", "person", "decision", True),
            ("c1", "child", "decision", True),
        ],
    )
    fill(
        con,
        "call_hits",
        "caller_id varchar, rule_id varchar, call_key varchar, is_stop boolean",
        [
            ("c1", "news", "k1", True),
            ("c1", "child", "k2", True),
            (None, "news", "k3", True),
            ("c1", "news", "k4", False),
        ],
    )
    assert sorted(models.select(con, "identities/standing_hits", {}).fetchall()) == [
        ("c1", "child", "decision"),
        ("c1", "child", "h1"),
        ("c1", "news", "k1"),
        ("c2", "child", "h1"),
    ]


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
