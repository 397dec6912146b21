"""The application: routes made from the table, with every request through the same door.

`make_app` gets settings and a clock; nothing else here looks at the world. Errors become pages that say what to do next
and never quote what was sent or read.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.routing import Route as Place
from starlette.staticfiles import StaticFiles

from misuse.web.door import Door
from misuse.web.headers import SecureHeaders
from misuse.web.routes import ROUTES, Route
from misuse.web.visits import Answer, Download, Form, Page, Redirect
from misuse.web.warming import Warmer

if TYPE_CHECKING:
    from misuse.settings import Settings

STATIC = Path(__file__).parent / "static"
LARGEST_FORM = 256 * 1024
# How many at once. Python runs one at a time: more would each take longer, and a password takes all cores by itself.
AT_ONCE = {"pages": 8, "acts": 4, "papers": 1, "sign-ins": 1}


def make_app(settings: Settings, now: Callable[[], datetime], note: Callable[[str], object] = str) -> Starlette:
    """The review room over a data home.

    `now` gives this moment, UTC without a zone; `note` gets a line for each fault of the program, with nobody's data.
    """
    door = Door(settings, now, note)
    places: list[Any] = [
        Place(route.path, _endpoint(door, route), methods=[route.method], name=f"{route.name}:{route.method}")
        for route in ROUTES
    ]
    places.append(Mount("/static", StaticFiles(directory=STATIC), name="static"))
    app = Starlette(routes=places, exception_handlers={404: _lost(door), 405: _lost(door)})
    app.add_middleware(SecureHeaders, settings=settings)
    app.state.door = door
    app.state.warmer = Warmer(door, _handler)
    return app


def _lane(route: Route) -> CapacityLimiter:
    """Whom a request waits for: pages never for what takes long, nor for those who wait for the casebook's lock."""
    try:
        lanes = _LANES.get()
    except LookupError:
        lanes = {name: CapacityLimiter(most) for name, most in AT_ONCE.items()}
        _LANES.set(lanes)
    if route.is_export:
        return lanes["papers"]
    if route.method == "GET":
        return lanes["pages"]
    return lanes["sign-ins" if route.handler == "door:sign_in" else "acts"]


_LANES: RunVar[dict[str, CapacityLimiter]] = RunVar("misuse_lanes")


def _endpoint(door: Door, route: Route) -> Callable[[Request], Any]:
    handler = _handler(route.handler)
    back = _handler(route.back) if route.back else None

    async def serve(request: Request) -> Response:
        body = await _body(request) if request.method == "POST" else b""
        return await to_thread.run_sync(answered, request, body, limiter=_lane(route))

    def answered(request: Request, body: bytes | None) -> Response:
        arrival = door.arrival(
            route,
            path=dict(request.path_params),
            query=dict(request.query_params),
            form=None if body is None else _form(body),
            headers=request.headers,
            cookies=request.cookies,
            peer=request.client.host if request.client else "",
        )
        try:
            answer = door.admit(arrival, handler, back)
            response = _response(door, arrival, answer)
        except Exception as error:  # noqa: BLE001 - the last door: a person gets words, never a trace
            door.note(f"misuse serve: {_place(error)} at {route.method} {route.name}")
            response = HTMLResponse(door.render_plain(door.fault(error)), status_code=500)
        return _with_cookie(door, arrival, response)

    return serve


def _handler(name: str) -> Callable[..., Answer]:
    module, _, function = name.partition(":")
    found: Callable[..., Answer] = getattr(importlib.import_module(f"misuse.web.pages.{module}"), function)
    return found


async def _body(request: Request) -> bytes | None:
    """What was sent, or None where it is too large or no form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return None
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_FORM:
            return None
        parts.append(part)
    return b"".join(parts)


def _form(body: bytes) -> Form:
    try:
        return Form(parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=2000))
    except ValueError:
        return Form()


def _response(door: Door, arrival: Any, answer: Answer) -> Response:
    if isinstance(answer, Redirect):
        return RedirectResponse(answer.to, status_code=303)
    if isinstance(answer, Download):
        disposition = f'attachment; filename="{answer.name}"'
        return Response(answer.content, media_type=answer.media, headers={"Content-Disposition": disposition})
    return HTMLResponse(door.render(arrival, answer), status_code=answer.status)


def _with_cookie(door: Door, arrival: Any, response: Response) -> Response:
    name, value = door.cookie(arrival)
    if value is not None:
        response.set_cookie(
            name, value, httponly=True, samesite="strict", path="/", secure=door.settings.web.is_behind_https
        )
    return response


def _lost(door: Door) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, _: Exception) -> Response:
        page = Page("error.html", {"title": "Page not found", "message": "There is no such page."}, status=404)
        return HTMLResponse(door.render_plain(page), status_code=404)

    return answer


def _place(error: Exception) -> str:
    """What went wrong and where, without its message, which can quote a row."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "unknown"
    return f"{type(error).__name__} ({where})"
