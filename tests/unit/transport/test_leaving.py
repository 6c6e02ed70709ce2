"""What of the mailbox is left alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.ledger import events, mails
from mailbot.ledger.mailbox.places import Place
from mailbot.transport.leaving import BEGUN
from tests.unit.services import NOW, Clock, served, submission
from tests.unit.transport.test_fetch import Server

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_look_is_entered_once(tmp_path: Path) -> None:
    """Later looks, and later starts, keep its instant; a mail of that very second is new."""
    clock = Clock(NOW + timedelta(microseconds=900_000))
    with served(tmp_path, clock, imap={"host": "127.0.0.1"}) as service:
        server = Server({"INBOX": {1: submission("One")}})
        assert service.fetch.take_new(server) == 1
        clock.forward(days=1)
        assert service.fetch.take_new(server) == 0
        with service.ledger.read() as tx:
            assert len(events.listing(tx, kind=BEGUN)) == 1


def test_an_older_mail_is_never_fetched(tmp_path: Path) -> None:
    """It is neither fetched nor told as missing, but counted."""
    with served(tmp_path, Clock(NOW + timedelta(seconds=1)), imap={"host": "127.0.0.1"}) as service:
        server = Server({"INBOX": {1: submission("One")}})
        assert service.fetch.take_new(server) == 0
        assert server.fetched == []
        swept = service.reconciliation.sweep(server)
        assert (swept.in_mailbox, swept.left, swept.unknown) == (1, 1, 0)


def test_a_ledger_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    """Where mails of the mailbox are in the ledger and no first look is, nothing is too old."""
    with served(tmp_path, Clock(NOW + timedelta(days=9)), imap={"host": "127.0.0.1"}) as service:
        (mailbox,) = service.fetch.mailboxes
        with service.ledger.write("test") as tx:
            place = Place(mailbox=mailbox, uidvalidity=7, uid=1)
            mails.add(tx, place, sha256="0" * 64, size=1, arrived_at=NOW, now=NOW)
        assert service.fetch.leaving.is_begun()
        assert service.fetch.take_new(Server({"INBOX": {2: submission("Two")}})) == 1
