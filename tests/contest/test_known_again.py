"""A mail that was moved, or whose mailbox was renumbered, is known again; anything else is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.ledger import mails, outbox, submissions
from mailbot.ledger.mailbox.places import Place
from mailbot.model import Outcome
from tests.contest.contest import START, Clock, contest, mail

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mailbot.service import Service

INBOX = "submissions@example.test/INBOX"


def put(wired: Service, raw: bytes, place: Place, arrived_at: datetime) -> None:
    """Let a mail be found at a place, and be handled."""
    digest = wired.spool.put(raw, arrived_at)
    with wired.ledger.write("test") as tx:
        mails.add(tx, place, sha256=digest, size=len(raw), arrived_at=arrived_at, now=wired.clock())
    while wired.intake.step():
        pass


def told(wired: Service) -> tuple[list[Outcome | None], int, int]:
    """Return the outcomes of the mails, and how many submissions and replies there are."""
    with wired.ledger.read() as tx:
        outcomes = [row.outcome for row in mails.listing(tx)]
        return outcomes, len(submissions.listing(tx)), len(outbox.listing(tx))


def test_a_mail_moved_by_a_person_is_known(tmp_path: Path) -> None:
    """The same bytes with the same arrival at another place count once and are answered once."""
    raw = mail("amber@example.org", Message_ID="<1@example.org>")
    with contest(tmp_path, Clock()) as wired:
        put(wired, raw, Place(mailbox=INBOX, uidvalidity=1, uid=1), START)
        put(wired, raw, Place(mailbox=INBOX, uidvalidity=1, uid=9), START)
        assert told(wired) == ([Outcome.SCORED, Outcome.KNOWN], 1, 1)


def test_the_same_bytes_sent_again_are_answered_again(tmp_path: Path) -> None:
    """A team that sends its mail twice is told twice, of one submission: its values are the same."""
    clock = Clock()
    raw = mail("amber@example.org")
    with contest(tmp_path, clock) as wired:
        put(wired, raw, Place(mailbox=INBOX, uidvalidity=1, uid=1), clock.instant)
        clock.pass_by(minutes=5)
        put(wired, raw, Place(mailbox=INBOX, uidvalidity=1, uid=2), clock.instant)
        assert told(wired) == ([Outcome.SCORED, Outcome.REPEATED], 1, 2)


def test_a_mail_that_a_server_delivered_twice_is_known(tmp_path: Path) -> None:
    """It has the same Message-ID and files, and other Received fields; with another text it is a mail of its own."""
    clock = Clock()
    raw = mail("amber@example.org", Message_ID="<1@example.org>")
    with contest(tmp_path, clock) as wired:
        for uid, text in enumerate((b"Here it is.", b"Here it is.", b"Once more.")):
            clock.pass_by(seconds=7)
            received = f"Received: from a by b{uid}\n".encode()
            put(
                wired,
                received + raw.replace(b"Here it is.", text),
                Place(mailbox=INBOX, uidvalidity=1, uid=uid),
                clock.instant,
            )
        assert told(wired) == ([Outcome.SCORED, Outcome.KNOWN, Outcome.REPEATED], 1, 2)


def test_after_a_renumbering_known_mails_are_known_and_new_ones_new(tmp_path: Path) -> None:
    """UIDVALIDITY changed with the same UIDs: no second reply for the known, no loss of the new."""
    clock = Clock()
    old = mail("amber@example.org", Message_ID="<old@example.org>")
    rewritten = old.replace(b"MIME-Version: 1.0", b"MIME-Version: 1.0\nX-Rewritten: yes")
    new = mail("beryl@example.org", Message_ID="<new@example.org>")
    with contest(tmp_path, clock) as wired:
        put(wired, old, Place(mailbox=INBOX, uidvalidity=1, uid=1), clock.instant)
        clock.pass_by(hours=1)
        put(wired, rewritten, Place(mailbox=INBOX, uidvalidity=2, uid=1), clock.instant)
        put(wired, new, Place(mailbox=INBOX, uidvalidity=2, uid=2), clock.instant)
        outcomes, submitted, answered = told(wired)
    assert sorted(o for o in outcomes if o) == sorted([Outcome.SCORED, Outcome.KNOWN, Outcome.SCORED])
    assert (submitted, answered) == (2, 2)


def test_two_mails_with_one_message_id_are_two(tmp_path: Path) -> None:
    """A Message-ID is a hint, never the key: senders reuse them."""
    with contest(tmp_path, Clock()) as wired:
        for uid in (1, 2):
            raw = mail("amber@example.org", shift=uid / 9, Message_ID="<same@example.org>")
            put(wired, raw, Place(mailbox=INBOX, uidvalidity=1, uid=uid), START)
        assert told(wired) == ([Outcome.SCORED, Outcome.SCORED], 2, 2)


def test_mails_without_a_message_id_are_all_taken(tmp_path: Path) -> None:
    """Three mails of one second, one subject and no Message-ID are three."""
    with contest(tmp_path, Clock()) as wired:
        for uid in (1, 2, 3):
            put(wired, mail("amber@example.org", shift=uid / 9), Place(mailbox=INBOX, uidvalidity=1, uid=uid), START)
        assert told(wired) == ([Outcome.SCORED] * 3, 3, 3)
