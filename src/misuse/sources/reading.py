"""The whole way of one file: unpacked, scanned, read, parsed, every record accounted for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from misuse import models
from misuse.errors import InputError, ResourceError
from misuse.sources import workbook
from misuse.sources.layout import Layout
from misuse.sources.parse import Keying, oddities, parse
from misuse.sources.plain import make_plain
from misuse.sources.raw import RawFile, read_delimited, unreadable
from misuse.sources.typed import read_jsonl, read_parquet, read_xlsx

if TYPE_CHECKING:
    import duckdb

    from misuse.progress import Tracker

_OUT_OF_SPACE = 28


@dataclass(frozen=True)
class SourceRead:
    """What one file held: rows = rows of `parsed_rows` + rows of `rejected_raw`, always."""

    rows: int
    rejected: Mapping[str, int]
    oddities: Mapping[str, int]
    columns: tuple[str, ...]
    unread_sheets: tuple[str, ...] = ()

    @property
    def accepted(self) -> int:
        return self.rows - sum(self.rejected.values())

    def advice(self) -> list[str]:
        """What to do about reasons that a declaration can mend."""
        said = self.sheets_advice()
        if "unterminated_last_line" in self.rejected:
            said.append(
                "the last line has no newline, so it may be cut short and was set aside; if this source always ends so, "
                "set last_line_may_be_unterminated = true in its layout"
            )
        if "unreadable_received_at" in self.rejected:
            said.append("some times of receipt fit none of the layout's formats: see times.formats in docs/layouts.md")
        if "call_id_looks_like_numbers" in self.oddities:
            said.append(
                "call_id is composed from a column that seems to hold telephone numbers: compose it from others, "
                "for a call's id is shown to people who may not see numbers"
            )
        if "no_rows" in self.oddities:
            said.append("the file holds no rows: ask the source whether that is right")
        return [*said, *version_advice(self.oddities)]

    def sheets_advice(self) -> list[str]:
        """Which sheets of a workbook were passed over with rows in them, where any were."""
        return [workbook.not_read(self.unread_sheets)] if self.unread_sheets else []


def version_advice(oddities: Mapping[str, int]) -> list[str]:
    """What to do where text puts the versions of a call in the wrong order, so that corrections are lost unseen."""
    again = "then ingest the source's files again"
    times = "and version = { formats = [...] } in [sources.NAME.times]"
    said = {
        "version_numbers_as_text": "numbers of unequal length: as text '9' is later than '10'. "
        f'Set kind = "integer" in [sources.NAME.version], {again}',
        "version_times_as_text": "times whose order as text is not that of time: as text 28/02 is later than 01/03. "
        f'Set kind = "time" in [sources.NAME.version] {times}, {again}',
        "version_parts_as_text": "texts with numbers of unequal length: as text 'V9' is later than 'V10', and '1.9' than "
        f"'1.10'. Map version to a whole number or to the time of the last change, and set its kind, {again}",
    }
    return [f"the version column is read as text and holds {what}" for name, what in said.items() if oddities.get(name)]


def premises_advice(layout: Layout) -> list[str]:
    """What to do where a column of numbers is mapped that nothing reads, since callers are premises."""
    if layout.caller_key != "premises" or "cli" not in layout.columns:
        return []
    columns = " and ".join(f"'{column}'" for column in layout.columns["cli"])
    return [
        f'cli ({columns}) is mapped and not used, for caller_key = "premises" keeps callers by premises: take cli out of '
        f"[sources.{layout.name}.columns], or caller_key out of [sources.{layout.name}] to keep them by number"
    ]


def read(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    layout: Layout,
    *,
    scratch: Path,
    now: datetime,
    tracker: Tracker,
    keying: Keying | None = None,
) -> SourceRead:
    """Read a file into the temp table `rejected_raw` and the temp view `parsed_rows` of `con`, over `staged_rows`.

    `now` is in UTC, without a zone. `keying` says what else each row is to have. Nothing stays in `scratch`.
    Errors: InputError naming file and next step, never a row's contents; ResourceError when the disk is full.
    """
    import duckdb

    scratch.mkdir(parents=True, exist_ok=True)
    private = Path(tempfile.mkdtemp(prefix="source-", dir=scratch))
    try:
        con.execute(models.text("staging/macros"))
        size = path.stat().st_size if path.is_file() else None
        with tracker.step(f"reading {path.name}", size) as bar:
            plain = make_plain(path, layout, private)
            raw = _raw(con, path, plain, layout, private, bar.advance)
            parse(con, path, layout, raw, now, keying)
            found = oddities(con, layout, raw)
        return SourceRead(raw.records, _accounted(con, path, raw), found, raw.names, raw.unread_sheets)
    except duckdb.Error as error:
        raise unreadable(path, error) from None
    except OSError as error:
        if error.errno == _OUT_OF_SPACE:
            raise ResourceError(f"no room left to unpack {path.name}", next_step=f"free space for {scratch}") from None
        raise InputError(
            f"{path} cannot be read: {error.strerror}", next_step="check its permissions and try again"
        ) from None
    finally:
        _forget(con)
        shutil.rmtree(private, ignore_errors=True)


def _raw(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    plain: Path,
    layout: Layout,
    scratch: Path,
    advance: Callable[[float], None],
) -> RawFile:
    if layout.format == "parquet":
        return read_parquet(con, path, plain, layout, scratch)
    if layout.format == "xlsx":
        return read_xlsx(con, path, plain, layout)
    if layout.format == "jsonl":
        return read_jsonl(con, path, plain, layout, scratch, advance)
    return read_delimited(con, path, plain, layout, scratch, advance)


def _accounted(con: duckdb.DuckDBPyConnection, path: Path, raw: RawFile) -> dict[str, int]:
    """Rejected rows by reason, once the sum is found to hold."""
    rejected = dict(con.execute("select reason, count(*) from rejected_raw group by reason order by reason").fetchall())
    accepted = con.execute("select count(*) from parsed_rows").fetchone()
    if not accepted or accepted[0] + sum(rejected.values()) != raw.records:
        raise InputError(
            f"{path}: {raw.records} records were counted but not all are accounted for",
            next_step="keep the file and report it; nothing went in",
        )
    return rejected


_DROPS = (
    "drop view if exists temp.raw_rows",
    "drop table if exists temp.raw_file",
    "drop table if exists temp.row_shifts",
    "drop table if exists temp.json_lines",
)


def _forget(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what only this read needed; `staged_rows`, `parsed_rows` and `rejected_raw` stay."""
    for statement in _DROPS:
        con.execute(statement)
