"""Rows at the door get their keys, and a verdict each: tokens, digests, versions, as temporary tables and views."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from misuse import models, numbers, sources

if TYPE_CHECKING:
    import duckdb

_TEMPORARY = (
    "staged_rows", "rejected_raw", "distinct_cli", "number_forms", "keyed_numbers", "repeated_keys",
    "candidates", "verdicts", "landing_superseded", "replaced_batch", "displaced", "rehomed", "orphaned", "restored",
)  # fmt: skip


def of_source(con: duckdb.DuckDBPyConnection, region: str, parameters: dict[str, Any]) -> sources.Keying:
    """How rows get their keys as they are parsed: calls, numbers, contents, and codes that are codes."""
    return sources.Keying("ingest/keyed_rows", parameters, lambda: _key_numbers(con, region, parameters))


def _key_numbers(con: duckdb.DuckDBPyConnection, region: str, parameters: dict[str, Any]) -> None:
    """The temporary table keyed_numbers, from the numbers of `raw_rows`: what each is, and its tokens."""
    con.execute(_DISTINCT_NUMBERS)
    models.build(con, "staging/number_forms", dataclasses.asdict(numbers.plan(region)), temporary=True)
    _parse_odd_numbers(con, region)
    models.build(con, "ingest/keyed_numbers", parameters, temporary=True)


_DISTINCT_NUMBERS = """
create or replace temp table distinct_cli as
select distinct raw_cli as cli
from raw_rows
where raw_cli is not null
"""


def judge_rows(con: duckdb.DuckDBPyConnection, parameters: dict[str, Any]) -> None:
    """Temporary tables from keyed rows to verdicts: repeated calls, versions, what is to land."""
    models.build(con, "ingest/rehomed", {"batch_id": parameters["replaced"]}, temporary=True)
    for name in ("repeated_keys", "candidates", "verdicts"):
        models.build(con, f"ingest/{name}", parameters, temporary=True)
    (versions,) = con.execute("select count(*) from verdicts").fetchone() or (0,)
    views = {
        "judged_arrivals": "ingest/judged_arrivals" if versions else "ingest/fresh_arrivals",
        "arriving_details": "ingest/remaining_details" if parameters["replaced"] else "ingest/arriving_details",
        "landing_rows": "ingest/landing_rows",
        "landing_calls": "ingest/landing_calls",
    }
    con.execute(
        "create or replace temp table replaced_batch as select $replaced as batch_id",
        {"replaced": parameters["replaced"]},
    )
    for relation, name in views.items():
        models.view(con, name, temporary=True, relation=relation)
    models.build(con, "ingest/landing_superseded", {}, temporary=True)


def _parse_odd_numbers(con: duckdb.DuckDBPyConnection, region: str) -> None:
    odd = [row[0] for row in con.execute("select cli from number_forms where number_kind is null").fetchall()]
    if not odd:
        return
    parsed = numbers.parse_many(odd, region)
    con.execute("delete from number_forms where number_kind is null")
    con.execute(
        "insert into number_forms select unnest($cli), unnest($e164::varchar[]), unnest($kind)",
        {"cli": odd, "e164": [p.e164 for p in parsed], "kind": [p.kind for p in parsed]},
    )


_DROP_VIEWS = (
    "drop view if exists temp.landing_calls",
    "drop view if exists temp.landing_rows",
    "drop view if exists temp.arriving_details",
    "drop view if exists temp.judged_arrivals",
    "drop view if exists temp.parsed_rows",
)


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what a file at the door needed, views first."""
    for statement in _DROP_VIEWS:
        con.execute(statement)
    for table in _TEMPORARY:
        models.drop_temporary(con, table)
