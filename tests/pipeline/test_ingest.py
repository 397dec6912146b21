"""Rows in and out: every row accounted for, and no order, splitting or repetition matters."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from misuse import inbox, ingest, intake, models, pipeline, quality, status, synth, warehouse
from misuse.cli import run_command
from misuse.errors import CheckFailed, InputError, KeyCollision, LockHeld, MisuseError, StoreError, UsageError
from tests.logs import COLUMNS, NOW, SOURCE, random_rows, settings_for, write_csv


def take(settings, *paths):
    """Ingest files of the source `calls`; the first error is raised."""
    outcomes = list(intake.ingest_files(settings, list(paths), "calls", actor="tester", now=NOW))
    for outcome in outcomes:
        if isinstance(outcome, MisuseError):
            raise outcome
        assert outcome.reconciles()
    return outcomes


def state(settings):
    """Every current and superseded row, free of which batch bears it."""
    with warehouse.opened(settings, with_vault=True) as con:
        kept = "select * exclude (batch_id, row_number) from {} order by all"
        return [con.execute(kept.format(table)).fetchall() for table in ("call_records", "superseded_call_records")] + [
            con.execute("select * exclude (batch_id) from vault.call_details order by all").fetchall(),
            con.execute("select number_token, e164, number_kind from vault.numbers order by all").fetchall(),
        ]


@pytest.fixture
def unchecked(monkeypatch):
    """No landing checks, which take longer than all the rest of a small file."""
    monkeypatch.setattr(quality, "check_landing", lambda *args, **options: [])


def call(**fields):
    """One call's row, whole but for what matters to the test."""
    given = {"ref": "A1", "received": "2025-06-01 12:00:00", "cli": "07700 900001", "code": "HOAX", "version": "1"}
    return dict.fromkeys(COLUMNS, "") | given | fields


def answer(settings, question):
    """The rows that a question to the open stores has for answer."""
    with warehouse.opened(settings, with_vault=True) as con:
        return con.execute(question).fetchall()


def withdraw(settings, outcome):
    intake.withdraw(settings, outcome.batch_id, reason="a test", actor="tester", now=NOW)


def current_codes(settings):
    """The closing codes of the current calls, in order."""
    return [code for (code,) in answer(settings, "select closing_code from call_records order by all")]


def with_corrections(seed, count=300):
    """A log in which some calls come again, corrected, and some rows twice."""
    rows = random_rows(seed, count)
    chance = random.Random(seed + 1)
    corrected = [
        row | {"version": "2", "code": "HOAX", "cli": row["cli"] or "07700 900777"} for row in chance.sample(rows, 12)
    ]
    repeated = chance.sample(rows, 9)
    return [*rows, *corrected, *repeated]


def test_every_row_is_accounted_for(tmp_path):
    rows = with_corrections(1)
    settings = settings_for(tmp_path / "home")
    (outcome,) = take(settings, write_csv(tmp_path / "log.csv", rows))
    assert (outcome.rows, outcome.accepted, outcome.duplicate, outcome.superseded) == (321, 300, 9, 12)


def test_the_same_file_twice_changes_nothing(tmp_path):
    settings = settings_for(tmp_path / "home")
    log = write_csv(tmp_path / "log.csv", with_corrections(2))
    take(settings, log)
    before = state(settings)
    (again,) = take(settings, log)
    assert again.is_known_file
    assert (again.accepted, again.duplicate) == (0, again.rows - again.rejected)
    assert state(settings) == before


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_no_order_and_no_splitting_matters(tmp_path, seed):
    rows = with_corrections(seed)
    whole = settings_for(tmp_path / "whole")
    take(whole, write_csv(tmp_path / "whole.csv", rows))
    chance = random.Random(seed)
    chance.shuffle(rows)
    cuts = sorted(chance.sample(range(1, len(rows)), 4))
    pieces = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    split = settings_for(tmp_path / "split")
    paths = [write_csv(tmp_path / f"piece{i}.csv", piece) for i, piece in enumerate(pieces)]
    outcomes = take(split, *paths)
    assert state(split) == state(whole)
    assert sum(outcome.rows for outcome in outcomes) == len(rows)


@pytest.mark.parametrize("seed", [6, 7])
def test_withdrawal_undoes_ingest(tmp_path, seed):
    rows = with_corrections(seed)
    chance = random.Random(seed)
    chance.shuffle(rows)
    first, second = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    alone = settings_for(tmp_path / "alone")
    take(alone, write_csv(tmp_path / "first.csv", first))
    both = settings_for(tmp_path / "both")
    (_, later) = take(both, tmp_path / "first.csv", write_csv(tmp_path / "second.csv", second))
    with_both = state(both)
    intake.withdraw(both, later.batch_id, reason="a test", actor="tester", now=NOW)
    assert state(both) == state(alone)
    (returned,) = take(both, tmp_path / "second.csv")
    assert returned.batch_id == f"{later.batch_id}-2"
    assert state(both) == with_both


def test_what_two_batches_bear_survives_the_withdrawal_of_one(tmp_path):
    rows = random_rows(8, 60)
    settings = settings_for(tmp_path / "home")
    first, _ = take(settings, write_csv(tmp_path / "a.csv", rows[:40]), write_csv(tmp_path / "b.csv", rows[20:]))
    intake.withdraw(settings, first.batch_id, reason="a test", actor="tester", now=NOW)
    alone = settings_for(tmp_path / "alone")
    take(alone, tmp_path / "b.csv")
    assert state(settings) == state(alone)


def test_withdrawing_an_unknown_batch_is_refused(tmp_path):
    settings = settings_for(tmp_path / "home")
    take(settings, write_csv(tmp_path / "log.csv", random_rows(9, 20)))
    with pytest.raises(UsageError, match="not known"):
        intake.withdraw(settings, "b0", reason="a test", actor="tester", now=NOW)


def test_a_daily_restarting_id_fails_loudly(tmp_path):
    rows = random_rows(10, 200)
    rows.sort(key=lambda row: row["received"])
    by_day: dict[str, int] = {}
    for row in rows:
        day = row["received"][:10]
        by_day[day] = by_day.get(day, 0) + 1
        row["ref"] = str(by_day[day])
    settings = settings_for(tmp_path / "home")
    take(settings, write_csv(tmp_path / "day1.csv", [row for row in rows if row["received"] < "2025-11-02"]))
    before = state(settings)
    with pytest.raises(KeyCollision, match="more than 24 hours apart"):
        take(settings, write_csv(tmp_path / "rest.csv", [row for row in rows if row["received"] >= "2025-11-02"]))
    assert state(settings) == before


def test_many_unranked_versions_are_a_collision_and_a_few_a_warning(tmp_path):
    rows = random_rows(11, 200)
    changed = [row | {"code": "THEFT", "borough": "Ealing"} for row in rows[:11]]
    with pytest.raises(KeyCollision, match="no version column ranks"):
        take(settings_for(tmp_path / "many"), write_csv(tmp_path / "many.csv", rows + changed))
    (outcome,) = take(settings_for(tmp_path / "few"), write_csv(tmp_path / "few.csv", rows + changed[:2]))
    assert outcome.superseded == 2


def test_a_crash_between_the_stores_loses_and_doubles_nothing(tmp_path, monkeypatch):
    settings = settings_for(tmp_path / "home")
    log = write_csv(tmp_path / "log.csv", with_corrections(12))
    live_again = dying_at(monkeypatch, "ingest/warehouse_write")
    with pytest.raises(KeyboardInterrupt):
        take(settings, log)
    live_again()
    other = write_csv(tmp_path / "other.csv", random_rows(13, 30))
    take(settings, other)
    clean = settings_for(tmp_path / "clean")
    take(clean, other)
    assert state(settings) == state(clean)
    take(settings, log)
    take(clean, log)
    assert state(settings) == state(clean)


def dying_at(monkeypatch, place):
    """Let the process end when it comes to a script; the call returned lets it live again."""
    real = models.script

    def dies(con, name, available):
        if name == place:
            raise KeyboardInterrupt
        real(con, name, available)

    monkeypatch.setattr(models, "script", dies)
    return lambda: monkeypatch.setattr(models, "script", real)


@pytest.mark.parametrize("place", ["ingest/withdraw", "ingest/sweep"])
@pytest.mark.usefixtures("unchecked")
def test_a_crash_in_a_withdrawal_loses_no_details_of_a_call_that_stays(tmp_path, monkeypatch, place):
    shared, own = call(markers="child"), call(ref="A2")
    settings = settings_for(tmp_path / "home")
    first, second = take(
        settings, write_csv(tmp_path / "a.csv", [shared]), write_csv(tmp_path / "b.csv", [shared, own])
    )
    live_again = dying_at(monkeypatch, place)
    with pytest.raises(KeyboardInterrupt):
        withdraw(settings, first)
    live_again()
    alone = settings_for(tmp_path / "alone")
    if place == "ingest/withdraw":
        withdraw(settings, second)
        take(alone, tmp_path / "a.csv")
    else:
        with pytest.raises(UsageError, match="withdrawn already"):
            withdraw(settings, first)
        take(alone, tmp_path / "b.csv")
    assert state(settings) == state(alone)
    mismatched = "select * from vault.call_details anti join call_records using (call_key, content_digest, batch_id)"
    assert answer(settings, mismatched) == []


@pytest.mark.usefixtures("unchecked")
def test_a_vault_row_under_the_wrong_batch_is_noticed_and_put_right(tmp_path):
    settings = settings_for(tmp_path / "home")
    first, second = take(
        settings, write_csv(tmp_path / "a.csv", [call()]), write_csv(tmp_path / "b.csv", [call(ref="A2")])
    )
    with warehouse.opened(settings, with_vault=True) as con:
        assert ingest.sweep(con) == 0
        con.execute("update vault.call_details set batch_id = $batch_id", {"batch_id": second.batch_id})
        assert ingest.sweep(con) == 1
        assert ingest.sweep(con) == 0
        held = con.execute("select batch_id from vault.call_details").fetchall()
    assert sorted(held) == sorted([(first.batch_id,), (second.batch_id,)])


def corrected_settings(home):
    """The same source as its layout reads once somebody has mended it."""
    return settings_for(home, sources={"calls": SOURCE | {"codes": {"closing_code": {"THEFT": "HOAX"}}}})


@pytest.mark.usefixtures("unchecked")
def test_the_same_file_by_a_corrected_layout_takes_the_place_of_the_earlier(tmp_path):
    rows = with_corrections(21, 60)
    log, other = write_csv(tmp_path / "log.csv", rows), write_csv(tmp_path / "other.csv", rows[30:])
    settings, corrected = settings_for(tmp_path / "home"), corrected_settings(tmp_path / "home")
    earlier, _ = take(settings, log, other)
    (outcome,) = take(corrected, log)
    assert not outcome.is_known_file
    assert f"batch {earlier.batch_id}" in outcome.warnings[0]
    ledger = {row["batch_id"]: row for row in intake.batch_ledger(settings)}
    assert ledger[earlier.batch_id]["withdrawal_reason"] == ingest.READ_AGAIN
    assert ledger[outcome.batch_id]["state"] == "in"
    take(corrected, other)
    clean = corrected_settings(tmp_path / "clean")
    take(clean, other, log)
    assert state(settings) == state(clean)
    (again,) = take(corrected, log)
    assert again.is_known_file


@pytest.mark.parametrize("place", ["check", "ingest/vault_write", "ingest/warehouse_write"])
@pytest.mark.usefixtures("unchecked")
def test_a_corrected_layout_that_fails_leaves_the_earlier_reading_in(tmp_path, monkeypatch, place):
    log = write_csv(tmp_path / "log.csv", with_corrections(22, 60))
    settings = settings_for(tmp_path / "home")
    (earlier,) = take(settings, log)
    before = state(settings)
    if place == "check":
        failed = quality.CheckResult("a_check", "fail", 1.0, 0.0, 0.0, False, "it does not hold")
        monkeypatch.setattr(quality, "check_landing", lambda *args, **options: [failed])
        live_again = int
    else:
        live_again = dying_at(monkeypatch, place)
    with pytest.raises((CheckFailed, KeyboardInterrupt)):
        take(corrected_settings(tmp_path / "home"), log)
    live_again()
    with warehouse.opened(settings, with_vault=True) as con:
        ingest.sweep(con)
    assert state(settings) == before
    assert [row["batch_id"] for row in intake.batch_ledger(settings) if row["state"] == "in"] == [earlier.batch_id]


@pytest.mark.usefixtures("unchecked")
def test_an_unranked_correction_is_told_whichever_version_wins(tmp_path):
    unversioned = SOURCE | {"columns": {k: v for k, v in SOURCE["columns"].items() if k != "version"}}
    unversioned.pop("version")
    won = set()
    for n in range(6):
        settings = settings_for(tmp_path / f"home{n}", sources={"calls": unversioned})
        first = write_csv(tmp_path / "first.csv", [call(code="HOAX")])
        second = write_csv(tmp_path / "second.csv", [call(code="NUISANCE", address=str(n))])
        earlier, later = take(settings, first, second)
        assert earlier.warnings == ()
        assert len(later.warnings) == 1
        assert later.warnings[0].startswith("1 calls have different versions that no version column ranks")
        won.add(later.accepted)
    assert won == {0, 1}


@pytest.mark.usefixtures("unchecked")
def test_a_row_that_passes_to_another_batch_takes_its_place_there(tmp_path):
    shared, older = call(), call(version="")
    settings = settings_for(tmp_path / "home")
    others = [call(ref=f"B{n}") for n in range(5)]
    first, second = take(
        settings,
        write_csv(tmp_path / "a.csv", [shared, older]),
        write_csv(tmp_path / "b.csv", [*others, shared, older]),
    )
    withdraw(settings, first)
    for table, place in (("call_records", 6), ("superseded_call_records", 7)):
        held = "select batch_id, row_number from " + table + " where row_number > 5"
        assert answer(settings, held) == [(second.batch_id, place)]


@pytest.mark.usefixtures("unchecked")
def test_a_version_without_rank_gives_way_to_one_with(tmp_path):
    versions = {rank: [call(version=rank, code=f"CODE {rank}")] for rank in ("1", "", "2")}
    settings = settings_for(tmp_path / "home")
    *_, best = take(settings, *(write_csv(tmp_path / f"{rank}.csv", rows) for rank, rows in versions.items()))
    assert current_codes(settings) == ["CODE 2"]
    withdraw(settings, best)
    assert current_codes(settings) == ["CODE 1"]


@pytest.mark.usefixtures("unchecked")
def test_rows_that_differ_in_any_field_are_no_duplicates(tmp_path):
    fields = {name: "2025-06-01 12:00:05" if name in ("answered", "ended") else "different" for name in COLUMNS[2:-1]}
    for column, value in fields.items():
        settings = settings_for(tmp_path / column)
        (outcome,) = take(settings, write_csv(tmp_path / "log.csv", [call(), call(**{column: value}), call()]))
        assert (outcome.accepted, outcome.superseded, outcome.duplicate) == (1, 1, 1), column


@pytest.mark.usefixtures("unchecked")
def test_a_withdrawn_batch_leaves_no_sightings(tmp_path):
    settings = settings_for(tmp_path / "home")
    _, second, third = take(
        settings,
        write_csv(tmp_path / "a.csv", [call()]),
        write_csv(tmp_path / "b.csv", [call(), call(ref="A2")]),
        write_csv(tmp_path / "c.csv", [call(ref="A3"), call()]),
    )
    withdraw(settings, second)
    assert answer(settings, "select batch_id, row_number from duplicate_sightings") == [(third.batch_id, 2)]


@pytest.mark.usefixtures("unchecked")
def test_versions_may_lie_a_day_apart_and_no_more(tmp_path):
    early, day_later = call(), call(received="2025-06-02 12:00:00", version="2")
    (outcome,) = take(settings_for(tmp_path / "day"), write_csv(tmp_path / "day.csv", [early, day_later]))
    assert (outcome.accepted, outcome.superseded) == (1, 1)
    late = day_later | {"received": "2025-06-02 12:00:01"}
    with pytest.raises(KeyCollision, match="more than 24 hours apart"):
        take(settings_for(tmp_path / "over"), write_csv(tmp_path / "over.csv", [early, late]))


@pytest.mark.parametrize("limit", [0.5, 0.4])
@pytest.mark.usefixtures("unchecked")
def test_a_file_over_the_limit_is_over_it_the_second_time_too(tmp_path, limit):
    settings = settings_for(tmp_path / "home", sources={"calls": SOURCE | {"reject_limit": limit}})
    log = write_csv(tmp_path / "log.csv", [call(), call(ref="")])
    outcomes = [take(settings, log)[0] for _ in range(2)]
    assert [outcome.is_known_file for outcome in outcomes] == [False, True]
    assert [outcome.is_over_limit for outcome in outcomes] == [limit < 0.5] * 2


@pytest.mark.parametrize(
    ("row", "misuse", "is_told"),
    [
        ({"code": "THEFT"}, {"closing_code": ["HOAX"]}, True),
        ({"code": "hoax_call "}, {"closing_code": ["HOAX-CALL"]}, False),
        ({"code": "HOAX"}, {"result_code": ["HOAX"]}, True),
        ({"code": "THEFT"}, {"all": True}, False),
        ({"code": "THEFT"}, {}, True),
        ({"code": "", "remarks": "HOAX"}, {"opening_code": ["HOAX"]}, False),
        ({"code": "THEFT", "remarks": "HOAX"}, {"opening_code": ["HOAX"]}, True),
        ({"code": "THEFT", "markers": "X; HOAX"}, {"qualifiers": ["HOAX"]}, False),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_file_without_any_misuse_is_told(tmp_path, row, misuse, is_told):
    columns = {key: value for key, value in SOURCE["columns"].items() if key not in ("remarks", "markers")}
    columns |= {"opening_code": "remarks", "qualifiers": "markers"}
    source = SOURCE | {"columns": columns, "misuse": misuse, "doubt": {}}
    (outcome,) = take(
        settings_for(tmp_path / "home", sources={"calls": source}), write_csv(tmp_path / "log.csv", [call(**row)])
    )
    told = [warning for warning in outcome.warnings if "[sources.calls.misuse]" in warning]
    assert len(told) == is_told


def test_one_files_error_keeps_no_other_out(tmp_path):
    settings = settings_for(tmp_path / "home")
    (tmp_path / "empty.csv").write_bytes(b"")
    good = write_csv(tmp_path / "good.csv", random_rows(14, 20))
    bad, taken = intake.ingest_files(settings, [tmp_path / "empty.csv", good], "calls", actor="t", now=NOW)
    assert isinstance(bad, InputError)
    assert "empty.csv" in str(bad)
    assert taken.accepted == 20


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (refused,) = intake.ingest_files(
        settings_for(tmp_path / "home"), [tmp_path / "pipe.csv"], "calls", actor="t", now=NOW
    )
    assert isinstance(refused, InputError)
    assert "is a pipe" in str(refused)


def test_the_inbox_is_taken_in_and_emptied(tmp_path):
    settings = settings_for(tmp_path / "home")
    write_csv(settings.inbox_path / "calls" / "night.csv", random_rows(15, 20))
    (settings.inbox_path / "calls" / "half.csv.part").write_text("not yet")
    outcomes, errors = intake.take_inbox(settings, NOW, "tester")
    assert [outcome.accepted for outcome in outcomes] == [20]
    assert errors == []
    assert [path.name for _, path in inbox.files(settings)] == []
    assert len(list((settings.inbox_path / "calls" / "taken").iterdir())) == 1


def test_a_name_that_is_no_text_keeps_no_other_out(tmp_path):
    settings = settings_for(tmp_path / "home")
    good = write_csv(settings.inbox_path / "calls" / "night.csv", random_rows(15, 20))
    bad = good.with_name(os.fsdecode(b"caf\xe9.csv"))
    shutil.copy(good, bad)
    outcomes, errors = intake.take_inbox(settings, NOW, "tester")
    assert [outcome.accepted for outcome in outcomes] == [20]
    assert [path for _, path in inbox.files(settings)] == [bad]
    assert r"caf\xe9.csv" in str(errors[0])
    assert str(errors[0]).isascii()


def test_a_telephone_number_in_a_files_name_goes_no_further(tmp_path):
    settings = settings_for(tmp_path / "home")
    folder = settings.inbox_path / "calls"
    for seed, name in ((15, "calls of 07700 900123.csv"), (16, "calls of 02079460123.csv"), (17, "+447700900124.csv")):
        write_csv(folder / name, random_rows(seed, 20))
    for bad in ("07700900125 bad.csv", "07700900127 bad.csv"):
        (folder / bad).write_text("no,such,columns\n1,2,3\n")
    (folder / "07700900126").mkdir()
    (folder / "07700900126" / "deep.csv").write_text("x")
    outcomes, errors = intake.take_inbox(settings, NOW, "tester")
    assert [Path(outcome.file).name for outcome in outcomes] == [
        "number.csv",
        "calls of number.csv",
        "calls of number.csv",
    ]
    assert [path.name for _, path in inbox.files(settings)] == ["number bad-2.csv", "number bad.csv"]
    with warehouse.opened(settings) as con:
        kept = [name for (name,) in con.execute("select file_name from batch_ledger order by all").fetchall()]
    assert kept == ["calls of number.csv", "calls of number.csv", "number.csv"]
    told = [str(error) for error in errors] + [path.name for path in (folder / "taken").iterdir()]
    assert len(told) == 3 + 3
    assert not [text for text in told if re.search(r"7700|7946", text)]


def test_a_file_named_by_hand_is_kept_without_the_number_in_its_name(tmp_path):
    settings = settings_for(tmp_path / "home")
    take(settings, write_csv(tmp_path / "07700900123.csv", random_rows(15, 20)))
    assert [row["file_name"] for row in intake.batch_ledger(settings)] == ["number.csv"]


def test_a_run_that_fails_at_the_inbox_is_a_failed_run(tmp_path):
    settings = settings_for(tmp_path / "home")
    take(settings, write_csv(tmp_path / "log.csv", random_rows(15, 20)))
    (settings.home / "keys" / "vault.key").unlink()
    write_csv(settings.inbox_path / "calls" / "night.csv", random_rows(16, 20))
    with pytest.raises(MisuseError):
        pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester")
    told = json.loads((settings.home / "last_run.json").read_text())
    assert told["status"] == "failed"
    assert "vault key" in told["error"]


def test_a_first_run_that_takes_nothing_says_why(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(intake, "GROWING_SECONDS", 0)
    home = tmp_path / "home"
    (home / "inbox" / "acme").mkdir(parents=True)
    (home / "inbox" / "acme" / "night.csv").write_text("a,b\n1,2\n")
    assert run_command(["run", "--json"], {"MISUSE_HOME": str(home)}) == 2
    told = capsys.readouterr()
    assert "declares no source 'acme'" in told.err
    document = json.loads(told.out)
    assert document["status"] == "failed"
    assert "acme" in document["file_errors"][0]
    assert "acme" in document["error"]
    lines = status.status(settings_for(home), datetime.now(UTC)).lines
    left = [line for line in lines if line.word == "LEFT"]
    assert [(line.subject, "night.csv" in line.cause) for line in left] == [("acme", True)]
    failed = next(line for line in lines if line.word == "FAILED")
    assert "acme" in failed.cause


def test_what_is_no_file_is_told_and_keeps_no_file_out(tmp_path):
    settings = settings_for(tmp_path / "home")
    folder = settings.inbox_path / "calls"
    good = write_csv(folder / "night.csv", random_rows(15, 20))
    (folder / "2026-11").mkdir()
    shutil.copy(good, folder / "2026-11" / "good.csv")
    (folder / "empty").mkdir()
    (folder / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    os.mkfifo(folder / "pipe.csv")
    outcomes, errors = intake.take_inbox(settings, NOW, "tester")
    assert [outcome.accepted for outcome in outcomes] == [20]
    assert [(error.message.split(" is ")[0], error.exit_code) for error in errors] == [
        ("calls/2026-11", 0),
        ("calls/gone.csv", 0),
        ("calls/pipe.csv", 0),
    ]
    assert "move its files up into" in errors[0].next_step
    pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester")
    left = [line.cause for line in status.status(settings, datetime.now(UTC)).lines if line.key == "LEFT inbox"]
    assert [cause.split(" is ")[0] for cause in left] == ["calls/2026-11", "calls/gone.csv", "calls/pipe.csv"]


def test_a_growing_file_waits(tmp_path, monkeypatch):
    settings = settings_for(tmp_path / "home")
    path = write_csv(settings.inbox_path / "calls" / "night.csv", random_rows(16, 20))

    def grow(_seconds):
        with path.open("a") as file:
            file.write("more")

    monkeypatch.setattr(intake.time, "sleep", grow)
    touched = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    outcomes, errors = intake.take_inbox(settings, touched, "tester")
    assert outcomes == []
    assert "still growing" in str(errors[0])
    assert path.exists()


def test_a_second_writer_is_told_who_holds_the_lock(tmp_path):
    import subprocess
    import sys

    settings = settings_for(tmp_path)
    with warehouse.writer(settings):
        code = (
            "import sys; from pathlib import Path; from misuse import warehouse; from misuse.settings import Settings\n"
            "from misuse.errors import LockHeld\n"
            "try:\n"
            "    warehouse.writer(Settings(home=Path(sys.argv[1]))).__enter__()\n"
            "except LockHeld as error:\n"
            "    print(error)\n"
        )
        told = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "another run is writing" in told.stdout
    assert LockHeld.exit_code == 4


@pytest.mark.parametrize("kind", ["vault", "token"])
def test_a_wrong_key_is_said_plainly(tmp_path, kind):
    settings = settings_for(tmp_path / "home", token_key="")
    take(settings, write_csv(tmp_path / "log.csv", random_rows(17, 20)))
    (settings.home / "keys" / f"{kind}.key").write_text("0" * 64)
    with pytest.raises(StoreError, match="key") as caught, warehouse.opened(settings, with_vault=True):
        pytest.fail("opened with a wrong key")
    assert "0" * 20 not in str(caught.value)


@pytest.mark.parametrize("kind", ["vault", "token"])
def test_a_missing_key_is_never_made_anew(tmp_path, kind):
    settings = settings_for(tmp_path / "home", token_key="")
    take(settings, write_csv(tmp_path / "log.csv", random_rows(18, 20)))
    (settings.home / "keys" / f"{kind}.key").unlink()
    with pytest.raises(StoreError, match="missing"), warehouse.opened(settings, with_vault=True):
        pytest.fail("opened without its key")


def test_the_stores_and_keys_are_the_owners_alone(tmp_path):
    settings = settings_for(tmp_path / "home", token_key="")
    take(settings, write_csv(tmp_path / "log.csv", random_rows(19, 20)))
    for name in ("vault.duckdb", "warehouse.duckdb", "keys/vault.key", "keys/token.key", "writer.lock"):
        assert (settings.home / name).stat().st_mode & 0o077 == 0, name


def test_the_vault_is_not_readable_without_its_key(tmp_path):
    settings = settings_for(tmp_path / "home")
    rows = random_rows(20, 20)
    take(settings, write_csv(tmp_path / "log.csv", rows))
    raw = Path(settings.home / "vault.duckdb").read_bytes()
    assert b"Osfarrow" not in raw
    assert ingest.file_digest(settings.home / "vault.duckdb")


@pytest.mark.usefixtures("unchecked")
def test_the_first_file_of_a_source_is_warned_of_by_that_sources_codes(tmp_path):
    synth.make(synth.SyntheticSettings(days=3, calls_per_day=100), tmp_path / "synth")
    files = sorted((tmp_path / "synth" / "log").glob("*.csv"))
    settings = settings_for(tmp_path / "home")
    outcomes = list(intake.ingest_files(settings, files, "synthetic", actor="tester", now=NOW))
    assert not any("coded misuse" in warning for outcome in outcomes for warning in outcome.warnings)
    (genuine,) = take(
        settings_for(tmp_path / "other"),
        write_csv(tmp_path / "genuine.csv", [call(code="THEFT"), call(ref="A2", code="RTC")]),
    )
    assert "no call of this file is coded misuse" in genuine.warnings[0]
    # Where the closing code says that it is not known, the opening code decides.
    doubtful = SOURCE | {
        "columns": {**SOURCE["columns"], "opening_code": "code", "closing_code": "result"},
        "misuse": {"opening_code": ["HOAX"]},
        "doubt": {},
    }
    (opened,) = take(
        settings_for(tmp_path / "opened", sources={"calls": doubtful}),
        write_csv(
            tmp_path / "opened.csv",
            [call(code="HOAX", result="NOT KNOWN"), call(ref="A2", code="HOAX", result="NOT KNOWN")],
        ),
    )
    assert not any("no call of this file is coded misuse" in warning for warning in opened.warnings)


def layouts_of(home):
    """The source's layout as first declared, with one column less, and with one column's codes renamed."""
    fewer = {"columns": {field: column for field, column in SOURCE["columns"].items() if field != "borough"}}
    return [settings_for(home, sources={"calls": SOURCE | change}) for change in ({}, fewer)] + [
        corrected_settings(home)
    ]


@pytest.mark.parametrize("later", [1, 2])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.usefixtures("unchecked")
def test_overlapping_files_are_read_again_by_another_layout_in_any_order(tmp_path, later, order):
    rows = random_rows(31, 120)
    files = [write_csv(tmp_path / "a.csv", rows[:90]), write_csv(tmp_path / "b.csv", rows[30:])]
    layouts = layouts_of(tmp_path / "home")
    take(layouts[0], *files)
    first, second = take(layouts[later], *(files[n] for n in order))
    assert any("as another layout of the source read them" in warning for warning in first.warnings)
    assert not any("as another layout of the source read them" in warning for warning in second.warnings)
    clean = layouts_of(tmp_path / "clean")[later]
    take(clean, *files)
    assert state(layouts[0]) == state(clean)


@pytest.mark.usefixtures("unchecked")
def test_numbers_are_read_again_by_their_region_where_files_overlap(tmp_path):
    """The fields are the same; whose number it is, is not."""
    rows = [call(ref=f"A{n}", cli=f"020 7946 00{n:02d}") for n in range(30)]
    files = [write_csv(tmp_path / "a.csv", rows[:20]), write_csv(tmp_path / "b.csv", rows[10:])]
    abroad, mended = (
        settings_for(tmp_path / "home", sources={"calls": SOURCE | {"numbers": {"region": region}}})
        for region in ("US", "GB")
    )
    take(abroad, *files)
    take(mended, *files)
    assert answer(mended, "select distinct number_kind, number_token is null from call_records") == [("fixed", False)]
    clean = settings_for(tmp_path / "clean")
    take(clean, *files)
    assert state(mended) == state(clean)


@pytest.mark.usefixtures("unchecked")
def test_a_rolling_extract_goes_on_when_one_more_column_is_mapped(tmp_path):
    rows = random_rows(32, 160)
    mapped, fewer, _ = layouts_of(tmp_path / "home")
    (night,) = take(fewer, write_csv(tmp_path / "1.csv", rows[:100]))
    before = state(mapped)
    later = take(
        mapped,
        write_csv(tmp_path / "2.csv", rows[30:130]),
        write_csv(tmp_path / "3.csv", rows[60:]),
        tmp_path / "1.csv",
    )
    clean = layouts_of(tmp_path / "clean")[0]
    take(clean, tmp_path / "3.csv", tmp_path / "1.csv", tmp_path / "2.csv")
    assert state(mapped) == state(clean)
    assert [row["state"] for row in intake.batch_ledger(mapped) if row["batch_id"] == night.batch_id] == ["withdrawn"]
    for outcome in later:
        withdraw(mapped, outcome)
    take(fewer, tmp_path / "1.csv")
    assert state(mapped) == before


def boroughs(settings):
    """Borough and closing code of the current calls, in order."""
    return answer(settings, "select borough, closing_code from call_records order by all")


@pytest.mark.usefixtures("unchecked")
def test_of_equal_versions_the_layout_declared_last_counts_and_a_withdrawal_gives_back_what_was(tmp_path):
    first, fewer, renamed = layouts_of(tmp_path / "home")
    shared = call(borough="Ealing", code="THEFT")
    a, b, c, d = (
        write_csv(tmp_path / f"{name}.csv", [row | {"ref": f"own {name}"}, *([row] if name in "ab" else [])])
        for name, row in (("a", shared), ("b", shared), ("c", call()), ("d", call()))
    )
    take(first, a)
    by_first = ("EALING", "THEFT")
    take(fewer, b)
    assert boroughs(first).count(by_first) == 1
    alone = state(first)
    (third,) = take(renamed, c)  # a third layout that read neither leaves them as they were
    assert boroughs(first).count((None, "THEFT")) == 2
    withdraw(first, third)
    assert state(first) == alone
    (again,) = take(first, d)  # the first one is declared again: what it read counts again
    assert boroughs(first).count(by_first) == 2
    assert boroughs(first).count((None, "THEFT")) == 1
    withdraw(first, again)
    assert state(first) == alone


@pytest.mark.usefixtures("unchecked")
def test_a_row_that_two_layouts_read_alike_ranks_by_the_later_whoever_bears_it(tmp_path):
    plain = call(borough="")
    told = call(borough="Ealing")
    states = []
    for n, order in enumerate((("plain", "told", "again"), ("told", "plain", "again"))):
        first, _, renamed = layouts_of(tmp_path / f"home{n}")
        rows = {"plain": [plain], "told": [told], "again": [call(ref="B1"), plain]}
        paths = {name: write_csv(tmp_path / f"{name}.csv", found) for name, found in rows.items()}
        take(first, *(paths[name] for name in order[:2]))
        take(renamed, paths["again"])
        assert ("EALING", "HOAX") not in boroughs(first)
        states.append(state(first))
    assert states[0] == states[1]


@pytest.mark.usefixtures("unchecked")
def test_another_layout_excuses_no_id_that_restarts(tmp_path):
    first, fewer, _ = layouts_of(tmp_path / "home")
    (held,) = take(first, write_csv(tmp_path / "1.csv", [call()]))
    with pytest.raises(KeyCollision, match="more than 24 hours apart") as refused:
        take(fewer, write_csv(tmp_path / "2.csv", [call(received="2025-06-03 12:00:00", version="2")]))
    assert "read the times wrong" in refused.value.next_step
    assert held.batch_id in str(refused.value)


@pytest.mark.usefixtures("unchecked")
def test_a_date_corrected_by_days_names_rows_and_batches_and_keeps_no_other_file_out(tmp_path):
    settings = settings_for(tmp_path / "home")
    (held,) = take(settings, write_csv(tmp_path / "c.csv", [call()]))
    moved = call(received="2025-06-03 12:00:00", version="2")
    others = [call(ref=f"B{n}") for n in range(60)]
    refused, gone_in = intake.ingest_files(
        settings,
        [
            write_csv(tmp_path / "d.csv", [*others, moved]),
            write_csv(tmp_path / "e.csv", [call(ref="Z")]),
        ],
        "calls",
        actor="tester",
        now=NOW,
    )
    assert isinstance(refused, KeyCollision)
    assert (
        f"1 call id stands for calls more than 24 hours apart (its rows 61, against batch {held.batch_id} (c.csv))"
        in str(refused)
    )
    assert f"misuse batch withdraw {held.batch_id}" in refused.next_step
    assert gone_in.accepted == 1


TEXT_VERSION = SOURCE | {"version": {"kind": "text"}}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ([["28/02/2025 09:00"], ["01/03/2025 09:00"]], ["order as text", "order as text"]),
        ([["9"], ["10"]], ["", "whose order is that of text"]),
        ([["9", "10"]], ["numbers of unequal length"]),
        ([["V9"], ["V10"]], ["", "whose order is that of text"]),
        ([["1.9"], ["1.10"]], ["", "whose order is that of text"]),
        ([["1.9", "1.10"]], ["texts with numbers of unequal length"]),
        ([["2025-02-28 09:00:00.5"], ["2025-02-28 09:00:00.25"]], ["", ""]),
        ([["2025-02-28 09:00"], ["2025-03-01 09:00"]], ["", ""]),
        ([["1", "2"], ["3"]], ["", ""]),
        ([["A", "10"], ["B"]], ["", ""]),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_a_version_that_text_puts_in_the_wrong_order_is_told(tmp_path, files, told):
    settings = settings_for(tmp_path / "home", sources={"calls": TEXT_VERSION})
    paths = [
        write_csv(tmp_path / f"{n}.csv", [call(version=version, remarks=f"{n} {version}") for version in versions])
        for n, versions in enumerate(files)
    ]
    for outcome, words in zip(take(settings, *paths), told, strict=True):
        found = "; ".join(outcome.warnings)
        assert words in found
        assert bool(words) == ("version" in found)


@pytest.mark.usefixtures("unchecked")
def test_a_word_that_says_that_no_place_is_known_is_no_premises(tmp_path):
    places = SOURCE | {"caller_key": "premises", "columns": SOURCE["columns"] | {"premises": "cli"}}
    places["columns"].pop("cli")
    settings = settings_for(tmp_path / "home", sources={"calls": places | {"absent_words": ["at sea"]}})
    words = (
        "UNKNOWN",
        "Unknown",
        " N/K ",
        "not  known",
        "Withheld",
        "At Sea",
        "Address unknown,",
        "1 Unknown Street",
        "1 UNKNOWN STREET",
    )
    take(settings, write_csv(tmp_path / "a.csv", [call(ref=f"A{n}", cli=word) for n, word in enumerate(words)]))
    asked = "select count(*), count(premises_token), count(distinct premises_token) from call_records"
    assert answer(settings, asked) == [(9, 2, 1)]
    assert answer(settings, "select count(*) from vault.premises") == [(1,)]


def test_premises_leave_numbers_unread_and_say_so(tmp_path):
    columns = SOURCE["columns"] | {"premises": "address"}
    settings = settings_for(
        tmp_path / "home", sources={"calls": SOURCE | {"caller_key": "premises", "columns": columns}}
    )
    rows = [call(ref=f"A{n}", address=f"{n} High Street") for n in range(40)]
    (outcome,) = take(settings, write_csv(tmp_path / "a.csv", rows))
    told = [warning for warning in outcome.warnings if "cli" in warning or "number" in warning]
    assert [warning.split(":")[0] for warning in told] == [
        "cli ('cli') is mapped and not used, for caller_key = \"premises\" keeps callers by premises"
    ]


@pytest.mark.usefixtures("unchecked")
def test_ids_that_restart_within_a_day_are_told_where_a_version_hides_them(tmp_path):
    desks = [
        call(ref=str(n), cli=f"07700 900{hour * 30 + n}", received=f"2025-06-01 {hour}:{n:02d}:00", version=str(hour))
        for n in range(30)
        for hour in (10, 11)
    ]
    (outcome,) = take(settings_for(tmp_path / "one"), write_csv(tmp_path / "a.csv", desks))
    assert outcome.superseded == 30
    (told,) = [warning for warning in outcome.warnings if "may restart" in warning]
    assert told.startswith("30 of 30 superseded rows are of another number and another time")
    apart = settings_for(tmp_path / "two")
    by_desk = [[row for row in desks if row["version"] == desk] for desk in ("10", "11")]
    *_, second = take(apart, *(write_csv(tmp_path / f"{n}.csv", rows) for n, rows in enumerate(by_desk)))
    assert any("30 of 30 superseded rows" in warning for warning in second.warnings), "in files of their own too"
    for same in ("cli", "received"):
        alike = [row | {same: desks[int(row["ref"]) * 2][same]} for row in desks]
        (outcome,) = take(settings_for(tmp_path / same), write_csv(tmp_path / f"{same}.csv", alike))
        assert outcome.superseded == 30
        assert not any("may restart" in warning for warning in outcome.warnings), "corrected, not another call"


@pytest.mark.usefixtures("unchecked")
def test_a_version_that_is_no_whole_number_is_not_rounded_and_a_refusal_says_that_it_was_unread(tmp_path):
    settings = settings_for(tmp_path / "home")
    one = [call(version=version, code=f"CODE {version}") for version in ("1.4", "1.5", "1.0")]
    (outcome,) = take(settings, write_csv(tmp_path / "a.csv", one))
    assert outcome.oddities["version_unreadable"] == 2
    assert current_codes(settings) == ["CODE 1.0"]
    many = [call(ref=f"B{n}", version=f"1.{part}", remarks=str(part)) for n in range(20) for part in (4, 5)]
    with pytest.raises(KeyCollision, match=r'40 of its versions could not be read as kind = "integer"') as refused:
        take(settings, write_csv(tmp_path / "b.csv", many))
    assert "[sources.calls.version] kind" in refused.value.next_step


@pytest.mark.usefixtures("unchecked")
def test_versions_ranked_by_two_kinds_of_column_are_told(tmp_path):
    text = settings_for(tmp_path / "home", sources={"calls": TEXT_VERSION})
    take(text, write_csv(tmp_path / "1.csv", [call(version="9")]))
    whole = settings_for(tmp_path / "home")
    (later,) = take(whole, write_csv(tmp_path / "2.csv", [call(version="10", code="THEFT")]))
    assert any("another kind of version column" in warning for warning in later.warnings)
    take(whole, tmp_path / "1.csv")
    assert current_codes(whole) == ["THEFT"]


@pytest.mark.usefixtures("unchecked")
def test_a_warehouse_without_turns_gets_them_by_when_layouts_were_last_used(tmp_path):
    first, fewer, _ = layouts_of(tmp_path / "home")
    files = [write_csv(tmp_path / f"{n}.csv", [call(ref=f"B{n}")]) for n in range(3)]
    older, newer, newest = (*take(first, files[0]), *take(fewer, *files[1:]))
    with warehouse.opened(first, with_vault=True) as con:
        con.execute(
            "update batch_ledger set ingested_at = ingested_at - interval 1 day where layout_digest <> "
            "(select layout_digest from batch_ledger where batch_id = $newer)",
            {"newer": newer.batch_id},
        )
        con.execute("drop table layout_turns")
        con.execute("delete from schema_version where version = 3")
    expected = {(older.batch_id, 1), (newer.batch_id, 2), (newest.batch_id, 2)}
    assert set(answer(first, "select batch_id, layout_turn from layout_turns")) == expected
