"""The server and the nurseries that children are forked from, as the daemon sees them."""

from __future__ import annotations

import atexit
import contextlib
import os
import socket
import struct
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import msgspec

from mailbot.system.children.channel import Channel
from mailbot.system.children.nursery import NUMBER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.system.children.named import Bounds, Kind

STOP_SECONDS = 2.0

_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONDONTWRITEBYTECODE")
"""What of our environment a child may know."""


class Server:
    """The process that nurseries are forked from; it runs from the first one on until the last one has ended.

    A process that is forked from this one asks the same server, and leaves it running.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._lock = threading.Lock()
        self._modules: tuple[str, ...] = ()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._parent = 0
        self._nurseries = 0

    def keep(self, *modules: str) -> None:
        """Have it load these modules when it starts, so that every nursery finds them there; from then on it stays."""
        with self._lock:
            self._modules = tuple(dict.fromkeys((*self._modules, *modules)))

    def start(self) -> None:
        """Start it, unless it runs. Raises OSError."""
        with self._lock:
            self._begin()

    def fork(self, request: bytes) -> tuple[socket.socket, socket.socket]:
        """Have a nursery forked; return the socket that takes its requests, and its lifeline. Raises OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        lifeline, other = socket.socketpair()
        with theirs, other, self._lock:
            descriptors = [theirs.fileno(), other.fileno()]
            try:
                socket.send_fds(self._begin(), [request], descriptors)
            except (BrokenPipeError, ConnectionResetError):
                self._end()
                socket.send_fds(self._begin(), [request], descriptors)
            self._nurseries += 1
        return ours, lifeline

    def bury(self) -> None:
        """Take note that a nursery has ended; after the last one nothing runs until the next is forked."""
        with self._lock:
            self._nurseries -= 1
            if not self._nurseries and not self._modules:
                self._end()

    def close(self) -> None:
        """End it, and with it every nursery and every child."""
        with self._lock:
            self._end()

    def _begin(self) -> socket.socket:
        if self._control is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
            environment |= {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
            environment |= {"OPENBLAS_NUM_THREADS": "1"}  # a child may start no threads, and needs none
            command = (sys.executable, "-P", "-s", "-m", "mailbot.system.children.nursery", *self._modules)
            with theirs:
                self._process = subprocess.Popen(
                    command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=environment
                )
            self._control, self._parent = ours, os.getpid()
        return self._control

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None and self._parent == os.getpid():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
            self._process.kill()
            self._process.wait()
        self._control = self._process = None


SERVER = Server()
"""The one of this process."""
atexit.register(SERVER.close)


class Nursery:
    """The nursery of a kind; its process runs from the first child on until nobody needs it for a while."""

    def __init__(self, kind: Kind) -> None:
        """Start nothing yet."""
        self.kind = kind
        self._lock = threading.Lock()
        self._process: tuple[socket.socket, socket.socket] | None = None
        self._children = 0

    def fork(self, bounds: Bounds) -> tuple[Channel, socket.socket]:
        """Have a child forked, to be given back by ``bury``; return its channel and its lifeline. Raises OSError."""
        ours, theirs = socket.socketpair()
        lifeline, other = socket.socketpair()
        with theirs, other, self._lock:
            self._ask(msgspec.msgpack.encode(bounds), [theirs.fileno(), other.fileno()])
            self._children += 1
        ours.setblocking(False)  # noqa: FBT003  # the standard library's signature
        return Channel(ours.detach()), lifeline

    def bury(self, lifeline: socket.socket) -> None:
        """Take note that a child has ended."""
        lifeline.close()
        with self._lock:
            self._children -= 1

    def rest(self) -> None:
        """End the process while there is no child; the next child finds a new one."""
        with self._lock:
            if self._children == 0:
                self._end()

    def close(self) -> None:
        """End the process, and with it all children."""
        with self._lock:
            self._end()

    def _ask(self, request: bytes, descriptors: Sequence[int]) -> None:
        """Send a request, to a new process when the last one is gone."""
        try:
            socket.send_fds(self._start(), [request], descriptors)
        except (BrokenPipeError, ConnectionResetError):
            self._end()
            socket.send_fds(self._start(), [request], descriptors)

    def _start(self) -> socket.socket:
        if self._process is None:
            self._process = SERVER.fork(self.kind.module.encode())
        return self._process[0]

    def _end(self) -> None:
        """Close its socket, wait for its end, and kill it if it takes too long."""
        if self._process is None:
            return
        (control, lifeline), self._process = self._process, None
        control.close()
        with lifeline:  # whose end ends it in any case
            if number(lifeline, STOP_SECONDS) is not None:  # which process it is
                number(lifeline, STOP_SECONDS)
        SERVER.bury()


def number(lifeline: socket.socket, seconds: float) -> int | None:
    """Return the next number on a lifeline, a process id or a wait status; None when none comes in time, or ever."""
    lifeline.settimeout(seconds)
    try:
        return int(NUMBER.unpack(lifeline.recv(NUMBER.size))[0])
    except (OSError, struct.error):
        return None
