"""Rows at the door get their keys, and a verdict each: tokens, digests, versions, as temporary tables and views."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from misuse import models, numbers, sources

if TYPE_CHECKING:
    import duckdb

_TEMPORARY = (
    "staged_rows", "rejected_raw", "number_forms", "odd_numbers", "repeated_keys",
    "candidates", "verdicts", "landing_superseded", "replaced_batch", "displaced", "rehomed", "orphaned", "restored",
    "live_turns", "contested_keys", "version_turns", "promoted",
)  # fmt: skip


def premises_parameters(layout: sources.Layout) -> dict[str, Any]:
    """Whether the source's callers are premises, and what in their column says that none is known."""
    return {
        "is_premises": layout.caller_key == "premises",
        "no_premises": sources.no_place_words(layout.absent_words),
    }


def of_source(con: duckdb.DuckDBPyConnection, region: str, parameters: dict[str, Any]) -> sources.Keying:
    """How rows get their keys as they are parsed: calls, numbers, contents, and codes that are codes."""
    return sources.Keying(
        "ingest/keyed_rows",
        {"number_forms": "staging/number_forms", "keyed_numbers": "ingest/keyed_numbers"},
        {**parameters, **dataclasses.asdict(numbers.plan(region))},
        lambda: _parse_odd_numbers(con, region, parameters),
    )


def _parse_odd_numbers(con: duckdb.DuckDBPyConnection, region: str, parameters: dict[str, Any]) -> None:
    odd = [row[0] for row in con.execute(_ODD_NUMBERS).fetchall()]
    if not odd:
        return
    parsed = numbers.parse_many(odd, region)
    con.execute(_NUMBER_FORMS, {"cli": odd, "e164": [p.e164 for p in parsed], "kind": [p.kind for p in parsed]})
    models.build(con, "ingest/keyed_numbers", parameters, temporary=True, relation="odd_numbers")
    models.script(con, "ingest/put_in_odd_numbers", {})


_ODD_NUMBERS = "select distinct cli from staged_rows where number_kind is null"
_NUMBER_FORMS = """
create or replace temp table number_forms as
select unnest($cli) as cli, unnest($e164::varchar[]) as e164, unnest($kind) as number_kind
"""


def judge_rows(con: duckdb.DuckDBPyConnection, parameters: dict[str, Any]) -> None:
    """Temporary tables from keyed rows to verdicts: repeated calls, versions, what is to land."""
    models.build(con, "ingest/rehomed", {"batch_id": parameters["replaced"]}, temporary=True)
    for name in ("live_turns", "repeated_keys", "contested_keys", "version_turns", "candidates", "verdicts"):
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
