"""A mail's way from SMTP to the reply in its sender's inbox, while nothing else is to be done; beside a bare script."""

from __future__ import annotations

import email
import smtplib
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

from tests.integration.bot import Bot, submission
from tests.servers.dovecot import Dovecot, Mailbox
from tests.servers.exim import Exim
from tests.servers.process import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imapclient import IMAPClient

MAILS = 100
WAIT_SECONDS = 30.0
PAUSE_SECONDS = 0.2
"""Between two mails, so that both are idle again."""
ASK_SECONDS = 0.01

_LIMITS = """
[quota]
per_week = 1000

[replies]
per_address_hour = 1000
per_address_day = 1000
per_domain_hour = 1000
per_hour = 1000
"""


def measure() -> dict[str, dict[str, object]]:
    """Return median and 99th percentile of the daemon's way, and of the script's."""
    with ExitStack() as stack:
        server = Dovecot()
        stack.callback(server.remove)
        server.start()
        exim = Exim(lmtp_port=server.lmtp_port)
        stack.callback(exim.remove)
        exim.start()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with _script(server.mailbox(), exim) as script:
            bare, bare_heard = _ways(script, server.mailbox(), exim, MAILS // 2)
        with _daemon(folder, server.mailbox(), exim, server.mailbox()) as (mailbox, team):
            ours, heard = _ways(mailbox, team, exim, MAILS)
    return {
        "reply-latency": {
            "value": round(statistics.median(ours), 3),
            "unit": "seconds from SMTP to the reply in the sender's inbox: the median",
            "p99": round(_p99(ours), 3),
            "heard": round(statistics.median(heard), 3),
            "heard_p99": round(_p99(heard), 3),
            "bare_value": round(statistics.median(bare), 3),
            "bare_p99": round(_p99(bare), 3),
            "bare_heard": round(statistics.median(bare_heard), 3),
            "mails": MAILS,
        }
    }


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[-1]


def _ways(mailbox: Mailbox, team: Mailbox, exim: Exim, count: int) -> tuple[list[float], list[float]]:
    """Send mails one by one; return after how many seconds each reply was in the inbox, and the waiting sender heard.

    Two clients look into the inbox: one asks again and again, one waits with IDLE, as a mail program does. The first
    mail is not counted: children and connections start for it.
    """
    found, heard = [], []
    with team.connect() as asking, team.connect() as waiting:
        asking.select_folder("INBOX")
        waiting.select_folder("INBOX")
        for number in range(count + 1):
            raw = submission(team.user, mailbox.user, method=f"m{number}")
            waiting.idle()
            begun = time.perf_counter()
            with smtplib.SMTP(LOOPBACK, exim.port) as sender:
                sender.sendmail(team.user, [mailbox.user], raw)
            _until_it_comes(lambda: _asked(asking), number + 1)
            found.append(time.perf_counter() - begun)
            _until_it_comes(lambda: waiting.idle_check(timeout=1.0), number + 1)
            heard.append(time.perf_counter() - begun)
            waiting.idle_done()
            time.sleep(PAUSE_SECONDS)
    return found[1:], heard[1:]


def _asked(client: IMAPClient) -> list[tuple[object, ...]]:
    time.sleep(ASK_SECONDS)
    said: list[tuple[object, ...]] = client.noop()[1]
    return said


def _until_it_comes(check: Callable[[], list[tuple[object, ...]]], count: int) -> None:
    """Wait until the server says that so many mails exist."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if any(len(said) > 1 and said[1] == b"EXISTS" and said[0] == count for said in check()):
            return
    raise RuntimeError(f"no reply within {WAIT_SECONDS:g} s")


@contextmanager
def _daemon(folder: Path, mailbox: Mailbox, exim: Exim, team: Mailbox) -> Iterator[tuple[Mailbox, Mailbox]]:
    server = mailbox.server
    imap: dict[str, object] = {"port": server.imaps_port, "ca_file": str(server.certificates.ca)}
    smtp: dict[str, object] = {
        "port": exim.port,
        "security": "starttls",
        "ca_file": str(exim.certificates.ca),
        "user": mailbox.user,
        "password_file": "password",
    }
    bot = Bot.make(folder, address=mailbox.user, team=team.user, imap=imap, smtp=smtp)
    with (folder / "config.toml").open("a", encoding="utf-8") as config:
        config.write(_LIMITS)
    with bot.running():
        yield mailbox, team


@contextmanager
def _script(mailbox: Mailbox, exim: Exim) -> Iterator[Mailbox]:
    """Answer every mail by one line, with the standard library's parser and nothing kept; a thread of this process."""
    ends = threading.Event()

    def run() -> None:
        with mailbox.connect() as client, smtplib.SMTP(LOOPBACK, exim.port) as sender:
            client.select_folder("INBOX")
            last = 0
            while not ends.is_set():
                client.idle()
                client.idle_check(timeout=1.0)
                client.idle_done()
                for uid in (uid for uid in client.search(["UID", f"{last + 1}:*"]) if uid > last):
                    mail = email.message_from_bytes(client.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"])
                    reply = EmailMessage()
                    reply["From"], reply["To"], reply["Subject"] = mailbox.user, mail["From"], f"Re: {mail['Subject']}"
                    reply.set_content("Your mail has arrived.")
                    sender.send_message(reply)
                    last = uid

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    time.sleep(1.0)
    try:
        yield mailbox
    finally:
        ends.set()
        thread.join(WAIT_SECONDS)
