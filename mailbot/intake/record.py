"""Record a mail: its submissions, scores, reply and audit entry in one transaction, the quota counted inside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.config.calendar import Phase, phase_at
from mailbot.errors import Temporary
from mailbot.evaluation.columns import Predictions
from mailbot.intake import recorded, reply, rules
from mailbot.intake.executor import Asked
from mailbot.intake.reply import Answer, Answered
from mailbot.ledger import entries, events, held, mails, outbox, quota, submissions, teams
from mailbot.model import Outcome, Status
from mailbot.system import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.evaluation.columns import Columns
    from mailbot.evaluation.evaluator import Evaluator
    from mailbot.evaluation.feedback import Telling
    from mailbot.evaluation.labels import Labels
    from mailbot.identity.identify import Identity
    from mailbot.intake.answering import Answering
    from mailbot.intake.commands import Command
    from mailbot.intake.entries import Entry
    from mailbot.intake.executor import Obeying
    from mailbot.intake.forwarding import Forwarding
    from mailbot.intake.recorded import Known, Settled
    from mailbot.intake.registrar import Registrar
    from mailbot.intake.rules import Allowance
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.entries import EntryRow
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.open import Opened
    from mailbot.model import Judged, Team


_BY_QUOTA = {Status.ACCEPTED, Status.OVER_QUOTA}


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
    #: What was found when it was recorded first; None for a mail that is new.
    known: Known | None = None

    def settled(self, ordinal: int) -> Settled | None:
        """Return what became of a file, counted from 1, when the mail was recorded first."""
        settled = self.known.settled if self.known else ()
        return settled[ordinal - 1] if ordinal <= len(settled) else None


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
            self.telling.prepare(case.identity.team, self._phase(case, 1), files)
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
            told = replace(told, entries=self._hand_in(tx, case, team, case.entry))
        self.answering.answer(tx, case, told)
        self.forwarding.forward(tx, case, outcome)
        receipts = [
            {
                "receipt": one.receipt,
                "status": one.status,
                "phase": one.phase,
                "sha256": one.file.sha256,
                "score": one.score,
            }
            for one in answered
        ]
        events.append(
            tx,
            kind="mail-recorded",
            subject=row.name,
            now=self.clock(),
            outcome=outcome,
            submissions=receipts,
            **({"in_time": all(one.in_time for one in told.entries)} if told.entries else {}),
            **recorded.kept(identity),
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
        phase, settled = self._phase(case, ordinal), case.settled(ordinal)
        allowance = self._allowance(tx, team, evaluation.track, arrived_at)
        used, its_quota = 0, self.challenge.quota
        if allowance:
            used, its_quota = allowance.used, replace(its_quota, per_week=allowance.per_week)
        status = rules.status(evaluation, is_open=phase is not None, used=used, quota=its_quota)
        if settled and {status, settled.status} <= _BY_QUOTA:
            status = settled.status
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
        return Answered(
            receipt=receipt, status=status, file=file, method=method, allowance=allowance, told=told,
            phase=phase.name if phase else None,
        )  # fmt: skip

    def _phase(self, case: Case, ordinal: int) -> Phase | None:
        """Return the phase a file came in; of one recorded before it is that of then, wherever phases lie by now."""
        phases, arrived_at = self.challenge.phases, case.row.arrived_at
        present, settled = phase_at(phases, arrived_at), case.settled(ordinal)
        if settled is None:
            return present
        if settled.status is Status.CLOSED or settled.phase is None:
            return None
        if settled.phase == recorded.UNTOLD:
            last, coming = rules.neighbours(phases, arrived_at)
            return present or last or coming
        named = next((phase for phase in phases if phase.name == settled.phase), None)
        return named or Phase(name=settled.phase, opens=None, closes=None)

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

    def _hand_in(self, tx: Tx, case: Case, team: Team, entry: Entry) -> list[EntryRow]:
        """Enter what a team hands in; what comes outside the time for it is kept too, and said to be."""
        kind, row = entry.kind, case.row
        was = case.known.in_time if case.known else None
        in_time = kind.is_in_time(row.arrived_at) if was is None else was
        for item in entry.items:
            entries.add(
                tx,
                item,
                mail_id=row.id,
                team_id=team.id,
                kind=kind.kind,
                arrived_at=row.arrived_at,
                in_time=in_time,
            )
        return entries.listing(tx, mail_id=row.id)

    def _release(self, tx: Tx, case: Case) -> None:
        """Make the held mail due that this one confirms."""
        confirms, now = case.identity.confirms, self.clock()
        if confirms and held.release(tx, confirms, why="the team said so", now=now):
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
    return held.sent_before(tx, verdict.mark, case.row.id) if verdict and verdict.mark else None


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
