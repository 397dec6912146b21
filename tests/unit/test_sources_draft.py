"""`source draft` and `source check` on invented logs of shapes that real ones have."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import random
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

from misuse import sources
from misuse.errors import InputError
from misuse.progress import Silent
from misuse.sources import guess
from misuse.sources.layout import Layout, from_declaration

NOW = datetime(2026, 1, 1)
FTC = Path(__file__).parents[3] / "shared" / "data" / "ftc_dnc_2021-07-08.csv"
CHANCE = random.Random(5)
STREETS = [f"{n} {road}" for n in range(1, 60) for road in ("HIGH ST", "MILL LN", "OAK AVE")]
TYPES = ["DISTURBANCE", "ALARM", "911 HANG UP", "TRAFFIC STOP", "WELFARE CHECK", "911 MISUSE"]


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def moments(count: int = 400) -> list[datetime]:
    return [datetime(2024, 3, 1, 0, 5) + timedelta(minutes=71 * n) for n in range(count)]


def phone() -> str:
    return f"07700900{CHANCE.randrange(1000):03}"


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def drafted(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, Layout]:
    text = sources.draft(path, "drafted", con)
    return text, from_declaration("drafted", tomllib.loads(text)["sources"]["drafted"])


def read_back(con: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> list[datetime]:
    result = sources.read(con, path, layout, scratch=path.parent / "scratch", now=NOW, tracker=Silent())
    assert dict(result.rejected) == {}
    assert not [name for name in result.oddities if "unreadable" in name or "before" in name]
    return [row[0] for row in con.execute("select received_at from parsed_rows order by row_number").fetchall()]


def us_911(moment: datetime, n: int) -> dict[str, Any]:
    later = moment + timedelta(seconds=90)
    return {
        "Incident Number": f"P24{n:06}",
        "Call Received DtTm": moment.strftime("%m/%d/%Y %I:%M:%S %p"),
        "Dispatch DtTm": later.strftime("%m/%d/%Y %I:%M:%S %p"),
        "On Scene DtTm": (later + timedelta(minutes=6)).strftime("%m/%d/%Y %I:%M:%S %p") if n % 3 else "",
        "Call Type": CHANCE.choice(TYPES),
        "Call Final Disposition": CHANCE.choice(["REPORT", "GONE ON ARRIVAL", "UNFOUNDED"]),
        "Priority": CHANCE.choice("ABC"),
        "Address": CHANCE.choice(STREETS),
        "Supervisor District": CHANCE.randrange(1, 9),
    }


def fire_cad(moment: datetime, n: int) -> dict[str, Any]:
    later = [(moment + timedelta(minutes=step)).strftime("%H:%M:%S") for step in (0, 1, 8, 55)]
    return {
        "INCIDENT_ID": 900000 + n,
        "CALL_DATE": moment.strftime("%d/%m/%Y"),
        "CALL_TIME": later[0],
        "DISPATCH_TIME": later[1],
        "ARRIVE_TIME": later[2],
        "CLEAR_TIME": later[3],
        "NATURE": CHANCE.choice(TYPES),
        "LOCATION": CHANCE.choice(STREETS),
        "CALLER_NUMBER": phone(),
    }


def ivr(moment: datetime, n: int) -> dict[str, Any]:
    return {
        "Interaction ID": f"{n:08x}-aa",
        "Start Time": moment.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        "Caller Number": phone(),
        "Agent": CHANCE.choice(["A1", "A2", "A3"]),
        "Talk": f"{CHANCE.randrange(10)}:{CHANCE.randrange(60):02}",
        "Wrap": f"0:{CHANCE.randrange(60):02}",
        "Wrap Up Code": CHANCE.choice(TYPES),
    }


SHAPES: dict[str, tuple[Callable[[datetime, int], dict[str, Any]], dict[str, tuple[str, ...]]]] = {
    "us_911": (
        us_911,
        {
            "call_id": ("Incident Number",),
            "received_at": ("Call Received DtTm",),
            "first_assigned_at": ("Dispatch DtTm",),
            "arrived_at": ("On Scene DtTm",),
            "opening_code": ("Call Type",),
            "result_code": ("Call Final Disposition",),
            "grade": ("Priority",),
            "premises": ("Address",),
            "borough": ("Supervisor District",),
        },
    ),
    "fire_cad": (
        fire_cad,
        {
            "call_id": ("INCIDENT_ID",),
            "received_at": ("CALL_DATE", "CALL_TIME"),
            "first_assigned_at": ("DISPATCH_TIME",),
            "arrived_at": ("ARRIVE_TIME",),
            "ended_at": ("CLEAR_TIME",),
            "cli": ("CALLER_NUMBER",),
            "opening_code": ("NATURE",),
        },
    ),
    "ivr": (
        ivr,
        {
            "call_id": ("Interaction ID",),
            "received_at": ("Start Time",),
            "cli": ("Caller Number",),
            "talk_seconds": ("Talk",),
            "wrap_seconds": ("Wrap",),
            "closing_code": ("Wrap Up Code",),
        },
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("wrapping", ["plain", "gz", "semicolons", "bom"])
def test_a_draft_reads_the_file_it_was_made_from(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, shape: str, wrapping: str
) -> None:
    make, expected = SHAPES[shape]
    rows = [make(moment, n) for n, moment in enumerate(moments())]
    data = as_csv(rows, ";" if wrapping == "semicolons" else ",")
    path = tmp_path / ("log.csv.gz" if wrapping == "gz" else "log.csv")
    path.write_bytes(gzip.compress(data) if wrapping == "gz" else b"\xef\xbb\xbf" * (wrapping == "bom") + data)
    text, layout = drafted(con, path)
    assert {field: layout.columns.get(field) for field in expected} == expected, text
    assert "400 of 400 rows go in" in text
    zone = "UTC" if shape == "ivr" else layout.default_time.zone
    found = read_back(con, path, layout)
    assert layout.default_time.zone == ("America/New_York" if shape == "us_911" else "Europe/London")
    expected_at = con.execute(
        "select timezone('UTC', timezone($zone, m)) from (select unnest($moments) as m)",
        {"zone": zone, "moments": moments()},
    ).fetchall()
    assert [at for at in found if at] == [row[0] for row in expected_at]
    assert not any(str(row.get("CALLER_NUMBER", row.get("Caller Number", "07700900"))) in text for row in rows)
    assert not any(street in text for street in STREETS)


def test_no_format_that_reads_a_value_is_passed_over() -> None:
    """Whatever a format writes, with and without an offset, may be read by it: strptime alone decides then."""
    known = dict.fromkeys((*guess._STAMPS, *guess._DATES, *guess._PAIRS))
    moments = [
        datetime(2025, 11, 30, 23, 5, 9, 120000, UTC),
        datetime(2024, 2, 29, 0, 0, 0, 0, timezone(-timedelta(hours=3, minutes=30))),
    ]
    missed = [
        (fmt, text)
        for fmt in known
        for moment in moments
        for text in (moment.strftime(fmt), moment.strftime(fmt).lower(), moment.strftime(fmt).replace("+0000", "Z"))
        if guess.parses(text, fmt) and not guess.may_parse(text, fmt)
    ]
    assert missed == []
    ours = [fmt for fmt in known if guess.may_parse("30/11/2025 23:05:09", fmt)]
    assert "%d/%m/%Y %H:%M:%S" in ours
    assert len(ours) < len(known) / 50, "it must save what it is for"


def test_epoch_milliseconds_in_json_lines(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = [
        {
            "eventId": f"e{n}",
            "createdTime": int((m - datetime(1970, 1, 1)).total_seconds() * 1000),
            "callerPhone": phone(),
            "reason": CHANCE.choice(TYPES),
        }
        for n, m in enumerate(moments())
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    text, layout = drafted(con, path)
    assert layout.columns["received_at"] == ("createdTime",), text
    assert layout.columns["cli"] == ("callerPhone",)
    assert read_back(con, path, layout) == moments()


def test_parquet_and_xlsx(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    import polars as pl

    rows = [
        {"Call ID": n, "Received": m, "Phone": phone(), "Type": CHANCE.choice(TYPES)} for n, m in enumerate(moments())
    ]
    frame = pl.DataFrame(rows)
    frame.write_parquet(tmp_path / "log.parquet")
    frame.write_excel(tmp_path / "log.xlsx")
    for name in ("log.parquet", "log.xlsx"):
        text, layout = drafted(con, tmp_path / name)
        assert layout.columns["received_at"] == ("Received",), text
        assert layout.columns["call_id"] == ("Call ID",)
        assert layout.columns["cli"] == ("Phone",)
        found = read_back(con, tmp_path / name, layout)
        assert (len(found), found[0], found[-1].minute) == (400, moments()[0], moments()[-1].minute)


def test_day_and_month_that_cannot_be_told_apart_are_said(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [{"id": n, "created": f"{n % 12 + 1:02}/{n % 11 + 1:02}/2024 10:{n % 60:02}"} for n in range(100)]
    (tmp_path / "log.csv").write_bytes(as_csv(rows))
    text, layout = drafted(con, tmp_path / "log.csv")
    assert "day and month cannot be told apart" in text
    assert layout.time_rule("received_at").formats == ("%d/%m/%Y %H:%M",)


def test_odd_writing_is_found(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [{"Ref": n, "Reported": str(m), "Category": "Caf\u00e9"} for n, m in enumerate(moments(60))]
    data = b"Extract of calls\n" + as_csv(rows, "\t").decode().encode("cp1252").rstrip()
    (tmp_path / "log.txt").write_bytes(data)
    text, layout = drafted(con, tmp_path / "log.txt")
    assert (layout.format, layout.encoding, layout.skip_rows) == ("tsv", "latin-1", 1)
    assert "# last_line_may_be_unterminated = true" in text
    headless = as_csv(rows).split(b"\n", 1)[1]
    (tmp_path / "log.csv").write_bytes(headless)
    _text, layout = drafted(con, tmp_path / "log.csv")
    assert (layout.header, layout.columns["received_at"]) == (False, ("2",))


@pytest.mark.parametrize("data", [b"", b"\n\n", b'[{"a": 1}]', b"\x1f\x8bxxxx"])
def test_what_is_no_log_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "log.csv").write_bytes(data)
    with pytest.raises(InputError, match=r"log\.csv"):
        sources.draft(tmp_path / "log.csv", "x", con)


@pytest.mark.parametrize(
    "data", [b"a\n", b"a,b\n1,2\n", b"x\ny\nz\n", b"a,a\n1,2\n", b"{}\n", b"1;2;3\n", b"\x00\x01\x02\n"]
)
def test_a_draft_of_nonsense_is_still_a_table(con: duckdb.DuckDBPyConnection, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "log.csv").write_bytes(data)
    with contextlib.suppress(InputError):
        assert "x" in tomllib.loads(sources.draft(tmp_path / "log.csv", "x", con))["sources"]


@pytest.mark.skipif(not FTC.is_file(), reason="the FTC's log is not beside the project")
def test_a_draft_of_a_real_log(con: duckdb.DuckDBPyConnection) -> None:
    text, layout = drafted(con, FTC)
    assert layout.columns["cli"] == ("Company_Phone_Number",)
    assert layout.columns["received_at"] == ("Created_Date",)
    assert layout.columns["opening_code"] == ("Subject",)
    assert layout.region == "US"
    assert "14034 of 14034" in text


def checked(con: duckdb.DuckDBPyConnection, tmp_path: Path, data: bytes, **keys: Any) -> sources.CheckReport:
    path = tmp_path / "log.csv"
    path.write_bytes(data)
    layout = from_declaration("calls", keys)
    report = sources.check(
        con, path, layout, scratch=tmp_path / "scratch", now=NOW, tracker=Silent(), marker_kinds=["child"]
    )
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["log.csv", "scratch"]
    return report


def test_check_tells_of_channels_that_no_headline_counts(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = b"id,at,way\n1,2025-06-01 10:00,emergency\n2,2025-06-01 10:01,999\n3,2025-06-01 10:02,Text-Relay\n4,soon,x\n"
    columns = {"call_id": "id", "received_at": "at", "channel": "way"}
    told = [line for line in checked(con, tmp_path, rows, columns=columns).advice if "channel" in line]
    assert told == [
        "33.3% of the calls came by a channel of no known name (EMERGENCY), so no headline counts them: rename the log's "
        "words under sources.NAME.codes.channel to 999, 101, text relay or other"
    ]
    (told,) = checked(con, tmp_path, rows.replace(b"emergency", b"07700 900123"), columns=columns).advice[-1:]
    assert "(NOT A CODE)" in told
    assert "900123" not in told
    renamed = {"columns": columns, "codes": {"channel": {"emergency": "999"}}}
    assert not [line for line in checked(con, tmp_path, rows, **renamed).advice if "channel" in line]


def test_check_tells_what_would_be_read_and_masks_who(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    data = (
        b"id,at,phone,code,who,note\n1,2025-06-01 10:00,07700900123,hoax,Jo Bloggs,help\n2,soon,07700900124,x,,\n"
        b"3,2025-06-01 10:00,,Other,,\n4,2025-06-01 10:00,,07700900125,,\n"
    )
    columns = {
        "call_id": "id",
        "received_at": "at",
        "cli": "phone",
        "closing_code": "code",
        "person_name": "who",
        "remarks": "note",
    }
    report = checked(con, tmp_path, data, columns=columns, misuse={"closing_code": ["Hoax", "Nuisance"]})
    text, document = report.render(), json.dumps(report.as_json())
    for secret in ("07700900", "Bloggs", "help"):
        assert secret not in text
        assert secret not in document
    assert "••• (11 characters)" in text
    assert report.rejected == {"unreadable_received_at": 1}
    assert [(c.code, c.is_listed) for c in report.codes] == [("HOAX", True), ("OTHER", False)]
    assert report.unseen_codes == [("closing_code", "NUISANCE")]
    assert report.null_shares["cli"] == pytest.approx(2 / 3)
    assert {"share of deployment time", "boroughs", "response times by grade"} <= report.unsupported_figures.keys()
    assert {"hard stops by marker", "doubt by result"} <= report.unsupported_safeguards.keys()
    assert "hard stops by codeword" not in report.unsupported_safeguards


@pytest.mark.parametrize(
    ("mapped", "unseen"),
    [
        ({}, {"burst", "new content", "ties"}),
        ({"cli": "phone"}, {"burst", "new content", "ties"}),
        ({"closing_code": "code"}, {"burst", "new content", "ties"}),
        ({"cli": "phone", "closing_code": "code"}, {"ties"}),
        ({"cli": "phone", "opening_code": "code", "subscriber_address": "home"}, set()),
    ],
)
def test_check_names_the_patterns_that_cannot_be_seen(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, mapped: dict[str, str], unseen: set[str]
) -> None:
    columns = {"call_id": "id", "received_at": "at", **mapped}
    report = checked(con, tmp_path, b"id,at,phone,code,home\n1,2025-06-01,,Hoax,1 High St\n", columns=columns)
    told = {name.removeprefix("hard stop by ") for name in report.unsupported_safeguards if "marker" not in name}
    assert told & {"burst", "new content", "ties"} == unseen


def test_check_says_that_premises_are_no_persons(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    columns = {"call_id": "{row}", "received_at": "at", "premises": "street", "markers": "m"}
    report = checked(
        con,
        tmp_path,
        b"at,street,m\n2025-06-01,1 High St,DA\n",
        columns=columns,
        caller_key="premises",
        markers_supplied=["DA"],
    )
    assert "never persons" in report.unsupported_figures["persistent persons"]
    assert "hard stop by marker CHILD" in report.unsupported_safeguards
    assert "one id a call" in report.unsupported_safeguards
    assert "High" not in report.render()
    assert not any("cli" in advice for advice in report.advice)


def test_check_says_that_premises_leave_numbers_unread(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    columns = {"call_id": "{row}", "received_at": "at", "premises": "street", "cli": "tel"}
    log = b"at,street,tel\n2025-06-01,1 High St,07700 900123\n"
    report = checked(con, tmp_path, log, columns=columns, caller_key="premises")
    assert report.numbers == {}
    assert "never persons" in report.unsupported_figures["persistent persons"]
    (advice,) = report.advice
    assert advice.startswith("cli ('tel') is mapped and not used")


def uk_log(moment: datetime, n: int) -> dict[str, Any]:
    words = ["Withheld", "Unknown", ""]
    return {
        "Number": words[n % 7] if n % 7 < 3 else phone(),
        "Date": moment.strftime("%d/%m/%Y"),
        "Time": moment.strftime("%H:%M:%S"),
        "Opened as": CHANCE.choice(TYPES),
        "Closed as": CHANCE.choice(TYPES),
    }


def written(tmp_path: Path, make: Callable[[datetime, int], dict[str, Any]]) -> Path:
    path = tmp_path / "log.csv"
    path.write_bytes(as_csv([make(moment, n) for n, moment in enumerate(moments())]))
    return path


def test_a_plain_column_of_numbers_is_the_callers_and_never_an_id(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = written(tmp_path, uk_log)
    text, layout = drafted(con, path)
    assert layout.columns["cli"] == ("Number",), text
    assert "Number" not in layout.columns["call_id"]
    assert (layout.columns["opening_code"], layout.columns["closing_code"]) == (("Opened as",), ("Closed as",))
    assert layout.region == "GB"
    assert text.count("# guessed") == 2
    report = sources.check(con, path, layout, scratch=tmp_path / "scratch", now=NOW, tracker=Silent())
    assert "07700" not in text + report.render() + json.dumps(report.as_json())
    withheld = sum(n % 7 < 2 for n in range(400))
    assert report.oddities["number_withheld_word"] == withheld
    assert report.numbers["absent"] == withheld + sum(n % 7 == 2 for n in range(400))
    assert report.numbers["malformed"] == 0
    assert sum(report.numbers.values()) == 400


@pytest.mark.parametrize("written_as", ["0{}", "+44{}", "44{}", "{}", "0044{}"])
@pytest.mark.parametrize("name", ["number", "caller", "tel", "phone", "cli", "ani", "msisdn"])
def test_numbers_in_every_form_are_found(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, written_as: str
) -> None:
    path = written(
        tmp_path,
        lambda moment, n: {
            "when": moment.strftime("%d/%m/%Y %H:%M"),
            name: written_as.format(phone()[1:]) if n % 3 else "Unavailable",
        },
    )
    _text, layout = drafted(con, path)
    assert layout.columns["cli"] == (name,)
    assert layout.columns["call_id"] == ("{row}", "when")
    assert layout.region == "GB"


def test_fields_named_as_in_the_record_are_those(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    def exact(moment: datetime, n: int) -> dict[str, Any]:
        return {
            "call_date": moment.strftime("%Y-%m-%d"),
            "call_number": n % 25 + 1,
            "received_at": str(moment),
            "cli": phone(),
            "cli_status": "PRESENTED",
            "ward": f"W{n}",
            "linked_ref": "" if n % 5 else f"L{n}",
            "version": 1,
        }

    text, layout = drafted(con, written(tmp_path, exact))
    assert layout.columns["call_id"] == ("call_date", "call_number"), text
    for name in ("received_at", "cli", "cli_status", "ward", "linked_ref", "version"):
        assert layout.columns[name] == (name,)
    assert layout.version_kind == "integer"


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("ver", lambda _moment, n: n % 12, "integer"),
        ("Version No", lambda _moment, n: f"{n % 9}.{n % 7}", "text"),
        ("Amended On", lambda moment, _n: (moment + timedelta(days=1)).strftime("%d/%m/%Y %H:%M"), "time"),
        ("updated", lambda moment, _n: moment + timedelta(days=1), "time"),
        ("revision", lambda _moment, n: f"R{n % 9}", "text"),
    ],
)
def test_a_version_column_is_proposed_with_its_kind(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, value: Callable[[datetime, int], Any], kind: str
) -> None:
    def versioned(moment: datetime, n: int) -> dict[str, Any]:
        return {"call ref": f"C{n}", "received_at": str(moment), "cli": phone(), name: value(moment, n)}

    path = written(tmp_path, versioned)
    _text, layout = drafted(con, path)
    assert layout.columns["received_at"] == ("received_at",)
    assert layout.columns["version"] == (name,)
    assert layout.version_kind == kind
    result = sources.read(con, path, layout, scratch=tmp_path / "again", now=NOW, tracker=Silent())
    assert not any(oddity.startswith("version") for oddity in result.oddities)


@pytest.mark.parametrize("call_id", ["phone", ["phone", "day", "at"], ["{row}", "phone"]])
def test_a_call_id_made_of_numbers_is_masked_and_told(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, call_id: Any
) -> None:
    data = b"phone,day,at\n" + b"".join(b"0770090012%d,2025-06-01,10:0%d\n" % (n, n) for n in range(9))
    report = checked(con, tmp_path, data, columns={"call_id": call_id, "received_at": ["day", "at"]})
    assert "07700" not in report.render() + json.dumps(report.as_json())
    assert report.oddities["call_id_looks_like_numbers"] == 9
    assert any("telephone numbers" in line for line in report.advice)


def test_a_plain_call_id_is_shown(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    data = b"n,day,at,ref\n12,01/06/2025,10:00,07700900123\n"
    columns = {"call_id": ["day", "n"], "received_at": ["day", "at"], "incident_ref": "ref"}
    report = checked(con, tmp_path, data, columns=columns, times={"formats": ["%d/%m/%Y %H:%M"]})
    assert report.sample[0]["call_id"] == "01/06/2025|12"
    assert report.sample[0]["incident_ref"] == "\u2022\u2022\u2022 (11 characters)"


def test_markers_that_no_stop_knows_are_named(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    columns = {"call_id": "n", "received_at": "at", "markers": "m"}
    report = checked(con, tmp_path, b"n,at,m\n1,2025-06-01,DA\n", columns=columns, markers_supplied=["child", "chidl"])
    assert [line for line in report.advice if "'CHIDL'" in line]
    assert not [line for line in report.advice if "'CHILD'" in line]


def test_markers_of_the_file_that_no_stop_knows_are_counted_and_not_shown(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    columns = {"call_id": "n", "received_at": "at", "markers": "m"}
    data = b"n,at,m\n" + b"".join(
        b"%d,2025-06-01,%s\n" % row for row in enumerate([b"Child (8)", b"Zebra;child", b"zebra", b"Yak", b"", b"--"])
    )
    for renamed, told in (
        (None, "2 markers on 3 calls (75.0%"),
        ("", "1 markers on 1 calls (33.3%"),
        ("child", "1 markers on 1 calls (25.0%"),
    ):
        codes = {} if renamed is None else {"codes": {"markers": {"Zebra": renamed}}}
        report = checked(con, tmp_path, data, columns=columns, markers_supplied=["Child (young)"], **codes)
        assert [line for line in report.advice if line.startswith(told)]
        assert "ZEBRA" not in report.render().upper()
        assert not report.unsupported_safeguards.keys() & {"hard stop by marker CHILD"}


@pytest.mark.parametrize("name", ["log.parquet", "log.xlsx"])
def test_a_truncated_file_is_called_so(con: duckdb.DuckDBPyConnection, tmp_path: Path, name: str) -> None:
    import polars as pl

    frame = pl.DataFrame({"id": range(500), "at": ["2025-06-01 10:00"] * 500})
    path = tmp_path / name
    frame.write_parquet(path) if name.endswith("parquet") else frame.write_excel(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="truncated"):
        sources.draft(path, "x", con)


def test_the_fullest_sheet_is_proposed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    import polars as pl
    import xlsxwriter

    path = tmp_path / "log.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Cover").write(0, 0, "Calls")
        pl.DataFrame({"id": range(50), "received": [str(m) for m in moments(50)]}).write_excel(book, "Calls")
    text, layout = drafted(con, path)
    assert layout.sheet == "Calls"
    assert "fullest" in text
