"""Commands that concern persons: find, identify, stop, users, audit. Each is recorded in the casebook."""

from __future__ import annotations

from misuse.cli.context import Context, published
from misuse.errors import StoreError, UsageError


def find(context: Context) -> int:
    """The caller behind a number or an address."""
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
        context.say("no caller in the log is known by that; the look was recorded")
    for row in [] if context.wants_json else found:
        context.say(f"{row['caller_id']}  {row['identity_kind']}  {row['calls']} calls")
    return 0


def identify(context: Context) -> int:
    """The numbers, names and addresses behind a caller."""
    from misuse import identities

    found = identities.identify(
        context.settings,
        context.options.caller,
        reason=context.options.reason,
        actor=context.actor,
        now=context.now,
    )
    if context.wants_json:
        context.print_json(found)
        return 0
    context.say(f"{context.settings.protective_marking} · identity of {found['caller_id']} · this look was recorded")
    for name, title in _IDENTITY_TITLES.items():
        for value in found[name]:
            context.say(f"  {title:20} {value}")
    return 0


_IDENTITY_TITLES = {
    "numbers": "number",
    "premises": "premises",
    "subscriber_names": "subscriber",
    "subscriber_addresses": "address of the line",
    "person_names": "named as",
}


def stop(context: Context) -> int:
    """Bar a caller, or lift the bar."""
    from misuse import casebook, notify
    from misuse.cli.lists import resolve

    options = context.options
    if not options.reason.strip():
        raise UsageError("a stop needs a reason", next_step='misuse stop CALLER --reason "…"')
    with published(context) as con:
        caller_id = resolve(con, options.caller)
    kind = "stop_lifted" if options.lift else "stop_entered"
    with casebook.opened(context.settings) as book:
        book.record(
            kind,
            actor=context.actor,
            occurred_at=context.now,
            caller_id=caller_id,
            payload={"reason": options.reason, "is_urgent": options.urgent},
        )
    if options.lift:
        context.say(f"{caller_id}: stop lifted, recorded as {context.actor}'s", "The next run counts the caller again.")
        return 0
    context.say(
        f"{caller_id}: stop entered, recorded as {context.actor}'s",
        "It counts from this moment: list, look and why follow it, and a frozen list leaves the caller out.",
        "Papers already printed do not: misuse run makes new ones.",
    )
    if options.urgent:
        trouble = notify.notify(
            context.settings, "URGENT  a stop was entered that is to be looked at tonight → misuse look"
        )
        context.note(*([trouble] if trouble else []))
    return 0


def users(context: Context) -> int:
    """Who may do what."""
    from misuse import casebook

    options = context.options
    with casebook.opened(context.settings) as book:
        if options.action == "list":
            rows = book.users()
            if context.wants_json:
                context.print_json(rows)
            elif rows:
                context.table(("name", "role"), [[row["name"], row["role"]] for row in rows])
            else:
                context.say("nobody is mapped yet", "Next: misuse users add NAME --role administrator")
            return 0
        if not options.name or not options.role:
            raise UsageError(
                f"users {options.action} needs a name and a role", next_step="misuse users add NAME --role analyst"
            )
        book.set_user(
            options.name, options.role, actor=context.actor, occurred_at=context.now, is_new=options.action == "add"
        )
    context.say(f"{options.name} is {options.role}")
    return 0


def audit(context: Context) -> int:
    """Whether the casebook's chain holds; or all its events."""
    from misuse import casebook

    with casebook.opened(context.settings) as book:
        if context.options.action == "export":
            book.permitted("read_casebook", context.actor)
            context.print_json(book.events())
            return 0
        broken = book.verify()
        head = book.head()
    if broken is not None:
        raise StoreError(
            f"the casebook's record is broken at event {broken}: it, or what went before, was changed",
            next_step="keep the file as it is, tell the auditor, restore from a backup beside it and compare",
        )
    if context.wants_json:
        context.print_json({"is_whole": True, "head": head})
    else:
        context.say(f"the casebook's record is whole; its head is {head}")
    return 0
