"""Whether callers are people: a run's callers beside the planted truth of a synthetic log, and beside numbers alone.

    python -m benchmarks.callers --home HOME --truth FOLDER      a home that holds a run, and the truth of its log

Two questions. Of spells whose records carry details: do two of one person share a caller (pairwise)? It is asked of all
such spells; of spells of different numbers alone; and of those whose records can be compared at all, both telling
something besides a name. And of people with ten or more misuse calls: is each found as one persistent caller, and is each
persistent caller such a person? That is asked of the calls as the run judges them, so that identity alone is measured,
and of what is true of the calls, where wrong codes count against it too; and of callers less those that wait for a
person's word on whether they are a shared line, which the program never decides.
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
    spells.record_key is not null as has_details,
    coalesce(spell_records.subscriber_address, spell_records.subscriber_postcode) is not null as knows_home,
    spell_records.birth_date is not null as knows_birth,
    calls.caller_id in (select caller_id from shared_line_suggestions) as may_be_shared_line
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
left join vault.identity_records as spell_records on spells.record_key = spell_records.record_key
"""


def read(home: Path, truth: Path) -> pl.DataFrame:
    """The calls of a home's last run that came on a usable number, with the truth of each."""
    with warehouse.opened(Settings(home=home.resolve()), with_vault=True) as con:
        return con.execute(CALLS, {"truth": str(truth / "truth_calls.parquet")}).pl()


# Which pairs of spells are counted: a pair's second side carries the suffix.
OTHER_NUMBER = pl.col("number") != pl.col("number_b")
PAIRS = {
    "all": pl.lit(value=True),
    "of different numbers": OTHER_NUMBER,
    "of different numbers, comparable": OTHER_NUMBER
    & (pl.col("knows_home") & pl.col("knows_home_b") | pl.col("knows_birth") & pl.col("knows_birth_b")),
}


def pairwise(calls: pl.DataFrame, group: str, which: str = "all") -> dict[str, float]:
    """Precision, recall and F1 over pairs of person-held spells whose records carry details."""
    spells = (
        calls.filter(pl.col("has_details") & (pl.col("identity_kind") == "person"))
        .group_by("spell_id", "caller_id", "number", "person", "knows_home", "knows_birth")
        .agg(calls=pl.len())
        .sort("calls", "person", descending=[True, False])
        .unique("spell_id", keep="first", maintain_order=True)
    )

    def pairs(*keys: str) -> int:
        several = spells.filter(pl.len().over(*keys) > 1)
        found = several.join(several, on=keys, suffix="_b").filter(pl.col("spell_id") < pl.col("spell_id_b"))
        return found.filter(PAIRS[which]).height

    both, told, true = pairs(*dict.fromkeys((group, "person"))), pairs(group), pairs("person")
    precision, recall = both / told if told else 1.0, both / true if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"spells": spells.height, "true pairs": true, "precision": precision, "recall": recall, "F1": f1}


def people(calls: pl.DataFrame, group: str, truly: str, *, decided: bool = False) -> dict[str, float]:
    """Persistent people: how many there are, how many are found, and how many of those named are such people.

    Where `decided`, callers that wait for a person's word on whether they are a shared line are not named.
    """
    persons = pl.col("role") != "shared_line_user"
    misuse = calls.filter(pl.col("is_misuse") & (pl.col("identity_kind") == "person"))
    misuse = misuse.filter(~pl.col("may_be_shared_line")) if decided else misuse
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
    return f"{title:84} " + "  ".join(shown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    options = parser.parse_args()
    calls = read(options.home, options.truth)
    for which in PAIRS:
        for group, title in (("number", "by number alone"), ("caller_id", "by caller")):
            if which == "all" or group == "caller_id":
                print(told(f"pairs of spells with details, {which}, {title}", pairwise(calls, group, which)))
    for truly, what in (("is_misuse", "as the run judges calls"), ("is_truly_misuse", "as the calls truly are")):
        for group, title in (("number", "by number alone"), ("caller_id", "by caller")):
            print(told(f"persistent people, {what}, {title}", people(calls, group, truly)))
        print(
            told(
                f"persistent people, {what}, by caller, shared lines decided", people(calls, group, truly, decided=True)
            )
        )


if __name__ == "__main__":
    main()
