"""Retention: raw mails are dropped some time after the end, if the config says so; the ledger keeps what they said.

Only mails that are completely processed are dropped: recorded, nothing held, no open dispute, no reply waiting, and the
predictions of each accepted file kept in the column store, so that it can still be rescored.
"""

from __future__ import annotations

from dataclasses import dataclass
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

AT_ONCE = 100
"""One entry of the audit trail names at most so many mails."""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What this works with."""

    service: Service

    def run(self) -> None:
        """Drop every mail that is due. Raises Temporary when the ledger cannot be used."""
        now, days = self.service.clock(), self.service.config.retention.spool_days
        end = last_deadline(self.service.config)
        if not days or end is None or now < end + timedelta(days=days):
            return
        with self.service.ledger.read() as tx:
            published = boards.last_published(tx)
            due = self._due(tx) if published is not None and published >= end else []
        for start in range(0, len(due), AT_ONCE):
            heartbeat.beat("dropping old mails")
            self._drop(due[start : start + AT_ONCE], now)

    def _due(self, tx: Tx) -> list[MailRow]:
        """Return the mails that may be dropped; none while any mail or reply is unfinished."""
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
        unkept = {row.id for row in accepted.values() if row.track not in self.service.labels.whole}
        for stage in self.service.challenge.stages:
            own = [row for row in accepted.values() if self.service.challenge.stage_of(row.phase) == stage]
            for track, truth in self.service.labels.of_stage(stage.key).whole.items():
                wanted = {row.id: row.sha256 for row in own if row.track == track}
                unkept |= set(wanted) if truth.track.own else self.service.columns.missing(truth, wanted)
        return {accepted[submission_id].mail_id for submission_id in unkept}

    def _drop(self, rows: Sequence[MailRow], now: datetime) -> None:
        """Enter in the audit trail that mails are dropped, then drop them; if interrupted, the next run continues."""
        with self.service.ledger.write("retention") as tx:
            names = [row.name for row in rows]
            events.append(tx, kind="mails-dropped", subject="retention", now=now, mails=names)
        for digest in dict.fromkeys(row.sha256 for row in rows):
            self.service.ledger.verify_lead()  # another host may have taken over, for which such a mail came again
            self.service.spool.drop(digest, f"{RETENTION} on {now:%Y-%m-%d}")
        journal.event("mails-dropped", count=len(rows))
