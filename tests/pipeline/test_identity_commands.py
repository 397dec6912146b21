"""Who is calling, by the real commands on a real home: training, links, decisions, shared lines, safeguards."""

from __future__ import annotations

import datetime
import getpass
import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import misuse
from tests.logs import COLUMNS, random_rows, write_csv
from tests.pipeline.test_nothing_leaks import LAYOUT

pytestmark = pytest.mark.slow

DAYS, CALLS = 45, 150
pytestmark = pytest.mark.usefixtures("unreported_file")  # nobody reads their papers

NUMBER = "020 7946 0991"
LINK_KEYS = {
    "spell_a", "spell_b", "caller_a", "caller_b", "status", "probability", "weight", "reasons", "misuse_calls_a",
    "misuse_calls_b", "decision", "event_id",
}  # fmt: skip
DIFF_KEYS = {"in_force", "candidate", "threshold", "callers", "persistent", "suggestions", "changes", "carried"}
SAFEGUARD_KEYS = {
    "rule_id", "title", "is_stop", "blind_in", "is_blind", "checked_at", "checked_by_role", "until", "is_covered",
}  # fmt: skip


def become(home: Path, role: str) -> None:
    """Whoever runs the tests holds the role; another user stays the administrator."""
    me = getpass.getuser()
    held = {row["name"] for row in asked(home, "users")}
    if not held:
        ok(home, "users", "add", me, "--role", "administrator")
        ok(home, "users", "add", "somebody-else", "--role", "administrator")
    if role != "administrator":
        ok(home, "users", "change", me, "--role", role)


def ok(home: Path, *words: str) -> str:
    done = misuse(home, *words)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def asked(home: Path, *words: str) -> Any:
    return json.loads(ok(home, *words, "--json"))


def assert_refused(home: Path, code: int, told: str, *words: str) -> None:
    done = misuse(home, *words)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    assert told in done.stderr
    assert "7946" not in done.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home made by one `demo`: a small London, a first model and a run."""
    root = tmp_path_factory.mktemp("identity") / "home"
    root.mkdir()
    told = ok(root, "demo", "--days", str(DAYS), "--calls-per-day", str(CALLS))
    assert "was trained" in told
    become(root, "reviewer")
    return root


def test_invented_and_real_people_never_share_a_home(home: Path, tmp_path: Path) -> None:
    log = write_csv(tmp_path / "log.csv", random_rows(51, 20), COLUMNS)
    (home / "misuse.toml").write_text(LAYOUT, encoding="utf-8")
    assert_refused(home, 6, "never share a home", "ingest", str(log), "--source", "calls")
    (home / "misuse.toml").unlink()


def test_the_model_in_force_is_named_and_described(home: Path) -> None:
    (row,) = asked(home, "identity", "models")
    assert row["status"] == "in_force"
    assert "links numbers to callers" in ok(home, "status")
    assert row["model_digest"] in ok(home, "identity", "card")
    assert_refused(home, 3, "no candidate waits", "identity", "diff")


def test_the_same_records_give_the_same_model(home: Path) -> None:
    assert asked(home, "identity", "train")["status"] == "same"


def test_people_decide_on_links_and_take_it_back(home: Path) -> None:
    found = asked(home, "identity", "links")
    assert set(found) == {"caller_id", "links", "decisions"}
    assert all(set(row) == LINK_KEYS for row in found["links"])
    one, other = (row["caller_id"] for row in persons(home, 2))
    decided = asked(home, "identity", "same", one, other, "--reason", "a named test")
    assert set(decided) == {"event_id", "decision", "callers", "spells", "in_the_way"}
    ok(home, "run")
    (joined,) = {row["caller_id"] for row in spells(home) if row["spell_id"] in decided["spells"]}
    assert joined not in (one, other)
    assert asked(home, "why", one)["caller"]["caller_id"] == joined, "an id once published resolves for ever"
    of = asked(home, "identity", "links", joined)
    assert [row["event_id"] for row in of["decisions"]] == [decided["event_id"]]
    assert "the same" in ok(home, "identity", "links", joined)
    parted = asked(home, "identity", "differ", decided["spells"][0], decided["spells"][-1], "--reason", "a named test")
    ok(home, "identity", "undo", str(parted["event_id"]), "--reason", "a named test")
    ok(home, "identity", "undo", str(decided["event_id"]), "--reason", "a named test")
    assert_refused(home, 3, "no decision", "identity", "undo", str(decided["event_id"]), "--reason", "again")
    ok(home, "run")
    assert {row["caller_id"] for row in spells(home) if row["spell_id"] in decided["spells"]} == {one, other}


def spells(home: Path) -> list[dict[str, Any]]:
    return asked(home, "sql", "select spell_id, caller_id, reach_id, identity_kind from caller_spells")


def persons(home: Path, count: int) -> list[dict[str, Any]]:
    """Persons of one number each, who are linked with nobody."""
    return asked(
        home,
        "sql",
        "select min(caller_id) as caller_id from caller_spells where identity_kind = 'person' group by reach_id "
        "having count(*) = 1 order by 1",
    )[:count]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("identity", "same", "c0", "--reason", " "), 2, "reason"),
        (("identity", "same", "s0000000000000000", "--reason", "x"), 3, "no caller"),
        (("identity", "undo", "first", "--reason", "x"), 2, "number"),
        (("identity", "diff", "--accept"), 2, "reason"),
        (("identity", "diff", "--accept", "--reason", "x"), 6, "accept model"),
        (("shared-lines", "add", "--number", "12", "--kind", "hostel", "--reason", "x"), 2, "no usable"),
        (("shared-lines", "add", "--number", NUMBER, "--kind", "nuisance", "--reason", "x"), 2, "no kind"),
        (("shared-lines", "remove", "--number", NUMBER, "--reason", "x"), 3, "not in the register"),
        (("shared-lines", "import", "nowhere.csv", "--reason", "x"), 3, "no file"),
        (("safeguards", "record", "nothing", "--until", "2030-01-01", "--reason", "x"), 2, "no safeguard"),
        (("safeguards", "record", "domestic_abuse", "--until", "2000-01-01", "--reason", "x"), 2, "from today"),
        (("stop", "c0", "--rule", "domestic_abuse", "--reason", "x"), 2, "only lifted"),
        (("stop", "c0", "--lift", "--rule", "nothing", "--reason", "x"), 2, "no rule"),
    ],
)
def test_what_is_wrong_is_said_with_its_exit_code(home: Path, words: tuple[str, ...], code: int, told: str) -> None:
    assert_refused(home, code, told, *words)


def test_the_register_of_shared_lines(home: Path, tmp_path: Path) -> None:
    assert "1 line registered" in ok(
        home, "shared-lines", "add", "--number", NUMBER, "--kind", "hostel", "--reason", "a named test"
    )
    (row,) = asked(home, "shared-lines", "list")
    assert set(row) == {"caller_id", "kind", "registered_at", "actor_role", "calls", "last_call_at"}
    bad = tmp_path / "bad.csv"
    bad.write_text(f"number,kind\n{NUMBER},hostel\nnobody,hostel\n", encoding="utf-8")
    assert_refused(home, 3, "line 3", "shared-lines", "import", str(bad), "--reason", "a named test")
    assert "not registered" not in ok(home, "shared-lines", "list")
    (person,) = persons(home, 1)
    caller = person["caller_id"]
    ok(home, "shared-lines", "add", "--caller", caller, "--kind", "care home", "--reason", "a named test")
    ok(home, "run")
    kinds = {row["caller_id"]: row["identity_kind"] for row in spells(home)}
    assert kinds[caller] == "shared_line"
    assert_refused(
        home, 3, "nobody's alone", "identity", "same", caller, persons(home, 1)[0]["caller_id"], "--reason", "x"
    )
    ok(home, "shared-lines", "remove", "--caller", caller, "--reason", "a named test")
    ok(home, "shared-lines", "remove", "--number", NUMBER, "--reason", "a named test")
    assert asked(home, "shared-lines", "list") == []
    assert isinstance(asked(home, "shared-lines", "suggest"), list)
    assert NUMBER.replace(" ", "")[1:] not in json.dumps(asked(home, "identity", "links"))


def test_safeguards_and_another_check(home: Path) -> None:
    rows = asked(home, "safeguards")
    assert all(set(row) == SAFEGUARD_KEYS for row in rows)
    assert "safeguards blind" in ok(home, "safeguards")

    until = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=30)).date().isoformat()
    ok(home, "safeguards", "record", "domestic_abuse", "--until", until, "--reason", "a named test")
    (row,) = [row for row in asked(home, "safeguards") if row["rule_id"] == "domestic_abuse"]
    assert row["is_covered"]
    assert row["until"] == until


@pytest.fixture(scope="module")
def handed_on(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of one number that passed from one to another; the second's calls carry a marker once."""
    root = tmp_path_factory.mktemp("handed_on")
    home = root / "home"
    home.mkdir()
    columns = '[sources.calls.columns]\nsubscriber_postcode = "postcode"'
    (home / "misuse.toml").write_text(LAYOUT.replace("[sources.calls.columns]", columns), encoding="utf-8")
    held = [("Ansonia Birtwell", "ZZ1 1AB"), ("Cecanda Dorrimer", "ZZ9 9XY")]
    rows = random_rows(61, 120)
    first = min(row["received"] for row in rows)[:10]
    start = datetime.datetime.fromisoformat(first)
    for at in range(24):
        name, postcode = held[at // 12]
        received = (start + datetime.timedelta(days=at // 2, hours=at % 2)).isoformat(sep=" ")
        told = {"ref": f"H{at}", "received": received, "cli": NUMBER, "code": "HOAX", "version": "1", "name": name}
        marker = {"markers": "domestic abuse"} if at == 20 else {}
        rows.append(dict.fromkeys(COLUMNS, "") | told | {"postcode": postcode} | marker)
    log = write_csv(root / "log.csv", [{"postcode": ""} | row for row in rows], (*COLUMNS, "postcode"))
    ok(home, "ingest", str(log), "--source", "calls")
    ok(home, "run")
    become(home, "reviewer")
    return home


def test_a_stop_reaches_whoever_may_be_one_with_the_stopped_at_once(handed_on: Path) -> None:
    found = asked(
        handed_on,
        "sql",
        "select caller_id from caller_spells inner join callers using (caller_id) "
        "where reach_id in (select reach_id from caller_spells group by reach_id having count(*) > 1) "
        "order by caller_spells.first_call_at",
    )
    one, other = (row["caller_id"] for row in found)
    assert "It reaches" in ok(handed_on, "stop", one, "--reason", "a named test")
    assert asked(handed_on, "why", other)["is_stopped_by_a_person"]
    assert "still stopped" not in ok(handed_on, "stop", one, "--lift", "--reason", "a named test")
    assert not asked(handed_on, "why", other)["is_stopped_by_a_person"]


def test_a_rules_stop_is_lifted_where_one_stands_and_nowhere_else(handed_on: Path) -> None:
    (row,) = asked(
        handed_on, "sql", "select caller_id from callers where is_stopped order by first_call_at desc limit 1"
    )
    caller = row["caller_id"]
    lift = ("stop", caller, "--lift", "--reason", "a named test", "--rule")
    assert_refused(handed_on, 3, "stops nobody", *lift, "dementia")
    ok(handed_on, *lift, "domestic_abuse")
    ok(handed_on, "run")
    (stands,) = (row for row in asked(handed_on, "sql", "from callers") if row["caller_id"] == caller)
    assert stands["is_stopped"] is False
    assert_refused(handed_on, 3, "stops nobody", *lift, "domestic_abuse")


def test_a_later_model_waits_for_a_person(home: Path) -> None:
    last = asked(home, "batch", "list")[-1]["batch_id"]
    ok(home, "batch", "withdraw", last, "--reason", "a named test: other records make another model")
    ok(home, "run")
    before = asked(home, "identity", "models")
    trained = asked(home, "identity", "train")
    assert trained["status"] == "candidate"
    assert "misuse identity diff" in ok(home, "status")
    assert asked(home, "identity", "models")[0]["status"] == "candidate"
    found = asked(home, "identity", "diff")
    assert set(found) == DIFF_KEYS
    assert found["candidate"]["model_digest"] == trained["model_digest"]
    assert found["callers"]["then"] > found["callers"]["stay"] * 0.5 > 0
    assert "persistent" in ok(home, "identity", "diff")
    assert_refused(home, 6, "accept model", "identity", "diff", "--accept", "--reason", "a named test")
    assert_refused(home, 6, "accept model", "identity", "diff", "--reject", "--reason", "a named test")
    statuses = {row["model_digest"]: row["status"] for row in asked(home, "identity", "models")}
    assert statuses[before[0]["model_digest"]] == "in_force"
