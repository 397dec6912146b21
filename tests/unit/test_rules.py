"""The reviewed rules: each with its reasons, each able to fire, none advising what must never be advised."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pytest

from misuse import rules
from misuse.errors import StoreError
from misuse.settings import RULES_ROOT, SQL_ROOT
from tests import safeguards_page

RULES = rules.load()
THEN, NOW = date(2005, 12, 8), date(2026, 1, 5)


@dataclass(frozen=True)
class Source:
    misuse: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_all_misuse: bool = False
    doubt: Mapping[str, Sequence[str]] = field(default_factory=dict)


EVERY_RULE = [*RULES.hard_stops, *RULES.code_lists, *RULES.misuse_codes, *RULES.doubts, *RULES.options]


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: getattr(rule, "id", rule.title))
def test_every_rule_has_why_source_author_checker_and_next_review(rule: rules.HardStop) -> None:
    review = rule.review
    assert all((review.why, review.source, review.author, review.checker, review.version))
    assert review.next_review > NOW
    assert rule.title


# marker             scope   stop  urgent  support  shared
MARKERS = """
domestic_abuse       caller  yes   yes     no       no
silent_55            caller  yes   yes     no       no
codeword             call    yes   yes     no       no
hate_crime           caller  yes   yes     no       no
repeat_victim        caller  yes   yes     no       no
missing_person       call    yes   yes     no       no
hospital_walkout     call    yes   yes     no       no
overdose             call    yes   yes     no       no
child_abduction      call    yes   yes     no       no
child                caller  yes   no      yes      no
care_alarm           caller  yes   no      no       yes
medical_alarm        caller  yes   no      no       yes
alarm_line           caller  yes   no      no       yes
handset_fault        caller  yes   no      no       no
sos_fault            caller  yes   no      no       no
dementia             caller  yes   no      yes      no
suicidal             call    yes   yes     yes      no
language             caller  yes   no      no       no
kiosk                caller  yes   no      no       yes
refuge               caller  yes   yes     no       yes
hospital             caller  yes   no      no       yes
care_home            caller  no    no      no       yes
hostel               caller  no    no      no       yes
switchboard          caller  no    no      no       yes
school               caller  no    no      no       yes
vulnerable           caller  no    no      yes      no
mental_health        caller  no    no      yes      no
"""
BY_MARKER = [line.split() for line in MARKERS.strip().splitlines()]


@pytest.mark.parametrize("line", BY_MARKER, ids=lambda line: line[0])
def test_each_marker_does_what_the_table_says(line: list[str]) -> None:
    marker, scope, *traits = line
    (row,) = [row for row in RULES.hard_stop_rows() if row[1] == marker.upper()]
    stop, urgent, support, shared = (trait == "yes" for trait in traits)
    assert row[2:7] == (scope, urgent, support, stop, shared)


def test_every_hard_stop_is_in_the_table() -> None:
    covered = {row[0] for row in RULES.hard_stop_rows() if row[1].lower() in {line[0] for line in BY_MARKER}}
    assert covered == {rule.id for rule in RULES.hard_stops if rule.markers}
    assert {rule.id for rule in RULES.hard_stops} - covered == {"new_content"}


# What the issue asks for, word for word, and the rule that answers.
ASKED = {
    "silent or abandoned call from a number, caller or address with a domestic-abuse marker": "domestic_abuse",
    "Silent Solution 55": "silent_solution_55",
    "agreed codewords": "agreed_codeword",
    "hate-crime marker": "hate_crime",
    "repeat-victim marker": "repeat_victim",
    "missing person": "missing_person",
    "hospital walk-out": "hospital_walkout",
    "overdose": "overdose",
    "child abduction": "child_abduction",
    "child": "child",
    "care and medical alarm": "care_alarm",
    "handset fault pattern": "handset_fault",
    "SOS fault pattern": "sos_fault",
    "dementia": "dementia",
    "suicidal content": "suicidal",
    "kiosk": "kiosk",
    "refuge": "refuge",
    "hospital": "hospital",
    "language difficulty": "language",
    "new content from a frequent contact": "new_content",
}


def test_every_hard_stop_that_is_asked_for_is_there_and_stops() -> None:
    stops = {rule.id for rule in RULES.hard_stops if rule.is_stop}
    assert set(ASKED.values()) <= stops
    assert stops - set(ASKED.values()) == {"alarm_line"}


def test_patterns_have_their_figures() -> None:
    assert {row[0]: row[1] for row in RULES.pattern_rows()} == {
        "domestic_abuse": "ties",
        "handset_fault": "burst",
        "new_content": "new_content",
    }
    limits = {rule.id: rule.limits for rule in RULES.hard_stops if rule.pattern}
    assert limits["new_content"]["contacts"] == 10, "about ten: Joanne Butler made twenty contacts in ten months"
    assert limits["new_content"]["days"] == 365
    assert limits["domestic_abuse"]["most_numbers"] >= 5, "a home has several telephones"
    assert limits["domestic_abuse"]["place_calls"] == 2, "once may be a passer-by"
    assert (limits["handset_fault"]["calls"], limits["handset_fault"]["minutes"]) == (5, 10)


def test_a_silent_call_is_silent_whatever_else_its_code_says() -> None:
    words = [word for name, word in RULES.list_rows() if name == "silent_or_abandoned"]
    for code in ("SILENT NUISANCE", "SILENT CALL", "999 ABANDONED", "CALL DROPPED", "NO SPEECH"):
        assert any(f" {word} " in f" {code} " for word in words), code
    for code in ("ROBBERY", "SILENCER FITTED", "HOAX"):
        assert not any(f" {word} " in f" {code} " for word in words), code


def test_a_marker_is_known_with_space_hyphen_and_underscore() -> None:
    known = {row[1] for row in RULES.hard_stop_rows()}
    assert {"DOMESTIC_ABUSE", "DOMESTIC ABUSE", "DOMESTIC-ABUSE"} <= known


# What a handler might write, and the rule that must see it.
REMARKS = [
    ("female asked for a pizza, repeated address, hung up", "agreed_codeword"),
    ("caller wants a taxi to the police station", "agreed_codeword"),
    ("asking for angela", "agreed_codeword"),
    ("no speech, caller pressed 55 when asked", "silent_solution_55"),
    ("states he will kill himself tonight", "suicidal"),
    ("saying she wants to end her life", "suicidal"),
    ("no speech, 55 pressed", "silent_solution_55"),
    ("presses 5 then 5 again", "silent_solution_55"),
    ("55 has been pressed twice", "silent_solution_55"),
    ("dialled 555 by mistake", None),
    ("saying he wants to die", "suicidal"),
    ("caller is actively suicidal", "suicidal"),
    ("has taken an overdose", "overdose"),
    ("overdosed on paracetamol", "overdose"),
    ("has taken a load of tablets", "overdose"),
    ("swallowed a whole box of pills", "overdose"),
    ("took 30 paracetamol tablets", "overdose"),
    ("took his tablets as every day", None),
    ("says she has cut her wrists", "suicidal"),
    ("going to jump off the bridge", "suicidal"),
    ("jumped in front of a train", "suicidal"),
    ("jumped off the bus without paying", None),
    ("life not worth living", "suicidal"),
    ("does not want to wake up", "suicidal"),
    ("threatening to hang himself", "suicidal"),
    ("third attempted suicide this week", "suicidal"),
    ("neighbour cut his hedge", None),
    ("came via silent solution", "silent_solution_55"),
    ("silent solution transferred by operator", "silent_solution_55"),
    ("silent solution applied, line cleared", None),
    ("ordered a cab, address given", "agreed_codeword"),
    ("seen in a cabinet shop", None),
    ("no overdose, wants to dye his hair", None),
    ("shouting abuse, laughing in background", None),
    ("taxonomy lecture, caller on bus 55", None),
    ("caller is not suicidal", None),
]


@pytest.mark.parametrize(("remark", "expected"), REMARKS, ids=range(len(REMARKS)))
def test_codewords_are_heard_by_the_engine_that_listens(remark: str, expected: str | None) -> None:
    with duckdb.connect() as con:
        hits = {
            rule
            for rule, pattern in RULES.codeword_rows()
            if con.execute(
                "select regexp_matches($remark, $pattern)", {"remark": remark, "pattern": pattern}
            ).fetchall()
            == [(True,)]
        }
    assert hits == ({expected} if expected else set())


# What a handler might write of a frequent contact's call.
WORDS = [
    ("two screams heard, line cleared", True),
    ("female crying, would not speak", True),
    ('said "please help", then cut off', True),
    ("male has a knife", True),
    ("shouting he is hitting me", True),
    ("same complaint as before", False),
    ("offered to help with a form", False),
    ("a screen is broken", False),
]


@pytest.mark.parametrize(("remark", "is_heard"), WORDS, ids=range(len(WORDS)))
def test_words_of_a_frequent_contact_are_heard(remark: str, is_heard: bool) -> None:
    with duckdb.connect() as con:
        heard = [
            con.execute("select regexp_matches(lower($remark), $pattern)", {"remark": remark, "pattern": p}).fetchone()
            for rule, p in RULES.word_rows()
            if rule == "new_content"
        ]
    assert ((True,) in heard) == is_heard


def test_safeguards_that_a_log_cannot_support_are_named() -> None:
    whole = RULES.safeguards_blind({line[0] for line in BY_MARKER}, has_codes=True)
    assert whole == (0, len(RULES.hard_stops), ())
    none = RULES.safeguards_blind(set())
    assert none.blind == none.total == len(none.names)
    some = RULES.safeguards_blind({"Domestic Violence", "care_home"}, has_remarks=True)
    assert {
        "domestic_abuse", "care_home", "agreed_codeword", "overdose", "suicidal", "silent_solution_55"
    }.isdisjoint(some.names)  # fmt: skip
    assert some.blind == some.total - 6
    by_codes = RULES.safeguards_blind(set(), has_codes=True)
    assert set(none.names) - set(by_codes.names) == {"new_content", "handset_fault"}


@dataclass(frozen=True)
class Fields:
    columns: Sequence[str] = ()
    markers_supplied: Sequence[str] = ()


def test_what_a_source_maps_decides_which_safeguards_it_leaves_blind() -> None:
    blind = {rule.id for rule in RULES.hard_stops}
    assert set(RULES.blind_in(Fields()).names) == blind
    assert set(RULES.blind_in(Fields(["cli", "closing_code"])).names) == blind - {"new_content", "handset_fault"}
    assert set(RULES.blind_in(Fields(["opening_code"])).names) == blind, "without numbers nobody is a frequent contact"
    assert set(RULES.blind_in(Fields(["remarks"])).names) == blind - {
        "agreed_codeword",
        "overdose",
        "suicidal",
        "silent_solution_55",
    }
    assert set(RULES.blind_in(Fields([], ["child"])).names) == blind, "markers that no column holds are not supplied"
    assert set(RULES.blind_in(Fields(["markers"], ["child"])).names) == blind - {"child"}


def test_unintentional_calls_are_not_misuse() -> None:
    codes = {code for _, _, code in RULES.misuse_code_rows({"a": Source()})}
    assert {"HOAX", "NUISANCE CALL", "ABUSIVE CALL", "MISUSE OF 999"} <= codes
    assert codes.isdisjoint({"MISDIAL", "POCKET DIAL", "SILENT CALL", "ABANDONED", "NON EMERGENCY", "TEST CALL"})
    assert all(group.intent == "intentional" for group in RULES.misuse_codes if group.is_misuse)
    assert any("misdial" in map(str.casefold, group.codes) for group in RULES.misuse_codes)


def test_dispatch_and_a_plain_arrest_are_no_doubt() -> None:
    codes = {code for _, _, code, _ in RULES.doubt_rows({"a": Source()})}
    assert {"CRIME RECORDED", "PATIENT CONVEYED", "PERSON AT RISK", "ARREST_OTHER"} <= codes
    assert codes.isdisjoint({"ARREST", "UNITS SENT", "ATTENDED", "OFFICERS ATTENDED"})


def test_doubt_is_of_three_kinds() -> None:
    kinds = {(field, code): kind for _, field, code, kind in RULES.doubt_rows({"a": Source()})}
    assert kinds["result_code", "PATIENT CONVEYED"] == "contradicted"
    assert kinds["qualifiers", "DEFAULTED"] == "defaulted"
    assert kinds["closing_code", "NOT KNOWN"] == kinds["closing_code", None] == "unknown"
    assert ("closing_code", "OTHER") not in kinds, "that is a code"
    assert {kind for (field, _), kind in kinds.items() if field == "closing_code"} == {"unknown"}


def test_a_source_that_declares_its_own_lists_uses_them() -> None:
    own = Source(misuse={"opening_code": [" nuisance  call"]}, doubt={"qualifiers": ["injury", "auto_closed"]})
    sources = {"own": own, "all": Source(is_all_misuse=True), "plain": Source()}
    misuse, doubts = RULES.misuse_code_rows(sources), RULES.doubt_rows(sources)
    assert [row for row in misuse if row[0] == "own"] == [("own", "opening_code", "NUISANCE CALL")]
    assert [row for row in misuse if row[0] == "all"] == [("all", "*", "*")]
    assert len([row for row in misuse if row[0] == "plain"]) > 20
    of_own = [row for row in doubts if row[0] == "own"]
    assert of_own[:2] == [
        ("own", "qualifiers", "INJURY", "contradicted"),
        ("own", "qualifiers", "AUTO_CLOSED", "defaulted"),
    ]
    assert {row[1:] for row in of_own[2:]} == {row[1:] for row in doubts if row[0] == "plain" and row[3] == "unknown"}
    assert len([row for row in doubts if row[0] == "all"]) > 20


def test_rows_fit_the_tables_they_fill() -> None:
    with duckdb.connect() as con:
        for name, rows in rules.tables(RULES, {"a": Source()}).items():
            con.execute((SQL_ROOT / "rules" / (name + ".sql")).read_text())
            con.table(name).insert(rows[0])
            assert con.table(name).fetchall() == [rows[0]]
            assert len(rows) == len(set(rows)), name


# Options


def test_options_stand_by_date_of_law() -> None:
    then = {option.id for option in RULES.options if option.is_open(THEN)}
    now = {option.id for option in RULES.options if option.is_open(NOW)}
    assert then >= {"abc", "asbo", "pnd", "ca_s127", "wasting_police_time"}
    assert then.isdisjoint({"cpw", "cpn", "cbo", "osa_s179", "ca_s127_2_c", "ta_s43", "right_care"})
    assert now >= {"cpw", "cpn", "cbo", "osa_s179", "ca_s127_2_c", "right_care", "wasting_police_time"}
    assert now.isdisjoint({"abc", "asbo", "ca_s127", "ta_s43"})


def test_the_false_message_offence_changes_hands_on_31_january_2024() -> None:
    enforcement = {day: set(RULES.options_for(date(2024, 1, day))["enforcement"]) for day in (30, 31)}
    by_id = {option.id: option.title for option in RULES.options}
    assert by_id["ca_s127"] in enforcement[30] - enforcement[31]
    assert {by_id["ca_s127_2_c"], by_id["osa_s179"]} <= enforcement[31] - enforcement[30]


def test_options_come_least_intrusive_first() -> None:
    lanes = [rules.LANES.index(option.lane) for option in RULES.options]
    assert lanes == sorted(lanes)
    order = {lane: RULES.options_for(NOW)[lane] for lane in rules.LANES}
    assert all(order.values())
    ids = [option.id for option in RULES.options]
    for gentler, harder in (
        ("conversation", "warning_letter"),
        ("cpw", "cpn"),
        ("cpn", "cbo"),
        ("welfare_contact", "safeguarding"),
    ):
        assert ids.index(gentler) < ids.index(harder)


def test_enforcement_has_its_preconditions() -> None:
    for option in RULES.options:
        assert option.needs, option.id
        if option.lane == "enforcement":
            assert any("proof of who called" in need or "conviction" in need for need in option.needs), option.id
        if option.id.startswith("ca_s127"):
            assert any("purpose" in need for need in option.needs)


FORBIDDEN = [
    r"\boffenders?\b",
    r"\b(do not|don't|never|not to|no need to|stop|refuse to|decline to|cease|without)\s+(be\s+)?(answer|attend|respond|deploy|despatch|dispatch|send)",
    r"\b(ignore|block|bar|drop|cut off|hang up on)\s+(the\s+)?(calls?|callers?|numbers?|lines?)\b",
    r"\b(disconnect|disconnection|cut-off|no response|no attendance|do not send)\b",
]


@pytest.mark.parametrize("path", sorted(RULES_ROOT.glob("*.toml")), ids=lambda path: path.name)
def test_no_text_advises_against_answering_or_attending_and_none_says_offender(path: Path) -> None:
    text = " ".join(path.read_text(encoding="utf-8").lower().replace("#", " ").split())
    for pattern in FORBIDDEN:
        assert not re.search(pattern, text), pattern


def test_the_forbidden_patterns_do_find_such_advice() -> None:
    for advice in (
        "Do not attend this address",
        "never answer",
        "block the number",
        "automatic disconnection",
        "an offender",
    ):
        assert any(re.search(pattern, advice.lower()) for pattern in FORBIDDEN), advice


# Loading


def test_the_digest_changes_with_any_rule(tmp_path: Path) -> None:
    copy = tmp_path / "rules"
    shutil.copytree(RULES_ROOT, copy)
    assert rules.load(copy).digest == RULES.digest
    for path in (copy / (name + ".toml") for name in ("hard_stops", "misuse_codes", "doubts", "options")):
        before = path.read_text()
        path.write_text(re.sub(r"version = \d+", "version = 99", before, count=1))
        assert rules.load(copy).digest != RULES.digest
        path.write_text(before)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("hard_stops", 'scope = "caller"', 'scope = "city"', "domestic_abuse: 'scope' must be one of"),
        ("hard_stops", "is_stop = true", "is_stop = 1", "'is_stop' is of the wrong kind"),
        ("hard_stops", "is_stop = true\n", "", "'is_stop' is missing"),
        ("hard_stops", "is_urgent", "is_urgnt", "unknown key 'is_urgnt'"),
        ("hard_stops", 'checker = "to be named by the force"\n', "", "'checker' is missing"),
        ("hard_stops", 'id = "silent_solution_55"', 'id = "domestic_abuse"', "names a rule twice"),
        ("hard_stops", r"'\bpizzas?\b'", "'('", "no regular expression"),
        ("hard_stops", r"'\bscream'", "'('", "no regular expression"),
        ("hard_stops", 'pattern = "burst"', 'pattern = "bang"', "'pattern' must be one of"),
        (
            "hard_stops",
            "limits = { calls = 5, minutes = 10 }",
            "limits = { calls = 5 }",
            "must give just: calls, minutes",
        ),
        ("hard_stops", "calls = 5", "calls = 0", "whole numbers over nought"),
        ("hard_stops", 'id = "nowhere"', 'id = "handset"', "names a rule twice"),
        ("hard_stops", 'id = "nowhere"', 'id = "anywhere"', "'id' must be one of"),
        ("hard_stops", 'markers = ["missing_person"', 'nothing = ["missing_person"', "unknown key 'nothing'"),
        ("misuse_codes", 'intent = "intentional"', 'intent = "unintentional"', "nobody meant"),
        ("doubts", 'field = "result_code"', 'field = "remarks"', "'field' must be one of"),
        ("doubts", 'kind = "contradicted"', 'kind = "unknown"', "only a closing code"),
        ("doubts", 'kind = "contradicted"', 'absent = true\nkind = "contradicted"', "'absent' is for"),
        ("options", 'lane = "technical"', 'lane = "fast"', "'lane' must be one of"),
        ("options", "[[option]]", "[[option", "cannot be read"),
    ],
)
def test_a_damaged_rule_is_named(tmp_path: Path, name: str, old: str, new: str, said: str) -> None:
    copy = tmp_path / "rules"
    shutil.copytree(RULES_ROOT, copy)
    path = copy / (name + ".toml")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(StoreError, match=re.escape(said)):
        rules.load(copy)


def test_blind_safeguards_are_counted_and_those_without_another_check_apart() -> None:
    with duckdb.connect() as con:
        con.execute((SQL_ROOT / "rules" / "casebook_safeguard_checks.sql").read_text())
        con.execute(
            "insert into casebook_safeguard_checks values ('child', null, '2026-01-05'), ('kiosk', null, '2026-01-04')"
        )
        values = {"run_id": "r1", "as_of": NOW, "safeguards": 27}
        found = {}
        for names in (["kiosk", "child", "refuge"], []):
            rows = con.execute((SQL_ROOT / "estimates" / "safeguards_blind.sql").read_text(), values | {"names": names})
            found[len(names)] = {row[2]: (row[6], row[12], row[13].rpartition(": ")[2]) for row in rows.fetchall()}
    assert found[3] == {
        "safeguards_blind": (3, 27, "child, kiosk, refuge"),
        "safeguards_unchecked": (2, 27, "kiosk, refuge"),
    }
    assert found[0] == {"safeguards_blind": (0, 27, "none"), "safeguards_unchecked": (0, 27, "none")}


# The page


def test_the_page_of_safeguards_is_in_step() -> None:
    assert safeguards_page.PAGE.read_text(encoding="utf-8") == safeguards_page.page(), (
        "run: python -m tests.safeguards_page"
    )


@pytest.mark.parametrize("rule", RULES.hard_stops, ids=lambda rule: rule.id)
def test_the_page_tells_all_of_a_rule(rule: rules.HardStop) -> None:
    page = safeguards_page.page()
    (section,) = [part for part in page.split("\n### ") if part.startswith(rule.id.replace("_", "-") + "\n")]
    review = rule.review
    assert all(text in section for text in (rule.title, review.why, review.source, review.author, review.checker))
    assert f"{review.next_review:%B %Y}" in section
    assert all(f"`{marker}`" in section for marker in rule.markers)
    assert all(str(limit) in page for limit in rule.limits.values())
    if rule.is_stop:
        assert f"](#{rule.id.replace('_', '-')})" in page
        assert (rule.duty_role or "duty_role") in section
        assert ("the same night" in section) == rule.is_urgent
