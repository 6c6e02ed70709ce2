"""What every request meets before a screen does, and what every answer carries.

A page of another origin that the organizer's browser shows can send requests to this machine, and a name of its own can
lead there (DNS rebinding): so the Host header must name this machine, the cookie is SameSite=Strict, and every form
holds a token. What teams wrote is text, and the content security policy would run none of it (CSP level 3,
without inline).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The names under which this machine is asked, at whatever port: `ssh -L` picks one of its own."""

METHODS = frozenset({"GET", "HEAD", "POST"})

MOST_BYTES = 64 << 20
"""A request's body may be so long: more than any result file that is read, and a label file."""

TOO_LONG = f"More than {MOST_BYTES >> 20} MiB are not taken.\n"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

_PORT = re.compile(r":\d{1,5}$")


class Walls:
    """The middleware: refuses foreign hosts, methods and bodies that are too long; adds :data:`HEADERS`."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if (refused := _refusal(scope)) is not None:
            await refused(scope, receive, guarded)
            return
        await self._app(scope, _bounded(receive), guarded)


def _refusal(scope: Scope) -> PlainTextResponse | None:
    headers = Headers(scope=scope)
    if _PORT.sub("", headers.get("host", "")) not in HOSTS:
        return PlainTextResponse("The desk answers at localhost only.\n", 421)
    if scope["method"] not in METHODS:
        return PlainTextResponse("The desk knows GET and POST.\n", 405, {"Allow": ", ".join(sorted(METHODS))})
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
        return PlainTextResponse(TOO_LONG, 413)
    return None


def _bounded(receive: Receive) -> Receive:
    """Return the same messages; a body that goes on beyond the limit, whatever its header said, ends as if cut off."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return message if taken <= MOST_BYTES else {"type": "http.disconnect"}

    return bounded
