"""The awards of the final results: the best places of each track, and the teams to be invited. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.board.build import score_heading
from mailbot.board.page.tables import number
from mailbot.config.board import OVERALL

if TYPE_CHECKING:
    from mailbot.board.model import Board, Row, Table
    from mailbot.board.page.rules import Awards


@dataclass(frozen=True, kw_only=True)
class Honour:
    """A team's place on a track."""

    place: str
    row: Row
    score: str
    #: Whether the rank is certain: no other team could stand there.
    certain: bool


@dataclass(frozen=True, kw_only=True)
class Honours:
    """The final results in short."""

    #: Each track and its places, best first.
    tracks: tuple[tuple[Table, tuple[Honour, ...]], ...]
    #: Teams to be invited, each once, in the order of their best rank.
    invited: tuple[str, ...]
    invitation: str


def honours(board: Board, awards: Awards) -> Honours:
    """Return who is honoured by ``awards``.

    Places go by rank, so teams that share a rank share its place and the next is not given (1, 1, 3). The table over
    all tracks has no awards of its own; the only table of a challenge with one track has.
    """
    tracks = [table for table in board.tables if table.key != OVERALL]
    invited = [
        (row.rank, row.team) for table in tracks for row in table.rows if row.rank and row.rank <= awards.invited
    ]
    return Honours(
        tracks=tuple((table, _places(table, awards.places)) for table in tracks),
        invited=tuple(dict.fromkeys(team for _rank, team in sorted(invited, key=lambda one: one[0]))),
        invitation=awards.invitation,
    )


def _places(table: Table, places: tuple[str, ...]) -> tuple[Honour, ...]:
    decimals = score_heading(table).decimals
    return tuple(
        Honour(
            place=places[row.rank - 1],
            row=row,
            score=number(row.score, decimals),
            certain=row.ranks == (row.rank, row.rank),
        )
        for row in table.rows
        if row.rank is not None and row.rank <= len(places)
    )
