"""Tasks that do to their child what hostile bytes might do."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
import time

from mailbot.system.children.named import Kind

KIND = Kind(__name__)
MIB = 1024 * 1024


@KIND.task
def fine(value: int) -> int:
    """Do no harm."""
    return value


@KIND.task
def length(data: bytes) -> int:
    """Take something long."""
    return len(data)


@KIND.task
def pid() -> int:
    """Return the child's process id."""
    return os.getpid()


@KIND.task
def sleeps(seconds: float) -> float:
    """Take so long."""
    time.sleep(seconds)
    return seconds


@KIND.task
def killed() -> None:
    """Die as the kernel kills what takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@KIND.task
def aborted() -> None:
    """Die as a C library does that finds its own data broken."""
    os.abort()


@KIND.task
def crashed() -> None:
    """Read memory that is not ours."""
    ctypes.string_at(0)


@KIND.task
def exited() -> None:
    """Leave without a word."""
    os._exit(7)


@KIND.task
def hangs() -> None:
    """Wait for ever, using no processor time."""
    time.sleep(3600)


@KIND.task
def spins() -> None:
    """Use processor time for ever."""
    while True:
        pass


@KIND.task
def bloats() -> None:
    """Take ever more memory."""
    held = []
    while True:
        held.append(bytearray(16 * MIB))


@KIND.task
def takes(size: int) -> int:
    """Take much memory, and give it back."""
    return len(bytearray(size))


@KIND.task
def recurses() -> int:
    """Call itself for ever."""
    return recurses()


@KIND.task
def raises() -> None:
    """Fail as code with a mistake does."""
    raise ZeroDivisionError("by experiment")


@KIND.task
def leaves() -> None:
    """Ask the interpreter to end."""
    raise SystemExit(3)


@KIND.task
def killed_while_writing() -> None:
    """Die when half of the answer is in the channel."""
    os.write(channel(), struct.pack(">Q", 1000) + bytes(500))
    os.kill(os.getpid(), signal.SIGKILL)


def channel() -> int:
    """Return the child's only descriptor besides the standard streams."""
    return next(number for number in range(3, 64) if is_open(number))


def is_open(number: int) -> bool:
    """Whether a descriptor is open."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


@KIND.task
def answers_endlessly() -> bytes:
    """Return more than may be answered."""
    return bytes(65 * MIB)


@KIND.task
def answers_with_a_lock() -> object:
    """Return what cannot cross the wall."""
    return sys


@KIND.task
def answers_with_another_type() -> int:
    """Return what was not agreed on."""
    return "seven"  # type: ignore[return-value]  # that is the point


@KIND.task
def writes_a_file(path: str) -> None:
    """Write where it may not."""
    with open(path, "wb") as file:  # noqa: PTH123  # the plainest way
        file.write(b"x")


@KIND.task
def opens_many_files() -> None:
    """Open more files than it may."""
    held = [os.open(os.__file__, os.O_RDONLY) for _ in range(1000)]
    raise AssertionError(len(held))


@KIND.task
def limits() -> dict[str, int]:
    """Return the limits in force."""
    kinds = ("AS", "FSIZE", "NOFILE", "NPROC", "CORE", "CPU")
    return {kind: resource.getrlimit(getattr(resource, f"RLIMIT_{kind}"))[0] for kind in kinds}


@KIND.task
def memory_error_while_writing() -> list[bytes]:
    """Return something small in memory whose message is not."""
    return [bytes(1 * MIB)] * 2000


@KIND.task
def set_recursion(limit: int) -> None:
    """Set something that lasts."""
    sys.setrecursionlimit(limit)


@KIND.task
def recursion() -> int:
    """Return it."""
    return sys.getrecursionlimit()
