"""Whether a campaign, or a new number such as 101, changed something: an interrupted series with a control.

The series (calls a month or week) is followed on the log scale: its trend and season before the date, a step and a
change of slope after it (Bernal, Cummins and Gasparrini 2017). With a control series, genuine calls, what is followed
is the ratio of the two, so that what befalls both (a storm, a new handset's emergency key, growth) is no effect
(Bernal, Cummins and Gasparrini 2018); what each did alone is said beside it.

What chance does is reckoned in two parts. Callers' spells begin and end, and a few large ones move the whole: series
whose callers' own calls are shifted in time say by how much (misuse.estimation.spells). Whatever moves all callers
together (weather, coding, the control's own ups and downs) comes on top: stationary noise with memory, beforehand as
likely none as any, whose size and memory are drawn from their restricted likelihood (REML; Harville 1974) in this
series, the callers' part being given, as in a model of components one of which is known (Fay and Herriot 1979). The 95%
interval is as wide as what both do to the estimate in series without effect. Who makes the calls of a series may be
unknown: then its noise is taken to have the long memory that spells give it, which is not always enough. An effect
is a finding where the mean change over the time after the date has a 95% interval without zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from misuse.estimation.refused import Refused
from misuse.estimation.spells import CallerPeriods, redrawn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SERIES = 1_999
_TAIL = 0.025
_AUTOCORRELATIONS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9)  # of what moves all callers together, a period
_LONG_MEMORY = (
    70.0,
    140.0,
    350.0,
    1400.0,
)  # days, where callers are unknown: a tenth to most of a usual log, and longer
_WITHOUT_MEMORY = (0.0, 0.5, 0.75)  # of the variance
_SIZES = (0.0, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0)  # variances, of that of what the line leaves


@dataclass(frozen=True)
class Period:
    """A step of the series: how many make a year, and the fewest that a series must have."""

    name: str
    a_year: float
    before: int
    after: int


MONTH = Period("month", 12.0, 8, 4)
WEEK = Period("week", 365.25 / 7.0, 26, 8)
FEWEST_CALLS = 10.0


@dataclass(frozen=True)
class Change:
    """A relative change and its 95% interval: -0.2 is a fifth fewer."""

    point: float
    low: float
    high: float

    @property
    def is_finding(self) -> bool:
        """Whether the interval leaves out no change."""
        return not self.low <= 0.0 <= self.high


@dataclass(frozen=True)
class Effect:
    """What changed at the date: against the control where there is one."""

    mean: Change  # over the time after the date: the one that a finding hangs on
    step: Change  # at the date
    slope: Change  # a period, added to the slope before
    alone: Change  # mean, of the series without its control
    control: Change | None  # mean, of the control without the series
    fitted: Floats  # calls a period as the model has them
    expected: Floats  # as it would have them without the change
    autocorrelation: float
    method: str

    @property
    def is_finding(self) -> bool:
        """Whether the mean change is more than chance."""
        return self.mean.is_finding


def interrupted(
    calls: Floats,
    days: Floats,
    at: int,
    *,
    period: Period,
    seed: int,
    control: Floats | None = None,
    callers: CallerPeriods | None = None,
) -> Effect | Refused:
    """The effect of what happened at the start of period `at`.

    `calls`, `control`: calls of whole periods without a gap; `days`: days in each; `callers`: who made `calls`, if
    it is known. Seasons (two yearly waves, one where there are fewer than three years) enter where the series
    spans two years. Half a call is added before logs.
    """
    import numpy as np

    if len(days) != len(calls) or (control is not None and len(control) != len(calls)):
        raise ValueError("calls, days and control are of the same periods")
    why = _why_not(calls, control, at, period)
    if why:
        return Refused(why)
    rng = np.random.default_rng(seed)
    line = _Line(len(calls), at, period)
    own = _logs(calls, days)
    chance = line.chance(calls, days, callers, rng)
    alone = line.changes(own, chance, rng)
    if control is None:
        found, other, beside = alone, None, np.zeros(len(calls))
    else:
        beside = _logs(control, days)
        found = line.changes(own - beside, chance, rng)
        # Genuine callers are many and call seldom: no spell of one moves the whole.
        other = line.changes(beside, line.chance(control, days, CallerPeriods.none(), rng), rng).mean
    fitted, expected = line.drawn(own - beside)
    return Effect(
        found.mean,
        found.step,
        found.slope,
        alone.mean,
        other,
        np.exp(fitted + beside) * days,
        np.exp(expected + beside) * days,
        found.autocorrelation,
        _method(line, period, has_control=control is not None, has_callers=callers is not None),
    )


def _logs(calls: Floats, days: Floats) -> Floats:
    import numpy as np

    return np.asarray(np.log((calls + 0.5) / days))


def _why_not(calls: Floats, control: Floats | None, at: int, period: Period) -> str:
    after = len(calls) - at
    if at < period.before or after < period.after:
        return (
            f"{max(at, 0)} {period.name}s before the date and {max(after, 0)} after: at least {period.before} and "
            f"{period.after} are needed to tell a change from chance"
        )
    for name, series in (("", calls), (" of the control", control)):
        if series is not None and min(series[:at].mean(), series[at:].mean()) < FEWEST_CALLS:
            return f"fewer than {FEWEST_CALLS:.0f} calls{name} a {period.name}: too few for a relative change"
    return ""


def _method(line: _Line, period: Period, *, has_control: bool, has_callers: bool) -> str:
    season = f"{line.waves} yearly waves" if line.waves else "no season, the series being shorter than two years"
    noise = "callers' own calls shifted in time and noise with memory" if has_callers else "noise with long memory"
    return (
        f"segmented regression of {period.name}ly calls a day, log scale, trend and {season}"
        f"{', relative to genuine calls' if has_control else ', no control'}; interval from {SERIES} series without "
        f"effect: {noise}, its size and memory by restricted likelihood"
    )


@dataclass(frozen=True)
class _Changes:
    mean: Change
    step: Change
    slope: Change
    autocorrelation: float


@dataclass(frozen=True)
class _Chance:
    """What a series would do without effect: what its callers do to it, and the memories what is over may have."""

    drawn: Floats  # logs of the callers' sums, a row a draw
    kinds: tuple[_Memory, ...]
    spectra: tuple[tuple[Floats, Floats], ...]  # of each kind beside the callers' part: sizes, and the turn to them


class _Line:
    """The design of one series: what its length, date and period settle."""

    def __init__(self, count: int, at: int, period: Period) -> None:
        import numpy as np

        time = np.arange(count, dtype=np.float64) - at
        years = count / period.a_year
        self.waves = 0 if years < 2.0 else (1 if years < 3.0 else 2)
        self.long_memories = _memories([np.exp(-365.25 / period.a_year / days) for days in _LONG_MEMORY])
        turns = 2.0 * np.pi * time / period.a_year
        waves = [wave((number + 1) * turns) for number in range(self.waves) for wave in (np.sin, np.cos)]
        after = (time >= 0.0).astype(np.float64)
        self.matrix = np.stack([np.ones(count), time / count, *waves, after, after * time / count], axis=1)
        self.solved = np.linalg.pinv(self.matrix)
        # What is at right angles to the design: of this the restricted likelihood is.
        self.contrasts = np.linalg.svd(self.matrix, full_matrices=True)[0][:, self.matrix.shape[1] :]
        step, slope = self.solved[-2], self.solved[-1]
        # What each of mean, step and slope gives each value of the series for weight.
        self.weights = np.stack([step + slope * time[time >= 0.0].mean() / count, step, slope / count])

    def chance(self, calls: Floats, days: Floats, callers: CallerPeriods | None, rng: np.random.Generator) -> _Chance:
        """What the callers of a series may do to it at other times, or, where they are unknown, each call by itself."""
        import numpy as np

        level = days * calls.sum() / days.sum()
        drawn = redrawn(callers or CallerPeriods.none(), calls, level, SERIES, rng)
        kinds = _MEMORIES if callers is not None else self.long_memories
        known = self.contrasts.T @ _toeplitz(drawn) @ self.contrasts
        root = np.linalg.cholesky(known + 1e-9 * np.eye(len(known)) * np.trace(known) / len(known))
        spectra: list[tuple[Floats, Floats]] = []
        for kind in kinds:
            beside = np.linalg.solve(root, self.contrasts.T @ kind.root(len(calls)))
            sizes, turn = np.linalg.eigh(beside @ beside.T)
            spectra.append((np.maximum(sizes, 0.0), np.linalg.solve(root.T, turn).T))
        return _Chance(drawn, kinds, tuple(spectra))

    def changes(self, series: Floats, chance: _Chance, rng: np.random.Generator) -> _Changes:
        """Mean change, step and change of slope, with intervals."""
        import numpy as np

        points = self.weights @ series
        noise = chance.drawn + self._over(series, chance, rng)
        reach = np.quantile(np.abs(self.weights @ noise.T), 1.0 - 2.0 * _TAIL, axis=1)
        ends = np.expm1(np.stack([points, points - reach, points + reach], axis=1))
        mean, step, slope = (Change(*map(float, row)) for row in ends)
        apart = noise - noise.mean()
        return _Changes(mean, step, slope, float((apart[:, 1:] * apart[:, :-1]).mean() / (apart**2).mean()))

    def drawn(self, series: Floats) -> tuple[Floats, Floats]:
        """The fitted line, and the line without the change."""
        coefficients = self.solved @ series
        return self.matrix @ coefficients, self.matrix[:, :-2] @ coefficients[:-2]

    def _over(self, series: Floats, chance: _Chance, rng: np.random.Generator) -> Floats:
        """Noise over what the callers do: a row a draw, kinds and sizes as likely as the series makes them."""
        import numpy as np

        contrasts = self.contrasts.T @ series
        sizes = np.array(_SIZES) * (contrasts**2).mean()
        likely = self._likely(contrasts, chance, sizes)
        drawn = rng.choice(likely.size, size=SERIES, p=likely.ravel())
        kinds, size = np.divmod(drawn, len(sizes))
        noise = _noise([chance.kinds[kind] for kind in kinds], len(series), rng)
        return np.asarray(np.sqrt(sizes[size])[:, None] * noise)

    def _likely(self, contrasts: Floats, chance: _Chance, sizes: Floats) -> Floats:
        """How likely each kind of memory (row) and size (column) is: beforehand nothing over as likely as all else."""
        import numpy as np

        logs = np.array([_restricted(contrasts, spectrum, sizes) for spectrum in chance.spectra])
        likely = np.exp(logs - logs.max()) * np.where(sizes > 0.0, 1.0, len(sizes) - 1.0)
        return np.asarray(likely / likely.sum())


@dataclass(frozen=True)
class _Memory:
    """How alike neighbours are: the part without memory, and of the rest what one value has of the last."""

    autocorrelation: float
    noise: float

    def root(self, count: int) -> Floats:
        """The lower Cholesky root of the correlations of a series."""
        import numpy as np

        apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
        alike = (1.0 - self.noise) * self.autocorrelation ** apart.astype(np.float64)
        return np.linalg.cholesky(np.where(apart == 0, 1.0, alike))


def _memories(autocorrelations: Iterable[float]) -> tuple[_Memory, ...]:
    return tuple(
        _Memory(float(part), noise) for part in autocorrelations for noise in _WITHOUT_MEMORY if part or not noise
    )


_MEMORIES = _memories(_AUTOCORRELATIONS)


def _toeplitz(drawn: Floats) -> Floats:
    """How series vary together by how far periods are apart, round the end to the start, over all draws."""
    import numpy as np

    count = drawn.shape[1]
    waves = (np.abs(np.fft.fft(drawn - drawn.mean(), axis=1)) ** 2).mean(axis=0) / count
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    return np.asarray(np.fft.ifft(waves).real[apart])


def _restricted(contrasts: Floats, spectrum: tuple[Floats, Floats], sizes: Floats) -> Floats:
    """Log restricted likelihood of noise of one kind beside the callers' part, by its size, but for a constant."""
    import numpy as np

    own, turn = spectrum
    spread = 1.0 + sizes[:, None] * own
    return np.asarray(-0.5 * (np.log(spread) + (turn @ contrasts) ** 2 / spread).sum(axis=1))


def _noise(kinds: Sequence[_Memory], count: int, rng: np.random.Generator) -> Floats:
    """Stationary series of variance one, a row for each kind given."""
    import numpy as np

    part = np.array([kind.autocorrelation for kind in kinds])
    noise = np.array([kind.noise for kind in kinds])[:, None]
    series = rng.standard_normal((len(kinds), count))
    series[:, 1:] *= np.sqrt(1.0 - part**2)[:, None]
    for step in range(1, count):
        series[:, step] += part * series[:, step - 1]
    return np.asarray(np.sqrt(1.0 - noise) * series + np.sqrt(noise) * rng.standard_normal((len(kinds), count)))
