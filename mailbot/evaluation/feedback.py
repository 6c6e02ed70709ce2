"""What a reply may reveal of a score: by the phase's policy, and for the ladder by the team's earlier scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot import lazily
from mailbot.ledger import submissions
from scoring.fairness.ladder import Feedback, feedback, ladder
from scoring.model import Policy

with lazily(__name__):  # they load NumPy, which only the ladder needs
    from scoring.scores.deviations import deviations
    from scoring.scores.evaluate import laid_of
    from scoring.scores.scored import scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.config.calendar import Phase
    from mailbot.config.challenge import Challenge
    from mailbot.evaluation.backfill import Backfill
    from mailbot.evaluation.columns import Columns
    from mailbot.evaluation.labels import Labels
    from mailbot.ledger import Ledger, Tx
    from mailbot.model import Judged, Team
    from scoring.fairness.ladder import Rung
    from scoring.labels.truth import Truth


@dataclass(frozen=True, kw_only=True)
class ScoreFeedback:
    """Decides what replies reveal of scores."""

    ledger: Ledger
    challenge: Challenge
    labels: Labels
    columns: Columns
    backfill: Backfill

    def prepare(self, team: Team, phase: Phase | None, files: Sequence[Judged]) -> None:
        """See to it that the team's earlier predictions are at hand, where the ladder will ask for them."""
        if phase is None or phase.feedback is not Policy.LADDER:
            return
        for track in dict.fromkeys(file.evaluation.track for file in files if file.evaluation.ok):
            truth = self._truth(phase, str(track))
            with self.ledger.read() as tx:
                earlier = submissions.climbed(tx, team_id=team.id, track=str(track), phase=phase.name)
            self.backfill.complete(truth, earlier)

    def of(self, tx: Tx, team: Team, phase: Phase, file: Judged) -> Feedback:
        """Return what is told of a file that has just been accepted; its submission is not in the ledger yet."""
        evaluation = file.evaluation
        if evaluation.score is None or evaluation.track is None:
            message = "only a file with a score is reported"
            raise ValueError(message)
        rung = self._rung(tx, team, phase, file) if phase.feedback is Policy.LADDER else None
        return feedback(
            phase.feedback,
            evaluation.score,
            rung=rung,
            resolution=phase.rounding,
            decimals=self.challenge.board.decimals,
        )

    def _truth(self, phase: Phase, track: str) -> Truth:
        return self.labels.of_stage(self.challenge.stage_of(phase.name).key).public[track]

    def _rung(self, tx: Tx, team: Team, phase: Phase, file: Judged) -> Rung:
        """Climb the ladder anew, by the present truth alone: a change of labels leaves no trace of what was told."""
        truth = self._truth(phase, str(file.evaluation.track))
        track = truth.track
        earlier = submissions.climbed(tx, team_id=team.id, track=track.name, phase=phase.name)
        kept = self.columns.laid(truth, [row.id for row in earlier])
        climbed = [*(kept[row.id] for row in earlier if row.id in kept), laid_of(file.values, truth)]
        steps = ((scored(laid, truth).score, deviations(laid, truth)) for laid in climbed)
        return ladder(steps, higher_is_better=track.higher_is_better)[-1]
