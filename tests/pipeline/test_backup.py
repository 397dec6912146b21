"""Backups: one moment of every store, whole or not there, without a key, and the same again once put back."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from misuse import casebook, disposal, pipeline, publication, vault, warehouse
from misuse.backup import back_up, checked, copying, manifest, restore
from misuse.casebook import keeping
from misuse.cli import run_command
from misuse.errors import LockHeld, MisuseError, Refused, ResourceError, StoreError, UsageError
from misuse.settings import SQL_ROOT
from tests.commands import another_writes
from tests.logs import COLUMNS, NOW, random_rows, settings_for, write_csv
from tests.pipeline.test_nothing_leaks import LAYOUT
from tests.unreported import unreported

BARRED = "00000000-0000-0000-0000-0000000000b1"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A home with a published run, a user, a stop and a waiting file; every key in a file."""
    home = tmp_path_factory.mktemp("backup") / "home"
    settings = settings_for(home, token_key="")
    home.mkdir()
    (home / "misuse.toml").write_text(LAYOUT, encoding="utf-8")
    write_csv(settings.inbox_path / "calls" / "log.csv", random_rows(91, 250), COLUMNS)
    with unreported():
        assert pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester").status == "published"
    with casebook.opened(settings) as book:
        book.set_user("boss", "administrator", actor="tester", occurred_at=NOW)
    os.utime(settings.published_path / f"{run_of(settings)}.duckdb", (1.7e9, 1.7e9))
    return settings


@pytest.fixture
def settings(template, tmp_path):
    """A copy of that home, to break."""
    shutil.copytree(template.home, tmp_path / "home", symlinks=True)
    return dataclasses.replace(template, home=tmp_path / "home")


@pytest.fixture
def outside(tmp_path):
    """Another disk."""
    folder = tmp_path / "outside"
    folder.mkdir()
    return folder


def run_of(settings):
    return settings.current_path.resolve().stem


def taken(settings, outside, now=NOW):
    return back_up(settings, outside, clock=lambda: now, actor="tester").path


def escrowed(settings, folder):
    """The keys as they lie in a safe."""
    shutil.copytree(settings.home / "keys", folder)
    return folder


def put_back(settings, path, escrow, now=NOW, **options):
    other = dataclasses.replace(settings, home=settings.home.with_name("again"))
    return other, restore(path, other, escrow=escrow, now=now, actor="tester", **options)


def counts(settings):
    """Calls, vault rows and batches."""
    with warehouse.opened(settings, with_vault=True) as con:
        return con.execute(
            "select (select count(*) from call_records), (select count(*) from vault.call_details),"
            " (select count(*) from batch_ledger)"
        ).fetchone()


# ── the same again ─────────────────────────────────────────────────────────────────────────────


def test_what_is_put_back_is_what_was_there(settings, outside, tmp_path, unreported):
    write_csv(settings.inbox_path / "calls" / "next.csv", random_rows(92, 5), COLUMNS)
    done = back_up(settings, outside, clock=lambda: NOW, actor="tester")
    assert done.manifest.waiting == 1
    other, restored = put_back(settings, done.path, escrowed(settings, tmp_path / "safe"))
    assert restored.faults == ()
    assert counts(other) == counts(settings) == (250, 250, 1)
    assert publication.digest(other.current_path.resolve()) == publication.digest(settings.current_path.resolve())
    with contextlib.closing(sqlite3.connect(casebook.casebook_path(other))) as con:
        assert con.execute("pragma journal_mode").fetchone() == ("wal",), "or readers would wait for writers"
    assert not list(done.path.glob("casebook.sqlite-*"))
    with casebook.opened(other) as book:
        assert book.faults() == []
        assert [event.kind for event in book.entries()][-1] == "backup_restored"
        assert book.count() == done.manifest.casebook["events"] + 1
    outcome = pipeline.run(other, as_of=None, clock=lambda: NOW + timedelta(hours=1), actor="tester")
    assert (outcome.status, outcome.run_id) == ("skipped", run_of(settings)), "nothing new, so the same run stands"


@pytest.mark.parametrize("inbox", ["arrivals", "reports-of-others/logs"])
def test_no_backup_holds_the_inbox_whatever_it_is_called(settings, outside, inbox):
    moved = dataclasses.replace(settings, inbox=inbox)
    log = write_csv(moved.inbox_path / "calls" / "waits.csv", random_rows(92, 5), COLUMNS)
    try:
        done = back_up(moved, outside, clock=lambda: NOW, actor="tester")
    finally:
        shutil.rmtree(settings.home / Path(inbox).parts[0])
    assert done.manifest.waiting == 1
    assert not [name for name in done.manifest.files if log.name in name]
    assert not list(outside.rglob(log.name))


def test_modes_and_ages_come_back_too(settings, outside, tmp_path):
    other, _ = put_back(settings, taken(settings, outside), escrowed(settings, tmp_path / "safe"))
    for name in ("vault.duckdb", "published", f"published/{run_of(settings)}.duckdb", f"reports/{run_of(settings)}"):
        before, after = (settings.home / name).stat(), (other.home / name).stat()
        assert after.st_mode & 0o777 == before.st_mode & 0o750, name
        if name.startswith(("published/", "reports/")):
            assert after.st_mtime_ns == before.st_mtime_ns, "what goes is decided by age"
    assert other.current_path.readlink() == Path(f"{run_of(settings)}.duckdb")
    assert not other.inbox_path.exists()


def test_no_file_of_a_backup_holds_a_key_or_can_be_read_by_others(settings, outside):
    path = taken(settings, outside)
    keys = [file.read_text().strip().encode() for file in (settings.home / "keys").iterdir()]
    assert len(keys) == 3
    for file in path.rglob("*"):
        if file.is_file() and not file.is_symlink():
            content = file.read_bytes()
            assert not any(key in content for key in keys), file
            assert file.stat().st_mode & 0o077 == 0, file
    assert not (path / "keys").exists()


def test_a_key_that_lies_beside_the_data_is_refused(settings, outside):
    shutil.copy(settings.home / "keys" / "vault.key", settings.reports_path / "notes.txt")
    with pytest.raises(Refused, match=r"notes\.txt holds a key"):
        taken(settings, outside)
    assert list(outside.iterdir()) == []


def test_a_backup_is_recorded(settings, outside):
    path = taken(settings, outside)
    with casebook.opened(settings) as book:
        (event,) = book.entries("backup_taken")
    assert event.actor == "tester"
    assert (event.data["backup"], event.data["digest"]) == (path.name, manifest.read(path)[0].digest)


def test_what_a_killed_run_left_in_the_logs_is_backed_up(settings, outside, tmp_path):
    code = (
        "import os, sys, duckdb\n"
        "con = duckdb.connect(sys.argv[1]); con.execute(\"insert into marks values ('planted', 'x')\")\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(warehouse.warehouse_path(settings))], check=False)
    assert list(settings.home.glob("warehouse.duckdb.wal"))
    other, _ = put_back(settings, taken(settings, outside), escrowed(settings, tmp_path / "safe"))
    with warehouse.opened(other) as con:
        assert con.execute("select count(*) from marks where name = 'planted'").fetchone() == (1,)


def test_one_is_taken_while_the_room_writes(settings, outside, tmp_path):
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            with casebook.opened(settings) as book:
                book.record("retention_done", actor="pipeline", occurred_at=NOW, payload={"number": number})

    room = threading.Thread(target=write)
    room.start()
    try:
        done = back_up(settings, outside, clock=lambda: NOW, actor="tester")
    finally:
        ended.set()
        room.join()
    other, restored = put_back(settings, done.path, escrowed(settings, tmp_path / "safe"))
    assert restored.faults == ()
    with casebook.opened(other) as book, casebook.opened(settings) as own:
        numbers = [event.data["number"] for event in book.entries("retention_done")]
        assert numbers == list(range(1, len(numbers) + 1))
        assert own.count() >= book.count() - 1
        assert own.faults() == []


def test_stores_of_an_older_schema_are_backed_up_as_they_are_and_brought_forward_once_put_back(
    tmp_path, outside, monkeypatch
):
    older = tmp_path / "older"
    shutil.copytree(SQL_ROOT / "schema", older / "schema")
    for path in [*older.glob("schema/warehouse_*.sql"), *older.glob("schema/vault_*.sql")]:
        if not path.stem.endswith("_001"):
            path.unlink()
    settings = settings_for(tmp_path / "home", token_key="")
    with monkeypatch.context() as patch:
        patch.setattr(warehouse, "SQL_ROOT", older)
        patch.setattr(vault, "SQL_ROOT", older)
        with warehouse.opened(settings, with_vault=True) as con:
            con.execute("insert into marks values ('planted', 'x')")
            con.execute("insert into vault.premises values (uuid(), '1 Nowhere', 'b1')")
    path = taken(settings, outside)
    assert not (settings.home / "backups").exists(), "a backup changes no schema"
    other, _ = put_back(settings, path, escrowed(settings, tmp_path / "safe"))
    with warehouse.opened(other, with_vault=True) as con:
        versions = "select (select max(version) from schema_version), (select max(version) from vault.schema_version)"
        assert all(version > 1 for version in con.execute(versions).fetchone() or (0,))
        assert con.execute("select count(*) from marks where name = 'planted'").fetchone() == (1,)
        assert con.execute("select premises from vault.premises").fetchone() == ("1 Nowhere",)


# ── what is refused ────────────────────────────────────────────────────────────────────────────


def test_nothing_is_put_back_over_anything(settings, outside, tmp_path):
    path, safe = taken(settings, outside), escrowed(settings, tmp_path / "safe")
    before = sorted(file.name for file in settings.home.iterdir())
    with pytest.raises(Refused, match="is not empty"):
        restore(path, settings, escrow=safe, now=NOW, actor="tester")
    assert sorted(file.name for file in settings.home.iterdir()) == before
    empty = tmp_path / "again"
    empty.mkdir()
    put_back(settings, path, safe)


@pytest.mark.parametrize("name", ["vault.duckdb", "warehouse.duckdb", "casebook.sqlite", "misuse.toml"])
def test_a_file_that_was_changed_or_is_gone_is_named(settings, outside, tmp_path, name):
    path, safe = taken(settings, outside), escrowed(settings, tmp_path / "safe")
    file = path / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(StoreError, match=f"{name} is not as it was backed up"):
        put_back(settings, path, safe)
    file.unlink()
    with pytest.raises(StoreError, match=f"{name}: No such file"):
        checked(path, settings)
    assert not (tmp_path / "again").exists()
    assert not list(tmp_path.glob(".again*"))


def test_a_manifest_that_was_made_to_fit_is_not_believed(settings, outside, tmp_path):
    """Whoever changes the casebook's copy and reckons every digest anew lacks the key of the seal."""
    path, safe = taken(settings, outside), escrowed(settings, tmp_path / "safe")
    found, _ = manifest.read(path)
    (path / "misuse.toml").write_text("[settings]\nthreshold = 3\n", encoding="utf-8")
    size, digest = copying.digest_of(path / "misuse.toml")
    entry = {**found.files["misuse.toml"], "bytes": size, "sha256": digest}
    forged = dataclasses.replace(found, files={**found.files, "misuse.toml": entry})
    (path / manifest.NAME).write_text(forged.document("another key"), encoding="utf-8")
    with pytest.raises(StoreError, match="not sealed with the casebook key"):
        put_back(settings, path, safe)


@pytest.mark.parametrize(
    "changes",
    [
        {"links": {"published/current.duckdb": "../../../etc/passwd"}},
        {"links": {"warehouse.duckdb": "/etc/passwd"}},
        {"folders": {"../beside": [0o700, 0]}},
        {"files": {"/planted": {"bytes": 0, "sha256": "0" * 64, "mode": 0o600, "changed": 0}}},
        {"files": {"keys/vault.key": {"bytes": 0, "sha256": "0" * 64, "mode": 0o600, "changed": 0}}},
    ],
)
def test_a_manifest_leads_nowhere_outside_the_home(settings, outside, changes):
    path = taken(settings, outside)
    key = keeping.held(casebook.casebook_path(settings), "", is_used=True)
    forged = dataclasses.replace(manifest.read(path)[0], **changes)
    (path / manifest.NAME).write_text(forged.document(key), encoding="utf-8")
    with pytest.raises(StoreError, match="changed or damaged"):
        checked(path, settings)


def test_a_link_in_a_backup_is_not_followed(settings, outside):
    path = taken(settings, outside)
    content = (path / "misuse.toml").read_bytes()
    (outside / "elsewhere").write_bytes(content)
    (path / "misuse.toml").unlink()
    (path / "misuse.toml").symlink_to(outside / "elsewhere")
    with pytest.raises(StoreError, match=r"misuse\.toml"):
        checked(path, settings)


@pytest.mark.parametrize("name", ["vault.duckdb", "manifest.json"])
def test_a_pipe_in_a_backup_is_not_waited_for(settings, outside, name):
    path = taken(settings, outside)
    (path / name).unlink()
    os.mkfifo(path / name)
    with pytest.raises(StoreError, match=r"no plain file|no whole backup"):
        checked(path, settings)


@pytest.mark.parametrize("name", ["vault", "token", "casebook"])
def test_another_key_opens_nothing(settings, outside, tmp_path, name):
    path, safe = taken(settings, outside), escrowed(settings, tmp_path / "safe")
    (safe / f"{name}.key").write_text("9" * 64 + "\n")
    with pytest.raises(StoreError):
        put_back(settings, path, safe)
    assert not (tmp_path / "again").exists()


def test_without_keys_nothing_is_put_back(settings, outside, tmp_path):
    path = taken(settings, outside)
    with pytest.raises(StoreError, match="casebook key was not given"):
        put_back(settings, path, None)
    # Two keys of three: without the casebook's the seal cannot be tried, without the vault's nothing opens.
    for missing in ("casebook", "vault"):
        safe = escrowed(settings, tmp_path / f"without-{missing}")
        (safe / f"{missing}.key").unlink()
        with pytest.raises(StoreError, match=f"{missing} key was not given"):
            put_back(settings, path, safe)
    (tmp_path / "bare").mkdir()
    with pytest.raises(UsageError, match="holds none of"):
        put_back(settings, path, tmp_path / "bare")
    assert not list(tmp_path.glob(".again*"))


def test_keys_of_the_environment_are_written_nowhere(settings, outside):
    path = taken(settings, outside)
    given = {
        f"{name}_key": (settings.home / "keys" / f"{name}.key").read_text().strip()
        for name in ("vault", "token", "casebook")
    }
    other, _ = put_back(dataclasses.replace(settings, **given), path, None)
    assert not (other.home / "keys").exists()
    assert counts(other) == counts(settings)


def test_a_backup_never_lies_in_its_own_home_nor_nowhere(settings, tmp_path):
    for folder in (settings.home, settings.reports_path):
        with pytest.raises(UsageError, match="lies in the data home"):
            taken(settings, folder)
    with pytest.raises(UsageError, match="there is no folder"):
        taken(settings, tmp_path / "not mounted")


def test_no_backup_while_a_run_writes(settings, outside):
    with another_writes(settings.home), pytest.raises(LockHeld):
        taken(settings, outside)
    assert list(outside.iterdir()) == []


def test_a_damaged_store_is_never_backed_up_as_a_good_one(settings, outside):
    path = warehouse.warehouse_path(settings)
    content = bytearray(path.read_bytes())
    for at in range(len(content) // 4, len(content), 65536):
        content[at] ^= 255
    path.write_bytes(content)
    with pytest.raises(MisuseError) as caught:
        taken(settings, outside)
    assert caught.value.next_step
    assert list(outside.iterdir()) == []


# ── no room, and killed ────────────────────────────────────────────────────────────────────────


def test_no_room_is_said_before_anything_is_written(settings, outside, monkeypatch):
    usage = shutil.disk_usage(outside)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(ResourceError, match="GB free"):
        taken(settings, outside)
    assert list(outside.iterdir()) == []


def test_a_disk_that_fills_up_leaves_nothing_half_made(settings, outside, tmp_path):
    good, safe = taken(settings, outside), escrowed(settings, tmp_path / "safe")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(ResourceError, match="nothing half-made was left"):
            taken(settings, outside, now=NOW + timedelta(minutes=1))
        with pytest.raises(ResourceError, match="nothing half-made was left"):
            put_back(settings, good, safe)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert [path.name for path in outside.iterdir()] == [good.name]
    assert not list(tmp_path.glob("*again*"))
    put_back(settings, good, safe)


def test_a_half_made_backup_is_none_and_goes_with_the_next(settings, outside, tmp_path):
    good = taken(settings, outside)
    half = outside / f".{good.name}9.part"
    shutil.copytree(good, half, symlinks=True)
    (half / manifest.NAME).unlink()
    with pytest.raises(StoreError, match="is no whole backup"):
        checked(half, settings)
    taken(settings, outside, now=NOW + timedelta(minutes=1))
    assert not half.exists()


# ── what was put away ──────────────────────────────────────────────────────────────────────────


def test_backups_past_their_day_go_with_the_next_and_are_not_put_back_unasked(settings, outside, tmp_path):
    old = taken(settings, outside)
    late = NOW + timedelta(days=settings.rights.backup_days + 1)
    safe = escrowed(settings, tmp_path / "safe")
    with pytest.raises(Refused, match="was to be gone by"):
        put_back(settings, old, safe, now=late)
    other, _ = put_back(settings, old, safe, now=late, is_late_wanted=True)
    shutil.rmtree(other.home)
    foreign = outside / "misuse-00000000-20200101T000000Z"
    shutil.copytree(old, foreign, symlinks=True)
    done = back_up(settings, outside, clock=lambda: late, actor="tester")
    assert done.removed == (old.name,)
    assert not old.exists()
    assert foreign.exists(), "another home's are not ours to remove"


def test_who_was_put_away_after_a_backup_is_put_away_again(settings, outside, tmp_path):
    old = taken(settings, outside)
    with publication.opened(settings) as con:
        (spell,) = con.execute("select spell_id from caller_spells order by calls desc, spell_id limit 1").fetchone()
    lines, _ = disposal.dispose(settings, [spell], lambda *_: None)
    with casebook.opened(settings) as book:
        noted = book.record("retention_done", actor="pipeline", occurred_at=NOW, payload={"told": "x"})
        leaves = {"spells": [spell], "lines": lines, "barred": [BARRED], "case_ref": "K1"}
        book.dispose([noted.event_id], reason="due", actor="boss", occurred_at=NOW, leaves=leaves)
    taken(settings, outside, now=NOW + timedelta(minutes=1))
    other, restored = put_back(settings, old, escrowed(settings, tmp_path / "safe"))
    (told,) = restored.newer_certificates
    assert told.startswith("K1, put away 2026-01-15")
    token = lines[0]["token"]
    for home in (settings, other):
        with casebook.opened(home) as book:
            assert ("put_away", BARRED, False, []) in book.tables(None)["casebook_kept_stops"], "it stays barred"
        with warehouse.opened(home) as con:
            found = con.execute("select count(*) from call_records where number_token = $token", {"token": token})
            assert found.fetchone() == (0,)


# ── the commands ───────────────────────────────────────────────────────────────────────────────


def test_the_commands_say_what_was_done(settings, outside, tmp_path, capsys):
    environment = {"MISUSE_HOME": str(settings.home)}
    assert run_command(["backup", str(outside), "--json"], dict(environment)) == 0
    done = json.loads(capsys.readouterr().out)
    assert set(done) == {
        "backup", "digest", "taken_at", "gone_by", "files", "bytes", "published", "casebook_events", "waiting", "removed",
        "faults",
    }  # fmt: skip
    safe, again = escrowed(settings, tmp_path / "safe"), tmp_path / "again"
    assert run_command(["restore", done["backup"], "--check"], dict(environment)) == 0
    assert "is whole" in capsys.readouterr().out
    words = ["restore", done["backup"], "--keys", str(safe)]
    assert run_command(words, dict(environment)) == 6
    assert "never put back over anything" in capsys.readouterr().err
    assert run_command([*words, "--json"], {"MISUSE_HOME": str(again)}) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {
        "home", "digest", "taken_at", "files", "bytes", "published", "casebook", "newer_certificates", "faults",
    }  # fmt: skip
    assert told["digest"] == done["digest"]
    assert run_command(["backup", str(tmp_path / "nowhere")], dict(environment)) == 2
    assert run_command(["restore", str(outside)], {"MISUSE_HOME": str(tmp_path / "third")}) == 5
    assert [path.name for path in outside.iterdir()] == [Path(done["backup"]).name]
