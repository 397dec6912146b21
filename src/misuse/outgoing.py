"""One run's copy, as it is written: whole, or from the copy before with what differs put in.

Of ten million calls a night changes some ten thousand. To sort and compress all of them anew is most of what a
publication costs; to copy a file, and to compare two relations row by row, is little.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from misuse import kept_calls, models, store
from misuse.errors import StoreError
from misuse.schemas import PUBLISHED, Relation

if TYPE_CHECKING:
    import duckdb

# Order on disk, where the key is not the best: what is asked together lies together.
_ORDER = {
    # A caller's calls lie together: read in 15 ms of a year's, not 130; a week's of everybody take 8, not 1.
    "calls": ("caller_id", "received_at", "call_key"),
    "caller_spells": ("caller_id", "spell_id"),
    "caller_windows": ("window_name", "caller_id"),
    "persistent_callers": ("rank",),
    "tasking_list": ("rank",),
    "demand_daily": ("local_date", "channel", "borough"),
}

# What no run's id is in, and is long: elsewhere every row changes, or writing it anew costs nothing to speak of.
BY_DIFFERENCE = {
    "calls": "delete from outgoing.calls where call_key in (select row_key from differing_rows)",
    "callers": "delete from outgoing.callers where caller_id in (select row_key from differing_rows)",
    "caller_spells": "delete from outgoing.caller_spells where spell_id in (select row_key from differing_rows)",
}

# Rows put in lie behind the sorted ones, where a caller's calls are looked for in all of them: at this share of the
# calls, all is written anew.
UNSORTED_SHARE = 0.2
_MARK = "calls_put_in"

# Calls that are sorted together. A hundred million at once spilled over 25 GB onto the disk; the more parts, the more
# often all are read.
SORTED_AT_ONCE = 20_000_000


def write(con: duckdb.DuckDBPyConnection, path: Path, base: Path | None) -> int:
    """Write every relation of schemas.PUBLISHED from the warehouse `con` into a new file at `path`.

    `base` is a copy to go from, unchanged since this program published it; None writes the whole. Returns how many calls
    the copy had put into it since it was last written whole, for `remember` once readers see it.
    Errors: StoreError where a relation comes out with other rows; the next copy is then written whole.
    """
    put_in = _put_in_before(con, base)
    is_from_base = base is not None and put_in is not None and _begun_from(con, path, base)
    if not is_from_base:
        _attach(con, path, is_new=True)
    try:
        by_difference = [r for r in PUBLISHED if is_from_base and r.name in BY_DIFFERENCE]
        changed = {relation.name: _put_in_what_differs(con, relation, base) for relation in by_difference}
        for relation in PUBLISHED:
            if changed.get(relation.name) is None:
                _put_in_whole(con, relation)
        _refuse_others(con)
        # In one transaction, or each of some hundred comments waits for the disk.
        con.execute("; ".join(["begin", *chain.from_iterable(map(_comments, PUBLISHED)), "commit"]))
        con.execute("checkpoint outgoing")
    finally:
        con.execute("detach outgoing")
    calls = changed.get("calls")
    return 0 if calls is None else (put_in or 0) + calls


def typed(rows: duckdb.DuckDBPyRelation, relation: Relation) -> duckdb.DuckDBPyRelation:
    """Just the declared columns, in their order and types, sorted for compression and quick ranges."""
    return _declared(rows, relation).order(_order(relation))


def _put_in_whole(con: duckdb.DuckDBPyConnection, relation: Relation) -> None:
    """Write one relation anew, part after part where it is long."""
    target = "outgoing." + relation.name
    con.execute("drop table if exists " + target)
    first, *others = _parts(con, relation)
    typed(first, relation).create(target)
    for part in others:
        typed(part, relation).insert_into(target)


def _parts(con: duckdb.DuckDBPyConnection, relation: Relation) -> list[duckdb.DuckDBPyRelation]:
    """The relation as it is sorted: at once, or of very many calls so many callers after so many, and nobody's last."""
    import duckdb

    rows = con.table(relation.name)
    parts = min(16, -(-store.count(con, relation.name) // SORTED_AT_ONCE)) if relation.name == "calls" else 1
    caller_id = duckdb.ColumnExpression("caller_id")
    # Ids are c and a hash's hexadecimal figures: each first figure has as many callers as any other.
    bounds = [duckdb.ConstantExpression("c" + format(16 * n // parts, "x")) for n in range(1, parts)]
    if not bounds:
        return [rows]
    between = [rows.filter((caller_id >= low) & (caller_id < high)) for low, high in pairwise(bounds)]
    return [
        rows.filter(caller_id < bounds[0]),
        *between,
        rows.filter((caller_id >= bounds[-1]) | caller_id.isnull()),
    ]


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _order(relation: Relation) -> str:
    return ", ".join(_ORDER.get(relation.name, relation.key))


def _attach(con: duckdb.DuckDBPyConnection, path: Path, *, is_new: bool) -> None:
    """A new file in the oldest format there is, that any client of DuckDB reads it; one that is there keeps its own."""
    con.execute("attach " + literal(str(path)) + " as outgoing" + (" (storage_version 'v1.0.0')" if is_new else ""))


def _declared(rows: duckdb.DuckDBPyRelation, relation: Relation) -> duckdb.DuckDBPyRelation:
    import duckdb

    return rows.select(
        *(duckdb.ColumnExpression(c.name).cast(duckdb.sqltype(c.type)).alias(c.name) for c in relation.columns)
    )


def _comments(relation: Relation) -> Iterator[str]:
    yield "comment on table outgoing." + relation.name + " is " + literal(relation.comment)
    for column in relation.columns:
        name = relation.name + "." + column.name
        yield "comment on column outgoing." + name + " is " + literal(column.comment)


# ── from the copy before ───────────────────────────────────────────────────────────────────────


def _begun_from(con: duckdb.DuckDBPyConnection, path: Path, base: Path) -> bool:
    """Attach a copy of the base as `outgoing`; False, and nothing attached, where another release wrote it."""
    shutil.copyfile(base, path)
    _attach(con, path, is_new=False)
    if _is_as_declared(con):
        return True
    con.execute("detach outgoing")
    path.unlink()
    return False


def _put_in_what_differs(con: duckdb.DuckDBPyConnection, relation: Relation, base: Path | None) -> int | None:
    """Bring one relation up to date; how many rows differed, or None where so many do that all is to go anew."""
    (key,) = relation.key
    target = "outgoing." + relation.name
    arriving = _declared(con.table(relation.name), relation)
    if relation.name == "calls" and base is not None and kept_calls.are_known_since(con, base.stem):
        models.build(con, "publication/known_rows", {}, temporary=True, relation="differing_rows")
    else:
        _compare(con, arriving, relation)
    changed = store.count(con, "differing_rows")
    is_little = changed <= UNSORTED_SHARE * store.count(con, relation.name)
    if is_little:
        con.execute(BY_DIFFERENCE[relation.name])
        differing = arriving.join(con.table("differing_rows"), key + " = row_key", how="semi")
        differing.order(_order(relation)).insert_into(target)
    models.drop_temporary(con, "differing_rows")
    return changed if is_little else None


def _compare(con: duckdb.DuckDBPyConnection, arriving: duckdb.DuckDBPyRelation, relation: Relation) -> None:
    """Make the table differing_rows, of a relation as it is now and as the copy has it."""
    (key,) = relation.key
    _hashed(arriving, key, relation).create_view("arriving_rows")
    _hashed(con.table("outgoing." + relation.name), key, relation).create_view("standing_rows")
    models.build(con, "publication/differing_rows", {}, temporary=True)
    con.execute("drop view arriving_rows; drop view standing_rows")


def _hashed(rows: duckdb.DuckDBPyRelation, key: str, relation: Relation) -> duckdb.DuckDBPyRelation:
    import duckdb

    columns = [duckdb.ColumnExpression(name) for name in relation.column_names]
    row_hash = duckdb.FunctionExpression("hash", *columns)
    return rows.select(duckdb.ColumnExpression(key).alias("row_key"), row_hash.alias("row_hash"))


def _is_as_declared(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the copy holds the relations that are declared, in their columns and types, and nothing else."""
    import duckdb

    held = con.execute(_HELD).fetchall()
    wanted = [(r.name, [(c.name, str(duckdb.sqltype(c.type))) for c in r.columns]) for r in PUBLISHED]
    found = [(name, list(zip(columns, kinds, strict=True))) for name, columns, kinds in held]
    (others,) = con.execute(_OTHERS).fetchone() or (0,)
    return sorted(found) == sorted(wanted) and not others


_HELD = """
select table_name, list(column_name order by column_index), list(data_type order by column_index)
from duckdb_columns()
where database_name = 'outgoing'
group by table_name
"""
_OTHERS = """
select count(*)
from (
    select 1 from duckdb_views() where database_name = 'outgoing' and not internal
    union all
    select 1 from duckdb_functions() where database_name = 'outgoing' and not internal
    union all
    select 1 from duckdb_schemas() where database_name = 'outgoing' and schema_name <> 'main' and not internal
) as others
"""


def _refuse_others(con: duckdb.DuckDBPyConnection) -> None:
    """A copy that holds more or fewer rows than the warehouse, or other callers, stops or misuse, is none."""
    other = [r.name for r in PUBLISHED if store.count(con, "outgoing." + r.name) != store.count(con, r.name)]
    if other or not models.scalar(con, "publication/is_same_calls", {})[0]:
        store.forget_mark(con, _MARK)
        raise StoreError(
            f"the copy of {', '.join(other or ['calls'])} has not the rows of the warehouse",
            next_step="the earlier list stands; run again, which writes the whole, and report it if it fails again",
        )


# ── how much was put in since the last whole ───────────────────────────────────────────────────


def _put_in_before(con: duckdb.DuckDBPyConnection, base: Path | None) -> int | None:
    """Calls put into the base since it was written whole; None where nobody knows, or where it is time for a whole."""
    run_id, _, calls = store.mark(con, _MARK).partition(" ")
    if base is None or run_id != base.stem:
        return None
    return int(calls) if int(calls) <= UNSORTED_SHARE * store.count(con, "calls") else None


def remember(con: duckdb.DuckDBPyConnection, run_id: str, calls: int) -> None:
    """Keep what the next copy may go on from. Once readers see this run's copy, and not before: a run's id may come again
    with other rows, and its earlier copy would pass for the one that these marks speak of.
    """
    with store.transaction(con):
        store.set_mark(con, _MARK, f"{run_id} {calls}")
        kept_calls.publish(con, run_id)
