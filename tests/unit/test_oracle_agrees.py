"""The models against the plain-Python reckoning on random small logs, and what must not change them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest

from misuse import callers, detection, models
from misuse.settings import SQL_ROOT, Settings
from tests import oracle
from tests.holders import Spell

PARAMETERS: dict[str, Any] = {
    "run_id": "r1",
    "as_of": date(2025, 11, 2),
    "reporting_zone": "Europe/London",
    "window_days": 20,
    "threshold": 4,
    "episode_gap_seconds": 3600,
    "headline_channel": "999",
    "duty_role": "duty officer",
    "cycle_days": 14,
    "shared_line_threshold": 15,
    "number_gap_days": 12,
    "number_gap_settled_days": 9,
}
SILENCE, SETTLED = timedelta(days=12), timedelta(days=9)
RULES = oracle.Rules(
    closing=frozenset({"HOAX"}),
    opening=frozenset({"HOAX"}),
    qualifiers=frozenset({"MISUSE"}),
    doubtful_results=frozenset({"CRIMED"}),
    call_stops=frozenset({"CHILD"}),
    caller_stops=frozenset({"DV"}),
    shared=frozenset({"KIOSK"}),
    codewords=(r"\bpizzas?\b",),
)


def token(value: str) -> str:
    return hashlib.md5(value.encode(), usedforsecurity=False).hexdigest()


def spell_id(spell: Spell) -> str:
    line, holder = spell
    known = token(line.removeprefix("p:"))
    return "s" + (known if holder == 1 else hashlib.sha256(f"{known}#{holder}".encode()).hexdigest())[:16]


def caller_id(spells: frozenset[Spell]) -> str:
    ids = sorted(map(spell_id, spells))
    return "c" + (ids[0][1:] if len(ids) == 1 else hashlib.sha256(",".join(ids).encode()).hexdigest()[:16])


# Holders in turn, with slips and short forms; what tells nobody apart; now and then a neighbour's.
FIRST = (("Brendle Osfarrow", "ZZ1 1AA"), ("Brendel Osfarow", "ZZ2 2BB"), ("Mr Osfarrow", None))
SECOND = (("Quill Tamsett", "ZZ9 9ZZ"), (None, "zz99zz"), ("Prepaid customer", "ZZ3 3CC"), ("Quill Tamset", "ZZ4 4DD"))
ODD = (("Orla Veddish", "zz5 5qq"), ("Brendle Tamsett", "ZZ6 6EE"), ("Quill Tamsett", "ZZ9 9ZZ"))
PERSONS = (*(((None, None),) * 9), ("Orla Veddish", "1/2/1970"), ("Orla  veddish ", "1/2/1970"), ("Orla Veddish", None))


def details(rng: random.Random, number: str | None, at: datetime) -> tuple[str | None, ...]:
    """The subscriber's name and postcode on a call: each number passes on in its own week, if it does."""
    if rng.random() < 0.4:
        return (None, None)
    if rng.random() < 0.01:
        return rng.choice(ODD)
    passes_on = datetime(2025, 9, 15) + timedelta(days=len(number or "") * 9 + int(number or 0) % 7 * 6)
    return rng.choice(FIRST if at < passes_on else SECOND)


def some_log(seed: int) -> list[dict[str, str | None]]:
    """Some 400 calls across the autumn clock change, few callers, every oddity often."""
    rng = random.Random(seed)
    start = datetime(2025, rng.choice((9, 10)), 1, 22, 0)
    rows: list[dict[str, str | None]] = []
    for index in range(rng.randrange(50, 450)):
        at = start + timedelta(seconds=rng.randrange(0, 70 * 86400, 1200))
        number = str(int(rng.paretovariate(0.9))) if rng.random() < 0.75 else None
        subscriber, person = details(rng, number, at), rng.choice(PERSONS)
        rows.append(
            {
                "call_id": str(index),
                "received_at": at.isoformat(sep=" "),
                "channel": rng.choice(("999", "999", "999", "101")),
                "number": number,
                "premises": rng.choice(("10 A", "11 B")) if not number and rng.random() < 0.3 else None,
                "bad_number": rng.choice(("0000000000", "0000000000", "x"))
                if not number and rng.random() < 0.5
                else None,
                "opening_code": rng.choice((None, "HOAX", "ROBBERY")),
                "closing_code": rng.choice((None, "HOAX", "HOAX", "ROBBERY")),
                "qualifiers": rng.choice((None, None, "A;MISUSE", "A")),
                "result_code": rng.choice((None, None, None, "CRIMED")),
                "markers": rng.choice((*(None,) * 150, "CHILD", "DV;X", "KIOSK")),
                "remarks": rng.choice((*(None,) * 20, "wants a pizza", "nothing")),
                "handling_seconds": rng.choice((None, "60", "90")),
                "unit_seconds": rng.choice((None, None, "600")),
                "subscriber_name": subscriber[0],
                "subscriber_postcode": subscriber[1],
                "person_name": person[0],
                "birth_date": person[1],
            }
        )
    return rows


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect(":memory:")
    con.execute("set TimeZone = 'UTC'; set threads = 2; attach ':memory:' as vault; use vault")
    for path in sorted((SQL_ROOT / "schema").glob("vault_*.sql")):
        con.execute(path.read_text(encoding="utf-8"))
    con.execute("use memory; set variable token_key = 'invented'")
    con.execute((SQL_ROOT / "schema" / "macros.sql").read_text(encoding="utf-8"))
    for path in [*sorted((SQL_ROOT / "schema").glob("warehouse_*.sql")), *sorted((SQL_ROOT / "rules").glob("*.sql"))]:
        con.execute(path.read_text(encoding="utf-8"))
    con.execute("""
        insert into rule_misuse_codes values
            ('s', 'closing_code', 'HOAX'), ('s', 'opening_code', 'HOAX'), ('s', 'qualifiers', 'MISUSE');
        insert into rule_doubts values ('s', 'result_code', 'CRIMED', 'contradicted');
        insert into rule_codewords values ('codeword', '\\bpizzas?\\b');
        insert into rule_hard_stops by name
            select * from (values
                ('child', 'CHILD', 'call', false, false, true, false, ''),
                ('domestic', 'DV', 'caller', true, false, true, false, ''),
                ('kiosk', 'KIOSK', 'caller', false, false, false, true, '')
            ) as v (rule_id, marker, scope, is_urgent, support_first, is_stop, makes_shared_line, duty_role)
    """)
    yield con
    con.close()


_RECORDS = """
insert into call_records by name
select
    call_key, call_key as content_digest, 'b' as batch_id, 0 as row_number, 's' as source, channel, number_token,
    premises_token, cli_token, 'mobile' as number_kind, received_at, opening_code, closing_code, qualifiers,
    result_code, handling_seconds as talk_seconds, unit_seconds
from logged
"""
_DETAILS = """
insert into vault.call_details by name
select
    call_key, call_key as content_digest, 'b' as batch_id, call_id, markers, remarks, subscriber_name,
    subscriber_postcode, person_name, birth_date
from logged
"""


def _tokens(rows: list[dict[str, str | None]], name: str) -> pl.Series:
    return pl.Series([token(str(row[name])) if row[name] else None for row in rows], dtype=pl.String)


Same = tuple[tuple[Spell, Spell], ...]


def load(con: duckdb.DuckDBPyConnection, rows: list[dict[str, str | None]], same: Same) -> None:
    con.execute("delete from call_records; delete from casebook_links; delete from vault.call_details")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)).with_columns(
        call_key=pl.Series([token("call" + str(row["call_id"])) for row in rows]),
        number_token=_tokens(rows, "number"),
        premises_token=_tokens(rows, "premises"),
        cli_token=_tokens(rows, "bad_number"),
    )
    con.register("logged", frame)
    con.execute(_RECORDS)
    con.execute(_DETAILS)
    con.unregister("logged")
    for number, (one, other) in enumerate(same):
        con.execute(
            "insert into casebook_links values (?, 'same', [?], [?], timestamp '2025-11-01')",
            [number, spell_id(one), spell_id(other)],
        )


def detect(con: duckdb.DuckDBPyConnection, parameters: dict[str, Any]) -> None:
    """A run's first steps, without a model."""
    prepared = detection.prepare(con, parameters)
    callers.find_spells(con, prepared)
    callers.keep_records(con, prepared, forgets=True)
    callers.link(con, prepared, None)
    models.build(con, "callers/caller_numbers", prepared)
    detection.detect(con, parameters)


def figures(con: duckdb.DuckDBPyConnection, window_name: str, counted_by: str = "caller") -> dict[str, float | None]:
    return dict(
        con.execute(
            "select estimate, point from estimates where window_name = ? and counted_by = ?", [window_name, counted_by]
        ).fetchall()
    )


LINKS: Same = ((("3", 1), ("4", 1)), (("4", 1), ("5", 2)))


@pytest.mark.parametrize("seed", range(12))
def test_the_models_agree_with_the_oracle(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    rows = some_log(seed)
    same = LINKS if seed % 3 == 0 else ()
    load(con, rows, same)
    detect(con, PARAMETERS)
    detection.estimate(con, PARAMETERS, replicates=50, seed=1)
    for window_name, days in (("headline", 20), ("since_log_start", None), ("d30", 30)):
        wanted = oracle.reckon(
            rows,
            replace(RULES, same=same),
            as_of=PARAMETERS["as_of"],
            window_days=days,
            threshold=4,
            name_of=caller_id,
            silence=SILENCE,
            settled=SETTLED,
        )
        found = figures(con, window_name)
        assert found["calls"] == wanted.calls
        assert found["misuse_calls"] == wanted.misuse
        assert found["unidentified_misuse_calls"] == wanted.unidentified
        persistent = sum(entry["calls"] for entry in wanted.persistent)
        assert found["persistent_misuse_calls"] == persistent
        share(found["share_of_misuse"], persistent, wanted.misuse)
        for kind, name in (("handling", "handling"), ("unit", "deployment")):
            top, misuse, every = getattr(wanted, kind)
            share(found[f"share_of_{name}"], top, misuse)
            if misuse:
                share(found[f"share_of_all_{name}"], top, every)
        numbers = figures(con, window_name, "number")
        assert (numbers["persistent_callers"], numbers["persistent_misuse_calls"]) == wanted.by_number[:2]
        share(numbers["share_of_misuse"], wanted.by_number[1], wanted.misuse)
        share(numbers["share_of_handling"], wanted.by_number[2], wanted.handling[1])
        for name, pair in (("days_work", wanted.days_work), ("hours", wanted.hours)):
            ends = (found[f"{name}_persistent"], found[f"{name}_all_misuse"])
            assert ends == (pytest.approx(pair, rel=1e-9) if pair and wanted.misuse else (None, None))
        if window_name != "d30":
            bridge = con.execute(
                "select step, callers, calls, misuse_calls from bridge where window_name = ? order by step_number",
                [window_name],
            ).fetchall()
            assert bridge == wanted.bridge
    headline = oracle.reckon(
        rows,
        replace(RULES, same=same),
        as_of=PARAMETERS["as_of"],
        window_days=20,
        threshold=4,
        name_of=caller_id,
        silence=SILENCE,
        settled=SETTLED,
    )
    listed = con.execute(
        "select caller_id, misuse_calls, episodes, tenth_misuse_at from persistent_callers order by rank"
    ).fetchall()
    ordered = sorted(headline.persistent, key=lambda e: (-e["calls"], -e["work"], e["tenth"], e["caller"]))
    assert listed == [(e["caller"], e["calls"], e["episodes"], e["tenth"]) for e in ordered]


def share(found: float | None, top: int, bottom: int) -> None:
    assert found == (pytest.approx(top / bottom) if bottom else None)


TABLES = sorted(
    {models.relation_name(name) for name in detection.MODELS if name not in detection.TEMPORARY} | {"estimates"}
)


def contents(con: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    return {name: con.execute("select * from " + name + " order by all").fetchall() for name in TABLES}


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_changes_nothing(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    rows = some_log(100 + seed)
    seen = []
    for shuffle in range(3):
        random.Random(shuffle).shuffle(rows)
        load(con, rows, LINKS)
        detect(con, PARAMETERS)
        detection.estimate(con, PARAMETERS, replicates=50, seed=1)
        seen.append(contents(con))
    assert seen[0] == seen[1] == seen[2]


def test_recount_is_the_run_made_with_other_settings(con: duckdb.DuckDBPyConnection) -> None:
    rows = some_log(7)
    load(con, rows, ())
    detect(con, PARAMETERS)
    detection.estimate(con, PARAMETERS, replicates=50, seed=1)
    before = contents(con)
    settings = Settings(threshold=3, window_days=20, bootstrap_replicates=50, seed=1)
    found = detection.recount(con, settings, window_days=10, counted_by="caller")
    by_number = detection.recount(con, settings, window_days=None, counted_by="number")
    assert contents(con) == before, "a recount leaves the copy as it was"
    left = con.execute("select table_name from duckdb_tables() where temporary").fetchall()
    assert left == [("number_spells",)], "the run's own, made before"
    changed = {**PARAMETERS, "threshold": 3, "window_days": 10}
    detect(con, changed)
    detection.estimate(con, changed, replicates=50, seed=1)
    wanted = detection.headline(con)
    wanted["window"]["name"] = "d10"
    assert found == wanted
    since = detection.headline(con, window_name="since_log_start", counted_by="number")
    assert by_number == since


def test_a_recount_works_on_a_read_only_copy(con: duckdb.DuckDBPyConnection, tmp_path: Any) -> None:
    load(con, some_log(8), ())
    detect(con, PARAMETERS)
    detection.estimate(con, PARAMETERS, replicates=50, seed=1)
    path = tmp_path / "copy.duckdb"
    con.execute("attach '" + str(path) + "' as copy")
    for name in ("calls", "caller_spells", "caller_windows", "windows", "estimates", "bridge"):
        con.execute("create table copy." + name + " as from memory." + name)
    con.execute("detach copy")
    with duckdb.connect(str(path), read_only=True, config={"enable_external_access": "false"}) as copy:
        copy.execute("set TimeZone = 'UTC'")
        settings = Settings(threshold=4, window_days=20, bootstrap_replicates=50, seed=1)
        assert detection.recount(copy, settings, window_days=20) == detection.headline(copy)


def test_an_empty_log_has_figures_that_say_so(con: duckdb.DuckDBPyConnection) -> None:
    detect(con, PARAMETERS)
    detection.estimate(con, PARAMETERS, replicates=50, seed=1)
    document = detection.headline(con)
    assert document["misuse_calls"] == 0
    assert document["share_of_misuse"]["point"] is None
    assert document["days_work_per_month"]["persistent"]["point"] is None
    assert document["window"]["from"] == "2025-10-14T00:00:00+01:00"
    assert document["window"]["to"] == "2025-11-03T00:00:00+00:00"
