"""What a piece of work costs: seconds, processor seconds, peak memory and bytes written, of this process or of a child."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

KIBIBYTE = 1024  # which Linux counts memory in


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock and of all processors, megabytes held at most, megabytes handed to the disk."""

    seconds: float
    processor_seconds: float
    peak_megabytes: float
    written_megabytes: float

    def and_then(self, later: Cost) -> Cost:
        """The cost of both, one after the other."""
        return Cost(
            self.seconds + later.seconds,
            self.processor_seconds + later.processor_seconds,
            max(self.peak_megabytes, later.peak_megabytes),
            self.written_megabytes + later.written_megabytes,
        )

    def as_json(self) -> dict[str, float]:
        return {name: round(value, 2) for name, value in asdict(self).items()}


def here(work: Callable[[], object]) -> Cost:
    """The cost of one call in this process. Linux alone tells peak and bytes; elsewhere they are nought."""
    _forget_peak()
    started, busy, written = time.perf_counter(), time.process_time(), _written()
    work()
    return Cost(time.perf_counter() - started, time.process_time() - busy, _peak(), (_written() - written) / 1e6)


def child(
    words: Sequence[str], environment: dict[str, str] | None = None, most_bytes: int | None = None
) -> tuple[Cost, str]:
    """The cost of `python WORDS…` in a process of its own, and what it printed.

    On Linux it gets no more than `most_bytes` of memory. Errors: SystemExit where it does not end well.
    """
    started = time.perf_counter()
    command = [sys.executable, *words]
    with subprocess.Popen(command, env=environment or dict(os.environ), stdout=subprocess.PIPE, text=True) as process:
        if most_bytes and sys.platform == "linux":
            resource.prlimit(process.pid, resource.RLIMIT_AS, (most_bytes, most_bytes))
        printed = process.stdout.read() if process.stdout else ""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(words[:3])} ended with {process.returncode}")
    cost = Cost(
        time.perf_counter() - started,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss * KIBIBYTE / 1e6,
        used.ru_oublock * 512 / 1e6,
    )
    return cost, printed


def command(home: Path, *words: str) -> None:
    """One `misuse` command line, its output thrown away."""
    subprocess.run(
        [sys.executable, "-m", "misuse", *words],
        env={**os.environ, "MISUSE_HOME": str(home)},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _forget_peak() -> None:
    forget = Path("/proc/self/clear_refs")
    if forget.exists():
        forget.write_text("5", encoding="ascii")


def _peak() -> float:
    return _line(Path("/proc/self/status"), "VmHWM") * KIBIBYTE / 1e6


def _written() -> float:
    return _line(Path("/proc/self/io"), "write_bytes")


def _line(path: Path, name: str) -> float:
    if not path.exists():
        return 0.0
    found = [line.split()[1] for line in path.read_text(encoding="ascii").splitlines() if line.startswith(name + ":")]
    return float(found[0]) if found else 0.0
