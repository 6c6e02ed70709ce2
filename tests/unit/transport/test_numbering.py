"""A mail store that was restored from a backup: UIDs come again under the same UIDVALIDITY, and no mail is lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.ledger import mails, observations
from mailbot.mail.model import Fetched, Stamp
from mailbot.transport.numbering import GENERATION
from tests.unit.services import NOW, Clock, served
from tests.unit.transport import test_fetch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mailbot.service import Service

VALIDITY = 7


@dataclass
class Server(test_fetch.Server):
    """A mail server whose mails arrived when their bytes say; it can be restored."""

    next_uid: int = 1

    def arrive(self, text: str) -> int:
        """Take a mail into the inbox."""
        uid = self.next_uid
        self.folders["INBOX"][uid] = f"From: a@b.example\r\nSubject: {text}\r\n\r\nx\r\n".encode()
        self.next_uid += 1
        return uid

    def restore(self, next_uid: int, *texts: str) -> None:
        """Bring back an inbox of some mails, as it was before the next ones came."""
        self.folders["INBOX"] = {}
        self.next_uid = next_uid - len(texts)
        for text in texts:
            self.arrive(text)

    def stamps(self, uids: Sequence[int]) -> dict[int, Stamp]:
        """Tell sizes and arrivals."""
        there = self.folders[self.open]
        return {uid: Stamp(size=len(there[uid]), arrived_at=_arrived(there[uid])) for uid in uids if uid in there}

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Give mails."""
        for mail in super().fetch(uids):
            yield Fetched(uid=mail.uid, arrived_at=_arrived(mail.raw), size=mail.size, raw=mail.raw)


def _arrived(raw: bytes) -> datetime:
    """Return an arrival that goes with what a mail says, for two mails may be equally long."""
    return NOW - timedelta(minutes=sum(raw) % 1000)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Give a mailbot."""
    with served(tmp_path, Clock()) as made:
        yield made


def _pass(service: Service, server: Server) -> dict[str, str]:
    """Take what is new, handle and file it; return the outcome of each mail that was handled for the first time."""
    service.fetch.take_new(server)
    while service.intake.step():
        pass
    service.fetch.file_away(server)
    with service.ledger.read() as tx:
        rows = [row for row in mails.listing(tx) if row.outcome != "known"]
    return {service.spool.get(row.sha256).split(b"\r\n")[1].decode(): str(row.outcome) for row in rows}


def _told(service: Service) -> bool:
    """Whether the organizers were told of a restore."""
    with service.ledger.read() as tx:
        return any(row.part == "restored" and not row.ok for row in observations.health_of_parts(tx))


@pytest.mark.parametrize("later", [2, 3, 5])
@pytest.mark.parametrize("can_move", [True, False])
def test_new_mails_at_the_places_of_old_ones_are_taken(service: Service, later: int, *, can_move: bool) -> None:
    """Three mails were handled; a backup from before the second comes back, and fewer, as many or more new ones."""
    server = Server({"INBOX": {}}, validity=VALIDITY, can_move=can_move)
    for text in ("first", "second", "third"):
        server.arrive(text)
    assert len(_pass(service, server)) == 3
    assert not _told(service)
    server.restore(2, "first")
    new = {f"new {number}" for number in range(later)}
    for text in sorted(new):
        server.arrive(text)
    done = _pass(service, server)
    assert done.keys() == {f"Subject: {text}" for text in ("first", "second", "third", *new)}
    assert _told(service)
    with service.ledger.read() as tx:
        numbers = {row.place.uidvalidity for row in mails.listing(tx)}
    assert numbers == {VALIDITY, VALIDITY + GENERATION}
    assert _pass(service, server) == done


def test_an_empty_inbox_whose_uidnext_goes_back_is_told(service: Service) -> None:
    """Nothing is lost yet; what comes next at an old place is taken. A second restore is noticed like the first."""
    server = Server({"INBOX": {}}, validity=VALIDITY)
    for text in ("first", "second"):
        server.arrive(text)
    _pass(service, server)
    server.restore(1)
    _pass(service, server)
    assert _told(service)
    server.arrive("third")
    assert "Subject: third" in _pass(service, server)
    server.restore(1)
    server.arrive("fourth")
    assert "Subject: fourth" in _pass(service, server)


def test_a_mail_that_came_back_as_it_was_is_no_news(service: Service) -> None:
    """A server that says OK to a move and leaves the mail where it was is not taken for one that was restored."""
    server = Server({"INBOX": {}}, validity=VALIDITY)
    server.arrive("first")
    _pass(service, server)
    server.folders["INBOX"] = {1: server.folders["Processed"][1]}
    assert len(_pass(service, server)) == 1
    assert not _told(service)


def test_a_uidnext_that_is_always_wrong_is_not_believed(service: Service) -> None:
    """It lies below a mail that is there."""
    server = Server({"INBOX": {}}, validity=VALIDITY, can_move=False)
    for text in ("first", "second"):
        server.arrive(text)
    server.next_uid = 1
    _pass(service, server)
    _pass(service, server)
    assert not _told(service)


def test_the_reconciliation_counts_what_is_new_after_a_restore(service: Service) -> None:
    """The doctor is not green while a mail at an old place waits to be taken."""
    server = Server({"INBOX": {}}, validity=VALIDITY)
    server.arrive("first")
    _pass(service, server)
    server.restore(1)
    server.arrive("second")
    swept = service.reconciliation.sweep(server)
    assert (swept.in_mailbox, swept.unknown) == (1, 1)
