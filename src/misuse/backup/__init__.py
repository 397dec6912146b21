"""Copies of a data home that can be put back: taken of all stores at one moment, compared, and never with a key.

A backup is a folder: the stores and what was made from them as they lay, and `manifest.json` with the digest of each
file, of each table's rows and of the published list. It is the vault's ciphertext, and everything else as it is at home, so
that it needs the same care. Keys are escrowed apart (docs/keys.md); the manifest is sealed with the casebook's.
"""

from misuse.backup.manifest import Manifest
from misuse.backup.restoring import Restored, checked, restore
from misuse.backup.taking import Taken, back_up

__all__ = ["Manifest", "Restored", "Taken", "back_up", "checked", "restore"]
