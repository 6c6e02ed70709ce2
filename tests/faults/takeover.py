"""Two daemons on one ledger: the one that leads is killed, hangs or loses the database, and the other goes on."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.command import mailbot
from tests.faults.host import PATIENCE_SECONDS, host
from tests.faults.proxy import Proxy
from tests.faults.verdict import judge
from tests.integration.bot import wait
from tests.servers.process import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.host import Host, Life
    from tests.faults.proxy import Cut
    from tests.faults.verdict import Verdict
    from tests.servers.dovecot import Dovecot
    from tests.servers.postgres import Postgres

ONE, TWO = {"MAILBOT_HOST": "one"}, {"MAILBOT_HOST": "two"}


@dataclass(frozen=True, kw_only=True)
class Takeover:
    """A leader that ended, and what was found once the stand-by had come to rest."""

    what: str
    #: Whether it ended there; a later passing need not come in every run.
    reached: bool
    #: From the end of the one to the beginning of the other.
    seconds: float
    mails: int
    verdict: Verdict


@contextmanager
def hosts(folder: Path, dovecot: Dovecot, database: str) -> Iterator[Host]:
    """Set up a contest that two hosts serve, with the marker in its mailbox."""
    with host(folder, dovecot, database=database) as both:
        config = folder / "config.toml"
        config.write_text(config.read_text().replace('marker = ""\n', ""))
        yield both


@contextmanager
def leading(both: Host, **env: str) -> Iterator[Life]:
    """Run a daemon that leads before the block begins."""
    with both.living(ONE | env) as first:
        wait(lambda: first.has_told("leading") or first.process.poll() is not None, first.journal)
        yield first


def die_at(folder: Path, dovecot: Dovecot, database: str, point: str, occurrence: int = 1) -> Takeover:
    """Kill the leader at a crash point while mails flow, with a stand-by beside it."""
    with hosts(folder, dovecot, database) as both:
        dying = {"MAILBOT_CRASH_AT": f"{point}@{occurrence}"}
        with both.stream_flows(), leading(both, **dying) as first, both.living(TWO) as second:
            reached = _dies(both, first) or both.settle(first) == -signal.SIGKILL  # some points are passed at its end
            died = time.monotonic()
            if reached:
                _goes_on(second)
            seconds = time.monotonic() - died
            if reached:
                both.settle(second)
        return _takeover(both, f"{point}@{occurrence}", seconds, reached=reached)


def _dies(both: Host, first: Life) -> bool:
    """Wait for the end of the leader; return False when everything was done without it."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if first.process.poll() is not None:
            assert first.process.wait() == -signal.SIGKILL, first.journal.read_text()
            return True
        if first.has_told("running") and both.is_quiet():
            return False
        time.sleep(0.02)
    raise AssertionError(first.journal.read_text())


def _goes_on(second: Life) -> None:
    """Wait until the stand-by leads and has begun its work."""
    wait(lambda: second.has_told("running") or second.process.poll() is not None, second.journal)
    assert second.process.poll() is None, second.journal.read_text()


def _takeover(both: Host, what: str, seconds: float, *, reached: bool = True) -> Takeover:
    return Takeover(what=what, reached=reached, seconds=seconds, mails=len(both.mails), verdict=judge(both))


def hang(folder: Path, dovecot: Dovecot, database: str) -> Takeover:
    """Stop the leader while mails flow (SIGSTOP), let the other take over, and wake it once all is done."""
    with hosts(folder, dovecot, database) as both:
        with both.stream_flows(), leading(both) as first, both.living(TWO) as second:
            wait(lambda: second.has_told("standing-by"), second.journal)
            wait(lambda: _recorded(both) > 1, first.journal)
            os.killpg(first.process.pid, signal.SIGSTOP)
            began = time.monotonic()
            _goes_on(second)
            seconds = time.monotonic() - began
            wait(both.is_quiet, second.journal)
            os.killpg(first.process.pid, signal.SIGCONT)
            wait(lambda: first.has_told("standing-by") or first.process.poll() is not None, first.journal)
            both.settle(second)
        return _takeover(both, "hang", seconds)


def lose_database(folder: Path, dovecot: Dovecot, server: Postgres, how: Cut) -> Takeover:
    """Cut the wire between the leader and the database while mails flow, and fix it once the other has done all."""
    direct = {"PGHOST": LOOPBACK, "PGPORT": str(server.port)}
    with Proxy(server.port) as wire, hosts(folder, dovecot, server.database()) as both:
        config = folder / "config.toml"
        config.write_text(config.read_text().replace(f"@{LOOPBACK}:{server.port}/", "@/"))  # each host has its own way
        cut = {**ONE, **direct, "PGPORT": str(wire.port)}
        with both.stream_flows(), leading(both, **cut) as first, both.living(TWO | direct) as second:
            wait(lambda: second.has_told("standing-by"), second.journal)
            wait(lambda: _recorded(both) > 1, first.journal)
            wire.refuses = True
            wire.cut(how)
            began = time.monotonic()
            _goes_on(second)
            seconds = time.monotonic() - began
            wait(both.is_quiet, second.journal)
            wire.refuses = False
            both.settle(second)
        return _takeover(both, f"cut-{how}", seconds)


def begin_together(folder: Path, dovecot: Dovecot, database: str) -> Takeover:
    """Start both at once: one leads, the other stands by; the one that leads is killed later."""
    with hosts(folder, dovecot, database) as both:
        with both.stream_flows(), both.living(ONE) as first, both.living(TWO) as second:
            wait(lambda: [life for life in (first, second) if life.has_told("running")], both.journal_of("one"))
            leader, other = (first, second) if first.has_told("running") else (second, first)
            wait(lambda: other.has_told("standing-by"), other.journal)
            assert not other.has_told("leading")
            leader.process.kill()
            began = time.monotonic()
            _goes_on(other)
            seconds = time.monotonic() - began
            both.settle(other)
        return _takeover(both, "both-at-once", seconds)


def skew(folder: Path, dovecot: Dovecot, database: str, ahead: int) -> Takeover:
    """Let a host take over whose clock is some seconds ahead of the leader's, or behind it."""
    with hosts(folder, dovecot, database) as both:
        with both.stream_flows(), leading(both) as first, both.living(TWO, alone=True, ahead=ahead) as second:
            wait(lambda: second.has_told("standing-by"), second.journal)
            wait(lambda: _recorded(both) > 1, first.journal)
            os.killpg(first.process.pid, signal.SIGKILL)
            began = time.monotonic()
            _goes_on(second)
            seconds = time.monotonic() - began
            both.settle(second)
        return _takeover(both, f"skew{ahead:+d}s", seconds)


def hand_over(folder: Path, dovecot: Dovecot, database: str) -> Takeover:
    """Ask the leader for the lead while mails flow (`mailbot lead --yield`)."""
    with hosts(folder, dovecot, database) as both:
        with both.stream_flows(), leading(both) as first, both.living(TWO) as second:
            wait(lambda: second.has_told("standing-by"), second.journal)
            wait(lambda: _recorded(both) > 1, first.journal)
            told = mailbot("lead", "--yield", "--json", folder=folder).json
            assert (told["host"], first.process.poll()) == ("two", None)
            wait(lambda: first.has_told("standing-by"), first.journal)
            _goes_on(second)
            both.settle(second)
        return _takeover(both, "yield", told["seconds"])


def _recorded(both: Host) -> int:
    ledger = both.query()
    try:
        return int(ledger.execute("SELECT count(*) FROM mails WHERE state = 'recorded'").fetchone()[0])
    finally:
        ledger.close()
