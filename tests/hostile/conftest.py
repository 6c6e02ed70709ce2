"""A mailbot between Dovecot and an SMTP sink, for the attacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.conftest import sunk

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.bot import Bot
    from tests.servers.dovecot import Mailbox
    from tests.servers.smtp_sink import SmtpSink


@pytest.fixture
def bot(tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink) -> Bot:
    """Give a mailbot that answers a team through the sink."""
    imap = {"port": mailbox.server.imaps_port, "ca_file": str(mailbox.server.certificates.ca)}
    return sunk(tmp_path / "bot", mailbox, smtp_sink, imap)
