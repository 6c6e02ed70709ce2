"""The lock on a state folder, and the mark by which a command asks its holder to reload."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailbot.errors import Held
from mailbot.system import safefile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def held(state: Path) -> Iterator[None]:
    """Hold the state folder's lock; it is released with the process, however that ends. Raises Held and ConfigError."""
    with safefile.folder_in_use("state", state):
        safefile.private_folder(state)
        opened = safefile.opened(state / "mailbot.lock", "ab+")
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            who = lock.read().decode(errors="replace").strip() or "unknown"
            message = f"{state} is held by another mailbot ({who}); stop it first"
            raise Held(message) from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        lock.flush()
        yield


def is_held(state: Path) -> bool:
    """Whether a mailbot holds the state folder's lock."""
    try:
        with safefile.opened(state / "mailbot.lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except BlockingIOError:
        return True
    return False


RELOAD_MARK = "reload-wanted"
"""A file in the state folder; its time is when the reload was asked for."""


def ask_reload(state: Path) -> None:
    """Ask the daemon on a state folder, if one runs, to reload as soon as it looks (:mod:`mailbot.system.bell`)."""
    (state / RELOAD_MARK).touch()


def reload_asked_since(state: Path, instant: float) -> bool:
    """Whether a reload was asked for since an instant, in seconds since the epoch."""
    try:
        return (state / RELOAD_MARK).stat().st_mtime > instant
    except FileNotFoundError:
        return False
