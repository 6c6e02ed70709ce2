"""A doorbell between threads, and the one that says stop; it can be waited for beside a socket."""

from __future__ import annotations

import select
import socket


class Bell:
    """Rung by any thread or signal handler; one waiter is woken and the bell is quiet again."""

    def __init__(self) -> None:
        """Make a quiet bell."""
        self._heard, self._struck = socket.socketpair()
        self._heard.settimeout(0)
        self._struck.settimeout(0)

    def ring(self) -> None:
        """Wake the waiter, now or at its next wait."""
        try:
            self._struck.send(b"!")
        except BlockingIOError:
            return  # it has been rung thousands of times and nobody came: it is ringing

    def wait(self, seconds: float) -> bool:
        """Wait until it rings or the time is over; tell whether it rang."""
        ready, _, _ = select.select([self], [], [], seconds)
        if ready:
            self._heard.recv(65536)
        return bool(ready)

    def close(self) -> None:
        """Take the bell down; nobody may ring or wait any more."""
        self._heard.close()
        self._struck.close()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when it rings, for select."""
        return self._heard.fileno()
