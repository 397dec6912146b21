"""The checks under sql/checks: read from their headers, measured in SQL, said in a sentence.

A check is a file assert_*.sql: a header of `-- Key: value` lines and one bare select of
`scope VARCHAR, value DOUBLE`, at least one row. Its metric is the row farthest beyond the limits. A
check that raises, yields nothing or yields a null does not hold: not measured is never a pass.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from misuse import models
from misuse.errors import StoreError
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

SCOPES_SHOWN = 4


@dataclass(frozen=True)
class Check:
    """One file of sql/checks: what it asserts, at which door, how strictly, within which limits."""

    name: str
    assertion: str
    door: str
    severity: str
    limits: tuple[str, str]
    finding: str
    next_step: str
    needs: tuple[str, ...] = ()

    def bounds(self, settings: Settings) -> tuple[float, float]:
        """The limits as numbers: written in the file, or named there and held in the settings."""
        low, high = (_limit(word, settings) for word in self.limits)
        return low, high


@dataclass(frozen=True)
class CheckResult:
    """What a check found. `value` is null where it could not be measured, and then it does not hold."""

    name: str
    severity: str
    value: float | None
    low: float
    high: float
    holds: bool
    sentence: str


@dataclass(frozen=True)
class Metric:
    """A check's measurement: its worst value, and the scopes beyond the limits, worst first."""

    check: Check
    low: float
    high: float
    value: float | None
    scopes: tuple[str, ...] = ()
    trouble: str = ""


def checks(door: str) -> list[Check]:
    """Every check of a door, in alphabetical order."""
    return [check for check in map(_read_check, models.names("checks")) if check.door == door]


@cache
def _read_check(name: str) -> Check:
    text = models.text(name)
    header = {key.lower(): value for key, value in re.findall(r"^-- (\w+): (.+)$", text, re.MULTILINE)}
    missing = {"door", "severity", "limits", "finding", "next"} - header.keys()
    if missing or header["door"] not in ("landing", "publication") or header["severity"] not in ("fail", "warn"):
        raise StoreError(f"the check {name} has no proper header", next_step="reinstall the program")
    low, high = header["limits"].split(" to ")
    return Check(
        name=models.relation_name(name),
        assertion=text.splitlines()[0].removeprefix("-- "),
        door=header["door"],
        severity=header["severity"],
        limits=(low, high),
        finding=header["finding"],
        next_step=header["next"],
        needs=tuple(header["needs"].split()) if "needs" in header else (),
    )


def _limit(word: str, settings: Settings) -> float:
    try:
        return float(word)
    except ValueError:
        sign = -1.0 if word.startswith("-") else 1.0
        return sign * float(getattr(settings.limits, word.removeprefix("-")))


def has_tables(con: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> bool:
    """Whether every table or view that a check needs is there."""
    held = con.execute("select table_name from duckdb_tables() union select view_name from duckdb_views()").fetchall()
    return set(tables) <= {str(row[0]) for row in held}


def measure(con: duckdb.DuckDBPyConnection, check: Check, available: Mapping[str, Any], settings: Settings) -> Metric:
    """Run a check. DuckDB's own message can quote a row, so only the error's kind is kept."""
    import duckdb

    low, high = check.bounds(settings)
    try:
        rows = models.select(con, f"checks/{check.name}", available).fetchall()
    except duckdb.Error as error:
        return Metric(check, low, high, None, trouble=type(error).__name__)
    if not rows or any(value is None or math.isnan(value) for _, value in rows):
        return Metric(check, low, high, None, trouble="nothing was measured")
    ranked = sorted(rows, key=lambda row: (-_excess(row[1], low, high), -abs(row[1]), str(row[0])))
    beyond = tuple(str(scope) for scope, value in ranked if _excess(value, low, high) > 0)
    return Metric(check, low, high, float(ranked[0][1]), beyond)


def _excess(value: float, low: float, high: float) -> float:
    return max(value - high, low - value, 0.0)


def result_of(metric: Metric, holds: bool) -> CheckResult:
    """What a check found, with a sentence for a person where it does not hold."""
    check = metric.check
    result = CheckResult(check.name, check.severity, metric.value, metric.low, metric.high, holds, "")
    if holds:
        return dataclasses.replace(result, sentence=check.assertion)
    if metric.value is None:
        return dataclasses.replace(
            result,
            sentence=f"{check.name} could not be measured ({metric.trouble}). Next: report it with the run's id",
        )
    shown = ", ".join(metric.scopes[:SCOPES_SHOWN])
    more = len(metric.scopes) - SCOPES_SHOWN
    scopes = f"{shown} and {more} more" if more > 0 else shown
    finding = check.finding.format(value=metric.value, scopes=scopes)
    return dataclasses.replace(result, sentence=f"{finding}. Next: {check.next_step}")
