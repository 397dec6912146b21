"""Callers through runs: people's decisions, ids that resolve for ever, cases that follow, the same by every road."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import pytest

from misuse import casebook, explain, intake, pipeline, publication
from misuse.errors import InputError, MisuseError
from misuse.settings import Settings
from tests.logs import MOBILES, NOW, random_rows, settings_for, write_csv


def take(settings: Settings, *paths: Path) -> None:
    for outcome in intake.ingest_files(settings, list(paths), "calls", actor="tester", now=NOW):
        if isinstance(outcome, MisuseError):
            raise outcome


def run(settings: Settings, **changes: Any) -> pipeline.RunOutcome:
    return pipeline.run(settings, as_of=None, now=NOW, actor="tester", **changes)


def decide(settings: Settings, decision: str, one: list[str], other: list[str]) -> int:
    payload = {"decision": decision, "spells_a": one, "spells_b": other, "reason": "records compared"}
    with casebook.opened(settings) as book:
        if not book.users():
            book.set_user("head", "administrator", actor="head", occurred_at=NOW)
            book.set_user("tester", "chair", actor="head", occurred_at=NOW)
        return book.record("link_decided", actor="tester", occurred_at=NOW, payload=payload).event_id


def undo(settings: Settings, event_id: int) -> None:
    payload = {"event_id": event_id, "reason": "compared again"}
    with casebook.opened(settings) as book:
        book.record("link_undone", actor="tester", occurred_at=NOW, payload=payload)


def asked(settings: Settings, sql: str, *values: object) -> list[Any]:
    with duckdb.connect(str(settings.current_path.resolve()), read_only=True) as con:
        return con.execute(sql, list(values)).fetchall()


def resolved(settings: Settings, caller_id: str) -> str:
    with publication.opened(settings) as con:
        return explain.resolve_caller(con, caller_id)


def busiest(settings: Settings, many: int) -> list[str]:
    """Persistent persons with one number, most misuse first."""
    found = asked(settings, "select caller_id from persistent_callers order by rank limit ?", many)
    return [caller for (caller,) in found]


def spell(caller_id: str) -> str:
    return "s" + caller_id[1:]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = settings_for(tmp_path / "home")
    take(home, write_csv(tmp_path / "log.csv", random_rows(41, 900, days=70)))
    run(home)
    return home


def test_people_join_and_part_callers_and_every_id_resolves(settings: Settings) -> None:
    one, other = busiest(settings, 2)
    (before,) = asked(
        settings, "select sum(misuse_calls) from persistent_callers where caller_id in (?, ?)", one, other
    )
    joined_by = decide(settings, "same", [spell(one)], [spell(other)])
    run(settings)
    (both,) = {resolved(settings, one), resolved(settings, other)}
    assert both not in (one, other)
    row = "select misuse_calls, identity_basis, number_count from persistent_callers join callers using (caller_id) where caller_id = ?"
    assert asked(settings, row.replace("select misuse_calls", "select persistent_callers.misuse_calls"), both) == [
        (*before, "confirmed", 2)
    ]
    listed = "select unconfirmed_links, misuse_calls_confirmed, enforcement_bars from tasking_list where caller_id = ?"
    assert [bars for *_, bars in asked(settings, listed, both)] == [["safeguards_blind"]]
    assert asked(settings, "select status from caller_links where caller_a = ?", both) == [("confirmed",)]
    assert asked(settings, "select distinct change from caller_changes") == [("alias",)]
    with casebook.opened(settings) as book:
        (event,) = book.entries("callers_published")
        assert event.data["sets"] == {both: sorted([spell(one), spell(other)])}

    decide(settings, "not_same", [spell(one)], [spell(other)])
    run(settings)
    assert (resolved(settings, one), resolved(settings, other)) == (one, other)
    with pytest.raises(InputError, match="several callers now") as told:
        resolved(settings, both)
    assert one in told.value.message
    assert other in told.value.message
    assert sorted(
        asked(settings, "select caller_id, change from caller_changes where other_caller_id = ?", both)
    ) == sorted([(one, "split"), (other, "split")])
    reach = asked(settings, "select count(distinct reach_id) from caller_spells where caller_id in (?, ?)", one, other)
    assert reach == [(2,)], "an overruled decision is no link; a refused link of the model still is reach"
    undo(settings, joined_by)
    run(settings)
    assert busiest(settings, 2) == [one, other]


def test_a_larger_set_takes_the_smaller_ones_ids_and_a_case_follows_its_numbers(settings: Settings) -> None:
    first, second, third = busiest(settings, 3)
    decide(settings, "same", [spell(first)], [spell(second)])
    run(settings)
    pair = resolved(settings, first)
    pipeline.freeze_list(settings, NOW, "tester")
    (case_ref,) = asked(settings, "select case_ref from tasking_list where caller_id = ?", pair)[0]
    with casebook.opened(settings) as book:
        assert any(ref == case_ref for ref in book.cases())
    decide(settings, "same", [spell(third)], [spell(first), spell(second)])
    run(settings)
    whole = resolved(settings, pair)
    assert whole == resolved(settings, third) != pair
    assert asked(settings, "select change from caller_changes where other_caller_id = ?", pair) == [("merged",)]
    assert asked(settings, "select caller_id from cases where case_ref = ?", case_ref) == [(whole,)]
    assert resolved(settings, case_ref) == whole


def test_a_number_that_passed_on_is_two_callers_and_the_published_sums_hold(tmp_path: Path) -> None:
    rows = random_rows(42, 300, days=40)
    columns = ["ref", "received", "cli", "name", "postcode", "code", "version"]
    for row in rows:
        row |= {"name": "Brendle Osfarrow", "postcode": "ZZ1 1AA"} if row["cli"] == MOBILES[0] else {"postcode": ""}
    late = [row for row in rows if row["cli"] == MOBILES[0] and row["received"] >= "2025-11-20"]
    for row in late:
        row |= {"name": "Quill Tamsett", "postcode": "ZZ9 9ZZ"}
    source = {
        "format": "csv",
        "columns": {
            "call_id": "ref", "received_at": "received", "cli": "cli", "subscriber_name": "name",
            "subscriber_postcode": "postcode", "closing_code": "code", "version": "version",
        },
        "version": {"kind": "integer"},
        "misuse": {"closing_code": ["HOAX", "NUISANCE"]},
    }  # fmt: skip
    settings = settings_for(tmp_path / "home", sources={"calls": source})
    plain = [{name: row[name] for name in columns} for row in rows]
    take(settings, write_csv(tmp_path / "log.csv", plain, columns))
    run(settings)
    parted = asked(
        settings, "select spell_id, caller_id, calls, split_reason from caller_spells where split_reason is not null"
    )
    ((_, caller_id, calls, reason),) = parted
    assert (calls, reason) == (len(late), "subscriber")
    assert asked(settings, "select calls from callers where caller_id = ?", caller_id) == [(len(late),)]
    # A late call with the first holder's details tells that they had the number all along.
    after = {**late[-1], "ref": "R-late", "name": "B Osfarrow", "postcode": "zz11aa", "received": "2025-12-09 10:00:00"}
    take(settings, write_csv(tmp_path / "late.csv", [{name: after[name] for name in columns}], columns))
    run(settings)
    assert asked(settings, "select count(*) from caller_spells where split_reason is not null") == [(0,)]


def test_decisions_hold_whatever_the_order_of_the_calls(settings: Settings, tmp_path: Path) -> None:
    one, other, third = sorted(busiest(settings, 3))
    decide(settings, "same", [spell(one)], [spell(other)])
    decide(settings, "not_same", [spell(other)], [spell(third)])
    run(settings)
    expected = publication.digest(settings.current_path)

    rows = random_rows(41, 900, days=70)
    random.Random(5).shuffle(rows)
    split = settings_for(tmp_path / "split")
    for at in range(3):
        take(split, write_csv(tmp_path / f"piece{at}.csv", rows[at::3]))
        if at == 0:
            decide(split, "same", [spell(one)], [spell(other)])
            decide(split, "not_same", [spell(other)], [spell(third)])
        run(split, force=True)
    assert publication.digest(split.current_path) == expected
