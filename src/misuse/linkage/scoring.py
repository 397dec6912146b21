"""Scoring: what a pinned model says of pairs, each once and for ever.

A score depends on the two records and the model alone, so what is in the vault stays true; only records that the
model has not seen are compared, with one another and with all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from misuse import models, store
from misuse.linkage import preparation
from misuse.linkage.model import Model

if TYPE_CHECKING:
    import duckdb


def score(con: duckdb.DuckDBPyConnection, model: Model) -> int:
    """Compare every record that this model has not compared; how many that were.

    Fills vault.identity_pairs and vault.identity_scored, and forgets records that are no longer there. The
    connection's own database must be in memory: details pass through its temporary tables.
    """
    digest = {"digest": model.digest}
    preparation.define_words(con)
    models.script(con, "linkage/forget", digest)
    records = preparation.read_details(con, model.digest)
    preparation.build(con, "turns_to_score", digest=model.digest)
    if records == 0 and not con.table("turns_to_score").fetchone():
        return 0
    _take_terms(con, model)
    preparation.build(con, "features", "key_parts", "composed_keys", "record_keys", "features_to_score")
    con.execute("set variable model_digest = $digest", digest)
    with store.transaction(con):
        con.execute(_KEEP_FEATURES, digest)
        preparation.define_comparison(con)
        preparation.build(con, "candidates", block_limit=model.document["block_limit"])
        preparation.define_pairs(con, "candidates")
        preparation.define_levels(con)
        models.append(con, "linkage/scored_pairs", _parameters(model), relation="vault.identity_pairs")
        con.execute("insert into vault.identity_scored select $digest, record_key from features_to_score", digest)
    return records


_KEEP_FEATURES = """
insert into vault.identity_features by name
select $digest as model_digest, * from features_to_score
"""


def _parameters(model: Model) -> dict[str, Any]:
    """What the model says, as parameters of sql/linkage/scored_pairs.sql."""
    said = {"digest": model.digest, "floor": model.cuts.floor}
    said |= {name: model.document[name] for name in ("priors", "turn_prior", "household")}
    return said | preparation.weights(model.document) | preparation.words()


def _take_terms(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """What the model knows of single values, as the models of sql/linkage read it."""
    con.register("linkage_model_terms", model.terms)
    preparation.build(con, "linkage_terms")
    for kind in ("part", "key"):
        models.build(
            con, "linkage/common_known", {"kind": f"common {kind}"}, temporary=True, relation=f"common_{kind}s"
        )
    con.unregister("linkage_model_terms")
