"""From records to what is compared of them, and to the pairs worth comparing: the same steps for training and scoring.

Everything is made in temporary tables of the connection given, whose vault is attached as `vault`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from misuse import models
from misuse.linkage.levels import ADDRESS_WORDS, BIRTH_WORDS, COMPARISONS, NAME_WORDS, POSTCODE_WORDS

if TYPE_CHECKING:
    import duckdb

# Records that a key may bring together. A model knows keys far rarer than that as common; only a log that has outgrown
# its model meets this limit, and then the order of delivery may tell: time to train again.
BLOCK_LIMIT = 5_000


def build(con: duckdb.DuckDBPyConnection, *names: str, **parameters: object) -> None:
    """Make these models of sql/linkage, in turn, as temporary tables."""
    for name in names:
        models.build(con, f"linkage/{name}", parameters, temporary=True)


def define_words(con: duckdb.DuckDBPyConnection) -> None:
    """The macros that levels are written in."""
    models.script(con, "linkage/macros", {})


def read_details(con: duckdb.DuckDBPyConnection, digest: str) -> int:
    """Details of every record that this model has not scored; how many there are."""
    build(con, "unscored", digest=digest)
    build(con, "details")
    row = con.execute("select count(*) from details").fetchone()
    return int(row[0]) if row else 0


def define_pairs(con: duckdb.DuckDBPyConnection, table: Literal["candidates", "drawn_pairs"]) -> None:
    """`pairs`: those that `pair_levels` compares."""
    con.execute(_PAIRS[table])


_PAIRS = {
    "candidates": "create or replace temp view pairs as from candidates",
    "drawn_pairs": "create or replace temp view pairs as from drawn_pairs",
}


def define_comparison(con: duckdb.DuckDBPyConnection) -> None:
    """`compared`: what the vault keeps of every record that the model in hand has scored."""
    models.view(con, "linkage/compared", temporary=True)


def define_levels(con: duckdb.DuckDBPyConnection) -> None:
    """`pair_levels`: a view, so that of the pairs in `pairs` only what is asked for is compared."""
    models.view(con, "linkage/pair_levels", temporary=True)


def words() -> dict[str, list[str | None]]:
    """What a reader is told of each level, as parameters of sql/linkage/scored_pairs.sql."""
    return {
        "name_words": [*NAME_WORDS],
        "postcode_words": [*POSTCODE_WORDS],
        "address_words": [*ADDRESS_WORDS],
        "birth_words": [*BIRTH_WORDS],
    }


def weights(document: Mapping[str, Any]) -> dict[str, list[float]]:
    """Bits of every level, as parameters of sql/linkage/scored_pairs.sql."""
    return {f"{name}_weights": document["comparisons"][name]["bits"] for name in COMPARISONS}
