"""How long things take, beside what the raw engine takes for the same bytes.

    make bench                      about a million calls, in a folder of its own
    python -m benchmarks.bench --days 365

Prints a table and writes benchmarks/out/bench.json. docs/performance.md is written from its output.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

OUT = Path(__file__).parent / "out"
MISUSE = Path(sys.executable).parent / "misuse"


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def command(home: Path, *words: str) -> None:
    """One command line, its output thrown away."""
    environment = {**os.environ, "MISUSE_HOME": str(home)}
    subprocess.run(
        [str(MISUSE), *words], env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def raw_engine(logs: list[Path], home: Path) -> dict[str, float]:
    """The limit: DuckDB's bare load of the same files and one bare group-by, nothing else."""
    import duckdb

    con = duckdb.connect(str(home / "raw.duckdb"))
    con.execute("set enable_progress_bar = false")
    load = seconds(
        lambda: con.execute(
            "create table log as select * from read_csv($files, all_varchar = true)", {"files": [str(p) for p in logs]}
        )
    )
    group = seconds(lambda: con.execute("select cli, count(*) from log group by cli having count(*) >= 10").fetchall())
    con.close()
    return {"raw load": load, "raw group-by": group}


def measure(days: int, calls_per_day: int) -> dict[str, float]:
    """Every step's seconds on a synthetic log of so many calls."""
    home = Path(tempfile.mkdtemp(prefix="misuse-bench-"))
    try:
        figures: dict[str, float] = {}
        out = home / "synth"
        figures["synth"] = seconds(
            lambda: command(
                home, "synth", "--out", str(out), "--days", str(days), "--calls-per-day", str(calls_per_day)
            )
        )
        logs = sorted((out / "log").glob("*.csv"))
        figures |= raw_engine(logs, home)
        figures["ingest"] = seconds(lambda: command(home, "ingest", "--source", "synthetic", *map(str, logs)))
        figures["run"] = seconds(lambda: command(home, "run"))
        figures["run again, nothing new"] = seconds(lambda: command(home, "run"))
        for name, words in (
            ("--help", ("--help",)),
            ("status", ("status",)),
            ("list", ("list",)),
            ("estimate", ("estimate",)),
        ):
            figures[f"misuse {name} (median of 5)"] = statistics.median(
                seconds(lambda words=words: command(home, *words))
                for _ in range(5)  # type: ignore[misc]
            )
        figures["log megabytes"] = sum(path.stat().st_size for path in logs) / 1e6
        figures["peak memory of a step, megabytes"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
        figures["whole job / raw load"] = (figures["ingest"] + figures["run"]) / figures["raw load"]
        return figures
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=167)
    parser.add_argument("--calls-per-day", type=int, default=6000)
    options = parser.parse_args()
    figures = measure(options.days, options.calls_per_day)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    print(f"{options.days} days of {options.calls_per_day} calls a day · {machine}")
    for name, value in figures.items():
        print(f"  {name:38} {value:10.2f}")
    OUT.mkdir(exist_ok=True)
    (OUT / "bench.json").write_text(json.dumps({"machine": machine, "figures": figures}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
