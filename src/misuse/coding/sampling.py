"""Which calls are coded again: how many of each stratum, and which."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NORMAL_95 = 1.959963984540054
FEWEST = 30
# The finaliser of SplitMix64 (Steele, Lea and Flood 2014), which maps keys to places one to one.
_STEPS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))
_GOLDEN = 0x9E3779B97F4A7C15


def sizes(
    strata: Mapping[str, int], *, half_width: float, expected: Mapping[str, float] | None = None, fewest: int = FEWEST
) -> dict[str, int]:
    """Calls to code again in each stratum so that the 95% interval of its misuse share is ± `half_width`.

    `strata` maps a stratum to its calls; `expected` to the share looked for, one half (the worst case) where it
    says nothing. The normal interval with the finite population correction (Cochran 1977, 4.2); at least
    `fewest`, as far as the stratum goes, since near 0 and 1 the normal interval is too sure of itself.
    """
    if not 0.0 < half_width < 1.0:
        raise ValueError("half_width lies between 0 and 1")
    shares = expected or {}
    return {name: _size(size, half_width, shares.get(name, 0.5), fewest) for name, size in strata.items()}


def _size(size: int, half_width: float, share: float, fewest: int) -> int:
    if size <= 0:
        return 0
    infinite = (NORMAL_95 / half_width) ** 2 * share * (1.0 - share)
    needed = infinite / (1.0 + (infinite - 1.0) / size)
    return min(size, max(fewest, math.ceil(needed)))


def shared_out(
    strata: Mapping[str, int], total: int, *, expected: Mapping[str, float] | None = None, fewest: int = FEWEST
) -> dict[str, int]:
    """`total` calls to code again, shared among strata so that the corrected number of misuse calls is surest.

    Neyman's allocation (Cochran 1977, 5.5): calls times the standard deviation of the verdict, after `fewest`
    of each stratum. A stratum is never asked for more calls than it has; the sum is `total` where there are so many.
    """
    shares = expected or {}
    taken = {name: min(size, fewest) for name, size in strata.items()}
    if sum(taken.values()) > total:
        raise ValueError(f"{total} calls are too few: {fewest} of each stratum make {sum(taken.values())}")
    weight = {name: size * math.sqrt(max(shares.get(name, 0.5), 0.01) * max(1.0 - shares.get(name, 0.5), 0.01))
              for name, size in strata.items()}  # fmt: skip
    open_strata = [name for name in sorted(strata) if taken[name] < strata[name]]
    while open_strata and sum(taken.values()) < total:
        spare, whole = total - sum(taken.values()), sum(weight[name] for name in open_strata)
        for name in open_strata:
            more = max(1, math.floor(spare * weight[name] / whole))
            taken[name] += min(more, strata[name] - taken[name], total - sum(taken.values()))
        open_strata = [name for name in open_strata if taken[name] < strata[name]]
    return taken


def drawn(
    keys: NDArray[np.uint64], stratum: NDArray[np.int64], wanted: NDArray[np.int64], seed: int
) -> NDArray[np.bool_]:
    """Which calls are drawn: in each stratum the `wanted` calls whose keys, stirred with the seed, come first.

    `keys`: a call's own 64 bits, such as the first sixteen hex digits of its token. The order of the calls does
    not matter, a larger sample holds the smaller one, and calls that join a stratum later displace few.
    Equal keys would be drawn together by chance of their order, so they are refused.
    """
    import numpy as np

    places = _stirred(keys, seed)
    order = np.lexsort((places, stratum))
    ordered = places[order]
    if np.any((ordered[1:] == ordered[:-1]) & (stratum[order][1:] == stratum[order][:-1])):
        raise ValueError("two calls of one stratum have the same key")
    first = np.searchsorted(stratum[order], np.arange(len(wanted)))
    rank = np.arange(len(keys)) - first[stratum[order]]
    chosen = np.zeros(len(keys), dtype=bool)
    chosen[order] = rank < wanted[stratum[order]]
    return chosen


def _stirred(keys: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    import numpy as np

    start = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    mixed = keys.astype(np.uint64) ^ start
    mixed = mixed + np.uint64(_GOLDEN)
    for shift, factor in _STEPS:
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed)
