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
from mailbot.transport.send import FIRST_DELAY, LONGEST_DELAY, LONGEST_PAUSE, PATIENCE
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


@pytest.fixture
def watched(make_bot: MakeBot) -> Iterator[Post]:
    """Give the same with an organizer who hears of trouble."""
    with _post(make_bot, organizers=("organizer@siqa.example",)) as made:
        yield made


@contextmanager
def _post(make_bot: MakeBot, organizers: tuple[str, ...] = ()) -> Iterator[Post]:
    config = load.load(make_bot(port=1).folder / "config.toml")
    challenge = config.challenge.model_copy(update={"organizers": organizers})
    config = config.model_copy(update={"challenge": challenge})
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
        ("550 Mailbox not found. http://service.mail.qq.example/550", "recipient", True),
        ("550 User not found: ada@peepers.example", "recipient", True),
        ("550 5.2.1 The email account that you tried to reach is disabled", "recipient", True),
        ("553 5.1.3 bad address syntax", "recipient", True),
        ("550 5.1.1 no such user", "data", False),
        ("550 not today", "recipient", False),
        ("550 User has no permission", "recipient", False),
        ("552 5.2.2 mailbox full", "recipient", False),
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
    """After `outbox.patience` it is given up, and no sooner."""
    smtp_sink.answer_recipient(ADA, *["450 4.2.0 greylisted"] * 40)
    post.queue(1)
    began = post.now
    for attempt in range(1, 40):
        post.send()
        if post.rows()[0].state == "given-up":
            break
        assert post.now - began < PATIENCE + LONGEST_DELAY
        post.now += backoff.delay(attempt, first=FIRST_DELAY, longest=LONGEST_DELAY)
    assert post.rows()[0].state == "given-up"
    assert post.now - began >= PATIENCE
    assert (smtp_sink.sent, post.marked()) == ([], False)


USED_UP = [
    ("550 5.4.5 Daily user sending limit exceeded. For more information go to https://support.example", "data"),
    ("554 5.7.0 Your message was refused: the limit on outgoing messages was exceeded. Try again later.", "data"),
    ("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", "data"),
    ("550 Connection frequency limited", "recipient"),
    ("550 Too many emails sent, please try again tomorrow", "recipient"),
    ("550 5.7.233 Your tenant exceeded its daily limit for sending e-mail", "recipient"),
    ("550 Domain siqa.example has exceeded the max emails per hour (250/200) allowed.", "recipient"),
    ("554 5.7.1 <ada@peepers.example>: Recipient address rejected: Sending quota exceeded", "recipient"),
    ("550 5.7.1 your host is on a list of ours", "recipient"),
    ("551 we do not relay", "recipient"),
    ("550 5.1.0 Sender denied", "recipient"),
    ("421 4.7.0 Too many messages", "recipient"),
    ("451 4.7.1 later", "data"),
    ("452 4.3.1 full", "recipient"),
]


@pytest.mark.parametrize(("answer", "where"), USED_UP)
def test_what_is_said_of_all_we_send_makes_the_outbox_wait(
    watched: Post, smtp_sink: SmtpSink, answer: str, where: str
) -> None:
    """Nobody is tried, marked or given up for a while; the organizers get one word; then everything arrives once."""
    for recipient in (ADA, BO):
        smtp_sink.answer_recipient(recipient, *[answer] * (where == "recipient") * 2)
    smtp_sink.answer_data(*[answer] * (where == "data") * 2)
    watched.queue(1)
    watched.queue(2, BO)
    began = watched.now
    watched.send()
    assert [row.attempts for row in watched.rows()[:2]] == [1, 0]
    watched.now += FIRST_DELAY
    watched.send()
    assert [row.attempts for row in watched.rows()[:2]] == [1, 1]
    assert [row.kind for row in watched.rows()] == ["letter", "letter", "health-sending"]
    assert (set(watched.states()), watched.marked(), smtp_sink.sent) == ({"queued"}, False, [])
    for _ in range(4):
        watched.now += LONGEST_PAUSE
        watched.send()
    assert (set(watched.states()), len(smtp_sink.sent)) == ({"sent"}, 3)
    assert watched.now - began < timedelta(hours=6)
    watched.now += LONGEST_PAUSE
    watched.service.alerts.settle()
    assert [row.kind for row in watched.rows()][3:] == ["health-sending"]  # well again


def test_a_used_up_quota_is_waited_for(watched: Post, smtp_sink: SmtpSink) -> None:
    """A whole outbox lives through two days of refusals, tried ever less often, and no mail starves another."""
    smtp_sink.answer_data(*["550 5.4.5 Daily user sending limit exceeded"] * 60)
    for number in range(1, 21):
        watched.queue(number, ADA if number % 2 else BO)
    while watched.now < Post.now + timedelta(days=2):
        watched.send()
        watched.now += timedelta(minutes=10)
    assert (set(watched.states()), smtp_sink.sent) == ({"queued"}, [])
    assert max(row.attempts for row in watched.rows()) <= 3
    watched.now += LONGEST_PAUSE
    for _ in range(20):
        watched.send()
        watched.now += LONGEST_PAUSE
    assert (set(watched.states()), len(smtp_sink.sent)) == ({"sent"}, 21)


def test_a_mail_that_is_always_refused_keeps_no_other_from_its_turn(post: Post, smtp_sink: SmtpSink) -> None:
    """Greylisting of one address looks like a server at rest: after a minute the others go first."""
    smtp_sink.answer_recipient(ADA, *["451 4.7.1 greylisted"] * 9)
    post.queue(1)
    for number in (2, 3):
        post.queue(number, BO)
    post.send()
    post.now += FIRST_DELAY
    post.send()
    assert post.states()[1:3] == ["sent", "sent"]


def test_what_the_server_says_to_our_name_is_told(post: Post, smtp_sink: SmtpSink) -> None:
    """A relay that does not like EHLO hangs up; its words are in the ledger, and the outbox waits."""
    smtp_sink.answer_hello("421 4.7.0 Try again later, closing connection. (EHLO)")
    post.queue(1)
    post.send()
    assert (post.rows()[0].error or "").endswith("said 421 4.7.0 Try again later, closing connection. (EHLO)")
    post.now += FIRST_DELAY
    post.send()
    assert post.states()[0] == "sent"
    assert all("." in name for name in smtp_sink.names)


def test_ehlo_says_what_the_config_says() -> None:
    """The name is a key; `check` says it even where there is no login."""
    sink = SmtpSink()
    sink.start()
    sender = smtp.Sender(Smtp(host=LOOPBACK, port=sink.port, security="none", hello="mail.siqa.example"), lambda: "")
    assert sender.check() == "mail.siqa.example"
    sender.close()
    sink.stop()
    assert sink.names == ["mail.siqa.example"]


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
