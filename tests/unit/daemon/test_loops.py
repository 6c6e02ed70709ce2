"""The loops, each in its thread, on a mailbot whose mailbox cannot be reached."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mailbot.daemon.loops import Loops
from mailbot.daemon.schedule import Bells, Schedule
from mailbot.ledger import mails, outbox, teams
from mailbot.model import MailState
from mailbot.system.heartbeat import Heartbeat
from tests.unit.services import Clock, Here, drop, served, submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mailbot.service import Service

SECONDS = 30.0


@contextmanager
def running(service: Service) -> Iterator[Loops]:
    """Run the loops; they must end when they are told to."""
    bells = Bells()
    schedule = Schedule(service.config, service.challenge.windows, bells)
    loops = Loops(service=service, bells=bells, schedule=schedule, heartbeat=Heartbeat(60), retry_seconds=0.05)
    loops.start()
    try:
        yield loops
    finally:
        loops.stop()
        assert loops.join(SECONDS) == []
        for bell in bells:
            bell.close()


def wait(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def names(service: Service) -> list[str]:
    """Return the names of the registered teams."""
    with service.ledger.read() as tx:
        return [team.name for team in teams.everyone(tx)]


def states(service: Service) -> list[MailState]:
    """Return where the mails stand."""
    with service.ledger.read() as tx:
        return [row.state for row in mails.listing(tx)]


def attempts(service: Service) -> list[int]:
    """Return how often the sending of each reply was tried."""
    with service.ledger.read() as tx:
        return [row.attempts for row in outbox.listing(tx)]


def test_a_ring_makes_a_loop_work(tmp_path: Path, unreachable: dict[str, Any]) -> None:
    """The roster's alarm has its sources read; the intake's bell has mails handled, and then their replies sent."""
    with served(tmp_path, Clock(), **unreachable) as service:
        with running(service) as loops:
            (tmp_path / "teams.csv").write_text("team,address\nNewcomers,zoe@new.example\n")
            loops.schedule.roster.ring()
            wait(lambda: "Newcomers" in names(service))
            drop(service, submission())
            loops.bells.intake.ring()
            wait(lambda: states(service) == [MailState.RECORDED])
            wait(lambda: attempts(service) == [1])
        assert not loops.failed


def test_a_loop_that_fails_for_good_ends_all(tmp_path: Path, unreachable: dict[str, Any]) -> None:
    """Without [smtp] the sending loop cannot begin."""
    with served(tmp_path, Clock(), imap=unreachable["imap"]) as service, running(service) as loops:
        wait(loops.stopping.is_set)
        assert loops.failed


def test_a_loop_that_hangs_is_named(tmp_path: Path, unreachable: dict[str, Any]) -> None:
    """Whoever stops the loops waits for it no longer than for the time given."""
    release = threading.Event()
    here = Here(before=lambda *_: release.wait(SECONDS))
    with served(tmp_path, Clock(), here, **unreachable) as service:
        drop(service, submission())
        with running(service) as loops:
            wait(lambda: states(service) == [MailState.WORKING])
            loops.stop()
            assert loops.join(0.3) == ["intake_loop"]
            release.set()
