"""A mailbot run and watched from outside: how long it took, and how much memory it and its children had at the most."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.command import MAILBOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_EVERY_SECONDS = 0.1
"""The kernel keeps the maxima: a process is missed only when it lives for less."""
_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A command that ended, and what it took."""

    out: str
    err: str
    seconds: float
    #: Resident memory at the most, in MiB: of the daemon, and of its largest child.
    daemon_mib: int
    child_mib: int


def watched(*arguments: str, folder: Path) -> Watched:
    """Run the command in a folder; it must end with exit code 0 and no traceback."""
    began = time.monotonic()
    with (folder / "out").open("w+") as out, (folder / "err").open("w+") as err:
        process = subprocess.Popen((MAILBOT, *arguments), cwd=folder, stdout=out, stderr=err, start_new_session=True)
        daemon = child = 0
        while process.poll() is None and time.monotonic() < began + _SECONDS:
            daemon = max(daemon, _peak_kib(process.pid))
            child = max(child, 0, *map(_peak_kib, _others(process.pid)))
            time.sleep(_EVERY_SECONDS)
        seconds = time.monotonic() - began
        process.kill()
    told = (folder / "err").read_text(encoding="utf-8")
    assert process.returncode == 0, told
    assert "Traceback" not in told, told
    output = (folder / "out").read_text(encoding="utf-8")
    return Watched(out=output, err=told, seconds=seconds, daemon_mib=daemon // 1024, child_mib=child // 1024)


def _others(session: int) -> Iterator[int]:
    """Yield the processes of a session but for its leader."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != session:
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue  # it is gone
            if int(fields[3]) == session:
                yield int(entry.name)


def _peak_kib(pid: int) -> int:
    """Return the most resident memory that a process ever had; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
