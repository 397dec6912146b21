"""What the stores of a copy hold, read whole: a file whose bytes agree may still be one that was damaged before."""

from __future__ import annotations

from pathlib import Path

from misuse import publication, vault, warehouse
from misuse.errors import StoreError
from misuse.settings import Settings
from misuse.vault import rotation

Tables = dict[str, dict[str, list[object]]]
VAULT, WAREHOUSE = "vault.duckdb", "warehouse.duckdb"


def tables(folder: Path, settings: Settings, scratch: Path) -> Tables:
    """Rows and digests of each table of the copies in a folder, by store. Errors: StoreError for a damaged copy."""
    import duckdb

    found: Tables = {}
    with warehouse.in_memory(settings, scratch) as con:
        try:
            if (folder / WAREHOUSE).exists():
                warehouse.attach_to_read(con, folder / WAREHOUSE)
                found["warehouse"] = _digests(con, "stored")
                con.execute("detach stored")
            if (folder / VAULT).exists():
                vault.attach_to_read(con, settings, folder / VAULT)
                found["vault"] = _digests(con, "vault")
                con.execute("detach vault")
        except duckdb.Error:
            raise StoreError(
                f"a store in {folder.name} cannot be read whole: it is damaged",
                next_step="misuse status; else go back to an earlier backup",
            ) from None
    return found


def _digests(con: object, database: str) -> dict[str, list[object]]:
    held = rotation.contents(con, database)  # type: ignore[arg-type]
    return {name: [content.rows, *map(str, content.digests)] for name, content in held.items()}


def published(folder: Path, links: dict[str, str]) -> dict[str, str]:
    """The run that readers see in a copy and the digest of what it says; empty where nothing was published."""
    target = links.get("published/current.duckdb")
    if target is None:
        return {}
    path = folder / "published" / target
    return {"run_id": path.stem, "digest": publication.digest(path)}
