"""Real Chromium through the whole path, axe-core on every page, narrow screens, no JavaScript, the keyboard."""

from __future__ import annotations

import io
import shutil
import threading
import time
from collections.abc import Iterator
from typing import Any

import pypdf
import pytest

from misuse.web.routes import ROUTES
from tests.web.rooms import PASSWORD, Room

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
STACKED = ("Monday", "Tasking list", "Case K-", "Calls of case", "Look list")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 400, "height": 800}

if CHROMIUM is None:
    pytest.skip("no Chromium on this machine: apt-get install chromium", allow_module_level=True)


@pytest.fixture(scope="module")
def address(room: Room) -> Iterator[str]:
    """The room, served as `misuse serve` does, on a free port."""
    import uvicorn

    from misuse.web.app import make_app

    faults: list[str] = []
    app = make_app(room.settings, room.clock, faults.append)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    assert not faults


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


class Person:
    """Somebody at a browser of their own, whose every page is looked at by axe-core once, wide and narrow."""

    checked: set[str] = set()  # noqa: RUF012 - one register of pages for the whole file

    def __init__(self, browser: Any, address: str, name: str) -> None:
        self.page = browser.new_context(viewport=WIDE, accept_downloads=True).new_page()
        self.page.set_default_timeout(15000)
        self.page.on("dialog", lambda dialog: pytest.fail("a dialog opened: a script of the log ran"))
        self.page.on("console", lambda message: self.heard.append(message.text) if message.type == "error" else None)
        self.heard: list[str] = []
        self.address = address
        self.go("/sign-in")
        self.fill(name=name, password=PASSWORD)
        self.press("Sign in")

    def go(self, path: str) -> None:
        """Open a page, and see that it is sound."""
        reply = self.page.goto(self.address + path)
        assert reply is not None
        assert reply.status == 200, (path, reply.status, self.page.inner_text("main"))
        self.look(path)

    def look(self, what: str) -> None:
        """axe-core finds nothing, a narrow screen need not be scrolled sideways, and no script of the log ran."""
        assert self.page.title() != "owned"
        assert not [text for text in self.heard if "Content Security Policy" in text], self.heard
        heading = self.page.inner_text("h1")
        if heading.split(" K-")[0] in self.checked:
            return
        self.checked.add(heading.split(" K-")[0])
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        self.page.set_viewport_size(NARROW)
        if heading.startswith(STACKED):  # what narrow screens lay out otherwise
            found += Axe().run(self.page).response["violations"]
        assert not found, (what, [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found])
        wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, (what, "scrolls sideways by", wide)
        self.page.set_viewport_size(WIDE)

    def fill(self, **fields: str) -> None:
        """Fill fields by their names; select boxes too."""
        for name, value in fields.items():
            field = self.page.locator(f"#{name}")
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def press(self, button: str) -> None:
        """Press a button and look at the page that follows."""
        self.page.get_by_role("button", name=button, exact=True).first.click()
        self.page.wait_for_load_state()
        self.look(button)

    def follow(self, link: str) -> None:
        """Follow a link, also one that looks like a button."""
        self.page.locator("a", has_text=link).first.click()
        self.page.wait_for_load_state()
        self.look(link)

    def text(self) -> str:
        """What the page's main part says."""
        return str(self.page.inner_text("main"))

    def pdf(self, path: str) -> str:
        """The text of a PDF."""
        reply = self.page.request.get(self.address + path)
        assert reply.status == 200, (path, reply.text()[:300])
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(reply.body())).pages)


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
    assert len(Person.checked) >= 20


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


def test_every_page_is_sound(room: Room, chromium: Any, address: str) -> None:
    """axe-core, narrow screens and scripts on the pages that the path did not open, by somebody who may."""
    reference = room.cases()[0]
    paths = {
        "ana": ["/process", "/estimates", "/quality", "/runs", "/lessons", "/actions", "/actions?show=all", "/links",
                "/coding", "/cases", "/why", f"/why/c{reference[2:].lower()}", "/list?part=all", "/bids", "/password",
                "/cycles", "/cycles/C1", "/cycles/C1/results", "/monday"],
        "rex": [f"/cases/{reference}/lift", f"/cases/{reference}/refer", f"/cases/{reference}/pack", "/referrals"],
        "aut": ["/cycles/terms", f"/cases/{reference}/withhold"],
        "ada": ["/administration", "/administration/rex", "/rights", "/rights/access", f"/rights/cases/{reference}/dispose"],
        "cho": ["/rights/representations", "/rights/corrections", "/rights/delist"],
        "hea": [f"/cases/{reference}/health", "/referrals", "/looks?show=all"],
    }  # fmt: skip
    for name, wanted in paths.items():
        person = Person(chromium, address, name)
        for path in wanted:
            person.go(path)
            assert person.page.locator("h1").count() == 1


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


def test_every_page_was_looked_at() -> None:
    """Whoever adds a page adds it to the paths above."""
    assert len(Person.checked) >= 40, sorted(Person.checked)
    assert len(ROUTES) > 80
