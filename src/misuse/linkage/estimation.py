"""Splink's part: the comparisons are declared to it, and it estimates how often each level shows.

Splink sees pairs, not people: one row a pair with the levels that sql/linkage computes, for training and for
scoring alike, so that what is estimated and what is scored cannot differ. Nothing that identifies reaches it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from misuse.linkage.levels import SIZES

if TYPE_CHECKING:
    import duckdb

Floats = npt.NDArray[np.float64]

LEAST = 1e-9  # Splink takes no chance of nothing
# Where a level shows between records of one person alone, what is left of it for strangers halves and halves until it
# rounds to nothing, and Splink gives up: then fewer steps. What they leave is as good as nothing and is raised after.
ITERATIONS = (40, 8, 4, 2, 1)
NOT_OBSERVED = 1e-6  # what Splink gives as the chance of a level that no pair showed


@dataclass(frozen=True)
class Session:
    """What one session of Splink's expectation maximisation found."""

    matched: dict[str, Floats]  # by comparison, the chance of each level where the pair is one person
    unmatched: dict[str, Floats]
    share: float  # of the session's pairs, one person's


def estimate(
    con: duckdb.DuckDBPyConnection,
    table: str,
    matched: Mapping[str, Floats],
    unmatched: Mapping[str, Floats],
    *,
    share: float,
    learns: str,
) -> Session:
    """One session over the pairs of `table` (pair, and a level by comparison), from these chances on.

    `learns` is "matched" (the chances of levels between records of one person, and their share) or "unmatched".
    """
    for iterations in ITERATIONS:
        try:
            return _session(con, table, matched, unmatched, share=share, learns=learns, iterations=iterations)
        except ValueError as problem:
            if "probability" not in str(problem) or iterations == ITERATIONS[-1]:
                raise
    raise AssertionError("the last of ITERATIONS returns or raises")


def _session(
    con: duckdb.DuckDBPyConnection,
    table: str,
    matched: Mapping[str, Floats],
    unmatched: Mapping[str, Floats],
    *,
    share: float,
    learns: str,
    iterations: int,
) -> Session:
    from splink import DuckDBAPI, Linker, SettingsCreator

    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[_comparison(name, matched[name], unmatched[name]) for name in matched],
        blocking_rules_to_generate_predictions=[],
        probability_two_random_records_match=share,
        unique_id_column_name="pair",
        em_convergence=1e-4,
        max_iterations=iterations,
    )
    with _quiet():
        api = DuckDBAPI(connection=con)
        sides = [api.register(table, dataset_display_name="a"), api.register("linkage_other", dataset_display_name="b")]
        linker = Linker(sides, settings, log_level=None, validate_settings=False)
        session = linker.training.estimate_parameters_using_expectation_maximisation(
            "l.goes_with = r.stands_for",
            estimate_without_term_frequencies=True,
            fix_u_probabilities=learns != "unmatched",
            fix_m_probabilities=learns != "matched",
            fix_probability_two_random_records_match=learns != "matched",
        )
        api.delete_tables_created_by_splink_from_db()  # type: ignore[no-untyped-call]
    found = session.core_model_settings
    return Session(
        {c.output_column_name: _chances(c, "m_probability") for c in found.comparisons},
        {c.output_column_name: _chances(c, "u_probability") for c in found.comparisons},
        float(found.probability_two_random_records_match),
    )


def _comparison(name: str, matched: Floats, unmatched: Floats) -> Any:
    """A comparison for Splink: its levels from the highest down, and what has none."""
    import splink.comparison_library as library

    levels: list[Any] = [{"sql_condition": f"{name}_l is null", "is_null_level": True}]
    for level in reversed(range(SIZES[name])):
        chances = {
            "m_probability": max(float(matched[level]), LEAST),
            "u_probability": max(float(unmatched[level]), LEAST),
        }
        condition = f"{name}_l = {level}" if level else "ELSE"
        levels = [*levels, {"sql_condition": condition, "label_for_charts": str(level), **chances}]
    return library.CustomComparison(output_column_name=name, comparison_levels=levels)


def _chances(comparison: Any, kind: str) -> Floats:
    """The chances of a comparison's levels from 0 up; 0 where no pair showed a level."""
    found = np.zeros(SIZES[comparison.output_column_name])
    for level in comparison.comparison_levels:
        if level.is_null_level:
            continue
        value = float(getattr(level, kind))
        found[int(level.label_for_charts)] = 0.0 if value == NOT_OBSERVED else value
    return found


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Splink warns of levels that no pair showed; that is counted for the model card instead."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
