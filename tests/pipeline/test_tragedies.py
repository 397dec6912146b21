"""People who were seen as a nuisance, and what danger sounds like on the line: never tasked, always looked at.

Every story is invented after a case that docs/safeguards.md cites; the numbers are Ofcom's for drama. One log holds
them all and goes through the real pipeline once; then each rule is taken away in turn and its story must fail.
"""

from __future__ import annotations

import dataclasses
import getpass
import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest

from misuse import callers, casebook, cli, detection, intake, models, pipeline, rules, warehouse
from misuse.errors import MisuseError
from misuse.settings import SQL_ROOT, Settings
from tests.logs import NOW, settings_for, write_csv

COLUMNS = (
    "ref", "received", "channel", "cli", "subscriber", "address", "postcode", "person", "born", "opening", "code",
    "qualifiers", "result", "location", "markers", "remarks",
)  # fmt: skip
SOURCE: Mapping[str, Any] = {
    "format": "csv",
    "columns": {
        "call_id": "ref",
        "received_at": "received",
        "channel": "channel",
        "cli": "cli",
        "subscriber_name": "subscriber",
        "subscriber_address": "address",
        "subscriber_postcode": "postcode",
        "person_name": "person",
        "birth_date": "born",
        "opening_code": "opening",
        "closing_code": "code",
        "qualifiers": "qualifiers",
        "result_code": "result",
        "incident_location": "location",
        "markers": "markers",
        "remarks": "remarks",
    },
    "markers_supplied": [rule.id for rule in rules.load().hard_stops],
    "misuse": {"closing_code": ["HOAX", "NUISANCE", "SILENT NUISANCE"], "opening_code": ["NUISANCE"]},
    "doubt": {"result_code": ["CRIME RECORDED", "PATIENT CONVEYED"]},
}
RULES = rules.load()
BY_ID = {rule.id: rule for rule in RULES.hard_stops}
START = datetime(2025, 3, 3, 19, 30)
DUTY, TECHNICAL, SAFEGUARDING = "Metcall duty officer", "Metcall technical support", "Safeguarding desk"


def number(at: int) -> str:
    return f"07700 900{at:03d}"


class Log:
    """Rows of an invented log; each call a day after the one before, unless said otherwise."""

    def __init__(self) -> None:
        self.rows: list[dict[str, str]] = []

    def call(self, line: int, at: datetime, code: str, **details: str) -> None:
        ref = f"T{len(self.rows) + 1}"
        given = {"ref": ref, "received": f"{at:%Y-%m-%d %H:%M:%S}", "cli": number(line), "channel": "999", "code": code}
        self.rows.append(dict.fromkeys(COLUMNS, "") | given | details)

    def calls(
        self,
        line: int,
        count: int,
        code: str,
        *,
        start: datetime = START,
        apart: timedelta = timedelta(days=1),
        **d: str,
    ) -> None:
        for turn in range(count):
            self.call(line, start + turn * apart, code, **d)


def stories() -> Log:
    """Each story on the number of its own number."""
    log = Log()
    for tell in (
        hampshire,
        codewords,
        joanne_butler,
        distress,
        children_and_handsets,
        victims,
        others,
        decided,
        listed,
    ):
        tell(log)
    return log


def hampshire(log: Log) -> None:
    """1 marked once; then silent calls, closed as a nuisance. 2 to 4 the same victim on other telephones; 20 next door."""
    home = {"address": "14 Invented Row, Nowhere", "postcode": "ZZ1 1AA"}
    victim = {"person": "Brendle Osfarrow", "born": "01/02/1980"}
    before = START - timedelta(days=60)
    log.call(
        1,
        before,
        "DOMESTIC",
        markers="Caution; Domestic Abuse (High)",
        location="3 Refuge Lane, Elsewhere",
        **home,
        **victim,
    )
    log.calls(1, 12, "SILENT NUISANCE", **home)
    log.calls(2, 12, "SILENT NUISANCE", address="14, Invented Row Nowhere", postcode="zz11aa")
    log.call(3, START - timedelta(days=10), "THEFT", person="BRENDLE OSFARROW", born="01/02/1980")
    log.calls(3, 12, "NUISANCE")
    log.calls(4, 12, "SILENT NUISANCE", location="3 Refuge Lane, Elsewhere")
    log.call(20, START, "NOISE", location="14 Invented Row, Nowhere")
    log.calls(20, 12, "SILENT NUISANCE", address="16 Invented Row, Nowhere", postcode="ZZ1 1AA")


def codewords(log: Log) -> None:
    """5 a pizza, 6 a taxi; 8 Silent Solution, 55 pressed once."""
    log.calls(5, 11, "HOAX", remarks="Female asked for a pizza, repeated her address, hung up")
    log.calls(6, 11, "HOAX", remarks="Caller whispers, wants a taxi, line cleared")
    log.calls(8, 12, "SILENT NUISANCE")
    log.call(8, START + timedelta(days=20), "SILENT CALL", remarks="No speech, caller pressed 55 when asked")


def joanne_butler(log: Log) -> None:
    """7 some twenty contacts in ten months, then two silent calls with screams, closed as duplicate, and one more.

    Half of the earlier ones were closed as a nuisance: one more would make ten.
    """
    fortnight, night = timedelta(days=15), START + timedelta(days=300)
    log.calls(7, 9, "NUISANCE", opening="DOMESTIC", apart=fortnight)
    later = START + timedelta(days=5)
    log.calls(7, 9, "ADVICE GIVEN", opening="HARASSMENT", channel="101", start=later, apart=fortnight)
    log.call(7, night, "DUPLICATE", opening="SILENT CALL", remarks="Screams heard, line went dead")
    four, six = night + timedelta(minutes=4), night + timedelta(minutes=6)
    log.call(7, four, "DUPLICATE", opening="SILENT CALL", remarks="Screaming, no reply on call back")
    log.call(7, six, "SILENT NUISANCE", opening="SILENT CALL", remarks="No reply, third call tonight")


def distress(log: Log) -> None:
    """9 Serenity Integrated Mentoring, StopSIM: in distress, again and again; 10 and says so."""
    log.calls(9, 14, "NUISANCE", markers="mental_health")
    log.calls(10, 14, "NUISANCE", remarks="Female states she wants to end her life, known to room")


def children_and_handsets(log: Log) -> None:
    """11 children; 12 Android's SOS, marked once; 13 a telephone that dialled by itself."""
    log.calls(11, 12, "HOAX", markers="child")
    log.calls(12, 12, "SILENT NUISANCE")
    log.call(12, START + timedelta(days=20), "SILENT CALL", markers="emergency_sos")
    log.calls(13, 14, "SILENT NUISANCE", apart=timedelta(seconds=50))


def victims(log: Log) -> None:
    """14 Bijan Ebrahimi: some 85 calls, the marker on three. 15 Fiona Pilkington: 33 reports, the marker on one."""
    log.calls(14, 82, "NUISANCE", apart=timedelta(days=3), remarks="Same complaint about neighbours as before")
    log.calls(14, 3, "HARASSMENT", start=START + timedelta(hours=5), markers="Hate Crime: see log.")
    log.calls(15, 32, "NUISANCE", apart=timedelta(days=9), remarks="Youths outside again, advised")
    log.call(15, START, "ASB", markers="[ASB victim - repeat]")


def others(log: Log) -> None:
    """16 does misuse 999; 17 the same, with the code's own result against it; 18 nobody knew what the calls were."""
    log.calls(16, 12, "HOAX")
    log.calls(17, 12, "HOAX", result="PATIENT CONVEYED")
    log.calls(18, 12, "NOT KNOWN", opening="NUISANCE")


def decided(log: Log) -> None:
    """19 a person whom somebody stopped; 21 was looked at; from 22 a rule was lifted; 23 is in the register."""
    log.calls(19, 12, "NUISANCE")
    log.calls(21, 11, "HOAX", remarks="Female asked for a pizza, repeated her address, hung up")
    log.calls(22, 12, "HOAX")
    log.call(22, START, "HOAX", markers="child")
    log.calls(23, 12, "HOAX")


def listed(log: Log) -> None:
    """24 misuses 999, and one night rings and says nothing; 25 silent for weeks, and six times within minutes."""
    log.calls(24, 12, "HOAX")
    log.call(24, START + timedelta(days=40), "ABANDONED", opening="SILENT CALL")
    log.calls(25, 12, "SILENT NUISANCE")
    log.calls(25, 6, "SILENT NUISANCE", start=START + timedelta(days=40), apart=timedelta(seconds=50))


@dataclasses.dataclass(frozen=True)
class Published:
    """The run's published lists, by number of the story."""

    con: duckdb.DuckDBPyConnection
    spells: Mapping[int, str]

    def row(self, relation: str, story: int) -> dict[str, Any] | None:
        result = self.con.execute("select * from " + relation + " where caller_id = ?", ["c" + self.spells[story][1:]])
        found = result.fetchall()
        names = [column[0] for column in result.description or ()]
        return dict(zip(names, found[0], strict=True)) if found else None

    def looked_at(self, story: int) -> dict[str, Any]:
        row = self.row("look_list", story)
        assert row is not None, "nobody looks"
        return row

    def is_tasked(self, story: int) -> bool:
        return self.row("tasking_list", story) is not None


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("tragedies")
    settings = settings_for(root / "home", sources={"calls": SOURCE})
    path = write_csv(root / "log.csv", stories().rows, COLUMNS)
    for outcome in intake.ingest_files(settings, [path], "calls", actor="tester", now=NOW):
        assert not isinstance(outcome, MisuseError), outcome
    decide(settings)
    run_id = pipeline.begin(settings, None, NOW)
    for step in pipeline.STEPS:
        if step != "report":  # what is written of a stop, tests/unit/test_reports.py reads
            pipeline.step(settings, run_id, step, NOW)
    return settings


def decide(settings: Settings) -> None:
    """What people entered before the run: a stop, a lift of a rule, a line of the register, a look."""
    known = spells(settings)

    def record(book: casebook.Casebook, kind: str, story: int, **payload: Any) -> None:
        caller, given = "c" + known[story][1:], {"reason": "told by the ward", "spells": [known[story]], **payload}
        book.record(kind, actor="ann", occurred_at=NOW, caller_id=caller, payload=given)

    with casebook.opened(settings) as book:
        for name, role in (("ada", "administrator"), ("ann", "reviewer"), (getpass.getuser(), "analyst")):
            book.set_user(name, role, actor="ada", occurred_at=NOW)
        record(book, "stop_entered", 19, is_urgent=False)
        record(book, "look_acknowledged", 21, urgent_stops_seen=11)
        record(book, "stop_lifted", 22, rule_id="child", hits=calls_of(settings, 22))
        line = {"token": tokens(settings)[23], "kind": "kiosk"}
        payload = {"lines": [line], "reason": "a box in the street"}
        book.record("shared_line_registered", actor="ann", occurred_at=NOW, payload=payload)


def calls_of(settings: Settings, story: int) -> list[str]:
    """The keys of a story's calls: what a lift between runs would have seen of it."""
    with warehouse.opened(settings) as con:
        return [key for (key,) in con.execute(_KEYS, [tokens(settings)[story]]).fetchall()]


_KEYS = "select call_key::varchar from call_records where number_token = ? order by 1"


def tokens(settings: Settings) -> dict[int, str]:
    """The pseudonym of each story's number, from the vault."""
    with warehouse.opened(settings, with_vault=True) as con:
        found = con.execute("select e164, number_token::varchar from vault.numbers").fetchall()
    return {int(e164[-3:]): token for e164, token in found}


def spells(settings: Settings) -> dict[int, str]:
    """The one number-holding spell of each story's number."""
    return {story: "s" + token.replace("-", "")[:16] for story, token in tokens(settings).items()}


@pytest.fixture(scope="module")
def published(home: Settings) -> Iterator[Published]:
    known = spells(home)
    with duckdb.connect(str(home.current_path), read_only=True) as con:
        yield Published(con, known)


def assert_safe(published: Published, story: int, duty_role: str, *, urgent: bool) -> dict[str, Any]:
    """Nobody on the tasking list, somebody on the look list, by a named role, as urgently as meant."""
    row = published.looked_at(story)
    assert not published.is_tasked(story)
    assert "hard_stop" in row["look_reasons"]
    assert (row["duty_role"], row["is_urgent"]) == (duty_role, urgent)
    return row


def test_hampshire_silent_calls_from_a_marked_number(published: Published) -> None:
    row = assert_safe(published, 1, DUTY, urgent=True)
    assert row["urgent_stops"] == 13, "the marked call, and every silent call after it"
    assert row["stopped_calls"] == row["coded_misuse_calls"] == 12


@pytest.mark.parametrize("story", [2, 3, 4], ids=["address", "person", "place"])
def test_hampshire_the_victim_takes_whatever_telephone_is_at_hand(published: Published, story: int) -> None:
    row = assert_safe(published, story, DUTY, urgent=True)
    assert "linked_stop" in row["look_reasons"]
    assert row["misuse_calls"] == 0


def test_the_home_next_door_is_not_the_marked_home(published: Published) -> None:
    assert published.is_tasked(20)


@pytest.mark.parametrize("story", [5, 6], ids=["pizza", "taxi"])
def test_codewords_are_never_a_hoax(published: Published, story: int) -> None:
    assert_safe(published, story, DUTY, urgent=True)


def test_joanne_butler(published: Published) -> None:
    row = assert_safe(published, 7, DUTY, urgent=True)
    assert "new_content" in row["look_reasons"]
    assert (row["coded_misuse_calls"], row["misuse_calls"]) == (10, 9), "the last would have been the tenth"
    assert row["urgent_stops"] == 3, "both duplicates of nothing, and the call after them"


def test_silent_solution_55(published: Published) -> None:
    assert_safe(published, 8, DUTY, urgent=True)


def test_serenity_and_stopsim_support_comes_first_and_enforcement_is_not_what_is_offered(published: Published) -> None:
    row = published.row("tasking_list", 9)
    assert row is not None
    assert (row["lane"], "support_first" in row["flags"]) == ("support", True)
    assert set(row["options"]) == set(RULES.options_for(row["as_of"])["support"])
    assert published.looked_at(9)["support_first"]


def test_serenity_and_stopsim_suicidal_content_is_never_misuse(published: Published) -> None:
    assert assert_safe(published, 10, DUTY, urgent=True)["support_first"]


def test_children(published: Published) -> None:
    assert assert_safe(published, 11, SAFEGUARDING, urgent=False)["support_first"]


@pytest.mark.parametrize("story", [12, 13], ids=["marked", "by its pattern"])
def test_android_sos_and_handsets_that_dial_by_themselves(published: Published, story: int) -> None:
    assert_safe(published, story, TECHNICAL, urgent=False)


def test_bijan_ebrahimi(published: Published) -> None:
    row = assert_safe(published, 14, DUTY, urgent=True)
    assert (row["coded_misuse_calls"], row["misuse_calls"]) == (82, 0)


def test_fiona_pilkington(published: Published) -> None:
    row = assert_safe(published, 15, DUTY, urgent=True)
    assert (row["coded_misuse_calls"], row["misuse_calls"]) == (32, 0)


def test_whoever_does_misuse_999_is_on_the_list(published: Published) -> None:
    assert published.is_tasked(16)
    assert "hard_stop" not in published.looked_at(16)["look_reasons"]


def test_danger_in_a_call_that_is_not_coded_misuse_is_said_of_whoever_stays_on_the_list(published: Published) -> None:
    row, look = published.row("tasking_list", 24), published.looked_at(24)
    assert row is not None
    assert (row["misuse_calls_window"], look["stopped_calls"]) == (12, 0), "no coded call is stopped"
    assert (look["is_urgent"], look["urgent_stops"], look["urgent_stops_unseen"]) == (True, 1, 1)
    assert look["last_urgent_stop_at"] == START + timedelta(days=40, hours=-1), "UTC, when clocks are an hour on"
    assert "new_content" in look["look_reasons"]
    assert row["flags"][0] == "urgent_stop_unseen"
    assert (
        row["doubts"][0] == "1 urgent hard stop on this person's calls that nobody has looked at: look before deciding."
    )
    assert row["enforcement_bars"][0] == "urgent_stop_unseen"
    assert (row["lane"], "warning letter" in str(row["options"]).lower()) == ("support", False)


def test_whom_a_faulty_handset_may_explain_is_said_to_be_so(published: Published) -> None:
    row = published.row("tasking_list", 25)
    assert row is not None
    assert (row["misuse_calls_window"], "handset_fault" in row["flags"], row["lane"]) == (12, True, "technical")
    assert "6 calls of the window as a faulty handset or line makes them: have it checked first." in row["doubts"]
    others = published.con.execute("select count(*) from tasking_list where list_contains(flags, 'handset_fault')")
    assert others.fetchone() == (1,)


@pytest.mark.parametrize(("story", "kind"), [(17, "contradicted"), (18, "unknown")])
def test_doubtful_calls_list_nobody_and_are_looked_at(
    home: Settings, published: Published, story: int, kind: str
) -> None:
    row = published.looked_at(story)
    assert not published.is_tasked(story)
    assert (row["coded_misuse_calls"], row["doubtful_calls"], row["misuse_calls"]) == (12, 12, 0)
    counted = published.con.execute(
        "select point from estimates where estimate = ? and window_name = 'headline' and counted_by = 'caller'",
        ["doubtful_calls_" + kind],
    ).fetchone()
    assert counted == (12,)


def test_a_person_whom_somebody_stopped(published: Published) -> None:
    assert_safe(published, 19, DUTY, urgent=False)


def test_a_registered_kiosk(published: Published) -> None:
    assert assert_safe(published, 23, DUTY, urgent=False)["identity_kind"] == "shared_line"


def test_an_acknowledged_look_is_not_for_tonight_again(published: Published) -> None:
    row = assert_safe(published, 21, DUTY, urgent=False)
    assert (row["urgent_stops"], row["acknowledged_at"]) == (11, NOW)


def test_a_lifted_stop_leaves_the_marked_calls_barred_and_the_others_counted(published: Published) -> None:
    row = published.looked_at(22)
    assert (row["coded_misuse_calls"], row["stopped_calls"], row["misuse_calls"]) == (13, 1, 12)
    assert published.is_tasked(22)
    assert "hard_stop" in row["look_reasons"], "the call that carries the marker still is"


def test_urgent_looks_come_first(home: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"MISUSE_HOME": str(home.home), "MISUSE_TOKEN_KEY": "7" * 64}
    assert cli.run_command(["look", "--json"], environ) == 0
    urgent = [row["is_urgent"] for row in json.loads(capsys.readouterr().out)]
    assert urgent == sorted(urgent, reverse=True)
    assert sum(urgent) >= 8


# Every rule, and what happens without it


@dataclasses.dataclass(frozen=True, eq=False)
class Story:
    """One way in which a rule is set off, on a number of its own."""

    rule: rules.HardStop
    way: str
    line: int
    rows: tuple[dict[str, str], ...]


# Beside the marker, which nearly every rule has. What every story's calls say, and what a call before them says.
WAYS: tuple[tuple[str, str, dict[str, str], dict[str, str]], ...] = (
    ("domestic_abuse", "person", {"person": "Quill Tamsett", "born": "1/2/1980"}, {"markers": "domestic_abuse"}),
    ("domestic_abuse", "address", {"address": "2 Invented Row", "postcode": "ZZ3 3CC"}, {"markers": "domestic_abuse"}),
    ("domestic_abuse", "place", {"location": "5 Other Lane", "code": "SILENT HOAX"}, {"markers": "domestic_abuse"}),
    ("silent_solution_55", "words", {}, {"remarks": "no speech, caller pressed 55"}),
    ("agreed_codeword", "words", {"remarks": "wants a taxi"}, {}),
    ("suicidal", "words", {"remarks": "says she will kill herself"}, {}),
    ("handset_fault", "burst", {"code": "SILENT HOAX"}, {}),
    ("new_content", "words", {"remarks": "screams in the background"}, {}),
    ("new_content", "silence", {"code": "SILENT HOAX"}, {}),
    ("new_content", "code", {"opening": "DOMESTIC"}, {}),
)


def all_stories() -> Iterator[Story]:
    """Twelve calls coded a hoax for each rule and way, with what sets the rule off: on one, where it reaches all."""
    for line, rule in enumerate(rule for rule in RULES.hard_stops if rule.markers):
        log, marked = Log(), 12 if rule.scope == "call" else 1
        log.calls(line, marked, "HOAX", markers=rule.markers[0])
        log.calls(line, 12 - marked, "HOAX", start=START + timedelta(days=marked))
        yield Story(rule, "marker", line, tuple(log.rows))
    for line, (rule_id, way, said, before) in enumerate(WAYS, start=100):
        log, said = Log(), {"code": "HOAX", **said}
        apart = timedelta(seconds=45) if way == "burst" else timedelta(hours=1)
        if before:
            other = line if way == "words" else line + 100
            log.call(other, START, "THEFT", **{k: v for k, v in said.items() if k != "code"}, **before)
        if rule_id == "new_content":
            log.calls(line, 10, "THEFT", opening="THEFT", start=START - timedelta(days=30))
        log.calls(line, 12, said.pop("code"), apart=apart, **said)
        yield Story(BY_ID[rule_id], way, line, tuple(log.rows))


STORIES = tuple(all_stories())
PARAMETERS: Mapping[str, Any] = pipeline.parameters(Settings(), "r1", NOW.date() - timedelta(days=1))
_LOAD = """
insert into call_records by name
select
    md5(rowid::varchar)::uuid as call_key, call_key as content_digest, 'b' as batch_id, rowid as row_number,
    'calls' as source, '999' as channel, md5(cli)::uuid as number_token, 'mobile' as number_kind,
    received::timestamp as received_at, nullif(opening, '') as opening_code, code as closing_code
from stories;
insert into vault.call_details by name
select
    md5(rowid::varchar)::uuid as call_key, call_key as content_digest, 'b' as batch_id, ref as call_id,
    nullif(address, '') as subscriber_address, nullif(postcode, '') as subscriber_postcode,
    nullif(person, '') as person_name, nullif(born, '') as birth_date, nullif(location, '') as incident_location,
    nullif(markers, '') as markers, nullif(remarks, '') as remarks
from stories;
"""
_MISUSE = {"closing_code": ["HOAX", "SILENT HOAX"]}


@dataclasses.dataclass(frozen=True)
class Source:
    misuse: Mapping[str, list[str]] = dataclasses.field(default_factory=lambda: _MISUSE)
    is_all_misuse: bool = False
    doubt: Mapping[str, list[str]] = dataclasses.field(default_factory=dict)


@pytest.fixture(scope="module")
def bench() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse in memory that holds the stories of every rule."""
    con = duckdb.connect(":memory:")
    con.execute("set TimeZone = 'UTC'; set threads = 1; attach ':memory:' as vault; use vault")
    for path in sorted((SQL_ROOT / "schema").glob("vault_*.sql")):
        con.execute(path.read_text(encoding="utf-8"))
    con.execute("use memory; set variable token_key = 'invented'")
    con.execute((SQL_ROOT / "schema" / "macros.sql").read_text(encoding="utf-8"))
    for path in [*sorted((SQL_ROOT / "schema").glob("warehouse_*.sql")), *sorted((SQL_ROOT / "rules").glob("*.sql"))]:
        con.execute(path.read_text(encoding="utf-8"))
    con.register("rows_of_stories", pl.DataFrame([row for story in STORIES for row in story.rows]))
    con.execute("create temp table stories as from rows_of_stories")
    con.execute(_LOAD)
    yield con
    con.close()


def detected(con: duckdb.DuckDBPyConnection, reviewed: rules.Rules) -> None:
    """Everything from the calls to the lists, by these rules."""
    for table, rows in rules.tables(reviewed, {"calls": Source()}).items():
        con.execute("delete from " + table)
        if rows:
            con.executemany("insert into " + table + " values (" + ", ".join("?" * len(rows[0])) + ")", rows)
    prepared = detection.prepare(con, PARAMETERS)
    callers.find_spells(con, prepared)
    callers.keep_records(con, prepared, forgets=True)
    callers.link(con, prepared, None)
    models.build(con, "callers/caller_numbers", prepared)
    detection.detect(con, PARAMETERS)


def safe(con: duckdb.DuckDBPyConnection, reviewed: rules.Rules) -> set[Story]:
    """The stories that these rules keep safe: none a candidate for tasking, each looked at as its rule says.

    A shared line is never a person; a mere vulnerability puts support first.
    """
    detected(con, reviewed)
    found = con.execute(
        "select look.caller_id, look.look_reasons, look.duty_role, look.is_urgent, look.identity_kind, "
        "look.support_first, candidates.caller_id is null from look_list as look "
        "left join tasking_candidates as candidates on look.caller_id = candidates.caller_id"
    )
    looks = {caller: look for caller, *look in found.fetchall()}
    return {story for story in STORIES if _is_kept_safe(story.rule, looks.get(_caller(story.line)))}


def _caller(line: int) -> str:
    return "c" + hashlib.md5(number(line).encode(), usedforsecurity=False).hexdigest()[:16]


def _is_kept_safe(rule: rules.HardStop, look: list[Any] | None) -> bool:
    if look is None:
        return False
    reasons, duty_role, is_urgent, kind, support_first, is_untasked = look
    if rule.support_first and not support_first:
        return False
    if rule.makes_shared_line and kind != "shared_line":
        return False
    if not rule.is_stop:
        return is_untasked or not rule.makes_shared_line
    role = rule.duty_role or PARAMETERS["duty_role"]
    return is_untasked and "hard_stop" in reasons and (duty_role, is_urgent) == (role, rule.is_urgent)


@pytest.fixture(scope="module")
def safe_by_all_rules(bench: duckdb.DuckDBPyConnection) -> set[Story]:
    return safe(bench, RULES)


@pytest.mark.parametrize("rule", RULES.hard_stops, ids=lambda rule: rule.id)
def test_ten_calls_with_it_task_nobody_and_without_it_they_would(
    rule: rules.HardStop, bench: duckdb.DuckDBPyConnection, safe_by_all_rules: set[Story]
) -> None:
    its = {story for story in STORIES if story.rule == rule}
    assert its
    assert its <= safe_by_all_rules, [story.way for story in its - safe_by_all_rules]
    others = tuple(other for other in RULES.hard_stops if other != rule)
    without = safe(bench, dataclasses.replace(RULES, hard_stops=others))
    assert not its & without, "the rule is what did it"
    assert without == safe_by_all_rules - its, "and it alone"
