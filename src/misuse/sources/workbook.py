"""A workbook's cells, read by a process of its own with a bound to its memory.

A few kilobytes can ask for any amount: one cell in the last corner makes its reader ask for 500 GB, one long text may stand
in a million cells. The reader then ends in an abort that nothing in its process can catch.
"""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from misuse.errors import InputError
from misuse.sources.plain import FREE_SIZE
from misuse.wording import inert

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 900  # seconds for one workbook; a million rows take less than one minute
ROOM = 2 << 30  # bytes that any reader may have
EACH = 8  # times what a workbook may unpack to, which its cells take in memory on their way
NOT_READABLE, NO_SHEET = 3, 4
SHEETS_NAMED, LONGEST_NAME = 3, 40
_SHEETS = b"sheets"


def heights(path: Path, plain: Path, ratio: int) -> dict[str, int]:
    """How many rows each sheet has, in the workbook's order. Errors: InputError, as for `cells`."""
    found: dict[str, int] = json.loads(_asked("heights", path, plain, "", ratio))
    return found


def cells(path: Path, plain: Path, sheet: str, ratio: int) -> pa.Table:
    """A sheet's cells (the first sheet's if none is named), all as text, its header row among them.

    `sheets` tells from it what other sheets there are.
    Errors: InputError for one that cannot be read, has no such sheet, or would take more memory than it may.
    """
    import pyarrow as pa

    with pa.ipc.open_stream(_asked("cells", path, plain, sheet, ratio)) as stream:
        return stream.read_all()


def sheets(table: pa.Table) -> tuple[str, ...]:
    """The names of all sheets of the workbook that these cells are of, in its order."""
    return tuple(json.loads((table.schema.metadata or {}).get(_SHEETS, b"[]")))


def not_read(names: Sequence[str], *, which: str = "the first sheet was") -> str:
    """That sheets with rows were not read, the first few of them named, and what to do."""
    shown = [f"'{_shortened(name)}'" for name in names[:SHEETS_NAMED]]
    more = f" and {len(names) - SHEETS_NAMED} more" if len(names) > SHEETS_NAMED else ""
    return (
        f"only {which} read; others hold rows too: {', '.join(shown)}{more}. Declare one source for each with "
        'sheet = "…", or save the sheets as files of their own; where the first alone is meant, name it with sheet in the '
        "layout"
    )


def _shortened(name: str) -> str:
    told = inert(_DIGITS.sub("…", name), is_cell=True)
    return told if len(told) <= LONGEST_NAME else told[: LONGEST_NAME - 1] + "…"


def _asked(what: str, path: Path, plain: Path, sheet: str, ratio: int) -> bytes:
    """What the other process says."""
    most = _room(path, plain, ratio)
    where = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-I", "-c", _CHILD, where, what, str(plain), sheet, str(most)]
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=LONGEST, stdin=subprocess.DEVNULL, env={}
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{path} took over {LONGEST // 60} minutes to read", next_step=_SMALLER) from None
    told = (done.stderr.decode("utf-8", "replace").splitlines() or [""])[-1]
    if done.returncode == NOT_READABLE:
        raise InputError(
            f"{path} cannot be read as XLSX ({told})", next_step="open and save it again, or ask for it again"
        )
    if done.returncode == NO_SHEET:
        raise InputError(f"{path} has no sheet '{sheet}'", next_step=f"it has {_DIGITS.sub('…', told)}")
    if done.returncode:
        raise InputError(f"{path} would take more than {most / 1e9:.1f} GB of memory to read", next_step=_SMALLER)
    return done.stdout


_DIGITS = re.compile(r"\+?\d(?:[^\w,]{0,3}\d){5,}")  # somebody's number may be a sheet's name


# Without an environment: what reads a stranger's file needs no key.
_CHILD = """
import os, sys
sys.path[:] = sys.argv.pop(1).split(os.pathsep)
from misuse.sources import workbook
sys.exit(workbook.main(*sys.argv[1:]))
"""
_SMALLER = "clear what lies beyond the calls, for instance a cell in the last column, or ask for it as CSV"


def _room(path: Path, plain: Path, ratio: int) -> int:
    """Bytes of memory that reading it may take, once its size is seen to be sane."""
    try:
        with zipfile.ZipFile(plain) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
        raise InputError(
            f"{path} cannot be read as XLSX: it is truncated or damaged",
            next_step="wait for the transfer to end, or ask for the file again",
        ) from None
    most = max(FREE_SIZE, plain.stat().st_size * ratio)
    if unpacked > most:
        raise InputError(
            f"{path} unpacks to over {ratio} times its size",
            next_step="if that is right, raise max_uncompressed_ratio in its [sources] table",
        )
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(ROOM + EACH * most, max(here // 2, ROOM))


# ── the other process ──────────────────────────────────────────────────────────────────────────


def main(what: str, plain: str, sheet: str, most: str) -> int:
    """Write what is asked for to standard output; on standard error, in a word, why it could not be read."""
    import resource

    import fastexcel
    import pyarrow as pa

    resource.setrlimit(resource.RLIMIT_AS, (int(most), int(most)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        book = fastexcel.read_excel(plain)
        if what == "heights":
            rows = {
                name: int(book.load_sheet(name, header_row=None, dtypes="string").height) for name in book.sheet_names
            }
            sys.stdout.write(json.dumps(rows))
            return 0
        if sheet and sheet not in book.sheet_names:
            sys.stderr.write(", ".join(book.sheet_names[:5]))
            return NO_SHEET
        table = pa.table(book.load_sheet(sheet or 0, header_row=None, dtypes="string").to_arrow())
        table = table.replace_schema_metadata({_SHEETS: json.dumps(book.sheet_names)})
        with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
            stream.write_table(table)
    except (fastexcel.FastExcelError, pa.ArrowInvalid) as error:
        sys.stderr.write(type(error).__name__)
        return NOT_READABLE
    return 0
