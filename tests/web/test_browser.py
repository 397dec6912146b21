"""Real Chromium through the whole path, axe-core on every page at both widths, no JavaScript, the keyboard."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from misuse.web.routes import Route
from tests.web import lived
from tests.web.chromium import CHROMIUM, NARROW, WIDE, Person, launched, served
from tests.web.rooms import PASSWORD, Room, copied

pytestmark = pytest.mark.slow

if CHROMIUM is None:
    pytest.skip("no Chromium on this machine: apt-get install chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def address(room: Room) -> Iterator[str]:
    """The room, served as `misuse serve` does."""
    with served(room) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with launched() as browser:
        yield browser


def test_the_whole_path(room: Room, chromium: Any, address: str) -> None:
    """From the Monday page to a decision that stands, is told to a borough, is stopped, and is seen by the auditor."""
    reference = room.open_to_all()
    rex = Person(chromium, address, "rex")
    reads_and_confirms(rex, reference, room.settings.threshold)
    proposes_in_the_meeting(rex, reference)
    another_approves(Person(chromium, address, "aut"), rex, reference)
    minutes_hold_it(Person(chromium, address, "cho"), reference)
    bob = the_borough_is_tasked(rex, Person(chromium, address, "bob"), reference)
    the_pack_holds_it(rex, reference)
    a_stop_halts_it(Person(chromium, address, "ana"), rex, bob, reference)
    the_auditor_sees_it(Person(chromium, address, "aud"), room, reference)
    assert not room.events("sign_in_failed")


def reads_and_confirms(rex: Person, reference: str, threshold: int) -> None:
    assert rex.page.inner_text("h1").startswith("Monday")
    rex.go("/list")
    rex.follow(reference)
    assert rex.page.inner_text("h1").startswith(f"Case {reference}")
    rex.follow("Look at the identity")
    rex.press("Show the identity")
    assert "Enter why you look" in rex.text()
    rex.fill(reason="to tell two people apart")
    rex.press("Show the identity")
    assert "onerror=" in rex.text()  # a hostile name is shown, as text
    rex.go(f"/cases/{reference}/calls")
    calls = rex.page.locator("label", has_text="Misuse: confirmed")
    for number in range(min(calls.count(), threshold + 2)):
        calls.nth(number).click()
    rex.press("Record these verdicts")
    assert "were judged under your name" in rex.text()


def proposes_in_the_meeting(rex: Person, reference: str) -> None:
    rex.go(f"/cases/{reference}")
    while rex.page.locator("a[href*='/meet/cpw/']").count():
        rex.page.locator("a[href*='/meet/cpw/']").first.click()
        rex.fill(how="seen in the file of the case")
        rex.press("Record as met")
    rex.go(f"/cycles/C1/prepare/{reference}")
    rex.follow("Propose enforcement")
    rex.fill(reason="persistent, and help was refused", option="cpw", owner="Camden", review_date="2026-02-15")
    rex.press("Prepare this")
    rex.go("/cycles/C1/open")
    rex.fill(chair="cho", attendees="Detective inspector, Camden\nMetcall supervisor")
    rex.press("Open the meeting")
    rex.go(f"/cycles/C1/decide/{reference}")
    rex.fill(dissent="Metcall supervisor: support first")
    rex.press("Decide as prepared")
    assert "is now proposed" in rex.text()


def another_approves(aut: Person, rex: Person, reference: str) -> None:
    rex.go(f"/cases/{reference}")
    assert not rex.page.locator("a", has_text="Approve enforcement").count()  # whoever proposed does not approve
    aut.go(f"/cases/{reference}")
    assert "waits for another person" in aut.text()
    aut.go(f"/cases/{reference}/calls")
    aut.press("Record that I opened every misuse call")
    aut.go(f"/cases/{reference}/moves/approve")
    aut.fill(reason="proportionate", finding="the calls are as coded, and no need is heard in them")
    aut.press("Approve enforcement")
    assert "under action" in aut.text()


def minutes_hold_it(cho: Person, reference: str) -> None:
    cho.go("/cycles/C1")
    cho.follow("Set an action")
    cho.fill(
        case_ref=reference, action="serve the warning", lead="rex", deadline="2026-02-01", milestone="served",
        target="no misuse call in 30 days",
    )  # fmt: skip
    cho.press("Set the action")
    cho.go("/cycles/C1/minutes")
    assert "persistent, and help was refused" in cho.text()
    assert "Metcall supervisor: support first" in cho.text()
    cho.press("Sign the minutes")
    assert "signed" in cho.text()
    paper = cho.pdf("/cycles/C1/minutes.pdf")
    assert reference in paper
    assert "OFFICIAL-SENSITIVE" in paper


def the_borough_is_tasked(rex: Person, bob: Person, reference: str) -> Person:
    rex.go(f"/cases/{reference}/task")
    borough = rex.page.locator("#borough option", has_text="Camden").last.get_attribute("value")
    rex.fill(
        borough=str(borough), ask="serve the warning, with a support worker", deadline="2026-02-01", risk="none known",
        not_to_do="not at night",
    )  # fmt: skip
    rex.press("Send the tasking")
    assert "serve the warning, with a support worker" in rex.text()
    bob.go("/taskings")
    assert "serve the warning" in bob.text() or borough != "CAMDEN"
    if "T1" in bob.text():
        bob.follow("T1")
        bob.page.get_by_label("Accepted: we take it").check()
        bob.fill(told="on Tuesday")
        bob.press("Send the answer")
        assert "on Tuesday" in bob.text()
    assert "T1" in rex.pdf("/taskings/T1/slip.pdf")
    page = rex.pdf("/taskings/T1.pdf")
    assert "serve the warning, with a support worker" in " ".join(page.split())
    assert "OFFICIAL-SENSITIVE" in page
    return bob


def the_pack_holds_it(rex: Person, reference: str) -> None:
    rex.go(f"/cases/{reference}/pack")
    rex.fill(reason="for the prosecutor")
    rex.press("Make the pack")
    link = rex.page.locator("a[href^='/packs/']").first.get_attribute("href")
    pack = " ".join(rex.pdf(str(link)).split())
    assert reference in pack
    assert "xculpatory" in pack
    assert "persistent, and help was refused" in pack or "proportionate" in pack


def a_stop_halts_it(ana: Person, rex: Person, bob: Person, reference: str) -> None:
    ana.go(f"/cases/{reference}/stop")
    ana.fill(reason="a hospital says that this is a patient of theirs")
    ana.press("Stop now")
    assert "Stopped: no action on this caller" in ana.text()
    assert "halted" in ana.page.inner_text("h1")
    rex.go("/list")
    assert reference not in rex.text()
    rex.go("/looks")
    assert reference in rex.text()
    rex.go("/cycles/C1/minutes")
    assert "Stopped since the list was frozen" in rex.text()
    rex.go("/taskings/T1")
    assert "do nothing on this tasking" in rex.text().lower()
    rex.go(f"/cases/{reference}/moves/resume")
    rex.fill(reason="go on", owner="Camden", review_date="2026-02-15")
    rex.press("Go on: the stop was lifted")
    assert "hard stop" in rex.text()
    assert bob.page.url.startswith(bob.address)


def the_auditor_sees_it(aud: Person, room: Room, reference: str) -> None:
    aud.go("/audit")
    assert "The record is whole" in aud.text()
    aud.go(f"/audit?case_ref={reference}")
    seen = {event["kind"] if isinstance(event, dict) else event.kind for event in room.events()}
    assert {
        "signed_in", "case_read", "identity_read", "call_judged", "calls_opened", "precondition_met", "case_prepared",
        "meeting_opened", "case_moved", "minutes_signed", "action_set", "tasked", "pack_made", "stop_entered",
        "casebook_read",
    } <= seen  # fmt: skip
    for words in ("stop entered", "case moved", "calls opened", "case prepared", "tasked", "pack made"):
        assert words in aud.text(), words


# ── every page ─────────────────────────────────────────────────────────────────────────────────

PAGES = [(route, name) for route, name in lived.readers() if not route.is_export and route.path != "/"]
# What must be seen on pages that are easily empty.
SEEN = {
    "/monday": "Overdue|A2|Community protection warning, proposed by rex", "/cases/{ref}": "Metcall supervisor|not measured|Support referral R1",
    "/coding/{sample}": "calls wait for you|Cannot tell", "/links/{a}/{b}": "a rare name agrees|Record my opinion",
    "/cases/{ref}/evidence/{event}": "Calls, by the rule that decides|Counted", "/bids": "two officers for a visit|a letter in Welsh",
    "/taskings/{tasking}": "not at night|Return slip", "/taskings/{tasking}/identified": "watermarked",
    "/rights/representations/{representation}": "Upheld in part", "/rights": "a carer|part upheld", "/referrals": "R1|R2",
    "/cycles/{cycle}/minutes": "a letter first|as they were signed", "/cycles/{cycle}": "The minutes are signed",
    "/cases/{ref}/health": "seen and heard", "/lessons": "who calls from this line", "/actions": "A1|A2|overdue",
    "/audit": "The record is whole", "/administration": "ana", "/looks": "stopped since the run",
}  # fmt: skip


@pytest.fixture(scope="module")
def lived_in(made: Room, tmp_path_factory: pytest.TempPathFactory) -> tuple[Room, dict[str, str]]:
    """A room in which a meeting was held."""
    room = copied(made, tmp_path_factory.mktemp("lived") / "home")
    return room, lived.live(room)


@pytest.fixture(scope="module")
def readers(lived_in: tuple[Room, dict[str, str]], chromium: Any) -> Iterator[Callable[[str], Person]]:
    """People who read in it, each signed in once."""
    with served(lived_in[0]) as address:
        known = functools.cache(lambda name: Person(chromium, address, name))
        yield known


@pytest.mark.parametrize(("route", "name"), PAGES, ids=[route.path for route, _ in PAGES])
def test_every_page_is_sound(
    lived_in: tuple[Room, dict[str, str]], readers: Callable[[str], Person], route: Route, name: str
) -> None:
    """With something to show; axe-core, both widths, no script of the log, by somebody who may."""
    person = readers("" if route.path == "/sign-in" else name)
    person.go(route.path.format(**lived_in[1]))
    person.check(route.path)
    assert person.page.locator("h1").count() == 1
    assert person.page.title().startswith(person.page.inner_text("h1")[:5])
    text = person.text()
    missing = [words for words in SEEN.get(route.path, "").split("|") if words not in text]
    assert not missing, (route.path, missing, text[:2000])


def test_every_page_that_answers_a_form_is_sound(
    lived_in: tuple[Room, dict[str, str]], readers: Callable[[str], Person]
) -> None:
    """What was found behind a number, an identity, a form that lacks something, a refusal, a page that is not there."""
    named, rex = lived_in[1], readers("rex")
    rex.go("/why")
    rex.fill(number="07700 900001", reason="to ring back")
    rex.press("Find")
    rex.check("/find")
    rex.go(f"/cases/{named['ref']}/identity")
    rex.press("Show the identity")
    rex.check("a form that lacks something")
    rex.fill(reason="to tell two people apart")
    rex.press("Show the identity")
    rex.check("identity")
    assert "Numbers and premises" in rex.text()
    for path, status in (("/administration", 403), ("/nowhere", 404), (f"/cases/{named['ref']}/moves/approve", 404)):
        rex.go(path, status)
        rex.check(path)


# ── without this and that ──────────────────────────────────────────────────────────────────────


def test_it_works_without_javascript(room: Room, chromium: Any, address: str) -> None:
    page = chromium.new_context(java_script_enabled=False, viewport=NARROW).new_page()
    page.goto(address + "/sign-in")
    page.fill("#name", "rex")
    page.fill("#password", PASSWORD)
    page.click("button.govuk-button")
    assert page.inner_text("h1").startswith("Monday")
    assert page.locator("nav[aria-label=Menu] a").count() > 8
    page.goto(f"{address}/cases/{room.cases()[-1]}")
    assert page.locator("svg[role=img]").count() == 2
    page.fill("#note", "without a script")
    page.click("#note-form button")
    assert "without a script" in page.inner_text("main")


def test_it_works_by_keyboard_alone(room: Room, chromium: Any, address: str) -> None:
    page = chromium.new_context(viewport=WIDE).new_page()
    page.goto(address + "/sign-in")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Enter")
    page.locator("#name").focus()
    page.keyboard.type("rex")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong, and long enough")
    page.keyboard.press("Enter")
    page.wait_for_selector(".govuk-error-summary")
    page.wait_for_function("document.body.classList.contains('govuk-frontend-supported')")
    assert page.evaluate("document.activeElement.className").startswith("govuk-error-summary")  # the focus goes to it
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("nav[aria-label=Menu]")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.tagName"))
    assert {"/list", "/looks", "/cases", "/audit"} <= reached
    assert room.settings.home.exists()
