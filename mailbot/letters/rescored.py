"""Tell teams that their score was recalculated: the old one, the new one, and why; once per team and labels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.board.build import one_line
from mailbot.board.codec import board_from_json
from mailbot.ledger import Ledger, boards, events, outbox, scores, submissions, teams, truths
from mailbot.letters import letter as letters
from mailbot.mail.languages import shown_in, words
from mailbot.mail.templates import environment
from mailbot.model import Id
from scoring.model import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from mailbot.board.rank_changes import Change
    from mailbot.config.challenge import Challenge
    from mailbot.evaluation.labels import Labels
    from mailbot.ledger import Tx
    from mailbot.ledger.scores import Version

KIND = "rescored"
"""The kind of these mails in the outbox."""


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What a rescore changed on one track."""

    #: What scores are computed by now.
    version: Version
    #: Of the teams to be told, with their scores before and after.
    changes: Sequence[Change]
    #: Why, in the organizers' words.
    why: str


@dataclass(frozen=True, kw_only=True)
class RescoredLetters:
    """Writes these letters for one challenge."""

    challenge: Challenge
    ledger: Ledger
    labels: Labels
    clock: Callable[[], datetime]

    def queue(self, tx: Tx, correction: Correction) -> set[int]:
        """Queue the letters that were not queued before, and enter it in the audit trail; return the teams' ids."""
        version, now = correction.version, self.clock()
        bouncing, language = teams.bouncing(tx), letters.languages(tx)
        about = {f"{KIND}:{row.sha256}:" for row in truths.listing(tx) if row.track == version.track}
        known = {one_line(team.name): team for team in teams.everyone(tx) if team.letters}
        told = set[int]()
        for change in correction.changes:
            team = known.get(change.team)
            address = teams.recipient(team, bouncing) if team else None
            key = self._key(tx, version, team.id, about) if team and address else None
            if team and address and key:
                shows, own = self._shows_scores(tx, change), language(team)
                before = self._told_before(tx, change, version, team.id)
                text = self._text(correction, change, before, shows=shows, language=own)
                letters.queue(
                    tx, self.challenge, text, team_id=team.id, recipient=address, language=own,
                    title=words(own).gettext("Your score was recalculated"), kind=KIND, key=key, now=now,
                )  # fmt: skip
                told.add(team.id)
        if told:
            count = len(told)
            events.append(tx, kind="rescore-told", subject=version.track, now=now, truth=version.truth, count=count)
        return told

    @staticmethod
    def _key(tx: Tx, version: Version, team_id: int, about: Collection[str]) -> str | None:
        """Return the key of a letter; None where the last one about the track told of the same version."""
        base = f"{KIND}:{version.truth}:{version.scorer}:{team_id}"
        alike = tuple(about)
        return letters.key_of_news(tx, KIND, team_id, base, alike=lambda key: key.startswith(alike))

    def _shows_scores(self, tx: Tx, change: Change) -> bool:
        """Tell whether replies to the submission that counts may show a score: only then may a letter about it."""
        number = Id.SUBMISSION.number(change.after.receipt) if change.after else 0
        phases = {phase.name: phase.feedback for phase in self.challenge.phases}
        return any(phases.get(row.phase or "") is Policy.FULL for row in submissions.listing(tx, submission_id=number))

    def _whole(self, version: Version) -> str:
        """Return the SHA-256 of the label file that a version's labels are, or are part of."""
        found = (self.labels.of_stage(stage.key) for stage in self.challenge.stages if stage.within == version.within)
        return next(found).whole[version.track].sha256

    def _told_before(self, tx: Tx, change: Change, version: Version, team_id: int) -> float | None:
        """Return the score of what counted before that the team was told last, rounded.

        None where that of what counts now was told as it is: what changed and changed back in silence, the team may
        never have seen.
        """
        if not (change.before and change.after):
            return None
        old, new = (self._last_told(tx, row.receipt, version, team_id) for row in (change.before, change.after))
        return None if new == change.after.score else old

    def _last_told(self, tx: Tx, receipt: str, version: Version, team_id: int) -> float | None:
        """Return the score of a submission that its team was told last: by its receipt, a board or such a letter."""
        number = Id.SUBMISSION.number(receipt)
        found = scores.of_submission(tx, number)
        told = [(one.scored_at, one.value) for one in found[:1]]  # that of its reply
        for row in boards.listing(tx):
            its = (t for t in board_from_json(json.loads(row.board)).tables if t.key == version.track)
            told += [(row.published_at, one.score) for table in its for one in table.rows if one.receipt == receipt]
        for key, at in outbox.letters_to(tx, KIND, team_id):
            bases = {f"{KIND}:{one.truth}:{one.scorer}:{team_id}": one.value for one in found}
            told += [(at, value) for base, value in bases.items() if key == base or key.startswith(f"{base}:")]
        latest = max(told, key=lambda one: one[0], default=None)
        return round(latest[1], self.challenge.board.decimals) if latest else None

    def _text(self, correction: Correction, change: Change, before: float | None, *, shows: bool, language: str) -> str:
        version, zone = correction.version, self.challenge.zone
        context = {
            "change": change,
            "shows": shows,
            "told": before,
            "title": self.challenge.tracks[version.track].title,
            "why": correction.why,
            "decimals": self.challenge.board.decimals,
            "next_board": shown_in(language, self.challenge.next_board(self.clock()), zone),
            "challenge": self.challenge,
            "truth": self._whole(version),
        }
        return environment(language).get_template("letters/rescored.txt.j2").render(context)
