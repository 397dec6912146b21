"""A marker is known however it is dressed: the SQL that judges calls, what judges layouts, and the oracle say the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misuse import models, rules
from misuse.settings import SQL_ROOT
from tests import marks

RULES = rules.load()
_CALL = """
insert into vault.call_details by name
select '0' || repeat('0', 31) as call_key, call_key as content_digest, 'b' as batch_id, 'c' as call_id, $text as markers
"""


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """One call, and a rule a marker named as it is."""
    con = duckdb.connect(":memory:")
    con.execute("set TimeZone = 'UTC'; set threads = 1; attach ':memory:' as vault; use vault")
    for path in sorted((SQL_ROOT / "schema").glob("vault_*.sql")):
        con.execute(path.read_text(encoding="utf-8"))
    con.execute("use memory")
    con.execute((SQL_ROOT / "schema" / "macros.sql").read_text(encoding="utf-8"))
    for name in ("rule_hard_stops", "rule_codewords"):
        con.execute((SQL_ROOT / "rules" / f"{name}.sql").read_text(encoding="utf-8"))
    con.execute(
        "create table call_records (call_key uuid, content_digest uuid, received_at timestamp, number_token uuid, premises_token uuid)"
    )
    con.execute("insert into call_records select repeat('0', 32), repeat('0', 32), timestamp '2025-06-01', null, null")
    yield con
    con.close()


def borne(con: duckdb.DuckDBPyConnection, text: str, markers: list[str]) -> set[str]:
    con.execute("delete from vault.call_details; delete from rule_hard_stops")
    con.execute(_CALL, {"text": text})
    con.execute("insert into rule_hard_stops (rule_id, marker) select unnest($m), unnest($m)", {"m": markers})
    hits = models.select(con, "detection/call_stops", {"end_at": datetime(2026, 1, 1), "codeword_pattern": "[^\\s\\S]"})
    return {rule for _, rule, *_ in hits.fetchall()}


# What logs write, and whether it is a rule's marker `domestic_abuse`, `da`, `55` or `alzheimers`.
DRESSED = [
    ("Domestic Abuse (High)", True),
    ("domestic abuse.", True),
    ("Domestic Abuse: yes", True),
    ("domestic abuse - historic", True),
    ("domestic abuse marker", True),
    ("Domestic Abuse*", True),
    ('["domestic abuse"]', True),
    ("domestic abuse#child", True),
    ("\u200bdomestic abuse", True),
    ("dom\u200bestic abuse", True),
    ("domestic\u200babuse", True),
    ("domestic\u00a0abuse", True),
    ("domestic\u00adabuse", True),
    ("\ufeffDOMESTIC_ABUSE", True),
    ("DomesticAbuse", True),
    ("{domestic-abuse}", True),
    ("1. domestic abuse 2. child", True),
    ("do\u0301mestic abuse", True),
    ("NO DOMESTIC ABUSE", True),
    ("DA marker", True),
    ("DA: no", True),
    ("HISTORIC DA", True),
    ("D.A.", True),
    ("d.a. marker", True),
    ("55", True),
    ("(55)", True),
    ("55: pressed", True),
    ("Alzheimer's disease", True),
    ("ALZHEIMER\u2019S", True),
    ("FLAT 55", False),
    ("155", False),
    ("DATA", False),
    ("ADA", False),
    ("DAB", False),
    ("ABUSE", False),
    ("ABUSE, DOMESTIC VIOLENT", False),
    ("DOMESTIC;ABUSE", False),
    ("SUBDOMESTIC ABUSE", False),
    ("", False),
    ("*", False),
]


@pytest.mark.parametrize(("text", "is_known"), DRESSED, ids=range(len(DRESSED)))
def test_a_dressed_marker_is_known(con: duckdb.DuckDBPyConnection, text: str, is_known: bool) -> None:
    wanted = ["domestic_abuse", "da", "55", "alzheimers"]
    found = borne(con, text, wanted)
    assert bool(found) == is_known
    assert rules.borne(text, wanted) == marks.borne(text, frozenset(wanted)) == found


_EVERY = """
with markers as (select unnest($markers) as marker), dresses as (select unnest($dresses) as dress)
select marker, dress
from markers, dresses
where not list_contains(
    list_transform(
        marker_needles(marker),
        lambda needle: contains(marker_text(format(dress, replace(marker, '_', ' '))), needle)
    ),
    true
)
"""
DRESSES = ["{}", "{} (high)", "{}: no", "[{}]", "\u200b{}.", "{}#other", "other; {}*"]


def test_every_marker_of_the_rules_is_known_in_any_dress(con: duckdb.DuckDBPyConnection) -> None:
    every = sorted({word for rule in RULES.hard_stops for word in rule.markers})
    assert con.execute(_EVERY, {"markers": every, "dresses": DRESSES}).fetchall() == []
    missed = con.execute(_EVERY, {"markers": every, "dresses": ["no {} known"]}).fetchall()
    assert missed == [("55", "no {} known")]


# A list, and the rules that it sets off: a longer marker of one is no shorter one of another.
WITHIN = [
    ("HOSPITAL WALKOUT", {"hospital_walkout"}),
    ("HospitalWalkout", {"hospital_walkout"}),
    ("A&E", {"hospital"}),
    ("a & e dept", {"hospital"}),
    ("A&E/HOSTEL", {"hospital", "hostel"}),
    ("B&B", {"hostel"}),
    ("Bed & Breakfast", {"hostel"}),
    ("S/ H; D/V", {"domestic_abuse"}),
    ("hospital walk-out; Hospital", {"hospital_walkout", "hospital"}),
    ("Hospital: hospital walk out", {"hospital_walkout", "hospital"}),
    ("CARE ALARM (old)", {"care_alarm"}),
    ("care alarm and fire alarm", {"care_alarm", "alarm_line"}),
    ("CHILD ABDUCTION", {"child_abduction"}),
    ("CHILD", {"child"}),
    ("mental health unit, mental health", {"hospital", "mental_health"}),
    ("ABUSIVE LANGUAGE", {"language"}),
    ("CLARE'S LAW", {"domestic_abuse"}),
    ("Pay phone", {"kiosk"}),
    ("PAYPHONE", {"kiosk"}),
    ("Care-line; Tele care", {"care_alarm"}),
    ("Lifeline", {"care_alarm"}),
    ("Rpt victim", {"repeat_victim"}),
    ("DASH high", {"domestic_abuse"}),
    ("Non-molestation order", {"domestic_abuse"}),
    ("Honour based abuse, forced marriage", {"domestic_abuse"}),
    ("vuln adult", {"vulnerable"}),
    ("Hearing impaired", {"language"}),
    ("SS55", {"silent_solution_55"}),
    ("SS 55, no reply", {"silent_solution_55"}),
    ("OTHER", set()),
]


@pytest.mark.parametrize(("text", "expected"), WITHIN, ids=range(len(WITHIN)))
def test_a_longer_marker_is_no_shorter_one(con: duckdb.DuckDBPyConnection, text: str, expected: set[str]) -> None:
    whose = {marker: rule.id for rule in RULES.hard_stops for marker in rule.markers}
    assert {whose[marker] for marker in borne(con, text, list(whose))} == expected
    assert {whose[marker] for marker in rules.borne(text, whose)} == expected
    assert {whose[marker] for marker in marks.borne(text, frozenset(whose))} == expected


MARKS = st.text("domesticabue DOMESTICABUE_-. ;|,/&+'\u2019()*#5\u200b\ufeff\u00ad\u00e9\u0301\u0e33\t\n", max_size=30)
WORDS = st.sampled_from(["domestic abuse", "DA", "55", "d", "Domestic", "abuse", "d\u200ba", "5 5"])


@given(
    texts=st.lists(st.one_of(MARKS, WORDS, st.just(" ")), max_size=8).map("".join),
    markers=st.lists(st.one_of(WORDS, MARKS), min_size=1, max_size=4, unique=True),
)
def test_three_readings_agree(con: duckdb.DuckDBPyConnection, texts: str, markers: list[str]) -> None:
    assert borne(con, texts, markers) == rules.borne(texts, markers) == marks.borne(texts, frozenset(markers))


# Up to Gujarati: beyond, engines differ in which edition of Unicode's marks they know.
ANYTHING = st.text(st.characters(max_codepoint=0x0AFF, exclude_categories=["Cs"]), max_size=12)


@given(text=ANYTHING, marker=ANYTHING)
def test_any_text_is_read_alike(con: duckdb.DuckDBPyConnection, text: str, marker: str) -> None:
    said = text + marker
    assert borne(con, said, [marker]) == rules.borne(said, [marker]) == marks.borne(said, frozenset([marker]))
