"""The ways back from a pseudonym are two commands, each with a role, a reason and a record; nothing else opens the vault."""

from __future__ import annotations

import getpass
import json
import re
from functools import cache
from pathlib import Path

import pytest

from misuse import casebook, intake, pipeline, schemas, warehouse, wording
from misuse.cli import run_command
from misuse.errors import InputError, LockHeld, MisuseError, Refused, UsageError
from misuse.room import Desk, care
from tests.house import tree
from tests.logs import COLUMNS, NOW, random_rows, settings_for, write_csv
from tests.pipeline.test_nothing_leaks import LAYOUT, decoded

SHARED_NUMBER = "07700 900955"
FIRST, SECOND = ("Ostrel Vandergloam", "4 Quillmere Rise"), ("Mirrow Taspington", "90 Hobblewick Row")
# What stands in the rejected rows alone.
PLANTED = ("Oblivaria", "Nethercote", "900944", "trombone", "ZZ9 9QQ", "SECRETREF")
REJECTED = [
    "SECRETREF1,not a time,,,07700 900944,Oblivaria Nethercote,3 Trombone Mews ZZ9 9QQ,HOAX,,,,a trombone,1",
    "SECRETREF2,2025-06-01 12:00:00,too,few,\x1b[31m07700 900944",
    "SECRETREF3,2099-13-41 99:00:00,,,07700 900944,Oblivaria Nethercote,,HOAX,,,,,1",
]


def call(number, received, cli, person):
    given = {"ref": f"X{number}", "received": received, "cli": cli, "name": person[0], "address": person[1]}
    return dict.fromkeys(COLUMNS, "") | given | {"code": "HOAX", "version": "1", "borough": "Camden"}


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A home with a published run, a number that two people have held, and rejected rows."""
    root = tmp_path_factory.mktemp("ways")
    settings = settings_for(root / "home", token_key="")
    settings.home.mkdir()
    (settings.home / "misuse.toml").write_text(LAYOUT, encoding="utf-8")
    rows = random_rows(81, 200)
    rows += [call(i, f"2024-02-{i + 1:02d} 10:00:00", SHARED_NUMBER, FIRST) for i in range(5)]
    rows += [call(20 + i, f"2025-07-{i + 1:02d} 23:30:00", SHARED_NUMBER, SECOND) for i in range(6)]
    log = write_csv(root / "log.csv", rows, COLUMNS)
    with log.open("a", encoding="utf-8") as file:
        file.write("\n".join(REJECTED) + "\n")
    (outcome,) = intake.ingest_files(settings, [log], "calls", actor="tester", now=NOW)
    assert not isinstance(outcome, MisuseError), outcome
    assert pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester").status == "published"
    with casebook.opened(settings) as book:
        book.set_user("boss", "administrator", actor="tester", occurred_at=NOW)
        book.set_user(getpass.getuser(), "reviewer", actor="boss", occurred_at=NOW)
    return settings, outcome


@pytest.fixture
def misuse(ready, capsys):
    """Run a command: exit code, standard output, standard error."""
    settings, _ = ready

    def run(*words):
        code = run_command(list(words), {"MISUSE_HOME": str(settings.home)})
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def reads(settings):
    """Payloads of the looks recorded so far."""
    with casebook.opened(settings) as book:
        return [event.data for event in book.entries("identity_read")]


# ── find and identify ──────────────────────────────────────────────────────────────────────────


def test_a_number_leads_to_everybody_who_ever_held_it(ready, misuse):
    settings, _ = ready
    code, out, _ = misuse("find", "--number", "+44 (0)7700 900955", "--reason", "a test", "--json")
    assert code == 0
    first, second = json.loads(out)
    assert (first["calls"], second["calls"]) == (5, 6)
    assert (first["held_from"], second["held_to"]) == (None, None)
    assert first["held_to"] == second["held_from"] == "2025-07-01T23:30:00+01:00"
    assert first["caller_id"] != second["caller_id"]
    (look,) = [data for data in reads(settings) if data["way"] == "find"][-1:]
    assert look["callers"] == [first["caller_id"], second["caller_id"]]
    assert "900955" not in json.dumps(look)
    _, told, _ = misuse("find", "--number", SHARED_NUMBER, "--reason", "a test")
    assert "5 calls, 2024-02-01 to 2024-02-05; another from 2025-07-01" in told
    assert "6 calls, 2025-07-01 to 2025-07-06; another holder before 2025-07-01" in told


def test_a_caller_leads_to_what_is_known_of_that_holder_alone(misuse):
    _, out, _ = misuse("find", "--number", SHARED_NUMBER, "--reason", "a test", "--json")
    for row, (person, other) in zip(json.loads(out), ((FIRST, SECOND), (SECOND, FIRST)), strict=True):
        code, out, _ = misuse("identify", row["caller_id"], "--reason", "a test", "--json")
        shown = json.loads(out)
        assert code == 0
        assert (shown["numbers"], shown["subscriber_names"]) == (["+447700900955"], [person[0]])
        assert other[0] not in out
        assert set(shown) == {
            "caller_id", "numbers", "premises", "subscriber_names", "subscriber_addresses", "person_names", "birth_dates",
            "held",
        }  # fmt: skip
        _, told, _ = misuse("identify", row["caller_id"], "--reason", "a test")
        assert "this look was recorded" in told
        assert "+447700900955" in told


def test_the_room_gives_the_same_without_the_warehouse(ready, misuse, monkeypatch):
    """By number, by address, and back: the published copy and the vault tell what the commands do."""
    settings, _ = ready
    asked = (
        ("number", SHARED_NUMBER),
        ("number", "07700 900001"),
        ("number", "07700 900954"),
        ("address", SECOND[1]),
        ("address", "no"),
    )
    told = [json.loads(misuse("find", f"--{by}", text, "--reason", "a test", "--json")[1]) for by, text in asked]
    whole = {
        row["caller_id"]: misuse("identify", row["caller_id"], "--reason", "a test", "--json")[1]
        for rows in told
        for row in rows
    }
    monkeypatch.setattr(warehouse, "opened", lambda *_, **__: pytest.fail("the room opened the warehouse"))
    desk = Desk(settings, getpass.getuser(), NOW)
    for (by, text), wanted in zip(asked, told, strict=True):
        found = care.find(desk, **{by: text}, reason="a test")
        assert (
            json.loads(json.dumps(found, default=lambda at: wording.local(at, settings.reporting_zone).isoformat()))
            == wanted
        )
        assert reads(settings)[-1]["callers"] == list(dict.fromkeys(row["caller_id"] for row in wanted))
    for caller, wanted in whole.items():
        found = care.identify(desk, caller, "a test")
        assert found.pop("has_versions") is False
        assert json.loads(
            json.dumps(found, default=lambda at: wording.local(at, settings.reporting_zone).isoformat())
        ) == json.loads(wanted)


def test_an_address_leads_to_who_called_from_it(misuse):
    _, out, _ = misuse("find", "--address", " 90 hobblewick  ROW", "--reason", "a test", "--json")
    (row,) = json.loads(out)
    assert (row["calls"], row["held_from"]) == (6, None)


@pytest.mark.parametrize("asked", [("--number", "07700 900001999"), ("--number", "07700 900954"), ("--address", "no")])
def test_a_look_that_finds_nothing_is_recorded_too(ready, misuse, asked):
    settings, _ = ready
    before = len(reads(settings))
    code, out, err = misuse("find", *asked, "--reason", "a test")
    if asked[1] == "07700 900001999":  # no number, so that nothing was looked up
        assert code == UsageError.exit_code
        assert len(reads(settings)) == before
        return
    assert code == 0
    assert "recorded" in out
    assert reads(settings)[before:][0]["callers"] == []
    assert asked[1] not in err + json.dumps(reads(settings))


WAYS = {
    "find by number": ("find", "--number", SHARED_NUMBER),
    "find by address": ("find", "--address", FIRST[1]),
    "identify": ("identify", "CALLER"),
    "rejected rows": ("identify", "--batch", "BATCH"),
}

RECORDED_AS = {
    "find by number": "find", "find by address": "find", "identify": "identify", "rejected rows": "rejected_rows",
}  # fmt: skip


def words_of(ready, way):
    settings, outcome = ready
    from misuse import publication

    with publication.opened(settings) as con:
        caller = con.execute("select min(caller_id) from callers").fetchone()[0]
    return [{"CALLER": caller, "BATCH": outcome.batch_id}.get(word, word) for word in WAYS[way]]


@pytest.mark.parametrize("way", WAYS)
def test_what_cannot_be_recorded_is_not_shown(ready, misuse, monkeypatch, way):
    words = words_of(ready, way)

    def refuse(*_, **__):
        raise LockHeld("somebody else is writing to the casebook")

    monkeypatch.setattr(casebook.Casebook, "record", refuse)
    code, out, err = misuse(*words, "--reason", "a test", "--json")
    assert (code, out) == (LockHeld.exit_code, "")
    assert not any(word in err for word in (*PLANTED, *FIRST, "900955"))


@pytest.mark.parametrize("way", WAYS)
def test_each_way_takes_a_role_and_a_reason(ready, misuse, way):
    settings, _ = ready
    words = words_of(ready, way)
    before = len(reads(settings))
    assert misuse(*words)[0] == UsageError.exit_code
    assert misuse(*words, "--reason", "  ")[0] == UsageError.exit_code
    with casebook.opened(settings) as book:
        book.set_user(getpass.getuser(), "analyst", actor="boss", occurred_at=NOW)
    code, out, err = misuse(*words, "--reason", "a test")
    with casebook.opened(settings) as book:
        book.set_user(getpass.getuser(), "reviewer", actor="boss", occurred_at=NOW)
    assert (code, out) == (Refused.exit_code, "")
    assert "see identity" in err
    assert len(reads(settings)) == before
    with casebook.opened(settings) as book:
        refused = book.entries("access_refused")[-1]
    assert (refused.actor, refused.data["what"]) == (getpass.getuser(), RECORDED_AS[way])


def test_before_the_first_run_nobody_can_be_found(tmp_path, capsys):
    settings = settings_for(tmp_path / "home", token_key="")
    (outcome,) = intake.ingest_files(
        settings, [write_csv(tmp_path / "log.csv", random_rows(82, 20))], "calls", actor="tester", now=NOW
    )
    assert not isinstance(outcome, MisuseError)
    with casebook.opened(settings) as book:
        book.set_user(getpass.getuser(), "administrator", actor="tester", occurred_at=NOW)
    environ = {"MISUSE_HOME": str(settings.home)}
    for words in (["find", "--number", "07700 900001"], ["identify", "c0"]):
        assert run_command([*words, "--reason", "a test"], environ) == UsageError.exit_code
        assert "misuse run" in capsys.readouterr().err


def test_what_reads_the_published_copy_needs_no_key_of_a_person_and_no_vault(ready, misuse):
    settings, _ = ready
    caller = json.loads(misuse("callers", "--json")[1])[0]["caller_id"]
    commands = (("sql", "select count(*) from calls"), ("list",), ("look",), ("callers",), ("estimate",), ("runs",))
    # The casebook's key stays: that a query was asked is recorded.
    gone = ("keys/vault.key", "keys/token.key", "vault.duckdb", "warehouse.duckdb")
    away = [(settings.home / name, settings.home.parent / Path(name).name) for name in gone]
    for here, there in away:
        here.rename(there)
    try:
        codes = {words: misuse(*words)[0] for words in (*commands, ("why", caller))}
    finally:
        for here, there in away:
            there.rename(here)
    assert set(codes.values()) == {0}, codes


# ── rejected rows ──────────────────────────────────────────────────────────────────────────────


def test_rejected_rows_are_shown_as_they_were_read(ready, misuse):
    settings, outcome = ready
    assert outcome.rejected == 3
    code, out, _ = misuse("identify", "--batch", outcome.batch_id, "--reason", "a test", "--json")
    shown = json.loads(out)
    assert code == 0
    assert (shown["rejected"], shown["kept"]) == (3, 3)
    assert [row["raw"] for row in shown["rows"]] == REJECTED
    assert [row["row_number"] for row in shown["rows"]] == sorted(row["row_number"] for row in shown["rows"])
    assert all(row["reason"] for row in shown["rows"])
    assert reads(settings)[-1] == {
        "way": "rejected_rows", "batch_id": outcome.batch_id, "rows": 3, "reason": "a test", "callers": [],
    }  # fmt: skip


def test_rejected_rows_are_shown_a_few_at_a_time_and_steer_no_terminal(ready, misuse):
    _, outcome = ready
    code, out, err = misuse("identify", "--batch", outcome.batch_id, "--reason", "a test", "--limit", "2")
    assert code == 0
    assert "3 rejected, 3 kept, 2 shown" in out
    assert "--limit 3" in err
    assert "\x1b" not in out
    assert "\\x1b[31m" in out
    assert misuse("identify", "--batch", outcome.batch_id, "--reason", "a", "--limit", "0")[0] == UsageError.exit_code


def test_a_batch_that_is_not_in_has_no_rejected_rows(misuse, tmp_path):
    code, out, err = misuse("identify", "--batch", "b0", "--reason", "a test")
    assert (code, out) == (UsageError.exit_code, "")
    assert "misuse batch list" in err
    settings = settings_for(tmp_path / "home")
    log = write_csv(tmp_path / "log.csv", random_rows(83, 40))
    log.write_text(log.read_text() + REJECTED[0] + "\n", encoding="utf-8")
    (outcome,) = intake.ingest_files(settings, [log], "calls", actor="tester", now=NOW)
    intake.withdraw(settings, outcome.batch_id, reason="a test", actor="tester", now=NOW)
    from misuse import warehouse

    with warehouse.opened(settings, with_vault=True) as con:
        assert con.execute("select count(*) from vault.rejected_rows").fetchone() == (0,)


def test_a_caller_or_a_batch_not_both(misuse):
    assert misuse("identify", "c0", "--batch", "b0", "--reason", "a test")[0] == 2
    assert misuse("identify", "--reason", "a test")[0] == 2
    assert misuse("identify", "c0", "--reason", "a test")[0] in {InputError.exit_code, 0}


def test_rejected_rows_are_nowhere_but_in_the_vault(ready, misuse):
    """Every file decoded (published copy, reports, casebook, run records, data docs), every command read."""
    settings, outcome = ready
    _, shown, _ = misuse("identify", "--batch", outcome.batch_id, "--reason", "a test", "--json")
    assert all(word in shown for word in PLANTED), "the one way there is"
    files = [path for path in settings.home.rglob("*") if path.is_file() and not path.is_symlink()]
    names = {path.name for path in files}
    assert {"warehouse.duckdb", "casebook.sqlite", "tasking_list.pdf", "tasking_list.xlsx"} <= names
    for path in files:
        if path.name != "vault.duckdb":
            text = decoded(path).lower()
            assert not any(word.lower() in text for word in PLANTED), path.relative_to(settings.home)
    said = "".join(
        "".join(map(str, misuse(*words)))
        for words in (
            ("batch", "list", "--json"), ("status", "--json"), ("runs", "--json"), ("list", "--json"), ("look", "--json"),
            ("callers",), ("estimate", "--json"), ("audit", "verify"), ("identify", "--batch", "b0", "--reason", "x"),
            ("sql", "select * from batches"), ("sql", "select * from rejected_rows"), ("retention", "--dry-run"),
        )
    ).lower()  # fmt: skip
    assert "accepted" in said
    assert not any(word.lower() in said for word in PLANTED)


# ── nothing else opens it ──────────────────────────────────────────────────────────────────────

# Who mentions the vault's tables, and why that is needed. A new name here is a decision for whoever reviews it.
OPENS_THE_VAULT = {
    "sql/ingest/vault_write.sql": "what identifies goes in",
    "sql/ingest/unswept.sql": "whether vault and warehouse hold the same calls",
    "sql/ingest/sweep.sql": "rows of calls that are gone go too",
    "sql/detection/call_stops.sql": "markers and remarks, which alone tell of danger",
    "sql/detection/tie_marks.sql": "what a marked call and its number have that may tie others; temporary",
    "sql/detection/tied_details.sql": "every home, location and person that may be a marked call's; temporary",
    "sql/detection/tied_calls.sql": "which calls share an address or a person with a marked one",
    "sql/detection/new_content.sql": "whether what a frequent contact reports is new",
    "sql/callers/number_details.sql": "whether a number passed from one subscriber to another",
    "sql/callers/spell_combinations.sql": "what linkage compares",
    "sql/callers/spell_links.sql": "pairs of records that the model scored",
    "sql/callers/shared_line_behaviour.sql": "how many different names call from a line",
    "sql/callers/shared_line_labels.sql": "markers that say a line is shared",
    "sql/identities/keep_records.sql": "linkage's records, made anew",
    "sql/identities/note_superseded.sql": "which versions of calls count for nothing, by their keys alone",
    "sql/identities/forget_scores.sql": "scores of another way of comparing go",
    "sql/identities/forget_records.sql": "linkage's records of callers who are gone",
    "sql/identities/forget_turns.sql": "who no longer held one number in turn",
    "sql/linkage/": "linkage",
    "sql/identities/find_by_address.sql": "find: with role, reason and record",
    "sql/identities/lines_of_caller.sql": "identify: with role, reason and record",
    "sql/identities/details_of_caller.sql": "identify: with role, reason and record",
    "sql/identities/details_of_calls.sql": "coding calls --identified: with role, reason and record",
    "sql/identities/rejected_batch.sql": "identify --batch: how many rows are kept",
    "sql/identities/rejected_rows_of_batch.sql": "identify --batch: with role, reason and record",
    "sql/ingest/remaining_details.sql": "details that a corrected batch brings anew",
    "sql/retention/due_rejected_rows.sql": "how many rejected rows are past their time",
    "sql/retention/delete_rejected_rows.sql": "those go",
    "sql/retention/due_models.sql": "models that another replaced, past their time",
    "sql/retention/forget_models.sql": "their words go",
    "src/misuse/vault/": "its opener and keeper",
    "src/misuse/warehouse.py": "attaches it for those below",
    "src/misuse/intake.py": "takes logs in",
    "src/misuse/pipeline.py": "hard stops and callers",
    "src/misuse/callers.py": "linkage's records",
    "src/misuse/linkage/": "linkage",
    "src/misuse/model_review.py": "training and accepting a model of linkage",
    "src/misuse/identities.py": "find, identify and coding calls --identified",
    "src/misuse/retention.py": "rejected rows past their time",
    "src/misuse/cli/keeping.py": "rotates its key",
    "src/misuse/backup/": "reads a copy whole, without looking into it",
    "src/misuse/disposal.py": "puts away what identifies, with a certificate",
    "sql/retention/forget_details.sql": "what identifies goes",
    "sql/retention/returned_lines.sql": "whether a number put away is back",
    "sql/retention/forget_numbers.sql": "a number of which no call is left goes",
    "sql/retention/due_quiet_lines.sql": "how many numbers of quiet callers are held",
    "sql/retention/forget_quiet_numbers.sql": "their numbers go",
    "sql/retention/forget_quiet_premises.sql": "their premises go",
    "sql/retention/forget_premises.sql": "premises of which no call is left go",
    "src/misuse/room/vaulted.py": "find, identify, and references for an evidence pack: with role, reason and record",
    "sql/room/tokens_of_numbers.sql": "the room's find and identify: with role, reason and record",
    "sql/room/calls_at_address.sql": "the room's find: with role, reason and record",
    "sql/room/counted_details.sql": "identify, evidence packs and subject access: with role, reason and record",
    "src/misuse/casebook/keeping.py": "holds the casebook's own key as the vault's is held, and opens nothing",
    "src/misuse/status.py": "tells of a rotation that broke off, and opens nothing",
}
# What would tell who somebody is; the rest of the vault is pseudonyms, scores and counts.
IDENTIFYING = (
    "call_details", "numbers", "premises", "rejected_rows", "identity_records", "identity_features", "identity_terms",
)  # fmt: skip
MENTION = re.compile(r"\bvault\.(?!duckdb|key)[a-z_]+\b|with_vault|\bimport vault\b|misuse\.vault\b|, vault\b")


@cache
def mentions():
    """Files of the program that open the vault or read its tables, comments aside."""
    found = set()
    for source in [*tree.sql(), *tree.program()]:
        text = tree.without_comments(source) if source.path.suffix == ".sql" else without_docstrings(source)
        if MENTION.search(text):
            found.add(source.name)
    return found


def without_docstrings(source):
    import ast

    text = source.text
    for node in ast.walk(source.tree):
        if id(node) in source.docstrings and isinstance(node, ast.Constant):
            text = text.replace(ast.get_source_segment(source.text, node) or "", "")
    return re.sub(r"(?m)#.*$", "", text)


def is_allowed(name):
    return name in OPENS_THE_VAULT or any(
        allowed.endswith("/") and name.startswith(allowed) for allowed in OPENS_THE_VAULT
    )


def test_only_those_with_a_reason_open_the_vault():
    found = sorted(name for name in mentions() if not is_allowed(name) and not name.startswith("sql/schema/vault_"))
    assert not found, tree.told(found, "opens the vault and gives no reason in OPENS_THE_VAULT")


def test_every_reason_is_still_needed():
    found = mentions()
    idle = [
        name
        for name in OPENS_THE_VAULT
        if not any(one == name or (name[-1] == "/" and one.startswith(name)) for one in found)
    ]
    assert not idle, tree.told(idle, "gives a reason to open the vault and does not")


def test_every_table_of_the_vault_that_identifies_is_known():
    made = {
        name
        for source in tree.sql("schema")
        if "/vault_" in source.name
        for name in re.findall(r"create table (\w+)", source.text)
    }
    pseudonymous = {"identity_pairs", "identity_turns", "identity_scored", "identity_models", "superseded_details"}
    assert made == set(IDENTIFYING) | pseudonymous


def test_no_published_relation_is_made_from_the_vault():
    published = {relation.name for relation in schemas.PUBLISHED}
    found = [name for name in mentions() if name.startswith("sql/") and name.split("/")[-1][:-4] in published]
    assert not found, tree.told(found, "a published relation reads the vault")
