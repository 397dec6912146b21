"""In a run: verdicts to error rates by code, to each caller's chance of truly being over the line, to the headline.

The set work is in sql/coding, the statistics in misuse.coding. Without a finished double-coding sample, or where one
says nothing of the calls coded misuse or of those coded otherwise, nothing is corrected: the figures are there with no
value, and their method says why and what to do next.
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
_SIDES = {True: "frequent callers", False: "all others"}
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
_CALLS = "select caller_id, cast(sum(calls) as bigint) from coding_counts group by caller_id"
_RAW = "select caller_id, misuse_calls from caller_windows where window_name = 'headline'"
ENOUGH = 100  # verdicts on frequent callers' calls of either kind: with fewer every chance is a rough one
_SETTLED = ("both_misuse", "both_not", "upheld", "turned_down")
_OUTCOMES = (*_SETTLED, "pending")


def reckon(con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any], *, seed: int) -> None:
    """Make code_error_rates and caller_chances, and add the corrected figures to `estimates`.

    The warehouse holds this run's `calls`, `windows`, `caller_windows`, `estimates` and the casebook's tables.
    """
    coded = con.execute(_IS_CODED).fetchone()
    if not coded or not coded[0]:
        _store(con, parameters, _without(_not_coded(con)), [], [])
        return
    document = _prepared(con)
    every = _rows(con, _STRATA)
    unrated = _unrated(every)
    if why_not := _lacking(every, unrated):
        _store(con, parameters, _without(why_not), [], [])
    else:
        _reckon(con, parameters, every, unrated, document, seed)
    for name in (*MODELS, *FACTS, _CODED):
        models.drop_temporary(con, models.relation_name(name))


def _reckon(
    con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any], every: Sequence[Mapping[str, Any]],
    unrated: Mapping[tuple[str, bool], int], document: Mapping[str, Any] | None, seed: int,
) -> None:  # fmt: skip
    """Correct by the verdicts."""
    strata = [row for row in every if (row["kind"], row["is_frequent"]) not in unrated]
    tallies = _tallies(strata)
    rates = coding.verdict_rates(tallies)
    counts, callers = _counts(con, strata)
    totals = [int(row["calls"]) for row in strata]
    verdicts = _verdicts(con, strata, callers)
    found = _corrected(counts, rates, totals, int(parameters["threshold"]), seed, verdicts)
    method = f"{_classified(document)}; {_left_out(strata, unrated)}{_few(strata)}"
    _store(
        con,
        parameters,
        _figures(found, tallies, method),
        [*_rates(strata, rates), *(_again(row) for row in every if row not in strata)],
        _chances(con, callers, found),
    )


def _unrated(strata: Sequence[Mapping[str, Any]]) -> dict[tuple[str, bool], int]:
    """Kinds of code and sides on which there is no verdict: their share of misuse is not known. With their calls."""
    calls: dict[tuple[str, bool], int] = {}
    settled: dict[tuple[str, bool], int] = {}
    for row in strata:
        key = row["kind"], row["is_frequent"]
        calls[key] = calls.get(key, 0) + row["calls"]
        settled[key] = settled.get(key, 0) + sum(row[name] for name in _SETTLED)
    return {key: calls[key] for key in calls if not settled[key]}


def _lacking(strata: Sequence[Mapping[str, Any]], unrated: Mapping[tuple[str, bool], int]) -> str:
    """Why a finished sample corrects nothing; empty where it does.

    Doubtful calls without a verdict hinder nothing: they are left out, as every count leaves them out.
    """
    said = []
    for (kind, side), calls in sorted(unrated.items(), key=lambda found: not found[0][1]):  # frequent callers first
        rows = [row for row in strata if (row["kind"], row["is_frequent"]) == (kind, side)]
        pending, unknown = (sum(row[name] for row in rows) for name in ("pending", "unknown"))
        why = [f"{unknown} cannot be told"] * bool(unknown) + [f"{pending} not settled"] * bool(pending)
        if kind != "doubtful" and calls:
            coded = "coded misuse" if kind == "misuse" else "coded otherwise"
            said.append(f"{coded} of {_SIDES[side]} ({', '.join(why) or 'none drawn'})")
    if not said:
        return ""
    return (
        f"not corrected: no verdict on any call {' or '.join(said)}, so nobody knows how many of them truly are misuse; "
        "misuse coding status, then misuse coding draw"
    )


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
    # A call that was drawn under another kind may be doubtful now, and those may be left out.
    rows = [row for row in rows if (row[1], row[2]) in column]
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
    """One a stratum. Strata lean on those of their kind and side, of which some call has a verdict, and on no others."""
    return [
        coding.Tally(stratum_name(row), f"{row['kind']} {row['is_frequent']}", *(row[part] for part in _OUTCOMES))
        for row in strata
    ]


def stratum_name(row: Mapping[str, Any]) -> str:
    """A stratum in words."""
    return f"{_KINDS[row['kind']]}: {row['stratum']}, {_SIDES[row['is_frequent']]}"


def _counts(con: duckdb.DuckDBPyConnection, strata: Sequence[Mapping[str, Any]]) -> tuple[Any, list[str]]:
    """Calls of each frequent caller (row) in each stratum (column), and the callers."""
    import numpy as np

    column = _columns(strata)
    rows = con.execute(_COUNTS).fetchall()
    callers = list(dict.fromkeys(row[0] for row in rows))
    place = {caller: at for at, caller in enumerate(callers)}
    counts = np.zeros((len(callers), len(strata)), dtype=np.int64)
    for caller, kind, stratum, calls in rows:  # a row a caller and code, not a call
        if (kind, stratum) in column:
            counts[place[caller], column[kind, stratum]] = calls
    return counts, callers


def _left_out(strata: Sequence[Mapping[str, Any]], unrated: Mapping[tuple[str, bool], int]) -> str:
    """Which calls the correction does not know, and which verdicts tell of no call that is still there."""
    sides = " and ".join(_SIDES[side] for (kind, side), calls in unrated.items() if kind == "doubtful" and calls)
    gone = sum(row[name] for row in strata if not row["calls"] for name in _OUTCOMES)
    return (
        "calls that a hard stop bars are left out, "
        + (f"doubtful ones of {sides} too, none of which has a verdict" if sides else "doubtful ones have an error rate of their own")
        + (f"; {gone} verdicts are on codes that the log has no more: other codes of their kind lean on them" if gone else "")
    )  # fmt: skip


def _few(strata: Sequence[Mapping[str, Any]]) -> str:
    """That few calls were coded again of those that decide who is over the line; nothing where enough were."""
    again = {
        kind: sum(row[name] for row in strata if (row["kind"], row["is_frequent"]) == (kind, True) for name in _SETTLED)
        for kind in ("misuse", "other")
        if any((row["kind"], row["is_frequent"]) == (kind, True) for row in strata)
    }
    if not again or min(again.values()) >= ENOUGH:
        return ""
    names = {"misuse": "coded misuse", "other": "coded otherwise"}
    told = ", ".join(f"{calls} {names[kind]}" for kind, calls in again.items())
    return f"; few calls were coded again: of frequent callers' {told}"


def _figures(found: coding.Corrected, tallies: Sequence[coding.Tally], how: str) -> list[dict[str, Any]]:
    agreed = coding.agreement(tallies)
    method = (
        f"{agreed.calls} {found.method}; the coders agreed on {agreed.agreed:.1%}"
        + (f" (kappa {agreed.kappa:.2f})" if agreed.kappa is not None else "")
        + f"; {how}"
    )
    values = (found.persistent_callers, found.persistent_misuse_calls, found.misuse_calls, found.share_of_misuse)
    figures = [
        {"estimate": name, "unit": unit, "point": value.point, "low": min(value.low, value.point),
         "high": max(value.high, value.point), "method": method}
        for (name, unit), value in zip(FIGURES.items(), values, strict=True)
    ]  # fmt: skip
    figures[-1] |= {"numerator": values[1].point, "denominator": values[2].point}
    return figures


def _without(why: str) -> list[dict[str, Any]]:
    """The figures with no value, and why."""
    return [{"estimate": name, "unit": unit, "method": why} for name, unit in FIGURES.items()]


def _not_coded(con: duckdb.DuckDBPyConnection) -> str:
    drawn = con.execute(_DRAWN).fetchone()
    return (
        f"not corrected: of the {drawn[1]} calls of sample {drawn[0]} not all are coded by both coders yet; "
        "misuse coding status"
        if drawn
        else "not corrected: no sample of calls has been coded again by two people; misuse coding plan"
    )


def _rates(strata: Sequence[Mapping[str, Any]], rates: coding.Rates) -> list[dict[str, Any]]:
    return [
        _again(row) | {"misuse_share": share, "low": low, "high": high}
        for row, share, (low, high) in zip(strata, rates.means.tolist(), rates.interval().tolist(), strict=True)
    ]


def _again(row: Mapping[str, Any]) -> dict[str, Any]:
    """What was coded again of a stratum."""
    return {
        **{name: row[name] for name in ("is_frequent", "kind", "stratum", "calls")},
        "coded_again": sum(row[name] for name in _OUTCOMES), "found_misuse": row["both_misuse"] + row["upheld"],
        "unsettled": row["pending"], "cannot_tell": row["unknown"],
    }  # fmt: skip


def _chances(con: duckdb.DuckDBPyConnection, callers: Sequence[str], found: coding.Corrected) -> list[dict[str, Any]]:
    raw, calls = (dict(con.execute(statement).fetchall()) for statement in (_RAW, _CALLS))
    return [
        {"caller_id": caller, "calls": calls[caller], "misuse_calls": raw.get(caller, 0),
         "expected_misuse_calls": expected, "p_at_least_threshold": min(max(probability, 0.0), 1.0)}
        for caller, expected, probability in zip(
            callers, found.expected.tolist(), found.probability.tolist(), strict=True
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
