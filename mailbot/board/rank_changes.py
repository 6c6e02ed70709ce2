"""A team's place on a board, its rank change since an earlier one, and the changes between two boards. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from mailbot.board.build import score_heading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from mailbot.board.model import Board, Row, Table


LONGEST_TREND = 6
"""So many scores are told in words; the chart shows all."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The place of a team in one table."""

    table: Table
    row: Row
    #: Rank, which a place always has.
    rank: int
    #: How many teams are ranked.
    teams: int
    #: How many others have the same rank.
    shared: int
    #: The nearest team with a better rank; None for who leads.
    above: Row | None
    #: The nearest team with a worse rank; None for the last.
    below: Row | None
    #: Decimals of a score.
    decimals: int
    #: Ranks gained since the board before; None where there was none to compare with.
    move: int | None = None
    #: Whether there was a board before, without this team.
    is_new: bool = False
    #: Whether the labels of this track were others then.
    relabelled: bool = False
    #: Its scores on the weekly boards, oldest first, this one last.
    trend: Sequence[tuple[datetime, float]] = ()

    @property
    def recent(self) -> Sequence[tuple[datetime, float]]:
        """The last few of them."""
        return self.trend[-LONGEST_TREND:]

    def gap_to(self, other: Row) -> float:
        """Return how far the scores lie apart, rounded as they are."""
        return round(abs(other.score - self.row.score), self.decimals)


def places(board: Board, published: Sequence[Board]) -> Mapping[str, tuple[Place, ...]]:
    """Return the places of every ranked team by its name on the board, the tables in their order.

    ``published`` are the weekly boards so far; those not older than ``board`` are passed over.
    """
    history = sorted((one for one in published if one.as_of < board.as_of), key=lambda one: one.as_of)
    previous = previous_board(history, board.as_of)
    gained = rank_changes(previous, board)
    trends = _trends([*history, board])
    found: dict[str, list[Place]] = {}
    for table in board.tables:
        ranked = [row for row in table.rows if row.rank is not None]
        then, now = (one.truths.get(table.key) if one else None for one in (previous, board))
        relabelled = then is not None and now is not None and then != now
        for row in ranked:
            key, place = (table.key, row.team), _place(table, ranked, row)
            is_new = previous is not None and gained[key] is None
            found.setdefault(row.team, []).append(
                replace(place, move=gained[key], is_new=is_new, relabelled=relabelled, trend=trends[key])
            )
    return {team: tuple(its) for team, its in found.items()}


def _place(table: Table, ranked: Sequence[Row], row: Row) -> Place:
    """Look at one board alone."""
    rank = row.rank or 0
    better = [one for one in ranked if (one.rank or 0) < rank]
    worse = [one for one in ranked if (one.rank or 0) > rank]
    return Place(
        table=table,
        row=row,
        rank=rank,
        teams=len(ranked),
        shared=len(ranked) - len(better) - len(worse) - 1,
        above=better[-1] if better else None,
        below=worse[0] if worse else None,
        decimals=score_heading(table).decimals,
    )


def _trends(boards: Iterable[Board]) -> dict[tuple[str, str], list[tuple[datetime, float]]]:
    """Return the scores of each team, by table and team, oldest first."""
    found: dict[tuple[str, str], list[tuple[datetime, float]]] = {}
    for board in boards:
        for table in board.tables:
            for row in table.rows:
                if row.rank is not None:
                    found.setdefault((table.key, row.team), []).append((board.as_of, row.score))
    return found


def rank_changes(previous: Board | None, board: Board) -> Mapping[tuple[str, str], int | None]:
    """Return the ranks that each ranked team has gained since ``previous``, by table and team.

    2 is two ranks up, -1 one down, 0 the same rank; None where the team had no rank in that table, as all had none
    when there is no previous board. Teams are told apart by the name they bear on the boards. Baselines have no
    rank and are left out.
    """
    then, now = (_ranks(previous) if previous else {}), _ranks(board)
    return MappingProxyType({key: then[key] - rank if key in then else None for key, rank in now.items()})


def present_phase(boards: Sequence[Board]) -> str:
    """Return the phase of the ordinary board of the latest instant, where phases have boards of their own; else ""."""
    ordinary = [board for board in boards if not board.final] or [boards[-1]]
    return max(enumerate(ordinary), key=lambda one: (one[1].as_of, one[0]))[1].phase


def previous_board(published: Iterable[Board], as_of: datetime) -> Board | None:
    """Return the last of the published boards that is older than ``as_of``; the later one of two of one instant."""
    older = (board for board in published if board.as_of < as_of)
    return max(enumerate(older), key=lambda one: (one[1].as_of, one[0]), default=(0, None))[1]


def _ranks(board: Board) -> dict[tuple[str, str], int]:
    """Return the rank of each ranked team, by table and team."""
    return {(table.key, row.team): row.rank for table in board.tables for row in table.rows if row.rank is not None}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A team's place in one table, before and after; None where it had or has none."""

    #: ``overall`` or the track's name.
    table: str
    team: str
    before: Row | None
    after: Row | None

    @property
    def ranks(self) -> tuple[int | None, int | None]:
        """Its rank before and after."""
        return (self.before.rank if self.before else None, self.after.rank if self.after else None)

    @property
    def scores(self) -> tuple[float | None, float | None]:
        """Its score before and after, rounded as shown."""
        return (self.before.score if self.before else None, self.after.score if self.after else None)


def compared(before: Board, after: Board) -> list[Change]:
    """Return the teams whose rank or score differs between two boards, in the order of the later one."""
    old, new = (
        {(t.key, r.team): r for t in board.tables for r in t.rows if not r.baseline} for board in (before, after)
    )
    places = [
        Change(table=key[0], team=key[1], before=old.get(key), after=new.get(key))
        for key in dict.fromkeys([*new, *old])
    ]
    return [each for each in places if each.ranks[0] != each.ranks[1] or each.scores[0] != each.scores[1]]
