"""What listens on a port of this machine and takes each connection, or serves it in a thread of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

from tests.servers.process import LOOPBACK

if TYPE_CHECKING:
    from types import TracebackType


class Listener(ABC):
    """Use it in a with statement; clients connect to :attr:`port`."""

    def __init__(self) -> None:
        """Listen; nobody is served yet."""
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed when the test is over
            while True:
                client, _ = self._listener.accept()
                self._take(client)

    @abstractmethod
    def _take(self, client: socket.socket) -> None:
        """Begin to serve a connection, and return at once."""


class ThreadedListener(Listener):
    """One that serves each connection in a thread of its own."""

    def _take(self, client: socket.socket) -> None:
        threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    @abstractmethod
    def _serve(self, client: socket.socket) -> None:
        """Serve a connection until its end."""
