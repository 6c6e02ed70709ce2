"""Judge the result files of a mail: by the labels of the phase that each came in, and held to the sender's team."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.config.calendar import phase_at
from mailbot.errors import Temporary
from mailbot.evaluation.evaluator import Job, judged, refused
from mailbot.intake.case import phase_of
from mailbot.intake.files.rules import hold_to_team, of_other_phase
from mailbot.ledger import quota, teams
from mailbot.model import name_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.config.calendar import Phase
    from mailbot.config.challenge import Challenge
    from mailbot.config.stages import Stage
    from mailbot.evaluation.evaluator import Evaluator, Pending
    from mailbot.identity.identify import Identity
    from mailbot.intake.recorded import Settled
    from mailbot.ledger import Ledger
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.open import Candidate
    from mailbot.model import Judged
    from mailbot.transport.alerts import Alerts
    from scoring.model import Evaluated


@dataclass(kw_only=True)
class Started:
    """A file that is being evaluated."""

    candidate: Candidate
    job: Job
    pending: Pending | None
    #: The phase it came in; None for one that came when none was open.
    phase: Phase | None
    #: One that the organizers keep open for its team.
    extended: Phase | None
    arrived_at: datetime


@dataclass(frozen=True, kw_only=True)
class Judging:
    """Judges files."""

    ledger: Ledger
    evaluator: Evaluator
    alerts: Alerts
    challenge: Challenge
    clock: Callable[[], datetime]

    def extended(self, arrived_at: datetime, identity: Identity) -> Phase | None:
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

    def start(
        self, candidate: Candidate, row: MailRow, hint: str | None, *, extended: Phase | None, settled: Settled | None
    ) -> Started:
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
        return Started(
            candidate=candidate,
            job=job,
            pending=pending,
            phase=phase,
            extended=None if settled else extended,
            arrived_at=row.arrived_at,
        )

    def _evaluated(self, started: Started) -> Evaluated:
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

    def judged(self, started: Started, identity: Identity) -> Judged:
        """Wait for a file's evaluation and hold it to the sender's team."""
        evaluated, candidate = self._evaluated(started), started.candidate
        evaluation = evaluated.evaluation
        track = self.challenge.tracks.get(evaluation.track or "")
        if evaluation.ok and track and track.own:
            self.alerts.report("scorer", ok=True)
        said = evaluation.team
        if identity.team is not None and said is not None and name_key(said) != name_key(identity.team.name):
            with self.ledger.read() as tx:
                named = teams.with_name(tx, said)
            evaluation = hold_to_team(evaluation, identity.team.name, said_is_registered=named is not None)
        return judged(candidate, evaluation, evaluated)


def _had_opened(stage: Stage, started: Started) -> bool:
    """Whether a stage had opened when a file arrived: the items of a coming one are told to nobody."""
    return stage.opens is None or stage.opens <= started.arrived_at
