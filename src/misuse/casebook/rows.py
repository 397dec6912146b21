"""Rows by the hundred thousand: read from SQLite as they are, and put together without a pause for the collector."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa

MAKING = threading.RLock()  # twenty people at once make what is remembered once


def fetched(con: sa.Connection, query: str) -> list[Any]:
    """Every row, past SQLAlchemy: there may be half a million."""
    cursor = con.connection.cursor()
    try:
        rows: list[Any] = cursor.execute(query).fetchall()
        return rows
    finally:
        cursor.close()


@contextmanager
def uncollected() -> Iterator[None]:
    """While many rows are built: none of them is in a cycle, and the collector would walk them all again and again."""
    with MAKING:  # one lock for both: nobody waits for a second, or takes another's pause for the usual state
        was_on = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if was_on:
                gc.enable()
