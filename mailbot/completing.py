"""Fill the gaps of the column store from the spool: after a crash, a deleted folder, or a change of the ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.columns import Predictions
from mailbot.errors import Permanent
from mailbot.evaluator import Job
from mailbot.ledger import mails
from mailbot.opening import open_mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.service import Service
    from scoring.evaluate import Evaluated
    from scoring.truth import Truth

AT_ONCE = 16
"""Mails are read again so many at a time, their children side by side."""


def complete(
    service: Service, truth: Truth, rows: Sequence[SubmissionRow], *, advance: Callable[[int], object] = lambda _: None
) -> None:
    """Make sure that the store has the columns of these accepted submissions of the truth's track.

    ``advance`` is told how many are done, as they are. The present truth of the track must have the same ids.

    Raises:
        Permanent: a mail or a file is gone, or cannot be scored by the present labels.
        OSError: the store cannot be written.
    """
    missing = service.columns.missing(truth, {row.id: row.sha256 for row in rows})
    gaps = [row for row in rows if row.id in missing]
    advance(len(rows) - len(gaps))
    for start in range(0, len(gaps), AT_ONCE):
        some = gaps[start : start + AT_ONCE]
        found = [
            Predictions(submission_id=row.id, sha256=row.sha256, values=evaluated.values)
            for row, evaluated in evaluations(service, some)
        ]
        service.columns.put(truth, found)
        advance(len(some))


def evaluations(service: Service, rows: Sequence[SubmissionRow]) -> Iterator[tuple[SubmissionRow, Evaluated]]:
    """Take each submission's file out of its spooled mail again and evaluate it; all are under way at once.

    Raises Permanent as :func:`complete` does.
    """
    with service.ledger.read() as tx:
        found = [(row, mails.get(tx, row.mail_id)) for row in rows]
    opening = [
        (row, service.sandbox.submit(open_mail, service.spool.get(mail.sha256), mail.size))
        for row, mail in found
        if mail
    ]
    pending = []
    for row, task in opening:
        candidate = next((each for each in task.result().candidates if each.sha256 == row.sha256), None)
        if candidate is None:
            message = f"the file of {row.receipt} is not in its spooled mail"
            raise Permanent(message)
        job = Job(name=candidate.name, data=candidate.data, hint=row.track)
        pending.append((row, service.evaluator.start(job)))
    for row, evaluation in pending:
        evaluated = evaluation.result()
        if not evaluated.evaluation.ok or evaluated.evaluation.track != row.track:
            codes = ", ".join(problem.code for problem in evaluated.evaluation.problems) or "another track"
            message = f"{row.receipt} was accepted, but cannot be scored by the present labels: {codes}"
            raise Permanent(message)
        yield row, evaluated
