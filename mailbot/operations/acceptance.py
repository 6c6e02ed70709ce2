"""Accept by hand what the rules did not: a file that came late, over the quota, or was refused by labels of then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.config.calendar import neighbours, phase_at
from mailbot.errors import Permanent
from mailbot.evaluation.evaluator import Job
from mailbot.ledger import events, quota, submissions
from mailbot.letters.accepted import AcceptedLetter
from mailbot.model import Status
from mailbot.system import journal

if TYPE_CHECKING:
    from mailbot.config.calendar import Allowance, Phase
    from mailbot.ledger import Tx
    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.service import Service
    from scoring.model import Evaluated


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """A submission that can be accepted, and what it would score."""

    row: SubmissionRow
    evaluated: Evaluated
    phase: Phase

    @property
    def track(self) -> str:
        """The track it is for."""
        return str(self.evaluated.evaluation.track)


def look(service: Service, submission_id: int) -> Acceptance:
    """Evaluate a submission that was not accepted, by the current labels; nothing is written.

    Raises Permanent when there is no such submission, its file is gone, or still cannot be scored.
    """
    with service.ledger.read() as tx:
        row = next(iter(submissions.listing(tx, submission_id=submission_id)), None)
    if row is None or row.status is Status.ACCEPTED:
        message = f"{submissions.receipt(submission_id)} is not a refused submission"
        raise Permanent(message)
    data = service.files.find(row)
    if data is None:
        message = f"the file of {row.receipt} is no longer in its mail"
        raise Permanent(message)
    phase = _phase(service, row)
    job = Job(name=row.file_name, data=data, hint=row.track, stage=service.challenge.stage_of(phase.name).key)
    evaluated = service.evaluator.start(job).result()
    if not evaluated.evaluation.ok and (its := _phase_of_items(service, job, row)):
        phase = its
        evaluated = service.evaluator.start(replace(job, stage=service.challenge.stage_of(its.name).key)).result()
    if not evaluated.evaluation.ok:
        told = "; ".join(problem.message for problem in evaluated.evaluation.problems)
        message = f"{row.receipt} cannot be scored: {told}"
        raise Permanent(message)
    final = service.submissions.deciding(evaluated.evaluation, evaluated.values, phase, known=evaluated.final)
    return Acceptance(row=row, evaluated=replace(evaluated, final=final), phase=phase)


def carry_out(service: Service, found: Acceptance, why: str) -> None:
    """Let the submission count from its arrival, and write to its team. Raises Permanent when somebody else has."""
    with service.ledger.write("submission-accepted") as tx:
        enter(service, tx, found, why)


def enter(service: Service, tx: Tx, found: Acceptance, why: str) -> None:
    """Enter the acceptance and its letter. Raises Permanent when somebody else has."""
    row, now = found.row, service.clock()
    if not submissions.accept(tx, row.id, found.evaluated.evaluation, phase=found.phase.name):
        message = f"{row.receipt} was accepted meanwhile"
        raise Permanent(message)
    evaluated, phase = found.evaluated, found.phase.name
    service.submissions.enter_scores(
        tx, row.id, evaluated.evaluation, evaluated.values, phase=phase, last=evaluated.final
    )
    detail = {"track": found.track, "phase": found.phase.name, "was": row.status, "why": why}
    events.append(tx, kind="submission-accepted", subject=row.receipt, now=now, **detail)
    letter = AcceptedLetter(challenge=service.challenge, row=row, track=found.track, phase=found.phase, why=why)
    letter.queue(tx, found.evaluated.evaluation, now)


def shown_by(service: Service, found: Acceptance) -> str:
    """Say which board shows the submission: the next one, or one that only an organizer publishes."""
    phase = found.phase.name
    if service.challenge.next_board_with(phase, service.clock()):
        return "The next board shows it."
    return f"The boards of its phase are over: `mailbot publish --phase {phase}` shows it."


OF_LABELS = frozenset({"unknown-items", "missing-ids", "unknown-ids", "row-count", "zero-based-ids"})
"""Problems of a file that wrong labels cause: its items are not theirs."""


def refused_by_labels(service: Service, track: str) -> list[SubmissionRow]:
    """Return the submissions of a track that were refused for nothing but their items, in order of arrival."""
    with service.ledger.read() as tx:
        rows = submissions.listing(tx, track=track)
    refused = [row for row in rows if row.status is Status.REFUSED and row.problems]
    found = [row for row in refused if {problem["code"] for problem in row.problems} <= OF_LABELS]
    return sorted(found, key=lambda row: (row.arrived_at, row.id))


def take_up(service: Service, track: str, why: str) -> list[str]:
    """Accept what was refused by labels that were wrong, and write to the teams; return the receipts.

    Each counts from its arrival, as long as its team has quota left in that week; what the team has sent again since,
    and what present labels refuse too, stays as it is.
    """
    taken = []
    for row in refused_by_labels(service, track):
        with service.ledger.read() as tx:
            rows = submissions.listing(tx, track=track)
            has = _allowance(service, tx, row, track)
        again = {(one.team_id, one.sha256) for one in rows if one.status is Status.ACCEPTED}
        if has.used >= has.per_week or (row.team_id, row.sha256) in again:
            continue
        try:
            found = look(service, row.id)
            stage_of = service.challenge.stage_of
            if stage_of(found.phase.name) != stage_of(
                row.phase
            ):  # with the items of a phase that was over: it was late
                continue
            carry_out(service, found, why)
        except Permanent as error:
            journal.event("still-refused", submission=row.receipt, why=str(error))
        else:
            taken.append(row.receipt)
    return taken


def _allowance(service: Service, tx: Tx, row: SubmissionRow, track: str) -> Allowance:
    """Return what a team has left in the week and phase in which a file arrived."""
    challenge, phase = service.challenge, _phase(service, row)
    rules, counted = challenge.quota_of(phase), challenge.counted_in(phase)
    return quota.allowance(tx, rules, team_id=row.team_id, track=track, at=row.arrived_at, phases=counted)


def _phase_of_items(service: Service, job: Job, row: SubmissionRow) -> Phase | None:
    """Return the last phase before a file's arrival that has its items: it came too late for that one."""
    challenge = service.challenge
    earlier = [each for each in challenge.stages if each.opens is None or each.opens <= row.arrived_at]
    key = service.evaluator.whose(job, [each.key for each in earlier if each.key != job.stage])
    names = next((each.phases for each in earlier if each.key == key), ())
    over = [each for each in challenge.phases if each.name in names and not each.holds(row.arrived_at)]
    return over[-1] if over else None


def _phase(service: Service, row: SubmissionRow) -> Phase:
    """Return the phase a submission counts in: the one it arrived in, else the one before or the next."""
    phases = service.challenge.phases
    last, coming = neighbours(phases, row.arrived_at)
    return phase_at(phases, row.arrived_at) or last or coming or phases[0]
