"""The linker where it is known who is who: it finds them, learns nothing from the truth, and minds no order."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from benchmarks import linkage as benchmark
from benchmarks import planted
from misuse import linkage
from misuse.linkage import chances, preparation


@pytest.fixture(scope="module")
def people() -> pl.DataFrame:
    """Planted records of the first people, all of each."""
    records = planted.records(11)
    return records.filter(pl.col("truth") < 300).drop("spell").with_row_index("spell")


@pytest.fixture(scope="module")
def outcome(people: pl.DataFrame) -> dict[str, Any]:
    return benchmark.measured(people)


def test_planted_people_are_found_and_few_are_mixed(outcome: dict[str, Any]) -> None:
    strict = outcome["levels"]["strict"]
    assert strict["people"] > 60
    assert strict["precision"] > 0.95, "families of one surname in one home included"
    assert strict["F1"] > 0.92
    assert strict["right"] > 0.92


def test_looser_levels_join_more_and_never_less(outcome: dict[str, Any]) -> None:
    recalls = [outcome["levels"][level]["recall"] for level in benchmark.LEVELS]
    assert recalls == sorted(recalls)


def test_the_truth_teaches_nothing_and_order_changes_nothing(people: pl.DataFrame, outcome: dict[str, Any]) -> None:
    """Another truth and another order of the same records: the same model, to the digest, and the same groups."""
    other = people.sample(fraction=1.0, shuffle=True, seed=4)
    again = benchmark.measured(other.with_columns(truth=pl.lit(1)))
    assert again["model"].digest == outcome["model"].digest
    assert np.array_equal(again["groups"].strict, outcome["groups"].strict)


def test_records_that_come_later_make_the_same_pairs(people: pl.DataFrame, outcome: dict[str, Any]) -> None:
    """Scored in three deliveries, each new record against all before: the pairs of one delivery."""
    con = benchmark.empty_vault()
    model, scored = outcome["model"], []
    for part in range(3):
        records = people.filter(pl.col("spell") % 3 <= part)
        con.execute("delete from vault.identity_records")
        benchmark.put_records(con, records)
        scored.append(linkage.score(con, model))
    late = pairs(con, model.digest)
    con.close()
    con = benchmark.empty_vault()
    benchmark.put_records(con, people)
    linkage.score(con, model)
    assert late == pairs(con, model.digest)
    con.close()
    assert all(scored), "each delivery had something new"


def pairs(con: Any, digest: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = con.execute(benchmark._PAIRS + " order by all", {"digest": digest}).fetchall()
    return found


def test_holders_of_one_number_in_turn_are_compared_whatever_they_say(outcome: dict[str, Any]) -> None:
    con = benchmark.empty_vault()
    records = pl.DataFrame(
        [
            {"spell": 0, "subscriber_name": "Brendle Osfarrow", "birth_date": "03/04/1961"},
            {"spell": 1, "subscriber_name": "Zamelyn Quilgate", "birth_date": "21/11/1988"},
            {"spell": 2, "subscriber_name": "Brendle Osfarow", "birth_date": "03/04/1961"},
        ],
        schema=dict.fromkeys(benchmark.DETAILS, pl.String) | {"spell": pl.Int64},
    )
    spells = benchmark.put_records(con, records)
    linkage.score(con, outcome["model"])
    before = {pair[:2] for pair in pairs(con, outcome["model"].digest)}
    first, second, third = spells["record"].to_list()
    for one, other in ((first, second), (first, third)):
        con.execute("insert into vault.identity_turns values (least($a, $b), greatest($a, $b))", {"a": one, "b": other})
    linkage.score(con, outcome["model"])
    con.execute(
        "select cast(record_a as varchar), cast(record_b as varchar), weight, same_number_weight from vault.identity_pairs"
    )
    held = {row[:2]: row[2:] for row in con.fetchall()}
    con.close()
    strangers, slip = tuple(sorted((first, second))), tuple(sorted((first, third)))
    assert strangers not in before
    assert held[strangers][1] < -4, "kept, and still two people"
    assert held[strangers][0] == outcome["model"].cuts.floor, "on other numbers they were never compared"
    assert held[slip][1] > held[slip][0], "one number in turn makes one person likelier"
    assert held[slip][1] > 2


def test_pairs_are_counted_by_just_what_both_know() -> None:
    """Ten records: three know nothing, four the first detail, three both; against counting pair by pair."""
    knows = [0] * 3 + [1] * 4 + [3] * 3
    at_least = np.array([sum(held & known == held for known in knows) for held in range(4)])
    counted = np.zeros(4)
    for one in range(len(knows)):
        for other in range(one):
            counted[knows[one] & knows[other]] += 1
    assert chances.exactly(at_least).tolist() == counted.tolist()


def test_the_share_of_one_persons_pairs_is_the_likeliest() -> None:
    """Against the likelihood itself, tried at every share."""
    weights, seen, total = np.array([12.0, 3.0, -4.0]), np.array([40, 30, 500]), 10_000.0
    shares = np.linspace(1e-5, 0.05, 20_001)
    likelihood = sum(n * np.log1p(shares * (2.0**bits - 1)) for bits, n in zip(weights, seen, strict=True))
    likelihood = likelihood + (total - seen.sum()) * np.log1p(-shares)
    assert chances.share(weights, seen, total) == pytest.approx(shares[np.argmax(likelihood)], rel=0.002)
    assert chances.share(np.array([]), np.array([], dtype=np.int64), 0.0, even=20.0) == pytest.approx(0.5)


def test_a_card_tells_counts_and_weights_and_nobodys_details(outcome: dict[str, Any], people: pl.DataFrame) -> None:
    card = linkage.card(outcome["model"])
    assert outcome["model"].digest in card
    assert "same birth date" in card
    words = {
        word
        for name in people["subscriber_name"].drop_nulls().to_list()
        for word in name.upper().split()
        if len(word) > 3
    }
    assert len(words) > 500
    assert not words & set(card.upper().split())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Unknown", None), ("PREPAID CUSTOMER", None), ("not known", None), ("n/a", None), ("", None),
        ("Unknown Osfarrow", ["unknown", "osfarrow"]), ("Zoë O'Tamsett", ["zoe", "o", "tamsett"]),
    ],
)  # fmt: skip
def test_what_says_only_that_nothing_is_known_is_blank(said: str, words: list[str] | None) -> None:
    con = benchmark.empty_vault()
    preparation.define_words(con)
    (found,) = con.execute("select list_sort(told_words($said))", {"said": said}).fetchone() or (None,)
    assert found == (sorted(words) if words else None)
    con.close()


def test_strangers_of_one_filler_are_not_joined(outcome: dict[str, Any]) -> None:
    """Eight prepaid telephones in eight places."""
    con = benchmark.empty_vault()
    records = pl.DataFrame(
        [
            {"spell": at, "subscriber_name": "Prepaid Customer", "subscriber_postcode": f"ZZ{at} 1AA"}
            for at in range(1, 9)
        ],
        schema=dict.fromkeys(benchmark.DETAILS, pl.String) | {"spell": pl.Int64},
    )
    benchmark.put_records(con, records)
    linkage.score(con, outcome["model"])
    others = con.execute(
        "select count(*) from vault.identity_pairs where record_a <> record_b and weight > 0"
    ).fetchone()
    con.close()
    assert others == (0,)
