"""The copy that pages read: one open at a time, its answers remembered, another as soon as the pointer moves."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from misuse import store
from misuse.errors import StoreError
from misuse.settings import Settings
from misuse.web import pictures
from misuse.web.published import Published, shown
from tests import published_fixture

COUNT = "select count(*) from tasking_list"


def point(settings: Settings, name: str, persons: int) -> None:
    """A copy of so many people, and the pointer on it."""
    windows = pl.DataFrame(
        [
            {"run_id": published_fixture.RUN_ID, "as_of": published_fixture.AS_OF, "window_name": window, "threshold": 10,
             "channel": "999", "first_date": date(2025, 1, 1), "last_date": date(2025, 12, 31)}
            for window in ("headline", "since_log_start")
        ]
    )  # fmt: skip
    path = settings.published_path / f"{name}.duckdb"
    published_fixture.build(path, persons=persons, windows=windows)
    beside = settings.published_path / "new"
    beside.symlink_to(path.name)
    beside.replace(settings.current_path)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(home=tmp_path, threads=1)
    point(made, "one", persons=20)
    return made


def test_answers_are_the_copys_own(settings: Settings) -> None:
    published = Published(settings)
    for _ in range(2):
        with published.opened() as con:
            assert con.execute(COUNT).fetchone() == (20,)
            found = con.execute("select rank from tasking_list where rank <= $most order by rank", {"most": 3})
            assert [column[0] for column in found.description] == ["rank"]
            assert found.fetchone() == (1,)
            assert found.fetchall() == [(2,), (3,)]
            assert found.fetchall() == []
            assert con.execute("select rank from tasking_list where rank <= $most", {"most": 2}).pl().height == 2
            for most in (1, 5, 9):
                assert (
                    len(con.execute("select rank from tasking_list where rank <= $most", {"most": most}).fetchall())
                    == most
                )
            assert con.table("tasking_list").columns[0] == "run_id"
            assert store.holds(con, "tasking_list")


def test_a_moved_pointer_is_seen_at_once_and_readers_end_on_theirs(settings: Settings) -> None:
    published = Published(settings)
    with published.opened() as con:
        assert con.execute(COUNT).fetchone() == (20,)
        point(settings, "two", persons=7)
        assert con.execute("select count(*) + 0 from tasking_list").fetchone() == (20,)
        with published.opened() as other:
            assert other.execute(COUNT).fetchone() == (7,)
    assert len(published.rows("tasking_choices")) > 0
    assert published.run()["as_of"] == published_fixture.AS_OF


def test_a_run_that_keeps_its_id_is_seen_at_once(settings: Settings) -> None:
    """It replaces the file behind the same path, and an older one is open here."""
    published, earlier = Published(settings), settings.current_path.resolve()
    with published.opened() as con:
        assert con.execute(COUNT).fetchone() == (20,)
    first = shown(settings)
    point(settings, "two", persons=7)
    settings.current_path.resolve().replace(earlier)
    settings.current_path.unlink()
    settings.current_path.symlink_to(earlier.name)
    assert shown(settings)[0] == first[0]
    assert shown(settings) != first
    with published.opened() as con:
        assert con.execute(COUNT).fetchone() == (7,)


def test_threads_share_it(settings: Settings) -> None:
    published, found = Published(settings), []

    def read(number: int) -> None:
        with published.opened() as con:
            found.append(
                con.execute("select count(*) from calls where local_hour = $hour", {"hour": number % 5}).fetchone()
            )

    threads = [threading.Thread(target=read, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert len(set(found)) <= 5


def test_nothing_published_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing is published"):
        Published(Settings(home=tmp_path)).run()


def test_pictures_hold_every_call() -> None:
    weeks = [
        {"week": date(2025, 1, 6), "misuse_calls": 4, "genuine_calls": 1},
        {"week": date(2025, 1, 13), "misuse_calls": 0, "genuine_calls": 0},
        {"week": date(2025, 1, 20), "misuse_calls": 2, "genuine_calls": 8},
    ]
    drawn = pictures.timeline(weeks, [(date(2025, 1, 15), "support"), (date(2020, 1, 1), "before the log")])
    bars = {(bar["kind"], bar["height"]) for bar in drawn["bars"]}
    assert {kind for kind, _ in bars} == {"misuse", "genuine"}
    tall, short = sorted((bar["height"] for bar in drawn["bars"] if bar["kind"] == "misuse"), reverse=True)
    assert tall == pytest.approx(2 * short)
    assert [told for _, told in drawn["marks"]] == ["support"]
    heat = pictures.heat([{"weekday": 1, "hour": 3, "calls": 5}, {"weekday": 7, "hour": 23, "calls": 1}])
    assert (heat["total"], heat["most"]) == (6, 5)
    assert heat["rows"][0]["cells"][3]["shade"] == 5
    assert heat["rows"][6]["cells"][23]["shade"] == 1
    assert sum(cell["shade"] == 0 for row in heat["rows"] for cell in row["cells"]) == 7 * 24 - 2
    assert pictures.timeline([])["bars"] == []
    rest = pictures.shares([{"value": str(number), "calls": 10} for number in range(8)])
    assert rest[-1] == {"value": "others", "calls": 20, "share": 0.25}
