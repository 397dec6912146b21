"""Flags, lanes and doubt by group, small numbers kept back: what the public-sector equality duty asks to be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from misuse import estimation, models
from misuse.estimation import suppression, wilson
from misuse.reckoning.tables import keep, rows

if TYPE_CHECKING:
    import duckdb

MODELS: tuple[str, ...] = ("estimates/equality_groups", "estimates/equality_counts")
_COUNTS = "select * from equality_counts order by dimension, group_name, measure"
_LISTED, _LANE = "persons on the tasking list", "lane "
Row = dict[str, Any]


def reckon(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any]) -> None:
    """Make `equality`, after the tasking list, whose lanes it counts."""
    for name in MODELS:
        models.build(con, name, values, temporary=True)
    stamp = {"run_id": values["run_id"], "as_of": values["as_of"]}
    found: list[Row] = []
    for _, group in groupby(rows(con, _COUNTS, {}), key=itemgetter("dimension")):
        found += [{**stamp, **row} for row in told(list(group))]
    keep(con, "equality", found)
    for name in MODELS:
        models.drop_temporary(con, models.relation_name(name))


def told(counts: list[Row]) -> Iterator[Row]:
    """The rows of one dimension; without value and rate where the value is kept back, without whole where that is."""
    kept = _kept_back(counts)
    # Another dimension's groups add up to the same whole, so of these too one kept back alone would be told.
    kept_wholes = suppression.hidden(
        {(row["group_name"], _base(row["measure"])): row["of_all"] for row in counts if not _is_lane(row)}
    )
    for row in counts:
        group, measure = row["group_name"], row["measure"]
        is_kept = (group, measure) in kept
        is_whole_kept = (
            is_kept
            or (group, _base(measure)) in kept_wholes
            or (_is_lane(row) and ((group, _LISTED) in kept or 0 < row["of_all"] < suppression.LEAST))
        )
        value, whole = None if is_kept else row["value"], None if is_whole_kept else row["of_all"]
        low, high = wilson.interval(value, whole) if value is not None and whole else (None, None)
        yield {
            **{name: row[name] for name in ("dimension", "group_name", "measure")},
            "value": value,
            "of_all": whole,
            "rate": estimation.rounded(value / whole) if value is not None and whole else None,
            "low": estimation.rounded(low),
            "high": estimation.rounded(high),
            "is_suppressed": is_kept,
        }


def _base(measure: str) -> str:
    """What the measure is a part of, which is one number for all measures that share it."""
    if measure.startswith("persons "):
        return "persons"
    return "coded calls" if measure.endswith(" calls") else measure


def _is_lane(row: Row) -> bool:
    return str(row["measure"]).startswith(_LANE)


def _kept_back(counts: list[Row]) -> frozenset[suppression.Cell]:
    """Lanes of a group add up to how many of it are on the list, which is told unless it is kept back itself."""
    cells = {(row["group_name"], row["measure"]): row["value"] for row in counts}
    lanes = {cell: value for cell, value in cells.items() if cell[1].startswith(_LANE)}
    kept = suppression.hidden({cell: value for cell, value in cells.items() if cell not in lanes})
    told_rows = {group for group, _ in lanes if (group, _LISTED) not in kept}
    return kept | suppression.hidden(lanes, told_rows=told_rows)
