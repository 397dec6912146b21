"""What comes of each file that was made on purpose: how many of its calls go in, why the others do not, or why none does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import measured
from tests.survival import fuzz, named, rubbish

MEGABYTES = 450  # more than before, in this process
SECONDS = 60  # on a busy machine
WHOLE = (3, {})
UNPACKS = "unpacks to over 200 times its size"
MEMORY = "GB of memory to read"
NO_HEADER = "its first line is no header"
OVER = (2, {"record_over_1mb": 1})
# Of UTF-8 they are, to the reader: é is lost or was none, and nothing else is.
TAKEN = {"utf-8-sig", "shift_jis", "utf-7", "koi8-r", "big5", "iso2022_jp"}
BAD = (2, {"bad_encoding": 1})
ENCODED: dict[str, Any] = {
    "utf-16": "is UTF-16",
    "utf-32": "is UTF-16",
    "utf-16-le": NO_HEADER,
    "utf-16-be": NO_HEADER,
    "cp037": "its first line is not UTF-8",
}
COMES_OF: dict[str, Any] = {
    "a workbook of many empty rows": WHOLE,
    "a workbook with a cell of 200 MB": UNPACKS,
    "a workbook with a cell in the last corner": MEMORY,
    "a workbook where one long text stands in many cells": MEMORY,
    "a workbook whose text is entities of entities": "cannot be read as XLSX (CalamineError)",
    "nulls without end in gzip": UNPACKS,
    "line ends without end in gzip": UNPACKS,
    "gzip of gzip": "is gzip",
    "a parquet file where one long text stands in every row": UNPACKS,
    "a parquet file where one long text stands in every list": UNPACKS,
    "a parquet file of pages that unpack without end": UNPACKS,
    "a parquet file of records within records": "holds records within records",
    "a record over 1 MB, csv": OVER,
    "a record over 1 MB, tsv": OVER,
    "a record over 1 MB, jsonl": OVER,
    "a record over 1 MB, parquet": WHOLE,
    "a record of a million lines, csv": OVER,
    "a record of a million quotes, csv": OVER,
    "an open quote over 1 MB, csv": (2, {"broken_quote": 1, "too_few_columns": 60_000}),
    "brackets without end, jsonl": (3, {"record_over_1mb": 1}),
    "a null byte, csv": (2, {"null_byte": 1}),
    "a null byte, tsv": (2, {"null_byte": 1}),
    "a null byte, jsonl": WHOLE,
    "a null byte, parquet": WHOLE,
    "a file of null bytes": NO_HEADER,
    "null bytes after the last line, csv": WHOLE,
    **{f"the year 1, {form}": (2, {"received_before_1970": 1}) for form in rubbish.FORMATS},
    **{f"the year 9999, {form}": (2, {"received_in_future": 1}) for form in rubbish.FORMATS},
    **{f"undeclared {name}": WHOLE if name in TAKEN else ENCODED.get(name, BAD) for name in rubbish.ENCODINGS},
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> fuzz.Reader:
    return fuzz.Reader(tmp_path_factory.mktemp("named"), seed=1)


@pytest.mark.parametrize("name", named.CASES)
def test_what_was_made_on_purpose_costs_itself_alone(reader: fuzz.Reader, name: str) -> None:
    form, content = named.CASES[name]()
    told: dict[str, Any] = {}
    before = measured.here(lambda: None).peak_megabytes
    cost = measured.here(lambda: told.update(reader.read(form, content)))
    wanted = COMES_OF[name]
    if isinstance(wanted, str):
        assert wanted in told.get("said", told)
        assert "Next:" in told["said"]
    else:
        assert (told.get("accepted"), told.get("reasons")) == wanted, told
    assert not told.get("trouble"), told
    assert cost.seconds < SECONDS
    assert cost.peak_megabytes - before < MEGABYTES


def test_another_workbook_is_read_after_one_that_was_refused(reader: fuzz.Reader) -> None:
    form, content = named.CASES["a workbook with a cell in the last corner"]()
    assert "said" in reader.read(form, content)
    assert reader.read("xlsx", named.written("xlsx"))["accepted"] == 3


# Each was a traceback of the reader or of `source draft` in a run of `make survive`.
FOUND = {
    "a first field over 128 kB": ("csv", b'"' + b"x" * 200_000 + b'",received\n1,2025-06-01 10:00:00\n'),
    "nothing but a field over 128 kB": ("csv", b"x" * 200_000 + b"\n"),
    "lists without end first, jsonl": ("jsonl", b"[" * 100_000 + b"\n" + named.written("jsonl")),
    "objects without end first, jsonl": ("jsonl", b'{"a":' * 100_000 + b"\n" + named.written("jsonl")),
    "objects without end last, unterminated": ("jsonl", named.written("jsonl") + b'{"a":' * 100_000),
    "a header of three hundred thousand columns": ("tsv", b"a\t" * 300_000 + b"b\n1\t2\n"),
    "a zip of a version that is none": ("xlsx", b""),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_a_traceback_once_is_read_or_refused(reader: fuzz.Reader, name: str, tmp_path: Path) -> None:
    form, content = FOUND[name]
    if form == "xlsx":
        content = named.written("xlsx")
        at = content.index(b"PK\x01\x02")
        content = content[: at + 6] + b"\xf0" + content[at + 7 :]  # the version needed to unpack its first entry
    told = reader.read(form, content)
    assert "Next:" in told["said"] if "said" in told else told["rows"] == told["accepted"] + told["rejected"]
    path = tmp_path / f"made.{form}"
    path.write_bytes(content)
    drafted: list[str | None] = []
    cost = measured.here(lambda: drafted.append(reader.draft(path)))
    assert drafted[0] in (None, "MisuseError")
    assert cost.seconds < SECONDS


def test_every_case_is_told(tmp_path: Path) -> None:
    assert set(COMES_OF) == set(named.CASES)
