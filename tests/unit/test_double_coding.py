"""Two coders blind to each other, a third who settles: what the casebook lets each do, and see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from misuse import double_coding
from misuse.casebook import Casebook
from misuse.casebook.coding import EVENTS, WITHHELD, Sample, samples
from misuse.errors import InputError, Refused, UsageError

AT = datetime(2026, 1, 15, 9, 0)
CALLS = [[str(UUID(int=at + 1)), "misuse", "HOAX", True] for at in range(4)]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Casebook]:
    """A casebook with people, and a sample of four calls for ann and bob."""
    with Casebook.open(tmp_path / "casebook.sqlite") as opened:
        opened.set_user("head", "administrator", actor="head", occurred_at=AT)
        for name, role in (("ann", "analyst"), ("bob", "reviewer"), ("cas", "analyst"), ("aud", "auditor")):
            opened.set_user(name, role, actor="head", occurred_at=AT)
        draw(opened)
        yield opened


def record(book: Casebook, kind: str, actor: str, **payload: Any) -> Any:
    return book.record(kind, actor=actor, occurred_at=AT, payload={"sample": "D1", **payload})


def draw(book: Casebook, actor: str = "cas", **changes: Any) -> Any:
    given = {"coders": ["ann", "bob"], "calls": CALLS, "seed": 1, "reason": "a test"}
    return record(book, "coding_sample_drawn", actor, **(given | changes))


def code(book: Casebook, actor: str, *verdicts: str) -> None:
    words = {"m": "misuse", "n": "not_misuse", "?": "cannot_tell"}
    given = {str(at): words[word] for at, word in enumerate(verdicts, 1) if word != "."}
    record(book, "calls_coded", actor, verdicts=given)


def sample(book: Casebook, name: str = "D1") -> Sample:
    return samples(book.entries(*EVENTS))[name]


def test_a_sample_is_complete_once_both_have_coded_it_all(book: Casebook) -> None:
    code(book, "ann", "m", "m", "n", "?")
    code(book, "bob", "m", "n", ".", ".")
    assert not sample(book).is_complete
    assert book.tables()["casebook_coded_calls"] == []
    assert [row[2:] for row in book.tables()["casebook_coding_samples"]] == [(4, 4, 2, False, 0)]
    code(book, "bob", ".", ".", "n", "m")
    assert sample(book).in_dispute() == [2, 4]
    rows = book.tables()["casebook_coded_calls"]
    assert [row[-3:] for row in rows] == [
        ("misuse", "misuse", None), ("misuse", "not_misuse", None), ("not_misuse", "not_misuse", None),
        ("cannot_tell", "misuse", None),
    ]  # fmt: skip
    record(book, "calls_settled", "cas", verdicts={"2": "misuse"})
    assert sample(book).unsettled() == [4]
    assert book.tables()["casebook_coded_calls"][1][-1] == "misuse"


def test_a_coder_may_think_again_until_both_have_finished(book: Casebook) -> None:
    code(book, "ann", "m", "m", "m", "m")
    code(book, "ann", "n", ".", ".", ".")
    assert sample(book).verdicts["ann"][1] == "not_misuse"
    code(book, "bob", "m", "m", "m", "m")
    with pytest.raises(Refused, match="both coders have finished"):
        code(book, "ann", "m", ".", ".", ".")


def test_nobody_but_the_two_codes_and_nobody_of_them_settles(book: Casebook) -> None:
    with pytest.raises(Refused, match="two coders"):
        code(book, "cas", "m", ".", ".", ".")
    with pytest.raises(Refused, match="both coders have coded"):
        record(book, "calls_settled", "cas", verdicts={"1": "misuse"})
    code(book, "ann", "m", "m", "m", "m")
    code(book, "bob", "n", "m", "m", "m")
    with pytest.raises(Refused, match="settles nothing"):
        record(book, "calls_settled", "bob", verdicts={"1": "misuse"})
    with pytest.raises(Refused, match="differently"):
        record(book, "calls_settled", "cas", verdicts={"2": "misuse"})
    with pytest.raises(Refused, match="may not code calls"):
        record(book, "calls_settled", "aud", verdicts={"1": "misuse"})


@pytest.mark.parametrize("verdicts", [{}, {"5": "misuse"}, {"0": "misuse"}, {"1": "perhaps"}])
def test_verdicts_are_of_the_samples_calls_and_of_three_words(book: Casebook, verdicts: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        record(book, "calls_coded", "ann", verdicts=verdicts)
    assert sample(book).verdicts["ann"] == {}


@pytest.mark.parametrize(
    "changes",
    [{"coders": ["ann", "ann"]}, {"coders": ["ann"]}, {"coders": ["ann", "aud"]}, {"coders": ["ann", "nobody"]}, {"calls": []}],
)  # fmt: skip
def test_a_sample_needs_two_who_may_code_and_calls(book: Casebook, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        draw(book, **changes)


def test_samples_are_numbered_and_one_withdrawn_counts_for_nothing(book: Casebook) -> None:
    assert draw(book).data["sample"] == "D2"
    code(book, "ann", "m", "m", "m", "m")
    code(book, "bob", "m", "m", "m", "m")
    assert len(book.tables()["casebook_coded_calls"]) == 4
    record(book, "coding_sample_withdrawn", "cas", reason="a test")
    assert book.tables()["casebook_coded_calls"] == []
    with pytest.raises(InputError):
        code(book, "ann", "m", ".", ".", ".")


def test_no_coder_is_told_the_others_verdicts_before_both_have_finished(book: Casebook) -> None:
    """By the export, by the progress, or by what waits."""
    code(book, "ann", "m", "n", "m", ".")
    told = {
        name: [e["data"]["verdicts"] for e in book.events(name) if e["kind"] == "calls_coded"]
        for name in ("ann", "bob", "cas")
    }
    assert told["bob"] == [WITHHELD]
    assert "not_misuse" not in json.dumps([event["payload"] for event in book.events("bob")])
    assert told["ann"] == told["cas"] == [{"1": "misuse", "2": "not_misuse", "3": "misuse"}]
    progress = double_coding._progress(sample(book))
    assert progress["coders"] == [{"name": "ann", "coded": 3}, {"name": "bob", "coded": 0}]
    assert {progress[key] for key in ("agreed", "kappa", "in_dispute", "unsettled", "cannot_tell")} == {None}
    assert double_coding.waiting(sample(book), "ann") == [4]
    assert double_coding.waiting(sample(book), "bob") == [1, 2, 3, 4]
    code(book, "ann", ".", ".", ".", "m")
    code(book, "bob", "m", "m", "m", "m")
    assert WITHHELD not in str(book.events("bob"))
    assert double_coding.waiting(sample(book), "cas") == [2]
    assert double_coding.waiting(sample(book), "bob") == []  # a coder settles nothing


def test_agreement_is_of_calls_that_both_could_tell(book: Casebook) -> None:
    code(book, "ann", "m", "n", "m", "?")
    code(book, "bob", "m", "n", "n", "m")
    progress = double_coding._progress(sample(book))
    assert progress["agreed"] == pytest.approx(2 / 3)
    assert progress["kappa"] == pytest.approx((2 / 3 - 1 / 2) / (1 / 2))  # both words as often
    assert (progress["in_dispute"], progress["unsettled"], progress["cannot_tell"]) == (2, 2, 1)


def test_what_is_recorded_chains(book: Casebook) -> None:
    code(book, "ann", "m", "m", "m", "m")
    before = book.decision_head()
    code(book, "bob", "m", "m", "m", "m")
    assert book.verify() is None
    assert book.decision_head() != before  # the next run is another one


# ── files of verdicts ──────────────────────────────────────────────────────────────────────────


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "verdicts.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_verdicts_is_read_and_blanks_wait(tmp_path: Path) -> None:
    path = written(tmp_path, "call,grade,verdict\n1,I,misuse\n2,S,\n3,,Not misuse\n4,,CANNOT-TELL\n")
    assert double_coding.read_verdicts(path) == {1: "misuse", 3: "not_misuse", 4: "cannot_tell"}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("call,result\n1,misuse\n", "no column verdict"),
        ("call,verdict\n1,misuse\nSECRET,misuse\n", "line 3: column call"),
        ("call,verdict\n1,misuse\n1,misuse\n", "line 3: column call"),
        ("call,verdict\n1,SECRET\n", "line 2: column verdict"),
        ("call,verdict\n1,\n", "no verdict"),
    ],
)
def test_a_wrong_file_is_named_by_line_and_column_and_never_quoted(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(InputError, match=where) as error:
        double_coding.read_verdicts(written(tmp_path, text))
    assert "SECRET" not in str(error.value)


# ── how many ───────────────────────────────────────────────────────────────────────────────────


def stratum(is_frequent: bool, kind: str, code: str, calls: int) -> dict[str, Any]:
    return {"is_frequent": is_frequent, "kind": kind, "stratum": code, "calls": calls}


STRATA = [
    stratum(False, "misuse", "HOAX", 9_000), stratum(False, "other", "(any code)", 900_000),
    stratum(True, "doubtful", "contradicted", 12), stratum(True, "misuse", "HOAX", 4_000),
    stratum(True, "misuse", "PRANK", 1_000), stratum(True, "other", "THEFT", 800),
]  # fmt: skip
SHARES = [0.9, 0.01, 0.3, 0.9, 0.9, 0.1]


def test_a_sample_is_as_large_as_its_width_takes() -> None:
    """By Cochran's formula, by hand: frequent callers' misuse ±5 points, others' ±15, what others' miss ±1½."""
    found = double_coding._needed(STRATA, SHARES, 0.05)
    needed = 1.96**2 * 0.09 / 0.05**2
    assert found[3] + found[4] == pytest.approx(needed / (1 + (needed - 1) / 5_000), abs=1)
    assert found[3] - 10 == pytest.approx(4 * (found[4] - 10), rel=0.1)  # ten of each, then by number
    assert found[0] == pytest.approx(max(1.96**2 * 0.09 / 0.15**2, 30), abs=1)
    assert found[1] == pytest.approx(1.96**2 * 0.0099 / 0.015**2, abs=1)
    assert found[2] == 12
    assert all(more >= less for more, less in zip(double_coding._needed(STRATA, SHARES, 0.03), found, strict=True))


def test_a_number_of_calls_is_made_the_most_of() -> None:
    width = double_coding._width_for(STRATA, SHARES, 800)
    assert 780 <= sum(double_coding._needed(STRATA, SHARES, width)) <= 800
    with pytest.raises(UsageError, match="too few"):
        double_coding._width_for(STRATA, SHARES, 20)
