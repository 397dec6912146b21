"""A layout as declared: every wrong key or value is named, with the nearest that is known."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from misuse import sources
from misuse.errors import LayoutError
from misuse.progress import Silent
from misuse.settings import Settings, from_document, load
from misuse.sources.layout import from_declaration

ROOT = Path(__file__).parents[2]
COLUMNS: dict[str, Any] = {"call_id": "id", "received_at": "at", "cli": "phone"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fromat": "csv"}, "unknown key 'fromat' in [sources.x]; did you mean 'format'?"),
        ({"format": "cvs"}, "did you mean 'csv'?"),
        ({"delimiter": ";;"}, "one plain character"),
        ({"quote": ","}, "'quote'"),
        ({"encoding": "utf9"}, "did you mean 'utf-8'?"),
        ({"header": "no"}, "must be true or false"),
        ({"skip_rows": -1}, "whole number"),
        ({"nulls": [1.5]}, "must be text"),
        ({"columns": {"call_id": "id"}}, "maps no column to 'received_at'"),
        ({"columns": {**COLUMNS, "closing_cod": "x"}}, "did you mean 'closing_code'?"),
        ({"columns": {**COLUMNS, "call_id": ["at", "phone"]}}, "composed from 'phone', which identifies"),
        ({"columns": {**COLUMNS, "call_id": ["at", "PHONE"]}}, "composed from 'PHONE', which identifies"),
        ({"columns": {**COLUMNS, "ward": "{row}"}}, "only call_id"),
        ({"columns": {**COLUMNS, "ward": []}}, "at least one column"),
        ({"columns": "id"}, "must be a table"),
        ({"constants": {"chanel": "999"}}, "did you mean 'channel'?"),
        ({"constants": {"cli": "1"}}, "a constant and a column at once"),
        ({"times": {"zone": "Europe/Londn"}}, "names no time zone"),
        ({"times": {"zone": "localtime"}}, "names no time zone"),
        ({"times": {"formats": ["dd/mm/yyyy"]}}, "no part such as"),
        ({"times": {"formats": ["%d/%m/%Q"]}}, "%Q is unknown"),
        ({"times": {"formats": ["%H:%M %Z"]}}, "use %z or set zone"),
        ({"times": {"formats": ["%d"], "epoch": "seconds"}}, "exclude each other"),
        ({"times": {"epoch": "second"}}, "did you mean 'seconds'?"),
        ({"times": {"recieved_at": {}}}, "did you mean 'received_at'?"),
        ({"times": {"received_at": {"format": ["%d"]}}}, "did you mean 'formats'?"),
        ({"times": {"ended_at": {"formats": ["%H"]}}}, "mapped to no column"),
        ({"times": {"time_only": ["received_at"]}}, "other than received_at"),
        ({"times": {"received_at": {"time_only": True}}}, "needs a date"),
        ({"times": {"repeated_hour": "third"}}, "none of first, second"),
        ({"durations": {"unit": "mmss"}}, "did you mean 'mm:ss'?"),
        ({"codes": {"closing": {}}}, "did you mean 'closing_code'?"),
        ({"misuse": {"closing_codes": []}}, "did you mean 'closing_code'?"),
        ({"misuse": {"all": True, "closing_code": ["A"]}}, "keep one"),
        ({"doubt": {"closing_code": []}}, "unknown key"),
        ({"numbers": {"region": "gb"}}, "two-letter"),
        ({"version": {"kind": "number"}}, "none of text, integer, time"),
        ({"caller_key": "premises"}, "maps none to premises"),
        ({"column_names": ["a"]}, "without a header"),
        ({"header": False, "column_names": ["a", "a"]}, "a name twice"),
        ({"orders": [{"name": "a", "earlier": "x"}]}, "'later' in [sources.x.orders] is missing"),
        ({"reject_limit": 5}, "between 0 and 1"),
        ({"expected_every_hours": True}, "must be a number"),
        ({"expected_every_hours": float("nan")}, "must be a number from 0"),
        ({"expected_every_hours": float("inf")}, "must be a number from 0"),
        ({"reject_limit": float("nan")}, "must be a number from 0"),
        ({"skip_rows": 10**12}, "whole number from 0 to 1,000,000"),
        ({"max_uncompressed_ratio": 10**30}, "whole number from 0"),
    ],
)
def test_every_mistake_is_named(change: dict[str, Any], says: str) -> None:
    with pytest.raises(LayoutError) as caught:
        from_declaration("x", {"columns": COLUMNS, **change}, where="misuse.toml")
    assert says in str(caught.value)
    assert "misuse.toml" in str(caught.value)
    assert caught.value.next_step


def test_an_undeclared_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="declares no source 'metcal'"):
        sources.load_layout(Settings(home=tmp_path), "metcal")


def test_the_synthetic_source_needs_no_settings_file(tmp_path: Path) -> None:
    assert "synthetic" in sources.source_names(Settings(home=tmp_path))
    layout = sources.load_layout(Settings(home=tmp_path), "synthetic")
    assert sources.misuse_codes(layout)


def uncommented() -> Settings:
    """misuse.toml with the '# ' taken from every line that shows a default or is part of the example."""
    text = (ROOT / "misuse.toml").read_text(encoding="utf-8")
    document = tomllib.loads(re.sub(r"(?m)^# (?=\[|\w+ = )", "", text))
    return from_document(document, home=(ROOT / "var"), config_path=ROOT / "misuse.toml")


def test_the_example_settings_load() -> None:
    assert load({}, ROOT, ROOT / "misuse.toml").sources == {}, "an example must not make 'misuse status' expect files"
    layout = sources.load_layout(uncommented(), "metcall")
    assert layout.markers_supplied
    assert layout.expected_every_hours == 24


def test_every_default_shown_is_one() -> None:
    shown, plain = uncommented(), load({}, ROOT, ROOT / "misuse.toml")
    assert replace(shown, sources={}) == plain


def test_the_example_layout_reads_a_dirty_file(tmp_path: Path) -> None:
    """data/fixtures/metcall_sample.csv: a night of clock change with every common fault, and a cut end."""
    layout = sources.load_layout(uncommented(), "metcall")
    sample = ROOT / "data" / "fixtures" / "metcall_sample.csv"
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        result = sources.read(con, sample, layout, scratch=tmp_path, now=datetime(2026, 1, 1), tracker=Silent())
        rows = con.execute(
            "select row_number, call_id, received_at, ended_at, closing_code, markers, grade from parsed_rows order by row_number"
        ).fetchall()
    assert dict(result.rejected) == {
        "bad_encoding": 1,
        "broken_quote": 1,
        "no_call_id": 1,
        "too_few_columns": 1,
        "unreadable_received_at": 1,
        "unterminated_last_line": 1,
    }
    assert (result.rows, [row[0] for row in rows]) == (12, [1, 2, 3, 4, 5, 11])
    assert rows[0][1:4] == ("25/10/2025|1", datetime(2025, 10, 25, 22, 58, 50), datetime(2025, 10, 25, 23, 1, 10))
    assert rows[1][2] == datetime(2025, 10, 26, 0, 30)
    assert rows[2][4:] == ("ABUSIVE CALL", "DOMESTIC ABUSE;CHILD", "I")
    assert result.oddities["time_in_repeated_hour"] == 1


def test_every_layout_in_the_documents_loads() -> None:
    text = (ROOT / "docs" / "layouts.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in text.split("```toml\n")[1:]]
    found = 0
    for block in blocks:
        for name, declared in tomllib.loads(block).get("sources", {}).items():
            if "columns" in declared:
                from_declaration(name, declared)
                found += 1
    assert found >= 4


def test_every_key_is_documented() -> None:
    from misuse.sources.layout import _PLAIN_KEYS, DURATION_UNITS, MAPPABLE

    text = (ROOT / "docs" / "layouts.md").read_text(encoding="utf-8")
    wanted = [
        *_PLAIN_KEYS,
        *DURATION_UNITS,
        *MAPPABLE,
        "repeated_hour",
        "time_only",
        "epoch",
        "zone",
        "orders",
        "region",
    ]
    assert [key for key in wanted if f"`{key}`" not in text] == []


def test_codes_are_folded_and_the_digest_ignores_order() -> None:
    one = from_declaration("x", {"columns": COLUMNS, "misuse": {"closing_code": [" hoax  call"]}})
    two = from_declaration(
        "x", {"misuse": {"closing_code": [" hoax  call"]}, "columns": dict(reversed(COLUMNS.items()))}
    )
    assert sources.misuse_codes(one) == [("closing_code", "HOAX CALL")]
    assert one.digest == two.digest
    assert one.digest != from_declaration("x", {"columns": COLUMNS}).digest
    everything = from_declaration("x", {"columns": COLUMNS, "misuse": {"all": True}, "doubt": {"result_code": ["a"]}})
    assert sources.misuse_codes(everything) == [("*", "*")]
    assert sources.doubt_codes(everything) == [("result_code", "A")]
