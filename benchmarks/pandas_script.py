"""What an analyst would write instead: the same list from the same log, with pandas, in one script.

    python -m benchmarks.pandas_script LOG.csv [LOG.csv …] --out FOLDER

Normalises numbers, drops exact duplicates, keeps each call's newest version, counts misuse calls a number in the
windows, and writes the persistent callers with the share of misuse and its interval. It does what such scripts do and
leaves out what they leave out: no vault, no holders of a number in turn, no links, no hard stops, no checks, no
published copy. So it is a floor of the work, and `misuse` is held against it all the same.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd

MISUSE_CODES = frozenset({"HOAX", "NUISANCE CALL", "ABUSIVE CALL", "SILENT NUISANCE", "INAPPROPRIATE 999"})
DOUBTS = frozenset({"CRIME_RECORDED", "ARREST_OTHER", "PATIENT_CONVEYED", "PERSON_AT_RISK"})
COLUMNS = [
    "call_date", "call_number", "received_at", "talk_seconds", "wrap_seconds", "channel", "cli", "opening_code",
    "closing_code", "result_code", "borough", "unit_seconds", "version",
]  # fmt: skip
THRESHOLD, REPLICATES, SEED = 10, 2_000, 20_250_101
WINDOWS = {"d365": 365, "d90": 90, "d30": 30}


def read(paths: list[Path]) -> pd.DataFrame:
    """The log's rows as text, all files in one frame."""
    frames = [pd.read_csv(path, usecols=COLUMNS, dtype="string", keep_default_na=False) for path in paths]
    return pd.concat(frames, ignore_index=True)


def normalised(numbers: pd.Series) -> pd.Series:
    """Numbers as +44…, missing where they are absent, malformed or a placeholder."""
    distinct = pd.Series(numbers.unique(), dtype="string")
    digits = distinct.str.replace(r"[^\d+]", "", regex=True)
    digits = digits.str.replace(r"^(?:\+44|0044|0)0?", "+44", regex=True)
    is_usable = digits.str.fullmatch(r"\+44[1-9]\d{8,9}") & ~digits.str.fullmatch(r"\+44(\d)\1+")
    return numbers.map(dict(zip(distinct, digits.where(is_usable), strict=True)))


def newest_versions(log: pd.DataFrame) -> pd.DataFrame:
    """Each call once: exact duplicates dropped, of several versions the newest kept."""
    log = log.drop_duplicates()
    log = log.assign(version=pd.to_numeric(log["version"], errors="coerce").fillna(0))
    return log.sort_values("version").drop_duplicates(["call_date", "call_number"], keep="last")


def prepared(log: pd.DataFrame) -> pd.DataFrame:
    """Calls with their times, seconds, number and whether each is a misuse call."""
    log = newest_versions(log)
    handling = sum(pd.to_numeric(log[name], errors="coerce").fillna(0) for name in ("talk_seconds", "wrap_seconds"))
    code = log["closing_code"].str.upper().str.strip()
    result = log["result_code"].str.upper().str.strip()
    return log.assign(
        received_at=pd.to_datetime(log["received_at"], utc=True, format="ISO8601", errors="coerce"),
        number=normalised(log["cli"]),
        handling=handling,
        units=pd.to_numeric(log["unit_seconds"], errors="coerce").fillna(0),
        is_misuse=code.isin(MISUSE_CODES) & ~result.isin(DOUBTS) & (log["channel"] == "999"),
    ).dropna(subset=["received_at"])


def listed(calls: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """Persistent callers of the year with their counts in every window, the most prolific first."""
    misuse = calls[calls["is_misuse"] & calls["number"].notna()]
    table = misuse.groupby("number").agg(
        lifetime=("number", "size"), handling=("handling", "sum"), units=("units", "sum"),
        boroughs=("borough", lambda names: "; ".join(sorted(set(names)))),
    )  # fmt: skip
    for name, days in WINDOWS.items():
        recent = misuse[misuse["received_at"] >= until - pd.Timedelta(days=days)]
        table[name] = recent.groupby("number").size()
    table = table.fillna(dict.fromkeys(WINDOWS, 0))
    table = table[table["d365"] >= THRESHOLD]
    return table.sort_values(["d365", "handling", "units"], ascending=False)


def share(calls: pd.DataFrame, until: pd.Timestamp) -> dict[str, float]:
    """The share of misuse calls that persistent callers made, and its percentile bootstrap interval over callers."""
    year = calls[calls["is_misuse"] & (calls["received_at"] >= until - pd.Timedelta(days=365))]
    counts = year.groupby("number").size().to_numpy()
    unidentified = int(year["number"].isna().sum())
    rng = np.random.default_rng(SEED)
    found = np.empty(REPLICATES)
    for replicate in range(REPLICATES):
        drawn = rng.choice(counts, len(counts))
        found[replicate] = drawn[drawn >= THRESHOLD].sum() / (drawn.sum() + unidentified)
    low, high = np.percentile(found, [2.5, 97.5])
    point = counts[counts >= THRESHOLD].sum() / max(counts.sum() + unidentified, 1)
    return {"share": float(point), "low": float(low), "high": float(high), "misuse_calls": len(year)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    log = read(options.log)
    rows, read_at = len(log), time.perf_counter()
    calls = prepared(log)
    del log
    until = calls["received_at"].max().normalize()
    table = listed(calls, until)
    table.to_csv(options.out / "persistent_callers.csv")
    told = {
        "rows": rows,
        "calls": len(calls),
        "persistent_callers": len(table),
        **share(calls, until),
        "read_seconds": round(read_at - started, 2),
        "seconds": round(time.perf_counter() - started, 2),
        "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
    }
    (options.out / "share.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
