"""A source's declaration: one table [sources.NAME] of misuse.toml becomes a `Layout`, every mistake named.

docs/layouts.md describes every key; `load_layout` is the only reader of the declaration.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from misuse.errors import LayoutError
from misuse.schemas import CALL_RECORD, IDENTIFYING_FIELDS, PREMISES_FIELD, VERSION_FIELD, Field
from misuse.settings import RULES_ROOT, Settings
from misuse.sources.declaration import Table
from misuse.sources.shapes import ABSENT_WORDS
from misuse.sources.timing import MICROSECONDS_IN, checked_formats, checked_zone

FORMATS = ("csv", "tsv", "jsonl", "parquet", "xlsx")
TEXT_FORMATS = ("csv", "tsv", "jsonl")
ENCODINGS = ("utf-8", "latin-1", "cp1252", "utf-16", "ascii")
DURATION_UNITS = ("auto", "seconds", "milliseconds", "minutes", "hours", "mm:ss", "hh:mm", "hh:mm:ss")
DEFAULT_NULLS = ("", "NULL", "(NULL)", "N/A", "#N/A", "\\N", "-", "--", "NaN", "NaT")
CODE_LISTS = ("closing_code", "opening_code", "qualifiers", "result_code")
DOUBT_LISTS = ("result_code", "qualifiers")
ID_PIECES = ("{row}", "{file}")

MAPPABLE: Mapping[str, Field] = {f.name: f for f in (*CALL_RECORD, VERSION_FIELD, PREMISES_FIELD)}
TIME_FIELDS = tuple(f.name for f in CALL_RECORD if f.kind == "time")
DURATION_FIELDS = tuple(f.name for f in CALL_RECORD if f.kind == "seconds")
CODE_FIELDS = tuple(f.name for f in CALL_RECORD if f.kind == "code")


@dataclass(frozen=True)
class TimeRule:
    """How one column's text becomes an instant."""

    zone: str = "Europe/London"
    formats: tuple[str, ...] = ()
    epoch: str = ""
    time_only: bool = False
    repeated_hour: str = "first"


@dataclass(frozen=True)
class OrderRule:
    """Two raw time columns of which one should not be later than the other."""

    name: str
    earlier: str
    later: str
    formats: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A source as declared: how its files are read and what each column means."""

    name: str
    digest: str
    columns: Mapping[str, tuple[str, ...]]
    format: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    quote: str = '"'
    header: bool = True
    column_names: tuple[str, ...] = ()
    sheet: str = ""
    skip_rows: int = 0
    trailing_delimiter: bool = False
    last_line_may_be_unterminated: bool = False
    max_uncompressed_ratio: int = 200
    nulls: tuple[str, ...] = DEFAULT_NULLS
    absent_words: tuple[str, ...] = ABSENT_WORDS
    constants: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, TimeRule] = field(default_factory=dict)
    default_time: TimeRule = field(default_factory=TimeRule)
    durations: Mapping[str, str] = field(default_factory=dict)
    code_renames: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    misuse: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_all_misuse: bool = False
    doubt: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    region: str = "GB"
    version_kind: str = "text"
    caller_key: str = "number"
    markers_supplied: tuple[str, ...] = ()
    orders: tuple[OrderRule, ...] = ()
    reject_limit: float | None = None
    expected_every_hours: float | None = None
    description: str = ""

    @property
    def is_text(self) -> bool:
        return self.format in TEXT_FORMATS

    @property
    def mapped_columns(self) -> tuple[str, ...]:
        """Every source column the layout needs, once each, in the order declared."""
        pieces = [piece for sources in self.columns.values() for piece in sources if piece not in ID_PIECES]
        pieces += [column for order in self.orders for column in (order.earlier, order.later)]
        return tuple(dict.fromkeys(pieces))

    def time_rule(self, name: str) -> TimeRule:
        """How the time field `name` is read."""
        return self.times.get(name, self.default_time)


def fold(code: str) -> str:
    """A code as it is compared: upper case, outer space gone, runs of space one."""
    return " ".join(code.split()).upper()


def misuse_codes(layout: Layout) -> list[tuple[str, str]]:
    """Field and folded code of every declared misuse code; ('*', '*') where every call is misuse."""
    if layout.is_all_misuse:
        return [("*", "*")]
    return [(name, fold(code)) for name, codes in layout.misuse.items() for code in codes]


def doubt_codes(layout: Layout) -> list[tuple[str, str]]:
    """Field and folded code of every code that contradicts a misuse code."""
    return [(name, fold(code)) for name, codes in layout.doubt.items() for code in codes]


@cache
def built_in() -> Mapping[str, Mapping[str, Any]]:
    """Sources that need no misuse.toml: the synthetic log's."""
    path = RULES_ROOT / "synthetic_source.toml"
    if not path.is_file():
        return {}
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    sources: Mapping[str, Mapping[str, Any]] = document.get("sources", {"synthetic": document})
    return sources


def source_names(settings: Settings) -> list[str]:
    """Every declared source, the built-in ones too."""
    return sorted({*settings.sources, *built_in()})


def load_layout(settings: Settings, name: str) -> Layout:
    """The layout declared as [sources.NAME].

    Errors: LayoutError naming the key that is wrong and the nearest that is known.
    """
    declared: Mapping[str, Mapping[str, Any]] = {**built_in(), **settings.sources}
    where = str(settings.config_path or "misuse.toml")
    if name not in declared:
        known = ", ".join(sorted(declared)) or "none"
        raise LayoutError(
            f"{where} declares no source '{name}' (declared: {known})",
            next_step=f"add [sources.{name}]; 'misuse source draft FILE' proposes one",
        )
    return from_declaration(name, declared[name], where=where)


def from_declaration(name: str, document: Mapping[str, Any], *, where: str = "misuse.toml") -> Layout:
    """A layout from its parsed table."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", name):
        raise LayoutError(f"{where}: a source's name holds only letters, digits, '-' and '_'")
    table = Table(document, where, f"sources.{name}")
    known = ["columns", "constants", "times", "durations", "codes", "misuse", "doubt", "numbers", "version", "orders"]
    table.known([*known, *_PLAIN_KEYS])
    columns = _columns(table.section("columns"))
    default_time, times = _times(table.section("times"), columns)
    version = table.section("version").known(["kind"])
    numbers = table.section("numbers").known(["region"])
    misuse = table.section("misuse").known([*CODE_LISTS, "all"])
    doubt = table.section("doubt").known(DOUBT_LISTS)
    layout = Layout(
        name=name,
        digest=digest_of(document),
        columns=columns,
        constants=_constants(table.section("constants"), columns),
        times=times,
        default_time=default_time,
        durations=_durations(table.section("durations")),
        code_renames=_renames(table.section("codes")),
        misuse={key: misuse.texts(key) for key in CODE_LISTS if key in misuse.document},
        is_all_misuse=misuse.flag("all", False),
        doubt={key: doubt.texts(key) for key in DOUBT_LISTS if key in doubt.document},
        region=_region(numbers),
        version_kind=version.choice("kind", ("text", "integer", "time"), "text"),
        orders=_orders(table),
        **_plain(table),
    )
    _consistent(layout, table)
    return layout


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 of the declaration, whatever the order of its keys."""
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


_PLAIN_KEYS = (
    "format",
    "delimiter",
    "encoding",
    "quote",
    "header",
    "column_names",
    "sheet",
    "skip_rows",
    "trailing_delimiter",
    "last_line_may_be_unterminated",
    "max_uncompressed_ratio",
    "nulls",
    "absent_words",
    "caller_key",
    "markers_supplied",
    "reject_limit",
    "expected_every_hours",
    "description",
)


def _plain(table: Table) -> dict[str, Any]:
    kind = table.choice("format", FORMATS, "csv")
    delimiter = table.text("delimiter", "\t" if kind == "tsv" else ",")
    if len(delimiter.encode()) != 1 or delimiter in '\r\n"\0':
        raise table.wrong("delimiter", "must be one plain character, such as ',' or ';' or '|' or '\\t'")
    quote = table.text("quote", '"')
    if quote and (len(quote.encode()) != 1 or quote in "\r\n\0" or quote == delimiter):
        raise table.wrong("quote", "must be one plain character other than the delimiter, or '' for none")
    limit = table.number("reject_limit")
    if limit is not None and not 0 <= limit <= 1:
        raise table.wrong("reject_limit", "must be a share between 0 and 1")
    return {
        "format": kind,
        "delimiter": delimiter,
        "quote": quote,
        "encoding": _encoding(table),
        "header": table.flag("header", True),
        "column_names": table.texts("column_names"),
        "sheet": table.text("sheet", ""),
        "skip_rows": table.whole("skip_rows", 0),
        "trailing_delimiter": table.flag("trailing_delimiter", False),
        "last_line_may_be_unterminated": table.flag("last_line_may_be_unterminated", False),
        "max_uncompressed_ratio": table.whole("max_uncompressed_ratio", 200),
        "nulls": table.texts("nulls", DEFAULT_NULLS),
        "absent_words": tuple(fold(word).lower() for word in table.texts("absent_words", ABSENT_WORDS)),
        "caller_key": table.choice("caller_key", ("number", "premises"), "number"),
        "markers_supplied": tuple(fold(marker) for marker in table.texts("markers_supplied")),
        "reject_limit": limit,
        "expected_every_hours": table.number("expected_every_hours"),
        "description": table.text("description", ""),
    }


def _encoding(table: Table) -> str:
    spelled = table.text("encoding", "utf-8").lower().replace("_", "-")
    same = {
        "utf8": "utf-8",
        "utf-8-sig": "utf-8",
        "us-ascii": "ascii",
        "latin1": "latin-1",
        "iso-8859-1": "latin-1",
        "windows-1252": "cp1252",
        "utf16": "utf-16",
        "utf-16le": "utf-16-le",
        "utf-16be": "utf-16-be",
    }
    encoding = same.get(spelled, spelled)
    if encoding not in (*ENCODINGS, "utf-16-le", "utf-16-be"):
        raise table.wrong("encoding", f"is none of {', '.join(ENCODINGS)}", near=(spelled, ENCODINGS))
    return encoding


def _columns(table: Table) -> dict[str, tuple[str, ...]]:
    table.known(MAPPABLE)
    columns = {name: table.texts(name) for name in table.document}
    for name, pieces in columns.items():
        if not pieces or not all(pieces):
            raise table.wrong(name, "must name at least one column")
        if name != "call_id" and set(pieces) & set(ID_PIECES):
            raise table.wrong(name, "cannot hold {row} or {file}: only call_id is composed from them")
    for required in ("call_id", "received_at"):
        if required not in columns:
            raise LayoutError(
                f"{table.where}: [{table.path}] maps no column to '{required}', which is required",
                next_step='name the column, or compose call_id = ["{file}", "{row}"] where the log has no id',
            )
    identifying = {piece.casefold() for name in IDENTIFYING_FIELDS & columns.keys() for piece in columns[name]}
    for piece in columns["call_id"]:
        if piece.casefold() in identifying:  # as a header's names match but for case
            raise table.wrong(
                "call_id", f"is composed from '{piece}', which identifies a person; use times and {{row}}"
            )
    return columns


def _constants(table: Table, columns: Mapping[str, Any]) -> dict[str, str]:
    table.known(f for f in MAPPABLE if f not in ("call_id", "received_at", "version"))
    for name in table.document:
        if name in columns:
            raise table.wrong(name, "is a constant and a column at once; keep one of them")
    return {name: table.text(name, "") for name in table.document}


_TIME_KEYS = ("zone", "formats", "epoch", "repeated_hour")


def _times(table: Table, columns: Mapping[str, Any]) -> tuple[TimeRule, dict[str, TimeRule]]:
    fields = (*TIME_FIELDS, "version")
    table.known([*_TIME_KEYS, "time_only", *fields])
    default = _time_rule(table, TimeRule())
    only = table.texts("time_only")
    for name in only:
        if name not in TIME_FIELDS or name == "received_at":
            raise table.wrong("time_only", "lists time fields other than received_at", near=(name, TIME_FIELDS[1:]))
    rules = {}
    for name in fields:
        inner = table.section(name).known([*_TIME_KEYS, "time_only"])
        is_time_only = name in only or inner.flag("time_only", False)
        if is_time_only and name in ("received_at", "version"):
            raise inner.wrong("time_only", "needs a date: map received_at to a date column and a time column together")
        if name not in columns and inner.document:
            raise table.wrong(name, "is described here but mapped to no column in [columns]")
        base = TimeRule(
            default.zone, () if is_time_only else default.formats, default.epoch, False, default.repeated_hour
        )
        rule = _time_rule(inner, base)
        rules[name] = TimeRule(rule.zone, rule.formats, rule.epoch, is_time_only, rule.repeated_hour)
    return default, rules


def _time_rule(table: Table, base: TimeRule) -> TimeRule:
    formats = table.texts("formats")
    epoch = table.choice("epoch", tuple(MICROSECONDS_IN), "") if "epoch" in table.document else ""
    if formats and epoch:
        raise table.wrong("epoch", "and 'formats' exclude each other")
    checked_formats(table, formats)
    return TimeRule(
        zone=checked_zone(table, table.text("zone", base.zone)),
        formats=formats or (() if epoch else base.formats),
        epoch=epoch or ("" if formats else base.epoch),
        repeated_hour=table.choice("repeated_hour", ("first", "second"), base.repeated_hour),
    )


def _durations(table: Table) -> dict[str, str]:
    table.known(["unit", *DURATION_FIELDS])
    unit = table.choice("unit", DURATION_UNITS, "auto")
    return {name: table.choice(name, DURATION_UNITS, unit) for name in DURATION_FIELDS}


def _renames(table: Table) -> dict[str, dict[str, str]]:
    table.known(CODE_FIELDS)
    renames = {}
    for name in table.document:
        inner = table.section(name)
        renames[name] = {fold(old): fold(inner.text(old, "")) for old in inner.document}
    return renames


def _region(table: Table) -> str:
    region = table.text("region", "GB")
    if not re.fullmatch(r"[A-Z]{2}", region):
        raise table.wrong("region", "must be a two-letter country code in capitals, such as 'GB' or 'US'")
    return region


def _orders(table: Table) -> tuple[OrderRule, ...]:
    orders = []
    for inner in table.sections("orders"):
        inner.known(["name", "earlier", "later", "formats"])
        for key in ("name", "earlier", "later"):
            if not inner.text(key, ""):
                raise inner.wrong(key, "is missing")
        formats = inner.texts("formats")
        checked_formats(inner, formats)
        orders.append(OrderRule(inner.text("name", ""), inner.text("earlier", ""), inner.text("later", ""), formats))
    return tuple(orders)


def _consistent(layout: Layout, table: Table) -> None:
    if layout.caller_key == "premises" and not {"premises"} & (layout.columns.keys() | layout.constants.keys()):
        raise table.wrong("caller_key", "is 'premises' but [columns] maps none to premises")
    if layout.is_all_misuse and layout.misuse:
        raise table.wrong("misuse", "says all = true and lists codes too; keep one of them")
    if layout.header and layout.column_names:
        raise table.wrong("column_names", "are for a file without a header: set header = false, or leave them out")
    if len(set(layout.column_names)) < len(layout.column_names):
        raise table.wrong("column_names", "holds a name twice")
    for name in _duplicated(order.name for order in layout.orders):
        raise table.wrong("orders", f"has two checks named '{name}'")


def _duplicated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
