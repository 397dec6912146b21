"""What the whole job costs, step by step, beside what the raw engine and an analyst's script cost for the same file.

    make bench                                       # 1M and 10M calls
    make bench-large                                 # 100M, on demand: some hours, and 80 GB of disk
    python -m benchmarks.bench --size 1M --repeat 3  # one size; medians
    python -m benchmarks.bench --size 1M 10M 10M-5y  # what docs/performance.md shows
    python -m benchmarks.bench --write               # docs/performance.md from the last output
    python -m benchmarks.bench --keep                # the last output becomes the baseline

The log is a synthetic year, or five, of so many calls a day in one CSV file (`misuse synth`): nothing is repeated or shifted.
A hundred million calls come in twelve files, one a month, as nobody hands over 30 GB in one; the whole job takes each away
once it is in, unless `--logs` keeps them.
For each size: DuckDB's bare load and one group-by, the pandas script, the whole job from the inbox to the published list and its
papers, then a night of 20,000 new calls, 1% of them corrections, on top. Each is a process of its own. A size whose processor
time, as a multiple of the bare load's, is over the kept baseline's by a sixth is told of; on the baseline's own machine that
ends the command with 1.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks import bench_page, measured

HERE = Path(__file__).parent
OUT = HERE / "out" / "bench.json"
BASELINE = HERE / "baseline.json"
WRITTEN = HERE / "written.json"  # the output that docs/performance.md was written from
YEAR, FIVE_YEARS = 365, 1_826
LAST_DAY = date(2025, 12, 31)  # of every log: calls of the future would be turned away
# Calls a day and days. 10M-5y is five years of a force with 2M calls a year: as many calls as 10M, a fifth of the callers.
SIZES = {
    "100k": (274, YEAR),
    "1M": (2_740, YEAR),
    "10M": (27_400, YEAR),
    "10M-5y": (5_480, FIVE_YEARS),
    "30M": (82_200, YEAR),
    "100M": (274_000, YEAR),
}
# What DuckDB may take instead of the default: under 16 GB in all.
MEMORY_LIMITS = {"30M": "8GB", "100M": "12GB"}
IN_MONTHS = {"100M"}
# Of disk, at the most: the log, the stores, the copy and what is spilled while the log is read.
BYTES_A_CALL, BYTES_A_CALL_IN_MONTHS = 1_300, 800
NIGHT_CALLS, NIGHT_CORRECTIONS = 20_000, 200
SLOWER = 7 / 6

Figures = dict[str, Any]


def make_months(folder: Path, calls_a_day: int, days: int) -> list[Path]:
    """The synthetic log of so many days as CSV files, one a month."""
    made, first = folder / "synth", LAST_DAY - timedelta(days=days - 1)
    span = ["--from", str(first), "--days", str(days), "--calls-per-day", str(calls_a_day)]
    words = ["-m", "misuse", "synth", "--log-only", "--out", str(made), *span]
    measured.child(words, {**os.environ, "MISUSE_HOME": str(folder)})
    return sorted((made / "log").glob("*.csv"))


def make_log(folder: Path, calls_a_day: int, days: int) -> Path:
    """The synthetic log of so many days as one CSV file."""
    log = folder / "log.csv"
    with log.open("wb") as whole:
        for n, part in enumerate(make_months(folder, calls_a_day, days)):
            with part.open("rb") as rows:
                if n:
                    rows.readline()
                shutil.copyfileobj(rows, whole, 1 << 22)
    shutil.rmtree(folder / "synth")
    return log


def parts(log: Path) -> list[Path]:
    """The files of a log, in their order: itself, or those of its folder."""
    return sorted(log.glob("*.csv")) if log.is_dir() else [log]


# Whole days from the end of the log, moved behind it: ids restart daily, so they are new. The corrections are of the
# log's last calls, with another closing code and the next version.
_NIGHT = """
copy (
    with log as (
        select * from read_csv($log, all_varchar = true)
    ),
    span as (
        select max(cast(call_date as date)) as last_day from log
    ),
    latest as (
        select log.*, cast(call_date as date) as day
        from log, span
        where cast(call_date as date) > span.last_day - $days
    ),
    shifted as (
        select
            * exclude (day) replace (
                cast(day + $days as varchar) as call_date,
                cast(cast(day + $days as date) as varchar) || substr(received_at, 11) as received_at
            )
        from latest
        order by day, cast(call_number as bigint)
        limit $calls - $corrections
    ),
    corrected as (
        select * exclude (day) replace (
            'HOAX' as closing_code, cast(cast(version as integer) + 1 as varchar) as version
        )
        from latest
        order by day desc, cast(call_number as bigint) desc
        limit $corrections
    )
    select * from shifted
    union all
    select * from corrected
) to '$night' (header)
"""


def make_night(log: Path, calls_a_day: int) -> Path:
    """A night's log, beside the log: calls of the days after its last, and corrections of its latest calls."""
    import duckdb

    night = log.with_name("night.csv")
    log = parts(log)[-1]
    days = -(-NIGHT_CALLS // calls_a_day)
    values = {"log": str(log), "days": days, "calls": NIGHT_CALLS, "corrections": NIGHT_CORRECTIONS}
    with duckdb.connect(config={"temp_directory": str(log.with_suffix(".tmp"))}) as con:
        con.execute(_NIGHT.replace("$night", str(night)), values)
    return night


def one_round(
    folder: Path, log: Path, night: Path, memory_limit: str, *, takes_away: bool = False
) -> Iterator[Figures]:
    """Each contender once, in a process of its own, on one log: first without the night, then with it.

    Where it `takes_away`, the log is gone afterwards, file by file as the whole job took them in.
    """
    home, months = folder / "home", parts(log)
    files = [str(path) for path in months]
    log_megabytes = sum(path.stat().st_size for path in months) / 1e6
    job = ["-m", "benchmarks.whole_job", *(("--memory-limit", memory_limit) if memory_limit else ()), str(home)]
    raw = json.loads(measured.child(["-m", "benchmarks.raw_engine", str(folder), *files])[1])
    script = _scripted(folder, log)
    whole, told = measured.child([*job, *files, *(("--take-away",) if takes_away else ())])
    sizes = {
        "warehouse": home / "warehouse.duckdb",
        "vault": home / "vault.duckdb",
        "published": (home / "published/current.duckdb").resolve(),
    }
    figures = {
        "rows": raw.pop("rows"),
        "log_megabytes": log_megabytes,
        "log_files": len(files),
        "raw": raw,
        **({"script": script.as_json()} if script else {}),
        "whole": whole.as_json(),
        "steps": json.loads(told.splitlines()[-1]),
        "stores_megabytes": {name: round(path.stat().st_size / 1e6) for name, path in sizes.items()},
    }
    yield figures
    nightly, told = measured.child([*job, str(night), "--as-of", _last_day(night)])
    shutil.rmtree(home)
    yield figures | {"night": nightly.as_json(), "night_steps": json.loads(told.splitlines()[-1])}


def _last_day(night: Path) -> str:
    """The last day of a night's log: the day spoken for, though the log breaks off within it."""
    import duckdb

    with duckdb.connect() as con:
        return str(
            con.execute(
                "select max(call_date) from read_csv($night, all_varchar = true)", {"night": str(night)}
            ).fetchone()[0]
        )


def refuse_without_room(size: str, folder: Path) -> None:
    """An hour's work is not begun where the disk will not hold it. Errors: SystemExit naming a size that it would hold."""
    free = shutil.disk_usage(folder).free
    bytes_a_call = dict.fromkeys(SIZES, BYTES_A_CALL) | dict.fromkeys(IN_MONTHS, BYTES_A_CALL_IN_MONTHS)
    wants = {name: calls_a_day * days * bytes_a_call[name] for name, (calls_a_day, days) in SIZES.items()}
    if free < wants[size]:
        fits = [name for name in sorted(wants, key=wants.__getitem__) if wants[name] <= free]
        raise SystemExit(
            f"{size} wants {wants[size] / 1e9:.0f} GB of disk and {folder} has {free / 1e9:.0f} GB free; "
            + (f"--size {fits[-1]} fits" if fits else "no size fits")
        )


def _scripted(folder: Path, log: Path) -> measured.Cost | None:
    """What the analyst's script costs; nothing where it wants more than nine tenths of the machine's memory."""
    words = ["-m", "benchmarks.pandas_script", *map(str, parts(log)), "--out", str(folder / "pandas")]
    try:
        return measured.child(words, most_bytes=_machine_bytes() * 9 // 10)[0]
    except SystemExit as ended:
        print(f"{ended}: more memory, it may be, than there is", file=sys.stderr)
        return None


def medians(rounds: list[Any]) -> Any:
    """The rounds' median, figure by figure."""
    first = rounds[0]
    if isinstance(first, dict):
        names = [name for name in first if all(name in one for one in rounds)]
        return {name: medians([one[name] for one in rounds]) for name in names}
    return round(statistics.median(rounds), 2)


def measure(size: str, repeat: int, folder: Path, logs: Path | None) -> Iterator[Figures]:
    """The medians of so many rounds on one log, first without the last night, since a long one may be broken off.

    The log is kept for other times where `logs` names a folder.
    """
    log, night = _made(size, folder, logs or folder)
    whole: list[Figures] = []
    limit = MEMORY_LIMITS.get(size, "")
    said: Figures = {"rounds": repeat} | ({"memory_limit": limit} if limit else {})
    for n in range(repeat):
        print(f"{size}: round {n + 1} of {repeat} …", file=sys.stderr, flush=True)
        takes_away = size in IN_MONTHS and not logs and n == repeat - 1
        for figures in one_round(folder, log, night, limit, takes_away=takes_away):
            found: Figures = medians([*whole, figures]) if n == repeat - 1 else {}
            if found:
                yield found | said
        whole.append(figures)


def _made(size: str, folder: Path, kept: Path) -> tuple[Path, Path]:
    """The log of a size, a file or a folder of months, and its night's: made unless they are kept from another time."""
    log, night = kept / (f"log-{size}" if size in IN_MONTHS else f"log-{size}.csv"), kept / f"night-{size}.csv"
    if not night.exists():
        calls_a_day, days = SIZES[size]
        if size in IN_MONTHS:
            make_months(folder, calls_a_day, days)[0].parent.replace(log)
            shutil.rmtree(folder / "synth")
        else:
            make_log(folder, calls_a_day, days).replace(log)
        make_night(log, calls_a_day).replace(night)
    return log, night


def machine() -> dict[str, Any]:
    """What it was measured on, and which commit."""
    import duckdb

    commit = subprocess.run(
        [shutil.which("git") or "git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    names = [line for line in _cpu_info() if line.startswith("model name")]
    return {
        "processor": names[0].partition(":")[2].strip() if names else platform.processor(),
        "cores": os.cpu_count(),
        "memory_gigabytes": round(_machine_bytes() / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "commit": commit.stdout.strip(),
        "niceness": os.nice(0),
        "load_before": round(os.getloadavg()[0], 1),
    }


def _machine_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _cpu_info() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def load_multiple(figures: Figures) -> float:
    """The whole job's processor time, as a multiple of the bare load's."""
    return float(figures["whole"]["processor_seconds"] / figures["raw"]["load"]["processor_seconds"])


def slower(found: Figures, kept: Figures) -> list[tuple[str, bool]]:
    """For every size that costs over a sixth more than the baseline: a sentence, and whether the machine is the same.

    Elsewhere the reader and the rest share the work otherwise, and a multiple of one tells little of the other.
    """
    told = []
    for size, figures in found.items():
        if size in kept:
            now, before = load_multiple(figures), load_multiple(kept[size])
            is_same = _same_machine(figures["machine"], kept[size]["machine"])
            where = "" if is_same else ", on another machine"
            if now > before * SLOWER:
                told.append(
                    (f"{size} costs {now:.1f} times the bare load; the baseline says {before:.1f}{where}", is_same)
                )
    return told


def _same_machine(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("processor", "cores", "memory_gigabytes", "system"))


def _read(path: Path) -> dict[str, Any]:
    held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"sizes": {}}
    return held


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, nargs="*", default=[])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where logs and homes are made; a temporary one by default")
    parser.add_argument("--logs", type=Path, help="where logs are kept from one time to the next, on the same disk")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md from the last output")
    parser.add_argument("--keep", action="store_true", help="make the last output the baseline")
    options = parser.parse_args()
    OUT.parent.mkdir(exist_ok=True)
    held = _read(OUT)
    found = {}
    for size in options.size:
        with tempfile.TemporaryDirectory(prefix="misuse-bench-", dir=options.folder) as folder:
            refuse_without_room(size, Path(folder))
            for figures in measure(size, options.repeat, Path(folder), options.logs):
                held["sizes"][size] = found[size] = figures | {"machine": machine()}
                OUT.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    kept = _read(BASELINE)["sizes"]
    print(bench_page.tables(held["sizes"], kept))
    if options.keep:
        BASELINE.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    if options.write:
        WRITTEN.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
        bench_page.write(held["sizes"], kept)
    told = slower(found, kept)
    print("\n".join(sentence for sentence, _ in told))
    sys.exit(1 if any(is_same for _, is_same in told) else 0)


if __name__ == "__main__":
    main()
