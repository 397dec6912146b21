"""What a run tells the casebook of open cases, each thing once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from misuse import case_reports
from misuse.casebook import PIPELINE, Casebook

AT = datetime.fromisoformat("2026-01-05T09:30:00")
WHOLE, HALF, OTHER = ("c" + digit * 16 for digit in "abe")
SPELLS = ["s" + digit * 16 for digit in "123"]
REF = "K-" + WHOLE[1:11].upper()


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Casebook]:
    """A case of two numbers, acted on, and one of another caller."""
    with Casebook.open(tmp_path / "casebook.sqlite") as opened:
        for role in ("administrator", "reviewer", "chair"):
            opened.set_user(role, role, actor="administrator", occurred_at=AT)
        rows = [
            {"caller_id": WHOLE, "part": 3, "rank": 1, "spells": SPELLS[:2]},
            {"caller_id": OTHER, "part": 3, "rank": 2, "spells": [SPELLS[2]]},
        ]
        payload = {"as_of": "2025-12-31", "digest": "d", "eligible": rows}
        opened.record("list_frozen", actor=PIPELINE, occurred_at=AT, run_id="r1", payload=payload)
        opened.record("calls_opened", actor="reviewer", occurred_at=AT, case_ref=REF, payload={"calls": ["k"]})
        given = {"reason": "r", "lane": "engagement", "owner": "o", "review_date": "2026-02-01"}
        opened.move_case(REF, "act", given, actor="reviewer", occurred_at=AT, run_id="r1")
        yield opened


def run(holders: dict[str, list[str]], *, is_changed: bool, stopped: tuple[str, ...] = ()) -> duckdb.DuckDBPyConnection:
    """The relations of a run that a report reads: who holds which spells, and of whom the case now is."""
    con = duckdb.connect()
    con.execute("create table caller_spells (spell_id varchar, caller_id varchar)")
    con.execute("create table callers (caller_id varchar, is_stopped boolean)")
    con.execute("create table cases (case_ref varchar, caller_id varchar, status varchar)")
    con.execute("create table case_callers (case_ref varchar, caller_id varchar, is_changed boolean)")
    for caller, spells in holders.items():
        con.execute("insert into callers values (?, ?)", [caller, caller in stopped])
        con.executemany("insert into caller_spells values (?, ?)", [[spell, caller] for spell in spells])
    heir = next(caller for caller, spells in holders.items() if SPELLS[0] in spells)
    con.execute("insert into cases values (?, ?, 'under_action')", [REF, heir])
    con.execute("insert into case_callers values (?, ?, ?)", [REF, heir, is_changed])
    return con


@pytest.mark.parametrize(
    ("holders", "told"),
    [
        ({WHOLE: SPELLS}, "1 new, 0 now of another"),
        ({HALF: SPELLS[:1], OTHER: SPELLS[1:]}, "0 new, 1 now of another"),
    ],
    ids=["merged", "split"],
)
def test_a_merge_or_split_is_told_once_and_waits_for_a_person(
    book: Casebook, holders: dict[str, list[str]], told: str
) -> None:
    with run(holders, is_changed=True) as con:
        assert case_reports.report(con, book, "r2", AT, AT.date())["reported"] == [REF]
        assert case_reports.report(con, book, "r2", AT, AT.date())["reported"] == []
        assert case_reports.report(con, book, "r3", AT, AT.date())["reported"] == []
    (event,) = book.casefile(REF).reports
    assert told in event.data["told"]
    assert (event.actor, event.run_id) == (PIPELINE, "r2")
    book.record("calls_opened", actor="reviewer", occurred_at=AT, case_ref=REF, payload={"calls": ["k"]})
    seen_as = event.data["spells"]
    book.move_case(REF, "reconcile", {"reason": "r"}, actor="reviewer", occurred_at=AT, run_id="r2", seen_as=seen_as)
    assert book.casefile(REF).reports == []
    assert book.cases()[REF]["spells"] == tuple(seen_as)
    assert [event.data["move"] for event in book.entries("case_moved", case_ref=REF)] == ["act", "reconcile"]


def test_nothing_is_told_where_nothing_changed_or_the_case_is_closed(book: Casebook) -> None:
    with run({WHOLE: SPELLS[:2]}, is_changed=False) as con:
        assert not any(case_reports.report(con, book, "r2", AT, AT.date()).values())
    book.record("calls_opened", actor="chair", occurred_at=AT, case_ref=REF, payload={"calls": ["k"]})
    given = {"reason": "r", "outcome": "calls_ended", "activity": "visit"}
    book.move_case(REF, "close", given, actor="chair", occurred_at=AT, run_id="r1")
    with run({WHOLE: SPELLS}, is_changed=True) as con:
        assert not any(case_reports.report(con, book, "r2", AT, AT.date()).values())


def test_whom_the_run_found_stopped_is_halted_once(book: Casebook) -> None:
    with run({WHOLE: SPELLS[:2]}, is_changed=False, stopped=(WHOLE,)) as con:
        assert case_reports.report(con, book, "r2", AT, AT.date())["halted"] == [REF]
        assert case_reports.report(con, book, "r2", AT, AT.date())["halted"] == []
    head = book.decision_head(without_run="r2")
    assert head != book.decision_head(), "what a run recorded is none of its own inputs"


def test_a_suppression_ends_and_an_overdue_tasking_goes_up(book: Casebook) -> None:
    reference = "K-" + OTHER[1:11].upper()
    book.record("calls_opened", actor="chair", occurred_at=AT, case_ref=reference, payload={"calls": ["k"]})
    given = {"reason": "r", "until": "2026-01-10"}
    book.move_case(reference, "suppress", given, actor="chair", occurred_at=AT, run_id="r1")
    payload = {
        "borough": "Camden",
        "ask": "visit",
        "deadline": "2026-01-10",
        "risk": "none",
        "not_to_do": "nothing rash",
    }
    book.record("tasked", actor="reviewer", occurred_at=AT, case_ref=REF, payload=payload)
    with run({WHOLE: SPELLS[:2]}, is_changed=False) as con:
        assert not any(
            case_reports.report(con, book, "r2", AT + timedelta(days=5), AT.date() + timedelta(days=5)).values()
        )
        done = case_reports.report(con, book, "r3", AT + timedelta(days=6), AT.date() + timedelta(days=6))
        assert (done["expired"], done["escalated"]) == ([reference], ["T1"])
        assert not any(
            case_reports.report(con, book, "r4", AT + timedelta(days=7), AT.date() + timedelta(days=7)).values()
        )
