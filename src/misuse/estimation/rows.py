"""Figures as rows of `estimates`: interval ends cut to eight figures, so that a library's last bits move nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from math import isclose
from typing import TYPE_CHECKING, Any

from misuse.estimation.figures import Figure

if TYPE_CHECKING:
    import polars

_NAMES = ("window_name", "counted_by", *(field.name for field in fields(Figure)))
_TEXTS = frozenset({"window_name", "counted_by", "estimate", "unit", "method"})
_SCHEMA = [(name, str if name in _TEXTS else float) for name in _NAMES]


def frame(rows: Iterable[tuple[str, str, Figure]]) -> polars.DataFrame:
    """One row per window, way of counting and figure, as the model estimates/estimates takes them."""
    import polars as pl

    found = [_settled({**asdict(row), "window_name": window, "counted_by": way}) for window, way, row in rows]
    return pl.DataFrame(found, schema=_SCHEMA, orient="row")


def rounded(value: float | None) -> float | None:
    """Eight figures of a number."""
    return None if value is None else float(f"{value:.8g}")


def rounded_figure(figure: Figure) -> Figure:
    """The figure with its point and ends to eight figures."""
    return replace(figure, point=rounded(figure.point), low=rounded(figure.low), high=rounded(figure.high))


def _settled(row: Mapping[str, Any]) -> tuple[Any, ...]:
    settled = dict(row)
    for end, nearer in (("low", min), ("high", max)):
        if row[end] is not None:
            settled[end] = nearer(rounded(row[end]), row["point"])
    # A bound reckoned by another sum may miss the point by its last bit; by more, the check at the door tells.
    for end in ("bound_low", "bound_high"):
        if row[end] is not None and isclose(row[end], row["point"], rel_tol=1e-12):
            settled[end] = row["point"]
    return tuple(settled[name] for name in _NAMES)
