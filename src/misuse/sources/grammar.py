"""How a text file is cut into records and fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Grammar:
    """How a text file is cut: JSON Lines have neither delimiter nor quote, and any number of columns."""

    delimiter: bytes = b","
    quote: bytes = b'"'
    columns: int = 0
    takes_unterminated: bool = False
    is_json: bool = False

    @cached_property
    def record(self) -> re.Pattern[bytes]:
        """One well-formed record with its newline; quotes inside an unquoted field are text."""
        return re.compile(self._field + b"(?:" + re.escape(self.delimiter) + self._field + b")*+\r?\n")

    @cached_property
    def fields(self) -> re.Pattern[bytes]:
        """One field with what ends it."""
        return re.compile(b"(" + self._field + b")(" + re.escape(self.delimiter) + b"|\r?\n)")

    @cached_property
    def quoted(self) -> re.Pattern[bytes]:
        """A field in quotes, spaces around them allowed."""
        return re.compile(self._quoted)

    @property
    def _quoted(self) -> bytes:
        quote = re.escape(self.quote)
        return b" *+" + quote + b"[^" + quote + b"]*+(?:" + quote * 2 + b"[^" + quote + b"]*+)*+" + quote + b" *+"

    @property
    def _field(self) -> bytes:
        quote, delimiter = re.escape(self.quote), re.escape(self.delimiter)
        end = b"(?=" + delimiter + b"|\r?\n)"
        quoted = (
            b" *+" + quote + b"[^" + quote + b"]*+(?:" + quote * 2 + b"[^" + quote + b"]*+)*+" + quote + b" *+" + end
        )
        bare = b"[^" + quote + delimiter + b"\r\n][^" + delimiter + b"\r\n]*+"
        return b"(?:" + quoted + b"|" + bare + b"|" + end + b")" if self.quote else b"[^" + delimiter + b"\r\n]*+"
