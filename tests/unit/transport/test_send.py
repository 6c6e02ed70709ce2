"""The outbox is sent once, later when the server says so, and never for ever."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from mailbot.errors import AuthenticationFailed, BadAddress, ConfigError, Permanent, Temporary, Throttled, Unreachable
from mailbot.ledger import events, observations, outbox
from mailbot.model import ReplyState
from mailbot.system import backoff
from mailbot.transport.send import FIRST_DELAY, LONGEST_DELAY, PATIENCE, Sending
from mailbot.transport.smtp import Sender
from tests.unit.services import ADA, NOW, Clock, served, submission, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.service import Service


@dataclass
class Server(Sender):
    """A mail server that answers as it is told to, then takes everything."""

    answers: list[Exception] = field(default_factory=list)
    taken: list[tuple[str, str, bytes]] = field(default_factory=list)

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        """Take a mail, or raise."""
        if self.answers:
            raise self.answers.pop(0)
        self.taken.append((sender, recipient, message))


@dataclass(frozen=True, kw_only=True)
class Post:
    """A sending step with its server and clock."""

    service: Service
    server: Server
    clock: Clock

    @property
    def sending(self) -> Sending:
        """The step."""
        return Sending(
            ledger=self.service.ledger,
            transport=self.server,
            sender="submissions@siqa.example",
            alerts=self.service.alerts,
            clock=self.clock,
        )

    def queue(self, number: int = 1) -> int:
        """Put a mail into the outbox."""
        with self.service.ledger.write() as tx:
            return outbox.add(
                tx,
                kind="reply",
                recipient=ADA,
                subject="Re: x",
                message_id=f"<{number}@x>",
                message=b"message %d" % number,
                now=self.clock(),
            )

    def row(self, number: int = 1) -> OutgoingRow:
        """Return a mail of the outbox."""
        with self.service.ledger.read() as tx:
            return outbox.listing(tx, number)[0]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    """Give an empty outbox and a server that takes everything."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        yield Post(service=service, server=Server(), clock=clock)


def test_an_empty_outbox_is_no_work(post: Post) -> None:
    """Nothing to send, nothing done."""
    assert not post.sending.step()


def test_a_mail_is_sent_once(post: Post) -> None:
    """What the server took is noted, in the audit trail too, and never sent again."""
    post.queue()
    post.queue(2)
    assert [post.sending.step() for _ in range(3)] == [True, True, False]
    assert post.server.taken == [("submissions@siqa.example", ADA, b"message %d" % n) for n in (1, 2)]
    assert (post.row().state, post.row().sent_at, post.row().attempts) == (ReplyState.SENT, NOW, 1)
    with post.service.ledger.read() as tx:
        assert [entry.kind for entry in events.since(tx, 0)].count("reply-sent") == 2


def test_a_mail_refused_for_now_waits_its_time(post: Post) -> None:
    """It is not tried again before its time, and the step stops: the server is in trouble, not the mail."""
    post.queue()
    post.queue(2)
    post.server.answers = [Temporary("450 later")]
    assert not post.sending.step()
    assert (post.row().state, post.row().error) == (ReplyState.QUEUED, "450 later")
    assert post.row().due_at == NOW + FIRST_DELAY
    assert post.sending.step()  # the second mail, which nobody refused
    assert not post.sending.step()
    post.clock.now = NOW + FIRST_DELAY
    assert post.sending.step()
    assert (post.row().state, post.row().attempts, post.row().error) == (ReplyState.SENT, 2, None)


def test_the_journal_leads_from_a_mail_to_its_reply(post: Post) -> None:
    """The mail's id is on every line about the reply to it; what answers no mail has none."""
    take(post.service, submission())
    post.queue()
    post.server.answers = [Temporary("450 later"), Permanent("550 never")]
    with capture_logs() as journal:
        post.sending.step()
        post.clock.forward(hours=1)
        for _ in range(3):
            post.sending.step()
    told = [(line["event"], line["reply"], line.get("mail")) for line in journal if line["event"].startswith("reply-")]
    assert told[:3] == [
        ("reply-delayed", "R-000001", "M-000001"),
        ("reply-given-up", "R-000002", None),
        ("reply-sent", "R-000001", "M-000001"),
    ]


def test_a_mail_refused_too_long_is_given_up(post: Post) -> None:
    """Once its patience is over it is given up, and the organizers are told."""
    post.queue()
    post.server.answers = [Temporary("450 later")] * 9
    for _ in range(4):
        assert post.row().state is ReplyState.QUEUED
        post.sending.step()
        post.clock.forward(days=1)
    assert (post.row().state, post.row().attempts) == (ReplyState.GIVEN_UP, 1 + PATIENCE.days)
    assert post.row(2).kind == "health-outbox"


def test_a_mail_that_waited_for_us_is_not_given_up(post: Post) -> None:
    """Patience counts from the first refusal: a host that was down for a week costs no mail."""
    post.queue()
    post.clock.forward(days=7)
    post.server.answers = [Temporary("450 later")]
    post.sending.step()
    assert post.row().state is ReplyState.QUEUED


def test_a_mail_that_was_given_up_is_sent_again_on_request(post: Post) -> None:
    """It is due at once, with all its patience; what was sent is not."""
    post.queue()
    post.queue(2)
    post.server.answers = [Permanent("554 no")]
    while post.sending.step():
        pass
    with post.service.ledger.write() as tx:
        assert [outbox.retry(tx, number, post.clock()) for number in (1, 2, 9)] == [True, False, False]
    post.sending.step()
    assert post.row().state is ReplyState.SENT


def test_a_server_that_is_away_is_told_of_after_a_while(post: Post) -> None:
    """A moment's trouble is no news; half an hour of it is, once."""
    post.queue()
    post.server.answers = [Unreachable("nothing listens there")] * 9
    for _ in range(5):
        post.sending.step()
        post.clock.forward(hours=1)
    with post.service.ledger.read() as tx:
        assert [row.kind for row in outbox.listing(tx)] == ["reply", "health-sending"]


def test_a_pause_ends_when_the_clock_is_set_back(post: Post) -> None:
    """What seems to last for days was noted when the clock was ahead."""
    post.clock.forward(days=30)
    post.queue()
    post.server.answers = [Throttled("421 later")]
    post.sending.step()
    post.clock.forward(days=-30)
    assert post.sending.step()


def test_a_mail_that_alone_is_refused_waits_alone(post: Post) -> None:
    """What a server says against our host stops the outbox; said again of one mail after others were taken, only it."""
    post.queue()
    post.queue(2)
    post.server.answers = [Throttled("550 5.7.1 Client host blocked")]
    assert not post.sending.step()
    assert not post.sending.step()
    with post.service.ledger.read() as tx:
        assert [row.kind for row in outbox.listing(tx)] == ["reply", "reply", "health-sending"]
    post.clock.forward(minutes=2)
    assert [post.sending.step() for _ in range(2)] == [True, True]  # the second reply, the word to the organizers
    post.server.answers = [Throttled("550 5.7.1 Client host blocked")]
    assert not post.sending.step()
    assert [post.row(n).state for n in (1, 2)] == [ReplyState.QUEUED, ReplyState.SENT]
    with post.service.ledger.read() as tx:
        assert observations.pause_of(tx, "sending") is None


def test_a_mail_refused_for_good_is_given_up_at_once(post: Post) -> None:
    """The next may be tried at once, since the server works."""
    post.queue()
    post.queue(2)
    post.server.answers = [Permanent("554 no")]
    assert post.sending.step()
    assert post.sending.step()
    assert [post.row(n).state for n in (1, 2)] == [ReplyState.GIVEN_UP, ReplyState.SENT]
    with post.sending.ledger.read() as tx:
        assert observations.given_up(tx, NOW - FIRST_DELAY) == 1
    assert not post.row(1).is_withheld


def test_an_unknown_recipient_is_remembered(post: Post) -> None:
    """An address that the server knows not is marked, so that nothing more is written to it."""
    post.queue()
    post.server.answers = [BadAddress("550 no such user")]
    post.sending.step()
    assert post.row().state is ReplyState.GIVEN_UP


def test_an_error_nobody_foresaw_costs_one_mail_its_turn(post: Post) -> None:
    """It waits as after a refusal for now, and the mails behind it go out; its words are in no error that is kept."""
    post.queue()
    post.queue(2)
    post.server.answers = [UnicodeEncodeError("ascii", f"TO:<{ADA}>", 4, 5, ADA)]
    assert [post.sending.step() for _ in range(3)] == [True, True, False]
    assert [post.row(n).state for n in (1, 2)] == [ReplyState.QUEUED, ReplyState.SENT]
    assert (post.row().error, post.row().due_at) == ("unexpected error: UnicodeEncodeError", NOW + FIRST_DELAY)


def test_our_own_config_is_no_mails_fault(post: Post) -> None:
    """While the password cannot be read no mail is given up, however often it is tried."""
    post.queue()
    post.server.answers = [ConfigError("smtp.password_file: cannot be read")] * 20
    for _ in range(20):
        assert not post.sending.step()
        post.clock.forward(days=1)
    assert post.row().state is ReplyState.QUEUED
    assert post.sending.step()
    assert post.row().state is ReplyState.SENT


def test_the_delays_grow_to_a_ceiling() -> None:
    """A minute, two, four, until six hours: some twenty tries within the default patience."""
    delays = [backoff.delay(attempt, first=FIRST_DELAY, longest=LONGEST_DELAY) for attempt in range(1, 20)]
    assert delays[:3] == [FIRST_DELAY, 2 * FIRST_DELAY, 4 * FIRST_DELAY]
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_DELAY
    assert PATIENCE - LONGEST_DELAY < sum(delays, timedelta()) < PATIENCE + LONGEST_DELAY


def test_a_mended_login_is_tried_at_once(post: Post) -> None:
    """A refused login makes the outbox wait; another one on disk ends that, and so does another start."""
    login = [b"wrong"]
    sending = replace(post.sending, login=lambda: login[0])
    post.queue()
    post.server.answers = [AuthenticationFailed("refused"), AuthenticationFailed("refused")]
    assert not sending.step()
    post.clock.forward(seconds=30)
    assert not sending.step()
    assert len(post.server.answers) == 1
    login[0] = b"other"
    assert not sending.step()
    assert (post.server.answers, post.server.taken) == ([], [])
    assert not sending.step()
    assert replace(post.sending, login=lambda: b"other", refused=[]).step()
    assert len(post.server.taken) == 1
