"""Make the board of an instant: standings from the ledger, their uncertainty, and the rules that rank them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot import lazily
from mailbot.board import build
from mailbot.config.stages import stage_before
from mailbot.errors import Permanent
from mailbot.ledger import scores
from mailbot.ledger.scores import Version
from mailbot.ledger.standings import Deciding, standings

with lazily(__name__):  # they load NumPy, which only a board that is made needs
    from mailbot.board.uncertainty import pairs, sureness
    from scoring.scores import items

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mailbot.board.model import Board
    from mailbot.board.uncertainty import Pair
    from mailbot.config.board import BoardRules
    from mailbot.config.challenge import Challenge
    from mailbot.config.stages import Stage
    from mailbot.evaluation.backfill import Backfill
    from mailbot.evaluation.labels import Labels
    from mailbot.ledger import Ledger, Tx
    from mailbot.model import Rule, Standing
    from scoring.labels.truth import Truth
    from scoring.scores.items import Answered
    from scoring.scores.scored import Laid

    Versions = Mapping[str, Version]


@dataclass(frozen=True, kw_only=True)
class Considered:
    """What a board is made of."""

    standings: Sequence[Standing]
    #: The labels, by track.
    truths: Mapping[str, Truth]
    #: What each submission predicts, by receipt.
    laid: Mapping[str, Laid]

    def answered(self, track: str) -> list[Answered]:
        """Return how the submissions of a track answered each item."""
        own = [each.receipt for each in self.standings if each.track == track]
        return items.answered(self.truths[track], [self.laid[each] for each in own if each in self.laid])


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Makes boards."""

    ledger: Ledger
    challenge: Challenge
    labels: Labels
    backfill: Backfill

    def board(self, as_of: datetime, *, final: bool = False, stage: Stage | None = None) -> Board:
        """Build the board of an instant; the final one ranks by the private part of a split.

        It is the board of a stage; without one, of that which was present just before the instant. Raises Permanent
        when a submission lacks its score.
        """
        stage = stage or self.stage_before(as_of)
        loaded = self.labels.of_stage(stage.key)
        truths = loaded.final if final else loaded.public
        versions = self._versions_of(truths, stage)
        with self.ledger.read() as tx:
            missing = self.lacking(tx, versions)
            found = self._standings(tx, versions, as_of, stage)
        if missing:
            message = f"{missing} submission(s) have no score by the current labels and formulas: run `mailbot rescore`"
            raise Permanent(message)
        laid = self._laid(found, truths)
        sure = sureness(found, truths, laid, overall=self.challenge.board.has_overall)
        rules = self._rules(versions, stage, final=final)
        made = build.build(found, rules, as_of.astimezone(self.challenge.zone), sure)
        return replace(made, final=final, phase=stage.name)

    def stage_before(self, as_of: datetime) -> Stage:
        """Return the stage whose board is the one of an instant."""
        return stage_before(self.challenge.stages, as_of)

    def considered(self, as_of: datetime, stage: Stage | None = None) -> Considered:
        """Return what the board of an instant is made of; of a stage as :meth:`board` has it."""
        stage = stage or self.stage_before(as_of)
        truths = self.labels.of_stage(stage.key).public
        with self.ledger.read() as tx:
            found = self._standings(tx, self._versions_of(truths, stage), as_of, stage)
        return Considered(standings=found, truths=truths, laid=self._laid(found, truths))

    def pairs(self, as_of: datetime, stage: Stage | None = None) -> list[Pair]:
        """Test which teams of the board of an instant differ; see :func:`mailbot.board.uncertainty.pairs`."""
        of = self.considered(as_of, stage)
        return pairs(of.standings, of.truths, of.laid, overall=self.challenge.board.has_overall)

    def _laid(self, found: Sequence[Standing], truths: Mapping[str, Truth]) -> dict[str, Laid]:
        return {
            receipt: columns
            for track, truth in truths.items()
            for receipt, columns in self.backfill.predicted(truth, [one for one in found if one.track == track]).items()
        }

    def lacking(self, tx: Tx, versions: Versions) -> int:
        """Count the submissions that have no score of these versions; while there are any, no board comes out."""
        return scores.count_all_lacking(tx, versions.values())

    def board_by(self, tx: Tx, versions: Versions, as_of: datetime, stage: Stage) -> Board:
        """Build a stage's board from the scores of any versions: ranks alone, of what has such scores."""
        found = self._standings(tx, versions, as_of, stage)
        return build.build(found, self._rules(versions, stage, final=False), as_of.astimezone(self.challenge.zone))

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return next(each for each in self.challenge.stages if each.key == self.labels.stage)

    @property
    def versions(self) -> dict[str, Version]:
        """What the scores of weekly boards are computed by at present, by track."""
        return self.versions_in(self.stage)

    def versions_in(self, stage: Stage) -> dict[str, Version]:
        """Return what the scores of a stage's weekly boards are computed by, by track."""
        return self._versions_of(self.labels.of_stage(stage.key).public, stage)

    def _versions_of(self, truths: Mapping[str, Truth], stage: Stage) -> dict[str, Version]:
        return {
            name: Version(track=name, truth=truths[name].sha256, scorer=track.scorer, within=stage.within)
            for name, track in self.challenge.tracks.items()
        }

    def _standings(self, tx: Tx, versions: Versions, as_of: datetime, stage: Stage) -> list[Standing]:
        shown, rule = self.versions_in(stage), self.challenge.standing_of(stage)
        return [
            standing
            for name, by in versions.items()
            for standing in standings(tx, self._deciding(by, shown[name], rule), before=as_of)
        ]

    def _deciding(self, by: Version, shown: Version, rule: Rule) -> Deciding:
        better = self.challenge.tracks[by.track].higher_is_better
        return Deciding(rule=rule, by=by, shown=shown, higher_is_better=better)

    def _rules(self, versions: Versions, stage: Stage, *, final: bool) -> BoardRules:
        rules, truths = self.challenge.board, {track: by.truth for track, by in versions.items()}
        own = self.challenge.board_rules_of(stage)
        return replace(rules, truths=truths, rules=(*own, *self._split_rules(stage, final=final)))

    def _split_rules(self, stage: Stage, *, final: bool) -> tuple[str, ...]:
        """Say which part of the items this board is by, where there is a split."""
        loaded = self.labels.of_stage(stage.key)
        if all(loaded.final[track].sha256 == truth.sha256 for track, truth in loaded.public.items()):
            return ()
        if final:
            return ("This is the final board, by the private part of the items, which no reply was computed from.",)
        return ("This board is by the public part of the items; the final one will be by the others.",)
