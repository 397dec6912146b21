"""Coding error against enumeration, closed forms and planted truth."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import stats

from misuse import coding
from misuse.coding import Rates, Tally
from misuse.coding.tails import below_threshold

THRESHOLD = 10


def tally(stratum: str, misuse: int, calls: int, group: str = "") -> Tally:
    """A stratum whose coders agreed on every call."""
    return Tally(stratum, group or stratum, misuse, calls - misuse, 0, 0)


# --- which calls are coded again


@pytest.mark.parametrize(
    ("calls", "half_width", "share", "needed"),
    [
        (10**9, 0.05, 0.5, 385),  # 1.96² × ¼ ÷ 0.05²
        (1_000, 0.05, 0.5, 278),  # 384.15 ÷ (1 + 383.15 ÷ 1000)
        (10**9, 0.03, 0.1, 385),  # 1.96² × 0.09 ÷ 0.03²
        (200, 0.5, 0.5, 30),
        (12, 0.05, 0.5, 12),
        (0, 0.05, 0.5, 0),
    ],
)
def test_sizes_are_cochrans(calls: int, half_width: float, share: float, needed: int) -> None:
    assert coding.sizes({"a": calls}, half_width=half_width, expected={"a": share}) == {"a": needed}


def test_the_stated_half_width_is_kept() -> None:
    """Drawn without replacement from a stratum of 2,000 calls, 30% misuse."""
    needed = coding.sizes({"a": 2_000}, half_width=0.05, expected={"a": 0.3})["a"]
    found = np.random.default_rng(1).hypergeometric(600, 1_400, needed, size=20_000) / needed
    assert 0.94 < np.mean(np.abs(found - 0.3) <= 0.05 + 1e-9) < 0.97


def test_shares_of_a_sample_are_the_best_there_are() -> None:
    """Against every way of dividing forty calls among three strata."""
    strata, shares = {"a": 500, "b": 60, "c": 200}, {"a": 0.1, "b": 0.5, "c": 0.02}

    def spread(taken: tuple[int, ...]) -> float:
        pairs = zip(strata.items(), taken, strict=True)
        return sum(size**2 * shares[name] * (1 - shares[name]) / number for (name, size), number in pairs)

    ways = [way for way in itertools.product(range(2, 37), repeat=3) if sum(way) == 40]
    found = coding.shared_out(strata, 40, expected=shares, fewest=2)
    assert sum(found.values()) == 40
    assert spread(tuple(found.values())) <= 1.01 * min(map(spread, ways))


def test_a_small_stratum_is_taken_whole_and_too_few_calls_are_refused() -> None:
    assert coding.shared_out({"a": 5, "b": 10_000}, 100) == {"a": 5, "b": 95}
    assert coding.shared_out({"a": 5, "b": 6}, 100) == {"a": 5, "b": 6}
    with pytest.raises(ValueError, match="too few"):
        coding.shared_out({"a": 500, "b": 500}, 50)


def test_a_draw_hangs_on_keys_and_seed_alone() -> None:
    rng = np.random.default_rng(2)
    keys = rng.integers(0, 2**63, size=3_000).astype(np.uint64)
    stratum, wanted = rng.integers(0, 3, size=3_000), np.array([50, 0, 5_000])
    chosen = coding.drawn(keys, stratum, wanted, 7)
    assert np.bincount(stratum[chosen], minlength=3).tolist() == [50, 0, int((stratum == 2).sum())]
    order = rng.permutation(3_000)
    assert np.array_equal(coding.drawn(keys[order], stratum[order], wanted, 7), chosen[order])
    more = coding.drawn(keys, stratum, np.array([80, 10, 0]), 7)
    assert np.all(more[chosen & (stratum == 0)])
    assert not np.array_equal(coding.drawn(keys, stratum, wanted, 8), chosen)


def test_every_call_of_a_stratum_is_as_likely_as_the_next() -> None:
    """Keys in a row, as a bad key would be."""
    keys, stratum = np.arange(40, dtype=np.uint64), np.zeros(40, dtype=np.int64)
    times = sum(coding.drawn(keys, stratum, np.array([10]), seed).astype(int) for seed in range(2_000))
    assert stats.chisquare(np.asarray(times) / 0.75).pvalue > 0.001  # 10 of 40 without replacement


def test_equal_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="same key"):
        coding.drawn(np.zeros(2, dtype=np.uint64), np.zeros(2, dtype=np.int64), np.array([1]), 1)


# --- error rates


def test_agreement_by_hand() -> None:
    found = coding.agreement([Tally("a", "m", 40, 40, 5, 10, 5)])
    assert found.calls == 100
    assert found.agreed == 0.8
    assert found.kappa == pytest.approx((0.8 - 0.5) / 0.5)
    assert coding.agreement([tally("a", 5, 5)]).kappa is None


def test_a_stratum_alone_has_the_jeffreys_posterior() -> None:
    rates = coding.verdict_rates([Tally("a", "m", 30, 10, 4, 2)])
    assert (rates.first[0], rates.second[0]) == (34.5, 12.5)
    assert rates.means[0] == pytest.approx(34.5 / 47)
    assert np.allclose(rates.interval()[0], stats.beta.ppf([0.025, 0.975], 34.5, 12.5))
    assert "blind" in rates.method


def test_disagreements_not_yet_settled_count_as_settled_ones_did() -> None:
    rates = coding.verdict_rates([Tally("a", "m", 30, 10, 0, 0, 4), Tally("b", "n", 10, 10, 7, 1)])
    assert rates.first[0] == pytest.approx(30.5 + 4 * 7.5 / 9)
    assert rates.first[0] + rates.second[0] == pytest.approx(45)


def test_a_group_that_nobody_coded_is_refused() -> None:
    with pytest.raises(ValueError, match="sample it first"):
        coding.verdict_rates([tally("a", 5, 10), tally("b", 0, 0)])


def test_leaning_on_a_group_is_the_integral_it_claims_to_be() -> None:
    """The posterior mean of each share, by summing likelihood × prior over shares, means and firmnesses."""
    data = [(9, 10), (80, 100), (3, 3)]
    angles = (np.arange(2_000) + 0.5) / 2_000 * np.pi / 2
    shares, width = np.sin(angles) ** 2, np.sin(2 * angles)  # fine near 0 and 1, where priors may be steep
    top, bottom = np.zeros(3), 0.0
    for angle, firmness in itertools.product((np.arange(60) + 0.5) / 60 * np.pi / 2, np.geomspace(1, 300, 40)):
        mean = np.sin(angle) ** 2
        prior = stats.beta.pdf(shares, mean * firmness, (1 - mean) * firmness) * width
        prior /= prior.sum()
        each = [prior * shares**k * (1 - shares) ** (n - k) for k, n in data]
        whole = math.prod(part.sum() for part in each)
        bottom += whole
        top += whole * np.array([(part * shares).sum() / part.sum() for part in each])
    rates = coding.verdict_rates([tally(str(at), k, n, "m") for at, (k, n) in enumerate(data)])
    assert np.allclose(rates.means, top / bottom, atol=0.003)


def test_a_code_of_few_calls_leans_and_one_of_many_does_not() -> None:
    tallies = [tally("few", 1, 4, "m"), *(tally(f"many {at}", 900 + at, 1_000, "m") for at in range(4))]
    means = coding.verdict_rates(tallies).means
    assert 0.25 < means[0] < 0.9
    assert np.allclose(means[1:], [0.900, 0.901, 0.902, 0.903], atol=0.002)


def test_codes_that_lean_on_each_other_err_together() -> None:
    """Four strata of one share: what is learned of their mean is learned of all, so the sum varies more than apart."""
    rates = coding.verdict_rates([tally(str(at), 20, 100, "o") for at in range(4)])
    drawn = rates.draws(4_000, 1)
    assert np.allclose(drawn.mean(axis=0), rates.means, atol=0.003)
    assert np.allclose(drawn.std(axis=0), np.sqrt(stats.beta.var(rates.first, rates.second)), rtol=0.05)
    apart = np.sqrt(stats.beta.var(rates.first, rates.second).sum())
    pooled = 4 * np.sqrt(stats.beta.var(80.5, 320.5))  # had they one share for certain
    assert 1.2 * apart < drawn.sum(axis=1).std() < 1.15 * pooled


def test_intervals_of_leaning_codes_cover_and_miss_by_less() -> None:
    rng = np.random.default_rng(3)
    hits, ours, raw = [], [], []
    for _ in range(150):
        truth = rng.beta(18, 2, size=6)
        calls = rng.integers(5, 60, size=6)
        found = rng.binomial(calls, truth)
        rates = coding.verdict_rates(
            [tally(str(at), int(k), int(n), "m") for at, (k, n) in enumerate(zip(found, calls, strict=True))]
        )
        low, high = rates.interval().T
        hits += list((low <= truth) & (truth <= high))
        ours += list((rates.means - truth) ** 2)
        raw += list((found / calls - truth) ** 2)
    assert 0.92 < np.mean(hits) < 0.98
    assert np.mean(ours) < 0.75 * np.mean(raw)


def test_draws_are_of_the_posterior() -> None:
    rates = Rates(("a", "b"), np.array([30.5, 2.5]), np.array([5.5, 40.5]), "")
    drawn = rates.draws(400, 4)
    assert np.array_equal(drawn, rates.draws(400, 4))
    assert np.allclose(drawn.mean(axis=0), rates.means, atol=0.001)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.15
    ranks = np.sort(stats.beta.cdf(drawn[:, 0], 30.5, 5.5))
    assert np.all(np.abs(ranks - (np.arange(400) + 0.5) / 400) <= 0.5 / 400 + 1e-9)  # one in each slice


# --- numbers of misuse calls


def test_a_caller_of_few_calls_by_enumeration() -> None:
    rng = np.random.default_rng(6)
    calls = [3, 0, 7, 1, 9]
    owner = np.repeat(np.arange(5), calls)
    probability = rng.random(20)
    shuffled = rng.permutation(20)
    found = coding.at_least(probability[shuffled], owner[shuffled], 5, 3)
    for caller in range(5):
        own = probability[owner == caller]
        ways = itertools.product((0, 1), repeat=len(own))
        expected = sum(
            math.prod(p if yes else 1 - p for p, yes in zip(own, way, strict=True)) for way in ways if sum(way) >= 3
        )
        assert found[caller] == pytest.approx(expected, abs=1e-12)


def test_a_caller_of_many_calls_by_fourier() -> None:
    probability = np.random.default_rng(7).random(500) * 0.05
    turns = np.exp(2j * np.pi * np.arange(501) / 501)
    masses = np.fft.fft(np.prod(1 - probability + probability * turns[:, None], axis=1)).real / 501
    found = coding.at_least(probability, np.zeros(500, dtype=np.int64), 1, THRESHOLD)
    assert found[0] == pytest.approx(masses[THRESHOLD:].sum(), abs=1e-12)


@pytest.mark.parametrize("threshold", [1, 3, 10, 50])
def test_sums_of_binomials_against_whole_convolution(threshold: int) -> None:
    rng = np.random.default_rng(8)
    counts = rng.integers(0, 70, size=(4, 30)) * rng.integers(0, 2, size=(4, 30))
    chance = np.array([[0.0, 0.3, 1.0], [0.9, 0.01, 1.0], [1e-9, 0.5, 0.999], [0.2, 0.7, 0.95]])
    place = rng.integers(0, 3, size=30)
    found = below_threshold(counts, place, chance, threshold)
    for case in range(30):
        whole = np.ones(1)
        for stratum in range(4):
            calls = counts[stratum, case]
            whole = np.convolve(whole, stats.binom.pmf(np.arange(calls + 1), calls, chance[stratum, place[case]]))
        expected = np.pad(whole, (0, threshold))[:threshold]
        assert np.allclose(found[:, case], expected, atol=1e-12)


def test_right_codes_change_nothing() -> None:
    rng = np.random.default_rng(9)
    counts = np.stack([rng.integers(0, 25, size=400), rng.integers(0, 25, size=400)], axis=1)
    rates = Rates(("misuse", "other"), np.array([1e9, 1e-3]), np.array([1e-3, 1e9]), "")
    found = coding.corrected(counts, rates, counts.sum(axis=0), THRESHOLD, seed=1)
    over = counts[:, 0] >= THRESHOLD
    assert np.allclose(found.probability, over, atol=1e-6)
    assert found.persistent_callers.point == pytest.approx(over.sum())
    assert found.persistent_misuse_calls.point == pytest.approx(counts[over, 0].sum())
    assert found.share_of_misuse.point == pytest.approx(counts[over, 0].sum() / counts[:, 0].sum())


def test_ten_codes_are_not_ten_calls_where_errors_fall_on_all_alike() -> None:
    """0.9 to the tenth: 35%, where no caller is more of a persistent one than another."""
    rng = np.random.default_rng(10)
    counts = rng.integers(10, 15, size=(4_000, 1))
    rates = Rates(("misuse",), np.array([9e6]), np.array([1e6]), "")
    found = coding.corrected(counts, rates, counts.sum(axis=0), THRESHOLD, seed=1)
    for calls in range(10, 15):
        expected = stats.binom.sf(THRESHOLD - 1, calls, 0.9)
        assert found.probability[counts[:, 0] == calls].mean() == pytest.approx(expected, abs=0.03)


def test_nobody_could_be_over_the_line() -> None:
    rates = coding.verdict_rates([tally("misuse", 90, 100), tally("other", 2, 100)])
    found = coding.corrected(np.array([[3, 2], [1, 0]]), rates, np.array([4, 2]), THRESHOLD, seed=1)
    assert found.probability.tolist() == [0.0, 0.0]
    assert found.persistent_callers.point == found.persistent_callers.high == 0.0
    assert found.misuse_calls.point == pytest.approx(4 * rates.means[0] + 2 * rates.means[1], rel=0.01)


def test_counts_without_a_rate_are_refused() -> None:
    rates = coding.verdict_rates([tally("misuse", 90, 100)])
    with pytest.raises(ValueError, match="each stratum"):
        coding.corrected(np.array([[3, 2]]), rates, np.array([3, 2]), THRESHOLD, seed=1)


# --- planted truth


@dataclass(frozen=True)
class Log:
    """A log whose truth is known, and the double coding of a sample of it."""

    counts: np.ndarray[Any, Any]
    rates: Rates
    totals: np.ndarray[Any, Any]
    verdicts: coding.Verdicts  # of the sampled calls of those who could be over the line
    misuse: np.ndarray[Any, Any]  # true misuse calls of each caller
    coded: np.ndarray[Any, Any]  # calls with a misuse code

    @property
    def could(self) -> np.ndarray[Any, Any]:
        return np.asarray(self.counts[:, :6].sum(axis=1) >= THRESHOLD)


BY_MISUSE = np.array([0.5, 0.3, 0.2])
BY_OTHER = np.array([0.4, 0.3, 0.3])


def planted(
    seed: int,
    *,
    missed: float = 0.15,
    wrong: float = 0.02,
    prone: tuple[float, float] = (20.0, 1.0),
    others: tuple[float, float] = (0.5, 20.0),
    callers: tuple[int, int] = (12_000, 30_000),
    tail: float = 1.6,
    sample: int = 400,
    alike: float = 0.0,
) -> Log:
    """Heavy-tailed callers: some prone to misuse, most not; every code errs; `sample` calls a stratum coded again.

    `alike`: if not none, a caller's errors are alike: its own error rates are Beta with so many calls' firmness.
    """
    rng = np.random.default_rng(seed)
    calls = np.concatenate([
        np.minimum(np.floor(2 * (rng.pareto(tail, callers[0]) + 1)), 3_000),
        np.minimum(np.floor(rng.pareto(1.8, callers[1]) + 1), 600),
    ]).astype(np.int64)  # fmt: skip
    share = np.concatenate([rng.beta(*prone, callers[0]), rng.beta(*others, callers[1])])
    misuse = rng.binomial(calls, share)
    error = [np.full(len(calls), rate) for rate in (missed, wrong)]
    if alike:
        error = [rng.beta(rate * alike, (1 - rate) * alike, len(calls)) for rate in (missed, wrong)]
    by = [np.concatenate([BY_MISUSE[None] * (1 - error[0][:, None]), BY_OTHER[None] * error[0][:, None]], axis=1),
          np.concatenate([BY_MISUSE[None] * error[1][:, None], BY_OTHER[None] * (1 - error[1][:, None])], axis=1)]  # fmt: skip
    true, false = rng.multinomial(misuse, by[0]), rng.multinomial(calls - misuse, by[1])
    many = (calls >= THRESHOLD)[:, None]
    true, false = (np.concatenate([part * many, part * ~many], axis=1) for part in (true, false))
    tallies, whose, which, found = [], [], [], []
    for stratum in range(12):
        caller, is_misuse = drawn_calls(true[:, stratum], false[:, stratum], sample, rng)
        group = f"{'misuse' if stratum % 6 < 3 else 'other'} {stratum // 6}"
        tallies.append(tally(str(stratum), int(is_misuse.sum()), len(caller), group))
        if stratum < 6:
            whose, which, found = [*whose, caller], [*which, np.full(len(caller), stratum)], [*found, is_misuse]
    kinds = np.arange(12) % 6 // 3
    verdicts = coding.Verdicts(np.concatenate(whose), np.concatenate(which), np.concatenate(found), kinds)
    counts = true + false
    coded = counts[:, [0, 1, 2, 6, 7, 8]].sum(axis=1)
    return Log(counts, coding.verdict_rates(tallies), counts.sum(axis=0), verdicts, misuse, coded)


def drawn_calls(
    true: np.ndarray[Any, Any], false: np.ndarray[Any, Any], sample: int, rng: np.random.Generator
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Whose calls are drawn from a stratum, and whether each is misuse."""
    caller = np.concatenate([np.repeat(np.arange(len(part)), part) for part in (true, false)])
    chosen = rng.choice(len(caller), min(sample, len(caller)), replace=False)
    return caller[chosen], chosen < true.sum()


def calibration(probability: np.ndarray[Any, Any], truth: np.ndarray[Any, Any]) -> float:
    """Expected calibration error over ten even bins, by a loop."""
    gaps = 0.0
    for at in range(10):
        bin_of = (probability >= at / 10) & ((probability < (at + 1) / 10) | (at == 9))
        gaps += abs(float(probability[bin_of].sum() - truth[bin_of].sum()))
    return gaps / len(probability)


def test_a_reliability_curve_by_loops() -> None:
    rng = np.random.default_rng(11)
    probability = np.append(rng.random(500) ** 2, 1.0)
    outcome = rng.random(501) < probability**1.5
    found = coding.reliability(probability, outcome)
    assert found.calibration_error == pytest.approx(calibration(probability, outcome))
    assert found.brier == pytest.approx(np.mean([(p - o) ** 2 for p, o in zip(probability, outcome, strict=True)]))
    some = (probability >= 0.3) & (probability < 0.4)
    assert (found.given[3], found.found[3]) == pytest.approx((probability[some].mean(), outcome[some].mean()))
    assert found.number.sum() == 501
    assert np.isnan(coding.reliability(np.array([0.05]), np.array([True])).given[5])
    with pytest.raises(ValueError, match="no probability"):
        coding.reliability(np.zeros(0), np.zeros(0, dtype=bool))


@dataclass(frozen=True)
class Trial:
    """What came of several logs."""

    errors: np.ndarray[Any, Any]
    raw_errors: np.ndarray[Any, Any]
    calibration: float
    undecided_calibration: float  # of callers between 2% and 98%
    undecided_spread: float  # of a log's mean chance less its share of truly persistent ones among them: standard error
    one_rate_calibration: float
    covered: float
    share_covered: float


def trial(seeds: range, **changes: Any) -> Trial:
    """Correct each log and set it beside its truth."""
    errors, raw, ours, one_rate, truths, covered, share, gaps = [], [], [], [], [], [], [], []
    for seed in seeds:
        log = planted(seed, **changes)
        found = coding.corrected(log.counts, log.rates, log.totals, THRESHOLD, seed=seed, verdicts=log.verdicts)
        over = log.misuse >= THRESHOLD
        errors.append(found.persistent_callers.point / over.sum() - 1)
        raw.append((log.coded >= THRESHOLD).sum() / over.sum() - 1)
        covered.append(found.persistent_callers.low <= over.sum() <= found.persistent_callers.high)
        true_share = log.misuse[over].sum() / log.misuse.sum()
        share.append(found.share_of_misuse.low <= true_share <= found.share_of_misuse.high)
        ours.append(found.probability[log.could])
        truths.append(over[log.could])
        open_cases = (ours[-1] > 0.02) & (ours[-1] < 0.98)
        gaps.append(ours[-1][open_cases].mean() - truths[-1][open_cases].mean())
        place = np.zeros(int(log.could.sum()), dtype=np.int64)
        below = below_threshold(log.counts[log.could].T, place, log.rates.means[:, None], THRESHOLD)
        one_rate.append(1 - below.sum(axis=0))
    probability, truth = np.concatenate(ours), np.concatenate(truths)
    some = (probability > 0.02) & (probability < 0.98)
    return Trial(
        np.array(errors),
        np.array(raw),
        calibration(probability, truth),
        calibration(probability[some], truth[some]),
        float(np.std(gaps) / len(gaps) ** 0.5),
        calibration(np.concatenate(one_rate), truth),
        float(np.mean(covered)),
        float(np.mean(share)),
    )


def test_the_corrected_count_is_near_the_truth_where_the_raw_count_is_far_off() -> None:
    found = trial(range(4))
    assert np.abs(found.errors).max() < 0.05
    assert np.all(found.raw_errors < -0.15)
    assert found.calibration < 0.02
    assert found.undecided_calibration < 0.06
    assert found.one_rate_calibration > 0.05  # a single error rate for all callers will not do


LOGS = 30
# Of so many intervals that each cover with 90%, no fewer than these do but in one trial of a hundred.
LEAST_COVERED = int(stats.binom.ppf(0.01, LOGS, 0.9))


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="usual", marks=pytest.mark.deep),
        pytest.param({"missed": 0.25}, id="much missed", marks=pytest.mark.deep),
        pytest.param({"missed": 0.05, "wrong": 0.08}, id="much wrong", marks=pytest.mark.deep),
        pytest.param({"prone": (2.0, 1.0), "others": (0.3, 3.0)}, id="mixed callers", marks=pytest.mark.deep),
        pytest.param({"tail": 1.2, "callers": (3_000, 30_000)}, id="heavier tail", marks=pytest.mark.deep),
        pytest.param({"callers": (2_000, 5_000)}, id="few callers", marks=pytest.mark.deep),
    ],
)
def test_counts_and_probabilities_over_many_logs(changes: dict[str, Any]) -> None:
    """Limits are what the figure should be and what chance may add: three standard errors over the logs."""
    found = trial(range(100, 100 + LOGS), **changes)
    assert np.quantile(np.abs(found.errors), 0.95) < 0.05
    assert abs(found.errors.mean()) < 0.01 + 3 * found.errors.std() / LOGS**0.5
    assert abs(found.raw_errors.mean()) > 3 * np.abs(found.errors.mean())
    assert found.calibration < 0.01
    assert found.undecided_calibration < 0.02 + 3 * found.undecided_spread
    assert found.covered * LOGS >= LEAST_COVERED
    assert found.share_covered * LOGS >= LEAST_COVERED


@pytest.mark.deep
def test_errors_alike_within_a_caller_are_a_stated_limit() -> None:
    found = trial(range(100, 110), alike=10.0)
    assert np.abs(found.errors).max() < 0.05
    assert 0.02 < found.calibration < 0.05


def by_code_alone(seed: int, *, callers: int = 3_000, sample: int = 150) -> Log:
    """Codes that err whoever calls: of misusers' calls coded misuse 7% are not, of those coded otherwise most are; the
    calls of others are what they are coded. What a caller's share of misuse seems to tell of a call tells nothing.
    """
    rng = np.random.default_rng(seed)
    calls = np.minimum(np.floor(8 * (rng.pareto(1.6, callers) + 1)), 2_000).astype(np.int64)
    is_misuser = rng.random(callers) < 0.85
    # Coded misuse, or one of three other codes, the last of them of calls in earnest alone; each caller has a mix.
    mix = np.where(is_misuser[:, None], rng.dirichlet([6, 1.5, 1, 1.5], callers), [0.0, 0.02, 0.02, 0.96])
    counts = rng.multinomial(calls, mix)
    shares = np.where(is_misuser[:, None], [0.93, 0.85, 0.7, 0.0], 0.0)
    true = rng.binomial(counts, shares)
    parts = [drawn_calls(true[:, at], (counts - true)[:, at], sample, rng) for at in range(4)]
    tallies = [tally(str(at), int(part[1].sum()), sample, "m" if at == 0 else "o") for at, part in enumerate(parts)]
    verdicts = coding.Verdicts(
        np.concatenate([part[0] for part in parts]), np.repeat(np.arange(4), sample),
        np.concatenate([part[1] for part in parts]), np.array([0, 1, 1, 1]),
    )  # fmt: skip
    rates = coding.verdict_rates(tallies)
    return Log(counts, rates, counts.sum(axis=0), verdicts, true.sum(axis=1), counts[:, 0])


def test_how_far_errors_hang_on_who_calls_is_learned() -> None:
    """Codes alone put the count a tenth too high, and probabilities off by 5 points; verdicts by caller mend both."""
    errors, alone, ours, without, truths = [], [], [], [], []
    for seed in range(4):
        log = by_code_alone(seed)
        could = log.counts.sum(axis=1) >= THRESHOLD
        over = (log.misuse >= THRESHOLD)[could]
        told, untold = (
            coding.corrected(log.counts, log.rates, log.totals, THRESHOLD, seed=seed, verdicts=verdicts)
            for verdicts in (log.verdicts, None)
        )
        errors.append(told.persistent_callers.point / over.sum() - 1)
        alone.append(untold.persistent_callers.point / over.sum() - 1)
        ours, without = [*ours, told.probability[could]], [*without, untold.probability[could]]
        truths.append(over)
    truth = np.concatenate(truths)
    calibrated, uncalibrated = (calibration(np.concatenate(part), truth) for part in (ours, without))
    assert np.abs(errors).max() < 0.05
    assert calibrated < 0.02 < uncalibrated


def test_a_call_is_as_likely_misuse_as_its_caller_and_code_say() -> None:
    """By the planted share of misuse among callers' calls of the first misuse code, and of the first other one."""
    log = planted(3)
    found = coding.corrected(log.counts, log.rates, log.totals, THRESHOLD, seed=3)
    assert np.allclose((log.counts * found.call_probability).sum(axis=1), found.expected)
    assert found.expected[log.could].sum() == pytest.approx(log.misuse[log.could].sum(), rel=0.03)
    heavy = log.could & (log.coded >= 30)
    light = log.could & (log.coded <= 1)
    assert found.call_probability[heavy, 0].min() > 0.99  # where one rate would say 95% for all
    assert found.call_probability[light, 0].max() < 0.9
    assert found.call_probability[heavy, 3].mean() > 0.3 > found.call_probability[light, 3].mean()


def test_the_seed_decides() -> None:
    log = planted(1, callers=(1_000, 2_000))
    one, same, other = (
        coding.corrected(log.counts, log.rates, log.totals, THRESHOLD, seed=seed, draws=8) for seed in (1, 1, 2)
    )
    assert np.array_equal(one.probability, same.probability)
    assert one.persistent_callers == same.persistent_callers != other.persistent_callers


def test_forty_thousand_callers_are_quick() -> None:
    log = planted(2)
    started = time.process_time()
    coding.corrected(log.counts, log.rates, log.totals, THRESHOLD, seed=1)
    assert time.process_time() - started < 2.0  # 0.8 s on an idle core
