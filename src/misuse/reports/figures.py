"""The workload in the report's two readings, from the run's estimates and its whole months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from misuse.reports.data import Pack, Row
from misuse.wording import is_claimed


@dataclass(frozen=True)
class Measure:
    """A figure with its interval; None wherever it is not measured."""

    point: float | None
    low: float | None = None
    high: float | None = None
    is_claimed: bool = True  # that the interval is one of 95%


@dataclass(frozen=True)
class Workload:
    """A month's work: of all misuse (reading A) and of the persistent callers alone (reading B)."""

    days_all: Measure
    days_persistent: Measure
    hours_all: Measure
    hours_persistent: Measure
    share_handling: Measure
    share_units: Measure
    calls_all: float | None
    calls_persistent: float | None
    whole_months: int


def workload(pack: Pack) -> Workload:
    """The month's work, averaged over the whole months of the headline window."""
    whole = _whole_months(pack)
    return Workload(
        days_all=_measure(pack, "days_work_all_misuse"),
        days_persistent=_measure(pack, "days_work_persistent"),
        hours_all=_measure(pack, "hours_all_misuse"),
        hours_persistent=_measure(pack, "hours_persistent"),
        share_handling=_measure(pack, "share_of_handling"),
        share_units=_measure(pack, "share_of_deployment"),
        calls_all=_mean([row["misuse_calls"] for row in whole]),
        calls_persistent=_mean([row["persistent_misuse_calls"] for row in whole]),
        whole_months=len(whole),
    )


def _whole_months(pack: Pack) -> list[Row]:
    """The months that days' work is averaged over: whole, in the window from its first day to as-of, and with calls."""
    first = pack.stamp.as_of - timedelta(days=pack.settings.window_days - 1)
    return [row for row in pack.months if row["is_whole"] and row["calls"] and row["month"] >= first]


def _measure(pack: Pack, name: str) -> Measure:
    row = pack.estimate(name)
    return Measure(None) if row is None else Measure(row["point"], row["low"], row["high"], is_claimed(row["method"]))


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
