"""Figures quoted from `estimates`, each kept with where it came from, so that a paper can be held against its source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from misuse.reports.data import HEADLINE, Pack, Row

Writer = Callable[[float], str]


@dataclass(frozen=True)
class Quote:
    """One figure as it is written: which estimate, window and end of it."""

    estimate: str
    window: str
    end: str
    value: float | str
    text: str


@dataclass
class Quoter:
    """Writes figures of `estimates` and remembers each."""

    pack: Pack
    quotes: list[Quote] = field(default_factory=list)

    def has(self, name: str, window: str = HEADLINE) -> bool:
        """Whether the figure has a value."""
        return self.pack.estimate(name, window) is not None

    def figure(self, name: str, write: Writer, end: str = "point", window: str = HEADLINE) -> str:
        """One end of a figure as words. Errors: KeyError where it has no value: ask `has` first."""
        row = self.pack.estimate(name, window)
        if row is None or row[end] is None:
            raise KeyError(f"{name} has no {end} in the window {window}")
        text = write(row[end])
        self.quotes.append(Quote(name, window, end, row[end], text))
        return text

    def interval(self, name: str, write: Writer, window: str = HEADLINE) -> str:
        """`38.0% to 45.9%`; empty where none is given."""
        row = self.pack.estimate(name, window)
        if row is None or row["low"] is None or row["high"] is None:
            return ""
        return f"{self.figure(name, write, 'low', window)} to {self.figure(name, write, 'high', window)}"

    def spread(self, name: str, write: Writer, unit: str = "", window: str = HEADLINE) -> str:
        """`41.0% (38.0% to 45.9%)`."""
        ends = self.interval(name, write, window)
        return self.figure(name, write, window=window) + unit + (f" ({ends})" if ends else "")

    def method(self, name: str, begins: str, window: str = HEADLINE) -> str:
        """The part of a figure's method that begins so, up to its semicolon; empty where there is none."""
        for row in self._rows(name, window):
            for part in str(row["method"]).split(";"):
                if part.strip().startswith(begins):
                    self.quotes.append(Quote(name, window, "method", part.strip(), part.strip()))
                    return part.strip()
        return ""

    def why_not(self, name: str, window: str = HEADLINE) -> str:
        """Why a figure has no value."""
        text = self.pack.why_not(name, window)
        self.quotes.append(Quote(name, window, "method", text, text))
        return text

    def _rows(self, name: str, window: str) -> list[Row]:
        place = (name, window, "caller")
        return [row for row in self.pack.estimates if (row["estimate"], row["window_name"], row["counted_by"]) == place]
