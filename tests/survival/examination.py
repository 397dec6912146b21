"""What is in a home, in a form that a model in plain Python can be compared with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from misuse.settings import Settings

_CALLS = """
select details.call_id, strftime(calls.received_at, '%Y-%m-%d %H:%M:%S'), coalesce(calls.closing_code, ''), count(*)
from call_records as calls
left join vault.call_details as details
    on calls.call_key = details.call_key and calls.content_digest = details.content_digest
group by all order by all
"""
_COUNTS = """
select
    (select count(*) from call_records),
    (select count(distinct call_key) from call_records),
    (select count(*) from superseded_call_records),
    (select count(*) from vault.call_details),
    (select count(*) from batch_ledger where rows_read <> accepted + rejected + duplicate + superseded),
    (select count(*) from batch_ledger where withdrawn_at is null),
    (select count(*) from vault.rejected_rows)
"""
_COUNT_NAMES = ("calls", "distinct_calls", "superseded", "details", "unbalanced", "batches", "rejected")


def examine(settings: Settings, *, is_whole: bool) -> dict[str, Any]:
    """What readers see; and if whole, what every store holds, as a run would open it."""
    found: dict[str, Any] = {"published": published(settings), "left": left_over(settings)}
    if is_whole:
        from misuse import callers, casebook, warehouse

        with warehouse.opened(settings, with_vault=True) as con:
            found["rows"] = con.execute(_CALLS).fetchall()
            found |= dict(zip(_COUNT_NAMES, con.execute(_COUNTS).fetchone() or (), strict=True))
            found["model"] = callers.model_in_force(con)
            found["models"] = con.execute(
                "select model_digest from vault.identity_models where status = 'in_force'"
            ).fetchall()
        with casebook.opened(settings) as book:
            found["faults"] = [str(fault) for fault in book.faults()]
            kinds = [event.kind for event in book.entries()]
            found["events"] = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
            found["stops"] = len(book.live_stops())
    return found


def published(settings: Settings) -> dict[str, str]:
    """Digest of every copy kept, by run, and of the current one."""
    from misuse import publication

    copies = {
        path.stem: publication.digest(path)
        for path in settings.published_path.glob("*.duckdb")
        if not path.is_symlink()
    }
    current = settings.current_path.resolve().stem if settings.current_path.exists() else ""
    return {"current": copies.get(current, ""), "copies": len(copies)}  # type: ignore[dict-item]


def left_over(settings: Settings) -> list[str]:
    """Half-made files that a finished run should not leave."""
    home = settings.home
    found = [
        *home.glob("published/*.tmp*"),
        *home.glob("vault.duckdb.next*"),
        *home.glob("keys/*.next"),
        *home.glob("scratch/*"),
        *home.parent.glob(f".{home.name}.restoring-*"),
        *home.parent.glob(f"{home.name}-outside/.*"),
    ]
    return sorted(path.relative_to(home.parent).as_posix() for path in found)


def digest_of(path: Path) -> str:
    """A file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
