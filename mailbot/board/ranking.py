"""Make the board of an instant: standings from the ledger, their uncertainty, and the rules that rank them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.board import build
from mailbot.board.uncertainty import sureness
from mailbot.errors import Permanent
from mailbot.ledger import scores
from mailbot.ledger.scores import Version
from mailbot.ledger.standings import Deciding, standings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mailbot.board.model import Board
    from mailbot.config.board import BoardRules
    from mailbot.config.challenge import Challenge
    from mailbot.evaluation.backfill import Backfill
    from mailbot.evaluation.labels import Labels
    from mailbot.ledger import Ledger, Tx
    from mailbot.model import Standing
    from scoring.labels.truth import Truth

    Versions = Mapping[str, Version]


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Makes boards."""

    ledger: Ledger
    challenge: Challenge
    labels: Labels
    backfill: Backfill

    def board(self, as_of: datetime, *, final: bool = False) -> Board:
        """Build the board of an instant; the final one ranks by the private part of a split.

        Raises Permanent when a submission lacks its score.
        """
        truths = self.labels.final if final else self.labels
        versions = self.versions_of(truths)
        with self.ledger.read() as tx:
            missing = self.lacking(tx, versions)
            found = self._standings(tx, versions, as_of)
        if missing:
            message = f"{missing} submission(s) have no score by the present labels and formulas: run `mailbot rescore`"
            raise Permanent(message)
        laid = {
            receipt: columns
            for track, truth in truths.items()
            for receipt, columns in self.backfill.predicted(truth, [one for one in found if one.track == track]).items()
        }
        sure = sureness(found, truths, laid, overall=self.challenge.board.has_overall)
        made = build.build(found, self._rules(versions, final=final), as_of.astimezone(self.challenge.zone), sure)
        return replace(made, final=final)

    def lacking(self, tx: Tx, versions: Versions) -> int:
        """Count the submissions that have no score of these versions; while there are any, no board comes out."""
        return scores.count_all_lacking(tx, versions.values())

    def board_by(self, tx: Tx, versions: Versions, as_of: datetime) -> Board:
        """Build the board of an instant from the scores of any versions: ranks alone, of what has such scores."""
        found = self._standings(tx, versions, as_of)
        return build.build(found, self._rules(versions, final=False), as_of.astimezone(self.challenge.zone))

    @property
    def versions(self) -> dict[str, Version]:
        """What the scores of weekly boards are computed by at present, by track."""
        return self.versions_of(self.labels)

    def versions_of(self, truths: Mapping[str, Truth]) -> dict[str, Version]:
        """Return what scores by these truths are computed by, by track."""
        return {
            name: Version(track=name, truth=truths[name].sha256, scorer=track.scorer)
            for name, track in self.challenge.tracks.items()
        }

    def _standings(self, tx: Tx, versions: Versions, as_of: datetime) -> list[Standing]:
        shown = self.versions
        return [
            standing
            for name, by in versions.items()
            for standing in standings(tx, self._deciding(by, shown[name]), before=as_of)
        ]

    def _deciding(self, by: Version, shown: Version) -> Deciding:
        better = self.challenge.tracks[by.track].higher_is_better
        return Deciding(rule=self.challenge.standing, by=by, shown=shown, higher_is_better=better)

    def _rules(self, versions: Versions, *, final: bool) -> BoardRules:
        rules, truths = self.challenge.board, {track: by.truth for track, by in versions.items()}
        added = (*rules.rules, *self._split_rules(final=final))
        return replace(rules, truths=truths, rules=added)

    def _split_rules(self, *, final: bool) -> tuple[str, ...]:
        """Say which part of the items this board is by, where there is a split."""
        if all(self.labels.final[track].sha256 == truth.sha256 for track, truth in self.labels.items()):
            return ()
        if final:
            return ("This is the final board, by the private part of the items, which no reply was computed from.",)
        return ("This board is by the public part of the items; the final one will be by the others.",)
