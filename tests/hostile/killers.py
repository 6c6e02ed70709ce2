"""Functions that do to their child what hostile bytes might do; each runs in a child of the sandbox."""

from __future__ import annotations

import ctypes
import os
import pickle
import resource
import signal
import threading
import time
from multiprocessing.connection import Connection
from typing import NoReturn


def fine(value: int) -> int:
    """Do no harm."""
    return value


def pid() -> int:
    """Return the child's process id."""
    return os.getpid()


def killed() -> NoReturn:
    """Die as the kernel kills what takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def aborted() -> NoReturn:
    """Die as a C library does that finds its own data broken."""
    os.abort()


def crashed() -> None:
    """Read memory that is not ours."""
    ctypes.string_at(0)


def exited() -> NoReturn:
    """Leave without a word."""
    os._exit(7)


def hangs() -> None:
    """Wait for ever, using no processor time."""
    time.sleep(3600)


def spins() -> None:
    """Use processor time for ever."""
    while True:
        pass


def bloats() -> int:
    """Take ever more memory."""
    held = []
    while True:
        held.append(bytearray(16 * 1024 * 1024))


def recurses() -> int:
    """Call itself for ever."""
    return recurses()


def raises() -> NoReturn:
    """Fail as code with a mistake does."""
    raise ZeroDivisionError("by experiment")


def leaves() -> NoReturn:
    """Ask the interpreter to end."""
    raise SystemExit(3)


def killed_while_writing() -> bytes:
    """Die when half of the result is in the channel."""

    def half(channel: Connection, data: bytes) -> NoReturn:
        os.write(channel.fileno(), data[: len(data) // 2])
        killed()

    Connection._send = half  # type: ignore[attr-defined]  # noqa: SLF001  # the one place that every write passes
    return b"x" * 1000


def answers_endlessly() -> bytes:
    """Return more than may be answered."""
    return bytes(140 * 1024 * 1024)


def answers_with_a_lock() -> object:
    """Return what cannot be pickled."""
    return threading.Lock()


class Evil:
    """Pickles into a call of the daemon's choosing."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Ask the reader to run a command."""
        return os.system, ("touch pwned",)


def answers_with_a_call() -> object:
    """Return what runs a command where it is unpickled."""
    return Evil()


def answers_with_our_own_function() -> object:
    """Return what calls a function of ours where it is unpickled."""
    return Ours()


class Ours:
    """Pickles into a call of a function of ours."""

    def __reduce__(self) -> tuple[object, tuple[bytes]]:
        """Ask the reader to parse a mail."""
        from mailbot.mail.parse import parse  # noqa: PLC0415  # what it is does not matter here

        return parse, (b"",)


def writes_a_file(path: str) -> None:
    """Write where it may not."""
    with open(path, "wb") as file:  # noqa: PTH123  # the plainest way
        file.write(b"x")


def opens_many_files() -> None:
    """Open more files than it may."""
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(1000)]
    raise AssertionError(len(held))


def limits() -> dict[str, int]:
    """Return the limits in force."""
    kinds = ("AS", "FSIZE", "NOFILE", "NPROC", "CORE", "CPU")
    return {kind: resource.getrlimit(getattr(resource, f"RLIMIT_{kind}"))[0] for kind in kinds}


def memory_error_while_pickling() -> object:
    """Return something small in memory whose pickle is not."""
    return _Wide()


class _Wide:
    def __reduce__(self) -> tuple[object, ...]:
        return bytes, (pickle.dumps(bytearray(900 * 1024 * 1024)),)
