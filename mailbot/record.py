"""Record a mail: its submissions, scores, reply and audit entry in one transaction, the quota counted inside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot import journal, quota, reply, rules
from mailbot.auth import known
from mailbot.columns import Predictions
from mailbot.dialogue.obeying import Asked
from mailbot.errors import Temporary
from mailbot.instants import phase_at
from mailbot.ledger import entries, events, holding, mails, outbox, submissions, teams
from mailbot.model import Outcome, Status
from mailbot.reply import Answer, Answered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mailbot.answering import Answering
    from mailbot.challenge import Challenge
    from mailbot.columns import Columns
    from mailbot.dialogue.commands import Command
    from mailbot.dialogue.entries import Entry
    from mailbot.dialogue.forwarding import Forwarding
    from mailbot.dialogue.obeying import Obeying
    from mailbot.evaluator import Evaluator
    from mailbot.identify import Identity
    from mailbot.labels import Labels
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.entries import EntryRow
    from mailbot.ledger.mails import MailRow
    from mailbot.model import Judged, Team
    from mailbot.opening import Opened
    from mailbot.registration.registrar import Registrar
    from mailbot.rules import Allowance
    from mailbot.telling import Telling


@dataclass(frozen=True, kw_only=True)
class Case:
    """A mail on its way through the stages."""

    row: MailRow
    opened: Opened
    identity: Identity
    #: What the team asks for; its files are only checked then.
    command: Command | None = None
    #: What it hands in besides result files.
    entry: Entry | None = None


@dataclass(frozen=True, kw_only=True)
class Record:
    """The parts this stage works with."""

    ledger: Ledger
    challenge: Challenge
    labels: Labels
    answering: Answering
    columns: Columns
    evaluator: Evaluator
    telling: Telling
    obeying: Obeying
    forwarding: Forwarding
    registrar: Registrar
    clock: Callable[[], datetime]

    def record(self, case: Case, files: Sequence[Judged]) -> None:
        """Write everything that follows from a mail, once: a second call for the same mail changes nothing."""
        if case.identity.team and not case.command:
            self.telling.prepare(case.identity.team, phase_at(self.challenge.phases, case.row.arrived_at), files)
        evidence = self.obeying.evidence(case.command)
        with self.ledger.write("record") as tx:
            if not mails.is_working(tx, case.row.id):
                return
            if files and not self.labels.are_present(tx):
                message = "the labels were changed while the mail was being scored; it is scored again"
                raise Temporary(message)
            twin = mails.twin(tx, case.row, case.opened.fingerprint) or _sent_before(tx, case)
            if twin:
                again = replace(case.identity, outcome=Outcome.KNOWN, reply_to=None, reason=f"it is {twin} again")
                case, files = replace(case, identity=again, command=None, entry=None), ()
            else:
                case = self.registrar.enter(tx, case)
            answered = self._record(tx, case, files, evidence)
        self._keep(answered)
        receipts = [one.receipt for one in answered]
        journal.event("mail-recorded", mail=case.row.name, outcome=_outcome(case, answered), receipts=receipts)

    def _record(self, tx: Tx, case: Case, files: Sequence[Judged], evidence: bytes | None) -> list[Answered]:
        row, identity, team, command = case.row, case.identity, case.identity.team, case.command
        submitted = files if command is None else ()
        answered = [self._submission(tx, case, team, n, file) for n, file in enumerate(submitted, 1) if team]
        outcome, fingerprint = _outcome(case, answered), case.opened.fingerprint
        team_id = team.id if team else None
        mails.record(
            tx,
            row.id,
            outcome,
            team_id=team_id,
            reason=identity.reason or (str(command) if command else None),
            fingerprint=fingerprint,
            verdict=identity.verdict,
        )
        self._mark_addresses(tx, case)
        self._release(tx, case)
        told = Answer(
            arrived_at=row.arrived_at, team=team, submissions=answered, outcome=outcome, verdict=identity.verdict,
            why=identity.reason or "", registration=identity.result,
        )  # fmt: skip
        if command is not None and team is not None:
            asked = Asked(command=command, files=files, evidence=evidence)
            told = replace(told, done=self.obeying.obey(tx, row, team, asked))
        if case.entry is not None and team is not None:
            told = replace(told, entries=self._hand_in(tx, row, team, case.entry))
        self.answering.answer(tx, case, told)
        self.forwarding.forward(tx, case, outcome)
        receipts = [
            {"receipt": one.receipt, "status": one.status, "sha256": one.file.sha256, "score": one.score}
            for one in answered
        ]
        events.append(
            tx,
            kind="mail-recorded",
            subject=row.name,
            now=self.clock(),
            outcome=outcome,
            submissions=receipts,
            **known.kept(identity),
        )
        return answered

    def _keep(self, answered: Sequence[Answered]) -> None:
        """Keep what the accepted files predict. It can be made anew from the spool, so trouble here costs no mail."""
        for one in answered:
            track = one.file.evaluation.track
            truth = self.challenge.truths[track] if track else None
            if one.status is Status.ACCEPTED and truth and truth.sha256 == one.file.evaluation.truth:
                number = int(one.receipt.removeprefix("S-"))
                kept = Predictions(submission_id=number, sha256=one.file.sha256, values=one.file.values)
                try:
                    self.columns.put(truth, [kept])
                except OSError as error:
                    journal.trouble("columns-not-kept", receipt=one.receipt, why=error.strerror)

    def _submission(self, tx: Tx, case: Case, team: Team, ordinal: int, file: Judged) -> Answered:
        evaluation, arrived_at = file.evaluation, case.row.arrived_at
        phase = phase_at(self.challenge.phases, arrived_at)
        allowance = self._allowance(tx, team, evaluation.track, arrived_at)
        used, its_quota = 0, self.challenge.quota
        if allowance:
            used, its_quota = allowance.used, replace(its_quota, per_week=allowance.per_week)
        status = rules.status(evaluation, is_open=phase is not None, used=used, quota=its_quota)
        accepted = phase is not None and status is Status.ACCEPTED
        told = self.telling.of(tx, team, phase, file) if phase and accepted else None
        method = evaluation.method or reply.method_of(case.opened.mail.subject, team.name)
        submission_id = submissions.add(
            tx,
            file,
            mail_id=case.row.id,
            ordinal=ordinal,
            team_id=team.id,
            method=method,
            phase=phase.name if phase else None,
            status=status,
            arrived_at=arrived_at,
        )
        if status is Status.ACCEPTED:
            self._score(tx, submission_id, file)
            allowance = self._allowance(tx, team, evaluation.track, arrived_at)
        receipt = submissions.receipt(submission_id)
        return Answered(receipt=receipt, status=status, file=file, method=method, allowance=allowance, told=told)

    def _score(self, tx: Tx, submission_id: int, file: Judged) -> None:
        """Enter the score that replies and weekly boards use, and with a split the one that decides in the end."""
        final = self.labels.final[str(file.evaluation.track)]
        if final.sha256 != file.evaluation.truth:
            submissions.add_score(tx, submission_id, self.evaluator.kept(file.values, final), self.clock())
        submissions.add_score(tx, submission_id, file.evaluation, self.clock())

    def _allowance(self, tx: Tx, team: Team, track: str | None, arrived_at: datetime) -> Allowance | None:
        if track is None:
            return None
        return quota.allowance(tx, self.challenge.quota, team_id=team.id, track=track, at=arrived_at)

    def _hand_in(self, tx: Tx, row: MailRow, team: Team, entry: Entry) -> list[EntryRow]:
        """Enter what a team hands in; what comes outside the time for it is kept too, and said to be."""
        kind, arrived_at = entry.kind, row.arrived_at
        for item in entry.items:
            entries.add(
                tx,
                item,
                mail_id=row.id,
                team_id=team.id,
                kind=kind.kind,
                arrived_at=arrived_at,
                in_time=kind.is_in_time(arrived_at),
            )
        return entries.listing(tx, mail_id=row.id)

    def _release(self, tx: Tx, case: Case) -> None:
        """Make the held mail due that this one confirms."""
        confirms, now = case.identity.confirms, self.clock()
        if confirms and holding.release(tx, confirms, why="the team said so", now=now):
            events.append(tx, kind="mail-confirmed", subject=f"M-{confirms:06d}", now=now, by=case.row.name)

    def _mark_addresses(self, tx: Tx, case: Case) -> None:
        """Who writes to us can be written to; whom a delivery report names cannot."""
        now = self.clock()
        for sender in case.opened.mail.senders:
            teams.mark_bouncing(tx, sender, None)
        for message_id in case.opened.undelivered:
            recipient = outbox.recipient_of(tx, message_id)
            if recipient and teams.mark_bouncing(tx, recipient, now):
                events.append(tx, kind="address-bounced", subject=case.row.name, now=now)


def _sent_before(tx: Tx, case: Case) -> str | None:
    """Return the mail that this one is a replay of: signed mail can be sent once more by whoever has seen it."""
    verdict = case.identity.verdict
    return holding.sent_before(tx, verdict.mark, case.row.id) if verdict and verdict.mark else None


def _outcome(case: Case, answered: Sequence[Answered]) -> Outcome:
    if case.identity.outcome:
        return case.identity.outcome
    if case.command is not None:
        return Outcome.COMMAND
    if case.entry is not None:
        return Outcome.ENTRY
    if not answered:
        return Outcome.NO_SUBMISSION
    return Outcome.SCORED if any(one.status is Status.ACCEPTED for one in answered) else Outcome.REFUSED
