"""A classifier of calls: it ships where facts tell more than codes on later months, and only there."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date

import numpy as np
import polars as pl
import pytest

from misuse.coding import classifier


def verdicts(seed: int, signal: float, *, calls: int = 1_200, until: int = 12) -> pl.DataFrame:
    """Verdicts over a year. `signal`: how far the length of talk tells of misuse, up to the month `until`."""
    rng = np.random.default_rng(seed)
    month = rng.integers(1, 13, calls)
    is_coded = rng.random(calls) < 0.5
    talk = rng.normal(size=calls)
    odds = np.where(is_coded, 1.5, -1.5) + np.where(month <= until, signal, -signal) * talk
    nothing = pl.Series([None] * calls, dtype=pl.Int64)
    return pl.DataFrame(
        {
            "call_key": [f"{at:05d}" for at in range(calls)],
            "month": [date(2025, int(number), 1) for number in month],
            "kind": np.where(is_coded, "misuse", "other"),
            "stratum": rng.choice(["A", "B"], calls),
            "answer_seconds": rng.integers(0, 60, calls),
            "talk_seconds": np.exp(4 + talk).astype(np.int64),
            "wrap_seconds": nothing,
            "units_assigned": np.zeros(calls, dtype=np.int64),
            "unit_seconds": nothing,
            "grade": rng.choice(["I", "S"], calls),
            "result_code": nothing.cast(pl.String),
            "qualifiers": nothing.cast(pl.String),
            "number_kind": ["mobile"] * calls,
            "part_of_day": rng.choice(list("0123"), calls),
            "is_misuse": rng.random(calls) < 1 / (1 + np.exp(-odds)),
        }
    )


@pytest.mark.parametrize("seed", range(3))
def test_it_ships_where_facts_tell_more_than_codes(seed: int) -> None:
    document = classifier.train(verdicts(seed, 1.0))
    assert document["ships"]
    assert document["brier"] < document["baseline_brier"]
    assert "beats code rates" in document["why"]


def test_where_facts_tell_nothing_it_seldom_ships() -> None:
    """One-sided at 95%: of twelve, three or more would ship by chance in one trial of fifty."""
    assert sum(classifier.train(verdicts(seed, 0.0))["ships"] for seed in range(12)) <= 2


def test_what_held_in_earlier_months_alone_does_not_ship() -> None:
    """Judged on months that it was not trained on: a habit that turned round in September is no good."""
    document = classifier.train(verdicts(1, 1.0, until=8))
    assert not document["ships"]
    assert document["trained"] + document["held_out"] == 1_200
    assert 0.25 < document["held_out"] / 1_200 < 0.45


def test_few_verdicts_teach_nothing() -> None:
    document = classifier.train(verdicts(1, 1.0, calls=150))
    assert not document["ships"]
    assert "too few" in document["why"]
    one = classifier.train(verdicts(1, 1.0).with_columns(is_misuse=pl.lit(value=True)))
    assert not one["ships"]


def test_the_baseline_is_the_earlier_months_code_rates_by_hand() -> None:
    frame = verdicts(2, 1.0)
    document = classifier.train(frame)
    months = sorted(frame["month"].unique())
    later = [month for month in months if frame.filter(pl.col("month") > month).height < 0.3 * frame.height]
    earlier, held_out = frame.filter(~pl.col("month").is_in(later)), frame.filter(pl.col("month").is_in(later))
    total = 0.0
    for kind, stratum, is_misuse in held_out.select("kind", "stratum", "is_misuse").iter_rows():
        of_kind = earlier.filter(pl.col("kind") == kind)["is_misuse"]
        mean = (of_kind.sum() + 0.5) / (len(of_kind) + 1)
        of_code = earlier.filter((pl.col("kind") == kind) & (pl.col("stratum") == stratum))["is_misuse"]
        total += ((of_code.sum() + 2 * mean) / (len(of_code) + 2) - is_misuse) ** 2
    assert document["baseline_brier"] == pytest.approx(total / held_out.height, abs=1e-4)


def test_bands_tell_apart_and_the_document_is_a_pin() -> None:
    document = json.loads(json.dumps(classifier.train(verdicts(3, 1.5))))
    frame = verdicts(4, 1.5, calls=4_000)
    banded = frame.with_columns(band=pl.Series(classifier.apply(document, frame)))
    share = {
        band: banded.filter((pl.col("band") == band) & (pl.col("kind") == "misuse"))["is_misuse"].mean()
        for band in ("less", "", "more")
    }
    assert share["less"] + 0.2 < share[""] < share["more"] - 0.1
    unknown = frame.head(3).with_columns(stratum=pl.lit("NEW"), grade=pl.lit(None, dtype=pl.String))
    assert len(classifier.apply(document, unknown)) == 3
    assert classifier.train(verdicts(3, 1.5)) == classifier.train(verdicts(3, 1.5).reverse())


def test_a_run_needs_no_scikit_learn() -> None:
    """Importing, and applying nothing: the library comes in with training alone."""
    code = "import sys; import misuse.coding_error, misuse.coding.classifier; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
