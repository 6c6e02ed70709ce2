"""How long the mailbox loop waits after a failure, and when the organizers are told."""

from __future__ import annotations

import re
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from mailbot.config.servers import secret
from mailbot.daemon.mailbox_loop import LONGEST_PAUSE, MailboxLoop, pause
from mailbot.errors import AuthenticationFailed, Temporary, Throttled
from mailbot.ledger import outbox
from mailbot.system.bell import Alarm, Bell
from mailbot.system.heartbeat import Heartbeat
from tests.unit.services import Clock, served

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service


@dataclass
class Pause:
    """A bell that nobody rings: each wait is ten minutes, and after some of them all is to stop."""

    clock: Clock
    stopping: threading.Event
    waits: int

    def wait(self, _seconds: float) -> bool:
        """Let ten minutes pass."""
        self.clock.forward(minutes=10)
        self.waits -= 1
        if not self.waits:
            self.stopping.set()
        return False


@pytest.mark.parametrize(
    ("poll_minutes", "waits", "told"), [(30, 4, 0), (30, 5, 1), (30, 9, 1), (15, 2, 0), (15, 3, 1)]
)
def test_a_mailbox_out_of_reach_is_told_once_after_a_while(
    tmp_path: Path, poll_minutes: int, waits: int, told: int
) -> None:
    """Not before `alerts.poll_minutes` without a look that succeeded, and not again while it lasts."""
    with socket.socket() as taken:  # bound and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        (tmp_path / "password").write_text("secret\n")
        imap = {
            "host": "127.0.0.1", "port": taken.getsockname()[1], "security": "none",
            "user": "bot", "password_file": "password",
        }  # fmt: skip
        clock, stopping = Clock(), threading.Event()
        with served(tmp_path, clock, imap=imap, alerts={"poll_minutes": poll_minutes}) as service:
            bell, intake, heartbeat = cast("Bell", Pause(clock, stopping, waits)), Bell(), Heartbeat(60)
            with heartbeat.loop("mailbox"):
                MailboxLoop(
                    service=service, stopping=stopping, bell=bell, intake_bell=intake, reconciliation=Alarm(bell)
                ).run()
                doing = str(heartbeat.status()["mailbox"]["doing"])
            intake.close()
            with service.ledger.read() as tx:
                subjects = [row.subject for row in outbox.listing(tx)]
    assert re.fullmatch(r"no connection; again at 1[67]:[0-5]\d:[0-5]\d", doing)  # on the challenge's clock
    assert subjects == ["[mailbot] the mailbox cannot be reached"] * told


@pytest.mark.parametrize(
    ("error", "failures", "least", "most"),
    [
        (Temporary("closed"), 1, 0, 2),
        (Temporary("closed"), 2, 0, 4),
        (Temporary("closed"), 7, 0, 128),
        (Temporary("closed"), 1000, 0, LONGEST_PAUSE),
        (AuthenticationFailed("refused"), 1, 900, 900),
        (Throttled("too much"), 1, 900, 3600),
    ],
)
def test_the_pauses_grow(error: Temporary, failures: int, least: float, most: float) -> None:
    """A lost connection is made again soon, then ever later; after a refused login providers want to be left alone."""
    assert pause(error, failures, 0.0) == least
    assert pause(error, failures, 1.0) == most


def test_a_mended_password_is_tried_within_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a refused login the server is left alone until the password file is another one."""
    (tmp_path / "password").write_text("wrong\n")
    imap = {"host": "127.0.0.1", "user": "bot", "password_file": "password"}
    tried: list[str] = []

    def mailbox(service: Service) -> object:
        tried.append(secret(service.config.need_imap, "imap"))
        if tried[-1] == "right":
            stopping.set()
        raise AuthenticationFailed("refused")

    class Mending(Bell):
        """A bell that nobody rings; while somebody waits for it, the password is fixed."""

        def wait(self, seconds: float) -> bool:
            """Fix it."""
            waits.append(seconds)
            if len(waits) == 3:
                (tmp_path / "password").write_text("right\n")
            return False

    waits: list[float] = []
    bell, stopping = Mending(), threading.Event()
    monkeypatch.setattr("mailbot.service.Service.mailbox", mailbox)
    with served(tmp_path, Clock(), imap=imap) as service, Heartbeat(60).loop("mailbox"):
        MailboxLoop(service=service, stopping=stopping, bell=bell, intake_bell=bell, reconciliation=Alarm(bell)).run()
    bell.close()
    assert tried == ["wrong", "right"]
    assert len(waits) == 3
    assert max(waits) <= 15
