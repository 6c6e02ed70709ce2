"""A folder of 250,000 mails is listed in windows, and costs no memory that grows with it."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.config.servers import Imap
from mailbot.ledger import tables
from mailbot.mail.model import Fetched, Stamp
from mailbot.model import MailState, Outcome
from mailbot.transport.imap.mailbox import WINDOW, Mailbox
from tests.faults.scripted_imap import ScriptedImap, Session, named
from tests.unit.services import NOW, Clock, served

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mailbot.ledger import Tx

MAILS = 250_000
MEMORY_BYTES = 24 * 1024**2


def _span(session: Session, tag: str, arguments: str) -> None:
    """Answer a search for a span of UIDs with those of it that are there."""
    uids = named(arguments.removeprefix("UID "))
    found = " ".join(str(uid) for uid in uids if uid in session.server.folders["INBOX"])
    session.send(f"* SEARCH {found}\r\n{tag} OK done\r\n")


def test_the_folder_is_listed_in_windows() -> None:
    """Every UID comes once and in order, and no answer is longer than a window."""
    with ScriptedImap() as server:
        server.folders["INBOX"] = dict.fromkeys(range(1, MAILS + 1), b"")
        server.next_uid = MAILS + 1
        server.script("UID SEARCH", *[_span] * (MAILS // WINDOW + 1))
        mailbox = Mailbox(Imap(host="127.0.0.1", port=server.port, security="none", user="x"), "y")
        mailbox.select("INBOX")
        windows = list(mailbox.windows())
        mailbox.close()
    assert max(map(len, windows)) <= WINDOW
    assert [uid for window in windows for uid in window] == list(range(1, MAILS + 1))


class Endless(Mailbox):
    """A mailbox of mails that are all known but the last."""

    next_uid = MAILS + 1
    unlisted = 0

    def __init__(self) -> None:
        """Connect to nothing."""

    def folder_names(self) -> list[str]:
        """Name its only folder."""
        return ["INBOX"]

    def select(self, _folder: str) -> int | None:
        """Open it."""
        return 1

    def windows(self) -> Iterator[list[int]]:
        """Yield its UIDs in windows."""
        for first in range(1, MAILS + 1, WINDOW):
            yield list(range(first, min(first + WINDOW, MAILS + 1)))

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Tell sizes."""
        return dict.fromkeys(uids, 3)

    def stamps(self, uids: Sequence[int]) -> dict[int, Stamp]:
        """Tell sizes and arrivals."""
        return dict.fromkeys(uids, Stamp(size=3, arrived_at=NOW))

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Give mails; only the last one may be asked for."""
        assert list(uids) in ([MAILS], [])
        for uid in uids:
            yield Fetched(uid=uid, arrived_at=NOW, size=3, raw=b"x\r\n")

    def fetch_beginning(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Give the beginning of mails: there is none that large."""
        assert not uids
        yield from ()

    def move(self, _uids: Sequence[int], _folder: str) -> bool:
        """Move nothing: this server cannot, which is why so many mails lie here."""
        return False


def _repeat(tx: Tx, last: int) -> None:
    """Enter a mail like the first at every UID up to the last; the database does so in a fraction of the time."""
    first = sa.select(sa.literal(2).label("uid")).cte(recursive=True)
    uids = first.union_all(sa.select(first.c.uid + 1).where(first.c.uid < last))
    copied = [column for column in tables.mails.c if column.name not in {"id", "uid"}]
    rows = sa.select(uids.c.uid, *copied).select_from(uids.join(tables.mails, tables.mails.c.uid == 1))
    tx.execute(sa.insert(tables.mails).from_select(["uid", *(column.name for column in copied)], rows))


def test_one_new_mail_among_them_is_found_with_little_memory(tmp_path: Path) -> None:
    """Of 249,999 mails that a server without MOVE left in the inbox, the new one is fetched, alone."""
    with served(tmp_path, Clock(), imap={"host": "127.0.0.1", "user": "x@siqa.example"}) as service:
        fetch = service.fetch
        known = {"mailbox": fetch.mailbox_name("INBOX"), "uidvalidity": 1, "sha256": "0" * 64, "size": 3, "attempts": 1}
        known |= {"arrived_at": NOW, "spooled_at": NOW, "due_at": NOW, "outcome": Outcome.UNKNOWN_SENDER}
        with service.ledger.write("test") as tx:
            tx.execute(sa.insert(tables.mails), {**known, "uid": 1, "state": MailState.RECORDED})
            _repeat(tx, MAILS - 1)
        tracemalloc.start()
        assert fetch.take_new(Endless()) == 1
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MEMORY_BYTES
