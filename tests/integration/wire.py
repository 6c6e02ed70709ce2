"""A listener on the wire: takes IMAP in clear on loopback, passes it on to a Dovecot over TLS, and writes it down."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from typing import TYPE_CHECKING

from tests.servers.listener import Listener
from tests.servers.process import LOOPBACK

if TYPE_CHECKING:
    from tests.servers.dovecot import Dovecot


class Wire(Listener):
    """Clients connect to it without TLS."""

    def __init__(self, server: Dovecot) -> None:
        """Listen in front of a server."""
        super().__init__()
        self._server = server
        self._said = bytearray()

    def commands(self) -> list[str]:
        """Return what clients commanded so far, without tags and passwords."""
        lines = bytes(self._said).decode("ascii").splitlines()
        tagged = (re.fullmatch(r"[A-Z]+\d+ (.*)", line) for line in lines)
        return [re.sub(r"^LOGIN .*", "LOGIN", found[1]) for found in tagged if found]

    def _take(self, client: socket.socket) -> None:
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
