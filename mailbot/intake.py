"""The step that takes spooled mails to their record: open, identify, evaluate, record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot import journal
from mailbot.errors import MailbotError, Temporary
from mailbot.evaluator import Job, judged
from mailbot.identify import Identity, identify
from mailbot.ledger import events, mails, outbox, teams
from mailbot.model import Outcome
from mailbot.opening import open_mail
from mailbot.rules import hold_to_team
from scoring.model import Evaluation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from mailbot.challenge import Challenge
    from mailbot.evaluator import Evaluator
    from mailbot.ledger import Ledger
    from mailbot.ledger.mails import MailRow
    from mailbot.model import Judged, Mail, Team
    from mailbot.opening import Candidate, Opened
    from mailbot.record import Record
    from mailbot.sandbox import Sandbox, Task
    from mailbot.spool import Spool

BATCH = 16
"""Mails claimed at once: enough to keep the children busy, few enough to finish soon."""

ATTEMPTS = 3
"""A mail that our code could not handle so often is set aside."""

RETRY = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Intake:
    """The parts this step works with."""

    ledger: Ledger
    spool: Spool
    sandbox: Sandbox
    evaluator: Evaluator
    recorder: Record
    challenge: Challenge
    #: Addresses that mailbot itself writes from, canonical.
    own: Collection[str]
    clock: Callable[[], datetime]

    def step(self) -> bool:
        """Handle the oldest mails that are due; tell whether there were any."""
        with self.ledger.write() as tx:
            rows = mails.claim(tx, now=self.clock(), limit=BATCH)
        tasks = [self._start(row) for row in rows]
        for row, task in zip(rows, tasks, strict=True):
            try:
                self._handle(row, task)
            except MailbotError as error:
                self._failed(row, error)
        return bool(rows)

    def _start(self, row: MailRow) -> Task[Opened] | MailbotError:
        try:
            return self.sandbox.submit(open_mail, self.spool.get(row.sha256), row.size)
        except MailbotError as error:
            return error

    def _handle(self, row: MailRow, task: Task[Opened] | MailbotError) -> None:
        if isinstance(task, MailbotError):
            raise task
        opened = task.result()
        identity = self._identify(opened.mail, has_files=bool(opened.candidates))
        files = (
            self._judge(opened.mail, opened.candidates, identity.team) if identity.team and not identity.outcome else []
        )
        self.recorder.record(row, opened.mail, identity, files)

    def _identify(self, mail: Mail, *, has_files: bool) -> Identity:
        with self.ledger.read() as tx:
            roster = teams.by_address(tx, mail.senders)
            answers_us = outbox.is_ours(tx, mail.references)
        identity = identify(mail, roster, self.own)
        if identity.outcome is None and answers_us and not has_files:
            return Identity(
                team=identity.team, outcome=Outcome.NO_SUBMISSION, reason="an answer to a reply, without a file"
            )
        return identity

    def _judge(self, mail: Mail, candidates: Sequence[Candidate], team: Team) -> list[Judged]:
        """Evaluate what could be unpacked, held to the sender's team; the rest carries its problems already."""
        hint = self._hint(mail.subject)
        jobs = [Job(name=c.name, data=c.data, hint=hint) for c in candidates if not c.problems]
        evaluations = iter([self._hold_to_team(e, team) for e in self.evaluator.evaluate(jobs)])
        return [
            judged(c, Evaluation(track=None, problems=c.problems) if c.problems else next(evaluations))
            for c in candidates
        ]

    def _hold_to_team(self, evaluation: Evaluation, team: Team) -> Evaluation:
        with self.ledger.read() as tx:
            named = teams.with_name(tx, evaluation.team) if evaluation.team else None
        return hold_to_team(evaluation, team.name, said_is_registered=named is not None)

    def _hint(self, subject: str) -> str | None:
        """Return the one track whose name or title the subject holds."""
        tracks = self.challenge.tracks.values()
        named = [t.name for t in tracks if t.title.casefold() in subject.casefold()]
        return named[0] if len(named) == 1 else None

    def _failed(self, row: MailRow, error: MailbotError) -> None:
        """Make the mail wait, or set it aside when it was tried often enough."""
        now, reason = self.clock(), str(error)
        final = row.attempts >= ATTEMPTS or not isinstance(error, Temporary)
        with self.ledger.write() as tx:
            if final:
                mails.set_aside(tx, row.id, reason=reason)
                events.append(tx, kind="mail-set-aside", subject=row.name, now=now, reason=reason)
            else:
                mails.put_back(tx, row.id, due_at=now + RETRY * row.attempts, reason=reason)
        journal.event("mail-set-aside" if final else "mail-retried", mail=row.name, attempt=row.attempts, reason=reason)
