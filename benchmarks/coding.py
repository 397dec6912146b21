"""Coding error from end to end: planted in a synthetic log, found by two simulated coders, and reckoned with by a run.

    python -m benchmarks.coding [--home FOLDER] [--days 365] [--calls-per-day 6000] [--sample 2500] [--missed 0.25]
                                [--samples 1]

A home is made anew: a synthetic log with further error planted in its codes, taken in, run; a sample drawn by `misuse
coding draw`'s own code, coded twice by coders who see the truth and err, settled by a third; run again. Then the
corrected count of persistent callers stands beside the raw one and the true one, and each caller's probability beside
what is true: expected calibration error, over all whom the run gives one, and over those that it is not sure of. All chances
of a run hang on one sample, so `--samples` draws further ones of the same year and reckons with each in place of the first.
The keys are fixed, so that the same samples are drawn anywhere.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from misuse import (
    casebook,
    coding,
    coding_error,
    double_coding,
    ingest,
    intake,
    models,
    pipeline,
    publication,
    synth,
    warehouse,
)
from misuse.casebook.coding import EVENTS, MISUSE, NOT_MISUSE, samples
from misuse.errors import MisuseError
from misuse.ingest import SYNTHETIC_SOURCE
from misuse.settings import Settings

NOW = datetime.fromisoformat("2026-01-15T03:00")
MISUSE_CODES = ("HOAX", "NUISANCE CALL", "ABUSIVE CALL", "SILENT NUISANCE", "INAPPROPRIATE 999")
INSTEAD = ("NON EMERGENCY", "ADVICE", "ABANDONED", "CONCERN FOR SAFETY")
CODERS = ("first", "second")
CODER_ERRS, WRONGLY_CODED = 0.03, 0.001
UNDECIDED = (0.02, 0.98)
TOKEN_KEY = "7" * 64

TRUE_CALLS = """
select cast(records.call_key as varchar) as call_key, truth.is_truly_misuse
from call_records as records
inner join vault.call_details as details
    on records.call_key = details.call_key and records.content_digest = details.content_digest
inner join read_parquet($truth) as truth on details.call_id = truth.call_date || '|' || truth.call_number
"""
TRUE_CALLERS = """
with

true_calls as (
    select calls.caller_id, truth.is_truly_misuse
    from calls
    inner join windows on calls.received_at >= windows.window_from and calls.received_at < windows.window_to
    inner join truths as truth on cast(calls.call_key as varchar) = truth.call_key
    where
        windows.window_name = 'headline' and calls.channel = windows.channel and not calls.is_stopped
        and calls.identity_kind = 'person'
)

select caller_id, count(*) filter (where is_truly_misuse) as misuse_calls
from true_calls
group by caller_id
"""
ESTIMATES = (
    "select estimate, point, low, high, method from estimates where window_name = 'headline' and counted_by = 'caller'"
)


@dataclass(frozen=True)
class Result:
    """What a run found beside what is true."""

    true: int
    raw: float
    corrected: tuple[float, float, float]
    sampled: int
    calibration: coding.Reliability
    undecided: coding.Reliability
    method: str

    @property
    def raw_error(self) -> float:
        return self.raw / self.true - 1.0

    @property
    def corrected_error(self) -> float:
        return self.corrected[0] / self.true - 1.0


def make(home: Path, *, days: int, calls_per_day: int, missed: float, seed: int, **changes: Any) -> Settings:
    """A home that holds a synthetic log with wrong codes, and its first run."""
    settings = Settings(home=home, token_key=TOKEN_KEY, **changes)
    synth.make(synth.SyntheticSettings(days=days, calls_per_day=calls_per_day), home / "synth")
    plant(home / "synth", missed=missed, wrong=WRONGLY_CODED, seed=seed)
    logs = sorted((home / "synth" / "log").glob("*.csv"))
    for outcome in intake.ingest_files(settings, logs, SYNTHETIC_SOURCE, actor="tester", now=NOW):
        if isinstance(outcome, MisuseError):
            raise outcome
    run(settings, NOW)
    return settings


def run(settings: Settings, now: datetime) -> None:
    """A run without its papers."""
    run_id = pipeline.begin(settings, None, now, force=True)
    for name in pipeline.STEPS:
        if name != "report":
            pipeline.step(settings, run_id, name, now)
    pipeline.finish(settings, run_id, now)


def plant(folder: Path, *, missed: float, wrong: float, seed: int) -> None:
    """Write other closing codes into the log: of true misuse coded so a share becomes something else, of the rest one in
    a thousand becomes misuse. The truth beside the log stays as it is.
    """
    rng = np.random.default_rng(seed)
    truth = pl.read_parquet(folder / "truth" / "truth_calls.parquet").select(
        "call_date", pl.col("call_number").cast(pl.String), "is_truly_misuse"
    )
    for path in sorted((folder / "log").glob("*.csv")):
        log = pl.read_csv(path, infer_schema=False).join(
            truth, on=["call_date", "call_number"], how="left", maintain_order="left"
        )
        is_true, code = log["is_truly_misuse"].fill_null(False), log["closing_code"]
        chance = pl.Series(rng.random(log.height))
        is_missed = is_true & code.is_in(MISUSE_CODES) & (chance < missed)
        is_wrong = ~is_true & code.is_not_null() & (chance < wrong)
        other, misuse = (pl.Series(rng.choice(words, log.height)) for words in (INSTEAD, MISUSE_CODES))
        log.with_columns(
            pl.when(is_missed).then(other).when(is_wrong).then(misuse).otherwise("closing_code").alias("closing_code")
        ).drop("is_truly_misuse").write_csv(path)


def code(settings: Settings, *, calls: int, seed: int, draw_seed: int | None = None) -> int:
    """Draw a sample, code it twice by coders who err, and have a third settle what they differ on; returns its size."""
    with casebook.opened(settings) as book:
        if not book.users():
            book.set_user("head", "administrator", actor="tester", occurred_at=NOW)
            for name in (*CODERS, "third"):
                book.set_user(name, "analyst", actor="head", occurred_at=NOW)
    drawn = double_coding.draw(
        settings, coders=CODERS, calls=calls, half_width=None, seed=draw_seed, reason="a trial", actor="third", now=NOW
    )  # fmt: skip
    truth = dict(_truths(settings).iter_rows())
    rng = np.random.default_rng(seed)
    for coder in CODERS:
        sample = _sample(settings, drawn["sample"])
        verdicts = {call.number: _said(truth[call.call_key] ^ bool(rng.random() < CODER_ERRS)) for call in sample.calls}
        double_coding.record(settings, sample, verdicts, note="", actor=coder, now=NOW)
    sample = _sample(settings, drawn["sample"])
    keys = {call.number: call.call_key for call in sample.calls}
    settled = {number: _said(truth[keys[number]]) for number in sample.unsettled()}
    double_coding.record(settings, sample, settled, note="", actor="third", now=NOW)
    return len(sample.calls)


def _said(is_misuse: bool) -> str:
    return MISUSE if is_misuse else NOT_MISUSE


def _sample(settings: Settings, name: str) -> Any:
    with casebook.opened(settings) as book:
        return samples(book.entries(*EVENTS))[name]


def _truths(settings: Settings) -> pl.DataFrame:
    truth = settings.home / "synth" / "truth" / "truth_calls.parquet"
    with warehouse.opened(settings, with_vault=True) as con:
        return con.execute(TRUE_CALLS, {"truth": str(truth)}).pl()


def judge(settings: Settings, sampled: int) -> Result:
    """The last run beside the truth of its own callers: identity is not what is measured here."""
    truths = _truths(settings)
    with publication.opened(settings) as con:
        con.register("truths", truths)
        true = dict(con.execute(TRUE_CALLERS).fetchall())
        figures = {name: figure for name, *figure in con.execute(ESTIMATES).fetchall()}
        chances = con.execute(
            "select caller_id, p_at_least_threshold from caller_chances order by caller_id"
        ).fetchall()
    over = np.array([true[caller] >= settings.threshold for caller, _ in chances])
    chance = np.array([probability for _, probability in chances])
    some = (chance > UNDECIDED[0]) & (chance < UNDECIDED[1])
    point, low, high, method = figures["corrected_persistent_callers"]
    return Result(
        true=sum(calls >= settings.threshold for calls in true.values()),
        raw=figures["persistent_callers"][0], corrected=(point, low, high), sampled=sampled,
        calibration=coding.reliability(chance, over), undecided=coding.reliability(chance[some], over[some]),
        method=method,
    )  # fmt: skip


def again(settings: Settings, *, calls: int, seed: int) -> tuple[coding.Corrected, coding.Reliability]:
    """Another sample in place of the last, coded by the same hands and reckoned with on the last run's calls."""
    truths = _truths(settings)
    last = double_coding.status(settings)[-1]["sample"]
    double_coding.withdraw(settings, last, reason="another trial", actor="third", now=NOW)
    code(settings, calls=calls, seed=seed, draw_seed=seed)
    with casebook.opened(settings) as book:
        verdicts = book.tables()[coding_error._CODED]
    with warehouse.opened(settings) as con:
        models.script(con, f"rules/{coding_error._CODED}", {})
        ingest.insert_rows(con, coding_error._CODED, verdicts)
        found, callers = _reckoned(con, settings)
        con.register("truths", truths)
        true = dict(con.execute(TRUE_CALLERS).fetchall())
    over = np.array([true[caller] >= settings.threshold for caller in callers])
    return found, coding.reliability(found.probability, over)


def _reckoned(con: Any, settings: Settings) -> tuple[coding.Corrected, list[str]]:
    """As a run reckons, without writing it down."""
    coding_error._prepared(con)
    strata = coding_error._rows(con, coding_error._STRATA)
    rates = coding.verdict_rates(coding_error._tallies(strata))
    counts, callers = coding_error._counts(con, strata)
    totals = [int(row["calls"]) for row in strata]
    said = coding_error._verdicts(con, strata, callers)
    return coding_error._corrected(counts, rates, totals, settings.threshold, settings.seed, said), callers


def classified(settings: Settings, true: int) -> str:
    """Train a classifier on the last sample's verdicts, and reckon with it: in lines."""
    document = coding_error.train(settings, actor="third", now=NOW)
    truths = _truths(settings)
    with casebook.opened(settings) as book:
        held = book.tables()
    with warehouse.opened(settings) as con:
        for table in (coding_error._CODED, "casebook_coding_models"):
            models.script(con, f"rules/{table}", {})
            ingest.insert_rows(con, table, held[table])
        found, callers = _reckoned(con, settings)
        con.register("truths", truths)
        over = dict(con.execute(TRUE_CALLERS).fetchall())
    curve = coding.reliability(found.probability, np.array([over[caller] >= settings.threshold for caller in callers]))
    count = found.persistent_callers
    return (
        f"classifier on the last sample: {document['why']}\n  with it {count.point:,.0f} ({count.low:,.0f} to {count.high:,.0f}), "
        f"{count.point / true - 1.0:+.1%}; calibration error {curve.calibration_error:.4f}"
    )


def further(settings: Settings, true: int, *, calls: int, samples: int, seed: int) -> str:
    """Further samples in lines, and what they come to."""
    lines, errors, calibrations, held = [], [], [], 0
    for number in range(1, samples):
        found, curve = again(settings, calls=calls, seed=seed + number)
        count = found.persistent_callers
        held += count.low <= true <= count.high
        errors.append(count.point / true - 1.0)
        calibrations.append(curve.calibration_error)
        lines.append(
            f"  {count.point:,.0f} ({count.low:,.0f} to {count.high:,.0f}), {errors[-1]:+.1%}; calibration error {calibrations[-1]:.4f}"
        )
    lines.append(
        f"{samples - 1} further samples: off by {max(map(abs, errors)):.1%} at most, {np.mean(errors):+.1%} on average; {held} intervals held the truth; "
        f"calibration error {min(calibrations):.4f} to {max(calibrations):.4f}, {np.mean(calibrations):.4f} on average"
    )
    return "\n".join(lines)


def trial(home: Path, *, days: int, calls_per_day: int, calls: int, missed: float, seed: int, **changes: Any) -> Result:
    """The whole of it."""
    settings = make(home, days=days, calls_per_day=calls_per_day, missed=missed, seed=seed, **changes)
    sampled = code(settings, calls=calls, seed=seed)
    run(settings, NOW + timedelta(days=1))
    return judge(settings, sampled)


def report(found: Result) -> str:
    """The result in lines."""
    point, low, high = found.corrected
    curve = "\n".join(
        f"  said {given:6.1%}  was {share:6.1%}  callers {number:,}"
        for given, share, number in zip(
            found.calibration.given, found.calibration.found, found.calibration.number, strict=True
        )
        if number
    )
    return (
        f"persistent callers, true        {found.true:,}\n"
        f"  by their codes                {found.raw:,.0f}  ({found.raw_error:+.1%})\n"
        f"  corrected                     {point:,.1f}  ({found.corrected_error:+.1%}), 95% interval {low:,.0f} to {high:,.0f}\n"
        f"calls coded again               {found.sampled:,}\n"
        f"expected calibration error      {found.calibration.calibration_error:.4f} over {found.calibration.number.sum():,} callers\n"
        f"  of those not sure (2% to 98%) {found.undecided.calibration_error:.4f} over {found.undecided.number.sum():,}\n"
        f"{curve}\n{found.method}"
    )


def main(words: Sequence[str] | None = None) -> Mapping[str, Any]:
    """Make the trial and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, help="an empty folder to keep (default: one that goes again)")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--calls-per-day", type=int, default=6000)
    parser.add_argument("--sample", type=int, default=2500, help="calls to code again")
    parser.add_argument("--missed", type=float, default=0.25, help="of misuse, how much is coded otherwise")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", type=int, default=1, help="how many samples to draw, one after the other")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as scratch:
        found = trial(
            options.home or Path(scratch), days=options.days, calls_per_day=options.calls_per_day,
            calls=options.sample, missed=options.missed, seed=options.seed,
        )  # fmt: skip
        print(report(found), flush=True)
        if options.samples > 1:
            settings = Settings(home=options.home or Path(scratch), token_key=TOKEN_KEY)
            print(further(settings, found.true, calls=options.sample, samples=options.samples, seed=options.seed))
            print(classified(settings, found.true))
    return {"corrected_error": found.corrected_error, "calibration": found.calibration.calibration_error}


if __name__ == "__main__":
    main()
