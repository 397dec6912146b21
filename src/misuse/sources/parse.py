"""`raw_file` -> `raw_rows` (one text column a field of the call record) -> `parsed_rows`, by the staging models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import models
from misuse.sources.layout import DURATION_FIELDS, MAPPABLE, TIME_FIELDS, Layout
from misuse.sources.raw import LONG_VALUE, RawFile, Rejects
from misuse.sources.shapes import STRONG_NUMBER, WEAK_NUMBER, WRITTEN_NUMBER
from misuse.sources.timing import change_days, parameters

if TYPE_CHECKING:
    import duckdb

# Fields of which runs of spaces are folded before they are compared.
FOLDED_FIELDS = (
    "channel", "cli", "cli_status", "opening_code", "closing_code", "qualifiers", "result_code", "grade", "borough",
    "ward", "markers",
)  # fmt: skip


def make_raw_rows(con: duckdb.DuckDBPyConnection, path: Path, layout: Layout, raw: RawFile) -> None:
    """Make the temp view `raw_rows`: row number and raw_<field> of every field, absent ones null."""
    from duckdb import ColumnExpression, ConstantExpression, FunctionExpression

    row = ColumnExpression("row_number")
    numbered = _numbered(con, raw.dropped)
    places = list(dict.fromkeys(raw.mapped.values()))
    untidy = {place for place in places if raw.untidy is None or place in raw.untidy}
    if untidy:
        tidy = [ColumnExpression(place) for place in places if place not in untidy]
        trimmed = [FunctionExpression("trimmed", ColumnExpression(place)).alias(place) for place in untidy]
        nulled = [_without_null_words(place, layout).alias(place) for place in untidy]
        numbered = numbered.project(row, *tidy, *trimmed).project(row, *tidy, *nulled)
    columns = [row]
    for name in MAPPABLE:
        if name in layout.columns:
            value = _joined(name, layout, raw.mapped, path)
        elif layout.constants.get(name):
            value = ConstantExpression(layout.constants[name])
        else:
            value = _null()
        columns.append(value.alias(f"raw_{name}"))
    for n, order in enumerate(layout.orders):
        columns.append(_column(raw.mapped.get(order.earlier)).alias(f"order_{n}_earlier"))
        columns.append(_column(raw.mapped.get(order.later)).alias(f"order_{n}_later"))
    con.register("raw_rows", numbered.project(*columns))


def _numbered(con: duckdb.DuckDBPyConnection, dropped: Sequence[int]) -> duckdb.DuckDBPyRelation:
    """`raw_file` with each row's number in the file, those set aside before counted in."""
    is_json = "bad" in con.table("raw_file").columns
    if not dropped:
        return con.sql(_NUMBERED_JSON if is_json else _NUMBERED)
    import pyarrow as pa

    # After the i-th row set aside, every row that is left is numbered i higher than its place.
    places = [number - n for n, number in enumerate(dropped, 1)]
    con.register(
        "dropped_rows",
        pa.table({"place": pa.array(places, pa.int64()), "shift": pa.array(range(1, len(places) + 1), pa.int64())}),
    )
    con.execute(
        "create or replace temp table row_shifts as select place, max(shift) as shift from dropped_rows group by place"
    )
    con.unregister("dropped_rows")
    return con.sql(_SHIFTED_JSON if is_json else _SHIFTED)


_NUMBERED = "select rowid + 1 as row_number, * from raw_file"
_NUMBERED_JSON = "select rowid + 1 as row_number, * from raw_file where bad is null"
_SHIFTED = """
select raw_file.rowid + 1 + coalesce(row_shifts.shift, 0) as row_number, raw_file.*
from raw_file asof left join row_shifts on raw_file.rowid + 1 > row_shifts.place
"""
_SHIFTED_JSON = """
select raw_file.rowid + 1 + coalesce(row_shifts.shift, 0) as row_number, raw_file.*
from raw_file asof left join row_shifts on raw_file.rowid + 1 > row_shifts.place
where bad is null
"""
_BAD_JSON = {
    False: "select rowid + 1 as row_number, bad as reason from raw_file where bad is not null",
    True: """
select raw_file.rowid + 1 + coalesce(row_shifts.shift, 0) as row_number, bad as reason
from raw_file asof left join row_shifts on raw_file.rowid + 1 > row_shifts.place
where bad is not null
""",
}


def _null() -> duckdb.Expression:
    from duckdb import ConstantExpression

    return ConstantExpression(None).cast("VARCHAR")


def _without_null_words(column: str, layout: Layout) -> duckdb.Expression:
    """A trimmed column, a null word being null."""
    from duckdb import CaseExpression, ColumnExpression, ConstantExpression, FunctionExpression

    text = ColumnExpression(column)
    words = sorted({word.strip().lower() for word in layout.nulls} | {""})
    is_short = FunctionExpression("strlen", text) <= ConstantExpression(max(len(word.encode()) for word in words))
    is_null = FunctionExpression("lower", text).isin(*(ConstantExpression(word) for word in words))
    return CaseExpression(is_short & is_null, _null()).otherwise(text)


def _column(name: str | None) -> duckdb.Expression:
    from duckdb import ColumnExpression

    return _null() if name is None else ColumnExpression(name)


def _joined(name: str, layout: Layout, mapped: Mapping[str, str], path: Path) -> duckdb.Expression:
    """The field's text from its pieces: joined by a space, a call id by '|'."""
    from duckdb import CaseExpression, CoalesceOperator, ColumnExpression, ConstantExpression, FunctionExpression

    pieces: list[duckdb.Expression] = []
    for piece in layout.columns[name]:
        if piece == "{row}":
            pieces.append(ColumnExpression("row_number").cast("VARCHAR"))
        elif piece == "{file}":
            pieces.append(ConstantExpression(path.name))
        else:
            pieces.append(_column(mapped.get(piece)))
    if len(pieces) == 1:
        return pieces[0]
    separator = ConstantExpression("|" if name == "call_id" else " ")
    joined = FunctionExpression("concat_ws", separator, *pieces)
    if name != "call_id":
        return CaseExpression(joined == ConstantExpression(""), _null()).otherwise(joined)
    if "{row}" in layout.columns[name]:
        blank = ConstantExpression("")
        return FunctionExpression("concat_ws", separator, *(CoalesceOperator(p, blank) for p in pieces))
    # Without a row number, an id that lacks a part could stand for several calls.
    is_whole = pieces[0].isnotnull()
    for piece_expression in pieces[1:]:
        is_whole = is_whole & piece_expression.isnotnull()
    return CaseExpression(is_whole, joined).otherwise(_null())


def staging_parameters(layout: Layout, now: datetime, *, is_typed: bool, folds_spaces: bool = True) -> dict[str, Any]:
    """Every parameter the staging models name."""
    values: dict[str, Any] = {
        "folds_spaces": folds_spaces,
        "latest": now + timedelta(days=1),
        "version_kind": layout.version_kind,
        "absent_words": list(layout.absent_words),
    }
    for name in (*TIME_FIELDS, "version"):
        rule = layout.time_rule(name)
        values |= parameters(name, rule, is_typed=is_typed, is_joined=len(layout.columns.get(name, ())) > 1)
        values[f"{name}_change_days"] = list(change_days(rule.zone, now.year + 1))
    values |= {f"{name}_unit": layout.durations.get(name, "auto") for name in DURATION_FIELDS}
    renames = [(f"{name}:{old}", new) for name, pairs in layout.code_renames.items() for old, new in pairs.items()]
    values["rename_from"] = [old for old, _new in renames]
    values["rename_to"] = [new for _old, new in renames]
    return values


@dataclass(frozen=True)
class Keying:
    """What a row is to have besides what its layout gives it: a model made in one pass with the parsing.

    `under` are the relations between, by their models; the first reads the parsing as `logged_numbers`. `complete` mends
    `staged_rows` where one pass does not suffice.
    """

    model: str
    under: Mapping[str, str]
    parameters: Mapping[str, Any]
    complete: Callable[[], None]


def parse(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    layout: Layout,
    raw: RawFile,
    now: datetime,
    keying: Keying | None = None,
) -> None:
    """Make `staged_rows` and `parsed_rows`, and complete `rejected_raw`, from `raw_file`."""
    make_raw_rows(con, path, layout, raw)
    values = staging_parameters(layout, now, is_typed=raw.is_typed, folds_spaces=_folds_spaces(layout, raw))
    if keying:
        values |= keying.parameters
        over = {"logged_numbers": "staging/staged_rows", **keying.under}
        models.build(con, keying.model, values, temporary=True, relation="staged_rows", over=over)
        keying.complete()
    else:
        models.build(con, "staging/staged_rows", values, temporary=True)
    models.view(con, "staging/parsed_rows", temporary=True)
    reasons = con.execute("select row_number, reason from staged_rows where reason is not null").fetchall()
    if "bad" in con.table("raw_file").columns:
        reasons += con.execute(_BAD_JSON[bool(raw.dropped)]).fetchall()
    if reasons:
        rejects = Rejects(con, keep=True)
        raw.fetch(dict(reasons), rejects.add)
        rejects.flush()


def _folds_spaces(layout: Layout, raw: RawFile) -> bool:
    """Whether any field that is compared as a code, or a word in a number's place, may have odd spaces."""
    pieces = (piece for name in FOLDED_FIELDS for piece in layout.columns.get(name, ()))
    return raw.odd_space is None or any(raw.mapped.get(piece) in raw.odd_space for piece in pieces)


def oddities(con: duckdb.DuckDBPyConnection, layout: Layout, raw: RawFile) -> dict[str, int]:
    """Counts of what is odd in the rows that went in, those of nought left out."""
    found = dict(raw.oddities)
    cursor = models.select(con, "staging/oddities", {})
    row = cursor.fetchone() or ()
    found |= dict(zip((column[0] for column in cursor.description or ()), row, strict=True))
    if layout.version_kind == "text" and "version" in layout.columns:
        cursor = models.select(con, "staging/version_texts", {})
        row = cursor.fetchone() or ()
        found |= dict(zip((column[0] for column in cursor.description or ()), row, strict=True))
    found |= _texts(con, raw)
    found["call_id_looks_like_numbers"] = _numbers_in_ids(con, layout, raw)
    found["no_rows"] = int(raw.records == 0)
    for n, order in enumerate(layout.orders):
        found[order.name] = _order_breaks(con, n, layout, is_typed=raw.is_typed)
    return {name: count for name, count in found.items() if count}


def _texts(con: duckdb.DuckDBPyConnection, raw: RawFile) -> dict[str, int]:
    """Runs of spaces inside a value, and very long values, by source column."""
    from duckdb import CaseExpression, ColumnExpression, ConstantExpression, FunctionExpression

    counts = []
    for asked, column in raw.mapped.items():
        text = ColumnExpression(column)
        trimmed = FunctionExpression("trim", text)
        has_gap = FunctionExpression("contains", text, ConstantExpression("  ")) & FunctionExpression(
            "contains", trimmed, ConstantExpression("  ")
        )
        is_long = FunctionExpression("strlen", text) > ConstantExpression(LONG_VALUE)
        conditions = (
            {f"inner_double_spaces:{asked}": has_gap} if raw.odd_space is None or column in raw.odd_space else {}
        )
        conditions |= {f"value_over_10000_chars:{asked}": is_long} if raw.has_long_value else {}
        for name, condition in conditions.items():
            counts.append(
                FunctionExpression(
                    "sum", CaseExpression(condition, ConstantExpression(1)).otherwise(ConstantExpression(0))
                ).alias(name)
            )
    if not counts:
        return {}
    relation = con.table("raw_file").aggregate(counts)
    row = relation.fetchone() or ()
    return {name: int(count or 0) for name, count in zip(relation.columns, row, strict=True)}


def _numbers_in_ids(con: duckdb.DuckDBPyConnection, layout: Layout, raw: RawFile) -> int:
    """Rows of which a part of the call id is written as a telephone number is."""
    from duckdb import ColumnExpression, FunctionExpression

    times = {piece for name in (*TIME_FIELDS, "version") for piece in layout.columns.get(name, ())}
    pieces = [piece for piece in layout.columns["call_id"] if piece in raw.mapped and piece not in times]
    most = 0
    for place in (raw.mapped[piece] for piece in pieces):
        sums = [FunctionExpression("count_if", flag) for flag in _number_flags(place)]
        tallies = [FunctionExpression(name, ColumnExpression(place)) for name in ("count", "approx_count_distinct")]
        row = con.table("raw_file").aggregate([*sums, *tallies]).fetchone() or ()
        strong, weak, filled, distinct = (int(count or 0) for count in row)
        # Long serial numbers come once each; what comes over and over beside a date is a caller's.
        is_repeated = len(layout.columns["call_id"]) > 1 and weak > 0.9 * filled and distinct < 0.7 * filled
        most = max(most, weak if is_repeated else strong)
    return most


def _number_flags(place: str) -> tuple[duckdb.Expression, duckdb.Expression]:
    """Whether a column's value is surely a telephone number, and whether it could be one."""
    from duckdb import CaseExpression, ColumnExpression, ConstantExpression, FunctionExpression

    text, never = ColumnExpression(place), ConstantExpression(False)
    compact = FunctionExpression("regexp_replace", text, *(ConstantExpression(c) for c in (r"[\s().\-]", "", "g")))
    length = FunctionExpression("strlen", text)
    is_long = (length >= ConstantExpression(9)) & (length <= ConstantExpression(24))
    is_strong = FunctionExpression("regexp_full_match", compact, ConstantExpression(STRONG_NUMBER))
    is_strong = is_strong | FunctionExpression("regexp_full_match", text, ConstantExpression(WRITTEN_NUMBER))
    is_weak = FunctionExpression("regexp_full_match", compact, ConstantExpression(WEAK_NUMBER))
    return CaseExpression(is_long, is_strong).otherwise(never), CaseExpression(is_long, is_weak).otherwise(never)


def _order_breaks(con: duckdb.DuckDBPyConnection, n: int, layout: Layout, *, is_typed: bool) -> int:
    """How many rows have a declared pair of times the wrong way round."""
    from duckdb import ColumnExpression

    from misuse.sources.layout import TimeRule

    order, base = layout.orders[n], layout.default_time
    rule = TimeRule(base.zone, order.formats, "", False, base.repeated_hour) if order.formats else base
    pair = con.view("raw_rows").project(
        ColumnExpression(f"order_{n}_earlier").alias("earlier"), ColumnExpression(f"order_{n}_later").alias("later")
    )
    con.register("order_pairs", pair)
    try:
        found = models.select(con, "staging/order_breaks", parameters("order", rule, is_typed=is_typed)).fetchone()
    finally:
        con.unregister("order_pairs")
    return int(found[0]) if found else 0
