"""What persistent callers go together with for others: answering delay, and the 2005 report's four measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from misuse import estimation
from misuse.estimation import answering
from misuse.reckoning.tables import Placed, arrays, on_headline
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

MOST_REPLICATES = 1000
_HOURS = "select * exclude (borough, local_date, local_hour) from genuine_hours order by hour_number"
_ARRIVALS = "select hour_number, minutes::double as minutes from immediate_arrivals order by hour_number, minutes"


def reckon(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any], settings: Settings) -> list[Placed]:
    """Answering goes by the handling of persistent callers in all boroughs, since they share one queue; the rest by the
    borough's own.
    """
    hours = arrays(con, _HOURS, {})
    arrivals = arrays(con, _ARRIVALS, {})
    force = _Hours(hours, "force_")
    borough = _Hours(hours, "")
    figures = answering.genuine_cost(
        force.calls("answer_seconds", "answered_calls"),
        borough.calls("immediate_calls", "graded_calls"),
        borough.each(arrivals["minutes"], arrivals["hour_number"]),
        replicates=min(settings.bootstrap_replicates, MOST_REPLICATES),
        seed=settings.seed,
    )
    return on_headline([estimation.rounded_figure(figure) for figure in figures])


class _Hours:
    """Hours as arrays: cell, day, volume, and whether persistent callers were handled much, there or everywhere."""

    def __init__(self, hours: Mapping[str, Any], prefix: str) -> None:
        import numpy as np

        self.hours = hours
        self.day = hours["day_number"].astype(np.int64)
        week = hours["hour_of_week"].astype(np.int64)
        self.cell = hours["borough_number"].astype(np.int64) * 168 + week
        self.volume = hours[f"{prefix}volume"].astype(np.float64)
        seconds = hours[f"{prefix}persistent_seconds"].astype(np.float64)
        if prefix:
            # Each hour once, then back to every borough's row of it.
            _, first, back = np.unique(self.day * 168 + week, return_index=True, return_inverse=True)
            self.is_busy = answering.busy_hours(seconds[first], week[first])[back]
        else:
            self.is_busy = answering.busy_hours(seconds, self.cell)

    def calls(self, total: str, count: str) -> answering.Calls:
        """Hours with the mean of an outcome over so many calls."""
        import numpy as np

        weight = self.hours[count].astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            outcome = self.hours[total].astype(np.float64) / weight
        return answering.Calls(outcome, self.cell, self.day, self.is_busy, self.volume, weight)

    def each(self, outcome: Any, hour: Any) -> answering.Calls:
        """Calls one by one, each with its hour."""
        import numpy as np

        at = hour.astype(np.int64)
        return answering.Calls(outcome, self.cell[at], self.day[at], self.is_busy[at], self.volume[at])
