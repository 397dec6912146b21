"""When people call: local days and hours of London, and the weight of each hour.

Hours are counted in UTC, so that the day of 23 hours and the day of 25 come out right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

ZONE = "Europe/London"
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Calls by local hour on a weekday, then on the nights before a day of rest, then what misuse adds.
WEEKDAY = np.array(
    [62, 48, 38, 32, 28, 28, 34, 48, 70, 82, 88, 92, 96, 98, 102, 110, 116, 120, 120, 116, 110, 104, 94, 80],
    dtype=float,
)
NIGHT_OUT = np.array(
    [108, 98, 86, 72, 52, 38, 34, 42, 56, 72, 84, 92, 98, 100, 104, 110, 116, 122, 128, 132, 136, 140, 142, 134],
    dtype=float,
)
MISUSE_HOURS = np.array(
    [120, 108, 92, 72, 52, 38, 34, 38, 48, 56, 62, 68, 74, 78, 82, 92, 98, 104, 112, 122, 130, 136, 138, 132],
    dtype=float,
)


@dataclass(frozen=True)
class Clock:
    """Every hour of the log: when it starts, which local day and hour it is."""

    midnights: Ints  # UTC seconds of each local midnight, and of the one after the last day
    hour_starts: Ints
    hour_offsets: Ints  # seconds that local time is ahead of UTC
    hour_days: Ints
    hour_of_day: Ints

    @property
    def first(self) -> int:
        return int(self.midnights[0])

    @property
    def last(self) -> int:
        return int(self.midnights[-1])

    def offsets(self, times: Ints) -> Ints:
        """Seconds that local time is ahead of UTC at each time; times after the log keep its last."""
        return self.hour_offsets[np.clip((times - self.first) // 3600, 0, len(self.hour_offsets) - 1)]


def clock(start: date, days: int) -> Clock:
    """The hours of `days` local days from `start`, and a few after, for calls that run past the end."""
    zone = ZoneInfo(ZONE)
    midnights = np.array(
        [int(datetime.combine(start + timedelta(n), datetime.min.time(), zone).timestamp()) for n in range(days + 1)]
    )
    starts = np.arange(midnights[0], midnights[-1] + 86400, 3600)
    offsets = np.array([_offset(int(second), zone) for second in starts])
    local = starts + offsets
    first_day = int(midnights[0] + offsets[0]) // 86400
    return Clock(midnights, starts, offsets, local // 86400 - first_day, local // 3600 % 24)


def _offset(second: int, zone: ZoneInfo) -> int:
    shift = datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
    return int(shift.total_seconds()) if shift else 0


def weekday(start: date, days: Ints) -> Ints:
    """Day of the week of each day of the log, Monday 0."""
    return (days + start.weekday()) % 7


def general_weights(clock_: Clock, start: date, rng: np.random.Generator) -> Floats:
    """The weight of each hour of the log among calls of the public; zero after the log's end."""
    day, hour = clock_.hour_days, clock_.hour_of_day
    week = weekday(start, day)
    resting = ((week == 4) & (hour >= 18)) | (week == 5) | ((week == 6) & (hour < 6))
    weights = np.where(resting, NIGHT_OUT[hour], WEEKDAY[hour])
    year_day = (day + start.timetuple().tm_yday - 1) % 365
    season = 1.0 + 0.07 * np.cos(2 * np.pi * (year_day - 195) / 365) + 0.30 * ((year_day == 0) & (hour < 6))
    noise = np.exp(rng.normal(0.0, 0.035, int(day.max()) + 1))
    return np.where(clock_.hour_starts < clock_.last, weights * season * noise[day], 0.0)


def general_times(clock_: Clock, weights: Floats, size: int, rng: np.random.Generator) -> Ints:
    """`size` times on the general rhythm, in no order."""
    counts = rng.multinomial(size, weights / weights.sum())
    times = np.repeat(clock_.hour_starts, counts) + rng.integers(0, 3600, size)
    return rng.permutation(times)


def misuse_times(clock_: Clock, days: Floats, rng: np.random.Generator) -> Ints:
    """A time in each given day of the log (which may lie outside it), at the hours that misuse keeps."""
    shares = MISUSE_HOURS / MISUSE_HOURS.sum()
    hours = np.searchsorted(np.cumsum(shares), rng.random(len(days)))
    whole = np.floor(days).astype(np.int64)
    inside = np.clip(whole, 0, len(clock_.midnights) - 1)
    # Outside the log a day is a plain day: those calls are dropped, only their order matters.
    return clock_.midnights[inside] + (whole - inside) * 86400 + hours * 3600 + rng.integers(0, 3600, len(days))
