"""The step that publishes the leaderboard once for each weekly instant, also after downtime."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.board.build import AUDIT_RULE
from mailbot.board.codec import snapshot
from mailbot.board.rescoring import carry_over
from mailbot.config.calendar import shown
from mailbot.ledger import boards, disputes, events, held, mails
from mailbot.system import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mailbot.board.model import Board, Table
    from mailbot.board.publish import Publisher
    from mailbot.board.ranking import Ranking
    from mailbot.config.calendar import Phase
    from mailbot.config.challenge import Challenge
    from mailbot.config.stages import Stage
    from mailbot.ledger import Ledger

PATIENCE = timedelta(minutes=15)
"""So long a due board waits for mails that arrived in time and are still being worked on."""

FLIP_DIGITS = 6
"""Significant digits of a published probability: linear algebra differs by machine in the last of its 16."""


@dataclass(frozen=True, kw_only=True)
class Weekly:
    """Publishes the leaderboard."""

    ledger: Ledger
    challenge: Challenge
    ranking: Ranking
    publisher: Publisher
    #: Whether a board that was due owes letters.
    owes_letters: bool
    clock: Callable[[], datetime]

    def step(self) -> bool:
        """Publish the board that is due, or score what carries over into a phase; tell whether it did either."""
        if carry_over(self.ranking, self.clock()):
            return True
        due_at = self.due_at()
        if due_at is None or self._must_wait(due_at):
            return False
        self.publish(as_of=due_at, due_at=due_at)
        return True

    def due_at(self) -> datetime | None:
        """Return the instant whose board is missing; see :func:`mailbot.ledger.boards.missing`."""
        with self.ledger.read() as tx:
            given = self.challenge
            return boards.missing(tx, given.publish_at, given.zone, self.clock(), given.stages)

    def next_at(self) -> datetime:
        """Return the instant at which the next board is due."""
        return self.challenge.next_board(self.clock())

    def board(self, as_of: datetime, *, final: bool = False, stage: Stage | None = None) -> Board:
        """Build the board of an instant, or the final results, from the ledger; see Ranking."""
        return self.ranking.board(as_of, final=final, stage=stage)

    def publish(
        self,
        *,
        as_of: datetime,
        due_at: datetime | None = None,
        letters: bool = False,
        final: bool = False,
        stage: Stage | None = None,
    ) -> Board:
        """Show the board everywhere, then keep it in the ledger; by hand it owes ``letters`` when told so.

        ``final`` makes it the final results of the challenge, or of a stage, by the private part of a split.
        """
        self.ranking.labels.refresh()  # pages tell of the items of the present phase
        with self.ledger.read() as tx:
            head = events.head(tx)
        made = sealed(self.board(as_of, final=final, stage=stage), head)
        self.publisher.publish(made)
        self.keep(made, due_at=due_at, head=head, letters=self._owes_letters(due_at) if due_at else letters)
        journal.event("board-published", as_of=as_of.isoformat(), due=due_at is not None)
        return made

    def keep(self, made: Board, *, due_at: datetime | None, head: str, letters: bool) -> None:
        """Keep a published board in the ledger."""
        text, now = snapshot(made), self.clock()
        as_of, due = made.as_of.isoformat(), due_at.isoformat() if due_at else None
        stage, phase = self.challenge.stage_of(made.phase).key, {"phase": made.phase} if made.phase else {}
        with self.ledger.write("board") as tx:
            if boards.add(tx, text, due_at=due_at, now=now, letters_owed=letters, stage=stage) is not None:
                told = {"as_of": as_of, "due_at": due, "audit": head, "letters": letters, "final": made.final}
                kept = {"sha256": boards.digest(text), "rules": made.rules, "flip_digits": FLIP_DIGITS}
                events.append(tx, kind="board-published", subject="board", now=now, **told, **kept, **phase)

    def too_early(self, phases: Sequence[Phase]) -> str | None:
        """Return why final results would come too early; else None.

        That is a phase that has not closed, mails that wait or are held, and disputes that nobody has ruled on.
        """
        now, zone = self.clock(), self.challenge.zone
        left = [phase for phase in phases if phase.closes is None or phase.closes > now]
        ends = [f"closes {shown(one.closes, zone)}" if one.closes else "has no end" for one in left]
        why = [f"Phase “{one.name}” {end}." for one, end in zip(left, ends, strict=True)]
        with self.ledger.read() as tx:
            counts = {
                "mail(s) are not completely processed yet.": mails.unfinished(tx),
                "mail(s) are held and would not count (`mailbot mails list --held`).": held.count(tx),
                "dispute(s) are open (`mailbot disputes`).": len(disputes.open_since(tx)),
            }
        return " ".join([*why, *(f"{count} {what}" for what, count in counts.items() if count)]) or None

    def _owes_letters(self, due_at: datetime) -> bool:
        """Whether the letters of a weekly board are still to be written; a host that is gone may have written them."""
        with self.ledger.read() as tx:
            told = events.told_until(tx)
        return self.owes_letters and (told is None or due_at + PATIENCE > told)

    def _must_wait(self, due_at: datetime) -> bool:
        with self.ledger.read() as tx:
            return self.clock() < due_at + PATIENCE and mails.unfinished(tx, before=due_at) > 0


def sealed(made: Board, head: str, *, flip_digits: int | None = FLIP_DIGITS) -> Board:
    """Print the head of the audit trail on a board, so that participants can hold the committee to it.

    Its probabilities are rounded to some significant digits (None: not at all, as boards were before), so that a
    ledger rebuilt on another machine has the same board, byte for byte.
    """
    tables = made.tables if flip_digits is None else tuple(_rounded(table, flip_digits) for table in made.tables)
    return replace(made, tables=tables, rules=(*made.rules, f"{AUDIT_RULE}{head}."))


def _rounded(table: Table, digits: int) -> Table:
    rows = (row if row.flip is None else replace(row, flip=float(f"{row.flip:.{digits}g}")) for row in table.rows)
    return replace(table, rows=tuple(rows))
