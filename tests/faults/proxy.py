"""A stretch of wire that can be cut in every way a network knows: FIN, RST, silence, refusal."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from typing import TYPE_CHECKING, Literal

from tests.servers.listener import ThreadedListener
from tests.servers.process import LOOPBACK

if TYPE_CHECKING:
    from types import TracebackType

Cut = Literal["fin", "rst", "hole"]

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: close() sends RST (socket(7))


class Proxy(ThreadedListener):
    """Passes connections on to a port."""

    def __init__(self, port: int) -> None:
        """Listen on :attr:`port` in front of another port of this machine."""
        super().__init__()
        self._target = (LOOPBACK, port)
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._deaf: set[socket.socket] = set()
        #: While true, every new connection is closed as soon as it is made.
        self.refuses = False
        #: How many connections clients made, refused ones too.
        self.connections = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self.cut("fin")

    def cut(self, how: Cut) -> None:
        """Cut every connection there is now: closed, reset, or left open with nothing passing any more."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            if how == "hole":
                self._deaf.update(pair)
                continue
            if how == "rst":
                for end in pair:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            for end in pair:
                if how == "rst":
                    end.close()
                else:
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)

    def _take(self, client: socket.socket) -> None:
        self.connections += 1
        if self.refuses:
            client.close()
        else:
            super()._take(client)

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), client:  # ValueError: select on a socket that was reset
            server = socket.create_connection(self._target)
            with server:
                self._pairs.append((client, server))
                try:
                    self._pump(client, server)
                finally:
                    with contextlib.suppress(ValueError):  # it was cut, and is forgotten already
                        self._pairs.remove((client, server))

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        """Pass bytes on until one side closes; while deaf, read nothing, so that the ends see silence."""
        other = {client: server, server: client}
        while True:
            if client in self._deaf:
                select.select([], [], [], 0.1)
                continue
            ready, _, _ = select.select([client, server], [], [], 0.1)
            for end in ready:
                data = end.recv(65536)
                if not data:
                    return
                if end not in self._deaf:
                    other[end].sendall(data)
