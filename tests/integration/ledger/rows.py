"""Rows to put into a ledger, each right in every way but the one that a test changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger import mails, tables, teams
from mailbot.ledger.mailbox.places import Place
from mailbot.model import MailState, ReplyState, Status

if TYPE_CHECKING:
    from mailbot.ledger import Tx

NOW = datetime(2026, 3, 12, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TRUTH = "0" * 64


def mail(tx: Tx, uid: int = 1, *, arrived_at: datetime = NOW) -> int:
    """Enter a spooled mail and return its id."""
    place = Place(mailbox="submissions@example.org/INBOX", uidvalidity=7, uid=uid)
    mail_id = mails.add(tx, place, sha256=f"{uid:064x}", size=100, arrived_at=arrived_at, now=NOW)
    assert mail_id is not None
    return mail_id


def team(tx: Tx, name: str = "Pixel Peepers") -> int:
    """Enter a team and return its id."""
    return teams.add(tx, name, [f"{name.split(maxsplit=1)[0].lower()}@example.org"], NOW)


def row(tx: Tx, table: sa.Table, **changed: object) -> int:
    """Insert a row of a table as it ought to be, but for what is changed; return its id."""
    found = tx.execute(sa.insert(table).values(**(_right(tx, table) | changed)).returning(*table.primary_key))
    return int(found.scalar_one())


def _right(tx: Tx, table: sa.Table) -> dict[str, object]:
    """Return the values of a row that the ledger takes; what it refers to is entered first."""
    file = {"sha256": "a" * 64, "size": 100}
    if table is tables.mails:
        times = dict.fromkeys(("arrived_at", "spooled_at", "due_at"), NOW)
        return file | times | {"mailbox": "m", "uidvalidity": 1, "uid": 1, "state": MailState.SPOOLED}
    if table is tables.submissions:
        told = {"track": "siqa-s", "phase": "test", "method": "", "file_name": "s.json", "status": Status.ACCEPTED}
        owner = {"mail_id": mail(tx, 99), "team_id": team(tx, "Owner"), "ordinal": 1}
        return file | told | owner | {"arrived_at": NOW, "problems": [], "notes": []}
    if table is tables.scores:
        tx.execute(sa.insert(tables.truths).values(sha256=TRUTH, track="siqa-s", n=8, added_at=NOW))
        of = {"submission_id": row(tx, tables.submissions), "truth": TRUTH, "track": "siqa-s", "scorer": "siqa-s/1"}
        return of | {"value": 50.0, "metrics": {}, "n": 8, "scored_at": NOW}
    if table is tables.exclusions:
        excluded = row(tx, tables.submissions)
        team_id = tx.scalar(sa.select(tables.submissions.c.team_id).where(tables.submissions.c.id == excluded))
        return {"team_id": team_id, "submission_id": excluded, "kind": "hidden", "why": "we look", "since": NOW}
    if table is tables.truth_choices:
        tx.execute(sa.insert(tables.truths).values(sha256=TRUTH, track="siqa-s", n=8, added_at=NOW))
        return {"truth": TRUTH, "track": "siqa-s", "source": "organizer", "why": "swapped", "chosen_at": NOW}
    sent = {"kind": "reply", "recipient": "ada@example.org", "subject": "Re:", "message_id": "<1@x>", "message": b"x"}
    return sent | {"state": ReplyState.QUEUED, "created_at": NOW, "due_at": NOW}
