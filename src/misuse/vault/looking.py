"""The vault looked into by itself, without the warehouse: for the review room."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from misuse import vault

if TYPE_CHECKING:
    import duckdb

    from misuse.settings import Settings


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The vault, for reading, attached as `vault` to a database of no file; what spills is encrypted.

    Errors: LockHeld while somebody writes to the vault; StoreError for a wrong key or a damaged file.
    """
    import duckdb

    scratch = settings.home / "scratch"
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    limits = {"memory_limit": settings.memory_limit, "temp_directory": str(scratch)}
    with contextlib.closing(duckdb.connect(":memory:", config={**limits, "temp_file_encryption": "true"})) as con:
        con.load_extension(str(vault.cipher_extension()))
        con.execute("set TimeZone = 'UTC'")
        with vault.attached(con, settings, read_only=True):
            yield con
