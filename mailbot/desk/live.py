"""What the browser is told without asking: that something new is in the ledger (server-sent events, HTML standard 9.2).

An event says only that; the page then asks for its own part anew, with the session it has. It tells the mark of what it
shows, and the browser that of the last event it had (``Last-Event-ID``), so nothing is missed between page and stream.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.responses import StreamingResponse

from mailbot.errors import MailbotError
from mailbot.ledger import events
from mailbot.ledger.streams.newest import latest_mails

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from mailbot.desk.desk import Desk
    from mailbot.ledger.engine import Tx

EVERY_SECONDS = 2.0

LASTS_SECONDS = 300.0
"""Then the browser connects again by itself: a session that has ended hears no more."""

MOST = 12
"""So many streams are open at once; a further one is told to come back later."""

FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline' data:; img-src data:; font-src data:; "
    "sandbox; frame-ancestors 'self'"
)
"""Of a page in a frame: nothing runs, nothing leads anywhere, nothing is asked for elsewhere."""

_open = 0


def stream(desk: Desk, request: Request) -> StreamingResponse:
    """Return the stream of one browser tab."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_told(desk, request), media_type="text/event-stream", headers=headers)


async def _told(desk: Desk, request: Request) -> AsyncIterator[str]:
    global _open  # noqa: PLW0603  # one event loop, and nothing between the reading and the writing
    if _open >= MOST:
        yield "retry: 60000\n\n"
        return
    _open += 1
    try:
        yield "retry: 5000\n\n"
        loop = asyncio.get_running_loop()
        ends = loop.time() + LASTS_SECONDS
        last = request.headers.get("last-event-id") or request.query_params.get("since")
        while loop.time() < ends and not desk.ends() and not await request.is_disconnected():
            newest = await to_thread.run_sync(_newest, desk)
            yield f"event: news\nid: {newest}\ndata: {newest}\n\n" if newest != last else ": nothing\n\n"
            last = newest
            await asyncio.sleep(EVERY_SECONDS)
    finally:
        _open -= 1


def mark(tx: Tx) -> str:
    """Return what differs once anything has changed: the newest mail, where it stands, and the end of the trail."""
    return " ".join([*(f"{row.name} {row.state}" for row in latest_mails(tx, 1)), events.head(tx)[:12]])


def _newest(desk: Desk) -> str:
    try:
        with desk.read() as tx:
            return mark(tx)
    except MailbotError as error:
        return error.__class__.__name__
