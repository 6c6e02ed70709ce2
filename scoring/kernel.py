"""Ranks, centred values and their cosines, for one submission and for thousands at once.

A correlation is the cosine of the angle between two centred vectors: of the ranks for Spearman's, of the values for
Pearson's. So labels are transformed once for a truth, a submission once when it comes, and a change of labels
costs one product of a matrix and a vector.

Every sum here is the same to the last bit in one submission and in a matrix of them, on any machine and with any
number of threads: sums over ranks are sums of integers, which float64 holds exactly; other sums are taken by
NumPy's pairwise summation along a row, never by a BLAS, whose order of summing is its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.uint8]
    Matrix = NDArray[np.float64] | NDArray[np.int16] | NDArray[np.int32] | NDArray[np.uint8]
    Bools = NDArray[np.bool_]

Made = TypeVar("Made")

#: Numbers in a block of rows: 256 KiB of float64, so that a block and its products stay in the second-level cache.
BLOCK = 2**15
#: The greatest number of 16 bits.
MOST_16 = 65_535.0
#: Values nearer to each other than this, from least to greatest, are sorted in the ordinary way.
LEAST_SPAN = 1e-200
#: A sum of squares below this, or above its inverse, has lost digits or may overflow when multiplied.
LEAST_SQUARE = 1e-100


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """The labels of some items, transformed once: a vector (m,) and the sum of its squares."""

    vector: Floats
    square: float
    _made: dict[str, object] = field(default_factory=dict, repr=False)

    def once(self, key: str, make: Callable[[], Made]) -> Made:
        """Return what ``make`` returns, made once for these labels and kept under ``key``."""
        if key not in self._made:
            self._made[key] = make()
        return cast("Made", self._made[key])


def side(vector: Floats) -> Side:
    """Return a vector with the sum of its squares."""
    return Side(vector=vector, square=float(np.add.reduce(vector * vector)))


# --- one submission --------------------------------------------------------------------------


def doubled_ranks(values: ArrayLike) -> Floats:
    """Twice the average ranks of ``values`` (n,), centred: 2 rank - (n + 1), shape (n,).

    All are integers, so sums of their products are exact in float64 up to n = 300,000 (n³/3 < 2⁵³) and the
    same whatever the order, the machine and the number of threads. Ties share the average rank.

    >>> doubled_ranks([10, 30, 20, 30]).tolist()
    [-3.0, 2.0, -1.0, 2.0]
    """
    array = np.asarray(values, dtype=np.float64)
    n = array.size
    order, ordered = ascending(array)
    ranks = np.empty(n)
    last = (ordered[1:] != ordered[:-1]).nonzero()[0]  # where a group of equal values ends, but for the last group
    if last.size == n - 1:
        ranks[order] = np.arange(1.0 - n, n, 2.0)
        return ranks
    edges = np.empty(last.size + 2, dtype=np.intp)
    edges[0], edges[-1] = 0, n
    np.add(last, 1, out=edges[1:-1])
    ranks[order] = (edges[:-1] + edges[1:] - float(n)).repeat(edges[1:] - edges[:-1])
    return ranks


def ascending(array: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Return an order (n,) that sorts the finite ``array`` (n,), and the sorted values.

    Each value's place between the least and the greatest, cut to 16 bits, nearly sorts the ratings, and NumPy sorts
    16-bit integers by radix, several times faster than float64. What the cut leaves out of order is near its
    place already, where a merge sort of the real values is quick.
    """
    low, high = (np.minimum.reduce(array), np.maximum.reduce(array)) if array.size else (0.0, 0.0)
    if not high - low > LEAST_SPAN:
        order = array.argsort()
        return order, array[order]
    order = ((array - low) * (MOST_16 / (high - low))).astype(np.uint16).argsort(kind="stable")
    ordered = array[order]
    if np.count_nonzero(ordered[1:] < ordered[:-1]):
        order = order[ordered.argsort(kind="stable")]
        ordered = array[order]
    return order, ordered


def centred(values: ArrayLike) -> Floats:
    """``values`` (n,) less their mean; all zero if and only if they are all equal.

    Where their squares would be lost or overflow they are scaled to at most 1 in size.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0 or (array[0] == array[-1] and np.minimum.reduce(array) == np.maximum.reduce(array)):
        return np.zeros_like(array)
    moved: Floats = array - np.add.reduce(array) / array.size
    if not LEAST_SQUARE < np.add.reduce(moved * moved) < 1 / LEAST_SQUARE:
        moved /= np.abs(moved).max()
    return moved


def rank_cosine(ranks: Floats, labels: Side) -> float | None:
    """Return :func:`cosine` of doubled centred ranks (m,): exact sums, so a BLAS may take them."""
    norms = float(ranks @ ranks) * labels.square
    if norms == 0.0:
        return None
    return max(-1.0, min(1.0, float(ranks @ labels.vector) / math.sqrt(norms)))


def cosine(vector: Floats, labels: Side) -> float | None:
    """Return the cosine of the angle between ``vector`` (m,) and the labels, -1 to 1; None where one is all zero."""
    norms = float(np.add.reduce(vector * vector)) * labels.square
    if norms == 0.0:
        return None
    return max(-1.0, min(1.0, float(np.add.reduce(vector * labels.vector)) / math.sqrt(norms)))


# --- many submissions ------------------------------------------------------------------------


def all_doubled_ranks(matrix: Floats) -> Floats:
    """Return the :func:`doubled_ranks` of each row of ``matrix`` (k, n), shape (k, n).

    Ranks are integers, so it does not matter how they are found: here by one sort along all rows.
    """
    k, n = matrix.shape
    low, high = np.minimum.reduce(matrix, axis=1), np.maximum.reduce(matrix, axis=1)
    near = ~(high - low > LEAST_SPAN)
    scale = MOST_16 / np.where(near, 1.0, high - low)
    order = ((matrix - low[:, None]) * scale[:, None]).astype(np.uint16).argsort(axis=1, kind="stable")
    order[near] = matrix[near].argsort(axis=1)
    order += np.arange(0, k * n, n)[:, None]  # places in the flat matrix
    flat = matrix.ravel()
    ordered = flat.take(order)
    for row in np.logical_or.reduce(ordered[:, 1:] < ordered[:, :-1], axis=1).nonzero()[0]:
        order[row] = order[row].take(ordered[row].argsort(kind="stable"))
        ordered[row] = flat.take(order[row])
    begins = np.ones((k, n), dtype=np.bool_)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=begins[:, 1:])
    first = np.flatnonzero(begins)
    ends = np.append(first[1:], k * n)
    values = (first + ends).astype(np.float64).repeat(ends - first).reshape(k, n)
    values -= (np.arange(k) * 2.0 + 1.0)[:, None] * n
    ranks = np.empty(k * n)
    ranks[order.ravel()] = values.ravel()
    return ranks.reshape(k, n)


def all_centred(matrix: Floats) -> Floats:
    """Return :func:`centred` of each row of ``matrix`` (k, n), bit for bit, shape (k, n)."""
    moved: Floats = matrix - (np.add.reduce(matrix, axis=1) / matrix.shape[1])[:, None]
    size = np.add.reduce(moved * moved, axis=1)
    alike = np.minimum.reduce(matrix, axis=1) == np.maximum.reduce(matrix, axis=1)
    for odd in (alike | ~((size > LEAST_SQUARE) & (size < 1 / LEAST_SQUARE))).nonzero()[0]:
        moved[odd] = centred(matrix[odd])
    return moved


def rank_type(n: int) -> type[np.int16 | np.int32]:
    """Return the smallest type that holds doubled centred ranks of n items, which are less than n in size."""
    return np.int16 if n <= 2**15 else np.int32


def products(matrix: Matrix, vector: Floats, *, whole: bool) -> Floats:
    """Return the sum of products of each row of ``matrix`` (k, m) with ``vector`` (m,), shape (k,).

    ``whole`` says that all numbers are integers (ranks), whose sums are exact however they are taken: then a BLAS
    may take them. Otherwise each row is summed as :func:`cosine` sums it.
    """
    if whole and matrix.dtype == np.float64:
        exact: Floats = matrix @ vector
        return exact
    found = np.empty(len(matrix))
    rows = max(1, min(len(matrix), 4 * BLOCK // max(1, vector.size)))  # fewer calls, for the third-level cache
    buffer = np.empty((rows, vector.size))
    repeated = vector if whole else np.tile(vector, (rows, 1))  # one long product is faster than many short ones
    for start in range(0, len(matrix), rows):
        block = matrix[start : start + rows]
        room = buffer[: len(block)]
        if whole:
            np.copyto(room, block)
            np.matmul(room, vector, out=found[start : start + rows])
        else:
            np.multiply(block, repeated[: len(block)], out=room)
            np.add.reduce(room, axis=1, out=found[start : start + rows])
    return found


def squares(matrix: Matrix) -> Floats:
    """Return the sum of squares of each row of ``matrix`` (k, m), shape (k,), as :func:`cosine` sums it."""
    return np.array([float(np.add.reduce(row * row)) for row in (row.astype(np.float64) for row in matrix)])


def cosines(matrix: Matrix, square: Floats, labels: Side, *, whole: bool) -> Floats:
    """Return the :func:`cosine` of each row of ``matrix`` (k, m) with the labels, shape (k,), bit for bit.

    ``square`` (k,) holds the sums of squares of the rows. Where the cosine is undefined it is NaN, which no caller
    may store or show; see :func:`scoring.metrics.many`.
    """
    dots = products(matrix, labels.vector, whole=whole)
    norms = square * labels.square
    with np.errstate(invalid="ignore", divide="ignore"):
        values: Floats = np.clip(dots / np.sqrt(norms), -1.0, 1.0)
    values[norms == 0.0] = np.nan
    return values


def hits(answers: Matrix, labels: Codes, starts: Sequence[int]) -> NDArray[np.int64]:
    """Count the right answers of each part: ``answers`` (k, m) against ``labels`` (m,), shape (k, parts).

    The items lie part after part, as ``starts`` says; a part reaches to the next start. No part is empty.
    """
    counts = np.empty((len(answers), len(starts)), dtype=np.int64)
    ends = [*starts[1:], labels.size]
    rows = max(1, 8 * BLOCK // max(1, labels.size))
    narrow = np.uint16 if labels.size < 2**16 else np.int64
    for first in range(0, len(answers), rows):
        right = (answers[first : first + rows] == labels).view(np.uint8)
        for part, (start, end) in enumerate(zip(starts, ends, strict=True)):
            counts[first : first + rows, part] = np.add.reduce(right[:, start:end], axis=1, dtype=narrow)
    return counts
