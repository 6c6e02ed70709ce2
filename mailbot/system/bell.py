"""Bells between threads: one wakes a loop, which can wait for it beside a socket; an alarm also says what is due.

The doorbell is for other processes: a command that left work in the ledger rings it, so that the daemon looks at once.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOORBELL = "doorbell"
"""The socket in the state folder; it is there while the daemon runs."""


class Bell:
    """Rung by any thread or signal handler; it wakes one waiter and is quiet again."""

    def __init__(self) -> None:
        """Make a bell that does not ring."""
        self._heard, self._struck = socket.socketpair()
        self._heard.settimeout(0)
        self._struck.settimeout(0)

    def ring(self) -> None:
        """Wake the waiter, now or at its next wait."""
        try:
            self._struck.send(b"!")
        except BlockingIOError:
            return  # thousands of rings wait to be heard already

    def wait(self, seconds: float) -> bool:
        """Wait until it rings, at most so many seconds; return whether it rang."""
        ready, _, _ = select.select([self], [], [], seconds)
        if ready:
            self._heard.recv(65536)
        return bool(ready)

    def close(self) -> None:
        """Close its sockets; nobody may ring or wait any more."""
        self._heard.close()
        self._struck.close()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when it rings, for select(2)."""
        return self._heard.fileno()


class Alarm:
    """A bell with a memory: work is due at set times, and the loop that the bell wakes takes it, once for each time."""

    def __init__(self, bell: Bell) -> None:
        """Take the bell of the loop that does the work."""
        self._bell, self._due = bell, threading.Event()

    def ring(self) -> None:
        """Note that the work is due, and wake the loop."""
        self._due.set()
        self._bell.ring()

    def take(self) -> bool:
        """Return whether the work is due; whoever asks does it, and it is due no more."""
        if not self._due.is_set():
            return False
        self._due.clear()
        return True


class Doorbell:
    """Rung by :func:`ring_at` from another process of the same account."""

    def __init__(self, state: Path) -> None:
        """Hang it into the state folder, whose lock is held; one that a crash left there is taken down."""
        (state / DOORBELL).unlink(missing_ok=True)
        self._path, self._heard = state / DOORBELL, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._heard.settimeout(0)
        self._number: int | None = None
        with suppress(OSError), _reached(state) as address:  # a shared disk may hold no socket: then nobody can ring
            self._heard.bind(address)
            self._number = self._path.stat().st_ino

    def wait(self, seconds: float, *, beside: Bell) -> bool:
        """Wait until it rings, or the bell beside it, at most so many seconds; return whether the doorbell rang."""
        select.select([self.fileno(), beside.fileno()], [], [], seconds)
        beside.wait(0)
        rang = False
        with suppress(BlockingIOError):
            while self._heard.recv(1):
                rang = True
        return rang

    def close(self) -> None:
        """Take it down, unless another host that took over has hung its own there."""
        with suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._number:
                self._path.unlink()
        self._heard.close()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when it rings."""
        return self._heard.fileno()


def ring_at(state: Path) -> None:
    """Let the daemon on a state folder look at once for what is due; without one nothing happens."""
    with (
        suppress(FileNotFoundError, ConnectionRefusedError, BlockingIOError, PermissionError),
        _reached(state) as address,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
    ):
        sender.settimeout(0)
        sender.sendto(b"!", address)


@contextmanager
def _reached(state: Path) -> Iterator[str]:
    """Give a short path of the doorbell: an address of a socket has at most 107 bytes."""
    folder = os.open(state, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{DOORBELL}"
    finally:
        os.close(folder)
