"""Arithmetic of chances and bits, apart from any store."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from misuse.linkage.levels import (
    ADDRESS_EXPECTED,
    ADDRESSES,
    HOME,
    NAME,
    NOTHING_OF_THE_NAME,
    OVER_EXPECTED,
    POSTCODE_EXPECTED,
    SIZES,
)  # fmt: skip

ROOM_FOR_NEIGHBOURS = 10.0  # how much likelier strangers share a postcode and an address than both apart

Floats = npt.NDArray[np.float64]


def expected_names(steps: Floats) -> Floats:
    """Chances of name levels between records of one person, from how rare whole names are here (records by step).

    What agrees with a slip counts as less rare by up to two steps; where one name is fuller, a step less again;
    where both have more, what agrees may be anything less than the whole.
    """
    whole = (steps[1:] + 1) / (steps[1:] + 1).sum()
    lower = [np.append(whole[down:], np.zeros(down)) for down in range(3)]
    slipped = 0.7 * lower[0] + 0.2 * lower[1] + 0.1 * lower[2]
    fuller = 0.5 * lower[0] + 0.35 * lower[1] + 0.15 * lower[2]
    less = np.array([(whole[at:] / np.arange(at + 1, len(whole) + 1)).sum() for at in range(len(whole))])
    found = np.zeros(SIZES[NAME])
    for over, rarity in enumerate((less, fuller, slipped)):
        found[1 + over :: 3] = OVER_EXPECTED[over] * rarity / rarity.sum()
    levels: Floats = np.append(NOTHING_OF_THE_NAME, (1 - NOTHING_OF_THE_NAME) * found[1:] / found[1:].sum())
    return levels


def expected_homes(strangers: Floats) -> Floats:
    """Chances of home levels between records of one person: what is blank is blank as often as between strangers."""
    grid = strangers.reshape(-1, ADDRESSES)
    found = np.asarray(POSTCODE_EXPECTED)[:, None] * np.asarray(ADDRESS_EXPECTED)
    found[1:, 1:] *= grid[1:, 1:].sum()
    found[1:, 0] *= grid[1:, 0].sum()
    found[0, 1:] *= grid[0, 1:].sum()
    found[0, 0] = 0.0
    levels: Floats = (found / max(found.sum(), 1e-12)).reshape(SIZES[HOME])
    return levels


def seen(strangers: Floats, pairs: int, *, is_grid: bool) -> Floats:
    """Chances of levels between strangers, none of them nought.

    A level that no pair of those drawn showed is as rare as half a pair. Where it is two things that agree, the
    postcode and the address, it may be rarer still: as rare as both by themselves, with room for neighbours.
    """
    least = np.full(len(strangers), 0.5 / max(pairs, 1))
    if is_grid:
        grid = strangers.reshape(-1, ADDRESSES)
        both = grid[1:, 1:]
        known = max(float(both.sum()), 1e-12)
        rows, columns = np.maximum(both.sum(axis=1), least[0]), np.maximum(both.sum(axis=0), least[0])
        alone = np.minimum(ROOM_FOR_NEIGHBOURS * np.outer(rows, columns) / known, least[0])
        least.reshape(-1, ADDRESSES)[1:, 1:] = alone
    raised: Floats = np.maximum(strangers, least)
    return raised


def bits(levels: npt.NDArray[np.generic], matched: Floats, unmatched: Floats) -> Floats:
    """Weight of each level, in bits; a blank level weighs nothing."""
    blank = np.ma.getmaskarray(levels)
    filled = np.ma.filled(np.ma.asarray(levels), 0).astype(np.int64)
    return np.where(blank, 0.0, np.log2(matched / unmatched)[filled])


def share(weights: Floats, pairs: npt.NDArray[np.int64], total: float, even: float = 0.0) -> float:
    """The share of `total` pairs that are one person's, by maximum likelihood; pairs not given are strangers.

    `weights` are the bits that levels give, `pairs` how many pairs show them. The likelihood has one summit. As many
    pairs as `even` says, half of them one person's, are thought to have been seen before.
    """
    found = 0.01
    for _ in range(500):
        odds = np.log2(found / (1 - found)) + weights
        seen = float((pairs / (1 + 2.0**-odds)).sum()) + even / 2
        step = min(max(seen / (total + even), 0.5 / (total + even)), 0.99)
        if abs(step - found) < 1e-6 * found:
            break
        found = step
    return found


def exactly(records: npt.NDArray[np.int64]) -> Floats:
    """How many pairs know these details of both and no other, from how many records know at least these.

    A set of details is a number of as many bits; `records` holds one count for each.
    """
    pairs = records.astype(np.float64) * (records - 1) / 2
    for held in reversed(range(len(pairs))):
        pairs[held] -= sum(pairs[more] for more in range(held + 1, len(pairs)) if more & held == held)
    return np.maximum(pairs, 0.0)
