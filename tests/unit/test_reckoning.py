"""From a model's rows to figures, where a log of a few weeks cannot show it: years, campaigns, the growth warning."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from misuse.reckoning import growth, series, told
from misuse.settings import Settings

STAMP = {"run_id": "r1", "as_of": date(2025, 12, 31)}
SETTINGS = Settings(threshold=10, bootstrap_replicates=400)


def stationary(periods: int, *, seed: int = 3, change: float = 1.0) -> np.ndarray:
    """Calls a period of people whose calling comes in spells of a few months, as many at all times."""
    rng = np.random.default_rng(seed)
    calls = np.zeros((9_000, periods), dtype=np.int64)
    start, length = rng.integers(-8, periods, 9_000), rng.integers(1, 8, 9_000)
    rate = rng.lognormal(-0.2, 0.9, 9_000)
    for period in range(periods):
        is_on = (start <= period) & (period < start + length)
        calls[:, period] = rng.poisson(rate * is_on * (change if period >= periods // 2 else 1.0))
    return calls[calls.sum(axis=1) > 0]


def held(calls: np.ndarray) -> duckdb.DuckDBPyConnection:
    """The rows of caller_periods that such calls would make."""
    con = duckdb.connect()
    unit, period = np.nonzero(calls)
    rows = pl.DataFrame(
        {
            "unit_id": [f"c{number}" for number in unit],
            "period": period,
            "periods": np.full(len(unit), calls.shape[1]),
            "misuse_calls": calls[unit, period],
        }
    )
    con.register("rows", rows)
    con.execute("create table caller_periods as from rows")
    return con


def reckoned(calls: np.ndarray) -> dict[str, dict[str, Any]]:
    placed = growth.reckon(held(calls), STAMP, SETTINGS)
    assert {(window, way) for window, way, _ in placed} == {("since_log_start", "caller")}
    return {figure.estimate: vars(figure) for _, _, figure in placed}


def share(calls: np.ndarray) -> float:
    made = calls.sum(axis=1)
    return float(made[made >= 10].sum() / made.sum())


def test_a_growing_log_of_people_who_do_not_change_is_no_trend() -> None:
    calls = stationary(12)
    naive = [share(calls[:, :periods]) for periods in range(3, 13)]
    assert naive[-1] - naive[0] > 0.1, "read as a trend, the share since the start has risen by a lot"
    found = told.log_growth(reckoned(calls))
    assert found["verdict"] == "no change"
    assert "no change" in found["warning"]
    assert "up to 29 first days of the log are left out" in found["warning"], "else it is not the share since the start"
    assert found["share_earlier"] == pytest.approx(share(calls[:, :6]), abs=1e-7)
    assert found["share_now"] == pytest.approx(share(calls), abs=1e-7)
    assert found["by_length"]["point"] == pytest.approx(share(calls) - share(calls[:, 6:]), abs=1e-7)


def test_the_warning_calls_its_interval_one_of_95_only_where_its_method_does() -> None:
    figures = reckoned(stationary(12))
    few = told.log_growth(figures)
    assert "95% coverage is not claimed" in few["method"]
    assert "95% interval" not in few["warning"]
    assert "95% is not claimed" in few["warning"]
    borne_out = {name: row | {"method": "callers drawn afresh, widened"} for name, row in figures.items()}
    assert " points, 95% interval " in told.log_growth(borne_out)["warning"]


def test_people_who_do_change_are_told_of() -> None:
    found = told.log_growth(reckoned(stationary(12, change=3.0)))
    assert found["verdict"] == "rose"
    assert found["like_for_like"]["low"] > 0


def test_two_years_are_held_against_each_other() -> None:
    calls = stationary(26)
    figures = reckoned(calls)
    last, this = calls[:, -24:-12], calls[:, -12:]
    change = figures["year_on_year_misuse_calls"]
    assert change["point"] == pytest.approx(this.sum() / last.sum() - 1, abs=1e-6)
    assert change["low"] < 0 < change["high"]
    assert figures["year_on_year_share"]["point"] == pytest.approx(share(this) - share(last), abs=1e-6)
    assert "first 420;" in figures["log_growth_observed"]["method"], "against itself a year ago"


def test_one_year_is_not_two() -> None:
    figures = reckoned(stationary(23))
    assert figures["year_on_year_misuse_calls"]["point"] is None
    assert "shorter than two years" in figures["year_on_year_share"]["method"]


# ── campaigns ──────────────────────────────────────────────────────────────────────────────────


def effects(
    before: int, after: int, *, change: float, control_fall: float = 0.0, seed: int = 5
) -> dict[str, dict[str, Any]]:
    """What is told of a campaign of which misuse calls change by a part, and genuine calls fall of themselves."""
    rng = np.random.default_rng(seed)
    week = np.arange(-before, after)
    rows = pl.DataFrame(
        {
            "campaign": ["visits"] * len(week),
            "week": week,
            "began": [date(2025, 6, 2)] * len(week),
            "first_date": [date(2025, 6, 2) + timedelta(weeks=int(number)) for number in week],
            "misuse_calls": rng.poisson(1_300 * np.where(week >= 0, 1 + change, 1.0)),
            "genuine_calls": rng.poisson(40_000 * np.where(week >= 0, 1 - control_fall, 1.0)),
        }
    )
    con = duckdb.connect()
    con.register("rows", rows)
    con.execute("create table campaign_weeks as from rows")
    con.execute(
        "create table campaign_callers (campaign varchar, caller_id varchar, week integer, misuse_calls bigint)"
    )
    con.execute("create table chart_points (split varchar, value varchar, month date)")
    series.reckon(con, STAMP, SETTINGS)
    found = con.execute("select * from campaign_effects").pl().to_dicts()
    fitted = con.execute("select count(fitted), count(*) from campaign_series").fetchone()
    assert fitted == (len(week), len(week))
    return {row["figure"]: row for row in found}


@pytest.mark.parametrize("weeks", [(60, 60), (30, 20)])
def test_a_planted_campaign_is_found_with_its_size(weeks: tuple[int, int]) -> None:
    mean = effects(*weeks, change=-0.3)["mean"]
    assert mean["low"] <= -0.3 <= mean["high"]
    assert mean["is_finding"] is True


def test_with_nothing_planted_few_are_findings() -> None:
    found = [effects(40, 30, change=0.0, seed=seed)["mean"]["is_finding"] for seed in range(30)]
    assert sum(found) <= 4  # 5% of 30 by chance: more than four would be one in a hundred


def test_in_a_short_log_a_control_that_falls_alone_is_no_finding() -> None:
    """Genuine calls have seasons of their own, and under two years they cannot be taken out."""
    found = effects(30, 20, change=0.0, control_fall=0.15)
    assert found["mean"]["low"] > 0, "against the control it looks like a rise"
    assert found["mean"]["is_finding"] is False
    assert "by themselves" in found["mean"]["method"]


def test_what_befalls_both_is_no_effect() -> None:
    found = effects(60, 60, change=-0.2, control_fall=0.2)
    assert found["mean"]["low"] < 0 < found["mean"]["high"]
    assert found["alone"]["high"] < 0
