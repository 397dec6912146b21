"""How often the 95% intervals held the truth in trials, by size of log. The figures are those of benchmarks/coverage.json.

`python -m benchmarks.coverage` makes them anew: 2,000 synthetic logs of each size from each of several heavy tails.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["share_of_calls", "share_of_time", "total_of_calls", "total_of_time", "all_calls", "all_time"]
NOMINAL = (93.0, 97.0)


@dataclass(frozen=True)
class Trials:
    """Logs of so many callers, the fewest of them persistent under any tail; logs in a hundred whose interval held."""

    callers: int
    persistent: int
    held: dict[Kind, tuple[float, float]]  # the least and the most, by tail


# fmt: off
TRIALS: tuple[Trials, ...] = (
    Trials(100, 1, {"share_of_calls": (92.3, 97.9), "share_of_time": (92.3, 97.9), "total_of_calls": (80.4, 96.3), "total_of_time": (80.4, 96.4), "all_calls": (89.9, 98.8), "all_time": (89.9, 98.8)}),
    Trials(300, 5, {"share_of_calls": (91.2, 97.5), "share_of_time": (91.2, 97.8), "total_of_calls": (92.8, 97.7), "total_of_time": (92.8, 98.0), "all_calls": (91.4, 96.8), "all_time": (91.4, 97.0)}),
    Trials(500, 8, {"share_of_calls": (92.5, 97.2), "share_of_time": (92.5, 97.4), "total_of_calls": (94.4, 97.7), "total_of_time": (94.4, 97.7), "all_calls": (91.5, 96.8), "all_time": (91.5, 96.8)}),
    Trials(1_000, 16, {"share_of_calls": (92.5, 96.5), "share_of_time": (92.5, 96.8), "total_of_calls": (93.3, 97.4), "total_of_time": (93.3, 97.4), "all_calls": (92.4, 96.8), "all_time": (92.4, 96.8)}),
    Trials(3_000, 50, {"share_of_calls": (94.4, 96.7), "share_of_time": (94.4, 96.7), "total_of_calls": (94.2, 96.9), "total_of_time": (94.2, 96.9), "all_calls": (93.8, 96.9), "all_time": (93.8, 96.9)}),
    Trials(10_000, 169, {"share_of_calls": (94.8, 97.3), "share_of_time": (94.8, 97.3), "total_of_calls": (94.8, 97.3), "total_of_time": (94.8, 97.3), "all_calls": (94.9, 97.3), "all_time": (94.9, 97.3)}),
    Trials(30_000, 508, {"share_of_calls": (95.2, 96.6), "share_of_time": (95.0, 96.6), "total_of_calls": (95.1, 96.1), "total_of_time": (94.8, 96.1), "all_calls": (94.8, 96.2), "all_time": (94.8, 96.2)}),
)
# fmt: on


def comparable(callers: int, persistent: int) -> Trials | None:
    """The trials of the largest logs with no more callers and no more persistent ones; None where even those had more."""
    fitting = [row for row in TRIALS if row.callers <= callers and row.persistent <= persistent]
    return max(fitting, key=lambda row: row.callers, default=None)


def said(kind: Kind, callers: int, persistent: int) -> str:
    """What coverage to expect of an interval that is called 95%."""
    row = comparable(callers, persistent)
    if row is None:
        return "with so few callers nobody knows how often it holds the truth, and 95% is not claimed"
    low, high = row.held[kind]
    logs = f"trial logs of {row.callers:,} callers, {row.persistent:,} or more of them persistent"
    spread = f"{low:.1f}% to {high:.1f}% of {logs}, by how heavy the tail was"
    is_nominal = NOMINAL[0] <= low and high <= NOMINAL[1]
    return f"it held the truth in {spread}" + ("" if is_nominal else ", so 95% is not claimed")
