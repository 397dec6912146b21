"""What hard stops find by themselves, against the plain-Python reckoning on random small logs."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest

from misuse import callers, detection, models
from misuse.settings import SQL_ROOT
from tests import oracle
from tests.dangers import Patterns

AS_OF = date(2025, 11, 2)
PARAMETERS: dict[str, Any] = {
    "run_id": "r1",
    "as_of": AS_OF,
    "reporting_zone": "Europe/London",
    "window_days": 400,
    "threshold": 4,
    "episode_gap_seconds": 3600,
    "headline_channel": "999",
    "duty_role": "duty officer",
    "cycle_days": 14,
    "shared_line_threshold": 15,
    "number_gap_days": 120,
    "number_gap_settled_days": 90,
}
PATTERNS = Patterns(
    silent=("SILENT",),
    handset=("POCKET",),
    duplicate=("DUP",),
    nowhere=frozenset({"NOTGIVEN"}),
    listed=frozenset({"HOAX", "SILENT HOAX", "MISDIAL"}),
    words=(r"\bscream",),
    marks=frozenset({"DV"}),
    limits={
        "most_numbers": 6,
        "place_calls": 2,
        "calls": 2,
        "minutes": 10,
        "contacts": 4,
        "days": 20,
        "kinds": 2,
        "hours": 24,
    },
)
RULES = oracle.Rules(
    closing=frozenset({"HOAX", "SILENT HOAX"}),
    opening=frozenset({"HOAX"}),
    doubtful_results=frozenset({"CRIMED"}),
    caller_stops=frozenset({"DV"}),
    shared=frozenset({"KIOSK"}),
    unknown=frozenset({"NOT KNOWN"}),
    doubts_absent=True,
    patterns=PATTERNS,
)
_RULES = """
insert into rule_misuse_codes values
    ('s', 'closing_code', 'HOAX'), ('s', 'closing_code', 'SILENT HOAX'), ('s', 'opening_code', 'HOAX');
insert into rule_doubts values
    ('s', 'result_code', 'CRIMED', 'contradicted'), ('s', 'closing_code', 'NOT KNOWN', 'unknown'),
    ('s', 'closing_code', null, 'unknown');
insert into rule_lists values
    ('silent_or_abandoned', 'SILENT'), ('handset', 'POCKET'), ('duplicate', 'DUP'), ('nowhere', 'NOT GIVEN'),
    ('listed', 'HOAX'), ('listed', 'MISDIAL');
insert into rule_words values ('news', '\\bscream');
insert into rule_stops by name
select * from (values
    ('domestic', 'caller', true, true, 'ties'), ('fault', 'caller', false, true, 'burst'),
    ('news', 'call', true, true, 'new_content'), ('kiosk', 'caller', false, false, '')
) as v (rule_id, scope, is_urgent, is_stop, pattern);
insert into rule_patterns by name
select * from (values
    ('domestic', 'ties', 6, 2, null, null, null, null, null, null),
    ('fault', 'burst', null, null, 2, 10, null, null, null, null),
    ('news', 'new_content', null, null, null, null, 4, 20, 2, 24)
) as v (rule_id, pattern, most_numbers, place_calls, calls, minutes, contacts, days, kinds, hours);
insert into rule_hard_stops by name
select * from (values
    ('domestic', 'DV', 'caller', true, false, true, false, ''),
    ('kiosk', 'KIOSK', 'caller', false, false, false, true, '')
) as v (rule_id, marker, scope, is_urgent, support_first, is_stop, makes_shared_line, duty_role);
"""
NOBODY = (None, None)


def home(rng: random.Random) -> tuple[str | None, str | None]:
    """An address and postcode, in one of several writings; often none, or a word for none."""
    number = rng.randrange(1, 30)
    ways = (
        (f"{number} Invented Row", "ZZ1 1AA"),
        (f"{number}, invented row", "zz11aa"),
        (f"{number} Invented Row", None),
        (f"{number} Inv. Row", "ZZ1 1AA"),
        (f"{number} INV ROW, ZZ1 1AA.", None),
    )
    return rng.choice((*ways, ("not given", "ZZ1 1AA"), *(NOBODY,) * 8))


def person(rng: random.Random) -> tuple[str | None, str | None]:
    name = rng.choice(("Brendle", "Quill", "Orla", "Tavwick", "Miruro"))
    return rng.choice(
        (
            (f"{name} Osfarrow", "1/2/1980"),
            (f"{name.upper()}  osfarrow", "1-2-1980"),
            (f"OSFARROW, Mrs {name}", "1980-02-01"),
            (name, None),
            *(NOBODY,) * 12,
        )
    )


def some_log(seed: int) -> list[dict[str, str | None]]:
    """A few numbers in a few weeks, silent and otherwise, among few places; no two calls at one moment."""
    rng = random.Random(seed)
    size = rng.randrange(60, 300)
    moments = sorted(rng.sample(range(0, 40 * 86400, 97), size))
    rows: list[dict[str, str | None]] = []
    at = datetime(2025, 9, 20)
    for index, moment in enumerate(moments):
        if rng.random() < 0.3 and rows:  # shortly after the one before, from the same number
            moment = moments[index - 1] + rng.randrange(1, 96)
        number = rows[-1]["number"] if moment not in moments and rows else str(int(rng.paretovariate(0.8)) % 40)
        (address, postcode), (name, born) = home(rng), person(rng)
        place = rng.choice((*(None,) * 8, "3 Third Way", *(f"{n} Invented Row ZZ1 1AA" for n in range(1, 5))))
        rows.append(
            {
                "call_id": str(index),
                "received_at": (at + timedelta(seconds=moment)).isoformat(sep=" "),
                "channel": rng.choice(("999", "999", "999", "101")),
                "number": number if rng.random() < 0.95 else None,
                "opening_code": rng.choice(
                    ("HOAX", "MISDIAL", "THEFT", "ROBBERY", "FIRE", "SILENT CALL", "DUP", None, None)
                ),
                "closing_code": rng.choice(
                    ("HOAX", "HOAX", "SILENT-HOAX", "SILENT", "POCKET DIAL", "DUP.", "THEFT", "NOT KNOWN", None)
                ),
                "result_code": rng.choice((None, None, None, "CRIMED")),
                "markers": rng.choice((*(None,) * 60, "DV", "KIOSK")),
                "remarks": rng.choice((*(None,) * 20, "Screaming heard", "nothing")),
                "subscriber_address": address,
                "subscriber_postcode": postcode,
                "incident_location": place,
                "person_name": name,
                "birth_date": born,
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
    con.execute(_RULES)
    yield con
    con.close()


_LOAD = """
delete from call_records;
delete from vault.call_details;
insert into call_records by name
select
    md5('c' || call_id)::uuid as call_key, call_key as content_digest, 'b' as batch_id, 0 as row_number, 's' as source,
    channel, md5('n' || number)::uuid as number_token, 'mobile' as number_kind, received_at::timestamp as received_at,
    opening_code, closing_code, result_code
from logged;
insert into vault.call_details by name
select
    md5('c' || call_id)::uuid as call_key, call_key as content_digest, 'b' as batch_id, call_id, markers, remarks,
    subscriber_address, subscriber_postcode, incident_location, person_name, birth_date
from logged;
"""


def detected(con: duckdb.DuckDBPyConnection, rows: Sequence[dict[str, str | None]]) -> tuple[set[str], set[str]]:
    """Ids of the headline channel's coded misuse calls that are stopped, and that are doubtful."""
    con.register("logged", pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)))
    con.execute(_LOAD)
    con.unregister("logged")
    prepared = detection.prepare(con, PARAMETERS)
    callers.find_spells(con, prepared)
    callers.keep_records(con, prepared, forgets=True)
    callers.link(con, prepared, None)
    models.build(con, "callers/caller_numbers", prepared)
    detection.detect(con, PARAMETERS)
    found = con.execute(
        "select details.call_id, calls.is_stopped, calls.is_doubtful from calls "
        "inner join vault.call_details as details on calls.call_key = details.call_key "
        "where calls.is_coded_misuse and calls.channel = '999'"
    ).fetchall()
    return {call for call, stopped, _ in found if stopped}, {call for call, _, doubtful in found if doubtful}


def as_told(row: dict[str, str | None]) -> dict[str, str | None]:
    """The row as the oracle reads it: codes folded, as staging folds them."""
    closing = row["closing_code"]
    return {**row, "closing_code": closing.replace("-", " ") if closing else None}


@pytest.mark.parametrize("seed", range(12))
def test_what_is_found_agrees_with_the_oracle(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    rows = some_log(seed)
    told = oracle.reckon(map(as_told, rows), RULES, as_of=AS_OF, window_days=400, threshold=4)
    stopped, doubtful = detected(con, rows)
    assert stopped == told.stopped
    assert doubtful == told.doubtful


def test_every_way_is_tried(con: duckdb.DuckDBPyConnection) -> None:
    seen: set[tuple[str, str]] = set()
    for seed in range(6):
        detected(con, some_log(seed))
        seen |= set(con.execute("select distinct rule_id, via from call_hits").fetchall())
        seen |= set(con.execute("select distinct rule_id, via from stop_reach").fetchall())
    ways = {way for rule, way in seen if rule == "domestic"}
    assert ways >= {"own", "person", "address", "place"}
    assert {rule for rule, _ in seen} >= {"domestic", "fault", "news"}


def test_the_order_of_rows_changes_no_stop(con: duckdb.DuckDBPyConnection) -> None:
    rows = some_log(3)
    first = detected(con, rows)
    everything = con.execute("from stop_reach order by all").fetchall()
    random.Random(1).shuffle(rows)
    assert detected(con, rows) == first
    assert con.execute("from stop_reach order by all").fetchall() == everything


def digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def spell(number: str) -> str:
    return "s" + digest("n" + number)[:16]


def test_a_link_takes_no_stop_away(con: duckdb.DuckDBPyConnection) -> None:
    """Whoever people join, what was stopped stays stopped; and a link that is undone again leaves it as it was."""
    for seed in range(4):
        con.execute("delete from casebook_links")
        rows = some_log(20 + seed)
        apart, _ = detected(con, rows)
        numbers = sorted({str(row["number"]) for row in rows if row["number"]})[:6]
        pairs = [(0, "same", [spell(one)], [spell(other)]) for one, other in itertools.pairwise(numbers)]
        con.executemany("insert into casebook_links values (?, ?, ?, ?, timestamp '2025-11-01')", pairs)
        joined, _ = detected(con, rows)
        assert apart, "or nothing could be taken away"
        assert apart <= joined
