"""When this host's clock is believed, with and without a mail server that tells the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.ledger import events, outbox
from mailbot.transport.clock_guard import ClockGuard
from tests.unit.services import NOW, Clock, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.service import Service


@dataclass
class Steady:
    """A clock that nobody sets."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """Tell it."""
        return self.seconds


@dataclass(frozen=True)
class Made:
    """A guard with its clocks."""

    service: Service
    guard: ClockGuard
    clock: Clock
    steady: Steady

    def passes(self, **by: float) -> None:
        """Let time pass on both clocks."""
        self.clock.forward(**by)
        self.steady.seconds += timedelta(**by).total_seconds()

    def told(self) -> list[str]:
        """Return what the organizers were told."""
        with self.service.ledger.read() as tx:
            return [row.subject for row in outbox.listing(tx)]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """Give a guard of a host's own clock."""
    clock, steady = Clock(), Steady()
    with served(tmp_path, clock) as service:
        guard = ClockGuard(ledger=service.ledger, alerts=service.alerts, clock=clock, is_real=True, steady=steady)
        yield Made(service, guard, clock, steady)


def test_nothing_is_believed_before_it_was_compared(made: Made) -> None:
    """After a comparison it holds for as long as it does not jump, however long that is."""
    assert not made.guard.holds()
    made.guard.compare(NOW)
    made.passes(days=3)
    assert made.guard.holds()
    made.clock.forward(minutes=16)
    assert not made.guard.holds()
    assert made.guard.asks


@pytest.mark.parametrize(("minutes", "right"), [(14, True), (-14, True), (16, False), (-16, False)])
def test_the_mail_servers_clock_decides(made: Made, minutes: int, right: bool) -> None:  # noqa: FBT001  # a case
    """A quarter of an hour is allowed; the organizers are told once, and when it is right again."""
    made.guard.compare(NOW + timedelta(minutes=minutes))
    made.guard.compare(NOW + timedelta(minutes=minutes))
    assert made.guard.holds() is right
    assert len(made.told()) == (not right)
    made.guard.compare(NOW)
    assert made.guard.holds()
    assert len(made.told()) == 2 * (not right)


def test_a_host_that_slept_is_believed_by_the_server(made: Made) -> None:
    """The clock has gone on and the steady one has not; the mail server agrees."""
    made.guard.compare(NOW)
    made.clock.forward(days=2)
    assert not made.guard.holds()
    made.guard.compare(NOW + timedelta(days=2))
    assert made.guard.holds()


def test_without_a_servers_clock_the_ledger_and_a_jump_count(made: Made) -> None:
    """A jump lasts until the clock is set back; a ledger that ends later than now was written by a clock ahead."""
    made.guard.compare(None)
    made.clock.forward(days=20)
    for _ in range(2):
        made.guard.compare(None)
        assert not made.guard.holds()
    made.clock.forward(days=-20)
    made.guard.compare(None)
    assert made.guard.holds()
    with made.service.ledger.write() as tx:
        events.append(tx, kind="x", subject="x", now=NOW + timedelta(days=20))
    again = ClockGuard(ledger=made.service.ledger, alerts=made.service.alerts, clock=made.clock, is_real=True)
    for _ in range(2):
        again.compare(None)
        assert not again.holds()


def test_a_clock_of_a_test_is_compared_with_nothing(made: Made) -> None:
    """So the demo plays weeks in seconds."""
    made.guard.is_real = False
    made.guard.compare(NOW + timedelta(days=9))
    assert made.guard.holds()
    assert made.told() == []
