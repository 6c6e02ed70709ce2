"""Tell a team that the organizers have accepted a submission that the rules had not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.ledger import outbox, teams
from mailbot.letters import letter as letters
from mailbot.mail.languages import shown_in, words
from mailbot.mail.templates import environment
from scoring.model import Policy

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.config.calendar import Phase
    from mailbot.config.challenge import Challenge
    from mailbot.ledger import Tx
    from mailbot.ledger.submissions import SubmissionRow
    from scoring.model import Evaluation

KIND = "accepted"
"""The kind of these mails in the outbox."""


@dataclass(frozen=True, kw_only=True)
class AcceptedLetter:
    """A letter about one submission."""

    challenge: Challenge
    row: SubmissionRow
    track: str
    phase: Phase
    #: In the organizers' words.
    why: str

    def queue(self, tx: Tx, evaluation: Evaluation, now: datetime) -> bool:
        """Queue the letter, once; False when no address of the team takes mail."""
        team = teams.with_id(tx, self.row.team_id)
        address = teams.recipient(team, teams.bouncing(tx))
        key = f"{KIND}:{self.row.receipt}"
        if address is None or outbox.has(tx, key):
            return False
        language = letters.languages(tx)(team)
        title = words(language).gettext("Your submission was accepted")
        letters.queue(
            tx, self.challenge, self._text(evaluation, language, team.name, now), team_id=team.id, recipient=address,
            language=language, title=f"{self.row.receipt}: {title}", kind=KIND, key=key, now=now,
        )  # fmt: skip
        return True

    def _text(self, evaluation: Evaluation, language: str, team: str, now: datetime) -> str:
        zone, decimals = self.challenge.zone, self.challenge.board.decimals
        told = evaluation.score if self.phase.feedback is Policy.FULL else None
        is_over = self.challenge.next_board_with(self.phase.name, now) is None
        context = {
            "row": self.row,
            "team": team,
            "title": self.challenge.tracks[self.track].title,
            "arrived": shown_in(language, self.row.arrived_at, zone),
            "score": None if told is None else f"{told:.{decimals}f}",
            "phase": self.phase.name if len(self.challenge.stages) > 1 else "",
            "boards_over": [self.phase.name] if is_over else [],
            "why": self.why,
            "challenge": self.challenge,
        }
        return environment(language).get_template("letters/accepted.txt.j2").render(context)
