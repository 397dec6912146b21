"""Commands of persons and on persons: stop, users, audit. Each is recorded in the casebook."""

from __future__ import annotations

from misuse.cli.context import Context, published
from misuse.errors import StoreError, UsageError


def stop(context: Context) -> int:
    """Bar a caller, or lift the bar; one entered by a person, or a rule's."""
    from misuse import casebook, published_callers
    from misuse.cli.lists import resolve
    from misuse.room import care

    options = context.options
    if not options.reason.strip():
        raise UsageError("a stop needs a reason", next_step='misuse stop CALLER --reason "…"')
    rule = _rule_to_lift(context)
    with published(context) as con:
        caller_id = resolve(con, options.caller)
        spells = published_callers.spells_of(con, caller_id)
        payload = {"reason": options.reason, "is_urgent": options.urgent, "spells": spells, **rule}
        if not options.lift:
            payload["reached"] = care.others_in_reach(con, caller_id)
        with casebook.opened(context.settings) as book:
            kind = "stop_lifted" if options.lift else "stop_entered"
            book.record(kind, actor=context.actor, occurred_at=context.now, caller_id=caller_id, payload=payload)
            stops = book.live_stops()
        here = [stop for stop in stops if stop.caller_id == caller_id or set(spells).intersection(stop.spells)]
        reached = published_callers.stopped(con, stops if options.lift else here)
        if not options.lift:
            with casebook.opened(context.settings) as book:
                care.halt_reached(book, con, sorted(reached), actor=context.actor, now=context.now)
    if options.lift:
        context.say(*_lifted(context, caller_id, is_still_stopped=caller_id in reached))
    else:
        _tell_stopped(context, caller_id, others=len(set(reached) - {caller_id}))
    return 0


def _rule_to_lift(context: Context) -> dict[str, str]:
    """The rule whose stop is to be lifted, if one is named."""
    from misuse import safeguards

    rule = context.options.rule
    if rule is None:
        return {}
    if not context.options.lift:
        raise UsageError("a rule's stop is only lifted, never entered", next_step="leave --rule out, or add --lift")
    known = safeguards.stops()
    if rule not in (*known, "person"):
        raise UsageError("no rule that stops has that name", next_step=f"they are: {', '.join(known)}")
    return {"rule_id": rule}


def _lifted(context: Context, caller_id: str, *, is_still_stopped: bool) -> list[str]:
    rule = context.options.rule
    if rule not in (None, "person"):
        return [
            f"{caller_id}: the stop by rule {rule} is lifted from the caller, recorded as {context.actor}'s",
            "Calls that carry the marker stay barred, and a new one stops the caller again. The next run counts it.",
        ]
    lines = [f"{caller_id}: stop lifted, recorded as {context.actor}'s"]
    if is_still_stopped:
        return [
            *lines,
            "It is still stopped: a stop on somebody it may be one with reaches it. See misuse identity links.",
        ]
    return [*lines, "The next run counts the caller again."]


def _tell_stopped(context: Context, caller_id: str, *, others: int) -> None:
    from misuse import notify

    context.say(
        f"{caller_id}: stop entered, recorded as {context.actor}'s",
        "It counts from this moment: list, look and why follow it, and a frozen list leaves the caller out.",
        "Papers already printed do not: misuse run makes new ones.",
    )
    if others:
        context.say(f"It reaches {others} more who may be one with this caller: misuse identity links {caller_id}")
    if context.options.urgent:
        trouble = notify.notify(context.settings, notify.URGENT_STOP)
        context.note(*([trouble] if trouble else []))


def users(context: Context) -> int:
    """Who may do what, and passwords for the review room."""
    from misuse import casebook
    from misuse.room import Desk, people

    options = context.options
    desk = Desk(context.settings, context.actor, context.now)
    if options.action == "password":
        name = options.name or context.actor
        old = None if desk.may("change_users") else _old_password()
        people.set_password(desk, name, _new_password(), old=old)
        context.say(f"{name} has a new password for the review room")
        return 0
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
    change = people.add_user if options.action == "add" else people.change_user
    change(desk, options.name, options.role, borough=options.borough)
    context.say(f"{options.name} is {options.role}")
    return 0


def _old_password() -> str:
    """Whoever is no administrator shows that the password to change is theirs; the first line of standard input, or typed."""
    import getpass
    import sys

    return getpass.getpass("Old password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _new_password() -> str:
    """A password typed twice at a terminal, or one line of standard input; never an argument, which others can see."""
    import getpass
    import sys

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("New password: ")
    if getpass.getpass("Once more: ") != password:
        raise UsageError("the two passwords differ", next_step="misuse users password")
    return password


def audit(context: Context) -> int:
    """Whether the casebook's chain holds, also against the heads noted outside it; or all its events."""
    from misuse import casebook, publication

    if context.options.action == "export":
        from misuse.room import Desk
        from misuse.room import audit as room_audit

        context.print_json(room_audit.export_events(Desk(context.settings, context.actor, context.now)))
        return 0
    with casebook.opened(context.settings) as book:
        heads = [*(context.options.head or []), *_heads_of_runs(context)]
        faults = book.faults(heads)
        head, events, anchors = book.head(), book.count(), len(book.anchors())
        published = book.published_digests()
    if context.wants_json:
        told = [{"event_id": broken.event_id, "why": broken.why} for broken in faults]
        context.print_json(
            {"is_whole": not faults, "head": head, "events": events, "heads_noted": anchors, "broken": told}
        )
    if faults:
        raise StoreError(
            f"the casebook's record is broken at event {'; event '.join(map(str, faults))}",
            next_step="keep the file as it is, tell the auditor, restore from a backup beside it and compare",
        )
    if not faults and not publication.is_as_published(context.settings, published):
        raise StoreError(
            f"the published copy {context.settings.current_path.resolve().name} is not the file that the run published",
            next_step="keep it, tell the auditor; then misuse run --force publishes it anew",
        )
    if not context.wants_json:
        context.say(
            f"the casebook's record is whole: {events:,} events; its head is {head}",
            f"{anchors} heads noted at records and runs, and those of {len(heads)} published runs or given, are in it",
        )
    return 0


def _heads_of_runs(context: Context) -> list[str]:
    """The heads that published runs were made with: noted in a file that the casebook's keeper need not keep."""
    from misuse import publication

    if not context.settings.current_path.exists():
        return []
    heads = {str(row["casebook_head"]) for row in publication.run_history(context.settings) if row["casebook_head"]}
    return sorted(heads)
