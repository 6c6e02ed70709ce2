"""Bells between threads: one wakes a loop, which can wait for it beside a socket; an alarm also says what is due."""

from __future__ import annotations

import select
import socket
import threading


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
