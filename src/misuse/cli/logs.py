"""Commands that bring logs in: demo, synth, source, ingest, batch."""

from __future__ import annotations

import dataclasses
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from misuse.cli.context import Context, parse_date
from misuse.errors import InputError, MisuseError
from misuse.ingest import SYNTHETIC_SOURCE, FileOutcome


def demo(context: Context) -> int:
    """A synthetic year through the whole job."""
    from misuse import intake, pipeline, warehouse
    from misuse.cli.runs import print_headline, print_whereabouts

    options = context.options
    settings = context.settings
    intake.refuse_mixture(settings, SYNTHETIC_SOURCE)
    with warehouse.writer(settings):
        _make_london(context, settings.home / "synth", days=options.days, calls_per_day=options.calls_per_day)
        logs = sorted((settings.home / "synth" / "log").glob("*.csv"))
        taken = list(_ingested(context, logs, SYNTHETIC_SOURCE))
        problems = [outcome for outcome in taken if isinstance(outcome, MisuseError)]
        if problems:
            raise problems[0]
        trained = _train_once(context)
        outcome = pipeline.run(
            settings, as_of=None, clock=lambda: context.now, actor=context.actor, tracker=context.tracker
        )
    context.say(*trained)
    print_headline(context)
    print_whereabouts(context, outcome, is_demo=True)
    return 0


def _train_once(context: Context) -> list[str]:
    """Which numbers are one person's, learned from the invented records, unless a model is there already."""
    from misuse import model_review

    held = {row["status"]: model_review.shown(row["model_digest"]) for row in model_review.listed(context.settings)}
    if model_review.IN_FORCE in held:
        return [f"model {held[model_review.IN_FORCE]} links numbers to callers; misuse identity card describes it"]
    try:
        trained = model_review.train(
            context.settings, actor=context.actor, clock=lambda: context.now, tracker=context.tracker
        )
    except InputError as error:
        return [f"no model was trained, so each number is a caller of its own: {error.message}"]
    name = model_review.shown(trained.model_digest)
    return [
        f"model {name} was trained (misuse identity train) and links numbers to callers; misuse identity card describes it"
    ]


def synth(context: Context) -> int:
    """Write a synthetic London."""
    options = context.options
    out = Path(options.out) if options.out else context.settings.home / "synth"
    report = _make_london(
        context,
        out,
        days=options.days,
        calls_per_day=options.calls_per_day,
        start=parse_date(options.start),
        reading=options.reading,
        dirt=options.dirt,
        drama=options.drama,
        log_only=options.log_only,
        **({"seed": options.seed} if options.seed is not None else {}),
    )
    if context.wants_json:
        context.print_json(report)
    else:
        context.say(f"the log is in {out / 'log'}" + ("" if options.log_only else f", what is true in {out / 'truth'}"))
    return 0


def _make_london(context: Context, out: Path, *, log_only: bool = False, **choices: Any) -> Any:
    """Make it unless the same one is there already; returns its summary, of a log alone how many rows it has."""
    import json

    from misuse import synth as synthetic

    wanted = synthetic.SyntheticSettings(**choices)
    summary = out / "truth" / "summary.json"
    stamp = out / "truth" / "settings.json"
    told = json.dumps({"settings": str(wanted), "version": synthetic.VERSION})
    if stamp.is_file() and summary.is_file() and stamp.read_text(encoding="utf-8") == told:
        return json.loads(summary.read_text(encoding="utf-8"))
    stamp.unlink(missing_ok=True)
    for old in (out / "log").glob("calls_*.csv"):
        old.unlink()
    with context.tracker.step("Making a synthetic London"):
        made = synthetic.make(wanted, out, context.tracker, log_only=log_only)
    if log_only:
        return {"rows": made.rows, "files": len(made.files)}
    stamp.write_text(told, encoding="utf-8")
    return json.loads(summary.read_text(encoding="utf-8"))


def source_draft(context: Context) -> int:
    """Propose a layout."""
    from misuse import sources

    path = _existing(context.options.file)
    with _looking(context) as (con, scratch):
        context.say(sources.draft(path, context.options.name, con, scratch=scratch))
    return 0


def source_check(context: Context) -> int:
    """Show how a file would be read."""
    from misuse import rules, safeguards, sources

    layout = sources.load_layout(context.settings, context.options.source)
    path = _existing(context.options.file)
    reviewed = rules.load()
    listed = rules.tables(reviewed, {layout.name: layout})
    with _looking(context) as (con, scratch):
        report = sources.check(
            con,
            path,
            layout,
            scratch=scratch,
            now=context.now,
            tracker=context.tracker,
            zone=context.settings.reporting_zone,
            headline_channel=context.settings.headline_channel,
            codes=[(field, code) for _, field, code in listed["rule_misuse_codes"]],
            marker_kinds=sorted({marker for _, marker, *_ in listed["rule_hard_stops"]}),
            safeguards=safeguards.unsupported(layout),
            safeguards_known=len(reviewed.hard_stops),
        )
    if context.wants_json:
        context.print_json(report.as_json())
    else:
        context.say(report.render())
    return 0


@contextmanager
def _looking(context: Context) -> Iterator[tuple[Any, Path]]:
    """A database of no file and a folder that goes again: a look changes nothing."""
    from misuse import warehouse

    with TemporaryDirectory(prefix="misuse-") as folder, warehouse.in_memory(context.settings, Path(folder)) as con:
        yield con, Path(folder)


def _existing(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise InputError(f"no file at {path}", next_step="check the path")
    return path


def ingest(context: Context) -> int:
    """Take files in; one file's error never keeps another out."""
    from misuse import intake

    source = context.options.source
    intake.refuse_mixture(context.settings, source)
    paths = [Path(name) for name in context.options.files]
    outcomes: list[FileOutcome] = []
    errors: list[MisuseError] = []
    document: list[dict[str, Any]] = []
    for path, result in zip(paths, _ingested(context, paths, source), strict=True):
        if isinstance(result, MisuseError):
            errors.append(result)
            context.note(f"misuse: {result}")
            document.append(_left_out(path, source, result))
        else:
            outcomes.append(result)
            tell(context, result)
            document.append(result.as_json() | {"error": None})
    if context.wants_json:
        context.print_json(document)
    if errors:
        return errors[0].exit_code
    over = [outcome for outcome in outcomes if outcome.is_over_limit]
    for outcome in over:
        context.note(
            f"misuse: {Path(outcome.file).name}: {outcome.rejected} of {outcome.rows} rows were rejected, over the limit; "
            f"the others went in\n  Next: misuse source check {shlex.quote(outcome.file)} --source {outcome.source} shows why; "
            f"misuse batch withdraw {outcome.batch_id} --reason WHY takes the file back out"
        )
    return InputError.exit_code if over else 0


def _left_out(path: Path, source: str, error: MisuseError) -> dict[str, Any]:
    """A file that did not go in, under the keys of those that did: nothing of it was counted."""
    keys = [field.name for field in dataclasses.fields(FileOutcome)]
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    return dict.fromkeys(keys) | {"file": name, "source": source, "error": error.message}


def _ingested(context: Context, paths: list[Path], source: str) -> Any:
    from misuse import intake

    return intake.ingest_files(
        context.settings, paths, source, actor=context.actor, now=context.now, tracker=context.tracker
    )


def tell(context: Context, outcome: FileOutcome) -> None:
    """What became of one file's rows, in a line, and what is odd about them."""
    say = context.note if context.wants_json else lambda *lines: context.say(*lines)
    again = " (the same file as before: nothing changed)" if outcome.is_known_file else ""
    say(
        f"{Path(outcome.file).name}: {outcome.rows:,} rows = {outcome.accepted:,} accepted + {outcome.rejected:,} rejected "
        f"+ {outcome.duplicate:,} duplicate + {outcome.superseded:,} superseded · batch {outcome.batch_id}{again}"
    )
    for kind, counts in (("rejected", outcome.reasons), ("odd", outcome.oddities)):
        if counts:
            say(f"  {kind}: " + ", ".join(f"{name} {rows:,}" for name, rows in counts.items()))
    for warning in outcome.warnings:
        say(f"  look: {warning}")


def batch_list(context: Context) -> int:
    """Every file taken in, withdrawn ones too."""
    from misuse import intake

    rows = intake.batch_ledger(context.settings)
    if context.wants_json:
        context.print_json(rows)
        return 0
    headings = (
        "batch_id",
        "source",
        "file_name",
        "rows_read",
        "accepted",
        "rejected",
        "duplicate",
        "superseded",
        "ingested_at",
        "state",
    )
    context.table(headings, [[row[name] for name in headings] for row in rows], numeric=headings[3:8])
    return 0


def batch_withdraw(context: Context) -> int:
    """Take a file back out."""
    from misuse import intake

    intake.withdraw(
        context.settings, context.options.batch_id, reason=context.options.reason, actor=context.actor, now=context.now
    )
    context.say(f"batch {context.options.batch_id} is out; what it had superseded is current again")
    context.say("Next: misuse run, to publish a list without it")
    return 0
