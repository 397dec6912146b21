"""Pictures from rows made by hand: the finding in the title, uncertainty drawn, no legend, the run on each, gaps explained."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from misuse.reports import charts, data, plots
from misuse.reports.plots import Absent, Picture, change, doubt, drawing, months, people, shares, work
from misuse.settings import QUIET_ENVIRONMENT, Settings
from tests import published_fixture as fixture

NOW = datetime(2026, 1, 1, 2, 31, tzinfo=UTC)
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> data.Pack:
    path = fixture.build(tmp_path_factory.mktemp("plots") / "run.duckdb", persons=12)
    return data.read(path, Settings(), NOW)


def with_rows(pack: data.Pack, **relations: Rows) -> data.Pack:
    return replace(pack, statistics={**pack.statistics, **relations})


def with_figures(pack: data.Pack, **figures: tuple[float | None, ...]) -> data.Pack:
    """Estimates of both windows beside those there are: point, low, high."""
    names = ("point", "low", "high", "bound_low", "bound_high", "numerator", "denominator")
    added = [
        {
            "estimate": name, "window_name": window, "counted_by": "caller", "unit": "", "method": f"not reckoned: why {name}",
            **dict(zip(names, (*ends, *[None] * 7), strict=False)),
        }
        for name, ends in figures.items()
        for window in ("headline", "since_log_start")
    ]  # fmt: skip
    return replace(pack, estimates=[*(row for row in pack.estimates if row["estimate"] not in figures), *added])


def drawn(one: Picture | Absent) -> tuple[Picture, Rows]:
    """A picture and all values in it; its specification keeps to the schema, and it can be drawn."""
    assert isinstance(one, Picture), one
    document = drawing.specification(one, is_checked=True)
    assert drawing.svg(document).startswith("<svg")
    assert '"legend": {' not in json.dumps(document)
    every = [value for values in tables(document) for value in values]
    return one, [value for at, value in enumerate(every) if value not in every[:at]]  # layers may repeat their values


def tables(part: Any) -> Iterator[Rows]:
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name == "values" and isinstance(value, list) and all(isinstance(one, dict) for one in value):
                yield value
            else:
                yield from tables(value)
    elif isinstance(part, list):
        for one in part:
            yield from tables(one)


def chart_rows(points: list[float | None], **changes: Any) -> Rows:
    base = {
        "split": "all", "value": "all", "measure": "misuse_calls_a_day", "year_before": None, "mean": 100.0, "lower": 80.0,
        "upper": 120.0, "is_trial": False, "signal": None, "reading": None, "method": "XmR",
    } | changes  # fmt: skip
    return [base | {"month": date(2025, month + 1, 1), "point": point} for month, point in enumerate(points)]


# -- every one ---------------------------------------------------------------------------------------------------------


def test_names_are_one_file_each_and_every_picture_says_its_run(plain: data.Pack) -> None:
    found = plots.every(plain)
    names = [one.name for one in found]
    assert len(set(names)) == len(names) > 25
    for one in found:
        if isinstance(one, Picture):
            text = drawing.svg(drawing.specification(one, plain.stamp))
            assert plain.stamp.run_id in text
            assert "as-of 31 December 2025" in text
            assert one.words.endswith(".")
        else:
            assert one.why
            assert charts.why(one).startswith(f"{one.title}: not drawn, since ")


@pytest.mark.parametrize("mark", ["\x01", "\x1b", "\ufffe", "\ud800"])
def test_a_code_that_no_picture_can_hold_is_drawn_as_unreadable(plain: data.Pack, mark: str) -> None:
    """The engine would end the process: every run would die, and no list be written."""
    dots = [drawing.Dot("Camden" + mark, 1.0, "one"), drawing.Dot("Ealing", 2.0, "two" + mark)]
    picture = Picture("x", "A title" + mark, (), drawing.dots(dots, "calls"), "words")
    told = drawing.svg(drawing.specification(picture, plain.stamp))
    assert mark not in told
    assert "Camden\N{REPLACEMENT CHARACTER}" in told
    assert drawing.png(told).startswith(b"\x89PNG")


def test_hues_are_few_and_told_apart(plain: data.Pack) -> None:
    """Besides ink and greys, blue, its tint, and vermilion alone carry meaning."""
    allowed = {drawing.BLUE, drawing.ORANGE, drawing.BAND, drawing.INK, drawing.GREY, drawing.PALE, drawing.FAINT}
    tints = {"#8fb8d6", "#d9a679", "#3f7ea8", "#f4f8fb", "#5fa3cf"}  # of stacked bars, each named beside or in the note
    for one in plots.every(plain):
        if isinstance(one, Picture):
            used = set(re.findall(r"#[0-9a-f]{6}\b", json.dumps(drawing.specification(one))))
            assert used <= allowed | tints, (one.name, used - allowed - tints)


def test_an_empty_run_draws_nothing_and_says_why(tmp_path: Path) -> None:
    nothing = data.read(fixture.empty(tmp_path / "empty.duckdb"), Settings(), NOW)
    found = plots.every(nothing)
    assert all(isinstance(one, Absent) for one in found)
    assert not any("{" in charts.why(one) for one in found if isinstance(one, Absent))


# -- the share ---------------------------------------------------------------------------------------------------------


def test_shares_have_interval_and_bounds(plain: data.Pack) -> None:
    pack = with_figures(plain, share_of_misuse=(0.41, 0.38, 0.46, 0.41, 0.52))
    picture, values = drawn(shares.shares(pack))
    assert "41.0% of misuse calls" in picture.title
    row = next(value for value in values if value["name"] == "of misuse calls")
    assert [row[end] for end in ("x", "low", "high", "from", "to")] == [0.41, 0.38, 0.46, 0.41, 0.52]


def windows_rows() -> Rows:
    spans = {"headline": date(2025, 1, 1), "d365": date(2025, 1, 1), "d30": date(2025, 12, 2)}
    return [
        {
            "window_name": name, "first_date": first, "last_date": date(2025, 12, 31), "counted": counted, "threshold": threshold,
            "callers": 20, "misuse_calls": 30, "share": (0.6 if name != "d30" else 0.3) - threshold / 200,
            "low": 0.1 if counted == "calls" else None, "high": 0.6 if counted == "calls" else None,
        }
        for name, first in spans.items()
        for counted in ("calls", "episodes")
        for threshold in (3, 10, 50)
    ]  # fmt: skip


@pytest.mark.parametrize("threshold", [2, 60])
def test_a_line_that_no_window_was_counted_by_is_why(plain: data.Pack, threshold: int) -> None:
    """The windows hold misuse calls; shares are reckoned over certain thresholds alone."""
    other = replace(with_rows(plain, window_thresholds=windows_rows()), settings=Settings(threshold=threshold))
    found = shares.windows(other)
    assert isinstance(found, Absent)
    assert "no window holds" not in found.why
    assert found.why.endswith(f"and this run's line is {threshold}")
    assert shares.windows(with_rows(plain, window_thresholds=[])).why == "no window holds a misuse call"  # type: ignore[union-attr]


def test_windows_of_the_same_days_are_shown_once(plain: data.Pack) -> None:
    pack = with_rows(plain, window_thresholds=windows_rows())
    picture, values = drawn(shares.windows(pack))
    assert {value["name"] for value in values if "name" in value} == {
        f"{window}, counting {counted}" for window in ("headline window", "last 30 days") for counted in ("calls", "episodes")
    }  # fmt: skip
    ambulance = {"window_name": "quarter", "counted_by": "caller", "low": None, "high": None, "method": "m"}
    figures = [
        ambulance | {"estimate": f"ambulance_line_{part}", "point": point}
        for part, point in (("share", 0.2), ("callers", 7.0))
    ]
    _, beside = drawn(shares.windows(replace(pack, estimates=[*pack.estimates, *figures])))
    assert any(value.get("label") == "20.0% · 7 callers" for value in beside)
    assert "55.0% in the headline window, 25.0% in the last 30 days" in picture.title
    table, cells = drawn(shares.window_table(pack))
    assert [cell["is_head"] for cell in cells].count(True) == 1
    assert table.title.startswith("There is no one share: from 5.0% to 58.5%")
    curve, line = drawn(shares.thresholds(pack))
    assert "58.5% at 3 or more to 35.0% at 50" in curve.title
    assert {row["threshold"] for row in line if row.get("low") is not None} == {3, 10, 50}


# -- people ------------------------------------------------------------------------------------------------------------


def test_the_curve_is_turned_with_its_band(plain: data.Pack) -> None:
    rows = [{"share_of_callers": 0.9, "share_of_calls": 0.5, "low": 0.45, "high": 0.6}]
    picture, values = drawn(people.concentration(with_rows(plain, lorenz=rows)))
    assert "95% interval" not in " ".join(picture.notes), "point by point it holds the truth in some 80 of 100"
    band = [value for value in values if "low" in value]
    assert band == [{"people": pytest.approx(0.1), "low": pytest.approx(0.4), "high": pytest.approx(0.55)}]


def test_ranks_say_how_many_are_firm(plain: data.Pack) -> None:
    rows = [
        {"rank": rank, "caller_id": f"c{rank:016x}", "misuse_calls": 90 - rank, "rank_low": max(rank - 3, 1), "rank_high": rank + 4, "p_top": p}
        for rank, p in ((1, 1.0), (2, 0.97), (3, 0.4))
    ]  # fmt: skip
    picture, values = drawn(people.ranks(with_rows(plain, rank_stability=rows)))
    assert picture.title.startswith("2 callers are among the ten most prolific with a chance of 95% or more")
    assert [(value["low"], value["high"]) for value in values] == [(1, 5), (1, 6), (1, 7)]


# -- months ------------------------------------------------------------------------------------------------------------


def test_a_chart_says_whether_the_last_month_is_chance(plain: data.Pack) -> None:
    calm = chart_rows([100.0, 90.0, 110.0, 95.0, 105.0, 100.0, 99.0])
    picture, values = drawn(months._control_chart(with_rows(plain, control_charts=calm), months.MEASURES[0]))
    assert picture.title == "Misuse calls a day: 99 in July, and nothing but chance in 7 months"
    assert {"mean 100", "upper limit 120", "lower limit 80"} <= {value.get("text") for value in values}
    calm[-1] |= {"point": 140.0, "signal": "above its upper limit", "reading": "concern"}
    picture, values = drawn(months._control_chart(with_rows(plain, control_charts=calm), months.MEASURES[0]))
    assert picture.title == "Misuse calls a day: 140 in July, above its upper limit: for concern"
    assert [value["kind"] for value in values if value.get("kind") == "concern"] == ["concern"]


def test_no_limits_no_chart(plain: data.Pack) -> None:
    short = chart_rows([1.0, 2.0], mean=None, method="not reckoned: two months")
    one = months._control_chart(with_rows(plain, control_charts=short), months.MEASURES[0])
    assert one == Absent("chart_volume", "Misuse calls a day, month by month", "two months")
    unmeasured = months._control_chart(with_rows(plain, control_charts=chart_rows([None])), months.MEASURES[0])
    assert isinstance(unmeasured, Absent)


def test_boroughs_that_moved_are_counted_and_nowhere_is_none(plain: data.Pack) -> None:
    rows = [
        row
        for value in ("CAMDEN", "BRENT", "not recorded")
        for row in chart_rows([5.0] * 7, split="borough", value=value, signal="s", reading="improvement" if value == "BRENT" else "concern")
    ]  # fmt: skip
    picture, values = drawn(months._tiles(with_rows(plain, control_charts=rows), "borough", months.MEASURES[0]))
    assert "of 2 boroughs 1 up and 1 down" in picture.title
    assert {value["who"] for value in values} == {"Camden", "Brent", "not recorded"}


# -- change ------------------------------------------------------------------------------------------------------------


def campaign(point: float | None, *, is_finding: bool) -> dict[str, Rows]:
    effect = {
        "campaign": "School visits!", "began": date(2025, 7, 7), "figure": "mean", "point": point, "low": -0.3, "high": -0.1,
        "is_finding": is_finding, "method": "not reckoned: few weeks" if point is None else "m; under two years no season is taken out",
    }  # fmt: skip
    weeks = [
        {"campaign": "School visits!", "week": week, "first_date": date(2025, 7, 7 + 7 * week), "misuse_calls": 100 + week,
         "genuine_calls": 900, "fitted": 100.0, "expected": 120.0}
        for week in range(3)
    ]  # fmt: skip
    before = [{**weeks[0], "week": -1, "first_date": date(2025, 6, 30)}]
    return {"campaign_effects": [effect], "campaign_series": before + weeks}


def test_a_campaign_says_its_effect_and_whether_it_is_a_finding(plain: data.Pack) -> None:
    every, weeks = change.campaigns(with_rows(plain, **campaign(-0.2, is_finding=True)))
    picture, values = drawn(weeks)
    assert picture.name == "campaign_school_visits"
    assert (
        "\u221220.0% relative to genuine calls (\u221230.0% to \u221210.0%), more than chance explains" in picture.title
    )
    assert "seasons are not taken out" in " ".join(picture.notes)
    assert sum(value.get("expected") == 120.0 for value in values) >= 3
    assert drawn(every)[0].title == "A change that chance does not explain followed 1 of 1 date: School visits!"
    every, _ = change.campaigns(with_rows(plain, **campaign(-0.2, is_finding=False)))
    assert drawn(every)[0].title == "After none of 1 date did misuse change by more than chance"


def test_a_campaign_that_cannot_be_told_says_why(plain: data.Pack) -> None:
    for one in change.campaigns(with_rows(plain, **campaign(None, is_finding=False))):
        assert isinstance(one, Absent)
        assert "few weeks" in one.why
    assert isinstance(change.campaigns(plain)[0], Absent)


@pytest.mark.parametrize(("low", "verdict"), [(-0.04, "nothing changed by more than chance"), (0.01, "it rose")])
def test_growth_gives_its_verdict(low: float, verdict: str, plain: data.Pack) -> None:
    pack = with_figures(
        plain, log_growth_observed=(0.1, 0.0, 0.2, None, None, 0.5, 0.4), log_growth_like_for_like=(0.02, low, 0.08),
        log_growth_by_length=(0.08, 0.01, 0.1),
    )  # fmt: skip
    picture, values = drawn(change.log_growth(pack))
    lead = "The share since the log began, by whole periods of thirty days, went from 40.0% to 50.0%"
    assert picture.title == f"{lead}; like for like {verdict}"
    assert any(value.get("label") == f"+2.0 points ({drawing.minus(f'{100 * low:+.1f}')} to +8.0)" for value in values)


def test_two_years_are_told_where_they_are_there(plain: data.Pack) -> None:
    assert isinstance(change.year_on_year(plain), Absent)
    pack = with_figures(plain, year_on_year_misuse_calls=(-0.1, -0.15, -0.05), year_on_year_share=(0.01, -0.02, 0.04))
    picture, _ = drawn(change.year_on_year(pack))
    assert picture.title.endswith("stood at \u221210.0% against last, more than chance")


def test_who_came_and_went_by_what_decided_it(plain: data.Pack) -> None:
    rows = [
        {"movement": movement, "decisive": decisive, "reasons": ["late_data 3"], "decisions": decisions, "previous_as_of": date(2025, 12, 17)}
        for movement, decisive, decisions in (
            ("entered", ["new_calls"], []), ("entered", ["new_calls"], ["K-1"]), ("entered", [], []), ("left", ["stop"], []),
        )
    ]  # fmt: skip
    picture, values = drawn(change.differences(with_rows(plain, list_differences=rows)))
    assert picture.title == "Since the list to 17 December 2025 3 callers came over the line and 1 left it"
    assert {(value["reason"], value["callers"]) for value in values} == {
        ("new calls", 2),
        ("late or corrected data", 1),
        ("a hard stop", -1),
    }
    assert isinstance(change.differences(plain), Absent)


def test_the_reason_that_moved_most_leads(plain: data.Pack) -> None:
    rows = [
        {"reason": reason, "previous_as_of": date(2025, 12, 17), "share": 0.4, "share_without": without, "callers": 9, "callers_without": 8,
         "gained_calls": 5, "lost_calls": 1}
        for reason, without in (("stop", 0.41), ("new_calls", 0.3))
    ]  # fmt: skip
    picture, values = drawn(change.reasons(with_rows(plain, reason_totals=rows)))
    assert picture.title.endswith("new calls moved the share most: +10.00 points; it is now 40.0%, of 9 callers")
    assert [round(value["x"], 9) for value in values if "name" in value] == [0.1, -0.01]


# -- work and doubt ----------------------------------------------------------------------------------------------------


def test_genuine_callers_higher_lower_or_neither(plain: data.Pack) -> None:
    ends = {
        "answering_delay_seconds_difference": (0.5, 0.2, 0.8),
        "answering_delay_seconds_busy": (16.5,),
        "answering_delay_seconds_quiet": (16.0,),
    }
    picture, values = drawn(work.genuine(with_figures(plain, **ends)))
    assert picture.title.endswith("higher: mean delay to answer")
    assert any(value.get("label") == "+0.50 seconds (+0.20 to +0.80) · 16.5 against 16.0" for value in values)
    ends["answering_delay_seconds_difference"] = (0.5, -0.2, 0.8)
    assert (
        "no difference for genuine callers that chance does not explain"
        in drawn(work.genuine(with_figures(plain, **ends)))[0].title
    )
    assert isinstance(work.genuine(plain), Absent)


def test_money_is_there_only_at_a_stated_rate(plain: data.Pack) -> None:
    picture, _ = drawn(work.hours(plain))
    assert "No rate is stated" in picture.notes[0]
    assert "£" not in picture.words
    rated = with_figures(plain, handling_cost_all_misuse=(1_234.0,))
    assert "£1,234" in drawn(work.hours(rated))[0].words
    assert "not cashable" in drawn(work.hours(rated))[0].notes[0]


def test_corrected_beside_raw(plain: data.Pack) -> None:
    assert isinstance(doubt.corrected(plain), Absent)
    pack = with_figures(plain, persistent_callers=(631.0,), corrected_persistent_callers=(860.0, 827.0, 890.0))
    picture, values = drawn(doubt.corrected(pack))
    assert (
        picture.title
        == "By their codes 631 callers are over the line; with coding error reckoned with, 860 (827 to 890)"
    )
    assert (values[1]["low"], values[1]["high"]) == (827.0, 890.0)
    alike = with_figures(plain, persistent_callers=(850.0,), corrected_persistent_callers=(860.0, 827.0, 890.0))
    assert drawn(doubt.corrected(alike))[0].title.endswith(": the difference may be chance")


def test_codes_and_chances(plain: data.Pack) -> None:
    rates = [
        {"is_frequent": True, "kind": kind, "stratum": "X", "calls": 10, "coded_again": 5, "misuse_share": share, "low": share - 0.1, "high": share + 0.1}
        for kind, share in (("misuse", 0.8), ("other", 0.2))
    ]  # fmt: skip
    assert drawn(doubt.code_errors(with_rows(plain, code_error_rates=rates)))[0].title.endswith(
        "coded misuse 80.0% truly are; of those coded otherwise 20.0%"
    )
    listed = [row["caller_id"] for row in plain.persistent][:2]
    rows = [
        {"caller_id": caller, "p_at_least_threshold": p}
        for caller, p in zip([*listed, "cx"], (1.0, 0.6, 0.7), strict=True)
    ]
    assert drawn(doubt.chances(with_rows(plain, caller_chances=rows)))[0].title == (
        "Of 2 persons counted over the line 1 have a chance below 95% of truly being so; 1 not counted are more likely over it than not"
    )


def test_small_groups_are_named_and_not_drawn(plain: data.Pack) -> None:
    rows = [
        {"dimension": "home borough", "group_name": name, "measure": "persons on the tasking list", "value": value, "of_all": 100,
         "rate": rate, "low": rate, "high": rate, "is_suppressed": value is None}
        for name, value, rate in (("CAMDEN", 6, 0.06), ("BRENT", None, None), ("EALING", 9, 0.09))
    ]  # fmt: skip
    picture, values = drawn(doubt._groups(with_rows(plain, equality=rows), "home borough"))
    assert [value["name"] for value in values] == ["Ealing", "Camden"]
    assert "Kept back as too small: Brent." in picture.notes[0]


def test_every_measure_of_a_group_is_drawn_and_the_widest_named(plain: data.Pack) -> None:
    rows = [
        {"dimension": "vulnerability", "group_name": group, "measure": measure, "value": value, "of_all": 100, "rate": value / 100,
         "low": value / 100 - 0.01, "high": value / 100 + 0.01, "is_suppressed": False}
        for measure, known, none in (("lane support", 90, 5), ("persons stopped", 8, 6))
        for group, value in (("known", known), ("none known", none))
    ]  # fmt: skip
    picture, values = drawn(doubt._measures(with_rows(plain, equality=rows), "vulnerability"))
    assert "“persons stopped” differs most, 8.0% (known) against 6.0% (none known)" in picture.title, (
        "lanes follow by rule"
    )
    assert len(values) == 4
    assert isinstance(doubt._measures(plain, "vulnerability"), Absent)


def test_the_way_that_moves_the_share_most_leads(plain: data.Pack) -> None:
    rows = [
        {"kind": "threshold", "way": way, "share_change": moved, "callers": 1, "entered": 0, "left_it": 1}
        for way, moved in (("20", -0.1), ("8", 0.03), ("10", 0.0))
    ]  # fmt: skip
    picture, values = drawn(doubt.sensitivity(with_rows(plain, sensitivity=rows)))
    assert picture.title == "Of other ways of reckoning, “threshold 20” moves the share most: \u221210.0 points"
    assert len([value for value in values if "name" in value]) == 2


def test_pictures_have_the_letters_of_their_renderer_and_of_no_machine() -> None:
    fonts = Path(QUIET_ENVIRONMENT["FONTCONFIG_FILE"]).read_text(encoding="utf-8")
    assert [Path(folder).is_dir() for folder in re.findall("<dir>(.+)</dir>", fonts)] == [False]
    frame = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30">{}</svg>'
    word = f'<text x="5" y="20" font-family="{drawing.FONTS}">ten calls</text>'
    assert drawing.png(frame.format(word)) != drawing.png(frame.format(""))
