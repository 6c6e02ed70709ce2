"""How certain the ranks of a board are: confidence intervals, tie groups and rank intervals of its rows. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mailbot.config.board import OVERALL
from scoring import interval
from scoring.interval import Ties, standard_error, ties
from scoring.scores.deviations import deviations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailbot.model import Standing
    from scoring.kernel import Floats
    from scoring.labels.truth import Truth
    from scoring.scores.scored import Laid

MOST_ROWS = 300
"""So many of the best rows are compared with one another: all pairs of more would take long and say little."""


@dataclass(frozen=True, kw_only=True)
class Sure:
    """How sure one row is."""

    #: 95 %, unrounded.
    interval: tuple[float, float]
    #: See :class:`mailbot.board.model.Row`; "" and None beyond the best :data:`MOST_ROWS`.
    group: str = ""
    ranks: tuple[int, int] | None = None
    flip: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Moved:
    """A score of a team and what moves it, (m,): see :mod:`scoring.scores.deviations`."""

    team: str
    score: float
    influences: Floats


Sureness = dict[str, dict[str, Sure]]
"""By table and team."""


def sureness(
    standings: Sequence[Standing], truths: Mapping[str, Truth], laid: Mapping[str, Laid], *, overall: bool
) -> Sureness:
    """Return how sure each row is. ``laid`` has the columns of each standing, by receipt; without them it has no row.

    With ``overall``, the score over all tracks is their mean, a missing one counting 0.
    """
    rows = _moved(standings, truths, laid)
    tables = {
        name: _table(found, truths[name].track.bounds, higher_is_better=truths[name].track.higher_is_better)
        for name, found in rows.items()
    }
    if overall:
        tables[OVERALL] = _table(_means(rows), _bounds(truths), higher_is_better=True)
    return tables


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two teams of a table, the better one first, and whether their scores differ."""

    table: str
    team: str
    other: str
    #: How far the scores lie apart, and the standard error of that, unrounded.
    value: float
    error: float
    #: Of a two-sided test on the same items, and adjusted by Holm's procedure for all pairs of the table.
    p: float
    adjusted: float


def pairs(
    standings: Sequence[Standing], truths: Mapping[str, Truth], laid: Mapping[str, Laid], *, overall: bool
) -> list[Pair]:
    """Test each pair of the best :data:`MOST_ROWS` teams of each table; the arguments are those of :func:`sureness`.

    The test is that of the difference of two scores on the same items by its standard error
    (:func:`scoring.interval.difference`): a paired z-test on what moves the two scores.
    """
    rows: dict[str, Sequence[Moved]] = dict(_moved(standings, truths, laid))
    if overall:
        rows = {OVERALL: _means(_moved(standings, truths, laid)), **rows}
    return [
        pair
        for table, found in rows.items()
        for pair in _pairs(table, found, falls=table not in truths or truths[table].track.higher_is_better)
    ]


def _pairs(table: str, rows: Sequence[Moved], *, falls: bool) -> list[Pair]:
    """Test all pairs of a table; with ``falls`` the greatest score is the best."""
    best = sorted(rows, key=lambda row: -row.score if falls else row.score)[:MOST_ROWS]
    two = [(one, other) for place, one in enumerate(best) for other in best[place + 1 :]]
    found = [interval.difference(one.score, other.score, one.influences, other.influences) for one, other in two]
    adjusted = interval.holm_adjusted([each.p for each in found])
    return [
        Pair(
            table=table, team=one.team, other=other.team, value=abs(each.value), error=each.error, p=each.p,
            adjusted=holm,
        )
        for (one, other), each, holm in zip(two, found, adjusted, strict=True)
    ]  # fmt: skip


def _moved(
    standings: Sequence[Standing], truths: Mapping[str, Truth], laid: Mapping[str, Laid]
) -> dict[str, list[Moved]]:
    """Return the scores of each track whose columns are there, and what moves them."""
    return {
        track: [
            Moved(team=s.team, score=s.score, influences=deviations(laid[s.receipt], truth))
            for s in standings
            if s.track == track and s.receipt in laid
        ]
        for track, truth in truths.items()
    }


def _table(rows: Sequence[Moved], bounds: tuple[float, float], *, higher_is_better: bool) -> dict[str, Sure]:
    """Return how sure the rows of one table are, by team."""
    if not rows:
        return {}
    ordered = sorted(rows, key=lambda row: -row.score if higher_is_better else row.score)
    best = ordered[:MOST_ROWS]
    found = ties(
        [row.score for row in best],
        np.stack([row.influences for row in best]),
        higher_is_better=higher_is_better,
    )
    spans = [interval.interval(row.score, standard_error(row.influences), bounds) for row in ordered]
    compared = _compared(found, spans[: len(best)], whole=len(best) == len(ordered))
    return {row.team: sure for row, sure in zip(best, compared, strict=True)} | {
        row.team: Sure(interval=span) for row, span in zip(ordered[MOST_ROWS:], spans[MOST_ROWS:], strict=True)
    }


def _compared(found: Ties, spans: Sequence[tuple[float, float]], *, whole: bool) -> list[Sure]:
    """Put together what the comparison of all pairs found; the greatest rank is known only of a whole table."""
    return [
        Sure(interval=span, group=group, ranks=ranks if whole else None, flip=flip)
        for span, group, ranks, flip in zip(spans, found.groups, found.ranks, found.flips, strict=True)
    ]


def _means(rows: Mapping[str, Sequence[Moved]]) -> list[Moved]:
    """Put the tracks of each team side by side: other items, so their influences stand behind one another."""
    by_team: dict[str, dict[str, Moved]] = {}
    for track, found in rows.items():
        for row in found:
            by_team.setdefault(row.team, {})[track] = row
    sizes = {track: found[0].influences.size for track, found in rows.items() if found}
    return [_mean(team, found, sizes, len(rows)) for team, found in by_team.items()]


def _mean(team: str, found: Mapping[str, Moved], sizes: Mapping[str, int], tracks: int) -> Moved:
    moved = [found[track].influences if track in found else np.zeros(size) for track, size in sizes.items()]
    score = math.fsum(row.score for row in found.values()) / tracks
    return Moved(team=team, score=score, influences=np.concatenate(moved) / tracks)


def _bounds(truths: Mapping[str, Truth]) -> tuple[float, float]:
    lows, highs = zip(*(truth.track.bounds for truth in truths.values()), strict=True)
    return math.fsum(lows) / len(lows), math.fsum(highs) / len(highs)
