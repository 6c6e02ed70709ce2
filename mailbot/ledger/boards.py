"""Published boards, which are immutable snapshots, and where each was shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.config.calendar import last_before
from mailbot.config.stages import FIRST, ONLY, switches
from mailbot.ledger import events
from mailbot.ledger.tables import boards, shown
from mailbot.ledger.trail.rows import touch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from mailbot.config.calendar import Moment
    from mailbot.config.stages import Stage
    from mailbot.ledger.engine import Tx

OVERDUE = timedelta(hours=1)
"""A board that is not out so long after its instant is worth a word."""


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """A published board as the ledger keeps it."""

    id: int
    #: The weekly instant it was due; None for one published by hand.
    due_at: datetime | None
    published_at: datetime
    sha256: str
    #: Its JSON, byte for byte as hashed.
    board: str
    #: Whether its letters are still to be written.
    letters_owed: bool
    #: The stage whose board it is, by its key (:mod:`mailbot.config.stages`).
    stage: str
    #: Why it was taken back; None when it stands.
    withdrawn: str | None = None


def add(
    tx: Tx, board: str, *, due_at: datetime | None, now: datetime, letters_owed: bool = False, stage: str = FIRST
) -> int | None:
    """Keep a published board; None when the one due at that instant is kept already."""
    if due_at is not None and tx.scalar(sa.select(boards.c.id).where(boards.c.due_at == due_at)) is not None:
        return None
    row = tx.execute(
        sa.insert(boards)
        .values(
            due_at=due_at, published_at=now, sha256=digest(board), board=board, letters_owed=letters_owed, stage=stage
        )
        .returning(boards.c.id)
    )  # fmt: skip
    board_id = int(row.scalar_one())
    touch(tx, "boards", board_id)
    return board_id


def digest(board: str) -> str:
    """Return the SHA-256 of a board, by which the ledger and the trail know it."""
    return hashlib.sha256(board.encode()).hexdigest()


def owing(tx: Tx) -> int | None:
    """Return the id of the oldest board whose letters are still to be written."""
    return tx.scalar(sa.select(boards.c.id).where(boards.c.letters_owed).order_by(boards.c.id).limit(1))


def all_owing(tx: Tx) -> list[BoardRow]:
    """Return the boards whose letters are still to be written, the oldest first."""
    owing = set(tx.scalars(sa.select(boards.c.id).where(boards.c.letters_owed)))
    return [row for row in listing(tx) if row.id in owing]


def settle(tx: Tx, board_id: int) -> bool:
    """Note that the letters of a board are written; False when somebody else wrote them before."""
    owed = sa.update(boards).where(boards.c.id == board_id, boards.c.letters_owed)
    return tx.execute(owed.values(letters_owed=False)).rowcount == 1


def last_due(tx: Tx, until: datetime) -> datetime | None:
    """Return the latest weekly instant, not after ``until``, whose board was published.

    A later one was published by a clock that was ahead.
    """
    return tx.scalar(
        sa.select(boards.c.due_at).where(boards.c.due_at <= until).order_by(boards.c.due_at.desc()).limit(1)
    )


def was_due(tx: Tx, instant: datetime) -> bool:
    """Whether the board that was due at an instant was published."""
    return tx.scalar(sa.select(boards.c.id).where(boards.c.due_at == instant)) is not None


def withdraw(tx: Tx, sha256: str, *, why: str, now: datetime) -> bool:
    """Take a board back; False when it is not there, or was taken back before. It owes no letters then.

    One that was due later than now was published by a clock that was ahead: it is due again at its instant.
    """
    standing = sa.update(boards).where(boards.c.sha256 == sha256, boards.c.withdrawn.is_(None))
    done = tx.execute(standing.values(withdrawn=why, letters_owed=False)).rowcount > 0
    early = sa.update(boards).where(boards.c.sha256 == sha256, boards.c.due_at > now).values(due_at=None)
    touch(tx, "boards", *tx.scalars(early.returning(boards.c.id)))
    return done


def newest(tx: Tx) -> int | None:
    """Return the id of the board published last, of those that stand."""
    return tx.scalar(sa.select(boards.c.id).where(boards.c.withdrawn.is_(None)).order_by(boards.c.id.desc()).limit(1))


def last_published(tx: Tx) -> datetime | None:
    """Return when a board was last published, of those that stand."""
    return tx.scalar(
        sa.select(boards.c.published_at).where(boards.c.withdrawn.is_(None)).order_by(boards.c.id.desc()).limit(1)
    )


def listing(tx: Tx, *, withdrawn: bool = False) -> list[BoardRow]:
    """Return the published boards, oldest first; those that were taken back only when asked for."""
    which = sa.true() if withdrawn else boards.c.withdrawn.is_(None)
    rows = tx.execute(sa.select(boards).where(which).order_by(boards.c.id))
    return [
        BoardRow(
            id=r.id,
            due_at=r.due_at,
            published_at=r.published_at,
            sha256=r.sha256,
            board=r.board,
            letters_owed=r.letters_owed,
            stage=r.stage,
            withdrawn=r.withdrawn,
        )
        for r in rows
    ]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """How a place stands."""

    #: The board it is known to show; None when nothing was ever shown there.
    board_id: int | None = None
    #: Attempts in vain since it was last shown something.
    attempts: int = 0
    failing_since: datetime | None = None
    #: The next attempt is not made before.
    due_at: datetime | None = None
    error: str = ""


def shown_at(tx: Tx, place: str) -> Shown:
    """Return how a place stands."""
    row = tx.execute(sa.select(shown).where(shown.c.place == place)).first()
    if row is None:
        return Shown()
    return Shown(
        board_id=row.board_id,
        attempts=row.attempts,
        failing_since=row.failing_since,
        due_at=row.due_at,
        error=row.error,
    )


def mark_shown(tx: Tx, place: str, board_id: int | None) -> None:
    """Note that a place shows a board; None: one without teams, as none stands."""
    _put(tx, place, board_id=board_id, attempts=0, failing_since=None, due_at=None, error="")


def mark_failed(tx: Tx, place: str, *, since: datetime, attempts: int, due_at: datetime, error: str) -> None:
    """Note so many attempts in vain, and when to try again."""
    _put(tx, place, attempts=attempts, failing_since=since, due_at=due_at, error=error)


def _put(tx: Tx, place: str, **values: object) -> None:
    if tx.execute(sa.update(shown).where(shown.c.place == place).values(**values)).rowcount == 0:
        tx.execute(sa.insert(shown).values(place=place, **values))


def missing(
    tx: Tx, publish_at: Moment, zone: ZoneInfo, now: datetime, stages: Sequence[Stage] = ONLY
) -> datetime | None:
    """Return the instant whose board is missing, the earliest; none before the ledger began.

    Of the weekly instants only ever the last one. A stage that another follows has one more board, of its end.
    """
    last = last_before(publish_at, zone, now)
    began, done = events.began(tx), last_due(tx, last)
    if began is None:
        return None
    weekly = [last] if began <= last and (done is None or done < last) else []
    ends = [at for _, at in switches(stages) if began <= at <= now and not was_due(tx, at)]
    return min([*weekly, *ends], default=None)
