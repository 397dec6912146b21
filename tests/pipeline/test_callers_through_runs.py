"""Callers through runs: people's decisions, ids that resolve for ever, cases that follow, the same by every road."""

from __future__ import annotations

import dataclasses
import itertools
import os
import random
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from misuse import (
    casebook,
    disposal,
    explain,
    intake,
    linkage,
    pipeline,
    publication,
    published_callers,
    quality,
    warehouse,
)
from misuse.errors import InputError, MisuseError, Refused, ResourceError
from misuse.room import care
from misuse.settings import Settings
from tests import roads
from tests.logs import MOBILES, NOW, random_rows, settings_for, write_csv

pytestmark = pytest.mark.usefixtures("unreported_file")  # nobody reads their papers

TRIALS = int(os.environ.get("MISUSE_TRIALS", "20"))  # of the tests that only `make test-deep` runs


def take(settings: Settings, *paths: Path) -> None:
    for outcome in intake.ingest_files(settings, list(paths), "calls", actor="tester", now=NOW):
        if isinstance(outcome, MisuseError):
            raise outcome


def run(settings: Settings, **changes: Any) -> pipeline.RunOutcome:
    return pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester", **changes)


def decide(settings: Settings, decision: str, one: list[str], other: list[str]) -> int:
    payload = {"decision": decision, "spells_a": one, "spells_b": other, "reason": "records compared"}
    with casebook.opened(settings) as book:
        if not book.users():
            book.set_user("head", "administrator", actor="head", occurred_at=NOW)
            book.set_user("tester", "chair", actor="head", occurred_at=NOW)
        return book.record("link_decided", actor="tester", occurred_at=NOW, payload=payload).event_id


def enter_stop(settings: Settings, spell_id: str) -> None:
    record(settings, "stop_entered", spell_id, is_urgent=False)


def record(settings: Settings, kind: str, spell_id: str, **given: Any) -> None:
    payload = {"reason": "told by the ward", "spells": [spell_id], **given}
    with casebook.opened(settings) as book:
        if not book.users():
            book.set_user("head", "administrator", actor="head", occurred_at=NOW)
            book.set_user("tester", "chair", actor="head", occurred_at=NOW)
        book.record(kind, actor="tester", occurred_at=NOW, caller_id="c" + spell_id[1:], payload=payload)


def undo(settings: Settings, event_id: int) -> None:
    payload = {"event_id": event_id, "reason": "compared again"}
    with casebook.opened(settings) as book:
        book.record("link_undone", actor="tester", occurred_at=NOW, payload=payload)


def asked(settings: Settings, sql: str, *values: object) -> list[Any]:
    with duckdb.connect(str(settings.current_path.resolve()), read_only=True) as con:
        return con.execute(sql, list(values)).fetchall()


def resolved(settings: Settings, caller_id: str) -> str:
    with publication.opened(settings) as con:
        return explain.resolve_caller(con, caller_id)


def busiest(settings: Settings, many: int) -> list[str]:
    """Persistent persons with one number, most misuse first."""
    found = asked(settings, "select caller_id from persistent_callers order by rank limit ?", many)
    return [caller for (caller,) in found]


def spell(caller_id: str) -> str:
    return "s" + caller_id[1:]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = settings_for(tmp_path / "home")
    take(home, write_csv(tmp_path / "log.csv", random_rows(41, 900, days=70)))
    run(home)
    return home


def test_people_join_and_part_callers_and_every_id_resolves(settings: Settings) -> None:
    one, other = busiest(settings, 2)
    (before,) = asked(
        settings, "select sum(misuse_calls) from persistent_callers where caller_id in (?, ?)", one, other
    )
    joined_by = decide(settings, "same", [spell(one)], [spell(other)])
    run(settings)
    (both,) = {resolved(settings, one), resolved(settings, other)}
    assert both not in (one, other)
    row = "select misuse_calls, identity_basis, number_count from persistent_callers join callers using (caller_id) where caller_id = ?"
    assert asked(settings, row.replace("select misuse_calls", "select persistent_callers.misuse_calls"), both) == [
        (*before, "confirmed", 2)
    ]
    listed = "select unconfirmed_links, misuse_calls_confirmed, enforcement_bars from tasking_list where caller_id = ?"
    assert [bars for *_, bars in asked(settings, listed, both)] == [["safeguards_blind"]]
    assert asked(settings, "select status from caller_links where caller_a = ?", both) == [("confirmed",)]
    assert asked(settings, "select distinct change from caller_changes") == [("alias",)]
    with casebook.opened(settings) as book:
        (event,) = book.entries("callers_published")
        assert event.data["sets"] == {both: sorted([spell(one), spell(other)])}

    decide(settings, "not_same", [spell(one)], [spell(other)])
    run(settings)
    assert (resolved(settings, one), resolved(settings, other)) == (one, other)
    with pytest.raises(InputError, match="several callers now") as told:
        resolved(settings, both)
    assert one in told.value.message
    assert other in told.value.message
    assert sorted(
        asked(settings, "select caller_id, change from caller_changes where other_caller_id = ?", both)
    ) == sorted([(one, "split"), (other, "split")])
    reach = asked(settings, "select count(distinct reach_id) from caller_spells where caller_id in (?, ?)", one, other)
    assert reach == [(2,)], "an overruled decision is no link; a refused link of the model still is reach"
    undo(settings, joined_by)
    run(settings)
    assert busiest(settings, 2) == [one, other]


def test_a_larger_set_takes_the_smaller_ones_ids_and_a_case_follows_its_numbers(settings: Settings) -> None:
    first, second, third = busiest(settings, 3)
    decide(settings, "same", [spell(first)], [spell(second)])
    run(settings)
    pair = resolved(settings, first)
    pipeline.freeze_list(settings, NOW, "tester")
    (case_ref,) = asked(settings, "select case_ref from tasking_list where caller_id = ?", pair)[0]
    with casebook.opened(settings) as book:
        assert any(ref == case_ref for ref in book.cases())
    decide(settings, "same", [spell(third)], [spell(first), spell(second)])
    run(settings)
    whole = resolved(settings, pair)
    assert whole == resolved(settings, third) != pair
    assert asked(settings, "select change from caller_changes where other_caller_id = ?", pair) == [("merged",)]
    assert asked(settings, "select caller_id from cases where case_ref = ?", case_ref) == [(whole,)]
    assert resolved(settings, case_ref) == whole


def test_a_number_that_passed_on_is_two_callers_and_the_published_sums_hold(tmp_path: Path) -> None:
    rows = random_rows(42, 300, days=40)
    columns = ["ref", "received", "cli", "name", "postcode", "code", "version"]
    for row in rows:
        row |= {"name": "Brendle Osfarrow", "postcode": "ZZ1 1AA"} if row["cli"] == MOBILES[0] else {"postcode": ""}
    late = [row for row in rows if row["cli"] == MOBILES[0] and row["received"] >= "2025-11-20"]
    for row in late:
        row |= {"name": "Quill Tamsett", "postcode": "ZZ9 9ZZ"}
    source = {
        "format": "csv",
        "columns": {
            "call_id": "ref", "received_at": "received", "cli": "cli", "subscriber_name": "name",
            "subscriber_postcode": "postcode", "closing_code": "code", "version": "version",
        },
        "version": {"kind": "integer"},
        "misuse": {"closing_code": ["HOAX", "NUISANCE"]},
    }  # fmt: skip
    settings = settings_for(tmp_path / "home", sources={"calls": source})
    plain = [{name: row[name] for name in columns} for row in rows]
    take(settings, write_csv(tmp_path / "log.csv", plain, columns))
    run(settings)
    parted = asked(
        settings,
        "select spell_id, caller_id, reach_id, calls, split_reason from caller_spells where split_reason is not null",
    )
    ((spell_id, caller_id, reach_id, calls, reason),) = parted
    assert (calls, reason) == (len(late), "subscriber")
    assert asked(settings, "select calls from callers where caller_id = ?", caller_id) == [(len(late),)]
    enter_stop(settings, spell_id)
    holders = "select caller_id from caller_spells where reach_id = ? and split_reason is null"
    ((first_holder,),) = asked(settings, holders, reach_id)
    # A late call with the first holder's details tells that they had the number all along.
    after = {**late[-1], "ref": "R-late", "name": "B Osfarrow", "postcode": "zz11aa", "received": "2025-12-09 10:00:00"}
    take(settings, write_csv(tmp_path / "late.csv", [{name: after[name] for name in columns}], columns))
    run(settings)
    assert asked(settings, "select count(*) from caller_spells where split_reason is not null") == [(0,)]
    assert asked(settings, "select is_stopped from callers where caller_id = ?", first_holder) == [(True,)], (
        "the stop was on a second holder who never was: it is on the number's only one now"
    )


# ── by every road ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> linkage.Model:
    return roads.trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture
def no_landing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of forty rows in any order are no usual night."""
    monkeypatch.setattr(quality, "check_landing", lambda *args, **options: [])


def linked_home(root: Path, model: linkage.Model) -> Settings:
    home = roads.home(root)
    roads.put_in_force(home, model)
    return home


def assert_every_road_is_one(seed: int, model: linkage.Model, root: Path, ways: int) -> None:
    """Deliver one log by several roads; the published copies must say the same but for what was published between.

    Beside it a home that got the calls as they finally are, at once, a run, and then the decisions. What is decided on a
    number that may pass on is of the holders known then, so on the way only numbers that cannot are decided on.
    """
    chance, log = random.Random(seed), roads.some_log(seed)
    plain = linked_home(root / "plain", model)
    roads.take(plain, write_csv(root / "plain.csv", log.final, roads.COLUMNS))
    roads.run(plain)
    steady = {"+44" + number.replace(" ", "")[1:] for number in roads.steady(log, plain.number_gap_days)}
    with warehouse.opened(plain, with_vault=True) as con:
        held = con.execute("select number_token::varchar, e164 from vault.numbers order by e164").fetchall()
    spells = [roads.spell(token, holder) for token, _ in held for holder in (1, 1, 1, 2)]
    may_be_early = {roads.spell(token) for token, number in held if number in steady}
    assert len(may_be_early) > 3
    neighbours = list(itertools.pairwise(dict.fromkeys(spells)))  # often of one person
    there = {spell_id for (spell_id,) in asked(plain, "select spell_id from caller_spells")}
    wanted = roads.decisions(chance, sorted(there), [pair for pair in neighbours if there.issuperset(pair)])
    wanted += roads.decisions(chance, sorted(may_be_early), list(itertools.pairwise(sorted(may_be_early))))
    wanted, early = roads.in_order(wanted, may_be_early)
    for way in range(ways):
        home = linked_home(root / f"way{way}", model)
        files = root / f"files{way}"
        published, made = roads.travel(home, log, wanted, early, random.Random(seed * 1000 + way), files)
        roads.run(home)
        told, beside = roads.told(home), dataclasses.replace(plain, home=root / f"beside{way}")
        shutil.copytree(plain.home, beside.home, symlinks=True)
        roads.record(beside, made, [], len(made))
        roads.run(beside)
        links = {name: roads.told(beside)[name] for name in IDENTITY}
        if list(roads.differences(roads.told(beside), told)):
            # A stop that a run between published is a fact of its own.
            roads.republish(home, beside)
            roads.run(beside)
        assert not list(roads.differences(roads.told(beside), told)), f"seed {seed}, road {way}"
        assert publication.digest(beside.current_path) == publication.digest(home.current_path)
        assert {name: told[name] for name in IDENTITY} == links
        assert_all_resolve(home, published)


IDENTITY = ("caller_spells", "caller_links")


def assert_all_resolve(home: Settings, published: Sequence[str]) -> None:
    """Every id that a run ever published leads to callers of now, or to calls that were taken back."""
    now = set(roads.caller_ids(home))
    with publication.opened(home) as con:
        changes = con.execute("select other_caller_id, caller_id from caller_changes").fetchall()
    with casebook.opened(home) as book:
        spells_of = {caller: set(book.spells_of(caller)) for caller in set(published)}
    heirs: dict[str, set[str]] = {}
    for old, new in changes:
        heirs.setdefault(old, set()).add(new)
    left = {spell_id for (spell_id,) in asked(home, "select spell_id from caller_spells")}
    for caller, members in spells_of.items():
        spells = members & left
        assert heirs.get(caller, {caller} & now) <= now
        assert bool(heirs.get(caller) or caller in now) == bool(spells), caller


@pytest.mark.usefixtures("no_landing")
def test_by_every_road_the_same_callers_and_stops(model: linkage.Model, tmp_path: Path) -> None:
    assert_every_road_is_one(11, model, tmp_path, ways=1)


@pytest.mark.deep
@pytest.mark.usefixtures("no_landing")
@pytest.mark.parametrize("seed", range(100, 100 + TRIALS))
def test_by_every_road_the_same_in_depth(model: linkage.Model, tmp_path: Path, seed: int) -> None:
    assert_every_road_is_one(seed, model, tmp_path, ways=4)


# ── a published stop stays ─────────────────────────────────────────────────────────────────────


def assert_no_stop_is_lost(seed: int, model: linkage.Model, root: Path) -> None:
    """Calls come in pieces, in order or not, with a run after each: whatever one run barred the next ones do."""
    chance, rows = random.Random(seed), roads.some_log(seed).final
    rows = sorted(rows, key=lambda row: row["received"]) if seed % 2 else chance.sample(rows, len(rows))
    cuts = [len(rows) * piece // 4 for piece in range(5)]
    home, before = linked_home(root / "home", model), set[str]()
    for piece, (first, last) in enumerate(itertools.pairwise(cuts)):
        roads.take(home, write_csv(root / f"{piece}.csv", rows[first:last], roads.COLUMNS))
        roads.run(home)
        now = roads.barred(home)
        assert before <= now, f"seed {seed}, piece {piece}"
        before = now


@pytest.mark.usefixtures("no_landing")
def test_what_a_run_barred_stays_barred_whatever_comes(model: linkage.Model, tmp_path: Path) -> None:
    assert_no_stop_is_lost(10, model, tmp_path)


@pytest.mark.deep
@pytest.mark.usefixtures("no_landing")
@pytest.mark.parametrize("seed", range(200, 200 + TRIALS))
def test_what_a_run_barred_stays_barred_in_depth(model: linkage.Model, tmp_path: Path, seed: int) -> None:
    assert_no_stop_is_lost(seed, model, tmp_path)


ONE = {"name": "Brendle Osfarrow", "address": "14 Invented Row", "postcode": "ZZ1 1AA", "born": "1961-07-23"}
OTHER = {"name": "Quill Tamsett", "address": "3 Other Lane", "postcode": "ZZ9 9ZZ", "born": "1984-11-02"}
A, B = MOBILES[1], MOBILES[2]


def a_call(ref: str, number: str, day: int, details: dict[str, str], **given: str) -> dict[str, str]:
    received = (roads.START + timedelta(days=day)).isoformat(sep=" ")
    row = {"ref": ref, "received": received, "channel": "999", "cli": number, "code": "HOAX", "version": "1"}
    return dict.fromkeys(roads.COLUMNS, "") | row | details | {"person": details.get("name", "")} | given


@pytest.fixture(scope="module")
def once_parted(model: linkage.Model, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A was taken for B, whom a rule and somebody stop; then it showed that a call with B's details was one odd one."""
    root = tmp_path_factory.mktemp("parted")
    home = linked_home(root / "home", model)
    first = [*(a_call(f"b{day}", B, day, ONE) for day in range(6)), a_call("a9", A, 9, ONE)]
    marked = a_call("b7", B, 7, ONE, markers="child")
    others = [a_call(f"a{day}", A, day, OTHER) for day in (1, 2, 3, 4, 20, 21, 22, 23)]
    take(home, write_csv(root / "first.csv", first, roads.COLUMNS))
    take(home, write_csv(root / "marked.csv", [marked], roads.COLUMNS))
    roads.run(home)
    assert asked(home, "select count(distinct reach_id), count(*) from caller_spells") == [(1, 2)]
    enter_stop(home, by_number(home)[B])
    roads.run(home)
    assert stopped(home) == {A, B}
    take(home, write_csv(root / "others.csv", others, roads.COLUMNS))
    roads.run(home)
    assert asked(home, "select count(distinct reach_id), count(distinct loose_id) from caller_spells") == [(2, 2)]
    return home


@pytest.fixture
def parted(once_parted: Settings, tmp_path: Path) -> Settings:
    home = dataclasses.replace(once_parted, home=tmp_path / "home")
    shutil.copytree(once_parted.home, home.home, symlinks=True)
    return home


def by_number(home: Settings) -> dict[str, str]:
    """The one spell of each number, A's and B's."""
    return dict(zip((A, B), map(roads.spell, roads.tokens(home)), strict=True))


def stopped(home: Settings) -> set[str]:
    """Which of the numbers a stop bars."""
    found = asked(home, "select spell_id from caller_spells inner join callers using (caller_id) where is_stopped")
    return {number for number, spell_id in by_number(home).items() if (spell_id,) in found}


def lift(home: Settings, number: str, **given: Any) -> None:
    record(home, "stop_lifted", by_number(home)[number], **given)
    roads.run(home)


def test_a_stop_outlives_the_link_that_spread_it_until_a_person_lifts_it(parted: Settings) -> None:
    assert stopped(parted) == {A, B}
    lift(parted, A)
    assert stopped(parted) == {A, B}, "the rule's stop is another"
    lift(parted, A, rule_id="child")
    assert stopped(parted) == {B}
    lift(parted, B)
    assert stopped(parted) == {B}, "the marked number"


def test_an_old_marker_that_comes_in_after_the_lift_stops_again(parted: Settings, tmp_path: Path) -> None:
    lift(parted, A)
    lift(parted, A, rule_id="child")
    assert stopped(parted) == {B}
    late = a_call("a2b", A, 3, OTHER, markers="child")
    take(parted, write_csv(tmp_path / "late.csv", [late], roads.COLUMNS))
    roads.run(parted)
    assert stopped(parted) == {A, B}
    lift(parted, A, rule_id="child")
    assert stopped(parted) == {B}


def test_with_its_ground_a_kept_stop_goes(parted: Settings) -> None:
    lift(parted, B)
    assert stopped(parted) == {A, B}, (
        "the person's stop was lifted where it stood, and so everywhere; the rule's stands"
    )
    (batch,) = asked(parted, "select batch_id from batches where rows_read = 1")
    roads.withdraw(parted, *batch)
    roads.run(parted)
    assert stopped(parted) == set()


def test_a_run_made_again_is_the_same_run_though_it_published_stops(parted: Settings) -> None:
    one = roads.run(parted)
    assert roads.run(parted) == one
    with casebook.opened(parted) as book:
        assert len(book.entries("stops_published")) == 2, "the rule's, then the person's, each once"


# ── whom a decision means ──────────────────────────────────────────────────────────────────────

C, D = MOBILES[2:4]
ANN, BOB, CEC = (
    {"name": name, "address": f"{at} Larch Row", "postcode": f"ZZ{at} {at}AB", "born": born}
    for at, (name, born) in enumerate(
        [("Ansonia Birtwell", "1961-03-04"), ("Bodrek Lumsdeny", "1972-05-06"), ("Cecanda Dorrimer", "1983-07-08")], 1
    )
)


@pytest.fixture
def passed_on(tmp_path: Path) -> Settings:
    """The number C passed from one to another, who has D too; both were decided on, stopped, and listed."""
    home = dataclasses.replace(roads.home(tmp_path / "home"), threshold=3, number_gap_days=400)
    rows = [a_call(f"a{day}", C, day, ANN, code="HOAX") for day in (1, 2, 3)]
    rows += [a_call(f"c{day}", C, day, CEC, code="HOAX") for day in (100, 101, 102, 103)]
    rows += [a_call(f"d{day}", D, day, {}, code="HOAX") for day in (104, 105)]
    rows += [a_call("m1", C, 106, CEC, code="THEFT", markers="child")]
    take(home, write_csv(tmp_path / "log.csv", rows, roads.COLUMNS))
    roads.run(home)
    return home


def holders(home: Settings) -> dict[str, str]:
    """The spell of each holder of C by the day of the first call, and D's."""
    found = asked(
        home,
        "select epoch(first_call_at + interval 2 hour - timestamp '2025-02-01') // 86400, spell_id from caller_spells order by 1",
    )
    return {f"day {int(day)}": spell_id for day, spell_id in found}


def test_a_late_holder_between_takes_no_decision_from_the_last(passed_on: Settings, tmp_path: Path) -> None:
    before = holders(passed_on)
    assert set(before) == {"day 1", "day 100", "day 104"}
    last, other = before["day 100"], before["day 104"]
    decide(passed_on, "same", [last], [other])
    roads.run(passed_on)
    (caller,) = asked(passed_on, "select caller_id from caller_spells where spell_id = ?", last)
    record(passed_on, "stop_lifted", last, rule_id="child", spells=[last, other], hits=marked(passed_on))
    roads.run(passed_on)
    assert asked(passed_on, "select is_stopped from callers where caller_id = ?", *caller) == [(False,)]

    between = [a_call(f"b{day}", C, day, BOB, code="HOAX", markers="child") for day in (50, 51, 52)]
    take(passed_on, write_csv(tmp_path / "late.csv", between, roads.COLUMNS))
    roads.run(passed_on)
    now = holders(passed_on)
    assert now["day 50"] == last, "the id is another's now"
    moved = now["day 100"]
    of = dict(asked(passed_on, "select spell_id, caller_id from caller_spells"))
    assert of[moved] == of[other] != of[now["day 50"]], "what was decided stayed with whom it was decided on"
    stops = dict(asked(passed_on, "select caller_id, is_stopped from callers"))
    assert stops[of[now["day 50"]]], "nobody lifted anything from them"
    changes = asked(passed_on, "select caller_id from caller_changes where other_caller_id = ?", *caller)
    assert changes == [(of[moved],)]
    with casebook.opened(passed_on) as book:
        assert book.verify() is None


def marked(home: Settings) -> list[str]:
    with warehouse.opened(home, with_vault=True) as con:
        return [hit for (hit,) in con.execute("select distinct hit from stop_reach where rule_id = 'child'").fetchall()]


def test_a_lift_needs_something_that_stands_and_takes_just_that(passed_on: Settings, tmp_path: Path) -> None:
    last = holders(passed_on)["day 100"]
    with pytest.raises(InputError, match="stops nobody"):
        record(passed_on, "stop_lifted", last, rule_id="dementia")
    record(passed_on, "stop_lifted", last, rule_id="child")
    roads.run(passed_on)
    stopped = "select is_stopped from callers inner join caller_spells using (caller_id) where spell_id = ?"
    assert asked(passed_on, stopped, last) == [(False,)]
    with pytest.raises(InputError, match="stops nobody"):
        record(passed_on, "stop_lifted", last, rule_id="child")
    # A marked call of D, in long before; nobody lifted it, and D was nobody's then.
    take(passed_on, write_csv(tmp_path / "d.csv", [a_call("d9", D, 20, {}, markers="child")], roads.COLUMNS))
    roads.run(passed_on)
    assert asked(passed_on, stopped, last) == [(False,)]
    decide(passed_on, "same", [last], [holders(passed_on)["day 20"]])
    roads.run(passed_on)
    assert asked(passed_on, stopped, last) == [(True,)]


# ── a run that failed, and ids given again ─────────────────────────────────────────────────────


def late_between(home: Settings, root: Path, day: int, **given: str) -> None:
    """Somebody who held C before the last holder, told of late."""
    rows = [a_call(f"b{at}", C, day + at, BOB, code="HOAX", **given) for at in range(3)]
    take(home, write_csv(root / "between.csv", rows, roads.COLUMNS))


def run_that_fails(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that has told the casebook what it publishes, and finds no room for the copy."""

    def full(*_: object, **__: object) -> None:
        raise ResourceError("no room on the disk", next_step="free some")

    with monkeypatch.context() as patch:
        patch.setattr(publication, "publish", full)
        with pytest.raises(ResourceError):
            roads.run(home)


def caller_of(home: Settings, spell_id: str) -> str:
    ((caller,),) = asked(home, "select caller_id from caller_spells where spell_id = ?", spell_id)
    return str(caller)


def test_after_a_run_that_failed_people_speak_of_the_list_they_see(
    passed_on: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = holders(passed_on)["day 100"]
    caller = caller_of(passed_on, last)
    enter_stop(passed_on, last)
    late_between(passed_on, tmp_path, 50, markers="child")
    run_that_fails(passed_on, monkeypatch)
    with publication.opened(passed_on) as con:
        assert caller in published_callers.stopped_now(con, passed_on)
    record(passed_on, "stop_lifted", last, rule_id="child")
    with casebook.opened(passed_on) as book:
        assert len(book.entries("stop_lifted")[-1].data["hits"]) == 1, "those of the run that failed nobody saw"
    with pytest.raises(Refused, match="other holders"):
        disposal.dispose(passed_on, [last], lambda *_: pytest.fail("a certificate of what was refused"))
    roads.run(passed_on)
    now = holders(passed_on)
    assert now["day 50"] == last
    stops = dict(asked(passed_on, "select spell_id, is_stopped from caller_spells join callers using (caller_id)"))
    assert stops[now["day 50"]]
    assert stops[now["day 100"]]


def test_a_case_and_its_reference_stay_when_the_id_is_given_again(tmp_path: Path) -> None:
    home = dataclasses.replace(roads.home(tmp_path / "home"), threshold=3, number_gap_days=400)
    rows = [a_call(f"c{day}", C, day, CEC) for day in (300, 301, 302, 303)]
    rows += [a_call(f"a{day}", C, day, ANN) for day in (1, 2, 3)]
    take(home, write_csv(tmp_path / "log.csv", rows, roads.COLUMNS))
    roads.run(home)
    enter_stop(home, "s" + "0" * 16)  # names users
    last = holders(home)["day 300"]
    pipeline.freeze_list(home, NOW, "tester")
    with casebook.opened(home) as book:
        (reference,) = [ref for ref, case in book.cases().items() if case["spells"] == (last,)]
    late_between(home, tmp_path, 250)
    run_id = pipeline.begin(home, roads.AS_OF, NOW, force=True)
    for name in (*pipeline.STEPS[: pipeline.STEPS.index("publish")], "publish"):
        pipeline.step(home, run_id, name, NOW)
    pipeline.finish(home, run_id, NOW)
    now = holders(home)
    moved, between = caller_of(home, now["day 300"]), caller_of(home, now["day 250"])
    assert between == "c" + last[1:], "the id is another's"
    refs = dict(asked(home, "select caller_id, case_ref from tasking_list"))
    assert refs[moved] == reference != refs[between]
    with publication.opened(home) as con:
        assert explain.resolve_caller(con, reference) == moved
        assert explain.resolve_caller(con, refs[between]) == between
        told = explain.why(con, between)
    assert moved in told.sentence
    assert asked(home, "select caller_id from caller_changes where change = 'passed'") == [(moved,)]
    pipeline.freeze_list(home, NOW + timedelta(days=14), "tester")
    with casebook.opened(home) as book:
        cases = {ref: case["spells"] for ref, case in book.cases().items()}
    assert cases[reference] == (now["day 300"],)
    assert cases[refs[between]] == (now["day 250"],)


# ── at once ────────────────────────────────────────────────────────────────────────────────────


def stopped_now(home: Settings) -> set[str]:
    with publication.opened(home) as con:
        return set(published_callers.stopped_now(con, home))


def test_a_stop_reaches_at_once_whom_people_say_to_be_the_same(settings: Settings) -> None:
    one, other, third, fourth = busiest(settings, 4)
    said = decide(settings, "same", [spell(one)], [spell(other)])
    decide(settings, "same", [spell(other)], [spell(third)])
    decide(settings, "same", [spell(other)], [spell(fourth)])
    decide(settings, "not_same", [spell(one)], [spell(fourth)])
    before = stopped_now(settings)
    assert not before.intersection((one, other, third, fourth))
    enter_stop(settings, spell(one))
    assert stopped_now(settings) - before == {one, other, third}
    undo(settings, said)
    assert stopped_now(settings) - before == {one, other, third}, "whom it reached at once it stays on"
    record(settings, "stop_lifted", spell(other))
    assert stopped_now(settings) - before == {one, third}
    # And the other way round: first the stop, then the decision; by way of one, whom people say to be the same as that.
    decide(settings, "same", [spell(one)], [spell(fourth)])
    assert stopped_now(settings) - before == {one, other, third, fourth}
    with casebook.opened(settings) as book:
        (stop,) = book.live_stops()
        assert (stop.kept, stop.linked) == ((spell(third),), tuple(sorted((spell(other), spell(third), spell(fourth)))))


def test_the_look_list_names_nobody_by_an_id_that_leads_to_others(settings: Settings) -> None:
    one, other = busiest(settings, 2)
    said = decide(settings, "same", [spell(one)], [spell(other)])
    run(settings)
    both = resolved(settings, one)
    payload = {"reason": "told by the ward", "is_urgent": False, "spells": [spell(one), spell(other)]}
    with casebook.opened(settings) as book:
        book.record("stop_entered", actor="tester", occurred_at=NOW, caller_id=both, payload=payload)
    undo(settings, said)
    run(settings)

    def listed() -> list[str]:
        with publication.opened(settings) as con, casebook.opened(settings) as book:
            return sorted(row["caller_id"] for row in care.look_rows(con, book, settings.duty_role))

    published = sorted(caller for (caller,) in asked(settings, "select caller_id from look_list"))
    assert {one, other}.issubset(published)
    assert listed() == published, "the row of an id that leads to two is theirs"
    record(settings, "stop_lifted", spell(one))
    assert listed() == published
