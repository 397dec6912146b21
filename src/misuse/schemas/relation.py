"""What a published relation's declaration holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One published column."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Relation:
    """One published relation: its grain in a sentence, its key, its columns."""

    name: str
    comment: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


def columns(text: str) -> tuple[Column, ...]:
    """Columns from lines of `name | TYPE | comment`."""
    parts = ([cell.strip() for cell in line.split("|", 2)] for line in text.strip().splitlines())
    return tuple(Column(name, kind, comment) for name, kind, comment in parts)
