"""Mail servers in trouble: a mailbox that fills, refusals for a while, a wrong password; what the organizers hear."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.config import load
from mailbot.daemon import mailbox_loop
from mailbot.daemon.mailbox_loop import LOGIN_PAUSE, MailboxLoop
from mailbot.ledger import outbox
from mailbot.system.bell import Alarm, Bell
from mailbot.system.heartbeat import Heartbeat
from tests.faults.scripted_imap import CAPABILITIES, ScriptedImap, Session
from tests.integration.bot import Bot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.service import Service

US, MINUTE = "submissions@siqa.example", 60


class Server(ScriptedImap):
    """A server that tells how full the mailbox is."""

    used = 0

    def refuse(self, code: str) -> None:
        """Refuse the next login."""
        self.script("LOGIN", lambda session, tag, _: session.send(f"{tag} NO [{code}] not now\r\n"))

    def tell_room(self, used: int) -> None:
        """Tell at the next question that so many percent are used."""

        def answer(session: Session, tag: str, _: str) -> None:
            told = f'* QUOTAROOT "INBOX" ""\r\n* QUOTA "" (STORAGE {used * 10240} 1024000)\r\n'
            session.send(f"{told}{tag} OK done\r\n")

        self.script("GETQUOTAROOT", answer)


@pytest.fixture
def server() -> Iterator[Server]:
    """Give the server."""
    with Server(capabilities=f"{CAPABILITIES} QUOTA") as made:
        yield made


def _subjects(service: Service) -> list[str]:
    with service.ledger.read() as tx:
        return [row.subject.partition("] ")[2] for row in outbox.listing(tx)]


def test_the_organizers_hear_of_what_they_can_mend(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mailbox that fills, at 80 and 95 %; a refusal for a while is no wrong password; a mended one is tried soon."""
    imap: dict[str, object] = {"port": server.port, "security": "none"}
    made = Bot.make(tmp_path, address=US, team="ada@peepers.example", imap=imap, smtp={"port": 1})
    path = made.folder / "config.toml"
    text = path.read_text().replace('extra_folders = ["Junk"]\n', "")
    path.write_text(text.replace("[challenge]", '[challenge]\norganizers = ["chair@example.net"]'))
    heart, stopping, bell = Heartbeat(60), threading.Event(), Bell()
    monkeypatch.setattr("mailbot.transport.imap.mailbox.Mailbox.wait", lambda *_: stopping.set())
    with flow.working(load.load(path)) as service, heart.loop("mailbox"):
        alarm = Alarm(bell)
        loop = MailboxLoop(service=service, stopping=stopping, bell=bell, intake_bell=bell, reconciliation=alarm)

        def hold(*, room: int | None = None) -> float:
            stopping.clear()
            if room is not None:
                server.tell_room(room)
                alarm.ring()
            return loop.hold()

        server.refuse("UNAVAILABLE")
        assert hold() < MINUTE
        assert _subjects(service) == []  # the password is right
        server.refuse("AUTHENTICATIONFAILED")
        assert hold() == LOGIN_PAUSE
        assert len(_subjects(service)) == 1
        assert mailbox_loop.MENDED_SECONDS < MINUTE
        monkeypatch.setattr(mailbox_loop, "MENDED_SECONDS", 0.01)
        (path.parent / "password").write_text("mended\n")
        stopping.clear()
        loop._pause(LOGIN_PAUSE)  # noqa: SLF001  # it returns long before
        for used in (50, 85, 86, 97, 10):
            assert hold(room=used) == 0.0
        assert heart.marks["polled_at"]  # what `status` shows as "looked into mailbox"
        told = _subjects(service)
    bell.close()
    assert told == [
        "the mailbox refuses our login",
        "fixed: the mailbox accepts our login",
        "the mailbox is nearly full",
        "the mailbox is full, or will be soon",
        "fixed: the mailbox has room",
        "fixed: the mailbox is no longer full",
    ]
