"""Servers without MOVE: many mails are copied, marked and expunged by UID, each exactly once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from mailbot.config.servers import Imap
from mailbot.transport.imap.mailbox import Mailbox as Adapter
from tests.faults.rounds import WITHOUT_MOVE
from tests.servers.dovecot import Dovecot

if TYPE_CHECKING:
    from collections.abc import Iterator

MAILS = 250


@pytest.fixture(scope="module")
def moveless_dovecot() -> Iterator[Dovecot]:
    """Give a Dovecot without MOVE but with UIDPLUS."""
    server = Dovecot(capability=WITHOUT_MOVE)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def test_250_mails_are_moved_exactly_once(moveless_dovecot: Dovecot) -> None:
    r"""More than one command can name: each lies in Processed once, none twice; what a person deleted stays."""
    mailbox = moveless_dovecot.mailbox()
    made = [b"Subject: %d\r\n\r\nx\r\n" % n for n in range(MAILS)]
    with mailbox.connect() as client:
        for raw in made:
            client.append("INBOX", raw)
        client.append("INBOX", b"Subject: mine\r\n\r\nx\r\n", [r"\Deleted"])
    settings = Imap(
        host="127.0.0.1",
        port=moveless_dovecot.imaps_port,
        user=mailbox.user,
        ca_file=moveless_dovecot.certificates.ca,
    )
    adapter = Adapter(settings, moveless_dovecot.password)
    adapter.select("INBOX")
    assert adapter.move(adapter.uids()[:MAILS], "Processed")
    adapter.close()
    assert Counter(mailbox.messages("Processed")) == Counter(made)
    assert mailbox.messages() == [b"Subject: mine\r\n\r\nx\r\n"]
