"""What a meeting decided and signed stays what it was, nothing overlaid by a stop is done, and papers tell what was decided."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pypdf
import pytest

from misuse import casebook
from misuse.errors import InputError, Refused, UsageError
from misuse.room import Desk, actions, boroughs, calls, care, cases, meetings, packs, rights
from misuse.room.papers import cycle as cycle_papers
from misuse.settings import Settings
from misuse.wording import is_blank
from tests import room_fixture
from tests.room_fixture import ACT, AGREED, NOW

At = Callable[[str], Desk]
UNSEEN = "\u200b\u2060\ufeff \u3164"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A staffed home whose list was frozen for C1."""
    root = tmp_path_factory.mktemp("meetings") / "home"
    settings = room_fixture.home(root)
    meetings.freeze(room_fixture.desk(settings, "cha"))
    return root


@pytest.fixture
def settings(template: Path, tmp_path: Path) -> Settings:
    return Settings(home=Path(shutil.copytree(template, tmp_path / "home", symlinks=True)))


@pytest.fixture
def at(settings: Settings) -> At:
    return lambda name: room_fixture.desk(settings, name)


@pytest.fixture
def ref(at: At) -> str:
    """A listed case, prepared for the open meeting of C1."""
    found = str(next(row["case_ref"] for row in cases.cases(at("rev")) if row["status"] == "listed"))
    calls.open_calls(at("ann"), found)
    cases.meet(at("ann"), found, AGREED, "the caller agrees freely", "said so on the telephone")
    meetings.prepare(at("ann"), "C1", found, "act", ACT)
    meetings.open_meeting(at("cha"), "C1", "cha", ["Inspector"])
    return found


def words(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages).split())


def row_of(at: At, ref: str) -> dict[str, object]:
    return next(row for row in meetings.cycle(at("rev"), "C1")["rows"] if row["case_ref"] == ref)


# ── decisions ──────────────────────────────────────────────────────────────────────────────────


def test_a_case_that_was_moved_since_it_was_prepared_is_not_decided_as_prepared(at: At, ref: str) -> None:
    """Somebody put it under review meanwhile: the meeting looks at that first."""
    cases.move(at("rev"), ref, "act", ACT)
    with pytest.raises(Refused, match="moved since it was prepared"):
        meetings.decide(at("cha"), "C1", ref)


def test_the_meeting_decides_a_case_once_and_does_not_leave_it_then(at: At, ref: str) -> None:
    meetings.decide(at("cha"), "C1", ref)
    with pytest.raises(Refused, match="moved since it was prepared"):
        meetings.decide(at("cha"), "C1", ref)
    with pytest.raises(Refused, match="decided that case"):
        meetings.leave(at("cha"), "C1", ref, "on second thoughts")
    assert len(meetings.minutes(at("cha"), "C1")["decisions"]) == 1


def test_whoever_prepared_a_proposal_does_not_approve_it(at: At, settings: Settings, ref: str) -> None:
    """The chair's key press makes no second pair of eyes of the one who put the case together."""
    with duckdb.connect(str(settings.current_path.resolve())) as con:
        con.execute("update tasking_list set enforcement_bars = []")
    keys = [call["call_key"] for call in cases.case(at("aut"), ref)["calls"] if call["verdict"] == "counted"]
    for name in ("aut", "two", "cha"):
        calls.open_calls(at(name), ref)
    calls.judge_calls(at("aut"), ref, dict.fromkeys(keys, "confirmed"))
    option = next(one for one in cases.options(at("aut"), ref, "enforcement") if one["is_open"])
    for need in option["needs"]:
        cases.meet(at("aut"), ref, option["id"], need["text"], "seen on file")
    wanted = {"reason": "persistent", "option": option["id"], "owner": "Camden", "review_date": "2026-02-01"}
    meetings.prepare(at("aut"), "C1", ref, "propose", wanted)
    meetings.decide(at("cha"), "C1", ref, why_not_support="offered twice, and declined")
    calls.open_calls(at("aut"), ref)
    with pytest.raises(Refused, match="proposed or prepared it"):
        cases.move(at("aut"), ref, "approve", {"reason": "agreed", "finding": "calls heard"})
    calls.open_calls(at("two"), ref)
    assert cases.move(at("two"), ref, "approve", {"reason": "agreed", "finding": "calls heard"})["status"]


@pytest.mark.parametrize("name", ["reason", "dissent"])
def test_no_decision_says_not_to_answer(at: At, ref: str, name: str) -> None:
    said = {name: "Do not answer her calls"}
    with pytest.raises(UsageError, match="every call goes on being answered"):
        cases.move(at("rev"), ref, "act", ACT | said)
    with pytest.raises(UsageError, match="every call goes on being answered"):
        meetings.prepare(at("ann"), "C1", ref, "act", ACT | said)
    with pytest.raises(UsageError, match="every call goes on being answered"):
        meetings.leave(at("cha"), "C1", ref, said[name])
    cases.move(at("rev"), ref, "act", ACT | {name: "twelve calls, and no unit was sent to any of them"})


# ── what is not to be seen is no word ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("text", ["", " \t\n", UNSEEN, "\u0301", "\u2800", None])
def test_what_nobody_can_see_is_blank(text: str | None) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", "0", 0, False, "—", "李", f"{UNSEEN}x"])
def test_what_can_be_seen_is_not(text: object) -> None:
    assert not is_blank(text)


def test_a_reason_that_nobody_can_see_is_none(at: At, ref: str) -> None:
    with pytest.raises(Refused, match="needs reason"):
        cases.move(at("rev"), ref, "act", ACT | {"reason": UNSEEN})
    with pytest.raises(UsageError, match="reason is needed"):
        care.stop(at("ann"), cases.case(at("rev"), ref)["caller_id"], UNSEEN)


# ── stops overlay ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("change", ["is_stopped = true", "identity_kind = 'shared_line'"])
def test_a_rules_stop_and_a_line_of_many_overlay_list_and_minutes(
    at: At, settings: Settings, ref: str, change: str
) -> None:
    meetings.decide(at("cha"), "C1", ref)
    caller = row_of(at, ref)["caller_id"]
    assert not row_of(at, ref)["is_stopped_since"]
    with duckdb.connect(str(settings.current_path.resolve())) as con:
        con.execute(f"update callers set {change} where caller_id = $caller", {"caller": caller})
    assert row_of(at, ref)["is_stopped_since"]
    assert f"Stopped since the list was frozen: {ref}" in words(cycle_papers.minutes_pdf(at("cha"), "C1"))


def test_a_case_that_a_stop_halted_is_overlaid_until_it_is_resumed(at: At, ref: str) -> None:
    """The stop was lifted, and nobody has taken the case up again: what was decided is not to be done yet."""
    meetings.decide(at("cha"), "C1", ref)
    caller = str(row_of(at, ref)["caller_id"])
    care.stop(at("ann"), caller, "may be a patient")
    care.lift_stop(at("rev"), caller, "seen, and safe")
    assert row_of(at, ref)["is_stopped_since"]
    calls.open_calls(at("rev"), ref)
    cases.move(at("rev"), ref, "resume", ACT)
    assert not row_of(at, ref)["is_stopped_since"]


# ── what was signed ────────────────────────────────────────────────────────────────────────────


def test_signed_minutes_keep_the_bids_of_their_day_and_the_run_of_their_list(
    at: At, settings: Settings, ref: str
) -> None:
    meetings.decide(at("cha"), "C1", ref)
    actions.bid(at("cam"), "Camden", "two officers", "a visit")
    signed = meetings.sign_minutes(at("cha"), "C1")
    later = Desk(settings, "cha", NOW + timedelta(days=14))
    actions.decide_bid(later, "B1", "refused", "no officers then")
    actions.bid(Desk(settings, "cam", NOW + timedelta(days=14)), "Camden", "a letter", "a visit")
    (bid,) = meetings.minutes(later, "C1")["bids"]
    assert bid["outcome"] is None
    said = words(cycle_papers.minutes_pdf(later, "C1"))
    assert signed["digest"] in said
    assert "not what was signed" not in said
    assert "None" not in said.replace("None.", "")


def test_minutes_that_are_no_longer_what_was_signed_say_so_on_paper_too(at: At, settings: Settings, ref: str) -> None:
    """Somebody on the list was put away since: the digest that was signed stays, and the paper warns."""
    meetings.decide(at("cha"), "C1", ref)
    signed = meetings.sign_minutes(at("cha"), "C1")
    other = next(row for row in meetings.cycle(at("cha"), "C1")["rows"] if row["case_ref"] != ref)
    _put_away(settings, other["case_ref"])
    (held,) = meetings.cycles(at("cha"))
    assert (held["by"], held["taken_out"]) == ("cha", 1), "who froze it, not who put somebody away"
    said = words(cycle_papers.minutes_pdf(at("cha"), "C1"))
    assert "somebody was put away since" in said
    assert signed["digest"] in said


def _put_away(settings: Settings, ref: object) -> None:
    with casebook.opened(settings) as book:
        (frozen,) = book.entries("list_frozen")
        (spells,) = [row["spells"] for row in frozen.data["eligible"] if row["case_ref"] == ref]
        leaves = {"spells": list(spells), "lines": [], "barred": []}
        book.dispose([frozen.event_id], reason="past its time", actor="ada", occurred_at=NOW, leaves=leaves)


# ── papers and boroughs ────────────────────────────────────────────────────────────────────────


def test_what_was_only_proposed_or_refused_is_no_warning_given(at: At, settings: Settings, ref: str) -> None:
    held = {"move": "propose", "option": "cpw", "reason": "persistent"}
    with at("rev").book() as book:
        event = book.entries("case_opened")[0]
    proposed, acted = (_like(event, {**held, "move": move}) for move in ("propose", "act"))
    assert packs._warnings([proposed]) == []
    (given,) = packs._warnings([proposed, acted])
    assert given["what"] == cases.title_of("cpw") != "cpw"


def _like(event: casebook.Event, data: dict[str, object]) -> casebook.Event:
    return dataclasses.replace(event, kind="case_moved", payload=json.dumps(data))


def test_a_borough_that_nobody_knows_is_neither_tasked_nor_withheld_from(at: At, ref: str) -> None:
    """Withheld from 'Lambeth Borough', it would have gone to Lambeth all the same."""
    meetings.decide(at("cha"), "C1", ref)
    with pytest.raises(InputError, match="no borough of the log"):
        boroughs.withhold_telling(at("aut"), ref, "Lambeth Borough", "an operation", "2026-01-20")
    with pytest.raises(InputError, match="no borough of the log"):
        boroughs.task(at("rev"), ref, "Nowhere", "visit", "2026-01-20", "none known")
    boroughs.withhold_telling(at("aut"), ref, "lambeth ", "an operation", "2026-01-20")
    with pytest.raises(Refused, match="withheld"):
        boroughs.task(at("rev"), ref, "Lambeth", "visit", "2026-01-20", "none known")


def test_access_tells_in_full_what_was_written_of_the_case(at: At, ref: str) -> None:
    calls.note(at("rev"), ref, "rings when alone")
    packs.referral(at("rev"), ref, "sounds distressed", "vital interests")
    rights.representation(at("rev"), ref, "it was not me", "a carer")
    care.add_health_note(at("hea"), ref, "sealed words")
    with at("ada").book() as book:
        said = " ".join(line["told"] for line in rights._history(book, ref))
    for written in (
        "rings when alone",
        "sounds distressed",
        "vital interests",
        "it was not me",
        "a carer",
        "kept apart",
    ):
        assert written in said
    assert "sealed words" not in said
