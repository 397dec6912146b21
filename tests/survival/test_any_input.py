"""Whatever a declaration or a log says: a layout or a mistake that is named, a reading in which every row is accounted for or a message.

`make survive` spoils good files twenty thousand times; here Hypothesis makes them of nothing, and shrinks what it finds.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from misuse import disposal, sources
from misuse import settings as program_settings
from misuse.errors import LayoutError, MisuseError
from misuse.sources import layout as layouts
from tests.logs import COLUMNS, NOW, SOURCE
from tests.pipeline.test_nothing_leaks import LAYOUT
from tests.survival import fuzz, rubbish

SECTION_KINDS = tuple(
    (name, type(getattr(program_settings.Settings(home=Path()), name)))
    for name in ("limits", "rates", "rights", "web", "schedule")
)
SECTIONS = ("columns", "constants", "times", "durations", "codes", "misuse", "doubt", "numbers", "version", "orders")
KEYS = (*layouts._PLAIN_KEYS, *SECTIONS)
INNER = (
    *layouts.MAPPABLE,
    *layouts.CODE_LISTS,
    "zone",
    "formats",
    "epoch",
    "repeated_hour",
    "time_only",
    "kind",
    "region",
    "all",
)
TEXTS = st.text(max_size=12) | st.sampled_from(
    (*COLUMNS, *rubbish.ODD[:20], "{row}", "%d/%m/%Y", "Europe/London", "csv", "a.b")
)
SCALARS = st.booleans() | st.integers() | st.floats() | TEXTS | st.dates() | st.datetimes() | st.times()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER) | TEXTS, inner, max_size=3),
    max_leaves=5,
)
CELLS = st.text(max_size=10) | st.sampled_from(
    (*rubbish.TIMES, *rubbish.ODD, "2025-06-01 10:00:00", "07700 900123", "1")
)
MANY = settings(max_examples=max(300, settings().max_examples))  # the profile's, where that is more
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELLS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> fuzz.Reader:
    return fuzz.Reader(tmp_path_factory.mktemp("any"), seed=1)


def refused(what: Callable[[], object]) -> str:
    """What a mistake is called; empty where there is none. Any other error is a fault."""
    try:
        what()
    except MisuseError as error:
        return f"{type(error).__name__}: {error}"
    return ""


def use(document: dict[str, Any]) -> None:
    """Make a layout of a declaration, and ask it what the program does."""
    found = layouts.from_declaration("calls", document)
    assert found.columns
    assert found.mapped_columns
    assert len(found.digest) == 64
    assert all(text for _, text in (*layouts.misuse_codes(found), *layouts.doubt_codes(found)))


def is_named_or_good(document: dict[str, Any]) -> bool:
    """Whether the declaration is a layout that can be used, or a mistake with its place."""
    said = refused(lambda: use(document))
    return not said or said.startswith("LayoutError: misuse.toml")


@given(changes=st.dictionaries(st.sampled_from(KEYS) | TEXTS, VALUES, min_size=1, max_size=3))
@MANY
def test_any_declaration_is_a_layout_or_a_mistake_that_is_named(changes: dict[str, Any]) -> None:
    assert is_named_or_good({**SOURCE, **changes})


@given(
    section=st.sampled_from(SECTIONS), inside=st.dictionaries(st.sampled_from(INNER) | TEXTS, VALUES, min_size=1, max_size=2)
)  # fmt: skip
@MANY
def test_any_section_is_a_layout_or_a_mistake_that_is_named(section: str, inside: dict[str, Any]) -> None:
    held = SOURCE.get(section)
    assert is_named_or_good({**SOURCE, section: {**held, **inside} if isinstance(held, dict) else inside})


@given(
    lines=st.lists(
        st.sampled_from(LAYOUT.splitlines()) | TEXTS | st.builds("{} = {}".format, TEXTS, TEXTS), max_size=12
    )
)
@MANY
def test_any_settings_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    folder = tmp_path_factory.mktemp("any")
    path = folder / "misuse.toml"
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")

    def load() -> None:
        found = program_settings.load({"MISUSE_HOME": str(folder / "home")}, folder, path)
        for name in sources.source_names(found):
            sources.load_layout(found, name)

    said = refused(load)
    assert not said or said.partition(":")[2].strip()


TABLES = ("settings", "schedule", "limits", "rates", "rights", "web", "campaigns", "sources")
SETTINGS = sorted({key.name for _, kind in (("", program_settings.Settings), *SECTION_KINDS) for key in fields(kind)})


@given(
    document=st.dictionaries(
        st.sampled_from(TABLES) | TEXTS,
        st.dictionaries(st.sampled_from(SETTINGS) | TEXTS, VALUES, max_size=3) | VALUES,
        max_size=4,
    )
)
@MANY
def test_any_document_is_settings_or_a_mistake_that_is_named(document: dict[str, Any]) -> None:
    def load() -> None:
        found = program_settings.from_document(document, home=Path("/nowhere"))
        for name in sources.source_names(found):
            sources.load_layout(found, name)

    said = refused(load)
    assert not said or "misuse.toml" in said


NUMBERS = [
    (table, key.name)
    for table, kind in (("settings", program_settings.Settings), *SECTION_KINDS)
    for key in fields(kind)
    if type(key.default) in (int, float)
]


@pytest.mark.parametrize(("table", "key"), NUMBERS)
def test_a_number_of_the_settings_beyond_use_is_refused_by_name(tmp_path: Path, table: str, key: str) -> None:
    path = tmp_path / "misuse.toml"
    for number in ("nan", "inf", "-inf", "-1", "-0.5", "1e300", str(10**12), str(10**400)):
        path.write_text(f"[{table}]\n{key} = {number}\n", encoding="utf-8")
        said = refused(lambda: program_settings.load({}, tmp_path, path))
        assert f"'{table}.{key}' must be" in said, number


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("value", ["3", '"x"', "[1]", "nan", "1979-05-27"])
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, table: str, value: str) -> None:
    path = tmp_path / "misuse.toml"
    path.write_text(f"{table} = {value}\n", encoding="utf-8")
    assert f"[{table}] must" in refused(lambda: program_settings.load({}, tmp_path, path))


@pytest.mark.parametrize("text", ["x = " + "[" * 50_000, "x = " + "{a = " * 50_000])
def test_brackets_without_end_in_the_settings_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "misuse.toml"
    path.write_text(text, encoding="utf-8")
    assert "nested without end" in refused(lambda: program_settings.load({}, tmp_path, path))


def test_the_greatest_numbers_of_the_settings_can_be_reckoned_with(tmp_path: Path) -> None:
    most, path = program_settings._MOST, tmp_path / "misuse.toml"
    for table, key in NUMBERS:
        path.write_text(f"[{table}]\n{key} = {most.get(key.rpartition('_')[2], 1000)}\n", encoding="utf-8")
        assert not refused(lambda: program_settings.load({}, tmp_path, path))
    assert disposal.earlier(NOW, most["months"]) < NOW - timedelta(days=36_000)
    assert NOW - timedelta(days=most["days"]) > NOW - timedelta(hours=most["hours"] + 1)


def is_accounted(told: dict[str, Any], rows: int | None = None) -> bool:
    """Whether it was read and every row is accounted for, or refused with words."""
    if told.get("trouble"):
        return False
    if "said" in told:
        return "Next:" in told["said"]
    return bool(told["rows"] == told["accepted"] + told["rejected"] == (told["rows"] if rows is None else rows))


@given(lines=st.lists(st.dictionaries(st.sampled_from(COLUMNS), JSON, max_size=len(COLUMNS)) | JSON, max_size=6))
@settings(max_examples=20)
def test_any_json_lines_are_accounted_for(reader: fuzz.Reader, lines: list[Any]) -> None:
    good = json.dumps(dict.fromkeys(COLUMNS, "x"))
    text = "\n".join([good, *(json.dumps(line) for line in lines)]) + "\n"
    assert is_accounted(reader.read("jsonl", text.encode("utf-8", "surrogatepass")), len(lines) + 1)


@given(
    rows=st.lists(st.lists(CELLS, min_size=len(COLUMNS) - 1, max_size=len(COLUMNS)), max_size=6),
    form=st.sampled_from(["csv", "tsv"]),
)
@settings(max_examples=20)
def test_any_delimited_rows_are_accounted_for(reader: fuzz.Reader, rows: list[list[str]], form: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="," if form == "csv" else "\t", lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([COLUMNS, *rows])
    assert is_accounted(reader.read(form, out.getvalue().encode("utf-8", "surrogatepass")))


def test_a_reading_that_loses_a_row_would_be_seen() -> None:
    assert not is_accounted({"rows": 3, "accepted": 1, "rejected": 1})
    assert not is_accounted({"rows": 3, "accepted": 3, "rejected": 0}, 4)
    assert is_accounted({"rows": 3, "accepted": 2, "rejected": 1}, 3)


def test_the_keys_are_those_of_a_declaration() -> None:
    with pytest.raises(LayoutError, match="zzz"):
        layouts.from_declaration("calls", {**SOURCE, "zzz": 1})
    known = [
        key
        for key in KEYS
        if f"unknown key '{key}' in [sources.calls]" in refused(lambda key=key: use({**SOURCE, key: object()}))
    ]  # type: ignore[misc]
    assert known == []
