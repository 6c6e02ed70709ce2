"""Whoever sends much, or heavy mails, waits for a turn; others do not wait for them beyond one."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from mailbot.ledger import mails
from mailbot.mail import tasks
from mailbot.model import MailState
from mailbot.system.sandbox import Bounds, Sandbox
from tests.hostile import killers
from tests.unit.services import ADA, NOW, Clock, Here, drop, served, submission

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mailbot.service import Service

HEAVY = b"Subject: heavy"


@dataclass
class Heavy:
    """Real children, of which those that open a heavy mail hang until they are killed; the rest is done here."""

    sandbox: Sandbox
    here: Here
    began: Callable[[], None]

    @property
    def workers(self) -> int:
        """As many as there are."""
        return self.sandbox.workers

    def submit(self, task: Any, *args: Any) -> Any:  # noqa: ANN401  # as Sandbox has it
        """Begin a task."""
        if task is tasks.open_mail and HEAVY in args[0]:
            self.began()
            return self.sandbox.submit(killers.hangs)
        return Behind(self.sandbox.submit(killers.fine, 1), self.here.submit(task, *args))


@dataclass
class Behind:
    """A task that is done here as soon as a real child had a turn for it."""

    child: Any
    here: Any

    def result(self) -> Any:  # noqa: ANN401  # as Task has it
        """Wait for the child; then do it."""
        self.child.result()
        return self.here.result()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # the same
        return getattr(self.child, name)


def _states(service: Service) -> list[MailState]:
    with service.ledger.read() as tx:
        return [row.state for row in mails.listing(tx)]


@pytest.mark.parametrize("workers", [1, 2])
def test_six_heavy_mails_of_a_stranger_delay_a_team_by_one_turn(workers: int, tmp_path: Path) -> None:
    """Each takes all the time that a child has; a team's mail that comes then is answered before the second is done."""
    waiting = list[int]()
    with closing(Sandbox(workers, bounds=Bounds(seconds=1, cpu_seconds=1))) as children:

        def began() -> None:
            if not waiting:
                drop(service, submission(), arrived_at=NOW)
            waiting.append(_states(service)[-1] is not MailState.RECORDED)

        heavy = Heavy(children, Here(workers=workers), began)
        with served(tmp_path, Clock(), cast("Here", heavy)) as service:
            for number in range(6):
                drop(service, b"From: eve%d@evil.example\r\n%b\r\n\r\n%d\r\n" % (number % 2, HEAVY, number))
            service.intake.step()
            states = _states(service)
    assert (len(waiting), sum(waiting)) == (6, 1)
    assert states == [MailState.SPOOLED] * 6 + [MailState.RECORDED]


def test_a_stranger_who_says_to_be_a_team_delays_no_other_team(tmp_path: Path) -> None:
    """What is forged in a team's name is that team's turn; a mail of another team comes second."""
    order = list[bytes]()
    with served(tmp_path, Clock(), Here(before=lambda raw, *_: order.append(bytes(raw)[:12]))) as service:
        for number in range(4):
            drop(service, f"From: {ADA}\r\nSubject: {number}\r\n\r\nx\r\n".encode())
        drop(service, b"From: carl@muenster.example\r\nSubject: status\r\n\r\nx\r\n")
        service.intake.step()
    assert [raw for raw in order if raw.startswith(b"From: ")][:2] == [b"From: ada@pe", b"From: carl@m"]
