"""A stop is on a person: where the number of the stopped person's calls is corrected, it follows the calls."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from misuse import casebook, pipeline, quality
from misuse.errors import CheckFailed
from tests import roads
from tests.logs import MOBILES, NOW, write_csv

pytestmark = pytest.mark.usefixtures("unreported_file")  # nobody reads their papers

# As the vault has them in order: first the number as it was taken down, then whose it was.
WRONG, RIGHT, LATER, BYSTANDER = MOBILES[1:5]
NUMBERS = (WRONG, RIGHT, LATER, BYSTANDER)
Row = dict[str, str]


def calls(number: str, count: int, **given: str) -> list[Row]:
    plain = dict.fromkeys(roads.COLUMNS, "") | {"channel": "999", "cli": number, "code": "HOAX", "version": "1"}
    return [
        plain | {"ref": f"{number[-1]}-{at}", "received": (roads.START + timedelta(days=at)).isoformat(sep=" ")} | given
        for at in range(count)
    ]


def corrected(rows: Sequence[Row], number: str, version: str = "2") -> list[Row]:
    return [{**row, "cli": number, "version": version} for row in rows]


@pytest.fixture
def nights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    monkeypatch.setattr(quality, "check_landing", lambda *args, **options: [])  # a file of corrections alone
    return Nights(tmp_path)


class Nights:
    """A home, and files and runs in turn. Every number has a call that is not misuse, so that its spell is known."""

    def __init__(self, root: Path) -> None:
        self.root, self.files = root, 0
        self.settings = roads.home(root / "home")
        self.spells: dict[str, str] = {}

    def take(self, *rows: Row) -> None:
        self.files += 1
        roads.take(self.settings, write_csv(self.root / f"in{self.files}.csv", rows, roads.COLUMNS))

    def run(self) -> None:
        roads.run(self.settings)
        if not self.spells:
            self.spells = dict(zip(NUMBERS, map(roads.spell, roads.tokens(self.settings)), strict=True))

    def decide(self, kind: str, number: str, **given: Any) -> None:
        payload = {"reason": "known victim", "spells": [self.spells[number]], **given}
        with casebook.opened(self.settings) as book:
            if not book.users():
                book.set_user("head", "administrator", actor="head", occurred_at=NOW)
                book.set_user("tester", "chair", actor="head", occurred_at=NOW)
            caller = "c" + self.spells[number][1:]
            book.record(kind, actor="tester", occurred_at=NOW, caller_id=caller, payload=payload)

    def numbers(self, query: str) -> set[str]:
        with duckdb.connect(str(self.settings.current_path.resolve()), read_only=True) as con:
            found = {caller for (caller,) in con.execute(query).fetchall()}
        return {number for number, spell in self.spells.items() if "c" + spell[1:] in found}

    @property
    def stopped(self) -> set[str]:
        return self.numbers("select caller_id from callers where is_stopped")

    @property
    def listed(self) -> set[str]:
        return self.numbers("select caller_id from tasking_list")


def first_night(nights: Nights) -> list[Row]:
    """Eight calls on the wrong number, whom somebody stopped, and as many of a bystander; the stopped one's calls."""
    hers = calls(WRONG, 8)
    known = [*calls(RIGHT, 1, ref="r", code="THEFT"), *calls(LATER, 1, ref="l", code="THEFT")]
    nights.take(*hers, *known, *calls(BYSTANDER, 8))
    nights.run()
    nights.decide("stop_entered", WRONG, is_urgent=False)
    return hers


def test_a_persons_stop_follows_the_calls_whose_number_was_corrected(nights: Nights) -> None:
    hers = first_night(nights)
    nights.take(*corrected(hers, RIGHT))
    nights.run()
    assert (nights.stopped, nights.listed) == ({RIGHT}, {BYSTANDER})
    # The next night's list of calls knows the right number alone: the casebook keeps whom the stop is on.
    nights.take(*calls(RIGHT, 9, ref="new", received=str(roads.START + timedelta(days=40)))[:1])
    nights.run()
    assert (nights.stopped, nights.listed) == ({RIGHT}, {BYSTANDER})
    # Once more: it stays on both, until it is lifted, and then it does not come back.
    nights.take(*corrected(hers, LATER, "3"))
    nights.run()
    assert (nights.stopped, nights.listed) == ({RIGHT, LATER}, {BYSTANDER})
    nights.decide("stop_lifted", LATER)
    nights.run()
    assert (nights.stopped, nights.listed) == ({RIGHT}, {BYSTANDER, LATER})
    nights.run()
    assert nights.listed == {BYSTANDER, LATER}


def test_it_follows_some_of_the_calls_too_also_past_a_run_that_failed(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    hers = first_night(nights)
    nights.take(*corrected(hers[1:], RIGHT))
    with monkeypatch.context() as failing:
        failing.setitem(pipeline._STEPS, "publish", ("Checking", refuse))  # before the casebook is told of the run
        with pytest.raises(CheckFailed):
            nights.run()
    nights.run()
    assert (nights.stopped, nights.listed) == ({WRONG, RIGHT}, {BYSTANDER})
    # A correction of a call that was never under the stop moves nothing.
    nights.take(*corrected(calls(BYSTANDER, 8), LATER))
    nights.run()
    assert (nights.stopped, nights.listed) == ({WRONG, RIGHT}, {LATER})


def refuse(*_: object) -> None:
    raise CheckFailed("a check does not hold", next_step="mend the cause")


def test_a_home_made_anew_from_the_logs_and_the_casebook_knows_it(nights: Nights, tmp_path: Path) -> None:
    hers = first_night(nights)
    nights.take(*corrected(hers, RIGHT))
    nights.run()
    again = Nights(tmp_path / "again")
    again.spells = nights.spells
    again.settings.home.mkdir(parents=True)
    for path in (*nights.settings.home.glob("casebook*"), *nights.settings.home.glob("keys")):
        target = again.settings.home / path.name
        shutil.copytree(path, target) if path.is_dir() else shutil.copy(path, target)
    again.take(*corrected(hers, RIGHT), *calls(BYSTANDER, 8))
    again.run()
    assert (again.stopped, again.listed) == ({RIGHT}, {BYSTANDER})
