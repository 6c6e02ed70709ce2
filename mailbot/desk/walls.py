"""What every request meets before a screen does, and what every answer carries.

A page of another origin that the organizer's browser shows can send requests to this machine, and a name of its own can
lead there (DNS rebinding): so the Host header must name this machine, the cookie is SameSite=Strict, and every form
holds a token. What teams wrote is text, and the content security policy would run none of it (CSP level 3,
without inline).
"""

from __future__ import annotations

import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from markupsafe import escape
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse

from mailbot.desk.wording import told
from mailbot.mail.languages import CHINESE, ENGLISH, TAGS, desk_words
from mailbot.system import journal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import Headers
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The names under which this machine is asked, at whatever port: `ssh -L` picks one of its own."""

METHODS = frozenset({"GET", "HEAD", "POST"})

MOST_BYTES = 64 << 20
"""A request's body may be so long: more than any result file that is read, and a label file."""

TOO_LONG = f"More than {MOST_BYTES >> 20} MiB are not taken, and nothing was done: choose a smaller file."

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

ELSEWHERE = frozenset({"cross-site", "same-site"})
"""Where a browser says that another page sends a form (Fetch Metadata); another port of this machine is the same site,
and its forms come with our cookie."""

_PLAIN = (
    '<!doctype html><html lang="{tag}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<title>mailbot</title><link rel="stylesheet" href="/static/desk.css"><main id="main"><h1>{title}</h1>'
    '<p class="notice bad" id="trouble" role="alert">{why}</p>'
    '<p class="acts then"><a class="act" href="/">{today}</a></p></main></html>\n'
)

INTO_FORM = {"HX-Retarget": "#told", "HX-Reselect": "#trouble", "HX-Reswap": "innerHTML show:top"}
"""Lets what is wrong stand above the form that was sent, in which everything typed stays."""

_ROOT = Path(__file__).parents[2]

_PORT = re.compile(r":\d{1,5}$")


class Walls:
    """The middleware: refuses foreign hosts, methods, forms of other pages and bodies that are too long.

    Every answer gets :data:`HEADERS`, and whatever fails behind it is answered.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        has_begun = False

        async def guarded(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if (refused := _refusal(scope)) is not None:
            await refused(scope, receive, guarded)
            return
        try:
            await self._app(scope, _bounded(receive), guarded)
        except Exception as error:  # noqa: BLE001  # uvicorn would print what was asked, and what it was about
            why = failed(error)
            if not has_begun:
                await refusal(HTTPConnection(scope), why, 500)(scope, receive, guarded)


def language_of(connection: HTTPConnection) -> str:
    """Return the language that somebody has chosen, else the one that their browser asks for."""
    wanted = connection.cookies.get("language") or connection.headers.get("accept-language", "")
    return CHINESE if wanted.lower().startswith(CHINESE) else ENGLISH


def refusal(
    connection: HTTPConnection, why: str, status: int, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """Return a page for somebody who may not be logged in: what is wrong, and the way back."""
    language = language_of(connection)
    said = desk_words(language).gettext
    page = _PLAIN.format(
        tag=TAGS[language], title=said("That did not work"), why=escape(told(why, language)), today=said("Today")
    )
    into = INTO_FORM if connection.scope["method"] == "POST" and "hx-request" in connection.headers else {}
    return HTMLResponse(page, status, {**into, **(headers or {})})


def failed(error: Exception) -> str:
    """Write in the journal where our code failed, without the values it failed on, and return what a person is told."""
    own = [one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_relative_to(_ROOT)]
    where = f"{Path(own[-1].filename).relative_to(_ROOT)}:{own[-1].lineno}" if own else "elsewhere"
    journal.trouble("desk-failed", why=type(error).__name__, where=where)
    return (
        f"Our code failed: {type(error).__name__} at {where}, as the journal says too. "
        "Look whether it was done before you try again; the commands can do the same."
    )


def _refusal(scope: Scope) -> HTMLResponse | None:
    connection = HTTPConnection(scope)
    headers = connection.headers
    if not _is_ours(headers.get("host", "")):
        why = "The desk answers only to localhost and 127.0.0.1: open it by one of these names."
        return refusal(connection, why, 421)
    if scope["method"] not in METHODS:
        return refusal(connection, "The desk knows GET and POST.", 405, {"Allow": ", ".join(sorted(METHODS))})
    if scope["method"] == "POST" and _is_from_elsewhere(headers):
        return refusal(connection, "That form came from another page than the desk's: nothing was done.", 403)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
        return refusal(connection, TOO_LONG, 413)
    return None


def _is_ours(host: str) -> bool:
    return _PORT.sub("", host).lower() in HOSTS


def _is_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says so; ours has no Origin to tell, as its pages send no referrer."""
    origin = headers.get("origin", "null")
    return headers.get("sec-fetch-site") in ELSEWHERE or (origin != "null" and not _is_ours(_host_of(origin)))


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _bounded(receive: Receive) -> Receive:
    """Return the same messages; a body that goes on beyond the limit, whatever its header said, ends as if cut off."""
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return message if taken <= MOST_BYTES else {"type": "http.disconnect"}

    return bounded
