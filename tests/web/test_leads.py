"""Links lead where whoever follows them may go, and pages say what their figures are of."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from misuse.room import calls, care, cases, meetings
from misuse.web.routes import ROUTES
from tests.web import lived, rooms

LINK = re.compile(r'href="(/[^"#?]*)')
PAGES = {
    re.compile(re.sub(r"{\w+}", "[^/]+", route.path) + "$"): route
    for route in ROUTES
    if route.method == "GET" and not route.is_export
}


@pytest.fixture(scope="module")
def lively(made: rooms.Room, tmp_path_factory: pytest.TempPathFactory) -> tuple[rooms.Room, dict[str, str]]:
    """A room of this module's own, in which a meeting is held."""
    room = rooms.copied(made, Path(tmp_path_factory.mktemp("leads")) / "home")
    return room, lived.live(room, is_signed=False)


@pytest.mark.parametrize("name", sorted(lived.ROLES))
def test_no_page_leads_to_one_that_its_reader_may_not_open(
    lively: tuple[rooms.Room, dict[str, str]], name: str
) -> None:
    """Of each kind of page one is opened, the menu's and whatever is linked from there."""
    room, _ = lively
    browser, seen, waiting = rooms.Browser(room, name), set[str](), ["/process"]
    while waiting:
        path = waiting.pop()
        answer = browser.get(path)
        assert answer.status_code in (200, 303), path
        for link in LINK.findall(answer.text):
            route = next((route for pattern, route in PAGES.items() if pattern.match(link)), None)
            if route is not None and route.path not in seen:
                seen.add(route.path)
                waiting.append(link)
    assert len(seen) > 4
    assert ("/actions" in seen) == (lived.ROLES[name] not in ("borough", "health liaison", "administrator"))


def text_of(reply: rooms.Reply) -> str:
    """What a reader sees of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", reply.text)).split())


def test_two_who_differ_are_settled_by_a_third_from_the_pages_that_tell_of_it(
    lively: tuple[rooms.Room, dict[str, str]],
) -> None:
    room, named = lively
    a, b = named["a"], named["b"]
    row = next(row for row in care.links(room.desk("rex")) if {row["spell_a"], row["spell_b"]} == {a, b})
    told = ["/links", f"/why/{row['caller_a']}", f"/cases/{row['caller_a']}"]
    link = f'href="/links/{row["spell_a"]}/{row["spell_b"]}">'
    rex, roz, cho, ana = (rooms.Browser(room, name) for name in ("rex", "roz", "cho", "ana"))
    for path in told:
        assert link + "Judge" in rex.get(path).text, path
    care.judge_link(room.desk("rex"), a, b, "same", "one voice")
    care.judge_link(room.desk("roz"), a, b, "not_same", "two voices")
    for path in told:
        assert link + "Settle" in cho.get(path).text, path
        for judge in (rex, roz, ana):  # who judged, and who may not
            assert link not in judge.get(path).text, path
    assert "Settle it" not in rex.get(f"/links/{a}/{b}").text
    assert "Settle it" in cho.get(f"/links/{a}/{b}").text
    assert cho.post(f"/links/{a}/{b}", decision="same", reason="heard both", settles="yes").status_code == 303
    assert link not in cho.get(told[2]).text
    assert "decided: same" in text_of(cho.get(told[2]))


def test_what_was_answered_is_not_answered_over_from_another_page(
    lively: tuple[rooms.Room, dict[str, str]],
) -> None:
    room, _ = lively
    again = (
        ("hea", "/referrals/R2", {"answer": "hold_tasking"}),
        ("aut", "/rights/representations/P2", {"outcome": "not_upheld", "reason": "r"}),
        ("aut", "/bids/B2", {"outcome": "refused", "reason": "r"}),
        ("aut", "/cycles/C1/open", {"chair": "aut", "attendees": "somebody"}),
    )
    for name, path, fields in again:
        before = len(room.events())
        answer = rooms.Browser(room, name).post(path, **fields)
        assert answer.status_code in (403, 409, 422), path
        assert "already" in text_of(answer), path
        assert not {"referral_answered", "representation_answered", "bid_decided", "meeting_opened"} & {
            event.kind for event in room.events()[before:]
        }


def test_the_case_and_the_results_tell_of_which_list_and_days_the_comparison_is(fresh: rooms.Room) -> None:
    ref = fresh.open_to_all()
    meetings.freeze(fresh.desk("cho"))
    then = replace(fresh.desk("rex"), now=fresh.clock() - timedelta(days=40))
    calls.open_calls(then, ref)
    for row in cases.options(then, ref):
        for need in row["needs"] if row["id"] == "advice_letter" else ():
            cases.meet(then, ref, "advice_letter", need["text"], "seen")
    day = (then.today + timedelta(days=60)).isoformat()
    given = {"reason": "r", "lane": "engagement", "option": "advice_letter", "owner": "Camden", "review_date": day}
    cases.move(then, ref, "act", given)
    (tried,) = cases.case(fresh.desk("rex"), ref)["tried"]
    beside = tried["not_taken"]
    assert beside["callers"] > 0
    assert (tried["days_before"], tried["days_since"]) == (beside["days_before"], beside["days_since"])
    rex = rooms.Browser(fresh, "rex")
    said = f"same list (C1) on whom nobody acted went from {beside['per_30_before']:.1f}"
    on_case, on_results = text_of(rex.get(f"/cases/{ref}")), text_of(rex.get("/cycles/C1/results"))
    assert said in on_case
    assert f"over the same days: {beside['days_before']} before and {beside['days_since']} since" in on_case
    assert f"{beside['callers']} callers of C1 not taken" in on_results
    assert "All taken 1 caller 1 compared" in on_results
