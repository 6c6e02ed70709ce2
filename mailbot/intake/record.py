"""Record mails: the submissions, scores, reply and audit entry of each in one transaction, the quota counted in it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.errors import Temporary
from mailbot.intake import recorded
from mailbot.intake.answers import Answer, Answered
from mailbot.intake.executor import Asked
from mailbot.ledger import entries, events, held, mails, outbox, quota, teams
from mailbot.ledger.engine import Abandoned
from mailbot.ledger.guard import repeats
from mailbot.model import AuthLevel, Id, Outcome, Status
from mailbot.system import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mailbot.intake.answering import Answering
    from mailbot.intake.case import Case, Ready
    from mailbot.intake.entries import Entry
    from mailbot.intake.executor import Executor
    from mailbot.intake.files.submissions import Submissions
    from mailbot.intake.forwarding import Forwarding
    from mailbot.intake.registrar import Registrar
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.entries import EntryRow
    from mailbot.ledger.guard.repeats import Seen
    from mailbot.model import Judged, Team


@dataclass(frozen=True, kw_only=True)
class Record:
    """Records mails, several in one transaction."""

    ledger: Ledger
    submissions: Submissions
    answering: Answering
    executor: Executor
    forwarding: Forwarding
    registrar: Registrar
    clock: Callable[[], datetime]

    def settle(self, group: Sequence[Ready]) -> None:
        """Record some mails; whatever fails is the ``result`` of the mails that it is about.

        What is told of a mail may depend on what its team's earlier mail left, so two of a team are recorded apart.
        """
        teams_of = [each.case.identity.team for each in group]
        for place, team in enumerate(teams_of):
            if team is not None and team in teams_of[:place]:
                self.settle(group[:place])
                self.settle(group[place:])
                return
        try:
            self.record(group)
        except Exception as error:  # noqa: BLE001  # whatever it is, it costs no mail but those it is about
            for each in group:
                each.recorded = None
            if len(group) == 1 or isinstance(error, Temporary):
                for each in group:
                    each.failed, each.done = error, True
            else:
                for each in group:  # it may be about one of them
                    self.settle([each])

    def record(self, group: Sequence[Ready]) -> None:
        """Write everything that follows from some mails, in one transaction; of a mail that fails nothing is kept.

        Each mail is written once: a second call for the same one changes nothing. None is done before the commit.
        Raises what failed for all of them; what failed for one, its ``result`` raises.
        """
        for each in group:
            self._prepare(each)
        with self.ledger.write("record") as tx:
            current = self.submissions.are_current(tx, [file for each in group for file in each.files])
            for each in group:
                if each.failed is not None:
                    continue
                try:
                    with self.ledger.part(tx, "record") if len(group) > 1 else nullcontext():
                        each.recorded = self._enter(tx, each, current=current)
                except Abandoned:
                    raise
                except Exception as error:  # one that breaks our own code must not stop the others
                    if len(group) == 1:
                        raise
                    each.failed = error
        self.submissions.keep(one for each in group if each.recorded for one in each.recorded[1])
        for each in group:
            if each.recorded is not None:
                case, answered = each.recorded
                receipts = [one.receipt for one in answered]
                journal.event("mail-recorded", mail=case.row.name, outcome=_outcome(case, answered), receipts=receipts)
            each.done = True

    def _prepare(self, ready: Ready) -> None:
        """Have at hand what is needed to record a mail, before the transaction."""
        case = ready.case
        try:
            ready.files = self.submissions.prepared(case, ready.files)
            ready.evidence = self.executor.evidence(case.identity.team, case.command)
        except Exception as error:  # noqa: BLE001  # as in record
            ready.failed = error

    def _enter(self, tx: Tx, ready: Ready, *, current: bool) -> tuple[Case, list[Answered]] | None:
        """Write what follows from a mail; None where somebody else has done so meanwhile."""
        case, files, marks = ready.case, ready.files, _marks(ready.case)
        opened = case.opened
        team, senders = case.identity.team, opened.mail.senders
        seen = repeats.look(
            tx, case.row, opened.fingerprint, found=marks, team_id=team.id if team else None, senders=senders
        )
        if not seen.is_working:
            return None
        if files and not current:
            message = "the labels were changed while the mail was being scored; it is scored again"
            raise Temporary(message)
        if seen.twin:
            again = replace(case.identity, outcome=Outcome.KNOWN, reply_to=None, reason=f"it is {seen.twin} again")
            case, files = replace(case, identity=again, command=None, entry=None), ()
        else:
            case = self.registrar.enter(tx, case)
        return case, self._record(tx, case, files, ready.evidence, seen)

    def _record(
        self, tx: Tx, case: Case, files: Sequence[Judged], evidence: bytes | None, seen: Seen
    ) -> list[Answered]:
        row, identity, team, command = case.row, case.identity, case.identity.team, case.command
        submitted = files if command is None else ()
        answered = [self.submissions.add(tx, case, team, n, file) for n, file in enumerate(submitted, 1) if team]
        answered = self.submissions.with_counting(tx, team, answered) if team else answered
        outcome, fingerprint = _outcome(case, answered), case.opened.fingerprint
        team_id = team.id if team else None
        mails.record(
            tx,
            row.id,
            outcome,
            team_id=team_id,
            reason=identity.reason or (str(command) if command else _repeats(answered)),
            fingerprint=fingerprint,
            verdict=identity.verdict,
            sender=repeats.as_kept(case.opened.mail.senders),
            subject=case.opened.mail.subject,
        )
        repeats.add_marks(tx, row.id, _marks(case), known=seen.marks)
        self._mark_addresses(tx, case, seen)
        self._release(tx, case)
        told = Answer(
            arrived_at=row.arrived_at, team=team, submissions=answered, outcome=outcome, verdict=identity.verdict,
            why=identity.reason or "", registration=identity.result, waiting=_waiting(tx, case),
            ends=_ends(tx, team, answered),
        )  # fmt: skip
        now = self.clock()
        if command is not None and team is not None:
            asked = Asked(command=command, now=now, files=files, evidence=evidence, verdict=identity.verdict)
            told = replace(told, done=self.executor.execute(tx, row, team, asked))
        if case.entry is not None and team is not None:
            told = replace(told, entries=self._hand_in(tx, case, team, case.entry))
        events.append(
            tx,
            kind="mail-recorded",
            subject=row.name,
            now=now,
            outcome=outcome,
            submissions=[_as_kept(one) for one in answered],
            **_besides(told),
            **recorded.kept(identity),
        )
        told = replace(told, trail=str(events.moment(tx)))  # the receipt bears witness of this very entry
        is_answered = self.answering.answer(tx, case, told)
        self.forwarding.forward(tx, case, outcome, is_answered=is_answered)
        return answered

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
        if confirms and self.registrar.hold_back(tx, confirms, now):
            events.append(tx, kind="registration-waits", subject=Id.MAIL.of(confirms), now=now, by=case.row.name)
        elif confirms and held.release(tx, confirms, why="the team said so", now=now):
            events.append(tx, kind="mail-confirmed", subject=Id.MAIL.of(confirms), now=now, by=case.row.name)

    def _mark_addresses(self, tx: Tx, case: Case, seen: Seen) -> None:
        """Who writes to us can be written to; whom a delivery report names cannot."""
        now = self.clock()
        for sender in case.opened.mail.senders if seen.from_bouncing else ():
            teams.mark_bouncing(tx, sender, None)
        for message_id in case.opened.undelivered:
            recipient = outbox.recipient_of(tx, message_id)
            if recipient and teams.mark_bouncing(tx, recipient, now):
                events.append(tx, kind="address-bounced", subject=case.row.name, now=now)


def _waiting(tx: Tx, case: Case) -> int:
    """Count the held mails of a team that has just confirmed one: each has a question of its own."""
    identity = case.identity
    if case.known is not None:
        return case.known.waiting
    if identity.request is not None:
        return 0
    is_confirmed = identity.verdict is not None and identity.verdict.level is AuthLevel.CONFIRMED
    return held.of_team(tx, identity.team.id) if is_confirmed and identity.team else 0


def _ends(tx: Tx, team: Team | None, answered: Sequence[Answered]) -> dict[str, datetime]:
    """Return the ends of phases that are the team's own; a reply about accepted files alone names no end."""
    names_none = bool(answered) and all(one.status is Status.ACCEPTED for one in answered)
    return {} if team is None or names_none else quota.extensions(tx, team.name)


def _besides(told: Answer) -> dict[str, object]:
    """Return what the audit trail keeps of an answer besides its submissions."""
    in_time = {"in_time": all(one.in_time for one in told.entries)} if told.entries else {}
    waiting = {"waiting": told.waiting} if told.waiting else {}
    return in_time | waiting | ({"told": told.done.scores} if told.done and told.done.scores else {})


def _as_kept(one: Answered) -> dict[str, object]:
    """Return what the audit trail keeps of a submission; one that repeats another has no receipt of its own."""
    repeats = one.status is Status.REPEATED
    return {
        "receipt": "" if repeats else one.receipt,
        **({"same_as": one.receipt} if repeats else {}),
        "status": one.status,
        "phase": one.phase,
        "sha256": one.file.sha256,
        "score": one.score,
    }


def _marks(case: Case) -> list[str]:
    """Return what tells a mail when it is sent once more, as a signed one can be by whoever has seen it.

    That a command came with a Message-ID counts only where something proves whose it is: else a forger who knows the
    Message-ID of a mail that is still on its way could have it taken for one that was carried out.
    """
    identity, message_id = case.identity, case.opened.mail.message_id
    verdict, team = identity.verdict, identity.team
    delivered = _delivery(case)
    if verdict is None:
        return delivered
    asks = case.command is not None or identity.request is not None
    is_proven = verdict.level is not AuthLevel.NONE
    own = [repeats.of_command(team.id, message_id)] if asks and is_proven and team and message_id else []
    return [*verdict.marks, *own, *delivered]


def _delivery(case: Case) -> list[str]:
    """Return the mark of a mail of a team's with a Message-ID and files, by which it is known when delivered twice."""
    mail, team, files = case.opened.mail, case.identity.team, [each.sha256 for each in case.opened.candidates]
    if team is None or mail.message_id is None or not files:
        return []
    return [repeats.of_delivery(team.id, mail.message_id, (mail.subject, *mail.senders, mail.text, *files))]


def _repeats(answered: Sequence[Answered]) -> str | None:
    """Say which submissions the files of a mail repeat; None when they repeat none."""
    repeated = dict.fromkeys(one.receipt for one in answered if one.status is Status.REPEATED)
    return f"the same as {', '.join(repeated)}" if repeated else None


def _outcome(case: Case, answered: Sequence[Answered]) -> Outcome:
    if case.identity.outcome:
        return case.identity.outcome
    if case.command is not None:
        return Outcome.COMMAND
    if case.entry is not None:
        return Outcome.ENTRY
    if not answered:
        return Outcome.NO_SUBMISSION
    if all(one.status is Status.REPEATED for one in answered):
        return Outcome.REPEATED
    return Outcome.SCORED if any(one.status is Status.ACCEPTED for one in answered) else Outcome.REFUSED
