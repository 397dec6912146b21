"""What people decide on links, and whom stops reach, over an invented published copy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from misuse import casebook, identity_decisions, publication, published_callers
from misuse.errors import InputError, Refused, UsageError
from misuse.settings import Settings
from tests import published_fixture

NOW = datetime(2026, 1, 5, 9, 30)
S = ["s" + f"{digit:x}" * 16 for digit in range(8)]
C = ["c" + spell[1:] for spell in S]
PAIR = "c" + "f" * 16  # spells 1 and 2, joined by the program
LINE = C[7]  # a shared line
# spell, caller, reach, kind
SPELLS = [
    (S[0], C[0], "r0", "person"), (S[1], PAIR, "r1", "person"), (S[2], PAIR, "r1", "person"),
    (S[3], C[3], "r1", "person"), (S[4], C[4], "r4", "person"), (S[7], LINE, "r7", "shared_line"),
]  # fmt: skip
LINKS = [
    (S[1], S[2], PAIR, PAIR, "automatic", 0.99, 6.6, ["subscriber name"]),
    (S[2], S[3], PAIR, C[3], "suggested", 0.7, 1.2, ["postcode"]),
    (S[0], S[4], C[0], C[4], "suggested", 0.6, 0.6, ["date of birth"]),
]  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with a published copy and two named users."""
    found = Settings(home=tmp_path)
    path = published_fixture.create(found.published_path / "r1.duckdb")
    with duckdb.connect(str(path)) as con:
        con.execute(_TABLES)
        con.executemany("insert into caller_spells values (?, ?, ?, ?, 1, null)", SPELLS)
        con.executemany("insert into caller_links values (?, ?, ?, ?, ?, ?, ?, ?)", LINKS)
        con.execute("insert into callers (caller_id) select distinct caller_id from caller_spells")
        con.execute(
            "insert into caller_windows (caller_id, window_name, misuse_calls) select caller_id, 'headline', 12 from callers where caller_id <> $low",
            {"low": C[4]},
        )
    found.current_path.symlink_to(path.name)
    with casebook.opened(found) as book:
        book.set_user("ada", "administrator", actor="ada", occurred_at=NOW)
        book.set_user("bea", "reviewer", actor="ada", occurred_at=NOW)
    return found


_TABLES = """
create or replace table caller_spells (
    spell_id varchar, caller_id varchar, reach_id varchar, identity_kind varchar, calls bigint, last_call_at timestamp
);
create or replace table caller_links (
    spell_a varchar, spell_b varchar, caller_a varchar, caller_b varchar, status varchar, probability double,
    weight double, reasons varchar[]
);
"""


def decide(settings: Settings, decision: str, one: str, other: str | None = None, actor: str = "bea"):
    return identity_decisions.decide(settings, decision, one, other, reason="compared", actor=actor, now=NOW)


def standing(settings: Settings) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    with casebook.opened(settings) as book:
        return [(d.decision, d.spells_a, d.spells_b) for d in book.link_decisions()]


def test_two_callers_are_set_against_one_another_with_all_their_numbers(settings: Settings) -> None:
    decided = decide(settings, "same", PAIR, C[3])
    assert decided.callers == (PAIR, C[3])
    assert decided.spells == (S[1], S[2], S[3])
    assert standing(settings) == [("same", (S[1], S[2]), (S[3],))]


def test_one_caller_alone_is_confirmed_within(settings: Settings) -> None:
    decide(settings, "same", PAIR[:6])
    assert standing(settings) == [("same", (S[1], S[2]), (S[1], S[2]))]
    with pytest.raises(UsageError, match="no link to confirm"):
        decide(settings, "same", C[0])


def test_one_number_is_parted_from_the_rest_of_its_caller(settings: Settings) -> None:
    decide(settings, "not_same", PAIR, S[2])
    decide(settings, "not_same", S[2], PAIR)
    assert standing(settings) == [("not_same", (S[2],), (S[1],))]
    with pytest.raises(UsageError, match="one caller"):
        decide(settings, "not_same", PAIR, PAIR)


def test_a_shared_line_is_never_one_person_with_another(settings: Settings) -> None:
    with pytest.raises(InputError, match="nobody's alone"):
        decide(settings, "same", LINE, C[0])
    decide(settings, "not_same", LINE, C[0])


def test_who_may_and_who_is_unknown(settings: Settings) -> None:
    with pytest.raises(Refused):
        decide(settings, "same", PAIR, C[3], actor="ada")
    for unknown in ("cdeadbeef", S[6], "K-0000000001"):
        with pytest.raises(InputError):
            decide(settings, "same", PAIR, unknown)
    with pytest.raises(UsageError, match="reason"):
        identity_decisions.decide(settings, "same", PAIR, C[3], reason=" ", actor="bea", now=NOW)
    assert standing(settings) == []


def test_what_keeps_a_decision_from_holding_is_named(settings: Settings) -> None:
    apart = decide(settings, "not_same", C[0], C[3])
    assert decide(settings, "same", C[0], PAIR).in_the_way == ()
    assert decide(settings, "same", C[3], PAIR).in_the_way == (apart.event_id,)
    assert decide(settings, "same", C[4], C[0]).in_the_way == (apart.event_id,)
    identity_decisions.undo(settings, apart.event_id, reason="wrong", actor="bea", now=NOW)
    assert decide(settings, "same", C[4], C[0]).in_the_way == ()


def test_links_of_a_caller_and_suggestions_most_misuse_first(settings: Settings) -> None:
    found = identity_decisions.links(settings, None)
    assert [(row["spell_a"], row["spell_b"]) for row in found["links"]] == [(S[2], S[3]), (S[0], S[4])]
    assert [row["misuse_calls_a"] + row["misuse_calls_b"] for row in found["links"]] == [24, 12]
    of = identity_decisions.links(settings, PAIR)
    assert [row["status"] for row in of["links"]] == ["automatic", "suggested"]
    one = identity_decisions.links(settings, S[3])
    assert [row["spell_a"] for row in one["links"]] == [S[2]]


def test_a_decided_suggestion_waits_no_more_and_its_event_is_told(settings: Settings) -> None:
    decided = decide(settings, "same", PAIR, C[3])
    assert [row["spell_a"] for row in identity_decisions.links(settings, None)["links"]] == [S[0]]
    of = identity_decisions.links(settings, C[3])
    assert [(row["decision"], row["event_id"]) for row in of["links"]] == [("same", decided.event_id)]
    (told,) = of["decisions"]
    assert told["event_id"] == decided.event_id
    assert told["actor_role"] == "reviewer"
    assert "compared" not in str(of)


def test_a_stop_reaches_everyone_who_may_be_one_with_the_stopped(settings: Settings) -> None:
    def enter(caller: str, *, is_urgent: bool = False) -> None:
        payload = {"reason": "r", "is_urgent": is_urgent, "spells": list(spells(caller))}
        with casebook.opened(settings) as book:
            book.record("stop_entered", actor="bea", occurred_at=NOW, caller_id=caller, payload=payload)

    def spells(caller: str) -> list[str]:
        with publication.opened(settings) as con:
            return published_callers.spells_of(con, caller)

    def stopped() -> dict[str, bool]:
        with publication.opened(settings) as con:
            return published_callers.stopped_now(con, settings)

    assert stopped() == {}
    enter(C[3])
    assert stopped() == {C[3]: False, PAIR: False}
    enter(C[0])
    enter(PAIR, is_urgent=True)
    assert stopped() == {C[0]: False, C[3]: True, PAIR: True}
    with publication.opened(settings) as con:
        assert published_callers.enforcement_bars(con, settings, C[3]) == ("hard_stop", "not_listed")
        assert published_callers.enforcement_bars(con, settings, C[4]) == ("not_listed",)


def test_a_copy_of_before_linkage_still_follows_stops_by_caller(settings: Settings) -> None:
    with duckdb.connect(str(settings.current_path.resolve())) as con:
        con.execute("drop table caller_spells; drop table caller_links")
    with casebook.opened(settings) as book:
        payload = {"reason": "r", "is_urgent": False}
        book.record("stop_entered", actor="bea", occurred_at=NOW, caller_id=C[0], payload=payload)
    with publication.opened(settings) as con:
        assert published_callers.stopped_now(con, settings) == {C[0]: False}
        with pytest.raises(InputError, match="older than linkage"):
            published_callers.known(con, C[0])
    assert identity_decisions.links(settings, None)["links"] == []
