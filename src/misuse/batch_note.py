"""Which files are in or were taken out, and when each source's last one came, in a small file that `misuse status` reads.

The ledger itself lies in the warehouse, which a run may hold.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from misuse import notes
from misuse.settings import Settings
from misuse.wording import of

if TYPE_CHECKING:
    import duckdb

TOLD = "select batch_id, is_withdrawn from batches"  # of the published copy


def note_path(settings: Settings) -> Path:
    """Where the note lies."""
    return settings.home / "batches.json"


def write(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Note every batch of the ledger, replaced whole. What cannot be noted is in or out all the same, and noted next time."""
    held = con.execute("select batch_id, withdrawn_at is not null from batch_ledger order by batch_id").fetchall()
    arrived = con.execute(_ARRIVED).fetchall()
    with contextlib.suppress(OSError):
        notes.write(note_path(settings), {"is_withdrawn": dict(held), "arrived": dict(arrived)})


_ARRIVED = "select source, max(ingested_at)::varchar || '+00:00' from batch_ledger group by source order by source"


def since(note: Mapping[str, object], told: Mapping[str, bool]) -> str:
    """What `misuse status` says of files that came in or went out and that what is published does not tell so; "" for none.

    `told` says of each batch of the published copy whether it was withdrawn then. One that came and went is neither.
    """
    held = note.get("is_withdrawn")
    if not isinstance(held, dict):
        return ""
    came = sum(1 for name, is_out in held.items() if not is_out and told.get(name, True))
    gone = sum(1 for name, is_out in held.items() if is_out and not told.get(name, True))
    said = ([f"{of(came, 'file')} came in"] if came else []) + ([f"{of(gone, 'file')} withdrawn"] if gone else [])
    return f"{' and '.join(said)} since the run that is shown; its lists and figures do not know it" if said else ""
