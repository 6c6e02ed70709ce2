"""What follows from a mail is written once, and the quota is counted where it is written."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.identity.identify import Identity
from mailbot.intake.case import Case, Ready
from mailbot.ledger import events, mails, outbox, submissions, teams
from mailbot.ledger.trail.verify import verify
from mailbot.mail.open import open_mail
from mailbot.model import MailState, Outcome, Status
from tests.unit.services import ADA, CARL, NOW, Clock, drop, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service

NEXT_WEEK = datetime.fromisoformat("2026-03-18T00:00:00+08:00")


def _statuses(service: Service) -> list[tuple[str, Status]]:
    """Return method and status of each submission, in order of arrival."""
    with service.ledger.read() as tx:
        return [(row.method, row.status) for row in submissions.listing(tx)]


def test_the_quota_is_per_team_and_week(tmp_path: Path) -> None:
    """Two are accepted, the third is over quota; another team and another week are counted apart."""
    with served(tmp_path, Clock()) as service:
        for n, method in enumerate("ABC"):
            take(service, submission(method), arrived_at=NOW + timedelta(minutes=n))
        take(service, submission("D", sender=CARL), arrived_at=NOW + timedelta(minutes=9))
        take(service, submission("E"), arrived_at=NEXT_WEEK - timedelta(seconds=1))
        take(service, submission("F"), arrived_at=NEXT_WEEK)
        assert _statuses(service) == [
            ("A", Status.ACCEPTED),
            ("B", Status.ACCEPTED),
            ("C", Status.OVER_QUOTA),
            ("D", Status.ACCEPTED),
            ("E", Status.OVER_QUOTA),
            ("F", Status.ACCEPTED),
        ]


def test_a_late_delivery_is_counted_in_its_own_week(tmp_path: Path) -> None:
    """A mail that arrived last week and is handled today uses last week's quota."""
    with served(tmp_path, Clock(NEXT_WEEK + timedelta(days=1)), quota={"per_week": 1}) as service:
        take(service, submission("This week"), arrived_at=NEXT_WEEK)
        take(service, submission("Last week"), arrived_at=NEXT_WEEK - timedelta(seconds=1))
        assert {status for _, status in _statuses(service)} == {Status.ACCEPTED}


def test_a_mail_is_recorded_once(tmp_path: Path) -> None:
    """A second record of the same mail, as after a crash of one worker, changes nothing."""
    with served(tmp_path, Clock()) as service:
        row = take(service, submission())
        opened = open_mail(submission(), len(submission()))
        with service.ledger.read() as tx:
            head = events.head(tx)
        case = Case(row=row, opened=opened, identity=Identity(outcome=Outcome.OWN))
        service.intake.recorder.record([Ready(case=case, files=())])
        with service.ledger.read() as tx:
            assert events.head(tx) == head
            assert mails.get(tx, row.id) == row
            assert len(outbox.listing(tx)) == 1


def test_the_trail_names_what_was_decided_and_nobody(tmp_path: Path) -> None:
    """The audit entry holds receipt, status, hash and score, and no address."""
    with served(tmp_path, Clock()) as service:
        take(service, submission())
        with service.ledger.read() as tx:
            entries = events.since(tx, 0)
            assert events.first_broken(tx) is None
    entry = next(one for one in entries if one.kind == "mail-recorded")
    assert entry.subject == "M-000001"
    assert '"receipt":"S-000001","score":' in entry.detail
    assert '"status":"accepted"' in entry.detail
    assert not any(ADA in one.detail or ADA in one.subject for one in entries)


def test_nothing_is_kept_of_a_record_that_fails(tmp_path: Path) -> None:
    """Submission, score, reply and trail stand or fall together."""
    with served(tmp_path, Clock()) as service:
        drop(service, submission())
        with service.ledger.write() as tx:  # the reply's place is taken, so the last write of the record fails
            outbox.add(
                tx, kind="reply", recipient=ADA, subject="x", message_id="<x@x>", message=b"", now=NOW, mail_id=1
            )
        service.intake.step()
        with service.ledger.read() as tx:
            (row,) = mails.listing(tx)
            assert submissions.listing(tx) == []
            assert [one.kind for one in events.since(tx, 0)].count("mail-recorded") == 0
    assert row.state is MailState.SET_ASIDE
    assert row.reason is not None


def test_one_mail_that_fails_costs_no_other_of_its_group(tmp_path: Path) -> None:
    """Mails that are recorded together: of the one that fails nothing is kept, the others are recorded once."""
    begun: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        begun.append(statement)

    stranger = "eve@elsewhere.example"
    with served(tmp_path, Clock(), roster={"file": "teams.csv", "reply_to_unknown": True}) as service:
        for n, sender in enumerate((ADA, CARL, stranger)):
            drop(service, submission(f"Method {n}", sender=sender))
        with service.ledger.write() as tx:  # the place of the second one's reply is taken, so its last write fails
            outbox.add(
                tx, kind="reply", recipient=CARL, subject="x", message_id="<x@x>", message=b"", now=NOW, mail_id=2
            )
        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            while service.intake.step():
                pass
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        assert begun.count("SAVEPOINT part") == len((ADA, CARL, stranger)), "they are not recorded together"
        with service.ledger.read() as tx:
            rows = {row.id: (row.state, row.outcome) for row in mails.listing(tx)}
            assert rows == {
                1: (MailState.RECORDED, Outcome.SCORED),
                2: (MailState.SET_ASIDE, None),
                3: (MailState.RECORDED, Outcome.UNKNOWN_SENDER),
            }
            assert [(row.mail_id, row.method) for row in submissions.listing(tx)] == [(1, "Method 0")]
            answered = sorted((row.mail_id, row.recipient) for row in outbox.listing(tx) if row.mail_id)
            assert answered == [(1, ADA), (2, CARL), (3, stranger)]
            entries = [one.subject for one in events.since(tx, 0) if one.kind == "mail-recorded"]
            assert sorted(entries) == ["M-000001", "M-000003"]
            assert verify(tx).faults == []


def test_a_stranger_hears_of_it_once_a_day(tmp_path: Path) -> None:
    """With reply_to_unknown each unknown sender gets one answer a day, however much is sent."""
    clock = Clock()
    roster = {"file": "teams.csv", "reply_to_unknown": True}
    with served(tmp_path, clock, roster=roster) as service:
        for hours in (0, 1, 22.9, 0.2):
            clock.forward(hours=hours)
            take(service, submission(sender="eve@elsewhere.example"))
        with service.ledger.read() as tx:
            told = [row.created_at - NOW for row in outbox.listing(tx) if row.recipient == "eve@elsewhere.example"]
            assert told == [timedelta(0), timedelta(hours=24.1)]
            assert submissions.listing(tx) == []


def test_a_strangers_name_on_the_roster_later_changes_nothing_before(tmp_path: Path) -> None:
    """A mail is judged by the roster of the time it is handled."""
    with served(tmp_path, Clock()) as service:
        before = take(service, submission("Before", sender="eve@elsewhere.example"))
        with service.ledger.write() as tx:
            teams.add(tx, "Elsewhere", ["eve@elsewhere.example"], NOW)
        after = take(service, submission("After", sender="eve@elsewhere.example"))
    assert (before.outcome, after.outcome) == (Outcome.UNKNOWN_SENDER, Outcome.SCORED)
