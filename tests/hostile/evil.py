"""A child that was taken over: every act that it could try against the host, the daemon and the other children."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.system.children.named import Kind
from tests.hostile.killers import is_open

if TYPE_CHECKING:
    from collections.abc import Callable

KIND = Kind(__name__)
GAINED = "gained"
REFUSED = {"EPERM", "EACCES", "ENOENT", "ENOSYS"}
"""What an act that failed says."""

_LIBC = ctypes.CDLL(None, use_errno=True)
_SYSCALLS = {  # numbers on x86_64 and on aarch64
    "openat2": (437, 437), "io_uring_setup": (425, 425), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "memfd_create": (319, 279), "keyctl": (250, 219), "setns": (308, 268),
    "pidfd_send_signal": (424, 424), "clone3": (435, 435), "pidfd_getfd": (438, 438),
}  # fmt: skip
_NEWUSER, _NEWNS, _NEWNET, _NEWPID = 0x1000_0000, 0x0002_0000, 0x4000_0000, 0x2000_0000


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is attacked."""

    #: The folder of a mailbot: config and passwords, and ``state`` below it.
    folder: str
    #: The daemon.
    daemon: int
    #: A TCP port of this machine that somebody listens on.
    port: int
    #: Where something secret lies in the daemon's memory.
    address: int

    def at(self, path: str) -> str:
        """Return a path in the folder."""
        return os.path.join(self.folder, path)  # noqa: PTH118  # a string is what system calls take


# --- the acts: each returns when it succeeded, and raises OSError when it did not ------------------------------------


def _read(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    if not os.read(descriptor, 100):
        raise OSError(errno.ENODATA, "nothing")


def _write(path: str, flags: int = os.O_WRONLY) -> None:
    os.write(os.open(path, flags), b"evil")


def _map(path: str) -> None:
    with mmap.mmap(os.open(path, os.O_RDWR), 0) as mapped:
        mapped[0:4] = b"evil"


def _call(name: str, *arguments: object) -> None:
    """Call a function of the C library, which returns -1 for a failure."""
    if getattr(_LIBC, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)


def _syscall(name: str, *arguments: object) -> None:
    """Make a system call that the C library may have no function for."""
    _call("syscall", _SYSCALLS[name][os.uname().machine == "aarch64"], *arguments)


def _memory_file(pid: int, address: int) -> None:
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as memory:  # noqa: PTH123  # unbuffered
        memory.seek(address)
        memory.write(b"evil")


class _Span(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def _other_memory(name: str, pid: int, address: int) -> None:
    held = ctypes.create_string_buffer(b"evil", 4)
    ours, theirs = _Span(ctypes.addressof(held), 4), _Span(address, 4)
    _call(name, pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)


def _attach(pid: int) -> None:
    _call("ptrace", 16, pid, None, None)  # PTRACE_ATTACH
    _call("ptrace", 17, pid, None, None)


def _connect(kind: int, address: tuple[str, int] | str) -> None:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, kind) as client:
        client.connect(address)


def _listen() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()


def _fork() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _thread() -> None:
    try:
        threading.Thread(target=int).start()
    except RuntimeError as error:  # what Python makes of EPERM and EAGAIN here
        raise PermissionError(errno.EPERM, str(error)) from error


def _take_root() -> None:
    os.setresuid(0, 0, 0)
    _read("/etc/shadow")


def _own_limits() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard + 1, hard + 1))
    except ValueError as error:  # what Python makes of EPERM here
        raise PermissionError(errno.EPERM, str(error)) from error


ACTS: dict[str, Callable[[Target], object]] = {
    "read identity.secret": lambda t: _read(t.at("state/identity.secret")),
    "read the IMAP password": lambda t: _read(t.at("secrets/imap")),
    "read the labels": lambda t: _read(t.at("labels.json")),
    "read the ledger": lambda t: _read(t.at("state/ledger.db")),
    "read a spooled mail": lambda t: _read(t.at("state/spool/ab.eml")),
    "read it by openat2": lambda t: _syscall("openat2", -100, t.at("state/ledger.db").encode(), bytes(24), 24),
    "list the state": lambda t: os.listdir(t.at("state")),  # noqa: PTH208  # one call
    "read a file of the host": lambda _: _read("/etc/hostname"),
    "read what the daemon was started with": lambda t: _read(f"/proc/{t.daemon}/environ"),
    "write to the ledger": lambda t: _write(t.at("state/ledger.db")),
    "change the ledger by mmap": lambda t: _map(t.at("state/ledger.db")),
    "truncate acts.jsonl": lambda t: os.truncate(t.at("state/acts.jsonl"), 0),
    "truncate acts.jsonl as it opens": lambda t: os.open(t.at("state/acts.jsonl"), os.O_WRONLY | os.O_TRUNC),
    "append to acts.jsonl": lambda t: _write(t.at("state/acts.jsonl"), os.O_WRONLY | os.O_APPEND),
    "delete a spooled mail": lambda t: Path(t.at("state/spool/ab.eml")).unlink(),
    "rename the ledger": lambda t: Path(t.at("state/ledger.db")).rename(t.at("state/x.db")),
    "link to a secret": lambda t: os.link(t.at("state/identity.secret"), t.at("state/link")),
    "leave a symbolic link": lambda t: Path(t.at("state/acts.link")).symlink_to("/etc/passwd"),
    "write a new file": lambda t: _write(t.at("state/new"), os.O_WRONLY | os.O_CREAT),
    "write a file without a name": lambda t: os.open(t.at("state"), os.O_RDWR | os.O_TMPFILE),
    "make a folder": lambda t: os.mkdir(t.at("state/folder")),  # noqa: PTH102  # one call
    "open the state to everybody": lambda t: os.chmod(t.at("state"), 0o777),  # noqa: PTH101, S103  # an evil one
    "change the times of a file": lambda t: os.utime(t.at("state/ledger.db")),
    "connect to a TCP port": lambda t: _connect(socket.SOCK_STREAM, ("127.0.0.1", t.port)),
    "send a datagram": lambda t: _connect(socket.SOCK_DGRAM, ("127.0.0.1", t.port)),
    "connect to a socket of the host": lambda t: _connect(socket.SOCK_STREAM, t.at("socket")),
    "listen on a port": lambda _: _listen(),
    "make a pair of sockets": lambda _: socket.socketpair(),
    "write the daemon's memory": lambda t: _memory_file(t.daemon, t.address),
    "read the daemon's memory map": lambda t: _read(f"/proc/{t.daemon}/maps"),
    "read the daemon's memory by process_vm_readv": lambda t: _other_memory("process_vm_readv", t.daemon, t.address),
    "write it by process_vm_writev": lambda t: _other_memory("process_vm_writev", t.daemon, t.address),
    "trace the daemon": lambda t: _attach(t.daemon),
    "trace the process that forks children": lambda _: _attach(os.getppid()),
    "signal the daemon": lambda t: os.kill(t.daemon, 0),
    "signal a thread of the daemon": lambda t: _call("tgkill", t.daemon, t.daemon, 0),
    "signal the process that forks children": lambda _: os.kill(os.getppid(), 0),
    "signal everybody": lambda _: os.kill(-1, 0),
    "signal the group": lambda _: os.kill(0, 0),
    "take the daemon's limits": lambda t: resource.prlimit(t.daemon, resource.RLIMIT_NOFILE, (64, 64)),
    "get hold of the daemon by a descriptor": lambda t: os.pidfd_open(t.daemon),
    "run a program": lambda _: os.execv("/bin/true", ["true"]),  # noqa: S606  # an evil one
    "fork": lambda _: _fork(),
    "start a thread": lambda _: _thread(),
    "start a process by clone3": lambda _: _syscall("clone3", bytes(64), 64),
    "make a user namespace": lambda _: _call("unshare", _NEWUSER),
    "make a mount namespace": lambda _: _call("unshare", _NEWNS),
    "make a network namespace": lambda _: _call("unshare", _NEWNET),
    "make namespaces by clone": lambda _: _call("unshare", _NEWUSER | _NEWPID),
    "enter a namespace": lambda _: _syscall("setns", 0, 0),
    "mount something": lambda t: _call("mount", b"tmpfs", t.at("state").encode(), b"tmpfs", 0, None),
    "change the root": lambda t: os.chroot(t.folder),
    "become root": lambda _: _take_root(),
    "load a BPF program": lambda _: _syscall("bpf", 0, bytes(128), 128),
    "use io_uring": lambda _: _syscall("io_uring_setup", 1, ctypes.create_string_buffer(128)),
    "watch the host's performance": lambda _: _syscall("perf_event_open", bytes(128), 0, -1, -1, 0),
    "handle page faults": lambda _: _syscall("userfaultfd", 1),
    "make memory into a file": lambda _: _syscall("memfd_create", b"x", 0),
    "read the kernel's keys": lambda _: _syscall("keyctl", 0, -3, 1),
    "make memory that is written and run": lambda _: mmap.mmap(-1, 4096, prot=7),
    "type into the terminal": lambda _: _call("ioctl", 0, 0x5412, b"x"),
    "be dumpable again": lambda _: _call("prctl", 4, 1, 0, 0, 0),
    "raise its own limits": lambda _: _own_limits(),
    "change its filter": lambda _: _call("prctl", 22, 2, bytes(16), 0, 0),
}  # fmt: skip

WORK_BARE = (
    "read identity.secret", "read the IMAP password", "read the labels", "read the ledger", "change the ledger by mmap",
    "truncate acts.jsonl", "delete a spooled mail", "connect to a TCP port", "signal the daemon", "run a program",
    "write the daemon's memory", "make a user namespace", "read the daemon's memory by process_vm_readv",
)  # fmt: skip
"""Acts that anything of the same user can do that has no walls."""


@KIND.task
def try_it(act: str, target: Target) -> str:
    """Try an act; return what came of it, the name of an error number as a rule."""
    try:
        ACTS[act](target)
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return GAINED


@KIND.task
def open_descriptors() -> list[int]:
    """Return what is open."""
    return [number for number in range(256) if is_open(number)]


@KIND.task
def names_in_environment() -> list[str]:
    """Return what the environment tells."""
    return sorted(os.environ)
