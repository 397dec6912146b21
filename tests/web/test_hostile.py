"""Somebody who means harm: every text field of every form, every address, two people at once, another's objects."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import openpyxl
import pypdf
import pytest

from misuse import publication, warehouse
from misuse.errors import MisuseError, Refused
from misuse.room import boroughs, calls, care, cases, meetings
from misuse.web import access
from misuse.web.routes import ROUTES, Route
from misuse.web.sessions import Sessions
from tests.web import lived, rooms
from tests.web.lived import ROLES
from tests.web.rooms import HOSTILE, SCRIPT, Browser, Room

ATTACK = f"\"><img src=x onerror=alert(1)>{SCRIPT}'--="
ACTS = [route for route in ROUTES if route.method == "POST" and route.permission != access.PUBLIC]
# It ends the session; and there is but one run to freeze a list of.
ENDING = ("/sign-out", "/cycles")
# They record what is there to record: nothing overdue, no old list; a decision, or why a case is left.
QUIET = ("/taskings", "/rights/lists", "/cycles/{cycle}/decide/{ref}")
# What ends what the other forms speak of: tried apart.
FINAL = ("/rights/cases/{ref}/dispose", "/administration/{user}", "/administration/{user}/password", "/password")


@pytest.fixture(scope="module")
def lively(made: Room, tmp_path_factory: pytest.TempPathFactory) -> tuple[Room, dict[str, str]]:
    """A room in which a meeting is being held."""
    room = rooms.copied(made, tmp_path_factory.mktemp("hostile") / "home")
    return room, lived.live(room, is_signed=False)


@pytest.fixture(scope="module")
def people(lively: tuple[Room, dict[str, str]]) -> dict[str, Browser]:
    """Somebody of each role, signed in once."""
    return {name: Browser(lively[0], name) for name in ROLES}


@dataclass
class Sent:
    """A form of a page: where it goes, and its fields by name: the kind, and what may be chosen."""

    action: str
    fields: dict[str, tuple[str, list[str]]] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page that are posted."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Sent] = []
        self._open: Sent | None = None
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Sent(held["action"]) if held.get("method") == "post" else None
            self.found += [self._open] if self._open else []
        elif self._open and tag == "option" and self._select:
            self._open.fields[self._select][1].append(held.get("value", ""))
        elif self._open and held.get("name") and tag in ("input", "textarea", "select"):
            self._select = held["name"] if tag == "select" else self._select
            kind = "text" if tag == "textarea" else "choice" if tag == "select" else held.get("type", "text")
            kind = "number" if held.get("inputmode") == "numeric" else kind
            known = self._open.fields.setdefault(held["name"], (kind, []))
            known[1].extend([held["value"]] if held.get("value") else [])

    def handle_endtag(self, tag: str) -> None:
        self._open = None if tag == "form" else self._open
        self._select = "" if tag == "select" else self._select


def forms_of(text: str) -> list[Sent]:
    parser = Forms()
    parser.feed(text)
    return parser.found


def filled(form: Sent, soon: str) -> dict[str, str]:
    """The attack in every text field; the rest as a person would fill it."""
    given = {}
    for name, (kind, values) in form.fields.items():
        chosen = next((value for value in reversed(values) if value), "")
        given[name] = {"text": ATTACK, "password": "another four words", "date": soon, "number": "5"}.get(kind, chosen)
    for name in ("case_ref", "ref", "caller"):  # what must be there for the rest to count
        if name in given:
            given[name] = ""
    given |= {"borough": "Camden"} if form.fields.get("borough", ("",))[0] == "text" else {}
    given.pop("form_token", None)
    return given


def route_at(method: str, path: str) -> Route | None:
    for route in ROUTES:
        pattern = re.sub(r"\{\w+\}", "[^/]+", route.path.replace(".", r"\."))
        if route.method == method and re.fullmatch(pattern, path):
            return route
    return None


STRANGE = ("9" * 400, "<script>", "../../etc/passwd", "\u0663", "a\x00b")


def test_no_address_makes_a_fault(lively: tuple[Room, dict[str, str]], people: dict[str, Browser]) -> None:
    """Each name of each path replaced by what is none, as somebody who may; and strange queries."""
    from urllib.parse import quote

    _, named = lively
    wrong = []
    for route in ROUTES:
        name = next(one for one in lived.LOOKING if access.may(route.permission, ROLES[one]))
        for key in re.findall(r"\{(\w+)\}", route.path):
            for strange in STRANGE if route.method == "GET" else STRANGE[:2]:
                path = route.path.format(**{**named, key: quote(strange, safe="")})
                reply = people[name].get(path) if route.method == "GET" else people[name].post(path, reason=SCRIPT)
                if reply.status_code >= 500 or SCRIPT in reply.text:
                    wrong.append(f"{route.method} {route.path} {key}={strange[:12]}: {reply.status_code}")
    for query in (
        "page",
        "before",
        "sort",
        "part",
        "show",
        "head",
        "actor",
        "kind",
        "case_ref",
        "move",
        "state",
        "flag",
    ):
        for path in (
            "/list",
            "/looks",
            "/links",
            "/audit",
            "/cases",
            "/actions",
            "/cycles/C1/prepare/" + named["left"],
        ):
            for strange in (STRANGE[0], STRANGE[3]):
                reply = people["rex"].get(f"{path}?{query}={quote(strange)}")
                if reply.status_code >= 500 or SCRIPT in reply.text:
                    wrong.append(f"{path}?{query}={strange[:12]}: {reply.status_code}")
    assert not wrong, wrong
    assert not [fault for browser in people.values() for fault in browser.faults]


def test_a_borough_reaches_nothing_that_is_not_its_own(
    lively: tuple[Room, dict[str, str]], people: dict[str, Browser]
) -> None:
    room, named = lively
    with pytest.raises(Refused, match="withheld"):
        boroughs.task(room.desk("rex"), named["ref"], "BRENT ", "visit them", "2026-02-01", "none known")
    theirs = boroughs.task(room.desk("rex"), named["ref"], HOSTILE["borough"], "visit them", "2026-02-01", "none known")
    bob, bids = people["bob"], len(room.events("bid_made"))
    for path in (f"/taskings/{theirs}", f"/taskings/{theirs}.pdf", f"/taskings/{theirs}/slip.pdf"):
        assert bob.get(path).status_code == 404
    for answer in ("accepted", "refused", "done"):
        assert bob.post(f"/taskings/{theirs}", answer=answer, told="ours now").status_code in (404, 409)
    assert bob.post("/bids", borough="Lambeth", resource="officers", reason="r").status_code == 403
    assert (
        bob.post("/bids", borough="Camden", resource="officers", reason="r", case_ref=named["left"]).status_code == 409
    )
    assert bob.post("/bids", borough="Camden", resource="officers", reason="r", case_ref="anything").status_code == 409
    assert len(room.events("bid_made")) == bids
    assert (
        bob.post("/bids", borough="camden", resource="officers", reason="r", case_ref=named["ref"]).status_code == 303
    )
    for path in (
        f"/cases/{named['ref']}",
        f"/why/{named['caller']}",
        "/list",
        "/looks",
        "/audit",
        "/referrals",
        "/cycles",
    ):
        assert bob.get(path).status_code == 403
    assert theirs not in bob.get("/taskings").text
    assert bob.post(f"/cases/{named['left']}/stop", reason="seen hurt", is_urgent="yes").headers["location"] == "/"
    assert bob.get("/").status_code == 303


# ── two at once ────────────────────────────────────────────────────────────────────────────────


class Slow(set[str]):
    """What was spent, looked up so slowly that a race that can be lost is lost."""

    def __contains__(self, key: object) -> bool:
        found = super().__contains__(key)
        time.sleep(0.001)
        return found


def test_a_form_sent_twice_at_once_works_once() -> None:
    session = Sessions(rooms.Settings().web).begin(rooms.NOW, user="rex")
    session.spent = Slow()
    for _ in range(20):
        token, gate = session.form_token(), threading.Barrier(4)

        def spend(token: str = token, gate: threading.Barrier = gate) -> str:
            gate.wait()
            return session.spend(token)

        with ThreadPoolExecutor(4) as pool:
            outcomes = sorted(future.result() for future in [pool.submit(spend) for _ in range(4)])
        assert outcomes == ["", "replayed", "replayed", "replayed"]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each came to, begun at the same moment."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return act()
        except MisuseError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result() for future in [pool.submit(run, act) for act in acts]]


def test_two_who_act_at_once_on_one_case(fresh: Room) -> None:
    """A stop beside an approval: never under action with a stop. Two who move it as they saw it: one does."""
    meetings.freeze(fresh.desk("cho"))
    first, second = [ref for ref in fresh.cases() if ref in proposable(fresh)][:2]
    for ref in (first, second):
        propose(fresh, ref)
        calls.open_calls(fresh.desk("aut"), ref)
    caller = str(cases.case(fresh.desk("rex"), first)["caller_id"])
    approve = {"reason": "proportionate", "finding": "as coded"}
    at_once(
        lambda: cases.move(fresh.desk("aut"), first, "approve", approve),
        lambda: care.stop(fresh.desk("ana"), caller, "a hospital rang"),
    )
    assert standing(fresh, first) == "halted"
    seen = next(row["seen"] for row in cases.offered(fresh.desk("aut"), second) if row["move"] == "approve")
    done = at_once(
        lambda: cases.move(fresh.desk("aut"), second, "approve", approve, seen=seen),
        lambda: cases.move(fresh.desk("cho"), second, "refuse", {"reason": "too soon"}, seen=seen),
        lambda: cases.move(fresh.desk("rex"), second, "withdraw", {"reason": "too soon"}, seen=seen),
    )
    assert sum(isinstance(one, MisuseError) for one in done) == 2, done
    assert len([event for event in fresh.events("case_moved") if event.case_ref == second]) == 2


def proposable(room: Room) -> set[str]:
    with publication.opened(room.settings) as con:
        found = con.execute("select case_ref from tasking_list where part < 4 and len(enforcement_bars) = 0").fetchall()
    return {str(row[0]) for row in found}


def propose(room: Room, ref: str) -> None:
    rex = room.desk("rex")
    option = next(row for row in cases.options(rex, ref) if row["id"] == "cpw")
    for need in option["needs"]:
        cases.meet(rex, ref, "cpw", need["text"], "seen in the file")
    misuse = [call["call_key"] for call in cases.case(rex, ref)["calls"] if call["is_coded_misuse"]]
    calls.judge_calls(rex, ref, dict.fromkeys(misuse, "confirmed"))
    given = {
        "reason": "persistent",
        "option": "cpw",
        "owner": "Camden",
        "review_date": "2026-02-15",
        "why_not_support": "asked",
    }
    cases.move(rex, ref, "propose", given)


def standing(room: Room, ref: str) -> str:
    return next(str(row["status"]) for row in cases.cases(room.desk("rex")) if row["case_ref"] == ref)


def test_a_page_that_is_out_of_date_decides_nothing(fresh: Room) -> None:
    """The case moved, or was prepared anew, between the page and the form."""
    meetings.freeze(fresh.desk("cho"))
    ref, rex, cho = fresh.open_to_all(), fresh.desk("rex"), Browser(fresh, "cho")
    calls.open_calls(rex, ref)
    page = cho.get(f"/cases/{ref}/moves/review").text
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen is not None
    given = {"reason": "look again", "owner": "Camden", "review_date": "2026-02-15"}
    cases.move(rex, ref, "review", given)
    calls.open_calls(rex, ref)
    late = cho.post(f"/cases/{ref}/moves/review", seen=seen.group(1), **given)
    assert (late.status_code, "since you looked" in late.text) == (403, True)
    meetings.open_meeting(fresh.desk("cho"), "C1", "cho", ["Inspector"])
    meetings.prepare(rex, "C1", ref, "review", given)
    page = cho.get(f"/cycles/C1/decide/{ref}").text
    prepared = re.search(r'name="prepared_as" value="(\d+)"', page)
    assert prepared is not None
    meetings.prepare(rex, "C1", ref, "review", {**given, "owner": "Lambeth"})
    late = cho.post(f"/cycles/C1/decide/{ref}", prepared_as=prepared.group(1))
    assert (late.status_code, "prepared anew" in late.text) == (403, True)


def counted(room: Room) -> int:
    with room.desk("aud").book() as book:
        return book.count()


def words_of(reply: Any) -> str:
    """What a file says, whatever its kind; of a paper each page must be marked."""
    if reply.content.startswith(b"%PDF"):
        pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(reply.content)).pages]
        return min(pages, key=lambda text: "OFFICIAL-SENSITIVE" in text)
    if reply.content.startswith(b"PK"):
        book = openpyxl.load_workbook(io.BytesIO(reply.content))
        return " ".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    return str(reply.content.decode("utf-8-sig"))


def test_every_page_and_file_is_recorded_and_marked_and_none_opens_the_warehouse(
    lively: tuple[Room, dict[str, str]], people: dict[str, Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page, file and search while the warehouse cannot be opened; what is read is recorded, what goes out is marked."""
    room, named = lively
    monkeypatch.setattr(warehouse, "opened", lambda *_, **__: pytest.fail("the warehouse was opened"))
    for route, name in lived.readers():
        before = counted(room)
        reply = people[name].get(route.path.format(**named))
        assert reply.status_code in (200, 303), (route.path, reply.status_code)
        assert set(route.records) <= {event.kind for event in room.events()[before:]}, (route.path, "is not recorded")
        if route.is_export:
            assert "OFFICIAL-SENSITIVE" in words_of(reply), (route.path, "is not marked")
    for fields in ({"number": "07700 900001"}, {"address": "1 Invented Row"}):
        assert people["rex"].post("/find", reason="to ring back", **fields).status_code == 200
    assert people["rex"].post(f"/cases/{named['ref']}/identity", reason="to ring back").status_code == 200
    assert not [fault for browser in people.values() for fault in browser.faults]


# ── every field of every form; it stands last, since it uses the room up ──────────────────────


def test_every_text_field_of_every_form_is_shown_and_never_run(
    lively: tuple[Room, dict[str, str]], people: dict[str, Browser]
) -> None:
    """Taken from the pages themselves, sent as whoever sees them; then every page is read by whoever may."""
    room, named = lively
    soon = (room.desk("rex").today + timedelta(days=20)).isoformat()
    pages = [(route, route.path.format(**named)) for route in ROUTES if route.method == "GET" and not route.is_export]
    pages += [(route, f"/cycles/C1/decide/{named['left']}") for route, path in pages if "/decide/" in path]
    pages += [(route, path + query) for route, path in pages for query in QUERIES.get(route.path, ())]
    waiting: dict[tuple[str, str], tuple[Sent, str]] = {}
    for name, browser in people.items():
        for route, path in pages:
            if access.may(route.permission, ROLES[name]) and route.path != "/sign-in":
                for form in forms_of(browser.get(path).text):
                    found = route_at("POST", form.action)
                    assert found is not None, form.action
                    if found.path not in (*ENDING, *FINAL):
                        waiting.setdefault((found.path, ",".join(sorted(form.fields))), (form, name))
    reached, taken = set(), set()
    for (path, _), (form, name) in waiting.items():
        before = counted(room)
        reply = people[name].post(form.action, **filled(form, soon))
        reached.add(path)
        route = next(route for route in ACTS if route.path == path)
        if reply.status_code == 303 and path not in QUIET:
            assert set(route.records) <= {event.kind for event in room.events()[before:]}, (path, "is not recorded")
        taken |= {path} if reply.status_code in (200, 303) else set()
        assert reply.status_code < 500, (path, reply.text)
        assert_harmless(reply.text, f"POST {path}")
    left = {route.path for route in ACTS} - reached - {*ENDING, *FINAL}
    assert not left, f"acts to which no form of any page leads: {left}"
    assert len(taken) >= 0.6 * len(reached), sorted(reached - taken)
    shown = 0
    for route, path in pages:
        readers = [name for name in people if access.may(route.permission, ROLES[name])]
        for name in {readers[0], readers[-1]}:
            text = people[name].get(path).text
            assert_harmless(text, f"{path} for {name}")
            shown += "&lt;img src=x" in text
    assert not [fault for browser in people.values() for fault in browser.faults]
    assert shown >= 20, "what was written is shown, as text"


# Forms that only a further choice shows.
QUERIES = {
    "/cycles/{cycle}/prepare/{ref}": ("?move=review", "?move=close"),
    "/actions": ("?show=all",),
    "/looks": ("?show=all",),
}


def assert_harmless(text: str, where: str) -> None:
    assert "<img" not in text, where
    assert SCRIPT not in text, where
    assert "<svg/onload" not in text, where
    assert not re.search(r"<[^>]*\son\w+\s*=", re.sub(r'"[^"]*"', '""', text)), where
