"""Disputes about a score: the organizers get what they need to decide, and the team gets their answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.config.calendar import DAY
from mailbot.errors import Permanent
from mailbot.intake.answers import Fault
from mailbot.ledger import disputes, events, outbox, submissions, teams
from mailbot.mail import envelope
from mailbot.mail.languages import CHINESE, has_han, language_of, words
from mailbot.mail.templates import environment
from mailbot.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from email.message import EmailMessage

    from mailbot.config.challenge import Challenge
    from mailbot.evaluation.submitted_files import SubmittedFiles
    from mailbot.intake.commands import Command
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.disputes import DisputeRow
    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.model import Ruling, Team
    from scoring.labels.truth import Truth
    from scoring.model import Measure


MOST_ATTACHED = 2**20
"""Bytes of a file that is attached for the organizers; a larger one they take out of its mail themselves."""


@dataclass(frozen=True, kw_only=True)
class Disputes:
    """Brings disputes to the organizers, and their rulings to the teams."""

    challenge: Challenge
    ledger: Ledger
    files: SubmittedFiles
    clock: Callable[[], datetime]

    def evidence(self, team: Team, command: Command) -> bytes | None:
        """Return the file that a dispute is about, before the transaction begins: a child takes it out of its mail.

        Nothing is read where the dispute cannot be opened, or the file is too large to be attached.
        """
        with self.ledger.read() as tx:
            row = next(iter(submissions.with_ids(tx, command.submissions)), None)
            if row is None or row.size > MOST_ATTACHED or self.fault(tx, team, row):
                return None
        return self.files.find(row)

    def fault(self, tx: Tx, team: Team, row: SubmissionRow) -> Fault | None:
        """Return why a team cannot dispute the score of a submission; None when it can."""
        if row.team_id != team.id:
            return Fault.NOT_YOURS
        if row.status is not Status.ACCEPTED:
            return Fault.NOT_ACCEPTED
        if disputes.opened(tx, row.id):
            return Fault.DISPUTED
        today = disputes.count(tx, team_id=team.id, since=self.clock() - DAY)
        return Fault.DISPUTES if today >= self.challenge.quota.disputes_per_day else None

    def open(self, tx: Tx, mail: MailRow, team: Team, command: Command, data: bytes | None, *, now: datetime) -> None:
        """Enter a dispute, and write to the organizers with the file and what its score is made of."""
        (number,) = command.submissions
        disputes.add(tx, submission_id=number, mail_id=mail.id, text=command.text, now=now)
        (row,) = submissions.with_ids(tx, [number])
        context = {"row": row, "team": team, "text": command.text, "mail": mail.name, "counts": self._counts(row)}
        context["attached"] = data is not None
        for organizer in self.challenge.organizers:
            key = f"dispute {mail.name} {row.receipt} {organizer}"
            subject = f"{row.receipt} of {team.name} is disputed"
            message = self._begin(organizer, subject, key)
            text = environment().get_template("replies/dispute.txt.j2").render(context)
            message.set_content(text, cte="quoted-printable")
            if data is not None:
                name = row.file_name or f"{row.receipt}.dat"
                message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
                message.set_boundary(f"=_{message['Message-ID'][1:-1].partition('@')[0]}")
            self._queue(tx, message, kind="dispute", key=key)

    def rule(self, tx: Tx, submission_id: int, verdict: Ruling, why: str) -> DisputeRow:
        """Close the open dispute of a submission and answer the team. Raises Permanent when there is none."""
        row = disputes.opened(tx, submission_id)
        if row is None:
            message = f"there is no open dispute of {submissions.receipt(submission_id)}; `mailbot disputes` lists them"
            raise Permanent(message)
        now = self.clock()
        disputes.rule(tx, row.id, verdict, why, now)
        events.append(tx, kind="dispute-ruled", subject=row.receipt, now=now, verdict=verdict, why=why)
        self._answer(tx, row, verdict, why)
        return row

    def _answer(self, tx: Tx, row: DisputeRow, verdict: Ruling, why: str) -> None:
        team = next(team for team in teams.everyone(tx) if team.id == row.team_id)
        recipient = teams.recipient(team, teams.bouncing(tx))
        if recipient is None:
            return
        language = team.language or (CHINESE if has_han(row.text) else language_of(team.name))
        key = f"dispute-ruled {row.id} {team.name}"
        subject = words(language).gettext("Your dispute about %s") % row.receipt
        context = {"row": row, "team": team, "verdict": verdict, "why": why, "challenge": self.challenge}
        message = self._begin(recipient, subject, key)
        text = environment(language).get_template("replies/ruled.txt.j2").render(context)
        message.set_content(text, cte="quoted-printable")
        self._queue(tx, message, kind="dispute-ruled", key=key, team_id=team.id)

    def _begin(self, recipient: str, subject: str, key: str) -> EmailMessage:
        return envelope.begin(self.challenge, recipient=recipient, subject=subject, key=key, now=self.clock())

    def _queue(self, tx: Tx, message: EmailMessage, *, kind: str, key: str, team_id: int | None = None) -> None:
        if not outbox.has(tx, key):
            outbox.queue(tx, message, kind=kind, team_id=team_id, key=key, now=self.clock())

    def _counts(self, row: SubmissionRow) -> list[tuple[str, str]]:
        """Return each measure of a submission's score; for choices, how many are right of how many."""
        if row.track is None or row.score is None:
            return []
        truth = self.challenge.truths_of(self.challenge.stage_of(row.phase))[row.track]
        measures = [each for each in truth.track.measures if each.key in row.metrics]
        return [(each.title, _told(truth, each, row.metrics[each.key])) for each in measures]


def _told(truth: Truth, measure: Measure, value: float) -> str:
    """``223 of 380 right (58.68 %)`` for an accuracy, ``0.9135`` for any other measure."""
    if measure.metric != "accuracy":
        return f"{value:.{measure.decimals}f}"
    groups = truth.groups or ()
    n = sum(groups[place] == measure.group for place in truth.positions) if measure.group else truth.n
    return f"{round(n * value / 100)} of {n} right ({value:.2f} %)"
