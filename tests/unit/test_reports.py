"""The lists, the pack and the pictures, made from an invented published file and read back by other programs."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import re
import sys
import threading
import zipfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pypdf
import pytest

from misuse import reports
from misuse import wording as plain
from misuse.errors import StoreError
from misuse.progress import Silent
from misuse.published_callers import OfNobody
from misuse.reports import charts, data, document, spreadsheet, text, wording
from misuse.reports import pages as report_pages
from misuse.reports.plots import drawing
from misuse.settings import Settings
from tests import published_fixture as fixture

NOW = datetime(2026, 1, 1, 2, 31, tzinfo=UTC)
SETTINGS = Settings()
WITHOUT_PICTURES = {
    *(f"{name}.{ending}" for name in ("tasking_list", "look_list") for ending in ("csv", "xlsx", "pdf")),
    *("brief.pdf", "pictures.pdf", "public/summary.html", "public/summary.csv", "manifest.json"),
}
PICTURES = (
    "bridge", "concentration", "hours", "months", "rest_101", "rest_boroughs", "rest_codes", "rest_hours", "shares", "workload",
)  # fmt: skip
UNDRAWN = charts.Gallery((), tuple(charts.Absent(name, name, "none") for name in document.COVER_PICTURES), {})
EXPECTED = WITHOUT_PICTURES | {f"charts/{name}.{ending}" for name in PICTURES for ending in ("svg", "png")}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fixture.build(tmp_path_factory.mktemp("published") / "run.duckdb")


@pytest.fixture(scope="module")
def out(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports") / fixture.RUN_ID
    made(published, folder, is_drawn=True)
    return folder


@pytest.fixture(scope="module")
def pack(published: Path) -> data.Pack:
    return data.read(published, SETTINGS, NOW)


def made(published: Path, folder: Path, now: datetime = NOW, *, is_drawn: bool = False) -> Path:
    """The reports in a folder. Drawing takes longer than all the rest, so only who asks of pictures has them."""
    with pytest.MonkeyPatch.context() as patch:
        if not is_drawn:
            patch.setattr(charts, "gallery", lambda _: UNDRAWN)
        reports.write(published, folder, SETTINGS, now, Silent())
    return folder


@cache
def pages(path: Path) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(path).pages]


def squeezed(text: str) -> str:
    """Text without white space, which PDF readers place as they like."""
    return re.sub(r"\s", "", text)


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def cells(path: Path) -> list[object]:
    book = openpyxl.load_workbook(path)
    return [cell.value for sheet in book for line in sheet.iter_rows() for cell in line if cell.value is not None]


def everything(folder: Path) -> str:
    """All that the files say, decoded."""
    said = [path.read_text() for path in folder.rglob("*") if path.suffix in {".csv", ".svg", ".json"}]
    said += [page for path in folder.glob("*.pdf") for page in pages(path)]
    return "\n".join(said + [str(value) for path in folder.glob("*.xlsx") for value in cells(path)])


def test_every_file_is_made_group_readable_and_in_the_manifest(out: Path) -> None:
    found = {str(path.relative_to(out)): path for path in out.rglob("*") if path.is_file()}
    assert set(found) == EXPECTED
    assert {path.stat().st_mode & 0o777 for path in found.values()} == {0o640}
    assert {path.stat().st_mode & 0o777 for path in (out, out / "charts")} == {0o750}
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["run_id"], manifest["as_of"]) == (fixture.RUN_ID, "2025-12-31")
    assert {entry["name"] for entry in manifest["files"]} == EXPECTED - {"manifest.json"}
    for entry in manifest["files"]:
        assert hashlib.sha256(found[entry["name"]].read_bytes()).hexdigest() == entry["sha256"]


def test_charts_are_put_together_by_one_thread(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Altair's setters are shared by all threads: of two at once one picture had the other's field, and "undefined"."""
    threads: list[int] = []
    chart = drawing.chart

    def watched(*values: Any, **size: Any) -> Any:
        threads.append(threading.get_ident())
        return chart(*values, **size)

    for module in [drawing, *(module for name, module in sys.modules.items() if name.startswith(drawing.__package__))]:
        if getattr(module, "chart", None) is chart:
            monkeypatch.setattr(module, "chart", watched)
    made(published, tmp_path / "watched", is_drawn=True)
    assert len(threads) > 20
    assert set(threads) == {threading.get_ident()}


def test_same_file_and_moment_give_the_same_bytes(published: Path, out: Path, tmp_path: Path) -> None:
    again = made(published, tmp_path / "again", is_drawn=True)
    for name in EXPECTED:
        assert (again / name).read_bytes() == (out / name).read_bytes(), name


@pytest.mark.parametrize("name", ["tasking_list.pdf", "look_list.pdf"])
def test_every_page_is_marked_and_dated(out: Path, name: str) -> None:
    for page in pages(out / name):
        assert page.count("OFFICIAL-SENSITIVE") == 2
        for words in (
            fixture.RUN_ID,
            "as-of 31 December 2025",
            "Data to the end of 31 December 2025; made 1 January 2026 02:31; 2 hours old",
        ):
            assert squeezed(words) in squeezed(page)


def test_old_data_is_warned_of_on_every_page_and_sheet(published: Path, tmp_path: Path) -> None:
    folder = made(published, tmp_path, NOW + timedelta(days=3))
    warning = "Warning: the data was 74 hours old when this was made, over the 36 hours allowed."
    assert len(pages(folder / "brief.pdf")) == 1
    assert squeezed(warning) in squeezed((folder / "public/summary.html").read_text())
    for name in ("tasking_list.pdf", "look_list.pdf", "brief.pdf", "pictures.pdf"):
        assert all(squeezed(warning) in squeezed(page) for page in pages(folder / name))
    for sheet in openpyxl.load_workbook(folder / "tasking_list.xlsx"):
        assert sheet["A4"].value.startswith(warning)


def test_a_page_a_caller_for_the_meeting_and_every_reference_somewhere(out: Path, pack: data.Pack) -> None:
    text_of = [squeezed(page) for page in pages(out / "tasking_list.pdf")]
    owned = [page for page in text_of if "Decisionofthemeeting" in page]
    assert len(owned) == len(pack.meeting) == fixture.CAPACITY
    for row, page in zip(pack.meeting, owned, strict=True):
        assert row["case_ref"] in page
        assert f"Part{row['part']}:" in page
        assert "WHYITMIGHTBEWRONG–" in page.upper()
    whole = "".join(text_of)
    assert all(row["case_ref"] in whole for row in pack.tasking)


def test_the_cover_says_headline_bridge_and_decisions(out: Path, pack: data.Pack) -> None:
    cover = squeezed(pages(out / "tasking_list.pdf")[0])
    assert squeezed(wording.headline(pack)) in cover
    for row in pack.steps():
        assert (
            squeezed(f"{wording.step(row['step'], 10)}{row['callers']:,}{row['calls']:,}{row['misuse_calls']:,}")
            in cover
        )
    for title in wording.PARTS[1], wording.PARTS[2], wording.PARTS[3]:
        assert squeezed(title) in cover
    assert "Since1January2025" in cover


def test_csv_rows_are_the_published_rows_and_carry_the_run(out: Path, pack: data.Pack) -> None:
    listed, looked = rows(out / "tasking_list.csv"), rows(out / "look_list.csv")
    assert [row["caller_id"] for row in listed] == [row["caller_id"] for row in pack.tasking]
    assert Counter(row["caller_id"] for row in looked) == Counter(row["caller_id"] for row in pack.look)
    for row in listed + looked:
        assert (row["run_id"], row["as_of"], row["marking"]) == (fixture.RUN_ID, "2025-12-31", "OFFICIAL-SENSITIVE")
    assert {row["p_at_least_threshold"] for row in listed} == {"not measured"}
    assert listed[4]["handling_hours"] == "not measured"
    assert listed[0]["boroughs"] == wording.joined(pack.tasking[0]["boroughs"])


def test_csv_times_are_the_reporting_zones_with_their_offset(out: Path, pack: data.Pack) -> None:
    for row, kept in zip(rows(out / "tasking_list.csv"), pack.tasking, strict=True):
        for name in ("first_misuse_at", "last_misuse_at", "tenth_misuse_at"):
            there = wording.local(kept[name], pack.zone)
            assert row[name] == ("" if there is None else there.isoformat(sep=" ", timespec="seconds"))
    summer = dataclasses.replace(pack, tasking=[{**pack.tasking[0], "last_misuse_at": datetime(2025, 7, 1, 20, 31)}])
    (row,) = csv.DictReader(io.StringIO(text.tasking_list(summer).decode(), newline=""))
    assert row["last_misuse_at"] == "2025-07-01 21:31:00+01:00"


def test_of_a_look_list_that_nobody_turns_over_the_urgent_are_printed_first(pack: data.Pack) -> None:
    every = report_pages.look(pack, whole=True)
    urgent = sum(bool(row["is_urgent"]) for row in pack.look)
    assert 1 < urgent < len(pack.look)
    for most in (urgent - 1, urgent + 1):
        some = report_pages.look(pack, whole=True, most=most)
        printed = {json.dumps(row) for group in some["groups"] for row in group["rows"]}
        wanted = [group for group in every["groups"] if "rgent" in group["title"]]
        missing = [row for group in wanted for row in group["rows"] if json.dumps(row) not in printed]
        assert sum(len(group["rows"]) for group in some["groups"]) == most
        assert len(missing) == max(urgent - most, 0)
        assert f"{most:,}, the urgent first; {len(missing):,} urgent are not" in some["note"]
    assert report_pages.look(pack, whole=True, most=len(pack.look)) == every


def test_the_look_list_tells_of_stopped_calls_of_nobody(pack: data.Pack) -> None:
    told = dataclasses.replace(pack, of_nobody=OfNobody(calls=14, urgent=3, new=2, tonight=1))
    sentence = "14 stopped calls of nobody known: 3 urgent, 2 new"
    for some in (told, dataclasses.replace(told, look=[])):
        assert sentence in report_pages.look(some, whole=True)["note"]
        with zipfile.ZipFile(io.BytesIO(spreadsheet.look_list(some))) as book:
            assert sentence in book.read("xl/sharedStrings.xml").decode()
    assert "of nobody known" not in report_pages.look(pack, whole=True)["note"]


def test_look_list_pdf_is_whole(out: Path, pack: data.Pack) -> None:
    whole = squeezed("".join(pages(out / "look_list.pdf")))
    assert len(pack.look) > 60
    assert all(row["case_ref"] in whole for row in pack.look)


def test_sheets_have_filters_frozen_headers_and_print_set_up(out: Path, pack: data.Pack) -> None:
    book = openpyxl.load_workbook(out / "tasking_list.xlsx")
    assert book.sheetnames == ["Summary", "Tasking list", "Look list", "Persistent callers", "Months"]
    sizes = {
        "Tasking list": pack.tasking,
        "Look list": pack.look,
        "Persistent callers": pack.persistent,
        "Months": pack.months,
    }
    for sheet in [*book, *openpyxl.load_workbook(out / "look_list.xlsx")]:
        assert sheet.auto_filter.ref
        assert sheet.freeze_panes
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert "OFFICIAL-SENSITIVE" in sheet.oddHeader.center.text
        assert fixture.RUN_ID in sheet.oddFooter.left.text
        assert fixture.RUN_ID in sheet["A3"].value
        assert sheet["A2"].value.startswith("OFFICIAL-SENSITIVE")
        if sheet.title in sizes:
            assert sheet.print_title_rows == "$1:$6"
            assert sheet.max_row == 6 + len(sizes[sheet.title])
    ranks = [cell.value for cell in book["Tasking list"]["A"][6:]]
    assert ranks == [row["rank"] for row in pack.tasking]
    assert book["Tasking list"].conditional_formatting


HOSTILE = ['=HYPERLINK("x")', "+1", "-2", "@SUM(A1)", "\tTAB", "\rCR", "＝1"]


def test_no_cell_is_a_formula_and_csv_text_is_neutral(published: Path, tmp_path: Path) -> None:
    plain = data.read(published, SETTINGS, NOW).tasking
    hostile = [
        row | {"owner": HOSTILE[i % 7], "reasons": [HOSTILE[i % 7], "x"], "status": HOSTILE[i % 7]}
        for i, row in enumerate(plain)
    ]
    source = fixture.build(tmp_path / "h.duckdb", tasking_list=pl.DataFrame(hostile, infer_schema_length=None))
    folder = made(source, tmp_path / "out")
    for sheet in openpyxl.load_workbook(folder / "tasking_list.xlsx"):
        assert not [cell.coordinate for line in sheet.iter_rows() for cell in line if cell.data_type == "f"]
    for row in rows(folder / "tasking_list.csv"):
        assert not [value for value in row.values() if value.startswith(text.FORMULA_STARTS)]
        assert row["owner"].startswith("'")


def test_nobody_is_called_an_offender_and_no_call_is_to_be_left(out: Path) -> None:
    said = everything(out).lower()
    assert "offender" not in said
    assert not re.search(r"(do not|don't|need not|stop) (answer|attend|respond)", said)
    assert not re.search(r"(?<![\d.])0\d{9,10}\b|\+44", said)


@pytest.mark.parametrize("persons", [None, 0])
def test_empty_lists_are_said_to_be_empty(persons: int | None, tmp_path: Path) -> None:
    path = tmp_path / "empty.duckdb"
    fixture.empty(path) if persons is None else fixture.build(path, persons=persons)
    folder = made(path, tmp_path / "out", is_drawn=True)
    assert {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} == (
        WITHOUT_PICTURES if persons is None else EXPECTED
    )
    assert rows(folder / "tasking_list.csv") == []
    assert len(pages(folder / "brief.pdf")) == 1
    whole = "\n".join(pages(folder / "tasking_list.pdf"))
    first = "No misuse calls were counted" if persons is None else "Nobody made 10 or more of the"
    assert squeezed(first) in squeezed(whole)
    assert "Nobody is waiting." in whole
    assert "Nobody is eligible for tasking in this window." in cells(folder / "tasking_list.xlsx")


def test_null_figures_are_not_noughts(out: Path, pack: data.Pack) -> None:
    unmeasured = next(row for row in pack.meeting if row["handling_hours"] is None)
    page = next(
        p for p in pages(out / "tasking_list.pdf") if unmeasured["case_ref"] in p and "Decision of the meeting" in p
    )
    assert squeezed("Handling time not measured") in squeezed(page)
    sheet = openpyxl.load_workbook(out / "tasking_list.xlsx")["Tasking list"]
    columns = {cell.value: cell.column for cell in sheet[6]}
    assert sheet.cell(6 + unmeasured["rank"], columns["Handling hours"]).value is None
    assert "blank = not measured" in sheet["A5"].value
    for name in ("Handling hours", "Unit hours", "Misuse calls in window", "Chance the true count is at threshold"):
        held = {
            cell.data_type for line in sheet.iter_rows(7, min_col=columns[name], max_col=columns[name]) for cell in line
        }
        assert held == {"n"}, name


def test_age_is_reckoned_across_a_clock_change(published: Path) -> None:
    march = pl.DataFrame([fixture._run_row(0, 0, 0) | {"as_of": date(2026, 3, 28)}])
    path = fixture.create(published.with_name("march.duckdb"), {"runs": march})
    stamp = data.read(path, SETTINGS, datetime(2026, 3, 29, 11, 0, tzinfo=UTC)).stamp
    assert stamp.hours_old == 11  # noon by the clock on the wall, an hour having been lost
    assert f"{stamp.made_at:%H:%M}" == "12:00"


def test_changes_match_a_count_by_hand(pack: data.Pack) -> None:
    calls = fixture.invented(40, 20051208)["calls"]
    cut = fixture.AS_OF - timedelta(days=SETTINGS.cycle_days)
    then = calls.filter(
        pl.col("is_misuse") & (pl.col("local_date") <= cut) & (pl.col("local_date") > cut - timedelta(days=365))
    )
    earlier = {caller for caller, made_calls in Counter(then["caller_id"]).items() if caller and made_calls >= 10}
    now = {row["caller_id"] for row in pack.tasking}
    assert {row["caller_id"] for row in pack.changes.entered} == now - earlier
    assert {row["caller_id"] for row in pack.changes.left} == earlier - now


def test_a_page_always_says_why_it_might_be_wrong() -> None:
    assert len(wording.doubts({"doubts": None}, 1)) == 2
    assert any("3 numbers were joined" in line for line in wording.doubts({"doubts": []}, 3))
    own = ["The number may have been handed on.", "Two codes look odd."]
    assert wording.doubts({"doubts": own}, 1) == own


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "not measured"), (0.0, "0.0%"), (0.0002, "under 0.1%"), (0.4312, "43.1%"), (1.0, "100.0%")],
)
def test_shares_are_written_one_way(value: float | None, written: str) -> None:
    assert wording.share(value) == written


def test_a_missing_published_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no published file"):
        reports.write(tmp_path / "none.duckdb", tmp_path / "out", SETTINGS, NOW, Silent())


@pytest.mark.parametrize("times", [1, 5])
def test_every_caller_has_exactly_one_page_however_long_the_text(published: Path, tmp_path: Path, times: int) -> None:
    long = "A welfare call or visit by the neighbourhood team, asked through the borough and agreed with the provider of care."
    plain = data.read(published, SETTINGS, NOW).tasking
    wordy = [row | {name: [long] * 5 * times for name in ("reasons", "doubts", "options")} for row in plain]
    source = fixture.build(tmp_path / "w.duckdb", tasking_list=pl.DataFrame(wordy, infer_schema_length=None))
    meeting = data.read(source, SETTINGS, NOW).meeting
    folder = made(source, tmp_path / "out", NOW + timedelta(days=3))  # the warning takes a line more
    said = [squeezed(page) for page in pages(folder / "tasking_list.pdf")]
    first = next(number for number, page in enumerate(said) if "Decisionofthemeeting" in page)
    for row, page in zip(meeting, said[first : first + len(meeting)], strict=True):
        assert row["case_ref"] in page
        assert "Decisionofthemeeting" in page
        assert "WHYLISTED" in page.upper()
    assert said[first + len(meeting)].find("Part4:Waiting") >= 0


def premises_only(tmp_path: Path) -> Path:
    """A log that names the place called from and never a telephone number."""
    rows = fixture.invented(0, 1)
    called = rows["calls"].filter(pl.col("is_misuse"))["caller_id"].drop_nulls()
    place = next(name for name in rows["caller_windows"]["caller_id"] if name in set(called))
    windows = rows["caller_windows"].with_columns(
        misuse_calls=pl.when(pl.col("caller_id") == place).then(61).otherwise("misuse_calls"),
        most_misuse_calls_month=pl.when(pl.col("caller_id") == place).then(15).otherwise(0),
    )
    kind = pl.when(pl.col("caller_id").is_not_null()).then(pl.lit("premises"))
    listed = {
        "calls": rows["calls"].with_columns(identity_kind=kind),
        "callers": rows["callers"].with_columns(identity_kind=kind),
        "caller_windows": windows,
    }
    return fixture.build(tmp_path / "p.duckdb", persons=0, **listed)


def test_a_log_without_numbers_is_not_said_to_hold_nobody(tmp_path: Path) -> None:
    source = premises_only(tmp_path)
    pack = data.read(source, SETTINGS, NOW)
    assert wording.headline(pack).startswith("This log has no telephone numbers, so persons cannot be counted.")
    assert "1 premises made 15 or more in a calendar month (61 calls in all, " in wording.apart(pack)
    folder = made(source, tmp_path / "out")
    said = everything(folder)
    assert "Nobody made 10 or more" not in said
    assert "between 0.0% and 0.0%" not in said
    cover = squeezed(pages(folder / "tasking_list.pdf")[0])
    assert squeezed(wording.headline(pack)) in cover
    assert squeezed(wording.apart(pack)) in cover


def test_shared_lines_are_said_apart_from_persons() -> None:
    found = {"shared_line": {"callers": 1, "misuse_calls": 20}, "premises": {"callers": 2, "misuse_calls": 30}}
    assert plain.apart(found, 15, 100) == [
        "1 shared line made 15 or more in a calendar month (20 calls in all, 20.0% of misuse).",
        "2 premises made 15 or more in a calendar month (30 calls in all, 30.0% of misuse).",
    ]
    assert "shared line" in plain.uncounted(0, 3)
    assert plain.uncounted(1, 0) == ""


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0.9, "not yet an hour old"), (1.99, "1 hour old"), (95.9, "95 hours old"), (119.9, "4 days old")],
)
def test_ages_are_never_rounded_up(hours: float, said: str) -> None:
    assert plain.age(hours) == said


def test_a_first_list_says_that_it_is_the_first(out: Path, tmp_path: Path) -> None:
    plain_rows = fixture.invented(40, 20051208)["tasking_list"]
    first = plain_rows.with_columns(is_new=pl.lit(False))
    source = fixture.build(tmp_path / "f.duckdb", tasking_list=first, cases=first.head(0).select("case_ref"))
    cover = squeezed(pages(made(source, tmp_path / "out") / "tasking_list.pdf")[0])
    assert squeezed("First list: no earlier meeting to compare with; against the same count one cycle ago") in cover
    assert "Newtothemeeting" not in cover
    assert "Firstlist" not in squeezed(pages(out / "tasking_list.pdf")[0])


def test_one_quiet_for_ninety_days_is_asked_about_as_such() -> None:
    row = {"part": 3, "misuse_calls_d90": 0}
    assert report_pages.ask(row) == "Quiet for 90 days: leave waiting?"
    assert report_pages.ask(row | {"misuse_calls_d90": 1}).startswith("Take up")


def test_the_look_list_leads_with_what_is_new_and_urgent(out: Path, pack: data.Pack) -> None:
    order = [(not row["is_new"], not row["is_urgent"]) for row in pack.look]
    assert order == sorted(order)
    summary = squeezed(pages(out / "look_list.pdf")[0])
    both = sum(bool(row["is_new"] and row["is_urgent"]) for row in pack.look)
    assert squeezed(f"All on the list {len(pack.look)} {sum(row['is_new'] for row in pack.look)} {both}") in summary
    assert squeezed(f"{wording.of(both, 'caller')} new this cycle and urgent") in squeezed(
        pages(out / "tasking_list.pdf")[0]
    )


def test_the_same_bridge_is_not_printed_twice(out: Path) -> None:
    whole = squeezed("".join(pages(out / "tasking_list.pdf")))
    assert whole.count("Everycallcodedmisuse") == 1
    assert squeezed("the bridge is that of page 1") in whole


def test_the_brief_stays_on_its_page_whatever_there_is_to_say(pack: data.Pack, tmp_path: Path) -> None:
    means = [
        {"campaign": f"visits to school number {n} of the borough, and letters to parents", "began": date(2025, 6, 1), "figure": "mean",
         "point": 0.1, "low": 0.0, "high": 0.2, "is_finding": bool(n % 2), "method": "m"}
        for n in range(40)
    ]  # fmt: skip
    full = dataclasses.replace(pack, statistics={**pack.statistics, "campaign_effects": means})
    path = tmp_path / "brief.pdf"
    path.write_bytes(document.monthly_brief(full))
    assert len(pages(path)) == 1
    assert squeezed("visits to school number 39 of the borough") in squeezed(pages(path)[0])


def test_codes_corrected_are_on_the_cover_and_the_brief(pack: data.Pack, tmp_path: Path) -> None:
    assert wording.corrected(pack) == ""
    kept = {
        "window_name": "headline",
        "counted_by": "caller",
        "bound_low": None,
        "bound_high": None,
        "method": "calls coded again",
    }
    added = [
        kept | {"estimate": "corrected_persistent_callers", "point": 57.0, "low": 51.0, "high": 63.0},
        kept | {"estimate": "corrected_share_of_misuse", "point": 0.5, "low": 0.4, "high": 0.6},
    ]
    mended = dataclasses.replace(pack, estimates=[*pack.estimates, *added])
    (tmp_path / "list.pdf").write_bytes(document.tasking_list(mended, UNDRAWN))
    (tmp_path / "brief.pdf").write_bytes(document.monthly_brief(mended))
    assert squeezed(
        "57 people (51 to 63) are truly over the line, 50.0% of misuse (40.0% to 60.0%): 95% intervals if codes err alike"
    ) in squeezed(pages(tmp_path / "list.pdf")[0])
    assert squeezed(
        "57 (51 to 63) persons are truly over the line, 50.0% (40.0% to 60.0%) of misuse, if codes err alike whoever calls"
    ) in squeezed(pages(tmp_path / "brief.pdf")[0])


def test_a_page_says_how_sure_codes_are_where_they_were_tried() -> None:
    assert (
        "chance that enough of them are right is 83%"
        in wording.doubts({"doubts": [], "p_at_least_threshold": 0.83}, 1)[1]
    )


def test_a_chance_by_few_calls_coded_again_says_so() -> None:
    few = "few calls were coded again: of frequent callers' 34 coded misuse, 20 coded otherwise"
    said = wording.doubts({"doubts": [], "p_at_least_threshold": 0.83}, 1, few)[1]
    assert said.endswith(f"is 83% ({few}).")
    own = ["A number is taken as one person.", "Codes err: the chance is 40%."]
    assert wording.doubts({"doubts": own, "p_at_least_threshold": 0.4}, 1, few)[2].endswith(f"a rough one: {few}.")
    assert wording.doubts({"doubts": own, "p_at_least_threshold": 0.4}, 1) == own


def test_a_sheet_calls_an_interval_one_of_95_only_where_its_method_does(pack: data.Pack) -> None:
    with_ends = [row for row in pack.estimates if row["low"] is not None]
    assert len(with_ends) > 1
    not_claimed = with_ends[0] | {"method": "95% is not claimed at this size of log"}
    without = with_ends[1] | {"low": None, "high": None}
    mended = dataclasses.replace(pack, estimates=[not_claimed, without, *with_ends[2:]])
    book = openpyxl.load_workbook(io.BytesIO(spreadsheet.tasking_list(mended)))
    rows = [[cell.value for cell in row] for row in book["Summary"].iter_rows()]
    headings = next(n for n, row in enumerate(rows) if row[0] == "Figure")
    assert not [name for name in rows[headings] if name and "95%" in name]
    place = rows[headings].index("Interval's level")
    levels = [row[place] for row in rows[headings + 1 :]]
    assert levels == ["95% not claimed", None, *["95%"] * (len(with_ends) - 2)]
