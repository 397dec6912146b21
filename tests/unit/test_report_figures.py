"""What the pack and the workbook count for themselves, against a count by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from misuse import headline
from misuse import wording as plain
from misuse.reports import brief, data, document, figures, public, spreadsheet, wording
from misuse.reports.plots import Picture, doubt, shares
from misuse.reports.plots import work as plots_work
from misuse.settings import Settings
from misuse.web import words
from tests import published_fixture as fixture

NOW = datetime(2026, 1, 1, 2, 31, tzinfo=UTC)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fixture.build(tmp_path_factory.mktemp("figures") / "run.duckdb")


@pytest.fixture(scope="module")
def pack(published: Path) -> data.Pack:
    return data.read(published, Settings(), NOW)


def test_a_months_calls_are_those_of_the_windows_months(pack: data.Pack) -> None:
    """Beside days' work of the window stand its calls a month; a month before it, or without calls, is none of them."""
    own = figures.workload(pack)
    assert own.whole_months == 12
    older = [row | {"month": row["month"].replace(year=2023), "misuse_calls": 9_000} for row in pack.months]
    quiet = pack.months[0] | {"calls": 0, "misuse_calls": 0, "persistent_misuse_calls": 0}
    assert figures.workload(replace(pack, months=[*older, *pack.months, quiet])) == own
    short = replace(pack, settings=Settings(window_days=60))
    assert figures.workload(short).whole_months == 1
    assert figures.workload(short).calls_all == pack.months[-1]["misuse_calls"]


def listed(made: dict[str, list[datetime]]) -> dict[str, pl.DataFrame]:
    """Misuse calls of these callers alone, all of a length; those over the line and the list, in the list's order."""
    frames = fixture.invented(40, 20051208)
    call = frames["calls"].filter(pl.col("is_misuse") & (pl.col("identity_kind") == "person")).row(0, named=True)
    calls = [
        call | {"call_key": format(1_000 * place + at, "032x"), "caller_id": caller, "received_at": when, "local_date": when.date(), "handling_seconds": 60, "unit_seconds": 0}
        for place, (caller, times) in enumerate(made.items())
        for at, when in enumerate(times)
    ]  # fmt: skip
    start = datetime(2025, 1, 1)
    own = {caller: sorted(when for when in times if when >= start) for caller, times in made.items()}
    order = sorted(own, key=lambda caller: (-len(own[caller]), own[caller][9:10], caller))
    tasked, kept = frames["tasking_list"].to_dicts(), frames["persistent_callers"].to_dicts()
    rows = [
        tasked[0] | {"caller_id": caller, "case_ref": fixture.case_ref(caller), "rank": rank, "misuse_calls_window": len(own[caller]), "part": 3}
        for rank, caller in enumerate(order, 1)
    ]  # fmt: skip
    over = [
        kept[0] | {"caller_id": row["caller_id"], "rank": row["rank"], "misuse_calls": row["misuse_calls_window"]}
        for row in rows
        if row["misuse_calls_window"] >= 10
    ]
    frame = {"calls": calls, "tasking_list": rows, "persistent_callers": over}
    return {name: pl.DataFrame(found, infer_schema_length=None) for name, found in frame.items()}


def changes(made: dict[str, list[datetime]], path: Path) -> data.Changes:
    return data.read(fixture.build(path, **listed(made)), Settings(), NOW).changes


def at(day: datetime, times: int) -> list[datetime]:
    return [day + timedelta(hours=one) for one in range(times)]


JUNE = datetime(2025, 6, 1, 9)
FIRST, SECOND, THIRD = (fixture.caller_id(number) for number in (1, 2, 3))


def test_ranks_that_nothing_moved_have_not_moved(tmp_path: Path) -> None:
    """Alike in calls and hours: whoever reached the threshold first leads, then as now."""
    by_id = sorted((FIRST, SECOND, THIRD), reverse=True)
    found = changes(
        {who: at(JUNE + timedelta(days=place), 12) for place, who in enumerate(by_id)}, tmp_path / "a.duckdb"
    )
    assert found.moved == []
    assert (found.entered, found.left) == ([], [])


def test_an_open_case_below_the_line_has_neither_entered_nor_stayed(tmp_path: Path) -> None:
    over, open_case, fallen = FIRST, SECOND, THIRD
    made = {
        over: at(JUNE, 12),
        open_case: at(datetime(2025, 1, 5), 3),
        fallen: [datetime(2024, 12, 20, 9), *at(JUNE, 9)],  # ten until the first fell out of the window
    }
    found = changes(made, tmp_path / "b.duckdb")
    assert found.entered == []
    assert [row["caller_id"] for row in found.left] == [fallen]
    assert found.moved == []
    late = made | {open_case: at(datetime(2025, 12, 30), 11)}
    assert [row["caller_id"] for row in changes(late, tmp_path / "c.duckdb").entered] == [open_case]


# -- none is not the same as not measured ------------------------------------------------------------------------------


def without_misuse(pack: data.Pack) -> data.Pack:
    """A log measured throughout, with whole months and no misuse call."""
    bridge = [row | {"callers": 0, "calls": 0, "misuse_calls": 0, "share": None} for row in pack.bridge]
    none = {"point": None, "low": None, "high": None, "method": "not reckoned: no misuse call in this window"}
    rows = [row | ({"point": 0.0} if row["unit"] == "calls" else none) for row in pack.estimates]
    excluded = dict.fromkeys(pack.excluded, 0)
    return replace(pack, bridge=bridge, estimates=rows, excluded=excluded, persistent=[], tasking=[])


def test_no_misuse_is_not_called_unmeasured(pack: data.Pack) -> None:
    found = without_misuse(pack)
    work = figures.workload(found)
    assert document._readings(found, work) == ["Both readings are nought: no misuse call in the window."]
    assert not [tile for tile in document._tiles(found, work) if "not measured" in tile.values()]
    assert "not measured" not in " ".join(spreadsheet.sentences(found)[:-1])
    assert brief._work(found, brief.Quoter(found)) == ["None: no misuse call in this window."]
    longer = replace(found, settings=Settings(window_days=200))
    assert wording.since(longer) == "Since 1 January 2025, with no window: no misuse calls."


def test_what_is_not_measured_has_its_own_reason(pack: data.Pack) -> None:
    method = {"point": None, "method": "not reckoned: no whole local month in this window"}
    found = replace(
        pack, estimates=[row | (method if row["estimate"].startswith("days_work") else {}) for row in pack.estimates]
    )
    said = "Both readings are not measured: no whole local month in this window."
    assert document._readings(found, figures.workload(found)) == [said]
    assert said in spreadsheet.sentences(found)


def estimated(**changes: Any) -> dict[str, Any]:
    """What `misuse estimate` prints of, where nothing was reckoned."""
    none = dict.fromkeys(("point", "low", "high", "bound_low", "bound_high"))
    work = {"persistent": none, "all_misuse": none}
    kinds = {"person": 3, "shared_line": 0, "premises": 0}
    hours = {"persistent": None, "all_misuse": None}
    told = {"days_work_per_month": work, "hours_per_month": hours, "share_of_handling": none, "callers_by_kind": kinds}
    return {"misuse_calls": 0, **told, **changes}


def test_the_command_line_gives_no_false_reason() -> None:
    nothing = estimated()
    assert headline._workload(nothing) == "handling time and days' work: none, since no misuse call was counted."
    assert headline._days_work(nothing) is None
    month = {"method": "not reckoned: it was measured in no whole local month of this window"}
    share = {**dict.fromkeys(("low", "high")), "point": 0.5}
    late = estimated(misuse_calls=7, share_of_handling=share, figures={"hours_all_misuse": month})
    assert str(headline._workload(late)).endswith(
        "not measured: it was measured in no whole local month of this window."
    )
    fresh = estimated(misuse_calls=7, figures=None)
    assert headline._workload(fresh) == "handling time: not measured by this log."
    assert str(headline._days_work(fresh)).endswith("no whole calendar month of the window.")


# -- what is known of a part is not told as the whole ------------------------------------------------------------------


def timed_in_part(pack: data.Pack, known: int) -> data.Pack:
    """The log with handling time on so many of a thousand misuse calls."""
    names = ("share_of_handling", "hours_persistent", "hours_all_misuse")
    method = {"method": f"hours of handling; measured on {known} of 1000 misuse calls; interval: …"}
    return replace(pack, estimates=[row | (method if row["estimate"] in names else {}) for row in pack.estimates])


def told_of_time(found: data.Pack) -> dict[str, str]:
    """Where hours and shares of handling time are told, by paper."""
    tiles = document._tiles(found, figures.workload(found))
    named = [tile["name"] for tile in tiles if "handling" in tile["name"]]
    table = public._headline_table(public.Summary(found))
    return {
        "tiles": "|".join(named), "notes": " ".join(document._cover(found)["notes"]),
        "workbook": " ".join(spreadsheet.sentences(found)),
        "brief": " ".join(brief._work(found, brief.Quoter(found))), "small picture": brief.alternatives(found)["shares"],
        "shares": " ".join(drawn(shares.shares(found)).notes), "hours": " ".join(drawn(plots_work.hours(found)).notes),
        "public": table.note,
    }  # fmt: skip


def drawn(picture: Any) -> Picture:
    assert isinstance(picture, Picture)
    return picture


def test_time_known_of_a_part_of_the_calls_says_so_beside_every_figure(pack: data.Pack) -> None:
    known = told_of_time(timed_in_part(pack, 550))
    whole = "Handling time known of 550 of 1,000 misuse calls (55.0%)"
    assert known["tiles"].count("known of 55.0% of calls") == len(known["tiles"].split("|")) == 2
    for paper in ("notes", "workbook", "shares", "hours"):
        assert whole in known[paper], paper
    assert known["brief"].count("of handling (measured on 550 of 1000 misuse calls)") == 2
    assert "(55.0% timed)" in known["small picture"]
    assert "known of 55% of misuse calls" in known["public"]


def test_time_known_of_nearly_all_is_not_hedged(pack: data.Pack) -> None:
    said = " ".join(told_of_time(timed_in_part(pack, 995)).values())
    assert not [word for word in ("known of", "measured on", "timed)") if word in said]


def test_the_command_line_says_of_how_many_calls_it_knows_the_time() -> None:
    share = {**dict.fromkeys(("low", "high")), "point": 0.5}
    hours = {"persistent": 2.2, "all_misuse": 4.0}
    full = {"persistent": {"point": 0.1}, "all_misuse": {"point": 0.3}}
    cost = {"handling": {"persistent": {"point": 10.0}, "all_misuse": {"point": 30.0}}, "unit": {"persistent": {"point": None}, "all_misuse": {"point": None}}}  # fmt: skip
    told = {
        "share_of_handling": share, "hours_per_month": hours, "full_time": full, "cost_per_month": cost,
        "figures": {"handling_cost_all_misuse": {"method": "; not cashable"}}, "misuse_calls": 1_000,
    }  # fmt: skip
    part = estimated(**told, handling_measured_calls=550)
    for line in (str(headline._workload(part)), *headline._money(part)):
        assert line.endswith(", time known of 550 of 1,000 misuse calls (55.0%).")
    whole = estimated(**told, handling_measured_calls=1_000)
    assert "known" not in " ".join([str(headline._workload(whole)), *headline._money(whole)])


# -- what is not counted so is not said to be --------------------------------------------------------------------------


def test_a_tile_of_lines_states_their_own_rule(pack: data.Pack) -> None:
    """By the run's threshold, whatever the settings say by now."""
    line = {"window_name": "headline", "identity_kind": "shared_line", "callers": 1, "misuse_calls": 16}
    found = replace(pack, kinds={"shared_line": 2}, apart=[line | {"threshold": 12}])
    names = [tile["name"] for tile in document._tiles(found, figures.workload(found))]
    assert pack.settings.shared_line_threshold == 15
    assert "of them by lines or premises with 12 or more in a calendar month" in names


# -- what an interval is called ----------------------------------------------------------------------------------------

FEW = "persistent callers' over all; with so few callers nobody knows how often it holds the truth, and 95% is not claimed; exact bounds"
MANY = "persistent callers' over all; it held the truth in 94.8% to 96.9% of trial logs; exact bounds"


def by_method(pack: data.Pack, method: str) -> data.Pack:
    return replace(pack, estimates=[row | {"method": method} for row in pack.estimates])


def all_said(pack: data.Pack) -> list[str]:
    """Every place of the pack, the workbook, the brief and the public page that calls an interval something."""
    work = figures.workload(pack)
    summary = public.Summary(pack)
    tiles = [tile["note"] for tile in document._tiles(pack, work)]
    table = public.tables(summary)[0]
    notes = [
        note
        for one in (shares.shares(pack), plots_work.workload(pack))
        if isinstance(one, Picture)
        for note in one.notes
    ]
    return [
        wording.headline(pack), wording.since(pack), *tiles, *document._readings(pack, work), brief.compose(pack).headline,
        public.headline(summary), *table.headings, *notes,
    ]  # fmt: skip


def test_95_percent_is_said_only_where_the_method_claims_it(pack: data.Pack) -> None:
    longer = replace(pack, settings=Settings(window_days=300))
    many, few = (" | ".join(all_said(by_method(longer, method))) for method in (MANY, FEW))
    assert many.count("95% interval") >= 8
    assert "not claimed" not in many
    assert "95% interval" not in few
    assert few.count("95% is not claimed at this size of log") >= 5


def test_the_command_line_claims_no_more_than_the_method() -> None:
    share = {"point": 0.909, "low": 0.0, "high": 1.0}
    said = {method: headline._interval(share, method) for method in (MANY, FEW, None)}
    assert said[MANY] == " (95% interval 0.0% to 100.0%)"
    assert said[FEW] == " (interval 0.0% to 100.0%, 95% is not claimed at this size of log)"
    assert said[None] == " (interval 0.0% to 100.0%)"
    document = {"figures": {"share_of_misuse": {"method": FEW}}}
    assert headline._method(document, "share_of_misuse") == FEW
    assert headline._method({"figures": None}, "share_of_misuse") is None


def test_corrected_figures_name_the_condition_of_their_95_percent(pack: data.Pack) -> None:
    few = "few calls were coded again: of frequent callers' 34 coded misuse, 20 coded otherwise"
    row = pack.estimates[0] | {"window_name": "headline", "counted_by": "caller", "bound_low": None, "bound_high": None}
    ends = {"corrected_persistent_callers": (27.0, 21.0, 33.0), "corrected_share_of_misuse": (0.494, 0.431, 0.542)}
    for told, method in ((few, f"136 calls coded again; {few}"), ("", "5,000 calls coded again")):
        rows = [row | {"estimate": name, "point": at, "low": low, "high": high, "method": method} for name, (at, low, high) in ends.items()]  # fmt: skip
        found = replace(pack, estimates=[*pack.estimates, *rows])
        corrected = {name.removeprefix("corrected_"): dict(zip(("point", "low", "high"), values, strict=True)) for name, values in ends.items()}  # fmt: skip
        papers = (
            wording.corrected(found),
            " ".join(brief._corrected(brief.Quoter(found))),
            str(headline._corrected({"corrected": corrected | {"method": method}})),
            " ".join(drawn(doubt.corrected(found)).notes),
        )
        for said in papers:
            assert plain.IF_ALIKE in said
            assert ("ew calls were coded again" in said) == bool(told), said
    assert not wording.few_coded(found)


# -- one, and less than one --------------------------------------------------------------------------------------------


def pointed(pack: data.Pack, **points: float) -> data.Pack:
    rows = [row | ({"point": points[row["estimate"]]} if row["estimate"] in points else {}) for row in pack.estimates]
    return replace(pack, estimates=rows)


def test_one_is_one_and_less_is_not_none(pack: data.Pack) -> None:
    lone = pointed(pack, unidentified_misuse_calls=1.0, hours_all_misuse=1.2, hours_persistent=0.3)
    said = " ".join(brief.compose(lone).sentences())
    assert "Whoever made the 1 misuse call without a usable number" in said
    assert "days’ work a month; 1 hour of handling" in said
    assert "; under one hour of handling" in said
    nobody = pointed(pack, misuse_calls=1.0, persistent_callers=0.0)
    day = replace(nobody, settings=Settings(window_days=1))
    assert (
        brief.compose(day).headline
        == "Nobody reached the threshold. 1 misuse call was counted in the 1 day to 31 December 2025."
    )
    assert plain.unidentified(1, 0.1, 0.2, is_counted=True).endswith(
        "Whoever made it, the share lies between 10.0% and 20.0%."
    )
    assert "Whoever made them" in plain.unidentified(2, 0.1, 0.2, is_counted=True)


def test_a_mean_under_one_is_not_called_none(pack: data.Pack) -> None:
    rare = [
        row | {"misuse_calls": 1 if row is pack.months[0] else 0, "persistent_misuse_calls": 0} for row in pack.months
    ]
    found = replace(pack, months=rare)
    said = document._readings(found, figures.workload(found))
    assert said[0].startswith("A, all misuse: under one call a month, ")
    assert said[1].startswith("B, persistent callers alone: no calls a month, ")


def test_the_room_calls_an_interval_one_of_95_where_its_method_does() -> None:
    row = {"low": 0.1, "high": 0.25, "unit": "share", "method": "P over M"}
    assert words.interval(row) == "95% interval 10.0% to 25.0%"
    assert words.interval(row | {"method": "P over M; 95% is not claimed: 3 callers"}).startswith(
        "interval 10.0% to 25.0%"
    )


def test_a_log_that_begins_inside_the_earlier_window_is_said_to(pack: data.Pack) -> None:
    """Nobody can leave a count that the log had fewer days for: "nobody left" alone would read as a finding."""
    assert wording.lacking(replace(pack, changes=replace(pack.changes, days_lacking=0))) == ""
    said = wording.lacking(replace(pack, changes=replace(pack.changes, days_lacking=14)))
    assert said == "; the log lacks 14 days of the window before, so more can enter and fewer leave"
