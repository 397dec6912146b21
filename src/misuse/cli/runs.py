"""Commands about runs: run, runs, publish, status, estimate."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from misuse.cli.context import Context, parse_date, published
from misuse.cli.logs import tell
from misuse.errors import MisuseError

if TYPE_CHECKING:
    from misuse.pipeline import RunOutcome


def run(context: Context) -> int:
    """Inbox to published list."""
    from misuse import pipeline

    as_of = parse_date(context.options.as_of) if context.options.as_of else None
    try:
        outcome = pipeline.run(
            context.settings,
            as_of=as_of,
            clock=lambda: context.now,
            actor=context.actor,
            tracker=context.tracker,
            force=context.options.force,
        )
    except MisuseError as error:
        if context.wants_json:
            context.print_json(_failed_json(error))
        raise
    for file in outcome.files:
        tell(context, file)
    if outcome.status == "published":
        _tell_urgent(context)
    for problem in (*(f"misuse: {error}" for error in outcome.file_errors), *outcome.warnings):
        context.note(problem)
    if context.wants_json:
        context.print_json(_outcome_json(outcome))
    else:
        if outcome.status == "skipped":
            context.say(f"nothing new: run {outcome.run_id} stands")
        print_headline(context)
        print_whereabouts(context, outcome)
    return max((error.exit_code for error in outcome.file_errors), default=0)


def _tell_urgent(context: Context) -> None:
    """To the notification hook; on the screen too, where a person typed the run."""
    from misuse import notify, published_callers

    if line := published_callers.urgent_line(context.settings):
        trouble = notify.notify(context.settings, line)
        context.note(line, *([trouble] if trouble else []))


def _failed_json(error: MisuseError) -> dict[str, Any]:
    """The same keys for a run that published nothing, and why."""
    unknown = dict.fromkeys(("run_id", "as_of", "files", "published", "reports", "seconds"))
    file_errors = [str(refused) for refused in error.beside]
    return unknown | {"status": "failed", "file_errors": file_errors, "warnings": [], "error": str(error)}


def _outcome_json(outcome: RunOutcome) -> dict[str, Any]:
    return {
        "run_id": outcome.run_id,
        "status": outcome.status,
        "as_of": outcome.as_of,
        "files": [file.as_json() for file in outcome.files],
        "file_errors": [str(error) for error in outcome.file_errors],
        "warnings": list(outcome.warnings),
        "published": outcome.published,
        "reports": outcome.reports,
        "seconds": outcome.seconds,
    }


def print_headline(context: Context) -> None:
    """The published headline with its bridge, in a reader's words."""
    from misuse import headline, published_callers

    with published(context) as con:
        context.say("", *headline.sentences(headline.published(con), context.settings, context.now), "")
        if beside := published_callers.of_nobody(con).sentence:
            context.say(beside, "See them: misuse sql -f stopped_with_no_caller", "")


def print_whereabouts(context: Context, outcome: RunOutcome, *, is_demo: bool = False) -> None:
    """Where the files are and what to type next."""
    settings = context.settings
    context.say(
        f"for the meeting     {outcome.reports}/tasking_list.pdf · .xlsx · .csv, look_list.*",
        f"the month           {outcome.reports}/brief.pdf (one page), pictures.pdf, charts/*.svg · .png",
        f"for the public      {outcome.reports}/public/summary.html · .csv (a draft: a person releases it)",
        f"for analysts        {settings.current_path} (any DuckDB client, read-only)",
    )
    if is_demo:
        context.say(f"what was planted    {settings.home / 'synth' / 'truth'}")
    if outcome.seconds:
        context.say(
            "time                " + ", ".join(f"{name} {taken:.1f} s" for name, taken in outcome.seconds.items())
        )
    context.say(
        "",
        "what to type next",
        "  misuse list                             the tasking list",
        "  misuse serve                            the review room in a browser: docs/review-room.md says how to begin",
        "  misuse look                             callers who need a look whatever the counts say",
        "  misuse why CALLER                       every call, counted or not, and by which rule",
        "  misuse sql --saved                      questions analysts ask",
        "  misuse source draft FILE                a layout for a log of your own",
    )
    if is_demo:
        context.say(
            "  MISUSE_HOME=DIR misuse ingest FILE --source NAME",
            "                                          your own log goes into a home of its own, never among invented people",
        )


def runs(context: Context) -> int:
    """Every run that the published copy knows, newest first, and above them the last one where it failed since."""
    from misuse import last_run, publication

    rows = publication.run_history(context.settings)
    rows = [*last_run.unpublished_run(context.settings, {row["run_id"] for row in rows}), *rows]
    if context.wants_json:
        context.print_json(rows)
        return 0
    headings = (
        "run_id",
        "as_of",
        "started_at",
        "status",
        "calls",
        "misuse_calls",
        "persistent_callers",
        "warned_checks",
    )
    context.table(headings, [[row[name] for name in headings] for row in rows], numeric=headings[4:7])
    return 0


def publish(context: Context) -> int:
    """Point readers at a kept run, or list the kept ones."""
    from misuse import publication

    if context.options.run_id is None:
        kept = publication.kept(context.settings)
        if context.wants_json:
            context.print_json(kept)
        else:
            context.say(
                *(f"{row['run_id']}  as of {row['as_of']}{'  (current)' if row['is_current'] else ''}" for row in kept)
            )
        return 0
    _move_pointer(context, context.options.run_id)
    context.say(f"readers now see run {context.options.run_id}")
    return 0


def _move_pointer(context: Context, run_id: str) -> None:
    """Point readers at a kept run, while nobody else writes; by role, and recorded before it is done."""
    from misuse import casebook, publication, warehouse

    settings, force = context.settings, context.options.force
    publication.kept_copy(settings, run_id)  # before anything is made in a home that holds no such run
    with casebook.opened(settings) as book:
        book.admit("move_pointer", context.actor, occurred_at=context.now, what="publish")

        def record() -> None:
            shown = settings.current_path.resolve().stem if settings.current_path.is_symlink() else None
            payload = {"from": shown, "to": run_id, "forced": force}
            book.record("pointer_moved", actor=context.actor, occurred_at=context.now, payload=payload)

        with warehouse.writer(settings):
            publication.repoint(settings, run_id, force=force, before=record)


def status(context: Context) -> int:
    """One line a concern."""
    from misuse import notify
    from misuse import status as status_module

    found = status_module.status(context.settings, context.now)
    if context.wants_json:
        context.print_json(found.as_json())
    else:
        context.say(found.as_text())
    if context.options.notify and found.problems:
        for problem in found.problems:
            trouble = notify.notify(context.settings, str(problem))
            if trouble:
                context.note(trouble)
    return found.exit_code(check=context.options.check)


def estimate(context: Context) -> int:
    """The headline, or the same reckoning with another window, threshold or way of counting."""
    from misuse import headline, staleness

    options = context.options
    with published(context) as con:
        if options.window is not None or options.threshold is not None or options.by != "caller":
            document = headline.recounted(
                con,
                context.settings,
                window=options.window,
                threshold=options.threshold,
                counted_by=options.by,
            )
        else:
            document = headline.published(con)
    if context.wants_json:
        as_of = date.fromisoformat(document["as_of"])
        context.print_json(document | {"warnings": staleness.warnings(as_of, context.settings, context.now)})
    else:
        context.say(*headline.sentences(document, context.settings, context.now))
    return 0
