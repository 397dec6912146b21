"""Commands of the machine room: schedule, retention."""

from __future__ import annotations

from misuse.cli.context import Context


def schedule(context: Context) -> int:
    """Serve the flows until told to end."""
    from flows import serve

    return int(serve.main(context.settings, context.environ) or 0)


def retention(context: Context) -> int:
    """Put away what is past its time."""
    from misuse import retention as retention_module

    done = retention_module.retain(context.settings, context.now, dry_run=context.options.dry_run)
    if context.wants_json:
        context.print_json(done.as_json())
    else:
        context.say(*done.lines())
    return 0
