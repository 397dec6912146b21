"""Small numbers kept back: counts under five, and others beside them from which they could be told by subtraction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

LEAST = 5
# One caller's part of a number of calls from which on the number tells how much that one calls (a dominance rule).
DOMINANT = 0.5
Cell = tuple[str, str]  # group, part
Name = tuple[str, ...]  # table, group, and whatever else names a cell


def hidden(counts: Mapping[Cell, int], *, told_rows: Collection[str] = (), least: int = LEAST) -> frozenset[Cell]:
    """Cells to keep back of a table whose columns' totals are known; `told_rows`: groups whose own total is told too.

    A count from one to `least` less one is kept back. Then, of every line with a known total
    that has a cell kept back, the next smallest is kept back too until there are two and together they make `least`.
    """
    kept = {cell for cell, count in counts.items() if 0 < count < least}
    lines = _lines(counts, told_rows)
    is_changed = True
    while is_changed:
        is_changed = False
        for line in lines:
            beside = [cell for cell in line if cell in kept]
            shown = [cell for cell in line if cell not in kept]
            if beside and shown and (len(beside) < 2 or sum(counts[cell] for cell in beside) < least):
                # Noughts last: to keep one back helps little.
                kept.add(min(shown, key=lambda cell: (not counts[cell], counts[cell], cell)))
                is_changed = True
    return frozenset(kept)


def _lines(counts: Mapping[Cell, int], told_rows: Collection[str]) -> list[list[Cell]]:
    lines: dict[tuple[int, str], list[Cell]] = {}
    for cell in sorted(counts):
        lines.setdefault((1, cell[1]), []).append(cell)
        if cell[0] in told_rows:
            lines.setdefault((0, cell[0]), []).append(cell)
    return list(lines.values())


def is_dominated(number: int, most_of_one: int) -> bool:
    """Whether one caller made more than half of a number of calls: told, it would be little else than that one's."""
    return most_of_one > DOMINANT * number


def withheld(
    values: Mapping[Name, int],
    sums: Sequence[tuple[Name, Sequence[Name]]],
    small: Collection[Name],
    *,
    weights: Mapping[Name, int] | None = None,
    least: int = LEAST,
) -> frozenset[Name]:
    """Cells to keep back of tables that share totals, so that none of `small` can be told by any adding and subtracting.

    `sums`: each total with its parts, wherever the cells stand. `weights`: how many stand behind each cell, its value
    unless given. Noughts are no secret. First every sum is seen to: two unknown cells at least, and behind unknown
    parts of a known total at least `least`. Then all sums together: a cell that every solution of theirs agrees on is
    told, so another is kept back beside it, until there is none.
    """
    behind = values if weights is None else weights
    kept = set(small)
    while _keep_beside(kept, values, sums, behind, least) or _keep_told(kept, values, sums):
        pass
    return frozenset(kept)


def _keep_beside(
    kept: set[Name], values: Mapping[Name, int], sums: Sequence[tuple[Name, Sequence[Name]]], behind: Mapping[Name, int], least: int
) -> bool:  # fmt: skip
    """Keep more back in each sum that would tell a cell by itself; whether any was."""
    before = len(kept)
    for total, parts in sums:
        while True:
            unknown = [part for part in parts if part in kept]
            cells = [*unknown, *([total] if total in kept else [])]
            is_thin = total not in kept and sum(behind[part] for part in unknown) < least
            if not cells or (len(cells) > 1 and not is_thin):
                break
            if not _keep_one(kept, values, [part for part in parts if part not in kept] or [total]):
                break
    return len(kept) > before


def _keep_one(kept: set[Name], values: Mapping[Name, int], shown: Sequence[Name]) -> bool:
    """Keep the smallest back, noughts last; whether there was one."""
    left = [cell for cell in shown if cell not in kept]
    if not left:
        return False
    kept.add(min(left, key=lambda cell: (not values[cell], values[cell], cell)))
    return True


def _keep_told(kept: set[Name], values: Mapping[Name, int], sums: Sequence[tuple[Name, Sequence[Name]]]) -> bool:
    """Keep a cell back beside each that all sums together tell; whether any was."""
    before = len(kept)
    for cell in told(kept, sums):
        for total, parts in sums:
            if cell in (total, *parts) and _keep_one(
                kept, values, [part for part in (*parts, total) if part not in kept]
            ):
                break
    return len(kept) > before


def told(kept: Collection[Name], sums: Sequence[tuple[Name, Sequence[Name]]]) -> list[Name]:
    """Of cells kept back those that have one value in every solution of all sums together."""
    import numpy as np

    cells = sorted(kept)
    place = {cell: at for at, cell in enumerate(cells)}
    table = np.zeros((len(sums), len(cells)))
    for line, (total, parts) in enumerate(sums):
        for cell, sign in [(total, 1.0), *((part, -1.0) for part in parts)]:
            if cell in place:
                table[line, place[cell]] += sign
    table = table[np.any(table != 0.0, axis=1)]
    if not len(table):
        return []
    _, strength, ways = np.linalg.svd(table)
    free = ways[int((strength > 1e-9).sum()) :]  # in these directions the kept cells can move
    return [cell for cell, at in place.items() if not np.any(np.abs(free[:, at]) > 1e-9)]
