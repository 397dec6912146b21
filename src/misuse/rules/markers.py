"""What a rule's marker is found in: for words that a layout declares. Calls are judged by the same rule in SQL
(`marker_text` and `marker_needles` of sql/schema/macros.sql), which a test holds against this.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_PARTS = re.compile(r"[;|,/&+\n\r\t]+")
# Strokes and ampersands may join letters instead: A&E, D/V.
_SPELT = (
    (re.compile(r"[;|,/\n\r\t]+"), re.compile(r"[&+]+"), " AND "),
    (re.compile(r"[;|,&+\n\r\t]+"), re.compile("/"), ""),
)
_JOINS = ".'’‘ʼ`´"


def borne(text: str, markers: Iterable[str]) -> set[str]:
    """Those of the rules' markers that a list bears: their words whole, apart or as one; a number only at a marker's front.

    A longer marker means what it says, and not what another that is a part of it would.
    """
    read = f" | {' | '.join(_readings(text))} | "
    found = [(needle, marker) for marker in markers for needle in _needles(marker) if needle in read]
    return {
        marker
        for needle, marker in found
        if not any(
            needle in longer and needle not in read.replace(longer, " | ") for longer, _ in found if longer != needle
        )
    }


def _needles(marker: str) -> Iterable[str]:
    words = _words(_closed(marker))
    if words.isnumeric():
        return [f"| {words} "]
    return {f" {words} ", f" {words.replace(' ', '')} "} if words else ()


def _readings(text: str) -> Iterable[str]:
    """The words of each marker, with what joins them as a gap, and without it; strokes part markers, or join letters."""
    yield from (_words(reading) for part in _PARTS.split(text) for reading in (_plain(part), _closed(part)))
    for parting, joining, meant in _SPELT:
        yield from (_words(joining.sub(meant, _closed(part))) for part in parting.split(text))


def _plain(text: str) -> str:
    """Without accents and other marks on letters."""
    return "".join(mark for mark in unicodedata.normalize("NFD", text) if unicodedata.category(mark)[0] != "M").upper()


def _closed(text: str) -> str:
    """Without stops, apostrophes and marks that nobody sees."""
    return "".join(mark for mark in _plain(text) if mark not in _JOINS and unicodedata.category(mark) != "Cf")


def _words(text: str) -> str:
    return " ".join("".join(mark if unicodedata.category(mark)[0] in "LN" else " " for mark in text).split())
