"""What docs/security.md says was tried, where no other test tries it: files and their rights, spills, keys, names, a swapped copy."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import stat
import time

import duckdb
import pytest

from misuse import analysis, casebook, publication, vault, warehouse
from misuse.cli import run_command
from misuse.errors import MisuseError, UsageError
from misuse.settings import Settings
from tests.logs import COLUMNS, random_rows, settings_for, write_csv
from tests.pipeline.test_nothing_leaks import LAYOUT

KEYS = ("vault", "token", "casebook")
PLANTED = "Quillibert Nonesuch"


def misuse(home, *words):
    """A command, started by somebody whose files anybody may read; its code and all it said."""
    before, out, err = os.umask(0), io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_command(list(words), {"MISUSE_HOME": str(home)})
    finally:
        os.umask(before)
    return code, out.getvalue() + err.getvalue()


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A home that the commands made under umask 0, a backup of it, and everything they said."""
    root = tmp_path_factory.mktemp("security")
    home, outside = root / "home", root / "outside"
    outside.mkdir()
    log = write_csv(root / "log.csv", random_rows(71, 120), COLUMNS)
    home.mkdir(mode=0o750)
    (home / "misuse.toml").write_text(LAYOUT, encoding="utf-8")
    commands = (
        ("ingest", str(log), "--source", "calls", "--json"),
        ("run", "--json"),
        ("users", "add", "root", "--role", "administrator"),
        ("stop", "c0000000000000000", "--reason", "x"),
        ("status", "--json"),
        ("sql", "select count(*) from calls"),
        ("audit", "verify"),
        ("vault", "rotate", "--reason", "a test"),
        ("backup", str(outside), "--json"),
        ("restore", str(outside / "none")),
        ("retention",),
    )
    return home, outside, [misuse(home, *words)[1] for words in commands]


def kept(root):
    """Every file and folder, links aside."""
    return [path for path in (root, *root.rglob("*")) if not path.is_symlink()]


def test_whatever_the_umask_others_may_read_nothing(ready):
    home, outside, _ = ready
    made = [path for path in (*kept(home), *kept(outside)) if path not in (outside, home / "misuse.toml")]
    assert len(made) > 50
    open_to_others = [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o007]
    assert not open_to_others
    for_group = {
        path.relative_to(home).parts[0] for path in kept(home)[1:] if stat.S_IMODE(path.stat().st_mode) & 0o070
    }
    assert for_group <= {"published", "reports", "misuse.toml"}
    assert not [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o022], "nobody else may write anything"


def test_the_group_reads_published_alone(ready):
    home, _, _ = ready
    assert stat.S_IMODE(home.stat().st_mode) == 0o750
    assert stat.S_IMODE(publication_of(home).stat().st_mode) == 0o640
    for name in (
        "warehouse.duckdb",
        "vault.duckdb",
        "casebook.sqlite",
        "casebook.head",
        "casebook.anchors",
        "keys/vault.key",
    ):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600, name
    for name in ("keys", "reports"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o700, name


def publication_of(home):
    return (home / "published" / "current.duckdb").resolve()


def test_no_key_is_said_or_written_outside_its_place(ready):
    home, outside, said = ready
    held = [(home / "keys" / f"{name}.key").read_text().strip() for name in KEYS]
    assert not [key for key in held for text in said if key in text]
    for path in (*kept(home), *kept(outside)):
        if path.is_file() and path.parent.name != "keys":
            content = path.read_bytes()
            assert not any(key.encode() in content for key in held), path


@pytest.mark.parametrize("name", ["VAULT", "TOKEN", "CASEBOOK"])
def test_a_wrong_key_of_the_environment_is_never_quoted(ready, name, capsys):
    wrong = "notthekey" * 6
    for words in (["run"], ["batch", "list"], ["audit", "verify"]):
        run_command(words, {"MISUSE_HOME": str(ready[0]), f"MISUSE_{name}_KEY": wrong})
        said = capsys.readouterr()
        assert wrong not in said.out + said.err


def test_what_spills_while_the_vault_is_open_is_ciphertext(tmp_path):
    """The same query spills in clear where DuckDB is left to itself, so that the search is known to find."""
    for is_ours in (True, False):
        settings = settings_for(tmp_path / f"ours-{is_ours}", memory_limit="60MB", threads=1)
        if is_ours:
            with warehouse.opened(settings, with_vault=True) as con:
                found = spilled(con, warehouse.scratch_path(settings))
        else:
            bare = tmp_path / "bare"
            bare.mkdir()
            config = {"memory_limit": "60MB", "temp_directory": str(bare), "threads": "1"}
            with duckdb.connect(":memory:", config=config) as con:
                found = spilled(con, bare)
        assert found, "nothing was spilled, so nothing was tried"
        assert (PLANTED.encode() in found) is not is_ours


def spilled(con, folder):
    """All bytes of the files that a sort of too much leaves in its folder while it goes on."""
    con.execute("set preserve_insertion_order = false")
    found = con.execute(
        "select $name || ' ' || sha256(n::varchar) as name from range(2000000) as t(n) order by hash(name) desc",
        {"name": PLANTED},
    )
    found.fetchmany(10)
    content = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    found.fetchmany(10)
    return content


def test_a_swapped_published_copy_is_noticed(ready, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(ready[0], home, symlinks=True)
    assert misuse(home, "audit", "verify")[0] == 0
    copy = publication_of(home)
    with duckdb.connect() as con:
        con.execute("attach '" + str(copy) + "' as published (read_only)")
        con.execute("attach '" + str(tmp_path / "forged.duckdb") + "' as forged")
        con.execute("copy from database published to forged")
        con.execute("update forged.runs set misuse_calls = misuse_calls + 1")
    (tmp_path / "forged.duckdb").replace(copy)
    code, told = misuse(home, "audit", "verify")
    assert code == 5
    assert "is not the file that the run published" in told
    assert "misuse run --force" in told
    assert misuse(home, "run", "--force")[0] == 0
    assert misuse(home, "audit", "verify")[0] == 0


def test_a_pointer_that_leads_out_of_its_folder_is_only_ever_read(ready, tmp_path):
    """Whoever can move the pointer is the service account already; even then a stranger's file is opened read-only."""
    home = tmp_path / "home"
    shutil.copytree(ready[0], home, symlinks=True)
    elsewhere = tmp_path / "elsewhere.duckdb"
    shutil.copy(publication_of(home), elsewhere)
    (home / "published" / "current.duckdb").unlink()
    (home / "published" / "current.duckdb").symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    settings = Settings(home=home)
    analysis.run_sql(settings, "select count(*) from calls")
    publication.collect(settings)
    assert elsewhere.read_bytes() == before


NAMES = ("../outside", "/etc/passwd", "..", ".", "a/b", "a\x00b", ".hidden", "current", "", "a\nb", "\u202ex")


@pytest.mark.parametrize("name", NAMES)
def test_no_name_leads_out_of_its_folder(ready, name, capsys):
    home, _, _ = ready
    before = sorted(str(path) for path in home.parent.rglob("*"))
    for words in (
        ["publish", name],
        ["batch", "withdraw", name, "--reason", "x"],
        ["why", name],
        ["identity", "diff", name],
    ):
        assert run_command(words, {"MISUSE_HOME": str(home)}) in (2, 3, 5, 6), words
        assert "Traceback" not in capsys.readouterr().err
    assert sorted(str(path) for path in home.parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "..", "a b", ""])
def test_no_source_is_named_as_a_path(tmp_path, name, capsys):
    (tmp_path / "misuse.toml").write_text(LAYOUT.replace("[sources.calls", f'[sources."{name}"'), encoding="utf-8")
    log = write_csv(tmp_path / "log.csv", random_rows(72, 3), COLUMNS)
    assert run_command(["ingest", str(log), "--source", name], {"MISUSE_HOME": str(tmp_path / "home")}) == 2
    assert "Traceback" not in capsys.readouterr().err


ESCAPES = (
    "from '/etc/hostname'",
    "select * from sniff_csv('/etc/passwd')",
    "select * from parquet_metadata('/etc/passwd')",
    "select * from read_json('/proc/self/environ')",
    "select * from read_ndjson_objects('/proc/self/environ')",
    "select * from read_duckdb('/etc/passwd')",
    "select * from query_table('/etc/passwd')",
    "select * from which_secret('x', 's3')",
    "select current_setting('home_directory') from read_text('/proc/self/cmdline')",
    "copy calls to '/dev/stdout'",
    "copy (select 1) to program 'id'",
    "create secret s (type s3, key_id 'x', secret 'y')",
    "create or replace temp function f() as 1",
    "attach ':memory:' as m",
    "attach 'https://example.org/x.duckdb'",
    "force install spatial from 'https://example.org'",
    "update extensions",
    "set temp_directory = '/tmp'",
    "set log_query_path = '/dev/stdout'",
    "pragma import_database 'x'",
    "alter table runs add column x int",
    "comment on table runs is 'x'",
    "execute p",
    "load '/usr/lib/x.duckdb_extension'",
    "set variable token_key = 'x'",
    "with x as (select 1) insert into runs select * from runs",
    "explain analyze create table t as select 1",
)


@pytest.mark.parametrize("text", ESCAPES)
def test_further_escapes_from_the_analysts_sandbox_are_refused(ready, text):
    home, _, _ = ready
    before = publication_of(home).stat()
    with pytest.raises(MisuseError) as refusal:
        analysis.run_sql(Settings(home=home), text)
    assert isinstance(refusal.value, UsageError)
    assert "root:" not in str(refusal.value)
    assert str(home) not in str(refusal.value)
    assert publication_of(home).stat().st_mtime_ns == before.st_mtime_ns


def test_the_sandbox_knows_neither_keys_nor_the_vault(ready):
    settings = Settings(home=ready[0])
    assert analysis.run_sql(settings, "select getvariable('token_key')").rows == [(None,)]
    names = {row[0] for row in analysis.run_sql(settings, "select database_name from duckdb_databases()").rows}
    assert names <= {"published", "memory", "system", "temp"}
    with pytest.raises(UsageError):
        analysis.run_sql(settings, "select * from vault.numbers")


def test_a_statement_of_many_joins_ends_in_its_time(ready):
    started = time.monotonic()
    with pytest.raises(MisuseError):
        analysis.run_sql(
            Settings(home=ready[0], memory_limit="500MB"),
            "select count(*) from calls a, calls b, calls c, calls d, calls e",
            limit_seconds=1.0,
        )
    assert time.monotonic() - started < 10


def test_masked_statements_are_all_that_is_kept(ready):
    with casebook.opened(Settings(home=ready[0])) as book:
        told = [json.dumps(event.data) for event in book.entries("sql_run")]
    assert told
    assert "select count(*) from calls" in told[0]


def test_the_vault_on_disk_is_ciphertext(ready):
    home, _, _ = ready
    content = vault.vault_path(Settings(home=home)).read_bytes()
    assert b"Brendle" not in content
    with pytest.raises(duckdb.Error), duckdb.connect(str(vault.vault_path(Settings(home=home))), read_only=True):
        pass
