"""Small numbers kept back: counts under five, and others beside them from which they could be told by subtraction."""

from __future__ import annotations

from collections.abc import Collection, Mapping

LEAST = 5
Cell = tuple[str, str]  # group, part


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
