"""What the service costs while nothing happens: memory, processor time, and how often it wakes up."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.systemd.host import Host

SETTLE_SECONDS = 5.0
TICKS = os.sysconf("SC_CLK_TCK")


def idle(host: Host, seconds: float) -> dict[str, float]:
    """Watch the service for so long; nobody may be writing to it."""
    time.sleep(SETTLE_SECONDS)
    pids = _processes(host)
    woken, used = _wakeups(host, pids), _processor(host, pids)
    time.sleep(seconds)
    return {
        "idle processes": len(pids),
        "idle memory, MiB": round(_memory(host, pids), 1),
        "idle processor, percent of one": round(100 * (_processor(host, pids) - used) / seconds, 2),
        "wake-ups a minute": round((_wakeups(host, pids) - woken) * 60 / seconds, 1),
    }


def _processes(host: Host) -> list[str]:
    """Return the service's processes: the daemon, and whatever descends from it."""
    found = [host.show("MainPID")]
    for pid in found:
        found += _read(host, [f"/proc/{pid}/task/*/children"]).split()
    return found


def _wakeups(host: Host, pids: Sequence[str]) -> int:
    """Return how often their threads went to sleep of their own accord, and so woke up (proc_pid_status(5))."""
    lines = _read(host, [f"/proc/{pid}/task/*/status" for pid in pids]).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


def _processor(host: Host, pids: Sequence[str]) -> float:
    """Return the seconds of processor time they have used (proc_pid_stat(5): utime and stime)."""
    lines = _read(host, [f"/proc/{pid}/stat" for pid in pids]).splitlines()
    return sum(sum(map(int, line.rpartition(")")[2].split()[11:13])) for line in lines) / TICKS


def _memory(host: Host, pids: Sequence[str]) -> float:
    """Return their memory in MiB, what they share counted once (Pss)."""
    lines = _read(host, [f"/proc/{pid}/smaps_rollup" for pid in pids]).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _read(host: Host, paths: Sequence[str]) -> str:
    return host.machine.run("sh", "-c", f"cat {' '.join(paths)}")
