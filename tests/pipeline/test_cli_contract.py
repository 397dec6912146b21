"""The command line as other people's scripts rely on it: JSON keys and exit codes, by the real command."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.logs import COLUMNS, random_rows, write_csv
from tests.pipeline.test_nothing_leaks import LAYOUT

INGEST_KEYS = {"file", "source", "rows", "accepted", "rejected", "duplicate", "superseded", "reasons"}
ESTIMATE_KEYS = {
    "as_of", "run_id", "window", "threshold", "calls", "misuse_calls", "unidentified_misuse_calls", "persistent_callers",
    "persistent_misuse_calls", "share_of_misuse", "share_of_handling", "days_work_per_month", "hours_per_month", "bridge",
    "since_log_start", "handling_measured_calls", "unit_measured_calls",
}  # fmt: skip
LIST_KEYS = {
    "rank", "part", "case_ref", "caller_id", "identity_kind", "misuse_calls", "episodes", "p_at_least_threshold",
    "handling_hours", "unit_hours", "boroughs", "flags", "lane", "options", "owner", "review_date", "status", "reasons",
}  # fmt: skip


ROOT = Path(__file__).resolve().parents[2]
UNREPORTED = Path(__file__).parent / "unreported"  # nobody here reads the papers of a run


def misuse(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(UNREPORTED), str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "MISUSE_HOME": str(home), "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "misuse", *words], env=environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    root = tmp_path_factory.mktemp("cli")
    home = root / "home"
    home.mkdir()
    (home / "misuse.toml").write_text(LAYOUT, encoding="utf-8")
    log = write_csv(root / "log.csv", random_rows(51, 500), COLUMNS)
    ingested = misuse(home, "ingest", str(log), "--source", "calls", "--json")
    assert misuse(home, "run").returncode == 0
    return root, home, json.loads(ingested.stdout)


def test_ingest_prints_a_list_one_object_a_file(ready):
    _, _, (outcome,) = ready
    assert set(outcome) >= INGEST_KEYS
    assert outcome["rows"] == sum(outcome[name] for name in ("accepted", "rejected", "duplicate", "superseded"))


def test_a_file_over_the_limit_is_told_of_with_commands_that_can_be_typed(ready, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "misuse.toml").write_text(
        LAYOUT.replace("[sources.calls]", "[sources.calls]\nreject_limit = 0.01"), encoding="utf-8"
    )
    rows = random_rows(52, 40)
    log = write_csv(
        tmp_path / "a log.csv", [row | {"ref": ""} if place % 2 else row for place, row in enumerate(rows)], COLUMNS
    )
    done = misuse(home, "ingest", str(log), "--source", "calls")
    assert done.returncode == 3
    batch = done.stdout.split("batch ")[1].split()[0]
    check, withdraw = (
        line.split(" shows")[0].split(" takes")[0] for line in done.stderr.split("Next: ")[1].split("; ")
    )
    assert check == f"misuse source check '{log}' --source calls"
    assert withdraw == f"misuse batch withdraw {batch} --reason WHY"
    for command in (check, withdraw):
        assert misuse(home, *shlex.split(command)[1:]).returncode == 0, command


def test_estimate_has_every_key(ready):
    _, home, _ = ready
    for words in ((), ("--window", "30"), ("--threshold", "3"), ("--by", "number"), ("--window", "since_log_start")):
        document = json.loads(misuse(home, "estimate", "--json", *words).stdout)
        assert set(document) >= ESTIMATE_KEYS, words
        assert set(document["window"]) >= {"name", "from", "to"}
        assert set(document["share_of_misuse"]) >= {"point", "low", "high", "bound_low", "bound_high"}
        assert set(document["share_of_handling"]) >= {"point", "low", "high", "bound_low", "bound_high"}
        assert set(document["days_work_per_month"]) == {"persistent", "all_misuse"}
        assert set(document["hours_per_month"]) == {"persistent", "all_misuse"}
        assert [set(step) for step in document["bridge"]] == [{"step", "callers", "calls", "share"}] * 7


def test_by_number_is_the_bridges_step_and_says_so(ready):
    _, home, _ = ready
    document = json.loads(misuse(home, "estimate", "--json", "--by", "number", "--threshold", "2").stdout)
    steps = {step["step"]: (step["callers"], step["calls"]) for step in document["bridge"]}
    assert (document["persistent_callers"], document["persistent_misuse_calls"]) == steps["less_shared_lines"]
    said = misuse(home, "estimate", "--by", "number", "--threshold", "2").stdout
    assert "each number is a caller of its own" in said
    assert "each number is a caller of its own" not in misuse(home, "estimate").stdout


@pytest.mark.parametrize("words", [("--threshold", "0"), ("--window", "0"), ("--window", "")], ids=" ".join)
def test_an_estimate_by_no_rule_is_refused(ready, words):
    _, home, _ = ready
    refused = misuse(home, "estimate", *words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Next:" in refused.stderr


def test_list_has_every_key_and_nobody_is_called_names(ready):
    _, home, _ = ready
    rows = json.loads(misuse(home, "list", "--json").stdout)
    assert rows
    for row in rows:
        assert set(row) >= LIST_KEYS
        assert set(row["misuse_calls"]) == {"lifetime", "d365", "d90", "d30"}
        assert row["identity_kind"] == "person"


def test_a_stop_takes_effect_at_once_and_the_caller_is_looked_at(ready):
    _, home, _ = ready
    caller = json.loads(misuse(home, "list", "--json").stdout)[-1]["caller_id"]
    assert misuse(home, "stop", caller, "--reason", "a named test").returncode == 0
    assert caller not in {row["caller_id"] for row in json.loads(misuse(home, "list", "--json").stdout)}
    looked = {row["caller_id"]: row for row in json.loads(misuse(home, "look", "--json").stdout)}
    assert looked[caller]["is_stopped"]
    assert misuse(home, "run").returncode == 0
    assert caller not in {row["caller_id"] for row in json.loads(misuse(home, "list", "--json").stdout)}
    looked = {row["caller_id"]: row for row in json.loads(misuse(home, "look", "--json").stdout)}
    assert looked[caller]["is_stopped"]
    assert "new_hard_stop" in looked[caller]["look_reasons"]
    assert misuse(home, "stop", caller, "--urgent", "--reason", "another danger").returncode == 0
    first = json.loads(misuse(home, "look", "--json").stdout)[0]
    assert (first["caller_id"], first["is_urgent"]) == (caller, True), "stopped before, and urgent now"
    lifted = misuse(home, "stop", caller, "--reason", "a named test", "--lift")
    assert lifted.returncode == 6, "anybody may stop; only a named role lifts"
    assert "users add" in lifted.stderr


def test_what_is_known_of_callers_is_there_without_a_model_too(ready):
    _, home, _ = ready
    assert json.loads(misuse(home, "identity", "models", "--json").stdout) == []
    links = json.loads(misuse(home, "identity", "links", "--json").stdout)
    assert set(links) == {"caller_id", "links", "decisions"}
    assert json.loads(misuse(home, "shared-lines", "list", "--json").stdout) == []
    assert json.loads(misuse(home, "shared-lines", "suggest", "--json").stdout) == []
    safeguards = json.loads(misuse(home, "safeguards", "--json").stdout)
    assert {"rule_id", "title", "blind_in", "is_blind", "until", "is_covered"} <= set(safeguards[0])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("nonsense",), 2, "invalid choice"),
        (("estimate", "--window", "soon"), 2, "no window"),
        (("ingest", "nowhere.csv", "--source", "calls"), 3, "nowhere.csv"),
        (("ingest", "nowhere.csv", "--source", "other"), 2, "declares no source"),
        (("why", "c0000000000000000"), 3, "no caller"),
        (("sql", "drop table calls"), 2, ""),
        (("sql", "select * from read_csv('/etc/passwd')"), 2, ""),
        (("find", "--number", "07700 900123", "--reason", "x"), 6, "users add"),
        (("batch", "withdraw", "b0", "--reason", "x"), 2, "not known"),
        (("identity", "train"), 3, "too few"),
        (("identity", "card"), 3, "no model is trained"),
        (("identity", "diff"), 3, "no model is trained"),
        (("identity", "links", "c0000000000000000"), 3, "no caller"),
        (("identity", "same", "c0000000000000000", "--reason", "x"), 3, "no caller"),
        (("identity", "undo", "1", "--reason", "x"), 6, "users add"),
        (("shared-lines", "import", "nowhere.csv", "--reason", "x"), 3, "nowhere.csv"),
        (("shared-lines", "remove", "--number", "07700 900123", "--reason", "x"), 3, "not in the register"),
        (("safeguards", "record", "domestic_abuse", "--until", "soon", "--reason", "x"), 2, "no date"),
        (("stop", "c0", "--rule", "domestic_abuse", "--reason", "x"), 2, "only lifted"),
    ],
)
def test_exit_codes(ready, words, code, told):
    _, home, _ = ready
    done = misuse(home, *words)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert "07700" not in done.stderr


def test_a_file_that_changes_no_call_is_told_of_all_the_same(ready):
    root, home, _ = ready
    again = root / "again.csv"
    again.write_bytes((root / "log.csv").read_bytes() + b"\n")  # the same calls in another file
    (outcome,) = json.loads(misuse(home, "ingest", str(again), "--source", "calls", "--json").stdout)
    assert outcome["accepted"] == 0
    assert misuse(home, "run").returncode == 0
    assert told_of(home)[outcome["batch_id"]] is False
    assert misuse(home, "batch", "withdraw", outcome["batch_id"], "--reason", "a named test").returncode == 0
    assert misuse(home, "run").returncode == 0
    assert told_of(home)[outcome["batch_id"]] is True
    assert "nothing new" in misuse(home, "run").stdout


def told_of(home):
    found = misuse(home, "sql", "--json", "select batch_id, is_withdrawn from batches")
    return {row["batch_id"]: row["is_withdrawn"] for row in json.loads(found.stdout)}


def test_a_source_that_is_declared_no_more_stops_the_run_and_not_its_calls(ready):
    _, home, _ = ready
    declared = home / "misuse.toml"
    declared.write_text(LAYOUT.replace("[sources.calls", "[sources.others"), encoding="utf-8")
    try:
        stopped = misuse(home, "run", "--force")
    finally:
        declared.write_text(LAYOUT, encoding="utf-8")
    assert stopped.returncode == 2
    assert "calls of calls are in" in stopped.stderr
    assert "[sources.calls]" in stopped.stderr


def test_a_wrong_key_in_the_settings_is_named(tmp_path):
    (tmp_path / "misuse.toml").write_text("[settings]\ntreshold = 12\n", encoding="utf-8")
    done = misuse(tmp_path, "status")
    assert done.returncode == 2
    assert "treshold" in done.stderr
    assert "did you mean 'threshold'" in done.stderr


def test_no_invented_people_join_real_ones(ready):
    _, home, _ = ready
    refused = misuse(home, "demo", "--days", "10", "--calls-per-day", "50")
    assert refused.returncode == 6
    assert "never share a home" in refused.stderr


def test_identities_open_for_a_permitted_role_with_a_reason_and_are_recorded(ready):
    import getpass

    _, home, _ = ready
    me = getpass.getuser()
    for words in (("add", me, "--role", "administrator"), ("add", "boss", "--role", "administrator")):
        assert misuse(home, "users", *words).returncode == 0
    assert misuse(home, "list").returncode == 0, "whoever keeps the machine holds the files that it shows"
    assert misuse(home, "users", "change", me, "--role", "reviewer").returncode == 0
    caller = json.loads(misuse(home, "list", "--json").stdout)[0]["caller_id"]
    shown = misuse(home, "identify", caller, "--reason", "a named test", "--json")
    assert shown.returncode == 0, shown.stderr
    (number,) = json.loads(shown.stdout)["numbers"]
    found = json.loads(misuse(home, "find", "--number", number, "--reason", "a named test", "--json").stdout)
    assert [row["caller_id"] for row in found] == [caller]
    events = json.loads(misuse(home, "audit", "export").stdout)
    assert [event["kind"] for event in events].count("identity_read") == 2
    assert number not in json.dumps(events)
    assert misuse(home, "audit", "verify").returncode == 0
