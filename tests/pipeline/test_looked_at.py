"""A look clears the dangers that it saw and no others, whatever corrections take from a log and put into it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from misuse import casebook, intake, pipeline, publication, published_callers, store, warehouse
from misuse.settings import Settings
from tests.logs import COLUMNS, settings_for, write_csv

START = datetime(2025, 2, 1, 20)
NIGHTS = [datetime(2025, 4, 20, 3) + timedelta(days=day) for day in range(9)]


def call(number: int, version: int = 1, markers: str = "") -> dict[str, str]:
    """One of a caller's misuse calls, days apart; from the twentieth on another caller's."""
    received = START + timedelta(days=2 * number)
    return dict.fromkeys(COLUMNS, "") | {
        "ref": f"m{number}", "received": received.isoformat(sep=" "), "version": str(version), "markers": markers,
        "cli": "07700 900001" if number < 20 else "07700 900002", "code": "HOAX" if number < 20 else "THEFT",
    }  # fmt: skip


class Nights:
    """A home whose log goes on by corrections, one run a night."""

    def __init__(self, root: Path) -> None:
        self.root, self.night = root, -1
        self.settings: Settings = settings_for(root / "home")

    def run(self, *rows: dict[str, str]) -> Mapping[str, Any]:
        """The caller's row of the look list after one more night's file."""
        self.night += 1
        path = write_csv(self.root / f"{self.night}.csv", rows)
        outcomes = intake.ingest_files(self.settings, [path], "calls", actor="tester", now=NIGHTS[self.night])
        assert [outcome.rejected for outcome in outcomes] == [0]  # type: ignore[union-attr]
        run_id = pipeline.begin(self.settings, None, NIGHTS[self.night])
        assert run_id
        for step in pipeline.STEPS:
            if step != "report":
                pipeline.step(self.settings, run_id, step, NIGHTS[self.night])
        return self.row()

    def row(self) -> Mapping[str, Any]:
        with publication.opened(self.settings) as con:
            (row,) = store.rows(con.execute("select * from look_list where last_call_at < '2025-03-01'"))
        return row

    def stop(self, *, is_urgent: bool) -> None:
        caller, at = self.row()["caller_id"], NIGHTS[self.night] + timedelta(hours=7)
        with publication.opened(self.settings) as con, casebook.opened(self.settings) as book:
            book.set_user("ann", "reviewer", actor="ada", occurred_at=NIGHTS[0])
            payload = {"reason": "told", "is_urgent": is_urgent, "spells": published_callers.spells_of(con, caller)}
            book.record("stop_entered", actor="ann", occurred_at=at, caller_id=caller, payload=payload)

    def look(self) -> None:
        caller = self.row()["caller_id"]
        with publication.opened(self.settings) as con:
            payload = published_callers.seen_by_a_look(con, caller)
        with casebook.opened(self.settings) as book:
            book.set_user("ann", "reviewer", actor="ada", occurred_at=NIGHTS[0])
            at = NIGHTS[self.night] + timedelta(hours=6)
            book.record("look_acknowledged", actor="ann", occurred_at=at, caller_id=caller, payload=payload)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    made = Nights(tmp_path)
    with warehouse.opened(made.settings), casebook.opened(made.settings) as book:
        book.set_user("ada", "administrator", actor="ada", occurred_at=NIGHTS[0])
    return made


FILLER = [call(number) for number in range(20, 39)]


def test_a_danger_in_the_place_of_one_that_was_seen_is_urgent_again(nights: Nights) -> None:
    first = nights.run(*(call(n, markers="domestic abuse" if n == 3 else "") for n in range(4)), *FILLER)
    assert (first["is_urgent"], first["urgent_stops_unseen"]) == (True, 1)
    nights.look()
    seen = nights.run(call(25, version=2))
    assert (seen["is_urgent"], seen["acknowledged_at"]) == (False, NIGHTS[0] + timedelta(hours=6))
    swapped = nights.run(call(3, version=2), call(0, version=2, markers="suicidal"))
    assert (swapped["is_urgent"], swapped["urgent_stops"], swapped["urgent_stops_unseen"]) == (True, 1, 1)
    assert "new_hard_stop" in swapped["look_reasons"]
    nights.look()
    assert nights.run(call(26, version=2))["is_urgent"] is False
    back = nights.run(call(3, version=3, markers="domestic abuse"))
    assert (back["urgent_stops"], back["urgent_stops_unseen"]) == (2, 1)


def test_a_second_danger_that_comes_late_is_new_and_both_desks_look(nights: Nights) -> None:
    first = nights.run(*(call(n, markers="child" if n == 1 else "") for n in range(4)), *FILLER)
    assert (first["is_urgent"], first["is_new"], first["duty_role"]) == (False, False, "Safeguarding desk")
    nights.look()
    assert nights.run(call(25, version=2))["is_new"] is False
    late = nights.run(call(2, version=2, markers="dementia"))
    assert (late["is_new"], late["duty_role"]) == (True, "Health liaison, Safeguarding desk")
    assert "new_hard_stop" in late["look_reasons"]
    nights.look()
    assert nights.run(call(26, version=2))["is_new"] is False


def test_an_urgent_stop_entered_after_a_look_at_the_first_is_urgent_until_seen(nights: Nights) -> None:
    nights.run(*(call(n) for n in range(12)), *FILLER)
    nights.stop(is_urgent=True)
    first = nights.run(call(25, version=2))
    assert (first["is_urgent"], first["urgent_stops"], first["urgent_stops_unseen"]) == (True, 1, 1)
    nights.look()
    nights.stop(is_urgent=False)
    seen = nights.run(call(26, version=2))
    assert (seen["is_urgent"], seen["urgent_stops"]) == (False, 1), "one that is not urgent makes no urgent one new"
    nights.stop(is_urgent=True)
    again = nights.run(call(27, version=2))
    assert (again["is_urgent"], again["urgent_stops"], again["urgent_stops_unseen"]) == (True, 2, 1)
    nights.look()
    assert nights.run(call(28, version=2))["is_urgent"] is False
