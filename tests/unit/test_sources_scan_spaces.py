"""The pre-scan names the columns in which trimming and folding have anything to do, and no others."""

from pathlib import Path

import pytest

from misuse.sources.grammar import Grammar
from misuse.sources.records import Scan, Scanner

HEADER = b"a,b,c\n"


def scanned(tmp_path: Path, records: bytes) -> Scan:
    path = tmp_path / "log.csv"
    path.write_bytes(HEADER + records)
    return Scanner(Grammar(b",", b'"', 3, False), len(HEADER), lambda *_set_aside: None).run(path)


@pytest.mark.parametrize(
    ("records", "outer", "odd"),
    [
        (b"1,one word,3\n", set(), set()),
        (b"1, two,3\n", {1}, set()),
        (b"1,two ,3\n", {1}, set()),
        (b"1,2,three \n", {2}, set()),
        (b"1,2,three \r\n1,2,3\r\n", {2}, set()),
        (b"1,2,3\n one,2,3\n", {0}, set()),
        (b'1,"two, and a half",3\n', set(), set()),
        (b'1," two, and a half",3\n', {1}, set()),
        (b'1,"two, and a half ",3\n', {1}, set()),
        (b"1,2,a  b\n", set(), {2}),
        (b'1,"a\nb",3\n4,5,6\n', {1}, {1}),
        (b"1,a\tb,3\n", set(), {1}),
        (b"1,\tb,3\n", {1}, {1}),
        ("1,Zoë,3\n".encode(), set(), set()),
        ("1,Zoë,3\n4,5,six\u00a0\n".encode(), {2}, {2}),
        ("1,Zoë,3\n\ufeff4,5,6\n".encode(), {0}, {0}),
    ],
)
def test_columns_with_spaces_are_named(tmp_path: Path, records: bytes, outer: set[int], odd: set[int]) -> None:
    found = scanned(tmp_path, records)
    assert (found.outer_space, found.odd_space, found.is_doubtful) == (outer, odd, False)


def test_what_is_read_record_by_record_may_have_either_anywhere(tmp_path: Path) -> None:
    assert scanned(tmp_path, b'1,in "the middle",3\n').is_doubtful
