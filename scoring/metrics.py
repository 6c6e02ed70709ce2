"""Correlations and accuracies, each a pure function; what is undefined is None, never NaN.

A correlation is the cosine of the angle between two centred vectors: of the ranks for Spearman's (SRCC), of
the values for Pearson's (PLCC). So labels are transformed once and each file costs its own transform and a dot.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def doubled_ranks(values: ArrayLike) -> Floats:
    """Twice the average ranks of ``values`` (n,), centred: 2 rank - (n + 1), shape (n,).

    All are integers, so sums of their products are exact in float64 up to n = 300,000 (n³/3 < 2⁵³) and the
    same whatever the order, the machine and the number of threads. Ties share the average rank.

    >>> doubled_ranks([10, 30, 20, 30]).tolist()
    [-3.0, 2.0, -1.0, 2.0]
    """
    array = np.asarray(values, dtype=np.float64)
    order = np.argsort(array)
    ordered = array[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1]))) if array.size else order
    ends = np.append(starts[1:], array.size)
    ranks = np.empty(array.size)
    ranks[order] = np.repeat(starts + ends - array.size, ends - starts)
    return ranks


def centred(values: ArrayLike) -> Floats:
    """``values`` (n,) less their mean, scaled to at most 1 in size; all zero if and only if they are all equal."""
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0 or array.min() == array.max():
        return np.zeros_like(array)
    moved: Floats = array - array.mean()
    moved /= np.abs(moved).max()
    return moved


def cosine(a: Floats, b: Floats) -> float | None:
    """Return the cosine of the angle between ``a`` and ``b`` (n,), -1 to 1; None where one is all zero."""
    norms = float((a * a).sum()) * float((b * b).sum())
    if norms == 0.0:
        return None
    return max(-1.0, min(1.0, float((a * b).sum()) / math.sqrt(norms)))


def srcc(x: ArrayLike, y: ArrayLike) -> float | None:
    """Spearman's rank correlation of ``x`` and ``y`` (n,), finite; ties share average ranks. None if one is constant.

    >>> srcc([1, 2, 3, 4], [1, 3, 2, 4])
    0.8
    """
    return cosine(doubled_ranks(x), doubled_ranks(y))


def plcc(x: ArrayLike, y: ArrayLike) -> float | None:
    """Pearson's linear correlation of ``x`` and ``y`` (n,), finite, raw: no curve is fitted. None if one is constant.

    >>> plcc([1, 2, 3], [2, 4, 6])
    1.0
    """
    return cosine(centred(x), centred(y))


#: Each correlation by name, as the transform whose cosine it is.
CORRELATIONS: Mapping[str, Callable[[ArrayLike], Floats]] = {"srcc": doubled_ranks, "plcc": centred}


def accuracy_by_group(answers: Sequence[str | None], labels: Sequence[str], groups: Sequence[str]) -> dict[str, float]:
    """Return the share of right answers in each group, in percent of the group's labels; all three of length n.

    >>> accuracy_by_group(["A", "B", None], ["A", "A", "C"], ["what", "what", "how"])
    {'what': 50.0, 'how': 0.0}
    """
    sizes = Counter(groups)
    right = Counter(group for answer, label, group in zip(answers, labels, groups, strict=True) if answer == label)
    return {group: 100.0 * right[group] / size for group, size in sizes.items()}
