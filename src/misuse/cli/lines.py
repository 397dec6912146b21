"""Commands about shared lines and safeguards: shared-lines, safeguards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from misuse import wording
from misuse.cli.context import Context, parse_date

if TYPE_CHECKING:
    from misuse.line_register import Registered


def shared_lines(context: Context) -> int:
    """The register."""
    from misuse import line_register

    rows = line_register.listed(context.settings)
    if context.wants_json:
        context.print_json(rows)
        return 0
    if not rows:
        context.say("no shared line is registered", 'Next: misuse shared-lines import FILE --reason "…"')
        return 0
    headings = ("caller_id", "kind", "calls", "last_call_at", "registered_at", "actor_role")
    context.table(headings, [[row[name] for name in headings] for row in rows], numeric=("calls",))
    return 0


def add(context: Context) -> int:
    """Put a number into the register."""
    from misuse import line_register

    options = context.options
    done = line_register.register(
        context.settings, options.number or options.caller, options.kind, by_caller=options.number is None,
        reason=options.reason, actor=context.actor, now=context.now,
    )  # fmt: skip
    context.say(_told(done), _NEXT)
    return 0


def load(context: Context) -> int:
    """Put a file's numbers into the register, all or none."""
    from misuse import line_register

    options = context.options
    done = line_register.load(
        context.settings, Path(options.file), reason=options.reason, actor=context.actor, now=context.now
    )
    context.say(_told(done), _NEXT)
    return 0


def _told(done: Registered) -> str:
    lines = "1 line" if done.lines == 1 else f"{done.lines:,} lines"
    return f"{lines} registered" + (f"; in already: {done.known:,}" if done.known else "")


_NEXT = "The next run shows them apart, never as a person: misuse run"


def remove(context: Context) -> int:
    """Take a number out of the register."""
    from misuse import line_register

    options = context.options
    line_register.remove(
        context.settings, options.number or options.caller, by_caller=options.number is None,
        reason=options.reason, actor=context.actor, now=context.now,
    )  # fmt: skip
    context.say("taken out of the register; the next run counts the number as before it was put in")
    return 0


def suggest(context: Context) -> int:
    """Numbers that behave as shared lines."""
    from misuse import line_register

    rows = line_register.suggested(context.settings)
    if context.wants_json:
        context.print_json(rows)
        return 0
    if not rows:
        context.say("no number is suggested as a shared line")
        return 0
    context.say(f"{context.settings.protective_marking} · {len(rows)} numbers behave as shared lines", "")
    headings = ("caller_id", "probability", "calls", "misuse_calls", "reasons")
    context.table(headings, [[row[name] for name in headings] for row in rows], numeric=headings[1:4])
    context.say("", 'If one is: misuse shared-lines add --caller CALLER --kind KIND --reason "…"')
    return 0


def safeguards(context: Context) -> int:
    """Each safeguard: which logs leave it blind, and what was checked instead."""
    from misuse import safeguards as module

    rows = module.listed(context.settings, wording.local_day(context.now, context.settings.reporting_zone))
    if context.wants_json:
        context.print_json(rows)
        return 0
    headings = ("safeguard", "stops", "blind in", "checked", "by", "until", "counts")
    context.table(
        headings,
        [
            [row["rule_id"], row["is_stop"], row["blind_in"], row["checked_at"], row["checked_by_role"], row["until"],
             row["is_covered"]]
            for row in rows
        ],
    )  # fmt: skip
    owed = [row for row in rows if row["is_blind"] and not row["is_covered"]]
    blind = sum(row["is_blind"] for row in rows)
    context.say("", f"{blind} of {len(rows)} safeguards blind, {blind - len(owed)} of them checked by other means")
    if lost := module.undeclared(context.settings):
        context.say(
            f"Calls of {', '.join(lost)} are in, and no such source is declared any more: what its log leaves blind cannot be told, "
            f"and all are taken to be. Declare [sources.{lost[0]}] again"
        )
    if owed:
        context.say('After a check: misuse safeguards record RULE --until DATE --reason "…"')
    return 0


def record(context: Context) -> int:
    """Record a check by other means."""
    from misuse import safeguards as module

    options = context.options
    until = parse_date(options.until)
    module.record(context.settings, options.rule, until, reason=options.reason, actor=context.actor, now=context.now)
    context.say(f"{options.rule}: another check is recorded as {context.actor}'s and counts until {until}")
    return 0
