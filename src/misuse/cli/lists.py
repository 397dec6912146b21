"""Commands that read the published copy: list, look, callers, why, sql."""

from __future__ import annotations

import csv
import os
import sys
import threading
from pathlib import Path
from typing import Any

from misuse import store
from misuse.cli.context import Context, published
from misuse.errors import ResourceError, UsageError
from misuse.wording import of


def tasking_list(context: Context) -> int:
    """The tasking list, part by part."""
    if context.options.freeze:
        from misuse import pipeline

        run_id = pipeline.freeze_list(context.settings, context.now, context.actor)
        context.note(f"the list of run {run_id} is frozen for the meeting; the next cycle compares with it")
    parts = context.options.part or ([1, 2, 3, 4] if context.options.all or context.wants_json else [1, 2, 3])
    with published(context, "lists_by_command") as con:
        rows = _rows(
            con, "select * from tasking_list where list_contains($parts, part) order by part, rank", {"parts": parts}
        )
        header = _header(context, con)
        total = con.execute("select count(*) from tasking_list").fetchone()[0]
        stopped = _stopped_since(context, con)
    left_out = sum(row["caller_id"] in stopped for row in rows)
    rows = [row for row in rows if row["caller_id"] not in stopped]
    if left_out:
        context.note(f"{left_out} left out: stopped by a person since this run; misuse run publishes it everywhere")
    if context.wants_json:
        context.print_json([list_row_json(row) for row in rows])
        return 0
    context.say(header, "")
    if not rows:
        context.say("nobody is on these parts of the list")
        return 0
    headings = (
        "rank",
        "part",
        "case",
        "caller",
        "misuse",
        "90 d",
        "30 d",
        "episodes",
        "hours",
        "boroughs",
        "lane",
        "flags",
    )
    context.table(
        headings,
        [_list_cells(row) for row in rows],
        numeric=("rank", "part", "misuse", "90 d", "30 d", "episodes", "hours"),
    )
    waiting = total - len(rows) - left_out
    if waiting:
        context.say("", f"{waiting} more wait in part 4: misuse list --all")
    return 0


def _header(context: Context, con: Any) -> str:
    """The line over a list: which run's, and how old."""
    from misuse import staleness

    run_id, as_of = con.execute("select run_id, as_of from windows where window_name = 'headline'").fetchone()
    return staleness.header(run_id, as_of, context.settings, context.now)


def _stopped_since(context: Context, con: Any) -> dict[str, bool]:
    """Callers whom a person's stop bars at this moment, whether or not a run has seen it, and whether urgently."""
    from misuse import published_callers

    return published_callers.stopped_now(con, context.settings)


def _list_cells(row: dict[str, Any]) -> list[Any]:
    hours = [row[name] for name in ("handling_hours", "unit_hours") if row[name] is not None]
    return [
        row["rank"],
        row["part"],
        row["case_ref"],
        row["caller_id"],
        row["misuse_calls_window"],
        row["misuse_calls_d90"],
        row["misuse_calls_d30"],
        row["episodes"],
        sum(hours) if hours else None,
        ", ".join((row["boroughs"] or [])[:3]),
        row["lane"],
        row["flags"],
    ]


# The keys of `misuse list --json`, which other people's scripts rely on; tests/pipeline/test_cli_contract.py holds them.
_LIST_KEYS = (
    "rank", "part", "case_ref", "caller_id", "identity_kind", "episodes", "p_at_least_threshold", "handling_hours",
    "unit_hours", "boroughs", "flags", "lane", "options", "owner", "review_date", "status", "reasons",
)  # fmt: skip


def list_row_json(row: dict[str, Any]) -> dict[str, Any]:
    """One row of the list as a program reads it."""
    document = {name: row[name] for name in _LIST_KEYS}
    document["misuse_calls"] = {
        "lifetime": row["misuse_calls_lifetime"],
        "d365": row["misuse_calls_d365"],
        "d90": row["misuse_calls_d90"],
        "d30": row["misuse_calls_d30"],
    }
    return document | {name: row[name] for name in ("doubts", "is_new", "run_id", "as_of")}


def look_list(context: Context) -> int:
    """The look list, urgent first."""
    from misuse import casebook, published_callers
    from misuse.room import care

    if context.options.acknowledge:
        with published(context) as con:
            caller_id = resolve(con, context.options.acknowledge)
            payload = published_callers.seen_by_a_look(con, caller_id)
        with casebook.opened(context.settings) as book:
            book.record(
                "look_acknowledged",
                actor=context.actor,
                occurred_at=context.now,
                caller_id=caller_id,
                payload=payload,
            )
        context.say(f"recorded: {context.actor} has looked at {caller_id}")
        return 0
    with published(context, "looks_by_command") as con:
        with casebook.opened_to_read(context.settings) as book:
            rows = care.look_rows(con, book, context.settings.duty_role)
        header, beside = _header(context, con), published_callers.of_nobody(con).sentence
    if context.wants_json:
        context.print_json(rows)
        return 0
    context.say(header, f"{of(len(rows), 'caller')} to be looked at", "")
    headings = ("case", "caller", "kind", "why", "coded", "stopped", "doubtful", "urgent", "new", "who looks", "looked")
    context.table(
        headings,
        [
            [row["case_ref"], row["caller_id"], row["identity_kind"], row["look_reasons"], row["coded_misuse_calls"],
             row["stopped_calls"], row["doubtful_calls"], row["is_urgent"], row["is_new"], row["duty_role"],
             row["seen_at"]]
            for row in rows
        ],
        numeric=("coded", "stopped", "doubtful"),
    )  # fmt: skip
    if beside:
        context.say("", beside, "See them: misuse sql -f stopped_with_no_caller")
    return 0


def _as_stopped(row: dict[str, Any]) -> dict[str, Any]:
    """A caller as the next run will count one whom a person stopped since this run: every coded call barred."""
    counts = {"stopped_calls": row["coded_misuse_calls"], "doubtful_calls": 0, "misuse_calls": 0}
    return row | counts | {"window_misuse_calls": 0, "is_stopped": True, "is_persistent": False}


def callers(context: Context) -> int:
    """Callers by misuse calls in the headline window."""
    with published(context, "lists_by_command") as con:
        rows = _rows(
            con,
            "select callers.*, windowed.misuse_calls as window_misuse_calls, windowed.coded_misuse_calls as "
            "window_coded_misuse_calls, windowed.is_persistent from caller_windows as windowed "
            "inner join callers on callers.caller_id = windowed.caller_id where windowed.window_name = 'headline' "
            "and windowed.misuse_calls >= $at_least order by windowed.misuse_calls desc, callers.caller_id limit $most",
            {"at_least": context.options.at_least, "most": context.options.limit},
        )
        stopped = _stopped_since(context, con)
    since = sum(row["caller_id"] in stopped and not row["is_stopped"] for row in rows)
    if since:
        context.note(f"{since} stopped by a person since this run; misuse run publishes it everywhere")
    rows = [_as_stopped(row) if row["caller_id"] in stopped else row for row in rows]
    if context.wants_json:
        context.print_json(rows)
        return 0
    headings = (
        "caller",
        "kind",
        "numbers",
        "misuse",
        "coded",
        "genuine",
        "all calls",
        "persistent",
        "stopped",
        "borough",
    )
    context.table(
        headings,
        [
            [row["caller_id"], row["identity_kind"], row["number_count"], row["window_misuse_calls"],
             row["window_coded_misuse_calls"], row["genuine_calls"], row["calls"], row["is_persistent"],
             row["is_stopped"], row["home_borough"]]
            for row in rows
        ],
        numeric=headings[2:7],
    )  # fmt: skip
    return 0


def why(context: Context) -> int:
    """Every call of a caller, counted or not, and by which rule. The reading is recorded before anything is shown."""
    from misuse import casebook, explain, published_callers

    with published(context) as con, casebook.opened(context.settings) as book:
        book.admit("case_by_command", context.actor, occurred_at=context.now, what="why")
        explanation = explain.why(con, context.options.caller, call_key=context.options.call)
        told = explanation.as_json()
        caller_id = told["caller"]["caller_id"]
        book.record("case_read", actor=context.actor, occurred_at=context.now, caller_id=caller_id)
        is_stopped = caller_id in published_callers.stopped_now(con, context.settings, book)
    if context.wants_json:
        context.print_json(told | {"is_stopped_by_a_person": is_stopped})
    else:
        overlay = ["Stopped by a person: on no tasking list from that moment, whatever stands below.", ""]
        context.say(context.settings.protective_marking, "", *(overlay if is_stopped else []), explanation.render())
    return 0


def sql(context: Context) -> int:
    """One statement or a saved query on the published copy."""
    from misuse import analysis, casebook

    options = context.options
    if options.saved:
        for query in analysis.saved_queries():
            context.say(f"{query.name:32} {query.question}")
        return 0
    text, defaults = _statement(context)
    given = dict(part.split("=", 1) if "=" in part else (part, "") for part in options.param)
    seconds = options.seconds or context.settings.sql_seconds
    payload = {"statement": analysis.masked(text)}
    # Whose calls were read is told; any other value may be a name.
    if named := analysis.pseudonyms(text, {**defaults, **given}):
        payload["parameters"] = ", ".join(f"{name}={value}" for name, value in sorted(named.items()))
    with casebook.opened(context.settings) as book:
        book.record("sql_run", actor=context.actor, occurred_at=context.now, payload=payload)
    giving_up = threading.Timer(seconds + analysis.GRACE, _give_up, (context, analysis.too_long(seconds)))
    giving_up.daemon = True
    giving_up.start()
    try:
        result = analysis.run_sql(context.settings, text, parameters={**defaults, **given}, limit_seconds=seconds)
    finally:
        giving_up.cancel()
    if context.wants_json:
        context.print_raw_json([dict(zip(result.columns, row, strict=True)) for row in result.rows])
    elif options.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        from misuse.reports.text import neutral_cell

        writer.writerow(map(neutral_cell, result.columns))
        writer.writerows(map(neutral_cell, row) for row in result.rows)
    else:
        context.table(result.columns, result.rows)
    return 0


def _give_up(context: Context, error: ResourceError) -> None:
    """End this process, since a function at work on one long value heeds no interruption; nothing is open for writing."""
    context.note(f"misuse: {error}")
    os._exit(error.exit_code)


def _statement(context: Context) -> tuple[str, dict[str, Any]]:
    from misuse import analysis

    options = context.options
    if bool(options.statement) == bool(options.file):
        raise UsageError("give one statement, or one file with -f", next_step='misuse sql "select * from runs"')
    if options.statement:
        return options.statement, {}
    saved = {query.name: query for query in analysis.saved_queries()}
    if options.file in saved:
        return saved[options.file].text, dict(saved[options.file].defaults)
    path = Path(options.file)
    if not path.is_file():
        raise UsageError(
            f"no file and no saved query is named {analysis.masked(options.file)}",
            next_step="misuse sql --saved lists them",
        )
    try:
        return path.read_text(encoding="utf-8"), {}
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{path} cannot be read: {why}", next_step="save the statement as text in UTF-8") from None


def resolve(con: Any, text: str) -> str:
    """A caller id from an id, its beginning, or a case reference."""
    from misuse import explain

    return explain.resolve_caller(con, text)


def _rows(con: Any, statement: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    return store.rows(con.execute(statement, parameters))
