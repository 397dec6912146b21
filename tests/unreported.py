"""Runs that end at the published copy: lists, pictures and data docs take two thirds of a small run.

Tests that read none of them say so: with the fixtures `unreported` (one test) and `unreported_file` (a file's fixtures
too), or by starting programs with `tests/pipeline/unreported` on their path.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from misuse.progress import Tracker
from misuse.settings import Settings


def writes_manifest(settings: Settings, run_id: str, now: datetime, tracker: Tracker) -> None:
    """What tells later runs that the reports were finished, and what the step does besides: to end a disposal."""
    from misuse import disposal

    folder = settings.reports_path / run_id
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    (folder / "manifest.json").write_text('{"files": []}\n', encoding="utf-8")
    disposal.sweep(settings)


STEP = ("Writing no reports", writes_manifest)


@contextmanager
def unreported() -> Iterator[None]:
    """Runs of this process write no reports until the block ends."""
    from misuse import pipeline

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(pipeline._STEPS, "report", STEP)
        yield
