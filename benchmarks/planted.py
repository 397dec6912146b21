"""People whose records are known to be theirs: messy as records are, and invented throughout.

The cuts of the linkage are looked at on these (benchmarks/linkage.py), so nothing here is taken from any log: every
rate below is a round guess. Three in ten live with somebody of the same surname, for two of one household are the
likeliest to be taken for one.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from misuse.synth import words

Rng = np.random.Generator

PEOPLE = 4000
AT_MOST = 25  # records a person
HOUSEHOLDS = 0.3  # who live with somebody of the same surname
MOVERS = 0.25  # who have lived in two homes
DEFAULT_BIRTHS = 0.2  # whose date of birth is known by its year alone, and kept as 1 January
MISSING = {"subscriber_name": 0.02, "subscriber_address": 0.2, "subscriber_postcode": 0.25, "birth_date": 0.3}
OTHER_FIRST_NAME, INITIAL, MIDDLE_NAME, SLIP, OTHER_SURNAME = 0.25, 0.05, 0.5, 0.08, 0.03
BIRTH_SLIP, POSTCODE_SLIP, SHORTENED = 0.1, 0.05, 0.3
LETTERS = "abdefghjlnpqrstuwxyz"


def records(seed: int) -> pl.DataFrame:
    """One row a record: spell, truth, and the five details as a log would have them."""
    rng = np.random.default_rng(seed)
    people = _people(rng)
    count = np.minimum(rng.geometric(0.12, PEOPLE), AT_MOST)
    rows = [
        {"truth": person, **_record(people[person], rng)} for person in np.repeat(np.arange(PEOPLE), count).tolist()
    ]
    frame = pl.DataFrame(rows, schema_overrides=dict.fromkeys((*MISSING, "person_name"), pl.String))
    return frame.sample(fraction=1.0, shuffle=True, seed=seed).with_row_index("spell")


def _people(rng: Rng) -> list[dict[str, object]]:
    """Everybody: names, homes and date of birth."""
    people: list[dict[str, object]] = []
    for _ in range(PEOPLE):
        kin = people[int(rng.integers(len(people)))] if people and rng.random() < HOUSEHOLDS else None
        homes = [_home(rng) for _ in range(1 + int(rng.random() < MOVERS))]
        year = int(rng.integers(1935, 2006))
        day = (1, 1) if rng.random() < DEFAULT_BIRTHS else (int(rng.integers(1, 13)), int(rng.integers(1, 29)))
        people.append(
            {
                "first": _skewed(words.FIRST_NAMES, rng),
                "middle": _skewed(words.FIRST_NAMES, rng),
                "last": kin["last"] if kin else _skewed(words.LAST_NAMES, rng),
                "other_last": _skewed(words.LAST_NAMES, rng),
                "homes": kin["homes"] if kin else homes,
                "birth": (year, *day),
            }
        )
    return people


def _skewed(names: tuple[str, ...], rng: Rng) -> str:
    """A name, the first of the list far more often than the last."""
    return names[int(len(names) * rng.random() ** 2.5)].lower()


def _home(rng: Rng) -> tuple[str, str]:
    """An address and its postcode; the town goes with the district."""
    district = int(rng.integers(1, 60))
    unit = LETTERS[int(rng.integers(len(LETTERS)))] + LETTERS[int(rng.integers(len(LETTERS)))]
    town = words.STREETS[district * 5 % len(words.STREETS)].split()[0].lower() + "ton"
    street = words.STREETS[int(rng.integers(len(words.STREETS)))].lower()
    return (
        f"{int(rng.integers(1, 200))} {street}, {town}",
        f"{'zz zy zx'.split()[district % 3]}{district} {int(rng.integers(1, 10))}{unit}",
    )


def _record(person: dict[str, object], rng: Rng) -> dict[str, str | None]:
    """What one record says of a person."""
    homes = person["homes"]
    assert isinstance(homes, list)
    address, postcode = homes[int(rng.integers(len(homes)))]
    if rng.random() < SHORTENED:
        address = (
            address.replace("street", "st").replace("road", "rd").replace("avenue", "ave").replace("gardens", "gdns")
        )
    found: dict[str, str | None] = {
        "subscriber_name": _name(person, rng),
        "subscriber_address": address,
        "subscriber_postcode": _slip(postcode, rng, POSTCODE_SLIP),
        "person_name": None,
        "birth_date": _birth(person["birth"], rng),
    }
    return {field: None if rng.random() < MISSING.get(field, 0.0) else value for field, value in found.items()}


def _name(person: dict[str, object], rng: Rng) -> str:
    first, last = str(person["first"]), str(person["last"])
    chance = rng.random()
    if chance < OTHER_FIRST_NAME:
        first = first[: 3 + int(rng.integers(2))] + ("" if rng.random() < 0.5 else "ie")
    elif chance < OTHER_FIRST_NAME + INITIAL:
        first = first[0]
    middle = str(person["middle"]) if rng.random() < MIDDLE_NAME else ""
    last = str(person["other_last"]) if rng.random() < OTHER_SURNAME else last
    return " ".join(_slip(word, rng, SLIP) for word in (first, middle, last) if word)


def _birth(birth: object, rng: Rng) -> str:
    assert isinstance(birth, tuple)
    return _slip("{:02d}/{:02d}/{:04d}".format(*birth[::-1]), rng, BIRTH_SLIP, "0123456789")


def _slip(text: str, rng: Rng, chance: float, letters: str = LETTERS) -> str:
    """One letter put in for another, now and then."""
    places = [place for place, letter in enumerate(text) if letter.isalnum()]
    if rng.random() >= chance or len(places) < 3:
        return text
    place = places[int(rng.integers(len(places)))]
    kind = "0123456789" if text[place].isdigit() else letters
    return text[:place] + kind[int(rng.integers(len(kind)))] + text[place + 1 :]
