"""What a team was told last of each of its scores: by a receipt, ``status``, a board, or a letter about it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailbot.board.codec import board_from_json
from mailbot.ledger import boards, events, scores
from mailbot.ledger.submissions import id_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from mailbot.config.stages import Stage
    from mailbot.ledger import Tx
    from mailbot.ledger.scores import Entered, Version
    from mailbot.ledger.standings import Candidate


@dataclass
class Told:
    """Collects the tellings of one track in one stage, and keeps the last of each submission."""

    its: Mapping[int, Candidate]
    #: The scores of each submission, oldest first.
    entered: Mapping[int, list[Entered]]
    decimals: int
    #: The submissions of each team.
    of_team: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    #: The last telling of each submission: when, and which of its scores.
    last: dict[int, tuple[datetime, Entered]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the submissions by team."""
        for number, one in self.its.items():
            self.of_team[one.team_id].append(number)

    def add(self, score: Entered, at: datetime) -> None:
        """Take a telling of one score; the later of two counts."""
        known = self.last.get(score.submission_id)
        if known is None or known[0] <= at:
            self.last[score.submission_id] = (at, score)

    def add_status(self, receipt: str, value: float, at: datetime) -> None:
        """Take what ``status`` told of a submission."""
        if (score := self._shown(id_of(receipt), value)) is not None:
            self.add(score, at)

    def add_standing(self, receipt: str, value: float, truth: str | None, at: datetime) -> None:
        """Take what a team was told to count with; its others, scored by the same, count for less."""
        score, one = self._shown(id_of(receipt), value, truth), self.its.get(id_of(receipt))
        if score is None or one is None:
            return
        for number in self.of_team[one.team_id]:
            for other in self.entered.get(number, ()):
                if (other.truth, other.scorer) == (score.truth, score.scorer) and other.scored_at <= at:
                    self.add(other, at)

    def _shown(self, submission_id: int, value: float, truth: str | None = None) -> Entered | None:
        """Return the newest score of a submission that a value, rounded or not, can be, by any or one truth."""
        found = (one for one in reversed(self.entered.get(submission_id, [])) if truth in {None, one.truth})
        return next((one for one in found if round(one.value, self.decimals) == round(value, self.decimals)), None)


def last_told(
    tx: Tx, version: Version, stage: Stage, its: Mapping[int, Candidate], *, active: Collection[str], decimals: int
) -> dict[int, Entered]:
    """Return which of its scores each submission's team was told last, by submission; none where it was told none.

    Args:
        tx: A transaction.
        version: Whose track is meant.
        stage: The stage on whose board they count.
        its: The submissions.
        active: The labels, by their SHA-256, that this stage's replies and weekly boards were ever by.
        decimals: To which scores are rounded.
    """
    told = Told(its=its, entered=scores.of_track(tx, version.track), decimals=decimals)
    own = {number for number, one in its.items() if not stage.carries or one.phase in stage.phases}
    for number in own & told.entered.keys():
        replied = _of_receipt(told.entered[number], active)
        told.add(replied, replied.scored_at)
    for at, values, truth in events.scores_told(tx):
        for receipt, value in values.items():
            if truth is None:
                told.add_status(receipt, value, at)
            else:
                told.add_standing(receipt, value, truth, at)
    _add_boards(tx, told, version.track, stage, active)
    found = {number: score for number, (_, score) in told.last.items() if number in its}
    return {number: score for number, score in found.items() if number in own or score.truth in active}


def _of_receipt(entered: Sequence[Entered], active: Collection[str]) -> Entered:
    """Return the score that a receipt told: of those entered first, never that by the private part of a split."""
    together = [one for one in entered if one.scored_at == entered[0].scored_at]
    return next((one for one in together if one.truth in active), together[-1])


def _add_boards(tx: Tx, told: Told, track: str, stage: Stage, active: Collection[str]) -> None:
    """Take what boards showed, also those that were taken back; not final ones by the private part of a split."""
    newest: dict[str, tuple[float, str | None, datetime]] = {}  # by receipt: what the last board that had it showed
    for row in boards.listing(tx, withdrawn=True):
        shown = board_from_json(json.loads(row.board))
        truth = shown.truths.get(track)
        if row.stage != stage.key or (shown.final and truth not in active):
            continue
        for one in (one for table in shown.tables if table.key == track for one in table.rows if one.receipt):
            newest[one.receipt] = (one.score, truth, row.published_at)
    for receipt, told_there in newest.items():
        told.add_standing(receipt, *told_there)
