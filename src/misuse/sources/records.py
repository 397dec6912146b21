"""Where the records of a text file begin and end, and which of them cannot be read: a bounded pre-scan.

A window of whole records is judged at once with NumPy. Only a window that holds a quote out of
place is walked record by record, and only the records that are set aside are looked at singly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse.errors import InputError
from misuse.sources.grammar import Grammar

if TYPE_CHECKING:
    import numpy as np

WINDOW = 8 << 20
SLOW_WINDOW = 64 << 10
LONGEST_RECORD = 1 << 20
LONGEST_RAW = 64 << 10  # bytes kept of a record that is set aside
MOST_DROPPED = (
    1_000_000  # lines that cannot be read, where hardly one can: a file of another kind, and no reason to hold it
)
SHARE_DROPPED = 0.9
NEWLINE = 10
RETURN = 13
SPACE, TAB = 32, 9

_STRAY_RETURN = re.compile(rb"\r(?!\n)")
_FOREIGN_SPACES = (b"\xc2\xa0", b"\xef\xbb\xbf")  # the no-break space, and a byte order mark inside the file
_FOREIGN_SPACE = re.compile(b"|".join(_FOREIGN_SPACES))
RejectRow = Callable[[int, str, bytes], None]


@dataclass
class Scan:
    """What the pre-scan found. `edits` are byte ranges to leave out of a clean copy, or to replace."""

    start: int
    records: int = 0
    size: int = 0
    non_ascii: int = 0
    blank_lines: int = 0
    inner_quotes: int = 0
    longest: int = 0
    outer_space: set[int] = field(default_factory=set)  # columns, from 0, that may have some; all others have none
    odd_space: set[int] = field(default_factory=set)  # runs of spaces, tabs, newlines within quotes, no-break spaces
    is_doubtful: bool = False  # read record by record: any column may have either
    crlf: int = 0
    lf: int = 0
    edits: list[tuple[int, int, bytes]] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)  # record numbers set aside, ascending

    @property
    def is_mixed(self) -> bool:
        return bool(self.crlf and self.lf)


@dataclass(frozen=True)
class _Window:
    """A window's bytes, and where its structure is; places ascend."""

    text: np.ndarray
    mark: np.ndarray  # for every byte, whether it is a delimiter, a quote or a newline
    quotes: np.ndarray
    delimiters: np.ndarray
    ends: np.ndarray  # of records, just past the newline
    newlines_within: np.ndarray  # quotes

    def columns_of(self, places: np.ndarray) -> np.ndarray:
        """The columns, from 0, that hold the bytes at `places`."""
        import numpy as np

        record = np.searchsorted(self.ends, places, side="right")
        starts = np.concatenate(([0], self.ends))[record]
        before, at_start = (np.searchsorted(self.delimiters, at, side="left") for at in (places, starts))
        return np.unique(before - at_start)


class Scanner:
    """Walks one file from `start`, telling `reject` of every record that cannot be read."""

    def __init__(self, grammar: Grammar, start: int, reject: RejectRow) -> None:
        self.grammar = grammar
        self.reject = reject
        self.scan = Scan(start)
        self.base = start
        self.buffer = b""
        self.slow_until = 0

    def run(self, path: Path, advance: Callable[[float], None] = lambda _amount: None) -> Scan:
        """Scan to the end of the file; memory stays bounded by the window and the longest record."""
        with path.open("rb") as file:
            file.seek(self.base)
            is_end = False
            while True:
                while taken := self._take(is_end):
                    self.buffer = self.buffer[taken:]
                    self.base += taken
                if is_end:
                    break
                if len(self.buffer) > LONGEST_RECORD and b"\n" not in self.buffer:
                    is_end = self._skip_giant(file, advance)
                    continue
                chunk = file.read(WINDOW)
                is_end = not chunk
                advance(len(chunk))
                self.buffer += chunk
        self.scan.size = self.base
        return self.scan

    def _take(self, is_end: bool) -> int:
        """Judge records at the start of the buffer; the bytes they take, nought where more of the file is wanted."""
        if b"\n" not in self.buffer:
            return self._last_line() if is_end and self.buffer else 0
        if self.base >= self.slow_until:
            taken = self._judge()
            if taken:
                return taken
            if self.base >= self.slow_until:  # no whole record: an open quote, or more is to come
                if not is_end and len(self.buffer) <= LONGEST_RECORD:
                    return 0
                self.slow_until = self.base + SLOW_WINDOW
        return self._walk(is_end)

    def _skip_giant(self, file: Any, advance: Callable[[float], None]) -> bool:
        """Set aside a line of over 1 MB without holding it; True at the end of the file."""
        start, kept = self.base, self.buffer[:LONGEST_RAW]
        length = len(self.buffer)
        while chunk := file.read(WINDOW):
            advance(len(chunk))
            cut = chunk.find(b"\n")
            if cut >= 0:
                self._set_aside(start, start + length + cut + 1, "record_over_1mb", kept)
                self.base, self.buffer = start + length + cut + 1, chunk[cut + 1 :]
                return False
            length += len(chunk)
        self._set_aside(start, start + length, "record_over_1mb", kept)
        self.base, self.buffer = start + length, b""
        return True

    def _set_aside(self, start: int, end: int, reason: str, raw: bytes) -> None:
        self.scan.records += 1
        self.scan.dropped.append(self.scan.records)
        self._leave_out(start, end)
        if len(self.scan.dropped) > MOST_DROPPED and len(self.scan.dropped) > SHARE_DROPPED * self.scan.records:
            raise InputError(
                f"of the first {self.scan.records:,} lines hardly one can be read as a record; nothing of the file went in",
                next_step="check format, delimiter, quote and encoding in its layout with 'misuse source check'",
            )
        self.reject(self.scan.records, reason, raw.rstrip(b"\r\n"))

    # The fast way: a window of whole records at once.

    def _ends(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        """Ends of records (just past the newline), columns of each, lines in each, and where a quote is out of place."""
        import numpy as np

        text = np.frombuffer(self.buffer, np.uint8)
        mark = text == NEWLINE
        if self.grammar.delimiter:
            mark |= text == self.grammar.delimiter[0]
        has_quotes = bool(self.grammar.quote) and self.grammar.quote in self.buffer
        if has_quotes:
            mark |= text == self.grammar.quote[0]
        places = np.flatnonzero(mark)
        kinds = text[places]
        if not has_quotes:
            newlines = np.flatnonzero(kinds == NEWLINE)
            ends = places[newlines] + 1
            self._look_at_spaces(_Window(text, mark, places[:0], places[kinds != NEWLINE], ends, places[:0]))
            return ends, np.diff(newlines, prepend=-1), np.ones(ends.size, np.int64), text.size
        is_quote = kinds == self.grammar.quote[0]
        is_outside = (np.cumsum(is_quote, dtype=np.int32) & 1) == 0
        is_end = is_outside & (kinds == NEWLINE)
        at = np.flatnonzero(is_end)
        ends = places[at] + 1
        is_delimiter = is_outside & (kinds == self.grammar.delimiter[0])
        delimiters = np.cumsum(is_delimiter, dtype=np.int32)[at]
        is_newline = kinds == NEWLINE
        lines = np.cumsum(is_newline, dtype=np.int32)[at]
        quotes, within = places[is_quote], places[is_newline & ~is_outside]
        self._look_at_spaces(_Window(text, mark, quotes, places[is_delimiter], ends, within))
        out_of_place = self._quote_out_of_place(text, quotes[quotes < (ends[-1] if ends.size else 0)])
        return ends, np.diff(delimiters, prepend=0) + 1, np.diff(lines, prepend=0), out_of_place

    def _quote_out_of_place(self, text: np.ndarray, quotes: np.ndarray) -> int:
        """Where the first quote is that neither begins a field nor ends the one it closes; past the end where none is."""
        import numpy as np

        opening, closing = quotes[0::2], quotes[1::2]
        before = text[np.maximum(opening - 1, 0)]
        after = text[closing + 1]
        delimiter, quote = self.grammar.delimiter[0], self.grammar.quote[0]
        begins = (before == delimiter) | (before == NEWLINE) | (before == quote) | (opening == 0)
        ends = (after == delimiter) | (after == NEWLINE) | (after == RETURN) | (after == quote)
        wrong = np.concatenate((opening[~begins], closing[~ends]))
        return int(wrong.min()) if wrong.size else text.size

    def _judge(self) -> int:
        """Judge the buffer's whole records at once, up to the first that wants the slow way; the bytes they take."""
        import numpy as np

        ends, columns, lines, trouble = self._ends()
        if not ends.size:
            return 0
        starts = np.concatenate(([0], ends[:-1]))
        is_wrong = (columns != self.grammar.columns) if self.grammar.columns else np.zeros(ends.size, bool)
        if self.grammar.delimiter:
            swallowing = np.flatnonzero(is_wrong & (lines > 1))
            trouble = min(trouble, self._stray_return(), int(starts[swallowing[0]]) if swallowing.size else trouble)
        whole = int(np.searchsorted(ends, trouble, side="right"))
        if not whole:
            self.slow_until = self.base + SLOW_WINDOW
            return 0
        starts, ends = starts[:whole], ends[:whole]
        text = np.frombuffer(self.buffer, np.uint8, int(ends[-1]))
        is_crlf = (ends - starts > 1) & (text[np.maximum(ends - 2, 0)] == RETURN)
        is_blank = ends - starts - is_crlf == 1
        self.scan.crlf += int(is_crlf.sum())
        self.scan.lf += int((~is_crlf).sum())
        odd: dict[int, str] = {}
        for n in np.flatnonzero(is_wrong[:whole] & ~is_blank):
            odd[int(n)] = "too_many_columns" if columns[n] > self.grammar.columns else "too_few_columns"
        odd |= self._unreadable(text, starts, ends)
        self.scan.longest = max(self.scan.longest, int((ends - starts).max()))
        self._register(starts, ends, odd, np.flatnonzero(is_blank))
        return int(ends[-1])

    def _look_at_spaces(self, window: _Window) -> None:
        """Learn in which columns trimming and folding have anything to do: in a large clean file, in few or none."""
        import numpy as np

        if not self.grammar.delimiter or not window.ends.size:
            return
        size = int(window.ends[-1])
        odd = foreign = np.empty(0, np.int64)
        is_space = window.text[:size] == SPACE
        doubled = np.flatnonzero(is_space[1:] & is_space[:-1])
        if b"\t" in self.buffer and self.grammar.delimiter[0] != TAB:
            is_tab = window.text[:size] == TAB
            odd = np.flatnonzero(is_tab)
            is_space |= is_tab
        if any(space[:1] in self.buffer and space in self.buffer for space in _FOREIGN_SPACES):
            foreign = np.array([m.start() for m in _FOREIGN_SPACE.finditer(self.buffer, 0, size)], np.int64)
        within = window.newlines_within[window.newlines_within < size]
        for found, places in (
            (self.scan.odd_space, (doubled, odd, foreign, within)),
            (self.scan.outer_space, (self._beside(window, is_space), foreign, within)),
        ):
            together = np.concatenate(places)
            if together.size:
                found.update(window.columns_of(together).tolist())

    def _beside(self, window: _Window, is_space: np.ndarray) -> np.ndarray:
        """Where a space is beside a mark that parts fields, or beside a quote within one: rather once too often."""
        import numpy as np

        size = int(window.ends[-1])
        text, mark = window.text[:size], window.mark[:size]
        if b"\r" in self.buffer:  # the newline that follows it is a mark, and it is none
            mark = mark | (text == RETURN)
        beside = np.zeros(size, np.bool_)
        beside[1:] = mark[:-1]
        beside[:-1] |= mark[1:]
        places = np.flatnonzero(is_space & beside)
        if window.quotes.size and places.size:
            is_within = (np.searchsorted(window.quotes, places) & 1).astype(np.bool_)
            by_quote = (text[places - 1] == self.grammar.quote[0]) | (text[places + 1] == self.grammar.quote[0])
            places = np.asarray(places[~is_within | by_quote])
        return places

    def _stray_return(self) -> int:
        """Where the first carriage return without a newline is; past the end where none is."""
        if b"\r" not in self.buffer or self.buffer.count(b"\r") == self.buffer.count(b"\r\n"):
            return len(self.buffer)
        found = _STRAY_RETURN.search(self.buffer)
        return found.start() if found else len(self.buffer)

    def _unreadable(self, text: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> dict[int, str]:
        """Records of the window that hold a null byte, are no UTF-8, or are over 1 MB."""
        import numpy as np

        found: dict[int, str] = {}
        if int(text.max()) >= 128:
            rows = np.unique(np.searchsorted(ends, np.flatnonzero(text >= 128), side="right"))
            self.scan.non_ascii += rows.size
            if not _is_utf8(self.buffer[: text.size]):
                found |= {int(n): "bad_encoding" for n in rows if not _is_utf8(self.buffer[starts[n] : ends[n]])}
        for byte in (0, 1) if self.grammar.is_json else (0,):
            if bytes((byte,)) in self.buffer:
                rows = np.unique(np.searchsorted(ends, np.flatnonzero(text == byte), side="right"))
                found |= {int(n): "not_json" if byte else "null_byte" for n in rows}
        if self.grammar.is_json and (stray := [m.start() for m in _STRAY_RETURN.finditer(self.buffer, 0, text.size)]):
            found |= {int(n): "not_json" for n in np.searchsorted(ends, np.array(stray), side="right")}
        return found | {int(n): "record_over_1mb" for n in np.flatnonzero(ends - starts > LONGEST_RECORD)}

    def _register(self, starts: np.ndarray, ends: np.ndarray, odd: dict[int, str], blank: np.ndarray) -> None:
        """Count the window's records; blank lines are none, a run of them is one edit; the odd ones are set aside."""
        import numpy as np

        first, breaks = self.scan.records, np.flatnonzero(np.diff(blank) > 1)
        runs = zip(blank[np.r_[0, breaks + 1]], blank[np.r_[breaks, -1]], strict=True) if blank.size else ()
        last_of_run = {int(begin): int(end) for begin, end in runs}
        for n in sorted({**last_of_run, **odd}):
            start, end = int(starts[n]), int(ends[last_of_run.get(n, n)])
            if n in last_of_run:
                self._leave_out(self.base + start, self.base + end)
                continue
            self.scan.records = first + n - int(np.searchsorted(blank, n))
            raw = self.buffer[start : min(end, start + LONGEST_RAW)]
            self._set_aside(self.base + start, self.base + end, odd[n], raw)
        self.scan.blank_lines += blank.size
        self.scan.records = first + ends.size - blank.size

    def _leave_out(self, start: int, end: int) -> None:
        """Bytes that no clean copy holds; what follows what is left out already is one with it."""
        edits = self.scan.edits
        if edits and edits[-1][1] == start and not edits[-1][2]:
            start = edits.pop()[0]
        edits.append((start, end, b""))

    # The slow way: record by record, where a quote is out of place.

    def _walk(self, is_end: bool) -> int:
        """Walk records one by one to the end of the slow window; the bytes they take."""
        position, stop = 0, max(self.slow_until - self.base, 1)
        while position < min(stop, len(self.buffer)):
            step = self._step(position, is_end)
            if not step:
                break
            position += step
        return position

    def _step(self, position: int, is_end: bool) -> int:
        """Judge the record at `position`; its length, or nought where more of the file is wanted."""
        line_end = self.buffer.find(b"\n", position) + 1
        if not line_end:
            return 0
        found = self.grammar.record.match(self.buffer, position)
        if found and found.end() - position <= LONGEST_RECORD:
            raw = found.group()
            pieces = self.grammar.fields.findall(raw)
            if len(pieces) == self.grammar.columns or found.end() == line_end:
                return self._whole(position, raw, [piece for piece, _end in pieces])
        elif not found and not is_end and len(self.buffer) - position < LONGEST_RECORD:
            return 0
        line = self.buffer[position:line_end]
        stray = b"\r" in line.rstrip(b"\r\n") and self.grammar.quote not in line if self.grammar.quote else True
        reason = (
            "record_over_1mb" if len(line) > LONGEST_RECORD else "stray_carriage_return" if stray else "broken_quote"
        )
        return self._drop(position, line, reason)

    def _whole(self, position: int, raw: bytes, pieces: list[bytes]) -> int:
        if not raw.strip(b"\r\n"):
            self.scan.blank_lines += 1
            self._leave_out(self.base + position, self.base + position + len(raw))
            return len(raw)
        reason = self._reason(raw, len(pieces))
        if reason:
            return self._drop(position, raw, reason)
        self.scan.records += 1
        self.scan.non_ascii += not raw.isascii()
        self.scan.is_doubtful = True
        self.scan.longest = max(self.scan.longest, len(raw))
        is_crlf = raw.endswith(b"\r\n")
        self.scan.crlf += is_crlf
        self.scan.lf += not is_crlf
        if self.grammar.quote and self.grammar.quote in raw:
            self._rewrite(position, raw, pieces, b"\r\n" if is_crlf else b"\n")
        return len(raw)

    def _reason(self, raw: bytes, columns: int) -> str:
        if b"\0" in raw:
            return "null_byte"
        if not _is_utf8(raw):
            return "bad_encoding"
        if columns != self.grammar.columns:
            return "too_many_columns" if columns > self.grammar.columns else "too_few_columns"
        return ""

    def _rewrite(self, position: int, raw: bytes, pieces: list[bytes], newline: bytes) -> None:
        """Write the record with every doubtful field quoted, so that one reading is left."""
        quote = self.grammar.quote
        written = []
        for piece in pieces:
            if self.grammar.quoted.fullmatch(piece):
                written.append(piece.strip(b" "))
            elif quote in piece:
                self.scan.inner_quotes += 1
                written.append(quote + piece.replace(quote, quote * 2) + quote)
            else:
                written.append(piece)
        clean = self.grammar.delimiter.join(written) + newline
        if clean != raw:
            self.scan.edits.append((self.base + position, self.base + position + len(raw), clean))

    def _drop(self, position: int, raw: bytes, reason: str) -> int:
        self._set_aside(self.base + position, self.base + position + len(raw), reason, raw[:LONGEST_RAW])
        return len(raw)

    def _last_line(self) -> int:
        """The end of a file without a newline: whole only if it says so itself, or the layout does."""
        line = self.buffer
        if not line.strip(b"\r\n \0\x1a"):
            self._leave_out(self.base, self.base + len(line))
        elif self.grammar.takes_unterminated or (self.grammar.is_json and _is_object(line)):
            self.buffer = line + b"\n"
            if not self._judge():
                self._walk(is_end=True)
        else:
            reason = "record_over_1mb" if len(line) > LONGEST_RECORD else "unterminated_last_line"
            self._set_aside(self.base, self.base + len(line), reason, line[:LONGEST_RAW])
        self.buffer = line
        return len(line)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_object(raw: bytes) -> bool:
    try:
        return isinstance(json.loads(raw), dict)
    except (ValueError, RecursionError):
        return False
