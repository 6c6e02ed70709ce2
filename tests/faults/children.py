"""A daemon's children, as the kernel lists them."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def workers(daemon: int) -> list[int]:
    """Return the processes that open and score for a daemon of its own: what the nurseries of its server forked."""
    return [worker for server in _forked(daemon) for nursery in _forked(server) for worker in _forked(nursery)]


def family(daemon: int) -> list[int]:
    """Return all living processes of the daemon's session but itself, also when it is dead."""
    paths = [path for path in Path("/proc").iterdir() if path.name.isdigit() and int(path.name) != daemon]
    return [int(path.name) for path in paths if _field(path, 3) == daemon and _stat(path)[:1] != ["Z"]]


def kill(process: int) -> None:
    """Kill a process, unless it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _forked(process: int) -> list[int]:
    """Return the children of all threads of a process; none when it is gone."""
    with contextlib.suppress(OSError):
        lists = [path.read_text() for path in Path(f"/proc/{process}/task").glob("*/children")]
        return [int(child) for each in lists for child in each.split()]
    return []


def _field(path: Path, number: int) -> int | None:
    """Return a field of ``/proc/PID/stat``, counted from the state (proc(5)); None when the process is gone."""
    fields = _stat(path)
    return int(fields[number]) if fields else None


def _stat(path: Path) -> list[str]:
    try:
        return (path / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
