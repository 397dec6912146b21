"""Progress bars on a terminal, plain lines elsewhere, and tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from misuse import wording
from misuse.progress import Bar

QUIET_SECONDS = 2.0  # work shorter than this is not worth a line in a log


class _Line:
    def advance(self, amount: float = 1.0) -> None:
        """A line shows no parts."""


class _RichBar:
    def __init__(self, progress: Any, task: Any) -> None:
        self._progress = progress
        self._task = task

    def advance(self, amount: float = 1.0) -> None:
        self._progress.advance(self._task, amount)


class Bars:
    """A `Tracker` that draws on standard error."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._progress: Any = None
        self._depth = 0

    @contextmanager
    def step(self, name: str, total: float | None = None) -> Iterator[Bar]:
        if not self._stream.isatty():
            started = time.perf_counter()
            yield _Line()
            taken = time.perf_counter() - started
            if taken >= QUIET_SECONDS:
                print(f"  {name} … {taken:.1f} s", file=self._stream, flush=True)
            return
        progress = self._open()
        task = progress.add_task(name, total=total)
        try:
            yield _RichBar(progress, task)
        finally:
            progress.update(task, total=1, completed=1)
            self._close()

    def _open(self) -> Any:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        if self._progress is None:
            self._progress = Progress(
                SpinnerColumn(finished_text="✓"),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TimeElapsedColumn(),
                console=Console(file=self._stream),
            )
            self._progress.start()
        self._depth += 1
        return self._progress

    def _close(self) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._progress.stop()
            self._progress = None


def table_text(headings: Sequence[str], rows: Sequence[Sequence[Any]], *, numeric: Sequence[str] = ()) -> str:
    """Columns padded to their widest cell, numbers to the right."""
    cells = [[wording.inert(_cell(value), is_cell=True) for value in row] for row in rows]
    headings = [wording.inert(head, is_cell=True) for head in headings]
    widths = [max([len(head), *(len(row[i]) for row in cells)]) for i, head in enumerate(headings)]
    right = {i for i, head in enumerate(headings) if head in numeric}

    def line(row: Sequence[str]) -> str:
        padded = (
            text.rjust(w) if i in right else text.ljust(w) for i, (text, w) in enumerate(zip(row, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    return "\n".join([line(list(headings)), line(["─" * w for w in widths]), *(line(row) for row in cells)])


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value) or "–"
    return str(value)
