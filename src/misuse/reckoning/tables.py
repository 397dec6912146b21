"""Rows in and out: arrays from a model's relation, figures into `estimates`, frames into published relations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from misuse import estimation, models, publication, store
from misuse.schemas import STATISTICS

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.generic]

# A figure's window, way of counting, and the figure.
Placed = tuple[str, str, estimation.Figure]


def arrays(con: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a statement's result as plain arrays; a null number is no number."""
    import numpy as np

    found = con.execute(statement, dict(parameters)).fetchnumpy()
    return {
        name: np.ma.filled(column.astype(np.float64), np.nan) if isinstance(column, np.ma.MaskedArray) else column
        for name, column in found.items()
    }


def rows(con: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a statement's result, each by column."""
    return store.rows(con.execute(statement, dict(parameters)))


def add_figures(con: duckdb.DuckDBPyConnection, values: Mapping[str, Any], placed: Iterable[Placed]) -> None:
    """Append figures to `estimates`."""
    con.register("estimate_rows", estimation.frame(placed))
    try:
        models.append(con, "estimates/estimates", values, relation="estimates")
    finally:
        con.unregister("estimate_rows")


def keep(con: duckdb.DuckDBPyConnection, name: str, found: list[dict[str, Any]]) -> None:
    """Make the published relation `name` from rows; a column that no row has is null."""
    import polars as pl

    names = next(relation for relation in STATISTICS if relation.name == name).column_names
    frame = (
        pl.DataFrame(found, infer_schema_length=None) if found else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    )
    missing = [pl.lit(None).alias(column) for column in names if column not in frame.columns]
    publication.store_frame(con, name, frame.with_columns(missing))


def on_headline(figures: Sequence[estimation.Figure]) -> list[Placed]:
    """Figures of the headline window, counted by caller."""
    return [("headline", "caller", figure) for figure in figures]
