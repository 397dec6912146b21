"""What a run takes once is taken before anybody asks, and by one: looks that record nothing, made again when the pointer moves."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from misuse.errors import MisuseError, Refused
from misuse.web import app as web_app
from misuse.web import warming
from misuse.web.once import Once
from misuse.web.published import LATELY, MOMENT, Published
from misuse.web.reading import Reader
from misuse.web.routes import MENU, route_of
from tests.logs import NOW, settings_for
from tests.web import rooms


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that the copy itself was asked, in order."""
    asked: list[str] = []

    def read(self: Reader, key: Any, sql: str, parameters: Any) -> Any:
        asked.append(sql)
        return real(self, key, sql, parameters)

    real = Reader._read
    monkeypatch.setattr(Reader, "_read", read)
    return asked


def test_a_look_leaves_nothing_to_read_and_records_nothing(room: rooms.Room, cold: list[str]) -> None:
    browser = rooms.Browser(room, "cho")
    warmer, before = browser.app.state.warmer, len(room.events())
    warmer.look()
    warmer.look_at_cases(lambda: None)
    assert len(room.events()) == before
    assert browser.faults == []
    assert cold
    cold.clear()
    for path in [*(path for path, _ in MENU), "/cycles/C1", *(f"/cases/{case}" for case in room.cases()[:3])]:
        assert browser.get(path).status_code in (200, 403)
    assert cold == []


def test_nobody_at_a_page_has_no_hand_on_the_casebook(room: rooms.Room) -> None:
    browser, before = rooms.Browser(room, "cho"), len(room.events())
    refused: list[str] = []

    def write(visit: Any) -> None:
        with visit.desk.book() as book:
            assert book.users()
            try:
                book.record("signed_out", actor="cho", occurred_at=NOW)
            except Refused as error:
                refused.append(error.message)
                raise

    warmer = warming.Warmer(browser.app.state.door, lambda _: write)
    warmer.look()
    assert len(refused) > 10
    assert len(room.events()) == before


@pytest.mark.parametrize("keeps_its_id", [False, True])
def test_another_copy_is_looked_at_by_itself(
    fresh: rooms.Room, monkeypatch: pytest.MonkeyPatch, keeps_its_id: bool
) -> None:
    browser = rooms.Browser(fresh)
    door, looks, ended = browser.app.state.door, list[str](), threading.Event()
    monkeypatch.setattr(warming, "WATCH_SECONDS", 0.02)
    monkeypatch.setattr(warming.gc, "freeze", lambda: None)
    warmer = warming.Warmer(door, lambda name: lambda visit: looks.append(name))
    warmer.look()
    first = len(looks)
    watching = threading.Thread(target=warmer.watch, args=(ended,), daemon=True)
    watching.start()
    current = fresh.settings.current_path
    again = current.resolve().with_stem("again")
    shutil.copy(current.resolve(), again)
    if keeps_its_id:
        again.replace(current.resolve())
    else:
        beside = current.with_name("new")
        beside.symlink_to(again.name)
        beside.replace(current)
    _until(lambda: looks.count("monday:page") == 2)
    time.sleep(0.1)
    ended.set()
    watching.join(10)
    assert not watching.is_alive()
    assert looks.count("monday:page") == 2, "once for each pointer"
    assert first


def test_a_room_without_a_list_is_looked_at_in_peace(tmp_path: Path) -> None:
    browser = rooms.Browser(rooms.Room(settings_for(tmp_path / "home")))
    browser.app.state.warmer.look()
    browser.app.state.warmer.look_at_cases(lambda: None)
    assert browser.faults == []


def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(500):
        if is_so():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def test_what_twenty_ask_for_is_made_once() -> None:
    once, made, held = Once(), list[int](), dict[str, int]()
    together = threading.Barrier(20)

    def ask(number: int) -> None:
        together.wait()
        with once.making("the list"):
            if "the list" not in held:
                time.sleep(0.01)
                made.append(number)
                held["the list"] = number

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert once._held == {}


def test_twenty_readers_put_one_question_to_the_copy(room: rooms.Room, cold: list[str]) -> None:
    published, together = Published(room.settings), threading.Barrier(20)
    published.run()

    def ask() -> None:
        together.wait()
        with published.opened() as con:
            con.execute("select count(*) from calls where local_hour >= $hour", {"hour": 3})

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([sql for sql in cold if "local_hour" in sql]) == 1


def test_what_was_found_lately_is_found_again_behind_the_readers_back(tmp_path: Path) -> None:
    published, told, let_go = Published(settings_for(tmp_path)), iter(range(9)), threading.Event()
    let_go.set()

    def make() -> int:
        let_go.wait(10)
        return next(told)

    assert published.lately("it", NOW, make) == 0
    assert published.lately("it", NOW + MOMENT / 2, make) == 0
    let_go.clear()
    assert published.lately("it", NOW + MOMENT, make) == 0, "nobody waits"
    let_go.set()
    _until(lambda: published.lately("it", NOW + MOMENT, make) == 1)
    assert published.lately("it", NOW + MOMENT + LATELY + timedelta(seconds=1), make) == 2, "too old to be told"
    assert published.lately("it", NOW, make) == 3, "a clock that was put back"


def test_what_cannot_be_found_again_is_told_to_the_next_reader(tmp_path: Path) -> None:
    published = Published(settings_for(tmp_path))

    def fail() -> int:
        raise MisuseError("gone", next_step="look")

    assert published.lately("it", NOW, lambda: 1) == 1
    assert published.lately("it", NOW + MOMENT, fail) == 1
    _until(lambda: not published._moments)
    with pytest.raises(MisuseError):
        published.lately("it", NOW + MOMENT, fail)


def test_what_is_forgotten_as_it_is_read_was_read(tmp_path: Path) -> None:
    """Another look may fail and forget it just then."""

    class Forgetful(dict[str, Any]):
        def get(self, name: str, _: Any = None) -> Any:
            return self.pop(name, None)

    published = Published(settings_for(tmp_path))
    published._moments = Forgetful(it=(NOW, 1))
    assert published.lately("it", NOW + MOMENT / 2, lambda: 2) == 1


def test_pages_wait_for_no_paper_no_act_and_no_sign_in() -> None:
    async def lanes() -> list[Any]:
        places = (("GET", "/monday"), ("GET", "/audit.json"), ("POST", "/cases/{ref}/stop"), ("POST", "/sign-in"))
        routes = [route_of(*place) for place in places]
        return [web_app._lane(route) for route in routes if route] + [web_app._lane(routes[0])]  # type: ignore[arg-type]

    page, paper, act, sign_in, again = anyio.run(lanes)
    assert len({id(lane) for lane in (page, paper, act, sign_in)}) == 4
    assert page is again
    assert sign_in.total_tokens < act.total_tokens
