"""A stranger's result file: the sender hears how to register, and the organizers hear of it within the hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.ledger import outbox, teams
from mailbot.letters import strangers
from mailbot.mail import tasks as mail_tasks
from mailbot.mail.open import reach_of
from tests.unit.services import Clock, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.service import Service

EVE = "eve@elsewhere.example"


def _sent(service: Service, kind: str) -> list[OutgoingRow]:
    with service.ledger.read() as tx:
        return [row for row in outbox.listing(tx) if row.kind == kind]


def _tell(service: Service) -> bool:
    return strangers.tell(service.ledger, service.challenge, service.clock())


def test_the_organizers_hear_at_once_and_then_hourly(tmp_path: Path) -> None:
    """The first file is told of at once, those of the next hour together; one given to a team meanwhile is left out."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        assert not _tell(service)
        for number in range(25):
            take(service, submission(f"M{number}", sender=f"s{number}@elsewhere.example"))
            assert _tell(service) is (number == 0)
            clock.forward(minutes=1)
        clock.forward(minutes=35)
        assert _tell(service)
        assert not _tell(service)
        clock.forward(hours=2)
        assert not _tell(service)
        first, second = _sent(service, strangers.LETTER)
        assert first.subject == "[mailbot] 1 mail(s) with files of unknown senders"
        assert second.subject == "[mailbot] 24 mail(s) with files of unknown senders"
        assert b"UTC+08:00)" in first.message  # in the zone of the challenge, as in every letter
        assert b"and 4 more" in second.message
        assert b"s3@elsewhere.example" in second.message


def test_the_stranger_hears_how_to_register_once_a_day(tmp_path: Path) -> None:
    """By default only with a result file, never a forged one; a team is named the way to register by mail."""
    clock = Clock()
    identity = {"authserv_ids": ["mx.siqa.example"]}
    with served(tmp_path, clock, registration={"by_mail": True}, identity=identity) as service:
        mail_tasks.hold(reach_of(service.config.limits, service.config.identity.authserv_ids))
        for hours in (0, 1, 24):
            clock.forward(hours=hours)
            take(service, submission(f"M{hours}", sender=EVE))
        take(service, f"From: {EVE}x\r\nSubject: Dinner?\r\n\r\nOn Friday.\r\n".encode())
        forged = b"Authentication-Results: mx.siqa.example; dmarc=fail header.from=forged.example\r\n"
        take(service, forged + submission("Forged", sender="a@forged.example"))
        mail_tasks.hold(reach_of(service.config.limits, ()))
        replies = _sent(service, "unknown-sender")
        assert [row.recipient for row in replies] == [EVE, EVE]
        assert b"[SIQA Registration] Name of your team" in replies[0].message


def test_nobody_is_answered_where_the_config_says_so(tmp_path: Path) -> None:
    """The organizers hear of it all the same, unless the address has joined a team meanwhile."""
    with served(tmp_path, Clock(), roster={"file": "teams.csv", "reply_to_unknown": False}) as service:
        take(service, submission(sender=EVE))
        assert _sent(service, "unknown-sender") == []
        with service.ledger.read() as tx:
            assert teams.by_address(tx, [EVE]) == {}
        assert _tell(service)
