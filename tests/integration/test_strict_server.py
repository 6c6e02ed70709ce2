"""A Dovecot with rights, a quota, a prefix before every folder and a marked folder for spam; one is restored, too."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from imapclient import IMAPClient

from tests.command import mailbot
from tests.integration.bot import Bot, submission
from tests.integration.conftest import TEAM, sunk
from tests.servers.dovecot import Dovecot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.dovecot import Mailbox
    from tests.servers.smtp_sink import SmtpSink


@pytest.fixture(scope="module")
def strict_dovecot() -> Iterator[Dovecot]:
    """Give a server that lets a user do what it is allowed."""
    server = Dovecot(strict=True)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def strict(strict_dovecot: Dovecot) -> Mailbox:
    """Give a mailbox of it."""
    return strict_dovecot.mailbox()


@pytest.fixture
def strict_bot(strict: Mailbox, tmp_path: Path, smtp_sink: SmtpSink) -> Bot:
    """Give a mailbot that reads it; its config names the folders as on any server."""
    imap = {"port": strict.server.imaps_port, "ca_file": str(strict.server.certificates.ca)}
    return sunk(tmp_path / "bot", strict, smtp_sink, imap)


def _doctor(bot: Bot, code: int = 0) -> dict[str, dict[str, Any]]:
    rows = mailbot("doctor", "--json", "--online", folder=bot.folder, code=code).json
    return {row["part"]: row for row in rows}


@pytest.mark.parametrize(
    ("rights", "reason", "row"),
    [
        ("lr", "READ-ONLY", ("rights", "INBOX is READ-ONLY")),
        ("lrwsi", "Permission denied", ("rights", "we may not mark as deleted, expunge")),
    ],
    ids=["read-only", "no right to delete"],
)
def test_filing_that_is_refused_stops_nothing(
    strict_bot: Bot, strict: Mailbox, smtp_sink: SmtpSink, rights: str, reason: str, row: tuple[str, str]
) -> None:
    """The mail is scored and answered by `once`, the doctor says what is wrong, and later the mail is filed."""
    strict.deliver(submission(TEAM, strict.user))
    strict.allow(rights)
    strict_bot.once()
    assert len(smtp_sink.sent) == len(strict_bot.rows("submissions")) == 1
    assert len(strict.messages()) == 1
    found = _doctor(strict_bot, code=1)
    assert reason in found["filing"]["fix"] + found["filing"]["detail"]
    part, said = row
    assert (found[part]["level"], said in found[part]["detail"]) == ("yellow", True)
    strict.allow("lrwstipekxa")
    strict_bot.once()
    assert len(smtp_sink.sent) == 1
    assert (len(strict.messages()), len(strict.messages("INBOX.Processed"))) == (0, 1)
    found = _doctor(strict_bot)
    assert {part: found[part]["level"] for part in ("rights", "filing", "idle", "quota", "folders")} == dict.fromkeys(
        ("rights", "filing", "idle", "quota", "folders"), "green"
    )
    assert (len(strict.messages()), len(strict.messages("INBOX.Processed"))) == (0, 1)


def test_a_full_mailbox_stops_nothing(strict_bot: Bot, strict: Mailbox, smtp_sink: SmtpSink) -> None:
    """Mails that are there are scored and answered; the doctor tells of the quota, and of a mail it could not make."""
    strict.deliver(submission(TEAM, strict.user))
    with pytest.raises(IMAPClient.Error, match="Quota exceeded"):
        _fill(strict)
    strict_bot.once()
    assert TEAM in [address for sent in smtp_sink.sent for address in sent.recipients]
    found = _doctor(strict_bot, code=1)
    assert found["quota"]["level"] == "red"
    assert "could not be put into the inbox" in found["filing"]["detail"]
    assert "quota" in found["filing"]["detail"].lower()


def test_spam_is_found_by_its_mark(strict_bot: Bot, strict: Mailbox, smtp_sink: SmtpSink) -> None:
    r"""The config names Junk; the server's folder has another name and bears \Junk (RFC 6154): it is read instead."""
    strict.append(submission(TEAM, strict.user), folder="INBOX.Spam")
    strict_bot.once()
    assert len(smtp_sink.sent) == 1
    assert (len(strict.messages("INBOX.Spam")), len(strict.messages("INBOX.Processed"))) == (0, 1)


def _fill(mailbox: Mailbox) -> None:
    """Put mails into the folder for spam until the server takes no more."""
    with mailbox.connect() as client:
        while True:
            client.append("INBOX.Spam", b"From: a@b.example\r\n\r\n" + b"x\r\n" * 150)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder with its owners, as a backup does."""
    subprocess.run(("/bin/cp", "-a", str(source), str(target)), check=True)


def test_new_mails_of_a_restored_mail_store_are_taken(
    strict_bot: Bot, strict: Mailbox, smtp_sink: SmtpSink, tmp_path: Path
) -> None:
    """The server's files come back from a backup, and the next two mails get the UIDs of two that were filed away."""
    strict.deliver(submission(TEAM, strict.user, method="Zero"))
    strict_bot.once()
    _copy(strict.home, tmp_path / "backup")
    for method in ("One", "Two"):
        strict.deliver(submission(TEAM, strict.user, method=method))
    strict_bot.once()
    shutil.rmtree(strict.home)
    _copy(tmp_path / "backup", strict.home)
    for method in ("Three", "Four"):
        strict.deliver(submission(TEAM, strict.user, method=method))
    strict_bot.once()
    methods = sorted(row["method"] for row in strict_bot.rows("submissions"))
    assert methods == ["Four", "One", "Three", "Two", "Zero"]
    assert len(smtp_sink.sent) == len(methods)
    assert {row["uidvalidity"] > 2**32 for row in strict_bot.rows("mails")} == {True, False}
