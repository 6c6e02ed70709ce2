"""The host is gone, and with it ledger, spool and daybook: the mailbox alone gives the same board."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.command import mailbot
from tests.integration.bot import submission
from tests.integration.conftest import TEAM

if TYPE_CHECKING:
    from tests.integration.bot import Bot
    from tests.servers.dovecot import Mailbox
    from tests.servers.smtp_sink import SmtpSink


def test_the_mailbox_is_a_second_copy_of_the_contest(bot: Bot, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """Fetched again from Processed, the mails make the same board; nobody is answered twice; the next mail counts."""
    for method in ("First", "Second"):
        mailbox.deliver(submission(TEAM, mailbox.user, method=method))
        bot.once()
    board = mailbot("board", "--json", folder=bot.folder).out
    shutil.rmtree(bot.folder / "state")
    assert "2 submissions" in mailbot("rebuild", "--from-mailbox", folder=bot.folder).out
    assert mailbot("board", "--json", folder=bot.folder).out == board
    mailbox.deliver(submission(TEAM, mailbox.user, method="Third"))
    bot.once(code=0)
    assert [row["method"] for row in bot.rows("submissions")] == ["First", "Second", "Third"]
    assert len(smtp_sink.sent) == 3
    assert mailbox.messages() == []
