"""`misuse source check`: how a file would be read, and what a log laid out so can never say. Changes nothing."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import models, numbers, rules
from misuse.schemas import CALL_RECORD, IDENTIFYING_FIELDS
from misuse.sources.layout import CODE_FIELDS, CODE_LISTS, TIME_FIELDS, Layout, fold, misuse_codes
from misuse.sources.lines import USABLE, number_counts
from misuse.sources.reading import premises_advice, read
from misuse.sources.shapes import holds_number, may_be_prose
from misuse.wording import inert, local

if TYPE_CHECKING:
    import duckdb

    from misuse.progress import Tracker

# Never shown: what identifies, and what the vault alone keeps.
MASKED = IDENTIFYING_FIELDS | {f.name for f in CALL_RECORD if f.store == "vault"} - {"call_id"}
ROWS_SHOWN = 5
CODES_SHOWN = 40
MOST_CODES = 300


@dataclass(frozen=True)
class CodeCount:
    """How often a code came, and whether the misuse list has it."""

    field: str
    code: str
    calls: int
    is_listed: bool


@dataclass(frozen=True)
class CheckReport:
    """What `source check` found; nothing in it identifies anyone."""

    file: str
    source: str
    rows: int
    accepted: int
    rejected: Mapping[str, int]
    oddities: Mapping[str, int]
    first_received_at: str | None
    last_received_at: str | None
    sample: Sequence[Mapping[str, str | None]]
    null_shares: Mapping[str, float]
    codes: Sequence[CodeCount]
    unseen_codes: Sequence[tuple[str, str]]
    too_many_codes: Sequence[str]
    unsupported_figures: Mapping[str, str]
    unsupported_safeguards: Mapping[str, str]
    advice: Sequence[str]
    unmapped_columns: int = 0
    numbers: Mapping[str, int] = dataclasses.field(default_factory=dict)
    safeguards: Sequence[Mapping[str, Any]] = ()
    safeguards_known: int = 0

    def as_json(self) -> dict[str, Any]:
        """The report for a program."""
        return dataclasses.asdict(self)

    def render(self) -> str:
        """The report for a person."""
        lines = [f"{self.file} read as source '{self.source}': {self.rows} rows, {self.accepted} would go in"]
        if self.first_received_at:
            lines.append(f"received from {self.first_received_at} to {self.last_received_at}")
        lines += _listed("Would be rejected", [f"{reason}: {count}" for reason, count in self.rejected.items()])
        lines += _listed("Odd, but would go in", [f"{name}: {count}" for name, count in self.oddities.items()])
        lines += _listed(
            "Numbers, as they would be typed", [f"{kind}: {count}" for kind, count in self.numbers.items()]
        )
        for number, row in enumerate(self.sample, 1):
            lines += _listed(
                f"Row {number} of those that would go in",
                [f"{k}: {v if v is not None else '(empty)'}" for k, v in row.items()],
            )
        lines += _listed("Share of empty values", [f"{name}: {share:.1%}" for name, share in self.null_shares.items()])
        missed = [f"{c.field} {c.code}: {c.calls}" for c in self.codes if not c.is_listed][:CODES_SHOWN]
        lines += _listed("Codes not in the misuse list", missed)
        lines += _listed(
            "Codes in the misuse list", [f"{c.field} {c.code}: {c.calls}" for c in self.codes if c.is_listed]
        )
        lines += _listed("In the misuse list, not in this file", [f"{name} {code}" for name, code in self.unseen_codes])
        lines += _listed("Too many or too various to show", list(self.too_many_codes))
        lines += _listed("Figures this log cannot support", [f"{k}: {v}" for k, v in self.unsupported_figures.items()])
        lines += self._safeguards()
        lines += _listed("What to do", list(self.advice))
        return "\n".join(inert(line, is_cell=True) for line in lines) + "\n"

    def _safeguards(self) -> list[str]:
        """Safeguards by name; what stands for no single one after them. A marker's spellings are for a program."""
        told = {is_blind: [row for row in self.safeguards if row["is_blind"] is is_blind] for is_blind in (True, False)}
        rows = {
            is_blind: [f"{row['title']} ({row['rule_id']}): {row['why']}" for row in part]
            for is_blind, part in told.items()
        }
        many = f", {len(told[True])} of {self.safeguards_known}" if self.safeguards_known else ""
        others = [
            f"{name}: {why}" for name, why in self.unsupported_safeguards.items() if not name.startswith(_ONE_MARKER)
        ]
        return [
            *_listed(f"Safeguards this log cannot support{many}", rows[True]),
            *_listed("Safeguards it supports in part", rows[False]),
            *_listed("What else it leaves unsafe", others),
        ]


_ONE_MARKER = "hard stop by marker "


def _listed(title: str, items: Sequence[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {item}" for item in items)] if items else []


def check(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    layout: Layout,
    *,
    scratch: Path,
    now: datetime,
    tracker: Tracker,
    codes: Sequence[tuple[str, str]] = (),
    marker_kinds: Sequence[str] = (),
    safeguards: Sequence[Mapping[str, Any]] = (),
    safeguards_known: int = 0,
    zone: str = "UTC",
    headline_channel: str = "999",
) -> CheckReport:
    """Read the file as `ingest` would and report; `con` keeps only temp tables.

    `codes` is the misuse list in force where the layout declares none; `marker_kinds` are the markers
    that hard stops look for, `safeguards` those that misuse.safeguards finds unsupported, of `safeguards_known`. Times are
    told in `zone`; the headline counts `headline_channel`.
    Errors: InputError as `read`.
    """
    result = read(con, path, layout, scratch=scratch, now=now, tracker=tracker)
    listed = misuse_codes(layout) or [(name, fold(code)) for name, code in codes]
    counted, too_many = _code_counts(con, layout, listed)
    seen = {(c.field, c.code) for c in counted}
    ends = con.execute("select min(received_at), max(received_at) from parsed_rows").fetchone() or (None, None)
    first, last = (local(end, zone).isoformat() if end else None for end in ends)
    is_by_number = "cli" in layout.columns and layout.caller_key == "number"
    typed = number_counts(con, layout.region) if is_by_number and result.accepted else {}
    return CheckReport(
        file=path.name,
        source=layout.name,
        rows=result.rows,
        accepted=result.accepted,
        rejected=result.rejected,
        oddities=result.oddities,
        first_received_at=first,
        last_received_at=last,
        sample=_sample(con, layout, zone),
        null_shares=_null_shares(con, layout, result.accepted),
        codes=counted,
        unseen_codes=[pair for pair in listed if pair[1] != "*" and pair not in seen and pair[0] not in too_many],
        too_many_codes=too_many,
        unsupported_figures=unsupported_figures(layout),
        unsupported_safeguards=unsupported_safeguards(layout, marker_kinds),
        advice=[
            *result.advice(),
            *premises_advice(layout),
            *_number_advice(typed),
            *_marker_advice(layout, marker_kinds),
            *_unknown_markers(con, layout, marker_kinds),
            *_unknown_channels(con, layout, headline_channel),
        ],
        numbers=typed,
        safeguards=safeguards,
        safeguards_known=safeguards_known,
        unmapped_columns=len(set(result.columns) - set(layout.mapped_columns)),
    )


def _fields(layout: Layout) -> list[str]:
    """Fields of the call record that the layout fills, in the record's order."""
    names = [f.name for f in CALL_RECORD] + ["premises"]
    return [name for name in names if name in layout.columns or name in layout.constants]


def _sample(con: duckdb.DuckDBPyConnection, layout: Layout, zone: str) -> list[dict[str, str | None]]:
    """The first rows that would go in; what identifies is masked to its length."""
    from duckdb import ColumnExpression

    names = _fields(layout)
    rows = (
        con.table("parsed_rows")
        .order("row_number")
        .limit(ROWS_SHOWN)
        .project(*(ColumnExpression(name).cast("VARCHAR") for name in names))
    )
    return [
        {name: _shown(layout, name, value, zone) for name, value in zip(names, row, strict=True)}
        for row in rows.fetchall()
    ]


def _shown(layout: Layout, name: str, value: str | None, zone: str) -> str | None:
    """A value as the report has it: times as the zone's clock had them, what identifies masked."""
    if value is not None and name in TIME_FIELDS:
        return local(datetime.fromisoformat(value), zone).isoformat()
    return _masked(layout, name, value)


def _masked(layout: Layout, name: str, value: str | None) -> str | None:
    if value is None or name in _PLAIN_KINDS:
        return value
    if name == "call_id":
        is_shown = _is_plain_id(layout, value)
    else:
        is_shown = name not in MASKED and not (name in CODE_FIELDS and may_be_prose(value)) and not holds_number(value)
    return value if is_shown else f"••• ({len(value)} characters)"


_PLAIN_KINDS = frozenset(f.name for f in CALL_RECORD if f.kind in ("time", "seconds", "count"))
# A short code, a date, a time of day: what no telephone number, name or address is.
_SHORT_CODE = re.compile(r"[A-Za-z]{0,4}[-/ ]?\d{1,6}")
_MOMENT = re.compile(r"(\d{4}([-/.])\d\d?\2\d\d?|\d\d?([-/.])\d\d?\3(\d{4}|\d\d))?[T ]?(\d\d?:\d\d(:\d\d(\.\d+)?)?)?")


def _is_plain_id(layout: Layout, value: str) -> bool:
    """Is every part of a call id the row's number, the file's name, a time or a short code?"""
    names, parts = layout.columns["call_id"], value.split("|")
    if len(names) != len(parts):
        return False
    times = {piece for name in TIME_FIELDS for piece in layout.columns.get(name, ())}
    return all(
        name == "{row}"
        or (name == "{file}" and not holds_number(part))
        or bool(_SHORT_CODE.fullmatch(part) or _MOMENT.fullmatch(part))
        or (name in times and not holds_number(part))
        for name, part in zip(names, parts, strict=True)
    )


def _number_advice(typed: Mapping[str, int]) -> list[str]:
    """What to do where few of the numbers that are there can be used."""
    given = sum(typed.values()) - typed.get("absent", 0)
    if not given or typed[USABLE] >= given / 2:
        return []
    return [
        f"of {given} numbers only {typed[USABLE]} are usable: see numbers.region, absent_words and the column mapped to "
        "cli"
    ]


def _marker_advice(layout: Layout, marker_kinds: Sequence[str]) -> list[str]:
    """Declared markers that no hard stop knows, which stop nothing."""
    return [
        f"markers_supplied names '{marker}', which no hard stop looks for: it stops no call. Use a word of the rules, or "
        "rename it under [sources.NAME.codes.markers]"
        for marker in layout.markers_supplied
        if marker_kinds and not rules.borne(marker, marker_kinds)
    ]


def _unknown_markers(con: duckdb.DuckDBPyConnection, layout: Layout, marker_kinds: Sequence[str]) -> list[str]:
    """How many markers of the file no hard stop knows, as ingest counts them: never which, for they are the vault's."""
    if "markers" not in layout.columns or not marker_kinds:
        return []
    for script in ("schema/macros", "rules/rule_hard_stops"):
        models.script(con, script, {})
    con.execute(_KINDS, {"markers": list(marker_kinds)})
    found = models.select(con, "checks/assert_landing_markers_are_known", {}).fetchall()
    models.drop(con, "rule_hard_stops")
    return [
        f"{scope} ({share:.1%} of those with markers) are known to no hard stop and stop no call: rename the log's words under "
        'sources.NAME.codes.markers to those of the rules, or to "" what bars nothing'
        for scope, share in found
        if share
    ]


_KINDS = "insert into rule_hard_stops (marker) select unnest($markers::varchar[])"


def _unknown_channels(con: duckdb.DuckDBPyConnection, layout: Layout, headline_channel: str) -> list[str]:
    """Channels that no headline counts since nobody knows their name, as ingest finds them: a number is no name."""
    models.script(con, "schema/code_only", {})
    con.execute(_CHANNELS, {"in_code": numbers.plan(layout.region).in_code})
    (found,) = models.select(
        con, "checks/assert_landing_channels_are_known", {"headline_channel": headline_channel}
    ).fetchall()
    models.drop_temporary(con, "landing_calls")
    scope, share = found
    if not share:
        return []
    return [
        f"{share:.1%} of the calls came by a channel of no known name ({scope}), so no headline counts them: rename the log's "
        "words under sources.NAME.codes.channel to 999, 101, text relay or other"
    ]


_CHANNELS = """
create or replace temp table landing_calls as select code_only(channel, $in_code) as channel from parsed_rows
"""


def _null_shares(con: duckdb.DuckDBPyConnection, layout: Layout, accepted: int) -> dict[str, float]:
    """Share of the accepted rows in which each mapped field is empty."""
    from duckdb import ColumnExpression, FunctionExpression

    names = [name for name in _fields(layout) if name in layout.columns]
    if not accepted:
        return {}
    counts = [FunctionExpression("count", ColumnExpression(name)).alias(name) for name in names]
    row = con.table("parsed_rows").aggregate(counts).fetchone() or ()
    return {name: 1 - int(count) / accepted for name, count in zip(names, row, strict=True)}


def _code_counts(
    con: duckdb.DuckDBPyConnection, layout: Layout, listed: Sequence[tuple[str, str]]
) -> tuple[list[CodeCount], list[str]]:
    """Calls by code of each field that decides misuse; fields of free text are only named."""
    from duckdb import ColumnExpression, ConstantExpression, FunctionExpression

    known, counted, too_many = set(listed), [], []
    for name in CODE_LISTS:
        if name not in _fields(layout):
            continue
        codes = FunctionExpression(
            "unnest", FunctionExpression("string_split", ColumnExpression(name), ConstantExpression(";"))
        )
        found = con.table("parsed_rows").project(
            (codes if name == "qualifiers" else ColumnExpression(name)).alias("code")
        )
        found = found.filter(ColumnExpression("code").isnotnull())
        rows = found.aggregate([ColumnExpression("code"), FunctionExpression("count_star").alias("calls")]).fetchall()
        if len(rows) > MOST_CODES:
            too_many.append(name)
            continue
        rows.sort(key=lambda row: (-row[1], row[0]))
        shown = [row for row in rows if not may_be_prose(row[0])]
        counted += [CodeCount(name, code, calls, ("*", "*") in known or (name, code) in known) for code, calls in shown]
        if len(shown) < len(rows):
            too_many.append(f"{name}: {len(rows) - len(shown)} values that could be numbers or free text")
    return counted, too_many


def unsupported_figures(layout: Layout) -> dict[str, str]:
    """Figures that a log so laid out cannot give, and why."""
    has = {*layout.columns, *layout.constants}
    lacking: dict[str, str] = {}
    if not has & {"talk_seconds", "wrap_seconds"} and not {"answered_at", "ended_at"} <= has:
        lacking["share of handling time"] = (
            "neither talk_seconds, wrap_seconds nor both answered_at and ended_at are mapped"
        )
    elif "wrap_seconds" not in has:
        lacking["wrap-up in handling time"] = "wrap_seconds is not mapped; handling time is talk alone"
    if "unit_seconds" not in has:
        lacking["share of deployment time"] = "unit_seconds is not mapped"
    if "answered_at" not in has:
        lacking["time to answer"] = "answered_at is not mapped"
    if not {"arrived_at", "grade"} <= has:
        lacking["response times by grade"] = "arrived_at and grade are not both mapped"
    if "borough" not in has:
        lacking["boroughs"] = "borough is not mapped"
    if layout.caller_key == "premises":
        lacking["persistent persons"] = "callers are premises, never persons"
    elif "cli" not in has:
        lacking["persistent persons"] = "cli is not mapped: every call is unidentified"
    if not has & set(CODE_LISTS) and not layout.is_all_misuse:
        lacking["misuse"] = "no code is mapped that could decide it"
    return lacking


def unsupported_safeguards(layout: Layout, marker_kinds: Sequence[str] = ()) -> dict[str, str]:
    """Hard stops and doubts that cannot come from a log so laid out, and why."""
    has = {*layout.columns, *layout.constants}
    lacking: dict[str, str] = {}
    if "markers" not in has:
        lacking["hard stops by marker"] = (
            "markers is not mapped: domestic abuse, silent solution, child, alarm and the like cannot stop a call"
        )
    elif not layout.markers_supplied:
        lacking["hard stops by marker"] = (
            "markers_supplied is not declared: a missing marker may mean that it is never recorded"
        )
    else:
        supplied = {kind for word in layout.markers_supplied for kind in rules.borne(word, marker_kinds)}
        for kind in marker_kinds:
            if kind not in supplied:
                lacking[f"{_ONE_MARKER}{fold(kind)}"] = "the source does not declare that it supplies it"
    if "remarks" not in has:
        lacking["hard stops by codeword"] = "remarks is not mapped"
    lacking |= _unseen_patterns(has)
    if not has & {"result_code", "qualifiers"}:
        lacking["doubt by result"] = (
            "neither result_code nor qualifiers is mapped: nothing can contradict a misuse code"
        )
    if "version" not in layout.columns:
        lacking["corrections in order"] = (
            "no version column: of several rows of one call the kept one is chosen by its contents"
        )
    if tuple(layout.columns["call_id"]) == ("{row}",):
        lacking["one id a call"] = (
            "call_id is the row's number alone, which every file begins anew: add {file} or a time"
        )
    return lacking


def _unseen_patterns(has: Collection[str]) -> dict[str, str]:
    """Hard stops that look at several calls, and what a log lacks for them; each pattern by its words in the rules."""
    lacking: dict[str, str] = {}
    needs = "cli" if "cli" not in has else "opening_code or closing_code"
    if needs == "cli" or not {"opening_code", "closing_code"} & set(has):
        lacking["hard stop by burst"] = f"{needs} is not mapped: many wordless calls from one number are not seen"
        lacking["hard stop by new content"] = f"{needs} is not mapped: what is new from a frequent contact is not seen"
    if not {"subscriber_address", "incident_location", "person_name"} & set(has):
        lacking["hard stop by ties"] = (
            "neither subscriber_address, incident_location nor person_name is mapped: a marked call reaches its own number alone"
        )
    return lacking
