"""A listener on the wire: takes IMAP in clear on loopback, passes it on to a Dovecot over TLS, and writes it down."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Self

from tests.servers.process import LOOPBACK

if TYPE_CHECKING:
    from types import TracebackType

    from tests.servers.dovecot import Dovecot


class Wire:
    """Use it in a with statement; clients connect to :attr:`port` without TLS."""

    def __init__(self, server: Dovecot) -> None:
        """Listen in front of a server."""
        self._server = server
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._said = bytearray()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def commands(self) -> list[str]:
        """Return what clients commanded so far, without tags and passwords."""
        lines = bytes(self._said).decode("ascii").splitlines()
        tagged = (re.fullmatch(r"[A-Z]+\d+ (.*)", line) for line in lines)
        return [re.sub(r"^LOGIN .*", "LOGIN", found[1]) for found in tagged if found]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed when the test is over
            while True:
                client, _ = self._listener.accept()
                context = ssl.create_default_context(cafile=str(self._server.certificates.ca))
                raw = socket.create_connection((LOOPBACK, self._server.imaps_port))
                server = context.wrap_socket(raw, server_hostname=LOOPBACK)
                for source, target, log in ((client, server, self._said), (server, client, None)):
                    threading.Thread(target=_pump, args=(source, target, log), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket, log: bytearray | None) -> None:
    """Pass bytes on until one side closes."""
    with contextlib.suppress(OSError), source, target:
        while data := source.recv(65536):
            if log is not None:
                log.extend(data)
            target.sendall(data)
