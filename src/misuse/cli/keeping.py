"""Commands that open the vault to a person, or keep it: find, identify, vault rotate. Each is recorded in the casebook."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from misuse.cli.context import Context
from misuse.errors import UsageError


def find(context: Context) -> int:
    """The callers behind a number, or at an address."""
    from misuse import identities

    options = context.options
    found = identities.find(
        context.settings,
        number=options.number,
        address=options.address,
        reason=options.reason,
        actor=context.actor,
        now=context.now,
    )
    if context.wants_json:
        context.print_json(found)
    elif not found:
        context.say("no caller of the last run is known by that; the look was recorded")
    for row in [] if context.wants_json else found:
        context.say(f"{row['caller_id']}  {row['identity_kind']}  {_calls(context, row)}")
    return 0


def identify(context: Context) -> int:
    """The numbers, names and addresses behind a caller; or a batch's rejected rows as they were read."""
    from misuse import identities

    options = context.options
    if options.batch is not None:
        return _rejected_rows(context)
    found = identities.identify(
        context.settings, options.caller, reason=options.reason, actor=context.actor, now=context.now
    )
    if context.wants_json:
        context.print_json(found)
        return 0
    context.say(f"{context.settings.protective_marking} · identity of {found['caller_id']} · this look was recorded")
    for row in found["held"]:
        title = "premises" if row["line"] in found["premises"] else "number"
        context.say(f"  {title:20} {_plain(row['line'])}  {_calls(context, row)}")
    for name, title in _IDENTITY_TITLES.items():
        for value in found[name]:
            context.say(f"  {title:20} {_plain(value)}")
    return 0


_IDENTITY_TITLES = {
    "subscriber_names": "subscriber",
    "subscriber_addresses": "address of the line",
    "person_names": "named as",
    "birth_dates": "born",
}


def _calls(context: Context, row: dict[str, Any]) -> str:
    """How many calls and when, and who else held the number, in local days."""
    zone = ZoneInfo(context.settings.reporting_zone)
    days = {
        key: row[key].replace(tzinfo=UTC).astimezone(zone).date().isoformat()
        for key in ("first_call_at", "last_call_at", "held_from", "held_to")
        if row[key]
    }
    told = f"{row['calls']} call{'' if row['calls'] == 1 else 's'}, {days['first_call_at']} to {days['last_call_at']}"
    before = f"; another holder before {days['held_from']}" if "held_from" in days else ""
    return told + before + (f"; another from {days['held_to']}" if "held_to" in days else "")


def _rejected_rows(context: Context) -> int:
    from misuse import identities

    options = context.options
    found = identities.rejected(
        context.settings,
        options.batch,
        limit=options.limit,
        reason=options.reason,
        actor=context.actor,
        now=context.now,
    )
    if context.wants_json:
        context.print_json(found)
        return 0
    context.say(
        f"{context.settings.protective_marking} · rejected rows of batch {found['batch_id']} · this look was recorded",
        f"{found['file_name']}: {found['rejected']} rejected, {found['kept']} kept, {len(found['rows'])} shown",
    )
    for row in found["rows"]:
        context.say(f"  row {row['row_number']}  {row['reason']}", f"    {_plain(row['raw'] or '')}")
    if found["kept"] > len(found["rows"]):
        context.note(f"more with --limit {found['kept']}")
    return 0


def _plain(text: str) -> str:
    """A text of a log without what would steer a terminal."""
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in text)


def vault_rotate(context: Context) -> int:
    """Encrypt the vault with a new key."""
    from misuse import casebook, warehouse
    from misuse.vault import rotation

    settings, options = context.settings, context.options
    if not options.reason.strip():
        raise UsageError("a rotation needs a reason", next_step='misuse vault rotate --reason "…"')
    with casebook.opened(settings) as book:
        book.admit("rotate_vault_key", context.actor, occurred_at=context.now)

    def record() -> None:
        with casebook.opened(settings) as book:
            payload = {"reason": options.reason}
            book.record("vault_key_rotated", actor=context.actor, occurred_at=context.now, payload=payload)

    with (
        warehouse.writer(settings),
        warehouse.in_memory(settings, warehouse.scratch_path(settings)) as con,
        context.tracker.step("Encrypting the vault with a new key"),
    ):
        new = Path(options.new_key) if options.new_key else None
        done = rotation.rotate(con, settings, new_key_file=new, before_exchange=record)
    if context.wants_json:
        context.print_json(done.as_json())
    else:
        context.say(*_rotated(done))
    return 0


def _rotated(done: Any) -> list[str]:
    lines = [f"the vault opens with the new key alone: {done.tables} tables, {done.rows:,} rows, compared with the old"]
    if done.copies_removed:
        lines.append(f"{done.copies_removed} older copies under backups/, which the old key opens, are gone")
    if done.key_file:
        return [
            *lines,
            f"Next: put the new {done.key_file} into escrow; keep the old key there for the backups it opens",
        ]
    return [*lines, "Next: set MISUSE_VAULT_KEY to the new key, unset MISUSE_VAULT_KEY_NEW, and put it into escrow"]
