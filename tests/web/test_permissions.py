"""Role by route: who may, who may not, what is recorded; each cell tried, with forged and replayed forms."""

from __future__ import annotations

import importlib

import pytest

from misuse import review
from misuse.casebook.kinds import KINDS
from misuse.web import access
from misuse.web.routes import MENU, ROUTES, Route, page_of
from tests.web import access_page, rooms
from tests.web.rooms import USERS, Browser, Room

REFUSED = "may not open this page"
ROLES = sorted(set(USERS.values()))
ACTS = [route for route in ROUTES if route.method == "POST" and route.permission != access.PUBLIC]
# They end the session or make a file; tried apart.
ENDING = ("/sign-out",)


@pytest.fixture(scope="module")
def named(room: Room) -> dict[str, str]:
    """Something of each kind that paths name."""
    reference = room.cases()[0]
    with room.desk("rex").book() as book:
        caller = str(book.cases()[reference]["caller_id"])
    return {
        "ref": reference, "caller": caller, "cycle": "C1", "move": "act", "event": "1", "option": "welfare_contact",
        "need": "0", "a": "s1", "b": "s2", "sample": "D1", "action": "A1", "bid": "B1", "tasking": "T1",
        "referral": "R1", "pack": "1", "file": "pack.pdf", "user": "ana", "representation": "R1",
    }  # fmt: skip


def at(route: Route, named: dict[str, str]) -> str:
    """The route's path with something that is there."""
    return route.path.format(**named)


def who_is(role: str) -> str:
    return next(name for name, held in USERS.items() if held == role)


@pytest.mark.parametrize("role", ROLES)
def test_every_cell_of_the_table(room: Room, named: dict[str, str], role: str) -> None:
    browser = Browser(room, who_is(role))
    wrong, refused, before = [], [], len(room.events("access_refused"))
    for route in ROUTES:
        if route.permission == access.PUBLIC or route.path in ENDING:
            continue
        reply = browser.get(at(route, named)) if route.method == "GET" else browser.post(at(route, named))
        is_refused = reply.status_code == 403 and REFUSED in reply.text
        refused += [f"{route.method} {route.path}"] if is_refused else []
        if is_refused == access.may(route.permission, role) or reply.status_code == 500:
            wrong.append(f"{route.method} {route.path}: {reply.status_code} for {role}")
    assert not wrong, wrong
    assert not browser.faults
    recorded = [event for event in room.events("access_refused")[before:] if REFUSED in str(event.data.get("why"))]
    assert [event.data["what"] for event in recorded] == refused
    assert {event.actor for event in recorded} <= {who_is(role)}


@pytest.mark.parametrize("role", ROLES)
def test_what_is_no_form_opens_no_page_that_the_role_may_not_open(room: Room, named: dict[str, str], role: str) -> None:
    browser, before = Browser(room, who_is(role)), len(room.events("access_refused"))
    shown, refused = [], []
    for route in ACTS:
        reply = browser.post(at(route, named), headers={"content-type": "text/plain"})
        if not access.may(route.permission, role):
            refused.append(f"POST {route.path}")
            shown += [route.path] if reply.status_code != 403 or REFUSED not in reply.text else []
        elif not access.may(page_of(route.back).permission if route.back else access.SIGNED_IN, role):
            shown += [route.path] if "<form" in reply.text.partition("<main")[2] else []
    assert not shown
    recorded = [event for event in room.events("access_refused")[before:] if REFUSED in str(event.data.get("why"))]
    assert [event.data["what"] for event in recorded] == refused


def test_nobody_signed_in_gets_to_the_door(room: Room, named: dict[str, str]) -> None:
    browser = Browser(room)
    found = []
    for route in ROUTES:
        if route.permission != access.PUBLIC:
            reply = browser.get(at(route, named)) if route.method == "GET" else browser.post(at(route, named))
            if (reply.status_code, reply.headers.get("location")) != (303, "/sign-in"):
                found.append(f"{route.method} {route.path}: {reply.status_code}")
    assert not found


def test_a_forged_form_does_nothing_and_is_recorded(room: Room, named: dict[str, str]) -> None:
    """Without a token, with another session's, from another site."""
    browser, other = Browser(room, "rex"), Browser(room, "roz")
    before, kinds = len(room.events()), {"access_refused", "signed_in"}
    for route in ACTS:
        assert browser.post(at(route, named), token="").status_code == 403, route.path
        assert browser.post(at(route, named), token=other.token()).status_code == 403, route.path
        foreign = browser.post(at(route, named), headers={"sec-fetch-site": "cross-site"})
        assert foreign.status_code == 403, route.path
    new = room.events()[before:]
    assert {event.kind for event in new} <= kinds
    assert sum(event.kind == "access_refused" for event in new) == 3 * len(ACTS)


def test_a_form_sent_twice_does_its_work_once(room: Room, named: dict[str, str]) -> None:
    browser = Browser(room, "rex")
    token, path = browser.token(), f"/cases/{named['ref']}/notes"
    before = len(room.events("note_added"))
    assert browser.post(path, token=token, note="seen").status_code == 303
    again = browser.post(path, token=token, note="seen")
    assert again.status_code == 403
    assert "sent already" in again.text
    assert len(room.events("note_added")) == before + 1


def test_a_session_that_was_left_does_nothing(room: Room, named: dict[str, str]) -> None:
    browser = Browser(room, "rex")
    token, cookie = browser.token(), browser.cookie
    assert browser.post("/sign-out", token=token).status_code == 303
    browser.cookie = cookie
    assert browser.get("/list").headers["location"] == "/sign-in"
    assert browser.post(f"/cases/{named['ref']}/notes", token=token, note="late").status_code == 303
    assert not [event for event in room.events("note_added") if event.data["note"] == "late"]


# ── structure ──────────────────────────────────────────────────────────────────────────────────


def test_the_page_of_who_may_what_is_in_step() -> None:
    assert access_page.PAGE.read_text(encoding="utf-8") == access_page.page(), "run: python -m tests.web.access_page"


def test_every_route_has_a_permission_and_a_page() -> None:
    for route in ROUTES:
        known = route.permission in (access.PUBLIC, access.SIGNED_IN) or access.roles(route.permission)
        assert known, route
        for name in filter(None, (route.handler, route.back)):
            module, _, function = name.partition(":")
            assert callable(getattr(importlib.import_module(f"misuse.web.pages.{module}"), function)), route


def test_only_the_sign_in_is_public() -> None:
    assert {route.path for route in ROUTES if route.permission == access.PUBLIC} == {"/sign-in"}


def test_what_routes_record_are_kinds_of_events() -> None:
    unknown = {kind for route in ROUTES for kind in route.records} - set(KINDS)
    assert not unknown


def test_every_act_records_something() -> None:
    """But those that only lead elsewhere."""
    quiet = {route.path for route in ACTS if not route.records}
    assert quiet == {"/go", "/why"}


def test_reads_of_persons_are_recorded() -> None:
    """A page on one person is an event, as a write is."""
    reads = [route for route in ROUTES if route.method == "GET" and route.handler in PERSONAL]
    assert {route.handler for route in reads} == PERSONAL
    assert all(route.records for route in reads)


PERSONAL = {"cases:page", "cases:calls", "cases:why", "deciding:evidence", "deciding:health_page", "oversight:audit"}


def test_paths_name_references_and_tokens_alone() -> None:
    names = {part[1:-1] for route in ROUTES for part in route.path.replace(".", "/").split("/") if part[:1] == "{"}
    assert names <= {
        "ref", "caller", "move", "option", "need", "event", "a", "b", "sample", "cycle", "action", "bid", "tasking",
        "referral", "pack", "file", "user", "representation",
    }  # fmt: skip


def test_the_menu_leads_to_pages(room: Room) -> None:
    pages = {route.path for route in ROUTES if route.method == "GET"}
    assert {path for path, _ in MENU} <= pages
    for role in ROLES:
        assert any(access.may(_permission(path), role) for path, _ in MENU), role


def _permission(path: str) -> str:
    return next(route.permission for route in ROUTES if (route.method, route.path) == ("GET", path))


def test_health_notes_are_the_liaisons_alone() -> None:
    routes = [route for route in ROUTES if "health" in route.path]
    assert routes
    assert all(access.roles(route.permission) == {"health liaison"} for route in routes)


def test_enforcement_is_approved_by_no_proposer() -> None:
    """The page asks the casebook, which says so by its one dictionary of moves."""
    assert review.MOVES["proposed", "approve"].not_by == "proposer"


def test_the_table_in_words_holds_every_role() -> None:
    assert set(ROLES) == set(review.ROLES) - {"pipeline"}
    assert set(rooms.USERS.values()) == set(ROLES)
