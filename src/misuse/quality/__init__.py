"""Checks at two doors: SQL yields metrics, Great Expectations holds their limits and keeps the history.

Landing: a batch's rows before they go in. Publication: the derived relations before anybody reads
them. Every result is also kept in the warehouse's table check_results.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse.errors import StoreError
from misuse.quality import expectations
from misuse.quality.checks import Check, CheckResult, checks, has_tables, measure
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

__all__ = ["Check", "CheckResult", "build_docs", "check_landing", "check_publication", "checks"]


def check_landing(
    con: duckdb.DuckDBPyConnection,
    *,
    batch_id: str,
    settings: Settings,
    now: datetime,
    mapped: Sequence[str] = (),
) -> list[CheckResult]:
    """The temporary table `landing_calls`, about to go into `call_records`, against its limits.

    `mapped` names the columns that the source's layout maps, so that one empty throughout is noticed.
    """
    available = {
        "batch_id": batch_id,
        "now": _naive(now),
        "reporting_zone": settings.reporting_zone,
        "headline_channel": settings.headline_channel,
        "mapped": list(mapped),
    }
    metrics = [measure(con, check, available, settings) for check in checks("landing") if has_tables(con, check.needs)]
    results = expectations.judge(metrics, settings.home, "landing", batch_id, now)
    _record(con, results, "landing", batch_id, now)
    return results


def check_publication(
    con: duckdb.DuckDBPyConnection, *, run_id: str, settings: Settings, now: datetime
) -> list[CheckResult]:
    """The relations about to be published, and the ledger they come from, against their limits."""
    row = con.execute("select as_of from run_ledger where run_id = $run_id", {"run_id": run_id}).fetchone()
    if row is None:
        raise StoreError(f"run {run_id} is not in the ledger", next_step="start it again with `misuse run`")
    available = publication_parameters(settings, run_id, row[0])
    metrics = [measure(con, check, available, settings) for check in checks("publication")]
    marts = [expectations.validate_mart(con, mart, settings, run_id, now) for mart in expectations.MARTS]
    results = expectations.judge(metrics, settings.home, "publication", run_id, now) + marts
    _record(con, results, "publication", run_id, now)
    return results


def publication_parameters(settings: Settings, run_id: str, as_of: date) -> dict[str, Any]:
    """Every parameter that a check at the publication door may name."""
    return {
        "run_id": run_id,
        "as_of": as_of,
        "reporting_zone": settings.reporting_zone,
        "threshold": settings.threshold,
        "capacity": settings.capacity,
        "headline_channel": settings.headline_channel,
    }


def build_docs(home: Path, run_id: str, out: Path) -> Path:
    """Build the Data Docs of the recent results into `out`, loading nothing from elsewhere; its first page."""
    return expectations.build_docs(home, run_id, out)


def _record(
    con: duckdb.DuckDBPyConnection, results: Sequence[CheckResult], door: str, run_id: str, now: datetime
) -> None:
    """Append to the warehouse's history."""
    columns = {
        "names": [r.name for r in results],
        "severities": [r.severity for r in results],
        "checked": [r.value for r in results],
        "lows": [r.low for r in results],
        "highs": [r.high for r in results],
        "holding": [r.holds for r in results],
    }
    con.execute(_INSERT_RESULTS, {**columns, "run_id": run_id, "door": door, "now": _naive(now)})


_INSERT_RESULTS = """
insert into check_results by name
select
    $run_id as run_id, $door as door, unnest($names) as check_name, unnest($severities) as severity,
    unnest($checked::double[]) as value, unnest($lows::double[]) as low, unnest($highs::double[]) as high,
    unnest($holding) as holds, $now as checked_at
"""


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
