"""Numbers that behave as many people's: a logistic regression that suggests shared lines to a human.

It is trained by command alone, on lines that markers or the register tell and on persons' numbers, and
its coefficients are pinned in a JSON document; a run applies them and needs no scikit-learn. What it
suggests changes nothing until a person registers the number. docs/shared-lines.md is its model card.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from misuse import models
from misuse.errors import UsageError
from misuse.shared_lines.applying import apply, why_silent
from misuse.shared_lines.card import card
from misuse.shared_lines.learning import fit

if TYPE_CHECKING:
    import duckdb
    import polars as pl

__all__ = ["apply", "card", "features", "fit", "suggest", "train", "why_silent"]

BEHAVIOUR, LABELS, SCORES = "callers/shared_line_behaviour", "callers/shared_line_labels", "rules/shared_line_scores"
MODELS = (BEHAVIOUR, LABELS)  # made only where a model is trained or applied
_READ = ("calls", "windows", "call_records", "caller_numbers", "spell_marks", "casebook_shared_lines")
_TABLES = "select table_name from duckdb_tables() where database_name = current_database()"


def features(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Build shared_line_behaviour and read it: one row per spell with calls enough, by spell_id.

    The warehouse holds a run's `calls` and `caller_numbers`; the vault is attached.
    """
    models.build(con, BEHAVIOUR, {})
    return con.table(models.relation_name(BEHAVIOUR)).pl().sort("spell_id")


def train(con: duckdb.DuckDBPyConnection, *, seed: int) -> dict[str, Any]:
    """The pinned document of a model trained on the last run's tables; see `fit`. The vault is attached.

    Errors: UsageError where no run has decided yet who is a caller.
    """
    held = {name for (name,) in con.execute(_TABLES).fetchall()}
    if not held.issuperset(_READ):
        raise UsageError("shared lines are learned from a run's calls, and there is no run yet", next_step="misuse run")
    behaviour = features(con)
    labels = models.select(con, LABELS, {}).pl()
    return fit(behaviour.join(labels, on="spell_id").sort("spell_id"), seed=seed)


def suggest(con: duckdb.DuckDBPyConnection, document: Mapping[str, Any] | None) -> None:
    """Make the table shared_line_scores: what the pinned model suggests of this run's numbers, or nothing without one."""
    models.script(con, SCORES, {})
    if document is None or document.get("threshold") is None:
        return
    found = apply(features(con), document)
    con.register("shared_line_rows", found)
    con.table("shared_line_rows").insert_into(models.relation_name(SCORES))
    con.unregister("shared_line_rows")
