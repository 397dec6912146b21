"""Rows in and out: every row accounted for, and no order, splitting or repetition matters."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from misuse import ingest, intake, models, warehouse
from misuse.errors import InputError, KeyCollision, LockHeld, MisuseError, StoreError, UsageError
from tests.logs import NOW, random_rows, settings_for, write_csv


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
    real = models.script

    def dies(con, name, available):
        if name == "ingest/warehouse_write":
            raise KeyboardInterrupt
        real(con, name, available)

    monkeypatch.setattr(models, "script", dies)
    with pytest.raises(KeyboardInterrupt):
        take(settings, log)
    monkeypatch.setattr(models, "script", real)
    other = write_csv(tmp_path / "other.csv", random_rows(13, 30))
    take(settings, other)
    clean = settings_for(tmp_path / "clean")
    take(clean, other)
    assert state(settings) == state(clean)
    take(settings, log)
    take(clean, log)
    assert state(settings) == state(clean)


def test_one_files_error_keeps_no_other_out(tmp_path):
    settings = settings_for(tmp_path / "home")
    (tmp_path / "empty.csv").write_bytes(b"")
    good = write_csv(tmp_path / "good.csv", random_rows(14, 20))
    bad, taken = intake.ingest_files(settings, [tmp_path / "empty.csv", good], "calls", actor="t", now=NOW)
    assert isinstance(bad, InputError)
    assert "empty.csv" in str(bad)
    assert taken.accepted == 20


def test_the_inbox_is_taken_in_and_emptied(tmp_path):
    settings = settings_for(tmp_path / "home")
    write_csv(settings.inbox_path / "calls" / "night.csv", random_rows(15, 20))
    (settings.inbox_path / "calls" / "half.csv.part").write_text("not yet")
    outcomes, errors = intake.take_inbox(settings, NOW, "tester")
    assert [outcome.accepted for outcome in outcomes] == [20]
    assert errors == []
    assert [path.name for _, path in intake.inbox_files(settings)] == []
    assert len(list((settings.inbox_path / "calls" / "taken").iterdir())) == 1


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
