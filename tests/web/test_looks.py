"""An urgent stop that nobody has looked at, as the room shows it: before the look, and after."""

from __future__ import annotations

from datetime import timedelta

import duckdb
import pytest

from misuse.room import care, cases, meetings
from tests.web import rooms

DOUBT = "2 urgent hard stops on this person's calls that nobody has looked at: look before deciding."
_LOOK = """
update look_list
set is_urgent = true, urgent_stops = 2, urgent_stops_unseen = 2, last_urgent_stop_at = timestamp '2025-11-03 02:10:00',
    look_reasons = ['ten_or_more_coded', 'hard_stop', 'new_content'], duty_role = 'Metcall duty officer'
where case_ref = $ref
"""
_LIST = """
update tasking_list
set flags = ['urgent_stop_unseen'], doubts = [$doubt], enforcement_bars = ['urgent_stop_unseen']
where case_ref = $ref
"""
HEADING = "An urgent hard stop, and nobody has looked at it: look before deciding"


@pytest.fixture
def ref(fresh: rooms.Room) -> str:
    """A case of somebody on the list, on a call of whom an urgent stop waits in the published run."""
    found = fresh.open_to_all()
    with duckdb.connect(str(fresh.settings.current_path.resolve())) as con:
        con.execute(_LOOK, {"ref": found})
        con.execute(_LIST, {"ref": found, "doubt": DOUBT})
    meetings.freeze(fresh.desk("cho"))
    return found


def propose(room: rooms.Room, ref: str) -> str:
    """Why enforcement may not be proposed now."""
    return str(next(row["why_not"] for row in cases.offered(room.desk("rex"), ref) if row["move"] == "propose"))


def test_the_case_page_says_so_near_its_top_until_somebody_has_looked(fresh: rooms.Room, ref: str) -> None:
    rex = rooms.Browser(fresh, "rex")
    page = rex.get(f"/cases/{ref}").text
    assert page.index(HEADING) < page.index("Misuse calls in the window")
    for told in ("Who looks: Metcall duty officer", "2 urgent hard stops, the newest of 3 Nov 2025, 02:10", "Nobody has looked yet", "I have looked"):  # fmt: skip
        assert told in page
    assert DOUBT.replace("'", "&#39;") in page
    assert "an urgent hard stop on a call of this caller waits" in page.lower()
    assert "urgent stop, not looked at" in rex.get("/list").text
    assert "nobody has looked at it" in propose(fresh, ref)
    held = cases.case(fresh.desk("rex"), ref)
    assert (held["is_vulnerable"], held["default_lane"]) == (True, "support")
    assert {test["name"]: test["speaks_for"] for test in held["tests"]}["need"] is True

    assert rex.post(f"/looks/{held['caller_id']}").status_code == 303
    fresh.clock.now += timedelta(minutes=5)
    after = rex.get(f"/cases/{ref}").text
    assert HEADING not in after
    assert "by rex" in after
    assert "I have looked" not in after
    assert "nobody has looked at it" not in propose(fresh, ref)
    held = cases.case(fresh.desk("rex"), ref)
    assert (held["bars"], held["default_lane"]) == ([], "engagement")
    assert {test["name"]: test["speaks_for"] for test in held["tests"]}["need"] is True, "what was seen is in the case"


def test_a_look_at_fewer_stops_or_before_the_run_knew_opens_nothing(fresh: rooms.Room, ref: str) -> None:
    desk = fresh.desk("rex")
    held = cases.case(desk, ref)
    desk.record("look_acknowledged", {"spells": held["spells"], "urgent_stops_seen": 1}, caller_id=held["caller_id"])
    assert "nobody has looked at it" in propose(fresh, ref)
    with duckdb.connect(str(fresh.settings.current_path.resolve())) as con:
        con.execute(
            "update look_list set acknowledged_at = $at where case_ref = $ref", {"at": fresh.clock(), "ref": ref}
        )
    desk.record("look_acknowledged", {"spells": held["spells"], "urgent_stops_seen": 2}, caller_id=held["caller_id"])
    assert "nobody has looked at it" in propose(fresh, ref), "the run knew of that look, and of one more stop"
    assert ref in rooms.Browser(fresh, "rex").get("/monday").text.partition('id="looks">Look first')[2]


def test_whoever_has_no_case_is_shown_with_what_waits(fresh: rooms.Room) -> None:
    ref = fresh.open_to_all()
    with duckdb.connect(str(fresh.settings.current_path.resolve())) as con:
        con.execute(_LOOK, {"ref": ref})
        caller = con.execute("select caller_id from look_list where case_ref = $ref", {"ref": ref}).fetchone()
    assert caller is not None
    assert HEADING in rooms.Browser(fresh, "rex").get(f"/cases/{caller[0]}").text


def test_whom_a_stop_since_the_run_makes_urgent_again_leads_monday_and_can_be_looked_at(fresh: rooms.Room) -> None:
    rex = rooms.Browser(fresh, "rex")
    caller, ref = next(
        (row["caller_id"], row["case_ref"]) for row in care.looks(fresh.desk("rex")) if row["is_stopped"]
    )
    button = f'action="/looks/{caller}"'

    def shown(path: str) -> tuple[bool, bool]:
        page = rex.get(path).text
        rows = page.partition('id="looks">Look first')[2] if path == "/monday" else page
        return ref in rows, button in rows

    assert rex.post(f"/looks/{caller}").status_code == 303
    assert shown("/monday") == (False, False)
    fresh.clock.now += timedelta(minutes=5)
    care.stop(fresh.desk("cho"), caller, "another danger", is_urgent=True)
    assert care.looks(fresh.desk("rex"))[0]["caller_id"] == caller
    assert shown("/looks") == shown("/monday") == (True, True)
    fresh.clock.now += timedelta(minutes=5)
    assert rex.post(f"/looks/{caller}").status_code == 303
    assert shown("/monday") == (False, False)
    assert button not in rex.get("/looks?show=all").text


_OF_NOBODY = """
insert into stopped_calls_of_nobody (call_key, received_at, channel, borough, is_urgent, is_new, duty_role)
select uuid(), timestamp '2025-11-03 02:10:00' - to_minutes(number::integer), '999', 'Newham', number = 0, true, 'Metcall duty officer'
from range(60) as calls (number)
"""


def test_stopped_calls_of_nobody_stand_under_the_list_the_newest_fifty(fresh: rooms.Room) -> None:
    with duckdb.connect(str(fresh.settings.current_path.resolve())) as con:
        con.execute(_OF_NOBODY)
        keys = [str(key)[:8] for (key,) in con.execute("select call_key from stopped_calls_of_nobody").fetchall()]
    page = rooms.Browser(fresh, "rex").get("/looks").text.partition("Stopped calls of nobody known")[2]
    assert "60 stopped calls of nobody known: 1 urgent, 60 new" in page
    assert page.count("Newham") == 50
    assert "3 Nov 2025, 02:10" in page
    assert "Metcall duty officer" in page
    assert not any(key in page for key in keys)
