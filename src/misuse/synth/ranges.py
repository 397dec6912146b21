"""The ranges that synthetic numbers come from, in one place, and how a line becomes a number.

None is in use by anybody: Ofcom has given out no number beginning 071, nor 020 0 or 020 1 in
London, and 056 is all but empty; libphonenumber takes all as valid mobile, fixed and VoIP numbers.
They are composed of prefix and width so that no number stands in the source. Logs with them are
made on demand and never committed; the committed fixture uses the drama ranges below them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from misuse.errors import UsageError

MOBILE, FIXED, VOIP = 0, 1, 2
KINDS = ("mobile", "fixed", "voip")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class NumberRange:
    """National significant numbers `prefix` followed by `width` digits."""

    prefix: int
    width: int

    @property
    def size(self) -> int:
        return int(10**self.width)

    @property
    def first(self) -> int:
        return self.prefix * self.size

    def holds(self, national: int) -> bool:
        """Whether a national significant number lies in the range."""
        return self.first <= national < self.first + self.size


DECLARED = (NumberRange(71, 8), NumberRange(200, 7), NumberRange(56, 8))
# Ofcom's numbers for drama: mobile; London, Leeds, Sheffield, Nottingham and others; freephone kept out.
DRAMA_MOBILE = (NumberRange(7700900, 3),)
DRAMA_FIXED = tuple(
    NumberRange(prefix, 3)
    for prefix in (2079460, 1134960, 1144960, 1154960, 1164960, 1174960, 1184960, 1214960, 1314960, 1414960, 1514960)
)
DRAMA_VOIP = (NumberRange(3069990, 3),)
DRAMA = (DRAMA_MOBILE, DRAMA_FIXED, DRAMA_VOIP)

# Odd and not divisible by 5, so that multiplying permutes the range: numbers do not come in order.
_SCRAMBLE, _SHIFT = 48_271_373, 1_618_033


def _declared(kind: int, ordinal: Ints) -> Ints:
    span = DECLARED[kind]
    return (ordinal * _SCRAMBLE + _SHIFT) % span.size + span.first


def _drama(kind: int, ordinal: Ints) -> Ints:
    spans = DRAMA[kind]
    scrambled = (ordinal * 379 + 17) % 1000  # within a thousand, as every drama range is
    which = ordinal // 1000
    if len(ordinal) and int(which.max()) >= len(spans):
        raise UsageError(
            f"Ofcom's drama ranges hold too few {KINDS[kind]} numbers for this log", next_step="ask for fewer calls"
        )
    return np.array([span.first for span in spans], dtype=np.int64)[which] + scrambled


def nationals(kinds: npt.NDArray[np.int8], *, drama: bool) -> Ints:
    """One national significant number for each line, in order; no two alike."""
    numbers = np.zeros(len(kinds), dtype=np.int64)
    for kind in range(len(KINDS)):
        mine = kinds == kind
        ordinal = np.arange(int(mine.sum()), dtype=np.int64)
        numbers[mine] = _drama(kind, ordinal) if drama else _declared(kind, ordinal)
        if not drama and len(ordinal) > DECLARED[kind].size:
            raise UsageError("the declared ranges hold too few numbers", next_step="ask for fewer calls a day")
    return numbers


def capacity(kind: int, *, drama: bool) -> int:
    """How many lines of a kind there can be."""
    return sum(span.size for span in DRAMA[kind]) if drama else DECLARED[kind].size
