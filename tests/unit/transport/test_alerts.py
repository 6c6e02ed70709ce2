"""Replies keep within limits, bouncing addresses are left alone, organizers hear once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from mailbot.errors import BadAddress, Permanent
from mailbot.ledger import events, mails, observations, outbox, teams
from mailbot.model import MailState, Outcome, ReplyState
from mailbot.transport.alerts import SUBJECTS, WELL
from mailbot.transport.send import Sending
from mailbot.transport.smtp import Sender
from tests.contest.contest import Clock, contest, mail, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.service import Service


def replies(wired: Service, prefix: str = "reply") -> list[OutgoingRow]:
    """Return the mails of one kind in the outbox."""
    with wired.ledger.read() as tx:
        return [row for row in outbox.listing(tx) if row.kind.startswith(prefix)]


@pytest.mark.parametrize(
    ("limits", "waits", "why"),
    [
        ({"per_address_hour": 2}, timedelta(minutes=58), "2 replies an hour to one address"),
        ({"per_address_day": 2}, timedelta(hours=23), "2 replies a day to one address"),
        ({"per_domain_hour": 2}, timedelta(minutes=58), "2 replies an hour to one domain"),
        ({"per_hour": 2}, timedelta(minutes=58), "2 replies an hour in all"),
    ],
)
def test_a_receipt_beyond_a_limit_is_written_and_sent_later(
    tmp_path: Path, limits: dict[str, int], waits: timedelta, why: str
) -> None:
    """The ledger counts, so a restart changes nothing: the third mail of the hour is scored, its receipt waits."""
    clock = Clock()
    with capture_logs() as journal:
        for number in range(3):
            with contest(tmp_path, clock, replies=limits) as wired:
                take(wired, mail("amber@example.org", shift=number / 9), clock.instant)
                clock.pass_by(minutes=1)
    assert [line["limit"] for line in journal if line["event"] == "reply-postponed"] == [why]
    with contest(tmp_path, clock, replies=limits) as wired:
        assert [row.due_at - row.created_at for row in replies(wired)] == [timedelta(), timedelta(), waits]
        with wired.ledger.read() as tx:
            assert [row.outcome for row in mails.listing(tx)] == [Outcome.SCORED] * 3
            assert "reply-withheld" not in [entry.kind for entry in events.since(tx, 0)]
        assert replies(wired, "health-replies") == []


def test_receipts_beyond_a_limit_are_spread(tmp_path: Path) -> None:
    """Each waits until there is room for it; none waits longer than a day."""
    clock = Clock()
    with contest(tmp_path, clock, replies={"per_address_hour": 2}) as wired:
        for number in range(7):
            take(wired, mail("amber@example.org", shift=number / 9), clock.instant)
        hours = [(row.due_at - clock.instant) // timedelta(hours=1) for row in replies(wired)]
    assert hours == [0, 0, 1, 1, 2, 2, 3]


def test_a_note_beyond_a_limit_is_not_written(tmp_path: Path) -> None:
    """What nothing is owed for could go round for ever; the organizers are told."""
    clock = Clock()
    with contest(tmp_path, clock, replies={"per_address_hour": 2}) as wired:
        for number in range(3):
            raw = f"From: amber@example.org\nSubject: hello {number}\n\nHello? Is anybody there?\n".encode()
            take(wired, raw, clock.instant)
        take(wired, mail("amber@example.org"), clock.instant)
        assert [row.due_at - row.created_at for row in replies(wired)] == [timedelta()] * 3
        with wired.ledger.read() as tx:
            assert [e.kind for e in events.since(tx, 0)].count("reply-withheld") == 1
        assert [row.recipient for row in replies(wired, "health-replies")] == ["chair@example.net"]


def test_two_mailbots_pointed_at_each_other_fall_silent(tmp_path: Path) -> None:
    """A mailbot's reply that comes to a mailbot is recorded and never answered."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail("amber@example.org"), clock.instant)
        (reply,) = replies(wired)
        ours = reply.message.replace(b"submissions@example.test", b"amber@example.org")
        take(wired, ours, clock.instant)
        with wired.ledger.read() as tx:
            assert mails.listing(tx)[-1].outcome is Outcome.AUTOMATIC
        assert len(replies(wired)) == 1


def bounce(message_id: str, action: str = "failed") -> bytes:
    """Write a delivery report about a mail."""
    return (
        "From: MAILER-DAEMON@mx.example.org\nTo: submissions@example.test\nSubject: Undelivered Mail\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; x\nAction: {action}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n\n--b--\n"
    ).encode()


def silent(wired: Service) -> set[str]:
    """Return the addresses that are known to take no mail."""
    with wired.ledger.read() as tx:
        return teams.bouncing(tx)


def test_a_bounce_of_our_reply_marks_the_address_until_it_writes(tmp_path: Path) -> None:
    """A failed delivery is noted, never answered, and forgotten when a mail comes from the address."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail("amber@example.org"), clock.instant)
        message_id = replies(wired)[0].message_id
        take(wired, bounce(message_id, "delayed"), clock.instant)
        assert silent(wired) == set()
        take(wired, bounce(message_id), clock.instant)
        assert silent(wired) == {"amber@example.org"}
        assert len(replies(wired)) == 1
        take(wired, mail("amber@example.org", shift=0.3), clock.instant)
        assert silent(wired) == set()


def test_a_forged_bounce_marks_nobody(tmp_path: Path) -> None:
    """Only a report that quotes a Message-ID of ours is believed; they cannot be guessed."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, bounce(f"<mailbot.{'0' * 32}@example.test>"), clock.instant)
        assert silent(wired) == set()


class Refuses(Sender):
    """A mail server that refuses every recipient for good."""

    def __init__(self, error: Permanent) -> None:
        """Keep the answer."""
        self._error = error

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:  # noqa: ARG002  # as what it stands in for
        """Refuse."""
        raise self._error


@pytest.mark.parametrize(("error", "marked"), [(BadAddress("550"), {"amber@example.org"}), (Permanent("552"), set())])
def test_a_refused_reply_is_given_up_and_told(tmp_path: Path, error: Permanent, marked: set[str]) -> None:
    """An unknown address (550) is marked; a mail refused for itself (552) marks nobody; the organizers hear of both."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail("amber@example.org"), clock.instant)
        step = Sending(ledger=wired.ledger, transport=Refuses(error), sender="x", alerts=wired.alerts, clock=clock).step
        while step():
            pass
        assert [row.state for row in replies(wired)] == [ReplyState.GIVEN_UP]
        assert silent(wired) == marked
        assert len(replies(wired, "health-outbox")) == 1


def test_organizers_hear_once_and_once_more_when_it_is_well(tmp_path: Path) -> None:
    """The same trouble reported again is no news; its end is."""
    with contest(tmp_path, Clock()) as wired, capture_logs() as journal:
        wired.alerts.report("login", ok=True)
        assert replies(wired, "health") == []
        for ok in (False, False, True, True):
            wired.alerts.report("login", ok=ok, detail="refused")
        assert [row.subject for row in replies(wired, "health")] == [
            "[mailbot] the mailbox refuses our login",
            "[mailbot] fixed: the mailbox accepts our login",
        ]
        with wired.ledger.read() as tx:
            assert [row.ok for row in observations.health_of_parts(tx)] == [True]
    assert [line["log_level"] for line in journal if line["event"] == "health"] == ["warning", "info"]


def test_each_part_is_told_well_in_words_of_its_own() -> None:
    """`fixed: the mailbox cannot be reached` read as its opposite."""
    assert WELL.keys() == SUBJECTS.keys()
    assert not set(WELL.values()) & set(SUBJECTS.values())


def test_a_mail_that_breaks_our_code_is_set_aside_and_the_next_is_served(tmp_path: Path) -> None:
    """A mail whose bytes are gone from the spool stands for whatever our code cannot handle."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        broken = mail("amber@example.org")
        wired.spool.path(wired.spool.put(broken, clock.instant)).write_bytes(b"changed on disk")
        take(wired, broken, clock.instant)
        take(wired, mail("beryl@example.org"), clock.instant)
        with wired.ledger.read() as tx:
            states = {row.name: row.state for row in mails.listing(tx)}
            trace = mails.trace(tx, 1)
        assert states == {"M-000001": MailState.SET_ASIDE, "M-000002": MailState.RECORDED}
        assert trace
        assert "changed on disk" in trace
        assert len(replies(wired, "health-stuck")) == 1
