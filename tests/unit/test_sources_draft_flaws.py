"""`source draft` on logs with the flaws that real ones have: a footer, a row twice, a word for a time, ids that restart."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from misuse import sources
from misuse.errors import InputError
from misuse.progress import Silent
from misuse.sources.layout import Layout, from_declaration

NOW = datetime(2027, 1, 1)
HEADER = "Call Id,Received,Phone,Closing Code"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def moments(count: int = 300) -> list[datetime]:
    chance = random.Random(1)
    start = datetime(2026, 9, 1, 8)
    return sorted(start + timedelta(seconds=chance.randrange(60 * 86400)) for _n in range(count))


def phone(n: int) -> str:
    return f"07700 900{n * 7 % 1000:03}"


def code(n: int) -> str:
    return ("HOAX CALL", "CRIME", "ROAD ACCIDENT")[n % 3]


def drafted(con: duckdb.DuckDBPyConnection, tmp_path: Path, lines: list[str]) -> tuple[str, Layout]:
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = sources.draft(path, "drafted", con)
    return text, from_declaration("drafted", tomllib.loads(text)["sources"]["drafted"])


def accepted(con: duckdb.DuckDBPyConnection, tmp_path: Path, layout: Layout) -> tuple[int, int]:
    path, scratch = tmp_path / "log.csv", tmp_path / "scratch"
    result = sources.read(con, path, layout, scratch=scratch, now=NOW, tracker=Silent())
    return result.accepted, result.rows


def test_a_word_among_the_times_of_day_is_one_row_s(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        f"C{n:05},{at:%d/%m/%Y},{'TBC' if n == 5 else format(at, '%H:%M')},{phone(n)},{code(n)}"
        for n, at in enumerate(moments(100))
    ]
    _text, layout = drafted(con, tmp_path, ["Ref,Date,Time,CLI,Code", *rows])
    assert layout.columns["received_at"] == ("Date", "Time")
    assert layout.columns["call_id"] == ("Ref",)
    assert accepted(con, tmp_path, layout) == (99, 100)


def test_columns_of_one_name_are_told_apart(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        f"C{n:05},{at:%d/%m/%Y},{at:%H:%M},{phone(n)},{code(n)},{at + timedelta(minutes=9):%H:%M},Z"
        for n, at in enumerate(moments(100))
    ]
    text, layout = drafted(con, tmp_path, ["Extract", "Ref,Date,Time,CLI,Code,Time,Code", *rows])
    assert (layout.header, layout.skip_rows) == (False, 2)
    assert layout.column_names == ("Ref", "Date", "Time", "CLI", "Code", "Time (2)", "Code (2)")
    assert "comes more than once" in text
    assert layout.columns["received_at"] == ("Date", "Time")
    assert accepted(con, tmp_path, layout) == (100, 100)


@pytest.mark.parametrize("written", ["iso", "java", "basic", "spaced", "fraction"])
def test_a_draft_of_iso_times_reads_them_all(con: duckdb.DuckDBPyConnection, tmp_path: Path, written: str) -> None:
    forms = {"iso": "%Y-%m-%dT%H:%M:%S+01:00", "basic": "%Y%m%dT%H%M%SZ", "spaced": "%Y-%m-%dT%H:%M:%S +01:00"}
    forms |= {"fraction": "%Y-%m-%d %H:%M:%S.5 +0100"}
    rows = []
    for n, at in enumerate(moments(100)):
        form = forms.get(written, f"%Y-%m-%dT%H:%M{':%S' if n % 7 else ''}+01:00")
        rows.append(f"C{n:05},{at:{form}},{phone(n)},{code(n)}")
    text, layout = drafted(con, tmp_path, [HEADER, *rows])
    assert accepted(con, tmp_path, layout) == (100, 100), text
    assert bool(layout.time_rule("received_at").formats) == (written not in ("iso", "java"))


def workbook(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    """A workbook of these sheets; a timedelta is a cell of elapsed time."""
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        elapsed = book.add_format({"num_format": "[h]:mm:ss"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for place, row in enumerate(rows):
                for column, cell in enumerate(row):
                    is_elapsed = isinstance(cell, timedelta)
                    sheet.write(place, column, cell, elapsed) if is_elapsed else sheet.write(place, column, cell)
    return path


def sheet_of(first: int, last: int, *more: object) -> list[list[object]]:
    rows = [[f"C{n:05}", str(at), phone(n), code(n), *more] for n, at in enumerate(moments())]
    return [[*HEADER.split(","), *("Unit Time" for _cell in more)], *rows[first:last]]


def test_a_workbook_with_elapsed_times_is_drafted(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = workbook(tmp_path / "log.xlsx", {"Calls": sheet_of(0, 60, timedelta(hours=30))})
    text = sources.draft(path, "drafted", con)
    assert "60 of 60 rows go in" in text


HOSTILE = "\u202eNov\u202e, of which forty are shown"[:31]
NOT_READ = (
    "only the first sheet was read; others hold rows too: 'Oct', '\\u202eNov\\u202e, of which forty are sho…', '…' and 2 more. "
    'Declare one source for each with sheet = "…", or save the sheets as files of their own; where the first alone is meant, '
    "name it with sheet in the layout"
)
MONTHS = {
    "Sep": sheet_of(0, 60),
    "Oct": sheet_of(60, 120),
    HOSTILE: sheet_of(120, 180),
    "07700 900123": sheet_of(180, 200),
    "Notes": [["one cell"]],
    "Dec": sheet_of(200, 220),
    "Jan": sheet_of(220, 240),
}
SHEETS = {
    "call_id": "Call Id",
    "received_at": "Received",
    "cli": "Phone",
    "closing_code": "Closing Code",
}


def test_sheets_that_are_not_read_are_named(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = workbook(tmp_path / "log.xlsx", MONTHS)
    layout = from_declaration("calls", {"format": "xlsx", "columns": SHEETS})
    result = sources.read(con, path, layout, scratch=tmp_path / "scratch", now=NOW, tracker=Silent())
    assert (result.rows, result.oddities["sheets_not_read"]) == (60, 5)
    assert result.advice() == [NOT_READ]
    report = sources.check(con, path, layout, scratch=tmp_path / "scratch", now=NOW, tracker=Silent())
    assert NOT_READ in report.advice
    text = sources.draft(path, "drafted", con)
    assert text.count("hold rows too: 'Oct'") == 1
    assert "900123'" not in text
    named = from_declaration("calls", {"format": "xlsx", "columns": SHEETS, "sheet": "Sep"})
    result = sources.read(con, path, named, scratch=tmp_path / "scratch", now=NOW, tracker=Silent())
    assert (result.rows, result.advice(), "sheets_not_read" in result.oddities) == (60, [], False)


def test_a_draft_of_the_fullest_sheet_names_the_others(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    cover: dict[str, list[list[object]]] = {"Cover": [["Calls"]]}
    path = workbook(tmp_path / "log.xlsx", {**cover, "Sep": sheet_of(0, 60), "Oct": sheet_of(60, 90)})
    text = sources.draft(path, "drafted", con)
    assert 'sheet = "Sep"' in text
    assert "# only this sheet is read; others hold rows too: 'Oct'. Declare one source" in text


def simple(count: int = 300) -> list[str]:
    return [f"C{n:05},{at},{phone(n)},{code(n)}" for n, at in enumerate(moments(count))]


@pytest.mark.parametrize(
    "rows",
    [
        [*simple(), simple()[5]],
        [*simple(), ",Total calls: 300,,"],
        [*simple(), "Total,,,300", HEADER, "Total,,,300"],
        [*simple()[:200], *simple()[150:]],
    ],
    ids=["a row twice", "a footer", "footers and a header", "two extracts"],
)
def test_a_flaw_takes_no_id_from_a_log(con: duckdb.DuckDBPyConnection, tmp_path: Path, rows: list[str]) -> None:
    _text, layout = drafted(con, tmp_path, [HEADER, *rows])
    assert layout.columns["call_id"] == ("Call Id",)


def test_what_a_row_number_costs_is_said(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [f"C{n:05},{at},{phone(n)},{code(n)}" for n, at in enumerate(moments())]
    other = [row.replace("C0", "C9", 1).rsplit(",", 1)[0] + ",OPEN" for row in rows[:50]]
    again = [row.rsplit(",", 1)[0] + ",OPEN" for row in rows[:50]]  # another state, and nothing says which is later
    text, layout = drafted(con, tmp_path, [HEADER, *rows, *other, *again])
    assert layout.columns["call_id"] == ("{row}", "Received")
    assert "is counted twice, so files of this source must not overlap" in text


DESKS = "Call No,Desk,Received,Phone,Closing Code,Last Updated"


def at_desks(*, desks: str, states: int = 1) -> list[str]:
    """A log whose numbers begin anew at each desk; each call comes in so many states, a status going on with them."""
    return [
        f"{1000 + n // len(desks)},{desks[n % len(desks)]},{at},{phone(n) if n % 5 else 'withheld'},{code(n + state)},"
        f"{at + timedelta(minutes=30 + state)}"
        for n, at in enumerate(moments())
        for state in range(states)
    ]


@pytest.mark.parametrize("states", [1, 2])
@pytest.mark.parametrize(
    ("header", "call_id"),
    [
        (DESKS, ("Call No", "Desk")),
        (DESKS.replace("Desk", "Zzz"), ("Call No", "Received")),
    ],
)
def test_an_id_that_other_calls_share_is_not_enough(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, header: str, call_id: tuple[str, ...], states: int
) -> None:
    text, layout = drafted(con, tmp_path, [header, *at_desks(desks="AB", states=states)])
    assert layout.columns["call_id"] == call_id
    assert "the id alone stands for different calls" in text
    assert '# not mapped: "Desk"' not in text


def test_what_changes_with_a_call_s_states_is_no_desk(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = at_desks(desks="AB", states=2)  # the states of a call follow each other
    rows = [row.replace(",A,", ",Y,").replace(",B,", ",Y,") if n % 2 else row for n, row in enumerate(rows)]
    _text, layout = drafted(con, tmp_path, [DESKS, *rows])
    assert layout.columns["call_id"] == ("Call No", "Received")


def test_states_of_one_call_share_its_id(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    _text, layout = drafted(con, tmp_path, [DESKS, *at_desks(desks="A", states=2)])
    assert layout.columns["call_id"] == ("Call No",)


def dated(
    written: str, other: str = "", *, every: int = 20, last_day: int = 31, number: str = "07700 900{:03}"
) -> list[str]:
    moved = [at.replace(day=min(at.day, last_day)) for at in moments()]
    return [
        f"C{n:05},{at:{other if other and n % every == 7 else written}},{number.format(n * 7 % 1000)},{code(n)}"
        for n, at in enumerate(moved)
    ]


@pytest.mark.parametrize(
    ("main", "other", "first"),
    [("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "month"), ("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "day")],
)
def test_day_first_and_month_first_are_not_both_proposed(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, main: str, other: str, first: str
) -> None:
    text, layout = drafted(con, tmp_path, [HEADER, *dated(main, other)])
    assert layout.time_rule("received_at").formats == (main,)
    fits, rows = accepted(con, tmp_path, layout)
    assert fits < rows
    assert f"{rows - fits} of 299 different values do not fit and seem to have the {first} first" in text
    assert "misread" in text


def test_a_british_log_of_early_days_has_the_day_first(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text, layout = drafted(con, tmp_path, [HEADER, *dated("%d/%m/%Y %I:%M %p", last_day=9)])
    assert layout.time_rule("received_at").formats == ("%d/%m/%Y %I:%M %p",)
    assert "it may be '%m/%d/%Y %I:%M %p'" in text
    _text, layout = drafted(con, tmp_path, [HEADER, *dated("%m/%d/%Y %I:%M %p", last_day=9, number="212 555 0{:03}")])
    assert layout.time_rule("received_at").formats == ("%m/%d/%Y %I:%M %p",)


def by_clocks(tmp_path: Path, name: str, *clocks: str) -> Path:
    """A log whose times of day are in columns of no telling name, or in none."""
    columns = ", ".join(f"time '08:00:00' + to_minutes(n * 7) as {clock}" for clock in clocks)
    query = (
        "select 'C' || n as ref, date '2026-09-01' + (n // 9)::integer as d, '07700 900' || (100 + n) as phone,"
        f" ['HOAX', 'CRIME'][1 + n % 2] as code{', ' + columns if columns else ''} from range(60) t(n)"
    )
    path = tmp_path / name
    duckdb.sql(query).write_parquet(str(path)) if name.endswith("parquet") else duckdb.sql(query).write_csv(str(path))
    return path


def test_typed_times_of_day_are_put_beside_their_dates(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = sources.draft(by_clocks(tmp_path, "log.parquet", "end_time", "tm"), "drafted", con)
    layout = from_declaration("drafted", tomllib.loads(text)["sources"]["drafted"])
    assert layout.columns["received_at"] == ("d", "tm")
    assert layout.time_rule("ended_at").time_only
    assert "60 of 60 rows go in" in text
    assert "midnight" not in text


@pytest.mark.parametrize(
    ("clocks", "says"),
    [
        ((), "every call would be at midnight. Ask for the time of each call"),
        (("tm",), 'If "tm" is its time of day, write ["d", "tm"]'),
        (("tm", "tx"), 'If "tm" or "tx" is its time of day, write ["d", "tm"] or the like'),
    ],
)
def test_a_receipt_without_a_time_of_day_is_told(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, clocks: tuple[str, ...], says: str
) -> None:
    text = sources.draft(by_clocks(tmp_path, "log.csv", *clocks), "drafted", con)
    (line,) = (line for line in text.splitlines() if line.startswith("received_at"))
    assert line.startswith('received_at = "d"  # a date without a time of day')
    assert says in line


def test_keys_that_may_be_somebodys_are_not_shown(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    people = {"07700900123": "07700 900123", "Zelda Quux": str(moments()[0]), "queuedAt": "x", "a1": 1}
    lines = [
        {"Call Id": f"C{n}", "Received": str(at), "calls": people, "07700 900123": {"n": 1}, "Closing Code": code(n)}
        for n, at in enumerate(moments(60))
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    text = sources.draft(path, "drafted", con)
    assert 'not mapped: "calls.queuedAt"' in text
    assert 'not mapped: "calls.a1"' in text
    assert 'not looked at: "calls.•••", keys that may be' in text
    assert 'not looked at: "•••", keys that may be' in text
    assert "Zelda" not in text
    assert "900123" not in text
    assert '"Call Id"' in text


def test_a_key_of_the_last_lines_alone_is_drafted(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    plain = [{"id": f"C{n}", "received": str(moments()[n % 300]), "code": code(n)} for n in range(10_050)]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [*plain, plain[0] | {"seen": "x"}]), encoding="utf-8")
    assert 'not mapped: "seen"' in sources.draft(path, "drafted", con)


def test_objects_of_keys_without_end_are_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps({"id": n, "of": {f"k{n}": 1}}) + "\n" for n in range(3_000)), encoding="utf-8")
    with pytest.raises(InputError, match="over 2,000 different keys"):
        sources.draft(path, "drafted", con)
