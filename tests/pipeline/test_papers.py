"""What a run writes for people: the brief of one page, the pictures, the public summary; every figure held against its source."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pypdf
import pytest

from misuse import intake, pipeline
from misuse.errors import MisuseError
from misuse.reports import brief, data, public, wording
from misuse.reports.data import SINCE
from misuse.settings import Rates, Settings
from tests.commands import misuse
from tests.logs import NOW, random_rows, settings_for, write_csv

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
TOKEN = re.compile(r"K-[0-9A-F]{10}|\bc[0-9a-f]{16}\b|[0-9a-f]{8}-[0-9a-f]{4}-")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Fourteen months of random rows with a campaign and rates, run twice: a month before the end, then with all of it."""
    folder = tmp_path_factory.mktemp("papers")
    settings = settings_for(
        folder / "home",
        rates=Rates(handler_hour_pounds=30.0, unit_hour_pounds=60.0, source="an invented rate"),
        campaigns={"visits 2025": date(2025, 6, 2)},
    )
    rows = random_rows(11, count=2600, days=420, start=datetime(2024, 9, 10))
    path = write_csv(folder / "calls.csv", rows)
    for outcome in intake.ingest_files(settings, [path], "calls", actor="tester", now=NOW):
        if isinstance(outcome, MisuseError):
            raise outcome
    run_id = pipeline.begin(settings, date(2025, 9, 30), NOW)
    for name in pipeline.STEPS:
        if name != "report":
            pipeline.step(settings, run_id, name, NOW)
    pipeline.finish(settings, run_id, NOW)
    pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester")
    return settings


@pytest.fixture(scope="module")
def out(home: Settings) -> Path:
    return home.reports_path / home.current_path.resolve().stem


@pytest.fixture(scope="module")
def pack(home: Settings) -> data.Pack:
    return data.read(home.current_path, home, NOW)


@pytest.fixture(scope="module")
def document(home: Settings) -> dict[str, Any]:
    printed = misuse(home.home, "estimate", "--json")
    assert printed.returncode == 0, printed.stderr
    found: dict[str, Any] = json.loads(printed.stdout)
    return found


def text_of(path: Path) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages).replace("\u2212", "-")


# -- the brief ---------------------------------------------------------------------------------------------------------


def test_the_brief_is_one_page(out: Path) -> None:
    pages = pypdf.PdfReader(out / "brief.pdf").pages
    assert len(pages) == 1
    assert (round(float(pages[0].mediabox.width)), round(float(pages[0].mediabox.height))) == (595, 842)


def test_every_quoted_figure_is_an_estimate_with_its_method(home: Settings, pack: data.Pack) -> None:
    quotes = brief.compose(pack).quotes
    assert len(quotes) > 50
    with duckdb.connect(str(home.current_path), read_only=True) as con:
        for quote in quotes:
            row = con.execute(
                "select point, low, high, bound_low, bound_high, numerator, denominator, method from estimates "
                "where estimate = $name and window_name = $window and counted_by = 'caller'",
                {"name": quote.estimate, "window": quote.window},
            ).fetchone()
            assert row is not None, quote
            found = dict(
                zip(
                    ("point", "low", "high", "bound_low", "bound_high", "numerator", "denominator", "method"),
                    row,
                    strict=True,
                )
            )
            assert found["method"], quote
            if quote.end == "method":
                assert str(quote.value) in found["method"]
            else:
                assert found[quote.end] == quote.value, quote


def test_estimate_json_prints_every_quoted_figure(pack: data.Pack, document: dict[str, Any]) -> None:
    for quote in brief.compose(pack).quotes:
        if quote.window == SINCE and quote.estimate in document["since_log_start"]:
            assert document["since_log_start"][quote.estimate][quote.end] == quote.value, quote
            continue
        printed = document["figures"][quote.estimate]
        assert printed["method"], quote
        assert (
            (str(quote.value) in printed["method"]) if quote.end == "method" else printed[quote.end] == quote.value
        ), quote


def test_no_number_on_the_page_is_without_a_source(out: Path, pack: data.Pack) -> None:
    """Every number of the brief's text is one of a quote, of the frame (run, dates, settings), or of a picture's scale."""
    made = brief.compose(pack)
    known = " ".join(
        [
            *(quote.text for quote in made.quotes),
            *(wording.step(step, pack.settings.threshold) for step in brief.STEPS),
            *brief.alternatives(pack).values(),
            f"{pack.stamp.run_id} {pack.stamp.as_of} {pack.stamp.made_at:%d %Y %H:%M} {pack.first_day} {pack.first_day:%Y %d}",
            f"{pack.stamp.as_of.day} {pack.stamp.made_at.day} {pack.first_day.day if pack.first_day else ''}",
            f"{pack.settings.window_days} {pack.settings.cycle_days} {wording.freshness(pack.stamp)}",
            "95 999 2005 30 1 visits 2025",  # an interval's, the number, the report, over 30 minutes, page 1 of 1, the campaign
            wording.stale_warning(pack.stamp),
        ]
    ).replace("\u2212", "-")  # fmt: skip
    sources = set(NUMBER.findall(known))
    said = set(NUMBER.findall(" ".join(made.sentences()).replace("\u2212", "-")))
    assert said <= sources, said - sources
    # The two pictures' scales: whole percents, and days to a tenth.
    scales = {str(percent) for percent in range(101)} | {f"{tenths / 10:.1f}" for tenths in range(400)}
    on_page = set(NUMBER.findall(text_of(out / "brief.pdf")))
    assert on_page <= sources | scales, on_page - sources - scales


def test_the_pictures_of_the_brief_hold_estimates_alone(pack: data.Pack, document: dict[str, Any]) -> None:
    ends = {
        value
        for row in document["figures"].values()
        for end in ("point", "low", "high", "bound_low", "bound_high")
        if (value := row[end]) is not None
    }
    for specification in brief.pictures(pack).values():
        drawn = [
            row[name]
            for values in _values(specification)
            for row in values
            for name in ("x", "low", "high", "from", "to")
            if row.get(name) is not None
        ]
        assert drawn
        assert set(drawn) <= ends


def _values(part: Any) -> list[list[dict[str, Any]]]:
    """Every table of values in a specification."""
    if isinstance(part, list):
        return [found for one in part for found in _values(one)]
    if not isinstance(part, dict):
        return []
    own = (
        [part["values"]]
        if isinstance(part.get("values"), list) and all(isinstance(v, dict) for v in part["values"])
        else []
    )
    return own + [found for one in part.values() for found in _values(one)]


def test_the_brief_says_what_a_chief_superintendent_asks(out: Path) -> None:
    said = re.sub(r"\s+", " ", text_of(out / "brief.pdf"))
    for words in (
        "(interval", "the share lies between", "How far to trust that interval", "Reading A, all misuse", "Reading B, persistent callers",
        "the 2005 count", "the headline", "came over the line", "not cashable", "Not corrected", "for genuine callers",
        "it is no trend", "met on its merits", "safeguards are blind", "“visits 2025”",
    ):  # fmt: skip
        assert words in said, words
    assert not TOKEN.search(said.replace(out.name, ""))


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_every_statistic_is_a_picture_or_says_why_not(out: Path) -> None:
    drawn = {path.stem for path in (out / "charts").glob("*.svg")}
    assert drawn == {path.stem for path in (out / "charts").glob("*.png")}
    expected = {
        "shares", "bridge", "windows", "window_table", "thresholds", "concentration", "most_prolific", "ranks", "workload", "hours",
        "rest_codes", "rest_101", "rest_boroughs", "rest_hours", "months", "chart_volume", "chart_share", "chart_regulars",
        "chart_handling", "boroughs_volume", "hours_share", "log_growth", "campaigns", "campaign_visits_2025", "reasons",
        "sensitivity",
    }  # fmt: skip
    assert expected <= drawn, expected - drawn
    book = re.sub(r"\s+", " ", text_of(out / "pictures.pdf"))
    for title in (
        "Persistent callers with coding error reckoned with",
        "This year against last",
        "How often each code is right",
        "What it goes together with for genuine callers",
        "Who came over the line and who left it",
    ):
        assert f"{title}: not drawn, since " in book, title


# -- the public summary ------------------------------------------------------------------------------------------------


def test_the_public_summary_holds_no_person(out: Path) -> None:
    for name in ("summary.html", "summary.csv"):
        said = (out / "public" / name).read_text(encoding="utf-8").replace(out.name, "")
        assert not TOKEN.search(said), name
        assert not re.search(r"\b07\d{9}\b|\+44", said)
        assert "OFFICIAL-SENSITIVE" not in said


def test_page_and_table_say_the_same(out: Path, pack: data.Pack) -> None:
    rows = list(csv.DictReader(io.StringIO((out / "public/summary.csv").read_text(encoding="utf-8"))))
    page = (out / "public/summary.html").read_text(encoding="utf-8")
    kept = [row for row in rows if row["note"] == public.KEPT_BACK]
    assert kept, "so small a log must keep something back"
    assert all(row["value"] == "" for row in kept)
    assert page.count(public.KEPT_BACK) >= len(kept)
    for row in rows:
        assert row["run_id"] == out.name
        if row["table"].startswith("misuse calls by") and row["value"]:
            assert not 0 < int(row["value"]) < 5, row
            assert f"<td>{int(row['value']):,}</td>" in page, row
