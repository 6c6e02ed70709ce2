"""Fill gaps in the column store from the spool: after a crash, a deleted folder, or a change of the ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.errors import Permanent, Temporary
from mailbot.evaluation.columns import Predictions
from mailbot.evaluation.evaluator import Job
from mailbot.ledger import submissions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mailbot.evaluation.columns import Columns
    from mailbot.evaluation.evaluator import Evaluator
    from mailbot.evaluation.labels import Labels
    from mailbot.evaluation.submitted_files import Filed, Row, SubmittedFiles
    from mailbot.ledger import Ledger
    from mailbot.model import Standing
    from scoring.labels.truth import Truth
    from scoring.model import Evaluated
    from scoring.scores.scored import Laid

AT_ONCE = 16
"""So many mails are read again side by side, or more where a cluster has room for them."""


@dataclass(frozen=True, kw_only=True)
class Backfill:
    """Fills gaps in the column store."""

    ledger: Ledger
    files: SubmittedFiles
    evaluator: Evaluator
    columns: Columns
    labels: Labels

    def complete(
        self, truth: Truth, rows: Sequence[Filed], *, advance: Callable[[int], object] = lambda _: None
    ) -> None:
        """Make sure that the store has the columns of these accepted submissions of the truth's track.

        Those of a track with a scorer of its own are not kept: it scores files.

        ``advance`` is told how many are done, as they are. A present truth of the track must have the same ids.

        Raises:
            Permanent: a mail or a file is gone, or cannot be scored by the current labels.
            Temporary: the store cannot be written.
        """
        if truth.track.own:
            return
        missing = self.columns.missing(truth, {row.id: row.sha256 for row in rows})
        gaps = [row for row in rows if row.id in missing]
        advance(len(rows) - len(gaps))
        at_once = max(AT_ONCE, self.evaluator.at_once)
        for start in range(0, len(gaps), at_once):
            some = gaps[start : start + at_once]
            found = [
                Predictions(submission_id=row.id, sha256=row.sha256, values=evaluated.values)
                for row, evaluated in self._evaluations(some, self.labels.stage_with(truth))
            ]
            try:
                self.columns.put(self.labels.with_items_of(truth), found)
            except OSError as error:
                raise Temporary(f"{self.columns.folder} cannot be written: {error.strerror}") from error
            advance(len(some))

    def predicted(self, truth: Truth, standings: Sequence[Standing]) -> dict[str, Laid]:
        """Return what the submissions of standings predict, by receipt; see :func:`scoring.scores.parts.laid_out`."""
        if truth.track.own:
            return {}
        with self.ledger.read() as tx:
            rows = submissions.with_ids(tx, [submissions.id_of(one.receipt) for one in standings])
        self.complete(truth, rows)
        laid = self.columns.laid(truth, [row.id for row in rows])
        return {row.receipt: laid[row.id] for row in rows if row.id in laid}

    def _evaluations(self, rows: Sequence[Row], stage: str) -> Iterator[tuple[Row, Evaluated]]:
        """Evaluate each submission's file again; all are under way at once. Raises Permanent as ``complete`` does."""
        pending = [
            (row, self.evaluator.start(Job(name=file.name, data=file.data, hint=row.track, stage=stage)))
            for row, file in self.files.candidates(rows)
        ]
        for row, evaluation in pending:
            evaluated = evaluation.result()
            present = self.labels.of_stage(stage).public
            if evaluated.evaluation.ok and evaluated.evaluation.truth != present[row.track or ""].sha256:
                raise Temporary("the labels were changed meanwhile; try again")
            if not evaluated.evaluation.ok or evaluated.evaluation.track != row.track:
                codes = ", ".join(problem.code for problem in evaluated.evaluation.problems) or "another track"
                raise Permanent(f"{row.receipt} was accepted, but cannot be scored by the current labels: {codes}")
            yield row, evaluated
