"""A mail at which the connection breaks every time stops no other: it is asked for alone, last, ever more seldom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.errors import Temporary
from mailbot.ledger import mails, outbox
from tests.unit.services import Clock, served
from tests.unit.transport import test_fetch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mailbot.mail.model import Fetched
    from mailbot.service import Service

POISON = 2


@dataclass
class Server(test_fetch.Server):
    """A server that dies of one mail, until it is fixed."""

    fixed: bool = False

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Give mails; die of one."""
        self.fetched.append(list(uids))
        if POISON in uids and not self.fixed:
            raise Temporary("the connection broke")
        return super().fetch(uids)


def _take(service: Service, server: Server) -> bool:
    """Take what is new; whether the connection held."""
    try:
        service.fetch.take_new(server)
    except Temporary:
        return False
    return True


def _letters(service: Service) -> list[str]:
    with service.ledger.read() as tx:
        return [row.subject for row in outbox.listing(tx)]


def test_a_mail_that_breaks_the_connection(tmp_path: Path) -> None:
    """The others are taken at the second try, the third connection holds; it is told, tried later, and then well."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        server = Server(
            {"INBOX": {uid: b"From: a@b.example\r\n\r\n%d\r\n" % uid for uid in (1, POISON, 3)}, "Junk": {}}
        )
        assert [_take(service, server) for _ in range(4)] == [False, False, True, True]
        with service.ledger.read() as tx:
            assert [row.place.uid for row in mails.listing(tx)] == [1, 3]
        service.fetch.report(timedelta(minutes=30))
        assert _letters(service) == []
        held = 0
        for _ in range(60):
            clock.forward(minutes=1)
            held += _take(service, server)
            service.fetch.report(timedelta(minutes=30))
        assert 50 < held < 60  # it is tried now and then
        assert _letters(service) == ["[mailbot] a mail cannot be fetched from the mailbox"]
        server.fixed = True
        clock.forward(hours=1)
        assert _take(service, server)
        service.fetch.report(timedelta(minutes=30))
        assert _letters(service)[1:] == ["[mailbot] fixed: every mail was fetched from the mailbox"]
        with service.ledger.read() as tx:
            assert mails.count(tx) == 3
