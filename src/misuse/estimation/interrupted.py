"""Whether a campaign, or a new number such as 101, changed something: an interrupted series with a control.

The series (calls a month or week) is followed on the log scale: its trend and season before the date, a step and a
change of slope after it (Bernal, Cummins and Gasparrini 2017). With a control series, genuine calls, what is followed
is the ratio of the two, so that what befalls both (a storm, a new handset's emergency key, growth) is no effect
(Bernal, Cummins and Gasparrini 2018); what each did alone is said beside it.

Neighbouring months are alike. Standard errors are Newey and West's (1987), but in series as short as these they are
too small. So the estimate over its error is set against the same for series without any effect: normal, of this
length and design, the sum of one whose every value is a part of the last and of one without memory, parts and sizes
drawn from their restricted likelihood (REML) in this series. An effect is a finding where the mean change over the time after the date has a 95% interval without zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from misuse.estimation.refused import Refused

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SERIES = 1_999
_TAIL = 0.025
_AUTOCORRELATIONS = (-0.4, -0.2, 0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_WITHOUT_MEMORY = (0.0, 0.25, 0.5, 0.75)  # of the variance


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
    calls: Floats, days: Floats, at: int, *, period: Period, seed: int, control: Floats | None = None
) -> Effect | Refused:
    """The effect of what happened at the start of period `at`.

    `calls`, `control`: calls of whole periods without a gap; `days`: days in each. Seasons (two yearly waves, one
    where there are fewer than three years) enter where the series spans two years. Half a call is added before logs.
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
    alone = line.changes(own, rng)
    if control is None:
        found, other, beside = alone, None, np.zeros(len(calls))
    else:
        beside = _logs(control, days)
        found, other = line.changes(own - beside, rng), line.changes(beside, rng).mean
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
        _method(line, period, control is not None),
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


def _method(line: _Line, period: Period, has_control: bool) -> str:
    season = f"{line.waves} yearly waves" if line.waves else "no season, the series being shorter than two years"
    return (
        f"segmented regression of {period.name}ly calls a day, log scale, trend and {season}"
        f"{', relative to genuine calls' if has_control else ', no control'}; Newey-West errors of {line.lags} lags, "
        f"their small-sample spread from {SERIES} series without effect"
    )


@dataclass(frozen=True)
class _Changes:
    mean: Change
    step: Change
    slope: Change
    autocorrelation: float


class _Line:
    """The design of one series: what its length, date and period settle."""

    def __init__(self, count: int, at: int, period: Period) -> None:
        import numpy as np

        time = np.arange(count, dtype=np.float64) - at
        years = count / period.a_year
        self.waves = 0 if years < 2.0 else (1 if years < 3.0 else 2)
        turns = 2.0 * np.pi * time / period.a_year
        waves = [wave((number + 1) * turns) for number in range(self.waves) for wave in (np.sin, np.cos)]
        after = (time >= 0.0).astype(np.float64)
        self.matrix = np.stack([np.ones(count), time / count, *waves, after, after * time / count], axis=1)
        self.solved = np.linalg.pinv(self.matrix)
        self.roots = [kind.root(count) for kind in _MEMORIES]
        self.lags = max(1, round(0.75 * count ** (1.0 / 3.0)))
        step, slope = self.solved[-2], self.solved[-1]
        # What each of mean, step and slope gives each value of the series for weight.
        self.weights = np.stack([step + slope * time[time >= 0.0].mean() / count, step, slope / count])

    def changes(self, series: Floats, rng: np.random.Generator) -> _Changes:
        """Mean change, step and change of slope, with intervals."""
        import numpy as np

        points = self.weights @ series
        errors = self._errors(series[None, :])[:, 0]
        likely = self._likely(series)
        noise = _noise(likely, len(series), rng)
        chance = np.abs(self.weights @ noise.T) / self._errors(noise)
        reach = np.quantile(chance, 1.0 - 2.0 * _TAIL, axis=1) * errors
        ends = np.expm1(np.stack([points, points - reach, points + reach], axis=1))
        mean, step, slope = (Change(*map(float, row)) for row in ends)
        next_to = np.array([kind.autocorrelation * (1.0 - kind.noise) for kind in _MEMORIES])
        return _Changes(mean, step, slope, float(next_to @ likely))

    def drawn(self, series: Floats) -> tuple[Floats, Floats]:
        """The fitted line, and the line without the change."""
        coefficients = self.solved @ series
        return self.matrix @ coefficients, self.matrix[:, :-2] @ coefficients[:-2]

    def _errors(self, series: Floats) -> Floats:
        """Newey-West standard errors: a row per weight, a column per series."""
        import numpy as np

        residuals = series - (series @ self.solved.T) @ self.matrix.T
        parts = self.weights[:, None, :] * residuals
        spread = (parts**2).sum(axis=2)
        for lag in range(1, self.lags + 1):
            together = (parts[..., lag:] * parts[..., :-lag]).sum(axis=2)
            spread += 2.0 * (1.0 - lag / (self.lags + 1.0)) * together
        return np.asarray(np.sqrt(np.maximum(spread, 1e-300)))

    def _likely(self, series: Floats) -> Floats:
        """How likely each kind of memory is, from the restricted likelihood, all alike beforehand."""
        import numpy as np

        logs = np.array([_restricted(self.matrix, series, root) for root in self.roots])
        likely = np.exp(logs - logs.max())
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


_MEMORIES = tuple(
    _Memory(autocorrelation, noise) for autocorrelation in _AUTOCORRELATIONS for noise in _WITHOUT_MEMORY
    if autocorrelation or not noise
)  # fmt: skip


def _restricted(matrix: Floats, series: Floats, root: Floats) -> float:
    """Log restricted likelihood of errors of these correlations, their size profiled out (Harville 1974)."""
    import numpy as np

    triangle = np.linalg.qr(np.linalg.solve(root, np.column_stack([matrix, series])), mode="r")
    diagonal = np.maximum(np.abs(np.diagonal(triangle)), 1e-300)
    free = len(series) - matrix.shape[1]
    return float(-np.log(np.diagonal(root)).sum() - np.log(diagonal[:-1]).sum() - free * np.log(diagonal[-1]))


def _noise(likely: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Stationary series without effect, their memories drawn as likely as they are."""
    import numpy as np

    kinds = rng.choice(len(_MEMORIES), size=SERIES, p=likely)
    part = np.array([kind.autocorrelation for kind in _MEMORIES])[kinds]
    noise = np.array([kind.noise for kind in _MEMORIES])[kinds][:, None]
    series = rng.standard_normal((SERIES, count))
    series[:, 1:] *= np.sqrt(1.0 - part**2)[:, None]
    for step in range(1, count):
        series[:, step] += part * series[:, step - 1]
    return np.asarray(np.sqrt(1.0 - noise) * series + np.sqrt(noise) * rng.standard_normal((SERIES, count)))
