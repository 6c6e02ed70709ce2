"""A mailbot between the real Dovecot and either a real exim4 or a sink that keeps what it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.bot import Bot

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.dovecot import Mailbox
    from tests.servers.exim import Exim
    from tests.servers.smtp_sink import SmtpSink

TEAM = "ada@peepers.example"


@pytest.fixture
def team(mailbox: Mailbox) -> Mailbox:
    """Give the mailbox of a team, beside the one of the submission address."""
    return mailbox.server.mailbox()


@pytest.fixture
def posted(tmp_path: Path, mailbox: Mailbox, team: Mailbox, exim: Exim) -> Bot:
    """Give a mailbot that answers through exim4, with a team whose mailbox is real; it polls once in ten minutes."""
    smtp = {
        "port": exim.port,
        "security": "starttls",
        "user": mailbox.user,
        "password_file": "password",
        "ca_file": str(exim.certificates.ca),
    }
    imap = {
        "port": mailbox.server.imaps_port,
        "ca_file": str(mailbox.server.certificates.ca),
        "poll_seconds": 600,
    }
    return Bot.make(tmp_path / "bot", address=mailbox.user, team=team.user, imap=imap, smtp=smtp)


@pytest.fixture
def bot(tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink) -> Bot:
    """Give a mailbot that reads over TLS and answers a team through the sink."""
    imap = {"port": mailbox.server.imaps_port, "ca_file": str(mailbox.server.certificates.ca)}
    return sunk(tmp_path / "bot", mailbox, smtp_sink, imap)


def sunk(folder: Path, mailbox: Mailbox, sink: SmtpSink, imap: dict[str, object]) -> Bot:
    """Make a mailbot that answers a team through the sink."""
    smtp: dict[str, object] = {"port": sink.port, "security": "none"}
    return Bot.make(folder, address=mailbox.user, team=TEAM, imap=imap, smtp=smtp)
