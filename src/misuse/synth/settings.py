"""What a synthetic log is asked to be, and what it turned out to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from misuse.errors import UsageError

Reading = Literal["A", "B"]

FULL_CALLS_PER_DAY = 6000.0
DAYS_PER_MONTH = 365 / 12
# The report's sentence has two readings. A: all misuse is about 6,000 a month. B: that of the
# persistent alone is, so that all misuse is about 14,000.
MISUSE_PER_MONTH: Mapping[Reading, float] = {"A": 6000.0, "B": 14000.0}


@dataclass(frozen=True)
class SyntheticSettings:
    """A synthetic log. `calls_per_day` counts the 999 channel; misuse scales with it unless given."""

    seed: int = 20051208
    start: date = date(2025, 1, 1)
    days: int = 365
    calls_per_day: float = FULL_CALLS_PER_DAY
    share_101: float = 0.02
    reading: Reading = "A"
    misuse_per_month: float | None = None
    dirt: bool = False
    drama: bool = False

    def __post_init__(self) -> None:
        if self.days < 1 or self.calls_per_day <= 0 or self.share_101 < 0:
            raise UsageError("a synthetic log needs at least one day and more than no calls a day")
        if self.reading not in MISUSE_PER_MONTH:
            raise UsageError(f"no reading '{self.reading}'", next_step="the report has two: A and B")
        if self.misuse_target > 0.5 * self.total_999:
            raise UsageError("more than half of the calls would be misuse", next_step="ask for more calls a day")

    @property
    def scale(self) -> float:
        """How large the town is beside London."""
        return self.calls_per_day / FULL_CALLS_PER_DAY

    @property
    def total_999(self) -> int:
        return round(self.calls_per_day * self.days)

    @property
    def total_101(self) -> int:
        return round(self.total_999 * self.share_101)

    @property
    def misuse_target(self) -> float:
        """Misuse calls over the whole log, near enough."""
        monthly = self.misuse_per_month
        if monthly is None:
            monthly = MISUSE_PER_MONTH[self.reading] * self.scale
        return monthly * self.days / DAYS_PER_MONTH

    @property
    def misuse_scale(self) -> float:
        """Misuse beside reading A's in London."""
        return self.misuse_target * DAYS_PER_MONTH / self.days / MISUSE_PER_MONTH["A"]


@dataclass(frozen=True)
class SyntheticReport:
    """Where the log is and what it holds, counted after it was made."""

    log: Path
    truth: Path
    files: tuple[Path, ...]
    rows: int
    calls: int
    figures: Mapping[str, Any] = field(default_factory=dict)
    dirt: Mapping[str, Any] | None = None


def fixture_settings() -> SyntheticSettings:
    """The committed fixture's: small, rich in misuse, drama numbers only."""
    return SyntheticSettings(
        seed=999, start=date(2025, 9, 1), days=60, calls_per_day=34, misuse_per_month=220, drama=True
    )
