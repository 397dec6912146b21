"""Which markers of the rules a log's list bears, word by word, by what docs/safeguards.md says: shares nothing with SQL."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from functools import lru_cache

PARTING = set(";|,/&+\n\r\t")
TAKEN_OUT = set(".'`´’‘ʼ")


def bears(text: str, markers: Collection[str], among: Collection[str] = ()) -> bool:
    """Whether a list bears one of some rules' markers, where `among` are all that there are."""
    return bool(borne(text, frozenset({*markers, *among})) & set(markers))


@lru_cache(maxsize=100_000)
def borne(text: str, markers: frozenset[str]) -> frozenset[str]:
    """The markers that a list bears, those aside that stand only within a longer one."""
    said = [_words(part, gaps=gaps) for part in _parts(text) for gaps in (True, False)]
    spelt = [text.replace("&", " and ").replace("+", " and "), text.replace("/", "")]
    said += [_words(part, gaps=False) for form in spelt for part in _parts(form)]
    forms = [(marker, form) for marker in markers for form in _forms(marker)]
    there = [(marker, form) for marker, form in forms if any(_stands(words, form) for words in said)]
    return frozenset(
        marker
        for marker, form in there
        if all(
            any(_stands(words, form, longer) for words in said)
            for _, longer in there
            if len(longer) > len(form) and _stands(longer, form)
        )
    )


@lru_cache(maxsize=10_000)
def _forms(marker: str) -> tuple[list[str], ...]:
    words = _words(marker, gaps=False)
    return (words, ["".join(words)]) if words else ()


def _stands(words: list[str], form: list[str], longer: list[str] | None = None) -> bool:
    """Whether words stand among others, but for where a longer phrase does; a number only in front."""
    if len(form) == 1 and all(unicodedata.category(mark)[0] == "N" for mark in form[0]):
        return words[:1] == form
    taken: set[int] = set()
    place = 0
    while longer and place < len(words):
        if words[place : place + len(longer)] == longer:
            taken.update(range(place, place + len(longer)))
            place += len(longer)  # said twice on end, the second stands as it is
        place += 1
    starts = range(len(words) - len(form) + 1)
    return any(words[at : at + len(form)] == form and not taken & set(range(at, at + len(form))) for at in starts)


def _parts(text: str) -> list[str]:
    parts = [""]
    for mark in text:
        if mark in PARTING:
            parts.append("")
        else:
            parts[-1] += mark
    return parts


def _words(text: str, *, gaps: bool) -> list[str]:
    """Runs of letters and figures; stops, apostrophes and what nobody sees are gaps, or nothing."""
    words = [""]
    for mark in unicodedata.normalize("NFD", text):
        kind = unicodedata.category(mark)
        if kind[0] == "M" or (not gaps and (mark in TAKEN_OUT or kind == "Cf")):
            continue
        if kind[0] in "LN":
            words[-1] += mark.upper()
        else:
            words.append("")
    return [word for word in words if word]
