"""How sure a score is, and an order of scores: errors, intervals, ties and ranks, from influences alone.

``g`` is the vector of influences on one score (n,), as :func:`scoring.scores.scored.influence` returns it. The
items are taken as a draw from many such items; all submissions answer the same items, so they are compared on the same
draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from scoring.kernel import Bools, Floats

    Clusters = NDArray[np.intp] | None

LEVEL = 0.95
ALPHA = 0.05
NORMAL = NormalDist()
#: Scores that differ by no more than this share of themselves are equal: the rest is rounding, as of rescaled values.
SAME = 1e-9


def clustered(influences: Floats, clusters: Clusters) -> Floats:
    """Return the influences (…, n) summed over each cluster, (…, clusters): what shares an image is drawn together."""
    if clusters is None:
        return influences
    flat = np.atleast_2d(influences)
    sums = np.array([np.bincount(clusters, weights=row) for row in flat])
    return sums.reshape(*influences.shape[:-1], -1)


def standard_error(g: Floats, clusters: Clusters = None) -> float:
    """Return the standard error of a score, in its unit: the length of its influences, summed over clusters."""
    sums = clustered(g, clusters)
    return math.sqrt(float(np.add.reduce(sums * sums)))


def interval(
    score: float, error: float, bounds: tuple[float, float] = (0.0, 100.0), level: float = LEVEL
) -> tuple[float, float]:
    """Return the interval of a score, by the normal distribution, cut to the bounds.

    >>> [round(end, 2) for end in interval(90.0, 0.5)]
    [89.02, 90.98]
    """
    half = NORMAL.inv_cdf(0.5 + level / 2) * error
    low, high = bounds
    return max(low, score - half), min(high, score + half)


# --- two scores ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One score less another, on the same items."""

    value: float
    #: Its standard error; far less than that of two scores on different items.
    error: float
    #: The probability that another draw of items turns the order around, 0 to 0.5.
    flip: float
    #: Probability of a difference at least as great between scores that are truly equal (two-sided).
    p: float


def difference(score: float, other: float, g: Floats, h: Floats, clusters: Clusters = None) -> Difference:
    """Compare two scores with influences ``g`` and ``h`` (n,)."""
    value, error = score - other, standard_error(g - h, clusters)
    tail = _tail(float(_distance(np.float64(score), np.float64(other))), error)
    return Difference(value=value, error=error, flip=tail, p=min(1.0, 2 * tail))


def _distance(value: Floats | np.float64, other: Floats | np.float64) -> Floats:
    """Return how far scores are apart; 0 where they differ by rounding alone."""
    distance = np.abs(value - other)
    apart: Floats = np.where(distance > SAME * np.maximum(np.abs(value), np.abs(other)), distance, 0.0)
    return apart


def _tail(distance: float, error: float) -> float:
    """Return P(Z > distance / error); of equal scores 1/2, of different ones without error 0."""
    if distance == 0.0:
        return 0.5
    return 0.5 * math.erfc(distance / error / math.sqrt(2)) if error > 0.0 else 0.0


# --- all scores of a board -------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Ties:
    """Which scores of a board differ for sure, at 5 % for the whole board."""

    #: Whether each score is surely better than each other, (k, k), in the order of the scores given.
    wins: Bools
    #: Places of the scores from the best to the worst.
    order: tuple[int, ...]
    #: The least and the greatest rank that each can have, from 1.
    ranks: tuple[tuple[int, int], ...]
    #: Probability that the score and the next one down swap on other items; None for the last.
    flips: tuple[float | None, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """One letter a score: those of a group cannot be told from the best of it, with which the group begins."""
        found, best, turn = [""] * len(self.order), self.order[:1], 0
        for one in self.order:
            if self.wins[best[0], one]:
                best, turn = (one,), turn + 1
            found[one] = _letter(turn)
        return tuple(found)

    @property
    def letters(self) -> tuple[str, ...]:
        """All letters: two scores share one if and only if they cannot be told apart.

        The compact display of Piepho (Journal of Computational and Graphical Statistics 13, 2004). Many close scores
        have many letters, so it suits small tables.
        """
        return _letters(self.wins | self.wins.T, self.order)


def ties(
    scores: Sequence[float],
    influences: Floats,
    clusters: Clusters = None,
    *,
    higher_is_better: bool = True,
    alpha: float = ALPHA,
) -> Ties:
    """Compare all ``scores`` (k,) with ``influences`` (k, n), each pair once.

    Each pair is tested on the same items; Holm's procedure (Scandinavian Journal of Statistics 6, 1979) keeps the
    probability of any wrong difference below ``alpha``. The rank intervals count the sure wins and losses.
    """
    value = np.asarray(scores, dtype=np.float64) * (1 if higher_is_better else -1)
    sums = clustered(influences, clusters)
    errors = difference_errors(sums)
    wins = _sure(value, errors, alpha)
    order = np.argsort(-value, kind="stable")
    flips: list[float | None] = [None] * value.size
    for above, below in pairwise(order.tolist()):
        flips[above] = _tail(float(_distance(value[above], value[below])), float(errors[above, below]))
    ranks = [(1 + int(lost), value.size - int(won)) for won, lost in zip(wins.sum(1), wins.sum(0), strict=True)]
    return Ties(wins=wins, order=tuple(order.tolist()), ranks=tuple(ranks), flips=tuple(flips))


def difference_errors(influences: Floats) -> Floats:
    """Return the standard error of the difference of each pair of scores, (k, k), from influences (k, n)."""
    products = influences @ influences.T
    squares = np.diag(products)
    found = squares[:, None] + squares - 2 * products
    noise = 1e-12 * np.maximum(squares[:, None], squares)  # what rounding leaves of equal vectors
    errors: Floats = np.sqrt(np.where(found > noise, found, 0.0))
    return errors


def holm(p: Sequence[float], alpha: float = ALPHA) -> list[bool]:
    """Return which of the hypotheses with these p-values are refused, by Holm's step-down procedure.

    >>> holm([0.01, 0.04, 0.03])
    [True, False, False]
    """
    refused = [False] * len(p)
    for step, place in enumerate(sorted(range(len(p)), key=lambda each: p[each])):
        if p[place] > alpha / (len(p) - step):
            break
        refused[place] = True
    return refused


def holm_adjusted(p: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Holm's step-down procedure: those at most ``alpha`` are refused by :func:`holm`.

    >>> holm_adjusted([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, least = [0.0] * len(p), 0.0
    for step, place in enumerate(sorted(range(len(p)), key=lambda each: p[each])):
        least = adjusted[place] = max(least, min(1.0, (len(p) - step) * p[place]))
    return adjusted


def _sure(value: Floats, errors: Floats, alpha: float) -> Bools:
    """Return whether each score is surely better than each other, (k, k)."""
    first, second = np.triu_indices(value.size, 1)
    distance = _distance(value[first], value[second])
    p = [2 * _tail(d, e) for d, e in zip(distance.tolist(), errors[first, second].tolist(), strict=True)]
    sure = np.zeros(errors.shape, dtype=np.bool_)
    sure[first, second] = holm(p, alpha)
    both = sure | sure.T
    wins: Bools = both & (value[:, None] > value)
    return wins


def _letters(differ: Bools, order: Sequence[int]) -> tuple[str, ...]:
    """Return the letters of each score: two share one if and only if they do not differ."""
    groups: list[frozenset[int]] = [frozenset(order)]
    for place, one in enumerate(order):
        for other in (each for each in order[place + 1 :] if differ[one, each]):
            split = {group - {left} for group in groups if {one, other} <= group for left in (one, other)}
            kept = [group for group in groups if not {one, other} <= group]
            groups = kept + [group for group in split if not any(group <= larger for larger in kept)]
    rank = {one: place for place, one in enumerate(order)}
    groups.sort(key=lambda group: sorted(rank[one] for one in group))
    found = ["".join(_letter(place) for place, group in enumerate(groups) if one in group) for one in range(len(order))]
    return tuple(found)


def _letter(place: int) -> str:
    """Return the letter of a group: a to z, then a1 to z1."""
    turn, letter = divmod(place, 26)
    return f"{chr(ord('a') + letter)}{turn or ''}"
