"""Who may be whom: a model learned from the records themselves, pinned, and the scores it gives to pairs.

The only importer of Splink. The connection must be on a database in memory with the vault attached as `vault`:
training and scoring make tables of names, and neither the warehouse nor a file may hold one.
"""

from misuse.linkage.card import card
from misuse.linkage.model import CANDIDATE, IN_FORCE, MODEL_VERSION, REPLACED, Model, keep, load
from misuse.linkage.scoring import score
from misuse.linkage.training import train

__all__ = ["CANDIDATE", "IN_FORCE", "MODEL_VERSION", "REPLACED", "Model", "card", "keep", "load", "score", "train"]
