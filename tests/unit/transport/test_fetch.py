"""The steps on the mailbox, against a mailbox of plain lists."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Temporary
from mailbot.ledger import mails
from mailbot.mail.model import Fetched, Stamp
from mailbot.model import MailState
from mailbot.transport.fetch import BATCH_MAILS, Fetch
from mailbot.transport.imap.mailbox import Mailbox
from mailbot.transport.numbering import LARGEST
from tests.unit.services import NOW, Clock, served, submission

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mailbot.service import Service


@dataclass
class Server(Mailbox):
    """A mail server with folders of mails by UID; it writes down what it is asked."""

    folders: dict[str, dict[int, bytes]]
    validity: int = 7
    can_move: bool = True
    #: Sizes that the server tells in place of the true ones.
    sizes_told: dict[int, int] = field(default_factory=dict)
    fetched: list[list[int]] = field(default_factory=list)
    begun: list[int] = field(default_factory=list)
    open: str = ""
    unlisted: int = 0

    #: UIDNEXT; 0 for a server that tells none.
    next_uid: int = 0

    def folder_names(self) -> list[str]:
        """Name the folders."""
        return list(self.folders)

    def select(self, folder: str) -> int | None:
        """Open a folder."""
        self.open = folder
        return self.validity if folder in self.folders else None

    def windows(self) -> Iterator[list[int]]:
        """Yield all UIDs."""
        if uids := sorted(self.folders[self.open]):
            yield uids

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Tell the sizes."""
        return {uid: self.sizes_told.get(uid, len(self.folders[self.open][uid])) for uid in uids}

    def stamps(self, uids: Sequence[int]) -> dict[int, Stamp]:
        """Tell sizes and arrivals."""
        there = [uid for uid in uids if uid in self.folders[self.open]]
        return {uid: Stamp(size=self.sizes([uid])[uid], arrived_at=NOW) for uid in there}

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Give mails."""
        self.fetched.append(list(uids))
        for uid in uids:
            raw = self.folders[self.open][uid]
            yield Fetched(uid=uid, arrived_at=NOW, size=len(raw), raw=raw)

    def fetch_beginning(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Give the beginning of mails."""
        for uid in uids:
            self.begun.append(uid)
            raw = self.folders[self.open][uid][:10]
            yield Fetched(uid=uid, arrived_at=NOW, size=self.sizes_told[uid], raw=raw)

    def move(self, uids: Sequence[int], folder: str) -> bool:
        """Move mails; those that are gone are passed over, as servers do."""
        if not self.can_move:
            return False
        target = self.folders.setdefault(folder, {})
        for uid in uids:
            if uid in self.folders[self.open]:
                target[len(target) + 1] = self.folders[self.open].pop(uid)
        return True


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Give a mailbot."""
    with served(tmp_path, Clock()) as made:
        yield made


def _work(service: Service, fetch: Fetch, server: Server) -> int:
    """Take what is new, handle it, file it away; return how many were moved."""
    fetch.take_new(server)
    while service.intake.step():
        pass
    return fetch.file_away(server)


def _stranger(number: int) -> bytes:
    """Return a mail of somebody on no team."""
    return f"From: eve{number}@elsewhere.example\r\n\r\nx\r\n".encode()


def test_every_unknown_mail_is_spooled_once(service: Service) -> None:
    """What the ledger knows is not fetched again, and what is spooled is the mail byte for byte."""
    server, fetch = Server({"INBOX": {5: b"five\r\n", 9: b"nine\r\n"}}), service.fetch
    assert fetch.take_new(server) == 2
    server.folders["INBOX"][10] = b"ten\r\n"
    assert fetch.take_new(server) == 1
    assert server.fetched == [[5, 9], [10]]
    with service.ledger.read() as tx:
        rows = mails.listing(tx)
    assert [service.spool.get(row.sha256) for row in rows] == [b"five\r\n", b"nine\r\n", b"ten\r\n"]
    assert {row.place.mailbox for row in rows} == {"submissions@siqa.example/INBOX"}


def test_a_mail_that_exchange_cannot_serve_waits_in_the_mailbox(service: Service) -> None:
    """Its notice is not taken for the mail, which is asked for again; after six hours the notice is all there is."""
    notice = (
        b"From: x@y.example\r\nSubject: Retrieval using the IMAP4 protocol failed for the following message: 7\r\n\r\nx"
    )
    server, fetch = Server({"INBOX": {1: notice, 2: b"two\r\n"}}), service.fetch
    assert (fetch.take_new(server), fetch.take_new(server)) == (1, 0)
    assert server.fetched == [[1, 2], [1]]
    later = replace(fetch, clock=lambda: NOW + timedelta(hours=7))
    assert later.take_new(server) == 1


def test_mails_are_fetched_in_batches(service: Service) -> None:
    """No command asks for more mails, or more bytes, than a batch."""
    count = BATCH_MAILS + 1
    server = Server({"INBOX": dict.fromkeys(range(1, count + 1), b"x")})
    assert service.fetch.take_new(server) == count
    assert list(map(len, server.fetched)) == [BATCH_MAILS, 1]


def test_large_mails_make_small_batches(service: Service) -> None:
    """Bytes count too; a mail that fills a batch alone comes alone."""
    server = Server({"INBOX": dict.fromkeys((1, 2, 3), b"x")}, sizes_told={1: LARGEST, 2: 10 * 1024**2, 3: 1})
    service.fetch.take_new(server)
    assert server.fetched == [[1], [2, 3]]


def test_of_a_mail_that_is_too_large_only_the_beginning_comes(service: Service) -> None:
    """Its whole size is kept, so that its sender can be told."""
    server = Server({"INBOX": {1: b"x" * 100}}, sizes_told={1: LARGEST + 1})
    service.fetch.take_new(server)
    assert (server.begun, server.fetched) == ([1], [])
    with service.ledger.read() as tx:
        assert [row.size for row in mails.listing(tx)] == [LARGEST + 1]


def test_finished_mails_are_moved(service: Service) -> None:
    """What is recorded goes to Processed, what was set aside to Failed, and the ledger knows where."""
    server, fetch = Server({"INBOX": {1: submission(), 2: _stranger(2), 3: _stranger(3)}}), service.fetch
    fetch.take_new(server)
    with service.ledger.write() as tx:
        (first,) = mails.claim(tx, now=NOW, limit=1)
        mails.set_aside(tx, first.id, reason="our fault")
    while service.intake.step():
        pass
    assert fetch.file_away(server) == 3
    assert [len(server.folders[name]) for name in ("INBOX", "Processed", "Failed")] == [0, 2, 1]
    with service.ledger.read() as tx:
        assert [row.filed_to for row in mails.listing(tx)] == ["Failed", "Processed", "Processed"]
    assert fetch.file_away(server) == 0


def test_unfinished_mails_stay(service: Service) -> None:
    """A mail that is only spooled is not moved."""
    server, fetch = Server({"INBOX": {1: submission()}}), service.fetch
    fetch.take_new(server)
    assert fetch.file_away(server) == 0
    assert list(server.folders["INBOX"]) == [1]


def test_strangers_stay_in_junk(service: Service) -> None:
    """In a swept folder only the mails of teams are moved: the rest is the provider's spam."""
    server = Server({"INBOX": {}, "Junk": {1: submission(), 2: _stranger(2)}})
    assert _work(service, service.fetch, server) == 1
    assert list(server.folders["Junk"]) == [2]
    assert _work(service, service.fetch, server) == 0


def test_a_missing_folder_is_passed_over(service: Service) -> None:
    """A folder of the config that the server does not have is no error."""
    server = Server({"INBOX": {1: submission()}})
    assert _work(service, service.fetch, server) == 1


def test_a_server_that_cannot_move_keeps_its_mails(service: Service) -> None:
    """Then the mails stay, and are not taken again."""
    server = Server({"INBOX": {1: submission()}}, can_move=False)
    assert _work(service, service.fetch, server) == 0
    assert service.fetch.take_new(server) == 0


def test_a_mail_that_somebody_moved_is_filed_all_the_same(service: Service) -> None:
    """A finished mail that is gone from the inbox is not looked for for ever."""
    server, fetch = Server({"INBOX": {1: submission()}}), service.fetch
    fetch.take_new(server)
    service.intake.step()
    server.folders["INBOX"].clear()
    assert fetch.file_away(server) == 1
    assert fetch.file_away(server) == 0


def test_renumbered_mails_are_known_again(service: Service) -> None:
    """After a change of UIDVALIDITY the old mails are taken, known again, and neither scored nor answered twice."""
    server, fetch = Server({"INBOX": {1: submission()}}, can_move=False), service.fetch
    _work(service, fetch, server)
    server.validity = 8
    _work(service, fetch, server)
    with service.ledger.read() as tx:
        found = [(row.place.uidvalidity, row.state, str(row.outcome)) for row in mails.listing(tx)]
    assert found == [(7, MailState.RECORDED, "scored"), (8, MailState.RECORDED, "known")]


def test_a_broken_connection_loses_nothing(service: Service) -> None:
    """When the connection breaks in the middle, the batches that are done are kept, and the rest comes later."""

    class Breaking(Server):
        def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
            """Give the first batch only."""
            if self.fetched:
                raise Temporary("the connection broke")
            return super().fetch(uids)

    folder = {uid: b"%d\r\n" % uid for uid in range(1, BATCH_MAILS + 2)}
    with pytest.raises(Temporary):
        service.fetch.take_new(Breaking({"INBOX": folder}))
    server = Server({"INBOX": folder})
    assert service.fetch.take_new(server) == 1
    assert server.fetched == [[BATCH_MAILS + 1]]
