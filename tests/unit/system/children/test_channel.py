"""Messages through the channel: whole, or an error that says why not."""

from __future__ import annotations

import socket
import struct
import threading
import time
from typing import TYPE_CHECKING

import pytest

from mailbot.system.children.channel import Channel, TooLong

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1024 * 1024


@pytest.fixture
def pair() -> Iterator[tuple[Channel, socket.socket]]:
    """Give our end, which does not block, and the other side's socket."""
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    channel = Channel(ours.detach())
    with theirs:
        yield channel, theirs
    channel.close()


def soon() -> float:
    """Return a time that is far enough away for whatever does arrive."""
    return time.monotonic() + 60


@pytest.mark.parametrize("length", [0, 1, 100_000, 9 * MIB])
def test_a_message_arrives_whole(pair: tuple[Channel, socket.socket], length: int) -> None:
    """However long it is, piece by piece."""
    channel, theirs = pair
    other = Channel(theirs.detach())
    message = bytes(range(256)) * (length // 256) + b"x" * (length % 256)
    sender = threading.Thread(target=other.send, args=(message,))
    sender.start()
    assert channel.receive(10 * MIB, until=soon()) == message
    sender.join()
    other.close()


def test_a_message_that_is_too_long_is_not_taken(pair: tuple[Channel, socket.socket]) -> None:
    """Its length says so, before any of it is read."""
    channel, theirs = pair
    theirs.sendall(struct.pack(">Q", 1 << 60))
    with pytest.raises(TooLong, match=r"1,152,921,504,606,846,976 bytes"):
        channel.receive(MIB, until=soon())


@pytest.mark.parametrize("sent", [b"", b"\x00\x00", struct.pack(">Q", 100) + b"half"])
def test_a_side_that_goes_is_noticed(pair: tuple[Channel, socket.socket], sent: bytes) -> None:
    """Before a message, within its length, or within the message."""
    channel, theirs = pair
    theirs.sendall(sent)
    theirs.close()
    with pytest.raises(EOFError):
        channel.receive(MIB, until=soon())


@pytest.mark.parametrize("sent", [b"", struct.pack(">Q", 100), struct.pack(">Q", 100) + b"half"])
def test_a_side_that_is_silent_is_not_waited_for(pair: tuple[Channel, socket.socket], sent: bytes) -> None:
    """Not when it has said half of it, either."""
    channel, theirs = pair
    theirs.sendall(sent)
    with pytest.raises(TimeoutError):
        channel.receive(MIB, until=time.monotonic() + 0.05)


def test_a_side_that_does_not_read_is_not_waited_for(pair: tuple[Channel, socket.socket]) -> None:
    """The message does not fit into what the kernel holds."""
    with pytest.raises(TimeoutError):
        pair[0].send(bytes(9 * MIB), until=time.monotonic() + 0.05)
