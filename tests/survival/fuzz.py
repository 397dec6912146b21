"""Rubbish through every reader and the declarations: a message or a reading, never a traceback; every row accounted for.

Workers read; whoever watches them ends one that hangs. The reading is `sources.read`'s; every hundredth file goes through the
whole of `ingest` into stores, every tenth through `source draft`, every eighth trial is a spoilt misuse.toml.
"""

from __future__ import annotations

import dataclasses
import json
import random
import select
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.logs import NOW, SOURCE, settings_for
from tests.pipeline.test_nothing_leaks import LAYOUT
from tests.survival import rubbish
from tests.survival.stage import ROOT

LONGEST = 60.0  # seconds for one file, on a busy machine
MEGABYTES = 2000  # of a worker, whatever it was fed
EACH = 250  # files of one worker's life


@dataclass
class Tally:
    """What became of the files and their rows."""

    files: int = 0
    taken: int = 0
    refused: int = 0
    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    other: int = 0
    longest: float = 0.0
    megabytes: int = 0
    troubles: list[str] = field(default_factory=list)

    def take(self, told: dict[str, Any]) -> None:
        """One file's outcome."""
        self.files += 1
        self.taken += told.get("taken", 0)
        self.refused += told.get("refused", 0)
        for name in ("rows", "accepted", "rejected", "other"):
            setattr(self, name, getattr(self, name) + told.get(name, 0))
        self.longest = max(self.longest, told["seconds"])
        self.megabytes = max(self.megabytes, told["megabytes"])
        if told.get("trouble"):
            self.troubles.append(f"file {told['number']} ({told['what']}): {told['trouble']}")
        if told["megabytes"] > MEGABYTES:
            self.troubles.append(f"file {told['number']} ({told['what']}): {told['megabytes']} MB")


def run(folder: Path, files: int, seed: int, workers: int, stopped: threading.Event | None = None) -> Tally:
    """Feed so many files to workers at once, until all are read or it is told to stop."""
    folder.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    spans = [(first, min(first + EACH, files)) for first in range(0, files, EACH)]
    with ThreadPoolExecutor(workers) as pool:
        is_over = stopped.is_set if stopped else lambda: False
        for told in pool.map(lambda span: [] if is_over() else list(_watched(folder, seed, *span)), spans):
            for one in told:
                tally.take(one)
    return tally


def _watched(folder: Path, seed: int, first: int, last: int) -> Any:
    """One worker's answers; a file at which it hangs or dies is a trouble, and the next worker goes on behind it."""
    while first < last:
        own = folder / f"from{first}"
        command = [sys.executable, "-m", "tests.survival.fuzz", str(own), str(seed), str(first), str(last)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            while first < last:
                ready, _, _ = select.select([worker.stdout], [], [], LONGEST + (30 if own.exists() else 90))
                line = worker.stdout.readline() if ready else ""
                if not line:
                    break
                told = json.loads(line)
                first = told["number"] + 1
                yield told
            worker.kill()
            if first < last:
                said = (worker.stderr.read() if worker.stderr else "")[-600:]
                trouble = f"the worker hung or died: {said}"
                yield {"number": first, "what": "?", "trouble": trouble, "seconds": LONGEST, "megabytes": 0}
                first += 1
        shutil.rmtree(own, ignore_errors=True)


def _megabytes(name: str) -> int:
    """This process's memory as the kernel counts it: VmRSS now, VmHWM at most since that was last set back."""
    (line,) = [
        row for row in Path("/proc/self/status").read_text(encoding="ascii").splitlines() if row.startswith(name)
    ]
    return int(line.split()[1]) // 1024


# ── a worker ───────────────────────────────────────────────────────────────────────────────────


class Reader:
    """What a worker holds open."""

    def __init__(self, folder: Path, seed: int) -> None:
        from misuse import warehouse
        from misuse.sources.layout import from_declaration

        self.folder, self.seed = folder, seed
        folder.mkdir(parents=True, exist_ok=True)
        self.layouts = {form: from_declaration("calls", {**SOURCE, "format": form}) for form in rubbish.FORMATS}
        self.home = settings_for(folder / "home", memory_limit="512MB", threads=1)
        self.scratch = folder / "scratch"
        self.opened = warehouse.in_memory(self.home, self.scratch)
        self.con = self.opened.__enter__()
        self.scratch.mkdir(exist_ok=True)
        # A test's process may have held more before: what counts is what these files add.
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self.held_megabytes = _megabytes("VmRSS")

    def feed(self, number: int) -> dict[str, Any]:
        """One trial; what came of it."""
        started = time.monotonic()
        self.what = "misuse.toml"
        told: dict[str, Any] = {"number": number}
        try:
            told |= self._declaration(number) if number % 8 == 7 else self._file(number)
        except Exception as error:  # noqa: BLE001 - just this must not happen
            import traceback

            told["trouble"] = (
                f"{type(error).__name__}: {''.join(traceback.format_tb(error.__traceback__)[-3:])[-600:]} {error!s:.300}"
            )
        told.setdefault("what", self.what)
        told["seconds"] = round(time.monotonic() - started, 2)
        told["megabytes"] = _megabytes("VmHWM") - self.held_megabytes
        if told["seconds"] > LONGEST:
            told["trouble"] = f"{told['seconds']} s"
        return told

    def _file(self, number: int) -> dict[str, Any]:
        from misuse.errors import MisuseError

        path, form, self.what = rubbish.make(self.folder, self.seed, number)
        told: dict[str, Any] = {"what": self.what}
        try:
            if number % 100 == 0:
                return told | self._ingested(path, form)
            if number % 10 == 1:
                self.draft(path)
            return told | self._read(path, form)
        except MisuseError as error:
            return told | {"refused": 1, "trouble": _badly_said(error, path)}
        finally:
            path.unlink(missing_ok=True)

    def read(self, form: str, content: bytes) -> dict[str, Any]:
        """What comes of a file of these bytes, given as one of that format; `said`: with which words it was refused."""
        from misuse.errors import MisuseError

        path = self.folder / f"made.{form}"
        path.write_bytes(content)
        try:
            return self._read(path, form)
        except MisuseError as error:
            return {"refused": 1, "trouble": _badly_said(error, path), "said": str(error)}
        finally:
            path.unlink()

    def _read(self, path: Path, form: str) -> dict[str, Any]:
        from misuse import sources
        from misuse.progress import Silent

        found = sources.read(self.con, path, self.layouts[form], scratch=self.scratch, now=NOW, tracker=Silent())
        accepted = (self.con.execute("select count(*) from parsed_rows").fetchone() or (0,))[0]
        rejected = (self.con.execute("select count(*) from rejected_raw").fetchone() or (0,))[0]
        told: dict[str, Any] = {"taken": 1, "rows": found.rows, "accepted": accepted, "rejected": rejected}
        if found.rows != accepted + rejected:
            told["trouble"] = f"{found.rows} rows, {accepted} accepted, {rejected} rejected"
        return told | {"reasons": dict(found.rejected)}

    def draft(self, path: Path) -> str | None:
        """`source draft` on whatever it is; `MisuseError` where it declined with a message."""
        from misuse.errors import MisuseError
        from misuse.sources.draft import draft

        try:
            draft(path, "calls", self.con, scratch=self.scratch)
        except MisuseError:
            return "MisuseError"
        return None

    def _ingested(self, path: Path, form: str) -> dict[str, Any]:
        """All the way in, held against the sum rule, and out again."""
        from misuse import intake
        from misuse.errors import MisuseError

        home = dataclasses.replace(self.home, sources={"calls": {**SOURCE, "format": form, "reject_limit": 1.0}})
        (outcome,) = intake.ingest_files(home, [path], "calls", actor="tester", now=NOW)
        if isinstance(outcome, MisuseError):
            return {"refused": 1, "trouble": _badly_said(outcome, path)}
        told = {"taken": 1, "rows": outcome.rows, "accepted": outcome.accepted, "rejected": outcome.rejected}
        told["other"] = outcome.duplicate + outcome.superseded
        return told if outcome.reconciles() else {**told, "trouble": "the sum rule does not hold"}  # type: ignore[dict-item]

    def _declaration(self, number: int) -> dict[str, Any]:
        """A spoilt misuse.toml: a message, or settings and layouts that can be used."""
        from misuse import settings, sources
        from misuse.errors import MisuseError

        chance = random.Random(f"{self.seed}-{number}")
        path = self.folder / "misuse.toml"
        path.write_bytes(rubbish.spoilt_declaration(LAYOUT, chance))
        try:
            found = settings.load({"MISUSE_HOME": str(self.folder / "home")}, self.folder, path)
            for name in sources.source_names(found):
                sources.load_layout(found, name)
        except MisuseError as error:
            return {"refused": 1, "trouble": _badly_said(error, path)}
        return {"taken": 1}


def _badly_said(error: Any, path: Path) -> str:
    """What is wrong with a message: it says nothing, or quotes the file."""
    text = str(error).replace(path.name, "")
    if not text.strip() or len(text) > 2000:
        return f"a message of {len(text)} characters"
    return "" if "Osfarrow" not in text and "0770" not in text else "a message that quotes a row"


def work(folder: Path, seed: int, first: int, last: int) -> None:
    """A worker's life."""
    reader = Reader(folder, seed)
    for number in range(first, last):
        sys.stdout.write(json.dumps(reader.feed(number)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    work(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
