"""The steps in order, as plain calls: inbox in, callers, detection, estimates, list, checks, publication, reports.

A step takes a run id and reads what it needs from the stores, so that Prefect can run the same
steps as tasks. Nothing here knows the time: it is an argument, and of a whole run the clock is.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse import (
    __version__,
    batch_note,
    callers,
    case_reports,
    casebook,
    coding_error,
    cycle,
    decisions,
    detection,
    disposal,
    ingest,
    intake,
    last_run,
    ledger,
    models,
    publication,
    published_callers,
    quality,
    reckoning,
    reports,
    rules,
    staleness,
    store,
    tasking,
    vault,
    warehouse,
)
from misuse.errors import CheckFailed, MisuseError, Refused, UsageError
from misuse.progress import Silent, Tracker
from misuse.reckoning import equality, told
from misuse.settings import Settings

if TYPE_CHECKING:
    import duckdb

writer = warehouse.writer
take_inbox = intake.take_inbox


@dataclass(frozen=True)
class RunOutcome:
    """What a run did; `status` is published or skipped."""

    run_id: str
    status: str
    as_of: date | None
    files: tuple[ingest.FileOutcome, ...] = ()
    file_errors: tuple[MisuseError, ...] = ()
    warnings: tuple[str, ...] = ()
    published: Path | None = None
    reports: Path | None = None
    seconds: dict[str, float] = field(default_factory=dict)


# ── begin and end ──────────────────────────────────────────────────────────────────────────────


def begin(settings: Settings, as_of: date | None, now: datetime, *, force: bool = False) -> str:
    """Open a run and return its id, or an empty string where the published list already answers these inputs.

    The id is a function of the inputs: the same calls, settings, rules, model, decisions and as-of give the same id.
    Errors: UsageError for an as-of that is not over; Refused for one earlier than the published one unless forced.
    """
    ledger.refuse_unended(as_of, now, settings.reporting_zone)
    settings = cycle.as_agreed(settings)
    with writer(settings), warehouse.opened(settings) as con, casebook.opened(settings) as book:
        batch_note.write(con, settings)
        calls, fingerprint = models.scalar(con, "ingest/input_digest", {})
        if as_of:
            ledger.refuse_without_calls(calls)
        speaks_for = as_of or ledger.default_as_of(con, now, settings.reporting_zone)
        current = ledger.current_run(con, settings)
        last = ledger.last_said_published(con)
        if last and not _is_recorded(book, last):
            ledger.fail(con, settings, last, now)  # killed before readers had it
        if current and speaks_for < current[1] and not force:
            is_over = current[1] < ledger.today(now, settings.reporting_zone)  # earlier releases took any day
            why = f"later than {speaks_for}" if is_over else f"a day that is not over, and the log only to {speaks_for}"
            raise Refused(
                f"the published list speaks for {current[1]}, {why}",
                next_step=f"misuse run --as-of {speaks_for} --force puts the earlier one in its place",
            )
        digests = {
            "settings_digest": ledger.settings_digest(settings, ledger.layouts(con, settings)),
            "rules_digest": rules.load().digest,
            "input_digest": f"{calls}-{fingerprint}",
            "model_digest": callers.model_in_force(con),
        }
        version = f"{__version__}+{models.digest()}"
        # What the published run itself added to the casebook is none of its inputs: made again, it has the same id.
        heads = [book.decision_head(without_run=name) for name in ([current[0]] if current else []) + [""]]
        ids = [ledger.run_id(speaks_for, *digests.values(), head, version) for head in heads]
        run_id = ids[0] if current and ids[0] == current[0] else ids[-1]
        is_whole = _has_reports(settings, run_id) and _is_recorded(book, run_id)
        if current and current[0] == run_id and is_whole and not force and ledger.is_told(con, settings):
            last_run.write(settings, run_id, speaks_for, "skipped", now, now)
            return ""
        ledger.open_run(con, run_id=run_id, as_of=speaks_for, now=now, version=version, head=book.head(), **digests)
    last_run.write(settings, run_id, speaks_for, "running", now, None)
    return run_id


def _has_reports(settings: Settings, run_id: str) -> bool:
    """Whether the run's reports were finished: their manifest is written last."""
    return (settings.reports_path / run_id / "manifest.json").is_file()


def _is_recorded(book: casebook.Casebook, run_id: str) -> bool:
    """Whether the casebook says that the run was published: the last thing a run does before it is over."""
    return any(event.run_id == run_id for event in book.entries("run_published"))


def finish(settings: Settings, run_id: str, now: datetime) -> None:
    """Close a published run in the ledger, the casebook and last_run.json."""
    with warehouse.opened(settings) as con, casebook.opened(settings) as book:
        ledger.publish(con, run_id, now)
        as_of, started_at = ledger.times(con, run_id)
        payload = {"as_of": str(as_of), **ledger.versions(con, run_id)}
        payload["published_sha256"] = publication.file_digest(publication.run_path(settings, run_id))
        book.record("run_published", actor="pipeline", occurred_at=now, run_id=run_id, payload=payload)
        book.anchor("run", now, run_id)
        is_entered_since = any(event.at > started_at for event in book.entries("stop_entered"))
        is_behind = is_entered_since and any(stop.at > started_at for stop in book.live_stops())
    last_run.write(settings, run_id, as_of, "published", started_at, now, is_behind=is_behind)


def fail(settings: Settings, run_id: str, error: BaseException, now: datetime) -> None:
    """Close a failed run: the published list stands, and last_run.json says why.

    A run that failed after its publication stays published in the ledger; the next run writes what is missing.
    """
    own = last_run.in_our_words(error)
    as_of, started_at = None, now
    if run_id:
        with warehouse.opened(settings) as con:
            ledger.fail(con, settings, run_id, now)
            as_of, started_at = ledger.times(con, run_id)
    last_run.write(settings, run_id, as_of, "failed", started_at, now, own)


# ── the steps ──────────────────────────────────────────────────────────────────────────────────


def parameters(settings: Settings, run_id: str, as_of: date) -> dict[str, Any]:
    """Every parameter a model may name."""
    return {
        "run_id": run_id,
        "as_of": as_of,
        "reporting_zone": settings.reporting_zone,
        "window_days": settings.window_days,
        "threshold": settings.threshold,
        "shared_line_threshold": settings.shared_line_threshold,
        "episode_gap_seconds": settings.episode_gap_minutes * 60,
        "headline_channel": settings.headline_channel,
        "duty_role": settings.duty_role,
        "capacity": settings.capacity,
        "cycle_days": settings.cycle_days,
        "number_gap_days": settings.number_gap_days,
        "number_gap_settled_days": settings.number_gap_settled_days,
    }


@contextmanager
def _run_opened(
    settings: Settings, run_id: str, *, with_vault: bool = False
) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, Any]]]:
    with warehouse.opened(settings, with_vault=with_vault) as con:
        as_of, _ = ledger.times(con, run_id)
        yield con, parameters(settings, run_id, as_of)


def identify(settings: Settings, run_id: str, now: datetime, tracker: Tracker) -> None:
    """Rules and people's decisions as tables; then numbers to holders, their details to links, links to callers.

    The linker works in a database of its own, and the vault is never attached in two: each gives it up in turn.
    """
    with _run_opened(settings, run_id) as (con, values):
        with vault.attached(con, settings, beside_warehouse=True):
            disposal.reapply(con, settings)
            values = _hold(con, settings, values)
            model = callers.load_model(con, callers.model_in_force(con))
            has_new = model is not None and callers.unscored(con, model.digest) > 0
        if has_new:
            callers.score(settings)
        with vault.attached(con, settings, beside_warehouse=True):
            callers.link(con, values, model)
        models.build(con, "callers/caller_numbers", values)


def _hold(con: duckdb.DuckDBPyConnection, settings: Settings, values: dict[str, Any]) -> dict[str, Any]:
    """Rules, decisions, who held which number when, and the vault's records of their details."""
    ingest.load_rules(con, settings)
    prepared = detection.prepare(con, values)
    callers.find_spells(con, prepared)
    decisions.load(con, settings, values["as_of"])
    callers.keep_records(con, prepared, forgets=ledger.is_latest(con, values["as_of"]))
    return prepared


def spell_records(settings: Settings, now: datetime) -> None:
    """The first part of a run alone, up to the records of holders' details: what a model is trained on.

    Errors: UsageError before any call is in.
    """
    with warehouse.opened(settings, with_vault=True) as con:
        as_of = ledger.default_as_of(con, now, settings.reporting_zone)
        values = _hold(con, settings, parameters(settings, "", as_of))
        if not store.holds(con, "caller_numbers"):  # before the first run, what it would decide without a model
            callers.link(con, values, None)
            models.build(con, "callers/caller_numbers", values)


def detect(settings: Settings, run_id: str, now: datetime, tracker: Tracker) -> None:
    """Stops, doubts, misuse calls, windows, persistent callers, bridge."""
    with _run_opened(settings, run_id, with_vault=True) as (con, values):
        model = callers.load_model(con, callers.model_in_force(con))
        detection.detect(con, values, shared_line_model=model.document.get("shared_lines") if model else None)


def estimate(settings: Settings, run_id: str, now: datetime, tracker: Tracker) -> None:
    """Shares, workload, days' work, intervals and bounds."""
    with _run_opened(settings, run_id) as (con, values):
        detection.estimate(con, values, replicates=settings.bootstrap_replicates, seed=settings.seed)
        for name in ("estimates/doubtful_calls", "estimates/safeguards_blind"):
            models.append(con, name, values | _safeguards(con, settings), relation="estimates")
        reckoning.reckon(con, values, settings)
        coding_error.reckon(con, values, seed=settings.seed)


def _safeguards(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, Any]:
    """Safeguards that some live source can never set off, since it supplies neither their markers nor remarks."""
    reviewed = rules.load()
    blind = {name for layout in ledger.layouts(con, settings).values() for name in reviewed.blind_in(layout).names}
    return {"safeguards": len(reviewed.hard_stops), "names": sorted(blind)}


def _unchecked(con: duckdb.DuckDBPyConnection, settings: Settings, as_of: date) -> list[str]:
    """Blind safeguards for which nobody's other check counts on the day."""
    checked = {rule for (rule,) in con.execute(_CHECKED, {"as_of": as_of}).fetchall()}
    return [name for name in _safeguards(con, settings)["names"] if name not in checked]


_CHECKED = "select rule_id from casebook_safeguard_checks where until >= $as_of"


def task(settings: Settings, run_id: str, now: datetime, tracker: Tracker) -> None:
    """The tasking list from its candidates and the casebook."""
    with _run_opened(settings, run_id) as (con, values):
        candidates = con.execute(coding_error.CANDIDATES).pl()
        has_previous = con.execute("select count(*) from last_cycle").fetchone()
        ranked = tasking.make_list(
            candidates,
            capacity=settings.capacity,
            threshold=settings.threshold,
            as_of=values["as_of"],
            window_days=settings.window_days,
            cycle_days=settings.cycle_days,
            has_previous_cycle=bool(has_previous and has_previous[0]),
            options=rules.load().options,
            run_id=run_id,
            reporting_zone=settings.reporting_zone,
            is_linked=bool(callers.model_in_force(con)),
            blind=_unchecked(con, settings, values["as_of"]),
        )
        publication.store_frame(con, "tasking_list", ranked)
        equality.reckon(con, values)
        for name in ("batches", "cases", "case_moves"):
            models.build(con, f"marts/{name}", values)
        ledger.count(con, run_id)
        models.build(con, "marts/runs", values)


def check(settings: Settings, run_id: str, now: datetime, tracker: Tracker) -> None:
    """The publication door. Errors: CheckFailed naming every check that does not hold."""
    with _run_opened(settings, run_id) as (con, _):
        results = quality.check_publication(con, run_id=run_id, settings=settings, now=now)
        failed = [result for result in results if not result.holds and result.severity == "fail"]
        warned = [result for result in results if not result.holds and result.severity != "fail"]
        con.execute(
            "update run_ledger set failed_checks = $failed, warned_checks = $warned where run_id = $run_id",
            {"run_id": run_id, "failed": [r.name for r in failed], "warned": [r.name for r in warned]},
        )
    if failed:
        quality.build_docs(settings.home, run_id, settings.reports_path / run_id / "data_docs")
        raise CheckFailed(
            f"run {run_id}: {len(failed)} checks do not hold, so nothing was published and the earlier list stands: "
            + "; ".join(result.sentence for result in failed),
            next_step="mend the cause, then misuse run",
        )


def publish(settings: Settings, run_id: str, now: datetime, tracker: Tracker) -> None:
    """The checked copy behind the stable path."""
    with _run_opened(settings, run_id) as (con, values):
        ledger.publish(con, run_id, now)
        models.build(con, "marts/runs", values)
        with casebook.opened(settings) as book:
            _tell_casebook(con, book, run_id, now, ledger.today(now, settings.reporting_zone))
            # A copy that a disposal came after may hold, in its free blocks, what was disposed of.
            base = publication.base(settings, book.published_digests(since_disposal=True))
        publication.publish(con, settings, run_id, force=True, base=base)
    publication.collect(settings)


def _tell_casebook(
    con: duckdb.DuckDBPyConnection, book: casebook.Casebook, run_id: str, now: datetime, today: date
) -> None:
    """What of the run people will rely on: first, or a crash might lose an id that somebody has read, or a stop."""
    by_run: dict[str, Any] = {"actor": "pipeline", "occurred_at": now, "run_id": run_id}
    held, hits = callers.holdings(con), callers.standing_hits(con)
    book.publish_holders(held, hits, occurred_at=now, run_id=run_id, versions=ledger.versions(con, run_id))
    if sets := callers.new_sets(con):
        book.record("callers_published", **by_run, payload={"sets": sets})
    if stops := callers.new_stops(con):
        book.record("stops_published", **by_run, payload={"stops": stops})
    case_reports.report(con, book, run_id, now, today)


def report(settings: Settings, run_id: str, now: datetime, tracker: Tracker) -> None:
    """Lists, pictures and data docs from the published copy."""
    out = settings.reports_path / run_id
    reports.write(settings.published_path / f"{run_id}.duckdb", out, settings, now, tracker)
    quality.build_docs(settings.home, run_id, out / "data_docs")
    disposal.sweep(settings)


_STEPS: dict[str, tuple[str, Callable[[Settings, str, datetime, Tracker], None]]] = {
    "identify": ("Deciding who is a caller", identify),
    "detect": ("Detecting misuse", detect),
    "estimate": ("Estimating shares", estimate),
    "task": ("Ranking the list", task),
    "check": ("Checking", check),
    "publish": ("Publishing", publish),
    "report": ("Writing reports", report),
}
STEPS = tuple(_STEPS)


def step(settings: Settings, run_id: str, name: str, now: datetime, tracker: Tracker | None = None) -> None:
    """Run one step of an open run by its name."""
    title, function = _STEPS[name]
    with writer(settings), (tracker or Silent()).step(title):
        function(cycle.as_agreed(settings), run_id, now, tracker or Silent())


def run(
    settings: Settings,
    *,
    as_of: date | None,
    clock: Callable[[], datetime],
    actor: str,
    tracker: Tracker | None = None,
    force: bool = False,
) -> RunOutcome:
    """Inbox to published list, without Prefect; the clock is asked at each step, so that what is recorded has its own time.

    Errors: UsageError for an as-of that is not over, before anything is done; any MisuseError, after the run was closed
    as failed; the published list then stands. A day that somebody typed and was refused is no failed run: what
    `misuse status` says is of the run before.
    """
    ledger.refuse_unended(as_of, clock(), settings.reporting_zone)
    seconds: dict[str, float] = {}
    with writer(settings):
        run_id, file_errors, is_inbox_in = "", list[MisuseError](), False
        try:
            files, file_errors = take_inbox(settings, clock(), actor, tracker)
            is_inbox_in = True
            run_id = begin(settings, as_of, clock(), force=force)
            for name in STEPS if run_id else ():
                started = time.perf_counter()
                step(settings, run_id, name, clock(), tracker)
                seconds[name] = round(time.perf_counter() - started, 2)
            if run_id:
                finish(settings, run_id, clock())
        except BaseException as error:  # noqa: BLE001  # raised again, with what the inbox refused
            told_of = intake.with_refused(error, file_errors)
            is_of_the_day = as_of is not None and is_inbox_in and not run_id
            if not (is_of_the_day and isinstance(error, (UsageError, Refused))):
                fail(settings, run_id, told_of, clock())
            raise told_of from None
    current = settings.current_path.resolve()
    speaks_for = datetime.strptime(current.stem[:8], "%Y%m%d").date() if current.exists() else None  # noqa: DTZ007
    return RunOutcome(
        run_id=run_id or current.stem,
        status="published" if run_id else "skipped",
        as_of=speaks_for,
        files=tuple(files),
        file_errors=tuple(file_errors),
        warnings=_warnings(settings, speaks_for, clock()),
        published=settings.current_path,
        reports=settings.reports_path / (run_id or current.stem),
        seconds=seconds,
    )


def _warnings(settings: Settings, speaks_for: date | None, now: datetime) -> tuple[str, ...]:
    """What a reader of the run should know besides."""
    if speaks_for is None:
        return ()
    with warehouse.opened(settings) as con:
        beside = ledger.off_the_log(con, speaks_for, now, settings.reporting_zone)
    with publication.opened(settings) as con:
        growth = f"log growth: {told.warning(con)}"
    return (*staleness.warnings(speaks_for, settings, now), *beside, growth)


def freeze_list(settings: Settings, now: datetime, actor: str) -> str:
    """Freeze the published list for the meeting in the casebook; returns the run it is of."""
    with publication.opened(settings) as con:
        run_id = settings.current_path.resolve().stem
        rows = con.execute("select caller_id, part, rank, case_ref from tasking_list order by rank").fetchall()
        as_of = con.execute("select max(as_of) from runs where run_id = $run_id", {"run_id": run_id}).fetchone()
        stopped = sorted(published_callers.stopped_now(con, settings))
    eligible = [dict(zip(("caller_id", "part", "rank", "case_ref"), row, strict=True)) for row in rows]
    digest = hashlib.sha256(json.dumps(eligible, sort_keys=True).encode()).hexdigest()
    with casebook.opened(settings) as book:
        book.record(
            "list_frozen",
            actor=actor,
            occurred_at=now,
            run_id=run_id,
            payload={
                "as_of": str(as_of[0]) if as_of else None,
                "digest": digest,
                "eligible": eligible,
                "stopped": stopped,
            },
        )
    return run_id
