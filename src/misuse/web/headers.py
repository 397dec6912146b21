"""Headers that every answer carries, and the host names that may be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from misuse.settings import Settings

# Scripts, styles and pictures come from here, as files; nothing inline, nothing framed, nothing sent elsewhere.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'none'; connect-src 'none'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), clipboard-read=()",
    "X-Robots-Tag": "noindex, nofollow",
}
YEAR_SECONDS = 31_536_000


class SecureHeaders:
    """Adds the headers, and refuses host names that are not this room's."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = frozenset(settings.web.names.lower().split())
        self._is_https = settings.web.is_behind_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), str(scope["path"]))
            await send(message)

        if self._name(scope) not in self._names:
            await PlainTextResponse("This name is not the review room's.", status_code=421)(scope, receive, sending)
            return
        await self._app(scope, receive, sending)

    def _add(self, headers: MutableHeaders, path: str) -> None:
        for name, value in HEADERS.items():
            headers[name] = value
        # What shows persons is kept nowhere; styles and scripts are asked for again only when they changed.
        headers["Cache-Control"] = "no-cache" if path.startswith("/static/") else "no-store"
        if self._is_https:
            headers["Strict-Transport-Security"] = f"max-age={YEAR_SECONDS}"

    @staticmethod
    def _name(scope: Scope) -> str:
        hosts = [value.decode("latin-1") for key, value in scope["headers"] if key == b"host"]
        name = hosts[0].lower() if len(hosts) == 1 else ""
        return name.rpartition(":")[0] if ":" in name and not name.endswith("]") else name
