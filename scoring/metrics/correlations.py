"""Correlations of numbers, and the influence of each item on them.

An influence is how fast a metric moves as the item's weight grows from 1: the infinitesimal jackknife (Jaeckel 1972;
Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982, chapter 6). The standard error of a metric over
the draw of its items is the length of the vector of influences, that of a sum or difference of metrics the
length of the sum or difference of their vectors. Each vector sums to zero; of a metric that is undefined all are zero.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from scoring.kernel import rank_type
from scoring.metrics.rule import Form, Rule, cosine, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from scoring.kernel import Floats, Side
    from scoring.metrics.rule import Maker

    Counts = NDArray[np.int64]


def krcc_value(x: Floats, labels: Floats) -> float | None:
    """Kendall's tau-b: concordant less discordant pairs over the geometric mean of the pairs untied in each.

    Source: Kendall, Biometrika 33 (1945). Counted over all pairs, in blocks: n² / 2 steps.
    """
    both, first, second = pair_sums(x, labels)
    untied = int(np.abs(first).sum()) * int(np.abs(second).sum())
    return None if untied == 0 else max(-1.0, min(1.0, int(both.sum()) / math.sqrt(untied)))


def ccc_value(x: Floats, y: Floats) -> float | None:
    """Lin's concordance: twice the covariance over both variances and the squared difference of the means.

    Source: Lin, Biometrics 45 (1989), with moments over n. None where all values of both are one and the same.
    """
    _, _, both, width = _concordance(x, y)
    return None if width == 0.0 else max(-1.0, min(1.0, 2 * both / width))


def ccc(x: Floats, y: Floats) -> Floats:
    """Return the influences on Lin's concordance, (m,), by the slopes of its moments."""
    a, b, both, width = _concordance(x, y)
    if width == 0.0:
        return np.zeros(x.size)
    apart = float(x.mean() - y.mean())
    wider = a * a + b * b + 2 * apart * (a - b) - (width - apart * apart)
    found: Floats = (2 * (a * b - both) - 2 * both / width * wider) / width / x.size
    return found


def _concordance(x: Floats, y: Floats) -> tuple[Floats, Floats, float, float]:
    """Return both less their means, the covariance, and what its double is divided by."""
    n = x.size
    mean_x, mean_y = float(np.add.reduce(x)) / n, float(np.add.reduce(y)) / n
    a, b = x - mean_x, y - mean_y
    squares = float(np.add.reduce(a * a)) / n + float(np.add.reduce(b * b)) / n
    return a, b, float(np.add.reduce(a * b)) / n, squares + (mean_x - mean_y) ** 2


def r2_value(x: Floats, y: Floats) -> float | None:
    """Return 1 less the squared errors over the labels' variance; None where that is 0."""
    own, errors = y - float(np.add.reduce(y)) / y.size, x - y
    spread = float(np.add.reduce(own * own))
    return None if spread == 0.0 else 1.0 - float(np.add.reduce(errors * errors)) / spread


def r2(x: Floats, y: Floats) -> Floats:
    """Return the influences on R², (m,)."""
    own, errors = (y - y.mean()) ** 2, (x - y) ** 2
    spread = float(own.sum())
    if spread == 0.0:
        return np.zeros(x.size)
    found: Floats = (own * float(errors.sum()) / spread - errors) / spread
    return found


def srcc(ranks: Floats, labels: Side) -> Floats:
    """Return the influences on Spearman's correlation, (m,), from doubled centred ranks.

    An item moves its own term and, by its weight, the rank of each item above it.
    """
    x, (y, above_y) = ranks / 2, labels.once("above", lambda: (labels.vector / 2, _Above(labels.vector)))
    above_x = _Above(ranks)
    cross = x * y + above_x(y) + above_y(x)
    return _ratio((x, y), (cross, above_x.own_squares, above_y.own_squares))


def plcc(values: Floats, labels: Side) -> Floats:
    """Return the influences on Pearson's correlation, (m,), from centred values."""
    x, y = values, labels.vector
    return _ratio((x, y), (x * y, x * x, y * y))


def _ratio(vectors: tuple[Floats, Floats], slopes: tuple[Floats, Floats | float, Floats | float]) -> Floats:
    """Return the slopes of xy / sqrt(xx yy) from those of xy, xx and yy."""
    x, y = vectors
    square_x, square_y = float(x @ x), float(y @ y)
    if square_x == 0.0 or square_y == 0.0:
        return np.zeros(x.size)
    norm = math.sqrt(square_x) * math.sqrt(square_y)
    cross, own_x, own_y = slopes
    return cross / norm - float(x @ y) / norm / 2 * (own_x / square_x + own_y / square_y)


class _Above:
    """Sums over the items above each item, those tied with it by half."""

    def __init__(self, ranks: Floats) -> None:
        """Take doubled centred ranks (m,), which are integers less than m in size."""
        self._order = ranks.astype(rank_type(ranks.size)).argsort(kind="stable")  # NumPy sorts 16 bits by radix
        ordered = ranks[self._order]
        last = (ordered[1:] != ordered[:-1]).nonzero()[0]
        self._last: NDArray[np.intp] | None = None
        if last.size < ranks.size - 1:
            edges = np.concatenate(([-1], last, [ranks.size - 1]))
            self._last, self._sizes = edges[1:], edges[1:] - edges[:-1]

    @cached_property
    def own_squares(self) -> Floats | float:
        """How the sum of squares of the centred ranks x moves with each item's weight: x² and twice the sum of x above.

        Of an item that is tied with s - 1 others it is (m² - s²) / 4, so of ranks without ties one number for all.
        """
        size = self._order.size
        if self._last is None:
            return (size * size - 1) / 4
        squares = np.empty(size)
        squares[self._order] = (size * size - self._sizes * self._sizes).repeat(self._sizes) / 4
        return squares

    def __call__(self, weights: Floats) -> Floats:
        """Return the sum of the ``weights`` (m,) above each item, (m,)."""
        until = weights[self._order].cumsum()
        if self._last is not None:
            until = until[self._last]
        before = np.concatenate(([0.0], until[:-1]))
        own = until[-1] - (until + before) / 2
        sums = np.empty(weights.size)
        sums[self._order] = own if self._last is None else own.repeat(self._sizes)
        return sums


def krcc(x: Floats, labels: Floats) -> Floats:
    """Return the influences on Kendall's tau-b, (m,)."""
    both, first, second = pair_sums(x, labels)
    all_first, all_second = float(first.sum()), float(second.sum())
    if all_first == 0.0 or all_second == 0.0:
        return np.zeros(x.size)
    norm = math.sqrt(all_first) * math.sqrt(all_second)
    return 2 * both / norm - float(both.sum()) / norm * (first / all_first + second / all_second)


def pair_sums(x: Floats, y: Floats) -> tuple[Counts, Counts, Counts]:
    """Count the pairs of each item: concordant less discordant, untied in ``x``, untied in ``y``; each (m,)."""
    first, second = _dense(x), _dense(y)
    concordant = _below(first, second) + _below(-first, -second)
    discordant = _below(first, -second) + _below(-first, second)
    return concordant - discordant, x.size - np.bincount(first)[first], y.size - np.bincount(second)[second]


def _dense(values: Floats) -> Counts:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _below(x: Counts, y: Counts) -> Counts:
    """Count for each item the items that are less in both ``x`` and ``y`` (m,), in m log² m steps.

    A merge sort from the bottom: with the items in the order of x, each block counts how many of its left half are
    less in y than each of its right half. Items equal in x go by falling y, so that they do not count each other.
    """
    order = np.lexsort((-y, x))
    height = y[order] - y.min(initial=0)
    size, top = x.size, int(height.max(initial=0)) + 1
    place, counts = np.arange(size), np.zeros(size, dtype=np.int64)
    width = 1
    while width < size:
        block, left = place // (2 * width), (place // width) % 2 == 0
        merged = ((block * top + height) * 2 + left).argsort(kind="stable")
        passed = left[merged].cumsum() - block[merged] * width
        counts[merged] += np.where(left[merged], 0, passed)
        width *= 2
    found = np.empty(size, dtype=np.int64)
    found[order] = counts
    return found


MAKERS: Mapping[str, Maker] = {
    "srcc": lambda _: cosine(Form.RANKS, srcc),
    "plcc": lambda _: cosine(Form.CENTRED, plcc),
    "krcc": lambda _: Rule(form=Form.PLAIN, target=plain, one=krcc_value, influence=krcc),
    "ccc": lambda _: Rule(form=Form.PLAIN, target=plain, one=ccc_value, influence=ccc),
    "r2": lambda _: Rule(form=Form.PLAIN, target=plain, one=r2_value, influence=r2),
}
