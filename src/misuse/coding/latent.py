"""Error rates where nobody settles what two coders differ on: the truth is a hidden class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from misuse.coding.rates import JEFFREYS, Rates, Tally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

# A coder is right more often than not: prior calls right and wrong.
_RIGHT, _WRONG = 4.0, 1.0
_CHAINS, _SETTLING, _KEPT = 200, 300, 100


def latent_rates(tallies: Sequence[Tally], seed: int) -> Rates:
    """The share of each stratum that is misuse, from pairs of codings alone.

    Two coders err independently of each other, given the truth, and as often in every stratum: each finds misuse
    where it is with one probability, and none where it is not with another, both Beta(4, 1) beforehand (Hui and
    Walter 1980, with coders who cannot be told apart). At least two strata must differ in their share for this to
    be known from pairs, so fewer are refused. Settled disagreements count as known. The posterior is drawn by Gibbs
    sampling, 200 chains of 300 + 100 turns, and each stratum's is replaced by the Beta of its mean and variance.
    """
    import numpy as np

    if len(tallies) < 2:
        raise ValueError("one stratum cannot tell coders' errors from the share of misuse: settle the disagreements")
    rng = np.random.default_rng(seed)
    cells = np.array([[tally.both, tally.pending, tally.neither] for tally in tallies], dtype=np.int64)
    settled = np.array([[tally.upheld, tally.turned_down] for tally in tallies], dtype=np.int64)
    share = np.full((_CHAINS, len(tallies)), 0.5)
    share[:] = (cells[:, 0] + settled[:, 0] + 1.0) / (cells.sum(axis=1) + settled.sum(axis=1) + 2.0)
    finds, clears = np.full(_CHAINS, 0.9), np.full(_CHAINS, 0.9)
    kept = []
    for turn in range(_SETTLING + _KEPT):
        truly = _misuse_in(cells, share, finds, clears, rng)
        share = _shares(truly, cells, settled, rng)
        finds, clears = _coders(truly, cells, settled, rng)
        if turn >= _SETTLING:
            kept.append(share)
    return _as_betas(tallies, np.concatenate(kept))


def _misuse_in(cells: Whole, share: Floats, finds: Floats, clears: Floats, rng: np.random.Generator) -> Whole:
    """How many of each cell's calls (both said misuse, one did, none did) truly are, per chain and stratum."""
    import numpy as np

    likely = np.stack([finds**2, finds * (1.0 - finds), (1.0 - finds) ** 2], axis=-1)[:, None, :]
    otherwise = np.stack([(1.0 - clears) ** 2, clears * (1.0 - clears), clears**2], axis=-1)[:, None, :]
    odds = share[..., None] * likely, (1.0 - share[..., None]) * otherwise
    return np.asarray(rng.binomial(cells, odds[0] / (odds[0] + odds[1])))


def _shares(truly: Whole, cells: Whole, settled: Whole, rng: np.random.Generator) -> Floats:
    import numpy as np

    misuse = truly.sum(axis=-1) + settled[:, 0]
    other = cells.sum(axis=1) + settled.sum(axis=1) - misuse
    return np.asarray(np.clip(rng.beta(misuse + JEFFREYS, other + JEFFREYS), 1e-12, 1.0 - 1e-12))


def _coders(truly: Whole, cells: Whole, settled: Whole, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """How often a coder finds misuse, and clears what is none; better than chance, or the classes would swap names."""
    import numpy as np

    differed = settled.sum(axis=0)
    wrong = cells - truly
    found = 2 * truly[..., 0].sum(axis=1) + truly[..., 1].sum(axis=1) + differed[0]
    missed = 2 * truly[..., 2].sum(axis=1) + truly[..., 1].sum(axis=1) + differed[0]
    cleared = 2 * wrong[..., 2].sum(axis=1) + wrong[..., 1].sum(axis=1) + differed[1]
    raised = 2 * wrong[..., 0].sum(axis=1) + wrong[..., 1].sum(axis=1) + differed[1]
    finds, clears = rng.beta(found + _RIGHT, missed + _WRONG), rng.beta(cleared + _RIGHT, raised + _WRONG)
    limits = 0.5, 1.0 - 1e-9
    return np.clip(finds, *limits), np.clip(clears, *limits)


def _as_betas(tallies: Sequence[Tally], shares: Floats) -> Rates:
    import numpy as np

    mean, spread = shares.mean(axis=0), shares.var(axis=0)
    strength = np.maximum(mean * (1.0 - mean) / np.maximum(spread, 1e-12) - 1.0, 1e-3)
    method = (
        "calls coded again by two people blind to each other, disagreements not all settled: the truth a hidden class, "
        "coders erring alike in every code; posterior by Gibbs sampling"
    )
    return Rates(tuple(tally.stratum for tally in tallies), mean * strength, (1.0 - mean) * strength, method)
