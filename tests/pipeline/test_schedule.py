"""The real schedule with the real steps on real data: a file dropped into the inbox is published by itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tests.logs import COLUMNS, random_rows, write_csv
from tests.pipeline.test_nothing_leaks import LAYOUT

pytestmark = pytest.mark.slow

EVERY_MINUTE = '[schedule]\nnightly = "* * * * *"\ntasking_cycle = ""\nretention = ""\nport = 0\n'


def wait_for(seen, seconds: float, process: subprocess.Popen[str]):
    """What `seen` gives once it gives something, while the scheduler lives."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = seen()
        if found:
            return found
        assert process.poll() is None, "the scheduler died"
        time.sleep(1)
    return None


@pytest.fixture
def scheduler(tmp_path):
    """`misuse schedule` on a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "misuse.toml").write_text(EVERY_MINUTE + LAYOUT, encoding="utf-8")
    environment = {**os.environ, "MISUSE_HOME": str(home)}
    with (tmp_path / "said.txt").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "misuse", "schedule"], env=environment, stdout=said, stderr=said, text=True
        )
        yield home, process
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def published_calls(home: Path) -> int:
    path = home / "published" / "current.duckdb"
    if not path.exists():
        return 0
    con = duckdb.connect(str(path.resolve()), read_only=True)
    row = con.execute("select count(*) from calls").fetchone()
    con.close()
    return row[0]


def test_what_is_dropped_into_the_inbox_is_published_by_itself_night_after_night(scheduler):
    home, process = scheduler
    first, second = random_rows(41, 120), random_rows(42, 80)
    write_csv(home / "inbox" / "calls" / "night1.csv", first, COLUMNS)
    assert wait_for(lambda: published_calls(home) == 120, 240, process), (home / "last_run.json").read_text()
    write_csv(home / "inbox" / "calls" / "night2.csv", second, COLUMNS)
    assert wait_for(lambda: published_calls(home) == 200, 180, process), (home / "last_run.json").read_text()
    beat = json.loads((home / "scheduler.json").read_text())
    assert beat["pid"] == process.pid
