"""Serves the review room until it is told to end."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from misuse.errors import UsageError

if TYPE_CHECKING:
    from misuse.settings import Settings

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MOST_AT_ONCE = 200  # requests; beyond that a browser is told to try again


def address(settings: Settings) -> str:
    """Where a browser finds the room. Errors: UsageError for an address on a network without HTTPS before it."""
    web = settings.web
    if web.host not in LOOPBACK and not web.is_behind_https:
        raise UsageError(
            f"the room is not served on {web.host} without HTTPS",
            next_step="put a gateway that speaks HTTPS before it and set web.is_behind_https = true, or listen on 127.0.0.1",
        )
    return f"{'https' if web.is_behind_https else 'http'}://{web.names.split()[0]}:{web.port}"


def serve(settings: Settings, now: Callable[[], datetime], note: Callable[[str], object]) -> int:
    """Serve until interrupted. Nothing is logged of a request; faults of the program get a line, without anybody's data."""
    import uvicorn

    from misuse.web.app import make_app

    where = address(settings)
    app = make_app(settings, now, note)
    app.state.door.warm()
    app.state.warmer.look()
    gc.collect()
    gc.freeze()  # what is there by now stays: a look through all of it would hold every page up for a tenth of a second
    note(f"the review room is at {where}; Ctrl-C ends it")
    ended = threading.Event()
    threading.Thread(target=app.state.warmer.watch, args=(ended,), daemon=True).start()
    uvicorn.run(
        app,
        host=settings.web.host,
        port=settings.web.port,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_AT_ONCE,
        timeout_keep_alive=15,
    )
    ended.set()
    return 0
