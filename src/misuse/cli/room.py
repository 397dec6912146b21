"""Commands of the review room that need no browser: case, cycle, rights. Each asks the room, as the web pages do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from misuse.cli.context import Context

if TYPE_CHECKING:
    from misuse.room import Desk

_NEEDS = (
    "lane",
    "option",
    "owner",
    "review_date",
    "finding",
    "outcome",
    "activity",
    "until",
    "ground",
    "why_not_support",
)


def _desk(context: Context) -> Desk:
    from misuse.room import Desk

    return Desk(context.settings, context.actor, context.now)


def case_list(context: Context) -> int:
    """Every case."""
    from misuse.room import cases

    found = cases.cases(_desk(context))
    if context.wants_json:
        context.print_json(found)
    elif not found:
        context.say("no case is open; cases open when a list is frozen: misuse list --freeze")
    else:
        names = ("case_ref", "status", "lane", "owner", "review_date", "moves")
        context.table(names, [[row[name] for name in names] for row in found], numeric=("moves",))
    return 0


def case_show(context: Context) -> int:
    """One case."""
    from misuse.room import cases

    found = cases.case(_desk(context), context.options.case)
    if context.wants_json:
        context.print_json(found)
        return 0
    context.say(
        f"{context.settings.protective_marking} · case {found['case_ref']} · {found['status'].replace('_', ' ')} · "
        f"{len(found['calls'])} calls; this reading was recorded",
        *(f"STOP  entered by {stop['by'] or 'a rule'}: {stop['reason'] or 'a marker'}" for stop in found["stops"]),
        *(f"  {bar}" for bar in found["bars_told"]),
        "",
        "Moves:",
        *(f"  {row['move']:10} {row['label']}{_why_not(row)}" for row in found["moves"]),
        "",
        "So far:",
        *(
            f"  {row['event_id']:>6}  {row['at']:%Y-%m-%d}  {row['by']}  {row['kind']}  {row['told']}"
            for row in found["history"]
        ),
    )
    return 0


def _why_not(row: dict[str, Any]) -> str:
    return f" – not now: {row['why_not']}" if row["why_not"] else f" – needs {', '.join(row['needs'])}"


def case_open(context: Context) -> int:
    """Open calls."""
    from misuse.room import calls

    found = calls.open_calls(_desk(context), context.options.case, context.options.call)
    if context.wants_json:
        context.print_json(found)
        return 0
    for call in found:
        codes = " / ".join(str(call[name]) for name in ("closing_code", "qualifiers", "result_code") if call[name])
        context.say(f"  {call['received_local']:%Y-%m-%d %H:%M}  {call['call_key']}  {codes}  {call['rule']}")
    context.note(f"{len(found)} calls opened; recorded as {context.actor}'s")
    return 0


def case_judge(context: Context) -> int:
    """Confirm or refute a call."""
    from misuse.room import calls

    options = context.options
    calls.judge_call(_desk(context), options.case, options.call, options.verdict, options.note)
    context.say(f"call {options.call}: {options.verdict.replace('_', ' ')}, recorded as {context.actor}'s")
    return 0


def case_move(context: Context) -> int:
    """Make a move."""
    from misuse.room import cases

    options = context.options
    given = {"reason": options.reason, **{name: getattr(options, name) for name in _NEEDS}}
    done = cases.move(_desk(context), options.case, options.move, given)
    if context.wants_json:
        context.print_json(done)
    else:
        context.say(
            f"{options.case} is {done['status'].replace('_', ' ')}; event {done['event_id']}, head {done['head']}"
        )
    return 0


def case_meet(context: Context) -> int:
    """Record a precondition as met."""
    from misuse.room import cases

    options = context.options
    cases.meet(_desk(context), options.case, options.option, options.need, options.how)
    context.say("recorded as met")
    return 0


def case_evidence(context: Context) -> int:
    """The evidence frozen with a decision."""
    from misuse.room import calls

    context.print_json(calls.evidence(_desk(context), context.options.event))
    return 0


def cycle_list(context: Context) -> int:
    """Every frozen list."""
    from misuse.room import meetings

    found = meetings.cycles(_desk(context))
    if context.wants_json:
        context.print_json(found)
    elif not found:
        context.say("no list was frozen yet: misuse list --freeze")
    else:
        names = ("cycle", "run_id", "as_of", "by", "eligible", "is_minuted")
        context.table(names, [[row[name] for name in names] for row in found], numeric=("eligible",))
    return 0


def cycle_show(context: Context) -> int:
    """One cycle."""
    from misuse.room import meetings

    held = meetings.cycle(_desk(context), context.options.cycle)
    if context.wants_json:
        context.print_json(held)
        return 0
    meant = [row for row in held["rows"] if row["part"] < 4]
    context.say(
        f"{context.settings.protective_marking} · cycle {held['cycle']} · run {held['run_id']} · list {held['digest']}"
    )
    for row in meant:
        decided = row["decision"]["move"] if row["decision"] else "stopped since" if row["is_stopped_since"] else "open"
        context.say(f"  {row['case_ref']}  part {row['part']}  {row['status'] or ''}  {decided}")
    context.say(f"{len(held['rows']) - len(meant)} more were eligible and wait")
    return 0


def cycle_agenda(context: Context) -> int:
    """The agenda as PDF."""
    from misuse.room.papers import cycle

    return _paper(context, cycle.agenda_pdf(_desk(context), context.options.cycle))


def cycle_minutes(context: Context) -> int:
    """The minutes as PDF."""
    from misuse.room.papers import cycle

    return _paper(context, cycle.minutes_pdf(_desk(context), context.options.cycle))


def _paper(context: Context, content: bytes) -> int:
    path = Path(context.options.out)
    path.write_bytes(content)
    context.say(f"written: {path}")
    return 0


def rights_clocks(context: Context) -> int:
    """The clocks of every case."""
    from misuse.room import rights

    found = rights.clocks(_desk(context))
    if context.wants_json:
        context.print_json(found)
    else:
        names = ("case_ref", "status", "review_on", "retain_until", "dispose_by", "state")
        context.table(names, [[row[name] for name in names] for row in found])
    return 0


def rights_dispose(context: Context) -> int:
    """Put a case's person away."""
    from misuse.room import rights

    options = context.options
    done = rights.dispose(_desk(context), options.case, options.reason, ground="upheld" if options.upheld else "due")
    if context.wants_json:
        context.print_json(done)
        return 0
    context.say(
        f"put away: {done['events']} events, {done['lines']} lines, {done['packs']} packs, off {done['lists']} frozen lists; certificate {done['event_id']}",
        f"the published copy and its reports go with the next run (misuse run); backups by {done['backups_by']}",
    )
    return 0


def rights_access(context: Context) -> int:
    """Everything held of a person."""
    from misuse.room import rights
    from misuse.room.papers import access

    desk = _desk(context)
    held = rights.subject_access(desk, context.options.caller, context.options.reason)
    if context.options.out:
        return _paper(context, access.access_pdf(desk, held))
    context.print_json(held)
    return 0


def rights_dpia(context: Context) -> int:
    """Inputs for the impact assessment."""
    from misuse.room import assessment

    context.say(assessment.inputs(_desk(context)))
    return 0
