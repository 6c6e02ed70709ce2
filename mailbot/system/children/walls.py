"""The kernel's walls around a child process, in layers; each is in force before the child reads its first byte.

What a kernel lacks is left out and named, and the other layers still hold. Linux on x86_64 and aarch64; elsewhere, all
are missing. The calls are made through the C library, so that nothing has to be installed.

* no_new_privs: no program gives more rights than its caller has (prctl(2)).
* namespaces: a user without a right on the host, and a network without an interface (user_namespaces(7)).
* capabilities: none is left (capabilities(7)).
* Landlock: of the file system only what the code was loaded from can be opened, and only to read it (landlock(7)).
* not dumpable: no process of the same user reads its memory (prctl(2), PR_SET_DUMPABLE).
* seccomp: only the system calls that reading and computing need (seccomp(2)); all others fail with EPERM.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

Instruction = tuple[int, int, int, int]
"""Of a BPF program: operation, steps to skip when a comparison holds and when not, and the constant."""


class Wall(StrEnum):
    """A layer, as people are told of it."""

    NO_NEW_PRIVS = "no_new_privs"  # a program that is run gets no rights
    NAMESPACES = "network namespace"  # no network interface to speak through
    CAPABILITIES = "no capabilities"  # of root's rights none is left
    LANDLOCK = "Landlock"  # no file but the program's own
    DUMPABLE = "not dumpable"  # no other process reads its memory
    SECCOMP = "seccomp"  # no system call but those for reading and computing


# --- prctl, namespaces, capabilities -----------------------------------------------------------

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x1000_0000, 0x4000_0000
_CAPABILITY_VERSION_3, _MOST_CAPABILITIES = 0x2008_0522, 64


def undumpable() -> bool:
    """Keep other processes of the same user out of the memory of this one; tell whether that is so now."""
    return _prctl(_PR_SET_DUMPABLE, 0)


def dies_with_its_parent() -> None:
    """Have the kernel kill this process when the one that forked it ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def first(readable: Iterable[Path]) -> frozenset[Wall]:
    """Put up what every child inherits, with these files and folders to read; return what is missing.

    The caller must have one thread. What was opened before stays open.
    """
    raised = {
        Wall.NO_NEW_PRIVS: lambda: _prctl(_PR_SET_NO_NEW_PRIVS, 1),
        Wall.NAMESPACES: _namespaces,
        Wall.CAPABILITIES: _capabilities,
        Wall.LANDLOCK: lambda: _landlock(readable),
        Wall.DUMPABLE: undumpable,
    }
    return frozenset(wall for wall, up in raised.items() if not up())


def last() -> frozenset[Wall]:
    """Put up what only a child itself can: from now on this process makes few system calls. Return what is missing."""
    return frozenset() if _seccomp() else frozenset({Wall.SECCOMP})


def _libc() -> ctypes.CDLL | None:
    """Return the C library; None where this is not Linux."""
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _prctl(what: int, value: int, pointer: bytes | None = None) -> bool:
    libc, none = _libc(), ctypes.c_ulong(0)
    return libc is not None and int(libc.prctl(what, ctypes.c_ulong(value), pointer or none, none, none)) == 0


def _namespaces() -> bool:
    """Leave the host's network; that takes a user namespace, whose user nobody of the host is mapped to."""
    libc = _libc()
    if libc is None:
        return False
    return bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWNET) == 0)


def _capabilities() -> bool:
    """Give up every capability, for good; tell whether none is left."""
    libc = _libc()
    if libc is None:
        return False
    for each in range(_MOST_CAPABILITIES):
        _prctl(_PR_CAPBSET_DROP, each)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    libc.capset(header, bytes(24))
    left = ctypes.create_string_buffer(24)
    return int(libc.capget(header, left)) == 0 and not any(left.raw)


# --- Landlock ----------------------------------------------------------------------------------

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446  # the same numbers on every machine
_LANDLOCK_VERSION, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
"""What acts on files are forbidden, by the version that knows them: all that there are."""
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6


def _landlock(readable: Iterable[Path]) -> bool:
    """Forbid every act on files but to read these, to bind and connect, and to signal others (since version 6)."""
    libc = _libc()
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), _LANDLOCK_VERSION) if libc else -1
    if libc is None or version < 1:
        return False
    rights = sum(value for since, value in _FILE_RIGHTS.items() if since <= version)
    attributes = struct.pack("=Q", rights)
    attributes += struct.pack("=Q", 0b11) if version >= _NETWORK_SINCE else b""
    attributes += struct.pack("=Q", 0b11) if version >= _SCOPES_SINCE else b""
    rules = libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    try:
        allowed = all(_allow(libc, rules, path) for path in readable)
        return allowed and int(libc.syscall(_LANDLOCK_RESTRICT, rules, 0)) == 0
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: Path) -> bool:
    """Allow to read a file, or whatever lies in a folder; what is not there needs no rule."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        rights = _READ_FILE | _READ_DIR if path.is_dir() else _READ_FILE
        return bool(libc.syscall(_LANDLOCK_ADD, rules, _PATH_BENEATH, struct.pack("=Qi", rights, opened), 0) == 0)
    finally:
        os.close(opened)


# --- seccomp -----------------------------------------------------------------------------------

_MACHINES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
"""AUDIT_ARCH of the machines whose system calls are known here; both keep the low half of a number first."""

_ABSENT = -1
_X32 = 0x4000_0000
"""System calls of x86_64's other convention begin here."""

_CALLS = {  # by name: its number on x86_64 and on aarch64
    # to read, write, and look at what is open; what can be written to is the channel, as nothing opens for writing
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67), "close": (3, 57),
    "lseek": (8, 62), "fstat": (5, 80), "poll": (7, _ABSENT), "ppoll": (271, 73), "dup": (32, 23),
    # to look for modules that are loaded late: Landlock says which
    "stat": (4, _ABSENT), "lstat": (6, _ABSENT), "newfstatat": (262, 79), "statx": (332, 291), "access": (21, _ABSENT),
    "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, _ABSENT), "readlinkat": (267, 78),
    "getdents64": (217, 61), "getcwd": (79, 17),
    # memory
    "brk": (12, 214), "munmap": (11, 215), "mremap": (25, 216), "madvise": (28, 233),
    # one's own signals, waiting, locks within the process
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132),
    "restart_syscall": (219, 128), "futex": (202, 98), "sched_yield": (24, 124), "membarrier": (324, 283),
    "set_robust_list": (273, 99), "rseq": (334, 293), "nanosleep": (35, 101), "clock_nanosleep": (230, 115),
    # what time it is, who one is, what one has used, chance
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, _ABSENT),
    "times": (100, 153), "getpid": (39, 172), "getppid": (110, 173), "gettid": (186, 178), "getuid": (102, 174),
    "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177), "uname": (63, 160), "sysinfo": (99, 179),
    "getrusage": (98, 165), "getcpu": (309, 168), "sched_getaffinity": (204, 123), "getrandom": (318, 278),
    # its own clock, and its end
    "getitimer": (36, 102), "setitimer": (38, 103), "exit": (60, 93), "exit_group": (231, 94),
}  # fmt: skip

_NO_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | 0o20_000_000  # the last: O_TMPFILE
_WITHOUT = {  # calls that are allowed unless an argument has one of these bits: numbers, argument, bits
    "open": ((2, _ABSENT), 1, _NO_WRITING),
    "openat": ((257, 56), 2, _NO_WRITING),
}
_NOT_BOTH = {"mmap": ((9, 222), 2), "mprotect": ((10, 226), 2)}  # no memory is both written (2) and run (4)
_WRITTEN, _RUN = 2, 4
_ONE_OF = {  # calls that are allowed for these values of an argument
    "ioctl": ((16, 29), 1, (0x5401, 0x5450, 0x5451)),  # TCGETS, FIONCLEX, FIOCLEX
    "fcntl": ((72, 25), 1, (1, 2, 3, 1030)),  # F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC
}
_OF_ITSELF = {"kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "prlimit64": (302, 261)}
"""Calls whose first argument must be this process."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # where struct seccomp_data keeps them
_ALLOW, _REFUSE, _KILL = 0x7FFF_0000, 0x0005_0000 | 1, 0x8000_0000  # SECCOMP_RET_ALLOW, _ERRNO (EPERM), _KILL_PROCESS


def program(machine: str, own: int) -> list[Instruction]:
    """Return the filter of a process with the id ``own``. Raises KeyError for a machine that is not known here."""
    place = list(_MACHINES).index(machine) if machine in _MACHINES else None
    if place is None:
        raise KeyError(machine)
    made: list[Instruction] = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, _MACHINES[machine]), (_RETURN, 0, 0, _KILL)]
    made += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL)]
    for numbers in _CALLS.values():
        made += _called(numbers[place], [(_RETURN, 0, 0, _ALLOW)])
    for numbers, argument, bits in _WITHOUT.values():
        made += _called(numbers[place], [_load(argument), (_ANY_BIT, 1, 0, bits), *_verdicts()])
    for numbers, argument in _NOT_BOTH.values():
        tests: list[Instruction] = [_load(argument), (_ANY_BIT, 0, 1, _WRITTEN), (_ANY_BIT, 1, 0, _RUN), *_verdicts()]
        made += _called(numbers[place], tests)
    for numbers, argument, values in _ONE_OF.values():
        made += _called(numbers[place], list(_equals(argument, values)))
    for name, numbers in _OF_ITSELF.items():
        made += _called(numbers[place], list(_equals(0, (own, 0) if name == "prlimit64" else (own,))))
    return [*made, (_RETURN, 0, 0, _REFUSE)]


def _called(number: int, then: list[Instruction]) -> list[Instruction]:
    """Return the steps for one call; for all others they are skipped, and its number stays loaded."""
    return [] if number == _ABSENT else [(_EQUAL, 0, len(then), number), *then]


def _load(argument: int) -> Instruction:
    """Load the low half of an argument: those that are tested are ints to the kernel, which reads no more of them."""
    return _LOAD, 0, 0, _ARGUMENTS + 8 * argument


def _verdicts() -> tuple[Instruction, Instruction]:
    return (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)


def _equals(argument: int, values: tuple[int, ...]) -> Iterator[Instruction]:
    """Allow for one of these values, refuse for all others."""
    yield _load(argument)
    for value in values:
        yield _EQUAL, 0, 1, value
        yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _REFUSE


def _seccomp() -> bool:
    machine = platform.machine()
    if machine not in _MACHINES or sys.maxsize < 2**32:
        return False
    return install(program(machine, os.getpid()))


def install(steps: list[Instruction]) -> bool:
    """Have the kernel filter this process's system calls from now on; that needs no_new_privs. Tell whether it does."""
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    held = ctypes.create_string_buffer(code, len(code))
    head = struct.pack("@HP", len(steps), ctypes.addressof(held))  # struct sock_fprog
    return _prctl(_PR_SET_SECCOMP, 2, head)  # 2: SECCOMP_MODE_FILTER
