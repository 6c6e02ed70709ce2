"""The processes that children are forked from: one server, small, and a nursery for each kind that is at work.

The server runs as a program and takes requests over the socket that is its standard input, until that is closed. A
request names a kind: it loads what the children of that kind need, which those of another may share, and forks their
nursery; that puts the walls up, and takes requests for children over a socket of its own. Neither reads anything from
outside. Each request brings the socket that the new process works with, and a lifeline: whoever forks writes there
which process it is and how it ended; whoever closes the other end, or writes to it, ends that process.
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
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import msgspec

from mailbot.system.children import child, walls
from mailbot.system.children.named import Bounds, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mailbot.system.children.named import Kind
    from mailbot.system.children.walls import Wall

NUMBER = struct.Struct(">i")
"""What is written to a lifeline, twice: the process id, then the wait status."""

_INPUT, _REQUEST_BYTES, _DESCRIPTORS = 0, 4096, 2

_OF_THE_HOST = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", *mimetypes.knownfiles)
"""Shared libraries, and the lists of media types that openpyxl opens whenever they are there."""


def main() -> None:
    """Be the server: load the modules that the arguments name, and fork nurseries."""
    control = socket.socket(fileno=os.dup(_INPUT))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the daemon ends us when it is done
    with contextlib.suppress(OSError):  # if it can be written: out of memory, the kernel kills children first
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    os.chdir("/")
    walls.undumpable()
    _load(sys.argv[1:])
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), _INPUT)
    _Forks(control, _nursery, first=_ready).run()


def _ready(request: bytes) -> None:
    """Load what the nursery of a kind needs; where that fails, the nursery itself ends of it and says so."""
    with contextlib.suppress(ImportError, AttributeError, TypeError):
        _load(load(request.decode()).preload)


def _load(modules: Iterable[str]) -> None:
    """Load modules, and see to it that their pages stay shared with whatever is forked."""
    for module in modules:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()


def _nursery(request: bytes, control: int) -> None:
    """Be the nursery of the kind that the request names. ``control`` is all that stays open."""
    child.close_all_but(control)
    kind = load(request.decode())
    _load(kind.preload)
    nothing = os.open(os.devnull, os.O_RDWR)
    missing = walls.first(readable()) if kind.walled else frozenset(walls.Wall)
    walls.dies_with_its_parent()  # again, as other credentials undo it (prctl(2))
    for standard in range(child.STANDARD):  # no child shares a terminal or a journal with the daemon
        os.dup2(nothing, standard)
    os.close(nothing)
    _Forks(socket.socket(fileno=control), partial(_child, kind, missing)).run()


def _child(kind: Kind, missing: frozenset[Wall], request: bytes, channel: int) -> None:
    """Be a child under the bounds that the request states."""
    child.serve(channel, kind, msgspec.msgpack.decode(request, type=Bounds), missing)


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


class _Forks:
    """Forks processes, ends them when their lifeline is closed, and says how they ended."""

    def __init__(
        self,
        control: socket.socket,
        live: Callable[[bytes, int], None],
        *,
        first: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        """Take requests from a socket; each fork lives by its request and the descriptor that came with it.

        ``first`` is called with a request before its fork.
        """
        self._control, self._live, self._first = control, live, first
        self._lifelines: dict[int, socket.socket] = {}
        self._living: set[int] = set()
        self._woken, waker = os.pipe()
        for end in (self._woken, waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def run(self) -> None:
        """Work until the control socket is closed; then every process that was forked is killed."""
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
        """Yield the lifelines of the processes that are to live."""
        for pid in self._living:
            yield self._lifelines[pid].fileno()

    def _bear(self) -> bool:
        """Fork the process that is asked for; tell whether anything was asked."""
        request, descriptors, _, _ = socket.recv_fds(self._control, _REQUEST_BYTES, _DESCRIPTORS)
        if not request:
            return False
        own, lifeline = descriptors[0], socket.socket(fileno=descriptors[1])
        self._first(request)
        pid = os.fork()
        if pid == 0:
            self._be(request, own)
        os.close(own)
        self._lifelines[pid] = lifeline
        self._living.add(pid)
        _tell(lifeline, pid)
        return True

    def _be(self, request: bytes, own: int) -> NoReturn:
        """Be the fork until its end."""
        code = 1
        try:
            walls.dies_with_its_parent()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._live(request, own)
            code = 0
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except Exception:  # noqa: BLE001  # whoever waits for it sees that it is gone, and the journal has why
            traceback.print_exc()
        finally:
            os._exit(code)

    def _bury(self) -> None:
        """Say of each process that has ended how it did."""
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
