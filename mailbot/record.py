"""Record a mail: its submissions, scores, reply and audit entry in one transaction, the quota counted inside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot import journal, reply, rules
from mailbot.instants import phase_at
from mailbot.ledger import events, mails, outbox, submissions
from mailbot.model import Outcome, Status
from mailbot.reply import Answer, Answered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mailbot.challenge import Challenge
    from mailbot.identify import Identity
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.model import Judged, Mail, Team
    from mailbot.reply import Outgoing, Replies
    from mailbot.rules import Allowance

UNKNOWN_EVERY = timedelta(days=1)
"""A sender who is on no team is told so at most this often, and only when the config says so."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """The parts this stage works with."""

    ledger: Ledger
    challenge: Challenge
    replies: Replies
    reply_to_unknown: bool
    clock: Callable[[], datetime]

    def record(self, row: MailRow, mail: Mail, identity: Identity, files: Sequence[Judged]) -> None:
        """Write everything that follows from a mail, once: a second call for the same mail changes nothing."""
        with self.ledger.write("record") as tx:
            if not mails.is_working(tx, row.id):
                return
            answered = [
                self._submission(tx, row, mail, identity.team, ordinal=n, file=f)
                for n, f in enumerate(files, 1)
                if identity.team
            ]
            outcome = identity.outcome or _outcome([a.status for a in answered])
            mails.record(
                tx, row.id, outcome, team_id=identity.team.id if identity.team else None, reason=identity.reason
            )
            self._reply(
                tx,
                row,
                mail,
                identity,
                Answer(arrived_at=row.arrived_at, team=identity.team, submissions=answered, outcome=outcome),
            )
            receipts = [
                {"receipt": a.receipt, "status": a.status, "sha256": a.file.sha256, "score": a.score} for a in answered
            ]
            events.append(
                tx, kind="mail-recorded", subject=row.name, now=self.clock(), outcome=outcome, submissions=receipts
            )
        journal.event("mail-recorded", mail=row.name, outcome=str(outcome), submissions=[a.receipt for a in answered])

    def _submission(self, tx: Tx, row: MailRow, mail: Mail, team: Team, *, ordinal: int, file: Judged) -> Answered:
        evaluation, now = file.evaluation, self.clock()
        phase = phase_at(self.challenge.phases, row.arrived_at)
        allowance = self._allowance(tx, team, evaluation.track, row.arrived_at)
        status = rules.status(
            evaluation, is_open=phase is not None, used=allowance.used if allowance else 0, quota=self.challenge.quota
        )
        method = evaluation.method or reply.method_of(mail.subject, team.name)
        submission_id = submissions.add(
            tx,
            file,
            mail_id=row.id,
            ordinal=ordinal,
            team_id=team.id,
            method=method,
            phase=phase.name if phase else None,
            status=status,
            arrived_at=row.arrived_at,
        )
        if status is Status.ACCEPTED:
            submissions.add_score(tx, submission_id, evaluation, now)
            allowance = self._allowance(tx, team, evaluation.track, row.arrived_at)
        return Answered(
            receipt=submissions.receipt(submission_id), status=status, file=file, method=method, allowance=allowance
        )

    def _allowance(self, tx: Tx, team: Team, track: str | None, arrived_at: datetime) -> Allowance | None:
        if track is None:
            return None
        since, until = self.challenge.quota.week(arrived_at)
        used = submissions.used(tx, team_id=team.id, track=track, since=since, until=until)
        return rules.Allowance(per_week=self.challenge.quota.per_week, used=used, renews_at=until)

    def _reply(self, tx: Tx, row: MailRow, mail: Mail, identity: Identity, answer: Answer) -> None:
        """Queue the reply, where there is to be one."""
        if identity.reply_to is None or not self._may_answer(tx, identity):
            return
        outgoing: Outgoing = self.replies.compose(
            answer, mail, recipient=identity.reply_to, key=row.sha256 + row.name, now=self.clock()
        )
        outbox.add(
            tx,
            kind="reply" if identity.team else "unknown-sender",
            recipient=outgoing.recipient,
            subject=outgoing.subject,
            message_id=outgoing.message_id,
            message=outgoing.message,
            mail_id=row.id,
            team_id=identity.team.id if identity.team else None,
            now=self.clock(),
        )

    def _may_answer(self, tx: Tx, identity: Identity) -> bool:
        if identity.team:
            return True
        since = self.clock() - UNKNOWN_EVERY
        return self.reply_to_unknown and not outbox.count_since(
            tx, kind="unknown-sender", recipient=identity.reply_to or "", since=since
        )


def _outcome(statuses: Sequence[Status]) -> Outcome:
    if not statuses:
        return Outcome.NO_SUBMISSION
    return Outcome.SCORED if Status.ACCEPTED in statuses else Outcome.REFUSED
