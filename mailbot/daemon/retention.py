"""Dropping raw mails some time after the end, where the config asks for it: what they said stays in the ledger.

Only a mail is dropped whose work is finished: recorded, nothing held, no open dispute, no mail of ours on its way,
and what each accepted file predicts kept as columns, so that it can still be scored anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.config.schema import last_deadline
from mailbot.ledger import boards, erasure, events, mails, outbox, submissions
from mailbot.model import Status
from mailbot.system import heartbeat, journal
from mailbot.transport.spool import RETENTION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mailbot.ledger import Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.service import Service

EVERY = timedelta(days=1)
AT_ONCE = 100
"""So many mails go in one entry of the audit trail."""


@dataclass(kw_only=True)
class Retention:
    """What this works with, and when it looked last."""

    service: Service
    _looked_at: datetime | None = field(default=None)

    def step(self) -> bool:
        """Drop what is due, once a day; there is never more to do at once. Raises Temporary."""
        now, days = self.service.clock(), self.service.config.retention.spool_days
        if not days or (self._looked_at is not None and now - self._looked_at < EVERY):
            return False
        self._looked_at = now
        end = last_deadline(self.service.config)
        if end is None or now < end + timedelta(days=days):
            return False
        with self.service.ledger.read() as tx:
            published = boards.last_published(tx)
            due = self._due(tx) if published is not None and published >= end else []
        for start in range(0, len(due), AT_ONCE):
            heartbeat.beat("dropping old mails")
            self._drop(due[start : start + AT_ONCE], now)
        return False

    def _due(self, tx: Tx) -> list[MailRow]:
        """Return the mails that may go; nothing may while any mail or reply is unfinished."""
        if mails.unfinished(tx) or outbox.waiting(tx):
            return []
        needed, unkept = erasure.still_needed(tx), self._unkept(submissions.listing(tx))
        return [
            row
            for row in mails.listing(tx)
            if row.sha256 not in needed and row.id not in unkept and self.service.spool.path(row.sha256).exists()
        ]

    def _unkept(self, rows: Sequence[SubmissionRow]) -> set[int]:
        """Return the mails with an accepted submission whose predictions are not in the column store."""
        accepted = {row.id: row for row in rows if row.status is Status.ACCEPTED}
        whole = self.service.labels.whole
        unkept = {row.id for row in accepted.values() if row.track not in whole}
        for track, truth in whole.items():
            wanted = {row.id: row.sha256 for row in accepted.values() if row.track == track}
            unkept |= self.service.columns.missing(truth, wanted)
        return {accepted[submission_id].mail_id for submission_id in unkept}

    def _drop(self, rows: Sequence[MailRow], now: datetime) -> None:
        """Enter that the mails are dropped, then drop them; cut short, the next look goes on."""
        with self.service.ledger.write("retention") as tx:
            names = [row.name for row in rows]
            events.append(tx, kind="mails-dropped", subject="retention", now=now, mails=names)
        for digest in dict.fromkeys(row.sha256 for row in rows):
            self.service.spool.drop(digest, f"{RETENTION} on {now:%Y-%m-%d}")
        journal.event("mails-dropped", count=len(rows))
