"""The step that publishes the leaderboard: once for each weekly instant, after downtime too."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot import board, journal
from mailbot.board_json import board_as_json
from mailbot.errors import Permanent
from mailbot.instants import last_before, next_after
from mailbot.ledger import boards, events, mails, scores, submissions
from mailbot.ledger.scores import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from mailbot.challenge import Challenge
    from mailbot.instants import Moment
    from mailbot.ledger import Ledger, Tx
    from mailbot.model import Board
    from mailbot.publish import Target

PATIENCE = timedelta(minutes=15)
"""So long a due board waits for mails that arrived in time and are still being worked on."""


@dataclass(frozen=True, kw_only=True)
class Weekly:
    """The parts this step works with."""

    ledger: Ledger
    challenge: Challenge
    publish_at: Moment
    zone: ZoneInfo
    #: Whether the best submission counts for a team, not the latest.
    best: bool
    targets: Sequence[Target]
    #: Whether a board that was due owes letters.
    letters: bool
    clock: Callable[[], datetime]

    def step(self) -> bool:
        """Publish the board that is due, if one is; tell whether one was."""
        due_at = self.due_at()
        if due_at is None or self._must_wait(due_at):
            return False
        self.publish(as_of=due_at, due_at=due_at)
        return True

    def due_at(self) -> datetime | None:
        """Return the weekly instant whose board is missing: only ever the last one, none before the ledger began."""
        last = last_before(self.publish_at, self.zone, self.clock())
        with self.ledger.read() as tx:
            began, done = events.began(tx), boards.last_due(tx, last)
        missing = began is not None and began <= last and (done is None or done < last)
        return last if missing else None

    def next_at(self) -> datetime:
        """Return the next weekly instant."""
        return next_after(self.publish_at, self.zone, self.clock())

    def board(self, as_of: datetime) -> Board:
        """Build the board of an instant from the ledger. Raises Permanent when a submission lacks its score."""
        with self.ledger.read() as tx:
            missing = sum(scores.count_lacking(tx, version) for version in self.versions.values())
            if not missing:
                return self.board_by(tx, self.versions, as_of)
        message = f"{missing} submission(s) have no score by the present labels and formulas: run `mailbot rescore`"
        raise Permanent(message)

    @property
    def versions(self) -> dict[str, Version]:
        """What the board's scores are computed by at present, by track."""
        truths, scorers = self.challenge.truth_hashes, self.challenge.scorers
        return {name: Version(track=name, truth=truths[name], scorer=scorers[name]) for name in self.challenge.tracks}

    def board_by(self, tx: Tx, versions: Mapping[str, Version], as_of: datetime) -> Board:
        """Build the board of an instant from the scores of these versions; what has none is not on it."""
        standings = [
            standing
            for track, by in versions.items()
            for standing in submissions.standings(
                tx,
                track=track,
                truth=by.truth,
                scorer=by.scorer,
                before=as_of,
                best=self.best,
                higher_is_better=self.challenge.tracks[track].higher_is_better,
            )
        ]
        truths = {track: by.truth for track, by in versions.items()}
        return board.build(standings, replace(self.challenge.board, truths=truths), as_of.astimezone(self.zone))

    def publish(
        self, *, as_of: datetime, due_at: datetime | None = None, letters: bool = False, final: bool = False
    ) -> Board:
        """Show the board everywhere, then keep it in the ledger; by hand it owes ``letters`` when told so.

        ``final`` marks it as the final results of the challenge.
        """
        with self.ledger.read() as tx:
            head = events.head(tx)
        made = replace(sealed(self.board(as_of), head), final=final)
        for target in self.targets:
            target(made)
        self.keep(made, due_at=due_at, head=head, letters=self.letters if due_at else letters)
        journal.event("board-published", as_of=as_of.isoformat(), due=due_at is not None)
        return made

    def keep(self, made: Board, *, due_at: datetime | None, head: str, letters: bool) -> None:
        """Keep a published board in the ledger."""
        text, now = json.dumps(board_as_json(made), ensure_ascii=False, sort_keys=True), self.clock()
        as_of, due = made.as_of.isoformat(), due_at.isoformat() if due_at else None
        with self.ledger.write("board") as tx:
            if boards.add(tx, text, due_at=due_at, now=now, letters_owed=letters) is not None:
                told = {"as_of": as_of, "due_at": due, "audit": head, "letters": letters, "final": made.final}
                events.append(tx, kind="board-published", subject="board", now=now, **told)

    def _must_wait(self, due_at: datetime) -> bool:
        with self.ledger.read() as tx:
            return self.clock() < due_at + PATIENCE and mails.unfinished(tx, before=due_at) > 0


def sealed(made: Board, head: str) -> Board:
    """Print the head of the audit trail on a board, so that participants can hold the committee to it."""
    return replace(made, rules=(*made.rules, f"{board.AUDIT_RULE}{head}."))
