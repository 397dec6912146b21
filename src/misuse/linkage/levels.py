"""The three comparisons and their levels, as sql/linkage/macros.sql gives them, with the words a reader sees.

Levels are numbered from what tells least; what is blank on either side has no level and no weight.
"""

from __future__ import annotations

NAME, HOME, BIRTH = "name", "home", "birth"
COMPARISONS = (NAME, HOME, BIRTH)

_RARITY = (
    "a very common name", "a common name", "a name", "an uncommon name", "a rare name", "a very rare name", "a singular name",
)  # fmt: skip
_OVER = ("agrees in part, the rest differs", "agrees, one is fuller", "agrees")

NAME_WORDS = ("names differ", *(f"{rarity} {over}" for rarity in _RARITY for over in _OVER))
POSTCODE_WORDS: tuple[str | None, ...] = (
    None, "postcodes differ", "same postcode area", "same postcode district", "same postcode sector",
    "postcode one letter apart", "same postcode",
)  # fmt: skip
ADDRESS_WORDS: tuple[str | None, ...] = (
    None, "addresses differ", "address agrees in part", "address agrees in most", "same address",
)  # fmt: skip
BIRTH_WORDS = (
    "birth dates differ", "same year of birth", "birth date two digits apart", "same year of birth, one day a default",
    "birth date one digit apart", "same default birth date", "same uncommon default birth date", "same birth date",
)  # fmt: skip

ADDRESSES = len(ADDRESS_WORDS)
SIZES = {NAME: len(NAME_WORDS), HOME: len(POSTCODE_WORDS) * ADDRESSES, BIRTH: len(BIRTH_WORDS)}


def home_words(level: int) -> str:
    """What a level of the home says, in words."""
    said = (POSTCODE_WORDS[level // ADDRESSES], ADDRESS_WORDS[level % ADDRESSES])
    return "; ".join(word for word in said if word) or "not known of both"


# What is expected of two records of one person before anything is learned: where the learning begins, and what is
# left of it where a log shows too few pairs to learn from. Of the postcode and the address, given that both know it.
BIRTH_EXPECTED = (0.05, 0.02, 0.05, 0.03, 0.15, 0.10, 0.10, 0.50)
POSTCODE_EXPECTED = (1.0, 0.13, 0.09, 0.08, 0.10, 0.05, 0.55)
# Of the address, by how far the postcodes agree: neighbours share a postcode, whoever moves changes both.
ADDRESS_EXPECTED = (
    (1.0, 0.25, 0.15, 0.25, 0.35),  # the postcode not known of both
    (1.0, 0.80, 0.14, 0.03, 0.03),
    (1.0, 0.70, 0.14, 0.08, 0.08),
    (1.0, 0.55, 0.15, 0.15, 0.15),
    (1.0, 0.45, 0.15, 0.20, 0.20),
    (1.0, 0.08, 0.15, 0.30, 0.47),
    (1.0, 0.05, 0.14, 0.29, 0.52),
)
OVER_EXPECTED = (0.15, 0.25, 0.60)
NOTHING_OF_THE_NAME = 0.04
