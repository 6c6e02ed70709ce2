"""Programs of the tests: who they run as, where, on which ports, and how they end."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOPBACK = "127.0.0.1"
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])
_START_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class User:
    """Who a server runs as."""

    name: str
    group: str
    uid: int
    gid: int


def plain_user() -> User:
    """Return the caller, or nobody when the caller is root: mail programs refuse to work as root."""
    entry = pwd.getpwuid(os.getuid()) if os.getuid() else pwd.getpwnam("nobody")
    return User(name=entry.pw_name, group=grp.getgrgid(entry.pw_gid).gr_name, uid=entry.pw_uid, gid=entry.pw_gid)


def program(name: str) -> str:
    """Return the path of an installed program; sbin counts, though it is not in a plain user's PATH."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        message = f"{name} is not installed: `bash .ci/packages` installs what the tests need"
        raise FileNotFoundError(message)
    return found


def short_folder() -> Path:
    """Make a new folder for the server's user; its path is short because Dovecot's sockets allow some 60 characters."""
    folder = Path(tempfile.mkdtemp(prefix="mb-", dir=tempfile.gettempdir()))
    give(folder)
    return folder


def give(path: Path) -> None:
    """Hand a file or folder to the server's user."""
    user = plain_user()
    os.chown(path, user.uid, user.gid)


def free_port() -> int:
    """Return a free port below those that the kernel gives to clients, so that none takes it in between."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port


class ProcessGroup:
    """A server program and its children, which are started, frozen and ended together.

    A signal to the main process alone would leave Dovecot's children with open connections.
    """

    def __init__(self, command: Iterable[str], *, folder: Path, port: int) -> None:
        """Take the command, the folder that it works in, and the port that shows it is ready."""
        self._command = tuple(command)
        self._folder = folder
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the program and return when it accepts connections."""
        user = plain_user()
        groups: list[int] | None = None if os.getuid() else []  # only root may, and must, leave its groups
        with (self._folder / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                stdout=output,
                stderr=output,
                start_new_session=True,
                user=user.uid,
                group=user.gid,
                extra_groups=groups,
            )
        self._await_port(time.monotonic() + _START_SECONDS)

    def freeze(self) -> None:
        """Stop every process of the group: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen group go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End every process of the group at once, as a power cut would; connections are closed by the kernel."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to every process of the group."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _await_port(self, until: float) -> None:
        """Wait for the port; raise with the program's own words when it ends or stays silent."""
        while time.monotonic() < until and self._process is not None and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, self._port), timeout=1):
                return
            time.sleep(0.01)
        self.kill()
        words = "\n".join(path.read_text(errors="replace") for path in sorted(self._folder.glob("*.txt")))
        message = f"{self._command[0]} did not start:\n{words}"
        raise RuntimeError(message)
