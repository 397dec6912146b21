"""Planted numbers, names, addresses and remarks are found in the vault and nowhere else.

Files are decoded (DuckDB, SQLite, XLSX, PDF, gzip), since a byte search misses compressed values.
"""

from __future__ import annotations

import gzip
import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest

from tests.logs import COLUMNS, MOBILES, random_rows, write_csv

NUMBER = "07700 900987"
E164 = "447700900987"
NAME = "Quillon Vastrapple"
ADDRESS = "77 Thrumblewick Parade"
REMARK = "zebra marmalade orchestra"
NATIVE_ID = "NATIVE7788991"
MARKER = "domestic_abuse"
PLANTED = {
    "number": ("900987", E164, NUMBER.replace(" ", "")),
    "name": ("Quillon", "Vastrapple"),
    "address": ("Thrumblewick",),
    "remark": ("marmalade",),
    "native id": (NATIVE_ID,),
}

LAYOUT = """
[settings]
bootstrap_replicates = 50

[sources.calls]
format = "csv"
version.kind = "integer"
[sources.calls.columns]
call_id = "ref"
received_at = "received"
answered_at = "answered"
ended_at = "ended"
cli = "cli"
subscriber_name = "name"
subscriber_address = "address"
closing_code = "code"
result_code = "result"
borough = "borough"
markers = "markers"
remarks = "remarks"
version = "version"
[sources.calls.misuse]
closing_code = ["HOAX", "NUISANCE"]
"""


def planted_rows() -> list[dict[str, str]]:
    """A log in which one planted caller is persistent, and a second, planted too, is stopped."""
    rows = random_rows(99, 300)
    template = {"name": NAME, "address": ADDRESS, "remarks": f"caller said {REMARK}", "version": "1", "code": "HOAX"}
    for i in range(14):
        moment = f"2025-12-{i + 1:02d} 12:00:00"
        rows.append(
            rows[0]
            | template
            | {
                "ref": f"{NATIVE_ID}-{i}",
                "cli": NUMBER,
                "received": moment,
                "answered": moment,
                "ended": moment,
                "markers": "",
                "borough": f"RANG FROM {NUMBER}" if i == 0 else "Camden",
                "result": "",
            }
        )
        rows.append(
            rows[0]
            | template
            | {
                "ref": f"S{NATIVE_ID}-{i}",
                "cli": MOBILES[986],
                "received": moment,
                "answered": moment,
                "ended": moment,
                "markers": MARKER,
                "result": "",
            }
        )
    return rows


def dirty_lines() -> list[str]:
    """Rows that are rejected and must not be quoted."""
    return [f"bad-1,{NAME},{NUMBER},too,few", f"bad-2,not a time,,,{NUMBER},{NAME},{ADDRESS},HOAX,,,,{REMARK},1"]


def misuse(home: Path, *words: str, check: bool = True) -> str:
    """Run the real command; returns everything it said on both streams."""
    environment = {**os.environ, "MISUSE_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-m", "misuse", *words], env=environment, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A home after ingest, run and every reading command, and all that was printed."""
    root = tmp_path_factory.mktemp("leak")
    home = root / "home"
    home.mkdir()
    (home / "misuse.toml").write_text(LAYOUT, encoding="utf-8")
    log = write_csv(root / "log.csv", planted_rows(), COLUMNS)
    with log.open("a", encoding="utf-8") as file:
        file.write("\n".join(dirty_lines()) + "\n")
    said = [misuse(home, "source", "check", str(log), "--source", "calls"), misuse(home, "source", "draft", str(log))]
    said.append(misuse(home, "ingest", str(log), "--source", "calls", "--json"))
    said.append(misuse(home, "run"))
    reading = (
        ("list", "--json"),
        ("look",),
        ("callers",),
        ("estimate", "--json"),
        ("status",),
        ("runs", "--json"),
        ("batch", "list"),
    )
    said += [misuse(home, *words) for words in reading]
    said.append(misuse(home, "why", top_caller(home)))
    said.append(misuse(home, "sql", "select count(*) from calls where borough = '" + NUMBER + "'"))
    said.append(misuse(home, "find", "--number", NUMBER, "--reason", "test", check=False))
    return home, "\n".join(said)


def top_caller(home: Path) -> str:
    con = duckdb.connect(str(home / "published" / "current.duckdb"), read_only=True)
    row = con.execute("select caller_id from persistent_callers order by rank limit 1").fetchone()
    con.close()
    return row[0]


def decoded(path: Path) -> str:
    """A file's contents as text, whatever wraps them."""
    if path.suffix == ".duckdb":
        return decoded_duckdb(path)
    if path.suffix == ".sqlite" or path.suffix == ".db":
        con = sqlite3.connect(path)
        text = "\n".join(con.iterdump())
        con.close()
        return text
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    if path.suffix == ".pdf":
        from pypdf import PdfReader

        reader = PdfReader(path)
        return "\n".join([*(page.extract_text() for page in reader.pages), str(reader.metadata)])
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
    return path.read_bytes().decode("utf-8", "replace")


def decoded_duckdb(path: Path, without: str = "") -> str:
    con = duckdb.connect(str(path), read_only=True)
    found = con.execute("select table_name from duckdb_tables() where table_name <> $without", {"without": without})
    tables = [row[0] for row in found.fetchall()]
    text = "\n".join(str(con.table('"' + table + '"').fetchall()) for table in tables)
    con.close()
    return text


@pytest.mark.parametrize("kind", PLANTED)
def test_no_file_outside_the_vault_holds_it(finished, kind):
    home, _ = finished
    files = [path for path in home.rglob("*") if path.is_file() and path.name != "vault.duckdb"]
    assert {"warehouse.duckdb", "casebook.sqlite", "tasking_list.pdf", "tasking_list.xlsx"} <= {
        path.name for path in files
    }
    for path in files:
        if path.is_symlink():
            continue
        text = decoded(path)
        assert not any(word in text for word in PLANTED[kind]), f"{kind} in {path.relative_to(home)}"


@pytest.mark.parametrize("kind", PLANTED)
def test_nothing_printed_holds_it(finished, kind):
    _, said = finished
    assert "accepted" in said
    assert not any(word in said for word in PLANTED[kind]), kind


def test_the_vault_does_hold_it(finished):
    """The search above would find it, were it there: the vault, opened with its key, has every word."""
    home, _ = finished
    con = duckdb.connect()
    key = (home / "keys" / "vault.key").read_text().strip()
    con.execute("attach '" + str(home / "vault.duckdb") + "' as vault (encryption_key '" + key + "', read_only)")
    held = str(con.execute("select * from vault.call_details").fetchall()) + str(
        con.execute("select * from vault.numbers").fetchall()
    )
    rejected = str(con.execute("select * from vault.rejected_rows").fetchall())
    con.close()
    for words in PLANTED.values():
        assert any(word in held for word in words)
    assert "Vastrapple" in rejected


def test_the_published_copy_tells_no_marker(finished):
    """Rules are named in `estimates` (which of them this log leaves blind), never beside a call or a caller."""
    home, _ = finished
    text = decoded_duckdb((home / "published" / "current.duckdb").resolve(), without="estimates").lower()
    assert "misuse_calls" in text or "engagement" in text
    assert MARKER not in text
    assert "domestic" not in text


def test_the_stopped_caller_is_looked_at_and_not_tasked(finished):
    home, _ = finished
    con = duckdb.connect(str(home / "published" / "current.duckdb"), read_only=True)
    tasked = con.execute("select count(*) from tasking_list join callers using (caller_id) where is_stopped").fetchone()
    looked = con.execute("select count(*) from look_list where is_stopped and coded_misuse_calls >= 10").fetchone()
    con.close()
    assert tasked == (0,)
    assert looked[0] >= 1
