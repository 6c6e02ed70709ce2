"""The clock is set back and forward: mails, replies and boards go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.config import load
from mailbot.ledger import Ledger, boards, mails, outbox
from mailbot.ledger.mailbox.places import Place
from tests.faults.conftest import mail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.ledger import Tx
    from tests.faults.conftest import MakeBot
    from tests.servers.smtp_sink import SmtpSink

NOW = datetime(2026, 3, 12, 8, tzinfo=UTC)  # a Thursday; boards are published on Wednesdays
SECOND, WEEK, YEAR = timedelta(seconds=1), timedelta(days=7), timedelta(days=365)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Give an empty ledger."""
    made = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    made.migrate()
    yield made
    made.close()


def _enter(tx: Tx, now: datetime) -> tuple[int, int]:
    """Enter a mail and a reply at an instant."""
    place = Place(mailbox="inbox", uidvalidity=1, uid=1)
    mail_id = mails.add(tx, place, sha256="0" * 64, size=1, arrived_at=NOW, now=now)
    assert mail_id is not None
    queued = {"kind": "letter", "recipient": "ada@peepers.example", "subject": "s", "message": b"m"}
    return mail_id, outbox.add(tx, **queued, message_id="<1@siqa.example>", now=now)  # type: ignore[arg-type]  # a dict of mixed values


@pytest.mark.parametrize("back", [SECOND, timedelta(hours=1), YEAR])
def test_what_was_entered_ahead_of_time_is_due(ledger: Ledger, back: timedelta) -> None:
    """What was spooled and queued while the clock was ahead is due at once, not when that time comes again."""
    with ledger.write("test") as tx:
        _enter(tx, NOW)
        assert mails.claim(tx, now=NOW - back, limit=9)
        assert outbox.claim(tx, NOW - back)


def test_what_was_delayed_ahead_of_time_is_due(ledger: Ledger) -> None:
    """A retry that was set while the clock was a year ahead is due at once; one set by a right clock waits."""
    with ledger.write("test") as tx:
        mail_id, reply_id = _enter(tx, NOW)
        for ahead, is_due in ((YEAR, True), (timedelta(), False)):
            assert mails.claim(tx, now=NOW + ahead, limit=9)
            assert outbox.claim(tx, NOW + ahead)
            mails.put_back(tx, mail_id, due_at=NOW + ahead + SECOND, reason="a child died")
            outbox.put_back(tx, reply_id, due_at=NOW + ahead + SECOND, error="451 later", now=NOW)
            assert bool(mails.claim(tx, now=NOW, limit=9)) is is_due
            assert bool(outbox.claim(tx, NOW)) is is_due
            mails.release(tx)
            outbox.recover(tx)


def test_boards_go_on_after_a_clock_that_was_ahead(make_bot: MakeBot) -> None:
    """A board that was published for a Wednesday to come, by a clock a year ahead, keeps back none of the next ones."""
    config = load.load(make_bot(port=1).folder / "config.toml")
    clock = [NOW]
    with flow.working(config, clock=lambda: clock[0]) as wired:
        for now, is_due in ((NOW + YEAR, True), (NOW + YEAR, False), (NOW, False), (NOW + WEEK, True)):
            clock[0] = now
            assert wired.weekly.step() is is_due
        clock[0] = NOW + WEEK
        assert not wired.weekly.step()
        with wired.ledger.read() as tx:
            assert len(boards.listing(tx)) == 2


def test_a_mail_goes_its_way_while_the_clock_jumps(make_bot: MakeBot, smtp_sink: SmtpSink) -> None:
    """Spooled a day ahead, recorded a year back, answered an hour later: once each, in the week of its arrival."""
    config = load.load(make_bot(port=1).folder / "config.toml")
    clock = [NOW]
    with flow.working(config, clock=lambda: clock[0]) as wired:
        clock[0] = NOW + timedelta(days=1)
        with wired.ledger.write("test") as tx:
            place = Place(mailbox="inbox", uidvalidity=1, uid=1)
            raw = mail("One")
            sha256 = wired.spool.put(raw, NOW)
            mails.add(tx, place, sha256=sha256, size=len(raw), arrived_at=NOW, now=clock[0])
        clock[0] = NOW - YEAR
        assert wired.intake.step()
        assert not wired.intake.step()
        clock[0] = NOW - YEAR + timedelta(hours=1)
        with wired.sending() as sending:
            assert sending.step()
            assert not sending.step()
    assert len(smtp_sink.sent) == 1
