"""The casebook on who is calling: stops by spell, links, shared lines, checks, models, published callers."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from misuse import ingest, review
from misuse.casebook import PIPELINE, Casebook, Event
from misuse.errors import InputError, Refused, UsageError
from misuse.settings import SQL_ROOT

AT = datetime.fromisoformat("2026-01-05T09:30:00")
S = ["s" + f"{digit:x}" * 16 for digit in range(8)]
C = ["c" + spell[1:] for spell in S]
PAIR = "c" + "f" * 16  # a caller of the spells 1 and 2
TOKENS = [f"{digit:08x}-0000-0000-0000-000000000000" for digit in range(3)]
KEY = "k" * 64  # given, so that a copied file opens alone
ROLES = ("administrator", "analyst", "reviewer", "chair", "authoriser", "auditor")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A casebook with one user of some roles, the name being the role, and one published caller of two spells."""
    path = tmp_path_factory.mktemp("casebook") / "casebook.sqlite"
    with Casebook.open(path, key=KEY) as book:
        for role in ROLES:
            book.set_user(role, role, actor="administrator", occurred_at=AT)
        record(book, "callers_published", PIPELINE, payload={"sets": {PAIR: [S[2], S[1]]}}, run_id="r1")
    return path


@pytest.fixture
def book(template: Path, tmp_path: Path) -> Iterator[Casebook]:
    with Casebook.open(Path(shutil.copy(template, tmp_path)), key=KEY) as opened:
        yield opened


@contextmanager
def fresh_copy(template: Path) -> Iterator[Casebook]:
    """A casebook of its own for one example."""
    memory = Path("/dev/shm")  # noqa: S108 - a disk that need not wait for itself
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        Casebook.open(Path(shutil.copy(template, folder)), key=KEY) as opened,
    ):
        yield opened


def record(book: Casebook, kind: str, actor: str = "reviewer", **rest: Any) -> Event:
    return book.record(kind, actor=actor, occurred_at=rest.pop("at", AT), **rest)


def decide(book: Casebook, decision: str, a: list[str], b: list[str], actor: str = "reviewer") -> Event:
    payload = {"decision": decision, "spells_a": a, "spells_b": b, "reason": "records compared"}
    return record(book, "link_decided", actor, payload=payload)


def undo(book: Casebook, event_id: int) -> Event:
    return record(book, "link_undone", payload={"event_id": event_id, "reason": "they were compared again"})


def stop(book: Casebook, caller: str, *, spells: list[str] | None = None, is_urgent: bool = False) -> Event:
    given = {"spells": spells} if spells else {}
    return record(
        book, "stop_entered", caller_id=caller, payload={"reason": "may be a victim", "is_urgent": is_urgent, **given}
    )


def lift(book: Casebook, caller: str, actor: str = "reviewer", **given: Any) -> Event:
    seen = {"hits": ["h1"]} if "rule_id" in given else {}
    return record(book, "stop_lifted", actor, caller_id=caller, payload={"reason": "seen and safe", **seen, **given})


def freeze(book: Casebook, rows: list[dict[str, Any]], as_of: str = "2025-12-31", run_id: str = "r1") -> Event:
    payload = {"as_of": as_of, "digest": "d", "eligible": rows}
    return record(book, "list_frozen", PIPELINE, payload=payload, run_id=run_id)


# Stops


def test_a_stop_knows_its_spells_whoever_entered_it(book: Casebook) -> None:
    stop(book, C[0])
    stop(book, PAIR)
    stop(book, "c" + "e" * 16, spells=[S[4], S[3]])
    assert [(s.caller_id, s.spells) for s in book.live_stops()] == [
        (C[0], (S[0],)),
        ("c" + "e" * 16, (S[3], S[4])),
        (PAIR, (S[1], S[2])),
    ]
    assert book.spells_of(PAIR) == [S[1], S[2]]


def test_a_stop_on_one_who_was_split_is_lifted_spell_by_spell(book: Casebook) -> None:
    stop(book, PAIR)
    lift(book, C[1])
    assert [s.spells for s in book.live_stops()] == [(S[2],)]
    with pytest.raises(InputError, match="no stop"):
        lift(book, C[1])
    lift(book, PAIR)
    assert book.live_stops() == []


def test_a_stop_on_one_who_was_merged_is_lifted_with_the_whole(book: Casebook) -> None:
    stop(book, C[1])
    lift(book, PAIR)
    assert book.live_stops() == []


def test_a_stop_entered_anew_stands_beside_the_first_and_one_lift_takes_both(book: Casebook) -> None:
    entered = [stop(book, PAIR, is_urgent=is_urgent) for is_urgent in (False, True, True)]
    assert [s.event for s in book.live_stops()] == entered
    lift(book, PAIR)
    assert book.live_stops() == []


def test_a_rules_stop_is_lifted_beside_a_persons(book: Casebook) -> None:
    stop(book, PAIR)
    lift(book, PAIR, rule_id="domestic_abuse")
    assert len(book.live_stops()) == 1
    assert book.tables()["casebook_lifts"] == [([S[1], S[2]], "domestic_abuse", AT, ["h1"])]
    lift(book, PAIR, rule_id="person")
    assert book.live_stops() == []
    assert len(book.tables()["casebook_lifts"]) == 1
    with pytest.raises(Refused):
        lift(book, PAIR, "analyst", rule_id="domestic_abuse")
    with pytest.raises(UsageError, match="reason"):
        lift(book, PAIR, rule_id="domestic_abuse", reason=" ")
    with pytest.raises(InputError, match="stops nobody"):
        record(book, "stop_lifted", caller_id=PAIR, payload={"reason": "safe", "rule_id": "domestic_abuse"})
    book.publish_holders([], [(PAIR, "domestic_abuse", "h7"), (PAIR, "child", "h8")], occurred_at=AT, run_id="r2")
    record(book, "stop_lifted", caller_id=PAIR, payload={"reason": "safe", "rule_id": "domestic_abuse"})
    assert [row[3] for row in book.tables()["casebook_lifts"]] == [["h1"], ["h7"]], "just what stood"


@given(
    steps=st.lists(
        st.tuples(st.booleans(), st.sets(st.sampled_from(S[:5]), min_size=1, max_size=3), st.booleans()), max_size=12
    )
)
def test_stops_stand_on_just_what_was_entered_and_not_lifted_since(
    template: Path, steps: list[tuple[bool, set[str], bool]]
) -> None:
    """Against the plain account: a spell is stopped from the last entry on it until a lift names it."""
    stopped: set[str] = set()
    with fresh_copy(template) as book:
        for is_entry, spells, is_urgent in steps:
            payload = {"reason": "r", "is_urgent": is_urgent, "spells": sorted(spells)}
            kind = "stop_entered" if is_entry else "stop_lifted"
            if not is_entry and not stopped & spells:
                with pytest.raises(InputError):
                    record(book, kind, caller_id=C[0], payload=payload)
                continue
            record(book, kind, caller_id=C[0], payload=payload)
            stopped = stopped | spells if is_entry else stopped - spells
        live = book.live_stops()
        assert {spell for entry in live for spell in entry.spells} == stopped
        assert len({entry.event.event_id for entry in live}) == len(live)
        assert book.verify() is None


# Links


def test_decisions_hold_until_a_newer_one_or_until_undone(book: Casebook) -> None:
    same = decide(book, "same", [S[0]], [S[1]])
    apart = decide(book, "not_same", [S[1]], [S[0]])
    assert [d.link_id for d in book.link_decisions()] == [apart.event_id]
    undo(book, apart.event_id)
    assert [d.link_id for d in book.link_decisions()] == [same.event_id]
    with pytest.raises(InputError, match="no decision"):
        undo(book, apart.event_id)
    undo(book, same.event_id)
    assert book.tables()["casebook_links"] == []


def test_a_decision_partly_overruled_holds_for_the_other_pairs(book: Casebook) -> None:
    same = decide(book, "same", S[:3], S[:3])
    assert book.tables()["casebook_links"] == [(same.event_id, "same", S[:3], S[:3], AT)]
    apart = decide(book, "not_same", [S[2]], [S[0]])
    assert book.tables()["casebook_links"] == [
        (same.event_id, "same", [S[0]], [S[1]], AT),
        (same.event_id, "same", [S[1]], [S[2]], AT),
        (apart.event_id, "not_same", [S[2]], [S[0]], AT),
    ]


LINK_STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["same", "not_same"]),
            st.sets(st.sampled_from(S[:4]), min_size=1, max_size=3),
            st.sets(st.sampled_from(S[:4]), min_size=1, max_size=3),
        ),
        st.tuples(st.just("undo"), st.integers(0, 9), st.none()),
    ),
    max_size=10,
)


@given(steps=LINK_STEPS)
def test_the_newest_decision_on_a_pair_that_stands_wins(template: Path, steps: list[tuple[str, Any, Any]]) -> None:
    """Against the plain account: replay what was not undone, pair by pair; the last one told is so."""
    told: dict[int, tuple[str, set[tuple[str, str]]]] = {}
    undone: set[int] = set()
    with fresh_copy(template) as book:
        for what, a, b in steps:
            if what == "undo":
                standing = sorted(set(told) - undone)
                if standing:
                    undone.add(standing[a % len(standing)])
                    undo(book, standing[a % len(standing)])
                continue
            pairs = {(min(x, y), max(x, y)) for x in a for y in b if x != y}
            if not pairs or (what == "not_same" and a & b):
                with pytest.raises(UsageError):
                    decide(book, what, sorted(a), sorted(b))
                continue
            told[decide(book, what, sorted(a), sorted(b)).event_id] = (what, pairs)
        expected: dict[tuple[str, str], str] = {}
        for event_id, (what, pairs) in sorted(told.items()):
            if event_id not in undone:
                expected |= dict.fromkeys(pairs, what)
        found = [(pair, d.decision) for d in book.link_decisions() for pair in d.pairs]
        assert len(found) == len(expected)
        assert dict(found) == expected


@pytest.mark.parametrize(
    ("decision", "a", "b"),
    [
        ("same", [S[0]], [S[0]]),
        ("not_same", [S[0], S[1]], [S[1]]),
        ("perhaps", [S[0]], [S[1]]),
        ("same", [C[0]], [S[1]]),
        ("same", [], [S[1]]),
    ],
)
def test_a_decision_that_says_nothing_sensible_is_refused(book: Casebook, decision: str, a: list, b: list) -> None:
    with pytest.raises(UsageError):
        decide(book, decision, a, b)
    assert book.link_decisions() == []


# Who may

MAY = {
    "decide_link": {"reviewer", "chair", "authoriser"},
    "register_shared_line": {"analyst", "reviewer", "chair", "authoriser"},
    "record_safeguard_check": {"administrator", "reviewer", "chair", "authoriser"},
    "train_model": {"administrator", "analyst", "reviewer", "chair", "authoriser"},
    "accept_model": {"administrator", "authoriser"},
    "publish_callers": {"pipeline"},
}
PAYLOADS: dict[str, tuple[str, dict[str, Any]]] = {
    "link_decided": ("decide_link", {"decision": "same", "spells_a": [S[0]], "spells_b": [S[1]], "reason": "r"}),
    "shared_line_registered": (
        "register_shared_line",
        {"lines": [{"token": TOKENS[0], "kind": "hostel"}], "reason": "r"},
    ),
    "safeguard_checked": (
        "record_safeguard_check",
        {"rule_id": "domestic_abuse", "reason": "r", "until": "2026-02-01"},
    ),
    "identity_model_trained": ("train_model", {"model_digest": "m1", "status": "candidate"}),
    "identity_model_accepted": ("accept_model", {"model_digest": "m1", "reason": "r", "carried": []}),
    "identity_model_rejected": ("accept_model", {"model_digest": "m1", "reason": "r"}),
    "callers_published": ("publish_callers", {"sets": {PAIR: [S[1], S[2]]}}),
    "stops_published": (
        "publish_callers",
        {"stops": [{"rule_id": "child", "hit": "h1", "is_silent_only": False, "spells": [S[1]]}]},
    ),
}


def test_permissions_are_those_agreed() -> None:
    for action, roles in MAY.items():
        assert review.PERMISSIONS[action] == roles, action


@pytest.mark.parametrize("kind", sorted(PAYLOADS))
def test_only_permitted_roles_record_it(book: Casebook, kind: str) -> None:
    action, payload = PAYLOADS[kind]
    for actor in (*ROLES, PIPELINE, "a stranger"):
        if actor in MAY[action]:
            assert record(book, kind, actor, payload=payload).kind == kind
        else:
            with pytest.raises(Refused):
                record(book, kind, actor, payload=payload)


def test_before_users_are_named_links_are_nobodys_to_decide(tmp_path: Path) -> None:
    with Casebook.open(tmp_path / "c.sqlite") as fresh:
        record(fresh, "shared_line_registered", payload=PAYLOADS["shared_line_registered"][1])
        record(fresh, "identity_model_trained", payload=PAYLOADS["identity_model_trained"][1])
        for kind in ("link_decided", "safeguard_checked", "identity_model_accepted"):
            with pytest.raises(Refused, match="no users are named yet"):
                record(fresh, kind, payload=PAYLOADS[kind][1])


# Shared lines, checks, models


def test_the_register_is_what_was_put_in_and_not_taken_out(book: Casebook) -> None:
    lines = [{"token": token, "kind": "hostel"} for token in TOKENS[:2]]
    record(book, "shared_line_registered", payload={"lines": lines, "reason": "the council's list"})
    record(book, "shared_line_removed", payload={"token": TOKENS[0], "reason": "closed"})
    record(
        book, "shared_line_registered", payload={"lines": [{"token": TOKENS[1], "kind": "refuge"}], "reason": "letter"}
    )
    assert book.tables()["casebook_shared_lines"] == [(TOKENS[1], "refuge", AT)]
    with pytest.raises(InputError, match="not in the register"):
        record(book, "shared_line_removed", payload={"token": TOKENS[0], "reason": "closed"})
    for wrong in ([], [{"token": "07700 900123", "kind": "hostel"}], [{"token": TOKENS[0], "kind": ""}]):
        with pytest.raises(UsageError):
            record(book, "shared_line_registered", payload={"lines": wrong, "reason": "r"})


def test_a_check_counts_from_today_for_a_year_and_the_newest_is_the_one(book: Casebook) -> None:
    def check(until: object) -> None:
        record(book, "safeguard_checked", payload={"rule_id": "child", "reason": "asked", "until": until})

    for wrong in ("2026-01-04", "2027-01-07", "soon", None):
        with pytest.raises(UsageError):
            check(wrong)
    check("2026-06-30")
    check(date(2026, 3, 31))
    assert book.tables()["casebook_safeguard_checks"] == [("child", AT, date(2026, 3, 31))]


def test_whoever_trained_a_model_leaves_accepting_it_to_another(book: Casebook) -> None:
    payload = {"model_digest": "m1", "reason": "the diff was read", "made_by": "authoriser"}
    with pytest.raises(Refused, match="trained a model"):
        record(book, "identity_model_accepted", "authoriser", payload=payload)
    record(book, "identity_model_accepted", "administrator", payload=payload)
    decided = book.model_decision("m1")
    assert decided is not None
    assert decided["kind"] == "identity_model_accepted"
    assert book.model_decision("m2") is None


def test_alone_one_accepts_ones_own_model(tmp_path: Path) -> None:
    payload = {"model_digest": "m1", "reason": "the diff was read", "made_by": "ada"}
    with Casebook.open(tmp_path / "c.sqlite") as book:
        book.set_user("ada", "administrator", actor="ada", occurred_at=AT)
        book.set_user("bea", "analyst", actor="ada", occurred_at=AT)
        assert record(book, "identity_model_accepted", "ada", payload=payload).actor_role == "administrator"


def test_a_carried_stop_stands_until_a_person_lifts_it(book: Casebook) -> None:
    carried = [{"spells": [S[1], S[5]], "rule_id": "child"}, {"spells": [S[6]], "rule_id": "person"}]
    payload = {"model_digest": "m1", "reason": "r", "carried": carried}
    lift(book, PAIR, rule_id="child")  # before: it changes nothing
    record(book, "identity_model_accepted", "authoriser", payload=payload)
    assert book.tables()["casebook_carried_stops"] == [([S[1], S[5]], "child"), ([S[6]], "person")]
    lift(book, PAIR, rule_id="child")
    lift(book, C[6])
    assert book.carried_stops() == [((S[5],), "child")]
    lift(book, C[5], rule_id="child")
    assert book.carried_stops() == []


def publish_stops(book: Casebook, *stops: tuple[str, str, list[str]]) -> None:
    told = [{"rule_id": rule, "hit": hit, "is_silent_only": False, "spells": spells} for rule, hit, spells in stops]
    record(book, "stops_published", PIPELINE, payload={"stops": told}, run_id="r1")


def kept(book: Casebook) -> list[tuple[Any, ...]]:
    return [(rule, hit, spells) for rule, hit, _, spells in book.tables()["casebook_kept_stops"]]


def test_a_published_stop_is_kept_on_the_spells_it_was_published_on(book: Casebook) -> None:
    entered = stop(book, C[1])
    hit = str(entered.event_id)
    publish_stops(book, ("child", "h1", [S[4]]), ("person", hit, [S[2], S[3]]), ("hate_crime", "carried", [S[5], S[6]]))
    publish_stops(book, ("child", "h1", [S[5]]), ("person", "99", [S[7]]))
    by_rule = [("child", "h1", [S[4], S[5]]), ("hate_crime", "carried", [S[5], S[6]])]
    assert kept(book) == [("person", hit, [S[2], S[3]]), *by_rule], "of no stop that stands nothing is kept"
    freeze(book, [{"caller_id": C[3], "part": 3, "rank": 1}, {"caller_id": C[0], "part": 3, "rank": 2}])
    assert [case["caller_id"] for case in book.cases().values()] == [C[0]], "whom it was published on is stopped"
    lift(book, C[3])
    assert kept(book) == [("person", hit, [S[2]]), *by_rule]
    for rule in ("child", "hate_crime"):
        lift(book, C[5], rule_id=rule)
    assert kept(book)[1:] == [by_rule[0], ("hate_crime", "carried", [S[6]])], "the models lift a marked call's stop"
    lift(book, C[1])
    assert kept(book) == [by_rule[0], ("hate_crime", "carried", [S[6]])], "the stop itself was lifted"
    with pytest.raises(UsageError):
        publish_stops(book, ("child", "h1", ["x"]))


# Published callers and cases


def test_a_published_caller_keeps_its_spells_for_ever(book: Casebook) -> None:
    record(book, "callers_published", PIPELINE, payload={"sets": {"c" + "d" * 16: [S[3], S[4]]}}, run_id="r2")
    assert book.tables()["casebook_caller_sets"] == [
        ("c" + "d" * 16, [S[3], S[4]], "r2", AT),
        (PAIR, [S[1], S[2]], "r1", AT),
    ]
    for wrong in ([S[3]], [S[3], "x"]):
        with pytest.raises(UsageError):
            record(book, "callers_published", PIPELINE, payload={"sets": {PAIR: wrong}})


def test_a_case_goes_with_most_of_its_spells_when_callers_merge_and_split(book: Casebook) -> None:
    freeze(book, [{"caller_id": C[1], "part": 3, "rank": 1}, {"caller_id": C[0], "part": 3, "rank": 2}])
    assert sorted(case["spells"] for case in book.cases().values()) == [(S[0],), (S[1],)]
    freeze(book, [{"caller_id": PAIR, "part": 3, "rank": 1}], "2026-01-14", "r2")
    assert len(book.cases()) == 2, "the merged caller has the case of one of them already"
    whole = [{"caller_id": "c" + "a" * 16, "part": 3, "rank": 1, "spells": [S[5], S[6], S[7]]}]
    freeze(book, whole, "2026-01-28", "r3")
    assert book.cases()["K-" + "A" * 10]["spells"] == (S[5], S[6], S[7])
    halves = [
        {"caller_id": C[5], "part": 3, "rank": 1},
        {"caller_id": "c" + "b" * 16, "part": 3, "rank": 2, "spells": [S[6], S[7]]},
    ]
    freeze(book, halves, "2026-02-11", "r4")
    assert len(book.cases()) == 4, "the case went with the larger half; the other got one of its own"


def test_a_row_may_name_its_case_and_a_look_says_of_whom_it_is_now(book: Casebook) -> None:
    freeze(book, [{"caller_id": C[1], "part": 3, "rank": 1}])
    (reference,) = book.cases()
    row = {"caller_id": PAIR, "part": 3, "rank": 1, "case_ref": reference}
    other = {"caller_id": C[0], "part": 3, "rank": 2, "case_ref": "K-AAAAAAAAAA"}
    freeze(book, [row, other], "2026-01-14", "r2")
    assert sorted(book.cases()) == sorted([reference, "K-AAAAAAAAAA"])
    assert book.cases()[reference]["spells"] == (S[1],)
    decided = {"reason": "it is one person", "owner": "Camden", "review_date": "2026-02-01"}
    record(book, "calls_opened", case_ref=reference, payload={"calls": ["k1"]})
    book.move_case(
        reference, "review", decided, actor="reviewer", occurred_at=AT, run_id="r2", seen_as=book.spells_of(PAIR)
    )
    assert book.cases()[reference]["spells"] == (S[1], S[2])


def test_a_stop_takes_whoever_now_holds_a_stopped_spell_off_the_frozen_list(book: Casebook) -> None:
    stop(book, C[1])
    frozen = freeze(book, [{"caller_id": PAIR, "part": 3, "rank": 1}, {"caller_id": C[0], "part": 3, "rank": 2}])
    assert [row["caller_id"] for row in frozen.data["eligible"]] == [C[0]]
    assert frozen.data["stopped"] == [PAIR]
    assert book.tables()["last_cycle"] == [(C[0], date(2025, 12, 31), [S[0]])]


def test_bars_keep_a_case_from_enforcement_and_a_stop_from_any_action(book: Casebook) -> None:
    freeze(book, [{"caller_id": PAIR, "part": 3, "rank": 1}])
    (reference,) = book.cases()

    def make(move: str, who: str, *bars: str, lane: str = "support") -> None:
        decided = {"reason": "r", "owner": "Camden", "review_date": "2026-02-01", "option": "cpw", "finding": "read"}
        record(book, "calls_opened", who, case_ref=reference, payload={"calls": ["k1"]})
        given = decided | ({"lane": lane} if move == "act" else {})
        book.move_case(reference, move, given, actor=who, occurred_at=AT, run_id="r1", bars=bars)

    make("act", "reviewer", "unconfirmed_links", "safeguards_blind")
    for bar, command in (
        ("unconfirmed_links", "misuse identity same"),
        ("safeguards_blind", "misuse safeguards record"),
        ("below_threshold", "misuse why"),
        ("changed_identity", "review"),
        ("something_new", "misuse why"),
    ):
        with pytest.raises(Refused) as refused:
            make("propose", "reviewer", bar)
        assert command in refused.value.next_step
    with pytest.raises(Refused, match="hard stop"):
        make("act", "reviewer", "hard_stop")
    make("propose", "reviewer")
    with pytest.raises(Refused, match="no person has confirmed"):
        make("approve", "authoriser", "unconfirmed_links")
    make("approve", "authoriser")
    assert book.cases()[reference]["lane"] == "enforcement"
    stop(book, C[2])
    assert book.cases()[reference]["status"] == "halted"
    with pytest.raises(Refused, match="hard stop"):
        make("resume", "reviewer")


# What a run reads


def fill(book: Casebook) -> None:
    """A row for every table."""
    for held in ([(S[6], S[6], "2025-01-01", "2025-02-01"), (S[6], S[7], "2025-03-01", None)], []):
        book.publish_holders(held, [], occurred_at=AT, run_id="r1")
    freeze(book, [{"caller_id": C[0], "part": 3, "rank": 1}])
    acting = {"reason": "talk first", "lane": "engagement", "owner": "Camden", "review_date": "2026-02-01"}
    record(book, "calls_opened", case_ref="K-" + C[0][1:11].upper(), payload={"calls": ["k1"]})
    book.move_case("K-" + C[0][1:11].upper(), "act", acting, actor="reviewer", occurred_at=AT, run_id="r1")
    stop(book, C[0])
    lift(book, C[0], rule_id="child")
    record(book, "look_acknowledged", caller_id=C[0], payload={"urgent_stops_seen": 1})
    carried = [{"spells": [S[5]], "rule_id": "child"}]
    record(
        book,
        "identity_model_accepted",
        "authoriser",
        payload={"model_digest": "m", "reason": "planted reason", "carried": carried},
    )
    for kind in ("link_decided", "shared_line_registered", "safeguard_checked"):
        record(book, kind, payload={**PAYLOADS[kind][1], "reason": "planted reason"})
    record(book, "stops_published", PIPELINE, payload=PAYLOADS["stops_published"][1], run_id="r1")
    drawn = {
        "sample": "next",
        "coders": ["analyst", "chair"],
        "calls": [[TOKENS[0], "misuse", "HOAX", True]],
        "seed": 1,
    }
    record(book, "coding_sample_drawn", payload={**drawn, "reason": "planted reason"})
    record(book, "coding_model_trained", payload={"document": {"ships": False}})
    for coder, verdict in (("analyst", "misuse"), ("chair", "not_misuse")):
        record(book, "calls_coded", coder, payload={"sample": "D1", "verdicts": {"1": verdict}})


def test_rows_fit_the_tables_they_fill(book: Casebook) -> None:
    fill(book)
    with duckdb.connect() as con:
        for name, rows in book.tables().items():
            con.execute((SQL_ROOT / "rules" / (name + ".sql")).read_text())
            assert rows, name
            ingest.insert_rows(con, name, rows)
            found = [tuple(str(cell) for cell in row) for row in con.table(name).fetchall()]
            assert found == [tuple(str(cell) for cell in row) for row in rows], name
    assert set(book.tables()) == {
        path.stem for path in (SQL_ROOT / "rules").glob("*.sql") if path.stem.startswith(("casebook_", "last_cycle"))
    }


def test_reasons_leave_the_casebook_in_no_table(book: Casebook) -> None:
    fill(book)
    assert "planted" not in str(book.tables())


def test_every_decision_moves_the_decision_head_and_what_a_run_published_not_its_own(book: Casebook) -> None:
    days = count(1)
    for kind, (action, payload) in PAYLOADS.items():
        before = book.decision_head()
        actor = min(MAY[action])
        record(book, kind, actor, payload=payload, at=AT + timedelta(days=next(days)))
        moves = {"link_decided", "shared_line_registered", "safeguard_checked", "identity_model_accepted"}
        assert (book.decision_head() != before) == (kind in {*moves, "stops_published"}), kind
    before = book.decision_head()
    record(book, "stops_published", PIPELINE, payload=PAYLOADS["stops_published"][1], run_id="r9")
    assert book.decision_head(without_run="r8") == book.decision_head() != before
    assert book.decision_head(without_run="r9") == before
    before = book.decision_head()
    undo(book, book.link_decisions()[0].link_id)
    assert book.decision_head() != before
