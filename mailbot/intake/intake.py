"""The step from spooled mails to their record: open, identify, evaluate, record."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, cast

from mailbot.config.calendar import phase_at
from mailbot.errors import Permanent, Temporary
from mailbot.evaluation.evaluator import Job, OwnScorerFailed, judged, refused
from mailbot.intake import commands, entries
from mailbot.intake.case import Case, phase_of, settled_of
from mailbot.intake.rules import hold_to_team, of_other_phase, track_in
from mailbot.intake.sender import Senders, held
from mailbot.ledger import events, mails, quota, teams
from mailbot.mail import tasks
from mailbot.system import heartbeat, journal
from mailbot.system.sandbox import ChildDied, OutOfTime
from mailbot.system.stages import UnderWay, few_at_a_time, further

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mailbot.config.calendar import Phase
    from mailbot.config.challenge import Challenge
    from mailbot.config.schema import LimitsSection
    from mailbot.config.stages import Stage
    from mailbot.evaluation.evaluator import Evaluator, Pending
    from mailbot.evaluation.labels import Labels
    from mailbot.identity.assess import Assessor
    from mailbot.identity.identify import Identity
    from mailbot.intake.record import Record
    from mailbot.intake.recorded import Known, Settled
    from mailbot.ledger import Ledger
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.open import Candidate
    from mailbot.model import Judged
    from mailbot.system.sandbox import Sandbox
    from mailbot.system.stages import Waitable
    from mailbot.transport.alerts import Alerts
    from mailbot.transport.spool import Spool
    from mailbot.transport.turns import Sender, Turns
    from scoring.scores.evaluate import Evaluated

    _Mail = UnderWay[tuple[MailRow, Sender | None]]

FOR_EACH_CHILD = 3
"""Mails under way at once for each child: none waits for work, and little is held of mails that unpack to much."""

BATCH = 32
"""Mails that a step begins at the most: the loop that takes it has other things to see to between two."""

MAIL_TIMES = 3
"""All files of a mail together may take so many times what one may (``limits.child_seconds``)."""

LOOK_SECONDS = 0.5
"""While all mails under way wait for children, so often we look whether another has come whose turn it is."""

ATTEMPTS = 3
"""A mail that our code could not handle so often is set aside."""

ATTEMPTS_IN_TIME = 2
"""One whose child ran out of time has used a lot of it: it is tried once more, not twice."""

RETRY = timedelta(seconds=30)

AWAIT = timedelta(minutes=10)
"""A mail that waits until a track's own scorer works is tried so often."""


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Handles spooled mails."""

    ledger: Ledger
    spool: Spool
    sandbox: Sandbox
    evaluator: Evaluator
    recorder: Record
    alerts: Alerts
    challenge: Challenge
    senders: Senders
    assessor: Assessor
    labels: Labels
    turns: Turns
    limits: LimitsSection
    clock: Callable[[], datetime]

    def step(
        self, only: int | None = None, *, known: Known | None = None, stopping: Callable[[], bool] = lambda: False
    ) -> bool:
        """Handle mails that are due, or one of them; tell whether there were any.

        Turns go round by sender (:mod:`mailbot.transport.turns`). Every mail goes stage by stage; while its child
        works, we turn to the other mails. When we are ``stopping``, those that are under way are finished, and no other
        is begun. ``known`` is what was found of the sender when the one mail was handled first: nobody is asked again.
        """
        self.labels.refresh()
        under_way, count = cast("list[_Mail]", []), 0
        if only is not None:
            with self.ledger.write("claim-mails") as tx:
                rows = mails.claim(tx, now=self.clock(), limit=1, only=only)
            under_way = [UnderWay((row, None), self._stages(row, known)) for row in rows]
            count = BATCH if rows else 0
        while True:
            while only is None and count < BATCH and not stopping() and (mail := self._next(under_way)) is not None:
                under_way.append(mail)
                count += 1
            if not under_way:
                return count > 0
            heartbeat.beat(f"handling {', '.join(mail.what[0].name for mail in under_way)}")
            further(under_way, self._advance, LOOK_SECONDS)

    def _next(self, under_way: Sequence[_Mail]) -> _Mail | None:
        """Begin the mail whose turn it is; None when there is none, or enough are under way."""
        if len(under_way) >= FOR_EACH_CHILD * self.sandbox.workers:
            return None
        busy = [sender for _, sender in (mail.what for mail in under_way) if sender]
        team_waits = any(not sender.stranger for sender in busy)
        strangers = (
            self.sandbox.workers - 1 if team_waits else self._share
        )  # a child is left for each stage of a team's
        found = self.turns.next(self.clock(), busy, strangers=strangers)
        return UnderWay(found, self._stages(found[0], None)) if found else None

    @property
    def _share(self) -> int:
        """How many children of a kind one mail, or all strangers together, may keep busy: of several, one is free."""
        return max(1, self.sandbox.workers - 1)

    def resume(self) -> None:
        """Make due again what a step had claimed that ended by trouble of ours, such as a full disk."""
        with self.ledger.write("release-mails") as tx:
            mails.release(tx)

    def _advance(self, mail: _Mail) -> bool:
        """Take a mail one stage further; tell whether there are more. Whatever fails costs this mail alone."""
        try:
            mail.waits_for = next(mail.stages)
        except StopIteration:
            return False
        except Exception as error:  # noqa: BLE001  # a mail that breaks our own code must not stop the next one
            self._failed(mail.what[0], error)
            return False
        return True

    def _stages(self, row: MailRow, known: Known | None) -> Iterator[Waitable | None]:
        """Handle a mail; what is yielded is what its next stage waits for."""
        raw = self.spool.get(row.sha256)
        opening = self.sandbox.submit(tasks.open_mail, raw, row.size)
        yield opening
        opened = opening.result()
        has_files = bool(opened.candidates)
        thread = bool(opened.mail.references)
        command = commands.read(opened.mail.subject, opened.mail.text, in_thread=thread, has_files=has_files)
        entry = entries.find(opened, self.challenge.entries) if command is None else None
        brings = has_files or entry is not None
        wanted = brings or command is not None
        identity = self.senders.identify(row, opened.mail, known, has_files=brings, has_command=command is not None)
        command, wanted = (command, wanted) if identity.request is None else (None, True)
        if identity.team is not None and identity.outcome is None and known is None:
            assessment = self.assessor.begin(row, opened.mail, identity, raw)
            yield assessment.task
            identity = replace(identity, verdict=assessment.result())
        if known is None or known.held:
            identity = held(identity, command, has_files=brings, wanted=wanted)
        judged = identity.team is not None and identity.outcome is None
        candidates = opened.candidates if judged and entry is None else ()
        extended = self._extended(row.arrived_at, identity) if candidates else None
        hint = track_in(opened.mail.subject, self.challenge.tracks.values())
        started: list[_Started] = []

        def begin(number: int, candidate: Candidate) -> Pending | None:
            settled = settled_of(known, number)
            started.append(self._start(candidate, row, hint, extended=extended, settled=settled))
            return started[-1].pending

        try:
            begins = [partial(begin, *each) for each in enumerate(candidates, 1)]
            yield from few_at_a_time(begins, at_once=self._share, seconds=MAIL_TIMES * self.limits.child_seconds)
            files = [self._judged(each, identity) for each in started]
        except OwnScorerFailed as failed:
            self._await_scorer(Case(row=row, opened=opened, identity=identity), failed)
            return
        command = command if judged else None
        entry = entry if judged else None
        phases = [each.phase for each in started]
        case = Case(row=row, opened=opened, identity=identity, command=command, entry=entry, known=known, phases=phases)
        self.recorder.record(case, files)

    def _extended(self, arrived_at: datetime, identity: Identity) -> Phase | None:
        """Return the phase that the organizers keep open for a team, or for all, although its time is over.

        Where another is open by then, it matters only to files that have not the items of that one.
        """
        phases = self.challenge.phases
        present = phase_at(phases, arrived_at)
        if identity.team is None or (present and len(self.challenge.stages) == 1):
            return None
        with self.ledger.read() as tx:
            until = quota.extensions(tx, identity.team.name)
        closed = [phase for phase in phases if phase.closes and phase.closes <= arrived_at]
        return next((phase for phase in reversed(closed) if arrived_at < until.get(phase.name, arrived_at)), None)

    def _start(
        self, candidate: Candidate, row: MailRow, hint: str | None, *, extended: Phase | None, settled: Settled | None
    ) -> _Started:
        """Begin to evaluate a file by the labels of the phase that its mail arrived in, whichever is open by now.

        One that could not be unpacked carries its problems already.
        """
        phase = phase_of(self.challenge.phases, row.arrived_at, extended=extended, settled=settled)
        stage = self.challenge.stage_of(phase.name) if phase else self.challenge.stage_at(row.arrived_at)
        if stage.opens and stage.opens > self.clock():  # the mail server's clock is ahead of ours
            message = f"the {stage.name} phase has not opened yet by our clock; its labels are used from then on"
            raise Temporary(message)
        job = Job(name=candidate.name, data=candidate.data, hint=hint, stage=stage.key)
        pending = None if candidate.problems else self.evaluator.start(job)
        return _Started(candidate, job, pending, phase, None if settled else extended, row.arrived_at)

    def _evaluated(self, started: _Started) -> Evaluated:
        """Wait for a file's evaluation; one that has the items of an earlier phase counts there, or is told so."""
        if started.pending is None:
            return refused(*started.candidate.problems)
        found, job = started.pending.result(), started.job
        earlier = [each for each in self.challenge.stages if each.key != job.stage and _had_opened(each, started)]
        if found.evaluation.ok or not earlier:
            return found
        key = self.evaluator.whose(job, [each.key for each in earlier])
        if key is None:
            return found
        extended = started.extended
        if extended and self.challenge.stage_of(extended.name).key == key:
            started.phase = extended
            return self.evaluator.start(replace(job, stage=key)).result()
        (its,) = (each for each in earlier if each.key == key)
        present = next(each for each in self.challenge.stages if each.key == job.stage)
        return replace(found, evaluation=of_other_phase(found.evaluation, its.name, present.name))

    def _judged(self, started: _Started, identity: Identity) -> Judged:
        """Wait for a file's evaluation and hold it to the sender's team."""
        evaluated, candidate = self._evaluated(started), started.candidate
        evaluation = evaluated.evaluation
        track = self.challenge.tracks.get(evaluation.track or "")
        if evaluation.ok and track and track.own:
            self.alerts.report("scorer", ok=True)
        if identity.team is not None and evaluation.team is not None:
            with self.ledger.read() as tx:
                named = teams.with_name(tx, evaluation.team)
            evaluation = hold_to_team(evaluation, identity.team.name, said_is_registered=named is not None)
        return judged(candidate, evaluation, evaluated)

    def _await_scorer(self, case: Case, failed: OwnScorerFailed) -> None:
        """Make a mail wait until a track's own scorer works: it is no fault of the mail, and no attempt is counted."""
        row, due_at = case.row, self.clock() + AWAIT
        with self.ledger.write("mail-waits") as tx:
            mails.put_back(tx, row.id, due_at=due_at, reason=str(failed), counted=False)
            self.alerts.report_in(tx, "scorer", ok=False, detail=f"{row.name}: {failed}\n\n{failed.trace}")
            self.recorder.answering.tell_of_scorer(tx, case)
        journal.trouble("scorer-failed", mail=row.name, track=failed.track, reason=str(failed))

    def _failed(self, row: MailRow, error: Exception) -> None:
        """Make the mail wait, or set it aside when it cannot be handled or killed our code often enough."""
        now, reason = self.clock(), f"{error.__class__.__name__}: {error}"
        ours = isinstance(error, Temporary) and not isinstance(error, ChildDied)
        most = ATTEMPTS_IN_TIME if isinstance(error, OutOfTime) else ATTEMPTS
        final = isinstance(error, Permanent) or (not ours and row.attempts >= most)
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


@dataclass
class _Started:
    """A file that is being evaluated."""

    candidate: Candidate
    job: Job
    pending: Pending | None
    #: The phase it came in; None for one that came when none was open.
    phase: Phase | None
    #: One that the organizers keep open for its team.
    extended: Phase | None
    arrived_at: datetime


def _had_opened(stage: Stage, started: _Started) -> bool:
    """Whether a stage had opened when a file arrived: the items of a coming one are told to nobody."""
    return stage.opens is None or stage.opens <= started.arrived_at
