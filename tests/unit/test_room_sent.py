"""What the room sent, prepared or tells stays true: over later runs, of callers off the list, of what is no coming day."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pypdf
import pytest

from misuse import publication, published_callers
from misuse.errors import UsageError
from misuse.room import (
    Desk,
    actions,
    audit,
    boroughs,
    calls,
    care,
    cases,
    exculpatory,
    explaining,
    grounds,
    meetings,
    people,
)
from misuse.room.papers import slips
from misuse.settings import Settings
from tests import room_fixture
from tests.published_fixture import RUN_ID
from tests.room_fixture import ACT, AGREED

NEXT_RUN = "20260112T023100Z-0a1b2c3d"
At = Callable[[str], Desk]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A staffed home whose list was frozen for C1, and a case under action."""
    root = tmp_path_factory.mktemp("sent") / "home"
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
    """A case that was listed, its calls opened and the option's precondition met."""
    found = str(next(row["case_ref"] for row in cases.cases(at("rev")) if row["status"] == "listed"))
    calls.open_calls(at("ann"), found)
    cases.meet(at("ann"), found, AGREED, "the caller agrees freely", "said so on the telephone")
    return found


def change_list(settings: Settings, statement: str, **values: Any) -> None:
    """Change the published copy as another run would have had it."""
    with duckdb.connect(str(settings.current_path.resolve())) as con:
        con.execute(statement, values)


def next_run_without(settings: Settings, caller: str, *, keeps_last: bool = True) -> None:
    """A later run publishes, with the caller on the list no more."""
    old = settings.current_path.resolve()
    shutil.copy(old, old.with_name(f"{NEXT_RUN}.duckdb"))
    settings.current_path.unlink()
    settings.current_path.symlink_to(f"{NEXT_RUN}.duckdb")
    change_list(settings, "delete from tasking_list where caller_id = $caller", caller=caller)
    change_list(settings, "update runs set run_id = $run", run=NEXT_RUN)
    if not keeps_last:
        old.unlink()


def caller_of(at: At, ref: str) -> str:
    return str(cases.case(at("rev"), ref)["caller_id"])


def read_pdf(content: bytes) -> str:
    said = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    return " ".join(said.split())


def send(at: At, ref: str, **changes: str) -> str:
    given = {"ask": "Visit", "deadline": "2026-01-20", "risk": "none known", "not_to_do": ""} | changes
    return boroughs.task(at("rev"), ref, "Camden", **given)


# ── a tasking stays as it was sent ─────────────────────────────────────────────────────────────

SENT = ("where", "why", "doubts", "calls", "calls_told", "lane", "option", "grounds_run")


def test_a_later_run_and_a_stop_do_not_rewrite_what_a_borough_was_asked_on(
    at: At, ref: str, settings: Settings
) -> None:
    caller = caller_of(at, ref)
    doubt = "A number behaves as a line of many people: find out first whether it is one."
    change_list(
        settings, "update tasking_list set doubts = [$doubt] where caller_id = $caller", doubt=doubt, caller=caller
    )
    cases.move(at("rev"), ref, "act", ACT)
    number = send(at, ref)
    before = boroughs.tasking(at("cam"), number)
    assert (before["doubts"], before["grounds_run"]) == ([doubt], RUN_ID)
    assert before["calls"]["window"] > 0
    assert before["why"]
    care.stop(at("ann"), caller, "told by a ward")
    next_run_without(settings, caller, keeps_last=False)
    after = boroughs.tasking(at("cam"), number)
    assert {name: after[name] for name in SENT} == {name: before[name] for name in SENT}
    text = read_pdf(slips.tasking_pdf(at("cam"), number))
    assert doubt in text
    assert before["calls_told"] in text
    assert "None in" not in text
    assert "nothing on this page is to be done" in text


def as_sent_before_grounds_were_kept(at: At, ref: str) -> str:
    """A tasking as earlier releases recorded it."""
    cases.move(at("rev"), ref, "act", ACT)
    payload = {"borough": "Camden", "ask": "Visit", "deadline": "2026-01-20", "risk": "none", "not_to_do": "Nothing."}
    event = at("rev").record("tasked", payload, case_ref=ref, run_id=at("rev").run_id)
    return str(event.data["tasking_id"])


def test_an_older_tasking_is_read_from_the_list_of_its_run_or_says_that_it_is_not_known(
    at: At, ref: str, settings: Settings
) -> None:
    number, caller = as_sent_before_grounds_were_kept(at, ref), caller_of(at, ref)
    before = boroughs.tasking(at("cam"), number)
    assert before["doubts"] not in ([], [grounds.LOST])
    next_run_without(settings, caller)
    kept = boroughs.tasking(at("cam"), number)
    assert {name: kept[name] for name in SENT} == {name: before[name] for name in SENT}
    publication.run_path(settings, RUN_ID).unlink()
    gone = boroughs.tasking(at("cam"), number)
    assert (gone["why"], gone["doubts"], gone["calls_told"]) == ([grounds.LOST], [grounds.LOST], "not known any more")
    assert (gone["lane"], gone["option"]) == ("engagement", AGREED)
    text = read_pdf(slips.tasking_pdf(at("cam"), number))
    assert "not the same as none" in text
    assert "None in" not in text


def test_whom_no_list_tells_of_has_doubts_not_reckoned_rather_than_none(at: At, ref: str, settings: Settings) -> None:
    caller = caller_of(at, ref)
    cases.move(at("rev"), ref, "act", ACT)
    next_run_without(settings, caller)
    held = boroughs.tasking(at("cam"), send(at, ref))
    assert held["doubts"] == [grounds.NOT_RECKONED]
    assert held["calls"]["window"] > 0
    assert held["where"]


def test_the_schedule_says_who_gave_a_verdict_and_which_stops_stand_on_other_calls() -> None:
    """Calls were opened, and nobody judged them: that is not "opened by nobody". A stop on a call not coded misuse is no nought."""
    call = {"is_misuse": True, "is_coded_misuse": True, "is_stopped": False, "is_doubtful": False, "judged": None}
    silent = call | {"is_misuse": False, "is_coded_misuse": False, "is_stopped": True}
    held = {"genuine_calls": 1, "support_first": False, "flags": {}, "links": {}, "doubts": [], "is_reckoned": True}
    told = " ".join(exculpatory.schedule([call, call | {"judged": "refuted"}, silent], held, [])["told"])
    assert "on 1 of those that count nobody gave a verdict, whoever opened them" in told
    assert "opened by nobody" not in told
    assert (
        "0 calls coded misuse are barred by a safeguard and not counted; a safeguard's hard stop stands on 1 other call too"
        in told
    )


def test_the_exculpatory_schedule_keeps_what_decisions_were_taken_on(at: At, ref: str, settings: Settings) -> None:
    caller = caller_of(at, ref)
    row = {
        "caller": caller,
        "flags": ["handset_fault", "may_be_shared_line"],
        "doubts": ["2 more coded calls doubtful."],
    }
    change_list(settings, "update tasking_list set flags = $flags, doubts = $doubts where caller_id = $caller", **row)
    cases.move(at("rev"), ref, "act", ACT)
    next_run_without(settings, caller)
    with at("rev").book() as book, at("rev").published() as con:
        decided_on = exculpatory.listed_when_decided(book, book.entries(case_ref=ref))
        held = exculpatory.known(con, caller, decided_on)
        lost = exculpatory.known(con, caller)
    told = json.dumps(exculpatory.schedule([], held, [])["told"])
    for words in (
        "faulty handset. (As the run to 2025-12-31",
        "line of many people",
        "2 more coded calls doubtful. (As",
    ):
        assert words in told, words
    assert "was not reckoned" in json.dumps(exculpatory.schedule([], lost, [])["told"])


# ── days are coming days, and what is prepared fits ────────────────────────────────────────────


@pytest.mark.parametrize(
    ("move", "changes", "why"),
    [
        ("act", {"review_date": "zzz"}, "the review date is no date"),
        ("act", {"review_date": "2026-01-04"}, "the review date is past"),
        ("act", {"review_date": "2036-01-04"}, "more than 5 years away"),
        ("act", {"lane": "enforcement"}, "proposed by one person"),
        ("act", {"lane": "kindness"}, "no lane is called"),
        ("act", {"lane": "support"}, "no option of the lane support"),
        ("act", {"option": "cpw"}, "no option of the lane engagement"),
        ("act", {"option": "conversation"}, "not recorded as met"),
        ("act", {"option": "a_fine"}, "no option is called"),
        ("act", {"option": ""}, "chooses an option"),
        ("act", {"owner": ""}, "needs owner"),
        ("propose", {"lane": "", "option": AGREED}, "no option of the lane enforcement"),
        ("propose", {"lane": "", "option": "cpw"}, "not recorded as met"),
        ("suppress", {"lane": "", "option": "", "until": "2026-12-01"}, "184 days at most"),
        ("close", {"lane": "", "option": "", "outcome": "helped", "activity": "visit"}, "no outcome is called"),
    ],
)
def test_what_is_prepared_is_checked_when_it_is_prepared(
    at: At, ref: str, move: str, changes: dict[str, str], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        meetings.prepare(at("ann"), "C1", ref, move, ACT | changes)
    with at("aud").book() as book:
        assert book.entries("case_prepared") == []
    meetings.prepare(at("ann"), "C1", ref, "act", ACT)


@pytest.mark.parametrize(("deadline", "why"), [("2026-01-04", "past"), ("2032-01-04", "5 years"), ("soon", "no date")])
def test_a_deadline_is_a_coming_day(at: At, ref: str, deadline: str, why: str) -> None:
    cases.move(at("rev"), ref, "act", ACT)
    with pytest.raises(UsageError, match=why):
        send(at, ref, deadline=deadline)
    with pytest.raises(UsageError, match=why):
        actions.set_action(at("cha"), "C1", ref, "Visit", "rev", deadline, "contact", "none")
    with at("aud").book() as book:
        assert book.entries("tasked", "action_set") == []
    send(at, ref, deadline="2026-01-05")


# ── innocent explanations: "no" only where the log could have said "yes" ───────────────────────

SEES = explaining.Sight(faults=True, need=True, linked=True, shared_lines=frozenset({"other"}))
BLIND = explaining.Sight(faults=False, need=False, linked=False, shared_lines=None)
LISTED = {"flags": [], "doubts": [], "unconfirmed_links": 0, "genuine_calls_window": 0, "p_at_least_threshold": 0.99}


def explained(seen: explaining.Sight, listed: dict[str, Any] | None, **known: Any) -> dict[str, bool | None]:
    given: dict[str, Any] = {"is_vulnerable": False, "look": None, "calls": ()} | known
    rows = explaining.explanations(seen, "me", listed, **given)
    assert all((row["why_not"] is not None) == (row["speaks_for"] is None) for row in rows)
    return {row["name"]: row["speaks_for"] for row in rows}


NAMES = ("handset_fault", "shared_line", "one_bad_night", "two_people", "need", "genuine_callers", "coding")


def test_an_explanation_that_was_tested_and_not_met_is_no() -> None:
    assert explained(SEES, LISTED) == dict.fromkeys(NAMES, False)


def test_an_explanation_that_nothing_could_test_is_never_no() -> None:
    unmeasured = LISTED | {"p_at_least_threshold": None}
    can_tell = {"one_bad_night": False, "genuine_callers": False}
    assert explained(BLIND, unmeasured) == dict.fromkeys(NAMES) | can_tell
    assert explained(SEES, unmeasured)["coding"] is None
    assert explained(SEES, None) == dict.fromkeys(NAMES) | {
        "shared_line": False,
        "need": False,
        "genuine_callers": False,
    }


@pytest.mark.parametrize("listed", [LISTED, None])
@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("need", {"look": {"is_urgent": True}}),
        ("need", {"look": {"is_urgent": False, "urgent_stops": 2}}),
        ("need", {"is_vulnerable": True}),
        ("coding", {"calls": [{"judged": "refuted"}]}),
    ],
)
def test_what_speaks_for_the_person_counts_whether_or_not_listed(
    name: str, known: dict[str, Any], listed: dict[str, Any] | None
) -> None:
    assert explained(BLIND, listed, **known)[name] is True


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("handset_fault", {"flags": ["handset_fault"]}),
        ("shared_line", {"flags": ["may_be_shared_line"]}),
        ("one_bad_night", {"flags": ["one_bad_night"]}),
        ("two_people", {"unconfirmed_links": 1}),
        ("need", {"flags": ["support_first"]}),
        ("genuine_callers", {"genuine_calls_window": 2}),
        ("coding", {"doubts": ["2 more coded calls doubtful, not counted"]}),
        ("coding", {"p_at_least_threshold": 0.6}),
    ],
)
def test_what_the_list_found_speaks_for_it_however_little_else_is_seen(name: str, listed: dict[str, Any]) -> None:
    assert explained(BLIND, LISTED | listed)[name] is True


def test_what_a_run_can_tell_is_read_off_its_sources_models_and_codes(settings: Settings, at: At) -> None:
    def seen() -> explaining.Sight:
        with at("rev").published() as con:
            return explaining._sight(con, at("rev"))

    assert seen() == BLIND
    change_list(
        settings, "update calls set closing_code = 'Silent/999-call' where call_key = (select min(call_key) from calls)"
    )
    change_list(settings, "update runs set identity_model = 'a digest'")
    change_list(settings, "insert into shared_line_suggestions (spell_id, caller_id) values ('s1', 'c1')")
    assert seen() == explaining.Sight(faults=True, need=False, linked=True, shared_lines=frozenset({"c1"}))


# ── a stop since the run and the look list agree ───────────────────────────────────────────────


def test_a_stop_since_the_run_and_the_look_list_agree(settings: Settings, ref: str) -> None:
    """Whoever is on the published list already, and whoever is not."""
    with room_fixture.desk(settings, "rev").published() as con:
        rows = con.execute("select caller_id from look_list where is_stopped and not is_urgent limit 1").fetchall()
    published = [str(row[0]) for row in rows]
    own = str(cases.case(room_fixture.desk(settings, "rev"), ref)["caller_id"])
    assert published
    for hour, caller in enumerate([own, *published], 1):
        desk = room_fixture.desk(settings, "hea", room_fixture.NOW + timedelta(hours=hour))
        care.stop(desk, caller, "heard screaming", is_urgent=True)
        with desk.published() as con, desk.book() as book:
            look = published_callers.look_of(con, book, caller)
        row = next(row for row in care.looks(desk) if row["caller_id"] == caller)
        assert look is not None
        assert (look["is_urgent"], look["waits"], row["is_urgent"], row["is_since_run"]) == (True,) * 4
        assert care.looks(desk)[0]["is_urgent"]
        assert care.look_counts(desk)["urgent"] == sum(1 for one in care.looks(desk) if one["is_urgent"])
        later = room_fixture.desk(settings, "hea", desk.now + timedelta(minutes=5))
        care.acknowledge(later, caller)
        with later.published() as con, later.book() as book:
            look = published_callers.look_of(con, book, caller)
        assert look is not None
        assert (look["waits"], look["seen_by"], look["seen_at"]) == (False, "hea", later.now)


# ── what is printed to a borough gives nobody leave not to answer ──────────────────────────────


@pytest.mark.parametrize("field", ["ask", "risk", "not_to_do"])
def test_a_tasking_never_says_to_leave_a_call_alone(at: At, ref: str, field: str) -> None:
    cases.move(at("rev"), ref, "act", ACT)
    for text in ("Do not answer calls.", "ignore calls", "Hang up on him", "never send officers"):
        with pytest.raises(UsageError, match="every call goes on being answered"):
            send(at, ref, **{field: text})
    with pytest.raises(UsageError, match="being answered"):
        send(at, ref, not_to_do="Answer her calls")
    with at("aud").book() as book:
        assert book.entries("tasked") == []
    send(at, ref, not_to_do="do not ignore her calls; do not visit alone")


def test_nor_does_what_else_a_borough_reads(at: At, ref: str) -> None:
    number = actions.bid(at("cam"), "Camden", "two officers", "visits")
    for ask in (
        lambda: actions.decide_bid(at("cha"), number, "refused", "no response is needed"),
        lambda: actions.add_lesson(at("rev"), "do not attend such calls", "process"),
        lambda: actions.set_action(at("cha"), "C1", ref, "Ignore her calls", "rev", "2026-01-20", "contact", "none"),
    ):
        with pytest.raises(UsageError, match="being answered"):
            ask()


# ── what lies beside the chain is held against it ──────────────────────────────────────────────

BESIDE = {
    "another hash": ("update passwords set hash = 'x' where user_name = 'aut'", "was changed"),
    "another's hash": (
        "update passwords set hash = (select hash from passwords where user_name = 'ada') || ' ' where user_name = 'aut'",
        "was changed",
    ),
    "another's event": (
        "update passwords set event_id = (select event_id from passwords where user_name = 'ada') where user_name = 'aut'",
        "another password",
    ),
    "a row gone": ("delete from passwords where user_name = 'aut'", "is gone"),
    "a row more": ("insert into passwords values ('nobody', 'x', 1)", "no event set"),
    "a disposal no certificate names": ("insert into disposals values (2, 1)", "no certificate names it"),
}


@pytest.mark.parametrize("what", sorted(BESIDE))
def test_what_was_changed_beside_the_chain_is_found(settings: Settings, at: At, what: str) -> None:
    people.set_password(at("aut"), "aut", "quite another phrase", old=room_fixture.PASSWORD)
    people.set_password(at("ada"), "rev", "quite another phrase")
    with at("aud").book() as book:
        assert book.faults() == []
    statement, why = BESIDE[what]
    with contextlib.closing(sqlite3.connect(settings.home / "casebook.sqlite")) as con:
        con.execute("drop trigger disposals_are_certified")
        con.execute(statement)
        con.commit()
    with at("aud").book() as book:
        assert [why in broken.why for broken in book.faults()] == [True]
    assert not audit.verify(at("aud"))["is_whole"]


def test_a_password_whose_event_was_put_away_opens_nothing_and_breaks_nothing(at: At) -> None:
    with at("ada").book() as book:
        number = [event.event_id for event in book.entries("password_set") if event.data["user"] == "aut"]
        book.dispose(number, reason="left the force", actor="ada", occurred_at=room_fixture.NOW)
        assert book.faults() == []
        assert book.password_of("aut") is None
