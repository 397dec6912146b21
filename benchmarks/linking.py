"""What linking adds to a run: on a whole year, and on a night of 20,000 new calls.

    python -m benchmarks.linking --home HOME     a home that holds a year, a model in force and a run with it

The home is copied and left alone. Each line is the step that decides who is a caller, with the model and without one,
and the difference, which is what linking adds. For the year every score is forgotten first; for the night the year's
stand, and the records compared are counted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from misuse import callers, ledger, models, pipeline, vault, warehouse
from misuse.ingest import SYNTHETIC_SOURCE
from misuse.settings import Settings

NIGHT_CALLS = 20_000
NOW = datetime(2026, 12, 1, tzinfo=UTC)
MISUSE = Path(sys.executable).parent / "misuse"


def identify(home: Settings) -> float:
    """Seconds of the one step, in a run of its own."""
    run_id = pipeline.begin(home, None, NOW, "benchmark", force=True)
    started = time.perf_counter()
    pipeline.step(home, run_id, "identify", NOW)
    return time.perf_counter() - started


def model_in_force(home: Settings, digest: str | None = None) -> str:
    """The model that the warehouse names; with a digest that one, or none, is named from now on."""
    with warehouse.opened(home) as con:
        named = callers.model_in_force(con)
        if digest is not None:
            con.execute("delete from marks where name = 'identity_model'")
            con.execute("insert into marks select 'identity_model', $digest where $digest <> ''", {"digest": digest})
    return named


def forget_scores(home: Settings) -> None:
    """Nothing has been compared yet."""
    with warehouse.opened(home) as con, vault.attached(con, home, beside_warehouse=True):
        models.script(con, "identities/forget_scores", {})


def unscored(home: Settings, digest: str) -> int:
    """How many records, and pairs of those who held one number in turn, wait to be compared."""
    with warehouse.opened(home) as con, vault.attached(con, home, beside_warehouse=True):
        return callers.unscored(con, digest)


def scored(home: Settings, digest: str) -> int:
    """How many records the model has compared."""
    with warehouse.opened(home) as con, vault.attached(con, home, beside_warehouse=True):
        (records,) = con.execute(
            "select count(*) from vault.identity_scored where model_digest = $digest", {"digest": digest}
        ).fetchone() or (0,)
    return int(records)


def measure(home: Settings, digest: str) -> dict[str, float]:
    """Seconds with and without the model. Without it first, so that what both do alike is paid there."""
    model_in_force(home, "")
    identify(home)
    without = identify(home)
    model_in_force(home, digest)
    before = scored(home, digest)
    linked = identify(home)
    return {
        "with": linked,
        "without": without,
        "adds": linked - without,
        "records compared": scored(home, digest) - before,
    }


def a_night(home: Settings, folder: Path) -> int:
    """Take in the next calls of that London: how many. The year's last day but one is the newest that is whole."""
    with warehouse.opened(home) as con:
        as_of = ledger.default_as_of(con, NOW, home.reporting_zone)
    days = ["--from", str(as_of.replace(year=as_of.year + 1, month=1, day=1)), "--days", "3"]
    command = [str(MISUSE), "synth", "--out", str(folder), "--calls-per-day", str(NIGHT_CALLS // 3), *days]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lines = [line for path in sorted((folder / "log").glob("*.csv")) for line in path.read_text("utf-8").splitlines()]
    header, rows = lines[0], [line for line in lines if line != lines[0]][:NIGHT_CALLS]
    night = folder / "night.csv"
    night.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    command = [str(MISUSE), "ingest", str(night), "--source", SYNTHETIC_SOURCE]
    environment = {**os.environ, "MISUSE_HOME": str(home.home)}
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return len(rows)


def told(title: str, found: dict[str, float]) -> str:
    """A line of the table."""
    return (
        f"{title:32} with the model {found['with']:6.1f} s  without {found['without']:6.1f} s  "
        f"linking adds {found['adds']:6.1f} s  records compared {found['records compared']:,}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.home.parent) as folder:
        home = Settings(home=Path(folder) / "home")
        shutil.copytree(options.home, home.home, symlinks=True, ignore=shutil.ignore_patterns("synth", "reports"))
        digest = model_in_force(home)
        forget_scores(home)
        print(told("a whole year", measure(home, digest)))
        calls = a_night(home, Path(folder) / "night")
        print(told(f"a night of {calls:,} new calls", measure(home, digest)))


if __name__ == "__main__":
    main()
