"""Shared lines are suggested from behaviour, and only where that is right often enough on lines held out."""

from __future__ import annotations

import json

import duckdb
import numpy as np
import polars as pl
import pytest

from misuse import shared_lines
from misuse.errors import UsageError
from misuse.settings import SQL_ROOT
from misuse.shared_lines import applying, learning

# What tells lines apart in the invented frames; every other feature is noise.
TELLING = {"name_diversity": (0.15, 0.95), "borough_diversity": (0.3, 0.9), "span_share": (0.5, 0.95)}


def frame(
    known: int = 120, persons: int = 900, unmarked: int = 20, *, spread: float = 0.12, seed: int = 1, named: bool = True
) -> pl.DataFrame:
    """Invented numbers: known shared lines, unmarked ones held by a place, persons'; `spread` blurs them."""
    rng = np.random.default_rng(seed)
    is_shared = np.repeat([True, True, False], [known, unmarked, persons])
    size = len(is_shared)
    columns = {
        name: np.where(is_shared, *reversed(TELLING.get(name, (0.5, 0.5)))) + spread * rng.standard_normal(size)
        for name in applying.FEATURES
    }
    is_known = np.repeat([True, False, False], [known, unmarked, persons])
    return pl.DataFrame(columns).with_columns(
        spell_id=pl.Series([f"s{n:016x}" for n in range(size)]),
        caller_id=pl.Series([f"c{n:016x}" for n in range(size)]),
        identity_kind=pl.Series(np.where(is_known, "shared_line", "person")),
        calls=pl.Series(rng.integers(8, 90, size)),
        misuse_calls=pl.Series(rng.integers(0, 9, size)),
        is_known=pl.Series(is_known),
        is_named=pl.lit(named),
        names_a_place=pl.Series(is_shared & named),
        log_days=pl.lit(365),
        kinds=pl.Series([["care_home"] if found else None for found in is_known], dtype=pl.List(pl.String)),
        holdout_group=pl.Series([f"{n % 500:03x}" for n in range(size)]),
    )


@pytest.fixture(scope="module")
def document() -> dict[str, object]:
    return shared_lines.fit(frame(), seed=7)


def test_unmarked_lines_are_suggested_and_persons_are_not(document: dict[str, object]) -> None:
    other = frame(seed=2)
    found = shared_lines.apply(other, document)
    unmarked = set(other.filter("names_a_place", ~pl.col("is_known"))["spell_id"])
    assert len(unmarked & set(found["spell_id"])) >= 0.9 * len(unmarked)
    assert len(set(found["spell_id"]) - unmarked) <= 0.1 * found.height
    assert found["probability"].is_sorted(descending=True)
    assert (found["probability"] >= document["threshold"]).all()
    assert not set(found["spell_id"]) & set(other.filter("is_known")["spell_id"])  # known already


def test_reasons_are_words_for_what_tells(document: dict[str, object]) -> None:
    reasons = set(shared_lines.apply(frame(seed=2), document)["reasons"].explode())
    assert {applying.FEATURES[name][0] for name in TELLING} <= reasons
    assert reasons <= {words for pair in applying.FEATURES.values() for words in pair}


def test_a_document_is_json_and_the_same_for_any_order_of_rows(document: dict[str, object]) -> None:
    again = shared_lines.fit(frame().sample(fraction=1.0, shuffle=True, seed=3), seed=7)
    assert json.dumps(again, sort_keys=True) == json.dumps(document, sort_keys=True)
    assert json.loads(json.dumps(document)) == document
    assert shared_lines.fit(frame(), seed=8)["features"] != document["features"]


def test_a_pinned_document_scores_alike(document: dict[str, object]) -> None:
    pinned = json.loads(json.dumps(document))
    assert shared_lines.apply(frame(seed=2), pinned).equals(shared_lines.apply(frame(seed=2), document))


def test_nothing_is_suggested_where_precision_does_not_hold() -> None:
    blurred = shared_lines.fit(frame(spread=3.0), seed=7)
    assert blurred["threshold"] is None
    assert "suggests nothing" in blurred["why"]
    assert shared_lines.apply(frame(seed=2), blurred).is_empty()
    assert "It suggests nothing" in shared_lines.card(blurred)


@pytest.mark.parametrize(("known", "persons"), [(39, 900), (900, 39), (0, 0)])
def test_too_few_lines_teach_nothing(known: int, persons: int) -> None:
    document = shared_lines.fit(frame(known, persons, 0), seed=7)
    assert document["threshold"] is None
    assert f"{known} known shared lines" in document["why"]
    assert shared_lines.apply(frame(), document).is_empty()
    assert shared_lines.card(document)


def test_lines_of_one_place_are_too_few() -> None:
    document = shared_lines.fit(frame().with_columns(holdout_group=pl.lit("abc")), seed=7)
    assert document["threshold"] is None
    assert "at 1 places" in document["why"]


def test_unmarked_lines_that_pass_for_persons_lower_the_precision_and_never_raise_it() -> None:
    """Without subscribers' names the unmarked stand among the persons: each that is found counts as wrong."""
    told, untold = shared_lines.fit(frame(), seed=7), shared_lines.fit(frame(named=False), seed=7)
    assert untold["unmarked_share"] == learning.SUPPOSED_UNMARKED
    assert untold["held_out"]["precision"] <= told["held_out"]["precision"]


def test_the_gate_is_judged_on_lines_never_seen(document: dict[str, object]) -> None:
    held_out = document["held_out"]
    assert held_out["precision_low"] >= learning.LEAST_PRECISION
    assert held_out["unmarked_places"] == 20
    assert held_out["found_by_kind"]["care_home"] == [held_out["right"], 120]
    assert sum(row["lines"] for row in held_out["calibration"]) == 1020
    assert abs(sum(row["expected"] for row in held_out["calibration"]) - 120) < 12
    # Labels dealt by lot: nothing to learn, nothing to suggest.
    by_lot = frame().with_columns(is_known=pl.col("is_known").shuffle(seed=1), identity_kind=pl.lit("person"))
    assert shared_lines.fit(by_lot.with_columns(names_a_place=pl.lit(False)), seed=7)["threshold"] is None


def test_what_a_log_does_not_tell_speaks_neither_way(document: dict[str, object]) -> None:
    silent = frame(seed=2).with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in applying.FEATURES)
    assert shared_lines.apply(silent, document).is_empty()


@pytest.mark.parametrize(("days", "is_silent"), [(365, False), (300, False), (290, True), (456, False), (457, True)])
def test_a_window_much_longer_or_shorter_than_learned_on_gets_no_suggestion(
    document: dict[str, object], days: int, is_silent: bool
) -> None:
    other = frame(seed=2).with_columns(log_days=pl.lit(days))
    assert shared_lines.apply(other, document).is_empty() is is_silent
    assert bool(shared_lines.why_silent(document, other)) is is_silent


@pytest.mark.parametrize(
    ("right", "wrong", "ratio", "holds"),
    [
        (230, 0, 0.15, True),
        (230, 4, 0.15, False),  # 98% of all, yet 34 of 38 among the unmarked
        (230, 3, 0.15, True),
        (30, 0, 0.15, False),  # thirty of thirty may still be 89%
        (40, 0, 0.15, True),
        (0, 0, 0.15, False),
        (230, 20, 1.0, False),
        (230, 10, 1.0, True),
    ],
)
def test_the_gate(right: int, wrong: int, ratio: float, holds: bool) -> None:
    assert learning._gate(right, wrong, ratio) is holds


def test_wilson_agrees_with_a_table() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for right, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert learning.wilson(right, of) == pytest.approx((low, high), abs=6e-5)


def test_training_needs_a_run() -> None:
    with duckdb.connect() as con, pytest.raises(UsageError, match="no run yet"):
        shared_lines.train(con, seed=1)


def test_without_a_model_nothing_is_scored() -> None:
    with duckdb.connect() as con:
        shared_lines.suggest(con, None)
        assert con.execute("from shared_line_scores").fetchall() == []
        shared_lines.suggest(con, {"threshold": None, "features": []})
        assert con.execute("from shared_line_scores").fetchall() == []


def test_markers_and_labels_are_no_features() -> None:
    text = (SQL_ROOT / "callers" / "shared_line_behaviour.sql").read_text(encoding="utf-8").lower()
    body = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert not {"call_stops", "rule_hard_stops", "casebook_shared_lines", "subscriber_name"} & set(
        body.replace(".", " ").replace(",", " ").split()
    )
    assert "markers" not in body
