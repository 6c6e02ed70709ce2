"""Versions of the labels, and which one is present for each track."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.config.stages import FIRST
from mailbot.ledger.tables import truth_choices, truths
from mailbot.ledger.trail.rows import touch
from mailbot.model import Source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mailbot.ledger.engine import Tx


@dataclass(frozen=True, kw_only=True)
class TruthRow:
    """A version of a track's labels. The labels themselves are never in the ledger."""

    sha256: str
    track: str
    #: Number of items that are scored.
    n: int
    added_at: datetime
    #: SHA-256 of the label file that this one is part of; None when it is a whole file itself.
    whole: str | None
    #: Which items of that file are scored, by their places in it from 0; None: all.
    positions: Sequence[int] | None

    @property
    def file(self) -> str:
        """SHA-256 of the label file."""
        return self.whole or self.sha256


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The act that made a truth the present one."""

    id: int
    track: str
    truth: str
    source: Source
    why: str
    chosen_at: datetime
    #: The stage whose labels they are, by its key (:mod:`mailbot.config.stages`).
    stage: str
    #: SHA-256 of the track's own scorer, where the choice brought one into force.
    scorer: str | None = None


def add(
    tx: Tx,
    *,
    sha256: str,
    track: str,
    n: int,
    now: datetime,
    whole: str | None = None,
    positions: Sequence[int] | None = None,
) -> bool:
    """Enter a version of the labels; False when it is known."""
    if get(tx, track, sha256) is not None:
        return False
    listed = None if positions is None else list(positions)
    values = {"sha256": sha256, "track": track, "n": n, "added_at": now, "whole": whole}
    tx.execute(sa.insert(truths).values(**values, positions=sa.null() if listed is None else listed))
    touch(tx, "truths", (track, sha256))
    return True


def get(tx: Tx, track: str, sha256: str) -> TruthRow | None:
    """Return a version of a track's labels."""
    row = tx.execute(sa.select(truths).where(truths.c.sha256 == sha256, truths.c.track == track)).first()
    return TruthRow(**row._mapping) if row else None  # noqa: SLF001  # SQLAlchemy's public name for a row's columns


def listing(tx: Tx) -> list[TruthRow]:
    """Return all versions, oldest first."""
    rows = tx.execute(sa.select(truths).order_by(truths.c.added_at, truths.c.track, truths.c.sha256)).mappings()
    return [TruthRow(**row) for row in rows]


def choose(
    tx: Tx,
    *,
    track: str,
    truth: str,
    source: Source,
    why: str,
    now: datetime,
    stage: str = FIRST,
    scorer: str | None = None,
) -> None:
    """Make a known version the present one of its track in a stage, and a scorer that of the track in all stages."""
    values = {"track": track, "truth": truth, "source": source, "why": why, "chosen_at": now, "stage": stage}
    values |= {"scorer": scorer}
    chosen = tx.execute(sa.insert(truth_choices).values(**values).returning(truth_choices.c.id))
    touch(tx, "truth_choices", chosen.scalar_one())


def choices(tx: Tx) -> list[Choice]:
    """Return all choices, oldest first."""
    rows = tx.execute(sa.select(truth_choices).order_by(truth_choices.c.id)).mappings()
    return [Choice(**{**row, "source": Source(row["source"])}) for row in rows]


def scorers(tx: Tx) -> dict[str, str]:
    """Return the SHA-256 of the scorer of its own that is in force, by track."""
    return {choice.track: choice.scorer for choice in choices(tx) if choice.scorer}


_LAST_CHOICE = sa.select(sa.func.max(truth_choices.c.id))


def last_choice(tx: Tx) -> int:
    """Return the id of the last choice of all tracks, 0 when there is none: it grows whenever a truth changes."""
    return tx.scalar(_LAST_CHOICE) or 0


def present(tx: Tx, stage: str = FIRST) -> dict[str, str]:
    """Return the SHA-256 of each track's present truth, of those that were chosen for a stage."""
    of_stage = truth_choices.c.stage == stage
    last = sa.select(sa.func.max(truth_choices.c.id)).where(of_stage).group_by(truth_choices.c.track)
    rows = tx.execute(sa.select(truth_choices.c.track, truth_choices.c.truth).where(truth_choices.c.id.in_(last)))
    return {row.track: row.truth for row in rows}
