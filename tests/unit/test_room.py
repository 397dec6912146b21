"""The review room below its pages: who may, cases and moves, blind judgements, stops, the cycle, boroughs, papers, rights."""

from __future__ import annotations

import ast
import csv
import getpass
import io
import json
import shutil
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import openpyxl
import pypdf
import pytest

from misuse import casebook, cycle, published_callers, review
from misuse.casebook import KINDS
from misuse.casebook.kinds import OWN_METHOD, PERMISSION_OF_KIND
from misuse.casebook.state import case_reference
from misuse.cli import run_command
from misuse.errors import InputError, Refused, UsageError
from misuse.room import (
    Desk,
    actions,
    assessment,
    audit,
    boroughs,
    calls,
    care,
    cases,
    comparing,
    meetings,
    packs,
    people,
    results,
    rights,
    told,
)
from misuse.room.papers import cycle as cycle_papers
from misuse.room.papers import slips
from misuse.settings import Settings
from tests import room_fixture
from tests.house import tree
from tests.room_fixture import ACT, AGREED, NOW, PASSWORD, USERS


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A staffed home whose list was frozen for C1."""
    root = tmp_path_factory.mktemp("room") / "home"
    settings = room_fixture.home(root)
    meetings.freeze(room_fixture.desk(settings, "cha"))
    return root


@pytest.fixture
def settings(template: Path, tmp_path: Path) -> Settings:
    return Settings(home=Path(shutil.copytree(template, tmp_path / "home", symlinks=True)))


@pytest.fixture
def at(settings: Settings) -> Callable[[str], Desk]:
    return lambda name: room_fixture.desk(settings, name)


@pytest.fixture
def ref(at: Callable[[str], Desk]) -> str:
    """A case that was listed, with what the option of ACT takes."""
    found = str(next(row["case_ref"] for row in cases.cases(at("rev")) if row["status"] == "listed"))
    agreed(at, found)
    return found


At = Callable[[str], Desk]


def agreed(at: At, ref: str) -> None:
    """What the option of ACT takes."""
    cases.meet(at("ann"), ref, AGREED, "the caller agrees freely", "said so on the telephone")


def act(at: At, ref: str, **changes: Any) -> dict[str, Any]:
    calls.open_calls(at("ann"), ref)
    agreed(at, ref)
    return cases.move(at("rev"), ref, "act", ACT | changes)


def confirm(at: At, ref: str) -> list[str]:
    keys = [call["call_key"] for call in cases.case(at("ann"), ref)["calls"] if call["verdict"] == "counted"]
    assert calls.judge_calls(at("ann"), ref, dict.fromkeys(keys, "confirmed")) == len(keys)
    return keys


def test_calls_are_judged_all_or_none(at: At, ref: str) -> None:
    key = cases.case(at("ann"), ref)["calls"][0]["call_key"]
    for verdicts, error in (({key: "perhaps"}, UsageError), ({key: "refuted", "k": "refuted"}, InputError)):
        with pytest.raises(error):
            calls.judge_calls(at("ann"), ref, verdicts)
    assert cases.case(at("ann"), ref)["judged"]["refuted"] == 0
    calls.judge_calls(at("ann"), ref, {key: "refuted"}, {key: "a child"})
    held = cases.case(at("ann"), ref)
    assert (held["judged"]["refuted"], held["opened"]) == (1, [{"by": "ann", "calls": 1}])


def meet_all(at: At, ref: str, option: str) -> None:
    for one in cases.options(at("rev"), ref):
        if one["id"] == option:
            for need in one["needs"]:
                cases.meet(at("rev"), ref, option, need["text"], "seen on the file")


def propose(at: At, ref: str) -> dict[str, Any]:
    confirm(at, ref)
    meet_all(at, ref, "cpw")
    calls.open_calls(at("rev"), ref)
    given = {"reason": "engagement failed", "option": "cpw", "owner": "Camden", "review_date": "2026-02-01"}
    return cases.move(at("rev"), ref, "propose", given)


# ── people ─────────────────────────────────────────────────────────────────────────────────────


def test_a_password_opens_the_room_and_a_wrong_one_is_refused_in_the_same_words(settings: Settings) -> None:
    def sign_in(name: str, password: str) -> dict[str, Any]:
        return people.sign_in(settings, name, password, origin="10.0.0.1", now=NOW)

    assert sign_in("rev", PASSWORD)["role"] == "reviewer"
    said = set()
    for name, password in (("rev", "wrong"), ("nobody", PASSWORD), ("nobody", "")):
        with pytest.raises(Refused) as refused:
            sign_in(name, password)
        said.add(refused.value.message)
    assert len(said) == 1
    with room_fixture.desk(settings, "aud").book() as book:
        failed = [(event.actor, event.data["user"]) for event in book.entries("sign_in_failed")]
    assert failed == [("rev", "rev"), ("nobody known", None), ("nobody known", None)], (
        "a mistyped name may be a password"
    )


def test_whoever_is_no_administrator_changes_a_password_by_the_old_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = getpass.getuser()
    with casebook.opened(settings) as book:
        book.set_user(name, "analyst", actor="ada", occurred_at=NOW)
        book.set_password(name, room_fixture.HASH, actor=name, occurred_at=NOW)
    for old, code in (("another one altogether", Refused.exit_code), (PASSWORD, 0)):
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{old}\nthe new one of an analyst\n"))
        assert run_command(["users", "password"], {"MISUSE_HOME": str(settings.home)}) == code
    assert people.sign_in(settings, name, "the new one of an analyst", origin="10.0.0.1", now=NOW)


def test_sign_ins_are_throttled_by_name_and_by_place(settings: Settings) -> None:
    def fail(name: str, origin: str) -> str:
        with pytest.raises(Refused) as refused:
            people.sign_in(settings, name, "wrong password", origin=origin, now=NOW)
        return refused.value.message

    assert not any("too many" in fail("rev", "10.0.0.1") for _ in range(people.MOST_BY_NAME))
    assert "too many" in fail("rev", "10.0.0.2")
    with pytest.raises(Refused, match="too many"):
        people.sign_in(settings, "rev", PASSWORD, origin="10.0.0.2", now=NOW)
    later = NOW + people.THROTTLE_SPAN + timedelta(seconds=1)
    assert people.sign_in(settings, "rev", PASSWORD, origin="10.0.0.2", now=later)["name"] == "rev"
    assert people.sign_in(settings, "cha", PASSWORD, origin="10.0.0.1", now=NOW)["name"] == "cha"


def test_a_hash_put_in_by_hand_opens_nothing(settings: Settings) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(settings.home / "casebook.sqlite")) as con:
        con.execute("update passwords set hash = ? where user_name = 'aut'", [people.hashed("another long password")])
        con.commit()
    with pytest.raises(Refused):
        people.sign_in(settings, "aut", "another long password", origin="o", now=NOW)


def test_hashes_are_in_no_event_and_a_session_ends_with_its_password(settings: Settings, at: At) -> None:
    assert room_fixture.HASH not in json.dumps(audit.export_events(at("aud")), default=str)
    before = people.credentials_version(room_fixture.desk(settings, "ann"))
    people.set_password(at("ann"), "ann", "quite another phrase", old=PASSWORD)
    assert people.credentials_version(room_fixture.desk(settings, "ann")) != before
    with pytest.raises(Refused, match="old password"):
        people.set_password(at("ann"), "ann", "quite another phrase", old="no")
    with pytest.raises(UsageError, match="at least"):
        people.set_password(at("ada"), "ann", "short")
    with pytest.raises(Refused):
        people.set_password(at("cha"), "ann", "quite another phrase")


def test_a_gateway_signs_in_only_who_is_on_the_list(settings: Settings) -> None:
    assert people.sign_in_trusted(settings, "cam", origin="gw", now=NOW)["borough"] == "Camden"
    with pytest.raises(Refused):
        people.sign_in_trusted(settings, "stranger", origin="gw", now=NOW)


def test_a_refusal_is_recorded(at: At, ref: str) -> None:
    with pytest.raises(Refused):
        cases.case(at("cam"), ref)
    (line,) = audit.events(at("aud"), kind="access_refused")
    assert (line["by"], line["data"]["what"]) == ("cam", "case_read")


# ── who may what ───────────────────────────────────────────────────────────────────────────────

ASKS: dict[str, tuple[str, Callable[[Desk, str], Any]]] = {
    "cases": ("read_lists", lambda desk, ref: cases.cases(desk)),
    "case": ("read_case", cases.case),
    "options": ("read_case", cases.options),
    "open_calls": ("open_calls", calls.open_calls),
    "note": ("note", lambda desk, ref: calls.note(desk, ref, "seen")),
    "health_notes": ("health_notes", care.health_notes),
    "looks": ("read_looks", lambda desk, ref: care.looks(desk)),
    "stops": ("read_looks", lambda desk, ref: care.stops(desk)),
    "stop": ("stop", lambda desk, ref: care.stop(desk, ref, "may be a victim")),
    "links": ("read_case", lambda desk, ref: care.links(desk)),
    "why": ("read_lists", care.why),
    "cycles": ("read_lists", lambda desk, ref: meetings.cycles(desk)),
    "cycle": ("read_lists", lambda desk, ref: meetings.cycle(desk, "C1")),
    "terms": ("read_process", lambda desk, ref: meetings.terms(desk)),
    "set_terms": ("set_terms", lambda desk, ref: meetings.set_terms(desk, "p", "s", "c", 14)),
    "open_meeting": ("hold_meeting", lambda desk, ref: _open(desk)),
    "leave": ("hold_meeting", lambda desk, ref: meetings.leave(desk, "C1", ref, "later")),
    "set_action": (
        "set_action",
        lambda desk, ref: actions.set_action(desk, "C1", ref, "a", "l", "2026-02-01", "m", "t"),
    ),
    "lessons": ("read_process", lambda desk, ref: actions.lessons(desk)),
    "add_lesson": ("add_lesson", lambda desk, ref: actions.add_lesson(desk, "t", "worked", ref)),
    "taskings": ("read_tasking", lambda desk, ref: boroughs.taskings(desk)),
    "withheld": ("task_borough", lambda desk, ref: boroughs.withheld(desk)),
    "withhold": (
        "withhold_telling",
        lambda desk, ref: boroughs.withhold_telling(desk, ref, "Camden", "r", "2026-02-01"),
    ),
    "results": ("read_lists", lambda desk, ref: results.results(desk, "C1")),
    "profile": ("read_process", lambda desk, ref: results.problem_profile(desk)),
    "packs": ("make_pack", packs.packs),
    "referral": ("refer", lambda desk, ref: packs.referral(desk, ref, "concern", "basis")),
    "referrals": ("read_referral", lambda desk, ref: packs.referrals(desk)),
    "export": ("export_list", lambda desk, ref: packs.export(desk, [], ["a"], name="n", form="csv")),
    "verify": ("read_casebook", lambda desk, ref: audit.verify(desk)),
    "events": ("read_casebook", lambda desk, ref: audit.events(desk)),
    "users": ("change_users", lambda desk, ref: people.users(desk)),
    "clocks": ("read_rights", lambda desk, ref: rights.clocks(desk)),
    "representations": ("read_rights", lambda desk, ref: rights.representations(desk)),
    "representation": ("receive_representation", lambda desk, ref: rights.representation(desk, ref, "t", "w")),
    "correct": ("correct_record", lambda desk, ref: rights.correct(desk, 1, "t")),
    "assessment": ("read_rights", lambda desk, ref: assessment.inputs(desk)),
}


def _open(desk: Desk) -> None:
    """Open the meeting; whoever comes second and may is told that it is."""
    try:
        meetings.open_meeting(desk, "C1", "cha", ["Inspector"])
    except Refused as refused:
        if "already" not in refused.message:
            raise


@pytest.mark.parametrize("name", sorted(ASKS))
def test_each_role_may_what_the_table_says_and_what_it_may_not_is_recorded(at: At, ref: str, name: str) -> None:
    action, ask = ASKS[name]
    for user, role in USERS.items():
        if review.may_do(action, role):
            ask(at(user), ref)
            continue
        with pytest.raises(Refused, match="takes one of"):
            ask(at(user), ref)
        assert audit.events(at("aud"), kind="access_refused", limit=1)[0]["by"] == user


# ── cases ──────────────────────────────────────────────────────────────────────────────────────


def test_a_case_is_read_whole_and_the_reading_recorded(at: At, ref: str) -> None:
    held = cases.case(at("rev"), ref)
    assert held["listed"]["case_ref"] == ref
    assert {call["verdict"] for call in held["calls"]} >= {"counted"}
    assert held["not_taken"]["callers"] == 0  # nothing was tried to compare with
    assert {test["name"] for test in held["tests"]} >= {"handset_fault", "coding", "need"}
    assert audit.events(at("aud"), kind="case_read")[0]["case_ref"] == ref
    assert cases.case(at("rev"), held["caller_id"])["case_ref"] == ref


def test_no_decision_without_calls_and_the_evidence_is_frozen_with_it(at: At, ref: str) -> None:
    with pytest.raises(Refused, match="open them first"):
        cases.move(at("rev"), ref, "act", ACT)
    done = act(at, ref)
    assert done["status"] == "under_action"
    held = calls.evidence(at("aud"), done["event_id"])
    assert held["run_id"] == at("aud").run_id
    assert len(held["why"]["calls"]) == len(cases.case(at("rev"), ref)["calls"])
    assert cases.case(at("rev"), ref)["tried"][0]["is_comparison_only"]


def test_whoever_acts_chooses_from_the_table_and_moves_the_case_as_it_was_seen(at: At, ref: str) -> None:
    calls.open_calls(at("rev"), ref)
    seen = next(row["seen"] for row in cases.offered(at("rev"), ref) if row["move"] == "act")
    for option, why in (
        ("", "chooses an option"),
        ("cpw", "no option of the lane"),
        ("conversation", "not recorded as met"),
    ):
        with pytest.raises(UsageError, match=why):
            cases.move(at("rev"), ref, "act", ACT | {"option": option})
    cases.move(at("rev"), ref, "act", ACT, seen=seen)
    calls.open_calls(at("rev"), ref)
    with pytest.raises(Refused, match="since you looked"):
        cases.move(at("rev"), ref, "review", ACT, seen=seen)
    cases.move(at("rev"), ref, "review", ACT, seen=seen + 1)


def test_every_offered_move_says_what_it_takes_and_what_stands_in_its_way(at: At, ref: str) -> None:
    for user, role in USERS.items():
        if not review.may_do("read_case", role):
            continue
        for row in cases.offered(at(user), ref):
            assert row["may"] == (row["why_not"] is None)
            assert {field["name"] for field in row["fields"]} >= set(row["needs"])
            if row["may"] and row["move"] == "act":
                cases.move(at(user), ref, "act", ACT)
    offered = {row["move"]: row for row in cases.offered(at("rev"), ref)}
    assert offered["propose"]["why_not"] is not None
    assert {choice["value"] for field in offered["propose"]["fields"] for choice in field["choices"]} >= {"cpw"}
    assert "asbo" not in str(offered), "no option that the law no longer has"


def test_enforcement_takes_calls_confirmed_preconditions_two_people_and_a_finding(at: At, ref: str) -> None:
    calls.open_calls(at("rev"), ref)
    given = {"reason": "r", "option": "cpw", "owner": "Camden", "review_date": "2026-02-01"}
    with pytest.raises(UsageError, match="not recorded as met"):
        cases.move(at("rev"), ref, "propose", given)
    meet_all(at, ref, "cpw")
    with pytest.raises(Refused, match="confirmed one by one"):
        cases.move(at("rev"), ref, "propose", given)
    with pytest.raises(UsageError, match="no option of the lane"):
        cases.move(at("rev"), ref, "propose", given | {"option": "warning_letter"})
    propose(at, ref)
    pending = cases.case(at("aut"), ref)["pending"]
    assert (pending["proposed_by"], pending["option"]) == ("rev", "cpw")
    calls.open_calls(at("aut"), ref)
    done = cases.move(at("aut"), ref, "approve", {"reason": "agreed", "finding": "each call is what its code says"})
    assert done["status"] == "under_action"
    assert cases.case(at("rev"), ref)["lane"] == "enforcement"


def test_a_refuted_call_no_longer_carries_enforcement(at: At, ref: str) -> None:
    for key in confirm(at, ref):
        calls.judge_call(at("cha"), ref, key, "refuted", "it was a child")
    meet_all(at, ref, "cpw")
    calls.open_calls(at("rev"), ref)
    with pytest.raises(Refused, match="confirmed one by one"):
        cases.move(
            at("rev"), ref, "propose", {"reason": "r", "option": "cpw", "owner": "o", "review_date": "2026-02-01"}
        )


def test_a_case_closed_on_calls_that_ended_reopens_only_on_new_ones(at: At, ref: str) -> None:
    calls.open_calls(at("cha"), ref)
    cases.move(at("cha"), ref, "close", {"reason": "r", "outcome": "calls_ended", "activity": "visit"})
    calls.open_calls(at("cha"), ref)
    with pytest.raises(Refused, match="no misuse call since"):
        cases.move(at("cha"), ref, "reopen", {"reason": "r", "ground": "new_calls"})
    cases.move(at("cha"), ref, "reopen", {"reason": "r", "ground": "new_information"})


def test_health_notes_are_read_by_their_role_alone_and_stand_encrypted(at: At, ref: str, settings: Settings) -> None:
    care.add_health_note(at("hea"), ref, "planted health note")
    assert care.health_notes(at("hea"), ref)[0]["note"] == "planted health note"
    assert "planted" not in json.dumps(audit.export_events(at("aud")), default=str)
    assert "planted" not in json.dumps(cases.case(at("aut"), ref), default=str)
    assert b"planted" not in (settings.home / "casebook.sqlite").read_bytes()
    for user in ("aut", "aud", "ada", "ann"):
        with pytest.raises(Refused):
            care.health_notes(at(user), ref)


# ── links, stops ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def pair(at: At) -> tuple[str, str]:
    """Two spells of the published run."""
    with at("rev").published() as con:
        first, second = con.execute("select spell_id from caller_spells order by spell_id limit 2").fetchall()
    return str(first[0]), str(second[0])


def test_judges_of_a_link_are_blind_until_both_are_in(at: At, pair: tuple[str, str]) -> None:
    assert care.judge_link(at("rev"), *pair, "same", "one voice")["state"] == "waiting"
    other = [event for event in audit.events(at("cha")) if event["kind"] == "link_judged"]
    assert (other[0]["data"]["decision"], other[0]["data"]["reason"]) == (
        "withheld until both coders have finished",
    ) * 2
    assert care.judge_link(at("cha"), *reversed(pair), "not_same", "two voices")["state"] == "differ"
    told = [event["data"]["decision"] for event in audit.events(at("cha"), kind="link_judged")]
    assert sorted(told) == ["not_same", "same"]
    with pytest.raises(Refused, match="both have judged"):
        care.judge_link(at("aut"), *pair, "same", "r")
    with pytest.raises(Refused, match="does not settle"):
        care.settle_link(at("rev"), *pair, "same", "r")
    care.settle_link(at("aut"), *pair, "same", "heard both")
    with pytest.raises(InputError, match="nobody differs"):
        care.settle_link(at("two"), *pair, "not_same", "a fourth opinion")
    with pytest.raises(InputError, match="no such link"):
        care.judge_link(at("aut"), pair[0], "s" + "1" * 16, "same", "r")
    with at("aud").book() as book:
        assert [decided.decision for decided in book.link_decisions()] == ["same"]


def test_two_who_agree_decide_a_link_and_hear_when_it_lapses(at: At, pair: tuple[str, str]) -> None:
    with at("rev").book() as book:
        book.publish_holders([], [], occurred_at=at("rev").now, run_id=at("rev").run_id)
    care.judge_link(at("rev"), *pair, "not_same", "r")
    assert care.judge_link(at("cha"), *pair, "not_same", "r")["state"] == "agreed"
    with at("aud").book() as book:
        assert book.link_decisions()[0].decision == "not_same"
    desk = at("rev")
    assert care.lapsed(desk) == []
    with desk.book() as book:
        split = [(pair[0], pair[0], "2025-01-01", "2025-01-02"), (pair[0], "s" + "9" * 16, "2025-01-03", None)]
        book.publish_holders(split, [], occurred_at=desk.now, run_id=desk.run_id)
    assert [(row["decision"], row["lapsed"]) for row in care.lapsed(desk)] == [("not_same", [pair[0]])]


def test_a_stop_entered_by_anybody_halts_at_once_and_overlays_lists_and_minutes(at: At, ref: str) -> None:
    propose(at, ref)
    caller = cases.case(at("rev"), ref)["caller_id"]
    done = care.stop(at("cam"), caller, "heard screaming", is_urgent=True)
    assert done["halted"] == [ref]
    row = next(row for row in cases.cases(at("rev")) if row["case_ref"] == ref)
    assert (row["status"], row["pending"], row["is_stopped"]) == ("halted", None, True)
    assert care.looks(at("hea"))[0]["caller_id"] == caller
    listed = next(row for row in meetings.cycle(at("rev"), "C1")["rows"] if row["case_ref"] == ref)
    assert listed["is_stopped_since"]
    for user, move in (("aut", "approve"), ("rev", "act"), ("rev", "resume")):
        calls.open_calls(at("aut"), ref)
        calls.open_calls(at("rev"), ref)
        with pytest.raises(Refused, match="hard stop"):
            cases.move(at(user), ref, move, ACT | {"finding": "f"})
    with pytest.raises(Refused, match="halted"):
        packs.evidence_pack(at("rev"), ref, "proceedings")
    with pytest.raises(Refused, match="another run"):
        care.lift_stop(at("rev"), caller, "seen, and safe", seen_run="20250101-000000000000")
    assert not care.lift_stop(at("rev"), caller, "seen, and safe", seen_run=at("rev").run_id)["is_still_stopped"]
    calls.open_calls(at("rev"), ref)
    cases.move(at("rev"), ref, "resume", ACT)


def test_a_caller_stopped_since_the_run_never_has_anothers_case(at: At, settings: Settings, ref: str) -> None:
    """Ids of callers are given again, and with them the references made of them."""
    with at("rev").published() as con:
        known = dict(con.execute("select caller_id, spell_id from caller_spells").fetchall())
    with at("rev").book() as book:
        held = {case["caller_id"] for case in book.cases().values()}
        mine, other = sorted(known.keys() - held)[:2]
        row = {"caller_id": other, "case_ref": case_reference(mine), "part": 1, "rank": 1, "spells": [known[other]]}
        book.record(
            "list_frozen", actor="cha", occurred_at=room_fixture.NOW, run_id="20260112-000000000000",
            payload={"eligible": [row], "digest": "d", "as_of": "2026-01-12"},
        )  # fmt: skip
        assert book.cases()[case_reference(mine)]["caller_id"] == other
    care.stop(at("cam"), mine, "heard screaming", is_urgent=True)
    row = next(row for row in care.looks(at("hea")) if row["caller_id"] == mine)
    assert row["is_since_run"]
    assert row["case_ref"] == case_reference(mine, is_taken=True) != case_reference(mine)
    care.stop(at("cam"), other, "heard screaming", is_urgent=True)
    assert next(row for row in care.looks(at("hea")) if row["caller_id"] == other)["case_ref"] == case_reference(mine)


def test_the_look_list_is_counted_as_it_is_listed(at: At, ref: str) -> None:
    def counted() -> dict[str, int]:
        rows = care.looks(at("rev"))
        assert care.look_counts(at("rev")) == {
            "all": len(rows),
            "urgent": sum(1 for row in rows if row["is_urgent"]),
            "unseen": sum(1 for row in rows if row["seen_at"] is None),
        }
        return care.look_counts(at("rev"))

    before = counted()
    caller = cases.case(at("rev"), ref)["caller_id"]
    care.stop(at("ann"), caller, "told by a ward", is_urgent=True)
    stopped = counted()
    assert stopped["urgent"] >= before["urgent"]
    care.acknowledge(at("hea"), caller)
    assert counted()["unseen"] == stopped["unseen"] - 1


def test_a_stop_is_read_again_as_the_move_commits(at: At, ref: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody enters it between the page and the click: what was read before is stale, and the move finds out."""
    calls.open_calls(at("ann"), ref)
    before = published_callers.enforcement_bars

    def then_stop(*given: Any) -> Any:
        bars = before(*given)
        monkeypatch.setattr(published_callers, "enforcement_bars", before)
        with at("rev").book() as book:
            caller = book.cases()[ref]["caller_id"]
            spells = book.cases()[ref]["spells"]
            payload = {"reason": "r", "is_urgent": True, "spells": list(spells)}
            book.record("stop_entered", actor="ann", occurred_at=NOW, caller_id=caller, payload=payload)
        return bars

    monkeypatch.setattr(published_callers, "enforcement_bars", then_stop)
    with pytest.raises(Refused, match="hard stop"):
        cases.move(at("rev"), ref, "act", ACT)


# ── the cycle ──────────────────────────────────────────────────────────────────────────────────


def hold(at: At, ref: str) -> dict[str, Any]:
    calls.open_calls(at("ann"), ref)
    meetings.prepare(at("ann"), "C1", ref, "act", ACT)
    meetings.open_meeting(at("cha"), "C1", "cha", ["Inspector", "Liaison"])
    return meetings.decide(at("rev"), "C1", ref, dissent="one would wait", owner="Lambeth")


def test_a_meeting_is_opened_once_by_somebody_who_may_hold_it(at: At) -> None:
    for nobody in ("Mickey Mouse", "ann", "cam", ""):
        with pytest.raises(UsageError, match="take the chair"):
            meetings.open_meeting(at("cha"), "C1", nobody, ["Inspector"])
    meetings.open_meeting(at("rev"), "C1", " cha ", ["Inspector"])
    with pytest.raises(Refused, match="C1 has its chair and attendees already, by rev"):
        meetings.open_meeting(at("aut"), "C1", "aut", ["somebody else"])
    held = meetings.cycle(at("aud"), "C1")["meeting"]
    assert (held["chair"], held["attendees"]) == ("cha", ["Inspector"])


def test_a_meeting_from_terms_to_signed_minutes(at: At, ref: str, settings: Settings) -> None:
    meetings.set_terms(at("cha"), "fewer misuse calls", "London", "Commander", 7, ["Estates"])
    with pytest.raises(Refused, match="opens its calls first"):
        meetings.prepare(at("ann"), "C1", ref, "act", ACT)
    decided = hold(at, ref)
    assert decided["status"] == "under_action"
    held = meetings.cycle(at("aud"), "C1")
    row = next(row for row in held["rows"] if row["case_ref"] == ref)
    assert (row["decision"]["owner"], row["decision"]["dissent"], row["prepared"]["by"]) == (
        "Lambeth",
        "one would wait",
        "ann",
    )
    assert all(row["why_not_taken"] for row in held["rows"] if row["part"] == 4)
    assert held["agenda"][0]["item"] == "debrief"
    assert held["agenda"][-1]["told"] == "Estates"
    number = actions.set_action(at("rev"), "C1", ref, "Visit", "cam", "2026-01-20", "contact", "no calls in 30 days")
    actions.update_action(at("ann"), number, "done", "visited")
    assert actions.actions(at("rev"))[0]["state"] == "done"
    actions.debrief(at("cam"), "C1", ref, "spoken with")
    before = meetings.minutes(at("cha"), "C1")
    assert before["is_as_signed"] is None
    waiting = meetings.not_reached(before)
    assert waiting == [row["case_ref"] for row in before["rows"] if row["part"] < 4 and row["case_ref"] != ref]
    meetings.leave(at("rev"), "C1", waiting[0], "its borough asks to wait")
    assert meetings.not_reached(meetings.minutes(at("cha"), "C1")) == waiting[1:]
    signed = meetings.sign_minutes(at("cha"), "C1")
    for late in (
        lambda: meetings.decide(at("rev"), "C1", ref),
        lambda: meetings.prepare(at("ann"), "C1", ref, "review", ACT),
        lambda: meetings.leave(at("rev"), "C1", ref, "r"),
        lambda: meetings.open_meeting(at("rev"), "C1", "cha", ["nobody"]),
        lambda: meetings.sign_minutes(at("cha"), "C1"),
        lambda: actions.set_action(at("rev"), "C1", ref, "Visit", "cam", "2026-01-20", "contact", "none"),
        lambda: actions.debrief(at("cam"), "C1", ref, "late"),
    ):
        with pytest.raises(Refused, match="signed"):
            late()
    actions.update_action(at("ann"), number, "dropped", "moved away")
    care.stop(at("cam"), ref, "a stop overlays minutes, and changes no word of them")
    after = meetings.minutes(at("cha"), "C1")
    assert (after["minutes_digest"], after["is_as_signed"]) == (signed["digest"], True)
    assert after["head"] == after["minutes"]["head"]
    assert cycle.due_on(settings) == date(2026, 1, 12)
    found = audit.verify(at("aud"), signed["head"])
    assert found["is_whole"]
    assert any("minutes of C1" in anchor["why"] for anchor in found["anchors"])


def test_minutes_hold_what_was_decided_and_a_later_stop(at: At, ref: str) -> None:
    hold(at, ref)
    actions.set_action(at("rev"), "C1", ref, "Visit at noon", "cam", "2026-01-20", "contact", "fewer calls")
    text = " ".join(read_pdf(cycle_papers.minutes_pdf(at("cha"), "C1")).split())
    for word in (ref, "cha", "Liaison", "one would wait", "Visit at noon", "talk first", "Opened"):
        assert word in text, word
    (decided,) = meetings.minutes(at("cha"), "C1")["decisions"]
    assert f"{decided['owner']}, review 1 February 2026" in text
    assert cases.title_of(decided["option"]) in text
    with at("aud").book() as book:
        assert book.head()[:40] in text.replace("\n", "")
    care.stop(at("ann"), cases.case(at("rev"), ref)["caller_id"], "told by a ward")
    assert "Stopped since the list was frozen: " + ref in read_pdf(cycle_papers.minutes_pdf(at("cha"), "C1"))


def test_those_not_taken_are_known_by_their_spells() -> None:
    """c1 was acted on and is c9 now, with another's spell; c2's spell is c8's; c3 stands as it was."""
    moves = [
        SimpleNamespace(case_ref="K-1", data={"to": "under_action"}),
        SimpleNamespace(case_ref="K-3", data={"to": "listed"}),
    ]
    book = SimpleNamespace(
        entries=lambda _kind: moves, cases=lambda: {"K-1": {"spells": ["s1"]}, "K-3": {"spells": ["s3"]}}
    )
    frozen = [{"caller_id": f"c{n}", "spells": [f"s{n}"]} for n in (1, 2, 3, 4)]
    with duckdb.connect() as con:
        con.execute("create table caller_spells (caller_id varchar, spell_id varchar)")
        con.execute("create table runs (finished_at timestamp)")
        con.execute(
            "insert into caller_spells values ('c9', 's1'), ('c9', 's4'), ('c8', 's2'), ('c3', 's3'), ('c5', 's5')"
        )
        assert comparing._left(con, frozen, comparing._acted(book)) == ("c3", "c8")


# A log of the 184 days to the end of 2025: c1 calls twice a day on 999, and on 101 from long before; c2 not at all in it.
_LOG = """
create table windows as select 'headline' as window_name, '999' as channel, date '2025-12-31' as last_date;
create table callers as select unnest(['c1', 'c2']) as caller_id;
create table calls as
select
    'c1' as caller_id, '999' as channel, i % 2 = 0 as is_misuse, i % 2 = 0 as is_coded_misuse,
    date '2025-07-01' + cast(i // 4 as integer) as local_date
from range(184 * 4) as r (i)
union all
select 'c1', '101', true, true, date '2025-01-01' + cast(i as integer) from range(365) as r (i)
union all
select 'c3', '999', false, false, date '2025-07-01' + cast(i % 184 as integer) from range(184 * 100) as r (i);
"""
_DAYS = """
create table demand_daily as
select local_date, channel, 'Camden' as borough, count(*) as calls from calls group by local_date, channel
"""


def held_rates(decided: date, *callers: str, without: str = "false") -> dict[str, dict[str, Any]]:
    """What is measured of each caller where the log lacks some calls."""
    with duckdb.connect() as con:
        con.execute(_LOG)
        con.execute("delete from calls where " + without)
        con.execute(_DAYS)
        found = comparing.rates_of(con, callers, decided)
    return {row["caller_id"]: told.rates([row], 1) for row in found}


NOVEMBER = "local_date between '2025-11-01' and '2025-11-30'"


@pytest.mark.parametrize(
    ("decided", "without", "before", "since"),
    [
        ("2025-10-01", "false", 90, 90),
        ("2025-07-11", "false", 10, 90),  # a young log
        ("2025-12-12", "false", 90, 19),  # the last day's calls are in, and no later one's
        ("2025-10-15", "false", 90, 77),
        ("2025-10-15", NOVEMBER, 90, 47),  # a month is missing
        ("2025-10-15", NOVEMBER + " and caller_id = 'c3'", 90, 47),  # but for a few calls
        ("2025-10-15", "channel = '101'", 90, 77),
    ],
)
def test_rates_are_of_the_days_that_the_log_holds(decided: str, without: str, before: int, since: int) -> None:
    """Two misuse calls and two genuine a day, whatever the log lacks; none of whoever is silent; nothing of a stranger."""
    found = held_rates(date.fromisoformat(decided), "c1", "c2", "c9", without=without)
    rates = {"per_30_before": 60.0, "per_30_since": 60.0, "genuine_per_30_before": 60.0, "genuine_per_30_since": 60.0}
    assert found["c1"] == {"days_before": before, "days_since": since, **rates}
    assert found["c2"] == {"days_before": before, "days_since": since, **dict.fromkeys(rates, 0.0)}
    assert "c9" not in found


def test_a_bid_gets_its_outcome_with_its_reason_and_a_borough_bids_for_itself(at: At) -> None:
    with pytest.raises(Refused, match="bids for itself"):
        actions.bid(at("cam"), "Lambeth", "two officers", "visits")
    number = actions.bid(at("cam"), "camden", "two officers", "visits")
    actions.decide_bid(at("cha"), number, "part", "one is free")
    with pytest.raises(Refused, match="B1 has its outcome already, by cha"):
        actions.decide_bid(at("aut"), number, "refused", "from a page of before")
    assert [(bid["outcome"], bid["outcome_reason"]) for bid in actions.bids(at("cam"))] == [("part", "one is free")]
    assert actions.bids(at("lam")) == []


def test_monday_tells_what_to_prepare_and_what_is_overdue(at: At, ref: str, settings: Settings) -> None:
    act(at, ref)
    boroughs.task(at("rev"), ref, "Camden", "visit", "2026-01-10", "none known")
    later = room_fixture.desk(settings, "rev", NOW + timedelta(days=60))
    told = results.monday(later)
    assert {row["kind"] for row in told["overdue"]} == {"review", "tasking"}
    assert told["to_prepare"]
    assert told["next_freeze"] == date(2026, 1, 19)


def test_the_problem_profile_counts_the_headlines_channel_alone(at: At, settings: Settings) -> None:
    def whole() -> int:
        return sum(row["misuse_calls"] for row in results.problem_profile(at("cha"))["boroughs"])

    before = whole()
    with duckdb.connect(str(settings.current_path.resolve())) as con:
        moved = con.execute(
            "update calls set channel = '101' where call_key = (select min(calls.call_key) from calls inner join "
            "persistent_callers using (caller_id) inner join windows on windows.window_name = 'headline' where "
            "is_misuse and received_at >= window_from and received_at < window_to)"
        ).fetchone()
    assert moved == (1,)
    assert whole() == before - 1


def test_a_meetings_profile_says_where_it_is_of_another_run_than_its_list(at: At) -> None:
    assert not any("newest run" in line for line in results.problem_profile(at("cha"), "C1")["told"])
    freeze_again(at, *listed_refs(at))
    assert (
        f"newest run ({at('cha').run_id}, calls to the end of 31 December 2025)"
        in results.problem_profile(at("cha"), "C2")["told"][0]
    )
    assert not any("newest run" in line for line in results.problem_profile(at("cha"))["told"])


def test_results_stand_beside_those_not_taken_and_claim_no_effect(at: At, ref: str) -> None:
    act(at, ref)
    came = results.results(at("rev"), "C1")
    assert came["taken"]["callers"] == 1
    assert came["not_taken"]["callers"] > 0
    assert "not an effect" in came["note"]


OCTOBER, DECEMBER = datetime(2025, 10, 15, 9, 30), datetime(2025, 12, 1, 9, 30)


def acting(settings: Settings, ref: str, when: datetime) -> None:
    act(lambda name: room_fixture.desk(settings, name, when), ref)


def listed_refs(at: At) -> list[str]:
    return [row["case_ref"] for row in cases.cases(at("rev")) if row["status"] == "listed"]


def test_all_taken_are_those_of_whom_both_a_before_and_a_since_are_known(at: At, settings: Settings) -> None:
    """The second was decided after the log's last day: it is counted, and averaged on neither side."""
    first, second = listed_refs(at)[:2]
    acting(settings, first, OCTOBER)
    acting(settings, second, NOW)
    came = results.results(at("rev"), "C1")
    one, other = came["cases"]
    assert (one["days_before"], one["days_since"], other["per_30_since"]) == (90, 77, None)
    assert (came["taken"]["callers"], came["taken"]["compared"]) == (2, 1)
    for name in ("days_before", "days_since", "per_30_before", "per_30_since", "genuine_per_30_since"):
        assert came["taken"][name] == one[name], name
        assert came["not_taken"][name] == one["not_taken"][name], name


def test_a_caller_who_is_acted_on_twice_is_one_from_the_first_action(at: At, settings: Settings) -> None:
    first = listed_refs(at)[0]
    acting(settings, first, OCTOBER)
    acting(settings, first, DECEMBER)
    came = results.results(at("rev"), "C1")
    assert len(came["cases"]) == 2
    assert came["cases"][0]["per_30_before"] != came["cases"][1]["per_30_before"]
    assert (came["taken"]["callers"], came["taken"]["compared"]) == (1, 1)
    assert came["taken"]["per_30_before"] == came["cases"][0]["per_30_before"]


def freeze_again(at: At, *refs: str) -> None:
    """A further list, of these cases alone."""
    with at("cha").book() as book:
        newest = list(book.frozen_lists().values())[-1].data
        eligible = [row for row in newest["eligible"] if row["case_ref"] in refs]
        payload = newest | {"eligible": eligible, "cycle": None}
        book.record("list_frozen", actor="cha", occurred_at=NOW, run_id="another", payload=payload)


def test_an_action_is_compared_with_its_own_list_over_its_own_days(at: At, settings: Settings) -> None:
    """A list that is frozen later changes nothing of it: another pool, another span."""
    first, second, *others = listed_refs(at)
    acting(settings, first, OCTOBER)
    before = cases.case(at("rev"), first)
    (tried,) = before["tried"]
    beside = tried["not_taken"]
    assert beside == before["not_taken"]
    assert (beside["cycle"], beside["days_before"], beside["days_since"]) == ("C1", 90, 77)
    freeze_again(at, second, *others[:3])
    assert cases.case(at("rev"), first)["tried"] == [tried]
    acting(settings, second, DECEMBER)
    by_ref = {row["case_ref"]: row for row in results.results(at("rev"), "C1")["cases"]}
    assert by_ref[first]["not_taken"]["callers"] == beside["callers"] - 1  # the second is taken now
    assert (by_ref[second]["not_taken"]["cycle"], by_ref[second]["not_taken"]["callers"]) == ("C2", 3)
    assert by_ref[second]["not_taken"]["days_since"] == by_ref[second]["days_since"] == 30


def test_where_nobody_is_left_to_compare_with_none_is(at: At, settings: Settings) -> None:
    first = listed_refs(at)[0]
    freeze_again(at, first)
    acting(settings, first, OCTOBER)
    came = results.results(at("rev"), "C1")
    assert (came["taken"]["compared"], came["not_taken"]["compared"], came["not_taken"]["callers"]) == (1, 0, 0)
    assert came["not_taken"]["per_30_since"] is None


# ── boroughs ───────────────────────────────────────────────────────────────────────────────────


def tasked(at: At, ref: str) -> str:
    act(at, ref)
    return boroughs.task(at("rev"), ref, "Camden", "Visit and ask what would help", "2026-01-20", "none known")


def test_a_borough_sees_and_answers_its_own_taskings_alone(at: At, ref: str) -> None:
    number = tasked(at, ref)
    assert [row["tasking_id"] for row in boroughs.taskings(at("cam"))] == [number]
    assert boroughs.taskings(at("lam")) == []
    for ask in (boroughs.tasking, lambda desk, one: boroughs.answer(desk, one, "accepted", "ok")):
        with pytest.raises(InputError, match="no such tasking of yours"):
            ask(at("lam"), number)
    boroughs.answer(at("cam"), number, "accepted", "PC on it")
    with pytest.raises(Refused, match="takes: done, refused"):
        boroughs.answer(at("cam"), number, "debriefed", "too early")
    boroughs.answer(at("cam"), number, "done", "visited")
    boroughs.answer(at("rev"), number, "debriefed", "from the paper slip")
    row = boroughs.taskings(at("rev"))[0]
    assert (row["state"], row["may_answer"], len(row["answers"])) == ("debriefed", [], 3)


def test_an_overdue_tasking_goes_up_once(at: At, ref: str, settings: Settings) -> None:
    number = tasked(at, ref)
    assert boroughs.escalate(at("rev")) == []
    later = room_fixture.desk(settings, "rev", NOW + timedelta(days=30))
    assert boroughs.escalate(later) == [number]
    assert boroughs.escalate(later) == []
    assert boroughs.taskings(later)[0]["escalated_at"] == later.now


def test_a_deadline_ends_with_the_local_day(at: At, ref: str, settings: Settings) -> None:
    """In summer an hour before the day of UTC does."""
    act(at, ref)
    number = boroughs.task(at("rev"), ref, "Camden", "Visit and ask what would help", "2026-07-01", "none known")
    before = room_fixture.desk(settings, "rev", datetime(2026, 7, 1, 22, 59))
    assert boroughs.escalate(before) == []
    assert not boroughs.taskings(before)[0]["is_overdue"]
    after = room_fixture.desk(settings, "rev", datetime(2026, 7, 1, 23, 1))
    assert boroughs.taskings(after)[0]["is_overdue"]
    assert boroughs.escalate(after) == [number]


def test_a_tasking_of_a_halted_case_is_not_overdue_and_goes_up_to_nobody(at: At, ref: str, settings: Settings) -> None:
    tasked(at, ref)
    care.stop(at("rev"), ref, "seen hurt")
    later = room_fixture.desk(settings, "rev", NOW + timedelta(days=30))
    assert boroughs.escalate(later) == []
    (row,) = boroughs.taskings(later)
    assert (row["is_halted"], row["is_overdue"]) == (True, False)
    assert "tasking" not in {row["kind"] for row in results.monday(later)["overdue"]}


def test_a_borough_is_asked_only_once_people_decided_and_not_where_telling_is_withheld(
    at: At, ref: str, settings: Settings
) -> None:
    with pytest.raises(Refused, match="decide on the case first"):
        boroughs.task(at("rev"), ref, "Camden", "visit", "2026-01-20", "none")
    boroughs.withhold_telling(at("aut"), ref, "CAMDEN", "an operation", "2026-01-20")
    act(at, ref)
    with pytest.raises(Refused, match="withheld until"):
        boroughs.task(at("rev"), ref, "Camden", "visit", "2026-01-20", "none")
    with pytest.raises(UsageError, match="days at most"):
        boroughs.withhold_telling(at("aut"), ref, "Camden", "an operation", "2027-01-20")
    expired = room_fixture.desk(settings, "rev", NOW + timedelta(days=30))
    assert boroughs.withheld(expired) == []
    boroughs.task(expired, ref, "Camden", "visit", "2026-03-20", "none")


def test_a_tasking_is_one_page_pseudonymous_and_says_what_not_to_do(at: At, ref: str) -> None:
    number = tasked(at, ref)
    content = slips.tasking_pdf(at("cam"), number)
    assert len(pypdf.PdfReader(io.BytesIO(content)).pages) == 1
    text = read_pdf(content)
    for word in (
        ref,
        "Visit and ask what would help",
        "20 January 2026",
        "What not to do",
        "Every call goes on being answered",
    ):
        assert word in text, word
    care.stop(at("ann"), cases.case(at("rev"), ref)["caller_id"], "told by a ward")
    assert "nothing on this page is to be done" in read_pdf(slips.tasking_pdf(at("cam"), number)).replace("\n", " ")
    with pytest.raises(Refused, match="nobody is identified"):
        boroughs.disclose(at("cha"), number, "Inspector A", "visit", "2026-01-20")


# ── papers carry a marking; text is hostile ────────────────────────────────────────────────────


def read_pdf(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def test_every_paper_is_marked_on_every_page_and_carries_run_and_head(at: At, ref: str) -> None:
    hold(at, ref)
    number = boroughs.task(at("rev"), ref, "Camden", "#strong[x] $y$ *z* <tag>", "2026-01-20", "none")
    referred = packs.referral(at("rev"), ref, "sounds distressed", "vital interests")
    made = [
        cycle_papers.agenda_pdf(at("rev"), "C1"),
        cycle_papers.minutes_pdf(at("rev"), "C1"),
        slips.tasking_pdf(at("cam"), number),
        slips.return_slip_pdf(at("cam"), number),
        slips.referral_pdf(at("hea"), referred),
    ]
    for content in made:
        for page in pypdf.PdfReader(io.BytesIO(content)).pages:
            text = page.extract_text()
            assert text.count("OFFICIAL-SENSITIVE") == 2
            assert at("rev").run_id in text
            assert "Casebook head" in text
    assert "#strong[x] $y$ *z* <tag>" in read_pdf(made[2]), "hostile text is data, never markup"


HOSTILE = ("=1+1", "+1", "-1", "@x", "\t=1", "=cmd|' /C calc'!A0")


@pytest.mark.parametrize("text", HOSTILE)
def test_exports_are_marked_recorded_and_run_nothing_as_a_formula(at: At, text: str) -> None:
    rows = [{"case_ref": text, "calls": 3}]
    made = packs.export(at("aud"), rows, ["case_ref", "calls"], name="cases", form="csv").decode()
    (line,) = list(csv.DictReader(io.StringIO(made)))
    assert line["case_ref"] == "'" + text
    assert (line["marking"], line["run_id"]) == ("OFFICIAL-SENSITIVE", at("aud").run_id)
    book = openpyxl.load_workbook(io.BytesIO(packs.export(at("aud"), rows, ["case_ref"], name="cases", form="xlsx")))
    cells = [cell for row in book.active for cell in row if cell.value is not None]
    assert all(cell.data_type != "f" for cell in cells)
    assert "OFFICIAL-SENSITIVE" in str(cells[0].value)
    assert [event["data"]["form"] for event in audit.events(at("aud"), kind="exported")] == ["xlsx", "csv"]


# ── referrals and rights ───────────────────────────────────────────────────────────────────────


def test_a_referral_gives_the_least_and_takes_back_one_of_three_words(at: At, ref: str) -> None:
    number = packs.referral(at("rev"), ref, "sounds distressed", "vital interests")
    held = packs.referral_of(at("hea"), number)
    assert set(held["pattern"]) == {
        "calls in 90 days",
        "calls in 30 days",
        "percent between midnight and six",
        "last call",
    }
    with pytest.raises(UsageError, match="known, plan_exists, hold_tasking"):
        packs.answer_referral(at("hea"), number, "schizophrenia")
    with pytest.raises(Refused):
        packs.answer_referral(at("rev"), number, "known")
    assert packs.answer_referral(at("hea"), number, "hold_tasking") == [ref]
    with pytest.raises(Refused, match="R1 has its answer already, by hea"):
        packs.answer_referral(at("hea"), number, "known")
    assert packs.referral_of(at("hea"), number)["answer"] == "hold_tasking"
    assert next(row for row in cases.cases(at("rev")) if row["case_ref"] == ref)["status"] == "halted"


def test_whoever_decided_does_not_answer_a_representation(at: At, ref: str) -> None:
    calls.open_calls(at("cha"), ref)
    cases.move(at("cha"), ref, "act", ACT)
    number = rights.representation(at("ann"), ref, "it was my handset", "the person")
    with pytest.raises(Refused, match="whoever decided"):
        rights.answer_representation(at("cha"), number, "not_upheld", "r")
    rights.answer_representation(at("aut"), number, "upheld", "the handset was faulty")
    with pytest.raises(Refused, match="P1 has its answer already, by aut"):
        rights.answer_representation(at("two"), number, "not_upheld", "from a page of before")
    (row,) = rights.representations(at("aud"))
    assert (row["outcome"], row["due_on"]) == ("upheld", date(2026, 2, 5))


def test_the_month_for_an_answer_begins_on_the_local_day(at: At, ref: str, settings: Settings) -> None:
    night = room_fixture.desk(settings, "ann", datetime(2026, 6, 30, 23, 10))
    rights.representation(night, ref, "it was my handset", "the person")
    assert rights.representations(at("aud"))[0]["due_on"] == date(2026, 8, 1)


def test_six_months_begin_on_the_first_approval() -> None:
    approved = [date(2026, 7, 1), date(2026, 9, 1)]
    clock = packs.limitation_clock([{"received_local": datetime(2026, 1, 31, 23, 50)}], approved)
    assert clock == {
        "evidence_on": date(2026, 7, 1), "begin_by": date(2027, 1, 1),
        "first_call_on": date(2026, 1, 31), "outer_limit": date(2029, 1, 31),
    }  # fmt: skip
    assert set(packs.limitation_clock([], []).values()) == {None}


def test_a_correction_stands_beside_what_it_corrects(at: At, ref: str) -> None:
    calls.note(at("ann"), ref, "lives in Camden")
    noted = audit.events(at("aud"), kind="note_added")[0]["event_id"]
    rights.correct(at("cha"), noted, "lives in Lambeth")
    assert [(row["of"], row["told"]) for row in rights.corrections(at("aud"))] == [(noted, "lives in Lambeth")]
    assert audit.verify(at("aud"))["is_whole"]


def test_delisting_keeps_somebody_off_the_list_for_a_time(at: At, ref: str) -> None:
    calls.open_calls(at("cha"), ref)
    rights.delist(at("cha"), ref, "a representation was upheld", "2026-04-01")
    row = next(row for row in cases.cases(at("rev")) if row["case_ref"] == ref)
    assert (row["status"], row["review_date"]) == ("suppressed", date(2026, 4, 1))


def test_clocks_run_by_whether_anybody_acted(at: At, ref: str, settings: Settings) -> None:
    act(at, ref)
    clocks = {row["case_ref"]: row for row in rights.clocks(at("aud"))}
    assert (clocks[ref]["state"], clocks[ref]["retain_until"]) == ("open", None)
    others = [row for row in clocks.values() if row["case_ref"] != ref]
    assert {row["retain_until"] for row in others} == {date(2027, 1, 5)}, "never-confirmed ones go early"
    later = room_fixture.desk(settings, "aud", NOW + timedelta(days=400))
    assert {row["state"] for row in rights.clocks(later) if row["case_ref"] != ref} == {"disposal_due"}
    with pytest.raises(Refused, match="not yet due"):
        rights.dispose(at("ada"), ref, "r")


def test_the_assessment_names_roles_spans_and_safeguards(at: At) -> None:
    page = assessment.inputs(at("aud"))
    for word in ("health liaison", "72 months", "Hard stops", "Solely automated decisions: none", "subscriber_name"):
        assert word in page, word


# ── structure ──────────────────────────────────────────────────────────────────────────────────


def test_every_kind_of_event_has_a_permission_or_a_reason_to_have_none() -> None:
    tell = {
        "sql_run", "batch_withdrawn", "run_published", "retention_done", "signed_in", "sign_in_failed", "signed_out",
        "access_refused", "backup_taken", "backup_restored",
    }  # fmt: skip
    assert set(KINDS) == set(PERMISSION_OF_KIND) | set(OWN_METHOD) | tell
    assert set(PERMISSION_OF_KIND.values()) <= set(review.PERMISSIONS)


def test_every_write_to_the_casebook_has_an_event() -> None:
    """Only these put rows in, and each of them does so beside an event; everybody else goes through them."""
    writers = {
        "src/misuse/casebook/events.py": {"write"},
        "src/misuse/casebook/recording.py": {"add"},
        "src/misuse/casebook/passwords.py": {"put"},
        "src/misuse/casebook/disposing.py": {"dispose"},
        "src/misuse/casebook/resealing.py": set(),
        "src/misuse/casebook/opening.py": set(),
    }
    found = []
    for source in tree.program():
        if not source.name.startswith("src/misuse/casebook/"):
            continue
        for function in ast.walk(source.tree):
            if isinstance(function, ast.FunctionDef):
                writes = [
                    node
                    for node in ast.walk(function)
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                    and node.func.attr in ("insert", "delete", "update") and not node.args
                    and isinstance(node.func.value, ast.Name)
                ]  # fmt: skip
                if writes and function.name not in writers.get(source.name, set()):
                    found.append(f"{source.name} {function.name}")
    assert not found, tree.told(found, "writes to the casebook without adding an event")


def test_every_permission_is_used_and_every_function_that_acts_asks_for_one() -> None:
    used = "".join(source.text for source in tree.program() if "/review/" not in source.name)
    idle = [action for action in review.PERMISSIONS if f'"{action}"' not in used]
    assert idle == [], "permissions that nothing asks for"


def test_short_cuts_to_reach_and_heir_give_what_the_whole_copy_does() -> None:
    """A caller in reach of nobody reads its own spells alone; one in reach of others reads theirs too."""
    rows = [
        ("s1", "c1", "c1"),
        ("s2", "c1", "c1"),
        ("s3", "c2", "c1"),
        ("s4", "c3", "c9"),
        ("s5", "c3", "c9"),
        ("s6", "c4", "c4"),
    ]
    with duckdb.connect() as con:
        con.execute("create table caller_spells (spell_id text, caller_id text, reach_id text, identity_kind text)")
        con.executemany("insert into caller_spells values (?, ?, ?, 'person')", rows)
        con.execute("create table runs as select timestamp '2026-01-01' as finished_at")
        reached = {caller: cases.reach_of(con, caller) for caller in ("c1", "c2", "c3", "c4")}
        heirs = [
            cases.caller_of(con, {"caller_id": was, "spells": spells})
            for was, spells in (
                ("c3", ["s4", "s5"]),
                ("c1", ["s4", "s5"]),
                ("c1", ["s1", "s4", "s5"]),
                ("gone", ["none"]),
            )
        ]
    assert reached == {"c1": ["s1", "s2", "s3"], "c2": ["s1", "s2", "s3"], "c3": ["s4", "s5"], "c4": ["s6"]}
    assert heirs == ["c3", "c3", "c3", "gone"]


def test_whom_a_stop_reached_since_the_run_has_left_the_list_and_neither_entered_nor_changed(at: At) -> None:
    with at("rev").published() as con:
        first, second = con.execute(
            "select caller_id, part, rank, case_ref from tasking_list order by rank limit 2"
        ).fetchall()
    names = ("caller_id", "part", "rank", "case_ref")
    moved = dict(zip(names, (second[0], second[1] + 1, *second[2:]), strict=True))
    with at("cha").book() as book:
        payload = {"as_of": "2025-12-01", "digest": "d", "eligible": [moved], "stopped": []}
        book.record("list_frozen", actor="cha", occurred_at=NOW, run_id="x", payload=payload)

    def told(name: str) -> set[str]:
        return {row["caller_id"] for row in results.monday(at("rev"))[name]}

    assert first[0] in told("entered")
    assert second[0] in told("changed")
    for caller in (first[0], second[0]):
        care.stop(at("ann"), caller, "seen hurt")
    assert first[0] not in told("entered")
    assert told("changed") == set()
    assert told("left") == {second[0]}


def test_monday_says_why_somebody_left(at: At, settings: Settings) -> None:
    """Fewer calls, a stop, another person now: of each who was on the frozen list and is on it no more."""
    with duckdb.connect(str(settings.current_path.resolve())) as con:
        found = con.execute("select caller_id from tasking_list order by rank desc limit 4").fetchall()
        fewer, merged, shared, stopped = (str(row[0]) for row in found)
        con.execute(
            "delete from tasking_list where list_contains($gone, caller_id)", {"gone": [row[0] for row in found]}
        )
        con.execute(
            "update caller_windows set misuse_calls = 3 where caller_id = ? and window_name = 'headline'", [fewer]
        )
        con.execute("delete from callers where caller_id = ?", [merged])
        con.execute("update callers set identity_kind = 'shared_line' where caller_id = ?", [shared])
    care.stop(at("ann"), stopped, "seen hurt")
    told = {row["caller_id"]: row["why"] for row in results.monday(at("rev"))["left"]}
    assert told == {
        fewer: "3 misuse calls in the window now, under 10",
        merged: "merged or split: the run takes the numbers to be somebody else's",
        shared: "taken for a shared line or premises now",
        stopped: "stopped by a person since",
    }


def test_the_export_of_every_event_is_a_read_and_is_recorded(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with casebook.opened(settings) as book:
        book.set_user(getpass.getuser(), "auditor", actor="ada", occurred_at=NOW)
    assert run_command(["audit", "export"], {"MISUSE_HOME": str(settings.home)}) == 0
    assert json.loads(capsys.readouterr().out)[-1]["kind"] == "casebook_read"
