"""`misuse source draft`: a proposed [sources.NAME] table for a file, with what could not be decided said in comments."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import models
from misuse.errors import InputError, LayoutError
from misuse.progress import Silent
from misuse.sources import workbook
from misuse.sources.call_ids import call_id
from misuse.sources.guess import SAMPLE, Column, region_of
from misuse.sources.layout import DEFAULT_NULLS, Layout, from_declaration
from misuse.sources.naming import Proposal, propose
from misuse.sources.plain import make_plain
from misuse.sources.raw import RawFile, header, read_delimited
from misuse.sources.reading import read
from misuse.sources.sniff import sniff
from misuse.sources.typed import MASK, column_names, fullest_sheet, read_jsonl, read_parquet, read_xlsx, sheets_beside

if TYPE_CHECKING:
    import duckdb

_FAR = datetime(2100, 1, 1)  # noqa: DTZ001 - no received time is judged by the clock in a draft
_CODES_SHOWN = 30


def draft(path: Path, name: str, con: duckdb.DuckDBPyConnection, *, scratch: Path | None = None) -> str:
    """A [sources.NAME] table proposed for the file: parses, loads, and says what a person must decide.

    Errors: InputError for a file that cannot be read at all.
    """
    with tempfile.TemporaryDirectory(prefix="misuse-draft-", dir=scratch) as folder:
        private = Path(folder)
        plain_keys = sniff(path)
        names, raw = _everything(con, path, plain_keys, private)
        columns = _sampled(con, names, raw)
        proposal = propose(columns)
        text = _written(con, path, name, plain_keys, proposal, raw)
        return text + _tried(con, path, name, text, private)


def _everything(
    con: duckdb.DuckDBPyConnection, path: Path, plain_keys: dict[str, Any], scratch: Path
) -> tuple[tuple[str, ...], RawFile]:
    """The whole file as `raw_file`, every column text; a sheet that must be named is put into the keys."""
    base = Layout("draft", "", {}, format=plain_keys["format"])
    base = replace(base, **{**_delimited_defaults(plain_keys), **plain_keys}, last_line_may_be_unterminated=True)
    con.execute(models.text("staging/macros"))
    plain = make_plain(path, base, scratch)
    beside: tuple[str, ...] = ()
    if base.format == "xlsx":
        rows = workbook.heights(path, plain, base.max_uncompressed_ratio)
        sheet = fullest_sheet(rows)
        plain_keys |= {"sheet": sheet} if sheet else {}
        base = replace(base, sheet=sheet or next(iter(rows), ""))  # named, so that the others are looked at only here
        beside = sheets_beside(rows, base.sheet, base)
    names = header(path, plain, base)[0] if base.format in ("csv", "tsv") else column_names(con, path, plain, base)
    unique = tuple(name for name in dict.fromkeys(names) if name)
    if base.format == "jsonl":
        masked = tuple(name for name in unique if name.endswith(MASK))
        unique = tuple(name for name in unique if name not in masked)
    layout = replace(base, columns={"remarks": unique})
    if base.format == "parquet":
        return unique, read_parquet(con, path, plain, layout, scratch)
    if base.format == "xlsx":
        return unique, replace(read_xlsx(con, path, plain, layout), unread_sheets=beside)
    if base.format == "jsonl":
        return unique, replace(read_jsonl(con, path, plain, layout, scratch, lambda _amount: None), masked=masked)
    return unique, read_delimited(con, path, plain, layout, scratch, lambda _amount: None)


def _delimited_defaults(plain_keys: Mapping[str, Any]) -> dict[str, Any]:
    return {"delimiter": "\t"} if plain_keys["format"] == "tsv" else {}


def _sampled(con: duckdb.DuckDBPyConnection, names: Sequence[str], raw: RawFile) -> list[Column]:
    """A seeded sample of every column, outer space and null words gone."""
    found = con.execute(_SAMPLE, {"rows": SAMPLE})
    places = [description[0] for description in found.description or ()]
    rows = found.fetchall()
    nulls = {word.lower() for word in DEFAULT_NULLS}
    columns = []
    for name in names:
        place = places.index(raw.mapped[name])
        cells = (str(row[place]).strip() for row in rows if row[place] is not None)
        columns.append(Column(name, tuple(cell for cell in cells if cell.lower() not in nulls)))
    regions = {region_of(c.numbers) for c in columns if c.is_phone}
    # The numbers' country outweighs the clock: British systems write AM and PM too.
    is_american = "US" in regions or ("GB" not in regions and any(c.share(r".*\d ?[AaPp][Mm]") > 0.9 for c in columns))
    return [replace(c, prefers_month=is_american, is_typed_clock=c.name in raw.clocks) for c in columns]


# Spread evenly over the file, so that the days of a month show; the same rows each time.
_SAMPLE = """
select * from raw_file
where rowid % greatest(1, (select count(*) from raw_file) // $rows) = 0
limit $rows
"""


@dataclass
class _Toml:
    """Lines of the table being written."""

    name: str
    lines: list[str] = field(default_factory=list)

    def table(self, *parts: str) -> None:
        self.lines += ["", f"[{'.'.join(('sources', self.name, *parts))}]"]

    def key(self, key: str, value: Any, remark: str = "") -> None:
        self.lines.append(f"{key} = {_value(value)}" + (f"  # {remark}" if remark else ""))

    def say(self, *remarks: str) -> None:
        self.lines += [f"# {remark}" for remark in remarks]


def _value(value: Any) -> str:
    """A value as TOML; what JSON writes is TOML too, for these kinds."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _written(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    name: str,
    plain_keys: Mapping[str, Any],
    proposal: Proposal,
    raw: RawFile,
) -> str:
    toml = _Toml(name)
    toml.say("Proposed by 'misuse source draft'. Read every line: names and contents were guessed from.")
    toml.table()
    toml.key("format", plain_keys["format"])
    for key, value in plain_keys.items():
        if key != "format":
            toml.key(key, value, _KEY_REMARKS.get(key, ""))
    if raw.unread_sheets:
        which = "this sheet is" if "sheet" in plain_keys else "the first sheet is"
        toml.say(workbook.not_read(raw.unread_sheets, which=which))
    if _is_unterminated(path, plain_keys):
        toml.say("The file's last line has no newline. If this source always ends so, take the '#' from the next line.")
        toml.say("last_line_may_be_unterminated = true")
    if proposal.caller_key == "premises":
        toml.key("caller_key", "premises", "no column of telephone numbers was found")
    named, remark = call_id(con, proposal, raw)
    toml.table("columns")
    toml.key("call_id", named, remark)
    for key, columns in proposal.columns.items():
        said = _clockless(proposal) if key == "received_at" and proposal.has_no_clock else ""
        toml.key(key, columns[0] if len(columns) == 1 else columns, said)
    pieces = [named] if isinstance(named, str) else named
    free = (column for column in proposal.unused if column not in pieces and not column.isdecimal())
    toml.say(*(f"not mapped: {_value(column)}" for column in free))
    toml.say(*(f"not looked at: {_value(key)}, keys that may be somebody's number or name" for key in raw.masked))
    if "channel" not in proposal.columns:
        toml.table("constants")
        toml.key("channel", "999", "every call came by the emergency line? else map a column to channel")
    _times(toml, proposal)
    if proposal.version_kind:
        toml.table("version")
        toml.key("kind", proposal.version_kind)
    if proposal.durations:
        toml.table("durations")
        for key, unit in proposal.durations.items():
            toml.key(key, unit, "'auto' takes plain numbers as seconds" if unit == "auto" else "")
    _closing(con, toml, proposal, raw)
    return "\n".join(toml.lines).strip() + "\n"


def _clockless(proposal: Proposal) -> str:
    """That the receipt has no time of day, and which columns may be it."""
    said = "a date without a time of day: every call would be at midnight. "
    if not proposal.clocks:
        return said + "Ask for the time of each call"
    pair = _value([*proposal.columns["received_at"], proposal.clocks[0]])
    formats = " and declare the formats of both together" if "received_at" in proposal.times else ""
    like = " or the like" if proposal.clocks[1:] else ""
    return f"{said}If {' or '.join(map(_value, proposal.clocks))} is its time of day, write {pair}{like}{formats}"


_KEY_REMARKS = {
    "sheet": "the first sheet is all but empty; this one is the fullest",
    "column_names": "a name comes more than once in the header, which is skipped; these tell its columns apart",
}


def _is_unterminated(path: Path, plain_keys: Mapping[str, Any]) -> bool:
    if plain_keys["format"] not in ("csv", "tsv"):
        return False
    with path.open("rb") as file:
        if file.read(2) == b"\x1f\x8b" or str(plain_keys.get("encoding", "")).startswith("utf-16"):
            return False
        file.seek(-1, 2)
        return file.read(1) not in b"\r\n"


def _times(toml: _Toml, proposal: Proposal) -> None:
    toml.table("times")
    toml.key("zone", proposal.zone, "guessed: which zone the times are written in cannot be told from the file")
    if proposal.time_only:
        toml.key("time_only", proposal.time_only, "take received_at's date")
    for key, (formats, epoch, remark) in proposal.times.items():
        if epoch:
            toml.lines.append(f"{key} = {{ epoch = {_value(epoch)} }}")
        elif formats:
            toml.lines.append(f"{key} = {{ formats = {_value(formats)} }}" + (f"  # {remark}" if remark else ""))


def _closing(con: duckdb.DuckDBPyConnection, toml: _Toml, proposal: Proposal, raw: RawFile) -> None:
    toml.table("numbers")
    toml.key("region", proposal.region, proposal.region_remark)
    toml.table("misuse")
    coded = next((key for key in ("closing_code", "opening_code", "result_code") if key in proposal.columns), "")
    if not coded:
        toml.say("No column of codes was found. If every call of this source is misuse, write: all = true")
        return
    toml.say("Which codes are misuse cannot be told from the file: move those that are into the list.")
    toml.key(coded, [])
    shown = _codes(con, raw.mapped[proposal.columns[coded][0]])
    toml.say(
        f"Most frequent values of {_value(proposal.columns[coded][0])}:"
        if shown
        else "Its values are too many or too various to show."
    )
    toml.say(*(f"  {_value(code)}: {count}" for code, count in shown))


def _codes(con: duckdb.DuckDBPyConnection, place: str) -> list[tuple[str, int]]:
    """The most frequent values, where they are few and none could be a number, a name or free text."""
    from duckdb import ColumnExpression, FunctionExpression

    counted = con.table("raw_file").aggregate(
        [ColumnExpression(place).alias("code"), FunctionExpression("count_star").alias("n")]
    )
    rows = [
        (" ".join(str(code).split()), int(n))
        for code, n in counted.fetchall()
        if code is not None and str(code).strip()
    ]
    total = sum(n for _code, n in rows)
    is_safe = all(len(code) <= 80 and sum(map(str.isdigit, code)) < 6 for code, _n in rows)
    if not rows or len(rows) > 300 or len(rows) > max(5, total // 3) or not is_safe:
        return []
    common = [(code, n) for code, n in rows if n > 1] or rows
    return sorted(common, key=lambda pair: (-pair[1], pair[0]))[:_CODES_SHOWN]


def _tried(con: duckdb.DuckDBPyConnection, path: Path, name: str, text: str, scratch: Path) -> str:
    """What came of reading the file with the draft, as closing comments."""
    import tomllib

    try:
        layout = from_declaration(name, tomllib.loads(text)["sources"][name], where="the draft")
        result = read(con, path, layout, scratch=scratch, now=_FAR, tracker=Silent())
    except LayoutError as error:
        return f"\n# This draft is not whole yet: {error.message.splitlines()[0]}\n"
    except InputError as error:
        return f"\n# The file could not be read with it: {error.message.splitlines()[0]}\n"
    reasons = ", ".join(f"{reason} {count}" for reason, count in result.rejected.items())
    return (
        f"\n# Read with this draft: {result.accepted} of {result.rows} rows go in"
        + (f" ({reasons})" if reasons else "")
        + ".\n"
    )
