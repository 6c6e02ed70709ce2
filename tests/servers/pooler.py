"""A proxy before PostgreSQL that pools transactions, as PgBouncer's `pool_mode = transaction`: one session for all."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING

from tests.servers.listener import ThreadedListener
from tests.servers.process import LOOPBACK

if TYPE_CHECKING:
    from types import TracebackType

_HEAD = struct.Struct("!ci")
_TLS_REQUESTS = {80877103, 80877104}
"""What a client asks for TLS, or for GSSAPI, by."""


class Pooler(ThreadedListener):
    """Gives whoever has something to ask the one session that there is, for a transaction."""

    def __init__(self, port: int, database: str) -> None:
        """Log in to a database as the user mailbot, and listen on :attr:`port`."""
        super().__init__()
        self._server = socket.create_connection((LOOPBACK, port))
        words = f"user\0mailbot\0database\0{database}\0\0".encode()
        self._server.sendall(struct.pack("!ii", 8 + len(words), 196608) + words)
        #: What the server said at first; each client is told the same.
        self._greeting = self._until_ready()[0]
        self._turn = threading.Lock()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._server.close()

    def _serve(self, client: socket.socket) -> None:
        mine = False
        with client, contextlib.suppress(OSError):
            while True:
                length, code = struct.unpack("!ii", _exactly(client, 8))
                _exactly(client, length - 8)
                if code not in _TLS_REQUESTS:
                    break
                client.sendall(b"N")
            client.sendall(self._greeting)
            while True:
                head = _exactly(client, _HEAD.size)
                kind, length = _HEAD.unpack(head)
                body = _exactly(client, length - 4)
                if kind == b"X":
                    break
                if not mine:
                    mine = self._turn.acquire()
                self._server.sendall(head + body)
                if kind in b"QS":
                    told, mine = self._until_ready()
                    client.sendall(told)
                    if not mine:
                        self._turn.release()
        if mine:
            self._turn.release()

    def _until_ready(self) -> tuple[bytes, bool]:
        """Return what the server says until it is ready, and whether it is within a transaction."""
        told = b""
        while True:
            head = _exactly(self._server, _HEAD.size)
            kind, length = _HEAD.unpack(head)
            body = _exactly(self._server, length - 4)
            told += head + body
            if kind == b"Z":
                return told, body != b"I"


def _exactly(end: socket.socket, size: int) -> bytes:
    """Read so many bytes. Raises OSError when the other side has closed."""
    found = b""
    while len(found) < size:
        piece = end.recv(size - len(found))
        if not piece:
            raise OSError("closed")
        found += piece
    return found
