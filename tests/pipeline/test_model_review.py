"""A model's life: made, compared, taken or put away, with the linker's learning replaced by what the test says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from misuse import (
    callers,
    casebook,
    intake,
    linkage,
    model_review,
    notes,
    pipeline,
    publication,
    retention,
    status,
    warehouse,
)
from misuse.errors import InputError, MisuseError, Refused, StoreError, UsageError
from misuse.linkage.model import pinned
from misuse.progress import Silent
from misuse.settings import Settings
from tests.logs import MOBILES, NOW, settings_for, write_csv

pytestmark = pytest.mark.usefixtures("unreported_file")  # nobody reads their papers

ANN, ALSO_ANN, BEN = MOBILES[901], MOBILES[902], MOBILES[903]
CUTS = {"strict": 2.0, "standard": 0.0, "loose": -1.0, "review": -1.0, "floor": -4.0, "ceiling": 8.0}
TERMS = pa.table({"kind": [""], "term": [""], "other": [""], "amount": [0.0]})


class Linker:
    """Links Ann's two numbers by the weight it is told to learn, and nothing else."""

    def __init__(self) -> None:
        self.weight = -9.0

    def train(self, con: duckdb.DuckDBPyConnection, *, seed: int) -> linkage.Model:
        return pinned(
            {
                "version": linkage.MODEL_VERSION,
                "cuts": CUTS,
                "weight": self.weight,
                "comparisons": {},
                "trained_on": {},
            },
            TERMS,
        )

    def score(self, con: duckdb.DuckDBPyConnection, model: linkage.Model) -> int:
        con.execute("delete from vault.identity_pairs where model_digest = $digest", {"digest": model.digest})
        con.execute(_PAIR, {"digest": model.digest, "weight": model.document["weight"]})
        return 0


_PAIR = """
insert into vault.identity_pairs
select $digest, min(record_key), max(record_key), $weight, $weight, 'subscriber name agrees'
from vault.identity_records where subscriber_name like 'ANN %'
"""


def rows() -> Iterator[dict[str, str]]:
    """Six misuse calls of each of Ann's numbers, twelve of Ben's."""
    who = {ANN: ("Ann Otherly", 6), ALSO_ANN: ("Ann Otherley", 6), BEN: ("Ben Nobody", 12)}
    for number, (name, count) in who.items():
        for at in range(count):
            received = (datetime(2025, 12, 1) + timedelta(days=at, hours=int(number[-1]))).isoformat(sep=" ")
            yield {
                "ref": f"{number[-3:]}-{at}", "received": received, "answered": received, "ended": received,
                "cli": number, "name": name, "address": f"{number[-1]} Invented Row", "code": "HOAX", "result": "",
                "borough": "Camden", "markers": "", "remarks": "", "version": "1",
            }  # fmt: skip


@pytest.fixture
def linker(monkeypatch: pytest.MonkeyPatch) -> Linker:
    found = Linker()
    monkeypatch.setattr(linkage, "train", found.train)
    monkeypatch.setattr(linkage, "score", found.score)
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with calls in and users by their roles."""
    found = settings_for(tmp_path / "home")
    log = write_csv(tmp_path / "log.csv", rows())
    for outcome in intake.ingest_files(found, [log], "calls", actor="tester", now=NOW):
        assert not isinstance(outcome, MisuseError), outcome
    with casebook.opened(found) as book:
        for role in ("administrator", "analyst", "reviewer", "authoriser"):
            book.set_user(role, role, actor="administrator", occurred_at=NOW)
    return found


def train(settings: Settings, actor: str = "analyst") -> model_review.Trained:
    return model_review.train(settings, actor=actor, clock=lambda: NOW, tracker=Silent())


def diff(settings: Settings, digest: str | None = None) -> dict[str, Any]:
    return model_review.diff(settings, tracker=Silent(), digest=digest)


def accept(settings: Settings, actor: str = "authoriser", digest: str | None = None) -> dict[str, Any]:
    return model_review.accept(
        settings, reason="the diff was read", actor=actor, now=NOW, tracker=Silent(), digest=digest
    )


def in_force(settings: Settings) -> str:
    """The model by all accounts: vault, warehouse, and what status reads."""
    with warehouse.opened(settings) as con:
        named = callers.model_in_force(con)
    (held,) = [row["model_digest"] for row in model_review.listed(settings) if row["status"] == "in_force"]
    note = notes.read(status.identity_path(settings))
    assert named == held
    assert note["in_force"]["digest"] == model_review.shown(held)
    return named


def test_a_model_is_made_compared_and_taken(settings: Settings, linker: Linker) -> None:
    with pytest.raises(InputError, match="no model is trained"):
        diff(settings)
    first = train(settings)
    assert (first.status, first.records) == ("in_force", 3)
    assert train(settings).status == "same"
    with pytest.raises(InputError, match="no candidate waits"):
        diff(settings)
    linker.weight = 6.0
    second = train(settings)
    assert second.status == "candidate"
    assert in_force(settings) == first.model_digest

    found = diff(settings)
    assert (found["in_force"]["model_digest"], found["candidate"]["model_digest"]) == (
        first.model_digest, second.model_digest,
    )  # fmt: skip
    assert found["callers"] == {"then": 3, "now": 2, "stay": 1, "merged": 1, "split": 0}
    assert found["persistent"] == {"then": 1, "now": 2, "over": 1, "under": 0}
    assert [(row["misuse_then"], row["misuse_now"], row["change"]) for row in found["changes"]] == [(6, 12, "over")] * 2
    assert found["carried"] == []

    taken = accept(settings)
    assert (taken["status"], taken["carried"]) == ("in_force", 0)
    assert in_force(settings) == second.model_digest
    with casebook.opened(settings) as book:
        kinds = [event.kind for event in book.entries() if event.kind.startswith("identity_model")]
    assert kinds == ["identity_model_trained", "identity_model_trained", "identity_model_accepted"]


def test_an_acceptance_that_a_break_cut_off_is_finished(
    settings: Settings, linker: Linker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power goes between the vault, which has the new model in force, and the warehouse, which still names the old."""
    first = train(settings)
    linker.weight = 6.0
    second = train(settings)

    def cut(*_: object) -> None:
        raise OSError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(model_review, "_name_in_force", cut)
        with pytest.raises(OSError, match="power"):
            accept(settings)
    with pytest.raises(InputError, match="no one model"):
        accept(settings, digest="")
    assert accept(settings, digest=second.model_digest[:8])["model_digest"] == second.model_digest
    assert in_force(settings) == second.model_digest
    with casebook.opened(settings) as book:
        assert len(book.entries("identity_model_accepted")) == 1
    assert accept(settings, digest=first.model_digest)["status"] == "in_force", "and then any other"


def test_a_cut_off_acceptance_is_not_taken_for_a_newer_candidate(
    settings: Settings, linker: Linker, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(settings)
    linker.weight = 6.0
    train(settings)
    with monkeypatch.context() as patched:
        patched.setattr(model_review, "_name_in_force", lambda *_: None)
        accept(settings)
    linker.weight = 5.0
    newer = train(settings)
    assert newer.status == "candidate"
    assert accept(settings)["model_digest"] == newer.model_digest == in_force(settings)


def test_a_model_of_another_release_is_replaced(settings: Settings, linker: Linker) -> None:
    """It cannot be read, so no run is made with it and its callers are the last run's; another takes its place."""
    first = train(settings)
    pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester")
    with warehouse.opened(settings, with_vault=True) as con:
        con.execute("update vault.identity_models set document = json_merge_patch(document, '{\"version\": 0}')")
    with pytest.raises(StoreError, match="another release"):
        pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester", force=True)
    linker.weight = 6.0
    second = train(settings)
    found = diff(settings)
    assert (second.status, found["callers"]["then"], found["callers"]["now"]) == ("candidate", 3, 2)
    assert accept(settings)["status"] == "in_force"
    pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester", force=True)
    assert in_force(settings) == second.model_digest
    with pytest.raises(InputError, match="another release"):
        accept(settings, digest=first.model_digest)


def test_between_the_cuts_is_a_suggestion(settings: Settings, linker: Linker) -> None:
    train(settings)
    linker.weight = 0.5
    train(settings)
    found = diff(settings)
    assert (found["suggestions"]["now"], found["callers"]["merged"]) == (1, 0)
    linker.weight = -3.0
    train(settings)
    assert diff(settings)["suggestions"] == {"then": 0, "now": 0}


def test_a_stop_outlives_the_model_that_spread_it(settings: Settings, linker: Linker) -> None:
    linker.weight = 6.0
    linked = train(settings)
    linker.weight = -9.0
    train(settings)
    spell, other = spells_of_ann(settings)
    payload = {"reason": "may be a victim", "is_urgent": False, "spells": [spell]}
    with casebook.opened(settings) as book:
        book.record("stop_entered", actor="analyst", occurred_at=NOW, caller_id="c" + spell[1:], payload=payload)
    assert diff(settings)["carried"] == [{"rule_id": "person", "spells": [other]}]
    assert accept(settings)["carried"] == 1
    with casebook.opened(settings) as book:
        assert book.carried_stops() == [((other,), "person")]
    assert stopped(settings) == {"c" + spell[1:], "c" + other[1:]}
    with casebook.opened(settings) as book:
        book.record(
            "stop_lifted", actor="reviewer", occurred_at=NOW, caller_id="c" + other[1:], payload={"reason": "seen"}
        )
        assert book.carried_stops() == []
        assert len(book.live_stops()) == 1
    assert stopped(settings) == {"c" + spell[1:]}
    assert diff(settings, linked.model_digest[:6])["callers"]["merged"] == 1, "an earlier model can be taken again"
    accept(settings, digest=linked.model_digest)
    assert in_force(settings) == linked.model_digest


def stopped(settings: Settings) -> set[str]:
    """Callers whom a stop bars in the list that a run publishes now."""
    pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester")
    with publication.opened(settings) as con:
        return {caller for (caller,) in con.execute("select caller_id from callers where is_stopped").fetchall()}


def spells_of_ann(settings: Settings) -> list[str]:
    with warehouse.opened(settings, with_vault=True) as con:
        found = con.execute(
            "select spell_id from spell_records inner join vault.identity_records using (record_key) "
            "where subscriber_name like 'ANN %' order by spell_id"
        ).fetchall()
    return [spell for (spell,) in found]


def test_who_may(settings: Settings, linker: Linker) -> None:
    train(settings, actor="authoriser")
    linker.weight = 6.0
    train(settings, actor="authoriser")
    for actor in ("analyst", "reviewer", "a stranger"):
        with pytest.raises(Refused):
            accept(settings, actor=actor)
        with pytest.raises(Refused):
            model_review.reject(settings, reason="no", actor=actor, now=NOW)
    with pytest.raises(Refused):
        train(settings, actor="a stranger")
    before = in_force(settings)
    with pytest.raises(Refused, match="trained a model"):
        accept(settings, actor="authoriser")
    with pytest.raises(UsageError, match="reason"):
        model_review.reject(settings, reason=" ", actor="administrator", now=NOW)
    assert in_force(settings) == before
    put_away = model_review.reject(settings, reason="too bold", actor="administrator", now=NOW)
    assert put_away["status"] == "replaced"
    assert in_force(settings) == before
    assert "candidate" not in notes.read(status.identity_path(settings))
    accept(settings, actor="administrator", digest=put_away["model_digest"])
    assert in_force(settings) == put_away["model_digest"]


def test_nothing_is_trained_before_any_call_is_in(tmp_path: Path, linker: Linker) -> None:
    with pytest.raises(UsageError, match="no calls"):
        train(settings_for(tmp_path / "home"))


def test_a_replaced_model_and_its_words_go_in_time_but_one_to_go_back_to(settings: Settings, linker: Linker) -> None:
    made = []
    for weight in (6.0, 5.0, 4.0, 3.0):
        linker.weight = weight
        made.append(train(settings).model_digest)
        if len(made) > 1:
            accept(settings)
    assert in_force(settings) == made[3]
    with warehouse.opened(settings, with_vault=True) as con:
        for at, digest in enumerate(made):
            older = NOW - timedelta(days=800 - at)
            con.execute("update vault.identity_models set made_at = ? where model_digest = ?", [older, digest])
    soon = NOW - timedelta(days=780)
    assert retention.retain(settings, soon, dry_run=True).replaced_models == 0
    assert retention.retain(settings, NOW, dry_run=True).replaced_models == 2
    assert retention.retain(settings, NOW).replaced_models == 2
    assert retention.retain(settings, NOW).replaced_models == 0
    with warehouse.opened(settings, with_vault=True) as con:
        for table in ("models", "terms"):
            held = con.table("vault.identity_" + table).project("model_digest").distinct().fetchall()
            assert {digest for (digest,) in held} == set(made[2:]), table
    accept(settings, digest=made[2])
    assert in_force(settings) == made[2]
