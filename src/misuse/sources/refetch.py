"""The text of records by their number: a second walk, taken only when parsing sets rows aside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from misuse.sources.grammar import Grammar
from misuse.sources.records import LONGEST_RAW, Scanner

if TYPE_CHECKING:
    import numpy as np

Add = Callable[[int, str, bytes | str], None]


class _Fetcher(Scanner):
    """Judges as the first walk did, and hands over the records asked for."""

    def __init__(self, grammar: Grammar, start: int, reasons: dict[int, str], add: Add) -> None:
        super().__init__(grammar, start, lambda _number, _reason, _raw: None)
        self.reasons = reasons
        self.add = add

    def _register(self, starts: np.ndarray, ends: np.ndarray, odd: dict[int, str], blank: np.ndarray) -> None:
        import numpy as np

        first = self.scan.records
        super()._register(starts, ends, odd, blank)
        places = np.delete(np.arange(ends.size), blank)
        for n, place in enumerate(places.tolist(), first + 1) if self._has_any(first, places.size) else ():
            if n in self.reasons:
                raw = self.buffer[int(starts[place]) : int(ends[place])]
                self.add(n, self.reasons[n], raw.rstrip(b"\r\n")[:LONGEST_RAW])

    def _has_any(self, first: int, count: int) -> bool:
        """Is a record of this window asked for? Spares the walk where none is."""
        return any(first < number <= first + count for number in self.reasons)

    def _whole(self, position: int, raw: bytes, pieces: list[bytes]) -> int:
        before = self.scan.records
        taken = super()._whole(position, raw, pieces)
        if self.scan.records > before and self.scan.records in self.reasons:
            self.add(self.scan.records, self.reasons[self.scan.records], raw.rstrip(b"\r\n")[:LONGEST_RAW])
        return taken


def fetch(plain: Path, start: int, grammar: Grammar, reasons: dict[int, str], add: Add) -> None:
    """Hand `add` the number, reason and text of every record that `reasons` names."""
    _Fetcher(grammar, start, reasons, add).run(plain)
