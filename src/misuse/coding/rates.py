"""How many of a stratum's calls truly are misuse, from calls coded again by two people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

JEFFREYS = 0.5
# How alike a group's strata may be: prior calls that the group's mean is worth, evenly on the log scale.
_FIRMNESS = (1.0, 300.0, 24)
_MEANS = 80
_TAIL = 0.025


@dataclass(frozen=True)
class Tally:
    """A stratum's calls that two people, blind to each other, coded again."""

    stratum: str
    group: str  # strata that lean on each other: say, misuse codes, and all others
    both: int  # both said misuse
    neither: int
    upheld: int  # they differed, and a third person said misuse
    turned_down: int  # they differed, and a third person said not
    pending: int = 0  # they differed, and nobody has settled it

    @property
    def sampled(self) -> int:
        return self.both + self.neither + self.upheld + self.turned_down + self.pending


@dataclass(frozen=True)
class Pool:
    """Strata that lean on each other: their Betas under each mean and firmness of the group, and how likely that is."""

    members: Whole  # their places among the strata
    first: Floats  # a row per member, a column per mean and firmness, the lowest mean first
    second: Floats
    weight: Floats

    def draws(self, count: int, rng: np.random.Generator) -> Floats:
        """`count` rows of the members' shares. Where the group's mean is drawn high all its members are."""
        import numpy as np
        from scipy.special import betaincinv

        steps = np.cumsum(self.weight)
        cell = np.minimum(np.searchsorted(steps, _places(1, count, rng)[:, 0] * steps[-1]), len(steps) - 1)
        within = _places(len(self.members), count, rng)
        return np.asarray(betaincinv(self.first[:, cell].T, self.second[:, cell].T, within))


@dataclass(frozen=True)
class Rates:
    """Posteriors of the share of each stratum's calls that truly are misuse.

    `first` and `second` are those of a Beta of each posterior's mean and variance. Strata that lean on each other err
    together, which these do not tell: `draws` does.
    """

    strata: tuple[str, ...]
    first: Floats
    second: Floats
    method: str
    pools: tuple[Pool, ...] = ()

    @property
    def means(self) -> Floats:
        """The posterior means, in the order of `strata`."""
        return self.first / (self.first + self.second)

    def interval(self, level: float = 0.95) -> Floats:
        """A row of low and high for each stratum."""
        import numpy as np
        from scipy.special import betaincinv

        tails = np.array([(1.0 - level) / 2.0, (1.0 + level) / 2.0])
        return np.asarray(betaincinv(self.first[:, None], self.second[:, None], tails))

    def draws(self, count: int, seed: int) -> Floats:
        """`count` rows of shares, jointly: of a stratum alone one from each of as many equal slices of its posterior.

        A Latin hypercube (McKay 1979); of strata that lean on each other over their group's mean first.
        """
        import numpy as np
        from scipy.special import betaincinv

        rng = np.random.default_rng(seed)
        found = np.asarray(betaincinv(self.first, self.second, _places(len(self.strata), count, rng)))
        for pool in self.pools:
            found[:, pool.members] = pool.draws(count, rng)
        return found


def _places(columns: int, count: int, rng: np.random.Generator) -> Floats:
    """A Latin hypercube between nought and one."""
    import numpy as np

    slices = rng.permuted(np.tile(np.arange(count), (columns, 1)), axis=1).T
    return np.asarray((slices + rng.random(slices.shape)) / count)


@dataclass(frozen=True)
class Agreement:
    """How far two coders agreed on the same calls, over all strata."""

    calls: int
    agreed: float
    kappa: float | None  # None where all calls fell on one side


def agreement(tallies: Sequence[Tally]) -> Agreement:
    """Observed agreement, and Cohen's kappa of two coders who cannot be told apart (Scott's pi)."""
    calls = sum(tally.sampled for tally in tallies)
    if not calls:
        return Agreement(0, math.nan, None)
    both, neither = sum(tally.both for tally in tallies), sum(tally.neither for tally in tallies)
    agreed = (both + neither) / calls
    misuse = (both + (calls - both - neither) / 2.0) / calls
    by_chance = misuse**2 + (1.0 - misuse) ** 2
    return Agreement(calls, agreed, (agreed - by_chance) / (1.0 - by_chance) if by_chance < 1.0 else None)


def verdict_rates(tallies: Sequence[Tally]) -> Rates:
    """The share of each stratum that is misuse, where what two coders agree on, or a third settles, is the truth.

    A verdict is a Bernoulli draw with the stratum's share. A stratum alone in its group has the Jeffreys prior,
    Beta(1/2, 1/2). Strata of a group share a Beta prior whose mean (Jeffreys) and firmness (log-uniform from 1 to
    300 calls) are unknown; both are integrated out on a grid, and the mixture of Betas that results is replaced by
    the Beta of its mean and variance. So a stratum of few calls leans on its group, one of many hardly.
    A disagreement that nobody has settled counts as misuse to the share of settled ones that were upheld.
    """
    found, calls = _verdicts(tallies)
    first, second = found + JEFFREYS, calls - found + JEFFREYS
    groups = [tally.group for tally in tallies]
    pools = []
    for group in sorted(set(groups)):
        members = [at for at, name in enumerate(groups) if name == group]
        if calls[members].sum() == 0:
            raise ValueError("a group of codes of which no call was coded again has no error rate: sample it first")
        if len(members) > 1:
            pools.append(_pooled(members, found[members], calls[members]))
            first[members], second[members] = _matched(pools[-1])
    method = (
        "calls coded again by two people blind to each other, a third settling where they differed; Beta posteriors, "
        "Jeffreys prior, codes with few calls leaning on their group"
    )
    return Rates(tuple(tally.stratum for tally in tallies), first, second, method, tuple(pools))


def _verdicts(tallies: Sequence[Tally]) -> tuple[Floats, Floats]:
    import numpy as np

    upheld = sum(tally.upheld for tally in tallies)
    settled = upheld + sum(tally.turned_down for tally in tallies)
    odds = (upheld + JEFFREYS) / (settled + 2 * JEFFREYS)
    found = np.array([tally.both + tally.upheld + odds * tally.pending for tally in tallies], dtype=np.float64)
    return found, np.array([tally.sampled for tally in tallies], dtype=np.float64)


def _pooled(members: Sequence[int], found: Floats, calls: Floats) -> Pool:
    """Each member's Beta under each mean and firmness of the group, and the posterior of these."""
    import numpy as np
    from scipy.special import betaln

    # Evenly in arcsine of the root is the Jeffreys prior of a mean.
    means = np.sin((np.arange(_MEANS) + 0.5) / _MEANS * np.pi / 2.0) ** 2
    low, high, steps = _FIRMNESS
    mean, firmness = (part.ravel() for part in np.meshgrid(means, np.geomspace(low, high, steps), indexing="ij"))
    prior_first, prior_second = mean * firmness, (1.0 - mean) * firmness
    first, second = prior_first + found[:, None], prior_second + (calls - found)[:, None]
    marginal = (betaln(first, second) - betaln(prior_first, prior_second)).sum(axis=0)
    weight = np.exp(marginal - marginal.max())
    return Pool(np.asarray(members), first, second, weight / weight.sum())


def _matched(pool: Pool) -> tuple[Floats, Floats]:
    """Each member's mixture of Betas as the one Beta of its mean and variance."""
    whole = pool.first + pool.second
    centre = (pool.first / whole) @ pool.weight
    square = (pool.first * (pool.first + 1.0) / (whole * (whole + 1.0))) @ pool.weight
    strength = centre * (1.0 - centre) / (square - centre**2) - 1.0
    return centre * strength, (1.0 - centre) * strength
