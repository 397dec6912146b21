"""The model card's figures, as training left them."""

from __future__ import annotations

from typing import Any

from misuse.linkage.levels import ADDRESS_WORDS, BIRTH, BIRTH_WORDS, HOME, NAME, NAME_WORDS, POSTCODE_WORDS, home_words
from misuse.linkage.model import Model

MOST = 6  # levels shown of a comparison: those that say most for one person and most against
KNOWLEDGE = (
    "nothing",
    "birth date",
    "home",
    "home and birth date",
    "name",
    "name and birth date",
    "name and home",
    "all",
)


def card(model: Model) -> str:
    """What a model is and was trained on, as plain text: counts and parameters, nobody's details."""
    document = model.document
    said = ["model " + model.digest, "", "trained on"]
    said += _lines({name: f"{value:,}" for name, value in _counts(document).items()})
    said += ["", "pairs learned from, and the share that training held to be one person's"]
    sessions = document.get("trained_on", {}).get("sessions", {})
    said += _lines(
        {f"share a {name}": f"{found['pairs']:,} pairs, {found['share']:.3%}" for name, found in sessions.items()}
    )
    said += ["", "cuts, in bits (0 is as likely as not)"]
    said += _lines({name: f"{value:+.1f}" for name, value in document["cuts"].items()})
    said += ["", "before details are compared, in bits, by what both records know"]
    said += _lines({f"knowing {KNOWLEDGE[at]}": f"{bits:+.1f}" for at, bits in enumerate(document.get("priors", []))})
    said += _lines({"held one number in turn": f"{document['turn_prior']:+.1f}"} if "turn_prior" in document else {})
    for name, words in _WORDS.items():
        bits = document["comparisons"].get(name, {}).get("bits", [])
        said += ["", f"{name}: what weighs most, in bits", *_lines(_weightiest(words, bits))]
    return "\n".join(said) + "\n"


_WORDS = {
    NAME: list(NAME_WORDS),
    HOME: [home_words(level) for level in range(len(POSTCODE_WORDS) * len(ADDRESS_WORDS))],
    BIRTH: list(BIRTH_WORDS),
}


def _counts(document: dict[str, Any]) -> dict[str, int]:
    return {
        name.replace("_", " "): int(value)
        for name, value in document.get("trained_on", {}).items()
        if name != "sessions"
    }


def _weightiest(words: list[str], bits: list[float]) -> dict[str, str]:
    """The levels that say most, for and against one person, in their order."""
    order = sorted(range(len(bits)), key=lambda level: bits[level])
    shown = sorted({*order[: MOST // 2], *order[-MOST:]}, key=lambda level: -bits[level])
    return {words[level]: f"{bits[level]:+.1f}" for level in shown}


def _lines(rows: dict[str, str]) -> list[str]:
    return [f"  {name:<58} {value:>16}" for name, value in rows.items()]
