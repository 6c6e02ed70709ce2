"""The channel between a daemon and one child: messages of a stated length over a socket, piece by piece.

A message's length is held to a bound before any of it is taken, and memory is taken only for what has arrived.
"""

from __future__ import annotations

import os
import select
import struct
import time

_LENGTH = struct.Struct(">Q")
_PIECE = 1024 * 1024


class TooLong(ValueError):  # noqa: N818  # as Temporary and Permanent
    """The other side says that its message is longer than it may be."""


class Channel:
    """One end of it. Whoever holds the other end may be hostile: it may say anything, be silent, or go."""

    def __init__(self, descriptor: int) -> None:
        """Take the socket's descriptor, which is ours from now on."""
        self._descriptor = descriptor

    def close(self) -> None:
        """Close this end; the other side reads the end of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def send(self, message: bytes, *, until: float | None = None) -> None:
        """Send a message. Raises OSError when the other side is gone, TimeoutError after the time (monotonic)."""
        for part in (_LENGTH.pack(len(message)), message):
            rest = memoryview(part)
            while rest:
                self._wait(select.POLLOUT, until)
                rest = rest[self._write(rest[:_PIECE]) :]

    def receive(self, most: int, *, until: float | None = None) -> bytearray:
        """Return the next message. Raises EOFError when the other side is gone, TooLong, or TimeoutError."""
        (length,) = _LENGTH.unpack(self._take(_LENGTH.size, until))
        if length > most:
            raise TooLong(f"a message of {length:,} bytes")
        return self._take(length, until)

    def _take(self, length: int, until: float | None) -> bytearray:
        taken = bytearray()
        while len(taken) < length:
            self._wait(select.POLLIN, until)
            piece = self._read(min(length - len(taken), _PIECE))
            if piece == b"":
                raise EOFError("the other side has closed the channel")
            taken += piece or b""
        return taken

    def _read(self, most: int) -> bytes | None:
        """Read what is there; None when nothing is."""
        try:
            return os.read(self._descriptor, most)
        except BlockingIOError:
            return None

    def _write(self, data: memoryview) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0

    def _wait(self, event: int, until: float | None) -> None:
        """Wait until something can be read or written; without a time the descriptor itself waits."""
        if until is None:
            return
        poll = select.poll()
        poll.register(self._descriptor, event)
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError
