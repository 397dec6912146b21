"""The reports a superintendent runs a meeting from: lists as CSV, XLSX and PDF, pictures, and a manifest.

Their only input is a published file. The same file, settings and `now` give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from misuse.progress import Tracker
from misuse.settings import Settings

if TYPE_CHECKING:
    from misuse.reports.data import Pack, Stamp

FILE_MODE, FOLDER_MODE = 0o640, 0o750


def write(published: Path, out: Path, settings: Settings, now: datetime, tracker: Tracker) -> list[Path]:
    """Write every report of the published file into `out`, and return the paths, the manifest last.

    `now` is when they are made; without a zone it is taken as UTC. Files are 0640, folders 0750.
    Errors: StoreError when the published file is missing or tells no run.
    """
    from misuse.reports import data

    with tracker.step("reports", 3) as bar, ThreadPoolExecutor(max_workers=1) as beside:
        pack = data.read(published, settings, now)
        bar.advance()
        # Typesetting and drawing let go of the interpreter, so that two cores share them. Charts are put together in this
        # thread alone: Altair keeps whose field is being set for all threads at once, so two would take each other's.
        lists = beside.submit(_lists, pack)
        files = _pictured(pack)
        bar.advance()
        files |= lists.result()
        bar.advance()
    files["manifest.json"] = _manifest(files, pack.stamp)
    return [_write(out, name, content) for name, content in files.items()]


def _pictured(pack: Pack) -> dict[str, bytes]:
    """The pictures, and the papers that hold some."""
    from misuse.reports import charts, document, public_page

    drawn = charts.gallery(pack)
    return charts.files(drawn) | {
        "public/summary.html": public_page.page(pack),
        "tasking_list.pdf": document.tasking_list(pack, drawn),
        "brief.pdf": document.monthly_brief(pack),
        "pictures.pdf": document.picture_book(pack, drawn),
    }


def _lists(pack: Pack) -> dict[str, bytes]:
    """The lists, and the public figures: no picture among them."""
    from misuse.reports import document, public, spreadsheet, text

    return {
        "look_list.pdf": document.look_list(pack),
        "tasking_list.csv": text.tasking_list(pack),
        "look_list.csv": text.look_list(pack),
        "tasking_list.xlsx": spreadsheet.tasking_list(pack),
        "look_list.xlsx": spreadsheet.look_list(pack),
        "public/summary.csv": public.table(pack),
    }


def _manifest(files: dict[str, bytes], stamp: Stamp) -> bytes:
    """Which files belong together, and what each must hash to."""
    document = {
        "run_id": stamp.run_id,
        "as_of": stamp.as_of.isoformat(),
        "made_at": stamp.made_at.isoformat(timespec="seconds"),
        "marking": stamp.marking,
        "files": [
            {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(files.items())
        ],
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _write(out: Path, name: str, content: bytes) -> Path:
    """One file, whole or not at all, readable by its group."""
    path = out / name
    for folder in (out, path.parent):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(FOLDER_MODE)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.chmod(FILE_MODE)
    part.replace(path)
    return path
