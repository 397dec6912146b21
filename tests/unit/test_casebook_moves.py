"""Moves of a case: what each takes, what a stop does, and that every state has an owner and a way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from misuse import review
from misuse.casebook import PIPELINE, Casebook, Event
from misuse.errors import InputError, MisuseError, Refused, UsageError
from tests.house import tree

AT = datetime.fromisoformat("2026-01-05T09:30:00")
CALLER, REF = "c0123456789abcdef", "K-0123456789"
OTHER, OTHER_REF = "cffffffffffffffff", "K-FFFFFFFFFF"
SPELL, OTHER_SPELL = "s" + CALLER[1:], "s" + OTHER[1:]
CALLS = [f"k{number}" for number in range(12)]
GIVEN = {
    "reason": "r", "lane": "engagement", "owner": "Camden", "review_date": "2026-02-01", "option": "cpw",
    "finding": "the calls bear it out", "until": "2026-02-01", "outcome": "calls_ended", "activity": "visit",
    "ground": "new_calls",
}  # fmt: skip
ROLES = ("administrator", "analyst", "reviewer", "chair", "authoriser", "auditor", "borough")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Casebook]:
    with Casebook.open(tmp_path / "casebook.sqlite") as opened:
        staff(opened)
        yield opened


def staff(book: Casebook) -> None:
    for role in (*ROLES, "second"):
        book.set_user(role, "authoriser" if role == "second" else role, actor="administrator", occurred_at=AT)
    rows = [{"caller_id": CALLER, "part": 3, "rank": 1}, {"caller_id": OTHER, "part": 3, "rank": 2}]
    payload = {"as_of": "2025-12-31", "digest": "d", "eligible": rows}
    book.record("list_frozen", actor=PIPELINE, occurred_at=AT, run_id="r1", payload=payload)


def open_calls(book: Casebook, actor: str = "analyst", calls: list[str] | None = None, ref: str = REF) -> Event:
    return book.record("calls_opened", actor=actor, occurred_at=AT, case_ref=ref, payload={"calls": calls or CALLS})


def move(book: Casebook, name: str, actor: str = "reviewer", ref: str = REF, **known: Any) -> Event:
    at = known.pop("at", AT)
    legal = [step for (_, move), step in review.MOVES.items() if move == name]
    needs = {need for step in legal for need in step.needs} | set(known.get("given", {}))
    given = {need: GIVEN.get(need) for need in needs} | known.pop("given", {})
    return book.move_case(ref, name, given, actor=actor, occurred_at=at, run_id="r1", **known)


def status(book: Casebook, ref: str = REF) -> str:
    return str(book.cases()[ref]["status"])


def confirm(book: Casebook, calls: list[str] = CALLS) -> None:
    for call in calls:
        payload = {"call_key": call, "verdict": "confirmed"}
        book.record("call_judged", actor="analyst", occurred_at=AT, case_ref=REF, payload=payload)


def propose(book: Casebook) -> Event:
    confirm(book)
    open_calls(book, "reviewer")
    return move(book, "propose")


def stop(book: Casebook, caller: str = CALLER) -> Event:
    payload = {"reason": "may be a victim", "is_urgent": True}
    return book.record("stop_entered", actor="borough", occurred_at=AT, caller_id=caller, payload=payload)


def lift(book: Casebook) -> None:
    book.record("stop_lifted", actor="reviewer", occurred_at=AT, caller_id=CALLER, payload={"reason": "seen, and safe"})


# The dictionary


def test_every_state_has_an_owner_a_way_in_and_a_way_out() -> None:
    assert {state for state, _ in review.MOVES} == set(review.STATES) == set(review.OWNERS)
    assert {step.to for step in review.MOVES.values()} == set(review.STATES)
    for state, owner in review.OWNERS.items():
        leaving = [step for (known, _), step in review.MOVES.items() if known == state and step.to != state]
        assert any(owner in step.roles for step in leaving), f"{owner} owns {state} and cannot end it"


def test_every_move_takes_a_reason_and_names_roles_that_exist() -> None:
    assert all(
        "reason" in step.needs and step.roles <= set(review.ROLES) and step.label for step in review.MOVES.values()
    )


def test_no_role_that_only_reads_moves_a_case_but_to_halt_it() -> None:
    for (_, name), step in review.MOVES.items():
        if name != "halt":
            assert not step.roles & {"auditor", "administrator", "borough", "health liaison", "analyst"}, name


def test_every_state_reaches_its_end() -> None:
    ends = {"closed"}
    for _ in review.STATES:
        ends |= {state for (state, _), step in review.MOVES.items() if step.to in ends}
    assert ends == set(review.STATES)


def test_the_page_has_the_diagram_that_the_dictionary_makes() -> None:
    page = (tree.ROOT / "docs" / "review-room.md").read_text(encoding="utf-8")
    assert review.diagram() in page, "write it anew: python -m tests.review_page"
    assert review.table() in page


# No decision without the calls


@pytest.mark.parametrize("name", ["act", "review", "suppress", "close"])
def test_no_decision_without_calls_opened(book: Casebook, name: str) -> None:
    with pytest.raises(Refused, match="open them first"):
        move(book, name, "authoriser")
    opened = open_calls(book, calls=["k1", "k1", "k0"])
    assert (opened.actor, opened.data["calls"]) == ("analyst", ["k0", "k1"])
    move(book, name, "authoriser")


def test_calls_are_opened_anew_for_the_next_decision(book: Casebook) -> None:
    open_calls(book)
    move(book, "act")
    with pytest.raises(Refused, match="open them first"):
        move(book, "review")


def test_opening_no_call_is_none(book: Casebook) -> None:
    with pytest.raises(UsageError):
        book.record("calls_opened", actor="analyst", occurred_at=AT, case_ref=REF, payload={"calls": []})
    with pytest.raises(Refused):
        open_calls(book, "auditor")


# Enforcement


def test_enforcement_is_no_act(book: Casebook) -> None:
    open_calls(book, "authoriser")
    with pytest.raises(Refused, match="proposed by one person and approved by another"):
        move(book, "act", "authoriser", given={"lane": "enforcement"})


def test_the_proposer_never_approves(book: Casebook) -> None:
    confirm(book)
    open_calls(book, "authoriser")
    move(book, "propose", "authoriser")
    open_calls(book, "authoriser")
    with pytest.raises(Refused, match="whoever proposed or prepared it"):
        move(book, "approve", "authoriser")
    open_calls(book, "second")
    approved = move(book, "approve", "second")
    assert (status(book), book.cases()[REF]["lane"]) == ("under_action", "enforcement")
    assert approved.data["finding"]


def test_the_approver_opens_every_call_that_it_rests_on_and_records_a_finding(book: Casebook) -> None:
    proposed = propose(book)
    assert proposed.data["calls"] == sorted(CALLS)
    with pytest.raises(Refused, match="open them first"):
        move(book, "approve", "authoriser")
    open_calls(book, "authoriser", CALLS[:11])
    with pytest.raises(Refused, match="1 of the calls"):
        move(book, "approve", "authoriser")
    open_calls(book, "authoriser", CALLS[11:])
    with pytest.raises(Refused, match="needs finding"):
        move(book, "approve", "authoriser", given={"finding": " "})
    with pytest.raises(Refused, match="takes one of"):
        move(book, "approve", "chair")
    move(book, "approve", "authoriser")


def test_enforcement_rests_on_calls_confirmed_one_by_one(book: Casebook) -> None:
    confirm(book, CALLS[:9])
    open_calls(book, "reviewer")
    with pytest.raises(Refused, match="confirmed one by one"):
        move(book, "propose", least_confirmed=10)
    confirm(book, CALLS[9:10])
    payload = {"call_key": "k0", "verdict": "refuted"}
    book.record("call_judged", actor="reviewer", occurred_at=AT, case_ref=REF, payload=payload)
    with pytest.raises(Refused, match="confirmed one by one"):
        move(book, "propose", least_confirmed=10)
    confirm(book, ["k0"])
    move(book, "propose", least_confirmed=10)


def test_a_refused_proposal_is_gone(book: Casebook) -> None:
    propose(book)
    open_calls(book, "chair")
    move(book, "refuse", "chair")
    assert (status(book), book.casefile(REF).proposal) == ("under_review", None)
    assert book.cases()[REF]["lane"] is None


# Stops


def test_a_stop_halts_the_case_and_voids_what_waits_for_approval(book: Casebook) -> None:
    propose(book)
    entered = stop(book)
    assert status(book) == "halted"
    halted = book.entries("case_moved")[-1]
    assert (halted.actor, halted.data["move"], halted.event_id) == ("borough", "halt", entered.event_id + 1)
    assert status(book, OTHER_REF) == "listed"
    open_calls(book, "authoriser")
    with pytest.raises(Refused, match="no move 'approve'"):
        move(book, "approve", "authoriser")
    open_calls(book, "reviewer")
    with pytest.raises(Refused, match="hard stop"):
        move(book, "resume")
    lift(book)
    move(book, "resume")
    assert (status(book), book.casefile(REF).proposal) == ("under_review", None)


def test_a_stop_that_reaches_the_caller_through_others_bars_as_the_move_commits(book: Casebook) -> None:
    open_calls(book)
    stop(book, OTHER)
    with pytest.raises(Refused, match="hard stop"):
        move(book, "act", reach=[OTHER_SPELL])
    assert book.halt([REF, "K-NONE"], reason="linked", actor="pipeline", occurred_at=AT, run_id="r1") == [REF]
    assert book.halt([REF], reason="linked", actor="pipeline", occurred_at=AT, run_id="r1") == []


def test_a_halted_case_may_be_closed(book: Casebook) -> None:
    stop(book)
    open_calls(book)
    move(book, "close", "chair", given={"outcome": "need_met", "activity": "referral"})
    assert status(book) == "closed"


# Vulnerability, suppression, closing, reopening, one case


def test_a_vulnerability_makes_support_the_default(book: Casebook) -> None:
    open_calls(book)
    with pytest.raises(Refused, match="support comes first"):
        move(book, "act", is_vulnerable=True)
    move(book, "act", is_vulnerable=True, given={"lane": "support"})
    open_calls(book)
    move(book, "act", is_vulnerable=True, given={"why_not_support": "offered and declined, twice"})


def test_a_vulnerability_that_came_to_be_known_holds_up_an_approval_too(book: Casebook) -> None:
    """Unless somebody says why not: whoever proposed it, knowing of it, or whoever approves."""
    propose(book)
    open_calls(book, "authoriser")
    with pytest.raises(Refused, match="support comes first"):
        move(book, "approve", "authoriser", is_vulnerable=True)
    move(book, "approve", "authoriser", is_vulnerable=True, given={"why_not_support": "offered and declined, twice"})
    assert status(book) == "under_action"


def test_suppressions_expire(book: Casebook) -> None:
    open_calls(book)
    for until in ("2026-01-04", "2026-09-01"):
        with pytest.raises(UsageError, match="counts from today"):
            move(book, "suppress", "chair", given={"until": until})
    move(book, "suppress", "chair", given={"until": "2026-02-01"})
    assert book.tables()["casebook_cases"][0][4] == "suppressed"
    assert book.expire(datetime(2026, 2, 1, 23)) == []
    assert book.expire(datetime(2026, 2, 2, 0)) == [REF]
    assert status(book) == "waiting"


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-01-04", "past"), ("1926-02-01", "past"), ("2031-02-01", "more than 5 years"), ("9999-12-31", "more than 5 years"),
        ("zzz", "no date"), ("2026-02-30", "no date"), ("20260201", "no date"), ("2026-W05-7", "no date"),
    ],
)  # fmt: skip
def test_a_day_of_review_is_a_coming_day(book: Casebook, day: str, why: str) -> None:
    open_calls(book, "reviewer")
    for name in ("act", "review", "propose"):
        with pytest.raises(UsageError, match=why):
            move(book, name, given={"review_date": day})
    assert status(book) == "listed"
    move(book, "act", given={"review_date": "2026-01-05"})


def test_what_day_it_is_is_the_local_one_where_that_is_known(book: Casebook) -> None:
    open_calls(book)
    with pytest.raises(UsageError, match="past"):
        move(book, "act", given={"review_date": "2026-01-05"}, today=date(2026, 1, 6))
    move(book, "act", given={"review_date": "2026-01-04"}, today=date(2026, 1, 4))


def test_a_case_whose_suppression_ran_out_can_be_moved_at_once(book: Casebook) -> None:
    open_calls(book)
    move(book, "suppress", "chair", given={"until": "2026-02-01"})
    open_calls(book)
    move(book, "act", at=AT + timedelta(days=60), given={"review_date": "2026-04-01"})
    assert status(book) == "under_action"


@pytest.mark.parametrize(
    ("need", "wrong"), [("outcome", "helped"), ("activity", "things"), ("outcome", ""), ("activity", None)]
)
def test_closing_takes_outcome_and_activity_from_lists(book: Casebook, need: str, wrong: str | None) -> None:
    open_calls(book)
    with pytest.raises(Refused, match=need):
        move(book, "close", "chair", given={need: wrong})


def test_reopening_is_gated_and_leaves_one_open_case_a_caller(book: Casebook) -> None:
    open_calls(book)
    move(book, "close", "chair")
    open_calls(book)
    with pytest.raises(Refused, match="takes one of"):
        move(book, "reopen", "reviewer")
    with pytest.raises(Refused, match="ground"):
        move(book, "reopen", "chair", given={"ground": "because"})
    open_calls(book, ref=OTHER_REF)
    move(book, "act", ref=OTHER_REF)
    with pytest.raises(Refused, match="another open case: " + OTHER_REF):
        move(book, "reopen", "chair", seen_as=[SPELL, OTHER_SPELL])
    move(book, "reopen", "chair")
    assert status(book) == "listed"


def test_a_merge_or_split_blocks_enforcement_until_a_person_reconciles_it(book: Casebook) -> None:
    propose(book)
    told = {"told": "two numbers of the case are another caller's now", "spells": [SPELL, OTHER_SPELL]}
    book.record("case_reported", actor=PIPELINE, occurred_at=AT, case_ref=REF, run_id="r2", payload=told)
    open_calls(book, "authoriser")
    with pytest.raises(Refused, match="merged or split"):
        move(book, "approve", "authoriser")
    move(book, "reconcile", seen_as=[SPELL, OTHER_SPELL])
    assert (status(book), book.casefile(REF).reports) == ("under_review", [])
    assert book.cases()[REF]["spells"] == (SPELL, OTHER_SPELL)
    kinds = [event.data["move"] for event in book.entries("case_moved", case_ref=REF)]
    assert kinds == ["propose", "reconcile"], "no decision is lost"


# Evidence


def test_evidence_is_frozen_with_a_decision_and_openable_as_that_alone(book: Casebook, tmp_path: Path) -> None:
    open_calls(book)
    decided = move(book, "act", evidence='{"calls": ["planted evidence"]}')
    event, text = book.evidence(decided.event_id)
    assert (event, text) == (decided, '{"calls": ["planted evidence"]}')
    assert b"planted evidence" not in (tmp_path / "casebook.sqlite").read_bytes()
    assert book.verify() is None
    with pytest.raises(InputError):
        book.evidence(1)
    book.dispose([decided.event_id], reason="past its time", actor="administrator", occurred_at=AT)
    assert book.verify() is None
    with pytest.raises(InputError, match="put away"):
        book.evidence(decided.event_id)


# Whatever people do, in whatever order


class Meeting(RuleBasedStateMachine):
    """People of every role try every move on one case, enter and lift stops, open calls."""

    @initialize()
    def begin(self) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.book = Casebook.open(Path(self.folder.name) / "casebook.sqlite")
        staff(self.book)
        self.proposer = ""

    @rule(actor=st.sampled_from((*ROLES, "second")), name=st.sampled_from(sorted({name for _, name in review.MOVES})))
    def move(self, actor: str, name: str) -> None:
        was, stopped = status(self.book), bool(self.book.live_stops())
        try:
            event = move(self.book, name, actor)
        except MisuseError:
            assert status(self.book) == was, "what was refused changes nothing"
            return
        assert review.MOVES[was, name].to == status(self.book)
        assert actor in (*ROLES, "second")
        if name == "approve":
            assert actor != self.proposer
        self.proposer = event.actor if name == "propose" else self.proposer
        assert not (stopped and name in ("act", "propose", "approve", "resume", "reopen", "list"))

    @rule(actor=st.sampled_from(("analyst", "reviewer", "authoriser", "second")))
    def open(self, actor: str) -> None:
        open_calls(self.book, actor)

    @rule()
    def stop(self) -> None:
        stop(self.book)

    @rule()
    def lift(self) -> None:
        if self.book.live_stops():
            lift(self.book)

    @invariant()
    def a_stopped_case_is_halted_or_closed(self) -> None:
        if self.book.live_stops():
            assert status(self.book) in ("halted", "closed")

    @invariant()
    def every_state_has_its_events(self) -> None:
        moves = self.book.entries("case_moved", case_ref=REF)
        assert status(self.book) == (moves[-1].data["to"] if moves else "listed")

    def teardown(self) -> None:
        assert self.book.verify() is None
        self.folder.cleanup()


def test_whatever_people_do_a_case_keeps_to_its_moves() -> None:
    examples = settings(max_examples=12, stateful_step_count=25, deadline=None, derandomize=True)
    # Each rule and invariant of Meeting asserts; a run that breaks one raises.
    assert run_state_machine_as_test(Meeting, settings=examples) is None  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(("lane", "passes"), [("enforcement", False), ("support", True)])
def test_what_bars_enforcement_bars_the_lane_whichever_move_takes_it(lane: str, passes: bool) -> None:
    """A bar on enforcement is on its lane, too: no other move leads around it."""
    assert review.may_pass("act", {"lane": lane}, ["unconfirmed_links"]) == passes


@pytest.mark.parametrize(
    ("days", "counts"),
    [(-1, False), (0, True), (review.LONGEST_SUPPRESSION_DAYS, True), (review.LONGEST_SUPPRESSION_DAYS + 1, False)],
)
def test_a_suppression_counts_from_today_for_half_a_year_at_most(days: int, counts: bool) -> None:
    """Its last day may be today, and no later than the longest suppression allows."""
    with nullcontext() if counts else pytest.raises(UsageError):
        review.check_days("suppress", {"until": (AT.date() + timedelta(days=days)).isoformat()}, AT.date())


@pytest.mark.parametrize("move", ["act", "propose", "approve", "resume", "reopen", "list"])
def test_a_hard_stop_bars_whatever_acts_or_leads_back_to_acting(move: str) -> None:
    """While a stop stands the case neither goes to action nor back onto the list; it may be closed and looked at again."""
    assert not review.may_pass(move, {"lane": "support"}, [review.HARD_STOP])
    assert all(
        review.may_pass(other, {}, [review.HARD_STOP]) for other in ("close", "review", "wait", "halt", "suppress")
    )
