"""What a child does: a command of the program, or something that has none, with linking and papers replaced by quick ones."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.logs import NOW


def act(child: dict[str, Any]) -> int:
    """Do a child's work; its exit code."""
    if not child.get("papers"):
        _write_quick_papers()
    _link_as_told(float(child.get("weight", 1.0)))
    environ = {**os.environ, "MISUSE_HOME": child["home"], **child.get("environment", {})}
    if "words" in child:
        from misuse.cli import run_command

        return run_command(child["words"], environ)
    return int(_OTHERS[child["does"]](child, environ) or 0)


def _settings(environ: dict[str, str]) -> Any:
    from misuse import settings

    return settings.load(environ, Path.cwd())


def _write_quick_papers() -> None:
    """Lists, pictures and data docs take six seconds of seven; their folder with its manifest is what the next run asks for."""
    from misuse import disposal, pipeline

    def report(settings: Any, run_id: str, *_: Any) -> None:
        out = settings.reports_path / run_id
        out.mkdir(parents=True, exist_ok=True)
        part = out / "manifest.json.part"
        part.write_text("{}", encoding="utf-8")
        part.replace(out / "manifest.json")
        disposal.sweep(settings)

    pipeline._STEPS["report"] = ("Writing quick papers", report)


def _link_as_told(weight: float) -> None:
    """Learning takes 19 s: a model that links two numbers by a weight it is told stands in for it."""
    from misuse import linkage
    from tests.survival.linker import Linker

    told = Linker(weight)
    linkage.train, linkage.score = told.train, told.score  # type: ignore[assignment]


def _dispose(_: dict[str, Any], environ: dict[str, str]) -> None:
    """Put the person of the first case away, long after; again after a break, where it is not done yet."""
    from misuse import casebook
    from misuse.room import Desk, rights

    settings = _settings(environ)
    with casebook.opened(settings) as book:
        refs, done = sorted(book.cases()), book.entries("disposed")
    if not done:
        rights.dispose(Desk(settings, "root", NOW + timedelta(days=800)), refs[0], "past its time")


def _freeze(_: dict[str, Any], environ: dict[str, str]) -> None:
    from misuse import pipeline

    pipeline.freeze_list(_settings(environ), NOW, "cha")


def _examine(child: dict[str, Any], environ: dict[str, str]) -> None:
    from tests.survival.examination import examine

    sys.stdout.write(json.dumps(examine(_settings(environ), is_whole=child.get("is_whole", True))))


_OTHERS = {"dispose": _dispose, "freeze": _freeze, "examine": _examine}
