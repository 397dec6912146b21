"""The vault's keys: what is no key, which vault belongs to which, and a rotation that may be killed at any moment."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from misuse import casebook, intake, vault, warehouse
from misuse.cli import run_command
from misuse.errors import LockHeld, MisuseError, Refused, ResourceError, StoreError, UsageError
from misuse.vault import keys, rotation
from tests.commands import another_writes
from tests.logs import COLUMNS, NOW, random_rows, settings_for, write_csv

NEW = "n" * 64
BAD_ROW = "bad-1,nobody,no time,too,few\n"


def actor() -> str:
    import getpass

    return getpass.getuser()


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A home with calls, rejected rows and an administrator."""
    home = tmp_path_factory.mktemp("keys") / "home"
    settings = settings_for(home, token_key="")
    log = write_csv(home.parent / "log.csv", random_rows(61, 60), COLUMNS)
    with log.open("a", encoding="utf-8") as file:
        file.write(BAD_ROW)
    (outcome,) = intake.ingest_files(settings, [log], "calls", actor="tester", now=NOW)
    assert not isinstance(outcome, MisuseError)
    with casebook.opened(settings) as book:
        book.set_user(actor(), "administrator", actor=actor(), occurred_at=NOW)
    return settings


@pytest.fixture
def settings(template, tmp_path):
    """A copy of that home, to break."""
    home = tmp_path / "home"
    shutil.copytree(template.home, home)
    return dataclasses.replace(template, home=home)


def held(settings):
    """All that the vault holds."""
    with warehouse.opened(settings, with_vault=True) as con:
        return rotation.contents(con, "vault")


def held_alone(settings):
    """The same by the vault alone, which is quicker; then what a broken-off rotation left goes, as when all is opened."""
    with warehouse.writer(settings), warehouse.in_memory(settings, warehouse.scratch_path(settings)) as con:
        with vault.attached(con, settings):
            found = rotation.contents(con, "vault")
        vault.clear_unfinished(settings)
    return found


def rotate(settings, **options):
    given = {"before_exchange": lambda: None} | options
    with warehouse.writer(settings), warehouse.in_memory(settings, warehouse.scratch_path(settings)) as con:
        return rotation.rotate(con, settings, **given)


def opens_with(settings, key):
    """Whether the file itself opens with a key."""
    with warehouse.in_memory(settings, warehouse.scratch_path(settings)) as con:
        try:
            con.execute(vault.with_literals("attach $path as vault (encryption_key $key)", vault_file(settings), key))
        except duckdb.Error:
            return False
        con.execute("detach vault")
    return True


def vault_file(settings):
    return vault.vault_path(settings)


def key_file(settings, name="vault"):
    return keys.key_path(settings, name)


def put_key(path, text, mode=0o600):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)


# ── rotation ───────────────────────────────────────────────────────────────────────────────────


def test_a_rotation_changes_the_key_and_nothing_else(settings):
    before, old, inode = held(settings), key_file(settings).read_text().strip(), vault_file(settings).stat().st_ino
    done = rotate(settings)
    new = key_file(settings).read_text().strip()
    assert old != new
    assert (opens_with(settings, old), opens_with(settings, new)) == (False, True)
    assert held(settings) == before
    assert done.rows == sum(content.rows for content in before.values()) > 60
    assert vault_file(settings).stat().st_ino != inode
    for path in (vault_file(settings), key_file(settings)):
        assert path.stat().st_mode & 0o777 == 0o600
    left = [path.name for path in settings.home.rglob("*") if "next" in path.name or ".wal" in path.name]
    assert left == []


def test_the_content_check_notices_any_change(settings):
    before = held(settings)
    with warehouse.opened(settings, with_vault=True) as con:
        con.execute("update vault.call_details set person_name = 'X' where rowid = 3")
        changed = rotation.contents(con, "vault")
        con.execute("create table vault.added (a integer)")
        added = rotation.contents(con, "vault")
    assert [name for name in before if before[name] != changed[name]] == ["call_details"]
    assert set(added) - set(before) == {"added"}


def test_the_command_is_an_administrators_and_recorded_without_the_key(settings, capsys):
    environ = {"MISUSE_HOME": str(settings.home)}
    old = key_file(settings).read_text().strip()
    assert run_command(["vault", "rotate", "--reason", "a named test", "--json"], environ) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["rows"] > 60
    new = key_file(settings).read_text().strip()
    with casebook.opened(settings) as book:
        events = book.events()
        assert book.verify() is None
    assert events[-1]["kind"] == "vault_key_rotated"
    assert events[-1]["data"] == {"reason": "a named test"}
    told = json.dumps(events) + said.out + said.err
    assert not any(key[start : start + 12] in told for key in (old, new) for start in range(0, 52, 4))
    with casebook.opened(settings) as book:
        book.set_user("another", "administrator", actor=actor(), occurred_at=NOW)
        book.set_user(actor(), "reviewer", actor=actor(), occurred_at=NOW)
    assert run_command(["vault", "rotate", "--reason", "a named test"], environ) == Refused.exit_code
    with casebook.opened(settings) as book:
        (refused,) = book.entries("access_refused")
    assert refused.data["what"] == "rotate_vault_key"
    assert run_command(["vault", "rotate", "--reason", " "], environ) == UsageError.exit_code
    assert key_file(settings).read_text().strip() == new


def test_a_rotation_that_cannot_be_recorded_does_not_happen(settings):
    before, old = held(settings), key_file(settings).read_text()

    def refuse():
        raise LockHeld("somebody else is writing to the casebook")

    with pytest.raises(LockHeld):
        rotate(settings, before_exchange=refuse)
    assert key_file(settings).read_text() == old
    assert held(settings) == before
    assert vault.unfinished(settings) == []


def test_a_copy_that_is_not_the_same_is_never_put_in_place(settings, monkeypatch):
    before, old = held(settings), key_file(settings).read_text()
    real = rotation.contents
    monkeypatch.setattr(rotation, "contents", lambda con, name: real(con, name) if name == "vault" else {})
    with pytest.raises(StoreError, match="not the same"):
        rotate(settings)
    monkeypatch.undo()
    assert key_file(settings).read_text() == old
    assert held(settings) == before
    assert vault.unfinished(settings) == []


def test_while_another_process_writes_nothing_rotates(settings):
    with another_writes(settings.home), pytest.raises(LockHeld):
        rotate(settings)


def test_copies_that_the_old_key_opens_go_with_it(settings):
    copy = settings.home / "backups" / "vault-version-1.duckdb"
    copy.parent.mkdir(exist_ok=True)
    shutil.copy2(vault_file(settings), copy)
    assert rotate(settings).copies_removed == 1
    assert not copy.exists()


def test_without_a_vault_there_is_nothing_to_rotate(tmp_path):
    with pytest.raises(UsageError, match="no vault yet"):
        rotate(settings_for(tmp_path / "home"))


def test_writes_that_still_lay_in_the_log_are_rotated_too(settings):
    """A run that was killed leaves writes beside the file; under the new key nothing could read them."""
    key = key_file(settings).read_text().strip()
    code = (
        "import os, sys, duckdb; from misuse import vault\n"
        "con = duckdb.connect(); con.load_extension(str(vault.cipher_extension()))\n"
        "con.execute(sys.argv[1]); con.execute(\"insert into vault.premises values (uuid(), '1 Nowhere', 'b1')\")\n"
        "os.kill(os.getpid(), 9)"
    )
    statement = vault.with_literals("attach $path as vault (encryption_key $key)", vault_file(settings), key)
    subprocess.run([sys.executable, "-c", code, statement], check=False)
    assert list(settings.home.glob("vault.duckdb.wal*"))
    rotate(settings)
    assert not list(settings.home.glob("vault.duckdb.wal*"))
    with warehouse.opened(settings, with_vault=True) as con:
        assert con.execute("select count(*) from vault.premises where premises = '1 Nowhere'").fetchone() == (1,)


# ── killed at any moment ───────────────────────────────────────────────────────────────────────


class KilledError(BaseException):
    """The process ends here: no clearing up follows."""


class Clock:
    """Counts what happens to files and stores, and ends the process before one of them."""

    def __init__(self, last=None):
        self.count, self.last = 0, last

    def tick(self):
        self.count += 1
        if self.count == self.last:
            raise KilledError

    def around(self, function):
        def counted(*args, **options):
            self.tick()
            return function(*args, **options)

        return counted


class WatchedConnection:
    """A connection whose every statement may be the last."""

    def __init__(self, con, clock):
        self._con = con
        self._watched = clock.around(con.execute)

    def execute(self, statement, *values):
        """Reading changes nothing, so that a moment of it is as good as any other."""
        is_reading = statement.strip().startswith("select")
        return (self._con.execute if is_reading else self._watched)(statement, *values)

    def __getattr__(self, name):
        return getattr(self._con, name)


def rotate_until(settings, monkeypatch, last):
    """Rotate, ending at the given moment; how many moments there were."""
    clock = Clock(last)
    with monkeypatch.context() as patch:
        for name in ("replace", "fsync", "open", "unlink"):
            patch.setattr(os, name, clock.around(getattr(os, name)))
        scratch = warehouse.scratch_path(settings)
        dying = contextlib.suppress(KilledError)
        with warehouse.writer(settings), warehouse.in_memory(settings, scratch) as con, dying:
            rotation.rotate(WatchedConnection(con, clock), settings, before_exchange=clock.tick)
            clock.tick()
    return clock.count


def test_killed_at_any_moment_a_vault_is_left_that_opens(settings, monkeypatch, tmp_path):
    before = held(settings)
    trial = dataclasses.replace(settings, home=tmp_path / "trial")
    shutil.copytree(settings.home, trial.home)
    moments = rotate_until(trial, monkeypatch, None)
    assert moments > 20
    ends = set()
    for moment in range(1, moments + 1):
        shutil.rmtree(trial.home)
        shutil.copytree(settings.home, trial.home)
        rotate_until(trial, monkeypatch, moment)
        assert held_alone(trial) == before, moment
        key = key_file(trial).read_text().strip()
        assert opens_with(trial, key), moment
        assert vault.unfinished(trial) == [], moment
        assert not key_file(trial).with_name("vault.key.next").exists(), moment
        ends.add(key == key_file(settings).read_text().strip())
    assert ends == {True, False}, "some end before the exchange, some after it"


KILLER = """
import os, signal, sys
from pathlib import Path
from misuse import warehouse
from misuse.settings import Settings
from misuse.vault import rotation
home, which, when = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
real, count = os.replace, 0
def replace(*args):
    global count
    count += 1
    if count == which and when == "before": os.kill(os.getpid(), signal.SIGKILL)
    real(*args)
    if count == which and when == "after": os.kill(os.getpid(), signal.SIGKILL)
os.replace = replace
settings = Settings(home=home)
with warehouse.writer(settings), warehouse.in_memory(settings, warehouse.scratch_path(settings)) as con:
    rotation.rotate(con, settings, before_exchange=lambda: None)
"""


@pytest.mark.parametrize(("which", "when"), [(1, "after"), (2, "before"), (2, "after"), (3, "after")])
def test_killed_outright_a_vault_is_left_that_opens(settings, which, when):
    """By SIGKILL, beside each of the renames: the new key's, the vault's, the key's again."""
    before, old = held(settings), key_file(settings).read_text()
    done = subprocess.run([sys.executable, "-c", KILLER, str(settings.home), str(which), when], check=False)
    assert done.returncode == -9
    assert held(settings) == before
    assert (key_file(settings).read_text() == old) == ((which, when) in {(1, "after"), (2, "before")})
    assert vault.unfinished(settings) == []
    rotate(settings)
    assert held(settings) == before


FULL = """
import resource, sys
from misuse.cli import run_command
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
sys.exit(run_command(["vault", "rotate", "--reason", "a test"], {"MISUSE_HOME": sys.argv[1]}))
"""


@pytest.mark.parametrize("room", [400_000, 1_500_000])
def test_without_room_the_old_vault_stands(settings, room):
    """A limit on the size of files stands for a full disk."""
    before, old = held(settings), key_file(settings).read_text()
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(settings.home), str(room)], capture_output=True, text=True, check=False
    )
    assert done.returncode == ResourceError.exit_code, done.stderr
    assert "Next:" in done.stderr
    assert key_file(settings).read_text() == old
    assert held(settings) == before
    assert vault.unfinished(settings) == []


# ── keys from outside ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def outside(settings):
    """The same home, its vault key taken out of it into the environment."""
    path = key_file(settings)
    key = path.read_text().strip()
    path.unlink()
    return dataclasses.replace(settings, vault_key=key)


def test_with_the_key_from_the_environment_nothing_is_written_to_keys(outside):
    before, present = held(outside), sorted(key_file(outside).parent.iterdir())
    with pytest.raises(StoreError, match="MISUSE_VAULT_KEY"):
        rotate(outside)
    both = dataclasses.replace(outside, vault_key_new=NEW)
    done = rotate(both)
    assert done.key_file is None
    assert sorted(key_file(outside).parent.iterdir()) == present
    assert held(both) == before, "whoever has both keys in the environment is not shut out"
    assert held(dataclasses.replace(outside, vault_key=NEW)) == before
    with pytest.raises(StoreError, match="MISUSE_VAULT_KEY"):
        held(outside)
    with pytest.raises(UsageError, match="already"):
        rotate(both)


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.deep)])
def test_killed_at_any_moment_one_of_the_two_from_the_environment_opens_it(outside, monkeypatch, tmp_path, every):
    both = dataclasses.replace(outside, vault_key_new=NEW)
    before = held(both)
    trial = dataclasses.replace(both, home=tmp_path / "trial")
    shutil.copytree(both.home, trial.home)
    for moment in range(1, rotate_until(trial, monkeypatch, None) + 1, every):
        shutil.rmtree(trial.home)
        shutil.copytree(both.home, trial.home)
        rotate_until(trial, monkeypatch, moment)
        assert held_alone(trial) == before, moment
        assert vault.unfinished(trial) == [], moment


def test_a_new_key_may_come_from_a_file(settings, tmp_path):
    before, given = held(settings), tmp_path / "escrowed.key"
    put_key(given, NEW + "\n", 0o644)
    with pytest.raises(StoreError, match="0644"):
        rotate(settings, new_key_file=given)
    given.chmod(0o400)
    assert rotate(settings, new_key_file=given).key_file == key_file(settings)
    assert key_file(settings).read_text().strip() == NEW
    assert held(settings) == before
    with pytest.raises(UsageError, match="already"):
        rotate(settings, new_key_file=given)


# ── messages ───────────────────────────────────────────────────────────────────────────────────

BROKEN_KEYS = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: put_key(path, ""),
    "blank": lambda path: put_key(path, "\n \n"),
    "short": lambda path: put_key(path, "a1b2c3d4"),
    "not a text": lambda path: put_key(path, b"\xff\xfe" + b"\xe9" * 70),
    "two words": lambda path: put_key(path, "k" * 40 + " " + "k" * 40),
    "wrong": lambda path: put_key(path, "w" * 64),
    "open to others": lambda path: path.chmod(0o644),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link to nothing": lambda path: (path.unlink(), path.symlink_to("nowhere")),
}
OPENS_THE_VAULT = {
    "ingest": ("ingest", "LOG", "--source", "calls"),
    "run": ("run",),
    "batch withdraw": ("batch", "withdraw", "b0", "--reason", "a test"),
    "find by number": ("find", "--number", "07700 900001", "--reason", "a test"),
    "find by address": ("find", "--address", "1 Invented Row, Nowhere", "--reason", "a test"),
    "identify": ("identify", "c0", "--reason", "a test"),
    "identify a batch": ("identify", "--batch", "b0", "--reason", "a test"),
    "retention": ("retention",),
    "vault rotate": ("vault", "rotate", "--reason", "a test"),
}
OPENS_THE_WAREHOUSE = {"batch list": ("batch", "list")}
ENGINE_WORDS = ("traceback", "error:", "encryption", "aes", "catalog", "attach", "fault of the program", "errno")


def said_by(settings, words, capsys, log):
    """Exit code and all that a command says."""
    (settings.home / "misuse.toml").write_text(
        '[sources.calls]\nformat = "csv"\n[sources.calls.columns]\ncall_id = "ref"\nreceived_at = "received"\n'
        'cli = "cli"\nclosing_code = "code"\n[sources.calls.misuse]\nclosing_code = ["HOAX"]\n',
        encoding="utf-8",
    )
    inbox = settings.home / "inbox" / "calls"
    inbox.mkdir(parents=True, exist_ok=True)
    shutil.copy2(log, inbox / "night.csv")
    os.utime(inbox / "night.csv", (0, 0))
    code = run_command([str(log) if word == "LOG" else word for word in words], {"MISUSE_HOME": str(settings.home)})
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def check_plain(code, said, path):
    assert code == StoreError.exit_code, said
    assert "Next: " in said
    assert not any(word in said.lower().replace(str(path).lower(), "") for word in ENGINE_WORDS), said
    for text in ("wwwwwww", "kkkkkkk", "a1b2c3d4"):
        assert text not in said


def every_command_and_every_problem(commands, *, thoroughly):
    """Each command with the commonest problems, a few commands with each."""
    return [
        (command, problem)
        for command in commands
        for problem in BROKEN_KEYS
        if command in thoroughly or problem in {"missing", "wrong"}
    ]


@pytest.mark.parametrize(
    ("command", "problem"), every_command_and_every_problem(OPENS_THE_VAULT, thoroughly={"ingest", "identify"})
)
def test_a_vault_key_that_will_not_do_is_said_plainly(settings, tmp_path, capsys, command, problem):
    log = write_csv(tmp_path / "new.csv", random_rows(62, 10), COLUMNS)
    key = key_file(settings).read_text().strip()
    BROKEN_KEYS[problem](key_file(settings))
    code, said = said_by(settings, OPENS_THE_VAULT[command], capsys, log)
    check_plain(code, said, settings.home)
    assert "vault" in said
    assert key[:8] not in said


@pytest.mark.parametrize(
    ("command", "problem"),
    every_command_and_every_problem([*[*OPENS_THE_VAULT][:-1], "batch list"], thoroughly={"run", "identify"}),
)
def test_a_token_key_that_will_not_do_is_said_plainly(settings, tmp_path, capsys, command, problem):
    log = write_csv(tmp_path / "new.csv", random_rows(62, 10), COLUMNS)
    key = key_file(settings, "token").read_text().strip()
    BROKEN_KEYS[problem](key_file(settings, "token"))
    code, said = said_by(settings, (OPENS_THE_VAULT | OPENS_THE_WAREHOUSE)[command], capsys, log)
    check_plain(code, said, settings.home)
    assert "token key" in said
    assert key[:8] not in said


@pytest.mark.parametrize("command", OPENS_THE_WAREHOUSE)
def test_commands_that_need_no_vault_need_no_vault_key(settings, tmp_path, capsys, command):
    log = write_csv(tmp_path / "new.csv", random_rows(62, 10), COLUMNS)
    key_file(settings).unlink()
    code, _ = said_by(settings, OPENS_THE_WAREHOUSE[command], capsys, log)
    assert code == 0


@pytest.mark.parametrize(
    ("name", "given"),
    [("vault_key", "w" * 64), ("vault_key", "s0short"), ("token_key", "w" * 64), ("token_key", "caf\u00e9" * 20)],
)
def test_a_key_from_the_environment_that_will_not_do_is_said_plainly(settings, name, given):
    with pytest.raises(StoreError) as caught:
        held(dataclasses.replace(settings, **{name: given}))
    assert "key" in str(caught.value)
    assert given[:4] not in str(caught.value)


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="cannot be written"):
        held(settings_for(tmp_path / "file" / "home"))

    def read_only(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(keys.os, "fsync", read_only)
    with pytest.raises(StoreError, match="Read-only"):
        held(settings_for(tmp_path / "home", token_key=""))


def test_a_first_key_that_was_half_written_is_no_key(tmp_path, monkeypatch):
    def killed(*_):
        raise KilledError

    settings = settings_for(tmp_path / "home")
    monkeypatch.setattr(keys.os, "replace", killed)
    with pytest.raises(KilledError):
        held(settings)
    monkeypatch.undo()
    assert not key_file(settings).exists()
    assert held(settings)


# ── the vault that belongs to the warehouse ────────────────────────────────────────────────────


def test_another_forces_vault_is_refused(settings, tmp_path):
    other = settings_for(tmp_path / "other", token_key="")
    list(intake.ingest_files(other, [write_csv(tmp_path / "o.csv", random_rows(63, 20))], "calls", actor="t", now=NOW))
    for name in ("vault.duckdb", "keys/vault.key"):
        shutil.copy2(other.home / name, settings.home / name)
    with pytest.raises(StoreError, match="another token key"):
        held(settings)
    for name in ("warehouse.duckdb", "batches.json"):
        (settings.home / name).unlink()
    with pytest.raises(StoreError, match="another token key"):
        held(settings)


def test_a_lost_vault_is_not_made_anew(settings):
    vault_file(settings).unlink()
    with pytest.raises(StoreError, match="missing"):
        held(settings)
    assert not vault_file(settings).exists()


def test_an_older_copy_of_the_vault_is_noticed(settings, tmp_path):
    older = tmp_path / "older.duckdb"
    shutil.copy2(vault_file(settings), older)
    later = datetime(2026, 1, 16, tzinfo=UTC).replace(tzinfo=None)
    (outcome,) = intake.ingest_files(
        settings, [write_csv(tmp_path / "later.csv", random_rows(64, 20))], "calls", actor="t", now=later
    )
    assert not isinstance(outcome, MisuseError)
    shutil.copy2(older, vault_file(settings))
    with pytest.raises(StoreError, match="older copy"):
        held(settings)


def test_an_empty_vault_beside_calls_is_noticed(settings):
    with warehouse.opened(settings, with_vault=True) as con:
        con.execute("delete from vault.call_details")
    with pytest.raises(StoreError, match="older copy"):
        held(settings)


@pytest.mark.parametrize("damage", ["junk", "nothing", "plain", "cut", "overwritten"])
def test_a_damaged_vault_is_said_plainly(settings, damage):
    path = vault_file(settings)
    whole = path.read_bytes()
    if damage == "plain":
        path.unlink()
        duckdb.connect(str(path)).close()
    else:
        half = len(whole) // 2
        path.write_bytes(
            {
                "junk": b"x" * 20_000,
                "nothing": b"",
                "cut": whole[:half],
                "overwritten": whole[: half // 2] + b"\0" * half + whole[half // 2 + half :],
            }[damage]
        )
    with pytest.raises(StoreError, match="damaged or is no vault") as caught:
        held(settings)
    assert "AES" not in str(caught.value)


def test_a_vault_that_is_open_elsewhere_is_waited_for(settings):
    code = "import sys, duckdb; con = duckdb.connect(); con.execute(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    key = key_file(settings).read_text().strip()
    statement = vault.with_literals("attach $path as v (encryption_key $key, read_only)", vault_file(settings), key)
    with subprocess.Popen(
        [sys.executable, "-c", code, statement], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(LockHeld, match="another process"):
            held(settings)
        other.kill()


def test_the_schema_goes_forward_with_a_copy_first(settings, tmp_path, monkeypatch):
    from misuse import vault as module

    root = tmp_path / "sql"
    shutil.copytree(module.SQL_ROOT / "schema", root / "schema")
    latest = max(int(path.stem[-3:]) for path in (root / "schema").glob("vault_*.sql"))
    (root / "schema" / f"vault_{latest + 1:03}.sql").write_text("create table added (a integer);", encoding="utf-8")
    before = held(settings)
    monkeypatch.setattr(module, "SQL_ROOT", root)
    after = held(settings)
    assert set(after) - set(before) == {"added"}
    (copy,) = vault.copies(settings)
    assert copy.stat().st_mode & 0o077 == 0
    monkeypatch.undo()
    with pytest.raises(StoreError, match="newer program"):
        held(settings)


def test_a_migration_that_fails_changes_nothing(settings, tmp_path, monkeypatch):
    from misuse import vault as module

    root = tmp_path / "sql"
    shutil.copytree(module.SQL_ROOT / "schema", root / "schema")
    (root / "schema" / "vault_900.sql").write_text("create table a (b integer); select nonsense;", encoding="utf-8")
    before = held(settings)
    monkeypatch.setattr(module, "SQL_ROOT", root)
    with pytest.raises(duckdb.Error, match="nonsense"):
        held(settings)
    monkeypatch.undo()
    assert held(settings) == before


def test_no_key_shows_in_a_representation(settings):
    given = dataclasses.replace(settings, vault_key="v" * 64, token_key="t" * 64, vault_key_new="n" * 64)
    assert not any(letter * 8 in repr(given) for letter in "vtn")


def test_paths_are_the_homes_own(settings):
    assert Path(keys.next_path(settings)).name == "vault.key.next"
    assert keys.source(settings, "vault").endswith("vault.key")
