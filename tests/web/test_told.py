"""What pages say of days, doubts and explanations holds: nothing made up, and no fault on what older releases wrote."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import duckdb
import pytest

from misuse import notify
from misuse.room import calls, cases, meetings
from tests.web import rooms

OPTION = "advice_letter"


@pytest.fixture
def ref(fresh: rooms.Room) -> str:
    """A case that nothing bars, its calls opened, what the option takes recorded as met."""
    found = fresh.open_to_all()
    meetings.freeze(fresh.desk("cho"))
    rex = fresh.desk("rex")
    calls.open_calls(rex, found)
    for row in cases.options(rex, found):
        for need in row["needs"] if row["id"] == OPTION else ():
            cases.meet(rex, found, OPTION, need["text"], "seen")
    return found


def asked(room: rooms.Room, days: int = 28, **changes: str) -> dict[str, str]:
    """What a form that prepares an action sends."""
    day = (room.desk("rex").today + timedelta(days=days)).isoformat()
    sent = {"reason": "r", "lane": "engagement", "option": OPTION, "owner": "Camden", "review_date": day}
    return {"move": "act", **sent, **changes}


MISFITS = (
    ({"review_date": "zzz"}, "no date"),
    ({"review_date": "2020-01-01"}, "past"),
    ({"lane": "enforcement"}, "proposed"),
    ({"lane": "support"}, "no option of the lane"),
    ({"option": "acceptable_behaviour_agreement"}, "not recorded as met"),
)


def test_a_preparation_that_does_not_fit_comes_back_with_why(fresh: rooms.Room, ref: str) -> None:
    rex = rooms.Browser(fresh, "rex")
    for changes, why in MISFITS:
        answer = rex.post(f"/cycles/C1/prepare/{ref}", **asked(fresh, **changes))
        assert (answer.status_code, rex.faults) == (422, []), changes
        assert why in answer.text.lower()
    assert rex.post(f"/cycles/C1/prepare/{ref}", **asked(fresh)).status_code == 303


def test_an_older_preparation_is_shown_whatever_it_holds_and_decides_nothing(fresh: rooms.Room, ref: str) -> None:
    meetings.open_meeting(fresh.desk("cho"), "C1", "cho", ["an inspector"])
    cho = rooms.Browser(fresh, "cho")
    for day in ("zzz", "2026-13-45", "", "🂡", "2020-01-01"):
        given = {**asked(fresh), "review_date": day, "lane": "enforcement", "option": "a_fine"}
        given.pop("move")
        payload = {"cycle": "C1", "move": "act", "given": given}
        fresh.desk("rex").record("case_prepared", payload, case_ref=ref)  # as releases of before let it be
        for path in (
            f"/cycles/C1/decide/{ref}",
            "/cycles/C1",
            "/cycles/C1/minutes",
            "/cycles/C1/agenda.pdf",
            "/monday",
        ):
            assert (cho.get(path).status_code, cho.faults) == (200, []), path
        assert cho.post(f"/cycles/C1/decide/{ref}").status_code in (403, 422)
        assert cho.faults == []
    assert fresh.events("case_moved") == []


def test_a_move_and_a_tasking_take_a_coming_day(fresh: rooms.Room, ref: str) -> None:
    rex = rooms.Browser(fresh, "rex")
    for day, why in (("2020-01-01", "past"), ("2099-01-01", "more than 5 years away"), ("zzz", "no date")):
        answer = rex.post(f"/cases/{ref}/moves/act", **asked(fresh, review_date=day))
        assert (answer.status_code, rex.faults) == (422, [])
        assert why in answer.text.lower()
    assert rex.post(f"/cases/{ref}/moves/act", **asked(fresh)).status_code == 303
    sent = {"borough": "Camden", "ask": "visit", "risk": "none known", "not_to_do": "not at night"}
    for day, why in (("2020-01-01", "past"), ("2099-01-01", "more than 5 years away")):
        answer = rex.post(f"/cases/{ref}/task", deadline=day, **sent)
        assert (answer.status_code, rex.faults) == (422, [])
        assert why in answer.text.lower()
    day = (fresh.desk("rex").today + timedelta(days=7)).isoformat()
    assert rex.post(f"/cases/{ref}/task", deadline=day, **sent).status_code == 303


def test_the_page_of_a_caller_off_the_list_makes_nothing_up(fresh: rooms.Room, ref: str) -> None:
    with fresh.desk("rex").book() as book:
        caller = str(book.cases()[ref]["caller_id"])
    with duckdb.connect(str(fresh.settings.current_path.resolve())) as con:
        con.execute("delete from tasking_list where caller_id = $caller", {"caller": caller})
        con.execute("update caller_windows set handling_seconds = null where caller_id = $caller", {"caller": caller})
    rates = dataclasses.replace(
        fresh.settings.rates, handler_hour_pounds=30.0, unit_hour_pounds=60.0, source="invented"
    )
    fresh.settings = dataclasses.replace(fresh.settings, rates=rates)
    page = rooms.Browser(fresh, "rex").get(f"/cases/{ref}").text
    assert "no hourly rates are set" not in page
    assert "no handling time is measured of these calls" in page
    assert "doubts were not reckoned" in page
    assert "cannot be told" in page


def test_an_urgent_stop_is_urgent_on_the_whole_page_before_any_run_knew(fresh: rooms.Room, ref: str) -> None:
    heard = fresh.settings.home / "heard"
    fresh.settings = dataclasses.replace(fresh.settings, notification_hook=f"sh -c 'cat >> {heard}'")
    rex = rooms.Browser(fresh, "rex")
    assert rex.post(f"/cases/{ref}/stop", reason="heard screaming", is_urgent="yes").status_code == 303
    assert heard.read_text(encoding="utf-8").splitlines() == [notify.one_line(notify.URGENT_STOP)]
    page = rex.get(f"/cases/{ref}").text
    assert "not urgent" not in page
    assert "An urgent hard stop, and nobody has looked at it" in page
    assert {test["name"]: test["speaks_for"] for test in cases.case(fresh.desk("rex"), ref)["tests"]}["need"] is True
