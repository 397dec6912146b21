"""One table of misuse.toml, read key by key; whatever is wrong is named with its place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from misuse.errors import LayoutError

_MOST = 1_000_000


@dataclass(frozen=True)
class Table:
    """A table of the declaration: `where` is the file, `path` the table's name in it."""

    document: Mapping[str, Any]
    where: str
    path: str

    def wrong(self, key: str, why: str, *, near: tuple[str, Iterable[str]] | None = None) -> LayoutError:
        """The error for `key`, with the nearest permitted value where `near` gives value and choices."""
        hint = ""
        if near:
            close = difflib.get_close_matches(near[0], list(near[1]), n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
        return LayoutError(
            f"{self.where}: '{key}' in [{self.path}] {why}{hint}", next_step="docs/layouts.md has every key"
        )

    def known(self, names: Iterable[str]) -> Table:
        """This table, once every key of it is among `names`."""
        permitted = list(names)
        for key in self.document:
            if key not in permitted:
                close = difflib.get_close_matches(key, permitted, n=1)
                hint = f"; did you mean '{close[0]}'?" if close else ""
                raise LayoutError(
                    f"{self.where}: unknown key '{key}' in [{self.path}]{hint}",
                    next_step=f"known keys: {', '.join(sorted(permitted))}",
                )
        return self

    def section(self, key: str) -> Table:
        """The table under `key`; an empty one where there is none."""
        value = self.document.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "must be a table")
        return Table(value, self.where, f"{self.path}.{key}")

    def sections(self, key: str) -> list[Table]:
        """The tables of an array of tables."""
        value = self.document.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.wrong(key, "must be a list of tables")
        return [Table(item, self.where, f"{self.path}.{key}") for item in value]

    def text(self, key: str, default: str) -> str:
        """A text; a whole number is taken as its digits."""
        value = self.document.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str):
            raise self.wrong(key, "must be text in quotes")
        return value

    def texts(self, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        """A list of texts; one text alone is a list of one."""
        value = self.document.get(key, list(default))
        items = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) or type(item) is int for item in items):
            raise self.wrong(key, "must be text in quotes, or a list of them")
        return tuple(str(item) for item in items)

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.document.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "must be true or false")
        return value

    def whole(self, key: str, default: int) -> int:
        """A whole number of nought or more, at most a million: lines are skipped one by one."""
        value = self.document.get(key, default)
        if type(value) is not int or not 0 <= value <= _MOST:
            raise self.wrong(key, f"must be a whole number from 0 to {_MOST:,}")
        return value

    def number(self, key: str) -> float | None:
        """A number above nought, or nothing."""
        value = self.document.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST:
            raise self.wrong(key, f"must be a number from 0 to {_MOST:,}")
        return float(value)

    def choice(self, key: str, choices: Sequence[str], default: str) -> str:
        """One of a few words."""
        value = self.text(key, default)
        if value not in choices and value != default:
            raise self.wrong(key, f"is none of {', '.join(choices)}", near=(value, choices))
        return value
