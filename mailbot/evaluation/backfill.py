"""Fill the gaps of the column store from the spool: after a crash, a deleted folder, or a change of the ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from mailbot.errors import Permanent, Temporary
from mailbot.evaluation.columns import Predictions
from mailbot.evaluation.evaluator import Job
from mailbot.ledger import mails, submissions
from mailbot.mail.open import open_mail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mailbot.model import Standing
    from mailbot.service import Service
    from scoring.evaluate import Evaluated
    from scoring.scored import Laid
    from scoring.truth import Truth


class Filed(Protocol):
    """A submission whose file can be found again: :class:`Accepted` or :class:`SubmissionRow`."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def mail_id(self) -> int:
        """Its mail's."""

    @property
    def track(self) -> str | None:
        """Its track."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of its file."""

    @property
    def receipt(self) -> str:
        """Its public id."""


Row = TypeVar("Row", bound=Filed)

AT_ONCE = 16
"""Mails are read again so many at a time, their children side by side."""


def complete(
    service: Service, truth: Truth, rows: Sequence[Filed], *, advance: Callable[[int], object] = lambda _: None
) -> None:
    """Make sure that the store has the columns of these accepted submissions of the truth's track.

    ``advance`` is told how many are done, as they are. The present truth of the track must have the same ids.

    Raises:
        Permanent: a mail or a file is gone, or cannot be scored by the present labels.
        Temporary: the store cannot be written.
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
        try:
            service.columns.put(service.labels.whole[truth.track.name], found)
        except OSError as error:
            message = f"{service.config.state / 'columns'} cannot be written: {error.strerror}"
            raise Temporary(message) from error
        advance(len(some))


def predicted(service: Service, truth: Truth, standings: Sequence[Standing]) -> dict[str, Laid]:
    """Return what the submissions of standings predict, by receipt, as :func:`scoring.parts.laid_out` gives it."""
    with service.ledger.read() as tx:
        rows = submissions.with_ids(tx, [submissions.id_of(one.receipt) for one in standings])
    complete(service, truth, rows)
    laid = service.columns.laid(truth, [row.id for row in rows])
    return {row.receipt: laid[row.id] for row in rows if row.id in laid}


def evaluations(service: Service, rows: Sequence[Row]) -> Iterator[tuple[Row, Evaluated]]:
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
        if evaluated.evaluation.ok and evaluated.evaluation.truth != service.labels[row.track or ""].sha256:
            message = "the labels were changed meanwhile; try again"
            raise Temporary(message)
        if not evaluated.evaluation.ok or evaluated.evaluation.track != row.track:
            codes = ", ".join(problem.code for problem in evaluated.evaluation.problems) or "another track"
            message = f"{row.receipt} was accepted, but cannot be scored by the present labels: {codes}"
            raise Permanent(message)
        yield row, evaluated
