"""Twenty analysts and the review room read while runs write: no lock, no wait, each answer from one run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.logs import random_rows, write_csv
from tests.web import rooms

ANALYSTS = 20
RUNS = 1
LONGEST_WAIT = 0.1  # seconds blocked: neither on a processor nor in line for one

# Each reader is a process, as another program is: what it waits for is no thread of its own. Every fourth goes by the
# program's own door, the others by the file alone, as any client does.
READERS = """
import json, os, sys, time
from pathlib import Path
import duckdb
home, stop, analysts = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
from misuse import publication
from misuse.settings import Settings
settings = Settings(home=home, threads=1)
QUESTION = '''
select (select max(run_id) from tasking_list), (select min(run_id) from tasking_list), (select max(run_id) from estimates),
    (select min(run_id) from estimates), (select count(*) from calls),
    (select calls from runs where run_id = (select max(run_id) from tasking_list))
'''

def ask(number):
    if number % 4 == 0:
        with publication.opened(settings) as con:
            return con.execute(QUESTION).fetchone()
    with duckdb.connect(str(settings.current_path), read_only=True, config={"threads": "1"}) as con:
        return con.execute(QUESTION).fetchone()

def in_line():
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9

def read(number):
    told = {"reads": 0, "longest_wait": 0.0, "errors": [], "mixed": 0, "runs": []}
    while not stop.exists():
        began, used, lined = time.perf_counter(), time.process_time(), in_line()
        try:
            answer = ask(number)
        except Exception as error:
            told["errors"].append(str(error)[:200])
            continue
        waited = time.perf_counter() - began - (time.process_time() - used) - (in_line() - lined)
        told["reads"] += 1
        told["longest_wait"] = max(told["longest_wait"], waited)
        told["mixed"] += len(set(answer[:4])) != 1 or answer[4] != answer[5]
        told["runs"] = sorted({*told["runs"], answer[0]})
        time.sleep(0.5)
    return told

children = []
for number in range(analysts):
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(into, json.dumps(read(number)).encode())
        os._exit(0)
    os.close(into)
    children.append((pid, out))
print("ready", flush=True)
told = []
for pid, out in children:
    told.append(json.loads(b"".join(iter(lambda: os.read(out, 65536), b""))))
    os.waitpid(pid, 0)
print(json.dumps(told))
"""
WRITER = """
import sys
from pathlib import Path
from misuse import intake, pipeline
from tests.logs import NOW, settings_for
from tests.unreported import STEP
pipeline._STEPS["report"] = STEP
settings = settings_for(Path(sys.argv[1]), threads=1, keep_published=1)
for log in sys.argv[2:]:
    list(intake.ingest_files(settings, [Path(log)], "calls", actor="tester", now=NOW))
    print(pipeline.run(settings, as_of=None, clock=lambda: NOW, actor="tester").run_id, flush=True)
"""


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """What the readers saw and the room answered while runs wrote."""
    root = tmp_path_factory.mktemp("readers")
    room = rooms.make(root)
    first = room.settings.current_path.resolve().stem
    logs = [write_csv(root / f"{n}.csv", random_rows(50 + n, 60)) for n in range(RUNS)]
    stop = root / "stop"
    readers = start(READERS, room.settings.home, stop, ANALYSTS)
    assert readers.stdout.readline() == "ready\n"
    browser = rooms.Browser(room, "rex")
    writer = start(WRITER, room.settings.home, *logs)
    answers = []
    while writer.poll() is None:
        answers.extend(browser.get(page).status_code for page in ("/list", "/monday"))
        time.sleep(0.5)
    published, said = writer.communicate()
    assert writer.returncode == 0, said
    answers.append(browser.get("/list").status_code)
    stop.touch()
    told, said = readers.communicate(timeout=120)
    assert readers.returncode == 0, said
    return [first, *published.split()], json.loads(told), answers, browser.faults


def start(code: str, *words: object) -> subprocess.Popen[str]:
    """A program of its own."""
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )


def test_nobody_meets_a_lock_or_an_error(lived):
    _, told, answers, faults = lived
    assert [reader["errors"] for reader in told if reader["errors"]] == []
    assert len(told) == ANALYSTS
    assert all(reader["reads"] > 2 for reader in told)
    assert set(answers) == {200}
    assert not faults


def test_every_answer_is_from_one_run_and_the_new_one_is_seen(lived):
    runs, told, _, _ = lived
    assert sum(reader["mixed"] for reader in told) == 0
    seen = {run for reader in told for run in reader["runs"]}
    assert seen <= set(runs)
    assert len(seen) > 1, "the readers saw no run change"


def test_the_middle_reader_waits_for_nobody(lived):
    """The longest wait of the middle reader: on a busy machine's disk one of twenty may wait for a page."""
    _, told, _, _ = lived
    waits = sorted(reader["longest_wait"] for reader in told)
    assert waits[len(waits) // 2] < LONGEST_WAIT, waits


@pytest.mark.deep
def test_no_reader_waits_for_the_writer(lived):
    """On a machine that does nothing else."""
    _, told, _, _ = lived
    assert max(reader["longest_wait"] for reader in told) < LONGEST_WAIT
