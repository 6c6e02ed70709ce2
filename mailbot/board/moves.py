"""How far each team has moved since an earlier board. Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from mailbot.model import Board


def moves(previous: Board | None, board: Board) -> Mapping[tuple[str, str], int | None]:
    """Return the ranks that each ranked team has gained since ``previous``, by table and team.

    2 is two ranks up, -1 one down, 0 the same rank; None where the team had no rank in that table, as all had none
    when there is no previous board. Teams are told apart by the name they bear on the boards. Baselines have no
    rank and are left out.
    """
    then, now = (_ranks(previous) if previous else {}), _ranks(board)
    return MappingProxyType({key: then[key] - rank if key in then else None for key, rank in now.items()})


def before(published: Iterable[Board], as_of: datetime) -> Board | None:
    """Return the last of the published boards that is older than ``as_of``; the later one of two of one instant."""
    older = (board for board in published if board.as_of < as_of)
    return max(enumerate(older), key=lambda one: (one[1].as_of, one[0]), default=(0, None))[1]


def _ranks(board: Board) -> dict[tuple[str, str], int]:
    """Return the rank of each ranked team, by table and team."""
    return {(table.key, row.team): row.rank for table in board.tables for row in table.rows if row.rank is not None}
