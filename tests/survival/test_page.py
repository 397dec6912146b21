"""The page tells what the kept outcome of a whole run says, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from misuse.errors import InputError
from tests.survival import __main__ as survive
from tests.survival import fuzz, page, trials


def test_the_page_is_what_the_kept_outcome_prints():
    text = page.PAGE.read_text(encoding="utf-8")
    between = text.partition(page.BEGIN)[2].partition(page.END)[0].strip()
    held = json.loads(page.OUTCOME.read_text(encoding="utf-8")) if page.OUTCOME.exists() else None
    assert between == (page.tables(held).strip() if held else "")


@pytest.mark.parametrize(
    ("found", "troubles", "code"), [(70, [], 0), (69, [], 1), (70, ["run: a call is lost"], 1)], ids=str
)
def test_what_was_counted_is_told_and_a_call_that_is_lost_is_a_failure(found, troubles, code, capsys):
    tally = trials.Tally(
        faults=3, kills=2, recoveries=3, calls_in=70, calls_found=found, by_kind={"kill in run": 2, "clock": 1},
        ways={"run": 56}, tried={"run": {"1 before", "1 after"}},
    )  # fmt: skip
    tally.troubles += troubles
    asked = {"kills": 2, "files": 9, "mishaps": 1, "workers": 1, "seed": 1}
    machine = dict.fromkeys(("processor", "cores", "memory_gigabytes", "system", "python", "duckdb", "niceness"), "x")
    held = survive.outcome(tally, fuzz.Tally(files=9)) | {
        "machine": machine, "commit": "abc", "date": "2026-01-01", "seconds": 61, "is_whole": False, "asked": asked,
    }  # fmt: skip
    assert survive.summary(held) == code
    told = capsys.readouterr().out
    for line in (
        "| calls in | 70 |",
        f"| calls accounted for | {found} |",
        "| run | 56 | 2 |",
        "stopped before its end",
    ):
        assert line in told
    assert ("a call is lost" in told) == bool(troubles)


def test_two_workers_tried_ways_are_counted_once():
    one = trials.Tally(ways={"run": 4}, tried={"run": {"1 before", "2 after"}})
    one.add(trials.Tally(ways={"run": 4, "ingest": 2}, tried={"run": {"1 before"}}))
    assert survive.outcome(one, fuzz.Tally())["trials"]["ways"] == {"run": [2, 4], "ingest": [0, 2]}


def test_a_trouble_is_told_in_a_line_without_places():
    told = 'file 651 (csv flip): IndexError:   File "x/draft.py", line 40, in draft\n    sniff(path)\n list index out of range'
    assert page.short(told) == "a file: IndexError: list index out of range"
    assert page.short(page.short(told)) == page.short(told)
    assert page.short("run {}: a call is lost\n more") == "run {}: a call is lost"


@pytest.mark.parametrize(("said", "is_quoted"), [("10770.jsonl is empty", False), ("row 3 has 07700 900123", True)])
def test_a_row_in_a_message_is_found_and_a_file_name_is_none(said, is_quoted):
    assert bool(fuzz._badly_said(InputError(said), Path("inbox/10770.jsonl"))) is is_quoted
