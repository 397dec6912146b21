"""Whom events of the casebook mean, when more becomes known of who held a number when."""

from __future__ import annotations

import itertools
import random
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from misuse.casebook import PIPELINE, Casebook, Event
from misuse.casebook.holders import Holders
from misuse.errors import Refused

KEY = "k" * 64
A, B, C, D = ("s" + letter * 16 for letter in "abcd")  # the number's spells by their ordinals, A the first
Y = "s" + "e" * 16  # somebody else's, of a number that never passed on
CALLER = "c" + "b" * 16


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Casebook]:
    with Casebook.open(tmp_path / "casebook.sqlite", key=KEY) as opened:
        for name, role in (("ada", "administrator"), ("ann", "reviewer")):
            opened.set_user(name, role, actor="ada", occurred_at=at(1))
        yield opened


def at(day: int) -> datetime:
    return datetime(2026, 1, day, 9)


def moment(day: int) -> str:
    return f"2026-01-{day:02d}T10:00:00.000000"


def publish(
    book: Casebook,
    run: int,
    *holders: tuple[str, int, int | None],
    as_of: int = 0,
    hits: Sequence[tuple[str, str, str]] = (),
) -> None:
    """A run, as of the day before it unless told, and the number's holders in it: spell, day of the first call and of the last."""
    rows = [(A, spell, moment(first), moment(last) if last else None) for spell, first, last in holders]
    book.publish_holders(rows, hits, occurred_at=at(run), run_id=f"r{run}")
    payload = {"as_of": date(2026, 1, as_of or run - 1).isoformat()}
    book.record("run_published", actor=PIPELINE, occurred_at=at(run), run_id=f"r{run}", payload=payload)


def stop(book: Casebook, day: int, *spells: str) -> Event:
    payload = {"reason": "may be a victim", "is_urgent": False, "spells": list(spells)}
    return book.record("stop_entered", actor="ann", occurred_at=at(day), caller_id=CALLER, payload=payload)


def lift(book: Casebook, day: int, *spells: str, **rule: Any) -> None:
    payload = {"reason": "seen and safe", "spells": list(spells), **rule}
    book.record("stop_lifted", actor="ann", occurred_at=at(day), caller_id=CALLER, payload=payload)


def decide(book: Casebook, day: int, decision: str, one: list[str], other: list[str]) -> None:
    payload = {"decision": decision, "spells_a": one, "spells_b": other, "reason": "records compared"}
    book.record("link_decided", actor="ann", occurred_at=at(day), payload=payload)


def open_case(book: Casebook, run: int, *spells: str) -> None:
    rows = [{"caller_id": CALLER, "part": 1, "rank": 1, "spells": list(spells), "case_ref": "K-1"}]
    payload = {"as_of": date(2026, 1, run - 1).isoformat(), "digest": "d", "eligible": rows}
    book.record("list_frozen", actor=PIPELINE, occurred_at=at(run), run_id=f"r{run}", payload=payload)


def stopped(book: Casebook) -> set[str]:
    return {spell for found in book.live_stops() for spell in found.spells}


def linked(book: Casebook) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(found.decision, found.spells_a, found.spells_b) for found in book.link_decisions()]


def case(book: Casebook) -> tuple[tuple[str, ...], bool]:
    (found,) = book.cases().values()
    return found["spells"], found["is_parted"]


def test_a_late_call_that_tells_of_a_holder_between_takes_nothing_from_the_last(book: Casebook) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, None))
    open_case(book, 10, B)
    stop(book, 10, B)
    decide(book, 10, "same", [B], [Y])
    lift(book, 11, B, rule_id="child", hits=["h"])
    publish(book, 12, (A, 1, 3), (B, 4, 5), (C, 6, None))  # settled before: the one between has the id now
    assert stopped(book) == {C}
    assert linked(book) == [("same", (C,), (Y,))]
    assert case(book) == ((C,), False)
    assert [row[0] for row in book.tables()["casebook_lifts"]] == [[C]]
    stop(book, 13, B)
    assert stopped(book) == {B, C}, "said of the run of then, the id is the other's"


def test_a_silence_that_settles_leaves_both_stopped_and_the_rest_to_be_looked_at(book: Casebook) -> None:
    publish(book, 10)
    open_case(book, 10, A)
    stop(book, 10, A)
    decide(book, 10, "same", [A], [Y])
    decide(book, 10, "not_same", [A, Y], [D])
    publish(book, 20, (A, 1, 3), (B, 8, None))
    assert stopped(book) == {A, B}
    assert linked(book) == [("not_same", (Y,), (D,))]
    assert [found.lapsed for found in book.standing_decisions()] == [(A,), (A,)]
    assert case(book) == ((B, A), True), "the newer first: the calls decided on were likely theirs"
    lift(book, 20, B)
    assert stopped(book) == {A}


def test_a_number_that_passes_on_later_leaves_what_was_decided_with_the_first(book: Casebook) -> None:
    publish(book, 10)
    open_case(book, 10, A)
    stop(book, 10, A)
    decide(book, 10, "same", [A], [Y])
    publish(book, 20, (A, 1, 9), (B, 12, None))
    assert (stopped(book), linked(book), case(book)) == ({A}, [("same", (A,), (Y,))], ((A,), False))


def test_what_never_passed_on_is_one_again_and_asks_for_another_look(book: Casebook) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, None))
    open_case(book, 10, B)
    stop(book, 10, B)
    decide(book, 10, "same", [B], [Y])
    decide(book, 10, "same", [A, B], [D])
    publish(book, 12)
    assert stopped(book) == {A}
    assert linked(book) == [("same", (A,), (D,))], "both of them were meant, and they are the number"
    assert [found.lapsed for found in book.standing_decisions()] == [(B,), ()]
    assert case(book) == ((A,), True)


def test_calls_of_an_earlier_holder_that_come_later_take_no_id(book: Casebook) -> None:
    publish(book, 10, (A, 4, 5), (B, 6, None))
    stop(book, 10, A)
    decide(book, 10, "same", [A], [Y])
    publish(book, 12, (A, 1, 2), (C, 4, 5), (B, 6, None))
    assert stopped(book) == {C}
    assert linked(book) == [("same", (C,), (Y,))]


def test_a_lift_is_of_the_stop_that_it_looked_at(book: Casebook) -> None:
    publish(book, 10)
    stop(book, 10, A)
    lift(book, 11, A)
    publish(book, 20, (A, 1, 3), (B, 8, None))
    assert stopped(book) == set(), "lifted whole, before more was known"
    stop(book, 20, B)
    publish(book, 21)
    lift(book, 21, A)
    assert stopped(book) == set(), "whoever lifts it from the number lifts it from its holder"
    stop(book, 21, A)
    publish(book, 22, (A, 1, 3), (B, 8, None))
    lift(book, 22, B)
    assert stopped(book) == {A}
    publish(book, 23)
    assert stopped(book) == {A}


def test_a_run_for_an_earlier_day_and_back_changes_nothing(book: Casebook) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, None))
    stop(book, 10, B)
    decide(book, 10, "same", [B], [Y])
    publish(book, 4)
    publish(book, 11, (A, 1, 3), (B, 6, None))
    assert (stopped(book), linked(book)) == ({B}, [("same", (B,), (Y,))])


def test_a_rules_lift_is_of_nobody_who_has_anothers_calls_too(book: Casebook) -> None:
    """The first holder's own marked call stopped the second, and was lifted there."""
    publish(book, 10, (A, 1, 3), (B, 6, None))
    lift(book, 10, B, rule_id="child", hits=["of the first's"])

    def lifted() -> list[list[str]]:
        return [row[0] for row in book.tables()["casebook_lifts"]]

    publish(book, 12, (A, 1, 7), (B, 8, None))
    assert lifted() == [[B]], "the second began later than was known"
    publish(book, 13, (A, 1, 2), (B, 3, None))
    assert lifted() == [[]], "the second has a call of the first's"
    publish(book, 14)
    assert lifted() == [[]], "there was one holder"
    publish(book, 15, (A, 1, 3), (B, 6, 7), (C, 8, None))
    assert lifted() == [sorted([B, C])], "whom the lift meant was two"


def test_now_is_the_run_that_is_shown(tmp_path: Path) -> None:
    """Where a run fails between its publication here and its copy, or an earlier copy is put back."""
    link = tmp_path / "current.duckdb"
    for name in ("r10", "r12"):
        (tmp_path / f"{name}.duckdb").touch()
    link.symlink_to("r10.duckdb")
    hits = [(CALLER, "child", "seen")]
    with Casebook.open(tmp_path / "casebook.sqlite", key=KEY, published=link) as book:
        for name, role in (("ada", "administrator"), ("ann", "reviewer")):
            book.set_user(name, role, actor="ada", occurred_at=at(1))
        publish(book, 10, (A, 1, 3), (B, 6, None), hits=hits)
        stop(book, 10, B)
        publish(book, 12, (A, 1, 3), (B, 4, 5), (C, 6, None), hits=[*hits, (CALLER, "child", "not seen")])
        assert stopped(book) == {B}
        held = [(A, A, moment(1), moment(3)), (A, B, moment(4), moment(5)), (A, C, moment(6), None)]
        assert [row[1] for row in book.tables(holders=held)["casebook_stops"]] == [[C]], "a run goes by its own"
        payload = {"reason": "seen", "rule_id": "child", "spells": [B]}
        lifted = book.record("stop_lifted", actor="ann", occurred_at=at(12), caller_id=CALLER, payload=payload)
        assert lifted.data["hits"] == ["seen"]
        other = stop(book, 12, D)
        leaves = {"spells": [A]}
        book.dispose([other.event_id], reason="due", actor="ada", occurred_at=at(13), leaves=leaves)
        link.unlink()
        link.symlink_to("r12.duckdb")
        assert stopped(book) == {C}, "the certificate was of the first holder, as the run of then names them"
        again = book.record("stop_lifted", actor="ann", occurred_at=at(13), caller_id=CALLER, payload=payload)
        assert again.data["hits"] == ["not seen", "seen"]
        publish(book, 14, (A, 1, 3), (B, 4, 5), (C, 6, None))
        link.unlink()
        link.symlink_to("r10.duckdb")
        assert book.record(
            "stop_lifted", actor="ann", occurred_at=at(14), caller_id=CALLER, payload=payload
        ).data["hits"] == ["seen"]  # fmt: skip


def test_before_holders_were_published_the_first_publication_tells(book: Casebook) -> None:
    run = {"as_of": "2026-01-09"}
    book.record("run_published", actor=PIPELINE, occurred_at=at(10), run_id="r10", payload=run)
    open_case(book, 10, A)
    decide(book, 10, "same", [A], [Y])
    publish(book, 12, (A, 1, 3), (B, 6, None))
    assert (linked(book), case(book)) == ([("same", (A,), (Y,))], ((A,), False))


def test_another_judge_is_told_nothing_of_whom_the_id_was_then(book: Casebook) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, None))
    book.set_user("bob", "reviewer", actor="ada", occurred_at=at(9))
    judged = {"decision": "same", "reason": "x", "spell_a": B, "spell_b": Y}
    book.record("link_judged", actor="ann", occurred_at=at(10), payload=judged)
    publish(book, 12, (A, 1, 3), (B, 4, 5), (C, 6, None))
    other = {**judged, "decision": "not_same"}
    book.record("link_judged", actor="bob", occurred_at=at(12), payload=other)
    told = [row["data"]["decision"] for row in book.opened("bob", book.entries("link_judged"))]
    assert told[0] != "same", "bob has not judged that pair"
    assert told[1] == "not_same"
    assert sorted(book.link_judgements()) == sorted([(B, Y), (C, Y)])


def test_whoever_a_stop_reached_at_once_stays_stopped_when_those_are_parted(book: Casebook) -> None:
    payload = {"reason": "r", "is_urgent": True, "spells": [A], "reached": [Y]}
    entered = book.record("stop_entered", actor="ann", occurred_at=at(10), caller_id=CALLER, payload=payload)
    assert [(found.spells, found.kept) for found in book.live_stops()] == [((A,), (Y,))]
    assert [row[:2] + row[3:] for row in book.tables()["casebook_kept_stops"]] == [
        ("person", str(entered.event_id), [Y])
    ]
    lift(book, 11, Y)
    assert [(found.spells, found.kept) for found in book.live_stops()] == [((A,), ())]
    lift(book, 11, A)
    assert book.live_stops() == []


def test_a_stop_stays_on_others_when_the_one_it_was_entered_on_is_put_away(book: Casebook) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, None))
    entered = stop(book, 10, A)
    kept = {"rule_id": "person", "hit": str(entered.event_id), "is_silent_only": False, "spells": [Y]}
    book.record("stops_published", actor=PIPELINE, occurred_at=at(10), run_id="r10", payload={"stops": [kept]})
    other = stop(book, 10, D)
    book.dispose([other.event_id], reason="due", actor="ada", occurred_at=at(11), leaves={"spells": [A]})
    assert [row[3] for row in book.tables()["casebook_kept_stops"]] == [[Y]]


def test_a_look_counts_for_those_looked_at_alone(book: Casebook) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, None))
    payload = {"urgent_stops_seen": 1, "spells": [B]}
    book.record("look_acknowledged", actor="ann", occurred_at=at(10), caller_id=CALLER, payload=payload)
    assert [row[3] for row in book.tables()["casebook_acknowledgements"]] == [[B]]
    publish(book, 12)
    assert book.tables()["casebook_acknowledgements"] == []


def test_published_callers_and_stops_stay_with_their_holders(book: Casebook) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, None))
    sets = {"sets": {CALLER: [B, Y]}}
    book.record("callers_published", actor=PIPELINE, occurred_at=at(10), run_id="r10", payload=sets)
    stops = {"stops": [{"rule_id": "child", "hit": "h", "is_silent_only": False, "spells": [B]}]}
    book.record("stops_published", actor=PIPELINE, occurred_at=at(10), run_id="r10", payload=stops)
    publish(book, 12, (A, 1, 3), (B, 4, 5), (C, 6, None))
    assert book.spells_of(CALLER) == sorted([C, Y])
    assert [row[3] for row in book.tables()["casebook_kept_stops"]] == [[C]]
    book.record("callers_published", actor=PIPELINE, occurred_at=at(12), run_id="r12", payload=sets)
    assert book.spells_of(CALLER) == sorted([B, Y]), "the id was given again, to another"


def test_whoever_was_put_away_is_nobody_and_leaves_the_others_alone(book: Casebook) -> None:
    publish(book, 10, (A, 1, 3), (B, 4, 5), (C, 6, None))
    entered = stop(book, 10, B)
    decide(book, 10, "same", [A], [Y])
    stop(book, 10, C)
    book.set_user("aud", "administrator", actor="ada", occurred_at=at(10))
    book.dispose([entered.event_id], reason="due", actor="aud", occurred_at=at(11), leaves={"spells": [B]})
    publish(book, 12, (A, 1, 3), (B, 6, None))
    assert stopped(book) == {B}
    assert linked(book) == [("same", (A,), (Y,))], "the time put away is nobody's, though the tile is the first one's"


def test_a_run_reads_by_the_holders_that_it_found(book: Casebook) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, None))
    stop(book, 10, B)
    now = [(A, A, moment(1), moment(3)), (A, B, moment(4), moment(5)), (A, C, moment(6), None)]
    assert [row[1] for row in book.tables(holders=now)["casebook_stops"]] == [[C]]
    assert [row[1] for row in book.tables()["casebook_stops"]] == [[B]], "the others, as published"


def test_an_id_that_no_number_has_any_more_leads_to_whoever_has_its_time(book: Casebook) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, 8), (C, 9, None))
    publish(book, 12, (A, 1, 3), (C, 9, None))
    assert book.spells_of(CALLER) == [A]
    assert book.tables()["casebook_former_spells"] == [(B, [A])]
    publish(book, 13)
    assert book.tables()["casebook_former_spells"] == [(B, [A]), (C, [A])]


def test_an_id_that_was_given_again_leads_to_whoever_had_it_too(book: Casebook) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, None))
    publish(book, 12, (A, 1, 3), (B, 4, 5), (C, 6, None))
    assert book.tables()["casebook_former_spells"] == [(B, [C])]
    assert book.spells_of(CALLER) == [B], "the run that is shown has another of that id"


def test_an_event_is_of_the_run_whose_copy_is_shown(tmp_path: Path) -> None:
    """The copy is in place before its reports are written, and only then is the run told of as published."""
    link = tmp_path / "current.duckdb"
    with Casebook.open(tmp_path / "casebook.sqlite", key=KEY, published=link) as book:
        for name, role in (("ada", "administrator"), ("ann", "reviewer")):
            book.set_user(name, role, actor="ada", occurred_at=at(1))
        publish(book, 10, (A, 1, 3), (B, 6, None))
        assert stop(book, 10, B).in_force_run == "r10", "no copy is there: the newest that was told of"
        now = [(A, A, moment(1), moment(3)), (A, B, moment(4), moment(5)), (A, C, moment(6), None)]
        book.publish_holders(now, [], occurred_at=at(12), run_id="r12", versions={"rules_digest": "new rules"})
        for name in ("r10", "r12"):
            (tmp_path / f"{name}.duckdb").touch()
        link.symlink_to("r10.duckdb")
        early = stop(book, 12, B)
        link.unlink()
        link.symlink_to("r12.duckdb")
        late = stop(book, 12, B)
        assert [(event.in_force_run, event.rules_version) for event in (early, late)] == [
            ("r10", None),
            ("r12", "new rules"),
        ]
        meant = [book.holders().all_of(event, [B]) for event in (early, late)]
        assert meant == [(C,), (B,)]


@pytest.mark.parametrize(
    "change",
    [
        "update holders set spell_id = '" + D + "' where spell_id = '" + C + "' and until_event is null",
        "insert into holders values ('" + A + "', '" + D + "', '2026-01-05T00:00:00.000000', null, 1, null)",
        "update holders set until_event = 1 where until_event is null",
        "delete from holders where until_event is not null",
        "insert into stop_hits values ('" + CALLER + "', 'child', 'another', 1, null)",
        "insert into stop_hits values ('" + CALLER + "', 'child', 'h', 2, null)",
        "delete from stop_hits",
    ],
)
def test_verify_finds_what_was_changed_of_holders_and_hits(book: Casebook, tmp_path: Path, change: str) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, None))
    publish(book, 12, (A, 1, 3), (B, 4, 5), (C, 6, None), hits=[(CALLER, "child", "h")])
    assert book.verify() is None
    with sqlite3.connect(tmp_path / "casebook.sqlite") as con:
        for (name,) in con.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            con.execute("drop trigger " + name)
        con.execute(change)
    broken = book.verify()
    assert broken is not None
    assert "who held" in broken.why


def test_verify_reads_any_text_as_it_was_published(book: Casebook) -> None:
    """SQLite writes the rows down that the digest is of, and has words of its own for what is not plain."""
    odd = ['é "quoted"', "back\\slash", "line\nend\ttab\x01", "\U0001f600", "", "z", "Z"]
    publish(book, 10, (A, 1, 3), (B, 6, None), hits=[(CALLER, "child", one) for one in odd])
    assert book.verify() is None
    publish(book, 12, (A, 1, None), hits=[(CALLER, one, "h") for one in odd])
    assert book.verify() is None


def test_a_publication_is_never_put_away(book: Casebook) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, None))
    (published,) = book.entries("holders_published")
    with pytest.raises(Refused):
        book.dispose([published.event_id], reason="due", actor="ada", occurred_at=at(11))


@pytest.mark.parametrize(
    "change", ["delete from holders", "update holders set spell_id = 'x'", "update holders set until_event = 1"]
)
def test_in_good_faith_nobody_changes_who_held_what(book: Casebook, tmp_path: Path, change: str) -> None:
    publish(book, 10, (A, 1, 3), (B, 6, None))
    with sqlite3.connect(tmp_path / "casebook.sqlite") as con, pytest.raises(sqlite3.IntegrityError):
        con.execute(change)


@pytest.mark.parametrize("seed", range(12))
def test_names_that_are_not_looked_at_twice_mean_what_a_second_look_finds(
    book: Casebook, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """By chance, also of holders in an order that no run finds; half the time with somebody put away."""
    chance, ids = random.Random(seed), [A, B, C, D]

    def holders() -> list[tuple[str, int, int | None]]:
        days = sorted(chance.sample(range(1, 10), 6))
        names = [A, *chance.sample(ids[1:], 2)] if chance.random() < 0.7 else chance.sample(ids, 3)
        lasts = [*days[1:4:2], None] if chance.random() < 0.7 else chance.sample(days, 3)
        return list(zip(names, days[::2], lasts, strict=True)) if chance.random() < 0.8 else []

    held = holders()
    for run in range(10, 26, 3):
        held = held if chance.random() < 0.5 else holders()
        publish(book, run, *held, as_of=chance.choice([0, 5]))
        stops = [{"rule_id": "child", "hit": f"h{run}", "is_silent_only": False, "spells": [*chance.sample(ids, 2), Y]}]
        book.record("stops_published", actor=PIPELINE, occurred_at=at(run), run_id=f"r{run}", payload={"stops": stops})
        stop(book, run + 1, chance.choice(ids))
    if seed % 2:
        (first, *_) = book.entries("stop_entered")
        leaves = {"spells": [chance.choice(ids)]}
        book.dispose([first.event_id], reason="due", actor="ada", occurred_at=at(27), leaves=leaves)
    current = [
        (A, spell, moment(day), moment(last) if last else None) for spell, day, last in chance.choice([held, []])
    ]

    def told() -> list[Any]:
        found = [book.holders().all_of(event, [*ids, Y]) for event in book.entries("stop_entered", "stops_published")]
        return [found, book.holders().former(), book.tables(), book.tables(holders=current)]

    quick = told()
    monkeypatch.setattr(Holders, "_is_as_named", lambda *_: False)
    monkeypatch.setattr(Holders, "_steady", {})
    assert told() == quick


@pytest.mark.parametrize("seed", range(15))
def test_a_stop_always_covers_the_calls_that_whoever_entered_it_saw(tmp_path: Path, seed: int) -> None:
    """By chance: a number's calls come in any order, its holders are cut anew each day. The oracle follows the calls."""
    chance, ids = random.Random(seed), [A, B, C, D]
    calls = sorted(chance.sample(range(1, 29), 8))
    covered: set[int] = set()
    with Casebook.open(tmp_path / "casebook.sqlite", key=KEY) as book:
        book.set_user("ada", "administrator", actor="ada", occurred_at=at(1))
        book.set_user("ann", "reviewer", actor="ada", occurred_at=at(1))
        known: list[int] = []
        for turn in range(1, 5):
            known = sorted({*known, *chance.sample(calls, 3)})
            parts = cut(chance, known)
            names = [A, *chance.sample(ids[1:], len(parts) - 1)]
            rows = [
                (name, part[0], None if part is parts[-1] else part[-1])
                for name, part in zip(names, parts, strict=True)
            ]
            publish(book, turn, *rows if len(parts) > 1 else (), as_of=29)  # whatever came in was known
            holders = dict(zip(names, parts, strict=True))
            now = {day for spell in stopped(book) for day in holders.get(spell, [])}
            assert covered <= now, f"turn {turn}: {sorted(covered - now)}"
            chosen = chance.choice(names)
            stop(book, turn, chosen)
            covered |= set(holders[chosen])


def cut(chance: random.Random, days: list[int]) -> list[list[int]]:
    """The days in up to four parts, in order."""
    places = sorted(chance.sample(range(1, len(days)), min(len(days) - 1, chance.randrange(0, 4))))
    return [days[first:last] for first, last in itertools.pairwise([0, *places, len(days)])]
