"""Connections that end in every way a network knows: the daemon comes back, takes what came meanwhile, and rests."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.conftest import mail
from tests.faults.proxy import Cut, Proxy
from tests.integration.bot import wait

if TYPE_CHECKING:
    from tests.faults.conftest import MakeBot
    from tests.integration.bot import Bot, Running
    from tests.servers.dovecot import Dovecot, Mailbox
    from tests.servers.smtp_sink import SmtpSink

_TICKS = os.sysconf("SC_CLK_TCK")


def _made(make_bot: MakeBot, mailbox: Mailbox, port: int, **imap: object) -> Bot:
    """Make a mailbot that reads a real mailbox over TLS, by way of a port."""
    ca_file = str(mailbox.server.certificates.ca)
    return make_bot(address=mailbox.user, port=port, security="tls", ca_file=ca_file, **imap)


def _is_idle(mailbox: Mailbox) -> bool:
    """Tell whether the server knows of a connection of the user's."""
    return mailbox.user in mailbox.server.doveadm("who", mailbox.user)


def _served(bot: Bot, running: Running, mailbox: Mailbox, sink: SmtpSink, *methods: str) -> None:
    """Wait until every mail was filed away and answered; hold the ledger to one submission for each."""
    wait(lambda: len(mailbox.messages("Processed")) == len(methods) == len(sink.sent), running.path)
    assert running.stop() == 0
    assert mailbox.messages() == []
    assert [row["method"] for row in bot.rows("submissions")] == list(methods)
    assert len(sink.sent) == len(methods)


def _cpu_seconds(process: int) -> float:
    """Return the processor time that a process has taken (proc(5), fields utime and stime)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@pytest.mark.parametrize("how", ["fin", "rst", "hole"])
def test_a_cut_connection_is_made_anew(make_bot: MakeBot, mailbox: Mailbox, smtp_sink: SmtpSink, how: Cut) -> None:
    """Closed, reset or silent while it idles: what arrives then is served soon, without a burnt processor."""
    with Proxy(mailbox.server.imaps_port) as proxy:
        bot = _made(make_bot, mailbox, proxy.port)
        with bot.running() as running:
            wait(lambda: _is_idle(mailbox), running.path)
            time.sleep(0.3)
            proxy.refuses = True
            before = _cpu_seconds(running.process.pid)
            proxy.cut(how)
            mailbox.deliver(mail("One"))
            time.sleep(4)
            burnt = _cpu_seconds(running.process.pid) - before
            proxy.refuses = False
            _served(bot, running, mailbox, smtp_sink, "One")
        assert burnt < 2  # of 4 seconds: a loop that spins takes all of them
        assert proxy.connections < 20


def test_a_server_that_dies_and_comes_back(make_bot: MakeBot, spare_dovecot: Dovecot, smtp_sink: SmtpSink) -> None:
    """While no server listens, each new attempt fails as well; the process lives and goes on where it stood."""
    mailbox = spare_dovecot.mailbox()
    bot = _made(make_bot, mailbox, spare_dovecot.imaps_port)
    mailbox.deliver(mail("One"))
    with bot.running() as running:
        wait(lambda: len(mailbox.messages("Processed")) == 1, running.path)
        spare_dovecot.kill()
        wait(lambda: [e["event"] for e in running.journal()].count("mailbox-lost") >= 3, running.path)
        spare_dovecot.start()
        mailbox.deliver(mail("Two"))
        _served(bot, running, mailbox, smtp_sink, "One", "Two")


def test_a_server_that_freezes(make_bot: MakeBot, spare_dovecot: Dovecot, smtp_sink: SmtpSink) -> None:
    """A server that keeps the connection and says nothing more is given up, and found again once it answers."""
    mailbox = spare_dovecot.mailbox()
    bot = _made(make_bot, mailbox, spare_dovecot.imaps_port)
    with bot.running() as running:
        wait(lambda: _is_idle(mailbox), running.path)
        spare_dovecot.freeze()
        running.wait_for("mailbox-lost")
        spare_dovecot.thaw()
        mailbox.deliver(mail("One"))
        _served(bot, running, mailbox, smtp_sink, "One")


def test_a_reconnect_that_fails_kills_nothing(make_bot: MakeBot, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """A server that closes every new connection in the middle of its TLS handshake is tried again and again."""
    with Proxy(mailbox.server.imaps_port) as proxy:
        proxy.refuses = True
        bot = _made(make_bot, mailbox, proxy.port)
        mailbox.deliver(mail("One"))
        with bot.running() as running:
            wait(lambda: proxy.connections >= 3, running.path)
            proxy.refuses = False
            _served(bot, running, mailbox, smtp_sink, "One")


def test_stopping_while_the_server_is_silent(make_bot: MakeBot, mailbox: Mailbox) -> None:
    """SIGTERM ends the daemon within the server's time limit, though the server says nothing any more."""
    with Proxy(mailbox.server.imaps_port) as proxy:
        bot = _made(make_bot, mailbox, proxy.port, poll_seconds=600)
        with bot.running() as running:
            wait(lambda: _is_idle(mailbox), running.path)
            proxy.cut("hole")
            assert running.stop() == 0
