"""The casebook: append-only, chained, migrated, and who may do what in it."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from misuse import casebook as module
from misuse import review
from misuse.casebook import GENESIS, PIPELINE, Actor, Casebook
from misuse.errors import InputError, Refused, StoreError, UsageError
from misuse.settings import SQL_ROOT

AT = datetime.fromisoformat("2026-01-05T09:30:00")
CALLER, REF, OTHER = "c0123456789abcdef", "K-0123456789", "cffffffffffffffff"
SPELL, OTHER_SPELL = "s" + CALLER[1:], "s" + OTHER[1:]
ACT = {"reason": "talk first", "lane": "engagement", "owner": "Camden", "review_date": "2026-02-01"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "casebook.sqlite"


@pytest.fixture
def book(path: Path) -> Iterator[Casebook]:
    with Casebook.open(path) as opened:
        yield opened


@pytest.fixture
def staffed(book: Casebook) -> Casebook:
    """A casebook with one user of some roles: the name is the role."""
    for role in ("administrator", "analyst", "reviewer", "chair", "authoriser", "auditor"):
        book.set_user(role, role, actor="administrator", occurred_at=AT)
    return book


def record(book: Casebook, kind: str, actor: str = "analyst", **rest: Any) -> module.Event:
    return book.record(kind, actor=actor, occurred_at=AT, **rest)


def stop(book: Casebook, reason: str = "may be a victim", *, is_urgent: bool = False) -> module.Event:
    return record(book, "stop_entered", caller_id=CALLER, payload={"reason": reason, "is_urgent": is_urgent})


def freeze(book: Casebook, as_of: str = "2025-12-31", run_id: str = "r1") -> module.Event:
    eligible = [{"caller_id": CALLER, "part": 3, "rank": 1}, {"caller_id": OTHER, "part": 4, "rank": 2}]
    payload = {"as_of": as_of, "digest": "d", "eligible": eligible}
    return record(book, "list_frozen", PIPELINE, payload=payload, run_id=run_id)


def move(book: Casebook, name: str, given: dict[str, str], actor: str = "reviewer") -> module.Event:
    return book.move_case(REF, name, given, actor=actor, occurred_at=AT, run_id="r1")


def fill(book: Casebook) -> None:
    """A little of everything: five events."""
    freeze(book)
    stop(book, is_urgent=True)
    record(book, "look_acknowledged", caller_id=CALLER)
    record(book, "sql_run", payload={"statement": "select 1"})


def tamper(path: Path, statement: str) -> None:
    """What somebody with the file in hand could do: drop the guards first."""
    with closing(sqlite3.connect(path)) as con:
        for (name,) in con.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            con.execute('drop trigger "' + name + '"')
        con.execute(statement)
        con.commit()


def test_new_file_is_its_owners_alone_and_empty(book: Casebook, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert book.head() == GENESIS
    assert book.verify() is None
    record(book, "sql_run", payload={"statement": "select 1"})
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_chain_holds_over_reopening(book: Casebook, path: Path) -> None:
    fill(book)
    with Casebook.open(path) as again:
        events = again.entries()
        assert [event.event_id for event in events] == list(range(1, 6))
        assert events[0].previous_digest == GENESIS
        assert all(later.previous_digest == event.digest for event, later in pairwise(events))
        assert again.head() == events[-1].digest
        assert again.verify() is None
        assert again.verify(events[2].digest) is None


@pytest.mark.parametrize(
    "statement",
    [
        "update events set actor = 'x' where event_id = 1",
        "delete from events where event_id = 2",
        "insert or replace into events select * from events where event_id = 1",
        "insert into events values (9, 't', 'a', 'r', 'k', null, null, null, '{}', 'p', 'd')",
    ],
)
def test_nothing_is_changed_deleted_or_put_elsewhere(book: Casebook, path: Path, statement: str) -> None:
    fill(book)
    with closing(sqlite3.connect(path)) as con, pytest.raises(sqlite3.IntegrityError, match="casebook is"):
        con.execute(statement)
    assert book.verify() is None


@pytest.mark.parametrize("column", list(module.Event.__dataclass_fields__))
@pytest.mark.parametrize("event_id", [1, 3, 5])
def test_any_changed_field_is_found(book: Casebook, path: Path, column: str, event_id: int) -> None:
    fill(book)
    value = "99" if column == "event_id" else "'2'"
    statement = "update events set COLUMN = VALUE where event_id = ID"
    tamper(path, statement.replace("COLUMN", column).replace("VALUE", value).replace("ID", str(event_id)))
    broken = book.verify()
    assert broken is not None
    assert broken.event_id == event_id


@pytest.mark.parametrize("event_id", [1, 2, 4])
def test_a_missing_event_is_found(book: Casebook, path: Path, event_id: int) -> None:
    fill(book)
    tamper(path, "delete from events where event_id = ID".replace("ID", str(event_id)))
    broken = book.verify()
    assert broken is not None
    assert broken.event_id == event_id


def test_a_cut_tail_is_found_by_a_head_noted_earlier(book: Casebook, path: Path) -> None:
    fill(book)
    head = book.head()
    tamper(path, "delete from events where event_id = 5")
    assert book.verify() is None
    broken = book.verify(head)
    assert broken is not None
    assert broken.event_id == 5


def test_a_migration_goes_forward_and_leaves_a_copy(book: Casebook, path: Path, tmp_path: Path) -> None:
    fill(book)
    newer = tmp_path / "schema"
    newer.mkdir()
    shutil.copy(SQL_ROOT / "schema" / "casebook_001.sql", newer)
    (newer / "casebook_002.sql").write_text("create table extra (a integer);\n")
    with Casebook.open(path, schema_root=newer) as forward:
        assert forward.verify() is None
        assert len(forward.entries()) == 5
    copy = path.with_name("casebook.before-002.sqlite")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(path)) as con:
        assert con.execute("select version from schema_version").fetchall() == [(2,)]
    with closing(sqlite3.connect(copy)) as con:
        assert con.execute("select version from schema_version").fetchall() == [(1,)]
    with pytest.raises(StoreError, match="newer program"):
        Casebook.open(path)


def test_a_broken_migration_changes_nothing(book: Casebook, path: Path, tmp_path: Path) -> None:
    newer = tmp_path / "schema"
    newer.mkdir()
    shutil.copy(SQL_ROOT / "schema" / "casebook_001.sql", newer)
    (newer / "casebook_002.sql").write_text("create table extra (a integer);\ncreate table extra (a integer);\n")
    with pytest.raises(StoreError):
        Casebook.open(path, schema_root=newer)
    with Casebook.open(path) as same:
        assert same.head() == GENESIS


def test_a_damaged_file_is_named(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is not a casebook" * 500)
    with pytest.raises(StoreError, match="no casebook or is damaged"):
        Casebook.open(path)


def test_two_writers_take_turns(book: Casebook, path: Path) -> None:
    with Casebook.open(path) as other:
        for number in range(3):
            for writer in (book, other):
                record(writer, "note_added", payload={"note": str(number)})
    assert len(book.entries()) == 6
    assert book.verify() is None


def test_payload_must_hold_what_its_kind_needs(book: Casebook) -> None:
    with pytest.raises(UsageError, match="reason is needed"):
        stop(book, "  ")
    assert book.head() == GENESIS


# Users


def test_with_no_users_everybody_local_is_an_analyst_who_may_stop_but_not_see_identities(book: Casebook) -> None:
    assert book.role_of("anybody") == "analyst"
    assert book.permitted("stop", "anybody") == Actor("anybody", "analyst")
    with pytest.raises(Refused) as refused:
        record(book, "identity_read", "anybody", payload={"way": "identify", "reason": "to ring back"})
    assert refused.value.exit_code == 6
    assert "misuse users add NAME --role administrator" in refused.value.next_step
    assert book.head() == GENESIS


def test_first_user_is_an_administrator_and_then_only_administrators_add(book: Casebook) -> None:
    with pytest.raises(Refused, match="first user must be"):
        book.set_user("bea", "reviewer", actor="anybody", occurred_at=AT)
    book.set_user("ada", "administrator", actor="anybody", occurred_at=AT)
    with pytest.raises(Refused):
        book.set_user("bea", "reviewer", actor="anybody", occurred_at=AT)
    book.set_user("bea", "reviewer", actor="ada", occurred_at=AT)
    assert book.users() == [{"name": "ada", "role": "administrator"}, {"name": "bea", "role": "reviewer"}]
    assert book.role_of("anybody") is None
    assert book.permitted("see_identity", "bea") == Actor("bea", "reviewer")
    with pytest.raises(Refused, match="you have no role here"):
        book.permitted("stop", "anybody")


def test_users_change_and_go_but_the_last_administrator_stays(staffed: Casebook) -> None:
    def change(name: str, role: str, is_new: bool | None = None) -> None:
        staffed.set_user(name, role, actor="administrator", occurred_at=AT, is_new=is_new)

    change("reviewer", "chair")
    assert staffed.role_of("reviewer") == "chair"
    change("reviewer", "none")
    assert staffed.role_of("reviewer") is None
    with pytest.raises(Refused, match="last administrator"):
        change("administrator", "analyst")
    for name, role in (("bea", "superintendent"), ("bea", "pipeline"), ("pipeline", "chair"), (" ", "chair")):
        with pytest.raises(UsageError, match="known role"):
            change(name, role)
    with pytest.raises(UsageError, match="already"):
        change("chair", "analyst", is_new=True)
    with pytest.raises(UsageError, match="not on the list"):
        change("bea", "analyst", is_new=False)


def test_every_action_names_roles_that_exist_and_unmapped_users_hold_none_of_them() -> None:
    for action, roles in review.PERMISSIONS.items():
        assert roles <= set(review.ROLES), action
        assert not review.may_do(action, None)


# Stops, cases, the cycle


def test_a_stop_stands_until_lifted_with_a_reason(staffed: Casebook) -> None:
    stop(staffed)
    urgent = stop(staffed, "screams heard", is_urgent=True)
    assert staffed.tables()["casebook_stops"] == [(CALLER, [SPELL], AT, True, urgent.event_id)]
    with pytest.raises(Refused):
        record(staffed, "stop_lifted", "analyst", caller_id=CALLER, payload={"reason": "seen"})
    with pytest.raises(UsageError):
        record(staffed, "stop_lifted", "reviewer", caller_id=CALLER, payload={"reason": ""})
    record(staffed, "stop_lifted", "reviewer", caller_id=CALLER, payload={"reason": "seen and safe"})
    assert staffed.live_stops() == []
    with pytest.raises(InputError, match="no stop"):
        record(staffed, "stop_lifted", "reviewer", caller_id=CALLER, payload={"reason": "again"})


def test_a_frozen_list_opens_the_cases_of_parts_1_to_3_and_is_the_last_cycle_of_later_runs(book: Casebook) -> None:
    frozen = freeze(book)
    assert freeze(book) == frozen
    assert list(book.cases()) == [REF]
    assert book.cases()[REF]["status"] == "listed"
    assert book.tables(date(2025, 12, 31))["last_cycle"] == []
    cycle = [(CALLER, date(2025, 12, 31), [SPELL]), (OTHER, date(2025, 12, 31), [OTHER_SPELL])]
    assert book.tables(date(2026, 1, 1))["last_cycle"] == cycle
    freeze(book, "2026-01-14", "r2")
    assert book.tables(date(2026, 1, 14))["last_cycle"] == cycle
    assert {day for _, day, _ in book.tables()["last_cycle"]} == {date(2026, 1, 14)}


def test_a_frozen_list_leaves_out_whoever_was_stopped_since_it_was_made(staffed: Casebook) -> None:
    stop(staffed)
    frozen = freeze(staffed)
    assert [row["caller_id"] for row in frozen.data["eligible"]] == [OTHER]
    assert frozen.data["stopped"] == [CALLER]
    assert staffed.cases() == {}
    assert staffed.tables()["last_cycle"] == [(OTHER, date(2025, 12, 31), [OTHER_SPELL])]
    record(staffed, "stop_lifted", "reviewer", caller_id=CALLER, payload={"reason": "seen and safe"})
    assert freeze(staffed) == frozen  # the meeting's list stays as it was frozen
    later = freeze(staffed, "2026-01-14", "r2")
    assert later.data["stopped"] == []
    assert list(staffed.cases()) == [REF]
    assert staffed.verify() is None


def test_a_stop_on_an_open_case_keeps_it_out_of_the_next_frozen_list(staffed: Casebook) -> None:
    freeze(staffed)
    move(staffed, "act", ACT)
    stop(staffed)
    freeze(staffed, "2026-01-14", "r2")
    assert staffed.tables()["last_cycle"] == [(OTHER, date(2026, 1, 14), [OTHER_SPELL])]
    assert staffed.cases()[REF]["status"] == "under_action"


def test_a_look_records_how_many_urgent_stops_were_there_to_see(book: Casebook) -> None:
    record(book, "look_acknowledged", caller_id=OTHER)
    record(book, "look_acknowledged", caller_id=CALLER, payload={"urgent_stops_seen": 5})
    record(book, "look_acknowledged", caller_id=CALLER, payload={"urgent_stops_seen": 3})
    looks = [(CALLER, AT, 3, [SPELL]), (OTHER, AT, None, [OTHER_SPELL])]
    assert book.tables()["casebook_acknowledgements"] == looks


def test_moves_are_checked_on_the_case_as_it_stands(staffed: Casebook) -> None:
    freeze(staffed)
    with pytest.raises(Refused, match="needs owner"):
        move(staffed, "act", {**ACT, "owner": ""})
    move(staffed, "act", ACT)
    with pytest.raises(Refused, match="no move 'wait'"):
        move(staffed, "wait", {"reason": "later"})
    tables = staffed.tables()
    case = (REF, CALLER, [SPELL], AT, "under_action", "engagement", "Camden", date(2026, 2, 1), 1)
    assert tables["casebook_cases"] == [case]
    ((number, *moved),) = tables["casebook_moves"]
    assert number == len(staffed.entries())
    assert moved == [REF, CALLER, AT, "act", "listed", "under_action", "reviewer", "r1"]
    with pytest.raises(Refused, match="no date"):
        move(staffed, "act", {**ACT, "review_date": "next week"})
    with pytest.raises(InputError, match="no such case"):
        staffed.move_case("K-NONE", "act", ACT, actor="reviewer", occurred_at=AT, run_id="r1")
    with pytest.raises(Refused):
        move(staffed, "close", {"reason": "done", "outcome": "helped"}, "analyst")
    with pytest.raises(Refused):
        move(staffed, "review", {**ACT}, "a stranger")


def test_a_stop_bars_action_at_once(staffed: Casebook) -> None:
    freeze(staffed)
    stop(staffed)
    with pytest.raises(Refused, match="hard stop"):
        move(staffed, "act", ACT)


def test_decision_head_moves_with_decisions_only(staffed: Casebook) -> None:
    before, whole = staffed.decision_head(), staffed.head()
    record(staffed, "identity_read", "reviewer", payload={"way": "find", "reason": "to ring back"})
    record(staffed, "sql_run", payload={"statement": "select 1"})
    record(staffed, "run_published", PIPELINE, payload={"as_of": "2025-12-31"})
    assert staffed.decision_head() == before
    assert staffed.head() != whole
    stop(staffed)
    assert staffed.decision_head() == staffed.head()


def test_reasons_leave_the_casebook_in_no_table(staffed: Casebook) -> None:
    freeze(staffed)
    move(staffed, "act", {**ACT, "reason": "planted reason text"})
    stop(staffed, "planted reason text")
    assert "planted" not in str(staffed.tables())
    assert "planted" in str(staffed.events())


# Moves


def test_every_state_has_a_way_out_and_every_move_leads_to_a_state() -> None:
    assert {state for state, _ in review.MOVES} == set(review.STATES)
    assert {step.to for step in review.MOVES.values()} == set(review.STATES)
    assert all("reason" in step.needs and step.roles <= set(review.ROLES) for step in review.MOVES.values())


def test_enforcement_takes_an_authoriser() -> None:
    given = {**ACT, "lane": "enforcement"}
    assert not review.may("listed", "act", "chair", given)
    assert review.may("listed", "act", "authoriser", given)
    with pytest.raises(Refused, match="authoriser"):
        review.check("listed", "act", "reviewer", given)
