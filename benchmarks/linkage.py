"""How well the linker tells who is who, where it is known: planted people, or a file of records with their truth.

    python -m benchmarks.linkage                             # planted people (benchmarks/planted.py), two seeds
    python -m benchmarks.linkage --records FILE.parquet      # Splink's example data set `historical_50k`, its `cluster` as the truth
    python -m benchmarks.linkage --records FILE --write      # both, and docs/model-card.md written from them

Every record is one number-holding spell. The linker is handed details and an arbitrary number; who is who is kept
aside until the groups are made. Printed at each level: pairwise precision, recall and F1; of people with ten records or
more how many are found (a group of ten or more holding ten or more of theirs, they its majority); of groups of ten or
more how many are right (majority of one who has ten or more, at least nine tenths theirs).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from benchmarks import planted
from misuse import identity, linkage, models

PAGE = Path(__file__).parents[1] / "docs/model-card.md"
DETAILS = ("subscriber_name", "subscriber_address", "subscriber_postcode", "person_name", "birth_date")
LEVELS = ("strict", "standard", "loose")
TEN = 10
SEEDS = (1, 2)
HISTORICAL = {
    "full_name": "subscriber_name", "birth_place": "subscriber_address", "postcode_fake": "subscriber_postcode",
    "dob": "birth_date",
}  # fmt: skip


def historical(path: Path) -> pl.DataFrame:
    """Each record of the file as one spell: who it is stays in `truth`, the record's own id is left behind."""
    frame = pl.read_parquet(path).sample(fraction=1.0, shuffle=True, seed=5)
    found = frame.select(
        *(pl.col(name).cast(pl.String).alias(detail) for name, detail in HISTORICAL.items()),
        pl.lit(None, pl.String).alias("person_name"),
        truth=pl.col("cluster").rank("dense").cast(pl.Int64),
    )
    return found.with_row_index("spell")


def empty_vault() -> duckdb.DuckDBPyConnection:
    """A vault in memory, of the present schema."""
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    con.execute("set enable_progress_bar = false")
    con.execute("attach ':memory:' as vault")
    con.execute("use vault")
    for name in models.names("schema"):
        if "vault" in name:
            models.script(con, name, {})
    con.execute("use memory")
    return con


def put_records(con: duckdb.DuckDBPyConnection, records: pl.DataFrame) -> pl.DataFrame:
    """The records into the vault, each distinct combination once; which spell bears which."""
    folded = records.select("spell", *(pl.col(name).str.to_uppercase() for name in DETAILS))
    con.register("folded", folded)
    con.execute(_NUMBERED)
    con.execute(_KEPT)
    spells = con.execute("select spell, cast(record_key as varchar) as record from numbered order by spell").pl()
    con.unregister("folded")
    return spells


_NUMBERED = """
create or replace temp table numbered as
select
    *,
    md5(concat_ws('|', subscriber_name, subscriber_address, subscriber_postcode, person_name, birth_date))::uuid
        as record_key
from folded
"""
_KEPT = """
insert into vault.identity_records by name
select distinct record_key, subscriber_name, subscriber_address, subscriber_postcode, person_name, birth_date
from numbered
"""
_PAIRS = """
select cast(record_a as varchar) as record_a, cast(record_b as varchar) as record_b, weight
from vault.identity_pairs
where model_digest = $digest
"""


def linked(spells: pl.DataFrame, pairs: pl.DataFrame, cuts: identity.Cuts) -> identity.Groups:
    """Groups of spells by pairs of their records, as a run makes them."""
    links = (
        pairs.join(spells.select(record_a="record", one="spell"), on="record_a")
        .join(spells.select(record_b="record", other="spell"), on="record_b")
        .filter((pl.col("record_a") != pl.col("record_b")) | (pl.col("one") < pl.col("other")))
    )
    one, other = (links[name].to_numpy().astype(np.int64) for name in ("one", "other"))
    return identity.group(spells.height, one, other, links["weight"].to_numpy(), cuts=cuts)


def measured(records: pl.DataFrame, seed: int = 1) -> dict[str, Any]:
    """Train, score and group these records; what came of it and how long it took."""
    con = empty_vault()
    spells = put_records(con, records)
    started = time.perf_counter()
    model = linkage.train(con, seed=seed)
    trained = time.perf_counter()
    linkage.score(con, model)
    pairs = con.execute(_PAIRS, {"digest": model.digest}).pl()
    groups = linked(spells, pairs, model.cuts)
    done = time.perf_counter()
    con.close()
    found = {
        level: figures(records.select("truth").with_columns(group=pl.Series(getattr(groups, level))))
        for level in LEVELS
    }
    return {"levels": found, "groups": groups, "model": model, "seconds": (trained - started, done - trained)}


def pairs_in(frame: pl.DataFrame, *keys: str) -> int:
    sizes = frame.group_by(*keys).len()["len"].cast(pl.Int64)
    return int((sizes * (sizes - 1) // 2).sum())


def figures(frame: pl.DataFrame) -> dict[str, float]:
    """Pairwise and by person, of a frame of `truth` and `group`."""
    both, told, true = (pairs_in(frame, *keys) for keys in (("truth", "group"), ("group",), ("truth",)))
    precision, recall = both / max(told, 1), both / max(true, 1)
    big = frame.group_by("truth").len().filter(pl.col("len") >= TEN)["truth"]
    largest = (
        frame.group_by("group", "truth")
        .agg(theirs=pl.len())
        .sort(["theirs", "truth"], descending=[True, False])
        .unique("group", keep="first", maintain_order=True)
        .join(frame.group_by("group").agg(size=pl.len()), on="group")
        .filter(pl.col("size") >= TEN)
    )
    of_big = largest.filter(pl.col("truth").is_in(big.implode()))
    found = of_big.filter((pl.col("theirs") >= TEN) & (2 * pl.col("theirs") > pl.col("size")))
    right = of_big.filter(10 * pl.col("theirs") >= 9 * pl.col("size"))
    return {
        "records": frame.height,
        "precision": precision,
        "recall": recall,
        "F1": 2 * precision * recall / max(precision + recall, 1e-12),
        "people": len(big),
        "found": found["truth"].n_unique() / max(len(big), 1),
        "groups": largest.height,
        "right": right.height / max(largest.height, 1),
    }


def kinds(records: pl.DataFrame, groups: identity.Groups) -> dict[str, dict[str, float]]:
    """The strict level again, by what records know: a person's records are judged where all are of the kind."""
    frame = records.with_columns(group=pl.Series(groups.strict))
    known = {
        "birth date known": pl.col("birth_date").is_not_null(),
        "no birth date": pl.col("birth_date").is_null(),
        "birth date the first of January": pl.col("birth_date").str.contains(r"^(?:01/01/|\d{4}-01-01)"),
        "no postcode": pl.col("subscriber_postcode").is_null(),
    }
    return {name: figures(frame.filter(kind)) for name, kind in known.items()}


def table(rows: dict[str, dict[str, float]]) -> str:
    """Rows of figures as Markdown."""
    lines = [
        "| | records | precision | recall | F1 | people with ten | found | groups of ten | right |",
        "|---" * 9 + "|",
    ]
    for name, row in rows.items():
        lines.append(
            f"| {name} | {row['records']:,} | {row['precision']:.3f} | {row['recall']:.3f} | {row['F1']:.3f} "
            f"| {row['people']:,.0f} | {100 * row['found']:.1f}% | {row['groups']:,.0f} | {100 * row['right']:.1f}% |"
        )
    return "\n".join(lines) + "\n"


def told(title: str, outcome: dict[str, Any], records: pl.DataFrame) -> str:
    """What one set of records showed, as a section of the model card."""
    training, scoring = outcome["seconds"]
    rows = outcome["levels"] | kinds(records, outcome["groups"])
    return (
        f"### {title}\n\n{table(rows)}\nTraining took {training:.0f} s, scoring and grouping {scoring:.0f} s, on the "
        "machine of the last `--write`. The last rows are the strict level among records of a kind.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    sections = []
    if options.records:
        records = historical(options.records)
        outcome = measured(records)
        sections.append(told("Historical figures, 50,578 records of 5,156 people", outcome, records))
        sections.append(f"```\n{linkage.card(outcome['model'])}```\n")
    if options.write or not options.records:
        for seed in SEEDS:
            records = planted.records(seed)
            sections.append(told(f"Planted people, seed {seed}", measured(records), records))
    text = "\n".join(sections)
    print(text)
    if options.write:
        start, end = "<!-- figures: benchmarks/linkage.py writes what follows -->\n\n", "<!-- end of figures -->"
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(start)
        PAGE.write_text(f"{before}{start}{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
