"""Numbers to callers: nightly increments equal a rebuild, and links, decisions and shared lines do what they say."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from misuse import callers, detection, identity, models
from misuse.settings import SQL_ROOT

PARAMETERS: dict[str, Any] = {
    "run_id": "r1",
    "as_of": datetime(2025, 12, 31).date(),
    "reporting_zone": "Europe/London",
    "window_days": 365,
    "threshold": 3,
    "episode_gap_seconds": 3600,
    "headline_channel": "999",
    "duty_role": "duty officer",
    "cycle_days": 14,
    "shared_line_threshold": 15,
    "number_gap_days": 15,
    "number_gap_settled_days": 20,
}
NAMES = (
    ("Brendle Osfarrow", "ZZ1 1AA"),
    ("Brendel Osfarow", "ZZ1 1AA"),
    ("Quill Tamsett", "ZZ9 9ZZ"),
    *((None, None),) * 9,
)


@dataclass(frozen=True)
class Model:
    """As much of a model as linking needs."""

    digest: str
    cuts: identity.Cuts


MODEL = Model("m1", identity.Cuts(strict=4.0, standard=1.0, loose=-1.0, review=-1.0))


def schema(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("set TimeZone = 'UTC'; attach ':memory:' as vault; use vault")
    for path in sorted((SQL_ROOT / "schema").glob("vault_*.sql")):
        con.execute(path.read_text(encoding="utf-8"))
    con.execute("use memory; set variable token_key = 'invented'")
    con.execute((SQL_ROOT / "schema" / "macros.sql").read_text(encoding="utf-8"))
    for path in [*sorted((SQL_ROOT / "schema").glob("warehouse_*.sql")), *sorted((SQL_ROOT / "rules").glob("*.sql"))]:
        con.execute(path.read_text(encoding="utf-8"))


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        schema(opened)
        yield opened


def token(text: str) -> str:
    return text.ljust(32, "0")


def spell(text: str) -> str:
    return "s" + token(text)[:16]


def put(con: duckdb.DuckDBPyConnection, key: str, number: str, at: datetime, *details: str | None) -> None:
    """One call: name, postcode, person, birth."""
    con.execute(
        "insert into call_records by name select $key::uuid as call_key, $key::uuid as content_digest, 'b' as batch_id, "
        "1 as row_number, 's' as source, '999' as channel, $number::uuid as number_token, 'mobile' as number_kind, "
        "$at as received_at",
        {"key": key, "number": token(number), "at": at},
    )
    names = ("subscriber_name", "subscriber_postcode", "person_name", "birth_date")
    given = dict(zip(names, (*details, None, None, None, None), strict=False))
    con.execute(
        "insert into vault.call_details by name select $key::uuid as call_key, $key::uuid as content_digest, 'b' as batch_id, "
        "'x' as call_id, $subscriber_name as subscriber_name, $subscriber_postcode as subscriber_postcode, "
        "$person_name as person_name, $birth_date as birth_date",
        {"key": key, **given},
    )


def held(con: duckdb.DuckDBPyConnection) -> list[Any]:
    """Everything that is kept from run to run, and what comes of it."""
    orders = ("number_evidence", "number_spells", "spell_records", "vault.identity_records")
    return [con.execute("from " + name + " order by all").fetchall() for name in orders]


def reckon(con: duckdb.DuckDBPyConnection) -> None:
    prepared = detection.prepare(con, PARAMETERS)
    callers.find_spells(con, prepared)
    callers.keep_records(con, prepared, forgets=True)


def some_calls(seed: int) -> list[tuple[Any, ...]]:
    rng = random.Random(seed)
    start = datetime(2025, 3, 1)
    return [
        (
            format(seed * 1000 + n, "032x"), rng.choice(("b1", "b2", "b3", "b4", "b5", "b6")),
            start + timedelta(hours=rng.randrange(290 * 24)), *rng.choice(NAMES),
            *rng.choice((*((None, None),) * 9, ("Orla Veddish", "1/2/1970"))),
        )
        for n in range(60)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_nightly_increments_equal_a_rebuild(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    calls = some_calls(seed)
    random.Random(seed).shuffle(calls)
    for at in range(0, 60, 12):
        for call in calls[at : at + 12]:
            put(con, *call)
        reckon(con)
    # A withdrawal, and what a run for an earlier day leaves behind.
    gone = calls[7][0]
    con.execute("delete from call_records where call_key = ?::uuid", [gone])
    prepared = detection.prepare(con, {**PARAMETERS, "as_of": datetime(2025, 8, 1).date()})
    callers.find_spells(con, prepared)
    callers.keep_records(con, prepared, forgets=False)
    reckon(con)
    with duckdb.connect() as fresh:
        schema(fresh)
        for call in sorted(calls):
            if call[0] != gone:
                put(fresh, *call)
        reckon(fresh)
        assert held(con) == held(fresh)
    assert con.execute("select count(*) from number_spells where spell_number > 1").fetchone() != (0,)


def test_what_did_not_change_is_not_reckoned_again(con: duckdb.DuckDBPyConnection) -> None:
    put(con, token("a1"), "b1", datetime(2025, 6, 1), "Brendle Osfarrow", "ZZ1 1AA")
    reckon(con)
    con.execute("update vault.call_details set subscriber_name = 'Quill Tamsett'")  # nothing ever does
    reckon(con)
    assert con.execute("select subscriber_name from vault.identity_records").fetchall() == [("BRENDLE OSFARROW",)]
    put(con, token("a2"), "b1", datetime(2025, 6, 2), "Quill Tamsett", "ZZ1 1AA")
    reckon(con)
    assert con.execute("select subscriber_name from vault.identity_records").fetchall() == [("QUILL TAMSETT",)]


def test_a_record_that_no_call_bears_leaves_the_vault_with_all_that_was_reckoned_of_it(
    con: duckdb.DuckDBPyConnection,
) -> None:
    put(con, token("a1"), "b1", datetime(2025, 6, 1), "Brendle Osfarrow", "ZZ1 1AA")
    put(con, token("a2"), "b2", datetime(2025, 6, 1), "Quill Tamsett", "ZZ9 9ZZ")
    reckon(con)
    pair(con, "b1", "b2", 3.0)
    con.execute("insert into vault.identity_scored select 'm1', record_key from vault.identity_records")
    con.execute("delete from call_records where call_key = ?::uuid", [token("a2")])
    callers.keep_records(con, spells_anew(con), forgets=False)
    assert con.execute("select count(*) from vault.identity_records").fetchone() == (2,), "another run may need it"
    reckon(con)
    counts = ("identity_records", "identity_scored", "identity_pairs")
    assert [con.execute("select count(*) from vault." + name).fetchone() for name in counts] == [(1,), (1,), (0,)]


def spells_anew(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    prepared = detection.prepare(con, PARAMETERS)
    callers.find_spells(con, prepared)
    return prepared


def pair(con: duckdb.DuckDBPyConnection, one: str, other: str, weight: float) -> None:
    """A pair of these numbers' records, as the model would have scored it."""
    con.execute(
        "insert into vault.identity_pairs select 'm1', least(a.record_key, b.record_key), "
        "greatest(a.record_key, b.record_key), $weight, $weight, 'same name; same postcode' "
        "from spell_records as a, spell_records as b where a.spell_id = $one and b.spell_id = $other",
        {"one": spell(one), "other": spell(other), "weight": weight},
    )


def decide(con: duckdb.DuckDBPyConnection, number: int, decision: str, one: str, other: str) -> None:
    con.execute(
        "insert into casebook_links values (?, ?, [?], [?], timestamp '2025-12-01')",
        [number, decision, spell(one), spell(other)],
    )


@pytest.fixture
def linked(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Six numbers: 1, 2 and 3 close to one another, 4 likely to be 1's, 5 perhaps; 6 like nobody."""
    for n, number in enumerate(("b1", "b2", "b3", "b4", "b5", "b6"), 1):
        put(con, token(f"a{n}"), number, datetime(2025, 6, n), f"Brendle Osfarrow {'I' * n}", "ZZ1 1AA")
    reckon(con)
    for one, other in (("b1", "b2"), ("b1", "b3"), ("b2", "b3")):
        pair(con, one, other, 8.0)
    for number in ("b1", "b2", "b3"):
        pair(con, number, "b4", 2.0)
        pair(con, number, "b5", -0.5)
    pair(con, "b4", "b5", -0.5)
    return con


def groups(con: duckdb.DuckDBPyConnection, column: str) -> set[str]:
    """The callers of several numbers, as b's digits."""
    found = con.execute(
        "select string_agg(substr(spell_id, 3, 1), '' order by spell_id) from caller_numbers group by "
        + column
        + " having count(*) > 1"
    ).fetchall()
    return {text for (text,) in found}


def run(con: duckdb.DuckDBPyConnection, model: Model | None = MODEL) -> None:
    callers.link(con, PARAMETERS, model)  # type: ignore[arg-type]
    models.build(con, "callers/caller_numbers", PARAMETERS)
    detection.detect(con, PARAMETERS)


def test_three_levels_lie_in_one_another(linked: duckdb.DuckDBPyConnection) -> None:
    run(linked)
    assert [groups(linked, level) for level in ("caller_id", "standard_id", "loose_id", "reach_id")] == [
        {"123"}, {"1234"}, {"12345"}, {"12345"},
    ]  # fmt: skip
    assert linked.execute("select distinct identity_basis from caller_numbers order by 1").fetchall() == [
        ("linked",), ("single_number",),
    ]  # fmt: skip


def test_without_a_model_only_people_link(linked: duckdb.DuckDBPyConnection) -> None:
    decide(linked, 1, "same", "b1", "b6")
    run(linked, None)
    assert groups(linked, "caller_id") == groups(linked, "reach_id") == {"16"}
    assert linked.execute("select distinct identity_basis from caller_numbers order by 1").fetchall() == [
        ("confirmed",), ("single_number",),
    ]  # fmt: skip
    assert linked.execute("select status, weight from caller_links").fetchall() == [("confirmed", None)]


def test_people_outrank_the_model_both_ways_and_reach_outlives_a_refusal(linked: duckdb.DuckDBPyConnection) -> None:
    decide(linked, 1, "same", "b1", "b6")
    decide(linked, 2, "not_same", "b2", "b3")
    run(linked)
    joined = groups(linked, "caller_id")
    assert not any({"2", "3"} <= set(group) for group in joined)
    assert any({"1", "6"} <= set(group) for group in joined)
    assert groups(linked, "reach_id") == {"123456"}
    statuses = dict(
        linked.execute("select substr(spell_a, 3, 1) || substr(spell_b, 3, 1), status from caller_links").fetchall()
    )
    assert (statuses["16"], statuses["23"], statuses["14"]) == ("confirmed", "refused", "suggested")


def test_a_shared_line_is_linked_to_nobody_whoever_says_so(linked: duckdb.DuckDBPyConnection) -> None:
    linked.execute(
        "insert into casebook_shared_lines values (?::uuid, 'hostel', timestamp '2025-12-01')", [token("b2")]
    )
    decide(linked, 1, "same", "b2", "b6")
    run(linked)
    assert groups(linked, "caller_id") == {"13"}
    assert not any("2" in group for level in ("standard_id", "loose_id", "reach_id") for group in groups(linked, level))
    kinds = linked.execute("select identity_kind, identity_basis from caller_numbers where spell_id = ?", [spell("b2")])
    assert kinds.fetchall() == [("shared_line", "shared_line_register")]


def test_the_same_details_on_two_numbers_are_linked_by_the_pair_of_the_record_with_itself(
    con: duckdb.DuckDBPyConnection,
) -> None:
    for n, number in enumerate(("b1", "b2", "b3"), 1):
        put(con, token(f"a{n}"), number, datetime(2025, 6, n), "Brendle Osfarrow", "ZZ1 1AA")
    reckon(con)
    con.execute(
        "insert into vault.identity_pairs select 'm1', record_key, record_key, 6.6, 6.6, 'same' from vault.identity_records"
    )
    run(con)
    assert groups(con, "caller_id") == {"123"}


def test_only_human_links_carry_enforcement(linked: duckdb.DuckDBPyConnection) -> None:
    linked.execute("insert into rule_misuse_codes values ('s', '*', '*')")
    decide(linked, 1, "same", "b1", "b2")
    run(linked)
    told = linked.execute("select unconfirmed_links, misuse_calls_confirmed from tasking_candidates").fetchall()
    assert told == [(1, 2)], "three calls, of which two stand on what a person confirmed"


def test_new_sets_are_those_that_no_run_published(linked: duckdb.DuckDBPyConnection) -> None:
    run(linked)
    (caller_id, spells), *others = callers.new_sets(linked).items()
    assert not others
    assert spells == [spell("b1"), spell("b2"), spell("b3")]
    linked.execute("insert into casebook_caller_sets values (?, ?, 'r0', timestamp '2025-12-01')", [caller_id, spells])
    assert callers.new_sets(linked) == {}
    decide(linked, 1, "not_same", "b1", "b2")
    decide(linked, 2, "not_same", "b1", "b3")
    run(linked)
    changes = linked.execute(
        "select caller_id, change from caller_changes where other_caller_id = ? order by 1", [caller_id]
    ).fetchall()
    (rest,) = callers.new_sets(linked)
    assert changes == sorted([("c" + spell("b1")[1:], "split"), (rest, "split")])


@pytest.mark.parametrize(("spells", "linked"), [(50, 50), (51, 0)])
def test_a_record_that_stands_for_more_numbers_than_one_person_has_links_nobody(spells: int, linked: int) -> None:
    """Fifty, and the one number of another record: the limit is on the record, whatever its pairs weigh."""
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as vault")
        con.execute(
            "create table spell_records as select 's' || n as spell_id, 'f1' as record_key from range($n) as of(n)",
            {"n": spells},
        )
        con.execute("insert into spell_records values ('t', 'f2')")
        con.execute("create table number_spells as select spell_id, spell_id as token from spell_records")
        con.execute("create table shared_spells (spell_id varchar)")
        con.execute(
            "create table vault.identity_pairs as select 'm' as model_digest, 'f1' as record_a, 'f2' as record_b, "
            "3.0 as weight, 9.0 as same_number_weight, 'same name' as reasons"
        )
        con.execute(
            "create table vault.identity_records as select unnest(['f1', 'f2']) as record_key, '1980' as birth_date"
        )
        models.build(con, "callers/spell_links", {"identity_model": "m", "review_weight": 0.0})
        assert con.execute("select count(*) from spell_links where spell_a = 't' or spell_b = 't'").fetchone() == (
            linked,
        )
