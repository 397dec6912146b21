"""How the numbers of a file just read would be typed: for `source check`, which counts and shows none of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from misuse import models, numbers

if TYPE_CHECKING:
    import duckdb

USABLE = "usable"
_DISTINCT = "create or replace temp table logged_numbers as select distinct cli from parsed_rows where cli is not null"
_ODD = "select cli from number_forms where number_kind is null"
_COUNTS = """
select coalesce(number_forms.number_kind, odd_kinds.kind, 'absent') as kind, count(*) as calls
from parsed_rows
left join number_forms on parsed_rows.cli = number_forms.cli and number_forms.number_kind is not null
left join odd_kinds on parsed_rows.cli = odd_kinds.cli
group by all
"""


def number_counts(con: duckdb.DuckDBPyConnection, region: str) -> dict[str, int]:
    """Rows of `parsed_rows` whose number is usable, a placeholder, malformed or absent, as `ingest` will take them."""
    con.execute(_DISTINCT)
    models.build(con, "staging/number_forms", dataclasses.asdict(numbers.plan(region)), temporary=True)
    odd = [str(row[0]) for row in con.execute(_ODD).fetchall()]
    con.execute("create or replace temp table odd_kinds (cli varchar, kind varchar)")
    con.execute(
        "insert into odd_kinds select unnest($cli::varchar[]), unnest($kind::varchar[])",
        {"cli": odd, "kind": [parsed.kind for parsed in numbers.parse_many(odd, region)]},
    )
    counted = dict.fromkeys((USABLE, *numbers.UNUSABLE_KINDS), 0)
    for kind, calls in con.execute(_COUNTS).fetchall():
        counted[kind if kind in numbers.UNUSABLE_KINDS else USABLE] += int(calls)
    for table in ("logged_numbers", "number_forms", "odd_kinds"):
        models.drop_temporary(con, table)
    return counted
