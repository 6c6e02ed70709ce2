"""Work is claimed by compare-and-set: nobody ever gets what somebody else has."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Permanent
from mailbot.ledger import Ledger, boards, mails, outbox
from mailbot.ledger.mailbox.places import Place
from mailbot.model import MailState, Outcome, ReplyState
from tests.integration.ledger import rows
from tests.integration.ledger.rows import MINUTE, NOW

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.ledger import Tx

CLAIMERS = 4


def _compete(url: str, claim: Callable[[Tx], list[int]]) -> list[int]:
    """Let several connections claim until nothing is left; return all that they got."""
    together = Barrier(CLAIMERS)

    def work(_: int) -> list[int]:
        ledger, got = Ledger(url), list[int]()
        together.wait()
        while True:
            with ledger.write() as tx:
                found = claim(tx)
            if not found:
                ledger.close()
                return got
            got += found

    with ThreadPoolExecutor(CLAIMERS) as pool:
        return [one for got in pool.map(work, range(CLAIMERS)) for one in got]


def test_no_two_get_the_same_mail(url: str, ledger: Ledger) -> None:
    """Four that claim at once get every mail, and each but once."""
    with ledger.write() as tx:
        made = [rows.mail(tx, uid) for uid in range(1, 41)]
    got = _compete(url, lambda tx: [row.id for row in mails.claim(tx, now=NOW, limit=3)])
    assert sorted(got) == made


def test_no_two_send_the_same_reply(url: str, ledger: Ledger) -> None:
    """Nor is a reply sent by two."""
    with ledger.write() as tx:
        made = [_queue(tx, n) for n in range(20)]
    got = _compete(url, lambda tx: [row.id] if (row := outbox.claim(tx, NOW)) else [])
    assert sorted(got) == made


def _queue(tx: Tx, number: int = 1, *, now: datetime = NOW, key: str | None = None, mail_id: int | None = None) -> int:
    """Queue a mail."""
    return outbox.add(
        tx,
        kind="letter",
        recipient="a@x",
        subject="s",
        message_id=f"<{number}@x>",
        message=b"m",
        now=now,
        key=key,
        mail_id=mail_id,
    )


def test_mails_are_claimed_in_order_of_arrival(ledger: Ledger) -> None:
    """The oldest arrival comes first, whatever the order they were spooled in."""
    with ledger.write() as tx:
        late, early = rows.mail(tx, 1, arrived_at=NOW), rows.mail(tx, 2, arrived_at=NOW - MINUTE)
        (first,) = mails.claim(tx, now=NOW, limit=1)
        (second,) = mails.claim(tx, now=NOW, limit=9)
    assert (first.id, second.id) == (early, late)
    assert (first.state, first.attempts) == (MailState.WORKING, 1)


def test_a_mail_is_recorded_once(ledger: Ledger) -> None:
    """Only a mail that is being worked on can be recorded, and then it is final."""
    with ledger.write() as tx:
        mail_id = rows.mail(tx)
        mails.record(tx, mail_id, Outcome.SCORED, team_id=None, reason=None)
        assert mails.get(tx, mail_id).state is MailState.SPOOLED  # type: ignore[union-attr]  # it is there
        mails.claim(tx, now=NOW, limit=1)
        mails.record(tx, mail_id, Outcome.SCORED, team_id=None, reason=None)
        mails.put_back(tx, mail_id, due_at=NOW, reason="too late")
        mails.set_aside(tx, mail_id, reason="too late")
        assert mails.recover(tx, attempts=3) == 0
        assert mails.claim(tx, now=NOW, limit=1) == []
        assert mails.get(tx, mail_id).state is MailState.RECORDED  # type: ignore[union-attr]  # it is there


def test_a_mail_put_back_is_claimed_again_when_it_is_due(ledger: Ledger) -> None:
    """Each attempt is counted; between them the mail waits."""
    with ledger.write() as tx:
        mail_id = rows.mail(tx)
        mails.claim(tx, now=NOW, limit=1)
        mails.put_back(tx, mail_id, due_at=NOW + MINUTE, reason="the child died")
        assert mails.claim(tx, now=NOW, limit=1) == []
        (again,) = mails.claim(tx, now=NOW + MINUTE, limit=1)
    assert (again.id, again.attempts) == (mail_id, 2)


def test_an_attempt_that_was_cut_short_does_not_count(ledger: Ledger) -> None:
    """Mails released after trouble of ours are due at once, with the attempts that they had before."""
    with ledger.write() as tx:
        mail_id = rows.mail(tx)
        mails.claim(tx, now=NOW, limit=1)
        mails.release(tx)
        (again,) = mails.claim(tx, now=NOW, limit=1)
    assert (again.id, again.attempts) == (mail_id, 1)


def test_a_place_is_taken_once(ledger: Ledger) -> None:
    """The same UID of the same mailbox and UIDVALIDITY is known; of another it is another mail."""
    place = Place(mailbox="m", uidvalidity=1, uid=5)
    others = [Place(mailbox="n", uidvalidity=1, uid=5), Place(mailbox="m", uidvalidity=2, uid=5)]
    with ledger.write() as tx:
        added = [
            mails.add(tx, one, sha256="a" * 64, size=1, arrived_at=NOW, now=NOW) for one in (place, place, *others)
        ]
        assert mails.at(tx, place).id == added[0]
    assert added[1] is None
    assert None not in (added[0], *added[2:])


def test_the_largest_numbers_of_imap_fit(ledger: Ledger) -> None:
    """UID and UIDVALIDITY have 32 bits without a sign (RFC 9051, section 9), sizes up to 63."""
    place = Place(mailbox="m", uidvalidity=2**32 - 1, uid=2**32 - 1)
    with ledger.write() as tx:
        mails.add(tx, place, sha256="a" * 64, size=2**40, arrived_at=NOW, now=NOW)
        assert (mails.at(tx, place).place, mails.at(tx, place).size) == (place, 2**40)


def test_only_final_mails_are_filed(ledger: Ledger) -> None:
    """A mail is moved on the server when it is recorded or set aside, and once."""
    with ledger.write() as tx:
        for uid in (1, 2, 3):
            rows.mail(tx, uid)
        done, aside = (row.id for row in mails.claim(tx, now=NOW, limit=2))
        mails.record(tx, done, Outcome.SCORED, team_id=None, reason=None)
        mails.set_aside(tx, aside, reason="our fault")
        waiting = mails.to_file(tx, "submissions@example.org/INBOX", 7)
        assert [row.id for row in waiting] == [done, aside]
        assert mails.to_file(tx, "submissions@example.org/INBOX", 8) == []
        mails.filed(tx, [done], "Processed")
        assert [row.id for row in mails.to_file(tx, "submissions@example.org/INBOX", 7)] == [aside]
        assert mails.unfinished(tx) == 1


def test_a_dead_process_leaves_work_to_be_done_again(ledger: Ledger) -> None:
    """What was being worked on or sent is due again; what was tried too often is not."""
    with ledger.write() as tx:
        rows.mail(tx)
        reply = _queue(tx)
        mails.claim(tx, now=NOW, limit=1)
        outbox.claim(tx, NOW)
    with ledger.write() as tx:
        assert (mails.recover(tx, attempts=3), outbox.recover(tx)) == (1, 1)
        assert outbox.listing(tx, reply)[0].state is ReplyState.QUEUED
        assert len(mails.claim(tx, now=NOW, limit=1)) == 1
        assert outbox.waiting(tx) == 1


def test_a_reply_that_is_sent_stays_sent(ledger: Ledger) -> None:
    """Sent and given up are final; put back is due again later."""
    with ledger.write() as tx:
        one, two, three = (_queue(tx, n) for n in (1, 2, 3))
        for _ in range(3):
            outbox.claim(tx, NOW)
        outbox.sent(tx, one, NOW)
        outbox.give_up(tx, two, error="550 no such user")
        outbox.put_back(tx, three, due_at=NOW + MINUTE, error="451 later", now=NOW)
        for reply in (one, two):
            outbox.put_back(tx, reply, due_at=NOW, error="too late", now=NOW)
        assert outbox.claim(tx, NOW) is None
        assert outbox.waiting(tx) == 1
        again = outbox.claim(tx, NOW + MINUTE)
        states = [row.state for row in outbox.listing(tx)]
    assert (again and again.id, again and again.attempts) == (three, 2)
    assert states == [ReplyState.SENT, ReplyState.GIVEN_UP, ReplyState.SENDING]


def test_replies_go_before_letters(ledger: Ledger) -> None:
    """However long a letter has waited, a reply that is due is sent first."""
    with ledger.write() as tx:
        letter = _queue(tx, 1, key="board:1:team:1")
        reply = _queue(tx, 2, now=NOW + MINUTE)
        claimed = [outbox.claim(tx, NOW + MINUTE) for _ in range(3)]
    assert [row and row.id for row in claimed] == [reply, letter, None]


def test_a_letter_is_queued_once(ledger: Ledger) -> None:
    """Its key is taken from then on."""
    with ledger.write() as tx:
        assert not outbox.has(tx, "board:1:team:1")
        _queue(tx, 1, key="board:1:team:1")
        assert outbox.has(tx, "board:1:team:1")
    with pytest.raises(Permanent, match="refused a record"), ledger.write() as tx:
        _queue(tx, 2, key="board:1:team:1")


def test_letters_are_no_replies(ledger: Ledger) -> None:
    """What is written on our own account leaves the limits of replies as they are."""
    with ledger.write() as tx:
        _queue(tx, 1, key="board:1:team:1")
        _queue(tx, 2, mail_id=rows.mail(tx))
        assert outbox.count_since(tx, NOW, recipient="a@x") == 1


def test_a_board_owes_its_letters_once(ledger: Ledger) -> None:
    """Of two that settle it, the second is told so; a board published without letters never owes any."""
    with ledger.write() as tx:
        boards.add(tx, "{}", due_at=None, now=NOW)
        assert boards.owing(tx) is None
        owing = boards.add(tx, "{}", due_at=NOW, now=NOW, letters_owed=True)
        assert boards.owing(tx) == owing
        assert owing is not None
        assert [boards.settle(tx, owing), boards.settle(tx, owing)] == [True, False]
        assert boards.owing(tx) is None
