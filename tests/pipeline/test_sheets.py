"""A workbook with a sheet per month: whoever takes it in is told which sheets were not read."""

from __future__ import annotations

from misuse import intake
from tests.logs import COLUMNS, NOW, SOURCE, random_rows, settings_for


def test_ingest_names_the_sheets_that_it_did_not_read(tmp_path):
    import xlsxwriter

    path = tmp_path / "log.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for seed, month in enumerate(("Nov", "Dec")):
            sheet = book.add_worksheet(month)
            for place, row in enumerate([dict(zip(COLUMNS, COLUMNS, strict=True)), *random_rows(seed, 30)]):
                sheet.write_row(place, 0, [row.get(name, "") for name in COLUMNS])
    source = {**SOURCE, "format": "xlsx"}
    settings = settings_for(tmp_path / "home", sources={"calls": source})
    (outcome,) = intake.ingest_files(settings, [path], "calls", actor="tester", now=NOW)
    assert (outcome.rows, outcome.oddities["sheets_not_read"]) == (30, 1)
    assert [line for line in outcome.warnings if "hold rows too: 'Dec'" in line]
