"""SMTP servers that refuse, for now or for good, and connections that break at the worst moment."""

from __future__ import annotations

import email
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.config import load
from mailbot.config.servers import Smtp
from mailbot.ledger import outbox, teams
from mailbot.system import backoff
from mailbot.transport import smtp
from mailbot.transport.send import FIRST_DELAY, LONGEST_DELAY, TRIES
from tests.servers.process import LOOPBACK
from tests.servers.smtp_sink import SmtpSink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.service import Service
    from tests.faults.conftest import MakeBot

ADA, BO = "ada@peepers.example", "bo@peepers.example"


@dataclass
class Post:
    """A mailbot with replies to send, on a clock of the test's own."""

    service: Service
    now: datetime = datetime(2026, 3, 12, 8, tzinfo=UTC)

    def queue(self, number: int, recipient: str = ADA) -> None:
        """Put a reply into the outbox."""
        message = f"Message-ID: <{number}@siqa.example>\r\nSubject: {number}\r\n\r\nHello.\r\n".encode()
        with self.service.ledger.write("test") as tx:
            outbox.add(
                tx,
                kind="letter",
                recipient=recipient,
                subject=str(number),
                message_id=f"<{number}@siqa.example>",
                message=message,
                now=self.now,
            )

    def send(self) -> None:
        """Send what is due."""
        with self.service.sending() as sending:
            while sending.step():
                pass

    def rows(self) -> list[OutgoingRow]:
        """Return the outbox."""
        with self.service.ledger.read() as tx:
            return outbox.listing(tx)

    def states(self) -> list[str]:
        """Return where each reply stands."""
        return [str(row.state) for row in self.rows()]

    def marked(self) -> bool:
        """Tell whether the first team's address is known to bounce."""
        with self.service.ledger.read() as tx:
            return ADA in teams.bouncing(tx)


FOREIGN = "張三@peepers.example"


@pytest.fixture
def post(make_bot: MakeBot) -> Iterator[Post]:
    """Give a mailbot whose outbox is empty."""
    with _post(make_bot) as made:
        yield made


@contextmanager
def _post(make_bot: MakeBot) -> Iterator[Post]:
    config = load.load(make_bot(port=1).folder / "config.toml")
    clock: list[Post] = []
    with flow.working(config, clock=lambda: clock[0].now if clock else Post.now) as wired:
        clock.append(Post(service=wired))
        yield clock[0]


@pytest.mark.parametrize(
    "answer", ["421 4.3.2 shutting down", "450 4.2.0 greylisted", "451 4.7.1 later", "452 4.2.2 full"]
)
@pytest.mark.parametrize("where", ["recipient", "data"])
def test_what_is_refused_for_now_is_sent_later(post: Post, smtp_sink: SmtpSink, answer: str, where: str) -> None:
    """It waits, is tried again when it is due and no sooner, and arrives once; nobody is marked."""
    if where == "recipient":
        smtp_sink.answer_recipient(ADA, answer, answer)
    else:
        smtp_sink.answer_data(answer, answer)
    post.queue(1)
    for attempt in (1, 2):
        post.send()
        post.send()
        assert (post.states(), post.rows()[0].attempts, smtp_sink.sent) == (["queued"], attempt, [])
        assert answer[:3] in (post.rows()[0].error or "")
        post.now += backoff.delay(attempt, first=FIRST_DELAY, longest=LONGEST_DELAY)
    post.send()
    assert (post.states(), len(smtp_sink.sent), post.marked()) == (["sent"], 1, False)


@pytest.mark.parametrize(
    ("answer", "where", "marked"),
    [
        ("550 5.1.1 no such user", "recipient", True),
        ("550 unknown", "recipient", True),
        ("550 5.7.1 your host is on a list of ours", "recipient", False),
        ("552 5.2.2 mailbox full", "recipient", False),
        ("554 5.7.1 refused by policy", "recipient", False),
        ("552 5.3.4 message too big", "data", False),
        ("554 5.6.0 not liked", "data", False),
    ],
)
def test_what_is_refused_for_good_is_given_up(
    post: Post,
    smtp_sink: SmtpSink,
    answer: str,
    where: str,
    marked: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """It is not tried again, the next mail goes out, and an address is marked only when it is the address's fault."""
    if where == "recipient":
        smtp_sink.answer_recipient(ADA, answer)
    else:
        smtp_sink.answer_data(answer)
    post.queue(1)
    post.queue(2, BO)
    post.send()
    assert post.states()[:2] == ["given-up", "sent"]
    assert post.marked() is marked
    post.now += timedelta(days=3)
    post.send()
    assert [sent.recipients for sent in smtp_sink.sent] == [(BO,)]


def test_a_mail_refused_for_days_is_given_up(post: Post, smtp_sink: SmtpSink) -> None:
    """After its last try it is given up, four to five days after the first (RFC 5321, section 4.5.4.1)."""
    smtp_sink.answer_recipient(ADA, *["451 4.7.1 later"] * TRIES)
    post.queue(1)
    began = post.now
    for attempt in range(1, TRIES + 1):
        post.send()
        post.now += backoff.delay(attempt, first=FIRST_DELAY, longest=LONGEST_DELAY)
    assert post.rows()[0].state == "given-up"
    assert timedelta(days=4) < post.now - began < timedelta(days=6)
    assert smtp_sink.sent == []


def test_a_connection_lost_after_data_sends_the_same_again(post: Post, smtp_sink: SmtpSink) -> None:
    """Nobody can know whether it was taken; it is sent again, and both copies bear one Message-ID."""
    smtp_sink.cut_after_data()
    post.queue(1)
    post.send()
    assert post.states() == ["queued"]
    post.now += FIRST_DELAY
    post.send()
    assert post.states() == ["sent"]
    ids = [email.message_from_bytes(sent.content, policy=default)["Message-ID"] for sent in smtp_sink.sent]
    assert ids == ["<1@siqa.example>"] * 2


def test_a_server_that_is_away_and_comes_back(post: Post, smtp_sink: SmtpSink) -> None:
    """While nothing listens the mail waits."""
    smtp_sink.stop()
    post.queue(1)
    post.send()
    assert (post.states(), smtp_sink.sent) == (["queued"], [])
    smtp_sink.start()
    post.now += FIRST_DELAY
    post.send()
    assert (post.states(), len(smtp_sink.sent)) == (["sent"], 1)


def test_a_connection_that_rested_is_not_trusted(
    post: Post, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that dropped the connection while there was nothing to send delays no mail."""
    monkeypatch.setattr(smtp, "REST_SECONDS", 0.0)
    with post.service.sending() as sending:
        post.queue(1)
        assert sending.step()
        smtp_sink.stop()
        smtp_sink.start()
        post.queue(2)
        assert sending.step()
    assert post.states() == ["sent", "sent"]


def test_an_address_beyond_ascii_stops_no_other_mail(post: Post, smtp_sink: SmtpSink) -> None:
    """A server without SMTPUTF8 cannot take it: that mail is given up with the reason, and the next goes out."""
    post.queue(1, FOREIGN)
    post.queue(2, BO)
    post.send()
    assert post.states()[:2] == ["given-up", "sent"]
    assert post.rows()[0].error == "the SMTP server takes no address beyond ASCII (SMTPUTF8)"
    assert [sent.recipients for sent in smtp_sink.sent] == [(BO,)]


def test_a_server_with_smtputf8_is_given_such_a_mail() -> None:
    """The address goes out as it is (RFC 6531), and the same connection serves the next mail."""
    sink = SmtpSink(utf8=True)
    sink.start()
    sender = smtp.Sender(Smtp(host=LOOPBACK, port=sink.port, security="none"), lambda: "")
    for recipient in (FOREIGN, ADA):
        sender.send(b"Subject: 1\r\n\r\nHello.\r\n", sender="s@siqa.example", recipient=recipient)
    sender.close()
    sink.stop()
    assert [sent.recipients for sent in sink.sent] == [(FOREIGN,), (ADA,)]
