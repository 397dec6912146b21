"""Commands that copy a data home and put a copy back: backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from misuse.cli.context import Context

if TYPE_CHECKING:
    from misuse.backup import Manifest


def backup(context: Context) -> int:
    """Take a backup."""
    from misuse.backup import back_up

    done = back_up(
        context.settings,
        Path(context.options.folder),
        clock=lambda: context.now,
        actor=context.actor,
        tracker=context.tracker,
    )
    for fault in done.faults:
        context.note(f"the casebook's record is broken and was copied as it is: event {fault}: misuse audit verify")
    if done.manifest.waiting:
        context.note(f"{done.manifest.waiting} files wait in the inbox and are in no backup: misuse run takes them in")
    if context.wants_json:
        context.print_json(done.as_json())
        return 0
    context.say(f"backup {done.path}", *_told(done.manifest))
    if done.removed:
        context.say(f"gone, being past their day: {', '.join(done.removed)}")
    context.say("it holds no key: without the escrowed copy of keys/ it cannot be put back (docs/keys.md)")
    return 0


def _told(held: Manifest) -> list[str]:
    told = [
        f"taken {held.taken_at} UTC: {len(held.files):,} files, {held.size / 1e6:,.1f} MB, to be gone by {held.gone_by}"
    ]
    if held.published:
        told.append(
            f"published run {held.published['run_id']}, whose list has the digest {held.published['digest'][:16]}"
        )
    return [*told, f"casebook of {held.casebook['events']:,} events with the head {held.casebook['head'][:16]}"]


def restore(context: Context) -> int:
    """Put a backup back, or only look whether it is whole."""
    from misuse import backup as backups

    options, source = context.options, Path(context.options.backup)
    escrow = Path(options.keys) if options.keys else None
    if options.check:
        held = backups.checked(source, context.settings, escrow)
        if context.wants_json:
            context.print_json({"digest": held.digest, "files": len(held.files), "bytes": held.size, "is_whole": True})
        else:
            context.say(f"{source} is whole", *_told(held))
        return 0
    done = backups.restore(
        source,
        context.settings,
        escrow=escrow,
        now=context.now,
        actor=context.actor,
        is_late_wanted=options.late,
        tracker=context.tracker,
    )
    _warn(context, done)
    if context.wants_json:
        context.print_json(done.as_json())
    else:
        context.say(
            f"restored to {done.home}",
            *_told(done.manifest),
            "every file, row and the list compared",
            "Next: misuse run",
        )
    return 0


def _warn(context: Context, done: object) -> None:
    from misuse.backup import Restored

    assert isinstance(done, Restored)  # noqa: S101 - for the types
    for fault in done.faults:
        context.note(f"the casebook's record was broken when it was backed up: event {fault}: misuse audit verify")
    for told in done.newer_certificates:
        context.note(
            f"{told}, after this backup: numbers and details are put away again; what the casebook says is not: "
            "misuse rights dispose CASE"
        )
