"""What the daemon's tests share: servers that cannot be reached, and the service manager's end of the socket."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOWHERE: dict[str, Any] = {"host": "127.0.0.1", "port": 1, "security": "none"}
"""A server that refuses connections."""


@pytest.fixture
def unreachable(tmp_path: Path) -> dict[str, Any]:
    """Give sections of a config for a mailbox and a mail server that refuse connections."""
    (tmp_path / "password").write_text("secret\n")
    return {"imap": NOWHERE | {"user": "bot", "password_file": "password"}, "smtp": NOWHERE}


@dataclass(frozen=True)
class Manager:
    """Stands in for systemd."""

    path: Path
    socket: socket.socket

    def heard(self) -> list[str]:
        """Return what it was told since the last time."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return found


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """Give a service manager that listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "n"))
        listening.settimeout(0)
        yield Manager(tmp_path / "n", listening)
