"""Score submissions again: a new score beside the old ones, never a new submission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from mailbot.evaluator import Job
from mailbot.ledger import events, mails, submissions
from mailbot.model import Status
from mailbot.opening import open_mail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.service import Service
    from scoring.model import Evaluation


@dataclass(frozen=True, kw_only=True)
class Rescored:
    """A submission and what it scores now."""

    row: SubmissionRow
    evaluation: Evaluation
    #: Whether a new score was written, or would be.
    changed: bool


def wanted(service: Service, *, track: str | None, submission_id: int | None) -> list[SubmissionRow]:
    """Return the accepted submissions to be scored. Raises Permanent when the one asked for is not accepted."""
    with service.ledger.read() as tx:
        rows = submissions.listing(tx, track=track, submission_id=submission_id)
    accepted = [row for row in rows if row.status is Status.ACCEPTED and row.track in service.challenge.tracks]
    if submission_id is not None and not accepted:
        message = f"{submissions.receipt(submission_id)} is no accepted submission, so it has no score"
        raise Permanent(message)
    return accepted


def rescore(service: Service, rows: list[SubmissionRow], *, dry_run: bool) -> Iterator[Rescored]:
    """Score each submission by the present labels and formulas, one by one: it can be broken off and resumed."""
    for row in rows:
        evaluation = _evaluate(service, row)
        if evaluation.score is None:
            codes = ", ".join(problem.code for problem in evaluation.problems)
            message = f"{row.receipt} was accepted, but cannot be scored by the present labels: {codes}"
            raise Permanent(message)
        changed = (row.truth, row.scorer) != (evaluation.truth, evaluation.scorer)
        if changed and not dry_run:
            now = service.clock()
            with service.ledger.write("rescore") as tx:
                if submissions.add_score(tx, row.id, evaluation, now):
                    events.append(
                        tx,
                        kind="rescored",
                        subject=row.receipt,
                        now=now,
                        truth=evaluation.truth,
                        score=evaluation.score,
                    )
        yield Rescored(row=row, evaluation=evaluation, changed=changed)


def _evaluate(service: Service, row: SubmissionRow) -> Evaluation:
    """Take the file out of its spooled mail again and evaluate it."""
    with service.ledger.read() as tx:
        mail = mails.get(tx, row.mail_id)
    if mail is None:
        message = f"the mail of {row.receipt} is not in the ledger"
        raise Permanent(message)
    opened = service.sandbox.submit(open_mail, service.spool.get(mail.sha256), mail.size).result()
    candidate = next((c for c in opened.candidates if c.sha256 == row.sha256), None)
    if candidate is None:
        message = f"the file of {row.receipt} is not in its spooled mail"
        raise Permanent(message)
    return service.evaluator.start(Job(name=candidate.name, data=candidate.data, hint=row.track)).result().evaluation
