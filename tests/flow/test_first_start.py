"""The first start on an inbox that people use: it asks, and nothing that is not the contest's is touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest

from tests.command import mailbot
from tests.integration.bot import Bot, submission

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.dovecot import Mailbox
    from tests.servers.smtp_sink import SmtpSink

TEAM = "ada@peepers.example"
NOW = datetime.now(UTC)


def private(number: int) -> bytes:
    """Return a mail between people."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = f"friend{number}@home.example", "chair@siqa.example"
    mail["Subject"], mail["Message-ID"] = f"Dinner {number}?", f"<dinner{number}@home.example>"
    mail.set_content("See you on Friday.")
    return mail.as_bytes()


@pytest.fixture
def bot(tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink) -> Bot:
    """Give a mailbot whose config names no instant, beside thirty old mails, one of them a team's of last year."""
    mailbox.append(submission(TEAM, mailbox.user, method="Last year's"), when=NOW - timedelta(days=365))
    for number in range(29):  # a mailbox that was moved here: the oldest came last
        mailbox.append(private(number), when=NOW - timedelta(days=372 + number))
    made = Bot.make(
        tmp_path / "bot",
        address=mailbox.user,
        team=TEAM,
        imap={"port": mailbox.server.imaps_port, "ca_file": str(mailbox.server.certificates.ca)},
        smtp={"port": smtp_sink.port, "security": "none"},
    )
    _config(made, 'since = 2020-01-01T00:00:00Z\nmarker = ""\n', "")
    return made


def _config(bot: Bot, old: str, new: str) -> None:
    path = bot.folder / "config.toml"
    path.write_text(path.read_text().replace(old, new, 1))


def test_what_came_before_the_first_start_is_left_alone(bot: Bot, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """It asks first, and says what it would take; then what is new is taken, and what is old is counted and stays."""
    before, flags = mailbox.messages(), mailbox.flags()
    listed = mailbot("doctor", "--online", "--json", folder=bot.folder).json
    newest = [row["detail"] for row in listed if row["part"] == "newest mails"]
    assert len(newest) == 10
    assert newest[0].startswith("stays: ")
    assert newest[0].endswith(f"{TEAM}: [SIQA Submission] Pixel Peepers - Last year's")
    for command in ("once", "run"):
        told = mailbot(command, folder=bot.folder, code=2).err
        assert "holds 30 mails" in told
        assert "0 would be taken" in told
        assert "mailbot once --yes" in told
    assert bot.rows("mails") == []
    mailbot("once", "--yes", folder=bot.folder)
    mailbox.deliver(submission(TEAM, mailbox.user, method="New"))
    told = mailbot("once", "--json", folder=bot.folder).err
    assert [row["subject"] for row in bot.rows("mails")] == ["[SIQA Submission] Pixel Peepers - New"]
    assert (mailbox.messages(), mailbox.flags()) == (before, flags)
    assert '"left": 30' in told
    assert '"unknown": 0' in told
    assert len(smtp_sink.sent) == 1


def test_an_instant_in_the_config_decides(bot: Bot, mailbox: Mailbox) -> None:
    """With an earlier instant old mails are told as to be taken, and taken once somebody said yes."""
    _config(bot, "[imap]\n", f"[imap]\nsince = {NOW - timedelta(days=366):%Y-%m-%dT%H:%M:%SZ}\n")
    assert "1 would be taken" in mailbot("once", folder=bot.folder, code=2).err
    assert len(mailbox.messages()) == 30
    bot.once()
    assert [row["outcome"] for row in bot.rows("mails")] == ["scored"]
    assert len(mailbox.messages()) == 29


def test_an_inbox_that_people_share(bot: Bot, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """Only what is the contest's is taken and moved; a mail that was left is taken when its address joins a team."""
    _config(bot, "[imap]\n", '[imap]\nleave = "others"\n')
    bot.once()
    mailbox.deliver(private(99))
    mailbox.deliver(submission("eve@new.example", mailbox.user, method="Late").replace(b"[SIQA Submission]", b"Hello"))
    mailbox.deliver(private(100).replace(b"Dinner 100?", b"Re: [SIQA Registration] Owls"))
    mailbox.deliver(submission(TEAM, mailbox.user, method="New"))
    bot.once()
    assert sorted(row["outcome"] for row in bot.rows("mails")) == ["scored", "unknown-sender"]
    assert len(mailbox.messages()) == 32
    assert len(smtp_sink.sent) == 1
    mailbot("teams", "add", "Late Larks", "eve@new.example", folder=bot.folder)
    bot.once()
    assert len(bot.rows("submissions")) == 2
    assert len(mailbox.messages()) == 31
