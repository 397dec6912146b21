"""Whether callers are people: a run's callers beside the planted truth of a synthetic log, and beside numbers alone.

    python -m benchmarks.callers --home HOME --truth FOLDER      a home that holds a run, and the truth of its log

Two questions. Of spells whose records carry details: do two of one person share a caller (pairwise)? And of people
with ten or more misuse calls: is each found as one persistent caller, and is each persistent caller such a person?
The second is asked twice: of the calls as the run judges them, so that identity alone is measured, and of what is true
of the calls, where wrong codes count against it too.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import polars as pl

from misuse import warehouse
from misuse.settings import Settings

THRESHOLD = 10

# Every call that came on a usable number, whose it is by the run, and what the truth says of it.
CALLS = """
select
    calls.caller_id, replace(cast(records.number_token as varchar), '-', '') as number, numbers.spell_id,
    calls.identity_kind, calls.is_misuse and calls.channel = '999' as is_misuse,
    truth.is_truly_misuse and truth.channel = '999' as is_truly_misuse, truth.person, truth.role,
    spells.record_key is not null as has_details
from calls
inner join call_records as records on calls.call_key = records.call_key
inner join vault.call_details as details
    on records.call_key = details.call_key and records.content_digest = details.content_digest
inner join read_parquet($truth) as truth on details.call_id = truth.call_date || '|' || truth.call_number
inner join caller_numbers as numbers
    on
        records.number_token = numbers.token
        and records.received_at >= numbers.spell_from
        and records.received_at < numbers.spell_to
left join spell_records as spells on numbers.spell_id = spells.spell_id
"""


def read(home: Path, truth: Path) -> pl.DataFrame:
    """The calls of a home's last run that came on a usable number, with the truth of each."""
    with warehouse.opened(Settings(home=home.resolve()), with_vault=True) as con:
        return con.execute(CALLS, {"truth": str(truth / "truth_calls.parquet")}).pl()


def pairwise(calls: pl.DataFrame, group: str) -> dict[str, float]:
    """Precision, recall and F1 over pairs of person-held spells whose records carry details."""
    spells = (
        calls.filter(pl.col("has_details") & (pl.col("identity_kind") == "person"))
        .group_by("spell_id", group, "person")
        .agg(calls=pl.len())
        .sort("calls", "person", descending=[True, False])
        .unique("spell_id", keep="first", maintain_order=True)
    )

    def pairs(*keys: str) -> int:
        sizes = spells.group_by(*keys).agg(size=pl.len())["size"]
        return int((sizes * (sizes - 1) // 2).sum())

    both, told, true = pairs(group, "person"), pairs(group), pairs("person")
    precision, recall = both / told if told else 1.0, both / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"spells": spells.height, "true pairs": true, "precision": precision, "recall": recall, "F1": f1}


def people(calls: pl.DataFrame, group: str, truly: str) -> dict[str, float]:
    """Persistent people: how many there are, how many are found, and how many of those named are such people."""
    persons = pl.col("role") != "shared_line_user"
    misuse = calls.filter(pl.col("is_misuse") & (pl.col("identity_kind") == "person"))
    true = calls.filter(pl.col(truly) & persons).group_by("person").agg(calls=pl.len())
    wanted = true.filter(pl.col("calls") >= THRESHOLD)["person"]
    named = misuse.group_by(group).agg(calls=pl.len(), person=pl.col("person").filter(persons).mode().min())
    named = named.filter(pl.col("calls") >= THRESHOLD)
    right = named.filter(pl.col("person").is_in(wanted.implode()))
    return {
        "people": len(wanted),
        "named": named.height,
        "recall": right["person"].n_unique() / max(len(wanted), 1),
        "precision": right["person"].n_unique() / max(named.height, 1),
    }


def told(title: str, figures: dict[str, Any]) -> str:
    """A line of the table."""
    shown = (
        f"{name} {value:.4f}" if isinstance(value, float) else f"{name} {value:,}" for name, value in figures.items()
    )
    return f"{title:58} " + "  ".join(shown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    options = parser.parse_args()
    calls = read(options.home, options.truth)
    for group, title in (("number", "by number alone"), ("caller_id", "by caller")):
        print(told(f"pairs of spells with details, {title}", pairwise(calls, group)))
    for truly, what in (("is_misuse", "as the run judges calls"), ("is_truly_misuse", "as the calls truly are")):
        for group, title in (("number", "by number alone"), ("caller_id", "by caller")):
            print(told(f"persistent people, {what}, {title}", people(calls, group, truly)))


if __name__ == "__main__":
    main()
