"""The step that takes spooled mails to their record: open, identify, evaluate, record."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from mailbot.errors import Permanent, Temporary
from mailbot.evaluation.evaluator import Job, judged, refused
from mailbot.identity import confirmation as confirm
from mailbot.identity.identify import Identity, identify
from mailbot.intake import commands, entries
from mailbot.intake.case import Case
from mailbot.intake.registrar import UNCONFIRMED
from mailbot.intake.rules import hold_to_team
from mailbot.ledger import events, mails, outbox, teams
from mailbot.mail.open import open_mail
from mailbot.model import AuthLevel, Outcome
from mailbot.system import heartbeat, journal
from mailbot.system.sandbox import ChildDied
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.evaluation.evaluator import Evaluator, Pending
    from mailbot.evaluation.labels import Labels
    from mailbot.identity.assess import Assessor
    from mailbot.identity.confirmation import Questions, Said
    from mailbot.intake.commands import Command
    from mailbot.intake.record import Record
    from mailbot.intake.recorded import Known
    from mailbot.intake.registrar import Registrar
    from mailbot.ledger import Ledger
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.model import Mail
    from mailbot.mail.open import Candidate
    from mailbot.model import Judged
    from mailbot.system.sandbox import Sandbox
    from mailbot.transport.alerts import Alerts
    from mailbot.transport.spool import Spool

FOR_EACH_CHILD = 3
"""Mails under way at once for each child: none waits for work, and little is held of mails that unpack to much."""

BATCH = 32
"""Mails claimed at once: enough to keep the children busy, few enough to finish soon."""

ATTEMPTS = 3
"""A mail that our code could not handle so often is set aside."""

RETRY = timedelta(seconds=30)

NEEDS_PROOF = "what it asks for needs proof of the sender"
"""Why a mail is held that would count, had it brought a file."""

LONGEST_ASKED = 500
"""Characters of a command that the question about it shows."""


@dataclass(frozen=True, kw_only=True)
class Intake:
    """The parts this step works with."""

    ledger: Ledger
    spool: Spool
    sandbox: Sandbox
    evaluator: Evaluator
    recorder: Record
    alerts: Alerts
    challenge: Challenge
    assessor: Assessor
    questions: Questions
    labels: Labels
    registrar: Registrar
    clock: Callable[[], datetime]

    def step(
        self, only: int | None = None, *, known: Known | None = None, stopping: Callable[[], bool] = lambda: False
    ) -> bool:
        """Handle the oldest mails that are due, or one of them; tell whether there were any.

        Every mail goes stage by stage; while its child works, we turn to the other mails. When we are ``stopping``,
        those that are under way are finished, and the others are due again. ``known`` is what was found of the sender
        when the one mail was handled first: nobody is asked again.
        """
        self.labels.refresh()
        with self.ledger.write("claim-mails") as tx:
            rows = mails.claim(tx, now=self.clock(), limit=BATCH, only=only)
        waiting = iter([(row, self._stages(row, known)) for row in rows])
        at_once = FOR_EACH_CHILD * self.sandbox.workers
        under_way = list(islice(waiting, at_once))
        while under_way:
            under_way = [(row, stages) for row, stages in under_way if self._advance(row, stages)]
            under_way += islice(waiting, 0 if stopping() else at_once - len(under_way))
        if any(True for _ in waiting):
            self.resume()
        return bool(rows)

    def resume(self) -> None:
        """Make due again what a step had claimed that ended by trouble of ours, such as a full disk."""
        with self.ledger.write("release-mails") as tx:
            mails.release(tx)

    def _advance(self, row: MailRow, stages: Iterator[None]) -> bool:
        """Take a mail one stage further; tell whether there are more. Whatever fails costs this mail alone."""
        heartbeat.beat(f"handling {row.name}")
        try:
            next(stages)
        except StopIteration:
            return False
        except Exception as error:  # noqa: BLE001  # a mail that breaks our own code must not stop the next one
            self._failed(row, error)
            return False
        return True

    def _stages(self, row: MailRow, known: Known | None) -> Iterator[None]:
        raw = self.spool.get(row.sha256)
        opening = self.sandbox.submit(open_mail, raw, row.size)
        yield
        opened = opening.result()
        has_files = bool(opened.candidates)
        thread = bool(opened.mail.references)
        command = commands.read(opened.mail.subject, opened.mail.text, in_thread=thread, has_files=has_files)
        entry = entries.find(opened, self.challenge.entries) if command is None else None
        wanted = has_files or command is not None or entry is not None
        identity = self._identify(row, opened.mail, known, has_files=wanted)
        command, wanted = (command, wanted) if identity.request is None else (None, True)
        if identity.team is not None and identity.outcome is None and known is None:
            assessment = self.assessor.begin(row, opened.mail, identity.team, raw)
            yield
            identity = replace(identity, verdict=assessment.result())
        if known is None or known.held:
            identity = _held(identity, command, has_files=has_files or entry is not None, wanted=wanted)
        judged = identity.team is not None and identity.outcome is None
        candidates = opened.candidates if judged and entry is None else ()
        started = [self._start(c, opened.mail.subject) for c in candidates]
        yield
        files = [self._judged(candidate, pending, identity) for candidate, pending in started]
        command = command if judged else None
        entry = entry if judged else None
        case = Case(row=row, opened=opened, identity=identity, command=command, entry=entry, known=known)
        self.recorder.record(case, files)

    def _identify(self, row: MailRow, mail: Mail, known: Known | None, *, has_files: bool) -> Identity:
        with self.ledger.read() as tx:
            roster = teams.by_address(tx, mail.senders)
            answers_us = outbox.is_ours(tx, mail.references)
            holder = self.assessor.holder(tx, mail.claims)
        identity = identify(mail, roster, self.assessor.own, holder)
        identity = self.registrar.seen(row, mail, identity, known)
        said = confirm.read(mail.subject, mail.text) if known is None else None
        identity = known.of(identity) if known is not None else identity
        stranger = self.registrar.may_answer(identity)
        if said is not None and ((identity.outcome is None and identity.team is not None) or stranger):
            answer = self._confirmed(identity, said)
            if answer.confirms or not has_files:
                return answer
        if identity.outcome is None and answers_us and not has_files and identity.request is None:
            return Identity(
                team=identity.team, outcome=Outcome.NO_SUBMISSION, reason="an answer to a reply, without a file"
            )
        return identity

    def _confirmed(self, identity: Identity, said: Said) -> Identity:
        """Return what an answer to a question about a held mail is; that it came back is proof enough."""
        with self.ledger.read() as tx:
            fault = self.questions.fault(tx, said, identity.team.id if identity.team else None, identity.reply_to)
        if fault:
            return replace(identity, outcome=Outcome.NOT_CONFIRMED, reason=fault)
        reason = f"it confirms M-{said.mail_id:06d}"
        return replace(identity, outcome=Outcome.CONFIRMED, reason=reason, reply_to=None, confirms=said.mail_id)

    def _start(self, candidate: Candidate, subject: str) -> tuple[Candidate, Pending | None]:
        """Begin to evaluate a file; one that could not be unpacked carries its problems already."""
        if candidate.problems:
            return candidate, None
        return candidate, self.evaluator.start(Job(name=candidate.name, data=candidate.data, hint=self._hint(subject)))

    def _judged(self, candidate: Candidate, pending: Pending | None, identity: Identity) -> Judged:
        """Wait for a file's evaluation and hold it to the sender's team."""
        evaluated = pending.result() if pending else refused(*candidate.problems)
        evaluation = evaluated.evaluation
        if identity.team is not None and evaluation.team is not None:
            with self.ledger.read() as tx:
                named = teams.with_name(tx, evaluation.team)
            evaluation = hold_to_team(evaluation, identity.team.name, said_is_registered=named is not None)
        return judged(candidate, evaluation, evaluated.values)

    def _hint(self, subject: str) -> str | None:
        """Return the one track whose title the subject holds."""
        tracks = self.challenge.tracks.values()
        named = [t.name for t in tracks if t.title.casefold() in subject.casefold()]
        return named[0] if len(named) == 1 else None

    def _failed(self, row: MailRow, error: Exception) -> None:
        """Make the mail wait, or set it aside when it cannot be handled or killed our code often enough."""
        now, reason = self.clock(), f"{error.__class__.__name__}: {error}"
        ours = isinstance(error, Temporary) and not isinstance(error, ChildDied)
        final = isinstance(error, Permanent) or (not ours and row.attempts >= ATTEMPTS)
        with self.ledger.write("mail-failed") as tx:
            if final:
                trace = "".join(traceback.format_exception(error))
                mails.set_aside(tx, row.id, reason=reason, trace=trace)
                events.append(tx, kind="mail-set-aside", subject=row.name, now=now, reason=reason)
                self.alerts.report_in(tx, "stuck", ok=False, detail=f"{row.name}: {reason}")
            else:
                mails.put_back(tx, row.id, due_at=now + RETRY * row.attempts, reason=reason)
        what = "mail-set-aside" if final else "mail-retried"
        journal.trouble(what, mail=row.name, attempt=row.attempts, reason=reason)


def _held(identity: Identity, command: Command | None, *, has_files: bool, wanted: bool) -> Identity:
    """Hold a mail that brings files, or asks for something, and is not sure enough.

    What changes something and is proven by nothing is held, whatever else counts.
    """
    verdict, team = identity.verdict, identity.team
    if identity.outcome is not None or verdict is None or not wanted:
        return identity
    if team and team.unconfirmed and has_files and verdict.level is not AuthLevel.CONFIRMED:
        return replace(identity, outcome=Outcome.HELD, reason=UNCONFIRMED)
    asked = command or identity.request
    changes = printable(str(asked), LONGEST_ASKED) if asked and asked.changes and not has_files else ""
    if verdict.enough and not (changes and verdict.level is AuthLevel.NONE):
        return identity
    why = verdict.why or "nothing proves who sent it"
    reason = f"{why}; {NEEDS_PROOF}" if verdict.enough else why
    return replace(identity, outcome=Outcome.HELD, reason=reason, changes=changes)
