"""The application: the table of routes, and the one place where a request becomes a call and its answer a page.

A route is a screen, which a session may look at, or an act, which an organizer's session may carry out with the token
of its forms. Nothing else is served but the door and the static files; a test walks the table.
"""

from __future__ import annotations

import asyncio
import mimetypes
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from anyio import to_thread
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from mailbot.desk import live
from mailbot.desk.acts import ACTS
from mailbot.desk.desk import Upload, acting
from mailbot.desk.page import Ask, Download, Frame, Goto, Missing, Page, rendered
from mailbot.desk.screens import SCREENS
from mailbot.desk.walls import INTO_FORM, TOO_LONG, Walls, failed, language_of, refusal
from mailbot.errors import MailbotError
from mailbot.mail.languages import CHINESE, ENGLISH, folder
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from mailbot.desk.acts.act import Act
    from mailbot.desk.desk import Desk
    from mailbot.desk.door import Person
    from mailbot.desk.page import Look, Screen

MOST_FIELDS, MOST_FILES, MOST_FIELD_BYTES = 200, 4, 1 << 20
"""Of one form."""

TROUBLE = "trouble.html.j2"

STATIC = ("desk.css", "desk.js", "htmx.min.js", "icon.svg")


def build(desk: Desk) -> Starlette:
    """Return the application on a contest."""
    routes = [
        Route(screen.path, _screen(desk, screen), methods=["GET"], name=f"screen {screen.path}") for screen in SCREENS
    ]
    in_memory = asyncio.Lock()
    for act in ACTS.values():
        path = f"/act/{act.name}"
        routes.append(Route(path, _screen(desk, act.screen), methods=["GET"], name=f"screen {path}"))
        routes.append(Route(path, _act(desk, act, in_memory), methods=["POST"], name=f"act {path}"))
    routes += [
        Route("/live", _live(desk), methods=["GET"], name="screen /live"),
        Route("/login", _login(desk), methods=["GET", "POST"], name="door /login"),
        Route("/logout", _logout(desk), methods=["POST"], name="door /logout"),
        Route("/language", _language(desk), methods=["POST"], name="door /language"),
        *(Route(f"/static/{name}", _static(name), methods=["GET"], name=f"static {name}") for name in STATIC),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Walls)],
        exception_handlers={404: _nowhere(desk), HTTPException: _misused, ClientDisconnect: _cut_off},
    )


def _person(desk: Desk, request: Request) -> Person | None:
    """Return who asks; None for somebody who is not logged in. What a page asks for by itself keeps no session."""
    by_itself = request.method == "GET" and (_is_within(request) or request.url.path == "/live")
    return desk.door.who(request.cookies.get(desk.door.cookie, ""), uses=not by_itself)


def _is_within(request: Request) -> bool:
    """Whether the page that is shown asks, and puts the answer into itself."""
    return "hx-request" in request.headers


def _gone_to(href: str, request: Request) -> Response:
    """Send the browser to another page, also where a part of the present one was asked for."""
    return Response(headers={"HX-Redirect": href}) if _is_within(request) else RedirectResponse(href, 303)


def _screen(desk: Desk, screen: Screen) -> Callable[[Request], Awaitable[Response]]:
    async def look(request: Request) -> Response:
        person = _person(desk, request)
        if person is None:
            return _gone_to("/login", request)
        ask = Ask(desk=desk, person=person, path=request.path_params, given=dict(request.query_params))
        return await to_thread.run_sync(_answered, screen.look, ask, request)

    return look


def _act(desk: Desk, wanted: Act, in_memory: asyncio.Lock) -> Callable[[Request], Awaitable[Response]]:
    """Serve an act; the files of one form at a time are in memory, those of others wait on disk."""

    async def act(request: Request) -> Response:
        person = _person(desk, request)
        if person is None:
            return _ended(desk, wanted, request) if _is_within(request) else _gone_to("/login", request)
        if not person.may_act:  # nothing of what they send is read
            return _refused(desk, person, request)
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=MOST_FIELD_BYTES) as form:
            given = {name: value for name, value in form.items() if isinstance(value, str)}
            sent = {name: value for name, value in form.items() if isinstance(value, UploadFile) and value.filename}
            is_own = given.pop("csrf", "") == person.csrf
            home = f"{request.url.scheme}://{request.url.netloc}"
            ask = Ask(desk=desk, person=person, path=request.path_params, given=given, home=home)
            look = wanted.posted if is_own else wanted.stale
            if not sent or not is_own:
                return await to_thread.run_sync(_answered, look, ask, request)
            async with in_memory:
                files = {
                    name: Upload(name=printable(PurePosixPath(value.filename or "").name), data=await value.read())
                    for name, value in sent.items()
                }
                return await to_thread.run_sync(_answered, look, replace(ask, files=files), request)

    return act


def _ended(desk: Desk, wanted: Act, request: Request) -> Response:
    """Say above a form that its session has ended; what was typed stays in it."""
    answer = _page(desk, Page(template="ended.html.j2", title=wanted.title, status=401), None, request)
    answer.headers.update(INTO_FORM)
    return answer


def _refused(desk: Desk, person: Person, request: Request) -> Response:
    return _page(desk, Page(template="refused.html.j2", title="Not allowed", status=403), person, request)


def _answered(look: Look, ask: Ask, request: Request) -> Response:
    """Call a screen as its person, and return what it gives back as an answer."""
    with acting(ask.person):
        found = _found(look, ask)
    if isinstance(found, Page):
        answer = _page(ask.desk, found, ask.person, request)
        answer.headers.update(INTO_FORM if found.template == TROUBLE and request.method == "POST" else {})
        return answer
    if isinstance(found, Goto):
        return _gone_to(found.href, request)
    if isinstance(found, Frame):
        return HTMLResponse(found.html, headers={"Content-Security-Policy": found.policy})
    return Response(found.data, media_type="application/octet-stream", headers={"Content-Disposition": _saved(found)})


def _found(look: Look, ask: Ask) -> Page | Download | Frame | Goto:
    """Return what a screen gives back; what goes wrong is told in the sentence that a command prints."""
    try:
        return look(ask)
    except Missing:
        return _missing()
    except MailbotError as error:
        return _trouble(str(error))
    except OSError as error:
        return _trouble(f"{error.filename or 'A file'} cannot be used ({error.strerror or type(error).__name__}).")
    except Exception as error:  # noqa: BLE001  # whatever it is, a person waits for a page that says so
        return _trouble(failed(error), status=500)


def _missing() -> Page:
    return Page(template="missing.html.j2", title="Not found", status=404)


def _trouble(why: str, *, status: int = 409) -> Page:
    return Page(template=TROUBLE, title="That did not work", context={"why": why}, status=status)


def _saved(found: Download) -> str:
    """Return the header of a download: RFC 6266, with a name that is safe in every file system."""
    name = printable(PurePosixPath(found.name.replace("\\", "/")).name, 100) or "file"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name).lstrip(".")
    return f"attachment; filename=\"{plain or 'file'}\"; filename*=UTF-8''{quote(name)}"


def _page(desk: Desk, page: Page, person: Person | None, request: Request) -> HTMLResponse:
    html = rendered(page, person=person, desk=desk, path=request.url.path, language=language_of(request))
    return HTMLResponse(html, page.status)


def _login(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    """Show whom a link is for, and let them in when they say so: a mail program that looks at links uses none up."""

    async def login(request: Request) -> Response:
        if request.method == "POST":
            async with request.form(max_files=0, max_fields=2, max_part_size=1000) as form:
                key = str(form.get("key", ""))
            try:
                session = await to_thread.run_sync(desk.door.enter, key)
            except MailbotError as error:
                return _page(desk, _door(why=str(error), status=429), None, request)
            if session is None:
                return _page(desk, _door(tried=True), None, request)
            response = RedirectResponse("/", 303)
            response.set_cookie(desk.door.cookie, session, httponly=True, samesite="strict", path="/")
            return response
        key = request.query_params.get("key", "")
        name = desk.door.whose(key) if key else None
        return _page(desk, _door(name=name or "", key=key if name else "", tried=bool(key)), None, request)

    return login


def _door(*, why: str = "", name: str = "", key: str = "", tried: bool = False, status: int = 200) -> Page:
    if tried and not name:
        why, status = "That link was used, or is older than 15 minutes.", 403
    return Page(template="login.html.j2", title="Log in", context={"why": why, "name": name, "key": key}, status=status)


def _logout(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    async def logout(request: Request) -> Response:
        session = request.cookies.get(desk.door.cookie, "")
        person = desk.door.who(session)
        async with request.form(max_files=0, max_fields=2, max_part_size=1000) as form:
            if person is not None and form.get("csrf") == person.csrf:
                desk.door.leave(session)
        response = RedirectResponse("/login", 303)
        response.delete_cookie(desk.door.cookie, path="/")
        return response

    return logout


def _language(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    async def language(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=3, max_part_size=1000) as form:
            wanted = CHINESE if form.get("language") == CHINESE else ENGLISH
        response = RedirectResponse("/", 303)
        if _person(desk, request):
            response.set_cookie("language", wanted, httponly=True, samesite="strict", path="/")
        return response

    return language


def _live(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    async def stream(request: Request) -> Response:
        if _person(desk, request) is None:
            return refusal(request, "You are not logged in.", 403)
        return live.stream(desk, request)

    return stream


def _static(name: str) -> Callable[[Request], Awaitable[Response]]:
    data = (folder() / "desk" / "static" / name).read_bytes()
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"

    async def static(_: Request) -> Response:
        return Response(data, media_type=kind, headers={"Cache-Control": "max-age=3600"})

    return static


async def _cut_off(request: Request, _: Exception) -> Response:
    """Answer a body that went on beyond the limit, or whose sender is gone: then nobody reads it."""
    return refusal(request, TOO_LONG, 413, {"Connection": "close"})


async def _misused(request: Request, error: Exception) -> Response:
    """Answer a form that cannot be read, or a method that a page does not know."""
    assert isinstance(error, HTTPException)  # noqa: S101  # as it is registered
    why = f"The desk could not read that ({error.status_code}). Go back, load the page again, and send it once more."
    return refusal(request, why, error.status_code, error.headers)


def _nowhere(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def nowhere(request: Request, _: Exception) -> Response:
        if (person := _person(desk, request)) is None:
            return refusal(request, "There is no such page.", 404)
        return await to_thread.run_sync(_page, desk, _missing(), person, request)

    return nowhere
