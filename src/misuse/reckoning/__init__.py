"""The statistics of a run beyond the headline: read from its relations, reckoned by misuse.estimation, written back.

Sets are counted by the models under sql/estimates; here their rows become arrays, and the figures rows of `estimates`
or of a published relation of their own. Nothing here knows the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from misuse import models
from misuse.reckoning import answering, changes, equality, growth, series, spread, windows
from misuse.reckoning.tables import add_figures
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

# In order: each reads only the run's relations and those before it.
WORKING_MODELS: tuple[str, ...] = (
    "estimates/counting_windows",
    "estimates/caller_counts",
    "estimates/threshold_counts",
    "estimates/ambulance_line",
    "estimates/caller_episodes",
    "estimates/caller_periods",
    "estimates/chart_points",
    "estimates/campaign_weeks",
    "estimates/campaign_callers",
    "estimates/genuine_hours",
    "estimates/immediate_arrivals",
    "estimates/alternative_counts",
)
PUBLISHED_MODELS: tuple[str, ...] = (
    "estimates/misuse_parts",
    "estimates/sensitivity_callers",
    "estimates/sensitivity",
)
MODELS: tuple[str, ...] = WORKING_MODELS + PUBLISHED_MODELS
CHANGE_MODELS = changes.MODELS
EQUALITY_MODELS = equality.MODELS
APPENDED: tuple[str, ...] = (
    "estimates/workload_costs",
    "estimates/rest_of_misuse",
    "estimates/bridge_figures",
    "estimates/cycle_changes",
)


def reckon(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any], settings: Settings) -> None:
    """Everything beyond the headline, added to `estimates` and to relations of its own. The headline is there."""
    available = {**values, **stated(settings)}
    for name in WORKING_MODELS:
        models.build(con, name, available, temporary=True)
    for name in PUBLISHED_MODELS:
        models.build(con, name, available)
    for name in APPENDED:
        models.append(con, name, available, relation="estimates")
    figures = [
        *windows.reckon(con, available, settings),
        *spread.reckon(con, available, settings),
        *growth.reckon(con, available, settings),
        *answering.reckon(con, available, settings),
    ]
    add_figures(con, available, figures)
    series.reckon(con, available, settings)
    changes.reckon(con, available, settings)
    for name in WORKING_MODELS:
        models.drop_temporary(con, models.relation_name(name))


def stated(settings: Settings) -> dict[str, Any]:
    """The rates and campaigns of the settings as models name them."""
    values = asdict(settings.rates)
    campaigns = {"campaign_names": list(settings.campaigns), "campaign_days": list(settings.campaigns.values())}
    return values | {"rates_source": values.pop("source")} | campaigns
