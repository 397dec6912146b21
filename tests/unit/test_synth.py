"""The synthetic London: the same from the same seed, near the published figures, sound in its numbers and times."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import phonenumbers
import polars as pl
import pytest

from misuse.errors import UsageError
from misuse.synth import SyntheticReport, SyntheticSettings, build, fixture_settings, make, make_fixture, ranges, truth
from misuse.synth.table import figures_table
from misuse.synth.text import COLUMNS, Log
from tests import synthetic_page

FIXTURE = Path(__file__).parents[2] / "data" / "fixtures" / "synthetic_small.csv"
DOCUMENTED = synthetic_page.PAGE.read_text(encoding="utf-8")
SMALL = SyntheticSettings(seed=7, start=date(2025, 10, 10), days=30, calls_per_day=300)
# A third of London for a year: large enough for the anchors.
TOWN = SyntheticSettings(seed=11, calls_per_day=2000)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> SyntheticReport:
    return make(SMALL, tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def drawn() -> tuple[Log, pl.DataFrame, dict[str, Any]]:
    log, town, holding = build.draw(TOWN)
    return log, truth.calls_frame(log), truth.summary(log, town, holding, TOWN)


def logged(report: SyntheticReport) -> pl.DataFrame:
    return pl.concat([pl.read_csv(path, infer_schema=False) for path in report.files])


def test_the_same_seed_gives_the_same_bytes(small: SyntheticReport, tmp_path: Path) -> None:
    again = make(SMALL, tmp_path / "again")
    other = make(replace(SMALL, seed=8), tmp_path / "other")

    assert [path.read_bytes() for path in again.files] == [path.read_bytes() for path in small.files]
    for name in ("truth_calls", "truth_persons", "truth_numbers"):
        first = pl.read_parquet(small.truth / f"{name}.parquet")
        assert first.equals(pl.read_parquet(again.truth / f"{name}.parquet")), name
    assert other.files[0].read_bytes() != small.files[0].read_bytes()


def test_a_log_alone_is_the_same_log(tmp_path: Path) -> None:
    whole, alone = make(SMALL, tmp_path / "whole"), make(SMALL, tmp_path / "alone", log_only=True)
    assert [path.read_bytes() for path in alone.files] == [path.read_bytes() for path in whole.files]
    assert alone.rows == whole.rows > 0
    assert any(whole.truth.iterdir())
    assert not any(alone.truth.iterdir())


def test_a_smaller_log_leaves_no_file_of_a_larger_one_and_nothing_else_is_touched(tmp_path: Path) -> None:
    make(replace(SMALL, days=45), tmp_path)
    (tmp_path / "log" / "notes.txt").write_text("kept", encoding="utf-8")
    report = make(replace(SMALL, days=5), tmp_path)

    assert sorted(path.name for path in report.log.iterdir()) == ["calls_2025-10.csv", "notes.txt"]


def test_a_small_log_has_its_calls_months_and_columns(small: SyntheticReport) -> None:
    frame = logged(small)

    assert [path.name for path in small.files] == ["calls_2025-10.csv", "calls_2025-11.csv"]
    assert tuple(frame.columns) == COLUMNS
    assert frame.height == small.calls == small.rows
    # A call on a number that nobody holds just then is left out.
    assert 9000 - 20 <= frame.filter(pl.col("channel") == "999").height <= 9000
    assert 180 - 5 <= frame.filter(pl.col("channel") == "101").height <= 180
    assert frame.select("call_date", "call_number").is_duplicated().sum() == 0
    assert "\r" not in small.files[0].read_text(encoding="utf-8")
    assert frame["remarks"].drop_nulls().str.contains("\n").any()


def test_cad_numbers_restart_each_day_in_order_of_receipt(small: SyntheticReport) -> None:
    frame = pl.read_parquet(small.truth / "truth_calls.parquet")
    by_day = frame.group_by("call_date").agg("call_number", "received_at")

    assert by_day["call_number"].list.min().unique().to_list() == [1]
    assert (by_day["call_number"].list.max() == by_day["call_number"].list.len()).all()
    assert all(later >= earlier for times in by_day["received_at"] for earlier, later in pairwise(times.to_list()))


def test_both_clock_changes_are_right(tmp_path: Path) -> None:
    for start, hours in ((date(2025, 3, 30), 23), (date(2025, 10, 26), 25)):
        settings = SyntheticSettings(seed=1, start=start, days=1, calls_per_day=6000)
        frame = logged(make(settings, tmp_path / str(hours)))
        instants = frame["received_at"].str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_zone="UTC")
        walls = frame["received_at"].str.slice(11, 2)
        expected = instants.dt.convert_time_zone("Europe/London").dt.strftime("%Y-%m-%dT%H:%M:%S%:z")

        assert (frame["received_at"] == expected).all()
        assert instants.dt.truncate("1h").n_unique() == hours
        assert ("01" in walls.to_list()) == (hours == 25)
        assert frame["received_at"].str.slice(0, 10).unique().to_list() == [start.isoformat()]


def test_misuse_is_as_concentrated_as_reported(drawn: tuple[Log, pl.DataFrame, dict[str, Any]]) -> None:
    figures = drawn[2]
    monthly = figures["by_log"]["misuse_calls"] / 12

    assert 0.38 <= figures["by_person"]["share_of_misuse"] <= 0.48
    assert 0.37 <= figures["by_log"]["share_of_misuse"] <= 0.47
    assert abs(monthly - 2000) < 150
    assert figures["by_person"]["top_persons"][0] > 250
    assert 0.08 <= figures["wrong_share_of_misusers_codes"] <= 0.10
    assert figures["by_log"]["share_2005_count"] > figures["by_log"]["share_of_misuse"]
    ten = figures["by_log"]["numbers_with_ten_coded"] - figures["by_log"]["of_them_on_marked_shared_lines"]
    assert 0.05 <= figures["by_log"]["of_them_stopped_below_ten"] / ten <= 0.20


def test_numbers_are_absent_for_their_channels_reasons(drawn: tuple[Log, pl.DataFrame, dict[str, Any]]) -> None:
    frame, figures = drawn[1], drawn[2]
    emergency = frame.filter(pl.col("channel") == "999")

    assert 0.025 <= figures["number_absent_999"] <= 0.05
    assert 0.27 <= figures["number_absent_101"] <= 0.36
    assert "WITHHELD" not in emergency["shown"].unique().to_list()
    assert {"PLACEHOLDER", "MALFORMED"} <= set(emergency["shown"].unique().to_list())


def test_handling_answering_and_arrivals_are_near_the_published(
    drawn: tuple[Log, pl.DataFrame, dict[str, Any]],
) -> None:
    facts = drawn[0].facts
    answered = facts.answer >= 0
    misuse = facts.is_truly_misuse & (facts.talk >= 0)
    immediate = (facts.grade == 0) & (facts.arrived >= 0)

    assert abs(np.median(facts.talk[misuse]) - 144) < 12
    assert 200 <= facts.talk[~misuse & answered].mean() <= 300
    assert abs(facts.answer[answered].mean() - 16.1) < 1
    assert abs((facts.answer[answered] <= 10).mean() - 0.71) < 0.02
    assert abs(facts.arrived[immediate].mean() / 60 - 12) < 1


def test_misuse_comes_in_bursts_and_finite_spells(drawn: tuple[Log, pl.DataFrame, dict[str, Any]]) -> None:
    misuse = drawn[1].filter("is_truly_misuse").sort("person", "received_at")
    often = misuse.filter(pl.len().over("person") >= 10).with_columns(
        gap=pl.col("received_at").diff().over("person").dt.total_minutes()
    )
    spans = often.group_by("person").agg(
        days=(pl.col("received_at").max() - pl.col("received_at").min()).dt.total_days()
    )

    assert 0.4 <= float((often["gap"] <= 60).mean() or 0) <= 0.8
    assert 7 <= float(spans["days"].median() or 0) <= 120


def test_the_planted_kinds_are_all_there(drawn: tuple[Log, pl.DataFrame, dict[str, Any]]) -> None:
    frame = drawn[1]
    coded = (
        frame.filter(pl.col("is_coded_misuse")).group_by("line").agg(calls=pl.len(), markers=pl.col("markers").unique())
    )
    ten = set(coded.filter(pl.col("calls") >= 10).explode("markers")["markers"].to_list())

    assert {"domestic_abuse", "handset_fault", "dementia", "care_home", "kiosk", "mental_health"} <= ten
    assert frame.group_by("person").agg(lines=pl.col("line").n_unique())["lines"].max() == 3
    assert "next_holder" in frame["role"].unique().to_list()
    assert {"silent_55", "codeword", "missing_person", "hate_crime"} <= set(frame["markers"].unique().to_list())


def test_a_number_has_one_holder_at_a_time(small: SyntheticReport) -> None:
    held = pl.read_parquet(small.truth / "truth_numbers.parquet").filter(pl.col("person").is_not_null())
    twice = held.filter(pl.len().over("number") > 1).sort("number", "held_from", nulls_last=False)
    gaps = twice.with_columns(before=pl.col("held_until").shift().over("number")).filter(pl.col("before").is_not_null())

    assert (gaps["held_from"] > gaps["before"]).all()
    assert twice.group_by("number").len()["len"].unique().to_list() in ([], [2])


def test_numbers_are_valid_and_of_the_declared_ranges(drawn: tuple[Log, pl.DataFrame, dict[str, Any]]) -> None:
    log = drawn[0]
    sample = np.random.default_rng(3).permutation(len(log.national))[:2000]
    kinds = {
        0: phonenumbers.PhoneNumberType.MOBILE,
        1: phonenumbers.PhoneNumberType.FIXED_LINE,
        2: phonenumbers.PhoneNumberType.VOIP,
    }

    assert len(np.unique(log.national)) == len(log.national)
    for line in sample.tolist():
        number = phonenumbers.parse(f"0{log.national[line]}", "GB")
        assert phonenumbers.is_valid_number(number)
        assert phonenumbers.number_type(number) == kinds[int(log.kinds[line])]
        assert ranges.DECLARED[log.kinds[line]].holds(int(log.national[line]))


def test_every_call_falls_within_its_holders_time(small: SyntheticReport) -> None:
    calls = pl.read_parquet(small.truth / "truth_calls.parquet")
    held = pl.read_parquet(small.truth / "truth_numbers.parquet").filter(pl.col("person").is_not_null())
    both = calls.join(held, on=["line", "person"])
    early = pl.col("held_from").is_not_null() & (pl.col("received_at") < pl.col("held_from"))
    late = pl.col("held_until").is_not_null() & (pl.col("received_at") >= pl.col("held_until"))

    places = calls.filter(pl.col("role") == "shared_line_user").height
    assert both.height == calls.height - places
    assert both.filter(early | late).height == 0
    assert both.filter(pl.col("held_until").is_not_null()).height > 0


@pytest.mark.parametrize("source", ["made", "committed"])
def test_drama_logs_hold_drama_numbers_only(source: str, tmp_path: Path) -> None:
    path = FIXTURE if source == "committed" else make_fixture(tmp_path / "small.csv")
    frame = pl.read_csv(path, infer_schema=False)
    digits = frame["cli"].drop_nulls().str.replace_all(r"\D", "").str.replace(r"^(0044|44|0)", "")
    whole = digits.filter(digits.str.len_chars() == 10)
    spans = [span for kind in ranges.DRAMA for span in kind]

    assert whole.len() > 1500
    assert all(any(span.holds(int(number)) for span in spans) for number in whole.unique().to_list())


def test_the_committed_fixture_is_what_the_command_makes(tmp_path: Path) -> None:
    made = make_fixture(tmp_path / "small.csv")

    assert made.read_bytes() == FIXTURE.read_bytes()
    assert FIXTURE.stat().st_size < 700_000
    assert json.loads(made.with_suffix(".truth.json").read_text("utf-8"))["by_log"]["persistent_callers"] == 7


def test_drama_numbers_are_too_few_for_a_city() -> None:
    with pytest.raises(UsageError, match="drama ranges hold too few"):
        ranges.nationals(np.zeros(1001, dtype=np.int8), drama=True)
    assert fixture_settings().drama


def test_nothing_identifies_a_real_place(small: SyntheticReport) -> None:
    frame = logged(small)

    assert frame["subscriber_postcode"].drop_nulls().str.contains(r"^ZZ\d{1,2} \d[A-Z]{2}$").all()
    assert not any(re.search(r"\b(pizza|taxi)\b", text, re.IGNORECASE) for text in _plain_remarks(frame))


def _plain_remarks(frame: pl.DataFrame) -> list[str]:
    """Remarks of calls without the codeword marker."""
    plain = frame.filter(pl.col("markers").fill_null("") != "codeword")
    return plain["remarks"].drop_nulls().unique().to_list()


@pytest.mark.parametrize("change", [{"days": 0}, {"calls_per_day": 0}, {"misuse_per_month": 1e6}])
def test_senseless_settings_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        replace(SMALL, **change)


def test_the_documented_figures_agree_with_each_other() -> None:
    told = re.findall(
        r"(?m)^\| \**(?:in truth|by the log): their share of misuse\** \| \**([\d.]+%)\** \|$", DOCUMENTED
    )
    assert len(told) == 2
    assert f"| {SyntheticSettings().days} | {' | '.join(told)} |" in DOCUMENTED
    for log in synthetic_page.SHORTER:
        assert len(re.findall(rf"(?m)^\| {log} \|", DOCUMENTED)) == 1


def test_a_page_of_small_logs_has_a_row_for_each() -> None:
    settings = SyntheticSettings(days=20, calls_per_day=300)
    small = [synthetic_page.drawn(replace(settings, seed=seed)) for seed in (1, 2)]
    text = synthetic_page.block(small[0], small, [small[1]], small[0])
    assert text.count("\n| 1 | ") == text.count("\n| 2 | ") == 1
    assert text.count("\n| 20 | ") == 2
    for part in (synthetic_page.AFTER_THE_YEAR, synthetic_page.AFTER_THE_SEEDS):
        assert part in DOCUMENTED


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, SyntheticSettings().seed])
def test_reading_a_holds_for_a_whole_year_of_london(seed: int) -> None:
    settings = SyntheticSettings(seed=seed)
    figures = truth.summary(*build.draw(settings), settings)

    assert seed not in synthetic_page.SEEDS or synthetic_page.seed_row(figures) in DOCUMENTED
    assert abs(figures["by_person"]["share_of_misuse"] - 0.43) <= 0.02
    assert abs(figures["by_log"]["share_of_misuse"] - 0.43) <= 0.02
    assert abs(figures["by_log"]["misuse_calls"] / 12 - 6000) < 300
    assert abs(figures["by_person"]["misuse_calls"] / 12 - 6000) < 300
    assert 600 <= figures["by_person"]["top_persons"][0] <= 1500


@pytest.mark.slow
def test_the_documented_figures_are_those_of_the_default_year() -> None:
    settings = SyntheticSettings()
    figures = truth.summary(*build.draw(settings), settings)

    assert figures_table(figures) in DOCUMENTED
    assert synthetic_page.length_row(figures) in DOCUMENTED


@pytest.mark.slow
def test_reading_b_holds_for_a_whole_year_of_london() -> None:
    settings = SyntheticSettings(reading="B")
    figures = truth.summary(*build.draw(settings), settings)

    assert synthetic_page.reading_b_line(figures) in DOCUMENTED
    assert abs(figures["by_log"]["persistent_misuse_calls"] / 12 - 6000) < 500
    assert abs(figures["by_log"]["misuse_calls"] / 12 - 14000) < 800


@pytest.mark.slow
def test_a_lifetime_share_grows_with_the_log() -> None:
    shares = []
    for days in (30, 91, 365):
        settings = SyntheticSettings(days=days)
        figures = truth.summary(*build.draw(settings), settings)
        assert synthetic_page.length_row(figures) in DOCUMENTED
        shares.append(figures["by_person"]["share_of_misuse"])

    assert shares == sorted(shares)
    assert shares[0] < 0.40
