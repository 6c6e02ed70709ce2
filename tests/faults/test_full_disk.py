"""A disk that is full while spooling, committing, publishing: nothing is lost, and once there is room all goes on.

A full disk is played by RLIMIT_FSIZE, which any user may set: a write beyond the limit fails with EFBIG in the very
place where ENOSPC would be met. The limit is put on the living process from outside (prlimit(2)), and lifted again.
"""

from __future__ import annotations

import resource
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.config import load
from mailbot.errors import ConfigError
from mailbot.ledger import boards
from tests.faults.conftest import mail
from tests.faults.host import host
from tests.faults.verdict import judge
from tests.integration.bot import wait
from tests.integration.conftest import TEAM, sunk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.conftest import MakeBot
    from tests.integration.bot import Bot, Running
    from tests.servers.dovecot import Dovecot, Mailbox
    from tests.servers.smtp_sink import SmtpSink

NOW = datetime(2026, 3, 12, 8, tzinfo=UTC)  # a Thursday; boards are published on Wednesdays
WEEK = timedelta(days=7)


@contextmanager
def _no_room_beyond(size: int, process: int = 0) -> Iterator[None]:
    """Let no file of a process grow beyond a size; 0 is this process."""
    _, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard))


def _largest(folder: Path) -> int:
    """Return the size of the largest file below a folder."""
    return max(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _drafts(folder: Path) -> list[Path]:
    """Return what an unfinished write has left below a folder."""
    return list(folder.rglob("*.tmp"))


def _big_mail() -> bytes:
    """Return a mail of two megabytes without a result file."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = TEAM, "submissions@siqa.example", "photographs"
    made["Message-ID"] = "<big@client.example>"
    made.set_content("Here they are.")
    made.add_attachment(b"\xff\xd8" * 700_000, maintype="image", subtype="jpeg", filename="me.jpg")
    return made.as_bytes()


@pytest.fixture
def bot(tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink) -> Bot:
    """Give a mailbot that polls every second."""
    ca_file = str(mailbox.server.certificates.ca)
    imap: dict[str, object] = {"port": mailbox.server.imaps_port, "ca_file": ca_file, "poll_seconds": 1}
    return sunk(tmp_path / "bot", mailbox, smtp_sink, imap)


def _lost(running: Running, why: str) -> bool:
    """Tell whether the journal says that the mailbox was let go for a reason."""
    return any(line["event"] == "mailbox-lost" and why in line["why"] for line in running.journal())


def test_no_room_for_a_mail(bot: Bot, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """A mail that the spool has no room for stays in the inbox, unrecorded; with room again it is taken once."""
    with bot.running() as running:
        running.wait_for("reconciled")
        with _no_room_beyond(_largest(bot.folder / "state") + 500_000, running.process.pid):
            mailbox.append(_big_mail())
            wait(lambda: _lost(running, "spool"), running.path)
            assert len(mailbox.messages()) == 1
            assert bot.rows("mails") == []
            assert _drafts(bot.folder) == []
        wait(lambda: len(mailbox.messages("Processed")) == 1 == len(smtp_sink.sent), running.path)
        assert running.stop() == 0
    assert [row["outcome"] for row in bot.rows("mails")] == ["no-submission"]
    assert len(smtp_sink.sent) == 1


def test_no_room_for_a_commit(bot: Bot, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """When the ledger cannot grow, the spooled mail stays in the inbox; with room again it is taken once."""
    with bot.running() as running:
        running.wait_for("reconciled")
        with _no_room_beyond(_largest(bot.folder / "state"), running.process.pid):
            mailbox.append(mail("One"))
            wait(lambda: _lost(running, "ledger"), running.path)
            assert len(mailbox.messages()) == 1
            assert bot.rows("mails") == []
        wait(lambda: len(mailbox.messages("Processed")) == 1 == len(smtp_sink.sent), running.path)
        assert running.stop() == 0
    assert [row["status"] for row in bot.rows("submissions")] == ["accepted"]
    assert len(smtp_sink.sent) == 1


def test_no_room_for_the_page(make_bot: MakeBot) -> None:
    """A board that cannot be written is not entered as published, the old page stays whole; then it is published."""
    made = make_bot(port=1)
    config = load.load(made.folder / "config.toml")
    page = config.published / "page" / "index.html"
    clock = [NOW]
    with flow.working(config, clock=lambda: clock[0]) as wired:
        clock[0] += WEEK
        assert wired.weekly.step()
        before = page.read_bytes()
        clock[0] += WEEK
        with _no_room_beyond(1000), pytest.raises(ConfigError, match=r"^board.folder: .*too large"):
            wired.weekly.step()
        assert page.read_bytes() == before
        assert _drafts(config.published) == []
        with wired.ledger.read() as tx:
            assert len(boards.listing(tx)) == 1
        assert wired.weekly.step()
        assert not wired.weekly.step()
    assert page.read_bytes() != before


def test_mails_are_served_while_no_board_can_be_written(tmp_path: Path, dovecot: Dovecot) -> None:
    """Where the files of the board should lie lies something else: mails go their way, and the board follows later."""
    with host(tmp_path / "bot", dovecot) as blocked:
        blocked.published.write_text("in the way")
        blocked.deliver(blocked.mails[:-1])
        with blocked.living() as life:
            replies = sum(m.answered for m in blocked.mails)
            wait(lambda: len(blocked.mailbox.messages("Processed")) == len(blocked.mails) - 1, blocked.journal)
            wait(lambda: len(blocked.sink.sent) == replies, blocked.journal)
            assert life.process.poll() is None
            wait(lambda: '"part": "board", "ok": false' in blocked.journal.read_text(), blocked.journal)
            blocked.published.unlink()
            blocked.deliver(blocked.mails[-1:])
            assert blocked.settle(life) == 0
        verdict = judge(blocked)
    assert verdict.lost == verdict.doubled == ()
