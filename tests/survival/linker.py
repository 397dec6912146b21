"""A linker that learns what it is told, for runs that ask of everything but linking."""

from __future__ import annotations

from typing import Any

CUTS = {"strict": 2.0, "standard": 0.0, "loose": -1.0, "review": -1.0, "floor": -4.0, "ceiling": 8.0}


class Linker:
    """Links the two numbers of whoever is called Ann by one weight."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def train(self, con: Any, *, seed: int) -> Any:
        """A model that is its weight."""
        import pyarrow as pa

        from misuse import linkage
        from misuse.linkage.model import pinned

        document = {
            "version": linkage.MODEL_VERSION, "cuts": CUTS, "weight": self.weight, "comparisons": {}, "trained_on": {},
        }  # fmt: skip
        return pinned(document, pa.table({"kind": [""], "term": [""], "other": [""], "amount": [0.0]}))

    def score(self, con: Any, model: Any) -> int:
        """The one pair, by the model's weight."""
        con.execute("delete from vault.identity_pairs where model_digest = $digest", {"digest": model.digest})
        con.execute(_PAIR, {"digest": model.digest, "weight": model.document["weight"]})
        return 0


_PAIR = """
insert into vault.identity_pairs
select $digest, min(record_key), max(record_key), $weight, $weight, 'subscriber name agrees'
from vault.identity_records where subscriber_name like 'ANN %' having count(*) > 0
"""
