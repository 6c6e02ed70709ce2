"""The process that children of one kind are forked from: it has loaded what they need, and reads nothing from outside.

Run as a program, it takes requests for children over the socket that is its standard input, until that is closed. Each
request brings the child's end of its channel, and a lifeline: the nursery writes there which process the child is and
how it ended; whoever closes the other end ends the child.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import mimetypes
import os
import select
import signal
import socket
import struct
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import msgspec

from mailbot.system.children import child, walls
from mailbot.system.children.named import Bounds, load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mailbot.system.children.named import Kind
    from mailbot.system.children.walls import Wall

NUMBER = struct.Struct(">i")
"""What the nursery writes to a lifeline, twice: the process id, then the wait status."""

_INPUT, _REQUEST_BYTES, _DESCRIPTORS = 0, 4096, 2
_OF_THE_HOST = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", *mimetypes.knownfiles)
"""Shared libraries, and the lists of media types that openpyxl opens whenever they are there."""


def main() -> None:
    """Load the kind of the module that the first argument names, put the walls up, and fork children."""
    control = socket.socket(fileno=os.dup(_INPUT))
    with contextlib.suppress(OSError):  # if it can be written: out of memory, the kernel kills children first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    os.chdir("/")
    kind = load(sys.argv[1])
    for module in kind.preload:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # so that the pages of what is loaded stay shared
    nothing = os.open(os.devnull, os.O_RDWR)
    missing = walls.first(readable())
    for standard in (_INPUT, 1, 2):  # no child shares a terminal or a journal with the daemon
        os.dup2(nothing, standard)
    _Nursery(control, kind, missing).run()


def readable() -> list[Path]:
    """Return what children may read: the interpreter's library, packages, the code that is loaded, shared libraries."""
    paths = sysconfig.get_paths()
    installed = {Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    files = (getattr(module, "__file__", None) for module in tuple(sys.modules.values()))
    loaded = {Path(file).absolute().parent for file in files if file}
    return _outermost({*installed, *loaded, Path(sys.base_prefix, "lib"), *map(Path, _OF_THE_HOST)})


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Return the paths without those that lie in another one."""
    found: list[Path] = []
    for path in sorted(paths):
        if not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return found


class _Nursery:
    """Forks children, ends them when their lifeline is closed, and says how they ended."""

    def __init__(self, control: socket.socket, kind: Kind, missing: frozenset[Wall]) -> None:
        self._control, self._kind, self._missing = control, kind, missing
        self._lifelines: dict[int, socket.socket] = {}
        self._living: set[int] = set()
        self._woken, waker = os.pipe()
        for end in (self._woken, waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # the daemon ends us when it is done

    def run(self) -> None:
        """Work until the daemon closes the control socket; then every child is killed."""
        while True:
            poll = select.poll()
            for descriptor in (self._control.fileno(), self._woken, *self._watched()):
                poll.register(descriptor, select.POLLIN)
            ready = {descriptor for descriptor, _ in poll.poll()}
            self._bury()
            for pid in [pid for pid in self._living if self._lifelines[pid].fileno() in ready]:
                os.kill(pid, signal.SIGKILL)  # it is ours until its end was told, so the number is no other's
                self._living.remove(pid)
            if self._control.fileno() in ready and not self._bear():
                break
        for pid in self._lifelines:
            os.kill(pid, signal.SIGKILL)

    def _watched(self) -> Iterator[int]:
        """Yield the lifelines of the children that are to live."""
        for pid in self._living:
            yield self._lifelines[pid].fileno()

    def _bear(self) -> bool:
        """Fork the child that is asked for; tell whether anything was asked."""
        data, descriptors, _, _ = socket.recv_fds(self._control, _REQUEST_BYTES, _DESCRIPTORS)
        if not data:
            return False
        bounds = msgspec.msgpack.decode(data, type=Bounds)
        channel, lifeline = descriptors[0], socket.socket(fileno=descriptors[1])
        pid = os.fork()
        if pid == 0:
            self._live(channel, bounds)
        os.close(channel)
        self._lifelines[pid] = lifeline
        self._living.add(pid)
        _tell(lifeline, pid)
        return True

    def _live(self, channel: int, bounds: Bounds) -> NoReturn:
        """Be a child until the end."""
        code = 1
        try:
            walls.dies_with_its_parent()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            child.serve(channel, self._kind, bounds, self._missing)
            code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        finally:
            os._exit(code)

    def _bury(self) -> None:
        """Say of each child that has ended how it did."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, _REQUEST_BYTES)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._living.discard(pid)
            with self._lifelines.pop(pid) as lifeline:
                _tell(lifeline, status)


def _tell(lifeline: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # nobody wants to know any more
        lifeline.send(NUMBER.pack(number))


if __name__ == "__main__":
    main()
