"""The casebook: append-only, chained, migrated, and who may do what in it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misuse import casebook as module
from misuse import review
from misuse.casebook import GENESIS, KINDS, PIPELINE, Actor, Casebook, chain, keeping, opening, standing
from misuse.casebook.events import CONTENT, ENVELOPE, canonical
from misuse.errors import InputError, Refused, ResourceError, StoreError, UsageError
from misuse.settings import SQL_ROOT

LATEST = max(int(script.stem[-3:]) for script in (SQL_ROOT / "schema").glob("casebook_*.sql"))
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
    if actor in book_users(book):
        record(book, "calls_opened", "analyst", case_ref=REF, payload={"calls": ["k1"]})
    return book.move_case(REF, name, given, actor=actor, occurred_at=AT, run_id="r1")


def book_users(book: Casebook) -> set[str]:
    return {user["name"] for user in book.users()}


def fill(book: Casebook) -> None:
    """A little of everything: six events, the fourth a halt by the stop before it."""
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
    files = [file for file in path.parent.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"casebook.sqlite", "casebook.head", "casebook.key"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_chain_holds_over_reopening(book: Casebook, path: Path) -> None:
    fill(book)
    with Casebook.open(path) as again:
        events = again.entries()
        assert [event.event_id for event in events] == list(range(1, 7))
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
        "insert into events values (9, 't', 'a', 'r', 'k', null, null, null, null, 'h', null, 'p', 'd')",
        "update contents set payload = '{}' where event_id = 1",
        "delete from contents where event_id = 2",
        "insert or replace into contents select * from contents where event_id = 1",
        "insert into contents values (9, 's', null, null, '{}', null, null)",
        "insert into disposals values (2, 1)",
    ],
)
def test_nothing_is_changed_deleted_or_put_elsewhere(book: Casebook, path: Path, statement: str) -> None:
    fill(book)
    with closing(sqlite3.connect(path)) as con, pytest.raises(sqlite3.IntegrityError, match="casebook is"):
        con.execute(statement)
    assert book.verify() is None


STORED = [
    *(("events", column) for column in (*ENVELOPE, "digest")),
    *(("contents", column) for column in ("event_id", "salt", *CONTENT)),
]


@pytest.mark.parametrize(("table", "column"), STORED, ids=map(".".join, STORED))
@pytest.mark.parametrize("event_id", [1, 3, 5])
def test_any_changed_field_is_found(book: Casebook, path: Path, table: str, column: str, event_id: int) -> None:
    fill(book)
    value = "99" if column == "event_id" else "'2'"
    statement = "update TABLE set COLUMN = VALUE where event_id = ID".replace("TABLE", table)
    tamper(path, statement.replace("COLUMN", column).replace("VALUE", value).replace("ID", str(event_id)))
    assert event_id in {broken.event_id for broken in book.faults()}


@pytest.mark.parametrize("event_id", [1, 2, 4])
def test_a_missing_event_is_found(book: Casebook, path: Path, event_id: int) -> None:
    fill(book)
    tamper(path, "delete from events where event_id = ID".replace("ID", str(event_id)))
    broken = book.verify()
    assert broken is not None
    assert broken.event_id == event_id


@pytest.mark.parametrize("first", [1, 2, 3])
def test_events_that_changed_places_are_found(book: Casebook, path: Path, first: int) -> None:
    fill(book)
    swap = "update TABLE set event_id = case event_id when ID then -NEXT when NEXT then -ID else event_id end"
    for table in ("events", "contents"):
        named = swap.replace("TABLE", table).replace("ID", str(first)).replace("NEXT", str(first + 1))
        tamper(path, named)
        tamper(path, "update TABLE set event_id = abs(event_id)".replace("TABLE", table))
    assert first in {broken.event_id for broken in book.faults()}


@pytest.mark.parametrize("left", [4, 2, 0])
def test_a_cut_tail_is_found_without_a_head_in_hand(book: Casebook, path: Path, left: int) -> None:
    fill(book)
    head = book.head()
    cut(path, left)
    broken = book.verify()
    assert broken is not None
    assert broken.event_id == left + 1
    record(book, "sql_run", payload={"statement": "select 2"})
    assert book.faults(), "what was lost stays known when it is written over"
    chain.head_path(path).unlink()
    chain.anchors_path(path).unlink()
    assert book.verify() is None or left == 0
    broken = book.verify(head)
    assert broken is not None


def cut(path: Path, left: int) -> None:
    """Take every event after the first few away."""
    for table in ("contents", "extracts", "events"):
        tamper(path, "delete from TABLE where event_id > ID".replace("TABLE", table).replace("ID", str(left)))


def test_a_head_noted_with_another_key_is_no_head(book: Casebook, path: Path) -> None:
    fill(book)
    cut(path, 3)
    forged = chain.note_head(path, "x" * 64, book.entries()[-1])
    assert forged is None
    assert book.verify() is not None


def test_the_noted_head_never_goes_back(book: Casebook, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One who wrote first and notes last: the event after it could be cut off, and nothing would say so."""
    fill(book)
    real, has_written, may_note = chain.note_head, threading.Event(), threading.Event()

    def slowly(*given: Any) -> None:
        if threading.current_thread().name == "slow":
            has_written.set()
            may_note.wait(1)
        real(*given)

    monkeypatch.setattr(chain, "note_head", slowly)
    slow = threading.Thread(target=record, args=(book, "sql_run"), kwargs={"payload": {"statement": "1"}}, name="slow")
    slow.start()
    assert has_written.wait(10)
    newest = record(book, "sql_run", payload={"statement": "select 2"})
    may_note.set()
    slow.join()
    assert [(anchor.event_id, anchor.head) for anchor in book.anchors()] == [(newest.event_id, newest.digest)]
    cut(path, newest.event_id - 1)
    assert book.faults()


SPOILT = (
    b'{"at":"2026","event_id":6,"head":"\xff","why":"run"}',
    b"\xff\xfe\x00",
    b"\x80" * 5000,
    b"[" * 100_000,
    b'{"at":"2026","event_id":"6","head":"x","why":"run"}',
    b'{"at":"2026","event_id":6,"head":7,"why":"run"}',
    b'{"at":null,"event_id":true,"head":"x","why":"run"}',
    b"null",
)


@pytest.mark.parametrize("where", [chain.head_path, chain.anchors_path])
@pytest.mark.parametrize("line", SPOILT, ids=lambda line: str(line[:12]))
def test_a_noted_head_that_was_spoilt_is_told_and_stops_nothing(
    book: Casebook, path: Path, where: Callable[[Path], Path], line: bytes
) -> None:
    fill(book)
    book.anchor("run", AT, "r1")
    assert book.faults() == []
    where(path).write_bytes(line + b"\n")
    assert book.faults()
    record(book, "sql_run", payload={"statement": "select 1"})
    assert book.faults(), "it stays known"


def test_a_run_notes_the_head_outside(book: Casebook, path: Path) -> None:
    fill(book)
    assert book.anchor("run", AT, "r1") == book.head()
    assert [(anchor.event_id, anchor.why, anchor.run_id) for anchor in book.anchors()] == [
        (6, "run", "r1"),
        (6, "after every record", None),
    ]
    record(book, "sql_run", payload={"statement": "select 1"})
    assert book.verify() is None
    chain.head_path(path).unlink()
    cut(path, 5)
    broken = book.verify()
    assert broken is not None
    assert "run" in broken.why


class Scratch:
    """A casebook of a few events, as it was and as somebody left it."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.path = Path(shutil.copytree(template.parent, folder / "home")) / template.name


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "home" / "casebook.sqlite"
    with Casebook.open(path) as book:
        fill(book)
        record(book, "note_added", caller_id=CALLER, case_ref=REF, run_id="r1", payload={"note": "seen"})
        book.anchor("run", AT, "r1")
    return path


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_changed_stored_field_and_any_cut_tail_is_found(filled: Path, data: st.DataObject) -> None:
    """Whatever is put into whichever cell of the chain, and wherever the chain is cut."""
    with tempfile.TemporaryDirectory() as folder:
        path = Scratch(filled, Path(folder)).path
        events = data.draw(st.integers(1, 7))
        if data.draw(st.booleans()):
            cut(path, events - 1)
        else:
            table, column = data.draw(st.sampled_from(STORED))
            value = data.draw(st.one_of(st.none(), st.text(max_size=8), st.integers(-9, 99)))
            with closing(sqlite3.connect(path)) as con:
                for (name,) in con.execute("select name from sqlite_master where type = 'trigger'").fetchall():
                    con.execute('drop trigger "' + name + '"')
                select = "select COLUMN from TABLE where event_id = ?".replace("COLUMN", column).replace("TABLE", table)
                (was,) = con.execute(select, (events,)).fetchone()
                update = "update or ignore TABLE set COLUMN = ? where event_id = ?"
                try:
                    con.execute(update.replace("COLUMN", column).replace("TABLE", table), (value, events))
                except sqlite3.IntegrityError:
                    return  # the table itself would not have it
                is_same = con.execute(select, (events,)).fetchone() == (was,)
                con.commit()
            if is_same:
                return
        with Casebook.open(path) as book:
            assert book.faults()


def test_contents_go_only_with_a_certificate_and_the_chain_still_verifies(staffed: Casebook, path: Path) -> None:
    stop(staffed, "planted reason text")
    noted = record(staffed, "note_added", caller_id=CALLER, payload={"note": "planted remark"})
    certificate = staffed.dispose([noted.event_id], reason="past its time", actor="administrator", occurred_at=AT)
    assert staffed.verify() is None
    assert "planted remark" not in str(staffed.events())
    assert staffed.entries("note_added") == []
    assert b"planted remark" not in path.read_bytes()
    (kept,) = [event for event in staffed.events() if event["event_id"] == noted.event_id]
    assert (kept["kind"], kept["put_away_by"]) == ("note_added", certificate.event_id)
    tamper(path, "delete from contents where event_id = ID".replace("ID", str(noted.event_id - 1)))
    broken = staffed.verify()
    assert broken is not None
    assert "no certificate" in broken.why


@pytest.mark.parametrize("event_id", [1, 99])
def test_what_others_rest_on_is_not_put_away(staffed: Casebook, event_id: int) -> None:
    with pytest.raises((Refused, InputError)):
        staffed.dispose([event_id], reason="r", actor="administrator", occurred_at=AT)
    with pytest.raises(Refused):
        staffed.dispose([2], reason="r", actor="analyst", occurred_at=AT)


# The key


def test_without_the_key_the_casebook_is_read_and_nothing_recorded(book: Casebook, path: Path) -> None:
    fill(book)
    key = keeping.key_path(path)
    away = key.rename(key.with_suffix(".away"))
    assert len(book.entries()) == 6
    assert book.live_stops()
    for use in (book.verify, lambda: record(book, "sql_run", payload={"statement": "select 1"})):
        with pytest.raises(StoreError, match="its key is missing") as error:
            use()
        assert "escrow" in error.value.next_step
    away.rename(key)
    assert book.verify() is None


def test_another_key_is_refused_in_plain_words(book: Casebook, path: Path) -> None:
    fill(book)
    with Casebook.open(path, key="another-key-that-is-long-enough-to-be-one") as other:
        for use in (other.verify, lambda: record(other, "sql_run", payload={"statement": "select 1"})):
            with pytest.raises(StoreError, match="another key"):
                use()
    assert book.verify() is None, "a key that was mistyped once would be an accusation for ever"
    keeping.key_path(path).chmod(0o644)
    with pytest.raises(StoreError, match="can be read by others"):
        record(book, "sql_run", payload={"statement": "select 1"})


def test_what_stood_before_and_after_is_recorded(staffed: Casebook) -> None:
    staffed.set_user("chair", "analyst", actor="administrator", occurred_at=AT)
    changed = staffed.entries("user_changed")[-1]
    assert (changed.before, changed.after) == ('{"role":"chair"}', '{"role":"analyst"}')
    entered = stop(staffed)
    assert json.loads(entered.before or "")["stops"] == []
    assert json.loads(entered.after or "")["stops"] == [entered.event_id]
    freeze(staffed)
    assert staffed.entries("case_opened")[-1].before if staffed.entries("case_opened") else True


def test_every_kind_that_changes_something_tells_what_stood() -> None:
    unread = set(KINDS) - set(standing.READERS) - ADDS_ONLY
    assert not unread, "a new kind changes something: give it a reader in misuse.casebook.standing, or name it here"
    assert not ADDS_ONLY & set(standing.READERS)


# Their payload is all that they add: nothing that stood is changed.
ADDS_ONLY = {
    "holders_published",
    "note_added", "look_acknowledged", "list_frozen", "identity_read", "vault_key_rotated", "sql_run", "batch_withdrawn",
    "run_published", "pointer_moved", "retention_done", "backup_taken", "backup_restored", "rule_overridden", "identity_model_trained", "callers_published", "stops_published",
    "coding_sample_drawn", "calls_coded", "calls_settled", "coding_sample_withdrawn", "coding_model_trained",
    "casebook_resealed", "disposed",
    "calls_opened", "call_judged", "precondition_met", "case_reported", "case_read", "evidence_read", "casebook_read",
    "health_note_added", "health_notes_read", "link_judged", "terms_set", "meeting_opened", "case_prepared", "case_left",
    "minutes_signed", "action_set", "action_updated", "debriefed", "lesson_added", "bid_made", "bid_decided", "tasked",
    "tasking_answered", "tasking_escalated", "telling_withheld", "disclosed", "pack_made", "referred", "referral_answered",
    "exported", "password_set", "signed_in", "sign_in_failed", "signed_out", "access_refused", "represented",
    "representation_answered", "corrected", "access_given", "delisted",
}  # fmt: skip


def test_events_are_bound_to_the_run_in_force_and_its_versions(book: Casebook) -> None:
    record(
        book,
        "run_published",
        PIPELINE,
        run_id="r7",
        payload={"as_of": "2025-12-31", "rules_digest": "a", "model_digest": "b"},
    )
    noted = record(book, "note_added", payload={"note": "seen"})
    assert (noted.in_force_run, noted.rules_version, noted.model_version) == ("r7", "a", "b")


# Coming forward


@pytest.fixture
def earlier(tmp_path: Path) -> tuple[Path, str]:
    """A casebook as version 1 wrote it: a plain hash over everything; and its head."""
    path = tmp_path / "old" / "casebook.sqlite"
    path.parent.mkdir()
    previous = GENESIS
    with closing(sqlite3.connect(path)) as con:
        con.executescript((SQL_ROOT / "schema" / "casebook_001.sql").read_text(encoding="utf-8"))
        con.execute("insert into schema_version values (1)")
        for number, (kind, payload) in enumerate(EARLIER, 1):
            row = {
                "event_id": number, "occurred_at": AT.isoformat(timespec="microseconds"), "actor": "ada",
                "actor_role": "administrator", "kind": kind, "caller_id": CALLER if kind == "stop_entered" else None,
                "case_ref": None, "run_id": None, "payload": canonical(payload), "previous_digest": previous,
            }  # fmt: skip
            previous = hashlib.sha256(canonical(row).encode()).hexdigest()
            con.execute("insert into events values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [*row.values(), previous])
        con.commit()
    return path, previous


EARLIER: list[tuple[str, dict[str, Any]]] = [
    ("user_added", {"user": "ada", "role": "administrator"}),
    ("stop_entered", {"reason": "may be a victim", "is_urgent": True, "spells": [SPELL]}),
    ("note_added", {"note": "seen"}),
]


def test_a_casebook_of_version_1_is_chained_anew_and_its_heads_still_count(earlier: tuple[Path, str]) -> None:
    path, head = earlier
    with Casebook.open(path) as book:
        assert book.verify(head) is None
        assert [(event.kind, event.data) for event in book.entries()[:3]] == EARLIER
        assert book.entries()[3].kind == "casebook_resealed"
        assert book.entries()[3].data == {"earlier_head": head, "events": 3}
        assert book.users() == [{"name": "ada", "role": "administrator"}]
        assert [stop.caller_id for stop in book.live_stops()] == [CALLER]
        assert book.verify("f" * 64) is not None
        book.set_user("bea", "chair", actor="ada", occurred_at=AT)
        assert book.verify() is None
    copy = path.with_name("casebook.before-002.sqlite")
    with closing(sqlite3.connect(copy)) as con:
        assert con.execute("select count(*) from events").fetchone() == (3,)


def test_a_broken_casebook_of_version_1_is_not_sealed_over(earlier: tuple[Path, str]) -> None:
    path, _ = earlier
    tamper(path, "update events set actor = 'bea' where event_id = 2")
    with pytest.raises(StoreError, match="broken at event 2"):
        Casebook.open(path)
    with closing(sqlite3.connect(path)) as con:
        assert con.execute("select version from schema_version").fetchall() == [(1,)]


def test_a_migration_goes_forward_and_leaves_a_copy(book: Casebook, path: Path, tmp_path: Path) -> None:
    fill(book)
    newer = tmp_path / "schema"
    newer.mkdir()
    for script in (SQL_ROOT / "schema").glob("casebook_*.sql"):
        shutil.copy(script, newer)
    (newer / f"casebook_{LATEST + 1:03}.sql").write_text("create table extra (a integer);\n")
    with Casebook.open(path, schema_root=newer) as forward:
        assert forward.verify() is None
        assert len(forward.entries()) == 6
    copy = path.with_name(f"casebook.before-{LATEST + 1:03}.sqlite")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(path)) as con:
        assert con.execute("select version from schema_version").fetchall() == [(LATEST + 1,)]
    with closing(sqlite3.connect(copy)) as con:
        assert con.execute("select version from schema_version").fetchall() == [(LATEST,)]
    with pytest.raises(StoreError, match="newer program"):
        Casebook.open(path)


def test_a_broken_migration_changes_nothing(book: Casebook, path: Path, tmp_path: Path) -> None:
    newer = tmp_path / "schema"
    newer.mkdir()
    for script in (SQL_ROOT / "schema").glob("casebook_*.sql"):
        shutil.copy(script, newer)
    (newer / f"casebook_{LATEST + 1:03}.sql").write_text(
        "create table extra (a integer);\ncreate table extra (a integer);\n"
    )
    with pytest.raises(StoreError):
        Casebook.open(path, schema_root=newer)
    with Casebook.open(path) as same:
        assert same.head() == GENESIS


def test_a_damaged_file_is_named(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is not a casebook" * 500)
    with pytest.raises(StoreError, match="no casebook or is damaged"):
        Casebook.open(path)


@pytest.mark.parametrize("is_emptied", [False, True])
def test_a_lost_casebook_is_not_made_anew(path: Path, is_emptied: bool) -> None:
    """A stop that somebody entered is in it: a new one would have nobody stopped, and say so to nobody."""
    with Casebook.open(path) as book:
        record(book, "note_added", payload={"note": "in danger"})
    for beside in path.parent.glob(f"{path.name}*"):
        beside.unlink()
    if is_emptied:
        path.touch()
    with pytest.raises(StoreError, match="missing or empty"):
        Casebook.open(path)
    assert not path.exists() or not path.stat().st_size


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SQLITE_READONLY_DIRECTORY", "cannot be opened for writing"),
        ("SQLITE_CANTOPEN", "cannot be opened for writing"),
        ("SQLITE_IOERR_WRITE", "cannot be read or written"),
        ("SQLITE_CORRUPT", "is damaged"),
    ],
)
def test_rights_and_limits_are_no_damage(path: Path, name: str, words: str) -> None:
    path.parent.mkdir(parents=True)
    failure = sqlite3.OperationalError("as SQLite says it")
    failure.sqlite_errorname = name
    assert words in str(opening.trouble(path, failure))


def test_files_made_while_the_casebook_was_read_only_do_not_stay_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Casebook.open(path):
        pass
    beside = path.with_name(f"{path.name}-shm")
    beside.touch()
    beside.chmod(0o400)
    monkeypatch.setattr(os, "access", lambda file, right: bool(Path(file).stat().st_mode & 0o200))  # root may always
    opening.connect(path).close()
    assert not beside.exists() or beside.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_no_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite cannot make the file that readers share, and says no more than that reading or writing failed."""
    with Casebook.open(path):
        pass
    failure = sqlite3.OperationalError("disk I/O error")
    failure.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"

    def connect(_path: Path) -> sqlite3.Connection:
        raise failure

    monkeypatch.setattr(opening, "connect", connect)
    with pytest.raises(StoreError, match="cannot be read or written"):
        Casebook.open(path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=0))
    with pytest.raises(ResourceError, match="no room on the disk of"):
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
    first, urgent = stop(staffed), stop(staffed, "screams heard", is_urgent=True)
    assert staffed.tables()["casebook_stops"] == [
        (CALLER, [SPELL], AT, False, first.event_id),
        (CALLER, [SPELL], AT, True, urgent.event_id),
    ]
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
    assert staffed.cases()[REF]["status"] == "halted"


def test_a_look_records_how_many_urgent_stops_were_there_to_see(book: Casebook) -> None:
    record(book, "look_acknowledged", caller_id=OTHER, payload={"stops_seen": ["h1"]})
    record(book, "look_acknowledged", caller_id=CALLER, payload={"urgent_stops_seen": 5})
    record(book, "look_acknowledged", caller_id=CALLER, payload={"urgent_stops_seen": 3})
    looks = [(CALLER, AT, 3, [SPELL], None), (OTHER, AT, None, [OTHER_SPELL], ["h1"])]
    assert book.tables()["casebook_acknowledgements"] == looks


def test_moves_are_checked_on_the_case_as_it_stands(staffed: Casebook) -> None:
    freeze(staffed)
    with pytest.raises(Refused, match="needs owner"):
        move(staffed, "act", {**ACT, "owner": ""})
    move(staffed, "act", ACT)
    with pytest.raises(Refused, match="no move 'wait'"):
        move(staffed, "wait", {"reason": "later"})
    tables = staffed.tables()
    case = (REF, CALLER, [SPELL], AT, "under_action", "engagement", "Camden", date(2026, 2, 1), 1, False)
    assert tables["casebook_cases"] == [case]
    ((number, *moved),) = tables["casebook_moves"]
    assert number == staffed.entries("case_moved")[-1].event_id
    assert moved == [REF, CALLER, AT, "act", "listed", "under_action", "reviewer", "r1"]
    with pytest.raises(UsageError, match="no date"):
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


def test_an_open_casebook_reads_the_file_that_lies_there_now(staffed: Casebook, path: Path, tmp_path: Path) -> None:
    """Connections are kept open; a backup put in the file's place is what the next question is asked of."""
    saved = tmp_path / "saved.sqlite"
    with closing(sqlite3.connect(path)) as con, closing(sqlite3.connect(saved)) as copy:
        con.backup(copy)
    stop(staffed)
    assert staffed.live_stops()
    for name in ("-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    saved.replace(path)
    assert not staffed.live_stops()


def test_opening_it_again_leaves_the_locks_of_an_open_one(staffed: Casebook, path: Path) -> None:
    """Else another process takes itself for the last, and removes the log that this one still reads."""
    assert staffed.users()
    with Casebook.open(path) as again:
        assert again.users()
    other = "import sqlite3, sys; con = sqlite3.connect(sys.argv[1]); con.execute('select 1 from events').fetchall(); con.close()"
    subprocess.run([sys.executable, "-c", other, str(path)], check=True)
    assert path.with_name(path.name + "-wal").exists()
    stop(staffed)
    assert staffed.live_stops()
