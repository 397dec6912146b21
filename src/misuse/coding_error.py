"""In a run: verdicts to error rates by code, to each caller's chance of truly being over the line, to the headline.

The set work is in sql/coding, the statistics in misuse.coding. Without a finished double-coding sample nothing is
corrected: the figures are there with no value, and their method says what to do next.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from misuse import casebook, coding, ingest, models, publication, store, warehouse
from misuse.errors import UsageError
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import polars as pl

MODELS = (
    "coding/coding_calls",
    "coding/coding_codes",
    "coding/coding_strata",
    "coding/coding_counts",
    "coding/coding_verdicts",
)
FACTS = ("coding/coding_facts", "coding/coding_banded")  # only for a classifier
FIGURES = {
    "corrected_persistent_callers": "callers",
    "corrected_persistent_misuse_calls": "calls",
    "corrected_misuse_calls": "calls",
    "corrected_share_of_misuse": "share",
}
# Where coding error is measured, who cannot be over the line has no chance of it.
CANDIDATES = """
select
    candidates.* replace (
        case
            when exists (select 1 from code_error_rates) then coalesce(chances.p_at_least_threshold, 0.0)
        end as p_at_least_threshold
    )
from tasking_candidates as candidates
left join caller_chances as chances on candidates.caller_id = chances.caller_id
"""
_KINDS = {"misuse": "coded misuse", "doubtful": "doubtful", "other": "other codes"}
_TOLD = """
select estimate, point, low, high, method
from estimates
where window_name = 'headline' and counted_by = 'caller' and starts_with(estimate, 'corrected_')
"""
_IS_CODED = "select count(*) from casebook_coded_calls"
_DRAWN = """
select sample_id, calls, least(first_coded, second_coded) as coded
from casebook_coding_samples
where not is_complete
order by drawn_at desc, sample_id desc
limit 1
"""
_STRATA = "from coding_strata order by is_frequent, kind, stratum"
# Ordered by value, never by pseudonym alone: sums then come out alike for any names.
_COUNTS = "select caller_id, kind, stratum, calls from coding_counts order by caller_id, kind, stratum"
_CODED = "casebook_coded_calls"
_HAS_RUN = """
select count(*) from duckdb_tables()
where database_name = current_database() and table_name in ('calls', 'windows')
"""
_CLASSIFIER = "select document from casebook_coding_models order by trained_at desc limit 1"
_FACTS = "select * replace (cast(call_key as varchar) as call_key) from coding_facts order by call_key"
_VERDICT = "select caller_id, kind, stratum, is_misuse from coding_verdicts order by call_key"
# In place of the casebook's while it is reckoned with.
_UNTAUGHT = """
create or replace temp table casebook_coded_calls as
select * from casebook_coded_calls
where cast(call_key as varchar) not in (select call_key from taught_calls)
"""
_RAW = "select caller_id, misuse_calls from caller_windows where window_name = 'headline'"
_OUTCOMES = ("both_misuse", "both_not", "upheld", "turned_down", "pending")


def reckon(con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any], *, seed: int) -> None:
    """Make code_error_rates and caller_chances, and add the corrected figures to `estimates`.

    The warehouse holds this run's `calls`, `windows`, `caller_windows`, `estimates` and the casebook's tables.
    """
    coded = con.execute(_IS_CODED).fetchone()
    if not coded or not coded[0]:
        _store(con, parameters, _without(con), [], [])
        return
    document = _prepared(con)
    strata = _rows(con, _STRATA)
    tallies = _tallies(strata)
    rates = coding.verdict_rates(tallies)
    counts, callers = _counts(con, strata)
    totals = [int(row["calls"]) for row in strata]
    verdicts = _verdicts(con, strata, callers)
    found = _corrected(counts, rates, totals, int(parameters["threshold"]), seed, verdicts)
    _store(
        con,
        parameters,
        _figures(found, tallies, document),
        _rates(strata, rates),
        _chances(con, callers, counts, found),
    )
    for name in (*MODELS, *FACTS, _CODED):
        models.drop_temporary(con, models.relation_name(name))


def _prepared(con: duckdb.DuckDBPyConnection) -> dict[str, Any] | None:
    """Build MODELS, codes parted by the classifier where one ships; returns the newest one, if anybody trained one."""
    row = con.execute(_CLASSIFIER).fetchone()
    document: dict[str, Any] | None = json.loads(row[0]) if row else None
    models.build(con, MODELS[0], {}, temporary=True)
    if document and document["ships"] and document.get("judged_from"):
        facts = facts_of(con)
        bands = facts.select("call_key").with_columns(band=_series(coding.classifier.apply(document, facts)))
        con.register("call_bands", bands)
        models.build(con, FACTS[1], {}, temporary=True, relation=models.relation_name(MODELS[0]))
        con.unregister("call_bands")
        _leave_out_what_taught(con, facts, document)
    for name in MODELS[1:]:
        models.build(con, name, {}, temporary=True)
    return document


def _leave_out_what_taught(con: duckdb.DuckDBPyConnection, facts: pl.DataFrame, document: Mapping[str, Any]) -> None:
    """Verdicts that the classifier learned from rate nothing: it parts those calls better than any it has not seen."""
    import polars as pl

    taught = facts.filter(pl.col("month").cast(pl.String) < str(document["judged_from"])).select("call_key")
    con.register("taught_calls", taught)
    con.execute(_UNTAUGHT)
    con.unregister("taught_calls")


def facts_of(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Facts and verdicts of frequent callers' calls, by call; `coding_calls` is built."""
    for name in (MODELS[1], MODELS[4], FACTS[0]):
        models.build(con, name, {}, temporary=True)
    return con.execute(_FACTS).pl()


def train(settings: Settings, *, actor: str, now: datetime) -> dict[str, Any]:
    """Train a classifier on the verdicts there are, over the last run's calls, and record it; a run uses it if it ships.

    Errors: Refused for whoever may not; UsageError before a run, or without a finished sample.
    """
    with casebook.opened(settings) as book:
        book.admit("train_model", actor, occurred_at=now)
        rows = book.tables()[_CODED]
    if not rows:
        raise UsageError("no sample of calls is coded by both coders", next_step="misuse coding status")
    with warehouse.opened(settings) as con:
        if con.execute(_HAS_RUN).fetchone() != (2,):
            raise UsageError("a classifier learns from a run's calls, and there is no run yet", next_step="misuse run")
        models.script(con, f"rules/{_CODED}", {})
        ingest.insert_rows(con, _CODED, rows)
        models.build(con, MODELS[0], {}, temporary=True)
        facts = facts_of(con)
    document = coding.classifier.train(facts.drop_nulls("is_misuse"))
    with casebook.opened(settings) as book:
        book.record("coding_model_trained", actor=actor, occurred_at=now, payload={"document": document})
    return document


def _series(values: Sequence[str]) -> pl.Series:
    import polars as pl

    return pl.Series(values, dtype=pl.String)


def _classified(document: Mapping[str, Any] | None) -> str:
    """Whether call facts sharpen the codes, and why."""
    if document is None:
        return "by codes alone, since no classifier was trained (misuse coding train)"
    return f"{'codes parted by a classifier' if document['ships'] else 'by codes alone'}: {document['why']}"


def told(con: duckdb.DuckDBPyConnection) -> dict[str, Any] | None:
    """The corrected figures of `estimates`, by name without 'corrected_': point, low, high; and `method`.

    None where the copy is of a run that knew nothing of them; points are None where nothing was coded again.
    """
    rows = {row["estimate"]: row for row in _rows(con, _TOLD)}
    if not rows.keys() >= FIGURES.keys():
        return None
    figures = {
        name.removeprefix("corrected_"): {end: rows[name][end] for end in ("point", "low", "high")} for name in FIGURES
    }
    return figures | {"method": rows["corrected_persistent_callers"]["method"]}


def _corrected(
    counts: Any, rates: coding.Rates, totals: Sequence[int], threshold: int, seed: int, verdicts: coding.Verdicts
) -> coding.Corrected:
    import numpy as np

    whole = np.array(totals, dtype=np.int64)
    return coding.corrected(counts, rates, whole, threshold, seed=seed, verdicts=verdicts)


def _verdicts(
    con: duckdb.DuckDBPyConnection, strata: Sequence[Mapping[str, Any]], callers: Sequence[str]
) -> coding.Verdicts:
    """Verdicts by row of the counts. Calls coded misuse err in one way, those coded otherwise in another."""
    import numpy as np

    column, place = _columns(strata), {caller: at for at, caller in enumerate(callers)}
    rows = con.execute(_VERDICT).fetchall()  # a row a verdict: some hundreds
    return coding.Verdicts(
        caller=np.array([place[caller] for caller, *_ in rows], dtype=np.int64),
        stratum=np.array([column[kind, stratum] for _, kind, stratum, _ in rows], dtype=np.int64),
        is_misuse=np.array([is_misuse for *_, is_misuse in rows], dtype=np.bool_),
        group=np.array([row["kind"] == "other" for row in strata], dtype=np.int64),
    )


def _columns(strata: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """The place of each stratum of frequent callers' calls."""
    return {(row["kind"], row["stratum"]): at for at, row in enumerate(strata) if row["is_frequent"]}


def _tallies(strata: Sequence[Mapping[str, Any]]) -> list[coding.Tally]:
    """One a stratum. Strata lean on those of their kind and side; where none of these was sampled, on their kind."""
    sampled: dict[tuple[Any, ...], int] = {}
    for row in strata:
        for key in ((row["kind"], row["is_frequent"]), (row["kind"],)):
            sampled[key] = sampled.get(key, 0) + sum(row[name] for name in _OUTCOMES)

    def group(row: Mapping[str, Any]) -> str:
        if all(sampled[row["kind"], side] for side in (True, False) if (row["kind"], side) in sampled):
            return f"{row['kind']} {row['is_frequent']}"
        return str(row["kind"]) if sampled[row["kind"],] else "any"

    groups = [group(row) for row in strata]
    if "any" in groups:
        groups = ["any"] * len(groups)
    return [
        coding.Tally(stratum_name(row), name, *(row[part] for part in _OUTCOMES))
        for row, name in zip(strata, groups, strict=True)
    ]


def stratum_name(row: Mapping[str, Any]) -> str:
    """A stratum in words."""
    return f"{_KINDS[row['kind']]}: {row['stratum']}, {'frequent callers' if row['is_frequent'] else 'all others'}"


def _counts(con: duckdb.DuckDBPyConnection, strata: Sequence[Mapping[str, Any]]) -> tuple[Any, list[str]]:
    """Calls of each frequent caller (row) in each stratum (column), and the callers."""
    import numpy as np

    column = _columns(strata)
    rows = con.execute(_COUNTS).fetchall()
    callers = list(dict.fromkeys(row[0] for row in rows))
    place = {caller: at for at, caller in enumerate(callers)}
    counts = np.zeros((len(callers), len(strata)), dtype=np.int64)
    for caller, kind, stratum, calls in rows:  # a row a caller and code, not a call
        counts[place[caller], column[kind, stratum]] = calls
    return counts, callers


def _figures(
    found: coding.Corrected, tallies: Sequence[coding.Tally], document: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    agreed = coding.agreement(tallies)
    method = (
        f"{agreed.calls} {found.method}; the coders agreed on {agreed.agreed:.1%}"
        + (f" (kappa {agreed.kappa:.2f})" if agreed.kappa is not None else "")
        + f"; {_classified(document)}; calls that a hard stop bars are left out, doubtful ones have an error rate of their own"
    )
    values = (found.persistent_callers, found.persistent_misuse_calls, found.misuse_calls, found.share_of_misuse)
    figures = [
        {"estimate": name, "unit": unit, "point": value.point, "low": min(value.low, value.point),
         "high": max(min(value.high, 1.0) if unit == "share" else value.high, value.point), "method": method}
        for (name, unit), value in zip(FIGURES.items(), values, strict=True)
    ]  # fmt: skip
    figures[-1] |= {"numerator": values[1].point, "denominator": values[2].point}
    return figures


def _without(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The figures with no value, and why."""
    drawn = con.execute(_DRAWN).fetchone()
    why = (
        f"not corrected: of the {drawn[1]} calls of sample {drawn[0]} not all are coded by both coders yet; "
        "misuse coding status"
        if drawn
        else "not corrected: no sample of calls has been coded again by two people; misuse coding plan"
    )
    return [{"estimate": name, "unit": unit, "method": why} for name, unit in FIGURES.items()]


def _rates(strata: Sequence[Mapping[str, Any]], rates: coding.Rates) -> list[dict[str, Any]]:
    return [
        {**{name: row[name] for name in ("is_frequent", "kind", "stratum", "calls")},
         "coded_again": sum(row[name] for name in _OUTCOMES), "found_misuse": row["both_misuse"] + row["upheld"],
         "unsettled": row["pending"], "cannot_tell": row["unknown"], "misuse_share": share, "low": low, "high": high}
        for row, share, (low, high) in zip(strata, rates.means.tolist(), rates.interval().tolist(), strict=True)
    ]  # fmt: skip


def _chances(
    con: duckdb.DuckDBPyConnection, callers: Sequence[str], counts: Any, found: coding.Corrected
) -> list[dict[str, Any]]:
    raw = dict(con.execute(_RAW).fetchall())
    return [
        {"caller_id": caller, "calls": calls, "misuse_calls": raw.get(caller, 0), "expected_misuse_calls": expected,
         "p_at_least_threshold": min(max(probability, 0.0), 1.0)}
        for caller, calls, expected, probability in zip(
            callers, counts.sum(axis=1).tolist(), found.expected.tolist(), found.probability.tolist(), strict=True
        )
    ]  # fmt: skip


def _store(
    con: duckdb.DuckDBPyConnection,
    parameters: Mapping[str, Any],
    figures: Sequence[Mapping[str, Any]],
    rates: Sequence[Mapping[str, Any]],
    chances: Sequence[Mapping[str, Any]],
) -> None:
    stamp = {"run_id": parameters["run_id"], "as_of": parameters["as_of"]}
    place = {"window_name": "headline", "counted_by": "caller"}
    con.register("corrected_rows", _frame("estimates", [stamp | place | dict(row) for row in figures]))
    con.table("corrected_rows").insert_into("estimates")
    con.unregister("corrected_rows")
    publication.store_frame(con, "code_error_rates", _frame("code_error_rates", [stamp | dict(row) for row in rates]))
    publication.store_frame(con, "caller_chances", _frame("caller_chances", [stamp | dict(row) for row in chances]))


def _frame(relation: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """The relation's columns in order, null where a row has none; fractions settled to eight figures."""
    import polars as pl

    declared = publication.declared(relation)
    kinds = {"DOUBLE": pl.Float64, "BIGINT": pl.Int64, "BOOLEAN": pl.Boolean, "DATE": pl.Date}
    schema = [(column.name, kinds.get(column.type, pl.String)) for column in declared.columns]
    return pl.DataFrame(
        [tuple(_settled(row.get(name)) for name, _ in schema) for row in rows], schema=schema, orient="row"
    )


def _settled(value: Any) -> Any:
    """A library's last bits must not move the digest."""
    return float(f"{value:.8g}") if isinstance(value, float) else value


def _rows(con: duckdb.DuckDBPyConnection, statement: str) -> list[dict[str, Any]]:
    return store.rows(con.execute(statement))
