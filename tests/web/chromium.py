"""A real browser for the tests: Chromium, axe-core, the room served as `misuse serve` does."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import shutil
import threading
import time
from collections.abc import Iterator
from typing import Any

import pypdf

from misuse.settings import QUIET_ENVIRONMENT
from misuse.web.app import make_app
from tests.web.rooms import PASSWORD, Room

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 400, "height": 800}


@contextlib.contextmanager
def served(room: Room) -> Iterator[str]:
    """The room's address, on a free port. Ends with an error where the program had a fault."""
    import uvicorn

    faults: list[str] = []
    app = make_app(room.settings, room.clock, faults.append)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
    assert not faults


@contextlib.contextmanager
def launched() -> Iterator[Any]:
    """Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = {name: value for name, value in os.environ.items() if name not in QUIET_ENVIRONMENT}  # it needs fonts
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS), env=own)
        yield browser
        browser.close()


_CUT = """
[...document.querySelectorAll("caption, h1, h2, h3")]
    .filter(told => told.getBoundingClientRect().width > window.innerWidth).map(told => told.textContent)
"""


@functools.cache
def _axe() -> str:
    """axe-core, to be put into a page."""
    from axe_playwright_python.sync_playwright import Axe

    return str(Axe().axe_script)


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, browser: Any, address: str, name: str = "") -> None:
        self.page = browser.new_context(viewport=WIDE, accept_downloads=True).new_page()
        self.page.set_default_timeout(15000)
        self.heard: list[str] = []
        self.page.on("dialog", lambda dialog: self.heard.append(f"Content Security Policy passed by: {dialog.message}"))
        self.page.on("console", lambda message: self.heard.append(message.text) if message.type == "error" else None)
        self.address = address
        self.go("/sign-in")
        if name:
            self.fill(name=name, password=PASSWORD)
            self.press("Sign in")

    def go(self, path: str, status: int = 200) -> None:
        """Open a page, and see that it is sound."""
        reply = self.page.goto(self.address + path)
        assert reply is not None
        assert reply.status == status, (path, reply.status, self.page.inner_text("main"))
        self.look(path)

    def look(self, what: str) -> None:
        """No script of the log ran."""
        assert self.page.title() != "owned", what
        assert not [text for text in self.heard if "Content Security Policy" in text], self.heard

    def check(self, what: str) -> None:
        """axe-core finds nothing on the page, and nobody scrolls sideways or reads half a heading, on a wide and on a narrow
        screen.
        """
        self.page.evaluate(_axe())
        for size in (NARROW, WIDE):
            self.page.set_viewport_size(size)
            found = self.page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
            assert not found, (
                what,
                size,
                [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found],
            )
            over = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert over <= 0, (what, size, "scrolls sideways by", over)
            cut = self.page.evaluate(_CUT)
            assert not cut, (what, size, "wider than the screen:", cut)

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
