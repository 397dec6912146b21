"""Commands of the machine room: serve, schedule, retention."""

from __future__ import annotations

from misuse.cli.context import Context


def serve(context: Context) -> int:
    """Serve the review room until told to end."""
    import dataclasses

    from misuse import casebook
    from misuse.web import serving

    settings = context.settings
    if context.options.port is not None:
        settings = dataclasses.replace(settings, web=dataclasses.replace(settings.web, port=context.options.port))
    with casebook.opened(settings) as book:
        if not book.users():
            context.note(
                "nobody can sign in yet",
                f"Next: misuse users add {context.actor} --role administrator, then misuse users password",
            )
    return serving.serve(settings, lambda: context.now, context.note)


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
