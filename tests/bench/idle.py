"""What the daemon holds while nothing happens, and what the first mail after that costs beside the next one."""

from __future__ import annotations

import os
import random
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.pipeline import base_config, mail, write_config
from tests.command import MAILBOT
from tests.groups import below
from tests.servers.dovecot import Dovecot, Mailbox
from tests.servers.process import LOOPBACK
from tests.servers.smtp_sink import SmtpSink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IDLE_SECONDS = 10.0
"""A minute in a config that does not say; here it is waited for."""

AT_REST = 1
"""The daemon alone: the server that children are forked from ends with the last of them."""

ROUNDS = 2
TICKS = os.sysconf("SC_CLK_TCK")


def measure() -> dict[str, dict[str, object]]:
    """Return the memory of an idle daemon that has served mails, all processes together, and what a cold mail costs."""
    server, sink = Dovecot(), SmtpSink()
    server.start()
    sink.start()
    folder = Path(tempfile.mkdtemp())
    try:
        mailbox = server.mailbox()
        with _daemon(mailbox, sink, folder) as pid:
            return {"idle-memory": _watched(pid, mailbox, sink)}
    finally:
        sink.stop()
        server.remove()
        shutil.rmtree(folder)


def _watched(pid: int, mailbox: Mailbox, sink: SmtpSink) -> dict[str, object]:
    chance, cold, warm, idle = random.Random(6), [], [], []  # noqa: S311  # made-up predictions
    for number in range(ROUNDS):
        cold.append(_served(pid, mailbox, sink, mail(2 * number, chance)))
        warm.append(_served(pid, mailbox, sink, mail(2 * number + 1, chance)))
        _wait(lambda: len(_processes(pid)) <= AT_REST)
        time.sleep(IDLE_SECONDS)
        idle.append(memory(_processes(pid)))
    return {
        "value": round(max(idle), 1),
        "unit": "MiB of an idle daemon that has served mails (Pss, all processes)",
        "processes": len(_processes(pid)),
        "daemon_alone": round(memory([pid]), 1),
        "its_own": round(sum(memory([pid], part) for part in ("Private_Clean", "Private_Dirty")), 1),
        "resident": round(memory([pid], "Rss"), 1),
        "cold_mail_seconds": round(statistics.median(seconds for seconds, _ in cold), 2),
        "warm_mail_seconds": round(statistics.median(seconds for seconds, _ in warm), 2),
        "cold_mail_cpu_seconds": round(statistics.median(used for _, used in cold), 2),
        "warm_mail_cpu_seconds": round(statistics.median(used for _, used in warm), 2),
    }


@contextmanager
def _daemon(mailbox: Mailbox, sink: SmtpSink, folder: Path) -> Iterator[int]:
    """Run the command as it is installed, in a process of its own, and give its id."""
    config = base_config(folder, mailbox.user)
    (folder / "password").write_text(mailbox.server.password, encoding="utf-8")
    imap = {"host": LOOPBACK, "port": mailbox.server.imaps_port, "user": mailbox.user, "password_file": "password"}
    config |= {"imap": imap | {"ca_file": str(mailbox.server.certificates.ca)}}
    config |= {"smtp": {"host": LOOPBACK, "port": sink.port, "security": "none"}}
    config |= {"limits": {"child_idle_seconds": IDLE_SECONDS}}
    write_config(folder, config)
    with (folder / "journal").open("wb") as journal:
        process = subprocess.Popen((MAILBOT, "run", "--yes"), cwd=folder, stdout=journal, stderr=journal)
    try:
        _wait(lambda: b"reconciled" in (folder / "journal").read_bytes())  # from now on it takes what comes
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _served(pid: int, mailbox: Mailbox, sink: SmtpSink, raw: bytes) -> tuple[float, float]:
    """Deliver a mail and wait for its reply; return the seconds it took, and those of processor time."""
    answered, used, begun = len(sink.sent), _used(pid), time.perf_counter()
    mailbox.deliver(raw)
    _wait(lambda: len(sink.sent) > answered)
    return time.perf_counter() - begun, _used(pid) - used


def _processes(pid: int) -> list[int]:
    return [pid, *below(pid)]


def memory(pids: list[int], part: str = "Pss") -> float:
    """Return their memory in MiB, what they share counted once; or a part of it, as ``Pss_File``."""
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{part}:")) / 1024


def _used(pid: int) -> float:
    """Return the seconds of processor time of all processes so far, those that have ended and were waited for too."""
    fields = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in _processes(pid)]
    return sum(sum(map(int, each[11:15])) for each in fields) / TICKS


def _wait(until: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.01)
