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
    rows = {
        track: [
            Moved(team=s.team, score=s.score, influences=deviations(laid[s.receipt], truth))
            for s in standings
            if s.track == track and s.receipt in laid
        ]
        for track, truth in truths.items()
    }
    tables = {
        name: _table(found, truths[name].track.bounds, higher_is_better=truths[name].track.higher_is_better)
        for name, found in rows.items()
    }
    if overall:
        tables[OVERALL] = _table(_means(rows), _bounds(truths), higher_is_better=True)
    return tables


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
