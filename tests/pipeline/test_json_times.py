"""What `--json` tells of times, of files that failed, of stops since the run and of safeguards; by the real command."""

from __future__ import annotations

import argparse
import getpass
import json
import re
import resource
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from misuse import rules
from misuse.cli import parser
from tests.logs import COLUMNS, random_rows, write_csv
from tests.pipeline.test_cli_contract import misuse
from tests.pipeline.test_nothing_leaks import LAYOUT

# A time of day without an offset, as `2025-06-01T10:00:00` or with a space.
NAIVE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?")
# Commands that change something, learn for long, or need a case, a sample, a meeting; their times go the same way.
NOT_TRIED = {
    "synth", "run", "find", "identify", "backup", "restore", "vault rotate", "retention", "identity train", "identity diff",
    "identity same", "identity differ", "coding plan", "coding draw", "coding calls", "coding train", "case show", "case open",
    "case move", "cycle show", "rights dispose",
}  # fmt: skip
AS_THEY_ARE = {"sql"}  # columns that an analyst names: whether one is UTC nobody knows
TRIED = (
    "runs", "publish", "status", "estimate", "list", "look", "callers", "why CALLER", "batch list", "users", "audit verify",
    "case list", "cycle list", "rights clocks", "identity links", "identity models", "shared-lines list",
    "shared-lines suggest", "safeguards", "coding status", "source check LOG --source calls", "ingest LOG --source calls",
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root: Path = tmp_path_factory.mktemp("json")
    home = root / "home"
    home.mkdir()
    (home / "misuse.toml").write_text(LAYOUT, encoding="utf-8")
    log = write_csv(home / "log.csv", random_rows(52, 500, start=datetime(2025, 6, 1)), COLUMNS)
    assert misuse(home, "ingest", str(log), "--source", "calls").returncode == 0
    assert misuse(home, "run").returncode == 0
    for role in ("administrator", "reviewer", "auditor"):
        misuse(home, "users", "add", getpass.getuser(), "--role", role)
    return home


def told(home: Path, *words: str) -> Any:
    done = misuse(home, *words, "--json")
    assert done.returncode in (0, 1, 6), done.stderr
    return json.loads(done.stdout) if done.stdout else None


def strings(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        for part in document:
            yield from strings(part)
    elif isinstance(document, str):
        yield document


def with_json(command: argparse.ArgumentParser, name: str = "") -> Iterator[str]:
    """Every command that takes --json, its name in full."""
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            for part, below in action.choices.items():
                yield from with_json(below, f"{name} {part}".strip())
        elif "--json" in action.option_strings:
            yield name


def test_every_command_with_json_is_tried_or_named() -> None:
    tried = {re.sub(r" ([A-Z].*|verify)", "", words) for words in TRIED}
    assert set(with_json(parser.make_parser())) == tried | NOT_TRIED | AS_THEY_ARE


@pytest.mark.parametrize("words", TRIED)
def test_every_time_has_its_offset(home: Path, words: str) -> None:
    caller = told(home, "callers")[0]["caller_id"] if "CALLER" in words else ""
    known = {"CALLER": caller, "LOG": str(home / "log.csv")}
    document = told(home, *(known.get(word, word) for word in words.split()))
    assert [text for text in strings(document) if NAIVE.fullmatch(text)] == []


def test_times_are_the_zones(home: Path) -> None:
    first = told(home, "callers")[0]
    why = told(home, "why", first["caller_id"])
    assert why["window"]["from"] == told(home, "estimate")["window"]["from"]
    assert datetime.fromisoformat(first["last_call_at"]).utcoffset() == timedelta(hours=1)
    for call in why["calls"]:
        assert call["received_local"] == call["received_at"]
    (row,) = json.loads(misuse(home, "sql", "select max(received_at) as at from calls", "--json").stdout)
    assert NAIVE.fullmatch(row["at"]), "what a column holds, as it holds it"


def test_a_file_that_failed_is_an_object_too(home: Path) -> None:
    good = write_csv(home / "good.csv", random_rows(53, 40, start=datetime(2025, 8, 1)), COLUMNS)
    rows = random_rows(54, 40, start=datetime(2025, 8, 1))
    again = [row | {"received": rows[-1]["received"]} for row in rows[:5]]
    bad = write_csv(home / "bad.csv", [*rows, *again], COLUMNS)
    done = misuse(home, "ingest", str(good), str(bad), str(home / "none.csv"), "--source", "calls", "--json")
    assert done.returncode == 3
    first, second, third = json.loads(done.stdout)
    assert (first["error"], first["rows"]) == (None, 40)
    assert [row["file"] for row in (first, second, third)] == [str(good), str(bad), str(home / "none.csv")]
    for row in (second, third):
        assert set(row) == set(first)
        assert row["source"] == "calls"
        sums = ("rows", "accepted", "rejected", "duplicate", "superseded", "reasons", "batch_id")
        assert {row[name] for name in sums} == {None}
    assert "24 hours apart" in second["error"]
    assert "Next:" not in second["error"]
    assert not any(row["cli"] and row["cli"] in done.stdout for row in rows)


def test_callers_follow_a_stop_entered_since_the_run(home: Path) -> None:
    before = next(row for row in told(home, "callers") if row["is_persistent"])
    caller = before["caller_id"]
    assert misuse(home, "stop", caller, "--reason", "a named test").returncode == 0
    row = next(row for row in told(home, "callers") if row["caller_id"] == caller)
    looked = next(row for row in told(home, "look") if row["caller_id"] == caller)
    assert (row["is_stopped"], row["is_persistent"], row["window_misuse_calls"]) == (True, False, 0)
    counts = ("misuse_calls", "stopped_calls", "doubtful_calls")
    assert [row[name] for name in counts] == [0, before["coded_misuse_calls"], 0]
    assert [looked[name] for name in counts] == [None] * 3, "reckoned by the next run"
    done = misuse(home, "callers")
    assert "1 stopped by a person since this run" in done.stderr
    assert any(caller in line and " yes" in line for line in done.stdout.splitlines())


@pytest.fixture
def without_room(home: Path) -> Iterator[None]:
    """Nothing may be written to any file, here and in what is begun from here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.parametrize("words", ["list", "callers", "look", "status"])
def test_lists_can_be_read_where_nothing_can_be_written(home: Path, without_room: None, words: str) -> None:
    """As they stand: a stop since the run counts."""
    caller = next(row["caller_id"] for row in told(home, "callers") if row["is_persistent"] or row["is_stopped"])
    misuse(home, "stop", caller, "--reason", "cannot be recorded")
    done = misuse(home, words)
    assert done.returncode == 0, done.stderr
    assert "nothing can be" in done.stdout + done.stderr
    assert "restore" not in done.stdout + done.stderr, "nothing is damaged"


def test_what_cannot_be_recorded_is_not_done(home: Path, without_room: None) -> None:
    caller = told(home, "callers")[-1]["caller_id"]
    for words in (("stop", caller, "--reason", "a named test"), ("why", caller), ("sql", "select 1")):
        done = misuse(home, *words)
        assert done.returncode == 5, (words, done.stderr)
        assert done.stdout == ""
        assert "casebook.sqlite" in done.stderr


def test_safeguards_are_told_by_name(home: Path) -> None:
    every = rules.load().hard_stops
    document = told(home, "source", "check", str(home / "log.csv"), "--source", "calls")
    assert document["safeguards_known"] == len(every)
    blind = [row for row in document["safeguards"] if row["is_blind"]]
    named = {row["rule_id"] for row in told(home, "safeguards") if row["is_blind"]}
    assert {row["rule_id"] for row in blind} == named
    assert document["unsupported_safeguards"], "the key stays for those who read it"
    text = misuse(home, "source", "check", str(home / "log.csv"), "--source", "calls").stdout
    _, _, after = text.partition(f"Safeguards this log cannot support, {len(blind)} of {len(every)}:\n")
    lines = after.splitlines()[: len(blind)]
    assert [line.split(" (")[0].strip() for line in lines] == [row["title"].split(" (")[0] for row in blind]
    assert "hard stop by marker" not in text
