"""How few callers make how much of the misuse, and how firm the order of the most prolific is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from misuse import estimation, publication
from misuse.estimation import concentration, ranks
from misuse.reckoning.tables import Placed, arrays, keep, on_headline, rows
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

MOST_RANK_DRAWS = 400  # each ranks every caller who could come near the top
_CALLS = """
select misuse_calls from caller_counts where window_name = 'headline' and may_persist order by misuse_calls
"""
_EPISODES = """
select episodes.caller_id, episodes.misuse_calls, episodes.squares, persistent_callers.rank
from caller_episodes as episodes
left join persistent_callers on episodes.caller_id = persistent_callers.caller_id
order by persistent_callers.rank nulls last, episodes.misuse_calls desc, episodes.squares desc
"""


def reckon(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any], settings: Settings) -> list[Placed]:
    """Make `lorenz` and `rank_stability`; return the figures of concentration."""
    import numpy as np

    calls = np.asarray(arrays(con, _CALLS, {})["misuse_calls"], dtype=np.int64)
    drawn = concentration.weights(calls, settings.bootstrap_replicates, settings.seed)
    _lorenz(con, values, calls, drawn)
    _ranks(con, values, settings)
    figures = concentration.concentration(calls, drawn, thresholds=())
    return on_headline([replace(figure, point=estimation.rounded(figure.point)) for figure in figures])


def _lorenz(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any], calls: Any, drawn: Any) -> None:
    import numpy as np
    import polars as pl

    names = ("share_of_callers", "share_of_calls", "low", "high")
    columns: dict[str, Any] = {name: [] for name in names}
    if len(calls):
        curve = concentration.lorenz(calls, drawn)
        found = (curve.callers, curve.calls, curve.low, curve.high)
        columns = {name: np.round(column, 8) for name, column in zip(names, found, strict=True)}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.Float64)).with_columns(
        run_id=pl.lit(values["run_id"], dtype=pl.String), as_of=pl.lit(values["as_of"], dtype=pl.Date)
    )
    publication.store_frame(con, "lorenz", frame)


def _ranks(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any], settings: Settings) -> None:
    """Of the persistent callers ranked first, so many as are shown."""
    import numpy as np

    found = rows(con, _EPISODES, {})
    numbers = np.array([[row["misuse_calls"], row["squares"]] for row in found], dtype=np.float64).reshape(-1, 2)
    stable = ranks.rank_stability(
        numbers[:, 0], numbers[:, 1], replicates=min(settings.bootstrap_replicates, MOST_RANK_DRAWS), seed=settings.seed
    )
    shown = [
        {
            "run_id": values["run_id"],
            "as_of": values["as_of"],
            **{name: found[row.place][name] for name in ("rank", "caller_id", "misuse_calls")},
            "rank_low": row.rank_low,
            "rank_high": row.rank_high,
            "p_top": estimation.rounded(row.p_top),
        }
        for row in stable
        if found[row.place]["rank"] is not None
    ]
    keep(con, "rank_stability", shown)
