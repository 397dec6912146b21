"""Who truly has the threshold's number of misuse calls, given how often codes are wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from misuse.coding.rates import Rates
from misuse.coding.recalibration import Verdicts, recalibrated
from misuse.coding.tails import below_threshold

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

# Shares of a caller's calls that are misuse: none, all, and log-odds from -6.5 to 6.5. Steps need be no finer than
# what a caller near the threshold lets be known of its own log-odds, some one over the root of the threshold.
_MOST_LOG_ODDS, _STEP, _WIDEST_STEP = 6.5, 1.5, 0.5
# Callers are alike within bands of all their calls, in thresholds; a band of fewer callers joins the one below.
_BANDS = (1.5, 2.5, 5.0, 10.0)
_FEWEST_IN_BAND = 150
_FIRST_ROUNDS, _ROUNDS, _LONGEST_STRIDE = 40, 12, 30.0
_UNLIKELY = 5e-4
_CERTAIN = 1e-9
_SPREAD = 0.05
_TAIL = 0.025
_LEAST_MISUSE = 1e-6  # calls: of less than that no share is reckoned
DRAWS = 32
_PLACES = 41


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95% interval; only coding error varies, the calls and callers are as they are."""

    point: float
    low: float
    high: float


@dataclass(frozen=True)
class Corrected:
    """What is over the line once coding error is reckoned with."""

    probability: Floats  # per caller, of truly having at least the threshold's number
    expected: Floats  # per caller, misuse calls
    call_probability: Floats  # per caller and stratum, of a call there being misuse
    persistent_callers: Estimate
    persistent_misuse_calls: Estimate
    misuse_calls: Estimate
    share_of_misuse: Estimate
    method: str


def corrected(
    counts: Whole,
    rates: Rates,
    totals: Whole,
    threshold: int,
    *,
    seed: int,
    draws: int = DRAWS,
    verdicts: Verdicts | None = None,
) -> Corrected:
    """Each caller's probability of truly having `threshold` misuse calls, and the corrected headline.

    `counts`: a row per caller, a column per stratum of `rates`: all its calls in the window, whatever their code.
    `totals`: all calls of each stratum, those without a caller included.

    A code is wrong more often on a genuine caller's call than on a persistent one's, because a genuine caller has
    few misuse calls to be right about: one error rate for all callers would take ten codes of ten too lightly and
    one of fifty too seriously. So each caller has its own share of misuse, and given that its calls are independent.
    From the rates follow the codes that misuse calls and other calls are given; from those and all callers' codes,
    the distribution of that share among callers with as many calls (nonparametric maximum likelihood by EM on a
    grid; it starts from all callers alike, which is where codes that say nothing of callers leave it); from that a
    call's probability of being misuse, and the number of such calls is Poisson-binomial, exactly. Error rates are
    drawn `draws` times from their posteriors and callers' weights in the fit from the Bayesian bootstrap (Rubin
    1981); probabilities are means over the draws.
    Nobody with fewer than `threshold` calls in all can be over the line, and no such caller enters the fit.
    If the rates are of misuse codes alone, missed calls are taken as none.
    That codes err by what a call is, whoever calls, need not be so: a misuser's calls in earnest may be taken for misuse
    where another's are not. With `verdicts`, of whose calls they are, the sample tells how far it is (`recalibrated`).
    Errors that cluster by caller beyond this (a caller whose calls are always coded wrong) are not modelled: with
    error rates spread over callers as Beta(κp, κ(1-p)), κ = 10, the count stayed within 4% in a trial, but the
    probabilities were off by 3 points on average (expected calibration error) against 0.3 without such clustering.
    `call_probability` against the verdicts of the calls coded again (`reliability`) shows whether they do.
    """
    import numpy as np

    if counts.shape[1] != len(rates.strata) or len(totals) != len(rates.strata):
        raise ValueError("counts and totals need a column for each stratum of the error rates")
    could = counts.sum(axis=1) >= threshold
    kinds, which = np.unique(counts[could], axis=0, return_inverse=True)
    weight = np.bincount(which.ravel(), minlength=len(kinds)).astype(np.float64)
    kind = np.full(len(counts), -1)
    kind[could] = which.ravel()
    model = _Model(kinds, weight, totals, threshold, np.random.default_rng([seed, 1]), _known(verdicts, kind))
    drawn = [model.under(share) for share in rates.draws(draws, seed)] if len(kinds) else []
    probability, each = np.zeros(len(counts)), np.tile(rates.means, (len(counts), 1))
    if drawn:
        probability[could] = np.mean([part.probability for part in drawn], axis=0)[which.ravel()]
        each[np.ix_(could, model.used)] = np.mean([part.call for part in drawn], axis=0)[which.ravel()]
    headline = _summed(drawn, weight, rates.draws(draws, seed) @ totals)
    method = _method(rates, draws, is_recalibrated=verdicts is not None)
    return Corrected(probability, (counts * each).sum(axis=1), each, *headline, method)


def _known(verdicts: Verdicts | None, kind: Whole) -> Verdicts | None:
    """The verdicts on calls of callers who could be over the line, by kind of caller."""
    if verdicts is None:
        return None
    known = kind[verdicts.caller] >= 0
    return Verdicts(
        kind[verdicts.caller[known]], verdicts.stratum[known], verdicts.is_misuse[known], verdicts.group
    )  # fmt: skip


@dataclass(frozen=True)
class _Drawn:
    """Under one draw of the error rates, per kind of caller."""

    probability: Floats
    call: Floats  # a column per stratum in use
    over: Floats  # expected misuse calls, counted only where they reach the threshold
    over_square: Floats


class _Model:
    """Callers of equal counts are one kind; the fit of one draw starts from the last one's."""

    def __init__(
        self, kinds: Whole, weight: Floats, totals: Whole, threshold: int, rng: np.random.Generator,
        verdicts: Verdicts | None,
    ) -> None:  # fmt: skip
        import numpy as np

        self.rng, self.verdicts = rng, verdicts
        self.used = np.flatnonzero(kinds.sum(axis=0)) if len(kinds) else np.arange(0)
        self.kinds, self.weight, self.threshold = kinds[:, self.used], weight, threshold
        self.totals = totals[self.used].astype(np.float64)
        self.grid = _grid(threshold)
        self.bands = _bands(self.kinds.sum(axis=1), weight, threshold)
        self.mixes: dict[int, Floats] = {}

    def under(self, share: Floats) -> _Drawn:
        """The callers' numbers under these shares of misuse by stratum."""
        import numpy as np

        misuse, other = self.totals * share[self.used], self.totals * (1.0 - share[self.used])
        by_misuse, by_other = misuse / max(misuse.sum(), 1e-300), other / max(other.sum(), 1e-300)
        mixed = np.maximum(self.grid * by_misuse[:, None] + (1.0 - self.grid) * by_other[:, None], 1e-300)
        chance = self.grid * by_misuse[:, None] / mixed
        logs = self.kinds @ np.log(mixed)
        likelihood = np.exp(logs - logs.max(axis=1, keepdims=True))
        start = _around(self.grid, misuse.sum() / self.totals.sum())
        mixes = np.array([self._mix(int(band), likelihood, start) for band in np.unique(self.bands)])
        posterior = likelihood * mixes[np.searchsorted(np.unique(self.bands), self.bands)]
        posterior /= posterior.sum(axis=1, keepdims=True)
        chance = self._told(chance, posterior, share)
        posterior[posterior < _UNLIKELY] = 0.0
        posterior /= posterior.sum(axis=1, keepdims=True)
        return self._numbers(posterior, chance)

    def _told(self, chance: Floats, posterior: Floats, share: Floats) -> Floats:
        """The chances of the strata in use, as the verdicts tell."""
        import numpy as np

        if self.verdicts is None:
            return chance
        given = self.verdicts
        place = np.full(int(self.used.max(initial=0)) + 1, -1)
        place[self.used] = np.arange(len(self.used))
        verdicts = Verdicts(given.caller, place[given.stratum], given.is_misuse, given.group[self.used])
        calls = (self.kinds * self.weight[:, None]).T @ posterior
        return recalibrated(chance, calls, share[self.used], posterior[given.caller], verdicts, self.rng)

    def _mix(self, band: int, likelihood: Floats, start: Floats) -> Floats:
        members = self.bands == band
        if band not in self.mixes:
            self.mixes[band] = _fitted(likelihood[members], self.weight[members], start, start, _FIRST_ROUNDS)
        resampled = self.rng.gamma(self.weight[members])
        return _fitted(likelihood[members], resampled, self.mixes[band], start, _ROUNDS)

    def _numbers(self, posterior: Floats, chance: Floats) -> _Drawn:
        """`chance`: of a call of the stratum (row) being misuse, at each share of the grid (column)."""
        import numpy as np

        kind, place = np.nonzero(posterior)
        calls, part = self.kinds[kind].T, posterior[kind, place]
        rate = chance[:, place]
        mean, spread = (calls * rate).sum(axis=0), (calls * rate * (1.0 - rate)).sum(axis=0)
        low, high = _certain(mean, self.threshold)
        columns = np.stack([np.ones(len(mean)), mean, spread + mean**2]) * ~low
        open_cases = np.flatnonzero(~low & ~high)
        below = below_threshold(calls[:, open_cases], place[open_cases], chance, self.threshold)
        number = np.arange(self.threshold)
        columns[0, open_cases] -= below.sum(axis=0)
        columns[1, open_cases] -= number @ below
        columns[2, open_cases] -= number**2 @ below
        each = np.zeros((len(columns), len(self.kinds)))
        for row, column in zip(each, columns, strict=True):
            row += np.bincount(kind, part * column, len(self.kinds))
        return _Drawn(each[0], posterior @ chance.T, each[1], each[2])


def _certain(mean: Floats, threshold: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where a sum of independent calls of this mean is below, or not below, the threshold but for 1e-9 (Chernoff)."""
    import numpy as np

    reached = threshold - mean + threshold * np.log(np.maximum(mean, 1e-300) / threshold)
    short = (mean - threshold + 1.0) ** 2 / (2.0 * np.maximum(mean, 1e-300))
    limit = -np.log(_CERTAIN)
    return (mean < threshold) & (-reached > limit), (mean > threshold) & (short > limit)


def _grid(threshold: int) -> Floats:
    import numpy as np

    step = min(_STEP / threshold**0.5, _WIDEST_STEP)
    log_odds = np.linspace(-_MOST_LOG_ODDS, _MOST_LOG_ODDS, round(2.0 * _MOST_LOG_ODDS / step) + 1)
    return np.concatenate([[0.0], 1.0 / (1.0 + np.exp(-log_odds)), [1.0]])


def _bands(calls: Whole, weight: Floats, threshold: int) -> Whole:
    """The band of each kind of caller by all its calls; bands of too few callers joined."""
    import numpy as np

    band = np.searchsorted(np.array(_BANDS) * threshold, calls, side="right")
    for last in range(len(_BANDS), 0, -1):
        if weight[band == last].sum() < _FEWEST_IN_BAND:
            band[band == last] = last - 1
    return band


def _around(grid: Floats, share: float) -> Floats:
    """Almost all callers with the same share of misuse, the rest spread evenly: what codes can move, and only they."""
    import numpy as np

    place = int(np.clip(np.searchsorted(grid, share), 1, len(grid) - 1))
    upper = (share - grid[place - 1]) / (grid[place] - grid[place - 1])
    mix = np.full(len(grid), _SPREAD / len(grid))
    mix[[place - 1, place]] += (1.0 - _SPREAD) * np.array([1.0 - upper, upper])
    return mix


def _fitted(likelihood: Floats, weight: Floats, mix: Floats, prior: Floats, rounds: int) -> Floats:
    """How callers are spread over the grid, from `mix` on: EM, with one caller of the prior beforehand.

    EM alone creeps: a bootstrap's fit would stop near where it began, and the interval come out a fifth too narrow.
    So every third step follows from the two before it (SQUAREM, Varadhan and Roland 2008).
    """
    import numpy as np

    for _ in range(rounds):
        first = _step(likelihood, weight, mix, prior)
        second = _step(likelihood, weight, first, prior)
        change, bend = first - mix, second - 2.0 * first + mix
        stride = min(max(_length(change) / max(_length(bend), 1e-300), 1.0), _LONGEST_STRIDE)
        ahead = np.maximum(mix + 2.0 * stride * change + stride**2 * bend, 1e-12)
        mix = _step(likelihood, weight, ahead / ahead.sum(), prior)
    return mix


def _step(likelihood: Floats, weight: Floats, mix: Floats, prior: Floats) -> Floats:
    """One step of EM."""
    import numpy as np

    mix = mix * (likelihood.T @ (weight / (likelihood @ mix))) + prior
    return np.asarray(mix / mix.sum())


def _length(change: Floats) -> float:
    return float((change @ change) ** 0.5)


def _summed(drawn: list[_Drawn], weight: Floats, misuse: Floats) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    """Persistent callers, their misuse calls, all misuse calls and the share; `misuse`: all of it, a value a draw."""
    import numpy as np

    none = np.zeros(len(misuse))
    callers, calls, callers_spread, calls_spread = none, none, none, none
    if drawn:
        callers = np.array([weight @ part.probability for part in drawn])
        callers_spread = np.array([weight @ (part.probability * (1.0 - part.probability)) for part in drawn])
        calls = np.array([weight @ part.over for part in drawn])
        calls_spread = np.array([weight @ (part.over_square - part.over**2) for part in drawn])
    whole = np.maximum(misuse, _LEAST_MISUSE)
    return (
        _estimate(callers, callers_spread),
        _estimate(calls, calls_spread),
        _estimate(misuse, none),
        _estimate(np.minimum(calls / whole, 1.0), calls_spread / whole**2, most=1.0),
    )


def _method(rates: Rates, draws: int, *, is_recalibrated: bool) -> str:
    told = "how far a call hangs on its caller from the verdicts; " if is_recalibrated else ""
    return (
        f"{rates.method}; {told}each caller's own share of misuse from all callers with as many calls, exact "
        f"Poisson-binomial given it; {draws} draws of the error rates; the interval is of coding error alone, and "
        "holds where a code's errors do not depend on who calls beyond that share"
    )


def _estimate(points: Floats, spread: Floats, *, most: float = math.inf) -> Estimate:
    """Mean and central 95% of an even mixture of normals, one a draw, of what lies between nought and `most`."""
    from statistics import NormalDist

    import numpy as np

    steps = np.array([NormalDist().inv_cdf((place + 0.5) / _PLACES) for place in range(_PLACES)])
    spots = points[:, None] + np.sqrt(np.maximum(spread, 0.0))[:, None] * steps
    low, high = np.quantile(spots, [_TAIL, 1.0 - _TAIL])
    return Estimate(float(points.mean()), float(np.clip(low, 0.0, most)), float(min(high, most)))
