"""What a reply may reveal of a score: by the phase's policy, and for the ladder by the team's earlier scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.evaluation import kept_tasks
from mailbot.evaluation.tasks import labels_told
from mailbot.ledger import submissions
from scoring.fairness.ladder import Feedback, feedback
from scoring.model import Policy

if TYPE_CHECKING:
    from mailbot.config.calendar import Phase
    from mailbot.config.challenge import Challenge
    from mailbot.evaluation.backfill import Backfill
    from mailbot.evaluation.columns import Columns
    from mailbot.evaluation.labels import Labels
    from mailbot.ledger import Ledger
    from mailbot.model import Judged, Team
    from mailbot.system.sandbox import Sandbox


@dataclass(frozen=True, kw_only=True)
class ScoreFeedback:
    """Decides what replies reveal of scores."""

    ledger: Ledger
    challenge: Challenge
    labels: Labels
    columns: Columns
    backfill: Backfill
    sandbox: Sandbox

    def prepared(self, team: Team, phase: Phase, file: Judged) -> Judged:
        """Return a file that has a score with how far its team has come with it, where the phase tells that.

        To be called before the transaction: a child computes it, and the team's earlier predictions may have to be made
        again. What the same mail brings before it does not count. Raises Temporary.
        """
        if phase.feedback is not Policy.LADDER:
            return file
        truth = self.labels.of_stage(self.challenge.stage_of(phase.name).key).public[str(file.evaluation.track)]
        with self.ledger.read() as tx:
            earlier = submissions.climbed(tx, team_id=team.id, track=truth.track.name, phase=phase.name)
        self.backfill.complete(truth, earlier)
        folder, ids = str(self.columns.folder.absolute()), tuple(row.id for row in earlier)
        task = self.sandbox.submit(kept_tasks.climbed, folder, labels_told(truth), ids, file.values)
        return replace(file, reached=task.result())

    def of(self, phase: Phase, file: Judged) -> Feedback:
        """Return what is told of a file that has just been accepted. Raises ValueError for one without a score."""
        if file.evaluation.score is None:
            message = "only a file with a score is reported"
            raise ValueError(message)
        return feedback(
            phase.feedback,
            file.evaluation.score,
            rung=file.reached,
            resolution=phase.rounding,
            decimals=self.challenge.board.decimals,
        )
