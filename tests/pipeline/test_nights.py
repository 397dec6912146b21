"""A night writes only what differs, and what it publishes is what a rebuild from the records publishes."""

from __future__ import annotations

import random
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from misuse import casebook, intake, kept_calls, ledger, outgoing, pipeline, publication, warehouse
from misuse.errors import MisuseError
from misuse.settings import Settings
from tests.logs import MOBILES, NOW, random_rows, settings_for, write_csv

pytestmark = pytest.mark.usefixtures("unreported_file")  # nobody reads their papers

Row = Mapping[str, str]


def take(settings: Settings, path: Path) -> str:
    (outcome,) = intake.ingest_files(settings, [path], "calls", actor="tester", now=NOW)
    if isinstance(outcome, MisuseError):
        raise outcome
    return outcome.batch_id


def published(settings: Settings) -> str:
    pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester", force=True)
    return publication.digest(settings.current_path)


def rebuilt(settings: Settings, home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a copy of the home publishes when nothing that a run left is gone from."""
    shutil.copytree(settings.home, home, symlinks=True)
    copy = settings_for(home)
    with warehouse.opened(copy) as con:
        con.execute("drop table calls; delete from number_evidence; delete from spell_records")
        con.execute("delete from marks where name not in ('token_key', 'identity_model')")
    with monkeypatch.context() as patched:
        patched.setattr(kept_calls, "_put_in", lambda *_: pytest.fail("made from nothing"))
        patched.setattr(outgoing, "_put_in_what_differs", lambda *_: pytest.fail("written whole"))
        return published(copy)


def put_in(settings: Settings) -> int:
    """How many calls the published copy had put into it since it was last written whole."""
    with warehouse.opened(settings) as con:
        (value,) = con.execute("select value from marks where name = 'calls_put_in'").fetchone() or ("",)
        current = ledger.current_run(con, settings)
        assert current
        assert kept_calls.are_known_since(con, current[0])
    run_id, _, calls = str(value).partition(" ")
    assert run_id == current[0]
    return int(calls)


def stop(settings: Settings, chance: random.Random) -> None:
    """Somebody enters a stop on a caller of few calls."""
    with publication.opened(settings) as con:
        found = con.execute(
            "select caller_id, spell_id from caller_spells inner join callers using (caller_id) "
            "where not is_stopped and callers.misuse_calls between 1 and 9 order by spell_id"
        ).fetchall()
    caller, spell = chance.choice(found)
    with casebook.opened(settings) as book:
        if not book.users():
            book.set_user("head", "administrator", actor="head", occurred_at=NOW)
            book.set_user("tester", "chair", actor="head", occurred_at=NOW)
        payload = {"reason": "told by the ward", "spells": [spell], "is_urgent": False}
        book.record("stop_entered", actor="tester", occurred_at=NOW, caller_id=caller, payload=payload)


def corrected(rows: list[Row], chance: random.Random, version: int) -> list[Row]:
    """Later versions of some calls: another code, another number, none, another time."""
    changes = [
        {"code": "THEFT"},
        {"code": "HOAX"},
        {"cli": MOBILES[500 + chance.randrange(9)]},
        {"cli": ""},
        {"ended": ""},
    ]
    return [row | chance.choice(changes) | {"version": str(version)} for row in chance.sample(rows, 12)]  # type: ignore[operator]


@pytest.mark.parametrize("seed", [61, *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(62, 72))])
def test_nights_publish_what_a_rebuild_publishes(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    rows: list[Row] = list(random_rows(seed, 1500))
    home = settings_for(tmp_path / "home")
    take(home, write_csv(tmp_path / "first.csv", rows))
    published(home)
    assert put_in(home) == 0

    new: list[Row] = list(random_rows(seed + 1000, 30))
    batch_id = take(home, write_csv(tmp_path / "one.csv", [*new, *corrected(rows, chance, 2)]))
    stop(home, chance)
    first = published(home)
    assert put_in(home) > 30
    assert first == rebuilt(home, tmp_path / "rebuilt-1", monkeypatch)

    intake.withdraw(home, batch_id, reason="a test", actor="head", now=NOW)
    take(home, write_csv(tmp_path / "two.csv", corrected([*rows, *new], chance, 3)))
    stop(home, chance)
    second = published(home)
    assert put_in(home) > 60
    assert second != first
    assert second == rebuilt(home, tmp_path / "rebuilt-2", monkeypatch)
