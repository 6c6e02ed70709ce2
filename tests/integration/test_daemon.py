"""The real daemon between a real Dovecot and a real exim4."""

from __future__ import annotations

import email
import os
import signal
import smtplib
import threading
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.config import load
from mailbot.daemon.mailbox_loop import MailboxLoop
from mailbot.system.bell import Alarm, Bell
from mailbot.system.heartbeat import Heartbeat
from tests.command import mailbot
from tests.integration.bot import submission, wait

if TYPE_CHECKING:
    from email.message import EmailMessage

    from tests.integration.bot import Bot
    from tests.servers.dovecot import Mailbox
    from tests.servers.exim import Exim
    from tests.servers.smtp_sink import SmtpSink


def _replies(team: Mailbox, count: int) -> list[EmailMessage]:
    """Wait until the team has so many mails; return them."""
    found = wait(lambda: messages if len(messages := team.messages()) >= count else None)
    assert len(found) == count
    return [email.message_from_bytes(raw, policy=default) for raw in found]


def test_a_mail_is_answered_long_before_the_next_poll(posted: Bot, mailbox: Mailbox, team: Mailbox, exim: Exim) -> None:
    """A mail that exim brings rings the bell: its reply is in the team's mailbox, and it lies in Processed."""
    with posted.running() as running:
        with smtplib.SMTP("127.0.0.1", exim.port) as client:
            client.sendmail(team.user, [mailbox.user], submission(team.user, mailbox.user))
        (reply,) = _replies(team, 1)
        wait(lambda: mailbox.messages("Processed"), running.path)
        mailbox.deliver(submission(team.user, mailbox.user, method="Second"), sender=team.user)
        _replies(team, 2)
        wait(lambda: len(mailbox.messages("Processed")) == 2, running.path)
        assert running.stop() == 0
    assert mailbox.messages() == []
    assert reply["Return-Path"] == f"<{mailbox.user}>"
    assert reply["In-Reply-To"] == "<PeepNet@client.example>"
    assert "S-000001 | SIQA-S | accepted" in reply.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # a reply has a text
    assert [row["status"] for row in posted.rows("submissions")] == ["accepted", "accepted"]
    assert [row["state"] for row in posted.rows("outbox")] == ["sent", "sent"]


def test_the_daemon_ends_when_it_is_told_to(bot: Bot) -> None:
    """SIGTERM ends it with exit code 0, its last word is that it stopped, and the folder is free again."""
    with bot.running() as running:
        assert running.stop() == 0
        assert running.journal()[-1]["event"] == "stopped"
    assert bot.once().code == 0


def test_an_interrupt_ends_it_as_well(bot: Bot) -> None:
    """So does the keyboard's interrupt."""
    with bot.running() as running:
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(timeout=30) == 0


def test_a_hang_up_reads_the_config_anew(bot: Bot, mailbox: Mailbox) -> None:
    """SIGHUP: a bad config is refused with every mistake and the daemon goes on; a good one holds from then on."""
    config = bot.folder / "config.toml"
    good = config.read_text()
    with bot.running() as running:
        config.write_text(good.replace("workers = 1", "workers = 0"))
        running.process.send_signal(signal.SIGHUP)
        refused = running.wait_for("reload-refused")
        assert "workers: must be at least 1 (got 0)" in refused["why"]
        config.write_text(good)  # as it is wrong, no command could read it
        told = wait(lambda: mailbot("status", "--json", folder=bot.folder).json["config_refused"], running.path)
        assert told == "config.toml: 1 mistake(s)"
        config.write_text(f'state = "otherstate"\n{good}')
        running.process.send_signal(signal.SIGHUP)
        wait(lambda: "state: changed, which needs a restart" in running.path.read_text(), running.path)
        assert not (bot.folder / "otherstate").exists()
        config.write_text(good.replace("[imap]\n", '[imap]\nprocessed = "Done"\n'))
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("reloading")
        wait(lambda: mailbot("status", "--json", folder=bot.folder).json["config_refused"] is None, running.path)
        mailbox.deliver(submission("ada@peepers.example", mailbox.user))
        wait(lambda: mailbox.messages("Done"), running.path)
        assert running.stop() == 0


def test_a_second_mailbot_is_refused(bot: Bot) -> None:
    """While a daemon holds the folder, every other that would work there is told which process holds it."""
    with bot.running() as running:
        for command in (("run",), ("once",), ("send",), ("ingest", "teams.csv")):
            done = mailbot(*command, folder=bot.folder, code=2)
            assert f"held by another mailbot (process {running.process.pid} on " in done.err
        assert running.process.poll() is None


def test_a_lost_connection_is_made_anew(bot: Bot, mailbox: Mailbox) -> None:
    """When the server closes the connection, the daemon comes back and takes what arrived meanwhile."""
    with bot.running() as running:
        wait(lambda: "imap" in mailbox.server.doveadm("who", mailbox.user))
        mailbox.kick()
        mailbox.deliver(submission("ada@peepers.example", mailbox.user))
        wait(lambda: mailbox.messages("Processed"), running.path)
        running.wait_for("reply-sent")
        assert running.process.poll() is None
    assert [row["status"] for row in bot.rows("submissions")] == ["accepted"]


def test_a_refused_login_is_no_crash(bot: Bot, mailbox: Mailbox) -> None:
    """With a wrong password the daemon says what to fix, waits long, and still ends when it is told to."""
    mailbox.deliver(submission("ada@peepers.example", mailbox.user))
    (bot.folder / "password").write_text("wrong\n")
    with bot.running() as running:
        told = running.wait_for("mailbox-lost")
        assert "check imap.user and the password file" in told["why"]
        assert told["again_in_seconds"] >= 300
        assert running.stop() == 0
    assert len(mailbox.messages()) == 1


def test_the_first_look_is_reported_at_once(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """So `status` says when the mailbox was read as soon as it was, not with the report of the next minute."""
    stopping, heart, told, looks = threading.Event(), Heartbeat(60), list[object](), list[int]()

    class Main(Bell):
        """The bell of the main thread, which gives the report."""

        def ring(self) -> None:
            """Note what the report would show."""
            told.append(heart.marks.get("polled_at"))

    def wait_for_mail(*_: object) -> None:
        looks.append(len(told))
        if len(looks) > 1:
            stopping.set()

    monkeypatch.setattr("mailbot.transport.imap.mailbox.Mailbox.wait", wait_for_mail)
    bell, main = Bell(), Main()
    with flow.working(load.load(bot.folder / "config.toml")) as service, heart.loop("mailbox"):
        loop = MailboxLoop(
            service=service, stopping=stopping, bell=bell, intake_bell=bell, reconciliation=Alarm(bell), main_bell=main
        )
        loop.run()
    for each in (bell, main):
        each.close()
    assert looks == [1, 1]
    assert len(told) == 1
    assert told[0] is not None


def test_a_killed_daemon_leaves_no_lock(bot: Bot, mailbox: Mailbox) -> None:
    """After SIGKILL the next mailbot takes over at once."""
    with bot.running() as running:
        os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait()
        mailbox.deliver(submission("ada@peepers.example", mailbox.user))
        bot.once()
    assert [row["status"] for row in bot.rows("submissions")] == ["accepted"]


@pytest.mark.parametrize(
    ("point", "copies"),
    [
        ("commit.spooled.after", 1),  # the mail is in the spool and the ledger, and undecided
        ("commit.record.before", 1),  # it is judged, and nobody was told
        ("smtp.data.after@2", 2),  # the reply is out, and the ledger does not know: it goes out again, told as the same
        ("imap.move.after", 1),  # the mail is moved, and the ledger does not know
    ],
)
def test_a_kill_loses_nothing(bot: Bot, mailbox: Mailbox, smtp_sink: SmtpSink, point: str, copies: int) -> None:
    """Whenever the plug is pulled, the next pass completes the work: one submission, one reply, one mail."""
    mailbox.deliver(submission("ada@peepers.example", mailbox.user))
    mailbot("once", "--yes", folder=bot.folder, code=-signal.SIGKILL, environment={"MAILBOT_CRASH_AT": point})
    bot.once()
    bot.once()
    assert [row["status"] for row in bot.rows("submissions")] == ["accepted"]
    assert [row["state"] for row in bot.rows("outbox")] == ["sent"]
    assert [len(mailbox.messages(folder)) for folder in ("INBOX", "Processed", "Failed")] == [0, 1, 0]
    assert len(smtp_sink.sent) == copies
    assert len({email.message_from_bytes(sent.content)["Message-ID"] for sent in smtp_sink.sent}) == 1
