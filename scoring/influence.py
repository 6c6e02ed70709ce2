"""The influence of each item on a metric: how fast the metric moves as the item's weight grows from 1.

The infinitesimal jackknife (Jaeckel 1972; Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982,
chapter 6): the standard error of a metric over the draw of its items is the length of the vector of influences, that
of a sum or difference of metrics the length of the sum or difference of their vectors. Each vector sums to zero.
A metric that is undefined has no influences: all are zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from scoring.kernel import Floats, Side

    Counts = NDArray[np.int64]


# --- correlations ----------------------------------------------------------------------------


def srcc(ranks: Floats, labels: Side) -> Floats:
    """Return the influences on Spearman's correlation, (m,), from doubled centred ranks.

    An item moves its own term and, by its weight, the rank of each item above it.
    """
    x, y = ranks / 2, labels.vector / 2
    above_x, above_y = _Above(x), _Above(y)
    cross = x * y + above_x(y) + above_y(x)
    return _ratio((x, y), (cross, x * x + 2 * above_x(x), y * y + 2 * above_y(y)))


def plcc(values: Floats, labels: Side) -> Floats:
    """Return the influences on Pearson's correlation, (m,), from centred values."""
    x, y = values, labels.vector
    return _ratio((x, y), (x * y, x * x, y * y))


def _ratio(vectors: tuple[Floats, Floats], slopes: tuple[Floats, Floats, Floats]) -> Floats:
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
        self._order = ranks.argsort()
        ordered = ranks[self._order]
        last = np.append((ordered[1:] != ordered[:-1]).nonzero()[0], ranks.size - 1)
        self._last, self._sizes = last, np.diff(last, prepend=-1)

    def __call__(self, weights: Floats) -> Floats:
        """Return the sum of the ``weights`` (m,) above each item, (m,)."""
        until = weights[self._order].cumsum()[self._last]
        before = np.concatenate(([0.0], until[:-1]))
        sums = np.empty(weights.size)
        sums[self._order] = (until[-1] - (until + before) / 2).repeat(self._sizes)
        return sums


def krcc(x: Floats, labels: Side) -> Floats:
    """Return the influences on Kendall's tau-b, (m,)."""
    both, first, second = pair_sums(x, labels.vector)
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


# --- choices ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class F1Counts:
    """For each class of the labels (c,): how often it is right, answered, and the label."""

    classes: Floats
    right: Counts
    answered: Counts
    labelled: Counts


def f1_counts(answers: Floats, labels: Floats) -> F1Counts:
    """Count what F1 is made of; answers and labels (m,) are places of choices, 0 an answer that is none."""
    most = int(max(answers.max(initial=0), labels.max(initial=0))) + 1
    labelled = np.bincount(labels.astype(np.int64), minlength=most)
    classes = labelled.nonzero()[0]
    right = np.bincount(labels[answers == labels].astype(np.int64), minlength=most)[classes]
    answered = np.bincount(answers.astype(np.int64), minlength=most)[classes]
    return F1Counts(classes=classes.astype(np.float64), right=right, answered=answered, labelled=labelled[classes])


def accuracy(answers: Floats, labels: Side) -> Floats:
    """Return the influences on the accuracy in percent, (m,)."""
    right = (answers == labels.vector).astype(np.float64)
    found: Floats = 100.0 * (right - right.mean()) / right.size
    return found


def macro_f1(answers: Floats, labels: Side) -> Floats:
    """Return the influences on macro F1 in percent, (m,)."""
    counts = f1_counts(answers, labels.vector)
    sums = np.zeros(answers.size)
    for place, right, all_of in zip(counts.classes, counts.right, counts.answered + counts.labelled, strict=True):
        answered, labelled = answers == place, labels.vector == place
        own = 2.0 * (answered & labelled) - 2.0 * right / all_of * (answered.astype(np.float64) + labelled)
        sums += own / all_of
    return 100.0 * sums / counts.classes.size


# --- deviations ------------------------------------------------------------------------------


def rmse(x: Floats, labels: Side) -> Floats:
    """Return the influences on the root mean squared error, (m,)."""
    squares = (x - labels.vector) ** 2
    mean = float(squares.mean())
    return np.zeros(x.size) if mean == 0.0 else (squares - mean) / (2 * math.sqrt(mean) * x.size)


def mae(x: Floats, labels: Side) -> Floats:
    """Return the influences on the mean absolute error, (m,)."""
    errors = np.abs(x - labels.vector)
    found: Floats = (errors - errors.mean()) / x.size
    return found
