"""Finding the columns a layout names among those a file has."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from misuse.errors import InputError
from misuse.sources.layout import ID_PIECES, Layout


def plainly(name: str) -> str:
    """A name as names are compared where none is exact."""
    return re.sub(r"[\s_]+", " ", name).strip().casefold()


def find(asked: str, names: Sequence[str]) -> list[str]:
    """The columns that `asked` may mean: the exact one, else those alike but for case and space."""
    return [name for name in names if name == asked] or [name for name in names if plainly(name) == plainly(asked)]


def resolve(path: Path, layout: Layout, names: Sequence[str], *, optional: Iterable[str] = ()) -> dict[str, str]:
    """Column as the layout spells it -> column of the file; `optional` ones may be absent.

    Errors: InputError naming every column that is missing, or that the file has twice.
    """
    found = {asked: find(asked, names) for asked in layout.mapped_columns}
    twice = [asked for asked, columns in found.items() if len(columns) > 1]
    if twice:
        raise InputError(
            f"{path} has more than one column that '{twice[0]}' may mean",
            next_step="name it exactly, or have the source name its columns apart",
        )
    missing = [asked for asked, columns in found.items() if not columns and asked not in set(optional)]
    if missing:
        raise InputError(
            f"{path} is not laid out as source '{layout.name}' declares: no column {_listed(missing, names)}",
            next_step="check the file's folder, or the layout with 'misuse source check'",
        )
    return {asked: columns[0] for asked, columns in found.items() if columns}


def required_columns(layout: Layout) -> set[str]:
    """Columns without which no row can go in."""
    pieces = {*layout.columns.get("call_id", ()), *layout.columns.get("received_at", ())}
    return pieces - set(ID_PIECES)


def _listed(missing: Sequence[str], names: Sequence[str]) -> str:
    # A file without the header it should have shows values where names are looked for: never print
    # one that could be a number or an address.
    printable = [name for name in names if len(name) <= 40 and not re.search(r"\d{3}", name)]
    parts = []
    for asked in missing[:5]:
        near = difflib.get_close_matches(asked, printable, n=1, cutoff=0.7)
        parts.append(f"'{asked}'" + (f" (there is '{near[0]}')" if near else ""))
    return ", ".join(parts) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
