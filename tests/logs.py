"""Small invented logs for tests: rows as dictionaries, files, a home. Numbers come from Ofcom's drama ranges."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from misuse.settings import Settings

NOW = datetime(2026, 1, 15, 3, 0, 0)

COLUMNS = (
    "ref", "received", "answered", "ended", "cli", "name", "address", "code", "result", "borough", "markers", "remarks",
    "version",
)  # fmt: skip

SOURCE: Mapping[str, Any] = {
    "format": "csv",
    "columns": {
        "call_id": "ref",
        "received_at": "received",
        "answered_at": "answered",
        "ended_at": "ended",
        "cli": "cli",
        "subscriber_name": "name",
        "subscriber_address": "address",
        "closing_code": "code",
        "result_code": "result",
        "borough": "borough",
        "markers": "markers",
        "remarks": "remarks",
        "version": "version",
    },
    "version": {"kind": "integer"},
    "misuse": {"closing_code": ["HOAX", "NUISANCE"]},
    "doubt": {"result_code": ["CRIME RECORDED"]},
}

MOBILES = tuple(f"07700 900{n:03d}" for n in range(1000))


def settings_for(home: Path, **changes: Any) -> Settings:
    """Settings with one declared source, `calls`, quick to reckon with."""
    values: dict[str, Any] = {
        "token_key": "7" * 64,
        "bootstrap_replicates": 50,
        "sources": {"calls": SOURCE},
        "memory_limit": "1GB",
        "threads": 2,
    }
    return Settings(home=home, **(values | changes))


def random_rows(
    seed: int, count: int = 400, days: int = 40, start: datetime = datetime(2025, 11, 1)
) -> list[dict[str, str]]:
    """A log with persistent callers, genuine callers, stops, doubts, placeholders and absent numbers."""
    chance = random.Random(seed)
    rows = []
    for i in range(count):
        received = start + timedelta(seconds=chance.randrange(days * 86400))
        is_misuse = chance.random() < 0.5
        heavy = chance.random() < 0.7
        number = MOBILES[chance.randrange(8 if heavy else 300)]
        if chance.random() < 0.06:
            number = chance.choice(["", "0000000000", "12", "anonymous"])
        answered = received + timedelta(seconds=chance.randrange(60))
        rows.append(
            {
                "ref": f"R{seed}-{i}",
                "received": received.isoformat(sep=" "),
                "answered": answered.isoformat(sep=" ") if chance.random() < 0.95 else "",
                "ended": (answered + timedelta(seconds=chance.randrange(600))).isoformat(sep=" "),
                "cli": number,
                "name": "Brendle Osfarrow" if chance.random() < 0.2 else "",
                "address": "1 Invented Row, Nowhere",
                "code": chance.choice(["HOAX", "nuisance "]) if is_misuse else chance.choice(["THEFT", "RTC"]),
                "result": chance.choice(["", "", "NO TRACE", "crime  recorded"]),
                "borough": chance.choice(["Camden", "Brent", ""]),
                "markers": "domestic_abuse" if number == MOBILES[3] and chance.random() < 0.2 else "",
                "remarks": 'said the cat\nwas stuck, "again"' if chance.random() < 0.1 else "",
                "version": "1",
            }
        )
    return rows


def write_csv(path: Path, rows: Iterable[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> Path:
    """A CSV log of the rows, its last line ended."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
