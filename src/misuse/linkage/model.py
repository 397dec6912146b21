"""A linkage model: parameters, frequencies, learned spellings and cuts, pinned under one digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse import models, store
from misuse.identity import Cuts

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

CANDIDATE, IN_FORCE, REPLACED = "candidate", "in_force", "replaced"
DIGEST_LETTERS = 32
MODEL_VERSION = 2  # of the document: what scoring reads in it


@dataclass(frozen=True)
class Model:
    """A trained model. `document` is plain JSON; `terms` holds what it knows of single values.

    `terms` has the columns kind, term, other, amount: rarity in bits of names, words of addresses and birth dates,
    default days, words that stand for one another, keys too common to bring candidates together.
    """

    document: dict[str, Any]
    terms: pa.Table = field(repr=False, compare=False)
    digest: str

    @property
    def cuts(self) -> Cuts:
        """Where the averages are cut, in bits of weight."""
        return Cuts(**self.document["cuts"])


def pinned(document: dict[str, Any], terms: pa.Table) -> Model:
    """The model of this document and these terms, named by the digest of both."""
    found = hashlib.sha256(_text(document).encode())
    for batch in terms.to_batches():
        for column in batch.columns:
            found.update("\x1f".join(map(str, column.to_pylist())).encode())
    return Model(document, terms, found.hexdigest()[:DIGEST_LETTERS])


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def keep(con: duckdb.DuckDBPyConnection, model: Model, *, made_at: datetime, made_by: str, status: str) -> None:
    """Put the model into the vault under its digest; one kept as in force replaces the one that was."""
    values = {"digest": model.digest, "made_at": made_at, "made_by": made_by, "status": status}
    con.register("linkage_new_terms", model.terms)
    with store.transaction(con):
        if status == IN_FORCE:
            con.execute(_REPLACE, {"in_force": IN_FORCE, "replaced": REPLACED})
        con.execute("delete from vault.identity_models where model_digest = $digest", {"digest": model.digest})
        con.execute("delete from vault.identity_terms where model_digest = $digest", {"digest": model.digest})
        con.execute(_STORE, values | {"document": _text(model.document)})
        con.execute(_STORE_TERMS, {"digest": model.digest})
    con.unregister("linkage_new_terms")


_REPLACE = "update vault.identity_models set status = $replaced where status = $in_force"
_STORE = "insert into vault.identity_models values ($digest, $made_at, $made_by, $status, $document)"
_STORE_TERMS = "insert into vault.identity_terms select $digest, kind, term, other, amount from linkage_new_terms"


def load(con: duckdb.DuckDBPyConnection, status: str = IN_FORCE) -> Model | None:
    """The latest model of this status, or None where there is none."""
    row = con.execute(models.text("linkage/latest_model"), {"status": status}).fetchone()
    if row is None:
        return None
    terms = con.execute(models.text("linkage/model_terms"), {"digest": row[0]}).to_arrow_table()
    return Model(json.loads(row[1]), terms, row[0])
