"""A connection that waits for its client: not for ever, and not while somebody else is kept out by it.

uvicorn waits without end for a head, for a body, and for a client that does not read. Whoever has an account on the
host could so take every place there is, without logging in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

MOST = 128
"""So many connections are open at once: of more, one that waits for its client is closed."""

PATIENCE_SECONDS = 30.0
"""So long a client may take for the head of a request, for reading what was sent, and for a body's beginning."""

LEAST_RATE = 8 << 10
"""Bytes in a second that a body comes with at least: so much longer it may take."""

LOOKS_SECONDS = 5.0


class Connection(H11Protocol):
    """One client's connection. It lives on the event loop's thread alone."""

    #: Since when the client is waited for, in the loop's seconds, and how many bytes came since.
    _since = 0.0
    _taken = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begin to wait for a request; make room for it."""
        super().connection_made(transport)
        self._begin()
        _make_room(one for one in self.connections if isinstance(one, Connection) and one is not self)
        self.loop.call_later(LOOKS_SECONDS, self._look)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request."""
        self._taken += len(data)
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self._begin()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Begin to wait until the client reads."""
        self._begin()
        super().pause_writing()

    @property
    def waits(self) -> bool:
        """Whether it is the client's turn."""
        cycle: Any = self.cycle  # None before the first request
        due = cycle is None or cycle.response_complete or (cycle.more_body and not self.flow.read_paused)
        return due or self.flow.write_paused

    @property
    def rank(self) -> tuple[bool, float]:
        """Its place among those that make room: first who has not asked whole, then who has waited longest."""
        cycle: Any = self.cycle
        return cycle is not None and cycle.response_complete, self._since

    def _begin(self) -> None:
        self._since, self._taken = self.loop.time(), 0

    def _look(self) -> None:
        if self.transport.is_closing():
            return
        if self.waits and self.loop.time() - self._since > PATIENCE_SECONDS + self._taken / LEAST_RATE:
            self.transport.abort()
            return
        self.loop.call_later(LOOKS_SECONDS, self._look)


def _make_room(others: Iterable[Connection]) -> None:
    """Close a connection that waits for its client, where there are too many."""
    known = list(others)
    waiting = [one for one in known if one.waits]
    if len(known) >= MOST and waiting:
        min(waiting, key=lambda one: one.rank).transport.abort()
