"""The limit: DuckDB's bare load of the same files, one bare group-by, and nothing else.

python -m benchmarks.raw_engine FOLDER LOG.csv [LOG.csv …]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import duckdb

from benchmarks import measured

LOAD = "create table log as select * from read_csv($paths)"
GROUP = "select cli, count(*) from log group by cli having count(*) >= 10"
COUNT = "select count(*) from log"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("log", nargs="+", type=Path)
    options = parser.parse_args()
    file = options.folder / "raw.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute("set enable_progress_bar = false")

        def load() -> None:
            con.execute(LOAD, {"paths": [str(path) for path in options.log]})
            con.execute("checkpoint")

        costs = {"load": measured.here(load), "group-by": measured.here(lambda: con.execute(GROUP).fetchall())}
        (rows,) = con.execute(COUNT).fetchone() or (0,)
    print(json.dumps({"rows": rows} | {name: cost.as_json() for name, cost in costs.items()}))
    file.unlink()


if __name__ == "__main__":
    main()
