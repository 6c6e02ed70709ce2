"""The records of a board: rows, tables, and the board itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mailbot.config.board import Heading


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a board's table."""

    #: 1, 1, 3 …; None for a baseline.
    rank: int | None
    team: str
    method: str
    #: Rounded as shown and ranked; None where the team has nothing on the track (Overall only).
    score: float
    #: Shown columns by key, rounded as shown: metrics, or per-track scores on Overall; None = "–".
    cells: Mapping[str, float | None]
    #: Arrival of the submission that counts; None for a baseline.
    date: datetime | None
    #: Accepted submissions so far; None for a baseline.
    submissions: int | None
    baseline: bool = False
    #: Public id of the submission that counts, as ``S-000123``; "" for a baseline and on Overall.
    receipt: str = ""
    #: The 95 % interval of the score, rounded as the score; None where it is unknown.
    interval: tuple[float, float] | None = None
    #: Letter of the tie group: its rows cannot be told from the first of them; "" where unknown.
    group: str = ""
    #: The least and the greatest rank that the row can have, from 1.
    ranks: tuple[int, int] | None = None
    #: Probability that this row and the next one down swap on other items, 0 to 0.5.
    flip: float | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """One ranking: Overall or a track."""

    #: ``overall`` or the track's name.
    key: str
    title: str
    #: The formula of the score, as text.
    formula: str
    headings: tuple[Heading, ...]
    #: Ranked teams first, then the baselines by score.
    rows: tuple[Row, ...]
    #: Whether a greater score is the better one; not so for an error as RMSE.
    higher_is_better: bool = True


@dataclass(frozen=True, kw_only=True)
class Board:
    """Ranked standings at an instant; once published it is never changed."""

    challenge: str
    #: Standings count what arrived before this instant; it carries the challenge's zone.
    as_of: datetime
    tables: tuple[Table, ...]
    #: SHA-256 of the truth of each track, by track name.
    truths: Mapping[str, str]
    #: The rules that shaped the ranking, one sentence each, as printed under the tables.
    rules: tuple[str, ...]
    #: Whether these are the final results of the challenge, or of the phase.
    final: bool = False
    #: Why it was taken back; "" when it stands. Not a part of the snapshot.
    withdrawn: str = ""
    #: The phase whose board it is, where phases have boards of their own; else "".
    phase: str = ""
    #: The SHA-256 of its snapshot, by which the ledger knows it; "" before it is kept. Not a part of the snapshot.
    kept: str = field(default="", compare=False)
