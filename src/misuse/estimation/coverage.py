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
    """Logs of one tail of so many callers, so many of them persistent; of a hundred logs those whose interval held."""

    tail: str
    callers: int
    persistent: int
    held: dict[Kind, tuple[float, float]]  # the least and the most, by what was measured


# fmt: off
TRIALS: tuple[Trials, ...] = (
    Trials("town", 100, 3, {"share_of_calls": (97.9, 97.9), "share_of_time": (97.6, 97.9), "total_of_calls": (87.0, 87.0), "total_of_time": (87.0, 87.7), "all_calls": (93.3, 93.3), "all_time": (92.3, 93.3)}),
    Trials("power 2.185 to 1,800", 100, 3, {"share_of_calls": (97.8, 97.8), "share_of_time": (97.8, 97.8), "total_of_calls": (86.4, 86.4), "total_of_time": (86.4, 86.4), "all_calls": (92.7, 92.7), "all_time": (92.7, 92.7)}),
    Trials("power 2.185 to 5,000", 100, 3, {"share_of_calls": (97.6, 97.6), "share_of_time": (97.6, 97.6), "total_of_calls": (85.6, 85.6), "total_of_time": (85.6, 85.6), "all_calls": (90.8, 90.8), "all_time": (90.8, 90.8)}),
    Trials("power 2 to 1,800", 100, 6, {"share_of_calls": (92.3, 92.3), "share_of_time": (92.3, 92.3), "total_of_calls": (92.6, 92.6), "total_of_time": (92.6, 92.6), "all_calls": (89.9, 89.9), "all_time": (89.9, 89.9)}),
    Trials("power 2.5 to 5,000", 100, 1, {"share_of_calls": (97.5, 97.5), "share_of_time": (97.5, 97.5), "total_of_calls": (80.4, 80.4), "total_of_time": (80.4, 80.4), "all_calls": (98.8, 98.8), "all_time": (98.8, 98.8)}),
    Trials("lognormal", 100, 6, {"share_of_calls": (97.5, 97.5), "share_of_time": (97.2, 97.5), "total_of_calls": (96.3, 96.3), "total_of_time": (96.3, 96.4), "all_calls": (96.6, 96.6), "all_time": (96.2, 96.6)}),
    Trials("stretched exponential", 100, 5, {"share_of_calls": (97.8, 97.8), "share_of_time": (97.8, 97.8), "total_of_calls": (94.3, 94.3), "total_of_time": (94.3, 94.3), "all_calls": (97.2, 97.2), "all_time": (97.2, 97.2)}),
    Trials("town", 300, 11, {"share_of_calls": (94.0, 94.0), "share_of_time": (94.0, 97.2), "total_of_calls": (96.4, 96.4), "total_of_time": (96.4, 98.0), "all_calls": (94.0, 94.0), "all_time": (93.7, 94.0)}),
    Trials("power 2.185 to 1,800", 300, 11, {"share_of_calls": (92.8, 92.8), "share_of_time": (92.8, 92.8), "total_of_calls": (96.0, 96.0), "total_of_time": (96.0, 96.0), "all_calls": (93.6, 93.6), "all_time": (93.6, 93.6)}),
    Trials("power 2.185 to 5,000", 300, 11, {"share_of_calls": (91.2, 91.2), "share_of_time": (91.2, 91.2), "total_of_calls": (94.3, 94.3), "total_of_time": (94.3, 94.3), "all_calls": (91.4, 91.4), "all_time": (91.4, 91.4)}),
    Trials("power 2 to 1,800", 300, 19, {"share_of_calls": (93.2, 93.2), "share_of_time": (93.2, 93.2), "total_of_calls": (94.5, 94.5), "total_of_time": (94.5, 94.5), "all_calls": (93.2, 93.2), "all_time": (93.2, 93.2)}),
    Trials("power 2.5 to 5,000", 300, 5, {"share_of_calls": (97.5, 97.5), "share_of_time": (97.5, 97.5), "total_of_calls": (92.8, 92.8), "total_of_time": (92.8, 92.8), "all_calls": (94.7, 94.7), "all_time": (94.7, 94.7)}),
    Trials("lognormal", 300, 19, {"share_of_calls": (96.0, 96.0), "share_of_time": (96.0, 97.8), "total_of_calls": (97.5, 97.5), "total_of_time": (97.5, 97.7), "all_calls": (96.8, 96.8), "all_time": (96.8, 97.0)}),
    Trials("stretched exponential", 300, 15, {"share_of_calls": (96.4, 96.4), "share_of_time": (96.4, 96.4), "total_of_calls": (97.7, 97.7), "total_of_time": (97.7, 97.7), "all_calls": (96.8, 96.8), "all_time": (96.8, 96.8)}),
    Trials("town", 500, 19, {"share_of_calls": (95.3, 95.3), "share_of_time": (94.8, 96.5), "total_of_calls": (96.8, 96.8), "total_of_time": (96.5, 96.8), "all_calls": (95.3, 95.3), "all_time": (95.0, 95.3)}),
    Trials("power 2.185 to 1,800", 500, 19, {"share_of_calls": (94.1, 94.1), "share_of_time": (94.1, 94.1), "total_of_calls": (95.8, 95.8), "total_of_time": (95.8, 95.8), "all_calls": (94.1, 94.1), "all_time": (94.1, 94.1)}),
    Trials("power 2.185 to 5,000", 500, 19, {"share_of_calls": (92.5, 92.5), "share_of_time": (92.5, 92.5), "total_of_calls": (94.4, 94.4), "total_of_time": (94.4, 94.4), "all_calls": (91.5, 91.5), "all_time": (91.5, 91.5)}),
    Trials("power 2 to 1,800", 500, 31, {"share_of_calls": (94.7, 94.7), "share_of_time": (94.7, 94.7), "total_of_calls": (95.3, 95.3), "total_of_time": (95.3, 95.3), "all_calls": (94.7, 94.7), "all_time": (94.7, 94.7)}),
    Trials("power 2.5 to 5,000", 500, 8, {"share_of_calls": (95.0, 95.0), "share_of_time": (95.0, 95.0), "total_of_calls": (97.7, 97.7), "total_of_time": (97.7, 97.7), "all_calls": (95.5, 95.5), "all_time": (95.5, 95.5)}),
    Trials("lognormal", 500, 31, {"share_of_calls": (97.2, 97.2), "share_of_time": (97.0, 97.4), "total_of_calls": (97.3, 97.3), "total_of_time": (97.0, 97.3), "all_calls": (96.8, 96.8), "all_time": (96.8, 96.8)}),
    Trials("stretched exponential", 500, 26, {"share_of_calls": (96.8, 96.8), "share_of_time": (96.8, 96.8), "total_of_calls": (97.0, 97.0), "total_of_time": (97.0, 97.0), "all_calls": (96.5, 96.5), "all_time": (96.5, 96.5)}),
    Trials("town", 1_000, 39, {"share_of_calls": (95.5, 95.5), "share_of_time": (95.4, 96.8), "total_of_calls": (95.8, 95.8), "total_of_time": (95.8, 96.0), "all_calls": (95.2, 95.2), "all_time": (95.2, 95.5)}),
    Trials("power 2.185 to 1,800", 1_000, 38, {"share_of_calls": (95.2, 95.2), "share_of_time": (95.2, 95.2), "total_of_calls": (95.4, 95.4), "total_of_time": (95.4, 95.4), "all_calls": (94.7, 94.7), "all_time": (94.7, 94.7)}),
    Trials("power 2.185 to 5,000", 1_000, 38, {"share_of_calls": (92.5, 92.5), "share_of_time": (92.5, 92.5), "total_of_calls": (93.3, 93.3), "total_of_time": (93.3, 93.3), "all_calls": (92.4, 92.4), "all_time": (92.4, 92.4)}),
    Trials("power 2 to 1,800", 1_000, 63, {"share_of_calls": (95.7, 95.7), "share_of_time": (95.7, 95.7), "total_of_calls": (95.7, 95.7), "total_of_time": (95.7, 95.7), "all_calls": (95.0, 95.0), "all_time": (95.0, 95.0)}),
    Trials("power 2.5 to 5,000", 1_000, 16, {"share_of_calls": (95.3, 95.3), "share_of_time": (95.3, 95.3), "total_of_calls": (97.4, 97.4), "total_of_time": (97.4, 97.4), "all_calls": (95.6, 95.6), "all_time": (95.6, 95.6)}),
    Trials("lognormal", 1_000, 63, {"share_of_calls": (96.5, 96.5), "share_of_time": (96.5, 96.5), "total_of_calls": (96.8, 96.8), "total_of_time": (96.8, 96.8), "all_calls": (96.0, 96.0), "all_time": (96.0, 96.1)}),
    Trials("stretched exponential", 1_000, 52, {"share_of_calls": (96.5, 96.5), "share_of_time": (96.5, 96.5), "total_of_calls": (96.5, 96.5), "total_of_time": (96.5, 96.5), "all_calls": (96.8, 96.8), "all_time": (96.8, 96.8)}),
    Trials("town", 3_000, 118, {"share_of_calls": (96.4, 96.4), "share_of_time": (96.1, 96.4), "total_of_calls": (96.8, 96.8), "total_of_time": (96.1, 96.8), "all_calls": (96.4, 96.4), "all_time": (95.3, 96.4)}),
    Trials("power 2.185 to 1,800", 3_000, 116, {"share_of_calls": (95.8, 95.8), "share_of_time": (95.8, 95.8), "total_of_calls": (96.2, 96.2), "total_of_time": (96.2, 96.2), "all_calls": (95.7, 95.7), "all_time": (95.7, 95.7)}),
    Trials("power 2.185 to 5,000", 3_000, 116, {"share_of_calls": (94.4, 94.4), "share_of_time": (94.4, 94.4), "total_of_calls": (94.2, 94.2), "total_of_time": (94.2, 94.2), "all_calls": (93.8, 93.8), "all_time": (93.8, 93.8)}),
    Trials("power 2 to 1,800", 3_000, 190, {"share_of_calls": (96.7, 96.7), "share_of_time": (96.7, 96.7), "total_of_calls": (96.9, 96.9), "total_of_time": (96.9, 96.9), "all_calls": (96.9, 96.9), "all_time": (96.9, 96.9)}),
    Trials("power 2.5 to 5,000", 3_000, 50, {"share_of_calls": (95.8, 95.8), "share_of_time": (95.8, 95.8), "total_of_calls": (96.3, 96.3), "total_of_time": (96.3, 96.3), "all_calls": (95.2, 95.2), "all_time": (95.2, 95.2)}),
    Trials("lognormal", 3_000, 191, {"share_of_calls": (96.7, 96.7), "share_of_time": (95.8, 96.7), "total_of_calls": (96.7, 96.7), "total_of_time": (96.0, 96.7), "all_calls": (96.2, 96.2), "all_time": (96.0, 96.2)}),
    Trials("stretched exponential", 3_000, 156, {"share_of_calls": (96.4, 96.4), "share_of_time": (96.4, 96.4), "total_of_calls": (96.5, 96.5), "total_of_time": (96.5, 96.5), "all_calls": (96.5, 96.5), "all_time": (96.5, 96.5)}),
    Trials("town", 10_000, 396, {"share_of_calls": (96.8, 96.8), "share_of_time": (96.4, 96.8), "total_of_calls": (96.8, 96.8), "total_of_time": (96.5, 96.8), "all_calls": (96.9, 96.9), "all_time": (96.7, 96.9)}),
    Trials("power 2.185 to 1,800", 10_000, 389, {"share_of_calls": (96.7, 96.7), "share_of_time": (96.7, 96.7), "total_of_calls": (96.5, 96.5), "total_of_time": (96.5, 96.5), "all_calls": (96.3, 96.3), "all_time": (96.3, 96.3)}),
    Trials("power 2.185 to 5,000", 10_000, 389, {"share_of_calls": (94.8, 94.8), "share_of_time": (94.8, 94.8), "total_of_calls": (94.8, 94.8), "total_of_time": (94.8, 94.8), "all_calls": (94.9, 94.9), "all_time": (94.9, 94.9)}),
    Trials("power 2 to 1,800", 10_000, 636, {"share_of_calls": (97.3, 97.3), "share_of_time": (97.3, 97.3), "total_of_calls": (97.3, 97.3), "total_of_time": (97.3, 97.3), "all_calls": (97.3, 97.3), "all_time": (97.3, 97.3)}),
    Trials("power 2.5 to 5,000", 10_000, 169, {"share_of_calls": (94.8, 94.8), "share_of_time": (94.8, 94.8), "total_of_calls": (94.8, 94.8), "total_of_time": (94.8, 94.8), "all_calls": (95.2, 95.2), "all_time": (95.2, 95.2)}),
    Trials("lognormal", 10_000, 639, {"share_of_calls": (95.4, 95.4), "share_of_time": (95.3, 95.7), "total_of_calls": (95.7, 95.7), "total_of_time": (95.7, 95.9), "all_calls": (96.2, 96.2), "all_time": (96.1, 96.2)}),
    Trials("stretched exponential", 10_000, 521, {"share_of_calls": (96.5, 96.5), "share_of_time": (96.5, 96.5), "total_of_calls": (95.9, 95.9), "total_of_time": (95.9, 95.9), "all_calls": (95.5, 95.5), "all_time": (95.5, 95.5)}),
    Trials("power 2 to 1,800", 15_000, 954, {"share_of_calls": (96.9, 96.9), "share_of_time": (96.9, 96.9), "total_of_calls": (96.7, 96.7), "total_of_time": (96.7, 96.7), "all_calls": (96.8, 96.8), "all_time": (96.8, 96.8)}),
    Trials("town", 30_000, 1_188, {"share_of_calls": (96.2, 96.2), "share_of_time": (95.8, 96.3), "total_of_calls": (95.9, 95.9), "total_of_time": (95.5, 95.9), "all_calls": (96.0, 96.0), "all_time": (95.2, 96.0)}),
    Trials("power 2.185 to 1,800", 30_000, 1_167, {"share_of_calls": (96.2, 96.2), "share_of_time": (96.2, 96.2), "total_of_calls": (95.8, 95.8), "total_of_time": (95.8, 95.8), "all_calls": (96.2, 96.2), "all_time": (96.2, 96.2)}),
    Trials("power 2.185 to 5,000", 30_000, 1_169, {"share_of_calls": (95.2, 95.2), "share_of_time": (95.2, 95.2), "total_of_calls": (95.2, 95.2), "total_of_time": (95.2, 95.2), "all_calls": (95.2, 95.2), "all_time": (95.2, 95.2)}),
    Trials("power 2 to 1,800", 30_000, 1_908, {"share_of_calls": (96.6, 96.6), "share_of_time": (96.6, 96.6), "total_of_calls": (96.1, 96.1), "total_of_time": (96.1, 96.1), "all_calls": (96.2, 96.2), "all_time": (96.2, 96.2)}),
    Trials("power 2.5 to 5,000", 30_000, 508, {"share_of_calls": (95.2, 95.2), "share_of_time": (95.2, 95.2), "total_of_calls": (95.2, 95.2), "total_of_time": (95.2, 95.2), "all_calls": (94.8, 94.8), "all_time": (94.8, 94.8)}),
    Trials("lognormal", 30_000, 1_919, {"share_of_calls": (95.4, 95.4), "share_of_time": (95.0, 96.0), "total_of_calls": (95.1, 95.1), "total_of_time": (94.8, 95.1), "all_calls": (94.9, 94.9), "all_time": (94.9, 95.2)}),
    Trials("stretched exponential", 30_000, 1_563, {"share_of_calls": (95.7, 95.7), "share_of_time": (95.7, 95.7), "total_of_calls": (95.2, 95.2), "total_of_time": (95.2, 95.2), "all_calls": (95.4, 95.4), "all_time": (95.4, 95.4)}),
    Trials("town", 100_000, 3_961, {"share_of_calls": (95.7, 95.7), "share_of_time": (95.3, 95.7), "total_of_calls": (95.8, 95.8), "total_of_time": (95.2, 95.8), "all_calls": (95.8, 95.8), "all_time": (95.4, 95.8)}),
)
# fmt: on


def comparable(callers: int, persistent: int) -> list[Trials]:
    """Of each tail the trials of the largest logs with no more callers and no more persistent ones, since a log does
    not tell which of the tails is its own: many light callers beside few heavy ones tell least. Empty where of some tail
    even the smallest logs had more.
    """
    found: dict[str, Trials] = {}
    for row in sorted(TRIALS, key=lambda row: row.callers):
        if row.callers <= callers and row.persistent <= persistent:
            found[row.tail] = row
    return list(found.values()) if len(found) == len({row.tail for row in TRIALS}) else []


def said(kind: Kind, callers: int, persistent: int) -> str:
    """What coverage to expect of an interval that is called 95%: the least and the most under any of the tails."""
    rows = comparable(callers, persistent)
    if not rows:
        return "with so few callers nobody knows how often it holds the truth, and 95% is not claimed"
    low, high = min(row.held[kind][0] for row in rows), max(row.held[kind][1] for row in rows)
    logs = (
        f"trial logs of {_span([row.callers for row in rows])} callers, "
        f"{_span([row.persistent for row in rows])} of them persistent"
    )
    is_nominal = NOMINAL[0] <= low and high <= NOMINAL[1]
    spread = f"it held the truth in {low:.1f}% to {high:.1f}% of {logs}, by how heavy the tail was"
    return spread + ("" if is_nominal else ", so 95% is not claimed")


def _span(numbers: list[int]) -> str:
    least, most = min(numbers), max(numbers)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"
